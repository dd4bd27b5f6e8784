"""Recordings as files: named, globbed, in folders, compressed or piped in, and cut into parts that are read apart."""

from __future__ import annotations

import glob
import gzip
import io
import itertools
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batch_conformance.input_error import why_no_file
from batch_conformance.message import Message, Template
from batch_conformance.recorded.formats.foreign import packed_as
from batch_conformance.recorded.formats.format import MOST_OF_A_MESSAGE, Found, Head, RecordingFormat
from batch_conformance.recorded.formats.known import BY_NAME, NoRecordingError, recognised
from batch_conformance.recorded.line import LineError
from batch_conformance.recorded.remote import is_remote, open_file, remote_files, size_of
from batch_conformance.recorded.source_error import SourceError

_LINE_TOO_LONG = Template("line.too_long", "a line of more than {most} bytes")
_GZIP_ENDS = Template("recording.gzip_ends", "the gzip stream ends early")
_DAMAGED = Template("recording.damaged", "it is damaged ({how})")
_WHAT_COMES_FROM_STDIN_HAS = Template(
    "recording.what_comes_from_stdin_has", "what comes from stdin has no end that is known beforehand: name - last"
)
_CANNOT_READ = Template("recording.cannot_read", "cannot read {path}: {told}")
_THERE_IS_NO_FILE = Template("recording.there_is_no_file", "there is no file {pattern}")
_CANNOT_BE_READ = Template("recording.cannot_be_read", "cannot read {path}: {why}")
_CANNOT_READ_FORMAT_FORCES_FORMAT = Template(
    "recording.cannot_read_format_forces_format", "cannot read {path}: {why}; --format forces a format"
)
_CANNOT_READ_IT_UNPACKS_TO = Template(
    "recording.cannot_read_it_unpacks_to",
    "cannot read {path}: it unpacks to more than {bomb} times its size, as a compression bomb does; "
    "if it is none, unpack it first",
)
_THERE_IS_NO_RECORDING_IN = Template(
    "recording.there_is_no_recording_in", "there is no recording in the folder {pattern}"
)
_SUCH_AS = Template("recording.such_as", "{what}: {first}")

PIECE = 32 * 1024 * 1024
"""Bytes of a part of an uncompressed file of lines."""
LONGEST_LINE = MOST_OF_A_MESSAGE
STDIN = "-"
AUTO = "auto"
"""The format that each file begins as."""

_CHUNK = 1 << 17
"""Bytes read at once. Of more the system gives memory, and takes it back, each time anew."""
_HEAD = 1 << 16
_GZIP = b"\x1f\x8b"
_MOST_OF_A_BYTE = 2048
"""Bytes that one byte of gzip can stand for, and a little more."""
_MOST_ROWS = 1 << 32
"""Exchanges that a file may have whose size does not bound them, such as the rows of a Parquet file."""
_BOMB = 100
_NO_BOMB = 64 * 1024 * 1024
"""A file that unpacks to more than this, and to more than a hundred times its size, is refused."""
_AT_ONCE = 64
"""Exchanges that are read at once of a file that is not read by lines."""

Raw = bytes | Found
"""A line of NDJSON, or what a reader made of anything else."""


@dataclass(frozen=True, slots=True)
class Part:
    """What is read in one go: a file, or the lines that begin between two bytes of it.

    ``kind`` is the name of its format; empty where only reading tells. ``first`` is the number of its first exchange:
    numbers rise from part to part, however long each is. ``size`` is in bytes as on disk; 0 where nobody knows.
    ``lines`` is how many lines begin in it; None until all of it was read.
    """

    path: str
    kind: str
    start: int
    end: int | None
    first: int
    size: int
    packed: bool = False
    lines: int | None = None

    @property
    def base(self) -> int:
        """The number of the first exchange of the file, where its exchanges have numbers of their own."""
        return self.first - self.start

    @property
    def is_of_lines(self) -> bool:
        """Whether its exchanges are counted by lines."""
        return not self.kind or BY_NAME[self.kind].of_file is None

    def where(self, index: int, offset: int) -> str:
        """The place of an exchange for people."""
        name = "stdin" if self.path == STDIN else self.path
        if not self.is_of_lines:
            return f"{name}, {BY_NAME[self.kind].unit} {index + 1}"
        return f"{name}:{index + 1}" if self.start == 0 else f"{name} at byte {offset}"


def lines_before(path: str, starts: Iterable[int]) -> dict[int, int]:
    """How many lines of a file begin before the first one that begins at or after each of these bytes.

    Raises OSError.
    """
    counts: dict[int, int] = {}
    seen = at = 0
    with open_file(path) as file:
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
    """Exchanges in a row, of a format.

    ``index`` is that of the first one in its part, ``offset`` the byte where it begins. ``read`` is what ``lines`` were
    made of, where their format is not NDJSON and has an exchange on each line.
    """

    lines: Sequence[Raw]
    index: int
    offset: int
    kind: str = "ndjson"
    read: Sequence[Raw] = ()

    def where(self, part: Part, place: int) -> str:
        """The place of one of the exchanges for people; ``part`` is the one that the block is of."""
        before = (line for line in (self.read or self.lines)[:place] if isinstance(line, bytes))
        return part.where(self.index + place, self.offset + sum(len(line) + 1 for line in before))


@dataclass(frozen=True, slots=True)
class Sources:
    """The files of names, globs and folders, each once, and what folders hold that is no recording, with the reason."""

    paths: tuple[str, ...]
    left_out: tuple[Message, ...] = ()


def expand(patterns: Sequence[str], form: str = AUTO) -> Sources:
    """The files of names, globs and folders. Raises ``SourceError`` for what names none.

    A folder stands for the recordings in it and below: what is none is left out, unless ``form`` names a format.
    """
    found: dict[str, None] = {}
    left_out: list[Message] = []
    for pattern in patterns:
        if pattern == STDIN or (not is_remote(pattern) and Path(pattern).is_file()):
            files = [pattern]
        elif is_remote(pattern):
            files = remote_files(pattern)
        elif Path(pattern).is_dir():
            files, others = _of_folder(Path(pattern), form)
            left_out += others
            if not files:
                where = _THERE_IS_NO_RECORDING_IN(pattern=pattern)
                raise SourceError(_SUCH_AS(what=where, first=others[0]) if others else where)
        else:
            matches = glob.glob(pattern, recursive=True)  # noqa: PTH207 - takes absolute patterns too
            files = sorted(path for path in matches if Path(path).is_file())
        if not files:
            raise SourceError(_THERE_IS_NO_FILE(pattern=str(pattern)))
        found |= dict.fromkeys(files)
    if STDIN in found and list(found)[-1] != STDIN:
        raise SourceError(_WHAT_COMES_FROM_STDIN_HAS())
    return Sources(tuple(found), tuple(left_out))


def _of_folder(folder: Path, form: str) -> tuple[list[str], list[Message]]:
    """The recordings in a folder and below, and what else is there, with what it looks like; hidden files are none."""
    files: list[str] = []
    others: list[Message] = []
    for path in sorted(folder.rglob("*")):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if hidden or not path.is_file():
            continue
        try:
            if form == AUTO:
                _format_of(str(path))
        except SourceError as error:
            others.append(error.message)
        except OSError as error:
            others.append(_CANNOT_BE_READ(path=str(path), why=why_no_file(error)))
        else:
            files.append(str(path))
    return files, others


def parts(paths: Sequence[str], piece: int = PIECE, *, form: str = AUTO) -> list[Part]:
    """The parts of files, in their order; ``form`` is the name of their format, where it is not to be recognised.

    Raises ``SourceError`` for a file that cannot be read, or is in no format that can.
    """
    made: list[Part] = []
    first = 0
    for path in paths:
        if path == STDIN:
            made.append(Part(STDIN, "" if form == AUTO else form, 0, None, first, 0))
            continue
        try:
            size = size_of(path)
            kind, packed = _format_of(path, form)
        except OSError as error:
            raise SourceError(_CANNOT_BE_READ(path=str(path), why=why_no_file(error))) from None
        if not packed and kind.of_file is None:
            for start in range(0, max(size, 1), piece):
                end = min(start + piece, size)
                made.append(Part(path, kind.name, start, end, first + start, end - start))
            first += size + 1
        else:
            made.append(Part(path, kind.name, 0, None, first, size, packed))
            first += max((size + 1) * _MOST_OF_A_BYTE, _MOST_ROWS if kind.of_file else 0)
    return made


def blocks(part: Part, advance: Callable[[int], None] = lambda _: None) -> Iterator[LineBlock]:
    """The exchanges of a part, block by block; ``advance`` is told of bytes read. Raises ``SourceError``."""
    try:
        if part.path == STDIN:
            yield from _of_stream(_stdin(), part, advance)
            return
        with open_file(part.path) as file:
            kind = BY_NAME[part.kind]
            if part.packed:
                yield from _of_packed(file, part, advance)
            elif kind.of_file is None:
                yield from _of_lines(file, part, advance)
            else:
                yield from _of_file(kind, file)
                advance(part.size)
    except (OSError, EOFError, zlib.error) as error:
        raise SourceError(_CANNOT_BE_READ(path=str(part.path), why=_why_unread(error))) from None


def _why_unread(error: Exception) -> Message:
    if isinstance(error, OSError) and error.strerror:
        return why_no_file(error)
    if isinstance(error, EOFError):
        return _GZIP_ENDS()
    return _DAMAGED(how=str(error).rpartition(": ")[2].lower() or "gzip")


def _format_of(path: str, form: str = AUTO) -> tuple[RecordingFormat, bool]:
    """The format of a file, and whether it is in gzip. Raises ``SourceError`` and ``OSError``."""
    with open_file(path) as file:
        data = file.read(_HEAD + 1)
    packed = data.startswith(_GZIP)
    if packed:
        try:
            with open_file(path) as file:
                data = io.BufferedReader(_Unpacked(file, path)).read(_HEAD + 1)
        except (OSError, EOFError, zlib.error):
            data = b""  # reading it says what is wrong
    if form != AUTO:
        return BY_NAME[form], packed
    return _recognised(Head(data[:_HEAD], path, is_whole=len(data) <= _HEAD), path), packed


def _recognised(head: Head, path: str, *, may_go_on: bool = False) -> RecordingFormat:
    if told := packed_as(head.data, path):
        raise SourceError(_CANNOT_READ(path=path, told=told))
    try:
        return recognised(head, path, may_go_on=may_go_on)
    except NoRecordingError as error:
        raise SourceError(_CANNOT_READ_FORMAT_FORCES_FORMAT(path=path, why=error.message)) from None


class _Counted:
    """A file that counts what was read of it."""

    def __init__(self, file: io.BufferedReader[Any]) -> None:
        self._file = file
        self.taken = 0

    def read(self, size: int) -> bytes:
        """So many bytes, or fewer where they come from a pipe."""
        data = self._file.read1(size)
        self.taken += len(data)
        return data


class _Unpacked(io.RawIOBase):
    """What a file in gzip holds, as a stream. Raises ``SourceError`` for what unpacks beyond all measure."""

    def __init__(self, packed: io.BufferedReader, path: str) -> None:
        super().__init__()
        self._path = path
        self._packed = _Counted(packed)
        self._inside = gzip.GzipFile(fileobj=self._packed)  # type: ignore[call-overload]  # it only reads
        self._given = 0

    @property
    def taken(self) -> int:
        """How many bytes of the file were read."""
        return self._packed.taken

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """What was packed."""
        data = self._inside.read1(len(buffer))
        self._given += len(data)
        if self._given > max(_NO_BOMB, _BOMB * self.taken):
            raise SourceError(_CANNOT_READ_IT_UNPACKS_TO(path=str(self._path), bomb=str(_BOMB)))
        buffer[: len(data)] = data
        return len(data)


def _stdin() -> io.BufferedReader:
    found: Any = sys.stdin.buffer
    return found if isinstance(found, io.BufferedReader) else io.BufferedReader(found)


def _of_file(kind: RecordingFormat, file: io.BufferedReader[Any]) -> Iterator[LineBlock]:
    """The exchanges of a file that its reader reads as a whole; where it fails, what it found before that counts."""
    assert kind.of_file is not None
    index, ended = 0, False
    found = kind.of_file(file)
    while not ended:
        lines: list[Raw] = []
        try:
            lines += itertools.islice(found, _AT_ONCE)
            ended = not lines
        except LineError as error:
            lines.append(error)
            ended = True
        if lines:
            yield LineBlock(lines, index, 0, kind.name)
        index += len(lines)


def _of_stream(file: io.BufferedReader[Any], part: Part, advance: Callable[[int], None]) -> Iterator[LineBlock]:
    packed = file.peek(2).startswith(_GZIP)
    stream: io.BufferedReader[Any] = io.BufferedReader(_Unpacked(file, "stdin"), _HEAD) if packed else file
    kind = BY_NAME[part.kind] if part.kind else _recognised(Head(stream.peek(_HEAD)), STDIN, may_go_on=True)
    if kind.of_file is not None:
        yield from _of_file(kind, stream)
    else:
        yield from _made(kind, _split(_chunks(stream, None, advance), part.start))


def _of_packed(file: io.BufferedReader[Any], part: Part, advance: Callable[[int], None]) -> Iterator[LineBlock]:
    kind, raw, told = BY_NAME[part.kind], _Unpacked(file, part.path), 0
    inside = io.BufferedReader(raw, _CHUNK)
    if kind.of_file is not None:
        found = _of_file(kind, inside)
    else:
        found = _made(kind, _split(_chunks(inside, None, lambda _: None), part.start))
    for block in found:
        yield block
        advance(raw.taken - told)
        told = raw.taken
    advance(part.size - told)


def _made(kind: RecordingFormat, found: Iterator[LineBlock]) -> Iterator[LineBlock]:
    """Blocks of lines, with what a format makes of each line."""
    of_line = kind.of_line
    if of_line is None:
        yield from found
        return
    for block in found:
        made = [_of_line(of_line, line) for line in block.lines]
        yield LineBlock(made, block.index, block.offset, kind.name, block.lines)


def _of_line(of_line: Callable[[bytes], Found], line: Raw) -> Raw:
    if not isinstance(line, bytes) or not line.strip():
        return line if not isinstance(line, bytes) else None
    try:
        return of_line(line)
    except LineError as error:
        return error


def _of_lines(file: io.BufferedReader[Any], part: Part, advance: Callable[[int], None]) -> Iterator[LineBlock]:
    """The lines that begin in the part: a line that its start cuts belongs to the part before."""
    start, end = part.start, part.end or 0
    if start:
        file.seek(start - 1)
        start += len(file.readline()) - 1
    if start < end:
        file.seek(end - 1)
        end += len(file.readline()) - 1
        file.seek(start)
        yield from _made(BY_NAME[part.kind], _split(_chunks(file, end - start, advance), start))


def _chunks(file: io.BufferedReader[Any], most: int | None, advance: Callable[[int], None]) -> Iterator[bytes]:
    left = most
    while left is None or left > 0:
        size = _CHUNK if left is None else min(_CHUNK, left)
        chunk = file.read1(size)  # of a pipe, what is there
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
            found[0], skipping = LineError(_LINE_TOO_LONG(most=LONGEST_LINE)), False
        yield LineBlock(found, index, offset)
        index, offset = index + len(lines), offset + sum(map(len, lines)) + len(lines)
    if rest:
        yield LineBlock([rest], index, offset)
    elif skipping:
        yield LineBlock([LineError(_LINE_TOO_LONG(most=LONGEST_LINE))], index, offset)
