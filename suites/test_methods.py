"""HEAD says what GET says, and what the document does not declare is refused."""

from __future__ import annotations

from batch_conformance.plugin import Kept, rule


@rule("response.head_differs")
def test_head_says_what_get_says(kept: Kept) -> None:
    """Status and headers of HEAD are those of GET. RFC 9110 section 9.3.2."""
    kept()


@rule("method.allow_missing")
def test_a_405_lists_what_is_allowed(kept: Kept) -> None:
    """A 405 carries Allow. RFC 9110 section 15.5.6."""
    kept()


@rule("method.undeclared_answered")
def test_undeclared_methods_do_not_succeed(kept: Kept) -> None:
    """What the path does not declare changes nothing. OpenAPI 3.0, Path Item Object. Sent where allowed."""
    kept()


@rule("method.allow_refused")
def test_allow_names_no_method_that_is_refused(kept: Kept) -> None:
    """A 405 for a method whose Allow names that method contradicts itself. RFC 9110 section 15.5.6."""
    kept()
