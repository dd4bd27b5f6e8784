"""One id names one batch: its own, by every spelling, and no other."""

from __future__ import annotations

from batch_conformance.plugin import Kept, rule


@rule("identity.other_batch")
def test_the_batch_asked_for_is_the_batch_answered(kept: Kept) -> None:
    """The id of the body is the one in the path. The operation's description."""
    kept()


@rule("identity.unknown_answered")
def test_an_id_that_nobody_has_is_not_answered(kept: Kept) -> None:
    """An id that nobody has is refused. RFC 9110 section 15.5.5."""
    kept()


@rule("identity.neighbour_answered")
def test_a_similar_id_is_not_answered(kept: Kept) -> None:
    """An id is compared as a whole and with regard to case. RFC 3986 section 6.2.2.1."""
    kept()


@rule("identity.path_variant_answered")
def test_the_batch_is_not_answered_at_another_path(kept: Kept) -> None:
    """A slash after the id, a path parameter or another case of the path: it is only told. RFC 3986 section 6.2.2.1."""
    kept()


@rule("identity.list_answered")
def test_an_empty_id_is_not_answered(kept: Kept) -> None:
    """Without an id there is no success. The operation's required path parameter."""
    kept()


@rule("identity.spelling_redirected")
def test_another_spelling_of_an_id_is_not_redirected(kept: Kept) -> None:
    """Percent-encoded letters lead to the batch, or to 404. RFC 3986 section 6.2.2."""
    kept()
