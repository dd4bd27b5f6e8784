"""Drifts that show only now and then, or to one class of requests: what a few samples would miss."""

from __future__ import annotations

from collections.abc import Callable

from batch_conformance.mock import pages
from batch_conformance.mock.changes import (
    NGINX,
    answering,
    at_rest,
    dropping,
    header_of,
    labelled,
    putting,
    saying,
    sending,
    to_success,
    with_wire,
)
from batch_conformance.mock.drift import Apply, Drift
from batch_conformance.mock.message import Reply
from batch_conformance.mock.received_request import ReceivedRequest

_FOREIGN = "the document: 200 is application/json; a gateway's page in between"


def _every(count: int, change: Apply) -> Apply:
    """Applies to every so many requests of the mock."""
    return lambda received, reply: change(received, reply) if received.number % count == count - 1 else reply


def _at_read(number: int, change: Apply) -> Apply:
    """Applies to one read of each batch."""
    return lambda received, reply: change(received, reply) if received.reads == number else reply


def _of_one(change: Apply, state: str) -> Apply:
    return lambda received, reply: (
        change(received, reply)
        if received.batch is not None and at_rest(state)(received, received.batch.at())
        else reply
    )


def _for_ids(wanted: Callable[[str], bool], change: Callable[[Reply], Reply]) -> Apply:
    """Applies to ids that nobody has."""
    return lambda received, reply: (
        change(reply)
        if received.place == "operation" and received.batch is None and received.forced is None
        and received.credential == "valid" and received.reading and wanted(received.asked or "")
        else reply
    )  # fmt: skip


def _escaped(received: ReceivedRequest) -> bool:
    return received.batch is not None and b"%" in received.request.path


DRIFTS: tuple[Drift, ...] = (
    Drift("every_25th_page", "every 25th response is a gateway's page", "response.media_type", "200", "", _FOREIGN,
          "text", _every(25, to_success(sending(NGINX, "text/html"))), also=("response.head_differs",)),
    Drift("every_25th_untyped", "every 25th response has no Content-Type", "response.media_type", "200", "",
          "RFC 9110 section 8.3", "text", _every(25, to_success(labelled(None)))),
    Drift("every_25th_lacks_status", "every 25th batch lacks its status", "body.required", "200", "/status",
          "every vendor example has it", "value", _every(25, dropping("status"))),
    Drift("every_25th_string_time", "every 25th batch has a time as text", "body.type", "200", "/created_at",
          "the document: created_at is an integer", "value",
          _every(25, putting(created_at=lambda batch: str(batch["created_at"])))),
    Drift("every_25th_other_batch", "every 25th batch is another one", "identity.other_batch", "200", "/id",
          "the document: the batch object matching the specified ID", "value",
          _every(25, putting(id="batch_aaaaaaaaab"))),
    Drift("second_read_null_id", "the second read of one batch has no id", "body.type", "200", "/id",
          "the document: id is a string", "value", _at_read(2, _of_one(putting(id=None), "cancelling"))),
    Drift("third_read_renamed", "the third read of each batch has another name for the window", "body.required", "200",
          "/completion_window", "every vendor example has it", "value",
          _at_read(3, dropping("completion_window"))),
    Drift("first_read_undeclared", "the first read of each batch says that it is fresh", "body.undeclared", "200",
          "/cached", "the document's 200 schema has no such property", "value",
          _at_read(1, putting(cached=False))),
    Drift("later_reads_number", "from the fifth read on the input file is a number", "body.type", "200",
          "/input_file_id", "the document: input_file_id is a string", "value",
          lambda received, reply: putting(input_file_id=17)(received, reply) if received.reads >= 5 else reply),
    Drift("second_poll_backwards", "a finalizing batch is in_queue again from its second to its fourth read",
          "state.regressed", "200", "/status", "the guide's order of states", "value",
          lambda received, reply: putting(at_rest("finalizing"), status="in_queue")(received, reply)
          if 2 <= received.reads <= 4 else reply,
          also=("state.timestamp_early",),
          because="the times of a later stage are in the body that went back"),
    Drift("escaped_id_number", "an id with an escaped letter has its window as a number", "body.type", "200",
          "/completion_window", "the document: completion_window is a string", "value",
          lambda received, reply: putting(completion_window=24)(received, reply) if _escaped(received) else reply),
    Drift("longer_id_object_404", "the 404 of ids longer than usual is an object", "body.type", "404", "",
          "the document: the body is a string", "value",
          _for_ids(lambda asked: len(asked) > 20 and asked[6:].isalpha(), saying({"detail": "id too long"}))),
    Drift("number_id_405", "an id that is a number is not allowed", "response.status", "405", "",
          "the document lists no 405 for GET", "answer",
          _for_ids(str.isdigit, answering(405, "405 method not allowed", ("Allow", "POST")))),
    Drift("uuid_found", "an id that is a UUID finds something", "identity.unknown_answered", "200", "",
          "the document: 404", "answer",
          _for_ids(lambda asked: asked.count("-") == 4, answering(200, {"id": "x"}))),
    Drift("gzip_other_shape", "compressed answers are of another build", "body.required", "200", "/object",
          "every vendor example has it", "value",
          lambda received, reply: dropping("object")(received, reply)
          if header_of(received, b"accept-encoding").startswith("gzip") and "q=0" not in header_of(
              received, b"accept-encoding") else reply),
    Drift("translated_status", "who reads Chinese gets the state in Chinese", "body.known_value", "200", "/status",
          "the guide's list of states", "value",
          lambda received, reply: putting(status="已完成")(received, reply)
          if header_of(received, b"accept-language").startswith("zh") else reply),
    Drift("silent_for_nul", "ids with a control character are never answered", "response.silent", "", "",
          "CWE-400: other requests are answered", "wire",
          _for_ids(lambda asked: any(ord(letter) < 32 for letter in asked), with_wire(sends="nothing")), silent=True),
    Drift("dropped_for_unicode", "ids beyond ASCII get the connection closed", "response.silent", "", "",
          "CWE-248: other requests are answered", "wire",
          _for_ids(lambda asked: not asked.isascii(), with_wire(sends="reset"))),
    Drift("silent_for_unknown", "ids that nobody has are never answered", "response.silent", "", "",
          "CWE-400: other requests are answered", "wire",
          _for_ids(lambda asked: asked.startswith("batch_") and asked[6:].isalpha() and len(asked) == 16,
                   with_wire(sends="nothing")), silent=True),
    # One drop of a connection in use is nothing: the server may have closed it before the request came.
    Drift("pairs_dropped", "two of five requests are dropped, the second on a connection of its own", "response.drops",
          "", "", "RFC 9112 section 9.6", "wire",
          lambda received, reply: with_wire(sends="reset")(reply) if received.number % 5 in (3, 4) else reply),
    Drift("page_of_404_once", "the 404 of one shape of ids is a page", "response.media_type", "404", "",
          "the document: application/json", "text",
          _for_ids(lambda asked: len(asked) == 26 and asked.isupper(), lambda reply: sending(NGINX, "text/html")(
              answering(404, pages.NOT_FOUND.body)(reply)))),
)  # fmt: skip
"""Drifts that are rare by their nature."""
