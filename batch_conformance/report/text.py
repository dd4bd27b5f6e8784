"""Text from the wire, made fit to be shown: every invisible character visible, every long text cut with a note."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from batch_conformance.message import Count, Listing, Message, Template
from batch_conformance.nouns import BODY

_KEPT = frozenset("\n\t")
_UNJUDGED = Template("text.unjudged_bodies", "{bodies} left unjudged: {shown}{more}")


def visible(text: str) -> str:
    """``text`` with control, format, bidirectional and surrogate characters written as ``\\uXXXX``.

    Line feeds and tabs stay. What comes out is valid in XML 1.0 and UTF-8, and cannot reorder or hide its neighbours.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() or char in _KEPT else _escaped(char) for char in text)


def one_line(text: str) -> str:
    """``visible`` text in one line: line feeds and tabs are written as escapes too."""
    return visible(text).replace("\n", "\\n").replace("\t", "\\t")


def clip(text: str, limit: int) -> str:
    """At most ``limit`` characters, the last one an ellipsis where something was left out."""
    return text if len(text) <= limit else text[: max(limit - 1, 0)] + "…"


def cells(text: str) -> int:
    """Columns that ``text`` takes on a terminal: East Asian wide characters two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(_cell(char) for char in text)


def wrap(text: str, width: int, indent: str = "") -> list[str]:
    """``text`` in lines of at most ``width`` columns, all but the first starting with ``indent``.

    Breaks at blanks; a word that is longer than a line is broken where the line ends.
    """
    lines: list[str] = []
    line = ""
    room = width
    for word in text.split():
        candidate = f"{line} {word}" if line else word
        if cells(candidate) <= room:
            line = candidate
            continue
        if line:
            lines.append(line)
            room = width - cells(indent)
        line = word
        while cells(line) > room:
            head = _head(line, room)
            lines.append(head)
            line = line[len(head) :]
            room = width - cells(indent)
    lines.append(line)
    return [lines[0], *(indent + rest for rest in lines[1:])]


def plural(count: int, noun: str, many: str = "") -> str:
    """``1 finding``, ``1,204 findings``."""
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"


def _escaped(char: str) -> str:
    number = ord(char)
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def _cell(char: str) -> int:
    if unicodedata.combining(char):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1


def _head(text: str, room: int) -> str:
    taken = 0
    for index, char in enumerate(text):
        taken += _cell(char)
        if taken > room:
            return text[: max(index, 1)]
    return text


def unjudged_bodies(count: int, shown: Sequence[Message]) -> Message:
    """How many recorded bodies nothing is said of, and the first ones with place and reason."""
    more = " …" if count > len(shown) else ""
    return _UNJUDGED(bodies=Count(count, BODY), shown=Listing(tuple(shown), ";"), more=more)
