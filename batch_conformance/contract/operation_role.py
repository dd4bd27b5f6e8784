"""Which part of a batch API each operation of a document is, by its method and path beside the one that was chosen."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Literal, get_args

from batch_conformance.contract.choice import ListedOperation, OperationChoice
from batch_conformance.contract.error import ContractError
from batch_conformance.message import Template

_HAS_OPERATIONS_THAT_FIT_ROLE = Template(
    "operation_role.has_operations_that_fit_role",
    "{document} has {fitting} operations that fit the role {role} ({listed}): say which with "
    "--operation='{role}={method} {path}'",
)
_HAS_NO_OPERATION_WHICH_WAS = Template(
    "operation_role.has_no_operation_which_was", "{document} has no operation {named}, which was named for {role}"
)

OperationRole = Literal["upload", "files", "file", "content", "create", "list", "retrieve", "cancel"]
"""upload: of a file of requests. files: the list of files. file: one file's data. content: what a file holds. create:
of a batch. list: of batches. retrieve: one batch. cancel: of a batch."""

ROLES: tuple[OperationRole, ...] = get_args(OperationRole)
READ_ROLES: tuple[OperationRole, ...] = ("list", "files", "file")
"""What ``--operations=read`` judges beside the retrieve."""
WRITE_ROLES: tuple[OperationRole, ...] = ("upload", "create", "cancel")
"""What ``--operations=all`` judges beside those: what makes files and batches, and ends them."""
LIST_ROLES: frozenset[OperationRole] = frozenset({"list", "files"})

_PARAMETER = re.compile(r"\{[^{}/]*\}")
_CONTENT = ("content", "download")
_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})

Sorted = Mapping[OperationRole, tuple[ListedOperation, ...]]
"""The operations that fit each role; more than one where the document does not say which it is."""


def sort_operations(operations: Sequence[ListedOperation], chosen: str) -> Sorted:
    """The operations by their roles in the batch API of which the GET at the path ``chosen`` retrieves one batch.

    The collection is that path without its last segment. Files are those of the paths ``…/files`` that have most of
    their beginning in common with it. The names of parameters make no difference, nor do other paths.
    """
    own = _segments(chosen)
    found: dict[OperationRole, list[ListedOperation]] = {}
    of_files: dict[tuple[str, ...], list[tuple[OperationRole, ListedOperation]]] = {}
    for one in operations:
        segments = _segments(one.path)
        role = _role_of_batches(one.method, segments, own)
        if role is not None:
            found.setdefault(role, []).append(one)
            continue
        of_file = _role_of_files(one.method, segments)
        if of_file is not None:
            before, role = of_file
            of_files.setdefault(before, []).append((role, one))
    if "cancel" not in found:
        found["cancel"] = [one for one in operations if _deletes_to_cancel(one, own)]
    nearest = min((_distance(before, own[:-1]) for before in of_files), default=None)
    for before, listed in of_files.items():
        if _distance(before, own[:-1]) == nearest:
            for role, one in listed:
                found.setdefault(role, []).append(one)
    return {role: tuple(found[role]) for role in ROLES if found.get(role)}


def list_by_shape(
    operations: Sequence[ListedOperation], chosen: str, is_list: Callable[[ListedOperation], bool]
) -> tuple[ListedOperation, ...]:
    """The lists of batches where none is at the collection's own path: a GET of batches that answers with a list.

    Its path has no parameter that the chosen one has not before its id; ``is_list`` tells of its answer.
    """
    own = _segments(chosen)
    count = own[:-1].count("{}")
    return tuple(
        one
        for one in operations
        if one.method == "GET"
        and (segments := _segments(one.path)) != own
        and segments.count("{}") <= count
        and any("batch" in segment.lower() for segment in segments[-2:])
        and is_list(one)
    )


def choose_by_role(
    document: str, operations: Sequence[ListedOperation], sorted_: Sorted, choice: OperationChoice
) -> Mapping[OperationRole, ListedOperation]:
    """The one operation of each role: the one that was named for it, else the only one that fits.

    Raises ``ContractError`` with one line where several fit, or the one named is none of the document's.
    """
    named = dict(choice.roles)
    made: dict[OperationRole, ListedOperation] = {}
    for role in ROLES:
        fitting = sorted_.get(role, ())
        if role in named:
            fitting = tuple(one for one in operations if OperationChoice(named[role]).is_named(one))
            if not fitting:
                raise ContractError(
                    _HAS_NO_OPERATION_WHICH_WAS(document=str(document), named=f"{named[role]!r}", role=str(role))
                )
        if len(fitting) > 1:
            listed = ", ".join(f"{one.method} {one.path}" for one in fitting)
            first = fitting[0]
            raise ContractError(
                _HAS_OPERATIONS_THAT_FIT_ROLE(
                    document=str(document),
                    fitting=str(len(fitting)),
                    role=str(role),
                    listed=str(listed),
                    method=str(first.method),
                    path=str(first.path),
                )
            )
        if fitting:
            made[role] = fitting[0]
    return made


def _role_of_batches(method: str, segments: tuple[str, ...], own: tuple[str, ...]) -> OperationRole | None:
    collection = own[:-1]
    if segments == own:
        return "retrieve" if method == "GET" else None
    if segments == collection:
        roles: Mapping[str, OperationRole] = {"GET": "list", "POST": "create"}
        return roles.get(method)
    cancels = segments in ((*own, "cancel"), (*collection, "{}:cancel"))
    return "cancel" if cancels and method in _CHANGING else None


def _deletes_to_cancel(operation: ListedOperation, own: tuple[str, ...]) -> bool:
    """Whether the DELETE of a batch is its cancellation, as its operationId says: elsewhere it takes the batch away."""
    is_deletion = operation.method == "DELETE" and _segments(operation.path) == own
    return is_deletion and "cancel" in operation.id.lower()


def _role_of_files(method: str, segments: tuple[str, ...]) -> tuple[tuple[str, ...], OperationRole] | None:
    """What comes before ``files``, and the role; None where it is no operation of files."""
    if segments[-1:] == ("files",):
        roles: Mapping[str, OperationRole] = {"GET": "files", "POST": "upload"}
        return (segments[:-1], roles[method]) if method in roles else None
    if method == "GET" and segments[-2:] == ("files", "{}"):
        return segments[:-2], "file"
    if method == "GET" and segments[-3:-1] == ("files", "{}") and segments[-1] in _CONTENT:
        return segments[:-3], "content"
    return None


def _distance(before: tuple[str, ...], collection: tuple[str, ...]) -> tuple[int, int]:
    """How far files are from batches: the parameters of theirs that batches lack, then the segments."""
    common = 0
    for one, other in zip(before, collection, strict=False):
        if one != other:
            break
        common += 1
    return before[common:].count("{}"), len(before) - 2 * common


def _segments(path: str) -> tuple[str, ...]:
    """The segments of a template, parameters without their names."""
    return tuple(_PARAMETER.sub("{}", segment) for segment in path.rstrip("/").split("/")[1:])
