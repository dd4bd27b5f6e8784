"""Folds deviations into findings: one for each kind at each clause, with the smallest evidence."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from types import MappingProxyType
from typing import Any

from batch_conformance.findings.finding import LEVELS, Deviation, Finding, Level
from batch_conformance.findings.merging import Merge, Objects, leave_out, merge

Bucket = tuple[str, ...]
"""The condition under which a deviation is reported; empty where it always is. See ``rules/conditions.py``."""
_NOTHING: Mapping[str, Any] = MappingProxyType({})
_Key = tuple[Bucket, str, str, str, str, str, str]


@dataclass(slots=True)
class _Seen:
    """All deviations of one kind at one clause: the one with the smallest evidence, the first, and how many.

    A HEAD shows no body, so it is the smallest evidence only where there is nothing else.
    """

    shown: Deviation
    size: tuple[bool, int, tuple[int, int]]
    first: Deviation
    place: tuple[tuple[int, int], int, int]
    level: Level
    exchanges: int
    deviations: int
    probes: frozenset[str]

    def update(self, other: _Seen) -> None:
        if other.size < self.size:
            self.shown, self.size = other.shown, other.size
        if other.place < self.place:
            self.first, self.place = other.first, other.place
        self.level = min(self.level, other.level, key=LEVELS.index)
        self.exchanges += other.exchanges
        self.deviations += other.deviations
        self.probes |= other.probes


class Tally:
    """Deviations folded as they come, bounded by their kinds and not by their number; two of them add up to one."""

    def __init__(self) -> None:
        self._seen: dict[_Key, _Seen] = {}

    def add(
        self, deviations: Iterable[Deviation], bucket: Bucket = (), *, times: int = 1, phase: int = 0, size: int = -1
    ) -> None:
        """Take in the deviations of one exchange, seen in ``times`` exchanges.

        ``phase`` is higher for what is told of an exchange after something else. ``size`` is that of the evidence in
        bytes, where it is not the body of the exchange given.
        """
        counted: set[_Key] = set()
        for index, deviation in enumerate(deviations):
            clause = (deviation.operation, deviation.rule, deviation.status, deviation.media_type, deviation.pointer)
            key = (bucket, *clause, deviation.kind)
            probe, order = deviation.exchange.probe, deviation.exchange.order
            shown_size = (probe.method == "HEAD", size if size >= 0 else _body_size(deviation), order)
            probes = frozenset((f"{probe.chapter}/{probe.name}",))
            place = (order, phase, index)
            one = _Seen(deviation, shown_size, deviation, place, deviation.level, times, times, probes)
            known = self._seen.setdefault(key, one)
            if known is not one:
                one.exchanges = 0 if key in counted else times
                known.update(one)
            counted.add(key)

    def update(self, other: Tally) -> None:
        """Take in all that another one has."""
        for key, seen in other._seen.items():
            known = self._seen.get(key)
            if known is None:
                self._seen[key] = replace(seen)
            else:
                known.update(seen)

    def selected(self, is_reported: Callable[[Bucket], bool]) -> Tally:
        """A tally of the buckets that ``is_reported`` accepts, merged into one."""
        made = Tally()
        for (bucket, *rest), seen in self._seen.items():
            if is_reported(bucket):
                whole = Tally()
                whole._seen[((), *rest)] = seen  # type: ignore[index]
                made.update(whole)
        return made

    def lower(self, operation: str, rule: str, unless_of: int) -> None:
        """Tell what breaks a rule at ``info``, unless that was seen in most of ``unless_of`` exchanges."""
        broken = [seen for key, seen in self._seen.items() if key[1:3] == (operation, rule)]
        if 2 * sum(seen.exchanges for seen in broken) <= unless_of:
            for seen in broken:
                seen.level = "info"

    def kinds(self) -> Iterator[tuple[Deviation, Level]]:
        """A deviation of each kind at each clause, with the worst level that there was."""
        return ((seen.first, seen.level) for seen in self._seen.values())

    def findings(
        self,
        objects: Objects = lambda _: 0,
        merges: Mapping[str, Merge] = _NOTHING,
        unless: Mapping[str, Sequence[str]] = _NOTHING,
        unless_alike: Mapping[str, Sequence[str]] = _NOTHING,
    ) -> tuple[Finding, ...]:
        """The findings, worst first, those of one cause as one.

        ``merges`` says by rule how its findings are merged, for which ``objects`` counts those around a property,
        ``unless`` which rules say better what one says, and ``unless_alike`` which do where they observed the same.
        """
        found = sorted(map(_finding, self._seen.values()), key=_rank)
        return tuple(sorted(leave_out(merge(found, merges, objects), unless, unless_alike), key=_rank))

    def counted(self) -> Iterator[tuple[Deviation, int]]:
        """The first deviation of each kind and how many there are, in the order in which they were first seen."""
        for seen in sorted(self._seen.values(), key=lambda seen: seen.place):
            yield seen.first, seen.deviations

    def __len__(self) -> int:
        return len(self._seen)


def fold(deviations: Iterable[Deviation]) -> tuple[Finding, ...]:
    """The findings of all ``deviations``, worst first; their order and evidence do not depend on that of the input."""
    tally = Tally()
    for _, of_one in groupby(sorted(deviations, key=_order), key=_order):
        tally.add(of_one)
    return tally.findings()


def _finding(seen: _Seen) -> Finding:
    shown = seen.shown
    return Finding(
        id=shown.fingerprint,
        rule=shown.rule,
        level=seen.level,
        side=shown.side,
        operation=shown.operation,
        status=shown.status,
        media_type=shown.media_type,
        pointer=shown.pointer,
        expected=shown.expected,
        observed=shown.observed,
        kind=shown.kind,
        occurrences=seen.exchanges,
        evidence=shown.exchange,
        location=shown.location,
        probes=tuple(sorted(seen.probes)),
    )


def _order(deviation: Deviation) -> tuple[int, int]:
    return deviation.exchange.order


def _body_size(deviation: Deviation) -> int:
    response = deviation.exchange.response
    return len(response.body) if response else 0


def _rank(finding: Finding) -> tuple[int, str, str, str, str, str]:
    level = LEVELS.index(finding.level)
    return (level, finding.status, finding.rule, finding.pointer, finding.kind, finding.operation)
