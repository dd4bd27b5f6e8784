"""The form of a list: where its items, its ends and its further pages are told, read off the document."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from batch_conformance.contract.query_parameter import QueryParameter
from batch_conformance.contract.roles import EXTENSION, Roles, infer_roles
from batch_conformance.contract.schema import ALL_TYPES, Property, Schema
from batch_conformance.message import Template

FIRST, LAST = Template("place.first", "first")(), Template("place.last", "last")()
"""Ends of a page, for people."""

_ITEMS = ("data", "batches", "jobs", "files", "items", "results")
"""What lists of vendors call their items, the usual one first."""
_LIMITS = ("limit", "page_size", "pageSize")


@dataclass(frozen=True)
class ListForm:
    """How a success of an operation is a list.

    ``items`` is the pointer of the array, empty where the body is one. ``more``, ``first`` and ``last`` point at
    whether there are further items, and at the ids of the first and last one on the page; None where there is none.
    ``roles`` are those of an item, by pointers into it. ``limit``, ``after`` and ``order`` are the parameters of the
    query that size a page, begin it after an item, and turn the list; ``required`` are those that always have to be
    there.
    """

    items: str
    more: str | None
    first: str | None
    last: str | None
    roles: Roles
    limit: QueryParameter | None = None
    after: QueryParameter | None = None
    order: QueryParameter | None = None
    required: tuple[QueryParameter, ...] = field(default=())

    @property
    def identity(self) -> str:
        """The pointer of the id of an item."""
        return self.roles.identity or "/id"

    @property
    def pages(self) -> bool:
        """Whether the list can be read page by page, each one after an item of the one before."""
        return self.after is not None

    @property
    def free_maps(self) -> frozenset[str]:
        """Places in the body whose members are the customers' own."""
        return frozenset(f"{self.items}/*{pointer}" for pointer in self.roles.free_maps)


def list_form(
    schema: Schema | None, parameters: Sequence[QueryParameter], names: Iterable[str] = ()
) -> ListForm | None:
    """The form of the list that a schema describes; None where it describes none that can be read.

    Its items are the only array of objects that have an id, be it at the body's root or one or two levels below, or
    the one of a usual name. ``names`` are further names of an id, such as that of a path's parameter.
    """
    if schema is None:
        return None
    places = {place.pointer: place for place in schema.properties}
    arrays = [p for p, place in places.items() if "array" in place.types and p.count("/") <= 2 and "*" not in p]
    names = tuple(names)
    found = [p for p in arrays if _has_items_with_id(places, p, names) or _names_an_id(schema, places.get(f"{p}/*"))]
    items = found[0] if len(found) == 1 else next((p for name in _ITEMS for p in found if p.endswith(f"/{name}")), None)
    if items is None:
        return None
    around = items.rpartition("/")[0]
    item = Schema(schema.document, places[f"{items}/*"].source)
    named = {one.name: one for one in parameters}
    return ListForm(
        items,
        more=_pointer(places, around, "has_more", "boolean"),
        first=_pointer(places, around, "first_id", "string"),
        last=_pointer(places, around, "last_id", "string"),
        roles=infer_roles(item, next(iter(names), "") or "id"),
        limit=next((named[name] for name in _LIMITS if name in named), None),
        after=named.get("after"),
        order=named.get("order"),
        required=tuple(one for one in parameters if one.required),
    )


def _has_items_with_id(places: Mapping[str, Property], pointer: str, names: Iterable[str]) -> bool:
    item = places.get(f"{pointer}/*")
    if item is None or "object" not in item.types:
        return False
    return any((place := places.get(f"{pointer}/*/{name}")) and "string" in place.types for name in ("id", *names))


def _names_an_id(schema: Schema, item: Property | None) -> bool:
    """Whether ``x-roles`` says what the id of an item is."""
    if item is None:
        return False
    marks, _ = Schema(schema.document, item.source).annotation(EXTENSION)
    return isinstance(marks, Mapping) and isinstance(marks.get("identity"), str)


def _pointer(places: Mapping[str, Property], around: str, name: str, kind: str) -> str | None:
    """The place of a name beside the items, or around them; None where none is of the type."""
    for at in dict.fromkeys((around, "")):
        place = places.get(f"{at}/{name}")
        if place is not None and kind in place.types and place.types != ALL_TYPES:
            return place.pointer
    return None
