"""The exchanges that a suite wrote down itself: lines of a recording that say what each request was sent for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batch_conformance.exchange.exchange import Exchange, Request
from batch_conformance.recorded.line import LineError, exchange_of, values_of


@dataclass(frozen=True, slots=True)
class Spooled:
    """What a file of exchanges held: those that could be read, in file order, and how many lines could not."""

    exchanges: tuple[Exchange, ...]
    broken: int = 0


def read_spool(path: Path) -> Spooled:
    """Read a file that a ``Spool`` wrote. Lines that are cut off or no exchange are counted and left out."""
    exchanges: list[Exchange] = []
    broken = 0
    with path.open("rb") as file:
        for line in file:
            if line.strip():
                try:
                    exchanges.append(spooled(values_of(line)))
                except LineError:
                    broken += 1
    return Spooled(tuple(exchanges), broken)


def spooled(values: Mapping[str, Any]) -> Exchange:
    """The exchange that ``exchange_to_dict`` wrote. Raises ``LineError`` for anything else."""
    recorded = exchange_of(values)
    if recorded.probe is None or recorded.number is None:
        raise LineError("the line does not say what the request was sent for, and as which")
    return Exchange(
        recorded.number,
        recorded.probe,
        Request(recorded.method, recorded.url, recorded.request_headers),
        recorded.response,
        recorded.failure,
        recorded.attempt,
        recorded.final,
        recorded.started_at,
        recorded.elapsed,
        recorded.reflections,
    )
