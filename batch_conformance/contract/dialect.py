"""The two dialects of JSON Schema that OpenAPI speaks, as validators: draft 4 for 3.0 and 2020-12 for 3.1.

They are jsonschema's, with patterns read as ECMA-262 means them, formats checked as ``formats`` has them, and no
number that makes them raise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import jsonschema
from jsonschema.exceptions import ValidationError

from batch_conformance.contract.decimals import is_multiple
from batch_conformance.contract.discriminator import check_choice, choice
from batch_conformance.contract.expression import expression
from batch_conformance.contract.formats import has_format


def validator_for(schema: Mapping[str, Any], *, modern: bool) -> Any:
    """A validator of a translated schema: 2020-12 where ``modern``, else draft 4."""
    return (_Modern if modern else _Draft4)(schema)


def _format(_validator: Any, name: Any, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    if not has_format(instance, name):
        yield ValidationError(f"is no {name}")


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


def _multiple_of(validator: Any, divisor: Any, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    if validator.is_type(instance, "number") and not is_multiple(instance, divisor):
        yield ValidationError(f"is no multiple of {divisor}")


def _alternatives(keyword: str) -> Callable[..., Iterator[ValidationError]]:
    """The check of a union: all of its schemas, or the one that a discriminator names."""
    of_all: Callable[..., Iterator[ValidationError]] = jsonschema.Draft202012Validator.VALIDATORS[keyword]

    def check(validator: Any, branches: Any, instance: Any, schema: Any) -> Iterator[ValidationError]:
        made = choice(schema, keyword, instance)
        if made is None:
            yield from of_all(validator, branches, instance, schema) or ()
        else:
            yield from check_choice(validator, branches, instance, schema, made=made, of_all=of_all)

    return check


_OURS = {
    "anyOf": _alternatives("anyOf"),
    "oneOf": _alternatives("oneOf"),
    "format": _format,
    "pattern": _pattern,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional_properties,
    "multipleOf": _multiple_of,
}
_extend: Callable[..., Any] = jsonschema.validators.extend
_Draft4 = _extend(jsonschema.Draft4Validator, _OURS)
_Modern = _extend(jsonschema.Draft202012Validator, _OURS)
