"""One TCP or TLS connection to a target, every wait on it bound by the deadline of the exchange it serves."""

from __future__ import annotations

import ipaddress
import select
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import h11

from batch_conformance.exchange.base_url import BaseUrl
from batch_conformance.exchange.exchange import Failure, FailureKind
from batch_conformance.exchange.proxy import Proxy
from batch_conformance.input_error import InputError
from batch_conformance.message import Message, Template, shown

_CA_BUNDLE_CANNOT_BE_USED = Template(
    "connection_error.ca_bundle_cannot_be_used", "the CA bundle {ca_bundle} cannot be used: {why}"
)
NO_ANSWER = Template("exchange.timeout", "no complete answer within {seconds} s")
_NOT_TAKEN = Template("exchange.not_taken", "the server did not take the request within {seconds} s")
_TLS_SENDING = Template("exchange.tls_sending", "TLS broke while sending: {reason}")
_TLS_RECEIVING = Template("exchange.tls_receiving", "TLS broke while receiving: {reason}")
_CLOSED_SENDING = Template(
    "exchange.closed_sending", "the server closed the connection while the request was sent ({reason})"
)
_RESET = Template("exchange.reset", "the connection was reset ({reason})")
_NO_HANDSHAKE = Template("exchange.no_handshake", "no TLS handshake within {seconds} s")
_CERTIFICATE = Template(
    "exchange.certificate", "the certificate of {host} is not valid: {reason} (a private CA: --ca-bundle FILE)"
)
_NO_TLS = Template("exchange.no_tls", "no TLS with {host}: {reason}")
_NO_TLS_PLAIN = Template("exchange.no_tls_plain", "no TLS with {host}: {reason} (a plain http:// server?)")
_RESET_IN_HANDSHAKE = Template(
    "exchange.reset_in_handshake", "the connection was reset in the TLS handshake ({reason})"
)
_NOT_IN_TIME = Template("exchange.connect_timeout", "no connection to {host} port {port} within {seconds} s")
_NO_CONNECTION = Template("exchange.no_connection", "no connection to {host} port {port}: {reason}")
_NO_ADDRESS = Template("exchange.no_address", "the name {host} has no address")
_NO_NAME = Template("exchange.no_name", "the name {host} does not resolve")
_NAME_NOT_IN_TIME = Template("exchange.name_timeout", "the name {host} was not resolved within {seconds} s")
_PROXY = Template("exchange.proxy", "the proxy {host} port {port}")
_NO_TUNNEL = Template("exchange.no_tunnel", "{proxy} did not answer CONNECT {place}")
_NO_HTTP_PROXY = Template("exchange.no_http_proxy", "{proxy} does not answer CONNECT {place} as HTTP")
_TUNNEL_REFUSED = Template("exchange.tunnel_refused", "{proxy} answered {status} to CONNECT {place}")
_NO_REASON = Template("exchange.no_reason", "no reason is given")
_SYSTEM: Mapping[str, Template] = {
    "connection refused": Template("system.refused", "connection refused"),
    "connection reset by peer": Template("system.reset", "connection reset by peer"),
}
"""What the system says most often."""

_Address = tuple[socket.AddressFamily, "tuple[str, int] | tuple[str, int, int, int]"]


class TrustError(InputError):
    """A CA bundle that cannot be read. Its text is one line."""


class ConnectionFailed(Exception):  # noqa: N818 - carries a Failure
    """No connection, or it broke. ``transient`` says whether trying again may help."""

    def __init__(self, kind: FailureKind, detail: Message, *, transient: bool = True) -> None:
        super().__init__(str(detail))
        self.failure = Failure(kind, detail)
        self.transient = transient


class Deadline:
    """The moment by which an exchange must be over, however slowly its bytes arrive."""

    __slots__ = ("_at", "seconds")

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._at = time.monotonic() + seconds

    def within(self, seconds: float) -> Deadline:
        """The moment so many seconds from now, or this one where it is earlier."""
        sooner = Deadline(seconds)
        return sooner if sooner._at < self._at else self

    def remaining(self) -> float:
        """Seconds left, above 0. Raises ``ConnectionFailed`` of kind timeout where there are none."""
        left = self._at - time.monotonic()
        if left <= 0:
            raise ConnectionFailed("timeout", NO_ANSWER(seconds=f"{self.seconds:g}"))
        return left


class Connection:
    """A connected stream. Every method may raise ``ConnectionFailed``."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock

    def send(self, data: bytes, deadline: Deadline) -> None:
        """Send all of it."""
        try:
            self._socket.settimeout(deadline.remaining())
            self._socket.sendall(data)
        except TimeoutError:
            raise ConnectionFailed("timeout", _NOT_TAKEN(seconds=f"{deadline.seconds:g}")) from None
        except ssl.SSLError as error:
            raise ConnectionFailed("tls", _TLS_SENDING(reason=_reason(error))) from None
        except OSError as error:
            raise ConnectionFailed("reset", _CLOSED_SENDING(reason=_words(error))) from None

    def receive(self, size: int, deadline: Deadline) -> bytes:
        """Some bytes, at most ``size``; none at the end of the stream."""
        try:
            self._socket.settimeout(deadline.remaining())
            _acknowledge_at_once(self._socket)
            return self._socket.recv(size)
        except TimeoutError:
            raise ConnectionFailed("timeout", NO_ANSWER(seconds=f"{deadline.seconds:g}")) from None
        except ssl.SSLError as error:
            raise ConnectionFailed("tls", _TLS_RECEIVING(reason=_reason(error))) from None
        except OSError as error:
            raise ConnectionFailed("reset", _RESET(reason=_words(error))) from None

    def is_quiet(self) -> bool:
        """Whether the stream is open and nothing unasked-for waits on it. Never blocks."""
        try:
            if isinstance(self._socket, ssl.SSLSocket) and self._socket.pending():
                return False
            if hasattr(select, "poll"):
                poll = select.poll()
                poll.register(self._socket, select.POLLIN)
                return not poll.poll(0)
            return not select.select([self._socket], [], [], 0)[0]
        except (OSError, ValueError):
            return False

    def close(self) -> None:
        """Close it, whatever state it is in."""
        self._socket.close()

    def secure(self, context: ssl.SSLContext, host: str, deadline: Deadline) -> None:
        """Start TLS, the certificate checked against ``host`` as the context says."""
        try:
            self._socket.settimeout(deadline.remaining())
            self._socket = context.wrap_socket(self._socket, server_hostname=host)
        except TimeoutError:
            raise ConnectionFailed("timeout", _NO_HANDSHAKE(seconds=f"{deadline.seconds:g}")) from None
        except ssl.SSLCertVerificationError as error:
            detail = _CERTIFICATE(host=host, reason=error.verify_message)
            raise ConnectionFailed("tls", detail, transient=False) from None
        except ssl.SSLError as error:
            template = _NO_TLS_PLAIN if error.reason in _PLAIN_HTTP else _NO_TLS
            raise ConnectionFailed(
                "tls", template(host=host, reason=_reason(error)), transient=isinstance(error, ssl.SSLEOFError)
            ) from None
        except OSError as error:
            raise ConnectionFailed("reset", _RESET_IN_HANDSHAKE(reason=_words(error))) from None


_PLAIN_HTTP = ("WRONG_VERSION_NUMBER", "HTTP_REQUEST", "PACKET_LENGTH_TOO_LONG")


def trust(ca_bundle: str | None, insecure: bool) -> ssl.SSLContext:
    """The TLS settings of a run: verified against the system's certificates, a CA bundle, or, insecure, nothing.

    Raises ``TrustError``.
    """
    try:
        context = ssl.create_default_context(cafile=ca_bundle)
    except OSError as error:
        why = "not a readable PEM file of certificates" if isinstance(error, ssl.SSLError) else str(_words(error))
        raise TrustError(_CA_BUNDLE_CANNOT_BE_USED(ca_bundle=f"{ca_bundle!r}", why=str(why))) from None
    paths = ssl.get_default_verify_paths()
    known = any(path and Path(path).exists() for path in (paths.cafile, paths.capath))
    if not ca_bundle and not known and not context.get_ca_certs():
        # Some Python builds come without any certificates; those that requests brings are then better than none.
        from requests.utils import DEFAULT_CA_BUNDLE_PATH  # noqa: PLC0415 - slow to import and rarely needed

        context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    return context


def connect(base: BaseUrl, proxy: Proxy | None, context: ssl.SSLContext | None, deadline: Deadline) -> Connection:
    """Connect to a target, through a proxy where there is one. Raises ``ConnectionFailed``."""
    host, port = (proxy.host, proxy.port) if proxy else (base.host, base.port)
    connection = Connection(_dial(host, port, deadline))
    try:
        if context is not None:
            if proxy:
                _tunnel(connection, base, proxy, deadline)
            connection.secure(context, base.host, deadline)
    except BaseException:
        connection.close()
        raise
    return connection


def _dial(host: str, port: int, deadline: Deadline) -> socket.socket:
    addresses = _resolve(host, port, deadline)
    failure: ConnectionFailed | None = None
    for position, (family, address) in enumerate(addresses):
        # One dead address of several must not eat the time of the others.
        share = deadline.remaining() / (len(addresses) - position)
        sock = None
        try:
            sock = socket.socket(family, socket.SOCK_STREAM)
            sock.settimeout(share)
            sock.connect(address)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        except TimeoutError:
            failure = ConnectionFailed("timeout", _NOT_IN_TIME(host=host, port=port, seconds=f"{share:.3g}"))
        except OSError as error:
            failure = ConnectionFailed("refused", _NO_CONNECTION(host=host, port=port, reason=_words(error)))
        else:
            return sock
        if sock is not None:
            sock.close()
    raise failure or ConnectionFailed("dns", _NO_ADDRESS(host=host), transient=False)


def _resolve(host: str, port: int, deadline: Deadline) -> list[_Address]:
    try:
        version = ipaddress.ip_address(host.partition("%")[0]).version
    except ValueError:
        return _look_up(host, port, deadline)
    if version == 4:
        return [(socket.AF_INET, (host, port))]
    return _look_up(host, port, deadline) if "%" in host else [(socket.AF_INET6, (host, port, 0, 0))]


def _look_up(host: str, port: int, deadline: Deadline) -> list[_Address]:
    """Resolve a name in a thread of its own: the system's resolver knows no deadline."""
    found: list[_Address] = []
    failed: list[ConnectionFailed] = []

    def ask() -> None:
        try:
            for family, _, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
                if family in (socket.AF_INET, socket.AF_INET6):
                    found.append((family, address))  # type: ignore[arg-type]
        except (OSError, UnicodeError) as error:
            may_help = isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN
            failed.append(ConnectionFailed("dns", _NO_NAME(host=host), transient=may_help))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(deadline.remaining())
    if thread.is_alive():
        raise ConnectionFailed("dns", _NAME_NOT_IN_TIME(host=host, seconds=f"{deadline.seconds:g}"))
    if failed:
        raise failed[0]
    return found


def _tunnel(connection: Connection, base: BaseUrl, proxy: Proxy, deadline: Deadline) -> None:
    """Ask a proxy for a tunnel (RFC 9110 9.3.6)."""
    host = f"[{base.host}]" if ":" in base.host else base.host
    place = f"{host}:{base.port}"
    headers = [("Host", place)]
    if proxy.authorization:
        headers.append(("Proxy-Authorization", proxy.authorization))
    http = h11.Connection(h11.CLIENT, max_incomplete_event_size=65536)
    head = http.send(h11.Request(method="CONNECT", target=place, headers=headers))
    http.send(h11.EndOfMessage())
    connection.send(head or b"", deadline)
    where = _PROXY(host=proxy.host, port=proxy.port)
    taken = 0
    try:
        while True:
            event = http.next_event()
            if event is h11.NEED_DATA:
                data = connection.receive(4096, deadline)
                taken += len(data)
                if not data or taken > 65536:
                    raise ConnectionFailed("reset", _NO_TUNNEL(proxy=where, place=place))
                http.receive_data(data)
            elif isinstance(event, h11.Response):
                break
    except h11.ProtocolError:
        raise ConnectionFailed("refused", _NO_HTTP_PROXY(proxy=where, place=place), transient=False) from None
    if not 200 <= event.status_code < 300:
        raise ConnectionFailed(
            "refused",
            _TUNNEL_REFUSED(proxy=where, status=event.status_code, place=place),
            transient=event.status_code >= 500,
        )


def _words(error: OSError) -> Message:
    words = (error.strerror or str(error)).lower()
    if words in _SYSTEM:
        return _SYSTEM[words]()
    return shown(words) if words else _NO_REASON()


def _reason(error: ssl.SSLError) -> str:
    return (error.reason or str(error)).replace("_", " ").lower()


def _acknowledge_at_once(sock: socket.socket) -> None:
    """Switch off delayed acknowledgements for the next read; the system forgets it again.

    A server that writes head and body apart waits 40 ms for the first to be acknowledged (Nagle's algorithm).
    """
    option = getattr(socket, "TCP_QUICKACK", None)
    if option is not None:
        sock.setsockopt(socket.IPPROTO_TCP, option, 1)
