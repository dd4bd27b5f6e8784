"""The self-check of a batch API as a whole: what its operations contradict in each other, be they judged or not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from batch_conformance.contract.choice import ListedOperation
from batch_conformance.contract.document import Document
from batch_conformance.contract.document_finding import DocumentFinding, finding
from batch_conformance.contract.error import ContractError
from batch_conformance.contract.list_form import FIRST, LAST
from batch_conformance.contract.operation import Operation
from batch_conformance.contract.path_template import parameters
from batch_conformance.contract.pointer import join
from batch_conformance.contract.reference import follow
from batch_conformance.contract.translate import resolve
from batch_conformance.message import Template

_REPEATED = Template("document.operation_id_repeated.says", "{id} is the operationId of {one} and of {other}")
_MISSING = Template(
    "document.parameter_missing.of_operation", "{parameter} stands in the path of {operation} and among no parameters"
)
_ASTRAY = Template(
    "document.parameter_astray.says", "{name} is a parameter of the path, and {path} has none of this name"
)
_ENVELOPE = Template(
    "document.envelope_mixed.says", "{operation} answers with its object inside of data, and other operations do not"
)
_SWAPPED = Template(
    "document.words_swapped.says", "the greatest value is {most} and the least {least}, in the words of {name}"
)
_EXAMPLE = Template(
    "document.list_example.says", "{member} of the example is {said}, and the {place} item has the id {id}"
)

_BOUNDS = re.compile(r"max\w*[^.;]*?(\d+) *([a-z]+)[^.;]*min\w*[^.;]*?(\d+) *\2", re.IGNORECASE)
_AROUND = frozenset({"code", "message", "msg", "status", "success"})


def check_api(
    document: Document, parts: Iterable[ListedOperation], compiled: Sequence[Operation]
) -> Iterator[DocumentFinding]:
    """What is odd about the operations of a batch API, by what each says beside the others."""
    listed = [(one, node, pointer) for one in parts for node, pointer in _nodes(document, one)]
    yield from _check_ids(document, [(one, pointer) for one, _, pointer in listed])
    judged = {one.path for one in compiled}
    enveloped = {pointer: _is_enveloped(document, pointer) for _, _, pointer in listed}
    for one, node, pointer in listed:
        shown = f"{one.method} {one.path}"
        yield from _check_path(document, one, pointer, is_judged=one.method == "GET" and one.path in judged)
        yield from _check_words(document, node, pointer)
        if enveloped[pointer] and not all(enveloped.values()):
            yield finding(document, "envelope_mixed", pointer, _ENVELOPE(operation=shown))
        yield from _check_example(document, pointer)


def _nodes(document: Document, one: ListedOperation) -> Iterator[tuple[Mapping[str, Any], str]]:
    """The node of an operation and where it stands; nothing where it cannot be read."""
    try:
        _, pointer = follow(document, join("", "paths", one.path))
        node, pointer = follow(document, join(pointer, one.method.lower()))
    except ContractError:
        return
    yield node, pointer


def _check_ids(document: Document, listed: Sequence[tuple[ListedOperation, str]]) -> Iterator[DocumentFinding]:
    first: dict[str, str] = {}
    for one, pointer in sorted(listed, key=lambda pair: document.location(pair[1]).line):
        shown = f"{one.method} {one.path}"
        if one.id and one.id in first:
            says = _REPEATED(id=one.id, one=first[one.id], other=shown)
            yield finding(document, "operation_id_repeated", join(pointer, "operationId"), says)
        first.setdefault(one.id, shown)


def _check_path(
    document: Document, one: ListedOperation, pointer: str, *, is_judged: bool
) -> Iterator[DocumentFinding]:
    declared: dict[str, str] = {}
    for owner in (pointer.rpartition("/")[0], pointer):
        for index in range(len(_listed(_mapping(resolve(document.data, owner)).get("parameters")))):
            where = join(owner, "parameters", index)
            try:
                parameter, _ = follow(document, where)
            except ContractError:
                continue
            if parameter.get("in") == "path":
                declared[str(parameter.get("name"))] = where
    names = parameters(one.path)
    for name in names:
        if name not in declared and not is_judged:  # of one that is judged its own self-check says so
            says = _MISSING(parameter=f"{{{name}}}", operation=f"{one.method} {one.path}")
            yield finding(document, "parameter_missing", pointer, says)
    for name, where in declared.items():
        if name not in names:
            yield finding(document, "parameter_astray", where, _ASTRAY(name=name, path=one.path))


def _check_words(document: Document, node: Mapping[str, Any], pointer: str) -> Iterator[DocumentFinding]:
    """Bounds in the description of a member of the request, the greatest below the least."""
    content = node.get("requestBody")
    for media_type, media in _mapping(_mapping(content).get("content")).items():
        for name, member in _mapping(_mapping(_mapping(media).get("schema")).get("properties")).items():
            found = _BOUNDS.search(str(_mapping(member).get("description", "")))
            if found and int(found[1]) < int(found[3]):
                where = join(pointer, "requestBody", "content", media_type, "schema", "properties", name, "description")
                says = _SWAPPED(most=f"{found[1]} {found[2]}", least=f"{found[3]} {found[2]}", name=name)
                yield finding(document, "words_swapped", where, says)


def _is_enveloped(document: Document, pointer: str) -> bool:
    """Whether a success is an object inside of another one that says how it went."""
    try:
        response, pointer = follow(document, join(pointer, "responses", "200"))
        kind = next((kind for kind in _mapping(response.get("content")) if "json" in kind), "")
        schema, _ = follow(document, join(pointer, "content", kind, "schema"))
        members = _mapping(schema.get("properties"))
        inner = _mapping(members.get("data"))
    except ContractError:
        return False
    return len(_AROUND & members.keys()) > 1 and (inner.get("type") == "object" or "properties" in inner)


def _check_example(document: Document, pointer: str) -> Iterator[DocumentFinding]:
    """An example of a list whose ends are not those of its items."""
    try:
        response, pointer = follow(document, join(pointer, "responses", "200"))
    except ContractError:
        return
    for kind, media in _mapping(response.get("content")).items():
        example = _mapping(_mapping(media).get("example"))
        items = [item for item in _listed(example.get("data")) if isinstance(item, Mapping)]
        for member, item, place in (("first_id", items[:1], FIRST), ("last_id", items[-1:], LAST)):
            said, known = example.get(member), item[0].get("id") if item else None
            if isinstance(said, str) and isinstance(known, str) and said != known:
                says = _EXAMPLE(member=member, said=said, place=place, id=known)
                yield finding(document, "list_example", join(pointer, "content", kind, "example", member), says)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
