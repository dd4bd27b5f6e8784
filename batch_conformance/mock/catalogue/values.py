"""Drifts of single values of a batch: types, known values, what is undocumented, empty, or counts wrongly."""

from __future__ import annotations

from typing import Any

from batch_conformance.mock import pages
from batch_conformance.mock.changes import always, at_rest, in_state, of_batch, putting
from batch_conformance.mock.drift import Drift
from batch_conformance.mock.received_request import ReceivedRequest

_STATES = "the guide's list of states: https://docs.siliconflow.cn/cn/userguide/guides/batch"
_ERRORS = "the document: errors is an array of strings; "
_COUNTS = "the guide: request_counts has total, completed and failed; "


def _counting(when: Any = always, **counts: int) -> Any:
    """Puts counts into the request counts that are there."""

    def change(_: ReceivedRequest, batch: dict[str, Any]) -> None:
        if batch.get("request_counts"):
            batch["request_counts"].update(counts)

    return of_batch(change, when)


def _flat_counts(_: ReceivedRequest, batch: dict[str, Any]) -> None:
    counts = batch.pop("request_counts", None) or {}
    batch.update({f"{name}_requests": counts.get(name, 0) for name in ("total", "completed", "failed")})


def _one_more(name: str, by: int) -> Any:
    def change(_: ReceivedRequest, batch: dict[str, Any]) -> None:
        counts = batch.get("request_counts") or {"total": 0}
        if counts["total"]:
            counts[name] += by

    return change


DRIFTS: tuple[Drift, ...] = (
    Drift("created_at_string", "a time is sent as a string of digits", "body.type", "200", "/created_at",
          "the document: created_at is an integer", "value",
          putting(created_at=lambda batch: str(batch["created_at"]))),
    Drift("errors_string", "the errors of a failed batch are one text", "body.type", "200", "/errors",
          _ERRORS + "Cerebras' failed example", "value",
          putting(in_state("failed"), errors="Model 'x' is not supported for batch.")),
    Drift("errors_openai", "errors is OpenAI's list object", "body.type", "200", "/errors",
          _ERRORS + "openai/openai-openapi: errors", "value",
          putting(in_state("failed"), errors={"object": "list", "data": [{"code": "invalid_json_line", "line": 1}]})),
    Drift("errors_objects", "errors is an array of objects", "body.type", "200", "/errors/*",
          _ERRORS + "digitalocean/openapi", "value",
          putting(in_state("failed"), errors=[{"code": "invalid", "message": "not JSON", "line": 1}])),
    Drift("counts_number", "request_counts is one number", "body.type", "200", "/request_counts",
          "the document: request_counts is an object; Zhipu documents an integer", "value",
          putting(lambda _, batch: bool(batch.get("request_counts")), request_counts=100),
          because="what was inside the object is never seen"),
    Drift("counts_flat", "the counts stand in the batch itself", "body.undeclared", "200", "/total_requests",
          "vllm-project/production-stack: total_requests, completed_requests, failed_requests", "value",
          of_batch(_flat_counts), also=("body.undeclared", "body.seen"),
          because="three undocumented properties, and the documented one is gone"),
    Drift("counts_extra_bucket", "a count that nobody documents", "body.undeclared", "200", "/request_counts/cancelled",
          _COUNTS + "567-labs/instructor#2529", "value", _counting(cancelled=0)),
    Drift("counts_too_high", "a batch that is done counts more requests than it has", "counts.sum", "200",
          "/request_counts", _COUNTS + "vllm-project/aibrix#2253 counted failures twice", "value",
          of_batch(_one_more("failed", 1), at_rest("completed"))),
    Drift("counts_too_low", "a batch that is completed has not counted all of its requests", "counts.sum", "200",
          "/request_counts", _COUNTS + "equality holds for completed: litellm#36034", "value",
          of_batch(_one_more("completed", -1), at_rest("completed"))),
    Drift("counts_negative", "a count is -1 until it is known", "counts.sum", "200", "/request_counts",
          _COUNTS + "a count is never negative", "value", _counting(at_rest("cancelling"), failed=-1)),
    Drift("undocumented_file_name", "a property that only the list page shows", "body.undeclared", "200", "/file_name",
          "the document's 200 schema has no file_name; " + pages.LISTED.source + " shows it for the list", "value",
          putting(file_name="requests_name.json")),
    Drift("undocumented_usage", "an undocumented object, once a batch is completed", "body.undeclared", "200", "/usage",
          "openai/openai-openapi has usage, the document has not", "value",
          putting(in_state("completed"), usage={"input_tokens": 1, "output_tokens": 2})),
    Drift("undocumented_when_failed", "an undocumented reason, only for failed batches", "body.undeclared", "200",
          "/failure_reason", "the document's 200 schema has no such property", "value",
          putting(in_state("failed"), failure_reason=None)),
    Drift("status_upper_case", "a state is written in upper case", "body.known_value", "200", "/status",
          _STATES + "; kluster-ai/klusterai-cookbook#3", "value", putting(in_state("completed"), status="COMPLETED")),
    Drift("status_progress", "a running batch is in PROGRESS", "body.known_value", "200", "/status",
          _STATES + "; novita.ai: PROGRESS", "value", putting(at_rest("in_progress"), status="PROGRESS")),
    Drift("status_canceled", "cancelled is spelled with one l", "body.known_value", "200", "/status",
          _STATES + "; kluster-ai/klusterai-cookbook#3: canceled", "value",
          putting(in_state("cancelled"), status="canceled")),
    Drift("status_queued", "a waiting batch is queued", "body.known_value", "200", "/status",
          _STATES + "; deltawi/deltallm#153: callers retried and made duplicates", "value",
          putting(at_rest("in_queue"), status="queued")),
    Drift("status_empty", "the state of an expired batch is empty", "body.known_value", "200", "/status", _STATES,
          "value", putting(in_state("expired"), status="")),
    Drift("object_renamed_value", "object says batch_job", "body.known_value", "200", "/object",
          "every vendor example says batch", "value", putting(object="batch_job")),
    Drift("empty_error_file", "an unset file is an empty string", "value.empty_string", "200", "/error_file_id",
          "tobert/kaibo#93: a client asked for the file of that name", "value",
          putting(lambda _, batch: "error_file_id" not in batch, error_file_id="")),
    Drift("empty_output_file", "an unset file is an empty string while a batch runs", "value.empty_string", "200",
          "/output_file_id", "novita.ai: empty until done", "value", putting(at_rest("in_progress"), output_file_id="")),
    Drift("metadata_text", "metadata comes back as the text of its JSON", "body.type", "200", "/metadata",
          "the document: metadata is an object", "value", putting(at_rest("validating"), metadata='{"a":"b"}')),
    Drift("deep_null", "a count is null until it is known", "body.type", "200", "/request_counts/failed",
          _COUNTS + "none of them null", "value",
          putting(at_rest("in_progress"), request_counts={"total": 40, "completed": 12, "failed": None})),
)  # fmt: skip
"""Drifts of single values."""
