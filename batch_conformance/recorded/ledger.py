"""The ledger of traffic that no suite sent: what ``judge.judge`` makes of a list, made exchange by exchange.

It holds no exchanges but those that are evidence; two ledgers add up to the one of both recordings, one after the
other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from batch_conformance.contract.contract import Contract
from batch_conformance.exchange.exchange import Exchange
from batch_conformance.findings.finding import Deviation
from batch_conformance.findings.fold import Bucket, Tally
from batch_conformance.findings.ledger import Ledger
from batch_conformance.judge.authentication import judge_authentication
from batch_conformance.judge.coverage import Bodies, Coverage, cover_clauses
from batch_conformance.judge.facts import Facts
from batch_conformance.judge.identity import judge_identity
from batch_conformance.judge.judge import NOT_THE_OBJECT, REQUIRED_SUCCESS, judge_alone
from batch_conformance.judge.sighting import Sighting
from batch_conformance.judge.weather import is_of_a_gateway, soften
from batch_conformance.recorded.comparison import compare
from batch_conformance.recorded.outages import Outages
from batch_conformance.recorded.reads import MOST_IN_MEMORY, Read, Reads

_IN_PASSING: Bucket = ("passing",)
"""What something before the API said: it is told of, and breaks no clause."""
_MOST_EXAMPLES = 200


@dataclass(frozen=True)
class Judged:
    """A sighting and its deviations, each with what its telling depends on, and with its phase.

    ``passing``: something that stands before the API spoke for it.
    """

    sighting: Sighting
    told: tuple[tuple[Bucket, int, list[Deviation]], ...]
    passing: bool = False

    @cached_property
    def rules(self) -> frozenset[str]:
        """The rules that were broken."""
        return frozenset(deviation.rule for _, _, deviations in self.told for deviation in deviations)


class RecordedLedger:
    """A ledger that is added to. ``most_reads`` and ``folder`` are those of its ``Reads``."""

    def __init__(self, contract: Contract, most_reads: int = MOST_IN_MEMORY, folder: Path | None = None) -> None:
        self.contract = contract
        self.judged = 0
        self.coverage = Coverage(contract)
        self.facts = Facts()
        self.outages = Outages()
        self.reads = Reads(contract, most_reads, folder)
        self._tally = Tally()
        self._bodies = Bodies()
        self._succeeded = False
        self._examples: list[Exchange] = []

    def add(self, exchange: Exchange) -> Judged:
        """Judge an exchange of which nobody said what it was sent for."""
        sighting = Sighting(exchange, self.contract)
        passing = not sighting.forced and is_of_a_gateway(sighting)
        told: list[tuple[Bucket, int, list[Deviation]]] = [
            (bucket, 0, list(map(soften, alone)) if passing else alone) for bucket, alone in judge_alone(sighting)
        ]
        told += ((bucket, 1, [deviation]) for bucket, deviation in judge_identity(sighting))
        told += ((bucket, 4, [deviation]) for bucket, deviation in judge_authentication(sighting))
        judged = Judged(sighting, tuple(told), passing)
        self.facts.add(sighting)
        self.outages.add(sighting)
        self.reads.add_sighting(sighting)
        self.count(judged)
        return judged

    def count(self, judged: Judged, times: int = 1) -> None:
        """Add ``times`` exchanges that deviate alike and have members of the same types; the one judged is the first.

        Outages and reads are not touched.
        """
        sighting = judged.sighting
        self.judged += times
        self.coverage.add(sighting, times, own=not judged.passing)
        if not judged.rules & NOT_THE_OBJECT:
            self._bodies.add(sighting, times)
        answer = sighting.answer
        if answer is not None and 200 <= answer.status < 300 and sighting.authorised and sighting.method == "GET":
            self._succeeded = True
        for bucket, phase, deviations in judged.told:
            self._tally.add(deviations, _IN_PASSING if judged.passing else bucket, times=times, phase=phase)

    def add_example(self, exchange: Exchange) -> None:
        """Keep an exchange that deviates in nothing, to show in the reports and to learn from; only the first ones."""
        if len(self._examples) < _MOST_EXAMPLES:
            self._examples.append(exchange)

    def update(self, later: RecordedLedger) -> None:
        """Add what followed in the recording; ``later`` is used up."""
        self.judged += later.judged
        self.coverage.update(later.coverage)
        self.facts.update(later.facts)
        self.outages.update(later.outages)
        self.reads.update(later.reads)
        self._tally.update(later._tally)
        self._bodies.update(later._bodies)
        self._succeeded = self._succeeded or later._succeeded
        for exchange in later._examples:
            self.add_example(exchange)

    def result(self, revive: Callable[[bytes, Read], Exchange]) -> Ledger:
        """The ledger of all that was added. ``revive`` makes the exchange of a line of the recording again.

        Of recorded traffic nothing is required but a success: nobody can ask it for an unknown id, or to leave its
        credential out.
        """
        weighed, unjudged = self.outages.weigh()
        whole = self._tally.told(lambda bucket: bucket != _IN_PASSING and self.facts.tells(bucket))
        whole.update(weighed)
        compared = compare(self.reads, revive)
        for deviation, phase, size in compared.deviations:
            whole.add([deviation], phase=phase, size=size)
        for deviation in self._bodies.never_seen():
            whole.add([deviation], phase=5)
        self.reads.close()
        clauses = cover_clauses(self.coverage, whole.counted(), stuck=bool(unjudged), read_again=compared.read_again)
        whole.update(self._tally.told(lambda bucket: bucket == _IN_PASSING))
        findings = whole.findings()
        evidence = {finding.evidence.order: finding.evidence for finding in findings}
        shown = {exchange.order: exchange for exchange in self._examples} | evidence
        return Ledger(
            exchanges=tuple(exchange for _, exchange in sorted(shown.items())),
            findings=findings,
            clauses=clauses,
            fields=self.coverage.fields(),
            statuses=self.coverage.statuses(),
            missing=() if self._succeeded else (REQUIRED_SUCCESS,),
            unjudged=unjudged,
        )
