"""What monotonic reads of a batch come to: enough to see that later ones are monotonic too, without the reads."""

from __future__ import annotations

import marshal
from array import array
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise
from typing import Any, NamedTuple

from batch_conformance.judge.sparing import MonotonicReads

_PLACES = 3
"""Numbers of one read in an array of those that came to the same: when, number and seconds."""

Moment = tuple[float, float]
"""When a read was sent, and its number."""


class Digest(NamedTuple):
    """Plain reads of a batch, each sent after the one before, that are monotonic (``MonotonicReads``).

    ``reads`` is how many, ``before`` and ``after`` are what the first and the last were answered with. Repeats of what
    was read before all of them do not count for that; None where there is nothing else. ``tagged`` says that some had
    an ETag.
    """

    reads: int
    first: Moment
    last: Moment
    before: tuple[Any, ...] | None
    after: tuple[Any, ...] | None
    tagged: bool


_made: Callable[[type[Digest], tuple[Any, ...]], Digest] = tuple.__new__


def digest_of(key: str, held: Iterable[Any], monotonic: MonotonicReads) -> Digest | None:
    """The digest of what a log holds of a batch; None where not all of it are monotonic reads in their order."""
    reads, last, tagged = 0, (-1.0, -1.0), False
    first: Moment | None = None
    answers: list[tuple[Any, ...]] = []
    for row in held:
        if type(row) is array:
            if len(row) > _PLACES:
                moments = list(zip(row[::_PLACES], row[1::_PLACES], strict=True))
                if any(moment >= later for moment, later in pairwise(moments)):
                    return None
                begun, ended = moments[0], moments[-1]
            else:
                begun = ended = (row[0], row[1])
            reads += len(row) // _PLACES
        elif row[6] is None and (facts := row[8])[2] is not None:  # the probe, and the values that were answered
            begun = ended = (row[0], row[1])
            reads += 1
            tagged = tagged or facts[3] is not None
            answers.append(facts[2])
        else:
            return None
        if begun <= last:
            return None
        first, last = first or begun, ended
    if first is None or not monotonic.holds(key, answers) or (tagged and not tags_hold(held)):
        return None
    before, after = (answers[0], answers[-1]) if answers else (None, None)
    return Digest(reads, first, last, before, after, tagged)


def joined(found: Iterator[Digest | None], monotonic: MonotonicReads) -> Digest | None:
    """The digest of all reads of a batch, of those of its parts; None where they are not monotonic together."""
    whole = next(found)
    if whole is None:
        return None
    reads, first, last, before, after, tagged = whole
    for later in found:
        if later is None or later.first <= last or tagged or later.tagged:
            return None
        if later.before is not None and not (after and monotonic.may_follow(after, later.before)):
            return None
        reads, last = reads + later.reads, later.last
        after = after if later.after is None else later.after
    return _made(Digest, (reads, first, last, before, after, tagged))


def tags_hold(held: Iterable[Any]) -> bool:
    """Whether no strong tag came with two bodies."""
    seen: dict[str, int] = {}
    for row in held:
        facts = None if type(row) is array else row[8][3]
        if type(facts) is tuple and facts[2] and seen.setdefault(facts[2], facts[1]) != facts[1]:
            return False
    return True


def packed(digest: Digest | None) -> bytes | None:
    """A digest as bytes."""
    return None if digest is None else marshal.dumps(tuple(digest))


def unpacked(data: bytes | None) -> Digest | None:
    """What ``packed`` packed, in this process or another one of the same Python."""
    return None if data is None else _made(Digest, marshal.loads(data))
