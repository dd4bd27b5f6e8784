"""What the rules may be spared: exchanges that are alike in what a rule looks at break it alike, or not at all.

Two exchanges are alike when their requests, status, the headers that any rule looks at, the members of the body, their
types, and the state of the batch are the same. Rules that look at values or bytes have a check that holds only where
they surely are kept; in doubt an exchange is judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import compress, count
from operator import ne
from typing import Any

from batch_conformance.contract.roles import Roles
from batch_conformance.rules import REGISTRY, agreement, caching, fields, leaks
from batch_conformance.rules.bodies import CONSTRAINT
from batch_conformance.rules.columns import Columns
from batch_conformance.rules.headers import DECLARED
from batch_conformance.rules.rule import AlikeBodies, BodiesCheck, Rule


def broken_alike() -> frozenset[str]:
    """The rules that alike exchanges break alike."""
    return frozenset(rule.id for rule in REGISTRY.values() if rule.looks_at in ("message", "members"))


def headers_looked_at() -> frozenset[str]:
    """The headers of responses that rules look at, in lower case, beside those that a document declares."""
    return frozenset(name for rule in REGISTRY.values() for name in rule.headers)


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
        for index in compress(count(), map(ne, before, after)):
            was, now = before[index], after[index]
            if was is not now and not self._may_become(index, was, now):
                return False
        return True

    def _may_become(self, index: int, was: Any, now: Any) -> bool:
        if index == self._state:
            left, entered = self._stages.get(was), self._stages.get(now)
            return left is not None and entered is not None and not left[1] and left[0] <= entered[0]
        if index in self._counts and isinstance(was, int) and isinstance(now, int):
            return was <= now
        return was is None
