"""Merges findings of one cause: a value, or a name, that is another one each time is one deviation, not hundreds."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from batch_conformance.contract.clause import clause_id
from batch_conformance.findings.finding import LEVELS, Finding, fingerprint_of
from batch_conformance.message import Listing, Template

MOST_KINDS = 5
"""Kinds of deviation at one clause that stay findings of their own; more of them are a value drawn at random."""
MOST_NAMES = 5
"""Undeclared names in one object that no other shares its evidence with; more of them are drawn at random."""

NO_AGE = frozenset({"negative", "distant"})
"""Kinds of times that are in no unit, and mean nothing."""

_SHOWN = 3
_CHANGING_NAMES = Template("many.names", "undocumented properties of changing names, such as {name}")
_AND_MORE = Template("many.values", "{shown} and {number} more")
_NOT_BEFORE = Template("many.not_before", "times not before {place}")
_NO_AGE = Template("many.no_age", "times of no age at {places}")
_UNITS = {
    "milliseconds": Template("many.milliseconds", "milliseconds at {places}"),
    "microseconds": Template("many.microseconds", "microseconds at {places}"),
    "nanoseconds": Template("many.nanoseconds", "nanoseconds at {places}"),
    "zero": Template("many.zero", "0 at {places}"),
    "negative": Template("many.negative", "times below 0 at {places}"),
    "distant": _NO_AGE,
}
"""Kinds of times that are not in Unix seconds, and what is said of them."""


@dataclass(frozen=True, slots=True)
class _Merging:
    """How the findings of a rule are merged into one: when there are more than ``most`` of them, and in which words.

    ``of_kind`` says that only those of one kind are one. Where ``expected`` is None, that of the first of them is.
    """

    most: int
    observed: Template
    expected: Template | None = None
    of_kind: bool = False


_MERGED = {
    "stability.changed": _Merging(
        3,
        Template("many.other_values", "other values at {places}"),
        Template("many.values_before", "the values read before"),
    ),
    "time.order": _Merging(
        MOST_KINDS,
        Template("many.no_order", "times in no order at {places}"),
        Template("many.in_order", "times in the order of the states"),
    ),
    "state.timestamp_early": _Merging(
        2, Template("many.other_states", "times of other states at {places}"), of_kind=True
    ),
}
"""Rules that a server breaks at many places at once when it makes its answers anew each time."""

_MOST_BEFORE_ONE = 2
"""Times that stay findings of their own when all of them are before one that has to come first."""
_SAYS_MORE = {
    "body.seen": ("state.timestamp_missing",),
    "state.stage_timestamp_missing": ("body.seen", "state.timestamp_missing"),
}
"""Rules about a property that lacks, and those that say it better at the same place."""

Objects = Callable[[Finding], int]
"""How many objects were seen in which the property of a finding could have been."""


def gather(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings in their order, those of a clause with many kinds as one, in the place of the first of them."""
    by_clause: dict[str, list[Finding]] = {}
    for finding in findings:
        by_clause.setdefault(finding.clause, []).append(finding)
    by_id = {clause: _one(group) for clause, group in by_clause.items() if len(group) > MOST_KINDS}
    return tuple(dict.fromkeys(by_id.get(finding.clause, finding) for finding in findings))


def gather_names(findings: Sequence[Finding], objects: Objects) -> tuple[Finding, ...]:
    """The findings in their order, those of undeclared names that change from object to object as one at ``/*``.

    A name that half of the objects have is none of those, and neither are names that always come together.
    """
    by_object: dict[tuple[str, ...], list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.rule == "body.undeclared" and 2 * finding.occurrences <= objects(finding):
            around = finding.pointer.rpartition("/")[0]
            by_object[finding.operation, finding.status, finding.media_type, around, finding.level].append(finding)
    by_id: dict[str, Finding] = {}
    for group in by_object.values():
        if len({finding.evidence.order for finding in group}) > MOST_NAMES:
            by_id |= dict.fromkeys((finding.id for finding in group), _of_any_name(group))
    return tuple(dict.fromkeys(by_id.get(finding.id, finding) for finding in findings))


def gather_times(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings in their order, those of times in one wrong unit as one at the body, whatever fields hold them.

    Times of no age are a unit each, negative and distant, unless one place has both, or there are more than a few, of
    different values: then they are drawn at random, and one.
    """
    by_body: dict[tuple[str, ...], list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.rule == "time.magnitude":
            by_body[finding.operation, finding.status, finding.media_type, finding.level].append(finding)
    by_id: dict[str, Finding] = {}
    for of_body in by_body.values():
        group = [finding for finding in of_body if finding.kind in NO_AGE]
        drawn = len(_places(group)) < len(group) or (
            len({finding.kind for finding in group}) > 1
            and len(group) > MOST_KINDS
            and len({finding.observed for finding in group}) > 1
        )
        if drawn:
            by_id |= dict.fromkeys((finding.id for finding in group), _at_the_body(group, "many", _NO_AGE))
        for kind, words in _UNITS.items():
            of_kind = [finding for finding in of_body if finding.kind == kind]
            if len(of_kind) > 1 and not (drawn and kind in NO_AGE):
                by_id |= dict.fromkeys((finding.id for finding in of_kind), _at_the_body(of_kind, kind, words))
    return tuple(dict.fromkeys(by_id.get(finding.id, finding) for finding in findings))


def gather_changes(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings in their order, those of many values that change, or of many times in no order, as one at the body.

    A server that makes its answers anew each time changes whatever it has.
    """
    by_body: dict[tuple[str, ...], list[Finding]] = defaultdict(list)
    for finding in findings:
        merged = _MERGED.get(finding.rule)
        if merged is not None:
            kind = finding.kind if merged.of_kind else "many"
            place = (finding.operation, finding.status, finding.media_type, finding.level)
            by_body[finding.rule, kind, *place].append(finding)
    by_id: dict[str, Finding] = {}
    for (rule, kind, *_), group in by_body.items():
        merged = _MERGED[rule]
        if len(group) > merged.most:
            made = _at_the_body(group, kind, merged.observed, merged.expected)
            by_id |= dict.fromkeys((finding.id for finding in group), made)
        elif rule == "time.order":
            by_id |= _behind_one_time(group)
    return tuple(dict.fromkeys(by_id.get(finding.id, finding) for finding in findings))


def _behind_one_time(group: Sequence[Finding]) -> dict[str, Finding]:
    """What findings become, by their ids, where several times are before one: that one is too late."""
    merged, by_kind = _MERGED["time.order"], defaultdict(list)
    for finding in group:
        by_kind[finding.kind].append(finding)
    by_id: dict[str, Finding] = {}
    for kind, of_kind in by_kind.items():
        if len(of_kind) > _MOST_BEFORE_ONE:
            # The moment of that time stays out: it is the value of another place, which may be masked.
            place = dict(of_kind[0].expected.arguments)["place"]
            made = replace(_at_the_body(of_kind, kind, merged.observed), expected=_NOT_BEFORE(place=place))
            by_id |= dict.fromkeys((finding.id for finding in of_kind), made)
    return by_id


def leave_out_absences(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """The findings without what follows from a time that is never there: once is enough that it lacks.

    That a batch in its final state lacks its own time says more than that nobody had it; that nobody had it says more
    than that a batch in a passing state lacks it.
    """
    found_at = {(finding.rule, finding.operation, finding.status, finding.pointer) for finding in findings}

    def follows(finding: Finding) -> bool:
        says_more = _SAYS_MORE.get(finding.rule, ())
        return any((rule, finding.operation, finding.status, finding.pointer) in found_at for rule in says_more)

    return tuple(finding for finding in findings if not follows(finding))


def _places(group: Sequence[Finding]) -> list[str]:
    return sorted({finding.pointer for finding in group})


def _at_the_body(group: Sequence[Finding], kind: str, words: Template, expected: Template | None = None) -> Finding:
    first, places = group[0], _places(group)
    clause = clause_id(first.operation, first.status, first.media_type, "", first.rule)
    return replace(
        first,
        id=fingerprint_of(clause, kind),
        pointer="",
        kind=kind,
        expected=expected() if expected is not None else first.expected,
        observed=words(places=Listing(tuple(places))),
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
        observed=_CHANGING_NAMES(name=first.pointer.rpartition("/")[2]),
        occurrences=sum(finding.occurrences for finding in group),
        probes=tuple(sorted({probe for finding in group for probe in finding.probes})),
    )


def _one(group: list[Finding]) -> Finding:
    first = group[0]
    return replace(
        first,
        id=fingerprint_of(first.clause, "many"),
        level=min((finding.level for finding in group), key=LEVELS.index),
        kind="many",
        observed=_AND_MORE(shown=Listing(tuple(f.observed for f in group[:_SHOWN])), number=len(group) - _SHOWN),
        occurrences=sum(finding.occurrences for finding in group),
        probes=tuple(sorted({probe for finding in group for probe in finding.probes})),
    )
