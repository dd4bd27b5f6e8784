"""A reverse proxy: requests are passed on to one target as they came, and each exchange is handed on as recorded.

Bodies of responses are passed on while they are read, those of requests while they are sent. What concerns only one of
the two connections is not passed on: hop-by-hop header fields (RFC 9110 section 7.6.1) and the framing of chunks.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from batch_conformance.exchange.base_url import BaseUrl
from batch_conformance.exchange.exchange import Headers
from batch_conformance.exchange.transport import SizeLimits, Transmission, Transport
from batch_conformance.recorded.line import RecordedExchange

_HOP_BY_HOP = frozenset({"connection", "keep-alive", "proxy-connection", "te", "upgrade", "transfer-encoding"})
_CHUNK = 1 << 16
_LONGEST_LINE = 1 << 16
_IDLE = 120.0
"""Seconds after which a connection of a client on which nothing is asked is closed."""
KEPT = 1 << 24
"""Bytes of a body that are recorded; it is passed on whatever its size."""

Sink = Callable[[RecordedExchange], None]
"""Is given each exchange when it is over, by the thread that passed it on."""


class RecordingProxy(ThreadingHTTPServer):
    """Listens, with a thread for each connection of a client. ``under_way`` counts the exchanges that are not over.

    ``timeout`` is for one whole exchange, in seconds. Raises ``OSError`` where it cannot listen.
    """

    daemon_threads = True
    request_queue_size = 256

    def __init__(
        self,
        address: tuple[str, int],
        base: BaseUrl,
        sink: Sink,
        *,
        timeout: float,
        ca_bundle: str | None = None,
        insecure: bool = False,
    ) -> None:
        self._base = base
        self._settings: dict[str, Any] = {"timeout": timeout, "ca_bundle": ca_bundle, "insecure": insecure}
        self.sink = sink
        self._over = threading.Condition()
        self.under_way = 0
        self.transport().close()  # which says at once where a setting cannot be used
        super().__init__(address, _Handler)

    @property
    def base(self) -> BaseUrl:
        """The target."""
        return self._base

    def transport(self) -> Transport:
        """A new connection to the target, for one connection of a client."""
        limits = SizeLimits(body=KEPT, small=KEPT, spare=KEPT, pieces=1 << 62)
        return Transport(self._base, limits=limits, **self._settings)

    def begin(self) -> None:
        """Count an exchange that begins."""
        with self._over:
            self.under_way += 1

    def end(self) -> None:
        """Count an exchange as over."""
        with self._over:
            self.under_way -= 1
            self._over.notify_all()

    def wait_until_over(self, seconds: float) -> bool:
        """Wait for the exchanges that are under way; false where some still are after so many seconds."""
        with self._over:
            return self._over.wait_for(lambda: self.under_way == 0, seconds)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away is none of this tool's errors."""


class _Handler(BaseHTTPRequestHandler):
    server: RecordingProxy
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = _IDLE

    def setup(self) -> None:
        super().setup()
        self._transport = self.server.transport()
        self._body_was_read = False

    def finish(self) -> None:
        self._transport.close()
        super().finish()

    def __getattr__(self, name: str) -> Any:
        """Every method of HTTP is passed on."""
        if name.startswith("do_"):
            return self._pass_on
        raise AttributeError(name)

    def log_message(self, format: str, *arguments: object) -> None:
        """Nothing is logged: the recording has it."""

    def _pass_on(self) -> None:
        self.server.begin()
        try:
            self._exchange()
        finally:
            self.server.end()

    def _exchange(self) -> None:
        target = self.requestline.split(" ")[1].encode("latin-1")
        if not target.startswith(b"/") and target != b"*":
            self._refuse(400, "this is a reverse proxy: ask for a path, with this address as the base URL")
            return
        received = tuple((name, value.strip()) for name, value in self.headers.items())
        sent = [pair for pair in _end_to_end(received) if pair[0].lower() not in ("host", "expect")]
        if self._is_chunked:
            sent.append(("Transfer-Encoding", "chunked"))
        relay, self._body_was_read = _ToClient(self), False
        begun = time.time()
        try:
            passed = self._transport.send(
                self.command,
                target,
                tuple(sent),
                may_resend=lambda: not self._has_body,
                pieces=self._body(),
                relay=relay,
            )
        except ValueError:
            self._refuse(400, "the request cannot be passed on: its target or a header breaks its framing")
            return
        if not self._body_was_read:
            self.close_connection = True  # what is left of the body is no request
        relay.end(passed)
        url = self.server.base.origin + target.decode("latin-1")
        asked = tuple(pair for pair in _end_to_end(received) if pair[0].lower() != "host")
        self.server.sink(
            RecordedExchange(
                method=self.command,
                url=url,
                request_headers=asked,
                response=passed.response,
                failure=passed.failure,
                started_at=begun,
                elapsed=passed.elapsed,
            )
        )

    @property
    def _is_chunked(self) -> bool:
        return "chunked" in self.headers.get("Transfer-Encoding", "").lower()

    @property
    def _has_body(self) -> bool:
        return self._is_chunked or self.headers.get("Content-Length", "0").strip() != "0"

    def _body(self) -> Iterator[bytes]:
        """The body of the request as it comes, chunks with their framing."""
        if not self._is_chunked:
            length = self.headers.get("Content-Length", "0").strip()
            yield from self._read(int(length) if length.isascii() and length.isdigit() else 0)
            self._body_was_read = True
            return
        while True:
            line = self.rfile.readline(_LONGEST_LINE)
            yield line
            digits = line.partition(b";")[0].strip()
            size = int(digits, 16) if digits and not digits.strip(b"0123456789abcdefABCDEF") else 0
            if not size:
                break
            yield from self._read(size + 2)
        while (line := self.rfile.readline(_LONGEST_LINE)).strip():
            yield line
        yield b"\r\n"
        self._body_was_read = True

    def _read(self, length: int) -> Iterator[bytes]:
        while length and (data := self.rfile.read1(min(length, _CHUNK))):
            length -= len(data)
            yield data

    def _refuse(self, status: int, text: str) -> None:
        content = f"batch-conformance record: {text}\n".encode()
        self.close_connection = True
        self.send_response_only(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(content)


def _end_to_end(headers: Headers) -> Iterator[tuple[str, str]]:
    """The header fields that are not of one connection alone (RFC 9110 section 7.6.1)."""
    listed = ",".join(value for name, value in headers if name.lower() == "connection")
    left_out = _HOP_BY_HOP | {name.strip().lower() for name in listed.split(",")}
    return (pair for pair in headers if pair[0].lower() not in left_out)


class _ToClient:
    """Passes a response on to the client. One that went away does not end the recording of it."""

    def __init__(self, handler: _Handler) -> None:
        self._handler = handler
        self._begun = self._chunked = self._gone = False

    def head(self, status: int, reason: str, headers: Headers) -> None:
        """Pass on the status and the header fields of the whole message."""
        handler = self._handler
        self._begun = True
        passed = list(_end_to_end(headers))
        has_body = handler.command != "HEAD" and status >= 200 and status not in (204, 304)
        if has_body and not any(name.lower() == "content-length" for name, _ in passed):
            if handler.request_version == "HTTP/1.0":
                handler.close_connection = True
            else:
                self._chunked = True
                passed.append(("Transfer-Encoding", "chunked"))
        if handler.close_connection:
            passed.append(("Connection", "close"))
        lines = [f"HTTP/1.1 {status} {reason}".rstrip(), *(f"{name}: {value}" for name, value in passed)]
        self._write("\r\n".join([*lines, "", ""]).encode("latin-1", "replace"))

    def data(self, content: bytes) -> None:
        """Pass on some bytes of the body."""
        if content:
            self._write(b"%x\r\n%s\r\n" % (len(content), content) if self._chunked else content)

    def end(self, passed: Transmission) -> None:
        """Say that the response is over, as it ended: one that broke off breaks off here too."""
        if passed.failure is None:
            if self._chunked:
                self._write(b"0\r\n\r\n")
        elif self._begun:
            self._handler.close_connection = True
        else:
            try:
                self._handler._refuse(502, f"no answer of the target: {passed.failure.detail}")
            except OSError:
                self._gone = True

    def _write(self, data: bytes) -> None:
        if not self._gone:
            try:
                self._handler.wfile.write(data)
            except OSError:
                self._gone = True
                self._handler.close_connection = True
