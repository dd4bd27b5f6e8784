"""A client of another maker (`--client`) asks in its own words; what it makes of all answers is told beside."""

from __future__ import annotations

import pytest

from batch_conformance.plugin import Chapter


@pytest.mark.chapter("client")
def test_a_client_of_another_maker_is_answered_like_anybody_else(chapter: Chapter) -> None:
    chapter.holds()
