"""The state kept per operation: sums for its rules, and a log of reads to compare."""

from __future__ import annotations

from pathlib import Path

from batch_conformance.contract.contract import Contract
from batch_conformance.contract.operation import Operation
from batch_conformance.findings.fold import Bucket, Tally
from batch_conformance.judge.coverage import Bodies, Coverage
from batch_conformance.judge.error_bodies import is_of_error_body
from batch_conformance.judge.facts import Facts
from batch_conformance.judge.log import Log
from batch_conformance.observation.observation import Observation


class Account:
    """The sums and the log of an operation's exchanges; two of one operation add up to one. See ``Judge``."""

    def __init__(
        self, contract: Contract, operation: Operation, most: int, folder: Path | None, *, keeps_all: bool
    ) -> None:
        self.operation = operation
        self.log = Log(contract, operation, most, folder, keeps_all=keeps_all)
        self.coverage = Coverage(operation)
        self.facts = Facts()
        self.tally = Tally()
        self._known_bodies = Bodies()
        self._other_bodies = Bodies()

    def add_body(self, observation: Observation, times: int) -> None:
        """Look at the body of an exchange, or of ``times`` that are alike."""
        is_known = observation.exchange.probe.subject in ("known", "equivalent")
        (self._known_bodies if is_known else self._other_bodies).add(observation, times)

    def update(self, other: Account) -> None:
        """Add what another one has, which is used up."""
        self.log.update(other.log)
        self.coverage.update(other.coverage)
        self.facts.update(other.facts)
        self.tally.update(other.tally)
        self._known_bodies.update(other._known_bodies)
        self._other_bodies.update(other._other_bodies)

    def is_reported(self, bucket: Bucket) -> bool:
        """Whether the deviations of a bucket are reported, given the operation's exchanges.

        Bodies of server errors are reported once it is known which errors repeat.
        """
        return self.facts.is_met(bucket) and not is_of_error_body(bucket)

    def bodies(self) -> Bodies:
        """The bodies of successes: those of real batches, or of all where none was read."""
        made = Bodies()
        made.update(self._known_bodies)
        if not self.facts.real:
            made.update(self._other_bodies)
        return made
