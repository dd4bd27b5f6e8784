"""Compares two schemas of a response body place by place, objects of which there are several kinds by alternative.

A client reads bodies: what it may be sent that it was never sent before breaks it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace

from batch_conformance.contract.change import Change, ChangeKind
from batch_conformance.contract.compare import Difference, compare_places, type_words
from batch_conformance.contract.location import Location
from batch_conformance.contract.schema import KNOWN_VALUES, Branch, Property, Schema
from batch_conformance.message import Listing, Message, Template, argument_names, shown, type_named

_EVERY_VALUE = Template("diff.why.every_value", "Every value that may come now could come before.")

_IN_RESPONSE: Mapping[tuple[str, ChangeKind], Template] = {
    ("type", "tightened"): _EVERY_VALUE,
    ("type", "loosened"): Template(
        "diff.why.type_loosened", "A client may now be sent {came}, which it never had to read."
    ),
    ("type", "changed"): Template("diff.why.type_changed", "A client that reads the old type cannot read the new one."),
    ("required", "tightened"): Template(
        "diff.why.required_tightened", "Clients had to do without it before, and still can."
    ),
    ("required", "loosened"): Template(
        "diff.why.required_loosened", "A client relies on it, and may now find nothing there."
    ),
    ("enum", "tightened"): Template(
        "diff.why.enum_tightened", "Clients are no longer sent some of the values; branches for them are idle."
    ),
    ("enum", "loosened"): Template(
        "diff.why.enum_loosened", "A client that decides by the value meets one that it does not know."
    ),
    ("format", "tightened"): _EVERY_VALUE,
    ("format", "loosened"): Template(
        "diff.why.format_loosened", "A client that parses the value by its format may be sent another."
    ),
    ("format", "changed"): Template(
        "diff.why.format_changed", "A client that parses the value by its format is sent another."
    ),
    ("additionalProperties", "tightened"): Template(
        "diff.why.closed", "Clients are no longer sent properties that they do not know."
    ),
    ("additionalProperties", "loosened"): Template(
        "diff.why.opened", "A client that was told that nothing else comes may refuse what does."
    ),
    ("", "tightened"): _EVERY_VALUE,
    ("", "loosened"): Template("diff.why.loosened", "Values may come that the old bound ruled out."),
    ("", "changed"): Template("diff.why.changed", "Values may come that the old constraint ruled out."),
}
"""Why a change of a keyword breaks who reads responses, or does not; ``""`` for any other keyword."""

_MOST_BRANCHES = 16
"""Alternatives of one object that are compared with each other."""

_NEW_VALUES = Template(
    "diff.why.new_values", "A client that decides by the value meets one that it does not know: {came}."
)
_IDLE = Template("diff.why.idle", "Clients are no longer sent objects of this kind; branches for them are idle.")
_NEW_KIND = Template("diff.why.new_kind", "A client may be sent an object of a kind that it never had to read.")
_OWN = Template("diff.why.own", "The members of this object are the customer's own.")
_OWN_EXAMPLE = Template(
    "diff.why.own_example", "The members of this object are the customer's own; this one was an example."
)
_PROMISED = Template("diff.why.promised", "The old contract promised that no other property comes.")
_IGNORED = Template("diff.why.ignored", "Clients ignore what they do not know.")
_WAS_OPEN = Template("diff.why.was_open", "Nothing was said of what is there before.")
_IS_OPEN = Template("diff.why.is_open", "Nothing is said of what is there any more; a client may be sent anything.")
_GONE = Template("diff.why.gone", "A client that reads it finds nothing.")
_GONE_OPTIONAL = Template(
    "diff.why.gone_optional",
    "A client that reads it finds nothing. Only one that was written for its absence copes.",
)
_RENAMED = Template("diff.why.renamed", "{why} It seems to be called {pointer} now.")
_ALWAYS_THERE = Template("diff.always_there", "{types}, always there")
_ALTERNATIVE = Template("diff.alternative", "alternative {number}")

_ALIKE = 0.5
"""How alike names must be for a property that went and one that came to be taken for one that was renamed."""


def body_changes(old: Schema, new: Schema) -> Iterator[Change]:
    """Every change between two schemas of one body: of all its places, and of its alternatives one by one."""
    free = old.free_maps & new.free_maps
    changes = list(_between_places(old.compared, new.compared, free))
    changed = {change.pointer for change in changes if change.rule == "body.type"}
    both = {place.pointer for place in new.compared} - changed
    of_branches: list[Change] = []
    idle: set[str] = set()
    for pointer in [place.pointer for place in old.compared if place.pointer in both]:
        before, after = old.branches(pointer), new.branches(pointer)
        if len(before) < 2 and len(after) < 2:
            continue
        before, after = before or (_whole(old, pointer),), after or (_whole(new, pointer),)
        between, gone = _between_branches(before, after, free)
        of_branches += (replace(change, pointer=pointer + change.pointer) for change in between)
        idle |= {pointer + place for place in gone}
    said: set[tuple[str, str]] = set()
    for number, change in enumerate([*changes, *of_branches]):
        if number < len(changes) or (change.pointer, change.rule) not in said:
            said.add((change.pointer, change.rule))
            removed = change.rule == "body.property" and change.kind == "removed" and change.pointer in idle
            yield replace(change, breaking=False, why=_IDLE()) if removed else change


def _whole(schema: Schema, pointer: str) -> Branch:
    """An object of one kind as the only alternative to itself."""
    inside = (place for place in schema.compared if (place.pointer + "/").startswith(pointer + "/"))
    return Branch("", tuple(replace(place, pointer=place.pointer[len(pointer) :]) for place in inside))


def _between_branches(
    old: Sequence[Branch], new: Sequence[Branch], free: Set[str]
) -> tuple[list[Change], frozenset[str]]:
    """What changes within the alternatives that stand for each other, and which places only alternatives had that went.

    Pointers are those below the alternatives.
    """
    found = {
        (i, j): list(_between_places(was.properties, now.properties, free))
        for i, was in enumerate(old[:_MOST_BRANCHES])
        for j, now in enumerate(new[:_MOST_BRANCHES])
    }
    left_old, left_new = {i for i, _ in found}, {j for _, j in found}
    all_old, all_new = frozenset(left_old), frozenset(left_new)
    changes: list[Change] = []

    def nearness(pair: tuple[int, int]) -> tuple[bool, bool, int, int]:
        i, j = pair
        same = bool(old[i].name) and old[i].name == new[j].name
        return bool(found[pair]), not same, len(found[pair]), abs(i - j)

    for i, j in sorted(found, key=nearness):
        if i in left_old and j in left_new:
            left_old.discard(i)
            left_new.discard(j)
            changes += found[i, j]
    for j in sorted(left_new):
        if all(found[i, j] for i in all_old):
            place = new[j].properties[0].location
            words = _named(new[j], j)
            changes.append(Change("body.type", "loosened", True, None, words, _NEW_KIND(), new_location=place))
    gone = {i for i in left_old if all(found[i, j] for j in all_new)}
    for i in sorted(gone):
        words, place = _named(old[i], i), old[i].properties[0].location
        changes.append(Change("body.type", "tightened", False, words, None, _IDLE(), old_location=place))
    kept = {place.pointer for i in all_old - gone for place in old[i].properties}
    went = {place.pointer for i in gone for place in old[i].properties}
    return changes, frozenset(went - kept)


def _between_places(old: Sequence[Property], new: Sequence[Property], free: Set[str]) -> Iterator[Change]:
    # A response never has what is only written.
    before = {place.pointer: place for place in old if not place.write_only}
    after = {place.pointer: place for place in new if not place.write_only}
    settled: list[str] = []
    for pointer in dict.fromkeys((*before, *after)):
        if any(pointer.startswith(done + "/") for done in settled):
            continue
        was, now = before.get(pointer), after.get(pointer)
        if was is not None and now is not None:
            yield from (_read(difference, was, now) for difference in compare_places(was, now))
            if not was.types & now.types - {"null"}:
                settled.append(pointer)
            continue
        settled.append(pointer)
        if pointer.endswith("/*") and _is_closed((after if now is None else before).get(pointer[:-2])):
            continue  # that there may be further members is told
        if now is not None:
            yield _property_added(now, before.get(pointer.rpartition("/")[0]))
        elif was is not None:
            change = _property_removed(was, before, after)
            own = pointer.rpartition("/")[0] in free
            why = _OWN() if pointer.endswith("/*") else _OWN_EXAMPLE()
            yield replace(change, breaking=False, why=why) if own else change


def _read(difference: Difference, was: Property, now: Property) -> Change:
    keyword = "enum" if difference.keyword in ("const", KNOWN_VALUES) else difference.keyword
    known = (keyword, difference.kind) if (keyword, difference.kind) in _IN_RESPONSE else ("", difference.kind)
    came = Listing(tuple(map(type_named, difference.came)), "or")
    template = _NEW_VALUES if known == ("enum", "loosened") and difference.came else _IN_RESPONSE[known]
    why = template(came=came) if argument_names(template.english) else template()
    return Change(
        difference.rule,
        difference.kind,
        difference.kind != "tightened",
        difference.old,
        difference.new,
        why,
        pointer=was.pointer,
        old_location=_said_at(was, difference.keyword),
        new_location=_said_at(now, difference.keyword),
    )


def _said_at(place: Property, keyword: str) -> Location:
    """Where a place is said something of; the place's own location where it is not."""
    if keyword == "required":
        return place.required_at or place.location
    return place.places.get(keyword, place.location)


def _is_closed(holder: Property | None) -> bool:
    """Whether an object may have no further member."""
    return holder is not None and holder.values.get("additionalProperties") is False


def _property_added(now: Property, holder: Property | None) -> Change:
    refused = _is_closed(holder)
    why = _PROMISED() if refused else _IGNORED()
    if now.pointer.endswith("/*"):
        refused, why = False, _WAS_OPEN()
    words = _property_words(now)
    return Change("body.property", "added", refused, None, words, why, pointer=now.pointer, new_location=now.location)


def _property_removed(was: Property, before: Mapping[str, Property], after: Mapping[str, Property]) -> Change:
    if was.pointer.endswith("/*"):
        why = _IS_OPEN()
    else:
        why, renamed = _GONE() if was.required else _GONE_OPTIONAL(), _renamed(was, before, after)
        why = _RENAMED(why=why, pointer=renamed) if renamed else why
    words = _property_words(was)
    return Change("body.property", "removed", True, words, None, why, pointer=was.pointer, old_location=was.location)


def _property_words(place: Property) -> Message:
    types = type_words(place.types)
    return _ALWAYS_THERE(types=types) if place.required else types


def _named(branch: Branch, index: int) -> Message:
    return shown(branch.name) if branch.name else _ALTERNATIVE(number=index + 1)


def _renamed(was: Property, before: Mapping[str, Property], after: Mapping[str, Property]) -> str:
    """What a property may be called now: one that came at the same place, with its type and a similar name, or none."""
    parent, _, name = was.pointer.rpartition("/")
    came = {
        pointer.rpartition("/")[2]: pointer
        for pointer, place in after.items()
        if pointer not in before and pointer.rpartition("/")[0] == parent and place.types == was.types
    }
    near = difflib.get_close_matches(name, came, n=1, cutoff=_ALIKE)
    return came[near[0]] if near else ""
