"""What is held of the body of a read and of a HEAD: the length that was told, a checksum, and the strong tag."""

from __future__ import annotations

from typing import Any

import pytest
from judge_support import sent

from batch_conformance.exchange.exchange import Exchange
from batch_conformance.judge.log import body_facts, length_of, strong_tag

BODY = sent().response.body  # type: ignore[union-attr]
CHECKSUM = body_facts("1", BODY)[1]  # type: ignore[index]
LENGTH = str(len(BODY))


@pytest.mark.parametrize(
    ("exchange", "length"),
    [
        (sent(), None),
        (sent(headers=(("Content-Length", LENGTH),)), (LENGTH, CHECKSUM, "")),
        (sent(headers=(("Content-Length", f" {LENGTH} "),)), (LENGTH, CHECKSUM, "")),
        (sent(headers=(("Content-Length", "5"),)), None),
        (sent(headers=(("Content-Length", "5"), ("ETag", '"a"'))), ("", CHECKSUM, '"a"')),
        (sent(headers=(("ETag", '"a"'), ("ETag", '"a"'))), None),
        (sent(headers=(("ETag", 'W/"a"'),)), None),
        (sent(headers=(("Content-Length", LENGTH),), truncated=True), None),
        (sent(headers=(("Content-Length", LENGTH), ("Content-Encoding", "gzip"))), None),
        (sent(b"", headers=(("Content-Length", "0"),)), None),
        (sent(answered=False), None),
        (sent(b"", method="HEAD"), None),
        (sent(b"", method="HEAD", headers=(("Content-Length", " 12 "),)), "12"),
        (sent(method="HEAD", headers=(("Content-Length", "12"),)), "12"),
    ],
    ids=range(14),
)
def test_the_length_of_a_body_is_what_was_told_of_it(exchange: Exchange, length: Any) -> None:
    assert length_of(exchange) == length


@pytest.mark.parametrize(
    ("tags", "strong"),
    [
        (('"a"',), '"a"'),
        ((' "a" ',), '"a"'),
        (('""',), ""),
        (('"',), ""),
        (('W/"a"',), ""),
        (('"ab',), ""),
        (('ab"',), ""),
        (("'ab'",), ""),
        ((), ""),
        (('"a"', '"a"'), ""),
    ],
    ids=str,
)
def test_a_strong_tag_is_one_in_quotes(tags: tuple[str, ...], strong: str) -> None:
    assert strong_tag(*tags) == strong


def test_bodies_are_told_apart_by_their_checksum_where_a_length_or_a_tag_is_told() -> None:
    assert body_facts(None, b"a") is None
    assert body_facts(" 1 ", b"a") == ("1", 0xE8B7BE43, "")
    assert body_facts("", b"a") == ("", 0xE8B7BE43, "")
    assert body_facts(None, b"a", '"t"') == ("", 0xE8B7BE43, '"t"')
