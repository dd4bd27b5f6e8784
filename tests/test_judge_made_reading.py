"""What rules read of batches that were made: the reads that count, the object of an answer, and the lines of files."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from followed_support import (
    ASKED,
    FILE,
    batch,
    contract,
    ended,
    made,
    read,
    reads,
    result,
    wrote,
)

from batch_conformance.exchange.exchange import Failure
from batch_conformance.message import shown
from batch_conformance.observation.observation import Observation
from batch_conformance.rules.batch_lines import result_lines
from batch_conformance.rules.followed import (
    BadRequest,
    Cancel,
    Followed,
    MadeBatch,
    ResultFile,
    Upload,
    id_in,
    is_of_another,
    object_in,
    stage_in,
)

GONE = read(404, "404 page not found")
NO = {"code": 20015, "message": "no", "data": None}
OTHER = batch("in_progress", id="batch_two")


def test_what_was_not_seen_of_a_batch_is_nothing() -> None:
    assert Followed() == Followed((), (), (), (), None)
    answer = wrote("create", 200, batch())
    assert Upload(FILE, answer) == Upload(FILE, answer, ())
    assert Cancel(None, answer) == Cancel(None, answer, ())
    assert BadRequest("wrong_url", answer) == BadRequest("wrong_url", answer, ())
    assert MadeBatch(FILE, ASKED, answer) == MadeBatch(FILE, ASKED, answer, (), (), ())
    fetched = result("output", [])
    assert ResultFile("output", "/output_file_id", fetched.named_by, fetched.fetched) == fetched
    assert fetched.again is None
    assert "custom_id" not in repr(FILE)


def test_a_batch_has_the_reads_that_were_answered_with_it() -> None:
    seen = [GONE, *reads("in_queue", OTHER, ended())]
    one = made(seen=seen)
    assert one.answered == (seen[1], seen[3])
    assert one.end is seen[3]
    assert made(seen=seen[:3]).end is None
    assert made(seen=[GONE]).end is None
    assert made(seen=reads("stuck")).end is None
    output, errors = result("output", []), result("error", [])
    files = made(results=[output, errors])
    assert (files.result("output"), files.result("error")) == (output, errors)
    assert made(results=[output]).result("error") is None
    assert (output.content, output.lines) == (b"", ())
    lost = result("output", [], status=404)
    assert (lost.content, lost.lines) == (None, None)


def test_the_object_that_an_answer_is_about_has_an_id() -> None:
    said = wrote("create", 200, {"code": 0, "data": {"id": "batch_1", "status": "failed"}})
    assert object_in(said) == ("/data", {"id": "batch_1", "status": "failed"})
    assert id_in(said) == "batch_1"
    stage = stage_in(said)
    assert stage is not None
    assert stage.value == "failed"
    nothing = wrote("create", 200, {"id": ""})
    assert (object_in(nothing), id_in(nothing), stage_in(nothing), id_in(None)) == (None, None, None, None)
    (exchange,) = (said.exchange,)
    assert exchange.response is not None
    cut = replace(exchange, response=replace(exchange.response, truncated=True))
    assert object_in(replace(said, exchange=cut)) is None
    broken = replace(exchange, failure=Failure("reset", shown("reset")))
    assert object_in(replace(said, exchange=broken)) is None
    unread = replace(exchange, response=replace(exchange.response, body=b"{"))
    assert object_in(replace(said, exchange=unread)) is None


def test_another_batch_is_one_that_says_another_id() -> None:
    assert is_of_another(read(200, OTHER))
    assert not is_of_another(read(200, batch()))
    assert not is_of_another(read(200, {**batch(), "id": 7}))
    assert not is_of_another(read(404, NO))
    files = Observation(read(200, {}, "/files").exchange, contract())
    assert not is_of_another(files)


def test_a_mark_before_the_lines_of_a_file_is_told_of_its_first_line() -> None:
    mark, good = b"\xef\xbb\xbf", b'{"custom_id": "a", "response": {"body": {}}}'
    assert [one.problem for one in result_lines(mark + good + b"\n" + good)] == ["mark", ""]
    assert [one.problem for one in result_lines(mark + b"[]\n" + good)] == ["object", ""]
    assert [one.problem for one in result_lines(good + b"\n" + mark + good)] == ["", "mark"]
    assert result_lines(mark) == ()
    assert [one.problem for one in result_lines(good + b"}\n" + good[:-1] + b', "x": NaN}')] == ["json", "json"]


@pytest.mark.parametrize(
    ("status", "failed"),
    [
        (400, True),
        ("400", True),
        ("0399", False),
        ("9" * 5000, True),
        ("x400", False),
        ("४००", False),
        (400.0, False),
        (None, False),
    ],
)
def test_a_status_of_a_line_is_a_number_in_digits(status: object, failed: bool) -> None:
    line = json.dumps({"custom_id": "a", "response": {"status_code": status}}).encode()
    assert [one.failed for one in result_lines(line)] == [failed]
