"""What a person sees while a run lasts: one line, written over; nothing where no person looks."""

from __future__ import annotations

import time
from collections.abc import Callable

from batch_conformance.report.text import cells, wrap

_EVERY = 0.25
"""Seconds between two updates of the line."""
_FIRST = 1.0
"""Seconds that pass before the line appears at all: a short run needs none."""


class ProgressLine:
    """Writes ``120/340 requests, hostile_ids, 2 findings, 4 s left`` over itself.

    ``write`` puts text on the terminal; ``findings`` counts what was found so far and is asked once a second;
    ``describe`` puts both, the chapter and the seconds that are left into words.
    """

    def __init__(
        self,
        write: Callable[[str], None],
        findings: Callable[[], int],
        describe: Callable[[int, int, str, int, int], str],
        *,
        width: int = 80,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._write = write
        self._findings = findings
        self._describe = describe
        self._width = width - 1
        self._clock = clock
        self._started = clock()
        self._next = self._started + _FIRST
        self._found = 0
        self._asked = self._started
        self._shown = False

    def __call__(self, sent: int, planned: int, chapter: str) -> None:
        """Show that ``sent`` of ``planned`` probes are done and that ``chapter`` is at it."""
        now = self._clock()
        if sent >= planned:
            self.clear()
        elif now >= self._next:
            if now - self._asked >= 1.0:
                self._found, self._asked = self._findings(), now
            left = (now - self._started) / max(sent, 1) * (planned - sent)
            line = wrap(self._describe(sent, planned, chapter, self._found, round(left)), self._width)[0]
            # pytest has written the test's name; the line goes below it.
            self._write(("\r" if self._shown else "\n") + line + " " * (self._width - cells(line)))
            self._next = now + _EVERY
            self._shown = True

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            self._write("\r" + " " * self._width + "\r")
            self._shown = False
