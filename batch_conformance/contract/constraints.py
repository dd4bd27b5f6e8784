"""What a schema asserts of the values of one JSON type, and how two such assertions meet."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from batch_conformance.contract.decimals import is_multiple
from batch_conformance.contract.expression import expression
from batch_conformance.contract.formats import RANGES, has_format


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
        multiple = all(is_multiple(value, one) for one in self.multiples)
        return multiple and all(has_format(value, name) for name in self.formats)

    def contains(self, other: Constraints) -> bool:
        """Whether all that ``other`` admits is admitted here; in doubt it is not."""
        if self.further:
            return False
        if self.known is not None and not is_among(other.known if other.listed is None else other.listed, self.known):
            return False
        if other.listed is not None:
            return all(self.admits(value) for value in other.listed)
        if self.listed is not None:
            return False
        mine, others = self.range, other.range
        return (
            tighter_lower(mine[0], others[0]) == others[0]
            and tighter_upper(mine[1], others[1]) == others[1]
            and self.least <= other.least
            and _or_endless(other.most) <= _or_endless(self.most)
            and all(any(is_multiple(n, m) for n in other.multiples) for m in self.multiples)
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
            lower, upper = tighter_lower(lower, Bound(least)), tighter_upper(upper, Bound(most))
        return lower, upper


def both(one: Constraints, two: Constraints) -> Constraints:
    """What keeps the one and the other."""
    return Constraints(
        listed=_in_both(one.listed, two.listed),
        known=_in_both(one.known, two.known),
        lower=tighter_lower(one.lower, two.lower),
        upper=tighter_upper(one.upper, two.upper),
        least=max(one.least, two.least),
        most=two.most if one.most is None else one.most if two.most is None else min(one.most, two.most),
        multiples=one.multiples | two.multiples,
        patterns=one.patterns | two.patterns,
        formats=one.formats | two.formats,
        unique=one.unique or two.unique,
        closed=one.closed or two.closed,
        further=one.further or two.further,
    )


def in_common(one: Constraints, two: Constraints) -> Constraints:
    """What holds of all that either admits."""
    longest = (_longest(one), _longest(two))
    return Constraints(
        listed=None if one.listed is None or two.listed is None else joined(one.listed, two.listed),
        known=_known(one, two),
        lower=_looser_lower(_least_of(one), _least_of(two)),
        upper=_looser_upper(_most_of(one), _most_of(two)),
        least=min(_shortest(one), _shortest(two)),
        most=None if None in longest else max(size for size in longest if size is not None),
        multiples=frozenset(
            said for said in one.multiples | two.multiples if all(_implies(each, multiple=said) for each in (one, two))
        ),
        patterns=frozenset(
            said for said in one.patterns | two.patterns if all(_implies(each, pattern=said) for each in (one, two))
        ),
        formats=frozenset(
            said for said in one.formats | two.formats if all(_implies(each, format_name=said) for each in (one, two))
        ),
        unique=one.unique and two.unique,
        closed=one.closed and two.closed,
        further=one.further and two.further,
    )


def settled(one: Constraints, kind: str) -> Constraints | None:
    """The constraints in the one way of saying them; None where no value keeps them."""
    if kind == "integer":
        one = replace(one, lower=_whole_bound(one.lower, up=True), upper=_whole_bound(one.upper, up=False))
    lower, upper = one.range
    if not _is_possible(one, kind):
        return None
    if kind == "integer" and lower and upper and lower.value == upper.value and one.listed is None:
        one = replace(one, listed=(lower.value,))
    if one.listed is None:
        return one
    kept = tuple(value for value in one.listed if one.admits(value))
    if not kept:
        return None
    if kind == "null" or (kind == "boolean" and len(kept) > 1):
        return Constraints(further=one.further)
    # The values that are left keep the rest by themselves.
    return Constraints(listed=kept, further=one.further)


def joined(one: Iterable[Any], two: Iterable[Any]) -> tuple[Any, ...]:
    """The values of both lists, each once."""
    by_text: dict[str, Any] = {}
    for value in (*one, *two):
        by_text.setdefault(_text(value), value)
    return tuple(by_text.values())


def is_among(values: Iterable[Any] | None, wanted: Iterable[Any]) -> bool:
    """Whether all values are among those wanted; False where none are listed."""
    return values is not None and {_text(value) for value in values} <= {_text(value) for value in wanted}


def whole(value: Any) -> Any:
    """A number without a fraction as an integer, which it is equal to."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def tighter_lower(one: Bound | None, two: Bound | None) -> Bound | None:
    """The lower bound that admits less; None where there is none."""
    if one is None or two is None:
        return one or two
    return max(one, two, key=lambda bound: (bound.value, bound.exclusive))


def tighter_upper(one: Bound | None, two: Bound | None) -> Bound | None:
    """The upper bound that admits less; None where there is none."""
    if one is None or two is None:
        return one or two
    return min(one, two, key=lambda bound: (bound.value, not bound.exclusive))


def _is_possible(one: Constraints, kind: str) -> bool:
    """Whether the bounds leave a value."""
    if one.most is not None and one.least > one.most:
        return False
    lower, upper = one.range
    if lower is None or upper is None:
        return True
    if lower.value == upper.value and (lower.exclusive or upper.exclusive):
        return False
    return lower.value <= upper.value and _has_multiple(one.multiples, lower, upper, kind)


def _has_multiple(multiples: Iterable[float], lower: Bound, upper: Bound, kind: str) -> bool:
    """Whether a multiple lies within bounds; what a float stands for is not what was written, so it is not reckoned."""
    steps = [Fraction(one) for one in multiples if one % 1 == 0]
    if not steps or not math.isfinite(lower.value) or not math.isfinite(upper.value):
        return True
    if kind == "number":
        return False  # what has a fraction is no multiple of a whole number
    step = math.lcm(*(int(one) for one in steps))
    return math.ceil(Fraction(lower.value) / step) * step <= upper.value


def _whole_bound(bound: Bound | None, *, up: bool) -> Bound | None:
    """The bound of an integer: the nearest whole number that is admitted."""
    if bound is None or not math.isfinite(bound.value):
        return bound
    if up:
        return Bound(math.floor(bound.value) + 1 if bound.exclusive else math.ceil(bound.value))
    return Bound(math.ceil(bound.value) - 1 if bound.exclusive else math.floor(bound.value))


def _implies(
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
    return joined(mine, others)


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


def _looser_lower(one: Bound | None, two: Bound | None) -> Bound | None:
    return None if one is None or two is None else min(one, two, key=lambda bound: (bound.value, bound.exclusive))


def _looser_upper(one: Bound | None, two: Bound | None) -> Bound | None:
    return None if one is None or two is None else max(one, two, key=lambda bound: (bound.value, not bound.exclusive))


def _in_both(one: tuple[Any, ...] | None, two: tuple[Any, ...] | None) -> tuple[Any, ...] | None:
    if one is None or two is None:
        return two if one is None else one
    texts = {_text(value) for value in two}
    return tuple(value for value in one if _text(value) in texts)


def _text(value: Any) -> str:
    return json.dumps(whole(value), sort_keys=True)


def _or_endless(most: int | None) -> float:
    return math.inf if most is None else most
