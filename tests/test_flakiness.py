"""On bad days the suite accuses nobody who conforms, and lets nobody pass who drifts; bench/reliability.py has more."""

from __future__ import annotations

import random

import gateway
import pytest
from flakiness import CONFORMING, DRIFTING, PLAIN, bouts
from hostile_answers import BATCH, ask

from batch_conformance.mock.process import EmbeddedMock


@pytest.mark.parametrize("first_seed", [0, 6])
def test_a_conforming_mock_never_drifts_on_a_bad_day(first_seed):
    names = (PLAIN, *random.Random(first_seed).sample(CONFORMING, 2))
    days = list(bouts(names, first_seed=first_seed))
    assert [day for day in days if day.verdict == "drift"] == []
    assert [day.verdict for day in days].count("conforms") >= 2
    assert all(day.fates["reset"] and day.fates["503"] and day.fates["429"] for day in days)


def test_a_drifting_mock_never_conforms_on_a_bad_day():
    days = list(bouts(random.Random(7).sample(DRIFTING, 5), first_seed=100))
    assert [day for day in days if day.verdict == "conforms"] == []
    assert [day.verdict for day in days].count("drift") >= 4


def test_the_bad_days_are_as_bad_as_they_are_said_to_be():
    fates = [draw(0) for seed in range(40) for draw in [gateway.flaky(seed)] for _ in range(350)]
    assert 0.04 < fates.count("reset") / len(fates) < 0.06
    assert 0.015 < fates.count("503") / len(fates) < 0.025
    assert 0.02 < fates.count("429") / len(fates) < 0.04


def test_the_gateway_speaks_for_itself_in_three_ways_and_passes_the_rest_on():
    with EmbeddedMock() as mock, gateway.before(mock.base_url, gateway.always("503")) as (seen, base_url):
        spoken = {ask(base_url).partition(b"\r\n\r\n")[2][:6] for _ in range(3)}
        seen.fate = gateway.always("pass")
        assert ask(base_url).startswith(b"HTTP/1.1 401"), BATCH["id"]
    assert spoken == {b'{"code', b"<html>", b""}
