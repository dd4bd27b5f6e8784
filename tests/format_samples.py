"""The same exchanges in every format: written by the library that writes it where there is one, else by its schema."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Mapping, Sequence
from email.utils import formatdate
from typing import Any
from urllib.parse import urlsplit

import pyarrow
import yaml
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from pyarrow import parquet

from batch_conformance.recorded.line import headers_of

Line = dict[str, Any]


def _pairs(part: Line) -> list[list[str]]:
    return [list(pair) for pair in headers_of(part.get("headers") or ())]


def _with_length(response: Line) -> list[list[str]]:
    """Headers with the size of the whole body, where only a part of it was kept."""
    size = [["Content-Length", str(response["body_size"])]] if "body_size" in response else []
    return [*_pairs(response), *size]


def _ns(line: Line) -> int:
    return int(line["started_at"] * 1_000_000_000)


def ndjson(lines: Sequence[Line]) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def _listed(pairs: list[list[str]]) -> dict[str, list[str]]:
    made: dict[str, list[str]] = {}
    for name, value in pairs:
        made.setdefault(name, []).append(value)
    return made


def cassette(lines: Sequence[Line]) -> dict[str, Any]:
    interactions = []
    for line in lines:
        request, response = line["request"], line["response"]
        headers = [*_with_length(response), ["Date", formatdate(line["started_at"], usegmt=True)]]
        interactions.append(
            {
                "request": {"body": None, "headers": _listed(_pairs(request)), "method": "GET", "uri": request["url"]},
                "response": {
                    "body": {"string": response["body"]} if "body" in response else {},
                    "headers": _listed(headers),
                    "status": {"code": response["status"], "message": "OK"},
                },
            }
        )
    return {"interactions": interactions, "version": 1}


def vcr_yaml(lines: Sequence[Line]) -> bytes:
    return str(yaml.dump(cassette(lines))).encode()


def vcr_json(lines: Sequence[Line]) -> bytes:
    return (json.dumps({"version": 1, "interactions": cassette(lines)["interactions"]}, indent=4) + "\n").encode()


class _Kept(SpanExporter):
    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.spans += spans
        return SpanExportResult.SUCCESS


def attributes(line: Line) -> dict[str, Any]:
    request, response = line["request"], line["response"]
    made: dict[str, Any] = {
        "http.request.method": "GET",
        "url.full": request["url"],
        "http.response.status_code": response["status"],
    }
    made |= {f"http.request.header.{name.lower()}": [value] for name, value in _pairs(request)}
    made |= {f"http.response.header.{name.lower()}": [value] for name, value in _pairs(response)}
    if "body" in response:
        made["http.response.body.content"] = response["body"]
        made["http.response.body.size"] = response.get("body_size", len(response["body"].encode()))
    return made


def _request_of(lines: Sequence[Line]) -> Any:
    """What OpenTelemetry's own SDK makes of spans, as the message that it exports."""
    kept, provider = _Kept(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    tracer = provider.get_tracer("tests")
    for line in lines:
        with tracer.start_as_current_span("a step that is no exchange"):
            pass
        span = tracer.start_span("GET", attributes=attributes(line), start_time=_ns(line))
        span.end(end_time=_ns(line) + 100_000_000)
    return encode_spans(kept.spans)


def otlp_json(lines: Sequence[Line]) -> bytes:
    from google.protobuf.json_format import MessageToJson  # noqa: PLC0415

    return b"".join(MessageToJson(_request_of([line]), indent=None).encode() + b"\n" for line in lines)


def otlp_json_laid_out(lines: Sequence[Line]) -> bytes:
    from google.protobuf.json_format import MessageToJson  # noqa: PLC0415

    return str(MessageToJson(_request_of(lines))).encode()


def otlp_message(lines: Sequence[Line]) -> bytes:
    return bytes(_request_of(lines).SerializeToString())


def otlp_messages(lines: Sequence[Line]) -> bytes:
    messages = [otlp_message([line]) for line in lines]
    return b"".join(len(message).to_bytes(4, "big") + message for message in messages)


def _any(value: Any) -> dict[str, Any]:
    if isinstance(value, list):
        return {"arrayValue": {"values": [_any(each) for each in value]}}
    return {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}


def otlp_logs(lines: Sequence[Line]) -> bytes:
    records = [
        {
            "timeUnixNano": str(_ns(line)),
            "eventName": "http.exchange",
            "attributes": [{"key": name, "value": _any(value)} for name, value in attributes(line).items()],
        }
        for line in lines
    ]
    return json.dumps({"resourceLogs": [{"resource": {}, "scopeLogs": [{"logRecords": records}]}]}).encode() + b"\n"


def tnetstring(value: Any) -> bytes:
    """A value as mitmproxy writes it."""
    kinds: list[tuple[type, str, Callable[[Any], bytes]]] = [
        (bytes, ",", bytes),
        (str, ";", str.encode),
        (bool, "!", lambda each: str(each).lower().encode()),
        (int, "#", lambda each: str(each).encode()),
        (float, "^", lambda each: str(each).encode()),
        (type(None), "~", lambda _: b""),
        (list, "]", lambda each: b"".join(map(tnetstring, each))),
        (dict, "}", lambda each: b"".join(tnetstring(part) for pair in each.items() for part in pair)),
    ]
    kind, write = next((kind, write) for of, kind, write in kinds if isinstance(value, of))
    data = write(value)
    return str(len(data)).encode() + b":" + data + kind.encode()


def flow(line: Line, **more: Any) -> dict[str, Any]:
    request, response = line["request"], line["response"]
    url = urlsplit(request["url"])
    begun = line["started_at"]

    def fields(part: Line) -> list[list[bytes]]:
        return [[name.encode(), value.encode()] for name, value in _with_length(part)]

    return {
        "websocket": None,
        "response": {
            "reason": b"OK",
            "status_code": response["status"],
            "timestamp_end": begun + 0.1,
            "content": response["body"].encode() if "body" in response else None,
            "headers": fields(response),
            "http_version": b"HTTP/1.1",
        },
        "request": {
            "path": url.path.encode(),
            "authority": b"",
            "scheme": url.scheme.encode(),
            "method": b"GET",
            "port": url.port or 443,
            "host": url.hostname,
            "timestamp_start": begun,
            "content": b"",
            "headers": fields(request),
            "http_version": b"HTTP/1.1",
        },
        "type": "http",
        "version": 21,
        "error": None,
        **more,
    }


def mitmproxy(lines: Sequence[Line]) -> bytes:
    return b"".join(tnetstring(flow(line)) for line in lines)


def kong(lines: Sequence[Line]) -> bytes:
    made = []
    for line in lines:
        request, response = line["request"], line["response"]
        asked = {name.lower(): value for name, value in _pairs(request)}
        answered: dict[str, Any] = {"status": response["status"], "size": 999}
        answered["headers"] = {name.lower(): value for name, value in _pairs(response)}
        answered |= {name: response[name] for name in ("body", "body_size") if name in response}
        path = urlsplit(request["url"]).path
        made.append(
            {
                "latencies": {"request": 100, "kong": 9, "proxy": 91},
                "request": {"method": "GET", "uri": path, "url": request["url"], "headers": asked, "size": 123},
                "response": answered,
                "started_at": int(line["started_at"] * 1000),
                "upstream_uri": path,
                "service": {"host": "upstream"},
                "tries": [{"ip": "10.0.0.1", "port": 443}],
                "client_ip": "127.0.0.1",
            }
        )
    return ndjson(made)


def nginx(lines: Sequence[Line]) -> bytes:
    made = []
    for line in lines:
        request, response = line["request"], line["response"]
        url = urlsplit(request["url"])
        fields = {"msec": f"{line['started_at'] + 0.1:.3f}", "request_time": "0.100", "request_method": "GET"}
        fields |= {"scheme": url.scheme, "http_host": url.netloc, "request_uri": url.path}
        fields |= {"status": str(response["status"]), "resp_body": response.get("body", "")}
        fields |= {"http_" + name.lower().replace("-", "_"): value for name, value in _pairs(request)}
        fields |= {"sent_http_" + name.lower().replace("-", "_"): value for name, value in _pairs(response)}
        if "body_size" in response:
            fields["resp_body_size"] = str(response["body_size"])
        made.append(fields)
    return ndjson(made)


def _tapped(line: Line, kind: str) -> tuple[list[dict[str, str]], dict[str, Any] | None, list[dict[str, str]], Any]:
    request, response = line["request"], line["response"]
    url = urlsplit(request["url"])
    pseudo = [[":authority", url.netloc], [":path", url.path], [":method", "GET"], [":scheme", url.scheme]]
    asked = [{"key": name.lower(), "value": value} for name, value in [*pseudo, *_pairs(request)]]
    dated = ["date", formatdate(line["started_at"], usegmt=True)]
    answers = [[":status", str(response["status"])], *_pairs(response), dated]
    answered = [{"key": name.lower(), "value": value} for name, value in answers]
    if "body" not in response:
        return asked, None, answered, None
    text = response["body"]
    told = text if kind == "as_string" else base64.b64encode(text.encode()).decode()
    return asked, None, answered, {"truncated": "body_size" in response, kind: told}


def _buffered(line: Line, kind: str) -> dict[str, Any]:
    asked, _, answered, body = _tapped(line, kind)
    response = {"headers": answered, "trailers": [], **({"body": body} if body else {})}
    return {"http_buffered_trace": {"request": {"headers": asked, "trailers": []}, "response": response}}


def envoy_strings(lines: Sequence[Line]) -> bytes:
    return "\n".join(json.dumps(_buffered(line, "as_string"), indent=1) for line in lines).encode()


def envoy_bytes(lines: Sequence[Line]) -> bytes:
    return b"".join(json.dumps(_buffered(line, "as_bytes")).encode() + b"\n" for line in lines)


def envoy_streamed(lines: Sequence[Line]) -> bytes:
    """Segments, those of all exchanges mixed."""
    rounds: list[list[dict[str, Any]]] = [[], [], [], []]
    for number, line in enumerate(lines):
        asked, _, answered, body = _tapped(line, "as_string")
        rounds[0].append({"trace_id": str(number), "request_headers": {"headers": asked}})
        rounds[1].append({"trace_id": str(number), "response_headers": {"headers": answered}})
        if body:
            half = len(body["as_string"]) // 2
            first, rest = body["as_string"][:half], body["as_string"][half:]
            rounds[2].append({"trace_id": str(number), "response_body_chunk": {"as_string": first}})
            rounds[3].append({"trace_id": str(number), "response_body_chunk": {**body, "as_string": rest}})
    segments = [{"http_streamed_trace_segment": each} for some in rounds for each in some]
    return b"".join(json.dumps(segment).encode() + b"\n" for segment in segments)


def _varint(value: int) -> bytes:
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])


def _field(number: int, value: bytes | int) -> bytes:
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def envoy_message(line: Line) -> bytes:
    asked, _, answered, body = _tapped(line, "as_string")

    def message(headers: list[dict[str, str]], content: Any = None) -> bytes:
        listed = [_field(1, each["key"].encode()) + _field(2, each["value"].encode()) for each in headers]
        made = b"".join(_field(1, each) for each in listed)
        if content:
            told = _field(1, content["as_string"].encode()) + (_field(3, 1) if content["truncated"] else b"")
            made += _field(2, told)
        return made

    return _field(1, _field(1, message(asked)) + _field(2, message(answered, body)))


def envoy_messages(lines: Sequence[Line]) -> bytes:
    messages = [envoy_message(line) for line in lines]
    return b"".join(_varint(len(message)) + message for message in messages)


def parquet_nested(lines: Sequence[Line]) -> bytes:
    rows = []
    for line in lines:
        response = {**line["response"], "headers": _pairs(line["response"])}
        response.setdefault("body", None)
        response.setdefault("body_size", None)
        rows.append({**line, "request": {**line["request"], "headers": _pairs(line["request"])}, "response": response})
    return _table(pyarrow.Table.from_pylist(rows))


def parquet_flat(lines: Sequence[Line]) -> bytes:
    headers = pyarrow.map_(pyarrow.string(), pyarrow.string())
    responses = [line["response"] for line in lines]
    columns: dict[str, Any] = {
        "request.url": [line["request"]["url"] for line in lines],
        "request.headers": pyarrow.array([list(map(tuple, _pairs(line["request"]))) for line in lines], headers),
        "response.status": [response["status"] for response in responses],
        "response.headers": pyarrow.array([list(map(tuple, _pairs(response))) for response in responses], headers),
        "response.body": [response["body"].encode() if "body" in response else None for response in responses],
        "response.body_size": [response.get("body_size") for response in responses],
        "started_at": pyarrow.array([int(line["started_at"] * 1e6) for line in lines], pyarrow.timestamp("us", "UTC")),
        "elapsed": [0.1] * len(lines),
        "of.no.interest": [1] * len(lines),
    }
    return _table(pyarrow.table(columns))


def _table(table: Any) -> bytes:
    kept = io.BytesIO()
    parquet.write_table(table, kept)
    return kept.getvalue()


SAMPLES: Mapping[str, tuple[str, Callable[[Sequence[Line]], bytes]]] = {
    "ndjson": ("ndjson", ndjson),
    "vcr in YAML": ("vcr", vcr_yaml),
    "vcr in JSON": ("vcr", vcr_json),
    "otlp, lines": ("otlp", otlp_json),
    "otlp, laid out": ("otlp", otlp_json_laid_out),
    "otlp, logs": ("otlp", otlp_logs),
    "otlp, a message": ("otlp", otlp_message),
    "otlp, messages": ("otlp", otlp_messages),
    "mitmproxy": ("mitmproxy", mitmproxy),
    "kong": ("kong", kong),
    "nginx": ("nginx", nginx),
    "envoy, strings": ("envoy", envoy_strings),
    "envoy, bytes": ("envoy", envoy_bytes),
    "envoy, streamed": ("envoy", envoy_streamed),
    "envoy, messages": ("envoy", envoy_messages),
    "parquet, nested": ("parquet", parquet_nested),
    "parquet, flat": ("parquet", parquet_flat),
}
"""Names of samples; the format of each, and what writes it."""
