"""Rules about lists: pages that fit together, and items that are what is told of them elsewhere.

How a vendor begins a page, sizes and turns it, and what else it tells, is its own affair. What is told here is where a
list contradicts itself, its parameters as the document declares them, or the object of which it has an item. Lists grow
while they are read: what takes several pages is told only where the same walk, before and after, had the same pages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any
from urllib.parse import parse_qsl

from batch_conformance.contract.list_form import FIRST, LAST, ListForm
from batch_conformance.contract.operation import Operation
from batch_conformance.contract.stated_at import at_place
from batch_conformance.findings.finding import Level
from batch_conformance.message import Count, Message, Private, Template, shown
from batch_conformance.nouns import ITEM
from batch_conformance.observation.observation import Observation, at
from batch_conformance.rules.highlight import at_pointer
from batch_conformance.rules.history import BatchHistory
from batch_conformance.rules.pages import (
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
from batch_conformance.rules.requests import in_chapters
from batch_conformance.rules.rule import Broken, Place, Rule, is_success

_NOTHING_TWICE = Template("listing.repeated.expected", "each id once")
_TWICE = Template("listing.repeated.observed", "{id} twice on one page")
_TWICE_IN_WALK = Template("listing.repeated.walk", "{id} on two pages, each begun after the one before")
_AS_ITEM = Template("listing.ends.expected", "{id}, the id of the {place} item")
_AT_MOST = Template("listing.limit.expected", "at most {limit} items, as asked for")
_LISTED = Template("listing.items", "{items}")
_NOT_CURSOR = Template("listing.after.expected", "the items after {id}, without it")
_HAS_CURSOR = Template("listing.after.observed", "a page that has it")
_FIRST_PAGE = Template("listing.after.first_page", "the first page again")
_OF_UNKNOWN = Template("listing.cursor.expected", "a refusal, or an empty page")
_NO_MORE = Template("listing.more.expected_false", "true: the page after this one has {items}")
_MORE = Template("listing.more.expected_true", "false: the page after this one has no item")
_SAME_ITEMS = Template("listing.lost.expected", "the same items in pages of any size")
_USUAL_SIZE = Template("listing.lost.usual_size", "the usual size")
_LOST = Template("listing.lost.observed", "{lost} of pages of {one} not in pages of {other}")
_ORDER = Template("listing.order.expected", "items in one order of {pointer}")
_ORDER_SAID = Template("listing.order.documented", "items by {pointer}, {order}")
_MIXED = Template("listing.order.observed", "items that rise and fall")
_OTHER_ORDER = Template("listing.order.other", "items the other way")
_ADMITTED = Template("listing.query.expected", "a refusal: {parameter} does not admit this value")
_ACCEPTED = Template("listing.query.observed", "{status}")


def _check_repeated(observation: Observation) -> Iterator[Broken]:
    page = page_of(observation)
    again = [one for one, count in Counter(page.ids).items() if count > 1] if page else []
    if again:
        yield _broken(observation, _NOTHING_TWICE(), _TWICE(id=_shown(again[0])), "page")


def _compare_repeated(history: BatchHistory) -> Iterator[tuple[Observation, Broken]]:
    for walk, _ in gone_twice(walks_of(history)):
        seen: set[str] = set()
        for page in walk if follows(walk) else ():
            again = [one for one in page.ids if one in seen]
            if again:
                said = _TWICE_IN_WALK(id=_shown(again[0]))
                yield page.observation, _broken(page.observation, _NOTHING_TWICE(), said, "walk")
            seen |= set(page.ids)


def _compare_lost(history: BatchHistory) -> Iterator[tuple[Observation, Broken]]:
    walks = walks_of(history)
    for first, last in gone_twice(walks):
        for other in walks:
            between = _begun(first) < _begun(other) < _begun(last)
            if not between or len(other) < 2 or other[0].rest != first[0].rest or other[0].limit == first[0].limit:
                continue
            if not (follows(first) and follows(other)):
                continue
            one, two = list(dict.fromkeys(ids_in(first))), list(dict.fromkeys(ids_in(other)))
            common = min(len(one), len(two))
            if is_whole(first) and is_whole(other):
                common = max(len(one), len(two))
            for ids, others, pages in ((one, two, (first, other)), (two, one, (other, first))):
                lost = [name for name in ids[:common] if name not in others]
                if lost:
                    named = {"lost": Count(len(lost), ITEM), "one": _size(pages[0]), "other": _size(pages[1])}
                    shows = pages[1][-1].observation
                    yield shows, _broken(shows, _SAME_ITEMS(), _LOST(**named), "lost")
                    return


def _size(walk: Walk) -> str | Message:
    return walk[0].limit or _USUAL_SIZE()


def _begun(walk: Walk) -> tuple[float, tuple[int, int]]:
    return in_time(walk[0].observation)


def _compare_more(history: BatchHistory) -> Iterator[tuple[Observation, Broken]]:
    for walk, _ in gone_twice(walks_of(history)):
        for page, following in pairwise(walk) if follows(walk) else ():
            shows, form = page.observation, page.observation.operation.listing
            pointer = form.more if form is not None else None
            if page.more is False and following.ids:
                expected = _NO_MORE(items=Count(len(following.ids), ITEM))
                yield shows, _broken(shows, expected, shown("false"), "false", pointer=pointer)
            elif page.more is True and not following.ids:
                yield shows, _broken(shows, _MORE(), shown("true"), "true", pointer=pointer, level="should")


def _compare_after(history: BatchHistory) -> Iterator[tuple[Observation, Broken]]:
    for walk in walks_of(history):
        for page in walk[1:]:
            expected = _NOT_CURSOR(id=_shown(page.after or ""))
            if is_first_again(walk[0], page):
                yield page.observation, _broken(page.observation, expected, _FIRST_PAGE(), "ignored")
            elif page.after in page.ids:
                yield page.observation, _broken(page.observation, expected, _HAS_CURSOR(), "inclusive")


def _compare_cursor(history: BatchHistory) -> Iterator[tuple[Observation, Broken]]:
    """A cursor that no page had, answered with the first page of the list, where those that pages had are not."""
    pages = [page for page in map(page_of, history.observations) if page is not None and page.observation.authorised]
    walks = walks_of(history)
    if not any(len(walk) > 1 for walk in walks) or not all(map(follows, walks)):
        return
    known = {one for page in pages for one in (*page.ids, page.cursor)}
    firsts = {(page.limit, page.rest, page.ids) for page in pages if page.after is None}
    for page in pages:
        # An empty cursor is taken for none by many.
        strange = page.after is not None and page.after.strip() and page.after not in known
        if strange and page.ids and (page.limit, page.rest, page.ids) in firsts:
            yield page.observation, _broken(page.observation, _OF_UNKNOWN(), _FIRST_PAGE(), "first page")


def _check_ends(observation: Observation) -> Iterator[Broken]:
    page, form = page_of(observation), observation.operation.listing
    if page is None or form is None or not page.ids or observation.parsed is None:
        return
    for pointer, known, place in ((form.first, page.ids[0], FIRST), (form.last, page.ids[-1], LAST)):
        said = at(observation.parsed.value, pointer) if pointer is not None else None
        if isinstance(said, str) and said != known:
            expected = _AS_ITEM(id=_shown(known), place=place)
            yield _broken(observation, expected, shown(_shown(said)), "end", pointer=pointer)


def _check_limit(observation: Observation) -> Iterator[Broken]:
    items, limit = items_of(observation), _limit(observation)
    if items is not None and limit is not None and len(items) > limit:
        yield _broken(observation, _AT_MOST(limit=limit), _LISTED(items=Count(len(items), ITEM)), "more")


def _limit(observation: Observation) -> int | None:
    """The limit that was asked for, where it is one that the document admits."""
    form = observation.operation.listing
    if form is None or form.limit is None:
        return None
    asked = dict(parse_qsl(observation.exchange.probe.query)).get(form.limit.name, "")
    is_number = asked.isascii() and asked.isdigit() and len(asked) < 10
    return int(asked) if is_number and int(asked) > 0 and form.limit.admits(asked) else None


def _check_order(observation: Observation) -> Iterator[Broken]:
    items, form = items_of(observation), observation.operation.listing
    if items is None or form is None or form.roles.created is None:
        return
    times = [at(item, form.roles.created) for item in items]
    if len(times) < 2 or not all(isinstance(one, int) and not isinstance(one, bool) for one in times):
        return
    rises = any(one < other for one, other in pairwise(times))
    falls = any(one > other for one, other in pairwise(times))
    said = _order_said(observation, form)
    pointer = f"{form.items}/*{form.roles.created}"
    if said and (falls if said == "asc" else rises):
        expected = _ORDER_SAID(pointer=form.roles.created, order=said)
        yield _broken(
            observation, expected, _MIXED() if rises and falls else _OTHER_ORDER(), "documented", pointer=pointer
        )
    elif rises and falls:
        expected = _ORDER(pointer=form.roles.created)
        yield _broken(observation, expected, _MIXED(), "mixed", pointer=pointer, level="info")


def _order_said(observation: Observation, form: ListForm) -> str:
    """The order that the document says this page has: ``asc`` or ``desc``; empty where it says none."""
    if form.order is None:
        return ""
    asked = dict(parse_qsl(observation.exchange.probe.query)).get(form.order.name, form.order.default)
    return asked if asked in ("asc", "desc") else ""


def _check_query(observation: Observation) -> Iterator[Broken]:
    """A value that the schema of its parameter does not admit, in a request that was answered with success."""
    operation, probe = observation.operation, observation.exchange.probe
    if operation.role is None or not probe.query or not is_success(observation) or not observation.authorised:
        return
    flaw = operation.query_flaw(probe.query)
    if flaw is not None:
        said = _ACCEPTED(status=observation.exchange.status or 0)
        location = flaw.location
        yield Broken(_ADMITTED(parameter=flaw.name), said, flaw.name, status="", location=location)


def _broken(
    observation: Observation,
    expected: Message,
    observed: Message,
    kind: str,
    *,
    pointer: str | None = None,
    level: Level | None = None,
) -> Broken:
    form = observation.operation.listing
    where = pointer if pointer is not None else form.items if form is not None else ""
    kind_of_body = observation.contract_media_type
    return Broken(expected, observed, kind, media_type=kind_of_body, pointer=where, level=level)


def _shown(value: str) -> Private:
    return Private(f'"{value}"' if len(value) <= 60 else f'"{value[:57]}…"')


def _places(
    says: Template, has: Callable[[ListForm], Sequence[str | None]], role: str = ""
) -> Callable[[Operation], Iterator[Place]]:
    """The places of a list at which a rule can be broken, by what its form has of them; none where it has none.

    With a ``role`` only lists of that role have any.
    """

    def clauses(operation: Operation) -> Iterator[Place]:
        form, success = operation.listing, operation.response_for(200)
        if form is None or success is None or role not in ("", operation.role):
            return
        media_type = next((kind for kind in success.content if "json" in kind), "")
        for pointer in has(form):
            if pointer is not None:
                yield Place(says(place=pointer or "/"), success.status, media_type, pointer)

    return clauses


def _whenever(form: ListForm) -> Sequence[str | None]:
    return (form.items,)


def _when_paged(form: ListForm) -> Sequence[str | None]:
    return (form.items,) if form.pages else ()


def _bounded(operation: Operation) -> Iterator[Place]:
    narrowed = [one.name for one in operation.query if one.narrows]
    if operation.role is not None and narrowed:
        yield Place(_BOUNDED())


_BOUNDED = Template("listing.query.clause", "a query that the document does not admit is not answered with success")


def is_page(observation: Observation) -> bool:
    """Whether a list was answered."""
    return items_of(observation) is not None


def _is_asked_after(observation: Observation) -> bool:
    page = page_of(observation)
    return page is not None and page.after is not None


def _has_flaw(observation: Observation) -> bool:
    operation, status = observation.operation, observation.exchange.status or 0
    asked = operation.role is not None and operation.query_flaw(observation.exchange.probe.query) is not None
    return asked and observation.authorised and 200 <= status < 500 and status != 429


_OPENAI = (
    "the parameters limit and after, as OpenAI documents lists: https://platform.openai.com/docs/api-reference/batch"
)
_COMMON: dict[str, Any] = {
    "side": "server",
    "concern": "sense",
    "of_body": True,
    "highlight": at_pointer,
    "said": at_place,
    "requests": in_chapters("lists", "queries"),
}

REPEATED = Rule(
    id="listing.repeated",
    title="A list has one id twice",
    level="should",
    why="Whoever counts or copies what is listed counts or copies it twice.",
    remedy="Sort by something that never ties, and begin each page after the last item of the one before.",
    source="the meaning of an id: one item, one id",
    breaks="batch_a on the first page and on the second one",
    keeps="batch_a on the first page alone",
    clauses=_places(Template("listing.repeated.clause", "{place} has no id twice"), _whenever),
    exercised=is_page,
    check=_check_repeated,
    compare=_compare_repeated,
    compares="reads",
    looks_at="values",
    kept_by_monotonic_reads=True,
    kept_by_plain_reads=True,
    **_COMMON,
    covers=(("lists and their pages", "no id twice"),),
)

LOST = Rule(
    id="listing.lost",
    title="Pages of another size have other items",
    level="should",
    why="What falls between two pages is never seen by whoever reads the list page by page.",
    remedy="Begin a page with the item that follows the cursor, whatever the size of the page is.",
    source=_OPENAI,
    breaks="17 batches in pages of 6, and 15 in pages of 9",
    keeps="17 batches in pages of any size",
    clauses=_places(Template("listing.lost.clause", "{place} has the same items in pages of any size"), _when_paged),
    exercised=_is_asked_after,
    compare=_compare_lost,
    compares="reads",
    looks_at="run",
    kept_by_monotonic_reads=True,
    **_COMMON,
    covers=(("lists and their pages", "pages of any size hold the same"),),
)

AFTER = Rule(
    id="listing.after",
    title="A page does not begin after its cursor",
    level="should",
    why="Whoever follows the cursor sees an item twice, or never comes to the end.",
    remedy="Begin the page with the item that follows the one that `after` names.",
    source=_OPENAI,
    breaks="after=batch_c answers batch_c, batch_d",
    keeps="after=batch_c answers batch_d, batch_e",
    clauses=_places(Template("listing.after.clause", "{place} begins after the cursor"), _when_paged),
    exercised=_is_asked_after,
    compare=_compare_after,
    compares="reads",
    looks_at="run",
    kept_by_monotonic_reads=True,
    **_COMMON,
    covers=(("lists and their pages", "a page begins after its cursor"),),
)

CURSOR = Rule(
    id="listing.cursor",
    title="An unknown cursor is answered with the first page",
    level="should",
    why="A client whose cursor has gone begins anew without knowing it, and never comes to the end.",
    remedy="Refuse a cursor that names no item, or answer an empty page.",
    source=_OPENAI,
    breaks="after=nobody answers the first page",
    keeps="after=nobody answers 400, 404, or no items",
    clauses=_places(Template("listing.cursor.clause", "{place} is no first page for an unknown cursor"), _when_paged),
    exercised=_is_asked_after,
    compare=_compare_cursor,
    compares="reads",
    looks_at="run",
    kept_by_monotonic_reads=True,
    **_COMMON,
    covers=(("lists and their pages", "an unknown cursor"),),
)

MORE = Rule(
    id="listing.more",
    title="has_more is not what the next page shows",
    level="must",
    why="Whoever trusts it stops before the end, or asks once too often.",
    remedy="Look for one item more than the page has.",
    source=_OPENAI,
    breaks="has_more false, and the next page has items",
    keeps="has_more false on the last page",
    clauses=_places(
        Template("listing.more.clause", "{place} tells whether another page follows"),
        lambda form: (form.more if form.pages else None,),
    ),
    exercised=_is_asked_after,
    compare=_compare_more,
    compares="reads",
    looks_at="run",
    kept_by_monotonic_reads=True,
    **_COMMON,
    covers=(("lists and their pages", "has_more"),),
)

ENDS = Rule(
    id="listing.ends",
    title="The ends of a page are not its first and last item",
    level="should",
    why="The end is what the next page is asked after: with another id, items are left out or read again.",
    remedy="Take first_id and last_id from the items that are answered.",
    source=_OPENAI,
    breaks='data [batch_a, batch_b], "last_id": "batch_z"',
    keeps='data [batch_a, batch_b], "last_id": "batch_b"',
    clauses=_places(
        Template("listing.ends.clause", "{place} is that of the page"), lambda form: (form.first, form.last)
    ),
    exercised=is_page,
    check=_check_ends,
    looks_at="values",
    kept_by_plain_reads=True,
    **_COMMON,
    covers=(("lists and their pages", "first and last id"),),
)

LIMIT = Rule(
    id="listing.limit",
    title="A page has more items than were asked for",
    level="should",
    why="Whoever asks for few has room for few.",
    remedy="Answer at most as many items as `limit` says.",
    source="the parameter limit, as the document declares it",
    breaks="limit=5 answers 17 items",
    keeps="limit=5 answers 5 items, or fewer",
    clauses=_places(
        Template("listing.limit.clause", "{place} has no more items than were asked for"),
        lambda form: (form.items if form.limit else None,),
    ),
    exercised=lambda observation: is_page(observation) and _limit(observation) is not None,
    check=_check_limit,
    looks_at="values",
    kept_by_plain_reads=True,
    **_COMMON,
    covers=(("lists and their pages", "no more than asked for"),),
)

ORDER = Rule(
    id="listing.order",
    title="A list is in no order, or in another than is documented",
    level="should",
    why="Whoever looks for what is new has to read all of the list.",
    remedy="Sort by the time of creation, and by the id where two have the same.",
    source="the parameter order, as the document declares it",
    breaks="order desc, and created_at rises on the page",
    keeps="order desc, and created_at falls or stays",
    clauses=_places(
        Template("listing.order.clause", "{place} is in one order"),
        lambda form: (f"{form.items}/*{form.roles.created}" if form.roles.created else None,),
    ),
    exercised=lambda observation: len(items_of(observation) or ()) > 1,
    check=_check_order,
    looks_at="values",
    kept_by_plain_reads=True,
    **_COMMON,
    covers=(("lists and their pages", "one order"),),
)

QUERY = Rule(
    id="listing.query",
    title="A query that the document does not admit is answered with success",
    level="should",
    side="server",
    why="A client that is wrong about a parameter never learns it, and takes what it gets for what it asked for.",
    remedy="Refuse the value with 400, or widen what the document says of the parameter.",
    source="the schema of the parameter",
    breaks="200 for limit=0 where the minimum is 1",
    keeps="400 for limit=0 where the minimum is 1",
    clauses=_bounded,
    exercised=_has_flaw,
    check=_check_query,
    looks_at="message",
    requests=in_chapters("queries"),
    covers=(("lists and their pages", "only what a query admits"),),
)

ITEM_DIFFERS = Rule(
    id="listing.item_differs",
    title="An item of the list is not what its own read says",
    level="should",
    why="Two answers about one batch: whoever reads the list acts on another batch than the one that is there.",
    remedy="Make both of one record.",
    source="the meaning of an id: one item, one id",
    breaks="endpoint /v1/embeddings in the list, /v1/chat/completions when read",
    keeps="the same endpoint, created_at and input_file_id in both",
    clauses=_places(
        Template("listing.item_differs.clause", "{place} has what each item says itself"),
        lambda form: (f"{form.items}/*",),
        "list",
    ),
    exercised=is_page,
    looks_at="run",
    **_COMMON,
    covers=(("lists and their pages", "an item is as its own read"),),
)

KNOWN_MISSING = Rule(
    id="listing.known_missing",
    title="A batch that is there is not listed",
    level="should",
    why="What is not listed is forgotten, and paid for all the same.",
    remedy="List every batch of the account until it is deleted.",
    source="the operation's summary: the batches of the account are listed",
    breaks="GET /batches/batch_a answers 200, and the whole list has no batch_a",
    keeps="every batch that is answered is listed",
    clauses=_places(
        Template("listing.known_missing.clause", "{place} has every batch that is there"), _whenever, "list"
    ),
    exercised=is_page,
    looks_at="run",
    **_COMMON,
    covers=(("lists and their pages", "known batches are there"),),
)

RULES = (REPEATED, LOST, AFTER, CURSOR, MORE, ENDS, LIMIT, ORDER, QUERY, ITEM_DIFFERS, KNOWN_MISSING)
