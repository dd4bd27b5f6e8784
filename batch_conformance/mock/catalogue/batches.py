"""Ways to run batches wrongly, for mocks that run them: what goes wrong between the operations of a batch API."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from batch_conformance.mock.api_spec import CallRole
from batch_conformance.mock.catalogue.variants_of_batches import BATCH_VARIANTS
from batch_conformance.mock.changes_of_batches import (
    Fields,
    Lines,
    fetched,
    to_answer,
    to_files,
    to_lines,
    to_made,
    to_objects,
    to_results,
)
from batch_conformance.mock.drift import Apply, Drift, Verdict
from batch_conformance.mock.message import Reply, body_json
from batch_conformance.mock.received_request import ReceivedRequest

if TYPE_CHECKING:  # the mock's own process does without the half of the project that reads contracts
    from batch_conformance.contract.contract import Contract
    from batch_conformance.contract.operation import Operation

_FILES = "https://platform.openai.com/docs/api-reference/files/object"
_BATCHES = "https://platform.openai.com/docs/api-reference/batch"
_GUIDE = "https://platform.openai.com/docs/guides/batch: each line of the results is of one request"
_SIXTY_LINES = "https://github.com/llm-d-incubation/llm-d-batch-gateway/issues/504: 40 lines for 25 requests"
_STATES = "https://platform.openai.com/docs/guides/batch: the states of a batch"
_REFUSALS = "https://github.com/ogx-ai/ogx: tests/integration/batches/test_batches_errors.py"
_RFC_6750 = "RFC 6750 section 3.1"

_WITH_THE_STATE = "what a batch tells of itself goes with its state"
_OUTPUT, _STATE = "/output_file_id", "/status"


def _unchanged(_received: ReceivedRequest, reply: Reply) -> Reply:
    """What a drift changes of the replies that is one of behaviour alone."""
    return reply


def _entry(  # noqa: PLR0917 - an entry of a table, in the order of a Drift
    name: str,
    title: str,
    rule: str,
    place: str,
    source: str,
    apply: Apply = _unchanged,
    *,
    status: str = "200",
    also: tuple[str, ...] = (),
    because: str = "",
    verdict: Verdict = "drift",
    **behaviour: Any,
) -> Drift:
    """A drift at a place of a success."""
    more: dict[str, Any] = {"also": also, "because": because, "behaviour": behaviour}
    return Drift(name, title, rule, status, place, source, "value", apply, verdict, **more)


def _whole(name: str, title: str, rule: str, source: str, apply: Apply = _unchanged, **more: Any) -> Drift:
    """A drift of an operation as a whole."""
    return _entry(name, title, rule, "", source, apply, status="", **more)


def _put(member: str, value: Any) -> Callable[[Fields], object]:
    """Puts another value where there is one; a callable is called with the one that there is."""

    def change(holder: Fields) -> None:
        if member in holder:
            holder[member] = value(holder[member]) if callable(value) else value

    return change


def _counts_one_more(batch: Fields) -> None:
    counts = batch.get("request_counts")
    if batch.get("status") == "completed" and isinstance(counts, dict):
        batch["request_counts"] = {**counts, "total": counts["total"] + 1, "completed": counts["completed"] + 1}


def _three_fifths(lines: Lines) -> Lines:
    return lines[: len(lines) * 3 // 5]


def _eight_fifths(lines: Lines) -> Lines:
    return [*lines, *lines[: math.ceil(len(lines) * 3 / 5)]]


def _id_of_the_first(lines: Lines) -> Lines:
    """The last line has the id of the first; where that is the last itself, it is there twice."""
    if len(lines) < 2:
        return lines * 2
    first, last = json.loads(lines[0]), json.loads(lines[-1])
    return [*lines[:-1], body_json({**last, "custom_id": first["custom_id"]}) + b"\n"]


def _of_another(lines: Lines) -> Lines:
    renamed = ({**json.loads(line), "custom_id": f"another-{number}"} for number, line in enumerate(lines))
    return [body_json(line) + b"\n" for line in renamed]


def _cut(lines: Lines) -> Lines:
    return [*lines[:-1], lines[-1][: len(lines[-1]) // 2]] if lines else lines


def _drop_id(line: Fields) -> None:
    del line["custom_id"]


def _with_both(line: Fields) -> None:
    line["error"] = {"code": "server_error", "message": "The server had an error."}


def _with_neither(line: Fields) -> None:
    line["response"] = None


def _body_in_a_text(line: Fields) -> None:
    if isinstance(line["response"], dict):
        line["response"] = {**line["response"], "body": body_json(line["response"]["body"]).decode()}


def _answered_anew(received: ReceivedRequest, reply: Reply) -> Reply:
    """Each time it is fetched, the answers are others."""
    return replace(reply, body=reply.body.replace(b'"Yes"', f'"Yes {received.number}"'.encode()))


def _refused_results(received: ReceivedRequest, reply: Reply) -> Reply:
    if fetched(received) != "output" or reply.status != 200:
        return reply
    return replace(reply, status=404, body=b"").with_header("Content-Type", "text/plain")


def _for_the_key_alone(received: ReceivedRequest, reply: Reply) -> Reply:
    if received.place != "result" or received.credential == "valid":
        return reply
    return replace(reply, status=401, body=b"").with_header("Content-Type", "text/plain")


def _without_credential(role: CallRole) -> Apply:
    def apply(received: ReceivedRequest, reply: Reply) -> Reply:
        asked = received.called
        is_open = asked is not None and asked.call.role == role and received.credential != "valid"
        return received.authorised() if is_open else reply

    return apply


def _server_error(role: CallRole, *statuses: int) -> Apply:
    """Refusals of a call are taken for the server's own fault."""

    def apply(received: ReceivedRequest, reply: Reply) -> Reply:
        asked = received.called
        if asked is None or asked.call.role != role or reply.status not in statuses:
            return reply
        return replace(reply, status=500, body=body_json({"message": "list index out of range"}))

    return apply


def _any_id_cancelled(received: ReceivedRequest, reply: Reply) -> Reply:
    asked = received.called
    if asked is None or asked.call.role != "cancel" or reply.status != 404:
        return reply
    body = {**received.batches[0].at(), "id": asked.id, "status": "cancelling"}
    return replace(reply, status=200, body=body_json(body)).with_header("Content-Type", "application/json")


BATCH_DRIFTS: tuple[Drift, ...] = (
    _entry("upload_other_bytes", "An upload is answered with another size", "upload.as_sent", "/data/bytes",
           _FILES, to_answer("upload", _put("bytes", lambda size: size - 1))),
    _entry("upload_other_name", "An upload is answered with another name", "upload.as_sent", "/data/filename",
           _FILES, to_answer("upload", _put("filename", "upload.bin"))),
    _entry("upload_other_purpose", "An upload is answered with another purpose", "upload.as_sent", "/data/purpose",
           _FILES, to_answer("upload", _put("purpose", "fine-tune"))),
    _entry("upload_not_listed", "A file that was uploaded is not listed", "upload.listed", "/data/data",
           "the summary of the operation", unlisted="files"),
    _entry("line_count_of_bytes", "The list has another number of lines", "upload.item", "/data/data/*/line_count",
           "https://docs.siliconflow.cn/cn/api-reference/batch/get-file-list: line_count",
           to_files(_put("line_count", lambda count: count + 1))),
    _entry("listed_other_bytes", "The list has another size of a file", "upload.item", "/data/data/*/bytes",
           _FILES, to_files(_put("bytes", lambda size: size + 1))),
    _entry("create_other_endpoint", "A batch is made for another endpoint", "create.as_asked", "/endpoint",
           _BATCHES, to_answer("create", _put("endpoint", "/v1/embeddings"))),
    _entry("create_other_window", "A batch is made with another window", "create.as_asked", "/completion_window",
           _BATCHES, to_answer("create", _put("completion_window", "336h"))),
    _entry("create_other_file", "A batch is made of another file", "create.as_asked", "/input_file_id",
           _BATCHES, to_answer("create", _put("input_file_id", "file-kkhtqklcnm"))),
    _entry("create_loses_metadata", "A batch is made without its metadata", "create.as_asked", "/metadata",
           _BATCHES, to_answer("create", _put("metadata", {}))),
    _entry("made_at_another_time", "A batch is read with another time than it was made at", "create.read_back",
           "/created_at", _BATCHES, to_made(_put("created_at", lambda moment: moment - 60)),
           also=("listing.item_differs",)),
    _entry("made_of_another_file", "A batch is read with another file than it was made of", "create.read_back",
           "/input_file_id", _BATCHES, to_made(_put("input_file_id", "file-kkhtqklcnm")),
           also=("listing.item_differs",)),
    _entry("made_not_found", "A batch that was made is never found", "create.read_back", "",
           "https://github.com/anthropics/anthropic-sdk-python/issues/1432", lost=True),
    _entry("made_not_listed", "A batch that was made is never listed", "listing.known_missing", "/data",
           "the summary of the operation", unlisted="batches"),
    _entry("completed_goes_on", "A batch is in progress after it was completed", "state.regressed", _STATE,
           _STATES, also=("cancel.ended", "state.timestamp_early"), because=_WITH_THE_STATE, returns=True),
    _entry("counts_one_more", "A batch counts a request more than there were", "result_lines.counts",
           "/request_counts/total", _GUIDE, to_made(_counts_one_more), also=("result_lines.counts",)),
    _entry("lines_missing", "Of 25 requests 15 have a line", "result_lines.custom_ids", _OUTPUT,
           "https://github.com/llm-d-incubation/llm-d-batch-gateway/issues/221", to_lines(_three_fifths)),
    _entry("lines_too_many", "25 requests have 40 lines", "result_lines.custom_ids", _OUTPUT,
           _SIXTY_LINES, to_lines(_eight_fifths)),
    _entry("custom_id_twice", "Two lines have one custom_id", "result_lines.custom_ids", _OUTPUT,
           "https://github.com/googleapis/python-genai/issues/1909", to_lines(_id_of_the_first)),
    _entry("results_of_another_batch", "The results are those of another batch", "result_lines.custom_ids", _OUTPUT,
           "https://github.com/googleapis/python-genai/issues/1909", to_lines(_of_another)),
    _entry("line_without_custom_id", "A line has no custom_id", "result_lines.form", _OUTPUT,
           _GUIDE, to_objects(_drop_id)),
    _entry("line_with_both", "A line has a response and an error", "result_lines.form", _OUTPUT,
           _GUIDE, to_objects(_with_both), also=("result_lines.counts",)),
    _entry("line_with_neither", "A line has neither response nor error", "result_lines.form", _OUTPUT,
           _GUIDE, to_objects(_with_neither)),
    _entry("body_in_a_text", "The answer in a line is JSON in a text", "result_lines.form", _OUTPUT,
           "OpenAI's BatchRequestOutput (openai-openapi until 2025-06-17): response.body is an object",
           to_objects(_body_in_a_text)),
    _entry("results_cut", "A file of results ends within a line", "result_lines.form", _OUTPUT,
           _GUIDE, to_lines(_cut)),
    _entry("failures_in_output", "A request that failed is among the answers", "result_lines.successes", _OUTPUT,
           _GUIDE, failing=1, failures_in="output"),
    _entry("results_not_there", "A file of results is not there", "result_lines.fetched", _OUTPUT,
           "https://github.com/vllm-project/aibrix/issues/2409", _refused_results),
    _entry("results_for_the_key", "A signed URL asks for the key", "result_lines.fetched", _OUTPUT,
           "a URL that is signed is all that it takes", _for_the_key_alone, also=("result_lines.fetched",)),
    _entry("results_change", "A file of results is another one each time", "result_lines.fetched", _OUTPUT,
           _GUIDE, to_results("output", _answered_anew)),
    _entry("results_named_early", "A file of results is named before there is one", "results.early", _OUTPUT,
           "the vendor's guide", verdict="conforms", named_early=True),
    _whole("malformed_line_runs", "A file with a line that is none is run", "create.bad_request",
           _REFUSALS, because="each way to be wrong is told apart", bad_lines="run"),
    _whole("unknown_file_runs", "A batch is made of a file that nobody has", "create.bad_request",
           _REFUSALS, takes=frozenset({"unknown_file"})),
    _whole("any_endpoint_runs", "A batch is made for an endpoint that is none", "create.bad_request",
           _REFUSALS, takes=frozenset({"wrong_endpoint"})),
    _whole("any_window_runs", "A batch is made with a window that is none", "create.bad_request",
           _REFUSALS, takes=frozenset({"wrong_window"})),
    _whole("bad_request_breaks", "A batch that cannot be is a server error", "create.bad_request",
           "RFC 9110 section 15.6: the fault is the client's", _server_error("create", 400)),
    _whole("upload_needs_no_key", "A file is uploaded without the key", "write.without_key",
           _RFC_6750, _without_credential("upload")),
    _whole("create_needs_no_key", "A batch is made without the key", "write.without_key",
           _RFC_6750, _without_credential("create")),
    _whole("cancel_needs_no_key", "A batch is cancelled without the key", "write.without_key",
           _RFC_6750, _without_credential("cancel")),
    _entry("cancelled_goes_on", "A batch that is cancelling is in progress again", "cancel.effect", _STATE,
           "https://github.com/llm-d-incubation/llm-d-batch-gateway/issues/330", also=("state.regressed",),
           undone="resumes"),
    _entry("cancel_ignored", "A batch that is cancelled goes on, and nothing tells of it", "cancel.effect", _STATE,
           "https://platform.openai.com/docs/api-reference/batch/cancel", undone="ignored"),
    _entry("cancelled_completes", "A batch that is cancelled is completed", "cancel.effect", _STATE,
           "https://github.com/rmyndharis/OpenWA/issues/286: the worker overwrites cancelled",
           also=("state.regressed", "cancel.ended", "stability.changed"), because=_WITH_THE_STATE, undone="completes"),
    _entry("cancel_of_another", "Another batch is cancelled", "cancel.effect", "/id",
           _BATCHES, to_answer("cancel", _put("id", "batch_wjqopfncal"))),
    _whole("cancel_again_breaks", "To cancel twice is a server error", "cancel.again",
           "https://github.com/llm-d-incubation/llm-d-batch-gateway/issues/300", also=("cancel.ended",),
           cancel_again=500),
    _whole("cancel_changes_the_end", "A batch that has ended is cancelled", "cancel.ended",
           "an end is one", also=("state.regressed", "stability.changed"), cancels_finished=True),
    _whole("cancel_finished_breaks", "To cancel what has ended is a server error", "cancel.ended",
           "RFC 9110 section 15.6: the fault is the client's", also=("cancel.again",), cancel_finished=500),
    _whole("any_id_cancelled", "An id that nobody has is cancelled", "cancel.unknown",
           "RFC 9110 section 15.5.5", _any_id_cancelled),
)  # fmt: skip
"""Batches that are run wrongly. Pointers are those of SiliconFlow's batch API."""


def batch_drifts(contract: Contract) -> Iterator[Drift]:
    """The entries that a mock of a contract can show that runs batches, at the places that it has."""
    operations = {one.role: one for one in contract.every}
    upload, create, files, made_list = (operations.get(one) for one in ("upload", "create", "files", "list"))
    if not contract.writes or upload is None or create is None:
        return
    places = {**_own_places(contract.chosen), **_places_of(create, _ECHOED), **_file_places(upload, files)}
    if made_list is not None and made_list.listing is not None:
        places["/data"] = made_list.listing.items
    signed = "content" not in contract.parts
    for drift in (*BATCH_DRIFTS, *BATCH_VARIANTS):
        if drift.name == "results_for_the_key" and not signed:
            continue
        if drift.rule == "write.without_key" and not create.secured:
            continue
        if drift.rule.startswith("cancel.") and "cancel" not in operations:
            continue
        if not drift.pointer:
            yield drift
        elif drift.pointer in places:
            yield replace(drift, pointer=places[drift.pointer])


_ECHOED = ("endpoint", "input_file_id", "completion_window", "metadata")


def _own_places(operation: Operation) -> dict[str, str]:
    """The places of what a batch has, by what SiliconFlow calls them."""
    roles = operation.roles
    found = {"/id": roles.identity, "/status": roles.state, "/created_at": roles.created}
    found["/output_file_id"] = next((one for one in roles.results if "error" not in one), None)
    found["/request_counts/total"] = roles.counts.total if roles.counts is not None else None
    return {place: pointer for place, pointer in found.items() if pointer is not None}


def _places_of(operation: Operation, names: tuple[str, ...]) -> dict[str, str]:
    declared = _declared(operation)
    return {f"/{name}": f"/{name}" for name in names if f"/{name}" in declared}


def _file_places(upload: Operation, files: Operation | None) -> dict[str, str]:
    declared = _declared(upload)
    around = "/data" if "/id" not in declared and "/data/id" in declared else ""
    names = ("bytes", "filename", "purpose")
    found = {f"/data/{name}": f"{around}/{name}" for name in names if f"{around}/{name}" in declared}
    if files is not None and files.listing is not None:
        items = files.listing.items
        listed = _declared(files)
        found["/data/data"] = items
        found |= {
            f"/data/data/*/{name}": f"{items}/*/{name}"
            for name in ("bytes", "line_count")
            if f"{items}/*/{name}" in listed
        }
    return found


def _declared(operation: Operation) -> set[str]:
    """The places that the success of an operation declares."""
    success = operation.response_for(200)
    schemas = success.content.values() if success is not None else ()
    return {place.pointer for schema in schemas if schema is not None for place in schema.properties}
