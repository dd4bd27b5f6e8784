"""What a run may cost the server: requests per second, requests in all, seconds in all."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from batch_conformance.input_error import InputError
from batch_conformance.message import Message, Template

_IS_NO_RATE_LIMIT_WRITE = Template(
    "limits.is_no_rate_limit_write",
    "{text} is no rate limit: write a count above 0 per s, m or h, like 10/s or 100/m",
)
_REQUESTS_ARE_NOT_ENOUGH_TO = Template(
    "limits.requests_are_not_enough_to",
    "{max_requests} requests are not enough to test anything: allow at least 1",
)
_DURATION_OF_IS_NOT_POSSIBLE = Template(
    "limits.duration_of_is_not_possible",
    "a duration of {max_duration} s is not possible: allow more than 0 seconds",
)

_RATE = re.compile(r"\s*(\d+)\s*/\s*(s|sec|second|m|min|minute|h|hour)\s*")
_REQUESTS_USED = Template("run.requests_used", "all {number} requests of the run are used: --max-requests allows more")
_SECONDS_USED = Template("run.seconds_used", "the {number} seconds of the run are used: --max-duration allows more")
_PERIODS = {"s": 1.0, "m": 60.0, "h": 3600.0}


class LimitError(InputError):
    """A limit that cannot be meant. Its text is one line that says what to write instead."""


class BudgetExhausted(Exception):  # noqa: N818 - an outcome of a run, not an error of anyone
    """The run has used its requests or its time; nothing was sent. Its text says which."""

    def __init__(self, reason: Message) -> None:
        super().__init__(str(reason))
        self.reason = reason


@dataclass(frozen=True, slots=True)
class RateLimit:
    """At most ``count`` requests in every ``period`` seconds, evenly spaced."""

    count: int
    period: float

    @classmethod
    def parse(cls, text: str) -> RateLimit:
        """Read ``10/s``, ``100/m`` or ``500/h``. Raises ``LimitError``."""
        match = _RATE.fullmatch(text)
        if not match or not int(match[1]):
            raise LimitError(_IS_NO_RATE_LIMIT_WRITE(text=f"{text!r}"))
        return cls(int(match[1]), _PERIODS[match[2][0]])

    @property
    def interval(self) -> float:
        """Seconds from one request to the next."""
        return self.period / self.count

    def __str__(self) -> str:
        unit = next(name for name, seconds in _PERIODS.items() if seconds == self.period)
        return f"{self.count}/{unit}"


class Pacer:
    """Spaces requests by a rate limit; without one it never waits.

    Even spacing rather than bursts: a server's own limiter sees the most regular client possible.
    """

    def __init__(
        self,
        rate: RateLimit | None,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._interval = rate.interval if rate else 0.0
        self._clock = clock
        self._sleep = sleep
        self._next = float("-inf")

    @property
    def interval(self) -> float:
        """Seconds from one request to the next; 0 without a limit."""
        return self._interval

    def slow_down(self, interval: float) -> None:
        """Space the requests from now on by so many seconds."""
        self._interval = interval
        self._next = max(self._next, self._clock() + interval)

    def due(self) -> float:
        """Seconds until the next request may go out."""
        return max(0.0, self._next - self._clock()) if self._interval else 0.0

    def wait(self) -> None:
        """Sleep until the next request may go out, and take its place."""
        if not self._interval:
            return
        now = self._clock()
        if now < self._next:
            self._sleep(self._next - now)
            now = self._next
        self._next = now + self._interval


class Budget:
    """Counts every request of a run, retries included, against its limits. None means no limit.

    The time runs from the first request on. Some requests can be kept back for what has to be sent however a run ends:
    ``exempt`` has them, and no limit of time.
    """

    def __init__(
        self,
        max_requests: int | None = None,
        max_duration: float | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if max_requests is not None and max_requests < 1:
            raise LimitError(_REQUESTS_ARE_NOT_ENOUGH_TO(max_requests=str(max_requests)))
        if max_duration is not None and max_duration <= 0:
            raise LimitError(_DURATION_OF_IS_NOT_POSSIBLE(max_duration=f"{max_duration:g}"))
        self.max_requests = max_requests
        self.max_duration = max_duration
        self.used = 0
        self._clock = clock
        self._started: float | None = None
        self._kept_back = 0
        self._is_exempt = False

    def keep_back(self, count: int) -> None:
        """Keep so many of the requests that are left for ``exempt``; 0 for none."""
        self._kept_back = count

    @contextmanager
    def exempt(self) -> Iterator[None]:
        """While this lasts, the requests that were kept back may be sent, whatever time it is."""
        self._is_exempt = True
        try:
            yield
        finally:
            self._is_exempt = False

    def take(self) -> None:
        """Count one request that is about to be sent. Raises ``BudgetExhausted`` where none is left."""
        refusal = self.refusal()
        if refusal:
            raise BudgetExhausted(refusal)
        if self._started is None:
            self._started = self._clock()
        self.used += 1

    @property
    def seconds_left(self) -> float:
        """Seconds in which requests may still be sent; infinite without a limit."""
        if self.max_duration is None:
            return float("inf")
        return self.max_duration - (0.0 if self._started is None else self._clock() - self._started)

    def allows(self, pause: float = 0.0) -> bool:
        """Whether one more request fits after a pause of so many seconds."""
        return not self.refusal(pause)

    def refusal(self, pause: float = 0.0) -> Message | None:
        """Why no further request may be sent after that pause; None where one may."""
        kept_back = 0 if self._is_exempt else self._kept_back
        if self.max_requests is not None and self.used >= self.max_requests - kept_back:
            return _REQUESTS_USED(number=self.max_requests)
        if (
            not self._is_exempt
            and self.max_duration is not None
            and self._started is not None
            and self._clock() + pause - self._started >= self.max_duration
        ):
            return _SECONDS_USED(number=f"{self.max_duration:g}")
        return None
