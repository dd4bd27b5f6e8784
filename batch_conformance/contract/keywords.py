"""Keywords of translated schemas that more than one module knows."""

from __future__ import annotations

SOURCE = "x-source"
"""Annotation on every translated subschema: the pointer of the schema it was made from."""

KNOWN_VALUES = "x-known-values"
"""Extension keyword: the values that the vendor documents elsewhere than in an ``enum``."""

TYPES = frozenset({"null", "boolean", "integer", "number", "string", "array", "object"})

EXAMPLE_VALUES = ("value", "dataValue")
"""The members of an Example Object that hold the value itself; ``dataValue`` is OpenAPI 3.2's."""

IN_PLACE_ONE = ("not", "if", "then", "else")
IN_PLACE_MANY = ("allOf", "anyOf", "oneOf")
"""Keywords whose schemas describe the same value as the schema that they stand in."""

ANNOTATIONS = frozenset({SOURCE, "title", "description", "example", "examples", "default", "deprecated", "$comment"})
"""Keywords by which a schema asks for nothing."""
