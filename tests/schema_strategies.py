"""Hypothesis strategies for OpenAPI schemas, for values that keep them, and for values of any kind.

Written apart from the code under test: it reads schemas as OpenAPI writes them, with ``nullable`` and ``$ref``.
"""

from __future__ import annotations

import re
from typing import Any

from hypothesis import strategies as st

Schema = dict[str, Any]

NAMES = st.sampled_from(["id", "status", "count", "tags", "inner", "a/b", "~", "x y", "名"])
CHARACTERS = st.characters(codec="utf-8", exclude_characters="\x00")
WORDS = st.text(CHARACTERS, min_size=1, max_size=6)
SCALARS = st.none() | st.booleans() | st.integers(-5, 5) | st.floats(-5, 5, allow_nan=False) | WORDS
ANYTHING = st.recursive(
    SCALARS | st.just(1.0),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES | WORDS, inner, max_size=4),
    max_leaves=12,
)
REFERENCES = ("#/components/schemas/Leaf", "#/components/schemas/Node")


def schemas(*, modern: bool, unions: bool = True) -> st.SearchStrategy[Schema]:
    """Schemas as documents write them: OpenAPI 3.1 where ``modern``, else 3.0."""
    return st.recursive(
        _leaves(modern), lambda inner: _objects(inner) | _arrays(inner) | _beside(inner, unions), max_leaves=8
    ).flatmap(lambda schema: _nullable(schema, modern))


@st.composite
def promises(draw: st.DrawFn, *, modern: bool, depth: int = 0) -> Schema:
    """Objects of which every clause can be broken alone: plain types, limits, enumerations, required, closed or not."""
    names = draw(st.lists(NAMES, min_size=7 if depth == 0 else 1, max_size=9, unique=True))
    properties: Schema = {}
    for name in names:
        kind = draw(st.sampled_from(["string", "integer", "number", "boolean", "enum", "array", "object"][: 7 - depth]))
        if kind == "object":
            made = draw(promises(modern=modern, depth=depth + 1))
        elif kind == "array":
            made = {"type": "array", "items": {"type": draw(st.sampled_from(["string", "integer"]))}}
        elif kind == "enum":
            made = {"type": "string", "enum": draw(st.lists(WORDS, min_size=1, max_size=3, unique=True))}
        else:
            limit = {"minimum": draw(st.integers(-3, 0))} if kind in ("integer", "number") else {}
            made = {"type": kind, **(limit if draw(st.booleans()) else {})}
        if kind != "enum" and draw(st.booleans()):
            made = {**made, "type": [made["type"], "null"]} if modern else {**made, "nullable": True}
        properties[name] = made
    least = names if depth == 0 else draw(st.lists(st.sampled_from(names), unique=True))
    closed = {"additionalProperties": False} if draw(st.booleans()) else {}
    return {"type": "object", "properties": properties, **({"required": least} if least else {}), **closed}


def components(*, modern: bool) -> st.SearchStrategy[dict[str, Schema]]:
    """Two components that ``REFERENCES`` lead to; the second contains itself."""
    node = {"type": "object", "properties": {"id": {"type": "string"}, "inner": {"$ref": REFERENCES[1]}}}
    leaf = _leaves(modern).filter(lambda schema: "$ref" not in schema)
    return st.fixed_dictionaries({"Leaf": leaf, "Node": st.just(node)})


@st.composite
def _leaves(draw: st.DrawFn, modern: bool) -> Schema:
    kind = draw(st.sampled_from(["string", "integer", "number", "boolean", "enum", "any", "union", "ref"]))
    if kind == "ref":
        return {"$ref": draw(st.sampled_from(REFERENCES)), **({} if modern else draw(_ignored()))}
    if kind == "any":
        return {}
    if kind == "enum":
        return {"enum": draw(st.lists(WORDS | st.integers(-3, 3), min_size=1, max_size=3, unique_by=repr))}
    if kind == "union":
        return {"type": ["integer", "string"]} if modern else {"anyOf": [{"type": "integer"}, {"type": "string"}]}
    limits: dict[str, dict[str, st.SearchStrategy[Any]]] = {
        "string": {"minLength": st.integers(0, 3), "maxLength": st.integers(1, 4), "pattern": st.sampled_from("abc")},
        "integer": {"minimum": st.integers(-3, 0), "maximum": st.integers(0, 3), "multipleOf": st.integers(1, 2)},
        "number": {"minimum": st.integers(-3, 0), "maximum": st.integers(0, 3)},
        "boolean": {},
    }
    return {"type": kind, **draw(st.fixed_dictionaries({}, optional=limits[kind]))}


def _ignored() -> st.SearchStrategy[Schema]:
    """What stands beside a reference in OpenAPI 3.0, and means nothing there."""
    return st.sampled_from([{}, {"nullable": True}, {"type": "string"}, {"description": "x"}])


@st.composite
def _objects(draw: st.DrawFn, inner: st.SearchStrategy[Schema]) -> Schema:
    properties = draw(st.dictionaries(NAMES, inner, max_size=4))
    made: Schema = {"type": "object", "properties": properties}
    if draw(st.booleans()):
        made["required"] = draw(st.lists(st.sampled_from([*properties, "id"]), min_size=1, max_size=2, unique=True))
    if draw(st.booleans()):
        made["additionalProperties"] = draw(st.booleans() | inner)
    return made


@st.composite
def _arrays(draw: st.DrawFn, inner: st.SearchStrategy[Schema]) -> Schema:
    limits = st.fixed_dictionaries({}, optional={"minItems": st.integers(0, 2), "maxItems": st.integers(1, 3)})
    return {"type": "array", "items": draw(inner), **draw(limits)}


@st.composite
def _beside(draw: st.DrawFn, inner: st.SearchStrategy[Schema], unions: bool) -> Schema:
    keyword = draw(st.sampled_from(["allOf", "anyOf", "oneOf"] if unions else ["allOf"]))
    return {keyword: draw(st.lists(inner, min_size=1, max_size=2))}


def _nullable(schema: Schema, modern: bool) -> st.SearchStrategy[Schema]:
    if modern or "$ref" in schema:
        return st.just(schema)
    return st.sampled_from([schema, {**schema, "nullable": True}, {**schema, "nullable": False}])


@st.composite
def keeping(draw: st.DrawFn, schema: Schema, schemas: dict[str, Schema], depth: int = 0, name: str = "") -> Any:
    """A value that keeps a schema without ``allOf``, ``oneOf``, ``pattern`` and free maps, and its known values.

    ``name`` is that of the member whose value it is: what names something for machines is no text of any kind.
    """
    while "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        return draw(keeping(draw(st.sampled_from(schema["anyOf"])), schemas, depth, name))
    listed = schema.get("enum") or schema.get("x-known-values") or ([schema["const"]] if "const" in schema else None)
    kinds = schema.get("type", ["string"])
    kind = draw(st.sampled_from([kinds] if isinstance(kinds, str) else kinds))
    if kind == "null" or (schema.get("nullable") and draw(st.booleans())):
        return None
    if listed:
        return draw(st.sampled_from(listed))
    if kind == "object":
        required = set(schema.get("required", ()))
        members = schema.get("properties", {}).items()
        kept = [(n, s) for n, s in members if n in required or (depth < 4 and draw(st.booleans()))]
        return {name: draw(keeping(inner, schemas, depth + 1, name)) for name, inner in kept}
    if kind == "array":
        most = 0 if depth > 4 else schema.get("maxItems", 3)
        size = draw(st.integers(schema.get("minItems", 0), max(most, schema.get("minItems", 0))))
        return [draw(keeping(schema.get("items", {}), schemas, depth + 1)) for _ in range(size)]
    return draw(_scalars(schema, kind, name))


NAMING = re.compile(r"(?:\w+_)?(?:id|url|uri|path)|endpoint|model")
"""Members whose texts name something for machines."""


def _is_meant(text: str) -> bool:
    """Whether a text is no way of writing that there is none: Hypothesis is fond of such words."""
    return bool(text.strip()) and text.lower() not in ("null", "none", "nil", "undefined", "nan")


def _names_one(text: str) -> bool:
    """Whether a text names something: no number that stands for nothing."""
    return _is_meant(text) and text not in ("0", "-1", "-")


def _scalars(schema: Schema, kind: str, name: str) -> st.SearchStrategy[Any]:
    if schema.get("format") == "date-time":
        return st.datetimes().map(lambda moment: moment.isoformat(timespec="seconds") + "Z")
    if kind == "string":
        least = max(1, schema.get("minLength", 1))
        most = max(least, schema.get("maxLength", 9))
        if NAMING.fullmatch(name):
            return st.text("abcxyzABC012789_-./:", min_size=least, max_size=most).filter(_names_one)
        return st.text(CHARACTERS, min_size=least, max_size=most).filter(_is_meant)
    if kind == "boolean":
        return st.booleans()
    low, high = schema.get("minimum", -(2**40)), schema.get("maximum", 2**40)
    return st.integers(low, high) if kind == "integer" else st.floats(low, high, allow_nan=False)
