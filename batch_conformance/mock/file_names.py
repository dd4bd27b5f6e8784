"""The names of files in a mock's batches and lists: no two are alike, and the schema of its place admits each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from batch_conformance.mock.batch_runner import name_of
from batch_conformance.mock.values import Maker

_MOST = 128
"""Names that are drawn for one place, of a schema that admits none of the usual kind."""
_TRIED = 4096


class FileNames:
    """Gives names of files. ``maker`` is that of the body that they stand in."""

    def __init__(self, maker: Maker) -> None:
        self._maker = maker
        self._given: dict[tuple[str, str], str] = {}
        self._taken: set[str] = set()

    def name(self, pointer: str, holder: str, wanted: str = "") -> str | None:
        """The name of the file at a place of the batch or file ``holder``, the same at every call.

        It is ``wanted`` where that is admitted and free. None where the place admits no further name.
        """
        key = (pointer, holder)
        if key not in self._given:
            schemas = self._maker.at(pointer)
            for name in self._candidates(pointer, wanted):
                if name and name not in self._taken and self._maker.satisfies(schemas, name):
                    self._given[key] = name
                    self._taken.add(name)
                    break
        return self._given.get(key)

    def take(self, names: Iterable[str]) -> None:
        """Names that others have: none of them is given."""
        self._taken.update(names)

    def _candidates(self, pointer: str, wanted: str) -> Iterator[Any]:
        yield wanted
        schemas = self._maker.at(pointer)
        if self._maker.satisfies(schemas, f"file-{name_of(1)}"):
            yield from (f"file-{name_of(number)}" for number in range(1, _TRIED))
        yield from (one for one in self._maker.drawn(schemas, _MOST) if isinstance(one, str))
