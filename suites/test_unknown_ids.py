"""Ids drawn in the shape of real ones, and in other plain shapes: none may be answered with a batch."""

from __future__ import annotations

import pytest

from batch_conformance.plugin import Chapter


@pytest.mark.chapter("unknown_ids")
def test_an_id_that_nobody_has_is_refused_as_documented(chapter: Chapter) -> None:
    chapter.holds()
