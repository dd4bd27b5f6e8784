"""No answer shows what is nobody else's business."""

from __future__ import annotations

from batch_conformance.plugin import Kept, rule


@rule("security.key_reflected")
def test_the_key_does_not_come_back(kept: Kept) -> None:
    """The key is in no response. RFC 6750 section 5.2."""
    kept()


@rule("security.trace_leaked")
def test_errors_show_no_stack_trace(kept: Kept) -> None:
    """No error, field or batch shows a trace of the server's code. CWE-209."""
    kept()


@rule("security.internals_leaked")
def test_errors_show_nothing_internal(kept: Kept) -> None:
    """No error shows paths or hosts of the server. CWE-209."""
    kept()


@rule("security.host_shown")
def test_no_field_and_no_batch_shows_a_private_host(kept: Kept) -> None:
    """Fields and batches name no machine that only the server reaches. CWE-200."""
    kept()


@rule("security.code_leaked")
def test_no_answer_shows_code_queries_or_drivers(kept: Kept) -> None:
    """No answer names a class, a line of code, a query, or what a driver said. CWE-209."""
    kept()


@rule("security.token_leaked")
def test_no_answer_shows_a_credential_of_others(kept: Kept) -> None:
    """No token but the client's own was ever meant for it. RFC 6750 section 5.2."""
    kept()
