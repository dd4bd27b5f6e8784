"""``audit.yaml``: the targets that are audited side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from batch_conformance.contract.document import parse_tree
from batch_conformance.contract.location import Location
from batch_conformance.contract.pointer import join
from batch_conformance.exchange.base_url import parse_base_url
from batch_conformance.input_error import InputError, why_no_file
from batch_conformance.message import Template
from batch_conformance.options import DEFAULT_KEY_ENV
from batch_conformance.run.audits.audit_complaint import complaint
from batch_conformance.run.audits.audit_schema import PARALLEL, TIMEOUT, audit_schema
from batch_conformance.run.vendors import load_profile

_HAS_MORE_THAN_BYTES_THAT = Template(
    "audit_file.has_more_than_bytes_that", "{path} has more than {max_bytes} bytes: that is no list of targets"
)
_CANNOT_READ = Template("audit_file.cannot_read", "cannot read {path}: {why}")
_NO_FILE = Template("audit_file.no_file", "there is no file {path}; `batch-conformance audit --init` writes an example")
_IS_NOT_UTF_8_BYTE = Template("audit_file.is_not_utf_8_byte", "{path} is not UTF-8 (byte {start}): save it as UTF-8")
_NAME_IS_GIVEN_TWICE_THEIR = Template(
    "audit_file.name_is_given_twice_their", "{here}: the name {given} is given twice; their reports would mix"
)
_AT = Template("audit_file.at", "{at}: {given}: {why}")

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
            raise AuditFileError(_HAS_MORE_THAN_BYTES_THAT(path=str(path), max_bytes=str(_MAX_BYTES)))
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        if isinstance(error, FileNotFoundError):
            raise AuditFileError(_NO_FILE(path=str(path))) from None
        raise AuditFileError(_CANNOT_READ(path=str(path), why=why_no_file(error))) from None
    except UnicodeDecodeError as error:
        raise AuditFileError(_IS_NOT_UTF_8_BYTE(path=str(path), start=str(error.start))) from None
    data, locations = parse_tree(text, str(path))
    wrong = complaint(_validator().iter_errors(data), str(path), locations)
    if wrong is not None:
        raise AuditFileError(wrong)
    names: dict[str, str] = {}
    targets = []
    for index, given in enumerate(data["targets"]):
        at = join("", "targets", index)
        here = locations.get(at, Location(str(path), 1))
        if given["name"].lower() in names:
            raise AuditFileError(_NAME_IS_GIVEN_TWICE_THEIR(here=str(here), given=f"{given['name']!r}"))
        names[given["name"].lower()] = given["name"]
        for key, check in _CHECKS.items():
            try:
                check(given.get(key))
            except InputError as error:
                raise AuditFileError(
                    _AT(at=str(locations[join(at, key)]), given=str(given["name"]), why=error.message)
                ) from None
        targets.append(_target(given, data))
    return AuditFile(tuple(targets), data.get("parallel", PARALLEL))


_CHECKS: Mapping[str, Callable[[str | None], object]] = {
    "base_url": lambda url: url and parse_base_url(url),
    "vendor": lambda name: name and load_profile(name),
}
"""What the schema cannot tell of the keys of a target; each raises InputError."""


def _target(given: Mapping[str, Any], data: Mapping[str, Any]) -> AuditTarget:
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


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(audit_schema())
