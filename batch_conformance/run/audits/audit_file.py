"""``audit.yaml``: the targets that are audited side by side."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from batch_conformance.contract.document import parse_tree
from batch_conformance.contract.location import Location
from batch_conformance.contract.pointer import join
from batch_conformance.exchange.base_url import parse_base_url
from batch_conformance.input_error import InputError
from batch_conformance.near_miss import suggestion
from batch_conformance.options import DEFAULT_KEY_ENV, options_of
from batch_conformance.run.vendors import load_profile

PARALLEL = 8
TIMEOUT = 420.0
"""Seconds for one audit: more than the 300 that it sends for by itself."""

_MAX_BYTES = 4 * 1024 * 1024


class AuditFileError(InputError):
    """An ``audit.yaml`` that cannot be used; one line says what is wrong, where, and what to do."""


@dataclass(frozen=True, slots=True)
class AuditTarget:
    """One target. ``arguments`` are those of ``batch-conformance run``, without the folder of reports."""

    name: str
    arguments: tuple[str, ...]
    key_env: str
    timeout: float


@dataclass(frozen=True, slots=True)
class AuditFile:
    """All targets, in order; ``parallel`` of them are audited at once."""

    targets: tuple[AuditTarget, ...]
    parallel: int


def load_audit_file(path: Path) -> AuditFile:
    """Read and check an ``audit.yaml``. Raises AuditFileError, or another InputError, with one line for people."""
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise AuditFileError(f"{path} has more than {_MAX_BYTES} bytes: that is no list of targets")
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise AuditFileError(f"cannot read {path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise AuditFileError(f"{path} is not UTF-8 (byte {error.start}): save it as UTF-8") from None
    data, locations = parse_tree(text, str(path))
    wrong = best_match(_validator().iter_errors(data))
    if wrong is not None:
        raise AuditFileError(_complaint(wrong, str(path), locations))
    names: dict[str, str] = {}
    targets = []
    for index, given in enumerate(data["targets"]):
        here = locations.get(join("", "targets", index), Location(str(path), 1))
        if given["name"].lower() in names:
            raise AuditFileError(f"{here}: the name {given['name']!r} is given twice; their reports would mix")
        names[given["name"].lower()] = given["name"]
        try:
            targets.append(_target(given, data))
        except InputError as error:
            raise AuditFileError(f"{here}: {given['name']}: {error}") from None
    return AuditFile(tuple(targets), data.get("parallel", PARALLEL))


def _target(given: Mapping[str, Any], data: Mapping[str, Any]) -> AuditTarget:
    if "base_url" in given:
        parse_base_url(given["base_url"])
    if "vendor" in given:
        load_profile(given["vendor"])
    key_env = given.get("key_env", DEFAULT_KEY_ENV)
    # Joined by an equals sign: what begins with a dash stays a value.
    arguments = [f"--api-key-env={key_env}"]
    arguments += [f"--base-url={given['base_url']}"] if "base_url" in given else []
    arguments += [f"--vendor={given['vendor']}"] if "vendor" in given else []
    arguments += [f"--batch-id={batch_id}" for batch_id in given.get("batch_ids", ())]
    arguments += _options({**data.get("options", {}), **given.get("options", {})})
    return AuditTarget(
        given["name"], tuple(arguments), key_env, float(given.get("timeout", data.get("timeout", TIMEOUT)))
    )


def _options(options: Mapping[str, Any]) -> Iterator[str]:
    for name, value in options.items():
        if value is True:
            yield f"--{name}"
        elif value is not False:
            values: Sequence[Any] = value if isinstance(value, list) else (value,)
            yield from (f"--{name}={one}" for one in values)


def _complaint(wrong: ValidationError, name: str, locations: Mapping[str, Location]) -> str:
    """One line for what is wrong first. Never shows a value: somebody may have written the key itself."""
    pointer = join("", *wrong.absolute_path)
    while pointer and pointer not in locations:
        pointer = pointer.rpartition("/")[0]
    here = locations.get(pointer) or Location(name, 1)
    last = str(wrong.absolute_path[-1]) if wrong.absolute_path else ""
    if last in _HINTS:
        return f"{here}: {_HINTS[last]}"
    if "propertyNames" in wrong.absolute_schema_path:
        return f"{here}: {_OPTIONS}"
    explain = _EXPLAINED.get(str(wrong.validator))
    if explain is not None:
        return f"{here}: {explain(wrong)}"
    return f"{here}: {last or 'the file'} must keep {wrong.validator}: {json.dumps(wrong.validator_value)[:120]}"


def _unknown(wrong: ValidationError) -> str:
    known = _members(_members(wrong.schema).get("properties"))
    strange = [str(key) for key in _members(wrong.instance) if key not in known]
    if any("key" in key.lower() or "token" in key.lower() for key in strange):
        return "a key is named by its environment variable alone: `key_env: GROQ_API_KEY`"
    return f"{', '.join(strange)} is not known here; known are {', '.join(known)}{suggestion(strange[0], known)}"


def _missing(wrong: ValidationError) -> str:
    names: Any = wrong.validator_value
    return f"{', '.join(name for name in names if name not in _members(wrong.instance))} is missing"


def _neither(wrong: ValidationError) -> str:
    of_target = "name" in _members(wrong.instance)
    return (
        "a target needs a base_url, or a vendor whose profile has one"
        if of_target
        else "an option is a text, a number, true, or a list of texts"
    )


_HINTS = {
    "targets": "targets is a list, each with a name and a base_url or a vendor: `- {name: one, base_url: https://…}`",
    "batch_ids": "batch_ids is a list of texts, such as `batch_ids: [batch_1]`",
    "key_env": "key_env is the name of an environment variable, such as GROQ_API_KEY, never the key itself",
    "name": "a name is of letters, digits, dots, dashes and underscores, as a folder is called after it",
}
_OPTIONS = "options are those of `run` without dashes; address, ids, key, vendor and reports have their own places"
_EXPLAINED: Mapping[str, Callable[[ValidationError], str]] = {
    "additionalProperties": _unknown,
    "required": _missing,
    "anyOf": _neither,
}


def _members(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


@cache
def _validator() -> Draft202012Validator:
    text = resources.files("batch_conformance.run.audits").joinpath("audit.schema.json").read_text("utf-8")
    schema = json.loads(text)
    elsewhere = [option.name for option in options_of("run") if option.audit_file != "options"]
    schema["$defs"]["options"]["propertyNames"]["not"] = {"enum": elsewhere}
    return Draft202012Validator(schema)
