"""Names and values of the headers of a recorded message."""

from __future__ import annotations

from typing import Any


def pairs_of(headers: Any) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    """Names and values of headers, whichever way they were recorded; None for what is not one value for each name."""
    if type(headers) is dict:
        names, found = tuple(headers), tuple(headers.values())
    elif type(headers) is list and headers and {(type(pair), len(pair)) for pair in headers if pair} == {(list, 2)}:
        names, found = (tuple(column) for column in zip(*headers, strict=True))
    else:
        return None
    try:
        "".join(found)  # the fastest way to see that all are text
        if type(headers) is list:
            "".join(names)
    except TypeError:
        return None
    return names, found
