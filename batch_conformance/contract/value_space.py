"""The value space of a schema: which values of which JSON types it admits, whatever words it says that in.

OpenAPI 3.0 and 3.1 say the same differently (exclusive bounds, ``nullable``, ``enum`` of one and ``const``), and one
document may list what another composes of alternatives. Spaces are computed from translated schemas and say the same
for both. They are exact for the assertions below, and admit more than the schema where it says what they do not hold
(``not``, ``if``, what stands inside arrays and objects).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from batch_conformance.contract.expression import expression
from batch_conformance.contract.formats import RANGES, has_format, says_something
from batch_conformance.contract.translate import KNOWN_VALUES, TYPES
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


@dataclass(frozen=True, slots=True)
class Bound:
    """A bound of a number; ``exclusive`` where the bound itself is not admitted."""

    value: int | float
    exclusive: bool = False


@dataclass(frozen=True, slots=True)
class Constraints:
    """What is asserted of values of one JSON type, all of it at once.

    ``listed`` are the only values there are (``enum``, ``const``), ``known`` those that ``x-known-values`` has; None
    where nothing is listed. ``lower`` and ``upper`` bound numbers; ``least`` and ``most`` the length of a string or the
    number of items or members. ``closed`` is ``additionalProperties: false``, ``further`` says that more is asserted
    than a space holds.
    """

    listed: tuple[Any, ...] | None = None
    known: tuple[Any, ...] | None = None
    lower: Bound | None = None
    upper: Bound | None = None
    least: int = 0
    most: int | None = None
    multiples: frozenset[int | float] = frozenset()
    patterns: frozenset[str] = frozenset()
    formats: frozenset[str] = frozenset()
    unique: bool = False
    closed: bool = False
    further: bool = False

    def admits(self, value: Any) -> bool:
        """Whether a value of the type keeps what is asserted here."""
        if self.listed is not None and _text(value) not in map(_text, self.listed):
            return False
        if isinstance(value, int | float) and not isinstance(value, bool):
            return self._admits_number(value)
        if isinstance(value, str | list | Mapping) and not self.least <= len(value) <= _or_endless(self.most):
            return False
        if not isinstance(value, str):
            return True
        compiled = [expression(pattern) for pattern in self.patterns]
        matches = all(one is None or one.search(value) for one in compiled)
        return matches and all(has_format(value, name) for name in self.formats)

    def _admits_number(self, value: int | float) -> bool:
        if self.lower and (value < self.lower.value or (self.lower.exclusive and value == self.lower.value)):
            return False
        if self.upper and (value > self.upper.value or (self.upper.exclusive and value == self.upper.value)):
            return False
        if self.multiples and not math.isfinite(value):
            return False
        multiple = all(Fraction(value) % Fraction(one) == 0 for one in self.multiples)
        return multiple and all(has_format(value, name) for name in self.formats)

    def contains(self, other: Constraints) -> bool:
        """Whether all that ``other`` admits is admitted here; in doubt it is not."""
        if self.further:
            return False
        if self.known is not None and not _among(other.known if other.listed is None else other.listed, self.known):
            return False
        if other.listed is not None:
            return all(self.admits(value) for value in other.listed)
        if self.listed is not None:
            return False
        mine, others = self.range, other.range
        return (
            _tighter_lower(mine[0], others[0]) == others[0]
            and _tighter_upper(mine[1], others[1]) == others[1]
            and self.least <= other.least
            and _or_endless(other.most) <= _or_endless(self.most)
            and all(any(Fraction(n) % Fraction(m) == 0 for n in other.multiples) for m in self.multiples)
            and self.patterns <= other.patterns
            and self.formats - RANGES.keys() <= other.formats
            and self.unique <= other.unique
            and self.closed <= other.closed
        )

    @property
    def range(self) -> tuple[Bound | None, Bound | None]:
        """The bounds of a number, those that a format of numbers means among them."""
        lower, upper = self.lower, self.upper
        for name in self.formats & RANGES.keys():
            least, most = RANGES[name]
            lower, upper = _tighter_lower(lower, Bound(least)), _tighter_upper(upper, Bound(most))
        return lower, upper


ValueSpace = Mapping[str, tuple[Constraints, ...]]
"""By JSON type, the alternatives of which a value of the type has to keep one; a type that is absent is not admitted.

``integer`` are numbers without a fraction, and ``number`` those with one.
"""


def admits(space: ValueSpace, value: Any) -> bool:
    """Whether a space admits a value."""
    return any(one.admits(_whole(value)) for one in space.get(type_name(_whole(value)), ()))


def stated(schema: Mapping[str, Any]) -> ValueSpace:
    """The space of what a translated schema asserts itself, without references and alternatives."""
    declared = schema.get("type", TYPES)
    types = frozenset([declared]) if isinstance(declared, str) else frozenset(declared)
    space: dict[str, tuple[Constraints, ...]] = {}
    for kind in types | ({"integer"} if "number" in types else frozenset()):
        one = _settled(_stated_of(schema, kind), kind)
        if one is not None:
            space[kind] = (one,)
    return space


def intersection(spaces: Iterable[ValueSpace]) -> ValueSpace:
    """What all spaces admit (``allOf``, ``$ref``)."""
    first, *others = spaces
    for other in others:
        met: dict[str, tuple[Constraints, ...]] = {}
        for kind in first.keys() & other.keys():
            both = (_settled(_both(one, two), kind) for one in first[kind] for two in other[kind])
            if alternatives := _absorbed([one for one in both if one is not None]):
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
        first = _common(first, other)
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
    return not alternatives or any(one.known is None or _among([value], one.known) for one in alternatives)


def _stated_of(schema: Mapping[str, Any], kind: str) -> Constraints:
    made = Constraints(further=any(name in schema for name in (*_INSIDE.get(kind, ()), *_ANY_TYPE)))
    lists = [schema["enum"]] if "enum" in schema else []
    lists += [[schema["const"]]] if "const" in schema else []
    for values in lists:
        made = _both(made, Constraints(listed=_of_type(values, kind)))
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
    return tuple(whole for value in values if type_name(whole := _whole(value)) == kind)


def _lower(schema: Mapping[str, Any]) -> Bound | None:
    bound, exclusive = schema.get("minimum"), schema.get("exclusiveMinimum")
    own = None if bound is None else Bound(bound, exclusive is True)
    return own if exclusive is None or isinstance(exclusive, bool) else _tighter_lower(own, Bound(exclusive, True))


def _upper(schema: Mapping[str, Any]) -> Bound | None:
    bound, exclusive = schema.get("maximum"), schema.get("exclusiveMaximum")
    own = None if bound is None else Bound(bound, exclusive is True)
    return own if exclusive is None or isinstance(exclusive, bool) else _tighter_upper(own, Bound(exclusive, True))


def _tighter_lower(one: Bound | None, two: Bound | None) -> Bound | None:
    if one is None or two is None:
        return one or two
    return max(one, two, key=lambda bound: (bound.value, bound.exclusive))


def _tighter_upper(one: Bound | None, two: Bound | None) -> Bound | None:
    if one is None or two is None:
        return one or two
    return min(one, two, key=lambda bound: (bound.value, not bound.exclusive))


def _looser_lower(one: Bound | None, two: Bound | None) -> Bound | None:
    return None if one is None or two is None else min(one, two, key=lambda bound: (bound.value, bound.exclusive))


def _looser_upper(one: Bound | None, two: Bound | None) -> Bound | None:
    return None if one is None or two is None else max(one, two, key=lambda bound: (bound.value, not bound.exclusive))


def _settled(one: Constraints, kind: str) -> Constraints | None:
    """The constraints in the one way of saying them; None where no value keeps them."""
    if kind == "integer":
        one = replace(one, lower=_whole_bound(one.lower, up=True), upper=_whole_bound(one.upper, up=False))
    lower, upper = one.range
    if lower and upper and lower.value >= upper.value:
        if lower.value > upper.value or lower.exclusive or upper.exclusive:
            return None
        if kind == "integer" and one.listed is None:
            one = replace(one, listed=(lower.value,))
    if one.most is not None and one.least > one.most:
        return None
    if one.listed is None:
        return one
    kept = tuple(value for value in one.listed if one.admits(value))
    if not kept:
        return None
    if kind == "null" or (kind == "boolean" and len(kept) > 1):
        return Constraints(further=one.further)
    # The values that are left keep the rest by themselves.
    return Constraints(listed=kept, further=one.further)


def _whole_bound(bound: Bound | None, *, up: bool) -> Bound | None:
    """The bound of an integer: the nearest whole number that is admitted."""
    if bound is None or not math.isfinite(bound.value):
        return bound
    if up:
        return Bound(math.floor(bound.value) + 1 if bound.exclusive else math.ceil(bound.value))
    return Bound(math.ceil(bound.value) - 1 if bound.exclusive else math.floor(bound.value))


def _both(one: Constraints, two: Constraints) -> Constraints:
    return Constraints(
        listed=_in_both(one.listed, two.listed),
        known=_in_both(one.known, two.known),
        lower=_tighter_lower(one.lower, two.lower),
        upper=_tighter_upper(one.upper, two.upper),
        least=max(one.least, two.least),
        most=two.most if one.most is None else one.most if two.most is None else min(one.most, two.most),
        multiples=one.multiples | two.multiples,
        patterns=one.patterns | two.patterns,
        formats=one.formats | two.formats,
        unique=one.unique or two.unique,
        closed=one.closed or two.closed,
        further=one.further or two.further,
    )


def _common(one: Constraints, two: Constraints) -> Constraints:
    """What holds of all that either admits."""
    longest = (_longest(one), _longest(two))
    return Constraints(
        listed=None if one.listed is None or two.listed is None else _joined(one.listed, two.listed),
        known=_known(one, two),
        lower=_looser_lower(_least_of(one), _least_of(two)),
        upper=_looser_upper(_most_of(one), _most_of(two)),
        least=min(_shortest(one), _shortest(two)),
        most=None if None in longest else max(size for size in longest if size is not None),
        multiples=frozenset(
            said for said in one.multiples | two.multiples if all(_keeps(each, multiple=said) for each in (one, two))
        ),
        patterns=frozenset(
            said for said in one.patterns | two.patterns if all(_keeps(each, pattern=said) for each in (one, two))
        ),
        formats=frozenset(
            said for said in one.formats | two.formats if all(_keeps(each, format_name=said) for each in (one, two))
        ),
        unique=one.unique and two.unique,
        closed=one.closed and two.closed,
        further=one.further and two.further,
    )


def _keeps(
    one: Constraints, *, multiple: float | None = None, pattern: str | None = None, format_name: str | None = None
) -> bool:
    """Whether the constraints say this, or all values that they list keep it."""
    said = Constraints(
        multiples=frozenset() if multiple is None else frozenset([multiple]),
        patterns=frozenset() if pattern is None else frozenset([pattern]),
        formats=frozenset() if format_name is None else frozenset([format_name]),
    )
    if said.multiples <= one.multiples and said.patterns <= one.patterns and said.formats <= one.formats:
        return True
    return one.listed is not None and all(said.admits(value) for value in one.listed)


def _known(one: Constraints, two: Constraints) -> tuple[Any, ...] | None:
    """The known values of both, where either lists some, and neither admits any other."""
    mine, others = (each.known if each.listed is None else each.listed for each in (one, two))
    if mine is None or others is None or (one.listed is not None and two.listed is not None):
        return None
    return _joined(mine, others)


def _least_of(one: Constraints) -> Bound | None:
    numbers = [value for value in one.listed or () if isinstance(value, int | float)]
    return Bound(min(numbers)) if numbers else one.lower


def _most_of(one: Constraints) -> Bound | None:
    numbers = [value for value in one.listed or () if isinstance(value, int | float)]
    return Bound(max(numbers)) if numbers else one.upper


def _shortest(one: Constraints) -> int:
    sizes = [len(value) for value in one.listed or () if isinstance(value, str | list | Mapping)]
    return min(sizes) if sizes else one.least


def _longest(one: Constraints) -> int | None:
    sizes = [len(value) for value in one.listed or () if isinstance(value, str | list | Mapping)]
    return max(sizes) if sizes else one.most


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
            kept.append(Constraints(listed=_joined(left, ()), further=further))
    return tuple(kept) if len(kept) <= _MOST_ALTERNATIVES else (covering(kept),)


def _in_both(one: tuple[Any, ...] | None, two: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
    if one is None or two is None:
        return two if one is None else one
    texts = {_text(value) for value in two}
    return tuple(value for value in one if _text(value) in texts)


def _joined(one: Iterable[Any], two: Iterable[Any]) -> tuple[Any, ...]:
    by_text: dict[str, Any] = {}
    for value in (*one, *two):
        by_text.setdefault(_text(value), value)
    return tuple(by_text.values())


def _among(values: Iterable[Any] | None, wanted: Iterable[Any]) -> bool:
    return values is not None and {_text(value) for value in values} <= {_text(value) for value in wanted}


def _whole(value: Any) -> Any:
    """A number without a fraction as an integer, which it is equal to."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _text(value: Any) -> str:
    return json.dumps(_whole(value), sort_keys=True)


def _or_endless(most: int | None) -> float:
    return math.inf if most is None else most
