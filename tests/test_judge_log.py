"""The log of an operation: what is held of each exchange, and that it is the same in memory, in files and over JSON."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cases_lists import lists, page
from judge_support import COMPLETED, JSON, KNOWN, OTHER, QUEUED, contract, sent

from batch_conformance.exchange.exchange import RECORDED, Exchange, Failure
from batch_conformance.judge import log as module
from batch_conformance.judge.log import CUT, DOWN, FOREIGN, UP, Facts, Log, Row, body_facts, each, key_of
from batch_conformance.message import shown
from batch_conformance.observation.observation import Observation

ACCEPT = (("Accept", JSON),)
FACTS: Facts = (200, JSON, ("a", 1), None, UP)
OTHER_FACTS: Facts = (200, "", ("b", 2), None, UP)
QUEUED_FACTS = (
    *(KNOWN, "in_queue", 1741685413, 1741771813, None, None, None, "24h", "/v1/chat/completions", None),
    *(None, None, None, None, "file-jkvytbjtow", {"description": "nightly eval job"}, "batch", None, None, None, None),
)
"""What reads of the vendor's example are compared by, in the order of ``Log.pointers``."""
BODY = sent().response.body  # type: ignore[union-attr]


def logged(most: int = 1000, folder: Path | None = None, *, keeps_all: bool = False) -> Log:
    return Log(contract(), contract().chosen, most, folder, keeps_all=keeps_all)


def seen(exchange: Exchange, number: int = 0, begun: float = 5.0) -> Observation:
    return Observation(replace(exchange, number=number, started_at=begun, elapsed=0.5), contract())


def plain(log: Log, number: int, key: str = KNOWN, **changes: Any) -> None:
    """Put by a plain read; numbers are in the order of time."""
    read = {"size": 10, "accept": ACCEPT, "facts": FACTS, "raw": None, **changes}
    log.add_plain([(key, (100.0 + number, number, 0.25), (read["size"], read["accept"], read["facts"], read["raw"]))])


def row(number: int, **changes: Any) -> Row:
    """The row that such a read is."""
    made = Row(100.0 + number, number, 0, 0.25, True, 10, None, ACCEPT, FACTS, None)
    return made._replace(**changes)


def test_places_that_reads_are_compared_by_are_in_a_fixed_order_those_of_one_object_together() -> None:
    assert logged().pointers == (
        *("/id", "/status", "/created_at", "/expires_at", "/cancelled_at", "/cancelling_at", "/completed_at"),
        *("/completion_window", "/endpoint", "/error_file_id", "/expired_at", "/failed_at", "/finalizing_at"),
        *("/in_progress_at", "/input_file_id", "/metadata", "/object", "/output_file_id"),
        *("/request_counts/total", "/request_counts/completed", "/request_counts/failed"),
    )
    roles = replace(contract().chosen.roles, results=("/files/output", "/late"), created="/files/made", counts=None)
    places = module.compared_places(roles)
    assert places[-2:] == ("/files/made", "/files/output")
    assert "/late" in places
    assert not [one for one in places if one.startswith("/request_counts")]


def test_plain_reads_that_come_to_the_same_are_put_by_as_when_number_and_seconds() -> None:
    log = logged()
    for number in range(3):
        plain(log, number)
    plain(log, 3, OTHER)
    assert log.of(KNOWN) == [row(0), array("d", (101.0, 1, 0.25, 102.0, 2, 0.25))]
    assert list(each(log.of(KNOWN))) == [row(0), row(1), row(2)]
    assert log.of(OTHER) == [row(3)]
    assert log.of("nobody") == []
    assert list(log.groups()) == [(KNOWN, log.of(KNOWN)), (OTHER, log.of(OTHER))]
    assert all(type(one.number) is int for one in each(log.of(KNOWN)))


@pytest.mark.parametrize(
    "changes",
    [
        {"size": 11},
        {"accept": ()},
        {"facts": (200, JSON, ("a", 2), None, UP)},
        {"facts": (201, JSON, ("a", 1), None, UP)},
        {"facts": (200, JSON, ("a", 1), ("10", 5, ""), UP)},
    ],
    ids=str,
)
def test_a_plain_read_that_differs_has_a_row_of_its_own(changes: dict[str, Any]) -> None:
    log = logged()
    plain(log, 0)
    plain(log, 1, **changes)
    plain(log, 2)
    assert log.of(KNOWN) == [row(0), row(1, **changes), row(2)]


def test_plain_reads_are_the_same_when_equal_and_need_not_be_the_same_objects() -> None:
    log = logged()
    plain(log, 0, raw=b"{}")
    plain(log, 1, accept=(("Accept", JSON),), facts=(200, JSON, ("a", 1), None, UP), raw=b"{}")
    assert log.of(KNOWN) == [row(0, raw=b"{}"), array("d", (101.0, 1, 0.25))]
    assert list(each(log.of(KNOWN))) == [row(0, raw=b"{}"), row(1)]  # only what was down has its own exchange


def test_a_plain_read_after_an_odd_one_has_a_row_of_its_own() -> None:
    log = logged()
    odd = seen(sent(b"", 404))
    log.add(odd, UP)
    plain(log, 1, facts=(404, JSON, None, None, UP), size=0, accept=())
    plain(log, 2, facts=(404, JSON, None, None, UP), size=0, accept=())
    assert [type(one) for one in log.of(KNOWN)] == [Row, Row, array]


def values(body: Any) -> tuple[Any, ...]:
    observation = seen(sent(body))
    log = logged()
    log.add(observation, UP)
    (held,) = log.of(KNOWN)
    return held.facts[2]  # type: ignore[no-any-return]


def test_of_a_batch_the_values_are_held_that_reads_are_compared_by() -> None:
    assert values(QUEUED) == QUEUED_FACTS
    odd = values({**QUEUED, "status": True, "created_at": 1.5, "expires_at": {"a": 1}, "metadata": [1], "id": [2]})
    assert odd[:4] == (("other",), ("boolean", True), 1.5, ("other",))
    assert odd[15] == ("other",)
    assert values({**QUEUED, "request_counts": {"total": 9, "completed": 3, "failed": 0}})[-3:] == (9, 3, 0)
    assert values({**QUEUED, "metadata": {"a": {"b": True}}})[15] == {"a": {"b": True}}
    assert values({**QUEUED, "metadata": "x"})[15] == "x"


def test_an_exchange_is_held_whole_with_what_it_is_compared_by() -> None:
    log = logged()
    answers = (("Content-Type", "text/plain"), ("ETag", '"one"'))
    observation = seen(sent(headers=answers, attempt=2, final=False), 7)
    log.add(observation, CUT)
    facts = (200, f"{JSON}\ntext/plain", QUEUED_FACTS, ("", body_facts(None, BODY, "x")[1], '"one"'), CUT)  # type: ignore[index]
    exchange = observation.exchange
    assert log.of(KNOWN) == [Row(5.0, 7, 2, 0.5, False, len(BODY), exchange.probe, (), facts, exchange)]
    assert log.of(KNOWN)[0].raw is exchange


def test_what_was_not_answered_has_no_status_type_or_batch() -> None:
    log = logged()
    failed = seen(sent(answered=False, failure=Failure("reset", shown("reset"))))
    log.add(failed, DOWN)
    (held,) = log.of(KNOWN)
    exchange = failed.exchange
    assert held[5] == 0
    assert held.facts[:3] == (0, "", None)
    assert held.facts[4] == DOWN
    assert held.facts[3] == hash((exchange.request, None, exchange.failure, ()))


def test_words_that_may_be_a_gateways_are_told_apart_by_all_of_the_exchange() -> None:
    log = logged()
    for number, body in enumerate((b"<p>busy</p>", b"<p>busy</p>", b"<p>gone</p>")):
        log.add(seen(sent(body, 502, media_type="text/html"), number, begun=10.0 + number), DOWN | FOREIGN)
    first, again, other = log.of(KNOWN)
    assert first.facts == again.facts != other.facts
    assert (first.raw is None, again.raw is None, other.raw is None) == (False, True, False)
    restored = list(each(log.of(KNOWN)))
    assert restored[1].raw == replace(first.raw, number=1, started_at=11.0)
    assert [one[:9] for one in restored] == [one[:9] for one in log.of(KNOWN)]


def test_the_exchange_of_a_repeat_is_that_of_the_first_at_its_own_time() -> None:
    log = logged()
    down = {"answered": False, "failure": Failure("reset", shown("reset"))}
    log.add(seen(sent(**down), 1, 20.0), DOWN)  # type: ignore[arg-type]
    log.add(Observation(replace(sent(**down, attempt=3, final=False), number=2, elapsed=0.75), contract()), DOWN)  # type: ignore[arg-type]
    first, again = each(log.of(KNOWN))
    assert first.raw == seen(sent(**down), 1, 20.0).exchange  # type: ignore[arg-type]
    assert again.raw == replace(first.raw, number=2, attempt=3, final=False, started_at=0.0, elapsed=0.75)


def test_a_repeat_of_an_answer_keeps_no_exchange() -> None:
    log = logged()
    for number in range(2):
        log.add(seen(sent(b"", 404), number), UP)
    first, again = log.of(KNOWN)
    assert again == first._replace(number=1, raw=None)
    assert again.facts is first.facts
    assert list(each(log.of(KNOWN))) == [first, again]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (sent(b"", 404), sent(b"", 410)),
        (sent(b"a", 404), sent(b"ab", 404)),
        (sent(b"", 404), sent(b"", 404, name="other")),
        (sent(), sent({**QUEUED, "status": "complete"})),
    ],
    ids=range(4),
)
def test_an_exchange_that_differs_in_status_size_request_or_values_is_held(first: Exchange, second: Exchange) -> None:
    log = logged()
    for number, one in enumerate((first, second)):
        log.add(seen(one, number), UP)
    assert [one.raw is None for one in log.of(KNOWN)] == [False, False]


def test_pages_of_lists_are_all_held() -> None:
    operation = next(one for one in lists().operations if one.role == "list")
    log = Log(lists(), operation)
    for number in range(2):
        log.add(Observation(replace(page("a"), number=number), lists()), UP)
    assert [one.raw is None for one in log.of("/batches")] == [False, False]


@pytest.mark.parametrize(("size", "is_read"), [((1 << 14) - 1, True), (1 << 14, False)])
def test_a_run_holds_each_observation_and_of_long_bodies_the_exchange(size: int, is_read: bool, tmp_path: Path) -> None:
    log = logged(1, tmp_path, keeps_all=True)
    observations = [seen(sent(b" " * (size - len(BODY)) + BODY), number) for number in range(2)]
    for observation in observations:
        log.add(observation, UP)
    held = log.of(KNOWN)
    assert all(one.raw is (a if is_read else a.exchange) for one, a in zip(held, observations, strict=True))
    assert {one.facts for one in held} == {(200, JSON, (), None, UP)}
    assert {one.size for one in held} == {size}
    assert list(tmp_path.iterdir()) == []  # nothing is put into a file


@pytest.mark.parametrize(
    ("put", "most"),
    [
        (lambda log, n: plain(log, n, facts=(n, "", None, None, UP)), 8),
        (lambda log, n: plain(log, n, facts=(n, "", None, None, UP), raw=b"{}"), 16),
        (lambda log, n: log.add(seen(sent(b"", 400 + n), n), UP), 16),
        (lambda log, n: plain(log, n) if n else None, 8),
    ],
    ids=["row", "line", "exchange", "plain"],
)
def test_rows_are_put_into_a_file_once_they_weigh_too_much(
    put: Callable[[Log, int], None], most: int, tmp_path: Path
) -> None:
    for number, limit in enumerate((most, most + 1)):
        folder = tmp_path / str(number)
        folder.mkdir()
        log = logged(limit, folder)
        put(log, 1)
        assert len(list(folder.iterdir())) == 1 - number
        log.close()


def test_what_came_to_the_same_weighs_an_eighth(tmp_path: Path) -> None:
    log = logged(8 + 3, tmp_path)
    for number in range(3):
        plain(log, number)
    assert list(tmp_path.iterdir()) == []
    plain(log, 3)
    assert len(list(tmp_path.iterdir())) == 1
    log.close()


def test_an_exchange_that_came_to_the_same_weighs_an_eighth_of_a_row(tmp_path: Path) -> None:
    log = logged(16 + 2, tmp_path)
    for number in range(2):
        log.add(seen(sent(b"", 404), number), UP)
    assert list(tmp_path.iterdir()) == []
    log.add(seen(sent(b"", 404), 2), UP)
    assert len(list(tmp_path.iterdir())) == 1
    log.close()


def test_after_a_file_was_written_repeats_go_on_and_weigh_from_nothing(tmp_path: Path) -> None:
    log = logged(9, tmp_path)
    for number in range(4):
        plain(log, number)  # the second one fills it, the others are 2 of 9
    assert log.of(KNOWN) == [row(0), array("d", (101.0, 1, 0.25)), array("d", (102.0, 2, 0.25, 103.0, 3, 0.25))]
    assert list(log.groups()) == [(KNOWN, log.of(KNOWN))]
    assert list(each(log.of(KNOWN))) == [row(number) for number in range(4)]
    plain(log, 9, "other")
    plain(log, 10, "a third")
    assert [key for key, _ in log.groups()] == ["a third", KNOWN, "other"]
    assert len(list(tmp_path.iterdir())) == 1
    log.close()
    assert log.of(KNOWN) == []


@pytest.mark.parametrize(("most_shown", "is_known"), [(2, True), (1, False)])
def test_of_more_batches_than_may_be_remembered_the_next_read_is_held(
    most_shown: int, is_known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_MOST_SHOWN", most_shown)
    log = logged()
    for number, key in enumerate((KNOWN, OTHER)):
        plain(log, number, key)
    log.spill()
    plain(log, 2)
    assert log.of(KNOWN) == [row(0), array("d", (102.0, 2, 0.25)) if is_known else row(2)]


def filled(folder: Path | None, numbers: range, most: int = 1000, key: str = KNOWN) -> Log:
    log = logged(most, folder)
    for number in numbers:
        plain(log, number, key)
    return log


@pytest.mark.parametrize("most", [9, 1000])
@pytest.mark.parametrize("in_files", [False, True])
def test_two_logs_add_up_and_what_comes_after_follows_neither(most: int, in_files: bool, tmp_path: Path) -> None:
    folder = tmp_path if in_files else None
    log, other = filled(folder, range(2), most), filled(folder, range(2, 6), most)
    third = filled(folder, range(6, 8), most, OTHER)
    other.update(third)
    log.update(other)
    plain(log, 8)
    assert sorted(each(log.of(KNOWN))) == [row(number) for number in (*range(6), 8)]
    assert [(key, sorted(each(held))) for key, held in log.groups()] == [
        (KNOWN, sorted(each(log.of(KNOWN)))),
        (OTHER, [row(6), row(7)]),
    ]
    assert row(8) in log.of(KNOWN)  # not as a repeat: another log's rows stand before it
    assert (other._spill, other._others) == (None, [])
    log.close()
    assert (log._spill, log._others) == (None, [])


def test_logs_that_add_up_to_too_much_are_put_into_a_file(tmp_path: Path) -> None:
    log, others = logged(4, tmp_path), [filled(None, range(4), key=key) for key in (KNOWN, OTHER)]
    for place, other in enumerate(others):
        log.update(other)  # two of each: a row, and the others as one
        assert len(list(tmp_path.iterdir())) == place
    assert [key for key, _ in log.groups()] == [KNOWN, OTHER]
    log.close()


def over_state(log: Log) -> Log:
    made = Log.__new__(Log)
    made.__setstate__(log.__getstate__())
    return made


@pytest.mark.parametrize("most", [9, 1000])
def test_a_log_without_a_folder_says_all_that_it_holds(most: int) -> None:
    log = filled(None, range(4), most)
    log.update(filled(None, range(4, 6), 9, OTHER))
    state = log.__getstate__()
    assert set(state) == {"contract", "operation", "most", "held"}
    made = over_state(log)
    assert (made.contract, made.operation, made._most) == (log.contract, log.operation, most)
    assert made.keeps_all is False
    for key, numbers in ((KNOWN, range(4)), (OTHER, range(4, 6))):
        assert list(each(made.of(key))) == [row(number) for number in numbers]
        assert {type(one) for one in made.of(key)} == {Row, array}


def test_a_log_with_a_folder_names_its_files_which_whoever_reads_it_takes_over(tmp_path: Path) -> None:
    log = filled(tmp_path, range(4), 9)
    log.update(filled(tmp_path, range(4, 6), 9, OTHER))
    state = log.__getstate__()
    assert set(state) == {"contract", "operation", "most", "files"}
    assert sorted(state["files"]) == sorted(tmp_path.iterdir())
    assert {path.suffix for path in state["files"]} == {".sqlite"}
    assert len(state["files"]) == 2
    made = Log.__new__(Log)
    made.__setstate__(state)
    assert list(tmp_path.iterdir()) == []
    assert list(each(made.of(KNOWN))) == [row(number) for number in range(4)]
    assert list(each(made.of(OTHER))) == [row(4), row(5)]
    assert [key for key, _ in made.groups()] == [KNOWN, OTHER]
    made.close()


def test_repeats_stay_with_the_read_that_they_repeat_whatever_was_added_in_between() -> None:
    log = filled(None, range(4), 9)
    other = logged(9)
    for number in (4, 5):
        plain(other, number, facts=OTHER_FACTS)
    log.update(other)
    expected = [*(row(number) for number in range(4)), *(row(number, facts=OTHER_FACTS) for number in (4, 5))]
    assert list(each(log.of(KNOWN))) == list(each(over_state(log).of(KNOWN))) == expected


def test_what_a_read_log_holds_weighs_by_its_rows() -> None:
    log = filled(None, range(4))
    log.update(filled(None, range(4), key=OTHER))
    state = {**log.__getstate__(), "most": 5}
    made = Log.__new__(Log)
    made.__setstate__(state)
    assert (made._spill, made._count) == (None, 4)
    plain(made, 9, "other")
    assert made._spill is not None


def test_exchanges_are_held_by_their_id_else_by_their_path() -> None:
    assert key_of(sent().probe) == KNOWN
    assert key_of(sent(batch_id="").probe) == ""
    assert key_of(sent(batch_id=None, path="/batches").probe) == "/batches"


def test_the_ends_of_a_request_can_be_added_up() -> None:
    assert len({DOWN * a + FOREIGN * b + CUT * c for a in (0, 1) for b in (0, 1) for c in (0, 1)}) == 8
    assert (DOWN | FOREIGN) & CUT == UP == 0


def test_a_batch_as_it_is_completed_has_its_times_and_files() -> None:
    assert values(COMPLETED)[6] == 1741685510
    assert RECORDED not in values(COMPLETED)
