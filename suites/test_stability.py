"""Several reads of one batch agree, but for what moves on."""

from __future__ import annotations

from batch_conformance.plugin import Kept, rule


@rule("stability.answer_changed")
def test_the_same_read_is_answered_in_the_same_way(kept: Kept) -> None:
    """A batch that was there is there at the next read. RFC 9110 section 9.2.1."""
    kept()


@rule("stability.changed")
def test_what_never_changes_is_the_same_at_every_read(kept: Kept) -> None:
    """Ids, and times that have passed, stay what they are."""
    kept()


@rule("stability.tag_reused")
def test_a_strong_tag_stands_for_one_body(kept: Kept) -> None:
    """A strong ETag is another one for a body of other bytes. RFC 9110 section 8.8.1."""
    kept()


@rule("state.regressed")
def test_the_state_does_not_go_back(kept: Kept) -> None:
    """A batch moves on, and what has ended stays so. The vendor's guide: the order of states."""
    kept()


@rule("counts.regressed")
def test_counts_do_not_go_back(kept: Kept) -> None:
    """What was counted as done stays counted."""
    kept()


@rule("stability.metadata_lost")
def test_what_the_customer_gave_a_batch_stays_there(kept: Kept) -> None:
    """Metadata that was there is there at each later read."""
    kept()


@rule("stability.refusal_changed")
def test_one_read_is_refused_in_one_way(kept: Kept) -> None:
    """No two refusals take turns. RFC 9110 section 9.2.1."""
    kept()


@rule("shape.changed")
def test_answers_have_the_shape_that_was_recorded(kept: Kept) -> None:
    """Answers have the members, types and headers of the file given with --shape."""
    kept()
