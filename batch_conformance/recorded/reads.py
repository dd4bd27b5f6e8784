"""The reads of each batch, put by until they can be compared in time; on disk once there are many of them."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Mapping
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

from batch_conformance.contract.contract import Contract
from batch_conformance.contract.roles import Roles
from batch_conformance.exchange.exchange import Exchange, Probe
from batch_conformance.judge.sighting import Sighting, at
from batch_conformance.recorded.spill import Spill, merged

MOST_IN_MEMORY = 200_000
"""Reads that are held in memory; with more, all of them go to a temporary SQLite file."""

_WEIGHT = 8
"""How many reads that came to the same as the one before weigh as much as one that did not, or as a line."""

_MOST_SHOWN = 50_000
"""Batches whose last read stays in memory when the others go to the file, to tell what comes to the same as it."""

_OTHER = ("other",)
"""Stands for a value that no rule over time looks into: an array, an object."""


class Read(NamedTuple):
    """One read of a batch, reduced to what reads are compared by.

    ``probe`` is None for a plain GET of the batch with ``accept`` as its headers. ``facts`` are status, Content-Type (a
    line for each, should there be several) and the values at ``Reads.pointers``, None where no batch was answered.
    ``raw`` is the exchange itself, or its line where that cannot be read again; None where it can, or where the read
    before it was the same. ``size`` is that of the body in bytes.
    """

    started_at: float
    number: int
    attempt: int
    elapsed: float
    final: bool
    size: int
    probe: Probe | None
    accept: tuple[tuple[str, str], ...]
    facts: tuple[int, str, tuple[Any, ...] | None]
    raw: bytes | Exchange | None


Held = list[Any]
"""Reads, and after a plain one an array of when, number and seconds of those that came to the same.

An array at the beginning goes with the last read of those that were put by of the same batch before.
"""

_made: Callable[[type[Read], tuple[Any, ...]], Read] = tuple.__new__


class Reads:
    """All reads of a recording by batch; two of them add up to one.

    With a ``folder`` what is pickled of them is the name of a file there, which whoever unpickles it takes over.
    """

    def __init__(self, contract: Contract, most: int = MOST_IN_MEMORY, folder: Path | None = None) -> None:
        self.contract = contract
        self.pointers = compared(contract.roles)
        self.free_maps = contract.roles.free_maps
        self._most = most
        self._folder = folder
        self._held: dict[str, Held] = {}
        self._shown: dict[str, Read] = {}
        self._count = 0
        self._spill: Spill | None = None
        self._others: list[Spill] = []

    def add_plain(self, key: str, read: tuple[Any, ...]) -> None:
        """Put by the parts of a final, plain read."""
        shown = self._shown.get(key)
        if shown is None or shown[8] != read[8] or shown[5] != read[5] or shown[6] is not None or shown[7] != read[7]:
            self._put(key, _made(Read, read))
            return
        known = self._held.get(key)
        if known is None:
            self._held[key] = [array("d", (read[0], read[1], read[3]))]
        elif type(known[-1]) is array:
            known[-1].extend((read[0], read[1], read[3]))
        else:
            known.append(array("d", (read[0], read[1], read[3])))
        self._count += 1
        if self._count >= self._most:
            self.spill()

    def add(self, key: str, read: Read) -> None:
        """Put a read by. ``raw`` of it is dropped where it shows nothing that the last one did not."""
        last = self._shown.get(key)
        if last is not None and last.facts == read.facts and last.size == read.size and last.probe == read.probe:
            self._put(key, read._replace(raw=None, facts=last.facts), weight=1)
        else:
            self._put(key, read)

    def _put(self, key: str, read: Read, weight: int = _WEIGHT) -> None:
        self._count += weight if read.raw is None else 2 * weight
        self._held.setdefault(key, []).append(read)
        self._shown[key] = read if read.raw is None else read._replace(raw=None)
        if self._count >= self._most:
            self.spill()

    def add_sighting(self, sighting: Sighting) -> None:
        """Put by the read that an exchange is, if it is one that others are compared with."""
        exchange, probe = sighting.exchange, sighting.exchange.probe
        if not sighting.authorised or probe.forced_status is not None or probe.method not in ("GET", "HEAD"):
            return
        answer = sighting.answer
        facts = (
            answer.status if answer else 0,
            "\n".join(answer.header_all("content-type")) if answer else "",
            None if sighting.batch is None else self.facts_of(sighting.batch),
        )
        size = len(answer.body) if answer else 0
        self.add(
            probe.path if probe.batch_id is None else probe.batch_id,
            Read(
                exchange.started_at,
                exchange.number,
                exchange.attempt,
                exchange.elapsed,
                exchange.final,
                size,
                probe,
                (),
                facts,
                exchange,
            ),
        )

    def facts_of(self, batch: Mapping[str, Any]) -> tuple[Any, ...]:
        """The values of a batch that reads are compared by."""
        return tuple(_fact(at(batch, pointer), free=pointer in self.free_maps) for pointer in self.pointers)

    def update(self, other: Reads) -> None:
        """Add the reads of another one, which is used up."""
        if other._spill is not None:
            other.spill()  # what it holds may begin with repeats of what is in its file
        self._others += [*other._others, *([other._spill] if other._spill else [])]
        other._others, other._spill = [], None
        self._shown.clear()  # what is put by next follows other reads
        for key, reads in other._held.items():
            self._held.setdefault(key, []).extend(reads)
            self._count += len(reads)
            if self._count >= self._most:
                self.spill()

    def spill(self) -> None:
        """Put what is in memory into the file."""
        if self._spill is None:
            self._spill = Spill(self._folder / f"{uuid4().hex}.sqlite" if self._folder else None)
        # Plain tuples take half the time that named ones do.
        self._spill.put(
            (key, [tuple(one) if type(one) is Read else one for one in held]) for key, held in self._held.items()
        )
        self._held, self._count = {}, 0
        if len(self._shown) > _MOST_SHOWN:
            self._shown.clear()

    def groups(self) -> Iterator[tuple[str, Held]]:
        """The reads of each batch, as they came of each recording; nothing can be added any more."""
        if self._spill is None and not self._others:
            yield from self._held.items()
            return
        self.spill()
        for key, parts in groupby(merged(self._spills()), key=itemgetter(0)):
            yield key, [one for _, held in parts for one in _named(held)]

    def close(self) -> None:
        """Delete the files."""
        for spill in self._spills():
            spill.close()
        self._spill, self._others = None, []

    def _spills(self) -> list[Spill]:
        return [*([self._spill] if self._spill else []), *self._others]

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = {"contract": self.contract, "most": self._most}
        if self._folder is None:
            return {
                **state,
                "held": [*((key, _named(held)) for key, held in merged(self._spills())), *self._held.items()],
            }
        self.spill()
        for spill in self._spills():
            spill.index()
            spill.close()
        return {**state, "files": [spill.path for spill in self._spills()]}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["contract"], state["most"])  # type: ignore[misc]
        self._others = [Spill.taken_over(path) for path in state.get("files", ())]
        for key, reads in state.get("held", ()):
            self._held.setdefault(key, []).extend(reads)
            self._count += len(reads)


def _named(held: Held) -> Held:
    """What a file had of a batch, as it was put there."""
    return [_made(Read, one) if type(one) is tuple else one for one in held]


def each(held: Held) -> Iterator[Read]:
    """The reads that what is held of a batch stands for."""
    for read in held:
        if type(read) is not array:
            same = read._replace(raw=None)
            yield read
            continue
        for first in range(0, len(read), 3):
            started_at, number, elapsed = read[first : first + 3]
            yield same._replace(started_at=started_at, number=int(number), elapsed=elapsed)


def compared(roles: Roles) -> tuple[str, ...]:
    """Pointers of the values that reads are compared by."""
    counts = (roles.counts.total, roles.counts.completed, roles.counts.failed) if roles.counts else ()
    places = (roles.identity, roles.state, roles.expires, *counts, *sorted(roles.lasting | roles.free_maps))
    found = dict.fromkeys(place for place in places if place is not None)
    return tuple(sorted(found, key=lambda place: place.rpartition("/")[0]))  # those of one object together


def _fact(value: Any, *, free: bool) -> Any:
    if free and isinstance(value, dict):
        return value  # what the customer said is compared member by member
    if isinstance(value, bool):
        return ("boolean", value)  # True is 1 to a tuple
    return value if value is None or isinstance(value, str | int | float) else _OTHER
