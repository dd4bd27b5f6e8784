"""The walks through a list: whatever its length, what it says of further pages is held to the pages that follow."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import cast
from urllib.parse import parse_qsl

import pytest
from cases_lists import item, lists, page
from hypothesis import given
from hypothesis import strategies as st
from judge_support import findings

from batch_conformance.exchange.exchange import Exchange, Probe
from batch_conformance.exchange.target import Target
from batch_conformance.run.live.walk import walk_lists

USUAL = 20
"""Items of a page where no limit is asked for."""

HasMore = Callable[[int, int, int], bool]
"""Whether a page says that there is more, by its items, what was asked for, and the items after it."""


class Listing:
    """A target that has only a list of batches, of so many items, and answers every other list with none."""

    def __init__(self, count: int, has_more: HasMore) -> None:
        self.items = [item(f"{number:03}", created_at=1_741_600_000 - number) for number in range(count)]
        self.has_more = has_more

    def send(self, probe: Probe, number: int) -> tuple[Exchange]:
        asked = dict(parse_qsl(probe.query))
        items = self.items if probe.path == "/batches" else []
        known = [str(one["id"]) for one in items]
        begin = known.index(asked["after"]) + 1 if asked.get("after") in known else 0
        size = int(asked.get("limit", USUAL))
        shown = items[begin : begin + size]
        more = self.has_more(len(shown), size, len(items) - begin - len(shown))
        answered = page(shown, more, probe.query)
        return (replace(answered, number=number, probe=probe, started_at=1_741_700_000.0 + number),)


def told(count: int, has_more: HasMore) -> set[str]:
    walked = walk_lists(cast("Target", Listing(count, has_more)), lists(), "standard")
    assert len(walked.exchanges) <= 40
    return {one.rule for one in findings(*walked.exchanges, under=lists()) if one.rule.startswith("listing.")}


@given(st.integers(min_value=0, max_value=15))
def test_a_list_of_any_length_that_says_what_follows_is_spared(count: int) -> None:
    assert "listing.more" not in told(count, lambda _shown, _size, left: left > 0)


@pytest.mark.parametrize("count", range(1, 16))
def test_a_full_page_that_is_taken_for_one_with_more_after_it_is_found_in_a_list_of_any_length(count: int) -> None:
    assert "listing.more" in told(count, lambda shown, size, _left: shown == size)
