"""Sends what makes files and batches: each request once, written down before and after it (``journal``)."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from urllib.parse import parse_qsl, urlencode

from batch_conformance.contract.contract import Contract
from batch_conformance.contract.operation import Operation
from batch_conformance.exchange.exchange import BATCHES, Exchange, Probe
from batch_conformance.exchange.limits import BudgetExhausted
from batch_conformance.exchange.target import Target, retry_after
from batch_conformance.judge.followed import of_writes
from batch_conformance.observation.observation import Observation
from batch_conformance.probes.plan import JSON
from batch_conformance.rules.followed import id_in
from batch_conformance.run.live.batch_requests import Sendable, read
from batch_conformance.run.live.journal import Journal, JournalError

_FIRST_NUMBER = 9_000_000
"""The numbers of these requests, apart from those of any plan."""
_LIMITED = (1.0, 5.0, 20.0)
"""Seconds after which what a limit refused (429) is sent again: nothing was made of it."""


_WITHOUT_BOUND = "1000000000"
"""A size of page that is admitted only where there is no bound."""


class JournaledSender:
    """Sends requests that may make something, and the reads beside them.

    ``writes`` are the former, with what a run that is taken up had sent, and ``reads`` the latter, as they were sent.
    All methods that send raise ``BudgetExhausted``, and those that write ``JournalError``.
    """

    def __init__(self, target: Target, contract: Contract, journal: Journal, sleep: Callable[[float], None]) -> None:
        self.writes: list[Exchange] = []
        self.reads: list[Exchange] = []
        self._target, self._contract, self._journal, self._sleep = target, contract, journal, sleep
        self._judged_by = of_writes(contract)
        known = [one.number for one in journal.steps.values() if one is not None]
        self._number = max([_FIRST_NUMBER, *known])

    def write(self, step: str, sendable: Sendable) -> Observation:
        """Send a request that makes something, or take what came of it in a former run."""
        known = self._journal.steps.get(step)
        if known is None:
            self._journal.ask(step)
            known = self._send_once(*sendable)
            if known.failure is None:  # else nobody knows whether it was done
                self._journal.answer(step, known)
        self.writes.append(known)
        return Observation(known, self._judged_by)

    def write_at_the_end(self, step: str, sendable: Sendable) -> Observation:
        """Send what a run has to send before it ends, also where the journal cannot be written any more."""
        with suppress(JournalError):
            self._journal.ask(step)
        sent = self._send_once(*sendable)
        if sent.failure is None:
            with suppress(JournalError):
                self._journal.answer(step, sent)
        self.writes.append(sent)
        return Observation(sent, self._judged_by)

    def ask(self, probe: Probe, body: bytes) -> Observation:
        """Send a request to write of which nothing can come; it is in no journal."""
        sent = self._send_once(probe, body)
        self.writes.append(sent)
        return Observation(sent, self._judged_by)

    def read_batch(self, batch_id: str) -> Observation:
        """Read a batch."""
        return self._read(read(self._contract, batch_id))

    def read_list(self, operation: Operation, name: str) -> Observation:
        """Read as much of a list as the document admits in one page; ``name`` is that of the probe."""
        query = _whole_list(operation)
        return self._read(Probe(BATCHES, name, operation.path, None, "known", headers=JSON, query=query))

    def is_lost(self, step: str) -> bool:
        """Whether a former run sent the request of a step, and nobody knows what came of it."""
        return step in self._journal.steps and self._journal.steps[step] is None

    def made_ids(self, *, but_for: str) -> frozenset[str]:
        """The ids of all batches whose creation was answered, here or in a run that is taken up, but for one step."""
        steps = {name: one for name, one in self._journal.steps.items() if name.startswith("create_")}
        answers = (one for name, one in steps.items() if name != but_for and one is not None)
        made = (id_in(Observation(one, self._judged_by)) for one in answers)
        return frozenset(one for one in made if one is not None)

    def rest(self, seconds: float) -> None:
        """Wait before the next request."""
        if seconds > 0:
            refusal = self._target.budget.refusal(seconds)
            if refusal is not None:
                raise BudgetExhausted(refusal)
            self._sleep(seconds)

    def next_number(self) -> int:
        """The number of the next exchange."""
        self._number += 1
        return self._number

    def _read(self, probe: Probe) -> Observation:
        exchange = self._target.send(probe, self.next_number())[-1]
        self.reads.append(exchange)
        return Observation(exchange, self._contract)

    def _send_once(self, probe: Probe, body: bytes) -> Exchange:
        """Send a request that changes something, on a connection of its own; again only where a limit refused it."""
        self._target.close()
        sent = self._target.send(probe, self.next_number(), body)[-1]
        for pause in _LIMITED:
            if sent.response is None or sent.status != 429 or probe.forced_status == 429:
                break
            asked = retry_after(sent.response.header("Retry-After"), sent.started_at)
            self.rest(min(asked or pause, self._target.max_retry_after))
            self._target.close()
            sent = self._target.send(probe, self.next_number(), body)[-1]
        return sent


def _whole_list(operation: Operation) -> str:
    """A query for as much of a list as the document admits in one page.

    Where it has no bound it may have one in words only (OpenAI's batches: 1 to 100), and more is refused; what it takes
    without a number it takes with it.
    """
    asked = parse_qsl(operation.required_query)
    form = operation.listing
    limit = form.limit if form is not None else None
    if limit is not None:
        usual = limit.default if isinstance(limit.default, int) else 0
        is_bounded = not limit.admits(_WITHOUT_BOUND)
        sizes = (1000, 100, 50, 20) if is_bounded or usual >= 1000 else (100, 50, 20)
        most = next((str(one) for one in sizes if limit.admits(str(one))), None)
        asked = [(name, value) for name, value in asked if name != limit.name]
        asked += [(limit.name, most)] if most is not None else []
    return urlencode(asked)
