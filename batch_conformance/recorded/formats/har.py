"""The entries of an HTTP Archive (HAR 1.2) as lines of a recording: a browser's, a proxy's, or the suite's own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from batch_conformance.input_error import why_no_json
from batch_conformance.message import Template
from batch_conformance.recorded.body import known_size, marks, says_cut
from batch_conformance.recorded.formats.format import (
    NO_OBJECT,
    NO_OBJECT_AT,
    NO_TEXT_AT,
    Head,
    RecordingFormat,
    whole_of,
)
from batch_conformance.recorded.line import LineError, json_of, moment_of

_BEGINS = re.compile(rb'\{\s*"log"\s*:\s*[^"\s]')
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
    "_decode_message": ("decode_message", dict),
    "_trailing": ("trailing", int),
    "_wire_notes": ("wire_notes", list),
}
_NO_HAR = Template("har.no_har", "no HAR: {why}")
_NO_ENTRIES = Template("har.no_entries", "no HAR: it has no log.entries")
_NO_ENTRY = Template("har.no_entry", "no entry of a HAR: {why}")
_HAS_NONE = Template("har.has_none", "it has no {place}")
_NO_LIST = Template("har.no_list", "{place} is no list")
_NO_PAIRS = Template("har.no_pairs", "{place} is no list of names and values")
_CUT_OFF = "cut off"
"""How the suite's own comment on a body begins that it did not keep in full."""
_WHOLE = re.compile(r"(?:original|full|actual|complete)\w*(?:size|length|bytes)", re.IGNORECASE)
_FRAMING = 64
"""Bytes that chunks or the frames of HTTP/2 add to a short body, and a fiftieth of a long one."""

_NUMBER = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]{1,15})?")
_OF_CACHE = re.compile(r"_?(?:is)?(?:served|loaded|fetched)?from_?(?:disk|memory|prefetch|http)?_?cache", re.IGNORECASE)
"""Members such as Chrome's ``_fromCache``, which is ``disk`` or ``memory``."""
_BROWSER = re.compile(
    r"web ?inspector|webkit|chrom(?:e|ium)|firefox|safari|edge|playwright|puppeteer|selenium|browser", re.IGNORECASE
)
"""Recorders that sit above a browser's cache, which adds conditions to requests that they do not see."""
_UNKNOWN_TYPE = frozenset({"", "x-unknown", "x-unknown/x-unknown"})
"""What Chrome and browsermob-proxy write where there was no Content-Type."""


def lines_of(text: bytes) -> Iterator[dict[str, Any] | LineError]:
    """The values of one line for each entry, in the order of the file; an error for one that is no entry.

    An entry whose time cannot be read has that of the one before. Raises ``LineError`` where the text is no HAR at all.
    """
    raw = text.removeprefix(b"\xef\xbb\xbf")
    try:
        archive = json_of(raw)
    except orjson.JSONDecodeError as error:
        raise LineError(_NO_HAR(why=why_no_json(error, raw))) from None
    log = archive.get("log") if isinstance(archive, dict) else None
    entries = log.get("entries") if isinstance(log, dict) else None
    if not isinstance(entries, list):
        raise LineError(_NO_ENTRIES())
    of_browser = any(_BROWSER.search(name) for part in ("creator", "browser") for name in _named(archive["log"], part))
    before = 0.0
    for entry in entries:
        before = _begun(entry) or before
        try:
            yield _line(entry, before, of_browser=of_browser)
        except LineError as error:
            yield LineError(_NO_ENTRY(why=error.message))


def _named(log: Mapping[str, Any], part: str) -> Iterator[str]:
    part_of_log = log.get(part)
    if isinstance(part_of_log, Mapping) and isinstance(part_of_log.get("name"), str):
        yield part_of_log["name"]


def _begun(entry: Any) -> float:
    """When a request was sent, in Unix seconds; 0 where nobody knows: Fiddler then writes the year 1."""
    begun = entry.get("startedDateTime") if isinstance(entry, Mapping) else None
    return max(0.0, moment_of(begun) or 0.0) if isinstance(begun, str) else 0.0


def _line(entry: Any, begun: float, *, of_browser: bool) -> dict[str, Any]:
    if not isinstance(entry, Mapping):
        raise LineError(NO_OBJECT())
    request, response = _object(entry, "request"), entry.get("response")
    for name in ("method", "url"):
        if not isinstance(request.get(name), str):
            raise LineError(NO_TEXT_AT(place=f"request.{name}"))
    answered = response is not None and _is_answer(_object(entry, "response"))
    line: dict[str, Any] = {
        "request": {"method": request["method"], "url": request["url"], "headers": _pairs(request, "request")},
        "response": _response(entry, _object(entry, "response")) if answered else None,
        "started_at": begun,
        "elapsed": max(0.0, _number(entry.get("time")) or 0.0) / 1000,
        "from_cache": answered and _is_from_cache(entry, _object(entry, "response"), of_browser=of_browser),
    }
    line |= {ours: entry[name] for name, ours in _OUR_OWN.items() if name in entry}
    return line


def _is_answer(response: Mapping[str, Any]) -> bool:
    """Whether a server answered: recorders write 0 or -1 for the status of what was blocked, aborted or failed.

    A browser redirects by itself to https, for HSTS or an extension, and records that as an answer of 307.
    """
    if any(name.lower() == "non-authoritative-reason" for name, _ in _pairs(response, "response")):
        return False
    status = _number(response.get("status"))
    return status is None or status > 0 if response.get("status") else False


def _is_from_cache(entry: Mapping[str, Any], response: Mapping[str, Any], *, of_browser: bool) -> bool:
    """Whether the client's cache gave the answer or asked for it: a 304 has no body, and answers a condition."""
    members = {**entry, **response}
    is_marked = any(
        value and str(value).lower() not in ("false", "no", "none", "network")
        for name, value in members.items()
        if _OF_CACHE.fullmatch(name)
    )
    kind = members.get("_fetchType")  # Safari's
    is_marked = is_marked or (isinstance(kind, str) and kind.lower().endswith("cache"))
    content = response.get("content")
    filled = isinstance(content, Mapping) and bool(content.get("text"))
    return is_marked or (_number(response.get("status")) == 304 and (of_browser or filled))


def _number(value: object) -> float | None:
    """A number, also where it is written as a text; None for anything else."""
    if isinstance(value, str) and _NUMBER.fullmatch(value.strip()):
        return float(value)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _response(entry: Mapping[str, Any], response: Mapping[str, Any]) -> dict[str, Any]:
    content = _object(response, "content", "response.content") if response.get("content") is not None else {}
    headers = _pairs(response, "response")
    listed = response.get("headers")
    unknown = isinstance(listed, list) and any(item.get("value") is None for item in listed)
    recorded = (bool(headers) and not unknown) or "_probe" in entry
    mime_type = content.get("mimeType")
    if not recorded and isinstance(mime_type, str) and mime_type.strip().lower() not in _UNKNOWN_TYPE:
        others = [pair for pair in headers if pair[0].lower() != "content-type" or pair[1]]
        if not any(name.lower() == "content-type" for name, _ in others):
            headers = [*others, ["Content-Type", mime_type]]  # exported without it: this much is known
    comment = next(filter(says_cut, _comments(entry, response, content)), "")
    made: dict[str, Any] = {
        "status": response["status"] if (status := _number(response["status"])) is None else status,
        "headers": headers,
        "headers_complete": recorded,
        "reason": response.get("statusText") or "",
        "http_version": str(response.get("httpVersion") or "1.1").upper().removeprefix("HTTP/"),
        "body_size": max(
            _whole_size(response, content, headers if recorded else None), *_stated_sizes(content, response)
        ),
        "comment": comment,
    }
    text, encoded = content.get("text"), content.get("_textBase64")
    if text == "" and _is_size_unknown(content, response, headers):
        text = None
    if isinstance(text, str):
        made["body_base64" if str(content.get("encoding")).lower().startswith("base64") else "body"] = text
        made["truncated"] = comment.startswith(_CUT_OFF)
    elif isinstance(encoded, str):
        made["body_base64"] = encoded
    elif isinstance(content.get("_file"), str):  # Playwright's way to keep bodies beside the archive
        made["body_left_out"] = "attached"
    return made | {
        ours: response[name] for name, (ours, kind) in _OF_RESPONSE.items() if isinstance(response.get(name), kind)
    }


def _is_size_unknown(content: Mapping[str, Any], response: Mapping[str, Any], headers: list[list[str]]) -> bool:
    """Whether nothing says how long a body is: an empty text then is one that was not recorded."""
    sizes = (_number(content.get("size")), _number(response.get("bodySize")))
    lengths = any(name.lower() == "content-length" for name, _ in headers)
    return not lengths and all(size is None or size < 0 for size in sizes)


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
    if isinstance(entry.get("comment"), str):
        yield entry["comment"]


def _stated_sizes(*parts: Mapping[str, Any]) -> Iterator[int]:
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
    place = shown or name
    raise LineError(_HAS_NONE(place=place) if value is None else NO_OBJECT_AT(place=place))


def _pairs(around: Mapping[str, Any], name: str) -> list[list[str]]:
    """Headers as pairs. Browsers list the parts of an HTTP/2 request line too, and join repeated ones by line feeds."""
    headers = around.get("headers")
    if headers is None:
        return []
    if isinstance(headers, Mapping):
        headers = [{"name": key, "value": value} for key, value in headers.items()]
    if not isinstance(headers, list):
        raise LineError(_NO_LIST(place=f"{name}.headers"))
    for item in headers:
        if not isinstance(item, Mapping) or not isinstance(item.get("name"), str):
            raise LineError(_NO_PAIRS(place=f"{name}.headers"))
    pairs = ((item["name"], item.get("value")) for item in headers)
    texts = ((key, _header_text(value)) for key, value in pairs if not key.startswith(":"))
    return [[key, part.strip("\r")] for key, text in texts for part in text.split("\n")]


def _header_text(value: object) -> str:
    """The value of a header as text, where a recorder wrote a number, a list, or none."""
    if isinstance(value, list):
        return ", ".join(map(_header_text, value))
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def _recognises(head: Head) -> bool:
    return _BEGINS.match(head.text) is not None or (
        head.name.lower().removesuffix(".gz").endswith(".har") and head.text[:1] == b"{"
    )


HAR = RecordingFormat("har", "an HTTP Archive (HAR)", _recognises, of_file=lambda file: lines_of(whole_of(file)))
