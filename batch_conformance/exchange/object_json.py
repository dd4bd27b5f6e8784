"""Objects of this package as JSON: what one process has judged, for another one. Data that is read runs no code.

Numbers, texts, booleans and null stand for themselves, an array for a list. Everything else is an object that says what
it is: ``{"tuple": [...]}``, or ``{"is": "module:Class", "state": {...}}`` for an instance, whose class has to be one of
this package that is imported already. An instance that occurs again is referred to by the order in which they came.
"""

from __future__ import annotations

import sys
from array import array
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from math import isfinite
from pathlib import Path, PurePath
from types import MappingProxyType
from typing import Any

import orjson

Refer = Callable[[object], str | None]
"""The name under which an object is at hand where the data is read; None for one that is to be written."""
Find = Callable[[str], object]
"""The object of such a name."""

_PACKAGE = __name__.partition(".")[0]
_LARGEST = 1 << 53
"""Integers from here on are written as texts: not every reader of JSON has them all."""


class StateError(ValueError):
    """Data that is not what ``to_json`` writes; the text says what is wrong."""


def to_json(value: object, refer: Refer = lambda _: None) -> bytes:
    """An object, with all that it holds, as JSON. Raises ``StateError`` for what cannot be written."""
    return orjson.dumps(_Writer(refer).written(value))


def from_json(data: bytes, find: Find = str) -> Any:
    """The object that ``to_json`` wrote. Raises ``StateError`` where the data is something else."""
    try:
        return _Reader(find).read(orjson.loads(data))
    except StateError:
        raise
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise StateError(f"{type(error).__name__}: {error}") from error


class _Writer:
    def __init__(self, refer: Refer) -> None:
        self._refer = refer
        self._written: dict[int, tuple[int, object]] = {}

    def written(self, value: Any) -> Any:  # noqa: PLR0911 - one for each kind of value
        kind = type(value)
        if value is None or kind is str or kind is bool:
            return value if kind is not str else _text(value)
        if kind is int:
            return value if -_LARGEST < value < _LARGEST else {"integer": str(value)}
        if kind is float:
            return value if isfinite(value) else {"float": str(value)}
        if kind is list:
            return list(map(self.written, value))
        name = self._refer(value)
        if name is not None:
            return {"known": name}
        if kind in _COLLECTIONS:
            return {_COLLECTIONS[kind]: list(map(self.written, value))}
        if kind in _MAPS:
            return {_MAPS[kind]: [self.written(one) for pair in value.items() for one in pair]}
        if kind is bytes:
            return {"bytes": b64encode(value).decode()}
        if kind is array:
            return {"array": b64encode(value.tobytes()).decode(), "of": value.typecode}
        if isinstance(value, PurePath):
            return {"path": str(value)}
        return self._instance(value)

    def _instance(self, value: Any) -> Any:
        if id(value) in self._written:
            return {"again": self._written[id(value)][0]}
        number = len(self._written)
        self._written[id(value)] = (number, value)  # which lives as long as its id is looked for
        kind = type(value)
        if kind.__module__.partition(".")[0] != _PACKAGE:
            raise StateError(f"{kind.__module__}.{kind.__qualname__} is no class of {_PACKAGE}")
        if isinstance(value, tuple):
            state: Any = list(map(self.written, value))
        else:
            state = self.written(_state_of(value))
        return {"is": f"{kind.__module__}:{kind.__qualname__}", "state": state}


class _Reader:
    def __init__(self, find: Find) -> None:
        self._find = find
        self._read: list[Any] = []

    def read(self, value: Any) -> Any:  # noqa: PLR0911 - one for each kind of value
        if type(value) is list:
            return list(map(self.read, value))
        if type(value) is not dict:
            return value
        if "is" in value:
            return self._instance(value["is"], value["state"])
        if not value:
            raise StateError("an object that does not say what it is")
        name, inside = next(iter(value.items()))
        if name in _MADE_OF_ITEMS:
            return _MADE_OF_ITEMS[name](map(self.read, inside))
        if name in _MADE_OF_PAIRS:
            parts = list(map(self.read, inside))
            return _MADE_OF_PAIRS[name](zip(parts[::2], parts[1::2], strict=True))
        if name == "again":
            return self._read[inside]
        if name == "known":
            return self._find(inside)
        if name == "array":
            return array(value["of"], b64decode(inside))
        return _MADE_OF_TEXT[name](inside)

    def _instance(self, name: str, state: Any) -> Any:
        kind = _class_named(name)
        number = len(self._read)
        self._read.append(None)
        if issubclass(kind, tuple):
            made = tuple.__new__(kind, map(self.read, state))
            self._read[number] = made
            return made
        made = self._read[number] = object.__new__(kind)
        found = self.read(state)
        if hasattr(kind, "__setstate__") and not is_dataclass(kind):
            made.__setstate__(found)
            return made
        for field, inside in found.items():
            object.__setattr__(made, field, inside)
        return made


def _state_of(value: Any) -> Mapping[str, Any]:
    if is_dataclass(value):
        return {name: getattr(value, name) for name in value.__dataclass_fields__}
    state = value.__getstate__()
    if not isinstance(state, dict):
        raise StateError(f"{type(value).__qualname__} has a state of its own")
    return state


def _class_named(name: str) -> type[Any]:
    module, _, path = name.partition(":")
    if module.partition(".")[0] != _PACKAGE or module not in sys.modules:
        raise StateError(f"{name} is no class of {_PACKAGE}")
    found: Any = sys.modules[module]
    for part in path.split("."):
        found = vars(found)[part]
    if not isinstance(found, type) or found.__module__ != module:
        raise StateError(f"{name} is no class of {_PACKAGE}")
    return found


def _text(text: str) -> Any:
    """A text; one with halves of surrogate pairs, which UTF-8 has not, as its bytes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return {"text": b64encode(text.encode("utf-8", "surrogatepass")).decode()}
    return text


_COLLECTIONS: Mapping[type, str] = {tuple: "tuple", set: "set", frozenset: "frozenset"}
_MAPS: Mapping[type, str] = {dict: "map", Counter: "counts", MappingProxyType: "view"}
_MADE_OF_ITEMS: Mapping[str, Callable[[Any], Any]] = {"tuple": tuple, "set": set, "frozenset": frozenset}
_MADE_OF_PAIRS: Mapping[str, Callable[[Any], Any]] = {
    "map": dict,
    "counts": lambda pairs: Counter(dict(pairs)),
    "view": lambda pairs: MappingProxyType(dict(pairs)),
}
_MADE_OF_TEXT: Mapping[str, Callable[[Any], Any]] = {
    "integer": int,
    "float": float,
    "bytes": b64decode,
    "path": Path,
    "text": lambda text: b64decode(text).decode("utf-8", "surrogatepass"),
}
