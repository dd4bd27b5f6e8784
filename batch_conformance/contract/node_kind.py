"""What OpenAPI has at a place of a document: a schema, a response, a path item."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

__all__ = ["DOCUMENT", "kind_at", "kind_below"]

DOCUMENT = "document"
"""The kind of the root of a document."""

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "query")
_LISTS: Mapping[str, str] = {
    "path items": "path item",
    "parameters": "parameter",
    "responses": "response",
    "headers": "header",
    "media types": "media type",
    "encodings": "encoding",
    "examples": "example",
    "request bodies": "request body",
    "security schemes": "security scheme",
    "links": "link",
    "callbacks": "callback",
    "callback": "path item",
    "schemas": "schema",
}
"""What has members of any name or index, and what each of them is."""

_FIELDS: Mapping[str, Mapping[str, str]] = {
    "document": {"paths": "path items", "webhooks": "path items", "components": "components"},
    "components": {
        **{name: name for name in ("schemas", "responses", "parameters", "examples", "headers", "links", "callbacks")},
        "requestBodies": "request bodies",
        "securitySchemes": "security schemes",
        "pathItems": "path items",
        "mediaTypes": "media types",
    },
    "path item": {**dict.fromkeys(_METHODS, "operation"), "parameters": "parameters"},
    "operation": {
        **{name: name for name in ("parameters", "responses", "callbacks")},
        "requestBody": "request body",
    },
    "parameter": {"schema": "schema", "examples": "examples", "content": "media types"},
    "header": {"schema": "schema", "examples": "examples", "content": "media types"},
    "request body": {"content": "media types"},
    "response": {"headers": "headers", "content": "media types", "links": "links"},
    "media type": {"schema": "schema", "itemSchema": "schema", "examples": "examples", "encoding": "encodings"},
    "encoding": {"headers": "headers"},
    "schema": {
        **dict.fromkeys(("properties", "patternProperties", "dependentSchemas", "$defs", "definitions"), "schemas"),
        **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), "schemas"),
        **dict.fromkeys(("items", "additionalProperties", "not", "if", "then", "else"), "schema"),
        **dict.fromkeys(("contains", "propertyNames", "unevaluatedItems", "unevaluatedProperties"), "schema"),
    },
}


def kind_below(kind: str, step: str) -> str:
    """What OpenAPI has at a member or an index of a node of some kind; empty for values and extensions."""
    return _LISTS.get(kind) or _FIELDS.get(kind, {}).get(step, "")


def kind_at(path: Sequence[str | int]) -> str:
    """What OpenAPI has at a path of a document, such as ``response``; empty for values and extensions."""
    kind = DOCUMENT
    for step in path:
        kind = kind_below(kind, str(step))
    return kind
