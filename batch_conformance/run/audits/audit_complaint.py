"""What is wrong in an ``audit.yaml``, in one line: the key, where it stands, and what may stand there.

No line shows a value of the file: somebody may have written the key of an API itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jsonschema.exceptions import ValidationError

from batch_conformance.contract.location import Location
from batch_conformance.contract.pointer import join
from batch_conformance.near_miss import nearest
from batch_conformance.options import options_of
from batch_conformance.run.audits.audit_schema import IN_OPTIONS

_LONGEST_KEY = 60
_HINTS = {
    "targets": "targets is a list, each with a name and a base_url or a vendor: `- {name: one, base_url: https://…}`",
    "batch_ids": "batch_ids is a list of texts, such as `batch_ids: [batch_1]`",
    "key_env": "key_env is the name of an environment variable, such as GROQ_API_KEY, never the key itself",
    "name": "a name is of letters, digits, dots, dashes and underscores, as a folder is called after it",
}
_NEVER_THE_KEY = "a key is named by its environment variable alone: `key_env: GROQ_API_KEY`"
_NAMES = {
    "string": "a text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "empty",
}


def complaint(errors: Iterable[ValidationError], file: str, locations: Mapping[str, Location]) -> str | None:
    """One line for what stands first; None where nothing is wrong. Keys that are not known come before all else.

    A key that is misspelt is two errors of the schema, and only the one names it.
    """
    told = [line for error in errors for line in _lines(error)]
    if not told:
        return None
    placed = [(known, _location(pointer, file, locations), text) for known, pointer, text in told]
    _, where, text = min(placed, key=lambda one: (one[0], one[1].line))
    return f"{where}: {text}"


def _location(pointer: str, file: str, locations: Mapping[str, Location]) -> Location:
    while pointer and pointer not in locations:
        pointer = pointer.rpartition("/")[0]
    return locations.get(pointer) or Location(file, 1)


def _lines(error: ValidationError) -> list[tuple[bool, str, str]]:
    """Of each key that is wrong: whether it is a known one, the pointer to it, and what to say."""
    path = list(error.absolute_path)
    here = join("", *path)
    if error.validator == "additionalProperties":
        known = _mapping(_mapping(error.schema).get("properties"))
        strange = [str(key) for key in _mapping(error.instance) if key not in known]
        return [(False, join(here, key), _unknown(key, list(known), path)) for key in strange]
    return [(True, here, _wrong(error, str(path[-1]) if path else "", path))]


def _wrong(error: ValidationError, key: str, path: Sequence[Any]) -> str:
    if error.validator == "required":
        missing = [name for name in _list(error.validator_value) if name not in _mapping(error.instance)]
        return f"{', '.join(missing)} is missing"
    if error.validator == "anyOf":
        return "a target needs a base_url, or a vendor whose profile has one"
    if key in _HINTS:
        return f"targets is empty; {_HINTS[key]}" if error.validator == "minItems" else _HINTS[key]
    what = f"one of {path[-2]}" if isinstance(path[-1] if path else "", int) else key or "the file"
    schema, given = _mapping(error.schema), error.instance
    if error.validator == "type":
        kind = _kind(given)
        quoted = ": put it in quotes" if kind == "a number" and schema["type"] == "string" else ""
        return f"{what} must be {_wanted(schema)}, and is {kind}{quoted}"
    near = nearest(given, _list(schema.get("enum"))) if isinstance(given, str) else ""
    return f"{what} must be {_wanted(schema)}{_meant(near)}"


def _wanted(schema: Mapping[str, Any]) -> str:
    """What a schema asks for, in words."""
    if "enum" in schema:
        *others, last = schema["enum"]
        return f"{', '.join(others)} or {last}" if others else str(last)
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    words = " or ".join(f"{_NAMES[one]} of texts" if one == "array" else _NAMES[one] for one in types)
    if "maximum" in schema:
        return f"{words} from {schema['minimum']:g} to {schema['maximum']:g}"
    if "exclusiveMinimum" in schema:
        return f"{words} above {schema['exclusiveMinimum']:g}"
    if "minimum" in schema:
        return f"{words} of at least {schema['minimum']:g}"
    return f"{words} that is not empty" if "minLength" in schema else words


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return _NAMES["boolean"]
    if value is None:
        return _NAMES["null"]
    types: dict[type, str] = {str: "string", int: "number", float: "number", list: "array", dict: "object"}
    return _NAMES[types[type(value)]]


def _unknown(key: str, known: Sequence[str], path: Sequence[Any]) -> str:
    """A key that is not known where it stands, and the one that was meant or the place that it has."""
    options = {option.name: option for option in options_of("run")}
    shown = f"`{key[:_LONGEST_KEY]}`"
    in_options = bool(path) and path[-1] == "options"
    option = options.get(key) or options.get(nearest(key, options))
    if in_options:
        of_target = [option.audit_file for option in options.values() if option.audit_file not in ("", IN_OPTIONS)]
        elsewhere = key if key in of_target else option.audit_file if option is not None else IN_OPTIONS
        if elsewhere in of_target:
            return f"{shown} is none of the options: write `{elsewhere}:` beside the target's name"
        if option is not None and not elsewhere:
            has_it = option.name in {one.name for one in options_of("audit")}
            where = "give it to the command, `batch-conformance audit`" if has_it else "it is for one run alone"
            return f"{shown} is none of the options of a target: {where}"
        hint = _meant(nearest(key, known)) or ": `batch-conformance run --help` lists them; write them without dashes"
        return f"{shown} is no option of `run`{hint}"
    near = nearest(key, known)
    if not near and option is not None and option.audit_file == IN_OPTIONS:
        return f"{shown} is not known here: options stand under `options:`, as `{option.name}:`"
    if not near and any(word in key.lower() for word in ("key", "token", "secret", "password")):
        return _NEVER_THE_KEY
    return f"{shown} is not known here{_meant(near) or '; known are ' + ', '.join(known)}"


def _meant(word: str) -> str:
    return f"; did you mean `{word}`?" if word else ""


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _list(value: Any) -> list[str]:
    return list(value) if isinstance(value, list) else []
