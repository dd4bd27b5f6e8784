"""The drifts that the mock can be given by name."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from batch_conformance.mock import pages
from batch_conformance.mock.drift import Drift, in_order
from batch_conformance.mock.fleet import Batch, Step
from batch_conformance.mock.message import Reply, body_json
from batch_conformance.mock.visit import Visit

_LARGE = 2048


_TRACE = "Traceback (most recent call last):\n  File \"server.py\", line 88, in get_batch\nKeyError: 'batch'"
_OPENAI_ERROR: dict[str, Any] = {
    "error": {
        "message": "No batch found with that id.",
        "type": "invalid_request_error",
        "param": None,
        "code": "batch_not_found",
    }
}


class DriftError(ValueError):
    """A name that no drift has. Its text is one line that names what there is."""


def select(names: Iterable[str]) -> tuple[Drift, ...]:
    """The drifts of these names, in the order in which they apply. Raises ``DriftError`` for an unknown name."""
    wanted = tuple(dict.fromkeys(names))
    for name in wanted:
        if name not in DRIFTS:
            raise DriftError(f"no drift is named {name!r}; there are: {', '.join(sorted(DRIFTS))}")
    return in_order(DRIFTS[name] for name in wanted)


def _of_batch(change: Callable[[Visit, dict[str, Any]], None]) -> Callable[[Visit, Reply], Reply]:
    """Changes the object of every answered batch in place."""

    def apply(visit: Visit, reply: Reply) -> Reply:
        if reply.status != 200:
            return reply
        batch = json.loads(reply.body)
        change(visit, batch)
        return replace(reply, body=body_json(batch))

    return apply


def _to_status(status: int, change: Callable[[Reply], Reply]) -> Callable[[Visit, Reply], Reply]:
    """Changes every reply of one status."""
    return lambda _, reply: change(reply) if reply.status == status else reply


def _created_at_string(_: Visit, batch: dict[str, Any]) -> None:
    batch["created_at"] = str(batch["created_at"])


def _object_missing(_: Visit, batch: dict[str, Any]) -> None:
    del batch["object"]


def _expires_at_milliseconds(_: Visit, batch: dict[str, Any]) -> None:
    if "expires_at" in batch:
        batch["expires_at"] *= 1000


def _undocumented_file_name(_: Visit, batch: dict[str, Any]) -> None:
    batch["file_name"] = "requests_name.json"


def _status_upper_case(_: Visit, batch: dict[str, Any]) -> None:
    if batch["status"] == "completed":
        batch["status"] = "COMPLETED"


def _nan_in_metadata(_: Visit, batch: dict[str, Any]) -> None:
    # In one batch only: nothing else of a body can be judged once it cannot be read.
    if "customer" in (batch.get("metadata") or {}):
        batch["metadata"]["score"] = float("nan")


def _counts_too_high(_: Visit, batch: dict[str, Any]) -> None:
    counts = batch.get("request_counts") or {"total": 0}
    if counts["total"] and counts["total"] == counts["completed"] + counts["failed"]:
        counts["failed"] += 1


def _status_goes_back(visit: Visit, batch: dict[str, Any]) -> None:
    # Without finalizing_at in any of the reads, the state going back is the only thing wrong.
    if visit.batch is not None and not visit.batch.progresses and batch["status"] == "finalizing":
        batch.pop("finalizing_at", None)
        if visit.reads % 2 == 0:
            batch["status"] = "in_progress"


def _input_file_changes(visit: Visit, batch: dict[str, Any]) -> None:
    batch["input_file_id"] += f"-{visit.reads % 2}"


def _duplicate_status(_: Visit, reply: Reply) -> Reply:
    if reply.status != 200:
        return reply
    status = json.loads(reply.body)["status"]
    return replace(reply, body=reply.body[:-1] + b',"status":' + body_json(status) + b"}")


def _rests_in(visit: Visit, state: str) -> bool:
    """Whether the batch asked for is in a state, and stays there."""
    batch = visit.batch
    return batch is not None and not batch.progresses and batch.at()["status"] == state


def _accepted_202(visit: Visit, reply: Reply) -> Reply:
    return replace(reply, status=202) if reply.status == 200 and _rests_in(visit, "in_queue") else reply


def _html_media_type(visit: Visit, reply: Reply) -> Reply:
    if reply.status != 200 or not _rests_in(visit, "in_progress"):
        return reply
    return reply.with_header("Content-Type", "text/html; charset=utf-8")


def _other_batch(visit: Visit, reply: Reply) -> Reply:
    if reply.status != 200 or visit.batch is None:
        return reply
    place = visit.fleet.index(visit.batch)
    return visit.showing(visit.fleet[(place + 1) % len(visit.fleet)])


def _unknown_id_answered(visit: Visit, reply: Reply) -> Reply:
    if reply.status != 404 or visit.asked is None or visit.forced is not None or not visit.reading:
        return reply
    fields = {**visit.fleet[0].steps[0].fields, "id": visit.asked}
    return visit.showing(Batch(visit.asked, "made up", (Step(0.0, fields),)))


def _case_ignored(visit: Visit, reply: Reply) -> Reply:
    if reply.status != 404 or visit.asked is None or visit.forced is not None or not visit.reading:
        return reply
    meant = next((batch for batch in visit.fleet if batch.id.lower() == visit.asked.lower()), None)
    return visit.showing(meant) if meant else reply


def _let_in(credential: str) -> Callable[[Visit, Reply], Reply]:
    return lambda visit, reply: visit.authorised() if visit.credential == credential else reply


def _body_cut_short(_: Visit, reply: Reply) -> Reply:
    if reply.status != 200 or len(reply.body) < _LARGE or reply.header("content-encoding"):
        return reply
    return replace(reply, wire=replace(reply.wire, content_length=len(reply.body), cut=len(reply.body) // 2))


def _with_trace(reply: Reply) -> Reply:
    body = json.loads(reply.body)
    leaking = {"error": {**body["error"], "message": _TRACE}} if isinstance(body, dict) else _TRACE
    return replace(reply, body=body_json(leaking))


def _overloaded(_: Visit, reply: Reply) -> Reply:
    return replace(reply, status=503, body=body_json({**pages.TOO_BUSY.body, "data": ""}))


_ALL: tuple[Drift, ...] = (
    Drift(
        "created_at_string",
        "a time is sent as a string of digits",
        "body.type",
        "200",
        "/created_at",
        "the document: created_at is an integer",
        "value",
        _of_batch(_created_at_string),
    ),
    Drift(
        "object_missing",
        "a property of every vendor example is left out",
        "body.required",
        "200",
        "/object",
        "the vendor's create, retrieve, list and guide examples all have it",
        "value",
        _of_batch(_object_missing),
    ),
    Drift(
        "undocumented_file_name",
        "a property that only the list page shows",
        "body.undeclared",
        "200",
        "/file_name",
        "the document's 200 schema has no file_name; " + pages.LISTED.source + " shows it for the list",
        "value",
        _of_batch(_undocumented_file_name),
    ),
    Drift(
        "status_upper_case",
        "a state is written in upper case",
        "body.known_value",
        "200",
        "/status",
        "the guide's list of states is in lower case; other vendors send upper case",
        "value",
        _of_batch(_status_upper_case),
    ),
    Drift(
        "accepted_202",
        "queued batches are answered with 202",
        "response.status",
        "202",
        "",
        "the document lists 200 as the only success",
        "text",
        _accepted_202,
    ),
    Drift(
        "html_media_type",
        "a batch in progress is labelled as HTML",
        "response.media_type",
        "200",
        "",
        "the document: 200 is application/json",
        "text",
        _html_media_type,
    ),
    Drift(
        "duplicate_status",
        "a key stands twice in the object",
        "json.duplicate_key",
        "200",
        "/status",
        "RFC 8259 section 4",
        "text",
        _duplicate_status,
    ),
    Drift(
        "nan_in_metadata",
        "a number in metadata is written as NaN",
        "json.invalid",
        "200",
        "",
        "RFC 8259 section 6",
        "value",
        _of_batch(_nan_in_metadata),
    ),
    Drift(
        "other_batch",
        "the next batch is answered instead of the one asked for",
        "identity.other_batch",
        "200",
        "/id",
        "the document: the batch object matching the specified ID",
        "answer",
        _other_batch,
    ),
    Drift(
        "unknown_id_answered",
        "any id is answered with a batch",
        "identity.unknown_answered",
        "200",
        "",
        "the document: 404",
        "answer",
        _unknown_id_answered,
    ),
    Drift(
        "case_ignored",
        "ids are found whatever their case",
        "identity.neighbour_answered",
        "200",
        "",
        "RFC 3986 section 6.2.2.1: paths are case-sensitive",
        "answer",
        _case_ignored,
    ),
    Drift(
        "token_not_required",
        "requests without credentials are answered",
        "auth.missing_accepted",
        "401",
        "",
        "the document: security bearerAuth",
        "answer",
        _let_in("missing"),
    ),
    Drift(
        "any_token",
        "any bearer token is accepted",
        "auth.wrong_token_accepted",
        "401",
        "",
        "the document: security bearerAuth",
        "answer",
        _let_in("wrong"),
    ),
    Drift(
        "no_challenge",
        "401 comes without WWW-Authenticate",
        "auth.challenge_missing",
        "401",
        "",
        "RFC 9110 section 15.5.2",
        "text",
        _to_status(401, lambda reply: reply.without_header("WWW-Authenticate")),
    ),
    Drift(
        "no_allow",
        "405 comes without Allow",
        "method.allow_missing",
        "405",
        "",
        "RFC 9110 section 15.5.6",
        "text",
        _to_status(405, lambda reply: reply.without_header("Allow")),
    ),
    Drift(
        "expires_at_milliseconds",
        "a time is sent in milliseconds",
        "time.magnitude",
        "200",
        "/expires_at",
        "the document's example is in seconds; Bella-queue sends milliseconds",
        "value",
        _of_batch(_expires_at_milliseconds),
    ),
    Drift(
        "counts_too_high",
        "a batch that is done counts more requests than it has",
        "counts.sum",
        "200",
        "/request_counts",
        "the guide: total is completed and failed; aibrix#2253 counted failures twice",
        "value",
        _of_batch(_counts_too_high),
    ),
    Drift(
        "status_goes_back",
        "every other read of a finalizing batch says in_progress",
        "state.regressed",
        "200",
        "/status",
        "the guide: in_progress comes before finalizing",
        "value",
        _of_batch(_status_goes_back),
    ),
    Drift(
        "input_file_changes",
        "the input file of a batch is another one at every other read",
        "stability.changed",
        "200",
        "/input_file_id",
        "the document: input_file_id is given when the batch is created",
        "value",
        _of_batch(_input_file_changes),
    ),
    Drift(
        "trace_in_404",
        "the 404 body is a stack trace",
        "security.trace_leaked",
        "404",
        "",
        "CWE-209",
        "text",
        _to_status(404, _with_trace),
    ),
    Drift(
        "openai_error_404",
        "the 404 body is OpenAI's error object",
        "body.type",
        "404",
        "",
        "the document: the 404 body is a string",
        "value",
        _to_status(404, lambda reply: replace(reply, body=body_json(_OPENAI_ERROR))),
    ),
    Drift(
        "body_cut_short",
        "large bodies break off in the middle",
        "response.framing",
        "",
        "",
        "RFC 9112 section 8",
        "wire",
        _body_cut_short,
    ),
    Drift(
        "overloaded",
        "everything is answered with 503: an outage, not a drift",
        "",
        "",
        "",
        pages.TOO_BUSY.source,
        "answer",
        _overloaded,
        verdict="inconclusive",
    ),
)

DRIFTS: dict[str, Drift] = {drift.name: drift for drift in _ALL}
"""Every drift by its name."""
