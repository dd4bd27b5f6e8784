"""The value space of a schema: which values of which JSON types it admits, whatever words it says that in.

OpenAPI 3.0 and 3.1 say the same differently (exclusive bounds, ``nullable``, ``enum`` of one and ``const``), and one
document may list what another composes of alternatives. Spaces are computed from translated schemas and say the same
for both. They are exact for the assertions below, and admit more than the schema where it says what they do not hold
(``not``, ``if``, what stands inside arrays and objects).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from batch_conformance.contract.constraints import (
    Bound,
    Constraints,
    both,
    in_common,
    is_among,
    joined,
    settled,
    tighter_lower,
    tighter_upper,
    whole,
)
from batch_conformance.contract.formats import says_something
from batch_conformance.contract.keywords import ANNOTATIONS, KNOWN_VALUES, TYPES
from batch_conformance.contract.violation import type_name

NUMBERS = ("integer", "number")
_INSIDE: Mapping[str, tuple[str, ...]] = {
    "object": (
        *("properties", "patternProperties", "additionalProperties", "required", "propertyNames", "dependentRequired"),
        *("dependentSchemas", "unevaluatedProperties"),
    ),
    "array": ("items", "prefixItems", "contains", "minContains", "maxContains", "unevaluatedItems"),
}
"""What a schema says of what is inside a value, which a space does not hold."""
_ANY_TYPE = ("not", "if", "then", "else")
_SIZES: Mapping[str, tuple[str, str]] = {
    "string": ("minLength", "maxLength"),
    "array": ("minItems", "maxItems"),
    "object": ("minProperties", "maxProperties"),
}
_MOST_ALTERNATIVES = 64
ValueSpace = Mapping[str, tuple[Constraints, ...]]
"""By JSON type, the alternatives of which a value of the type has to keep one; a type that is absent is not admitted.

``integer`` are numbers without a fraction, and ``number`` those with one.
"""


def admits(space: ValueSpace, value: Any) -> bool:
    """Whether a space admits a value."""
    return any(one.admits(whole(value)) for one in space.get(type_name(whole(value)), ()))


def stated(schema: Mapping[str, Any]) -> ValueSpace:
    """The space of what a translated schema asserts itself, without references and alternatives."""
    declared = schema.get("type", TYPES)
    types = frozenset([declared]) if isinstance(declared, str) else frozenset(declared)
    types |= {"integer"} if "number" in types else types
    space: dict[str, tuple[Constraints, ...]] = {}
    for kind in types - excluded_types(schema):
        one = settled(_stated_of(schema, kind), kind)
        if one is not None:
            space[kind] = (one,)
    return space


def excluded_types(schema: Mapping[str, Any]) -> frozenset[str]:
    """The types that a schema excludes by a ``not`` that says nothing else."""
    excluded = schema.get("not")
    if not isinstance(excluded, Mapping) or excluded.keys() - ANNOTATIONS != {"type"}:
        return frozenset()
    declared = excluded["type"]
    types = frozenset([declared]) if isinstance(declared, str) else frozenset(declared)
    return types | {"integer"} if "number" in types else types


def intersection(spaces: Iterable[ValueSpace]) -> ValueSpace:
    """What all spaces admit (``allOf``, ``$ref``)."""
    first, *others = spaces
    for other in others:
        met: dict[str, tuple[Constraints, ...]] = {}
        for kind in first.keys() & other.keys():
            found = (settled(both(one, two), kind) for one in first[kind] for two in other[kind])
            if alternatives := _absorbed([one for one in found if one is not None]):
                met[kind] = alternatives
        first = met
    return first


def union(spaces: Iterable[ValueSpace]) -> ValueSpace:
    """What any of the spaces admits (``anyOf``, and ``oneOf`` without its exclusion)."""
    held: dict[str, list[Constraints]] = {}
    for space in spaces:
        for kind, alternatives in space.items():
            held.setdefault(kind, []).extend(alternatives)
    return {kind: _absorbed(alternatives) for kind, alternatives in held.items()}


def is_within(one: Constraints, alternatives: Iterable[Constraints]) -> bool:
    """Whether all that is admitted is admitted by one of the alternatives; in doubt it is not."""
    among = list(alternatives)
    parts = [one] if one.listed is None else [Constraints(listed=(value,)) for value in one.listed]
    return all(any(other.contains(part) for other in among) for part in parts)


def covering(alternatives: Sequence[Constraints]) -> Constraints:
    """What all of the alternatives have in common: it admits whatever one of them does."""
    first, *others = alternatives
    for other in others:
        first = in_common(first, other)
    return first


def assertions(one: Constraints, kind: str) -> Iterator[tuple[str, Any]]:
    """What constraints of a type assert, as keywords of JSON Schema 2020-12 and their values; listed values aside."""
    if one.lower:
        yield "exclusiveMinimum" if one.lower.exclusive else "minimum", one.lower.value
    if one.upper:
        yield "exclusiveMaximum" if one.upper.exclusive else "maximum", one.upper.value
    if kind in _SIZES:
        least, most = _SIZES[kind]
        if one.least:
            yield least, one.least
        if one.most is not None:
            yield most, one.most
    for keyword, said in (("multipleOf", one.multiples), ("pattern", one.patterns), ("format", one.formats)):
        yield from ((keyword, value) for value in sorted(said, key=str))
    if one.unique:
        yield "uniqueItems", True


def broken(one: Constraints, kind: str, value: Any) -> tuple[str, Any] | None:
    """The first assertion that a value of the type breaks, with what it says; None where it breaks none of them."""
    if one.listed is not None:
        return None if one.admits(value) else ("enum", list(one.listed))
    for keyword, said in assertions(one, kind):
        if not stated({"type": kind, keyword: said})[kind][0].admits(value):
            return keyword, said
    return None


def is_known(space: ValueSpace, value: Any) -> bool:
    """Whether a value is among those known for its place, where any are: what is of no type of the space is."""
    alternatives = space.get(type_name(value), ())
    return not alternatives or any(one.known is None or is_among([value], one.known) for one in alternatives)


def _stated_of(schema: Mapping[str, Any], kind: str) -> Constraints:
    beyond = (*_INSIDE.get(kind, ()), *(name for name in _ANY_TYPE if name != "not" or not excluded_types(schema)))
    made = Constraints(further=any(name in schema for name in beyond))
    lists = [schema["enum"]] if "enum" in schema else []
    lists += [[schema["const"]]] if "const" in schema else []
    for values in lists:
        made = both(made, Constraints(listed=_of_type(values, kind)))
    if isinstance(known := schema.get(KNOWN_VALUES), list) and (of_type := _of_type(known, kind)):
        made = replace(made, known=of_type)
    name = schema.get("format")
    if isinstance(name, str) and says_something(name, frozenset([kind])):
        made = replace(made, formats=frozenset([name]))
    if kind in NUMBERS:
        made = replace(made, lower=_lower(schema), upper=_upper(schema))
        if "multipleOf" in schema:
            made = replace(made, multiples=frozenset([schema["multipleOf"]]))
    if kind in _SIZES:
        least, most = _SIZES[kind]
        made = replace(made, least=schema.get(least, 0), most=schema.get(most))
    if kind == "string" and "pattern" in schema:
        made = replace(made, patterns=frozenset([schema["pattern"]]))
    return replace(
        made,
        unique=kind == "array" and schema.get("uniqueItems") is True,
        closed=kind == "object" and schema.get("additionalProperties") is False,
    )


def _of_type(values: Iterable[Any], kind: str) -> tuple[Any, ...]:
    return tuple(made for value in values if type_name(made := whole(value)) == kind)


def _lower(schema: Mapping[str, Any]) -> Bound | None:
    bound, exclusive = schema.get("minimum"), schema.get("exclusiveMinimum")
    own = None if bound is None else Bound(bound, exclusive is True)
    return own if exclusive is None or isinstance(exclusive, bool) else tighter_lower(own, Bound(exclusive, True))


def _upper(schema: Mapping[str, Any]) -> Bound | None:
    bound, exclusive = schema.get("maximum"), schema.get("exclusiveMaximum")
    own = None if bound is None else Bound(bound, exclusive is True)
    return own if exclusive is None or isinstance(exclusive, bool) else tighter_upper(own, Bound(exclusive, True))


def _absorbed(alternatives: Sequence[Constraints]) -> tuple[Constraints, ...]:
    """The alternatives without those that another one contains; values that are listed become one list."""
    open_ones = [one for one in alternatives if one.listed is None]
    kept: list[Constraints] = []
    for number, one in enumerate(open_ones):
        others = [*kept, *open_ones[number + 1 :]]
        if not any(other.contains(one) for other in others):
            kept.append(one)
    for further in (False, True):
        lists = [one for one in alternatives if one.listed is not None and one.further is further]
        values = [value for one in lists for value in one.listed or ()]
        left = [value for value in values if not any(other.contains(Constraints(listed=(value,))) for other in kept)]
        if left:
            kept.append(Constraints(listed=joined(left, ()), further=further))
    return tuple(kept) if len(kept) <= _MOST_ALTERNATIVES else (covering(kept),)
