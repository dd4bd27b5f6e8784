"""What a reader of a format is: how its files are told from others, and how exchanges come out of them.

An exchange is given as the values of one line of NDJSON (``schemas/exchange.schema.json``), so that whatever is judged,
masked or left unjudged is the same for every format: a body that its recorder cut, masked or left out has no ``body``,
or ``truncated``, ``body_left_out`` or a ``comment`` beside it that says so.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import cached_property
from io import BufferedReader
from typing import Any

import orjson

from batch_conformance.message import Template
from batch_conformance.recorded.line import LineError

Values = dict[str, Any]
"""An exchange, as the values of one line of NDJSON."""
Found = Values | LineError | None
"""An exchange; why one cannot be read; or None for what is no exchange of HTTP and nothing is to be said of."""

MOST_OF_A_FILE = 1 << 30
"""Bytes of a file that is read as a whole."""
MOST_OF_A_MESSAGE = 1 << 24
"""Bytes of one line, or of one message of a stream: 16 MiB."""
_MOST_LINES = 2_000
_FILE_TOO_LARGE = Template(
    "line.file_too_large", "a file of more than {most} bytes, which is read as a whole: cut it into several"
)
NO_OBJECT_AT = Template("line.no_object_at", "{place} is no object")
NO_OBJECT = Template("line.it_is_no_object", "it is no object")
NO_REQUEST = Template("line.no_request", "it has no request")
NO_TEXT_AT = Template("line.no_text_at", "{place} is no text")
NO_EXCHANGE = Template("line.this_is_no_exchange", "no exchange: {why}")
_JSON = re.compile(rb'(?:\xef\xbb\xbf)?\s*[\[{]\s*["\[{}\]]')


@dataclass(frozen=True)
class Head:
    """The first bytes of a file, unpacked, and its name. ``is_whole`` says that there are no more."""

    data: bytes
    name: str = ""
    is_whole: bool = False

    @cached_property
    def text(self) -> bytes:
        """The bytes without a byte order mark and white space before them."""
        return self.data.removeprefix(b"\xef\xbb\xbf").lstrip()

    @cached_property
    def lines(self) -> tuple[bytes, ...]:
        """The first whole lines that are not blank."""
        lines = self.text.splitlines()[: _MOST_LINES + 1]
        if not self.is_whole and not self.text.endswith(b"\n"):
            lines = lines[:-1]
        return tuple(line for line in lines[:_MOST_LINES] if line.strip())

    @cached_property
    def objects(self) -> tuple[Mapping[str, Any], ...]:
        """The lines that are a JSON object each."""
        return tuple(value for line in self.lines if isinstance(value := _json(line), dict))

    @property
    def is_binary(self) -> bool:
        """Whether the bytes are no text in UTF-8."""
        if b"\0" in self.data:
            return True
        try:
            self.data.decode("utf-8")
        except UnicodeDecodeError as error:
            return self.is_whole or error.end < len(self.data) or error.reason != "unexpected end of data"
        return False


@dataclass(frozen=True, slots=True)
class RecordingFormat:
    """A format.

    ``name`` is what ``--format`` calls it, ``title`` what people do. ``recognises`` says whether a file is in it, by
    its beginning. What is read is either lines with an exchange each (``of_line``; a file is then cut into parts), or a
    whole file (``of_file``), of which exchanges are counted as ``unit``. Both may raise ``LineError``: for a line, or
    for what is left of a file.
    """

    name: str
    title: str
    recognises: Callable[[Head], bool]
    of_line: Callable[[bytes], Found] | None = None
    of_file: Callable[[BufferedReader], Iterator[Found]] | None = None
    unit: str = "entry"


def is_json(file: BufferedReader) -> bool:
    """Whether a file begins as an object or an array of JSON, and not as a message of Protocol Buffers."""
    return _JSON.match(file.peek(1)) is not None


def whole_of(file: BufferedReader) -> bytes:
    """All of a file that is read at once. Raises ``LineError`` where that is too much."""
    data = file.read(MOST_OF_A_FILE + 1)
    if len(data) > MOST_OF_A_FILE:
        raise LineError(_FILE_TOO_LARGE(most=MOST_OF_A_FILE))
    return data


def body_members(content: object) -> Values:
    """A body as members of a response: text as ``body``, bytes as they are; nothing for None."""
    if content is None:
        return {}
    if isinstance(content, bytes):
        try:
            return {"body": content.decode("utf-8")}
        except UnicodeDecodeError:
            return {"body_base64": base64.b64encode(content).decode()}
    if isinstance(content, str):
        return {"body": content}
    return {"body_left_out": "parsed"}


def header_pairs(headers: object, what: str) -> list[list[str]] | None:
    """Headers by name, with one value or several each, as pairs; None for None. Raises ``LineError``."""
    if headers is None:
        return None
    if not isinstance(headers, Mapping):
        raise LineError(NO_OBJECT_AT(place=what))
    return [[str(name), header_text(each)] for name, value in headers.items() for each in in_list(value)]


def in_list(value: object) -> list[Any]:
    """A value that may be a list of several."""
    return list(value) if isinstance(value, list | tuple) else [value]


def header_text(value: object) -> str:
    """The value of a header as text, whatever a recorder wrote for it."""
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return "" if value is None else value if isinstance(value, str) else json.dumps(value, default=str)


def member(around: object, *path: str) -> Any:
    """The value inside of objects; None where it is not there."""
    for name in path:
        if not isinstance(around, Mapping):
            return None
        around = around.get(name)
    return around


def seconds(value: object) -> float | None:
    """A number that is no negative one, also where it is written as a text; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if 0 <= number < float("inf") else None


def time_of_date(headers: list[list[str]] | None) -> float | None:
    """Unix seconds of the Date of a response; None where it has none that can be read."""
    for name, value in headers or ():
        if name.lower() == "date":
            try:
                return max(0.0, parsedate_to_datetime(value).timestamp())
            except (ValueError, TypeError, OverflowError, IndexError):
                return None
    return None


def _json(line: bytes) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
