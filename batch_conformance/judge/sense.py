"""Judges whether one batch makes sense in itself: its times, its state, its counts."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from batch_conformance.contract.roles import Roles, Stage
from batch_conformance.findings.finding import Deviation
from batch_conformance.judge.sighting import Sighting, at, integer_at
from batch_conformance.rules.rule import Body, BodyCheck

EARLIEST = 1_262_304_000
"""2010-01-01: no batch of such an API is older. Unix seconds."""
LATEST = 4_102_444_800
"""2100-01-01. Unix seconds."""

_WINDOW = re.compile(r"(\d{1,6})\s*([hdm])")
_WINDOW_UNIT = {"h": 3600, "d": 86400, "m": 60}


def judge_sense(sighting: Sighting) -> Iterator[Deviation]:
    """What the fields of one batch say about each other."""
    batch, roles = sighting.batch, sighting.contract.roles
    if batch is None:
        return
    implausible: set[str] = set()
    for deviation in _magnitudes(sighting, batch, roles):
        implausible.add(deviation.pointer)
        yield deviation
    times = {
        pointer: moment
        for pointer in roles.timestamps
        if (moment := integer_at(batch, pointer)) is not None and pointer not in implausible
    }
    yield from _order(sighting, roles, times)
    yield from _window(sighting, batch, roles, times)
    yield from _state(sighting, batch, roles, times)
    yield from _counts(sighting, batch, roles)


def stage_of(batch: Any, roles: Roles) -> Stage | None:
    """The stage that a batch says it is in, or None where the contract does not know it."""
    value = at(batch, roles.state) if roles.state else None
    return next((stage for stage in roles.stages if stage.value == value), None)


def _magnitudes(sighting: Sighting, batch: Mapping[str, Any], roles: Roles) -> Iterator[Deviation]:
    for pointer in roles.timestamps:
        moment = integer_at(batch, pointer)
        if moment is not None and not EARLIEST <= moment <= LATEST:
            kind = _magnitude(moment)
            yield sighting.deviates(
                "time.magnitude",
                media_type=sighting.contract_media_type,
                pointer=pointer,
                expected="Unix seconds of our time",
                observed=f"{str(moment)[:24]} ({kind})",
                kind=kind,
            )


def _magnitude(moment: int) -> str:
    if moment <= 0:
        return "zero" if moment == 0 else "negative"
    for scale, name in ((1_000, "milliseconds"), (1_000_000, "microseconds"), (1_000_000_000, "nanoseconds")):
        if EARLIEST <= moment // scale <= LATEST:
            return name
    return "distant"


def _order(sighting: Sighting, roles: Roles, times: Mapping[str, int]) -> Iterator[Deviation]:
    stages = [stage for stage in roles.stages if stage.timestamp in times]
    for pointer, moment in times.items():
        earlier = [roles.created] if roles.created in times and pointer != roles.created else []
        here = next((stage for stage in stages if stage.timestamp == pointer), None)
        if here is not None:
            earlier += [stage.timestamp for stage in stages if precedes(stage, here)]
        late = [name for name in earlier if name is not None and times[name] > moment]
        if late:
            before = max(late, key=lambda name: times[name])
            yield sighting.deviates(
                "time.order",
                media_type=sighting.contract_media_type,
                pointer=pointer,
                expected=f"not before {before} ({_clock(times[before])})",
                observed=f"{moment} ({_clock(moment)})",
                kind=f"before {before}",
            )


def precedes(one: Stage, other: Stage) -> bool:
    """Whether every batch that reaches ``other`` by way of ``one`` was in ``one`` first.

    Cancelling leaves the line anywhere, so it comes before nothing but being cancelled.
    """
    if one.terminal or one.rank >= other.rank:
        return False
    if one.word == "cancelling":
        return other.word == "cancelled"
    return other.word != "cancelling"


def _window(
    sighting: Sighting, batch: Mapping[str, Any], roles: Roles, times: Mapping[str, int]
) -> Iterator[Deviation]:
    if roles.window is None or roles.created not in times or roles.expires not in times:
        return
    text = at(batch, roles.window)
    promised = promised_seconds(text) if isinstance(text, str) else None
    if promised is None or roles.created is None or roles.expires is None:
        return
    observed = times[roles.expires] - times[roles.created]
    if observed != promised:
        yield sighting.deviates(
            "time.window",
            media_type=sighting.contract_media_type,
            pointer=roles.expires,
            expected=f"{roles.created} plus {text} ({promised} s)",
            observed=f"{observed} s later",
            kind="differs",
        )


def promised_seconds(window: str) -> int | None:
    """The seconds of a completion window such as ``24h``; None where it is no such text."""
    match = _WINDOW.fullmatch(window.strip())
    return int(match[1]) * _WINDOW_UNIT[match[2]] if match else None


def _state(sighting: Sighting, batch: Mapping[str, Any], roles: Roles, times: Mapping[str, int]) -> Iterator[Deviation]:
    here = stage_of(batch, roles)
    if here is None:
        return
    for stage in roles.stages:
        if stage.timestamp is None or (stage is not here and stage.timestamp == here.timestamp):
            continue  # two words for one state, such as COMPLETED beside completed, share its time
        value = at(batch, stage.timestamp)
        if stage is here or (here.word == "completed" and not stage.terminal and stage.word != "cancelling"):
            if value is None and stage.rank > 0:
                own_end = stage is here and here.terminal
                yield sighting.deviates(
                    "state.timestamp_missing" if own_end else "state.stage_timestamp_missing",
                    media_type=sighting.contract_media_type,
                    pointer=stage.timestamp,
                    expected=f"a time, as the batch is {here.value}",
                    observed="none",
                    kind=f"unset when {here.value}",
                )
        elif stage.timestamp in times and _contradicts(here, stage):
            yield sighting.deviates(
                "state.timestamp_early",
                media_type=sighting.contract_media_type,
                pointer=stage.timestamp,
                expected=f"none, as the batch is {here.value}",
                observed=f"{times[stage.timestamp]} ({_clock(times[stage.timestamp])})",
                kind=f"set when {here.value}",
                level="info" if here.terminal and stage.word == "completed" else None,
            )


def _contradicts(here: Stage, other: Stage) -> bool:
    """Whether a batch that is ``here`` cannot have been in ``other``.

    Servers that write the end of any kind into ``completed_at`` are told of it, at level ``info``.
    """
    if here.terminal:
        return other.terminal
    if other.terminal:
        return True
    return other.rank > here.rank and "cancelling" not in (here.word, other.word)


def _counts(sighting: Sighting, batch: Mapping[str, Any], roles: Roles) -> Iterator[Deviation]:
    counts = roles.counts
    if counts is None:
        return
    total, completed, failed = (integer_at(batch, place) for place in (counts.total, counts.completed, counts.failed))
    shown = ", ".join(
        f"{name} {str(count)[:24]}" for name, count in (("total", total), ("completed", completed), ("failed", failed))
    )
    if any(count is not None and count < 0 for count in (total, completed, failed)):
        kind, expected = "negative", "no negative count"
    elif total is None or completed is None or failed is None:
        return
    elif completed + failed > total:
        kind, expected = "more_than_total", "completed plus failed at most total"
    elif (stage := stage_of(batch, roles)) and stage.word == "completed" and completed + failed != total:
        kind, expected = "less_than_total", "completed plus failed equal to total, as the batch is completed"
    else:
        return
    yield sighting.deviates(
        "counts.sum",
        media_type=sighting.contract_media_type,
        pointer=counts.pointer,
        expected=expected,
        observed=shown,
        kind=kind,
    )


def _clock(moment: int) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def surely_makes_sense(roles: Roles, body: Body) -> tuple[BodyCheck, ...] | None:
    """Checks that hold only where ``judge_sense`` finds no time, window or counts that make no sense.

    They are for bodies with the same members of the same types, in the same state, as ``body``. None where the roles
    are not those of plain members.
    """
    if any(pointer.count("/") != 1 for pointer in (*roles.timestamps, *filter(None, (roles.window,)))):
        return None
    times = tuple(name for name in (p[1:] for p in roles.timestamps) if type(body.get(name)) is int)
    return (*_surely_in_order(roles, times), *_surely_in_window(roles, times, body), *_surely_counted(roles, body))


def _surely_in_order(roles: Roles, times: tuple[str, ...]) -> list[BodyCheck]:
    created = (roles.created or "")[1:]
    stages = [stage for stage in roles.stages if stage.timestamp and stage.timestamp[1:] in times]
    pairs = [(created, name) for name in times if created in times and name != created]
    pairs += [
        (one.timestamp[1:], other.timestamp[1:])
        for one in stages
        for other in stages
        if one.timestamp and other.timestamp and precedes(one, other)
    ]
    ordered = tuple(dict.fromkeys(pairs))

    def hold(body: Body) -> bool:
        for name in times:
            if not EARLIEST <= body[name] <= LATEST:
                return False
        for one, other in ordered:  # noqa: SIM110 - a generator costs more than the comparison
            if body[one] > body[other]:
                return False
        return True

    return [hold] if times else []


def _surely_in_window(roles: Roles, times: tuple[str, ...], body: Body) -> list[BodyCheck]:
    window, created, expires = ((pointer or "")[1:] for pointer in (roles.window, roles.created, roles.expires))
    if created not in times or expires not in times or not isinstance(body.get(window), str):
        return []
    known: dict[str, int | None] = {}

    def hold(body: Body) -> bool:
        text = body[window]
        if text not in known:
            if len(known) > 1000:
                known.clear()
            known[text] = promised_seconds(text)
        promised = known[text]
        return promised is None or body[expires] - body[created] == promised

    return [hold]


def _surely_counted(roles: Roles, body: Body) -> list[BodyCheck]:
    counts = roles.counts
    if counts is None:
        return []
    if any(pointer.rpartition("/")[0] != counts.pointer for pointer in (counts.total, counts.completed, counts.failed)):
        return [lambda _: False]
    if counts.pointer.count("/") != 1:
        return [lambda _: False]
    around = counts.pointer[1:]
    names = [pointer.rpartition("/")[2] for pointer in (counts.total, counts.completed, counts.failed)]
    held = body.get(around)
    if not isinstance(held, dict):
        return []
    there = tuple(name for name in names if type(held.get(name)) is int)
    whole = len(there) == 3
    total, completed, failed = names
    stage = next((one for one in roles.stages if roles.state and one.value == body.get(roles.state[1:])), None)
    done = stage is not None and stage.word == "completed"

    def hold(body: Body) -> bool:
        held = body[around]
        for name in there:
            if held[name] < 0:
                return False
        if not whole:
            return True
        ended = held[completed] + held[failed]
        return bool(ended == held[total] if done else ended <= held[total])

    return [hold]
