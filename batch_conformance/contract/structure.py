"""The structure of a JSON value: its members by name and the types of what they hold, without the values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Structure = tuple[Any, ...] | type[Any] | None
_MOST_VALUES = 2_000
"""Members and items in all, of a value whose structure is told: it is to be kept."""


def structure_of(value: Any) -> Structure:
    """What is equal for two JSON values that differ in no more than texts, numbers and which boolean it is.

    None where that is too large, or nested too deeply.
    """
    try:
        return _Counted().structure_of(value)
    except (_TooLargeError, RecursionError):
        return None


class _TooLargeError(Exception):
    pass


class _Counted:
    """Tells the structure of a value, and counts what is in it."""

    def __init__(self) -> None:
        self._left = _MOST_VALUES

    def structure_of(self, value: Any) -> Structure:
        if type(value) in _PLAIN:
            return type(value)
        if isinstance(value, Mapping):
            self._count(len(value))
            return tuple(value), tuple(map(self.structure_of, value.values()))
        if isinstance(value, list):
            self._count(len(value))
            return list, tuple(map(self.structure_of, value))
        return type(value)

    def _count(self, number: int) -> None:
        self._left -= number
        if self._left < 0:
            raise _TooLargeError


_PLAIN = frozenset({str, int, float, bool, type(None)})
