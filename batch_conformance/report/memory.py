"""What a run is to the ones before it, in words for every report: what was accepted, since when, and what is gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from batch_conformance.findings.baseline import ENTRY_STATES, Entry, EntryResult, EntryState
from batch_conformance.findings.finding import Finding
from batch_conformance.findings.history import Gone
from batch_conformance.report.run_report import RunReport
from batch_conformance.report.text import plural

TOLD = 12
"""Entries and lost findings that are named where there is little room; the others are counted."""


def entry_counts(report: RunReport) -> Mapping[EntryState, int]:
    """How many entries of the baseline are in each state."""
    counts = Counter(result.state for result in report.entries)
    return {state: counts[state] for state in ENTRY_STATES}


def entries_by_id(report: RunReport) -> Mapping[str, Entry]:
    """The entries of the baseline by the id of the finding that they accept."""
    return {result.entry.fingerprint: result.entry for result in report.entries}


def accepted_as(entry: Entry | None) -> str:
    """Why a finding is accepted, by whom and until when; the vendor's profile has no such entry."""
    if entry is None:
        return "accepted by the baseline or by the vendor's profile"
    owner = f", {entry.owner}" if entry.owner else ""
    return f"accepted until {entry.expires}{owner}: {entry.reason}"


def first_seen(report: RunReport, findings: Sequence[Finding]) -> str:
    """Since when any of these findings is seen; empty where no previous report was given."""
    if report.history is None:
        return ""
    known = [report.history.first_seen[finding.id] for finding in findings if finding.id in report.history.first_seen]
    return min(known, default="")


def baseline_line(report: RunReport) -> str:
    """The baseline in one line: its file, and how many entries are in each state; empty where there is none."""
    if not report.baseline:
        return ""
    counts = ", ".join(f"{number:,} {state}" for state, number in entry_counts(report).items())
    return f"{report.baseline}: {plural(len(report.entries), 'entry', 'entries')}: {counts}"


def entries_to_act_on(report: RunReport) -> tuple[EntryResult, ...]:
    """The entries that a person has to look at, expired ones first."""
    wanted = ("expired", "fixed")
    return tuple(sorted((r for r in report.entries if r.state in wanted), key=lambda r: wanted.index(r.state)))


def entry_advice(result: EntryResult) -> str:
    """What to do about an entry."""
    remark = f" ({result.remark})" if result.remark else ""
    if result.state == "expired":
        return f"accepted until {result.entry.expires}: fix it, or accept it anew with another date{remark}"
    if result.state == "fixed":
        return f"the server keeps this clause now: delete the entry{remark}"
    if result.state == "not exercised":
        return f"nothing in this run could show it{remark}"
    return accepted_as(result.entry)


def history_line(report: RunReport) -> str:
    """The history in one line: what is new since, what stays, what is gone; empty where there is none."""
    history = report.history
    if history is None:
        return ""
    new = sum(history.is_new(finding) for finding in report.ledger.findings)
    gone = sum(one.exercised for one in history.gone)
    unseen = len(history.gone) - gone
    parts = [f"{new:,} new", f"{len(report.ledger.findings) - new:,} seen before", f"{gone:,} gone"]
    parts += [f"{unseen:,} not exercised"] if unseen else []
    remarks = "".join(f"; {remark}" for remark in history.remarks)
    return f"since the run of {history.started_at} ({history.previous}): {', '.join(parts)}{remarks}"


def gone_line(gone: Gone) -> str:
    """A finding that is seen no more, in one line."""
    how = "gone" if gone.exercised else "not exercised"
    return f"{how}: [{gone.id}] {gone.where}: {gone.observed} (seen from {gone.first_seen} to {gone.last_seen})"
