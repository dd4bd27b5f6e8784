"""Request and reply as values, and what a reply is on the wire: also where the two shall not agree."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, Literal

Headers = tuple[tuple[str, str], ...]

_REASONS = {status.value: status.phrase for status in HTTPStatus}
_BODILESS = frozenset({204, 304})
_CHUNK = 1024
_LAST_CHUNK = b"0\r\n\r\n"


@dataclass(frozen=True, slots=True)
class ParsedRequest:
    """A request as it came. ``target`` is byte for byte as sent; header names are in lower case.

    ``connection`` is the number of the connection that it came on, ``turn`` its place among those of the connection;
    both from 1. ``body`` is what it carries, None where that is longer than the mock takes.
    """

    method: str
    target: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()
    connection: int = 1
    turn: int = 1
    body: bytes | None = field(default=b"", repr=False)

    def header(self, name: bytes) -> bytes | None:
        """The first value of a header, whose name is given in lower case."""
        return next((value for key, value in self.headers if key == name), None)

    def header_all(self, name: bytes) -> tuple[bytes, ...]:
        """Every value of a header, whose name is given in lower case."""
        return tuple(value for key, value in self.headers if key == name)

    @property
    def query(self) -> str:
        """The query of the target, empty where it has none."""
        return self.target.partition(b"?")[2].decode("latin-1")

    @property
    def path(self) -> bytes:
        """The path of the target, still percent-encoded: without query, and without an absolute form's origin."""
        path = self.target.partition(b"?")[0]
        if path.startswith(b"/"):
            return path
        _, separator, rest = path.partition(b"://")
        return b"/" + rest.partition(b"/")[2] if separator else path


@dataclass(frozen=True, slots=True)
class Wire:
    """How a reply is sent, where that is to differ from one whole message on a connection that stays open.

    ``content_length`` is what the header says instead of the truth. After ``cut`` bytes of the body the connection is
    closed. ``trailing`` follows the message. ``raw`` is sent instead of the message. ``sends`` may be ``nothing`` (the
    connection stays open in silence) or ``reset``. ``delay`` is in seconds. ``line_end`` ends the lines of the head;
    ``folded`` names fields whose values go on in a second line. ``unfinished`` leaves out the last, empty chunk,
    ``chunk_extension`` follows the size of each other one.
    ``date_shift`` is in seconds, and added to Date, which is there where the reply is ``dated``.
    """

    version: Literal["1.1", "1.0"] = "1.1"
    framing: Literal["length", "chunked", "close"] = "length"
    content_length: int | None = None
    cut: int | None = None
    trailing: bytes = b""
    raw: bytes | None = None
    close: bool = False
    sends: Literal["message", "nothing", "reset"] = "message"
    delay: float = 0.0
    body_after_head: bool = False
    line_end: str = "\r\n"
    folded: frozenset[str] = frozenset()
    unfinished: bool = False
    chunk_extension: bytes = b""
    date_shift: int = 0
    dated: bool = True


_PLAIN = Wire()


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply: its body is not encoded yet, and its length and connection headers are added when it is sent."""

    status: int
    headers: Headers = ()
    body: bytes = b""
    reason: str = ""
    wire: Wire = field(default=_PLAIN)

    def header(self, name: str) -> str | None:
        """The first value of a header, its name taken without regard to case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)

    def with_header(self, name: str, value: str) -> Reply:
        """This reply with the header set once; it keeps its place if it has one."""
        wanted = name.lower()
        if any(key.lower() == wanted for key, _ in self.headers):
            changed = tuple((key, value if key.lower() == wanted else old) for key, old in self.headers)
            return replace(self, headers=changed)
        return replace(self, headers=(*self.headers, (name, value)))

    def without_header(self, name: str) -> Reply:
        """This reply without any header of that name."""
        wanted = name.lower()
        return replace(self, headers=tuple(entry for entry in self.headers if entry[0].lower() != wanted))

    @property
    def closes(self) -> bool:
        """Whether the connection cannot go on after this reply."""
        wire = self.wire
        return wire.close or wire.framing == "close" or wire.cut is not None or wire.version == "1.0"


def encode(reply: Reply, *, head: bool = False, close: bool = False, more: Headers = ()) -> bytes:
    """The bytes of a reply. ``head``: to a HEAD request. ``close``: the client will not go on. ``more``: headers."""
    wire = reply.wire
    if wire.raw is not None:
        return wire.raw
    lines = [f"HTTP/{wire.version} {reply.status} {reply.reason or _REASONS.get(reply.status, 'Unknown')}"]
    fold = dict.fromkeys(wire.folded, f"{wire.line_end} ")
    lines += [f"{name}: {value.replace(' ', fold.get(name.lower(), ' '), 1)}" for name, value in reply.headers]
    lines += [f"{name}: {value}" for name, value in more]
    payload = reply.body
    if reply.status >= 200 and reply.status not in _BODILESS:
        if wire.framing == "length":
            length = len(payload) if wire.content_length is None else wire.content_length
            lines.append(f"Content-Length: {length}")
        elif wire.framing == "chunked":
            lines.append("Transfer-Encoding: chunked")
            payload = _chunked(payload, wire.chunk_extension).removesuffix(_LAST_CHUNK if wire.unfinished else b"")
    else:
        payload = b""
    if close or reply.closes:
        lines.append("Connection: close")
    if head and not wire.body_after_head:
        payload = b""
    if wire.cut is not None:
        payload = payload[: wire.cut]
    return wire.line_end.join((*lines, "", "")).encode("latin-1", "replace") + payload + wire.trailing


def body_json(value: Any) -> bytes:
    """A JSON value as the mock writes it: compact, UTF-8, without escapes that are not needed."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _chunked(body: bytes, extension: bytes = b"") -> bytes:
    pieces = (body[at : at + _CHUNK] for at in range(0, len(body), _CHUNK))
    return b"".join(b"%x%s\r\n%s\r\n" % (len(piece), extension, piece) for piece in pieces) + _LAST_CHUNK
