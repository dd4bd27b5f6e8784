"""Derives the clauses of a contract from its responses and their schemas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from batch_conformance.contract.clause import Clause
from batch_conformance.contract.location import Location
from batch_conformance.contract.schema import ALL_TYPES, KNOWN_VALUES, Property, Schema

if TYPE_CHECKING:
    from batch_conformance.contract.contract import Operation

_RULE_OF_KEYWORD: Mapping[str, str] = {
    "type": "body.type",
    "required": "body.required",
    "enum": "body.enum",
    "const": "body.enum",
    KNOWN_VALUES: "body.known_value",
    "format": "body.format",
    "additionalProperties": "body.undeclared",
    "unevaluatedProperties": "body.undeclared",
}
_CONSTRAINTS = frozenset(
    {
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        *("minLength", "maxLength", "pattern"),
        *("minItems", "maxItems", "uniqueItems", "contains", "minProperties", "maxProperties", "not"),
    }
)


def rule_of(keyword: str) -> str:
    """The rule that a violation of a schema keyword breaks."""
    return _RULE_OF_KEYWORD.get(keyword, "body.constraint")


def derive_clauses(operation: Operation) -> tuple[Clause, ...]:
    """Every clause of the operation, in document order."""
    return tuple(_clauses(operation))


def _clauses(operation: Operation) -> Iterator[Clause]:
    for response in operation.responses.values():
        status = response.status
        yield Clause(operation.id, status, "", "", "response.status", f"{status} may be answered", response.location)
        for media_type, schema in response.content.items():
            says = f"{status} has the media type {media_type}"
            yield Clause(operation.id, status, media_type, "", "response.media_type", says, response.location)
            success = status.startswith("2")
            for place in schema.properties if schema else ():
                for rule, statement, location in _statements(schema, place, success):
                    yield Clause(operation.id, status, media_type, place.pointer, rule, statement, location)


def _statements(schema: Schema | None, place: Property, success: bool) -> Iterable[tuple[str, str, Location]]:
    name = place.pointer or "the body"
    if schema is None:
        return
    here = place.location

    def said(keyword: str) -> Location:
        return schema.document.location(f"{place.source}/{keyword}")

    if place.types != ALL_TYPES:
        yield "body.type", f"{name} is {_listed(place.types)}", said("type")
    if place.required:
        yield "body.required", f"{name} is always there", _required_at(schema, place)
    if "enum" in place.keywords or "const" in place.keywords:
        yield "body.enum", f"{name} is one of the enumerated values", said("enum")
    elif place.known_values:
        yield "body.known_value", f"{name} is one of the documented values", said(KNOWN_VALUES)
    if "format" in place.keywords:
        yield "body.format", f"{name} has its format", said("format")
    if place.keywords & _CONSTRAINTS:
        yield "body.constraint", f"{name} keeps its constraints", here
    if place.closed:
        yield "body.undeclared", f"{name} has only documented properties", here
    if success and place.pointer and not place.required and not place.pointer.endswith("/*"):
        yield "body.seen", f"{name} is seen", here


def _required_at(schema: Schema, place: Property) -> Location:
    """Where the object around a place lists it as required."""
    around = place.source.rpartition("/properties/")[0]
    return schema.document.location(f"{around}/required")


def _listed(types: frozenset[str]) -> str:
    names = sorted(types - {"integer"} if "number" in types else types, key=lambda name: (name == "null", name))
    article = "an" if names[0][0] in "aio" else "a"
    return f"{article} {' or '.join(names)}" if names != ["null"] else "null"
