"""What the rules about the value of a body give for one exchange, at the edges."""

from __future__ import annotations

from typing import Any

import pytest
from cases_lists import lists, page
from judge_cases import batch, raw, text
from judge_support import COMPLETED, QUEUED, contract, contract_of, openai_like, sent, unknown
from test_judge_texts import HOSTILE, Told, told

from batch_conformance.contract.contract import Contract
from batch_conformance.observation.observation import Observation
from batch_conformance.rules import REGISTRY
from batch_conformance.rules.bodies import NOT_THE_OBJECT, OF_A_VALUE, surely_says_something
from batch_conformance.rules.columns import Columns
from batch_conformance.rules.rule import AlikeBodies


def values(schema: Any, body: Any, rule: str, **more: Any) -> list[Told]:
    return told(rule, sent(body), contract_of(schema, **more))


TEXT = {"type": "string"}
TEXTS = {"type": "array", "items": TEXT}
OBJECT: dict[str, Any] = {
    "type": "object",
    "properties": {
        "id": TEXT,
        "status": TEXT,
        "file_id": TEXT,
        "note": TEXT,
        "names": {"type": "array", "items": TEXT},
    },
}


@pytest.mark.parametrize(
    ("changes", "pointer", "kind"),
    [
        ({"file_id": ""}, "/file_id", "empty"),
        ({"file_id": " \t\r\n"}, "/file_id", "empty"),
        ({"file_id": "\u00a0"}, "", ""),
        ({"file_id": "null"}, "/file_id", "word"),
        ({"note": "null"}, "/note", "word"),
        ({"file_id": "-1"}, "/file_id", "sentinel"),
        ({"note": "-1"}, "", ""),
        ({"file_id": "x"}, "", ""),
        ({"file_id": None}, "", ""),
        ({"names": ["a", ""]}, "/names/*", "item"),
        ({"names": ["a", " ", ""]}, "/names/*", "item"),
        ({"names": ["a", "null"]}, "", ""),
        ({"names": []}, "", ""),
    ],
)
def test_a_text_says_something(changes: dict[str, Any], pointer: str, kind: str) -> None:
    found = values(OBJECT, {"id": "batch_a", "status": "x", **changes}, "value.empty_string")
    assert [one[:2] for one in found] == ([(kind, pointer)] if kind else [])


def test_what_an_empty_text_is_told_with() -> None:
    (file,) = told("value.empty_string", batch({"error_file_id": " " * 30}))
    assert file == ("empty", "/error_file_id", f'a value, or none; "{" " * 20}"', None, None)
    (one,) = told("value.empty_string", batch({"errors": [" " * 30]}))
    assert one == ("item", "/errors/*", f'a value as each item, or no item; "{" " * 20}"', None, None)
    described = {"type": "object", "properties": {**OBJECT["properties"], "description": TEXT, "message": TEXT}}
    body = {"id": "a", "status": "x", "description": "", "message": "null"}
    found = values(described, body, "value.empty_string")
    assert [(kind, pointer, level) for kind, pointer, _, level, _ in found] == [
        ("empty", "/description", "info"),
        ("word", "/message", None),
    ]
    for other in (
        batch({"metadata": {"a": ""}}),
        batch({"error_file_id": ""}, method="HEAD"),
        batch({"error_file_id": ""}, subject="outside"),
        unknown({"error_file_id": ""}),
    ):
        assert told("value.empty_string", other) == []


def test_the_ends_of_an_empty_page_may_be_empty_texts() -> None:
    ends = {"first_id": "", "last_id": ""}
    assert told("value.empty_string", page([], **ends), lists()) == []
    found = told("value.empty_string", page("ab", **ends), lists())
    assert [one[1] for one in found] == ["/first_id", "/last_id"]


REGIONAL: dict[str, Any] = {**OBJECT, "properties": {**OBJECT["properties"], "region": TEXT}}


@pytest.mark.parametrize(("member", "level"), [("region", "info"), ("id", None), ("status", None), ("file_id", None)])
def test_an_empty_text_is_information_where_the_document_has_no_other_way_to_leave_it(
    member: str, level: str | None
) -> None:
    body = {"id": "a", "status": "x", "file_id": "f", "region": "n", member: ""}
    found = values({**REGIONAL, "required": [*body]}, body, "value.empty_string")
    assert [(one[1], one[3]) for one in found] == [(f"/{member}", level)]


def test_an_empty_text_is_no_value_where_it_may_be_left_out_or_null() -> None:
    body = {"id": "a", "status": "x", "region": ""}
    nullable = {**OBJECT, "properties": {**OBJECT["properties"], "region": {**TEXT, "nullable": True}}}
    for schema in (REGIONAL, {**nullable, "required": ["region"]}):
        assert [one[3] for one in values(schema, body, "value.empty_string")] == [None]


def listed(*values_of: str, **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"id": TEXT, "kind": {**TEXT, "enum": list(values_of)}}, **more}


def test_a_text_that_is_listed_is_meant_and_of_a_list_no_word_stands_for_nothing() -> None:
    rule = "value.empty_string"
    assert values(listed("", "a"), {"id": "a", "kind": ""}, rule) == []
    assert values(listed("none", "a"), {"id": "a", "kind": "none"}, rule) == []
    items = {
        "type": "object",
        "properties": {"id": TEXT, "kinds": {"type": "array", "items": {**TEXT, "enum": ["", "a"]}}},
    }
    assert values(items, {"id": "a", "kinds": [""]}, rule) == []
    deep = {"type": "object", "properties": {"id": TEXT, "a": {"type": "array", "items": {"properties": {"b": TEXT}}}}}
    assert values(deep, {"id": "a", "a": [{"b": ""}]}, rule) == []


def test_what_the_schema_forbids_is_worse_than_what_it_does_not_name() -> None:
    closed = {"type": "object", "properties": {"id": TEXT, "status": TEXT, "a": TEXT}, "additionalProperties": False}
    body = {"id": "a", "status": "x", "b": 1}
    assert [one[3] for one in values(closed, body, "body.undeclared")] == ["must"]
    assert values({**closed, "additionalProperties": True}, body, "body.undeclared") == []
    silent = {name: one for name, one in closed.items() if name != "additionalProperties"}
    (found,) = values(silent, body, "body.undeclared")
    assert found == (
        *("undeclared", "/b", "only documented properties; an undocumented property"),
        *(None, None),
    )
    near = {**QUEUED, "outputFileId": "file-a"}
    near.pop("output_file_id")
    (meant,) = told("body.undeclared", sent(near))
    assert meant[2].endswith("an undocumented property, probably meant as output_file_id")
    inner = {**QUEUED, "request_counts": {"total": 1, "complete": 0, "failed": 0}}
    assert [(one[1], one[2].rpartition(" ")[2]) for one in told("body.undeclared", sent(inner))] == [
        ("/request_counts/complete", "completed")
    ]
    there = {**QUEUED, "outputFileId": "file-a"}
    assert told("body.undeclared", sent(there))[0][2].endswith("; an undocumented property")


def test_a_body_that_is_another_object_is_told_as_that_alone() -> None:
    assert frozenset({"body.another_object", "body.enveloped"}) == NOT_THE_OBJECT
    assert frozenset({"body.type", "body.enum", "body.format", "body.constraint"}) == OF_A_VALUE
    (another,) = told("body.another_object", sent({"name": "jobs/1", "state": "x"}))
    (around,) = told("body.enveloped", sent({"code": 20000, "message": "Ok", "status": True, "data": QUEUED}))
    assert (another[0], around[0], around[1]) == ("another_object", "enveloped", "")
    for exchange in (sent({"name": "jobs/1", "state": "x"}), sent({"data": QUEUED})):
        assert told("body.required", exchange) == told("body.undeclared", exchange) == []
    check = REGISTRY["body.another_object"].check
    assert check is not None
    bodies = ({}, {"id": "a"}, {"id": "a", "object": "batch"}, {"object": "batch"})
    lacking = [one.location for body in bodies for one in check(Observation(sent(body), openai_like()))]
    named = [one.location for one in check(Observation(sent({"name": "x"}), openai_like()))]
    assert [one and one.pointer.rpartition("/")[2] for one in lacking] == ["0", "1", "2", "0"]
    assert named == [None]


WRITTEN = {
    "type": "object",
    "properties": {"id": TEXT, "status": TEXT, "key": {"type": "object", "writeOnly": True, "properties": {"a": TEXT}}},
}


def test_of_what_is_only_written_nothing_more_is_said() -> None:
    body = {"id": "a", "status": "x", "key": {"a": 7, "b": 1}}
    (back,) = values(WRITTEN, body, "body.write_only")
    assert back == ("sent", "/key", "not to be sent: it is write-only; object", None, None)
    for rule in ("body.type", "value.empty_string"):
        assert values(WRITTEN, {**body, "key": {"a": ""}}, rule) == values(WRITTEN, body, rule) == []
    assert [one[1] for one in values(WRITTEN, {**body, "keys": 1}, "body.undeclared")] == ["/keys"]


def surely(like: Any, body: Any, under: Contract | None = None) -> list[bool] | None:
    """What the checks for bodies like one say of another; None where there is none."""
    observation = Observation(sent(like), under or contract())
    assert observation.schema is not None
    alike = AlikeBodies(observation.schema, observation.operation.roles, dict(like), broken=False)
    checks = surely_says_something(alike)
    return None if checks is None else [one(Columns.of_bodies([dict(body)])) for one in checks]


@pytest.mark.parametrize(
    ("changes", "holds"),
    [
        ({}, True),
        ({"output_file_id": ""}, False),
        ({"output_file_id": " x"}, False),
        ({"output_file_id": "null"}, False),
        ({"output_file_id": "-1"}, False),
        ({"output_file_id": "!"}, True),
        ({"object": "Batch"}, False),
        ({"status": "anything"}, True),
    ],
)
def test_a_body_surely_says_something(changes: dict[str, Any], holds: bool) -> None:
    assert surely(COMPLETED, {**COMPLETED, **changes}) == [holds]


def test_texts_in_lists_are_looked_at_and_those_in_objects_are_not_sure() -> None:
    with_errors = {**COMPLETED, "errors": ["line 1"]}
    assert surely(with_errors, {**with_errors, "errors": ["a", " "]}) == [False]
    assert surely({**COMPLETED, "object": 7}, {**COMPLETED, "object": 7}) == [False]
    assert surely({**COMPLETED, "object": None}, {**COMPLETED, "object": None}) == [True]
    assert surely(with_errors, {**with_errors, "errors": ["a", 7, "b"]}) == [True]
    assert surely({**COMPLETED, "errors": [7]}, {**COMPLETED, "errors": [7]}) == [True]
    assert surely({**COMPLETED, "metadata": {"a": {"b": ""}}}, COMPLETED) == [True]
    inner = {"type": "object", "properties": {"text": TEXT, "texts": {"type": "array", "items": TEXT}}}
    under = contract_of({"type": "object", "properties": {"id": TEXT, "inner": inner}})
    assert surely({"id": "a", "inner": {"text": "x"}}, {}, under) is None
    assert surely({"id": "a", "inner": {"text": 7}}, {"id": "a"}, under) == [True]
    assert surely({"id": "a", "inner": {"texts": ["x"]}}, {"id": "a"}, under) is None
    assert surely({"id": "a", "inner": {"texts": []}}, {"id": "a"}, under) == [True]
    assert surely({"inner": {}}, {"inner": {}}, under) == [True]


def test_each_text_is_looked_at_whatever_stands_before_it() -> None:
    before = {
        "kind": {**TEXT, "enum": ["", "a"]},
        "names": TEXTS,
        "count": {"type": "integer"},
        "key": {**TEXT, "writeOnly": True},
        "metadata": {"type": "object", "properties": {"x": TEXT}, "additionalProperties": TEXT},
        "number": TEXT,
        "file_id": TEXT,
    }
    body = {
        "id": "a",
        "kind": "",
        "names": [""],
        "count": 1,
        "key": "",
        "metadata": {"x": ""},
        "number": 7,
        "file_id": "",
    }
    found = values({"type": "object", "properties": {"id": TEXT, **before}}, body, "value.empty_string")
    assert [one[1] for one in found] == ["/names/*", "/file_id"]


@pytest.mark.parametrize(("reading", "level"), [("published", None), ("documented", "info")])
def test_what_no_value_can_keep_is_a_fault_of_the_document_as_it_is_read(reading: Any, level: str | None) -> None:
    version = {**TEXT, "enum": [1.1, 1.2]}
    under = contract_of({"properties": {"id": TEXT, "version": version}}, reading=reading)
    (found,) = told("body.impossible", sent({"id": "a", "version": "1.1"}), under)
    assert (found[0], found[1], found[3]) == ("impossible", "/version", level)
    (clause,) = REGISTRY["body.impossible"].clauses_of(under.chosen)
    assert (clause.pointer, clause.location.pointer.rpartition("/")[2]) == ("/version", "version")
    assert str(clause.says) == "/version has a value that its schema admits"


def test_null_that_the_document_itself_shows_is_on_its_side() -> None:
    check = REGISTRY["body.type"].check
    assert check is not None
    for name, value, sides in (
        ("output_file_id", None, ["document"]),
        ("output_file_id", 7, [None]),
        ("output_file_id", "file-a", []),
        ("endpoint", None, [None]),
    ):
        found = check(Observation(batch({name: value}), contract("published")))
        assert [one.side for one in found if one.pointer == f"/{name}"] == sides


def test_the_value_of_a_body_that_is_not_the_documented_one_is_not_looked_at() -> None:
    for other in (
        sent({"a": 1}, media_type="text/html"),
        batch({"created_at": "x"}, subject="outside"),
        batch({"created_at": "x"}, method="HEAD"),
        sent({**QUEUED, "created_at": "x"}, 201),
        raw(b'{"created_at": '),
        text(b"404 page not found"),
    ):
        found = [rule for rule in REGISTRY if rule.startswith("body.") and REGISTRY[rule].check and told(rule, other)]
        assert found == []
    odd = batch({"created_at": "x"}, status=400, **HOSTILE)
    assert told("body.type", odd) == told("body.another_object", odd) == []


def test_what_is_surely_valid_depends_on_whether_its_shape_is() -> None:
    kinds = [{"properties": {"kind": {"enum": [name]}, name: TEXT}} for name in "ab"]
    under = contract_of({"type": "object", "oneOf": kinds})
    observation = Observation(sent({"kind": "a"}), under)
    assert observation.schema is not None
    surely_kept = REGISTRY["body.enum"].surely_kept
    assert surely_kept is not None
    counts = []
    for broken in (False, True):
        checks = surely_kept(AlikeBodies(observation.schema, observation.operation.roles, {"kind": "a"}, broken))
        counts.append(None if checks is None else len(checks))
    assert counts == [1, None]
