"""Rules about header fields: those that HTTP asks for, those that the contract declares, and HEAD against GET."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from email.utils import parsedate_to_datetime
from operator import itemgetter
from typing import Any

from batch_conformance.contract.operation import Operation
from batch_conformance.contract.schema import ALL_TYPES, Schema
from batch_conformance.findings.finding import Finding
from batch_conformance.message import Listing, Message, Private, Template, shown
from batch_conformance.observation.observation import Observation
from batch_conformance.rules.caching import is_shared
from batch_conformance.rules.highlight import Highlight, at_headers
from batch_conformance.rules.history import BatchHistory
from batch_conformance.rules.refusal import is_turned_away, leads_to_normal_form
from batch_conformance.rules.requests import READS, by_status, gets_a_batch, gets_an_error, in_chapters, is_refused
from batch_conformance.rules.rule import Broken, Rule, always, is_batch, where

_ALLOW_MISSING_UNSEEN = Template(
    "method.allow_missing.unseen", "no answer was 405: --allow-unsafe-methods asks with undeclared methods"
)
_RETRY_AFTER_UNSEEN = Template("response.retry_after.unseen", "no answer had Retry-After")
_HEAD_DIFFERS_UNSEEN = Template("response.head_differs.unseen", "HEAD was not served")

_LONGEST_NUMBER = 400
_INTEGER = re.compile(r"[-+]?[0-9]+")
_NUMBER = re.compile(r"[-+]?[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_NONE = Template("header.none", "none")
_EMPTY = Template("header.empty", "an empty one")
_CHALLENGE = Template("auth.challenge_missing.expected", "a WWW-Authenticate header")
_ALLOW = Template("method.allow_missing.expected", "an Allow header")
_SECONDS_OR_DATE = Template("response.retry_after.expected", "whole seconds or an HTTP-date")
_PRIVATE = Template("response.cache_public.expected", "private, no-store or nothing")
_PRESENT = Template("response.header.present", "{name}: to be there")
_MISSING = Template("response.header.missing", "{name}: missing")
_VALUE = Template("response.header.value", "{name}: {value}")
_STATUS = Template("response.head_differs.status", "status {statuses}, as for GET")
_AS_OF_UNKNOWN = Template("response.head_differs.expected", "the answer that GET gets")
_WHATEVER = Template("response.head_differs.observed", "{status} to every HEAD, whatever it asks for")
_MEDIA_TYPE = Template("response.head_differs.media_type", "Content-Type {media_types}, as for GET")
_LENGTH = Template("response.head_differs.length", "Content-Length {length}, as for GET, or none")
_NOT_SERVED = frozenset({405, 501})
"""Statuses of a server that does not serve HEAD."""


def _is_secured(operation: Operation) -> bool:
    return operation.secured


def _check_challenge(observation: Observation) -> Iterator[Broken]:
    answer = observation.answer
    if answer is None or not answer.headers_complete or answer.status != 401:
        return
    if not any(map(str.strip, answer.header_all("www-authenticate"))):
        observed = _NONE() if answer.header("www-authenticate") is None else _EMPTY()
        # HTTP's own clause, where the document has a range such as 4XX too.
        yield Broken(_CHALLENGE(), observed, "missing", status="401")


def _check_allow(observation: Observation) -> Iterator[Broken]:
    answer = observation.answer
    if answer is None or not answer.headers_complete or answer.status != 405:
        return
    if answer.header("allow") is None and not is_turned_away(observation):
        yield Broken(_ALLOW(), _NONE(), "missing", status="405")


def _check_retry_after(observation: Observation) -> Iterator[Broken]:
    answer = observation.answer
    given = answer.header("retry-after") if answer is not None and answer.headers_complete else None
    if given is not None and not is_retry_after(given):
        yield Broken(_SECONDS_OR_DATE(), shown(Private(f'"{given[:60]}"')), "malformed")


def is_retry_after(value: str) -> bool:
    """Whether a Retry-After value has one of its two forms (RFC 9110 section 10.2.3)."""
    if value.strip().isascii() and value.strip().isdigit():
        return True
    try:
        parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return False
    return True


def _has_retry_after(observation: Observation) -> bool:
    return observation.answer is not None and observation.answer.header("retry-after") is not None


def _check_cache(observation: Observation) -> Iterator[Broken]:
    answer = observation.answer
    if answer is None or not answer.headers_complete or not 200 <= answer.status < 300:
        return
    given = ", ".join(answer.header_all("cache-control")).lower()
    if is_shared(given) and _is_secured(observation.operation):
        yield Broken(_PRIVATE(), shown(given[:60]), "public")


def _check_declared(observation: Observation) -> Iterator[Broken]:
    answer, documented = observation.answer, observation.documented
    if answer is None or documented is None or not answer.headers_complete:
        return
    if not observation.covered or is_turned_away(observation) or leads_to_normal_form(observation):
        return
    for name, schema in documented.headers.items():
        values = answer.header_all(name)
        location = schema.location if schema is not None else None
        if not values:
            # RFC 9110 section 9.3.2: HEAD may leave out what is only known once the body is made.
            if name in documented.required_headers and observation.method == "GET":
                kind = f"{name.lower()} missing"
                yield Broken(_PRESENT(name=name), _MISSING(name=name), kind, location=location)
        elif schema is not None:
            broken = schema.violations(header_value(schema, ", ".join(values)))
            if broken:
                first = next((one for one in broken if not one.annotated), broken[0])
                yield Broken(
                    _VALUE(name=name, value=first.expected),
                    _VALUE(name=name, value=first.observed),
                    f"{name.lower()} {first.keyword}",
                    level="should" if first.annotated else None,
                    location=location,
                )


def header_value(schema: Schema, text: str) -> Any:
    """The value that a header's text stands for in the style ``simple``, by the types that its schema allows.

    Numbers and booleans are words in a header; a list is separated by commas. What fits none of it stays text.
    """
    types, text = schema.properties[0].types, text.strip()
    if types == ALL_TYPES:
        return text
    if "array" in types:
        items = next((place.types for place in schema.properties if place.pointer == "/*"), ALL_TYPES)
        return [_scalar(part.strip(), items) for part in text.split(",")] if text else []
    if "object" in types:
        parts = text.split(",")
        return dict(zip(map(str.strip, parts[::2]), map(str.strip, parts[1::2]), strict=False))
    return _scalar(text, types)


def _scalar(text: str, types: frozenset[str]) -> Any:
    if types == ALL_TYPES or len(text) > _LONGEST_NUMBER:
        return text
    if "integer" in types and _INTEGER.fullmatch(text):
        return int(text)
    if "number" in types and _NUMBER.fullmatch(text):
        return float(text)
    if "boolean" in types and text in ("true", "false"):
        return text == "true"
    return text


def _at_declared(finding: Finding) -> Highlight:
    return Highlight(headers=frozenset((finding.kind.partition(" ")[0],)))


_Asked = tuple[str, str, tuple[tuple[str, str], ...]]
_Read = tuple[int, Observation, Any]
"""The place of a GET among the reads of a batch, and its length."""


def _compare_head(history: BatchHistory) -> Iterator[tuple[Observation, Broken]]:
    """What HEAD said and GET did not, of one request with the valid credential."""
    compared = [one for one in zip(history.observations, history.lengths, strict=True) if _is_compared(one[0])]
    gets: dict[_Asked, list[Observation]] = {}
    reads: dict[str, list[_Read]] = {}
    for place, (observation, length) in enumerate(compared):
        if observation.method == "GET":
            gets.setdefault(_asked(observation), []).append(observation)
            reads.setdefault(observation.exchange.probe.path, []).append((place, observation, length))
    for place, (observation, length) in enumerate(compared):
        answer = observation.answer
        if observation.method != "HEAD" or answer is None or answer.status in _NOT_SERVED:
            continue
        twins = [twin for twin in gets.get(_asked(observation), ()) if twin.answer is not None]
        if not twins:
            continue
        said = {twin.answer.status for twin in twins if twin.answer}
        if answer.status not in said:
            yield observation, _differs(_STATUS(statuses=_any_of(said)), str(answer.status), "status")
            continue
        same = [twin.media_type for twin in twins if twin.answer and twin.answer.status == answer.status]
        if observation.media_type and any(same) and observation.media_type not in same:
            expected = _MEDIA_TYPE(media_types=_any_of(set(same)))
            yield observation, _differs(expected, observation.media_type, "media_type")
            continue  # of something else, which has a length of its own
        path = observation.exchange.probe.path
        meant = _length_around(place, reads[path]) if length is not None else None
        if meant is not None and length != meant and not _is_length_of_a_read(length, reads[path]):
            yield observation, _differs(_LENGTH(length=meant), length[:20], "length")


def _length_around(place: int, reads: Sequence[_Read]) -> str | None:
    """The length that GET gave right before and right after a HEAD, where both got the same bytes, uncoded.

    A body that changes from read to read, or that was compressed, tells nothing of what HEAD should have said.
    """
    after = bisect_left(reads, place, key=itemgetter(0))
    if not 0 < after < len(reads):
        return None
    (_, one, length), (_, other, other_length) = reads[after - 1], reads[after]
    if one.answer is None or other.answer is None or not 200 <= one.answer.status < 300:
        return None  # an error may name the method, and be another one for HEAD
    if length is None or other_length is None or length[:2] != other_length[:2] or not length[0]:
        return None
    if one.answer.status != other.answer.status:
        return None
    if one.mismatch or other.mismatch:
        return None  # what the documented object is long is another thing
    first: str = length[0]
    return first


def _is_length_of_a_read(length: str, reads: Sequence[_Read]) -> bool:
    """Whether any GET of the batch had this length: then HEAD was answered from the state that this GET shows.

    Of two replicas that are not at the same state, the reads beside a HEAD may be of the one and the HEAD of the other.
    """
    return any(read is not None and read[0] == length for _, _, read in reads)


def _is_compared(observation: Observation) -> bool:
    probe, status = observation.exchange.probe, observation.exchange.status or 0
    # Of an answer that broke off nobody knows how long it is.
    weighed_elsewhere = status == 429 or status >= 500 or status == 406 or observation.exchange.failure is not None
    return observation.authorised and not probe.forced_status and not weighed_elsewhere


def _asked(observation: Observation) -> _Asked:
    """All of a request but its method."""
    probe = observation.exchange.probe
    return probe.path, probe.query, tuple(sorted((name.lower(), value) for name, value in probe.headers))


def heads_are_alike(observation: Observation) -> Broken:
    """What is broken where every HEAD gets the status that this one got for an id that nobody has."""
    return Broken(_AS_OF_UNKNOWN(), _WHATEVER(status=observation.exchange.status or 0), "status", status="")


def _differs(expected: Message, observed: str, kind: str) -> Broken:
    return Broken(expected, shown(observed), kind, status="")


def _any_of(values: Iterable[int] | Iterable[str]) -> Listing:
    return Listing(tuple(sorted(str(value) for value in values)), "or")


def _is_conclusive_head(observation: Observation) -> bool:
    status = observation.exchange.status or 0
    answered = observation.exchange.failure is None and 0 < status < 500 and status != 429
    return observation.method == "HEAD" and answered and status not in _NOT_SERVED


def _at_what_differs(finding: Finding) -> Highlight:
    if finding.kind == "media_type":
        return Highlight(headers=frozenset({"content-type"}))
    return Highlight(headers=frozenset({"content-length"})) if finding.kind == "length" else Highlight(status=True)


CHALLENGE_MISSING = Rule(
    id="auth.challenge_missing",
    title="401 without WWW-Authenticate",
    level="must",
    side="server",
    why="RFC 9110 demands a challenge with every 401; generic clients cannot tell which scheme to use.",
    remedy='Send `WWW-Authenticate: Bearer realm="…"` with every 401.',
    source="RFC 9110 section 15.5.2, RFC 6750 section 3",
    breaks="401 without a WWW-Authenticate header",
    keeps='401 with WWW-Authenticate: Bearer realm="api"',
    clauses=where(_is_secured, Template("auth.challenge_missing.clause", "a 401 carries WWW-Authenticate"), "401"),
    exercised=lambda observation: observation.exchange.status == 401,
    check=_check_challenge,
    looks_at="message",
    headers=("www-authenticate",),
    highlight=at_headers("www-authenticate"),
    requests=is_refused,
    covers=(("WWW-Authenticate", "with a 401"),),
)

ALLOW_MISSING = Rule(
    id="method.allow_missing",
    title="405 without Allow",
    level="must",
    side="server",
    why="RFC 9110 demands the list of methods with every 405; clients and gateways act on it.",
    remedy="Send `Allow` with the methods of the path.",
    source="RFC 9110 section 15.5.6",
    breaks="405 without an Allow header",
    keeps="405 with Allow: GET, HEAD",
    clauses=always(Template("method.allow_missing.clause", "a 405 lists the methods in Allow"), "405"),
    exercised=lambda observation: observation.exchange.status == 405,
    check=_check_allow,
    looks_at="message",
    headers=("allow",),
    highlight=at_headers("allow"),
    unseen=_ALLOW_MISSING_UNSEEN,
    requests=gets_an_error,
    covers=(("Allow", "with a 405"),),
)

RETRY_AFTER = Rule(
    id="response.retry_after",
    title="Retry-After is neither seconds nor a date",
    level="must",
    side="server",
    why="Clients that honour it cannot, and hammer a server that asked for rest.",
    remedy="Send whole seconds or an HTTP-date.",
    source="RFC 9110 section 10.2.3",
    breaks="Retry-After: soon",
    keeps="Retry-After: 30",
    clauses=always(Template("response.retry_after.clause", "Retry-After is seconds or a date")),
    exercised=_has_retry_after,
    check=_check_retry_after,
    looks_at="message",
    headers=("retry-after",),
    highlight=at_headers("retry-after"),
    unseen=_RETRY_AFTER_UNSEEN,
    requests=gets_an_error,
    covers=(("Retry-After", "seconds or a date"),),
)

CACHE_PUBLIC = Rule(
    id="response.cache_public",
    title="A private answer may be stored by shared caches",
    level="should",
    side="server",
    why="The answer depends on the caller's key; a shared cache would hand it to somebody else.",
    remedy="Send `Cache-Control: private` or `no-store` with answers to authorised requests.",
    source="RFC 9111 section 3.5",
    breaks="Cache-Control: public, max-age=600",
    keeps="Cache-Control: private, no-store",
    clauses=where(
        _is_secured, Template("response.cache_public.clause", "private answers are not for shared caches"), "200"
    ),
    exercised=is_batch,
    check=_check_cache,
    looks_at="message",
    headers=("cache-control",),
    highlight=at_headers("cache-control"),
    requests=gets_a_batch,
    covers=(("Cache-Control", "a batch is not for shared caches"),),
)

DECLARED = Rule(
    id="response.header",
    title="A header that the document declares is missing or malformed",
    level="must",
    side="server",
    why="Clients read declared headers, such as rate limits and trace ids, without asking whether they are there.",
    remedy="Send the header as documented with every response of this status, or document it as it is sent.",
    source="OpenAPI 3.0 section 4.7.17, the response's headers",
    breaks="X-RateLimit-Remaining: many, where an integer is declared",
    keeps="X-RateLimit-Remaining: 41",
    said_by="response",
    exercised_at="answer",
    concern="document",
    check=_check_declared,
    looks_at="values",
    kept_by_plain_reads=True,
    highlight=_at_declared,
    requests=by_status,
    cure="header",
    covers=(("headers of a response", "there if required, and by their schema"),),
)

HEAD_DIFFERS = Rule(
    id="response.head_differs",
    title="HEAD is answered unlike GET",
    level="should",
    side="server",
    why="HEAD must say what GET would have said; caches and monitors that use it see another resource.",
    remedy="Serve HEAD by the code of GET without the body, or answer 405 with Allow.",
    source="RFC 9110 section 9.3.2",
    breaks="HEAD 404 and GET 200 for one batch",
    keeps="HEAD 200 and GET 200 with the same Content-Type",
    clauses=always(Template("response.head_differs.clause", "HEAD says what GET says")),
    exercised=_is_conclusive_head,
    compare=_compare_head,
    compares="methods",
    kept_by_monotonic_reads=True,
    looks_at="run",
    highlight=_at_what_differs,
    requests=in_chapters("methods", *READS, "unknown_ids"),
    unseen=_HEAD_DIFFERS_UNSEEN,
    covers=(
        ("Content-Length", "HEAD and GET tell the same"),
        ("HEAD", "as GET"),
    ),
)

RULES = (CHALLENGE_MISSING, ALLOW_MISSING, RETRY_AFTER, CACHE_PUBLIC, DECLARED, HEAD_DIFFERS)
