"""``drift.sarif``: the findings as SARIF 2.1.0, at the lines of the contract that they break."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

from batch_conformance.contract.clause import Clause
from batch_conformance.contract.location import Location
from batch_conformance.findings.baseline import Entry
from batch_conformance.findings.finding import Finding, Level
from batch_conformance.report.finding.confirmed import confirmed
from batch_conformance.report.run.baseline_texts import accepted_as, entries_by_id, entry_counts
from batch_conformance.report.run.groups import clauses_by_id, failing, line_of, place, rule_named
from batch_conformance.report.run.run_report import RunReport
from batch_conformance.report.text import clip, one_line, plural
from batch_conformance.rules import Rule

_LEVELS: Mapping[Level, str] = {"must": "error", "should": "warning", "info": "note"}
_MESSAGE = 1_000


def render(report: RunReport) -> str:
    """The report as SARIF text. Expired acceptances are results without a suppression."""
    return json.dumps(log(report), indent=2, ensure_ascii=True) + "\n"


def log(report: RunReport) -> dict[str, Any]:
    """The report as a SARIF log."""
    findings = report.ledger.findings
    rules = list(dict.fromkeys(finding.rule for finding in findings))
    clauses = clauses_by_id(report)
    gate = frozenset(finding.id for finding in failing(report))
    entries = entries_by_id(report)
    return {
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "batch-conformance",
                        "version": report.run.versions.get("batch-conformance", "0"),
                        "rules": [_rule(rule_named(rule)) for rule in rules],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "invocations": [
                    {
                        "executionSuccessful": report.exit_code not in (2, 3, 4),
                        "exitCode": report.exit_code,
                        "exitCodeDescription": one_line(str(report.exit_reason)),
                        "commandLine": one_line(report.run.command),
                        "startTimeUtc": report.run.started_at,
                        "toolExecutionNotifications": [
                            {"level": level, "message": {"text": _text(str(text))}}
                            for level, texts in (
                                ("error", (report.fault,)),
                                ("warning", report.missing),
                                ("note", report.notes),
                            )
                            for text in texts
                            if str(text).strip()
                        ],
                    }
                ],
                "results": [
                    _result(finding, rules, clauses=clauses, gate=gate, entries=entries, report=report)
                    for finding in findings
                ],
                "properties": {
                    "target": one_line(report.target.base_url),
                    "sha256": report.contract.document.sha256,
                    "reading": report.contract.reading,
                    "seed": report.run.seed,
                    "verdict": report.verdict,
                    "complete": report.complete,
                    **({"baseline": dict(entry_counts(report))} if report.baseline else {}),
                },
            }
        ],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    help_text = f"{rule.why} {rule.remedy}"
    marked = f"{rule.why}\n\n**Remedy.** {rule.remedy}\n\nSource: {rule.source}"
    if rule.breaks:
        marked += f"\n\nBreaks it:\n\n    {rule.breaks}\n\nKeeps it:\n\n    {rule.keeps}"
    return {
        "id": rule.id,
        "name": "".join(part.capitalize() for part in rule.id.replace("_", ".").split(".")),
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {"text": help_text, "markdown": marked},
        "defaultConfiguration": {"level": _LEVELS[rule.level]},
        "properties": {"tags": [rule.side, rule.level]},
    }


def _result(
    finding: Finding,
    rules: list[str],
    *,
    clauses: Mapping[str, Clause],
    gate: frozenset[str],
    entries: Mapping[str, Entry],
    report: RunReport,
) -> dict[str, Any]:
    rule = rule_named(finding.rule)
    location = line_of(finding, clauses, report)
    known = finding.state == "known"
    text = (
        f"{rule.title}: {place(finding)}: expected {finding.expected}; observed {finding.observed} "
        f"(seen {plural(finding.occurrences, 'time')}, side to fix: {finding.side})"
    )
    confirmation = confirmed(finding)
    if confirmation is not None:
        text += f"; {confirmation}"
    return {
        "ruleId": finding.rule,
        "ruleIndex": rules.index(finding.rule),
        "level": _LEVELS[finding.level],
        "message": {"text": _text(text)},
        "locations": [_location(location, finding)],
        "partialFingerprints": {"batchConformance/v1": finding.id},
        "occurrenceCount": max(finding.occurrences, 1),
        "baselineState": "unchanged" if known else "updated" if finding.state == "expired" else "new",
        "suppressions": [_suppression(entries.get(finding.id))] if known else [],
        "properties": {
            "state": finding.state,
            "side": finding.side,
            "failsGate": finding.id in gate,
            **({"seenAgain": finding.again} if finding.again else {}),
        },
    }


def _suppression(entry: Entry | None) -> dict[str, Any]:
    return {"kind": "external", "status": "accepted", "justification": _text(str(accepted_as(entry)))}


def _location(location: Location, finding: Finding) -> dict[str, Any]:
    physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(location.file)}}
    if location.line > 0:
        physical["region"] = {"startLine": location.line}
    return {
        "physicalLocation": physical,
        "logicalLocations": [{"fullyQualifiedName": one_line(finding.clause), "kind": "member"}],
    }


def _uri(file: str) -> str:
    """A file name as a URI reference: relative as it stands, absolute with its scheme."""
    if "://" in file:
        return quote(file, safe=":/?#[]@!$&'()*+,;=%~")
    path = PurePosixPath(file.replace("\\", "/"))
    return path.as_uri() if path.is_absolute() else quote(str(path), safe="/~")


def _text(text: str) -> str:
    return clip(one_line(text), _MESSAGE)
