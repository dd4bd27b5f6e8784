"""What a body comes to under a schema: looked at once, by however many rules and however often it was answered."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

from batch_conformance.contract.pointer import members
from batch_conformance.contract.schema import Schema, Violation
from batch_conformance.contract.shape import Sent
from batch_conformance.contract.structure import Structure, structure_of
from batch_conformance.message import Message
from batch_conformance.observation.object_match import mismatch
from batch_conformance.observation.strict_json import Parsed, parse

_REMEMBERED = 128
_LARGEST = 16 * 1024
"""Bytes of a body that is remembered; larger ones are looked at anew, lest they fill the memory."""

_JSON_TYPES: Mapping[type, str] = {
    bool: "boolean",
    int: "integer",
    float: "number",
    str: "string",
    list: "array",
    type(None): "null",
}


class PlaceTypes(NamedTuple):
    """The JSON types that a body has at a place, declared by its schema or not.

    ``types`` counts the values there by JSON type; ``around`` says whether an object is there that could hold one.
    """

    pointer: str
    declared: bool
    types: Mapping[str, int]
    around: bool


_HELD: dict[tuple[Schema, Structure], tuple[PlaceTypes, ...]] = {}
_MOST_STRUCTURES = 500


class Content:
    """A value under a schema. What follows from the two is found when it is first asked for."""

    def __init__(self, schema: Schema, value: Any) -> None:
        self.schema = schema
        self.value = value

    @cached_property
    def undeclared(self) -> tuple[str, ...]:
        """Pointers of the properties that no schema declares."""
        return self.schema.undeclared(self.value)

    @cached_property
    def violations(self) -> tuple[Violation, ...]:
        """Every error of the value."""
        return self.schema.violations(self.value)

    @cached_property
    def write_only(self) -> tuple[Sent, ...]:
        """The properties that are only ever sent to the server, and came back."""
        return self.schema.write_only(self.value)

    @cached_property
    def unknown_values(self) -> tuple[Violation, ...]:
        """Values that are none of the known ones of their place."""
        return self.schema.unknown_values(self.value)

    @cached_property
    def mismatch(self) -> tuple[str, Message, Message] | None:
        """What makes the value another object than the documented one, as rule, expected and observed."""
        return mismatch(self.schema, self.value, self.undeclared)

    @cached_property
    def held(self) -> tuple[PlaceTypes, ...]:
        """The types at every declared place, in document order, then at the undeclared ones.

        It is one and the same for values of one structure.
        """
        structure = structure_of(self.value)
        if structure is None:
            return self._found()
        known = _HELD.get((self.schema, structure))
        if known is None:
            known = self._found()
            if len(_HELD) >= _MOST_STRUCTURES:
                _HELD.clear()
            _HELD[self.schema, structure] = known
        return known

    def _found(self) -> tuple[PlaceTypes, ...]:
        declared = [place.pointer for place in self.schema.properties]
        return tuple(
            self._held(pointer, declared=number < len(declared))
            for number, pointer in enumerate((*declared, *self.undeclared))
        )

    def _held(self, pointer: str, *, declared: bool) -> PlaceTypes:
        values = list(members(self.value, pointer))
        around = members(self.value, pointer.rpartition("/")[0]) if pointer else values
        types = Counter(map(_type_name, values))
        return PlaceTypes(pointer, declared, types, any(isinstance(member, Mapping) for member in around))


def read(body: bytes, *, text: bool) -> Parsed:
    """A body read as strict JSON, or as a text where text is documented."""
    return _read(body, text) if len(body) <= _LARGEST else _read.__wrapped__(body, text)


def look(schema: Schema, body: bytes, parsed: Parsed, *, text: bool) -> Content:
    """The content of a body that was read."""
    return _look(schema, body, text) if len(body) <= _LARGEST else Content(schema, parsed.value)


@lru_cache(_REMEMBERED)
def _read(body: bytes, text: bool) -> Parsed:
    return Parsed(body.decode("utf-8", "replace"), True) if text else parse(body)


@lru_cache(_REMEMBERED)
def _look(schema: Schema, body: bytes, text: bool) -> Content:
    return Content(schema, _read(body, text).value)


def _type_name(value: Any) -> str:
    return "object" if isinstance(value, Mapping) else _JSON_TYPES[type(value)]
