"""The compiled checks of a schema: what they leave out, what they say yes to, and where there are none."""

from __future__ import annotations

from typing import Any

import pytest
from judge_support import JSON, contract_of

from batch_conformance.contract.formats import CHECKED
from batch_conformance.contract.schema import Schema
from batch_conformance.rules import validators
from batch_conformance.rules.columns import Columns
from batch_conformance.rules.validators import surely_valid

STRING, NUMBER = {"type": "string"}, {"type": "integer"}


def schema_of(schema: dict[str, Any], openapi: str = "3.0.3", **schemas: Any) -> Schema:
    found = contract_of(schema, openapi=openapi, schemas=schemas).operations[0].responses["200"].content[JSON]
    assert found is not None
    return found


def checks(schema: Schema, values: list[Any], *, broken: bool = False) -> list[bool] | None:
    """Whether all checks of a schema hold, by value; None where there are none to be had."""
    found = surely_valid(schema, broken=broken)
    return None if found is None else [all(check(Columns.of_bodies([value])) for check in found) for value in values]


def count(schema: dict[str, Any], *, broken: bool = False, openapi: str = "3.0.3") -> int | None:
    found = surely_valid(schema_of(schema, openapi), broken=broken)
    return None if found is None else len(found)


def behind(check: Any) -> Any:
    """What a check of many bodies asks of each."""
    return check.args[0]


def of(**members: Any) -> dict[str, Any]:
    return {"type": "object", "properties": members}


@pytest.mark.parametrize(
    "schema",
    [
        of(a=STRING),
        {**of(a=STRING), "required": ["a"]},
        {**of(a=STRING), "additionalProperties": False},
        {**of(a=STRING), "additionalProperties": True},
        {**of(a=STRING), "title": "T", "description": "D", "x-own": 1, "externalDocs": {"url": "https://a"}},
        of(a={**STRING, "example": "x", "default": "y", "deprecated": True, "readOnly": True, "nullable": True}),
        of(a={"type": "array", "items": STRING}),
        {"type": "object", "additionalProperties": STRING},
        {"allOf": [of(a=STRING), of(b=NUMBER)]},
    ],
)
def test_what_types_and_members_decide_needs_no_check(schema: dict[str, Any]) -> None:
    assert count(schema) == count(schema, broken=True) == 0


@pytest.mark.parametrize(
    ("schema", "kept", "not_kept"),
    [
        (of(a={**STRING, "enum": ["x", "y"]}), {"a": "x"}, {"a": "z"}),
        (of(a={**STRING, "minLength": 2}), {"a": "xy"}, {"a": "x"}),
        (of(a={"type": "array", "items": {**NUMBER, "minimum": 3}}), {"a": [3]}, {"a": [3, 2]}),
        ({"type": "object", "additionalProperties": {**NUMBER, "maximum": 3}}, {"a": 3}, {"a": 4}),
        ({"allOf": [of(a=STRING), of(b={**NUMBER, "minimum": 3})]}, {"b": 3}, {"b": 2}),
        (of(a=of(b={**STRING, "maxLength": 1})), {"a": {"b": "x"}}, {"a": {"b": "xy"}}),
        (of(a={**STRING, "format": "date-time"}), {"a": "2025-03-11T09:30:13Z"}, {"a": "today"}),
        (of(a={**NUMBER, "format": "int32"}), {"a": 2**31 - 1}, {"a": 2**31}),
        (of(a={**NUMBER, "format": "int32"}), {"a": -(2**31)}, {"a": -(2**31) - 1}),
        (of(a={**NUMBER, "format": "int64"}), {"a": 2**63 - 1}, {"a": 2**63}),
        (of(a={"type": "array", "items": {**NUMBER, "format": "int32"}}), {"a": [1]}, {"a": [2**31]}),
        (of(a={**NUMBER, "format": "int32", "allOf": [{"minimum": 3}]}), {"a": 3}, {"a": 2}),
        (of(a={**NUMBER, "format": "int32", "allOf": [{"minimum": 3}]}), {"a": 3}, {"a": 2**31}),
        ({**of(a=STRING), "minProperties": 2}, {"a": "x", "b": 1}, {"a": "x"}),
    ],
)
def test_what_else_a_schema_asks_for_is_checked_by_one_function(
    schema: dict[str, Any], kept: Any, not_kept: Any
) -> None:
    for openapi in ("3.0.3", "3.1.0"):
        made = schema_of(schema, openapi)
        for broken in (False, True):
            assert count(schema, openapi=openapi, broken=broken) == 1
            assert checks(made, [kept, not_kept], broken=broken) == [True, False]
        found = surely_valid(made, broken=False)
        assert found is not None
        assert behind(found[0]) != made.is_valid  # compiled


@pytest.mark.parametrize("name", CHECKED)
def test_each_format_is_checked_as_the_schema_checks_it(name: str) -> None:
    known = CHECKED[name]
    kind = "string" if isinstance(known.keeps, str) else "number"
    for openapi in ("3.0.3", "3.1.0"):
        schema = schema_of(of(a={"type": kind, "format": name}), openapi)
        values = [{"a": known.keeps}, {"a": known.breaks}]
        assert checks(schema, values) == [schema.is_valid(value) for value in values]


def test_bounds_are_those_of_the_version_of_the_document() -> None:
    draft_4 = schema_of(of(a={**NUMBER, "minimum": 3, "exclusiveMinimum": True}))
    draft_2020 = schema_of(of(a={**NUMBER, "exclusiveMinimum": 3}), "3.1.0")
    for schema in (draft_4, draft_2020):
        found = surely_valid(schema, broken=False)
        assert found is not None
        assert behind(found[0]) != schema.is_valid
        assert checks(schema, [{"a": 4}, {"a": 3}]) == [True, False]


def test_types_and_members_are_left_to_others_where_the_rest_is_checked() -> None:
    schema = schema_of({**of(a={**STRING, "minLength": 2}, b=NUMBER), "required": ["b"], "additionalProperties": False})
    assert checks(schema, [{"a": 5}, {"b": "x"}, {"c": 1}, {"a": "x"}]) == [True, True, True, False]


@pytest.mark.parametrize(
    "keyword", ["oneOf", "anyOf"]
)  # fmt: skip
def test_alternatives_are_checked_whole_and_not_at_all_where_they_are_broken(keyword: str) -> None:
    schema = {keyword: [{**of(a=STRING), "required": ["a"]}, {**of(b=NUMBER), "required": ["b"]}]}
    assert checks(schema_of(schema), [{"a": "x"}, {"b": 1}, {"c": 1}]) == [True, True, False]
    assert count(schema, broken=True) is None
    inside = of(of={"type": "array", "items": schema})
    assert checks(schema_of(inside), [{"of": [{"a": "x"}]}, {"of": [{"c": 1}]}]) == [True, False]
    assert count(inside, broken=True) is None
    for around in ({"allOf": [of(c=STRING), schema]}, of(c=STRING, a=schema), {"additionalProperties": schema}):
        assert count(around, broken=True) is None


@pytest.mark.parametrize(
    ("schema", "values"),
    [
        ({"not": of(a=STRING) | {"required": ["a"]}}, [{"b": 1}, {"a": "x"}]),
        ({"if": {"required": ["a"]}, "then": {"required": ["b"]}}, [{"a": 1, "b": 2}, {"a": 1}]),
        ({"dependentRequired": {"a": ["b"]}}, [{"a": 1, "b": 2}, {"a": 1}]),
        ({"dependentSchemas": {"a": {"required": ["b"]}}}, [{"a": 1, "b": 2}, {"a": 1}]),
        ({**of(a=STRING), "unevaluatedProperties": False}, [{"a": "x"}, {"b": 1}]),
        (of(a={"type": "array", "prefixItems": [STRING], "unevaluatedItems": False}), [{"a": ["x"]}, {"a": ["x", 1]}]),
        (of(a={"type": "array", "prefixItems": [STRING]}), [{"a": ["x"]}, {"a": [1]}]),
        (of(a={"type": "array", "contains": STRING}), [{"a": [1, "x"]}, {"a": [1]}]),
        ({"propertyNames": {"maxLength": 1}}, [{"a": 1}, {"ab": 1}]),
        ({"patternProperties": {"^a": STRING}}, [{"ab": "x"}, {"ab": 1}]),
    ],
)
def test_what_makes_members_decide_on_something_else_is_checked_whole(
    schema: dict[str, Any], values: list[Any]
) -> None:
    whole = {"type": "object", **schema}
    assert checks(schema_of(whole, "3.1.0"), values) == [True, False]
    assert count(whole, broken=True, openapi="3.1.0") is None


@pytest.mark.parametrize(
    ("schema", "values"),
    [
        (of(a={**STRING, "pattern": "^x"}), [{"a": "xy"}, {"a": "y"}]),
        (of(a={**NUMBER, "multipleOf": 3}), [{"a": 6}, {"a": 7}]),
    ],
)
def test_what_two_validators_read_differently_is_left_to_the_first(schema: dict[str, Any], values: list[Any]) -> None:
    made = schema_of(schema)
    (found,) = surely_valid(made, broken=False) or ()
    assert behind(found) == made.is_valid
    assert checks(made, values) == [True, False]
    assert surely_valid(made, broken=True) is None


def test_so_are_patterns_of_names() -> None:
    for schema in ({"patternProperties": {"^a": STRING}}, {"propertyNames": {"maxLength": 1}}):
        made = schema_of({"type": "object", **schema}, "3.1.0")
        (found,) = surely_valid(made, broken=False) or ()
        assert behind(found) == made.is_valid


KIND = {
    "oneOf": [{"$ref": "#/components/schemas/Cat"}, {"$ref": "#/components/schemas/Dog"}],
    "discriminator": {"propertyName": "kind"},
}
PETS = {
    name: {
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"type": "string", "enum": [name]}, own: {"type": "string", "writeOnly": own == "key"}},
    }
    for name, own in (("Cat", "claws"), ("Dog", "key"))
}


def test_of_a_discriminated_object_the_members_are_checked_too() -> None:
    schema = schema_of(KIND, **PETS)
    found = surely_valid(schema, broken=False)
    assert found is not None
    assert behind(found[0]) == schema.is_valid
    values = [
        {"kind": "Cat", "claws": "x"},
        {"kind": "Cat", "claws": "x", "odd": 1},
        {"kind": "Dog", "key": "x"},
        {"kind": "Dog"},
        {"kind": "Cow"},
    ]
    assert checks(schema, values) == [True, False, False, True, False]
    assert found[1](Columns.of_bodies(values[:1])) is True
    assert surely_valid(schema, broken=True) is None


def test_a_name_among_examples_is_no_keyword() -> None:
    odd = {"format": "int32", "a": {"format": "int32"}}
    schema = schema_of(of(a={"type": "object", "enum": [odd], "default": odd, "example": odd}))
    assert checks(schema, [{"a": odd}, {"a": {"format": "int32"}}]) == [True, False]
    assert checks(schema_of(of(format={**NUMBER, "minimum": 3}), "3.1.0"), [{"format": 3}, {"format": 2}]) == [
        True,
        False,
    ]
    const = schema_of(of(a={"type": "object", "const": odd}), "3.1.0")
    assert checks(const, [{"a": odd}, {"a": {}}]) == [True, False]


def test_the_ranges_of_formats_stand_beside_what_a_schema_has() -> None:
    ranged = validators._with_ranges({"format": "int32", "items": [{"format": "int64"}], "enum": [{"format": "int32"}]})
    assert ranged == {
        "format": "int32",
        "items": [{"format": "int64", "allOf": [{"minimum": -(2**63), "maximum": 2**63 - 1}]}],
        "enum": [{"format": "int32"}],
        "allOf": [{"minimum": -(2**31), "maximum": 2**31 - 1}],
    }
    of_values = {name: [{"format": "int32"}] for name in ("enum", "const", "default", "example", "examples")}
    assert validators._with_ranges(of_values) == of_values
    assert validators._with_ranges({"format": ["int32"], "allOf": []}) == {"format": ["int32"], "allOf": []}
    assert validators._with_ranges({"format": "uuid", "const": 1}) == {"format": "uuid", "const": 1}


def test_a_schema_without_its_shape_is_the_rest_of_it() -> None:
    without = validators._without_shape
    assert without({"type": "object", "required": ["a"], "additionalProperties": False, "minProperties": 1}) == {
        "minProperties": 1
    }
    assert without({"properties": {"type": {"type": "string", "minLength": 1}}}) == {
        "properties": {"type": {"minLength": 1}}
    }
    assert without({"items": {"type": "string"}, "allOf": [{"type": "object"}], "additionalProperties": {}}) == {
        "items": {},
        "allOf": [{}],
        "additionalProperties": {},
    }
    assert without({"enum": [{"type": "x"}], "properties": {}}) == {"enum": [{"type": "x"}], "properties": {}}
    apart = ["anyOf", "oneOf", "not", "if", "$ref", "dependentRequired", "dependentSchemas", "dependencies"]
    apart += [
        "unevaluatedProperties",
        "unevaluatedItems",
        "prefixItems",
        "contains",
        "propertyNames",
        "patternProperties",
    ]
    assert [without({keyword: {}}) for keyword in apart] == [None] * len(apart)
    for around in ("items", "additionalProperties"):
        assert without({around: {"not": {}}}) is None
    assert without({"allOf": [{}, {"not": {}}]}) is None
    assert without({"properties": {"a": {}, "b": {"not": {}}}}) is None


def test_a_schema_says_more_where_a_keyword_asks_for_something() -> None:
    more = validators._says_more
    silent = ["title", "description", "example", "examples", "default", "deprecated", "readOnly", "writeOnly"]
    silent += ["nullable", "definitions", "$defs", "discriminator", "externalDocs", "xml", "$comment", "x-own"]
    assert [name for name in silent if more({name: {"minLength": 1}})] == []
    assert more({"minLength": 1})
    assert more({"title": "T", "minLength": 1})
    for inside in ("items", "allOf", "additionalProperties"):
        assert not more({inside: {"title": "T"}})
        assert more({inside: {"minLength": 1}})
    assert not more({"allOf": [{}, {"title": "T"}]})
    assert more({"allOf": [{}, {"minLength": 1}]})
    assert not more({"properties": {"minLength": {"title": "T"}}})
    assert more({"properties": {"a": {}, "b": {"minLength": 1}}})
    assert more({"properties": {"a": {}}, "minLength": 1})
    assert more({"items": {}, "minItems": 1})
    assert [more(one) for one in ({}, True, False, None)] == [False] * 4
