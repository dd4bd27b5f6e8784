"""Drifts of the catalogue by items: which tests they fail, and that each test alone shows the same."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from batch_conformance.contract.contract import Contract
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
SEVERAL = frozenset({"batch_id_for_id", "name_capitalised", "trace_for_unknown"})
"""Drifts of these that fail two or three items; any other one fails the item of its clause alone."""
ELSEWHERE = frozenset({"success_in_404"})
"""Drifts of these that break the clause of one response where another one is asked for: pytest's cache remembers by
which request they were shown, and without that their item alone does not ask for it."""
COMPARED = ("lower_case_refused", "head_length_zero")
"""Drifts that show only beside requests of another chapter."""


@pytest.fixture(scope="module")
def bench(runner_for: Callable[[Contract], DriftRunner]) -> DriftRunner:
    return runner_for(CONTRACT)


def run(bench: DriftRunner, name: str, selected: str = "") -> RunReport:
    """Audit the mock with a drift, by all items or by one."""
    audit = bench.audit_of(DRIFTS[name])
    try:
        clauses = [ITEMS.by_node_id[selected].clause] if selected else None
        audit.runner.send(numbers_for(audit.plan, clauses) if clauses else None)
        return audit.report(selected=(lambda one: ITEMS.of(one).node_id == selected) if selected else None)
    finally:
        audit.close()


def failed(report: RunReport, items: Items = ITEMS) -> list[str]:
    return [node_id for node_id, one in outcomes(report, items).items() if one.state == "failed"]


def found(report: RunReport, node_id: str) -> set[str]:
    return {one.id for one in report.ledger.findings if one.level != "info" and ITEMS.of(one).node_id == node_id}


@pytest.mark.parametrize("name", SAMPLE)
def test_a_drift_fails_the_item_of_its_clause_which_shows_the_same_alone(bench: DriftRunner, name: str) -> None:
    drift, report = DRIFTS[name], run(bench, name)
    red = failed(report)
    expected = {
        ITEMS.of(one).node_id
        for one in report.ledger.findings
        if (one.rule, one.status, one.pointer) == (drift.rule, drift.status, drift.pointer)
    }
    assert expected & set(red)
    assert (1 < len(red) <= 3) if name in SEVERAL else len(red) == 1
    if name not in ELSEWHERE:
        _show_the_same_alone(bench, name, report)


@pytest.mark.parametrize("name", COMPARED)
def test_the_item_of_a_drift_that_shows_beside_others_shows_the_same_alone(bench: DriftRunner, name: str) -> None:
    _show_the_same_alone(bench, name, run(bench, name))


def test_mostly_a_drift_fails_no_other_item() -> None:
    assert len(SEVERAL & set(SAMPLE)) < len(SAMPLE) / 2


def _show_the_same_alone(bench: DriftRunner, name: str, whole: RunReport) -> None:
    for node_id in failed(whole):
        assert found(whole, node_id), f"{node_id} fails without a finding"
        alone = run(bench, name, node_id)
        assert node_id in failed(alone), f"{node_id} alone is green"
        assert found(alone, node_id) == found(whole, node_id), node_id


def test_the_chapter_of_authentication_sends_a_third_of_the_plan(bench: DriftRunner) -> None:
    audit = bench.audit_of(DRIFTS["created_at_string"])
    audit.close()
    chosen = [item.clause for item in ITEMS if item.function.file == "test_authentication.py"]
    assert len(chosen) >= 9
    assert len(numbers_for(audit.plan, chosen)) < 0.4 * len(audit.plan.probes)
