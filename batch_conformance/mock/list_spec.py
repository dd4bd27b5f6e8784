"""A list that a mock serves beside its batches, as plain values, and the page of it that a query asks for."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from batch_conformance.contract.query_form import QueryForm

LONGEST_PAGE = 100
"""Items that a page has at most, whatever is asked for."""
_USUAL_WAY, _OTHER_WAY = "desc", "asc"
"""How a list is sorted, in the words of a parameter that has both, and how it is sorted when that is asked for."""
_DIGITS = 40
_FARTHEST = 10**_DIGITS
Item = dict[str, Any]


class QueryError(ValueError):
    """A query that the list does not take."""


@dataclass(frozen=True)
class ListSpec:
    """A list at ``path``, below the base URL.

    ``items`` are in their order; those of ``of_batches`` are the mock's batches, of which each item shows the members
    ``shown`` as the batch has them at the moment. ``body`` is what is around them, ``at`` the pointer of their array,
    ``more``, ``first`` and ``last`` those of what is told of the page, empty where nothing is; ``ends_of_none`` has
    what stands at the latter two on a page without items, where anything does. ``limit`` and ``after`` are the names
    of its parameters, empty where it has none; ``size`` is that of a page of which none is asked, ``bounds`` the least
    and the greatest limit; ``values`` has those that a parameter can have, ``queries`` the schema and the form of each,
    ``required`` names those that have to be there. With ``offsets`` a page begins after so many items, not after one of
    them. ``by_id`` is the path below which each item is served by its id, empty where none is; it has ``beside`` then,
    and ``lacks`` these members. ``errors``, ``headers`` and ``media_types`` are as in ``MockSpec``.
    """

    path: str
    items: tuple[Item, ...]
    body: Any
    at: str
    identity: str
    of_batches: bool
    shown: tuple[str, ...] = ()
    more: str = ""
    first: str = ""
    last: str = ""
    ends_of_none: Mapping[str, str | None] = field(default_factory=dict)
    limit: str = ""
    after: str = ""
    size: int = LONGEST_PAGE
    bounds: tuple[int, int] = (1, LONGEST_PAGE)
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    queries: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    required: tuple[str, ...] = ()
    offsets: bool = False
    by_id: str = ""
    beside: Mapping[str, Any] = field(default_factory=dict)
    lacks: tuple[str, ...] = ()
    errors: Mapping[int, Any] = field(default_factory=dict)
    headers: Mapping[int, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    media_types: Mapping[int, str] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for a pipe."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ListSpec:
        """What ``to_dict`` made."""
        return cls(
            **{
                **values,
                "items": tuple(values["items"]),
                "shown": tuple(values["shown"]),
                "bounds": tuple(values["bounds"]),
                "values": {name: tuple(found) for name, found in values["values"].items()},
                "required": tuple(values["required"]),
                "lacks": tuple(values["lacks"]),
                "errors": {int(status): body for status, body in values["errors"].items()},
                "headers": {
                    int(status): tuple((name, value) for name, value in pairs)
                    for status, pairs in values["headers"].items()
                },
                "media_types": {int(status): kind for status, kind in values["media_types"].items()},
            }
        )

    def id_of(self, item: Mapping[str, Any]) -> Any:
        """The id of an item."""
        return value_at(item, self.identity)

    def by_itself(self, item: Item) -> Item:
        """An item as it is answered where it is asked for by its id."""
        return {name: value for name, value in {**self.beside, **item}.items() if name not in self.lacks}

    def page(self, query: str, items: Sequence[Item]) -> Any:
        """The body of the page of these items that a query asks for. Raises ``QueryError``."""
        asked: dict[str, str] = {}
        repeated: dict[str, list[str]] = {}
        for name, value in parse_qsl(query, keep_blank_values=True):
            asked[name] = value
            repeated.setdefault(name, []).append(value)
        if any(asked.get(name) == _OTHER_WAY and _USUAL_WAY in values for name, values in self.values.items()):
            items = items[::-1]
        size, begin = self._size(asked), self._begin(asked, items)
        self._check(repeated)
        return self.body_of(items[begin : begin + size], more=begin + size < len(items))

    def body_of(self, page: Sequence[Item], *, more: bool) -> Any:
        """The body that has these items on its page."""
        body = put_at(copy.deepcopy(self.body), self.at, list(page))
        ends = {self.first: self.id_of(page[0]), self.last: self.id_of(page[-1])} if page else self.ends_of_none
        for pointer in (self.first, self.last) if not page else ():
            around = value_at(body, pointer.rpartition("/")[0])
            if isinstance(around, dict):
                around.pop(pointer.rpartition("/")[2], None)
        for pointer, value in ((self.more, more), *ends.items()):
            body = put_at(body, pointer, value) if pointer else body
        return body

    def _size(self, asked: Mapping[str, str]) -> int:
        if not self.limit or self.limit not in asked:
            return self.size
        return max(0, min(self._number(asked[self.limit], *self.bounds), LONGEST_PAGE))

    @staticmethod
    def _number(text: str, least: int, most: int) -> int:
        number = int(text) if text.isascii() and text.lstrip("-").isdigit() and len(text) < _DIGITS else None
        if number is None or not least <= number <= most:
            raise QueryError(text)
        return number

    def _begin(self, asked: Mapping[str, str], items: Sequence[Item]) -> int:
        if not self.after or self.after not in asked:
            return 0
        if self.offsets:
            return min(self._number(asked[self.after], 0, _FARTHEST), len(items))
        known = [self.id_of(item) for item in items]
        if asked[self.after] not in known:
            raise QueryError(asked[self.after])
        return known.index(asked[self.after]) + 1

    def _check(self, asked: Mapping[str, Sequence[str]]) -> None:
        if any(name not in asked for name in self.required):
            raise QueryError("")
        for name, (form, validator) in self._forms.items():
            texts = asked.get(name)
            if texts is None or name in (self.limit, self.after) or form.is_undefined(texts):
                continue
            if not any(validator.is_valid(value) for value in form.meant(texts)):
                raise QueryError(texts[-1])

    @cached_property
    def _forms(self) -> dict[str, tuple[QueryForm, Any]]:
        """How each parameter is written, and what its value is held to."""
        # Most mocks start without these, and what they bring.
        from batch_conformance.contract.dialect import validator_for  # noqa: PLC0415
        from batch_conformance.contract.query_form import QueryForm  # noqa: PLC0415

        return {
            name: (
                QueryForm(**{**one["form"], "types": frozenset(one["form"]["types"])}),
                validator_for(one["schema"], modern=one["modern"]),
            )
            for name, one in self.queries.items()
        }


def value_at(value: Any, pointer: str) -> Any:
    """The value at a pointer of plain members, the whole for an empty one; None where there is none."""
    for name in pointer.split("/")[1:]:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def put_at(whole: Any, pointer: str, value: Any) -> Any:
    """The whole with a value at a pointer of plain members, itself changed; the value where the pointer is empty."""
    if not pointer:
        return value
    *around, name = pointer.split("/")[1:]
    holder = whole
    for step in around:
        holder = holder.setdefault(step, {})
    holder[name] = value
    return whole


def items_in(body: bytes, spec: ListSpec) -> tuple[Any, list[Any]]:
    """The body of a page as a value, and the array of its items, for what changes them in place."""
    value = json.loads(body)
    found = value_at(value, spec.at) if spec.at else value
    return value, found if isinstance(found, list) else []
