"""The judge: a run's exchanges under a contract, to a ledger. Pure: no socket, no clock, no state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from batch_conformance.contract.contract import Contract
from batch_conformance.exchange.exchange import Exchange
from batch_conformance.findings.finding import Deviation
from batch_conformance.findings.fold import Bucket, fold
from batch_conformance.findings.ledger import Ledger
from batch_conformance.findings.shape import ShapeRecord
from batch_conformance.judge.authentication import is_let_in, judge_authentication
from batch_conformance.judge.availability import Availability, weigh
from batch_conformance.judge.body import judge_body
from batch_conformance.judge.conditions import ALWAYS, UNLESS_REAL, unless_unknown_gets
from batch_conformance.judge.coverage import Bodies, Coverage, cover_clauses, read_again
from batch_conformance.judge.facts import Facts
from batch_conformance.judge.head import judge_head
from batch_conformance.judge.headers import judge_headers
from batch_conformance.judge.identity import judge_identity
from batch_conformance.judge.over_time import judge_over_time
from batch_conformance.judge.response import is_refused_for_its_id, judge_response, refused_for_its_id
from batch_conformance.judge.security import judge_security
from batch_conformance.judge.sense import judge_sense
from batch_conformance.judge.shape import judge_shape, shape_clause
from batch_conformance.judge.sighting import Sighting
from batch_conformance.judge.weather import passing_words, soften

REQUIRED_SUCCESS = "a 2xx answer of the operation"
REQUIRED_UNKNOWN = "the answer to an unknown id"
REQUIRED_AUTHENTICATION = "the answer to a request without credentials"


NOT_THE_OBJECT = frozenset({"body.another_object", "body.enveloped"})
"""Rules that say that a body holds none of the documented properties; which of them lack is no further news."""

_HAD_TO_BE_REFUSED = frozenset({"unknown", "neighbour", "hostile", "outside"})
_OF_WHAT_IS_DOCUMENTED = (
    *("response.status", "response.media_type", "response.charset", "response.header"),
    *("response.undocumented_error", "response.refused_input"),
)
"""Rules about what the document says of a response around its body."""

_OF_A_VALUE = frozenset({"body.type", "body.enum", "body.format", "body.constraint"})


def judge(exchanges: Sequence[Exchange], contract: Contract, recorded: ShapeRecord | None = None) -> Ledger:
    """Judge every exchange, and all of them against each other and against a shape that was recorded before."""
    sightings = [Sighting(exchange, contract) for exchange in sorted(exchanges, key=lambda exchange: exchange.order)]
    passing = passing_words(sightings)
    deviations, availability = _deviations(sightings, passing)
    changes = list(judge_shape(sightings, recorded, deviations)) if recorded else []
    deviations += changes
    shapes = (shape_clause(contract, sightings, recorded, len(changes)),) if recorded else ()
    coverage = Coverage(contract)
    for sighting in sightings:
        coverage.add(sighting, own=sighting.exchange.order not in passing)
    stuck = any(sighting.exchange.number in availability.unjudged for sighting in sightings)
    counted = [(deviation, 1) for deviation in deviations if deviation.exchange.order not in passing]
    clauses = cover_clauses(coverage, counted, stuck=stuck, read_again=read_again(sightings))
    return Ledger(
        exchanges=tuple(sighting.exchange for sighting in sightings),
        findings=fold(deviations),
        clauses=(*clauses, *shapes),
        fields=coverage.fields(),
        statuses=coverage.statuses(),
        missing=tuple(_missing(sightings)),
        unjudged=availability.unjudged,
    )


def judge_alone(sighting: Sighting) -> Iterator[tuple[Bucket, list[Deviation]]]:
    """The deviations that one exchange shows by itself, with the condition under which they are told.

    Of who was let in without a credential only what is given away is told. Where real batches were read, a success that
    had to be refused is judged as that, not field by field.
    """
    given_away = list(judge_security(sighting))
    if is_let_in(sighting):
        yield ALWAYS, given_away
        return
    if is_refused_for_its_id(sighting):
        refusal, of_http = _judge_refusal(sighting)
        yield unless_unknown_gets(sighting.exchange.status or 0), refusal
        yield ALWAYS, [*of_http, *given_away]
        return
    odd = sighting.batch is not None and sighting.exchange.probe.subject in _HAD_TO_BE_REFUSED and not sighting.forced
    yield UNLESS_REAL if odd else ALWAYS, list(_judge_answer(sighting))
    yield ALWAYS, given_away


def judge_one(sighting: Sighting) -> Iterator[Deviation]:
    """The deviations that one exchange shows by itself, whatever else there is."""
    if is_refused_for_its_id(sighting):
        yield from (one for found in _judge_refusal(sighting) for one in found)
    else:
        yield from _judge_answer(sighting)
    yield from judge_security(sighting)


def _judge_refusal(sighting: Sighting) -> tuple[list[Deviation], list[Deviation]]:
    """Of a refusal of an id that the document does not admit: what is not as documented, as one, and the rest."""
    of_message = [*judge_response(sighting), *judge_headers(sighting)]
    of_http = [one for one in of_message if not one.rule.startswith(_OF_WHAT_IS_DOCUMENTED)]
    deviates = of_http != of_message or any(True for _ in judge_body(sighting))
    return ([refused_for_its_id(sighting)] if deviates else []), of_http


def _judge_answer(sighting: Sighting) -> Iterator[Deviation]:
    yield from judge_response(sighting)
    yield from judge_headers(sighting)
    of_body = list(judge_body(sighting))
    yield from of_body
    if not any(deviation.rule in NOT_THE_OBJECT for deviation in of_body):
        # A value that the schema forbids makes no sense either: that is one cause. A null is no value.
        told = {one.pointer for one in of_body if one.rule in _OF_A_VALUE and one.kind != "null"}
        for deviation in judge_sense(sighting):
            if not any(place == deviation.pointer or place.startswith(deviation.pointer + "/") for place in told):
                yield deviation


def _deviations(
    sightings: Sequence[Sighting], passing: frozenset[tuple[int, int]]
) -> tuple[list[Deviation], Availability]:
    availability = weigh(sightings)
    facts = Facts()
    for sighting in sightings:
        facts.add(sighting)
    alone: list[Deviation] = []
    for sighting in sightings:
        softens = sighting.exchange.order in passing
        for bucket, of_one in judge_alone(sighting):
            if facts.tells(bucket):
                alone += map(soften, of_one) if softens else of_one
    strangers = {deviation.exchange.order for deviation in alone if deviation.rule in NOT_THE_OBJECT}
    documented = [sighting for sighting in sightings if sighting.exchange.order not in strangers]
    bodies = Bodies()
    for sighting in documented if not facts.real else _known(documented):
        bodies.add(sighting)
    together = [
        *_told(facts, map(judge_identity, sightings)),
        *judge_over_time(sightings),
        *judge_head(sightings),
        *_told(facts, map(judge_authentication, sightings)),
        *bodies.never_seen(),
    ]
    return [*alone, *together, *availability.deviations], availability


def _known(sightings: Sequence[Sighting]) -> list[Sighting]:
    return [sighting for sighting in sightings if sighting.exchange.probe.subject in ("known", "equivalent")]


def _told(facts: Facts, judged: Iterable[Iterable[tuple[Bucket, Deviation]]]) -> Iterator[Deviation]:
    for of_one in judged:
        yield from (deviation for bucket, deviation in of_one if facts.tells(bucket))


def _missing(sightings: Sequence[Sighting]) -> Iterator[str]:
    """What a verdict needs and this run has not got."""
    if not any(
        s.authorised and s.method == "GET" and s.answer is not None and 200 <= s.answer.status < 300 for s in sightings
    ):
        yield REQUIRED_SUCCESS
    if not any(s.authorised and s.exchange.probe.subject == "unknown" and _answered(s) for s in sightings):
        yield REQUIRED_UNKNOWN
    secured = bool(sightings) and sightings[0].contract.operation.secured
    if secured and not any(s.exchange.probe.credential == "missing" and _answered(s) for s in sightings):
        yield REQUIRED_AUTHENTICATION


def _answered(sighting: Sighting) -> bool:
    status = sighting.exchange.status or 0
    return sighting.exchange.failure is None and 0 < status < 500 and status != 429 and not sighting.forced
