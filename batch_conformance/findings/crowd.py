"""Gathers crowds of findings: a value, or a name, that is another one each time is one deviation, not hundreds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace

from batch_conformance.contract.clause import clause_id
from batch_conformance.findings.finding import LEVELS, Finding, fingerprint_of

MOST_KINDS = 5
"""Kinds of deviation at one clause that are told apart; more of them are a value drawn at random."""
MOST_NAMES = 5
"""Undeclared names in one object that no other shares its evidence with; more of them are drawn at random."""

NO_AGE = frozenset({"negative", "distant"})
"""Kinds of times that are in no unit, and mean nothing."""

_SHOWN = 3

Objects = Callable[[Finding], int]
"""How many objects were seen in which the property of a finding could have been."""


def gather(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings in their order, those of a crowded clause as one, in the place of the first of them."""
    by_clause: dict[str, list[Finding]] = {}
    for finding in findings:
        by_clause.setdefault(finding.clause, []).append(finding)
    crowds = {clause: _one(group) for clause, group in by_clause.items() if len(group) > MOST_KINDS}
    return tuple(dict.fromkeys(crowds.get(finding.clause, finding) for finding in findings))


def gather_names(findings: Sequence[Finding], objects: Objects) -> tuple[Finding, ...]:
    """The findings in their order, those of undeclared names that change from object to object as one at ``/*``.

    A name that half of the objects have is none of those, and neither are names that always come together.
    """
    by_object: dict[tuple[str, ...], list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.rule == "body.undeclared" and 2 * finding.occurrences <= objects(finding):
            around = finding.pointer.rpartition("/")[0]
            by_object[finding.operation, finding.status, finding.media_type, around, finding.level].append(finding)
    crowds: dict[str, Finding] = {}
    for group in by_object.values():
        if len({finding.evidence.order for finding in group}) > MOST_NAMES:
            crowds |= dict.fromkeys((finding.id for finding in group), _of_any_name(group))
    return tuple(dict.fromkeys(crowds.get(finding.id, finding) for finding in findings))


def gather_times(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings in their order, those of times of no age as one at the body where values are drawn at random.

    They are where one place has times of both kinds, and where there are more of them than a few. One value at all of
    them stands for unset: that is told by its places.
    """
    by_body: dict[tuple[str, ...], list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.rule == "time.magnitude" and finding.kind in NO_AGE:
            by_body[finding.operation, finding.status, finding.media_type, finding.level].append(finding)
    crowds: dict[str, Finding] = {}
    for group in by_body.values():
        of_both_kinds = len({finding.pointer for finding in group}) < len(group)
        if of_both_kinds or (len(group) > MOST_KINDS and len({finding.observed for finding in group}) > 1):
            crowds |= dict.fromkeys((finding.id for finding in group), _of_any_time(group))
    return tuple(dict.fromkeys(crowds.get(finding.id, finding) for finding in findings))


def _of_any_time(group: list[Finding]) -> Finding:
    first = group[0]
    places = sorted({finding.pointer for finding in group})
    clause = clause_id(first.operation, first.status, first.media_type, "", first.rule)
    return replace(
        first,
        id=fingerprint_of(clause, "many"),
        pointer="",
        kind="many",
        observed=f"times of no age at {', '.join(places)}",
        occurrences=max(sum(one.occurrences for one in group if one.pointer == place) for place in places),
        probes=tuple(sorted({probe for finding in group for probe in finding.probes})),
    )


def _of_any_name(group: list[Finding]) -> Finding:
    first = group[0]
    pointer = first.pointer.rpartition("/")[0] + "/*"
    clause = clause_id(first.operation, first.status, first.media_type, pointer, first.rule)
    return replace(
        first,
        id=fingerprint_of(clause, "many"),
        pointer=pointer,
        kind="many",
        observed=f"undocumented properties of changing names, such as {first.pointer.rpartition('/')[2]}",
        occurrences=sum(finding.occurrences for finding in group),
        probes=tuple(sorted({probe for finding in group for probe in finding.probes})),
    )


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
