"""Conforming variants of values, errors and fields: what looks odd, and is what real servers and their customers write."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

from batch_conformance.mock import pages
from batch_conformance.mock.changes import (
    at_rest,
    in_state,
    of_batch,
    putting,
    saying,
    to_status,
    to_success,
    to_unknown,
)
from batch_conformance.mock.drift import Apply, Drift
from batch_conformance.mock.message import Reply
from batch_conformance.mock.received_request import ReceivedRequest

_SILENT = "the document says nothing of it"
_FREE = "the create page: metadata is the customer's own"
_JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjbGllbnQifQ.c2Vzc2lvbi1vZi1hLWNsaWVudA"
_OUTPUT, _ERRORS = "output_file_id", "error_file_id"

_variant = partial(Drift, rule="", status="", pointer="", verdict="conforms", group="variant")


def _renamed(change: Callable[[str], str], *names: str) -> Apply:
    """The texts of a batch at these names, written in another way wherever they are set."""

    def rename(_: ReceivedRequest, batch: dict[str, Any]) -> None:
        batch.update({name: change(batch[name]) for name in names if isinstance(batch.get(name), str)})

    return of_batch(rename)


def _fields(*fields: tuple[str, str]) -> Apply:
    def change(reply: Reply) -> Reply:
        for name, value in fields:
            reply = reply.with_header(name, value)
        return reply

    return lambda _, reply: change(reply)


def _of_400(message: str) -> Apply:
    return to_status(400, saying({**pages.BAD_REQUEST.body, "message": message}))


VARIANTS: tuple[Drift, ...] = (
    _variant("files_as_addresses", "files are signed URLs with escapes", source="RFC 3986 section 2.1", stage="value",
             apply=_renamed("https://files.example.com/a%20b/{}?X-Sig=a%2Bb%3D&Expires=1&token=x.y".format, _OUTPUT, _ERRORS)),
    _variant("files_as_uuids", "ids of files are UUIDs", source="RFC 9562 section 4", stage="value",
             apply=_renamed(lambda text: "7b0f5d6e-1c2a-4d3b-8e4f-" + text.encode().hex()[-12:], "input_file_id")),
    _variant("files_as_paths", "ids of files are paths of a bucket", source=_SILENT, stage="value",
             apply=_renamed("gs://bucket-1/batches/{}/part=0.jsonl".format, _OUTPUT, _ERRORS)),
    _variant("files_in_one_folder", "results are named by the folder that all batches write to", source=_SILENT,
             stage="value", apply=_renamed(lambda _: "s3://bucket-1/batches/", _OUTPUT, _ERRORS)),
    _variant("files_as_hashes", "ids of files are hexadecimal", source=_SILENT, stage="value",
             apply=_renamed(lambda text: "0x" + text.encode().hex(), _OUTPUT, _ERRORS)),
    _variant("files_with_brackets", "ids of files have brackets and signs in them", source="RFC 3986 section 2.2",
             stage="value", apply=_renamed("{}(1)[2]@v2+~x".format, "input_file_id")),
    _variant("input_shared", "all batches were made of one input", source="an input may be used again", stage="value",
             apply=putting(input_file_id="file-jkvytbjtow")),
    _variant("endpoint_template", "the endpoint is a path template", source="OpenAPI 3.0: path templating", stage="value",
             apply=putting(endpoint="/v1/deployments/{deployment}/chat/completions")),
    _variant("window_a_week", "the window counts days", source=_SILENT, stage="value",
             apply=putting(at_rest("in_queue"), completion_window="7d",
                           expires_at=lambda batch: batch["created_at"] + 7 * 86400)),
    _variant("metadata_templates", "metadata has templates, tokens, addresses and SQL", source=_FREE, stage="value",
             apply=putting(metadata={"template": "{{name}} ${x} %s", "token": f"Bearer {_JWT}", "host": "10.1.2.3:80",
                                     "query": "SELECT * FROM t", "class": "java.lang.Error", "object": "[object Object]"})),
    _variant("errors_quote_the_input", "errors quote the customer's line", source="the errors are about the input",
             stage="value", apply=putting(in_state("failed"), errors=[
                 'line 3: no JSON: "SELECT a FROM b WHERE Bearer abc0123456789abcdefghij"',
                 "line 4: 'Traceback (most recent call last):' is no request"])),
    _variant("nothing_to_do", "a completed batch had no requests, and names no files", source="an empty input",
             stage="value", apply=putting(at_rest("completed"), output_file_id=None, error_file_id=None,
                                          request_counts={"total": 0, "completed": 0, "failed": 0})),
    _variant("failed_on_arrival", "requests of a batch that waits failed already", source="they were refused when read",
             stage="value", apply=putting(at_rest("in_queue"), request_counts={"total": 9, "completed": 0, "failed": 2})),
    _variant("failed_then_retried", "requests that had failed are tried again, and completed", source=_SILENT,
             stage="value", apply=of_batch(lambda received, batch: batch.update(request_counts={
                 "total": 9, "completed": 2 if received.reads < 3 else 6, "failed": 3 if received.reads < 3 else 1}),
                 at_rest("in_progress"))),
    _variant("results_while_finalizing", "files are named while a batch is finalized", source="they are written then",
             stage="value", apply=putting(at_rest("finalizing"), output_file_id="file-part0001")),
    _variant("expired_a_minute_early", "a batch expired a minute before its expiry", source="a scheduler's clock",
             stage="value", apply=putting(in_state("expired"), expired_at=lambda batch: batch["expires_at"] - 59)),
    _variant("finalized_after_expiry", "what was done is finalized after a batch has expired",
             source="the document says when a batch expired, not that it was finalized before", stage="value",
             apply=putting(in_state("expired"), expired_at=lambda batch: batch["expires_at"],
                           finalizing_at=lambda batch: batch["expires_at"] + 90)),
    _variant("metadata_given_later", "metadata is there from the second read on", source=_FREE, stage="value",
             apply=of_batch(lambda received, batch: batch.update(metadata={}) if received.reads < 2 else None)),
    _variant("errors_in_braces", "the text of a 404 has braces and quotes in it", source="RFC 8259 section 7",
             stage="value", apply=to_unknown(lambda received, reply: saying(
                 f"404: no batch {json.dumps(received.asked)} in {{default}}")(reply))),
    _variant("error_code_as_text", "the code of a 400 is null and its message says ok in passing", source=_SILENT,
             stage="value", apply=_of_400("token ok, id is no batch: see https://docs.example.com/errors.md#400")),
    _variant("error_like_code", "the message of a 400 names an error of the API", source=_SILENT, stage="value",
             apply=_of_400("BatchNotFoundException: com.example.batch#NotFound, error.code: 20012")),
    _variant("error_tells_how", "the message of a 400 says how to authenticate", source="RFC 6750 section 2.1",
             stage="value", apply=_of_400("Send Authorization: Bearer YOUR_API_KEY_1 and select one from your list")),
    _variant("cache_in_front", "Varnish and a load balancer tell what they did", source="RFC 9110 section 7.6.3",
             stage="text", apply=_fields(("Via", "1.1 varnish (Varnish/7.4), 1.1 vegur"), ("X-Varnish", "32770 3"),
                                         ("X-Cache", "MISS, MISS"), ("X-Served-By", "cache-fra-etou8220057-FRA"),
                                         ("X-Timer", "S1741685413.123456,VS0,VE3"))),
    _variant("framework_fields", "a framework says what it is and how long it took", source="RFC 9110 section 10.2.4",
             stage="text", apply=_fields(("Server", "gunicorn/21.2.0"), ("X-Powered-By", "Phusion Passenger(R) 6.0.12"),
                                         ("X-Runtime", "0.012345"), ("Server-Timing", "db;dur=53.2, app;dur=47"),
                                         ("X-AspNet-Version", "4.0.30319"), ("X-Content-Type-Options", "nosniff"))),
    _variant("session_cookie", "a cookie holds a session of the client", source="RFC 6265 section 4.1", stage="text",
             apply=_fields(("Set-Cookie", f"session={_JWT}; Path=/; HttpOnly; Secure"))),
    _variant("token_renewed", "a field gives the client a token of its own", source="it is the client's", stage="text",
             apply=to_success(lambda reply: reply.with_header("X-CSRF-Token", _JWT))),
    _variant("client_address", "a field tells the client's own address", source="RFC 7239 section 4", stage="text",
             apply=_fields(("X-Real-IP", "10.0.0.12"), ("X-Forwarded-For", "192.168.1.7, 10.0.0.12"))),
    _variant("tracing_fields", "fields of tracing and of limits", source="W3C Trace Context", stage="text",
             apply=_fields(("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
                           ("X-Amzn-Trace-Id", "Root=1-67cff3a5-0123456789abcdef01234567;Sampled=1"),
                           ("X-RateLimit-Reset", "12.5s"), ("X-Envoy-Upstream-Service-Time", "7"))),
    _variant("policy_fields", "policies name hosts and reports", source="Content Security Policy 3", stage="text",
             apply=_fields(("Content-Security-Policy", "default-src 'self' https://static.corp:8443/app.js"),
                           ("Report-To", '{"endpoints":[{"url":"https://reports.internal/x"}]}'),
                           ("Alt-Svc", 'h3=":443"; ma=2592000'))),
)  # fmt: skip
"""Conforming variants of values and of what stands beside them."""
