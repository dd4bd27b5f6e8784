"""Places of a schema that no value can keep: the document contradicts itself there, and no server can do right.

Only what can be decided exactly is: types that exclude each other, enumerations of which no value keeps the rest,
bounds with nothing between them, and properties that are declared or required and not allowed. Whatever else is said is
taken to be something that can be kept.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

from batch_conformance.contract.dialect import validator_for
from batch_conformance.contract.expression import expression
from batch_conformance.contract.formats import CHECKED
from batch_conformance.contract.keywords import SOURCE, TYPES
from batch_conformance.contract.pointer import escape, printable

_Schema = Mapping[str, Any]
_Bound = tuple[Fraction, bool]
"""A bound, and whether it is itself excluded."""

_ANNOTATIONS = frozenset({SOURCE, "title", "description", "example", "examples", "default", "deprecated", "$comment"})
_UNIONS = ("anyOf", "oneOf")
_NOTHING = "nothing is allowed here"
"""Why a place has no value that is meant to have none: it is kept where nothing is there."""
_DEEPEST = 12
_MOST_PLACES = 2_000


def impossible_places(root: _Schema, *, modern: bool) -> dict[str, str]:
    """The pointers of the places that nothing can keep, and why; not those inside another one."""
    found, _ = _Search(root, modern).below([root], "", ())
    return {
        pointer: why
        for pointer, why in found.items()
        if not any(pointer != other and pointer.startswith(other + "/") for other in found)
    }


class _Search:
    def __init__(self, root: _Schema, modern: bool) -> None:
        self._keyword = "$defs" if modern else "definitions"
        self._definitions: _Schema = root.get(self._keyword, {})
        self._modern = modern
        self._places = 0

    def below(
        self, schemas: Sequence[_Schema], pointer: str, around: tuple[int, ...], *, required: bool = False
    ) -> tuple[dict[str, str], set[str]]:
        """The places at and below a pointer that nothing can keep, and all places that are declared there."""
        both = self._both(schemas)
        self._places += 1
        if (
            self._places > _MOST_PLACES
            or len(around) > _DEEPEST
            or any(id(one) in around for one in both if _holds(one))
        ):
            return {}, {pointer}
        found: dict[str, str] = {}
        why = self._reason(both, _DEEPEST, inside=False)
        if why and (why != _NOTHING or required):
            found[pointer] = why
        declared = {pointer}
        inside = (*around, *(id(one) for one in both if _holds(one)))
        for name, inner in self._members(both):
            at = f"{pointer}/{escape(printable(name))}"
            if forbidden := self._forbidden(both, name):
                found[at] = forbidden
                declared.add(at)
            elif inner:
                needed = any(name in one.get("required", ()) for one in both)
                more, places = self.below(inner, at, inside, required=needed)
                found |= more
                declared |= places
        items = [one["items"] for one in both if isinstance(one.get("items"), Mapping)]
        if items:
            more, places = self.below(items, pointer + "/*", inside)
            found |= more
            declared |= places
        for one in both:
            for keyword in _UNIONS:
                self._add_alternatives(one.get(keyword, ()), (pointer, inside), found, declared)
        return found, declared

    def _add_alternatives(
        self,
        branches: Sequence[_Schema],
        place: tuple[str, tuple[int, ...]],
        found: dict[str, str],
        declared: set[str],
    ) -> None:
        """What alternatives declare and nobody else: impossible where all of those say so that declare it."""
        pointer, inside = place
        results = [self.below([branch], pointer, inside) for branch in branches]
        for at in set().union(*(places for _, places in results)) - declared if results else ():
            why = [impossible.get(at, "") for impossible, places in results if at in places]
            if all(why):
                found[at] = why[0]
        declared |= set().union(*(places for _, places in results))

    def _both(self, schemas: Sequence[_Schema]) -> list[_Schema]:
        """The schemas and all that apply to the same value whatever it is."""
        found: dict[int, _Schema] = {}
        left = list(schemas)
        while left:
            schema = left.pop(0)
            if id(schema) in found:
                continue
            found[id(schema)] = schema
            left += schema.get("allOf", ())
            if "$ref" in schema:
                left.append(self._definitions[schema["$ref"].rpartition("/")[2]])
        return list(found.values())

    def _members(self, both: Sequence[_Schema]) -> Iterator[tuple[str, list[_Schema]]]:
        names = dict.fromkeys(name for one in both for name in (*one.get("properties", ()), *one.get("required", ())))
        for name in names:
            yield name, [one["properties"][name] for one in both if name in one.get("properties", {})]

    def _forbidden(self, both: Sequence[_Schema], name: str) -> str:
        """Why a member that is declared or required cannot be there; empty where it can."""
        if any(one.get("additionalProperties") is False and not _describes(one, name) for one in both):
            return "it is declared or required, and no further property is allowed beside it"
        return ""

    def _reason(self, both: Sequence[_Schema], depth: int, *, inside: bool) -> str:
        """Why no value keeps all of some schemas; empty where one may. ``inside``: also for what has to be inside."""
        enumerated = any({"enum", "const"} & one.keys() for one in both)
        why = self._reason_of_all(both, depth, inside=inside)
        return why if why or enumerated else self._reason_of_alternatives(both, both, depth)

    def _reason_of_all(self, both: Sequence[_Schema], depth: int, *, inside: bool) -> str:
        if any(_is_nothing(one.get("not")) for one in both):
            return _NOTHING
        types = set(TYPES)
        for one in both:
            types &= _types(one)
        if not types:
            return "its types exclude each other"
        lists = [one["enum"] if "enum" in one else [one["const"]] for one in both if {"enum", "const"} & one.keys()]
        if lists:
            kept = any(self._is_kept(both, value) for value in lists[0])
            return "" if kept else "no value that is listed keeps the rest of the schema"
        reasons = [self._reason_of_type(kind, both, depth, inside=inside) for kind in sorted(types)] if depth else [""]
        return reasons[0] if all(reasons) else ""

    def _reason_of_alternatives(self, unions: Sequence[_Schema], both: Sequence[_Schema], depth: int) -> str:
        """Why none of the alternatives of ``unions`` can hold together with ``both``; empty where one may."""
        for one in unions if depth else ():
            for keyword in _UNIONS:
                reasons = []
                for branch in one.get(keyword, ()):
                    own = self._both([branch])
                    why = self._reason_of_all([*own, *both], depth - 1, inside=True)
                    reasons.append(why or self._reason_of_alternatives(own, [*own, *both], depth - 1))
                if reasons and all(reasons):
                    return f"none of its alternatives can hold: {reasons[0]}"
        return ""

    def _reason_of_type(self, kind: str, both: Sequence[_Schema], depth: int, *, inside: bool) -> str:
        if kind in ("integer", "number"):
            return _no_number(both, whole=kind == "integer", modern=self._modern)
        if kind == "string":
            return _no_size(both, "Length")
        if kind == "array":
            items = [one["items"] for one in both if isinstance(one.get("items"), Mapping)]
            least = max((one.get("minItems", 0) for one in both), default=0)
            empty = self._reason(self._both(items), depth - 1, inside=True) if items and least else ""
            return _no_size(both, "Items") or (f"an item has to be there: {empty}" if empty else "")
        return self._no_object(both, depth, inside=inside) if kind == "object" else ""

    def _no_object(self, both: Sequence[_Schema], depth: int, *, inside: bool) -> str:
        required = {name for one in both for name in one.get("required", ())}
        most = min((one["maxProperties"] for one in both if "maxProperties" in one), default=math.inf)
        if len(required) > most:
            return f"{len(required)} members are required, and {most} are allowed"
        for name, inner in self._members(both) if inside else ():
            if name in required:
                below = self._reason(self._both(inner), depth - 1, inside=True) if inner else ""
                if why := self._forbidden(both, name) or below:
                    return f"{name} is required: {why}"
        return _no_size(both, "Properties")

    def _is_kept(self, both: Sequence[_Schema], value: Any) -> bool:
        whole = {"allOf": list(both), self._keyword: self._definitions}
        try:
            return bool(validator_for(whole, modern=self._modern).is_valid(value))
        except RecursionError:
            return True


def _holds(schema: _Schema) -> bool:
    return bool(schema.keys() & {"properties", "items", *_UNIONS})


def _is_nothing(schema: Any) -> bool:
    """Whether a schema is kept by every value, so that ``not`` leaves none."""
    return isinstance(schema, Mapping) and schema.keys() <= _ANNOTATIONS


def _describes(schema: _Schema, name: str) -> bool:
    patterns = (expression(pattern) for pattern in schema.get("patternProperties", ()))
    return name in schema.get("properties", {}) or any(one is None or one.search(name) for one in patterns)


def _types(schema: _Schema) -> set[str]:
    declared = schema.get("type", TYPES)
    types = {declared} if isinstance(declared, str) else set(declared)
    return types | ({"integer"} if "number" in types else set())


def _no_size(both: Sequence[_Schema], what: str) -> str:
    least = max((one[f"min{what}"] for one in both if f"min{what}" in one), default=0)
    most = min((one[f"max{what}"] for one in both if f"max{what}" in one), default=math.inf)
    return f"min{what} is {least} and max{what} is {most}" if least > most else ""


def _no_number(both: Sequence[_Schema], *, whole: bool, modern: bool) -> str:
    """Why there is no number within all bounds; of ``whole`` numbers, where no other is allowed."""
    lower, upper = (_tightest(both, word, pick, modern=modern) for word, pick in (("minimum", max), ("maximum", min)))
    # What a float stands for is not what was written, so only steps of whole numbers are reckoned with.
    steps = [Fraction(one["multipleOf"]) for one in both if one.get("multipleOf", 0.5) % 1 == 0]
    step = _common([*steps, *([Fraction(1)] if whole else [])])
    if lower is None or upper is None:
        return ""
    (least, above), (most, below) = lower, upper
    if step is None:
        fits = least < most or (least == most and not above and not below)
    else:
        first = math.ceil(least / step) * step
        first += step if first == least and above else 0
        fits = first < most or (first == most and not below)
    return "" if fits else "its bounds leave no number"


def _tightest(both: Sequence[_Schema], word: str, pick: Callable[..., Fraction], *, modern: bool) -> _Bound | None:
    flag = "exclusive" + word.capitalize()
    bounds: list[_Bound] = []
    for one in both:
        if word in one:
            bounds.append((_exact(one[word]), not modern and one.get(flag) is True))
        if modern and flag in one:
            bounds.append((_exact(one[flag]), True))
        known = CHECKED.get(str(one.get("format")))
        if known is not None and known.range is not None:
            bounds.append((_exact(known.range[word == "maximum"]), False))
    if not bounds:
        return None
    tightest = pick(bound for bound, _ in bounds)
    return tightest, any(excluded for bound, excluded in bounds if bound == tightest)


def _exact(value: float) -> Fraction:
    return Fraction(value) if math.isfinite(value) else Fraction(10**400 if value > 0 else -(10**400))


def _common(steps: Sequence[Fraction]) -> Fraction | None:
    """The least number that is a multiple of all steps; None where there are none."""
    if not steps:
        return None
    return Fraction(math.lcm(*(one.numerator for one in steps)), math.gcd(*(one.denominator for one in steps)))
