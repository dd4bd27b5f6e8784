"""Spans and log records of OpenTelemetry, in OTLP's JSON or protobuf, as the Collector's file exporter writes them.

JSON is an object a line, or one object; protobuf one message, or messages each after its length in four bytes. What is
read are the attributes of the semantic conventions for HTTP: ``http.request.method``, ``url.full`` (of servers
``url.path`` and others), ``http.response.status_code``, ``http.response.header.NAME``, ``http.response.body.content``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from io import BufferedReader
from typing import Any

import orjson

from batch_conformance.input_error import why_no_json
from batch_conformance.message import Template
from batch_conformance.recorded.body import known_size
from batch_conformance.recorded.body_text import from_base64, is_one_json
from batch_conformance.recorded.formats.format import (
    MOST_OF_A_MESSAGE,
    NO_EXCHANGE,
    Found,
    Head,
    RecordingFormat,
    Values,
    body_members,
    header_text,
    in_list,
    is_json,
    seconds,
    whole_of,
)
from batch_conformance.recorded.line import NO_JSON, LineError, json_of

_JSON = re.compile(rb'\{\s*"resource_?(?:spans|logs)"\s*:', re.IGNORECASE)
_ATTRIBUTE = re.compile(rb"http\.|url\.|service\.name|telemetry\.sdk")
_KINDS = (("resourceSpans", "scopeSpans", "spans"), ("resourceLogs", "scopeLogs", "logRecords"))
_INTEGER = re.compile(r"-?[0-9]{1,19}")
_NANO = 1e9
_DEEPEST = 8
_PREFIX = 4
"""Bytes of a length before each message, the most significant first."""
_LINE_TOO_LONG = Template(
    "otlp.line_too_long", "a line of more than {most} bytes: have the collector batch fewer at once"
)
_DAMAGED = Template("otlp.damaged", "no message of OTLP: it is damaged, ends early, or is longer than 16 MiB")
_FILE_ENDS = Template("otlp.file_ends", "no message of OTLP: the file ends within it")
_NEEDS_PROTO = Template(
    "otlp.needs_proto", "OTLP in protobuf needs opentelemetry-proto: install batch-conformance[otlp]"
)
_NO_MESSAGE = Template("otlp.no_message", "no message of OTLP: it has neither spans nor log records")
_NO_URL = Template("otlp.no_url", "its attributes have neither url.full nor url.path")
_Attributes = dict[str, Any]


def _recognises(head: Head) -> bool:
    if _JSON.match(head.text):
        return True
    data = head.data
    if not head.is_binary and data[:1] != b"\x0a":
        return False
    after = data[_PREFIX:] if data[_PREFIX : _PREFIX + 1] == b"\x0a" and data[:1] in (b"\0", b"\x01") else data
    return after[:1] == b"\x0a" and _ATTRIBUTE.search(data) is not None and b":method" not in data[:512]


def _records(file: BufferedReader) -> Iterator[Found]:
    for told in _of_json(file) if is_json(file) else _of_protobuf(file):
        if isinstance(told, LineError):
            yield told
            continue
        for record in _records_of(told):
            try:
                yield _exchange(record)
            except LineError as error:
                yield LineError(NO_EXCHANGE(why=error.message))


def _of_json(file: BufferedReader) -> Iterator[Any]:
    """The values of each line, or of a whole text that is laid out over several."""
    first = True
    while line := file.readline(MOST_OF_A_MESSAGE + 1):
        if len(line) > MOST_OF_A_MESSAGE:
            while not line.endswith(b"\n") and (line := file.readline(MOST_OF_A_MESSAGE)):
                pass
            yield LineError(_LINE_TOO_LONG(most=MOST_OF_A_MESSAGE))
        elif line.strip():
            try:
                yield json_of(line.removeprefix(b"\xef\xbb\xbf"))
            except orjson.JSONDecodeError as error:
                if not first:
                    yield LineError(NO_JSON(why=why_no_json(error, line)))
                    continue
                yield _of_text(line + whole_of(file))
        first = False


def _of_text(text: bytes) -> Any:
    try:
        return json_of(text.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        return LineError(NO_JSON(why=why_no_json(error, text)))


def _of_protobuf(file: BufferedReader) -> Iterator[Any]:
    """The values of each message, as OTLP's JSON has them."""
    parse = _parser()
    head = file.peek(1)[:1]
    if head == b"\x0a":  # as a length that were one of some 160 MB
        yield parse(whole_of(file))
        return
    while prefix := file.read(_PREFIX):
        length = int.from_bytes(prefix, "big")
        if len(prefix) < _PREFIX or length > MOST_OF_A_MESSAGE:
            raise LineError(_DAMAGED())
        data = file.read(length)
        if len(data) < length:
            raise LineError(_FILE_ENDS())
        yield parse(data)


def _parser() -> Callable[[bytes], Any]:
    try:
        from google.protobuf.json_format import MessageToDict  # noqa: PLC0415 - an extra
        from google.protobuf.message import DecodeError  # noqa: PLC0415
        from opentelemetry.proto.logs.v1.logs_pb2 import LogsData  # noqa: PLC0415
        from opentelemetry.proto.trace.v1.trace_pb2 import TracesData  # noqa: PLC0415
    except ImportError:
        raise LineError(_NEEDS_PROTO()) from None

    def parse(data: bytes) -> Any:
        for kind in (TracesData, LogsData):
            message = kind()
            try:
                message.ParseFromString(data)
                values = MessageToDict(message)
            except (DecodeError, ValueError, RecursionError):
                continue
            if kind is LogsData or any(span.get("traceId") for span in _records_of(values)):
                return values
        return LineError(_NO_MESSAGE())

    return parse


def _records_of(values: Any) -> Iterator[Mapping[str, Any]]:
    """The spans or the log records of one message, in its order."""
    for names in _KINDS:
        found: list[Any] = [values]
        for name in names:
            found = [inner for each in found for inner in _inside(each, name)]
        yield from (each for each in found if isinstance(each, Mapping))


def _inside(around: Any, name: str) -> list[Any]:
    if not isinstance(around, Mapping):
        return []
    snake = re.sub(r"([A-Z])", lambda found: "_" + found[1].lower(), name)
    inner = around.get(name, around.get(snake))
    return inner if isinstance(inner, list) else []


def _exchange(record: Mapping[str, Any]) -> Values | None:
    attributes = _attributes(record.get("attributes"))
    method = attributes.get("http.request.method", attributes.get("http.method"))
    status = attributes.get("http.response.status_code", attributes.get("http.status_code"))
    if not isinstance(method, str) and status is None:
        return None
    url = _url(attributes)
    if not url:
        raise LineError(_NO_URL())
    if method == "_OTHER":
        method = attributes.get("http.request.method_original")
    begun, ended = (_moment(record, name) for name in ("startTimeUnixNano", "endTimeUnixNano"))
    begun = begun or _moment(record, "timeUnixNano") or _moment(record, "observedTimeUnixNano")
    return {
        "request": {
            "method": method if isinstance(method, str) and method else "GET",
            "url": url,
            "headers": _headers(attributes, "http.request.header."),
        },
        "response": None if status is None else _response(attributes, status, record),
        "started_at": begun,
        "elapsed": max(0.0, ended - begun) if ended else 0.0,
    }


def _response(attributes: _Attributes, status: Any, record: Mapping[str, Any]) -> Values:
    content = attributes.get("http.response.body.content")
    headers = _headers(attributes, "http.response.header.")
    made: Values = {
        "status": int(status) if isinstance(status, str) and status.isascii() and status.isdigit() else status,
        "headers": headers or None,
        "headers_complete": False,  # only those that the instrumentation was told to capture
        **body_members(content),
    }
    raw = content.encode("utf-8", "surrogatepass") if isinstance(content, str) else content
    if not isinstance(raw, bytes):
        if content is None and known_size(record.get("droppedAttributesCount")):
            made["body_left_out"] = "dropped"
        return made
    size = known_size(attributes.get("http.response.body.size"))
    if size != len(raw) and raw.lstrip()[:1] in (b"{", b"[", b'"') and not is_one_json(raw):
        made |= {"truncated": True, "body_left_out": "cut_at_limit"}
    return made | ({"body_size": size} if size else {})


def _url(attributes: _Attributes) -> str:
    for name in ("url.full", "http.url"):
        if isinstance(attributes.get(name), str):
            return str(attributes[name])
    target = attributes.get("url.path", attributes.get("http.target"))
    if not isinstance(target, str):
        return ""
    query = attributes.get("url.query")
    target += f"?{query}" if isinstance(query, str) and query else ""
    scheme = attributes.get("url.scheme", attributes.get("http.scheme"))
    host = attributes.get("server.address", attributes.get("http.host", attributes.get("net.host.name")))
    port = attributes.get("server.port", attributes.get("net.host.port"))
    if not isinstance(host, str) or not isinstance(scheme, str) or not host:
        return target
    shown = f":{port}" if isinstance(port, int) and ":" not in host and (scheme, port) not in _DEFAULTS else ""
    return f"{scheme}://{host}{shown}{target}"


_DEFAULTS = (("http", 80), ("https", 443))


def _headers(attributes: _Attributes, prefix: str) -> list[list[str]]:
    """Headers out of attributes; older instrumentations write an underscore for each hyphen of a name."""
    return [
        [name.removeprefix(prefix).replace("_", "-"), header_text(each)]
        for name, value in attributes.items()
        if name.startswith(prefix)
        for each in in_list(value)
    ]


def _moment(record: Mapping[str, Any], name: str) -> float:
    snake = re.sub(r"([A-Z])", lambda found: "_" + found[1].lower(), name)
    return (seconds(record.get(name, record.get(snake))) or 0.0) / _NANO


def _attributes(listed: Any) -> _Attributes:
    if not isinstance(listed, list):
        return {}
    return {
        each["key"]: _value(each.get("value"), 0)
        for each in listed
        if isinstance(each, Mapping) and isinstance(each.get("key"), str)
    }


def _value(told: Any, depth: int) -> Any:
    """The value of an ``AnyValue``; None for one that has none."""
    if not isinstance(told, Mapping) or depth > _DEEPEST:
        return None
    for name, value in told.items():
        kind = name.replace("_v", "V")
        if kind == "intValue":
            return int(value) if isinstance(value, str) and _INTEGER.fullmatch(value) else value
        if kind == "bytesValue":
            found = from_base64(value) if isinstance(value, str) else None
            return value if found is None else found
        if kind == "arrayValue":
            return [_value(inner, depth + 1) for inner in _inside(value, "values")]
        return _attributes(_inside(value, "values")) if kind == "kvlistValue" else value
    return None


OTLP = RecordingFormat("otlp", "spans or logs of OpenTelemetry (OTLP)", _recognises, of_file=_records, unit="record")
