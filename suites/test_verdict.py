"""Whether the run came to a verdict at all."""

from __future__ import annotations

from batch_conformance.plugin import Judged


def test_all_that_a_verdict_needs_was_judged(judged: Judged) -> None:
    """A success, an unknown id and a request without credentials were answered, and the tool itself did not fail."""
    judged()
