"""The checks that spare recorded traffic the rules about times: they hold only where those are kept."""

from __future__ import annotations

from typing import Any

import pytest
from broken_support import alike, kinds
from judge_support import COMPLETED, QUEUED
from test_rules_times import EARLIEST, END, EXPIRED, FLAT, LATEST, START, batch, completed, roles_of

from batch_conformance.contract.contract import Contract
from batch_conformance.rules.columns import Columns
from batch_conformance.rules.rule import AlikeBodies
from batch_conformance.rules.times import latest_passed, surely_in_time

UNTIMED = dict.fromkeys(name for name in QUEUED if name.endswith("_at"))
DEEP = roles_of(timestamps=["/in/begun_at", "/in/due_at"], created="/in/begun_at", expires="/in/due_at")
DEEP_WINDOW = roles_of(timestamps=["/begun_at"], created="/begun_at", window="/in/begun_at")


def latest(like: AlikeBodies, *bodies: dict[str, Any]) -> list[float]:
    return list(latest_passed(like)(Columns.of_bodies(bodies)))


def test_the_latest_of_the_times_that_have_passed_is_no_expiry() -> None:
    assert latest(alike(COMPLETED), COMPLETED) == [COMPLETED["completed_at"]]
    assert latest(alike(QUEUED), batch(created_at=7), batch(created_at=9), batch(created_at=7)) == [7, 9, 7]
    assert latest(alike(batch(created_at=None)), QUEUED, QUEUED) == [0.0, 0.0]
    assert latest(alike(batch(created_at=True)), QUEUED) == [0.0]
    (found,) = latest(alike(completed(completed_at=1)), completed(created_at=5, in_progress_at=9))
    assert found > 9


def test_times_inside_of_an_object_are_looked_at_where_they_are() -> None:
    body = {"id": "a", "status": "run", "in": {"begun_at": 5, "due_at": 9}}
    assert latest(alike(body, DEEP), body) == [5]
    escaped = roles_of(timestamps=["/done~1at"], created="/done~1at")
    assert latest(alike({"done/at": 3}, escaped), {"done/at": 4}) == [4]
    assert surely_in_time(alike({"done/at": 4}, escaped)) is None
    assert surely_in_time(alike(body, DEEP)) is None
    assert surely_in_time(alike(body, DEEP_WINDOW)) is None
    assert surely_in_time(alike({"begun_at": START, "due_at": START}, FLAT)) is not None


def holds(body: dict[str, Any], like: dict[str, Any] | None = None, under: Contract | None = None) -> list[bool]:
    """What each check says of a body that is like another one."""
    checks = surely_in_time(alike(like or body, under))
    assert checks is not None
    return [check(Columns.of_bodies([body])) for check in checks]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, [True, True]),
        ({"created_at": START + 1}, [True, False]),
        ({"created_at": EARLIEST, "expires_at": EARLIEST + 86400}, [True, True]),
        ({"created_at": EARLIEST - 1, "expires_at": EARLIEST + 86399}, [False, True]),
        ({"created_at": LATEST - 86400, "expires_at": LATEST}, [True, True]),
        ({"created_at": LATEST - 86399, "expires_at": LATEST + 1}, [False, True]),
        ({"expires_at": START - 1}, [False, False]),
        ({"expires_at": START, "completion_window": "0h"}, [True, True]),
        ({"completion_window": "soon", "expires_at": START + 1}, [True, True]),
        ({"completion_window": "1d"}, [True, True]),
        ({"completion_window": "2h"}, [True, False]),
    ],
)
def test_a_body_is_surely_in_time_where_each_of_its_times_is(changes: dict[str, Any], expected: list[bool]) -> None:
    assert holds(batch(**changes)) == expected
    again = surely_in_time(alike(QUEUED))
    assert again is not None
    assert [[check(Columns.of_bodies([batch(**changes)])) for check in again] for _ in range(2)] == [expected] * 2


def test_what_is_no_time_or_no_window_is_not_checked() -> None:
    assert holds(batch(**UNTIMED)) == []
    assert holds(batch(created_at="1741685413")) == [True]
    assert holds(batch(created_at=True)) == [True]
    assert holds(batch(expires_at=None)) == [True]
    assert holds(batch(completion_window=None)) == [True]
    assert holds(batch(completion_window=24)) == [True]


@pytest.mark.parametrize(
    ("changes", "in_order"),
    [
        ({"finalizing_at": COMPLETED["in_progress_at"]}, True),
        ({"finalizing_at": COMPLETED["in_progress_at"] - 1}, False),
        ({"finalizing_at": COMPLETED["completed_at"]}, True),
        ({"finalizing_at": COMPLETED["completed_at"] + 1}, False),
        ({"in_progress_at": START}, True),
        ({"in_progress_at": START - 1}, False),
        ({"in_progress_at": COMPLETED["completed_at"] + 1, "finalizing_at": COMPLETED["completed_at"]}, False),
    ],
)
def test_a_body_is_surely_in_order_where_each_stage_is_after_those_before(
    changes: dict[str, Any], in_order: bool
) -> None:
    assert holds(completed(**changes)) == [in_order, True]
    assert bool(kinds("time.order", completed(**changes))) is not in_order


def test_a_cancelled_batch_surely_keeps_the_order_that_its_rule_asks_for() -> None:
    cancelled = {"status": "cancelled", "cancelling_at": START + 9, "cancelled_at": START + 9}
    assert holds(batch(**cancelled)) == [True, True]
    assert holds(batch(**cancelled, in_progress_at=START + 9, finalizing_at=START + 9)) == [True, True]
    assert holds(batch(**{**cancelled, "cancelled_at": START + 8})) == [False, True]


@pytest.mark.parametrize(("before", "expected"), [(-9, True), (0, True), (60, True), (61, False)])
def test_an_expired_batch_surely_is_not_early_where_it_ended_a_minute_before_at_most(
    before: int, expected: bool
) -> None:
    assert holds({**EXPIRED, "expired_at": END - before}) == [True, True, expected]


def test_a_batch_in_another_state_or_without_an_expiry_has_no_check_of_it() -> None:
    assert len(holds({**EXPIRED, "status": "failed", "failed_at": END, "expired_at": END})) == 2
    assert len(holds({**EXPIRED, "expired_at": None})) == 2
    assert len(holds({**EXPIRED, "expired_at": END, "expires_at": None})) == 1
    assert len(holds({**EXPIRED, "status": "odd", "expired_at": END})) == 2


def test_windows_are_remembered_without_end_of_memory() -> None:
    checks = surely_in_time(alike(QUEUED))
    assert checks is not None

    def of_window(*windows: str) -> bool:
        return checks[1](Columns.of_bodies([batch(completion_window=window) for window in windows]))

    for number in range(1_100):
        assert of_window(f"{number}h") is (number == 24)
    assert not of_window("1h")
    assert of_window("24h")
    assert of_window("24h", "1d", "soon")
    assert not of_window("24h", "25h", "1d")
