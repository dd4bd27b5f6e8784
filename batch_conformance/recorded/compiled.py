"""Compiled checks of one body: those that say yes in microseconds, and leave every no to the judge to explain."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import jsonschema_rs

from batch_conformance.contract.discriminator import DISCRIMINATOR
from batch_conformance.contract.formats import CHECKED, has_format
from batch_conformance.contract.roles import Roles
from batch_conformance.contract.schema import Schema
from batch_conformance.judge.sense import EARLIEST, LATEST, precedes, promised_seconds

Body = dict[str, Any]
Check = Callable[[Body], bool]

_SPACED_COLONS = (" :", "\t:", "\n:", "\r:")
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


def has_each_key_once(text: str, keys: int) -> bool:
    """Whether a JSON text, in whose value there are ``keys`` members in all, has surely none twice.

    Every member has a colon, and none but members have one outside of strings.
    """
    if text.count(":") == keys:
        return True
    return text.count('":') == keys and not any(colon in text for colon in _SPACED_COLONS)


def validators_of(schema: Schema, *, broken: bool) -> tuple[Check, ...] | None:
    """Checks that a value keeps a schema, for values with members and types of which it is known how they keep it.

    ``broken`` says that they do not: then only the rest of the schema is checked, and None is for a schema where the
    rest cannot be told apart. They hold only where the judge finds no further violation.
    """
    if not broken and f'"{DISCRIMINATOR}"' in json.dumps(schema.raw):
        # Which members are declared depends on a value.
        return (schema.is_valid, lambda body: not schema.undeclared(body) and not schema.write_only(body))
    loose = _without_shape(schema.raw)
    if loose is None:
        return None if broken else (_compiled(schema.raw, schema) or schema.is_valid,)
    if not _says_more(loose):
        return ()
    check = _compiled(loose, schema)
    return (check,) if check else None if broken else (schema.is_valid,)


def sense_of(roles: Roles, body: Body) -> tuple[Check, ...] | None:
    """Checks that the times, the window and the counts of a batch make sense together.

    They hold for bodies with the same members of the same types, in the same state, as ``body``. None where the roles
    are not those of plain members.
    """
    if any(pointer.count("/") != 1 for pointer in (*roles.timestamps, *filter(None, (roles.window,)))):
        return None
    times = tuple(name for name in (p[1:] for p in roles.timestamps) if type(body.get(name)) is int)
    return (*_times(roles, times), *_window(roles, times, body), *_counts(roles, body))


def _compiled(raw: Mapping[str, Any], schema: Schema) -> Check | None:
    if any(f'"{keyword}"' in json.dumps(raw) for keyword in _UNLIKE):
        return None
    kind = jsonschema_rs.Draft202012Validator if schema.modern else jsonschema_rs.Draft4Validator
    formats = {name: _format(name) for name in CHECKED}
    check: Check = kind(_with_ranges(dict(raw)), formats=formats, validate_formats=True).is_valid
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


def _times(roles: Roles, times: tuple[str, ...]) -> list[Check]:
    created = (roles.created or "")[1:]
    stages = [stage for stage in roles.stages if stage.timestamp and stage.timestamp[1:] in times]
    pairs = [(created, name) for name in times if created in times and name != created]
    pairs += [
        (one.timestamp[1:], other.timestamp[1:])
        for one in stages
        for other in stages
        if one.timestamp and other.timestamp and precedes(one, other)
    ]
    ordered = tuple(dict.fromkeys(pairs))

    def hold(body: Body) -> bool:
        for name in times:
            if not EARLIEST <= body[name] <= LATEST:
                return False
        for one, other in ordered:  # noqa: SIM110 - a generator costs more than the comparison
            if body[one] > body[other]:
                return False
        return True

    return [hold] if times else []


def _window(roles: Roles, times: tuple[str, ...], body: Body) -> list[Check]:
    window, created, expires = ((pointer or "")[1:] for pointer in (roles.window, roles.created, roles.expires))
    if created not in times or expires not in times or not isinstance(body.get(window), str):
        return []
    known: dict[str, int | None] = {}

    def hold(body: Body) -> bool:
        text = body[window]
        if text not in known:
            if len(known) > 1000:
                known.clear()
            known[text] = promised_seconds(text)
        promised = known[text]
        return promised is None or body[expires] - body[created] == promised

    return [hold]


def _counts(roles: Roles, body: Body) -> list[Check]:
    counts = roles.counts
    if counts is None:
        return []
    if any(pointer.rpartition("/")[0] != counts.pointer for pointer in (counts.total, counts.completed, counts.failed)):
        return [lambda _: False]
    if counts.pointer.count("/") != 1:
        return [lambda _: False]
    around = counts.pointer[1:]
    names = [pointer.rpartition("/")[2] for pointer in (counts.total, counts.completed, counts.failed)]
    held = body.get(around)
    if not isinstance(held, dict):
        return []
    there = tuple(name for name in names if type(held.get(name)) is int)
    whole = len(there) == 3
    total, completed, failed = names
    stage = next((one for one in roles.stages if roles.state and one.value == body.get(roles.state[1:])), None)
    done = stage is not None and stage.word == "completed"

    def hold(body: Body) -> bool:
        held = body[around]
        for name in there:
            if held[name] < 0:
                return False
        if not whole:
            return True
        ended = held[completed] + held[failed]
        return bool(ended == held[total] if done else ended <= held[total])

    return [hold]
