"""Lists that drift, and other ways to keep the contract with one; for mocks that serve lists beside their batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode

from batch_conformance.mock.drift import Apply, Drift
from batch_conformance.mock.list_spec import Item, ListSpec, items_in, put_at
from batch_conformance.mock.message import Reply, body_json
from batch_conformance.mock.received_request import ReceivedRequest

if TYPE_CHECKING:  # the mock's own process does without the half of the project that reads contracts
    from batch_conformance.contract.contract import Contract
    from batch_conformance.contract.list_form import ListForm
    from batch_conformance.contract.operation import Operation

_OPENAI = "https://platform.openai.com/docs/api-reference/batch/list: limit and after"
_HALF = 6
_SMALL = 3

ITEMS, MORE, FIRST, LAST, CREATED = "/data", "/has_more", "/first_id", "/last_id", "/data/*/created_at"


@dataclass(frozen=True)
class _Asked:
    """A read of the list of batches: all its items as they are, where the page begins, and how many it has."""

    received: ReceivedRequest
    spec: ListSpec
    items: tuple[Item, ...]
    after: str | None
    size: int
    query: str

    @property
    def begin(self) -> int:
        """The number of the first item after the cursor; 0 for none, or for one that nobody knows."""
        known = [self.spec.id_of(item) for item in self.items]
        return known.index(self.after) + 1 if self.after in known else 0

    def over(self, items: Sequence[Item]) -> Any:
        """The body of the page that is asked for of a list that has these items instead."""
        known = [self.spec.id_of(item) for item in items]
        return self.page(items, known.index(self.after) + 1 if self.after in known else 0)

    def page(self, items: Sequence[Item], begin: int | None = None, size: int | None = None) -> Any:
        """The body of the page of these items from a number on."""
        first, count = self.begin if begin is None else begin, self.size if size is None else size
        return self.spec.body_of(items[first : first + count], more=first + count < len(items))


def _asked(received: ReceivedRequest, reply: Reply, *, refused: bool = False) -> _Asked | None:
    """The read of the list of batches that was answered, or refused for its query; None for every other request."""
    spec = received.listed
    if spec is None or not spec.of_batches or received.credential != "valid" or received.forced is not None:
        return None
    if received.request.method not in ("GET", "HEAD") or reply.status != (400 if refused else 200):
        return None
    asked = dict(parse_qsl(received.request.query, keep_blank_values=True))
    every = _every(received, spec)
    text = asked.get(spec.limit, "")
    size = min(int(text), 100) if text.isdigit() and len(text) < 5 and int(text) else spec.size
    return _Asked(received, spec, every, asked.get(spec.after) or None, size, received.request.query)


def _every(received: ReceivedRequest, spec: ListSpec) -> tuple[Item, ...]:
    """All items of the list, read page by page as the conforming mock answers them."""
    found: list[Item] = []
    while True:
        query = {name: values[0] for name, values in spec.values.items() if name in spec.required}
        if found:
            query[spec.after] = spec.id_of(found[-1])
        target = received.request.path + b"?" + urlencode(query).encode()
        plain = replace(received, forced=None, request=replace(received.request, method="GET", target=target))
        _, page = items_in(received.answer(plain).body, spec)
        if not page or not spec.after:
            return (*found, *page)
        found += page


def _paging(change: Callable[[_Asked], Any], *, refused: bool = False) -> Apply:
    """Answers reads of the list of batches with another body; None leaves what was to be answered."""

    def apply(received: ReceivedRequest, reply: Reply) -> Reply:
        asked = _asked(received, reply, refused=refused)
        body = change(asked) if asked is not None else None
        if body is None:
            return reply
        kind = ("Content-Type", "application/json; charset=utf-8")
        return replace(reply, status=200, body=body_json(body)).with_header(*kind)

    return apply


def _members(change: Callable[[_Asked, Any, list[Any]], object]) -> Apply:
    """Changes the body of a page of batches in place."""

    def apply(received: ReceivedRequest, reply: Reply) -> Reply:
        asked = _asked(received, reply)
        if asked is None:
            return reply
        value, items = items_in(reply.body, asked.spec)
        change(asked, value, items)
        return replace(reply, body=body_json(value))

    return apply


def _again(asked: _Asked) -> Any:
    """After the cursor comes first the item before it, once more."""
    first = asked.begin
    if not 2 <= first < len(asked.items) or asked.size < 2:
        return None
    page = [asked.items[first - 2], *asked.items[first : first + asked.size - 1]]
    return asked.spec.body_of(page, more=first + asked.size - 1 < len(asked.items))


def _twice(asked: _Asked) -> Any:
    if asked.size < 3:
        return None
    page = asked.items[asked.begin : asked.begin + asked.size - 1]
    return asked.spec.body_of([*page[:1], *page], more=asked.begin + len(page) < len(asked.items)) if page else None


def _one_skipped(asked: _Asked) -> Any:
    return asked.page(asked.items, asked.begin + 1) if asked.after else None


def _inclusive(asked: _Asked) -> Any:
    return asked.page(asked.items, max(0, asked.begin - 1)) if asked.after else None


def _from_the_start(asked: _Asked) -> Any:
    return asked.page(asked.items, 0) if asked.after else None


def _as_first(asked: _Asked) -> Any:
    known = [asked.spec.id_of(item) for item in asked.items]
    return asked.page(asked.items, 0) if asked.after and asked.after not in known else None


def _nothing_after(asked: _Asked) -> Any:
    known = [asked.spec.id_of(item) for item in asked.items]
    return asked.spec.body_of([], more=False) if asked.after and asked.after not in known else None


def _put(which: Callable[[ListSpec], str], value: Any) -> Apply:
    def change(asked: _Asked, body: Any, items: list[Any]) -> None:
        pointer = which(asked.spec)
        if pointer and items:
            put_at(body, pointer, value(asked, items) if callable(value) else value)

    return _members(change)


def _left_out(asked: _Asked) -> Any:
    return asked.over([*asked.items[:1], *asked.items[2:]])


def _by_id(asked: _Asked) -> Any:
    """In the order of the ids, turned so that no time of creation rises or falls throughout."""
    return asked.over(sorted(asked.items, key=lambda item: str(asked.spec.id_of(item))))


def _turned(asked: _Asked) -> Any:
    return asked.over(asked.items[::-1])


def _growing(asked: _Asked) -> Any:
    """The newest are there only later: one more at every read."""
    return asked.over(asked.items[max(0, _HALF - asked.received.number) :])


def _growing_at_the_end(asked: _Asked) -> Any:
    """The oldest first, and the newest there only later."""
    return asked.over(asked.items[::-1][: len(asked.items) - max(0, _HALF - asked.received.number)])


def _other_endpoint(_asked: _Asked, _body: Any, items: list[Any]) -> None:
    for item in items:
        if isinstance(item.get("endpoint"), str):
            item["endpoint"] = "/v1/elsewhere"


def _lenient(asked: _Asked) -> Any:
    return asked.page(asked.items, 0, 100) if "after" not in asked.query else None


def _open(received: ReceivedRequest, reply: Reply) -> Reply:
    listed = received.listed is not None and received.listed.of_batches
    return received.authorised() if listed and received.credential == "missing" else reply


def _broken(received: ReceivedRequest, reply: Reply) -> Reply:
    asked = _asked(received, reply, refused=True)
    if asked is None or asked.after is not None:
        return reply
    return replace(reply, status=500, body=body_json({"message": "strconv.Atoi: invalid syntax"}))


def _without_more(asked: _Asked, body: Any, _items: list[Any]) -> None:
    pointer = asked.spec.more
    if pointer and isinstance(body, dict):
        body.pop(pointer.rpartition("/")[2], None)


LIST_DRIFTS: tuple[Drift, ...] = (
    Drift(
        "list_repeats_an_item", "A page of the list has an item of the one before", "listing.repeated", "200", ITEMS,
        _OPENAI, "answer", _paging(_again),
    ),
    Drift(
        "list_has_an_item_twice", "A page of the list has its first item twice", "listing.repeated", "200", ITEMS,
        "one id, one batch", "answer", _paging(_twice),
    ),
    Drift(
        "list_skips_an_item", "A page of the list begins one item too late", "listing.lost", "200", ITEMS,
        _OPENAI, "answer", _paging(_one_skipped),
    ),
    Drift(
        "list_after_inclusive", "A page of the list begins with its cursor", "listing.after", "200", ITEMS,
        _OPENAI, "answer", _paging(_inclusive),
    ),
    Drift(
        "list_after_ignored", "Every page of the list is the first one", "listing.after", "200", ITEMS,
        _OPENAI, "answer", _paging(_from_the_start),
    ),
    Drift(
        "list_unknown_cursor_ignored", "An unknown cursor is answered with the first page", "listing.cursor", "200",
        ITEMS, _OPENAI, "answer", _paging(_as_first, refused=True),
    ),
    Drift(
        "list_never_has_more", "has_more is false on every page", "listing.more", "200", MORE,
        _OPENAI, "value", _put(lambda spec: spec.more, value=False),
    ),
    Drift(
        "list_always_has_more", "has_more is true on every page", "listing.more", "200", MORE,
        _OPENAI, "value", _put(lambda spec: spec.more, value=True),
    ),
    Drift(
        "list_full_has_more", "has_more is true on every page that is full", "listing.more", "200", MORE,
        _OPENAI, "value", _put(lambda spec: spec.more, lambda asked, items: len(items) == asked.size),
    ),
    Drift(
        "list_first_id_fixed", "first_id is a placeholder", "listing.ends", "200", FIRST,
        "https://api-docs.siliconflow.cn/docs/api/batches-get: its sample", "value",
        _put(lambda spec: spec.first, "first_batch_id"),
    ),
    Drift(
        "list_last_id_of_another", "last_id is that of the first item", "listing.ends", "200", LAST,
        _OPENAI, "value", _put(lambda spec: spec.last, lambda asked, items: asked.spec.id_of(items[0])),
    ),
    Drift(
        "list_limit_ignored", "limit makes no difference to the list", "listing.limit", "200", ITEMS,
        _OPENAI, "answer", _paging(lambda asked: asked.page(asked.items, size=100)),
    ),
    Drift(
        "list_in_no_order", "The list is in the order of its ids", "listing.order", "200", CREATED,
        _OPENAI, "answer", _paging(_by_id), verdict="conforms",
    ),
    Drift(
        "list_item_of_another_kind", "Items of the list have another endpoint", "listing.item_differs", "200",
        "/data/*/endpoint", "https://github.com/BerriAI/litellm/issues/36048: the list leaks other ids", "value",
        _members(_other_endpoint),
    ),
    Drift(
        "list_leaves_a_batch_out", "A batch that is there is never listed", "listing.known_missing", "200", ITEMS,
        "the operation's summary", "answer", _paging(_left_out),
    ),
    Drift(
        "list_takes_any_limit", "A limit that is none is answered with success", "listing.query", "", "",
        "the schema of limit", "answer", _paging(_lenient, refused=True),
    ),
    Drift(
        "list_breaks_on_odd_limits", "A limit that is none is a server error", "response.server_error", "500", "",
        "RFC 9110 section 15.6: the fault is the client's", "answer", _broken,
    ),
    Drift(
        "list_needs_no_key", "The list is answered without a key", "auth.missing_accepted", "401", "",
        "the document's security", "answer", _open,
    ),
)  # fmt: skip
"""Lists that drift. Pointers are those of a list as SiliconFlow and OpenAI have it."""

LIST_VARIANTS: tuple[Drift, ...] = tuple(
    Drift(name, title, "", "", "", "no document says otherwise", "answer", apply, verdict="conforms", group="variant")
    for name, title, apply in (
        ("list_oldest_first", "The list begins with the oldest batch", _paging(_turned)),
        ("list_small_pages", "A page of the list has three items at most", _paging(lambda one: one.page(one.items, size=min(one.size, _SMALL)))),
        ("list_nothing_after_unknown", "Nothing comes after an unknown cursor", _paging(_nothing_after, refused=True)),
        ("list_grows", "The list has a further batch at every read", _paging(_growing)),
        ("list_grows_at_its_end", "The list has a further batch at its end at every read", _paging(_growing_at_the_end)),
        ("list_without_has_more", "The list does not say whether there is more", _members(_without_more)),
    )
)  # fmt: skip
"""Lists that keep the contract in another way."""


def list_drifts(contract: Contract) -> Iterator[Drift]:
    """The entries that the list of batches of a contract can show, at the places that it has; none without a list."""
    operation = next((one for one in contract.operations if one.role == "list" and one.listing is not None), None)
    if operation is None or operation.listing is None or not operation.listing.pages:
        return
    form = operation.listing
    places = _places(form)
    for drift in (*LIST_DRIFTS, *LIST_VARIANTS):
        if drift.name == "list_without_has_more" and _is_required(operation, form.more):
            continue
        if not drift.pointer:
            needs_limit = drift.name in ("list_takes_any_limit", "list_breaks_on_odd_limits")
            narrowed = form.limit is not None and form.limit.narrows
            if (narrowed or not needs_limit) and (operation.secured or not drift.rule.startswith("auth.")):
                is_clause = drift.status != "401" or operation.response_for(401) is not None
                yield drift if is_clause else replace(drift, status="")
        elif (found := places.get(drift.pointer)) is not None and (
            form.limit is not None or drift.rule != "listing.limit"
        ):
            yield replace(drift, pointer=found)


def _is_required(operation: Operation, pointer: str | None) -> bool:
    """Whether a place is always there in a success."""
    success = operation.response_for(200)
    schemas = [schema for schema in success.content.values() if schema is not None] if success is not None else []
    return any(place.required for schema in schemas for place in schema.properties if place.pointer == pointer)


def _places(form: ListForm) -> dict[str, str | None]:
    item = f"{form.items}/*"
    return {
        ITEMS: form.items,
        MORE: form.more,
        FIRST: form.first,
        LAST: form.last,
        CREATED: f"{item}{form.roles.created}" if form.roles.created else None,
        "/data/*/endpoint": f"{item}/endpoint" if "/endpoint" in form.roles.lasting else None,
    }
