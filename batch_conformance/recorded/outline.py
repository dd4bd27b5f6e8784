"""Outlines of lines: what the lines of one recorder have in common, and the scalars that may differ.

Only scalars may differ that are judged by their values alone, or not at all. Whatever else is in a line is the same in
all lines of an outline: names, their order, what is judged of a request, types, and the state of the batch.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Set
from typing import Any, Literal, NamedTuple

import orjson

from batch_conformance.contract.pointer import escape
from batch_conformance.recorded.header_pairs import pairs_of

_TOKEN = re.compile(r'\s*(?:("(?:[^"\\]|\\.)*")|([{}\[\],:])|([^\s{}\[\],:"]+))\s*')
_MOST_SLOTS = 80
"""Scalars that may differ in lines of one outline; a line with more has none."""

Form = Literal["id", "again", "text", "compared", "name", "tag", "length", "integer", "moment"]
FORMS: Mapping[Form, str] = {
    "id": r"(?P<id>[A-Za-z0-9._~-]+)",
    "again": r"(?P=id)",
    "text": r"([ !#-\[\]-~]*)",
    "compared": r"([ !#-\[\]-~]*)",
    "name": r"([ !#-<>-\[\]-~]*)",
    "tag": r'((?:W/)?\\"[!#-\[\]-~]*\\")',
    "length": r"(0|[1-9][0-9]{0,14})",
    "integer": r"(0|-?[1-9][0-9]{0,14})",
    "moment": r"((?:0|[1-9][0-9]{0,9})(?:\.[0-9]{1,17})?)",
}
"""Regular expressions of what may be written in the place of a scalar: a group each, but for the id said again.

Texts are printable ASCII without escapes. Those of a body (``name``) have no ``=``, as the query of a signed URL has.
Those that are ``compared`` are of headers that must not contradict each other.
"""
_FITS: Mapping[Form, re.Pattern[str]] = {
    form: re.compile(pattern) for form, pattern in FORMS.items() if form != "again"
}


class Slot(NamedTuple):
    """A scalar that may differ: what it is of, and the form of it.

    ``at`` is a pointer into the body, the place of a header among those of the response, or empty.
    """

    of: Literal["url", "asked", "answered", "body", "started_at", "elapsed"]
    at: str | int
    form: Form


Border = Literal["body begins", "body ends"]
Piece = str | Slot | tuple[Border]
"""A text that is the same in all lines, a scalar that may differ, or where the body begins or ends."""
BEGINS: Piece = ("body begins",)
ENDS: Piece = ("body ends",)


class Outline(NamedTuple):
    """A line taken apart: its pieces in their order, what is written in its slots, and the characters of the body."""

    pieces: tuple[Piece, ...]
    held: tuple[str, ...]
    body: int


class JudgedParts(NamedTuple):
    """What of a line is judged by more than its value.

    ``identity`` and ``state`` are pointers into the body; ``asked`` names headers of requests, in lower case. ``forms``
    has the forms of those headers of the response that may differ, by their places.
    """

    identity: str
    state: str
    asked: Set[str]
    forms: Mapping[int, Form]


class _Scalar(NamedTuple):
    """A scalar of a JSON text: the names and places on the way to it, and where it is written."""

    path: tuple[str | int, ...]
    start: int
    end: int


def outline_of(line: str, values: Mapping[str, Any], batch_id: str, judged: JudgedParts) -> Outline | None:
    """The outline of a line that is an exchange, whose values these are; None where it has none.

    The URL ends with the id, and the body has it as its identity.
    """
    scalars, text = _scalars(line), values["response"]["body"]
    if scalars is None or "=" in text:
        return None
    pieces: list[Piece] = []
    held: list[str] = []
    done = body = 0
    for path, start, end in scalars:
        if path == ("response", "body"):
            inner = _of_body(line[start + 1 : end - 1], text, batch_id, judged)
            if inner is None:
                return None
            pieces += [line[done : start + 1], BEGINS, *inner.pieces, ENDS]
            held += inner.held
            done, body = end - 1, inner.body
            continue
        written = line[start:end]
        if path == ("request", "url"):
            if not written.endswith(f'/{batch_id}"'):
                return None
            slot, first, last = Slot("url", "", "id"), end - 1 - len(batch_id), end - 1
        elif (found := _slot_of(path, written, values, judged)) is not None:
            is_text = written[0] == '"'
            slot, first, last = found, start + is_text, end - is_text
        else:
            continue
        if _FITS[slot.form].fullmatch(line, first, last):
            pieces += [line[done:first], slot]
            held.append(line[first:last])
            done = last
    pieces.append(line[done:])
    return Outline(tuple(pieces), tuple(held), body) if len(held) <= _MOST_SLOTS else None


def text_of(written: str) -> str:
    """The text of a JSON string, given what is between its quotes."""
    text: str = orjson.loads(f'"{written}"')
    return text


def _slot_of(path: tuple[str | int, ...], written: str, values: Mapping[str, Any], judged: JudgedParts) -> Slot | None:
    """The slot of a scalar outside of the body; None for what is the same in all lines of an outline."""
    match path:
        case ("started_at",):
            return Slot("started_at", "", "text" if written[0] == '"' else "moment")
        case ("elapsed",):
            return Slot("elapsed", "", "moment")
        case ("request" | "response" as part, "headers", str() | int() as key, *rest) if rest in ([], [1]):
            pairs = pairs_of(values[part]["headers"])
            if pairs is None:
                return None
            place = key if isinstance(key, int) else pairs[0].index(key)
            if part == "request":
                return None if pairs[0][place].lower() in judged.asked else Slot("asked", "", "text")
            form = judged.forms.get(place)
            return None if form is None else Slot("answered", place, form)
    return None


def _of_body(written: str, text: str, batch_id: str, judged: JudgedParts) -> Outline | None:
    """The outline of a body, which is written in the line as a JSON string."""
    scalars = _scalars(text)
    escaped = next((form for form in (json.dumps, _compact) if form(text)[1:-1] == written), None)
    if scalars is None or escaped is None:
        return None
    pieces: list[Piece] = []
    held: list[str] = []
    done = 0
    for path, start, end in scalars:
        pointer = "".join(f"/{escape(str(step))}" for step in path)
        is_text = text[start] == '"'
        first, last = start + is_text, end - is_text
        if pointer == judged.state:
            continue
        if pointer == judged.identity:
            if text[first:last] != batch_id:
                return None
            slot = Slot("body", pointer, "again")
        elif is_text:
            slot = Slot("body", pointer, "name")
        elif text[start] in "-0123456789":
            if not _FITS["integer"].fullmatch(text, start, end):
                return None  # one that is no integer decides on what bodies are like
            slot = Slot("body", pointer, "integer")
        else:
            continue
        if slot.form == "again" or _FITS[slot.form].fullmatch(text, first, last):
            pieces += [escaped(text[done:first])[1:-1], slot]
            held.append(text[first:last])
            done = last
    pieces.append(escaped(text[done:])[1:-1])
    return Outline(tuple(pieces), tuple(held), len(written))


def _compact(text: str) -> str:
    return orjson.dumps(text).decode()


def _scalars(text: str) -> list[_Scalar] | None:
    """The scalars of a JSON text in their order; None where an object has a name twice."""
    found: list[_Scalar] = []
    path: list[str | int | None] = []
    names: list[set[str] | None] = []
    for token in _TOKEN.finditer(text):
        string, mark, _ = token.groups()
        if mark in ("{", "["):
            path.append(None if mark == "{" else 0)
            names.append(set() if mark == "{" else None)
        elif mark in ("}", "]"):
            path.pop()
            names.pop()
        elif mark == ",":
            here = path[-1]
            path[-1] = here + 1 if isinstance(here, int) else None
        elif string is not None and path and path[-1] is None:
            name = json.loads(string)
            known = names[-1]
            if known is None or name in known:
                return None
            known.add(name)
            path[-1] = name
        elif mark is None:
            here, end = token.span(1 if string is not None else 3)
            found.append(_Scalar(tuple(step for step in path if step is not None), here, end))
    return found
