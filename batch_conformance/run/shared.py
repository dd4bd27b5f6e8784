"""What the workers of a parallel run share: the target, what the preflight said, and one count of requests."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from batch_conformance.exchange.limits import Budget


@dataclass(frozen=True, slots=True)
class Shared:
    """A worker's share of a run. ``place`` counts the ``count`` workers from 0; ``spool`` is a folder of the run's own.

    ``stopped`` says why nothing is to be sent, where the preflight found out; ``used`` counts the requests that came
    before the plan.
    """

    base_url: str
    key: str
    batch_ids: tuple[str, ...]
    spool: str
    place: int
    count: int
    stopped: str
    used: int = 0

    def __repr__(self) -> str:
        return f"Shared({self.base_url}, {self.place} of {self.count})"

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for the channel to the worker; never written anywhere."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Shared:
        """What ``to_dict`` made."""
        return cls(**{**values, "batch_ids": tuple(values["batch_ids"])})

    @property
    def recording(self) -> Path:
        """Where this worker writes its exchanges, one line each, as they come."""
        return Path(self.spool) / f"{self.place}.ndjson"


class SharedBudget(Budget):
    """A budget that several processes use up together: a file with one byte for each request sent."""

    def __init__(self, counter: Path, max_requests: int | None = None, max_duration: float | None = None) -> None:
        super().__init__(max_requests, max_duration)
        self._counter = os.open(counter, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)

    def take(self) -> None:
        """Count one request of any process. Raises ``BudgetExhausted`` where none is left."""
        self.used = os.fstat(self._counter).st_size
        super().take()
        os.write(self._counter, b".")

    def refusal(self, pause: float = 0.0) -> str:
        """Why no further request may be sent after that pause; what other processes have sent counts."""
        self.used = os.fstat(self._counter).st_size
        return super().refusal(pause)

    def close(self) -> None:
        """Give the file back."""
        os.close(self._counter)
