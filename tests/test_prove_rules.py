"""Every rule counts: without it, or with less weight, what it is for is missed, and ``prove`` is red."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from batch_conformance.contract.choice import OperationChoice
from batch_conformance.contract.contract import Contract
from batch_conformance.contract.sources import load_contract, shipped_contract
from batch_conformance.mock.drifts import DRIFTS
from batch_conformance.report.proof.proof import Observed, Seen, Trial, assess
from batch_conformance.rules import REGISTRY
from batch_conformance.run.prove.drift_runner import DriftRunner, Entry, drift_of
from batch_conformance.run.prove.prove import catalogue

DATA = Path(__file__).parent / "data"
OF_A_FILE = ("jobs-3.1.yaml", "openai-like.yaml", "tasks-3.0.yaml")
OF_LISTS = "siliconflow-batch-api"
OF_MADE_BATCHES = f"{OF_LISTS}, all operations"
NAMES = ("siliconflow", *OF_A_FILE, OF_LISTS, OF_MADE_BATCHES)

TOLD_OF = {
    "response.refused_input": ("siliconflow", "gateway_refuses"),
    "response.not_acceptable": ("siliconflow", "not_acceptable"),
    "response.undocumented_error": ("openai-like.yaml", "chunked"),
}
"""Rules of level info that conforming servers bring: contract, and a variant that does."""

ELSEWHERE = {rule for rule in REGISTRY if rule.startswith(("client.", "shape."))} | {"body.impossible"}
"""Rules that need a client's name, a recorded shape or a contradicting document, and have tests of their own."""


@cache
def contract(name: str) -> Contract:
    if name in (OF_LISTS, OF_MADE_BATCHES):
        return load_contract(OF_LISTS, choice=OperationChoice(operations="read" if name == OF_LISTS else "all"))
    return shipped_contract() if name == "siliconflow" else load_contract(str(DATA / name))


@cache
def entries(name: str) -> dict[str, Entry]:
    return catalogue(contract(name))


def entry_of(rule: str) -> tuple[str, str]:
    """The contract and the name of an entry that must bring a rule; one that was written rather than derived."""
    if rule in TOLD_OF:
        return TOLD_OF[rule]
    for name in NAMES:
        found = [entry for entry in entries(name).values() if drift_of(entry).rule == rule]
        if found:
            return name, min(found, key=lambda entry: drift_of(entry).group != "experience").name
    raise AssertionError(
        f"add a Drift that breaks {rule} to batch_conformance/mock/catalogue/: none of any catalogue does"
    )


def weighed(entry: Entry, found: Iterable[Seen], usual: int = 0) -> Trial:
    """What ``prove`` would make of these findings of a run that was complete; ``usual`` is that of ``Observed``."""
    findings = tuple(found)
    verdict = "drift" if any(one.level != "info" for one in findings) else "conforms"
    return assess(drift_of(entry), Observed(verdict, findings, 1, 1.0, usual))


@pytest.mark.parametrize("rule", [rule for rule in REGISTRY if rule not in ELSEWHERE])
def test_without_its_rule_or_with_less_weight_a_drift_survives(
    rule: str, runner_for: Callable[[Contract], DriftRunner]
) -> None:
    name, named = entry_of(rule)
    entry = entries(name)[named]
    trial = assess(drift_of(entry), runner_for(contract(name)).try_out(entry))
    assert trial.right
    told = trial.observed.findings
    assert rule in {one.rule for one in told}
    assert weighed(entry, told, trial.observed.usual).right
    without = weighed(entry, [one for one in told if one.rule != rule])
    if rule in TOLD_OF:
        assert rule not in {one.rule for one in without.observed.findings}
        return
    assert without.outcome in ("survived", "elsewhere")
    if drift_of(entry).verdict == "drift":
        weaker = weighed(entry, [replace(one, level="info") if one.rule == rule else one for one in told])
        assert not weaker.right
    else:
        stronger = weighed(entry, [replace(one, level="should") if one.rule == rule else one for one in told])
        assert not stronger.right


def test_rules_of_which_only_a_conforming_server_is_told_have_a_variant() -> None:
    assert all(DRIFTS[named].group == "variant" for _, named in TOLD_OF.values())
    assert all(REGISTRY[rule].level == "info" for rule in TOLD_OF)
