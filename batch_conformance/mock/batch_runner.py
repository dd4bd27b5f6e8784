"""Files and batches that clients made. A batch moves on by the clock, at the time at which it is asked for.

A batch also moves at most one step with each request that shows it, so that who reads it often enough sees every step,
on a machine of any speed.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from batch_conformance.mock.batch_results import (
    FileProblem,
    Result,
    failing,
    lines_of,
    never_sent,
    results_of,
    to_jsonl,
)
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
FINAL = frozenset({"completed", "failed", "cancelled", "expired"})

ResultKind = Literal["output", "error"]
"""Which of the two files of results: that of the answers, or that of the errors."""


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
    problems: tuple[FileProblem, ...] = ()
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
        """Whether it has ended."""
        return self.state in FINAL


class BatchRunner:
    """The files and batches of one mock. ``clock`` is the mock's time in seconds and ``now`` the time of day.

    With ``eager`` a batch moves with every request that shows it, whatever time it is.
    """

    def __init__(
        self,
        behaviour: Behaviour,
        *,
        clock: Callable[[], float],
        now: Callable[[], float],
        ids: tuple[str, ...] = (),
        file_ids: tuple[str, ...] = (),
        eager: bool = False,
        seconds: float = SECONDS,
    ) -> None:
        self.files: dict[str, StoredFile] = {}
        self.runs: dict[str, Run] = {}
        self._behaviour = behaviour
        self._clock = clock
        self._now = now
        self._ids = ids
        self._file_ids = itertools.cycle(file_ids)
        self._eager = eager
        self._step_seconds = seconds / _LAST
        self._numbers = itertools.count(1)

    def upload(self, name: str, purpose: str, content: bytes) -> StoredFile:
        """Keep a file."""
        stored = StoredFile(
            self.file_id(f"file-{name_of(next(self._numbers))}"), name, purpose, content, int(self._now())
        )
        self.files[stored.id] = stored
        while len(self.files) > _MOST or sum(len(one.content) for one in self.files.values()) > _MOST_BYTES:
            self.files.pop(next(iter(self.files)))
        return stored

    def file_id(self, usual: str) -> str:
        """The id of the next file: this one where any text will do."""
        return next(self._file_ids, usual)

    def create(self, asked: Mapping[str, Any], file: StoredFile, problems: tuple[FileProblem, ...], hours: int) -> Run:
        """Begin a batch; one whose lines have ``problems`` will fail."""
        number = next(self._numbers)
        batch_id = self._ids[number % len(self._ids)] if self._ids else f"batch_{name_of(number)}"
        created = int(self._now())
        replaced = asked.get("replace")
        model = replaced.get("model") if isinstance(replaced, dict) else None
        results = results_of(file.content, batch_id, created=created, model=str(model or ""))
        results = (*map(failing, results[: self._behaviour.failing]), *results[self._behaviour.failing :])
        expires = created if self._behaviour.expires else created + hours * HOUR
        run = Run(batch_id, asked, file, created, expires, self._clock(), results, problems)
        self.runs.pop(batch_id, None)
        self.runs[batch_id] = run
        while len(self.runs) > _MOST:
            self.runs.pop(next(iter(self.runs)))
        return run

    def look(self, batch_id: str | None, number: int) -> Run | None:
        """The batch as it is for the request of this number; None where there is none of this id."""
        run = self.runs.get(batch_id or "")
        if run is not None and run.seen != number:
            run.seen = number
            if run.is_final:
                self._go_on(run)
            elif run.state == "cancelling" and self._behaviour.undone != "resumes":
                if self._eager or self._clock() - run.stopped >= self._step_seconds:
                    self._enter(run, "cancelled")
            else:
                self._advance(run)
        return run

    def look_to_cancel(self, batch_id: str | None, number: int) -> Run | None:
        """The same for a request to cancel it: that alone is no reason for an eager one to move."""
        return self.runs.get(batch_id or "") if self._eager else self.look(batch_id, number)

    def cancel(self, run: Run) -> None:
        """Have a batch end before its requests are done."""
        if self._behaviour.undone == "ignored":
            return
        run.stopped = self._clock()
        self._enter(run, "cancelled" if self._behaviour.cancel_at_once or run.is_final else "cancelling")

    def file_of(self, run: Run, kind: ResultKind) -> bytes | None:
        """What is in the file of results of a kind; None where there is none, or none yet."""
        if run.state not in ("completed", "cancelled", "expired"):
            early = self._behaviour.named_early and run.state in ("in_progress", "finalizing") and kind == "output"
            return b"" if early else None
        found = self._results_of(run, kind)
        return to_jsonl(found) if found or self._behaviour.names_empty_files else None

    def _results_of(self, run: Run, kind: ResultKind) -> Sequence[Result]:
        """The results of a batch that has ended: those that succeeded, or the others, some of them never sent."""
        sent = run.results[: run.done]
        if kind == "output":
            kept = run.state == "completed" or self._behaviour.keeps_partial
            both = self._behaviour.failures_in == "output"
            return [result for result in sent if result.succeeded or both] if kept else ()
        failed = [result for result in sent if not result.succeeded and self._behaviour.failures_in == "error"]
        return [*failed, *(never_sent(result, run.state) for result in run.results[run.done :])]

    def _advance(self, run: Run) -> None:
        by_clock = _LAST if self._eager else min(_LAST, int((self._clock() - run.begun) / self._step_seconds))
        step = by_clock if self._behaviour.sudden else min(run.step + 1, by_clock)
        if run.problems and step > run.step:
            self._enter(run, "failed")
            return
        if step <= run.step:
            return
        run.step = step
        if step >= _HALF_DONE:
            run.done = run.total if step >= _FINALIZING else math.ceil(run.total / 2)
        if self._behaviour.expires and step == _FINALIZING:
            run.done = math.ceil(run.total / 2)
            self._enter(run, "expired")
        elif STEPS[step] != run.state:
            self._enter(run, STEPS[step])

    def _go_on(self, run: Run) -> None:
        """What becomes of a batch that has ended: nothing, unless the mock drifts."""
        if run.state == "cancelled" and self._behaviour.undone == "completes":
            run.done = run.total
            del run.times["cancelled"]
            self._enter(run, "completed")
        elif run.state == "completed" and self._behaviour.returns:
            run.state, run.step = "in_progress", _HALF_DONE

    def _enter(self, run: Run, state: str) -> None:
        run.state = state
        run.times.setdefault(state, int(self._now()))
