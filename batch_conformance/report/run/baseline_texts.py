"""What a run is to the ones before it, in words for every report: what was accepted, since when, and what is gone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from batch_conformance.findings.baseline import ENTRY_STATES, Entry, EntryResult, EntryState, entry_of
from batch_conformance.findings.finding import Finding
from batch_conformance.findings.history import Gone
from batch_conformance.message import Count, Listing, Message, Template, shown
from batch_conformance.nouns import ENTRY
from batch_conformance.report.run.run_report import RunReport

_ACCEPTED = Template("memory.accepted", "accepted {why}")
_SOMEHOW_ACCEPTED = Template("memory.somehow_accepted", "accepted by the baseline or by the vendor's profile")
_SOMEHOW = Template("memory.somehow", "by the baseline or by the vendor's profile")
_UNTIL = Template("memory.until", "until {date}: {reason}")
_UNTIL_BY = Template("memory.until_by", "until {date}, {owner}: {reason}")
_BASELINE = Template("memory.baseline", "{file}: {entries}: {states}")
_STATES: Mapping[EntryState, Template] = {
    "known": Template("memory.known", "{number} known"),
    "expired": Template("memory.expired", "{number} expired"),
    "fixed": Template("memory.fixed", "{number} fixed"),
    "not exercised": Template("memory.not_exercised", "{number} not exercised"),
}
_RENEW = Template("memory.renew", "accepted until {date}: fix it, or accept it anew with another date")
_DELETE = Template("memory.delete", "the server keeps this clause now: delete the entry")
_NOT_SHOWN = Template("memory.not_shown", "nothing in this run could show it")
_REMARKED = Template("memory.remarked", "{advice} ({remark})")
_NEW = Template("memory.new", "{number} new")
_BEFORE = Template("memory.seen_before", "{number} seen before")
_GONE = Template("memory.gone", "{number} gone")
_SINCE = Template("memory.since", "since the run of {time} ({file}): {counts}")
_IS_GONE = Template("memory.is_gone", "gone: [{id}] {where}: {observed} (seen from {first} to {last})")
_IS_NOT_EXERCISED = Template(
    "memory.is_not_exercised", "not exercised: [{id}] {where}: {observed} (seen from {first} to {last})"
)

SHOWN_IN_FULL = 12
"""Entries and lost findings that are named where there is little room; the others are counted."""


def entry_counts(report: RunReport) -> Mapping[EntryState, int]:
    """How many entries of the baseline are in each state."""
    counts = Counter(result.state for result in report.entries)
    return {state: counts[state] for state in ENTRY_STATES}


def entries_by_id(report: RunReport) -> Mapping[str, Entry]:
    """The entries of the baseline by the id of the finding that they accept, or of one that stands for those."""
    entries = {result.entry.fingerprint: result.entry for result in report.entries}
    found = ((finding.id, entry_of(finding, entries)) for finding in report.ledger.findings)
    return entries | {name: entry for name, entry in found if entry is not None}


def accepted_as(entry: Entry | None) -> Message:
    """Why a finding is accepted, by whom and until when; the vendor's profile has no such entry."""
    return _ACCEPTED(why=accepted_until(entry)) if entry is not None else _SOMEHOW_ACCEPTED()


def accepted_until(entry: Entry | None) -> Message:
    """The same, to stand behind the word ``accepted``."""
    if entry is None:
        return _SOMEHOW()
    if entry.owner:
        return _UNTIL_BY(date=str(entry.expires), owner=entry.owner, reason=entry.reason)
    return _UNTIL(date=str(entry.expires), reason=entry.reason)


def first_seen(report: RunReport, findings: Sequence[Finding]) -> str:
    """Since when any of these findings is seen; empty where no previous report was given."""
    if report.history is None:
        return ""
    known = [report.history.first_seen[finding.id] for finding in findings if finding.id in report.history.first_seen]
    return min(known, default="")


def baseline_line(report: RunReport) -> Message | None:
    """The baseline in one line: its file, and how many entries are in each state; None where there is none."""
    if not report.baseline:
        return None
    counts = tuple(_STATES[state](number=f"{number:,}") for state, number in entry_counts(report).items())
    return _BASELINE(file=report.baseline, entries=Count(len(report.entries), ENTRY), states=Listing(counts))


def entries_to_act_on(report: RunReport) -> tuple[EntryResult, ...]:
    """The entries that a person has to look at, expired ones first."""
    wanted = ("expired", "fixed")
    return tuple(sorted((r for r in report.entries if r.state in wanted), key=lambda r: wanted.index(r.state)))


def entry_advice(result: EntryResult) -> Message:
    """What to do about an entry."""
    advice = accepted_as(result.entry)
    if result.state == "expired":
        advice = _RENEW(date=str(result.entry.expires))
    elif result.state == "fixed":
        advice = _DELETE()
    elif result.state == "not exercised":
        advice = _NOT_SHOWN()
    return (
        advice if result.remark is None or result.state == "known" else _REMARKED(advice=advice, remark=result.remark)
    )


def history_line(report: RunReport) -> Message | None:
    """The history in one line: what is new since, what stays, what is gone; None where there is none."""
    history = report.history
    if history is None:
        return None
    new = sum(history.is_new(finding) for finding in report.ledger.findings)
    gone = sum(one.exercised for one in history.gone)
    unseen = len(history.gone) - gone
    parts = [
        _NEW(number=f"{new:,}"),
        _BEFORE(number=f"{len(report.ledger.findings) - new:,}"),
        _GONE(number=f"{gone:,}"),
    ]
    parts += [_STATES["not exercised"](number=f"{unseen:,}")] if unseen else []
    since = _SINCE(time=history.started_at, file=history.previous, counts=Listing(tuple(parts)))
    return shown(Listing((since, *history.remarks), ";"))


def gone_line(gone: Gone) -> Message:
    """A finding that is seen no more, in one line."""
    template = _IS_GONE if gone.exercised else _IS_NOT_EXERCISED
    return template(id=gone.id, where=gone.where, observed=gone.observed, first=gone.first_seen, last=gone.last_seen)
