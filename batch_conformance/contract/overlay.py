"""OpenAPI Overlay 1.0 and 1.1: what else the vendor documents, applied to the document action by action.

Two things are stricter than the specification. An action that matches nothing is an error, because here it means that
the document has changed under an overlay that was written for it. And what an update would put beside a `$ref`, where
OpenAPI ignores it, is put into a copy of what the reference refers to, in its place: so it holds where the action says,
and for nobody else who refers to the same component.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from batch_conformance.contract.document import MAX_BYTES, Document
from batch_conformance.contract.document_finding import DocumentFinding, finding
from batch_conformance.contract.error import ContractError
from batch_conformance.contract.location import Location, Origin
from batch_conformance.contract.overlay_target import Steps, effective, select, shown
from batch_conformance.contract.pointer import join, split
from batch_conformance.contract.reference import follow, ignored_beside, is_reference, put_in_place
from batch_conformance.contract.translate import local_pointer, resolve
from batch_conformance.contract.tree import copied, parse_tree, pointers
from batch_conformance.input_error import why_no_file
from batch_conformance.message import Listing, Template

_OVERLAY_IS_TOO_LARGE = Template("overlay.overlay_is_too_large", "the overlay {name} is too large")
_IS_NO_OPENAPI_OVERLAY_IT = Template(
    "overlay.is_no_openapi_overlay_it", "{name} is no OpenAPI Overlay: it has no field `overlay: 1.0.0`"
)
_OVERLAYS_OF_VERSION_ARE_NOT = Template(
    "overlay.overlays_of_version_are_not", "{at}: overlays of version {found} are not read; 1.0 and 1.1 are"
)
_IS_NO_OPENAPI_OVERLAY_IT_HAS = Template(
    "overlay.is_no_openapi_overlay_it_has", "{name} is no OpenAPI Overlay: it has no list of actions"
)
_IS_ACTION_WITHOUT_TARGET = Template("overlay.is_action_without_target", "{location} is an action without a target")
_HAS_REMOVE_THAT_IS_NEITHER = Template(
    "overlay.has_remove_that_is_neither", "{location} has a `remove` that is neither true nor false"
)
_COPY_MUST_SELECT_ONE_NODE = Template(
    "overlay.copy_must_select_one_node", "{location}: copy must select one node, and {value} selects {paths}"
)
_ROOT_CANNOT_BE_REMOVED = Template("overlay.root_cannot_be_removed", "{location}: the root cannot be removed")
_CANNOT_READ_OVERLAY = Template("overlay.cannot_read_overlay", "cannot read the overlay {path}: {why}")
_IS_NOT_UTF_8_BYTE = Template("overlay.is_not_utf_8_byte", "{name} is not UTF-8 (byte {start})")
_SELECTS = Template("overlay.selects", "{location}: {target} selects {kinds}")
_REFERS_TO_WHICH_IS_NO = Template(
    "overlay.refers_to_which_is_no", "{location}: {target} refers to {place}, which is no object"
)
_HAS_COPY_WHICH_IS_JSONPATH = Template(
    "overlay.has_copy_which_is_jsonpath",
    "{location} has a `copy`, which is a JSONPath beside no `update`, in version 1.1",
)
_IS_ACTION_THAT_NEITHER_UPDATES = Template(
    "overlay.is_action_that_neither_updates", "{location} is an action that neither updates nor removes"
)
_CANNOT_BE_APPLIED_BESIDE_REFERENCE = Template(
    "overlay.cannot_be_applied_beside_reference",
    "{location}: {target} cannot be applied beside a reference, where it would be ignored, nor to "
    "what that refers to: {why}",
)
_SELECTS_AND_ITS_UPDATE_IS = Template(
    "overlay.selects_and_its_update_is",
    "{location}: {target} selects {present}, and its update is one of {value}",
)
_IS_ONE_OF_IN_DOCUMENT = Template(
    "overlay.is_one_of_in_document",
    "{location}: {name} is one of {present} in the document and one of {value} in the update, which "
    "Overlay 1.1 cannot merge: remove it first",
)

_UNCHANGED = Template("document.overlay_unchanged.says", "{target} is as the action wants it already")
_STOPPED = Template("document.overlay_stopped.says", "{target} stops at references; not selected: {missed}")


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
        raise ContractError(_CANNOT_READ_OVERLAY(path=str(path), why=why_no_file(error))) from None
    return parse_overlay(raw, name or str(path))


def parse_overlay(raw: bytes, name: str, origin: Origin = "overlay") -> Overlay:
    """Read an overlay. Raises ``ContractError`` with one line for people."""
    if len(raw) > MAX_BYTES:
        raise ContractError(_OVERLAY_IS_TOO_LARGE(name=str(name)))
    try:
        data, locations = parse_tree(raw.decode("utf-8-sig"), name, origin=origin)
    except UnicodeDecodeError as error:
        raise ContractError(_IS_NOT_UTF_8_BYTE(name=str(name), start=str(error.start))) from None
    if not isinstance(data, dict) or "overlay" not in data:
        raise ContractError(_IS_NO_OPENAPI_OVERLAY_IT(name=str(name)))
    version = re.match(r"1\.[01](?=\.|$)", str(data["overlay"]))
    if version is None:
        found = str(data["overlay"])[:40]
        raise ContractError(_OVERLAYS_OF_VERSION_ARE_NOT(at=str(locations["/overlay"]), found=str(found)))
    actions = data.get("actions")
    if not isinstance(actions, list) or not actions:
        raise ContractError(_IS_NO_OPENAPI_OVERLAY_IT_HAS(name=str(name)))
    info = data.get("info")
    title = str(info.get("title", name)) if isinstance(info, dict) else name
    made = (_action(action, number, version[0], locations) for number, action in enumerate(actions))
    return Overlay(name, title, version[0], tuple(made))


def _action(action: Any, number: int, version: str, locations: Mapping[str, Location]) -> Action:
    here = f"/actions/{number}"
    location = locations[here]
    if not isinstance(action, dict) or not isinstance(action.get("target"), str):
        raise ContractError(_IS_ACTION_WITHOUT_TARGET(location=str(location)))
    change: Literal["update", "copy", "remove"]
    if action.get("remove", False) not in (True, False):
        raise ContractError(_HAS_REMOVE_THAT_IS_NEITHER(location=str(location)))
    if action.get("remove"):
        change = "remove"
    elif "copy" in action:
        if version == "1.0" or "update" in action or not isinstance(action["copy"], str):
            raise ContractError(_HAS_COPY_WHICH_IS_JSONPATH(location=str(location)))
        change = "copy"
    elif "update" in action:
        change = "update"
    else:
        raise ContractError(_IS_ACTION_THAT_NEITHER_UPDATES(location=str(location)))
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
    """The document of ``apply_with_findings``. Raises ``ContractError`` as it does."""
    return apply_with_findings(document, overlays)[0]


def apply_with_findings(
    document: Document, overlays: Sequence[Overlay]
) -> tuple[Document, tuple[DocumentFinding, ...]]:
    """The document with all actions applied in order; what an overlay put there has the overlay's location.

    The findings are about actions that change nothing, or that stop at references. Raises ``ContractError`` for a
    target that is no JSONPath, selects nothing, or does not fit its update, and for an update that would stand beside
    a reference that cannot be followed.
    """
    locations = dict(document.locations)
    work = replace(document, data=copied(document.data), locations=locations)
    found: list[DocumentFinding] = []
    for overlay in overlays:
        for action in overlay.actions:
            found += _apply(work, locations, action, strict=overlay.version != "1.0")
    return work, tuple(found)


def _apply(
    work: Document, locations: dict[str, Location], action: Action, *, strict: bool
) -> Iterator[DocumentFinding]:
    place, data = action.location, work.data
    selection = select(work, action.target, place)
    if action.change == "remove":
        # The inner and the later first, so that no path leads elsewhere when its turn comes.
        for path in sorted(selection.paths, key=_in_order, reverse=True):
            _remove(data, locations, path, action)
    else:
        selection = effective(work, action.target, place, selection)
        source = _source(work, action) if action.change == "copy" else None
        value = copied(_at(data, source)) if source is not None else action.value
        if not _Update(work, locations, action, strict, source).run(selection.paths, value):
            says = _UNCHANGED(target=action.target)
            yield finding(work, "overlay_unchanged", place.pointer, says, suffix=place.file, location=place)
    if selection.missed:
        says = _STOPPED(target=action.target, missed=shown(one.meant for one in selection.missed))
        yield finding(work, "overlay_stopped", place.pointer, says, suffix=place.file, location=place)


def _in_order(path: Steps) -> list[tuple[int, int, str]]:
    return [(0, step, "") if isinstance(step, int) else (1, 0, step) for step in path]


def _source(work: Document, action: Action) -> Steps:
    paths = select(work, action.value, action.location).paths
    if len(paths) != 1:
        raise ContractError(
            _COPY_MUST_SELECT_ONE_NODE(location=str(action.location), value=str(action.value), paths=str(len(paths)))
        )
    return paths[0]


def _at(data: Any, path: Steps) -> Any:
    for step in path:
        data = data[step]
    return data


def _remove(data: Any, locations: dict[str, Location], path: Steps, action: Action) -> None:
    if not path:
        raise ContractError(_ROOT_CANNOT_BE_REMOVED(location=str(action.location)))
    parent, last = _at(data, path[:-1]), path[-1]
    _forget(locations, join("", *path), parent.pop(last))
    if isinstance(last, int):
        # What stood behind it moved up by one, and so do the places known by pointer.
        around = join("", *path[:-1])
        for index in range(last, len(parent)):
            _move(locations, join(around, index + 1), join(around, index))


class _Update:
    """One update on its way into a document. ``source`` is where it is copied from, if it is."""

    def __init__(
        self, work: Document, locations: dict[str, Location], action: Action, strict: bool, source: Steps | None
    ) -> None:
        self._work = work
        self._data: Any = work.data
        self._locations = locations
        self._action = action
        self._strict = strict
        self._source = source
        self._selected: frozenset[str] = frozenset()

    def run(self, paths: Sequence[Steps], update: Any) -> bool:
        """Apply the update to all that is selected; whether that changes anything."""
        kinds = {_kind(_at(self._data, path)) for path in paths}
        if self._strict and len(kinds) > 1:
            raise ContractError(
                _SELECTS(
                    location=str(self._action.location),
                    target=str(self._action.target),
                    kinds=Listing(tuple(sorted(kinds)), "and"),
                )
            )
        self._selected = frozenset(join("", *path) for path in paths)
        changes = False
        for path in paths:
            present, pointer = _at(self._data, path), join("", *path)
            value = self._content(update, present, path)
            changes = changes or not self._is_so(present, value, pointer)
            if isinstance(present, dict) and isinstance(value, dict):
                self._merge(present, value, pointer, "")
            elif isinstance(present, list):
                whole = self._strict and isinstance(value, list)
                for index, entry in enumerate(value if whole else [value]):
                    self._append(present, entry, pointer, f"/{index}" if whole else "")
            elif path and _kind(present) == _kind(value) == "primitives":
                _at(self._data, path[:-1])[path[-1]] = value
                self._note(pointer, "")
            else:
                raise ContractError(
                    _SELECTS_AND_ITS_UPDATE_IS(
                        location=str(self._action.location),
                        target=str(self._action.target),
                        present=_kind(present),
                        value=_kind(value),
                    )
                )
        return changes

    def _content(self, update: Any, present: Any, path: Steps) -> Any:
        """The update; what it refers to where it is a copied reference, beside which all that is there were ignored."""
        if self._source is None or not is_reference(update, self._source) or not isinstance(present, dict):
            return update
        if "$ref" in present or not ignored_beside(tuple(present), path, modern=self._work.modern):
            return update
        return copied(resolve(self._data, self._referent(update["$ref"], join("", *self._source))))

    def _is_so(self, present: Any, update: Any, pointer: str) -> bool:
        """Whether an update says nothing that is not so already."""
        if isinstance(present, dict) and isinstance(update, dict):
            if self._reference_beside(present, update, pointer) is not None and "$ref" not in update:
                pointer = self._referent(present["$ref"], pointer)
                present = resolve(self._data, pointer)
            return all(
                name in present and self._is_so(present[name], value, join(pointer, name))
                for name, value in update.items()
            )
        if isinstance(present, list):
            return isinstance(update, list) and not update
        return type(present) is type(update) and bool(present == update)

    def _reference_beside(self, into: dict[str, Any], update: dict[str, Any], pointer: str) -> str | None:
        """The reference beside which members of an update would be ignored, if there is one."""
        reference, path = update.get("$ref", into.get("$ref")), split(pointer)
        beside = is_reference({"$ref": reference}, path) and ignored_beside(
            tuple(update), path, modern=self._work.modern
        )
        return reference if beside else None

    def _referent(self, reference: str, pointer: str) -> str:
        """The pointer of the object that a reference standing at ``pointer`` means in the end."""
        try:
            _, where = follow(self._work, local_pointer(self._work, pointer, reference))
        except ContractError as error:
            raise ContractError(
                _CANNOT_BE_APPLIED_BESIDE_REFERENCE(
                    location=str(self._action.location), target=str(self._action.target), why=error.message
                )
            ) from None
        if not isinstance(resolve(self._data, where), dict):
            place = self._work.location(where)
            raise ContractError(
                _REFERS_TO_WHICH_IS_NO(
                    location=str(self._action.location), target=str(self._action.target), place=str(place)
                )
            )
        return where

    def _merge(self, into: dict[str, Any], update: dict[str, Any], pointer: str, source: str) -> None:
        """``pointer`` is that of ``into`` in the document, ``source`` that of ``update`` in the action."""
        reference = self._reference_beside(into, update, pointer)
        if reference is not None:
            if self._is_so(into, update, pointer):
                return
            where = self._referent(reference, pointer)
            if where in self._selected:
                return  # the action changes what is referred to, and so what is here
            into = put_in_place(self._data, self._locations, where, pointer)
            update = {name: value for name, value in update.items() if name != "$ref"}
        for name, value in update.items():
            present, inner, from_ = into.get(name), join(pointer, name), join(source, name)
            if isinstance(present, dict) and isinstance(value, dict):
                self._merge(present, value, inner, from_)
            elif isinstance(present, list) and isinstance(value, list):
                # The array stays where the document has it: only what was added is the overlay's.
                for index, entry in enumerate(value):
                    self._append(present, entry, inner, f"{from_}/{index}")
            elif self._strict and name in into and _kind(present) != _kind(value):
                raise ContractError(
                    _IS_ONE_OF_IN_DOCUMENT(
                        location=str(self._action.location),
                        name=str(name),
                        present=_kind(present),
                        value=_kind(value),
                    )
                )
            else:
                _forget(self._locations, inner, present)
                into[name] = copied(value)
                self._note(inner, from_)

    def _append(self, to: list[Any], entry: Any, pointer: str, source: str) -> None:
        to.append(copied(entry))
        self._note(join(pointer, len(to) - 1), source)

    def _note(self, pointer: str, source: str) -> None:
        """Give a new node, and all in it, the places that they have in the overlay."""
        known = self._action.locations
        self._locations[pointer] = known.get(source, self._action.location)
        for inner in [inner for inner in known if inner.startswith(source + "/")]:
            self._locations[pointer + inner[len(source) :]] = known[inner]


def _kind(value: Any) -> str:
    return "objects" if isinstance(value, dict) else "arrays" if isinstance(value, list) else "primitives"


def _move(locations: dict[str, Location], pointer: str, to: str) -> None:
    for known in [known for known in locations if known == pointer or known.startswith(pointer + "/")]:
        locations[to + known[len(pointer) :]] = locations.pop(known)


def _forget(locations: dict[str, Location], pointer: str, value: Any) -> None:
    """Drop the places of a value that stood at a pointer, and of all in it."""
    for inner in pointers(value):
        locations.pop(pointer + inner, None)
