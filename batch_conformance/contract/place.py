"""The place of a clause as a short word, for the ids of tests: safe in a shell, in ``-k`` and in a file name."""

from __future__ import annotations

import re

from batch_conformance.contract.pointer import join, split

ANY = "any"
"""Stands for any status."""
BODY = "body"
"""Stands for the whole body."""
EACH = "each"
"""Stands for each item of an array, or each member of a map."""

_WORDS = frozenset({ANY, BODY, EACH})
_USUAL = "application/json"
_UNSAFE = re.compile(rb"[^A-Za-z0-9_]")
_ESCAPED = re.compile(rb"\+([0-9A-F]{2})")


def place_id(status: str, media_type: str, pointer: str) -> str:
    """``status-place-mediatype`` of letters, digits and ``_.+-`` alone: ``200-request_counts.total``.

    ``any`` is any status, ``body`` the body itself, ``each`` every item of an array. What is about no body has a status
    alone, and ``application/json`` is not said. Any other character is ``+`` and two hex digits for each byte of it in
    UTF-8; ``place_of`` reads it back.
    """
    head = escaped(status) or ANY
    if not media_type and not pointer:
        return head
    place = ".".join(_token(token) for token in pointer.split("/")[1:]) if pointer else BODY
    if media_type == _USUAL:
        return f"{head}-{place}"
    return f"{head}-{place}-{'.'.join(map(escaped, media_type.split('/')))}"


def place_of(place: str) -> tuple[str, str, str]:
    """Status, media type and pointer of a place. Raises ValueError for what is none."""
    head, *rest = place.split("-")
    if len(rest) > 2:
        raise ValueError(f"{place!r} is no place: it is status-place-mediatype")
    status = "" if head == ANY else _plain(head)
    if not rest:
        return status, "", ""
    pointer = "" if rest[0] == BODY else "".join(map(_step, rest[0].split(".")))
    return status, _USUAL if len(rest) == 1 else "/".join(map(_plain, rest[1].split("."))), pointer


def _token(token: str) -> str:
    """One reference token of a pointer, in which ``*`` is an item."""
    if token == "*":
        return EACH
    return escaped(split(f"/{token}")[0]) or "+"


def _step(token: str) -> str:
    if token == EACH:
        return "/*"
    return join("", "" if token == "+" else _plain(token))


def escaped(text: str) -> str:
    """A text in the characters of a place."""
    data = text.encode("utf-8", "surrogatepass")
    if text in _WORDS:  # as itself it would stand for something else
        return f"+{data[0]:02X}{text[1:]}"
    return _UNSAFE.sub(lambda found: b"+%02X" % found[0][0], data).decode("ascii")


def _plain(text: str) -> str:
    data = _ESCAPED.sub(lambda found: bytes([int(found[1], 16)]), text.encode("ascii"))
    return data.decode("utf-8", "surrogatepass")
