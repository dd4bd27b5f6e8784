"""Content codings undone (RFC 9110 8.4.1): gzip and deflate, never beyond a size."""

from __future__ import annotations

import codecs
import zlib
from dataclasses import dataclass

from batch_conformance.message import Message, Template

_GZIP = ("gzip", "x-gzip")
_CHECKSUMS = {"gzip": "CRC-32", "x-gzip": "CRC-32", "deflate": "Adler-32"}
"""RFC 1952 section 2.3.1 and RFC 1950 section 2.2."""
_UNSUPPORTED = Template("decoding.unsupported", "unsupported Content-Encoding {coding}, which was not asked for")
_TOO_MANY = Template("decoding.too_many", "more than {most} codings in one Content-Encoding")
_TWICE = Template("decoding.twice", "the body is {coding} twice, and Content-Encoding names it once")
_CUT = Template("decoding.cut", "the {coding} stream is cut: it ends before its end")
_TRAILING = Template("decoding.trailing", "{bytes} bytes after the end of the {coding} stream")
_MEMBERS = Template("decoding.members", "the {coding} stream has more than {most} members")
_NOT_KEPT = Template("decoding.not_kept", "{error}; its bytes are not kept")
_CHECKSUM = Template("decoding.checksum", "the {coding} stream fails its checksum ({checksum})")
_LENGTH = Template("decoding.length", "the {coding} stream has another length than its trailer says")
_NOT_CODED = Template("decoding.not_coded", "the body is not {coding}, from its first byte on: {reason}")
_NOT_CODED_AFTER = Template("decoding.not_coded_after", "the body is not {coding}, after {bytes} bytes: {reason}")
_DAMAGED = Template("decoding.damaged", "the {coding} stream is damaged: {reason}")
_MOST_CODINGS = 3
_MOST_MEMBERS = 64


@dataclass(frozen=True, slots=True)
class Decoded:
    """A body without its content codings; ``truncated`` where it was longer than the limit."""

    body: bytes
    truncated: bool = False
    error: Message | None = None


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
        return _undone(wire, limit, _UNSUPPORTED(coding=repr(unsupported[:40])))
    if len(codings) > _MOST_CODINGS:
        return _undone(wire, limit, _TOO_MANY(most=_MOST_CODINGS))
    body, truncated = wire, False
    for name in reversed(codings):
        body, over, error = _inflate(body, name, limit, complete=complete and not truncated)
        truncated = truncated or over
        if error:
            return Decoded(body, truncated, error) if body else _undone(wire, limit, error)
    if not truncated and _is_coded_again(body, codings[0], limit):
        # What is in it is not kept either: compressed bytes could hide the key.
        return _undone(body, limit, _TWICE(coding=codings[0]))
    return Decoded(body, truncated)


def _is_coded_again(body: bytes, name: str, limit: int) -> bool:
    """Whether a body whose codings were undone is a whole stream of the first of them once more, and no text."""
    if not body or _is_text(body):
        return False
    inner, over, error = _inflate(body, name, limit, complete=True)
    return bool(inner) and (over or not error)


def _inflate(data: bytes, name: str, limit: int, *, complete: bool) -> tuple[bytes, bool, Message | None]:
    """(bytes, longer than the limit, error). A gzip body may have several members, one after the other."""
    out = bytearray()
    for _ in range(_MOST_MEMBERS):
        if not data:
            return bytes(out), False, None
        decoder = zlib.decompressobj(wbits=31 if name in _GZIP else _deflate_bits(data))
        try:
            out += decoder.decompress(data, limit + 1 - len(out))
        except zlib.error as error:
            return bytes(out[:limit]), False, _failed(name, str(error), len(out))
        if len(out) > limit:
            return bytes(out[:limit]), True, None
        if not decoder.eof:
            # What was decoded stands; only the end is missing.
            return bytes(out), False, _CUT(coding=name) if complete else None
        data = decoder.unused_data
        if data and name not in _GZIP:
            return bytes(out), False, _TRAILING(bytes=len(data), coding=name)
    return bytes(out), False, _MEMBERS(coding=name, most=_MOST_MEMBERS) if data else None


def _deflate_bits(data: bytes) -> int:
    """Deflate is the zlib format, but some servers send it raw: the two-byte header tells."""
    if len(data) >= 2 and data[0] & 0x0F == 8 and (data[0] << 8 | data[1]) % 31 == 0:
        return 15
    return -15


def _undone(wire: bytes, limit: int, error: Message) -> Decoded:
    if not _is_text(wire):
        return Decoded(b"", error=_NOT_KEPT(error=error))
    return Decoded(wire[:limit], truncated=len(wire) > limit, error=error)


def _is_text(data: bytes) -> bool:
    """Whether bytes are UTF-8, as far as they go."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return False
    return True


def _failed(name: str, error: str, read: int) -> Message:
    """What is wrong with a stream, after zlib's words for it; ``read`` bytes came out of the members before."""
    if "data check" in error:
        return _CHECKSUM(coding=name, checksum=_CHECKSUMS[name])
    if "length check" in error:
        return _LENGTH(coding=name)
    if "header" in error or "unknown compression method" in error:
        reason = error.rpartition(": ")[2]
        return (
            _NOT_CODED_AFTER(coding=name, bytes=read, reason=reason) if read else _NOT_CODED(coding=name, reason=reason)
        )
    return _DAMAGED(coding=name, reason=error.rpartition(": ")[2])
