"""Goes through the requests for each batch in time: reads are compared, and what was answered when is recorded.

Reads of a batch that only ever moves on are counted; the others are judged by the rules over time.
"""

from __future__ import annotations

import json
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from batch_conformance.contract.operation import Operation
from batch_conformance.contract.pointer import unescape
from batch_conformance.exchange.exchange import RECORDED, Exchange, Probe, Request, Response
from batch_conformance.findings.finding import Deviation
from batch_conformance.judge import applying as rules
from batch_conformance.judge.availability import (
    Answered,
    Availability,
    down_of,
    kind_of,
    named_operation,
    shows_a_batch,
)
from batch_conformance.judge.digest import tags_hold
from batch_conformance.judge.file_numbers import FileNumbers
from batch_conformance.judge.log import CUT, DOWN, FOREIGN, Log, Row, each, rows_of
from batch_conformance.judge.sparing import MonotonicReads
from batch_conformance.observation.observation import Observation
from batch_conformance.rules.history import BatchHistory

_PLAIN_KIND = f"{RECORDED}/GET"


@dataclass
class Compared:
    """What came of it: deviations, each with its row.

    ``read_again`` counts, by the id of the operation, how often a batch was read after its first read; ``named_again``
    are numbers of the files that several batches may name (``FileNumbers``). ``latest`` is when the last request that
    was answered was sent, ``foreign`` says that some were answered in words that may be a gateway's.
    """

    availability: Availability = field(default_factory=Availability)
    deviations: list[tuple[Deviation, Row]] = field(default_factory=list)
    read_again: Counter[str] = field(default_factory=Counter)
    named_again: dict[str, Set[int]] = field(default_factory=dict)
    latest: float = float("-inf")
    foreign: bool = False


@dataclass(frozen=True, slots=True)
class Reduced(Exchange):
    """An exchange of which only what reads are compared by was kept."""


def is_reduced(exchange: Exchange, whole: Exchange | None = None) -> bool:
    """Whether only a part of an exchange was kept; and, where one is given, whether it is a part of that one."""
    if not isinstance(exchange, Reduced):
        return False
    return whole is None or (exchange.probe, exchange.started_at) == (whole.probe, whole.started_at)


def compare(logs: Iterable[Log], *, of_several_servers: bool = False) -> Compared:
    """Judge all reads over time, and HEAD against GET, and take in what was answered and what was not.

    Two servers may have a batch of one id each: of several, what was created at another time is another batch, and
    answers without one are compared with none.
    """
    made = Compared()
    for log in logs:
        _compare_all(log, made, of_several_servers)
    return made


def _compare_all(log: Log, made: Compared, of_several_servers: bool) -> None:
    """Take in the exchanges of one operation."""
    monotonic = MonotonicReads(log.operation.roles, log.pointers)
    files = FileNumbers(log)
    reads_of_all, batches, latest = 0, 0, made.latest
    for key, digest, parts in log.digests():
        if digest is None or digest.after is None:
            held = rows_of(parts)
            files.add(row.facts[2] for row in held if type(row) is not array)
            reads = _take_in(key, sorted(each(held), key=_in_time), log, made)
            for of_one in _by_creation(reads, log) if of_several_servers else (reads,):
                _compare_one(key, of_one, log, monotonic, made)
            continue
        files.add((digest.after,))  # a name that was there once is there to the end
        reads_of_all += digest.reads
        batches += 1
        latest = max(latest, digest.last[0])
    made.latest = max(made.latest, latest)
    made.named_again[log.operation.id] = files.again()
    if batches:
        made.read_again[log.operation.id] += reads_of_all - batches
        # Once is enough: nothing else is asked of a batch that was always answered.
        made.availability.add_batch((), {(_PLAIN_KIND + named_operation(log.contract, log.operation), True)}, {200})


def _by_creation(reads: Iterable[Row], log: Log) -> Iterable[Sequence[Row]]:
    """The reads that were answered with a batch, of each time at which one was created."""
    created = log.operation.roles.created
    if created is None or created not in log.pointers:
        return ()
    place = log.pointers.index(created)
    batches: dict[Any, list[Row]] = {}
    for row in reads:
        if row.facts[2] is not None:
            batches.setdefault(row.facts[2][place], []).append(row)
    return batches.values()


def _take_in(key: str, rows: Iterable[Row], log: Log, made: Compared) -> Sequence[Row]:
    """Take in when a batch was answered, and when not. Gives its reads."""
    answered: set[tuple[str, bool]] = set()
    whole: set[int] = set()
    cut: list[int] = []
    downs, of = [], named_operation(log.contract, log.operation)
    for row in rows:
        end = row.facts[4]
        made.foreign = made.foreign or bool(end & FOREIGN)
        if end & DOWN:
            downs.append(down_of(observation_of_row(key, row, log), key, row.size))
        else:
            kind, shows = (_PLAIN_KIND, True) if row.probe is None else (kind_of(row.probe), shows_a_batch(row.probe))
            answered.add((kind + of, shows))
            if end & CUT:
                cut.append(row.facts[0])
            elif row.probe is None or row.probe.method != "HEAD":
                whole.add(row.facts[0])
            made.latest = max(made.latest, row.started_at)
    made.availability.add_batch(downs, answered, whole, cut)
    reads = [row for row in rows if _is_read(row)]
    made.read_again[log.operation.id] += max(0, sum(_is_known(row) and row.facts[2] is not None for row in reads) - 1)
    return reads


def _compare_one(key: str, reads: Sequence[Row], log: Log, monotonic: MonotonicReads, made: Compared) -> None:
    """Compare the reads of a batch, in the order of time."""
    may_be_spared = not log.keeps_all and log.operation.listing is None  # a page is no read of what was read before
    if len(reads) < 2 or (may_be_spared and _is_monotonic(key, reads, monotonic)):
        return
    observations = [observation_of_row(key, row, log) for row in reads]
    origins = {id(observation.exchange): row for observation, row in zip(observations, reads, strict=True)}
    history = BatchHistory(observations, [row.facts[3] for row in reads])
    made.deviations += ((one, origins[id(one.exchange)]) for one in rules.compare(history))


def answered_in(log: Log) -> Iterator[Answered]:
    """Everything that was answered, in no order."""
    of = named_operation(log.contract, log.operation)
    plain = _PLAIN_KIND + of
    for key, held in log.groups():
        for row in held:
            if type(row) is array:
                for first in range(0, len(row), 3):
                    yield (row[first], int(row[first + 1]), 0), plain, key + of
            elif not row.facts[4] & DOWN:
                probe = row.probe
                kind, batch_id = (plain, key) if probe is None else (kind_of(probe) + of, probe.batch_id)
                yield (row.started_at, row.number, row.attempt), kind, batch_id + of if batch_id else ""


def observation_of_row(key: str, row: Row, log: Log) -> Observation:
    """The observation of a row, or of as much of it as was kept."""
    if isinstance(row.raw, Observation):
        return row.raw
    return Observation(row.raw if isinstance(row.raw, Exchange) else _stub(key, row, log), log.contract)


def path_of_row(key: str, row: Row, operation: Operation) -> str:
    """The path that was asked for."""
    return operation.path_of(key) if row.probe is None else row.probe.path


def _is_read(row: Row) -> bool:
    """Whether it is a read that others of the batch are compared with."""
    probe = row.probe
    if probe is None:
        return True
    return probe.credential == "valid" and probe.forced_status is None and probe.method in ("GET", "HEAD")


def _value(fact: Any) -> Any:
    if isinstance(fact, tuple):
        return fact[1] if len(fact) == 2 else []
    return fact


def _is_monotonic(key: str, rows: Sequence[Row], monotonic: MonotonicReads) -> bool:
    """Whether a batch was read by GET alone, and nothing happened to it that a rule looks into."""
    if any(row.probe is not None and row.probe.method != "GET" for row in rows):
        return False
    answers = (row.facts[2] if 200 <= row.facts[0] < 300 else None for row in rows)
    return monotonic.holds(key, answers) and tags_hold(rows)


def _is_known(row: Row) -> bool:
    return row.probe is None or row.probe.subject == "known"


def _in_time(row: Row) -> tuple[float, int, int]:
    return row.started_at, row.number, row.attempt


def _stub(key: str, row: Row, log: Log) -> Reduced:
    """An exchange with what reads are compared by, and nothing else."""
    probe = row.probe or plain_probe(log.operation, key, row.accept)
    status, content_type, values, _, _ = row.facts
    headers = tuple(("Content-Type", value) for value in content_type.split("\n")) if content_type else ()
    body = b"" if values is None else json.dumps(_nested(log.pointers, values)).encode()
    response = Response(status, headers, body, truncated=values is None) if status else None
    return Reduced(
        row.number,
        probe,
        Request(probe.method, probe.path, probe.headers),
        response,
        attempt=row.attempt,
        final=row.final,
        started_at=row.started_at,
        elapsed=row.elapsed,
    )


def plain_probe(operation: Operation, batch_id: str, accept: tuple[tuple[str, str], ...]) -> Probe:
    """The read of a batch whose id is plain and that was answered."""
    return Probe(RECORDED, "GET", operation.path_of(batch_id), batch_id, "known", headers=accept)


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
