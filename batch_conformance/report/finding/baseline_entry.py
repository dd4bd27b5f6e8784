"""A finding as an entry of the baseline, ready to paste."""

from __future__ import annotations

from datetime import date

from batch_conformance.findings.baseline_file import entry_yaml, new_entry
from batch_conformance.findings.finding import Finding


def baseline_entry(finding: Finding, today: date) -> str:
    """YAML of one list item: fingerprint, rule, where, reason and owner to fill in, added, expires."""
    return entry_yaml(new_entry(finding, today))


def day_of(started_at: str) -> date:
    """The day of a run from its RFC 3339 start."""
    return date.fromisoformat(started_at[:10])
