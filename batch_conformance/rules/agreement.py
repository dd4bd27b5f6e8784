"""Rules about fields of one response that contradict each other, or the response itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from email.utils import parsedate_to_datetime

from batch_conformance.exchange.exchange import Headers
from batch_conformance.findings.finding import Level
from batch_conformance.message import Template, shown
from batch_conformance.observation.observation import Observation
from batch_conformance.rules.fields import is_fixdate
from batch_conformance.rules.highlight import at_headers
from batch_conformance.rules.requests import gets_an_error
from batch_conformance.rules.rule import Broken, Rule, always, is_answered

_NOT_STORED = Template("response.aged_no_store.expected", "no Age above 0 with Cache-Control: no-store")
_AGED = Template("response.aged_no_store.observed", "Age {age} with Cache-Control: {directives}")
_NOT_LATER = Template("response.modified_later.expected", "a Last-Modified that is not later than Date")
_LATER = Template("response.modified_later.observed", "Last-Modified {modified}, Date {date}")
_NOT_REFUSED = Template("method.allow_refused.expected", "an Allow without {method}, or no 405 for {method}")
_REFUSED = Template("method.allow_refused.observed", "405 for {method}, with Allow: {methods}")
_NO_405 = Template(
    "method.allow_refused.unseen", "no answer was 405: --allow-unsafe-methods asks with undeclared methods"
)
_SECONDS_OF_SKEW = 600
"""A gateway that writes Date has another clock than the server that wrote Last-Modified, as in ``time.ahead``."""
_OF_CACHES = frozenset({"surrogate-control", "cdn-cache-control", "x-cache-control"})
"""Fields by which a cache is told something else than those behind it (RFC 9213)."""
_TAKE_OUT = frozenset({"x-served-by", "x-timer", "cf-cache-status", "x-vercel-cache"})
"""Fields of caches that take out of responses what they alone were told, such as Surrogate-Control (Fastly)."""
_NO_STORE = re.compile(r"(?:^|,)[ \t]*no-store[ \t]*(?:,|;|$)", re.IGNORECASE)


def surely_agree(headers: Headers) -> bool:
    """Whether the rules about Age and Last-Modified are surely kept by a head."""
    return _aged(headers) is None and _later(headers) is None


def _aged(headers: Headers) -> tuple[str, str] | None:
    """Age and Cache-Control of a response that a cache had stored though it may not; None for any other."""
    ages = _values(headers, "age")
    directives = ", ".join(_values(headers, "cache-control"))
    if not ages or not ages[0].isdecimal() or not ages[0].strip("0") or not _NO_STORE.search(directives):
        return None
    caches_differ = any(name.lower() in _OF_CACHES for name, _ in headers)
    return None if caches_differ else (ages[0][:20], directives[:60])


def _later(headers: Headers) -> tuple[str, str] | None:
    """Last-Modified and Date of a response that was modified after it was made; None for any other."""
    modified, date = _values(headers, "last-modified"), _values(headers, "date")
    if len(modified) != 1 or len(date) != 1 or not is_fixdate(modified[0]) or not is_fixdate(date[0]):
        return None
    try:
        later = (parsedate_to_datetime(modified[0]) - parsedate_to_datetime(date[0])).total_seconds()
    except ValueError:  # the second of a leap
        return None
    return (modified[0], date[0]) if later > _SECONDS_OF_SKEW else None


def _values(headers: Headers, name: str) -> Sequence[str]:
    return [value.strip(" \t") for other, value in headers if other.lower() == name]


def _headers(observation: Observation) -> Headers:
    answer = observation.answer
    return answer.headers if answer is not None and answer.headers_complete else ()


def _check_aged(observation: Observation) -> Iterator[Broken]:
    headers = _headers(observation)
    aged = _aged(headers)
    if aged is not None:
        # RFC 9213 section 2.2: what such a cache was told counts for it, and not Cache-Control.
        level: Level | None = "info" if any(name.lower() in _TAKE_OUT for name, _ in headers) else None
        yield Broken(_NOT_STORED(), _AGED(age=aged[0], directives=shown(aged[1])), "aged", status="", level=level)


def _check_later(observation: Observation) -> Iterator[Broken]:
    later = _later(_headers(observation))
    if later is not None:
        yield Broken(_NOT_LATER(), _LATER(modified=later[0], date=later[1]), "later", status="")


def _check_allow(observation: Observation) -> Iterator[Broken]:
    answer, method = observation.answer, observation.method
    if answer is None or answer.status != 405 or not answer.headers_complete:
        return
    methods = ", ".join(answer.header_all("allow"))
    if method in (one.strip() for one in methods.split(",")):
        yield Broken(
            _NOT_REFUSED(method=method), _REFUSED(method=method, methods=shown(methods[:60])), "refused", status=""
        )


AGED_NO_STORE = Rule(
    id="response.aged_no_store",
    title="An answer that may not be stored comes out of a cache",
    level="should",
    side="server",
    why="A cache kept an authorised answer against `no-store`; others may get it, and all get old states.",
    remedy="Let the cache pass these paths through, or tell it apart from clients with CDN-Cache-Control.",
    source="RFC 9111 section 5.2.2.5",
    breaks="Cache-Control: no-store with Age: 40",
    keeps="Cache-Control: no-store with Age: 0",
    clauses=always(Template("response.aged_no_store.clause", "what may not be stored has no age")),
    exercised=is_answered,
    check=_check_aged,
    looks_at="bytes",
    kept_by_plain_reads=True,
    highlight=at_headers("age", "cache-control"),
    covers=(("Age", "none above 0 with no-store"),),
)

MODIFIED_LATER = Rule(
    id="response.modified_later",
    title="Last-Modified is later than Date",
    level="should",
    side="server",
    why="A client that asks with it for what is new since then gets 304 although the batch moved on.",
    remedy="Send the time of the last change, at most that of Date, or none.",
    source="RFC 9110 section 8.8.2.1",
    breaks="Last-Modified tomorrow",
    keeps="Last-Modified and Date in the same second",
    clauses=always(Template("response.modified_later.clause", "nothing was modified after it was sent")),
    exercised=is_answered,
    check=_check_later,
    looks_at="bytes",
    kept_by_plain_reads=True,
    highlight=at_headers("last-modified", "date"),
    covers=(("Last-Modified", "not later than Date"),),
)

ALLOW_REFUSED = Rule(
    id="method.allow_refused",
    title="405 for a method that Allow names",
    level="info",
    side="server",
    why="Allow lists what a resource supports; a client that believes it asks again and is refused again.",
    remedy="Leave out of Allow what is refused, or serve it.",
    source="RFC 9110 section 15.5.6",
    breaks="405 for HEAD with Allow: GET, HEAD",
    keeps="405 for POST with Allow: GET, HEAD",
    clauses=always(Template("method.allow_refused.clause", "Allow names no method that is refused")),
    exercised=lambda observation: observation.exchange.status == 405,
    unseen=_NO_405,
    check=_check_allow,
    looks_at="message",
    headers=("allow",),
    highlight=at_headers("allow"),
    requests=gets_an_error,
    covers=(("Allow", "names no refused method"),),
)

RULES = (AGED_NO_STORE, MODIFIED_LATER, ALLOW_REFUSED)
