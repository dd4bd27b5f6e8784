"""What the judge says of each of its cases, word for word: baselines know findings by it, and people read it.

Written to ``data/judge-words.json`` by ``python tests/test_judge_words.py``; look at the difference before it is kept.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from judge_cases import Case, Sent
from judge_support import contract, findings
from test_judge_rules import CASES

WORDS = Path(__file__).parent / "data" / "judge-words.json"
TOLD = ("rule", "level", "side", "status", "media_type", "pointer", "kind", "expected", "observed")


def said(case: Case, run: Sent) -> list[list[str]]:
    """All that findings say, but for the properties that were never seen: the batches of the cases have few."""
    found = findings(*run, under=case.under or contract(), info=True)
    rows = [[str(getattr(one, name)) for name in TOLD] for one in found if one.rule != "body.seen"]
    return [
        [*row, str(one.location)] for row, one in zip(rows, (f for f in found if f.rule != "body.seen"), strict=True)
    ]


def written() -> str:
    """What is said of every run that breaks a rule: a line for each of them."""
    lines = [
        f"{json.dumps(rule)}: [\n"
        + ",\n".join(json.dumps(said(case, run), ensure_ascii=False) for run in case.breaks)
        + "\n]"
        for rule, case in CASES.items()
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


@pytest.mark.parametrize("rule", CASES)
def test_a_finding_is_told_in_the_same_words_as_ever(rule: str) -> None:
    known = json.loads(WORDS.read_text("utf-8"))
    told = [said(CASES[rule], run) for run in CASES[rule].breaks]
    assert told == known.get(rule), (
        "if this is meant, run `python tests/test_judge_words.py` and look at the difference"
    )


if __name__ == "__main__":
    WORDS.write_text(written(), encoding="utf-8")
