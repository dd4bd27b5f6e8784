"""Drifts of HTTP: statuses, headers, methods, codings and framing."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import replace

from batch_conformance.mock.changes import (
    answering,
    at_rest,
    header_of,
    labelled,
    sending,
    to_status,
    to_success,
    to_unknown,
    with_wire,
)
from batch_conformance.mock.drift import Apply, Drift
from batch_conformance.mock.message import Reply

_LARGE = 2048
_LISTED = "the document lists 200 as the only success"
_NO_METHODS = "the document declares GET alone; RFC 9110 section 15.5.6"


def _method(wanted: str, change: Callable[[Reply], Reply]) -> Apply:
    """Changes the replies to one method, of those who have the key."""
    return lambda received, reply: (
        change(reply) if received.request.method == wanted and received.credential == "valid" else reply
    )


def _head_of_known(change: Callable[[Reply], Reply]) -> Apply:
    return lambda received, reply: (
        change(reply)
        if received.request.method == "HEAD" and received.batch is not None and reply.status == 200
        else reply
    )


def _large(change: Callable[[Reply], Reply]) -> Apply:
    """Changes large bodies that are not compressed."""
    return lambda _, reply: (
        change(reply)
        if reply.status == 200 and len(reply.body) >= _LARGE and not reply.header("content-encoding")
        else reply
    )


def _cut(reply: Reply) -> Reply:
    return with_wire(content_length=len(reply.body), cut=len(reply.body) // 2)(reply)


def _too_short(reply: Reply) -> Reply:
    return with_wire(content_length=len(reply.body) - 20, close=True)(reply)


def _second_length(reply: Reply) -> Reply:
    return replace(reply, headers=(*reply.headers, ("Content-Length", str(len(reply.body) + 7))))


def _both_lengths(reply: Reply) -> Reply:
    return with_wire(framing="chunked", close=True)(
        replace(reply, headers=(*reply.headers, ("Content-Length", str(len(reply.body)))))
    )


def _broken_chunks(reply: Reply) -> Reply:
    return with_wire(framing="close")(
        replace(reply, headers=(*reply.headers, ("Transfer-Encoding", "chunked")), body=b"zz\r\n" + reply.body)
    )


def _for_request(name: bytes, word: str, change: Callable[[Reply], Reply]) -> Apply:
    """Changes batches that are asked for with a word in a header."""
    return lambda received, reply: change(reply) if reply.status == 200 and word in header_of(received, name) else reply


DRIFTS: tuple[Drift, ...] = (
    Drift("accepted_202", "queued batches are answered with 202", "response.status", "202", "", _LISTED, "text",
          to_success(answering(202), at_rest("in_queue"))),
    Drift("no_content_204", "cancelling batches are answered with 204", "response.status", "204", "", _LISTED, "text",
          to_success(lambda reply: replace(reply, status=204, body=b""), at_rest("cancelling"))),
    Drift("moved_301", "batches have moved to a path with a slash", "response.status", "301", "", _LISTED, "text",
          to_success(answering(301, None, ("Location", "/v1/batches/x/")), at_rest("finalizing"))),
    Drift("gone_when_expired", "expired batches are gone", "response.status", "410", "",
          "the document lists no 410; tensorzero/tensorzero#1198", "answer",
          to_success(answering(410, "Gone"), at_rest("expired"))),
    Drift("not_modified", "a condition that cannot hold is answered with 304", "response.status", "304", "",
          "RFC 9110 section 13.1.2", "text", _for_request(b"if-none-match", "never", answering(304))),
    Drift("unsupported_415", "a Content-Type on a GET is refused", "response.status", "415", "",
          "the document lists no 415", "answer", _for_request(b"content-type", "json", answering(415, "Unsupported"))),
    Drift("xml_for_xml", "who accepts XML gets it", "response.media_type", "200", "",
          "the document: 200 is application/json", "text",
          _for_request(b"accept", "xml", sending(b"<batch><id>1</id></batch>", "application/xml"))),
    Drift("html_for_browsers", "who prefers HTML gets a page", "response.media_type", "200", "",
          "the document: 200 is application/json", "text",
          _for_request(b"accept", "text/html", sending(b"<!doctype html><title>Batch</title>", "text/html"))),
    Drift("untyped_without_accept", "without Accept there is no Content-Type", "response.media_type", "200", "",
          "RFC 9110 section 8.3", "text",
          lambda received, reply: labelled(None)(reply)
          if reply.status == 200 and not header_of(received, b"accept") else reply),
    Drift("text_404_for_text", "who accepts text gets errors as HTML", "response.media_type", "404", "",
          "the document: 404 is application/json", "text",
          to_unknown(lambda received, reply: sending(b"<p>404</p>", "text/html")(reply)
                     if "text/plain" in header_of(received, b"accept") else reply)),
    Drift("gzip_not_said", "who accepts gzip gets it unsaid", "json.invalid", "200", "", "RFC 9110 section 8.4", "wire",
          _for_request(b"accept-encoding", "gzip",
                       lambda reply: replace(reply.without_header("Content-Encoding"), body=gzip.compress(
                           b'{"a":1}', mtime=0)))),
    Drift("gzip_only_said", "plain JSON is said to be gzip", "response.encoding", "200", "", "RFC 9110 section 8.4",
          "wire", to_success(lambda reply: reply.with_header("Content-Encoding", "gzip")
                             if not reply.header("content-encoding") else reply, at_rest("failed"))),
    Drift("unknown_coding", "errors name a coding that nobody offered", "response.encoding", "404", "",
          "RFC 9110 section 12.5.3", "wire",
          to_status(404, lambda reply: reply.with_header("Content-Encoding", "br"))),
    Drift("public_cache", "answers may be stored by shared caches", "response.cache_public", "200", "",
          "RFC 9111 section 3.5", "text",
          to_success(lambda reply: reply.with_header("Cache-Control", "public, max-age=600"))),
    Drift("shared_max_age", "completed batches get an age for shared caches", "response.cache_public", "200", "",
          "RFC 9111 section 5.2.2.10", "text",
          to_success(lambda reply: reply.with_header("Cache-Control", "s-maxage=60"), at_rest("completed"))),
    Drift("retry_after_words", "503 says to come back soon", "response.retry_after", "503", "",
          "RFC 9110 section 10.2.3", "text",
          to_status(503, lambda reply: reply.with_header("Retry-After", "soon"))),
    Drift("retry_after_fraction", "504 asks for half a second", "response.retry_after", "504", "",
          "RFC 9110 section 10.2.3", "text",
          to_status(504, lambda reply: reply.with_header("Retry-After", "0.5"))),
    Drift("no_allow", "405 comes without Allow", "method.allow_missing", "405", "", "RFC 9110 section 15.5.6", "text",
          to_status(405, lambda reply: reply.without_header("Allow"))),
    Drift("delete_answered", "DELETE of what is not there succeeds", "method.undeclared_answered", "", "", _NO_METHODS,
          "answer", _method("DELETE", answering(200, {"deleted": True}))),
    Drift("patch_answered", "PATCH of what is not there succeeds", "method.undeclared_answered", "", "", _NO_METHODS,
          "answer", _method("PATCH", lambda reply: replace(reply, status=204, body=b""))),
    Drift("post_fails", "POST ends in a server error", "response.server_error", "500", "", "RFC 9110 section 15.6",
          "answer", _method("POST", answering(500, {"code": 1, "message": "Internal error", "data": ""}))),
    Drift("head_not_found", "HEAD of a batch finds nothing", "response.head_differs", "", "",
          "RFC 9110 section 9.3.2", "answer", _head_of_known(answering(404))),
    Drift("head_other_type", "HEAD names another media type", "response.head_differs", "", "",
          "RFC 9110 section 9.3.2", "text", _head_of_known(labelled("text/plain"))),
    Drift("head_with_body", "HEAD is answered with a body", "response.framing", "", "", "RFC 9110 section 9.3.2",
          "wire", _head_of_known(with_wire(body_after_head=True, close=True))),
    Drift("body_cut_short", "large bodies break off in the middle", "response.framing", "", "", "RFC 9112 section 8",
          "wire", _large(_cut)),
    Drift("length_too_short", "the Content-Length of large bodies is too short", "response.framing", "", "",
          "RFC 9112 section 6.3", "wire", _large(_too_short), also=("json.invalid",)),
    Drift("two_lengths", "large bodies have two different lengths", "response.framing", "", "", "RFC 9112 section 6.3",
          "wire", _large(_second_length)),
    Drift("length_and_chunks", "large bodies have a length and are chunked", "response.framing", "", "",
          "RFC 9112 section 6.1", "wire", _large(_both_lengths)),
    Drift("broken_chunks", "the chunks of large bodies have no size", "response.framing", "", "",
          "RFC 9112 section 7.1", "wire", _large(_broken_chunks)),
    Drift("no_http", "very long ids get bytes that are no HTTP", "response.framing", "", "", "RFC 9112 section 4",
          "wire",
          lambda received, reply: with_wire(raw=b"upstream connect error\r\n\r\n", close=True)(reply)
          if len(received.asked or "") > 1500 else reply),
)  # fmt: skip
"""Drifts of HTTP."""
