"""Conforming variants: other ways to keep the contract, none of which may be accused."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from batch_conformance.mock import pages
from batch_conformance.mock.changes import (
    answering,
    at_rest,
    dropping,
    in_state,
    of_batch,
    putting,
    relabelled,
    saying,
    sending,
    to_status,
    to_unknown,
    with_wire,
)
from batch_conformance.mock.drift import Apply, Drift, SampleBatches
from batch_conformance.mock.message import Reply
from batch_conformance.mock.received_request import ReceivedRequest
from batch_conformance.mock.sample_batches import Batch, Step

_SILENT = "the document says nothing of it"
_9110 = "RFC 9110 section "


def _same(_: ReceivedRequest, reply: Reply) -> Reply:
    return reply


def _to_all(change: Callable[[Reply], Reply]) -> Apply:
    return lambda _, reply: change(reply)


def _indented(reply: Reply) -> Reply:
    """The members of a JSON text on lines of their own; a file of lines is none."""
    if "json" not in (reply.header("content-type") or "").lower():
        return reply
    return replace(reply, body=reply.body.replace(b',"', b',\n  "') + b"\n")


def _headers(change: Callable[[str, str], tuple[str, str]]) -> Apply:
    return lambda _, reply: replace(reply, headers=tuple(change(name, value) for name, value in reply.headers))


def _in_capitals(reply: Reply) -> Reply:
    kind, _, rest = (reply.header("content-type") or "").partition(";")[0].strip().partition("/")
    return reply.with_header("Content-Type", f"{kind.capitalize()}/{rest.upper()}; Charset=utf-8") if kind else reply


def _with(*headers: tuple[str, str]) -> Apply:
    return lambda _, reply: replace(reply, headers=(*reply.headers, *headers))


def _only(state: str) -> Callable[[SampleBatches], SampleBatches]:
    return lambda batches: tuple(
        batch for batch in batches if not batch.progresses and batch.at()["status"] == state
    )  # fmt: skip


def _showing(*pages_: pages.VendorPage) -> Callable[[SampleBatches], SampleBatches]:
    """Sample batches as the vendor's pages show them, member for member."""
    return lambda _: tuple(
        Batch(page.body["id"] + "ab" * number, page.title, (Step(0.0, {**page.body, "id": page.body["id"] + "ab" * number}),))
        for number, page in enumerate(pages_)
    )  # fmt: skip


def _turned(_: ReceivedRequest, batch: dict[str, Any]) -> None:
    members = list(batch.items())[::-1]
    batch.clear()
    batch.update(members)


def _no_head(received: ReceivedRequest, reply: Reply) -> Reply:
    if received.request.method != "HEAD" or received.credential != "valid":
        return reply
    return answering(405, pages.METHOD_NOT_ALLOWED, ("Allow", "GET"))(reply)


def _methods(change: Callable[[Reply], Reply]) -> Apply:
    return lambda received, reply: change(reply) if reply.status == 405 else reply


def _not_acceptable(received: ReceivedRequest, reply: Reply) -> Reply:
    accept = b",".join(received.request.header_all(b"accept"))
    wanted = not accept or b"json" in accept or b"*/*" in accept or b"application/*" in accept
    if reply.status != 200 or wanted:
        return reply
    return answering(406, "Not Acceptable")(reply)


def _gateway(received: ReceivedRequest, reply: Reply) -> Reply:
    odd = (
        received.asked is not None
        and received.batch is None
        and any(letter in received.asked for letter in "'\"<>$|`;{")
    )
    page = sending(b"<html><h1>403 Forbidden</h1></html>", "text/html")
    return page(replace(reply, status=403)) if odd and reply.status == 404 and received.reading else reply


def _firewall(received: ReceivedRequest, reply: Reply) -> Reply:
    attack = (
        received.asked is not None
        and received.batch is None
        and any(word in received.asked for word in ("' OR", "<script", "../"))
    )
    page = sending("<html>您的访问被阻断</html>".encode(), "text/html")
    return page(replace(reply, status=405)) if attack and reply.status == 404 and received.reading else reply


def _too_long(received: ReceivedRequest, reply: Reply) -> Reply:
    long = len(received.request.target) > 2000
    return sending(b"<html>414 URI Too Long</html>", "text/html")(replace(reply, status=414)) if long else reply


def _now_and_then(every: int, change: Callable[[Reply], Reply]) -> Apply:
    return lambda received, reply: change(reply) if received.number % every == every - 1 and received.reading else reply


def _first_time_at(number: int, change: Callable[[Reply], Reply]) -> Apply:
    return lambda received, reply: change(reply) if received.number == number else reply


def _signed(received: ReceivedRequest, batch: dict[str, Any]) -> None:
    if "://" in str(batch.get("output_file_id")):
        batch["output_file_id"] += f"?X-Signature={received.number}"


def _ascii(body: bytes) -> bytes:
    return json.dumps(json.loads(body)).encode() if body else body


def _gzipped(reply: Reply) -> Reply:
    return replace(reply, body=gzip.compress(reply.body, mtime=0)).with_header("Content-Encoding", "gzip")


def _lenient(received: ReceivedRequest, reply: Reply) -> Reply:
    asked = received.request.path.decode("latin-1").removesuffix("/").rpartition("/")[2]
    meant = next((batch for batch in received.batches if batch.id == asked), None)
    slashed = (
        received.request.path.endswith(b"/") and received.credential == "valid" and received.request.method == "GET"
    )
    return received.showing(meant) if meant and slashed else reply


_variant = partial(Drift, rule="", status="", pointer="", verdict="conforms", group="variant")
_OPENAI_LIKE = {"total": 2000, "completed": 142, "failed": 0}

VARIANTS: tuple[Drift, ...] = (
    _variant("unset_as_null", "unset values are null", source=pages.RETRIEVED.source, stage="value", apply=_same,
             style="null"),
    _variant("unset_left_out", "unset values are left out", source="the document's 200 schema requires nothing",
             stage="value", apply=_same, style="omit"),
    _variant("keys_turned", "the members stand in the opposite order", source="RFC 8259 section 4: no order",
             stage="value", apply=of_batch(_turned)),
    _variant("pretty_json", "the JSON text is indented", source="RFC 8259 section 2", stage="text",
             apply=_to_all(_indented)),
    _variant("escaped_json", "all text beyond ASCII is escaped", source="RFC 8259 section 7", stage="text",
             apply=_to_all(lambda reply: replace(reply, body=_ascii(reply.body)))),
    _variant("header_names_lower", "header names are in lower case", source=_9110 + "5.1", stage="text",
             apply=_headers(lambda name, value: (name.lower(), value))),
    _variant("header_names_upper", "header names are in upper case", source=_9110 + "5.1", stage="text",
             apply=_headers(lambda name, value: (name.upper(), value))),
    _variant("further_headers", "a gateway adds its headers", source=_SILENT, stage="text",
             apply=_with(("Server", "nginx/1.25"), ("Via", "1.1 edge"), ("CF-RAY", "8a1"), ("Alt-Svc", 'h3=":443"'),
                         ("X-RateLimit-Remaining", "41"), ("Set-Cookie", "lb=1; Path=/"), ("ETag", 'W/"1"'))),
    _variant("always_compressed", "all bodies are compressed for clients that accept it", source=_9110 + "8.4",
             stage="wire", apply=lambda received, reply: _gzipped(reply)
             if b"gzip" in (received.request.header(b"accept-encoding") or b"")
             and b"q=0" not in (received.request.header(b"accept-encoding") or b"")
             and not reply.header("content-encoding") and reply.body else reply),
    _variant("chunked", "all bodies are chunked", source="RFC 9112 section 7.1", stage="wire",
             apply=_to_all(with_wire(framing="chunked"))),
    _variant("until_close", "bodies end with the connection", source="RFC 9112 section 6.3", stage="wire",
             apply=_to_all(with_wire(framing="close"))),
    _variant("closing", "each connection is closed after its reply", source="RFC 9112 section 9.6", stage="wire",
             apply=_to_all(with_wire(close=True))),
    _variant("http_1_0", "the server speaks HTTP/1.0", source="RFC 9112 section 2.3", stage="wire",
             apply=_to_all(with_wire(version="1.0"))),
    _variant("no_charset", "Content-Type has no charset", source="RFC 8259 section 11", stage="text",
             apply=_to_all(relabelled("{}"))),
    _variant("charset_quoted", "the charset is quoted and in upper case", source=_9110 + "8.3.1", stage="text",
             apply=_to_all(relabelled('{};charset="UTF-8"'))),
    _variant("media_type_upper", "the media type is in upper case", source=_9110 + "8.3.1", stage="text",
             apply=_to_all(_in_capitals)),
    _variant("slow", "some replies take a tenth of a second", source=_SILENT, stage="wire",
             apply=_now_and_then(40, with_wire(delay=0.1))),
    _variant("no_head", "HEAD is not offered", source=_9110 + "9.1; the document declares GET alone", stage="answer",
             apply=_no_head),
    _variant("methods_404", "undeclared methods are not found", source=_9110 + "15.5.5", stage="answer",
             apply=_methods(lambda reply: answering(404, pages.NOT_FOUND.body)(reply.without_header("Allow")))),
    _variant("methods_501", "undeclared methods are not implemented", source=_9110 + "15.6.2", stage="answer",
             apply=_methods(lambda reply: answering(501, "Not Implemented")(reply.without_header("Allow")))),
    _variant("malformed_404", "ids that cannot be decoded are not found", source="the document: 404", stage="answer",
             apply=lambda received, reply: answering(404, pages.NOT_FOUND.body)(reply)
             if received.place == "undecodable" and reply.status == 400 else reply),
    _variant("unknown_400", "ids of another form are bad requests", source="the document: 400", stage="answer",
             apply=to_unknown(lambda received, reply: answering(400, {**pages.BAD_REQUEST.body, "data": ""})(reply)
                              if not (received.asked or "").startswith("batch_") else reply)),
    _variant("null_data", "errors have data null, as the error page shows", source=pages.BAD_REQUEST.source,
             stage="value", apply=to_status(400, saying(pages.BAD_REQUEST.body))),
    _variant("null_code", "the code of a bad request is null", source="the document: code is nullable", stage="value",
             apply=to_status(400, saying({"code": None, "message": "Bad", "data": ""}))),
    _variant("busy_as_met", "503 has the code and the null that were met", source=pages.TOO_BUSY.source, stage="value",
             apply=to_status(503, saying(pages.TOO_BUSY.body))),
    _variant("prefer_ignored", "Prefer is ignored", source="RFC 7240 section 2", stage="answer",
             apply=lambda received, reply: received.answer(replace(received, forced=None)) if received.forced else reply),
    _variant("not_acceptable", "a media type that is not offered is not acceptable", source=_9110 + "15.5.7",
             stage="answer", apply=_not_acceptable),
    _variant("gateway_refuses", "a gateway turns odd ids away in its own words", source=_9110 + "15.5.4",
             stage="text", apply=_gateway),
    _variant("gateway_limits", "a gateway turns long targets away", source=_9110 + "15.5.15", stage="text",
             apply=_too_long),
    _variant("limited_once", "one request in forty has to come again", source=_9110 + "10.2.3", stage="text",
             apply=_now_and_then(40, answering(429, {"message": "Slow down", "data": ""}, ("Retry-After", "0")))),
    _variant("one_drop", "one connection is dropped, and a retry heals it", source="RFC 9112 section 9.5",
             stage="wire", apply=_first_time_at(60, with_wire(sends="reset"))),
    _variant("one_bad_gateway", "one reply is a bad gateway's, and a retry heals it", source=_9110 + "15.6.3",
             stage="text", apply=_first_time_at(61, lambda reply: sending(b"<html>502</html>", "text/html")(
                 replace(reply, status=502)))),
    _variant("vendor_examples", "the batches are those of the vendor's pages, nulls and all",
             source=pages.CREATED.source, stage="value", apply=dropping("file_name"),
             batches=_showing(pages.RETRIEVED, pages.CREATED, pages.CANCELLED, pages.LISTED, pages.GUIDE)),
    _variant("all_failed", "completed with every request failed: no output file",
             source="openai/openai-cookbook#1564, ProjectTech4DevAI/kaapi-backend#723", stage="value",
             apply=dropping("output_file_id", when=at_rest("completed"))),
    _variant("cancelled_in_part", "cancelled with partial counts", source="BerriAI/litellm#37205", stage="value",
             apply=putting(in_state("cancelled"), request_counts=_OPENAI_LIKE)),
    _variant("same_second", "created, begun and ended in the same second", source="DashScope's example", stage="value",
             apply=putting(at_rest("completed"), in_progress_at=lambda batch: batch["created_at"],
                           finalizing_at=lambda batch: batch["created_at"],
                           completed_at=lambda batch: batch["created_at"])),
    _variant("window_72h", "windows are longer than a day", source="the create page: 24h to 336h", stage="value",
             apply=putting(at_rest("in_queue"), completion_window="336h",
                           expires_at=lambda batch: batch["created_at"] + 336 * 3600)),
    _variant("signed_urls", "the URL of the output is signed anew at each read",
             source="users fetch output_file_id as a URL; the guide: valid for a month", stage="value",
             apply=of_batch(_signed)),
    _variant("free_metadata", "metadata holds what customers put there", source="the list page's metadata",
             stage="value", apply=putting(metadata={"description": "", "stack": "Traceback (most recent call last):",
                                                    "path": "/home/user/x.py", "deep": {"a": [1, None, {"b": 2.5}]}})),
    _variant("empty_metadata", "metadata is empty or null", source=pages.GUIDE.source, stage="value",
             apply=putting(metadata=lambda batch: None if batch["status"] == "completed" else {})),
    _variant("short_connections", "a connection ends after five requests", source="RFC 9112 section 9.6", stage="wire",
             apply=lambda received, reply: with_wire(close=True)(reply) if received.request.turn % 5 == 0 else reply),
    _variant("two_challenges", "the challenge offers another scheme as well", source=_9110 + "11.6.1", stage="text",
             apply=to_status(401, lambda reply: replace(
                 reply, headers=(("WWW-Authenticate", 'Basic realm="x"'), *reply.headers)))),
    _variant("unknown_forbidden", "what is not one's own is forbidden, whether it is there or not",
             source=_9110 + "15.5.4; the document: 403", stage="answer",
             apply=to_unknown(lambda _, reply: answering(403, pages.FORBIDDEN.body)(reply))),
    _variant("coding_identity", "Content-Encoding says identity", source=_9110 + "12.5.3: no coding at all",
             stage="wire", apply=_to_all(lambda reply: reply if reply.header("content-encoding")
                                         else reply.with_header("Content-Encoding", "identity"))),
    _variant("type_unfinished", "a semicolon with nothing after it ends the media type", source=_9110 + "5.6.6",
             stage="text", apply=_to_all(relabelled("{};"))),
    _variant("slashes_escaped", "every slash in the JSON text is escaped", source="RFC 8259 section 7", stage="text",
             apply=_to_all(lambda reply: replace(reply, body=reply.body.replace(b"/", b"\\/")))),
    _variant("head_without_length", "HEAD does not say how long the body is", source=_9110 + "8.6: it may be left out",
             stage="wire", apply=lambda received, reply: with_wire(framing="chunked")(reply)
             if received.request.method == "HEAD" else reply),
    _variant("more_allowed", "Allow lists methods of the gateway, too", source=_9110 + "10.2.1", stage="text",
             apply=to_status(405, lambda reply: reply.with_header("Allow", "OPTIONS, GET, HEAD"))),
    _variant("firewall_405", "a firewall answers attacks with 405 and its own page",
             source="Alibaba Cloud's web application firewall", stage="text", apply=_firewall),
    _variant("trailing_slash", "a slash after the id does not matter", source=_SILENT, stage="answer",
             apply=_lenient),
    _variant("other_challenge", "the challenge has a scope and no realm", source="RFC 6750 section 3", stage="text",
             apply=to_status(401, lambda reply: reply.with_header("WWW-Authenticate", 'Bearer scope="batches"'))),
    _variant("validators", "there are no caching headers at all", source="RFC 9111 section 3.5", stage="text",
             apply=_to_all(lambda reply: reply.without_header("Cache-Control").without_header("Vary"))),
    _variant("long_date", "Retry-After is a date", source=_9110 + "10.2.3", stage="text",
             apply=to_status(503, lambda reply: reply.with_header("Retry-After", "Wed, 21 Oct 2015 07:28:00 GMT"))),
    _variant("redirected_path", "a framework redirects an encoded slash", source=_9110 + "15.4", stage="text",
             apply=to_unknown(lambda received, reply: answering(301, None, ("Location", "/v1/batches"))(reply)
                              if "/" in (received.asked or "") else reply)),
    *(
        _variant(f"only_{state}", f"every batch is {state}", source="the guide's states", stage="value", apply=_same,
                 batches=_only(state))
        for state in ("in_queue", "validating", "in_progress", "finalizing", "completed", "failed", "expired",
                      "cancelling", "cancelled")
    ),
)  # fmt: skip
"""Every conforming variant."""
