"""The whole suite against every target that misbehaves: it ends in time, within its memory, with the right verdict."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import gateway
import hostile
import hostile_answers
import pytest
import survival
from survival import SCENARIOS, WAITING, Scenario

SIDE_BY_SIDE = 6


@pytest.mark.survival
@pytest.mark.parametrize(
    "scenario", [one for one in SCENARIOS if one.name not in WAITING], ids=lambda scenario: scenario.name
)
def test_a_whole_run_survives_and_says_what_is_right(scenario: Scenario, tmp_path):
    survived = survival.run(scenario, tmp_path / "reports")
    assert survival.complaints(scenario, survived) == [], survived.text[-3000:]


@pytest.mark.survival
@pytest.mark.waits
def test_whole_runs_that_wait_for_their_targets_survive_side_by_side(tmp_path):
    by_name = {scenario.name: scenario for scenario in SCENARIOS}
    scenarios = [by_name[name] for name in WAITING]
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        runs = list(pool.map(survival.run, scenarios, [tmp_path / name for name in WAITING]))
    wrong = {
        scenario.name: (complaints, survived.text[-3000:])
        for scenario, survived in zip(scenarios, runs, strict=True)
        if (complaints := survival.complaints(scenario, survived))
    }
    assert wrong == {}


def test_every_behaviour_that_is_known_is_in_the_table():
    names = {scenario.name for scenario in SCENARIOS}
    assert names >= set(hostile.BEHAVIOURS) | set(hostile_answers.ANSWERS)
    assert len(names) == len(SCENARIOS)


@pytest.mark.parametrize("fate", ["503", "429"])
def test_a_gateway_answers_for_a_mock_that_is_never_asked(fate):
    with gateway.before("http://127.0.0.1:9/v1", gateway.always(fate)) as (seen, base_url):
        outcome = hostile_answers.ask(base_url)
    assert outcome.startswith(b"HTTP/1.1 " + fate.encode())
    assert [entry.method for entry in seen.log] == ["GET"]
