"""The entries of an HTTP Archive (HAR 1.2) as lines of a recording: a browser's, a proxy's, or the suite's own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from batch_conformance.input_error import why_no_json
from batch_conformance.recorded.body import known_size, marks, says_cut
from batch_conformance.recorded.line import LineError

_OUR_OWN = {
    "_number": "number",
    "_attempt": "attempt",
    "_final": "final",
    "_probe": "probe",
    "_failure": "failure",
    "_reflections": "reflections",
}
_OF_RESPONSE = {
    "_truncated": ("truncated", bool),
    "_decode_error": ("decode_error", str),
    "_trailing": ("trailing", int),
}
_CUT_OFF = "cut off"
"""How the suite's own comment on a body begins that it did not keep in full."""
_WHOLE = re.compile(r"(?:original|full|actual|complete)\w*(?:size|length|bytes)", re.IGNORECASE)
_FRAMING = 64
"""Bytes that chunks or the frames of HTTP/2 add to a short body, and a fiftieth of a long one."""


def lines_of(text: bytes) -> Iterator[dict[str, Any] | LineError]:
    """The values of one line for each entry, in the order of sending; an error for one that is no entry.

    Raises ``LineError`` where the text is no HAR at all.
    """
    raw = text.removeprefix(b"\xef\xbb\xbf")
    try:
        archive = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise LineError(f"no HAR: {why_no_json(error, raw)}") from None
    log = archive.get("log") if isinstance(archive, dict) else None
    entries = log.get("entries") if isinstance(log, dict) else None
    if not isinstance(entries, list):
        raise LineError("no HAR: it has no log.entries")
    for entry in sorted(entries, key=_begun):
        try:
            yield _line(entry)
        except LineError as error:
            yield LineError(f"no entry of a HAR: {error}")


def _begun(entry: Any) -> str:
    begun = entry.get("startedDateTime") if isinstance(entry, dict) else ""
    return begun if isinstance(begun, str) else ""


def _line(entry: Any) -> dict[str, Any]:
    if not isinstance(entry, Mapping):
        raise LineError("it is no object")
    request, response = _object(entry, "request"), entry.get("response")
    for name in ("method", "url"):
        if not isinstance(request.get(name), str):
            raise LineError(f"request.{name} is no text")
    time = entry.get("time") or 0.0
    if not isinstance(time, int | float):
        raise LineError("time is no number")
    answered = response is not None and _object(entry, "response").get("status")
    line: dict[str, Any] = {
        "request": {"method": request["method"], "url": request["url"], "headers": _pairs(request, "request")},
        "response": _response(entry, _object(entry, "response")) if answered else None,
        "started_at": entry.get("startedDateTime") or 0.0,
        "elapsed": max(0.0, time) / 1000,
    }
    line |= {ours: entry[name] for name, ours in _OUR_OWN.items() if name in entry}
    return line


def _response(entry: Mapping[str, Any], response: Mapping[str, Any]) -> dict[str, Any]:
    content = _object(response, "content", "response.content") if response.get("content") is not None else {}
    headers = _pairs(response, "response")
    recorded = bool(headers)
    if not headers and content.get("mimeType"):
        headers = [["Content-Type", content["mimeType"]]]  # exported without headers: this much is known
    comment = next(filter(says_cut, _comments(entry, response, content)), "")
    made: dict[str, Any] = {
        "status": response["status"],
        "headers": headers,
        "reason": response.get("statusText") or "",
        "http_version": str(response.get("httpVersion") or "1.1").upper().removeprefix("HTTP/"),
        "body_size": max(
            _whole_size(response, content, headers if recorded else None), *_told_sizes(content, response)
        ),
        "comment": comment,
    }
    text, encoded = content.get("text"), content.get("_textBase64")
    if isinstance(text, str):
        made["body_base64" if str(content.get("encoding")).lower().startswith("base64") else "body"] = text
        made["truncated"] = comment.startswith(_CUT_OFF)
    elif isinstance(encoded, str):
        made["body_base64"] = encoded
    return made | {
        ours: response[name] for name, (ours, kind) in _OF_RESPONSE.items() if isinstance(response.get(name), kind)
    }


def _comments(entry: Mapping[str, Any], response: Mapping[str, Any], content: Mapping[str, Any]) -> Iterator[str]:
    """What the recorder says of the body: in words, by a member of its own, or by an error of the exchange."""
    for part in (content, response):
        comment = part.get("comment")
        if isinstance(comment, str) and comment.strip():
            yield comment
    yield from marks(content, response, entry)
    for part in (content, response, entry):
        if isinstance(part.get("_error"), str) and part["_error"].strip():
            yield f"error: {part['_error']}"
    attached = content.get("_file")  # Playwright's way to keep bodies beside the archive
    if isinstance(attached, str):
        yield f"not included: attached as {attached}"
    if isinstance(entry.get("comment"), str):
        yield entry["comment"]


def _told_sizes(*parts: Mapping[str, Any]) -> Iterator[int]:
    """What members of the recorder's own say of the whole size, such as ``_originalSize``."""
    yield 0
    for part in parts:
        yield from (known_size(value) for name, value in part.items() if _WHOLE.search(name))


def _whole_size(response: Mapping[str, Any], content: Mapping[str, Any], headers: list[list[str]] | None) -> int:
    """How long the whole body is without its Content-Encoding, as far as the archive says it; 0 where it does not.

    ``content.size`` is that by the specification, but mitmproxy writes the size of what was coded there, and takes
    ``content.compression`` for what the coding saved. ``response.bodySize`` counts coded bytes, and in Chrome those of
    the framing too.
    """
    size, on_wire, saved = (
        known_size(content.get("size")),
        known_size(response.get("bodySize")),
        content.get("compression"),
    )
    if not on_wire:
        return size
    if isinstance(saved, int | float) and known_size(on_wire + saved):
        decoded = known_size(on_wire + saved)
        return decoded if size == on_wire else max(size, decoded)
    if headers is None or any(name.lower() == "content-encoding" for name, _ in headers):
        return size
    framed = any(name.lower() == "transfer-encoding" for name, _ in headers)
    framed = framed or not str(response.get("httpVersion")).upper().startswith("HTTP/1")
    least = size or len(str(content.get("text") or ""))
    return on_wire if not framed or on_wire > least + _FRAMING + least // 50 else size


def _object(around: Mapping[str, Any], name: str, shown: str = "") -> Mapping[str, Any]:
    value = around.get(name)
    if isinstance(value, Mapping):
        return value
    raise LineError(f"it has no {shown or name}" if value is None else f"{shown or name} is no object")


def _pairs(around: Mapping[str, Any], name: str) -> list[list[str]]:
    """Headers as pairs. Browsers list the parts of an HTTP/2 request line among them."""
    headers = around.get("headers")
    if not isinstance(headers, list):
        raise LineError(f"{name}.headers is no list")
    for item in headers:
        if not isinstance(item, Mapping) or not isinstance(item.get("name"), str) or "value" not in item:
            raise LineError(f"{name}.headers is no list of names and values")
    return [[item["name"], item["value"]] for item in headers if not item["name"].startswith(":")]
