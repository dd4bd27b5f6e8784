"""Compares two contracts clause by clause, and says of every change whether it breaks clients of the old one.

A client reads responses. So what it may be sent that it was never sent before breaks it (a wider type, a further enum
value, a property that is gone or no longer always there), and what it is no longer sent does not. For what it sends
itself, parameters and credentials, it is the other way round.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import replace

from batch_conformance.contract.change import KINDS, Change, ChangeKind, ContractDiff
from batch_conformance.contract.compare import Difference, compare_places, type_words
from batch_conformance.contract.contract import Contract
from batch_conformance.contract.location import Location
from batch_conformance.contract.operation import ResponseContract
from batch_conformance.contract.request_diff import request_changes
from batch_conformance.contract.schema import KNOWN_VALUES, Property, Schema

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

_ALIKE = 0.5
"""How alike names must be for a property that went and one that came to be taken for one that was renamed."""


def diff_contracts(old: Contract, new: Contract) -> ContractDiff:
    """All changes from ``old`` to ``new``."""
    found = [
        *request_changes(old, new),
        *_responses(old, new),
    ]
    order = {id(change): number for number, change in enumerate(found)}
    found.sort(key=lambda change: (not change.breaking, KINDS.index(change.kind), order[id(change)]))
    return ContractDiff(old, new, tuple(replace(change, operation=old.operation.id) for change in found))


def _responses(old: Contract, new: Contract) -> Iterator[Change]:
    before, after = old.operation.responses, new.operation.responses
    for status, response in after.items():
        if status in before:
            was = before[status]
            for change in _contents(was, response):
                placed = change.old_location or change.new_location
                yield replace(
                    change,
                    status=status,
                    old_location=change.old_location if placed else was.location,
                    new_location=change.new_location if placed else response.location,
                )
            continue
        breaking = status.startswith(("1", "2", "3"))
        why = (
            "A client that waits for the documented success takes it for something else."
            if breaking
            else "Clients treat a status that they do not know like the first of its hundred (RFC 9110 section 15)."
        )
        words = " ".join((status, response.description, _bodies(response))).strip()
        yield Change(
            "response.status", "added", breaking, "", words, why, status=status, new_location=response.location
        )
    for status, response in before.items():
        if status not in after:
            success = status.startswith("2")
            why = (
                "Clients wait for it."
                if success
                else "It is not answered any more; what handles it in clients is idle."
            )
            words = " ".join((status, response.description, _bodies(response))).strip()
            yield Change(
                "response.status", "removed", success, words, "", why, status=status, old_location=response.location
            )


def _bodies(response: ResponseContract) -> str:
    """What a documented response holds, in words: ``(application/json: string)``."""
    kinds = (
        f"{media_type}: {type_words(schema.properties[0].types)}" if schema else media_type
        for media_type, schema in response.content.items()
    )
    listed = ", ".join(kinds)
    return f"({listed})" if listed else ""


def _contents(old: ResponseContract, new: ResponseContract) -> Iterator[Change]:
    """Every change within one documented status; its place is for the caller to fill in."""
    before, after = ({name.lower(): name for name in response.headers} for response in (old, new))
    for name in before:
        if name not in after:
            yield Change("response.header", "removed", True, before[name], "", "A client that reads it finds nothing.")
    for name in after:
        if name not in before:
            why = "Clients ignore headers that they do not know."
            yield Change("response.header", "added", False, "", after[name], why)
    for media_type in old.content:
        if media_type not in new.content:
            why = "A client that reads this format is sent another."
            listed = ", ".join(new.content) or "no body"
            yield Change("response.media_type", "removed", True, media_type, listed, why, media_type=media_type)
    for media_type in new.content:
        if media_type not in old.content:
            why = (
                "A client that asks for the old format by Accept is still sent it."
                if old.content
                else "No body was promised before; who reads none may ignore it."
            )
            yield Change("response.media_type", "added", False, "", media_type, why, media_type=media_type)
    for media_type, schema in old.content.items():
        other = new.content.get(media_type)
        if schema is not None and other is not None:
            for change in _between_bodies(schema, other):
                yield replace(change, media_type=media_type)


def _between_bodies(old: Schema, new: Schema) -> Iterator[Change]:
    before = {place.pointer: place for place in old.properties}
    after = {place.pointer: place for place in new.properties}
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
        if now is not None:
            yield _came(now, before.get(pointer.rpartition("/")[0]))
        elif was is not None:
            change = _went(was, before, after)
            own = pointer.rpartition("/")[0] in old.free_maps & new.free_maps
            why = "The members of this object are the customer's own; this one was an example."
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


def _came(now: Property, holder: Property | None) -> Change:
    refused = holder is not None and holder.values.get("additionalProperties") is False
    why = (
        "The old contract promised that no other property comes."
        if refused
        else "Clients ignore what they do not know."
    )
    if now.pointer.endswith("/*"):
        refused, why = False, "Nothing was said of the items before."
    words = type_words(now.types) + (", always there" if now.required else "")
    return Change("body.property", "added", refused, "", words, why, pointer=now.pointer, new_location=now.location)


def _went(was: Property, before: Mapping[str, Property], after: Mapping[str, Property]) -> Change:
    words = type_words(was.types) + (", always there" if was.required else "")
    if was.pointer.endswith("/*"):
        why = "Nothing is said of the items any more; a client may be sent any."
    else:
        told = "" if was.required else " Only one that was written for its absence copes."
        why = "A client that reads it finds nothing." + told + _renamed(was, before, after)
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
