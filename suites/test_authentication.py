"""Missing, made-up, malformed and misplaced credentials are refused, on known ids and on unknown ones."""

from __future__ import annotations

import pytest

from batch_conformance.plugin import Chapter


@pytest.mark.chapter("authentication")
def test_only_the_valid_credential_is_let_in(chapter: Chapter) -> None:
    chapter.holds()
