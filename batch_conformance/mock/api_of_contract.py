"""Makes the calls that a mock serves beside its GETs, so that they keep the contract."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal

from batch_conformance.contract.contract import Contract, compile_operation
from batch_conformance.contract.error import ContractError
from batch_conformance.contract.operation import Operation
from batch_conformance.contract.path_template import parameters
from batch_conformance.contract.pointer import escape, join
from batch_conformance.contract.reference import follow
from batch_conformance.contract.schema import Schema
from batch_conformance.mock.api_spec import ApiSpec, BatchForm, CallRole, CallSpec
from batch_conformance.mock.values import Maker

_WRITES: tuple[Literal["upload", "create", "cancel"], ...] = ("upload", "create", "cancel")
_ECHOED = ("endpoint", "input_file_id", "completion_window", "metadata")
_WORDS = ("in_progress", "finalizing", "completed", "failed", "expired", "cancelling", "cancelled")


def calls_of(contract: Contract) -> Iterator[tuple[CallRole, Operation]]:
    """The operations of the batch API that a mock can serve beside the GETs that it serves anyway.

    None where the contract is not one of all operations.
    """
    for role in _WRITES:
        written = contract.write(role)
        if written is not None:
            yield role, written
    paths = contract.document.data["paths"]
    content, file = contract.parts.get("content"), contract.parts.get("file")
    if contract.writes and content is not None and content.path in paths:
        yield "content", compile_operation(contract.document, content.path)
    if contract.writes and file is not None and file.path in paths:
        item, _ = follow(contract.document, join("", "paths", file.path))
        if "delete" in item:
            yield "delete", compile_operation(contract.document, file.path, "DELETE")


def call_of(role: CallRole, operation: Operation, status: int, schema: Schema | None, **answers: Any) -> CallSpec:
    """How a call is served. ``answers`` has what is said of errors, headers and media types.

    ``status`` and ``schema`` are those of its success, the latter None where that is no JSON. Raises ``NoValueError``.
    """
    path = operation.path
    for name in parameters(path)[-1:]:
        path = path.replace("{" + name + "}", "{}")
    body: Any = None
    at = ""
    shown: tuple[str, ...] = ()
    nullable: tuple[str, ...] = ()
    if schema is not None and role != "content":
        body = Maker(schema).value()
        at, shown = _object_of(schema)
        named = {place.pointer: place for place in schema.properties}
        nullable = tuple(name for name in shown if "null" in named[f"{at}/{escape(name)}"].types)
    return CallSpec(role, operation.method, path, status, body, at, shown, nullable, **answers)


def api_of(
    contract: Contract,
    calls: Sequence[CallSpec],
    states: Mapping[str, Any],
    ids: Sequence[str],
    file_ids: Sequence[str],
) -> ApiSpec:
    """The calls of a contract and the form of its batches; ``states`` are samples of them by the words of states."""
    roles = contract.chosen.roles
    places = [place for schema in _success(contract.chosen) for place in schema.properties]
    own = {place.pointer[1:]: place for place in places if place.pointer.count("/") == 1}
    declared = {f"/{name}" for name in own}
    stages = {stage.word: stage.timestamp for stage in roles.stages if stage.timestamp}
    named = {roles.created, roles.expires, *stages.values()}
    form = BatchForm(
        states=states,
        identity=roles.identity or "/id",
        created=roles.created or "",
        expires=roles.expires or "",
        times={word: stages[word] for word in _WORDS if word in stages},
        other_times=tuple(one for one in roles.timestamps if one not in named and one.count("/") == 1),
        counts=(roles.counts.total, roles.counts.completed, roles.counts.failed) if roles.counts else (),
        echoes={name: f"/{name}" for name in _ECHOED if f"/{name}" in declared},
        model="/model" if "/model" in declared else "",
        output=next((one for one in roles.results if "error" not in one), ""),
        error=next((one for one in roles.results if "error" in one), ""),
        errors="/errors" if "/errors" in declared else "",
        members=tuple(own),
        required=tuple(name for name, place in own.items() if place.required),
    )
    members, required, values = _request_of(contract, contract.parts["create"].path)
    _, _, of_upload = _request_of(contract, contract.parts["upload"].path)
    return ApiSpec(
        calls=tuple(calls),
        form=form,
        members=members,
        required=required,
        values=values,
        purposes=of_upload.get("purpose", ("batch",)),
        ids=tuple(ids),
        file_ids=tuple(file_ids),
    )


def _success(operation: Operation) -> Iterator[Schema]:
    success = operation.response_for(200)
    yield from (schema for schema in (success.content.values() if success else ()) if schema is not None)


def _object_of(schema: Schema) -> tuple[str, tuple[str, ...]]:
    """The pointer of the object that has an id, of those at the root and a level below, and its members."""
    places = [place.pointer for place in schema.properties]
    at = next((one[: -len("/id")] for one in sorted(places, key=len) if one.endswith("/id") and one.count("/") < 3), "")
    return at, tuple(dict.fromkeys(one[len(at) + 1 :].split("/")[0] for one in places if one.startswith(f"{at}/")))


def _request_of(
    contract: Contract, path: str
) -> tuple[dict[str, tuple[str, ...]], tuple[str, ...], dict[str, tuple[str, ...]]]:
    """The members of the body of a POST, each with its types; those that are required; and the values they list."""
    try:
        content, pointer = follow(contract.document, join("", "paths", path))
        body, pointer = follow(contract.document, join(pointer, "post", "requestBody"))
    except ContractError:
        return {}, (), {}
    content = body.get("content", {})
    kind = next(iter(content), None) if isinstance(content, Mapping) else None
    if kind is None or "schema" not in content[kind]:
        return {}, (), {}
    schema = Schema(contract.document, join(pointer, "content", kind, "schema"))
    own = [place for place in schema.properties if place.pointer.count("/") == 1]
    named = {place.pointer[1:]: place for place in own}
    return (
        {name: tuple(sorted(place.types)) for name, place in named.items()},
        tuple(name for name, place in named.items() if place.required),
        {name: _texts(place.values.get("enum", ())) for name, place in named.items() if "enum" in place.values},
    )


def _texts(values: Iterable[Any]) -> tuple[str, ...]:
    return tuple(value for value in values if isinstance(value, str))
