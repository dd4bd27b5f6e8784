"""A path segment (RFC 3986 section 3.3): an id as it goes on the wire, and what a segment decodes to."""

from __future__ import annotations

from urllib.parse import quote, unquote

NO_SUCH_ID = "~~no-such-batch~~batch-conformance~~"
"""The one id for methods that change things: no service makes such an id, so there is nothing to change."""


def encode_segment(text: str) -> str:
    """A path segment for the wire: every byte of its UTF-8 outside RFC 3986's unreserved set percent-encoded.

    A lone surrogate, which has no UTF-8, is encoded as the three bytes that it would have had.
    """
    return quote(text, safe="", errors="surrogatepass")


def decode_segment(segment: str) -> str:
    """What a segment decodes to; bytes that are no UTF-8 become U+FFFD, broken escapes stay as they are."""
    return unquote(segment, errors="replace")
