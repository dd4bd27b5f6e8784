"""Bodies and texts from the wire, made fit to be shown."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

from hypothesis import given
from hypothesis import strategies as st

from batch_conformance.report.finding.body_view import body_view, mask_url_queries, masked_text
from batch_conformance.report.text import cells, clip, one_line, visible, wrap

NAMES = frozenset({"metadata"})

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner, max_size=4),
    max_leaves=15,
)


def marked(body: object, *pointers: str) -> list[str]:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return [line.text.strip() for line in body_view(raw, pointers, NAMES).lines if line.marked]


def test_the_member_at_a_pointer_is_marked() -> None:
    assert marked({"id": "a", "created_at": "x"}, "/created_at") == ['"created_at": "x"']


def test_every_item_that_a_star_stands_for_is_marked() -> None:
    assert marked({"errors": [1, "b", 3]}, "/errors/*") == ["1,", '"b",', "3"]


def test_a_pointer_with_escapes_finds_its_member() -> None:
    assert marked({"a/b": {"c~d": 1}}, "/a~1b/c~0d") == ['"c~d": 1']


def test_the_object_that_lacks_a_member_is_marked_with_its_name() -> None:
    view = body_view(b'{"batch": {"object": "batch"}}', ["/batch/id"], NAMES)
    (line,) = [line for line in view.lines if line.marked]
    assert line.text.strip() == '"batch": {'
    assert [str(note) for note in line.notes] == ["no id here"]


def test_duplicate_keys_and_nan_and_a_tail_stand_as_they_were_sent() -> None:
    view = body_view(b'{"id":"a","id":"b","n":NaN,"f":1.0}<!-- tail -->', [], NAMES)
    assert [line.text for line in view.lines] == [
        "{", '  "id": "a",', '  "id": "b",', '  "n": NaN,', '  "f": 1.0', "}", "<!-- tail -->",
    ]  # fmt: skip


def test_values_inside_masked_members_keep_their_type_only() -> None:
    body = {"metadata": {"tenant": "acme", "n": 7, "ok": True, "none": None, "deep": {"x": ["secret"]}}, "id": "a"}
    text, cut = masked_text(json.dumps(body).encode(), NAMES, 10_000)
    assert not cut
    assert json.loads(text) == {
        "metadata": {"tenant": "[masked]", "n": 0, "ok": True, "none": None, "deep": {"x": ["[masked]"]}},
        "id": "a",
    }


def test_masked_members_are_found_in_a_tail_that_is_no_json() -> None:
    text, _ = masked_text(b'{"id": "a"}{"metadata": {"tenant": "acme"}, oops', NAMES, 1000)
    assert "acme" not in text
    view = body_view(b'{"id": "a"}{"metadata": {"tenant": "acme"}, oops', [], NAMES)
    assert "acme" not in str(view)


def test_an_escaped_member_name_is_masked_too() -> None:
    text, _ = masked_text(rb'{"met\u0061data": {"tenant": "acme"}}', NAMES, 1000)
    assert "acme" not in text


def test_the_query_of_a_url_is_masked() -> None:
    assert mask_url_queries('"https:\\/\\/h/f?X-Sig=abc&e=1"') == '"https:\\/\\/h/f?[masked]"'
    assert mask_url_queries("see https://h/f?sig=abc now") == "see https://h/f?[masked] now"


def test_a_long_body_is_cut_around_its_marks_and_says_so() -> None:
    body = {f"key_{index}": "x" * 50 for index in range(1000)} | {"last": 1}
    view = body_view(json.dumps(body).encode(), ["/last"], NAMES, limit=2000)
    assert sum(len(line.text) for line in view.lines) < 2200
    assert '"last": 1' in [line.text.strip() for line in view.lines if line.marked]
    assert any("lines left out" in str(line.gap) for line in view.lines if line.gap)
    assert "cut" in str(view.notes[-1])


def test_ten_megabytes_of_markup_are_cut_to_the_limit() -> None:
    body = b"<script>alert(1)</script>\x00\xe2\x80\xae" * 400_000
    view = body_view(body, [], NAMES)
    assert sum(len(line.text) for line in view.lines) < 5000
    assert f"{len(body):,} bytes came" in str(view.notes[-1])


@given(st.binary(max_size=300), st.lists(st.sampled_from(["", "/a", "/a/*", "/metadata/x", "x"]), max_size=3))
def test_any_bytes_can_be_shown(body: bytes, marks: list[str]) -> None:
    for line in body_view(body, marks, NAMES).lines:
        assert "\x00" not in line.text
    masked_text(body, NAMES, 100)


@given(json_values)
def test_a_json_text_without_masked_members_is_shown_token_for_token(value: object) -> None:
    raw = json.dumps(value).encode()
    text, _ = masked_text(raw, frozenset(), 1_000_000)
    if "://" not in text:
        assert text == raw.decode()
    if isinstance(value, dict | list):
        shown = "".join(line.text.strip() for line in body_view(raw, [], frozenset(), 1_000_000).lines)
        if all(len(part) < 500 for part in raw.decode().split(",")):
            assert json.loads(shown) == value


@given(st.text())
def test_visible_text_is_valid_xml_and_utf8(text: str) -> None:
    shown = visible(text)
    shown.encode()
    element = ET.Element("x")
    element.text = shown
    assert ET.fromstring(ET.tostring(element)).text in (shown or None, shown)
    assert "\n" not in one_line(text)


def test_bidirectional_and_control_characters_become_visible() -> None:
    assert visible("a\u202eb\x00c\x1b[31m\ufeff") == "a\\u202eb\\u0000c\\u001b[31m\\ufeff"
    assert visible("中文 ü 🚀\n\tx") == "中文 ü 🚀\n\tx"


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Cf", "Zl", "Zp"])), st.integers(4, 40))
def test_wrapped_lines_fit_and_lose_nothing(text: str, width: int) -> None:
    lines = wrap(text, width)
    assert all(cells(line) <= width for line in lines)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_a_clipped_text_ends_in_an_ellipsis() -> None:
    assert clip("abcdef", 4) == "abc…"
    assert clip("abcd", 4) == "abcd"
