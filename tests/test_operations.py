"""A contract of several operations: what it holds, which of them an exchange belongs to, and how that is judged."""

from __future__ import annotations

import json
from typing import Any

import pytest
from operation_support import of, operation

from batch_conformance.contract.choice import Choice
from batch_conformance.contract.contract import Contract, compile_contract
from batch_conformance.contract.document import ContractError, parse_document

LIST = operation("/batches", "getBatch")
API = of(
    {
        "/batches/{id}": {"get": operation("/batches/{id}", "getBatch")},
        "/batches": {"get": LIST, "post": operation("/batches", "makeBatch")},
        "/files/{file}": {"get": operation("/files/{file}", "getFile", security=[{"key": []}])},
        "/files": {"get": operation("/files")},
    },
    servers=[{"url": "https://one/v1"}],
)
"""Its list and its retrieve share an operationId, and the list of files has none."""


def compiled(*others: str, data: Any = API, **choice: Any) -> Contract:
    chosen = Choice(others=others, **choice)
    return compile_contract(parse_document(json.dumps(data, indent=1).encode(), "api.json", chosen), choice=chosen)


def test_a_contract_holds_the_chosen_operation_alone_unless_others_are_named() -> None:
    assert [one.path for one in compiled().operations] == ["/batches/{id}"]
    assert [one.path for one in compiled("GET /files", "getFile").operations] == [
        "/batches/{id}",
        "/files",
        "/files/{file}",
    ]


def test_ids_are_unique_and_the_chosen_operation_keeps_its_own() -> None:
    held = compiled("GET /batches", "getFile", "/files")
    assert [one.id for one in held.operations] == ["getBatch", "GET_/batches", "getFile", "GET_/files"]
    assert held.chosen.clauses == compiled().clauses
    assert len({clause.id for clause in held.clauses}) == len(held.clauses)
    assert {clause.operation for clause in held.clauses} == {one.id for one in held.operations}


def test_an_id_does_not_depend_on_which_other_operations_are_held() -> None:
    (alone,) = compiled("GET /batches", name="getFile").operations[1:]
    assert alone.id == "GET_/batches"


def test_each_operation_has_what_is_said_of_it() -> None:
    retrieve, listing, file = compiled("GET /batches", "getFile").operations
    assert (retrieve.parameter, listing.parameter, file.parameter) == ("id", "", "file")
    assert (retrieve.secured, file.secured) == (False, True)
    assert retrieve.servers == file.servers == ("https://one/v1",)
    assert listing.methods == ("GET", "POST")
    assert (retrieve.roles.identity, listing.roles.identity) == ("/id", None)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("nobody", "api.json has no operation 'nobody'"),
        ("makeBatch", "POST /batches cannot be judged: its method is POST"),
        ("getBatch", "api.json has 2 operations 'getBatch' (GET /batches/{id}, GET /batches), and OpenAPI wants"),
    ],
)
def test_a_name_of_no_operation_of_several_or_of_another_method_is_refused(name: str, told: str) -> None:
    with pytest.raises(ContractError) as caught:
        compiled(name)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_a_base_url_holds_of_one_path_it_holds_of_the_others() -> None:
    paths = ("/v1/orgs/{org}/batches/{id}", "/v1/orgs/{org}/batches", "/v1/health")
    data = of({path: {"get": operation(path, f"get {path}")} for path in paths})
    held = compiled("GET /v1/orgs/{org}/batches", "GET /v1/health", data=data, path="/batches/{batch_id}")
    assert [one.path for one in held.operations] == ["/batches/{id}", "/batches", "/v1/health"]
