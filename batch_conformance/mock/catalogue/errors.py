"""Drifts of errors: bodies in other envelopes, other statuses, pages of gateways, and what must not be told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from batch_conformance.mock import pages
from batch_conformance.mock.changes import (
    NGINX,
    TEXT,
    answering,
    labelled,
    saying,
    sending,
    to_status,
    to_unknown,
)
from batch_conformance.mock.drift import Apply, Drift
from batch_conformance.mock.message import Reply, body_json
from batch_conformance.mock.received_request import ReceivedRequest

_TRACE = "Traceback (most recent call last):\n  File \"server.py\", line 88, in get_batch\nKeyError: 'batch'"
_GO_TRACE = "panic: runtime error: index out of range [1]\n\ngoroutine 34 [running]:\nmain.batch(0xc0)"
_OPENAI: dict[str, Any] = {
    "error": {
        "message": "No batch found with that id.",
        "type": "invalid_request_error",
        "param": None,
        "code": "batch_not_found",
    }
}
_FASTAPI = {"detail": "Batch not found"}
_FASTAPI_LIST = {"detail": [{"loc": ["path", "batch_id"], "msg": "field required", "type": "value_error"}]}
_TOGETHER = {"error": "Refused."}
_PROBLEM = {"type": "about:blank", "title": "Not Found", "status": 404, "detail": "no such batch"}
_STRING = "the document: the body is a string; "
_OBJECT = "the document: the body is an object with code, message and data; "
_LISTED = "the document lists the statuses of the operation; "
_FASTAPI_SEEN = "aibrix and Llama Stack answer as FastAPI does"
_TOGETHER_SEEN = "togethercomputer/openapi: an error is a string"
_OPENAI_SEEN = "openai/openai-openapi: Error"
_ASKED = lambda received: (received.asked or "").encode()  # noqa: E731 - the id in the words of an error


def _with_trace(reply: Reply) -> Reply:
    """A trace in the body, wherever in it a message goes."""
    import json  # noqa: PLC0415

    body = json.loads(reply.body)
    leaking = {"error": {**body["error"], "message": _TRACE}} if _is_openai(body) else _TRACE
    return replace(reply, body=body_json(leaking))


def _is_openai(body: Any) -> bool:
    return isinstance(body, dict) and isinstance(body.get("error"), dict)


def _unknown(status: int, body: Any = None, *headers: tuple[str, str]) -> Apply:
    change = answering(status, body, *headers)
    return to_unknown(lambda _, reply: change(reply))


def _server_error(received: ReceivedRequest, reply: Reply) -> Reply:
    return answering(500, {"code": 50000, "message": "Internal error", "data": ""})(reply)


def _for_ids(wanted: Any) -> Apply:
    """500 for some of the ids that nobody has."""
    return to_unknown(lambda received, reply: _server_error(received, reply) if wanted(received.asked or "") else reply)


def _message(status: int, text: str) -> Apply:
    """Another message in an object of code, message and data."""
    return to_status(status, lambda reply: replace(reply, body=body_json({"code": 50505, "message": text, "data": ""})))


DRIFTS: tuple[Drift, ...] = (
    Drift("openai_error_404", "the 404 body is OpenAI's error object", "body.type", "404", "", _STRING + _OPENAI_SEEN,
          "value", to_status(404, saying(_OPENAI))),
    Drift("openai_error_401", "the 401 body is OpenAI's error object", "body.type", "401", "", _STRING + _OPENAI_SEEN,
          "value", to_status(401, saying(_OPENAI))),
    Drift("openai_error_400", "the 400 body is OpenAI's error object", "body.another_object", "400", "",
          _OBJECT + _OPENAI_SEEN, "value", to_status(400, saying(_OPENAI))),
    Drift("openai_error_503", "the 503 body is OpenAI's error object", "body.another_object", "503", "",
          _OBJECT + _OPENAI_SEEN, "value", to_status(503, saying(_OPENAI))),
    Drift("fastapi_error_404", "the 404 body is FastAPI's for hostile ids and unknown ones alike", "body.type", "404",
          "", _STRING + _FASTAPI_SEEN, "value", to_unknown(lambda _, reply: saying(_FASTAPI)(reply))),
    Drift("fastapi_error_400", "the 400 body is FastAPI's", "body.another_object", "400", "", _OBJECT + _FASTAPI_SEEN,
          "value", to_status(400, saying(_FASTAPI_LIST))),
    Drift("together_error_403", "the 403 body is Together's", "body.type", "403", "", _STRING + _TOGETHER_SEEN, "value",
          to_status(403, saying(_TOGETHER))),
    Drift("together_error_504", "the 504 body is Together's", "body.type", "504", "", _STRING + _TOGETHER_SEEN, "value",
          to_status(504, saying(_TOGETHER))),
    Drift("listed_error_401", "the 401 body is a list of messages", "body.type", "401", "",
          "the document: the body is a string", "value", to_status(401, saying(["Invalid token"]))),
    Drift("problem_404", "the 404 body is a problem detail", "response.media_type", "404", "",
          "the document: application/json; RFC 9457 is another media type", "text",
          to_status(404, sending(body_json(_PROBLEM), "application/problem+json"))),
    Drift("problem_400", "the 400 body is a problem detail", "response.media_type", "400", "",
          "the document: application/json; RFC 9457 is another media type", "text",
          to_status(400, sending(body_json(_PROBLEM), "application/problem+json"))),
    Drift("html_404", "unknown ids get a gateway's page", "response.media_type", "404", "",
          "the document: application/json", "text", to_status(404, sending(NGINX, "text/html"))),
    Drift("html_401", "refused credentials get a gateway's page", "response.media_type", "401", "",
          "the document: application/json", "text", to_status(401, sending(NGINX, "text/html"))),
    Drift("html_403", "403 comes with a gateway's page", "response.media_type", "403", "",
          "the document: application/json", "text", to_status(403, sending(NGINX, "text/html"))),
    Drift("html_503", "503 comes with a gateway's page", "response.media_type", "503", "",
          "the document: application/json", "text", to_status(503, sending(NGINX, "text/html"))),
    Drift("html_504_as_json", "504 is a gateway's page labelled as JSON", "json.invalid", "504", "",
          "RFC 8259 section 2", "text", to_status(504, sending(NGINX))),
    Drift("no_media_type_400", "400 has no Content-Type", "response.media_type", "400", "",
          "the document: application/json", "text", to_status(400, labelled(None))),
    Drift("text_404", "404 is plain text without quotes", "json.unquoted", "", "",
          "the stock not-found text of Go: fenda1-1/IDA-NexusAI#1", "text",
          to_status(404, sending(b"404 page not found\n", TEXT))),
    Drift("text_401_as_json", "401 is text without quotes, labelled as JSON", "json.unquoted", "", "",
          "the document: application/json, example Invalid token", "text",
          to_status(401, sending(b"Invalid token"))),
    Drift("empty_404", "404 has no body", "json.invalid", "404", "", "RFC 8259 section 2", "text",
          to_status(404, sending(b""))),
    Drift("null_404", "the 404 body is null", "body.type", "404", "", "the document: the body is a string", "value",
          to_status(404, saying(None))),
    Drift("undocumented_in_400", "an undocumented property in the 400 body", "body.undeclared", "400", "/request_id",
          "the document's 400 schema has no such property", "value",
          to_status(400, saying({**pages.BAD_REQUEST.body, "data": "", "request_id": "r-1"}))),
    Drift("code_missing_in_400", "the 400 body has no code", "body.required", "400", "/code",
          "the document: code, message and data are required; the 429 body is met without", "value",
          to_status(400, saying({"message": "Field required", "data": ""}))),
    Drift("gone_410", "unknown ids are gone", "response.status", "410", "",
          _LISTED + "rikkahub/rikkahub#1811: 410 of a sibling route", "answer", _unknown(410)),
    Drift("unprocessable_422", "unknown ids cannot be processed", "response.status", "422", "",
          _LISTED + "422 is FastAPI's", "answer", _unknown(422, _FASTAPI_LIST)),
    Drift("login_302", "unknown ids are led to the login page", "response.status", "302", "",
          _LISTED + "there is no redirection", "answer", _unknown(302, None, ("Location", "/login"))),
    Drift("accepted_202_unknown", "unknown ids are accepted", "identity.unknown_answered", "202", "",
          "the document: 404", "answer", _unknown(202, {"status": "accepted"}), also=("response.status",)),
    Drift("server_error_unknown", "unknown ids end in a server error", "response.server_error", "500", "",
          "BerriAI/litellm#37148: 500 for an unknown id", "answer",
          _unknown(500, {"code": 50000, "message": "Internal error", "data": ""})),
    Drift("server_error_for_one_batch", "one batch always ends in a server error", "response.server_error", "500", "",
          "RFC 9110 section 15.6: the other batches are answered", "answer",
          lambda received, reply: _server_error(received, reply) if received.reading and received.batch == received.batches[1] else reply),
    Drift("bad_gateway_unknown", "unknown ids end in a bad gateway", "response.server_error", "502", "",
          "RFC 9110 section 15.6: other requests are answered", "answer", _unknown(502, "Bad Gateway")),
    Drift("trace_for_unknown", "unknown ids end in a server error with its trace", "response.server_error", "500", "",
          "CWE-209; vllm-project/production-stack raises a ValueError", "answer",
          _unknown(500, {"code": 50000, "message": _TRACE, "data": ""}), also=("security.trace_leaked",)),
    Drift("server_error_long", "very long ids end in a server error", "response.server_error", "500", "",
          "RFC 9110 section 15.6: the input breaks the server", "answer", _for_ids(lambda asked: len(asked) > 1500)),
    Drift("server_error_unicode", "ids beyond ASCII end in a server error", "response.server_error", "500", "",
          "RFC 9110 section 15.6: the input breaks the server", "answer",
          _for_ids(lambda asked: not asked.isascii())),
    Drift("server_error_quote", "ids with a quote end in a server error", "response.server_error", "500", "",
          "CWE-89", "answer", _for_ids(lambda asked: "'" in asked)),
    Drift("trace_in_404", "the 404 body is a stack trace", "security.trace_leaked", "404", "", "CWE-209", "text",
          to_status(404, _with_trace)),
    Drift("go_trace_in_400", "the 400 message is a trace of Go", "security.trace_leaked", "400", "", "CWE-209", "text",
          _message(400, _GO_TRACE)),
    Drift("path_in_404", "the 404 body names a file of the server", "security.internals_leaked", "404", "", "CWE-209",
          "value", to_unknown(lambda _, reply: saying("open /home/app/data/batches/7.json: no such file")(reply))),
    Drift("host_in_503", "the 503 message names an internal host", "security.internals_leaked", "503", "", "CWE-209",
          "value", _message(503, "upstream batches.default.svc.cluster.local:8080 is overloaded")),
    Drift("key_in_401_body", "the 401 body repeats the key where it was presented wrongly", "security.key_reflected",
          "", "", "RFC 6750 section 5.2", "value",
          lambda received, reply: saying("Invalid token " + (received.request.header(b"authorization") or b"").decode(
              "latin-1"))(reply) if reply.status == 401 else reply),
    Drift("key_in_404_body", "the 404 body repeats the request's headers", "security.key_reflected", "", "",
          "RFC 6750 section 5.2", "value",
          to_unknown(lambda received, reply: saying("not found; you sent " + (
              received.request.header(b"authorization") or b"").decode("latin-1"))(reply))),
    Drift("key_in_header", "a debugging header repeats the key", "security.key_reflected", "", "",
          "RFC 6750 section 5.2", "text",
          lambda received, reply: reply.with_header(
              "X-Debug-Auth", (received.request.header(b"authorization") or b"none").decode("latin-1"))
          if reply.status == 200 else reply),
)  # fmt: skip
"""Drifts of errors."""
