"""A server of raw bytes on 127.0.0.1: it says whatever a test has for a request, however that is framed."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from answering import BATCH, Audited, audited_at
from small_server import BATCH_ID, KEY

Fields = tuple[tuple[str, str], ...]
CHALLENGE: Fields = (("WWW-Authenticate", 'Bearer realm="x"'),)


@dataclass(frozen=True)
class Got:
    """A request: the target of its first line, and its fields by their names in lower case."""

    method: str
    target: str
    fields: Mapping[str, str]

    @property
    def last(self) -> str:
        """The last segment of the path."""
        return self.target.partition("?")[0].rpartition("/")[2]

    @property
    def has_key(self) -> bool:
        scheme, _, token = self.fields.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and token.strip() == KEY

    @property
    def is_known(self) -> bool:
        return self.target.partition("?")[0] == f"/v1/batches/{BATCH_ID}"


@dataclass(frozen=True)
class Bytes:
    """What is sent; afterwards the connection is kept, or nothing is done with it where the answer never ends."""

    sent: bytes
    ends: bool = True


def message(status: int, body: bytes, got: Got, fields: Fields = (), length: int | None = None) -> Bytes:
    """A JSON message; ``length`` is what Content-Length says, the length of the body unless it is given."""
    named = (("Content-Type", "application/json"), ("Content-Length", str(len(body) if length is None else length)))
    head = "".join(f"{name}: {value}\r\n" for name, value in (*named, *fields))
    text = f"HTTP/1.1 {status} Said\r\n{head}\r\n".encode("latin-1")
    return Bytes(text + (b"" if got.method == "HEAD" else body))


def said(status: int, value: Any, got: Got, fields: Fields = ()) -> Bytes:
    """A JSON message of a value."""
    return message(status, json.dumps(value).encode(), got, fields)


def kept(got: Got) -> Bytes:
    """What the contract has for a request."""
    if not got.has_key:
        return said(401, "Invalid token", got, CHALLENGE)
    return said(200, BATCH, got) if got.is_known else said(404, "404 page not found", got)


Answers = Callable[[Got], Bytes | None]


class _Server:
    def __init__(self, answers: Answers) -> None:
        self.got: list[Got] = []
        self._answers = answers
        self._closing = threading.Event()
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.base_url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/v1"
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._closing.set()
        # Closing alone would leave the thread waiting, and a signal would have it wait at whatever has the number next.
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        read = b""
        with connection:
            while True:
                while b"\r\n\r\n" not in read:
                    try:
                        more = connection.recv(65536)
                    except OSError:
                        return
                    if not more:
                        return
                    read += more
                head, _, read = read.partition(b"\r\n\r\n")
                first, *lines = head.decode("latin-1").split("\r\n")
                method, target, _ = first.split(" ", 2)
                pairs = (line.partition(":") for line in lines)
                got = Got(method, target, {name.lower(): value.strip() for name, _, value in pairs})
                self.got.append(got)
                answer = self._answers(got) or kept(got)
                try:
                    connection.sendall(answer.sent)
                except OSError:
                    return
                if not answer.ends:
                    self._closing.wait(60)
                    return


@contextmanager
def raw_server(answers: Answers) -> Iterator[_Server]:
    """A server that answers so, and as the contract has it where ``answers`` gives None."""
    server = _Server(answers)
    try:
        yield server
    finally:
        server.close()


def audited_raw(answers: Answers, **given: Any) -> Audited:
    """What comes of an audit of such a server."""
    with raw_server(answers) as server:
        return audited_at(server.base_url, **given)
