"""Whole runs against servers of many kinds: all that the judge says of each is what it said before.

Written to ``data/judge-runs.json`` by ``python tests/test_judge_runs.py``; look at the difference before it is kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from judge_support import contract, openai_like
from judged_runs import drawn, summary

from batch_conformance.contract.contract import Contract
from batch_conformance.findings.ledger import Ledger
from batch_conformance.judge.judge import Judge, judge
from batch_conformance.judge.shape import observe

RUNS = Path(__file__).parent / "data" / "judge-runs.json"
SEEDS = range(48)


def under(seed: int) -> Contract:
    """The contract that the run of a seed is judged by."""
    return {11: contract().unsecured(), 15: openai_like()}.get(seed % 16, contract())


def judged(seed: int) -> Ledger:
    """The ledger of a run; of some of them it is compared with the shape of the one before."""
    of = under(seed)
    return judge(drawn(seed), of, observe(drawn(seed - 1), of) if seed % 4 == 1 else None)


@cache
def known() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(RUNS.read_text("utf-8"))
    return found


@pytest.mark.parametrize("seed", SEEDS)
def test_a_run_is_judged_as_ever(seed: int) -> None:
    assert json.loads(json.dumps(summary(judged(seed)))) == known()[str(seed)], (
        "if this is meant, run `python tests/test_judge_runs.py` and look at the difference"
    )


@pytest.mark.parametrize("seed", [seed for seed in SEEDS if seed % 4 != 1])
def test_a_recording_of_a_run_is_judged_as_the_run(seed: int) -> None:
    of = under(seed)
    first, second = Judge(of), Judge(of, most=20)
    for exchange in drawn(seed):
        (first if exchange.number % 3 else second).add(exchange)
    first.update(second)
    told, expected = summary(first.ledger()), summary(judged(seed))
    shown = {finding.evidence.order for finding in first.ledger().findings}
    assert told.pop("shown") == " ".join(f"{number}.{attempt}" for number, attempt in sorted(shown))
    expected.pop("shown")
    assert told == expected
    missing = [one for one in expected["missing"] if "required.success" in one]
    assert summary(first.ledger(of_recording=True))["missing"] == missing
    first.close()


if __name__ == "__main__":
    lines = (f"{json.dumps(str(seed))}: {json.dumps(summary(judged(seed)), indent=1)}" for seed in SEEDS)
    RUNS.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
