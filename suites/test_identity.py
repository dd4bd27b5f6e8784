"""Equivalent spellings (RFC 3986) lead to the batch; neighbours, other paths and an empty id do not."""

from __future__ import annotations

import pytest

from batch_conformance.plugin import Chapter


@pytest.mark.chapter("identity")
def test_one_id_names_one_batch(chapter: Chapter) -> None:
    chapter.holds()
