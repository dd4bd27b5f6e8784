"""Rules about batches that were made and followed: what breaks each of them, and what comes close and keeps it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from followed_support import (
    ASKED,
    FILE,
    bad,
    batch,
    cancelled,
    contract,
    ended,
    failure,
    files,
    item,
    made,
    of_batch,
    read,
    reads,
    result,
    success,
    uploaded,
    with_results,
    without_key,
    wrote,
)
from hypothesis import given
from hypothesis import strategies as st

from batch_conformance.findings.finding import Finding
from batch_conformance.findings.ledger import Ledger
from batch_conformance.judge.followed import judge_followed
from batch_conformance.rules import REGISTRY, known_clauses
from batch_conformance.rules.batch_lines import custom_ids_of, result_lines
from batch_conformance.rules.followed import Cancel, Followed, SentFile, Upload

Runs = Sequence[Followed]
NO_BATCH = {"code": 20015, "message": "no such file", "data": None}
BROKEN = {"code": 50000, "message": "internal", "data": None}
ALL = [success(name) for name in "abc"]
ANSWERED_IN_WORDS = {"custom_id": "c", "response": {"status_code": 502, "body": "<html>Bad Gateway</html>"}}
HTTP_FAILURE = {"custom_id": "c", "response": {"status_code": 400, "body": {"error": {}}}, "error": None}
LISTED_NOWHERE = replace(uploaded().uploads[0], lists=(files(item(id="file-other")),))
FULL_PAGE = replace(uploaded().uploads[0], lists=(files(*(item(id=f"file-{n}") for n in range(10))),))


def cancels(*found: Cancel) -> Followed:
    return of_batch(seen=reads("in_progress"), cancels=found)


CASES: Mapping[str, tuple[Runs, Runs]] = {
    "upload.as_sent": (
        [uploaded(bytes=1), uploaded(filename="upload.bin"), uploaded(purpose="fine-tune")],
        [uploaded(), uploaded(filename=None)],
    ),
    "upload.listed": (
        [Followed(uploads=(LISTED_NOWHERE,))],
        [uploaded(item()), Followed(uploads=(FULL_PAGE,))],
    ),
    "upload.item": (
        [uploaded(item(line_count=1)), uploaded(item(bytes=7)), uploaded(item(filename="x"))],
        [uploaded(item()), uploaded(item(line_count=None))],
    ),
    "create.as_asked": (
        [
            of_batch(batch(input_file_id="file-other")),
            of_batch(batch(endpoint="/v1/embeddings")),
            of_batch(batch(completion_window="48h")),
            of_batch(batch(metadata={"description": "x"}), asked={**ASKED, "metadata": {"description": "ours"}}),
        ],
        [
            of_batch(batch(endpoint="/chat/completions", completion_window="1 day")),
            of_batch(
                batch(metadata={"description": "o", "by": "s"}), asked={**ASKED, "metadata": {"description": "o"}}
            ),
            of_batch(batch(metadata=None), asked={**ASKED, "metadata": {"description": "o"}}),
        ],
    ),
    "create.read_back": (
        [
            of_batch(seen=[read(404, "404 page not found")]),
            of_batch(seen=reads(batch(id="batch_two"))),
            of_batch(seen=reads(batch(created_at=1_741_685_999))),
        ],
        [
            of_batch(seen=[read(404, "404 page not found"), *reads("in_queue")]),
            of_batch(seen=[read(503, BROKEN)]),
        ],
    ),
    "create.bad_request": (
        [
            bad(200, batch(), "in_progress"),
            bad(200, batch(), "in_queue", ended()),
            bad(500, BROKEN),
        ],
        [
            bad(400, NO_BATCH),
            bad(200, batch(), "in_queue", "cancelled"),
            bad(200, batch(), batch("failed", errors=["line 2: duplicate_custom_id"])),
            bad(200, batch(), ended(request_counts={"total": 2, "completed": 0, "failed": 2})),
            bad(503, BROKEN),
        ],
    ),
    "write.without_key": (
        [
            without_key("create", 200),
            replace(without_key("cancel", 404), batches=cancels(cancelled("in_queue", "in_queue")).batches),
            without_key("upload", 400, 400),
        ],
        [
            without_key("create", 401),
            without_key("cancel", 403),
            without_key("create", 400, 404),
            without_key("upload", 404, 404),
        ],
    ),
    "cancel.effect": (
        [
            cancels(cancelled("cancelled", "in_progress", "in_progress")),
            cancels(cancelled("cancelling", "in_progress", "cancelled", ended())),
            cancels(cancelled(batch("cancelling", id="batch_two"), "in_progress")),
            cancels(cancelled(BROKEN, "in_progress", "in_progress", status=500)),
            cancels(cancelled(NO_BATCH, "in_progress", "in_progress", status=400)),
            cancels(cancelled("in_queue", "in_queue", "in_queue", "in_progress", ended())),
            cancels(cancelled("in_progress", "in_progress", "finalizing", ended())),
        ],
        [
            cancels(cancelled("in_progress", "in_progress", ended())),
            cancels(cancelled("in_queue", "in_queue", "in_progress")),
            cancels(cancelled("in_queue", "in_queue", "in_progress", "cancelling", ended())),
            cancels(cancelled("in_queue", "in_queue", "failed")),
            cancels(cancelled("cancelling", "in_progress", "cancelling", "cancelled")),
            cancels(cancelled("cancelling", "in_progress", ended())),
            cancels(cancelled(NO_BATCH, "in_progress", ended(), status=409)),
            cancels(cancelled("in_queue", "in_queue", "cancelled")),
        ],
    ),
    "cancel.again": (
        [
            cancels(cancelled("cancelling", "in_progress"), cancelled(BROKEN, "cancelling", status=500)),
            cancels(cancelled("cancelling", "in_progress"), cancelled("in_progress", "cancelling")),
        ],
        [
            cancels(cancelled("cancelling", "in_progress"), cancelled("cancelling", "cancelling")),
            cancels(cancelled("cancelling", "in_progress"), cancelled(NO_BATCH, "cancelling", status=409)),
        ],
    ),
    "cancel.ended": (
        [
            cancels(cancelled("cancelled", "completed")),
            cancels(cancelled(NO_BATCH, "completed", "cancelled", status=409)),
            cancels(cancelled(BROKEN, "completed", status=500)),
        ],
        [
            cancels(cancelled(NO_BATCH, "completed", "completed", status=409)),
            cancels(cancelled("completed", "completed", "completed")),
        ],
    ),
    "cancel.unknown": (
        [
            Followed(unknown_cancel=wrote("cancel", 200, batch("cancelling"))),
            Followed(unknown_cancel=wrote("cancel", 500, BROKEN)),
        ],
        [Followed(unknown_cancel=wrote("cancel", 404, "404 page not found"))],
    ),
    "result_lines.fetched": (
        [
            of_batch(results=[result("output", b"", status=404)]),
            of_batch(results=[replace(result("output", ALL), again=result("output", ALL[:2]).fetched)]),
        ],
        [
            with_results(ALL),
            of_batch(results=[result("output", b"", status=503)]),
            of_batch(results=[replace(result("output", ALL), again=result("output", ALL[::-1]).fetched)]),
        ],
    ),
    "result_lines.form": (
        [
            with_results(b'{"custom_id": "a", "resp'),
            with_results(["a"]),
            with_results([{"custom_id": "a", "response": None, "error": None}, *ALL[1:]]),
            with_results([{"custom_id": "a", "response": {"body": {}}, "error": {"code": "x"}}, *ALL[1:]], failed=1),
            with_results([{"id": "a", "response": {"body": {}}}]),
            with_results([{"custom_id": "a", "response": {"body": '{"choices": []}'}}, *ALL[1:]]),
        ],
        [
            with_results(ALL),
            with_results(ALL[:2], [HTTP_FAILURE], completed=2, failed=1),
            with_results(ALL[:2], [ANSWERED_IN_WORDS], completed=2, failed=1),
            with_results([{"custom_id": "a", "response": {"choices": []}}, *ALL[1:]]),
        ],
    ),
    "result_lines.custom_ids": (
        [
            with_results([*ALL, success("a")]),
            with_results([*ALL[:2], success("elsewhere")]),
            with_results(ALL[:2]),
            with_results(ALL, [failure("c")], failed=1),
        ],
        [
            with_results(ALL[::-1]),
            with_results(ALL[:2], [failure("c")], completed=2, failed=1),
            of_batch(seen=reads(batch("cancelled")), results=[result("output", ALL[:1])]),
        ],
    ),
    "result_lines.counts": (
        [
            with_results(ALL, total=4),
            with_results(ALL[:2], [failure("c")], completed=3, failed=1),
            with_results(None, total=5, completed=5),
        ],
        [
            with_results(ALL),
            with_results(None, [failure(one) for one in "abc"], completed=0, failed=3),
            with_results(None),
            of_batch(seen=reads(batch("cancelled", request_counts={"total": 0, "completed": 0, "failed": 0}))),
        ],
    ),
    "result_lines.successes": (
        [
            with_results([*ALL[:2], failure("c")], completed=2, failed=1),
            with_results([*ALL[:2], HTTP_FAILURE], completed=2, failed=1),
            with_results(ALL[:2], [success("c")]),
        ],
        [with_results(ALL), with_results(ALL[:2], [HTTP_FAILURE], completed=2, failed=1)],
    ),
}


def judged(followed: Followed) -> Ledger:
    return judge_followed(Ledger(), contract(), (), followed)


def weighty(followed: Followed) -> list[Finding]:
    return [one for one in judged(followed).findings if one.level != "info"]


def of_cases(which: int) -> list[Any]:
    return [
        pytest.param(rule, run, id=f"{rule}-{number}")
        for rule, case in CASES.items()
        for number, run in enumerate(case[which])
    ]


def test_what_a_file_was_taken_for_when_it_was_uploaded_is_not_told_of_the_list_again() -> None:
    taken_for_another = uploaded(item(bytes=7, filename="x"), bytes=7, filename="y")
    assert [(one.rule, one.pointer) for one in weighty(taken_for_another)] == [
        ("upload.as_sent", "/data/bytes"),
        ("upload.as_sent", "/data/filename"),
        ("upload.item", "/data/data/*/filename"),
    ]


def test_every_rule_that_follows_a_batch_has_cases() -> None:
    assert [rule.id for rule in REGISTRY.values() if rule.follow] == list(CASES)


@pytest.mark.parametrize(("rule", "run"), of_cases(0))
def test_what_breaks_a_rule_is_told_once_and_at_a_clause(rule: str, run: Followed) -> None:
    ledger = judged(run)
    assert [one.rule for one in ledger.findings if one.level != "info"] == [rule]
    known = {clause.id for clause in known_clauses(contract())}
    assert {one.clause for one in ledger.findings} <= known
    assert [one.clause.rule for one in ledger.clauses if one.state == "broken"] == [rule]


@pytest.mark.parametrize(("rule", "run"), of_cases(1))
def test_a_near_miss_is_spared(rule: str, run: Followed) -> None:
    assert weighty(run) == []


def test_a_batch_that_is_as_asked_keeps_each_clause_that_it_exercises() -> None:
    whole = Followed(
        uploads=uploaded(item()).uploads,
        batches=(made(results=[result("output", ALL)]),),
        bad_requests=bad(400, NO_BATCH).bad_requests,
        without_key=without_key("create", 401).without_key,
        unknown_cancel=wrote("cancel", 404, "404 page not found"),
    )
    states = {one.state for one in judged(whole).clauses if REGISTRY[one.clause.rule].follow}
    assert states == {"kept", "not_observed"}


def test_a_contract_of_reads_has_no_clause_of_what_was_made() -> None:
    alone = replace(contract(), writes=())
    assert not any(REGISTRY[clause.rule].follow for clause in known_clauses(alone))


def test_answers_to_what_changes_something_are_judged_by_the_document() -> None:
    answer = wrote("create", 200, batch(created_at="today")).exchange
    ledger = judge_followed(Ledger(), contract(), [answer], Followed())
    found = [(one.rule, one.operation, one.pointer, one.level) for one in ledger.findings if one.level != "info"]
    assert found == [("body.type", "createBatch", "/created_at", "must")]
    assert ledger.exchanges == (answer,)


def test_who_is_busy_breaks_nothing() -> None:
    answer = wrote("create", 503, b"<html>busy</html>").exchange
    assert judge_followed(Ledger(), contract(), [answer], Followed()).findings == ()


@given(st.binary(max_size=300))
def test_any_bytes_can_be_lines(content: bytes) -> None:
    found = result_lines(content)
    assert all(bool(line.problem) == (not line.custom_id) or line.problem in ("both", "neither") for line in found)
    assert isinstance(custom_ids_of(content), tuple)


def test_lines_are_counted_without_empty_ones_and_whatever_ends_them() -> None:
    file = SentFile("x", "batch", b'\xef\xbb\xbf{"custom_id": "a"}\r\n\n{"custom_id": "b"}\n{"custom')
    assert (file.line_count, file.custom_ids) == (3, ("a", "b"))


def test_an_upload_says_what_was_sent_in_either_form() -> None:
    flat = {**uploaded().uploads[0].answer.parsed.value["data"], "status": "processed", "created_at": 1_741_685_396}  # type: ignore[union-attr]
    answer = wrote("upload", 200, {**flat, "bytes": 5}, under="openai")
    ledger = judge_followed(Ledger(), contract("openai"), (), Followed(uploads=(Upload(FILE, answer),)))
    assert [(one.rule, one.pointer) for one in ledger.findings] == [("upload.as_sent", "/bytes")]
