"""``suggested-overlay.yaml``: an OpenAPI Overlay that makes the contract describe what was observed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from textwrap import indent, wrap
from typing import Any

import yaml

from batch_conformance.findings.finding import Finding
from batch_conformance.message import Template
from batch_conformance.report.finding.suggestion import suggestions
from batch_conformance.report.language import ENGLISH, Language
from batch_conformance.report.run.groups import place
from batch_conformance.report.run.run_report import RunReport
from batch_conformance.report.text import clip, one_line

_ABOUT = Template(
    "suggested_overlay.about",
    "What {base_url} was observed to do on {time} that {title} {version} (sha256 {sha256}) does not say. Applied with "
    "`--overlay`, in the reading `documented`, it makes the contract describe this server: read each action before you "
    "believe it, as the server may be what is wrong.",
)
_NOTHING = Template("suggested_overlay.nothing", "Nothing that was observed asks for a change of the document.")
_EVIDENCE = Template(
    "suggested_overlay.evidence",
    "[{id}] {rule} at {place}: expected {expected}, observed {observed}, {times}; such as {method} {url}",
)
_NOT_CURED = Template(
    "suggested_overlay.not_cured",
    "No change of the document cures these; they are for the server, or for the network:",
)
_LEFT = Template("suggested_overlay.left", "[{id}] {rule} at {place}: {observed}")
_MORE = Template("suggested_overlay.more", "and {number} more, in drift.json")
_TOLD = 200
"""Findings that are listed as not curable; drift.json has them all."""

_WIDTH = 118


def render(report: RunReport, language: Language = ENGLISH) -> str:
    """The overlay as YAML, with a comment of evidence above each action, in a language."""
    contract = report.contract
    made, left = suggestions(contract, report.ledger, frozenset(report.redacted))
    repairs = [f for f in contract.document_findings if f.repair is not None and f.level == "should"]
    actions = [
        *(
            _action(
                [f"{finding.location}: {language.render(finding.says)}"],
                {**(finding.repair or {}), "description": str(finding.title)},
            )
            for finding in (repairs if contract.repaired else ())
        ),
        *(
            _action(
                [_evidence(finding, language) for finding in suggestion.findings],
                {"target": suggestion.target, "description": one_line(suggestion.description), **suggestion.change},
            )
            for suggestion in made
        ),
    ]
    about = language.render(
        _ABOUT(
            base_url=report.target.base_url,
            time=report.run.started_at,
            title=contract.title,
            version=contract.version,
            sha256=contract.document.sha256[:12],
        )
    )
    head = {
        "overlay": "1.0.0",
        "info": {"title": one_line(f"Observed of {report.target.base_url}"), "version": report.run.started_at[:10]},
    }
    lines = [*_comment(about), *_yaml(head), "actions:", *actions, *_left(left, language)]
    if not actions:
        nothing = {"target": "$", "description": "Nothing to change.", "update": {}}
        lines[lines.index("actions:") + 1 :] = [
            _action([language.render(_NOTHING())], nothing),
            *_left(left, language),
        ]
    return "\n".join(line.rstrip("\n") for line in lines) + "\n"


def _action(evidence: Iterable[str], action: Mapping[str, Any]) -> str:
    text = "\n".join([*(line for sentence in evidence for line in _comment(sentence)), *_yaml([dict(action)])])
    return indent(text, "  ")


def _evidence(finding: Finding, language: Language) -> str:
    request = finding.evidence.request
    told = _EVIDENCE(
        id=finding.id,
        rule=finding.rule,
        place=place(finding, language),
        expected=clip(language.render(finding.expected), 200),
        observed=clip(language.render(finding.observed), 200),
        times=language.count(finding.occurrences, "time"),
        method=request.method,
        url=clip(request.url, 200),
    )
    return language.render(told)


def _left(findings: tuple[Finding, ...], language: Language) -> list[str]:
    if not findings:
        return []
    lines = ["", *_comment(language.render(_NOT_CURED()))]
    for finding in findings[:_TOLD]:
        observed = clip(language.render(finding.observed), 120)
        told = _LEFT(id=finding.id, rule=finding.rule, place=place(finding, language), observed=observed)
        lines += _comment(language.render(told))
    if len(findings) > _TOLD:
        lines += _comment(language.render(_MORE(number=f"{len(findings) - _TOLD:,}")))
    return lines


def _yaml(value: Any) -> list[str]:
    return yaml.safe_dump(value, sort_keys=False, allow_unicode=False, width=100_000).rstrip("\n").split("\n")


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in wrap(one_line(text), _WIDTH, break_long_words=False, break_on_hyphens=False)]
