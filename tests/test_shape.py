"""The recorded shape: what is inferred of bodies, what counts as a change, and how the file is read."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
import samples
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator, validators

from batch_conformance.exchange.exchange import Exchange
from batch_conformance.findings.shape import (
    FORMAT,
    ShapeError,
    differences,
    infer,
    lasting_headers,
    parse_shape,
    shape_json,
)
from batch_conformance.judge.judge import judge
from batch_conformance.judge.shape import observe

CONTRACT = samples.contract()

# OpenAPI 3.0 calls 0.0 no integer, and neither does a client whose type it is.
STRICT: Any = validators.extend(
    Draft202012Validator,
    type_checker=Draft202012Validator.TYPE_CHECKER.redefine(
        "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
    ),
)

scalars = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False, width=16) | st.text(max_size=3)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abcd"), inner, max_size=3),
    max_leaves=8,
)


def read(
    body: Any, *, number: int = 0, status: int = 200, headers: tuple[tuple[str, str], ...] = (), **probe: Any
) -> Exchange:
    """An ordinary read of a known id, and its answer."""
    made = samples.exchange(body, status, number=number)
    assert made.response is not None
    told = replace(made.response, headers=(*made.response.headers, *headers))
    return replace(made, response=told, probe=replace(made.probe, chapter="known_ids", **probe))


def changes(before: list[Exchange], after: list[Exchange]) -> list[tuple[str, str, str]]:
    """What is told of the answers ``after`` when the shape was recorded ``before``, through the file."""
    recorded = parse_shape(shape_json(observe(before, CONTRACT)).encode(), "shape.json")
    found = judge(after, CONTRACT, recorded).findings
    return [(f.status, f.pointer, f.kind) for f in found if f.rule == "shape.changed"]


@given(st.lists(values, min_size=1, max_size=5))
def test_every_body_keeps_the_shape_inferred_of_it(bodies: list[Any]) -> None:
    schema = infer(bodies)
    Draft202012Validator.check_schema(schema)
    for body in bodies:
        assert Draft202012Validator(schema).is_valid(body)
        assert list(differences(schema, body)) == []


@given(st.lists(values, min_size=1, max_size=3), values)
def test_what_differs_is_what_the_inferred_schema_refuses(bodies: list[Any], value: Any) -> None:
    schema = infer(bodies)
    if list(differences(schema, value)):
        assert not STRICT(schema).is_valid(value)


def test_a_number_with_a_decimal_point_is_no_integer_as_before() -> None:
    assert [one.kind for one in differences(infer([[[0]]]), [[0.0]])] == ["number"]


def test_names_below_a_free_map_are_not_recorded() -> None:
    schema = infer([{"metadata": {"customer": "4711"}, "id": "a"}], {"/metadata"})
    assert schema["properties"] == {"id": {"type": "string"}, "metadata": {"type": "object"}}
    assert "4711" not in json.dumps(infer([{"id": "4711"}]))


def test_a_property_that_was_always_there_and_is_gone_is_a_change_though_no_schema_requires_it() -> None:
    without = {name: value for name, value in samples.BODY.items() if name != "expires_at"}
    assert changes([read(samples.BODY)], [read(without)]) == [("200", "/expires_at", "gone")]
    assert changes([read(samples.BODY), read(without, number=1)], [read(without)]) == []


def test_a_null_where_none_ever_was_is_a_change_and_the_first_value_after_nulls_is_none() -> None:
    assert changes([read(samples.BODY)], [read({**samples.BODY, "errors": None})]) == [("200", "/errors", "null")]
    assert changes([read(samples.BODY)], [read({**samples.BODY, "output_file_id": "file-a"})]) == []


def test_what_the_contract_forbids_is_told_once_by_the_contract() -> None:
    assert changes([read(samples.BODY)], [read({**samples.BODY, "created_at": "1741685413"})]) == []
    assert changes([read(samples.BODY)], [read({"code": 20000, "data": samples.BODY})]) == []


def test_each_lifecycle_state_has_a_shape_of_its_own() -> None:
    done = {**samples.BODY, "status": "completed", "completed_at": 1741685500, "output_file_id": "file-a"}
    before = [read(samples.BODY), read(done, number=1)]
    assert changes(before, [read({**done, "output_file_id": None})]) == [("200", "/output_file_id", "null")]
    assert changes(before, [read(samples.BODY)]) == []


def test_a_state_that_was_not_recorded_is_held_to_what_all_states_have() -> None:
    failed = {k: v for k, v in samples.BODY.items() if k != "expires_at"} | {
        "status": "failed",
        "failed_at": 1741685500,
    }
    assert changes([read(samples.BODY)], [read(failed)]) == [("200", "/expires_at", "gone")]


def test_a_header_that_vanished_is_a_change_and_one_of_the_transport_is_not() -> None:
    traced = read(samples.BODY, headers=(("X-Trace-Id", "a"), ("Age", "3"), ("CF-Ray", "b")))
    assert changes([traced], [read(samples.BODY)]) == [("200", "", "header x-trace-id")]
    assert changes([read(samples.BODY)], [traced]) == []
    assert lasting_headers([["X-A", "Date"], ["x-a", "X-B"]]) == ("x-a",)
    assert lasting_headers([]) == ()


def test_another_media_type_is_a_change_where_the_contract_does_not_say_it_is() -> None:
    plain = samples.exchange(b"teapot", 418, media_type="text/plain")
    plain = replace(plain, probe=replace(plain.probe, chapter="known_ids"))
    html = replace(plain, response=replace(plain.response, headers=(("Content-Type", "text/html"),)))  # type: ignore[type-var]
    assert changes([plain], [html]) == [("418", "", "media type text/html")]


def test_outages_oddities_and_strangers_are_neither_recorded_nor_judged() -> None:
    down = read(b"<html>", status=502)
    hostile = read({"a": 1}, status=404, subject="hostile")
    stranger = read(samples.BODY, subject="unknown")
    odd = replace(read(samples.BODY), probe=replace(read(samples.BODY).probe, chapter="hostile_ids"))
    assert observe([down, hostile, stranger, odd], CONTRACT).answers == {}


def test_the_clause_of_the_shape_is_kept_broken_or_not_observed() -> None:
    recorded = observe([read(samples.BODY)], CONTRACT)
    without = {name: value for name, value in samples.BODY.items() if name != "expires_at"}
    for exchanges, state in (
        ([read(samples.BODY)], "kept"),
        ([read(without)], "broken"),
        ([read(b'"Invalid token"', status=401)], "not_observed"),
    ):
        results = judge(exchanges, CONTRACT, recorded).clauses
        states = [r.state for r in results if r.clause.rule == "shape.changed" and not r.clause.pointer]
        assert states == [state]
    assert not [r for r in judge([read(samples.BODY)], CONTRACT).clauses if r.clause.rule == "shape.changed"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", "is no JSON"),
        ("[" * 100_000, "is no JSON"),
        ("{}", 's.json is no shape: at $: "format" is a required property'),
        (
            json.dumps({"format": "other/1", "operation": "x", "answers": []}),
            f'at $.format: "other/1" was expected to be "{FORMAT}"',
        ),
        (json.dumps({"format": FORMAT, "operation": "x", "answers": [{}]}), "at $.answers[0]"),
    ],
    ids=["empty", "deep", "nothing in it", "another format", "no answer"],
)
def test_a_bad_file_is_told_in_one_line_that_says_what_to_do(text: str, line: str) -> None:
    with pytest.raises(ShapeError) as caught:
        parse_shape(text.encode(), "s.json")
    assert line in str(caught.value)
    assert "record it with --write-shape" in str(caught.value)
    assert "\n" not in str(caught.value)
