"""Pages and walks of a list: what is asked and answered, which pages follow each other, and when a walk is whole."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from broken_support import history
from cases_lists import after, asked, item, lists, page
from judge_support import sent
from test_rules_listing import FORM, TWO, one, with_form

from batch_conformance.contract.contract import Contract
from batch_conformance.exchange.exchange import Exchange
from batch_conformance.rules.pages import (
    Page,
    Walk,
    follows,
    gone_twice,
    ids_in,
    in_time,
    is_first_again,
    is_whole,
    items_of,
    page_of,
    walks_of,
)


def read(exchange: Exchange, under: Contract | None = None) -> Page:
    found = page_of(one(exchange, under))
    assert found is not None
    return found


def walk(*pages: Exchange) -> Walk:
    return tuple(map(read, pages))


def walks(*exchanges: Exchange) -> list[list[tuple[int, str]]]:
    """The number of the exchange and the ids of each page, by walk."""
    found = walks_of(history(*exchanges, under=lists()))
    return [[(each.observation.exchange.number, "".join(name[-1] for name in each.ids)) for each in of] for of in found]


def test_a_page_is_what_was_asked_and_the_ids_that_were_answered() -> None:
    exchange = page("ab", True, {"x": "2", "limit": 5, "after": "batch_z", "b": ""})
    found = read(exchange)
    expected = ("5", "batch_z", (("b", ""), ("x", "2")), ("batch_a", "batch_b"), True, "batch_b")
    assert (found.limit, found.after, found.rest, found.ids, found.more, found.cursor) == expected
    bare = read(page("", None))
    assert (bare.limit, bare.after, bare.rest, bare.ids, bare.more, bare.cursor) == (None, None, (), (), None, None)
    empty = read(page("a", query="limit=&after="))
    assert (empty.limit, empty.after) == ("", "")


def test_a_page_knows_only_the_parameters_of_its_form() -> None:
    exchange = page("a", True, {"limit": 5, "after": "b"})
    without = read(exchange, with_form(limit=None, after=None, more=None))
    assert (without.limit, without.after, without.more) == (None, None, None)
    assert without.rest == (("after", "b"), ("limit", "5"))
    assert read(page("a", None, has_more="true")).more is None


def test_what_is_no_list_or_has_an_item_without_an_id_is_no_page() -> None:
    assert items_of(one(page("ab"))) == (item("a"), item("b"))
    assert items_of(one(page(""))) == ()
    assert page_of(one(asked(sent({"data": [{"id": "a"}, {"id": ""}]})))) is None
    assert page_of(one(asked(sent({"data": [{"id": "a"}, {"id": 5}]})))) is None
    for odd in (sent({"data": {}}), sent({}), sent([]), sent(b""), sent({"data": []}, 404), sent(answered=False)):
        assert items_of(one(asked(odd))) is page_of(one(asked(odd))) is None
    assert items_of(one(asked(sent({"data": []}, method="HEAD")))) is None
    assert items_of(one(asked(sent({"data": []}, forced=200)))) is None
    assert items_of(one(sent())) is None  # the read of a batch is no list
    assert items_of(one(asked(sent([{"id": "a"}])), with_form(items=""))) == ({"id": "a"},)


def test_a_query_narrows_where_it_has_more_than_what_has_to_be_there() -> None:
    def narrows(query: Any) -> bool:
        files = asked(sent({"data": {"data": []}}), query, "/files")
        return read(files).rest_narrows

    assert FORM is not None
    assert not read(page("a", query={**TWO, "after": "b"})).rest_narrows
    assert read(page("a", query={"status": "failed"})).rest_narrows
    required = read(asked(sent({"data": {"data": []}}), "", "/files")).observation.operation.required_query
    assert required.startswith("purpose=")
    assert not narrows(required)
    assert narrows(f"{required}&x=1")
    assert narrows("purpose=another")


def test_a_walk_begins_with_a_page_without_a_cursor_and_goes_on_after_its_last_item() -> None:
    ab, cd, e = page("ab", True, TWO), page("cd", True, after("b")), page("e", False, after("d"))
    assert walks(ab, cd, e) == [[(0, "ab"), (1, "cd"), (2, "e")]]
    assert walks(cd, ab, e) == [[(1, "ab")]]
    assert walks(ab, cd, ab, cd) == [[(0, "ab"), (1, "cd")], [(2, "ab"), (3, "cd")]]
    assert walks(ab, ab, cd) == [[(0, "ab")], [(1, "ab"), (2, "cd")]]
    assert walks(ab, ab, cd, cd) == [[(0, "ab"), (3, "cd")], [(1, "ab"), (2, "cd")]]
    assert walks(ab, page("cd", True, after("b", 3))) == [[(0, "ab")]]
    assert walks(ab, page("cd", True, {**after("b"), "x": 1})) == [[(0, "ab")]]
    assert walks(ab, page("cd", True, after("a"))) == [[(0, "ab")]]
    assert walks(page("", False, TWO), cd) == [[(0, "")]]


def test_what_is_no_page_or_has_another_key_is_passed_over() -> None:
    ab, cd = page("ab", True, TWO), page("cd", True, after("b"))
    wrong = replace(cd, probe=replace(cd.probe, credential="wrong"))
    forced = replace(cd, probe=replace(cd.probe, forced_status=200))
    assert walks(ab, wrong, cd) == [[(0, "ab"), (2, "cd")]]
    assert walks(ab, forced, cd) == [[(0, "ab"), (2, "cd")]]
    assert walks(asked(sent({"data": 5})), ab, cd) == [[(1, "ab"), (2, "cd")]]


def test_a_page_goes_on_only_where_it_was_asked_for_after_the_one_before_had_ended() -> None:
    def timed(begun: float, elapsed: float = 1.0) -> list[list[tuple[int, str]]]:
        ab = replace(page("ab", True, TWO), started_at=10.0, elapsed=elapsed, number=0)
        return walks(ab, replace(page("cd", True, after("b")), started_at=begun, number=1))

    assert timed(11.0) == timed(10.9985) == timed(11.0 - 0.002) == timed(12.0) == [[(0, "ab"), (1, "cd")]]
    assert timed(10.997) == timed(10.5) == [[(0, "ab")]]
    assert timed(9.0) == [[(0, "ab")]]


def test_observations_are_in_the_order_of_time_then_as_planned() -> None:
    read = replace(page("a"), started_at=5.0, number=3, attempt=1)
    assert in_time(one(read)) == (5.0, (3, 1))
    late, early = replace(page("ab", True, TWO), started_at=9.0), replace(page("ab", True, TWO), started_at=5.0)
    assert [found[0][0] for found in walks(replace(late, number=0), replace(early, number=1))] == [1, 0]


def test_walks_that_had_the_same_pages_were_gone_twice() -> None:
    first = (page("ab", True, TWO), page("cd", False, after("b")))
    short, other = (page("ab", True, TWO),), (page("ab", True, TWO), page("ce", False, after("b")))
    said = (page("ab", True, TWO), page("cd", True, after("b")))
    sized = (page("ab", True, {"limit": 3}), page("cd", False, after("b", 3)))
    narrowed = (page("ab", True, {**TWO, "x": 1}), page("cd", False, {**after("b"), "x": 1}))
    assert len(gone_twice([walk(*first), walk(*first)])) == 1
    assert len(gone_twice([walk(*first)] * 3)) == 3
    for unlike in (short, other, said, sized, narrowed):
        assert gone_twice([walk(*first), walk(*unlike)]) == []
    assert gone_twice([walk(*short), walk(*short)]) == gone_twice([walk(*first)]) == []
    one_walk, again = walk(*first), walk(*first)
    assert gone_twice([one_walk, walk(*other), again]) == [(one_walk, again)]


def test_a_walk_follows_where_no_page_has_its_cursor_or_is_the_first_again() -> None:
    first = page("ab", True, TWO)
    assert follows(walk(first))
    assert follows(walk(first, page("cd", True, after("b"))))
    assert follows(walk(first, page("", False, after("b"))))
    assert not follows(walk(first, page("bc", True, after("b"))))
    assert not follows(walk(first, page("ab", True, after("z"))))
    assert not follows(walk(first, page("cd", True, after("b")), page("ab", True, after("d"))))
    assert not follows(walk(first, page("cd", True, after("b")), page("de", True, after("d"))))
    assert is_first_again(read(first), read(page("ab", True, after("b"))))
    assert not is_first_again(read(first), read(page("ba", True, after("b"))))
    assert not is_first_again(read(page("")), read(page("", query=after("b"))))
    assert ids_in(walk(first, page("bc"))) == ["batch_a", "batch_b", "batch_b", "batch_c"]


def test_a_walk_is_whole_where_its_last_page_is_the_last_and_is_said_to_be() -> None:
    more, none, unsaid = page("ab", True, TWO), page("ab", False, TWO), page("ab", None, TWO)
    assert is_whole(walk(more, page("cd", False, after("b"))))
    assert is_whole(walk(none))
    assert is_whole(walk(none, page("", False, after("b"))))
    assert not is_whole(walk(none, page("cd", False, after("b"))))  # that there is no more was not true before
    assert is_whole(walk(unsaid, page("cd", False, after("b"))))
    assert not is_whole(walk(more, page("cd", True, after("b"))))
    assert is_whole(walk(unsaid, page("", None, after("b"))))
    assert not is_whole(walk(unsaid, page("cd", None, after("b"))))
    assert not is_whole(walk(unsaid))
    assert not is_whole(walk(page("", None, TWO)))
    assert is_whole(walk(page("", None, after("b"))))
    assert not is_whole(walk(more, page("", True, after("b"))))
