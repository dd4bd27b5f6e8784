"""A gateway on 127.0.0.1 in front of a mock, that spoils what passes through it by a fate drawn for each request.

It counts what it saw, as a vendor's own log would: ``log`` has every request's method, path and headers.
"""

from __future__ import annotations

import contextlib
import random
import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import hostile

Fate = Callable[[int], str]
"""From the count of requests so far (from 0) to what becomes of this one: ``pass``, ``reset``, ``refuse`` (the port
seems closed), ``503``, ``429``, ``close`` (answers, then closes without a word) or ``stale`` (the answer to the request
before on the same connection)."""

_OWN = {
    "503": (
        b"503 Service Unavailable",
        b'{"code":50505,"message":"Model service overloaded. Please try again later.","data":""}',
    ),
    "429": (b"429 Too Many Requests", b'{"message":"Request was rejected due to rate limiting.","data":""}'),
}
_LENGTH = re.compile(rb"\r\n(?:content-length|transfer-encoding):", re.IGNORECASE)
"""Without one of them the end of an answer is the end of its connection."""


@dataclass(frozen=True)
class Seen:
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


class Gateway:
    """``log`` lists the requests that came in, ``fates`` what became of them; ``fate`` may be changed at any time."""

    def __init__(self, upstream: str, fate: Fate) -> None:
        parts = urlsplit(upstream)
        self._upstream = (parts.hostname or "", parts.port or 80)
        self._path = parts.path
        self.fate = fate
        self.log: list[Seen] = []
        self.fates: list[str] = []

    def behave(self, server: hostile.HostileServer, sock: socket.socket, head: bytes) -> None:
        before = b""
        while head:
            number = len(self.log)
            self.log.append(_parse(head))
            fate = self.fate(number)
            self.fates.append(fate)
            if fate in ("reset", "refuse"):
                hostile.reset(sock)
                return
            answer = self._answer(head) if fate in ("pass", "close", "stale") else _own(fate, number)
            if fate in ("503", "429") and head.startswith(b"HEAD "):
                answer = answer.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
            sock.sendall(before if fate == "stale" and before else answer)
            if fate == "close" or not _LENGTH.search(answer.partition(b"\r\n\r\n")[0]):
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


def _own(fate: str, number: int) -> bytes:
    """What the gateway says by itself: in the words of the API, as a page of its own, or without a word, in turn."""
    line, words = _OWN[fate]
    kind, body = (("application/json", words), ("text/html", b"<html><h1>%s</h1></html>" % line), ("", b""))[number % 3]
    fields = f"Content-Type: {kind}\r\n" if kind else ""
    fields += "Retry-After: 0\r\n" if fate == "429" else ""
    return b"HTTP/1.1 %s\r\n%sContent-Length: %d\r\n\r\n%s" % (line, fields.encode("ascii"), len(body), body)


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
