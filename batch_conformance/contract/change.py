"""A change between two contracts: one clause that came, went, or says something else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from batch_conformance.contract.clause import clause_id
from batch_conformance.contract.contract import Contract
from batch_conformance.contract.location import Location
from batch_conformance.message import Count, Message, Template
from batch_conformance.nouns import NOUNS

_SAME = Template("diff.same", "No clause differs; it is the same document.")
_NONE = Template("diff.none", "No clause differs, though the documents do.")
_HARMLESS = Template("diff.harmless", "{changes}; none of that breaks a client of the old contract.")
_BREAKS = Template("diff.breaks", "{changes}; 1 of them breaks a client of the old contract.")
_BREAK = Template("diff.break", "{changes}; {number} of them break a client of the old contract.")

ChangeKind = Literal["added", "removed", "tightened", "loosened", "changed"]
"""``changed`` is what is neither narrower nor wider than before: an integer that became a string."""

KINDS: tuple[ChangeKind, ...] = ("removed", "changed", "loosened", "tightened", "added")
"""What breaks clients most often first."""


@dataclass(frozen=True, slots=True)
class Change:
    """What one clause says in the old contract and in the new one, and whether that breaks who relied on the old one.

    ``status`` and ``pointer`` place it as in a clause; both are empty for what is about the request. ``old`` and
    ``new`` are in words, None where there is nothing. ``why`` says why it breaks clients, or why it does not.
    ``role`` is that of an operation beside the chosen one, empty for that.
    """

    rule: str
    kind: ChangeKind
    breaking: bool
    old: Message | None
    new: Message | None
    why: Message
    status: str = ""
    media_type: str = ""
    pointer: str = ""
    old_location: Location | None = None
    new_location: Location | None = None
    operation: str = ""
    role: str = ""

    @property
    def clause(self) -> str:
        """The id of the clause that it is about, in the old contract's words."""
        return clause_id(self.operation, self.status, self.media_type, self.pointer, self.rule)

    @property
    def place(self) -> str:
        """Where, for people: ``200 /status``, ``404``, ``request``; of further operations with the role before it."""
        place = " ".join(part for part in (self.status, self.pointer) if part) or "request"
        return f"{self.role} {place}" if self.role else place


@dataclass(frozen=True, slots=True)
class ContractDiff:
    """All changes from one contract to another, breaking ones first, then in the order of the contract."""

    old: Contract
    new: Contract
    changes: tuple[Change, ...]

    @property
    def breaking(self) -> tuple[Change, ...]:
        """Those that break a client which keeps to the old contract."""
        return tuple(change for change in self.changes if change.breaking)

    @property
    def counts(self) -> Mapping[ChangeKind, int]:
        """How many changes there are of each kind."""
        return {kind: sum(change.kind == kind for change in self.changes) for kind in KINDS}

    @property
    def sentence(self) -> Message:
        """The outcome in one sentence."""
        if not self.changes:
            return (_SAME if self.old.document.sha256 == self.new.document.sha256 else _NONE)()
        changes = Count(len(self.changes), NOUNS["clause differs"])
        broken = len(self.breaking)
        if not broken:
            return _HARMLESS(changes=changes)
        return _BREAKS(changes=changes) if broken == 1 else _BREAK(changes=changes, number=broken)
