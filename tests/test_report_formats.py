"""All reports of one run agree: verdict, counts and ids."""

from __future__ import annotations

import html
import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser

import pytest
import samples
from report_runs import runs

from batch_conformance.report.items import junit
from batch_conformance.report.items.item import items_of
from batch_conformance.report.run import drift_json, github, har_file, markdown, sarif, terminal
from batch_conformance.report.run import html as page
from batch_conformance.report.run.groups import count, failing, fold
from batch_conformance.report.run.run_report import RunReport

RUNS = runs()


@pytest.fixture(params=RUNS, scope="module")
def report(request: pytest.FixtureRequest) -> RunReport:
    return RUNS[request.param]


class Page(HTMLParser):
    """Attributes of every element, and the text outside of style and script."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self._inside = tag if tag in ("style", "script") else ""

    def handle_endtag(self, tag: str) -> None:  # noqa: ARG002 (the name is the base class's)
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.text += data


def ids(report: RunReport) -> set[str]:
    return {finding.id for finding in report.ledger.findings}


def test_the_page_holds_every_finding_once_and_the_counts(report: RunReport) -> None:
    seen = Page(page.render(report))
    rows = [attrs["data-id"] for tag, attrs in seen.elements if tag == "tr" and "data-id" in attrs]
    assert sorted(rows) == sorted(ids(report))
    assert {f"f-{row}" for row in rows} <= {attrs.get("id", "") for _, attrs in seen.elements}
    banner = next(attrs for _, attrs in seen.elements if attrs.get("id") == "verdict")
    assert banner["data-verdict"] == report.verdict
    assert int(banner["data-findings"]) == len(report.ledger.findings)
    assert int(banner["data-failing"]) == count(report).failing
    assert int(banner["data-exit-code"]) == report.exit_code
    cards = [attrs for tag, attrs in seen.elements if tag == "details" and "finding" in attrs.get("class", "").split()]
    assert sum(int(card["data-findings"]) for card in cards) == len(report.ledger.findings)
    for level in ("must", "should", "info"):
        at_level = sum(int(card["data-findings"]) for card in cards if card["data-level"] == level)
        assert at_level == count(report).levels[level]  # type: ignore[index]


def test_the_json_holds_every_finding_and_the_counts(report: RunReport) -> None:
    drift = drift_json.read_drift(drift_json.render(report))
    assert [finding["id"] for finding in drift["findings"]] == [finding.id for finding in report.ledger.findings]
    assert drift["verdict"] == report.verdict
    assert drift["counts"]["findings"] == len(drift["findings"])
    for level, number in drift["counts"]["levels"].items():
        assert sum(finding["level"] == level for finding in drift["findings"]) == number
    for state, number in drift["counts"]["states"].items():
        assert sum(finding["state"] == state for finding in drift["findings"]) == number


def test_junit_holds_every_finding_and_the_counts(report: RunReport) -> None:
    (suite,) = ET.fromstring(junit.render(report)).findall("testsuite")
    named = {str(item.get("name")) for item in suite.findall("testcase/properties/property")}
    assert {name.removeprefix("finding.") for name in named if name.startswith("finding.")} == ids(report)
    properties = {item.get("name"): item.get("value") for item in suite.findall("properties/property")}
    assert properties["verdict"] == report.verdict
    assert properties["findings"] == str(len(report.ledger.findings))
    items = items_of(report)
    broken = {items.of(finding).name for finding in failing(report)}
    if report.exit_code in (3, 6):
        broken.add("test_all_that_a_verdict_needs_was_judged")
    failed = {case.get("name") for case in suite.findall("testcase") if case.find("failure") is not None}
    assert failed == broken
    assert int(suite.get("failures", "")) == len(broken)


def test_sarif_holds_every_finding_and_the_verdict(report: RunReport) -> None:
    (run,) = json.loads(sarif.render(report))["runs"]
    assert [result["partialFingerprints"]["batchConformance/v1"] for result in run["results"]] == [
        finding.id for finding in report.ledger.findings
    ]
    assert run["properties"]["verdict"] == report.verdict
    assert sum(result["properties"]["failsGate"] for result in run["results"]) == count(report).failing


def test_markdown_and_terminal_tell_the_same_counts_and_known_ids_only(report: RunReport) -> None:
    counts = count(report)
    summary = markdown.render(report)
    row = re.search(r"^\| (\d+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", summary, re.MULTILINE)
    assert row is not None
    assert list(map(int, row.groups())) == [counts.findings, *counts.levels.values(), *counts.states.values()]
    assert summary.startswith(f"## {report.verdict}")
    shown = terminal.render(report)
    assert report.verdict.upper() in shown.splitlines()[0]
    assert f"{counts.findings:,} ({counts.levels['must']:,} must, {counts.levels['should']:,} should" in shown
    for text in (summary, shown):
        assert set(re.findall(r"[\[`]([0-9a-f]{12})[\]`]", text)) - {report.contract.document.sha256[:12]} <= ids(
            report
        )
    listed = sum(int(number.replace(",", "")) for number in re.findall(r"· ([\d,]+) places?, seen", shown))
    rest = re.search(r"and ([\d,]+) more finding", shown)
    assert listed + (int(rest[1].replace(",", "")) if rest else 0) == counts.findings


def test_folding_loses_no_finding_and_puts_what_is_accepted_last_and_the_worst_first(report: RunReport) -> None:
    groups = fold(report.ledger.findings)
    folded = [finding.id for group in groups for finding in group.findings]
    assert sorted(folded) == sorted(ids(report))
    order = [(group.state == "known", ("must", "should", "info").index(group.level)) for group in groups]
    assert order == sorted(order)


def test_nine_nulls_are_one_group_on_the_page_and_one_entry_on_the_terminal() -> None:
    report = samples.run_report(samples.nine_nulls())
    assert len(fold(report.ledger.findings)) == 1
    shown = terminal.render(report)
    assert shown.count("body.type") == 1
    assert "9 places, seen 45 times" in shown
    assert all(f"/{name}" in shown for name in samples.NULLS)
    seen = page.render(report)
    assert seen.count('<details class="finding') == 1
    assert seen.count("<mark>") >= 9


def test_the_terminal_keeps_to_its_columns_and_colours_only_when_asked() -> None:
    report = samples.run_report(samples.mixed(), missing=("an unknown id",), notes=("n" * 300,), complete=False)
    plain = terminal.render(report)
    assert "\x1b" not in plain
    assert max(len(line) for line in plain.splitlines()) <= 80
    colored = terminal.render(report, color=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", colored) == plain
    assert "(incomplete)" in plain
    assert "Missing: an unknown id" in plain
    assert plain.splitlines()[-1] == "Report: reports/drift.html"


def test_the_terminal_says_what_was_not_observed() -> None:
    shown = terminal.render(samples.run_report())
    assert re.search(r"Not observed: \d+ clauses; status 400, 403", shown)


def test_hostile_text_stays_text_everywhere() -> None:
    evil = "<script>alert(1)</script>]]>&\x00\x1b[2J\u202e\ud83d|`@x`\n::error::x"
    report = samples.run_report(
        (
            samples.finding(
                observed=evil,
                expected=evil,
                pointer="/<script>\x00\u202e",
                evidence=samples.exchange(evil.encode("utf-8", "replace") * 100_000, media_type=evil),
            ),
        ),
        notes=(evil,),
        outcome=evil,
        missing=(evil,),
        fault=evil,
    )
    formats = {
        "html": page.render(report),
        "junit": junit.render(report),
        "json": drift_json.render(report),
        "sarif": sarif.render(report),
        "markdown": markdown.render(report),
        "terminal": terminal.render(report),
        "github": github.annotate(report),
        "har": har_file.render(report),
    }
    for text in formats.values():
        text.encode()
        assert "\x00" not in text
        assert "\x1b" not in text
    for name in ("html", "junit", "markdown", "terminal", "github"):
        assert "\u202e" not in formats[name]
    assert len(formats["html"]) < 200_000
    tags = [tag for tag, _ in Page(formats["html"]).elements]
    assert tags.count("script") == 1
    assert "<script>" not in formats["markdown"]
    assert all(line.startswith("::error ") for line in formats["github"].splitlines())
    ET.fromstring(formats["junit"])
    drift_json.read_drift(formats["json"])


def test_customers_values_stand_in_no_report() -> None:
    report = samples.run_report(samples.mixed())
    for render in (page.render, drift_json.render, junit.render, sarif.render, markdown.render, har_file.render):
        assert "nightly eval job of a customer" not in html.unescape(render(report))
        assert "4711" not in render(report)


def test_two_renderings_are_the_same_text() -> None:
    report = samples.run_report(samples.mixed())
    for render in (page.render, drift_json.render, junit.render, sarif.render, markdown.render, har_file.render):
        assert render(report) == render(report)
