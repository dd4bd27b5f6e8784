"""What became of the baseline is told alike by every report."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from datetime import date, timedelta

import samples

from batch_conformance.findings.baseline import Baseline
from batch_conformance.findings.baseline_file import new_entry
from batch_conformance.report.items import junit
from batch_conformance.report.run import drift_json, html, markdown, sarif, terminal
from batch_conformance.report.run.baseline_texts import entry_counts
from batch_conformance.report.run.run_report import RunReport

TODAY = date(2026, 11, 23)
KNOWN, LATE = samples.finding(), samples.finding(pointer="/id", kind="null")
GONE, UNSEEN = samples.finding(pointer="/endpoint"), samples.finding(pointer="/code", status="503")
EVIL = "<script>alert(1)</script>\u202e"


def report() -> RunReport:
    entries = [new_entry(finding, TODAY, f"because {EVIL}") for finding in (KNOWN, LATE, GONE, UNSEEN)]
    entries[1] = replace(entries[1], expires=TODAY - timedelta(days=1))
    baseline = Baseline("baseline.yaml", tuple(entries))
    made = samples.run_report(baseline.accept((KNOWN, LATE), TODAY))
    return replace(
        made, baseline=baseline.name, entries=baseline.results(made.ledger.findings, made.ledger.clauses, complete=True)
    )


def test_every_report_has_the_entries_and_their_states() -> None:
    made = report()
    assert dict(entry_counts(made)) == {"known": 1, "expired": 1, "fixed": 1, "not exercised": 1}
    drift = drift_json.read_drift(drift_json.render(made))
    states = {entry["fingerprint"]: entry["state"] for entry in drift["baseline"]["entries"]}
    assert states == {KNOWN.id: "known", LATE.id: "expired", GONE.id: "fixed", UNSEEN.id: "not exercised"}
    assert drift["baseline"]["counts"] == json.loads(sarif.render(made))["runs"][0]["properties"]["baseline"]
    page = html.render(made)
    rows = re.findall(r'data-entry="(\w+)".*?<span class="badge state ([\w ]+)"', page)
    assert dict(rows) == states
    properties = {item.get("name"): item.get("value") for item in ET.fromstring(junit.render(made)).iter("property")}
    assert [properties[f"baseline.{name}"] for name in ("known", "expired", "fixed", "not_exercised")] == ["1"] * 4
    for text in (markdown.render(made), " ".join(terminal.render(made).split())):
        shown = text.replace("\\", "")
        assert "4 entries: 1 known, 1 expired, 1 fixed, 1 not exercised" in shown
        assert LATE.id in shown
        assert GONE.id in shown


def test_a_hostile_reason_stays_text() -> None:
    made = report()
    for text in (html.render(made), markdown.render(made), terminal.render(made), junit.render(made)):
        assert "\u202e" not in text
    assert "<script>alert" not in html.render(made)
    assert "<script>" not in markdown.render(made)


def test_a_run_without_a_baseline_tells_of_none() -> None:
    made = samples.run_report((KNOWN,))
    assert drift_json.document(made)["baseline"] is None
    assert 'id="baseline"' not in html.render(made)
    assert "Baseline" not in terminal.render(made)
