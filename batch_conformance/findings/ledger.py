"""The ledger: a run's exchanges, findings and clause coverage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from batch_conformance.contract.clause import Clause
from batch_conformance.exchange.exchange import Exchange
from batch_conformance.findings.finding import Finding
from batch_conformance.message import Message

ClauseState = Literal["kept", "broken", "inconclusive", "not_observed"]


@dataclass(frozen=True, slots=True)
class ClauseResult:
    """How one clause fared: ``judged`` counts exchanges that exercised it, ``broken`` those that broke it."""

    clause: Clause
    state: ClauseState
    judged: int
    broken: int


@dataclass(frozen=True, slots=True)
class FieldResult:
    """What was seen at one place of one documented body: JSON type name -> how often (``null`` is a type).

    ``operation`` is the id of the operation whose body it is. ``declared`` is false for a property that the contract
    does not know. ``absent`` counts bodies without it.
    """

    operation: str
    status: str
    pointer: str
    declared: bool
    types: Mapping[str, int]
    absent: int


@dataclass(frozen=True, slots=True)
class StatusResult:
    """How often an operation answered with a status, and with which media types.

    ``operation`` is its id; ``documented`` says whether the contract lists the status.
    """

    operation: str
    status: str
    documented: bool
    media_types: Mapping[str, int]
    count: int


@dataclass(frozen=True, slots=True)
class Ledger:
    """The whole report as one JSON document, findings worst first, exchanges as planned.

    ``missing`` names what a definite verdict requires and the run has not got; ``unjudged`` are the numbers of the
    probes that an outage or a limit left without an answer. ``cause`` is the one reason for which nothing definite can
    be said, where there is one.
    """

    exchanges: tuple[Exchange, ...] = ()
    findings: tuple[Finding, ...] = ()
    clauses: tuple[ClauseResult, ...] = ()
    fields: tuple[FieldResult, ...] = ()
    statuses: tuple[StatusResult, ...] = ()
    missing: tuple[Message, ...] = ()
    unjudged: frozenset[int] = frozenset()
    cause: Message | None = None

    def fields_of(self, operation: str) -> tuple[FieldResult, ...]:
        """What was seen in the bodies of an operation, by its id."""
        return tuple(result for result in self.fields if result.operation == operation)

    def statuses_of(self, operation: str) -> tuple[StatusResult, ...]:
        """What an operation answered, by its id."""
        return tuple(result for result in self.statuses if result.operation == operation)

    @property
    def judged_percent(self) -> float:
        """How much of the contract was judged: clauses that were kept or broken, of all, in per cent."""
        judged = sum(result.state in ("kept", "broken") for result in self.clauses)
        return 100 * judged / len(self.clauses) if self.clauses else 0.0
