"""Reference Objects (`$ref`): where OpenAPI has them, what they refer to, and what they refer to put in their place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from batch_conformance.contract.document import Document
from batch_conformance.contract.error import ContractError
from batch_conformance.contract.location import Location
from batch_conformance.contract.node_kind import kind_at
from batch_conformance.contract.operation import is_status
from batch_conformance.contract.pointer import join, split
from batch_conformance.contract.translate import local_pointer, resolve
from batch_conformance.contract.tree import copied, pointers
from batch_conformance.message import Template

_REFERENCES_LEAD_ROUND_IN_CIRCLE = Template(
    "reference.references_lead_round_in_circle", "{start}: references lead round in a circle"
)

_MOST_HOPS = 20
_REFERABLE = frozenset(
    {
        *("schema", "response", "parameter", "example", "request body", "header", "security scheme", "link"),
        *("callback", "path item", "media type"),
    }
)
"""What OpenAPI lets a reference stand for."""


def is_reference(node: Any, path: Sequence[str | int]) -> bool:
    """Whether a node at a path refers to another one: an example or a property may have a member ``$ref`` as well."""
    return isinstance(node, Mapping) and isinstance(node.get("$ref"), str) and kind_at(path) in _REFERABLE


def ignored_beside(names: Sequence[str], path: Sequence[str | int], *, modern: bool) -> bool:
    """Whether one of these members would be ignored beside a ``$ref`` at a path.

    OpenAPI 3.1 and 3.2 let a schema have any, and any other reference ``summary`` and ``description``; 3.0 knows none.
    """
    kind = kind_at(path)
    known = ("summary", "description") if modern and kind != "path item" else ()
    return not (modern and kind == "schema") and any(name != "$ref" and name not in known for name in names)


def follow(document: Document, pointer: str) -> tuple[Mapping[str, Any], str]:
    """The object at a pointer and where it really stands, local references followed; an empty one for no object.

    Raises ``ContractError`` for a reference that leaves the document, leads nowhere or round in a circle.
    """
    start = pointer
    for _ in range(_MOST_HOPS):
        node = resolve(document.data, pointer)
        if not isinstance(node, Mapping):
            return {}, pointer
        if "$ref" not in node:
            return node, pointer
        pointer = local_pointer(document, pointer, node["$ref"])
    raise ContractError(_REFERENCES_LEAD_ROUND_IN_CIRCLE(start=str(document.location(start))))


def put_in_place(data: Any, locations: dict[str, Location], source: str, pointer: str) -> Any:
    """Put a copy of the node at ``source`` in place of the one at ``pointer``, and give it.

    What is in the copy keeps the locations that it has at ``source``; references in it stay references.
    """
    copy = copied(resolve(data, source))
    places = {
        pointer + inner: locations[source + inner] for inner in pointers(copy) if inner and source + inner in locations
    }
    for inner in pointers(resolve(data, pointer)):
        if inner:
            locations.pop(pointer + inner, None)
    around, _, _ = pointer.rpartition("/")
    holder, last = resolve(data, around), split(pointer)[-1]
    holder[int(last) if isinstance(holder, list) else last] = copy
    locations.update(places)
    return copy


@dataclass(frozen=True, slots=True)
class MisplacedReference:
    """A reference where OpenAPI has none: the place of its ``$ref``, where that points, and the field that it is."""

    location: Location
    pointer: str
    reference: str

    @property
    def field(self) -> str:
        """The name of the field, such as ``get`` or ``responses``."""
        return split(self.pointer)[-1]


def follow_misplaced(
    document: Document, path: str, method: str = "get"
) -> tuple[Document, tuple[MisplacedReference, ...]]:
    """The document with what they refer to in place of references that OpenAPI does not have, in an operation.

    ``method`` is in lower case.
    Bundlers leave such behind: ``get: {$ref: …}``, and ``responses``, ``headers`` or ``content`` as a whole. Raises
    ``ContractError`` as ``follow`` does.
    """
    following = _Following(document)
    _, item = follow(document, join("", "paths", path))
    operation = join(item, method)
    for pointer in (operation, join(item, "parameters"), join(operation, "parameters"), join(operation, "responses")):
        following.settle(pointer)
    for status in following.names(join(operation, "responses")):
        if is_status(status):
            _, response = follow(following.document, join(operation, "responses", status))
            following.settle(join(response, "headers"))
            following.settle(join(response, "content"))
            for media_type in following.names(join(response, "content")):
                following.settle(join(response, "content", media_type))
    return following.document, tuple(following.found)


def follow_paths(document: Document) -> tuple[Document, tuple[MisplacedReference, ...]]:
    """The same where ``paths`` as a whole is a reference: bundles of many files begin so. Raises ``ContractError``."""
    following = _Following(document)
    following.settle("/paths")
    return following.document, tuple(following.found)


class _Following:
    """A document on the way to one without misplaced references; it is copied once there is one."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self.found: list[MisplacedReference] = []
        self._locations: dict[str, Location] = {}
        self._refers_to_media_types = str(document.data.get("openapi", "")).startswith("3.2")

    def settle(self, pointer: str) -> None:
        """Put what it refers to in place of an object that only refers, where there is one at a pointer."""
        node = self._node(pointer)
        beside = {name for name in node if not name.startswith("x-")} - {"summary", "description"}
        if beside != {"$ref"}:
            return
        _, source = follow(self.document, pointer)
        if not (kind_at(split(pointer)) == "media type" and self._refers_to_media_types):
            location = self.document.location(join(pointer, "$ref"))
            self.found.append(MisplacedReference(location, pointer, str(node["$ref"])))
        if not self._locations:
            self._locations = dict(self.document.locations)
            self.document = replace(self.document, data=copied(self.document.data), locations=self._locations)
        put_in_place(self.document.data, self._locations, source, pointer)

    def names(self, pointer: str) -> tuple[str, ...]:
        """The names of the members of a mapping; none where there is no mapping."""
        return tuple(map(str, self._node(pointer)))

    def _node(self, pointer: str) -> Mapping[str, Any]:
        try:
            node = resolve(self.document.data, pointer)
        except ContractError:
            return {}
        return node if isinstance(node, Mapping) else {}
