"""Exchanges written as JSON: one dictionary each, one a line of a file that survives being cut off.

``recorded.spooled`` reads them again.
"""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from types import TracebackType
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


class Spool:
    """A file to which exchanges are appended, one line each, flushed so that a crash loses at most the last one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # Appending to a line that a crash cut off would lose the next exchange as well.
        torn = path.exists() and path.stat().st_size > 0 and not _ends_with_newline(path)
        self._file = path.open("a", encoding="utf-8", newline="\n")
        if torn:
            self._file.write("\n")

    def append(self, exchange: Exchange) -> None:
        """Write one exchange. Raises ``OSError`` when the disk does."""
        self._file.write(json.dumps(exchange_to_dict(exchange), separators=(",", ":")) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


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
