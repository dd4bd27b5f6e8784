"""What is said of what the client makes of answers: the ids of the texts that people read, and their arguments.

Written to ``data/client-words.json`` by ``python tests/test_client_words.py``; look at the difference before it is
kept.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from test_client import CASES, read
from test_judge_words import worded, written

WORDS = Path(__file__).parent / "data" / "client-words.json"


def said(rule: str) -> list[list[Any]]:
    return [worded(read(run)) for run, _ in CASES[rule].breaks]


@pytest.mark.parametrize("rule", CASES)
def test_a_finding_says_the_same_as_ever(rule: str) -> None:
    assert said(rule) == json.loads(WORDS.read_text("utf-8")).get(rule), (
        "if this is meant, run `python tests/test_client_words.py` and look at the difference"
    )


if __name__ == "__main__":
    WORDS.write_text(written({rule: said(rule) for rule in CASES}), encoding="utf-8")
