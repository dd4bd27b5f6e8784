"""Compares what two schemas say of one value, keyword by keyword: narrower, wider, or something else."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from batch_conformance.contract.change import ChangeKind
from batch_conformance.contract.clauses import rule_of
from batch_conformance.contract.schema import ALL_TYPES, KNOWN_VALUES, Property

_LOWER_BOUNDS = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER_BOUNDS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_OTHERS = ("pattern", "multipleOf", "uniqueItems", "format")
_WHOLE_INT64 = 2**63 - 1
_SHOWN_VALUES = 12


@dataclass(frozen=True, slots=True)
class Difference:
    """One statement that two schemas make differently of the same value; ``came`` are the values that are new.

    ``keyword`` is the one that the statement is made by; ``old`` and ``new`` are in words, empty for nothing said.
    """

    keyword: str
    kind: ChangeKind
    old: str
    new: str
    came: tuple[str, ...] = ()

    @property
    def rule(self) -> str:
        """The rule that breaking the statement breaks."""
        return rule_of(self.keyword)


def compare_places(old: Property, new: Property) -> Iterator[Difference]:
    """Every difference between two schemas of one value; whether it must be there is one of them."""
    if old.types != new.types:
        yield _types(old.types, new.types)
    if old.required != new.required:
        words = ("may be absent", "is always there")
        kind: ChangeKind = "tightened" if new.required else "loosened"
        yield Difference("required", kind, words[old.required], words[new.required])
    if not old.types & new.types - {"null"}:
        return  # whatever else is said is said of another type
    yield from _values(old, new)
    for keyword in (*_LOWER_BOUNDS, *_UPPER_BOUNDS, *_OTHERS):
        before, after = _stated(old, keyword), _stated(new, keyword)
        if before != after:
            yield Difference(keyword, _direction(keyword, before, after), _said(keyword, before), _said(keyword, after))
    before, after = (place.values.get("additionalProperties") is False for place in (old, new))
    if before != after:
        words = ("further properties may come", "no further property comes")
        yield Difference("additionalProperties", "tightened" if after else "loosened", words[before], words[after])


def type_words(types: frozenset[str]) -> str:
    """``integer or null``; ``any type`` where nothing is said."""
    if types == ALL_TYPES:
        return "any type"
    names = sorted(types - {"integer"} if "number" in types else types, key=lambda name: (name == "null", name))
    return " or ".join(names)


def _types(old: frozenset[str], new: frozenset[str]) -> Difference:
    kind: ChangeKind = "tightened" if new < old else "loosened" if new > old else "changed"
    return Difference("type", kind, type_words(old), type_words(new), tuple(sorted(new - old)))


def _values(old: Property, new: Property) -> Iterator[Difference]:
    before, after = _listed(old), _listed(new)
    if before is None and after is None:
        return
    keyword = "enum" if {"enum", "const"} & (old.keywords | new.keywords) else KNOWN_VALUES
    if after is None or before is None:
        kind: ChangeKind = "loosened" if after is None else "tightened"
        yield Difference(keyword, kind, _listing(before), _listing(after))
        return
    came = [value for value in after if value not in before]
    went = [value for value in before if value not in after]
    if came and went:
        # Told apart: what came can break a client, what went cannot.
        kept = [value for value in before if value in after]
        yield Difference(keyword, "tightened", _listing(before), _listing(kept), ())
        yield Difference(keyword, "loosened", _listing(kept), _listing(after), tuple(came))
    elif came or went:
        yield Difference(keyword, "loosened" if came else "tightened", _listing(before), _listing(after), tuple(came))


def _listed(place: Property) -> list[str] | None:
    """The values that a place may have as JSON texts, null aside: that is a matter of the type."""
    if "const" in place.values:
        return [json.dumps(place.values["const"], ensure_ascii=False)]
    if not place.known_values:
        return None
    return [json.dumps(value, ensure_ascii=False) for value in place.known_values if value is not None]


def _listing(values: Iterable[str] | None) -> str:
    if values is None:
        return "any value"
    shown = list(values)
    rest = f" and {len(shown) - _SHOWN_VALUES} more" if len(shown) > _SHOWN_VALUES else ""
    return "one of " + ", ".join(shown[:_SHOWN_VALUES]) + rest if shown else "no value"


def _stated(place: Property, keyword: str) -> Any:
    """What a keyword says here; None for nothing, which the whole range of int64 is as well."""
    value = place.values.get(keyword) if keyword in place.keywords else None
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) >= _WHOLE_INT64:
        return None
    return None if value is False else value


def _direction(keyword: str, old: Any, new: Any) -> ChangeKind:
    if old is None:
        return "tightened"
    if new is None:
        return "loosened"
    both_numbers = isinstance(old, int | float) and isinstance(new, int | float)
    if both_numbers and keyword in (*_LOWER_BOUNDS, *_UPPER_BOUNDS):
        return "tightened" if (new > old) == (keyword in _LOWER_BOUNDS) else "loosened"
    return "changed"


def _said(keyword: str, value: Any) -> str:
    return "" if value is None else f"{keyword} {json.dumps(value, ensure_ascii=False)}"
