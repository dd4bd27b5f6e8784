"""Schemathesis' examples, coverage and fuzzing phases over the operation."""

from __future__ import annotations

import pytest

from batch_conformance.plugin import Chapter


@pytest.mark.chapter("generated")
def test_requests_generated_from_the_document_are_answered_as_documented(chapter: Chapter) -> None:
    chapter.holds()
