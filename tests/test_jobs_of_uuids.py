"""A document of jobs whose ids are UUIDs, with lists in its queries: what is asked of it, and its own mock."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from batch_conformance.contract.choice import OperationChoice
from batch_conformance.contract.contract import Contract, compile_contract
from batch_conformance.contract.document import parse_document
from batch_conformance.probes.planning import build_plan
from batch_conformance.run.prove.drift_runner import DriftRunner

SHOWN = "497f6eca-6276-4993-bfeb-53cbbbba6f09"
UUID = {"type": "string", "format": "uuid"}
OR_NULL = {"anyOf": [UUID, {"type": "null"}]}
STATES = {"type": "string", "enum": ["QUEUED", "RUNNING", "FAILED", "CANCELLED"]}


def jobs() -> Contract:
    """A batch API with UUIDs, lists in its queries, and pages that are always told of by texts."""
    job = {
        "type": "object",
        "required": ["id", "status"],
        "properties": {
            "id": UUID,
            "status": STATES,
            "created_at": {"type": "integer"},
            "output_file": OR_NULL,
            "error_file": OR_NULL,
        },
    }
    listed = {
        "type": "object",
        "required": ["data", "first_id", "has_more"],
        "properties": {
            "data": {"type": "array", "items": job},
            "first_id": {"type": "string"},
            "last_id": {"type": "string"},
            "has_more": {"type": "boolean"},
        },
    }
    file = {"type": "object", "required": ["id"], "properties": {"id": {**UUID, "example": SHOWN}}}
    gone = {"required": ["deleted"], "properties": {"deleted": {"type": "boolean"}}}
    files = {"type": "object", "properties": {"data": {"type": "array", "items": file}}}
    queries = {
        "page_size": {"type": "integer", "minimum": 1, "maximum": 100},
        "after": {"type": "string"},
        "status": {"anyOf": [{"type": "array", "items": STATES}, {"type": "null"}]},
        "metadata": {"anyOf": [{"type": "object", "additionalProperties": True}, {"type": "null"}]},
        "created_after": {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]},
        "mine": {"type": "boolean"},
    }

    def get(schema: Any, *parameters: dict[str, Any]) -> dict[str, Any]:
        answers = {
            "200": {"description": "ok", "content": {"application/json": {"schema": schema}}},
            "4XX": {"description": "no"},
        }
        return {"get": {"parameters": list(parameters), "responses": answers}}

    def in_path(name: str) -> dict[str, Any]:
        return {"name": name, "in": "path", "required": True, "schema": UUID}

    made = {
        "openapi": "3.1.0",
        "info": {"title": "Jobs", "version": "1"},
        "paths": {
            "/v1/batch/jobs": get(
                listed, *({"name": name, "in": "query", "schema": one} for name, one in queries.items())
            ),
            "/v1/batch/jobs/{job_id}": get(job, in_path("job_id")),
            "/v1/files": get(files),
            "/v1/files/{file_id}": get({"allOf": [file, gone]}, in_path("file_id")),
        },
    }
    return compile_contract(
        parse_document(json.dumps(made, indent=1).encode(), "jobs.json"), choice=OperationChoice(operations="read")
    )


def test_what_a_parameter_does_not_admit_is_asked_of_that_parameter() -> None:
    plan = build_plan(jobs(), [SHOWN], exploration="standard", seed=None, loopback=True)
    asked = {probe.name: probe.query for probe in plan.probes if probe.chapter == "queries"}
    assert asked["list_invalid_page_size_no_number"].startswith("page_size=")
    assert not any(query.startswith(("page=", "created=", "metadata=")) for query in asked.values())


def test_a_mock_keeps_a_document_with_lists_in_its_queries_and_ids_that_are_uuids(
    runner_for: Callable[[Contract], DriftRunner],
) -> None:
    observed = runner_for(jobs()).try_out()
    assert observed.verdict == "conforms"
    assert [
        one for one in observed.findings if one.rule.startswith(("listing.", "results.")) or one.level != "info"
    ] == []
