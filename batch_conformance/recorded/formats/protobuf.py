"""The wire format of Protocol Buffers, as far as it takes to read messages whose schema is a few lines.

https://protobuf.dev/programming-guides/encoding/
"""

from __future__ import annotations

from collections.abc import Iterator

from batch_conformance.message import Template
from batch_conformance.recorded.line import LineError

_ENDS_EARLY = Template("protobuf.ends_early", "the message ends early")
_NO_MESSAGE = Template("protobuf.no_message", "it is no message of Protocol Buffers")

_VARINT, _FIXED_64, _LENGTH, _FIXED_32 = 0, 1, 2, 5
_MOST_OF_A_VARINT = 10


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a message: number, and an integer or bytes. Raises ``LineError`` where it is none."""
    at = 0
    while at < len(message):
        key, at = varint(message, at)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value: int | bytes
            value, at = varint(message, at)
        elif kind in (_LENGTH, _FIXED_32, _FIXED_64):
            length, at = varint(message, at) if kind == _LENGTH else (8 if kind == _FIXED_64 else 4, at)
            value, at = message[at : at + length], at + length
            if at > len(message):
                raise LineError(_ENDS_EARLY())
        else:
            raise LineError(_NO_MESSAGE())
        if not number:
            raise LineError(_NO_MESSAGE())
        yield number, value


def varint(data: bytes, at: int) -> tuple[int, int]:
    """The integer that begins at a byte, and where it ends. Raises ``LineError``."""
    value = 0
    for place, byte in enumerate(data[at : at + _MOST_OF_A_VARINT]):
        value |= (byte & 0x7F) << 7 * place
        if byte < 0x80:
            return value, at + place + 1
    raise LineError(_ENDS_EARLY())
