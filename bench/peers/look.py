"""What a tool says of a mock, and what it is asked with."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from batch_conformance.mock.drift import Drift
from batch_conformance.mock.mutation import Mutation
from batch_conformance.mock.process import EmbeddedMock
from batch_conformance.run.prove.drift_runner import Entry, drift_of

HERE = Path(__file__).resolve().parent
CACHE = HERE.parent.parent / "build" / "peers"
_PATIENCE, _OF_SILENT = 10.0, 1.0

Found = frozenset[str]
"""What a tool reports, as short texts: one for each thing that it tells apart."""


@dataclass(frozen=True)
class Look:
    """What a tool found against one mock, and what it cost: requests, and its seconds of processor time."""

    found: Found
    requests: int
    seconds: float


def patience(*entries: Entry | None) -> float:
    """Seconds until a request counts as unanswered: few where some of the entries are known to leave it so."""
    silent = any(drift_of(entry).silent for entry in entries if entry is not None)
    return _OF_SILENT if silent else _PATIENCE


class Tool(Protocol):
    """A tool in one version. It is a context manager: what it needs (mocks, processes) is there while it is open."""

    name: str
    version: str
    together: int
    """How many entries it is given at once."""
    sources: Sequence[Path]
    """What decides how it is asked: a result holds for as long as none of these changes."""

    def __enter__(self) -> Tool: ...

    def __exit__(self, *_: object) -> None: ...

    def looks(self, entries: Sequence[Entry | None]) -> Sequence[Look]:
        """What it finds of each entry, on a mock that begins anew; None is the mock that conforms."""


def switch(mock: EmbeddedMock, entry: Entry | None) -> None:
    """Let a mock begin anew, showing an entry."""
    mutations = [entry] if isinstance(entry, Mutation) else []
    mock.switch(drifts=[entry.name] if isinstance(entry, Drift) else [], mutations=mutations)


class Stopwatch:
    """``seconds`` of processor time, of this process and of others that are named by their ids. Linux only."""

    def __init__(self) -> None:
        self.seconds = 0.0

    @contextmanager
    def running(self, *others: int) -> Iterator[None]:
        """Count what is spent meanwhile."""
        begun = time.process_time() + sum(map(_spent, others))
        yield
        self.seconds = max(0.0, time.process_time() + sum(map(_spent, others)) - begun)


def _spent(pid: int) -> float:
    """What a process has spent so far; of one that has ended nothing is known."""
    if not Path(f"/proc/{pid}").exists():
        return 0.0
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
