"""Polls over time: states and counts do not go back, and what was set once stays."""

from __future__ import annotations

import pytest

from batch_conformance.plugin import Chapter


@pytest.mark.chapter("lifecycle")
def test_a_batch_moves_on_in_order_and_keeps_what_is_settled(chapter: Chapter) -> None:
    chapter.holds()
