"""What the tests of the mock share: a plain HTTP client, a mock in this process, the document's types by hand."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from http.client import HTTPResponse
from typing import Any

from batch_conformance.mock.drift import Drift
from batch_conformance.mock.mock_spec import MockSpec
from batch_conformance.mock.sample_batches import Style
from batch_conformance.mock.server import Server
from batch_conformance.mock.service import Service

KEY = "sk-test-of-the-mock"
KNOWN = "batch_tbcmlxqigp"
LARGE = "batch_ucoxhtpsmy"
UNKNOWN = "batch_aaaaaaaaaa"

STRINGS = {
    "id", "object", "endpoint", "input_file_id", "completion_window", "status", "output_file_id", "error_file_id",
}  # fmt: skip
INTEGERS = {
    "created_at", "in_progress_at", "expires_at", "finalizing_at", "completed_at", "failed_at", "expired_at",
    "cancelling_at", "cancelled_at",
}  # fmt: skip
OBJECTS = {"request_counts", "metadata"}
DOCUMENTED = STRINGS | INTEGERS | OBJECTS | {"errors"}


@dataclass(frozen=True)
class Answer:
    """What came back for one request."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    version: int

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Client:
    """One connection to a mock; the request target goes out as given."""

    def __init__(self, port: int, key: str = KEY) -> None:
        self.key = key
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=10)

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, target: bytes | str, method: str = "GET", *headers: tuple[str, str], key: bool = True) -> None:
        raw = target.encode() if isinstance(target, str) else target
        lines = [f"{method} ".encode() + raw + b" HTTP/1.1", b"Host: 127.0.0.1"]
        if key:
            lines.append(f"Authorization: Bearer {self.key}".encode())
        lines += [f"{name}: {value}".encode("latin-1") for name, value in headers]
        self.socket.sendall(b"\r\n".join(lines) + b"\r\n\r\n")

    def receive(self, method: str = "GET") -> Answer:
        response = HTTPResponse(self.socket, method=method)
        try:
            response.begin()
            return Answer(response.status, tuple(response.getheaders()), response.read(), response.version)
        finally:
            response.close()

    def ask(self, target: bytes | str, method: str = "GET", *headers: tuple[str, str], key: bool = True) -> Answer:
        self.send(target, method, *headers, key=key)
        return self.receive(method)

    def read(self, batch_id: str, *headers: tuple[str, str]) -> Answer:
        return self.ask(f"/v1/batches/{batch_id}", "GET", *headers)


@contextlib.contextmanager
def serving(
    *,
    drifts: Sequence[Drift] = (),
    style: Style = "omit",
    prefix: str = "/v1",
    latency: float = 0.0,
    mock_spec: MockSpec | None = None,
    tick: float = 0.0,
) -> Iterator[int]:
    """The port of a mock that runs in a thread of this process."""
    loop = asyncio.new_event_loop()
    service = Service(KEY, prefix=prefix, style=style, drifts=drifts, mock_spec=mock_spec, tick=tick)
    server = Server(service, latency=latency)
    port = loop.run_until_complete(server.start("127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield port
    finally:
        asyncio.run_coroutine_threadsafe(server.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def mistyped(batch: dict[str, Any], *, null: frozenset[str] = frozenset()) -> list[str]:
    """The properties of a 200 body that are not as the document declares them; those in ``null`` may be null."""
    wrong = [name for name in batch if name not in DOCUMENTED]
    for name in DOCUMENTED & batch.keys():
        value = batch[name]
        fits = (
            (value is None and name in null)
            or (name in STRINGS and isinstance(value, str))
            or (name in INTEGERS and type(value) is int)
            or (name in OBJECTS and isinstance(value, dict))
            or (name == "errors" and isinstance(value, list) and all(isinstance(item, str) for item in value))
        )
        wrong += [] if fits else [name]
    description = (batch.get("metadata") or {}).get("description", "")
    return wrong if isinstance(description, str) else [*wrong, "metadata/description"]
