"""Rules about what no answer may show: the key, headers made of an id, stack traces, the server's paths and hosts."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import unquote

from batch_conformance.contract.roles import Roles
from batch_conformance.exchange.exchange import Exchange
from batch_conformance.findings.finding import Finding
from batch_conformance.message import Message, Private, Template
from batch_conformance.observation.observation import Observation, derived
from batch_conformance.rules.highlight import Highlight, at_observed_text, at_pointer, at_redacted
from batch_conformance.rules.leak_patterns import (
    address_of,
    code_in,
    host_in,
    internals_in,
    may_speak,
    other_port_in,
    shows_anything,
    strings_in,
    surely_says_nothing,
    token_in,
    trace_in,
    unquoted,
)
from batch_conformance.rules.plain_texts import surely_plain
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
_LEAKED_IN_HEADER = Template("security.leaked_in_header", "{name}: {text}")
_NO_HOST = Template("security.host_shown.expected", "no private host or address, and no other port of the target")
_NO_CODE = Template("security.code_leaked.expected", "nothing of the server's code, queries and drivers")
_NO_TOKEN = Template("security.token_leaked.expected", "no credential in a response")
_LOOKED_AT = 65536
_ESCAPE = re.compile(r'\\(["\\/nrt])')
_ESCAPED = {"n": "\n", "r": "\r", "t": "\t"}
_MOST_TEXTS = 1_000
_ADDRESSES_OF_CLIENTS = frozenset(
    {"x-forwarded-for", "x-real-ip", "x-client-ip", "x-remote-addr", "true-client-ip", "cf-connecting-ip", "forwarded"}
)
_MEANT = frozenset(
    {
        *(
            "date",
            "etag",
            "last-modified",
            "content-type",
            "content-length",
            "cache-control",
            "vary",
            "retry-after",
            "age",
        ),
        *("expires", "allow", "connection", "keep-alive", "transfer-encoding", "strict-transport-security"),
        *("set-cookie", "www-authenticate", "content-security-policy", "content-security-policy-report-only", "nel"),
        *(
            "pragma",
            "report-to",
            "reporting-endpoints",
            "alt-svc",
            "p3p",
            "accept-ranges",
            "content-encoding",
            "cf-ray",
        ),
    }
)
"""Fields whose values are what they are for; a cookie is the client's own, and other rules read the rest."""
_OF_TOKENS = re.compile(r"auth|token|csrf|xsrf|session|jwt|cookie|signature")
"""Fields that give a client a credential of its own."""


class _Told(NamedTuple):
    """A text of a response other than the body of an error, and where it stands: a field, or a place in the body."""

    text: str
    header: str = ""
    pointer: str = ""
    address: bool = False


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
    if answer is None:
        return
    for name, value in _injected(observation.exchange):
        if value in (found.strip() for found in answer.header_all(name)):
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
    yield from _leak(_NO_TRACE, "trace", trace_in(_error_text(observation)))
    for told in _told(observation):
        if not told.address and (found := trace_in(told.text)):
            yield _broken(observation, told, _NO_TRACE, "trace", found)
            return


def _check_internals(observation: Observation) -> Iterator[Broken]:
    text, sent = _error_text(observation), _sent(observation)
    if not trace_in(text):  # a trace is full of paths: that is one cause
        yield from _leak(_NO_INTERNALS, "internals", internals_in(text, sent))


def _check_hosts(observation: Observation) -> Iterator[Broken]:
    sent = _sent(observation)
    for told in _told(observation):
        found = host_in(told.text, sent) or other_port_in(told.text, observation.exchange.request.url)
        if found and not trace_in(told.text) and not code_in(told.text, sent):
            yield _broken(observation, told, _NO_HOST, "host", found)
            return


def _check_code(observation: Observation) -> Iterator[Broken]:
    text, sent = _error_text(observation), _sent(observation)
    if not trace_in(text) and not internals_in(text, sent):  # what names a host or a path as well is one cause
        yield from _leak(_NO_CODE, "code", code_in(text, sent))
    for told in _told(observation):
        if not told.address and not trace_in(told.text) and (found := code_in(told.text, sent)):
            yield _broken(observation, told, _NO_CODE, "code", found)
            return


def _check_token(observation: Observation) -> Iterator[Broken]:
    if observation.exchange.probe.credential not in ("valid", "missing"):
        return  # a made-up token that comes back is nobody's
    sent = _sent(observation)
    yield from _leak(_NO_TOKEN, "token", token_in(_error_text(observation), sent))
    for told in _told(observation):
        own = _OF_TOKENS.search(told.header) is not None
        if not told.address and not own and (found := token_in(told.text, sent)):
            yield _broken(observation, told, _NO_TOKEN, "token", found)
            return


def _leak(expected: Template, kind: str, found: str) -> Iterator[Broken]:
    """What is broken by the body of an error, if anything was found in it."""
    if found:
        yield Broken(expected(), _LEAKED(text=_on_one_line(found)), kind)


def _broken(observation: Observation, told: _Told, expected: Template, kind: str, found: str) -> Broken:
    if told.header:
        observed = _LEAKED_IN_HEADER(name=told.header, text=Private(_on_one_line(found)))
        return Broken(expected(), observed, f"{kind} in {told.header}", status="")
    here = observation.contract_media_type
    return Broken(expected(), _LEAKED(text=Private(_on_one_line(found))), kind, media_type=here, pointer=told.pointer)


def _sent(observation: Observation) -> str:
    return unquote(observation.exchange.request.url)


@derived
def _told(observation: Observation) -> tuple[_Told, ...]:
    """The texts of a response that may say something: its fields, and the members of a batch; no body of an error."""
    answer = observation.answer
    fields = answer.headers if answer is not None else ()
    told = [
        _Told(value, name.lower())
        for name, value in fields
        if is_looked_at(name.lower()) and not surely_says_nothing(value)
    ]
    return (*told, *_texts(observation.batch, observation.operation.roles))


def is_looked_at(name: str) -> bool:
    """Whether a field, by its name in lower case, may show something that it is not for."""
    return name not in _MEANT and name not in _ADDRESSES_OF_CLIENTS


def _texts(batch: Any, roles: Roles) -> Iterator[_Told]:
    """The texts of a batch that may say something; of URLs only the host, as the rest is the customer's own.

    What a message quotes is left out: it may be a line of the customer's input.
    """
    for pointer, text in islice(strings_in(batch, "", roles.free_maps), _MOST_TEXTS):
        address = address_of(text)
        if address:
            if not surely_says_nothing(address):
                yield _Told(address, pointer=pointer, address=True)
        elif pointer not in roles.names and pointer != roles.identity and may_speak(text):
            said = unquoted(text)
            if not surely_says_nothing(said):
                yield _Told(said, pointer=pointer)


def _is_error(observation: Observation) -> bool:
    return (observation.exchange.status or 0) >= 400


@derived
def _error_text(observation: Observation) -> str:
    """The body of an error, empty where there is nothing to tell, and for anything else than an error.

    Bodies of successes are looked at member by member.
    """
    answer = observation.answer
    if answer is None or answer.status < 400 or observation.method == "HEAD":
        return ""
    text = _plain(answer.body[:_LOOKED_AT].decode("utf-8", "replace"))
    return text if shows_anything(text) else ""


def _plain(text: str) -> str:
    """The text with its line breaks and quotes as they were before they were put into a JSON string."""
    if text.lstrip()[:1] not in ("{", "[", '"'):
        return text
    return _ESCAPE.sub(lambda match: _ESCAPED.get(match[1], match[1]), text)


def _on_one_line(text: str) -> str:
    return " ".join(text.split())[:80]


def _at_leak(finding: Finding) -> Highlight:
    name = dict(finding.observed.arguments).get("name")
    if isinstance(name, str):
        return Highlight(headers=frozenset((name,)))
    return at_pointer(finding) if finding.pointer else at_observed_text(finding)


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
    covers=(("what must not be shown", "the key"),),
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
    covers=(("any field", "none comes out of an id"),),
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
    clauses=always(Template("security.trace_leaked.clause", "no answer shows a stack trace")),
    exercised=is_answered,
    concern="leak",
    check=_check_trace,
    looks_at="bytes",
    surely_kept=surely_plain,
    highlight=_at_leak,
    covers=(("what must not be shown", "traces"),),
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
    covers=(("what must not be shown", "insides"),),
)

HOST_SHOWN = Rule(
    id="security.host_shown",
    title="A private host or address is shown in a field, or in a batch",
    level="info",
    side="server",
    why="It tells how the network behind the API is made; what only the server reaches is of no use to a client.",
    remedy="Rewrite addresses at the edge, and leave the names of machines out of Via and of fields for debugging.",
    source="CWE-200",
    breaks="Via: 1.1 proxy-3.corp; https://minio.files.svc.cluster.local/file-b",
    keeps="Via: 1.1 varnish; https://files.example.com/file-b",
    clauses=always(Template("security.host_shown.clause", "no answer shows a private host or address")),
    exercised=is_answered,
    concern="leak",
    check=_check_hosts,
    looks_at="bytes",
    surely_kept=surely_plain,
    highlight=_at_leak,
    covers=(("what must not be shown", "private hosts"),),
)

CODE_LEAKED = Rule(
    id="security.code_leaked",
    title="A class, a line of code or a query of the server is shown",
    level="should",
    side="server",
    why="It tells strangers which libraries and tables there are, and how to try them.",
    remedy="Catch what drivers and libraries raise, log it, and answer the documented error body.",
    source="CWE-209",
    breaks='sqlalchemy.exc.OperationalError, relation "batches" does not exist, /srv/app/store.py:41',
    keeps="No such batch, BatchNotFoundException",
    clauses=always(Template("security.code_leaked.clause", "no answer shows code, queries or drivers of the server")),
    exercised=is_answered,
    concern="leak",
    check=_check_code,
    looks_at="bytes",
    surely_kept=surely_plain,
    highlight=_at_leak,
    covers=(("what must not be shown", "classes, lines and queries"),),
)

TOKEN_LEAKED = Rule(
    id="security.token_leaked",
    title="A credential is shown that the client did not send",
    level="should",
    side="server",
    why="It is that of a service behind the API, or of another customer: whoever reads the answer can use it.",
    remedy="Revoke it; never put requests to other services, or their headers, into an answer.",
    source="RFC 6750 section 5.2",
    breaks="upstream answered 401 for Bearer eyJhbGciOi….eyJzdWIiOi….c2lnbmF0dXJl",
    keeps="Send a header Authorization: Bearer YOUR_API_KEY",
    clauses=always(Template("security.token_leaked.clause", "no answer shows a credential of others")),
    exercised=is_answered,
    concern="leak",
    check=_check_token,
    looks_at="bytes",
    surely_kept=surely_plain,
    highlight=_at_leak,
    covers=(("what must not be shown", "credentials of others"),),
)

RULES = (KEY_REFLECTED, HEADER_INJECTED, TRACE_LEAKED, INTERNALS_LEAKED, HOST_SHOWN, CODE_LEAKED, TOKEN_LEAKED)
