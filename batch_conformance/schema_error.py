"""What a JSON Schema finds wrong with a value, as a message: what the value is, and what it has to be."""

from __future__ import annotations

import json
from typing import Any

from jsonschema.exceptions import ValidationError

from batch_conformance.message import Listing, Message, Template, printable, type_named

_AT = Template("schema_error.at", "{place}: {what}")
_TYPE = Template("schema_error.type", "{value} is not of type {types}")
_ENUM = Template("schema_error.enum", "{value} is not one of [{words}]")
_CONST = Template("schema_error.const", "{value} was expected to be {wanted}")
_REQUIRED = Template("schema_error.required", "{name} is a required property")
_UNKNOWN = Template("schema_error.unknown", "additional properties are not allowed ({names})")
_MINIMUM = Template("schema_error.minimum", "{value} is less than the minimum of {bound}")
_MAXIMUM = Template("schema_error.maximum", "{value} is greater than the maximum of {bound}")
_TOO_SHORT = Template("schema_error.too_short", "{value} is too short")
_TOO_LONG = Template("schema_error.too_long", "{value} is too long")
_PATTERN = Template("schema_error.pattern", "{value} does not match {pattern}")
_NONE_OF = Template("schema_error.none_of", "{value} is not valid under any of the given schemas")
_KEYWORD = Template("schema_error.keyword", "{value} does not keep {keyword}")

_MOST_SHOWN = 60
_MOST_NAMES = 8


def wrong_at(error: ValidationError) -> Message:
    """What is wrong, with its place as a path of JSON unless that is the whole value."""
    place = error.json_path.removeprefix("$").removeprefix(".")
    return _AT(place=place, what=what_is_wrong(error)) if place else what_is_wrong(error)


def what_is_wrong(error: ValidationError) -> Message:  # noqa: PLR0911 - one for each kind of keyword
    """What is wrong, without its place."""
    value = _shown(error.instance)
    asked: Any = error.validator_value
    match error.validator:
        case "type":
            types = tuple(asked) if isinstance(asked, list) else (asked,)
            return _TYPE(value=value, types=Listing(tuple(map(type_named, types)), "or"))
        case "enum":
            return _ENUM(value=value, words=", ".join(map(_shown, asked)))
        case "const":
            return _CONST(value=value, wanted=_shown(asked))
        case "required":
            present: Any = error.instance
            return _REQUIRED(name=_shown(next(name for name in asked if name not in present)))
        case "additionalProperties" | "unevaluatedProperties":
            schema: Any = error.schema
            given: Any = error.instance
            names = tuple(_shown(name) for name in given if name not in schema.get("properties", {}))[:_MOST_NAMES]
            return _UNKNOWN(names=Listing(names))
        case "minimum" | "exclusiveMinimum":
            return _MINIMUM(value=value, bound=_shown(asked))
        case "maximum" | "exclusiveMaximum":
            return _MAXIMUM(value=value, bound=_shown(asked))
        case "minLength" | "minItems" | "minProperties":
            return _TOO_SHORT(value=value)
        case "maxLength" | "maxItems" | "maxProperties":
            return _TOO_LONG(value=value)
        case "pattern":
            return _PATTERN(value=value, pattern=_shown(asked))
        case "anyOf" | "oneOf":
            return _NONE_OF(value=value)
        case _:
            return _KEYWORD(value=value, keyword=str(error.validator))


def _shown(value: Any) -> str:
    """A value as JSON has it, on one line and not long."""
    text = printable(json.dumps(value, ensure_ascii=False, default=str))
    return text if len(text) <= _MOST_SHOWN else text[: _MOST_SHOWN - 1] + "…"
