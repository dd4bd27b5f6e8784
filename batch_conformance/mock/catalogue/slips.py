"""Drifts of what slips into values on their way out, of files and counts that contradict the state, and of refusals."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from batch_conformance.mock import pages
from batch_conformance.mock.changes import (
    Fields,
    When,
    answering,
    at_rest,
    in_state,
    of_batch,
    putting,
    saying,
    sending,
    to_status,
    to_unknown,
)
from batch_conformance.mock.drift import Apply, Drift
from batch_conformance.mock.message import Reply
from batch_conformance.mock.received_request import ReceivedRequest

_PLAIN = "RFC 3986 section 2: what an id, a path or an address is made of; "
_EXAMPLE = "the document's example; common elsewhere, so it is only told"
_FILES = "the document names the files of a batch apart; "
_TOLD = "vendors differ, so it is only told; "
_NIL = "00000000-0000-0000-0000-000000000000"
_INPUT, _OUTPUT, _ERRORS, _PATH = "input_file_id", "output_file_id", "error_file_id", "endpoint"


def _named(name: str) -> When:
    return lambda _, batch: isinstance(batch.get(name), str)


def _malformed(drift: str, title: str, name: str, seen: str, make: Callable[[str], str]) -> Drift:
    """A name of a batch, written in another way wherever it is set."""
    change = of_batch(lambda _, batch: batch.update({name: make(batch[name])}), _named(name))
    return Drift(drift, title, "value.malformed", "200", f"/{name}", _PLAIN + seen, "value", change)


def _empty(drift: str, title: str, pointer: str, seen: str, apply: Apply) -> Drift:
    return Drift(drift, title, "value.empty_string", "200", pointer, seen, "value", apply)


def _unset(name: str, value: str) -> Apply:
    return putting(lambda _, batch: batch.get(name) is None, **{name: value})


def _told(drift: str, title: str, at: tuple[str, str, str], source: str, apply: Apply) -> Drift:
    """A drift that fails nothing, told ``at`` a rule, status and pointer."""
    return Drift(drift, title, *at, source, "value", apply, verdict="conforms")


_AN_HOUR_AGO = int(time.time()) - 3600


def _without_files(_: ReceivedRequest, batch: Fields) -> None:
    """Takes the files of a batch that was completed an hour ago: of older ones they may have been deleted."""
    batch.pop(_OUTPUT, None)
    batch.pop(_ERRORS, None)
    later = _AN_HOUR_AGO - batch["completed_at"]
    batch.update({name: value + later for name, value in batch.items() if name.endswith("_at") and value})


def _done(count: int) -> Fields:
    return {"total": 40, "completed": count, "failed": 0}


def _from_second_read(change: Callable[[Fields], object]) -> Apply:
    return of_batch(
        lambda _, batch: change(batch), lambda received, batch: received.reads > 1 and bool(batch.get("metadata"))
    )


def _by_turns(received: ReceivedRequest, reply: Reply) -> Reply:
    """Two replicas refuse a batch that each of them knows: one has lost it, the other cannot read it."""
    if received.batch is None or reply.status != 200 or received.batch.at()["status"] != "cancelling":
        return reply
    status, body = ((404, pages.NOT_FOUND.body), (400, {**pages.BAD_REQUEST.body, "data": ""}))[received.reads % 2]
    return answering(status, body)(reply)


def _as_code(code: Any) -> Apply:
    return to_status(400, saying({"code": code, "message": "ok", "data": None}))


DRIFTS: tuple[Drift, ...] = (
    _malformed("file_padded", "the id of the input file has a blank after it", _INPUT, "a CHAR column", "{} ".format),
    _malformed("file_newline", "the id of the output file ends with a line break", _OUTPUT, "a line that was read whole",
               "{}\n".format),
    _malformed("endpoint_padded", "the endpoint has a blank before it", _PATH, "a header that was split at its colon",
               " {}".format),
    _malformed("file_nul", "a NUL is inside the id of the error file", _ERRORS, "a buffer of a fixed size",
               lambda text: text[:6] + "\0" + text[6:]),
    _malformed("file_bom", "a byte order mark stands before the id of the input file", _INPUT,
               "the first column of a CSV file", "\ufeff{}".format),
    _malformed("output_markup", "the output file's id has an entity of HTML in it", _OUTPUT, "a template that escapes",
               lambda text: text + "&amp;part=1"),
    _malformed("file_apostrophe_entity", "quotes around the input file's id are entities", _INPUT,
               "a template that escapes", "&#39;{}&#39;".format),
    _malformed("file_unfilled", "the id of the error file is a template in braces", _ERRORS, "Jinja or Handlebars",
               lambda _: "{{ error_file_id }}"),
    _malformed("file_shell_variable", "the id of the output file is the name of a variable", _OUTPUT, "envsubst",
               lambda _: "${OUTPUT_FILE_ID}"),
    _malformed("file_format_field", "the id of the input file is a field of Python's format", _INPUT,
               "a string that lacks its f", lambda _: "file-{file_id}"),
    _malformed("file_printf", "the id of the error file is a verb of printf", _ERRORS, "a format without arguments",
               lambda _: "%s"),
    _malformed("file_percent_encoded", "the id of the input file is percent-encoded", _INPUT, "encoded once too often",
               lambda text: text.replace("-", "%2D")),
    _malformed("file_go_pointer", "the id of the output file is an address of Go", _OUTPUT, "%v of a *string",
               lambda _: "0xc000123ab0"),
    _malformed("file_python_object", "the id of the error file is an object of Python", _ERRORS, "str() of an object",
               lambda _: "<files.File object at 0x7f3a2c1d9e80>"),
    _malformed("file_bytes", "the id of the input file is bytes as Python prints them", _INPUT, "str() of bytes",
               "b'{}'".format),
    _malformed("file_quoted", "the id of the output file stands in quotes of its own", _OUTPUT, "JSON encoded twice",
               '"{}"'.format),
    _malformed("file_option", "the id of the input file is an option of Rust", _INPUT, "{:?} of an Option",
               'Some("{}")'.format),
    _malformed("file_optional", "the id of the error file is an Optional of Java", _ERRORS, "toString of an Optional",
               "Optional[{}]".format),
    _malformed("file_js_object", "the id of the output file is an object of JavaScript", _OUTPUT, "an object as a text",
               lambda _: "[object Object]"),
    _malformed("file_null_string", "the id of the input file is a sql.NullString of Go", _INPUT, "%v of a NullString",
               "{{{} true}}".format),
    _malformed("file_java_object", "the id of the error file is an object of Java", _ERRORS, "Object.toString",
               lambda _: "com.example.batch.FileRef@1b2c3d4e"),
    _malformed("endpoint_quoted", "the endpoint is printed with repr", _PATH, "repr() of a text", "'{}'".format),
    _empty("nil_uuid_file", "an unset file is the nil UUID", f"/{_ERRORS}", "RFC 9562 section 5.9", _unset(_ERRORS, _NIL)),
    _empty("zero_file", "an unset file is the text 0", f"/{_OUTPUT}", "an integer column made a text", _unset(_OUTPUT, "0")),
    _empty("nil_file", "an unset file is the word nil", f"/{_ERRORS}", "Go and Ruby print no value so",
           _unset(_ERRORS, "nil")),
    _empty("not_applicable_file", "an unset file is N/A", f"/{_ERRORS}", "an export for people", _unset(_ERRORS, "N/A")),
    _empty("empty_error_item", "the list of errors has an empty text in it", "/errors/*",
           "the document: errors is an array of strings; an empty one says nothing",
           putting(in_state("failed"), errors=["line 1: not JSON", ""])),
    _empty("split_nothing", "a batch without errors has one empty error", "/errors/*",
           "the document: errors is an array of strings; an empty text split at its commas",
           putting(lambda _, batch: batch.get("errors") == [], errors=[""])),
    Drift("output_is_input", "the output file is the input file", "results.same_file", "200", f"/{_OUTPUT}",
          _FILES + "a column taken for its neighbour", "value",
          of_batch(lambda _, batch: batch.update(output_file_id=batch[_INPUT]), _named(_OUTPUT))),
    Drift("errors_are_output", "the error file is the output file", "results.same_file", "200", f"/{_ERRORS}",
          _FILES + "one file for both", "value",
          of_batch(lambda _, batch: batch.update(error_file_id=batch[_OUTPUT]),
                   lambda _, batch: bool(batch.get(_OUTPUT) and batch.get(_ERRORS)))),
    Drift("work_while_queued", "a batch that waits has done part of its work", "counts.before_begun", "200",
          "/request_counts/completed", "the guide's order of states", "value",
          putting(at_rest("in_queue"), request_counts=_done(7))),
    Drift("work_while_validating", "a batch that is validated has done part of its work", "counts.before_begun", "200",
          "/request_counts/completed", "the guide's order of states", "value",
          putting(at_rest("validating"), request_counts=_done(1))),
    Drift("expired_at_noon", "a batch expired half of its time before its expiry", "time.expired_early", "200",
          "/expired_at", "two times of one answer contradict each other", "value",
          putting(in_state("expired"),
                  expired_at=lambda batch: (batch["created_at"] + batch["expires_at"]) // 2)),
    Drift("output_shared", "all batches have one output file", "results.shared", "200", f"/{_OUTPUT}",
          _FILES + "an id that is kept from the batch before", "value",
          of_batch(lambda _, batch: batch.update(output_file_id="file-results0001"), _named(_OUTPUT))),
    Drift("errors_shared", "two batches have one error file", "results.shared", "200", f"/{_ERRORS}",
          _FILES + "an id made of the input alone", "value",
          of_batch(lambda _, batch: batch.update(error_file_id="file-errors0001"), _named(_ERRORS))),
    Drift("times_of_tomorrow", "every time is ten years later", "time.ahead", "200", "/created_at",
          "RFC 9110 section 6.6.1; a clock that was never set", "value",
          of_batch(lambda _, batch: batch.update(
              {name: value + 315_360_000 for name, value in batch.items() if name.endswith("_at") and value}))),
    Drift("begun_tomorrow", "a running batch begins in a few years", "time.ahead", "200", "/in_progress_at",
          "RFC 9110 section 6.6.1; another clock", "value",
          putting(at_rest("in_progress"), in_progress_at=lambda batch: batch["created_at"] + 157_680_000)),
    Drift("metadata_vanishes", "metadata is gone from the second read on", "stability.metadata_lost", "200", "/metadata",
          "what a batch was made with; two answers contradict each other", "value",
          _from_second_read(lambda batch: batch.pop("metadata"))),
    Drift("metadata_emptied", "metadata is empty from the second read on", "stability.metadata_lost", "200", "/metadata",
          "what a batch was made with; two answers contradict each other", "value",
          _from_second_read(lambda batch: batch.update(metadata={}))),
    Drift("completed_without_files", "a completed batch names no file", "results.missing", "200", f"/{_OUTPUT}",
          "openai/openai-cookbook#1564; the counts say that there are results", "value",
          of_batch(_without_files, at_rest("completed"))),
    _told("results_while_running", "a running batch names its output file", ("results.early", "200", f"/{_OUTPUT}"),
          _TOLD + "results that are written as they come",
          putting(at_rest("in_progress"), output_file_id="file-partial0001")),
    _told("endpoint_word", "the endpoint is a word and no path", ("value.form", "200", f"/{_PATH}"), _EXAMPLE,
          putting(at_rest("finalizing"), endpoint="chat.completions")),
    _told("window_iso_8601", "the window is a duration of ISO 8601", ("value.form", "200", "/completion_window"), _EXAMPLE,
          putting(at_rest("in_queue"), completion_window="PT24H")),
    _told("refused_by_turns", "one batch is not found and a bad request by turns", ("stability.refusal_changed", "", ""),
          "RFC 9110 section 9.2.1: reading changes nothing; replicas that check in another order", _by_turns),
    Drift("id_pasted", "the text of a 404 has the id as it was asked for", "json.id_pasted", "404", "",
          "RFC 8259 section 7; a body that is made of texts", "text", to_unknown(
              lambda received, reply: sending(f'"404: no batch {received.asked}"'.encode("utf-8", "replace"))(reply))),
    _told("error_code_zero", "the code of a 400 is 0", ("error.success_code", "400", "/code"),
          "RFC 9110 section 15.5; envelopes have 0 for success", _as_code(0)),
    _told("error_code_20000", "the code of a 400 is that of success", ("error.success_code", "400", "/code"),
          "RFC 9110 section 15.5; the vendor's envelope has 20000 for success", _as_code(20000)),
    _told("error_json_text", "the text of a 404 is JSON written as a text", ("error.json_in_string", "404", ""),
          "RFC 8259 section 7; a message of another service passed on", to_unknown(
              lambda _, reply: saying('{"message": "no such batch", "code": 20012}')(reply))),
)  # fmt: skip
"""Drifts of what slips in."""
