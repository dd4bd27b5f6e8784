"""What is said of batches that were made: the ids of the texts that people read, and their arguments.

Written to ``data/followed-words.json`` by ``python tests/test_followed_words.py``; look at the difference before it is
kept.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from test_followed import CASES, judged
from test_judge_words import worded, written

from batch_conformance.rules import REGISTRY

WORDS = Path(__file__).parent / "data" / "followed-words.json"


def said(rule: str) -> list[list[Any]]:
    """What is said of each run that breaks a rule, and which clauses about such batches each of its runs exercised."""
    ledgers = [[judged(run) for run in runs] for runs in CASES[rule]]
    exercised = [
        [
            f"{one.state} {one.judged} {one.broken} {one.clause.id}"
            for one in ledger.clauses
            if REGISTRY[one.clause.rule].follow and one.state != "not_observed"
        ]
        for of_kind in ledgers
        for ledger in of_kind
    ]
    return [*(worded(ledger.findings) for ledger in ledgers[0]), *exercised]


@pytest.mark.parametrize("rule", CASES)
def test_a_finding_says_the_same_as_ever(rule: str) -> None:
    assert said(rule) == json.loads(WORDS.read_text("utf-8")).get(rule), (
        "if this is meant, run `python tests/test_followed_words.py` and look at the difference"
    )


if __name__ == "__main__":
    WORDS.write_text(written({rule: said(rule) for rule in CASES}), encoding="utf-8")
