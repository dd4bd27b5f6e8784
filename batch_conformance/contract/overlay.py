"""OpenAPI Overlay 1.0 and 1.1: what else the vendor documents, applied to the document action by action.

One thing is stricter than the specification: an action that matches nothing is an error, because here it means that the
document has changed under an overlay that was written for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import jsonpath_rfc9535

from batch_conformance.contract.document import MAX_BYTES, Document
from batch_conformance.contract.error import ContractError
from batch_conformance.contract.location import Location, Origin
from batch_conformance.contract.pointer import join
from batch_conformance.contract.tree import copied, parse_tree

_Steps = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Action:
    """One action of an overlay: ``change`` says which of its fields decides, and ``value`` is that field's value.

    ``locations`` are those of the nodes of an update, by pointer below it.
    """

    target: str
    change: Literal["update", "copy", "remove"]
    value: Any
    description: str
    location: Location
    locations: Mapping[str, Location]


@dataclass(frozen=True, slots=True)
class Overlay:
    """An OpenAPI Overlay document. ``version`` is ``1.0`` or ``1.1``: they differ in what may be merged with what."""

    name: str
    title: str
    version: str
    actions: tuple[Action, ...]


def load_overlay(path: Path, name: str | None = None) -> Overlay:
    """Read an overlay from a YAML or JSON file. Raises ``ContractError``."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise ContractError(f"cannot read the overlay {path}: {error.strerror}") from None
    return parse_overlay(raw, name or str(path))


def parse_overlay(raw: bytes, name: str, origin: Origin = "overlay") -> Overlay:
    """Read an overlay. Raises ``ContractError`` with one line for people."""
    if len(raw) > MAX_BYTES:
        raise ContractError(f"the overlay {name} is too large")
    try:
        data, locations = parse_tree(raw.decode("utf-8-sig"), name, origin=origin)
    except UnicodeDecodeError as error:
        raise ContractError(f"{name} is not UTF-8 (byte {error.start})") from None
    if not isinstance(data, dict) or "overlay" not in data:
        raise ContractError(f"{name} is no OpenAPI Overlay: it has no field `overlay: 1.0.0`")
    version = re.match(r"1\.[01](?=\.|$)", str(data["overlay"]))
    if version is None:
        found = str(data["overlay"])[:40]
        raise ContractError(f"{locations['/overlay']}: overlays of version {found} are not read; 1.0 and 1.1 are")
    actions = data.get("actions")
    if not isinstance(actions, list) or not actions:
        raise ContractError(f"{name} is no OpenAPI Overlay: it has no list of actions")
    info = data.get("info")
    title = str(info.get("title", name)) if isinstance(info, dict) else name
    made = (_action(action, number, version[0], locations) for number, action in enumerate(actions))
    return Overlay(name, title, version[0], tuple(made))


def _action(action: Any, number: int, version: str, locations: Mapping[str, Location]) -> Action:
    here = f"/actions/{number}"
    location = locations[here]
    if not isinstance(action, dict) or not isinstance(action.get("target"), str):
        raise ContractError(f"{location} is an action without a target")
    change: Literal["update", "copy", "remove"]
    if action.get("remove", False) not in (True, False):
        raise ContractError(f"{location} has a `remove` that is neither true nor false")
    if action.get("remove"):
        change = "remove"
    elif "copy" in action:
        if version == "1.0" or "update" in action or not isinstance(action["copy"], str):
            raise ContractError(f"{location} has a `copy`, which is a JSONPath beside no `update`, in version 1.1")
        change = "copy"
    elif "update" in action:
        change = "update"
    else:
        raise ContractError(f"{location} is an action that neither updates nor removes")
    below = here + "/update"
    return Action(
        target=action["target"],
        change=change,
        value=action.get(change),
        description=str(action.get("description", "")),
        location=location,
        locations={
            pointer[len(below) :]: place
            for pointer, place in locations.items()
            if change == "update" and (pointer == below or pointer.startswith(below + "/"))
        },
    )


def apply(document: Document, overlays: Sequence[Overlay]) -> Document:
    """The document with all actions applied in order; what an overlay put there has the overlay's location.

    Raises ``ContractError`` for a target that is no JSONPath, selects nothing, or does not fit its update.
    """
    data: Any = copied(document.data)
    locations = dict(document.locations)
    for overlay in overlays:
        for action in overlay.actions:
            paths = _select(data, action.target, action)
            if action.change == "remove":
                # The inner and the later first, so that no path leads elsewhere when its turn comes.
                for path in sorted(paths, key=_in_order, reverse=True):
                    _remove(data, locations, path, action)
            else:
                update = _copied(data, action) if action.change == "copy" else action.value
                _Update(data, locations, action, strict=overlay.version != "1.0").run(paths, update)
    return Document(data, document.name, document.sha256, document.text, locations)


def _select(data: Any, target: str, action: Action) -> list[_Steps]:
    try:
        nodes = jsonpath_rfc9535.find(target, data)
    except (jsonpath_rfc9535.JSONPathError, RecursionError) as error:
        raise ContractError(f"{action.location}: {target!r} is no JSONPath: {error}") from None
    if not nodes:
        raise ContractError(f"{action.location}: {target} matches nothing in the document")
    return list(dict.fromkeys(tuple(node.location) for node in nodes))


def _in_order(path: _Steps) -> list[tuple[int, int, str]]:
    return [(0, step, "") if isinstance(step, int) else (1, 0, step) for step in path]


def _copied(data: Any, action: Action) -> Any:
    paths = _select(data, action.value, action)
    if len(paths) != 1:
        raise ContractError(f"{action.location}: copy must select one node, and {action.value} selects {len(paths)}")
    return copied(_at(data, paths[0]))


def _at(data: Any, path: _Steps) -> Any:
    for step in path:
        data = data[step]
    return data


def _remove(data: Any, locations: dict[str, Location], path: _Steps, action: Action) -> None:
    if not path:
        raise ContractError(f"{action.location}: the root cannot be removed")
    parent, last = _at(data, path[:-1]), path[-1]
    del parent[last]
    _forget(locations, join("", *path))
    if isinstance(last, int):
        # What stood behind it moved up by one, and so do the places known by pointer.
        around = join("", *path[:-1])
        for index in range(last, len(parent)):
            _move(locations, join(around, index + 1), join(around, index))


@dataclass(frozen=True, slots=True)
class _Update:
    """One update on its way into a document."""

    data: Any
    locations: dict[str, Location]
    action: Action
    strict: bool

    def run(self, paths: Sequence[_Steps], update: Any) -> None:
        kinds = {_kind(_at(self.data, path)) for path in paths}
        if self.strict and len(kinds) > 1:
            raise ContractError(f"{self.action.location}: {self.action.target} selects {' and '.join(sorted(kinds))}")
        for path in paths:
            present, pointer = _at(self.data, path), join("", *path)
            if isinstance(present, dict) and isinstance(update, dict):
                self._merge(present, update, pointer, "")
            elif isinstance(present, list):
                whole = self.strict and isinstance(update, list)
                for index, entry in enumerate(update if whole else [update]):
                    self._append(present, entry, pointer, f"/{index}" if whole else "")
            elif path and _kind(present) == _kind(update) == "primitives":
                _at(self.data, path[:-1])[path[-1]] = update
                self._note(pointer, "")
            else:
                raise ContractError(
                    f"{self.action.location}: {self.action.target} selects {_kind(present)}, and its update is "
                    f"one of {_kind(update)}"
                )

    def _merge(self, into: dict[str, Any], update: dict[str, Any], pointer: str, source: str) -> None:
        """``pointer`` is that of ``into`` in the document, ``source`` that of ``update`` in the action."""
        for name, value in update.items():
            present, inner, from_ = into.get(name), join(pointer, name), join(source, name)
            if isinstance(present, dict) and isinstance(value, dict):
                self._merge(present, value, inner, from_)
            elif isinstance(present, list) and isinstance(value, list):
                # The array stays where the document has it: only what was added is the overlay's.
                for index, entry in enumerate(value):
                    self._append(present, entry, inner, f"{from_}/{index}")
            elif self.strict and name in into and _kind(present) != _kind(value):
                raise ContractError(
                    f"{self.action.location}: {name} is one of {_kind(present)} in the document and one of "
                    f"{_kind(value)} in the update, which Overlay 1.1 cannot merge: remove it first"
                )
            else:
                into[name] = copied(value)
                self._note(inner, from_)

    def _append(self, to: list[Any], entry: Any, pointer: str, source: str) -> None:
        to.append(copied(entry))
        self._note(join(pointer, len(to) - 1), source)

    def _note(self, pointer: str, source: str) -> None:
        """Give a node, and all in it, the places that they have in the overlay."""
        _forget(self.locations, pointer)
        known = self.action.locations
        self.locations[pointer] = known.get(source, self.action.location)
        for inner in [inner for inner in known if inner.startswith(source + "/")]:
            self.locations[pointer + inner[len(source) :]] = known[inner]


def _kind(value: Any) -> str:
    return "objects" if isinstance(value, dict) else "arrays" if isinstance(value, list) else "primitives"


def _move(locations: dict[str, Location], pointer: str, to: str) -> None:
    for known in [known for known in locations if known == pointer or known.startswith(pointer + "/")]:
        locations[to + known[len(pointer) :]] = locations.pop(known)


def _forget(locations: dict[str, Location], pointer: str) -> None:
    for gone in [known for known in locations if known == pointer or known.startswith(pointer + "/")]:
        del locations[gone]
