from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from contract_support import BODY, document, overlay, tree, untimed
from hypothesis import given
from hypothesis import strategies as st

from batch_conformance.contract.clauses import rule_of
from batch_conformance.contract.contract import Contract, compile_contract
from batch_conformance.contract.document import ContractError, Document, parse_document
from batch_conformance.contract.schema import Schema
from batch_conformance.contract.sources import load_contract, shipped_contract, spec_folder
from batch_conformance.rules import REGISTRY

ALWAYS = ["/id", "/object", "/endpoint", "/input_file_id", "/completion_window", "/status", "/created_at"]
NULLABLE = {
    *("/output_file_id", "/error_file_id", "/in_progress_at", "/finalizing_at", "/completed_at", "/failed_at"),
    *("/expired_at", "/cancelling_at", "/cancelled_at", "/errors", "/request_counts", "/metadata"),
}
RETRIEVE = {
    "id": "batch_rdyqgrcgjg",
    "object": "batch",
    "endpoint": "/v1/chat/completions",
    "errors": [],
    "input_file_id": "file-jkvytbjtow",
    "completion_window": "24h",
    "status": "in_queue",
    "output_file_id": None,
    "error_file_id": None,
    "created_at": 1741685413,
    "in_progress_at": None,
    "expires_at": 1741771813,
    "finalizing_at": None,
    "completed_at": None,
    "failed_at": None,
    "expired_at": None,
    "cancelling_at": None,
    "cancelled_at": None,
    "request_counts": {},
    "metadata": {"description": "nightly eval job"},
}
CREATE = {**RETRIEVE, "errors": None, "request_counts": None, "metadata": {"batch_description": "", "name": "batch"}}
GUIDE = {
    **{
        name: value
        for name, value in RETRIEVE.items()
        if name not in ("finalizing_at", "cancelling_at", "cancelled_at")
    },
    "status": "validating",
    "errors": None,
    "request_counts": {"total": 0, "completed": 0, "failed": 0},
    "metadata": None,
}


def success(contract: Contract) -> Schema:
    schema = contract.chosen.responses["200"].content["application/json"]
    assert schema is not None
    return schema


def body_of(contract: Contract, status: str) -> Schema:
    schema = contract.chosen.responses[status].content["application/json"]
    assert schema is not None
    return schema


def refused(data: dict[str, Any]) -> str:
    with pytest.raises(ContractError) as caught:
        compile_contract(parse_document(json.dumps(data, indent=1).encode(), "api.json"))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def with_paths(*paths: str) -> dict[str, Any]:
    data = tree({"type": "object"})
    get = data["paths"].pop("/batches/{batch_id}")
    data["paths"] = dict.fromkeys(paths, get)
    return data


def test_the_published_reading_is_the_document_alone() -> None:
    contract = shipped_contract("published")
    assert contract.overlays == ()
    assert not contract.repaired
    assert list(contract.chosen.responses) == ["200", "400", "401", "403", "404", "503", "504"]
    assert {clause.location.origin for clause in contract.clauses} == {"document"}
    assert contract.clauses
    schema = success(contract)
    assert {one.pointer for one in schema.violations(RETRIEVE)} == {
        pointer for pointer in NULLABLE if pointer[1:] in RETRIEVE and RETRIEVE[pointer[1:]] is None
    }
    assert schema.is_valid({})


def test_a_null_in_the_published_reading_breaks_the_documents_own_type() -> None:
    violations = success(shipped_contract("published")).violations(RETRIEVE)
    assert len(violations) == 9
    for violation in violations:
        assert (violation.keyword, violation.kind) == ("type", "null")
        assert violation.location.origin == "document"
        assert violation.location.pointer.endswith(f"{violation.pointer}/type")


@pytest.mark.parametrize("sample", [RETRIEVE, CREATE, GUIDE], ids=["retrieve", "create", "guide"])
def test_the_documented_reading_takes_every_sample_of_the_vendors_pages(sample: dict[str, Any]) -> None:
    schema = success(shipped_contract())
    assert schema.violations(sample) == ()
    assert schema.undeclared(sample) == ()
    assert schema.unknown_values(sample) == ()


def test_the_documented_reading_says_what_is_always_there_and_what_may_be_null() -> None:
    places = {place.pointer: place for place in success(shipped_contract()).properties}
    assert [pointer for pointer, place in places.items() if place.required] == ALWAYS
    assert {pointer for pointer, place in places.items() if "null" in place.types} == NULLABLE
    assert places["/object"].known_values == ("batch",)
    assert {"in_queue", "validating", "failed"} < set(places["/status"].known_values)
    assert [pointer for pointer, place in places.items() if place.closed] == ["", "/request_counts"]
    for pointer in ALWAYS:
        where = places[pointer].required_at
        assert where is not None
        assert (where.file, where.origin) == ("spec/overlays/siliconflow.yaml", "overlay")


def test_what_the_overlay_says_is_located_there_and_what_the_document_says_stays_its_own() -> None:
    clauses = {clause.id: clause for clause in shipped_contract().clauses}
    name = "getBatchEvaluationJob 200 application/json"
    assert clauses[f"{name} /output_file_id body.type"].location.origin == "document"
    assert str(clauses[f"{name} /output_file_id body.type"].says) == "/output_file_id is a string or null"
    assert clauses[f"{name} /status body.known_value"].location.origin == "overlay"
    assert clauses[f"{name} /id body.required"].location.origin == "overlay"
    assert clauses[f"{name} /request_counts/total body.type"].location.origin == "overlay"
    assert clauses["getBatchEvaluationJob 429 - - response.status"].location.origin == "overlay"
    assert clauses["getBatchEvaluationJob 400 application/json /data body.required"].location.origin == "document"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        ("400", {"code": 20012, "message": "Model does not exist.", "data": None}),
        ("429", {"message": "Request was rejected due to rate limiting.", "data": None}),
        ("500", {"code": 20402, "message": "Model not found.", "data": None, "error": "Model not found."}),
        ("503", {"code": 50508, "message": "System is too busy now.", "data": None}),
        ("401", "Invalid token"),
        ("403", "Forbidden"),
        ("404", "404 page not found"),
    ],
)
def test_the_documented_reading_takes_the_error_bodies_that_were_seen(status: str, body: Any) -> None:
    schema = body_of(shipped_contract(), status)
    assert schema.violations(body) == ()
    assert schema.undeclared(body) == ()


def test_a_body_of_the_wrong_shape_breaks_the_documented_reading() -> None:
    schema = success(shipped_contract())
    assert {one.pointer for one in schema.violations({})} == set(ALWAYS)
    assert schema.undeclared({**RETRIEVE, "file_name": "x", "metadata": {"own": 1}}) == ("/file_name",)
    assert [one.kind for one in schema.unknown_values({**RETRIEVE, "status": "DONE"})] == ["DONE"]


AT_PATH = ("paths", "/batches/{batch_id}")
AT_GET = (*AT_PATH, "get")
AT_200 = (*AT_GET, "responses", "200")
REFERRING = [
    ("paths",),
    AT_PATH,
    AT_GET,
    (*AT_PATH, "parameters"),
    (*AT_GET, "parameters"),
    (*AT_GET, "parameters", 0),
    (*AT_GET, "parameters", 0, "schema"),
    (*AT_GET, "responses"),
    AT_200,
    (*AT_200, "headers"),
    (*AT_200, "headers", "X-Request-Id"),
    (*AT_200, "headers", "X-Request-Id", "schema"),
    (*AT_200, "content"),
    (*AT_200, "content", "application/json"),
    (*AT_200, "content", "application/json", "schema"),
    (*AT_200, "content", "application/json", "schema", "properties", "id"),
]


def with_reference(place: tuple[str | int, ...], reference: str) -> tuple[dict[str, Any], Any]:
    """A document in which what is at a place is a reference, and what was there."""
    data = deepcopy(tree({"type": "object", "properties": {"id": {"type": "string"}}}))
    response = data["paths"]["/batches/{batch_id}"]["get"]["responses"]["200"]
    response["headers"] = {"X-Request-Id": {"schema": {"type": "string"}, "required": True}}
    data["paths"]["/batches/{batch_id}"]["parameters"] = [{"name": "X", "in": "header", "schema": {"type": "string"}}]
    around: Any = data
    for step in place[:-1]:
        around = around[step]
    was, around[place[-1]] = around[place[-1]], {"$ref": reference}
    return data, was


def line_of(data: dict[str, Any], text: str) -> int:
    lines = json.dumps(data, indent=1).split("\n")
    return next(number for number, line in enumerate(lines, 1) if text in line)


@pytest.mark.parametrize("place", REFERRING, ids=lambda place: "/".join(map(str, place[2:])) or place[-1])
@pytest.mark.parametrize("reference", ["other.yaml", "./x/_index.yaml#/Batch", "https://example.com/a.json", "#no"])
def test_a_reference_into_another_file_is_refused_with_its_line_wherever_it_is(
    place: tuple[str | int, ...], reference: str
) -> None:
    data, _ = with_reference(place, reference)
    assert refused(data) == (
        f"api.json:{line_of(data, '$ref')}: the reference {reference!r} leaves the document; only local ones (#/…) and "
        "files in its folder are read"
    )


@pytest.mark.parametrize("place", REFERRING, ids=lambda place: "/".join(map(str, place[2:])) or place[-1])
def test_a_reference_that_leads_nowhere_is_refused_with_its_line_wherever_it_is(place: tuple[str | int, ...]) -> None:
    data, _ = with_reference(place, "#/x-gone")
    assert refused(data) == (
        f"api.json:{line_of(data, '$ref')}: the contract refers to '#/x-gone', and there is nothing there"
    )


@pytest.mark.parametrize(
    ("schemas", "reference", "says"),
    [
        ({"$ref": "schemas.yaml"}, "#/components/schemas/Batch", "the reference 'schemas.yaml' leaves the document"),
        ({"A": {"$ref": "a.yaml"}}, "#/components/schemas/A/items/0", "the reference 'a.yaml' leaves the document"),
        ({"A": {"$ref": "#/components/schemas/B"}, "B": {}}, "#/components/schemas/A/items/not", "nothing there"),
        ({"A": {"type": "object"}}, "#/components/schemas/A/properties/x/items", "nothing there"),
        ({"A": {"type": ["object"]}}, "#/components/schemas/A/type/0/x", "nothing there"),
        ({}, "#/definitions/a/b/c", "nothing there"),
    ],
)
def test_a_reference_that_ends_on_its_way_is_refused_with_the_line_of_what_is_in_the_way(
    schemas: dict[str, Any], reference: str, says: str
) -> None:
    data = tree({"$ref": reference}, components=schemas)
    line = line_of(data, f'"$ref": "{schemas["$ref"]}"') if "$ref" in schemas else 0
    line = line or line_of(data, '"a.yaml"' if "a.yaml" in says else f'"{reference}"')
    assert refused(data).startswith(f"api.json:{line}: the ")
    assert says in refused(data)


@pytest.mark.parametrize("place", REFERRING, ids=lambda place: "/".join(map(str, place[2:])) or place[-1])
def test_a_local_reference_is_followed_wherever_it_is(place: tuple[str | int, ...]) -> None:
    data, was = with_reference(place, "#/x-moved")
    contract = compile_contract(parse_document(json.dumps({**data, "x-moved": was}, indent=1).encode(), "api.json"))
    plain, _ = with_reference(place, "#/x-moved")
    around: Any = plain
    for step in place[:-1]:
        around = around[step]
    around[place[-1]] = was
    expected = compile_contract(parse_document(json.dumps(plain, indent=1).encode(), "api.json"))
    assert [clause.id for clause in contract.clauses] == [clause.id for clause in expected.clauses]
    assert contract.chosen.roles == expected.chosen.roles
    told = [one for one in contract.document_findings if one.rule == "document.reference_misplaced"]
    others = {one.rule for one in contract.document_findings} - {"document.reference_misplaced"}
    assert others == {one.rule for one in expected.document_findings}
    legal = place[-1] in ("/batches/{batch_id}", 0, "schema", "200", "X-Request-Id", "id")
    assert [one.location.line for one in told] == ([] if legal else [line_of(data, "$ref")])
    assert [str(one.says) for one in told] == (
        [] if legal else [f"{place[-1]} is a reference to #/x-moved, which is followed here"]
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
BODIES = st.fixed_dictionaries({}, optional={name: JSON | st.just(value) for name, value in RETRIEVE.items()})


@untimed
@given(BODIES, st.sampled_from(["published", "documented"]))
def test_every_violation_of_the_shipped_contract_breaks_one_of_its_clauses(body: Any, reading: Any) -> None:
    contract = shipped_contract(reading)
    ids = {clause.id for clause in contract.clauses}
    schema = success(contract)
    for violation in (*schema.violations(body), *schema.unknown_values(body)):
        rule = rule_of(violation.keyword)
        assert f"{contract.chosen.id} 200 application/json {violation.pointer or '-'} {rule}" in ids


def test_clauses_are_unique_stable_and_of_registered_rules() -> None:
    for reading in ("published", "documented"):
        contract = shipped_contract(reading)  # type: ignore[arg-type]
        assert len({clause.id for clause in contract.clauses}) == len(contract.clauses)
        assert contract.clauses == shipped_contract(reading).clauses  # type: ignore[arg-type]
        assert {clause.rule for clause in contract.clauses} <= REGISTRY.keys()
        assert all(clause.location.line for clause in contract.clauses)


def test_the_clauses_of_a_schema_say_what_it_says() -> None:
    body = {
        "type": "object",
        "required": ["id"],
        "additionalProperties": False,
        "properties": {
            "id": {"type": "string", "pattern": "^b"},
            "kind": {"enum": ["a", "b"]},
            "at": {"type": "integer", "format": "int64"},
            "note": {"type": "string", "format": "prose"},
            "any": {},
        },
    }
    said = [
        (clause.pointer, clause.rule, str(clause.says))
        for clause in compile_contract(document(body), "published").clauses
        if clause.media_type
    ]
    assert said == [
        ("", "response.media_type", "200 has the media type application/json"),
        ("", "body.type", "the body is an object"),
        ("", "body.undeclared", "the body has only documented properties"),
        ("/id", "body.type", "/id is a string"),
        ("/id", "body.required", "/id is always there"),
        ("/id", "body.constraint", "/id keeps its constraints"),
        ("/kind", "body.enum", '/kind is one of "a", "b"'),
        ("/kind", "body.seen", "/kind is seen"),
        ("/at", "body.type", "/at is an integer"),
        ("/at", "body.format", "/at has the format int64"),
        ("/at", "body.seen", "/at is seen"),
        ("/note", "body.type", "/note is a string"),
        ("/note", "body.seen", "/note is seen"),
        ("/any", "body.seen", "/any is seen"),
    ]


def test_the_shipped_contract_knows_the_roles_of_its_fields() -> None:
    roles = shipped_contract().chosen.roles
    assert (roles.identity, roles.state, roles.created) == ("/id", "/status", "/created_at")
    assert (roles.expires, roles.window) == ("/expires_at", "/completion_window")
    assert roles.free_maps == {"/metadata"}
    assert len(roles.timestamps) == 9
    assert roles.counts is not None
    assert roles.counts.total == "/request_counts/total"
    stages = {stage.value: stage for stage in roles.stages}
    assert {value for value, stage in stages.items() if stage.terminal} == {
        "completed",
        "failed",
        "expired",
        "cancelled",
    }
    assert stages["in_queue"].rank < stages["in_progress"].rank < stages["finalizing"].rank < stages["completed"].rank
    assert stages["in_progress"].rank < stages["cancelling"].rank < stages["cancelled"].rank
    assert stages["in_queue"].timestamp is None
    assert stages["cancelled"].timestamp == "/cancelled_at"


def test_a_contract_without_such_fields_has_no_roles() -> None:
    roles = compile_contract(document({"type": "object", "properties": {"batch_id": {"type": "string"}}})).chosen.roles
    assert roles.identity == "/batch_id"
    assert (roles.state, roles.stages, roles.timestamps, roles.counts, roles.window) == (None, (), (), None, None)
    other = compile_contract(document({"type": "array", "items": {"type": "object"}})).chosen.roles
    assert other.identity is None


def test_a_field_of_another_type_does_not_have_the_role_of_its_name() -> None:
    body = {"properties": {"id": {"type": "object"}, "status": {"type": "integer"}, "metadata": {"type": "string"}}}
    roles = compile_contract(document(body)).chosen.roles
    assert (roles.identity, roles.state, roles.free_maps) == (None, None, frozenset())


def test_roles_can_be_given_even_behind_a_reference() -> None:
    body = {
        "type": "object",
        "x-roles": {
            "identity": "/handle",
            "state": "/phase",
            "stages": {"DONE": "completed"},
            "counts": {"total": "/all", "completed": "/good", "failed": "/bad"},
            "timestamps": [],
            "free_maps": ["/tags"],
            "window": None,
        },
        "properties": {
            "id": {"type": "string"},
            "handle": {"type": "string"},
            "phase": {"type": "string", "enum": ["RUNNING", "DONE", "ODD"]},
            "completed_at": {"type": "integer"},
            "completion_window": {"type": "string"},
            "all": {"type": "integer"},
            "good": {"type": "integer"},
            "bad": {"type": "integer"},
            "tags": {"type": "object", "properties": {"a": {"type": "string"}}},
        },
    }
    contract = compile_contract(document({"$ref": "#/components/schemas/Job"}, components={"Job": body}))
    roles = contract.chosen.roles
    assert (roles.identity, roles.state, roles.window, roles.timestamps) == ("/handle", "/phase", None, ())
    assert [(stage.value, stage.terminal) for stage in roles.stages] == [("RUNNING", False), ("DONE", True)]
    assert roles.stages[1].timestamp == "/completed_at"
    assert roles.counts is not None
    assert (roles.counts.total, roles.counts.failed) == ("/all", "/bad")
    assert success(contract).undeclared({"tags": {"own": 1}, "other": 1}) == ("/other",)


@pytest.mark.parametrize(
    "given_roles",
    [
        "identity",
        {"name": "/id"},
        {"identity": "/nowhere"},
        {"identity": 1},
        {"timestamps": "/id"},
        {"stages": {"DONE": "finished"}},
        {"counts": {"total": "/id"}},
    ],
)
def test_roles_that_name_nothing_declared_are_refused_with_their_line(given_roles: Any) -> None:
    data = tree({"type": "object", "x-roles": given_roles, "properties": {"id": {"type": "string"}}})
    message = refused(data)
    assert message.startswith("api.json:")
    assert "x-roles" in message


def test_the_batch_operation_is_chosen_among_others() -> None:
    for paths, chosen in (
        (["/batches/{batch_id}"], "/batches/{batch_id}"),
        (["/v1/batches/{id}", "/files/{file_id}", "/batches", "/a/{b}/batches/{id}"], "/v1/batches/{id}"),
        (["/batches/{id}", "/batches/{id}/results", "/batch-jobs/{id}"], "/batches/{id}"),
        (["/things/{id}"], "/things/{id}"),
        (["/{id}"], "/{id}"),
    ):
        contract = compile_contract(parse_document(json.dumps(with_paths(*paths)).encode(), "api.json"))
        assert contract.chosen.path == chosen
        assert contract.chosen.parameter in ("batch_id", "id")


def test_a_document_without_one_such_operation_is_refused_with_what_there_is() -> None:
    assert "has no operation GET /batches/{batch_id}" in refused(with_paths("/batches", "/a/{b}/c/{d}", "/a/{b}.json"))
    assert "/files/{id}, /things/{id}" in refused(with_paths("/things/{id}", "/files/{id}"))
    assert "no OpenAPI document with paths" in refused({"openapi": "3.0.0"})
    data = tree({})
    data["paths"]["/batches/{batch_id}"]["get"]["responses"] = {}
    assert "documents no responses" in refused(data)


def test_a_path_and_its_responses_may_be_references() -> None:
    data = deepcopy(tree({"type": "object", "properties": {"id": {"type": "string"}}}))
    get = data["paths"]["/batches/{batch_id}"]["get"]
    data["components"]["responses"] = {"Ok": get["responses"]["200"], "Again": {"$ref": "#/components/responses/Ok"}}
    get["responses"]["200"] = {"$ref": "#/components/responses/Again"}
    data["components"]["pathItems"] = {"Batch": data["paths"]["/batches/{batch_id}"]}
    data["paths"]["/batches/{batch_id}"] = {"$ref": "#/components/pathItems/Batch"}
    contract = compile_contract(parse_document(json.dumps(data).encode(), "api.json"))
    assert success(contract).pointer == "/components/responses/Ok/content/application~1json/schema"
    data["components"]["responses"]["Ok"] = {"$ref": "#/components/responses/Again"}
    assert "lead round in a circle" in refused(data)


@pytest.mark.parametrize(
    ("everywhere", "here", "secured"),
    [
        (None, None, False),
        ([{"key": []}], None, True),
        ([{"key": []}], [], False),
        ([{"key": []}], [{}], False),
        ([{"key": []}], [{"key": []}, {}], False),
        ([], [{"key": []}], True),
        (None, [{"a": []}, {"b": []}], True),
    ],
)
def test_an_operation_is_secured_when_no_alternative_goes_without(everywhere: Any, here: Any, secured: bool) -> None:
    data = tree({}, **({} if here is None else {"security": here}))
    if everywhere is not None:
        data["security"] = everywhere
    assert compile_contract(parse_document(json.dumps(data).encode(), "api.json")).chosen.secured is secured


def test_a_response_is_found_by_its_status_its_range_or_the_default() -> None:
    responses = {"200": {"description": ""}, "4xx": {"description": ""}, "default": {"description": ""}, "x-note": 1}
    operation = compile_contract(document({}, responses=responses)).chosen
    assert list(operation.responses) == ["200", "4XX", "default"]
    found = [operation.response_for(status) for status in (200, 404, 500)]
    assert [one.status for one in found if one] == ["200", "4XX", "default"]
    assert compile_contract(document({})).chosen.response_for(404) is None


def test_a_schema_is_found_by_its_media_type_whatever_its_parameters_and_case() -> None:
    content = {
        "Application/JSON; charset=utf-8": {"schema": {"type": "string"}},
        "text/*": {"schema": {}},
        "image/png": {},
    }
    contract = compile_contract(document({}, responses={"200": {"description": "", "content": content}}))
    response = contract.chosen.responses["200"]
    assert list(response.content) == ["application/json", "text/*", "image/png"]
    assert response.content["application/json"] is not None
    assert response.content["image/png"] is None


def test_only_what_the_operation_needs_is_read() -> None:
    broken = {"Broken": {"$ref": "https://example.com/x.json"}, "Worse": 1}
    assert success(compile_contract(document({"type": "object"}, components=broken))).is_valid({})


def test_a_users_overlay_is_applied_after_the_shipped_one(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    body = "$.paths['/batches/{batch_id}'].get.responses['200'].content['application/json'].schema"
    path.write_text(
        f"overlay: 1.0.0\ninfo: {{title: Mine, version: '1'}}\nactions:\n"
        f"  - target: {body}.properties.status\n    update:\n      x-known-values: [paused]\n"
    )
    contract = shipped_contract("documented", [path])
    assert [name.rpartition("/")[2] for name in contract.overlays] == ["siliconflow.yaml", "mine.yaml"]
    assert success(contract).unknown_values({**RETRIEVE, "status": "paused"}) == ()
    assert not contract.repaired


def test_an_overlay_has_no_part_in_the_published_reading() -> None:
    published = document({"type": "object"})
    extra = overlay({"target": "$.info", "update": {"title": "Other"}})
    assert compile_contract(published, "published", [extra]).document.data["info"]["title"] == "Batches"
    assert compile_contract(published, "documented", [extra]).document.data["info"]["title"] == "Other"


def test_a_contract_without_an_overlay_is_read_with_its_repairs_and_says_so() -> None:
    body = {"type": "object", "properties": {"at": {"type": "integer", "example": None}}}
    contract = compile_contract(document(body))
    assert contract.repaired
    assert contract.overlays == ("repairs of the self-check",)
    assert success(contract).is_valid({"at": None})
    place = contract.document.location(f"{BODY}/properties/at/nullable")
    assert place.origin == "repair"
    assert (place.file, place.line) == ("api.json", contract.document_findings[-1].location.line)
    assert not compile_contract(document(body), "published").repaired
    assert not compile_contract(document({"type": "object"})).repaired


def test_a_contract_is_found_by_name_or_file_and_nothing_else(tmp_path: Path) -> None:
    named = load_contract("siliconflow")
    file = tmp_path / "copy.yaml"
    file.write_bytes((spec_folder() / "siliconflow-get-batch.yaml").read_bytes())
    by_file = load_contract(str(file))
    assert by_file.document.sha256 == named.document.sha256
    assert by_file.repaired
    assert not named.repaired
    for source in ("nowhere.yaml", str(tmp_path), ""):
        with pytest.raises(ContractError) as caught:
            load_contract(source)
        assert "\n" not in str(caught.value)
        assert "siliconflow" in str(caught.value)


def test_facts_about_the_document_are_kept() -> None:
    contract = shipped_contract()
    assert (contract.title, contract.version, contract.openapi) == ("SiliconFlow API", "1.0.0", "3.0.0")
    assert contract.chosen.servers == ("https://api.siliconflow.cn/v1",)
    assert contract.chosen.secured
    assert contract.chosen.methods == ("GET",)
    assert contract.chosen.lists_errors
    odd = {**tree({}), "servers": "nowhere", "info": None}
    bare = compile_contract(parse_document(json.dumps(odd).encode(), "api.json"))
    assert (bare.title, bare.version, bare.chosen.servers) == ("api.json", "", ())


def test_a_large_document_is_compiled_for_its_one_operation() -> None:
    thing = {
        "type": "object",
        "properties": {f"p{n}": {"type": "string", "description": "word " * 9} for n in range(9)},
    }
    batch = {"type": "object", "properties": {"id": {"type": "string"}}}
    things = {f"Thing{number}": thing for number in range(900)}
    data = tree({"$ref": "#/components/schemas/Batch"}, version="3.1.0", components={**things, "Batch": batch})
    for number in range(300):
        data["paths"][f"/things{number}/{{id}}"] = {"get": {"responses": {"200": {"description": ""}}}}
    text = json.dumps(data, indent=1)
    assert len(text) > 1_000_000
    large: Document = parse_document(text.encode(), "api.json")
    contract = compile_contract(large)
    assert [place.pointer for place in success(contract).properties] == ["", "/id"]
    line = success(contract).properties[1].location.line
    assert '"id"' in text.splitlines()[line - 1]
