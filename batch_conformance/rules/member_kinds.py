"""Members of one kind that are wrong in one way: all times as texts, all counts as numbers with a fraction.

A server has one serializer for its times, one for its counts and one for its ids, so that what is wrong with several of
them in the same answers has one cause, and is one finding.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial

from batch_conformance.contract.contract import Contract
from batch_conformance.contract.pointer import members
from batch_conformance.contract.roles import Roles
from batch_conformance.contract.violation import type_name
from batch_conformance.findings.finding import Finding
from batch_conformance.findings.merging import Merge, Objects, at_the_body
from batch_conformance.message import Listing, Message, Template, type_named
from batch_conformance.observation.strict_json import parse
from batch_conformance.rules.name_patterns import is_id

_WORDS: Mapping[str, Template] = {
    "times": Template("many.times_as", "times as {type} at {places}"),
    "counts": Template("many.counts_as", "counts as {type} at {places}"),
    "ids": Template("many.ids_as", "ids as {type} at {places}"),
}
_EXPECTED = Template("many.documented_types", "the documented type at each of them: {types}")


def members_of_one_kind(contract: Contract) -> Merge:
    """A ``Merge`` of members of one kind that have one other type than documented in the same answers.

    They are one finding at the body, also where some answers show some of them, and others show others. A member that
    is wrong alone stays a finding of its own, and so does what the document forbids by mistake.
    """
    kinds = {operation.id: _kinds(operation.roles) for operation in contract.operations}
    for operation in contract.operations:
        if operation.listing is not None:
            form = operation.listing
            kinds[operation.id] = {f"{form.items}/*{place}": kind for place, kind in _kinds(form.roles).items()}

    def merge(findings: Sequence[Finding], _: Objects) -> Mapping[str, Finding]:
        groups: dict[tuple[str, ...], list[Finding]] = defaultdict(list)
        for finding in findings:
            kind = kinds.get(finding.operation, {}).get(finding.pointer)
            if kind is not None and finding.status.startswith("2") and finding.side == "server" and not finding.parts:
                body = (finding.operation, finding.status, finding.media_type, finding.level)
                groups[*body, finding.kind, kind].append(finding)
        by_id: dict[str, Finding] = {}
        for key, group in groups.items():
            # All of them have one fingerprint, so they are one finding also where no answer shows all of them.
            parts = sorted(_seen_together(group), key=len, reverse=True)
            together = [finding for part in parts for finding in part]
            if together:
                by_id |= dict.fromkeys((finding.id for finding in together), _merged(together, key[-1]))
        return by_id

    return merge


def _kinds(roles: Roles) -> dict[str, str]:
    """The kind of each member, by its pointer."""
    counts = roles.counts
    ids = [pointer for pointer in (roles.identity, *roles.names) if pointer is not None and is_id(pointer)]
    return {
        **dict.fromkeys(roles.timestamps, "times"),
        **dict.fromkeys((counts.total, counts.completed, counts.failed) if counts else (), "counts"),
        **dict.fromkeys(ids, "ids"),
    }


def _seen_together(group: Sequence[Finding]) -> Iterator[list[Finding]]:
    """Findings that one answer shows, directly or by way of a third; none that is alone.

    The one whose evidence shows the most of them comes first.
    """
    shown = {one.id: {other.id for other in group if _shows(one, other)} | {one.id} for one in group}
    left = {one.id for one in group}
    for one in group:
        reached, added = set[str](), {one.id} & left
        while added:
            reached |= added
            added = {other for other in left - reached if any(shown[other] & shown[seen] for seen in reached)}
        left -= reached
        if len(reached) > 1:
            found = [each for each in group if each.id in reached]
            yield sorted(found, key=lambda each: -len(shown[each.id]))


def _shows(one: Finding, other: Finding) -> bool:
    """Whether the evidence of one finding has a value of the same JSON type where the other one was found."""
    response = one.evidence.response
    parsed = parse(response.body) if response is not None and not response.truncated else None
    if parsed is None or not parsed.readable:
        return False
    return any(type_name(value) == other.kind for value in members(parsed.value, other.pointer))


def _merged(group: Sequence[Finding], kind: str) -> Finding:
    first = group[0]
    types = tuple(dict.fromkeys(finding.expected for finding in group))
    words: Callable[..., Message] = partial(_WORDS[kind], type=type_named(first.kind))
    made = at_the_body(group, f"{first.kind} {kind}", words)
    return replace(made, kind=first.kind, expected=types[0] if len(types) == 1 else _EXPECTED(types=Listing(types)))
