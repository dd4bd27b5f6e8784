"""What is added to a ledger of what a run sent to make batches: findings, clauses, fields, statuses, in their order."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from cases_lists import lists
from followed_support import batch, cancelled, contract, of_batch, reads, wrote
from judge_support import in_order, sent

from batch_conformance.exchange.exchange import Exchange, Failure
from batch_conformance.findings.finding import Finding
from batch_conformance.findings.ledger import ClauseResult, Ledger
from batch_conformance.judge.followed import judge_followed, of_writes
from batch_conformance.judge.judge import judge
from batch_conformance.message import shown
from batch_conformance.rules.followed import Followed

KEY = "sk-0123456789abcdef0123456789abcdef"
NOTHING = Followed()
BACKWARDS = of_batch(seen=reads("in_progress"), cancels=[cancelled("cancelled", "in_progress", "in_progress")])


def after(*writes: Exchange, ledger: Ledger | None = None, followed: Followed = NOTHING, **more: Any) -> Ledger:
    return judge_followed(ledger or Ledger(), contract(), writes, followed, **more)


def created(body: Any, status: int = 200, **more: Any) -> Exchange:
    answer = wrote("create", status, body).exchange
    probe = replace(answer.probe, forced_status=more.pop("forced", None))
    return replace(answer, probe=probe, **more)


def told(ledger: Ledger) -> list[tuple[str, str, str, int]]:
    return [(one.rule, one.status, one.pointer, one.occurrences) for one in ledger.findings if one.level != "info"]


def statuses(ledger: Ledger) -> dict[str, int]:
    return {f"{one.operation} {one.status}": one.count for one in ledger.statuses if one.count}


def test_the_writes_alone_are_what_answers_to_them_are_judged_by() -> None:
    made = of_writes(contract())
    assert ([one.id for one in made.operations], made.writes) == (["UploadFiles", "createBatch", "cancelBatch"], ())


def test_each_answer_is_judged_and_counted() -> None:
    late = {"created_at": "today"}
    ledger = after(created(batch(**late)), created(batch(**late)), created({"code": 1, "message": "no"}, 400))
    assert told(ledger) == [
        ("body.type", "200", "/created_at", 2),
        ("body.required", "400", "/data", 1),
    ]
    assert statuses(ledger) == {"createBatch 200": 2, "createBatch 400": 1}
    fields = {(one.operation, one.status, one.pointer): dict(one.types) for one in ledger.fields if one.types}
    assert fields["createBatch", "200", "/created_at"] == {"string": 2}
    assert fields["createBatch", "400", "/code"] == {"integer": 1}
    states = {one.clause.id: (one.state, one.judged, one.broken) for one in ledger.clauses}
    assert states["createBatch 200 application/json /created_at body.type"] == ("broken", 2, 2)
    assert states["createBatch 200 application/json /id body.type"] == ("kept", 2, 0)
    assert states["createBatch 200 - - response.status"] == ("kept", 2, 0)


@pytest.mark.parametrize(
    ("exchange", "counts"),
    [
        (created(batch()), True),
        (created(b"<p>", 400), True),
        (created(b"<p>", 429), False),
        (created(b"<p>", 500), True),
        (created(b"<p>", 502), False),
        (created(b"<p>", 503), False),
        (created(b"<p>", 504), False),
        (created(b"<p>", 503, forced=503), True),
        (created(b"<p>", 503, forced=429), False),
        (created(b"<p>", 200, forced=503), True),
        (created(batch(), failure=Failure("reset", shown("reset"))), False),
        (created(b"", response=None, failure=Failure("reset", shown("reset"))), False),
    ],
    ids=range(12),
)
def test_who_is_busy_or_away_says_nothing_unless_asked_for(exchange: Exchange, *, counts: bool) -> None:
    ledger = after(exchange)
    assert bool(statuses(ledger)) is counts
    assert any(one.state != "not_observed" for one in ledger.clauses) is counts
    assert ledger.exchanges == (exchange,)


def test_of_an_answer_that_is_another_object_that_is_told_and_what_it_gives_away() -> None:
    ledger = after(created({"ok": 1, "where": "http://10.0.0.7:8080/x", "code": "Traceback (most recent call last)"}))
    assert [one[:3] for one in told(ledger)] == [("body.another_object", "200", "")]
    assert {one.rule for one in ledger.findings} >= {"body.another_object"}
    leaked = after(created({"ok": 1}, reflections=("body",)))
    assert sorted(one[0] for one in told(leaked)) == ["body.another_object", "security.key_reflected"]
    batch_leaked = after(created(batch(created_at="today"), reflections=("body",)))
    assert sorted(one[0] for one in told(batch_leaked)) == ["body.type", "security.key_reflected"]


def test_findings_come_worst_first_and_after_those_of_the_ledger() -> None:
    of_run = judge(in_order(sent({**batch(), "new": 1, "created_at": "x"}, asked=()), sent(b"", 410)), contract())
    known = {one.id for one in of_run.findings}
    whole = after(created(batch(created_at="today")), ledger=of_run, followed=BACKWARDS)
    levels = [one.level for one in whole.findings]
    assert levels == sorted(levels, key=("must", "should", "info").index)
    assert set(levels) == {"must", "should"}
    for level in set(levels):
        of_level = [one.id in known for one in whole.findings if one.level == level]
        assert of_level == sorted(of_level, reverse=True)
    assert known <= {one.id for one in whole.findings}


def test_what_answers_show_comes_before_what_batches_that_were_followed_do() -> None:
    odd = created(batch(created_at="today"))
    found = [one for one in after(odd, followed=BACKWARDS).findings if one.level == "must"]
    assert [one.rule for one in found] == ["body.type", "cancel.effect"]


def test_nothing_of_the_ledger_is_lost() -> None:
    of_run = replace(judge(in_order(sent(), sent(b"", 404)), contract()), cause=shown("cause"))  # type: ignore[arg-type]
    write = created(batch(), number=1)
    missing = (of_run.missing[0], *(one.expected for one in of_run.findings[:1]))
    whole = after(write, ledger=of_run, missing=missing)
    assert [one.number for one in whole.exchanges] == [0, 1, 1]
    assert whole.exchanges[:2] == of_run.exchanges or write in whole.exchanges
    assert whole.clauses[: len(of_run.clauses)] == of_run.clauses
    assert whole.fields[: len(of_run.fields)] == of_run.fields
    assert whole.statuses[: len(of_run.statuses)] == of_run.statuses
    assert whole.missing == (*of_run.missing, *missing)
    assert (whole.cause, whole.unjudged) == (of_run.cause, of_run.unjudged)


def test_a_contract_without_writes_judges_none_and_has_no_clauses_of_them() -> None:
    write = created(batch(created_at="today"))
    ledger = judge_followed(Ledger(), lists(), (write,), NOTHING)
    assert replace(ledger, clauses=()) == Ledger(exchanges=(write,))
    assert {one.state for one in ledger.clauses} <= {"not_observed"}


def of_rule(ledger: Ledger, rule: str) -> list[ClauseResult]:
    return [one for one in ledger.clauses if one.clause.rule == rule and one.state != "not_observed"]


def test_clauses_of_rules_that_follow_count_what_was_looked_at_and_what_was_broken() -> None:
    good = of_batch(seen=reads("in_progress"), cancels=[cancelled("cancelling", "in_progress", "cancelled")])
    both = Followed(batches=(*good.batches, *BACKWARDS.batches, *BACKWARDS.batches))
    kept, broken = (
        [
            (one.clause.pointer, one.state, one.judged, one.broken)
            for one in of_rule(after(followed=run), "cancel.effect")
        ]
        for run in (good, both)
    )
    assert kept == [("/id", "kept", 1, 0), ("/status", "kept", 1, 0)]
    assert broken == [("/id", "kept", 3, 0), ("/status", "broken", 3, 2)]
    silent = Counter(one.state for one in after().clauses)
    assert set(silent) == {"not_observed"}
    ids = [one.clause.id for one in after().clauses]
    assert len(set(ids)) == len(ids)
    assert {one.clause.rule for one in after().clauses} >= {"cancel.effect", "upload.listed", "result_lines.form"}


def test_the_evidence_is_the_exchange_that_shows_it() -> None:
    (found,) = weighty(after(followed=BACKWARDS))
    (undone, *_) = BACKWARDS.batches[0].cancels[0].reads
    assert (found.rule, found.kind, found.evidence, found.occurrences) == (
        "cancel.effect",
        "undone",
        undone.exchange,
        1,
    )


def weighty(ledger: Ledger) -> list[Finding]:
    return [one for one in ledger.findings if one.level != "info"]
