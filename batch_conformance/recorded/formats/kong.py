"""What Kong's plugins file-log, http-log, tcp-log and udp-log write: an exchange a line, in JSON.

Kong logs no bodies by itself; ``custom_fields_by_lua`` puts one at ``response.body`` (docs/VALIDATE.md).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from batch_conformance.message import Template
from batch_conformance.recorded.formats.format import (
    Head,
    RecordingFormat,
    Values,
    body_members,
    header_pairs,
    member,
    seconds,
)
from batch_conformance.recorded.line import LineError, values_of

_NO_LINE = Template("kong.no_line", "no line of Kong's log: it has no request with a URI, or no latencies")
_BEGUN = re.compile(rb'\{[^\n]*?"latencies"\s*:\s*\{')
_BODY = (("response", "body"), ("response_body",), ("resp_body",))
_SIZE = (("response", "body_size"), ("response_body_size",))
_CUT = (("response", "body_truncated"), ("response", "truncated"), ("response_body_truncated",))


def _is_log(values: Mapping[str, Any]) -> bool:
    request = values.get("request")
    of_kong = "latencies" in values or "tries" in values or "upstream_uri" in values
    return of_kong and isinstance(request, dict) and ("uri" in request or "url" in request)


def _recognises(head: Head) -> bool:
    if any(map(_is_log, head.objects)):
        return True
    return not head.is_whole and not head.lines and _BEGUN.match(head.text) is not None


def _exchange(line: bytes) -> Values:
    values = values_of(line)
    request, response = values.get("request"), values.get("response")
    if not isinstance(request, dict) or not _is_log(values):
        raise LineError(_NO_LINE())
    begun = seconds(values.get("started_at")) or 0.0
    elapsed = seconds(member(values, "latencies", "request")) or 0.0
    return {
        "request": {
            "method": request.get("method"),
            "url": _url(request),
            "headers": header_pairs(request.get("headers") or {}, "request.headers"),
        },
        "response": _response(values, response) if isinstance(response, dict) else None,
        "started_at": begun / 1000,
        "elapsed": elapsed / 1000,
    }


def _response(values: Mapping[str, Any], response: Mapping[str, Any]) -> Values:
    status = response.get("status")
    made: Values = {
        "status": int(status) if isinstance(status, str) and status.isascii() and status.isdigit() else status,
        "headers": header_pairs(response.get("headers") or None, "response.headers"),
        **body_members(_first(values, _BODY)),
    }
    if (size := _first(values, _SIZE)) is not None:
        made["body_size"] = size
    if _first(values, _CUT) is True:
        made["truncated"] = True
    return made


def _url(request: Mapping[str, Any]) -> Any:
    """The URL that the client asked for: ``url`` is that, with the port on which Kong listens."""
    url, uri = request.get("url"), request.get("uri")
    if isinstance(url, str) and "://" in url:
        return url if "?" in url or not isinstance(uri, str) or "?" not in uri else f"{url}?{uri.partition('?')[2]}"
    return uri


def _first(values: Mapping[str, Any], paths: tuple[tuple[str, ...], ...]) -> Any:
    return next((found for path in paths if (found := member(values, *path)) is not None), None)


KONG = RecordingFormat("kong", "a log of Kong", _recognises, of_line=_exchange)
