"""Drifts of whole bodies: what is sent is not the documented object, or is no JSON."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from batch_conformance.mock import pages
from batch_conformance.mock.changes import (
    NGINX,
    at_rest,
    dropping,
    in_state,
    labelled,
    of_batch,
    relabelled,
    rewriting,
    saying,
    sending,
    to_success,
)
from batch_conformance.mock.drift import Drift
from batch_conformance.mock.message import Reply, body_json
from batch_conformance.mock.received_request import ReceivedRequest

_SCHEMA = "the document: the 200 body is an object with the properties of a batch"
_JSON = "RFC 8259 section 2"


def _around(make: Any) -> Any:
    """Wraps the batch in another value."""
    return to_success(lambda reply: replace(reply, body=body_json(make(json.loads(reply.body)))))


def _xai(batch: dict[str, Any]) -> dict[str, Any]:
    return {
        "batch_id": batch["id"],
        "name": "nightly",
        "create_time": "2026-03-25T10:33:11Z",
        "expire_time": "2026-03-26T10:33:11Z",
        "create_api_key_id": "key-1",
        "cancel_time": None,
        "cancel_by_xai_message": None,
        "input_file_id": batch["input_file_id"],
        "state": {"num_requests": 3, "num_pending": 0, "num_success": 3, "num_error": 0, "num_cancelled": 0},
    }


def _together(batch: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": batch["id"],
        "user_id": "user-1",
        "input_file_id": batch["input_file_id"],
        "file_size_bytes": 8509,
        "status": batch["status"].upper(),
        "job_deadline": "2026-03-26T10:33:11Z",
        "endpoint": batch["endpoint"],
        "progress": 100.0,
        "model_id": "model-1",
        "output_file_id": None,
        "error_file_id": None,
        "error": "",
        "created_at": "2026-03-25T10:33:11Z",
    }


def _camel(batch: dict[str, Any]) -> dict[str, Any]:
    def name(text: str) -> str:
        first, *rest = text.split("_")
        return first + "".join(map(str.capitalize, rest))

    return {name(key): value for key, value in batch.items()}


def _renamed_id(_: ReceivedRequest, batch: dict[str, Any]) -> None:
    batch["batch_id"] = batch.pop("id")


def _score(value: float) -> Any:
    """Puts a number that JSON does not have into the metadata of one batch: nothing else of it can be read then."""
    return of_batch(lambda _, batch: batch["metadata"].update(score=value), lambda _, batch: _is_spoken(batch))


def _is_spoken(batch: dict[str, Any]) -> bool:
    """The batch with metadata in many scripts."""
    return "customer" in (batch.get("metadata") or {})


def _twice(name: str, value: Any = None) -> Any:
    def change(reply: Reply) -> Reply:
        member = json.loads(reply.body)[name] if value is None else value
        return replace(reply, body=reply.body[:-1] + f',"{name}":'.encode() + body_json(member) + b"}")

    return to_success(change)


def _duplicate_in_metadata(_: ReceivedRequest, reply: Reply) -> Reply:
    if reply.status != 200:
        return reply
    return replace(reply, body=reply.body.replace(b'"metadata":{', b'"metadata":{"description":"first",', 1))


_SPOKEN = lambda _received, batch: _is_spoken(batch)  # noqa: E731 - a predicate beside its kin


DRIFTS: tuple[Drift, ...] = (
    Drift(
        "enveloped_data",
        "the batch is inside `data`, as the vendor's upload endpoint wraps its file",
        "body.enveloped",
        "200",
        "",
        pages.UPLOADED.source,
        "value",
        _around(lambda batch: {"code": 20000, "message": "Ok", "status": True, "data": batch}),
        whole=True,
    ),
    Drift(
        "enveloped_batch",
        "the batch is inside `batch`, in one state only",
        "body.enveloped",
        "200",
        "",
        "Cohere's GET /v2/batches/{id}: docs.cohere.com/reference/get-batch",
        "value",
        to_success(
            lambda reply: replace(reply, body=body_json({"batch": json.loads(reply.body)})), at_rest("cancelling")
        ),
    ),
    Drift(
        "list_object",
        "a list of one batch is answered",
        "body.enveloped",
        "200",
        "",
        pages.LISTED.source,
        "value",
        _around(lambda batch: {"object": "list", "data": [batch], "has_more": False}),
        whole=True,
    ),
    Drift("bare_list", "the batch is in an array", "body.type", "200", "", _SCHEMA, "value",
          _around(lambda batch: [batch]), whole=True),
    Drift("empty_object", "the object is empty while a batch is finalizing", "body.another_object", "200", "",
          "anchors of the field: a schema without `required` accepts {}; every vendor example has seven properties",
          "value", to_success(saying({}), at_rest("finalizing"))),
    Drift("null_body", "the body is null", "body.type", "200", "", _SCHEMA, "value", to_success(saying(None)),
          whole=True),
    Drift("empty_body", "the body of a failed batch is empty", "json.invalid", "200", "", _JSON, "text",
          to_success(sending(b""), at_rest("failed"))),
    Drift("string_body", "the body is a JSON string", "body.type", "200", "", _SCHEMA, "value", to_success(saying("ok")),
          whole=True),
    Drift("encoded_twice", "the JSON text is inside a JSON string, for expired batches", "body.type", "200", "", _SCHEMA,
          "value", to_success(rewriting(lambda body: body_json(body.decode())), at_rest("expired"))),
    Drift("error_as_success", "an expired batch is an error object under 200", "body.another_object", "200", "",
          "tensorzero/tensorzero#1198", "value",
          to_success(saying({"error": {"message": "Batch has expired.", "type": "gone"}}), at_rest("expired"))),
    Drift("xai_object", "the object is xAI's", "body.another_object", "200", "",
          "docs.x.ai, inference/batches: another object at the same path", "value", _around(_xai), whole=True),
    Drift("together_object", "the object is Together's", "body.another_object", "200", "",
          "togethercomputer/openapi: GET /batches/{id}", "value", _around(_together), whole=True),
    Drift("camel_case", "all names are in camel case", "body.another_object", "200", "",
          "the vendor's upload endpoint answers createdAt: " + pages.UPLOADED.source, "value", _around(_camel),
          whole=True),
    Drift("batch_id_for_id", "the id is called batch_id", "body.required", "200", "/id",
          "digitalocean/openapi: batch_id instead of id", "value", of_batch(_renamed_id), also=("body.undeclared",)),
    Drift("object_missing", "a property of every vendor example is left out", "body.required", "200", "/object",
          "the vendor's create, retrieve, list and guide examples all have it", "value", dropping("object")),
    Drift("endpoint_missing_when_expired", "a property is left out in one state", "body.required", "200", "/endpoint",
          "the vendor's create, retrieve, list and guide examples all have it", "value",
          dropping("endpoint", when=in_state("expired"))),
    Drift("html_success", "a gateway's page is answered for a running batch", "response.media_type", "200", "",
          "the document: 200 is application/json", "text",
          to_success(sending(NGINX, "text/html"), at_rest("in_progress"))),
    Drift("html_media_type", "a batch in progress is labelled as HTML", "response.media_type", "200", "",
          "the document: 200 is application/json", "text",
          to_success(labelled("text/html; charset=utf-8"), at_rest("in_progress"))),
    Drift("html_labelled_json", "an HTML page is labelled as JSON", "json.invalid", "200", "", _JSON, "text",
          to_success(sending(NGINX), at_rest("in_progress"))),
    Drift("python_repr", "the object is written as Python writes it", "json.invalid", "200", "", _JSON, "text",
          to_success(rewriting(lambda body: repr(json.loads(body)).encode()), at_rest("finalizing"))),
    Drift("guarded_json", "the JSON text has a guard before it", "json.invalid", "200", "", _JSON, "text",
          to_success(rewriting(lambda body: b")]}',\n" + body)), whole=True),
    Drift("trailing_comma", "a comma stands after the last member", "json.invalid", "200", "", _JSON, "text",
          to_success(rewriting(lambda body: body[:-1] + b",}"), at_rest("cancelled"))),
    Drift("text_half_sent", "the JSON text ends in the middle, and the message says so", "json.invalid", "200", "", _JSON,
          "text", to_success(rewriting(lambda body: body[: len(body) // 2]), _SPOKEN)),
    Drift("comment_after", "a comment follows the JSON text", "json.trailing", "200", "", _JSON, "text",
          to_success(rewriting(lambda body: body + b"\n<!-- rendered in 3 ms -->"))),
    Drift("body_twice", "the body is sent twice while a batch is queued", "json.trailing", "200", "", _JSON, "text",
          to_success(rewriting(lambda body: body + b"\n" + body), at_rest("in_queue"))),
    Drift("byte_order_mark", "the body starts with a byte order mark", "json.bom", "200", "", "RFC 8259 section 8.1",
          "text", to_success(rewriting(lambda body: b"\xef\xbb\xbf" + body))),
    Drift("byte_order_mark_404", "an error starts with a byte order mark", "json.bom", "404", "",
          "RFC 8259 section 8.1", "text",
          lambda _, reply: replace(reply, body=b"\xef\xbb\xbf" + reply.body) if reply.status == 404 else reply),
    Drift("utf_16", "the body is UTF-16 and does not say so", "json.invalid", "200", "", "RFC 8259 section 8.1", "text",
          to_success(rewriting(lambda body: body.decode().encode("utf-16")), at_rest("cancelling"))),
    Drift("gbk_said", "the body is in GBK and says so", "response.charset", "200", "", "RFC 8259 section 8.1", "text",
          to_success(lambda reply: relabelled("{}; charset=gbk")(
              replace(reply, body=reply.body.decode().encode("gbk", "ignore"))))),
    Drift("gbk_not_said", "text beyond ASCII is in GBK", "json.invalid", "200", "", "RFC 8259 section 8.1", "text",
          to_success(rewriting(lambda body: body.decode().encode("gbk", "ignore")))),
    Drift("latin_1_said", "an error says that it is in Latin-1", "response.charset", "404", "", "RFC 8259 section 8.1",
          "text", lambda _, reply: reply.with_header("Content-Type", "application/json; charset=iso-8859-1")
          if reply.status == 404 else reply),
    Drift("nan_in_metadata", "a number in metadata is written as NaN", "json.invalid", "200", "", "RFC 8259 section 6",
          "value", _score(float("nan"))),
    Drift("infinity_in_metadata", "a number in metadata is written as -Infinity", "json.invalid", "200", "",
          "RFC 8259 section 6", "value", _score(float("-inf"))),
    Drift("half_surrogate", "a text was cut inside a surrogate pair", "json.surrogate", "200", "/metadata/description",
          "RFC 8259 section 8.2", "text",
          to_success(rewriting(lambda body: body.replace("🚀".encode(), b"\\ud83d", 1)))),
    Drift("duplicate_status", "a key stands twice in the object", "json.duplicate_key", "200", "/status",
          "RFC 8259 section 4", "text", _twice("status")),
    Drift("duplicate_in_metadata", "a key stands twice in the metadata", "json.duplicate_key", "200",
          "/metadata/description", "RFC 8259 section 4", "text", _duplicate_in_metadata),
)  # fmt: skip
"""Drifts of whole bodies."""
