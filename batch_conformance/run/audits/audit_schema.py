"""The JSON Schema of ``audit.yaml``, made from the table of options."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from batch_conformance.options import Bounds, Option, Type, options_of

PARALLEL = 8
"""Audits at once, where nobody says otherwise."""
TIMEOUT = 420.0
"""Seconds for one audit: more than the 300 that it sends for by itself."""

IN_OPTIONS = "options"
"""Where the table says that an option stands among the options."""
_TEXT = {"type": "string", "minLength": 1}
_TYPES: Mapping[Type, str] = {
    "text": "string",
    "path": "string",
    "integer": "integer",
    "number": "number",
    "flag": "boolean",
}
_SECONDS = {"type": "number", "exclusiveMinimum": 0}
_SEED = {"type": "integer", "minimum": 0, "description": "of the requests made from the document: Hypothesis' option"}
_KEY_ENV = {"type": "string", "pattern": "^[A-Z_][A-Z0-9_]{0,63}$"}


def audit_schema() -> dict[str, Any]:
    """The schema, with the name, type, values, bounds, default and help of each option."""
    run = options_of("run")
    of_targets = {option.audit_file: option for option in run if option.audit_file not in ("", IN_OPTIONS)}
    (parallel,) = (option for option in options_of("audit") if option.name == "parallel")
    target = {
        "type": "object",
        "required": ["name"],
        "anyOf": [{"required": ["base_url"]}, {"required": ["vendor"]}],
        "additionalProperties": False,
        "properties": {
            "name": {
                "type": "string",
                "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$",
                "description": "of the target in the matrix, and of the folder of its reports",
            },
            **{key: _target_key(key, option) for key, option in of_targets.items()},
            "timeout": {**_SECONDS, "description": "seconds after which this audit is stopped"},
            "options": {"description": "for this target; they go before those for all", "$ref": "#/$defs/options"},
        },
    }
    options = {option.name: option_schema(option) for option in run if option.audit_file == IN_OPTIONS}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "audit.yaml of batch-conformance",
        "description": "Targets that are audited side by side.",
        "type": "object",
        "required": ["targets"],
        "additionalProperties": False,
        "properties": {
            "parallel": {
                "type": "integer",
                **_bounds(parallel.bounds),
                "default": PARALLEL,
                "description": "how many are audited at once",
            },
            "timeout": {**_SECONDS, "default": TIMEOUT, "description": "seconds after which an audit is stopped"},
            "options": {"description": "for every target", "$ref": "#/$defs/options"},
            "targets": {"type": "array", "minItems": 1, "items": target},
        },
        "$defs": {
            "options": {
                "description": "options of `batch-conformance run`, without dashes",
                "type": "object",
                "additionalProperties": False,
                "properties": options | {"hypothesis-seed": _SEED},
            }
        },
    }


def option_schema(option: Option) -> dict[str, Any]:
    """The schema of an option's value; one that repeats is a text or a list of them."""
    schema: dict[str, Any] = {"type": _TYPES[option.type]}
    if option.repeats:
        schema = {"type": ["string", "array"], "minLength": 1, "items": dict(_TEXT)}
    elif option.choices:
        schema["enum"] = list(option.choices)
    elif schema["type"] == "string":
        schema["minLength"] = 1
    schema |= _bounds(option.bounds)
    if option.default not in (None, ""):
        schema["default"] = option.default
    return {**schema, "description": option.help}


def _target_key(key: str, option: Option) -> dict[str, Any]:
    if key == "key_env":
        return {**_KEY_ENV, "default": option.default, "description": f"{option.help}; never the key itself"}
    if option.repeats:
        return {"type": "array", "items": dict(_TEXT), "description": option.help}
    return {**_TEXT, "description": option.help}


def _bounds(bounds: Bounds | None) -> dict[str, float]:
    if bounds is None:
        return {}
    most = {} if bounds.most is None else {"maximum": bounds.most}
    return {"exclusiveMinimum" if bounds.above else "minimum": bounds.least, **most}
