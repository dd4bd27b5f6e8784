"""Drifts that look right at first sight: a value of the right type, an answer of the right status."""

from __future__ import annotations

import gzip
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs

from batch_conformance.mock import pages
from batch_conformance.mock.changes import (
    Fields,
    answering,
    at_rest,
    dropping,
    header_of,
    in_state,
    labelled,
    of_batch,
    putting,
    rewriting,
    saying,
    sending,
    to_status,
    to_success,
    to_unknown,
    with_wire,
)
from batch_conformance.mock.drift import Apply, Drift
from batch_conformance.mock.message import Reply
from batch_conformance.mock.received_request import ReceivedRequest
from batch_conformance.mock.sample_batches import Batch

_STATES = "the guide's list of states: https://docs.siliconflow.cn/cn/userguide/guides/batch"
_TYPED = "the document types every property; "
_MATCHING = "the document: the batch object matching the specified ID"
_OPAQUE = "the document: one id names one batch"
_SECURITY = "the document: security bearerAuth"


def _written(pattern: bytes, by: bytes) -> Callable[[Reply], Reply]:
    """Writes a value of the JSON text in another way."""
    return rewriting(lambda body: re.sub(pattern, by, body, count=1))


def _let_in(wanted: Callable[[ReceivedRequest], bool]) -> Apply:
    return lambda received, reply: (
        received.authorised() if received.credential != "valid" and wanted(received) else reply
    )


def _token(received: ReceivedRequest) -> str:
    return (received.request.header(b"authorization") or b"").partition(b" ")[2].decode("latin-1").strip()


def _found_by(find: Callable[[str, Batch], bool]) -> Apply:
    def apply(received: ReceivedRequest, reply: Reply) -> Reply:
        if reply.status != 404 or received.asked is None or received.forced is not None or not received.reading:
            return reply
        asked = received.asked
        meant = next((batch for batch in received.batches if find(asked, batch)), None)
        return received.showing(meant) if meant and received.credential == "valid" else reply

    return apply


def _fits(pattern: str, text: str) -> bool:
    try:
        return re.fullmatch(pattern, text) is not None
    except re.error:
        return False


def _like(pattern: str, text: str) -> bool:
    return "_" in pattern and _fits(re.escape(pattern).replace("_", "."), text)


def _id_as_asked(received: ReceivedRequest, reply: Reply) -> Reply:
    segment = received.request.path.rpartition(b"/")[2].decode("latin-1")
    return putting(id=segment)(received, reply) if received.batch is not None and "%" in segment else reply


def _head(change: Callable[[Reply], Reply]) -> Apply:
    return lambda received, reply: (
        change(reply)
        if received.request.method == "HEAD" and received.credential == "valid" and received.reading
        else reply
    )


def _metadata_of_another(received: ReceivedRequest, batch: Fields) -> None:
    if received.reads % 4 == 3:
        batch["metadata"] = {"description": "somebody else's job"}


def _counts_as_text(_: ReceivedRequest, batch: Fields) -> None:
    batch["request_counts"]["total"] = str(batch["request_counts"]["total"])


def _injecting(received: ReceivedRequest, reply: Reply) -> Reply:
    """The id goes into a header as it is."""
    first, *lines = re.split(r"[\r\n]+", received.asked or "")
    made = [(name, value.strip()) for name, mark, value in (line.partition(":") for line in lines) if mark]
    return replace(reply, headers=(*reply.headers, ("X-Asked", first.strip()), *made)) if made else reply


def _second_backend(received: ReceivedRequest, reply: Reply) -> Reply:
    changed = putting(at_rest("completed"), completed_at=lambda batch: str(batch["completed_at"]))
    return changed(received, reply) if received.request.connection % 3 == 0 else reply


def _gzipped(reply: Reply) -> Reply:
    return replace(reply, body=gzip.compress(reply.body, mtime=0)).with_header("Content-Encoding", "gzip")


def _pair(first: str, second: str) -> Callable[[Reply], Reply]:
    return lambda reply: replace(
        reply.without_header("Content-Type"),
        headers=(*reply.without_header("Content-Type").headers, ("Content-Type", first), ("Content-Type", second)),
    )


def _decoded(received: ReceivedRequest) -> dict[str, list[str]]:
    return parse_qs(received.request.target.partition(b"?")[2].decode("latin-1"))


def _extra(name: str, value: Any) -> Callable[[ReceivedRequest, Fields], object]:
    return lambda _, batch: batch.update({name: value})


DRIFTS: tuple[Drift, ...] = (
    # Values.
    Drift("status_with_space", "a space follows the state of completed batches", "body.known_value", "200", "/status",
          _STATES, "value", putting(in_state("completed"), status="completed ")),
    Drift("status_of_jobs", "an expired batch has a state of a job queue", "body.known_value", "200", "/status",
          _STATES, "value", putting(in_state("expired"), status="timed_out")),
    Drift("object_list", "object says list, for cancelled batches", "body.known_value", "200", "/object",
          "every vendor example says batch", "value", putting(in_state("cancelled"), object="list")),
    Drift("status_code", "the state of a failed batch is a number", "body.type", "200", "/status",
          _TYPED + "status is a string", "value", putting(in_state("failed"), status=3)),
    Drift("time_with_exponent", "a time is written as a float with an exponent", "body.type", "200", "/created_at",
          _TYPED + "encoding/json of Go writes a float64 so", "text",
          to_success(_written(rb'"created_at":1(\d{9})', rb'"created_at":1.\1e+09'), at_rest("validating"))),
    Drift("created_zero", "a queued batch was created at 0", "time.magnitude", "200", "/created_at",
          "the document's examples are Unix seconds; 0 is the year 1970", "value",
          putting(at_rest("in_queue"), created_at=0), also=("stability.changed",)),
    Drift("failed_at_negative", "the end of a failed batch is below zero", "time.magnitude", "200", "/failed_at",
          "the document's examples are Unix seconds", "value",
          putting(in_state("failed"), failed_at=lambda batch: -batch["failed_at"])),
    Drift("begun_in_milliseconds", "the begin of finalizing batches is in milliseconds", "time.magnitude", "200",
          "/in_progress_at", "the document's examples are Unix seconds", "value",
          putting(at_rest("finalizing"), in_progress_at=lambda batch: batch["in_progress_at"] * 1000)),
    Drift("time_leading_zero", "a time is written with a zero before it", "json.invalid", "200", "", "RFC 8259 section 6",
          "text", to_success(_written(rb'"created_at":', rb'"created_at":0'), at_rest("in_progress"))),
    Drift("raw_line_break", "a line break in a text is not escaped", "json.invalid", "200", "", "RFC 8259 section 7",
          "text", to_success(_written(rb"nightly eval", rb"nightly\neval"), at_rest("finalizing"))),
    Drift("odd_space_first", "a no-break space stands before the JSON text", "json.invalid", "200", "",
          "RFC 8259 section 2", "text", to_success(rewriting(lambda body: b"\xc2\xa0" + body), at_rest("cancelling"))),
    Drift("errors_with_null", "an error in the list is null", "body.type", "200", "/errors/*",
          _TYPED + "errors is an array of strings", "value", putting(in_state("failed"), errors=["line 1", None])),
    Drift("errors_nested", "the errors of a failed batch are lists of texts", "body.type", "200", "/errors/*",
          _TYPED + "errors is an array of strings", "value", putting(in_state("failed"), errors=[["line 1", "bad"]])),
    Drift("counts_list_when_empty", "no counts yet are an empty list", "body.type", "200", "/request_counts",
          _TYPED + "json_encode of PHP writes an empty map so", "value",
          putting(at_rest("validating"), request_counts=[]), because="what was inside the object is never seen"),
    Drift("metadata_list_when_empty", "no metadata is an empty list", "body.type", "200", "/metadata",
          _TYPED + "json_encode of PHP writes an empty map so", "value", putting(at_rest("in_queue"), metadata=[])),
    Drift("total_as_text", "the total of a running batch is text", "body.type", "200", "/request_counts/total",
          "the guide: request_counts has total, completed and failed, all of them numbers", "value",
          of_batch(_counts_as_text, at_rest("in_progress"))),
    Drift("description_number", "the customer's description comes back as a number", "body.type", "200",
          "/metadata/description", _TYPED + "metadata.description is a string", "value",
          putting(at_rest("completed"), metadata={"description": 17})),
    Drift("file_false", "a file that is not there yet is false", "body.type", "200", "/output_file_id",
          _TYPED + "output_file_id is a string", "value", putting(at_rest("in_progress"), output_file_id=False)),
    Drift("file_word_null", "an unset file is the word null", "value.empty_string", "200", "/error_file_id",
          "the vendor's examples write null; BerriAI/litellm#5396: literal \"None\"", "value",
          putting(at_rest("in_progress"), error_file_id="null")),
    Drift("file_word_none", "an unset file is Python's word None", "value.empty_string", "200", "/output_file_id",
          "the vendor's examples write null; BerriAI/litellm#5396: literal \"None\"", "value",
          putting(in_state("failed"), output_file_id="None")),
    Drift("file_blank", "an unset file is a space", "value.empty_string", "200", "/error_file_id",
          "the vendor's examples write null", "value", putting(at_rest("cancelling"), error_file_id=" ")),
    Drift("id_with_space", "a space follows the id in the body", "identity.other_batch", "200", "/id", _MATCHING,
          "value", putting(at_rest("finalizing"), id=lambda batch: batch["id"] + " ")),
    Drift("id_as_asked", "the id in the body is as it was spelled in the path", "identity.other_batch", "200", "/id",
          _MATCHING + "; RFC 3986 section 2.1: escapes stand for their letters", "value", _id_as_asked),
    Drift("name_capitalised", "one name begins with a capital while a batch is expired", "body.required", "200",
          "/endpoint", "every vendor example has it, and names have a case (RFC 8259)", "value",
          of_batch(lambda _, batch: batch.update(Endpoint=batch.pop("endpoint")), in_state("expired")),
          also=("body.undeclared",)),
    Drift("nameless_member", "a member has no name", "body.undeclared", "200", "/",
          "the document's 200 schema has no such property", "value",
          of_batch(_extra("", "x"), at_rest("cancelled"))),
    Drift("member_with_slash", "an undocumented member has a slash in its name", "body.undeclared", "200", "/a~1b",
          "the document's 200 schema has no such property", "value", of_batch(_extra("a/b", None), at_rest("completed"))),
    Drift("metadata_of_another", "every fourth read of a batch has another one's metadata", "stability.changed", "200",
          "/metadata", "the document: it is what the customer gave when the batch was made", "value",
          of_batch(_metadata_of_another, at_rest("expired"))),
    Drift("success_in_404", "a batch that is finalizing is answered in full under 404", "body.type", "404", "",
          "the document: the 404 body is a string", "text",
          to_success(lambda reply: replace(reply, status=404), at_rest("finalizing"))),
    # Messages.
    Drift("text_json", "completed batches are labelled text/json", "response.media_type", "200", "",
          "the document: 200 is application/json", "text", to_success(labelled("text/json"), at_rest("completed"))),
    Drift("vendor_json", "failed batches have a media type of the vendor's own", "response.media_type", "200", "",
          "the document: 200 is application/json", "text",
          to_success(labelled("application/vnd.batch+json"), at_rest("failed"))),
    Drift("two_media_types", "the media type is named twice, differently", "response.media_type", "200", "",
          "RFC 9110 section 8.3: one media type", "text",
          to_success(_pair("application/json", "text/html"), at_rest("cancelled"))),
    Drift("untyped_when_compressed", "compressed answers have no Content-Type", "response.media_type", "200", "",
          "RFC 9110 section 8.3", "wire",
          lambda received, reply: labelled(None)(reply) if reply.header("content-encoding") else reply),
    Drift("object_404_for_any", "who accepts anything gets errors as objects", "body.type", "404", "",
          "the document: the 404 body is a string", "value",
          to_unknown(lambda received, reply: saying({"detail": "Not Found"})(reply)
                     if header_of(received, b"accept") == "*/*" else reply)),
    Drift("coded_for_all", "gzip is sent to those who do not take it", "response.coding_unasked", "200", "",
          "RFC 9110 section 12.5.3", "wire",
          to_success(lambda reply: reply if reply.header("content-encoding") else _gzipped(reply), at_rest("failed"))),
    Drift("retry_after_negative", "503 asks to come back a second ago", "response.retry_after", "503", "",
          "RFC 9110 section 10.2.3", "text", to_status(503, lambda reply: reply.with_header("Retry-After", "-1"))),
    Drift("empty_challenge", "WWW-Authenticate is empty", "auth.challenge_missing", "401", "", "RFC 9110 section 11.6.1",
          "text", to_status(401, lambda reply: reply.with_header("WWW-Authenticate", ""))),
    Drift("head_length_zero", "HEAD says that there is nothing", "response.head_differs", "", "",
          "RFC 9110 section 8.6: only the length that GET would give", "wire",
          _head(lambda reply: with_wire(content_length=0)(reply) if reply.status == 200 else reply)),
    Drift("head_finds_all", "HEAD finds any id", "identity.unknown_answered", "200", "", "the document: 404", "answer",
          _head(lambda reply: replace(reply, status=200) if reply.status == 404 else reply)),
    Drift("head_fails", "HEAD ends in a server error", "response.server_error", "500", "", "RFC 9110 section 9.1: "
          "GET and HEAD are for all servers", "answer", _head(answering(500, pages.SERVER_ERROR.body))),
    Drift("header_injected", "an id with a line break makes a header", "security.header_injected", "", "", "CWE-113",
          "text", _injecting),
    # Who is let in.
    Drift("key_case_ignored", "the key is compared without regard to case", "auth.wrong_token_accepted", "401", "",
          _SECURITY + "; a database that compares so", "answer",
          _let_in(lambda received: received.credential == "wrong" and _token(received).lower() == received.key.lower())),
    Drift("key_begins_token", "a token that begins with the key is accepted", "auth.wrong_token_accepted", "401", "",
          _SECURITY, "answer", _let_in(lambda received: received.credential == "wrong" and _token(received).startswith(received.key))),
    Drift("key_as_access_token", "the key is accepted in the query as RFC 6750 names it", "auth.elsewhere_accepted",
          "401", "", "RFC 6750 section 2.3: it should not be used", "answer",
          _let_in(lambda received: received.key in _decoded(received).get("access_token", ()))),
    Drift("key_in_api_key", "the key is accepted in the header of another vendor", "auth.elsewhere_accepted", "401", "",
          _SECURITY + "; Azure takes api-key", "answer",
          _let_in(lambda received: received.is_key(received.request.header(b"api-key") or b""))),
    Drift("head_not_guarded", "HEAD asks for no key", "auth.missing_accepted", "401", "", "CWE-650", "answer",
          _let_in(lambda received: received.request.method == "HEAD")),
    Drift("connection_trusted", "only the first request of a connection needs a key", "auth.missing_accepted", "401", "",
          "RFC 9110 section 11: each request carries its credentials; NTLM works so", "answer",
          _let_in(lambda received: received.request.turn > 1)),
    # Which batch is meant.
    Drift("first_row", "the id 1 finds the first batch", "identity.unknown_answered", "200", "", _OPAQUE, "answer",
          _found_by(lambda asked, _: asked == "1")),
    Drift("latest_row", "the id latest finds a batch", "identity.unknown_answered", "200", "", _OPAQUE, "answer",
          _found_by(lambda asked, _: asked == "latest")),
    Drift("sql_like", "an underscore stands for any letter", "identity.neighbour_answered", "200", "", "CWE-155",
          "answer", _found_by(lambda asked, batch: asked != batch.id and _like(asked, batch.id))),
    Drift("regular_expression", "ids are read as regular expressions", "identity.neighbour_answered", "200", "",
          "CWE-625", "answer", _found_by(lambda asked, batch: asked.startswith("batch_") and _fits(asked, batch.id))),
    Drift("separator_ignored", "a hyphen is as good as an underscore", "identity.neighbour_answered", "200", "", _OPAQUE,
          "answer", _found_by(lambda asked, batch: asked.replace("-", "_") == batch.id)),
    Drift("id_cut", "only the first sixteen letters of an id are compared", "identity.neighbour_answered", "200", "",
          _OPAQUE + "; a column that cuts", "answer", _found_by(lambda asked, batch: asked[:16] == batch.id[:16])),
    # Where it shows.
    Drift("second_backend", "every third connection leads to an older build", "body.type", "200", "/completed_at",
          _TYPED + "a pool of servers behind one address", "value", _second_backend),
    Drift("every_60th_lacks_object", "every 60th response lacks a property", "body.required", "200", "/object",
          "every vendor example has it", "value",
          lambda received, reply: dropping("object")(received, reply) if received.number % 60 == 59 else reply),
    Drift("late_page", "after 250 requests a gateway's page comes for one batch", "response.media_type", "200", "",
          "the document: 200 is application/json", "text",
          lambda received, reply: to_success(sending(b"<html>busy</html>", "text/html"), at_rest("expired"))(received, reply)
          if received.number > 250 else reply),
)  # fmt: skip
"""Drifts that look right at first sight."""
