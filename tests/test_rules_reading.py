"""What rules read of a batch, of lines of files and of times, at the edges where one more or less decides."""

from __future__ import annotations

import json
from typing import Any

import pytest
from judge_support import COMPLETED, QUEUED, contract, sent, unknown

from batch_conformance.observation.observation import Observation
from batch_conformance.rules.batch import EARLIEST, LATEST, clock, is_plausible, moment, stage_of, times_of
from batch_conformance.rules.batch_lines import custom_ids_of, repeated, result_lines


def seen(body: Any) -> Observation:
    return Observation(sent(body), contract())


def test_times_of_batches_are_those_of_ninety_years() -> None:
    assert (clock(EARLIEST), clock(LATEST)) == ("2010-01-01 00:00:00 UTC", "2100-01-01 00:00:00 UTC")
    assert [is_plausible(time) for time in (EARLIEST - 1, EARLIEST, LATEST, LATEST + 1)] == [False, True, True, False]
    assert str(moment(1741685413)) == "1741685413 (2025-03-11 09:30:13 UTC)"


def test_the_times_of_a_batch_are_integers_that_can_be_seconds() -> None:
    body = {**COMPLETED, "expires_at": LATEST + 1, "in_progress_at": "1741685420", "finalizing_at": True}
    assert times_of(seen(body)) == {"/created_at": 1741685413, "/completed_at": 1741685510}
    assert times_of(Observation(unknown(), contract())) == {}


def test_the_stage_of_a_batch_is_the_one_that_it_names() -> None:
    roles = contract().chosen.roles
    stage = stage_of(COMPLETED, roles)
    assert stage is not None
    assert stage.value == "completed"
    assert stage_of({**QUEUED, "status": "gone"}, roles) is None
    assert stage_of(None, roles) is None


@pytest.mark.parametrize(
    ("line", "custom_id", "failed", "problem"),
    [
        ({"custom_id": "a", "response": {"status_code": 200}}, "a", False, ""),
        ({"custom_id": "a", "response": {"status_code": 399}}, "a", False, ""),
        ({"custom_id": "a", "response": {"status_code": 400}}, "a", True, ""),
        ({"custom_id": "a", "response": {"status_code": True}}, "a", False, ""),
        ({"custom_id": "a", "response": {"status_code": "500"}}, "a", False, ""),
        ({"custom_id": "a", "response": {}, "error": {"code": 1}}, "a", True, ""),
        ({"custom_id": "a", "response": "", "error": "no"}, "a", True, ""),
        ({"custom_id": "a", "response": {"body": {}}, "error": {}}, "a", False, ""),
        ({"custom_id": "a", "response": {"body": {}}, "error": {"code": 1}}, "a", True, "both"),
        ({"custom_id": "a", "response": None}, "a", None, "neither"),
        ({"custom_id": "", "response": {"body": {}}}, "", None, "custom_id"),
        ({"custom_id": 7, "response": {"body": {}}}, "", None, "custom_id"),
        ({"response": {"body": {}}}, "", None, "custom_id"),
        (["a"], "", None, "object"),
    ],
)
def test_a_line_of_results_says_what_became_of_a_request(
    line: object, custom_id: str, failed: bool | None, problem: str
) -> None:
    (read,) = result_lines(json.dumps(line).encode())
    assert (read.number, read.custom_id, read.failed, read.problem) == (1, custom_id, failed, problem)


def test_lines_keep_their_numbers_and_ids_their_order() -> None:
    content = b'\n{"custom_id": "b"}\n[]\n  \n{"custom_id": 1}\n{"custom_id": "a"}\n{"cus'
    assert [(line.number, line.problem) for line in result_lines(content)] == [
        (2, "neither"),
        (3, "object"),
        (5, "custom_id"),
        (6, "neither"),
        (7, "json"),
    ]
    assert custom_ids_of(content) == ("b", "a")
    assert repeated(["a", "b", "c", "b", "a", "b"]) == ("b", "a")
