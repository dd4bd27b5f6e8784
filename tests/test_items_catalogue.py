"""Drifts of the catalogue by items: which tests they fail, and that each test alone shows the same."""

from __future__ import annotations

import random
import statistics
from collections.abc import Callable, Iterator
from functools import cache, partial

import pytest

from batch_conformance.contract.sources import shipped_contract
from batch_conformance.mock.drifts import DRIFTS
from batch_conformance.report.items.item import Items, items_for
from batch_conformance.report.items.item_outcome import outcomes
from batch_conformance.report.run.run_report import RunReport
from batch_conformance.run.live.selection import numbers_for
from batch_conformance.run.prove.drift_runner import DriftRunner

CONTRACT = shipped_contract()
ITEMS = items_for(CONTRACT)
COUNTING = frozenset({"late_page", "counts_zero_at_the_end"})
"""Drifts that only begin after so many requests: a part of the plan may never come to them. A session that knows of
them from before sends all of it (``test_items_suite``)."""
DRIFTING = sorted(
    name for name, drift in DRIFTS.items() if drift.verdict == "drift" and not drift.silent and name not in COUNTING
)
SAMPLE = random.Random(16).sample(DRIFTING, 50)
"""Always the same ones."""
COMPARED = ("lower_case_refused", "head_length_zero")
"""Drifts that show only beside requests of another chapter."""


@pytest.fixture(scope="module")
def bench() -> Iterator[DriftRunner]:
    with DriftRunner(CONTRACT) as bench:
        yield bench


def run(bench: DriftRunner, name: str, selected: str = "") -> RunReport:
    """Audit the mock with a drift, by all items or by one."""
    audit = bench.audit_of(DRIFTS[name])
    try:
        clauses = [ITEMS.by_node_id[selected].clause] if selected else None
        audit.runner.send(numbers_for(audit.plan, clauses) if clauses else None)
        return audit.report(selected=(lambda one: ITEMS.of(one).node_id == selected) if selected else None)
    finally:
        audit.close()


@pytest.fixture(scope="module")
def whole(bench: DriftRunner) -> Callable[[str], RunReport]:
    """The audit of the mock with a drift, by all items; each is made once."""
    return cache(partial(run, bench))


def failed(report: RunReport, items: Items = ITEMS) -> list[str]:
    return [node_id for node_id, one in outcomes(report, items).items() if one.state == "failed"]


def found(report: RunReport, node_id: str) -> set[str]:
    return {one.id for one in report.ledger.findings if one.level != "info" and ITEMS.of(one).node_id == node_id}


def test_a_drift_fails_the_item_of_its_clause_and_mostly_nothing_else(whole: Callable[[str], RunReport]) -> None:
    numbers = []
    for name in SAMPLE:
        drift, report = DRIFTS[name], whole(name)
        red = failed(report)
        expected = {
            ITEMS.of(one).node_id
            for one in report.ledger.findings
            if (one.rule, one.status, one.pointer) == (drift.rule, drift.status, drift.pointer)
        }
        assert expected & set(red), f"{name}: {red} and not {expected}"
        for node_id in red:
            assert found(report, node_id), f"{name}: {node_id} fails without a finding"
        numbers.append(len(red))
    assert statistics.median(numbers) == 1
    assert max(numbers) <= 3


def test_the_item_of_a_drift_alone_shows_the_same_finding(
    bench: DriftRunner, whole: Callable[[str], RunReport]
) -> None:
    for name in (*SAMPLE, *COMPARED):
        for node_id in failed(whole(name)):
            alone = run(bench, name, node_id)
            assert node_id in failed(alone), f"{name}: {node_id} alone is green"
            assert found(alone, node_id) == found(whole(name), node_id), f"{name}: {node_id}"


def test_the_chapter_of_authentication_sends_a_third_of_the_plan(bench: DriftRunner) -> None:
    audit = bench.audit_of(DRIFTS["created_at_string"])
    audit.close()
    chosen = [item.clause for item in ITEMS if item.function.file == "test_authentication.py"]
    assert len(chosen) >= 9
    assert len(numbers_for(audit.plan, chosen)) < 0.4 * len(audit.plan.probes)
