"""Joins two ledgers of one contract: of a recorded run of the suite, and of traffic that no suite sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import replace
from typing import TypeVar

from batch_conformance.findings.finding import LEVELS, Finding
from batch_conformance.findings.ledger import ClauseResult, ClauseState, FieldResult, Ledger, StatusResult

_STATES: tuple[ClauseState, ...] = ("broken", "kept", "inconclusive", "not_observed")
"""What says more about a clause first."""

_T = TypeVar("_T")


def join(one: Ledger, other: Ledger) -> Ledger:
    """The ledger of both. What one of them has got, neither of them is missing."""
    exchanges = {exchange.order: exchange for exchange in (*one.exchanges, *other.exchanges)}
    findings = _joined((*one.findings, *other.findings), lambda finding: finding.id, _finding)
    return Ledger(
        exchanges=tuple(exchange for _, exchange in sorted(exchanges.items())),
        findings=tuple(sorted(findings, key=lambda f: (LEVELS.index(f.level), f.status, f.rule, f.pointer, f.kind))),
        clauses=_joined((*one.clauses, *other.clauses), lambda result: result.clause.id, _clause),
        fields=_joined((*one.fields, *other.fields), lambda result: (result.status, result.pointer), _field),
        statuses=_joined((*one.statuses, *other.statuses), lambda result: result.status, _status),
        missing=tuple(what for what in one.missing if what in other.missing),
        unjudged=one.unjudged | other.unjudged,
    )


def _joined(values: Iterable[_T], key: Callable[[_T], Hashable], two_as_one: Callable[[_T, _T], _T]) -> tuple[_T, ...]:
    made: dict[Hashable, _T] = {}
    for value in values:
        known = made.get(key(value))
        made[key(value)] = value if known is None else two_as_one(known, value)
    return tuple(made.values())


def _finding(one: Finding, other: Finding) -> Finding:
    shown = min(one, other, key=_evidence)
    return replace(
        shown,
        level=min(one.level, other.level, key=LEVELS.index),
        occurrences=one.occurrences + other.occurrences,
        probes=tuple(sorted({*one.probes, *other.probes})),
    )


def _evidence(finding: Finding) -> tuple[int, tuple[int, int]]:
    response = finding.evidence.response
    return len(response.body) if response else 0, finding.evidence.order


def _clause(one: ClauseResult, other: ClauseResult) -> ClauseResult:
    state = min(one.state, other.state, key=_STATES.index)
    return ClauseResult(one.clause, state, one.judged + other.judged, one.broken + other.broken)


def _field(one: FieldResult, other: FieldResult) -> FieldResult:
    return replace(one, types=_sum(one.types, other.types), absent=one.absent + other.absent)


def _status(one: StatusResult, other: StatusResult) -> StatusResult:
    return replace(one, media_types=_sum(one.media_types, other.media_types), count=one.count + other.count)


def _sum(one: Mapping[str, int], other: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted((Counter(one) + Counter(other)).items()))
