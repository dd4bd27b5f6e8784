"""Two documents of a whole batch API, compared operation by operation."""

from __future__ import annotations

import copy
import json
from typing import Any

import yaml

from batch_conformance.contract.change import ContractDiff
from batch_conformance.contract.choice import OperationChoice, Operations
from batch_conformance.contract.contract import Contract, compile_contract
from batch_conformance.contract.diff import diff_contracts
from batch_conformance.contract.document import parse_document
from batch_conformance.contract.sources import spec_folder

PUBLISHED = yaml.safe_load((spec_folder() / "siliconflow-batch-api.yaml").read_text("utf-8"))


def contract(data: Any, operations: Operations = "read") -> Contract:
    choice = OperationChoice(operations=operations)
    return compile_contract(
        parse_document(json.dumps(data, default=str).encode(), "api.json", choice), "published", choice=choice
    )


def compared(change: Any, operations: Operations = "read") -> ContractDiff:
    data = copy.deepcopy(PUBLISHED)
    change(data["paths"])
    return diff_contracts(contract(PUBLISHED, operations), contract(data, operations))


def told(diff: ContractDiff) -> list[tuple[str, str, bool, str]]:
    return [(one.rule, one.kind, one.breaking, one.place) for one in diff.changes]


def test_a_document_is_the_same_as_itself() -> None:
    assert told(compared(lambda _: None)) == []


def test_what_changed_in_a_list_is_told_with_its_role() -> None:
    def change(paths: Any) -> None:
        schema = paths["/batches"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        schema["properties"]["has_more"] = {"type": "string"}

    assert told(compared(change)) == [("body.type", "changed", True, "list 200 /has_more")]


def test_a_parameter_that_became_required_breaks_whoever_reads_the_list() -> None:
    def change(paths: Any) -> None:
        paths["/batches"]["get"]["parameters"][0]["required"] = True

    ((rule, _, breaking, place),) = told(compared(change))
    assert (rule, breaking, place) == ("request.parameter", True, "list request")


def test_an_operation_that_is_gone_breaks_its_clients_and_a_new_one_does_not() -> None:
    gone = compared(lambda paths: paths["/files"].pop("get"))
    assert told(gone) == [("request.path", "removed", True, "files request")]
    back = diff_contracts(gone.new, gone.old)
    assert told(back) == [("request.path", "added", False, "files request")]


def test_of_the_chosen_operation_the_place_has_no_role() -> None:
    def change(paths: Any) -> None:
        schema = paths["/batches/{batch_id}"]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        schema["properties"]["created_at"] = {"type": "string"}

    assert told(compared(change)) == [("body.type", "changed", True, "200 /created_at")]


def test_what_changed_in_a_call_that_writes_is_told_where_all_operations_are_compared() -> None:
    def change(paths: Any) -> None:
        body = paths["/batches"]["post"]["responses"]["200"]["content"]["application/json"]["schema"]
        body["properties"]["id"] = {"type": "integer"}
        del paths["/batches/{batch_id}/cancel"]

    assert ("body.type", "changed", True, "create 200 /id") in told(compared(change, "all"))
    assert ("request.path", "removed", True, "cancel request") in told(compared(change, "all"))
    assert told(compared(change)) == []
    assert told(compared(lambda _: None, "all")) == []
