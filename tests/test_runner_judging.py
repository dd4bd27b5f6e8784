"""A runner judges while nothing is sent, and comes to what it would have come to at the end."""

from __future__ import annotations

import math
import time
from typing import Any

import pytest
from judge_support import contract
from samples import exchange

from batch_conformance.exchange.target import Target
from batch_conformance.findings.ledger import Ledger
from batch_conformance.judge.judge import Judge
from batch_conformance.probes.credentials import present
from batch_conformance.probes.planning import build_plan
from batch_conformance.run.live.runner import Runner


def _runner() -> Runner:
    """A runner that has received ten answers, every second of them broken, and sends nothing."""
    plan = build_plan(contract(), (), exploration="quick", seed=None, loopback=True)
    runner = Runner(plan, Target("http://127.0.0.1:1/v1", "sk-0", present), contract())
    runner.take_in([exchange(b"[]" if number % 2 else b"{}", number=number) for number in range(10)])
    return runner


def _told(ledger: Ledger) -> list[tuple[str, int]]:
    return [(finding.id, finding.occurrences) for finding in ledger.findings]


def test_what_was_judged_in_a_pause_is_judged_once() -> None:
    runner, others = _runner(), _runner()
    assert runner.judge_until(math.inf).judged == 10
    assert _told(runner.ledger()) == _told(others.ledger()) != []
    assert _told(runner.ledger()) == _told(others.ledger())


def test_nothing_is_judged_in_a_pause_that_is_over() -> None:
    runner = _runner()
    assert runner.judge_until(time.monotonic()).judged == 0
    assert _told(runner.ledger()) == _told(_runner().ledger())


def test_an_interrupt_while_it_judges_leaves_no_exchange_half_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    runner = _runner()
    count = Judge.count

    def interrupted(judge: Judge, *arguments: Any) -> None:
        if judge.judged == 4:
            raise KeyboardInterrupt
        count(judge, *arguments)

    monkeypatch.setattr(Judge, "count", interrupted)
    with pytest.raises(KeyboardInterrupt):
        runner.judge_until(math.inf)
    monkeypatch.undo()
    assert _told(runner.ledger()) == _told(_runner().ledger())
