"""A judge by its parts: what it holds of an operation, what it counts and shows, and what it says is missing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cases_lists import item, lists, page, read
from judge_support import COMPLETED, KNOWN, OTHER, QUEUED, contract, in_order, refused, sent, unknown

from batch_conformance.exchange.exchange import Exchange, Failure
from batch_conformance.findings.finding import Deviation
from batch_conformance.judge import judge as module
from batch_conformance.judge.account import Account
from batch_conformance.judge.coverage import Bodies
from batch_conformance.judge.judge import (
    REQUIRED_AUTHENTICATION,
    REQUIRED_SUCCESS,
    REQUIRED_UNKNOWN,
    Judge,
    is_batch_required,
    judge,
)
from batch_conformance.judge.log import Row
from batch_conformance.judge.reads import is_reduced, plain_probe
from batch_conformance.message import shown
from batch_conformance.observation.observation import Observation

SHORT = {name: value for name, value in QUEUED.items() if name not in ("errors", "metadata")}
LONG = {**SHORT, "errors": []}


def account(folder: Path | None = None, *, keeps_all: bool = False) -> Account:
    return Account(contract(), contract().chosen, 7, folder, keeps_all=keeps_all)


def seen(exchange: Exchange, number: int = 0) -> Observation:
    return Observation(replace(exchange, number=number), contract())


@pytest.mark.parametrize("keeps_all", [True, False])
def test_the_log_of_an_operation_is_made_as_was_asked_for(tmp_path: Path, *, keeps_all: bool) -> None:
    log = account(tmp_path, keeps_all=keeps_all).log
    held = (log.contract, log.operation, log._most, log._folder, log.keeps_all)
    assert held == (contract(), contract().chosen, 7, tmp_path, keeps_all)


def unseen(bodies: Bodies) -> dict[str, str]:
    """The properties that bodies might have had and never had, with what is said of them."""
    return {one.pointer: str(one.observed) for one in bodies.never_seen()}


def test_properties_are_looked_for_in_the_bodies_of_real_batches_or_of_all_where_there_are_none() -> None:
    made = account()
    for subject, body, times in (("known", SHORT, 2), ("equivalent", SHORT, 3), ("unknown", LONG, 5)):
        observation = seen(sent(body, subject=subject))
        made.add_body(observation, times)
    assert "/errors" not in unseen(made.bodies())
    assert unseen(made.bodies())["/metadata"] == "in none of 10 bodies"
    made.facts.add(seen(sent(SHORT)))
    assert unseen(made.bodies())["/errors"] == unseen(made.bodies())["/metadata"] == "in none of 5 bodies"


def test_two_accounts_add_up() -> None:
    first, second = account(), account()
    for number, (one, body, subject) in enumerate(
        ((first, SHORT, "known"), (second, LONG, "known"), (second, SHORT, "unknown"))
    ):
        observation = seen(sent(body, subject=subject), number)
        one.add_body(observation, 1)
        one.facts.add(observation)
        one.coverage.add(observation)
        one.log.add(observation, 0)
    first.update(second)
    assert unseen(first.bodies()) == dict.fromkeys(unseen(first.bodies()), "in none of 2 bodies")
    assert "/errors" not in unseen(first.bodies())
    assert unseen(first._other_bodies)["/errors"] == "in none of 1 bodies"
    assert first.coverage.statuses()[0].count == 3
    assert [row.number for row in first.log.of(KNOWN)] == [0, 1, 2]
    assert first.facts.real


def test_conditions_are_those_of_the_run_and_bodies_of_errors_wait() -> None:
    made = account()
    assert made.is_reported(())
    assert made.is_reported(("unless_real",))
    assert not made.is_reported(("error_body", "x", "500"))
    made.facts.add(seen(sent()))
    assert not made.is_reported(("unless_real",))


def test_what_may_be_held_is_divided_among_the_operations() -> None:
    assert len(lists().operations) == 3
    for most, of_each in ((10, 3), (3, 1), (1, 1)):
        assert {Judge(lists(), most=most).log_of(one)._most for one in lists().operations} == {of_each}


@pytest.mark.parametrize(
    ("exchange", "rules", "judged"),
    [
        (sent(), set(), 1),
        (sent({**QUEUED, "created_at": "x", "new": 1}), {"body.type", "body.undeclared"}, 1),
        (sent(b"<p>busy</p>", 503, media_type="text/html"), {"response.media_type"}, 1),
    ],
    ids=range(3),
)
def test_every_exchange_is_counted_and_what_it_breaks_is_given(
    exchange: Exchange, rules: set[str], judged: int
) -> None:
    made = Judge(contract())
    given = made.add(exchange)
    assert given.rules == rules
    assert given.observation.exchange is exchange
    assert made.judged == judged
    observation = Observation(exchange, contract())
    assert made.add(exchange, observation).observation is observation
    assert made.judged == 2 * judged


def test_exchanges_that_are_alike_are_counted_at_once() -> None:
    made = Judge(contract())
    judged = made.add(sent({**SHORT, "created_at": "x"}, number=0))
    made.count(judged, 4)
    ledger = made.ledger()
    assert made.judged == 5
    (found,) = (one for one in ledger.findings if one.rule == "body.type")
    assert found.occurrences == 5
    assert {one.status: one.count for one in ledger.statuses if one.count} == {"200": 5}
    assert {str(one.observed) for one in ledger.findings if one.rule == "body.seen"} >= {"in none of 5 bodies"}


def test_what_is_no_batch_has_none_of_its_properties() -> None:
    made = Judge(contract())
    judged = made.add(sent({"data": QUEUED}, number=0))
    made.count(judged)
    assert [one.pointer for one in made.ledger().findings if one.rule == "body.seen"] == []


def numbers(made: Judge) -> list[int]:
    return [exchange.number for exchange in made.ledger().exchanges]


def test_the_ledger_of_a_recording_shows_what_deviates_what_is_kept_and_the_first_examples(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_MOST_EXAMPLES", 2)
    made, other = Judge(contract()), Judge(contract())
    for number in range(3):
        made.add(sent(COMPLETED, number=number))
    assert numbers(made) == []
    made.add(sent({**COMPLETED, "new": 1}, number=3))
    assert numbers(made) == [3]
    made.keep(sent(COMPLETED, number=7))
    made.keep_example(sent(COMPLETED, number=5))
    assert numbers(made) == [3, 5, 7]
    other.keep(sent(COMPLETED, number=6))
    for number in (8, 9):
        other.keep_example(sent(COMPLETED, number=number))
    other.add(sent(COMPLETED, number=10))
    made.update(other)
    made.keep_example(sent(COMPLETED, number=11))
    assert numbers(made) == [3, 5, 6, 7, 8]
    assert made.judged == 5


def test_a_run_shows_all_its_exchanges_in_their_order() -> None:
    exchanges = in_order(sent(), unknown(), refused())
    assert [one.number for one in judge(exchanges[::-1], contract()).exchanges] == [0, 1, 2]


def reads_back(made: Judge) -> None:
    for number, body in enumerate((COMPLETED, QUEUED)):
        made.add(replace(sent(body), number=number, started_at=1e9 + number))


def regressed(made: Judge, **more: Any) -> Exchange:
    (found,) = (one for one in made.ledger(**more).findings if one.rule == "state.regressed")
    return found.evidence


def plainly(made: Judge) -> None:
    """Put by the same reads as a recording does that is spared of judging them."""
    log = made.log_of(contract().chosen)
    for number, body in enumerate((COMPLETED, QUEUED)):
        facts = (200, "application/json", log.facts_of(body), None, 0)
        log.add_plain([(KNOWN, (1e9 + number, number, 0.5), (500 + number, (), facts, b"{}"))])


def test_evidence_of_which_a_part_was_kept_can_be_revived() -> None:
    made, asked = Judge(contract()), []
    plainly(made)
    assert is_reduced(regressed(made))

    def revive(deviation: Deviation, row: Row) -> Deviation:
        asked.append((deviation.rule, deviation.exchange.number, row.number, row.size, row.raw))
        return replace(deviation, exchange=replace(sent(), number=row.number))

    assert regressed(made, revive=revive) == replace(sent(), number=1)
    assert ("state.regressed", 1, 1, 501, b"{}") in asked


def test_evidence_of_which_a_part_was_kept_is_shown_whole_where_that_was_kept_too() -> None:
    made = Judge(contract())
    plainly(made)
    whole = replace(sent(), number=1, probe=plain_probe(contract().chosen, KNOWN, ()), started_at=1e9 + 1)
    made.keep(replace(whole, started_at=5.0))
    assert is_reduced(regressed(made))
    made.keep(whole)
    assert regressed(made) is whole


def test_the_smallest_evidence_of_reads_that_are_compared_is_shown() -> None:
    made = Judge(contract())
    log = made.log_of(contract().chosen)
    for key, number, size in ((KNOWN, 0, 900), (OTHER, 2, 300)):
        for place, body in enumerate((COMPLETED, QUEUED)):
            facts = (200, "application/json", log.facts_of({**body, "id": key}), None, 0)
            log.add_plain([(key, (1e9 + place, number + place, 0.5), (size, (), facts, None))])
    assert regressed(made).number == 3


def test_of_several_servers_nothing_is_compared_across_batches_and_lists() -> None:
    made = Judge(lists())
    for one in in_order(page([item("a", completion_window="48h")]), read("a")):
        made.add(one)
    assert "listing.item_differs" in {one.rule for one in made.ledger().findings}
    assert "listing.item_differs" not in {one.rule for one in made.ledger(of_several_servers=True).findings}


def test_a_judge_can_be_given_more_after_its_ledger_and_its_files_go_with_it(tmp_path: Path) -> None:
    made = Judge(contract(), most=8, folder=tmp_path)
    reads_back(made)
    assert made.ledger() == made.ledger()
    assert len(list(tmp_path.iterdir())) == 1
    made.close()
    assert [log._spill for log in (made.log_of(contract().chosen),)] == [None]


def missing(*exchanges: Exchange, **more: Any) -> list[str]:
    made = Judge(lists())
    for one in in_order(*exchanges):
        made.add(one)
    return [str(one) for one in made.ledger(**more).missing]


def test_of_several_operations_what_a_verdict_needs_is_said_of_each() -> None:
    success, stranger, door = map(str, (REQUIRED_SUCCESS, REQUIRED_UNKNOWN, REQUIRED_AUTHENTICATION))
    read_path, list_path, files_path = "(GET /batches/{batch_id})", "(GET /batches)", "(GET /files)"
    nothing = [f"{success} {path}" for path in (read_path, list_path, files_path)]
    assert sorted(missing()) == sorted([*nothing, f"{stranger} {read_path}"])
    found = missing(read("a"))
    assert sorted(found) == sorted([*nothing[1:], f"{stranger} {read_path}", door])
    assert missing(read("a"), of_recording=True) == [one for one in found if success in one]
    assert missing(read("a"), page("a"), refused()) == [f"{success} {files_path}", f"{stranger} {read_path}"]


def test_a_batch_is_required_where_the_success_of_the_read_of_one_is() -> None:
    assert is_batch_required(REQUIRED_SUCCESS, contract())
    assert not is_batch_required(REQUIRED_UNKNOWN, contract())
    needed = [one for one in Judge(lists()).ledger().missing if is_batch_required(one, lists())]
    assert [str(one) for one in needed] == [f"{REQUIRED_SUCCESS} (GET /batches/{{batch_id}})"]


def test_the_one_cause_leaves_nothing_missing() -> None:
    broken = [sent(b"", 500), unknown(b"", 500), sent(b"", 500)]
    behind = judge(in_order(refused(), *broken), contract())
    assert (str(behind.cause), behind.missing) == ("every request with the valid key is answered 500", ())
    forbidden = [sent("no", 403), unknown("no", 403)]
    all_refused = judge(in_order(*forbidden), contract())
    assert (str(all_refused.cause), all_refused.missing) == ("every request with the valid key is answered 403", ())
    other = judge(in_order(*forbidden, sent(b"", 405, method="HEAD")), contract())
    assert str(other.cause) == "every plain read with the valid key is answered 403"
    gone = sent(answered=False, failure=Failure("reset", shown("reset")))
    assert judge(in_order(gone, sent()), contract()).cause is None
