"""Small inputs that showed a fault once: documents, recordings and servers, and what is right of each.

``cases/`` has the files.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from recorded_support import validated
from small_server import BATCH_ID, KEY

from batch_conformance.contract.change import ContractDiff
from batch_conformance.contract.diff import diff_contracts
from batch_conformance.contract.sources import load_contract
from batch_conformance.findings.finding import Finding
from batch_conformance.report.language import CHINESE
from batch_conformance.report.proof.proof import Proof
from batch_conformance.report.run.run_report import RunReport
from batch_conformance.run.live.begin import begin
from batch_conformance.run.prove.prove import Task, catalogue, choose, prove
from batch_conformance.run.settings import settle

CASES = Path(__file__).parent / "cases"
Place = tuple[str, str, str]


def judged(folder: Path, name: str) -> tuple[str, list[dict[str, Any]]]:
    """The verdict of a recording held to the document beside it, and all findings."""
    source = CASES / "documents" / name
    _, drift = validated(folder, f"{source}.ndjson", f"--contract={source}.yaml")
    return drift["verdict"], drift["findings"]


def places(findings: list[dict[str, Any]], *levels: str) -> list[Place]:
    return sorted((one["rule"], one["status"], one["pointer"]) for one in findings if one["level"] in levels)


def compared(name: str) -> ContractDiff:
    old, new = (load_contract(str(CASES / "documents" / f"{name}.{age}.yaml")) for age in ("old", "new"))
    return diff_contracts(old, new)


def proved(name: str, *patterns: str) -> Proof:
    """What ``prove --contract`` comes to for the entries whose names match."""
    source = str(CASES / "documents" / f"{name}.yaml")
    chosen = choose(catalogue(load_contract(source)).values(), (), patterns)
    return prove(Task(source, None, tuple(entry.name for entry in chosen)), 1)


@contextmanager
def small_server(behaviour: str) -> Iterator[str]:
    """The base URL of a small server that behaves so."""
    script = str(Path(__file__).parent / "small_server.py")
    with subprocess.Popen([sys.executable, script, behaviour], stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
        finally:
            process.kill()


def audited(behaviour: str) -> RunReport:
    """The report of a run against a small server that behaves so; it waits for less long than one does."""
    with small_server(behaviour) as base_url:
        settings = settle({"BATCH_API_KEY": KEY}, base_url=base_url, batch_ids=[BATCH_ID])
        audit = begin(settings, seed=None, command="pytest", sleep=lambda seconds: time.sleep(min(seconds, 0.2)))
        try:
            audit.runner.send()
            return audit.report()
        finally:
            audit.close()


def drifts(report: RunReport) -> list[Finding]:
    return [finding for finding in report.ledger.findings if finding.level in ("must", "should")]


# Documents


def test_a_response_and_a_schema_have_what_a_merge_key_brings(tmp_path: Path) -> None:
    verdict, findings = judged(tmp_path, "merge-key-in-response")
    assert verdict == "drift"
    assert places(findings, "must") == [
        ("body.required", "404", "/error"),
        ("body.type", "200", "/created_at"),
        ("body.type", "404", ""),
    ]


def test_a_status_that_a_merge_key_brings_is_documented(tmp_path: Path) -> None:
    verdict, findings = judged(tmp_path, "merge-key-in-responses")
    assert verdict == "conforms"
    assert not places(findings, "must", "should")


def test_another_const_in_the_second_alternative_breaks_clients() -> None:
    assert [change.rule for change in compared("diff-any-of-const-changed").breaking] == ["body.enum"]


def test_alternatives_of_constants_are_an_enumeration() -> None:
    assert compared("diff-any-of-const-to-enum").changes == ()


def test_an_alternative_that_allows_any_string_leaves_nothing_to_narrow() -> None:
    assert compared("diff-any-of-open-and-enum").breaking == ()


def test_an_exclusive_bound_is_the_same_in_either_dialect() -> None:
    assert compared("diff-exclusive-minimum-3.0-to-3.1").changes == ()


def test_nothing_can_break_the_values_of_a_place_with_an_open_alternative() -> None:
    source = load_contract(str(CASES / "documents" / "prove-any-of-with-open-branch.yaml"))
    assert "200/p:unheard_of" not in catalogue(source)
    assert proved("prove-any-of-with-open-branch", "200/p:*").right


def test_a_date_is_a_day_that_there_is(tmp_path: Path) -> None:
    verdict, findings = judged(tmp_path, "format-date")
    assert verdict == "drift"
    assert [(one["rule"], one["pointer"], one["occurrences"]) for one in findings if one["level"] != "info"] == [
        ("body.format", "/p", 2)
    ]


def test_a_property_that_is_only_written_does_not_come_back(tmp_path: Path) -> None:
    verdict, findings = judged(tmp_path, "write-only-sent")
    assert verdict == "drift"
    assert places(findings, "must") == []
    assert [pointer for _, _, pointer in places(findings, "should")] == ["/password"]


def test_the_discriminator_names_the_branch_that_must_hold(tmp_path: Path) -> None:
    verdict, findings = judged(tmp_path, "discriminator")
    assert verdict == "drift"
    assert places(findings, "must") == [("body.required", "200", "/tokens")]
    assert {pointer for _, _, pointer in places(findings, "should")} <= {"/kind", "/dims"}
    assert "/kind" in {pointer for _, _, pointer in places(findings, "should")}


def test_a_clause_that_no_value_can_keep_is_the_documents_fault(tmp_path: Path) -> None:
    _, findings = judged(tmp_path, "enum-of-another-type")
    accused = [one for one in findings if one["level"] in ("must", "should") and one["side"] == "server"]
    assert not accused


def test_the_mock_of_a_contract_has_ids_as_its_parameter_says() -> None:
    assert proved("prove-uuid-id", "pretty_json").right


def test_the_mock_of_a_contract_labels_errors_as_its_document_does() -> None:
    assert proved("prove-problem-json", "pretty_json").right


# Recordings


def test_a_body_that_the_recorder_cut_is_no_broken_body(tmp_path: Path) -> None:
    _, drift = validated(tmp_path, str(CASES / "recordings" / "body-cut-by-the-recorder.har"))
    assert not [one for one in drift["findings"] if one["level"] in ("must", "should")]


def test_base64_without_a_label_is_no_broken_body(tmp_path: Path) -> None:
    _, drift = validated(tmp_path, str(CASES / "recordings" / "base64-without-a-label.har"))
    assert not [one for one in drift["findings"] if one["level"] in ("must", "should")]


# Servers


def test_a_redundant_spelling_of_an_id_that_is_not_found_is_no_change_of_answer() -> None:
    report = audited("conforms")
    assert report.verdict == "conforms"
    assert "stability.answer_changed" not in {finding.rule for finding in report.ledger.findings}
    assert len(report.ledger.findings) <= 1


def test_a_server_that_refuses_unknown_parameters_with_400_conforms() -> None:
    report = audited("strict-query")
    assert report.verdict == "conforms"
    assert not drifts(report)


def test_a_server_that_answers_everything_with_400_is_not_judged_by_it() -> None:
    report = audited("rejects-all")
    assert report.verdict == "inconclusive"
    assert not drifts(report)


def test_a_server_that_breaks_behind_the_door_is_one_cause_and_no_verdict() -> None:
    report = audited("broken-behind-the-door")
    assert report.verdict == "inconclusive"
    sides = {(finding.rule, finding.status, finding.pointer): set[str]() for finding in report.ledger.findings}
    for finding in report.ledger.findings:
        sides[finding.rule, finding.status, finding.pointer].add(finding.side)
    assert all(len(of_one) == 1 for of_one in sides.values())
    assert "every request with the valid key is answered 500" in json.dumps(
        list(map(str, (report.sentence, *report.notes)))
    )


def test_member_names_that_change_in_an_open_object_are_one_finding() -> None:
    report = audited("random-keys")
    assert [(finding.rule, finding.pointer) for finding in drifts(report)] == [("body.undeclared", "/request_counts/*")]
    assert [row.pointer for row in report.ledger.fields if not row.declared] == ["/request_counts/*"]
    again = audited("random-keys")
    assert {one.id for one in drifts(report)} == {one.id for one in drifts(again)}


def test_times_of_no_age_are_one_finding_per_cause() -> None:
    report = audited("random-times")
    assert report.verdict == "drift"
    assert 1 <= len(drifts(report)) <= 4


def test_an_error_body_of_another_form_is_told_once() -> None:
    report = audited("object-for-404")
    assert [(finding.rule, finding.status, finding.pointer) for finding in report.ledger.findings] == [
        ("body.type", "404", "")
    ]


def test_the_body_of_a_refused_parameter_is_judged() -> None:
    report = audited("odd-body-for-a-query")
    assert report.verdict == "drift"
    assert {finding.status for finding in drifts(report)} == {"400"}


def test_a_request_that_ends_the_server_is_a_finding() -> None:
    report = audited("dies")
    assert "should" in {finding.level for finding in drifts(report)}
    assert report.verdict == "drift"


def test_more_requests_than_planned_explain_themselves() -> None:
    report = audited("fails-odd-ids")
    assert report.run.requests > report.run.planned
    (note,) = [note for note in report.notes if "for a plan of" in str(note)]
    told = [int(number) for number in re.findall(r"\d+", str(note))]
    assert told[:2] == [report.run.requests, report.run.planned]
    assert told[0] <= told[1] + told[2] + told[3]
    assert CHINESE.render(note) != str(note)
    few = audited("conforms")
    assert few.run.requests <= few.run.planned
    assert not [note for note in few.notes if "for a plan of" in str(note)]
