"""A finding as an entry of the baseline, ready to paste."""

from __future__ import annotations

from datetime import date, timedelta

import yaml

from batch_conformance.findings.finding import Finding
from batch_conformance.report.text import one_line

DAYS = 90
"""An entry that nobody looked at again runs out after this many days."""


def baseline_entry(finding: Finding, today: date) -> str:
    """YAML of one list item: fingerprint, rule, where, reason and owner to fill in, added, expires."""
    entry = {
        "fingerprint": finding.id,
        "rule": finding.rule,
        "where": one_line(f"{finding.clause} ({finding.kind})" if finding.kind else finding.clause),
        "reason": "CHANGE ME: why is this accepted?",
        "owner": "CHANGE ME: who or which ticket",
        "added": today,
        "expires": today + timedelta(days=DAYS),
    }
    return yaml.safe_dump([entry], sort_keys=False, allow_unicode=True, width=1000, default_flow_style=False)


def day_of(started_at: str) -> date:
    """The day of a run from its RFC 3339 start."""
    return date.fromisoformat(started_at[:10])
