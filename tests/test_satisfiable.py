"""Clauses that nothing can keep are the document's fault, told once, and accuse no server."""

from __future__ import annotations

from typing import Any

import pytest
from contract_support import schema
from hypothesis import given, settings
from judge_support import KNOWN, contract_of, findings, sent
from schema_strategies import ANYTHING
from test_schema import SCHEMAS
from test_schema import VALUES as VALUES_OF_SCHEMAS

from batch_conformance.contract.dialect import validator_for
from batch_conformance.mock.derived import derive

ID = {"id": {"type": "string"}}
BOTH = ("3.0.3", "3.1.0")
NEITHER: list[tuple[str, Any, tuple[str, ...]]] = [
    ("an enum of another type", {"type": "string", "enum": [1.1, 7]}, BOTH),
    ("a null in an enum", {"type": "string", "enum": [None]}, BOTH),
    ("a const of another type", {"type": "string", "const": 5}, ("3.1.0",)),
    ("two constants", {"allOf": [{"const": 1}, {"const": 2}]}, ("3.1.0",)),
    ("two enums", {"allOf": [{"enum": ["a"]}, {"enum": ["b"]}]}, BOTH),
    ("an enum out of bounds", {"type": "integer", "enum": [1, 2], "minimum": 3}, BOTH),
    ("an enum too long", {"type": "string", "enum": ["abc"], "maxLength": 2}, BOTH),
    ("an enum without the pattern", {"type": "string", "enum": ["abc"], "pattern": "^b"}, BOTH),
    ("an enum without the format", {"type": "string", "enum": ["soon"], "format": "date"}, BOTH),
    ("types that exclude each other", {"allOf": [{"type": "string"}, {"type": "integer"}]}, BOTH),
    ("a reference of another type", {"allOf": [{"$ref": "#/components/schemas/Text"}, {"type": "integer"}]}, BOTH),
    ("bounds the wrong way round", {"type": "integer", "minimum": 5, "maximum": 3}, BOTH),
    ("bounds in two parts", {"allOf": [{"type": "number", "minimum": 5}, {"maximum": 3}]}, BOTH),
    ("an excluded bound", {"type": "number", "minimum": 3, "maximum": 3, "exclusiveMinimum": True}, ("3.0.3",)),
    ("two excluded bounds", {"type": "number", "exclusiveMinimum": 3, "exclusiveMaximum": 3}, ("3.1.0",)),
    ("no whole number between", {"type": "integer", "minimum": 1.2, "maximum": 1.8}, BOTH),
    ("no multiple between", {"type": "number", "minimum": 4, "maximum": 5, "multipleOf": 3}, BOTH),
    ("bounds beyond the format", {"type": "integer", "format": "int32", "minimum": 2**31}, BOTH),
    ("lengths", {"type": "string", "minLength": 3, "maxLength": 2}, BOTH),
    ("lengths in two parts", {"allOf": [{"type": "string", "minLength": 3}, {"maxLength": 2}]}, BOTH),
    ("items", {"type": "array", "items": {}, "minItems": 3, "maxItems": 2}, BOTH),
    ("an item that cannot be", {"type": "array", "minItems": 1, "items": {"type": "string", "enum": [1]}}, BOTH),
    ("an item after those that can", {"type": "array", "prefixItems": [{}], "items": False, "minItems": 2}, ("3.1.0",)),
    ("members", {"type": "object", "minProperties": 3, "maxProperties": 2}, BOTH),
    ("too many required", {"type": "object", "required": ["a", "b"], "maxProperties": 1}, BOTH),
    ("no alternative", {"anyOf": [{"type": "string", "enum": [1]}, {"not": {}}]}, BOTH),
    ("no alternative of the type", {"type": "string", "oneOf": [{"type": "integer"}, {"type": "boolean"}]}, BOTH),
]  # fmt: skip
CASES = [(name, form, openapi) for name, form, versions in NEITHER for openapi in versions]
VALUES = ["abc", "", 1, 4.5, None, True, [], [1], {}, {"a": 1, "b": 2, "c": 3}]


@pytest.mark.parametrize(("name", "form", "openapi"), CASES, ids=[f"{name}-{openapi}" for name, _, openapi in CASES])
def test_what_nothing_can_keep_accuses_no_server(name: str, form: Any, openapi: str) -> None:
    schemas = {"Text": {"type": "string"}}
    ours = contract_of({"type": "object", "properties": {**ID, "p": form}}, openapi=openapi, schemas=schemas)
    for value in VALUES:
        found = [one for one in findings(sent({"id": KNOWN, "p": value}), under=ours) if one.pointer[:2] == "/p"]
        assert [(one.rule, one.side, one.kind) for one in found] == [("body.impossible", "document", "impossible")]
        assert str(found[0].expected).startswith("a value that keeps its schema, and there is none: ")
    told = [
        one.rule
        for one in ours.document_findings
        if one.pointer.partition("/properties/p")[1] and one.level == "should"
    ]
    assert told in (["document.impossible"], ["document.bounds_impossible"])
    assert not [clause for clause in ours.clauses if clause.pointer.startswith("/p")]
    assert not [entry for entry in derive(ours) if entry.at.startswith("/p")]


def test_in_the_reading_that_makes_up_for_contradictions_nothing_fails() -> None:
    form = {"type": "object", "properties": {**ID, "p": {"type": "string", "enum": [1]}}}
    for reading, level in (("published", "should"), ("documented", "info")):
        ours = contract_of(form, reading=reading)  # type: ignore[arg-type]
        found = findings(sent({"id": KNOWN, "p": "x"}), sent({"id": KNOWN, "p": "y"}), under=ours, info=True)
        assert [(one.rule, one.level) for one in found if one.pointer == "/p"] == [("body.impossible", level)]


@pytest.mark.parametrize("openapi", BOTH)
def test_a_member_that_is_asked_for_and_not_allowed_is_the_documents_fault(openapi: str) -> None:
    closed = {"type": "object", "properties": ID, "additionalProperties": False}
    forms: list[Any] = [
        {**closed, "required": ["p"]},
        {"allOf": [closed, {"type": "object", "required": ["p"], "properties": {"p": {"type": "string"}}}]},
        {"type": "object", "required": ["p"], "properties": {**ID, "p": {"not": {}}}},
    ]
    for form in forms:
        for body in ({"id": KNOWN}, {"id": KNOWN, "p": "x"}):
            found = findings(sent(body), under=contract_of(form, openapi=openapi))
            assert [(one.rule, one.side, one.pointer) for one in found] == [("body.impossible", "document", "/p")]


POSSIBLE: list[Any] = [
    {"type": "string", "enum": [1, "a"]},
    {"type": ["string", "null"], "enum": [None]},
    {"type": "integer", "minimum": 1.2, "maximum": 2},
    {"type": "number", "minimum": 1.2, "maximum": 1.8},
    {"type": "number", "minimum": 0.1, "maximum": 0.3, "multipleOf": 0.1},
    {"type": ["integer", "string"], "minimum": 5, "maximum": 3},
    {"type": "array", "items": {"not": {}}},
    {"type": "array", "prefixItems": [{"type": "number"}, {"type": "number"}], "items": False, "minItems": 2},
    {"not": {}},
    False,
    {"anyOf": [{"not": {}}, {"type": "string"}]},
    {"not": {"type": "string"}},
    {"type": "object", "required": ["a"], "additionalProperties": False, "patternProperties": {"^a": {}}},
]


@pytest.mark.parametrize("form", POSSIBLE, ids=str)
def test_what_something_can_keep_is_held(form: Any) -> None:
    ours = schema({"type": "object", "properties": {"p": form}}, version="3.1.0")
    assert not ours.impossible


def test_the_server_is_accused_where_some_value_of_the_enumeration_can_be_kept() -> None:
    ours = contract_of({"properties": {**ID, "p": {"type": "string", "enum": [1, "a"]}}})
    assert [(one.rule, one.side) for one in findings(sent({"id": KNOWN, "p": "b"}), under=ours)] == [
        ("body.enum", "server")
    ]
    told = {one.rule for one in ours.document_findings}
    assert "document.enum_invalid" in told
    assert "document.impossible" not in told


def test_a_member_of_one_alternative_is_impossible_only_where_all_that_declare_it_say_so() -> None:
    never, text = {"properties": {"p": {"type": "string", "enum": [1]}}}, {"properties": {"p": {"type": "string"}}}
    assert not schema({"anyOf": [never, text]}).impossible
    assert list(schema({"anyOf": [never, {}]}).impossible) == ["/p"]


@pytest.mark.parametrize("form", [{"not": {}}, False])
def test_a_member_that_is_meant_to_be_absent_is_the_servers_to_leave_out(form: Any) -> None:
    ours = contract_of({"properties": {**ID, "p": form}}, openapi="3.1.0")
    assert [(one.side, one.pointer) for one in findings(sent({"id": KNOWN, "p": "x"}), under=ours)] == [
        ("server", "/p")
    ]


def test_nothing_is_told_of_the_published_contract_or_of_a_schema_that_holds_itself() -> None:
    tree = {
        "type": "object",
        "properties": {"next": {"$ref": "#/components/schemas/Tree"}, "p": {"type": "string", "enum": [1]}},
    }
    assert list(schema({"$ref": "#/components/schemas/Tree"}, components={"Tree": tree}).impossible) == ["/p"]


@pytest.mark.parametrize("modern", [False, True])
@settings(deadline=None, max_examples=300)
@given(form=SCHEMAS, value=VALUES_OF_SCHEMAS | ANYTHING)
def test_no_value_keeps_what_is_said_to_be_impossible(modern: bool, form: Any, value: Any) -> None:
    ours = schema(form, version="3.1.0" if modern else "3.0.3")
    if "" in ours.impossible:
        assert not validator_for(ours.raw, modern=modern).is_valid(value)
