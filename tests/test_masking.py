"""Customers' values are in no report: metadata always, other places where asked."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import samples
from suite_support import run_suite

from batch_conformance.findings.finding import Finding
from batch_conformance.findings.history import Gone, History
from batch_conformance.message import Listing, Private, Template
from batch_conformance.mock.process import EmbeddedMock
from batch_conformance.report.finding.baseline_entry import baseline_entry
from batch_conformance.report.finding.vendor_text import vendor_text
from batch_conformance.report.items.item import items_for
from batch_conformance.report.items.item_outcome import outcomes
from batch_conformance.report.language import LANGUAGES
from batch_conformance.report.matrix.formats import FORMATS
from batch_conformance.report.matrix.matrix import Audited, build_matrix
from batch_conformance.report.run import drift_json, github, html, terminal, writer
from batch_conformance.report.run.groups import fold
from batch_conformance.report.run.run_report import RunReport

CANARY = "canary-4711"
SHOWN = Template("test.masking", "a value such as {what}")


def test_values_at_a_redacted_pointer_are_in_no_report_and_the_finding_stays(tmp_path: Path) -> None:
    with EmbeddedMock(drifts=["created_at_string", "input_file_changes"]) as mock:
        shown = run_suite(tmp_path / "shown", "--exploration=quick", mock=mock)
        masked = run_suite(
            tmp_path / "masked", "--exploration=quick", "--redact=/created_at", "--redact=/input_file_id", mock=mock
        )
    assert [finding["id"] for finding in masked.drift["findings"]] == [f["id"] for f in shown.drift["findings"]]
    value = next(f["observed"] for f in shown.drift["findings"] if f["pointer"] == "/created_at").split('"')[1]
    assert value.isdigit()
    assert value in (tmp_path / "shown" / "drift.html").read_text(encoding="utf-8")
    for face in (tmp_path / "masked").iterdir():
        assert value not in face.read_text(encoding="utf-8"), face.name
    assert value not in masked.text


def test_a_redaction_that_is_no_pointer_is_a_usage_error(tmp_path: Path) -> None:
    outcome = run_suite(tmp_path / "reports", "--redact=created_at")
    assert outcome.code == 4
    assert "is no JSON pointer" in outcome.text


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("place", ["expected", "observed"])
def test_a_masked_value_is_in_no_output_of_any_format(language: str, place: str) -> None:
    seen = {place: SHOWN(what=Listing((Private(f'"{CANARY}"', "string"), SHOWN(what=Private(CANARY))), "or"))}
    plain = replace(samples.finding(), **seen)
    assert CANARY in html.render(_report(plain, language))
    report = _report(plain.without_values(), language)
    gone = Gone("abc", "body.type", "must", "200 /x", plain.without_values().observed, "2026-01-01", "2026-02-01", True)
    report = replace(report, history=History("drift.json", "2026", {}, (gone,)))
    drift = drift_json.read_drift(drift_json.render(report))
    matrix = build_matrix([Audited("a", drift)])
    spoken = LANGUAGES[language]
    (group,) = fold(report.ledger.findings)
    outputs = {
        **{name: render(report) for name, render in writer.FORMATS.items()},
        **{name: render(matrix, spoken) for name, render in FORMATS.items()},
        "terminal": terminal.render(report),
        "annotations": github.annotate(report),
        "vendor's text": vendor_text(group, report, None),
        "entry of the baseline": baseline_entry(plain.without_values(), date(2026, 11, 28)),
        "tests": repr(outcomes(report, items_for(samples.contract()), in_language=True)),
    }
    assert [name for name, text in outputs.items() if CANARY in text] == []


def _report(finding: Finding, language: str) -> RunReport:
    return replace(samples.run_report((finding,)), language=language)
