"""What recorders put in the place of values that they do not show."""

from __future__ import annotations

import re

_MASK = re.compile(
    r"\W*(?:redacted|masked|hidden|filtered|scrubbed|sanitized|anonymized)\W*"
    r"|[^*]{0,16}\*{3,}[^*]{0,16}|\*+|(?:[a-z]{1,16}[_-])?x{3,}",
    re.IGNORECASE,
)
_TEMPLATE = re.compile(r"\{\w{1,40}\}|:\w{0,40}id|<(?:\w{1,20}:)?\w{1,40}>|\[\w{1,40}\]", re.IGNORECASE)
_LONGEST = 60


def is_mask(text: str) -> bool:
    """Whether a text is a mask, and not the value that stood in its place."""
    return len(text) <= _LONGEST and _MASK.fullmatch(text) is not None


def is_masked_segment(segment: str) -> bool:
    """Whether a segment of a path, decoded, is a mask, or the parameter of a route as tracing records it."""
    return is_mask(segment) or _TEMPLATE.fullmatch(segment) is not None
