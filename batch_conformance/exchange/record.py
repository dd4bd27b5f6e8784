"""Exchanges written as JSON: one dictionary each, as a line of recorded traffic has it.

``recorded.spooled`` reads them again.
"""

from __future__ import annotations

import base64
from typing import Any

from batch_conformance.exchange.exchange import Exchange, Failure, Headers, Probe, Response
from batch_conformance.message_json import as_json


def exchange_to_dict(exchange: Exchange) -> dict[str, Any]:
    """An exchange as JSON-safe values. A body stands as ``body`` where it is UTF-8, else as ``body_base64``."""
    probe, request = exchange.probe, exchange.request
    return {
        "number": exchange.number,
        "attempt": exchange.attempt,
        "final": exchange.final,
        "started_at": exchange.started_at,
        "elapsed": exchange.elapsed,
        "probe": probe_to_dict(probe),
        "request": {"method": request.method, "url": request.url, "headers": _pairs(request.headers)},
        "response": _response_to_dict(exchange.response),
        "failure": failure_to_dict(exchange.failure),
        "reflections": list(exchange.reflections),
    }


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


def _response_to_dict(response: Response | None) -> dict[str, Any] | None:
    if response is None:
        return None
    try:
        body = {"body": response.body.decode("utf-8")}
    except UnicodeDecodeError:
        body = {"body_base64": base64.b64encode(response.body).decode("ascii")}
    return {
        "status": response.status,
        "reason": response.reason,
        "http_version": response.http_version,
        "headers": _pairs(response.headers),
        **body,
        "wire_size": response.wire_size,
        "truncated": response.truncated,
        "decode_error": str(response.decode_error or ""),
        "decode_message": as_json(response.decode_error) if response.decode_error else None,
        "trailing": response.trailing,
        **({} if response.headers_complete else {"headers_complete": False}),
    }
