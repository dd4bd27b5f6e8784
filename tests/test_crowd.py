"""A value that is another one at each read is one finding; a few values stay apart, so that a new one is new."""

from __future__ import annotations

import random

import pytest
from judge_cases import batch, completed
from judge_support import findings

from batch_conformance.exchange.exchange import Exchange
from batch_conformance.findings.crowd import MOST_KINDS, MOST_NAMES
from batch_conformance.findings.finding import Finding

NAMES = "body.undeclared"
UNHEARD_OF = [f"STATE_{number:02}" for number in range(40)]


@pytest.mark.parametrize("count", [1, MOST_KINDS, MOST_KINDS + 1, 40])
def test_more_values_than_a_few_are_told_as_one(count: int) -> None:
    found = [f for f in findings(*(batch({"status": word}) for word in UNHEARD_OF[:count])) if f.pointer == "/status"]
    assert len(found) == (count if count <= MOST_KINDS else 1)
    assert sum(finding.occurrences for finding in found) == count
    if count == 40:
        assert found[0].kind == "many"
        assert found[0].observed == 'string "STATE_00", string "STATE_01", string "STATE_02" and 37 more'


def test_a_crowd_has_the_same_fingerprint_whatever_the_values_are() -> None:
    def fingerprint(seed: int) -> str:
        words = [f"{random.Random(f'{seed}/{n}').random()}" for n in range(12)]
        (found,) = [f for f in findings(*(batch({"status": word}) for word in words)) if f.pointer == "/status"]
        return found.id

    assert fingerprint(1) == fingerprint(2)


def counted(*names: str) -> Exchange:
    """A batch with these members among its counts, beside the documented ones."""
    return batch({"request_counts": {"total": 1, "completed": 0, "failed": 0, **dict.fromkeys(names, 1)}})


def undeclared(*exchanges: Exchange) -> list[Finding]:
    return [finding for finding in findings(*exchanges) if finding.rule == NAMES]


@pytest.mark.parametrize("pool", [10, 10**9])
@pytest.mark.parametrize("at_once", [1, 3])
def test_names_that_change_in_an_object_are_one_finding_with_one_fingerprint(pool: int, at_once: int) -> None:
    def told(seed: int) -> Finding:
        drawn = random.Random(f"{seed}")
        (found,) = undeclared(
            *(counted(*(f"model_{drawn.randrange(pool)}" for _ in range(at_once))) for _ in range(60))
        )
        return found

    assert (told(1).pointer, told(1).kind) == ("/request_counts/*", "many")
    assert told(1).id == told(2).id


def test_a_name_that_is_always_there_stays_apart_from_names_that_change() -> None:
    found = undeclared(*(counted("cancelled", f"model_{number}") for number in range(30)))
    assert {finding.pointer for finding in found} == {"/request_counts/cancelled", "/request_counts/*"}
    (alone,) = undeclared(counted("cancelled"))
    assert alone.id in {finding.id for finding in found}


def test_names_that_come_together_are_a_finding_each_however_rare_they_are() -> None:
    rare = [f"of_{number}" for number in range(2 * MOST_NAMES)]
    found = undeclared(*(counted() for _ in range(30)), counted(*rare), counted(*rare))
    assert {finding.pointer for finding in found} == {f"/request_counts/{name}" for name in rare}


def test_a_few_names_in_some_answers_are_a_finding_each() -> None:
    found = undeclared(*(counted(f"model_{number % MOST_NAMES}") for number in range(30)))
    assert len(found) == MOST_NAMES


def magnitudes(*exchanges: Exchange) -> list[tuple[str, str]]:
    return [(one.pointer, one.kind) for one in findings(*exchanges) if one.rule == "time.magnitude"]


def test_times_of_no_age_that_are_drawn_at_random_are_one_finding_with_one_fingerprint() -> None:
    def told(seed: int) -> Finding:
        drawn = random.Random(f"{seed}")
        names = ("created_at", "expires_at", "completed_at")
        bodies = ({name: drawn.choice([-1, 1]) * drawn.randrange(1, 10**8) for name in names} for _ in range(20))
        (found,) = (one for one in findings(*map(completed, bodies)) if one.rule == "time.magnitude")
        return found

    assert (told(1).pointer, told(1).kind, told(1).id) == ("", "many", told(2).id)
    assert told(1).observed == "times of no age at /completed_at, /created_at, /expires_at"


def test_times_of_no_age_are_told_by_their_places_where_they_are_few_and_of_one_kind() -> None:
    assert magnitudes(batch({"created_at": -1}), batch({"created_at": -7})) == [("/created_at", "negative")]
    found = magnitudes(completed({"in_progress_at": -1, "completed_at": 5}))
    assert found == [("/completed_at", "distant"), ("/in_progress_at", "negative")]


def test_times_in_another_unit_are_told_by_their_places() -> None:
    names = ("created_at", "in_progress_at", "expires_at", "finalizing_at", "completed_at")
    found = magnitudes(completed(dict.fromkeys(names, 1741685413000)), completed({"created_at": 0}))
    assert len(found) == len(names) + 1


@pytest.mark.parametrize(("drawn", "count"), [(False, MOST_KINDS + 1), (True, 1)])
def test_one_value_that_stands_for_unset_is_told_by_its_places(drawn: bool, count: int) -> None:
    names = ("failed_at", "expired_at", "cancelling_at", "cancelled_at", "expires_at", "created_at")
    values = {name: 946656000000 + number * drawn for number, name in enumerate(names)}
    assert len(magnitudes(completed(values))) == count
