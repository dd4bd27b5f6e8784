"""A cheap check of the heads of responses: that they surely keep the rules about the fields that HTTP defines."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import cache
from math import inf

from batch_conformance.exchange.exchange import Headers
from batch_conformance.judge.sparing import headers_looked_at
from batch_conformance.rules.agreement import surely_agree
from batch_conformance.rules.caching import expires_within_an_hour
from batch_conformance.rules.fields import FIELDS, SINGLETONS, is_fixdate, is_well_formed, moment_of_fixdate
from batch_conformance.rules.leak_patterns import surely_says_nothing
from batch_conformance.rules.leaks import is_looked_at
from batch_conformance.rules.times import moment_of_date

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


def head_check(names: Sequence[str], also: Headers = ()) -> HeadCheck | None:
    """What checks the heads that have fields of these names, in this order; None where one is surely to be explained.

    ``also`` are fields that all of these heads have besides, and that keep the rules by themselves; none of them says
    when a response was made, changed or expires.
    """
    lower = [name.lower() for name in names]
    if any(name in SINGLETONS and lower.count(name) > 1 for name in lower):
        return None
    return HeadCheck(lower, also)


class HeadCheck:
    """Checks heads that have fields of the same names.

    The rules about fields of HTTP's own are checked so in one go, and are no part of what makes exchanges alike: most
    answers have a Date, a tag or an age that no other has. The values of fields that rules look at anyway
    (``headers_looked_at``) are left to the caller: they make exchanges alike. Of all other fields it is checked that
    they show nothing of the server (``rules.leaks``).
    """

    def __init__(self, names: Sequence[str], also: Headers) -> None:
        apart, fields = headers_looked_at(), list(enumerate(names))
        each = [(place, name) for place, name in fields if name not in apart]
        self._names = names
        self._also = also
        self._own = [(place, name, _OF_EACH_ANSWER[name]) for place, name in each if name in _OF_EACH_ANSWER]
        self._others = [
            (place, name, _known_values(name))
            for place, name in each
            if name in FIELDS and name not in _OF_EACH_ANSWER and name != "date"
        ]
        self._spoken = [(place, _silence()) for place, name in fields if is_looked_at(name)]
        self._date = names.index("date") if "date" in names else None
        self._agree = _agreement_check(names)

    def __call__(self, values: Sequence[str]) -> float | None:
        """When a response was made by its Date, given the values of its fields in their order, in Unix seconds.

        Infinite where there is no Date of our time; None unless they surely keep the rules.
        """
        for place, name, known in self._others:
            value = values[place]
            if value not in known and not _is_well_formed(name, value, known):
                return None
        for place, is_silent in self._spoken:
            if not is_silent(values[place]):
                return None
        for place, name, is_surely in self._own:
            value = values[place]
            if not is_surely(value) and not is_well_formed(name, value):
                return None
        date = self._date
        moment = inf if date is None else moment_of_date(values[date])
        if moment == inf and date is not None and not is_well_formed("date", values[date]):
            return None
        agree = self._agree
        if agree is None or agree(values, moment) or self._surely_agree(values):
            return moment
        return None

    def many(self, columns: Sequence[Sequence[str]], number: int) -> list[float | None]:
        """What is said of each of so many heads, given the values of each field in all of them."""
        moments: list[float | None] = [inf] * number
        if self._date is not None:
            moments = list(map(moment_of_date, columns[self._date]))
        if (
            self._agree is None
            and (self._date is None or inf not in moments)
            and all(known.issuperset(columns[place]) for place, _, known in self._others)
            and all(all(map(is_silent, columns[place])) for place, is_silent in self._spoken)
            and all(all(map(is_surely, columns[place])) for place, _, is_surely in self._own)
        ):
            return moments
        return list(map(self, zip(*columns, strict=True))) if columns else [self(())] * number

    def _surely_agree(self, values: Sequence[str]) -> bool:
        headers = (*self._also, *zip(self._names, values, strict=True))
        return surely_agree(headers) and expires_within_an_hour(headers)


def _is_well_formed(name: str, value: str, known: set[str]) -> bool:
    """Whether a value is well formed; one that is, is added to those that are known to be."""
    if not is_well_formed(name, value):
        return False
    if len(known) >= _MOST_VALUES:
        known.clear()
    known.add(value)
    return True


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


def _is_by(date: str, now: float) -> bool:
    """Whether a text is a date that is not after a moment."""
    moment = moment_of_fixdate(date)
    return moment is not None and moment <= now


@cache
def _known_values(name: str) -> set[str]:  # noqa: ARG001 - one set for each name
    """The values of a field that were found to be well formed."""
    return set()
