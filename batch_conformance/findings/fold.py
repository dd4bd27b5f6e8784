"""Folds deviations into findings: one for each kind at each clause, with the smallest evidence."""

from __future__ import annotations

from collections.abc import Iterable

from batch_conformance.findings.crowd import gather
from batch_conformance.findings.finding import LEVELS, Deviation, Finding


def fold(deviations: Iterable[Deviation]) -> tuple[Finding, ...]:
    """The findings of all ``deviations``, worst first; their order and evidence do not depend on that of the input."""
    groups: dict[str, list[Deviation]] = {}
    for deviation in deviations:
        groups.setdefault(deviation.fingerprint, []).append(deviation)
    return gather(sorted((_finding(group) for group in groups.values()), key=_rank))


def _finding(group: list[Deviation]) -> Finding:
    shown = min(group, key=_size)
    return Finding(
        id=shown.fingerprint,
        rule=shown.rule,
        level=min((deviation.level for deviation in group), key=LEVELS.index),
        side=shown.side,
        operation=shown.operation,
        status=shown.status,
        media_type=shown.media_type,
        pointer=shown.pointer,
        expected=shown.expected,
        observed=shown.observed,
        kind=shown.kind,
        occurrences=len({deviation.exchange.order for deviation in group}),
        evidence=shown.exchange,
        location=shown.location,
        probes=tuple(sorted({f"{d.exchange.probe.chapter}/{d.exchange.probe.name}" for d in group})),
    )


def _size(deviation: Deviation) -> tuple[int, tuple[int, int]]:
    response = deviation.exchange.response
    return (len(response.body) if response else 0, deviation.exchange.order)


def _rank(finding: Finding) -> tuple[int, str, str, str, str]:
    return (LEVELS.index(finding.level), finding.status, finding.rule, finding.pointer, finding.kind)
