"""``suggested-overlay.yaml``: an OpenAPI Overlay that makes the contract describe what was observed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from textwrap import indent, wrap
from typing import Any

import yaml

from batch_conformance.findings.finding import Finding
from batch_conformance.report.finding.suggestion import suggestions
from batch_conformance.report.run.groups import place
from batch_conformance.report.run.run_report import RunReport
from batch_conformance.report.text import clip, one_line, plural

_TOLD = 200
"""Findings that are listed as not curable; drift.json has them all."""

_WIDTH = 118


def render(report: RunReport) -> str:
    """The overlay as YAML, with a comment of evidence above each action."""
    contract = report.contract
    made, left = suggestions(contract, report.ledger, frozenset(report.redacted))
    repairs = [f for f in contract.document_findings if f.repair is not None and f.level == "should"]
    actions = [
        *(
            _action(
                [f"{finding.location}: {finding.says}"], {**(finding.repair or {}), "description": str(finding.title)}
            )
            for finding in (repairs if contract.repaired else ())
        ),
        *(
            _action(
                [_evidence(finding) for finding in suggestion.findings],
                {"target": suggestion.target, "description": one_line(suggestion.description), **suggestion.change},
            )
            for suggestion in made
        ),
    ]
    about = (
        f"What {report.target.base_url} was observed to do on {report.run.started_at} that {contract.title} "
        f"{contract.version} (sha256 {contract.document.sha256[:12]}) does not say. Applied with `--overlay`, in the "
        "reading `documented`, it makes the contract describe this server: read each action before you believe it, "
        "as the server may be what is wrong."
    )
    head = {
        "overlay": "1.0.0",
        "info": {"title": one_line(f"Observed of {report.target.base_url}"), "version": report.run.started_at[:10]},
    }
    lines = [*_comment(about), *_yaml(head), "actions:", *actions, *_left(left)]
    if not actions:
        nothing = {"target": "$", "description": "Nothing to change.", "update": {}}
        lines[lines.index("actions:") + 1 :] = [
            _action(["Nothing that was observed asks for a change of the document."], nothing),
            *_left(left),
        ]
    return "\n".join(line.rstrip("\n") for line in lines) + "\n"


def _action(evidence: Iterable[str], action: Mapping[str, Any]) -> str:
    text = "\n".join([*(line for sentence in evidence for line in _comment(sentence)), *_yaml([dict(action)])])
    return indent(text, "  ")


def _evidence(finding: Finding) -> str:
    request = finding.evidence.request
    return (
        f"[{finding.id}] {finding.rule} at {place(finding)}: expected {clip(str(finding.expected), 200)}, observed "
        f"{clip(str(finding.observed), 200)}, {plural(finding.occurrences, 'time')}; such as {request.method} "
        f"{clip(request.url, 200)}"
    )


def _left(findings: tuple[Finding, ...]) -> list[str]:
    if not findings:
        return []
    lines = ["", *_comment("No change of the document cures these; they are for the server, or for the network:")]
    for finding in findings[:_TOLD]:
        lines += _comment(f"[{finding.id}] {finding.rule} at {place(finding)}: {clip(str(finding.observed), 120)}")
    if len(findings) > _TOLD:
        lines += _comment(f"and {len(findings) - _TOLD:,} more, in drift.json")
    return lines


def _yaml(value: Any) -> list[str]:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=False, width=100_000).rstrip("\n").split("\n")


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in wrap(one_line(text), _WIDTH, break_long_words=False, break_on_hyphens=False)]
