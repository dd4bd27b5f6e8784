"""What the rules may be spared: exchanges that are alike in what a rule looks at break it alike, or not at all.

Two exchanges are alike when their requests, status, the headers that any rule looks at, the members of the body, their
types, and the state of the batch are the same. Rules that look at values or bytes have a check that holds only where
they surely are kept; in doubt an exchange is judged.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from math import inf
from typing import Any

from batch_conformance.contract.roles import Roles
from batch_conformance.exchange.exchange import Headers
from batch_conformance.rules import REGISTRY, agreement, caching, fields, leaks
from batch_conformance.rules.agreement import surely_agree
from batch_conformance.rules.bodies import CONSTRAINT
from batch_conformance.rules.caching import expires_within_an_hour
from batch_conformance.rules.columns import Columns
from batch_conformance.rules.fields import FIELDS, SINGLETONS, is_fixdate, is_well_formed, moment_of_fixdate
from batch_conformance.rules.headers import DECLARED
from batch_conformance.rules.leak_patterns import surely_says_nothing
from batch_conformance.rules.leaks import is_looked_at
from batch_conformance.rules.rule import AlikeBodies, BodiesCheck, Rule
from batch_conformance.rules.times import moment_of_date


def broken_alike() -> frozenset[str]:
    """The rules that alike exchanges break alike."""
    return frozenset(rule.id for rule in REGISTRY.values() if rule.looks_at in ("message", "members"))


def headers_looked_at() -> frozenset[str]:
    """The headers of responses that rules look at, in lower case, beside those that a document declares."""
    return frozenset(name for rule in REGISTRY.values() for name in rule.headers)


HeadCheck = Callable[[Sequence[str]], float | None]
"""When a response was made by its Date, given the values of its fields in their order, in Unix seconds.

Infinite where there is no Date of our time; None unless they surely keep the rules about fields that HTTP defines.
"""

_MOST_VALUES = 1_000
"""Values of one field that are remembered."""

_EXPIRED = ("0", "-1")
_OF_EACH_ANSWER: dict[str, Callable[[str], object]] = {
    "last-modified": is_fixdate,
    "expires": lambda value: value in _EXPIRED or is_fixdate(value),
    "etag": re.compile(r'(?:W/)?"[\x21\x23-\x7e]*"').fullmatch,
    "age": re.compile("[0-9]+").fullmatch,
}
"""Fields whose values most answers have of their own, as they have a Date, and what is surely well formed of them."""


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
    own = tuple(
        (place, name, _OF_EACH_ANSWER[name])
        for place, name in enumerate(lower)
        if name in _OF_EACH_ANSWER and name not in apart
    )
    of_date = lower.index("date") if "date" in lower else None
    others = tuple(
        (place, name, _known_values(name))
        for place, name in enumerate(lower)
        if name in FIELDS and name not in apart and name not in _OF_EACH_ANSWER and name != "date"
    )
    agree = _agreement_check(lower)
    spoken = [(place, _silence()) for place, name in enumerate(lower) if is_looked_at(name)]

    def check(values: Sequence[str]) -> float | None:
        for place, name, known in others:
            value = values[place]
            if value not in known:
                if not is_well_formed(name, value):
                    return None
                if len(known) >= _MOST_VALUES:
                    known.clear()
                known.add(value)
        for place, is_silent in spoken:
            if not is_silent(values[place]):
                return None
        for place, name, is_surely in own:
            value = values[place]
            if not is_surely(value) and not is_well_formed(name, value):
                return None
        moment = inf if of_date is None else moment_of_date(values[of_date])
        if moment == inf and of_date is not None and not is_well_formed("date", values[of_date]):
            return None
        if agree is None or agree(values, moment) or _agree(tuple(zip(lower, values, strict=True))):
            return moment
        return None

    return check


def _silence() -> Callable[[str], bool]:
    """Tells whether a value surely shows nothing of the server; remembers those that do not."""
    known: set[str] = set()

    def is_silent(value: str) -> bool:
        if value in known or value.replace("-", "_").isidentifier():
            return True
        if not surely_says_nothing(value):
            return False
        if len(known) < _MOST_VALUES:
            known.add(value)
        return True

    return is_silent


def _agreement_check(names: Sequence[str]) -> Callable[[Sequence[str], float], bool] | None:
    """Whether fields of these names, all well formed, surely do not contradict each other; None where none can.

    It is given their values, and the moment of the Date.
    """
    places = {name: place for place, name in enumerate(names)}
    age, modified, expires = (places.get(name) for name in ("age", "last-modified", "expires"))
    has_date = "date" in places
    if age is None and (not has_date or (modified is None and expires is None)):
        return None

    def agree(values: Sequence[str], now: float) -> bool:
        if age is not None and values[age].strip("0"):
            return False
        if not has_date or (modified is None and expires is None):
            return True
        if now == inf or (modified is not None and not _is_by(values[modified], now)):
            return False
        return expires is None or values[expires] in _EXPIRED or _is_by(values[expires], now)

    return agree


def _agree(headers: Headers) -> bool:
    return surely_agree(headers) and expires_within_an_hour(headers)


def _is_by(date: str, now: float) -> bool:
    """Whether a text is a date that is not after a moment."""
    moment = moment_of_fixdate(date)
    return moment is not None and moment <= now


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


@dataclass(frozen=True, slots=True)
class Spared:
    """Rules that alike bodies surely keep where all ``checks`` hold; None where there are no checks for such bodies."""

    checks: tuple[BodiesCheck, ...] | None
    rules: tuple[Rule, ...]

    def holds(self, columns: Columns) -> bool:
        """Whether the rules are surely kept by all bodies."""
        return self.checks is not None and all(check(columns) for check in self.checks)


def spared_by(alike: AlikeBodies) -> tuple[Spared, ...]:
    """What the rules that look at values are spared by. The checks of the schema come first.

    The others only say something of bodies for which those hold.
    """
    makers = dict.fromkeys((CONSTRAINT.surely_kept, *(rule.surely_kept for rule in REGISTRY.values())))
    return tuple(
        Spared(make(alike), tuple(rule for rule in REGISTRY.values() if rule.surely_kept is make))
        for make in makers
        if make is not None
    )


def head_rules() -> tuple[Rule, ...]:
    """The rules about the values of headers that are surely kept where ``head_check`` lets them pass."""
    families = (fields.RULES, agreement.RULES, caching.RULES, leaks.RULES, (DECLARED,))
    return tuple(rule for family in families for rule in family if rule.check is not None)


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
            if last is not None and values is not last and not self.may_follow(last, values):
                return False
            last = values
        return True

    def may_follow(self, before: tuple[Any, ...], after: tuple[Any, ...]) -> bool:
        """Whether a batch may be answered with the one after the other, each of its values moving on."""
        for index, (was, now) in enumerate(zip(before, after, strict=True)):
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
