"""What OpenAI's client makes of recorded answers, as text for a terminal and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from batch_conformance.findings.finding import Finding
from batch_conformance.findings.ledger import Ledger
from batch_conformance.report.language import Language, translatable
from batch_conformance.report.text import cells
from batch_conformance.rules import REGISTRY

_FAMILY = "client."
_LABELS = (
    translatable("expected"),
    translatable("happens"),
    translatable("source"),
    translatable("side"),
    translatable("remedy"),
)


Classes = Mapping[int, tuple[str, int]]
"""By status, the class of the error that the client raises, and how often it did."""


def text(ledger: Ledger, version: str, classes: Classes, language: Language) -> str:
    """The errors that were raised, and every line that breaks, with what happens and what to do."""
    found, count = _found(ledger), language.count
    lines = [
        language.text(
            "{successes} and {errors} read as openai-python {version} reads them: {findings}.",
            successes=count(_judged(ledger, "client.no_batch"), "success"),
            errors=count(_judged(ledger, "client.error_detail"), "error"),
            version=version,
            findings=count(len(found), "finding"),
        )
    ]
    for status, (name, raised) in classes.items():
        times = count(raised, "time")
        lines.append(
            "  " + language.text("{status} raises openai.{name}, {times}", status=status, name=name, times=times)
        )
    labels = [language.text(label) for label in _LABELS]
    width = max(map(cells, labels))
    for finding in found:
        rule = REGISTRY[finding.rule]
        texts = language.rule_texts(rule)
        where = " ".join(filter(None, (finding.rule, finding.status, finding.pointer)))
        seen = language.text("{where}, seen {times}", where=where, times=count(finding.occurrences, "time"))
        values = (
            language.render(finding.expected),
            language.render(finding.observed),
            language.location(finding.location) if finding.location else "",
            language.text(finding.side),
            texts.remedy,
        )
        lines += ["", f"{seen}: {texts.title}"]
        lines += [
            f"  {label}{' ' * (width - cells(label))}  {value}" for label, value in zip(labels, values, strict=True)
        ]
    return "\n".join(lines) + "\n"


def to_json(ledger: Ledger, version: str, classes: Classes, _language: Language) -> str:
    """The same as JSON, which is English."""
    values: Mapping[str, Any] = {
        "client": f"openai-python {version}",
        "errors": [{"status": status, "class": name, "count": count} for status, (name, count) in classes.items()],
        "clauses": [
            {"rule": result.clause.rule, "state": result.state, "judged": result.judged, "broken": result.broken}
            for result in ledger.clauses
            if result.clause.rule.startswith(_FAMILY)
        ],
        "findings": [
            {
                "id": finding.id,
                "rule": finding.rule,
                "level": finding.level,
                "side": finding.side,
                "status": finding.status,
                "pointer": finding.pointer,
                "expected": str(finding.expected),
                "observed": str(finding.observed),
                "occurrences": finding.occurrences,
                "source": str(finding.location),
            }
            for finding in _found(ledger)
        ],
    }
    return json.dumps(values, indent=2) + "\n"


FORMATS: Mapping[str, Callable[[Ledger, str, Classes, Language], str]] = {"text": text, "json": to_json}


def _found(ledger: Ledger) -> Sequence[Finding]:
    return [finding for finding in ledger.findings if finding.rule.startswith(_FAMILY)]


def _judged(ledger: Ledger, rule: str) -> int:
    """How many answers a rule was held to."""
    return next((result.judged for result in ledger.clauses if result.clause.rule == rule), 0)
