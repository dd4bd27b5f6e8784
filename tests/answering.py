"""A server on 127.0.0.1 that keeps the published contract but for what a test has it answer, and audits of it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from email.utils import formatdate
from http.client import responses
from socketserver import StreamRequestHandler, ThreadingTCPServer
from typing import Any
from urllib.parse import urlsplit

from small_server import BATCH_ID, KEY

from batch_conformance.findings.finding import Finding
from batch_conformance.probes.plan import Plan
from batch_conformance.report.run.run_report import RunReport
from batch_conformance.run.live.audit import Audit
from batch_conformance.run.live.begin import begin
from batch_conformance.run.settings import settle

_UNSET = ("errors", "error_file_id", "failed_at", "expired_at", "cancelling_at", "cancelled_at")
BATCH: dict[str, Any] = {
    **dict.fromkeys(_UNSET),
    "id": BATCH_ID,
    "object": "batch",
    "endpoint": "/v1/chat/completions",
    "input_file_id": "file-x",
    "completion_window": "24h",
    "status": "completed",
    "output_file_id": "file-y",
    "created_at": 1741685413,
    "in_progress_at": 1741685420,
    "expires_at": 1741771813,
    "finalizing_at": 1741685430,
    "completed_at": 1741685440,
    "request_counts": {"total": 1, "completed": 1, "failed": 0},
    "metadata": {"description": "x"},
}


@dataclass(frozen=True)
class Asked:
    """A request: its path below the host, its query, and what it presents. ``number`` counts requests from 1."""

    method: str
    path: str
    query: str
    authorization: str | None
    headers: dict[str, str]
    number: int

    @property
    def has_key(self) -> bool:
        scheme, _, token = (self.authorization or "").partition(" ")
        return scheme.lower() == "bearer" and token.strip() == KEY

    @property
    def is_known(self) -> bool:
        return self.path == f"/v1/batches/{BATCH_ID}"


@dataclass(frozen=True)
class Said:
    """An answer: a status, a JSON value, and further headers. ``ends`` is false for a body that never ends."""

    status: int
    value: Any
    headers: tuple[tuple[str, str], ...] = ()
    ends: bool = True


REFUSED = Said(401, "Invalid token", (("WWW-Authenticate", 'Bearer realm="x"'),))
NOT_FOUND = Said(404, "404 page not found")
SHOWN = Said(200, BATCH)
BROKEN = Said(500, {"code": 50000, "message": "Internal error", "data": ""})
BUSY = Said(429, {"message": "Request was rejected due to rate limiting.", "data": ""})
Answer = Callable[[Asked], Said | None]


def conforming(asked: Asked) -> Said:
    """What the contract has for a request."""
    if not asked.has_key:
        return REFUSED
    return SHOWN if asked.is_known else NOT_FOUND


class _Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


class Answering:
    """A running server: ``asked`` has every request that came; ``answer`` gives None for what is as it should be."""

    def __init__(self, answer: Answer) -> None:
        self.asked: list[Asked] = []
        self.closing = threading.Event()
        outer = self

        class Handler(StreamRequestHandler):
            disable_nagle_algorithm = True

            def handle(self) -> None:
                while self._answer_one():
                    pass

            def _answer_one(self) -> bool:
                """Answer a request, and give whether another one may follow."""
                line = self.rfile.readline()
                if not line.strip():
                    return False
                method, target, _ = line.decode("latin-1").split(" ", 2)
                fields: list[tuple[str, str]] = []
                while (line := self.rfile.readline()).strip():
                    name, _, value = line.decode("latin-1").partition(":")
                    fields.append((name.lower(), value.strip()))
                if method not in ("GET", "HEAD"):
                    self.wfile.write(b"HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                    return False
                path, _, query = target.partition("?")
                authorization = next((value for name, value in fields if name == "authorization"), None)
                asked = Asked(method, path, query, authorization, dict(fields), len(outer.asked) + 1)
                outer.asked.append(asked)
                self._say(answer(asked) or conforming(asked), method)
                return asked.headers.get("connection", "").lower() != "close"

            def _say(self, said: Said, method: str) -> None:
                body = json.dumps(said.value).encode()
                named = (
                    ("Server", "Answering/1.0"),
                    ("Date", formatdate(usegmt=True)),
                    ("Content-Type", "application/json"),
                    ("Content-Length", str(len(body) + (not said.ends))),
                    *said.headers,
                )
                lines = "".join(f"{name}: {value}\r\n" for name, value in named)
                head = f"HTTP/1.1 {said.status} {responses.get(said.status, '')}\r\n{lines}\r\n".encode("latin-1")
                self.wfile.write(head if method == "HEAD" else head + body)
                if method != "HEAD" and not said.ends:
                    outer.closing.wait(60)

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.base_url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


@contextmanager
def answering(answer: Answer) -> Iterator[Answering]:
    """A server that answers so."""
    server = Answering(answer)
    try:
        yield server
    finally:
        server.close()


@dataclass(frozen=True)
class Audited:
    """What came of an audit, the audit itself, and the seconds that it slept, none of which were slept for real."""

    report: RunReport
    audit: Audit
    slept: tuple[float, ...]

    @property
    def drifts(self) -> list[Finding]:
        return [finding for finding in self.report.ledger.findings if finding.level in ("must", "should")]

    @property
    def rules(self) -> set[str]:
        """The rules broken at level must or should."""
        return {finding.rule for finding in self.drifts}

    @property
    def notes(self) -> str:
        return "\n".join(map(str, self.report.notes))


_plans: dict[tuple[str | None, str], Plan] = {}
"""Plans of audits by host and settings: making one takes a quarter of what an audit takes."""


def audited_at(
    base_url: str,
    batch_ids: tuple[str, ...] = (BATCH_ID,),
    sleep: Callable[[float], None] = lambda _: None,
    clock: Callable[[], float] = time.monotonic,
    **given: Any,
) -> Audited:
    """What comes of an audit of a server; pauses are counted, and made by ``sleep`` alone."""
    slept: list[float] = []

    def pause(seconds: float) -> None:
        slept.append(seconds)
        sleep(seconds)

    settings = replace(settle({"BATCH_API_KEY": KEY}, base_url=base_url, batch_ids=list(batch_ids)), **given)
    # Of a base URL, what is planned depends on the host alone; where ids are looked for, on the server too.
    asked = (urlsplit(base_url).hostname, repr(replace(settings, base_url=None)))
    known = None if settings.create or settings.discover else _plans.get(asked)
    audit = begin(settings, seed=None, command="pytest", plan=known, sleep=pause, clock=clock)
    _plans[asked] = audit.plan
    try:
        audit.runner.send()
        report = audit.report()
        return Audited(report, audit, tuple(slept))
    finally:
        audit.close()


def audited(answer: Answer, batch_ids: tuple[str, ...] = (BATCH_ID,), **given: Any) -> Audited:
    """What comes of an audit of a server that answers so."""
    with answering(answer) as server:
        return audited_at(server.base_url, batch_ids, **given)
