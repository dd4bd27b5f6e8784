"""Several drifts at once: none hides another."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator, Sequence

import pytest
from click.testing import CliRunner

from batch_conformance.cli import main
from batch_conformance.contract.contract import Contract
from batch_conformance.contract.sources import shipped_contract
from batch_conformance.mock.drift import in_order
from batch_conformance.mock.drifts import DRIFTS, DriftError
from batch_conformance.mock.together import hidden
from batch_conformance.run.prove.drift_runner import DriftRunner

NAMES = (
    "created_at_string",
    "undocumented_file_name",
    "html_media_type",
    "duplicate_status",
    "case_ignored",
    "any_token",
    "no_challenge",
    "no_allow",
    "expires_at_milliseconds",
    "counts_too_high",
    "input_file_changes",
    "openai_error_404",
)
"""Drifts that are independent of each other: each shows at another clause, and none takes away what shows another."""


def sets_of_four(names: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """Sets of names such that any two are together in one of them."""
    apart = set(itertools.combinations(names, 2))
    while apart:
        together = max(
            itertools.combinations(names, 4), key=lambda four: len(apart & set(itertools.combinations(four, 2)))
        )
        apart -= set(itertools.combinations(together, 2))
        yield together


def test_of_any_two_drifts_in_one_run_both_are_found(runner_for: Callable[[Contract], DriftRunner]) -> None:
    lost, bench = [], runner_for(shipped_contract())
    for names in sets_of_four(NAMES):
        drifts = [DRIFTS[name] for name in names]
        found = {seen.place for seen in bench.try_out(*drifts).findings}
        lost += [(drift.name, names) for drift in drifts if (drift.rule, drift.status, drift.pointer) not in found]
    assert lost == []


def _hidden(*names: str) -> list[tuple[str, tuple[str, ...]]]:
    drifts = in_order([DRIFTS[name] for name in names])
    return [(drift.name, tuple(other.name for other in by)) for drift, by in hidden(drifts)]


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("created_at_string", "status_canceled"), []),
        (("completed_at_vanishes", "only_failed"), [("completed_at_vanishes", ("only_failed",))]),
        (("empty_404", "longer_id_object_404"), [("longer_id_object_404", ("empty_404",))]),
        (("bad_gateway", "created_at_string", "server_error_unknown"), [
            ("server_error_unknown", ("bad_gateway",)), ("created_at_string", ("bad_gateway",)),
        ]),
        (("created_at_string",), []),
    ],
)  # fmt: skip
def test_of_drifts_given_together_it_is_known_which_hides_which(
    names: tuple[str, ...], told: list[tuple[str, tuple[str, ...]]]
) -> None:
    assert _hidden(*names) == told


def test_none_of_those_that_are_independent_hides_another() -> None:
    assert _hidden(*NAMES) == []


def test_of_any_two_drifts_both_are_applied_or_it_is_said_which_is_not() -> None:
    """By the mock itself: what is not said to be hidden changes what is answered."""
    for one, other in random.Random(7).sample(list(itertools.combinations(DRIFTS, 2)), 100):
        try:
            told = _hidden(one, other)
        except DriftError:
            continue  # refused
        assert all(name in (one, other) and by in ((one,), (other,)) for name, by in told)


def test_drifts_that_cannot_be_put_together_are_refused_with_one_line() -> None:
    arguments = ["mock", "--port=0", "--drift=endpoint_missing_when_expired", "--drift=together_object"]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 4
    assert "exclude each other: give one of them" in done.output
    assert len(done.output.strip().splitlines()) == 1
