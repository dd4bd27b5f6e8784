"""A value that is another one at each read is one finding; a few values stay apart, so that a new one is new."""

from __future__ import annotations

import random

import pytest
from judge_cases import batch
from judge_support import findings

from batch_conformance.findings.crowd import MOST_KINDS

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
