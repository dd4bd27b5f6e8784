"""Whatever `Accept` and `Accept-Encoding` say, the answer is one that the document describes."""

from __future__ import annotations

import pytest

from batch_conformance.plugin import Chapter


@pytest.mark.chapter("representations")
def test_the_contract_holds_for_every_representation(chapter: Chapter) -> None:
    chapter.holds()
