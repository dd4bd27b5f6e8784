"""The reports for machines, held to validators and readers that others wrote."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from haralyzer import HarEntry, HarParser
from jsonschema import Draft7Validator
from junitparser import Error, Failure, JUnitXml, Skipped, TestSuite
from real_servers import node_modules
from report_runs import runs

from batch_conformance.report.items import junit
from batch_conformance.report.items.item import items_of
from batch_conformance.report.run import har_file, sarif
from batch_conformance.report.run.groups import failing
from batch_conformance.report.run.run_report import RunReport

RUNS = runs()
PACKAGE = Path(__file__).parent / "node" / "package.json"


@pytest.fixture(params=RUNS, scope="module")
def report(request: pytest.FixtureRequest) -> RunReport:
    return RUNS[request.param]


@pytest.fixture(scope="module")
def multitool() -> Path:
    """Microsoft's validator of SARIF; beside it stands the official schema."""
    return node_modules(PACKAGE) / "@microsoft" / "sarif-multitool-linux" / "Sarif.Multitool"


def test_sarif_keeps_the_official_schema(report: RunReport, multitool: Path) -> None:
    schema = json.loads(multitool.with_name("sarif-2.1.0.json").read_text("utf-8-sig"))
    errors = Draft7Validator(schema).iter_errors(json.loads(sarif.render(report)))
    assert not [f"{error.json_path}: {error.message[:200]}" for error in errors]


@pytest.mark.parametrize("kind", ["Sarif", "Ghas"])
def test_the_sarif_multitool_has_nothing_to_say_of_any_run(kind: str, multitool: Path, tmp_path: Path) -> None:
    asked = [run for name, run in RUNS.items() if name != "two thousand"]  # more of the same, and slow
    for number, one in enumerate(asked):
        (tmp_path / f"{number}.sarif").write_text(sarif.render(one), encoding="utf-8")
    told = tmp_path / "told.json"
    command = [str(multitool), "validate", "--rule-kind", kind, "--output", str(told), str(tmp_path / "*.sarif")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert f"{len(asked)} files scanned" in done.stdout, done.stdout + done.stderr
    (run,) = json.loads(told.read_text("utf-8-sig"))["runs"]
    said: list[dict[str, Any]] = run.get("results", [])
    # A page on the web about the tool: it has none.
    assert {one["ruleId"] for one in said} <= {"SARIF2005"}, said[:3]


def test_junitparser_reads_what_was_meant(report: RunReport) -> None:
    read = JUnitXml.fromstring(junit.render(report).encode())
    assert isinstance(read, JUnitXml)
    (suite,) = read
    assert isinstance(suite, TestSuite)
    before = (suite.tests, suite.failures, suite.errors, suite.skipped)
    suite.update_statistics()
    assert (suite.tests, suite.failures, suite.errors, suite.skipped) == before
    assert all(case.name and case.classname for case in suite)
    for case in suite:
        for result in case.result:
            assert isinstance(result, Failure | Error | Skipped)
            assert result.message
    items = items_of(report)
    broken = {items.of(finding).name for finding in failing(report)}
    if report.exit_code in (3, 6):
        broken.add("test_all_that_a_verdict_needs_was_judged")
    assert {case.name for case in suite if any(isinstance(result, Failure) for result in case.result)} == broken
    properties = {item.name: item.value for item in suite.properties()}
    assert properties["findings"] == str(len(report.ledger.findings))
    assert properties["verdict"] == report.verdict


def test_haralyzer_reads_every_exchange(report: RunReport) -> None:
    parser = HarParser(json.loads(har_file.render(report)))
    assert parser.version == "1.2"
    entries = [HarEntry(entry) for entry in parser.har_data["entries"]]
    exchanges = {(exchange.number, exchange.attempt): exchange for exchange in report.ledger.exchanges}
    assert len(entries) == len(exchanges)
    for entry in entries:
        exchange = exchanges[entry["_number"], entry["_attempt"]]
        assert entry.request.method == exchange.request.method
        assert entry.request.url == exchange.request.url
        assert entry.startTime.timestamp() == pytest.approx(exchange.started_at, abs=0.001)
        assert entry.response.status == (exchange.status or 0)
        content = entry["response"]["content"]
        if content.get("encoding") == "base64":
            base64.b64decode(content["text"], validate=True)
        if exchange.response:
            assert len(content["text"]) <= 400_000  # a body of 10 MB is cut
            assert b"nightly eval job" not in content["text"].encode()
