"""The embedded mock's own process: ``python -m batch_conformance.mock.child``, started by ``process`` and nobody else.

It reads its settings, the key among them, as one JSON line from standard input, prints one JSON line when it is ready,
and ends when standard input does: so it cannot outlive the process that started it. Every further line of settings
puts another service in the place of the one before, at the same port, and is answered with another line.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from typing import Any

from batch_conformance.mock.drifts import built
from batch_conformance.mock.mock_spec import MockSpec
from batch_conformance.mock.server import Server
from batch_conformance.mock.service import Service

_LOOK_FOR_PARENT = 1.0
"""Seconds between looks. A process that the parent forked may hold our standard input open after the parent's death."""


async def serve(settings: dict[str, Any], parent: int) -> None:
    """Serve until standard input ends, the parent is gone, or SIGTERM comes."""
    loop, stopped = asyncio.get_running_loop(), asyncio.Event()
    service = _service(settings)
    server = Server(service, latency=settings["latency"])
    port = await server.start("127.0.0.1", 0)
    loop.add_signal_handler(signal.SIGTERM, stopped.set)
    loop.add_reader(sys.stdin.fileno(), _Input(server, port, stopped).look)
    _announce(service, port)
    try:
        while not stopped.is_set() and os.getppid() == parent:
            await _wait(stopped)
    finally:
        loop.remove_reader(sys.stdin.fileno())
        await server.stop()


async def _wait(stopped: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(stopped.wait(), _LOOK_FOR_PARENT)
    except TimeoutError:
        return


class _Input:
    """Standard input after the first line: further settings, and the end."""

    def __init__(self, server: Server, port: int, stopped: asyncio.Event) -> None:
        self._server = server
        self._port = port
        self._stopped = stopped
        self._begun = b""

    def look(self) -> None:
        """Take in what came: settings for each whole line; without anything more it is the end."""
        came = os.read(sys.stdin.fileno(), 65536)
        if not came:
            self._stopped.set()
        *lines, self._begun = (self._begun + came).split(b"\n")
        for line in lines:
            service = _service(json.loads(line))
            self._server.replace(service)
            _announce(service, self._port)


def _service(settings: dict[str, Any]) -> Service:
    return Service(
        settings["key"],
        prefix=settings["prefix"],
        style=settings["style"],
        drifts=built(settings["drifts"]),
        tick=settings["tick"],
        mock_spec=MockSpec.from_dict(settings["mock_spec"]) if settings["mock_spec"] else None,
    )


def _announce(service: Service, port: int) -> None:
    ready = {"base_url": f"http://127.0.0.1:{port}{service.prefix}", "batch_ids": service.batch_ids}
    print(json.dumps(ready), flush=True)


def main() -> None:
    """Read the settings and serve."""
    # Ctrl-C in a terminal goes to all processes of the job. This one ends when its parent has finished with it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = os.getppid()
    line = sys.stdin.buffer.readline()
    if line:
        asyncio.run(serve(json.loads(line), parent))


if __name__ == "__main__":
    main()
