"""Writes exchanges as they come: a line of NDJSON each, or an entry of a HAR. No credential is ever written."""

from __future__ import annotations

import base64
import errno
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import orjson

from batch_conformance import __version__
from batch_conformance.exchange.exchange import Response
from batch_conformance.exchange.record import failure_to_dict
from batch_conformance.exchange.redaction import Redactor
from batch_conformance.message_json import as_json
from batch_conformance.recorded.inferred_probe import InferredProbe
from batch_conformance.recorded.line import RecordedExchange

Kind = Literal["ndjson", "har"]
_END = b"\n]}}\n"


def kind_of(path: Path) -> Kind:
    """What is written to a file: a HAR where its name ends so, else NDJSON."""
    return "har" if path.suffix.lower() == ".har" else "ndjson"


class Writer:
    """Writes to one file, which is whole after each exchange. Not for several threads at once.

    Raises ``FileExistsError`` where something was recorded in it before, and ``OSError`` where it cannot be written.
    """

    def __init__(self, path: Path) -> None:
        if path.is_file() and path.stat().st_size:
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
        self._path = path
        self._file = path.open("wb")
        self._is_har = kind_of(path) == "har"
        self._count = 0
        if self._is_har:
            creator = json.dumps({"name": "batch-conformance record", "version": __version__})
            self._file.write(f'{{"log": {{"version": "1.2", "creator": {creator}, "entries": ['.encode() + _END)
        self._file.flush()

    def write(self, values: dict[str, Any]) -> bytes:
        """Write an exchange, given as the values of a line of NDJSON; gives that line."""
        line = orjson.dumps(values)
        if self._is_har:
            self._file.seek(-len(_END), 2)
            self._file.write((b",\n" if self._count else b"\n") + orjson.dumps(entry_of(values)) + _END)
        else:
            self._file.write(line + b"\n")
        self._file.flush()
        self._count += 1
        return line

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def discard(self) -> None:
        """Close the file and delete it: nothing was to be recorded after all."""
        self._file.close()
        if self._path.is_file():
            self._path.unlink()


def values_without_secrets(recorded: RecordedExchange, inferred: InferredProbe) -> dict[str, Any]:
    """An exchange as the values of a line of NDJSON, without the credentials that it was sent with.

    Header fields that carry credentials keep their names, so that it shows that there was one; where a server sent one
    back, ``reflections`` says where.
    """
    secrets = [*inferred.secrets(recorded.request_headers), *inferred.query_secrets(recorded.url)]
    redactor = Redactor(secrets, inferred.credential_headers)
    response, reflections = redactor.redact_response(recorded.response) if recorded.response else (None, ())
    values: dict[str, Any] = {
        "request": {
            "method": recorded.method,
            "url": redactor.redact_url(recorded.url),
            "headers": [list(pair) for pair in redactor.redact_headers(recorded.request_headers)],
        },
        "response": None if response is None else _response(response),
        "started_at": _microseconds(recorded.started_at),
        "elapsed": round(recorded.elapsed, 6),
    }
    if recorded.failure is not None:
        values["failure"] = failure_to_dict(recorded.failure)
    if reflections:
        values["reflections"] = list(reflections)
    if inferred.lacks_credential(recorded):
        values["credential"] = "none"
    return values


def _response(response: Response) -> dict[str, Any]:
    made: dict[str, Any] = {"status": response.status, "headers": [list(pair) for pair in response.headers]}
    try:
        made["body"] = response.body.decode("utf-8")
    except UnicodeDecodeError:
        made["body_base64"] = base64.b64encode(response.body).decode()
    if response.http_version != "1.1":
        made["http_version"] = response.http_version
    if response.truncated:
        made |= {"truncated": True, "wire_size": response.wire_size}
    if response.trailing:
        made["trailing"] = response.trailing
    if response.wire_notes:
        made["wire_notes"] = [list(note) for note in response.wire_notes]
    if response.decode_error is not None:
        made |= {"decode_error": str(response.decode_error), "decode_message": as_json(response.decode_error)}
    return made


def _microseconds(moment: float) -> float:
    """A moment as exactly as a HAR tells it, so that both tell the same."""
    return datetime.fromtimestamp(moment, UTC).timestamp()


def entry_of(values: dict[str, Any]) -> dict[str, Any]:
    """The values of a line as an entry of a HAR."""
    request, response = values["request"], values["response"] or {"status": 0, "headers": []}
    elapsed = values["elapsed"] * 1000
    content: dict[str, Any] = {"mimeType": next((v for n, v in response["headers"] if n.lower() == "content-type"), "")}
    if "body" in response:
        content |= {"text": response["body"], "size": len(response["body"].encode())}
    elif "body_base64" in response:
        content |= {"text": response["body_base64"], "encoding": "base64", "size": -1}
    if response.get("truncated"):
        content |= {"comment": "cut off: the body is longer", "size": -1}
    entry: dict[str, Any] = {
        "startedDateTime": datetime.fromtimestamp(values["started_at"], UTC).isoformat(timespec="microseconds"),
        "time": elapsed,
        "request": {
            "method": request["method"],
            "url": request["url"],
            "httpVersion": "HTTP/1.1",
            "cookies": [],
            "headers": _named(request["headers"]),
            "queryString": [],
            "headersSize": -1,
            "bodySize": -1,
        },
        "response": {
            "status": response["status"],
            "statusText": "",
            "httpVersion": f"HTTP/{response.get('http_version', '1.1')}",
            "cookies": [],
            "headers": _named(response["headers"]),
            "content": content,
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": -1,
            "_trailing": response.get("trailing", 0),
            **({"_wire_notes": response["wire_notes"]} if "wire_notes" in response else {}),
        },
        "cache": {},
        "timings": {"send": 0, "wait": elapsed, "receive": 0},
    }
    ours = {"_failure": "failure", "_reflections": "reflections"}
    return entry | {name: values[member] for name, member in ours.items() if member in values}


def _named(pairs: list[list[str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]
