"""Gathers a crowd of findings at one clause: a value that is another one each time is one deviation, not hundreds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from batch_conformance.findings.finding import LEVELS, Finding, fingerprint_of

MOST_KINDS = 5
"""Kinds of deviation at one clause that are told apart; more of them are a value drawn at random."""

_SHOWN = 3


def gather(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings in their order, those of a crowded clause as one, in the place of the first of them."""
    by_clause: dict[str, list[Finding]] = {}
    for finding in findings:
        by_clause.setdefault(finding.clause, []).append(finding)
    crowds = {clause: _one(group) for clause, group in by_clause.items() if len(group) > MOST_KINDS}
    return tuple(dict.fromkeys(crowds.get(finding.clause, finding) for finding in findings))


def _one(group: list[Finding]) -> Finding:
    shown = ", ".join(finding.observed for finding in group[:_SHOWN])
    first = group[0]
    return replace(
        first,
        id=fingerprint_of(first.clause, "many"),
        level=min((finding.level for finding in group), key=LEVELS.index),
        kind="many",
        observed=f"{shown} and {len(group) - _SHOWN} more",
        occurrences=sum(finding.occurrences for finding in group),
        probes=tuple(sorted({probe for finding in group for probe in finding.probes})),
    )
