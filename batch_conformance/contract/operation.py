"""One operation of a document and its responses, compiled."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import parse_qsl, urlencode

from batch_conformance.contract.clause import Clause
from batch_conformance.contract.list_form import ListForm
from batch_conformance.contract.location import Location
from batch_conformance.contract.operation_role import OperationRole
from batch_conformance.contract.parameter import PathParameter
from batch_conformance.contract.query_parameter import QueryParameter
from batch_conformance.contract.roles import Roles
from batch_conformance.contract.schema import Schema

_STATUS = re.compile(r"[1-5](?:\d\d|XX|xx)|default", re.ASCII)


def is_status(name: str) -> bool:
    """Whether a name among the responses says for which status they are (OpenAPI, Responses Object)."""
    return _STATUS.fullmatch(name) is not None


@dataclass(frozen=True)
class ResponseContract:
    """What the contract says of one documented response: ``status`` is ``200``, ``4XX`` or ``default``.

    ``headers`` are by their names as documented; ``required_headers`` names those that are always there.
    """

    status: str
    description: str
    location: Location
    content: Mapping[str, Schema | None]
    headers: Mapping[str, Schema | None]
    required_headers: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Operation:
    """One method on one path: ``id`` names it in a contract, ``path`` is its template.

    ``parameter`` is the name of the last parameter of the path, which stands for the id; empty where there is none.
    ``id_parameter`` is what the document says of it, None where it says nothing. ``methods`` are the upper-case methods
    that the document declares on this path; ``secured`` says whether the operation asks for a credential. ``servers``
    are the URL templates that hold for it: its own, its path's, or the document's. ``roles`` are those of the body of
    its success. ``secured_at`` is where it is said that it asks for a credential, and ``scheme_at`` for which;
    ``key_header`` is the header that the key goes into, empty where a bearer token is taken or it goes elsewhere.
    ``role`` is the part of the batch API that it is, None where that was not asked; ``query`` has the parameters of its
    query, and ``listing`` the form of its success where that is a list.
    """

    id: str
    method: str
    path: str
    parameter: str
    location: Location
    responses: Mapping[str, ResponseContract]
    secured: bool
    methods: tuple[str, ...]
    servers: tuple[str, ...]
    id_parameter: PathParameter | None = None
    roles: Roles = field(default_factory=Roles)
    clauses: tuple[Clause, ...] = ()
    secured_at: Location | None = None
    scheme_at: Location | None = None
    key_header: str = ""
    role: OperationRole | None = None
    query: tuple[QueryParameter, ...] = ()
    listing: ListForm | None = None

    @property
    def required_query(self) -> str:
        """The query string with a value for each parameter that always has to be there; empty where none has."""
        return urlencode([(one.name, one.value) for one in self.query if one.required])

    def query_flaw(self, query: str) -> QueryParameter | None:
        """The first parameter of a query string whose value its schema does not admit; None where there is none."""
        asked: dict[str, list[str]] = {}
        for name, value in parse_qsl(query, keep_blank_values=True):
            asked.setdefault(name, []).append(value)
        return next((one for one in self.query if one.name in asked and not one.admits(*asked[one.name])), None)

    def takes(self, method: str) -> bool:
        """Whether a request with this method is one of the operation's: HEAD is a GET without the body."""
        return method == self.method or (method == "HEAD" and self.method == "GET")

    def path_of(self, segment: str) -> str:
        """The path with this value, as it is sent, for the parameter."""
        return self.path.replace("{" + self.parameter + "}", segment) if self.parameter else self.path

    def breaks_its_schema(self, batch_id: str | None) -> bool:
        """Whether an id is none that the schema of the path's parameter admits."""
        parameter = self.id_parameter
        return parameter is not None and batch_id is not None and not parameter.admits(batch_id)

    def response_for(self, status: int) -> ResponseContract | None:
        """The documented response for a status code: exact, then its range (``4XX``), then ``default``."""
        for name in (str(status), f"{status // 100}XX", "default"):
            if name in self.responses:
                return self.responses[name]
        return None

    @cached_property
    def lists_errors(self) -> bool:
        """Whether any response other than a success is documented at all."""
        return any(not status.startswith(("1", "2", "3")) for status in self.responses)
