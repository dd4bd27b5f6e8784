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

    ``$`` stands for the very end and ``\\d`` and ``\\w`` for ASCII alone, as ECMA-262 has it. Groups are named and
    Unicode properties written as there, with the flag ``u`` (JSON Schema 2020-12, section 6.4).
    """
    try:
        read = _Read(pattern)
        re.compile(read.checked, re.ASCII)  # ``regex`` takes more than any other, and means something else by it
        return Expression(regex.compile(read.made, regex.VERSION0 | (0 if read.has_properties else regex.ASCII)))
    except (re.error, regex.error, OverflowError, RecursionError):
        return None


class _Read:
    """An expression of ECMA-262 in the syntax of ``regex``, and one of the same form that ``re`` can check."""

    def __init__(self, pattern: str) -> None:
        self.has_properties = _PROPERTY.search(pattern) is not None
        self.made = self.checked = ""
        inside, position = False, 0
        while position < len(pattern):
            token = _TOKEN.match(pattern, position)
            here = token[0] if token is not None else pattern[position]
            if here in "[]":
                inside = here == "["
            made, checked = self._in_python(here, inside=inside)
            self.made, self.checked, position = self.made + made, self.checked + checked, position + len(here)

    def _in_python(self, here: str, *, inside: bool) -> tuple[str, str]:
        made = checked = here
        if _PROPERTY.match(here):
            checked = r"\w"
        elif self.has_properties and (ranges := _CLASSES.get(here)) is not None:
            # Among properties ``regex`` would take digits and words of all scripts.
            if inside and here.isupper():
                raise re.error("a complement in a set")
            made = ranges if inside else f"[{'^' if here.isupper() else ''}{ranges}]"
        elif here == "$" and not inside:
            made = checked = r"\Z"
        elif here.startswith("(?<") and here.endswith(">") and not inside:
            made = checked = f"(?P{here[2:]}"
        elif here.startswith("(?<") and not inside:
            checked = f"(?{here[3]}"  # what stands before may be of any length in ECMA-262, and not in ``re``
        elif here.startswith(r"\k<"):
            made = checked = f"(?P={here[3:-1]})"
        elif here.startswith(r"\u{"):
            made = checked = f"\\U{int(here[3:-1], 16):08x}"
        return made, checked


_PROPERTY = re.compile(r"\\[pP]\{[A-Za-z_=]+\}")
_TOKEN = re.compile(
    rf"{_PROPERTY.pattern}|\\k<[A-Za-z_]\w*>|\\u\{{[0-9A-Fa-f]{{1,6}}\}}|\\.|\(\?<(?:[=!]|[A-Za-z_]\w*>)", re.DOTALL
)
_CLASSES = {
    name: ranges for ranges, names in (("0-9", "dD"), ("A-Za-z0-9_", "wW")) for name in map("\\{}".format, names)
}
