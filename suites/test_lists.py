"""Lists: their pages fit together, and their items are what they say themselves."""

from __future__ import annotations

from batch_conformance.plugin import Kept, rule


@rule("listing.repeated")
def test_no_id_is_listed_twice(kept: Kept, place: str) -> None:
    """An id is on one page of a list, and once. The meaning of an id."""
    kept(place)


@rule("listing.lost")
def test_pages_of_any_size_have_the_same_items(kept: Kept, place: str) -> None:
    """Nothing falls between two pages. The parameters limit and after."""
    kept(place)


@rule("listing.after")
def test_a_page_begins_after_its_cursor(kept: Kept, place: str) -> None:
    """The item that `after` names is not on the page, and the one that follows it is. The parameter after."""
    kept(place)


@rule("listing.cursor")
def test_an_unknown_cursor_is_not_answered_with_the_first_page(kept: Kept, place: str) -> None:
    """A cursor that names no item is refused, or nothing comes after it. The parameter after."""
    kept(place)


@rule("listing.more")
def test_has_more_says_whether_a_page_follows(kept: Kept, place: str) -> None:
    """It is false on the last page, and true on all others. The documented property has_more."""
    kept(place)


@rule("listing.ends")
def test_first_id_and_last_id_are_those_of_the_page(kept: Kept, place: str) -> None:
    """They are the ids of the first and of the last item. The documented properties first_id and last_id."""
    kept(place)


@rule("listing.limit")
def test_a_page_has_no_more_items_than_were_asked_for(kept: Kept, place: str) -> None:
    """A limit is the most that is answered. The parameter limit."""
    kept(place)


@rule("listing.order")
def test_a_list_is_in_one_order(kept: Kept, place: str) -> None:
    """Its times of creation fall, or rise, as the parameter order says where there is one."""
    kept(place)


@rule("listing.query")
def test_a_query_that_is_not_admitted_is_not_answered_with_success(kept: Kept, place: str) -> None:
    """A value that the schema of a parameter does not admit is refused. The schema of the parameter."""
    kept(place)


@rule("listing.item_differs")
def test_an_item_is_what_its_batch_says_itself(kept: Kept, place: str) -> None:
    """What a batch is made with, or happens to it once, is the same in the list. The meaning of an id."""
    kept(place)


@rule("listing.known_missing")
def test_every_batch_that_is_there_is_listed(kept: Kept, place: str) -> None:
    """A batch that is answered when read is on some page of the whole list. The operation's summary."""
    kept(place)
