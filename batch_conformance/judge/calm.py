"""Tells at a glance that reads of one batch break no rule over time; what it does not spare is judged in full."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from batch_conformance.contract.roles import Roles


class Calm:
    """Looks at the values at ``pointers`` of a batch, read after read."""

    def __init__(self, roles: Roles, pointers: Sequence[str]) -> None:
        places = {pointer: index for index, pointer in enumerate(pointers)}
        counts = (roles.counts.total, roles.counts.completed, roles.counts.failed) if roles.counts else ()
        self._counts = frozenset(places[pointer] for pointer in counts)
        self._identity = places[roles.identity] if roles.identity is not None else None
        self._state = places[roles.state] if roles.state is not None else None
        self._stages = {stage.value: (stage.rank, stage.terminal) for stage in roles.stages}

    def holds(self, key: str, reads: Iterable[tuple[Any, ...] | None]) -> bool:
        """Whether every read was answered with the batch ``key``, and it only ever moved on; None is another answer."""
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
