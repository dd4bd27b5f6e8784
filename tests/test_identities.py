"""Clause ids and fingerprints, as they are known by: baselines and earlier reports name findings by them.

Written to ``data/identities.json`` by ``python tests/test_identities.py``. It may grow; what is gone from it was known
by somebody: look at the difference before it is kept.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest
from judge_support import DATA, contract, findings
from test_judge_rules import CASES

from batch_conformance.contract.contract import Contract, Reading
from batch_conformance.contract.sources import load_contract
from batch_conformance.judge.judge import judge

KNOWN = DATA / "identities.json"
SOURCES = ("siliconflow", *(str(DATA / f"{name}.yaml") for name in ("openai-like", "jobs-3.1", "tasks-3.0")))
READINGS: tuple[Reading, ...] = get_args(Reading)


def clauses(of: Contract) -> list[str]:
    """The ids of all clauses, the standing ones among them."""
    return sorted(result.clause.id for result in judge([], of).clauses)


def fingerprints(rule: str) -> list[str]:
    """The findings of all runs that break a rule."""
    case = CASES[rule]
    runs = (findings(*run, under=case.under or contract(), info=True) for run in case.breaks)
    return sorted({finding.id for of_one in runs for finding in of_one})


def written() -> str:
    """A line for each contract, and for each rule."""
    named = {
        f"{Path(source).stem} {reading}": clauses(load_contract(source, reading))
        for source in SOURCES
        for reading in READINGS
    }
    rows = (named | {rule: fingerprints(rule) for rule in CASES}).items()
    return "{\n" + ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in rows) + "\n}\n"


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("source", SOURCES)
def test_the_clauses_of_a_contract_are_named_as_ever(source: str, reading: Reading) -> None:
    known = json.loads(KNOWN.read_text("utf-8"))[f"{Path(source).stem} {reading}"]
    assert set(known) <= set(clauses(load_contract(source, reading)))


@pytest.mark.parametrize("rule", CASES)
def test_the_findings_of_a_rule_have_the_fingerprints_of_ever(rule: str) -> None:
    known = json.loads(KNOWN.read_text("utf-8")).get(rule, ())
    assert set(known) <= set(fingerprints(rule))


if __name__ == "__main__":
    KNOWN.write_text(written(), encoding="utf-8")
