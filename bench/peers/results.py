"""What was measured so far, on disk: one JSON line for a tool and an entry, so that a run goes on where one ended.

A result holds for one version of the tool and as long as nothing changes that it came of: the document, the code of the
mock, what the entry does in it, and how the tool is asked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

from look import CACHE, Look, Tool

from batch_conformance.mock import catalogue
from batch_conformance.run.prove.drift_runner import Entry

_MOCK = Path(catalogue.__file__).resolve().parent.parent
_USUAL = ""
"""The name under which the conforming mock is kept."""


class Results:
    """The looks of one tool by the name of the entry; ``add`` appends to the file at once."""

    def __init__(self, tool: Tool, digests: Digests) -> None:
        self._digests = digests
        self._sources = _digest(path.read_bytes() for path in tool.sources)
        name = f"{tool.name} {tool.version}".replace(" ", "-")
        self._path = CACHE / "results" / f"{name}.ndjson"
        self._kept: dict[str, tuple[str, Look]] = {}
        if self._path.exists():
            for line in self._path.read_text(encoding="utf-8").splitlines():
                said = json.loads(line)
                look = Look(frozenset(said["found"]), said["requests"], said["seconds"])
                self._kept[said["entry"]] = said["of"], look

    def get(self, entry: Entry | None) -> Look | None:
        """What was found of an entry, or None where that is not known (any more)."""
        of, look = self._kept.get(_name(entry), ("", None))
        return look if of == self._of(entry) else None

    def add(self, entry: Entry | None, look: Look) -> None:
        """Keep what was found of an entry."""
        self._kept[_name(entry)] = self._of(entry), look
        said = {"entry": _name(entry), "of": self._of(entry), "found": sorted(look.found)}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({**said, "requests": look.requests, "seconds": round(look.seconds, 3)}) + "\n")

    def _of(self, entry: Entry | None) -> str:
        return _digest((self._sources.encode(), self._digests.of(entry).encode()))


class Digests:
    """What each entry's mock is made of, as short digests."""

    def __init__(self, document: str) -> None:
        self._core = _digest((document.encode(), *(path.read_bytes() for path in sorted(_MOCK.glob("*.py")))))

    def of(self, entry: Entry | None) -> str:
        """A digest of the mock's code, the document, and what the entry does. Those of other entries are no part."""
        return _digest((self._core.encode(), *_described(entry, set())))


def _described(value: Any, seen: set[FunctionType]) -> Iterator[bytes]:
    """A value as bytes that are the same in every process; of functions of the catalogue what they are made of."""
    if isinstance(value, str | bytes | int | float | re.Pattern | None):
        yield repr(value).encode()
    elif isinstance(value, FunctionType) and value in seen:
        yield b"seen"
    else:
        seen |= {value} if isinstance(value, FunctionType) else set()
        yield type(value).__name__.encode()
        for part in _parts(value):
            yield from _described(part, seen)


def _parts(value: Any) -> Iterable[Any]:  # noqa: PLR0911 - a line for each kind
    """What a value is made of. Of what does not belong to the catalogue that is its name: those files count whole."""
    if isinstance(value, FunctionType):
        is_own = value.__module__.startswith(catalogue.__name__)
        own = (value.__code__, value.__defaults__, value.__kwdefaults__, *_used(value)) if is_own else ()
        return (value.__qualname__, *own, *(cell.cell_contents for cell in value.__closure__ or ()))
    if isinstance(value, CodeType):
        return (value.co_code, value.co_names, value.co_consts)
    if isinstance(value, partial):
        return (value.func, value.args, value.keywords)
    if isinstance(value, Mapping):
        return value.items()
    if isinstance(value, tuple | list):
        return value
    if isinstance(value, frozenset | set):
        return sorted(value, key=repr)
    names = [one.name for one in fields(value)] if is_dataclass(value) and not isinstance(value, type) else []
    return [getattr(value, name) for name in names] or (getattr(value, "__qualname__", ""),)


def _used(function: FunctionType) -> Iterator[Any]:
    """The functions and constants of its module that a function names; of numbers the names: some are of this day."""
    for name in sorted(set(_names(function.__code__)) & set(function.__globals__)):
        value = function.__globals__[name]
        yield name if isinstance(value, int) else value


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield from _names(inner)


def _name(entry: Entry | None) -> str:
    return _USUAL if entry is None else entry.name


def _digest(parts: Iterable[bytes]) -> str:
    total = sha256()
    for part in parts:
        total.update(sha256(part).digest())
    return total.hexdigest()[:16]
