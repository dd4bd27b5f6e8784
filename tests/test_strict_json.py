from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batch_conformance.observation.strict_json import parse

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def flaws(body: bytes) -> list[str]:
    return [defect.flaw for defect in parse(body).defects]


@given(JSON)
def test_what_a_json_library_writes_is_read_back_without_a_defect(value: object) -> None:
    parsed = parse(json.dumps(value).encode())
    assert parsed.readable
    assert parsed.defects == ()
    assert parsed.value == value


@given(st.binary(max_size=300))
def test_no_bytes_make_it_raise(body: bytes) -> None:
    parse(body)


@given(JSON, st.integers(0, 200))
def test_a_body_cut_short_is_never_read_as_the_whole(value: object, cut: int) -> None:
    text = json.dumps({"value": value, "end": True}).encode()
    cut_text = text[: min(cut, len(text) - 1)]
    assert not parse(cut_text).readable


@pytest.mark.parametrize(
    ("body", "flaw"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"\xef\xbb\xbf{}", "bom"),
        (b"{}{}", "trailing"),
        (b'{"a": NaN}', "nan"),
        (b'{"a": -Infinity}', "nan"),
        (b'{"a": "\xff"}', "encoding"),
        (b"<html>", "not_json"),
        (b'{"a": 1,}', "not_json"),
        (b"{'a': 1}", "not_json"),
        (b'{"a": "\\ud83d"}', "surrogate"),
        (b"[" * 200_000, "too_deep"),
        (b'{"a": 1} and more', "trailing"),
        (b'{"a": 1}\n0', "trailing"),
        (b'"Invalid token";', "trailing"),
        (b"\x1f\x8b\x08\x00\xff", "encoding"),
    ],
)
def test_each_flaw_has_its_name(body: bytes, flaw: str) -> None:
    assert flaws(body) == [flaw]


def test_a_duplicate_key_is_located_however_deep_it_is() -> None:
    parsed = parse(b'{"a": {"b": [{"c": 1, "c": 2}]}}')
    assert [(defect.flaw, defect.pointer) for defect in parsed.defects] == [("duplicate_key", "/a/b/*/c")]
    assert parsed.value == {"a": {"b": [{"c": 2}]}}


def test_a_body_with_a_byte_order_mark_is_still_read() -> None:
    assert parse(b'\xef\xbb\xbf{"a": 1}').value == {"a": 1}


def test_a_pair_of_surrogate_escapes_is_no_defect() -> None:
    assert parse(b'"\\ud83d\\ude00"').defects == ()


def test_a_number_of_a_million_digits_is_no_integer_and_no_crash() -> None:
    parsed = parse(b'{"created_at": ' + b"1" * 1_000_000 + b"}")
    assert parsed.readable
    assert not isinstance(parsed.value["created_at"], int)


def test_every_duplicate_is_told_at_its_place_however_deep_it_is() -> None:
    body = b'{"a": {"x": 1, "x": 2, "in": {"y": 1, "y": 2}}, "b": [{"z": 1}, {"z": 1, "z": 2}], "c": {"w": 1, "w": 2}}'
    assert {defect.pointer for defect in parse(body).defects} == {"/a/x", "/a/in/y", "/b/*/z", "/c/w"}


@pytest.mark.parametrize(
    ("body", "begins"),
    [
        (b"404 page not found", "404"),
        (b"404 page not found\n", "404"),
        (b"500 Internal Server Error", "500"),
        (b"-1 is no id", "-1"),
        (b"2025-11-28 12:00:00 no route", "2025"),
        (b"007", "0"),
        (b"null pointer", "null"),
        (b"truename", "true"),
        (b"404 404", "404"),
        (b'"batch_a" was not found', '"batch_a"'),
        (b"[] is all there is", "[]"),
        (b"{} not found", "{}"),
        (b"1" * 30 + b" is too long", "1" * 19 + "…"),
    ],
)
def test_a_text_that_only_begins_as_json_does_is_a_text_and_no_value(body: bytes, begins: str) -> None:
    parsed = parse(body)
    assert (parsed.readable, parsed.value) == (False, None)
    (defect,) = parsed.defects
    assert (defect.flaw, str(defect.detail)) == ("plain_text", f"plain text that begins with {begins}")


def test_a_compressed_body_that_nothing_says_so_of_is_named() -> None:
    assert str(parse(b"\x1f\x8b\x08\x00\xff").defects[0].detail) == "the body is a gzip stream"
