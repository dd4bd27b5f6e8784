"""Lists beside the batches that were read, and files that several batches name: what is told of which, and when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from cases_lists import TWO, after, asked, item, lists, page, read
from judge_support import COMPLETED, KNOWN, OTHER, QUEUED, contract, in_order, sent

from batch_conformance.exchange.exchange import Exchange, Failure
from batch_conformance.findings.finding import Deviation
from batch_conformance.judge.availability import is_down
from batch_conformance.judge.file_numbers import FileNumbers, made_with
from batch_conformance.judge.listed import compare_list
from batch_conformance.judge.log import DOWN, FOREIGN, UP, Log, Row
from batch_conformance.judge.shared_files import shared_files
from batch_conformance.message import shown
from batch_conformance.observation.observation import Observation

NOW = 1_741_900_000.0
DAY = 86_400


def logs_of(exchanges: Sequence[Exchange], *, foreign: Sequence[int] = (), keeps_all: bool = True) -> tuple[Log, Log]:
    """The logs of the list and of the batches, of exchanges in the order of time."""
    made = {one.role: Log(lists(), one, keeps_all=keeps_all) for one in lists().operations}
    for one in in_order(*exchanges):
        observation = Observation(replace(one, started_at=NOW + one.started_at), lists())
        end = DOWN * is_down(observation) | FOREIGN * (one.number in foreign)
        made[observation.operation.role].add(observation, end)
    return made["list"], made["retrieve"]


def compared(*exchanges: Exchange, **more: Any) -> list[tuple[str, str, str, str, str, int, int]]:
    """Rule, pointer, kind, expected and observed of what is told, with the number of the exchange and of its row."""
    found: list[tuple[Deviation, Row]] = list(compare_list(*logs_of(exchanges, **more)))
    return [
        (one.rule, one.pointer, one.kind, str(one.expected), str(one.observed), one.exchange.number, row.number)
        for one, row in found
    ]


def differs(pointer: str, was: str, now: str, number: int = 0) -> tuple[str, str, str, str, str, int, int]:
    said = f"{was}, as the batch itself says"
    return ("listing.item_differs", f"/data/*{pointer}", "other", said, now, number, number)


def missing(batch_id: str, number: int) -> tuple[str, str, str, str, str, int, int]:
    said = f'"batch_{batch_id}", which was answered with 200'
    return ("listing.known_missing", "/data", "missing", said, "a whole list without it", number, number)


WINDOW = item("a", completion_window="48h")


def test_what_an_item_says_that_its_batch_does_not_is_told_once_for_each_place() -> None:
    both = [item("b", endpoint="/x", completion_window="48h"), item("a", completion_window="48h")]
    assert compared(page(both), read("a"), read("b"), page([WINDOW])) == [
        differs("/completion_window", '"24h"', '"48h"'),
        differs("/endpoint", '"/v1/chat/completions"', '"/x"'),
    ]
    (found, _), *_ = compare_list(*logs_of([page([WINDOW]), read("a")]))
    assert (found.level, found.status, found.media_type, found.operation) == (
        *("should", "200", "application/json", "listBatches"),
    )


def test_items_without_an_id_are_passed_over_and_those_after_them_are_compared() -> None:
    items = [{**WINDOW, "id": 5}, {"object": "batch"}, "x", WINDOW]
    assert compared(page(items, first_id=None, last_id=None), read("a")) == [
        differs("/completion_window", '"24h"', '"48h"')
    ]


@pytest.mark.parametrize(
    ("listed", "batches", "told"),
    [
        ({"input_file_id": "file-2"}, [{}], True),
        ({"input_file_id": "file-2"}, [{"input_file_id": "file-2"}, {}], False),
        ({"input_file_id": "file-2"}, [{"input_file_id": "file-3"}, {}], True),
        ({"input_file_id": ""}, [{}], False),
        ({"input_file_id": None}, [{}], False),
        ({"input_file_id": ["file-2"]}, [{}], False),
        ({"input_file_id": True}, [{}], False),
        ({"input_file_id": "file-2"}, [{"input_file_id": 5}], False),
        ({"input_file_id": "file-2"}, [{"input_file_id": 5}, {}], False),
        ({"output_file_id": "file-2"}, [{}], False),
        ({"output_file_id": "file-2"}, [{"output_file_id": None}, {"output_file_id": "file-1"}], True),
        ({"output_file_id": "https://a/b?x=1"}, [{"output_file_id": "https://a/b?x=2"}], False),
        ({"output_file_id": "https://a/c?x=1"}, [{"output_file_id": "https://a/b?x=1"}], True),
        ({"output_file_id": "file?1"}, [{"output_file_id": "file?2"}], True),
        ({"created_at": 1741685414}, [{}], True),
        ({"created_at": 1741685413000}, [{}], True),
        ({"created_at": 1741685413000000}, [{}], True),
        ({"created_at": 0}, [{}], False),
        ({"created_at": -62135596800}, [{}], False),
        ({"created_at": 253402300799}, [{}], False),
        ({"created_at": "1741685414"}, [{}], False),
        ({"status": "completed"}, [{}], False),
        ({"metadata": {"a": "b"}}, [{}], False),
        ({"request_counts": {"total": 5}}, [{}], False),
        ({"new": 5}, [{"new": 6}], False),
    ],
    ids=str,
)
def test_what_is_made_with_a_batch_or_happens_once_is_compared_where_both_say_it(
    listed: dict[str, Any], batches: Sequence[dict[str, Any]], *, told: bool
) -> None:
    found = compared(page([item("a", **listed)]), *(read("a", **one) for one in batches))
    (name,) = listed
    assert [one[1] for one in found] == ([f"/data/*/{name}"] if told else [])


def test_the_last_that_the_batch_said_is_expected_and_long_values_are_cut() -> None:
    read_so = [read("a", input_file_id=name) for name in ("file-1", "x" * 58)]
    (found,) = compared(page([item("a", input_file_id="y" * 59)]), *read_so)
    assert found[3:5] == (f'"{"x" * 58}", as the batch itself says', '"' + "y" * 56 + "…")
    (at_times,) = compared(page([item("a", created_at=1741685414)]), read("a"))
    assert at_times[3:5] == ("1741685413, as the batch itself says", "1741685414")


GONE = Failure("reset", shown("reset"))


def test_only_pages_and_reads_that_were_answered_to_the_valid_credential_count() -> None:
    told = page([WINDOW])
    assert compared(replace(told, probe=replace(told.probe, credential="missing")), read("a")) == []
    assert compared(replace(told, probe=replace(told.probe, forced_status=200)), read("a")) == []
    assert compared(asked(sent(b"", answered=False, failure=GONE)), read("a")) == []
    assert compared(told, read("a"), foreign=[0]) == []
    assert compared(told, read("a"), foreign=[1]) == []
    assert compared(told, replace(read("a"), probe=replace(read("a").probe, credential="missing"))) == []
    assert len(compared(told, read("a"))) == 1


def test_pages_are_taken_in_the_order_of_time() -> None:
    late, early = page([item("a", endpoint="/late")]), page([item("a", endpoint="/early")], query={"limit": 9})
    exchanges = [replace(late, number=0), replace(early, number=1), replace(read("a"), number=2)]
    made = {one.role: Log(lists(), one, keeps_all=True) for one in lists().operations}
    for begun, exchange in zip((5.0, 2.0, 9.0), exchanges, strict=True):
        observation = Observation(replace(exchange, started_at=NOW + begun), lists())
        made[observation.operation.role].add(observation, UP)
    (found,) = compare_list(made["list"], made["retrieve"])
    assert (str(found[0].observed), found[1].number) == ('"/early"', 1)


@pytest.mark.parametrize(
    ("exchanges", "told"),
    [
        ((read("c"), page("ab")), [missing("c", 1)]),
        ((read("c"), *TWO), []),
        ((read("c"), read("d"), page("ab")), [missing("c", 2)]),
        ((read("c"), TWO[0], page("d", False, after("b"))), [missing("c", 2)]),
        ((page("ab"), read("c", created_at=int(NOW))), []),
        ((read("c"), page("ab", True)), []),
        ((read("c"), page("ab", query={"status": "x"})), []),
        ((read("c"), page("abc"), page("ab")), []),
        ((read("c"), page("ab", query={"limit": 5}), page("ab")), [missing("c", 2)]),
        ((read("a"), read("c"), page("ab")), [missing("c", 2)]),
    ],
    ids=range(10),
)
def test_a_batch_that_was_there_and_is_on_no_page_of_a_whole_list_is_told(
    exchanges: Sequence[Exchange], told: list[Any]
) -> None:
    assert compared(*exchanges) == told


@pytest.mark.parametrize(
    ("created", "told"), [(NOW - DAY - 1, True), (NOW - DAY, False), (NOW, False), (None, False), (True, False)]
)
def test_a_batch_that_was_read_after_the_list_was_there_if_it_is_a_day_older(created: Any, *, told: bool) -> None:
    when = int(created) if isinstance(created, float) else created
    assert compared(page("ab"), read("c", created_at=when)) == ([missing("c", 0)] if told else [])


def test_only_batches_that_were_known_are_missed() -> None:
    stranger = read("c")
    assert compared(replace(stranger, probe=replace(stranger.probe, subject="unknown")), page("ab")) == []
    alike = replace(stranger, probe=replace(stranger.probe, subject="equivalent"))
    assert compared(alike, page("ab")) == []


LATER = {"created_at": 1741685414, "input_file_id": "file-another001"}


def batches(*reads: Exchange, keeps_all: bool = True) -> Log:
    log = Log(contract(), contract().chosen, keeps_all=keeps_all)
    for one in in_order(*reads):
        log.add(Observation(one, contract()), UP)
    return log


def named(batch_id: str = KNOWN, **changes: Any) -> Exchange:
    return sent({**COMPLETED, "id": batch_id, **changes}, batch_id=batch_id)


def again(log: Log) -> set[int]:
    numbers = FileNumbers(log)
    for _, held in log.groups():
        numbers.add(row.facts[2] for row in held if isinstance(row, Row))
    return set(numbers.again())


def shares(log: Log) -> list[tuple[str, str, str, int, int]]:
    found = list(shared_files(log, again(log)))
    return [(one.rule, one.pointer, one.kind, one.exchange.number, row.number) for one, row in found]


THIRD = "batch_thirdthird"
TOLD = ("results.shared", "/output_file_id", "shared")


@pytest.mark.parametrize("keeps_all", [True, False])
@pytest.mark.parametrize(
    ("reads", "numbers"),
    [
        ((named(), named(OTHER, **LATER)), [1]),
        ((named(OTHER, **LATER), named()), [1]),
        ((named(), named(), named(OTHER, **LATER), named(OTHER, **LATER)), [2]),
        ((named(), named(OTHER)), []),
        ((named(), named(OTHER, created_at=1741685414)), [1]),
        ((named(), named(OTHER, input_file_id="file-another001")), [1]),
        ((named(), named(OTHER), named(THIRD, **LATER)), [2]),
        ((named(), named(OTHER, **LATER), named(THIRD, **LATER)), [2, 1]),
        ((named(), sent({**COMPLETED, "id": KNOWN, **LATER}, batch_id=OTHER)), []),
        ((named(), replace(named(OTHER, **LATER), probe=replace(named(OTHER).probe, credential="missing"))), []),
        ((named(), replace(named(OTHER, **LATER), probe=replace(named(OTHER).probe, forced_status=200))), []),
        ((named(), replace(named(OTHER, **LATER), probe=replace(named(OTHER).probe, method="POST"))), []),
        ((named(), sent(b"", 404, batch_id=OTHER), named(OTHER, **LATER)), [2]),
        ((named(), sent(COMPLETED, batch_id=OTHER), named(OTHER, **LATER)), [2]),
    ],
    ids=range(14),
)
def test_a_file_is_shared_by_the_batch_that_named_it_after_another_one(
    reads: Sequence[Exchange], numbers: list[int], *, keeps_all: bool
) -> None:
    told = [(*TOLD, number, number) for number in numbers]
    assert shares(batches(*reads, keeps_all=keeps_all)) == sorted(told, key=lambda one: -one[3])


def test_of_reads_at_one_moment_that_with_the_lower_number_shows_it() -> None:
    log = Log(contract(), contract().chosen, keeps_all=True)
    reads = (
        (named(), 0, 0),
        (named(OTHER, **LATER), 7, 0),
        (named(OTHER, **LATER), 5, 1),
        (named(OTHER, **LATER), 5, 0),
    )
    for exchange, number, attempt in reads:
        log.add(Observation(replace(exchange, number=number, attempt=attempt, started_at=1e9), contract()), UP)
    ((_, row),) = shared_files(log, set())
    assert (row.number, row.attempt) == (5, 0)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("f123", False),
        ("f1234", True),
        ("null", False),
        ("undefined", False),
        ("s3://files/", False),
        ("s3://files/a", True),
        ("{{file}}", False),
        ("file%2Fabcdef", False),
        (7_000_000, False),
        (None, False),
    ],
)
def test_only_what_names_a_file_is_a_shared_one(name: Any, *, told: bool) -> None:
    changes = {"output_file_id": name, "error_file_id": None}
    for keeps_all in (True, False):
        found = shares(batches(named(**changes), named(OTHER, **LATER, **changes), keeps_all=keeps_all))
        assert bool(found) is told


def test_of_several_files_the_first_that_the_document_has_is_told() -> None:
    assert contract().chosen.roles.results == ("/output_file_id", "/error_file_id")
    only_errors = {**LATER, "output_file_id": "file-output0002"}
    (found,) = shares(batches(named(), named(OTHER, **only_errors)))
    assert found[1] == "/error_file_id"
    (found,) = shares(batches(named(), named(OTHER, **LATER, output_file_id=None)))
    assert found[1] == "/error_file_id"
    swapped = {**LATER, "output_file_id": COMPLETED["error_file_id"], "error_file_id": COMPLETED["output_file_id"]}
    (found,) = shares(batches(named(), named(OTHER, **swapped)))
    assert found[1] == "/output_file_id"


def test_batches_are_told_apart_by_when_and_of_what_they_were_made() -> None:
    roles = contract().chosen.roles
    assert made_with(roles) == ("/created_at", "/input_file_id")
    assert made_with(replace(roles, created=None)) == ("/input_file_id",)
    assert made_with(replace(roles, results=())) == ()
    assert made_with(replace(roles, identity=None)) == ()
    assert made_with(replace(roles, created=None, inputs=())) == ()


@pytest.mark.parametrize("changes", [{"results": ()}, {"identity": None}, {"created": None, "inputs": ()}], ids=str)
def test_where_a_document_tells_batches_or_files_apart_by_nothing_none_are_shared(changes: dict[str, Any]) -> None:
    for keeps_all in (True, False):
        log = batches(named(), named(OTHER, **LATER), keeps_all=keeps_all)
        log.operation = replace(log.operation, roles=replace(log.operation.roles, **changes))
        assert list(shared_files(log, {1})) == []
        assert again(log) == set()


def test_where_a_document_has_one_file_of_results_it_alone_is_looked_at() -> None:
    log = batches(named(), named(OTHER, **LATER), keeps_all=False)
    log.operation = replace(log.operation, roles=replace(log.operation.roles, results=("/error_file_id",)))
    assert again(log) == {hash(COMPLETED["error_file_id"])}
    assert [one[1] for one in shares(log)] == ["/error_file_id"]


def test_names_are_counted_once_for_each_batch_of_a_recording_and_not_of_a_run() -> None:
    reads = (named(), named(), named(OTHER, **LATER), named(THIRD, output_file_id="file-third0001"))
    output, errors = (hash(COMPLETED[name]) for name in ("output_file_id", "error_file_id"))
    assert again(batches(*reads, keeps_all=False)) == {output, errors}
    assert again(batches(*reads)) == set()
    assert again(batches(named(), named(), keeps_all=False)) == set()
    assert again(batches(named(), sent(QUEUED, batch_id=OTHER), sent(b"", 404), keeps_all=False)) == set()
    alone = {"error_file_id": None}
    assert again(batches(named(**alone), named(OTHER, **alone), keeps_all=False)) == {output}
    assert list(shared_files(batches(*reads, keeps_all=False), set())) == []
