"""Runs of the suite by items: one drift, one red line; selections, states, workers, interrupts and JUnit."""

from __future__ import annotations

import os
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest
from suite_support import ROOT, Outcome, run_suite

from batch_conformance.mock.process import EmbeddedMock

QUICK = "--exploration=quick"
TYPE = "suites/test_response_bodies.py::test_each_value_has_its_documented_type"
CREATED_AT = f"{TYPE}[200-created_at]"
VERDICT = "test_all_that_a_verdict_needs_was_judged"


def cases(folder: Path) -> dict[str, str]:
    """Every test of ``junit.xml`` and how it ended."""
    return {
        f"{case.get('classname')}::{case.get('name')}": next(
            (child.tag for child in case if child.tag != "properties"), "passed"
        )
        for case in ET.parse(folder / "junit.xml").getroot().findall(".//testcase")
    }


def failed(folder: Path) -> list[str]:
    return [name.partition("::")[2] for name, end in cases(folder).items() if end in ("failure", "error")]


@pytest.fixture(scope="module")
def drifting() -> Iterator[EmbeddedMock]:
    with EmbeddedMock(drifts=["created_at_string"]) as mock:
        yield mock


@pytest.fixture(scope="module")
def whole(drifting: EmbeddedMock, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """A run of everything against a mock whose ``created_at`` is a string."""
    return run_suite(tmp_path_factory.mktemp("whole"), mock=drifting)


def test_one_drift_is_one_red_test_named_after_its_clause(whole: Outcome) -> None:
    assert whole.code == 1, whole.text
    assert failed(whole.folder) == ["test_each_value_has_its_documented_type[200-created_at]"]
    assert f"FAILED {CREATED_AT}" in whole.text
    assert "1 failed, " in whole.text


def test_the_failure_is_the_finding_told_once_in_a_dozen_lines(whole: Outcome) -> None:
    section = whole.text.partition("= FAILURES =")[2].partition("= short test summary")[0]
    lines = section.strip("=\n ").splitlines()[1:]
    assert len(lines) <= 13
    told = "\n".join(lines)
    for part in ("must body.type", "spec/siliconflow-get-batch.yaml:67", "integer", "fix ", "curl", "$BATCH_API_KEY"):
        assert part in told
    assert whole.text.count("spec/siliconflow-get-batch.yaml:67") == 1
    assert "Traceback" not in whole.text


def test_the_suite_has_the_facts_of_the_run_and_each_test_what_it_was_judged_by(whole: Outcome) -> None:
    (suite,) = ET.parse(whole.folder / "junit.xml").getroot()
    facts = {item.get("name"): item.get("value") for item in suite.findall("properties/property")}
    assert (facts["verdict"], facts["exit_code"], facts["findings.must"]) == ("drift", "1", "1")
    (case,) = [case for case in suite.findall("testcase") if case.find("failure") is not None]
    told = {item.get("name"): item.get("value") for item in case.findall("properties/property")}
    assert told["clause"] == "getBatchEvaluationJob 200 application/json /created_at body.type"
    assert int(told["responses"] or 0) > 100
    failure = case.find("failure")
    assert failure is not None
    assert "\n" not in failure.get("message", "")


@pytest.mark.parametrize("selection", [("-k", "created_at"), (CREATED_AT,)], ids=["-k", "node id"])
def test_a_selection_shows_the_same_finding_with_fewer_requests(
    selection: tuple[str, ...], whole: Outcome, drifting: EmbeddedMock, tmp_path: Path
) -> None:
    outcome = run_suite(tmp_path, *selection, mock=drifting)
    assert outcome.code == 1, outcome.text
    assert [one["id"] for one in outcome.drift["findings"]] == [one["id"] for one in whole.drift["findings"]]
    assert outcome.drift["run"]["requests"] < 0.7 * whole.drift["run"]["requests"]
    assert outcome.drift["complete"] is False


def test_what_failed_last_time_runs_alone(drifting: EmbeddedMock, tmp_path: Path) -> None:
    keep = ("-p", "cacheprovider", "-o", f"cache_dir={tmp_path / 'cache'}")
    assert run_suite(tmp_path / "first", QUICK, *keep, mock=drifting).code == 1
    again = run_suite(tmp_path / "again", QUICK, *keep, "--lf", mock=drifting)
    assert again.code == 1, again.text
    assert list(cases(again.folder).values()) == ["failure"]


@pytest.mark.parametrize("name", ["late_page", "counts_zero_at_the_end"])
def test_a_fault_that_begins_late_stays_red_in_a_selection_until_it_is_mended(name: str, tmp_path: Path) -> None:
    keep = ("-p", "cacheprovider", "-o", f"cache_dir={tmp_path / 'cache'}")
    with EmbeddedMock(drifts=[name]) as mock:
        whole = run_suite(tmp_path / "whole", *keep, mock=mock)
        (red,) = failed(whole.folder)
        mock.switch(drifts=[name])
        alone = run_suite(tmp_path / "alone", *keep, "-k", red.partition("[")[0], mock=mock)
        assert alone.code == 1, alone.text
        assert failed(alone.folder) == [red]
        mock.switch()
        mended = run_suite(tmp_path / "mended", *keep, "--lf", mock=mock)
    assert mended.code == 0, mended.text
    assert "all of the plan is sent" in mended.text
    assert list(cases(mended.folder).values()) == ["passed"]
    assert mended.drift["run"]["requests"] == whole.drift["run"]["requests"]


def test_what_another_target_failed_costs_no_request(drifting: EmbeddedMock, tmp_path: Path) -> None:
    keep = ("-p", "cacheprovider", "-o", f"cache_dir={tmp_path / 'cache'}", CREATED_AT)
    assert run_suite(tmp_path / "one", *keep, mock=drifting).code == 1
    with EmbeddedMock() as mock:
        other = run_suite(tmp_path / "other", *keep, mock=mock)
    assert other.code == 0, other.text
    assert other.drift["run"]["requests"] <= other.drift["run"]["planned"] < 300, "all of the plan is some 370"


def test_a_finding_at_a_clause_that_was_not_selected_is_reported_and_fails_nothing(
    drifting: EmbeddedMock, tmp_path: Path
) -> None:
    outcome = run_suite(tmp_path, QUICK, "-k", "not created_at", mock=drifting)
    assert outcome.code == 0, outcome.text
    assert failed(tmp_path) == []
    assert outcome.drift["verdict"] == "drift"
    assert outcome.drift["exit_reason"] == "1 finding only at clauses that were not selected"
    assert "/created_at" in outcome.text


def test_head_is_compared_with_get_also_where_it_is_selected_alone(tmp_path: Path) -> None:
    with EmbeddedMock(drifts=["head_not_found"]) as mock:
        outcome = run_suite(tmp_path, "-k", "head_says", mock=mock)
    assert failed(tmp_path) == ["test_head_says_what_get_says"], outcome.text


def test_all_that_was_asked_is_judged_where_pytest_stops_at_the_first_failure(tmp_path: Path) -> None:
    with EmbeddedMock(drifts=["created_at_string", "undocumented_file_name"]) as mock:
        outcome = run_suite(tmp_path, QUICK, "-x", mock=mock)
    assert outcome.code == 1
    assert len(failed(tmp_path)) == 1
    assert len(outcome.findings("must", "should")) == 2
    assert outcome.drift["complete"] is True


def test_an_accepted_finding_is_an_expected_failure_also_where_those_are_run(
    drifting: EmbeddedMock, tmp_path: Path
) -> None:
    baseline = f"{tmp_path / 'baseline.yaml'}"
    written = (f"--write-baseline={baseline}", "--baseline-reason=agreed")
    assert run_suite(tmp_path / "a", QUICK, *written, mock=drifting).code == 1
    accepted = run_suite(tmp_path / "b", QUICK, f"--baseline={baseline}", mock=drifting)
    assert accepted.code == 0, accepted.text
    assert "1 xfailed" in accepted.text
    run = run_suite(tmp_path / "c", QUICK, f"--baseline={baseline}", "--runxfail", mock=drifting)
    assert failed(run.folder) == ["test_each_value_has_its_documented_type[200-created_at]"]


def test_what_nothing_showed_is_skipped_and_says_what_would_show_it(whole: Outcome) -> None:
    reasons = [item.get("message", "") for item in ET.parse(whole.folder / "junit.xml").getroot().iter("skipped")]
    assert any("--allow-unsafe-methods" in reason for reason in reasons)
    assert all(reason.startswith("not observed: ") for reason in reasons)


def test_a_clean_run_fits_a_screen(tmp_path: Path) -> None:
    outcome = run_suite(tmp_path)
    assert outcome.code == 0, outcome.text
    assert len(outcome.text.splitlines()) <= 24


def test_without_a_terminal_of_pytest_the_reports_and_the_exit_code_are_the_same(
    drifting: EmbeddedMock, tmp_path: Path
) -> None:
    environment = {**os.environ, "BATCH_API_KEY": drifting.key, "BATCH_IDS": ",".join(drifting.batch_ids)}
    command = [sys.executable, "-m", "pytest", "-p", "no:terminal", "-p", "no:randomly", QUICK, "-k", "created_at"]
    done = subprocess.run(
        [*command, f"--base-url={drifting.base_url}", f"--reports-dir={tmp_path}"],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (1, "", "")
    assert failed(tmp_path) == ["test_each_value_has_its_documented_type[200-created_at]"]


def test_a_selection_does_not_list_what_it_never_asked_for(drifting: EmbeddedMock, tmp_path: Path) -> None:
    outcome = run_suite(tmp_path, QUICK, "-k", "created_at", mock=drifting)
    assert "Not observed" not in outcome.text


def test_a_junit_file_that_cannot_be_written_is_exit_3_and_no_traceback(drifting: EmbeddedMock, tmp_path: Path) -> None:
    (tmp_path / "junit.xml").mkdir()
    outcome = run_suite(tmp_path, QUICK, mock=drifting)
    assert outcome.code == 3, outcome.text
    assert f"cannot write {tmp_path / 'junit.xml'}" in outcome.text
    assert "Traceback" not in outcome.text


@pytest.mark.parametrize("arguments", [("--collect-only",), ("--plan",), ("--base-url=nonsense",), ("-k", "no_such")])
def test_no_junit_file_is_left_where_nothing_was_asked(arguments: tuple[str, ...], tmp_path: Path) -> None:
    run_suite(tmp_path, *arguments)
    assert not (tmp_path / "junit.xml").exists()


def test_workers_look_up_what_the_main_process_asked(whole: Outcome, drifting: EmbeddedMock, tmp_path: Path) -> None:
    spread = run_suite(tmp_path, "-n", "2", "-p", "randomly", mock=drifting)
    assert spread.code == 1, spread.text
    assert cases(spread.folder) == cases(whole.folder)
    assert spread.drift["run"]["requests"] == whole.drift["run"]["requests"]


@pytest.mark.parametrize(
    "arguments", [("-n2", "test_own.py"), ("-n2", "-k", "nothing_is_called_this"), ("-n2", "--contract=missing.yaml")]
)
def test_workers_leave_no_temporary_folder_where_nothing_was_asked(arguments: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "test_own.py").write_text("def test_own() -> None:\n    pass\n")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    paths = () if "test_own.py" in arguments else (str(ROOT / "suites"),)
    run_suite(tmp_path / "reports", *arguments, *paths, cwd=tmp_path, env={"TMPDIR": str(temporary)}, fresh=True)
    assert not list(temporary.glob("batch-conformance-*"))
