"""Judges what leaks: the key, stack traces, the server's own paths and hosts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from batch_conformance.findings.finding import Deviation
from batch_conformance.judge.sighting import Sighting

_LOOKED_AT = 65536
_ESCAPE = re.compile(r'\\(["\\/nrt])')
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}
# Every repetition is bounded: a body that is made to be slow to search is searched like any other.
_TRACES = (
    re.compile(r"Traceback \(most recent call last\)"),
    re.compile(r'File "[^"\n]{1,200}", line \d+, in '),
    re.compile(r"^goroutine \d{1,9} \[", re.MULTILINE),
    re.compile(r"\bat [\w.$<>]{1,200}\([\w$]{1,80}\.(?:java|kt|scala):\d"),
    re.compile(r"\bat (?:[\w.<>$ ]{1,120} \()?(?:file://)?/[^\s)\"]{1,200}\.[cm]?[jt]s:\d{1,6}:\d"),
    re.compile(r"\bpanic: runtime error"),
    re.compile(r"[\w-]\.(?:go|rb|php|rs):\d{1,6}(?::in |\s{1,4}\+0x| panicked)"),
    re.compile(r"\bSystem\.\w{1,60}Exception:|\bat [\w.]{1,200}\([^()\n]{0,200}\) in [^\n]{1,200}\.cs:line \d"),
)
_INTERNALS = (
    # An attribute of an HTML page, or a URL, leads to a page of the site; a quoted path in a message does not.
    re.compile(r"(?<!=[\"'])(?<![\w/.])/(?:home|root|usr|var|srv|opt|etc)/[\w.-]{1,80}(?:/[\w.-]{1,80}){0,20}"),
    re.compile(r"(?<!=[\"'])(?<![\w/.])/(?:app|data|mnt)/(?:[\w.-]{1,80}/){0,20}[\w-]{1,80}\.\w{1,10}"),
    re.compile(r"\b[A-Z]:\\{1,2}(?:[\w .-]{1,80}\\{1,2}){1,20}"),
    re.compile(
        r"(?<![\w.]/)(?<![\w.-])(?:10(?:\.\d{1,3}){3}|192\.168(?:\.\d{1,3}){2}"
        r"|172\.(?:1[6-9]|2\d|3[01])(?:\.\d{1,3}){2})(?::\d{1,5})?(?![\w.])"
    ),
    re.compile(r"\b[\w-]{1,63}(?:\.[\w-]{1,63}){0,8}\.(?:svc\.cluster\.local|internal|corp|lan)\b"),
)


def judge_security(sighting: Sighting) -> Iterator[Deviation]:
    """What one response gives away. Bodies of successes are the customer's own words and are not searched."""
    for place in sighting.exchange.reflections:
        yield sighting.deviates(
            "security.key_reflected",
            status="",
            expected="no credential in a response",
            observed=f"the key in the {place}",
            kind=place.partition(" ")[0],
        )
    answer = sighting.answer
    if answer is None:
        return
    for name, value in injected(sighting):
        if value in (found.strip() for found in answer.header_all(name)):
            yield sighting.deviates(
                "security.header_injected",
                status="",
                expected="no header out of an id",
                observed=f"the header {name}: {value}, which stood in the id",
                kind="id",
            )
    if answer.status < 400 or sighting.method == "HEAD":
        return
    text = _plain(answer.body[:_LOOKED_AT].decode("utf-8", "replace"))
    trace = next((match for pattern in _TRACES if (match := pattern.search(text))), None)
    if trace:
        yield _leak(sighting, "security.trace_leaked", "no stack trace", trace[0], "trace")
        return
    sent = unquote(sighting.exchange.request.url)
    for pattern in _INTERNALS:
        leak = next((match[0] for match in pattern.finditer(text) if match[0] not in sent), None)
        if leak:
            yield _leak(sighting, "security.internals_leaked", "nothing of the server's insides", leak, "internals")
            return


def injected(sighting: Sighting) -> list[tuple[str, str]]:
    """The headers, as name and value, that the id of a request would make if its line breaks were taken for real."""
    _, *lines = re.split(r"[\r\n]+", sighting.exchange.probe.batch_id or "")
    return [(name, value.strip()) for name, mark, value in (line.partition(":") for line in lines) if mark]


def _plain(text: str) -> str:
    """The text with its line breaks and quotes as they were before they were put into a JSON string."""
    if text.lstrip()[:1] not in ("{", "[", '"'):
        return text
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[1]), text)


def _leak(sighting: Sighting, rule: str, expected: str, text: str, kind: str) -> Deviation:
    return sighting.deviates(rule, expected=expected, observed=" ".join(text.split())[:80], kind=kind)
