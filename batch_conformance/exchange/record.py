"""What the suite knows of an exchange beside its bytes, as JSON: the probe and the failure, for the HAR file."""

from __future__ import annotations

from typing import Any

from batch_conformance.exchange.exchange import Failure, Headers, Probe
from batch_conformance.message_json import as_json


def failure_to_dict(failure: Failure | None) -> dict[str, Any] | None:
    """A failure as JSON-safe values."""
    if failure is None:
        return None
    return {"kind": failure.kind, "detail": str(failure.detail), "message": as_json(failure.detail)}


def probe_to_dict(probe: Probe) -> dict[str, Any]:
    """A probe as JSON-safe values."""
    return {
        "chapter": probe.chapter,
        "name": probe.name,
        "path": probe.path,
        "batch_id": probe.batch_id,
        "subject": probe.subject,
        "method": probe.method,
        "headers": _pairs(probe.headers),
        "query": probe.query,
        "credential": probe.credential,
        "forced_status": probe.forced_status,
        "wait": probe.wait,
    }


def _pairs(headers: Headers) -> list[list[str]]:
    return [[name, value] for name, value in headers]
