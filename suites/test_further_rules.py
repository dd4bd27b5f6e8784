"""The clauses of every rule that has no function of its own in the other files."""

from __future__ import annotations

from batch_conformance.plugin import Kept


def test_further_rules(kept: Kept, place: str) -> None:
    """The clause that is named by the rule's id and its place; `batch-conformance explain RULE` says what it means."""
    kept(place)
