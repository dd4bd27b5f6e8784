"""A gateway on 127.0.0.1 in front of a mock, that spoils what passes through it by a fate drawn for each request.

It counts what it saw, as a vendor's own log would: ``log`` has every request's method, path and headers.
"""

from __future__ import annotations

import contextlib
import random
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import hostile

Fate = Callable[[int], str]
"""From the count of requests so far (from 0) to what becomes of this one: ``pass``, ``reset``, ``refuse`` (the port
seems closed), ``503``, ``429``, ``close`` (answers, then closes without a word) or ``stale`` (the answer to the request
before on the same connection)."""

_UNAVAILABLE = b'{"code":50505,"message":"Model service overloaded. Please try again later.","data":""}'


@dataclass(frozen=True)
class Seen:
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class Gateway:
    """``log`` lists the requests that came in; ``fates`` what became of them."""

    def __init__(self, upstream: str, fate: Fate) -> None:
        parts = urlsplit(upstream)
        self._upstream = (parts.hostname or "", parts.port or 80)
        self._path = parts.path
        self._fate = fate
        self.log: list[Seen] = []
        self.fates: list[str] = []

    def behave(self, server: hostile.HostileServer, sock: socket.socket, head: bytes) -> None:
        before = b""
        while head:
            number = len(self.log)
            self.log.append(_parse(head))
            fate = self._fate(number)
            self.fates.append(fate)
            if fate in ("reset", "refuse"):
                hostile.reset(sock)
                return
            answer = self._answer(head) if fate in ("pass", "close", "stale") else _own(fate)
            sock.sendall(before if fate == "stale" and before else answer)
            if fate == "close":
                return
            before = answer
            head = server.read_head(sock)

    def _answer(self, head: bytes) -> bytes:
        lines = head.removesuffix(b"\r\n\r\n")
        with socket.create_connection(self._upstream, timeout=10) as upstream:
            upstream.sendall(lines + b"\r\nConnection: close\r\n\r\n")
            data = b"".join(iter(lambda: upstream.recv(65536), b""))
        return data.replace(b"\r\nConnection: close", b"", 1)


def _parse(head: bytes) -> Seen:
    first, *fields = head.decode("latin-1").split("\r\n\r\n", 1)[0].split("\r\n")
    method, path, _ = first.split(" ", 2)
    pairs = (field.partition(":") for field in fields)
    return Seen(method, path, tuple((name, value.strip()) for name, _, value in pairs))


def _own(fate: str) -> bytes:
    if fate == "429":
        return b"HTTP/1.1 429 Too Many Requests\r\nRetry-After: 0\r\nContent-Length: 0\r\n\r\n"
    return b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (
        len(_UNAVAILABLE),
        _UNAVAILABLE,
    )


@contextlib.contextmanager
def before(upstream: str, fate: Fate) -> Iterator[tuple[Gateway, str]]:
    """A gateway before ``upstream`` and its base URL."""
    gateway = Gateway(upstream, fate)
    with hostile.serve(gateway.behave) as server:
        yield gateway, server.base_url


def always(fate: str) -> Fate:
    return lambda _: fate


def between(first: int, last: int, fate: str) -> Fate:
    """This fate from the ``first`` request up to, not including, the ``last`` one; all others pass."""
    return lambda number: fate if first <= number < last else "pass"


def flaky(seed: int, *, resets: float = 0.05, unavailable: float = 0.02, bursts: float = 0.01) -> Fate:
    """A bad week: so many requests are reset or answered 503, and now and then a burst of 429 begins (3 of them)."""
    chance = random.Random(seed)
    burst = [0]

    def fate(_: int) -> str:
        if burst[0]:
            burst[0] -= 1
            return "429"
        drawn = chance.random()
        if drawn < resets:
            return "reset"
        if drawn < resets + unavailable:
            return "503"
        if drawn < resets + unavailable + bursts:
            burst[0] = 2
            return "429"
        return "pass"

    return fate
