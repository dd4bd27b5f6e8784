"""The pauses of a run, and what is done in them instead of nothing."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable


class Pauses:
    """Sleeps, and first does one of the chores that would have to be done after the run.

    A chore is short, and may be done never or twice. One that fails is left to where its outcome is needed.
    """

    def __init__(self, chores: Iterable[Callable[[], object]]) -> None:
        self._chores = list(chores)

    def sleep(self, seconds: float) -> None:
        """Wait that many seconds, a little longer where a chore took longer."""
        until = time.monotonic() + seconds
        if self._chores:
            with contextlib.suppress(Exception):
                self._chores.pop(0)()
        time.sleep(max(0.0, until - time.monotonic()))
