"""``junit.xml``: red exactly when the run is, names that stay the same."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
import samples

from batch_conformance.report import junit
from batch_conformance.report.run_report import RunReport


def suites(report: RunReport) -> tuple[ET.Element, ET.Element]:
    chapters, clauses = ET.fromstring(junit.render(report)).findall("testsuite")
    return chapters, clauses


def outcomes(suite: ET.Element) -> dict[str, str]:
    return {
        case.get("name", ""): next((child.tag for child in case if child.tag != "properties"), "passed")
        for case in suite.findall("testcase")
    }


def test_there_are_two_suites_chapters_and_clauses_with_properties() -> None:
    root = ET.fromstring(junit.render(samples.run_report(samples.mixed())))
    assert [suite.get("name") for suite in root] == ["chapters", "clauses"]
    for suite in root:
        names = {item.get("name") for item in suite.findall("properties/property")}
        assert {"target", "sha256", "seed", "verdict"} <= names
        cases = suite.findall("testcase")
        assert int(suite.get("tests", "")) == len(cases)
        for total, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
            assert int(suite.get(total, "")) == sum(case.find(tag) is not None for case in cases)
    assert int(root.get("tests", "")) == sum(len(suite.findall("testcase")) for suite in root)


@pytest.mark.parametrize("exit_code", [0, 1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize("findings", [(), samples.mixed(), samples.nine_nulls(state="known")], ids=["0", "16", "known"])
def test_it_is_red_exactly_when_the_run_is(exit_code: int, findings: tuple[samples.Finding, ...]) -> None:
    report = samples.run_report(findings, exit_code=exit_code, fault="Boom" if exit_code == 3 else "")
    root = ET.fromstring(junit.render(report))
    red = int(root.get("failures", "")) + int(root.get("errors", ""))
    assert bool(red) == (exit_code in (1, 3, 6))
    target = outcomes(root.findall("testsuite")[1]).get("target")
    assert target == ("error" if exit_code == 6 else None)


def test_a_new_finding_fails_its_clause_with_rule_and_message() -> None:
    _, clauses = suites(samples.run_report((samples.finding(),)))
    (failure,) = clauses.findall("testcase/failure")
    assert failure.get("type") == "body.type"
    assert failure.get("message") == 'expected integer; observed string "1741685413"'
    assert "spec/siliconflow-get-batch.yaml:" in (failure.text or "")


@pytest.mark.parametrize(
    ("finding", "fail_on", "reason"),
    [
        (samples.finding(state="known"), "should", "known, accepted by the baseline"),
        (samples.finding("body.undeclared", "/x"), "must", "new, below --fail-on must"),
        (samples.finding("body.seen", "/failed_at"), "should", "new, below --fail-on should"),
    ],
    ids=["known", "should below must", "info"],
)
def test_what_does_not_fail_the_gate_is_skipped_with_its_reason(
    finding: samples.Finding, fail_on: str, reason: str
) -> None:
    _, clauses = suites(samples.run_report((finding,), fail_on=fail_on))
    messages = [item.get("message", "") for item in clauses.findall("testcase/skipped")]
    assert any(message.startswith(reason) for message in messages)
    assert clauses.get("failures") == "0"


def test_an_expired_acceptance_fails() -> None:
    _, clauses = suites(samples.run_report((samples.finding(state="expired"),)))
    assert clauses.get("failures") == "1"


def test_what_was_not_observed_is_skipped_and_says_so() -> None:
    report = samples.run_report()
    _, clauses = suites(report)
    reasons = [item.get("message", "") for item in clauses.findall("testcase/skipped")]
    states = [result.state for result in report.ledger.clauses]
    assert reasons.count("not observed in this run") == states.count("not_observed") > 0
    assert sum(reason.startswith("inconclusive") for reason in reasons) == states.count("inconclusive") > 0


def test_names_do_not_depend_on_what_was_observed() -> None:
    first = samples.run_report(samples.mixed())
    second = samples.run_report(tuple(replace(finding, observed="other", occurrences=9) for finding in samples.mixed()))
    for one, other in zip(suites(first), suites(second), strict=True):
        assert outcomes(one) == outcomes(other)


def test_long_texts_are_cut_and_control_characters_are_gone() -> None:
    report = samples.run_report((samples.finding(observed="x\x00\x0b\x1b" * 10_000),))
    text = junit.render(report)
    assert len(text) < 100_000 + 600 * len(report.ledger.clauses)
    _, clauses = suites(report)
    assert all(len(item.get("message", "")) <= 300 for item in clauses.findall("testcase/failure"))


def test_a_fault_of_the_tool_is_an_error_with_its_text() -> None:
    _, clauses = suites(samples.run_report(exit_code=3, fault="ZeroDivisionError: division by zero"))
    (error,) = clauses.findall("testcase/error")
    assert "ZeroDivisionError" in (error.text or "")
