"""The catalogue of a document with unions, sets and nulls: what it breaks is found at its clause, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from judge_support import JSON, contract_of

from batch_conformance.mock.derived import derive
from batch_conformance.report.proof.proof import assess
from batch_conformance.run.prove.drift_runner import DriftRunner, drift_of

ID = {"id": {"type": "string"}, "status": {"type": "string"}}
TAGGED = {
    "oneOf": [
        {"type": "object", "required": ["k", "v"], "properties": {"k": {"enum": ["a"]}, "v": {"type": "integer"}}},
        {"type": "object", "required": ["k"], "properties": {"k": {"enum": ["b"]}, "w": {"type": "string"}}},
    ]
}
UNTAGGED = {
    "anyOf": [
        {"type": "object", "required": ["v"], "properties": {"v": {"type": "integer"}}},
        {"type": "object", "required": ["w"], "properties": {"w": {"type": "string"}}},
    ]
}
SET = {"type": "array", "minItems": 2, "uniqueItems": True, "items": {"type": "string", "enum": ["a", "b", "c"]}}


@pytest.mark.parametrize(
    ("form", "openapi"),
    [(TAGGED, "3.0.3"), (UNTAGGED, "3.0.3"), (SET, "3.0.3"), ({"const": None}, "3.1.0"), ({"type": "null"}, "3.1.0")],
    ids=["tagged", "untagged", "set", "const null", "type null"],
)
def test_each_entry_is_found_at_its_clause_and_nothing_else(form: Any, openapi: str) -> None:
    ours = contract_of({"type": "object", "required": ["u"], "properties": {**ID, "u": form}}, openapi=openapi)
    entries = [entry for entry in derive(ours) if entry.at.startswith("/u")]
    assert entries
    with DriftRunner(ours) as bench:
        trials = [assess(drift_of(entry), bench.try_out(entry)) for entry in entries]
    assert [(one.name, one.observed) for one in trials if not one.right] == []


def test_a_response_for_a_range_or_for_all_else_is_broken_too_and_named_as_documented() -> None:
    error = {"type": "object", "required": ["message"], "properties": {"message": {"type": "string"}}}
    body = {"type": "object", "required": ["id"], "properties": ID}
    content = {
        form: {"description": "It.", "content": {JSON: {"schema": it}}} for form, it in (("e", error), ("b", body))
    }
    ours = contract_of(body, responses={"default": content["e"], "409": content["e"]})
    ranged = contract_of(body, responses={"4XX": content["e"], "default": content["b"]})
    for contract, status in ((ours, "default"), (ranged, "4XX")):
        entries = {entry.name: entry for entry in derive(contract)}
        assert {entry.status for name, entry in entries.items() if name.startswith("404/")} == {status}
        with DriftRunner(contract) as bench:
            entry = entries["404/message:missing"]
            trial = assess(drift_of(entry), bench.try_out(entry))
        assert trial.right, trial.observed
