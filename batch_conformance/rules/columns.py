"""The values of alike bodies by their place: a check looks at many bodies at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from typing import Any

from batch_conformance.contract.pointer import unescape
from batch_conformance.observation.observation import at

Column = Sequence[Any]
"""The values at one place, one for each body; None where a body has none there."""


class Columns:
    """The values of alike bodies: of those that have the same members of the same types.

    ``number`` is how many bodies there are, ``whole`` makes them. ``columns`` has those that are known without them, by
    pointer; ``constant`` gives the value that all bodies have at a pointer, in a tuple, or None.
    """

    def __init__(
        self,
        number: int,
        whole: Callable[[], Sequence[dict[str, Any]]],
        columns: dict[str, Column],
        constant: Callable[[str], tuple[Any] | None],
    ) -> None:
        self.number = number
        self._whole = whole
        self._columns = columns
        self._constant = constant

    @classmethod
    def of_bodies(cls, bodies: Sequence[dict[str, Any]]) -> Columns:
        """The columns of bodies."""
        return cls(len(bodies), lambda: bodies, {}, lambda _: None)

    @cached_property
    def bodies(self) -> Sequence[dict[str, Any]]:
        """The bodies."""
        return self._whole()

    def of(self, pointer: str) -> Column:
        """The values at a pointer, in the order of the bodies."""
        found = self._columns.get(pointer)
        if found is None:
            constant = self._constant(pointer)
            if constant is not None:
                found = constant * self.number
            elif (name := _member(pointer)) is not None:
                found = [body.get(name) for body in self.bodies]
            else:
                found = [at(body, pointer) for body in self.bodies]
            self._columns[pointer] = found
        return found

    def different(self, pointer: str) -> Column:
        """The values at a pointer, in no order: what is in all bodies the same may be there once."""
        return self._constant(pointer) or self.of(pointer)

    def some(self, places: Sequence[int]) -> Columns:
        """The columns of the bodies at some places."""
        columns: dict[str, Column] = {
            pointer: [column[place] for place in places] for pointer, column in self._columns.items()
        }
        return Columns(len(places), lambda: [self.bodies[place] for place in places], columns, self._constant)


@lru_cache(4096)
def _member(pointer: str) -> str | None:
    """The name of the member of a body that a pointer leads to; None for what is further inside."""
    return unescape(pointer[1:]) if pointer.count("/") == 1 else None
