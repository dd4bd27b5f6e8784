"""Finds English of the program in what is to be Chinese: every text of the catalogue is looked for, whoever says it."""

from __future__ import annotations

import html
import re
from functools import cache

import catalogue

HAN = re.compile(r"[\u4e00-\u9fff]")

_LEAST = 12
"""Characters of a piece of a text, between its arguments, that is surely that text's."""


def english_in(text: str) -> list[str]:
    """The English texts of the program that stand in a rendered text although the catalogue has their Chinese.

    Code, and what pages quote, is left out: commands, JSON, and words of the document or of a response.
    """
    shown = html.unescape(re.sub(r"<(style|script|pre|figcaption|code)\b.*?</\1>|`[^`]*`", " ", text, flags=re.DOTALL))
    lines = [re.sub(r"\\(?=[^\w\s])", "", line) for line in shown.splitlines()]
    whole = "\n".join(re.sub(r"<[^>]*>", "\n", line) for line in lines)
    return [english for english, piece in _pieces() if piece in whole]


@cache
def _pieces() -> tuple[tuple[str, str], ...]:
    """Each translated English, with the longest piece of it that has no argument: some words in a row."""
    found = []
    for entry in catalogue.entries().values():
        if HAN.search(entry.msgstr) and entry.msgctxt != "source":
            pieces = re.split(r"\{\w*\}|`[^`]*`", entry.msgid)
            longest = max((piece.strip() for piece in pieces), key=len)
            if len(longest) >= _LEAST and longest.count(" ") >= 2:
                found.append((entry.msgid, longest))
    return tuple(found)
