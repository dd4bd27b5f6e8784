"""Walks through the target's lists, page by page, and the ids that are found on the way."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

from batch_conformance.contract.contract import Contract
from batch_conformance.contract.list_form import ListForm
from batch_conformance.contract.operation import Operation
from batch_conformance.exchange.exchange import Exchange, Probe
from batch_conformance.exchange.limits import BudgetExhausted
from batch_conformance.exchange.target import Target
from batch_conformance.message import Count, Message, Template
from batch_conformance.nouns import ITEM
from batch_conformance.observation.observation import Observation, at
from batch_conformance.probes.plan import JSON, Exploration
from batch_conformance.probes.segment import NO_SUCH_ID
from batch_conformance.rules.pages import Page, items_of, page_of

FIRST_NUMBER = 2_000_000
"""The numbers of the requests of walks, apart from those of any plan and of what was made."""
PAGES = "pages"
"""The chapter of the requests of walks: each is made of the answer to the one before, so none is in a plan."""
MOST_PAGES: dict[Exploration, int] = {"quick": 3, "standard": 8, "thorough": 40}
"""The pages of one walk at most."""

_WALKED = Template("walk.walked", "GET {path}: {items} on {pages} read page by page.")
_NOT_WALKED = Template("walk.not_walked", "GET {path} has no page to begin after another: it was read as one page.")
_CURSOR = Template("walk.cursor", "GET {path}: a cursor is another thing than the id of an item, and was not followed.")
_NOT_READ = Template("walk.not_read", "GET {path}: no page of it could be read, so it was not walked through.")
_PAGES = Template("walk.pages", "{number} pages")


@dataclass
class Walked:
    """What came of all walks: the exchanges, the ids by the role of the list, with their states, and what to say."""

    exchanges: list[Exchange] = field(default_factory=list)
    listed: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    said: list[Message] = field(default_factory=list)


def walk_lists(target: Target, contract: Contract, exploration: Exploration) -> Walked:
    """Walk through every list of a contract. A spent budget ends it, and what was read is there all the same.

    Each is read in pages of one size, then of another, and in the first size again: what differs between the first and
    the last walk has changed meanwhile, and of what has not the second has to have the same items. Where the last page
    of those is not full, two that are follow: a server that takes a full page for one that has more after it is
    wrong of those alone.
    """
    walked = Walked()
    for operation in contract.operations:
        if operation.listing is not None:
            try:
                _Walker(target, contract, operation, operation.listing, MOST_PAGES[exploration], walked).walk()
            except BudgetExhausted as reason:
                walked.said.append(reason.reason)
                break
    return walked


@dataclass
class _Walker:
    target: Target
    contract: Contract
    operation: Operation
    form: ListForm
    most: int
    walked: Walked

    def walk(self) -> None:
        """Read the list; raises ``BudgetExhausted``."""
        first = self._ask("first", "")
        if first is None:
            self.walked.said.append(_NOT_READ(path=self.operation.path))
            return
        if not self.form.pages or self.form.after is None:
            self.walked.said.append(_NOT_WALKED(path=self.operation.path))
            return
        if first.cursor is not None and not self.form.after.admits(first.cursor):
            self.walked.said.append(_CURSOR(path=self.operation.path))
            return
        sizes = list(self._sizes(len(first.ids)))
        if first.more is False and sizes[0] is not None and len(first.ids) % sizes[0]:
            sizes += [size for size in (self._admitted(len(first.ids)),) * 2 if size is not None]
        pages = [self._pages(f"walk_{number}", size) for number, size in enumerate(sizes, 1)]
        if first.ids:
            self._ask("unknown_cursor", self._query(None, NO_SUCH_ID))
        whole = max(pages, key=lambda walk: sum(len(page.ids) for page in walk), default=[])
        count = Count(len({one for page in whole for one in page.ids}), ITEM)
        told = _PAGES(number=len(whole))
        self.walked.said.append(_WALKED(path=self.operation.path, items=count, pages=told))

    def _sizes(self, count: int) -> Iterator[int | None]:
        """The sizes of pages, as many as walks: so that a list of that many items has several pages of each."""
        if self.form.limit is None:
            yield from (None, None)
            return
        one = self._admitted(max(1, math.ceil(count / 3)))
        other = self._admitted(max(1, math.ceil(count / 2)) + (count < 3))
        yield from (one, other, one)

    def _admitted(self, size: int) -> int | None:
        """The size, where the document admits it, or else the next greater one that it does; None where none is."""
        limit = self.form.limit
        found = (one for one in range(size, size + 100) if limit is not None and limit.admits(str(one)))
        return next(found, None)

    def _pages(self, name: str, size: int | None) -> list[Page]:
        """One walk, to its end, to the most pages, or to one that is none or is begun in vain."""
        found: list[Page] = []
        cursor: str | None = None
        seen: set[str] = set()
        while len(found) < self.most:
            page = self._ask(name, self._query(size, cursor))
            if page is None:
                break
            found.append(page)
            ended = page.more is False and len(found) > 1 and found[-2].more is False
            if not page.ids or page.cursor is None or page.cursor in seen or ended:
                break
            cursor = page.cursor
            seen.add(cursor)
        return found

    def _query(self, size: int | None, cursor: str | None) -> str:
        asked = parse_qsl(self.operation.required_query)
        if self.form.limit is not None and size is not None:
            asked = [(name, value) for name, value in asked if name != self.form.limit.name]
            asked.append((self.form.limit.name, str(size)))
        if self.form.after is not None and cursor is not None:
            asked.append((self.form.after.name, cursor))
        return urlencode(asked)

    def _ask(self, name: str, query: str) -> Page | None:
        """The page that is answered; None where none can be read. Raises ``BudgetExhausted``."""
        role = self.operation.role or "list"
        asked = query or self.operation.required_query
        probe = Probe(PAGES, f"{role}_{name}", self.operation.path, None, "known", headers=JSON, query=asked)
        attempts = self.target.send(probe, FIRST_NUMBER + len(self.walked.exchanges))
        self.walked.exchanges += attempts
        observation = Observation(attempts[-1], self.contract)
        page = page_of(observation)
        if page is not None and name != "unknown_cursor":
            self._take(observation, role)
        return page

    def _take(self, observation: Observation, role: str) -> None:
        known = self.walked.listed.setdefault(role, [])
        listed = {name for name, _ in known}
        state = self.form.roles.state
        for item in items_of(observation) or ():
            name, said = at(item, self.form.identity), at(item, state) if state else None
            if name not in listed:
                listed.add(name)
                known.append((name, said if isinstance(said, str) else ""))
