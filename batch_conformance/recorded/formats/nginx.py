"""JSON logs of nginx with bodies, ``log_format … escape=json``: members that are called as nginx calls its variables.

``$request_uri`` (or ``$request``) and ``$status`` are needed; a body is in ``resp_body`` or ``response_body``, which
Lua or njs sets (docs/VALIDATE.md); ``sent_http_NAME`` and ``http_NAME`` are headers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from batch_conformance.message import Template
from batch_conformance.recorded.formats.format import Head, RecordingFormat, Values, body_members, seconds
from batch_conformance.recorded.line import LineError, moment_of, values_of

_REQUEST_LINE = re.compile(r"([A-Z]{1,20}) (\S+)(?: HTTP/([0-9.]+))?")
_BODIES = ("resp_body", "response_body", "upstream_response_body")
_CUT = ("resp_body_truncated", "response_body_truncated")
_SIZES = ("resp_body_size", "response_body_size")
_NO_LINE = Template("nginx.no_line", "no line of an nginx log: it has no status, or no request_uri")
_NEEDS_ESCAPES = Template("nginx.needs_escapes", "{why}: log_format needs escape=json")
_PORTS = {"http": "80", "https": "443"}
_NO_VALUE = ("", "-")
_ESCAPED = re.compile(rb"\\x[0-9A-F]{2}")


def _is_log(values: Mapping[str, Any]) -> bool:
    asked = values.get("request_uri", values.get("uri"))
    line = values.get("request")
    named = isinstance(asked, str) or (isinstance(line, str) and _REQUEST_LINE.match(line) is not None)
    return "status" in values and named


def _recognises(head: Head) -> bool:
    return any(map(_is_log, head.objects))


def _exchange(line: bytes) -> Values:
    values = _values(line)
    if not _is_log(values):
        raise LineError(_NO_LINE())
    method, uri, version = _asked(values)
    elapsed = seconds(values.get("request_time")) or 0.0
    return {
        "request": {"method": method, "url": _url(values, uri), "headers": _headers(values, "http_")},
        "response": _response(values, version),
        "started_at": max(0.0, _ended(values) - elapsed),
        "elapsed": elapsed,
    }


def _values(line: bytes) -> dict[str, Any]:
    """The members of a line. nginx copies bytes above 127 as they are, so that a line may be no UTF-8."""
    try:
        line.decode("utf-8")
        return values_of(line)
    except UnicodeDecodeError:
        values = values_of(line.decode("latin-1").encode())
        return {name: _bytes(value) if name in _BODIES else value for name, value in values.items()}
    except LineError as error:
        if _ESCAPED.search(line):
            raise LineError(_NEEDS_ESCAPES(why=error.message)) from None
        raise


def _bytes(value: Any) -> Any:
    try:
        return value.encode("latin-1") if isinstance(value, str) else value
    except UnicodeEncodeError:
        return value


def _asked(values: Mapping[str, Any]) -> tuple[str, str, str]:
    """Method, request URI and version of HTTP, out of their own members or the request line."""
    line = values.get("request")
    found = _REQUEST_LINE.match(line) if isinstance(line, str) else None
    method = values.get("request_method", values.get("method"))
    uri = values.get("request_uri", found[2] if found else None)
    if not isinstance(uri, str):
        uri, query = str(values.get("uri")), values.get("args")
        uri += f"?{query}" if isinstance(query, str) and query not in _NO_VALUE else ""
    protocol = values.get("server_protocol")
    version = protocol.removeprefix("HTTP/") if isinstance(protocol, str) else (found[3] if found else None)
    return (method if isinstance(method, str) and method else found[1] if found else "GET"), uri, version or "1.1"


def _url(values: Mapping[str, Any], uri: str) -> str:
    scheme = _text(values, "scheme") or ("https" if _text(values, "ssl_protocol") else "http")
    host = _text(values, "http_host")
    if not host:
        host, port = _text(values, "host"), _text(values, "server_port")
        host += f":{port}" if host and port and port != _PORTS.get(scheme) and ":" not in host else ""
    return f"{scheme}://{host}{uri}" if host and uri.startswith("/") else uri


def _headers(values: Mapping[str, Any], prefix: str) -> list[list[str]]:
    """Headers out of variables; one without a value was not there, or not sent."""
    return [
        [name.removeprefix(prefix).replace("_", "-"), value]
        for name, value in values.items()
        if name.startswith(prefix) and isinstance(value, str) and value not in _NO_VALUE
    ]


def _response(values: Mapping[str, Any], version: str) -> Values:
    status = values["status"]
    headers = _headers(values, "sent_http_")
    body = next((values[name] for name in _BODIES if name in values), None)
    made: Values = {
        "status": int(status) if isinstance(status, str) and status.isascii() and status.isdigit() else status,
        "headers": headers or None,
        "headers_complete": False,
        **({} if version == "1.1" else {"http_version": version}),
        **({} if body in _NO_VALUE else body_members(body)),
    }
    sizes = (int(size) for name in _SIZES if (size := seconds(values.get(name))) is not None)
    made["body_size"] = next(sizes, 0) or _sent(values, made)
    if any(str(values.get(name)).lower() in ("1", "true", "yes") for name in _CUT):
        made["truncated"] = True
    return made


def _sent(values: Mapping[str, Any], made: Values) -> int:
    """How many bytes of a body were sent at least: ``body_bytes_sent`` counts the sizes of chunks, too.

    0 where it was coded, or where the difference may be that of chunks.
    """
    sent, text = int(seconds(values.get("body_bytes_sent")) or 0), made.get("body")
    coded = any(name.lower() == "content-encoding" for name, _ in made["headers"] or ())
    length = len(text.encode("utf-8", "surrogatepass")) if isinstance(text, str) else 0
    return 0 if coded or not length or sent <= length + 64 + length // 50 else sent


def _ended(values: Mapping[str, Any]) -> float:
    """When a request was logged, in Unix seconds; 0 where nobody knows."""
    if (told := seconds(values.get("msec"))) is not None:
        return told
    for name in ("time_iso8601", "time", "timestamp", "@timestamp", "ts"):
        value = values.get(name)
        if isinstance(value, str) and (moment := moment_of(value)) is not None:
            return max(0.0, moment)
        if (told := seconds(value)) is not None:
            return told / 1000 if told > 1e11 else told
    local = values.get("time_local")
    if isinstance(local, str):
        try:
            return max(0.0, datetime.strptime(local, "%d/%b/%Y:%H:%M:%S %z").timestamp())
        except (ValueError, OverflowError):
            return 0.0
    return 0.0


def _text(values: Mapping[str, Any], name: str) -> str:
    value = values.get(name)
    return value if isinstance(value, str) and value not in _NO_VALUE else ""


NGINX = RecordingFormat("nginx", "a JSON log of nginx", _recognises, of_line=_exchange)
