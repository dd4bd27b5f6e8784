"""Compares the reads of each batch in time: what is calm is only counted, the rest judged as a live run would be."""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from batch_conformance.contract.contract import Contract
from batch_conformance.contract.pointer import unescape
from batch_conformance.exchange.exchange import RECORDED, Exchange, Probe, Request, Response
from batch_conformance.findings.finding import Deviation
from batch_conformance.judge.head import judge_head
from batch_conformance.judge.over_time import judge_over_time
from batch_conformance.judge.sighting import Sighting
from batch_conformance.recorded.calm import Calm
from batch_conformance.recorded.reads import Held, Read, Reads, each


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
    for key, held in reads.groups():
        count = _calm_reads(key, held, calm)
        if count:
            again += count - 1
            continue
        group = sorted(each(held), key=_in_time)
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


def _value(fact: Any) -> Any:
    if isinstance(fact, tuple):
        return fact[1] if len(fact) == 2 else []
    return fact


def _calm_reads(key: str, held: Held, calm: Calm) -> int:
    """How many reads of a batch there were, where all were plain, in order of time, and calm; else 0."""
    count, last = 0, (-1.0, -1.0)
    for read in held:
        if type(read) is array:
            repeats = len(read) // 3
            moments = list(zip(read[::3], read[1::3], strict=True)) if repeats > 1 else [(read[0], read[1])]
        elif read.probe is None and read.facts[2] is not None:
            repeats, moments = 1, [(read.started_at, read.number)]
        else:
            return 0
        for moment in moments:
            if moment <= last:
                return 0
            last = moment
        count += repeats
    answers = (read.facts[2] for read in held if type(read) is not array)
    return count if calm.holds(key, answers) else 0


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
    headers = tuple(("Content-Type", value) for value in content_type.split("\n")) if content_type else ()
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
    return Probe(RECORDED, "GET", path, batch_id, "known", headers=accept)


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
