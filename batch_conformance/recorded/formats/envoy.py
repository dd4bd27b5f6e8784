"""What Envoy's HTTP tap filter writes: buffered traces, or segments of streamed ones, in JSON or protobuf.

By the published schema (``envoy/data/tap/v3/http.proto``, ``wrapper.proto``, ``common.proto``). JSON is one object, or
several after each other; protobuf is one message (``PROTO_BINARY``) or several, each after its length as a varint
(``PROTO_BINARY_LENGTH_DELIMITED``). A trace has no time but what its headers tell.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from io import BufferedReader
from typing import Any

from batch_conformance.input_error import why_no_json
from batch_conformance.message import Template
from batch_conformance.recorded.body_text import from_base64
from batch_conformance.recorded.formats.format import (
    MOST_OF_A_MESSAGE,
    NO_REQUEST,
    Found,
    Head,
    RecordingFormat,
    Values,
    body_members,
    in_list,
    is_json,
    member,
    seconds,
    time_of_date,
    whole_of,
)
from batch_conformance.recorded.formats.protobuf import fields, varint
from batch_conformance.recorded.line import NO_JSON, LineError, moment_of

_JSON = re.compile(rb'\[?\s*\{\s*"(?:http|socket)_?(?:buffered|streamed)_?trace', re.IGNORECASE)
_MOST_OPEN = 10_000
"""Streamed traces whose end was not seen; past that the oldest is taken as it is."""
_SECOND = 1.0

_HEADERS, _BODY = "headers", "body"
_SEGMENT = {2: "request_headers", 3: "request_body_chunk", 5: "response_headers", 6: "response_body_chunk"}
_NO_TRACE = Template("envoy.no_trace", "no trace of Envoy: {why}")
_OF_SOCKET = Template(
    "envoy.of_socket", "a tap of a transport socket: it has bytes and no exchanges; use the HTTP tap filter"
)
_OF_NO_KIND = Template("envoy.of_no_kind", "it has no http_buffered_trace and no http_streamed_trace_segment")
_DAMAGED = Template("envoy.damaged", "no trace of Envoy: it is damaged, ends early, or is longer than 16 MiB")


def _recognises(head: Head) -> bool:
    if _JSON.match(head.text):
        return True
    begins = head.data[:1] in (b"\x0a", b"\x12") or b"\x0a" in head.data[1:5] or b"\x12" in head.data[1:5]
    return begins and head.is_binary and b":method" in head.data[:2048]


def _exchanges(file: BufferedReader) -> Iterator[Found]:
    streamed: dict[Any, Values] = {}
    for trace in _of_json(file) if is_json(file) else _of_protobuf(file):
        if isinstance(trace, LineError):
            yield trace
            continue
        try:
            if _named(trace, "socket_buffered_trace") or _named(trace, "socket_streamed_trace_segment"):
                raise LineError(_OF_SOCKET())
            buffered, segment = _named(trace, "http_buffered_trace"), _named(trace, "http_streamed_trace_segment")
            if isinstance(buffered, Mapping):
                yield _exchange(buffered)
            elif isinstance(segment, Mapping):
                _add(streamed, segment)
                if len(streamed) > _MOST_OPEN:
                    yield _exchange(streamed.pop(next(iter(streamed))))
            else:
                raise LineError(_OF_NO_KIND())
        except LineError as error:
            yield LineError(_NO_TRACE(why=error.message))
    for whole in streamed.values():
        try:
            yield _exchange(whole)
        except LineError as error:
            yield LineError(_NO_TRACE(why=error.message))


def _of_json(file: BufferedReader) -> Iterator[Any]:
    """The traces of a text of one object, a list of them, or several after each other."""
    text = whole_of(file).removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace")
    decoder, at = json.JSONDecoder(), 0
    while at < len(text):
        if text[at].isspace() or text[at] == ",":
            at += 1
            continue
        try:
            found, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            raise LineError(NO_JSON(why=why_no_json(error))) from None
        yield from in_list(found)


def _of_protobuf(file: BufferedReader) -> Iterator[Any]:
    data = whole_of(file)
    at = 0
    while at < len(data):
        length, begun = varint(data, at)
        if at == 0 and _is_one_message(data):
            length, begun = len(data), 0
        if length > MOST_OF_A_MESSAGE or begun + length > len(data):
            raise LineError(_DAMAGED())
        at = begun + length
        try:
            yield _wrapper(data[begun:at])
        except LineError as error:
            yield LineError(_NO_TRACE(why=error.message))


def _is_one_message(data: bytes) -> bool:
    """Whether bytes are one ``TraceWrapper`` without its length before it."""
    try:
        ((number, value),) = fields(data)
        return isinstance(value, bytes) and number in (1, 2, 3, 4) and bool(_wrapper(data))
    except ValueError:  # more fields than one, or none that can be read
        return False


def _wrapper(message: bytes) -> Values:
    made: Values = {}
    for number, value in fields(message):
        if not isinstance(value, bytes):
            continue
        if number == 1:
            parts = {1: "request", 2: "response"}
            told = {parts[part]: _message(inner) for part, inner in fields(value) if part in parts and _is_bytes(inner)}
            made["http_buffered_trace"] = told
        elif number == 2:
            segment: Values = {}
            for part, inner in fields(value):
                if part == 1:
                    segment["trace_id"] = inner
                elif part in _SEGMENT and isinstance(inner, bytes):
                    name = _SEGMENT[part]
                    segment[name] = {_HEADERS: _header_values(inner)} if part in (2, 5) else _body(inner)
            made["http_streamed_trace_segment"] = segment
        else:
            made["socket_buffered_trace"] = {"": ""}
    return made


def _message(message: bytes | int) -> Values:
    assert isinstance(message, bytes)
    made: Values = {_HEADERS: _header_values(message)}
    for number, value in fields(message):
        if number == 2 and isinstance(value, bytes):
            made[_BODY] = _body(value)
        elif number == 4 and isinstance(value, bytes):  # headers_received_time, a Timestamp
            moment = dict(fields(value))
            made["headers_received_time"] = (seconds(moment.get(1)) or 0.0) + (seconds(moment.get(2)) or 0.0) / 1e9
    return made


def _header_values(message: bytes) -> list[Values]:
    names = {1: "key", 2: "value", 3: "raw_value"}
    return [
        {names[part]: inner for part, inner in fields(value) if part in names and isinstance(inner, bytes)}
        for number, value in fields(message)
        if number == 1 and isinstance(value, bytes)
    ]


def _body(message: bytes) -> Values:
    names = {1: "as_bytes", 2: "as_string", 3: "truncated"}
    return {names[number]: value for number, value in fields(message) if number in names}


def _is_bytes(value: int | bytes) -> bool:
    return isinstance(value, bytes)


def _add(streamed: dict[Any, Values], segment: Mapping[str, Any]) -> None:
    """Put a segment to the trace that it is of; an id that comes again with a request begins a new one."""
    trace_id = str(_named(segment, "trace_id"))
    headers = _named(segment, "request_headers")
    if headers is not None and "request" in streamed.get(trace_id, {}):
        streamed[trace_id, len(streamed), id(segment)] = streamed.pop(trace_id)
    trace = streamed.setdefault(trace_id, {})
    for side in ("request", "response"):
        if (headers := _named(segment, f"{side}_headers")) is not None:
            trace.setdefault(side, {})[_HEADERS] = member(headers, "headers") or []
        if (chunk := _named(segment, f"{side}_body_chunk")) is not None:
            trace.setdefault(side, {}).setdefault("chunks", []).append(chunk)


def _exchange(trace: Mapping[str, Any]) -> Values:
    request, response = _named(trace, "request"), _named(trace, "response")
    asked = _pairs(_named(request, _HEADERS))
    if not isinstance(request, Mapping) or not asked:
        raise LineError(NO_REQUEST())
    pseudo = dict(reversed(asked))
    host = pseudo.get(":authority") or pseudo.get("host") or ""
    path = pseudo.get(":path", "")
    url = f"{pseudo.get(':scheme') or pseudo.get('x-forwarded-proto') or 'http'}://{host}{path}" if host else path
    answered = _pairs(_named(response, _HEADERS))
    begun = _moment(_named(request, "headers_received_time"))
    ended = _moment(_named(response, "headers_received_time"))
    dated = time_of_date(answered) or 0.0
    return {
        "request": {"method": pseudo.get(":method", "GET"), "url": url, "headers": _plain(asked)},
        "response": _response(response, answered) if isinstance(response, Mapping) and answered else None,
        "started_at": begun or dated,
        "elapsed": max(0.0, ended - begun) if begun else _SECOND,
    }


def _response(response: Mapping[str, Any], answered: list[list[str]]) -> Values:
    status = dict(answered).get(":status", "")
    made: Values = {
        "status": int(status) if status.isascii() and status.isdigit() else status,
        "headers": _plain(answered),
    }
    chunks = response.get("chunks") or ([body] if (body := _named(response, _BODY)) is not None else [])
    contents = [content for chunk in chunks if (content := _content(chunk)) is not None]
    if contents:
        made |= body_members(b"".join(contents))
    if any(_named(chunk, "truncated") for chunk in chunks):
        made["truncated"] = True
    if not contents and any(name.lower() == "content-length" and value.strip() == "0" for name, value in answered):
        made["body"] = ""
    return made


def _content(body: Any) -> bytes | None:
    text = _named(body, "as_string")
    if isinstance(text, str):
        return text.encode("utf-8", "surrogatepass")
    if isinstance(text, bytes):
        return text
    packed = _named(body, "as_bytes")
    return from_base64(packed) if isinstance(packed, str) else packed if isinstance(packed, bytes) else None


def _pairs(headers: Any) -> list[list[str]]:
    if not isinstance(headers, list):
        return []
    return [[_text(_named(each, "key")), _header(each)] for each in headers if isinstance(each, Mapping)]


def _header(each: Mapping[str, Any]) -> str:
    raw = _named(each, "raw_value")
    if isinstance(raw, str) and raw:
        raw = from_base64(raw)
    return raw.decode("latin-1") if isinstance(raw, bytes) and raw else _text(_named(each, "value"))


def _plain(pairs: list[list[str]]) -> list[list[str]]:
    """Headers without those that stand for the request line and the status."""
    return [pair for pair in pairs if not pair[0].startswith(":")]


def _moment(told: Any) -> float:
    if isinstance(told, str):
        return max(0.0, moment_of(told) or 0.0)
    return seconds(told) or 0.0


def _named(around: Any, name: str) -> Any:
    """A member under the name of the schema, or under that name in camel case, as JSON of protobuf may have it."""
    if not isinstance(around, Mapping):
        return None
    first, *more = name.split("_")
    return around.get(name, around.get(first + "".join(map(str.title, more))))


def _text(value: Any) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value if isinstance(value, str) else ""


ENVOY = RecordingFormat("envoy", "traces of Envoy's tap filter", _recognises, of_file=_exchanges, unit="trace")
