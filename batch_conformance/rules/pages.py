"""Pages of a list: what was asked and answered, and which pages were read one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from batch_conformance.observation.observation import Observation, at, derived
from batch_conformance.rules.history import BatchHistory
from batch_conformance.rules.rule import is_success


@dataclass(frozen=True)
class Page:
    """A page of a list that was answered: what was asked, and the ids in their order.

    ``limit`` and ``after`` are as they stood in the query, None where they did not; ``rest`` is what else stood there.
    ``more`` is None where nothing is told of further items.
    """

    observation: Observation
    limit: str | None
    after: str | None
    rest: tuple[tuple[str, str], ...]
    ids: tuple[str, ...]
    more: bool | None
    cursor: str | None

    @property
    def rest_narrows(self) -> bool:
        """Whether the query has more than what always has to be there: it may leave items out."""
        required = parse_qsl(self.observation.operation.required_query)
        return any(pair not in required for pair in self.rest)


Walk = tuple[Page, ...]
"""Pages, each begun after the last item of the one before."""


def items_of(observation: Observation) -> tuple[Any, ...] | None:
    """The items of a list that was answered; None where none was, or it has none of the documented form."""
    form = observation.operation.listing
    if form is None or observation.parsed is None or not is_success(observation) or observation.method != "GET":
        return None
    found = at(observation.parsed.value, form.items)
    return tuple(found) if isinstance(found, list) else None


@derived
def page_of(observation: Observation) -> Page | None:
    """The page that was answered; None where there is none, or an item without an id on it."""
    form, items = observation.operation.listing, items_of(observation)
    if form is None or items is None or observation.parsed is None:
        return None
    ids = tuple(at(item, form.identity) for item in items)
    if not all(isinstance(one, str) and one for one in ids):
        return None
    asked = dict(parse_qsl(observation.exchange.probe.query, keep_blank_values=True))
    limit = asked.pop(form.limit.name, None) if form.limit else None
    after = asked.pop(form.after.name, None) if form.after else None
    more = at(observation.parsed.value, form.more) if form.more else None
    cursor = ids[-1] if ids else None
    rest = tuple(sorted(asked.items()))
    return Page(observation, limit, after, rest, ids, more if isinstance(more, bool) else None, cursor)


def walks_of(history: BatchHistory) -> list[Walk]:
    """The walks through a list, in the order of their beginnings: their pages were asked for one after the other."""
    begun: list[list[Page]] = []
    for observation in sorted(history.observations, key=in_time):
        page = page_of(observation) if observation.authorised and not observation.forced else None
        if page is None:
            continue
        if page.after is None:
            begun.append([page])
            continue
        known = (walk for walk in reversed(begun) if _goes_on(walk[-1], page))
        walk = next(known, None)
        if walk is not None:
            walk.append(page)
    return [tuple(walk) for walk in begun]


def in_time(observation: Observation) -> tuple[float, tuple[int, int]]:
    """Sorts observations by when they were begun."""
    return observation.exchange.started_at, observation.exchange.order


def _goes_on(page: Page, other: Page) -> bool:
    ended = page.observation.exchange.started_at + page.observation.exchange.elapsed
    in_turn = other.observation.exchange.started_at >= ended - 0.002
    return in_turn and (page.limit, page.rest, page.cursor) == (other.limit, other.rest, other.after)


def _shape(walk: Walk) -> tuple[Any, ...]:
    return tuple((page.after, page.ids, page.more) for page in walk)


def gone_twice(walks: Sequence[Walk]) -> list[tuple[Walk, Walk]]:
    """Walks that were gone twice, and had the same pages both times."""
    long = [walk for walk in walks if len(walk) > 1]
    return [
        (one, other)
        for number, one in enumerate(long)
        for other in long[number + 1 :]
        if (one[0].limit, one[0].rest) == (other[0].limit, other[0].rest) and _shape(one) == _shape(other)
    ]


def follows(walk: Walk) -> bool:
    """Whether each page of a walk has items after its cursor: what else is odd about one that has not is of that."""
    return not any(page.after in page.ids or is_first_again(walk[0], page) for page in walk[1:])


def is_first_again(first: Page, page: Page) -> bool:
    """Whether a page is the first one once more, and not an empty one."""
    return bool(page.ids) and page.ids == first.ids


def ids_in(walk: Walk) -> list[str]:
    """The ids of all pages, in their order."""
    return [one for page in walk for one in page.ids]


def is_whole(walk: Walk) -> bool:
    """Whether a walk came to the end of the list: to an empty page, or to one that is said to be the last and is."""
    last, before = walk[-1], walk[-2] if len(walk) > 1 else None
    said = last.more is False and not (last.ids and before is not None and before.more is False)
    return said or (last.more is None and last.after is not None and not last.ids)
