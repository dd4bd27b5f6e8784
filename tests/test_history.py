"""The history: since when a finding is seen, and which are seen no more."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import samples

from batch_conformance.findings.finding import Confirmation
from batch_conformance.findings.history import Circumstances, History, compare
from batch_conformance.report.language import CHINESE
from batch_conformance.report.run import drift_json, terminal
from batch_conformance.report.run.run_report import RunReport

OLD, NEW = samples.finding(), samples.finding("body.undeclared", "/file_name", kind="undeclared")
FIRST, SECOND, THIRD = "2026-11-20T08:00:00Z", "2026-11-21T08:00:00Z", "2026-11-22T08:00:00Z"


def report(*findings: samples.Finding, at: str, history: History | None = None) -> RunReport:
    made = samples.run_report(findings)
    return replace(made, run=replace(made.run, started_at=at), history=history)


def told(of: RunReport) -> dict[str, Any]:
    return drift_json.read_drift(drift_json.render(of))


def since(before: RunReport, now: RunReport, *, complete: bool = True, **facts: Any) -> History:
    ledger, asked = now.ledger, now.contract.chosen
    around = Circumstances(
        now.target.base_url, now.target.kind, now.contract.document.sha256, f"{asked.method.upper()} {asked.path}",
        now.contract.reading, tuple(now.contract.overlays),
    )  # fmt: skip
    return compare(
        told(before), "drift.json", ledger.findings, ledger.clauses,
        started_at=now.run.started_at, complete=complete, now=replace(around, **facts),
    )  # fmt: skip


def test_a_finding_keeps_the_day_on_which_it_was_first_seen_over_any_number_of_runs() -> None:
    first = report(OLD, at=FIRST)
    second = report(OLD, NEW, at=SECOND)
    history = since(first, second)
    assert history.first_seen == {OLD.id: FIRST, NEW.id: SECOND}
    assert (history.is_new(OLD), history.is_new(NEW)) == (False, True)
    third = since(replace(second, history=history), report(OLD, NEW, at=THIRD))
    assert third.first_seen == {OLD.id: FIRST, NEW.id: SECOND}
    assert third.gone == ()


def test_what_is_gone_is_told_once_and_what_was_not_exercised_is_carried_on() -> None:
    forced = samples.finding(status="503", pointer="/code")
    second = report(at=SECOND)
    history = since(report(OLD, forced, at=FIRST), second)
    gone = {one.id: (one.exercised, one.first_seen, one.last_seen) for one in history.gone}
    assert gone == {OLD.id: (True, FIRST, FIRST), forced.id: (False, FIRST, FIRST)}
    third = since(replace(second, history=history), report(at=THIRD))
    assert [(one.id, one.exercised, one.last_seen) for one in third.gone] == [(forced.id, False, FIRST)]
    back = since(replace(second, history=history), report(forced, at=THIRD))
    assert back.first_seen == {forced.id: FIRST}


def test_what_was_not_seen_again_in_its_own_run_is_not_told_to_be_gone_in_the_next() -> None:
    flapping = replace(OLD, confirmation=Confirmation("not_seen", 60.0, 3))
    confirmed = replace(NEW, confirmation=Confirmation("seen", 60.0, 3))
    assert [one.id for one in since(report(flapping, confirmed, at=FIRST), report(at=SECOND)).gone] == [NEW.id]
    assert since(report(flapping, at=FIRST), report(OLD, at=SECOND)).first_seen == {OLD.id: FIRST}


def test_a_run_that_is_not_complete_finds_nothing_gone() -> None:
    (gone,) = since(report(OLD, at=FIRST), report(at=SECOND), complete=False).gone
    assert not gone.exercised


def test_runs_that_are_hard_to_compare_are_said_to_be() -> None:
    before = replace(report(OLD, at=FIRST), complete=False)
    remarks = since(
        before, report(OLD, at=SECOND), base_url="http://other/v1", sha256="0" * 64, operation="GET /jobs/{id}",
        reading="published", overlays=(),
    ).remarks  # fmt: skip
    assert [str(remark).partition(",")[0] for remark in remarks] == [
        "the previous report is of another target",
        "the previous report is by another document",
        "the previous report is of another operation",
        "the previous report is in another reading",
        "the previous report is by other overlays",
        "the previous run was not complete",
    ]


def test_runs_of_the_same_kind_are_said_nothing_of_but_a_mock_is_another_target_than_a_server() -> None:
    now = report(OLD, at=SECOND)
    assert since(report(OLD, at=FIRST), now).remarks == ()
    mock = replace(now, target=replace(now.target, base_url="http://127.0.0.1:1/v1", kind="embedded mock"))
    assert tuple(map(str, since(mock, now).remarks)) == (
        "the previous report is of another target, http://127.0.0.1:1/v1 (embedded mock)",
    )
    assert since(mock, mock, base_url="http://127.0.0.1:2/v1").remarks == ()
    for remark in since(mock, now, operation="GET /x/{id}", reading="published", overlays=("o",)).remarks:
        assert CHINESE.render(remark) != str(remark)


def test_the_terminal_and_the_json_tell_the_history() -> None:
    now = report(NEW, at=SECOND)
    now = replace(now, history=since(report(OLD, at=FIRST), now))
    shown = " ".join(terminal.render(now).split())
    assert f"History since the run of {FIRST} (drift.json): 1 new, 0 seen before, 1 gone" in shown
    assert f"gone: [{OLD.id}]" in shown
    assert f"since {SECOND}" in shown
    drift = told(now)
    assert drift["findings"][0]["first_seen"] == SECOND
    assert json.dumps(drift["history"]["gone"][0]["where"]) == '"' + OLD.clause + ' (string)"'


def test_a_report_of_a_version_without_history_is_read() -> None:
    drift = told(report(OLD, at=FIRST))
    del drift["history"], drift["baseline"], drift["findings"][0]["first_seen"]
    drift_json.read_drift(json.dumps(drift))
    around = Circumstances("", "remote", "", "", "documented", ())
    history = compare(drift, "d", (OLD,), (), started_at=SECOND, complete=True, now=around)
    assert history.first_seen == {OLD.id: FIRST}
