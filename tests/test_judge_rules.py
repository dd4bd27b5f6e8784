"""Every rule of the registry: at least one run that breaks it, and one that comes close and keeps it."""

from __future__ import annotations

from collections.abc import Iterator

import cases_access
import cases_body
import cases_head_bytes
import cases_heads
import cases_leaks
import cases_lifecycle
import cases_lists
import cases_odd
import cases_protocol
import pytest
from judge_cases import Case, Sent
from judge_support import contract, findings, rules

from batch_conformance.rules import REGISTRY, known_clauses

CASES = {
    **cases_protocol.CASES,
    **cases_heads.CASES,
    **cases_head_bytes.CASES,
    **cases_body.CASES,
    **cases_access.CASES,
    **cases_leaks.CASES,
    **cases_lifecycle.CASES,
    **cases_lists.CASES,
    **cases_odd.CASES,
}


def runs(kind: str) -> Iterator[object]:
    for rule, case in CASES.items():
        for number, run in enumerate(getattr(case, kind)):
            yield pytest.param(rule, case, run, id=f"{rule}-{number}")


def test_every_rule_of_the_registry_has_a_case() -> None:
    # The shape is compared with a recorded one, when all has been judged; the client's cases have a file of their own.
    apart = {rule.id for rule in REGISTRY.values() if rule.only_with}
    assert sorted(REGISTRY.keys() - apart - CASES.keys()) == [], "add a Case for each to tests/cases_*.py"
    assert sorted(CASES.keys() - REGISTRY.keys()) == [], "there are no such rules (any more): remove their cases"
    assert all(case.breaks and case.keeps for case in CASES.values())


@pytest.mark.parametrize(("rule", "case", "run"), list(runs("breaks")))
def test_what_breaks_a_rule_is_told_once(rule: str, case: Case, run: Sent) -> None:
    found = findings(*run, under=case.under or contract(), info=True)
    assert [finding.rule for finding in found].count(rule) == 1 or rule == "body.seen"
    assert rule in {finding.rule for finding in found}
    if case.alone:
        weighty = {finding.rule for finding in found if finding.level != "info"}
        assert weighty <= {rule}


@pytest.mark.parametrize(("rule", "case", "run"), list(runs("breaks")))
def test_what_can_be_broken_is_a_clause_beforehand(rule: str, case: Case, run: Sent) -> None:
    under = case.under or contract()
    foreseen = {clause.rule for clause in known_clauses(under)}
    assert {finding.rule for finding in findings(*run, under=under, info=True)} <= foreseen


@pytest.mark.parametrize(("rule", "case", "run"), list(runs("keeps")))
def test_a_near_miss_is_spared(rule: str, case: Case, run: Sent) -> None:
    if rule == "body.seen":
        assert "/failed_at" not in {
            f.pointer for f in findings(*run[1:] or run, info=True) if f.rule == rule and run[1:]
        }
    else:
        assert rule not in rules(*run, under=case.under or contract())


@pytest.mark.parametrize(("rule", "case", "run"), list(runs("breaks")))
def test_a_finding_says_what_it_is_in_words_that_fit_on_a_line(rule: str, case: Case, run: Sent) -> None:
    for finding in findings(*run, under=case.under or contract(), info=True):
        assert finding.location is not None
        assert finding.level == REGISTRY[finding.rule].level or finding.location.origin != "standard"
        for text in (str(finding.expected), str(finding.observed), finding.kind):
            assert text == text.strip()
            assert 0 < len(text) <= 200
            text.encode()
