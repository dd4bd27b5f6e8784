"""Translates schemas of a document into self-contained JSON Schema that jsonschema's validators take."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from jsonschema import FormatChecker

from batch_conformance.contract.document import ContractError, Document
from batch_conformance.contract.pointer import escape, join, split

SOURCE = "x-source"
"""Annotation on every translated subschema: the pointer of the schema it was made from."""

_ONE = ("not", "if", "then", "else", "contains", "propertyNames", "unevaluatedItems", "unevaluatedProperties")
_MANY = ("allOf", "anyOf", "oneOf", "prefixItems")
_NAMED = ("properties", "patternProperties", "dependentSchemas")
_ONLY_MODERN = ("const", "if", "then", "else", "contains", "propertyNames", "prefixItems", "patternProperties")
_INTEGER_RANGES = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}

FORMATS = FormatChecker(formats=())
"""The formats that are asserted; any other is an annotation, as JSON Schema has it."""


@FORMATS.checks("date-time")
def _is_date_time(value: object) -> bool:
    if not isinstance(value, str):
        return True
    if not re.fullmatch(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", value):
        return False
    try:
        datetime.fromisoformat(value[:19].replace("t", "T"))
    except ValueError:
        return False
    return True


@FORMATS.checks("uuid", raises=ValueError)
def _is_uuid(value: object) -> bool:
    return not isinstance(value, str) or bool(UUID(value))


@FORMATS.checks("uri")
def _is_uri(value: object) -> bool:
    return not isinstance(value, str) or bool(re.match(r"[A-Za-z][A-Za-z0-9+.-]*:\S", value))


def is_asserted(name: Any) -> bool:
    """Whether a value of ``format`` is checked rather than only an annotation."""
    return name in FORMATS.checkers or name in _INTEGER_RANGES


class Translator:
    """Translates the schemas of one document; ``definitions`` holds what was referred to on the way."""

    def __init__(self, document: Document, modern: bool) -> None:
        self.definitions: dict[str, Any] = {}
        self.keyword = "$defs" if modern else "definitions"
        self._document = document
        self._modern = modern

    def translate(self, schema: Any, pointer: str) -> dict[str, Any]:
        """The JSON Schema of an OpenAPI schema that stands at ``pointer``. Raises ``ContractError``."""
        if isinstance(schema, bool):
            return {SOURCE: pointer} if schema else {"not": {}, SOURCE: pointer}
        if not isinstance(schema, Mapping):
            raise ContractError(f"{self._document.location(pointer)}: a schema must be an object")
        if "$ref" in schema:
            reference = {"$ref": self._reference(schema["$ref"], pointer), SOURCE: pointer}
            # OpenAPI 3.0 ignores whatever stands beside a reference, nullable too.
            return {**self._keywords(schema, pointer), **reference} if self._modern else reference
        return {**self._keywords(schema, pointer), SOURCE: pointer}

    def _reference(self, reference: Any, pointer: str) -> str:
        if not isinstance(reference, str) or not reference.startswith("#/"):
            raise leaves_document(self._document, pointer, reference)
        target = reference[1:]
        if target not in self.definitions:
            self.definitions[target] = {}  # taken before it is filled, so that a cycle ends
            self.definitions[target] = self.translate(resolve(self._document.data, target), target)
        return f"#/{self.keyword}/{escape(target)}"

    def _keywords(self, schema: Mapping[str, Any], pointer: str) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for name, value in schema.items():
            here = join(pointer, name)
            if name in _ONE or (name in ("items", "additionalProperties") and isinstance(value, Mapping)):
                if self._modern or name not in _ONLY_MODERN:
                    made[name] = self.translate(value, here)
            elif name in _MANY and isinstance(value, list):
                if self._modern or name not in _ONLY_MODERN:
                    made[name] = [self.translate(one, join(here, index)) for index, one in enumerate(value)]
            elif name in _NAMED and isinstance(value, Mapping):
                if self._modern or name not in _ONLY_MODERN:
                    made[name] = {key: self.translate(one, join(here, key)) for key, one in value.items()}
            elif name not in ("$ref", "nullable", "discriminator", "xml", "externalDocs", "$id", "$schema"):
                made[name] = value
        if not self._modern:
            _make_nullable(made, schema)
        _add_range(made)
        return made


def leaves_document(document: Document, pointer: str, reference: Any) -> ContractError:
    """What to raise for a reference that is not local: nothing is ever fetched because a document says so."""
    shown = str(reference)[:80]
    return ContractError(
        f"{document.location(pointer)}: the reference {shown!r} leaves the document; only local ones (#/…) are read"
    )


def resolve(data: Any, pointer: str) -> Any:
    """The node of a document at a pointer. Raises ``ContractError`` where there is none."""
    node = data
    for token in split(pointer):
        try:
            node = node[int(token)] if isinstance(node, list) else node[token]
        except (KeyError, IndexError, ValueError, TypeError):
            raise ContractError(f"the contract refers to {pointer!r}, and there is nothing there") from None
    return node


def _make_nullable(made: dict[str, Any], schema: Mapping[str, Any]) -> None:
    """``nullable`` adds null to a type; without a type beside it, it means nothing (OpenAPI 3.0.3)."""
    if schema.get("nullable") is True and isinstance(made.get("type"), str):
        made["type"] = [made["type"], "null"]
        if "enum" in made and None not in made["enum"]:
            made["enum"] = [*made["enum"], None]


def _add_range(made: dict[str, Any]) -> None:
    bounds = _INTEGER_RANGES.get(str(made.get("format")))
    if bounds and "integer" in str(made.get("type")):
        made.setdefault("minimum", bounds[0])
        made.setdefault("maximum", bounds[1])
