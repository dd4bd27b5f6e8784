"""Merges findings of one cause: a value, or a name, that is another one each time is one deviation, not hundreds.

How the findings of a rule are merged is a value of the rule (``Rule.merge``), made by a function here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from operator import attrgetter

from batch_conformance.contract.clause import clause_id
from batch_conformance.findings.finding import LEVELS, Finding, MergedPart, fingerprint_of
from batch_conformance.message import Listing, Message, Template

MOST_KINDS = 5
"""Kinds of deviation at one clause that stay findings of their own; more of them are a value drawn at random."""
MOST_NAMES = 5
"""Undeclared names in one object that no other shares its evidence with; more of them are drawn at random."""

_SHOWN = 3
_CHANGING_NAMES = Template("many.names", "undocumented properties of changing names, such as {name}")
_AND_MORE = Template("many.values", "{shown} and {number} more")

Objects = Callable[[Finding], int]
"""How many objects were seen in which the property of a finding could have been."""
Merge = Callable[[Sequence[Finding], Objects], Mapping[str, Finding]]
"""What findings of one rule become, by their fingerprints; what is not among them stays as it is."""


def merge(findings: Sequence[Finding], merges: Mapping[str, Merge], objects: Objects) -> tuple[Finding, ...]:
    """The findings in their order, those of one cause as one, in the place of the first of them.

    Those of a clause with many kinds have one cause, whatever their rule; ``merges`` has those of rules, by their ids.
    """
    by_clause: dict[str, list[Finding]] = {}
    for finding in findings:
        by_clause.setdefault(finding.clause, []).append(finding)
    of_clauses = {clause: _one(group) for clause, group in by_clause.items() if len(group) > MOST_KINDS}
    found = tuple(dict.fromkeys(of_clauses.get(finding.clause, finding) for finding in findings))
    by_rule: dict[str, list[Finding]] = defaultdict(list)
    for finding in found:
        by_rule[finding.rule].append(finding)
    by_id: dict[str, Finding] = {}
    for rule, group in by_rule.items():
        if rule in merges:
            by_id |= merges[rule](group, objects)
    return tuple(dict.fromkeys(by_id.get(finding.id, finding) for finding in found))


def leave_out(
    findings: Sequence[Finding], unless: Mapping[str, Sequence[str]], unless_alike: Mapping[str, Sequence[str]]
) -> tuple[Finding, ...]:
    """The findings without what another one says better.

    ``unless`` has by rule the rules that do at the same place, ``unless_alike`` those that do wherever in the operation
    they observed the same.
    """
    found_at = {(finding.rule, finding.operation, finding.status, finding.pointer) for finding in findings}
    alike = {(finding.rule, finding.operation, finding.observed) for finding in findings}

    def is_said(finding: Finding) -> bool:
        place = (finding.operation, finding.status, finding.pointer)
        return any((rule, *place) in found_at for rule in unless.get(finding.rule, ())) or any(
            (rule, finding.operation, finding.observed) in alike for rule in unless_alike.get(finding.rule, ())
        )

    return tuple(finding for finding in findings if not is_said(finding))


def changing_names(findings: Sequence[Finding], objects: Objects) -> Mapping[str, Finding]:
    """A ``Merge`` of undeclared names that change from object to object, as one at ``/*``.

    A name that half of the objects have is none of those, and neither are names that always come together.
    """
    by_object: dict[tuple[str, ...], list[Finding]] = defaultdict(list)
    for finding in findings:
        if 2 * finding.occurrences <= objects(finding):
            around = finding.pointer.rpartition("/")[0]
            by_object[finding.operation, finding.status, finding.media_type, around, finding.level].append(finding)
    by_id: dict[str, Finding] = {}
    for group in by_object.values():
        if len({finding.evidence.order for finding in group}) > MOST_NAMES:
            by_id |= dict.fromkeys((finding.id for finding in group), _of_any_name(group))
    return by_id


def values_of_one_kind(words: Mapping[str, Template], drawn_kinds: frozenset[str], drawn_words: Template) -> Merge:
    """A ``Merge`` of values that are wrong in one way, as one at the body, whatever members hold them.

    ``words`` says by kind what is said of several. Values of ``drawn_kinds`` mean nothing: they have one cause where a
    place has several of them, or where there are more than a few, of different kinds and values.
    """

    def merge(findings: Sequence[Finding], _: Objects) -> Mapping[str, Finding]:
        by_id: dict[str, Finding] = {}
        for of_body in _by_body(findings):
            group = [finding for finding in of_body if finding.kind in drawn_kinds]
            drawn = len(_places(group)) < len(group) or (
                len({finding.kind for finding in group}) > 1
                and len(group) > MOST_KINDS
                and len({finding.observed for finding in group}) > 1
            )
            if drawn:
                by_id |= dict.fromkeys((finding.id for finding in group), at_the_body(group, "many", drawn_words))
            for kind, said in words.items():
                of_kind = [finding for finding in of_body if finding.kind == kind]
                if len(of_kind) > 1 and not (drawn and kind in drawn_kinds):
                    by_id |= dict.fromkeys((finding.id for finding in of_kind), at_the_body(of_kind, kind, said))
        return by_id

    return merge


def many_places(
    most: int,
    observed: Template,
    expected: Template | None = None,
    *,
    of_kind: bool = False,
    else_merge: Callable[[Sequence[Finding]], Mapping[str, Finding]] = lambda _: {},
) -> Merge:
    """A ``Merge`` of more than ``most`` findings, as one at the body: what a server makes anew with each answer.

    ``observed`` and ``expected`` are what it says; without the latter, what the first of them does. With ``of_kind``
    only those of one kind are one. ``else_merge`` merges what are no more than that.
    """

    def merge(findings: Sequence[Finding], _: Objects) -> Mapping[str, Finding]:
        by_id: dict[str, Finding] = {}
        for of_body in _by_body(findings):
            by_kind: dict[str, list[Finding]] = defaultdict(list)
            for finding in of_body:
                by_kind[finding.kind if of_kind else "many"].append(finding)
            for kind, group in by_kind.items():
                if len(group) > most:
                    made = at_the_body(group, kind, observed, expected)
                    by_id |= dict.fromkeys((finding.id for finding in group), made)
                else:
                    by_id |= else_merge(group)
        return by_id

    return merge


def _by_body(findings: Sequence[Finding]) -> Iterator[list[Finding]]:
    groups: dict[tuple[str, ...], list[Finding]] = defaultdict(list)
    for finding in findings:
        groups[finding.operation, finding.status, finding.media_type, finding.level].append(finding)
    return iter(groups.values())


def _places(group: Sequence[Finding]) -> list[str]:
    return sorted({finding.pointer for finding in group})


def at_the_body(
    group: Sequence[Finding], kind: str, words: Callable[..., Message], expected: Template | None = None
) -> Finding:
    """One finding at the body in place of several at its members; ``words`` takes their ``places``."""
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
        probes=_probes(group),
        parts=_parts(group),
    )


def _probes(group: Sequence[Finding]) -> tuple[str, ...]:
    return tuple(sorted({probe for finding in group for probe in finding.probes}))


def _parts(group: Sequence[Finding]) -> tuple[MergedPart, ...]:
    """What a finding stands for; what stands for several itself, as what that was made of."""
    own = (one.parts or (MergedPart(one.id, one.pointer, one.kind),) for one in group)
    return tuple(sorted({part for parts in own for part in parts}, key=attrgetter("pointer", "kind", "id")))


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
        probes=_probes(group),
        parts=_parts(group),
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
        probes=_probes(group),
        parts=_parts(group),
    )
