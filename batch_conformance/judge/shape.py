"""Observes the shape of a run's answers, and judges it by one that was recorded before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence, Set
from typing import Any

from batch_conformance.contract.contract import Contract
from batch_conformance.exchange.exchange import Exchange
from batch_conformance.findings.finding import Deviation
from batch_conformance.findings.fold import Tally
from batch_conformance.findings.ledger import ClauseResult
from batch_conformance.findings.shape import AS_BEFORE, AnswerShape, ShapeRecord, differences, infer, lasting_headers
from batch_conformance.judge.sighting import Sighting, at
from batch_conformance.message import Listing, Template, shown
from batch_conformance.rules.rule import Broken
from batch_conformance.rules.shape import CHANGED

_CHAPTERS = frozenset({"known_ids", "lifecycle", "identity", "unknown_ids", "authentication", "statuses"})
"""Chapters whose requests are ordinary ones; what odd ones are answered depends on what stands before the server."""

_NO_CONTENT_TYPE = Template("header.no_content_type", "no Content-Type")
_HEADER = Template("shape.changed.header", "the header {name}, as always before")
_NO_HEADER = Template("shape.changed.no_header", "no such header")

_TOLD_HEADERS = {"auth.challenge_missing": "www-authenticate", "method.allow_missing": "allow"}


def observe(exchanges: Sequence[Exchange], contract: Contract) -> ShapeRecord:
    """The shape of the answers to a run's ordinary requests."""
    kinds: dict[tuple[str, str], list[Sighting]] = defaultdict(list)
    for exchange in exchanges:
        sighting = Sighting(exchange, contract)
        if is_ordinary(sighting):
            kinds[sighting.status, ""].append(sighting)
            if state := state_of(sighting):
                kinds[sighting.status, state].append(sighting)
    return ShapeRecord(contract.chosen.id, {kind: _shape_of(sightings, contract) for kind, sightings in kinds.items()})


def judge_shape(
    sightings: Sequence[Sighting], recorded: ShapeRecord, told: Tally, strangers: Set[tuple[int, int]]
) -> Iterator[Deviation]:
    """How the answers left the recorded shape, where no deviation from the contract, ``told``, says so already.

    ``strangers`` are the exchanges, by their order, whose bodies have none of the documented properties.
    """
    places = {(deviation.status, deviation.pointer) for deviation, level in told.kinds() if level != "info"}
    rules = {(deviation.status, deviation.rule) for deviation, _ in told.kinds()}
    for sighting in _compared(sightings, recorded):
        shape = recorded.of(sighting.status, state_of(sighting))
        if shape is None:
            continue
        if (sighting.status, "response.media_type") not in rules:
            yield from _media_type(sighting, shape)
        known = {name for rule, name in _TOLD_HEADERS.items() if (sighting.status, rule) in rules}
        yield from _headers(sighting, shape, known)
        if sighting.exchange.order not in strangers:
            yield from (found for found in _body(sighting, shape) if (found.status, found.pointer) not in places)


def shape_clause(contract: Contract, sightings: Sequence[Sighting], recorded: ShapeRecord, broken: int) -> ClauseResult:
    """The clause that a recorded shape adds to a contract, and how it fared."""
    (clause,) = CHANGED.clauses_of(contract.chosen)
    judged = sum(1 for _ in _compared(sightings, recorded))
    return ClauseResult(clause, "broken" if broken else "kept" if judged else "not_observed", judged, broken)


def is_ordinary(sighting: Sighting) -> bool:
    """Whether an exchange says something of the server's own answers: no outage, no oddity, no stranger's batch."""
    answer, probe = sighting.answer, sighting.exchange.probe
    if answer is None or sighting.exchange.failure is not None or not sighting.exchange.final:
        return False
    if sighting.method != "GET" or probe.chapter not in _CHAPTERS or probe.subject in ("outside", "hostile"):
        return False
    if answer.status == 429 or answer.status >= 500:
        return sighting.forced
    return probe.subject in ("known", "equivalent") or not 200 <= answer.status < 300


def state_of(sighting: Sighting) -> str:
    """The lifecycle state that an answered batch is in, empty where it says none."""
    pointer = sighting.operation.roles.state
    state: Any = at(sighting.batch, pointer) if pointer and sighting.batch is not None else None
    return state if isinstance(state, str) else ""


def _compared(sightings: Sequence[Sighting], recorded: ShapeRecord) -> Iterator[Sighting]:
    for sighting in sightings:
        if is_ordinary(sighting) and recorded.of(sighting.status, state_of(sighting)) is not None:
            yield sighting


def _shape_of(sightings: Sequence[Sighting], contract: Contract) -> AnswerShape:
    bodies = [s.parsed.value for s in sightings if _is_json(s) and s.parsed is not None and s.parsed.readable]
    return AnswerShape(
        count=len(sightings),
        media_types=tuple(sorted({sighting.media_type for sighting in sightings})),
        headers=lasting_headers([name for name, _ in s.answer.headers] for s in sightings if s.answer is not None),
        body=infer(bodies, contract.chosen.roles.free_maps),
    )


def _is_json(sighting: Sighting) -> bool:
    return "json" in (sighting.media_type or sighting.contract_media_type)


def _media_type(sighting: Sighting, shape: AnswerShape) -> Iterator[Deviation]:
    if sighting.media_type not in shape.media_types:
        yield CHANGED.deviation(
            sighting,
            Broken(
                expected=AS_BEFORE(said=Listing(tuple(kind or _NO_CONTENT_TYPE() for kind in shape.media_types), "or")),
                observed=shown(sighting.media_type or _NO_CONTENT_TYPE()),
                kind=f"media type {sighting.media_type or 'none'}",
            ),
        )


def _headers(sighting: Sighting, shape: AnswerShape, known: set[str]) -> Iterator[Deviation]:
    for name in shape.headers:
        if name not in known and sighting.answer is not None and sighting.answer.header(name) is None:
            yield CHANGED.deviation(
                sighting,
                Broken(
                    expected=_HEADER(name=name),
                    observed=_NO_HEADER(),
                    kind=f"header {name}",
                ),
            )


def _body(sighting: Sighting, shape: AnswerShape) -> Iterator[Deviation]:
    parsed = sighting.parsed
    if parsed is None or not parsed.readable or not shape.body or not _is_json(sighting):
        return
    for difference in dict.fromkeys(differences(shape.body, parsed.value)):
        yield CHANGED.deviation(
            sighting,
            Broken(
                media_type=sighting.contract_media_type,
                pointer=difference.pointer,
                expected=difference.expected,
                observed=difference.observed,
                kind=difference.kind,
            ),
        )
