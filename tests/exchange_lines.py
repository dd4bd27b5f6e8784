"""Exchanges as lines of recorded traffic that say what each request was sent for, and such lines read again."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from batch_conformance.exchange.exchange import Exchange, Headers, Request, Response
from batch_conformance.exchange.record import failure_to_dict, probe_to_dict
from batch_conformance.message import shown
from batch_conformance.message_json import as_json
from batch_conformance.recorded.line import LineError, exchange_of


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
        **({} if response.wire_notes is None else {"wire_notes": _pairs(response.wire_notes)}),
        **({} if response.headers_complete else {"headers_complete": False}),
    }


def spooled(values: Mapping[str, Any]) -> Exchange:
    """The exchange that ``exchange_to_dict`` wrote. Raises ``LineError`` for anything else."""
    recorded = exchange_of(values)
    if recorded.probe is None or recorded.number is None:
        raise LineError(shown("the line does not say what the request was sent for, and as which"))
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
