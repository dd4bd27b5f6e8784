"""The checks that spare recorded traffic: none holds of a body that breaks its rule, all hold of an ordinary one."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

import pytest
from judge_cases import Case
from judge_support import contract, sent
from test_judge_rules import CASES
from test_judge_sparing import BATCHES

from batch_conformance.exchange.exchange import Exchange
from batch_conformance.judge.applying import check
from batch_conformance.judge.sparing import Spared, spared_by
from batch_conformance.observation.observation import Observation
from batch_conformance.rules import REGISTRY
from batch_conformance.rules.columns import Columns
from batch_conformance.rules.rule import AlikeBodies

ALIKE = {"body.type", "body.required", "body.undeclared"}
SPARED = {rule.id for rule in REGISTRY.values() if rule.surely_kept is not None}


def spared(observation: Observation, broken: set[str]) -> tuple[Spared, ...]:
    """What bodies like that of an exchange are spared by, the checks of the schema first; nothing without a batch."""
    if not isinstance(observation.batch, dict) or observation.schema is None:
        return ()
    alike = AlikeBodies(observation.schema, observation.operation.roles, observation.batch, bool(broken & ALIKE))
    return spared_by(alike)


@pytest.mark.parametrize(
    ("rule", "case", "exchange"),
    [
        pytest.param(rule, case, exchange, id=f"{rule}-{place}-{number}")
        for rule, case in CASES.items()
        if rule in SPARED - {"body.impossible"}  # types decide: no body alike to this one keeps it, and none is spared
        for place, run in enumerate(case.breaks)
        for number, exchange in enumerate(run)
    ],
)
def test_a_body_that_breaks_a_rule_is_not_surely_one_that_keeps_it(rule: str, case: Case, exchange: Exchange) -> None:
    under = case.under or contract()
    headers = (
        tuple(one for one in exchange.response.headers if one[0].lower() == "content-type") if exchange.response else ()
    )
    response = exchange.response and replace(exchange.response, headers=headers)
    observation = Observation(replace(exchange, response=response), under)
    state = observation.operation.roles.state
    broken = {one.rule for _, one in chain.from_iterable(check(observation).values()) if one.pointer != state}
    checks = spared(observation, broken)
    columns = Columns.of_bodies([observation.batch] if isinstance(observation.batch, dict) else [])
    if checks and rule in broken and checks[0].holds(columns):  # the others are for what the schema admits
        assert not [one for one in checks if REGISTRY[rule] in one.rules and one.holds(columns)]


IN_DOUBT = {
    "the guide's example: validating, counts 0, no late times": ["time.magnitude"],
    "just completed, output still to come": ["results.same_file"],
}
"""Batches that are judged by rules although they keep them."""


@pytest.mark.parametrize("name", BATCHES)
def test_an_ordinary_batch_surely_keeps_the_rules_about_values(name: str) -> None:
    observation = Observation(sent(BATCHES[name]), contract())
    checks = spared(observation, set())
    columns = Columns.of_bodies([BATCHES[name]])
    assert {rule.id for one in checks for rule in one.rules} == SPARED
    doubted = [one.rules[0].id for one in checks if not one.holds(columns)]
    assert doubted == IN_DOUBT.get(name, [])
