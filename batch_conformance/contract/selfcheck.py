"""The self-check: where the document contradicts itself, and where it is too loose to test by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from batch_conformance.contract.document import Document
from batch_conformance.contract.location import Location
from batch_conformance.contract.pointer import join, split
from batch_conformance.contract.schema import Schema
from batch_conformance.contract.translate import resolve

if TYPE_CHECKING:
    from batch_conformance.contract.contract import Operation

Predicted = tuple[str, str]
"""A status and a pointer into its body."""

_USUAL_STATUSES = ("401", "404", "429", "500")
_STATE_NAMES = ("status", "state", "phase", "object")


@dataclass(frozen=True, slots=True)
class DocumentFinding:
    """Something about the document itself.

    ``id`` is stable: rule and pointer. ``repair`` is the OpenAPI Overlay action that settles it, if one does.
    ``predicts`` names what a run will find because of it: (status, pointer into the body).
    """

    id: str
    rule: str
    level: Literal["should", "info"]
    title: str
    says: str
    why: str
    location: Location
    pointer: str
    repair: Mapping[str, Any] | None = None
    predicts: tuple[Predicted, ...] = ()


@dataclass(frozen=True, slots=True)
class _Kind:
    level: Literal["should", "info"]
    title: str
    why: str


_KINDS: Mapping[str, _Kind] = {
    "example_null": _Kind(
        "should",
        "An example is null where null is not allowed",
        "A server that answers as the example does breaks the schema; which one is meant is not said.",
    ),
    "example_invalid": _Kind(
        "should", "An example breaks its own schema", "Readers and generators take it for a legal value."
    ),
    "default_invalid": _Kind(
        "should", "A default breaks its own schema", "Generated clients fill it in and break their own types."
    ),
    "nullable_redundant": _Kind(
        "info", "nullable: false says nothing", "Beside fields that lack it, it suggests that those may be null."
    ),
    "object_untyped": _Kind(
        "info", "An object without properties", "Any object keeps it, so nothing inside can be tested."
    ),
    "no_required": _Kind(
        "info", "No property is required", "A renamed or dropped property is never noticed by the schema alone."
    ),
    "no_enum": _Kind(
        "info", "A state without its values", "Clients decide by it, and a new or misspelt value keeps the schema."
    ),
    "time_untyped": _Kind(
        "info", "A time without a unit", "Milliseconds keep the schema and put the batch thousands of years away."
    ),
    "string_quoting": _Kind(
        "info",
        "A JSON body that is a bare string",
        "Servers send it as plain text, which is no JSON: clients that parse it fail.",
    ),
    "no_errors": _Kind(
        "info",
        "No error response is documented",
        "How errors look cannot be tested; what the server answers is judged by HTTP alone.",
    ),
    "status_missing": _Kind(
        "info", "A usual status is not documented", "Servers answer it sooner or later, and its body cannot be tested."
    ),
    "no_headers": _Kind("info", "No response header is documented", "Trace ids and rate limits cannot be relied on."),
    "parameter_vague": _Kind(
        "info",
        "A path parameter that can be any string",
        "No id can be told from a malformed one, and none can be guessed for a test.",
    ),
}


@dataclass(frozen=True)
class _Use:
    """A schema node, and the place in the body of one status that it describes."""

    status: str
    pointer: str
    body: str

    @property
    def name(self) -> str:
        return self.body or f"the body of {self.status}"


def self_check(document: Document, operation: Operation) -> tuple[DocumentFinding, ...]:
    """Everything found about the part of the document that describes the operation, in document order."""
    uses: dict[str, list[_Use]] = {}
    found: list[DocumentFinding] = []
    for response in operation.responses.values():
        for schema in response.content.values():
            if schema is not None:
                for pointer, body in _nodes(document, schema.pointer, ""):
                    uses.setdefault(pointer, []).append(_Use(response.status, pointer, body))
                found += _check_body(document, schema, response.status)
    for of_one in uses.values():
        found += _check_samples(document, of_one)
        found += _check_looseness(document, of_one[0])
    found += _check_responses(document, operation)
    found += _check_parameters(document, operation)
    return tuple(sorted(found, key=lambda finding: (finding.location.line, finding.id)))


def _nodes(document: Document, pointer: str, body: str, seen: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """Every schema below a pointer: its pointer in the document, and the place in the body that it describes."""
    node = resolve(document.data, pointer)
    if not isinstance(node, Mapping) or pointer in seen:
        return
    inner = (*seen, pointer)
    reference = node.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/"):
        yield from _nodes(document, reference[1:], body, inner)
        return
    yield pointer, body
    properties = node.get("properties")
    for name in properties if isinstance(properties, Mapping) else ():
        yield from _nodes(document, join(pointer, "properties", name), join(body, name), inner)
    if isinstance(node.get("items"), Mapping):
        yield from _nodes(document, join(pointer, "items"), body + "/*", inner)
    for keyword in ("allOf", "anyOf", "oneOf"):
        for index in range(len(node.get(keyword, ()))):
            yield from _nodes(document, join(pointer, keyword, index), body, inner)


def _check_samples(document: Document, uses: list[_Use]) -> Iterator[DocumentFinding]:
    use = uses[0]
    node = resolve(document.data, use.pointer)
    schema = Schema(document, use.pointer)
    target = _json_path(document, use.pointer)
    kind_of = f"the type is {node.get('type', 'not given')}"
    for path, value in _samples(node):
        if schema.is_valid(value):
            continue
        where = join(use.pointer, *path)
        if value is None:
            yield _finding(
                document,
                "example_null",
                where,
                f"{use.name}: {path[0]} is null, {kind_of} and not nullable",
                repair={"target": target, "update": _nullable(node, modern=schema.modern)},
                predicts=tuple((other.status, other.body) for other in uses),
            )
        else:
            kind = "default_invalid" if path[0] == "default" else "example_invalid"
            remove = {"target": f"{target}[{_quoted(path[0])}]", "remove": True}
            says = f"{use.name}: {path[0]} is {str(value)[:60]!r}, {kind_of}"
            yield _finding(document, kind, where, says, repair=remove if len(path) == 1 else None)


def _samples(node: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    for keyword in ("example", "default"):
        if keyword in node:
            yield (keyword,), node[keyword]
    if isinstance(node.get("examples"), list):
        for index, value in enumerate(node["examples"]):
            yield ("examples", index), value


def _nullable(node: Mapping[str, Any], *, modern: bool) -> dict[str, Any]:
    if not modern:
        return {"nullable": True}
    kinds = node.get("type", [])
    return {"type": [*([kinds] if isinstance(kinds, str) else kinds), "null"]}


def _check_looseness(document: Document, use: _Use) -> Iterator[DocumentFinding]:
    node = resolve(document.data, use.pointer)
    kind, last = node.get("type"), use.body.rpartition("/")[2]
    if node.get("nullable") is False:
        yield _finding(
            document,
            "nullable_redundant",
            join(use.pointer, "nullable"),
            f"{use.name}: nullable is false by default",
            repair={"target": f"{_json_path(document, use.pointer)}['nullable']", "remove": True},
        )
    if kind == "object" and not node.get("properties") and "additionalProperties" not in node:
        says = f"{use.name} is an object of which nothing more is said"
        yield _finding(document, "object_untyped", use.pointer, says)
    if kind == "string" and last in _STATE_NAMES and not {"enum", "const"} & node.keys():
        yield _finding(document, "no_enum", use.pointer, f"{use.name} is a string; its values are not listed")
    if kind == "integer" and last.endswith("_at") and not {"format", "minimum"} & node.keys():
        says = f"{use.name} is an integer; whether of seconds or milliseconds is not said"
        yield _finding(document, "time_untyped", use.pointer, says)


def _check_body(document: Document, schema: Schema, status: str) -> Iterator[DocumentFinding]:
    root, *members = schema.properties
    if root.types == {"object"} and not any(place.required for place in members):
        says = f"the body of {status} requires nothing: {{}} keeps the schema"
        yield _finding(document, "no_required", schema.pointer, says)
    if root.types == {"string"} and not status.startswith("2"):
        shown = f" (example: {root.example})" if root.example else ""
        says = f"the body of {status} is a string{shown}; whether its quotes are on the wire is not said"
        yield _finding(document, "string_quoting", root.source, says, predicts=((status, ""),))


def _check_responses(document: Document, operation: Operation) -> Iterator[DocumentFinding]:
    pointer = join(operation.location.pointer, "responses")
    if not operation.lists_errors:
        yield _finding(document, "no_errors", pointer, f"only {', '.join(operation.responses)} is listed")
    else:
        for status in _USUAL_STATUSES:
            if operation.response_for(int(status)) is None and (operation.secured or status != "401"):
                yield _finding(document, "status_missing", pointer, f"{status} is not listed", suffix=status)
    if not any(response.headers for response in operation.responses.values()):
        yield _finding(document, "no_headers", pointer, "no response declares a header")


def _check_parameters(document: Document, operation: Operation) -> Iterator[DocumentFinding]:
    pointer = operation.location.pointer
    for owner in (pointer, pointer.rpartition("/")[0]):
        parameters = resolve(document.data, owner).get("parameters")
        for index, parameter in enumerate(parameters if isinstance(parameters, list) else ()):
            if not isinstance(parameter, Mapping) or parameter.get("in") != "path":
                continue
            schema = parameter.get("schema")
            narrowed = {"pattern", "format", "example", "examples", "enum"}
            if not narrowed & ({*schema} if isinstance(schema, Mapping) else set()) and not narrowed & parameter.keys():
                says = f"{parameter.get('name')} has no pattern, format or example"
                yield _finding(document, "parameter_vague", join(owner, "parameters", index), says)


def _finding(
    document: Document,
    kind: str,
    pointer: str,
    says: str,
    *,
    repair: Mapping[str, Any] | None = None,
    predicts: tuple[Predicted, ...] = (),
    suffix: str = "",
) -> DocumentFinding:
    known, rule = _KINDS[kind], f"document.{kind}"
    return DocumentFinding(
        id=" ".join(filter(None, (rule, pointer, suffix))),
        rule=rule,
        level=known.level,
        title=known.title,
        says=says,
        why=known.why,
        location=document.location(pointer),
        pointer=pointer,
        repair=repair,
        predicts=predicts,
    )


def _json_path(document: Document, pointer: str) -> str:
    path, node = "$", document.data
    for step in split(pointer):
        path += f"[{step}]" if isinstance(node, list) else f"[{_quoted(step)}]"
        node = node[int(step)] if isinstance(node, list) else node[step]
    return path


def _quoted(step: str | int) -> str:
    return "'" + str(step).replace("\\", "\\\\").replace("'", "\\'") + "'"
