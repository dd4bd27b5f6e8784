"""Ways to run batches that conform, each as some server does it; for mocks that run batches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from batch_conformance.mock.changes_of_batches import Fields, Lines, to_files, to_lines, to_made, to_results
from batch_conformance.mock.drift import Apply, Drift
from batch_conformance.mock.message import Reply
from batch_conformance.mock.received_request import ReceivedRequest


def _unchanged(_received: ReceivedRequest, reply: Reply) -> Reply:
    return reply


def _turned(lines: Lines) -> Lines:
    return lines[::-1]


def _without_last_end(lines: Lines) -> Lines:
    return [*lines[:-1], lines[-1].rstrip(b"\n")] if lines else lines


def _with_carriage_returns(lines: Lines) -> Lines:
    return [line.rstrip(b"\n") + b"\r\n" for line in lines]


def _with_an_empty_line(lines: Lines) -> Lines:
    return [*lines, b"\n"]


def _as_json_lines(_received: ReceivedRequest, reply: Reply) -> Reply:
    return reply.with_header("Content-Type", "application/jsonl")


def _without_status_code(_received: ReceivedRequest, reply: Reply) -> Reply:
    return replace(reply, body=reply.body.replace(b'"status_code":200,', b""))


def _drop_line_count(item: Fields) -> None:
    item.pop("line_count", None)


def _further_pair(batch: Fields) -> None:
    batch["metadata"] = {**(batch.get("metadata") or {}), "customer": "internal"}


def _variant(name: str, title: str, source: str, apply: Apply = _unchanged, **behaviour: Any) -> Drift:
    return Drift(
        name, title, "", "", "", source, "value", apply, verdict="conforms", group="variant", behaviour=behaviour
    )


_OPEN = "no document says otherwise"
_VENDORS: Mapping[str, str] = {
    "sf_sample": "https://docs.siliconflow.cn/cn/api-reference/batch/cancel-batch: its sample",
    "idempotent": "https://docs.qoder.com: cancel is idempotent",
    "openai": "https://platform.openai.com/docs/api-reference/batch/cancel",
    "order": "https://platform.openai.com/docs/guides/batch: the order of lines may differ",
}

BATCH_VARIANTS: tuple[Drift, ...] = (
    _variant("results_turned", "The lines of the results are in another order", _VENDORS["order"], to_lines(_turned)),
    _variant("no_last_line_end", "The last line of the results has no end", _OPEN, to_lines(_without_last_end)),
    _variant("carriage_returns", "The lines of the results end with CRLF", _OPEN, to_lines(_with_carriage_returns)),
    _variant("empty_last_line", "The results have an empty line at the end", _OPEN, to_lines(_with_an_empty_line)),
    _variant("results_as_jsonl", "The results are application/jsonl", _OPEN, to_results("output", _as_json_lines)),
    _variant("no_status_code", "Answers in the results have no status_code",
             "https://docs.siliconflow.cn/cn/userguide/guides/batch", to_results("output", _without_status_code)),
    _variant("no_line_count", "The list of files has no line_count", _OPEN, to_files(_drop_line_count)),
    _variant("further_metadata", "The metadata have a pair of the server's own", _OPEN, to_made(_further_pair)),
    _variant("cancel_finished_200", "To cancel what has ended is answered with it", _VENDORS["idempotent"],
             cancel_finished=200),
    _variant("cancel_finished_400", "To cancel what has ended is refused with 400",
             "https://github.com/CopilotKit/aimock", cancel_finished=400),
    _variant("cancel_finished_409", "To cancel what has ended is refused with 409", _VENDORS["openai"],
             cancel_finished=409),
    _variant("cancel_again_409", "To cancel twice is refused with 409", _VENDORS["openai"], cancel_again=409),
    _variant("cancelled_at_once", "A batch is cancelled at once", _OPEN, cancel_at_once=True),
    _variant("cancel_tells_before", "A batch is answered as it was, and cancelled later", _VENDORS["sf_sample"],
             cancel_tells_before=True),
    _variant("bad_lines_fail", "A file with a line that is none makes a batch that fails", _VENDORS["openai"],
             bad_lines="failed"),
    _variant("empty_files_named", "Files of results are named also where they are empty", _OPEN,
             names_empty_files=True),
    _variant("completed_at_once", "A batch is completed when it is read for the first time", _OPEN, sudden=True),
    _variant("expires", "A batch expires with half of its requests done",
             "https://docs.siliconflow.cn/cn/userguide/guides/batch: expired", expires=True),
    _variant("a_request_fails", "A request fails", _OPEN, failing=1),
    _variant("all_requests_fail", "All requests fail", "https://github.com/BerriAI/litellm/issues/33987", failing=99),
    _variant("partial_output_lost", "What was done before a batch was cancelled cannot be fetched",
             "https://github.com/llm-d-incubation/llm-d-batch-gateway/issues/121", keeps_partial=False),
)  # fmt: skip
"""Batches that are run in another way. That partial results are kept no document promises."""
