"""Finds what a document says of the parameter of a path, wherever OpenAPI lets it stand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from batch_conformance.contract.document import Document
from batch_conformance.contract.error import ContractError
from batch_conformance.contract.keywords import EXAMPLE_VALUES
from batch_conformance.contract.parameter import PathParameter
from batch_conformance.contract.pointer import join
from batch_conformance.contract.reference import follow
from batch_conformance.contract.schema import Schema
from batch_conformance.contract.translate import resolve


def path_parameter(document: Document, operation: str, name: str) -> PathParameter | None:
    """The parameter of that name of the operation at a pointer, or of the path around it; None where there is none.

    The operation's own goes before that of the path (OpenAPI, Path Item Object). One whose schema cannot be read says
    nothing: the self-check tells of it.
    """
    for owner in (operation, operation.rpartition("/")[0]):
        listed = _mapping(resolve(document.data, owner)).get("parameters")
        for index in range(len(listed) if isinstance(listed, list) else 0):
            try:
                node, pointer = follow(document, join(owner, "parameters", index))
                if node.get("in") != "path" or node.get("name") != name:
                    continue
                schema = schema_of(document, node, pointer)
                if schema is None:
                    return None
                shown = tuple(dict.fromkeys(values_shown(node, schema)))
                return PathParameter(name, document.location(pointer), schema, shown)
            except ContractError:
                return None
    return None


def schema_of(document: Document, node: Mapping[str, Any], pointer: str) -> Schema | None:
    """The schema of a parameter, be it beside it or in its only media type. Raises ``ContractError``."""
    below = [join(pointer, "schema")] if "schema" in node else []
    below += [
        join(pointer, "content", kind, "schema")
        for kind, media in _mapping(node.get("content")).items()
        if "schema" in _mapping(media)
    ]
    schema = Schema(document, below[0]) if below else None
    return schema if schema is not None and schema.properties else None


def values_shown(node: Mapping[str, Any], schema: Schema) -> Iterator[str]:
    """The values that a parameter shows as examples, or lists, as texts."""
    media = [one for one in _mapping(node.get("content")).values() if isinstance(one, Mapping)]
    for holder in (node, *media):
        if "example" in holder:
            yield from _text(holder["example"])
        for one in _mapping(holder.get("examples")).values():
            for member in EXAMPLE_VALUES:
                yield from _text(_mapping(one).get(member))
    for value in (schema.properties[0].example, *schema.properties[0].known_values):
        yield from _text(value)


def _text(value: Any) -> Iterator[str]:
    """A scalar as it stands in a path; nothing for what has no text there."""
    if isinstance(value, str) and value:
        yield value
    elif isinstance(value, int | float):
        yield json.dumps(value)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
