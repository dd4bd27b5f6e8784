"""A server on 127.0.0.1 that behaves badly on purpose, in one named way, on raw sockets.

``with serve("drip") as server:`` gives ``server.base_url``, ``server.port`` and ``server.requests``. ``BEHAVIOURS``
lists all of them. A behaviour is a function of the connected socket and the bytes of the request's head; the socket
is closed when it returns.
"""

from __future__ import annotations

import contextlib
import functools
import gzip
import socket
import ssl
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterator

Behaviour = Callable[["HostileServer", socket.socket, bytes], None]

GOOD_BODY = b'{"id":"batch_rdyqgrcgjg","object":"batch"}'
GOOD_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(GOOD_BODY)
GOOD = GOOD_HEAD + GOOD_BODY
BEHAVIOURS: dict[str, Behaviour] = {}


class HostileServer:
    """Accepts connections until closed; ``requests`` counts request heads that came in, ``heads`` keeps them."""

    def __init__(
        self, behaviour: Behaviour | None, context: ssl.SSLContext | None = None, address: str = "127.0.0.1"
    ) -> None:
        self._behaviour = behaviour
        self._context = context
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self.closing = threading.Event()
        self.heads: list[bytes] = []
        self._listener = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        self._listener.bind((address, 0))
        self.port: int = self._listener.getsockname()[1]
        scheme, host = ("https", "localhost") if context else ("http", f"[{address}]" if ":" in address else address)
        self.base_url = f"{scheme}://{host}:{self.port}/v1"
        self._threads: list[threading.Thread] = []
        if behaviour is None:
            self._listener.close()
            return
        self._listener.listen(64)
        self._start(self._accept)

    @property
    def requests(self) -> int:
        return len(self.heads)

    def close(self) -> None:
        self.closing.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        with self._lock:
            for sock in self._open:
                with contextlib.suppress(OSError):
                    sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def read_head(self, sock: socket.socket) -> bytes:
        """One request head, or nothing when the client went away."""
        data = b""
        while b"\r\n\r\n" not in data:
            part = sock.recv(65536)
            if not part:
                return b""
            data += part
        self.heads.append(data)
        return data

    def _secure(self, sock: socket.socket, context: ssl.SSLContext) -> socket.socket:
        secure = context.wrap_socket(sock, server_side=True)
        with self._lock:
            self._open.discard(sock)
            self._open.add(secure)
        return secure

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self.closing.is_set():
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self._start(self._serve, sock)

    def _serve(self, sock: socket.socket) -> None:
        with self._lock:
            self._open.add(sock)
        try:
            if self._context is not None:
                sock = self._secure(sock, self._context)
            head = self.read_head(sock)
            if head and self._behaviour:
                self._behaviour(self, sock, head)
        except OSError:
            pass  # the client had enough, as it should
        finally:
            with self._lock:
                self._open.discard(sock)
            sock.close()


@contextlib.contextmanager
def serve(
    behaviour: str | Behaviour, context: ssl.SSLContext | None = None, address: str = "127.0.0.1"
) -> Iterator[HostileServer]:
    """A server with that behaviour: over TLS with ``context`` (as localhost then), and on another loopback address."""
    server = HostileServer(None if behaviour == "refuse" else _named(behaviour), context, address)
    try:
        yield server
    finally:
        server.close()


def _named(behaviour: str | Behaviour) -> Behaviour:
    return BEHAVIOURS[behaviour] if isinstance(behaviour, str) else behaviour


def _behaviour(function: Behaviour) -> Behaviour:
    BEHAVIOURS[function.__name__] = function
    return function


def raw(data: bytes) -> Behaviour:
    """Answers with these bytes and closes."""

    def answer(server: HostileServer, sock: socket.socket, head: bytes) -> None:
        sock.sendall(data)

    return answer


def reset(sock: socket.socket) -> None:
    """Close with RST instead of FIN, once what was sent has arrived."""
    time.sleep(0.02)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def _ok(*headers: str, body: bytes = b"") -> bytes:
    lines = ["HTTP/1.1 200 OK", "Content-Type: application/json", *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def _refuse(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    """Never called: the port is closed."""


BEHAVIOURS["refuse"] = _refuse


@_behaviour
def reset_before_status(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    reset(sock)


@_behaviour
def close_before_status(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    pass


@_behaviour
def reset_in_headers(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: appl")
    reset(sock)


@_behaviour
def close_in_headers(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: appl")


@_behaviour
def reset_in_body(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    sock.sendall(_ok("Content-Length: 1000", body=GOOD_BODY))
    reset(sock)


@_behaviour
def close_in_chunk(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    sock.sendall(_ok("Transfer-Encoding: chunked", body=b"64\r\n" + GOOD_BODY))


@_behaviour
def silence(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    server.closing.wait(60)


@_behaviour
def silence_in_headers(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-")
    server.closing.wait(60)


@_behaviour
def silence_in_body(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    sock.sendall(_ok("Content-Length: 1000", body=GOOD_BODY))
    server.closing.wait(60)


def _drip(server: HostileServer, sock: socket.socket, data: bytes, pause: float) -> None:
    for byte in data:
        if server.closing.wait(pause):
            return
        sock.sendall(bytes((byte,)))


@_behaviour
def drip(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    sock.sendall(_ok("Content-Length: 10000"))
    _drip(server, sock, b"x" * 10000, pause=0.9)


@_behaviour
def drip_head(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    _drip(server, sock, b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 10000, pause=0.05)


@_behaviour
def endless_body(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    sock.sendall(_ok("Connection: close"))
    while not server.closing.is_set():
        sock.sendall(b"x" * 65536)


@_behaviour
def endless_chunks(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    sock.sendall(_ok("Transfer-Encoding: chunked"))
    while not server.closing.is_set():
        sock.sendall(b"1\r\nx\r\n" * 1000)


@_behaviour
def endless_headers(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    sock.sendall(b"HTTP/1.1 200 OK\r\n")
    while not server.closing.is_set():
        sock.sendall(b"X-More: and more\r\n" * 100)


@_behaviour
def endless_header_line(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    sock.sendall(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while not server.closing.is_set():
        sock.sendall(b"x" * 65536)


@_behaviour
def endless_trailers(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    sock.sendall(_ok("Transfer-Encoding: chunked", body=b"0\r\n"))
    while not server.closing.is_set():
        sock.sendall(b"X-More: and more\r\n" * 100)


@_behaviour
def ten_thousand_headers(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    fields = b"".join(b"X-%d: 1\r\n" % number for number in range(10_000))
    sock.sendall(b"HTTP/1.1 200 OK\r\n" + fields + b"Content-Length: 0\r\n\r\n")


@_behaviour
def many_small_headers(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    sock.sendall(b"HTTP/1.1 200 OK\r\n" + b"a:\r\n" * 5000 + b"Content-Length: 0\r\n\r\n")


@_behaviour
def hundred_megabytes(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    sock.sendall(_ok("Content-Length: 104857600"))
    for _ in range(1600):
        sock.sendall(b"x" * 65536)


@functools.cache
def bomb(mebibytes: int = 256) -> bytes:
    """So many MiB of zeros as gzip, in members of 16 MiB, which is much quicker to make."""
    packer = zlib.compressobj(9, wbits=31)
    member = b"".join((*(packer.compress(b"\0" * (1 << 20)) for _ in range(16)), packer.flush()))
    return member * (mebibytes // 16)


@functools.cache
def bomb_in_gzip(mebibytes: int = 256) -> bytes:
    return gzip.compress(bomb(mebibytes))


@_behaviour
def gzip_bomb(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    data = bomb()
    sock.sendall(_ok("Content-Encoding: gzip", f"Content-Length: {len(data)}", body=data))


@_behaviour
def gzip_bomb_in_gzip(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    data = bomb_in_gzip()
    sock.sendall(_ok("Content-Encoding: gzip, gzip", f"Content-Length: {len(data)}", body=data))


@_behaviour
def gzip_of_many_members(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    body = gzip.compress(b"") * 40_000
    sock.sendall(_ok("Content-Encoding: gzip", f"Content-Length: {len(body)}", body=body))


@_behaviour
def gzip_cut_short(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    body = gzip.compress(GOOD_BODY)[:-6]
    sock.sendall(_ok("Content-Encoding: gzip", f"Content-Length: {len(body)}", body=body))


@_behaviour
def not_really_gzip(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    sock.sendall(_ok("Content-Encoding: gzip", f"Content-Length: {len(GOOD_BODY)}", body=GOOD_BODY))


@_behaviour
def brotli_unasked(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    sock.sendall(_ok("Content-Encoding: br", "Content-Length: 5", body=b"\x0b\x02\x80\xff\x03"))


@_behaviour
def content_length_too_long(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    sock.sendall(_ok("Content-Length: 1000", body=GOOD_BODY))


@_behaviour
def content_length_too_short(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    sock.sendall(_ok("Content-Length: 10", body=GOOD_BODY))
    server.closing.wait(0.2)


@_behaviour
def content_length_doubled(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    length = f"Content-Length: {len(GOOD_BODY)}"
    sock.sendall(_ok(length, length.lower(), body=GOOD_BODY))


@_behaviour
def content_length_conflicting(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    sock.sendall(_ok(f"Content-Length: {len(GOOD_BODY)}", "Content-Length: 7", body=GOOD_BODY))


@_behaviour
def content_length_no_number(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    sock.sendall(_ok("Content-Length: -1", body=GOOD_BODY))


@_behaviour
def content_length_with_chunked(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(GOOD_BODY), GOOD_BODY)
    sock.sendall(_ok(f"Content-Length: {len(GOOD_BODY)}", "Transfer-Encoding: chunked", body=body))


@_behaviour
def bad_chunk(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    sock.sendall(_ok("Transfer-Encoding: chunked", body=b"5\r\n12345\r\nzz\r\n"))


@_behaviour
def huge_chunk_size(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    sock.sendall(_ok("Transfer-Encoding: chunked", body=b"f" * 200 + b"\r\n12345\r\n"))


@_behaviour
def interim_flood(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    while not server.closing.is_set():
        sock.sendall(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 50)


@_behaviour
def interim_drip(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    while not server.closing.wait(0.3):
        sock.sendall(b"HTTP/1.1 102 Processing\r\n\r\n")


@_behaviour
def switching_protocols(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    sock.sendall(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\nConnection: upgrade\r\n\r\n")


@_behaviour
def no_status_line(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    sock.sendall(GOOD_BODY)


@_behaviour
def odd_status_line(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    sock.sendall(b"HTTP/1.1 two hundred\r\nContent-Length: 0\r\n\r\n")


@_behaviour
def ssh_banner(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    sock.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
    server.closing.wait(60)


@_behaviour
def http2_settings(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    sock.sendall(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + b"\x00\x03\x00\x00\x00\x80" * 3)
    server.closing.wait(60)


@_behaviour
def tls_alert(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    sock.sendall(b"\x15\x03\x01\x00\x02\x02\x46")


@_behaviour
def redirect_loop(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    path = head.split(b" ", 2)[1].decode("latin-1")
    sock.sendall(f"HTTP/1.1 302 Found\r\nLocation: {path}\r\nContent-Length: 0\r\n\r\n".encode("latin-1"))


@_behaviour
def redirect_to_file(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    sock.sendall(b"HTTP/1.1 301 Moved Permanently\r\nLocation: file:///etc/passwd\r\nContent-Length: 0\r\n\r\n")


@_behaviour
def html_login_page(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    page = b"<!doctype html><title>Sign in</title><form></form>"
    sock.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: %d\r\n\r\n%s" % (len(page), page))


@_behaviour
def close_after_each(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    """Closes without having said so: the client finds out when it sends the next request."""
    sock.sendall(GOOD)


@_behaviour
def close_on_second(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    """Reads the second request of a connection and closes without a byte."""
    sock.sendall(GOOD)
    server.read_head(sock)


@_behaviour
def answers_twice(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    """Sends a second answer that nobody asked for, and goes on serving."""
    while head:
        path = head.split(b" ", 2)[1]
        body = b'{"id":"%s"}' % path.rpartition(b"/")[2]
        good = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)
        sock.sendall(good + good)
        head = server.read_head(sock)


@_behaviour
def body_to_head(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    """Sends the body whatever the method."""
    while head:
        sock.sendall(GOOD)
        head = server.read_head(sock)


@_behaviour
def http_1_0(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    sock.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + GOOD_BODY)


@_behaviour
def good(server: HostileServer, sock: socket.socket, head: bytes) -> None:
    """Not hostile at all: the control."""
    while head:
        sock.sendall(GOOD)
        head = server.read_head(sock)
