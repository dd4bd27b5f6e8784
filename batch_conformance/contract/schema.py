"""A schema of the contract, compiled: validation with every error located, and the closed world around it.

OpenAPI 3.0 schemas have draft-4 semantics with ``nullable``; OpenAPI 3.1 schemas are JSON Schema 2020-12.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import jsonschema
from jsonschema.exceptions import ValidationError

from batch_conformance.contract.document import Document
from batch_conformance.contract.location import Location
from batch_conformance.contract.pointer import escape, from_path, join, members, split
from batch_conformance.contract.translate import FORMATS, SOURCE, Translator, is_asserted, resolve

KNOWN_VALUES = "x-known-values"
"""Extension keyword: the values that the vendor documents elsewhere than in an ``enum``."""

_MAX_PLACES = 2_000
_IN_PLACE = ("allOf", "anyOf", "oneOf")


@dataclass(frozen=True, slots=True)
class Violation:
    """One way in which a value breaks its schema.

    ``pointer`` is where in the value (``*`` for array indices; the missing member for ``required``), ``location``
    where the contract says so. ``expected`` and ``observed`` are for people, ``kind`` is a stable word.
    """

    pointer: str
    keyword: str
    expected: str
    observed: str
    kind: str
    location: Location


@dataclass(frozen=True, slots=True)
class Property:
    """A declared place in the value.

    ``source`` is the pointer of its schema in the document (overlays applied) and ``location`` where that was written.
    ``types`` are JSON type names, all of them where none is declared; ``known_values`` what an ``enum`` or
    ``x-known-values`` lists; ``keywords`` the schema keywords that apply here, formats only where they are asserted.
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


ALL_TYPES = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})


class Schema:
    """A schema at ``pointer`` of a document. ``free_maps`` are places whose members are the customer's own."""

    def __init__(self, document: Document, pointer: str, free_maps: frozenset[str] = frozenset()) -> None:
        self.document = document
        self.pointer = pointer
        self.free_maps = free_maps
        self.modern = str(document.data.get("openapi", "")).startswith("3.1")
        self.json_schema_draft = "2020-12" if self.modern else "draft4"

    @property
    def location(self) -> Location:
        """Where the schema stands."""
        return self.document.location(self.pointer)

    @cached_property
    def raw(self) -> dict[str, Any]:
        """The schema as self-contained JSON Schema; every subschema names its source."""
        translator = Translator(self.document, self.modern)
        root = translator.translate(resolve(self.document.data, self.pointer), self.pointer)
        return {**root, translator.keyword: translator.definitions} if translator.definitions else root

    @cached_property
    def _validator(self) -> Any:
        kind = jsonschema.Draft202012Validator if self.modern else jsonschema.Draft4Validator
        return kind(self.raw, format_checker=FORMATS)

    def is_valid(self, instance: Any) -> bool:
        """Whether the value keeps the schema."""
        return bool(self._validator.is_valid(instance))

    def violations(self, instance: Any) -> tuple[Violation, ...]:
        """Every error, located, in the order of the schema."""
        found = [self._violation(error) for top in self._validator.iter_errors(instance) for error in _leaves(top)]
        return tuple(dict.fromkeys(violation for of_one in found for violation in of_one))

    def undeclared(self, instance: Any) -> tuple[str, ...]:
        """Pointers of the properties that are in ``instance`` and that no schema declares, in a closed world."""
        found: dict[str, None] = {}
        self._undeclared(instance, [self.raw], "", found)
        return tuple(found)

    def unknown_values(self, instance: Any) -> tuple[Violation, ...]:
        """Values that are none of those that ``x-known-values`` lists for their place."""
        found = []
        for place in self.properties:
            if KNOWN_VALUES not in place.keywords or "enum" in place.keywords:
                continue
            for value in members(instance, place.pointer):
                if isinstance(value, str | int) and not isinstance(value, bool) and value not in place.known_values:
                    found.append(
                        Violation(
                            place.pointer,
                            KNOWN_VALUES,
                            "one of " + ", ".join(json.dumps(known) for known in place.known_values),
                            show(value),
                            str(value)[:40],
                            self.document.location(join(place.source, KNOWN_VALUES)),
                        )
                    )
        return tuple(dict.fromkeys(found))

    @cached_property
    def properties(self) -> tuple[Property, ...]:
        """Every declared place, in document order; the first is the value itself (pointer ``""``)."""
        places: dict[str, Property] = {}
        self._places([self.raw], "", required=False, places=places, seen=())
        return tuple(places.values())

    def _deref(self, schema: Any) -> dict[str, Any]:
        followed = 0
        while isinstance(schema, dict) and "$ref" in schema and followed < 50:
            target = self.raw
            for token in split(schema["$ref"][1:]):
                target = target[token]
            siblings = {key: value for key, value in schema.items() if key not in ("$ref", SOURCE)}
            schema = {"allOf": [target, siblings], SOURCE: schema[SOURCE]} if siblings else target
            followed += 1
        return schema if isinstance(schema, dict) else {}

    def _flat(self, schemas: Sequence[Any]) -> list[dict[str, Any]]:
        """The schemas and all that apply to the same value through them."""
        flat: list[dict[str, Any]] = []
        left = list(schemas)
        while left and len(flat) < _MAX_PLACES:
            schema = self._deref(left.pop(0))
            if any(schema is known for known in flat):
                continue
            flat.append(schema)
            for keyword in _IN_PLACE:
                left += schema.get(keyword, [])
        return flat

    def _undeclared(self, value: Any, schemas: Sequence[Any], pointer: str, found: dict[str, None]) -> None:
        flat = self._flat(schemas)
        if isinstance(value, list):
            items = [schema["items"] for schema in flat if isinstance(schema.get("items"), dict)]
            for item in value if items else ():
                self._undeclared(item, items, pointer + "/*", found)
        if not isinstance(value, dict):
            return
        closed = self._is_closed(flat, pointer)
        for name, member in value.items():
            declared = [schema["properties"][name] for schema in flat if name in schema.get("properties", {})]
            inner = pointer + "/" + escape(name)
            if declared:
                self._undeclared(member, declared, inner, found)
            elif closed:
                found[inner] = None

    def _is_closed(self, flat: Sequence[Mapping[str, Any]], pointer: str) -> bool:
        opened = ("additionalProperties", "patternProperties", "unevaluatedProperties")
        return (
            pointer not in self.free_maps
            and any(schema.get("properties") for schema in flat)
            and not any(keyword in schema for schema in flat for keyword in opened)
        )

    def _places(
        self,
        schemas: Sequence[Any],
        pointer: str,
        *,
        required: bool,
        places: dict[str, Property],
        seen: tuple[str, ...],
    ) -> None:
        flat = self._flat(schemas)
        sources = tuple(schema.get(SOURCE, "") for schema in flat)
        if not flat or pointer in places or len(places) >= _MAX_PLACES or sum(s in seen for s in sources) > 1:
            return
        types = frozenset.intersection(*(_types(schema) for schema in flat if "anyOf" not in schema)) or ALL_TYPES
        unions = [s for schema in flat for keyword in ("anyOf", "oneOf") for s in schema.get(keyword, [])]
        if unions:
            # The branches of a union were flattened too; what the value may be is what any of them allows.
            branches = frozenset[str]().union(*(_types(self._deref(branch)) for branch in unions))
            own = [_types(schema) for schema in flat[:1]]
            types = frozenset.intersection(branches, *own)
        listed = (schema.get(keyword) for keyword in (KNOWN_VALUES, "enum") for schema in flat)
        known = next((tuple(values) for values in listed if isinstance(values, list)), ())
        asserted = frozenset(
            keyword for schema in flat for keyword in schema if keyword != "format" or is_asserted(schema["format"])
        )
        example = next((schema["example"] for schema in flat if "example" in schema), None)
        source = next(iter(sources), "")
        places[pointer] = Property(
            pointer,
            source,
            types,
            required,
            known,
            self.document.location(source),
            example,
            self._is_closed(flat, pointer),
            asserted,
        )
        names = dict.fromkeys(name for schema in flat for name in schema.get("properties", {}))
        for name in names:
            declared = [schema["properties"][name] for schema in flat if name in schema.get("properties", {})]
            always = any(name in schema.get("required", ()) for schema in flat if not unions or schema is flat[0])
            self._places(declared, pointer + "/" + escape(name), required=always, places=places, seen=(*seen, *sources))
        items = [schema["items"] for schema in flat if isinstance(schema.get("items"), dict)]
        if items:
            self._places(items, pointer + "/*", required=False, places=places, seen=(*seen, *sources))

    def _violation(self, error: ValidationError) -> list[Violation]:
        keyword, declared, instance = str(error.validator), _declared(error), _instance(error)
        schema = error.schema if isinstance(error.schema, dict) else {}
        location = self.document.location(join(schema.get(SOURCE, self.pointer), keyword))
        base = from_path(error.absolute_path)
        if keyword == "required":
            return [
                Violation(base + "/" + escape(name), keyword, "to be there", "missing", "missing", location)
                for name in declared
                if name not in instance
            ]
        if keyword == "additionalProperties":
            extra = [name for name in instance if name not in schema.get("properties", {})]
            return [
                Violation(base + "/" + escape(name), keyword, "no such property", "present", "undeclared", location)
                for name in extra
            ]
        kind = type_name(error.instance)
        if keyword in ("enum", "const") and isinstance(error.instance, str | int):
            kind = str(error.instance)[:40]
        return [Violation(base, keyword, _expected(keyword, error), show(error.instance), kind, location)]


def show(value: Any) -> str:
    """A value for people: its JSON type and a short text of it."""
    name = type_name(value)
    if name in ("null", "object", "array"):
        return name if value else {"null": "null", "object": "an empty object", "array": "an empty array"}[name]
    text = value if isinstance(value, str) else json.dumps(value)
    printable = text.encode("utf-8", "backslashreplace").decode()
    cut = printable if len(printable) <= 60 else printable[:57] + "…"
    return f'{name} "{cut}"' if isinstance(value, str) else f"{name} {cut}"


def type_name(value: Any) -> str:
    """The JSON type of a value; ``number`` only for what has a fraction or an exponent."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    names = ((int, "integer"), (float, "number"), (str, "string"), (list, "array"), (Mapping, "object"))
    return next((name for kind, name in names if isinstance(value, kind)), type(value).__name__)


def _declared(error: ValidationError) -> Any:
    """The keyword's value in the schema; jsonschema types it as possibly unset, which it never is in an error."""
    return error.validator_value


def _instance(error: ValidationError) -> Any:
    return error.instance


def _expected(keyword: str, error: ValidationError) -> str:
    value = _declared(error)
    if keyword == "type":
        names = [value] if isinstance(value, str) else list(value)
        return " or ".join(names)
    if keyword in ("enum", "const"):
        return "one of " + ", ".join(
            json.dumps(one, ensure_ascii=False) for one in (value if keyword == "enum" else [value])
        )
    if keyword in ("anyOf", "oneOf", "allOf", "not"):
        return {"not": "not to match what is excluded"}.get(keyword, f"to match {keyword}")
    return f"{keyword} {json.dumps(value, ensure_ascii=False)[:60]}"


def _leaves(error: ValidationError) -> Iterator[ValidationError]:
    """The errors behind a union: those of the branch that is clearly meant, else the union itself."""
    if error.validator not in ("anyOf", "oneOf") or not error.context:
        yield error
        return
    branches: dict[Any, list[ValidationError]] = {}
    for inner in error.context:
        branches.setdefault(inner.schema_path[0], []).append(inner)
    meant = [errors for errors in branches.values() if not any(e.validator == "type" and not e.path for e in errors)]
    if len(meant) == 1:
        for inner in meant[0]:
            yield from _leaves(inner)
    else:
        yield error


def _types(schema: Mapping[str, Any]) -> frozenset[str]:
    declared = schema.get("type")
    if declared is None:
        return ALL_TYPES
    names = frozenset([declared] if isinstance(declared, str) else declared)
    return names | {"integer"} if "number" in names else names
