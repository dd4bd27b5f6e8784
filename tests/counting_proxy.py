"""A server that writes down what it is asked, whoever asks, and answers as a service of the mock."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from batch_conformance.mock.message import ParsedRequest
from batch_conformance.mock.service import Service


@contextmanager
def counting(service: Service) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """The base URL, and the methods and targets of all requests so far."""
    asked: list[tuple[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def __getattr__(self, name: str) -> object:
            if name.startswith("do_"):
                return self._reply
            raise AttributeError(name)

        def _reply(self) -> None:
            asked.append((self.command, self.path))
            headers = tuple((name.lower().encode(), value.encode("latin-1")) for name, value in self.headers.items())
            reply = service.reply_to(ParsedRequest(self.command, self.path.encode("latin-1"), headers))
            self.send_response(reply.status)
            for name, value in (*reply.headers, ("Content-Length", str(len(reply.body)))):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(b"" if self.command == "HEAD" else reply.body)

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}{service.prefix}", asked
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
