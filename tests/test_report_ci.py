"""SARIF, GitHub's annotations and summary, and the writer."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import samples

from batch_conformance.contract.location import Location
from batch_conformance.report.run import github, markdown, sarif
from batch_conformance.report.run.run_report import RunReport
from batch_conformance.report.run.writer import FORMATS, ReportError, write_reports
from batch_conformance.rules import REGISTRY


def test_sarif_places_findings_at_the_lines_of_the_document() -> None:
    (run,) = sarif.log(samples.run_report((samples.finding(),)))["runs"]
    (result,) = run["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "spec/siliconflow-get-batch.yaml"
    assert place["region"]["startLine"] > 1
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]


@pytest.mark.parametrize("status", ["401", ""], ids=["a documented status", "any status"])
def test_what_no_file_says_is_shown_at_the_response_or_the_operation(status: str) -> None:
    finding = samples.finding("auth.challenge_missing", "", status=status)
    said = Location("RFC 9110 section 11.6.1", 0, origin="standard")
    report = samples.run_report((replace(finding, location=said),))
    chosen = report.contract.chosen
    shown = chosen.responses[status].location if status else chosen.location
    (result,) = sarif.log(report)["runs"][0]["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == shown.file
    assert place["region"]["startLine"] == shown.line
    assert f"file={shown.file},line={shown.line}" in github.annotate(report)


def test_sarif_tells_new_from_accepted() -> None:
    (run,) = sarif.log(samples.run_report(samples.mixed()))["runs"]
    states = {
        "new": ("new", False),
        "known": ("unchanged", True),
        "expired": ("updated", False),
    }
    for result in run["results"]:
        assert (result["baselineState"], bool(result["suppressions"])) == states[result["properties"]["state"]]


def test_sarif_explains_every_rule_that_it_uses() -> None:
    findings = tuple(samples.finding(rule, f"/{index}") for index, rule in enumerate(REGISTRY))
    (run,) = sarif.log(samples.run_report(findings))["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == list(dict.fromkeys(result["ruleId"] for result in run["results"]))
    for rule in rules:
        assert rule["help"]["text"]
        assert rule["fullDescription"]["text"].endswith((".", "!", "?", "."))


def test_annotations_name_file_and_line_and_escape_what_could_start_a_command() -> None:
    text = github.annotate(samples.run_report((samples.finding(observed="50%\n::error::x"),)))
    (line,) = text.splitlines()
    assert re.match(r"::error file=spec/siliconflow-get-batch\.yaml,line=\d+,title=body\.type", line)
    assert "50%25\\n::error::x" in line


def test_annotations_are_errors_only_where_the_gate_fails() -> None:
    text = github.annotate(samples.run_report(samples.mixed()))
    kinds = [line.split(" ")[0] for line in text.splitlines()]
    assert kinds == sorted(kinds, key=["::error", "::warning", "::notice"].index)
    assert kinds.count("::notice") == 2


def test_github_gets_a_summary_and_other_systems_nothing(tmp_path: Path) -> None:
    report = samples.run_report(samples.mixed())
    summary = tmp_path / "summary"
    summary.write_text("before\n")
    assert github.publish(report, {"GITHUB_STEP_SUMMARY": str(summary)}) == ""
    assert summary.read_text() == "before\n"
    told = github.publish(report, {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary)})
    assert told == github.annotate(report)
    assert summary.read_text() == "before\n" + markdown.render(report)


@pytest.mark.parametrize("named", ["api.yaml", "../contract/api.yaml", "{workspace}/contract/api.yaml"])
def test_annotations_name_files_from_the_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str) -> None:
    """A step may run in a folder of the workspace; GitHub takes names from its root."""
    (tmp_path / "contract").mkdir()
    (tmp_path / "contract" / "api.yaml").write_text("openapi: 3.1.0\n")
    monkeypatch.chdir(tmp_path / "contract")
    assert "::error file=contract/api.yaml,line=7," in _told_at(named.format(workspace=tmp_path), tmp_path)


@pytest.mark.parametrize("named", ["../outside.yaml", "{outside}", "spec/siliconflow-get-batch.yaml"])
def test_annotations_name_no_file_that_is_not_in_the_workspace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    """A contract that came with the package, or from elsewhere, is no file of the repository that is checked."""
    outside, workspace = tmp_path / "outside.yaml", tmp_path / "workspace"
    outside.write_text("openapi: 3.1.0\n")
    workspace.mkdir()
    monkeypatch.chdir(workspace)
    told = _told_at(named.format(outside=outside), workspace)
    assert told.startswith("::error title=body.type")
    assert "file=" not in told
    assert "line=" not in told


def _told_at(file: str, workspace: Path) -> str:
    """What GitHub is told of a finding whose place is line 7 of the file."""
    finding = replace(samples.finding(), location=Location(file, 7))
    return github.publish(
        samples.run_report((finding,)), {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(workspace)}
    )


def test_markdown_from_the_wire_is_inert() -> None:
    evil = "a|b `c` <img src=x> @team [l](https://e.x) **b** \\| end"
    escaped = markdown.escape(evil)
    assert "<img" not in escaped
    assert "@" not in escaped
    assert "://" not in escaped
    assert not re.search(r"(?<!\\)[|`*\[\]]", escaped.replace("\\\\", ""))


def test_every_face_is_written_whole_and_nothing_else_is_left(tmp_path: Path) -> None:
    report = samples.run_report(samples.mixed())
    folder = tmp_path / "deep" / "reports"
    written = write_reports(report, folder)
    assert [path.name for path in written] == list(FORMATS)
    assert sorted(path.name for path in folder.iterdir()) == sorted(FORMATS)
    for path in written:
        assert path.read_text(encoding="utf-8") == FORMATS[path.name](report)


def test_a_face_that_cannot_be_written_does_not_prevent_the_others(tmp_path: Path) -> None:
    (tmp_path / "junit.xml").mkdir()
    with pytest.raises(ReportError) as caught:
        write_reports(samples.run_report(), tmp_path)
    assert tuple(map(str, caught.value.problems)) == (f"cannot write {tmp_path / 'junit.xml'}: Is a directory",)
    assert {path.name for path in caught.value.written} == set(FORMATS) - {"junit.xml"}
    assert json.loads((tmp_path / "drift.json").read_text())["verdict"] == "conforms"


def test_a_face_that_cannot_be_rendered_leaves_the_former_one(tmp_path: Path) -> None:
    def broken(report: RunReport) -> str:
        raise ZeroDivisionError(report.verdict)

    (tmp_path / "summary.md").write_text("former")
    with pytest.raises(ReportError, match=r"cannot render summary\.md: ZeroDivisionError: conforms"):
        write_reports(samples.run_report(), tmp_path, {"summary.md": broken, "drift.sarif": sarif.render})
    assert (tmp_path / "summary.md").read_text() == "former"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["drift.sarif", "summary.md"]


def test_a_folder_that_cannot_be_made_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ReportError, match="cannot make the reports folder"):
        write_reports(samples.run_report(), tmp_path / "file" / "reports")
