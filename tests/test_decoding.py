"""Content codings that were not done right are named: a wrong checksum, an end too early, one coding too many."""

from __future__ import annotations

import gzip
import json
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from judge_support import KNOWN, QUEUED, findings, sent

from batch_conformance.exchange.decoding import Decoded, decode_body

BODY = json.dumps(QUEUED).encode()
GZIPPED = gzip.compress(BODY, mtime=0)
DEFLATED = zlib.compress(BODY)
LIMIT = 1 << 20


def flipped(data: bytes, place: int) -> bytes:
    at = place % len(data)
    return data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]


def error(wire: bytes, coding: str) -> str:
    return str(decode_body(wire, coding, LIMIT).error).removesuffix("; its bytes are not kept")


@pytest.mark.parametrize(
    ("wire", "coding", "told"),
    [
        (flipped(GZIPPED, -8), "gzip", "the gzip stream fails its checksum (CRC-32)"),
        (flipped(GZIPPED, -8), "x-gzip", "the x-gzip stream fails its checksum (CRC-32)"),
        (flipped(DEFLATED, -1), "deflate", "the deflate stream fails its checksum (Adler-32)"),
        (flipped(GZIPPED, -4), "gzip", "the gzip stream has another length than its trailer says"),
        (GZIPPED[:-3], "gzip", "the gzip stream is cut: it ends before its end"),
        (GZIPPED[:40], "gzip", "the gzip stream is cut: it ends before its end"),
        (GZIPPED[:5], "gzip", "the gzip stream is cut: it ends before its end"),
        (DEFLATED[:-2], "deflate", "the deflate stream is cut: it ends before its end"),
        (gzip.compress(GZIPPED), "gzip", "the body is gzip twice, and Content-Encoding names it once"),
        (zlib.compress(DEFLATED), "deflate", "the body is deflate twice, and Content-Encoding names it once"),
        (GZIPPED[:10] + b"\xff" + GZIPPED[11:], "gzip", "the gzip stream is damaged: invalid block type"),
        (BODY, "gzip", "the body is not gzip, from its first byte on: incorrect header check"),
        (GZIPPED + b"more", "gzip", f"the body is not gzip, after {len(BODY)} bytes: incorrect header check"),
    ],
)
def test_each_way_to_code_a_body_wrongly_has_its_own_words(wire: bytes, coding: str, told: str) -> None:
    assert error(wire, coding) == told


def test_two_codings_that_are_both_named_are_undone() -> None:
    assert decode_body(gzip.compress(GZIPPED), "gzip, gzip", LIMIT) == Decoded(BODY)
    assert decode_body(gzip.compress(DEFLATED), "deflate, gzip", LIMIT) == Decoded(BODY)


def test_a_body_gzipped_twice_is_one_finding() -> None:
    wrong = decode_body(gzip.compress(GZIPPED), "gzip", LIMIT)
    answer = sent(wrong.body, batch_id=KNOWN, decode_error=wrong.error, headers=(("Content-Encoding", "gzip"),))
    (found,) = findings(answer)
    assert (found.rule, str(found.observed)) == ("response.encoding", str(wrong.error))


@given(st.text(min_size=1))
def test_a_text_is_never_taken_for_one_that_is_coded_again(text: str) -> None:
    for coding, pack in (("gzip", gzip.compress), ("deflate", zlib.compress)):
        assert decode_body(pack(text.encode("utf-8", "replace")), coding, LIMIT).error is None


@given(st.integers(0, len(GZIPPED) - 1))
def test_no_cut_is_taken_for_the_whole(end: int) -> None:
    assert end == 0 or error(GZIPPED[:end], "gzip") == "the gzip stream is cut: it ends before its end"
