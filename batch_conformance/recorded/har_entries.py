"""The entries of an HTTP Archive (HAR 1.2) as lines of a recording: a browser's, a proxy's, or the suite's own."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from batch_conformance.recorded.line import LineError

_OUR_OWN = {
    "_number": "number",
    "_attempt": "attempt",
    "_final": "final",
    "_probe": "probe",
    "_failure": "failure",
    "_reflections": "reflections",
}
_OF_RESPONSE = {"_truncated": "truncated", "_decode_error": "decode_error", "_trailing": "trailing"}


def lines_of(text: bytes) -> Iterator[dict[str, Any] | LineError]:
    """The values of one line for each entry, in the order of sending; an error for one that is no entry.

    Raises ``LineError`` where the text is no HAR at all.
    """
    try:
        archive = orjson.loads(text.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise LineError(f"no HAR: {error}") from None
    log = archive.get("log") if isinstance(archive, dict) else None
    entries = log.get("entries") if isinstance(log, dict) else None
    if not isinstance(entries, list):
        raise LineError("no HAR: it has no log.entries")
    for entry in sorted(entries, key=_begun):
        try:
            yield _line(entry)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            yield LineError(f"no entry of a HAR: {type(error).__name__} {error}"[:160])


def _begun(entry: Any) -> str:
    begun = entry.get("startedDateTime") if isinstance(entry, dict) else ""
    return begun if isinstance(begun, str) else ""


def _line(entry: Mapping[str, Any]) -> dict[str, Any]:
    request, response = entry["request"], entry["response"]
    line: dict[str, Any] = {
        "request": {"method": request["method"], "url": request["url"], "headers": _pairs(request["headers"])},
        "response": _response(response) if response.get("status") else None,
        "started_at": entry.get("startedDateTime") or 0.0,
        "elapsed": max(0.0, entry.get("time") or 0.0) / 1000,
    }
    line |= {ours: entry[name] for name, ours in _OUR_OWN.items() if name in entry}
    return line


def _response(response: Mapping[str, Any]) -> dict[str, Any]:
    content = response.get("content") or {}
    headers = _pairs(response["headers"])
    if not headers and content.get("mimeType"):
        headers = [["Content-Type", content["mimeType"]]]  # exported without headers: this much is known
    made: dict[str, Any] = {
        "status": response["status"],
        "headers": headers,
        "reason": response.get("statusText") or "",
        "http_version": str(response.get("httpVersion") or "1.1").upper().removeprefix("HTTP/"),
    }
    text = content.get("text")
    if isinstance(text, str) and (text or not _is_said_to_have_a_body(content, headers)):
        if content.get("encoding") == "base64":
            made["body_base64"] = base64.b64encode(base64.b64decode(text)).decode("ascii")
        else:
            made["body"] = text
        made["truncated"] = str(content.get("comment") or "").startswith("cut off")
    return made | {ours: response[name] for name, ours in _OF_RESPONSE.items() if name in response}


def _is_said_to_have_a_body(content: Mapping[str, Any], headers: list[list[str]]) -> bool:
    """Whether there was more than nothing: browsers drop the bodies of what they no longer hold."""
    lengths = [value for name, value in headers if name.lower() == "content-length"]
    return (content.get("size") or 0) > 0 or any(length.strip() != "0" for length in lengths)


def _pairs(headers: Any) -> list[list[str]]:
    # Browsers list the parts of an HTTP/2 request line among the headers.
    return [[item["name"], item["value"]] for item in headers if not item["name"].startswith(":")]
