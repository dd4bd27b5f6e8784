"""What bodies have in common: the names of their members, and the types of those, all the way down."""

from __future__ import annotations

from itertools import count
from typing import Any

import orjson

from batch_conformance.observation.strict_json import surely_has_each_key_once
from batch_conformance.recorded.heads import Key, remember

_MOST_ITEMS = 8
"""Items of an array that are told apart; a body with more is looked at in full."""

_SURELY_DECIMAL = 2.0**53
"""A number that is less was written with a point or an exponent, where it is no integer to the faster parser.

One that is more may be an integer that is too long for that, and not for the other.
"""
_PLAIN_TYPES = frozenset({str, int, bool, type(None)})

Keyed = tuple[Key, dict[str, Any]]
"""What a body is like, and the body."""


class BodyShapes:
    """Tells which bodies are alike. ``identity`` and ``state`` are the names of the members that have these."""

    def __init__(self, identity: str, state: str) -> None:
        self._identity = identity
        self._state = state
        self._outer: dict[Key, tuple[int, tuple[str, ...], tuple[str, ...]]] = {}
        self._inner: dict[Key, int] = {}
        self._numbers = count()

    def key(self, segment: str, text: str, answered: int, asked: int) -> Keyed | None:
        """What a body is like, with the body; None where it is not even read alike by every parser.

        ``answered`` and ``asked`` are the kinds of the heads.
        """
        try:
            body = orjson.loads(text)
        except orjson.JSONDecodeError:
            return None
        if type(body) is not dict:
            return None
        outer = (tuple(body), tuple(map(type, body.values())))
        found = self._outer.get(outer)
        if found is None:
            found = next(self._numbers), _of_types(outer, dict, list), _of_types(outer, float)
            remember(self._outer, outer, found)
        kind, inside, decimals = found
        keys = len(body)
        identity, state = body.get(self._identity), body.get(self._state)
        inner: list[Any] = [
            answered,
            asked,
            kind,
            identity == segment or type(identity) is not str,
            state if type(state) is str else None,
        ]
        for name in decimals:
            if not abs(body[name]) < _SURELY_DECIMAL:
                return None
            inner.append(body[name].is_integer())
        for name in inside:
            value = body[name]
            if not value:
                inner.append(None)
                continue
            if type(value) is dict:
                members = (tuple(value), tuple(map(type, value.values())))
                number = self._inner.get(members)
                if number is not None:
                    keys += len(value)
                    inner.append(number)
                    continue
            shape, more = _shape(value)
            if shape is None:
                return None
            keys += more
            inner.append(shape)
            if type(value) is dict and _PLAIN_TYPES.issuperset(members[1]):
                inner[-1] = next(self._numbers)
                remember(self._inner, members, inner[-1])
        if not surely_has_each_key_once(text, keys):
            return None
        return tuple(inner), body


def _of_types(outer: tuple[tuple[str, ...], tuple[type, ...]], *types: type) -> tuple[str, ...]:
    """The names of those members of an object, given by names and types, that are of some types."""
    return tuple(name for name, kind in zip(*outer, strict=True) if kind in types)


def _shape(value: Any) -> tuple[Key | None, int]:
    """The members of an object, or the items of an array, and their types, and how many members there are in all.

    None where that is too much, or where one cannot be sure of a type.
    """
    if type(value) is dict:
        names, held = tuple(value), value.values()
    else:
        if not value:
            return (), 0
        if len(value) > _MOST_ITEMS:
            return None, 0
        names, held = (), value
    kinds = tuple(map(type, held))
    keys = len(names)
    if _PLAIN_TYPES.issuperset(kinds):
        return (names, kinds), keys
    if float in kinds:
        return None, 0
    inside: list[Any] = []
    for member in held:
        if type(member) is dict or type(member) is list:
            shape, more = _shape(member)
            if shape is None:
                return None, 0
            keys += more
            inside.append(shape)
    return (names, kinds, *inside), keys
