"""Compiled checks of a schema: they say yes in microseconds, and leave every no to the judge to explain."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import jsonschema_rs

from batch_conformance.contract.discriminator import DISCRIMINATOR
from batch_conformance.contract.formats import CHECKED, has_format
from batch_conformance.contract.schema import Schema
from batch_conformance.rules.columns import Columns
from batch_conformance.rules.rule import BodiesCheck, Body

_UNLIKE = ("pattern", "patternProperties", "multipleOf", "propertyNames", DISCRIMINATOR)
"""Keywords that the two validators may read differently, or only one of them at all."""
_VALUES = frozenset({"enum", "const", "default", "example", "examples"})
"""Keywords that hold values, not schemas."""
_OF_SHAPE = ("type", "required")
_NOT_APART = (
    *("anyOf", "oneOf", "not", "if", "$ref", "dependentRequired", "dependentSchemas", "dependencies"),
    *("unevaluatedProperties", "unevaluatedItems", "prefixItems", "contains", "propertyNames", "patternProperties"),
)
"""Keywords that make types or members decide on something else."""
_SAYS_NOTHING = frozenset(
    {
        *("title", "description", "example", "examples", "default", "deprecated", "readOnly", "writeOnly", "nullable"),
        *("definitions", "$defs", "discriminator", "externalDocs", "xml", "$comment"),
    }
)


def surely_valid(schema: Schema, *, broken: bool) -> tuple[BodiesCheck, ...] | None:
    """Checks that a value keeps a schema, for values with members and types of which it is known how they keep it.

    ``broken`` says that they do not: then only the rest of the schema is checked, and None is for a schema where the
    rest cannot be told apart. They hold only where the judge finds no further violation.
    """
    if not broken and f'"{DISCRIMINATOR}"' in json.dumps(schema.raw):
        # Which members are declared depends on a value.
        return (
            _of_each(schema.is_valid),
            _of_each(lambda body: not schema.undeclared(body) and not schema.write_only(body)),
        )
    loose = _without_shape(schema.raw)
    if loose is None:
        return None if broken else (_of_each(_compiled(schema.raw, schema) or schema.is_valid),)
    if not _says_more(loose):
        return ()
    check = _compiled(loose, schema)
    return (_of_each(check),) if check else None if broken else (_of_each(schema.is_valid),)


def _of_each(check: Callable[[Body], bool]) -> BodiesCheck:
    return partial(_hold, check)


def _hold(check: Callable[[Body], bool], columns: Columns) -> bool:
    return all(map(check, columns.bodies))


def _compiled(raw: Mapping[str, Any], schema: Schema) -> Callable[[Body], bool] | None:
    if any(f'"{keyword}"' in json.dumps(raw) for keyword in _UNLIKE):
        return None
    kind = jsonschema_rs.Draft202012Validator if schema.modern else jsonschema_rs.Draft4Validator
    formats = {name: _format(name) for name in CHECKED}
    check: Callable[[Body], bool] = kind(_with_ranges(dict(raw)), formats=formats, validate_formats=True).is_valid
    return check


def _format(name: str) -> Callable[[str], bool]:
    return lambda value: has_format(value, name)


def _with_ranges(raw: Any) -> Any:
    """A schema with the ranges of formats of numbers as bounds: jsonschema-rs asks for the formats of strings alone."""
    if isinstance(raw, list):
        return [_with_ranges(one) for one in raw]
    if not isinstance(raw, dict):
        return raw
    made = {keyword: value if keyword in _VALUES else _with_ranges(value) for keyword, value in raw.items()}
    name = raw.get("format")
    known = CHECKED.get(name) if isinstance(name, str) else None
    if known is not None and known.range is not None:
        least, most = known.range
        made["allOf"] = [*made.get("allOf", ()), {"minimum": least, "maximum": most}]
    return made


def _without_shape(raw: Any) -> Any:
    """A schema without what types and members alone decide; None where it cannot be told apart."""
    if isinstance(raw, list):
        parts = [_without_shape(one) for one in raw]
        return None if None in parts else parts
    if not isinstance(raw, dict):
        return raw
    if any(keyword in raw for keyword in _NOT_APART):
        return None
    found: dict[str, Any] = {}
    for keyword, value in raw.items():
        if keyword in _OF_SHAPE or (keyword == "additionalProperties" and isinstance(value, bool)):
            continue
        inner = value
        if keyword == "properties":
            inner = {name: _without_shape(one) for name, one in value.items()}
            if None in inner.values():
                return None
        elif keyword in ("items", "allOf", "additionalProperties"):
            inner = _without_shape(value)
            if inner is None:
                return None
        found[keyword] = inner
    return found


def _says_more(loose: Any) -> bool:
    """Whether a schema without its types and members asks for anything."""
    if isinstance(loose, list):
        return any(map(_says_more, loose))
    if not isinstance(loose, dict):
        return False
    for keyword, value in loose.items():
        if keyword == "properties":
            if any(map(_says_more, value.values())):
                return True
        elif keyword in ("items", "allOf", "additionalProperties"):
            if _says_more(value):
                return True
        elif keyword not in _SAYS_NOTHING and not keyword.startswith("x-"):
            return True
    return False
