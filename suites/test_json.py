"""Every body under a JSON media type is strict JSON."""

from __future__ import annotations

from batch_conformance.plugin import Kept, rule


@rule("json.invalid")
def test_each_body_is_json(kept: Kept) -> None:
    """A body under a JSON media type is one JSON text in UTF-8. RFC 8259 section 2."""
    kept()


@rule("json.bom")
def test_no_body_begins_with_a_byte_order_mark(kept: Kept) -> None:
    """Nothing precedes the JSON text. RFC 8259 section 8.1."""
    kept()


@rule("json.trailing")
def test_nothing_follows_the_json_text(kept: Kept) -> None:
    """A body ends with its JSON text. RFC 8259 section 2."""
    kept()


@rule("json.duplicate_key")
def test_no_object_has_a_member_twice(kept: Kept) -> None:
    """The names within an object are unique. RFC 8259 section 4."""
    kept()


@rule("json.surrogate")
def test_no_text_holds_half_a_surrogate_pair(kept: Kept) -> None:
    """A text is Unicode that every parser reads alike. RFC 8259 section 8.2."""
    kept()


@rule("json.id_pasted")
def test_an_id_is_escaped_in_the_json_text(kept: Kept) -> None:
    """An id with quotes in it breaks no body that names it. RFC 8259 section 7."""
    kept()
