"""What is said of a value that an option does not take, whoever reads the command line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from batch_conformance.message import Listing, Message, Template
from batch_conformance.near_miss import suggested
from batch_conformance.options import Bounds

_NOT_AMONG = Template("usage.not_among", "invalid choice: {value} (choose from {words}){hint}")
_NO_NUMBER = Template("usage.no_number", "{value} is no number")
_NO_WHOLE_NUMBER = Template("usage.no_whole_number", "{value} is no whole number")
_OUT_OF_BOUNDS = Template("usage.out_of_bounds", "{value} is not {least} or more")
_NOT_BETWEEN = Template("usage.not_between", "{value} is not between {least} and {most}")
_NOT_ABOVE = Template("usage.not_above", "{value} is not more than {least}")


def not_among(value: str, words: Sequence[str]) -> Message:
    """What is said of a word that is none of some."""
    return _NOT_AMONG(value=f"{value!r}", words=Listing(tuple(words)), hint=suggested(value, words))


def no_number(value: Any, bounds: Bounds | None, *, whole: bool) -> Message:
    """What is said of a text that is no number, or one that is not within bounds."""
    shown = f"{value!r}"
    try:
        (int if whole else float)(value)
    except (TypeError, ValueError):
        return _NO_WHOLE_NUMBER(value=shown) if whole else _NO_NUMBER(value=shown)
    if bounds is None:
        return _NO_NUMBER(value=shown)
    least = f"{bounds.least:g}"
    if bounds.most is not None:
        return _NOT_BETWEEN(value=shown, least=least, most=f"{bounds.most:g}")
    return (_NOT_ABOVE if bounds.above else _OUT_OF_BOUNDS)(value=shown, least=least)
