"""HTTP/1.1 over one connection: bytes out exactly as given, whatever comes back bounded in time and size.

h11 does the framing. A client library on top of it would normalise the request target, follow its own idea of
connection reuse and hide what came before, between and after the responses, which is what is tested here.
"""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Protocol

import h11

from batch_conformance.exchange.base_url import BaseUrl
from batch_conformance.exchange.connection import Connection, ConnectionFailed, Deadline, connect, trust
from batch_conformance.exchange.decoding import decode_body
from batch_conformance.exchange.exchange import Failure, Headers, Response
from batch_conformance.exchange.proxy import choose_proxy
from batch_conformance.exchange.secret import SecretBytes, SecretHeaders
from batch_conformance.exchange.wire_notes import Accumulation, Clock, notes_of_head
from batch_conformance.message import Listing, Template

_METHOD = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TARGET = re.compile(rb"[^\x00-\x20\x7f]+")
_NAME = _METHOD
_VALUE = re.compile(rb"[^\x00\r\n]*")
_READ_HEAD = 1 << 14
_READ_BODY = 1 << 16
_HTTP_1 = b"HTTP/1."
_END_OF_HEAD = re.compile(rb"\n\r?\n")
_WHOLE_LENGTH = re.compile(rb"\r?\ncontent-length:[ \t]*([^\r\n]*)", re.IGNORECASE)

IN_BODY = Template("exchange.in_body", "{failure}, after {bytes} bytes of the body")
_ONLY_INTERIM = Template("exchange.only_interim", "more than {number} interim responses ({status}) and no final one")
_TOO_MANY_FIELDS = Template("exchange.too_many_fields", "{number} header fields: at most {most} are read")
_HEAD_TOO_LONG = Template("exchange.head_too_long", "the header section is longer than {size} KiB")
_NO_ANSWER = Template("exchange.closed", "the server closed the connection without an answer")
_CLOSED_IN_HEAD = Template(
    "exchange.closed_in_head", "the connection was closed in the header section, after {bytes} bytes"
)
_LENGTHS = Template("exchange.content_lengths", "conflicting Content-Length headers: {lengths}")
_HEAD_NOT_HTTP = Template("exchange.head_not_http", "the header section is not HTTP/1.1 ({reason}), starting {start}")
_IN_PYTHON = re.compile(r"bytearray\(b(.*)\)")
"""How h11's reasons quote a line."""
_ENDLESS = Template("exchange.endless_chunk", "a chunk header or the trailer section does not end")
_CLOSED_IN_CHUNKS = Template(
    "exchange.closed_in_chunks", "the connection was closed inside a chunked body, after {bytes} bytes"
)
_SHORT = Template("exchange.short_body", "the body ended after {bytes} bytes: Content-Length says {length}")
_BAD_FRAMING = Template("exchange.bad_framing", "the body is not framed as HTTP/1.1: {reason}, after {bytes} bytes")
_SPEAKS_TLS = Template("exchange.speaks_tls", "the server speaks TLS on this port: use https://")
_SPEAKS_HTTP_2 = Template("exchange.speaks_http_2", "the server speaks HTTP/2 where HTTP/1.1 was asked for")
_NO_STATUS_LINE = Template("exchange.no_status_line", "the answer has no HTTP status line: it starts with {start}")


@dataclass(frozen=True, slots=True)
class SizeLimits:
    """How much of a response is taken: body bytes kept (wire and decoded alike), bytes and count of header fields
    (interim responses included), the number of interim (1xx) responses, and of pieces (chunks) of a body.

    What bodies have beyond ``small`` bytes is taken from ``spare``, for all responses of a run together: once it is
    used up, bodies are cut at ``small``. A server that floods every answer then costs no more than one that floods
    a few.
    """

    body: int = 1 << 20
    small: int = 1 << 14
    spare: int = 1 << 22
    head: int = 1 << 16
    fields: int = 1000
    interim: int = 20
    pieces: int = 2000


_MOMENT = 0.05
"""Seconds in which what comes of a body is taken that is not waited for."""

AwaitsBody = Callable[[int, Headers], bool]
"""Whether the end of a body is waited for, by the status and the fields of its message."""


PER_CONNECTION = 16
"""Requests that one connection serves. A pool of servers behind one address gives each connection to one of them: a
single connection would see no other, however long it is kept."""


@dataclass(frozen=True, slots=True)
class Transmission:
    """What one request came to: a response, a failure, or both where the body broke off after the head.

    ``transient`` says whether the failure may heal by itself; ``elapsed`` is in seconds, connecting included.
    """

    response: Response | None = None
    failure: Failure | None = None
    transient: bool = False
    elapsed: float = 0.0


class Relay(Protocol):
    """Is given a response while it is read, to pass it on."""

    def head(self, status: int, reason: str, headers: Headers) -> None:
        """The status and the header fields, as they came."""

    def data(self, content: bytes) -> None:
        """The next bytes of the body, without the framing of chunks and in the body's Content-Encoding."""


@dataclass(frozen=True, slots=True)
class _Passing:
    """What else there is to an exchange than its request's head: see ``Transport.send``."""

    awaits_body: AwaitsBody
    pieces: Iterable[bytes]
    relay: Relay | None


class _Abort(Exception):  # noqa: N818 - carries a failure out of the framing
    def __init__(self, failure: Failure, transient: bool) -> None:
        super().__init__(str(failure.detail))
        self.failure = failure
        self.transient = transient


class Transport:
    """One connection to one target, kept alive for a while if the server lets it. Not for several threads at once.

    ``timeout`` (seconds) bounds a whole exchange: connecting, sending and the last byte of the answer. Raises
    ``connection.TrustError`` and ``proxy.ProxyError`` when it is made; afterwards the server's doings never raise.
    """

    def __init__(
        self,
        base: BaseUrl,
        *,
        timeout: float,
        limits: SizeLimits | None = None,
        ca_bundle: str | None = None,
        insecure: bool = False,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        self._base = base
        self._timeout = timeout
        self._limits = limits or SizeLimits()
        self._context: ssl.SSLContext | None = trust(ca_bundle, insecure) if base.scheme == "https" else None
        self._proxy = choose_proxy(base, environ or {})
        self.secrets: tuple[str, ...] = self._proxy.secrets if self._proxy else ()
        self._connection: Connection | None = None
        self._served = 0
        self._accumulation = Accumulation()
        self._clock = Clock()
        self._spare = self._limits.spare

    def send(
        self,
        method: str,
        target: bytes,
        headers: Headers,
        may_resend: Callable[[], bool] = lambda: True,
        body: bytes = b"",
        *,
        awaits_body: AwaitsBody = lambda _status, _fields: True,
        pieces: Iterable[bytes] = (),
        relay: Relay | None = None,
    ) -> Transmission:
        """Send one request and read its response to the end. Redirects are responses like any other.

        Where ``awaits_body`` says no, the response has what came of its body at once, and is ``truncated``.
        The headers must tell the length of a ``body``, and of ``pieces`` that follow it and are sent as they come.
        With a ``relay``, a body of any size is read to its end; what is beyond the limits is passed on and not kept.
        Where a kept-alive connection turns out to be closed before a byte of the answer came, the request is sent once
        more on a new one, if ``may_resend`` allows. Raises ``ValueError`` for a target or header that would break the
        framing of the request.
        """
        deadline = Deadline(self._timeout)
        start, begun = time.perf_counter(), time.time()
        message = SecretBytes(self._encode(method, target, headers) + body)
        passing = _Passing(awaits_body, pieces, relay)
        outcome, unanswered = self._once(method, message, deadline, passing, fresh=False)
        if unanswered and may_resend():
            second, _ = self._once(method, message, deadline, passing, fresh=True)
            # Where nobody listens any more, it is how the first connection ended that tells something.
            if second.failure is None or second.failure.kind != "refused":
                outcome = second
        response = outcome.response
        if response is not None and response.wire_notes is not None:
            notes = (
                *response.wire_notes,
                *self._accumulation.notes_of(response.headers),
                *self._clock.notes_of(method, target, response, begun, time.time()),
            )
            response = replace(response, wire_notes=notes)
        return Transmission(response, outcome.failure, outcome.transient, time.perf_counter() - start)

    def close(self) -> None:
        """Close the connection. The next request opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _encode(self, method: str, target: bytes, headers: Headers) -> SecretBytes:
        if not _METHOD.fullmatch(method):
            raise ValueError(f"{method!r} is no HTTP method")
        if not _TARGET.fullmatch(target):
            shown = target.partition(b"?")[0][:80]  # the query may hold a credential
            raise ValueError(f"the request target {shown!r} contains white space or control characters")
        lines = [method.encode("ascii"), b" "]
        if self._proxy and self._context is None:
            lines.append(self._base.origin.encode("ascii"))
            if self._proxy.authorization:
                headers = SecretHeaders((*headers, ("Proxy-Authorization", self._proxy.authorization)))
        lines += [target, b" HTTP/1.1\r\nHost: ", self._base.authority.encode("ascii"), b"\r\n"]
        for name, value in headers:
            encoded = SecretBytes(encode_header_value(value))
            if not _NAME.fullmatch(name) or not _VALUE.fullmatch(encoded):
                raise ValueError(f"the header {name[:80]!r} contains a line break or is misnamed")
            lines += [name.encode("ascii"), b": ", encoded, b"\r\n"]
        lines.append(b"\r\n")
        return SecretBytes(b"".join(lines))

    def _once(
        self, method: str, message: bytes, deadline: Deadline, passing: _Passing, *, fresh: bool
    ) -> tuple[Transmission, bool]:
        """One try, and whether it died unanswered on a connection that had served before."""
        connection = None if fresh else self._connection
        self._connection = None
        if connection is not None and (self._served >= PER_CONNECTION or not connection.is_quiet()):
            # Closed, or bytes nobody asked for: never read those as the answer to the next request.
            connection.close()
            connection = None
        reused = connection is not None
        self._served = self._served + 1 if reused else 1
        if not reused:
            self._accumulation = Accumulation()
        try:
            connection = connection or connect(self._base, self._proxy, self._context, deadline)
        except ConnectionFailed as failed:
            return Transmission(failure=failed.failure, transient=failed.transient), False
        most = min(self._limits.body, max(self._limits.small, self._spare))
        limits = self._limits if most == self._limits.body else replace(self._limits, body=most)
        reading = _Reading(connection, deadline, limits, passing)
        broken = None
        try:
            connection.send(message, deadline)
            for piece in passing.pieces:
                connection.send(piece, deadline)
        except ConnectionFailed as failed:
            # A server may answer (414, 431) and close before it has read everything: its answer counts.
            broken = failed
        try:
            outcome = reading.run(method, broken)
        except BaseException:
            connection.close()
            raise
        size = max(reading.received, len(outcome.response.body) if outcome.response else 0)
        self._spare = max(0, self._spare - max(0, size - self._limits.small))
        if reading.reusable:
            self._connection = connection
        else:
            connection.close()
        gone = outcome.failure is not None and outcome.failure.kind == "reset"
        return outcome, reused and gone and not reading.received


@lru_cache(maxsize=16)
def _request_of(method: str) -> h11.Request:
    """What h11 is told of a request: it needs the method alone."""
    return h11.Request(method=method, target="/", headers=[("Host", "-")])


class _Reading:
    """Reads one response. ``received`` counts raw bytes; ``reusable`` whether the connection may serve again."""

    def __init__(self, connection: Connection, deadline: Deadline, limits: SizeLimits, passing: _Passing) -> None:
        self._connection = connection
        self._deadline = deadline
        self._relay = passing.relay
        self._passed_on = 0
        self._awaits_body = passing.awaits_body
        self._awaits = True
        self._limits = limits
        self._most = limits.head + limits.body + limits.body // 4
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=limits.head + _READ_BODY)
        self._head = bytearray()
        self._interim = 0
        self._response: h11.Response | None = None
        self._wire = bytearray()
        self._pieces = 0
        self._ended = False
        self.received = 0
        self.reusable = False

    def run(self, method: str, broken: ConnectionFailed | None) -> Transmission:
        # The bytes are on their way already; h11 only has to know what kind of answer to expect.
        self._http.send(_request_of(method))
        self._http.send(h11.EndOfMessage())
        failure: Failure | None = None
        transient = False
        try:
            self._read(broken)
        except ConnectionFailed as failed:
            failure, transient = failed.failure, failed.transient
            if failure.kind == "timeout" and not self._awaits:
                return Transmission(self._record(None))
            if failure.kind in ("timeout", "reset") and self._response is not None:
                failure = Failure(failure.kind, IN_BODY(failure=failure.detail, bytes=len(self._wire)))
        except _Abort as abort:
            failure, transient = abort.failure, abort.transient
        except h11.ProtocolError as error:
            failure, transient = self._protocol(str(error))
        return Transmission(self._record(failure), failure, transient)

    def _read(self, broken: ConnectionFailed | None) -> None:
        http = self._http
        while True:
            event = http.next_event()
            if event is h11.NEED_DATA:
                self._receive(broken)
            elif isinstance(event, h11.Data) and self._relay is not None:
                self._relay.data(bytes(event.data))
                kept = event.data[: max(0, self._limits.body - len(self._wire))]
                self._wire += kept
                self._passed_on += len(event.data) - len(kept)
            elif isinstance(event, h11.Data):
                self._wire += event.data
                self._pieces += 1
                # A body in chunks of one byte is six times its size: the framing must not cost without end either.
                if self._is_too_much():
                    return
            elif isinstance(event, h11.EndOfMessage):
                self._ended = True
                self.reusable = http.our_state is h11.DONE and http.their_state is h11.DONE and broken is None
                return
            elif isinstance(event, h11.InformationalResponse):
                self._interim += 1
                if self._interim > self._limits.interim:
                    detail = _ONLY_INTERIM(number=self._limits.interim, status=event.status_code)
                    raise _Abort(Failure("protocol", detail), False)
            elif isinstance(event, h11.Response):
                if len(event.headers) > self._limits.fields:
                    detail = _TOO_MANY_FIELDS(number=len(event.headers), most=self._limits.fields)
                    raise _Abort(Failure("too_large", detail), False)
                self._response = event
                fields = _texts(list(event.headers))
                self._awaits = self._awaits_body(event.status_code, fields)
                if not self._awaits:
                    self._deadline = self._deadline.within(_MOMENT)
                if self._relay is not None:
                    reason = event.reason.decode("latin-1")
                    self._relay.head(event.status_code, reason, _texts(self._raw_headers(event)))

    def _is_too_much(self) -> bool:
        limits = self._limits
        return len(self._wire) > limits.body or self.received > self._most or self._pieces > limits.pieces

    def _receive(self, broken: ConnectionFailed | None) -> None:
        in_head = self._response is None
        if in_head and self.received > self._limits.head:
            detail = _HEAD_TOO_LONG(size=self._limits.head // 1024)
            raise _Abort(Failure("too_large", detail), False)
        try:
            data = self._connection.receive(_READ_HEAD if in_head else _READ_BODY, self._deadline)
        except ConnectionFailed:
            if broken is not None and not self.received:
                raise broken from None
            raise
        self.received += len(data)
        if in_head:
            self._head += data
            self._look(data)
        self._http.receive_data(data)

    def _look(self, data: bytes) -> None:
        """Tell the ways apart in which an answer is none before h11 waits for the rest of it."""
        head = self._head
        if not data:
            if not head:
                raise ConnectionFailed("reset", _NO_ANSWER())
            if not head.startswith(_HTTP_1):
                raise _Abort(_not_http(head), False)
            raise ConnectionFailed("reset", _CLOSED_IN_HEAD(bytes=len(head)))
        if not _HTTP_1.startswith(head[: len(_HTTP_1)]):
            raise _Abort(_not_http(head), False)

    def _protocol(self, words: str) -> tuple[Failure, bool]:
        if self._response is None:
            lengths = {value.strip() for value in _WHOLE_LENGTH.findall(self._head)}
            if "conflicting" in words:
                listed = Listing(tuple(sorted(value.decode("latin-1")[:40] for value in lengths)), "and")
                return Failure("protocol", _LENGTHS(lengths=listed)), False
            words = _IN_PYTHON.sub(r"\1", words)
            line = self._head.split(b"\n", 1)[0].rstrip()[:80].decode("latin-1")
            return Failure("protocol", _HEAD_NOT_HTTP(reason=words, start=repr(line))), False
        if "too long" in words:
            return Failure("too_large", _ENDLESS()), False
        if "incomplete chunked" in words:
            detail = _CLOSED_IN_CHUNKS(bytes=len(self._wire))
            return Failure("reset", detail), True
        if "without sending complete message" in words:
            expected = next((v for k, v in self._response.headers if k == b"content-length"), b"").decode("latin-1")
            detail = _SHORT(bytes=len(self._wire), length=expected)
            # A lie repeats itself; a connection that was lost does not.
            return Failure("protocol", detail), True
        return Failure("protocol", _BAD_FRAMING(reason=words, bytes=len(self._wire))), False

    def _record(self, failure: Failure | None) -> Response | None:
        event = self._response
        if event is None:
            return None
        headers = _texts(self._raw_headers(event))
        encoding = ", ".join(v.decode("latin-1") for n, v in event.headers if n == b"content-encoding")
        limit = self._limits.body
        cut = not self._ended and failure is None
        decoded = decode_body(bytes(self._wire), encoding, limit, complete=self._ended and not self._passed_on)
        trailing = len(self._http.trailing_data[0]) if self._ended else 0
        self.reusable = self.reusable and not trailing
        return Response(
            status=event.status_code,
            headers=headers,
            body=decoded.body,
            reason=event.reason.decode("latin-1"),
            http_version=event.http_version.decode("ascii"),
            wire_size=min(len(self._wire), limit) if cut else len(self._wire) + self._passed_on,
            truncated=decoded.truncated or cut or self._passed_on > 0,
            decode_error=decoded.error,
            trailing=trailing,
            wire_notes=notes_of_head(bytes(self._head), self._interim),
        )

    def _raw_headers(self, event: h11.Response) -> list[tuple[bytes, bytes]]:
        """The fields as they came. h11 folds equal Content-Lengths into one; the judge wants to see them."""
        items = event.headers.raw_items()
        lengths = [value.strip() for value in _WHOLE_LENGTH.findall(_END_OF_HEAD.split(self._head, maxsplit=1)[0])]
        if len(lengths) < 2 or self._interim:
            return items
        raw: list[tuple[bytes, bytes]] = []
        for name, value in items:
            if name.lower() == b"content-length":
                raw += [(name, length) for length in lengths]
            else:
                raw.append((name, value))
        return raw


def _texts(pairs: list[tuple[bytes, bytes]]) -> Headers:
    return tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in pairs)


def encode_header_value(value: str) -> bytes:
    """A header value's bytes: Latin-1 where it can be (RFC 9110 5.5), else UTF-8."""
    try:
        return value.encode("latin-1")
    except UnicodeEncodeError:
        return value.encode("utf-8", "surrogateescape")


def _not_http(head: bytearray) -> Failure:
    if head[0] in (0x15, 0x16):  # a TLS alert or handshake record
        return Failure("protocol", _SPEAKS_TLS())
    if head.startswith((b"PRI * HTTP/2", b"HTTP/2", b"\x00\x00")):
        return Failure("protocol", _SPEAKS_HTTP_2())
    start = head[:40].split(b"\n", 1)[0].decode("latin-1")
    return Failure("protocol", _NO_STATUS_LINE(start=repr(start)))
