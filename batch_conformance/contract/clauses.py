"""Derives the clauses of a contract from its responses and their schemas."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from batch_conformance.contract.clause import Clause
from batch_conformance.contract.constraints import Constraints
from batch_conformance.contract.location import Location
from batch_conformance.contract.operation import Operation
from batch_conformance.contract.schema import ALL_TYPES, KNOWN_VALUES, Property
from batch_conformance.contract.violation import listed
from batch_conformance.message import Argument, Listing, Message, Template, type_named

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

_STATUS = Template("clause.response.status", "{status} may be answered")
_HEADERS = Template("clause.response.header", "{status} has its documented headers")
_MEDIA_TYPE = Template("clause.response.media_type", "{status} has the media type {media_type}")
THE_BODY = Template("place.body", "the body")
_NEVER_SENT = Template("clause.body.write_only", "{place} is never sent back")
_TYPE = Template("clause.body.type", "{place} is a {type}")
_TYPE_VOWEL = Template("clause.body.type_vowel", "{place} is an {type}")
_NULL = Template("clause.body.null", "{place} is null")
_REQUIRED = Template("clause.body.required", "{place} is always there")
_VALUES = Template("clause.body.enum", "{place} is {values}")
_FORMAT = Template("clause.body.format", "{place} has the format {format}")
_CONSTRAINED = Template("clause.body.constraint", "{place} keeps its constraints")
_CLOSED = Template("clause.body.undeclared", "{place} has only documented properties")
_SEEN = Template("clause.body.seen", "{place} is seen")


def rule_of(keyword: str) -> str:
    """The rule that a violation of a schema keyword breaks."""
    return RULE_OF_KEYWORD.get(keyword, "body.constraint")


def derive_clauses(operation: Operation) -> tuple[Clause, ...]:
    """Every clause of the operation, in document order."""
    return tuple(_clauses(operation))


def _clauses(operation: Operation) -> Iterator[Clause]:
    for response in operation.responses.values():
        status = response.status
        yield Clause(operation.id, status, "", "", "response.status", _STATUS(status=status), response.location)
        if response.headers:
            says = _HEADERS(status=status)
            yield Clause(operation.id, status, "", "", "response.header", says, response.location)
        for media_type, schema in response.content.items():
            says = _MEDIA_TYPE(status=status, media_type=media_type)
            yield Clause(operation.id, status, media_type, "", "response.media_type", says, response.location)
            success = status.startswith("2")
            for place in schema.properties if schema else ():
                if schema is not None and schema.contradiction(place.pointer) is not None:
                    continue  # whatever is answered, it is no server that breaks it
                for rule, statement, location in _statements(place, success):
                    yield Clause(operation.id, status, media_type, place.pointer, rule, statement, location)


def _statements(place: Property, success: bool) -> Iterable[tuple[str, Message, Location]]:
    name = place.pointer or THE_BODY()
    here = place.location

    def said(*keywords: str) -> Location:
        return next((place.places[keyword] for keyword in keywords if keyword in place.places), here)

    if place.write_only_at is not None:
        yield "body.write_only", _NEVER_SENT(place=name), place.write_only_at
        return
    if place.types != ALL_TYPES:
        yield "body.type", _typed(name, place.types), said("type", "anyOf", "oneOf")
    if place.required:
        yield "body.required", _REQUIRED(place=name), place.required_at or here
    if "enum" in place.keywords or "const" in place.keywords:
        yield "body.enum", _VALUES(place=name, values=listed(place.known_values)), said("enum", "const")
    elif place.known_values:
        yield "body.known_value", _VALUES(place=name, values=listed(place.known_values)), said(KNOWN_VALUES)
    if "format" in place.keywords:
        yield "body.format", _FORMAT(place=name, format=str(place.values["format"])), said("format")
    if place.keywords & _CONSTRAINTS or _is_narrowed(place):
        yield "body.constraint", _CONSTRAINED(place=name), here
    if place.closed or place.values.get("additionalProperties") is False or "unevaluatedProperties" in place.keywords:
        yield "body.undeclared", _CLOSED(place=name), said("additionalProperties")
    if success and place.pointer and not place.required and not place.pointer.endswith("/*"):
        yield "body.seen", _SEEN(place=name), here


def _is_narrowed(place: Property) -> bool:
    """Whether alternatives narrow the values of a type, and none of them leaves it open or merely lists them."""
    return any(
        len(alternatives) > 1 and not any(one == Constraints() for one in alternatives)
        for alternatives in place.space.values()
    )


def _typed(place: Argument, types: frozenset[str]) -> Message:
    names = sorted(types - {"integer"} if "number" in types else types, key=lambda name: (name == "null", name))
    if names == ["null"]:
        return _NULL(place=place)
    template = _TYPE_VOWEL if names[0][0] in "aio" else _TYPE
    return template(place=place, type=Listing(tuple(type_named(name) for name in names), "or"))
