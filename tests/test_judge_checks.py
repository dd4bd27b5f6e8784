"""What the checks of a rule give for each exchange of its cases by itself, before a run decides what of it is told.

Written to ``data/judge-checks.json`` by ``python tests/test_judge_checks.py``; look at the difference before it is
kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from judge_cases import Case, Sent
from judge_support import contract
from test_judge_rules import CASES

from batch_conformance.contract.contract import Contract, compile_contract
from batch_conformance.contract.document import parse_document
from batch_conformance.observation.observation import Observation
from batch_conformance.rules import REGISTRY
from batch_conformance.rules.rule import Broken

CHECKS = Path(__file__).parent / "data" / "judge-checks.json"
FIELDS = ("status", "media_type", "pointer", "level", "side", "when")
Checked = list[list[Any]]


def given(broken: Broken) -> dict[str, Any]:
    """How a rule is broken: its kind, and what it says beyond what all deviations have."""
    told = {name: getattr(broken, name) for name in FIELDS if getattr(broken, name) not in ("", None, ())}
    if broken.status == "":
        told["status"] = ""
    return {"kind": broken.kind, **told, "when": list(broken.when)} if broken.when else {"kind": broken.kind, **told}


def checked(rule: str, run: Sent, under: Contract) -> Checked:
    """Of each exchange of a run: whether it exercises a rule, and how it breaks it."""
    one = REGISTRY[rule]
    observed = [Observation(exchange, under) for exchange in run]
    return [
        [
            bool(one.exercised(observation)) if one.exercised else None,
            *map(given, one.check(observation) if one.check else ()),
        ]
        for observation in observed
    ]


def checked_in_all(rule: str) -> list[list[Checked]]:
    case = CASES[rule]
    return [[checked(rule, run, case.under or contract()) for run in runs] for runs in (case.breaks, case.keeps)]


@cache
def of_ranges() -> Contract:
    """The published contract, with a range in place of each refusal that it documents."""
    document = json.loads(json.dumps(contract().document.data))
    responses: dict[str, Any] = document["paths"]["/batches/{batch_id}"]["get"]["responses"]
    kept = {status: response for status, response in responses.items() if status != "401" and status[0] != "5"}
    kept |= {"4XX": responses["401"], "default": responses["401"]}
    document["paths"]["/batches/{batch_id}"]["get"]["responses"] = kept
    return compile_contract(parse_document(json.dumps(document).encode(), "ranges.json"), "published")


def statuses(case: Case, rule: str) -> list[list[list[str | None]]]:
    """The statuses under which each run is told by its checks, where 401 and others are documented as a range."""
    return [
        [[broken.get("status") for broken in rest] for _, *rest in checked(rule, run, of_ranges())]
        for run in case.breaks
        if case.under is None
    ]


def written() -> str:
    found: Mapping[str, Any] = {rule: [*checked_in_all(rule), statuses(CASES[rule], rule)] for rule in CASES}
    return "{\n" + ",\n".join(f"{json.dumps(rule)}: {json.dumps(one)}" for rule, one in found.items()) + "\n}\n"


@pytest.mark.parametrize("rule", CASES)
def test_the_checks_of_a_rule_give_what_they_did(rule: str) -> None:
    known = json.loads(CHECKS.read_text("utf-8"))
    assert [*checked_in_all(rule), statuses(CASES[rule], rule)] == known.get(rule), (
        "if this is meant, run `python tests/test_judge_checks.py` and look at the difference"
    )


if __name__ == "__main__":
    CHECKS.write_text(written(), encoding="utf-8")
