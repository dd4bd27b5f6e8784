from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from contract_support import untimed
from hypothesis import given
from hypothesis import strategies as st

from batch_conformance.contract.document import (
    MAX_BYTES,
    ContractError,
    Document,
    load_document,
    parse_document,
)
from batch_conformance.contract.location import Location
from batch_conformance.contract.pointer import join
from batch_conformance.contract.sources import spec_folder
from batch_conformance.contract.translate import resolve
from batch_conformance.contract.tree import parse_tree, pointers

SPEC = spec_folder() / "siliconflow-get-batch.yaml"

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=15,
)
PLAIN_TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126))


def yaml_document(rest: str) -> Document:
    return parse_document(b"openapi: 3.0.0\n" + rest.encode(), "api.yaml")


def refused(raw: bytes | str, name: str = "api.yaml") -> str:
    with pytest.raises(ContractError) as caught:
        parse_document(raw.encode() if isinstance(raw, str) else raw, name)
    message = str(caught.value)
    assert "\n" not in message
    assert name in message
    return message


@pytest.mark.parametrize("name", [path.name for path in sorted(spec_folder().glob("siliconflow-*.yaml"))])
def test_the_shipped_documents_are_what_their_provenance_says(name: str) -> None:
    provenance = yaml.safe_load((spec_folder() / "provenance.yaml").read_text("utf-8"))[name]
    path = spec_folder() / name
    assert hashlib.sha256(path.read_bytes()).hexdigest() == provenance["sha256"]
    assert load_document(path).sha256 == provenance["sha256"]
    assert {"title", "source", "read", "extracted", "sha256"} <= provenance.keys()


def test_the_vendors_page_holds_the_document_and_its_lines_are_those_of_the_page() -> None:
    text = SPEC.read_text("utf-8")
    page = (
        f"> Index\n\n# A page\n\n```bash\ncurl openapi: 1\n```\n\n## OpenAPI\n\n````yaml get /x\n{text}````\n\nMore.\n"
    )
    read, plain = parse_document(page.encode(), "page.md"), load_document(SPEC)
    assert read.data == plain.data
    assert read.sha256 == plain.sha256
    pointer = "/paths/~1batches~1{batch_id}/get/responses/404"
    line = read.location(pointer).line
    assert line == plain.location(pointer).line + 11
    assert page.splitlines()[line - 1].strip() == "'404':"
    assert read.excerpt(line, 0) == ((line, "        '404':"),)


def test_a_page_with_windows_line_ends_is_read() -> None:
    assert parse_document(b"# T\r\n````yaml\r\nopenapi: 3.0.0\r\nx: 1\r\n````\r\n", "page.md").data["x"] == 1


def test_a_page_whose_fence_is_never_closed_is_read_to_its_end() -> None:
    assert parse_document(b"# T\n```yaml\nopenapi: 3.0.0\nx: 1\n", "page.md").data == {"openapi": "3.0.0", "x": 1}


def test_yaml_and_json_of_one_document_are_read_alike() -> None:
    plain = load_document(SPEC)
    indented = parse_document(json.dumps(plain.data, indent=2).encode(), "api.json")
    minified = parse_document(json.dumps(plain.data).encode(), "api.json")
    assert plain.data == indented.data == minified.data
    assert plain.locations.keys() == indented.locations.keys()


def test_every_node_of_the_shipped_document_stands_at_its_own_line() -> None:
    lines = SPEC.read_text("utf-8").splitlines()
    read = load_document(SPEC)
    for pointer, place in read.locations.items():
        key = pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
        assert not key or key.isdigit() or key in lines[place.line - 1], pointer
    assert set(pointers(read.data)) == read.locations.keys()


@untimed
@given(JSON)
def test_any_json_is_read_back_with_a_place_for_every_node(value: object) -> None:
    for text in (json.dumps({"x": value}), json.dumps({"x": value}, indent=2, ensure_ascii=False)):
        read, places = parse_tree(text, "some.json")
        assert read == {"x": value}
        assert json.dumps(read) == json.dumps({"x": value})
        assert places.keys() == set(pointers(read))


@untimed
@given(st.recursive(st.none() | st.booleans() | st.integers() | PLAIN_TEXT, st.lists, max_leaves=9))
def test_json_inside_yaml_is_read_back(value: object) -> None:
    assert parse_tree(f"x: {json.dumps(value)}", "some.yaml")[0] == {"x": value}


@untimed
@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_a_contract_error(raw: bytes) -> None:
    for prefix in (b"", b"openapi: 3.0.0\n", b'{"openapi": "3.0.0", ', b"```yaml\nopenapi: 3.1.0\n"):
        try:
            parse_document(prefix + raw, "some.yaml")
        except ContractError as error:
            assert "\n" not in str(error)  # noqa: PT017 - any bytes may also be a document


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("Yes", "Yes"),
        ("on", "on"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("null", None),
        ("'null'", "null"),
        ("2026-11-23", "2026-11-23"),
        ("1_000", "1_000"),
        ("12:30:00", "12:30:00"),
        ("0o17", 15),
        ("0x1F", 31),
        ("007", 7),
        ("-3", -3),
        ("1e3", 1000.0),
        ("1.5", 1.5),
        ("1e999", "1e999"),
        (".nan", ".nan"),
        ("!!str 123", "123"),
        ("!!python/object/apply:os.system [x]", ["x"]),
        ("404 page not found", "404 page not found"),
        ("|-\n  1", "1"),
    ],
)
def test_scalars_mean_what_yaml_1_2_says(text: str, value: object) -> None:
    read = yaml_document(f"x: {text}").data["x"]
    assert read == value
    assert type(read) is type(value)


def test_keys_are_strings_even_when_they_look_like_numbers() -> None:
    assert yaml_document("responses:\n  200: ok\n  null: x\n").data["responses"] == {"200": "ok", "null": "x"}


def test_an_alias_is_a_copy_with_places_of_its_own() -> None:
    read = yaml_document("a: &same\n  deep:\n    - 1\nb: *same\n")
    assert read.data["b"] == {"deep": [1]}
    assert read.data["b"] is not read.data["a"]
    assert read.location("/b").line == 5
    assert read.location("/b/deep/0").line == 4


def test_an_alias_may_name_a_key() -> None:
    assert yaml_document("a: &word name\nb: {*word : 1}\n").data["b"] == {"name": 1}


def test_a_duplicate_key_is_reported_with_its_name_and_line() -> None:
    assert "api.yaml:3 has the key 'x' twice" in refused("openapi: 3.0.0\nx: 1\nx: 2\n")
    assert "api.json:3 has the key 'x' twice" in refused('{"openapi": "3.0.0",\n"x": 1,\n"x": 2}', "api.json")
    assert "has the key '200' twice" in refused("openapi: 3.0.0\nx:\n  200: 1\n  '200': 2\n")


def test_a_bomb_of_aliases_is_refused() -> None:
    levels = [f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]" for i in range(12)]
    message = refused("openapi: 3.0.0\na: &a [x, x, x, x, x, x, x, x, x]\n" + "\n".join(levels))
    assert "aliases make this document too large" in message


def test_an_alias_inside_its_own_anchor_is_refused() -> None:
    assert "api.yaml:2: the alias *a" in refused("openapi: 3.0.0\nx: &a [*a]\n")
    assert "api.yaml:2: the alias *b" in refused("openapi: 3.0.0\nx: *b\n")


MERGES = """\
stamp: &stamp
  type: integer
  minimum: 1
named: &named
  title: a name
  minimum: 2
  deep: {list: [1]}
"""


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("{<<: *stamp, title: own}", {"type": "integer", "minimum": 1, "title": "own"}),
        ("{minimum: 7, <<: *stamp}", {"type": "integer", "minimum": 7}),
        ("{<<: *stamp, minimum: 7}", {"type": "integer", "minimum": 7}),
        ("{!!merge <<: *stamp}", {"type": "integer", "minimum": 1}),
        ("{!<tag:yaml.org,2002:merge> <<: *stamp}", {"type": "integer", "minimum": 1}),
        ("{? << : *stamp}", {"type": "integer", "minimum": 1}),
        (
            "{<<: [*named, *stamp]}",
            {"title": "a name", "minimum": 2, "deep": {"list": [1]}, "type": "integer"},
        ),
        (
            "{<<: [*stamp, {minimum: 3, more: 4}], more: 5}",
            {"type": "integer", "minimum": 1, "more": 5},
        ),
        ("{<<: {a: 1, b: {c: 2}}, b: 3}", {"a": 1, "b": 3}),
        ("{<<: {<<: *stamp, a: 1}, b: 2}", {"type": "integer", "minimum": 1, "a": 1, "b": 2}),
        ("{<<: &inline {a: {b: 1}}, again: *inline}", {"a": {"b": 1}, "again": {"a": {"b": 1}}}),
        ("{<<: [*stamp, &item {a: 1}], b: {<<: *item}}", {"type": "integer", "minimum": 1, "a": 1, "b": {"a": 1}}),
        ("{<<: *stamp, <<: *named}", {"type": "integer", "minimum": 1, "title": "a name", "deep": {"list": [1]}}),
        ("{<<: &both [*stamp, {a: 1}], again: {<<: *both}}",
         {"type": "integer", "minimum": 1, "a": 1, "again": {"type": "integer", "minimum": 1, "a": 1}}),
        ("{<<: []}", {}),
        ("{'<<': 1}", {"<<": 1}),
        ('{"<<": *stamp, "!!merge": 1}', {"<<": {"type": "integer", "minimum": 1}, "!!merge": 1}),
        ("{!!str <<: *stamp}", {"<<": {"type": "integer", "minimum": 1}}),
        ("[<<, {a: <<}]", ["<<", {"a": "<<"}]),
    ],
)  # fmt: skip
def test_a_merge_key_merges_as_in_yaml_1_1(text: str, value: object) -> None:
    read = yaml_document(f"{MERGES}x: {text}\n")
    assert read.data["x"] == value
    assert read.locations.keys() == set(pointers(read.data))


def test_an_anchor_that_merges_is_merged_whole() -> None:
    read = yaml_document(f"{MERGES}both: &both\n  <<: [*stamp, *named]\n  own: 1\nx:\n  <<: *both\n  title: other\n")
    assert read.data["x"] == {"type": "integer", "minimum": 1, "title": "other", "deep": {"list": [1]}, "own": 1}
    lines = {name: read.location(f"/x/{name}").line for name in read.data["x"]}
    assert lines == {"type": 3, "minimum": 4, "title": 14, "deep": 8, "own": 11}


def test_what_a_merge_key_brings_stands_where_it_is_written() -> None:
    read = yaml_document(f"{MERGES}x:\n  <<: *named\n  own: 1\n  <<:\n    inline:\n      here: 1\n")
    places = {below: read.location(f"/x/{below}").line for below in ("title", "deep/list/0", "own", "inline/here")}
    assert places == {"title": 6, "deep/list/0": 8, "own": 11, "inline/here": 14}
    assert read.location("/x/deep/list/0") == Location("api.yaml", 8, "/x/deep/list/0")
    assert [(place.line, place.pointer) for place in read.merge_keys] == [(10, "/x"), (12, "/x")]


def test_the_lines_of_aliases_and_merge_keys_are_those_of_a_page() -> None:
    page = f"# A page\n\n```yaml\nopenapi: 3.0.0\n{MERGES}x:\n  <<: *named\ny: *named\n```\n"
    read = parse_document(page.encode(), "page.md")
    for pointer in ("/x/title", "/y/title", "/named/title"):
        assert page.splitlines()[read.location(pointer).line - 1] == "  title: a name"
    assert page.splitlines()[read.merge_keys[0].line - 1] == "  <<: *named"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("<<: text", "api.yaml:10: the merge key << takes a mapping or a list of mappings, and this is a single value"),
        ("<<: 3", "a single value, 3"),
        ("<<:", "and this is empty"),
        ("<<: *word", "a single value, 'word'"),
        ("<<: [*stamp, text]", "a single value, 'text' in a list"),
        ("<<:\n  - *stamp\n  - - *stamp", "api.yaml:12: the merge key << takes a mapping"),
        ("<<: *none", "api.yaml:10: the alias *none has no anchor before it"),
        ("<<: *self", "api.yaml:10: the alias *self has no anchor before it that is complete"),
    ],
)
def test_what_cannot_be_merged_is_refused_with_its_line(text: str, says: str) -> None:
    block = text.replace("\n", "\n  ")
    given_ = MERGES.replace("title: a name", "title: &word word").replace("deep: {list: [1]}\n", "")
    assert says in refused(f"openapi: 3.0.0\n{given_}\nx: &self\n  {block}\n")


def test_a_key_of_the_mapping_itself_is_told_twice_and_a_merged_one_is_not() -> None:
    repeated = "stamp: &stamp {minimum: 1}\nx:\n  minimum: 1\n  <<: *stamp\n  minimum: 1\n"
    assert "api.yaml:6 has the key 'minimum' twice" in refused(f"openapi: 3.0.0\n{repeated}")
    assert "has the key '<<' twice" in refused("openapi: 3.0.0\nx: {'<<': 1, \"<<\": 1}\n")


def test_a_bomb_of_merge_keys_is_refused() -> None:
    levels = [f"{chr(98 + i)}: &{chr(98 + i)} {{<<: [{', '.join(['*' + chr(97 + i)] * 99)}]}}" for i in range(20)]
    many = ", ".join(f"k{i}: 1" for i in range(99))
    message = refused(f"openapi: 3.0.0\na: &a {{{many}}}\n" + "\n".join(levels))
    assert "aliases make this document too large" in message
    nested = "{a: 1, <<: " * 300 + "{}" + "}" * 300
    assert "nested more than 200 deep" in refused(f"openapi: 3.0.0\nx: {nested}\n")


def merging(
    draw: st.DrawFn, lines: list[str], anchors: dict[str, Any], several: bool, depth: int = 0
) -> dict[str, Any]:
    """Writes a mapping with merge keys and an anchor, every entry on its own line, and gives it merged.

    ``several`` allows more than one merge key in a mapping.
    """
    own: dict[str, Any] = {}
    merged: list[dict[str, Any]] = []
    name, merges = f"a{len(lines)}", 0
    lines.append(f"&{name} {{")
    for key in draw(st.lists(st.sampled_from("abcdef"), unique=True, max_size=4)):
        kinds = ["leaf", "mapping"] + (["merge", "merges"] if several or not merges else [])
        kind = draw(st.sampled_from(kinds if depth < 3 else ["leaf"]))
        if kind == "leaf":
            own[key] = f"leaf{len(lines)}"
            lines.append(f"{key}: {own[key]}")
        elif kind == "mapping":
            lines.append(f"{key}:")
            own[key] = merging(draw, lines, anchors, several, depth + 1)
        else:
            merges += 1
            lines.append(draw(st.sampled_from(["<<: ", "!!merge <<: "])) + ("[" if kind == "merges" else ""))
            for _ in range(draw(st.integers(0, 3)) if kind == "merges" else 1):
                if anchors and draw(st.booleans()):
                    source = draw(st.sampled_from(sorted(anchors)))
                    lines.append(f"*{source}")
                    merged.append(anchors[source])
                else:
                    merged.append(merging(draw, lines, anchors, several, depth + 1))
                lines += [","] if kind == "merges" else []
            lines += ["]"] if kind == "merges" else []
        lines.append(",")
    lines.append("}")
    for source in merged:
        own = {**source, **own}
    anchors[name] = own
    return own


@st.composite
def merging_documents(draw: st.DrawFn, several: bool) -> tuple[str, list[Any]]:
    """A document whose ``x`` is a list of mappings with merge keys, and that list with the merges written out."""
    lines: list[str] = []
    anchors: dict[str, Any] = {}
    values = []
    for _ in range(draw(st.integers(1, 3))):
        values.append(merging(draw, lines, anchors, several))
        lines.append(",")
    return "\n".join(["openapi: 3.0.0", "x: [", *(f" {line}" for line in lines), " ]", ""]), values


@untimed
@given(merging_documents(several=True))
def test_random_merge_keys_read_as_the_merges_written_out(case: tuple[str, list[Any]]) -> None:
    text, values = case
    read = parse_document(text.encode(), "api.yaml")
    assert read.data["x"] == values
    assert read.locations.keys() == set(pointers(read.data))
    lines = text.splitlines()
    for pointer, place in read.locations.items():
        value = resolve(read.data, pointer)
        assert not str(value).startswith("leaf") or value in lines[place.line - 1], pointer
        assert place.pointer == pointer
    assert sorted(place.line for place in read.merge_keys) == [n for n, line in enumerate(lines, 1) if "<<" in line]


@untimed
@given(merging_documents(several=False))
def test_merge_keys_are_read_as_pyyaml_reads_them(case: tuple[str, list[Any]]) -> None:
    text, values = case
    assert parse_document(text.encode(), "api.yaml").data["x"] == yaml.safe_load(text)["x"] == values


@pytest.mark.parametrize("opening", ["[", "{a: ", '{"a":['])
def test_absurd_depth_is_refused(opening: str) -> None:
    assert "nested more than 200 deep" in refused(f"openapi: 3.0.0\nx: {opening * 50_000}")
    assert "nested more than 200 deep" in refused('{"openapi": "3.0.0", "x": ' + '{"a":[' * 5_000, "api.json")


def test_json_with_tabs_and_surrogate_pairs_is_json() -> None:
    read = parse_document(b'{\n\t"openapi": "3.0.0",\n\t"x": "\\ud83d\\ude00 \\/"\n}', "api.json")
    assert read.data["x"] == "\U0001f600 /"
    assert read.location("/x").line == 3


def test_flow_yaml_that_starts_like_json_is_read() -> None:
    assert parse_document(b"{openapi: 3.0.0, x: [1, no]}", "api.yaml").data["x"] == [1, "no"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("# nothing\n", "empty"),
        ("just words", "no mapping"),
        ("- openapi: 3.0.0", "no mapping"),
        ("swagger: '2.0'\n", "Swagger 2.0; convert it to OpenAPI 3"),
        ("openapi: 3.3.0\n", "openapi: 3.3.0"),
        ("openapi: 2.0\n", "must be a string"),
        ("openapi: 3.1\n", "must be a string such as '3.1.0'"),
        ("info: {}\n", "no field openapi"),
        ("<!DOCTYPE html><html>", "HTML or XML"),
        ("openapi: 3.0.0\nx: [1\ny: 2", "neither YAML nor JSON"),
        ("openapi: 3.0.0\nx: \x00", "neither YAML nor JSON"),
        ("openapi: 3.0.0\n---\nopenapi: 3.0.0\n", "second document"),
        ("openapi: 3.0.0\n? [a]\n: 1\n", "no plain word"),
        ("# A page\n\n```bash\nls\n```\n", "a page without a fenced block"),
    ],
)
def test_what_is_no_openapi_3_is_refused_with_one_line(text: str, says: str) -> None:
    assert says in refused(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"openapi": "3.0.0",}', "api.json:1"),
        ('{"openapi": "3.0.0"\n"x": 1}', "api.json:2 is no JSON: expecting ','"),
        ('{"openapi": "3.0.0"', "is no JSON"),
        ('{"openapi": "3.0.0", "x": NaN}', "NaN"),
        ('{"openapi": "3.0.0"} {}', "extra data"),
        ('{"openapi" "3.0.0"}', "expecting ':'"),
    ],
)
def test_broken_json_is_refused_with_its_line(text: str, says: str) -> None:
    assert says in refused(text, "api.json")


def test_a_document_that_is_not_utf_8_is_refused_and_a_byte_order_mark_is_not() -> None:
    assert "is not UTF-8 (byte 18)" in refused(b"openapi: 3.0.0\nx: \xff")
    assert parse_document(b"\xef\xbb\xbfopenapi: 3.0.0\n", "api.yaml").data == {"openapi": "3.0.0"}


def test_a_missing_or_huge_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="cannot read the contract"):
        load_document(tmp_path / "none.yaml")
    huge = tmp_path / "huge.yaml"
    with huge.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    with pytest.raises(ContractError, match="is no OpenAPI document"):
        load_document(huge)


def test_a_node_without_a_place_has_that_of_the_node_around_it() -> None:
    read = yaml_document("info:\n  title: T\n")
    assert read.location("/info/title/nowhere") == Location("api.yaml", 3, "/info/title")
    assert read.location("/nowhere").line == 1


def test_an_excerpt_has_the_lines_around_and_none_outside_the_document() -> None:
    read = yaml_document("a: 1\nb: \u2028 2\nc: 3")
    assert read.excerpt(3, 1) == ((2, "a: 1"), (3, "b: \u2028 2"), (4, "c: 3"))
    assert read.excerpt(1) == ((1, "openapi: 3.0.0"), (2, "a: 1"), (3, "b: \u2028 2"))
    assert read.excerpt(0) == read.excerpt(99) == ()


def test_a_pointer_escapes_its_tokens() -> None:
    read = yaml_document("paths:\n  /a~b/{id}: here\n")
    assert read.location(join("", "paths", "/a~b/{id}")).line == 3
