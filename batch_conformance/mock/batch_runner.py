"""Files and batches that clients made. A batch moves on by the clock, at the time at which it is asked for.

A batch also moves at most one step with each request that shows it, so that who reads it often enough sees every step,
on a machine of any speed.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from batch_conformance.mock.batch_results import LineError, Result, cancelled, lines_of, results_of, to_jsonl
from batch_conformance.mock.behaviour import Behaviour

SECONDS = 1.0
"""From the making of a batch to its end, by the clock."""
HOUR = 3600
_MOST = 200
"""Files, and batches, of which a mock knows; the oldest are forgotten."""
_MOST_BYTES = 64 * 1024 * 1024
"""Of all files together."""
_LETTERS = "abcdefghijklmnopqrstuvwxyz"

STEPS = ("in_queue", "in_progress", "in_progress", "finalizing", "completed")
"""The states that a batch goes through; half of its requests are done when it is in progress the second time."""
_HALF_DONE, _FINALIZING = 2, 3
_LAST = len(STEPS) - 1
FINAL = frozenset({"completed", "failed", "cancelled"})


def name_of(number: int) -> str:
    """Ten letters for a number from 1: what ids of SiliconFlow's kind end with."""
    value, letters = number * 7_919_317 % 26**6, ""
    for _ in range(6):
        value, digit = divmod(value, 26)
        letters += _LETTERS[digit]
    return "mock" + letters


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that was uploaded. ``created`` is in Unix seconds."""

    id: str
    name: str
    purpose: str
    content: bytes
    created: int

    @property
    def lines(self) -> int:
        """The requests in it."""
        return len(lines_of(self.content))


@dataclass
class Run:
    """A batch that was made. ``asked`` is the body of the request, ``begun`` the mock's time, ``created`` that of day.

    ``times`` has the moments, in Unix seconds, at which states began. ``seen`` is the number of the request that showed
    it last. ``done`` counts the requests that have been sent, in the order of the file.
    """

    id: str
    asked: Mapping[str, Any]
    file: StoredFile
    created: int
    expires: int
    begun: float
    results: tuple[Result, ...]
    problems: tuple[LineError, ...] = ()
    state: str = STEPS[0]
    step: int = 0
    done: int = 0
    seen: int = 0
    stopped: float = 0.0
    times: dict[str, int] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """The requests in its file."""
        return len(self.results)

    @property
    def completed(self) -> int:
        """Requests that were answered."""
        return sum(result.succeeded for result in self.results[: self.done])

    @property
    def failed(self) -> int:
        """Requests that were refused."""
        return self.done - self.completed

    @property
    def is_final(self) -> bool:
        """Whether it will never change again."""
        return self.state in FINAL

    def output(self) -> tuple[Result, ...]:
        """The results of a batch that has ended, those that succeeded."""
        return tuple(result for result in self.results[: self.done] if result.succeeded)

    def errors(self) -> tuple[Result, ...]:
        """The results of a batch that has ended, those that did not succeed: never sent, where it was cancelled."""
        refused = [result for result in self.results[: self.done] if not result.succeeded]
        return (*refused, *map(cancelled, self.results[self.done :]))

    def file_of(self, kind: str) -> bytes | None:
        """What is in its ``output`` or ``error`` file; None where there is none, or none yet."""
        if self.state not in ("completed", "cancelled"):
            return None
        found = self.output() if kind == "output" else self.errors()
        return to_jsonl(found) if found else None


class BatchRunner:
    """The files and batches of one mock. ``clock`` is the mock's time in seconds and ``now`` the time of day.

    With ``eager`` a batch moves with every request that shows it, whatever time it is.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        now: Callable[[], float],
        ids: tuple[str, ...] = (),
        eager: bool = False,
        seconds: float = SECONDS,
        behaviour: Behaviour,
    ) -> None:
        self.files: dict[str, StoredFile] = {}
        self.runs: dict[str, Run] = {}
        self._clock = clock
        self._now = now
        self._ids = ids
        self._eager = eager
        self._step_seconds = seconds / _LAST
        self._behaviour = behaviour
        self._numbers = itertools.count(1)

    def upload(self, name: str, purpose: str, content: bytes) -> StoredFile:
        """Keep a file."""
        stored = StoredFile(f"file-{name_of(next(self._numbers))}", name, purpose, content, int(self._now()))
        self.files[stored.id] = stored
        while len(self.files) > _MOST or sum(len(one.content) for one in self.files.values()) > _MOST_BYTES:
            self.files.pop(next(iter(self.files)))
        return stored

    def create(self, asked: Mapping[str, Any], file: StoredFile, problems: tuple[LineError, ...], hours: int) -> Run:
        """Begin a batch; one whose lines have ``problems`` will fail."""
        number = next(self._numbers)
        batch_id = self._ids[number % len(self._ids)] if self._ids else f"batch_{name_of(number)}"
        created = int(self._now())
        replaced = asked.get("replace")
        model = replaced.get("model") if isinstance(replaced, dict) else None
        results = results_of(file.content, batch_id, created=created, model=str(model or ""))
        run = Run(batch_id, asked, file, created, created + hours * HOUR, self._clock(), results, problems)
        self.runs.pop(batch_id, None)
        self.runs[batch_id] = run
        while len(self.runs) > _MOST:
            self.runs.pop(next(iter(self.runs)))
        return run

    def look(self, batch_id: str | None, number: int) -> Run | None:
        """The batch as it is for the request of this number; None where there is none of this id."""
        run = self.runs.get(batch_id or "")
        if run is not None and run.seen != number and not run.is_final:
            run.seen = number
            self._advance(run)
        return run

    def cancel(self, run: Run) -> bool:
        """Have a batch end before its requests are done; false where it has ended, or is about to, already."""
        if run.is_final or run.state == "cancelling":
            return run.state == "cancelling"
        self._enter(run, "cancelling")
        run.stopped = self._clock()
        return True

    def _advance(self, run: Run) -> None:
        if run.state == "cancelling":
            if self._eager or self._clock() - run.stopped >= self._step_seconds:
                self._enter(run, "cancelled")
            return
        by_clock = _LAST if self._eager else int((self._clock() - run.begun) / self._step_seconds)
        step = min(run.step + 1, by_clock)
        if step <= run.step:
            return
        if run.problems:
            self._enter(run, "failed")
            return
        run.step = step
        if STEPS[step] != run.state:
            self._enter(run, STEPS[step])
        if step >= _HALF_DONE:
            run.done = run.total if step >= _FINALIZING else math.ceil(run.total / 2)

    def _enter(self, run: Run, state: str) -> None:
        run.state = state
        run.times[state] = int(self._now())
