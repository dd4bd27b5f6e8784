"""The contract: a document under a reading, compiled into an operation, its responses and its clauses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Any, Literal

from batch_conformance.contract.choice import DEFAULT_CHOICE, METHODS, Choice, ListedOperation, choose, operations_of
from batch_conformance.contract.clause import Clause
from batch_conformance.contract.clauses import derive_clauses
from batch_conformance.contract.document import ContractError, Document
from batch_conformance.contract.location import Location
from batch_conformance.contract.operation import Operation, ResponseContract, is_status
from batch_conformance.contract.overlay import Action, Overlay, apply, apply_with_findings
from batch_conformance.contract.path_parameter import path_parameter
from batch_conformance.contract.path_template import parameters
from batch_conformance.contract.pointer import join
from batch_conformance.contract.reference import follow, follow_misplaced, follow_paths
from batch_conformance.contract.roles import Roles, infer_roles
from batch_conformance.contract.schema import Schema
from batch_conformance.contract.selfcheck import DocumentFinding, self_check
from batch_conformance.contract.translate import resolve

Reading = Literal["published", "documented"]


@dataclass(frozen=True)
class Contract:
    """A document under a reading, compiled.

    ``servers`` are the URL templates that hold for the operation: its own, its path's, or the document's. ``repaired``
    is true where the self-check's repairs stand in for an overlay that nobody gave.
    """

    document: Document
    reading: Reading
    overlays: tuple[str, ...]
    title: str
    version: str
    openapi: str
    servers: tuple[str, ...]
    operation: Operation
    roles: Roles
    clauses: tuple[Clause, ...]
    document_findings: tuple[DocumentFinding, ...]
    repaired: bool

    @property
    def private(self) -> tuple[str, ...]:
        """Places in bodies whose values are nobody else's business: customers' own, and what is only written."""
        schemas = [schema for one in self.operation.responses.values() for schema in one.content.values() if schema]
        written = [place.pointer for schema in schemas for place in schema.properties if place.write_only]
        return (*self.roles.free_maps, *dict.fromkeys(written))

    def served_at(self, path: str) -> Contract:
        """The same contract, its operation at another path: a template with the operation's own parameter."""
        paths = {path: self.document.data["paths"][self.operation.path]}
        document = replace(self.document, data={**self.document.data, "paths": paths})
        return replace(self, document=document, operation=replace(self.operation, path=path))

    def unsecured(self) -> Contract:
        """The same contract for a server that asks for no credential."""
        return replace(self, operation=replace(self.operation, secured=False))


def compile_contract(
    document: Document,
    reading: Reading = "documented",
    overlays: Sequence[Overlay] = (),
    choice: Choice = DEFAULT_CHOICE,
) -> Contract:
    """Compile the chosen operation of a document under a reading.

    ``published`` takes the document alone; ``documented`` applies the overlays, or, where none is given, the repairs
    of the self-check. Raises ``ContractError`` with one line for people.
    """
    document, paths = follow_paths(document)
    chosen = choose(document.name, _list_operations(document), choice)
    document, misplaced = follow_misplaced(document, chosen.key)
    findings = self_check(document, _compile_operation(document, chosen.key), (*paths, *misplaced))
    repairs = _repairs(findings)
    repaired = reading == "documented" and not overlays and bool(repairs.actions)
    effective = document
    if repaired:
        effective, overlays = apply(document, (repairs,)), (repairs,)
    elif reading == "documented":
        effective, told = apply_with_findings(document, overlays)
        findings += told
    if chosen.key not in _mapping(effective.data.get("paths")):
        raise ContractError(f"{document.name} has no path {chosen.key} once its overlays are applied")
    effective, _ = follow_misplaced(effective, chosen.key)
    operation = _compile_operation(effective, chosen.key)
    success = operation.response_for(200) or next((r for s, r in operation.responses.items() if s[0] == "2"), None)
    content = success.content if success is not None and success.status != "default" else {}
    schema = next(
        (content[kind] for kind in sorted(content, key=lambda kind: "json" not in kind) if content[kind]), None
    )
    info = _mapping(document.data.get("info"))
    contract = Contract(
        document=effective,
        reading=reading,
        overlays=tuple(overlay.name for overlay in overlays) if reading == "documented" else (),
        title=str(info.get("title", document.name)),
        version=str(info.get("version", "")),
        openapi=str(document.data["openapi"]),
        servers=_servers(effective, operation),
        operation=operation,
        roles=infer_roles(schema, operation.parameter),
        clauses=derive_clauses(operation),
        document_findings=findings,
        repaired=repaired,
    )
    return contract if chosen.served_at == chosen.key else contract.served_at(chosen.served_at)


def _repairs(findings: Sequence[DocumentFinding]) -> Overlay:
    """The repairs of all contradictions as one overlay, each standing where its contradiction stands."""
    updates: list[Action] = []
    removals: list[Action] = []
    for finding in findings:
        action = finding.repair
        if action is None or finding.level != "should":
            continue
        change: Literal["update", "remove"] = "remove" if action.get("remove") else "update"
        made = removals if change == "remove" else updates
        if all((one.target, one.value) != (action["target"], action.get(change)) for one in made):
            location = replace(finding.location, origin="repair")
            made.append(Action(action["target"], change, action.get(change), finding.title, location, {}))
    # What is removed from an array moves what is behind it: the last goes first.
    return Overlay("repairs of the self-check", "Repairs of the self-check", "1.0", (*updates, *reversed(removals)))


def _list_operations(document: Document) -> list[ListedOperation]:
    """Every operation of a document; a path whose reference cannot be followed is taken to have a GET."""
    paths = document.data.get("paths")
    if not isinstance(paths, Mapping):
        raise ContractError(f"{document.name} is no OpenAPI document with paths")
    listed: list[ListedOperation] = []
    for path in paths:
        pointer = join("", "paths", path)
        try:
            item, pointer = follow(document, pointer)
        except ContractError:
            item = {"get": {}}
        named = {method: _followed(document, join(pointer, method)) for method in METHODS if method in item}
        listed += operations_of(path, named, partial(_location_of, document, pointer))
    return listed


def _followed(document: Document, pointer: str) -> Mapping[str, Any]:
    """The operation at a pointer, a reference to one followed where it can be: its name may stand there."""
    try:
        return follow(document, pointer)[0]
    except ContractError:
        return {}


def _location_of(document: Document, pointer: str, method: str) -> Location:
    return document.location(join(pointer, method))


def _servers(document: Document, operation: Operation) -> tuple[str, ...]:
    pointer = operation.location.pointer
    owners = (pointer, pointer.rpartition("/")[0], "")
    given = (_mapping(resolve(document.data, owner)).get("servers") for owner in owners)
    servers = next((found for found in given if isinstance(found, list) and found), [])
    return tuple(str(_mapping(server).get("url", "")) for server in servers)


def _compile_operation(document: Document, path: str) -> Operation:
    item, around = follow(document, join("", "paths", path))
    if "get" not in item:
        raise ContractError(f"{document.name} has no operation GET {path} once its overlays are applied")
    node, pointer = _mapping(item["get"]), join(around, "get")
    parameter = parameters(path)[-1]
    responses = node.get("responses")
    if not isinstance(responses, Mapping) or not responses:
        raise ContractError(f"{document.location(pointer)}: the operation documents no responses")
    if not any(is_status(str(name)) for name in responses):
        raise ContractError(f"{document.location(pointer)}: none of the responses has a status, such as 200 or 4XX")
    security = _listed(node.get("security", document.data.get("security")))
    return Operation(
        id=str(node.get("operationId", f"GET {path}")).replace(" ", "_"),
        method="GET",
        path=path,
        parameter=parameter,
        location=replace(document.location(pointer), pointer=pointer),
        responses=MappingProxyType(
            {
                response.status: response
                for status in responses
                if is_status(str(status))
                for response in [_response(document, join(pointer, "responses", status), str(status), parameter)]
            }
        ),
        secured=bool(security) and all(security),
        methods=tuple(method.upper() for method in METHODS if method in item),
        id_parameter=path_parameter(document, pointer, parameter),
    )


def _response(document: Document, pointer: str, status: str, parameter: str) -> ResponseContract:
    location = document.location(pointer)
    node, pointer = follow(document, pointer)
    content: dict[str, Schema | None] = {}
    for media_type, media in _mapping(node.get("content")).items():
        below = join(pointer, "content", media_type, "schema")
        bare = media_type.partition(";")[0].strip().lower()
        content[bare] = _schema(document, below, parameter) if "schema" in _mapping(media) else None
    headers: dict[str, Schema | None] = {}
    required: set[str] = set()
    for name in _mapping(node.get("headers")):
        header, below = follow(document, join(pointer, "headers", name))
        if name.lower() != "content-type":  # OpenAPI has it ignored: the media types say it
            schema = Schema(document, join(below, "schema")) if "schema" in header else None
            headers[name] = schema if schema and schema.raw else None  # read now: what cannot be read is refused here
            required |= {name} if header.get("required") is True else set()
    return ResponseContract(
        status.upper() if status != "default" else status,
        str(node.get("description", "")),
        location,
        MappingProxyType(content),
        MappingProxyType(headers),
        frozenset(required),
    )


def _schema(document: Document, pointer: str, parameter: str) -> Schema:
    schema = Schema(document, pointer)
    return Schema(document, pointer, infer_roles(schema, parameter).free_maps)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
