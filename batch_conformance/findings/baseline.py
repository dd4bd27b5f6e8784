"""The baseline: findings that somebody accepted, each with a reason and a day on which that ends."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

from batch_conformance.findings.finding import Finding, State
from batch_conformance.findings.ledger import ClauseResult
from batch_conformance.message import Message, Template

EntryState = Literal["known", "expired", "fixed", "not exercised"]
ENTRY_STATES: tuple[EntryState, ...] = ("known", "expired", "fixed", "not exercised")

_WHERE = re.compile(
    r"\S+ (?P<status>\S+) (?P<media_type>\S+) (?P<pointer>.+?) (?P<rule>[a-z_]+\.[a-z_]+)(?: \(.*\))?", re.DOTALL
)

_NOT_COMPLETE = Template("baseline.not_complete", "its clause was, but the run is not complete")
_BROKEN_OTHERWISE = Template("baseline.broken_otherwise", "its clause is broken in another way now")


@dataclass(frozen=True, slots=True)
class Entry:
    """One accepted finding, up to and on the day ``expires``. ``where`` is the clause and the kind, for people.

    ``text`` is what stands in the file, comments above it included, and ``line`` where; both are empty for a new one.
    """

    fingerprint: str
    rule: str
    where: str
    reason: str
    owner: str
    added: date | None
    expires: date
    text: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class EntryResult:
    """What became of an entry in a run. ``remark`` says what a reader may wonder about."""

    entry: Entry
    state: EntryState
    remark: Message | None = None


@dataclass(frozen=True, slots=True)
class Baseline:
    """A baseline. ``name`` is how the file is shown, ``head`` all that stands in it before its entries.

    ``indent`` is the width by which its list is indented.
    """

    name: str
    entries: tuple[Entry, ...] = ()
    head: str = ""
    indent: int = 0

    def accept(self, findings: Iterable[Finding], today: date) -> tuple[Finding, ...]:
        """The findings, those that are accepted marked ``known``, those whose acceptance ran out ``expired``."""
        by_fingerprint = {entry.fingerprint: entry for entry in self.entries}
        return tuple(_accepted(finding, entry_of(finding, by_fingerprint), today) for finding in findings)

    def results(
        self, findings: Iterable[Finding], clauses: Sequence[ClauseResult], *, complete: bool
    ) -> tuple[EntryResult, ...]:
        """What became of each entry, given findings that went through ``accept``.

        An entry is ``fixed`` only if its clause was exercised, and by a complete run: half a run may just not have sent
        what shows the deviation.
        """
        found = {name: finding for finding in findings for name in finding.ids}
        return tuple(_result(entry, found.get(entry.fingerprint), clauses, complete) for entry in self.entries)


def entry_of(finding: Finding, entries: Mapping[str, Entry]) -> Entry | None:
    """The entry that accepts a finding. One that stands for several is accepted where each of those is, too.

    Of the entries of those, it is the one that ends first.
    """
    if finding.id in entries or not finding.parts:
        return entries.get(finding.id)
    of_parts = [entries.get(part.id) for part in finding.parts]
    accepting = [entry for entry in of_parts if entry is not None]
    return min(accepting, key=lambda entry: entry.expires) if len(accepting) == len(of_parts) else None


def _accepted(finding: Finding, entry: Entry | None, today: date) -> Finding:
    state: State = finding.state if entry is None else "expired" if entry.expires < today else "known"
    return replace(finding, state=state)


def was_exercised(where: str, clauses: Sequence[ClauseResult]) -> bool:
    """Whether a run could have shown a deviation at ``where``: a clause's id, and maybe a kind."""
    return any(result.state in ("kept", "broken") for result in covering_clauses(where, clauses))


def _result(entry: Entry, found: Finding | None, clauses: Sequence[ClauseResult], complete: bool) -> EntryResult:
    if found is not None:
        return EntryResult(entry, "expired" if found.state == "expired" else "known")
    if not was_exercised(entry.where, clauses):
        return EntryResult(entry, "not exercised")
    if not complete:
        return EntryResult(entry, "not exercised", _NOT_COMPLETE())
    otherwise = any(result.state == "broken" and _is_of(entry.where, result) for result in clauses)
    return EntryResult(entry, "fixed", _BROKEN_OTHERWISE() if otherwise else None)


def covering_clauses(where: str, clauses: Sequence[ClauseResult]) -> Iterator[ClauseResult]:
    """The clauses that a run exercises where it could show a deviation at ``where``: a clause's id, and maybe a kind.

    Most deviations have a clause of their own. Some rules have one for all their deviations, and some have none: there,
    a run that exercised the place around it would have shown it.
    """
    parts = _WHERE.fullmatch(where)
    if parts is None:
        return
    rule, media_type = parts["rule"], "" if parts["media_type"] == "-" else parts["media_type"]
    own = [result for result in clauses if _is_of(where, result)]
    if not own and not rule.startswith(("body.", "response.status", "response.media_type")):
        own = [result for result in clauses if result.clause.rule == rule and not result.clause.pointer]
    if own:
        yield from own
        return
    of_status = [result for result in clauses if result.clause.status == parts["status"]]
    pointer = "" if parts["pointer"] == "-" else parts["pointer"]
    around = _around(of_status, media_type, pointer)
    while pointer and not around:
        pointer = pointer.rpartition("/")[0]
        around = _around(of_status, media_type, pointer)
    # A status that is not documented has no clause: whatever was answered could have been it.
    yield from around or (result for result in clauses if result.clause.rule == "response.status")


def _is_of(where: str, result: ClauseResult) -> bool:
    return where == result.clause.id or where.startswith(result.clause.id + " (")


def _around(clauses: Sequence[ClauseResult], media_type: str, pointer: str) -> list[ClauseResult]:
    return [
        result
        for result in clauses
        if result.clause.pointer == pointer and media_type in ("", result.clause.media_type)
    ]
