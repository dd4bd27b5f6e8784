"""What the rules about states say of the times that go with them, and of states that follow each other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from broken_support import broken, compared, kinds, operation_of, seen, words
from judge_support import JSON, OTHER, QUEUED, contract_of, findings, sent

from batch_conformance.rules import REGISTRY
from batch_conformance.rules.states import STATE_RULES

MISSING, STAGE, EARLY, REGRESSED = (
    "state.timestamp_missing",
    "state.stage_timestamp_missing",
    "state.timestamp_early",
    "state.regressed",
)
ENDS = ("completed", "failed", "expired", "cancelled")
STATES = ("in_queue", "validating", "in_progress", "finalizing", "cancelling", *ENDS)
TIMED = ("in_progress", "finalizing", "completed", "failed", "expired", "cancelling", "cancelled")
AT = 1741685500


def body(status: str, *stages: str, **more: Any) -> dict[str, Any]:
    """A batch in a state, with the times of some stages."""
    return {**QUEUED, "status": status, **dict.fromkeys([f"{stage}_at" for stage in stages], AT), **more}


@pytest.mark.parametrize("status", STATES)
def test_a_final_state_has_its_own_time(status: str) -> None:
    missing = [(f"/{status}_at", f"unset when {status}")] if status in ENDS else []
    assert kinds(MISSING, body(status)) == missing
    assert kinds(MISSING, body(status, *TIMED)) == []
    if status in ENDS:
        (one,) = broken(MISSING, seen(body(status)))
        assert (one.status, one.media_type, one.level, one.side) == (None, JSON, None, None)
        assert words(one) == (f"{MISSING}.expected state={status}", f"{MISSING}.observed")


def test_each_stage_that_was_passed_has_its_time() -> None:
    found = {status: [pointer for pointer, _ in kinds(STAGE, body(status))] for status in STATES}
    assert found == {
        **{status: [] for status in STATES},
        "in_progress": ["/in_progress_at"],
        "finalizing": ["/finalizing_at"],
        "cancelling": ["/cancelling_at"],
        "completed": ["/in_progress_at", "/finalizing_at"],
    }
    assert kinds(STAGE, body("completed", "in_progress")) == [("/finalizing_at", "unset when completed")]
    assert kinds(STAGE, body("completed", "in_progress", finalizing_at=0)) == []
    (one,) = broken(STAGE, seen(body("in_progress")))
    assert words(one) == (f"{MISSING}.expected state=in_progress", f"{MISSING}.observed")


def test_no_time_is_there_of_a_state_that_the_batch_is_not_in() -> None:
    ends = [f"/{name}_at" for name in ("completed", "failed", "expired")]
    later = {status: [pointer for pointer, _ in kinds(EARLY, body(status, *TIMED))] for status in STATES}
    assert later == {
        "in_queue": ["/in_progress_at", "/finalizing_at", *ends, "/cancelled_at"],
        "validating": ["/in_progress_at", "/finalizing_at", *ends, "/cancelled_at"],
        "in_progress": ["/finalizing_at", *ends, "/cancelled_at"],
        "finalizing": [*ends, "/cancelled_at"],
        "cancelling": [*ends, "/cancelled_at"],
        "completed": ["/failed_at", "/expired_at", "/cancelled_at"],
        "failed": ["/completed_at", "/expired_at", "/cancelled_at"],
        "expired": ["/completed_at", "/failed_at", "/cancelled_at"],
        "cancelled": ["/completed_at", "/failed_at", "/expired_at"],
    }


def test_a_time_of_another_state_is_told_with_the_state() -> None:
    (one,) = broken(EARLY, seen(body("in_progress", "in_progress", "failed")))
    assert (one.pointer, one.kind, one.status, one.media_type) == ("/failed_at", "set when in_progress", None, JSON)
    assert one.level is None
    assert words(one) == (
        f"{EARLY}.expected state=in_progress",
        f"time.moment clock=2025-03-11 09:31:40 UTC time={AT}",
    )
    assert kinds(EARLY, body("in_progress", failed_at=0)) == []  # told of its magnitude


def test_an_end_of_any_kind_may_be_written_into_the_time_of_completion() -> None:
    levels = {status: [one.level for one in broken(EARLY, seen(body(status, "completed")))] for status in STATES}
    assert {status for status, found in levels.items() if found == ["info"]} == {"failed", "expired", "cancelled"}
    assert levels["in_progress"] == [None]
    assert [one.level for one in broken(EARLY, seen(body("completed", "failed")))] == [None]


SHARED = contract_of(
    {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "status": {"type": "string", "enum": ["DONE", "done", "run"]},
            "completed_at": {"type": "integer", "nullable": True},
        },
        "x-roles": {"stages": {"DONE": "completed", "done": "completed", "run": "in_progress"}},
    }
)


def test_two_words_for_one_state_share_its_time() -> None:
    done = {"id": "a", "status": "done", "completed_at": None}
    stamps = {stage.value: stage.timestamp for stage in operation_of(SHARED).roles.stages}
    assert stamps["DONE"] == stamps["done"] == "/completed_at"
    assert kinds(MISSING, done, under=SHARED) == [("/completed_at", "unset when done")]
    assert kinds(MISSING, {**done, "status": "DONE"}, under=SHARED) == [("/completed_at", "unset when DONE")]
    assert kinds(EARLY, {**done, "completed_at": AT}, under=SHARED) == []


def test_two_states_of_one_rank_may_follow_each_other() -> None:
    under = contract_of(
        {
            "type": "object",
            "properties": {
                "status": {"type": "string", "enum": ["running", "processing", "failed"]},
                **{name: {"type": "integer"} for name in ("running_at", "processing_at", "failed_at")},
            },
        }
    )
    both = {"status": "running", "running_at": AT, "processing_at": AT}
    assert kinds(EARLY, both, under=under) == []
    assert kinds(EARLY, {**both, "failed_at": AT}, under=under) == [("/failed_at", "set when running")]


@pytest.mark.parametrize("rule", [MISSING, STAGE, EARLY])
def test_nothing_is_said_of_a_state_that_is_not_known_or_of_no_batch(rule: str) -> None:
    assert kinds(rule, body("odd", *TIMED)) == kinds(rule, body("odd")) == []
    assert kinds(rule, body("completed"), 500) == kinds(rule, {"code": 1, "message": "x", "data": None}) == []


def moved(*statuses: str) -> list[tuple[int, str, str]]:
    found = compared(REGRESSED, *(sent({**QUEUED, "status": status}) for status in statuses))
    assert all(
        (one.status, one.media_type, one.level, one.pointer) == (None, JSON, None, "/status") for _, one in found
    )
    return [(shows.exchange.number, one.kind, str(one.observed)) for shows, one in found]


def test_a_final_state_is_final() -> None:
    for end in ENDS:
        for other in STATES:
            assert moved(end, other) == ([] if other == end else [(1, "left_final_state", other)])


def test_a_state_does_not_go_back_but_for_one_that_is_cancelled() -> None:
    ranks = dict.fromkeys(STATES, 3) | {
        "in_queue": 0,
        "validating": 0,
        "in_progress": 1,
        "finalizing": 2,
        "cancelling": 2,
    }
    for one in STATES[:5]:
        for other in STATES:
            back = ranks[other] < ranks[one] and "cancelling" not in (one, other)
            assert moved(one, other) == ([(1, "went_back", other)] if back else [])


def test_each_read_is_compared_with_the_one_before() -> None:
    assert moved("in_queue", "in_progress", "in_queue", "in_queue") == [(2, "went_back", "in_queue")]
    assert moved("finalizing", "odd", "in_queue") == moved("finalizing", "odd") == moved("in_queue") == moved() == []
    assert moved("in_progress", "in_queue", "completed", "failed") == [
        (1, "went_back", "in_queue"),
        (3, "left_final_state", "failed"),
    ]
    ((_, back),) = compared(REGRESSED, *(sent({**QUEUED, "status": one}) for one in ("in_progress", "in_queue")))
    assert words(back) == (f"{REGRESSED}.later state=in_progress", "value.shown value=in_queue")
    ((_, left),) = compared(REGRESSED, *(sent({**QUEUED, "status": one}) for one in ("failed", "in_queue")))
    assert words(left) == (f"{REGRESSED}.final state=failed", "value.shown value=in_queue")
    assert compared(REGRESSED, sent({**QUEUED, "status": "failed"}), sent({**QUEUED, "id": OTHER})) == []


def clauses(rule: str, **changes: Any) -> list[tuple[str, str, str, str]]:
    operation = operation_of()
    operation = replace(operation, roles=replace(operation.roles, **changes))
    found = REGISTRY[rule].clauses_of(operation)
    return [(one.status, one.media_type, one.pointer, one.says.id) for one in found]


def test_there_are_clauses_where_a_contract_has_states_and_times_of_them() -> None:
    stages = operation_of().roles.stages
    untimed = tuple(replace(stage, timestamp=None) for stage in stages)
    for rule in (MISSING, STAGE, EARLY, REGRESSED):
        assert clauses(rule) == [("200", "", "", f"{rule}.clause")]
        assert clauses(rule, stages=()) == []
        assert bool(clauses(rule, stages=untimed)) is (rule == REGRESSED)
        assert clauses(rule, stages=(untimed[0], stages[-1]))
    assert {MISSING, STAGE, EARLY} == STATE_RULES
    assert REGISTRY[STAGE].unless_told == ("body.seen", MISSING)


def test_more_than_two_times_of_other_states_are_one_finding() -> None:
    def told(*stages: str) -> list[tuple[str, str]]:
        found = findings(sent(body("in_queue", *stages)), info=True)
        return sorted((one.pointer, one.kind) for one in found if one.rule == EARLY)

    assert told("in_progress", "failed", "expired") == [("", "set when in_queue")]
    assert told("in_progress", "failed") == [
        ("/failed_at", "set when in_queue"),
        ("/in_progress_at", "set when in_queue"),
    ]
