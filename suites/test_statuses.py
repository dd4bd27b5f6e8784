"""Statuses that a client cannot provoke are asked for by `Prefer: code=NNN`, where the target follows it."""

from __future__ import annotations

import pytest

from batch_conformance.plugin import Chapter


@pytest.mark.chapter("statuses")
def test_every_documented_status_has_its_documented_body(chapter: Chapter) -> None:
    chapter.holds()
