"""A response body made fit to be shown: masked, re-indented from its own tokens, its spots marked, and cut.

The JSON text is tokenized, not parsed and written again, so that duplicate keys, ``NaN``, ``1.0`` and whatever else a
parser would smooth over stand in the page as they stood on the wire.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Literal

from batch_conformance.contract.pointer import escape, split
from batch_conformance.message import Message, Template
from batch_conformance.report.text import clip, visible

SCANNED = 262_144
"""Bytes of a body that are looked at; what follows is named in the note, never shown."""

_TOKEN = re.compile(
    r'[ \t\r\n]*(?:(?P<mark>[{}\[\],:])|(?P<string>"(?:[^"\\]|\\.)*")|(?P<word>[^\s{}\[\],:"]+))', re.DOTALL
)
_URL_QUERY = re.compile(r'(https?:(?:\\?/){2}[^\s"\'<>?#]*)\?[^\s"\'<>]+')
_MAX_DEPTH = 200
_INDENTED = Template("body.indented", "re-indented")
_CUT = Template("body.cut", "cut: {bytes} bytes came")
_CUT_AND_SCANNED = Template("body.cut_and_scanned", "cut: {bytes} bytes came, the first {first} were looked at")
NOT_HERE = Template("body.absent", "no {name} here")
_NOTHING_AT = Template("body.nothing_at", "nothing at {pointer}")
_LEFT_OUT = Template("body.left_out", "… {lines} lines left out …")
_MARKS = frozenset("{}[],:")

_Kind = Literal["open", "close", "key", "value", "comma"]


@dataclass(frozen=True, slots=True)
class BodyLine:
    """One line of a shown body: ``marked`` is the spot, ``notes`` what to say of it, ``gap`` marks lines left out."""

    text: str
    marked: bool = False
    notes: tuple[Message, ...] = ()
    gap: Message | None = None


@dataclass(frozen=True, slots=True)
class BodyView:
    """A body for people. ``notes`` say what was left out or re-indented."""

    lines: tuple[BodyLine, ...]
    notes: tuple[Message, ...]


@dataclass(frozen=True, slots=True)
class _Token:
    kind: _Kind
    start: int
    end: int
    pointer: tuple[str, ...]


def masked_text(body: bytes, masked_names: Collection[str], limit: int, encoding: str = "utf-8") -> tuple[str, bool]:
    """The body as text, customers' values masked, at most ``limit`` characters; and whether something was cut.

    Strings inside a member named in ``masked_names`` become ``"[masked]"`` and numbers ``0``; queries of URLs become
    ``?[masked]``. Bytes that are none of the encoding's become U+FFFD.
    """
    text = body[:SCANNED].decode(encoding, "replace")
    tokens, end = _scan(text)
    masked = _spliced(text, tokens, end, masked_names)
    return masked[:limit], len(body) > SCANNED or len(masked) > limit


def body_view(
    body: bytes, marks: Iterable[str], masked_names: Collection[str], limit: int = 4096, words: Collection[str] = ()
) -> BodyView:
    """The body in lines, the members at the JSON pointers ``marks`` marked (``*`` is any array index).

    Lines with any of ``words`` are marked too. A pointer to a member that is not there marks the object that lacks it.
    At most about ``limit`` characters are kept: the start, and the surroundings of each mark.
    """
    text = body[:SCANNED].decode("utf-8", "replace")
    tokens, end = _scan(text)
    wanted = {mark: split(mark) for mark in marks}
    notes = []
    if tokens and tokens[0].kind == "open":
        lines = _pretty(text, tokens, end, masked_names, wanted)
        notes.append(_INDENTED())
    else:
        lines = [BodyLine(part) for part in _spliced(text, tokens, end, masked_names).splitlines()]
        if () in wanted.values():
            lines = [BodyLine(line.text, marked=True) for line in lines]
    if words:
        lines = [replace(line, marked=line.marked or any(word in line.text for word in words)) for line in lines]
    shown, left_out = _window([_safe(line) for line in lines], limit)
    if len(body) > SCANNED:
        notes.append(_CUT_AND_SCANNED(bytes=f"{len(body):,}", first=f"{SCANNED:,}"))
    elif left_out:
        notes.append(_CUT(bytes=f"{len(body):,}"))
    return BodyView(tuple(shown), tuple(notes))


def mask_url_queries(text: str) -> str:
    """``text`` with the query of every URL in it masked: it may hold a signature."""
    return _URL_QUERY.sub(r"\1?[masked]", text)


class _Scanner:
    """Follows a JSON text token by token; what ``feed`` refuses is where it ends being one."""

    def __init__(self) -> None:
        self.tokens: list[_Token] = []
        self._open: list[tuple[str, tuple[str, ...]]] = []  # bracket and pointer of each open container
        self._indices: list[int] = []
        self._key: str | None = None

    @property
    def complete(self) -> bool:
        """Whether a whole value has been read."""
        return bool(self.tokens) and not self._open

    def feed(self, lexeme: str, start: int, quoted: bool) -> bool:
        """Takes one lexeme; false where JSON has no place for it."""
        if quoted or lexeme not in _MARKS:
            return self._scalar(lexeme, start, quoted)
        return self._mark(lexeme, start)

    def _mark(self, lexeme: str, start: int) -> bool:
        inside, base = self._open[-1] if self._open else ("", ())
        if lexeme in "{[":
            if (inside == "{" and self._key is None) or len(self._open) >= _MAX_DEPTH:
                return False
            here = self._here()
            self._add("open", lexeme, start, here)
            self._open.append((lexeme, here))
            self._indices.append(0)
        elif lexeme == ":":
            return inside == "{" and self._key is not None
        elif lexeme == ",":
            if not inside:
                return False
            self._add("comma", lexeme, start, base)
            self._indices[-1] += 1
        else:
            if inside != ("{" if lexeme == "}" else "["):
                return False
            self._add("close", lexeme, start, base)
            self._open.pop()
            self._indices.pop()
        self._key = None
        return True

    def _scalar(self, lexeme: str, start: int, quoted: bool) -> bool:
        if self._open and self._open[-1][0] == "{" and self._key is None:
            if not quoted:
                return False
            self._key = _member_name(lexeme)
            self._add("key", lexeme, start, self._here())
        else:
            self._add("value", lexeme, start, self._here())
        return True

    def _here(self) -> tuple[str, ...]:
        inside, base = self._open[-1] if self._open else ("", ())
        if self._key is not None:
            return (*base, self._key)
        return (*base, str(self._indices[-1])) if inside == "[" else base

    def _add(self, kind: _Kind, lexeme: str, start: int, pointer: tuple[str, ...]) -> None:
        self.tokens.append(_Token(kind, start, start + len(lexeme), pointer))


def _scan(text: str) -> tuple[list[_Token], int]:
    """The tokens of the JSON text as far as it is one, and the offset at which that ends."""
    scanner = _Scanner()
    position = 0
    while not scanner.complete and (match := _TOKEN.match(text, position)):
        group = match.lastgroup or ""
        if not scanner.feed(match[group], match.start(group), group == "string"):
            break
        position = match.end()
    return scanner.tokens, position


def _member_name(lexeme: str) -> str:
    inner = lexeme[1:-1]
    return re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found.group(1), 16)), inner).replace("\\/", "/")


def _spliced(text: str, tokens: list[_Token], end: int, names: Collection[str]) -> str:
    parts: list[str] = []
    position = 0
    for token in tokens:
        if token.kind == "value":
            parts += (text[position : token.start], _shown_value(text, token, names))
            position = token.end
    parts += (text[position:end], _masked_tail(text[end:], names))
    return "".join(parts)


def _shown_value(text: str, token: _Token, names: Collection[str]) -> str:
    lexeme = text[token.start : token.end]
    if any(step in names for step in token.pointer):
        if lexeme.startswith('"'):
            return '"[masked]"'
        return "0" if lexeme not in ("true", "false", "null") else lexeme
    return mask_url_queries(lexeme)


def _masked_tail(text: str, names: Collection[str]) -> str:
    """What follows the JSON text, or is none: its masked members are found by their names alone."""
    for name in sorted(names):
        text = re.sub(
            rf'("{re.escape(name)}"\s*:\s*)(\{{[^{{}}]*\}}?|"(?:[^"\\]|\\.)*"?|[^\s,}}]+)', r"\1[masked]", text
        )
    return mask_url_queries(text)


def _pretty(
    text: str, tokens: list[_Token], end: int, names: Collection[str], wanted: dict[str, tuple[str, ...]]
) -> list[BodyLine]:
    lines: list[BodyLine] = []
    current = ""
    pointer: tuple[str, ...] | None = None
    depth = 0
    found: set[str] = set()
    opened: dict[tuple[str, ...], int] = {}

    def flush() -> None:
        nonlocal current, pointer
        if current:
            hits = [mark for mark, steps in wanted.items() if pointer is not None and _matches(steps, pointer)]
            found.update(hits)
            lines.append(BodyLine(current, marked=bool(hits)))
        current, pointer = "", None

    for index, token in enumerate(tokens):
        lexeme = text[token.start : token.end]
        if token.kind == "key":
            current = f"{'  ' * depth}{lexeme}: "
            pointer = token.pointer
        elif token.kind == "value":
            current = (current or "  " * depth) + _shown_value(text, token, names)
            pointer = token.pointer
        elif token.kind == "open":
            current = (current or "  " * depth) + lexeme
            pointer = token.pointer
            opened.setdefault(token.pointer, len(lines))
            depth += 1
            if index + 1 < len(tokens) and tokens[index + 1].kind != "close":
                flush()
        elif token.kind == "close":
            depth -= 1
            empty = index > 0 and tokens[index - 1].kind == "open"
            if not empty:
                flush()
            current = current + lexeme if empty else "  " * depth + lexeme
        else:
            current += lexeme
            flush()
    flush()
    tail = _masked_tail(text[end:], names).strip()
    lines += [BodyLine(part) for part in tail.splitlines()]
    return _with_absent(lines, opened, {mark: steps for mark, steps in wanted.items() if mark not in found})


def _with_absent(
    lines: list[BodyLine], opened: dict[tuple[str, ...], int], absent: dict[str, tuple[str, ...]]
) -> list[BodyLine]:
    """Marks the object that lacks a member, with a note that says which."""
    for mark, steps in absent.items():
        for pointer, number in opened.items():
            if steps and _matches(steps[:-1], pointer) and number < len(lines):
                absent_here = NOT_HERE(name=clip(escape(steps[-1]), 60))
                lines[number] = BodyLine(lines[number].text, marked=True, notes=(*lines[number].notes, absent_here))
                break
        else:
            if mark and lines:
                lines[0] = BodyLine(lines[0].text, lines[0].marked, (_NOTHING_AT(pointer=clip(mark, 60)),))
    return lines


def _matches(steps: tuple[str, ...], pointer: tuple[str, ...]) -> bool:
    return len(steps) == len(pointer) and all(
        step == at or (step == "*" and at.isdigit()) for step, at in zip(steps, pointer, strict=True)
    )


def _safe(line: BodyLine) -> BodyLine:
    return BodyLine(clip(visible(line.text), 600), line.marked, line.notes)


def _window(lines: list[BodyLine], limit: int) -> tuple[list[BodyLine], bool]:
    """The start and the surroundings of the marks, about ``limit`` characters; and whether lines are left out."""
    if sum(len(line.text) + 1 for line in lines) <= limit:
        return lines, False
    marked = [index for index, line in enumerate(lines) if line.marked]
    order = list(
        dict.fromkeys(near for index in marked for near in (index, index - 1, index + 1, index - 2, index + 2))
    )
    kept: set[int] = set()
    used = 0
    for index in (*order, *range(len(lines))):
        if index in kept or not 0 <= index < len(lines):
            continue
        used += len(lines[index].text) + 1
        if used > limit and kept:
            break
        kept.add(index)
    shown: list[BodyLine] = []
    previous = -1
    for index in sorted(kept):
        if index - previous > 1:
            shown.append(BodyLine("", gap=_LEFT_OUT(lines=f"{index - previous - 1:,}")))
        shown.append(lines[index])
        previous = index
    if len(lines) - 1 > previous:
        shown.append(BodyLine("", gap=_LEFT_OUT(lines=f"{len(lines) - 1 - previous:,}")))
    return shown, True
