"""Judges whether one batch makes sense in itself: its times."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from batch_conformance.contract.roles import Roles, Stage
from batch_conformance.findings.finding import Deviation
from batch_conformance.judge.sighting import Sighting, at, integer_at
from batch_conformance.rules.batch import EARLIEST, LATEST, clock, is_plausible, times_of
from batch_conformance.rules.rule import Body, BodyCheck

_WINDOW = re.compile(r"(\d{1,6})\s*([hdm])")
_WINDOW_UNIT = {"h": 3600, "d": 86400, "m": 60}


def judge_sense(sighting: Sighting) -> Iterator[Deviation]:
    """What the fields of one batch say about each other."""
    batch, roles = sighting.batch, sighting.operation.roles
    if batch is None:
        return
    yield from _magnitudes(sighting, batch, roles)
    times = times_of(batch, roles)
    yield from _order(sighting, roles, times)
    yield from _window(sighting, batch, roles, times)


def _magnitudes(sighting: Sighting, batch: Mapping[str, Any], roles: Roles) -> Iterator[Deviation]:
    for pointer in roles.timestamps:
        moment = integer_at(batch, pointer)
        if moment is not None and not is_plausible(moment):
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
        if is_plausible(moment // scale):
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
                expected=f"not before {before} ({clock(times[before])})",
                observed=f"{moment} ({clock(moment)})",
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


def surely_makes_sense(roles: Roles, body: Body) -> tuple[BodyCheck, ...] | None:
    """Checks that hold only where ``judge_sense`` finds no time or window that makes no sense.

    They are for bodies with the same members of the same types, in the same state, as ``body``. None where the roles
    are not those of plain members.
    """
    if any(pointer.count("/") != 1 for pointer in (*roles.timestamps, *filter(None, (roles.window,)))):
        return None
    times = tuple(name for name in (p[1:] for p in roles.timestamps) if type(body.get(name)) is int)
    return (*_surely_in_order(roles, times), *_surely_in_window(roles, times, body))


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
