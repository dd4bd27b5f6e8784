"""What the rules about the times of a batch say of each time, at the moments where they begin to say it."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import Any

import pytest
from broken_support import broken, kinds, operation_of, seen, words
from judge_support import COMPLETED, JSON, QUEUED, contract, contract_of, findings, sent

from batch_conformance.contract.contract import Contract
from batch_conformance.contract.roles import Stage
from batch_conformance.observation.observation import Observation
from batch_conformance.rules import REGISTRY
from batch_conformance.rules.times import (
    date_of,
    moment_of_date,
    precedes,
    promised_seconds,
)

START, END = QUEUED["created_at"], QUEUED["expires_at"]
EARLIEST, LATEST = 1_262_304_000, 4_102_444_800
DATE = "Tue, 11 Mar 2025 09:30:13 GMT"
"""The moment at which the batch of the cases was created."""
EXPIRED = {**QUEUED, "status": "expired"}


def batch(**changes: Any) -> dict[str, Any]:
    return {**QUEUED, **changes}


def completed(**changes: Any) -> dict[str, Any]:
    return {**COMPLETED, **changes}


def dated(body: Any = QUEUED, *dates: str, started_at: float = 0.0) -> Observation:
    read = seen(body, headers=tuple(("Date", date) for date in dates or (DATE,)))
    return replace(read, exchange=replace(read.exchange, started_at=started_at))


@pytest.mark.parametrize(
    ("moment", "kind"),
    [
        (0, "zero"),
        (-1, "negative"),
        (1, "distant"),
        (EARLIEST - 1, "distant"),
        (LATEST + 1, "distant"),
        (EARLIEST * 1000 - 1, "distant"),
        (EARLIEST * 1000, "milliseconds"),
        (LATEST * 1000 + 999, "milliseconds"),
        (LATEST * 1000 + 1000, "distant"),
        (EARLIEST * 1_000_000, "microseconds"),
        (LATEST * 1_000_000 + 999_999, "microseconds"),
        (EARLIEST * 1_000_000_000, "nanoseconds"),
        (LATEST * 1_000_000_000 + 999_999_999, "nanoseconds"),
        (LATEST * 1_000_000_000 + 1_000_000_000, "distant"),
    ],
)
def test_a_time_that_cannot_be_unix_seconds_is_told_by_its_unit(moment: int, kind: str) -> None:
    (one,) = broken("time.magnitude", seen(batch(created_at=moment)))
    assert (one.pointer, one.kind, one.status, one.media_type, one.level) == ("/created_at", kind, None, JSON, None)
    assert words(one)[0] == "time.magnitude.expected"
    observed = dict(one.observed.arguments)
    assert (observed["time"].text, observed["kind"].id) == (str(moment)[:24], f"time.magnitude.{kind}")  # type: ignore[union-attr]


def test_of_a_long_number_only_the_beginning_is_told() -> None:
    (one,) = broken("time.magnitude", seen(batch(created_at=10**30)))
    assert dict(one.observed.arguments)["time"].text == "1" + "0" * 23  # type: ignore[union-attr]


def test_a_time_of_our_time_or_of_another_type_is_no_time_of_another_magnitude() -> None:
    for value in (EARLIEST, LATEST, None, "0", 0.5, True, False):
        assert kinds("time.magnitude", batch(created_at=value)) == []
    assert kinds("time.magnitude", {"created_at": 0}, 500) == []
    assert kinds("time.magnitude", batch(created_at=0, expires_at=-1)) == [
        ("/created_at", "zero"),
        ("/expires_at", "negative"),
    ]


def test_a_time_before_one_that_has_to_come_first_is_told_with_the_latest_of_those() -> None:
    late = completed(completed_at=START + 10, in_progress_at=START + 20, finalizing_at=START + 30)
    (one,) = broken("time.order", seen(late))
    assert (one.pointer, one.kind, one.media_type, one.status) == (
        "/completed_at",
        "before /finalizing_at",
        JSON,
        None,
    )
    assert words(one) == (
        "time.order.expected clock=2025-03-11 09:30:43 UTC place=/finalizing_at",
        f"time.moment clock=2025-03-11 09:30:23 UTC time={START + 10}",
    )


@pytest.mark.parametrize(
    ("times", "expected"),
    [
        ({}, []),
        ({"created_at": START + 10}, []),
        ({"created_at": END + 1}, [("/expires_at", "before /created_at")]),
        ({"created_at": END}, []),
        ({"in_progress_at": START - 1}, [("/in_progress_at", "before /created_at")]),
        ({"in_progress_at": START}, []),
        ({"cancelling_at": START - 1}, [("/cancelling_at", "before /created_at")]),
        ({"in_progress_at": START + 9, "completed_at": START + 9}, []),
        ({"in_progress_at": START + 9, "failed_at": START + 8}, [("/failed_at", "before /in_progress_at")]),
        ({"in_progress_at": START + 9, "cancelling_at": START + 8}, []),
        ({"cancelling_at": START + 9, "cancelled_at": START + 8}, [("/cancelled_at", "before /cancelling_at")]),
        ({"cancelling_at": START + 9, "completed_at": START + 8}, []),
        ({"finalizing_at": START + 9, "expired_at": START + 8}, []),
        ({"completed_at": START + 9, "failed_at": START + 8}, []),
        ({"created_at": None, "completed_at": START - 9}, []),
        ({"created_at": 0, "completed_at": START - 9}, []),
    ],
)
def test_times_are_in_the_order_of_the_states(times: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert kinds("time.order", batch(**times)) == expected


def test_a_stage_precedes_those_that_are_reached_by_way_of_it() -> None:
    stages = operation_of().roles.stages
    found = {one.word: [other.word for other in stages if precedes(one, other)] for one in stages}
    ends = ["completed", "failed", "expired", "cancelled"]
    assert found == {
        "in_queue": ["in_progress", "finalizing", *ends],
        "validating": ["in_progress", "finalizing", *ends],
        "in_progress": ["finalizing", *ends],
        "finalizing": ["completed", "failed", "cancelled"],
        "cancelling": ["cancelled"],
        **{name: [] for name in ends},
    }
    last = Stage("odd", 9, True, None, "odd")
    assert not precedes(last, replace(last, rank=10))


@pytest.mark.parametrize(
    ("window", "seconds"),
    [
        *(("24h", 86400), ("1d", 86400), ("90m", 5400), (" 7 d ", 604800), ("0h", 0), ("999999m", 59999940)),
        *((text, None) for text in ("24", "h", "1w", "24hours", "1000000m", "1.5h", "")),
    ],
)
def test_a_window_is_a_number_with_its_unit(window: str, seconds: int | None) -> None:
    assert promised_seconds(window) == seconds


def test_an_expiry_that_is_not_the_creation_plus_the_window_is_told() -> None:
    (one,) = broken("time.window", seen(batch(completion_window="2h")))
    assert (one.pointer, one.kind, one.media_type, one.status) == ("/expires_at", "differs", JSON, None)
    assert words(one) == (
        "time.window.expected place=/created_at seconds=7200 window=2h",
        "time.window.observed seconds=86400",
    )


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"completion_window": "1d"},
        {"completion_window": None, "expires_at": START},
        {"completion_window": 24, "expires_at": START},
        {"completion_window": "soon", "expires_at": START},
        {"completion_window": "2h", "created_at": None},
        {"completion_window": "2h", "expires_at": None},
        {"completion_window": "2h", "expires_at": 0},
    ],
)
def test_without_a_window_or_a_time_nothing_is_said_of_the_window(changes: dict[str, Any]) -> None:
    assert kinds("time.window", batch(**changes)) == []


@pytest.mark.parametrize(
    ("expires_after", "expired_before", "is_told"),
    [
        (86400, 8641, True),
        (86400, 8640, False),
        (600, 61, True),
        (600, 60, False),
        (620, 62, False),
        (620, 63, True),
        (86400, -5, False),
    ],
)
def test_a_batch_may_expire_a_minute_or_a_tenth_before_its_expiry(
    expires_after: int, expired_before: int, is_told: bool
) -> None:
    due = START + expires_after
    body = {**EXPIRED, "expires_at": due, "expired_at": due - expired_before}
    assert kinds("time.expired_early", body) == ([("/expired_at", "early")] if is_told else [])


def test_a_batch_that_expired_early_is_told_with_both_times() -> None:
    (one,) = broken("time.expired_early", seen({**EXPIRED, "expired_at": START + 10}))
    assert (one.pointer, one.kind, one.media_type, one.status) == ("/expired_at", "early", JSON, None)
    assert words(one) == (
        "time.expired_early.expected clock=2025-03-12 09:30:13 UTC place=/expires_at state=expired",
        f"time.moment clock=2025-03-11 09:30:23 UTC time={START + 10}",
    )


@pytest.mark.parametrize(
    ("changes", "is_told"),
    [
        ({"created_at": None, "expired_at": END - 61}, True),
        ({"created_at": None, "expired_at": END - 60}, False),
        ({"created_at": END, "expired_at": START}, False),
        ({"created_at": END + 1, "expired_at": START}, False),
        ({"created_at": END - 1, "expired_at": START}, True),
        ({"expires_at": None, "expired_at": START}, False),
        ({"expired_at": None}, False),
        ({"status": "failed", "failed_at": START + 1, "expired_at": START + 1}, False),
        ({"status": "odd", "expired_at": START + 1}, False),
    ],
)
def test_a_batch_expires_early_only_where_it_expired_and_both_times_are_known(
    changes: dict[str, Any], is_told: bool
) -> None:
    assert bool(kinds("time.expired_early", {**EXPIRED, **changes})) is is_told


def test_a_time_that_is_more_than_ten_minutes_after_the_answer_is_told_once() -> None:
    (one,) = broken("time.ahead", dated(completed(created_at=START + 601, completed_at=START + 900)))
    assert (one.pointer, one.kind, one.media_type, one.status) == ("/created_at", "ahead", JSON, None)
    assert words(one) == (
        f"time.ahead.expected date={DATE}",
        f"time.moment clock=2025-03-11 09:40:14 UTC time={START + 601}",
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"created_at": START + 600}, []),
        ({"in_progress_at": START + 601}, [("/in_progress_at", "ahead")]),
        ({"completed_at": START + 601, "in_progress_at": START + 601}, [("/in_progress_at", "ahead")]),
        ({"created_at": None, "cancelled_at": START + 601}, [("/cancelled_at", "ahead")]),
        ({"expires_at": START + 999_999}, []),
        ({"created_at": START * 1000}, []),
    ],
)
def test_an_expiry_may_be_ahead_and_no_time_that_has_passed(
    changes: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    assert [(one.pointer, one.kind) for one in broken("time.ahead", dated(batch(**changes)))] == expected


@pytest.mark.parametrize(
    ("started_at", "is_told"),
    [
        (0.0, True),
        (float(EARLIEST - 1), True),
        (float(EARLIEST), False),
        (float(START), True),
        (START - 86400.0, True),
        (START - 86401.0, False),
        (START + 86400.0, True),
        (START + 86401.0, False),
        (float(LATEST + 1), True),
    ],
)
def test_a_date_that_is_more_than_a_day_from_our_clock_says_nothing(started_at: float, is_told: bool) -> None:
    found = broken("time.ahead", dated(batch(created_at=START + 601), started_at=started_at))
    assert bool(found) is is_told


def test_a_date_is_one_of_our_time_and_the_only_one() -> None:
    assert date_of(dated(QUEUED, DATE)) == DATE
    assert date_of(dated(QUEUED, f" {DATE}\t")) == DATE
    assert [date_of(one) for one in (dated(QUEUED, DATE, DATE), seen(), seen(answered=False))] == [""] * 3
    assert date_of(seen(headers=(("X-Date", DATE), ("dAtE", "x")))) == "x"
    assert (moment_of_date(DATE), moment_of_date(f"\t{DATE} ")) == (float(START), float(START))
    assert type(moment_of_date(DATE)) is float
    assert date_of(dated(QUEUED, f"\x0b{DATE}\x0c")) == f"\x0b{DATE}\x0c"
    odd = ["today", f"X{DATE}", f"{DATE}\x0c", "", "Thu, 01 Jan 1970 00:00:00 GMT", "Fri, 01 Jan 2100 00:00:01 GMT"]
    assert [moment_of_date(one) for one in odd] == [inf] * 6
    assert moment_of_date("Fri, 01 Jan 2010 00:00:00 GMT") == float(EARLIEST)
    for dates in (("today",), (DATE, DATE)):
        assert broken("time.ahead", dated(batch(created_at=START + 9999), *dates)) == []


def roles_of(**roles: Any) -> Contract:
    """A contract with these roles, whose times may stand deeper than in the body itself."""
    times = {name: {"type": "integer"} for name in ("begun_at", "due_at", "done/at")}
    schema = {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "status": {"type": "string", "enum": ["run", "over"]},
            "window": {"type": "string"},
            **times,
            "in": {"type": "object", "properties": times},
        },
        "x-roles": {"state": "/status", "stages": {"run": "in_progress", "over": "expired"}, **roles},
    }
    return contract_of(schema)


FLAT = roles_of(timestamps=["/begun_at", "/due_at"], created="/begun_at", expires="/due_at", window="/window")


def test_several_times_before_one_are_that_one_too_late() -> None:
    late = dict.fromkeys(("in_progress_at", "finalizing_at", "completed_at"), START + 5)

    def told(**changes: Any) -> list[tuple[str, str, str, str]]:
        found = findings(sent({**COMPLETED, **late, **changes}), info=True)
        return [(one.pointer, one.kind, *words(one)) for one in found if one.rule == "time.order"]  # type: ignore[arg-type]

    one = told(created_at=START + 9)
    assert [found[:3] for found in one] == [("", "before /created_at", "many.not_before place=/created_at")]
    assert one[0][3].startswith("many.no_order ")
    two = told(created_at=START + 9, finalizing_at=START + 20, completed_at=START + 20)
    assert [found[:2] for found in two] == [("/in_progress_at", "before /created_at")]
    both = told(created_at=START + 9, in_progress_at=START + 20, finalizing_at=START + 5, completed_at=START + 30)
    assert [found[:2] for found in both] == [("/finalizing_at", "before /in_progress_at")]
    pair = told(created_at=START + 9, completed_at=None)
    assert sorted(found[:2] for found in pair) == [
        ("/finalizing_at", "before /created_at"),
        ("/in_progress_at", "before /created_at"),
    ]


def test_many_times_in_no_order_and_times_in_one_unit_are_one_finding() -> None:
    def told(rule: str, body: dict[str, Any]) -> list[tuple[str, str, str, str]]:
        found = [one for one in findings(sent(body), info=True) if one.rule == rule]
        return [(one.pointer, one.kind, one.expected.id, one.observed.id) for one in found]

    names = [name for name in QUEUED if name.endswith("_at") and name != "created_at"]
    late = batch(created_at=END + 10, **dict.fromkeys(names, END))
    assert told("time.order", late) == [("", "many", "many.in_order", "many.no_order")]
    milliseconds = batch(created_at=START * 1000, expires_at=END * 1000)
    expected = "time.magnitude.expected"
    assert told("time.magnitude", milliseconds) == [("", "milliseconds", expected, "many.milliseconds")]
    drawn = batch(**dict(zip(names, (-1, 5, -2, 6, -3, 7), strict=False)))
    assert told("time.magnitude", drawn) == [("", "many", expected, "many.no_age")]


TIMES = ("time.magnitude", "time.order", "time.window", "time.expired_early", "time.ahead")


def clauses(under: Contract) -> list[str]:
    return [rule for rule in TIMES if list(REGISTRY[rule].clauses_of(operation_of(under)))]


def test_times_have_clauses_where_a_contract_has_such_times() -> None:
    assert clauses(contract()) == list(TIMES)
    assert clauses(contract_of({"type": "object", "properties": {"id": {"type": "string"}}})) == []
    assert clauses(roles_of(timestamps=["/due_at"], expires="/due_at")) == ["time.magnitude", "time.order"]
    created = roles_of(timestamps=["/begun_at"], created="/begun_at")
    assert clauses(created) == ["time.magnitude", "time.order", "time.ahead"]
    assert clauses(FLAT) == ["time.magnitude", "time.order", "time.window", "time.ahead"]
    for rule in TIMES:
        (clause,) = REGISTRY[rule].clauses_of(operation_of())
        assert (clause.status, clause.media_type, clause.pointer, clause.rule) == ("200", "", "", rule)
        assert clause.says.id == f"{rule}.clause"
