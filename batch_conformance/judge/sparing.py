"""What the rules may be spared: exchanges that are alike in what a rule looks at break it alike, or not at all.

Two exchanges are alike when their requests, status, the headers that any rule looks at, the members of the body, their
types, and the state of the batch are the same. Rules that look at values or bytes have a check that holds only where
they surely are kept; in doubt an exchange is judged.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

from batch_conformance.contract.roles import Roles
from batch_conformance.rules import REGISTRY
from batch_conformance.rules.agreement import surely_agree
from batch_conformance.rules.fields import FIELDS, SINGLETONS, is_well_formed
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


def head_check(names: Sequence[str]) -> HeadCheck | None:
    """What checks the heads that have fields of these names, in this order; None where one is surely to be explained.

    The rules about fields of HTTP's own are checked so once for each value, or in a moment, and are no part of what
    makes exchanges alike: most answers have a Date, a tag or an age that no other has. The values of fields that rules
    look at anyway (``headers_looked_at``) are left to the caller: they make exchanges alike.
    """
    lower, apart = [name.lower() for name in names], headers_looked_at()
    if any(name in SINGLETONS and lower.count(name) > 1 for name in lower):
        return None
    checked = tuple(
        (place, name, _known_values(name), FIELDS[name].is_well_formed)
        for place, name in enumerate(lower)
        if name in FIELDS and name not in apart
    )

    compared = not {"age", "last-modified"}.isdisjoint(lower)

    def check(values: Sequence[str]) -> bool:
        for place, name, known, keeps_grammar in checked:
            value = values[place]
            if value not in known:
                if not keeps_grammar(value) and not is_well_formed(name, value):
                    return False
                if len(known) >= _MOST_VALUES:
                    known.clear()
                known.add(value)
        return not compared or surely_agree(tuple(zip(lower, values, strict=True)))

    return check


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
