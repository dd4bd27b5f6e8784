"""What the JSON values at one place were, and the JSON Schema (2020-12, as OpenAPI 3.1 has it) that they all keep."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from batch_conformance.contract.violation import type_name
from batch_conformance.recorded.line import moment_of

OBSERVED = "x-observed"
"""The extension that says how often something was seen (OpenAPI 3.1 section 4.9, Specification Extensions)."""

_DEEPEST = 24
_MOST_NAMES = 64
"""Names of one object that are properties; an object that had more of them is a map."""
_SELDOM = 0.5
_FEW_NAMES = 8
_MOST_WORDS = 16
_LEAST_OF_A_WORD = 3
"""How often each word of a list was seen, at least: a value that was seen once may be any text."""
_LEAST_OF_ONE_WORD = 20
_CONSTANT_NAMES = frozenset({"object", "kind"})
"""Members whose one value names the kind of their object; of any other, one value may be all that happened to occur."""
_FREE_NAMES = frozenset({"metadata", "labels", "tags", "annotations"})
"""Members in which customers keep names of their own."""
_WORD = re.compile(r"[A-Za-z]+(?:[_.-][A-Za-z]+)*")
_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:\d{2})")


class ObservedValue:
    """The values at one place, taken in one after the other; none of them is kept but short words that recur."""

    def __init__(self, name: str = "", depth: int = 0) -> None:
        self.count = 0
        self._name = name
        self._depth = depth
        self._types: Counter[str] = Counter()
        self._members: dict[str, ObservedValue] = {}
        self._any_member: ObservedValue | None = None
        self._items: ObservedValue | None = None
        self._words: Counter[str] | None = Counter()
        self._are_times = self._are_uuids = True

    def add(self, value: Any) -> None:
        """Take in one value, as ``json`` reads it."""
        self.count += 1
        kind = type_name(value)
        self._types[kind] += 1
        if isinstance(value, str):
            self._add_text(value)
        elif self._depth < _DEEPEST and isinstance(value, dict):
            self._add_members(value)
        elif self._depth < _DEEPEST and isinstance(value, list):
            self._items = self._items or ObservedValue(self._name, self._depth + 1)
            for item in value:
                self._items.add(item)

    def schema(self) -> dict[str, Any]:
        """The schema that every value keeps. What was only ever null has no type: nothing is known of it."""
        types = sorted(self._types)
        if "number" in types and "integer" in types:
            types.remove("integer")
        schema: dict[str, Any] = {}
        if set(types) - {"null"}:
            schema["type"] = types[0] if len(types) == 1 else types
        if self._types["string"]:
            schema |= self._of_texts()
        if self._types["object"]:
            schema |= self._of_members()
        if self._items is not None and self._items.count:
            schema["items"] = self._items.schema()
        return schema

    def evidence(self, occasions: int) -> dict[str, int]:
        """How often it was there, of how many times it could be, and how often it was null."""
        nulls = self._types["null"]
        return {"seen": self.count, "of": occasions, **({"null": nulls} if nulls else {})}

    def _add_text(self, text: str) -> None:
        self._are_times = self._are_times and _TIME.fullmatch(text) is not None and moment_of(text) is not None
        self._are_uuids = self._are_uuids and _is_uuid(text)
        if self._words is None:
            return
        if len(text) > 40 or not _WORD.fullmatch(text):
            self._words = None
            return
        self._words[text] += 1
        if len(self._words) > _MOST_WORDS:
            self._words = None

    def _add_members(self, value: dict[str, Any]) -> None:
        if self._name in _FREE_NAMES:
            return
        for name, inner in value.items():
            if self._any_member is not None:
                self._any_member.add(inner)
                continue
            member = self._members.get(name)
            if member is None:
                member = self._members[name] = ObservedValue(name, self._depth + 1)
            member.add(inner)
            if len(self._members) > _MOST_NAMES:
                self._become_map()

    def _become_map(self) -> None:
        merged = ObservedValue(self._name, self._depth + 1)
        for member in self._members.values():
            merged.merge(member)
        self._members, self._any_member = {}, merged

    def merge(self, other: ObservedValue) -> None:
        """Take in all that another one has taken in; ``other`` is used up."""
        self.count += other.count
        self._types += other._types
        self._are_times = self._are_times and other._are_times
        self._are_uuids = self._are_uuids and other._are_uuids
        if self._words is None or other._words is None:
            self._words = None
        else:
            self._words += other._words
            if len(self._words) > _MOST_WORDS:
                self._words = None
        if other._items is not None:
            self._items = self._items or ObservedValue(self._name, self._depth + 1)
            self._items.merge(other._items)
        if other._any_member is not None and self._any_member is None:
            self._become_map()
        for inner in (*other._members.values(), *((other._any_member,) if other._any_member else ())):
            if self._any_member is not None:
                self._any_member.merge(inner)
            elif inner._name in self._members:
                self._members[inner._name].merge(inner)
            else:
                self._members[inner._name] = inner
        if len(self._members) > _MOST_NAMES:
            self._become_map()

    def _of_texts(self) -> dict[str, Any]:
        if self._words and self._is_closed(self._words):
            words: list[str | None] = [*sorted(self._words)]
            return {"enum": [*words, None] if self._types["null"] else words}
        if self._types["string"] > 1 and self._are_times:
            return {"format": "date-time"}
        if self._types["string"] > 1 and self._are_uuids:
            return {"format": "uuid"}
        return {}

    def _is_closed(self, words: Counter[str]) -> bool:
        """Whether what was seen is a list of words: several that all recur, or the one name of a kind."""
        if set(self._types) - {"string", "null"}:
            return False
        if len(words) == 1:
            return self._name in _CONSTANT_NAMES and words.total() >= _LEAST_OF_ONE_WORD
        return min(words.values()) >= _LEAST_OF_A_WORD

    def _of_members(self) -> dict[str, Any]:
        if self._name in _FREE_NAMES:
            return {}
        objects = self._types["object"]
        if self._any_member is None and self._are_of_no_name(objects):
            self._become_map()
        if self._any_member is not None:
            return {"additionalProperties": self._any_member.schema()}
        required = [name for name, member in self._members.items() if member.count == objects]
        properties = {
            name: {**member.schema(), OBSERVED: member.evidence(objects)} for name, member in self._members.items()
        }
        return {
            **({"required": required} if required else {}),
            **({"properties": properties} if properties else {}),
        }

    def _are_of_no_name(self, objects: int) -> bool:
        """Whether the names are values, such as ids: many of them, and none of them in most of the objects."""
        counts = [member.count for member in self._members.values()]
        return len(counts) > _FEW_NAMES and objects > 1 and max(counts) < objects * _SELDOM


def texts_at_the_top(value: Any) -> Iterator[str]:
    """The texts that are members of an object."""
    if isinstance(value, dict):
        yield from (text for text in value.values() if isinstance(text, str))


def _is_uuid(text: str) -> bool:
    try:
        return len(text) == 36 and str(UUID(text)) == text.lower()
    except ValueError:
        return False
