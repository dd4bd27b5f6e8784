"""The whole suite against every target that misbehaves: it ends in time, within its memory, with the right verdict."""

from __future__ import annotations

import gateway
import hostile
import hostile_answers
import pytest
import survival
from survival import SCENARIOS, Scenario


@pytest.mark.survival
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_a_whole_run_survives_and_says_what_is_right(scenario: Scenario, tmp_path):
    survived = survival.run(scenario, tmp_path / "reports")
    assert survived.faults == [], survived.text[-3000:]
    assert survived.drift["verdict"] == scenario.verdict, survived.text[-3000:]
    assert survived.code == {"drift": 1, "inconclusive": 6, "conforms": 0}[scenario.verdict]
    assert scenario.says in survived.text


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
