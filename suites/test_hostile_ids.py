"""Ids that no client means well with lead nowhere."""

from __future__ import annotations

from batch_conformance.plugin import Kept, rule


@rule("identity.traversal_answered")
def test_an_encoded_path_is_not_followed(kept: Kept) -> None:
    """An encoded slash is part of the id. RFC 3986 section 2.2."""
    kept()


@rule("security.header_injected")
def test_a_line_break_in_an_id_starts_no_header(kept: Kept) -> None:
    """An id does not get into the head of the response. RFC 9110 section 5.5, CWE-113."""
    kept()


@rule("security.expression_evaluated")
def test_no_expression_in_an_id_is_computed(kept: Kept) -> None:
    """An id is data, and no part of a template. CWE-1336, CWE-917."""
    kept()
