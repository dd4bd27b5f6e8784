"""Exchanges as JSON: one dictionary each, and files of one exchange per line that survive being cut off."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, get_args

from batch_conformance.exchange.exchange import (
    Exchange,
    Failure,
    FailureKind,
    Headers,
    Probe,
    Request,
    Response,
    Subject,
)
from batch_conformance.input_error import InputError

_LAST_MOMENT = 253_402_300_799.0
"""The last second of the year 9999 in Unix seconds: no calendar goes further."""


class RecordError(InputError):
    """A recorded exchange that cannot be read. Its text is one line that says which part."""


def exchange_to_dict(exchange: Exchange) -> dict[str, Any]:
    """An exchange as JSON-safe values. A body stands as ``body`` where it is UTF-8, else as ``body_base64``."""
    probe, request = exchange.probe, exchange.request
    return {
        "number": exchange.number,
        "attempt": exchange.attempt,
        "final": exchange.final,
        "started_at": exchange.started_at,
        "elapsed": exchange.elapsed,
        "probe": probe_to_dict(probe),
        "request": {"method": request.method, "url": request.url, "headers": _pairs(request.headers)},
        "response": _response_to_dict(exchange.response),
        "failure": {"kind": exchange.failure.kind, "detail": exchange.failure.detail} if exchange.failure else None,
        "reflections": list(exchange.reflections),
    }


def probe_to_dict(probe: Probe) -> dict[str, Any]:
    """A probe as JSON-safe values."""
    return {
        "chapter": probe.chapter,
        "name": probe.name,
        "path": probe.path,
        "batch_id": probe.batch_id,
        "subject": probe.subject,
        "method": probe.method,
        "headers": _pairs(probe.headers),
        "query": probe.query,
        "credential": probe.credential,
        "forced_status": probe.forced_status,
        "wait": probe.wait,
    }


def exchange_from_dict(data: object) -> Exchange:
    """The exchange that ``exchange_to_dict`` wrote. Raises ``RecordError`` for anything else."""
    part = _Part(data, "exchange")
    failure = part.part("failure")
    return Exchange(
        number=part.integer("number"),
        probe=_probe(part.part("probe") or part.wrong("probe")),
        request=_request(part.part("request") or part.wrong("request")),
        response=_response(part.part("response")),
        failure=_failure(failure) if failure else None,
        attempt=part.integer("attempt"),
        final=part.boolean("final"),
        started_at=part.number("started_at", _LAST_MOMENT),
        elapsed=part.number("elapsed"),
        reflections=tuple(part.strings("reflections")),
    )


class Spool:
    """A file to which exchanges are appended, one line each, flushed so that a crash loses at most the last one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # Appending to a line that a crash cut off would lose the next exchange as well.
        torn = path.exists() and path.stat().st_size > 0 and not _ends_with_newline(path)
        self._file = path.open("a", encoding="utf-8", newline="\n")
        if torn:
            self._file.write("\n")

    def append(self, exchange: Exchange) -> None:
        """Write one exchange. Raises ``OSError`` when the disk does."""
        self._file.write(json.dumps(exchange_to_dict(exchange), separators=(",", ":")) + "\n")
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def __enter__(self) -> Spool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class Recording:
    """What a file of exchanges held: those that could be read, in file order, and how many lines could not."""

    exchanges: tuple[Exchange, ...]
    broken: int = 0


def read_recording(path: Path) -> Recording:
    """Read a file that a ``Spool`` wrote. Lines that are cut off or no exchange are counted and left out."""
    exchanges: list[Exchange] = []
    broken = 0
    for line in _lines(path):
        try:
            exchanges.append(exchange_from_dict(json.loads(line)))
        except (ValueError, RecursionError):
            broken += 1
    return Recording(tuple(exchanges), broken)


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        for line in file:
            if line.strip():
                yield line


def _ends_with_newline(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def _pairs(headers: Headers) -> list[list[str]]:
    return [[name, value] for name, value in headers]


def _response_to_dict(response: Response | None) -> dict[str, Any] | None:
    if response is None:
        return None
    try:
        body = {"body": response.body.decode("utf-8")}
    except UnicodeDecodeError:
        body = {"body_base64": base64.b64encode(response.body).decode("ascii")}
    return {
        "status": response.status,
        "reason": response.reason,
        "http_version": response.http_version,
        "headers": _pairs(response.headers),
        **body,
        "wire_size": response.wire_size,
        "truncated": response.truncated,
        "decode_error": response.decode_error,
        "trailing": response.trailing,
    }


class _Part:
    """A JSON object whose members are read by type, so that a wrong file is told by the name of its wrong member."""

    def __init__(self, data: object, name: str) -> None:
        if not isinstance(data, Mapping):
            raise RecordError(f"the recorded {name} is not an object")
        self._data = data
        self._name = name

    def wrong(self, key: str) -> Any:
        raise RecordError(f"the recorded {self._name} has no usable {key!r}")

    def part(self, key: str) -> _Part | None:
        value = self._data.get(key)
        return None if value is None else _Part(value, key)

    def text(self, key: str) -> str:
        value = self._data.get(key)
        return value if isinstance(value, str) else str(self.wrong(key))

    def optional_text(self, key: str) -> str | None:
        return None if self._data.get(key) is None else self.text(key)

    def integer(self, key: str) -> int:
        value = self._data.get(key)
        return value if type(value) is int else int(self.wrong(key))

    def optional_integer(self, key: str) -> int | None:
        return None if self._data.get(key) is None else self.integer(key)

    def number(self, key: str, most: float = float(1 << 53)) -> float:
        """A number of seconds: from 0 to ``most``, and no NaN."""
        value = self._data.get(key)
        if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= most:
            return float(value)
        return float(self.wrong(key))

    def boolean(self, key: str) -> bool:
        value = self._data.get(key)
        return value if isinstance(value, bool) else bool(self.wrong(key))

    def strings(self, key: str) -> list[str]:
        value = self._data.get(key)
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.wrong(key)
        return list(value or ())

    def headers(self, key: str) -> Headers:
        value = self._data.get(key)
        if not isinstance(value, list):
            self.wrong(key)
        pairs = []
        for item in value or ():
            if not isinstance(item, list) or len(item) != 2 or not all(isinstance(text, str) for text in item):
                self.wrong(key)
            pairs.append((item[0], item[1]))
        return tuple(pairs)

    def one_of(self, key: str, allowed: tuple[str, ...]) -> Any:
        value = self.text(key)
        return value if value in allowed else self.wrong(key)

    def body(self) -> bytes:
        encoded = self.optional_text("body_base64")
        if encoded is None:
            # Lone surrogates cannot come from our own writing; a file that has them is not ours.
            try:
                return self.text("body").encode("utf-8")
            except UnicodeEncodeError:
                return bytes(self.wrong("body"))
        try:
            return base64.b64decode(encoded, validate=True)
        except ValueError:
            return bytes(self.wrong("body_base64"))


def _probe(part: _Part) -> Probe:
    return Probe(
        chapter=part.text("chapter"),
        name=part.text("name"),
        path=part.text("path"),
        batch_id=part.optional_text("batch_id"),
        subject=part.one_of("subject", get_args(Subject)),
        method=part.text("method"),
        headers=part.headers("headers"),
        query=part.text("query"),
        credential=part.text("credential"),
        forced_status=part.optional_integer("forced_status"),
        wait=part.number("wait"),
    )


def _request(part: _Part) -> Request:
    return Request(part.text("method"), part.text("url"), part.headers("headers"))


def _response(part: _Part | None) -> Response | None:
    if part is None:
        return None
    return Response(
        status=part.integer("status"),
        headers=part.headers("headers"),
        body=part.body(),
        reason=part.text("reason"),
        http_version=part.text("http_version"),
        wire_size=part.integer("wire_size"),
        truncated=part.boolean("truncated"),
        decode_error=part.text("decode_error"),
        trailing=part.integer("trailing"),
    )


def _failure(part: _Part) -> Failure:
    return Failure(part.one_of("kind", get_args(FailureKind)), part.text("detail"))
