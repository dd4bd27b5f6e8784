"""Two drifts at once: neither hides the other."""

from __future__ import annotations

import itertools
import random

from batch_conformance.contract.sources import shipped_contract
from batch_conformance.mock.drifts import DRIFTS
from batch_conformance.run.workbench import Workbench

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


def test_fifty_random_pairs_of_drifts_give_both_findings() -> None:
    pairs = random.Random(50).sample(list(itertools.combinations(NAMES, 2)), 50)
    lost = []
    with Workbench(shipped_contract()) as bench:
        for pair in pairs:
            one, other = (DRIFTS[name] for name in pair)
            found = {seen.place for seen in bench.try_out(one, other).findings}
            lost += [
                (drift.name, pair) for drift in (one, other) if (drift.rule, drift.status, drift.pointer) not in found
            ]
    assert lost == []
