"""The regular expressions of a contract: read as ECMA-262 means them, and never looked at for long."""

from __future__ import annotations

import re
import time
from functools import lru_cache
from typing import Any

import regex

_PATIENCE = 1.0
"""Seconds that one expression may take for all slow searches of a process together."""
_SLOW = 0.01


class Expression:
    """A compiled expression. Some take longer than a life for a short text, and the text comes from the server.

    A text that cannot be searched in time counts as one that matches: nobody is accused of what was not found out.
    """

    def __init__(self, compiled: Any) -> None:
        self._compiled = compiled
        self._patience = _PATIENCE

    def search(self, text: str) -> bool:
        """Whether it matches somewhere in the text."""
        if self._patience <= 0:
            return True
        begun = time.perf_counter()
        try:
            found = self._compiled.search(text, timeout=self._patience) is not None
        except TimeoutError:
            self._patience = 0.0
            return True
        spent = time.perf_counter() - begun
        if spent > _SLOW:
            self._patience -= spent
        return found


@lru_cache(maxsize=512)
def expression(pattern: str) -> Expression | None:
    """The regular expression of a ``pattern``; None where it is in no syntax that Python has as well.

    ``$`` stands for the very end and ``\\d`` and ``\\w`` for ASCII alone, as ECMA-262 has it.
    """
    made, inside, position = "", False, 0
    while position < len(pattern):
        here = pattern[position]
        if here == "\\":
            here = pattern[position : position + 2]
        elif here in "[]":
            inside = here == "["
        elif here == "$" and not inside:
            made, position = made + r"\Z", position + 1
            continue
        made, position = made + here, position + len(here)
    try:
        re.compile(made, re.ASCII)  # ``regex`` takes more than any other, and means something else by it
        return Expression(regex.compile(made, regex.ASCII | regex.VERSION0))
    except (re.error, regex.error, OverflowError, RecursionError):
        return None
