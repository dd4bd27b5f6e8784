"""Hypothesis strategies for one schema written in several ways: in both dialects, listed or composed.

A *meaning* is plain data that says what a value may be; ``spelled`` writes it down. The ways of writing are those of
the specifications, chosen at random, so that two spellings of one meaning look as little alike as they may.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

Meaning = dict[str, Any]
Schema = dict[str, Any]

_WORDS = st.sampled_from(["a", "bb", "ccc", "dd-d", "e"])
_NAMES = st.sampled_from(["id", "kind", "count", "note", "a/b"])


@st.composite
def meanings(draw: st.DrawFn, depth: int = 0) -> Meaning:
    kinds = ["integer", "number", "string", "listed", "boolean"]
    kind = draw(st.sampled_from([*kinds, "object", "object", "union", "array"] if depth < 2 else kinds))
    made: Meaning = {"is": kind, "null": draw(st.booleans())}
    if kind in ("integer", "number"):
        made |= {"low": draw(st.none() | st.integers(-3, 0)), "high": draw(st.none() | st.integers(1, 9))}
        made["open"] = kind == "number" and draw(st.booleans())
    elif kind == "string":
        made |= {"least": draw(st.integers(0, 2)), "most": draw(st.none() | st.integers(3, 5))}
        made["format"] = draw(st.sampled_from([None, None, "uuid", "date-time"]))
    elif kind == "listed":
        values = draw(st.lists(_WORDS, min_size=1, max_size=3, unique=True) | st.lists(st.integers(0, 9), min_size=1))
        made["values"] = list(dict.fromkeys(values))
    elif kind == "array":
        made["items"] = draw(meanings(depth=depth + 1))
    elif kind == "union":
        made["of"] = draw(st.lists(meanings(depth=2), min_size=1, max_size=3))
    elif kind == "object":
        made["members"] = draw(st.dictionaries(_NAMES, meanings(depth=depth + 1), max_size=3))
        made["required"] = sorted(draw(st.sets(st.sampled_from(sorted(made["members"]))))) if made["members"] else []
    return made


@st.composite
def spelled(draw: st.DrawFn, meaning: Meaning, *, modern: bool, components: dict[str, Schema]) -> Schema:
    """One way of writing a meaning down; what it refers to is added to ``components``."""

    def inner(one: Meaning) -> Schema:
        return draw(spelled(one, modern=modern, components=components))

    made = _WRITERS[meaning["is"]](draw, meaning, modern, inner)
    if meaning["null"]:
        made = draw(_with_null(made, modern))
    way = draw(st.sampled_from(["plain", "plain", "allOf", "ref", "anyOf", "split"]))
    if way == "allOf":
        return {"allOf": [made]}
    if way == "anyOf":
        return {draw(st.sampled_from(["anyOf", "oneOf"])): [made]}
    if way == "ref":
        name = f"S{len(components)}"
        components[name] = made
        return {"$ref": f"#/components/schemas/{name}"}
    if way == "split" and "type" in made and not meaning["null"] and meaning["is"] != "listed":
        return {"allOf": [{"type": made["type"]}, made], "description": "x"}
    return made


def _number(draw: st.DrawFn, meaning: Meaning, modern: bool, _inner: Any) -> Schema:
    made: Schema = {"type": meaning["is"]}
    for name, bound, outward in (("Minimum", meaning["low"], -1), ("Maximum", meaning["high"], 1)):
        if bound is None:
            continue
        exclusive = meaning["open"] or (meaning["is"] == "integer" and draw(st.booleans()))
        if not exclusive:
            made[name.lower()] = bound
            continue
        said = bound if meaning["open"] else bound + outward
        made |= {f"exclusive{name}": said} if modern else {name.lower(): said, f"exclusive{name}": True}
    if meaning["is"] == "integer" and draw(st.booleans()):
        # A wider range beside it, as generators write it, says nothing more.
        made = {"allOf": [made, {"type": "integer", "minimum": -(2**53), "maximum": 2**53}]} if len(made) == 3 else made
    return made


def _string(draw: st.DrawFn, meaning: Meaning, _modern: bool, _inner: Any) -> Schema:
    made: Schema = {"type": "string"}
    if meaning["least"] or draw(st.booleans()):
        made["minLength"] = meaning["least"]
    if meaning["most"] is not None:
        made["maxLength"] = meaning["most"]
    return {**made, **({"format": meaning["format"]} if meaning["format"] else {})}


def _listed(draw: st.DrawFn, meaning: Meaning, modern: bool, _inner: Any) -> Schema:
    values = draw(st.permutations(meaning["values"]))
    kind = "string" if isinstance(values[0], str) else "integer"
    typed = {"type": kind} if draw(st.booleans()) or not modern else {}  # 3.0: without it 1.0 is 1 as well
    way = draw(st.sampled_from(["enum", "each", "halves", "bounded"]))
    if way == "each":
        each = [{**typed, **({"const": one} if modern else {"enum": [one]})} for one in values]
        return {draw(st.sampled_from(["anyOf", "oneOf"])): each}
    if way == "halves" and len(values) > 1:
        return {"anyOf": [{**typed, "enum": values[:1]}, {**typed, "enum": values}]}
    if way == "bounded" and kind == "integer":
        return {"type": kind, "enum": [*values, 100], "maximum": 99}
    return {**typed, "enum": list(values)}


def _union(draw: st.DrawFn, meaning: Meaning, _modern: bool, inner: Any) -> Schema:
    branches = [inner(one) for one in draw(st.permutations(meaning["of"]))]
    return {"anyOf": [*branches, *([branches[0]] if draw(st.booleans()) else [])]}


def _object(draw: st.DrawFn, meaning: Meaning, _modern: bool, inner: Any) -> Schema:
    members = {name: inner(one) for name, one in meaning["members"].items()}
    names = draw(st.permutations(sorted(members)))
    cut = draw(st.integers(0, len(names)))
    whole: Schema = {"type": "object", "properties": {name: members[name] for name in names}}
    required = {"required": meaning["required"]} if meaning["required"] else {}
    if 0 < cut < len(names):
        base = {"type": "object", "properties": {name: members[name] for name in names[:cut]}}
        return {"allOf": [base, {**whole, "properties": {name: members[name] for name in names[cut:]}, **required}]}
    return {**whole, **required}


def _with_null(made: Schema, modern: bool) -> st.SearchStrategy[Schema]:
    null = {"type": "null"} if modern else {"nullable": True, "enum": [None], "type": "string"}
    ways = [st.just({"anyOf": [made, null]}), st.just({"anyOf": [null, made]})]
    if not modern and "type" in made:
        ways.append(st.just({**made, "nullable": True}))
    if modern and isinstance(made.get("type"), str) and "enum" not in made:
        ways.append(st.just({**made, "type": [made["type"], "null"]}))
    return st.one_of(ways)


_WRITERS = {
    "integer": _number,
    "number": _number,
    "string": _string,
    "listed": _listed,
    "boolean": lambda draw, _meaning, _modern, _inner: draw(
        st.sampled_from([{"type": "boolean"}, {"type": "boolean", "enum": [True, False]}])
    ),
    "array": lambda _draw, meaning, _modern, inner: {"type": "array", "items": inner(meaning["items"])},
    "union": _union,
    "object": _object,
}


@st.composite
def two_spellings(draw: st.DrawFn) -> list[tuple[str, Schema, dict[str, Schema]]]:
    """One meaning twice: the version of OpenAPI, the schema, and the components that it refers to."""
    members = draw(st.dictionaries(_NAMES, meanings(depth=1), min_size=1, max_size=3))
    meaning = {"is": "object", "null": False, "members": members, "required": []}
    found = []
    for _ in range(2):
        modern, components = draw(st.booleans()), {}
        schema = draw(spelled(meaning, modern=modern, components=components))
        found.append(("3.1.0" if modern else "3.0.3", schema, components))
    return found


def values_of(meaning: Meaning) -> st.SearchStrategy[Any]:
    """Values that a meaning admits."""
    found = _VALUES[meaning["is"]](meaning)
    return st.none() | found if meaning["null"] else found


def _numbers(meaning: Meaning) -> st.SearchStrategy[Any]:
    low = -9 if meaning["low"] is None else meaning["low"]
    high = 99 if meaning["high"] is None else meaning["high"]
    if meaning["is"] == "integer":
        return st.integers(low, high)
    return st.floats(low, high, exclude_min=meaning["open"], exclude_max=meaning["open"])


def _strings(meaning: Meaning) -> st.SearchStrategy[Any]:
    if meaning["format"] == "uuid":
        return st.uuids().map(str) if meaning["most"] is None else st.nothing()
    if meaning["format"] == "date-time":
        return st.just("2026-03-25T10:33:11Z") if meaning["most"] is None else st.nothing()
    most = 9 if meaning["most"] is None else meaning["most"]
    return st.text("abcdefghij", min_size=max(1, meaning["least"]), max_size=most)


def _arrays(meaning: Meaning) -> st.SearchStrategy[Any]:
    items = values_of(meaning["items"])
    return st.just([]) if items.is_empty else st.lists(items, max_size=2)


def _objects(meaning: Meaning) -> st.SearchStrategy[Any]:
    members = {name: values_of(one) for name, one in meaning["members"].items()}
    required = {name: one for name, one in members.items() if name in meaning["required"]}
    optional = {name: one for name, one in members.items() if name not in required and not one.is_empty}
    return st.fixed_dictionaries(required, optional=optional)


_VALUES: dict[str, Any] = {
    "integer": _numbers,
    "number": _numbers,
    "string": _strings,
    "listed": lambda meaning: st.sampled_from(meaning["values"]),
    "boolean": lambda _meaning: st.booleans(),
    "array": _arrays,
    "union": lambda meaning: st.one_of([values_of(one) for one in meaning["of"]]),
    "object": _objects,
}
