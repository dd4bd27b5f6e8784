"""The values of alike bodies by their place: a check looks at many bodies at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from batch_conformance.contract.pointer import unescape
from batch_conformance.observation.observation import at

Column = Sequence[Any]
"""The values at one place, one for each body; None where a body has none there."""


class Columns:
    """The values of alike bodies: of those that have the same members of the same types.

    ``number`` is how many bodies there are, ``whole`` makes them. ``columns`` has those that are known without them, by
    pointer; ``constants`` the values that are in all bodies the same.
    """

    def __init__(
        self,
        number: int,
        whole: Callable[[], Sequence[dict[str, Any]]],
        columns: dict[str, Column] | None = None,
        constants: dict[str, Any] | None = None,
    ) -> None:
        self.number = number
        self._whole = whole
        self._columns: dict[str, Column] = {} if columns is None else columns
        self._constants: dict[str, Any] = {} if constants is None else constants

    @classmethod
    def of_bodies(cls, bodies: Sequence[dict[str, Any]]) -> Columns:
        """The columns of bodies."""
        return cls(len(bodies), lambda: bodies)

    @cached_property
    def bodies(self) -> Sequence[dict[str, Any]]:
        """The bodies."""
        return self._whole()

    def of(self, pointer: str) -> Column:
        """The values at a pointer, in the order of the bodies."""
        found = self._columns.get(pointer)
        if found is None:
            if pointer in self._constants:
                found = [self._constants[pointer]] * self.number
            elif pointer.count("/") == 1:
                name = unescape(pointer[1:])
                found = [body.get(name) for body in self.bodies]
            else:
                found = [at(body, pointer) for body in self.bodies]
            self._columns[pointer] = found
        return found

    def different(self, pointer: str) -> Column:
        """The values at a pointer, in no order: what is in all bodies the same may be there once."""
        return (self._constants[pointer],) if pointer in self._constants else self.of(pointer)

    def some(self, places: Sequence[int]) -> Columns:
        """The columns of the bodies at some places."""
        columns: dict[str, Column] = {
            pointer: [column[place] for place in places] for pointer, column in self._columns.items()
        }
        return Columns(len(places), lambda: [self.bodies[place] for place in places], columns, self._constants)
