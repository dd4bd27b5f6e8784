"""Content codings undone (RFC 9110 8.4.1): gzip and deflate, never beyond a size."""

from __future__ import annotations

import codecs
import zlib
from dataclasses import dataclass

_GZIP = ("gzip", "x-gzip")
_CHECKSUMS = {"gzip": "CRC-32", "x-gzip": "CRC-32", "deflate": "Adler-32"}
"""RFC 1952 section 2.3.1 and RFC 1950 section 2.2."""
_MOST_CODINGS = 3
_MOST_MEMBERS = 64


@dataclass(frozen=True, slots=True)
class Decoded:
    """A body without its content codings; ``truncated`` where it was longer than the limit."""

    body: bytes
    truncated: bool = False
    error: str = ""


def decode_body(wire: bytes, content_encoding: str, limit: int, *, complete: bool = True) -> Decoded:
    """Undo the codings that a ``Content-Encoding`` header lists, last one first, keeping at most ``limit`` bytes.

    ``complete`` is false where the wire bytes are only the beginning of the body, so that their sudden end is no error.
    A body whose coding cannot be undone is kept only where it is plain text: compressed bytes could hide the key.
    """
    codings = [name for part in content_encoding.split(",") if (name := part.strip().lower()) not in ("", "identity")]
    if not codings or not wire:
        return Decoded(wire[:limit], truncated=len(wire) > limit)
    unsupported = next((name for name in codings if name not in (*_GZIP, "deflate")), None)
    if unsupported is not None:
        return _undone(wire, limit, f"unsupported Content-Encoding {unsupported[:40]!r}, which was not asked for")
    if len(codings) > _MOST_CODINGS:
        return _undone(wire, limit, f"more than {_MOST_CODINGS} codings in one Content-Encoding")
    body, truncated, error = wire, False, ""
    for name in reversed(codings):
        body, over, error = _inflate(body, name, limit, complete=complete and not truncated)
        truncated = truncated or over
        if error:
            return Decoded(body, truncated, error) if body else _undone(wire, limit, error)
    if not truncated and _is_coded_again(body, codings[0], limit):
        # What is in it is not kept either: compressed bytes could hide the key.
        return _undone(body, limit, f"the body is {codings[0]} twice, and Content-Encoding names it once")
    return Decoded(body, truncated)


def _is_coded_again(body: bytes, name: str, limit: int) -> bool:
    """Whether a body whose codings were undone is a whole stream of the first of them once more, and no text."""
    if not body or _is_text(body):
        return False
    inner, over, error = _inflate(body, name, limit, complete=True)
    return bool(inner) and (over or not error)


def _inflate(data: bytes, name: str, limit: int, *, complete: bool) -> tuple[bytes, bool, str]:
    """(bytes, longer than the limit, error). A gzip body may have several members, one after the other."""
    out = bytearray()
    for _ in range(_MOST_MEMBERS):
        if not data:
            return bytes(out), False, ""
        decoder = zlib.decompressobj(wbits=31 if name in _GZIP else _deflate_bits(data))
        try:
            out += decoder.decompress(data, limit + 1 - len(out))
        except zlib.error as error:
            return bytes(out[:limit]), False, _failed(name, str(error), len(out))
        if len(out) > limit:
            return bytes(out[:limit]), True, ""
        if not decoder.eof:
            # What was decoded stands; only the end is missing.
            return bytes(out), False, f"the {name} stream is cut: it ends before its end" if complete else ""
        data = decoder.unused_data
        if data and name not in _GZIP:
            return bytes(out), False, f"{len(data)} bytes after the end of the {name} stream"
    return bytes(out), False, f"the {name} stream has more than {_MOST_MEMBERS} members" if data else ""


def _deflate_bits(data: bytes) -> int:
    """Deflate is the zlib format, but some servers send it raw: the two-byte header tells."""
    if len(data) >= 2 and data[0] & 0x0F == 8 and (data[0] << 8 | data[1]) % 31 == 0:
        return 15
    return -15


def _undone(wire: bytes, limit: int, error: str) -> Decoded:
    if not _is_text(wire):
        return Decoded(b"", error=error + "; its bytes are not kept")
    return Decoded(wire[:limit], truncated=len(wire) > limit, error=error)


def _is_text(data: bytes) -> bool:
    """Whether bytes are UTF-8, as far as they go."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return False
    return True


def _failed(name: str, error: str, read: int) -> str:
    """What is wrong with a stream, after zlib's words for it; ``read`` bytes came out of the members before."""
    if "data check" in error:
        return f"the {name} stream fails its checksum ({_CHECKSUMS[name]})"
    if "length check" in error:
        return f"the {name} stream has another length than its trailer says"
    if "header" in error or "unknown compression method" in error:
        where = f"after {read} bytes" if read else "from its first byte on"
        return f"the body is not {name}, {where}: {error.rpartition(': ')[2]}"
    return f"the {name} stream is damaged: {error.rpartition(': ')[2]}"
