"""Exchanges as an HTTP Archive (HAR 1.2), which browsers and proxies open."""

from __future__ import annotations

import base64
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote_plus, urlsplit

from batch_conformance import __version__
from batch_conformance.exchange.exchange import Exchange, Headers, Request, Response
from batch_conformance.exchange.record import failure_to_dict, probe_to_dict
from batch_conformance.message_json import as_json


def har(exchanges: Iterable[Exchange]) -> dict[str, Any]:
    """A HAR 1.2 document with one entry per attempt, in the order of sending.

    An attempt without a response has status 0, as browsers write it; its failure stands in the entry's ``comment``.
    What HAR has no place for is in members that begin with an underscore, as its specification asks.
    """
    ordered = sorted(exchanges, key=lambda exchange: (exchange.started_at, exchange.order))
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "batch-conformance", "version": __version__},
            "entries": [_entry(exchange) for exchange in ordered],
        }
    }


def _entry(exchange: Exchange) -> dict[str, Any]:
    milliseconds = exchange.elapsed * 1000
    probe = exchange.probe
    comment = f"{probe.chapter}: {probe.name}"
    if exchange.failure:
        comment += f"; {exchange.failure.kind}: {exchange.failure.detail}"
    return {
        "startedDateTime": datetime.fromtimestamp(exchange.started_at, UTC).isoformat(timespec="milliseconds"),
        "time": milliseconds,
        "request": _request(exchange.request),
        "response": _response(exchange.response),
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
        "comment": comment,
        "_number": exchange.number,
        "_attempt": exchange.attempt,
        "_credential": probe.credential,
        # With these, what was recorded is judged again as the run was.
        "_final": exchange.final,
        "_probe": probe_to_dict(probe),
        "_failure": failure_to_dict(exchange.failure),
        "_reflections": list(exchange.reflections),
    }


def _request(request: Request) -> dict[str, Any]:
    query = request.url.partition("?")[2].partition("#")[0]
    pairs = [part.partition("=") for part in query.split("&") if part]
    content_type = request.header("Content-Type") or "application/octet-stream"
    sent = {"postData": {"mimeType": content_type, "text": request.body.decode("utf-8", "replace")}}
    return {
        "method": request.method,
        "url": request.url,
        "httpVersion": "HTTP/1.1",
        "cookies": [],
        "headers": [{"name": "Host", "value": _host(request.url)}, *_headers(request.headers)],
        "queryString": [{"name": unquote_plus(name), "value": unquote_plus(value)} for name, _, value in pairs],
        **(sent if request.body else {}),
        "headersSize": -1,
        "bodySize": len(request.body),
    }


def _response(response: Response | None) -> dict[str, Any]:
    version = f"HTTP/{response.http_version}" if response else ""
    response = response or Response(status=0)
    return {
        "status": response.status,
        "statusText": response.reason,
        "httpVersion": version,
        "cookies": [],
        "headers": _headers(response.headers),
        "content": _content(response),
        "redirectURL": response.header("Location") or "",
        "headersSize": -1,
        "bodySize": response.wire_size if response.status else -1,
        "_truncated": response.truncated,
        "_decode_error": str(response.decode_error or ""),
        "_decode_message": as_json(response.decode_error) if response.decode_error else None,
        "_trailing": response.trailing,
        "_wire_notes": None if response.wire_notes is None else [list(note) for note in response.wire_notes],
    }


def _content(response: Response) -> dict[str, Any]:
    content: dict[str, Any] = {
        "size": len(response.body),
        "mimeType": response.header("Content-Type") or "x-unknown",
    }
    try:
        content["text"] = response.body.decode("utf-8")
    except UnicodeDecodeError:
        content["text"] = base64.b64encode(response.body).decode("ascii")
        content["encoding"] = "base64"
    if response.truncated:
        content["comment"] = "cut off: the body is longer"
    elif response.wire_size != len(response.body):
        content["compression"] = len(response.body) - response.wire_size
    return content


def _headers(headers: Headers) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in headers]


def _host(url: str) -> str:
    try:
        return urlsplit(url).netloc
    except ValueError:
        return ""
