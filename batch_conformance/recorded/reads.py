"""The reads of each batch, put by until they can be compared in time; on disk once there are many of them."""

from __future__ import annotations

import json
import pickle
import sqlite3
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, NamedTuple

from batch_conformance.contract.contract import Contract
from batch_conformance.contract.pointer import unescape
from batch_conformance.contract.roles import Roles
from batch_conformance.exchange.exchange import Exchange, Probe, Request, Response
from batch_conformance.findings.finding import Deviation
from batch_conformance.judge.head import judge_head
from batch_conformance.judge.over_time import judge_over_time
from batch_conformance.judge.sighting import Sighting, at
from batch_conformance.recorded.calm import Calm

MOST_IN_MEMORY = 200_000
"""Reads that are held in memory; with more, all of them go to a temporary SQLite file."""

_WEIGHT = 8
"""How many reads that came to the same as the one before weigh as much as one that did not, or as a line."""

_OTHER = ("other",)
"""Stands for a value that no rule over time looks into: an array, an object."""


class Read(NamedTuple):
    """One read of a batch, reduced to what reads are compared by.

    ``probe`` is None for a plain GET of the batch with ``accept`` as its headers. ``facts`` are status, Content-Type
    and the values at ``Reads.pointers``, None where no batch was answered. ``raw`` is the exchange itself, or its line
    where that cannot be read again; None where it can, or where the read before it was the same. ``size`` is that of
    the body in bytes.
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


_Held = list[Any]
"""Reads, and after a plain one an array of when, number and seconds of those that came to the same."""

_made: Callable[[type[Read], tuple[Any, ...]], Read] = tuple.__new__


class Reads:
    """All reads of a recording by batch; two of them add up to one."""

    def __init__(self, contract: Contract, most: int = MOST_IN_MEMORY) -> None:
        self.contract = contract
        self.pointers = compared(contract.roles)
        self.free_maps = contract.roles.free_maps
        self._most = most
        self._held: dict[str, _Held] = {}
        self._count = 0
        self._spill: _Spill | None = None

    def add_plain(self, key: str, read: tuple[Any, ...]) -> None:
        """Put by the parts of a final, plain read."""
        known = self._held.get(key)
        if known is not None:
            last = known[-1]
            repeats = type(last) is array
            shown = known[-2] if repeats else last
            if shown[8] == read[8] and shown[5] == read[5] and shown[6] is None and shown[7] == read[7]:
                if repeats:
                    last.extend((read[0], read[1], read[3]))
                else:
                    known.append(array("d", (read[0], read[1], read[3])))
                self._count += 1
                if self._count >= self._most:
                    self.spill()
                return
        self.add(key, _made(Read, read))

    def add(self, key: str, read: Read) -> None:
        """Put a read by. ``raw`` of it is dropped where it shows nothing that the last one did not."""
        known = self._held.setdefault(key, [])
        last = (known[-2] if type(known[-1]) is array else known[-1]) if known else None
        if last is not None and last.facts == read.facts and last.size == read.size and last.probe == read.probe:
            known.append(read._replace(raw=None, facts=last.facts))
            self._count += 1
        else:
            known.append(read)
            self._count += _WEIGHT if read.raw is None else 2 * _WEIGHT
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
            (answer.header("content-type") if answer else None) or "",
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
        for key, reads in other._parts():
            self._held.setdefault(key, []).extend(reads)
            self._count += len(reads)
            if self._count >= self._most:
                self.spill()
        other.close()

    def spill(self) -> None:
        """Put what is in memory into the file."""
        if self._spill is None:
            self._spill = _Spill()
        self._spill.put(self._held)
        self._held, self._count = {}, 0

    def groups(self) -> Iterator[tuple[str, list[Read]]]:
        """The reads of each batch, in time; nothing can be added any more."""
        if self._spill is not None:
            self.spill()
        for key, parts in groupby(self._parts(), key=lambda part: part[0]):
            yield key, sorted((read for _, held in parts for read in _each(held)), key=_in_time)

    def close(self) -> None:
        """Delete the file."""
        if self._spill is not None:
            self._spill.close()
            self._spill = None

    def _parts(self) -> Iterator[tuple[str, _Held]]:
        if self._spill is not None:
            yield from self._spill.parts()
        yield from self._held.items()

    def __getstate__(self) -> dict[str, Any]:
        parts = [(key, list(reads)) for key, reads in self._parts()]
        return {"contract": self.contract, "most": self._most, "parts": parts}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["contract"], state["most"])  # type: ignore[misc]
        for key, reads in state["parts"]:
            self._held.setdefault(key, []).extend(reads)
            self._count += len(reads)


def _each(held: _Held) -> Iterator[Read]:
    for place, read in enumerate(held):
        if type(read) is not array:
            yield read
            continue
        same: Read = held[place - 1]._replace(raw=None)
        for first in range(0, len(read), 3):
            started_at, number, elapsed = read[first : first + 3]
            yield same._replace(started_at=started_at, number=int(number), elapsed=elapsed)


class Compared(NamedTuple):
    """What came of comparing reads: deviations with the size of their evidence, and reads after the first ones."""

    deviations: list[tuple[Deviation, int, int]]
    read_again: int


def compare(reads: Reads, revive: Callable[[bytes, Read], Exchange]) -> Compared:
    """Judge all reads over time, and HEAD against GET.

    ``revive`` makes the exchange of a line of the recording again. Deviations come with their phase.
    """
    found: list[tuple[Deviation, int, int]] = []
    again = 0
    calm = Calm(reads.contract.roles, reads.pointers)
    for key, group in reads.groups():
        known = sum(_is_known(read) and read.facts[2] is not None for read in group)
        again += max(0, known - 1)
        if len(group) < 2 or _is_calm(key, group, calm):
            continue
        sightings = [Sighting(_stub(key, read, reads), reads.contract) for read in group]
        origins = {(read.number, read.attempt): read for read in group}
        for phase, deviations in ((2, judge_over_time(sightings)), (3, judge_head(sightings))):
            for deviation in deviations:
                read = origins[deviation.exchange.order]
                found.append((_with_evidence(deviation, read, revive), phase, read.size))
    return Compared(found, again)


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


def _value(fact: Any) -> Any:
    if isinstance(fact, tuple):
        return fact[1] if len(fact) == 2 else []
    return fact


def _is_calm(key: str, group: Sequence[Read], calm: Calm) -> bool:
    """Whether a batch was read by GET alone, and nothing happened to it that a rule looks into."""
    if any(read.probe is not None and read.probe.method != "GET" for read in group):
        return False
    return calm.holds(key, (read.facts[2] if 200 <= read.facts[0] < 300 else None for read in group))


def _is_known(read: Read) -> bool:
    return read.probe is None or read.probe.subject == "known"


def _in_time(read: Read) -> tuple[float, int, int]:
    return read.started_at, read.number, read.attempt


@dataclass(frozen=True, slots=True)
class Reduced(Exchange):
    """An exchange of which only what reads are compared by was kept."""


def _stub(key: str, read: Read, reads: Reads) -> Reduced:
    """An exchange with what reads are compared by, and nothing else."""
    probe = read.probe or plain_probe(reads.contract, key, read.accept)
    status, content_type, values = read.facts
    headers = (("Content-Type", content_type),) if content_type else ()
    body = b"" if values is None else json.dumps(_nested(reads.pointers, values)).encode()
    response = Response(status, headers, body, truncated=values is None) if status else None
    return Reduced(
        read.number,
        probe,
        Request(probe.method, probe.path, probe.headers),
        response,
        attempt=read.attempt,
        final=read.final,
        started_at=read.started_at,
        elapsed=read.elapsed,
    )


def plain_probe(contract: Contract, batch_id: str, accept: tuple[tuple[str, str], ...]) -> Probe:
    """The read of a batch whose id is plain and that was answered."""
    path = contract.operation.path.replace("{" + contract.operation.parameter + "}", batch_id)
    return Probe("recorded", "GET", path, batch_id, "known", headers=accept)


def _nested(pointers: Sequence[str], values: Sequence[Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for pointer, fact in zip(pointers, values, strict=True):
        if fact is None:
            continue
        *around, name = map(unescape, pointer.split("/")[1:])
        here = made
        for step in around:
            inner = here.setdefault(step, {})
            here = inner if isinstance(inner, dict) else {}
        here.setdefault(name, _value(fact))
    return made


def _with_evidence(deviation: Deviation, read: Read, revive: Callable[[bytes, Read], Exchange]) -> Deviation:
    if isinstance(read.raw, Exchange):
        return replace(deviation, exchange=read.raw)
    if read.raw is not None:
        return replace(deviation, exchange=revive(read.raw, read))
    answer = deviation.exchange.response
    cut = replace(answer, truncated=True) if answer else None
    return replace(deviation, exchange=replace(deviation.exchange, response=cut))


class _Spill:
    """Reads in a SQLite file of this process; it is gone when it is closed."""

    def __init__(self) -> None:
        # Without a name it is a file that SQLite itself makes, grows beyond its cache, and deletes.
        self._database = sqlite3.connect("", isolation_level=None)
        for line in ("PRAGMA journal_mode=OFF", "PRAGMA synchronous=OFF", "CREATE TABLE reads (key TEXT, data BLOB)"):
            self._database.execute(line)

    def put(self, held: Mapping[str, _Held]) -> None:
        rows = ((_text(key), pickle.dumps(reads, pickle.HIGHEST_PROTOCOL)) for key, reads in held.items())
        self._database.execute("BEGIN")
        self._database.executemany("INSERT INTO reads VALUES (?, ?)", rows)
        self._database.execute("COMMIT")

    def parts(self) -> Iterator[tuple[str, _Held]]:
        self._database.execute("CREATE INDEX IF NOT EXISTS by_key ON reads (key)")
        for key, data in self._database.execute("SELECT key, data FROM reads ORDER BY key, rowid"):
            yield json.loads(key), pickle.loads(data)

    def close(self) -> None:
        self._database.close()


def _text(key: str) -> str:
    return json.dumps(key)  # whatever the key is, halves of surrogate pairs too
