"""A clause: one statement of the contract that can be kept or broken."""

from __future__ import annotations

from dataclasses import dataclass

from batch_conformance.contract.location import Location
from batch_conformance.message import Message


@dataclass(frozen=True, slots=True)
class Clause:
    """One statement, named by operation, status, media type, JSON pointer and rule.

    ``pointer`` is an RFC 6901 pointer into the body, ``*`` for any array index; ``says`` is the statement in words;
    ``location`` is where the contract says it.
    """

    operation: str
    status: str
    media_type: str
    pointer: str
    rule: str
    says: Message
    location: Location

    @property
    def id(self) -> str:
        """``getBatch 200 application/json /created_at body.type``; ``-`` stands for what is empty."""
        return clause_id(self.operation, self.status, self.media_type, self.pointer, self.rule)


def clause_id(operation: str, status: str, media_type: str, pointer: str, rule: str) -> str:
    """The stable id of the clause with these five parts."""
    return " ".join((operation, status or "-", media_type or "-", pointer or "-", rule))
