"""The id that a client was given leads to its batch, in full, however often it is read."""

from __future__ import annotations

import pytest

from batch_conformance.plugin import Chapter


@pytest.mark.chapter("known_ids")
def test_a_known_id_answers_with_its_batch_every_time(chapter: Chapter) -> None:
    chapter.holds()
