"""The operations of a batch API by their roles, and the lists among them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from operation_support import of, operation

from batch_conformance.contract.choice import ListedOperation, OperationChoice, choice_of
from batch_conformance.contract.contract import Contract, compile_contract
from batch_conformance.contract.document import ContractError, parse_document
from batch_conformance.contract.list_form import list_form
from batch_conformance.contract.location import Location
from batch_conformance.contract.operation_role import ROLES, choose_by_role, sort_operations
from batch_conformance.contract.schema import Schema
from batch_conformance.contract.sources import load_contract

API = {
    "upload": "POST /files",
    "files": "GET /files",
    "file": "GET /files/{file_id}",
    "content": "GET /files/{file_id}/content",
    "create": "POST /batches",
    "list": "GET /batches",
    "retrieve": "GET /batches/{batch_id}",
    "cancel": "POST /batches/{batch_id}/cancel",
}
OTHERS = (
    *("DELETE /batches/{batch_id}", "DELETE /files/{file_id}", "GET /models", "POST /chat/completions"),
    *("GET /vector_stores/{id}/files", "POST /vector_stores/{id}/files", "GET /vector_stores/{id}/files/{file_id}"),
    *("GET /batches/{batch_id}/results", "GET /uploads/{upload_id}", "PUT /files/{file_id}"),
)


def listed(*shown: str) -> list[ListedOperation]:
    pairs = (one.split(" ") for one in shown)
    return [ListedOperation(path, method, "", Location("api.json", 1)) for method, path in pairs]


def shown(operations: list[ListedOperation], chosen: str) -> dict[str, str]:
    found = choose_by_role("api.json", operations, sort_operations(operations, chosen), OperationChoice())
    return {role: f"{one.method} {one.path}" for role, one in found.items()}


def test_each_operation_of_a_batch_api_has_its_role_and_no_other_operation_has_one() -> None:
    assert set(API) == set(ROLES)
    assert shown(listed(*API.values(), *OTHERS), "/batches/{batch_id}") == API


SEGMENT = st.sampled_from(["v1", "api", "openai", "projects", "beta-2", "{account}", "{project_id}"])


@given(
    st.lists(SEGMENT, max_size=3),
    st.sampled_from(["batches", "batch/jobs", "batch_jobs", "batch"]),
    st.sampled_from(["{id}", "{batchId}", "{job-id}"]),
    st.permutations([*API, *OTHERS]),
    st.sampled_from([1, 2]),
)
def test_neither_names_nor_order_nor_what_is_around_a_batch_api_make_a_difference(
    around: list[str], batches: str, parameter: str, order: list[str], depth: int
) -> None:
    prefix = "".join(f"/{segment}" for segment in around)

    def spelled(one: str) -> str:
        method, path = API.get(one, one).split(" ")
        of_files = path.startswith("/files")
        path = path.replace("{batch_id}", parameter).replace("{file_id}", "{f}" if depth == 1 else "{file_id}")
        return f"{method} {prefix}{path if of_files else path.replace('/batches', f'/{batches}', 1)}"

    made = [spelled(one) for one in order]
    expected = {role: spelled(role) for role in API}
    assert shown(listed(*made), expected["retrieve"].split(" ")[1]) == expected


def test_files_of_something_else_are_no_files_of_batches_where_nearer_ones_are_there() -> None:
    found = shown(listed("GET /v1/batches/{id}", "GET /v1/files", "GET /v1/stores/{s}/files"), "/v1/batches/{id}")
    assert found == {"retrieve": "GET /v1/batches/{id}", "files": "GET /v1/files"}


@pytest.mark.parametrize("other", ["/Batches/", "/a/files", "/batches/{id}/files"])
def test_two_operations_for_one_role_are_refused_in_a_line_that_says_how_to_choose(other: str) -> None:
    operations = listed("GET /batches/{id}", "GET /batches", "GET /batches/", "GET /x/files", "GET /y/files")
    with pytest.raises(ContractError) as caught:
        choose_by_role("api.json", operations, sort_operations(operations, "/batches/{id}"), OperationChoice())
    told = str(caught.value)
    assert "\n" not in told
    assert "2 operations that fit the role files (GET /x/files, GET /y/files)" in told
    assert "--operation='files=GET /x/files'" in told
    corrected = choice_of(f"files=GET /y/files; list=/batches; {other}", roles=ROLES)
    found = choose_by_role("api.json", operations, sort_operations(operations, "/batches/{id}"), corrected)
    assert (found["files"].path, found["list"].path, corrected.name) == ("/y/files", "/batches", other)


def test_a_word_that_is_no_role_and_a_name_that_is_no_operation_are_refused() -> None:
    with pytest.raises(ContractError, match="lists is no role; there are upload, files"):
        choice_of("lists=GET /batches", roles=ROLES)
    operations = listed("GET /batches/{id}")
    with pytest.raises(ContractError, match="no operation 'GET /jobs', which was named for list"):
        choose_by_role("a", operations, {}, choice_of("list=GET /jobs", roles=ROLES))


def test_a_name_without_a_role_is_that_of_the_chosen_operation() -> None:
    assert choice_of("GET /a/{id}").name == "GET /a/{id}"
    assert choice_of("") == OperationChoice()


ITEM = {"type": "object", "properties": {"id": {"type": "string"}, "created_at": {"type": "integer"}}}
ITEMS = {"type": "array", "items": ITEM}


def list_body(**members: Any) -> dict[str, Any]:
    return {"type": "object", "properties": members}


def get_of(schema: Any, *parameters: Any) -> dict[str, Any]:
    content = {"application/json": {"schema": schema}}
    return {"parameters": list(parameters), "responses": {"200": {"description": "ok", "content": content}}}


def read(paths: dict[str, Any], operation_: str = "") -> Contract:
    data = of({"/batches/{id}": {"get": operation("/batches/{id}", "getBatch")}, **paths})
    choice = choice_of(operation_, operations="read", roles=ROLES)
    return compile_contract(parse_document(json.dumps(data).encode(), "api.json", choice), choice=choice)


@pytest.mark.parametrize(
    ("body", "items"),
    [
        (ITEMS, ""),
        (list_body(data=ITEMS, has_more={"type": "boolean"}), "/data"),
        (list_body(jobs=ITEMS, total={"type": "integer"}), "/jobs"),
        (list_body(code={"type": "integer"}, data=list_body(data=ITEMS)), "/data/data"),
        (list_body(result=list_body(batches=ITEMS, errors={"type": "array", "items": {}})), "/result/batches"),
        (list_body(data=ITEMS, deleted=ITEMS), "/data"),
    ],
)
def test_a_list_is_read_in_any_of_the_forms_that_vendors_give_it(body: Any, items: str) -> None:
    (_, held) = read({"/batches": {"get": get_of(body)}}).operations
    assert held.role == "list"
    assert held.listing is not None
    assert held.listing.items == items
    assert held.listing.identity == "/id"
    assert not held.listing.pages


@pytest.mark.parametrize(
    "body",
    [
        {"type": "object"},
        list_body(data={"type": "array", "items": {"type": "string"}}),
        list_body(data={"type": "array", "items": list_body(name={"type": "string"})}),
        list_body(old=ITEMS, new=ITEMS),
        {"type": "string"},
    ],
)
def test_a_list_that_nobody_can_read_is_refused_in_one_line(body: Any) -> None:
    with pytest.raises(ContractError) as caught:
        read({"/batches": {"get": get_of(body)}})
    assert "the form of the list that GET /batches answers with cannot be read" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_list_at_another_path_is_found_by_what_it_answers() -> None:
    paths = {
        "/batches/list": {"get": get_of(list_body(data=ITEMS))},
        "/batches/stats": {"get": get_of(list_body(total={"type": "integer"}))},
    }
    assert [one.path for one in read(paths).operations] == ["/batches/{id}", "/batches/list"]
    named = read({**paths, "/mine": {"get": get_of(ITEMS)}}, "list=/mine")
    assert [one.path for one in named.operations] == ["/batches/{id}", "/mine"]


def test_a_document_with_the_retrieve_alone_is_read_as_that() -> None:
    (only,) = read({}).operations
    assert only.role == "retrieve"


def test_without_being_asked_a_contract_holds_the_retrieve_alone_whatever_the_rest_is() -> None:
    data = of({"/batches/{id}": {"get": operation("/batches/{id}")}, "/batches": {"get": get_of({"type": "string"})}})
    contract = compile_contract(parse_document(json.dumps(data).encode(), "api.json"))
    assert [one.path for one in contract.operations] == ["/batches/{id}"]
    assert contract.parts == {}


def test_the_whole_api_of_siliconflow_is_understood_and_its_oddities_are_told() -> None:
    contract = load_contract("siliconflow-batch-api", choice=OperationChoice(operations="read"))
    assert {role: f"{one.method} {one.path}" for role, one in contract.parts.items()} == {
        role: path for role, path in API.items() if role not in ("file", "content")
    }
    lists = {one.role: one.listing for one in contract.operations if one.listing}
    assert {role: one.items for role, one in lists.items()} == {"list": "/data", "files": "/data/data"}
    assert [one.required_query for one in contract.operations] == ["", "", "purpose=batch"]
    told = {one.rule.partition(".")[2] for one in contract.document_findings}
    assert {
        *("operation_id_repeated", "parameter_astray", "parameter_missing", "envelope_mixed"),
        *("words_swapped", "list_example", "example_null"),
    } <= told
    repeated = [str(one.says) for one in contract.document_findings if one.rule == "document.operation_id_repeated"]
    assert len(repeated) == 2


def test_the_retrieve_of_the_whole_api_is_the_published_one_word_for_word() -> None:
    alone, whole = load_contract("siliconflow"), load_contract("siliconflow-batch-api")
    assert whole.chosen.id == alone.chosen.id
    assert [one.id for one in whole.clauses] == [one.id for one in alone.clauses]
    assert [one.id for one in load_contract("siliconflow", "published").clauses] == [
        one.id for one in load_contract("siliconflow-batch-api", "published").clauses
    ]


def test_a_schema_that_is_missing_has_no_form() -> None:
    assert list_form(None, ()) is None
    document = parse_document(json.dumps(of({"/b/{id}": {"get": operation("/b/{id}")}})).encode(), "a.json")
    assert list_form(Schema(document, "/info"), ()) is None
