"""What a client may expect of the status line, and that every request is answered at all."""

from __future__ import annotations

from batch_conformance.plugin import Kept, rule


@rule("response.status")
def test_only_documented_statuses_are_answered(kept: Kept, place: str) -> None:
    """Each status is one that the operation lists; `any` stands for all others. OpenAPI 3.0, Responses Object."""
    kept(place)


@rule("response.undocumented_error")
def test_every_error_is_documented(kept: Kept) -> None:
    """No error is answered that HTTP has for the case and the document does not list. RFC 9110 section 15."""
    kept()


@rule("response.refused_input")
def test_odd_requests_are_refused_as_documented(kept: Kept) -> None:
    """What stands before the API refuses in the API's own words. RFC 9110 section 15.5."""
    kept()


@rule("response.server_error")
def test_no_kind_of_request_always_fails(kept: Kept) -> None:
    """No kind of request ends in a server error every time. RFC 9110 section 15.6."""
    kept()


@rule("response.silent")
def test_every_kind_of_request_is_answered(kept: Kept) -> None:
    """No kind of request is left without an answer every time. RFC 9110 section 9.2."""
    kept()


@rule("response.drops")
def test_connections_are_not_dropped(kept: Kept) -> None:
    """Connections are not dropped time and again. RFC 9112 section 9.6."""
    kept()
