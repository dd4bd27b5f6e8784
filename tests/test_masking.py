"""Customers' values are in no report: metadata always, other places where asked."""

from __future__ import annotations

from pathlib import Path

from suite_support import run_suite

from batch_conformance.mock.process import EmbeddedMock


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
