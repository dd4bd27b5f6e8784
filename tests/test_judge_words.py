"""What the judge says of each of its cases: the ids of the texts that people read, and their arguments.

Written to ``data/judge-words.json`` by ``python tests/test_judge_words.py``; look at the difference before it is kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
from judge_cases import Case, Sent
from judge_support import contract, findings
from test_judge_rules import CASES

from batch_conformance.findings.finding import Finding
from batch_conformance.message_json import as_json

WORDS = Path(__file__).parent / "data" / "judge-words.json"
TOLD = ("rule", "level", "side", "status", "media_type", "pointer", "kind")


def said(case: Case, run: Sent) -> list[list[Any]]:
    """All that findings say, but for the properties that were never seen: the batches of the cases have few."""
    found = findings(*run, under=case.under or contract(), info=True)
    return worded(one for one in found if one.rule != "body.seen")


def worded(found: Iterable[Finding]) -> list[list[Any]]:
    """What findings say, without their English."""
    return [
        [
            *(getattr(one, name) for name in TOLD),
            pinned(as_json(one.expected)),
            pinned(as_json(one.observed)),
            str(one.location),
        ]
        for one in found
    ]


def pinned(value: Any) -> Any:
    """The JSON of a message without its English, which may be reworded."""
    if isinstance(value, dict):
        kept = {name: pinned(inner) for name, inner in value.items() if name != "text" or "id" not in value}
        return kept["id"] if kept.get("arguments") == {} else kept
    return [pinned(inner) for inner in value] if isinstance(value, list) else value


def written(words: Mapping[str, list[Any]]) -> str:
    """What is said of every run that breaks a rule, as it is kept in a file: a line for each of them."""
    lines = [
        f"{json.dumps(rule)}: [\n" + ",\n".join(json.dumps(run, ensure_ascii=False) for run in runs) + "\n]"
        for rule, runs in words.items()
    ]
    return "{\n" + ",\n".join(lines) + "\n}\n"


@pytest.mark.parametrize("rule", CASES)
def test_a_finding_says_the_same_as_ever(rule: str) -> None:
    known = json.loads(WORDS.read_text("utf-8"))
    told = [said(CASES[rule], run) for run in CASES[rule].breaks]
    assert told == known.get(rule), (
        "if this is meant, run `python tests/test_judge_words.py` and look at the difference"
    )


if __name__ == "__main__":
    told_of = {rule: [said(case, run) for run in case.breaks] for rule, case in CASES.items()}
    WORDS.write_text(written(told_of), encoding="utf-8")
