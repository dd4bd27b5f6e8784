"""Finds what a document says of the parameters of a query, wherever OpenAPI lets them stand."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from batch_conformance.contract.document import Document
from batch_conformance.contract.error import ContractError
from batch_conformance.contract.path_parameter import schema_of, values_shown
from batch_conformance.contract.pointer import join
from batch_conformance.contract.query_parameter import QueryParameter
from batch_conformance.contract.reference import follow
from batch_conformance.contract.translate import resolve


def query_parameters(document: Document, operation: str) -> tuple[QueryParameter, ...]:
    """The parameters of the query of the operation at a pointer, its own before those of its path.

    One that cannot be read, or has no schema, is left out.
    """
    found: dict[str, QueryParameter] = {}
    for one in _listed(document, operation):
        found.setdefault(one.name, one)
    return tuple(found.values())


def _listed(document: Document, operation: str) -> Iterator[QueryParameter]:
    for owner in (operation, operation.rpartition("/")[0]):
        node = resolve(document.data, owner)
        listed = node.get("parameters") if isinstance(node, Mapping) else None
        for index in range(len(listed) if isinstance(listed, list) else 0):
            try:
                parameter, pointer = follow(document, join(owner, "parameters", index))
                schema = schema_of(document, parameter, pointer) if parameter.get("in") == "query" else None
                if schema is None:
                    continue
                shown = tuple(dict.fromkeys(values_shown(parameter, schema)))
                required = parameter.get("required") is True
                style = parameter.get("style", "form")
                yield QueryParameter(
                    str(parameter.get("name")),
                    document.location(pointer),
                    schema,
                    shown,
                    required=required,
                    style=str(style),
                    explode=parameter.get("explode", style == "form") is True,
                    is_json="schema" not in parameter,
                    allows_empty=parameter.get("allowEmptyValue") is True,
                )
            except ContractError:
                continue
