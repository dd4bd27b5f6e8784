"""Vendors: their profiles as files, found by name or path, checked, and turned into contracts."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema

from batch_conformance.contract.choice import OperationChoice, Operations, choice_of
from batch_conformance.contract.contract import Contract, Reading
from batch_conformance.contract.document import ContractError, parse_tree
from batch_conformance.contract.operation_role import ROLES
from batch_conformance.contract.pointer import from_path
from batch_conformance.contract.sources import CONTRACT_NAMES, spec_folder
from batch_conformance.exchange.limits import LimitError, RateLimit
from batch_conformance.exchange.profile import KnownDeviation, Profile, profile_from
from batch_conformance.findings.finding import Finding
from batch_conformance.input_error import InputError, why_no_file
from batch_conformance.message import Listing, Message, Template
from batch_conformance.near_miss import DID_YOU_MEAN, suggested
from batch_conformance.run.contracts import is_url, open_contract
from batch_conformance.schema_error import what_is_wrong

if TYPE_CHECKING:
    from batch_conformance.exchange.target import Presentation

_LISTED = Template("vendors.listed", ": `batch-conformance vendors` lists them, or give the path of a profile")
_THERE_IS_NO_VENDOR = Template("vendors.there_is_no_vendor", "there is no vendor {vendor}{hint}")
_PROFILE_HAS_BYTES_THAT_IS = Template(
    "vendors.profile_has_bytes_that_is", "the profile {name} has {size} bytes: that is no profile"
)
_IS_NO_PROFILE_IT_HOLDS = Template(
    "vendors.is_no_profile_it_holds", "{name} is no profile: it holds no mapping (see spec/profiles/{schema})"
)
_IS_NO_PROFILE_SEE_SPEC = Template(
    "vendors.is_no_profile_see_spec",
    "{name}:{line} is no profile: {pointer}: {message} (see spec/profiles/{schema})",
)
_THE_FILE = Template("vendors.the_file", "the file")
_CANNOT_READ_PROFILE = Template("vendors.cannot_read_profile", "cannot read the profile {name}: {why}")
_PROFILE_IS_NOT_UTF_8 = Template("vendors.profile_is_not_utf_8", "the profile {name} is not UTF-8: save it as UTF-8")
_AT = Template("vendors.at", "{name}:{line}: {why}")

NO_VENDOR = Profile("", "the target", "siliconflow", "")
"""What is taken for granted where no vendor was named."""
MAX_BYTES = 256 * 1024
_KNOWN = Template("note.known", "Known of {vendor}: {rule}: {reason} ({source})")
_SCHEMA = "profile.schema.json"


class VendorError(InputError):
    """A profile that cannot be used; one line says what is wrong, where, and what to do."""


def profile_names() -> tuple[str, ...]:
    """The vendors that have a profile here, sorted."""
    return tuple(sorted(path.stem for path in _folder().glob("*.yaml")))


def load_profile(vendor: str) -> Profile:
    """The profile of a name, or of a file. Raises ``VendorError`` with one line for people."""
    if vendor in profile_names():
        return _read(_folder() / f"{vendor}.yaml", f"spec/profiles/{vendor}.yaml")
    path = Path(vendor)
    if path.suffix in (".yaml", ".yml", ".json") or path.is_file():
        return _read(path, vendor)
    near = [name for name in profile_names() if vendor.lower()[:4] in name or name in vendor.lower()]
    several = DID_YOU_MEAN(word=Listing(tuple(near))) if near else _LISTED()
    raise VendorError(_THERE_IS_NO_VENDOR(vendor=f"{vendor!r}", hint=suggested(vendor, profile_names()) or several))


def _own_contract(profile: Profile, reading: Reading, overlays: tuple[Path, ...], choice: OperationChoice) -> Contract:
    """The contract that a profile names, with its overlays and then these. Raises ``ContractError``."""
    own = tuple(_overlay(profile, name) for name in profile.overlays)
    source = profile.contract
    if source not in CONTRACT_NAMES and not is_url(source):
        source = str(_home(profile) / source)
    return open_contract(source, reading, (*own, *overlays), choice)


def contract_for(
    profile: Profile | None,
    source: str,
    reading: Reading,
    overlays: tuple[Path, ...],
    operation: str = "",
    *,
    operations: Operations = "retrieve",
) -> Contract:
    """The contract that was asked for, or else the profile's, as the vendor serves it: at the profile's path, and
    without security where it asks for no key.

    ``operation`` names the operation, or those of roles; where it is empty, the profile's path chooses it.
    ``operations`` says which parts of the batch API are held. Raises ``ContractError``.
    """
    of_roles = profile.operations if profile is not None and operations != "retrieve" else ()
    # What was named last counts: a profile says only what nobody said.
    named = ";".join((*(f"{role}={call}" for role, call in of_roles), operation))
    choice = choice_of(named, path=profile.path if profile else "", operations=operations, roles=ROLES)
    if source or profile is None:
        found = open_contract(source, reading, overlays, choice)
    else:
        found = _own_contract(profile, reading, overlays, choice)
    return found.unsecured() if profile is not None and profile.auth == "none" else found


def with_credential(profile: Profile | None, contract: Contract) -> Profile:
    """The profile, or one of no vendor, with how the document has a key sent where the profile does not say it."""
    own, header = profile or NO_VENDOR, contract.chosen.key_header
    return replace(own, auth="header", auth_header=header) if header and own.auth is None else own


def presents(profile: Profile) -> Callable[[str, str], Presentation]:
    """How a credential goes into a request to this vendor, as ``Target`` wants to be told."""
    from batch_conformance.probes.credentials import present  # noqa: PLC0415 - what sends is not for recorded traffic

    return partial(present, style=profile.auth or "bearer", header=profile.auth_header)


def mark_known(findings: Sequence[Finding], profile: Profile) -> tuple[Finding, ...]:
    """The findings, those that the profile knows of marked as such."""
    return tuple(
        replace(finding, state="known") if finding.state == "new" and _known(profile, finding) else finding
        for finding in findings
    )


def known_of(findings: Sequence[Finding], profile: Profile) -> Iterator[Message]:
    """One line for each deviation that the profile knows of and that was found: why it is no news."""
    for known in dict.fromkeys(found for finding in findings if (found := _known(profile, finding))):
        yield _KNOWN(vendor=profile.title, rule=known.rule, reason=known.reason, source=known.source)


def _known(profile: Profile, finding: Finding) -> KnownDeviation | None:
    answered = finding.evidence.status
    found = profile.known(finding.rule, finding.status, finding.pointer, finding.kind, answered)
    if found is not None or not finding.parts:
        return found
    of_parts = [
        profile.known(finding.rule, finding.status, part.pointer, part.kind, answered) for part in finding.parts
    ]
    return of_parts[0] if all(of_parts) else None


def _read(path: Path, name: str) -> Profile:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise VendorError(_CANNOT_READ_PROFILE(name=str(name), why=why_no_file(error))) from None
    if len(raw) > MAX_BYTES:
        raise VendorError(_PROFILE_HAS_BYTES_THAT_IS(name=str(name), size=str(len(raw))))
    try:
        data, locations = parse_tree(raw.decode("utf-8-sig"), name)
    except UnicodeDecodeError:
        raise VendorError(_PROFILE_IS_NOT_UTF_8(name=str(name))) from None
    except ContractError as error:
        raise VendorError(error.message) from None
    if not isinstance(data, Mapping):
        raise VendorError(_IS_NO_PROFILE_IT_HOLDS(name=str(name), schema=str(_SCHEMA)))
    wrong = jsonschema.exceptions.best_match(_validator().iter_errors(data))
    if wrong is not None:
        pointer = from_path(wrong.absolute_path)
        line = locations[pointer].line if pointer in locations else 1
        raise VendorError(
            _IS_NO_PROFILE_SEE_SPEC(
                name=str(name),
                line=str(line),
                pointer=pointer or _THE_FILE(),
                message=what_is_wrong(wrong),
                schema=str(_SCHEMA),
            )
        )
    profile = profile_from(data, path.stem if name.startswith("spec/profiles/") else name)
    if profile.rate_limit:
        try:
            RateLimit.parse(profile.rate_limit)
        except LimitError as problem:
            raise VendorError(
                _AT(name=str(name), line=str(locations["/rate_limit"].line), why=problem.message)
            ) from None
    return profile


def _overlay(profile: Profile, name: str) -> Path:
    shipped = spec_folder() / "overlays" / name
    return shipped if shipped.is_file() else _home(profile) / name


def _home(profile: Profile) -> Path:
    """The folder of the profile's file; for a shipped one that of all profiles."""
    return _folder() if profile.name in profile_names() else Path(profile.name).parent


def _folder() -> Path:
    return spec_folder() / "profiles"


@cache
def _validator() -> Any:
    schema = json.loads((_folder() / _SCHEMA).read_text(encoding="utf-8"))
    return jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
