"""Deviations that a judge saw, and the findings that they fold into."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Literal

from batch_conformance.contract.clause import clause_id
from batch_conformance.contract.location import Location
from batch_conformance.exchange.exchange import Exchange
from batch_conformance.message import Text

Level = Literal["must", "should", "info"]
Side = Literal["server", "document", "network"]
State = Literal["new", "known", "expired"]

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
    expected: Text
    observed: Text
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
class Finding:
    """All deviations of one kind at one clause, with the smallest evidence seen.

    ``probes`` names the chapters and probes that showed it, sorted.
    """

    id: str
    rule: str
    level: Level
    side: Side
    operation: str
    status: str
    media_type: str
    pointer: str
    expected: Text
    observed: Text
    kind: str
    occurrences: int
    evidence: Exchange
    location: Location | None = None
    state: State = "new"
    probes: tuple[str, ...] = field(default=())

    @property
    def clause(self) -> str:
        """The id of the clause that is broken."""
        return clause_id(self.operation, self.status, self.media_type, self.pointer, self.rule)


def fingerprint_of(clause: str, kind: str) -> str:
    """Twelve hex digits that stay the same between runs, targets and versions."""
    return hashlib.sha256(f"{clause}\n{kind}".encode("utf-8", "surrogatepass")).hexdigest()[:12]
