"""Shrinks what is odd about a request to the smallest that still shows the same.

Delta debugging, and bisection where there is a bound. Pure: whether a candidate shows it is asked of a function. What
is tried depends on nothing but the text and the answers.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Literal, TypeVar

from batch_conformance.probes.segment import decode_segment, encode_segment

_MORE = "(?:%[89AB][0-9A-F])"
_UNIT = re.compile(
    rf"%[CD][0-9A-F]{_MORE}|%E[0-9A-F]{_MORE}{{2}}|%F[0-7]{_MORE}{{3}}|%[0-9A-F]{{2}}|.", re.IGNORECASE | re.DOTALL
)
"""A character of a segment as it is sent: one letter, an escape, or the escapes of one character's UTF-8."""

_LONG = 64
"""Ids of so many characters are odd for their length: its beginnings are tried first."""
_LEAST_PART = 2
"""Of a part of a known id so many characters are kept: with fewer it is a part of nearly all of them."""
_BOUNDS = (2**7, 2**8, 2**15, 2**16, 2**31, 2**32, 2**53, 2**63, 2**64)
"""Numbers from which on something is too large for somebody."""

Part = TypeVar("Part")

Shows = Callable[[str], bool]
"""Whether a segment still shows it. May raise ``Spent``."""


class Spent(Exception):  # noqa: N818 - an outcome, not an error
    """Nothing more may be tried."""


@dataclass(frozen=True, slots=True)
class Smallest:
    """The smallest segment that was found. ``bound`` is the least length, or number, that shows it, where there is one.

    It is a bound where one less was tried and does not show it. ``kind`` says what it bounds.
    """

    segment: str
    kind: Literal["", "length", "number"] = ""
    bound: int = 0


def smallest(segment: str, known: Sequence[str], shows: Shows) -> Smallest:
    """The smallest segment that shows what ``segment`` shows; that one itself where no smaller one does.

    ``known`` are ids that exist: what an odd id has in common with one of them is taken for one part. Once ``shows``
    raises ``Spent`` the smallest so far is the result.
    """
    tried: dict[str, bool] = {segment: True}

    def shown(candidate: str) -> bool:
        if candidate not in tried:
            tried[candidate] = shows(candidate)
        return tried[candidate]

    best = Smallest(segment)
    try:
        text = decode_segment(segment)
        if re.fullmatch(r"-?[0-9]{2,}", text, re.ASCII):
            return _least_number(text, shown)
        units = _UNIT.findall(segment)
        part = any(one.startswith(text) and one != text for one in known)
        if part or (len(units) >= _LONG and len(set(units)) == 1):
            return _least_length(units, _LEAST_PART if part else 1, shown)
        if len(units) >= _LONG:
            units = _UNIT.findall(_least_length(units, 1, shown).segment)
            segment = "".join(units)
        return Smallest("".join(_reduced(_parts(segment, units, known), lambda parts: shown("".join(parts)))))
    except Spent:
        found = [candidate for candidate, was in tried.items() if was]
        return min((best, *map(Smallest, found)), key=lambda one: len(one.segment))


def fewest(parts: Sequence[Part], shows: Callable[[Sequence[Part]], bool]) -> Sequence[Part]:
    """Parts of a request of which none can be left out; those given where that is so of them.

    ``shows`` says whether some of them still show it, and may raise ``Spent``.
    """
    return _reduced(list(parts), shows)


def _least_number(text: str, shown: Shows) -> Smallest:
    """The number nearest to zero, of those that are bounds of something."""
    number, sign = abs(int(text)), "-" if text.startswith("-") else ""
    bounds = [one for one in _BOUNDS if one <= number]
    least = bisect_left(bounds, True, key=lambda one: shown(f"{sign}{one}"))
    if least == len(bounds):
        return Smallest(text)
    bound = bounds[least]
    is_bound = not shown(f"{sign}{bound - 1}")
    return Smallest(f"{sign}{bound}", "number" if is_bound else "", int(f"{sign}{bound}"))


def _least_length(units: Sequence[str], least: int, shown: Shows) -> Smallest:
    """The shortest beginning: what a length shows all longer ones show."""
    lengths = range(least, len(units))
    place = bisect_left(lengths, True, key=lambda length: shown("".join(units[:length])))
    length = place + least
    return Smallest("".join(units[:length]), "length" if place else "", length)


def _parts(segment: str, units: Sequence[str], known: Iterable[str]) -> list[str]:
    """The characters of a segment; what it has in common with a known id, at either end of it, is one part each."""
    found = list(units)
    for one in known:
        usual = _UNIT.findall(encode_segment(one))
        before = _in_common(units, usual)
        after = min(_in_common(units[::-1], usual[::-1]), len(units) - before)
        if before + after < max(_LEAST_PART + 1, len(usual) - 1):
            continue
        joined = ["".join(units[:before]), *units[before : len(units) - after], "".join(units[len(units) - after :])]
        parts = [part for part in joined if part]
        found = min(found, parts, key=len)
    if "".join(found) != segment:
        return [segment]
    return found


def _in_common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many of the first characters are the same."""
    return sum(1 for _ in takewhile(lambda both: both[0] == both[1], zip(one, other, strict=False)))


def _reduced(parts: list[Part], shown: Callable[[Sequence[Part]], bool]) -> list[Part]:
    """Delta debugging (Zeller and Hildebrandt, 2002), complements alone: parts of which none can be left out."""
    pieces = 2
    while len(parts) > 1:
        size = -(-len(parts) // pieces)
        starts = range(0, len(parts), size)
        left = next((rest for at in starts if (rest := parts[:at] + parts[at + size :]) and shown(rest)), None)
        if left is not None:
            parts, pieces = left, max(pieces - 1, 2)
        elif size == 1:
            break
        else:
            pieces = min(len(parts), 2 * pieces)
    return parts
