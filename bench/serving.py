"""Measures how many requests the mock answers in a second: ``python bench/serving.py``.

The client is a bare socket loop over some kept-alive connections, so that it is the mock that is measured.
"""

from __future__ import annotations

import os
import selectors
import socket
import statistics
import time
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from batch_conformance.mock.process import EmbeddedMock

CONNECTIONS = 8


@dataclass(frozen=True)
class MockFigure:
    """Requests a second by the clock, and by the time that the mock's process had a core, of several rounds."""

    by_clock: tuple[float, ...]
    by_core: tuple[float, ...]

    def line(self) -> str:
        clock, core = statistics.median(self.by_clock), statistics.median(self.by_core)
        return f"{clock:,.0f} requests a second by the clock, {core:,.0f} for each second of one core"


def measure(rounds: int = 5, requests: int = 20_000) -> MockFigure:
    """Rounds after one that does not count."""
    by_clock, by_core = [], []
    with EmbeddedMock() as mock:
        for _ in range(rounds + 1):
            core, started = _seconds_of(mock), time.perf_counter()
            _send(mock, requests)
            by_clock.append(requests / (time.perf_counter() - started))
            by_core.append(requests / (_seconds_of(mock) - core))
    return MockFigure(tuple(by_clock[1:]), tuple(by_core[1:]))


def _send(mock: EmbeddedMock, requests: int) -> None:
    parts = urlsplit(mock.base_url)
    asked = [
        (
            f"GET {parts.path}/batches/{batch_id} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            f"Authorization: Bearer {mock.key}\r\nAccept: application/json\r\n\r\n"
        ).encode()
        for batch_id in mock.batch_ids
    ]
    left, answered = requests, 0
    with selectors.DefaultSelector() as selector:
        for _ in range(CONNECTIONS):
            connection = socket.create_connection((parts.hostname or "", parts.port or 80))
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(connection, selectors.EVENT_READ)
            connection.sendall(asked[left % len(asked)])
            left -= 1
        while answered < requests:
            for key, _ in selector.select():
                connection = key.fileobj
                assert isinstance(connection, socket.socket)
                if b"HTTP/1.1 200" not in connection.recv(65536)[:12]:
                    raise RuntimeError("the mock answered in more than one piece, or with an error")
                answered += 1
                if left:
                    connection.sendall(asked[left % len(asked)])
                    left -= 1
        for key in list(selector.get_map().values()):
            assert isinstance(key.fileobj, socket.socket)
            key.fileobj.close()


def _seconds_of(mock: EmbeddedMock) -> float:
    """Seconds for which the mock has had a core."""
    fields = Path(f"/proc/{mock.pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Print the figure."""
    print(measure().line())


if __name__ == "__main__":
    main()
