"""The runner: sends a plan to a target and knows when to stop."""

from __future__ import annotations

import contextlib
import math
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from batch_conformance.contract.contract import Contract
from batch_conformance.exchange.exchange import Exchange, FailureKind, Probe
from batch_conformance.exchange.limits import BudgetExhausted
from batch_conformance.exchange.target import RETRIED_STATUSES, Target, is_repeatable, retry_after
from batch_conformance.findings.ledger import Ledger
from batch_conformance.findings.shape import ShapeRecord
from batch_conformance.judge.facts import Facts
from batch_conformance.judge.judge import Judge, behind_the_door
from batch_conformance.message import Message, Template
from batch_conformance.observation.observation import Observation
from batch_conformance.probes.credentials import is_refused, parts_of
from batch_conformance.probes.plan import ESSENTIAL, Plan
from batch_conformance.rules.authentication import is_let_in
from batch_conformance.run.live.odd_parts import odd_parts, with_parts
from batch_conformance.run.live.omissions import (
    BROKEN_ENOUGH,
    NOT_FOLLOWED,
    ODD_LEFT_OUT,
    Omissions,
    is_endless,
    is_unreadable,
)
from batch_conformance.run.live.pace import WINDOW, Pace, concerns_pace

if TYPE_CHECKING:
    from batch_conformance.run.live.parallel_sender import ParallelSender

_ONE_OF = {"proxy_headers": "proxy_header", "parameters": "parameter"}
"""By credentials that are none and say several things: those that say one of them."""
CONTROL = "control"
"""The name of a request that looks whether the target still answers; it is none of the plan's."""
_NO_ANSWER = Template("run.no_answer", "the target did not answer: {why}")
_BROKE_OFF = Template("run.broke_off", "no answer of the target came to its end: {why}")
_KEY_REFUSED = Template("run.key_refused", "the target refused the key (401)")
_RATE_LIMITED = Template(
    "run.rate_limited", "the target keeps answering 429: it wants fewer requests than this (see --rate-limit)"
)
_DOWN = Template("run.down", "the target is down: {how}")
_EVERY_REQUEST = Template("run.every_request", "{status} to every request")
_WENT_AWAY = Template("run.went_away", "the target went away at {request}: {why}")
_LIMITED_ENOUGH = 4
"""Answers of 429 in a row, after retries, that say that the target wants rest."""
_DOWN_ENOUGH = 5
"""Server errors and failures in a row, of any kind of request, that say that the target is down."""

BREATH = 0.5
"""Seconds in which nothing is sent, after three server errors in a row, before it is looked what else is answered."""
RETURN_SECONDS = 10.0
"""How long a server that ended at a request is waited for."""

_NEARLY = 0.9

Progress = Callable[[int, int, str], None]


def _is_due(errors: int) -> bool:
    """Whether so many errors in a row of one kind ask for another look whether the target is away.

    After three, and then each time that they are twice as many: between kinds of requests, others show it too.
    """
    times, rest = divmod(errors, BROKEN_ENOUGH)
    return times > 0 and rest == 0 and times & (times - 1) == 0


class Runner:
    """Sends the probes of a plan, in its order, each at most once.

    With ``further_targets`` as many requests are under way at once; what comes of them is taken in the plan's order.

    After a probe that got no answer the preflight is sent again: it tells a target that is away, where the run ends
    with ``stopped`` saying why, from one that is silent to this kind of request only; ``spent`` says that it was the
    run's own limits that ended it. ``sent`` counts requests,
    ``recorded`` is the shape that answers had before, ``further`` adds what another reading finds. ``beside`` are
    requests that changed something, which that reading judges.
    """

    def __init__(
        self,
        plan: Plan,
        target: Target,
        contract: Contract,
        *,
        further_targets: Sequence[Target] = (),
        progress: Progress | None = None,
    ) -> None:
        self.plan = plan
        self.target = target
        self._further_targets = tuple(further_targets)
        self._ahead: ParallelSender | None = None
        self.contract = contract
        self.exchanges: list[Exchange] = []
        self.asked_again: list[Exchange] = []
        """What came of requests that were sent once more after the plan. It is no part of the ledger."""
        self.beside: tuple[Exchange, ...] = ()
        self.wanted = frozenset(range(len(plan.probes)))
        self.recorded: ShapeRecord | None = None
        self.further: Callable[[Ledger, Contract], Ledger] | None = None
        self.stopped: Message | None = None
        self.spent = False
        self.notes: list[Message] = []
        self.progress = progress
        self._done: set[int] = set()
        self._omissions = Omissions()
        self._first_breaks = False
        self._answered: Probe | None = None
        self._paused: set[tuple[str, str]] = set()
        self._limited = 0
        self._pace = Pace(target)
        self._down = 0
        self._control_number = len(plan.probes)
        self._judge: Judge | None = None
        self._observations: dict[int, Observation] = {}
        """Those that are not judged yet, by the place of their exchanges."""
        self._facts = Facts()
        self._taken_in: dict[str, tuple[str, ...]] = {}
        """Where a key was taken first that stood in several places, by how it was presented."""
        self._gave_up_the_key = False
        self._left_out: dict[int, Message] = {}

    @property
    def left_out(self) -> dict[Message, int]:
        """Why probes were not sent, though nothing stopped the run, and how many were not for each reason."""
        return dict(Counter(self.left_out_numbers.values()))

    @property
    def left_out_numbers(self) -> dict[int, Message]:
        """Which probes were left out, by number, and why."""
        return {number: reason for number, reason in self._left_out.items() if number not in self._done}

    @property
    def lacks(self) -> bool:
        """Whether anything was left out that the target was to be asked."""
        return bool(self.left_out.keys() - {NOT_FOLLOWED, ODD_LEFT_OUT}) or self.without_body > 0

    @property
    def pace(self) -> float:
        """Requests a second at most in the end, where the target's limit made the run slower; else 0."""
        return self._pace.limit

    @property
    def without_body(self) -> int:
        """Answers of which the head alone was read, as no body ended that came after such a head."""
        return self._omissions.without_body

    @property
    def nearly_done(self) -> bool:
        """Whether all but a tenth of it was sent: what repeating took from a plan was its repetitions."""
        return len(self._done & self.wanted) >= _NEARLY * len(self.wanted)

    @property
    def unsent(self) -> int:
        """Probes that were to be sent and were not."""
        return len(self.wanted - self._done)

    @property
    def sent(self) -> int:
        """Requests sent, retries and what was asked again included."""
        return len(self.exchanges) + len(self.beside) + len(self.asked_again)

    def take_in(self, exchanges: Sequence[Exchange]) -> None:
        """Add what was sent before the plan, or of it."""
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
            if final is not None and final.failure is not None and final.response is None:
                self.stopped = _NO_ANSWER(why=final.failure.detail)
            elif final is not None and final.status == 401:
                self.stopped = _KEY_REFUSED()
            return final
        return self.exchanges[0] if self.exchanges else None

    def perform(self, chapters: Collection[str]) -> None:
        """Send all probes of these chapters that have not been sent, in the plan's order, until something stops it."""
        self.send({number for number, probe in enumerate(self.plan.probes) if probe.chapter in chapters})

    def send(self, wanted: Collection[int] | None = None) -> None:
        """Send the probes of these numbers that have not been sent, in their order, until something stops it.

        None stands for all of the plan.
        """
        self.wanted = frozenset(range(len(self.plan.probes)) if wanted is None else wanted)
        self.preflight()
        if not self._further_targets:
            self._send_wanted()
            return
        omissions = self._omissions
        from batch_conformance.run.live.parallel_sender import ParallelSender  # noqa: PLC0415 - threads, for few runs

        with ParallelSender(
            self._further_targets, self.target.rest, omissions.may_repeat, omissions.awaits_body
        ) as self._ahead:
            try:
                self._send_wanted()
            finally:
                self._take_what_was_sent(self._ahead)

    def _send_wanted(self) -> None:
        self._send_all()
        if self._left_out and self._facts.behind_the_door and not self.stopped:
            self._look_whether_away(self.exchanges[-1])
            if not self._facts.behind_the_door:  # it came back
                self._send_all()
        if self._left_out and not self.stopped and self._omissions.give_limited_a_last_try():
            self._send_all()

    def _send_all(self) -> None:
        for number, probe in enumerate(self.plan.probes):
            if self.stopped:
                return
            if number in self._done or number not in self.wanted:
                continue
            if number >= ESSENTIAL and "whole answer" not in self._facts.seen:
                self._give_up_broken_answers()
                return
            self._send_ahead(number)
            reason = None if self._ahead and number in self._ahead else self._reason(probe)
            if reason:
                self._left_out[number] = reason
            else:
                self._perform(number, probe)
                if self.progress:
                    self.progress(len(self._done & self.wanted), len(self.wanted), probe.chapter)

    def _give_up_broken_answers(self) -> None:
        """Stop where the requests that a verdict needs got no answer that came to its end."""
        last = next(exchange.failure for exchange in reversed(self.exchanges) if exchange.failure is not None)
        self.stopped = _BROKE_OFF(why=last.detail)

    def _send_ahead(self, first: int) -> None:
        """Have all connections busy with what comes next from a number on."""
        if self._ahead is not None and not self.stopped:
            following = ((number, self.plan.probes[number]) for number in range(first, len(self.plan.probes)))
            upcoming = (
                (number, probe)
                for number, probe in following
                if number in self.wanted and number not in self._done and not self._reason(probe)
            )
            try:
                self._ahead.fill(upcoming)
            except BudgetExhausted as reason:
                self._spend(reason)

    def _take_what_was_sent(self, ahead: ParallelSender) -> None:
        """Keep what came of requests that were under way when the sending ended."""
        self._ahead = None
        stopped = self.stopped
        for number in ahead.end():
            with contextlib.suppress(BudgetExhausted):
                self._keep(ahead.take(number))
                self._done.add(number)
        self.stopped = stopped

    def ask_again(self, probe: Probe) -> Exchange:
        """Send a probe of the plan once more, and give what came of it. Raises ``BudgetExhausted``."""
        self._control_number += 1
        omissions = self._omissions
        attempts = self.target.send(
            replace(probe, wait=0.0),
            self._control_number,
            may_repeat=omissions.may_repeat,
            awaits_body=omissions.awaits_body(probe),
        )
        self.asked_again += attempts
        return attempts[-1]

    def ledger(self) -> Ledger:
        """The ledger of all that was sent so far; what was judged once is not judged again."""
        ledger = self.judge_until(math.inf).ledger()
        return self.further(ledger, self.contract) if self.further else ledger

    def judge_until(self, moment: float) -> Judge:
        """Judge what was sent so far and is not judged yet, as much as there is time for, and give the judge.

        ``moment`` is a reading of the monotonic clock.
        """
        # One that is interrupted, or fails, has taken in a part of an exchange: the next one begins anew.
        judge, self._judge = self._judge or Judge(self.contract, shape=self.recorded, keeps_all=True), None
        for place in range(judge.judged, len(self.exchanges)):
            if time.monotonic() >= moment:
                break
            judge.add(self.exchanges[place], self._observations.pop(place, None))
        self._judge = judge
        return judge

    def _perform(self, number: int, probe: Probe) -> None:
        self._done.add(number)
        try:
            attempts = self._send(number, probe)
        except BudgetExhausted as reason:
            self._done.discard(number)
            self._spend(reason)
            return
        final = attempts[-1]
        if number and final.failure is not None:
            attempts = self._after_failure(number, probe, attempts)
            self._keep(attempts)
            self._omissions.add(attempts)
            return
        known_broken = self._omissions.is_broken(probe)
        self._keep(attempts)
        self._look_where_the_key_is_taken(final)
        self._look_which_part_lets_in(final)
        self._choose_control(number, final)
        self._omissions.add(attempts)
        if (final.status or 0) >= 500 and probe.forced_status is None:
            third = _is_due(self._omissions.errors(probe))
            if third or not known_broken:
                self._look_whether_away(final, pauses=third)

    def _look_where_the_key_is_taken(self, final: Exchange) -> None:
        """Where a key is taken that stood in several places at once, ask with it in each of them alone.

        A further operation is asked with those that another one takes, and with the rest where it takes none of them.
        """
        probe = final.probe
        if not 200 <= (final.status or 0) < 300 or not parts_of(probe.credential) or self._needs_no_key:
            return
        known = self._taken_in.get(probe.credential, ())
        taken = self._taken_alone(probe, known)
        if not taken:
            taken = self._taken_alone(probe, [part for part in parts_of(probe.credential) if part not in known])
        self._taken_in.setdefault(probe.credential, taken)

    @property
    def _needs_no_key(self) -> bool:
        """Whether requests without any credential are let in: then nothing else in a request is why one is."""
        return "missing" in self._facts.let_in

    def _taken_alone(self, probe: Probe, parts: Iterable[str]) -> tuple[str, ...]:
        """Those of the places of a key for which it is taken where it stands in each of them alone."""
        taken: list[str] = []
        for part in parts:
            self._control_number += 1
            alone = replace(probe, credential=part, name=probe.name.replace(probe.credential, part), wait=0.0)
            try:
                attempts = self.target.send(alone, self._control_number, may_repeat=self._omissions.may_repeat)
            except BudgetExhausted as reason:
                self._spend(reason)
                break
            self._keep(attempts)
            taken += [part] if 200 <= (attempts[-1].status or 0) < 300 else []
        return tuple(taken)

    def _look_which_part_lets_in(self, final: Exchange) -> None:
        """Where something is let in for headers or parameters without any key, halve them until one of them is left."""
        probe, observation = final.probe, Observation(final, self.contract)
        alone = _ONE_OF.get(probe.credential)
        if alone is None or not is_let_in(observation) or self._needs_no_key:
            return
        operation = observation.operation
        left = odd_parts(probe, operation)
        while len(left) > 1:
            half = left[: len(left) // 2]
            credential = alone if len(half) == 1 else probe.credential
            self._control_number += 1
            asked = replace(with_parts(probe, operation, half), credential=credential, wait=0.0)
            try:
                attempts = self.target.send(asked, self._control_number, may_repeat=self._omissions.may_repeat)
            except BudgetExhausted as reason:
                self._spend(reason)
                return
            self._keep(attempts)
            is_in = is_let_in(Observation(attempts[-1], self.contract))
            left = half if is_in else left[len(half) :]
            if len(left) == 1 and not is_in:
                self._confirm_part(replace(with_parts(probe, operation, left), credential=alone, wait=0.0))

    def _confirm_part(self, probe: Probe) -> None:
        """Ask with the one header or parameter that is left, by which something must have been let in."""
        self._control_number += 1
        try:
            self._keep(self.target.send(probe, self._control_number, may_repeat=self._omissions.may_repeat))
        except BudgetExhausted as reason:
            self._spend(reason)

    def _choose_control(self, number: int, final: Exchange) -> None:
        """Have the first read tell whether the target answers, unless it breaks: then the latest that does not."""
        probe, status = final.probe, final.status or 0
        plain = probe.method == "GET" and probe.credential == "valid" and probe.subject in ("known", "unknown")
        if number == 0:
            self._first_breaks = status >= 500 or final.failure is not None
        elif self._first_breaks and plain and not probe.query and probe.forced_status is None and status < 500:
            self._answered = probe

    def _after_failure(self, number: int, probe: Probe, attempts: tuple[Exchange, ...]) -> tuple[Exchange, ...]:
        """Look whether the server has ended; once it is back, the request is sent once more, to be sure.

        Where a body does not end, or an answer cannot be read, the server is there.
        """
        if is_endless(attempts[-1]) or is_unreadable(attempts[-1]):
            return attempts
        try:
            controls = self._look_whether_away(attempts[-1])
            if not controls or not _has_failed((*attempts, *controls), "refused"):
                return attempts
            if _has_failed(attempts, "reset"):
                self._omissions.add_end(probe)
            if not self._is_back(controls):
                return attempts
            attempts = _joined(attempts, self._send(number, probe))
            if attempts[-1].failure is not None:
                self._is_back(self._look_whether_away(attempts[-1]))
        except BudgetExhausted as reason:
            self._spend(reason)
        return attempts

    def _is_back(self, controls: tuple[Exchange, ...]) -> bool:
        """Wait for a server that refused a plain read, for so long, and go on where it is back.

        Raises ``BudgetExhausted``.
        """
        waited = 0.0
        while _has_failed(controls[-1:], "refused") and waited < RETURN_SECONDS:
            self.target.pause(BREATH)
            waited += BREATH
            self._control_number += 1
            controls = self.target.send(self._control, self._control_number, may_repeat=lambda _: False)
        if waited:
            self._keep(controls)
        is_back = bool(controls) and controls[-1].failure is None
        self.stopped = None if is_back else self.stopped
        return is_back

    @property
    def _control(self) -> Probe:
        """A plain read, which tells whether the target answers at all: the first one, or one that was answered last."""
        return replace(self._answered or self.plan.probes[0], name=CONTROL, wait=0.0)

    def _keep(self, attempts: tuple[Exchange, ...]) -> None:
        """Keep the exchanges, and stop where nothing but refusals has come for a while."""
        self._add(attempts)
        final = attempts[-1]
        forced = final.probe.forced_status is not None
        status = final.status or 0
        if status != 429:
            self._limited = 0
        elif is_repeatable(final.probe) and status != final.probe.forced_status:
            # What was sent only once, though it may be repeated, says nothing of a limit that would have passed.
            self._limited += len(attempts) > 1 or not self.target.retries or self._is_limited_for_long(final)
        is_silent = final.failure is not None and final.response is None and not is_unreadable(final)
        is_down = status >= 500 or is_silent
        self._down = self._down + 1 if is_down and not forced else 0
        if self._limited >= _LIMITED_ENOUGH and not self._rests_for_long():
            self.stopped = _RATE_LIMITED()
        elif self._down >= _DOWN_ENOUGH and final.failure is None and self._facts.behind_the_door:
            self._gave_up_the_key = True
        elif self._down >= _DOWN_ENOUGH:
            self.stopped = _DOWN(how=final.failure.detail if final.failure else _EVERY_REQUEST(status=status))

    def _add(self, attempts: tuple[Exchange, ...]) -> None:
        for exchange in attempts:
            observation = self._observations[len(self.exchanges)] = Observation(exchange, self.contract)
            self.exchanges.append(exchange)
            self._facts.add(observation)

    def _is_limited_for_long(self, final: Exchange) -> bool:
        """Whether the target asked for a longer rest than is waited out."""
        given = final.response.header("Retry-After") if final.response else None
        asked = retry_after(given, final.started_at)
        return asked is not None and asked > self.target.max_retry_after

    def _send(self, number: int, probe: Probe) -> tuple[Exchange, ...]:
        if self._ahead and number in self._ahead:
            attempts = self._ahead.take(number)
        else:
            omissions = self._omissions
            attempts = self.target.send(
                probe, number, may_repeat=omissions.may_repeat, awaits_body=omissions.awaits_body(probe)
            )
        attempts = self._with_pace(number, probe, attempts)
        final = attempts[-1]
        status = final.status or 0
        # One server error may be chance, and so may a gateway's page where an error was asked for; a second is not.
        by_chance = status >= 500 if probe.forced_status is None else _is_a_gateways(final)
        if not by_chance or len(attempts) > 1 or self._omissions.is_broken(probe):
            return attempts
        try:
            more = self.target.send(replace(probe, wait=0.0), number)
        except BudgetExhausted as reason:
            self._spend(reason)
            return attempts
        return _joined(attempts, more)

    def _with_pace(self, number: int, probe: Probe, attempts: tuple[Exchange, ...]) -> tuple[Exchange, ...]:
        """The attempts of a request, and those after a rest where a limit did not pass; what is limited goes slower."""
        if not concerns_pace(probe):
            return attempts
        if attempts[-1].status == 429 and len(attempts) > 1 and self._omissions.may_rest(probe):
            try:
                self.target.pause(WINDOW)
                attempts = _joined(attempts, self.target.send(replace(probe, wait=0.0), number))
            except BudgetExhausted as reason:
                self._spend(reason)
        self._pace.add(attempts, self.unsent)
        return attempts

    def _rests_for_long(self) -> bool:
        """Rest for longer than a retry does, and go on slower; False where that was done, or there is no time.

        Nothing is rested where a plain read is answered: then what was asked for is limited, and not the client.
        """
        if not self._pace.may_rest or all(exchange.status == 429 for exchange in self.exchanges):
            return False
        self._control_number += 1
        try:
            controls = self.target.send(self._control, self._control_number)
            self._add(controls)
            if controls[-1].status == 429:
                self._pace.rest(self.unsent)
        except BudgetExhausted:
            return False
        self._limited = 0
        return True

    def _look_whether_away(self, final: Exchange, *, pauses: bool = False) -> tuple[Exchange, ...]:
        """Send a plain read, stop where it gets no answer, and give what came of it; nothing where none was sent.

        With ``pauses`` it comes after a pause, once for each kind of request.
        """
        probe = final.probe
        kind = (probe.chapter, probe.subject)
        self._control_number += 1
        try:
            if pauses and kind not in self._paused:
                self._paused.add(kind)
                self.target.pause(BREATH)
            attempts = self.target.send(self._control, self._control_number)
        except BudgetExhausted as reason:
            if self.unsent:  # else nothing was stopped
                self._spend(reason)
            return ()
        self._keep(attempts)
        failure = attempts[-1].failure
        if failure is not None and attempts[-1].response is None:
            self.stopped = _WENT_AWAY(request=f"{probe.chapter}/{probe.name}", why=failure.detail)
        return attempts

    def _spend(self, reason: BudgetExhausted) -> None:
        self.spent = True
        self.stopped = reason.reason

    def _reason(self, probe: Probe) -> Message | None:
        """Why nothing new can come of a probe; None where something can."""
        if self._gave_up_the_key and self._facts.behind_the_door and not is_refused(probe.credential):
            return behind_the_door(self._facts)
        return self._omissions.reason(probe)


def _has_failed(attempts: Sequence[Exchange], kind: FailureKind) -> bool:
    """Whether any of the attempts ended so."""
    return any(exchange.failure is not None and exchange.failure.kind == kind for exchange in attempts)


def _joined(attempts: tuple[Exchange, ...], more: tuple[Exchange, ...]) -> tuple[Exchange, ...]:
    """The attempts of a request that was sent again, as those of one."""
    return (
        *(replace(exchange, final=False) for exchange in attempts),
        *(replace(exchange, attempt=exchange.attempt + len(attempts)) for exchange in more),
    )


def _is_a_gateways(exchange: Exchange) -> bool:
    """Whether an answer of busy or away, which was asked for, may be that of something before the server."""
    answer = exchange.response
    if answer is None or answer.status != exchange.probe.forced_status or answer.status not in RETRIED_STATUSES:
        return False
    return not answer.body.strip() or "json" not in (answer.header("Content-Type") or "").lower()
