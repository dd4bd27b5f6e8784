"""What OpenAI's client makes of recorded answers, as text for a terminal and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from batch_conformance.findings.finding import Finding
from batch_conformance.findings.ledger import Ledger
from batch_conformance.report.text import plural
from batch_conformance.rules import REGISTRY

_FAMILY = "client."


Classes = Mapping[int, tuple[str, int]]
"""By status, the class of the error that the client raises, and how often it did."""


def text(ledger: Ledger, version: str, classes: Classes) -> str:
    """The errors that were raised, and every line that breaks, with what happens and what to do."""
    found = _found(ledger)
    lines = [f"{_judged(ledger)} read as openai-python {version} reads them: {plural(len(found), 'finding')}."]
    lines += [f"  {status} raises openai.{name}, {plural(count, 'time')}" for status, (name, count) in classes.items()]
    for finding in found:
        rule = REGISTRY[finding.rule]
        where = " ".join(filter(None, (finding.rule, finding.status, finding.pointer)))
        lines += [
            "",
            f"{where}, seen {plural(finding.occurrences, 'time')}: {rule.title}",
            f"  expected  {finding.expected}",
            f"  happens   {finding.observed}",
            f"  source    {finding.location}",
            f"  side      {finding.side}",
            f"  remedy    {rule.remedy}",
        ]
    return "\n".join(lines) + "\n"


def to_json(ledger: Ledger, version: str, classes: Classes) -> str:
    """The same as JSON."""
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


FORMATS: Mapping[str, Callable[[Ledger, str, Classes], str]] = {"text": text, "json": to_json}


def _found(ledger: Ledger) -> Sequence[Finding]:
    return [finding for finding in ledger.findings if finding.rule.startswith(_FAMILY)]


def _judged(ledger: Ledger) -> str:
    judged = {result.clause.rule: result.judged for result in ledger.clauses if result.clause.rule.startswith(_FAMILY)}
    return (
        f"{plural(judged.get('client.no_batch', 0), 'success', 'successes')} and "
        f"{plural(judged.get('client.error_detail', 0), 'error')}"
    )
