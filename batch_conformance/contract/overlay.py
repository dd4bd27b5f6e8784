"""OpenAPI Overlay 1.x: what else the vendor documents, applied to the document action by action."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonpath_rfc9535

from batch_conformance.contract.document import MAX_BYTES, ContractError, Document, parse_tree
from batch_conformance.contract.location import Location, Origin
from batch_conformance.contract.pointer import join


@dataclass(frozen=True, slots=True)
class Action:
    """One action of an overlay. ``locations`` are those of the nodes of ``update``, by pointer below it."""

    target: str
    update: Any
    has_update: bool
    remove: bool
    description: str
    location: Location
    locations: Mapping[str, Location]


@dataclass(frozen=True, slots=True)
class Overlay:
    """An OpenAPI Overlay document (version 1.0 or 1.1)."""

    name: str
    title: str
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
    if not isinstance(data, dict) or not re.match(r"1\.\d+\.", str(data.get("overlay", "")) + "."):
        raise ContractError(f"{name} is no OpenAPI Overlay 1.x: it has no field `overlay: 1.0.0`")
    actions = data.get("actions")
    if not isinstance(actions, list) or not actions:
        raise ContractError(f"{name} is no OpenAPI Overlay: it has no list of actions")
    info = data.get("info")
    title = str(info.get("title", name)) if isinstance(info, dict) else name
    return Overlay(
        name, title, tuple(_action(action, number, name, locations) for number, action in enumerate(actions))
    )


def _action(action: Any, number: int, name: str, locations: Mapping[str, Location]) -> Action:
    here = f"/actions/{number}"
    location = locations.get(here, Location(name, 1, here, "overlay"))
    if not isinstance(action, dict) or not isinstance(action.get("target"), str):
        raise ContractError(f"{location} is an action without a target")
    remove = action.get("remove", False)
    if not isinstance(remove, bool) or ("update" not in action and not remove):
        raise ContractError(f"{location} is an action that neither updates nor removes")
    below = here + "/update"
    return Action(
        target=action["target"],
        update=action.get("update"),
        has_update="update" in action,
        remove=remove,
        description=str(action.get("description", "")),
        location=location,
        locations={
            pointer[len(below) :]: place
            for pointer, place in locations.items()
            if pointer == below or pointer.startswith(below + "/")
        },
    )


def apply(document: Document, overlays: Sequence[Overlay]) -> Document:
    """The document with all actions applied in order; what an overlay put there has the overlay's location.

    Raises ``ContractError`` for a target that is no JSONPath or matches nothing.
    """
    data: Any = deepcopy(document.data)
    locations = dict(document.locations)
    for overlay in overlays:
        for action in overlay.actions:
            _apply(data, locations, action)
    return Document(data, document.name, document.sha256, document.text, locations)


def _apply(data: Any, locations: dict[str, Location], action: Action) -> None:
    try:
        nodes = list(jsonpath_rfc9535.find(action.target, data))
    except jsonpath_rfc9535.JSONPathError as error:
        raise ContractError(f"{action.location}: {action.target!r} is no JSONPath: {error}") from None
    if not nodes:
        raise ContractError(f"{action.location}: {action.target} matches nothing in the document")
    paths = [tuple(node.location) for node in nodes]
    if action.remove:
        for path in sorted(paths, key=lambda path: [str(step).zfill(9) for step in path], reverse=True):
            _remove(data, locations, path, action)
        return
    for node, path in zip(nodes, paths, strict=True):
        pointer = join("", *path)
        if isinstance(node.value, dict) and isinstance(action.update, dict):
            _merge(node.value, action.update, (pointer, ""), locations, action)
        elif isinstance(node.value, list):
            locations[join(pointer, len(node.value))] = action.location
            node.value.append(deepcopy(action.update))
        else:
            raise ContractError(f"{action.location}: {action.target} is neither an object nor an array to update")


def _remove(data: Any, locations: dict[str, Location], path: tuple[str | int, ...], action: Action) -> None:
    if not path:
        raise ContractError(f"{action.location}: the root cannot be removed")
    parent = data
    for step in path[:-1]:
        parent = parent[step]
    del parent[path[-1]]
    _forget(locations, join("", *path))


def _merge(
    into: dict[str, Any],
    update: dict[str, Any],
    places: tuple[str, str],
    locations: dict[str, Location],
    action: Action,
) -> None:
    """``places`` are the pointers of ``into`` in the document and of ``update`` in the action."""
    for name, value in update.items():
        present = into.get(name)
        inner, source = (join(place, name) for place in places)
        if isinstance(present, dict) and isinstance(value, dict):
            _merge(present, value, (inner, source), locations, action)
        elif isinstance(present, list) and isinstance(value, list):
            present.extend(deepcopy(value))
            locations[inner] = action.locations.get(source, action.location)
        else:
            into[name] = deepcopy(value)
            _forget(locations, inner)
            for known, place in action.locations.items():
                if known == source or known.startswith(source + "/"):
                    locations[inner + known[len(source) :]] = place


def _forget(locations: dict[str, Location], pointer: str) -> None:
    for gone in [known for known in locations if known == pointer or known.startswith(pointer + "/")]:
        del locations[gone]
