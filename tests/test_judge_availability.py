"""What is told an outage and what drift, against the definition: the plain one, that looks at every later request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from judge_cases import drops
from judge_support import QUEUED, contract, sent, unknown

from batch_conformance.exchange.exchange import Exchange, Failure
from batch_conformance.findings.finding import Deviation
from batch_conformance.findings.fold import fold
from batch_conformance.judge.availability import (
    BROKEN_ID,
    EVERY_ID,
    ONE_ID,
    ONE_READ,
    Availability,
    AvailabilityResult,
    PersistentFailure,
    down_of,
    ended,
    is_down,
    is_often,
    kind_of,
    request_kind,
    shows_a_batch,
)
from batch_conformance.judge.judge import judge
from batch_conformance.message import Message, shown
from batch_conformance.observation.observation import Observation, reported_subjects

RULES = frozenset({"response.server_error", "response.silent", "response.drops"})
IDS = ("batch_one", "batch_two", "batch_three", "batch_four")


def by_definition(exchanges: Sequence[Exchange]) -> tuple[list[Deviation], frozenset[int]]:
    """The deviations, and the numbers of what an outage or a limit left open."""
    run = [Observation(one, contract()) for one in sorted(exchanges, key=lambda one: (one.started_at, one.order))]
    drift: list[PersistentFailure] = []
    unjudged: set[int] = set()
    ids, reads = broken_ids(run), broken_reads(run)
    others = [one for one in run if one.exchange.probe.batch_id not in ids]
    for place, one in enumerate(run):
        if not one.exchange.final or not is_down(one):
            continue
        of = ids.get(one.exchange.probe.batch_id or "")
        if of is not None:
            repeats = up_afterwards(run, place, lambda other: str(ids.get(other.exchange.probe.batch_id or "", "")))
        elif read_of(one) in reads:
            repeats, of = True, ONE_READ(kind=kind(one), id=one.exchange.probe.batch_id or "")
        else:
            repeats = always_fails(one, others) and up_afterwards(run, place, kind)
        down = down_of(one, "", 0)
        if repeats and down.sort in ("error", "silent"):
            drift.append(PersistentFailure(down, of))
        else:
            unjudged.add(one.exchange.number)
    told = reported_subjects({one.down.subject for one in drift})
    drift = [one for one in drift if one.down.subject in told]
    failed = {one.exchange.number for one in run if one.exchange.final and is_down(one)}
    dropped = [down for one in run if is_down(one) and (down := down_of(one, "", 0)).healed_drop]
    healed = [down for down in dropped if down.moment[1] not in failed]
    if is_often(len(healed), len(run)):
        drift += (PersistentFailure(down, drops=(len(healed), len(run))) for down in healed)
    observations = {one.exchange.order: one for one in run}
    together = AvailabilityResult(tuple(drift), frozenset())
    if behind_the_door(run):
        # One cause, told as such: every request with the valid credential gets a server error.
        drift = [one for one in drift if one.down.sort != "error" or not has_key(observations[one.down.moment[1:]])]
    shown_by = [(one, observations[one.down.moment[1:]]) for one in drift]
    told_of = [one.deviation(shows, together.asked(one, request_kind(shows))) for one, shows in shown_by]
    return told_of, frozenset(unjudged)


def behind_the_door(run: Sequence[Observation]) -> bool:
    """Whether a credential was refused, and all that the valid one ever got were server errors."""
    refused = [one for one in run if one.exchange.probe.credential == "missing" and one.exchange.failure is None]
    got = [one.exchange for one in run if has_key(one) and one.exchange.final]
    answers = [one.status or 0 for one in got if one.failure is None]
    broken = bool(got) and len(answers) == len(got) and all(500 <= status <= 599 for status in answers)
    return broken and any(400 <= (one.exchange.status or 0) < 500 and one.exchange.status != 429 for one in refused)


def has_key(one: Observation) -> bool:
    return one.exchange.probe.credential == "valid"


def kind(one: Observation) -> str:
    return kind_of(one.exchange.probe)


def read_of(one: Observation) -> str:
    return f"{kind(one)} with the id {one.exchange.probe.batch_id or ''}"


def plain_reads(run: Sequence[Observation]) -> Iterator[tuple[int, Observation]]:
    return (
        (place, one)
        for place, one in enumerate(run)
        if shows_a_batch(one.exchange.probe) and one.exchange.status != 429
    )


def broken_ids(run: Sequence[Observation]) -> dict[str, Message]:
    failed: dict[str, list[int]] = {}
    answered = set()
    for place, one in plain_reads(run):
        if not is_down(one):
            answered.add(one.exchange.probe.batch_id)
        elif one.exchange.final:
            failed.setdefault(one.exchange.probe.batch_id or "", []).append(place)
    names = [
        name
        for name, places in failed.items()
        if len(places) >= BROKEN_ID and name not in answered
        if not all(is_down(one) for one in run[places[0] : places[-1]])
    ]
    return {name: ONE_ID(id=name) if answered or len(names) == 1 else EVERY_ID() for name in names}


def broken_reads(run: Sequence[Observation]) -> set[str]:
    failures: Counter[str] = Counter()
    answered = {read_of(one) for _, one in plain_reads(run) if not is_down(one)}
    last: dict[str, int] = {}
    for place, one in plain_reads(run):
        between = run[last.get(read_of(one), -1) + 1 : place]
        if is_down(one) and one.exchange.final and not all(map(is_down, between)):
            failures[read_of(one)] += 1
            last[read_of(one)] = place
    return {read for read, count in failures.items() if count >= BROKEN_ID and read not in answered}


def always_fails(one: Observation, others: Sequence[Observation]) -> bool:
    alike = [other for other in others if kind(other) == kind(one)]
    once = any(down_of(other, "", 0).reset_once for other in alike if is_down(other))
    failed = sum(is_down(other) and other.exchange.status != 429 for other in alike)
    return failed >= (3 if once else 2) and failed == len(alike)


def up_afterwards(run: Sequence[Observation], place: int, kind_of_one: Callable[[Observation], str]) -> bool:
    mine, subject = kind_of_one(run[place]), run[place].exchange.probe.subject
    for later in run[place + 1 :]:
        if kind_of_one(later) == mine:
            continue
        if not is_down(later):
            return True
        if later.exchange.final and later.exchange.probe.subject != subject:
            return False
    return False


def answer(how: str, which: str, batch_id: str) -> Exchange:
    """A request of a kind, answered somehow."""
    more: dict[str, object] = {"batch_id": batch_id, "name": which}
    if which == "head":
        more["method"] = "HEAD"
    elif which == "post":
        more["method"] = "POST"
    elif which == "unknown":
        more |= {"subject": "unknown", "batch_id": f"{batch_id}_nobodys"}
    elif which == "odd":
        more |= {"subject": "hostile", "batch_id": f"{batch_id} '"}
    elif which == "missing":
        more["credential"] = "missing"
    elif which == "recorded":
        more["subject"] = "recorded"
    if how in ("timeout", "reset"):
        return sent(b"", answered=False, failure=Failure(how, shown(how)), **more)  # type: ignore[arg-type]
    status = int(how)
    body = {**QUEUED, "id": batch_id} if status == 200 else {"code": status, "message": "It failed.", "data": ""}
    return sent(body, status, **more)  # type: ignore[arg-type]


KINDS = st.sampled_from(["read", "read", "read", "gzip", "head", "post", "unknown", "odd", "missing", "recorded"])
HOWS = st.sampled_from(["200", "200", "404", "500", "500", "500", "503", "429", "timeout", "reset"])


@st.composite
def all_runs(draw: st.DrawFn) -> list[Exchange]:
    """Few kinds of request for few ids, so that some always fail; several at one time; some were tried again."""
    always = draw(st.dictionaries(st.sampled_from(IDS) | KINDS, HOWS, max_size=3))
    asked = draw(st.lists(st.tuples(KINDS, st.sampled_from(IDS), HOWS, st.booleans()), min_size=3, max_size=24))
    times = draw(st.lists(st.integers(0, 12), min_size=len(asked), max_size=len(asked)))
    made: list[Exchange] = []
    for number, ((which, batch_id, how, again), moment) in enumerate(zip(asked, times, strict=True)):
        exchange = answer(always.get(batch_id, always.get(which, how)), which, batch_id)
        attempts = [exchange] * (1 + (again and is_down(Observation(exchange, contract()))))
        for attempt, one in enumerate(attempts):
            final = attempt == len(attempts) - 1
            made.append(
                replace(one, number=number, attempt=attempt, final=final, started_at=1e9 + moment + attempt / 4)
            )
    return made


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(all_runs())
def test_drift_and_outages_are_what_the_definition_says(run: list[Exchange]) -> None:
    ledger = judge(run, contract())
    deviations, unjudged = by_definition(run)
    assert tuple(finding for finding in ledger.findings if finding.rule in RULES) == fold(deviations)
    assert ledger.unjudged == unjudged


def test_an_id_that_one_client_asked_for_in_an_outage_alone_is_no_drift() -> None:
    polls = [answer("500", "read", IDS[0]) for _ in range(5)]
    run = [answer("200", "read", IDS[1]), *polls, *(answer("200", "read", IDS[1]) for _ in range(3))]
    run = [replace(one, number=number, started_at=1e9 + number) for number, one in enumerate(run)]
    assert not [finding for finding in judge(run, contract()).findings if finding.rule in RULES]
    between = [*run[:3], replace(run[0], number=9, started_at=run[2].started_at + 0.5), *run[3:]]
    assert [finding.rule for finding in judge(between, contract()).findings if finding.rule in RULES] == [
        "response.server_error"
    ]


def ending(*, host: str = "127.0.0.1:8000", last: str = "refused", **asked: Any) -> list[str]:
    """The levels of what is said of a server that resets one connection, and refuses or takes those after it."""
    exchanges = [
        sent(number=0),
        unknown(answered=False, failure=Failure("reset", shown("reset")), number=1, final=False, **asked),
        unknown(answered=False, failure=Failure("refused", shown("no")), number=1, attempt=1, **asked),
        sent(answered=False, failure=Failure("refused", shown("no")), number=2, final=False),
        sent(answered=False, failure=Failure("refused", shown("no")), number=2, attempt=1)
        if last == "refused"
        else sent(number=2, attempt=1),
    ]
    placed = [
        replace(
            one,
            started_at=float(place),
            request=replace(one.request, url=one.request.url.replace("https://api.example.com", f"http://{host}")),
        )
        for place, one in enumerate(exchanges)
    ]
    return [one.level for one in judge(placed, contract()).findings if one.rule == "response.silent"]


def test_a_request_that_ends_the_server_is_a_finding_on_this_machine_and_information_elsewhere() -> None:
    odd = {"subject": "hostile", "batch_id": "%"}
    assert ending(**odd) == ["should"]
    assert ending(credential="malformed") == ["should"]
    assert ending(**odd, host="api.example.com") == ["info"]


def test_a_server_that_ends_at_what_any_client_sends_or_that_comes_back_is_not_accused() -> None:
    assert ending() == []
    assert ending(subject="hostile", batch_id="%", last="answered") == []


def test_who_ended_a_server_on_another_machine_is_not_known() -> None:
    gone = Failure("reset", shown("closed"))
    elsewhere = sent(b"", answered=False, failure=gone, credential="wrong", final=True)
    here = replace(elsewhere, request=replace(elsewhere.request, url="http://127.0.0.1:8000/v1/batches/a"))
    told = [ended(Observation(one, contract()), sure=False) for one in (elsewhere, here)]
    assert [(one.level, one.side, one.status) for one in told if one] == [
        ("info", "network", ""),
        ("should", "server", ""),
    ]
    plain = Observation(sent(b"", answered=False, failure=gone), contract())
    assert ended(plain, sure=False) is None
    assert ended(plain, sure=True) is not None


def test_an_answer_without_a_tag_is_passed_over_between_those_with_one() -> None:
    moved = {**QUEUED, "status": "validating"}
    reads = (sent(headers=(("ETag", '"5"'),)), sent(moved), sent(moved, headers=(("ETag", '"5"'),)))
    in_time = [replace(one, number=place, started_at=float(place)) for place, one in enumerate(reads)]
    assert "stability.tag_reused" in {one.rule for one in judge(in_time, contract()).findings}


def test_drops_that_keep_coming_are_one_finding_of_as_many() -> None:
    def found(count: int, of: int) -> list[tuple[str, str, int, int, str]]:
        run = [replace(one, started_at=float(place)) for place, one in enumerate(drops(count, of))]
        told = [one for one in judge(run, contract()).findings if one.rule == "response.drops"]
        return [(one.status, one.kind, one.occurrences, one.evidence.number, str(one.observed)) for one in told]

    assert found(5, 25) == [("", "reset", 5, 0, "5 of 25 requests dropped and healed by a retry")]
    assert found(4, 20) == found(5, 26) == []


def test_what_breaks_for_known_ids_is_not_told_of_unknown_ones_again() -> None:
    def found(known: str, other: str) -> list[tuple[str, int]]:
        run = [
            sent(),
            *(one for _ in range(2) for one in (broken("known", known), sent(), broken("unknown", other), sent())),
        ]
        numbered = [replace(one, number=n, started_at=float(n)) for n, one in enumerate(run)]
        return [(one.kind, one.occurrences) for one in judge(numbered, contract()).findings if one.rule in RULES]

    assert found("odd_known", "odd_unknown") == [("known", 2)]
    assert found("odd_known", "other_unknown") == [("known", 2), ("unknown", 2)]


def broken(subject: str, name: str) -> Exchange:
    return sent(b"", 500, subject=subject, batch_id=IDS[3], name=name)


def test_bodies_without_an_end_are_told_where_no_answer_of_their_status_had_one() -> None:
    endless = sent(b"", 206, headers=(("Content-Length", "9"),), failure=Failure("timeout", shown("no end")))

    def told(*others: int) -> list[int]:
        made = Availability()
        made.add_batch((), set(), set(others[:1]))
        for place in range(3):
            exchange = replace(endless, number=place, started_at=1e9 + place)
            made.add_batch([down_of(Observation(exchange, contract()), str(place), 0)], set())
        made.add_batch((), set(), set(others[1:]))
        return [one.down.status for one in made.assess(lambda: (), 9).drift if one.endless]

    assert told(404, 200) == told(404) == [206] * 3
    assert told(206, 404) == told(404, 206) == told() == []
