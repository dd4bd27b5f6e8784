"""The contract: a document under a reading, compiled into its operations, their responses and their clauses."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from types import MappingProxyType
from typing import Any, Literal

from batch_conformance.contract.api_check import check_api
from batch_conformance.contract.choice import (
    DEFAULT_CHOICE,
    METHODS,
    ListedOperation,
    OperationChoice,
    choose,
    choose_others,
    operations_of,
)
from batch_conformance.contract.clause import Clause
from batch_conformance.contract.clauses import derive_clauses
from batch_conformance.contract.document import ContractError, Document
from batch_conformance.contract.list_form import ListForm, list_form
from batch_conformance.contract.location import Location
from batch_conformance.contract.operation import Operation, ResponseContract, is_status
from batch_conformance.contract.operation_role import (
    LIST_ROLES,
    READ_ROLES,
    WRITE_ROLES,
    OperationRole,
    choose_by_role,
    list_by_shape,
    sort_operations,
)
from batch_conformance.contract.overlay import Action, Overlay, apply, apply_with_findings
from batch_conformance.contract.path_parameter import path_parameter
from batch_conformance.contract.path_template import parameters, same
from batch_conformance.contract.pointer import join
from batch_conformance.contract.query import query_parameters
from batch_conformance.contract.reference import MisplacedReference, follow, follow_misplaced, follow_paths
from batch_conformance.contract.roles import Roles, infer_roles
from batch_conformance.contract.schema import Schema
from batch_conformance.contract.selfcheck import DocumentFinding, self_check
from batch_conformance.contract.translate import resolve
from batch_conformance.message import Template

_IS_NO_OPENAPI_DOCUMENT_WITH = Template(
    "contract.is_no_openapi_document_with", "{name} is no OpenAPI document with paths"
)
_HAS_NO_OPERATION_ONCE = Template(
    "contract.has_no_operation_once", "{name} has no operation {method} {path} once its overlays are applied"
)
_OPERATION_DOCUMENTS_NO_RESPONSES = Template(
    "contract.operation_documents_no_responses", "{pointer}: the operation documents no responses"
)
_NONE_OF_RESPONSES_HAS_STATUS = Template(
    "contract.none_of_responses_has_status", "{pointer}: none of the responses has a status, such as 200 or 4XX"
)
_HAS_NO_PATH_ONCE_ITS = Template(
    "contract.has_no_path_once_its", "{name} has no path {key} once its overlays are applied"
)
_FORM_OF_LIST_THAT_GET = Template(
    "contract.form_of_list_that_get",
    "{location}: the form of the list that GET {path} answers with cannot be read: its 200 has no "
    "array of objects with an id (say which operation it is with --operation='{role}=GET /path', or "
    "leave it out with --operations=retrieve)",
)

Reading = Literal["published", "documented"]

_FIELD_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""The name of a field of a message (RFC 9110 section 5.1)."""
_OF_MESSAGES = frozenset(
    {"host", "connection", "content-length", "transfer-encoding", "te", "upgrade", "expect", "trailer"}
)


@dataclass(frozen=True)
class Contract:
    """A document under a reading, compiled.

    ``operations`` are those that exchanges are judged by, the chosen one first; their ids are unique. ``repaired`` is
    true where the self-check's repairs stand in for an overlay that nobody gave. ``parts`` has every operation of the
    batch API that the document has, by its role; empty where only the retrieve was asked for. ``writes`` are those that
    make files and batches, and cancel them, where all operations were asked for; ``file_content`` and ``file_deletion``
    are the paths at which what a file holds is read, and a file is deleted (DELETE), None where the document has none.
    """

    document: Document
    reading: Reading
    overlays: tuple[str, ...]
    title: str
    version: str
    openapi: str
    operations: tuple[Operation, ...]
    document_findings: tuple[DocumentFinding, ...]
    repaired: bool
    parts: Mapping[OperationRole, ListedOperation] = field(default_factory=dict)
    writes: tuple[Operation, ...] = ()
    file_content: str | None = None
    file_deletion: str | None = None

    @property
    def chosen(self) -> Operation:
        """The operation that was chosen: a run asks it, and the embedded mock serves it."""
        return self.operations[0]

    @cached_property
    def clauses(self) -> tuple[Clause, ...]:
        """The clauses of all operations, in document order each."""
        return tuple(clause for operation in self.every for clause in operation.clauses)

    @property
    def every(self) -> tuple[Operation, ...]:
        """All operations: those that only read, then those that write."""
        return (*self.operations, *self.writes)

    def write(self, role: OperationRole) -> Operation | None:
        """The operation of a role that writes; None where the document has none, or not all were asked for."""
        return next((one for one in self.writes if one.role == role), None)

    @cached_property
    def private(self) -> tuple[str, ...]:
        """Places in bodies whose values are nobody else's business: customers' own, and what is only written."""
        responses = [one for operation in self.every for one in operation.responses.values()]
        schemas = [schema for one in responses for schema in one.content.values() if schema]
        free = [pointer for operation in self.every for pointer in operation.roles.free_maps]
        free += [pointer for one in self.operations if one.listing for pointer in one.listing.free_maps]
        written = [place.pointer for schema in schemas for place in schema.properties if place.write_only]
        return tuple(dict.fromkeys((*free, *written)))

    def moved(self, paths: Mapping[str, str]) -> Contract:
        """The same contract, its operations at other paths: templates with the same parameters, by those of now."""
        given = self.document.data["paths"]
        served = {paths.get(one.path, one.path): given[one.path] for one in self.operations}
        return replace(
            self,
            document=replace(self.document, data={**self.document.data, "paths": served}),
            operations=tuple(replace(one, path=paths.get(one.path, one.path)) for one in self.operations),
        )

    def unsecured(self) -> Contract:
        """The same contract for a server that asks for no credential."""
        return replace(
            self,
            operations=tuple(replace(one, secured=False) for one in self.operations),
            writes=tuple(replace(one, secured=False) for one in self.writes),
        )


def compile_contract(
    document: Document,
    reading: Reading = "documented",
    overlays: Sequence[Overlay] = (),
    choice: OperationChoice = DEFAULT_CHOICE,
) -> Contract:
    """Compile the chosen operations of a document under a reading.

    ``published`` takes the document alone; ``documented`` applies the overlays, or, where none is given, the repairs
    of the self-check. Raises ``ContractError`` with one line for people.
    """
    document, paths = follow_paths(document)
    listed = _list_operations(document)
    chosen = choose(document.name, listed, choice)
    parts = _parts_of(document, listed, choice, chosen.key) if choice.operations != "retrieve" else {}
    roles = {parts[role].path: role for role in READ_ROLES if role in parts}
    others = [one.path for one in choose_others(document.name, listed, choice, chosen)]
    keys = tuple(dict.fromkeys((chosen.key, *others, *roles)))
    roles = {chosen.key: "retrieve", **roles} if parts else roles
    written = {role: parts[role] for role in WRITE_ROLES if role in parts} if choice.operations == "all" else {}
    document, misplaced = _follow_all(document, [(key, "get") for key in keys])
    document, more = _follow_all(document, [(one.path, one.method.lower()) for one in written.values()])
    compiled = [_with_listing(one, roles.get(one.path), chosen.key) for one in _compile_operations(document, keys)]
    checked = [*compiled, *_compile_writes(document, written, compiled)]
    findings = _self_check(document, checked, (*paths, *misplaced, *more), parts.values())
    repairs = _repairs(findings)
    repaired = reading == "documented" and not overlays and bool(repairs.actions)
    effective = document
    if repaired:
        effective, overlays = apply(document, (repairs,)), (repairs,)
    elif reading == "documented":
        effective, overlay_findings = apply_with_findings(document, overlays)
        findings += overlay_findings
    for key in keys:
        if key not in _mapping(effective.data.get("paths")):
            raise ContractError(_HAS_NO_PATH_ONCE_ITS(name=str(document.name), key=str(key)))
    effective, _ = _follow_all(effective, [(key, "get") for key in keys])
    effective, _ = _follow_all(effective, [(one.path, one.method.lower()) for one in written.values()])
    operations = _compile_operations(effective, keys)
    writes = _compile_writes(effective, written, operations)
    info = _mapping(document.data.get("info"))
    contract = Contract(
        document=effective,
        reading=reading,
        overlays=tuple(overlay.name for overlay in overlays) if reading == "documented" else (),
        title=str(info.get("title", document.name)),
        version=str(info.get("version", "")),
        openapi=str(document.data["openapi"]),
        operations=tuple(_complete(one, roles.get(one.path), chosen.key) for one in operations),
        document_findings=findings,
        repaired=repaired,
        parts=parts,
        writes=tuple(
            replace(one, path=chosen.serves(one.path), clauses=derive_clauses(one))
            for one in (replace(one, roles=_roles_of_write(effective, one, operations[0].parameter)) for one in writes)
        ),
    )
    if contract.writes:
        content, deletion = parts.get("content"), _deletion_of(listed, parts)
        contract = replace(
            contract,
            file_content=chosen.serves(content.path) if content is not None else None,
            file_deletion=chosen.serves(deletion) if deletion is not None else None,
        )
    for one in contract.operations:
        if one.role in LIST_ROLES and one.listing is None:
            raise ContractError(
                _FORM_OF_LIST_THAT_GET(location=str(one.location), path=str(one.path), role=str(one.role))
            )
    served = {key: chosen.serves(key) for key in keys}
    return contract if all(key == path for key, path in served.items()) else contract.moved(served)


def _follow_all(
    document: Document, operations: Iterable[tuple[str, str]]
) -> tuple[Document, tuple[MisplacedReference, ...]]:
    """The document without references that OpenAPI does not have in these paths and methods, and what they were."""
    found: list[MisplacedReference] = []
    for path, method in operations:
        document, misplaced = follow_misplaced(document, path, method)
        found += misplaced
    return document, tuple(found)


def _self_check(
    document: Document,
    operations: Sequence[Operation],
    misplaced: Sequence[MisplacedReference],
    parts: Iterable[ListedOperation],
) -> tuple[DocumentFinding, ...]:
    """What is found about all operations, and about the batch API around them; what two of them share is found once."""
    found = [one for operation in operations for one in self_check(document, operation, misplaced)]
    found += check_api(document, parts, operations)
    unique = {one.id: one for one in reversed(found)}
    return tuple(sorted(unique.values(), key=lambda one: (one.location.line, one.id)))


def _parts_of(
    document: Document, listed: Sequence[ListedOperation], choice: OperationChoice, chosen: str
) -> Mapping[OperationRole, ListedOperation]:
    """The operations of the batch API around the chosen one, by their roles. Raises ``ContractError``."""
    found = dict(sort_operations(listed, chosen))
    if "list" not in found and "list" not in dict(choice.roles):
        found["list"] = list_by_shape(listed, chosen, lambda one: _is_list(document, one))
    return choose_by_role(document.name, listed, found, choice)


def _deletion_of(listed: Sequence[ListedOperation], parts: Mapping[OperationRole, ListedOperation]) -> str | None:
    """The path at which one of the files that are uploaded is deleted; None where there is none."""
    upload = parts.get("upload")
    return next(
        (
            one.path
            for one in listed
            if upload is not None and one.method == "DELETE" and same(one.path, upload.path.rstrip("/") + "/{id}")
        ),
        None,
    )


def _is_list(document: Document, operation: ListedOperation) -> bool:
    try:
        return _listing_of(compile_operation(document, operation.path)) is not None
    except ContractError:
        return False


def _complete(operation: Operation, role: OperationRole | None, path: str) -> Operation:
    """The operation with all that is derived of what it has; ``path`` is that at which a batch is read."""
    whole = replace(_with_listing(operation, role, path), roles=_roles_of(operation))
    return replace(whole, clauses=derive_clauses(whole))


def _with_listing(operation: Operation, role: OperationRole | None, path: str) -> Operation:
    """The operation with its role, and the form of its list where it is one.

    The items of a list of batches may have the id under the name of the parameter of the ``path`` of a batch.
    """
    names = parameters(path)[-1:] if role == "list" else ()
    listing = _listing_of(operation, names) if role in LIST_ROLES else None
    if listing is None:
        return replace(operation, role=role)
    return replace(operation, role=role, listing=listing, responses=_with_free_maps(operation, listing.free_maps))


def _with_free_maps(operation: Operation, free_maps: frozenset[str]) -> Mapping[str, ResponseContract]:
    """The responses, the places in the success of which the members are the customers' own left open."""

    def opened(schema: Schema | None) -> Schema | None:
        return None if schema is None else schema.with_free_maps(free_maps)

    return MappingProxyType(
        {
            status: replace(one, content=MappingProxyType({kind: opened(s) for kind, s in one.content.items()}))
            if status[0] == "2"
            else one
            for status, one in operation.responses.items()
        }
    )


def _listing_of(operation: Operation, names: Sequence[str] = ()) -> ListForm | None:
    """The form of the list that a success is; None where it is none."""
    return list_form(_success_schema(operation), operation.query, names)


def _roles_of_write(document: Document, operation: Operation, parameter: str) -> Roles:
    """The roles of the body of a success of an operation that writes; ``parameter`` is the name of the batch's id.

    What a link takes for that parameter is the id of what was made (OpenAPI 3.0, Link Object).
    """
    of_batch = parameter if operation.role == "create" else "id"
    roles = infer_roles(_success_schema(operation), operation.parameter or of_batch or "id")
    linked = _linked_id(document, operation, parameter) if operation.role == "create" else None
    return replace(roles, identity=linked) if linked is not None else roles


def _linked_id(document: Document, operation: Operation, parameter: str) -> str | None:
    """The pointer into the body that a link of a success names for a parameter of a path; None where none does."""
    for status in ("200", "201", "202", "2XX"):
        try:
            answer, pointer = follow(document, join(operation.location.pointer, "responses", status))
        except ContractError:
            continue
        for name in _mapping(answer.get("links")):
            link, _ = follow(document, join(pointer, "links", name))
            given = _mapping(link.get("parameters"))
            taken = given.get(parameter, given.get(f"path.{parameter}"))
            if isinstance(taken, str) and taken.startswith(_OF_BODY):
                return taken.removeprefix(_OF_BODY)
    return None


def _roles_of(operation: Operation) -> Roles:
    """The roles of the body of an operation's success."""
    return infer_roles(_success_schema(operation), operation.parameter)


def _success_schema(operation: Operation) -> Schema | None:
    """The schema of the body of an operation's success, in JSON where it has that."""
    success = operation.response_for(200) or next((r for s, r in operation.responses.items() if s[0] == "2"), None)
    content = success.content if success is not None and success.status != "default" else {}
    return next((content[kind] for kind in sorted(content, key=lambda kind: "json" not in kind) if content[kind]), None)


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
            made.append(Action(action["target"], change, action.get(change), str(finding.title), location, {}))
    # What is removed from an array moves what is behind it: the last goes first.
    return Overlay("repairs of the self-check", "Repairs of the self-check", "1.0", (*updates, *reversed(removals)))


def _list_operations(document: Document) -> list[ListedOperation]:
    """Every operation of a document; a path whose reference cannot be followed is taken to have a GET."""
    paths = document.data.get("paths")
    if not isinstance(paths, Mapping):
        raise ContractError(_IS_NO_OPENAPI_DOCUMENT_WITH(name=str(document.name)))
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


def _servers(document: Document, pointer: str) -> tuple[str, ...]:
    """The URL templates of the servers of the operation at a pointer."""
    owners = (pointer, pointer.rpartition("/")[0], "")
    given = (_mapping(resolve(document.data, owner)).get("servers") for owner in owners)
    servers = next((found for found in given if isinstance(found, list) and found), [])
    return tuple(str(_mapping(server).get("url", "")) for server in servers)


def _compile_operations(document: Document, keys: Sequence[str]) -> list[Operation]:
    """The operations GET at these paths, each with an id of its own.

    An operationId that the document repeats names only the first of them; method and path name the others, and those
    that have none.
    """
    first, *others = (compile_operation(document, key) for key in keys)
    count = Counter(one.id.replace(" ", "_") for one in _list_operations(document)) if others else Counter[str]()
    made = [first]
    for one in others:
        name = f"{one.method}_{one.path}" if count[one.id] > 1 else one.id
        while name in {other.id for other in made}:
            name += "_"
        made.append(replace(one, id=name))
    return made


_OF_BODY = "$response.body#"
"""How a runtime expression begins that takes a value out of the body of a response."""


def _compile_writes(
    document: Document, written: Mapping[OperationRole, ListedOperation], reads: Sequence[Operation]
) -> list[Operation]:
    """The operations that write, by their roles, each with an id that no other operation has."""
    count = Counter(one.id.replace(" ", "_") for one in _list_operations(document)) if written else Counter[str]()
    taken = {one.id for one in reads}
    made: list[Operation] = []
    for role, listed in written.items():
        one = compile_operation(document, listed.path, listed.method)
        name = f"{one.method}_{one.path}" if count[one.id] > 1 or one.id in taken else one.id
        taken.add(name)
        made.append(replace(one, id=name, role=role))
    return made


def compile_operation(document: Document, path: str, method: str = "GET") -> Operation:
    """The operation of a method at a path of a document, without role and clauses. Raises ``ContractError``."""
    item, around = follow(document, join("", "paths", path))
    if method.lower() not in item:
        raise ContractError(_HAS_NO_OPERATION_ONCE(name=str(document.name), method=method, path=str(path)))
    node, pointer = _mapping(item[method.lower()]), join(around, method.lower())
    parameter = next(reversed(parameters(path)), "")
    responses = node.get("responses")
    if not isinstance(responses, Mapping) or not responses:
        raise ContractError(_OPERATION_DOCUMENTS_NO_RESPONSES(pointer=str(document.location(pointer))))
    if not any(is_status(str(name)) for name in responses):
        raise ContractError(_NONE_OF_RESPONSES_HAS_STATUS(pointer=str(document.location(pointer))))
    security = _listed(node.get("security", document.data.get("security")))
    secured_at, scheme_at = _security_places(
        document, join(pointer if "security" in node else "", "security"), security
    )
    return Operation(
        id=str(node.get("operationId", f"{method} {path}")).replace(" ", "_"),
        method=method,
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
        methods=(
            *(method.upper() for method in METHODS if method in item),
            *map(str, _mapping(item.get("additionalOperations"))),
        ),
        servers=_servers(document, pointer),
        id_parameter=path_parameter(document, pointer, parameter),
        secured_at=secured_at,
        scheme_at=scheme_at,
        key_header=_key_header(document, security),
        query=query_parameters(document, pointer),
    )


def _security_places(
    document: Document, pointer: str, security: Sequence[Any]
) -> tuple[Location | None, Location | None]:
    """Where security requirements stand, and the scheme that the first of them names."""
    if not security:
        return None, None
    name = next(iter(_mapping(security[0])), "")
    schemes = join("", "components", "securitySchemes")
    known = name in _mapping(_mapping(document.data.get("components")).get("securitySchemes"))
    return document.location(pointer), document.location(join(schemes, name)) if known else None


def _key_header(document: Document, security: Sequence[Any]) -> str:
    """The header of its own in which a key alone is a credential; empty where none is, or a bearer token is one too.

    A key in ``Authorization`` is how OpenAPI 2.0 wrote a bearer token, and many documents have kept that. What is no
    name of a field, or one that a message is delimited or led by, takes no key.
    """
    found: list[str] = []
    for requirement in security:
        names = list(_mapping(requirement))
        scheme = _security_scheme(document, names[0]) if len(names) == 1 else {}
        name = scheme.get("name") if (scheme.get("type"), scheme.get("in")) == ("apiKey", "header") else None
        is_bearer = scheme.get("type") in ("oauth2", "openIdConnect") or str(scheme.get("scheme")).lower() == "bearer"
        if is_bearer or str(name).lower() == "authorization":
            return ""
        if isinstance(name, str) and _FIELD_NAME.fullmatch(name) and name.lower() not in _OF_MESSAGES:
            found.append(name)
    return next(iter(found), "")


def _security_scheme(document: Document, name: str) -> Mapping[str, Any]:
    """The scheme of a name; an empty one where there is none, as the self-check says of it."""
    if name not in _mapping(_mapping(document.data.get("components")).get("securitySchemes")):
        return {}
    try:
        return follow(document, join("", "components", "securitySchemes", name))[0]
    except ContractError:
        return {}


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
    return schema.with_free_maps(infer_roles(schema, parameter).free_maps)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
