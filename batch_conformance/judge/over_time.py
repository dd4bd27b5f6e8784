"""Judges several reads of one batch against each other: what may not go back, and what may not change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

from batch_conformance.contract.roles import Roles
from batch_conformance.findings.finding import Deviation
from batch_conformance.judge.response import is_of_a_query
from batch_conformance.judge.sense import EARLIEST, LATEST, stage_of
from batch_conformance.judge.sighting import Sighting, at, integer_at

_CLOCK = 0.002
"""Seconds to which two clocks, and what is written of them in thousandths, agree."""
_WEIGHED_ELSEWHERE = frozenset({401, 406, 429})


def judge_over_time(sightings: Sequence[Sighting]) -> Iterator[Deviation]:
    """Deviations between the authorised reads of each known batch, in the order in which they were sent."""
    reads: dict[str, list[Sighting]] = defaultdict(list)
    for sighting in sightings:
        probe = sighting.exchange.probe
        asked = probe.batch_id if probe.subject in ("known", "equivalent") else None
        if asked is not None and sighting.method == "GET" and sighting.authorised and probe.forced_status is None:
            reads[asked].append(sighting)
    for of_one in reads.values():
        in_time = sorted(of_one, key=lambda sighting: (sighting.exchange.started_at, sighting.exchange.order))
        yield from _answers(in_time)
        own = [sighting for sighting in in_time if sighting.batch is not None and _is_own(sighting)]
        yield from _batches(list(_in_turn(own)))


def _in_turn(reads: Sequence[Sighting]) -> Iterator[Sighting]:
    """The reads that were sent when the ones before had ended: of two at once, nobody knows which was served first."""
    ended = float("-inf")
    for read in reads:
        if read.exchange.started_at >= ended - _CLOCK:
            ended = read.exchange.started_at + read.exchange.elapsed
            yield read


def _is_own(read: Sighting) -> bool:
    """Whether the batch asked for was answered: to compare another one with it would accuse both."""
    identity = read.contract.roles.identity
    answered = at(read.batch, identity) if identity is not None else None
    return not isinstance(answered, str) or answered == read.exchange.probe.batch_id


def _answers(reads: Sequence[Sighting]) -> Iterator[Deviation]:
    answered = [read for read in reads if read.exchange.final and read.answer is not None]
    if not any(200 <= read.answer.status < 300 for read in answered if read.answer):
        return
    for read in answered:
        if read.exchange.probe.subject == "equivalent":
            continue  # RFC 3986 section 6.2.2 calls the spellings the same; many servers compare paths as they came
        status = read.answer.status if read.answer else 0
        if is_of_a_query(read, status):
            continue
        if 300 <= status < 500 and status not in _WEIGHED_ELSEWHERE and read.documented is not None:
            yield read.deviates(
                "stability.answer_changed",
                expected="200, as for the other reads of this batch",
                observed=str(status),
                kind=str(status),
            )


def _batches(reads: Sequence[Sighting]) -> Iterator[Deviation]:
    for earlier, later in pairwise(reads):
        roles = later.contract.roles
        yield from _state(earlier, later, roles)
        yield from _counts(earlier, later, roles)
    yield from _values(reads)


def _state(earlier: Sighting, later: Sighting, roles: Roles) -> Iterator[Deviation]:
    was, now = stage_of(earlier.batch, roles), stage_of(later.batch, roles)
    if was is None or now is None or was.word == now.word:
        return
    if was.terminal or (now.rank < was.rank and "cancelling" not in (was.word, now.word)):
        yield later.deviates(
            "state.regressed",
            media_type=later.contract_media_type,
            pointer=roles.state or "",
            expected=f"{was.value}, or a later state" if not was.terminal else f"{was.value} for good",
            observed=now.value,
            kind="left_final_state" if was.terminal else "went_back",
        )


def _counts(earlier: Sighting, later: Sighting, roles: Roles) -> Iterator[Deviation]:
    if roles.counts is None:
        return
    for pointer in (roles.counts.total, roles.counts.completed, roles.counts.failed):
        was, now = integer_at(earlier.batch, pointer), integer_at(later.batch, pointer)
        if was is not None and now is not None and 0 <= now < was:
            yield later.deviates(
                "counts.regressed",
                media_type=later.contract_media_type,
                pointer=pointer,
                expected=f"at least {str(was)[:24]}, as read before",
                observed=str(now)[:24],
                kind="fell",
            )


def _values(reads: Sequence[Sighting]) -> Iterator[Deviation]:
    """What lasts keeps its value once it is set, and stays there."""
    settled: dict[str, Any] = {}
    for read in reads:
        roles = read.contract.roles
        required = {place.pointer for place in read.schema.properties if place.required} if read.schema else set()
        for pointer in sorted(roles.lasting - {roles.identity}):
            value = at(read.batch, pointer)
            was = settled.get(pointer)
            if value is None and was is not None and pointer not in required and not _is_over(read, pointer):
                yield _changed(read, pointer, was, None)
            if isinstance(value, str | int) and value != "" and not _is_senseless(pointer, value, roles):
                lasting = _unsigned(value)
                if was is not None and was != lasting and type(was) is type(lasting):
                    yield _changed(read, pointer, was, lasting)
                settled.setdefault(pointer, lasting)
    for pointer in sorted(reads[0].contract.roles.free_maps) if reads else ():
        yield from _customers_own(reads, pointer)


def _customers_own(reads: Sequence[Sighting], pointer: str) -> Iterator[Deviation]:
    """What the customer said of a batch when making it: members stay what they are."""
    known: dict[str, Any] = {}
    for read in reads:
        members = at(read.batch, pointer)
        if isinstance(members, Mapping) and members:
            if any(name not in members or members[name] != value for name, value in known.items()):
                yield read.deviates(
                    "stability.changed",
                    media_type=read.contract_media_type,
                    pointer=pointer,
                    expected="the members that were read before",
                    observed="other members, or other values of them",
                    kind="changed",
                )
            known = known or dict(members)


def _is_senseless(pointer: str, value: str | int, roles: Roles) -> bool:
    """Whether a time cannot be one, such as a sentinel for unset: that is told, and what follows it is no change."""
    return pointer in roles.timestamps and isinstance(value, int) and not EARLIEST <= value <= LATEST


def _is_over(read: Sighting, pointer: str) -> bool:
    """Whether this is when the batch would expire, and it has ended."""
    stage = stage_of(read.batch, read.contract.roles)
    return pointer == read.contract.roles.expires and stage is not None and stage.terminal


def _unsigned(value: str | int) -> str | int:
    """A download URL without its query: it is signed anew at each read."""
    return value.partition("?")[0] if isinstance(value, str) and "://" in value else value


def _changed(read: Sighting, pointer: str, was: Any, now: Any) -> Deviation:
    return read.deviates(
        "stability.changed",
        media_type=read.contract_media_type,
        pointer=pointer,
        expected=f"{_show(was)}, as read before",
        observed="unset" if now is None else _show(now),
        kind="vanished" if now is None else "changed",
    )


def _show(value: Any) -> str:
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else text[:57] + "…"


class SurelyCalm:
    """Tells at a glance that ``judge_over_time`` finds nothing: by the values at ``pointers``, read after read."""

    def __init__(self, roles: Roles, pointers: Sequence[str]) -> None:
        places = {pointer: index for index, pointer in enumerate(pointers)}
        counts = (roles.counts.total, roles.counts.completed, roles.counts.failed) if roles.counts else ()
        self._counts = frozenset(places[pointer] for pointer in counts)
        self._identity = places[roles.identity] if roles.identity is not None else None
        self._state = places[roles.state] if roles.state is not None else None
        self._stages = {stage.value: (stage.rank, stage.terminal) for stage in roles.stages}

    def holds(self, key: str, reads: Iterable[tuple[Any, ...] | None]) -> bool:
        """Whether every read was answered with the batch ``key``, and it only ever moved on; None is another answer."""
        last: tuple[Any, ...] | None = None
        for values in reads:
            if values is None or (self._identity is not None and values[self._identity] != key):
                return False
            if last is not None and values is not last and not self._moves_on(last, values):
                return False
            last = values
        return True

    def _moves_on(self, before: tuple[Any, ...], after: tuple[Any, ...]) -> bool:
        for index, was in enumerate(before):
            now = after[index]
            if was is not now and was != now and not self._may_become(index, was, now):
                return False
        return True

    def _may_become(self, index: int, was: Any, now: Any) -> bool:
        if index == self._state:
            left, entered = self._stages.get(was), self._stages.get(now)
            return left is not None and entered is not None and not left[1] and left[0] <= entered[0]
        if index in self._counts and isinstance(was, int) and isinstance(now, int):
            return was <= now
        return was is None
