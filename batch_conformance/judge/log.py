"""The exchanges of each batch, put by until they can be compared in time; on disk once there are many of them.

Each operation has a log of its own: what one is asked is not compared with what another is.
"""

from __future__ import annotations

import heapq
import zlib
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

from batch_conformance.contract.contract import Contract
from batch_conformance.contract.operation import Operation
from batch_conformance.contract.roles import Roles
from batch_conformance.exchange.exchange import Exchange, Probe
from batch_conformance.exchange.spill import Spill, as_bytes, as_text, merged_rows, unpacked
from batch_conformance.judge.digest import Digest, digest_of, joined, packed
from batch_conformance.judge.digest import unpacked as unpacked_digest
from batch_conformance.judge.sparing import MonotonicReads
from batch_conformance.observation.observation import Observation, at

MOST_IN_MEMORY = 1_000_000
"""Rows that are held in memory, about 100 MiB; with more, all of them go to a temporary SQLite file."""

_WEIGHT = 8
"""How many rows that came to the same as the one before weigh as much as one that did not, or as a line."""

_MOST_SHOWN = 50_000
"""Batches whose last row stays in memory when the others go to the file, to tell what comes to the same as it."""

_READ_AGAIN = 1 << 14
"""Bytes of a body from which on it is read again when it is compared: what was read of it takes many times as much."""

_OTHER = ("other",)
"""Stands for a value that no rule over time looks into: an array, an object."""

UP, DOWN, FOREIGN, CUT = 0, 1, 2, 4
"""How a request ended: answered, down (see ``availability.is_down``), in words that may be a gateway's, or with a part
of its body; added up."""
_KEPT_WHOLE = DOWN | FOREIGN

Facts = tuple[int, str, tuple[Any, ...] | None, Any, int]
"""Status, Content-Type (a line for each, should there be several), the values at ``Log.pointers``, what ``length_of``
says, and how the request ended. The values are None where no batch was answered, and empty where all is kept. Of what
was down or foreign, a hash of all of it stands in the place of the length."""


class Row(NamedTuple):
    """One exchange, reduced to what exchanges are compared by.

    ``probe`` is None for a plain GET of the batch with ``accept`` as its headers. ``raw`` is the exchange itself, or
    its line where that cannot be read again; None where it can, or where the one before it was the same. ``size`` is
    that of the body in bytes.
    """

    started_at: float
    number: int
    attempt: int
    elapsed: float
    final: bool
    size: int
    probe: Probe | None
    accept: tuple[tuple[str, str], ...]
    facts: Facts
    raw: bytes | Exchange | Observation | None


When = tuple[float, int, float]
"""When a request was sent, in Unix seconds, the number of the exchange, and the seconds that it took."""
PlainRead = tuple[int, tuple[tuple[str, str], ...], Facts, bytes | None]
"""Of a plain read what stands in ``Row`` as size, accept, facts and raw."""
PlainRow = tuple[str, When, PlainRead]
"""A plain read, by the key that it is put by with."""

Held = list[Any]
"""Rows, and after a plain one an array of when, number and seconds of those that came to the same.

An array at the beginning goes with the last row of those that were put by of the same batch before.
"""

_made: Callable[[type[Row], tuple[Any, ...]], Row] = tuple.__new__


class Log:
    """All exchanges of an operation, by the id asked for, or by path where there is none; two of them add up to one.

    With a ``folder`` its state is the name of a file there, which whoever is given the state takes over.
    ``keeps_all`` has every observation held, and nothing put into a file: a run's are few, and shown in its reports.
    """

    def __init__(
        self,
        contract: Contract,
        operation: Operation,
        most: int = MOST_IN_MEMORY,
        folder: Path | None = None,
        *,
        keeps_all: bool = False,
    ) -> None:
        self.contract = contract
        self.operation = operation
        self.keeps_all = keeps_all
        self.pointers = compared_places(operation.roles)
        self.free_maps = operation.roles.free_maps
        self._monotonic = MonotonicReads(operation.roles, self.pointers)
        self._most = most
        self._folder = folder
        self._held: dict[str, Held] = {}
        self._shown: dict[str, Row] = {}
        self._count = 0
        self._spill: Spill | None = None
        self._others: list[Spill] = []

    def add_plain(self, reads: Iterable[PlainRow]) -> None:
        """Put by final, plain reads that were answered with their batches."""
        shown, held, count = self._shown, self._held, self._count
        for key, when, (size, accept, facts, raw) in reads:
            last = shown.get(key)
            known = held.get(key)
            if (
                last is None
                or last[6] is not None
                or last[5] != size
                or (last[7] is not accept and last[7] != accept)
                or (last[8] is not facts and last[8] != facts)
            ):
                begun, number, elapsed = when
                row = _made(Row, (begun, number, 0, elapsed, True, size, None, accept, facts, raw))
                if known is None:
                    held[key] = [row]
                else:
                    known.append(row)
                shown[key] = row if raw is None else row._replace(raw=None)
                count += _WEIGHT if raw is None else 2 * _WEIGHT
            else:
                if known is None:
                    held[key] = [array("d", when)]
                elif type(end := known[-1]) is array:
                    end.extend(when)
                else:
                    known.append(array("d", when))
                count += 1
            if count >= self._most:
                self.spill()
                held, count = self._held, 0
        self._count = count

    def add(self, observation: Observation, end: int) -> None:
        """Put an exchange by. Of one that shows nothing that the last one did not, no more than that is kept."""
        exchange, probe = observation.exchange, observation.exchange.probe
        key = key_of(probe)
        answer = observation.answer
        facts = (
            answer.status if answer else 0,
            "\n".join(answer.header_all("content-type")) if answer else "",
            None if observation.batch is None else () if self.keeps_all else self.facts_of(observation.batch),
            hash((exchange.request, answer, exchange.failure, exchange.reflections))
            if end & _KEPT_WHOLE
            else length_of(exchange),
            end,
        )
        size = len(answer.body) if answer else 0
        begun, (number, attempt) = exchange.started_at, exchange.order
        kept = observation if self.keeps_all and size < _READ_AGAIN else exchange
        row = Row(begun, number, attempt, exchange.elapsed, exchange.final, size, probe, (), facts, kept)
        # Pages of a list may differ in what nothing of this tells, as in the ids of batches that are equally long.
        last = None if self.keeps_all or self.operation.listing is not None else self._shown.get(key)
        if last is not None and last.facts == facts and last.size == size and last.probe == probe:
            self._put(key, row._replace(raw=None, facts=last.facts), weight=1)
        else:
            self._put(key, row)

    def _put(self, key: str, row: Row, weight: int = _WEIGHT) -> None:
        held = self._held.get(key)
        if held is None:
            self._held[key] = [row]
        else:
            held.append(row)
        if self.keeps_all:
            return
        self._count += weight if row.raw is None else 2 * weight
        self._shown[key] = row if row.raw is None else row._replace(raw=None)
        if self._count >= self._most:
            self.spill()

    def facts_of(self, batch: Mapping[str, Any]) -> tuple[Any, ...]:
        """The values of a batch that reads are compared by."""
        return tuple(_fact(at(batch, pointer), free=pointer in self.free_maps) for pointer in self.pointers)

    def update(self, other: Log) -> None:
        """Add the rows of another one, which is used up."""
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
            ((key, [tuple(one) if type(one) is Row else one for one in held]) for key, held in self._held.items()),
            lambda key, held: packed(digest_of(key, held, self._monotonic)),
        )
        self._held, self._count = {}, 0
        if len(self._shown) > _MOST_SHOWN:
            self._shown.clear()

    def groups(self) -> Iterator[tuple[str, Held]]:
        """The rows of each batch, as they came of each recording."""
        if self._spill is None and not self._others:
            yield from self._held.items()
            return
        for key, parts in self._merged():
            yield key, rows_of([held for held, _ in parts])

    def digests(self) -> Iterator[tuple[str, Digest | None, list[Held | bytes]]]:
        """The digest of each batch, None where its reads are not monotonic, and its reads, for ``rows_of``."""
        if self._spill is None and not self._others:
            for key, held in self._held.items():
                yield key, digest_of(key, held, self._monotonic), [held]
            return
        for key, parts in self._merged():
            found = (
                unpacked_digest(beside) if isinstance(held, bytes) else digest_of(key, held, self._monotonic)
                for held, beside in parts
            )
            yield key, joined(found, self._monotonic), [held for held, _ in parts]

    def _merged(self) -> Iterator[tuple[str, list[tuple[Held | bytes, bytes | None]]]]:
        """What files and memory have of each batch, in the order of the ids."""
        held = sorted(((as_bytes(key), held, None) for key, held in self._held.items()), key=itemgetter(0))
        own: list[Iterable[Any]] = [merged_rows((self._spill,))] if self._spill else []
        in_order = heapq.merge(*own, held, merged_rows(self._others), key=itemgetter(0))
        for key, parts in groupby(in_order, key=itemgetter(0)):
            yield as_text(key), [(data, beside) for _, data, beside in parts]

    def of(self, key: str) -> Held:
        """The rows of one batch, as ``groups`` gives them."""
        if self._spill is None and not self._others:
            return self._held.get(key, [])
        own = self._spill.of(key) if self._spill else ()
        others = (part for spill in self._others for part in spill.of(key))
        return [one for part in (*own, self._held.get(key, []), *others) for one in _named(part)]

    def close(self) -> None:
        """Delete the files."""
        for spill in self._spills():
            spill.close()
        self._spill, self._others = None, []

    def _spills(self) -> list[Spill]:
        return [*([self._spill] if self._spill else []), *self._others]

    def __getstate__(self) -> dict[str, Any]:
        state: dict[str, Any] = {"contract": self.contract, "operation": self.operation, "most": self._most}
        if self._folder is None:
            return {**state, "held": list(self.groups())}
        self.spill()
        for spill in self._spills():
            spill.index()
            spill.close()
        return {**state, "files": [spill.path for spill in self._spills()]}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["contract"], state["operation"], state["most"])  # type: ignore[misc]
        self._others = [Spill.taken_over(path) for path in state.get("files", ())]
        for key, reads in state.get("held", ()):
            self._held.setdefault(key, []).extend(reads)
            self._count += len(reads)


def rows_of(parts: Iterable[Held | bytes]) -> Held:
    """The rows of a batch, of what memory and files have of it."""
    return [one for part in parts for one in _named(unpacked(part) if isinstance(part, bytes) else part)]


def _named(held: Held) -> Held:
    """What a file had of a batch, as it was put there."""
    return [_made(Row, one) if type(one) is tuple else one for one in held]


def each(held: Held) -> Iterator[Row]:
    """The rows that what is held of a batch stands for. What was down or foreign has its exchange."""
    whole: bytes | Exchange | Observation | None = None
    for row in held:
        if type(row) is not array:
            whole = row.raw or whole
            same = row._replace(raw=None)
            yield row._replace(raw=_at(row, whole)) if row.facts[4] & _KEPT_WHOLE and row.raw is None else row
            continue
        for first in range(0, len(row), 3):
            started_at, number, elapsed = row[first : first + 3]
            yield same._replace(started_at=started_at, number=int(number), elapsed=elapsed)


def _at(row: Row, same: bytes | Exchange | Observation | None) -> Exchange:
    """The exchange of a row, which was the same as another one but for when it was."""
    assert isinstance(same, Exchange)
    return replace(
        same,
        number=row.number,
        attempt=row.attempt,
        final=row.final,
        started_at=row.started_at,
        elapsed=row.elapsed,
    )


def key_of(probe: Probe) -> str:
    """What the exchanges of a batch are held by: the id, or the path where it has none."""
    return probe.path if probe.batch_id is None else probe.batch_id


def length_of(exchange: Exchange) -> Any:
    """What HEAD told as the length of a body; of a GET what ``body_facts`` says of it.

    None where that says nothing: no body, one of which a part is at hand, or one that was coded.
    """
    answer = exchange.response
    if answer is None:
        return None
    told = answer.header("content-length")
    if exchange.probe.method == "HEAD":
        return None if told is None else told.strip()
    if not answer.body or answer.truncated or answer.header("content-encoding"):
        return None
    length = told if told is not None and told.strip() == str(len(answer.body)) else None
    return body_facts(length, answer.body, strong_tag(*answer.header_all("etag")))


def strong_tag(*tags: str) -> str:
    """The strong entity tag of a response; empty where there is none, or several (RFC 9110 section 8.8.3)."""
    tag = tags[0].strip() if len(tags) == 1 else ""
    return tag if len(tag) > 2 and tag[0] == tag[-1] == '"' else ""


def body_facts(told: str | None, body: bytes, tag: str = "") -> tuple[str, int, str] | None:
    """The length that was told of a body, a checksum of it, and its strong tag; either may be empty, or all is None.

    Bodies have the checksum in common when they are the same.
    """
    return (told.strip() if told is not None else "", zlib.crc32(body), tag) if told is not None or tag else None


def compared_places(roles: Roles) -> tuple[str, ...]:
    """Pointers of the values that reads are compared by."""
    counts = (roles.counts.total, roles.counts.completed, roles.counts.failed) if roles.counts else ()
    named = {*roles.lasting, *roles.free_maps, *roles.inputs, *roles.results}
    places = (roles.identity, roles.state, roles.created, roles.expires, *counts, *sorted(named))
    found = dict.fromkeys(place for place in places if place is not None)
    return tuple(sorted(found, key=lambda place: place.rpartition("/")[0]))  # those of one object together


def _fact(value: Any, *, free: bool) -> Any:
    if free and isinstance(value, dict):
        return value  # what the customer said is compared member by member
    if isinstance(value, bool):
        return ("boolean", value)  # True is 1 to a tuple
    return value if value is None or isinstance(value, str | int | float) else _OTHER
