from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from probes_support import KNOWN

from batch_conformance.probes import batch_ids
from batch_conformance.probes.draws import draw

WIRE = re.compile(r"[!-~]*\Z")
IDS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=30)


@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_an_encoded_segment_decodes_to_the_same_text_and_holds_only_safe_letters(text):
    segment = batch_ids.encode_segment(text)
    assert re.fullmatch(r"(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})*", segment)
    assert batch_ids.decode_segment(segment) == text


def test_a_lone_surrogate_is_encoded_without_an_exception():
    assert batch_ids.encode_segment("\ud800") == "%ED%A0%80"


@pytest.mark.parametrize(
    ("known", "pattern"),
    [
        (KNOWN, r"batch_[a-z]{10}"),
        (("batch_01JH2XK9Q4V8Z7",), r"batch_[A-Z0-9]{14}"),
        (("batch_67890abcdef1",), r"batch_[0-9a-f]{12}"),
        (("3fa85f64-5717-4562-b3fc-2c963f66afa6",), r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
        (("bi-20240101xyz",), r"bi-[a-z0-9]{11}"),
        (("42",), r"[0-9]{13}"),
        ((), r"batch_[a-z]{10}"),
    ],
)
def test_unknown_ids_look_like_the_known_ones(known, pattern):
    drawn = draw(batch_ids.unknown_strategies(known)["same_shape"], 8, None, "x")
    assert len(drawn) == 8
    assert all(re.fullmatch(pattern, identifier) for identifier in drawn), drawn
    assert not set(drawn) & set(known)


@settings(deadline=None, max_examples=100)
@given(st.lists(IDS, max_size=4), st.data())
def test_no_unknown_id_is_ever_known_whatever_the_known_ones_look_like(known, data):
    strategies = batch_ids.unknown_strategies(known)
    name = data.draw(st.sampled_from(["same_shape", "one_longer", "letters", "uuid"]))
    assert data.draw(strategies[name]) not in known


@given(IDS)
def test_neighbours_are_never_known_and_have_names_of_their_own(known_id):
    known = [known_id, known_id + "a", known_id[:-1]]
    found = batch_ids.neighbours(known_id, known)
    assert all(spelled.batch_id not in known for spelled in found)
    assert len({spelled.name for spelled in found}) == len(found)
    assert all(WIRE.match(spelled.segment) and spelled.segment for spelled in found)
    assert all(batch_ids.decode_segment(spelled.segment) == spelled.batch_id for spelled in found)


@given(IDS)
def test_equivalents_decode_to_the_known_id_and_are_written_differently(known_id):
    found = batch_ids.equivalents(known_id)
    for spelled in found:
        assert batch_ids.decode_segment(spelled.segment) == known_id
        assert spelled.segment != batch_ids.encode_segment(known_id)
        assert spelled.subject == "equivalent"
    assert len({spelled.segment for spelled in found}) == len(found)


def test_a_plain_known_id_has_escapes_in_both_cases():
    segments = {spelled.segment for spelled in batch_ids.equivalents("batch_jkl")}
    assert "%62atch_jkl" in segments
    assert "batch_jk%6C" in segments
    assert "batch_jk%6c" in segments


def test_traversals_keep_their_slash_encoded():
    found = batch_ids.traversals("batch_a")
    assert all("/" not in spelled.segment for spelled in found)
    by_name = {spelled.name: spelled for spelled in found}
    assert by_name["parent_then_known"].segment == "..%2Fbatch_a"
    assert by_name["sibling_then_known"].batch_id == "x/../batch_a"


def test_paths_outside_are_an_empty_id_and_known_ids_with_something_after_them():
    found = {spelled.segment: spelled.batch_id for spelled in batch_ids.outside("a b")}
    assert found == {"": None, "a%20b/": "a b", "a%20b/x": "a b", "x/..;/a%20b": "a b"}
    assert [spelled.name for spelled in batch_ids.outside(None)] == ["empty_id"]


def test_the_hostile_table_has_every_kind_once_and_only_ascii_on_the_wire():
    table = batch_ids.hostile_table()
    names = [spelled.name for spelled in table]
    segments = [spelled.segment for spelled in table]
    assert len(set(names)) == len(names) >= 90
    assert len(set(segments)) == len(segments)
    assert all(WIRE.match(segment) and segment for segment in segments)
    assert max(map(len, segments)) == 8192
    decoded = {spelled.batch_id for spelled in table}
    assert {"null", "undefined", "*", "\0", "cafe\u0301", "caf\u00e9", " ", "0", "-1", "NaN"} <= decoded


@pytest.mark.parametrize("segment", ["%", "%a", "%zz", "x%ay", "%FF", "%C0%AF", "%ED%A0%80", "caf%E9"])
def test_broken_escapes_and_invalid_utf8_are_marked_as_crash_prone(segment):
    assert batch_ids.spell("x", segment).crash_prone


@pytest.mark.parametrize("segment", [".", "..", "%2e", "%2E%2e"])
def test_dot_segments_are_outside_in_every_spelling(segment):
    assert batch_ids.spell("x", segment).subject == "outside"


@pytest.mark.parametrize("name", sorted(batch_ids.hostile_strategies(())))
def test_drawn_hostile_ids_fit_the_wire_and_are_marked_rightly(name):
    for spelled in draw(batch_ids.hostile_strategies(KNOWN)[name], 40, None, name):
        assert WIRE.match(spelled.segment)
        assert spelled.batch_id not in KNOWN
        broken = re.search("%(?![0-9A-Fa-f]{2})", spelled.segment) is not None
        try:
            unquote_to_bytes(spelled.segment).decode()
        except UnicodeDecodeError:
            broken = True
        assert spelled.subject == "outside" or spelled.crash_prone == broken


def test_plain_means_letters_digits_dash_and_underscore_of_modest_length():
    assert batch_ids.spell("x", "null").plain
    assert not batch_ids.spell("x", "a.b").plain
    assert not batch_ids.spell("x", "%20").plain
    assert not batch_ids.spell("x", "a" * 65).plain
    assert not batch_ids.spell("x", "a\n").plain


@pytest.mark.parametrize("known", ["batch_1", "1", "7f", "b-00012", "batch_abc123", "x"])
def test_where_ids_are_few_unknown_ones_are_drawn_from_many(known: str) -> None:
    strategies = batch_ids.unknown_strategies([known])
    for name, strategy in strategies.items():
        drawn = draw(strategy, 30, None, name)
        assert len(set(drawn)) == 30
        assert known not in drawn
    prefix = batch_ids.learn_shape([known]).prefix
    assert all(
        one.startswith(prefix) and len(one) >= len(prefix) + 7 for one in draw(strategies["same_shape"], 30, None, "x")
    )


@pytest.mark.parametrize(("known", "guessable"), [("batch_1", True), ("12", True), ("batch_rdyqgrcgjg", False)])
def test_no_neighbour_that_may_be_somebody_elses_batch_is_asked_for(known: str, guessable: bool) -> None:
    names = {one.name for one in batch_ids.neighbours(known, [known])}
    assert {"json_suffix", "space_after", "nul_after"} <= names
    assert names.isdisjoint({"last_dropped", "one_added", "last_changed", "first_dropped"}) is guessable
