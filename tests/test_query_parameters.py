"""What a query says of its parameters: each style of OpenAPI, and what a document leaves to implementations."""

from __future__ import annotations

import json
from typing import Any

import pytest

from batch_conformance.contract.document import parse_document
from batch_conformance.contract.query import query_parameters
from batch_conformance.contract.query_parameter import QueryParameter

WORDS = {"type": "string", "enum": ["QUEUED", "RUNNING", "SUCCESS"]}
LIST = {"type": "array", "items": WORDS}
NULLABLE = {"anyOf": [LIST, {"type": "null"}]}
NUMBERS = {"type": "array", "items": {"type": "integer"}, "maxItems": 2}
PAIRS = {"anyOf": [{"type": "object", "additionalProperties": True}, {"type": "null"}]}
UUID = {"type": "string", "format": "uuid"}


def parameter(schema: Any, **more: Any) -> QueryParameter:
    described = more if "content" in more else {"schema": schema, **more}
    get = {"parameters": [{"name": "p", "in": "query", **described}]}
    made = {"openapi": "3.1.0", "info": {"title": "T", "version": "1"}, "paths": {"/a": {"get": get}}}
    return query_parameters(parse_document(json.dumps(made).encode(), "a.json"), "/paths/~1a/get")[0]


@pytest.mark.parametrize(
    ("schema", "more", "texts", "admitted"),
    [
        (LIST, {}, ("RUNNING",), True),
        (NULLABLE, {}, ("RUNNING",), True),
        (NULLABLE, {}, ("RUNNING", "QUEUED"), True),
        (NULLABLE, {}, ("RUNNING", "nobody"), False),
        (LIST, {}, ("RUNNING,QUEUED",), False),
        (LIST, {"explode": False}, ("RUNNING,QUEUED",), True),
        (LIST, {"explode": False}, ("RUNNING,nobody",), False),
        (LIST, {"style": "pipeDelimited"}, ("RUNNING|QUEUED",), True),
        (LIST, {"style": "pipeDelimited"}, ("RUNNING,QUEUED",), False),
        (LIST, {"style": "spaceDelimited"}, ("RUNNING QUEUED",), True),
        (LIST, {}, ("",), True),
        (NUMBERS, {}, ("1", "2"), True),
        (NUMBERS, {}, ("1", "two"), False),
        (NUMBERS, {}, ("1", "2", "3"), False),
        (PAIRS, {}, ("anything",), True),
        (PAIRS, {"style": "deepObject"}, ("anything",), True),
        (None, {"content": {"application/json": {"schema": PAIRS}}}, ('{"a": 1}',), True),
        (None, {"content": {"application/json": {"schema": PAIRS}}}, ("anything",), False),
        ({"type": "boolean"}, {}, ("True",), True),
        ({"type": "boolean"}, {}, ("1",), True),
        ({"type": "boolean"}, {}, ("perhaps",), False),
        ({"type": "integer"}, {}, ("",), False),
        ({"type": "integer"}, {"allowEmptyValue": True}, ("",), True),
        ({"anyOf": [UUID, {"type": "null"}]}, {}, ("",), True),
        ({"anyOf": [UUID, {"type": "null"}]}, {}, ("x",), False),
        ({"type": "integer"}, {}, ("1", "x"), False),
    ],
)
def test_a_value_is_read_in_the_style_of_its_parameter(
    schema: Any, more: Any, texts: tuple[str, ...], admitted: bool
) -> None:
    assert parameter(schema, **more).admits(*texts) is admitted
