"""Deviations that a judge saw, and the findings that they fold into."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

from batch_conformance.contract.clause import clause_id
from batch_conformance.contract.location import Location
from batch_conformance.exchange.exchange import Exchange
from batch_conformance.message import Message

Level = Literal["must", "should", "info"]
Side = Literal["server", "document", "network"]
State = Literal["new", "known", "expired"]

Again = Literal["seen", "not_seen", "not_asked"]

LEVELS: tuple[Level, ...] = ("must", "should", "info")
"""Worst first."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """One rule seen broken at one clause by one exchange.

    ``status`` is the clause's (``"200"``; empty where it is not about one status). ``pointer`` is an RFC 6901
    pointer into the body, ``*`` for any array index. ``expected`` and ``observed`` are parts of sentences for people.
    ``kind`` tells deviations at one clause apart (``null``, ``string``): stable, short, never a random value.
    """

    rule: str
    operation: str
    status: str
    media_type: str
    pointer: str
    expected: Message
    observed: Message
    kind: str
    level: Level
    side: Side
    exchange: Exchange
    location: Location | None = None

    @property
    def clause(self) -> str:
        """The id of the clause that is broken."""
        return clause_id(self.operation, self.status, self.media_type, self.pointer, self.rule)

    @property
    def fingerprint(self) -> str:
        """What tells this kind of deviation at this clause from all others."""
        return fingerprint_of(self.clause, self.kind)


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What came of asking again, ``seconds`` after a run, the ``requests`` that showed a finding.

    ``again`` is ``seen``, ``not_seen``, or ``not_asked`` where nothing could tell; ``why`` says why not then.
    """

    again: Again
    seconds: float
    requests: int = 0
    why: Message | None = None


@dataclass(frozen=True, slots=True)
class MergedPart:
    """One of the findings that are told as one, by what tells it from the others."""

    id: str
    pointer: str
    kind: str


@dataclass(frozen=True, slots=True)
class Finding:
    """All deviations of one kind at one clause, with the smallest evidence seen.

    ``probes`` names the chapters and probes that showed it, sorted. ``confirmation`` is there where it was asked for
    again. ``smallest`` says how the evidence was shrunk to the smallest request that shows it; None where that was not
    tried. ``parts`` are the findings of one cause that it stands for, where it stands for several.
    """

    id: str
    rule: str
    level: Level
    side: Side
    operation: str
    status: str
    media_type: str
    pointer: str
    expected: Message
    observed: Message
    kind: str
    occurrences: int
    evidence: Exchange
    location: Location | None = None
    state: State = "new"
    probes: tuple[str, ...] = field(default=())
    confirmation: Confirmation | None = None
    smallest: Message | None = None
    parts: tuple[MergedPart, ...] = ()

    @property
    def clause(self) -> str:
        """The id of the clause that is broken."""
        return clause_id(self.operation, self.status, self.media_type, self.pointer, self.rule)

    @property
    def ids(self) -> tuple[str, ...]:
        """Its own fingerprint, and those of its parts."""
        return (self.id, *(part.id for part in self.parts))

    @property
    def pointers(self) -> tuple[str, ...]:
        """The places in the body that it is about."""
        return tuple(dict.fromkeys(part.pointer for part in self.parts)) or (self.pointer,)

    @property
    def clauses(self) -> tuple[str, ...]:
        """The ids of the clauses that are broken: those of its parts, where it stands for several."""
        parts = (
            clause_id(self.operation, self.status, self.media_type, part.pointer, self.rule) for part in self.parts
        )
        return tuple(dict.fromkeys(parts)) or (self.clause,)

    @property
    def again(self) -> Again | None:
        """Whether it was seen when it was asked for again; None where it was not to be."""
        return self.confirmation.again if self.confirmation else None

    def without_values(self) -> Finding:
        """The finding without the values that it shows of a response; their types stay."""
        return replace(self, expected=self.expected.masked(), observed=self.observed.masked())


def mask_findings(findings: Iterable[Finding], pointers: Collection[str]) -> tuple[Finding, ...]:
    """The findings, those at or below one of ``pointers`` (RFC 6901, ``*`` for any index) without the values seen."""
    return tuple(one.without_values() if _is_below(one.pointer, pointers) else one for one in findings)


def _is_below(pointer: str, pointers: Collection[str]) -> bool:
    return any(pointer == place or pointer.startswith(place + "/") for place in pointers)


def fingerprint_of(clause: str, kind: str) -> str:
    """Twelve hex digits that stay the same between runs, targets and versions."""
    return hashlib.sha256(f"{clause}\n{kind}".encode("utf-8", "surrogatepass")).hexdigest()[:12]
