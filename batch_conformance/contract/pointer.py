"""RFC 6901 JSON pointers, as strings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any


def printable(text: str) -> str:
    """The text with halves of surrogate pairs, which no file takes, written as escapes."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode("utf-8")


def escape(token: str) -> str:
    """One reference token, escaped (RFC 6901 section 3) and printable."""
    return printable(token).replace("~", "~0").replace("/", "~1")


def unescape(token: str) -> str:
    """The member name that an escaped reference token stands for (RFC 6901 section 4)."""
    return token.replace("~1", "/").replace("~0", "~")


def join(base: str, *tokens: str | int) -> str:
    """``base`` extended by member names or array indices."""
    return base + "".join("/" + escape(str(token)) for token in tokens)


@lru_cache(maxsize=4096)
def split(pointer: str) -> tuple[str, ...]:
    """The unescaped reference tokens of ``pointer``; the empty pointer has none."""
    return tuple(unescape(token) for token in pointer.split("/")[1:])


def from_path(path: Iterable[str | int]) -> str:
    """The pointer of a path into a JSON value, every array index written as ``*``.

    Deviations are told apart by the clause they break, and a clause covers all items of an array alike.
    """
    return "".join("/*" if isinstance(step, int) else "/" + escape(step) for step in path)


def members(value: Any, pointer: str) -> Iterator[Any]:
    """Every value at a pointer in which ``*`` stands for any array index."""
    held = [value]
    for token in pointer.split("/")[1:]:
        if token == "*":
            held = [item for member in held if isinstance(member, list) for item in member]
        else:
            name = unescape(token)
            held = [member[name] for member in held if isinstance(member, Mapping) and name in member]
    yield from held
