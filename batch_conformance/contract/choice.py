"""Which operation of a document is meant: the one that was named, else the one of batches."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from batch_conformance.contract.error import ContractError
from batch_conformance.contract.location import Location
from batch_conformance.contract.path_template import (
    NOT_OF_BATCHES,
    batch_rank,
    ends_with,
    id_parameter,
    is_of_collection,
    parameters,
    same,
)
from batch_conformance.message import Listing, Message, Template

_HAS_OPERATIONS_CHOOSE_ONE_WITH = Template(
    "choice.has_operations_choose_one_with",
    "{document} has {found} operations {given}: choose one with --operation: {listed}",
)
_OPERATION_IS_EMPTY_NAME_ONE = Template(
    "choice.operation_is_empty_name_one", "--operation is empty: name one by its operationId, or as 'GET /path'"
)
_HAS_NO_OPERATION_GET_BATCHES = Template(
    "choice.has_no_operation_get_batches",
    "{document} has no operation GET /batches/{{batch_id}}, nor another GET /…/{{id}}",
)
_HAS_OPERATIONS_AND_OPENAPI_WANTS = Template(
    "choice.has_operations_and_openapi_wants",
    "{document} has {found} operations {name} ({listed}), and OpenAPI wants an operation's name to "
    "be unique: choose by method and path, such as --operation='{method} {path}'",
)
_HAS_NO_OPERATION = Template("choice.has_no_operation", "{document} has no operation {name}{operations}")
_CANNOT_BE_JUDGED_OPERATION_GET = Template(
    "choice.cannot_be_judged_operation_get",
    "{location}: {method} {path} cannot be judged: {reason}; an operation GET /…/{{id}} can{operations}",
)
_THERE_IS_NO_SUCH_OPERATION = Template("choice.there_is_no_such_operation", "{document} has no operation {name}")
_CANNOT_BE_JUDGED_ITS_METHOD = Template(
    "choice.cannot_be_judged_its_method", "{location}: {method} {path} cannot be judged: its method is {method}"
)
_OPERATION_IS_NO_ROLE_THERE = Template(
    "choice.operation_is_no_role_there", "--operation {part}: {found} is no role; there are {roles}"
)

METHODS = ("get", "head", "put", "post", "delete", "options", "patch", "trace", "query")
"""The members of a Path Item Object that are operations (OpenAPI 3.0 to 3.2, which has ``query``)."""

Operations = Literal["retrieve", "read", "all"]
"""retrieve: the chosen operation alone. read: every GET of the batch API around it. all: what makes files and batches,
and cancels them, too."""

_ITS_METHOD = Template("operation_choice.its_method", "its method is {method}")
_NO_PARAMETER = Template("operation_choice.no_parameter", "its path has no parameter for an id")
_NOT_THE_LAST = Template(
    "operation_choice.not_the_last", "the parameter {parameter} is not the whole last segment of its path"
)
_SEVERAL_PARAMETERS = Template(
    "operation_choice.several_parameters",
    "its path has {number} parameters ({names}); a vendor's profile can have its path below a base URL that holds the "
    "values of all but the last",
)
_BATCHES_CANNOT_BE_JUDGED = Template(
    "operation_choice.batches_cannot_be_judged",
    "{location}: GET {path} is the operation for batches and cannot be judged: {reason}{another}",
)
_ANOTHER_IS_JUDGED = Template(
    "operation_choice.another_is_judged", "; another one is judged with --operation: {listed}"
)
_NONE_FOR_BATCHES = Template("operation_choice.none_for_batches", "GET /…/{{id}} and none of them is for batches")
_FOR_BATCHES = Template("operation_choice.for_batches", "GET /…/{{id}} for batches")
_LISTED = Template("operation_choice.listed", "{listed}")
_AND_MORE = Template("operation_choice.and_more", "{listed} and {number} more")
_IT_HAS = Template("operation_choice.it_has", "; it has {listed}")
_IT_HAS_NONE = Template("operation_choice.it_has_none", "; it has no GET /…/{{id}} at all")
_OF_ROLE = re.compile(r"(?P<role>[a-z]+)\s*=\s*(?P<name>.+)", re.DOTALL)
_METHOD_AND_PATH = re.compile(r"(?:(?P<method>[A-Za-z]+)[\s_]+)?(?P<path>/.*)")
_SHOWN = 8
"""Candidates that a refusal names; the others are counted."""


@dataclass(frozen=True, slots=True)
class ListedOperation:
    """An operation as a document lists it. ``id`` is its operationId, empty where it has none."""

    path: str
    method: str
    id: str
    location: Location


def stated(name: str | None) -> str:
    """The name of an operation as somebody gave it, empty for none.

    Raises ``ContractError`` for a blank one: a variable that is not set would choose another operation in silence.
    """
    if name is not None and not name.strip():
        raise ContractError(_OPERATION_IS_EMPTY_NAME_ONE())
    return name or ""


def choice_of(
    operation: str, *, path: str = "", operations: Operations = "retrieve", roles: Sequence[str] = ()
) -> OperationChoice:
    """The choice that the option ``--operation`` makes: the name of an operation, or of those of roles, or both.

    ``list=GET /jobs; getJob`` names the one that is chosen and the list. ``roles`` are the words that name a role, the
    one of the chosen operation among them as ``retrieve``. Raises ``ContractError`` for another word.
    """
    named: dict[str, str] = {}
    for part in operation.split(";"):
        found = _OF_ROLE.fullmatch(part.strip())
        if found is None:
            named["retrieve"] = part.strip()
        elif found["role"] in roles:
            named[found["role"]] = found["name"].strip()
        else:
            raise ContractError(
                _OPERATION_IS_NO_ROLE_THERE(
                    part=f"{part.strip()!r}", found=str(found["role"]), roles=str(", ".join(roles))
                )
            )
    chosen = named.pop("retrieve", "")
    return OperationChoice(chosen, path, operations=operations, roles=tuple(named.items()))


def operations_of(path: str, item: Mapping[str, Any], location: Callable[[str], Location]) -> Iterator[ListedOperation]:
    """The operations of a Path Item Object; ``location`` says where the one of a lower-case method stands."""
    for method in METHODS:
        if method in item:
            node = item[method]
            operation_id = node.get("operationId") if isinstance(node, Mapping) else None
            yield ListedOperation(
                path, method.upper(), "" if operation_id is None else str(operation_id), location(method)
            )


@dataclass(frozen=True, slots=True)
class OperationChoice:
    """How the operation is chosen.

    ``name`` is what a person calls it: its operationId, ``GET /path`` or the path; empty where nobody did. ``path`` is
    where a vendor's profile has it, a template below the base URL; empty where the document's own path holds.
    ``others`` name further operations, in the same ways, that the contract is to hold beside the chosen one.
    ``operations`` says which parts of the batch API it is to hold, and ``roles`` has what a person calls the operation
    of a role, where the document does not say which it is.
    """

    name: str = ""
    path: str = ""
    others: tuple[str, ...] = ()
    operations: Operations = "retrieve"
    roles: tuple[tuple[str, str], ...] = ()

    def is_named(self, operation: ListedOperation) -> bool:
        """Whether the name is that of an operation. Of a path, the names of its parameters make no difference."""
        name = self.name.strip()
        found = _METHOD_AND_PATH.fullmatch(name)
        if found is None:
            return operation.id != "" and name in (operation.id, operation.id.replace(" ", "_"))
        method = (found["method"] or "GET").upper()
        return method == operation.method and same(found["path"].strip(), operation.path)

    def is_below_base_url(self, path: str) -> bool:
        """Whether a document's path ends with the profile's: the base URL then has the values of what is before it."""
        return bool(self.path) and ends_with(path, self.path)

    def is_profiles(self, path: str) -> bool:
        """Whether a document's path is the profile's, or one of them lacks what the base URL has for the other."""
        # A single literal segment such as ``/jobs/{id}`` is the end of too many paths.
        return self.is_below_base_url(path) or (bool(self.path) and ends_with(self.path, path, literal=2))

    def refuses(self, operation: ListedOperation) -> Message | None:
        """Why an operation cannot be judged; None where it can."""
        names = parameters(operation.path)
        if operation.method != "GET":
            return _ITS_METHOD(method=operation.method)
        if not names:
            return _NO_PARAMETER()
        if self.is_below_base_url(operation.path) or id_parameter(operation.path):
            return None
        if len(names) == 1:
            return _NOT_THE_LAST(parameter=names[0])
        return _SEVERAL_PARAMETERS(number=len(names), names=Listing(tuple(names)))

    def judgeable(self, operations: Iterable[ListedOperation]) -> list[ListedOperation]:
        """Those that can be judged, by their paths."""
        return sorted((one for one in operations if not self.refuses(one)), key=lambda one: one.path)

    def may_be_at(self, path: str, text: str) -> bool:
        """Whether an operation that may be meant stands at a path, by the text of what the document says there."""
        found = _METHOD_AND_PATH.fullmatch(self.name.strip())
        named = same(found["path"].strip(), path) if found else bool(self.name) and self.name.strip() in text
        of_batches = batch_rank(path) < NOT_OF_BATCHES and id_parameter(path) is not None
        return named or of_batches or self.is_profiles(path)


DEFAULT_CHOICE = OperationChoice()
"""Nobody named an operation: the one of batches is meant."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The key of the chosen operation among the document's paths, and the template of the path that it is served at."""

    key: str
    served_at: str

    def serves(self, path: str) -> str:
        """The path that another operation is served at, by the document's own path.

        What the base URL holds of the chosen one's path, or lacks, it holds or lacks of the others' too.
        """
        own, served, other = (one.split("/") for one in (self.key, self.served_at, path))
        if path == self.key:
            return self.served_at
        more = len(own) - len(served)
        if more <= 0:
            return "/".join([*served[: 1 - more], *other[1:]])
        return "/".join(["", *other[more + 1 :]]) if other[: more + 1] == own[: more + 1] else path


def choose(document: str, operations: Sequence[ListedOperation], choice: OperationChoice) -> Chosen:
    """The operation that is meant; ``document`` is how the document is shown.

    Raises ``ContractError`` with one line that names the candidates, or says why the one named cannot be judged.
    """
    key = _named(document, operations, choice).path if choice.name else _unnamed(document, operations, choice)
    own = id_parameter(key) is not None
    if not choice.path or (own and choice.name and _another_is_the_profiles(document, operations, choice, key)):
        return Chosen(key, key)
    return Chosen(key, choice.path.replace("{batch_id}", "{" + parameters(key)[-1] + "}"))


def choose_others(
    document: str, operations: Sequence[ListedOperation], choice: OperationChoice, chosen: Chosen
) -> tuple[ListedOperation, ...]:
    """The further operations that a choice names, without the chosen one.

    Any GET can be one, whatever its path. Raises ``ContractError`` with one line for one that is no operation of the
    document, or of another method.
    """
    found: dict[str, ListedOperation] = {}
    for name in choice.others:
        one = _of_name(document, operations, OperationChoice(name))
        if one is None:
            raise ContractError(_THERE_IS_NO_SUCH_OPERATION(document=str(document), name=f"{name!r}"))
        if one.method != "GET":
            raise ContractError(
                _CANNOT_BE_JUDGED_ITS_METHOD(location=str(one.location), method=str(one.method), path=str(one.path))
            )
        if one.path != chosen.key:
            found[one.path] = one
    return tuple(found.values())


def _another_is_the_profiles(
    document: str, operations: Sequence[ListedOperation], choice: OperationChoice, key: str
) -> bool:
    """Whether the profile's path is that of another operation than the one that was named."""
    try:
        return _unnamed(document, operations, OperationChoice(path=choice.path)) != key
    except ContractError:
        return False


def _unnamed(document: str, operations: Sequence[ListedOperation], choice: OperationChoice) -> str:
    usable = choice.judgeable(operations)
    blocked = next(
        (one for one in operations if one.method == "GET" and choice.refuses(one) and _is_of_batches(one)), None
    )
    if blocked is not None and not choice.path and all(batch_rank(one.path) == NOT_OF_BATCHES for one in usable):
        another = _ANOTHER_IS_JUDGED(listed=_listing(usable, operations)) if usable else ""
        reason = choice.refuses(blocked) or ""
        place = str(blocked.location)
        raise ContractError(
            _BATCHES_CANNOT_BE_JUDGED(location=place, path=blocked.path, reason=reason, another=another)
        )
    if not usable:
        raise ContractError(_HAS_NO_OPERATION_GET_BATCHES(document=str(document)))
    if choice.path:
        exact = [one for one in usable if same(one.path, choice.path)]
        usable = exact or [one for one in usable if choice.is_profiles(one.path)] or usable
    rank = min(batch_rank(one.path) for one in usable)
    found = [one for one in usable if batch_rank(one.path) == rank]
    exact = [one for one in found if is_of_collection(one.path, "batches")]
    for few in (found, exact):
        if len(few) == 1:
            return few[0].path
    what = _NONE_FOR_BATCHES() if rank == NOT_OF_BATCHES else _FOR_BATCHES()
    raise ContractError(
        _HAS_OPERATIONS_CHOOSE_ONE_WITH(
            document=str(document), found=str(len(found)), given=what, listed=_listing(found, operations)
        )
    )


def _is_of_batches(operation: ListedOperation) -> bool:
    """Whether an operation reads one batch by its path, whatever else is in that."""
    *_, before, last = ("", *operation.path.rstrip("/").split("/"))
    return before == "batches" and "{" in last


def _of_name(document: str, operations: Sequence[ListedOperation], choice: OperationChoice) -> ListedOperation | None:
    """The operation that has the name; None where none has. Raises ``ContractError`` where several have."""
    found = [operation for operation in operations if choice.is_named(operation)]
    exact = [operation for operation in found if choice.name.strip().endswith(operation.path)]
    if len(found) > 1 and len(exact) == 1:
        found = exact
    if len(found) > 1:
        listed = ", ".join(f"{operation.method} {operation.path}" for operation in found)
        first = next((one for one in found if not choice.refuses(one)), found[0])
        raise ContractError(
            _HAS_OPERATIONS_AND_OPENAPI_WANTS(
                document=str(document),
                found=str(len(found)),
                name=f"{choice.name!r}",
                listed=str(listed),
                method=str(first.method),
                path=str(first.path),
            )
        )
    return found[0] if found else None


def _named(document: str, operations: Sequence[ListedOperation], choice: OperationChoice) -> ListedOperation:
    found = _of_name(document, operations, choice)
    if found is None:
        raise ContractError(
            _HAS_NO_OPERATION(
                document=str(document),
                name=f"{choice.name!r}",
                operations=_others(operations, choice, choice.name),
            )
        )
    reason = choice.refuses(found)
    if reason:
        raise ContractError(
            _CANNOT_BE_JUDGED_OPERATION_GET(
                location=str(found.location),
                method=str(found.method),
                path=str(found.path),
                reason=reason,
                operations=_others(operations, choice),
            )
        )
    return found


def _others(operations: Sequence[ListedOperation], choice: OperationChoice, name: str = "") -> Message:
    usable = choice.judgeable(operations)
    listed = sorted(usable, key=lambda one: (-_likeness(one, name), one.path)) if name else usable
    return _IT_HAS(listed=_listing(listed, operations)) if listed else _IT_HAS_NONE()


def _likeness(operation: ListedOperation, name: str) -> float:
    shown = (operation.path, operation.id)
    return max(difflib.SequenceMatcher(None, name.lower(), one.lower()).ratio() for one in shown)


def _listing(shown: Sequence[ListedOperation], operations: Iterable[ListedOperation]) -> Message:
    """The first few by their paths, each with its operationId where no other has the same, and how many more."""
    ids = Counter(operation.id for operation in operations)
    names = [f"{one.path} ({one.id})" if one.id and ids[one.id] == 1 else one.path for one in shown[:_SHOWN]]
    listed = Listing(tuple(names))
    return _AND_MORE(listed=listed, number=len(shown) - _SHOWN) if len(shown) > _SHOWN else _LISTED(listed=listed)
