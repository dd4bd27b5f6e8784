"""What the tests of the probes share: a contract small enough to read, and ids."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

KNOWN = tuple(f"batch_{word}" for word in (
    "rdyqgrcgjg", "jkvytbjtow", "aqwsedrfgt", "zxcvbnmasd", "poiuytrewq", "mnbvcxzlkj", "lkjhgfdsap", "qazwsxedcr",
    "tgbyhnujmi", "plmoknijbu", "wsxedcrfvt", "okmijnuhby", "edcrfvtgby", "ujmikolpqa",
))  # fmt: skip


def document(**parameter_schema: Any) -> dict[str, Any]:
    """A document with the one operation, its id restricted as given."""
    schema = {"type": "string", **parameter_schema}
    return {
        "openapi": "3.0.0",
        "info": {"title": "Batches", "version": "1"},
        "servers": [{"url": "https://api.example.com/v1"}],
        "security": [{"bearerAuth": []}],
        "paths": {
            "/batches/{batch_id}": {
                "get": {
                    "parameters": [{"name": "batch_id", "in": "path", "required": True, "schema": schema}],
                    "responses": {"200": {"description": "The batch."}},
                },
                "delete": {"responses": {"204": {"description": "Gone."}}},
            }
        },
        "components": {"securitySchemes": {"bearerAuth": {"type": "http", "scheme": "bearer"}}},
    }


def contract(**changes: Any) -> Any:
    """Of a contract only what a plan reads."""
    operation: dict[str, Any] = {
        "path": "/batches/{batch_id}",
        "parameter": "batch_id",
        "responses": {str(status): None for status in (200, 400, 401, 403, 404, 429, 500, 503, 504)},
        "methods": ("GET",),
        "secured": True,
        "id_parameter": None,
    }
    data = changes.pop("data", None) or document()
    chosen = SimpleNamespace(**{**operation, **changes})
    return SimpleNamespace(chosen=chosen, operations=(chosen,), writes=(), document=SimpleNamespace(data=data))
