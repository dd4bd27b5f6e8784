"""A server that writes down what it is asked, whoever asks, and answers as a service of the mock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

from http_server import listening

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

    with listening(Handler) as origin:
        yield f"{origin}{service.prefix}", asked
