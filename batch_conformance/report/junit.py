"""``junit.xml``: two suites, the chapters (tests) and the clauses, for the viewers of CI systems.

It is red exactly when the run is: with exit code 1 or 3 there is a failure or an error, with exit code 6 the case
``target`` is an error, and otherwise nothing fails. Names do not change between runs.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from batch_conformance.contract.clause import Clause
from batch_conformance.findings.baseline import Entry
from batch_conformance.findings.finding import Finding
from batch_conformance.findings.ledger import ClauseResult
from batch_conformance.report.groups import clauses_by_id, count, failing, rule_named, where_said
from batch_conformance.report.memory import accepted_as, entries_by_id, entries_to_act_on, entry_advice, entry_counts
from batch_conformance.report.run_report import ChapterResult, RunReport
from batch_conformance.report.text import clip, one_line, plural, visible

MESSAGE = 300
"""Characters of a ``message`` attribute: viewers show it in one line."""

TEXT = 4_000
"""Characters of a failure's text about one finding; its id comes first and is never cut off."""


@dataclass(frozen=True, slots=True)
class _Case:
    classname: str
    name: str
    outcome: Literal["passed", "failure", "error", "skipped"]
    message: str = ""
    kind: str = ""
    text: str = ""
    duration: float = 0.0


def render(report: RunReport) -> str:
    """The report as JUnit XML."""
    root = ET.Element("testsuites", name="batch-conformance")
    suites = (("chapters", _chapters(report)), ("clauses", _clauses(report)))
    for name, cases in suites:
        root.append(_suite(name, cases, report))
    for total in ("tests", "failures", "errors", "skipped"):
        root.set(total, str(sum(int(suite.get(total, "0")) for suite in root)))
    root.set("time", f"{report.run.duration_s:.3f}")
    ET.indent(root)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _suite(name: str, cases: Iterable[_Case], report: RunReport) -> ET.Element:
    cases = tuple(cases)
    suite = ET.Element("testsuite", name=name, tests=str(len(cases)))
    for total, outcome in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(total, str(sum(case.outcome == outcome for case in cases)))
    suite.set("time", f"{sum(case.duration for case in cases):.3f}")
    suite.set("timestamp", report.run.started_at.removesuffix("Z"))
    properties = ET.SubElement(suite, "properties")
    for key, value in _properties(report):
        ET.SubElement(properties, "property", name=key, value=clip(one_line(value), MESSAGE))
    suite.extend(_case(case) for case in cases)
    return suite


def _properties(report: RunReport) -> tuple[tuple[str, str], ...]:
    counts = count(report)
    return (
        ("target", report.target.base_url),
        ("sha256", report.contract.document.sha256),
        ("reading", report.contract.reading),
        ("seed", report.run.seed),
        ("verdict", report.verdict),
        ("complete", str(report.complete).lower()),
        ("exit_code", str(report.exit_code)),
        ("findings", str(counts.findings)),
        *((f"findings.{level}", str(number)) for level, number in counts.levels.items()),
        *((f"findings.{state}", str(number)) for state, number in counts.states.items()),
        ("document_findings", str(counts.document_findings)),
        *((f"baseline.{state.replace(' ', '_')}", str(number)) for state, number in entry_counts(report).items()),
    )


def _case(case: _Case) -> ET.Element:
    element = ET.Element(
        "testcase", classname=one_line(case.classname), name=one_line(case.name), time=f"{case.duration:.3f}"
    )
    if case.outcome != "passed":
        outcome = ET.SubElement(element, case.outcome, message=clip(one_line(case.message), MESSAGE))
        if case.kind:
            outcome.set("type", case.kind)
        outcome.text = visible(case.text) or None
    return element


def _chapters(report: RunReport) -> list[_Case]:
    return [_chapter(chapter, report) for chapter in report.chapters]


def _chapter(chapter: ChapterResult, report: RunReport) -> _Case:
    path, _, test = chapter.name.partition("::")
    classname = path.removesuffix(".py").replace("/", ".")
    detail = chapter.detail or chapter.title
    outcome: Literal["passed", "failure", "error", "skipped"] = "passed"
    message, kind = "", ""
    if chapter.outcome == "skipped":
        outcome, message = "skipped", detail
    elif chapter.outcome in ("failed", "error"):
        message = detail.partition("\n")[0]
        if report.exit_code in (1, 3):
            outcome = "failure" if chapter.outcome == "failed" else "error"
            kind = chapter.outcome
        else:
            outcome, message = "skipped", f"exit code {report.exit_code} ({report.exit_reason}): {message}"
    return _Case(
        classname or "chapters",
        test or chapter.title or chapter.name,
        outcome,
        message,
        kind,
        clip(f"{chapter.title}\n{chapter.detail}".strip(), TEXT) if outcome != "passed" else "",
        max(chapter.duration_s, 0.0),
    )


def _clauses(report: RunReport) -> list[_Case]:
    by_clause: dict[str, list[Finding]] = {}
    for finding in report.ledger.findings:
        by_clause.setdefault(finding.clause, []).append(finding)
    gate = frozenset(finding.id for finding in failing(report))
    clauses = clauses_by_id(report)
    results = {result.clause.id: result for result in report.ledger.clauses}
    entries = entries_by_id(report)
    cases = []
    for clause in dict.fromkeys((*results, *by_clause)):
        findings = by_clause.get(clause)
        if findings:
            cases.append(_broken(clause, findings, gate=gate, clauses=clauses, entries=entries, report=report))
        else:
            cases.append(_unbroken(results[clause]))
    if report.exit_code == 1 and not gate:
        fixed = [f"[{r.entry.fingerprint}] {r.entry.where}: {entry_advice(r)}" for r in entries_to_act_on(report)]
        text = clip("\n".join((report.sentence, *fixed)), TEXT)
        cases.append(_Case("clauses.run", "gate", "failure", report.exit_reason, "gate", text))
    if report.exit_code == 3:
        text = clip(report.fault, TEXT)
        cases.append(_Case("clauses.run", "tool", "error", report.exit_reason, "fault", text))
    if report.exit_code == 6:
        text = "\n".join((report.sentence, *report.missing))
        cases.append(_Case("clauses.run", "target", "error", report.exit_reason, "inconclusive", text))
    return cases


def _broken(
    clause: str,
    findings: list[Finding],
    *,
    gate: frozenset[str],
    clauses: Mapping[str, Clause],
    entries: Mapping[str, Entry],
    report: RunReport,
) -> _Case:
    worst = next((finding for finding in findings if finding.id in gate), findings[0])
    message = f"expected {worst.expected}; observed {worst.observed}"
    text = "\n\n".join(clip(_told(finding, clauses), TEXT) for finding in findings)
    classname = f"clauses.{worst.status or 'any'}"
    if worst.id in gate and report.exit_code in (1, 3):
        return _Case(classname, clause, "failure", message, worst.rule, text)
    if worst.id in gate:
        excuse = f"{worst.state}, but the run ended with exit code {report.exit_code}"
    elif worst.state == "known":
        excuse = f"known, {accepted_as(entries.get(worst.id))}"
    elif worst.side == "document":
        excuse = f"{worst.state}, for the document to settle"
    else:
        excuse = f"{worst.state}, below --fail-on {report.run.fail_on}"
    return _Case(classname, clause, "skipped", f"{excuse}: {message}", text=text)


def _unbroken(result: ClauseResult) -> _Case:
    classname = f"clauses.{result.clause.status or 'any'}"
    if result.state == "kept":
        return _Case(classname, result.clause.id, "passed")
    words = {
        "inconclusive": "inconclusive: exercised, but not judged",
        "not_observed": "not observed in this run",
        "broken": "broken: told by a finding of another clause",
    }
    return _Case(classname, result.clause.id, "skipped", words[result.state])


def _told(finding: Finding, clauses: Mapping[str, Clause]) -> str:
    rule = rule_named(finding.rule)
    location = where_said(finding, clauses)
    return "\n".join(
        (
            f"[{finding.id}] {finding.level} {finding.state} {finding.rule}: {rule.title}",
            f"expected: {finding.expected}" + (f" ({location})" if location else ""),
            f"observed: {finding.observed} (seen {plural(finding.occurrences, 'time')})",
            f"side to fix: {finding.side}",
            f"remedy: {rule.remedy}",
        )
    )
