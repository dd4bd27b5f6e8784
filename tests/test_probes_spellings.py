"""Spellings of a known id: never the id itself, of every family, the same for the same seed."""

from __future__ import annotations

import re
from urllib.parse import unquote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from probes_support import KNOWN

from batch_conformance.probes.batch_ids import PLAIN
from batch_conformance.probes.hostile_choice import choose_hostile, expressions
from batch_conformance.probes.segment import decode_segment
from batch_conformance.probes.spellings import chosen_names, families, spellings

IDS = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=30)
UUID = "3fa85f64-5717-4562-b3fc-2c963f66afa6"
ULID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"


@settings(deadline=None, max_examples=60)
@given(IDS)
def test_no_spelling_is_a_known_id_and_all_fit_on_the_wire(known_id: str) -> None:
    known = [known_id, known_id + "x", known_id.upper()]
    found = spellings(known_id, known)
    assert len({one.name for one in found}) == len({one.segment for one in found}) == len(found)
    for one in found:
        assert re.fullmatch(r"[!-~]+", one.segment)
        assert not set("?#/") & set(one.segment)
        assert one.batch_id == decode_segment(one.segment)
        assert one.batch_id not in known
        assert one.subject == "neighbour"


def test_a_plan_has_all_that_is_always_asked_for_and_of_each_family_as_many_others_as_it_says() -> None:
    names = chosen_names(KNOWN, 3)
    assert len(set(names)) == len(names)
    for family in families(KNOWN[0]):
        assert set(family.always) <= set(names)
        assert len(set(names) & set(family.others)) >= min(family.drawn, len(family.others))


def test_the_same_seed_draws_the_same_and_other_seeds_draw_others() -> None:
    assert chosen_names(KNOWN, 3) == chosen_names(KNOWN, 3)
    drawn = [chosen_names(KNOWN, seed) for seed in range(5)]
    assert len(set(drawn)) == 5
    assert len({len(names) for names in drawn}) == 1
    assert choose_hostile(3, on_known=True) == choose_hostile(3, on_known=True)
    assert len({len(choose_hostile(seed, on_known=True)) for seed in range(5)}) == 1


@pytest.mark.parametrize("known_id", [UUID, ULID])
def test_where_letters_have_no_case_by_a_standard_none_is_changed(known_id: str) -> None:
    names = {one.name for one in spellings(known_id, [known_id])}
    assert names.isdisjoint({"prefix_case", "body_case", "first_case", "separators_dropped"})


def test_a_document_that_has_numbers_for_ids_lets_them_be_written_in_several_ways() -> None:
    assert {"zero_before", "plus_sign"} <= {one.name for one in spellings("1234567890123", [])}
    numbers = {one.name for one in spellings("1234567890123", [], numbers=True)}
    assert numbers.isdisjoint({"zero_before", "plus_sign", "digits_grouped", "arabic_digits"})


def test_where_ids_are_few_none_is_asked_for_that_may_be_another_batch() -> None:
    names = {one.name for one in spellings("job_17", ["job_17"])}
    assert names.isdisjoint({"one_for_l", "first_changed", "two_dropped", "zero_after_prefix"})
    assert {"zero_width_inside", "tab_before", "double_encoded"} <= names


def test_only_plain_spellings_are_drawn_where_no_others_may_be_sent() -> None:
    for seed in range(3):
        by_name = {one.name: one for one in spellings(KNOWN[0], KNOWN)}
        drawn = [by_name[name] for name in chosen_names(KNOWN[:1], seed, plain=True)]
        assert drawn
        assert all(PLAIN.match(one.segment) for one in drawn)


def test_overlong_and_double_escapes_are_of_the_first_letter() -> None:
    segments = {one.name: one.segment for one in spellings("batch_a", [])}
    assert segments["double_encoded"] == "%2562atch_a"
    assert segments["overlong"] == "%C1%A2atch_a"
    assert segments["escape_u"] == "%u0062atch_a"
    assert segments["overlong_of_three"] == "%E0%81%A2atch_a"


@pytest.mark.parametrize("seed", range(5))
def test_the_result_of_an_expression_is_in_no_request_and_no_time(seed: int) -> None:
    for one in expressions(seed):
        (factors,) = set(re.findall(r"(\d+)\*(\d+)", unquote(one.segment)))
        product = int(factors[0]) * int(factors[1])
        assert str(product) not in one.segment
        assert 2_000_000_000 < product < 2**31


def test_no_two_spellings_of_an_id_are_the_same() -> None:
    named = {name for family in families("batch_jkl10s5") for name in (*family.always, *family.others)}
    assert {one.name for one in spellings("batch_jkl10s5", [])} == named
