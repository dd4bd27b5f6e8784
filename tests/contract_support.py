"""Small documents for tests of the contract."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import settings

from batch_conformance.contract.document import Document, parse_document
from batch_conformance.contract.overlay import Overlay, parse_overlay
from batch_conformance.contract.schema import Schema

untimed = settings(deadline=None)
"""For property tests: a busy machine is no finding."""

PARAMETER = {"name": "batch_id", "in": "path", "required": True, "schema": {"type": "string", "pattern": "^batch_"}}


def tree(body: Any, *, version: str = "3.0.3", components: Any = None, **operation: Any) -> dict[str, Any]:
    """An OpenAPI document whose 200 has ``body`` as its schema."""
    response = {"description": "The batch.", "content": {"application/json": {"schema": body}}}
    get = {"operationId": "getBatch", "parameters": [PARAMETER], "responses": {"200": response}, **operation}
    return {
        "openapi": version,
        "info": {"title": "Batches", "version": "1"},
        "paths": {"/batches/{batch_id}": {"get": get}},
        "components": {"schemas": components or {}},
    }


def document(body: Any, **more: Any) -> Document:
    """The same, read back from JSON as it would stand in a file."""
    return parse_document(json.dumps(tree(body, **more), indent=1).encode(), "api.json")


BODY = "/paths/~1batches~1{batch_id}/get/responses/200/content/application~1json/schema"
BODY_PATH = "$.paths['/batches/{batch_id}'].get.responses['200'].content['application/json'].schema"


def schema(body: Any, *, version: str = "3.0.3", components: Any = None) -> Schema:
    return Schema(document(body, version=version, components=components), BODY)


def overlay(*actions: dict[str, Any], version: str = "1.0.0") -> Overlay:
    data = {"overlay": version, "info": {"title": "Test", "version": "1"}, "actions": list(actions)}
    return parse_overlay(json.dumps(data, indent=1).encode(), "more.json")
