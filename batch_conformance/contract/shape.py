"""The shape of a schema: which places it declares, of which types, and which of its objects are closed."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from batch_conformance.contract.composition import UNIONS, Composition, Schema, describes
from batch_conformance.contract.constraints import Constraints
from batch_conformance.contract.discriminator import DISCRIMINATES, DISCRIMINATOR
from batch_conformance.contract.document import Document
from batch_conformance.contract.expression import expression
from batch_conformance.contract.location import Location
from batch_conformance.contract.pointer import escape, join
from batch_conformance.contract.satisfiable import impossible_places
from batch_conformance.contract.structure import Structure, structure_of
from batch_conformance.contract.translate import (
    KNOWN_VALUES,
    SOURCE,
    TYPES,
    place_in_list,
)
from batch_conformance.contract.value_space import ValueSpace, admits, assertions, covering, union
from batch_conformance.contract.write_only import WRITE_ONLY, has_write_only, write_only
from batch_conformance.message import Message, printable

_MOST_ITEMS = 1_000
"""Items of one array that are searched for undeclared members: all of them share one pointer."""
_MOST_UNDECLARED = 200
"""Undeclared members of one value that are named; a body with more is no answer of this API."""
_MOST_STRUCTURES = 500
_MAX_PLACES = 2_000
_LONGEST_NAME = 200
_LISTING = (KNOWN_VALUES, "enum", "const")
_ASSERTED: Mapping[str, tuple[str, ...]] = {
    "enum": ("enum", "const"),
    KNOWN_VALUES: (KNOWN_VALUES,),
    "minimum": ("minimum", "exclusiveMinimum"),
    "maximum": ("maximum", "exclusiveMaximum"),
    "exclusiveMinimum": ("exclusiveMinimum", "minimum"),
    "exclusiveMaximum": ("exclusiveMaximum", "maximum"),
    **{name: (name,) for name in ("multipleOf", "format", "pattern", "uniqueItems", "minLength", "maxLength")},
    **{name: (name,) for name in ("minItems", "maxItems", "minProperties", "maxProperties")},
}
"""What a place asserts by its value space, and the keywords that may have said so, the likeliest first."""
_OPENING = ("additionalProperties", "patternProperties", "unevaluatedProperties")
_OPEN = (Constraints(),)


@dataclass(frozen=True, slots=True)
class Property:
    """A declared place in the value.

    ``source`` is the pointer of its schema in the document (overlays applied) and ``location`` where that was written.
    ``types`` are JSON type names, all of them where none is declared; ``known_values`` what an ``enum`` or
    ``x-known-values`` lists; ``keywords`` the schema keywords that apply here, formats only where they are checked;
    ``values`` what each of them says, for those that say it in a plain value, and ``places`` where. What alternatives
    (``anyOf``, ``oneOf``) assert is said of all of them together: an alternative that leaves a thing open opens it, and
    ``keywords`` does not have it. ``space`` is the value space.
    ``required_at`` is where the object around it says that it is always there; ``certain`` is false for a member that
    an alternative of that object does not describe, and that is not told by which alternative is meant.
    ``named_at`` is where an alternative that a discriminator or a tag may name says that it is always there,
    ``write_only_at`` where it is said that the place never comes. ``required_by_some`` says that some alternatives
    require it and others do not. ``as_written`` has what keywords say that a value space does not hold, as texts, where
    places are found to be compared.
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
    space: ValueSpace = field(default_factory=dict, compare=False, repr=False)
    certain: bool = field(default=True, compare=False)
    write_only_at: Location | None = field(default=None, compare=False)
    named_at: Location | None = field(default=None, compare=False)
    required_by_some: bool = field(default=False, compare=False)
    as_written: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    @property
    def write_only(self) -> bool:
        """Whether it is only ever sent to the server."""
        return self.write_only_at is not None


@dataclass(frozen=True, slots=True)
class Sent:
    """A write-only property that a value has: where, by whom that is said, and whether the dialect ignores it there."""

    pointer: str
    value: Any
    location: Location
    ignored: bool


@dataclass(frozen=True, slots=True)
class Branch:
    """An alternative of an object: the name of its component or its title, empty where it has none, and its places.

    The pointers of ``properties`` are those below the object.
    """

    name: str
    properties: tuple[Property, ...]


class Shape:
    """The shape of a translated schema. ``free_maps`` are places whose members are the customer's own."""

    def __init__(self, root: Schema, document: Document, free_maps: frozenset[str]) -> None:
        self._root = root
        self._document = document
        self._free_maps = free_maps
        self._composition = Composition(root)
        self._schemas: dict[str, Schema] = {}
        self._compared: dict[str, Schema] = {}
        self._modern = document.modern
        self._has_write_only = has_write_only(root)
        self._has_choice = f'"{DISCRIMINATOR}"' in json.dumps(root)
        self._known_undeclared: dict[Structure, tuple[str, ...]] = {}

    def properties(self) -> tuple[Property, ...]:
        """Every declared place, in document order; the first is the value itself (pointer ``""``)."""
        return self._places(self._root, self._schemas)

    def compared(self) -> tuple[Property, ...]:
        """The declared places, and after each map that of its further members: they are declared by no name."""
        return self._places(self._root, {}, maps=True)

    def branches(self, pointer: str) -> tuple[Branch, ...]:
        """The alternatives (``anyOf``, ``oneOf``) of the object at a declared place; none where there is one kind."""
        if pointer not in self._compared:
            self._places(self._root, self._compared, maps=True)
        found = self._composition.branches(self._compared[pointer])
        return tuple(Branch(_name(one), self._places(one, {}, maps=True)) for one in found)

    def in_place(self) -> list[Schema]:
        """The schema, and all that apply to the same value through it."""
        return self._composition.flat([self._root])

    def impossible(self) -> dict[str, Message]:
        """The pointers of the places in a value that nothing can keep, and why."""
        self.properties()
        return impossible_places(self._composition, self._schemas)

    def tags(self, branches: Sequence[Schema]) -> frozenset[str]:
        """The members of which each branch of a union lists values, and no two of them the same."""
        return self._composition.tags(branches)

    def space(self, schemas: Iterable[Schema]) -> ValueSpace:
        """Which values any of the schemas admits."""
        return union(map(self._composition.space, schemas))

    def _places(self, schema: Schema, schemas: dict[str, Schema], *, maps: bool = False) -> tuple[Property, ...]:
        """The places that a schema declares; ``schemas`` is filled with what is said of each."""
        walk = _SchemaWalk(self._composition, self._document, self._free_maps, schemas, maps=maps)
        walk.add(schema, _SchemaAt("", None, None, True), ())
        return tuple(walk.places.values())

    def undeclared(self, instance: Any) -> tuple[str, ...]:
        """Pointers of the properties that are in ``instance`` and that no schema declares, in a closed world."""
        structure = None if self._has_choice else structure_of(instance)  # where a value chooses, it decides on this
        if structure is None:
            return self._undeclared(instance)
        known = self._known_undeclared.get(structure)
        if known is None:
            known = self._undeclared(instance)
            if len(self._known_undeclared) >= _MOST_STRUCTURES:
                self._known_undeclared.clear()
            self._known_undeclared[structure] = known
        return known

    def _undeclared(self, instance: Any) -> tuple[str, ...]:
        found: dict[str, None] = {}
        self._add_undeclared(instance, [self._root], "", found)
        return tuple(found)

    def write_only(self, instance: Any) -> tuple[Sent, ...]:
        """The properties in ``instance`` that are only ever sent to the server, the first of each pointer."""
        found: dict[str, Sent] = {}
        if self._has_write_only:
            self._add_write_only(instance, [self._root], "", found)
        return tuple(found.values())

    def unexpected(self, schema: Schema, instance: Schema) -> list[str]:
        """The members of an object that a schema declares nowhere: neither by name nor by pattern."""
        return undescribed(self._composition.flat([schema], instance), instance)

    def _add_write_only(self, value: Any, schemas: Sequence[Schema], pointer: str, found: dict[str, Sent]) -> None:
        flat = self._composition.flat(schemas, value)
        if isinstance(value, list):
            items = [schema["items"] for schema in flat if "items" in schema]
            items += [one for schema in flat for one in schema.get("prefixItems", ())]
            for item in value[:_MOST_ITEMS] if items else ():
                self._add_write_only(item, items, pointer + "/*", found)
        for name, member in value.items() if isinstance(value, Mapping) else ():
            declared = [one for schema in flat for one in _describing(schema, name)]
            said, inner = self._write_only(schemas, name) if declared else None, join(pointer, member_name(name))
            if said is not None:
                location = self._document.location(join(said.get(SOURCE, ""), WRITE_ONLY))
                found.setdefault(inner, Sent(inner, member, location, "$ref" in said and not self._modern))
            elif declared:
                self._add_write_only(member, declared, inner, found)

    def _write_only(self, schemas: Sequence[Schema], name: str) -> Schema | None:
        """The schema that says of a member that it is only written; all that declare the member have to say so."""
        declaring = [one for one in schemas if self._composition.member(one, name) is not None]
        said = [write_only(one, name, self._composition.target) for one in declaring]
        return said[0] if said and None not in said else None

    def _add_undeclared(self, value: Any, schemas: Sequence[Schema], pointer: str, found: dict[str, None]) -> None:
        flat = self._composition.flat(schemas, value)
        if isinstance(value, list):
            items = [schema["items"] for schema in flat if "items" in schema]
            items += [one for schema in flat for one in schema.get("prefixItems", ())]
            for item in value[:_MOST_ITEMS] if items else ():
                self._add_undeclared(item, items, pointer + "/*", found)
        if not isinstance(value, Mapping):
            return
        closed = _is_closed(flat, pointer, self._free_maps)
        for name, member in value.items():
            if len(found) >= _MOST_UNDECLARED:
                return
            inner = join(pointer, member_name(name))
            declared = [one for schema in flat for one in _describing(schema, name)]
            if declared:
                self._add_undeclared(member, declared, inner, found)
            elif closed and not any(name in schema.get("required", ()) for schema in flat):
                found[inner] = None


@dataclass(frozen=True, slots=True)
class _SchemaAt:
    """What is known of a place before its own schema is looked at, as in ``Property``."""

    pointer: str
    required_at: Location | None
    write_only_at: Location | None
    certain: bool
    named_at: Location | None = None
    required_by_some: bool = False


class _SchemaWalk:
    """One way through all that a schema declares, with the places found on it."""

    def __init__(
        self,
        composition: Composition,
        document: Document,
        free_maps: frozenset[str],
        schemas: dict[str, Schema],
        *,
        maps: bool,
    ) -> None:
        self.places: dict[str, Property] = {}
        self._composition = composition
        self._document = document
        self._free_maps = free_maps
        self._schemas = schemas
        self._maps = maps

    def add(self, schema: Schema, spot: _SchemaAt, around: tuple[int, ...]) -> None:
        """Add a place, and those in it; ``around`` are the identities of the schemas around it."""
        flat = self._composition.flat([schema])
        pointer = spot.pointer
        if not flat or pointer in self.places or len(self.places) >= _MAX_PLACES:
            return
        self._schemas[pointer] = schema
        self.places[pointer] = self._property(schema, flat, spot)
        if spot.write_only_at is not None:
            return  # nothing inside is ever seen
        if any(id(one) in around and one.keys() & {"properties", "items", "additionalProperties"} for one in flat):
            return  # it holds itself: one round is described, and the next ones are the same
        inside = (*around, *(id(one) for one in flat))
        required, of_branches = self._composition.required(schema), self._required_where_named(flat)
        for name in dict.fromkeys(name for one in flat for name in one.get("properties", {})):
            member = self._composition.member(schema, name)
            if member is not None:
                at = place_in_list(self._document, required[name], name) if name in required else None
                sure = spot.certain and self._composition.member_is_certain(schema, name)
                written = write_only(schema, name, self._composition.target)
                said = None if written is None else self._document.location(join(written.get(SOURCE, ""), WRITE_ONLY))
                named = of_branches.get(name) if at is None else None
                some = at is None and any(name in one.get("required", ()) for one in flat)
                self.add(member, _SchemaAt(pointer + "/" + escape(name), at, said, sure, named, some), inside)
        items = self._composition.items(schema)
        if items is not None:
            sure = spot.certain and self._composition.items_are_certain(schema)
            self.add(items, _SchemaAt(pointer + "/*", None, None, sure), inside)
        further = self._composition.further_members(schema) if self._maps else None
        if further is not None:
            self.add(further, _SchemaAt(pointer + "/*", None, None, spot.certain), inside)

    def _required_where_named(self, flat: Sequence[Schema]) -> dict[str, Location]:
        """The members that an alternative requires where a discriminator or a tag names it, and where that is said."""
        found: dict[str, Location] = {}
        for schema, keyword in itertools.product(flat, UNIONS):
            said = schema.get(DISCRIMINATOR)
            tag = said["propertyName"] if said and said["default"] is not None else None  # without it, another holds
            for branch in self._composition.named(schema, keyword):
                for name, pointer in self._composition.required(branch).items():
                    if name != tag:
                        found.setdefault(name, place_in_list(self._document, pointer, name))
        return found

    def _property(self, schema: Schema, flat: Sequence[Schema], spot: _SchemaAt) -> Property:
        places: dict[str, Location] = {}
        values: dict[str, Any] = {}
        for one in reversed(flat):
            for keyword, value in one.items():
                if keyword != SOURCE:
                    places[keyword] = self._document.location(join(one.get(SOURCE, ""), keyword))
                    if not isinstance(value, Mapping):
                        values[keyword] = value
        # What a discriminator says of its property stands before what the alternatives say.
        source = next((one for one in flat if DISCRIMINATES not in one), flat[0]).get(SOURCE, "")
        space, types = self._composition.space(schema), self._composition.types(schema)
        asserted = dict(_asserted(space))
        if narrowed := [keyword for keyword in ("enum", "const") if keyword in places and not types <= space.keys()]:
            asserted.setdefault("enum", values[narrowed[0]])
        written = {
            name: next((places[one] for one in names if one in places), None) for name, names in _ASSERTED.items()
        }
        for names in _ASSERTED.values():
            for name in names:
                places.pop(name, None)
                values.pop(name, None)
        places |= {name: written[name] or self._document.location(source) for name in asserted}
        known = _known_values(flat, space) if {"enum", KNOWN_VALUES} & asserted.keys() else ()
        values |= {name: list(known) if name in _LISTING else value for name, value in asserted.items()}
        if values.get("additionalProperties") is False and not covering(space.get("object", _OPEN)).closed:
            del values["additionalProperties"]
        return Property(
            pointer=spot.pointer,
            source=source,
            types=types or TYPES,
            required=spot.required_at is not None,
            known_values=known,
            location=self._document.location(source),
            example=next(_examples(flat), None),
            closed=_is_closed(flat, spot.pointer, self._free_maps),
            keywords=frozenset(places),
            values=values,
            places=places,
            required_at=spot.required_at,
            space=space,
            certain=spot.certain,
            write_only_at=spot.write_only_at,
            named_at=spot.named_at,
            required_by_some=spot.required_by_some,
            as_written=self._composition.as_written(schema) if self._maps else {},
        )


def _is_closed(flat: Sequence[Schema], pointer: str, free_maps: frozenset[str]) -> bool:
    """Whether an object may have no other members than those declared: its world is closed, and not by a keyword."""
    return (
        pointer not in free_maps
        and any(schema.get("properties") for schema in flat)
        and not any(keyword in schema for schema in flat for keyword in _OPENING)
    )


def _asserted(space: ValueSpace) -> Iterator[tuple[str, Any]]:
    """What a space asserts, as keywords and their values; the types aside."""
    for kind, alternatives in space.items():
        one = covering(alternatives)
        if one.listed is not None:
            yield "enum", one.listed
        if one.known is not None:
            yield KNOWN_VALUES, one.known
        if kind == "integer" and "number" in space and covering(space["number"]).listed is None:
            continue  # the numbers with a fraction keep the same, in the words of the document
        yield from ((keyword, value) for keyword, value in assertions(one, kind))


def _name(schema: Schema) -> str:
    """The name of the component that a schema refers to, else its title."""
    return str(schema["$ref"].rpartition("/")[2] if "$ref" in schema else schema.get("title", ""))


def _known_values(flat: Sequence[Schema], space: ValueSpace) -> tuple[Any, ...]:
    """The values that are listed and admitted, in document order."""
    values = (value for schema in flat for keyword in _LISTING for value in _values_of(schema, keyword))
    return tuple({repr(value): value for value in values if admits(space, value)}.values())


def _values_of(schema: Schema, keyword: str) -> Sequence[Any]:
    if keyword not in schema:
        return ()
    value = schema[keyword]
    return [value] if keyword == "const" else value if isinstance(value, list) else ()


def undescribed(schemas: Sequence[Schema], instance: Schema) -> list[str]:
    """The members of an object that none of the schemas names, nor has a pattern for."""
    return [name for name in instance if not any(describes(schema, name) for schema in schemas)]


def member_name(name: str) -> str:
    """A member's name as pointers show it: on one line, and cut where it is absurdly long."""
    shown = printable(name[:_LONGEST_NAME])
    return shown if len(name) <= _LONGEST_NAME else shown + "…"


def _describing(schema: Schema, name: str) -> Iterator[Schema]:
    """The schemas that a schema has for a member of that name."""
    if name in schema.get("properties", {}):
        yield schema["properties"][name]
    for pattern, one in schema.get("patternProperties", {}).items():
        compiled = expression(pattern)
        if compiled is None or compiled.search(name):
            yield one
    if not describes(schema, name) and isinstance(schema.get("additionalProperties"), Mapping):
        yield schema["additionalProperties"]


def _examples(flat: Sequence[Schema]) -> Iterator[Any]:
    for schema in flat:
        if "example" in schema:
            yield schema["example"]
        if isinstance(schema.get("examples"), list):
            yield from schema["examples"][:1]
