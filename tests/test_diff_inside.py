"""What two documents say of what is inside a value: maps, alternatives, and keywords of JSON Schema beside a type."""

from __future__ import annotations

from typing import Any

import pytest
from contract_support import document

from batch_conformance.contract.change import Change
from batch_conformance.contract.contract import compile_contract
from batch_conformance.contract.diff import diff_contracts

STRING, INTEGER = {"type": "string"}, {"type": "integer"}


def compared(old: Any, new: Any, versions: tuple[str, str] = ("3.1.0", "3.1.0")) -> tuple[Change, ...]:
    sides = [
        compile_contract(document({"type": "object", "properties": {"p": said}}, version=version), "published")
        for said, version in zip((old, new), versions, strict=True)
    ]
    return diff_contracts(*sides).changes


def said(old: Any, new: Any) -> list[tuple[str, str, str, bool]]:
    return [(one.pointer, one.rule, one.kind, one.breaking) for one in compared(old, new)]


def a_map(of: Any, **more: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": of, **more}


def kind(name: str, **more: Any) -> dict[str, Any]:
    return {"type": "object", "required": [name], "properties": {name: INTEGER, **more}}


@pytest.mark.parametrize(
    ("old", "new", "right"),
    [
        (a_map(STRING), a_map(INTEGER), ("/p/*", "body.type", "changed", True)),
        (a_map(STRING), a_map({"enum": ["a"]}), ("/p/*", "body.enum", "tightened", False)),
        (a_map(STRING), {"type": "object"}, ("/p/*", "body.property", "removed", True)),
        ({"type": "object"}, a_map(STRING), ("/p/*", "body.property", "added", False)),
        (a_map(a_map(STRING)), a_map(a_map(INTEGER)), ("/p/*/*", "body.type", "changed", True)),
        (a_map(STRING), a_map({"anyOf": [STRING, {"type": "null"}]}), ("/p/*", "body.type", "loosened", True)),
        (a_map(False), a_map(STRING), ("/p", "body.undeclared", "loosened", True)),
        (a_map(STRING), a_map(False), ("/p", "body.undeclared", "tightened", False)),
        (
            {"allOf": [a_map(STRING)]},
            a_map({**STRING, "maxLength": 5}),
            ("/p/*", "body.constraint", "tightened", False),
        ),
    ],
)
def test_what_is_said_of_the_members_of_a_map_is_compared(old: Any, new: Any, right: Any) -> None:
    assert said(old, new) == [right]


@pytest.mark.parametrize(
    ("keyword", "old", "new"),
    [
        ("patternProperties", {"^x": STRING}, {"^x": INTEGER}),
        ("propertyNames", {"pattern": "^a"}, {"pattern": "^b"}),
        ("prefixItems", [STRING], [INTEGER]),
        ("contains", STRING, INTEGER),
        ("dependentRequired", {"a": ["b"]}, {"a": ["c"]}),
        ("not", {"enum": ["a"]}, {"enum": ["b"]}),
    ],
)
def test_what_no_space_holds_is_compared_as_it_is_written(keyword: str, old: Any, new: Any) -> None:
    was, now = {keyword: old, "description": "x"}, {keyword: new}
    assert said(was, now) == [("/p", "body.constraint", "changed", True)]
    assert said(was, {}) == [("/p", "body.constraint", "loosened", True)]
    assert said({}, now) == [("/p", "body.constraint", "tightened", False)]
    assert said(was, {keyword: old}) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({**INTEGER, "multipleOf": 1}, INTEGER),
        ({"type": "number", "multipleOf": 1}, INTEGER),
        ({**INTEGER, "enum": [1, 2, 3]}, {**INTEGER, "minimum": 1, "maximum": 3}),
        ({**INTEGER, "enum": [2, 4]}, {**INTEGER, "multipleOf": 2, "exclusiveMinimum": 0, "maximum": 5}),
        ({"not": {"type": "null"}}, {"type": ["string", "number", "boolean", "object", "array"]}),
        ({"not": {"const": "a"}}, {"not": {"enum": ["a"]}}),
        (a_map({"const": "a"}), a_map({"enum": ["a"]})),
    ],
)
def test_the_same_in_other_words_is_no_change(old: Any, new: Any) -> None:
    assert compared(old, new) == ()
    assert compared(new, old) == ()


def test_an_integer_beyond_those_that_were_listed_is_found() -> None:
    (change,) = compared({**INTEGER, "enum": [1, 2]}, {**INTEGER, "minimum": 1, "maximum": 3})
    assert (change.rule, change.kind, change.breaking) == ("body.enum", "loosened", True)
    assert str(change.why).endswith(": 3.")


def test_a_kind_of_object_that_went_breaks_nobody_and_one_that_came_does() -> None:
    two, three = {"oneOf": [kind("a"), kind("b")]}, {"oneOf": [kind("a"), kind("b"), kind("c", d=STRING)]}
    assert {one[:3] for one in said(three, two) if not one[3]} == {
        ("/p/c", "body.property", "removed"),
        ("/p/d", "body.property", "removed"),
        ("/p", "body.type", "tightened"),
    }
    assert [one for one in said(three, two) if one[3]] == []
    assert [one for one in said(two, three) if one[3]] == [("/p", "body.type", "loosened", True)]


def test_a_property_that_went_from_an_alternative_that_stays_breaks_who_reads_it() -> None:
    old, new = {"oneOf": [kind("a", d=STRING), kind("b")]}, {"oneOf": [kind("a"), kind("b")]}
    assert said(old, new) == [("/p/d", "body.property", "removed", True)]
