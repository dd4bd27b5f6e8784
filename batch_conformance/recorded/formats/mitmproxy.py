"""Flows of mitmproxy, as ``mitmdump -w FILE`` writes them: netstrings with types, one flow after the other.

Read as ``mitmproxy/io/tnetstring.py`` and ``mitmproxy/http.py`` write them, without mitmproxy, whose pins exclude ours.
A netstring is ``LENGTH:BYTES`` and a letter for the type: ``,`` bytes, ``;`` text, ``#`` integer, ``^`` float, ``!``
boolean, ``~`` nothing, ``]`` list, ``}`` object.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator, Mapping
from io import BufferedReader
from typing import Any

from batch_conformance.input_error import NESTED_TOO_DEEPLY
from batch_conformance.message import Template
from batch_conformance.recorded.formats.format import (
    MOST_OF_A_MESSAGE,
    NO_OBJECT,
    NO_REQUEST,
    Found,
    RecordingFormat,
    Values,
    body_members,
    member,
    seconds,
)
from batch_conformance.recorded.line import LineError

_BEGINS = re.compile(rb"\d{1,10}:(?:\d{1,4}:[a-z_]{2,20}[,;])")
_NO_FLOW = Template("mitmproxy.no_flow", "no flow of mitmproxy: {why}")
_DAMAGED = Template("mitmproxy.damaged", "it is damaged")
_DAMAGED_OR_SHORT = Template("mitmproxy.damaged_or_short", "no flow of mitmproxy: it is damaged, or ends early")
_FILE_ENDS = Template("mitmproxy.file_ends", "no flow of mitmproxy: the file ends within it")
_TOO_LARGE = Template("mitmproxy.too_large", "a flow of more than {most} bytes")
_UNKNOWN_TYPE = Template("mitmproxy.unknown_type", "it has a value of a type that nobody knows")
_NO_PAIRS = Template("mitmproxy.no_pairs", "its headers are no list of pairs")
_LONGEST_LENGTH = 12
_DEEPEST = 30
_DEFAULT_PORTS = {"http": 80, "https": 443}
_SCALARS: Mapping[str, Callable[[bytes], Any]] = {
    ",": bytes,
    ";": lambda data: data.decode("utf-8", "replace"),
    "#": lambda data: seconds(data[:40].decode("latin-1")),
    "^": lambda data: seconds(data[:40].decode("latin-1")),
    "!": lambda data: data == b"true",
    "~": lambda _: None,
}


def _exchanges(file: BufferedReader) -> Iterator[Found]:
    while (payload := _next(file)) is not None:
        if isinstance(payload, LineError):
            yield payload
            continue
        try:
            yield _exchange(_value(payload[0], payload[1], 0))
        except LineError as error:
            yield LineError(_NO_FLOW(why=error.message))


def _next(file: BufferedReader) -> tuple[bytes, int] | LineError | None:
    """The payload of the next netstring and its type; None at the end. Raises ``LineError`` where none follows."""
    digits = b""
    while (byte := file.read(1)) != b":":
        if not byte and not digits:
            return None
        if not byte.isdigit() or len(digits) >= _LONGEST_LENGTH:
            raise LineError(_DAMAGED_OR_SHORT())
        digits += byte
    if not digits:
        raise LineError(_NO_FLOW(why=_DAMAGED()))
    length = int(digits)
    if length > MOST_OF_A_MESSAGE:
        left = length + 1
        while left and (skipped := len(file.read(min(left, 1 << 18)))):
            left -= skipped
        return LineError(_TOO_LARGE(most=MOST_OF_A_MESSAGE))
    data = file.read(length + 1)
    if len(data) != length + 1:
        raise LineError(_FILE_ENDS())
    return data[:-1], data[-1]


def _value(data: bytes, kind: int, depth: int) -> Any:
    if depth > _DEEPEST:
        raise LineError(NESTED_TOO_DEEPLY())
    if chr(kind) in _SCALARS:
        return _SCALARS[chr(kind)](data)
    if chr(kind) == "]":
        return list(_values(data, depth + 1))
    if chr(kind) == "}":
        names = _values(data, depth + 1)
        return {_text(name): next(names, None) for name in names}
    raise LineError(_UNKNOWN_TYPE())


def _values(data: bytes, depth: int) -> Iterator[Any]:
    at = 0
    while at < len(data):
        colon = data.find(b":", at, at + _LONGEST_LENGTH + 1)
        digits = data[at:colon] if colon > at else b""
        end = colon + 1 + int(digits) if digits.isdigit() else len(data)
        if end >= len(data):
            raise LineError(_DAMAGED())
        yield _value(data[colon + 1 : end], data[end], depth)
        at = end + 1


def _exchange(flow: Any) -> Values | None:
    if not isinstance(flow, Mapping):
        raise LineError(NO_OBJECT())
    if _text(flow.get("type", "http")) != "http":
        return None  # a flow of TCP, UDP or DNS
    request, response = flow.get("request"), flow.get("response")
    if not isinstance(request, Mapping):
        raise LineError(NO_REQUEST())
    begun = seconds(request.get("timestamp_start")) or 0.0
    ended = seconds(member(response, "timestamp_end")) or begun
    return {
        "request": {
            "method": _text(request.get("method")),
            "url": _url(request),
            "headers": _pairs(request.get("headers")),
        },
        "response": _response(response, flow.get("error")) if isinstance(response, Mapping) else None,
        "started_at": begun,
        "elapsed": max(0.0, ended - begun),
    }


def _response(response: Mapping[str, Any], error: Any) -> Values:
    status = seconds(response.get("status_code", response.get("code")))
    made: Values = {
        "status": int(status) if status is not None else None,
        "headers": _pairs(response.get("headers")),
        **body_members(response.get("content")),  # as it was sent, in its Content-Encoding
    }
    if error:
        told = _text(member(error, "msg"))
        made |= {"truncated": True, **({"comment": f"error: {told}"} if told else {"body_left_out": "flow_ended"})}
    return made


def _url(request: Mapping[str, Any]) -> str:
    path, scheme = _text(request.get("path")), _text(request.get("scheme")) or "http"
    host, port = _text(request.get("host")), int(seconds(request.get("port")) or 0)
    named = _text(request.get("authority")) or next(
        (value for name, value in _pairs(request.get("headers")) if name.lower() == "host"), ""
    )
    if named and _is_address(host):  # a transparent proxy knows only the address
        return f"{scheme}://{named}{path}"
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}{'' if port in (0, _DEFAULT_PORTS.get(scheme)) else f':{port}'}{path}"


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _pairs(headers: Any) -> list[list[str]]:
    if not isinstance(headers, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in headers):
        raise LineError(_NO_PAIRS())
    return [[_text(name), _text(value)] for name, value in headers if not _text(name).startswith(":")]


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else ""


MITMPROXY = RecordingFormat(
    "mitmproxy",
    "flows of mitmproxy",
    lambda head: _BEGINS.match(head.data) is not None,
    of_file=_exchanges,
    unit="flow",
)
