"""The runner: sends a plan to a target and knows when to stop."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from batch_conformance.contract.contract import Contract
from batch_conformance.exchange.exchange import Exchange, Probe
from batch_conformance.exchange.limits import BudgetExhausted
from batch_conformance.exchange.record import Spool
from batch_conformance.exchange.target import RETRIED_STATUSES, Target, is_repeatable
from batch_conformance.findings.ledger import Ledger
from batch_conformance.findings.shape import ShapeRecord
from batch_conformance.judge.availability import BROKEN_ID, shows_a_batch
from batch_conformance.judge.facts import Facts
from batch_conformance.judge.judge import Judge, behind_the_door
from batch_conformance.judge.sighting import Sighting
from batch_conformance.probes.credentials import is_refused
from batch_conformance.probes.plan import Plan

_SILENT_ENOUGH = 3
"""Silences of one kind of request that are told as one finding; each further one costs a time-out."""
_BROKEN_ENOUGH = 6
"""Server errors of one kind of request that are told as one finding."""
_LIMITED_ENOUGH = 4
"""Answers of 429 in a row, after retries, that say that the target wants rest."""
_DOWN_ENOUGH = 5
"""Server errors and failures in a row, of any kind of request, that say that the target is down."""

_NEARLY = 0.9

_CONTROLS_OF_A_WORKER = 10_000
"""Keeps the numbers of one worker's control requests apart from another's."""

Progress = Callable[[int, int, str], None]


class Runner:
    """Sends the probes of a plan, in its order, each at most once.

    After a probe that got no answer the preflight is sent again: it tells a target that is away, where the run ends
    with ``stopped`` saying why, from one that is silent to this kind of request only; ``spent`` says that it was the
    run's own limits that ended it. ``sent`` counts requests,
    ``recorded`` is the shape that answers had before, ``further`` adds what another reading finds.
    """

    def __init__(self, plan: Plan, target: Target, contract: Contract, *, progress: Progress | None = None) -> None:
        self.plan = plan
        self.target = target
        self.contract = contract
        self.exchanges: list[Exchange] = []
        self.recorded: ShapeRecord | None = None
        self.further: Callable[[Ledger, Contract], Ledger] | None = None
        self.stopped = ""
        self.spent = False
        self.notes: list[str] = []
        self.progress = progress
        self._done: set[int] = set()
        self._broken: Counter[tuple[str, str]] = Counter()
        self._broken_ids: Counter[str | None] = Counter()
        self._limited = 0
        self._down = 0
        self._control_number = len(plan.probes)
        self._spool: Spool | None = None
        self._prefer: bool | None = None
        self._judge: Judge | None = None
        self._facts = Facts()
        self._gave_up_the_key = False
        self._left_out: dict[int, str] = {}

    @property
    def left_out(self) -> dict[str, int]:
        """Why probes were not sent, though nothing stopped the run, and how many were not for each reason."""
        return dict(Counter(reason for number, reason in self._left_out.items() if number not in self._done))

    @property
    def nearly_done(self) -> bool:
        """Whether all but a tenth of the plan was sent: what repeating took from it was its repetitions."""
        return self.done >= _NEARLY * len(self.plan.probes)

    @property
    def sent(self) -> int:
        """Requests sent, retries included."""
        return len(self.exchanges)

    def take_share(self, spool: Spool, place: int, stopped: str) -> None:
        """Work as one of several: the preflight was sent by another, and exchanges are written down as they come."""
        self._spool = spool
        self._control_number += place * _CONTROLS_OF_A_WORKER
        self._done.add(0)
        self.stopped = stopped

    def take_in(self, exchanges: Sequence[Exchange]) -> None:
        """Add what other processes sent of the same plan."""
        self.exchanges += exchanges
        self._done |= {exchange.number for exchange in exchanges if exchange.number < len(self.plan.probes)}

    @property
    def done(self) -> int:
        """Probes of the plan that were sent."""
        return len(self._done)

    def preflight(self) -> Exchange | None:
        """Send the plan's first probe: is there anybody, and is the key accepted?"""
        if self.plan.probes and not self._done:
            self._perform(0, self.plan.probes[0])
            final = self.exchanges[-1] if self.exchanges else None
            if final is not None and final.failure is not None:
                how = "did not answer" if final.response is None else "broke off its answer"
                self.stopped = f"the target {how}: {final.failure.detail}"
            elif final is not None and final.status == 401:
                self.stopped = "the target refused the key (401)"
            return final
        return self.exchanges[0] if self.exchanges else None

    def perform(self, chapters: Collection[str]) -> None:
        """Send all probes of these chapters that have not been sent, in the plan's order, until something stops it."""
        self.preflight()
        self._perform_all(chapters)
        if self._left_out and self._facts.behind_the_door and not self.stopped:
            self._look_whether_away(self.exchanges[-1])
            if not self._facts.behind_the_door:  # it came back
                self._perform_all(chapters)

    def _perform_all(self, chapters: Collection[str]) -> None:
        for number, probe in enumerate(self.plan.probes):
            if self.stopped:
                return
            if number in self._done or probe.chapter not in chapters:
                continue
            if self._gave_up_the_key and self._facts.behind_the_door and not is_refused(probe.credential):
                self._left_out[number] = behind_the_door(self._facts)
            elif not self._pointless(probe):
                self._perform(number, probe)
                if self.progress:
                    self.progress(len(self._done), len(self.plan.probes), probe.chapter)

    def ledger(self) -> Ledger:
        """The ledger of all that was sent so far; what was judged once is not judged again."""
        if self._judge is None:
            self._judge = Judge(self.contract, shape=self.recorded, keeps_all=True)
        for exchange in self.exchanges[self._judge.judged :]:
            self._judge.add(exchange)
        ledger = self._judge.ledger()
        return self.further(ledger, self.contract) if self.further else ledger

    def _perform(self, number: int, probe: Probe) -> None:
        self._done.add(number)
        try:
            attempts = self._send(number, probe)
        except BudgetExhausted as reason:
            self._done.discard(number)
            self._spend(reason)
            return
        final = attempts[-1]
        self._keep(attempts)
        if probe.forced_status is not None and self._prefer is None:
            self._prefer = final.status == probe.forced_status
        if final.failure is not None and number:
            self._count_broken(probe, _BROKEN_ENOUGH // _SILENT_ENOUGH)
            self._look_whether_away(final)
        elif (final.status or 0) >= 500 and probe.forced_status is None:
            self._count_broken(probe, 1)
            self._look_whether_away(final)
        elif shows_a_batch(probe):
            self._broken_ids.pop(probe.batch_id, None)

    def _count_broken(self, probe: Probe, weight: int) -> None:
        self._broken[probe.chapter, probe.subject] += weight
        if shows_a_batch(probe):
            self._broken_ids[probe.batch_id] += 1

    def _keep(self, attempts: tuple[Exchange, ...]) -> None:
        """Keep the exchanges, and stop where nothing but refusals has come for a while."""
        self.exchanges += attempts
        for exchange in attempts:
            self._facts.add(Sighting(exchange, self.contract))
        if self._spool is not None:
            for exchange in attempts:
                self._spool.append(exchange)
        final = attempts[-1]
        forced = final.probe.forced_status is not None
        status = final.status or 0
        if status != 429:
            self._limited = 0
        elif (
            is_repeatable(final.probe) and status != final.probe.forced_status
        ):  # what is sent only once says nothing of a limit that would have passed
            self._limited += 1
        self._down = self._down + 1 if (final.failure is not None or status >= 500) and not forced else 0
        if self._limited >= _LIMITED_ENOUGH:
            self.stopped = "the target keeps answering 429: it wants fewer requests than this (see --rate-limit)"
        elif self._down >= _DOWN_ENOUGH and final.failure is None and self._facts.behind_the_door:
            self._gave_up_the_key = True
        elif self._down >= _DOWN_ENOUGH:
            how = final.failure.detail if final.failure else f"{status} to every request"
            self.stopped = f"the target is down: {how}"

    def _send(self, number: int, probe: Probe) -> tuple[Exchange, ...]:
        attempts = self.target.send(probe, number)
        final = attempts[-1]
        status = final.status or 0
        # One server error may be chance, and so may a gateway's page where an error was asked for; a second is not.
        by_chance = status >= 500 if probe.forced_status is None else _is_a_gateways(final)
        if not by_chance or len(attempts) > 1:
            return attempts
        try:
            again = self.target.send(replace(probe, wait=0.0), number)
        except BudgetExhausted as reason:
            self._spend(reason)
            return attempts
        return (
            replace(final, final=False),
            *(replace(exchange, attempt=exchange.attempt + 1) for exchange in again),
        )

    def _look_whether_away(self, final: Exchange) -> None:
        self._control_number += 1
        number = self._control_number
        control = replace(self.plan.probes[0], name="control", wait=0.0)
        try:
            attempts = self.target.send(control, number)
        except BudgetExhausted as reason:
            if self.done < len(self.plan.probes):  # else nothing was stopped
                self._spend(reason)
            return
        self._keep(attempts)
        failure = attempts[-1].failure
        if failure is not None:
            probe = final.probe
            self.stopped = f"the target went away at {probe.chapter}/{probe.name}: {failure.detail}"

    def _spend(self, reason: BudgetExhausted) -> None:
        self.spent = True
        self.stopped = str(reason)

    def _pointless(self, probe: Probe) -> bool:
        """Whether nothing new can come of a probe: its kind is known to break the target, or ``Prefer`` is ignored."""
        if probe.forced_status is not None and self._prefer is False:
            return True
        if shows_a_batch(probe) and self._broken_ids[probe.batch_id] >= BROKEN_ID:
            return True
        return self._broken[probe.chapter, probe.subject] >= _BROKEN_ENOUGH


def _is_a_gateways(exchange: Exchange) -> bool:
    """Whether an answer of busy or away, which was asked for, may be that of something before the server."""
    answer = exchange.response
    if answer is None or answer.status != exchange.probe.forced_status or answer.status not in RETRIED_STATUSES:
        return False
    return not answer.body.strip() or "json" not in (answer.header("Content-Type") or "").lower()
