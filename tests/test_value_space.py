"""What composed schemas admit: compared, judged and broken, whatever words the document says it in."""

from __future__ import annotations

from typing import Any

import pytest
from contract_support import document, schema, untimed
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from judge_support import contract_of, of_body, sent
from respelled import meanings, spelled, two_spellings, values_of
from schema_strategies import ANYTHING, components, schemas

from batch_conformance.contract.contract import compile_contract
from batch_conformance.contract.diff import diff_contracts
from batch_conformance.contract.pointer import members
from batch_conformance.contract.value_space import admits
from batch_conformance.observation.observation import Observation

MODERN = "3.1.0"


@settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
@given(two_spellings())
def test_schemas_that_say_the_same_in_other_words_differ_in_nothing(spellings: Any) -> None:
    old, new = (
        compile_contract(document(body, version=version, components=named), "published")
        for version, body, named in spellings
    )
    assert diff_contracts(old, new).changes == ()


@settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
@given(st.data(), st.booleans())
def test_what_keeps_a_schema_is_admitted_at_each_of_its_places(data: st.DataObject, modern: bool) -> None:
    named = data.draw(components(modern=modern))
    body = data.draw(schemas(modern=modern))
    ours = schema(body, version=MODERN if modern else "3.0.3", components=named)
    value = data.draw(ANYTHING)
    assume(ours.is_valid(value))
    for place in ours.properties:
        for member in members(value, place.pointer) if place.certain else ():
            assert admits(place.space, member), (place.pointer, member)


@settings(deadline=None, max_examples=150, suppress_health_check=list(HealthCheck))
@given(st.data(), st.booleans())
def test_a_value_that_an_alternative_admits_is_never_accused(data: st.DataObject, modern: bool) -> None:
    members = data.draw(st.dictionaries(st.sampled_from("abc"), meanings(), min_size=1, max_size=3))
    named: dict[str, Any] = {}
    schemas_of = {name: data.draw(spelled(one, modern=modern, components=named)) for name, one in members.items()}
    body = {"type": "object", "properties": schemas_of}
    under = contract_of(body, openapi=MODERN if modern else "3.0.3", schemas=named)
    values = {name: values_of(one) for name, one in members.items()}
    value = data.draw(st.fixed_dictionaries({}, optional={n: v for n, v in values.items() if not v.is_empty}))
    assume(value)
    accused = [one for one in of_body(Observation(sent(value), under)) if one.level != "info"]
    assert not accused


TAGGED = st.sampled_from(["const", "enum", "none"])
USAGE = {"type": "object", "required": ["total"], "properties": {"total": {"type": "integer"}}}
LEAVES: dict[str, tuple[dict[str, Any], Any, Any]] = {
    "tokens": ({"type": "integer", "minimum": 1}, 3, "three"),
    "model": ({"type": "string", "enum": ["m-1", "m-2"]}, "m-1", "m-9"),
    "note": ({"type": "string", "maxLength": 3}, "abc", "abcd"),
    "dims": ({"type": "array", "items": {"type": "integer"}}, [1, 2], [1, "2"]),
    "usage": (
        {"type": "object", "required": ["total"], "properties": {"total": {"type": "integer"}}},
        {"total": 1},
        {},
    ),
    "flag": ({"type": "boolean"}, True, None),
}
BROKEN_AT = {"dims": "/dims/*", "usage": "/usage/total"}


@st.composite
def _alternatives(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, Any], str, Any]:
    """A union of two objects, a body of one of them, and a member of it with a value that breaks it."""
    names = draw(st.permutations(sorted(LEAVES)))
    tagged, keyword = draw(TAGGED), draw(st.sampled_from(["anyOf", "oneOf"]))
    branches = []
    for number, own in enumerate((names[:2], names[2:5])):
        properties = {name: LEAVES[name][0] for name in own}
        tag = {"const": f"k{number}"} if tagged == "const" else {"type": "string", "enum": [f"k{number}"]}
        required = list(own)
        if tagged != "none":
            properties, required = {"kind": tag, **properties}, ["kind", *own]
        branches.append({"type": "object", "required": required, "properties": properties})
    chosen = draw(st.integers(0, 1))
    own = (names[:2], names[2:5])[chosen]
    body = {name: LEAVES[name][1] for name in own} | ({"kind": f"k{chosen}"} if tagged != "none" else {})
    wrong = draw(st.sampled_from(sorted(own)))
    union: dict[str, Any] = {keyword: branches}
    return draw(st.sampled_from([union, {"allOf": [union, {"type": "object"}]}])), body, wrong, LEAVES[wrong][2]


@untimed
@given(_alternatives())
def test_a_body_of_one_alternative_that_is_broken_in_one_place_is_found_broken_there(made: Any) -> None:
    union, body, wrong, value = made
    ours = schema(union, version=MODERN)
    assert ours.violations(body) == ()
    assert ours.undeclared(body) == ()
    found = ours.violations({**body, wrong: value})
    assert {violation.pointer for violation in found} == {BROKEN_AT.get(wrong, f"/{wrong}")}


@pytest.mark.parametrize("keyword", ["anyOf", "oneOf"])
def test_a_tag_that_no_alternative_has_is_found_at_the_tag_with_all_that_there_are(keyword: str) -> None:
    branches = [
        {"type": "object", "required": ["kind"], "properties": {"kind": {"const": name}}} for name in ("chat", "embed")
    ]
    (found,) = schema({keyword: branches}, version=MODERN).violations({"kind": "video"})
    assert (found.pointer, found.keyword, str(found.expected)) == ("/kind", "enum", 'one of "chat", "embed"')


@pytest.mark.parametrize(
    ("alternatives", "value", "keyword", "expected"),
    [
        ([{"const": "a"}, {"const": "b"}], "c", "enum", 'one of "a", "b"'),
        ([{"const": "a"}, {"const": "b"}], 5, "enum", 'one of "a", "b"'),
        ([{"type": "integer", "minimum": 5}, {"type": "integer", "minimum": 9}], 3, "minimum", "at least 5"),
        ([{"type": "string", "maxLength": 2}, {"enum": ["abcd"]}], "abcde", "maxLength", "at most 4 characters"),
        ([{"type": "string", "format": "uuid"}, {"type": "string", "pattern": "^x"}], "y", "anyOf", "what one of"),
    ],
)
def test_what_alternatives_assert_together_is_what_is_broken(
    alternatives: Any, value: Any, keyword: str, expected: str
) -> None:
    (found,) = schema({"anyOf": alternatives}, version=MODERN).violations(value)
    assert found.keyword == keyword
    assert str(found.expected).startswith(expected)


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ({"anyOf": [{"type": "string", "x-known-values": ["a"]}, {"type": "integer"}]}, 5),
        ({"anyOf": [{"type": "string", "x-known-values": ["a"]}, {"type": "string"}]}, "b"),
        ({"anyOf": [{"type": "string", "x-known-values": ["a"]}, {"type": "string", "enum": ["b"]}]}, "b"),
    ],
)
def test_a_value_that_an_alternative_admits_is_known(body: Any, value: Any) -> None:
    ours = schema(body, version=MODERN)
    assert ours.violations(value) == ()
    assert ours.unknown_values(value) == ()
