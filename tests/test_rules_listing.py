"""What the rules about lists say of one page, and of walks through several: each condition by a page beside it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import broken_support
import pytest
from broken_support import broken, words
from cases_lists import after, asked, dated, item, lists, page
from judge_support import JSON, sent

from batch_conformance.contract.contract import Contract
from batch_conformance.contract.operation import Operation
from batch_conformance.exchange.exchange import Exchange, Probe
from batch_conformance.message import Count
from batch_conformance.nouns import ITEM
from batch_conformance.observation.observation import Observation
from batch_conformance.rules import REGISTRY
from batch_conformance.rules.listing import is_page
from batch_conformance.rules.rule import Broken

TWO = {"limit": 2}
LISTING = tuple(rule for rule in REGISTRY if rule.startswith("listing."))


def under_of(operation: Operation, **changes: Any) -> Contract:
    changed = tuple(replace(one, **changes) if one.id == operation.id else one for one in lists().operations)
    return replace(lists(), operations=changed)


LIST = next(one for one in lists().operations if one.role == "list")
FORM = LIST.listing
assert FORM is not None


def with_form(**changes: Any) -> Contract:
    return under_of(LIST, listing=replace(FORM, **changes))


@dataclass(frozen=True)
class Parameter:
    """A parameter of a query that admits any value."""

    name: str
    default: str | None = None

    def admits(self, _: str) -> bool:
        return True


def with_order(default: str | None = "desc") -> Contract:
    return with_form(order=Parameter("order", default))


def one(exchange: Exchange, under: Contract | None = None) -> Observation:
    return Observation(exchange, under or lists())


def told(rule: str, exchange: Exchange, under: Contract | None = None) -> list[tuple[str, str]]:
    found = broken(rule, one(exchange, under))
    assert all((each.status, each.side, each.when) == (None, None, ()) for each in found)
    return [(each.pointer, each.kind) for each in found]


def compared(rule: str, *exchanges: Exchange, under: Contract | None = None) -> list[tuple[Observation, Broken]]:
    found = broken_support.compared(rule, *exchanges, under=under or lists())
    assert all((each.status, each.media_type, each.side, each.when) == (None, JSON, None, ()) for _, each in found)
    return found


def walked(rule: str, *exchanges: Exchange, under: Contract | None = None) -> list[tuple[int, str, str]]:
    """The number of the exchange that shows each deviation, its pointer and its kind."""
    found = compared(rule, *exchanges, under=under)
    return [(shows.exchange.number, each.pointer, each.kind) for shows, each in found]


def pair(names: str, more: str, *, has_more: tuple[bool | None, bool | None] = (True, False)) -> tuple[Exchange, ...]:
    """A walk of two pages."""
    return page(names, has_more[0], TWO), page(more, has_more[1], after(names[-1]))


def test_an_id_stands_once_on_a_page() -> None:
    (twice,) = broken("listing.repeated", one(page("abab")))
    assert (twice.kind, twice.pointer, twice.media_type, twice.level) == ("page", "/data", JSON, None)
    assert words(twice) == ("listing.repeated.expected", 'listing.repeated.observed id="batch_a"')
    assert told("listing.repeated", page("ab")) == told("listing.repeated", page("")) == []
    assert told("listing.repeated", asked(sent({"data": {}}))) == []


def test_an_id_stands_on_one_page_of_a_walk_that_was_gone_twice() -> None:
    walk = (*pair("ab", "ca", has_more=(True, True)), page("bd", False, after("a")))
    assert walked("listing.repeated", *walk * 2) == [(1, "/data", "walk"), (2, "/data", "walk")]
    (first, _) = compared("listing.repeated", *walk * 2)
    assert words(first[1]) == ("listing.repeated.expected", 'listing.repeated.walk id="batch_a"')
    assert walked("listing.repeated", *walk) == []
    assert walked("listing.repeated", *walk, *walk[:2]) == []
    assert walked("listing.repeated", *pair("ab", "cd") * 2) == []
    again = (*pair("ab", "ba"), *pair("ab", "ba"))
    assert walked("listing.repeated", *again) == []  # the cursor is told


def lost(*exchanges: Exchange) -> list[tuple[int, str, str]]:
    return walked("listing.lost", *exchanges)


def sized(names: str, more: str, limit: int, has_more: tuple[bool, bool] = (True, False)) -> tuple[Exchange, ...]:
    return page(names, has_more[0], {"limit": limit}), page(more, has_more[1], after(names[-1], limit))


def test_pages_of_another_size_have_the_same_items() -> None:
    whole = pair("ab", "cd")
    assert lost(*whole, *sized("abc", "d", 3), *whole) == []
    assert lost(*whole, *sized("abc", "", 3), *whole) == [(3, "/data", "lost")]
    assert lost(*whole, *sized("abc", "e", 3), *whole) == [(3, "/data", "lost")]
    assert lost(*whole, *sized("abc", "de", 3), *whole) == [(1, "/data", "lost")]
    assert lost(*whole, *sized("abc", "", 3)) == []
    assert lost(*sized("abc", "", 3), *whole, *whole) == []
    assert lost(*whole, *whole, *sized("abc", "", 3)) == []
    assert lost(*whole, page("abc", False, {"limit": 3}), *whole) == []
    assert lost(*whole, *sized("ab", "", 2), *whole) == []


def test_what_is_lost_is_told_with_the_sizes_of_the_pages() -> None:
    whole = pair("ab", "cd")
    ((shows, found),) = compared("listing.lost", *whole, *sized("abc", "", 3), *whole)
    arguments = dict(found.observed.arguments)
    assert (found.expected.id, found.observed.id) == ("listing.lost.expected", "listing.lost.observed")
    assert arguments == {"lost": Count(1, ITEM), "one": "2", "other": "3"}
    assert shows.exchange.number == 3
    usual = (page("ab", True, ""), page("cd", False, {"after": "batch_b"}))
    ((shows, found),) = compared("listing.lost", *usual, *sized("abc", "e", 3), *usual)
    assert str(found.observed) == "1 item of pages of the usual size not in pages of 3"
    more = (*sized("ab", "cd", 2, (True, True)), page("efg", False, after("d")))
    ((shows, found),) = compared("listing.lost", *more, *sized("abc", "d", 3), *more)
    assert dict(found.observed.arguments) == {"lost": Count(3, ITEM), "one": "2", "other": "3"}
    assert shows.exchange.number == 4
    gone = sized("abcdefg", "h", 7)
    ((shows, found),) = compared("listing.lost", *whole, *gone, *whole)
    assert dict(found.observed.arguments) == {"lost": Count(4, ITEM), "one": "7", "other": "2"}
    assert shows.exchange.number == 1


def test_what_is_lost_is_shown_by_the_last_page_of_the_walk_that_lacks_it() -> None:
    three = (*sized("ab", "cd", 2, (True, True)), page("e", False, after("d")))
    assert lost(*three, *sized("abcde", "f", 5), *three) == [(2, "/data", "lost")]


def test_what_was_not_read_to_its_end_is_compared_as_far_as_it_goes() -> None:
    cut = pair("ab", "cd", has_more=(True, True))
    assert lost(*cut, *sized("abc", "d", 3, (True, True)), *cut) == []
    assert lost(*cut, *sized("abc", "defg", 3, (True, True)), *cut) == []
    assert lost(*cut, *sized("abe", "cd", 3, (True, True)), *cut) == [(1, "/data", "lost")]
    assert lost(*cut, *sized("abc", "", 3), *cut) == []
    whole = pair("ab", "cd")
    assert lost(*whole, *sized("abc", "defg", 3, (True, True)), *whole) == []


def test_walks_that_do_not_follow_their_cursor_or_have_another_query_are_not_compared() -> None:
    whole = pair("ab", "cd")
    odd = (page("abc", True, {"limit": 3}), page("c", False, after("c", 3)))
    assert lost(*whole, *odd, *whole) == []
    other = (page("abc", True, {"limit": 3, "x": 1}), page("", False, {**after("c", 3), "x": 1}))
    assert lost(*whole, *other, *whole) == []
    again = (page("ab", True, TWO), page("bc", False, after("b")))
    assert lost(*again, *sized("xyz", "", 3), *again) == []


def test_an_item_that_stands_twice_is_lost_once() -> None:
    twice = (page("ab", True, TWO), page("ca", False, after("b")))
    assert lost(*twice, *sized("abc", "", 3), *twice) == []


def more(*exchanges: Exchange, under: Contract | None = None) -> list[tuple[int, str, str]]:
    return walked("listing.more", *exchanges, under=under)


def test_whether_there_is_more_is_what_the_next_page_shows() -> None:
    stops, goes_on = pair("ab", "cd", has_more=(False, False)), (page("ab", True, TWO), page("", False, after("b")))
    assert more(*stops * 2) == [(0, "/has_more", "false")]
    assert more(*goes_on * 2) == [(0, "/has_more", "true")]
    assert more(*stops) == more(*pair("ab", "cd") * 2) == []
    assert more(*pair("ab", "cd", has_more=(None, None)) * 2) == []
    assert more(*pair("ab", "", has_more=(False, False)) * 2) == []
    three = (*pair("ab", "cd", has_more=(False, False)), page("e", False, after("d")))
    assert more(*three * 2) == [(0, "/has_more", "false"), (1, "/has_more", "false")]
    again = (page("ab", False, TWO), page("ab", False, after("b")))
    assert more(*again * 2) == []


def test_whether_there_is_more_is_told_with_the_next_page() -> None:
    ((_, stops),) = compared("listing.more", *pair("ab", "cd", has_more=(False, False)) * 2)
    assert (stops.level, str(stops.observed)) == (None, "false")
    assert (stops.expected.id, dict(stops.expected.arguments)) == (
        "listing.more.expected_false",
        {"items": Count(2, ITEM)},
    )
    ((_, goes_on),) = compared("listing.more", *(page("ab", True, TWO), page("", False, after("b"))) * 2)
    assert (goes_on.level, goes_on.expected.id, str(goes_on.observed)) == (
        "should",
        "listing.more.expected_true",
        "true",
    )


def test_a_page_begins_after_its_cursor() -> None:
    assert walked("listing.after", *pair("ab", "bc")) == [(1, "/data", "inclusive")]
    assert walked("listing.after", *pair("ab", "ab")) == [(1, "/data", "ignored")]
    assert walked("listing.after", *pair("ab", "cb")) == [(1, "/data", "inclusive")]
    assert walked("listing.after", *pair("ab", "cd"), page("", False, after("d"))) == []
    assert walked("listing.after", page("ab", True, TWO), page("", False, after("b"))) == []
    three = (*pair("ab", "cd"), page("ab", True, after("d")))
    assert walked("listing.after", *three) == [(2, "/data", "ignored")]
    ((_, found),) = compared("listing.after", *pair("ab", "bc"))
    assert words(found) == ('listing.after.expected id="batch_b"', "listing.after.observed")
    ((_, found),) = compared("listing.after", *pair("ab", "ab"))
    assert words(found) == ('listing.after.expected id="batch_b"', "listing.after.first_page")


def cursor(*exchanges: Exchange) -> list[tuple[int, str, str]]:
    return walked("listing.cursor", *exchanges)


NOBODY = {"limit": 2, "after": "nobody"}


def test_a_cursor_that_no_page_had_does_not_begin_anew() -> None:
    walk = pair("ab", "cd")
    assert cursor(*walk, page("ab", True, NOBODY)) == [(2, "/data", "first page")]
    assert cursor(*walk, page("ab", True, NOBODY), page("", True, NOBODY)) == [(2, "/data", "first page")]
    assert cursor(*walk, page("cd", False, NOBODY)) == cursor(*walk, page("", False, NOBODY)) == []
    assert cursor(*walk, page("ab", True, {**NOBODY, "limit": 3})) == []
    assert cursor(*walk, page("ab", True, {**NOBODY, "x": 1})) == []
    assert cursor(*walk, page("ab", True, {"limit": 2, "after": " "})) == []
    assert cursor(*walk, page("ab", True, {"limit": 2, "after": "batch_a"})) == []
    assert cursor(*walk, page("", False, {"limit": 9}), page("", False, {**NOBODY, "limit": 9})) == []
    assert cursor(page("ab", True, TWO), page("ab", True, NOBODY)) == []
    odd = (page("xy", True, TWO), page("xy", True, after("y")))
    assert cursor(*walk, *odd, page("ab", True, NOBODY)) == []
    wrong = page("ab", True, NOBODY)
    wrong = replace(wrong, probe=replace(wrong.probe, credential="wrong"))
    assert cursor(*walk, wrong) == []
    ((_, found),) = compared("listing.cursor", *walk, page("ab", True, NOBODY))
    assert words(found) == ("listing.cursor.expected", "listing.after.first_page")


def test_the_ends_of_a_page_are_its_first_and_its_last_item() -> None:
    assert told("listing.ends", page("abc", first_id="x", last_id="y")) == [("/first_id", "end"), ("/last_id", "end")]
    assert told("listing.ends", page("abc", first_id="batch_c")) == [("/first_id", "end")]
    assert told("listing.ends", page("abc", last_id="batch_a")) == [("/last_id", "end")]
    assert told("listing.ends", page("abc")) == told("listing.ends", page("abc", first_id=5, last_id=None)) == []
    assert told("listing.ends", page("", first_id="x")) == []
    assert told("listing.ends", page("abc", first_id="x"), with_form(first=None)) == []
    assert told("listing.ends", asked(sent({"data": 5, "first_id": "x"}))) == []
    first, last = broken("listing.ends", one(page("ab", first_id="x", last_id="y" * 70)))
    assert (first.media_type, first.level, first.expected.id) == (JSON, None, "listing.ends.expected")
    assert [dict(each.expected.arguments)["id"].text for each in (first, last)] == ['"batch_a"', '"batch_b"']  # type: ignore[union-attr]
    assert [str(dict(each.expected.arguments)["place"]) for each in (first, last)] == ["first", "last"]
    assert [str(each.observed) for each in (first, last)] == ['"x"', '"' + "y" * 57 + '…"']
    (longest,) = broken("listing.ends", one(page("ab", first_id="y" * 60)))
    assert str(longest.observed) == '"' + "y" * 60 + '"'


@pytest.mark.parametrize(
    ("limit", "is_told"),
    [("2", True), ("3", False), ("1", True), ("0", False), ("-1", False), ("٢", False), ("", False)],
)
def test_a_page_has_no_more_items_than_were_asked_for(limit: str, is_told: bool) -> None:
    assert bool(told("listing.limit", page("abc", query={"limit": limit}))) is is_told


def test_a_limit_is_one_that_the_document_admits() -> None:
    (found,) = broken("listing.limit", one(page("abc", query={"limit": 1, "x": "y"})))
    assert (found.kind, found.pointer, found.media_type) == ("more", "/data", JSON)
    assert words(found)[0] == "listing.limit.expected limit=1"
    assert dict(found.observed.arguments) == {"items": Count(3, ITEM)}
    assert told("listing.limit", page("abc")) == []
    assert told("listing.limit", page("abc", query=TWO), with_form(limit=None)) == []
    assert told("listing.limit", asked(sent({"data": 5}), TWO)) == []
    any_limit = with_form(limit=Parameter("limit"))
    numbers = ("999999999", "1000000000", "1", "0", "٢")
    asked_for = [
        number for number in numbers if exercised("listing.limit", page("a", query={"limit": number}), any_limit)
    ]
    assert asked_for == ["999999999", "1"]


RISING, FALLING, MIXED, SAME = (1, 2, 3), (3, 2, 1), (1, 3, 2), (2, 2, 2)


def ordered(*times: Any, under: Contract | None = None, query: Any = "") -> list[tuple[str, str | None]]:
    items = [item(name, created_at=time) for name, time in zip("abcdef", times, strict=False)]
    found = broken("listing.order", one(page(items, query=query), under))
    assert all((each.pointer, each.media_type) == ("/data/*/created_at", JSON) for each in found)
    return [(each.kind, each.level) for each in found]


def test_a_list_is_in_one_order_whichever_it_is() -> None:
    assert ordered(*MIXED) == [("mixed", "info")]
    assert ordered(*RISING) == ordered(*FALLING) == ordered(*SAME) == ordered(1) == ordered() == []
    assert ordered(1, 3, None) == ordered(1, 3, "2") == ordered(0, 2, True) == []
    assert ordered(2, 1, 3) == ordered(1, 1, 2, 1) == [("mixed", "info")]
    (found,) = broken("listing.order", one(page(dated(*MIXED))))
    assert words(found) == ("listing.order.expected pointer=/created_at", "listing.order.observed")
    assert FORM is not None
    without = with_form(roles=replace(FORM.roles, created=None))
    assert ordered(*MIXED, under=without) == []
    assert told("listing.order", asked(sent({"data": 5}))) == []


def test_a_list_is_in_the_order_that_is_documented_or_asked_for() -> None:
    desc, none = with_order("desc"), with_order(None)
    assert ordered(*RISING, under=desc) == ordered(*MIXED, under=desc) == [("documented", None)]
    assert ordered(1, 2, under=desc) == [("documented", None)]
    assert ordered(2, 1, under=desc) == ordered(1, under=desc) == []
    assert ordered(*FALLING, under=desc) == ordered(*SAME, under=desc) == []
    assert ordered(*RISING, under=desc, query="order=asc") == []
    assert ordered(*FALLING, under=desc, query="order=asc") == [("documented", None)]
    assert ordered(*FALLING, under=with_order("asc")) == [("documented", None)]
    assert ordered(*RISING, under=none) == ordered(*RISING, under=with_order("new")) == []
    assert ordered(*MIXED, under=none) == ordered(*MIXED, under=desc, query="order=x") == [("mixed", "info")]
    (other,) = broken("listing.order", one(page(dated(*RISING)), desc))
    assert words(other) == ("listing.order.documented order=desc pointer=/created_at", "listing.order.other")
    (mixed,) = broken("listing.order", one(page(dated(*MIXED)), desc))
    assert words(mixed) == ("listing.order.documented order=desc pointer=/created_at", "listing.order.observed")


def test_a_query_that_the_document_does_not_admit_is_refused() -> None:
    def query(text: str, status: int = 200, under: Contract | None = None, **more: Any) -> list[tuple[str, str]]:
        exchange = asked(replace(page("a"), response=sent({"data": []}, status).response), text)
        exchange = replace(exchange, probe=replace(exchange.probe, **more))
        found = broken("listing.query", one(exchange, under))
        assert all((each.status, each.media_type, each.level, each.pointer) == ("", "", None, "") for each in found)
        return [words(each) for each in found]

    said = ("listing.query.expected parameter=limit", "listing.query.observed status=200")
    assert query("limit=0") == query("limit=many&after=x") == [said]
    assert query("limit=0", 299) == [(said[0], "listing.query.observed status=299")]
    assert query("limit=5") == query("") == query("limit=0", 400) == query("limit=0", credential="wrong") == []
    assert query("limit=0", under=under_of(LIST, role=None)) == []
    (found,) = broken("listing.query", one(page("a", query="limit=0")))
    assert (found.kind, found.location) == ("limit", LIST.query[0].location)


def exercised(rule: str, exchange: Exchange, under: Contract | None = None) -> bool:
    check = REGISTRY[rule].exercised
    assert check is not None
    return check(one(exchange, under))


def test_the_rules_are_exercised_by_pages_or_by_pages_after_another() -> None:
    not_a_page = asked(sent({"data": 5}), after("b"))
    of_pages = ("repeated", "ends", "item_differs", "known_missing")
    of_walks = ("lost", "after", "cursor", "more")
    for name in of_pages:
        assert exercised(f"listing.{name}", page("a"))
        assert not exercised(f"listing.{name}", not_a_page)
    for name in of_walks:
        assert exercised(f"listing.{name}", page("a", query=after("b")))
        assert not exercised(f"listing.{name}", page("a", query=TWO))
        assert not exercised(f"listing.{name}", not_a_page)
    assert exercised("listing.limit", page("a", query=TWO))
    assert not exercised("listing.limit", page("a"))
    assert not exercised("listing.limit", asked(sent({"data": 5}), TWO))
    assert exercised("listing.order", page("ab"))
    assert not exercised("listing.order", page("a"))
    assert not exercised("listing.order", not_a_page)
    assert not is_page(one(not_a_page))


@pytest.mark.parametrize(
    ("status", "is_exercised"),
    [(199, False), (200, True), (400, True), (428, True), (429, False), (430, True), (499, True), (500, False)],
)
def test_a_query_is_exercised_by_an_answer_to_one_that_is_not_admitted(status: int, is_exercised: bool) -> None:
    flawed = asked(sent({"data": []}, status), "limit=0")
    assert exercised("listing.query", flawed) is is_exercised
    assert not exercised("listing.query", asked(sent({"data": []}, status), "limit=5"))
    assert not exercised("listing.query", flawed, under_of(LIST, role=None))
    assert not exercised("listing.query", replace(flawed, probe=replace(flawed.probe, credential="wrong")))
    assert not exercised("listing.query", replace(flawed, response=None))


def places(rule: str, under: Contract | None = None) -> list[tuple[str | None, str, str, str]]:
    found = [
        (operation.role, clause)
        for operation in (under or lists()).operations
        for clause in REGISTRY[rule].clauses_of(operation)
    ]
    assert {clause.says.id for _, clause in found} <= {f"{rule}.clause"}
    return [(role, clause.status, clause.media_type, clause.pointer) for role, clause in found]


def test_lists_have_clauses_where_their_form_has_what_a_rule_is_about() -> None:
    batches, of_files = ("list", "200", JSON), ("files", "200", JSON)
    expected = {rule: [(*batches, "/data")] for rule in LISTING}
    expected |= {
        "listing.repeated": [(*batches, "/data"), (*of_files, "/data/data")],
        "listing.limit": [(*batches, "/data"), (*of_files, "/data/data")],
        "listing.more": [(*batches, "/has_more")],
        "listing.ends": [(*batches, "/first_id"), (*batches, "/last_id")],
        "listing.order": [(*batches, "/data/*/created_at"), (*of_files, "/data/data/*/created_at")],
        "listing.query": [("list", "", "", ""), ("files", "", "", "")],
        "listing.item_differs": [(*batches, "/data/*")],
    }
    assert {rule: places(rule) for rule in LISTING} == expected


def test_the_rules_about_pages_say_by_whose_reference() -> None:
    reference = "the parameters limit and after, as OpenAI documents lists: https://platform.openai.com/docs/api-reference/batch"
    sources = {rule: REGISTRY[rule].source for rule in LISTING}
    assert {rule for rule, source in sources.items() if source == reference} == {
        f"listing.{name}" for name in ("lost", "after", "cursor", "more", "ends")
    }


def test_the_rules_are_asked_in_the_chapters_of_lists_and_queries() -> None:
    for rule in LISTING:
        probes = {chapter: Probe(chapter, "a", "/", None, "known") for chapter in ("lists", "queries", "known_ids")}
        asked_in = [chapter for chapter, probe in probes.items() if REGISTRY[rule].requests(probe, "")]
        assert asked_in == (["queries"] if rule == "listing.query" else ["lists", "queries"])


def test_a_list_without_a_cursor_a_limit_or_times_has_fewer_clauses() -> None:
    assert FORM is not None
    bare = with_form(after=None, limit=None, first=None, more=None, roles=replace(FORM.roles, created=None))
    of_batches = {rule: [place[1:] for place in places(rule, bare) if place[0] == "list"] for rule in LISTING}
    assert {rule: found for rule, found in of_batches.items() if found} == {
        "listing.repeated": [("200", JSON, "/data")],
        "listing.ends": [("200", JSON, "/last_id")],
        "listing.query": [("", "", "")],
        "listing.item_differs": [("200", JSON, "/data/*")],
        "listing.known_missing": [("200", JSON, "/data")],
    }
    assert [place for place in places("listing.more", with_form(after=None)) if place[0] == "list"] == []
    unasked = under_of(LIST, query=(), role=None)
    assert [place for place in places("listing.query", unasked) if place[0] != "files"] == []
    assert [place for place in places("listing.query", under_of(LIST, role=None)) if place[0] != "files"] == []
    root = [place for place in places("listing.repeated", with_form(items="")) if place[0] == "list"]
    assert root == [("list", "200", JSON, "")]
    (clause, *_) = [
        clause for each in with_form(items="").operations for clause in REGISTRY["listing.repeated"].clauses_of(each)
    ]
    assert dict(clause.says.arguments) == {"place": "/"}
    text = replace(LIST.responses["200"], content={"text/plain": None})
    of_text = under_of(LIST, responses={"200": text})
    assert ("list", "200", "", "/data") in places("listing.repeated", of_text)
    assert [one for one in places("listing.repeated", under_of(LIST, responses={})) if one[0] == "list"] == []
