"""Recordings as files: named, globbed, compressed or piped in, and cut into parts that can be read apart."""

from __future__ import annotations

import glob
import gzip
import io
import os
import re
import shlex
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from batch_conformance.input_error import InputError
from batch_conformance.recorded.har_entries import lines_of
from batch_conformance.recorded.line import LineError

Kind = Literal["ndjson", "gzip", "har"]

PIECE = 32 * 1024 * 1024
"""Bytes of a part of an uncompressed NDJSON."""
LONGEST_LINE = 64 * 1024 * 1024
STDIN = "-"

_CHUNK = 1 << 18
_GZIP = b"\x1f\x8b"
_FOREIGN = (
    (b"\x28\xb5\x2f\xfd", "it is compressed with zstd: zstd -dc {} | batch-conformance validate -"),
    (b"BZh", "it is compressed with bzip2: bzip2 -dc {} | batch-conformance validate -"),
    (b"\xfd7zXZ\x00", "it is compressed with xz: xz -dc {} | batch-conformance validate -"),
    (b"PK\x03\x04", "it is a zip archive: unzip -p {} | batch-conformance validate -"),
    (b"\xff\xfe", "it is UTF-16: iconv -f UTF-16 -t UTF-8 {} | batch-conformance validate -"),
    (b"\xfe\xff", "it is UTF-16: iconv -f UTF-16 -t UTF-8 {} | batch-conformance validate -"),
)
"""How files begin that are no text in UTF-8, and how they are read; PowerShell redirects in UTF-16."""
_HAR = re.compile(rb"(?:\xef\xbb\xbf)?\s*\{\s*\"log\"\s*:")
_MOST_OF_A_BYTE = 2048
"""Bytes that one byte of gzip can stand for, and a little more."""

Raw = bytes | dict[str, Any] | LineError


class SourceError(InputError):
    """A recording that cannot be read; its text is one line for people."""


@dataclass(frozen=True, slots=True)
class Part:
    """What is read in one go: a file, or the lines that begin between two bytes of it.

    ``first`` is the number of its first exchange: numbers rise from part to part, however long each is. ``size`` is
    in bytes as on disk; 0 where nobody knows.
    """

    path: str
    kind: Kind
    start: int
    end: int | None
    first: int
    size: int

    @property
    def base(self) -> int:
        """The number of the first exchange of the file, where its exchanges have numbers of their own."""
        return self.first - self.start

    def where(self, index: int, offset: int) -> str:
        """The place of a line for people."""
        name = "stdin" if self.path == STDIN else self.path
        if self.kind == "har":
            return f"{name}, entry {index + 1}"
        return f"{name}:{index + 1}" if self.start == 0 else f"{name} at byte {offset}"


def lines_before(path: str, starts: Iterable[int]) -> dict[int, int]:
    """How many lines of a file begin before the first one that begins at or after each of these bytes.

    Raises OSError.
    """
    counts: dict[int, int] = {}
    seen = at = 0
    with open(path, "rb") as file:  # noqa: PTH123 - a name that is text
        for start in sorted(set(starts)):
            if start == 0:
                counts[0] = 0
                continue
            while at < start - 1 and (chunk := file.read(min(_CHUNK, start - 1 - at))):
                seen += chunk.count(b"\n")
                at += len(chunk)
            counts[start] = seen + 1
    return counts


@dataclass(frozen=True, slots=True)
class LineBlock:
    """Lines in a row. ``index`` is that of the first one in its part, ``offset`` the byte where it begins."""

    lines: Sequence[Raw]
    index: int
    offset: int

    def where(self, part: Part, place: int) -> str:
        """The place of one of the lines for people; ``part`` is the one that the block is of."""
        before = (line for line in self.lines[:place] if isinstance(line, bytes))
        return part.where(self.index + place, self.offset + sum(len(line) + 1 for line in before))


def expand(patterns: Sequence[str]) -> list[str]:
    """The files of names and globs, each once. Raises ``SourceError`` for what names none."""
    found: dict[str, None] = {}
    for pattern in patterns:
        if pattern == STDIN or Path(pattern).is_file():
            found[pattern] = None
            continue
        if Path(pattern).is_dir():
            raise SourceError(f"{pattern} is a folder: name its files, such as {pattern.rstrip('/')}/*.ndjson")
        matches = glob.glob(pattern, recursive=True)  # noqa: PTH207 - takes absolute patterns too
        files = sorted(path for path in matches if Path(path).is_file())
        if not files:
            raise SourceError(f"there is no file {pattern}")
        found |= dict.fromkeys(files)
    if STDIN in found and list(found)[-1] != STDIN:
        raise SourceError("what comes from stdin has no end that is known beforehand: name - last")
    return list(found)


def parts(paths: Sequence[str], piece: int = PIECE) -> list[Part]:
    """The parts of files, in their order. Raises ``SourceError`` for a file that cannot be read."""
    made: list[Part] = []
    first = 0
    for path in paths:
        if path == STDIN:
            made.append(Part(STDIN, "ndjson", 0, None, first, 0))
            continue
        try:
            size = os.stat(path).st_size  # noqa: PTH116 - one call for a name that is text
            with open(path, "rb") as file:  # noqa: PTH123
                kind = _kind(path, file.read(4096))
        except OSError as error:
            raise SourceError(f"cannot read {path}: {error.strerror or error}") from None
        if kind == "ndjson":
            for start in range(0, max(size, 1), piece):
                end = min(start + piece, size)
                made.append(Part(path, kind, start, end, first + start, end - start))
            first += size + 1
        else:
            made.append(Part(path, kind, 0, None, first, size))
            first += (size + 1) * _MOST_OF_A_BYTE
    return made


def blocks(part: Part, advance: Callable[[int], None] = lambda _: None) -> Iterator[LineBlock]:
    """The lines of a part, block by block; ``advance`` is told of bytes read. Raises ``SourceError``."""
    try:
        if part.path == STDIN:
            yield from _of_stream(_stdin(), part, advance)
            return
        with open(part.path, "rb") as file:  # noqa: PTH123
            if part.kind == "ndjson":
                yield from _of_lines(file, part, advance)
            elif part.kind == "har" and _is_gzip(file):
                with gzip.open(file) as inside:
                    yield from _of_archive(inside.read())
                advance(part.size)
            elif part.kind == "har":
                yield from _of_archive(file.read())
                advance(part.size)
            else:
                yield from _of_gzip(file, part, advance)
    except (OSError, EOFError, zlib.error) as error:
        raise SourceError(f"cannot read {part.path}: {_why_unread(error)}") from None


def _why_unread(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    if isinstance(error, EOFError):
        return "the gzip stream ends early"
    return f"it is damaged ({str(error).rpartition(': ')[2].lower() or 'no gzip stream'})"


def _kind(path: str, head: bytes) -> Kind:
    packed = head.startswith(_GZIP)
    if packed:
        try:
            with gzip.open(path) as file:
                head = file.read(4096)
        except (OSError, EOFError, zlib.error):
            head = b""
    foreign = next((name for begins, name in _FOREIGN if head.startswith(begins)), "")
    if foreign:
        raise SourceError(f"cannot read {path}: {foreign.format(shlex.quote(path))}")
    name = path.lower().removesuffix(".gz")
    if _HAR.match(head) or (name.endswith(".har") and head.lstrip()[:1] == b"{"):
        return "har"
    return "gzip" if packed else "ndjson"


def _stdin() -> io.BufferedReader:
    found: Any = sys.stdin.buffer
    return found if isinstance(found, io.BufferedReader) else io.BufferedReader(found)


def _is_gzip(file: io.BufferedReader) -> bool:
    head = file.read(2)
    file.seek(0)
    return head == _GZIP


def _of_archive(text: bytes) -> Iterator[LineBlock]:
    try:
        yield LineBlock(list(lines_of(text)), 0, 0)
    except LineError as error:
        yield LineBlock([error], 0, 0)


def _of_stream(file: io.BufferedReader, part: Part, advance: Callable[[int], None]) -> Iterator[LineBlock]:
    packed = file.peek(2).startswith(_GZIP)
    with gzip.GzipFile(fileobj=file) if packed else nullcontext(file) as stream:
        if _HAR.match(stream.peek(4096)):
            yield from _of_archive(stream.read())
        else:
            yield from _split(_chunks(stream, None, advance), part.start)


def _of_gzip(file: io.BufferedReader, part: Part, advance: Callable[[int], None]) -> Iterator[LineBlock]:
    reported = 0
    with gzip.open(file) as inside:
        for block in _split(_chunks(inside, None, lambda _: None), part.start):
            yield block
            advance(file.tell() - reported)
            reported = file.tell()


def _of_lines(file: io.BufferedReader, part: Part, advance: Callable[[int], None]) -> Iterator[LineBlock]:
    """The lines that begin in the part: a line that its start cuts belongs to the part before."""
    start, end = part.start, part.end or 0
    if start:
        file.seek(start - 1)
        start += len(file.readline()) - 1
    if start < end:
        file.seek(end - 1)
        end += len(file.readline()) - 1
        file.seek(start)
        yield from _split(_chunks(file, end - start, advance), start)


def _chunks(
    file: io.BufferedReader | gzip.GzipFile, most: int | None, advance: Callable[[int], None]
) -> Iterator[bytes]:
    left = most
    while left is None or left > 0:
        chunk = file.read1(_CHUNK if left is None else min(_CHUNK, left))  # what is there: a pipe may bring more later
        if not chunk:
            return
        left = left - len(chunk) if left is not None else None
        yield chunk
        advance(len(chunk))


def _split(chunks: Iterator[bytes], offset: int) -> Iterator[LineBlock]:
    """Lines out of chunks; one of absurd length is an error, and what follows it is read."""
    index, rest, skipping = 0, b"", False
    for chunk in chunks:
        if b"\n" not in chunk and len(rest) + len(chunk) > LONGEST_LINE:
            offset, rest, skipping = offset + len(rest) + len(chunk), b"", True
            continue
        *lines, rest = (rest + chunk).split(b"\n")
        if not lines:
            continue
        found: list[Raw] = list(lines)
        if skipping:
            found[0], skipping = LineError(f"a line of more than {LONGEST_LINE} bytes"), False
        yield LineBlock(found, index, offset)
        index, offset = index + len(lines), offset + sum(map(len, lines)) + len(lines)
    if rest:
        yield LineBlock([rest], index, offset)
    elif skipping:
        yield LineBlock([LineError(f"a line of more than {LONGEST_LINE} bytes")], index, offset)
