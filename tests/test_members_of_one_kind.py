"""Members of one kind that are wrong in one way in the same answers have one cause, and are one finding."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from answering import BATCH, NOT_FOUND, Asked, Said, answering, audited
from judge_cases import batch, completed
from judge_support import OTHER, contract, findings
from samples import run_report
from small_server import BATCH_ID, KEY

from batch_conformance.findings.baseline import Baseline
from batch_conformance.findings.baseline_file import new_entry
from batch_conformance.findings.finding import Finding
from batch_conformance.judge.judge import judge
from batch_conformance.report.finding.suggestion import suggestions
from batch_conformance.report.items.item import items_for
from batch_conformance.report.items.item_outcome import outcomes
from batch_conformance.rules.highlight import at_pointer
from batch_conformance.run.live.begin import begin
from batch_conformance.run.settings import settle

TODAY = date(2026, 3, 1)
TIMES = ("created_at", "expires_at", "in_progress_at")
ISO = dict.fromkeys(TIMES, "2025-03-11T09:30:13Z")
TEXTS = {"request_counts": {"total": "3", "completed": "1", "failed": "0"}}
FLOATS = dict.fromkeys(TIMES, 1741685413.5)


def typed(*exchanges: Any) -> list[Finding]:
    return [finding for finding in findings(*exchanges) if finding.rule == "body.type"]


@pytest.mark.parametrize(
    ("wrong", "kind", "said"),
    [
        (ISO, "string", "times as string at /created_at, /expires_at, /in_progress_at"),
        (FLOATS, "number", "times as number at /created_at, /expires_at, /in_progress_at"),
        (
            TEXTS,
            "string",
            "counts as string at /request_counts/completed, /request_counts/failed, /request_counts/total",
        ),
        (dict.fromkeys(("id", "input_file_id"), 7), "integer", "ids as integer at /id, /input_file_id"),
    ],
)
def test_what_one_serializer_gets_wrong_is_one_finding_that_names_the_members(
    wrong: dict[str, Any], kind: str, said: str
) -> None:
    (found,) = typed(batch(wrong), batch(wrong))
    assert (found.pointer, found.kind, str(found.observed), found.occurrences) == ("", kind, said, 2)
    assert found.pointers == tuple(said.partition(" at ")[2].split(", "))
    assert at_pointer(found).pointers == found.pointers


def test_it_says_the_types_that_are_documented_and_breaks_the_clauses_of_its_members() -> None:
    (found,) = typed(batch(ISO))
    assert str(found.expected) == "the documented type at each of them: integer, integer or null"
    assert found.clauses == tuple(f"{found.operation} 200 application/json /{name} body.type" for name in TIMES)
    (alone,) = typed(batch({"created_at": "2025-03-11T09:30:13Z"}))
    assert alone.clauses == (alone.clause,)


def test_its_fingerprint_does_not_depend_on_how_many_members_it_is() -> None:
    few = {name: ISO[name] for name in TIMES[:2]}
    assert {one.id for wrong in (ISO, few) for one in typed(batch(wrong))} == {typed(batch(ISO))[0].id}


def test_a_member_that_is_wrong_alone_has_the_fingerprint_of_ever() -> None:
    (alone,) = typed(batch({"created_at": ISO["created_at"]}))
    assert (alone.pointer, alone.parts) == ("/created_at", ())
    assert alone.id in typed(batch(ISO))[0].ids


def test_members_that_are_wrong_in_other_answers_stay_apart() -> None:
    found = typed(*(batch({name: ISO[name]}) for name in TIMES))
    assert [one.pointer for one in found] == ["/created_at", "/expires_at", "/in_progress_at"]


def test_members_that_no_answer_shows_all_together_are_one_finding_with_one_fingerprint() -> None:
    ended = completed(dict.fromkeys(("in_progress_at", "finalizing_at"), ISO["created_at"]))
    times = dict.fromkeys(("cancelling_at", "cancelled_at"), ISO["created_at"])
    cancelled = batch({"status": "cancelled", "id": OTHER, **times}, batch_id=OTHER)
    for run in ((ended, cancelled), (cancelled, ended)):
        (found,) = typed(*run)
        assert found.id == typed(batch(ISO))[0].id
        assert found.pointers == ("/cancelled_at", "/cancelling_at", "/finalizing_at", "/in_progress_at")


def test_members_of_other_kinds_and_other_types_stay_apart() -> None:
    found = typed(batch({**ISO, **TEXTS, "endpoint": 7, "created_at": False}))
    assert {(one.pointer, one.kind, len(one.parts)) for one in found} == {
        ("/created_at", "boolean", 0),
        ("/endpoint", "integer", 0),
        ("", "string", 2),
        ("", "string", 3),
    }
    assert len({one.id for one in found}) == len(found)


def test_what_the_document_forbids_by_mistake_stays_at_its_places() -> None:
    unset = dict.fromkeys(("cancelled_at", "expired_at", "failed_at"))
    found = [one for one in findings(batch(unset), under=contract("published")) if one.rule == "body.type"]
    assert {one.side for one in found} == {"document"}
    assert len(found) >= len(unset)


def test_a_baseline_that_accepted_each_member_accepts_all_of_them_together() -> None:
    each = [one for name in TIMES for one in typed(batch({name: ISO[name]}))]
    whole = typed(batch(ISO))
    entries = tuple(new_entry(one, TODAY, "we know") for one in each)
    ledger = judge([batch(ISO)], contract())
    for kept, state in ((entries, "known"), (entries[1:], "new")):
        baseline = Baseline("baseline.yaml", kept)
        accepted = baseline.accept(whole, TODAY)
        assert [one.state for one in accepted] == [state]
        results = baseline.results(accepted, ledger.clauses, complete=True)
        assert "fixed" not in {one.state for one in results}
    expired = (replace(entries[0], expires=date(2020, 1, 1)), *entries[1:])
    assert [one.state for one in Baseline("baseline.yaml", expired).accept(whole, TODAY)] == ["expired"]


def test_what_is_suggested_cures_each_member() -> None:
    ledger = judge([batch(ISO)], contract())
    made, left = suggestions(contract(), ledger)
    (found,) = [one for one in ledger.findings if one.rule == "body.type"]
    assert found not in left
    targets = [one.target for one in made if found in one.findings]
    assert all(any(name in target for target in targets) for name in TIMES)


def test_each_member_fails_its_own_test_and_it_is_told_once() -> None:
    ledger = judge([batch(ISO)], contract())
    (found,) = [one for one in ledger.findings if one.rule == "body.type"]
    report = replace(run_report((found,)), ledger=ledger)
    items = items_for(contract())
    red = {key: one for key, one in outcomes(report, items).items() if one.state == "failed"}
    assert {key.partition("[")[2] for key in red} == {f"200-{name}]" for name in TIMES}
    told = [one for one in red.values() if "the same cause as" not in one.text]
    assert [one.text.count("times as string at") for one in told] == [1]
    last = list(red)[-1]
    alone = outcomes(report, items, {last})
    assert "the same cause" not in alone[last].text
    assert "times as string at" in alone[last].text


def test_what_stands_for_several_is_seen_again_where_it_is_asked_for_again() -> None:
    def answer(asked: Asked) -> Said | None:
        return Said(200, {**BATCH, **ISO}) if asked.has_key and asked.is_known else None

    with answering(answer) as server:
        settings = settle({"BATCH_API_KEY": KEY}, base_url=server.base_url, batch_ids=[BATCH_ID], confirm=0.01)
        audit = begin(settings, seed=None, command="pytest", sleep=lambda _: None)
        try:
            audit.runner.send()
            audit.confirm(audit.to_confirm())
            found = [one for one in audit.judged().findings if one.rule == "body.type"]
        finally:
            audit.close()
    assert [(len(one.parts), one.again) for one in found] == [(3, "seen")]


def _open_door(asked: Asked) -> Said | None:
    return Said(200, {**BATCH, **ISO}) if asked.is_known else NOT_FOUND


def _object_for_404(asked: Asked) -> Said | None:
    if not asked.has_key:
        return None
    return Said(200, {**BATCH, **TEXTS}) if asked.is_known else Said(404, {"detail": "Not found"})


def _any_id(asked: Asked) -> Said | None:
    return Said(200, {**BATCH, **TEXTS, "id": asked.path.rpartition("/")[2]}) if asked.has_key else None


@pytest.mark.parametrize(
    ("answer", "beside"),
    [
        (_open_door, ("auth.missing_accepted", "401")),
        (_object_for_404, ("body.type", "404")),
        (_any_id, ("identity.unknown_answered", "200")),
    ],
)
def test_of_a_server_that_is_wrong_in_two_ways_two_findings_are_told(
    answer: Callable[[Asked], Said | None], beside: tuple[str, str]
) -> None:
    found = audited(answer).drifts
    assert sorted((one.rule, one.status) for one in found) == sorted([("body.type", "200"), beside])
