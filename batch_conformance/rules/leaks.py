"""Rules about what no answer may show: the key, headers made of an id, stack traces, the server's paths and hosts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import unquote

from batch_conformance.exchange.exchange import Exchange
from batch_conformance.findings.finding import Finding
from batch_conformance.message import Message, Template
from batch_conformance.observation.observation import Observation
from batch_conformance.rules.highlight import Highlight, at_observed_text, at_redacted
from batch_conformance.rules.requests import for_subjects, gets_an_error
from batch_conformance.rules.rule import Broken, Rule, always, has_id, is_answered, where

_HEADER_INJECTED_UNSEEN = Template("security.header_injected.unseen", "no answer had the line break of an id in it")

_NO_KEY = Template("security.key_reflected.expected", "no credential in a response")
_KEY_IN = Template("security.key_reflected.observed", "the key in the {place}")
_KEY_IN_BODY = Template("security.key_reflected.body", "the key in the body")
_KEY_IN_HEADER = Template("security.key_reflected.header", "the key in the header {name}")
_NO_HEADER = Template("security.header_injected.expected", "no header out of an id")
_HEADER = Template("security.header_injected.observed", "the header {name}: {value}, which stood in the id")
_NO_TRACE = Template("security.trace_leaked.expected", "no stack trace")
_NO_INTERNALS = Template("security.internals_leaked.expected", "nothing of the server's insides")
_LEAKED = Template("security.leaked", "{text}")
_LOOKED_AT = 65536
_REMEMBERED = 64
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


def _check_key(observation: Observation) -> Iterator[Broken]:
    for place in observation.exchange.reflections:
        yield Broken(_NO_KEY(), _key_in(place), kind=place.partition(" ")[0], status="")


def _key_in(place: str) -> Message:
    """The place of the key in a response: ``body``, or ``header`` and its name."""
    kind, _, name = place.partition(" ")
    if kind == "header":
        return _KEY_IN_HEADER(name=name)
    return _KEY_IN_BODY() if place == "body" else _KEY_IN(place=place)


def _check_injection(observation: Observation) -> Iterator[Broken]:
    for name, value in injected(observation):
        yield Broken(_NO_HEADER(), _HEADER(name=name, value=value), kind="id", status="")


def injected(observation: Observation) -> Iterator[tuple[str, str]]:
    """The headers of the response, as name and value, that a line break in the id started."""
    answer = observation.answer
    for name, value in _injected(observation.exchange) if answer is not None else ():
        if answer is not None and value in (found.strip() for found in answer.header_all(name)):
            yield name, value


def _injected(exchange: Exchange) -> list[tuple[str, str]]:
    """The headers, as name and value, that the id of a request would make if its line breaks were taken for real."""
    batch_id = exchange.probe.batch_id or ""
    if "\n" not in batch_id and "\r" not in batch_id:
        return []
    _, *lines = re.split(r"[\r\n]+", batch_id)
    return [(name, value.strip()) for name, mark, value in (line.partition(":") for line in lines) if mark]


def _would_inject(observation: Observation) -> bool:
    return observation.answer is not None and bool(_injected(observation.exchange))


def _at_injected(finding: Finding) -> Highlight:
    return Highlight(headers=frozenset(name.lower() for name, _ in _injected(finding.evidence)))


def _check_trace(observation: Observation) -> Iterator[Broken]:
    trace = _trace(_error_text(observation))
    if trace:
        yield Broken(_NO_TRACE(), _LEAKED(text=_on_one_line(trace)), "trace")


def _check_internals(observation: Observation) -> Iterator[Broken]:
    text = _error_text(observation)
    if _trace(text):
        return  # a trace is full of paths: that is one cause
    sent = unquote(observation.exchange.request.url)
    for pattern in _INTERNALS:
        leak = next((match[0] for match in pattern.finditer(text) if match[0] not in sent), None)
        if leak:
            yield Broken(_NO_INTERNALS(), _LEAKED(text=_on_one_line(leak)), "internals")
            return


def _is_error(observation: Observation) -> bool:
    return (observation.exchange.status or 0) >= 400


def _error_text(observation: Observation) -> str:
    """The body of an error, empty for anything else: those of successes are the customer's own words."""
    answer = observation.answer
    if answer is None or answer.status < 400 or observation.method == "HEAD":
        return ""
    return _plain(answer.body[:_LOOKED_AT].decode("utf-8", "replace"))


def _plain(text: str) -> str:
    """The text with its line breaks and quotes as they were before they were put into a JSON string."""
    if text.lstrip()[:1] not in ("{", "[", '"'):
        return text
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[1]), text)


@lru_cache(_REMEMBERED)
def _trace(text: str) -> str:
    """The first words of a stack trace in a text; empty where there is none."""
    return next((match[0] for pattern in _TRACES if (match := pattern.search(text))), "")


def _on_one_line(text: str) -> str:
    return " ".join(text.split())[:80]


KEY_REFLECTED = Rule(
    id="security.key_reflected",
    title="The key comes back in a response",
    level="must",
    side="server",
    why="What is in a response ends in logs, bug reports and caches.",
    remedy="Never echo credentials; cut them from error messages and debugging headers.",
    source="RFC 6750 section 5.2",
    breaks="Invalid token: sk-…whole key…",
    keeps="Invalid token",
    clauses=always(Template("security.key_reflected.clause", "the key does not come back")),
    exercised=is_answered,
    concern="leak",
    check=_check_key,
    looks_at="bytes",
    kept_by_plain_reads=True,
    highlight=at_redacted,
)

HEADER_INJECTED = Rule(
    id="security.header_injected",
    title="A line break in an id starts a header of the response",
    level="must",
    side="server",
    why="Whoever can name an id can then set cookies, redirect, or split the response in two.",
    remedy="Encode what goes into a header, or refuse ids with control characters.",
    source="RFC 9110 section 5.5, CWE-113",
    breaks="X-Injected: 1 for the id x%0D%0AX-Injected:%201",
    keeps="404 for it, with none of its text in a header",
    clauses=where(has_id, Template("security.header_injected.clause", "a line break in an id starts no header")),
    exercised=_would_inject,
    concern="leak",
    check=_check_injection,
    looks_at="bytes",
    kept_by_plain_reads=True,
    highlight=_at_injected,
    unseen=_HEADER_INJECTED_UNSEEN,
    requests=for_subjects("hostile"),
)

TRACE_LEAKED = Rule(
    id="security.trace_leaked",
    title="A stack trace is shown",
    level="should",
    side="server",
    why="It tells strangers how the server is built, and the client nothing it can use.",
    remedy="Log the trace and answer the documented error body.",
    source="CWE-209",
    breaks="Traceback (most recent call last): …",
    keeps='{"code": 50000, "message": "Internal error", "data": ""}',
    clauses=always(Template("security.trace_leaked.clause", "errors show no stack trace")),
    exercised=_is_error,
    concern="leak",
    check=_check_trace,
    looks_at="bytes",
    kept_by_plain_reads=True,
    highlight=at_observed_text,
    requests=gets_an_error,
)

INTERNALS_LEAKED = Rule(
    id="security.internals_leaked",
    title="A path or an internal host of the server is shown",
    level="should",
    side="server",
    why="It tells strangers where to look next.",
    remedy="Answer the documented error body without internals.",
    source="CWE-209",
    breaks="open /home/app/data/batch_a.json: no such file",
    keeps="404 page not found",
    clauses=always(Template("security.internals_leaked.clause", "errors show nothing internal")),
    exercised=_is_error,
    concern="leak",
    check=_check_internals,
    looks_at="bytes",
    kept_by_plain_reads=True,
    highlight=at_observed_text,
    requests=gets_an_error,
)

RULES = (KEY_REFLECTED, HEADER_INJECTED, TRACE_LEAKED, INTERNALS_LEAKED)
