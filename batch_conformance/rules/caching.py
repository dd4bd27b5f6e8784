"""Rules about what caches are told of answers that change, or that are for one caller; and about challenges."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from email.utils import parsedate_to_datetime

from batch_conformance.contract.operation import Operation
from batch_conformance.exchange.exchange import Headers
from batch_conformance.message import Listing, Private, Template, shown
from batch_conformance.observation.observation import Observation
from batch_conformance.rules.authentication import has_key
from batch_conformance.rules.batch import stage_of
from batch_conformance.rules.fields import is_fixdate, schemes
from batch_conformance.rules.highlight import at_headers
from batch_conformance.rules.refusal import is_turned_away
from batch_conformance.rules.requests import gets_a_batch, gets_an_error, is_refused
from batch_conformance.rules.rule import Broken, Rule, where

_PRIVATE = Template("response.cache_public.expected", "private, no-store or nothing")
_SHORT = Template(
    "response.fresh_for_hours.expected", "less than an hour of freshness, or none, until the batch has ended"
)
_LONG = Template("response.fresh_for_hours.observed", "{field}: {value}, while the batch is {state}")
_BEARER = Template("auth.challenge_scheme.expected", "a challenge with the scheme Bearer")
_OTHERS = Template("auth.challenge_scheme.observed", "{schemes} alone")
_AN_HOUR = 3600
_MAX_AGE = re.compile(r"(?:^|,)[ \t]*(?:s-maxage|max-age)[ \t]*=[ \t]*\"?([0-9]{1,12})", re.IGNORECASE)
_NOT_REUSED = re.compile(r"(?:^|,)[ \t]*no-(?:store|cache)[ \t]*(?:,|;|$)", re.IGNORECASE)
_NO_WORD_OF_THE_API = frozenset({401, 408, 429, 431})
"""Errors that are mostly answered before an API is asked, or that say that no key was valid."""


def is_shared(directives: str) -> bool:
    """Whether a Cache-Control lets shared caches answer with what somebody else's credential got (RFC 9111 3.5).

    What a cache has to have validated before each use is not shared: the server sees the credential of that request.
    """
    parts = [part.strip() for part in directives.lower().split(",")]
    names = {part.partition("=")[0].strip() for part in parts}
    shared = names & {"public", "s-maxage"} and not names & {"private", "no-store"}
    return bool(shared and not _is_validated(parts, names))


def _is_validated(parts: Sequence[str], names: Set[str]) -> bool:
    """Whether a shared cache has to validate a response each time: RFC 9111 sections 5.2.2.2, 5.2.2.4 and 5.2.2.10."""
    if "no-cache" in parts:  # with the names of fields it is about those alone
        return True
    if "s-maxage" in names:
        return "s-maxage=0" in parts
    return "max-age=0" in parts and bool(names & {"must-revalidate", "proxy-revalidate"})


def expires_within_an_hour(headers: Headers) -> bool:
    """Whether no Expires surely makes a response fresh for an hour: most heads have none."""
    return _expires_late(headers) is None


def _expires_late(headers: Headers) -> str | None:
    """The Expires of a response that is at least an hour after its Date; None where there is no such."""
    given = {name.lower(): value.strip() for name, value in headers if name.lower() in ("expires", "date")}
    expires, date = given.get("expires", ""), given.get("date", "")
    if not is_fixdate(expires) or not is_fixdate(date):
        return None
    try:
        fresh = (parsedate_to_datetime(expires) - parsedate_to_datetime(date)).total_seconds()
    except ValueError:  # the second of a leap
        return None
    return expires if fresh >= _AN_HOUR else None


def _is_secured(operation: Operation) -> bool:
    return operation.secured


def _has_states(operation: Operation) -> bool:
    return operation.roles.state is not None


def _is_error_for_a_key(observation: Observation) -> bool:
    """Whether the API refused what was asked for with the valid key."""
    answer = observation.answer
    if answer is None or not answer.headers_complete or not observation.operation.secured:
        return False
    refused = 400 <= answer.status < 500 and answer.status not in _NO_WORD_OF_THE_API
    with_key = has_key(observation) or observation.exchange.probe.credential == "recorded"
    return refused and with_key and observation.documented is not None and not is_turned_away(observation)


def _check_error(observation: Observation) -> Iterator[Broken]:
    answer = observation.answer
    if answer is None or not _is_error_for_a_key(observation):
        return
    directives = ", ".join(answer.header_all("cache-control"))
    if is_shared(directives):
        yield Broken(_PRIVATE(), shown(directives[:60].lower()), "public", status="")


def _is_moving(observation: Observation) -> bool:
    """Whether a batch was answered that has not ended."""
    stage = stage_of(observation.batch, observation.operation.roles) if observation.batch is not None else None
    return stage is not None and not stage.terminal


def _check_freshness(observation: Observation) -> Iterator[Broken]:
    answer = observation.answer
    if answer is None or not answer.headers_complete or not _is_moving(observation):
        return
    stage = stage_of(observation.batch, observation.operation.roles)
    directives = ", ".join(answer.header_all("cache-control"))
    if stage is None or _NOT_REUSED.search(directives):
        return
    ages = [int(age) for age in _MAX_AGE.findall(directives)]
    expires = _expires_late(answer.headers) if not ages else None
    if ages and max(ages) >= _AN_HOUR:
        field, value = "Cache-Control", directives[:60]
    elif expires is not None:
        field, value = "Expires", expires
    else:
        return
    yield Broken(_SHORT(), _LONG(field=field, value=Private(value), state=Private(stage.value)), "hours")


def _takes_bearer(observation: Observation) -> bool:
    """Whether the document of an operation has a scheme of the name Bearer."""
    components = observation.contract.document.data.get("components")
    declared = components.get("securitySchemes") if isinstance(components, dict) else None
    return isinstance(declared, dict) and any(
        isinstance(one, dict) and one.get("type") == "http" and str(one.get("scheme")).lower() == "bearer"
        for one in declared.values()
    )


def _check_scheme(observation: Observation) -> Iterator[Broken]:
    answer = observation.answer
    if answer is None or answer.status != 401 or not answer.headers_complete:
        return
    challenges = ", ".join(filter(None, map(str.strip, answer.header_all("www-authenticate"))))
    named = schemes(challenges)
    if named and "bearer" not in named and _takes_bearer(observation):
        yield Broken(_BEARER(), _OTHERS(schemes=Listing(named, "and")), "other_scheme", status="401")


CACHE_PUBLIC_ERROR = Rule(
    id="response.cache_public_error",
    title="A private refusal may be stored by shared caches",
    level="should",
    side="server",
    why="A shared cache would answer others with it, and this caller once the batch is there.",
    remedy="Send `Cache-Control: private` or `no-store` with errors of authorised requests, too.",
    source="RFC 9111 section 3.5",
    breaks="404 with Cache-Control: public, max-age=600",
    keeps="404 with Cache-Control: max-age=0, or with none",
    clauses=where(
        _is_secured, Template("response.cache_public_error.clause", "private refusals are not for shared caches")
    ),
    exercised=_is_error_for_a_key,
    check=_check_error,
    looks_at="message",
    headers=("cache-control",),
    highlight=at_headers("cache-control"),
    requests=gets_an_error,
    unless_alike=("response.cache_public",),
    covers=(("Cache-Control", "nor is a refusal"),),
)

FRESH_FOR_HOURS = Rule(
    id="response.fresh_for_hours",
    title="A batch that moves on may be reused for hours",
    level="info",
    side="server",
    why="A client that polls through its own cache sees this state until then, whatever becomes of the batch.",
    remedy="Send `no-store`, or a max-age of some seconds, until the batch has ended.",
    source="RFC 9111 section 4.2",
    breaks="Cache-Control: private, max-age=86400 with a batch that is in progress",
    keeps="the same with a batch that is completed",
    clauses=where(
        _has_states, Template("response.fresh_for_hours.clause", "what moves on is not fresh for hours"), "200"
    ),
    exercised=_is_moving,
    check=_check_freshness,
    looks_at="members",
    headers=("cache-control",),
    highlight=at_headers("cache-control", "expires"),
    requests=gets_a_batch,
    covers=(
        ("Cache-Control", "nor is what moves on fresh for hours"),
        ("Expires", "far after Date"),
    ),
)

CHALLENGE_SCHEME = Rule(
    id="auth.challenge_scheme",
    title="401 without a challenge for Bearer",
    level="info",
    side="server",
    why="Clients that act on the challenge ask for another credential than the one that is documented.",
    remedy='Send `WWW-Authenticate: Bearer realm="…"`, beside others if need be.',
    source="RFC 6750 section 3",
    breaks='401 with WWW-Authenticate: Basic realm="api" alone',
    keeps='401 with WWW-Authenticate: Basic realm="api", Bearer',
    clauses=where(_is_secured, Template("auth.challenge_scheme.clause", "a 401 challenges for Bearer"), "401"),
    exercised=lambda observation: observation.exchange.status == 401,
    check=_check_scheme,
    looks_at="message",
    headers=("www-authenticate",),
    highlight=at_headers("www-authenticate"),
    requests=is_refused,
    covers=(("WWW-Authenticate", "Bearer is among the schemes"),),
)

RULES = (CACHE_PUBLIC_ERROR, FRESH_FOR_HOURS, CHALLENGE_SCHEME)
