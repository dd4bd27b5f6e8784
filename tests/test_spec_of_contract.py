"""The fitted mock keeps the document that it was fitted to: ids, bodies, media types, and what is not there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schema_strategies import components, schemas
from suite_support import run_command

from batch_conformance.contract.contract import Contract, compile_contract
from batch_conformance.contract.document import Document, parse_document
from batch_conformance.contract.schema import Schema
from batch_conformance.contract.sources import load_contract
from batch_conformance.mock.embedded import drifts_of
from batch_conformance.mock.message import ParsedRequest
from batch_conformance.mock.mock_spec import MockSpec
from batch_conformance.mock.sample_batches import make_sample_batches
from batch_conformance.mock.service import Service
from batch_conformance.mock.spec_of_contract import MockSpecError, mock_spec_of
from batch_conformance.mock.values import Maker, NoValueError
from batch_conformance.report.proof.proof import assess
from batch_conformance.run.prove.drift_runner import DriftRunner, drift_of
from batch_conformance.run.prove.prove import catalogue

JSON = "application/json"
PROBLEM: dict[str, Any] = {"type": "object", "required": ["title"], "properties": {"title": {"type": "string"}}}
SMALL: dict[str, Any] = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
DATA = Path(__file__).parent / "data"


def schema_of(raw: Any, *, modern: bool = False, parts: dict[str, Any] | None = None) -> Schema:
    version = "3.1.0" if modern else "3.0.3"
    data = {"openapi": version, "root": raw, "components": {"schemas": parts or {}}}
    return Schema(Document(data, "", "", "", {}), "/root")


def contract(
    success: Any = None,
    *,
    parameter: Any = None,
    openapi: str = "3.0.3",
    secured: bool = True,
    **responses: Any,
) -> Contract:
    """A contract whose 200 has the content given, or this schema as JSON; further responses are by ``s404``."""
    success = success or SMALL
    content = success if all("/" in name for name in success) else {JSON: {"schema": success}}
    answers = {"200": {"description": "ok", "content": content}}
    answers |= {name.removeprefix("s"): {"description": "no", **one} for name, one in responses.items()}
    made = {
        "openapi": openapi,
        "info": {"title": "Things", "version": "1"},
        "paths": {
            "/things/{thing_id}": {
                "get": {
                    "operationId": "retrieve",
                    "security": [{"b": []}] if secured else [],
                    "parameters": [
                        {"name": "thing_id", "in": "path", "required": True, "schema": parameter or {"type": "string"}}
                    ],
                    "responses": answers,
                }
            }
        },
        "components": {"securitySchemes": {"b": {"type": "http", "scheme": "bearer"}}},
    }
    return compile_contract(parse_document(json.dumps(made, indent=1).encode(), "things.json"))


def content(schema: Any, kind: str = JSON) -> dict[str, Any]:
    return {"content": {kind: {"schema": schema}}}


def ask(mock_spec: MockSpec, target: str, **headers: str) -> Any:
    service = Service("k", prefix="", mock_spec=mock_spec)
    given_headers = {"authorization": "Bearer k", **{name.lower(): value for name, value in headers.items()}}
    pairs = tuple((name.encode(), value.encode()) for name, value in given_headers.items() if value)
    return service.reply_to(ParsedRequest("GET", target.encode(), pairs))


VALUES: dict[str, tuple[Any, Any]] = {
    "an example": ({"type": "string", "example": "shown"}, "shown"),
    "an example of another type is left": ({"type": "string", "example": 7}, "sample"),
    "a default": ({"type": "string", "default": "usual"}, "usual"),
    "a pattern": ({"type": "string", "pattern": "^CR[0-9a-f]{32}$"}, None),
    "a pattern with a length": ({"type": "string", "pattern": "^[a-z]+$", "minLength": 40, "maxLength": 50}, None),
    "a length": ({"type": "string", "minLength": 40}, None),
    "bytes": ({"type": "string", "format": "byte"}, None),
    "a host": ({"type": "string", "format": "hostname"}, None),
    "exclusive": ({"type": "integer", "minimum": 1, "exclusiveMinimum": True}, None),
    "a step": ({"type": "number", "minimum": 2.1, "multipleOf": 0.25}, None),
    "below nothing": ({"type": "integer", "maximum": -7}, None),
    "some of many items": ({"type": "array", "minItems": 3, "uniqueItems": True, "items": {"type": "integer"}}, None),
    "no items": ({"type": "array", "maxItems": 0, "items": {"type": "string"}}, []),
    "a map": ({"type": "object", "additionalProperties": {"type": "integer"}, "minProperties": 2}, None),
    "few members": ({"type": "object", "properties": {"a": {"type": "string"}, "b": {}}, "maxProperties": 1}, None),
    "nested": (
        {"allOf": [SMALL, {"type": "object", "required": ["in"], "properties": {"in": SMALL}}]},
        {"id": "sample", "in": {"id": "sample"}},
    ),
    "nullable": ({"type": "string", "nullable": True}, "sample"),
    "required and undeclared": ({"type": "object", "required": ["x"], "properties": {"y": {"type": "integer"}}}, None),
    "not all of them": ({"oneOf": [{"type": "integer", "minimum": 5}, {"type": "integer", "multipleOf": 3}]}, None),
}
MODERN_VALUES: dict[str, Any] = {
    "a constant": {"const": {"a": [1]}},
    "several types": {"type": ["null", "integer"]},
    "dependent": {
        "type": "object",
        "properties": {"card": {"type": "string"}, "address": {"type": "string"}},
        "dependentRequired": {"card": ["address", "name"]},
    },
    "a tuple": {"type": "array", "prefixItems": [{"type": "string"}, {"type": "integer"}], "minItems": 2},
    "contains": {"type": "array", "items": {"type": "integer"}, "contains": {"const": 77}},
    "exclusive": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.5},
    "names": {"type": "object", "propertyNames": {"pattern": "^x-[a-z]+$"}, "additionalProperties": {"type": "string"}},
    "patterned": {"type": "object", "patternProperties": {"^x-[a-z]{4}$": {"type": "integer"}}, "minProperties": 1},
    "if": {
        "type": "object",
        "required": ["kind"],
        "properties": {"kind": {"enum": ["a"]}, "of_a": {"type": "string", "minLength": 3}},
        "if": {"properties": {"kind": {"const": "a"}}},
        "then": {"required": ["of_a"]},
    },
}


@pytest.mark.parametrize("name", VALUES)
def test_a_value_keeps_its_schema(name: str) -> None:
    raw, wanted = VALUES[name]
    schema = schema_of(raw)
    made = Maker(schema).value()
    assert schema.violations(made) == ()
    assert schema.undeclared(made) == ()
    assert wanted is None or made == wanted
    assert made == Maker(schema_of(raw)).value()


@pytest.mark.parametrize("name", MODERN_VALUES)
def test_a_value_keeps_a_schema_of_openapi_3_1(name: str) -> None:
    schema = schema_of(MODERN_VALUES[name], modern=True)
    made = Maker(schema).value()
    assert schema.violations(made) == ()
    assert schema.undeclared(made) == ()
    assert made not in ({}, [])


@pytest.mark.parametrize("modern", [False, True])
@settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=60)
@given(data=st.data(), turn=st.integers(0, 5))
def test_whatever_the_schema_a_value_keeps_it_or_none_is_made(modern: bool, data: st.DataObject, turn: int) -> None:
    raw, parts = data.draw(schemas(modern=modern)), data.draw(components(modern=modern))
    schema = schema_of(raw, modern=modern, parts=parts)
    try:
        made = Maker(schema).value(turn)
    except NoValueError:
        return
    assert schema.violations(made) == ()
    assert schema.undeclared(made) == ()


def test_turns_show_every_branch_of_nested_unions() -> None:
    inner = {"oneOf": [{"type": "object", "required": [n], "properties": {n: {"type": "string"}}} for n in "abc"]}
    raw = {"anyOf": [{"type": "object", "required": ["in"], "properties": {"in": inner}}, {"type": "string"}]}
    maker = Maker(schema_of(raw))
    shown = {json.dumps(maker.value(turn)) for turn in range(6)}
    assert shown == {'"sample"', *(json.dumps({"in": {name: "sample"}}) for name in "abc")}


def test_a_schema_that_holds_itself_is_shown_once_inside() -> None:
    node = {"type": "object", "properties": {"up": {"$ref": "#/components/schemas/Node"}, "n": {"type": "integer"}}}
    made = Maker(schema_of({"$ref": "#/components/schemas/Node"}, parts={"Node": node})).value()
    assert made["up"]["n"] == made["n"]
    assert len(json.dumps(made)) < 100


def test_what_cannot_be_made_is_named_by_its_place() -> None:
    raw = {"type": "object", "required": ["p"], "properties": {"p": {"type": "integer", "minimum": 5, "maximum": 4}}}
    with pytest.raises(NoValueError) as raised:
        Maker(schema_of(raw)).value()
    assert raised.value.pointer == "/root/properties/p"


IDS: dict[str, Any] = {
    "uuid": {"type": "string", "format": "uuid"},
    "pattern": {"type": "string", "pattern": "^CR[0-9a-f]{32}$"},
    "length": {"type": "string", "maxLength": 8},
    "number": {"type": "integer", "minimum": 1},
    "enum": {"type": "string", "enum": ["one", "two"]},
    "mail": {"type": "string", "format": "email", "pattern": "^[a-z]+@example\\.com$"},
}


@pytest.mark.parametrize("name", IDS)
def test_the_ids_keep_the_schema_of_the_parameter(name: str) -> None:
    kind = {"type": "object", "required": ["id"], "properties": {"id": IDS[name]}}
    of = contract(kind, parameter=IDS[name], s404=content(PROBLEM))
    mock_spec = mock_spec_of(of)
    parameter = of.chosen.id_parameter
    assert parameter is not None
    assert all(parameter.admits(batch.id) for batch in mock_spec.batches)
    assert all(str(batch.at()["id"]) == batch.id for batch in mock_spec.batches)
    assert len(mock_spec.batches) >= 2


def test_the_ids_keep_what_the_body_says_of_them() -> None:
    body = {"type": "object", "properties": {"id": {"type": "string", "pattern": "^thing-[a-z]{12}$"}}}
    assert all(batch.id.startswith("thing-") for batch in mock_spec_of(contract(body)).batches)


def test_no_ids_are_drawn_where_the_vendors_own_are_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("batch_conformance.probes.draws.draw", None)
    named = {"type": "string", "pattern": "^batch_"}
    of = contract({"type": "object", "required": ["id"], "properties": {"id": named}}, parameter=named)
    assert {batch.id for batch in mock_spec_of(of).batches} == {batch.id for batch in make_sample_batches()}
    assert "case_ignored" in drifts_of(of)


def test_media_types_are_those_of_the_document() -> None:
    mock_spec = mock_spec_of(
        contract(
            {"text/csv": {}, "application/vnd.things+json": {"schema": SMALL}},
            s401=content(PROBLEM, "application/problem+json"),
            s404=content({"type": "string"}, "text/plain"),
            s405={},
            s500=content(PROBLEM, "*/*"),
            default=content(PROBLEM, "application/vnd.error+json; charset=utf-8"),
        )
    )
    known = mock_spec.batches[0].id
    answers = {
        200: ask(mock_spec, f"/things/{known}"),
        401: ask(mock_spec, f"/things/{known}", authorization=""),
        404: ask(mock_spec, "/things/nobodys"),
        405: ask(mock_spec, f"/things/{known}", prefer="code=405"),
        500: ask(mock_spec, f"/things/{known}", prefer="code=500"),
        400: ask(mock_spec, f"/things/{known}", prefer="code=400"),
    }
    assert {status: reply.status for status, reply in answers.items()} == {status: status for status in answers}
    kinds = {status: (reply.header("content-type") or "").partition(";")[0] for status, reply in answers.items()}
    assert kinds == {
        200: "application/vnd.things+json",
        401: "application/problem+json",
        404: "text/plain",
        405: "",
        500: JSON,
        400: "application/vnd.error+json",
    }
    assert answers[405].body == b""
    assert answers[404].body == b"404 page not found"
    assert json.loads(answers[401].body)["title"]


def test_what_a_document_says_of_a_header_is_sent_in_place_of_what_the_mock_has() -> None:
    no_store = {"Cache-Control": {"schema": {"enum": ["no-store"]}}, "Vary": {"schema": {"type": "string"}}}
    later = {"Retry-After": {"required": True, "schema": {"type": "integer", "minimum": 5}}}
    challenge = {"WWW-Authenticate": {"required": True, "schema": {"type": "string"}}}
    made = contract(
        s404={**content(PROBLEM), "headers": no_store}, s429={"headers": later}, s401={"headers": challenge}
    )
    mock_spec = mock_spec_of(made)
    missing = ask(mock_spec, "/things/nobodys")
    assert [value for name, value in missing.headers if name == "Cache-Control"] == ["no-store"]
    assert [value for name, value in missing.headers if name == "Vary"] == ["Accept-Encoding"]
    limited = ask(mock_spec, "/things/nobodys", prefer="code=429")
    (after,) = [value for name, value in limited.headers if name == "Retry-After"]
    assert int(after) >= 5
    refused = ask(mock_spec, "/things/nobodys", authorization="")
    (asked,) = [value for name, value in refused.headers if name == "WWW-Authenticate"]
    assert asked.startswith("Bearer ")


def test_no_label_of_a_body_contradicts_a_document_that_takes_any() -> None:
    assert "every_25th_untyped" in drifts_of(contract())
    assert "every_25th_untyped" not in drifts_of(contract(content(SMALL, "*/*")["content"]))


def test_an_offer_is_the_same_after_a_pipe() -> None:
    mock_spec = mock_spec_of(contract(s404=content(PROBLEM, "application/problem+json"), s405={}))
    assert MockSpec.from_dict(json.loads(json.dumps(mock_spec.to_dict()))).to_dict() == mock_spec.to_dict()


@pytest.mark.parametrize(
    ("of", "says"),
    [
        (lambda: contract({"text/csv": {}}), "a mock needs a 200 with a JSON schema to serve, and there is none"),
        (lambda: contract({"type": "array", "items": SMALL}), "a mock needs a 200 whose body is an object"),
        (
            lambda: contract(
                {"type": "object", "required": ["p"], "properties": {"p": {"type": "string", "enum": [1]}}}
            ),
            "no batch could be made that keeps this schema",
        ),
        (lambda: contract(s404=content({"not": {}})), "no body could be made for the 404 of this contract"),
        (lambda: contract(parameter={"type": "string", "pattern": "^a$b"}), "no id could be made that the path takes"),
    ],
)
def test_what_cannot_be_made_is_said_in_one_line_with_its_place(of: Any, says: str) -> None:
    with pytest.raises(MockSpecError) as raised:
        mock_spec_of(of())
    assert says in str(raised.value)
    assert str(raised.value).startswith("things.json:")
    assert "\n" not in str(raised.value)


CONTRACTS: dict[str, Any] = {
    "ids that are UUIDs": lambda: contract(
        {"type": "object", "required": ["id"], "properties": {"id": IDS["uuid"]}},
        parameter=IDS["uuid"],
        s401=content(PROBLEM),
        s404=content(PROBLEM),
    ),
    "numbers, and other media types": lambda: contract(
        {"application/vnd.things+json": {"schema": {"type": "object", "properties": {"id": IDS["number"]}}}},
        parameter=IDS["number"],
        s401=content(PROBLEM, "application/problem+json"),
        s404=content(PROBLEM, "application/problem+json"),
    ),
    "no 401, no 404, a 422": lambda: contract(parameter=IDS["pattern"], s422=content(PROBLEM)),
    "no security, errors without content": lambda: contract(secured=False, s404={}, s400={}),
    "an enum, and a default": lambda: contract(parameter=IDS["enum"], default=content(PROBLEM)),
}


@pytest.mark.parametrize("name", CONTRACTS)
def test_nothing_that_conforms_is_accused(name: str) -> None:
    of = CONTRACTS[name]()
    entries = catalogue(of)
    with DriftRunner(of) as bench:
        for named in ("pretty_json", "media_type_upper", "no_charset", "prefer_ignored", "header_names_lower"):
            trial = assess(drift_of(entries[named]), bench.try_out(entries[named]))
            assert trial.right, (named, trial.observed)


@pytest.mark.parametrize("document", ["jobs-3.1.yaml", "openai-like.yaml", "tasks-3.0.yaml"])
def test_every_place_of_a_success_is_shown(document: str) -> None:
    of = load_contract(str(DATA / document))
    success = of.chosen.response_for(200)
    assert success is not None
    schema = success.content[JSON]
    assert schema is not None
    bodies = [step.fields for batch in mock_spec_of(of).batches for step in batch.steps]
    assert [body for body in bodies if schema.violations(body) or schema.undeclared(body)] == []
    shown = {name for body in bodies for name in body}
    answered = [place for place in schema.properties if place.pointer.count("/") == 1 and not place.write_only]
    assert {place.pointer[1:] for place in answered} <= shown


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_prove_says_what_no_mock_can_serve_and_ends_with_4(jobs: str, tmp_path: Path) -> None:
    path = tmp_path / "things.json"
    path.write_text(json.dumps(contract(s404=content({"not": {}})).document.data), encoding="utf-8")
    arguments = (f"--contract={path}", f"--reports-dir={tmp_path}", "--name=pretty_json", "--name=chunked")
    done = run_command("prove", *arguments, f"--jobs={jobs}")
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (4, "", 1)
    assert "no body could be made for the 404 of this contract" in done.stderr


def test_a_null_where_the_time_of_a_final_state_must_be_is_one_cause() -> None:
    state = {"type": "string", "enum": ["running", "completed"]}
    ended = {"type": "string", "format": "date-time"}
    of = contract({"type": "object", "properties": {"id": {"type": "string"}, "status": state, "completed_at": ended}})
    entry = catalogue(of)["200/completed_at:null"]
    with DriftRunner(of) as bench:
        assert assess(drift_of(entry), bench.try_out(entry)).right


@pytest.mark.parametrize(
    "more",
    [
        {
            "if": {"properties": {"state": {"const": "done"}}},
            "then": {"required": ["p"]},
            "else": {"properties": {"p": False}},
        },
        {"dependentRequired": {"p": ["q"]}},
        {"allOf": [{"additionalProperties": False, "properties": {"id": True, "state": True}}]},
    ],
    ids=["if", "dependent", "closed"],
)
def test_members_that_exclude_each_other_leave_a_batch_its_id(more: dict[str, Any]) -> None:
    members = {"id": {"type": "string"}, "state": {"type": "string"}, "p": {"type": "integer"}}
    schema = {"type": "object", "required": ["id", "state"], "properties": members, **more}
    for batch in mock_spec_of(contract(schema, openapi="3.1.0")).batches:
        assert [step.fields["id"] for step in batch.steps] == [batch.id] * len(batch.steps)


def test_a_time_that_is_always_there_is_one_of_our_age() -> None:
    names = ("created_at", "expires_at", "completed_at", "failed_at")
    schema = {
        "type": "object",
        "required": ["id", "status", *names],
        "properties": {
            "id": {"type": "string"},
            "status": {"type": "string", "enum": ["in_queue", "in_progress", "completed", "failed"]},
            **{key: {"type": "integer"} for key in names},
        },
    }
    for batch in mock_spec_of(contract(schema)).batches:
        for step in batch.steps:
            created = step.fields["created_at"]
            assert created > 1_000_000_000
            assert created < step.fields["expires_at"]
            assert all(created <= step.fields[name] for name in names)
