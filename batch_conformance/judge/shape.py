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
from batch_conformance.message import Listing, Template, shown
from batch_conformance.observation.observation import Observation, at
from batch_conformance.rules.media_type import NO_CONTENT_TYPE
from batch_conformance.rules.rule import Broken
from batch_conformance.rules.shape import CHANGED

_CHAPTERS = frozenset({"known_ids", "lifecycle", "identity", "unknown_ids", "authentication", "statuses"})
"""Chapters whose requests are ordinary ones; what odd ones are answered depends on what stands before the server."""

_HEADER = Template("shape.changed.header", "the header {name}, as always before")
_NO_HEADER = Template("shape.changed.no_header", "no such header")

_TOLD_HEADERS = {"auth.challenge_missing": "www-authenticate", "method.allow_missing": "allow"}


def observe(exchanges: Sequence[Exchange], contract: Contract) -> ShapeRecord:
    """The shape of the answers to a run's ordinary requests."""
    kinds: dict[tuple[str, str], list[Observation]] = defaultdict(list)
    for exchange in exchanges:
        observation = Observation(exchange, contract)
        if is_ordinary(observation):
            kinds[observation.status, ""].append(observation)
            if state := state_of(observation):
                kinds[observation.status, state].append(observation)
    return ShapeRecord(
        contract.chosen.id, {kind: _shape_of(observations, contract) for kind, observations in kinds.items()}
    )


def judge_shape(
    observations: Sequence[Observation], recorded: ShapeRecord, tally: Tally, strangers: Set[tuple[int, int]]
) -> Iterator[Deviation]:
    """How the answers left the recorded shape, where no deviation from the contract, ``tally``, says so already.

    ``strangers`` are the exchanges, by their order, whose bodies have none of the documented properties.
    """
    places = {(deviation.status, deviation.pointer) for deviation, level in tally.kinds() if level != "info"}
    rules = {(deviation.status, deviation.rule) for deviation, _ in tally.kinds()}
    for observation in _compared(observations, recorded):
        shape = recorded.of(observation.status, state_of(observation))
        if shape is None:
            continue
        if (observation.status, "response.media_type") not in rules:
            yield from _media_type(observation, shape)
        known = {name for rule, name in _TOLD_HEADERS.items() if (observation.status, rule) in rules}
        yield from _headers(observation, shape, known)
        if observation.exchange.order not in strangers:
            yield from (found for found in _body(observation, shape) if (found.status, found.pointer) not in places)


def shape_clause(
    contract: Contract, observations: Sequence[Observation], recorded: ShapeRecord, broken: int
) -> ClauseResult:
    """The clause that a recorded shape adds to a contract, and how it fared."""
    (clause,) = CHANGED.clauses_of(contract.chosen)
    judged = sum(1 for _ in _compared(observations, recorded))
    return ClauseResult(clause, "broken" if broken else "kept" if judged else "not_observed", judged, broken)


def is_ordinary(observation: Observation) -> bool:
    """Whether an exchange says something of the server's own answers: no outage, no oddity, no stranger's batch."""
    answer, probe = observation.answer, observation.exchange.probe
    if answer is None or observation.exchange.failure is not None or not observation.exchange.final:
        return False
    if observation.method != "GET" or probe.chapter not in _CHAPTERS or probe.subject in ("outside", "hostile"):
        return False
    if answer.status == 429 or answer.status >= 500:
        return observation.forced
    return probe.subject in ("known", "equivalent") or not 200 <= answer.status < 300


def state_of(observation: Observation) -> str:
    """The lifecycle state that an answered batch is in, empty where it says none."""
    pointer = observation.operation.roles.state
    state: Any = at(observation.batch, pointer) if pointer and observation.batch is not None else None
    return state if isinstance(state, str) else ""


def _compared(observations: Sequence[Observation], recorded: ShapeRecord) -> Iterator[Observation]:
    for observation in observations:
        if is_ordinary(observation) and recorded.of(observation.status, state_of(observation)) is not None:
            yield observation


def _shape_of(observations: Sequence[Observation], contract: Contract) -> AnswerShape:
    bodies = [s.parsed.value for s in observations if _is_json(s) and s.parsed is not None and s.parsed.readable]
    return AnswerShape(
        count=len(observations),
        media_types=tuple(sorted({observation.media_type for observation in observations})),
        headers=lasting_headers([name for name, _ in s.answer.headers] for s in observations if s.answer is not None),
        body=infer(bodies, contract.chosen.roles.free_maps),
    )


def _is_json(observation: Observation) -> bool:
    return "json" in (observation.media_type or observation.contract_media_type)


def _media_type(observation: Observation, shape: AnswerShape) -> Iterator[Deviation]:
    if observation.media_type not in shape.media_types:
        yield CHANGED.deviation(
            observation,
            Broken(
                expected=AS_BEFORE(said=Listing(tuple(kind or NO_CONTENT_TYPE() for kind in shape.media_types), "or")),
                observed=shown(observation.media_type or NO_CONTENT_TYPE()),
                kind=f"media type {observation.media_type or 'none'}",
            ),
        )


def _headers(observation: Observation, shape: AnswerShape, known: set[str]) -> Iterator[Deviation]:
    for name in shape.headers:
        if name not in known and observation.answer is not None and observation.answer.header(name) is None:
            yield CHANGED.deviation(
                observation,
                Broken(
                    expected=_HEADER(name=name),
                    observed=_NO_HEADER(),
                    kind=f"header {name}",
                ),
            )


def _body(observation: Observation, shape: AnswerShape) -> Iterator[Deviation]:
    parsed = observation.parsed
    if parsed is None or not parsed.readable or not shape.body or not _is_json(observation):
        return
    for difference in dict.fromkeys(differences(shape.body, parsed.value)):
        yield CHANGED.deviation(
            observation,
            Broken(
                media_type=observation.contract_media_type,
                pointer=difference.pointer,
                expected=difference.expected,
                observed=difference.observed,
                kind=difference.kind,
            ),
        )
