"""Numbers of the files of results that batches name: equal ones tell that two batches may name one file."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Set
from itertools import pairwise
from operator import itemgetter
from typing import Any

from batch_conformance.contract.roles import Roles
from batch_conformance.judge.log import Log
from batch_conformance.rules.results import SHORTEST


class FileNumbers:
    """A number for each name of a file of results, as often as batches of a recording have it: eight bytes each."""

    def __init__(self, log: Log) -> None:
        results = log.operation.roles.results if made_with(log.operation.roles) else ()
        places = [log.pointers.index(pointer) for pointer in results]
        self._names_of = itemgetter(*places, places[0]) if places else None
        self._found = array("q")

    def add(self, answers: Iterable[tuple[Any, ...] | None]) -> None:
        """Take in what a batch was answered with: the values at the pointers of its log; of equal ones, one is enough.

        None, and no values, are answers without the batch.
        """
        if self._names_of is None:
            return
        names = set[Any]()
        for values in answers:
            if values:
                names.update(self._names_of(values))
        self._found.extend([hash(name) for name in names if type(name) is str and len(name) > SHORTEST])

    def again(self) -> Set[int]:
        """The numbers that came more than once."""
        return {one for one, other in pairwise(sorted(self._found)) if one == other}


def made_with(roles: Roles) -> tuple[str, ...]:
    """Pointers of what tells two batches apart that name one file; none where nothing does, or none is named."""
    found = (pointer for pointer in (roles.created, *roles.inputs) if pointer is not None)
    return tuple(found) if roles.results and roles.identity is not None else ()
