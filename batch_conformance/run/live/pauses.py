"""The pauses of a run, and what is done in them instead of nothing."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterable


class Pauses:
    """Sleeps, and first does one of the chores that would have to be done after the run, then what is always to do.

    A chore is short, and may be done never or twice. ``meanwhile`` is called in what is left of a pause, with the
    reading of the monotonic clock by which it should return. What fails is left to where its outcome is needed. All of
    it is done by the thread that made this, and by no other that sleeps here.
    """

    def __init__(
        self, chores: Iterable[Callable[[], object]] = (), meanwhile: Callable[[float], object] = lambda _: None
    ) -> None:
        self._chores = list(chores)
        self.meanwhile = meanwhile
        self._thread = threading.get_ident()

    def sleep(self, seconds: float) -> None:
        """Wait that many seconds, a little longer where what is done takes longer."""
        until = time.monotonic() + seconds
        if threading.get_ident() == self._thread:
            with contextlib.suppress(Exception):
                if self._chores:
                    self._chores.pop(0)()
                self.meanwhile(until)
        time.sleep(max(0.0, until - time.monotonic()))
