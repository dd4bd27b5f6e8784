"""Which operation of a document is judged: the one named, else the one for batches, else a refusal that helps."""

from __future__ import annotations

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from contract_support import tree, untimed
from hypothesis import given
from hypothesis import strategies as st
from operation_support import of
from operation_support import operation as plain

from batch_conformance.contract import excerpt
from batch_conformance.contract.choice import ListedOperation, OperationChoice, choose
from batch_conformance.contract.contract import Contract, compile_contract
from batch_conformance.contract.document import ContractError, parse_document
from batch_conformance.contract.location import Location
from batch_conformance.contract.path_template import batch_rank, id_parameter, same
from batch_conformance.contract.pointer import unescape


def operation(path: str, name: str | None = None) -> dict[str, Any]:
    """A GET whose object has a property that is named after the path."""
    return plain(path, name, marks=True)


def getting(*paths: str) -> dict[str, Any]:
    """A document with a GET at each path, without operationIds."""
    return of({path: {"get": operation(path)} for path in paths})


def chosen(data: Any, name: str = "", path: str = "") -> Contract:
    choice = OperationChoice(name, path)
    return compile_contract(parse_document(json.dumps(data, indent=1).encode(), "api.json", choice), choice=choice)


def shown_by(contract: Contract) -> str:
    """The path in the document that a contract was compiled from, as its object says."""
    schema = contract.chosen.responses["200"].content["application/json"]
    assert schema is not None
    return next(found for place in schema.properties if "/" in (found := unescape(place.pointer[1:])))


def refusal(data: Any, name: str = "", path: str = "") -> str:
    with pytest.raises(ContractError) as caught:
        chosen(data, name, path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


MANY = of(
    {
        "/v1/batch/jobs/{job_id}": {
            "get": operation("/v1/batch/jobs/{job_id}", "getJob"),
            "delete": {"operationId": "dropJob", "responses": {"204": {"description": "gone"}}},
        },
        "/v1/models/{model}": {"get": operation("/v1/models/{model}", "getModel")},
        "/v1/projects/{p}/files/{f}": {"get": operation("/v1/projects/{p}/files/{f}", "getFile")},
        "/v1/files/{f}/content": {"get": operation("/v1/files/{f}/content", "getContent")},
        "/v1/files/{f}.json": {"get": operation("/v1/files/{f}.json", "getDotted")},
        "/v1/batch/jobs": {"get": operation("/v1/batch/jobs", "listJobs")},
    }
)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("getJob", "/v1/batch/jobs/{job_id}"),
        ("getModel", "/v1/models/{model}"),
        ("GET /v1/models/{model}", "/v1/models/{model}"),
        ("get  /v1/models/{anything}", "/v1/models/{model}"),
        ("/v1/models/{}", "/v1/models/{model}"),
        (" getModel ", "/v1/models/{model}"),
        ("", "/v1/batch/jobs/{job_id}"),
    ],
)
def test_an_operation_is_named_by_its_id_or_by_method_and_path_or_by_the_path(name: str, path: str) -> None:
    contract = chosen(MANY, name)
    assert contract.chosen.path == path
    assert shown_by(contract) == path


def test_the_name_that_reports_give_an_operation_without_an_id_names_it() -> None:
    data = getting("/files/{id}", "/models/{id}")
    contract = chosen(data, "/models/{id}")
    assert contract.chosen.id == "GET_/models/{id}"
    assert chosen(data, contract.chosen.id).chosen.path == "/models/{id}"


def test_an_id_with_a_space_is_named_as_it_stands_and_as_reports_write_it() -> None:
    data = of({"/models/{m}": {"get": operation("/models/{m}", "get a model")}, **getting("/files/{id}")["paths"]})
    for name in ("get a model", "get_a_model"):
        assert chosen(data, name).chosen.path == "/models/{m}"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("dropJob", "DELETE /v1/batch/jobs/{job_id} cannot be judged: its method is DELETE"),
        ("DELETE /v1/batch/jobs/{x}", "its method is DELETE"),
        ("getFile", "its path has 2 parameters (p, f)"),
        ("getContent", "the parameter f is not the whole last segment of its path"),
        ("getDotted", "the parameter f is not the whole last segment of its path"),
        ("listJobs", "its path has no parameter for an id"),
        ("HEAD /v1/models/{model}", "has no operation 'HEAD /v1/models/{model}'"),
        ("getjob", "has no operation 'getjob'"),
        ("GET /models/{model}", "has no operation 'GET /models/{model}'"),
    ],
)
def test_what_cannot_be_judged_is_refused_with_the_reason_and_what_there_is(name: str, says: str) -> None:
    told = refusal(MANY, name)
    assert says in told
    assert "/v1/batch/jobs/{job_id} (getJob)" in told
    assert "/v1/models/{model} (getModel)" in told
    assert ("api.json:" in told) is ("cannot be judged" in told)


def test_what_is_most_like_the_name_stands_first() -> None:
    assert "it has /v1/models/{model} (getModel), /v1/batch" in refusal(MANY, "getmodels")
    assert "it has /v1/batch/jobs/{job_id} (getJob), /v1/models" in refusal(MANY, "GET /batch/jobs/{id}")


def test_a_refusal_names_the_first_few_of_many_and_how_many_more() -> None:
    names = [f"/thing{number}/{{id}}" for number in range(11)]
    told = refusal(getting(*names))
    assert "11 operations GET /…/{id} and none of them is for batches: choose one with --operation: " in told
    assert told.endswith(" and 3 more")
    assert len(re.findall(r"/thing\d+/\{id\}", told)) == 8
    assert refusal(getting(*names), "nope").endswith(" and 3 more")


def test_two_operations_for_batches_are_refused_as_such() -> None:
    told = refusal(getting("/v1/batches/{id}", "/v2/batches/{id}", "/files/{id}"))
    assert "has 2 operations GET /…/{id} for batches: choose one with --operation: " in told
    assert told.endswith("/v1/batches/{id}, /v2/batches/{id}")
    assert chosen(getting("/v1/batches/{id}", "/v2/batches/{id}"), "/v2/batches/{id}").chosen.path.startswith("/v2")


def test_a_document_without_any_says_so() -> None:
    assert refusal(of({"/x": {"post": {"responses": {}}}}), "nope").endswith("it has no GET /…/{id} at all")


@pytest.mark.parametrize(
    ("paths", "path"),
    [
        (("/v1/batch/jobs/{job_id}", "/v1/models/{model_id}"), "/v1/batch/jobs/{job_id}"),
        (("/Batch/v2/jobs/{id}", "/files/{id}"), "/Batch/v2/jobs/{id}"),
        (("/v1/messages/batches/{id}", "/v1/messages/{id}"), "/v1/messages/batches/{id}"),
        (("/batches/{id}", "/batch/jobs/{id}"), "/batches/{id}"),
        (("/batchInferenceJobs/{id}", "/batch/jobs/{id}"), "/batchInferenceJobs/{id}"),
        (("/v1/jobs/{batch_id}", "/v1/files/{file_id}"), "/v1/jobs/{batch_id}"),
        (("/v1/batch/jobs/{job_id}", "/v1/results/{batch_id}"), "/v1/batch/jobs/{job_id}"),
    ],
)
def test_a_path_is_one_of_batches_where_any_of_its_segments_says_so(paths: tuple[str, ...], path: str) -> None:
    assert chosen(getting(*paths)).chosen.path == path


SILICONFLOW = of(
    {
        "/batches": {"get": operation("/batches", "getBatchEvaluationJob"), "post": operation("/batches", "create")},
        "/batches/{batch_id}": {"get": operation("/batches/{batch_id}", "getBatchEvaluationJob")},
        "/files/{id}": {"get": operation("/files/{id}", "getFile")},
    }
)


def test_an_operation_id_that_is_repeated_is_refused_with_what_tells_them_apart() -> None:
    told = refusal(SILICONFLOW, "getBatchEvaluationJob")
    assert "2 operations 'getBatchEvaluationJob' (GET /batches, GET /batches/{batch_id})" in told
    assert told.endswith("--operation='GET /batches/{batch_id}'")
    assert chosen(SILICONFLOW, "GET /batches/{batch_id}").chosen.id == "getBatchEvaluationJob"
    assert chosen(SILICONFLOW).chosen.path == "/batches/{batch_id}"


def test_no_refusal_shows_an_id_that_would_not_choose() -> None:
    assert "(getBatchEvaluationJob)" not in refusal(SILICONFLOW, "nope")


def test_paths_that_differ_only_in_their_parameters_names_are_told_apart_by_them() -> None:
    data = getting("/files/{id}", "/files/{name}")
    assert chosen(data, "GET /files/{name}").chosen.parameter == "name"
    assert "2 operations '/files/{other}'" in refusal(data, "/files/{other}")


def test_a_path_behind_a_reference_is_found_and_one_that_leads_nowhere_is_in_nobodys_way() -> None:
    item = {"get": operation("/models/{m}", "getModel")}
    paths = {"/models/{m}": {"$ref": "#/components/pathItems/M"}, "/files/{id}": {"$ref": "files.yaml"}}
    data = of(paths, components={"pathItems": {"M": item}})
    assert chosen(data, "getModel").chosen.path == "/models/{m}"
    assert "leaves the document" in refusal(data, "/files/{id}")


class TestAProfilesPath:
    """Where a vendor's profile has the operation is enough to choose it."""

    @pytest.mark.parametrize(
        ("paths", "path"),
        [
            (("/v1/batch/jobs/{job_id}", "/v1/batches/{id}"), "/v1/batch/jobs/{job_id}"),
            (("/batch/jobs/{job_id}", "/v1/batch/jobs/{job_id}"), "/batch/jobs/{job_id}"),
            (("/batches/{batch_id}", "/jobs/{id}"), "/batches/{batch_id}"),
        ],
    )
    def test_it_chooses_among_those_that_are_there(self, paths: tuple[str, ...], path: str) -> None:
        contract = chosen(getting(*paths), path="/batch/jobs/{batch_id}")
        assert shown_by(contract) == path
        assert same(contract.chosen.path, "/batch/jobs/{batch_id}")
        assert contract.chosen.parameter in contract.chosen.path

    def test_it_chooses_where_the_base_url_lacks_what_the_document_has(self) -> None:
        contract = chosen(getting("/batch/jobs/{id}", "/models/{id}"), path="/v1/batch/jobs/{batch_id}")
        assert contract.chosen.path == "/v1/batch/jobs/{id}"

    def test_it_is_the_path_of_no_other_operation_that_is_named(self) -> None:
        data = getting("/v1/batch/jobs/{job_id}", "/v1/models/{model}")
        path = "/batch/jobs/{batch_id}"
        assert chosen(data, "/v1/models/{m}", path).chosen.path == "/v1/models/{model}"
        assert chosen(data, "/v1/batch/jobs/{x}", path).chosen.path == "/batch/jobs/{job_id}"

    def test_it_holds_for_the_one_that_is_named_where_none_is_like_it(self) -> None:
        data = getting("/jobs/{id}", "/models/{id}")
        assert chosen(data, "/jobs/{id}", "/own/jobs/{batch_id}").chosen.path == "/own/jobs/{id}"


SEGMENT = st.sampled_from(["v1", "batches", "batch", "jobs", "files", "models"])
PATHS = st.lists(SEGMENT, min_size=1, max_size=3).map(lambda parts: "/" + "/".join(parts))
TEMPLATES = st.builds(lambda path, name: f"{path}/{{{name}}}", PATHS, st.sampled_from(["id", "batch_id", "job"]))


@untimed
@given(st.lists(TEMPLATES, min_size=1, max_size=6, unique_by=lambda path: re.sub(r"\{\w+\}", "{}", path)))
def test_every_operation_that_can_be_judged_can_be_named_and_nothing_else_is_chosen(templates: list[str]) -> None:
    data = of({path: {"get": operation(path, f"op{number}")} for number, path in enumerate(templates)})
    for number, path in enumerate(templates):
        for name in (f"op{number}", f"GET {path}", re.sub(r"\{\w+\}", "{z}", path)):
            assert chosen(data, name).chosen.path == path
    try:
        found = chosen(data).chosen.path
    except ContractError as error:
        told = str(error)
        assert all(path in told for path in templates if batch_rank(path) == min(map(batch_rank, templates)))
    else:
        assert batch_rank(found) == min(map(batch_rank, templates))


LARGE = of(
    {
        **MANY["paths"],
        **SILICONFLOW["paths"],
        "/v1/batches/{id}:cancel": {"post": {"operationId": "cancel", "responses": {"200": {"description": "ok"}}}},
        "/v1/batches/{id}": {"delete": {"operationId": "drop", "responses": {"200": {"description": "ok"}}}},
        "/v2/things/{id}": {"get": operation("/v2/things/{id}", "get.thing")},
    }
)


@cache
def large() -> bytes:
    """The document as block YAML, so long that only a part of it is worth reading."""
    filler = {f"Filler{number}": {"type": "string", "description": "x" * 900} for number in range(700)}
    text = yaml.safe_dump({**LARGE, "components": {"schemas": filler}}, sort_keys=False, width=10_000)
    assert len(text) > excerpt.WORTH_IT
    return text.encode()


@pytest.mark.parametrize(
    "choice",
    [
        OperationChoice(),
        OperationChoice("getModel"),
        OperationChoice("get.thing"),
        OperationChoice("GET /v1/models/{x}"),
        OperationChoice("/v1/batch/jobs/{id}"),
        OperationChoice(path="/batch/jobs/{batch_id}"),
        OperationChoice(path="/things/{batch_id}"),
        OperationChoice("getModel", "/batch/jobs/{batch_id}"),
        OperationChoice("cancel"),
        OperationChoice("getFile"),
        OperationChoice("getBatchEvaluationJob"),
        OperationChoice("nope"),
        OperationChoice("GET /nope/{id}"),
    ],
    ids=str,
)
def test_of_a_large_document_the_same_is_chosen_or_refused(
    choice: OperationChoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = large()

    def outcome() -> Any:
        try:
            contract = compile_contract(parse_document(raw, "api.yaml", choice), "published", choice=choice)
        except ContractError as error:
            return str(error)
        chosen = (contract.chosen.path, contract.chosen.id, contract.chosen.location)
        return chosen, contract.clauses, contract.document_findings, contract.chosen.servers

    part = outcome()
    monkeypatch.setattr(excerpt, "WORTH_IT", 10**9)
    assert part == outcome()


def test_of_a_large_document_no_more_is_read_than_the_one_that_is_named_needs() -> None:
    raw, choice = large(), OperationChoice("get.thing")
    document = parse_document(raw, "api.yaml", choice)
    assert "/v2/things/{id}" in document.data["paths"]
    assert "/v1/models/{model}" not in document.data["paths"]
    assert compile_contract(document, choice=choice).chosen.location.line == (
        raw.decode().splitlines().index("  /v2/things/{id}:") + 2
    )


@pytest.mark.parametrize("template", ["/{id}", "/a/{id}", "/a/b-c/{the_id}"])
def test_an_id_is_the_whole_last_segment(template: str) -> None:
    assert id_parameter(template) in ("id", "the_id")


@pytest.mark.parametrize("template", ["/a", "/{a}/{b}", "/a/{id}/b", "/a/{id}.json", "/a/x{id}", "/a/{id}?beta=true"])
def test_a_path_without_one_id_at_its_end_has_none(template: str) -> None:
    assert id_parameter(template) is None


def test_servers_are_those_of_the_operation_then_of_its_path_then_of_the_document() -> None:
    data = tree({"type": "object"})
    data["servers"] = [{"url": "https://one/v1"}]
    item = data["paths"]["/batches/{batch_id}"]
    assert chosen(data).chosen.servers == ("https://one/v1",)
    item["servers"] = [{"url": "https://two/v1"}]
    assert chosen(data).chosen.servers == ("https://two/v1",)
    item["get"]["servers"] = [{"url": "/v3"}, {"url": "/v4"}]
    assert chosen(data).chosen.servers == ("/v3", "/v4")


def write(folder: Path, data: dict[str, Any], name: str = "api.yaml") -> str:
    path = folder / name
    path.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("others", [(), ("/users/{id}",)])
@pytest.mark.parametrize("path", ["/orgs/{org}/batches/{id}", "/batches/{id}.json", "/batches/{id}/"])
def test_no_other_operation_is_judged_in_place_of_one_for_batches(path: str, others: tuple[str, ...]) -> None:
    listed = [
        ListedOperation(one, "GET", "", Location("api.yaml", line, one)) for line, one in enumerate((path, *others), 3)
    ]
    with pytest.raises(ContractError) as caught:
        choose("api.yaml", listed, OperationChoice())
    told = str(caught.value)
    assert told.startswith(f"api.yaml:3: GET {path} is the operation for batches and cannot be judged: ")
    assert told.endswith("--operation: /users/{id}") == bool(others)


def test_an_operation_below_a_batch_is_in_nobodys_way() -> None:
    paths = ("/jobs/{id}", "/jobs/{id}/batches", "/orgs/{org}/batches/{id}/requests/{request}")
    listed = [ListedOperation(one, "GET", "", Location("api.yaml", 3, one)) for one in paths]
    assert choose("api.yaml", listed, OperationChoice()).key == "/jobs/{id}"
