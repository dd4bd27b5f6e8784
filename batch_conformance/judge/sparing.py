"""What the rules may be spared: exchanges that are alike in what a rule looks at break it alike, or not at all.

Two exchanges are alike when their requests, status, the headers that any rule looks at, the members of the body, their
types, and the state of the batch are the same. Rules that look at values or bytes have a check that holds only where
they surely are kept; in doubt an exchange is judged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

from batch_conformance.contract.roles import Roles
from batch_conformance.exchange.exchange import Headers
from batch_conformance.rules import REGISTRY
from batch_conformance.rules.agreement import surely_agree
from batch_conformance.rules.caching import expires_within_an_hour
from batch_conformance.rules.fields import FIELDS, SINGLETONS, is_well_formed
from batch_conformance.rules.leak_patterns import surely_says_nothing
from batch_conformance.rules.leaks import is_looked_at
from batch_conformance.rules.rule import AlikeBodies, BodyCheck


def broken_alike() -> frozenset[str]:
    """The rules that alike exchanges break alike."""
    return frozenset(rule.id for rule in REGISTRY.values() if rule.looks_at in ("message", "members"))


def headers_looked_at() -> frozenset[str]:
    """The headers of responses that rules look at, in lower case, beside those that a document declares."""
    return frozenset(name for rule in REGISTRY.values() for name in rule.headers)


HeadCheck = Callable[[Sequence[str]], bool]
"""Whether the values of a response's fields, in their order, surely keep the rules about fields that HTTP defines."""

_MOST_VALUES = 1_000
"""Values of one field that are remembered."""

_DAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (?:0[1-9]|1[0-9]|2[0-8]) (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_FIXDATE = rf"{_DAY} [12][0-9]{{3}} (?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9] GMT"
_OF_EACH_ANSWER = {
    "date": _FIXDATE,
    "last-modified": _FIXDATE,
    "expires": rf"{_FIXDATE}|0|-1",
    "etag": r'(?:W/)?"[\x21\x23-\x7e]*"',
    "age": "[0-9]+",
}
"""Fields whose values most answers have of their own, and what of them is surely well formed."""
_MONTHS = {
    name: f"{at // 3 + 1:02}"
    for at in range(0, 36, 3)
    for name in ("JanFebMarAprMayJunJulAugSepOctNovDec"[at : at + 3],)
}


def head_check(names: Sequence[str]) -> HeadCheck | None:
    """What checks the heads that have fields of these names, in this order; None where one is surely to be explained.

    Of all other fields it is checked that they show nothing of the server (``rules.leaks``).

    The rules about fields of HTTP's own are checked so in one go, and are no part of what makes exchanges alike: most
    answers have a Date, a tag or an age that no other has. The values of fields that rules look at anyway
    (``headers_looked_at``) are left to the caller: they make exchanges alike.
    """
    lower, apart = [name.lower() for name in names], headers_looked_at()
    if any(name in SINGLETONS and lower.count(name) > 1 for name in lower):
        return None
    own = [place for place, name in enumerate(lower) if name in _OF_EACH_ANSWER and name not in apart]
    others = tuple(
        (place, name, _known_values(name))
        for place, name in enumerate(lower)
        if name in FIELDS and name not in apart and name not in _OF_EACH_ANSWER
    )
    are_own_well_formed = re.compile("\n".join(f"(?:{_OF_EACH_ANSWER[lower[place]]})" for place in own)).fullmatch
    agree = _agreement_check(lower)
    spoken = tuple((place, set[str]()) for place, name in enumerate(lower) if is_looked_at(name))

    def check(values: Sequence[str]) -> bool:
        for place, name, known in others:
            value = values[place]
            if value not in known:
                if not is_well_formed(name, value):
                    return False
                if len(known) >= _MOST_VALUES:
                    known.clear()
                known.add(value)
        for place, silent in spoken:
            value = values[place]
            if value not in silent and not value.replace("-", "_").isidentifier():
                if not surely_says_nothing(value):
                    return False
                if len(silent) < _MOST_VALUES:
                    silent.add(value)
        if are_own_well_formed("\n".join([values[place] for place in own])) is None:
            if not all(is_well_formed(lower[place], values[place]) for place in own):
                return False
        elif agree is not None and agree(values):
            return True
        return agree is None or _agree(tuple(zip(lower, values, strict=True)))

    return check


def _agreement_check(names: Sequence[str]) -> HeadCheck | None:
    """Whether fields of these names, all well formed, surely do not contradict each other; None where none can."""
    places = {name: place for place, name in enumerate(names)}
    age, modified, expires, date = (places.get(name) for name in ("age", "last-modified", "expires", "date"))
    if age is None and (date is None or (modified is None and expires is None)):
        return None

    def agree(values: Sequence[str]) -> bool:
        if age is not None and values[age].strip("0"):
            return False
        if date is None or (modified is None and expires is None):
            return True
        now = _sortable(values[date])
        if modified is not None and _sortable(values[modified]) > now:
            return False
        return expires is None or len(values[expires]) < len(now) or _sortable(values[expires]) <= now

    return agree


def _agree(headers: Headers) -> bool:
    return surely_agree(headers) and expires_within_an_hour(headers)


def _sortable(date: str) -> str:
    """An IMF-fixdate as a text that sorts by time."""
    return f"{date[12:16]}{_MONTHS.get(date[8:11], '')}{date[5:7]}{date[17:25]}"


@cache
def _known_values(name: str) -> set[str]:  # noqa: ARG001 - one set for each name
    """The values of a field that were found to be well formed."""
    return set()


def unspared() -> frozenset[str]:
    """The rules that nothing spares: where there is one, every exchange is judged by all rules."""
    alike = broken_alike()
    return frozenset(
        rule.id
        for rule in REGISTRY.values()
        if rule.looks_at != "run" and rule.id not in alike
        if rule.surely_kept is None and not rule.kept_by_plain_reads
    )


def surely_kept(alike: AlikeBodies) -> tuple[BodyCheck, ...] | None:
    """The checks that hold only where rules are surely kept by alike bodies; None where there are none for them."""
    made: list[BodyCheck] = []
    for make in dict.fromkeys(rule.surely_kept for rule in REGISTRY.values() if rule.surely_kept is not None):
        checks = make(alike)
        if checks is None:
            return None
        made += checks
    return tuple(made)


def monotonic_reads_keep_all() -> bool:
    """Whether monotonic reads keep every rule that compares."""
    return all(rule.kept_by_monotonic_reads for rule in REGISTRY.values() if rule.compare is not None)


class MonotonicReads:
    """Recognises cheaply that the reads of a batch are monotonic (``Rule.kept_by_monotonic_reads``).

    The reads are given by the values at ``pointers``, one after the other.
    """

    def __init__(self, roles: Roles, pointers: Sequence[str]) -> None:
        self._keeps_all = monotonic_reads_keep_all()
        places = {pointer: index for index, pointer in enumerate(pointers)}
        counts = (roles.counts.total, roles.counts.completed, roles.counts.failed) if roles.counts else ()
        self._counts = frozenset(places[pointer] for pointer in counts)
        self._identity = places[roles.identity] if roles.identity is not None else None
        self._state = places[roles.state] if roles.state is not None else None
        self._stages = {stage.value: (stage.rank, stage.terminal) for stage in roles.stages}

    def holds(self, key: str, reads: Iterable[tuple[Any, ...] | None]) -> bool:
        """Whether every read was answered with the batch ``key``, and it only ever moved on; None is another answer.

        Never where some rule that compares is not kept by monotonic reads.
        """
        if not self._keeps_all:
            return False
        last: tuple[Any, ...] | None = None
        for values in reads:
            if values is None or (self._identity is not None and values[self._identity] != key):
                return False
            if last is not None and values is not last and not self._moves_on(last, values):
                return False
            last = values
        return True

    def _moves_on(self, before: tuple[Any, ...], after: tuple[Any, ...]) -> bool:
        for index, was in enumerate(before):
            now = after[index]
            if was is not now and was != now and not self._may_become(index, was, now):
                return False
        return True

    def _may_become(self, index: int, was: Any, now: Any) -> bool:
        if index == self._state:
            left, entered = self._stages.get(was), self._stages.get(now)
            return left is not None and entered is not None and not left[1] and left[0] <= entered[0]
        if index in self._counts and isinstance(was, int) and isinstance(now, int):
            return was <= now
        return was is None
