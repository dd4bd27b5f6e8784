"""The server: HTTP/1.1 connections on asyncio, requests parsed by h11, each reply one write.

Replies are framed here and not by h11, because a mock that drifts has to be able to frame them wrongly.
"""

from __future__ import annotations

import asyncio
import time

import h11

from batch_conformance.mock.message import Headers, ParsedRequest, Reply, encode
from batch_conformance.mock.service import Service

_LONGEST_HEAD = 256 * 1024
"""Request line and headers, in bytes: far beyond any id that a suite would send."""
_LONGEST_BODY = 8 * 1024 * 1024
"""What a request can carry, in bytes; of a longer one nothing is kept."""
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def http_date(moment: float) -> str:
    """Unix seconds as an IMF-fixdate (RFC 9110 section 5.6.7), whatever the locale is."""
    at = time.gmtime(moment)
    clock = f"{at.tm_hour:02}:{at.tm_min:02}:{at.tm_sec:02}"
    return f"{_DAYS[at.tm_wday]}, {at.tm_mday:02} {_MONTHS[at.tm_mon - 1]} {at.tm_year} {clock} GMT"


class Server:
    """A service on a port. ``latency`` is in seconds, and holds every reply back."""

    def __init__(self, service: Service, *, latency: float = 0.0) -> None:
        self.service = service
        self.latency = latency
        self.connections: set[ClientConnection] = set()
        self.opened = 0
        self._listener: asyncio.Server | None = None
        self._date: tuple[int, Headers] = (0, ())

    async def start(self, host: str, port: int) -> int:
        """Listen; the port that was bound (``port`` 0: a free one). Raises OSError where that is not possible."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(lambda: ClientConnection(self), host, port, backlog=512)
        bound: int = self._listener.sockets[0].getsockname()[1]
        return bound

    async def stop(self) -> None:
        """Close the port and all connections."""
        if self._listener is not None:
            self._listener.close()
            for connection in tuple(self.connections):
                connection.abort()
            await self._listener.wait_closed()

    def replace(self, service: Service) -> None:
        """Serve another service from now on, on new connections."""
        self.service = service
        self.opened = 0
        for connection in tuple(self.connections):
            connection.abort()

    def date(self, shift: int = 0) -> Headers:
        """The Date header, made once a second; that of so many seconds later where it is shifted."""
        second = int(time.time())
        if shift:
            return (("Date", http_date(second + shift)),)
        if second != self._date[0]:
            self._date = (second, (("Date", http_date(second)),))
        return self._date[1]


class ClientConnection(asyncio.Protocol):
    """One connection: requests in turn, each replied to before the next is looked at."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._number = 0
        self._turn = 0
        self._transport: asyncio.Transport | None = None
        self._parser = self._new_parser(b"")
        self._request: h11.Request | None = None
        self._body: list[bytes] = []
        self._length = 0
        self._pending: asyncio.TimerHandle | None = None
        self._waiting = False
        self._ending = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection in."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._server.connections.add(self)
        self._server.opened += 1
        self._number = self._server.opened

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the protocol's signature
        """Forget the connection, and the reply that it was waiting for."""
        self._server.connections.discard(self)
        self._transport = None
        if self._pending is not None:
            self._pending.cancel()

    def data_received(self, data: bytes) -> None:
        """Take in what came, and reply to it where no reply is due before."""
        self._parser.receive_data(data)
        if not self._waiting:
            self._read()

    def eof_received(self) -> bool:
        """A client that has sent all may still be waiting for its reply."""
        self._ending = True
        return self._waiting

    def abort(self) -> None:
        """End the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    @staticmethod
    def _new_parser(data: bytes) -> h11.Connection:
        # One parser per request: it never learns what is replied, so it cannot object to it.
        parser = h11.Connection(h11.SERVER, max_incomplete_event_size=_LONGEST_HEAD)
        if data:
            parser.receive_data(data)
        return parser

    def _read(self) -> None:
        """Reply to all requests that are there, until one has to wait or the connection ends."""
        while self._transport is not None and not self._waiting and not self._transport.is_closing():
            try:
                event = self._parser.next_event()
            except h11.RemoteProtocolError:
                self._send(self._server.service.malformed(), head=False, last=True)
                return
            if event is h11.NEED_DATA:
                if self._request is not None and self._parser.they_are_waiting_for_100_continue:
                    self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
                    self._parser.send(h11.InformationalResponse(status_code=100, headers=[]))
                return
            if isinstance(event, h11.Request):
                self._request = event
            elif isinstance(event, h11.Data):
                self._take(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                assert self._request is not None
                self._reply(self._request)
            elif isinstance(event, h11.ConnectionClosed) or event is h11.PAUSED:
                return

    def _take(self, data: bytes) -> None:
        self._length += len(data)
        self._body.append(data)
        if self._length > _LONGEST_BODY:
            self._body.clear()

    def _reply(self, parsed: h11.Request) -> None:
        rest, _ = self._parser.trailing_data
        body = b"".join(self._body) if self._length <= _LONGEST_BODY else None
        self._parser, self._request = self._new_parser(rest), None
        self._body, self._length = [], 0
        self._turn += 1
        headers = tuple(parsed.headers)
        method = parsed.method.decode("ascii")
        request = ParsedRequest(method, parsed.target, headers, self._number, self._turn, body)
        reply = self._server.service.reply_to(request)
        head, last = request.method == "HEAD", _is_last(parsed)
        delay = self._server.latency + reply.wire.delay
        if delay > 0:
            self._waiting = True
            self._pending = asyncio.get_running_loop().call_later(delay, self._send_late, reply, head, last)
        else:
            self._send(reply, head=head, last=last)

    def _send_late(self, reply: Reply, head: bool, last: bool) -> None:
        self._waiting, self._pending = False, None
        self._send(reply, head=head, last=last or self._ending)
        self._read()

    def _send(self, reply: Reply, *, head: bool, last: bool) -> None:
        if self._transport is None:
            return
        if reply.wire.sends == "reset":
            self._transport.abort()
        elif reply.wire.sends == "nothing":
            self._waiting = True  # for ever: until the client gives up
        else:
            has_date = reply.header("date") is not None or not reply.wire.dated
            date = () if has_date else self._server.date(reply.wire.date_shift)
            self._transport.write(encode(reply, head=head, close=last, more=date))
            if last or reply.closes:
                self._transport.close()


def _is_last(request: h11.Request) -> bool:
    """Whether the client will not use the connection again (RFC 9112 section 9.3)."""
    if request.http_version < b"1.1":
        return True
    options = (value for name, value in request.headers if name == b"connection")
    return any(option.strip().lower() == b"close" for value in options for option in value.split(b","))
