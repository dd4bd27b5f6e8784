"""What the headers of a response say, and that the message is framed as HTTP has it."""

from __future__ import annotations

from batch_conformance.plugin import Kept, rule


@rule("response.media_type")
def test_each_body_has_its_documented_media_type(kept: Kept, place: str) -> None:
    """The Content-Type of a status is one that the document gives it. RFC 9110 section 8.3."""
    kept(place)


@rule("response.header")
def test_documented_headers_are_there_and_well_formed(kept: Kept, place: str) -> None:
    """A header that a response declares is there, and keeps its schema. OpenAPI 3.0, Response Object."""
    kept(place)


@rule("response.charset")
def test_json_is_in_utf_8(kept: Kept) -> None:
    """No JSON is said to be in another charset. RFC 8259 section 8.1."""
    kept()


@rule("response.encoding")
def test_each_body_is_in_the_encoding_that_it_names(kept: Kept) -> None:
    """A Content-Encoding can be undone. RFC 9110 section 8.4."""
    kept()


@rule("response.coding_unasked")
def test_no_encoding_is_used_that_was_not_offered(kept: Kept) -> None:
    """A body is in no Content-Encoding that Accept-Encoding excludes. RFC 9110 section 12.5.3."""
    kept()


@rule("response.framing")
def test_each_message_is_framed_as_http(kept: Kept) -> None:
    """A body is as long as its message says. RFC 9112 sections 6 and 8."""
    kept()


@rule("response.not_acceptable")
def test_an_accept_that_nothing_matches_is_no_error(kept: Kept) -> None:
    """A client that reads nothing documented gets a documented answer. RFC 9110 section 12.4.1."""
    kept()


@rule("response.cache_public")
def test_no_shared_cache_may_store_the_batch(kept: Kept) -> None:
    """An answer to an authorised request is not for shared caches. RFC 9111 section 3.5."""
    kept()


@rule("response.retry_after")
def test_retry_after_is_seconds_or_a_date(kept: Kept) -> None:
    """A Retry-After can be read. RFC 9110 section 10.2.3."""
    kept()


@rule("response.field_syntax")
def test_fields_keep_the_grammar_of_http(kept: Kept) -> None:
    """Dates, tags, ages, directives and challenges can be parsed. RFC 9110 section 2.2."""
    kept()


@rule("response.field_repeated")
def test_a_field_that_is_no_list_is_sent_once(kept: Kept) -> None:
    """One Date, one ETag, one Content-Type. RFC 9110 section 5.3."""
    kept()


@rule("response.aged_no_store")
def test_what_may_not_be_stored_has_no_age(kept: Kept) -> None:
    """No cache keeps an answer that says no-store. RFC 9111 section 5.2.2.5."""
    kept()


@rule("response.modified_later")
def test_nothing_was_modified_after_it_was_sent(kept: Kept) -> None:
    """Last-Modified is not later than Date. RFC 9110 section 8.8.2.1."""
    kept()


@rule("response.head_lines")
def test_the_lines_of_a_head_are_written_as_http_has_them(kept: Kept) -> None:
    """Each field on one line, and CR LF at its end. RFC 9112 sections 2.2 and 5.2."""
    kept()


@rule("response.fields_accumulate")
def test_no_field_grows_from_answer_to_answer(kept: Kept) -> None:
    """An answer has no fields of those before it on the connection. RFC 9110 section 3.3."""
    kept()


@rule("response.dates_contradict")
def test_the_dates_are_those_of_one_clock(kept: Kept) -> None:
    """Date does not go back and forth from answer to answer. RFC 9110 section 6.6.1."""
    kept()


@rule("response.clock")
def test_the_clock_of_the_server_is_that_of_this_machine(kept: Kept) -> None:
    """Date is the time at which the answer was made. RFC 9110 section 6.6.1."""
    kept()


@rule("response.cache_public_error")
def test_no_shared_cache_may_store_a_private_refusal(kept: Kept) -> None:
    """An error of an authorised request is not for shared caches. RFC 9111 section 3.5."""
    kept()


@rule("response.fresh_for_hours")
def test_what_moves_on_is_not_fresh_for_hours(kept: Kept) -> None:
    """A batch that has not ended is not reused from a cache for hours. RFC 9111 section 4.2."""
    kept()


@rule("response.partial")
def test_a_part_says_which_part_it_is(kept: Kept) -> None:
    """A 206 has a Content-Range that is true. RFC 9110 section 15.3.7. A server may ignore Range."""
    kept()


@rule("response.client_refused")
def test_no_client_is_refused_for_its_name(kept: Kept) -> None:
    """With a valid key any User-Agent is answered alike. RFC 9110 section 10.1.5."""
    kept()


@rule("response.origin_reflected")
def test_no_origin_may_read_with_credentials(kept: Kept) -> None:
    """An origin that nobody named is not allowed a browser's credentials. WHATWG Fetch, section 3.2.3."""
    kept()
