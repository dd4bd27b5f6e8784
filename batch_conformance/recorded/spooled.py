"""The exchanges that a suite wrote down itself: lines of a recording that say what each request was sent for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from batch_conformance.exchange.exchange import Exchange, Request
from batch_conformance.recorded.line import LineError, exchange_of


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
