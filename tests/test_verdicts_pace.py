"""A target that limits requests is asked more slowly, so that all of the plan is sent; time stands still in between."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from answering import BUSY, Asked, Audited, Said, answering, audited_at
from suite_support import run_suite

from batch_conformance.exchange.limits import Budget, Pacer, RateLimit
from batch_conformance.exchange.target import Target
from batch_conformance.probes.credentials import present
from batch_conformance.run.live.pace import Pace


class Hours:
    """A clock that pauses move on, beside the time that really passes."""

    def __init__(self) -> None:
        self._slept = 0.0

    def now(self) -> float:
        return time.monotonic() + self._slept

    def sleep(self, seconds: float) -> None:
        self._slept += max(0.0, seconds)


def limited(hours: Hours, most: int, period: float, fields: tuple[tuple[str, str], ...] = ()) -> Callable[[Asked], Any]:
    """Answers of 429 beyond ``most`` requests in any ``period`` seconds."""
    taken: deque[float] = deque()

    def answer(_: Asked) -> Said | None:
        now = hours.now()
        while taken and taken[0] <= now - period:
            taken.popleft()
        if len(taken) >= most:
            return Said(BUSY.status, BUSY.value, fields)
        taken.append(now)
        return None

    return answer


def audited_in(hours: Hours, answer: Callable[[Asked], Said | None], **given: Any) -> Audited:
    with answering(answer) as server:
        return audited_at(server.base_url, sleep=hours.sleep, clock=hours.now, **given)


@pytest.mark.parametrize("fields", [(), (("Retry-After", "1"),)])
@pytest.mark.parametrize(("most", "period"), [(10, 1.0), (4, 1.0), (100, 60.0)])
def test_a_run_goes_slower_where_requests_are_limited_and_loses_nothing(
    most: int, period: float, fields: tuple[tuple[str, str], ...]
) -> None:
    hours = Hours()
    run = audited_in(hours, limited(hours, most, period, fields))
    assert (run.report.verdict, run.report.complete, run.report.exit_code) == ("conforms", True, 0)
    assert "The target limits requests (429): the rest was sent slower, at most" in run.notes
    assert 0 < run.audit.runner.pace <= 10
    refused = sum(exchange.status == 429 for exchange in run.report.ledger.exchanges)
    assert refused < run.audit.runner.sent / 4


def test_a_run_that_nobody_limits_keeps_its_pace() -> None:
    run = audited_in(Hours(), lambda _: None)
    assert run.audit.runner.pace == 0
    assert "limits requests" not in run.notes


def test_one_429_that_passes_at_once_may_be_chance() -> None:
    run = audited_in(Hours(), lambda asked: BUSY if asked.number in (20, 60, 100) else None)
    assert (run.report.verdict, run.audit.runner.pace) == ("conforms", 0)


def test_a_kind_of_request_that_always_gets_429_slows_nothing_down() -> None:
    def answer(asked: Asked) -> Said | None:
        return BUSY if asked.has_key and "x" * 100 in asked.path else None

    assert audited_in(Hours(), answer).audit.runner.pace == 0


def test_a_target_that_only_ever_says_429_is_not_waited_for() -> None:
    hours = Hours()
    run = audited_in(hours, lambda _: BUSY)
    assert run.report.verdict == "inconclusive"
    assert "keeps answering 429" in str(run.audit.runner.stopped)
    assert sum(run.slept) < 20


def test_a_slower_pace_leaves_time_for_what_is_left_to_send() -> None:
    hours = Hours()
    budget, pacer = Budget(max_duration=100.0, clock=hours.now), Pacer(None, clock=hours.now, sleep=hours.sleep)
    with Target("http://127.0.0.1:9/v1", "sk-x", present, budget=budget, pacer=pacer) as target:
        target.slow_down(0.1, 10)
        assert target.interval == pytest.approx(0.1)
        target.slow_down(5.0, 100)
        assert 0.7 < target.interval < 0.9
        target.slow_down(0.2, 10)
        assert 0.7 < target.interval < 0.9


def test_a_rate_that_was_asked_for_is_never_made_faster() -> None:
    hours = Hours()
    pacer = Pacer(RateLimit.parse("1/s"), clock=hours.now, sleep=hours.sleep)
    with Target("http://127.0.0.1:9/v1", "sk-x", present, pacer=pacer) as target:
        target.slow_down(0.1, 10)
        assert target.interval == 1.0


@pytest.mark.parametrize(("rate", "unsent", "slower"), [(None, 10, True), (None, 0, False), ("30/m", 10, False)])
def test_that_the_rest_was_sent_slower_is_said_only_where_it_was(rate: str | None, unsent: int, slower: bool) -> None:
    hours = Hours()
    pacer = Pacer(RateLimit.parse(rate) if rate else None, clock=hours.now, sleep=hours.sleep)
    with Target("http://127.0.0.1:9/v1", "sk-x", present, pacer=pacer, sleep=hours.sleep) as target:
        pace = Pace(target)
        pace.rest(unsent)
        assert bool(pace.limit) == slower


def test_the_plan_says_where_the_duration_ends_before_it(tmp_path: Path) -> None:
    slow = run_suite(tmp_path, "--plan", "--rate-limit=5/s", "--max-duration=10")
    assert re.search(r"\d+ requests, about \d+ s \(--max-duration ends it after 10 s\)", slow.text), slow.text[-400:]
    fast = run_suite(tmp_path, "--plan", "--rate-limit=5/s", "--max-duration=900")
    assert "--max-duration" not in fast.text.splitlines()[-2]


@pytest.mark.parametrize("busy", [False, True])
def test_no_request_begins_after_the_duration_of_a_run(busy: bool) -> None:
    hours = Hours()
    begun: list[float] = []

    def answer(asked: Asked) -> Said | None:
        begun.append(hours.now())
        hours.sleep(7.0)
        return BUSY if busy and asked.number > 2 else None

    run = audited_in(hours, answer, max_duration=60.0)
    assert max(begun) - begun[0] < 60.0
    assert "--max-duration" in run.notes or "429" in run.notes
