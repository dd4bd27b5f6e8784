"""A value that is another one at each read is one finding; a few values stay apart, so that a new one is new."""

from __future__ import annotations

import random

import pytest
from judge_cases import batch
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
