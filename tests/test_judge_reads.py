"""Reads of a batch over time: which are only counted, which are compared and with what, and what was answered when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from cases_lists import lists
from judge_support import COMPLETED, JSON, KNOWN, OTHER, QUEUED, contract, in_order, openai_like, sent

from batch_conformance.exchange.exchange import RECORDED, Exchange, Failure, Probe, Request
from batch_conformance.findings.finding import Deviation
from batch_conformance.judge import applying
from batch_conformance.judge.availability import down_of, is_down
from batch_conformance.judge.log import CUT, DOWN, FOREIGN, UP, Facts, Log, Row
from batch_conformance.judge.reads import (
    Compared,
    Reduced,
    answered_in,
    compare,
    is_reduced,
    observation_of_row,
    path_of_row,
    plain_probe,
)
from batch_conformance.message import shown
from batch_conformance.observation.observation import Observation, at
from batch_conformance.rules.history import BatchHistory

ACCEPT = (("Accept", JSON),)
ID = contract().chosen.id
RUNNING = {**QUEUED, "status": "in_progress", "in_progress_at": 1741685420}
GONE = {"answered": False, "failure": Failure("reset", shown("reset"))}


def new_log(*, keeps_all: bool = False) -> Log:
    return Log(contract(), contract().chosen, keeps_all=keeps_all)


def facts(body: dict[str, Any], tag: tuple[str, int, str] | None = None) -> Facts:
    log = new_log()
    values = tuple(at(body, place) for place in log.pointers)
    return (200, JSON, values, tag, UP)


def polls(*reads: tuple[float, dict[str, Any]] | tuple[float, dict[str, Any], Any], key: str = KNOWN) -> Log:
    """A log of plain reads, each at a moment, with a body, and what is told of its length."""
    log = new_log()
    for number, (moment, *answer) in enumerate(reads):
        log.add_plain([(key, (moment, number, 0.25), (300, ACCEPT, facts(*answer), None))])
    return log


def logged(*exchanges: Exchange, keeps_all: bool = False, end: int = 0) -> Log:
    """A log of exchanges with their numbers and times in order."""
    log = new_log(keeps_all=keeps_all)
    for one in in_order(*exchanges):
        observation = Observation(one, contract())
        cut = one.response is not None and one.response.truncated
        log.add(observation, end | DOWN * is_down(observation) | CUT * cut)
    return log


Histories = list[list[tuple[int, Any]]]


@pytest.fixture
def histories(monkeypatch: pytest.MonkeyPatch) -> Histories:
    """Numbers and lengths of the reads that were compared with each other, of each batch."""
    seen: Histories = []
    rules_compare = applying.compare

    def spied(history: BatchHistory) -> Iterable[Deviation]:
        numbers = [one.exchange.number for one in history.observations]
        seen.append(list(zip(numbers, history.lengths, strict=True)))
        return rules_compare(history)

    monkeypatch.setattr(applying, "compare", spied)
    return seen


def numbers(histories: Histories) -> list[list[int]]:
    return [[number for number, _ in one] for one in histories]


def availability(made: Compared) -> tuple[Any, ...]:
    held = vars(made.availability)
    return held["_answered"], held["_a_batch_was_shown"], held["_whole"], dict(held["_cut"]), held["_downs"]


PLAIN = f"{RECORDED}/GET"
CALM: Sequence[tuple[Any, ...]] = (
    ((1.0, QUEUED), (2.0, QUEUED), (3.0, QUEUED)),
    ((1.0, QUEUED), (2.0, RUNNING), (3.0, RUNNING), (4.0, COMPLETED)),
    ((1.0, QUEUED), (1.0, RUNNING), (1.0, RUNNING)),  # at one moment the number decides
    ((1.0, QUEUED, ("", 5, '"a"')), (2.0, RUNNING, ("", 6, '"b"')), (3.0, RUNNING, ("", 6, '"b"'))),
    ((1.0, QUEUED, ("", 5, "")), (2.0, RUNNING, ("", 6, ""))),
    ((1.0, QUEUED, "12"), (2.0, RUNNING, None)),
    ((1.0, QUEUED),),
)


@pytest.mark.parametrize("reads", CALM, ids=range(len(CALM)))
def test_reads_of_a_batch_that_only_moves_on_are_counted(reads: Sequence[Any], histories: Histories) -> None:
    made = compare([polls(*reads)])
    assert histories == []
    assert dict(made.read_again) == {ID: len(reads) - 1}
    assert made.latest == reads[-1][0]
    assert availability(made) == ({PLAIN}, True, {200}, {}, [])
    assert (made.deviations, made.foreign, made.named_again) == ([], False, {ID: set()})


LIVELY: Sequence[tuple[tuple[Any, ...], list[int]]] = (
    (((1.0, RUNNING), (2.0, QUEUED)), [0, 1]),
    (((2.0, QUEUED), (1.0, QUEUED)), []),
    (((3.0, QUEUED), (4.0, QUEUED), (2.0, QUEUED)), []),
    (((3.0, QUEUED), (1.0, QUEUED), (2.5, QUEUED)), []),
    (((3.0, QUEUED), (4.0, QUEUED), (3.5, RUNNING)), [0, 2, 1]),
    (((1.0, QUEUED), (3.0, RUNNING), (0.5, RUNNING), (4.0, RUNNING)), [2, 0, 1, 3]),
    (((1.0, QUEUED), (3.0, RUNNING), (4.0, RUNNING), (0.5, RUNNING)), [3, 0, 1, 2]),
    (((1.0, QUEUED, ("", 5, '"a"')), (2.0, RUNNING, ("", 6, '"a"'))), [0, 1]),
    (((1.0, QUEUED, ("", 5, '"a"')), (2.0, RUNNING, ("", 5, '"b"')), (3.0, COMPLETED, ("", 6, '"b"'))), [0, 1, 2]),
    (((1.0, {**QUEUED, "id": OTHER}), (2.0, {**QUEUED, "id": OTHER})), [0, 1]),
)
"""Reads that do not all come in time and move on, and the numbers of those that are compared in the end."""


@pytest.mark.parametrize(("reads", "compared"), LIVELY, ids=range(len(LIVELY)))
def test_other_reads_of_a_batch_are_taken_in_one_by_one(
    reads: Sequence[Any], compared: list[int], histories: Histories
) -> None:
    made = compare([polls(*reads)])
    assert numbers(histories) == ([compared] if compared else [])
    assert dict(made.read_again) == {ID: len(reads) - 1}
    assert made.latest == max(read[0] for read in reads)
    assert availability(made) == ({PLAIN}, True, {200}, {}, [])


def test_batches_add_up_and_the_latest_request_of_all_counts() -> None:
    one, other = polls((5.0, QUEUED), (9.0, QUEUED)), polls((1.0, QUEUED), (2.0, QUEUED), (3.0, QUEUED), key=OTHER)
    for key, held in polls((2.0, {**QUEUED, "id": OTHER}), (8.0, {**QUEUED, "id": OTHER}), key=OTHER).groups():
        one._held[key] = held
    assert compare([one]).latest == 9.0
    assert dict(compare([one]).read_again) == {ID: 2}
    both = compare([one, other])
    assert (both.latest, dict(both.read_again)) == (9.0, {ID: 4})
    nothing = compare([])
    assert nothing == Compared(availability=nothing.availability, latest=float("-inf"), foreign=False)


def test_a_run_has_every_read_compared_with_what_is_told_of_the_lengths(histories: Histories) -> None:
    length = str(len(sent().response.body))  # type: ignore[union-attr]
    exchanges = (sent(), sent(b"", method="HEAD", headers=(("Content-Length", length),)), sent())
    made = compare([logged(*exchanges, keeps_all=True)])
    assert histories == [[(0, None), (1, length), (2, None)]]
    assert dict(made.read_again) == {ID: 1}  # a HEAD shows no batch
    assert availability(made) == ({"chapter/read"}, True, {200}, {}, [])


@pytest.mark.parametrize(
    "exchanges",
    [
        (sent(), sent(b"", method="HEAD")),
        (sent(), sent(b"", 404)),
        (sent(COMPLETED), sent()),
        (sent(), sent({**QUEUED, "id": OTHER})),
        (sent(), sent(truncated=True)),
        (sent(b"", 301), sent()),
    ],
    ids=range(6),
)
def test_in_a_recording_reads_that_are_not_all_of_a_batch_that_moves_on_are_compared(
    exchanges: Sequence[Exchange], histories: Histories
) -> None:
    compare([logged(*exchanges)])
    assert numbers(histories) == [[0, 1]]


@pytest.mark.parametrize(
    "exchanges",
    [
        (sent(), sent(COMPLETED)),
        (sent(), sent(b"", 404, credential="missing")),
        (sent(), sent(method="POST")),
        (sent(),),
    ],
    ids=range(4),
)
def test_in_a_recording_reads_of_a_batch_that_moves_on_are_not_compared(
    exchanges: Sequence[Exchange], histories: Histories
) -> None:
    compare([logged(*exchanges)])
    assert histories == []


@pytest.mark.parametrize(
    ("changes", "is_read"),
    [
        ({}, True),
        ({"method": "HEAD"}, True),
        ({"method": "POST"}, False),
        ({"credential": "missing"}, False),
        ({"forced": 200}, False),
        ({"subject": "unknown"}, True),
    ],
    ids=str,
)
def test_reads_with_the_valid_credential_are_compared(changes: Any, is_read: bool, histories: Histories) -> None:
    compare([logged(sent(), sent(COMPLETED), sent(**changes))])
    assert numbers(histories) == ([[0, 1, 2]] if is_read else [])


def test_only_reads_of_known_batches_that_were_answered_with_one_are_read_again() -> None:
    exchanges = (sent(), sent(), sent(subject="unknown"), sent(b"", 404), sent(), sent(credential="missing"))
    assert dict(compare([logged(*exchanges)]).read_again) == {ID: 2}
    assert dict(compare([logged(sent(b"", 404), sent(b"", 404))]).read_again) == {ID: 0}


def test_the_list_is_no_read_of_what_was_read_before(histories: Histories) -> None:
    operation = next(one for one in lists().operations if one.role == "list")
    log = Log(lists(), operation)
    for number in range(2):
        exchange = replace(sent({"object": "list", "data": []}, path="/batches", batch_id=None), number=number)
        log.add(Observation(exchange, lists()), UP)
    made = compare([log])
    assert numbers(histories) == [[0, 1]]
    assert availability(made)[0] == {f"chapter/read ({operation.id})"}


def test_what_was_answered_and_what_was_not_is_taken_in_with_its_end() -> None:
    exchanges = (
        sent(),
        sent(b"", 404, name="gzip", credential="missing"),
        sent(b"", 206, method="HEAD", name="head"),
        sent(b"half", 203, truncated=True, name="cut"),
        sent(b"half", 203, truncated=True, name="cut"),
        sent(b"", 503, name="busy"),
        sent(**GONE, name="gone"),
    )
    log = logged(*exchanges)
    made = compare([log])
    answered, was_shown, whole, cut, downs = availability(made)
    assert answered == {"chapter/read", "chapter/gzip", "chapter/head", "chapter/cut"}
    assert (was_shown, whole, cut) == (True, {200, 404, 503}, {203: 2})
    busy, gone = (Observation(one, contract()) for one in in_order(*exchanges)[-2:])
    assert downs == [down_of(busy, KNOWN, 0), down_of(gone, KNOWN, 0)]
    assert made.latest == 4.0
    assert made.foreign is False


def test_the_size_of_what_was_down_is_that_of_its_body() -> None:
    made = compare([logged(sent(b"<p>busy</p>", 503))])
    assert [down.size for down in availability(made)[4]] == [11]
    assert made.latest == float("-inf")


@pytest.mark.parametrize(("end", "is_foreign"), [(UP, False), (CUT, False), (FOREIGN, True), (FOREIGN | DOWN, True)])
def test_words_of_a_gateway_are_noted(end: int, is_foreign: bool) -> None:
    log = new_log()
    log.add(Observation(sent(b"", 404), contract()), end)
    log.add(Observation(replace(sent(), number=1), contract()), UP)
    assert compare([log]).foreign is is_foreign


def test_of_several_servers_only_batches_that_were_made_at_one_time_are_compared(histories: Histories) -> None:
    later = {**COMPLETED, "created_at": 1741685999}
    log = logged(sent(COMPLETED), sent(later), sent(QUEUED), sent({**QUEUED, "created_at": 1741685999}), sent(b"", 404))
    compare([log], of_several_servers=True)
    assert numbers(histories) == [[0, 2], [1, 3]]
    histories.clear()
    compare([log])
    assert numbers(histories) == [[0, 1, 2, 3, 4]]


def test_of_several_servers_nothing_is_compared_where_no_time_of_creation_is_known(histories: Histories) -> None:
    operation = contract().chosen
    for roles in (replace(operation.roles, created=None), replace(operation.roles, created="/made")):
        log = logged(sent(COMPLETED), sent(QUEUED))
        log.operation = replace(operation, roles=roles)
        compare([log], of_several_servers=True)
    assert histories == []


def test_a_deviation_comes_with_the_row_that_shows_it() -> None:
    log = logged(sent(COMPLETED), sent(QUEUED))
    made = compare([log])
    rows = log.of(KNOWN)
    assert [one.rule for one, _ in made.deviations] == ["state.regressed"]
    assert all(row is rows[one.exchange.number] for one, row in made.deviations)


def test_everything_that_was_answered_is_said_with_its_time_kind_and_id() -> None:
    log = polls((1.5, QUEUED), (2.5, QUEUED), (3.5, QUEUED), (9.5, COMPLETED))
    late = replace(sent(b"", 404, name="other", attempt=1), number=8, started_at=7.0)
    busy = replace(late, number=9, response=replace(late.response, status=503))  # type: ignore[type-var]
    nameless = replace(late, number=10, probe=replace(late.probe, batch_id=None, path=KNOWN))
    for exchange in (late, busy, nameless):
        observation = Observation(exchange, contract())
        log.add(observation, DOWN * is_down(observation))
    assert list(answered_in(log)) == [
        ((1.5, 0, 0), PLAIN, KNOWN),
        ((2.5, 1, 0), PLAIN, KNOWN),
        ((3.5, 2, 0), PLAIN, KNOWN),
        ((9.5, 3, 0), PLAIN, KNOWN),
        ((7.0, 8, 1), "chapter/other", KNOWN),
        ((7.0, 10, 1), "chapter/other", ""),
    ]
    assert [type(moment[1]) for moment, _, _ in answered_in(log)] == [int] * 6


def test_of_several_operations_what_was_answered_names_its_own() -> None:
    operation = next(one for one in lists().operations if one.role == "retrieve")
    log = Log(lists(), operation)
    log.add_plain([(KNOWN, (1.0, 0, 0.25), (300, ACCEPT, facts(QUEUED), None))])
    log.add_plain([(KNOWN, (2.0, 1, 0.25), (300, ACCEPT, facts(QUEUED), None))])
    log.add(Observation(replace(sent(b"", 404), number=2), lists()), UP)
    name = f" ({operation.id})"
    assert {(kind, batch_id) for _, kind, batch_id in answered_in(log)} == {
        (PLAIN + name, KNOWN + name),
        ("chapter/read" + name, KNOWN + name),
    }
    calm = Log(lists(), operation)
    calm.add_plain([(KNOWN, (1.0, 0, 0.25), (300, ACCEPT, facts(QUEUED), None))])
    assert availability(compare([calm]))[0] == {PLAIN + name}
    assert availability(compare([log]))[0] == {PLAIN + name, "chapter/read" + name}


COUNTS = b'{"request_counts": {"total": 1, "completed": 2, "failed": 0}}'


def stub(body: dict[str, Any], **changes: Any) -> Exchange:
    log = polls((1.5, body))
    (row,) = log.of(KNOWN)
    return observation_of_row(KNOWN, row._replace(**changes), log).exchange


def test_of_a_plain_read_as_much_is_made_again_as_reads_are_compared_by() -> None:
    exchange = stub(COMPLETED)
    assert exchange.probe == Probe(RECORDED, "GET", f"/batches/{KNOWN}", KNOWN, "known", headers=ACCEPT)
    assert exchange.request == Request("GET", f"/batches/{KNOWN}", ACCEPT)
    assert exchange.response is not None
    assert (exchange.response.status, exchange.response.headers) == (200, (("Content-Type", JSON),))
    assert exchange.response.truncated is False
    assert (exchange.number, exchange.attempt, exchange.final, exchange.started_at, exchange.elapsed) == (
        *(0, 0, True, 1.5, 0.25),
    )
    log, observation = new_log(), Observation(exchange, contract())
    assert observation.batch is not None
    places = [place for place in log.pointers if at(COMPLETED, place) is not None]
    assert {place: at(observation.batch, place) for place in places} == {
        place: at(COMPLETED, place) for place in places
    }
    assert set(observation.batch) == {place.split("/")[1] for place in places}


def test_the_exchange_of_an_odd_row_is_made_again_with_its_own_probe_and_moment() -> None:
    probe = sent(name="odd", asked=()).probe
    made = stub(QUEUED, probe=probe, attempt=3, final=False, number=5, facts=(0, "", None, None, UP), elapsed=0.5)
    assert made == Reduced(
        5, probe, Request("GET", probe.path, ()), None, attempt=3, final=False, started_at=1.5, elapsed=0.5
    )


@pytest.mark.parametrize(
    ("of", "headers", "body", "truncated"),
    [
        ((404, "", None, None, UP), (), b"", True),
        ((404, "a/b\nc/d", None, None, UP), (("Content-Type", "a/b"), ("Content-Type", "c/d")), b"", True),
        ((200, "", (None,) * 21, None, UP), (), b"{}", False),
        ((200, "", (("boolean", True), ("other",), *(None,) * 19), None, UP), (), b'{"id": true, "status": []}', False),
        ((200, "", (*(None,) * 18, 1, 2, 0), None, UP), (), COUNTS, False),
    ],
    ids=range(5),
)  # fmt: skip
def test_the_answer_is_made_again_of_its_facts(of: Facts, headers: Any, body: bytes, truncated: bool) -> None:
    made = stub(QUEUED, facts=of).response
    assert made is not None
    assert (made.status, made.headers, made.body, made.truncated) == (of[0], headers, body, truncated)


def test_a_value_inside_of_one_that_is_none_of_its_object_is_left_out() -> None:
    log = polls((1.0, QUEUED))
    log.pointers = ("/a", "/a/b", "/c~1d/e~0f", "/c~1d/g")
    (row,) = log.of(KNOWN)
    row = row._replace(facts=(200, "", ("x", 1, 2, 3), None, UP))
    response = observation_of_row(KNOWN, row, log).exchange.response
    assert response is not None
    assert response.body == b'{"a": "x", "c/d": {"e~f": 2, "g": 3}}'


def test_an_observation_or_an_exchange_that_was_kept_is_given_as_it_is() -> None:
    kept, whole = logged(sent(), keeps_all=True), logged(sent())
    (of_run,), (of_recording,) = kept.of(KNOWN), whole.of(KNOWN)
    assert observation_of_row(KNOWN, of_run, kept) is of_run.raw
    assert observation_of_row(KNOWN, of_recording, whole).exchange is of_recording.raw
    assert observation_of_row(KNOWN, of_recording, whole).contract is contract()


def test_the_path_of_a_row_is_that_of_its_request_or_of_its_batch() -> None:
    row = Row(1.0, 0, 0, 0.5, True, 3, None, (), facts(QUEUED), None)
    assert path_of_row("a", row, contract().chosen) == "/batches/a"
    assert path_of_row("a", row._replace(probe=sent(path="/x").probe), contract().chosen) == "/x"
    assert plain_probe(openai_like().chosen, "b", ()).path == "/batches/b"


def test_a_part_of_an_exchange_is_one_of_that_one_with_its_probe_and_moment() -> None:
    exchange = stub(QUEUED)
    whole = replace(sent(), probe=exchange.probe, started_at=1.5)
    assert is_reduced(exchange)
    assert is_reduced(exchange, whole)
    assert not is_reduced(exchange, replace(whole, started_at=2.0))
    assert not is_reduced(exchange, replace(whole, probe=sent().probe))
    assert not is_reduced(whole)
    assert not is_reduced(whole, whole)
