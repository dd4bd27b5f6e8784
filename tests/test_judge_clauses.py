"""How the clauses of a rule fare in each of its cases: broken by what breaks it, kept by a near miss that exercised it.

Written to ``data/judge-clauses.json``, what rules declare to ``data/rules.json``, and what of a response
their findings mark to ``data/judge-highlights.json``, by ``python tests/test_judge_clauses.py``; look at the difference
before it is kept.
"""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import get_args

import pytest
from followed_support import contract as followed_contract
from judge_cases import Case, Sent
from judge_support import contract, findings, in_order, openai_like
from test_judge_rules import CASES

from batch_conformance.findings.ledger import ClauseResult
from batch_conformance.judge.judge import judge
from batch_conformance.rules import OF_WRITES, REGISTRY, added_clauses, known_clauses
from batch_conformance.rules.highlight import Highlight, together
from batch_conformance.rules.rule import At, Concern, LooksAt, Rule

STATES = Path(__file__).parent / "data" / "judge-clauses.json"
RULES = Path(__file__).parent / "data" / "rules.json"
MARKED = Path(__file__).parent / "data" / "judge-highlights.json"
DECLARED = (
    "level", "side", "concern", "said_by", "looks_at", "headers", "exercised_at", "compares", "unless_rare", "of_body",
    "only_with", "unless_told", "unless_alike",
)  # fmt: skip
"""What of a rule decides how it is judged, beside its functions."""
ONLY_BROKEN = {"body.impossible"}
"""What no value can keep."""
Fared = dict[str, list[int]]


def results(rule: str, case: Case, run: Sent) -> list[ClauseResult]:
    ledger = judge(in_order(*run), case.under or contract())
    return [result for result in ledger.clauses if result.clause.rule == rule]


def fared(rule: str, case: Case, run: Sent) -> Fared:
    """By the states that clauses of the rule are in: how many are, and how often they were judged, and broken."""
    states: Fared = {}
    for one in results(rule, case, run):
        before = states.setdefault(one.state, [0, 0, 0])
        states[one.state] = [sum(pair) for pair in zip(before, (1, one.judged, one.broken), strict=True)]
    return dict(sorted(states.items()))


def fared_in_all(rule: str) -> list[list[Fared]]:
    case = CASES[rule]
    return [[fared(rule, case, run) for run in runs] for runs in (case.breaks, case.keeps)]


def written() -> str:
    """How the clauses of each rule fare: in the runs that break it, and in those that keep it."""
    lines = [f"{json.dumps(rule)}: {json.dumps(fared_in_all(rule))}" for rule in CASES]
    return "{\n" + ",\n".join(lines) + "\n}\n"


def declared(rule: Rule) -> dict[str, object]:
    """What a rule declares, without what is so for want of a declaration."""
    defaults = {field.name: field.default for field in fields(Rule)}
    given = {name: getattr(rule, name) for name in DECLARED}
    told = {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in given.items()
        if value != defaults[name]
    }
    told |= {"unseen": rule.unseen.id} if rule.unseen is not None else {}
    return told | added(rule)


def added(rule: Rule) -> dict[str, object]:
    """What the clauses say that a rule adds to contracts, where they are, and where a document states it."""
    operations = (openai_like().chosen, *followed_contract().every)
    clauses = [clause for operation in operations for clause in rule.clauses_of(operation)]
    places = [f"{one.id.rpartition(' ')[0]} {one.location.pointer or '-'}" for one in clauses]
    return {"says": sorted({one.says.id for one in clauses}), "clauses": places} if clauses else {}


def marked(rule: str) -> list[list[list[object]]]:
    """What of the responses is marked by the findings of each run that breaks a rule."""
    case = CASES[rule]
    found = [findings(*run, under=case.under, info=True) for run in case.breaks]
    parts = [[REGISTRY[rule].highlight(one) for one in of_run if one.rule == rule] for of_run in found]
    return [
        [[one.status, sorted(one.headers), list(one.pointers), list(one.words)] for one in of_run] for of_run in parts
    ]


def all_marked() -> str:
    return "{\n" + ",\n".join(f"{json.dumps(rule)}: {json.dumps(marked(rule))}" for rule in CASES) + "\n}\n"


def all_declared() -> str:
    lines = [f"{json.dumps(name)}: {json.dumps(declared(rule))}" for name, rule in REGISTRY.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"


@pytest.mark.parametrize("rule", CASES)
def test_what_breaks_a_rule_breaks_a_clause_that_it_exercised(rule: str) -> None:
    for run in CASES[rule].breaks:
        broken = [one for one in results(rule, CASES[rule], run) if one.state == "broken"]
        assert broken
        assert all(one.judged >= one.broken > 0 for one in broken)


@pytest.mark.parametrize("rule", sorted(CASES.keys() - ONLY_BROKEN))
def test_a_near_miss_exercises_its_rule(rule: str) -> None:
    states = [one.state for run in CASES[rule].keeps for one in results(rule, CASES[rule], run)]
    assert "kept" in states, "add a near miss that shows the rule kept, not only unbroken"


@pytest.mark.parametrize("rule", CASES)
def test_the_clauses_of_a_rule_fare_as_ever(rule: str) -> None:
    known = json.loads(STATES.read_text("utf-8"))
    assert fared_in_all(rule) == known.get(rule), (
        "if this is meant, run `python tests/test_judge_clauses.py` and look at the difference"
    )


@pytest.mark.parametrize("rule", REGISTRY.values(), ids=REGISTRY)
def test_a_rule_says_what_decides_on_it_and_what_exercises_it(rule: Rule) -> None:
    assert all((rule.title, rule.why, rule.remedy, rule.source, rule.breaks, rule.keeps))
    assert rule.looks_at in get_args(LooksAt)
    assert rule.concern in get_args(Concern)
    assert rule.exercised_at in get_args(At)
    assert all(name == name.lower() for name in rule.headers)
    reads = rule.compares == "reads" or rule.only_with
    assert rule.exercised or rule.exercised_at or rule.follow or reads


@pytest.mark.parametrize("rule", REGISTRY)
def test_a_rule_declares_what_it_did(rule: str) -> None:
    assert declared(REGISTRY[rule]) == json.loads(RULES.read_text("utf-8")).get(rule), (
        "if this is meant, run `python tests/test_judge_clauses.py` and look at the difference"
    )


@pytest.mark.parametrize("rule", CASES)
def test_a_finding_marks_what_it_did(rule: str) -> None:
    assert marked(rule) == json.loads(MARKED.read_text("utf-8")).get(rule), (
        "if this is meant, run `python tests/test_judge_clauses.py` and look at the difference"
    )


def test_what_findings_mark_of_one_response_is_marked_together() -> None:
    one, other = Highlight(True, frozenset({"a"}), ("/p",), ("w",)), Highlight(headers=frozenset({"b"}), words=("v",))
    assert together((one, other)) == Highlight(True, frozenset({"a", "b"}), ("/p",), ("w", "v"))
    assert together(()) == Highlight()


def test_what_an_option_asks_for_is_a_clause_with_it_alone() -> None:
    def added_by(*options: str) -> set[str]:
        return {clause.rule for clause in added_clauses(contract().chosen, options)}

    usual = added_by()
    assert {REGISTRY[rule].only_with for rule in usual} == {""}
    for option in ("client", "shape"):
        assert {REGISTRY[rule].only_with for rule in added_by(option) - usual} == {option}
        known = {clause.rule for clause in known_clauses(contract(), (option,))}
        assert known - {clause.rule for clause in known_clauses(contract())} == added_by(option) - usual
    of_all = known_clauses(followed_contract())
    assert {REGISTRY[clause.rule].only_with for clause in of_all} == {"", "all"}
    assert {REGISTRY[clause.rule].only_with for clause in known_clauses(followed_contract(), ("client",))} == {
        *("", "all", "client"),
    }


def test_what_writes_is_held_to_the_document_to_what_no_answer_may_show_and_to_what_comes_of_it() -> None:
    assert OF_WRITES == ("document", "leak")
    for operation in followed_contract().every:
        rules = {clause.rule for clause in added_clauses(operation, ("all",))}
        of_reads = {rule for rule in rules if REGISTRY[rule].concern not in OF_WRITES and REGISTRY[rule].follow is None}
        assert bool(of_reads) is (operation.role in ("retrieve", "list", "files"))
    of_contract = [clause for clause in known_clauses(contract()) if clause.rule == "body.type"]
    assert of_contract == [clause for clause in contract().chosen.clauses if clause.rule == "body.type"]


if __name__ == "__main__":
    MARKED.write_text(all_marked(), encoding="utf-8")
    RULES.write_text(all_declared(), encoding="utf-8")
    STATES.write_text(written(), encoding="utf-8")
