"""The shape of a schema: which places it declares, of which types, and which of its objects are closed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from batch_conformance.contract.dialect import is_asserted
from batch_conformance.contract.document import Document
from batch_conformance.contract.expression import expression
from batch_conformance.contract.location import Location
from batch_conformance.contract.pointer import escape, join
from batch_conformance.contract.translate import (
    IN_PLACE_MANY,
    IN_PLACE_ONE,
    KNOWN_VALUES,
    SOURCE,
    TYPES,
)
from batch_conformance.contract.violation import printable

_MOST_ITEMS = 1_000
"""Items of one array that are searched for undeclared members: all of them share one pointer."""
_MOST_UNDECLARED = 200
"""Undeclared members of one value that are named; a body with more is no answer of this API."""
_MAX_PLACES = 2_000
_LONGEST_NAME = 200
_OPENING = ("additionalProperties", "patternProperties", "unevaluatedProperties")
_Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Property:
    """A declared place in the value.

    ``source`` is the pointer of its schema in the document (overlays applied) and ``location`` where that was written.
    ``types`` are JSON type names, all of them where none is declared; ``known_values`` what an ``enum`` or
    ``x-known-values`` lists; ``keywords`` the schema keywords that apply here, formats only where they are asserted;
    ``values`` what each of them says, for those that say it in a plain value, and ``places`` where. ``required_at`` is
    where the object around it says that it is always there.
    """

    pointer: str
    source: str
    types: frozenset[str]
    required: bool
    known_values: tuple[Any, ...]
    location: Location
    example: Any
    closed: bool
    keywords: frozenset[str]
    values: Mapping[str, Any] = field(default_factory=dict, compare=False)
    places: Mapping[str, Location] = field(default_factory=dict, compare=False)
    required_at: Location | None = field(default=None, compare=False)


class Shape:
    """The shape of a translated schema. ``free_maps`` are places whose members are the customer's own."""

    def __init__(self, root: _Schema, document: Document, free_maps: frozenset[str]) -> None:
        self._root = root
        self._document = document
        self._free_maps = free_maps
        self._definitions: _Schema = root.get("$defs") or root.get("definitions") or {}
        self._known_types: dict[int, frozenset[str]] = {}

    def properties(self) -> tuple[Property, ...]:
        """Every declared place, in document order; the first is the value itself (pointer ``""``)."""
        places: dict[str, Property] = {}
        self._add_places([self._root], "", None, places, ())
        return tuple(places.values())

    def undeclared(self, instance: Any) -> tuple[str, ...]:
        """Pointers of the properties that are in ``instance`` and that no schema declares, in a closed world."""
        found: dict[str, None] = {}
        self._add_undeclared(instance, [self._root], "", found)
        return tuple(found)

    def unexpected(self, schema: _Schema, instance: _Schema) -> list[str]:
        """The members of an object that a schema declares nowhere: neither by name nor by pattern."""
        return undescribed(self.flat([schema]), instance)

    def flat(self, schemas: Iterable[_Schema]) -> list[_Schema]:
        """The schemas, and all that apply to the same value through them."""
        flat: dict[int, _Schema] = {}
        left = list(schemas)[::-1]
        while left and len(flat) < _MAX_PLACES:
            schema = left.pop()
            if id(schema) in flat:
                continue
            if "$ref" not in schema or len(schema) > 2:  # a mere reference says nothing itself
                flat[id(schema)] = schema
            left += reversed(list(self._in_place(schema)))
        return list(flat.values())

    def _in_place(self, schema: _Schema) -> Iterator[_Schema]:
        if "$ref" in schema:
            yield self._target(schema)
        for keyword in IN_PLACE_MANY:
            yield from schema.get(keyword, ())
        for keyword in IN_PLACE_ONE:
            if keyword in schema and keyword != "not":
                yield schema[keyword]
        yield from schema.get("dependentSchemas", {}).values()

    def _target(self, schema: _Schema) -> _Schema:
        target: _Schema = self._definitions[schema["$ref"].rpartition("/")[2]]
        return target

    def _types(self, schema: _Schema) -> frozenset[str]:
        known = self._known_types.get(id(schema))
        if known is None:
            declared = schema.get("type", TYPES)
            types = frozenset([declared]) if isinstance(declared, str) else frozenset(declared)
            types |= {"integer"} if "number" in types else types
            both = [*schema.get("allOf", ()), *([self._target(schema)] if "$ref" in schema else [])]
            for one in both:
                types &= self._types(one)
            for keyword in ("anyOf", "oneOf"):
                if keyword in schema:
                    types &= frozenset[str]().union(*(self._types(one) for one in schema[keyword]))
            known = self._known_types[id(schema)] = types
        return known

    def _required(self, schema: _Schema) -> dict[str, Location]:
        """The members that are required whichever branch applies, and where that is said."""
        source = schema.get(SOURCE, "")
        required = {
            name: self._document.location(join(source, "required", index))
            for index, name in enumerate(schema.get("required", ()))
        }
        for one in [*schema.get("allOf", ()), *([self._target(schema)] if "$ref" in schema else [])]:
            required = {**self._required(one), **required}
        for keyword in ("anyOf", "oneOf"):
            objects = [one for one in schema.get(keyword, ()) if "object" in self._types(one)]
            branches = [self._required(one) for one in objects]
            if branches:
                always = set(branches[0]).intersection(*branches)
                required = {**{name: branches[0][name] for name in branches[0] if name in always}, **required}
        return required

    def _is_closed(self, flat: Sequence[_Schema], pointer: str) -> bool:
        return (
            pointer not in self._free_maps
            and any(schema.get("properties") for schema in flat)
            and not any(keyword in schema for schema in flat for keyword in _OPENING)
        )

    def _add_places(
        self,
        schemas: Sequence[_Schema],
        pointer: str,
        required_at: Location | None,
        places: dict[str, Property],
        around: tuple[int, ...],
    ) -> None:
        flat = self.flat(schemas)
        if not flat or pointer in places or len(places) >= _MAX_PLACES:
            return
        places[pointer] = self._property(schemas, flat, pointer, required_at)
        if any(id(schema) in around and schema.keys() & {"properties", "items"} for schema in flat):
            return  # it holds itself: one round is described, and the next ones are the same
        inside = (*around, *(id(schema) for schema in flat))
        required: dict[str, Location] = {}
        for schema in schemas:
            required = {**self._required(schema), **required}
        for name in dict.fromkeys(name for schema in flat for name in schema.get("properties", {})):
            inner = [schema["properties"][name] for schema in flat if name in schema.get("properties", {})]
            self._add_places(inner, pointer + "/" + escape(name), required.get(name), places, inside)
        items = [schema["items"] for schema in flat if "items" in schema]
        if items:
            self._add_places(items, pointer + "/*", None, places, inside)

    def _property(
        self, schemas: Sequence[_Schema], flat: Sequence[_Schema], pointer: str, required_at: Location | None
    ) -> Property:
        listed = [schema[keyword] for keyword in (KNOWN_VALUES, "enum") for schema in flat if keyword in schema]
        listed += [[schema["const"]] for schema in flat if "const" in schema]
        places: dict[str, Location] = {}
        values: dict[str, Any] = {}
        for schema in reversed(flat):
            for keyword, value in schema.items():
                if keyword == SOURCE or (keyword == "format" and not is_asserted(value)):
                    continue
                places[keyword] = self._document.location(join(schema.get(SOURCE, ""), keyword))
                if not isinstance(value, Mapping):
                    values[keyword] = value
        source = flat[0].get(SOURCE, "")
        types = frozenset.intersection(*(self._types(schema) for schema in schemas))
        return Property(
            pointer=pointer,
            source=source,
            types=types or TYPES,
            required=required_at is not None,
            known_values=tuple(listed[0]) if listed else (),
            location=self._document.location(source),
            example=next(_examples(flat), None),
            closed=self._is_closed(flat, pointer),
            keywords=frozenset(places),
            values=values,
            places=places,
            required_at=required_at,
        )

    def _add_undeclared(self, value: Any, schemas: Sequence[_Schema], pointer: str, found: dict[str, None]) -> None:
        flat = self.flat(schemas)
        if isinstance(value, list):
            items = [schema["items"] for schema in flat if "items" in schema]
            items += [one for schema in flat for one in schema.get("prefixItems", ())]
            for item in value[:_MOST_ITEMS] if items else ():
                self._add_undeclared(item, items, pointer + "/*", found)
        if not isinstance(value, Mapping):
            return
        closed = self._is_closed(flat, pointer)
        for name, member in value.items():
            if len(found) >= _MOST_UNDECLARED:
                return
            inner = join(pointer, member_name(name))
            declared = [one for schema in flat for one in _describing(schema, name)]
            if declared:
                self._add_undeclared(member, declared, inner, found)
            elif closed:
                found[inner] = None


def undescribed(schemas: Sequence[_Schema], instance: _Schema) -> list[str]:
    """The members of an object that none of the schemas names, nor has a pattern for."""
    return [name for name in instance if not any(_describes(schema, name) for schema in schemas)]


def member_name(name: str) -> str:
    """A member's name as pointers show it: on one line, and cut where it is absurdly long."""
    shown = printable(name[:_LONGEST_NAME])
    return shown if len(name) <= _LONGEST_NAME else shown + "…"


def _describing(schema: _Schema, name: str) -> Iterator[_Schema]:
    """The schemas that a schema has for a member of that name."""
    if name in schema.get("properties", {}):
        yield schema["properties"][name]
    for pattern, one in schema.get("patternProperties", {}).items():
        compiled = expression(pattern)
        if compiled is None or compiled.search(name):
            yield one
    if not _describes(schema, name) and isinstance(schema.get("additionalProperties"), Mapping):
        yield schema["additionalProperties"]


def _describes(schema: _Schema, name: str) -> bool:
    patterns = (expression(pattern) for pattern in schema.get("patternProperties", ()))
    return name in schema.get("properties", {}) or any(one is not None and one.search(name) for one in patterns)


def _examples(flat: Sequence[_Schema]) -> Iterator[Any]:
    for schema in flat:
        if "example" in schema:
            yield schema["example"]
        if isinstance(schema.get("examples"), list):
            yield from schema["examples"][:1]
