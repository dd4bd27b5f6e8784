"""The notice of a run: what a person has to hear of it, as JSON for a command that sends it on."""

from __future__ import annotations

import json
from typing import Any

from batch_conformance.findings.finding import Finding
from batch_conformance.findings.history import Gone
from batch_conformance.report.run.groups import failing, place
from batch_conformance.report.run.run_report import RunReport
from batch_conformance.rules import REGISTRY

FORMAT = "batch-conformance-notice/1"
MOST = 20
"""Findings that are listed; ``new_count`` and ``gone_count`` say how many there are."""


def has_news(report: RunReport) -> bool:
    """Whether there is something to send: what fails the gate, what is gone, or a run that came to no verdict."""
    return bool(failing(report) or _gone(report) or report.verdict == "inconclusive" or report.fault)


def notice(report: RunReport, page: str) -> dict[str, Any]:
    """The notice as JSON values; ``page`` is where the report for people is. No value of a response is in it."""
    new, gone = failing(report), _gone(report)
    contract = report.contract.chosen
    return {
        "format": FORMAT,
        "target": report.target.base_url,
        "operation": f"{contract.method.upper()} {contract.path}",
        "verdict": report.verdict,
        "complete": report.complete,
        "exit_code": report.exit_code,
        "sentence": str(report.sentence),
        "at": report.run.started_at,
        "new_count": len(new),
        "new": [_finding(finding, report) for finding in new[:MOST]],
        "gone_count": len(gone),
        "gone": [
            {"id": one.id, "rule": one.rule, "level": one.level, "place": one.where, "last_seen": one.last_seen}
            for one in gone[:MOST]
        ],
        "report": page,
    }


def render(report: RunReport, page: str) -> str:
    """The notice as one line of JSON."""
    return json.dumps(notice(report, page), ensure_ascii=False, separators=(",", ":")) + "\n"


def _finding(finding: Finding, report: RunReport) -> dict[str, str]:
    since = report.history.first_seen.get(finding.id, "") if report.history else ""
    return {
        "id": finding.id,
        "rule": finding.rule,
        "level": finding.level,
        "side": finding.side,
        "place": place(finding),
        "says": REGISTRY[finding.rule].title if finding.rule in REGISTRY else finding.rule,
        "expected": str(finding.expected.masked()),
        "observed": str(finding.observed.masked()),
        "since": since or report.run.started_at,
    }


def _gone(report: RunReport) -> tuple[Gone, ...]:
    """What the previous run showed, and this one could have shown and did not."""
    return tuple(one for one in report.history.gone if one.exercised) if report.history else ()
