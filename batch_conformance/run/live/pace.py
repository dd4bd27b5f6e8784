"""The pace of a run: where a target limits requests (429, RFC 6585 section 4), it is asked more slowly from then on."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from batch_conformance.exchange.exchange import Exchange, Probe
from batch_conformance.exchange.target import Target, is_repeatable, retry_after
from batch_conformance.probes.credentials import is_refused

WINDOW = 1.0
"""Seconds after which a limit of so many requests a second has passed."""
_STEPS = (10.0, 5.0, 2.0, 1.0, 0.5)
"""Requests a second, one step after another."""
_LATELY, _OFTEN = 5, 2
"""Of so many requests in a row, how many that were limited and then answered ask for the next step; one that named a
time to wait is enough. A single one may be chance."""
_LONG_REST, _LONG_RESTS = 30.0, 2
"""Seconds that are rested where a limit does not pass by itself, and how often before the run ends: a minute in all,
which is what services count by that do not count by the second."""
_AFTER_LONG_REST = 1.0
"""Requests a second at most, afterwards."""


class Pace:
    """How fast a target is asked. It only ever gets slower, and never so slow that the run's duration is passed."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._lately: deque[bool] = deque(maxlen=_LATELY)
        self._slowed = False
        self._long_rests = 0

    @property
    def limit(self) -> float:
        """Requests a second at most, where the target's limit made the run slower; else 0."""
        return 1 / self._target.interval if self._slowed and self._target.interval else 0.0

    @property
    def may_rest(self) -> bool:
        """Whether a long rest may still help."""
        return self._long_rests < _LONG_RESTS

    def add(self, attempts: Sequence[Exchange], unsent: int) -> None:
        """Take in the attempts of a request, and go slower where they say so; ``unsent`` requests are still to come."""
        limited = [one for one in attempts if one.status == 429]
        passed = bool(limited) and attempts[-1].status != 429
        self._lately.append(passed)
        if passed and (len(limited) > 1 or sum(self._lately) >= _OFTEN or _names_a_time(limited[0])):
            self._slow_down(unsent)

    def rest(self, unsent: int) -> None:
        """Rest for longer than a retry does, and go on slower. Raises ``BudgetExhausted`` where there is no time."""
        self._long_rests += 1
        self._target.pause(_LONG_REST)
        self._slow_down(unsent, _AFTER_LONG_REST)

    def _slow_down(self, unsent: int, most: float = _STEPS[0]) -> None:
        """Go on at the next slower step, at ``most`` so many requests a second, as far as the duration allows."""
        interval = self._target.interval
        slower = next((1 / step for step in _STEPS if step <= most and 1 / step > interval * 1.01), interval)
        self._lately.clear()
        self._target.slow_down(slower, unsent)
        self._slowed = self._slowed or (unsent > 0 and self._target.interval > interval)


def concerns_pace(probe: Probe) -> bool:
    """Whether a 429 to a request is about how fast the target is asked.

    One that was asked for is not, nor one that guards against the guessing of credentials.
    """
    return not is_refused(probe.credential) and is_repeatable(probe) and probe.forced_status != 429


def _names_a_time(exchange: Exchange) -> bool:
    """Whether an answer says when to ask again."""
    answer = exchange.response
    return answer is not None and retry_after(answer.header("Retry-After"), exchange.started_at) is not None
