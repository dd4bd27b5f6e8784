"""Values that keep a schema and have all that it declares, as a server of that contract would answer them.

What the document shows as an example comes first; what it shows nothing of is as plain as its keywords allow, and what
they make intricate is drawn by Schemathesis. Nothing is left to chance: one schema always gives the same values.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from typing import Any

from batch_conformance.contract.composition import Composition
from batch_conformance.contract.decimals import exact
from batch_conformance.contract.dialect import validator_for
from batch_conformance.contract.discriminator import DISCRIMINATOR
from batch_conformance.contract.expression import expression
from batch_conformance.contract.formats import CHECKED
from batch_conformance.contract.keywords import EXAMPLE_VALUES
from batch_conformance.contract.pointer import escape, split
from batch_conformance.contract.schema import KNOWN_VALUES, Schema
from batch_conformance.contract.shape import Shape
from batch_conformance.contract.translate import SOURCE, resolve

_ORDER = ("string", "integer", "number", "boolean", "object", "array", "null")
"""In this order a value is made where several types will do."""
_IMPLIED: Mapping[str, str] = {
    **dict.fromkeys(("properties", "required", "additionalProperties", "patternProperties", "minProperties"), "object"),
    **dict.fromkeys(("items", "prefixItems", "minItems", "contains"), "array"),
    **dict.fromkeys(("pattern", "minLength", "maxLength", "format"), "string"),
    **dict.fromkeys(("minimum", "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum"), "number"),
}
"""The type that a keyword speaks of, for schemas that name none."""
_MOST_CHOICES = 32
"""Choices of branches that are tried for one value."""
_MOST_ITEMS = 8
"""Items of one array, where each branch of their schema has one."""
_DRAWN = 8
_ROUNDS = 2
"""How often a schema may be there on the way into a value: itself, and once inside itself."""

_HOLDING = frozenset({"properties", "items", "additionalProperties", "patternProperties", "prefixItems"})
"""Keywords that describe what is inside of a value."""

_Schema = Mapping[str, Any]

_ANY: _Schema = {"type": "string"}
"""For a member of which nothing is said."""


class NoValueError(Exception):
    """No value could be made for a place; ``pointer`` is that of its schema in the document."""

    def __init__(self, pointer: str) -> None:
        super().__init__(pointer)
        self.pointer = pointer


class _EndlessError(NoValueError):
    """A schema holds itself, and has been inside itself often enough."""


class Maker:
    """Makes values of one schema.

    ``turn`` is a number that chooses between alternatives, so that values of different turns show different ones.
    """

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._keyword = "$defs" if schema.modern else "definitions"
        self._definitions: _Schema = schema.raw.get(self._keyword, {})
        self._root = {name: part for name, part in schema.raw.items() if name != self._keyword}
        self._composition = Composition(schema.raw)
        self._validators: dict[tuple[int, ...], tuple[Sequence[_Schema], Any]] = {}
        self._drawn: dict[str, tuple[Any, ...]] = {}

    def value(self, turn: int = 0, given: Mapping[str, Any] | None = None, unset: Iterable[str] = ()) -> Any:
        """A value that keeps the schema. Raises ``NoValueError`` where none could be made.

        ``given`` is an object whose members are taken where they keep what is said of them. What is at the pointers
        ``unset`` is left out, or null, where that is allowed.
        """
        hint = next(self._shown(), None)
        return _Making(self, frozenset(unset)).value(
            [self._root], _merged(hint, given or {}), _Slot("", Counter(), turn)
        )

    def admits(self, value: Any) -> bool:
        """Whether a value keeps the whole schema."""
        return self._schema.is_valid(value)

    def at(self, pointer: str) -> list[_Schema]:
        """What the schemas declare of a place, by a pointer of plain members; nothing where it is not declared."""
        found: list[_Schema] = [self._root]
        for name in split(pointer):
            around = self.flat(found)
            found = [one["properties"][name] for one in around if name in one.get("properties", {})]
        return found

    def satisfies(self, schemas: Sequence[_Schema], value: Any) -> bool:
        """Whether a value keeps all of some schemas."""
        key = tuple(map(id, schemas))
        if key not in self._validators:
            whole = {"allOf": list(schemas), self._keyword: self._definitions}
            # The schemas are kept as well: what is known of them is known by identity.
            self._validators[key] = (schemas, validator_for(whole, modern=self._schema.modern))
        try:
            return bool(self._validators[key][1].is_valid(value))
        except RecursionError:
            return False

    def knows(self, schemas: Sequence[_Schema], value: Any) -> bool:
        """Whether a value is one of those that ``x-known-values`` lists, where anything is listed."""
        known = [one[KNOWN_VALUES] for one in self.flat(schemas) if KNOWN_VALUES in one]
        return isinstance(value, dict | list) or all(value is None or value in values for values in known)

    def declares(self, schemas: Sequence[_Schema], value: Any) -> bool:
        """Whether a value has no members but those that the schemas declare."""
        shape = Shape({"allOf": list(schemas), self._keyword: self._definitions}, self._schema.document, frozenset())
        return not shape.undeclared(value)

    def flat(self, schemas: Sequence[_Schema]) -> list[_Schema]:
        """The schemas and all that apply to the same value through them, every branch of a union among them."""
        return self._composition.flat(schemas)

    def choices(self, schemas: Sequence[_Schema], turn: int) -> Iterator[list[_Schema]]:
        """What applies to a value, for each choice of branches of unions; that of the turn first, null last."""
        return self._chosen(list(schemas), [], turn)

    def drawn(self, schemas: Sequence[_Schema], count: int = _DRAWN) -> tuple[Any, ...]:
        """Some values that Schemathesis draws for all of some schemas together; none where it has none."""
        # Slow to import, and pytest has to see Hypothesis first where it runs.
        from hypothesis.errors import HypothesisException  # noqa: PLC0415

        from batch_conformance.probes.draws import draw  # noqa: PLC0415
        from batch_conformance.probes.generated import GenerationError, values_of  # noqa: PLC0415

        lone = schemas[0] if len(schemas) == 1 else {"allOf": list(schemas)}
        key = json.dumps([count, lone], sort_keys=True, default=str)
        if key not in self._drawn:
            try:
                strategy = values_of(_Alone(self._schema, {**lone, self._keyword: self._definitions}))
                self._drawn[key] = tuple(draw(strategy, count, None, key, key=_text))
            except (GenerationError, HypothesisException):
                self._drawn[key] = ()
        return self._drawn[key]

    def pointer_of(self, schemas: Sequence[_Schema]) -> str:
        """Where the first of some schemas stands in the document."""
        return next((str(one[SOURCE]) for one in schemas if SOURCE in one), self._schema.pointer)

    def _shown(self) -> Iterator[Any]:
        """The examples beside the schema, in its media type or header."""
        around = resolve(self._schema.document.data, self._schema.pointer.rpartition("/")[0])
        if not isinstance(around, Mapping):
            return
        if "example" in around:
            yield around["example"]
        named = around.get("examples")
        for one in named.values() if isinstance(named, Mapping) else ():
            yield from (one[name] for name in EXAMPLE_VALUES if isinstance(one, Mapping) and name in one)

    def _target(self, reference: str) -> _Schema:
        found: _Schema = self._definitions[reference.rpartition("/")[2]]
        return found

    def _chosen(self, left: list[_Schema], flat: list[_Schema], turn: int) -> Iterator[list[_Schema]]:
        left, flat = list(left), list(flat)
        while left:
            schema = left.pop(0)
            if any(schema is one for one in flat):
                continue
            flat.append(schema)
            more = [*schema.get("allOf", ()), *schema.get("dependentSchemas", {}).values()]
            more += [self._target(schema["$ref"])] if "$ref" in schema else []
            unions = [_named(schema, keyword) for keyword in ("oneOf", "anyOf") if keyword in schema]
            left = [*more, *left]
            if unions:
                first, *others = unions
                for branch, rest in _turned(first, turn):
                    yield from self._chosen([branch, *({"anyOf": other} for other in others), *left], flat, rest)
                return
        yield flat


class _Alone(Schema):
    """A part of a schema as a schema of its own."""

    def __init__(self, schema: Schema, raw: dict[str, Any]) -> None:
        super().__init__(schema.document, schema.pointer, schema.free_maps)
        self._own = raw

    @property
    def raw(self) -> dict[str, Any]:
        return self._own


@dataclass(frozen=True, slots=True)
class _Slot:
    """Where in a body a value is made: its pointer, the schemas around it by how often, and the turn."""

    at: str
    inside: Counter[int]
    turn: int

    def below(self, name: str, turn: int | None = None) -> _Slot:
        """The spot of a member, or of an item where the name is ``*``."""
        return replace(self, at=f"{self.at}/{escape(name)}", turn=self.turn if turn is None else turn)

    def entered(self, flat: Sequence[_Schema]) -> _Slot:
        """The same inside of these schemas. Raises ``NoValueError`` where they hold themselves once too often."""
        own = Counter(id(one) for one in flat if one.keys() & _HOLDING)
        inside = self.inside + own
        if any(inside[one] > _ROUNDS for one in own):
            raise _EndlessError(str(next((one[SOURCE] for one in flat if SOURCE in one), "")))
        return replace(self, inside=inside)


class _Making:
    """One value in the making."""

    def __init__(self, maker: Maker, hidden: frozenset[str]) -> None:
        self._maker = maker
        self._hidden = hidden

    def value(self, schemas: Sequence[_Schema], hint: Any, spot: _Slot) -> Any:
        """A value for a spot of the body. Raises ``NoValueError``."""
        failed = NoValueError(self._maker.pointer_of(schemas))
        try:
            for candidate in self._candidates(schemas, hint, spot):
                if self._maker.satisfies(schemas, candidate) and self._maker.knows(schemas, candidate):
                    return candidate
        except NoValueError as error:
            failed = error
        for candidate in self._maker.drawn(schemas) if not isinstance(failed, _EndlessError) else ():
            fits = self._maker.satisfies(schemas, candidate) and self._maker.knows(schemas, candidate)
            if fits and self._maker.declares(schemas, candidate):
                return candidate
        raise failed

    def _candidates(self, schemas: Sequence[_Schema], hint: Any, spot: _Slot) -> Iterator[Any]:
        if isinstance(hint, str | int | float) and not _is_blank(hint):
            yield hint
        failed: NoValueError | None = None
        for flat in islice(self._maker.choices(schemas, spot.turn), _MOST_CHOICES):
            listed = [value for value in _listed(flat) if value is not None]
            yield from (listed[(spot.turn + step) % len(listed)] for step in range(len(listed)))
            for kind in _kinds(flat):
                try:
                    yield from self._of_kind(kind, flat, hint, spot)
                except NoValueError as error:
                    failed = error if failed is None or isinstance(error, _EndlessError) else failed
        for flat in islice(self._maker.choices(schemas, spot.turn), _MOST_CHOICES):
            if "object" in _kinds(flat) and failed is None:
                made = self._object(flat, hint, spot.entered(flat))
                yield from _with_fewer(made, {name for one in flat for name in one.get("required", ())})
        if failed is not None:
            raise failed

    def _of_kind(self, kind: str, flat: list[_Schema], hint: Any, spot: _Slot) -> Iterator[Any]:
        if kind == "object":
            yield self._object(flat, hint, spot.entered(flat))
        elif kind == "array":
            yield from self._arrays(flat, hint, spot)
        elif kind == "null":
            yield None
        elif kind == "boolean":
            yield from (value for value in (*_examples(flat), True, False) if isinstance(value, bool))
        else:
            yield from (value for value in _examples(flat) if not _is_blank(value))
            yield from _plain(kind, flat)
            yield from (value for value in self._maker.drawn([{"type": kind}, *flat]) if not _is_blank(value))

    def _object(self, flat: list[_Schema], hint: Any, spot: _Slot) -> dict[str, Any]:
        shown = next((one for one in (hint, *_examples(flat)) if isinstance(one, Mapping)), {})
        required = dict.fromkeys(name for one in flat for name in one.get("required", ()))
        names = dict.fromkeys((*(name for one in flat for name in one.get("properties", {})), *required))
        made: dict[str, Any] = {}
        for name in names:
            inner, below = _describing(flat, name), spot.below(name)
            hidden = below.at in self._hidden or any(one.get("writeOnly") is True for one in self._maker.flat(inner))
            if hidden and (name not in required or self._maker.satisfies(inner, None)):
                made |= {name: None} if name in required else {}
                continue
            try:
                made[name] = self.value(inner, shown.get(name), below)
            except NoValueError:
                if name in required:
                    raise
        self._add_free(made, flat, shown, spot)
        most = min((one["maxProperties"] for one in flat if "maxProperties" in one), default=len(made))
        for name in [name for name in reversed(made) if name not in required][: max(0, len(made) - most)]:
            del made[name]
        return made

    def _add_free(self, made: dict[str, Any], flat: list[_Schema], shown: Mapping[str, Any], spot: _Slot) -> None:
        """Members of an object that is a map: one that its examples show, or one of a name that its schemas allow."""
        least = max((one["minProperties"] for one in flat if "minProperties" in one), default=0)
        is_map = any(isinstance(one.get("additionalProperties"), Mapping) or "patternProperties" in one for one in flat)
        wanted = max(least, 1 if is_map and not made else 0)
        for name in (*(name for name in shown if is_map and name not in made), *self._free_names(flat)):
            if len(made) >= wanted:
                return
            try:
                made.setdefault(name, self.value(_describing(flat, name), shown.get(name), spot.below(name)))
            except NoValueError:
                continue

    def _free_names(self, flat: list[_Schema]) -> Iterator[str]:
        rules = [one["propertyNames"] for one in flat if "propertyNames" in one]
        for pattern in [pattern for one in flat for pattern in one.get("patternProperties", {})]:
            yield from map(str, self._maker.drawn([{"type": "string", "pattern": pattern}, *rules]))
        plain = [f"key_{number}" for number in range(1, _DRAWN + 1)]
        yield from (name for name in plain if not rules or self._maker.satisfies(rules, name))
        if rules:
            yield from map(str, self._maker.drawn([{"type": "string"}, *rules]))

    def _arrays(self, flat: list[_Schema], hint: Any, spot: _Slot) -> Iterator[list[Any]]:
        """An array with an item of each kind, and, where none of them can be made, an empty one."""
        try:
            yield self._array(flat, hint, spot.entered(flat))
        except NoValueError:
            yield []
            raise

    def _array(self, flat: list[_Schema], hint: Any, spot: _Slot) -> list[Any]:
        shown = next((one for one in (hint, *_examples(flat)) if isinstance(one, list)), [])
        first: list[_Schema] = next((one["prefixItems"] for one in flat if "prefixItems" in one), [])
        items = [one["items"] for one in flat if "items" in one]
        least = max((one["minItems"] for one in flat if "minItems" in one), default=0)
        most = min((one["maxItems"] for one in flat if "maxItems" in one), default=max(least, _MOST_ITEMS))
        made = [self.value([one], None, spot.below("*")) for one in first[:most]]
        if not items:
            return [*made, *("sample" for _ in range(least - len(made)))]
        branches = sum(1 for _ in islice(self._maker.choices(items, spot.turn), _MOST_ITEMS))
        unique = any(one.get("uniqueItems") is True for one in flat)
        for number in range(min(most, max(least, len(made) + branches)) - len(made)):
            hinted = next(iter(shown[number : number + 1]), None)
            item = self.value(items, hinted, spot.below("*", spot.turn * _MOST_ITEMS + number))
            if unique and any(_text(item) == _text(other) for other in made):
                item = self._other(items, made)
                if item is None:
                    break
            made.append(item)
        return made

    def _other(self, items: Sequence[_Schema], made: Sequence[Any]) -> Any:
        """An item that is none of those that there are; None for none."""
        seen = set(map(_text, made))
        listed = [value for one in self._maker.flat(items) for value in _listed([one])]
        others = (value for value in (*listed, *self._maker.drawn(items)) if _text(value) not in seen)
        return next((value for value in others if self._maker.satisfies(items, value)), None)


def _merged(shown: Any, given: Mapping[str, Any]) -> Any:
    """An object with the members of another put into it, those of inner objects too."""
    if not given:
        return shown
    made = dict(shown) if isinstance(shown, dict) else {}
    for name, value in given.items():
        made[name] = _merged(made.get(name), value) if isinstance(value, dict) and value else value
    return made


def _named(schema: _Schema, keyword: str) -> list[_Schema]:
    """The branches of a union, each with the values of the discriminator that name it."""
    said = schema.get(DISCRIMINATOR)
    if said is None or said["union"] != keyword:
        return list(schema[keyword])
    found: list[_Schema] = []
    for number, branch in enumerate(schema[keyword]):
        names = [name for name, index in said["names"].items() if index == number]
        tag = {"properties": {said["propertyName"]: {"enum": names}}}
        found.append({"allOf": [branch, tag]} if names else branch)
    return found


def _turned(branches: Sequence[_Schema], turn: int) -> Iterator[tuple[_Schema, int]]:
    """The branches of a union from the one whose turn it is, and the turn of what is inside; mere null comes last."""
    real = [one for one in branches if one.get("type") not in ("null", ["null"])]
    for step in range(len(real)):
        yield real[(turn + step) % len(real)], turn // len(real)
    yield from ((one, turn) for one in branches if one.get("type") in ("null", ["null"]))


def _kinds(flat: Sequence[_Schema]) -> list[str]:
    """The types that a value may have, in the order in which they are tried."""
    kinds = set(_ORDER)
    for one in flat:
        declared = one.get("type", _ORDER)
        named = {declared} if isinstance(declared, str) else set(declared)
        kinds &= named | ({"integer"} if "number" in named else set())
    if kinds == set(_ORDER):
        implied = {_IMPLIED[keyword] for one in flat for keyword in one if keyword in _IMPLIED}
        return [kind for kind in _ORDER if kind in implied] or ["string"]
    if "number" in kinds:
        kinds.discard("integer")
    return [kind for kind in _ORDER if kind in kinds]


def _listed(flat: Sequence[_Schema]) -> list[Any]:
    constants = [one["const"] for one in flat if "const" in one]
    lists = [one[keyword] for keyword in ("enum", KNOWN_VALUES) for one in flat if keyword in one]
    return [*constants, *min(lists, key=len, default=[])]


def _examples(flat: Sequence[_Schema]) -> Iterator[Any]:
    for one in flat:
        if "example" in one:
            yield one["example"]
        if isinstance(one.get("examples"), list):
            yield from one["examples"]
    yield from (one["default"] for one in flat if "default" in one)


def _plain(kind: str, flat: Sequence[_Schema]) -> Iterator[Any]:
    """Plain values of a scalar type, within bounds that are stated plainly."""
    said: dict[str, Any] = {keyword: value for one in reversed(flat) for keyword, value in one.items()}
    if kind == "string":
        known = CHECKED.get(str(said.get("format")))
        if known is not None and isinstance(known.keeps, str):
            yield known.keeps
        yield "sample".ljust(int(said.get("minLength", 0)), "x")[: int(said.get("maxLength", 1000))]
        return
    step = said.get("multipleOf", 1)
    bounds = [
        said[keyword] for keyword in ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum") if keyword in said
    ]
    plain = [value for value in bounds if isinstance(value, int | float) and not isinstance(value, bool)]
    plain = [value for value in plain if not isinstance(value, float) or math.isfinite(value)]
    beside = (_plain_number(exact(bound) + turn * exact(step)) for turn in (1, -1) for bound in plain)
    yield from (1, step, *plain, *beside, 0)


def _plain_number(value: Fraction) -> int | float:
    return int(value) if value.denominator == 1 else float(value)


def _describing(flat: Sequence[_Schema], name: str) -> list[_Schema]:
    """The schemas that there are for a member of a name; one that asks for nothing where there are none."""
    found: list[_Schema] = []
    for one in flat:
        own = [one["properties"][name]] if name in one.get("properties", {}) else []
        for pattern, inner in one.get("patternProperties", {}).items():
            compiled = expression(pattern)
            own += [inner] if compiled is not None and compiled.search(name) else []
        if not own and isinstance(one.get("additionalProperties"), Mapping):
            own = [one["additionalProperties"]]
        found += own
    return found or [_ANY]


def _with_fewer(made: dict[str, Any], required: Set[str]) -> Iterator[dict[str, Any]]:
    """An object without each of the members that it need not have, and without all: some may exclude each other."""
    free = [name for name in reversed(made) if name not in required]
    for left_out in (*([name] for name in free), free if len(free) < len(made) else []):
        if left_out:
            yield {name: value for name, value in made.items() if name not in left_out}


def _is_blank(value: Any) -> bool:
    return isinstance(value, str) and not value.strip()


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
