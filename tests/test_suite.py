"""The suite as a whole, run by a real pytest against a real mock over a real socket."""

from __future__ import annotations

import json
import socket
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from operation_support import counting
from suite_support import ROOT, run_suite

from batch_conformance.mock.process import EmbeddedMock

FIELDS = 20


def failures(folder: Path) -> list[str | None]:
    """The names of the tests that ``junit.xml`` has as failed."""
    return [case.get("name") for case in ET.parse(folder / "junit.xml").getroot().findall(".//testcase[failure]")]


def test_plain_pytest_audits_the_embedded_mock_and_leaves_the_reports(tmp_path: Path) -> None:
    outcome = run_suite(tmp_path, fresh=True)
    assert outcome.code == 0, outcome.text
    assert outcome.drift["verdict"] == "conforms"
    assert outcome.drift["complete"] is True
    assert outcome.drift["run"]["requests"] <= 400
    assert {path.name for path in tmp_path.iterdir()} >= {"drift.json", "drift.html", "junit.xml"}
    suites = ET.parse(tmp_path / "junit.xml").getroot()
    assert [(suite.get("name"), suite.get("failures"), suite.get("errors")) for suite in suites] == [
        ("batch-conformance", "0", "0")
    ]


def test_a_batch_that_breaks_the_server_is_named_and_costs_the_others_nothing(tmp_path: Path) -> None:
    with EmbeddedMock(drifts=["server_error_for_one_batch"]) as mock:
        outcome = run_suite(tmp_path, mock=mock)
        broken, *_ = (name for name in mock.batch_ids if name in outcome.text)
    assert outcome.code == 1, outcome.text
    found = [finding for finding in outcome.drift["findings"] if finding["level"] != "info"]
    assert [(finding["rule"], finding["observed"]) for finding in found] == [
        ("response.server_error", f"500 every time for the id {broken}")
    ]
    log = json.loads((tmp_path / "exchanges.har").read_text(encoding="utf-8"))["log"]
    answered = [entry for entry in log["entries"] if entry["response"]["status"] in (200, 500)]
    reads = Counter(urlsplit(entry["request"]["url"]).path.removeprefix("/v1/batches/") for entry in answered)
    assert reads[broken] <= 24  # each chapter asks for it until it is no news
    assert all(reads[name] >= 6 for name in mock.batch_ids if name != broken)


def test_a_standalone_mock_conforms_and_every_status_and_field_is_seen(tmp_path: Path) -> None:
    with EmbeddedMock(style="null") as mock:
        outcome = run_suite(tmp_path, mock=mock)
    assert outcome.code == 0, outcome.text
    assert outcome.drift["verdict"] == "conforms"
    statuses = {entry["status"]: entry["count"] for entry in outcome.drift["coverage"]["statuses"]}
    assert all(statuses[status] for status in ("200", "400", "401", "403", "404", "503", "504"))
    top = [
        field
        for field in outcome.drift["coverage"]["fields"]
        if field["status"] == "200" and field["pointer"].count("/") == 1
    ]
    assert len(top) == FIELDS
    assert all(set(field["types"]) - {"null"} for field in top)


def test_a_wrong_key_is_inconclusive_and_says_so(tmp_path: Path) -> None:
    with EmbeddedMock() as mock:
        outcome = run_suite(tmp_path, mock=mock, env={"BATCH_API_KEY": "sk-not-the-key"})
    assert outcome.code == 6
    assert outcome.drift["verdict"] == "inconclusive"
    assert "refused the key" in outcome.text


def test_a_closed_port_is_inconclusive_not_drift(tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    outcome = run_suite(tmp_path, "--base-url", f"http://127.0.0.1:{port}/v1", env={"BATCH_API_KEY": "sk-x"})
    assert outcome.code == 6
    assert outcome.drift["findings"] == []
    assert "connection refused" in outcome.text
    assert failures(tmp_path) == ["test_all_that_a_verdict_needs_was_judged"]


def test_without_a_known_id_the_run_is_inconclusive_and_names_the_option(tmp_path: Path) -> None:
    with EmbeddedMock() as mock:
        outcome = run_suite(tmp_path, mock=mock, ids=False)
    assert outcome.code == 6
    assert outcome.drift["verdict"] == "inconclusive"
    assert "--batch-id" in outcome.text


def test_a_drift_is_found_once_at_its_clause_and_fails_the_run(tmp_path: Path) -> None:
    with EmbeddedMock(drifts=["created_at_string"]) as mock:
        outcome = run_suite(tmp_path, mock=mock)
    assert outcome.code == 1
    assert outcome.findings("must", "should") == [("body.type", "200", "/created_at")]
    assert failures(tmp_path) == ["test_each_value_has_its_documented_type[200-created_at]"]


def test_fail_on_never_reports_drift_and_exits_with_0(tmp_path: Path) -> None:
    with EmbeddedMock(drifts=["created_at_string"]) as mock:
        outcome = run_suite(tmp_path, "--fail-on", "never", mock=mock)
    assert outcome.code == 0
    assert outcome.drift["verdict"] == "drift"


def test_nulls_are_nine_findings_against_the_document_as_published_and_none_as_documented(tmp_path: Path) -> None:
    with EmbeddedMock(style="null") as mock:
        published = run_suite(tmp_path / "published", "--reading", "published", mock=mock)
        documented = run_suite(tmp_path / "documented", mock=mock)
    against_document = [finding for finding in published.drift["findings"] if finding["side"] == "document"]
    assert len(against_document) == 9
    assert {finding["rule"] for finding in against_document} == {"body.type"}
    assert published.code == 1
    assert documented.findings("must", "should") == []


def test_two_runs_give_the_same_findings_in_the_same_order(tmp_path: Path) -> None:
    with EmbeddedMock(drifts=["status_upper_case", "no_challenge"]) as mock:
        runs = [run_suite(tmp_path / name, mock=mock, fresh=True) for name in ("one", "two")]
    one, two = ([(f["id"], f["expected"], f["observed"]) for f in run.drift["findings"]] for run in runs)
    assert one == two
    assert len(one) >= 2


def test_two_seeds_send_different_requests_and_come_to_the_same_verdict(tmp_path: Path) -> None:
    with EmbeddedMock(drifts=["trace_in_404"]) as mock:
        runs = [run_suite(tmp_path / seed, f"--hypothesis-seed={seed}", mock=mock) for seed in ("1", "2")]
        plans = [run_suite(tmp_path, "--plan", f"--hypothesis-seed={seed}", mock=mock).text for seed in ("1", "2")]
    assert plans[0] != plans[1]
    assert [run.drift["verdict"] for run in runs] == ["drift", "drift"]
    assert runs[0].findings() == runs[1].findings()


@pytest.mark.parametrize("drift", ["counts_too_high", None])
def test_workers_and_random_order_change_neither_verdict_nor_findings(tmp_path: Path, drift: str | None) -> None:
    with EmbeddedMock(drifts=[drift] if drift else []) as mock:
        alone = run_suite(tmp_path / "alone", mock=mock)
        spread = run_suite(tmp_path / "spread", "-n", "2", "-p", "randomly", mock=mock)
    assert (alone.code, alone.findings()) == (spread.code, spread.findings())
    assert spread.drift["complete"] is True
    assert spread.drift["run"]["requests"] == alone.drift["run"]["requests"]


def test_a_plan_is_printed_and_nothing_is_sent(tmp_path: Path) -> None:
    with EmbeddedMock() as mock:
        outcome = run_suite(tmp_path / "none", "--plan", mock=mock)
        assert outcome.code == 0
        assert "nothing was sent" in outcome.text
        assert mock.key not in outcome.text
    assert not (tmp_path / "none" / "drift.json").exists()


@pytest.mark.parametrize("key", [False, True], ids=["no key", "key"])
@pytest.mark.parametrize("more", [(), ("-n2",)], ids=["one", "parallel"])
def test_a_plan_needs_no_key_and_sends_nothing(tmp_path: Path, more: tuple[str, ...], *, key: bool) -> None:
    env = {"BATCH_API_KEY": "sk-x"} if key else {}
    with counting() as (origin, asked):
        for target in (
            ("--vendor=siliconflow",),
            ("--base-url=https://api.example.com/v1",),
            ("--base-url=http://127.0.0.1:9/v1",),
            (f"--base-url={origin}/v1",),
            (f"--base-url={origin}/v1", "--discover"),
        ):
            outcome = run_suite(tmp_path / "r", "--plan", *target, *more, env=env)
            assert (outcome.code, "nothing was sent" in outcome.text) == (0, True), outcome.text
    assert asked == []
    assert not (tmp_path / "r").exists()


def test_a_selection_is_judged_alone_and_the_report_says_that_it_is_partial(tmp_path: Path) -> None:
    outcome = run_suite(tmp_path, "-k", "made_up_token")
    assert outcome.code == 0
    assert outcome.drift["complete"] is False
    assert any("Partial" in note for note in outcome.drift["notes"])
    assert outcome.drift["run"]["requests"] < 200


def test_collecting_only_neither_sends_nor_writes(tmp_path: Path) -> None:
    outcome = run_suite(tmp_path / "none", "--collect-only")
    assert outcome.code == 0
    assert not (tmp_path / "none").exists()


def test_the_projects_own_tests_run_without_an_audit_or_a_report(tmp_path: Path) -> None:
    outcome = run_suite(tmp_path / "none", str(ROOT / "tests" / "test_strict_json.py"))
    assert outcome.code == 0
    assert not (tmp_path / "none").exists()


def test_pytests_own_code_for_nothing_selected_is_kept(tmp_path: Path) -> None:
    assert run_suite(tmp_path, "-k", "no_such_test").code == 5


def test_a_users_own_junit_file_is_written_beside_ours(tmp_path: Path) -> None:
    own = tmp_path / "own.xml"
    outcome = run_suite(tmp_path / "reports", "-k", "authentication", f"--junitxml={own}")
    assert outcome.code == 0
    assert ET.parse(own).getroot().findall(".//testcase")
