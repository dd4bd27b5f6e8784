"""HEAD says what GET says; what the document does not declare is refused with `Allow`."""

from __future__ import annotations

import pytest

from batch_conformance.plugin import Chapter


@pytest.mark.chapter("methods")
def test_methods_are_answered_as_http_asks(chapter: Chapter) -> None:
    chapter.holds()
