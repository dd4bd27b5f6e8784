"""Rules about the times of a batch: that they are times, their order, and the window that was promised."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from math import inf
from operator import le, sub

from batch_conformance.contract.operation import Operation
from batch_conformance.contract.roles import Roles, Stage
from batch_conformance.contract.stated_at import at_example_of_time
from batch_conformance.findings.finding import Finding
from batch_conformance.findings.merging import MOST_KINDS, at_the_body, many_places, values_of_one_kind
from batch_conformance.message import Private, Template
from batch_conformance.observation.observation import Observation, at, integer_at
from batch_conformance.rules.batch import EARLIEST, LATEST, clock, is_plausible, stage_of, times_of
from batch_conformance.rules.batch import moment as moment_of
from batch_conformance.rules.columns import Column, Columns
from batch_conformance.rules.fields import moment_of_fixdate
from batch_conformance.rules.highlight import at_pointer
from batch_conformance.rules.requests import gets_a_batch
from batch_conformance.rules.rule import AlikeBodies, BodiesCheck, Body, Broken, Rule, is_batch, where

_WINDOW = re.compile(r"(\d{1,6})\s*([hdm])")
_OF_OUR_TIME = Template("time.magnitude.expected", "Unix seconds of our time")
_OF_KIND = Template("time.magnitude.observed", "{time} ({kind})")
_KINDS = {
    "zero": Template("time.magnitude.zero", "zero"),
    "negative": Template("time.magnitude.negative", "negative"),
    "milliseconds": Template("time.magnitude.milliseconds", "milliseconds"),
    "microseconds": Template("time.magnitude.microseconds", "microseconds"),
    "nanoseconds": Template("time.magnitude.nanoseconds", "nanoseconds"),
    "distant": Template("time.magnitude.distant", "distant"),
}
_UNITS = {
    "milliseconds": Template("many.milliseconds", "milliseconds at {places}"),
    "microseconds": Template("many.microseconds", "microseconds at {places}"),
    "nanoseconds": Template("many.nanoseconds", "nanoseconds at {places}"),
    "zero": Template("many.zero", "0 at {places}"),
    "negative": Template("many.negative", "times below 0 at {places}"),
    "distant": Template("many.no_age", "times of no age at {places}"),
}
"""What is said of several times of one kind."""
_NO_AGE = frozenset({"negative", "distant"})
"""Kinds of times that are in no unit, and mean nothing."""
_NO_ORDER = Template("many.no_order", "times in no order at {places}")
_ALL_NOT_BEFORE = Template("many.not_before", "times not before {place}")
_MOST_BEFORE_ONE = 2
"""Times that stay findings of their own when all of them are before one that has to come first."""
_NOT_BEFORE = Template("time.order.expected", "not before {place} ({clock})")
_PLUS = Template("time.window.expected", "{place} plus {window} ({seconds} s)")
_LATER = Template("time.window.observed", "{seconds} s later")
_NOT_AHEAD = Template("time.ahead.expected", "not after the answer was made (Date: {date})")
_NOT_EXPIRED = Template("time.expired_early.expected", "not before {place} ({clock}), as the batch is {state}")
_A_DAY = 86_400
SECONDS_OF_SKEW = 600
"""A gateway that writes Date has another clock than the server that writes times."""
_SECONDS_EARLY = 60
"""A batch may be expired so long before its time."""
_WINDOW_UNIT = {"h": 3600, "d": 86400, "m": 60}


def _check_magnitude(observation: Observation) -> Iterator[Broken]:
    if observation.batch is None:
        return
    for pointer in observation.operation.roles.timestamps:
        moment = integer_at(observation.batch, pointer)
        if moment is not None and not is_plausible(moment):
            kind = magnitude(moment)
            observed = _OF_KIND(time=Private(str(moment)[:24]), kind=_KINDS[kind]())
            here = observation.contract_media_type
            yield Broken(_OF_OUR_TIME(), observed, kind, media_type=here, pointer=pointer)


def magnitude(moment: int) -> str:
    """What a number is that is no Unix time of our age: zero, negative, in a smaller unit than seconds, or distant."""
    if moment <= 0:
        return "zero" if moment == 0 else "negative"
    for scale, name in ((1_000, "milliseconds"), (1_000_000, "microseconds"), (1_000_000_000, "nanoseconds")):
        if is_plausible(moment // scale):
            return name
    return "distant"


def _check_order(observation: Observation) -> Iterator[Broken]:
    roles = observation.operation.roles
    times = times_of(observation)
    stages = [stage for stage in roles.stages if stage.timestamp in times]
    for pointer, moment in times.items():
        earlier = [roles.created] if roles.created in times and pointer != roles.created else []
        here = next((stage for stage in stages if stage.timestamp == pointer), None)
        if here is not None:
            earlier += [stage.timestamp for stage in stages if precedes(stage, here)]
        late = [name for name in earlier if name is not None and times[name] > moment]
        if late:
            before = max(late, key=lambda name: times[name])
            yield Broken(
                _NOT_BEFORE(place=before, clock=Private(clock(times[before]))),
                moment_of(moment),
                f"before {before}",
                media_type=observation.contract_media_type,
                pointer=pointer,
            )


def precedes(one: Stage, other: Stage) -> bool:
    """Whether every batch that reaches ``other`` by way of ``one`` was in ``one`` first.

    Cancelling leaves the line anywhere, so it comes before nothing but being cancelled. A batch may expire at its
    expiry, and what was done until then be finalized afterwards.
    """
    if one.terminal or one.rank >= other.rank or (one.word, other.word) == ("finalizing", "expired"):
        return False
    if one.word == "cancelling":
        return other.word == "cancelled"
    return other.word != "cancelling"


def _check_window(observation: Observation) -> Iterator[Broken]:
    roles = observation.operation.roles
    times = times_of(observation)
    text = at(observation.batch, roles.window) if roles.window is not None else None
    if not isinstance(text, str):
        return
    promised = promised_seconds(text)
    if promised is None or roles.created not in times or roles.expires not in times:
        return
    if roles.created is None or roles.expires is None:
        return
    seconds = times[roles.expires] - times[roles.created]
    if seconds != promised:
        yield Broken(
            _PLUS(place=roles.created, window=text, seconds=promised),
            _LATER(seconds=seconds),
            "differs",
            media_type=observation.contract_media_type,
            pointer=roles.expires,
        )


def _check_expired(observation: Observation) -> Iterator[Broken]:
    roles = observation.operation.roles
    here, times = stage_of(observation.batch, roles), times_of(observation)
    if here is None or here.word != "expired" or here.timestamp is None or roles.expires is None:
        return
    ended, due, began = times.get(here.timestamp), times.get(roles.expires), times.get(roles.created or "", 0)
    if ended is None or due is None:
        return
    if due > began and _is_well_before(ended, due, began):
        yield Broken(
            _NOT_EXPIRED(place=roles.expires, clock=Private(clock(due)), state=here.value),
            moment_of(ended),
            "early",
            media_type=observation.contract_media_type,
            pointer=here.timestamp,
        )


def _is_well_before(moment: int, due: int, began: int) -> bool:
    """Whether a moment is before another by more than a minute and a tenth of what lies between that and the begin."""
    return due - moment > max(_SECONDS_EARLY, (due - began) // 10 if began else 0)


def _check_ahead(observation: Observation) -> Iterator[Broken]:
    date, times = date_of(observation), times_of(observation)
    moment = moment_of_date(date) if date else inf
    sent = observation.exchange.started_at
    if is_plausible(int(sent)) and abs(moment - sent) > _A_DAY:
        return  # a Date that is played back, or of a clock that was never set, says nothing of the times
    for pointer in _passed(observation.operation.roles):
        if times.get(pointer, 0) > moment + SECONDS_OF_SKEW:
            yield Broken(
                _NOT_AHEAD(date=date),
                moment_of(times[pointer]),
                "ahead",
                media_type=observation.contract_media_type,
                pointer=pointer,
            )
            return


def date_of(observation: Observation) -> str:
    """The Date of an answer; empty where it has none, or several."""
    answer = observation.answer
    dates = [value.strip(" \t") for name, value in (answer.headers if answer else ()) if name.lower() == "date"]
    return dates[0] if len(dates) == 1 else ""


def moment_of_date(date: str) -> float:
    """The Unix seconds of a Date of our time; infinite where it is none: nothing is after that."""
    moment = moment_of_fixdate(date.strip(" \t"))
    return inf if moment is None or not is_plausible(moment) else float(moment)


def _passed(roles: Roles) -> tuple[str, ...]:
    """Pointers of the times that have passed once they are set, in the order of the states that they tell of."""
    stages = sorted(roles.stages, key=lambda stage: stage.rank)
    found = (roles.created, *(stage.timestamp for stage in stages))
    return tuple(dict.fromkeys(pointer for pointer in found if pointer is not None and pointer != roles.expires))


def latest_passed(alike: AlikeBodies) -> Callable[[Columns], Column]:
    """Gives the latest of the times of each of alike bodies that have passed; none is later than the answer's Date."""
    passed = [pointer for pointer in _passed(alike.roles) if type(at(alike.body, pointer)) is int]
    if not passed:
        return lambda columns: [0.0] * columns.number
    if len(passed) == 1:
        return lambda columns: columns.of(passed[0])
    return lambda columns: list(map(max, *map(columns.of, passed)))


def promised_seconds(window: str) -> int | None:
    """The seconds of a completion window such as ``24h``; None where it is no such text."""
    match = _WINDOW.fullmatch(window.strip())
    return int(match[1]) * _WINDOW_UNIT[match[2]] if match else None


def surely_in_time(alike: AlikeBodies) -> tuple[BodiesCheck, ...] | None:
    """Checks that hold only where times keep their rules. None where the roles are not those of plain members."""
    roles, body = alike.roles, alike.body
    pointers = (*roles.timestamps, *filter(None, (roles.window,)))
    if any(pointer.count("/") != 1 or "~" in pointer for pointer in pointers):
        return None
    times = tuple(pointer for pointer in roles.timestamps if type(at(body, pointer)) is int)
    return (
        *_surely_in_order(roles, times),
        *_surely_in_window(roles, times, body),
        *_surely_expired_in_time(roles, times, body),
    )


def _surely_in_order(roles: Roles, times: tuple[str, ...]) -> list[BodiesCheck]:
    created = roles.created or ""
    stages = [stage for stage in roles.stages if stage.timestamp in times]
    pairs = [(created, pointer) for pointer in times if created in times and pointer != created]
    pairs += [
        (one.timestamp, other.timestamp)
        for one in stages
        for other in stages
        if one.timestamp and other.timestamp and precedes(one, other)
    ]
    ordered = tuple(dict.fromkeys(pairs))

    def hold(columns: Columns) -> bool:
        for pointer in times:
            moments = columns.different(pointer)
            if min(moments) < EARLIEST or max(moments) > LATEST:
                return False
        return all(all(map(le, columns.of(one), columns.of(other))) for one, other in ordered)

    return [hold] if times else []


def _surely_in_window(roles: Roles, times: tuple[str, ...], body: Body) -> list[BodiesCheck]:
    window, created, expires = roles.window or "", roles.created or "", roles.expires or ""
    if created not in times or expires not in times or not isinstance(at(body, window) if window else None, str):
        return []
    promised_by = lru_cache(1000)(promised_seconds)

    def hold(columns: Columns) -> bool:
        windows = columns.different(window)
        lasted = map(sub, columns.of(expires), columns.of(created))
        if len(set(windows)) == 1:
            promised = promised_by(windows[0])
            return promised is None or set(lasted) == {promised}
        return all(promised_by(text) in (None, one) for text, one in zip(windows, lasted, strict=True))

    return [hold]


def _surely_expired_in_time(roles: Roles, times: tuple[str, ...], body: Body) -> list[BodiesCheck]:
    here, expires = stage_of(body, roles), roles.expires or ""
    ended = here.timestamp or "" if here is not None and here.word == "expired" else ""
    if ended not in times or expires not in times:
        return []
    return [lambda columns: max(map(sub, columns.of(expires), columns.of(ended))) <= _SECONDS_EARLY]


def _behind_one_time(group: Sequence[Finding]) -> Mapping[str, Finding]:
    """What findings become, by their ids, where several times are before one: that one is too late."""
    by_kind: dict[str, list[Finding]] = defaultdict(list)
    for finding in group:
        by_kind[finding.kind].append(finding)
    by_id: dict[str, Finding] = {}
    for kind, of_kind in by_kind.items():
        if len(of_kind) > _MOST_BEFORE_ONE:
            # The moment of that time stays out: it is the value of another place, which may be masked.
            place = dict(of_kind[0].expected.arguments)["place"]
            made = replace(at_the_body(of_kind, kind, _NO_ORDER), expected=_ALL_NOT_BEFORE(place=place))
            by_id |= dict.fromkeys((finding.id for finding in of_kind), made)
    return by_id


def _has_expiry(operation: Operation) -> bool:
    roles = operation.roles
    return roles.expires is not None and any(one.word == "expired" and one.timestamp for one in roles.stages)


def _has_passed_times(operation: Operation) -> bool:
    return bool(_passed(operation.roles))


def _has_times(operation: Operation) -> bool:
    return bool(operation.roles.timestamps)


def _has_window(operation: Operation) -> bool:
    return None not in (operation.roles.window, operation.roles.created, operation.roles.expires)


MAGNITUDE = Rule(
    id="time.magnitude",
    title="A time that cannot be Unix seconds",
    level="should",
    side="server",
    why="Milliseconds, zero and sentinel dates parse without error and put the batch decades away.",
    remedy="Send whole seconds since 1970; leave an unset time out, or null where the contract allows it.",
    source="the document's examples (1741685413)",
    breaks='{"created_at": 1741685413000}',
    keeps='{"created_at": 1741685413}',
    said=at_example_of_time,
    clauses=where(_has_times, Template("time.magnitude.clause", "times are Unix seconds of our time"), "200"),
    exercised=is_batch,
    concern="sense",
    check=_check_magnitude,
    looks_at="values",
    surely_kept=surely_in_time,
    highlight=at_pointer,
    requests=gets_a_batch,
    reaches_client=True,
    merge=values_of_one_kind(_UNITS, _NO_AGE, _UNITS["distant"]),
    covers=(("times of a batch", "seconds"),),
)

ORDER = Rule(
    id="time.order",
    title="Times of a batch are out of order",
    level="should",
    side="server",
    why="A stage cannot begin before the one it follows, nor anything before the batch was created.",
    remedy="Set each time once, when its stage begins, from one clock.",
    source="the vendor's guide: the order of states",
    breaks='{"in_progress_at": 20, "completed_at": 10}',
    keeps='{"in_progress_at": 10, "completed_at": 20}',
    clauses=where(_has_times, Template("time.order.clause", "times are in the order of the states"), "200"),
    exercised=is_batch,
    concern="sense",
    check=_check_order,
    looks_at="values",
    surely_kept=surely_in_time,
    highlight=at_pointer,
    requests=gets_a_batch,
    reaches_client=True,
    merge=many_places(
        MOST_KINDS,
        _NO_ORDER,
        Template("many.in_order", "times in the order of the states"),
        else_merge=_behind_one_time,
    ),
    covers=(("times of a batch", "in order"),),
)

WINDOW = Rule(
    id="time.window",
    title="The expiry is not the creation plus the window",
    level="info",
    side="server",
    why="Clients plan by the completion window; vendors differ, so this is only told.",
    remedy="Let the expiry be creation plus completion window, or document how it is made.",
    source="the document's example: 24h and 86400 seconds",
    breaks='{"completion_window": "24h", "created_at": 0, "expires_at": 3600}',
    keeps='{"completion_window": "24h", "created_at": 0, "expires_at": 86400}',
    said=at_example_of_time,
    clauses=where(_has_window, Template("time.window.clause", "a batch expires when its window ends"), "200"),
    exercised=is_batch,
    concern="sense",
    check=_check_window,
    looks_at="values",
    surely_kept=surely_in_time,
    highlight=at_pointer,
    requests=gets_a_batch,
    reaches_client=True,
    covers=(("times of a batch", "the window"),),
)

EXPIRED_EARLY = Rule(
    id="time.expired_early",
    title="A batch expired well before its expiry",
    level="should",
    side="server",
    why="Clients wait until the expiry, and plan by it: one of the two times is wrong.",
    remedy="Expire a batch at its expiry, and call one that ended for another reason failed or cancelled.",
    source="the meaning of an expiry: two times of one answer contradict each other",
    breaks='{"status": "expired", "expired_at": 1741685500, "expires_at": 1741771813}',
    keeps='{"status": "expired", "expired_at": 1741771810, "expires_at": 1741771813}',
    clauses=where(_has_expiry, Template("time.expired_early.clause", "no batch expires well before its expiry"), "200"),
    exercised=is_batch,
    concern="sense",
    check=_check_expired,
    looks_at="values",
    surely_kept=surely_in_time,
    highlight=at_pointer,
    requests=gets_a_batch,
    reaches_client=True,
    covers=(("times of a batch", "not before it was due"),),
)

AHEAD = Rule(
    id="time.ahead",
    title="A time that has passed is later than the answer itself",
    level="should",
    side="server",
    why="A batch that was created tomorrow is no batch: times were made with the offset of a time zone, or by another "
    "clock.",
    remedy="Take Unix seconds in UTC, from a clock that is set as the one of Date.",
    source="RFC 9110 section 6.6.1: Date is when the answer was made; a time of the same answer contradicts it",
    breaks='Date: Tue, 11 Mar 2025 09:30:13 GMT, {"created_at": 1741714213}',
    keeps='Date: Tue, 11 Mar 2025 09:30:13 GMT, {"created_at": 1741685413, "expires_at": 1741771813}',
    clauses=where(_has_passed_times, Template("time.ahead.clause", "no time is later than the answer"), "200"),
    exercised=is_batch,
    concern="sense",
    check=_check_ahead,
    looks_at="bytes",
    kept_by_plain_reads=True,
    highlight=at_pointer,
    requests=gets_a_batch,
    covers=(("times of a batch", "not after the answer's own Date"),),
)

RULES = (MAGNITUDE, ORDER, WINDOW, EXPIRED_EARLY, AHEAD)
