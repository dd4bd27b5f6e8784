"""The validators that are measured: openapi-core after, and Prism between the same plain requests."""

from __future__ import annotations

import base64
import contextlib
import json
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import installed
from look import HERE, Look, Stopwatch, patience, switch
from plain_requests import Answer, answers

from batch_conformance.mock.process import EmbeddedMock
from batch_conformance.run.prove.drift_runner import TICK, Entry

_SOURCES = (Path(__file__), HERE / "plain_requests.py", HERE / "core_judge.py")
_OWN = "an answer of Prism's own"
"""In its own words, where it could make nothing of what came."""
_LOOKS = 5


class OpenapiCore:
    """A loop of plain requests, each response validated by openapi-core, as a test of one's own would."""

    name = "openapi-core"
    version = installed.wanted("openapi-core")
    together = 1
    sources = _SOURCES

    def __init__(self, document: Path) -> None:
        self._mock = EmbeddedMock(tick=TICK)
        self._document = document
        servers = json.loads(document.read_text(encoding="utf-8"))["servers"]
        self._origin = "{0.scheme}://{0.netloc}".format(urlsplit(servers[0]["url"]))
        self._judge: subprocess.Popen[str]

    def __enter__(self) -> OpenapiCore:
        self._mock.start()
        line = [str(installed.python()), str(HERE / "core_judge.py"), str(self._document)]
        self._judge = subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._judge.stdin is not None
        self._judge.stdin.close()
        self._judge.wait(10)
        self._mock.stop()

    def looks(self, entries: Sequence[Entry | None]) -> Sequence[Look]:
        """What is wrong with the responses, and which requests got none."""
        return [self._look(entry) for entry in entries]

    def _look(self, entry: Entry | None) -> Look:
        mock, watch = self._mock, Stopwatch()
        switch(mock, entry)
        found, count = set(), 0
        with watch.running(self._judge.pid):
            for answer in answers(mock.base_url, mock.key, mock.batch_ids, patience(entry)):
                count += 1
                found |= {answer.failure} if answer.failure else self._ask(answer)
        return Look(frozenset(found), count, watch.seconds)

    def _ask(self, answer: Answer) -> set[str]:
        assert self._judge.stdin is not None
        assert self._judge.stdout is not None
        said = {
            "base": self._origin,
            "path": answer.path,
            "headers": [],
            "status": answer.status,
            "response_headers": answer.headers,
            "body": base64.b64encode(answer.body).decode(),
        }
        self._judge.stdin.write(json.dumps(said) + "\n")
        self._judge.stdin.flush()
        return set(json.loads(self._judge.stdout.readline())["failures"])


class Prism:
    """The same plain requests by way of Prism's validating proxy."""

    name = "Prism proxy"
    version = installed.wanted(installed.PRISM)
    together = 1
    sources = _SOURCES

    def __init__(self, document: Path) -> None:
        self._mock = EmbeddedMock(tick=TICK)
        self._document = document
        self._base = ""
        self._process: subprocess.Popen[bytes]

    def __enter__(self) -> Prism:
        self._mock.start()
        self._start()
        return self

    def _start(self) -> None:
        port = _free_port()
        program = str(installed.modules() / installed.PRISM / "dist" / "index.js")
        line = [installed.program("node"), program, "proxy", "-p", str(port), "-v", "silent"]
        self._process = subprocess.Popen([*line, str(self._document), self._mock.base_url], stdout=subprocess.DEVNULL)
        self._base = f"http://127.0.0.1:{port}"
        _await(port, self._process)

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(10)
        self._mock.stop()

    def looks(self, entries: Sequence[Entry | None]) -> Sequence[Look]:
        """The violations that it puts into a header of its own, and requests without an answer.

        At times Prism answers itself where nothing is wrong with what came: that counts where it always does.
        """
        return [self._steady_look(entry) for entry in entries]

    def _steady_look(self, entry: Entry | None) -> Look:
        for _ in range(_LOOKS - 1):
            look = self._look(entry)
            if _OWN not in look.found:
                return look
        return self._look(entry)

    def _look(self, entry: Entry | None) -> Look:
        if self._process.poll() is not None:
            self._start()  # an answer has ended it: what comes next is not to blame
        mock, watch = self._mock, Stopwatch()
        switch(mock, entry)
        # The mock has closed the connections of the entry before: Prism makes nothing of the first request on one.
        next(iter(answers(self._base, mock.key, mock.batch_ids, patience(entry))))
        found, count = set(), 0
        with watch.running(self._process.pid):
            for answer in answers(self._base, mock.key, mock.batch_ids, patience(entry)):
                count += 1
                headers = {name.lower(): value for name, value in answer.headers}
                if answer.failure:
                    found.add(answer.failure)
                for one in json.loads(headers.get("sl-violations", "[]")):
                    found.add(f"{'.'.join(one['location'])}: {one['message']}")
                if "problem+json" in headers.get("content-type", "").lower():
                    found.add(_OWN)
        return Look(frozenset(found), count, watch.seconds)


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def _await(port: int, process: subprocess.Popen[Any]) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.2)
    raise SystemExit("Prism did not start")
