"""Ids that no client means well with are refused in an orderly way, and nothing leaks."""

from __future__ import annotations

import pytest

from batch_conformance.plugin import Chapter


@pytest.mark.chapter("hostile_ids")
def test_no_id_breaks_the_server_or_the_contract(chapter: Chapter) -> None:
    chapter.holds()
