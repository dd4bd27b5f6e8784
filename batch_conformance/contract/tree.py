"""Reads YAML and JSON into plain values, keeping the line of every node.

YAML is read by the core schema of YAML 1.2, and merge keys (``<<``) as YAML 1.1 has them: documents are written with
them, and most tools that read OpenAPI merge them.
"""

from __future__ import annotations

import json
import math
import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import yaml

from batch_conformance.contract.error import ContractError
from batch_conformance.contract.location import Location, Origin
from batch_conformance.contract.pointer import join
from batch_conformance.message import Message, Template

_UNREADABLE = Template("tree.unreadable", "{name}: {why}")
_HOLDS_WHICH_IS_NO_JSON = Template("tree.holds_which_is_no_json", "{name} holds {constant}, which is no JSON")
_IS_NESTED_MORE_THAN_DEEP = Template(
    "tree.is_nested_more_than_deep", "{where} is nested more than {max_depth} deep: no OpenAPI document is"
)
_IS_EMPTY = Template("tree.is_empty", "{name} is empty")
_HAS_KEY_THAT_IS_NO = Template("tree.has_key_that_is_no", "{event} has a key that is no plain word")
_HAS_KEY_TWICE_REMOVE_ONE = Template(
    "tree.has_key_twice_remove_one", "{event} has the key {text} twice: remove one of them"
)
_ALIAS_HAS_NO_ANCHOR_BEFORE = Template(
    "tree.alias_has_no_anchor_before", "{event}: the alias *{anchor} has no anchor before it that is complete"
)
_MORE_THAN_VALUES_ARE_NO = Template(
    "tree.more_than_values_are_no", "{where}: more than {max_nodes} values are no OpenAPI document"
)
_IS_NEITHER_YAML_NOR_JSON = Template("tree.is_neither_yaml_nor_json", "{at} is neither YAML nor JSON: {why}")
_CANNOT_BE_PARSED = Template("tree.cannot_be_parsed", "{name} is neither YAML nor JSON: {why}")
_STARTS_SECOND_DOCUMENT_GIVE_ONE = Template(
    "tree.starts_second_document_give_one", "{event} starts a second document: give one document per file"
)
_ALIASES_MAKE_THIS_DOCUMENT_TOO = Template(
    "tree.aliases_make_this_document_too", "{event}: aliases make this document too large to be meant"
)
_HAS_KEY_TWICE_REMOVE_ONE_OF = Template(
    "tree.has_key_twice_remove_one_of", "{at} has the key {key} twice: remove one of them"
)
_IS_NO_JSON = Template("tree.is_no_json", "{lineno} is no JSON: {lower}")
_LIST = Template("tree.list", "a list")
_EMPTY = Template("tree.empty", "empty")
_SCALAR = Template("tree.scalar", "a single value, {value}")
_NOT_YAML = Template("tree.not_yaml", "not YAML")
_MERGE_LIST_TAKES_MAPPINGS = Template(
    "tree.merge_list_takes_mappings",
    "{known}: the merge key << takes a mapping or a list of mappings, and this is {source} in a list",
)
_MERGE_KEY_TAKES_MAPPING_OR = Template(
    "tree.merge_key_takes_mapping_or",
    "{known}: the merge key << takes a mapping or a list of mappings, and this is {source}",
)

MAX_DEPTH = 200
MAX_NODES = 2_000_000
MAX_ALIASED = 100_000
"""Nodes that aliases may add. Real documents share an example or two; a bomb of a few lines asks for billions."""

_LONGEST_NUMBER = 400
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_SPECIAL: Mapping[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_SPACE = re.compile(r"[ \t\r\n]*")
_MERGE_TAG = "tag:yaml.org,2002:merge"
_MERGED = "/~2"
"""Begins the last token of a pointer to what a merge key brings, until it is merged; RFC 6901 has no such escape."""

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Tree:
    """A text as plain values, the location of every node by RFC 6901 pointer, and of every merge key in order.

    A merge key is no node any more: the pointer of its location is that of the mapping into which it merges.
    """

    value: Any
    locations: dict[str, Location]
    merge_keys: tuple[Location, ...] = ()


def parse_tree(
    text: str, name: str, *, line_offset: int = 0, origin: Origin = "document"
) -> tuple[Any, dict[str, Location]]:
    """The values and the locations of ``read_tree``. Raises ``ContractError`` as it does."""
    tree = read_tree(text, name, line_offset=line_offset, origin=origin)
    return tree.value, tree.locations


def read_tree(text: str, name: str, *, line_offset: int = 0, origin: Origin = "document") -> Tree:
    """A YAML or JSON text as plain values.

    YAML is read by the core schema of YAML 1.2 (``no`` is a string, dates are strings), keys are strings, and what
    JSON cannot say (``.nan``, ``.inf``) stays a string. The place of a member is the line of its key; what an alias or
    a merge key repeats keeps the line where it is written. Raises ``ContractError`` for what is neither, repeats a
    key, merges what is no mapping, or is too large or deep to be meant.
    """
    places = _Places(name, line_offset, origin)
    if text.lstrip()[:1] in ("{", "["):
        try:
            return Tree(_Json(text, places).read(), places.known)
        except json.JSONDecodeError as error:
            if name.endswith(".json"):
                raise ContractError(
                    _IS_NO_JSON(lineno=str(places.at(error.lineno)), lower=str(error.msg.lower()))
                ) from None
            places = _Places(name, line_offset, origin)  # flow style looks alike
        except ValueError as error:
            raise (
                error if isinstance(error, ContractError) else ContractError(_UNREADABLE(name=name, why=str(error)))
            ) from None
    reader = _Yaml(places)
    value = reader.read(text)
    return Tree(value, places.known, tuple(reader.merge_keys))


class _Places:
    """The locations met on the way, and the limits on their number and depth."""

    def __init__(self, name: str, offset: int, origin: Origin) -> None:
        self.name = name
        self.known: dict[str, Location] = {}
        self._offset = offset
        self._origin = origin

    def at(self, line: int) -> str:
        return f"{self.name}:{line + self._offset}"

    def location(self, pointer: str, line: int) -> Location:
        """The location of a node at a line, counted from 1."""
        return Location(self.name, line + self._offset, pointer, self._origin)

    def add(self, pointer: str, line: int, depth: int) -> None:
        """Note a node at a line, counted from 1, unless its key has been noted already."""
        self._add(self.location(pointer, line), depth)

    def repeat(self, source: str, pointer: str, line: int, depth: int) -> None:
        """Note a node that repeats the one at ``source``, whose line it has; ``line`` where that is not known."""
        known = self.known.get(source)
        where = self.location(pointer, line)
        self._add(where if known is None else replace(known, pointer=pointer), depth)

    def _add(self, where: Location, depth: int) -> None:
        if depth > MAX_DEPTH:
            raise ContractError(_IS_NESTED_MORE_THAN_DEEP(where=str(where), max_depth=str(MAX_DEPTH)))
        if where.pointer not in self.known:
            if len(self.known) >= MAX_NODES:
                raise ContractError(_MORE_THAN_VALUES_ARE_NO(where=str(where), max_nodes=str(MAX_NODES)))
            self.known[where.pointer] = where


@dataclass(frozen=True, slots=True)
class _Merge:
    """A merge key: its line, and the pointer at which the places of its value are noted until it is merged."""

    line: int
    pointer: str


class _Open:
    """A mapping or sequence that is not closed yet."""

    def __init__(self, value: dict[str, Any] | list[Any], pointer: str, anchor: str | None) -> None:
        self.value = value
        self.pointer = pointer
        self.anchor = anchor
        self.key: str | _Merge | None = None
        self.merged: list[tuple[_Merge, Any]] = []


class _Yaml:
    """Builds values from the parser's events, so that nothing recurses and no tag makes anything but plain values."""

    def __init__(self, places: _Places) -> None:
        self.merge_keys: list[Location] = []
        self._places = places
        self._open: list[_Open] = []
        self._anchors: dict[str | None, tuple[Any, str]] = {}
        self._aliased = 0
        self._roots: list[Any] = []

    def read(self, text: str) -> Any:
        try:
            for event in yaml.parse(text, Loader=_LOADER):
                self._take(event)
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            at = self._places.at(mark.line + 1 if mark else 1)
            problem = getattr(error, "problem", None) or getattr(error, "reason", None) or _NOT_YAML()
            raise ContractError(_IS_NEITHER_YAML_NOR_JSON(at=str(at), why=problem)) from None
        except ValueError as error:
            if isinstance(error, ContractError):
                raise
            raise ContractError(_CANNOT_BE_PARSED(name=str(self._places.name), why=str(error))) from None
        if not self._roots:
            raise ContractError(_IS_EMPTY(name=str(self._places.name)))
        if self.merge_keys:
            for pointer in [pointer for pointer in self._places.known if _MERGED in pointer]:
                del self._places.known[pointer]
        return self._roots[0]

    def _take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.CollectionEndEvent):
            closed = self._open.pop()
            self._merge(closed)
            if closed.anchor:
                self._anchors[closed.anchor] = (closed.value, closed.pointer)
        elif isinstance(event, yaml.DocumentStartEvent) and self._roots:
            raise ContractError(_STARTS_SECOND_DOCUMENT_GIVE_ONE(event=str(self._at(event))))
        elif isinstance(event, yaml.NodeEvent):
            self._node(event)

    def _at(self, event: yaml.Event) -> str:
        return self._places.at(_line(event))

    def _node(self, event: yaml.NodeEvent) -> None:
        around = self._open[-1] if self._open else None
        if around is not None and isinstance(around.value, dict) and around.key is None:
            around.key = self._merge_key(event, around) if _is_merge_key(event) else self._key(event, around)
            return
        if around is None:
            pointer = ""
        elif isinstance(around.key, _Merge):
            pointer = around.key.pointer
        elif isinstance(around.value, dict):
            pointer = join(around.pointer, around.key or "")
        else:
            pointer = join(around.pointer, len(around.value))
        self._places.add(pointer, _line(event), len(self._open))
        value: Any
        if isinstance(event, yaml.AliasEvent):
            value = self._alias(event, pointer)
        elif isinstance(event, yaml.ScalarEvent):
            value = _scalar(event)
            if event.anchor:
                self._anchors[event.anchor] = (value, pointer)
        else:
            value = {} if isinstance(event, yaml.MappingStartEvent) else []
        self._put(around, value)
        if isinstance(event, yaml.CollectionStartEvent):
            self._anchors.pop(event.anchor, None)
            self._open.append(_Open(value, pointer, event.anchor))

    def _put(self, around: _Open | None, value: Any) -> None:
        if around is None:
            self._roots.append(value)
        elif isinstance(around.key, _Merge):
            around.merged.append((around.key, value))
            around.key = None
        elif isinstance(around.value, dict):
            around.value[around.key or ""] = value
            around.key = None
        else:
            around.value.append(value)

    def _key(self, event: yaml.NodeEvent, around: _Open) -> str:
        value = self._anchors.get(event.anchor, (None, ""))[0] if isinstance(event, yaml.AliasEvent) else None
        text = event.value if isinstance(event, yaml.ScalarEvent) else value
        if not isinstance(text, str):
            raise ContractError(_HAS_KEY_THAT_IS_NO(event=str(self._at(event))))
        if text in around.value:
            raise ContractError(_HAS_KEY_TWICE_REMOVE_ONE(event=str(self._at(event)), text=f"{text!r}"))
        if event.anchor and isinstance(event, yaml.ScalarEvent):
            self._anchors[event.anchor] = (text, "")
        self._places.add(join(around.pointer, text), _line(event), len(self._open))
        return text

    def _alias(self, event: yaml.AliasEvent, pointer: str) -> Any:
        if event.anchor not in self._anchors:
            raise ContractError(_ALIAS_HAS_NO_ANCHOR_BEFORE(event=str(self._at(event)), anchor=str(event.anchor)))
        value, source = self._anchors[event.anchor]
        for inner in pointers(value):
            self._aliased += 1
            if self._aliased > MAX_ALIASED:
                raise ContractError(_ALIASES_MAKE_THIS_DOCUMENT_TOO(event=str(self._at(event))))
            if inner:
                self._places.repeat(source + inner, pointer + inner, _line(event), len(self._open) + inner.count("/"))
        return copied(value)

    def _merge_key(self, event: yaml.NodeEvent, around: _Open) -> _Merge:
        self.merge_keys.append(self._places.location(around.pointer.partition(_MERGED)[0], _line(event)))
        return _Merge(_line(event), f"{around.pointer}{_MERGED}{len(around.merged)}")

    def _merge(self, closed: _Open) -> None:
        """Give a mapping what its merge keys bring (https://yaml.org/type/merge.html).

        Its own keys win, wherever they stand, and of what is merged the earlier wins over the later. That page knows no
        second merge key in one mapping; where it is read at all, most readers take it for one more of a list.
        """
        for merge, brought in closed.merged:
            listed = isinstance(brought, list)
            for index, source in enumerate(brought if listed else [brought]):
                base = join(merge.pointer, index) if listed else merge.pointer
                if not isinstance(source, dict):
                    told = _MERGE_LIST_TAKES_MAPPINGS if listed else _MERGE_KEY_TAKES_MAPPING_OR
                    raise ContractError(told(known=str(self._places.known[base]), source=_kind(source)))
                self._bring(source, base, closed, merge.line)

    def _bring(self, source: dict[str, Any], base: str, closed: _Open, line: int) -> None:
        """Put those members of ``source``, noted at ``base``, into a mapping that it does not have yet."""
        for name, value in source.items():
            if isinstance(closed.value, dict) and name not in closed.value:
                closed.value[name] = value
                for inner in pointers(value):
                    below = join("", name) + inner
                    depth = len(self._open) + 1 + inner.count("/")
                    self._places.repeat(base + below, closed.pointer + below, line, depth)


def _is_merge_key(event: yaml.NodeEvent) -> bool:
    """Whether a key is of YAML 1.1's merge type: a plain ``<<``, or anything that is tagged so."""
    if not isinstance(event, yaml.ScalarEvent):
        return False
    return event.tag == _MERGE_TAG or (event.tag is None and not event.style and event.value == "<<")


def _kind(value: Any) -> Message:
    return _LIST() if isinstance(value, list) else _EMPTY() if value is None else _SCALAR(value=f"{value!r:.40}")


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 1


def _scalar(event: yaml.ScalarEvent) -> Any:
    text = str(event.value)
    # What was quoted, written as a block or tagged is a string, whatever it looks like.
    if event.style in ("'", '"', "|", ">") or event.tag == "tag:yaml.org,2002:str":
        return text
    if text in _SPECIAL:
        return _SPECIAL[text]
    if _INT.fullmatch(text) and len(text) < _LONGEST_NUMBER:
        return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
    if _FLOAT.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    return text


class _Json:
    """Reads JSON: tabs, escapes of surrogate pairs and long keys are legal there and not in YAML."""

    def __init__(self, text: str, places: _Places) -> None:
        self._text = text
        self._places = places
        self._lines = [match.start() for match in re.finditer("\n", text)]
        self._scalars = json.JSONDecoder(parse_constant=self._refuse, parse_int=_json_int)

    def read(self) -> Any:
        value, end = self._value(self._skip(0), "", 0)
        end = self._skip(end)
        if end != len(self._text):
            raise json.JSONDecodeError("extra data", self._text, end)
        return value

    def _refuse(self, constant: str) -> NoReturn:
        raise ContractError(_HOLDS_WHICH_IS_NO_JSON(name=str(self._places.name), constant=str(constant)))

    def _skip(self, position: int) -> int:
        match = _SPACE.match(self._text, position)
        return match.end() if match else position

    def _line(self, position: int) -> int:
        return bisect_right(self._lines, position - 1) + 1

    def _value(self, position: int, pointer: str, depth: int) -> tuple[Any, int]:
        self._places.add(pointer, self._line(position), depth)
        opening = self._text[position : position + 1]
        if opening == "{":
            return self._object(position, pointer, depth)
        if opening == "[":
            return self._array(position, pointer, depth)
        return self._scalars.raw_decode(self._text, position)

    def _object(self, position: int, pointer: str, depth: int) -> tuple[dict[str, Any], int]:
        members: dict[str, Any] = {}
        for start in self._items(position, "}"):
            if self._text[start] != '"':
                raise json.JSONDecodeError("expecting a name in double quotes", self._text, start)
            key, end = self._scalars.raw_decode(self._text, start)
            if key in members:
                at = self._places.at(self._line(start))
                raise ContractError(_HAS_KEY_TWICE_REMOVE_ONE_OF(at=str(at), key=f"{key!r}"))
            colon = self._skip(end)
            if self._text[colon : colon + 1] != ":":
                raise json.JSONDecodeError("expecting ':'", self._text, colon)
            inner = join(pointer, key)
            self._places.add(inner, self._line(start), depth + 1)
            members[key], self._end = self._value(self._skip(colon + 1), inner, depth + 1)
        return members, self._end

    def _array(self, position: int, pointer: str, depth: int) -> tuple[list[Any], int]:
        items: list[Any] = []
        for start in self._items(position, "]"):
            item, self._end = self._value(start, join(pointer, len(items)), depth + 1)
            items.append(item)
        return items, self._end

    def _items(self, position: int, closing: str) -> Iterator[int]:
        """Where each item of a container starts; who iterates leaves in ``_end`` where the item ends."""
        self._end = self._skip(position + 1)
        if self._text[self._end : self._end + 1] != closing:
            while True:
                if self._end >= len(self._text):
                    raise json.JSONDecodeError(f"expecting {closing!r}", self._text, self._end)
                yield self._end
                self._end = self._skip(self._end)
                mark = self._text[self._end : self._end + 1]
                if mark == closing:
                    break
                if mark != ",":
                    raise json.JSONDecodeError(f"expecting ',' or {closing!r}", self._text, self._end)
                self._end = self._skip(self._end + 1)
        self._end += 1


def _json_int(digits: str) -> int | float:
    return int(digits) if len(digits) < _LONGEST_NUMBER else float(digits)


def pointers(value: Any) -> Iterator[str]:
    """The pointer of a value and of everything in it, the outer before the inner."""
    left: list[tuple[str, Any]] = [("", value)]
    while left:
        pointer, node = left.pop()
        yield pointer
        if isinstance(node, dict):
            left += [(join(pointer, name), member) for name, member in reversed(node.items())]
        elif isinstance(node, list):
            left += [(join(pointer, index), item) for index, item in reversed(list(enumerate(node)))]


def copied(value: Any) -> Any:
    """A copy of plain values that shares no mapping and no sequence with them."""
    if isinstance(value, dict):
        return {name: copied(member) for name, member in value.items()}
    if isinstance(value, list):
        return [copied(item) for item in value]
    return value
