"""The catalogue of a document with unions, sets and nulls: what it breaks is found at its clause, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest
from judge_support import contract_of

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
