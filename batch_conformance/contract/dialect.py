"""The two dialects of JSON Schema that OpenAPI speaks, as validators: draft 4 for 3.0 and 2020-12 for 3.1.

They are jsonschema's, with patterns read as ECMA-262 means them, formats asserted only where they say something exact,
and no number that makes them raise.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from fractions import Fraction
from typing import Any

import jsonschema
from jsonschema import FormatChecker
from jsonschema.exceptions import ValidationError

from batch_conformance.contract.expression import expression

FORMATS = FormatChecker(formats=())
"""The formats that are asserted; any other is an annotation, as JSON Schema has it."""

INTEGER_RANGES = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}
"""The formats that are ranges of integers, with their least and greatest number."""
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+")


def validator_for(schema: Mapping[str, Any], *, modern: bool) -> Any:
    """A validator of a translated schema: 2020-12 where ``modern``, else draft 4."""
    return (_Modern if modern else _Draft4)(schema, format_checker=FORMATS)


def is_asserted(name: Any) -> bool:
    """Whether a value of ``format`` is checked rather than only an annotation."""
    return name in FORMATS.checkers


def format_types(name: str) -> frozenset[str]:
    """The JSON types of the values that a format says something of."""
    return frozenset({"integer", "number"}) if name in INTEGER_RANGES else frozenset({"string"})


@FORMATS.checks("date-time")
def _is_date_time(value: object) -> bool:
    if not isinstance(value, str):
        return True
    if not _DATE_TIME.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value[:17].upper() + value[17:19].replace("60", "59"))  # RFC 3339 has leap seconds
    except ValueError:
        return False
    return True


@FORMATS.checks("uuid")
def _is_uuid(value: object) -> bool:
    return not isinstance(value, str) or _UUID.fullmatch(value) is not None


@FORMATS.checks("uri")
def _is_uri(value: object) -> bool:
    return not isinstance(value, str) or _URI.fullmatch(value) is not None


@FORMATS.checks("int32")
def _is_int32(value: object) -> bool:
    return _is_within(value, "int32")


@FORMATS.checks("int64")
def _is_int64(value: object) -> bool:
    return _is_within(value, "int64")


def _is_within(value: object, name: str) -> bool:
    least, most = INTEGER_RANGES[name]
    return isinstance(value, bool) or not isinstance(value, int | float) or least <= value <= most


def _pattern(validator: Any, pattern: str, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    compiled = expression(pattern) if validator.is_type(instance, "string") else None
    if compiled is not None and not compiled.search(instance):
        yield ValidationError(f"does not match {pattern!r}")


def _pattern_properties(validator: Any, patterns: Any, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    for pattern, schema in patterns.items() if validator.is_type(instance, "object") else ():
        compiled = expression(pattern)
        for name, member in instance.items():
            if compiled is not None and compiled.search(name):
                yield from validator.descend(member, schema, path=name, schema_path=pattern)


def _additional_properties(validator: Any, allowed: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    if not validator.is_type(instance, "object"):
        return
    patterns = [one for one in map(expression, schema.get("patternProperties", ())) if one is not None]
    named = schema.get("properties", {})
    extras = [name for name in instance if name not in named and not any(one.search(name) for one in patterns)]
    if validator.is_type(allowed, "object"):
        for name in extras:
            yield from validator.descend(instance[name], allowed, path=name)
    elif not allowed and extras:
        yield ValidationError(f"{len(extras)} members are not described")


def _multiple_of(validator: Any, divisor: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
    try:
        yield from list(jsonschema.Draft4Validator.VALIDATORS["multipleOf"](validator, divisor, instance, schema) or ())
    except (OverflowError, ValueError):  # infinite, or beyond what a division of floats can hold
        endless = isinstance(instance, float) and not math.isfinite(instance)
        if endless or Fraction(instance) % Fraction(divisor):
            yield ValidationError(f"is no multiple of {divisor}")


_OURS = {
    "pattern": _pattern,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties,
    "multipleOf": _multiple_of,
}
_extend: Callable[..., Any] = jsonschema.validators.extend
_Draft4 = _extend(jsonschema.Draft4Validator, _OURS)
_Modern = _extend(jsonschema.Draft202012Validator, _OURS)
