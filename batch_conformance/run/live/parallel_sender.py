"""Sends requests over several connections at once; their exchanges are taken in the order of the plan."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from queue import SimpleQueue

from batch_conformance.exchange.exchange import Exchange, Probe
from batch_conformance.exchange.target import Target
from batch_conformance.exchange.transport import AwaitsBody

Attempts = tuple[Exchange, ...]
MayRepeat = Callable[[Exchange], bool]


class ParallelSender:
    """Sends upcoming probes, as many at once as there are ``targets``.

    The targets share one budget and one pace. ``rest`` waits for what a probe asks to have waited, which is the run's
    own affair and not that of a connection. Use it as a context manager, which ends the threads.
    """

    def __init__(
        self,
        targets: Sequence[Target],
        rest: Callable[[float], None],
        may_repeat: MayRepeat,
        awaits_body: Callable[[Probe], AwaitsBody],
    ) -> None:
        self._most = len(targets)
        self._rest = rest
        self._may_repeat = may_repeat
        self._awaits_body = awaits_body
        self._free: SimpleQueue[Target] = SimpleQueue()
        for target in targets:
            self._free.put(target)
        self._pool = ThreadPoolExecutor(max(self._most, 1), thread_name_prefix="connection")
        self._sent: dict[int, Future[Attempts]] = {}
        self._reading: dict[int, str] = {}
        self._is_over = False

    def __enter__(self) -> ParallelSender:
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over = True
        self._pool.shutdown(wait=False, cancel_futures=True)

    def __contains__(self, number: int) -> bool:
        return number in self._sent

    def fill(self, upcoming: Iterable[tuple[int, Probe]]) -> None:
        """Send of what comes next until all connections are busy; one batch is polled by one of them at a time.

        Raises ``BudgetExhausted`` where the run ends before a probe may be sent.
        """
        for number, probe in upcoming:
            if len(self._sent) >= self._most:
                return
            if number in self._sent:
                continue
            polled = probe.batch_id or "" if probe.chapter == "lifecycle" else ""
            if polled and polled in self._reading.values():
                return
            self._rest(probe.wait)
            self._reading[number] = polled
            self._sent[number] = self._pool.submit(self._send, number, probe)

    def take(self, number: int) -> Attempts:
        """Wait for what came of a probe that was sent. Raises ``BudgetExhausted`` where it could not be."""
        try:
            return self._sent[number].result()
        finally:
            del self._sent[number], self._reading[number]

    def end(self) -> tuple[int, ...]:
        """Repeat nothing any more, and give the numbers of what was sent and not taken yet, in the order of sending."""
        self._is_over = True
        return tuple(self._sent)

    def _send(self, number: int, probe: Probe) -> Attempts:
        target = self._free.get()
        try:
            made = target.send(
                replace(probe, wait=0.0), number, may_repeat=self._repeats, awaits_body=self._awaits_body(probe)
            )
        finally:
            self._free.put(target)
        return tuple(replace(one, probe=replace(one.probe, wait=probe.wait)) for one in made)

    def _repeats(self, exchange: Exchange) -> bool:
        return not self._is_over and self._may_repeat(exchange)
