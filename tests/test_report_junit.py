"""``junit.xml`` of recorded traffic: red exactly when the command is, names that stay the same."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
import samples

from batch_conformance.message import shown
from batch_conformance.report.items import junit
from batch_conformance.report.items.item import items_for
from batch_conformance.report.run.run_report import RunReport

TYPE = "test_each_value_has_its_documented_type[200-created_at]"
VERDICT = "test_all_that_a_verdict_needs_was_judged"


def suite(report: RunReport) -> ET.Element:
    (found,) = ET.fromstring(junit.render(report)).findall("testsuite")
    return found


def outcomes(report: RunReport) -> dict[str, str]:
    return {
        f"{case.get('classname')}::{case.get('name')}": next(
            (child.tag for child in case if child.tag != "properties"), "passed"
        )
        for case in suite(report).findall("testcase")
    }


def case_of(report: RunReport, name: str) -> ET.Element:
    return next(case for case in suite(report).findall("testcase") if case.get("name") == name)


def test_there_is_a_case_for_each_clause_and_one_for_the_verdict() -> None:
    report = samples.run_report(samples.mixed())
    named = {f"{item.node_id.replace('/', '.').replace('.py::', '::', 1)}" for item in items_for(report.contract)}
    assert outcomes(report).keys() == {*named, f"suites.test_verdict::{VERDICT}"}


def test_the_suite_has_the_facts_of_the_run_and_right_totals() -> None:
    whole = suite(samples.run_report(samples.mixed()))
    names = {item.get("name") for item in whole.findall("properties/property")}
    assert {"target", "sha256", "seed", "verdict", "exit_code", "findings.must"} <= names
    cases = whole.findall("testcase")
    assert int(whole.get("tests", "")) == len(cases)
    for total, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        assert int(whole.get(total, "")) == sum(case.find(tag) is not None for case in cases)


@pytest.mark.parametrize("exit_code", [0, 1, 2, 3, 4, 5, 6])
def test_the_case_of_the_verdict_fails_by_a_fault_and_by_what_was_not_judged_and_by_nothing_else(
    exit_code: int,
) -> None:
    report = samples.run_report(samples.mixed(), exit_code=exit_code, fault="Boom" if exit_code == 3 else "")
    assert (case_of(report, VERDICT).find("failure") is not None) == (exit_code in (3, 6))


@pytest.mark.parametrize("findings", [(), samples.nine_nulls(state="known")], ids=["none", "known"])
@pytest.mark.parametrize("exit_code", [0, 2, 3, 6])
def test_without_what_fails_the_gate_no_clause_fails(exit_code: int, findings: tuple[samples.Finding, ...]) -> None:
    report = samples.run_report(findings, exit_code=exit_code, fault="Boom" if exit_code == 3 else "")
    assert [name for name, end in outcomes(report).items() if end == "failure" and VERDICT not in name] == []


def test_a_new_finding_fails_its_clause_and_is_told_with_file_and_line() -> None:
    report = samples.run_report((samples.finding(),))
    assert [name for name, end in outcomes(report).items() if end == "failure"] == [
        f"suites.test_response_bodies::{TYPE}"
    ]
    failure = case_of(report, TYPE).find("failure")
    assert failure is not None
    assert failure.get("message") == 'expected integer; observed string "1741685413"'
    for part in ("must body.type", "spec/siliconflow-get-batch.yaml:", "server: ", "curl", "$BATCH_API_KEY"):
        assert part in (failure.text or "")


def test_one_cause_in_nine_places_is_told_once_and_the_other_eight_say_where() -> None:
    report = samples.run_report(samples.nine_nulls())
    texts = [failure.text or "" for failure in suite(report).findall("testcase/failure")]
    whole = [text for text in texts if "curl" in text]
    assert (len(texts), len(whole)) == (9, 1)
    first = next(case for case in suite(report).findall("testcase") if case.find("failure") is not None)
    assert sum(f"the same cause as suites/test_response_bodies.py::{first.get('name')}" in text for text in texts) == 8


def test_an_accepted_finding_is_an_expected_failure_with_its_reason() -> None:
    skipped = case_of(samples.run_report((samples.finding(state="known"),)), TYPE).find("skipped")
    assert skipped is not None
    assert skipped.get("type") == "pytest.xfail"
    assert "accepted by the baseline" in skipped.get("message", "")


@pytest.mark.parametrize(
    ("finding", "fail_on"),
    [(samples.finding("body.undeclared", "/x"), "must"), (samples.finding("body.seen", "/failed_at"), "should")],
    ids=["should below must", "info"],
)
def test_what_is_below_the_gate_passes_and_is_named(finding: samples.Finding, fail_on: str) -> None:
    report = samples.run_report((finding,), fail_on=fail_on)
    assert "failure" not in outcomes(report).values()
    named = suite(report).findall(f"testcase/properties/property[@name='finding.{finding.id}']")
    assert [item.get("value") for item in named] == [f"{finding.level}, new"]


def test_an_expired_acceptance_fails() -> None:
    assert suite(samples.run_report((samples.finding(state="expired"),))).get("failures") == "1"


def test_what_was_not_observed_is_skipped_and_says_what_would_show_it() -> None:
    report = samples.run_report()
    states = {result.clause.id: result.state for result in report.ledger.clauses}
    of_503 = case_of(report, "test_each_body_has_its_documented_media_type[503-body]").find("skipped")
    assert "not_observed" in states.values()
    assert "inconclusive" in states.values()
    assert of_503 is not None
    assert "`Prefer: code=503`" in of_503.get("message", "")
    reasons = [item.get("message", "") for item in suite(report).findall("testcase/skipped")]
    assert all(reason.startswith(("not observed: ", "inconclusive: ")) for reason in reasons)


def test_names_do_not_depend_on_what_was_observed() -> None:
    first = samples.run_report(samples.mixed())
    second = samples.run_report(
        tuple(replace(finding, observed=shown("other"), occurrences=9) for finding in samples.mixed())
    )
    assert outcomes(first) == outcomes(second)


def test_long_texts_are_cut_and_control_characters_are_gone() -> None:
    report = samples.run_report((samples.finding(observed="x\x00\x0b\x1b" * 10_000),))
    text = junit.render(report)
    assert len(text) < 100_000 + 600 * len(report.ledger.clauses)
    assert all(len(item.get("message", "")) <= 300 for item in suite(report).findall("testcase/failure"))


def test_a_fault_of_the_tool_fails_the_verdict_with_its_text() -> None:
    failure = case_of(samples.run_report(exit_code=3, fault="ZeroDivisionError: division by zero"), VERDICT)
    assert "ZeroDivisionError" in "".join(failure.itertext())
