"""Tells an outage from drift: what one kind of request always breaks, while the rest is answered."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from batch_conformance.exchange.exchange import RECORDED, Probe
from batch_conformance.findings.finding import Deviation
from batch_conformance.judge.sighting import Sighting, told_of

AWAY = frozenset({"timeout", "reset"})
"""Failures after a connection was made: the server had the request and did not answer it."""
BROKEN_ID = 3
"""Failures of one known id, and no answer for it, that are laid to the batch; each further one tells nothing new."""
_MANY_DROPS = 5
_OFTEN = 0.2
"""Drops are told of from a fifth of the requests on: a flaky network of a few per cent is no finding."""


@dataclass(frozen=True, slots=True)
class Availability:
    """``deviations`` are drift; ``unjudged`` names the probes (by number) that an outage or a limit left open."""

    deviations: tuple[Deviation, ...]
    unjudged: frozenset[int]


def weigh(sightings: Sequence[Sighting]) -> Availability:
    """Weigh all server errors and failures of a run."""
    in_time = sorted(sightings, key=lambda sighting: (sighting.exchange.started_at, sighting.exchange.order))
    drift: list[Deviation] = []
    unjudged: set[int] = set()
    ids = _broken_ids(in_time)
    reads = _broken_reads(in_time)
    others = [sighting for sighting in in_time if sighting.exchange.probe.batch_id not in ids]
    for place, sighting in enumerate(in_time):
        exchange = sighting.exchange
        if not exchange.final or not is_down(sighting):
            continue
        of_id, read = ids.get(_id(sighting)), _read(sighting)
        if of_id is not None:
            repeats = _up_afterwards(in_time, place, lambda other: ids.get(_id(other), ""))
        elif read in reads:
            repeats, of_id = True, read
        else:
            repeats = _repeats(sighting, others) and _up_afterwards(in_time, place, _kind)
        if exchange.status == 429 or not repeats:
            unjudged.add(exchange.number)
        elif sighting.answer is not None and exchange.failure is None:
            drift.append(server_error(sighting, of_id))
        elif exchange.failure is not None and exchange.failure.kind in AWAY:
            drift.append(silent(sighting, of_id))
        else:
            unjudged.add(exchange.number)
    told = told_of({deviation.exchange.probe.subject for deviation in drift})
    drift = [deviation for deviation in drift if deviation.exchange.probe.subject in told]
    drift += _drops(in_time)
    return Availability(tuple(drift), frozenset(unjudged))


def is_down(sighting: Sighting) -> bool:
    """Whether nothing was answered, or an error that says that the server, or what stands before it, is busy or broken.

    An error that was asked for is an answer, and so is 501 to a method that is not declared.
    """
    exchange = sighting.exchange
    if exchange.failure is not None:
        return True
    status = exchange.status or 0
    undeclared = sighting.method not in (*sighting.contract.operation.methods, "HEAD")
    if status == 501 and (undeclared or sighting.method == "HEAD"):
        return False
    return not sighting.forced and (500 <= status <= 599 or status == 429)


def _broken_ids(sightings: Sequence[Sighting]) -> dict[str, str]:
    """The known ids that failed at every plain request, with what is broken in words: that batch, or all of them.

    It is then the batch that breaks the server, and not what was asked of it.
    """
    broken: Counter[str] = Counter()
    answered: set[str] = set()
    for sighting in sightings:
        probe = sighting.exchange.probe
        if not shows_a_batch(probe) or sighting.exchange.status == 429:
            continue
        if not is_down(sighting):
            answered.add(_id(sighting))
        elif sighting.exchange.final:
            broken[_id(sighting)] += 1
    names = [name for name, count in broken.items() if count >= BROKEN_ID and name not in answered]
    return {name: f"the id {name}" if answered or len(names) == 1 else "every known id" for name in names}


def _broken_reads(sightings: Sequence[Sighting]) -> frozenset[str]:
    """The kinds of request that one known id never got an answer to, three times and more, each time between answers.

    Others get one, and so does the same id when it is asked for in another way: its body is too large, say, as it is.
    """
    failures: Counter[str] = Counter()
    answered: set[str] = set()
    last_up, last_down = -1, defaultdict[str, int](lambda: -1)
    for place, sighting in enumerate(sightings):
        down = is_down(sighting)
        if not down:
            last_up = place
        if not shows_a_batch(sighting.exchange.probe) or sighting.exchange.status == 429:
            continue
        read = _read(sighting)
        if not down:
            answered.add(read)
        elif sighting.exchange.final and last_up > last_down[read]:
            failures[read] += 1
            last_down[read] = place
    return frozenset(read for read, count in failures.items() if count >= BROKEN_ID and read not in answered)


def _read(sighting: Sighting) -> str:
    return f"{_kind(sighting)} with the id {_id(sighting)}"


def shows_a_batch(probe: Probe) -> bool:
    """Whether a plan asks for a known id in a way that must be answered with its batch."""
    plain = probe.method == "GET" and probe.credential == "valid" and probe.forced_status is None
    return plain and probe.subject == "known" and bool(probe.batch_id) and probe.chapter != RECORDED


def _kind(sighting: Sighting) -> str:
    """What makes two requests alike."""
    return f"{sighting.exchange.probe.chapter}/{sighting.exchange.probe.name}"


def _id(sighting: Sighting) -> str:
    return sighting.exchange.probe.batch_id or ""


def _repeats(sighting: Sighting, sightings: Sequence[Sighting]) -> bool:
    """Whether the same kind of request failed often enough, and never did not; a limit is no failure.

    Often enough is twice. Of what is sent only once, as it may change something, two resets may be the network's.
    """
    alike = [other for other in sightings if _kind(other) == _kind(sighting)]
    broken = [other for other in alike if is_down(other) and other.exchange.status != 429]
    enough = 3 if any(is_reset_once(other) for other in broken) else 2
    return len(broken) >= enough and len(broken) == len(alike)


def is_reset_once(sighting: Sighting) -> bool:
    """Whether a request that is sent only once, as it may change something, was reset."""
    failure = sighting.exchange.failure
    return failure is not None and failure.kind == "reset" and sighting.method not in ("GET", "HEAD")


def _up_afterwards(in_time: Sequence[Sighting], place: int, kind: Callable[[Sighting], str]) -> bool:
    """Whether the next request of another ``kind`` was answered: the target was up."""
    mine, probe = kind(in_time[place]), in_time[place].exchange.probe
    for later in in_time[place + 1 :]:
        other = later.exchange
        if kind(later) == mine:
            continue
        if not is_down(later):
            return True
        if other.final and other.probe.subject != probe.subject:
            return False
    return False


def server_error(sighting: Sighting, of_id: str | None = None) -> Deviation:
    """The deviation that a 5xx is to a kind of request that is always answered so, or for what ``of_id`` says."""
    status = str(sighting.exchange.status)
    return sighting.deviates(
        "response.server_error",
        expected="an answer, as other requests get",
        observed=f"{status} every time for {of_id or _kind(sighting)}",
        kind="known" if of_id else sighting.exchange.probe.subject,
    )


def silent(sighting: Sighting, of_id: str | None = None) -> Deviation:
    """The deviation that no answer is to a kind of request that never gets one, or for what ``of_id`` says."""
    failure = sighting.exchange.failure
    return sighting.deviates(
        "response.silent",
        status="",
        expected="an answer, as other requests get",
        observed=f"{failure.detail if failure else 'nothing'}, every time for {of_id or _kind(sighting)}",
        kind="known" if of_id else sighting.exchange.probe.subject,
    )


def _drops(sightings: Sequence[Sighting]) -> Iterator[Deviation]:
    healed = [sighting for sighting in sightings if is_healed_drop(sighting)]
    if is_often(len(healed), len(sightings)):
        for sighting in healed:
            yield dropped(sighting, len(healed), len(sightings))


def is_healed_drop(sighting: Sighting) -> bool:
    """Whether the connection was dropped, and a retry followed."""
    failure = sighting.exchange.failure
    return not sighting.exchange.final and failure is not None and failure.kind == "reset"


def is_often(healed: int, requests: int) -> bool:
    """Whether so many drops of so many requests are more than a flaky network."""
    return healed >= _MANY_DROPS and healed >= _OFTEN * requests


def dropped(sighting: Sighting, healed: int, requests: int) -> Deviation:
    """The deviation that a drop is where they keep coming."""
    return sighting.deviates(
        "response.drops",
        status="",
        expected="connections that live as long as the exchange",
        observed=f"{healed} of {requests} requests dropped and healed by a retry",
        kind="reset",
    )
