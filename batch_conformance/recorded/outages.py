"""Tells an outage from drift over a recording, event by event, as ``judge.availability`` does over a run.

Exchanges are taken in the order of the recording. What was answered as a matter of course leaves nothing behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from batch_conformance.findings.fold import Tally
from batch_conformance.judge.availability import (
    AWAY,
    dropped,
    is_down,
    is_healed_drop,
    is_often,
    is_reset_once,
    server_error,
    silent,
)
from batch_conformance.judge.sighting import Sighting, told_of

Kind = tuple[str, str]
"""Chapter and name of a probe: what makes two requests alike."""

MOST_NUMBERS = 10_000
"""Numbers of unjudged probes that are kept; that there are more changes nothing."""
_MOST_EVENTS = 20_000
_NEAR = 100


@dataclass(slots=True)
class _Event:
    """Requests in a row that ended alike. ``is_up``: answered. ``drift``: what it is where it is no outage."""

    kind: Kind
    subject: str
    is_up: bool
    final: bool = True
    limited: bool = False
    numbers: tuple[int, ...] = ()
    drift: Tally | None = None

    def absorbs(self, later: _Event) -> bool:
        """Whether a later event is one with this one."""
        mine = (self.kind, self.subject, self.is_up, self.final, self.limited, self.drift is None)
        return mine == (later.kind, later.subject, later.is_up, later.final, later.limited, later.drift is None)

    def absorb(self, later: _Event) -> None:
        self.numbers = (*self.numbers, *later.numbers)[:MOST_NUMBERS]
        if self.drift is not None and later.drift is not None:
            self.drift.update(later.drift)


class Outages:
    """Server errors and failures of a recording; two of them add up to one, the later one's part of it added."""

    def __init__(self) -> None:
        self._events: list[_Event] = []
        self._answered: set[Kind] = set()
        self._failed: dict[Kind, int] = {}
        self._reset_once: set[Kind] = set()
        self._settled: list[_Event] = []
        self._unjudged: set[int] = set()
        self._dropped: Sighting | None = None
        self._healed = 0
        self.requests = 0
        self.latest: Kind | None = None

    def add(self, sighting: Sighting) -> None:
        """Take in one exchange."""
        exchange = sighting.exchange
        self.latest = None
        self.requests += 1
        kind = (exchange.probe.chapter, exchange.probe.name)
        if is_healed_drop(sighting):
            self._healed += 1
            self._dropped = min(filter(None, (self._dropped, sighting)), key=_size)
        if is_down(sighting) and exchange.status != 429:
            self._failed[kind] = self._failed.get(kind, 0) + 1
            if is_reset_once(sighting):
                self._reset_once.add(kind)
        else:
            self._answered.add(kind)
        if not is_down(sighting):
            self._add_answer(kind, exchange.probe.subject)
            return
        event = _Event(kind, exchange.probe.subject, False, exchange.final, exchange.status == 429)
        if exchange.final:
            event.numbers = (exchange.number,)
            event.drift = self._drift(sighting)
        self._append(event)

    def _add_answer(self, kind: Kind, subject: str) -> None:
        last = self._events[-2:]
        # Whoever waits for an answer to another kind of request has it in one of the first two that differ.
        if last and last[-1].is_up and (last[-1].kind == kind or (len(last) == 2 and last[0].is_up)):
            return
        self._events.append(_Event(kind, subject, True))

    def answered(self, kind: Kind, subject: str) -> None:
        """Take an answer in that needs no look; ``requests`` is the caller's to count. ``latest`` is its kind then."""
        self._answered.add(kind)
        self._add_answer(kind, subject)
        self.latest = kind

    def update(self, later: Outages) -> None:
        """Add what followed in the recording."""
        self.requests += later.requests
        self._healed += later._healed
        if later._dropped is not None:
            self._dropped = min(filter(None, (self._dropped, later._dropped)), key=_size)
        self._answered |= later._answered
        self._reset_once |= later._reset_once
        for kind, count in later._failed.items():
            self._failed[kind] = self._failed.get(kind, 0) + count
        self._settled += [_copy(event) for event in later._settled]
        self._note(later._unjudged)
        for event in later._events:
            if event.is_up:
                self._add_answer(event.kind, event.subject)
            else:
                self._append(_copy(event))

    def weigh(self) -> tuple[Tally, frozenset[int]]:
        """What of it is drift, and the numbers of the probes that an outage or a limit left open."""
        tally, unjudged = Tally(), set(self._unjudged)
        for event in (*self._settled, *self._decided()):
            if event.drift is not None and self._always_fails(event.kind):
                tally.update(event.drift)
            else:
                unjudged.update(event.numbers)
        told = told_of({subject for (subject,) in tally.buckets()})
        tally = tally.told(lambda bucket: bucket[0] in told)
        if is_often(self._healed, self.requests) and self._dropped is not None:
            drops = [dropped(self._dropped, self._healed, self.requests)]
            tally.add(drops, times=self._healed, phase=6)
        return tally, frozenset(unjudged)

    def _drift(self, sighting: Sighting) -> Tally | None:
        """What a down exchange is, should its kind turn out to be down always while others are answered."""
        exchange = sighting.exchange
        if exchange.status == 429 or (exchange.probe.chapter, exchange.probe.name) in self._answered:
            return None
        if sighting.answer is not None and exchange.failure is None:
            found = server_error(sighting)
        elif exchange.failure is not None and exchange.failure.kind in AWAY:
            found = silent(sighting)
        else:
            return None
        tally = Tally()
        tally.add([found], (exchange.probe.subject,), phase=6)
        return tally

    def _append(self, event: _Event) -> None:
        if self._events and self._events[-1].absorbs(event):
            self._events[-1].absorb(event)
        else:
            self._events.append(event)
            if len(self._events) > _MOST_EVENTS:
                self._settle()

    def _always_fails(self, kind: Kind) -> bool:
        enough = 3 if kind in self._reset_once else 2
        return kind not in self._answered and self._failed.get(kind, 0) >= enough

    def _decided(self) -> Iterator[_Event]:
        """Every final failure, without its drift where nothing shows that the target was up afterwards."""
        for place, event in enumerate(self._events):
            if not event.is_up and event.final:
                could_be = event.drift is not None and self._always_fails(event.kind)
                yield event if could_be and self._up_afterwards(place) else replace(event, drift=None)

    def _up_afterwards(self, place: int) -> bool:
        event = self._events[place]
        for later in self._events[place + 1 :]:
            if later.kind == event.kind:
                continue
            if later.is_up:
                return True
            if later.final and later.subject != event.subject:
                return False
        return False

    def _settle(self) -> None:
        """Forget the middle of a long list: what is decided in it is kept by its outcome."""
        ends = self._events[:_NEAR], self._events[-_NEAR:]
        for place, event in enumerate(self._events[_NEAR:-_NEAR], _NEAR):
            if event.is_up or not event.final:
                continue
            if event.drift is not None and self._always_fails(event.kind) and self._up_afterwards(place):
                known = next((one for one in self._settled if one.absorbs(event)), None)
                if known is None:
                    self._settled.append(_copy(event))
                else:
                    known.absorb(event)
            else:
                self._note(event.numbers)
        self._events = [*ends[0], *ends[1]]

    def _note(self, numbers: set[int] | tuple[int, ...]) -> None:
        self._unjudged.update(list(numbers)[: max(0, MOST_NUMBERS - len(self._unjudged))])


def _copy(event: _Event) -> _Event:
    if event.drift is None:
        return replace(event)
    tally = Tally()
    tally.update(event.drift)
    return replace(event, drift=tally)


def _size(sighting: Sighting) -> tuple[int, tuple[int, int]]:
    response = sighting.exchange.response
    return len(response.body) if response else 0, sighting.exchange.order
