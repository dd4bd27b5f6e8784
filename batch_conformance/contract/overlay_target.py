"""What the target of an overlay's action selects, and what it would select if references were followed."""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator
from dataclasses import dataclass

import jsonpath_rfc9535
from jsonpath_rfc9535 import JSONPathNode, JSONPathQuery
from jsonpath_rfc9535.segments import JSONPathChildSegment, JSONPathSegment
from jsonpath_rfc9535.selectors import FilterSelector

from batch_conformance.contract.document import Document
from batch_conformance.contract.document_finding import quoted
from batch_conformance.contract.error import ContractError
from batch_conformance.contract.location import Location
from batch_conformance.contract.pointer import join, split
from batch_conformance.contract.reference import follow, ignored_beside, is_reference
from batch_conformance.contract.translate import resolve
from batch_conformance.message import Message, Template

_MATCHES_NOTHING_IN_DOCUMENT = Template(
    "overlay_target.matches_nothing_in_document", "{location}: {target} matches nothing in the document"
)
_BECAUSE = Template("overlay_target.because", "{what}: {why}")
_IS_REFERENCE = Template(
    "overlay_target.is_reference", "{name} is a reference to #{where} ({place}); did you mean {meant}?"
)
_AND_MORE = Template("overlay_target.and_more", "{names} and {number} more")
_SELECTS_ONLY_WHAT_IS_IGNORED = Template(
    "overlay_target.selects_only_what_is_ignored",
    "{location}: {target} selects only what is ignored beside a reference",
)
_IS_NO_JSONPATH = Template("overlay_target.is_no_jsonpath", "{location}: {target} is no JSONPath: {why}")
_SELECTS_WHAT_IS_IGNORED_BESIDE = Template(
    "overlay_target.selects_what_is_ignored_beside",
    "{location}: {target} selects what is ignored beside a reference: {why}",
)

Steps = tuple[str | int, ...]
"""Member names and array indices from the root of a document to a node."""

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Missed:
    """A node that a target means by way of a reference, and the reference that is in the way."""

    meant: Steps
    reference: Steps


@dataclass(frozen=True, slots=True)
class Selection:
    """The nodes that a target selects, and those that it does not, because they stand behind references."""

    paths: tuple[Steps, ...]
    missed: tuple[Missed, ...]


def select(document: Document, target: str, location: Location) -> Selection:
    """What a JSONPath selects. Raises ``ContractError`` for no JSONPath, and where nothing is selected.

    ``location`` is that of the action. The message names the target that was meant, where references are in the way.
    """
    try:
        query = jsonpath_rfc9535.compile(target)
        paths = tuple(dict.fromkeys(tuple(node.location) for node in query.find(document.data)))
        meant, stops = _followed(document, query)
    except (jsonpath_rfc9535.JSONPathError, RecursionError) as error:
        raise ContractError(_IS_NO_JSONPATH(location=str(location), target=f"{target!r}", why=str(error))) from None
    selected = set(paths)
    missed = tuple(one for one in meant if one.meant not in selected)
    if not paths:
        what = _MATCHES_NOTHING_IN_DOCUMENT(location=str(location), target=target)
        why = _why_not_followed(document, missed) if missed else stops[0].message if stops else None
        raise ContractError(what if why is None else _BECAUSE(what=what, why=why))
    return Selection(paths, missed)


def effective(document: Document, target: str, location: Location, selection: Selection) -> Selection:
    """The selection without what is ignored because it stands beside a reference.

    Raises ``ContractError`` where nothing is left: whatever were said there would be ignored as well.
    """
    ignored = {path: place for path in selection.paths if (place := _ignored(document, path)) is not None}
    missed = selection.missed
    for path, place in ignored.items():
        try:
            _, where = follow(document, join("", *place))
        except ContractError as error:
            raise ContractError(
                _SELECTS_WHAT_IS_IGNORED_BESIDE(location=str(location), target=str(target), why=error.message)
            ) from None
        missed += (Missed((*split(where), *path[len(place) :]), place),)
    paths = tuple(path for path in selection.paths if path not in ignored)
    if not paths:
        what = _SELECTS_ONLY_WHAT_IS_IGNORED(location=str(location), target=target)
        raise ContractError(_BECAUSE(what=what, why=_why_not_followed(document, missed)))
    return Selection(paths, missed)


def shown(paths: Iterable[Steps]) -> Message | str:
    """Some paths as JSONPaths for people."""
    names = [readable(path) for path in dict.fromkeys(paths)]
    first = ", ".join(names[:_SHOWN])
    return _AND_MORE(names=first, number=len(names) - _SHOWN) if len(names) > _SHOWN else first


def readable(path: Steps) -> str:
    """A path as JSONPath, names in the short form where it can be."""
    return "$" + "".join(
        f"[{step}]" if isinstance(step, int) else f".{step}" if _PLAIN_NAME.fullmatch(step) else f"[{quoted(step)}]"
        for step in path
    )


def _why_not_followed(document: Document, missed: tuple[Missed, ...]) -> Message:
    first = missed[0]
    _, where = follow(document, join("", *first.reference))
    return _IS_REFERENCE(
        name=repr(str(first.reference[-1])),
        where=where,
        place=str(document.location(where)),
        meant=shown(one.meant for one in missed),
    )


def _followed(document: Document, query: JSONPathQuery) -> tuple[list[Missed], list[ContractError]]:
    """What a query selects by way of references, and why references could not be followed."""
    walk = _PathWalk(document)
    nodes: dict[Steps, JSONPathNode] = {(): walk.node(())}
    for segment in query.segments:
        for place, node in list(nodes.items()):
            if is_reference(node.value, place) and (path := walk.enter(place)) is not None:
                nodes.setdefault(path, walk.node(path))
        found = {tuple(node.location): node for node in segment.resolve(nodes.values())}
        if _tests_members(segment):
            for node in nodes.values():
                found |= {path: walk.node(path) for path in walk.pass_as_referred(segment, node, found)}
        nodes = found
    through = ((path, _nearest(walk.entered, path)) for path in nodes)
    return [Missed(path, walk.entered[prefix]) for path, prefix in through if prefix is not None], walk.stops


class _PathWalk:
    """The way of a query through a document: ``entered`` is by which reference each node was reached."""

    def __init__(self, document: Document) -> None:
        self.entered: dict[Steps, Steps] = {}
        self.stops: list[ContractError] = []
        self._document = document

    def node(self, path: Steps, value: object = None) -> JSONPathNode:
        """The node at a path, or one that has another value there."""
        data = self._document.data
        there = resolve(data, join("", *path)) if value is None else value
        return JSONPathNode(value=there, location=path, parent=None, root=data)

    def enter(self, place: Steps) -> Steps | None:
        """The path of what the reference at a place refers to; None where it cannot be followed."""
        try:
            _, where = follow(self._document, join("", *place))
        except ContractError as error:
            self.stops.append(error)
            return None
        path = _steps(self._document.data, where)
        self.entered.setdefault(path, place)
        return path

    def pass_as_referred(
        self, segment: JSONPathSegment, node: JSONPathNode, found: Container[Steps]
    ) -> Iterator[Steps]:
        """The paths of what the members of a node refer to that would pass a filter and, as references, do not."""
        value, place = node.value, tuple(node.location)
        members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
        referred = {
            step: path
            for step, member in members
            if is_reference(member, (*place, step)) and (path := self.enter((*place, step))) is not None
        }
        if not referred:
            return
        targets = {step: self.node(path).value for step, path in referred.items()}
        as_referred: object = (
            {**value, **targets}
            if isinstance(value, dict)
            else [targets.get(index, item) for index, item in enumerate(value if isinstance(value, list) else ())]
        )
        for hit in segment.resolve([self.node(place, as_referred)]):
            if hit.location[-1] in referred and tuple(hit.location) not in found:
                yield referred[hit.location[-1]]


def _tests_members(segment: JSONPathSegment) -> bool:
    """Whether a segment has a filter that members have to pass, and that does not ask for references itself."""
    filters = any(isinstance(selector, FilterSelector) for selector in segment.selectors)
    return filters and isinstance(segment, JSONPathChildSegment) and "$ref" not in str(segment)


def _nearest(entered: dict[Steps, Steps], path: Steps) -> Steps | None:
    return next((path[:end] for end in range(len(path), -1, -1) if path[:end] in entered), None)


def _ignored(document: Document, path: Steps) -> Steps | None:
    """The reference beside which a node is ignored, be it further out; None where it is not."""
    node = document.data
    modern = document.modern
    for depth, step in enumerate(path):
        if is_reference(node, path[:depth]) and ignored_beside([str(step)], path[:depth], modern=modern):
            return path[:depth]
        node = node[step]  # type: ignore[index]
    return None


def _steps(data: object, pointer: str) -> Steps:
    steps: list[str | int] = []
    for token in split(pointer):
        around = resolve(data, join("", *steps))
        steps.append(int(token) if isinstance(around, list) else token)
    return tuple(steps)
