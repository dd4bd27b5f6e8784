"""No answer shows what is nobody else's business."""

from __future__ import annotations

from batch_conformance.plugin import Kept, rule


@rule("security.key_reflected")
def test_the_key_does_not_come_back(kept: Kept) -> None:
    """The key is in no response. RFC 6750 section 5.2."""
    kept()


@rule("security.trace_leaked")
def test_errors_show_no_stack_trace(kept: Kept) -> None:
    """No error shows the server's code. CWE-209."""
    kept()


@rule("security.internals_leaked")
def test_errors_show_nothing_internal(kept: Kept) -> None:
    """No error shows paths or hosts of the server. CWE-209."""
    kept()
