"""What the rules about the files of a batch say: which there are, when they are named, and which checks spare them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from broken_support import alike, broken, kinds, operation_of, seen, words
from judge_support import COMPLETED, JSON, QUEUED, contract_of

from batch_conformance.observation.observation import Observation
from batch_conformance.rules import REGISTRY
from batch_conformance.rules.columns import Columns
from batch_conformance.rules.results import is_folder, names_a_file, shared_file, surely_filed

SAME, MISSING, EARLY, SHARED = (f"results.{name}" for name in ("same_file", "missing", "early", "shared"))
END = COMPLETED["completed_at"]
UNNAMED: dict[str, Any] = {**COMPLETED, "output_file_id": None, "error_file_id": None}
ENDS = ("completed", "failed", "expired", "cancelled")


def files(*names: Any) -> dict[str, Any]:
    return {**COMPLETED, **dict(zip(("input_file_id", "output_file_id", "error_file_id"), names, strict=True))}


def test_a_file_is_named_by_what_is_neither_unset_nor_masked() -> None:
    assert names_a_file("file-a")
    assert [one for one in ("", "  ", "null", "0", "none", "***", "file-xxx") if names_a_file(one)] == []
    assert (is_folder("a/"), is_folder("a"), is_folder("/a")) == (True, False, False)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("file-a", "file-b", "file-c"), []),
        (("file-a", "file-a", "file-c"), [("/output_file_id", "same as /input_file_id")]),
        (("file-a", "file-b", "file-a"), [("/error_file_id", "same as /input_file_id")]),
        (("file-a", "file-b", "file-b"), [("/error_file_id", "same as /output_file_id")]),
        (("file-a", "file-a", "file-a"), [("/output_file_id", "same as /input_file_id")]),
        (("abcde", "abcde", None), [("/output_file_id", "same as /input_file_id")]),
        (("abcd", "abcd", None), []),
        (("file-***", "file-***", None), []),
        (("bucket/a/", "bucket/a/", None), []),
        ((["file-a"], ["file-a"], None), []),
        (("undefined", "undefined", None), []),
    ],
)
def test_the_files_of_a_batch_differ(names: tuple[Any, ...], expected: list[tuple[str, str]]) -> None:
    assert kinds(SAME, files(*names)) == expected


def test_a_file_that_is_another_one_is_told_by_both_places() -> None:
    (one,) = broken(SAME, seen(files("f" * 70, "f" * 70, None)))
    assert (one.status, one.media_type, one.level) == (None, JSON, None)
    assert words(one) == ("results.same_file.expected place=/input_file_id", f'value.shown value="{"f" * 60}"')
    assert kinds(SAME, files("file-a", "file-a", None), 500) == []


def missing(after: float, body: Any = UNNAMED, *, by_date: bool = False) -> list[str | None]:
    """The level of what is told of a batch without files, so many seconds after its end."""
    days = {601: "Tue, 11 Mar 2025 09:41:51 GMT", 600: "Tue, 11 Mar 2025 09:41:50 GMT"}
    read = seen(body, headers=(("Date", days[int(after)]),) if by_date else ())
    read = replace(read, exchange=replace(read.exchange, started_at=0.0 if by_date else END + after))
    found = broken(MISSING, read)
    assert [(one.pointer, one.kind, one.status, one.media_type) for one in found] in (
        [],
        [("/output_file_id", "none", None, JSON)],
    )
    return [one.level for one in found]


@pytest.mark.parametrize(
    ("after", "levels"),
    [(600, []), (600.5, [None]), (601, [None]), (86_399, [None]), (86_400, ["info"]), (0, []), (-9, [])],
)
def test_a_completed_batch_names_a_file_ten_minutes_after_its_end(after: float, levels: list[str | None]) -> None:
    assert missing(after) == levels


def test_the_time_of_an_answer_is_its_date_or_else_ours() -> None:
    assert END == 1741685510
    assert missing(601, by_date=True) == [None]
    assert missing(600, by_date=True) == []
    read = seen(UNNAMED, headers=(("Date", "today"),))
    read = replace(read, exchange=replace(read.exchange, started_at=END + 9_999.0))
    assert broken(MISSING, read) == []


def counted(**counts: Any) -> dict[str, Any]:
    return {**UNNAMED, "request_counts": counts}


@pytest.mark.parametrize(
    ("counts", "levels"),
    [
        ({"completed": 1, "failed": 0}, [None]),
        ({"completed": 0, "failed": 1}, ["info"]),
        ({"completed": 0, "failed": 0}, []),
        ({"completed": 1}, [None]),
        ({"failed": 1}, []),
        ({"completed": -1, "failed": 1}, ["info"]),
        ({"completed": 1, "failed": -1}, [None]),
        ({"completed": -1, "failed": -1}, []),
        ({"completed": "1", "failed": 1}, []),
        ({}, []),
    ],
)
def test_a_batch_names_a_file_where_it_counts_requests(counts: dict[str, Any], levels: list[str | None]) -> None:
    assert missing(1_000, counted(**counts)) == levels


def test_how_many_requests_were_done_is_told() -> None:
    read = seen(counted(completed=10**30, failed=2), headers=(("Date", "Wed, 12 Mar 2025 09:30:13 GMT"),))
    (one,) = broken(MISSING, read)
    assert words(one) == (
        f"results.missing.expected count=1{'0' * 23}",
        "results.missing.observed places=/output_file_id and /error_file_id",
    )
    read = seen(counted(completed=3, failed=2), headers=(("Date", "Wed, 12 Mar 2025 09:30:13 GMT"),))
    assert words(broken(MISSING, read)[0])[0] == "results.missing.expected count=5"


@pytest.mark.parametrize(
    "name", ["output", "result", "download", "error_file", "errorFile", "url", "Uri", "URI", "OUTPUT"]
)
def test_a_member_that_may_lead_to_results_is_taken_for_them(name: str) -> None:
    under = contract_of(
        {
            "type": "object",
            "properties": {
                **{key: {"type": "string", "nullable": True} for key in ("id", "output_file_id", name)},
                "status": {"type": "string", "enum": ["completed", "failed"]},
                "completed_at": {"type": "integer"},
                "request_counts": {
                    "type": "object",
                    "properties": {key: {"type": "integer"} for key in ("total", "completed", "failed")},
                },
            },
        }
    )
    body = {"id": "a", "status": "completed", "completed_at": END, "request_counts": {"completed": 1}}

    def told(value: Any) -> int:
        read = seen({**body, name: value}, under=under)
        return len(broken(MISSING, replace(read, exchange=replace(read.exchange, started_at=END + 1_000.0))))

    assert told("x") == told(["x"]) == told(0) == 0
    assert [told(value) for value in (None, "", [], {})] == [1] * 4


def test_nothing_is_missed_in_another_state_or_with_a_member_that_nobody_knows() -> None:
    assert missing(1_000, {**UNNAMED, "error_file_id": "file-a"}) == []
    assert missing(1_000, {**UNNAMED, "status": "failed", "failed_at": END}) == []
    assert missing(1_000, {**UNNAMED, "status": "odd"}) == []
    assert missing(1_000, {**UNNAMED, "files": ["a"]}) == []
    assert missing(1_000, {**UNNAMED, "completed_at": None}) == []
    assert missing(1_000, {"code": 1, "message": "x", "data": None}) == []
    read = seen(UNNAMED)
    read = replace(read, exchange=replace(read.exchange, started_at=END + 1_000.0))
    assert not broken(MISSING, without(read, counts=None))
    assert not broken(MISSING, without(read, results=()))


def without(read: Observation, **roles: Any) -> Observation:
    operation = replace(read.operation, roles=replace(read.operation.roles, **roles))
    return Observation(read.exchange, replace(read.contract, operations=(operation,)))


def exercised(rule: str, body: Any, **more: Any) -> bool:
    check = REGISTRY[rule].exercised
    assert check is not None
    return check(seen(body, **more))


def test_a_file_could_be_missed_of_a_completed_batch_that_counts() -> None:
    assert exercised(MISSING, COMPLETED)
    assert exercised(MISSING, counted(completed=0))
    assert not exercised(MISSING, counted(failed=1))
    assert not exercised(MISSING, {**COMPLETED, "files": ["a"]})
    assert not exercised(MISSING, QUEUED)
    assert not exercised(MISSING, {**COMPLETED, "status": "odd"})
    assert exercised(SAME, QUEUED)
    assert exercised(EARLY, QUEUED)
    assert exercised(SHARED, COMPLETED)
    assert exercised(SHARED, {**UNNAMED, "error_file_id": "x"})
    assert not exercised(SHARED, UNNAMED)


def test_no_file_of_results_is_named_before_the_end() -> None:
    for status in ("in_queue", "validating", "in_progress"):
        body = {**COMPLETED, "status": status}
        assert kinds(EARLY, body) == [
            ("/output_file_id", f"set when {status}"),
            ("/error_file_id", f"set when {status}"),
        ]
    for status in ("finalizing", "cancelling", "odd", *ENDS):
        assert kinds(EARLY, {**COMPLETED, "status": status}) == []
    for unset in ("", "null", None, "***", ["file-a"]):
        assert kinds(EARLY, {**QUEUED, "output_file_id": unset}) == []
    assert kinds(EARLY, QUEUED) == kinds(EARLY, {**QUEUED, "output_file_id": "file-a"}, 500) == []
    (one,) = broken(EARLY, seen({**QUEUED, "output_file_id": "f" * 70}))
    assert (one.status, one.media_type, one.level) == (None, JSON, None)
    assert words(one) == ("results.early.expected state=in_queue", f'value.shown value="{"f" * 60}"')


def test_a_file_of_two_batches_is_told_at_its_place() -> None:
    one = shared_file(seen(COMPLETED), "/error_file_id", "f" * 70)
    assert (one.kind, one.pointer, one.media_type, one.status, one.level) == (
        "shared",
        "/error_file_id",
        JSON,
        None,
        None,
    )
    assert words(one) == ("results.shared.expected", f'value.shown value="{"f" * 60}"')


def holds(body: dict[str, Any], like: dict[str, Any] | None = None) -> list[bool]:
    checks = surely_filed(alike(like or body))
    assert checks is not None
    return [check(Columns.of_bodies([body])) for check in checks]


def test_files_surely_differ_where_no_two_are_one() -> None:
    assert holds(files("file-a", "file-b", "file-c")) == [True, True]
    assert holds(files("file-a", "file-b", "file-a")) == holds(files("file-a", "file-a", "file-a")) == [False, True]
    assert holds(files("file-a", None, "file-a")) == [False, True]
    assert holds(files("file-a", "file-b", None)) == [True, True]
    assert holds({**QUEUED, "status": "failed"}) == []


def test_files_are_surely_not_early_where_none_is_named() -> None:
    def early(status: str, *names: Any) -> list[bool]:
        return holds({**files(*names), "status": status})

    for status in ("in_queue", "in_progress"):
        assert early(status, "file-a", " ", None) == [True, True]
        assert early(status, "file-a", "file-b", None) == [True, False]
        assert early(status, "file-a", None, "file-b") == [True, False]
        assert early(status, None, "", None) == [True]
    for status in ("finalizing", "cancelling", "odd", *ENDS[1:]):
        assert early(status, "file-a", "file-b", None) == [True]
    assert early("in_queue", "file-a", None, None) == []


def test_files_are_surely_not_missing_where_nothing_was_done() -> None:
    none = {**UNNAMED, "input_file_id": None}

    def done(**counts: Any) -> list[bool]:
        return holds({**none, "request_counts": counts}, none)

    assert done(completed=0, failed=0) == done(completed=-1, failed=0) == done() == done(completed="5") == [True]
    assert done(completed=1, failed=0) == done(completed=0, failed=1) == [False]
    assert done(completed=2, failed=-2) == [False]
    assert holds({**none, "status": "failed"}) == []
    assert holds({**none, "error_file_id": "x"}) == [True]
    for unset in ("", [], {}):
        empty = {**none, "error_file_id": unset}
        assert holds(empty) == holds({**empty, "request_counts": {"completed": 1}}, empty) == [False]
        assert holds({**empty, "request_counts": {"completed": 0}}, empty) == [True]
    operation = operation_of()
    of = alike(none)
    for roles in (replace(operation.roles, counts=None), replace(operation.roles, results=())):
        assert surely_filed(replace(of, roles=roles)) == ()
    inner = replace(of, roles=replace(operation.roles, results=("/in/output_file_id",)))
    assert surely_filed(inner) is None


def clauses(rule: str, **changes: Any) -> list[tuple[str, str, str, str]]:
    operation = operation_of()
    operation = replace(operation, roles=replace(operation.roles, **changes))
    return [(one.status, one.media_type, one.pointer, one.says.id) for one in REGISTRY[rule].clauses_of(operation)]


def test_there_are_clauses_where_a_contract_has_such_files() -> None:
    for rule in (SAME, MISSING, EARLY, SHARED):
        assert clauses(rule) == [("200", "", "", f"{rule}.clause")]
        assert clauses(rule, results=(), inputs=()) == []
    assert clauses(SAME, results=("/output_file_id",), inputs=()) == []
    assert clauses(SAME, results=("/output_file_id",))
    assert [clauses(rule, stages=()) for rule in (MISSING, EARLY)] == [[], []]
    assert [bool(clauses(rule, counts=None)) for rule in (MISSING, EARLY)] == [False, True]
    assert [bool(clauses(rule, results=())) for rule in (MISSING, EARLY, SHARED)] == [False] * 3
    assert clauses(SHARED, identity=None) == clauses(SHARED, created=None, inputs=()) == []
    assert clauses(SHARED, created=None)
    assert clauses(SHARED, inputs=())
