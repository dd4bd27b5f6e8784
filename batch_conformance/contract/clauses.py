"""Derives the clauses of a contract from its responses and their schemas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from batch_conformance.contract.clause import Clause
from batch_conformance.contract.constraints import Constraints
from batch_conformance.contract.location import Location
from batch_conformance.contract.operation import Operation
from batch_conformance.contract.schema import ALL_TYPES, KNOWN_VALUES, Property
from batch_conformance.contract.violation import listed

RULE_OF_KEYWORD: Mapping[str, str] = {
    "type": "body.type",
    "required": "body.required",
    "enum": "body.enum",
    "const": "body.enum",
    KNOWN_VALUES: "body.known_value",
    "format": "body.format",
    "additionalProperties": "body.undeclared",
    "unevaluatedProperties": "body.undeclared",
}
"""The rule that a keyword's violation breaks; any other keyword's is ``body.constraint``."""

_CONSTRAINTS = frozenset(
    {
        *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        *("minLength", "maxLength", "pattern"),
        *("minItems", "maxItems", "uniqueItems", "contains", "minContains", "maxContains"),
        *("minProperties", "maxProperties", "propertyNames", "dependentRequired", "not"),
    }
)


def rule_of(keyword: str) -> str:
    """The rule that a violation of a schema keyword breaks."""
    return RULE_OF_KEYWORD.get(keyword, "body.constraint")


def derive_clauses(operation: Operation) -> tuple[Clause, ...]:
    """Every clause of the operation, in document order."""
    return tuple(_clauses(operation))


def _clauses(operation: Operation) -> Iterator[Clause]:
    for response in operation.responses.values():
        status = response.status
        yield Clause(operation.id, status, "", "", "response.status", f"{status} may be answered", response.location)
        if response.headers:
            says = f"{status} has its documented headers"
            yield Clause(operation.id, status, "", "", "response.header", says, response.location)
        for media_type, schema in response.content.items():
            says = f"{status} has the media type {media_type}"
            yield Clause(operation.id, status, media_type, "", "response.media_type", says, response.location)
            success = status.startswith("2")
            for place in schema.properties if schema else ():
                if schema is not None and schema.contradiction(place.pointer) is not None:
                    continue  # whatever is answered, it is no server that breaks it
                for rule, statement, location in _statements(place, success):
                    yield Clause(operation.id, status, media_type, place.pointer, rule, statement, location)


def _statements(place: Property, success: bool) -> Iterable[tuple[str, str, Location]]:
    name = place.pointer or "the body"
    here = place.location

    def said(*keywords: str) -> Location:
        return next((place.places[keyword] for keyword in keywords if keyword in place.places), here)

    if place.write_only_at is not None:
        yield "body.write_only", f"{name} is never sent back", place.write_only_at
        return
    if place.types != ALL_TYPES:
        yield "body.type", f"{name} is {_listed(place.types)}", said("type", "anyOf", "oneOf")
    if place.required:
        yield "body.required", f"{name} is always there", place.required_at or here
    if "enum" in place.keywords or "const" in place.keywords:
        yield "body.enum", f"{name} is {listed(place.known_values)}", said("enum", "const")
    elif place.known_values:
        yield "body.known_value", f"{name} is {listed(place.known_values)}", said(KNOWN_VALUES)
    if "format" in place.keywords:
        yield "body.format", f"{name} has the format {place.values['format']}", said("format")
    if place.keywords & _CONSTRAINTS or _is_narrowed(place):
        yield "body.constraint", f"{name} keeps its constraints", here
    if place.closed or place.values.get("additionalProperties") is False or "unevaluatedProperties" in place.keywords:
        yield "body.undeclared", f"{name} has only documented properties", said("additionalProperties")
    if success and place.pointer and not place.required and not place.pointer.endswith("/*"):
        yield "body.seen", f"{name} is seen", here


def _is_narrowed(place: Property) -> bool:
    """Whether alternatives narrow the values of a type, and none of them leaves it open or merely lists them."""
    return any(
        len(alternatives) > 1 and not any(one == Constraints() for one in alternatives)
        for alternatives in place.space.values()
    )


def _listed(types: frozenset[str]) -> str:
    names = sorted(types - {"integer"} if "number" in types else types, key=lambda name: (name == "null", name))
    article = "an" if names[0][0] in "aio" else "a"
    return f"{article} {' or '.join(names)}" if names != ["null"] else "null"
