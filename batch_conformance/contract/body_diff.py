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

_IN_RESPONSE: Mapping[tuple[str, ChangeKind], str] = {
    ("type", "tightened"): "Every value that may come now could come before.",
    ("type", "loosened"): "A client may now be sent {came}, which it never had to read.",
    ("type", "changed"): "A client that reads the old type cannot read the new one.",
    ("required", "tightened"): "Clients had to do without it before, and still can.",
    ("required", "loosened"): "A client relies on it, and may now find nothing there.",
    ("enum", "tightened"): "Clients are no longer sent some of the values; branches for them are idle.",
    ("enum", "loosened"): "A client that decides by the value meets one that it does not know{which}.",
    ("format", "tightened"): "Every value that may come now could come before.",
    ("format", "loosened"): "A client that parses the value by its format may be sent another.",
    ("format", "changed"): "A client that parses the value by its format is sent another.",
    ("additionalProperties", "tightened"): "Clients are no longer sent properties that they do not know.",
    ("additionalProperties", "loosened"): "A client that was told that nothing else comes may refuse what does.",
    ("", "tightened"): "Every value that may come now could come before.",
    ("", "loosened"): "Values may come that the old bound ruled out.",
    ("", "changed"): "Values may come that the old constraint ruled out.",
}
"""Why a change of a keyword breaks who reads responses, or does not; ``""`` for any other keyword."""

_MOST_BRANCHES = 16
"""Alternatives of one object that are compared with each other."""

_IDLE = "Clients are no longer sent objects of this kind; branches for them are idle."

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
            yield replace(change, breaking=False, why=_IDLE) if removed else change


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
            words = new[j].name or f"alternative {j + 1}"
            why = "A client may be sent an object of a kind that it never had to read."
            place = new[j].properties[0].location
            changes.append(Change("body.type", "loosened", True, "", words, why, new_location=place))
    gone = {i for i in left_old if all(found[i, j] for j in all_new)}
    for i in sorted(gone):
        words, place = old[i].name or f"alternative {i + 1}", old[i].properties[0].location
        changes.append(Change("body.type", "tightened", False, words, "", _IDLE, old_location=place))
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
            yield _came(now, before.get(pointer.rpartition("/")[0]))
        elif was is not None:
            change = _went(was, before, after)
            own = pointer.rpartition("/")[0] in free
            example = "" if pointer.endswith("/*") else "; this one was an example"
            why = f"The members of this object are the customer's own{example}."
            yield replace(change, breaking=False, why=why) if own else change


def _read(difference: Difference, was: Property, now: Property) -> Change:
    keyword = "enum" if difference.keyword in ("const", KNOWN_VALUES) else difference.keyword
    known = (keyword, difference.kind) if (keyword, difference.kind) in _IN_RESPONSE else ("", difference.kind)
    came = " or ".join(difference.came)
    why = _IN_RESPONSE[known].format(came=came, which=f": {came}" if came else "")
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


def _came(now: Property, holder: Property | None) -> Change:
    refused = _is_closed(holder)
    why = (
        "The old contract promised that no other property comes."
        if refused
        else "Clients ignore what they do not know."
    )
    if now.pointer.endswith("/*"):
        refused, why = False, "Nothing was said of what is there before."
    words = type_words(now.types) + (", always there" if now.required else "")
    return Change("body.property", "added", refused, "", words, why, pointer=now.pointer, new_location=now.location)


def _went(was: Property, before: Mapping[str, Property], after: Mapping[str, Property]) -> Change:
    words = type_words(was.types) + (", always there" if was.required else "")
    if was.pointer.endswith("/*"):
        why = "Nothing is said of what is there any more; a client may be sent anything."
    else:
        exception = "" if was.required else " Only one that was written for its absence copes."
        why = "A client that reads it finds nothing." + exception + _renamed(was, before, after)
    return Change("body.property", "removed", True, words, "", why, pointer=was.pointer, old_location=was.location)


def _renamed(was: Property, before: Mapping[str, Property], after: Mapping[str, Property]) -> str:
    """A guess at what a property is called now: one that came at the same place, with its type and a name like it."""
    parent, _, name = was.pointer.rpartition("/")
    came = {
        pointer.rpartition("/")[2]: pointer
        for pointer, place in after.items()
        if pointer not in before and pointer.rpartition("/")[0] == parent and place.types == was.types
    }
    near = difflib.get_close_matches(name, came, n=1, cutoff=_ALIKE)
    return f" It seems to be called {came[near[0]]} now." if near else ""
