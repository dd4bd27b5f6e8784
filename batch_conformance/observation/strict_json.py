"""JSON as RFC 8259 has it: what a lenient parser forgives is named, and what can be read is read."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NoReturn

from batch_conformance.contract.pointer import join
from batch_conformance.message import Listing, Message, Private, Template

Flaw = Literal[
    "bom", "duplicate_key", "encoding", "empty", "nan", "not_json", "plain_text", "surrogate", "too_deep", "trailing"
]

_SPACED_COLONS = (" :", "\t:", "\n:", "\r:")
_BEGINS_WITH_BOM = Template("json.bom.observed", "the body starts with EF BB BF")
_FOLLOWS = Template("json.trailing.observed", "{count} characters follow the JSON text")
_EMPTY = Template("json.invalid.empty", "the body is empty")
_GZIP_STREAM = Template("json.invalid.gzip", "the body is a gzip stream")
_NO_UTF_8 = Template("json.invalid.utf_8", "no UTF-8 at byte {byte}")
_NO_NUMBER = Template("json.invalid.number", "{word} is no JSON number")
_AT = Template("json.invalid.at", "{what} at line {line} column {column}")
_TOO_DEEP = Template("json.invalid.too_deep", "nested too deeply to be read")
_PLAIN_TEXT = Template("json.invalid.plain_text", "plain text that begins with {words}")
_TWICE = Template("json.duplicate_key.observed", '"{name}" stands twice')
_MANY_TWICE = Template("json.duplicate_key.many", "{count} members stand twice, {names} among them")
_SURROGATE = Template("json.surrogate.observed", "half a surrogate pair")
_SYNTAX = {
    template.english: template
    for template in (
        Template("json.syntax.value", "expecting value"),
        Template("json.syntax.name", "expecting property name enclosed in double quotes"),
        Template("json.syntax.colon", "expecting ':' delimiter"),
        Template("json.syntax.comma", "expecting ',' delimiter"),
        Template("json.syntax.string", "unterminated string starting"),
        Template("json.syntax.control", "invalid control character"),
        Template("json.syntax.escape", "invalid \\escape"),
        Template("json.syntax.unicode", "invalid \\uxxxx escape"),
    )
}
"""What Python's parser says, in lower case."""

_BOM = b"\xef\xbb\xbf"
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")
_GZIP = b"\x1f\x8b\x08"
_WORDS = re.compile(r"\s+[^\W\d_]")
"""What follows a value where it is the beginning of a sentence: ``"Batch" not found``, ``[] is all there is``."""
_MANY = 3
"""Members of one object that stand in it twice and are told as one: it was written twice, or from two sources."""
_SHOWN = 2
_HUGE_DIGITS = 4000
"""Python refuses to convert longer integers; such a number is read as infinity, which is no integer to any schema."""


@dataclass(frozen=True, slots=True)
class Defect:
    """One way in which a text is not strict JSON: ``pointer`` is where, ``detail`` says it for people."""

    flaw: Flaw
    detail: Message
    pointer: str = ""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A parsed text. ``readable`` is false where no value could be read at all (``value`` is then None)."""

    value: Any
    readable: bool
    defects: tuple[Defect, ...] = ()


class _Twice(dict[str, Any]):
    """An object with a key that stands in it more than once."""

    names: tuple[str, ...] = ()


class _NotANumberError(ValueError):
    pass


class _UnreadableError(Exception):
    """No value can be read of a body."""

    def __init__(self, flaw: Flaw, detail: Message) -> None:
        super().__init__(str(detail))
        self.defect = Defect(flaw, detail)


def parse(body: bytes) -> Parsed:
    """Read ``body`` strictly; never raises, whatever the bytes are."""
    defects: list[Defect] = []
    if body.startswith(_BOM):
        body = body[len(_BOM) :]
        defects.append(Defect("bom", _BEGINS_WITH_BOM()))
    twice: list[_Twice] = []
    try:
        value, end, text = _read(body, twice)
    except _UnreadableError as error:
        return Parsed(None, False, (*defects, error.defect))
    rest = text[end:].strip(" \t\r\n")
    if rest:
        defects.append(Defect("trailing", _FOLLOWS(count=len(rest))))
    if twice:
        defects += _duplicates(value)
    if _SURROGATE_ESCAPE.search(text):
        defects += _surrogates(value)
    return Parsed(value, True, tuple(defects))


def _read(body: bytes, twice: list[_Twice]) -> tuple[Any, int, str]:
    """The JSON value that a body begins with, where it ends, and the body as text. Raises ``_UnreadableError``."""
    if not body.strip(b" \t\r\n"):
        raise _UnreadableError("empty", _EMPTY())
    try:
        text = body.decode("utf-8")
        value, end = _decode(text, twice)
    except UnicodeDecodeError as error:
        what = _GZIP_STREAM() if body.startswith(_GZIP) else _NO_UTF_8(byte=error.start)
        raise _UnreadableError("encoding", what) from None
    except _NotANumberError as error:
        raise _UnreadableError("nan", _NO_NUMBER(word=str(error))) from None
    except json.JSONDecodeError as error:
        reason = error.msg.lower().removesuffix(" at")
        syntax = _SYNTAX[reason]() if reason in _SYNTAX else reason
        raise _UnreadableError("not_json", _AT(what=syntax, line=error.lineno, column=error.colno)) from None
    except RecursionError:
        raise _UnreadableError("too_deep", _TOO_DEEP()) from None
    if _begins_text(value, text[end:]):
        begin = text[:end].strip(" \t\r\n")
        words = begin if len(begin) <= 20 else begin[:19] + "…"
        raise _UnreadableError("plain_text", _PLAIN_TEXT(words=Private(words)))
    return value, end, text


def _begins_text(value: Any, rest: str) -> bool:
    """Whether a value is only how a plain text begins, such as ``404 page not found``, and ``rest`` goes on with it.

    What follows an object or an array with members, or a string without a space, is something that follows JSON.
    """
    if not rest.strip(" \t\r\n"):
        return False
    if value is None or isinstance(value, bool | int | float):
        return True
    return (isinstance(value, str) or not value) and _WORDS.match(rest) is not None


def _decode(text: str, twice: list[_Twice]) -> tuple[Any, int]:
    start = len(text) - len(text.lstrip(" \t\r\n"))

    def members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        plain = dict(pairs)
        if len(plain) == len(pairs):
            return plain
        marked = _Twice(plain)
        marked.names = tuple(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        twice.append(marked)
        return marked

    try:
        return json.JSONDecoder(object_pairs_hook=members, parse_constant=_refuse).raw_decode(text, start)
    except (json.JSONDecodeError, _NotANumberError):
        raise
    except ValueError:
        huge = json.JSONDecoder(object_pairs_hook=members, parse_constant=_refuse, parse_int=_huge_int)
        return huge.raw_decode(text, start)


def _refuse(name: str) -> NoReturn:
    raise _NotANumberError(name)


def _huge_int(digits: str) -> int | float:
    return int(digits) if len(digits) <= _HUGE_DIGITS else math.inf


def _duplicates(value: Any) -> list[Defect]:
    made: list[Defect] = []
    for pointer, node in _walk(value):
        if isinstance(node, _Twice) and len(node.names) >= _MANY:
            names = Listing(tuple(f'"{name}"' for name in node.names[:_SHOWN]), "and")
            made.append(Defect("duplicate_key", _MANY_TWICE(count=len(node.names), names=names), pointer))
        elif isinstance(node, _Twice):
            made += (Defect("duplicate_key", _TWICE(name=name), join(pointer, name)) for name in node.names)
    return made


def _surrogates(value: Any) -> list[Defect]:
    return [
        Defect("surrogate", _SURROGATE(), pointer)
        for pointer, node in _walk(value)
        if (isinstance(node, str) and _is_broken(node))
        or (isinstance(node, Mapping) and any(_is_broken(name) for name in node))
    ]


def _is_broken(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return True
    return False


def _walk(value: Any) -> list[tuple[str, Any]]:
    """Every value inside ``value`` with its pointer (array indices as ``*``), without recursion."""
    found: list[tuple[str, Any]] = []
    left: list[tuple[str, Any]] = [("", value)]
    while left:
        pointer, node = left.pop()
        found.append((pointer, node))
        if isinstance(node, Mapping):
            left += [(join(pointer, _printable(name)), member) for name, member in node.items()]
        elif isinstance(node, list):
            left += [(pointer + "/*", item) for item in node]
    return found


def _printable(name: str) -> str:
    return name.encode("utf-8", "backslashreplace").decode("utf-8")


def surely_has_each_key_once(text: str, keys: int) -> bool:
    """Whether a JSON text, in whose value there are ``keys`` members in all, has surely none twice.

    Every member has a colon, and none but members have one outside of strings.
    """
    if text.count(":") == keys:
        return True
    return text.count('":') == keys and not any(colon in text for colon in _SPACED_COLONS)
