"""Recorded answers for the client to read: an HTTP Archive of any tool, or exchanges one per line."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from batch_conformance.contract.contract import Contract
from batch_conformance.exchange.exchange import Exchange, Headers, Probe, Request, Response, Subject
from batch_conformance.exchange.record import read_recording
from batch_conformance.input_error import InputError

_MOST_BYTES = 256 * 1024 * 1024
_UNKNOWN = "unknown_ids"
_ODD = ("representations", "identity", "hostile_ids", "generated")
"""Chapters of our own runs that ask what the client never does."""


class RecordingError(InputError):
    """A file that holds no recorded answers; one line says why and what to do."""


def recorded(paths: Sequence[Path], contract: Contract) -> tuple[Exchange, ...]:
    """The exchanges of all files that are reads of one batch, in the files' order.

    Of another tool's archive it is not known whether an id exists or a key was sent, so nothing is taken from a refusal
    but what it says. Raises ``RecordingError`` with one line for people.
    """
    found = [exchange for path in paths for exchange in _of_file(path, contract)]
    return tuple(replace(exchange, number=number) for number, exchange in enumerate(found))


def _of_file(path: Path, contract: Contract) -> tuple[Exchange, ...]:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise RecordingError(f"{path} has more than {_MOST_BYTES // 1024**2} MB: cut it into parts")
        raw = path.read_bytes()
    except OSError as error:
        raise RecordingError(f"cannot read {path}: {error.strerror or error}") from None
    found = tuple(_of_archive(raw, str(path), contract)) if _is_archive(raw) else read_recording(path).exchanges
    if not found:
        raise RecordingError(
            f"{path} holds no answer to GET {contract.operation.path}: give an exchanges.har of a run's reports, or "
            "another HTTP Archive"
        )
    return found


def _is_archive(raw: bytes) -> bool:
    return b'"log"' in raw[:4096] and b'"entries"' in raw


def _of_archive(raw: bytes, name: str, contract: Contract) -> Iterator[Exchange]:
    before, _, after = contract.operation.path.partition("{" + contract.operation.parameter + "}")
    template = re.compile(f".*(?P<path>{re.escape(before)}(?P<id>[^/]+){re.escape(after)})")
    try:
        entries = json.loads(raw.decode("utf-8-sig"))["log"]["entries"]
        for number, entry in enumerate(entries):
            url = str(entry["request"]["url"])
            match = template.fullmatch(urlsplit(url).path)
            asked_oddly = str(entry.get("comment", "")).startswith(_ODD)
            # An attempt without an answer has status 0.
            answered = 100 <= int(entry["response"]["status"] or 0) < 600
            if match and entry["request"]["method"] == "GET" and answered and not asked_oddly:
                yield _exchange(number, entry, url, match)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        reason = f"{type(error).__name__}: {error}"[:120]
        raise RecordingError(f"{name} is no HTTP Archive (HAR 1.2): {reason}") from None


def _exchange(number: int, entry: Mapping[str, Any], url: str, match: re.Match[str]) -> Exchange:
    request, response = entry["request"], entry["response"]
    chapter, _, name = str(entry.get("comment", "recorded")).partition(": ")
    subject: Subject = "unknown" if chapter == _UNKNOWN else "known"
    headers, asked = _headers(response["headers"]), _headers(request["headers"])
    content = response.get("content") or {}
    text = str(content.get("text") or "")
    body = base64.b64decode(text) if content.get("encoding") == "base64" else text.encode("utf-8", "surrogatepass")
    if not any(key.lower() == "content-type" for key, _ in headers) and content.get("mimeType"):
        headers = (*headers, ("Content-Type", str(content["mimeType"])))
    return Exchange(
        number=number,
        probe=Probe(
            chapter,
            name or "read",
            match["path"],
            unquote(match["id"]),
            subject,
            headers=tuple(pair for pair in asked if pair[0].lower() == "accept"),
            credential=str(entry.get("_credential", "valid")),
        ),
        request=Request("GET", url, asked),
        response=Response(
            status=int(response["status"]),
            headers=tuple(pair for pair in headers if pair[0].lower() != "content-encoding"),
            body=body,
            wire_size=len(body),
            truncated=str(content.get("comment") or "").startswith("cut off"),
        ),
        started_at=float(number),
    )


def _headers(listed: Any) -> Headers:
    return tuple((str(item["name"]), str(item["value"])) for item in listed)
