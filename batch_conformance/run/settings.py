"""Settings of a run: what a person asked for, checked, with the defaults that depend on the target filled in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict, Unpack, cast

from batch_conformance.contract.choice import Operations, stated
from batch_conformance.contract.contract import Reading
from batch_conformance.exchange.base_url import BaseUrl, parse_base_url
from batch_conformance.exchange.limits import RateLimit
from batch_conformance.exchange.profile import Profile
from batch_conformance.exchange.secret import Secret
from batch_conformance.findings.gate import FailOn
from batch_conformance.input_error import InputError
from batch_conformance.message import Template
from batch_conformance.options import BATCH_IDS_ENV, Bounds, options_of
from batch_conformance.probes.plan import Exploration
from batch_conformance.run.comparison import Files
from batch_conformance.run.notify import words_of
from batch_conformance.run.vendors import load_profile

_API_KEY_ENV_IS_EMPTY = Template(
    "settings.api_key_env_is_empty",
    "--api-key-env is empty: name the environment variable that holds the key",
)
_NO_KEY_FOR_PUT_IT = Template(
    "settings.no_key_for_put_it",
    "no key for {base}: put it into the environment variable {key_env} (see --api-key-env)",
)
_HAS_BASE_URL_FOR_EACH = Template(
    "settings.has_base_url_for_each",
    "{title} has a base URL for each customer: give yours with --base-url, like {example_url}",
)
_IS_NOT_POSSIBLE_GIVE = Template("settings.is_not_possible_give", "{flag} {number} is not possible: give {words}{unit}")
_CA_BUNDLE_AND_INSECURE_CONTRADICT = Template(
    "settings.ca_bundle_and_insecure_contradict",
    "--ca-bundle and --insecure contradict each other: the one verifies, the other does not",
)
_DISCOVER_AND_CREATE_ARE_FOR = Template(
    "settings.discover_and_create_are_for",
    "--discover and --create are for a target of yours: give it with --base-url or --vendor",
)
_ALL_NEEDS_CREATE = Template(
    "settings.all_needs_create",
    "--operations=all makes files and batches, which the vendor bills: name the model with --create "
    "(--operations=read judges what is only read)",
)
_RESUME_IS_FOR_ALL = Template(
    "settings.resume_is_for_all", "--resume takes up a run of --operations=all: give that, too"
)
_STRICT_BASELINE_SAYS_NOTHING_WITHOUT = Template(
    "settings.strict_baseline_says_nothing_without",
    "--strict-baseline says nothing without a baseline: name it with --baseline",
)
_BASELINE_REASON_IS_FOR_WHAT = Template(
    "settings.baseline_reason_is_for_what",
    "--baseline-reason is for what --write-baseline adds: name the file with that",
)
_REDACT_IS_NO_JSON_POINTER = Template(
    "settings.redact_is_no_json_pointer",
    "--redact {pointer} is no JSON pointer: it begins with a slash, such as /metadata",
)

REMOTE_RATE = RateLimit(5, 1.0)
"""Where nobody said otherwise, another host gets no more than five requests a second."""


class SettingsError(InputError):
    """A setting that cannot be used; its text is one line that says what to do."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run was asked to do. ``base_url`` is None for the embedded mock; times are seconds.

    ``contract`` is empty where the profile names it, ``operation`` where nobody named one. ``operations`` says
    which parts of the batch API are judged. ``language`` is that of the reports for people.
    ``min_coverage`` is a percentage; ``confirm`` is after how long new findings are confirmed, None where they are not.
    ``create`` is the model to make a batch with, or empty; ``resume`` the journal of a run of all operations that is
    taken up.
    ``client`` names the client whose reading of the answers is wanted, or is empty. ``sends`` is false where only the
    plan is wanted.
    """

    base_url: BaseUrl | None
    batch_ids: tuple[str, ...]
    key: Secret
    key_env: str
    contract: str
    operation: str
    operations: Operations
    overlays: tuple[Path, ...]
    reading: Reading
    reports_dir: Path
    language: str
    fail_on: FailOn
    exploration: Exploration
    unsafe: bool
    minimize: bool
    max_requests: int | None
    max_duration: float
    rate_limit: RateLimit | None
    request_timeout: float
    retries: int
    connections: int
    ca_bundle: str | None
    insecure: bool
    redact: tuple[str, ...]
    profile: Profile | None
    discover: bool
    create: str
    create_wait: float
    resume: Path | None
    client: str
    sends: bool
    min_coverage: float | None
    confirm: float | None
    notify_command: str
    files: Files


class Asked(TypedDict, total=False):
    """What may be asked of a run: the options of ``run`` in ``batch_conformance.options``, by their keywords."""

    base_url: str | None
    batch_ids: Iterable[str]
    key_env: str
    vendor: str | None
    contract: str | None
    operation: str | None
    operations: Operations
    overlays: Iterable[str]
    reading: Reading
    reports_dir: str
    language: str
    fail_on: FailOn
    exploration: Exploration | None
    unsafe: bool
    minimize: bool
    max_requests: int | None
    max_duration: float
    rate_limit: str | None
    request_timeout: float
    ca_bundle: str | None
    insecure: bool
    connections: int
    retries: int
    redact: Iterable[str]
    discover: bool
    create: str | None
    create_wait: float
    resume: str | Path | None
    client: str | None
    min_coverage: float | None
    confirm: float | None
    baseline: str | Path | None
    strict_baseline: bool
    write_baseline: str | Path | None
    baseline_reason: str
    shape: str | Path | None
    write_shape: str | Path | None
    previous: str | Path | None
    history: str | Path | None
    notify_command: str
    plan: bool


def settle(environ: Mapping[str, str], **given: Unpack[Asked]) -> Settings:
    """Check what was asked for; what was not has the option's default, or what the target decides.

    Raises ``InputError`` (of this module or of the one that knows better) with one line for people. The key is taken
    from the environment variable that ``key_env`` names, and from nowhere else; a plan alone needs none.
    """
    asked = cast("Asked", {option.keyword: option.absent for option in options_of("run")} | given)
    profile = load_profile(asked["vendor"]) if asked["vendor"] else None
    base = _base_of(profile, asked["base_url"])
    local = base is None or base.is_loopback
    key_env, sends = asked["key_env"], not asked["plan"]
    if not key_env:
        raise SettingsError(_API_KEY_ENV_IS_EMPTY())
    listed = [part.strip() for part in environ.get(BATCH_IDS_ENV, "").split(",")]
    ids = tuple(dict.fromkeys(batch_id for batch_id in (*asked["batch_ids"], *listed) if batch_id))
    key = Secret(environ.get(key_env, ""))
    keyless = profile is not None and profile.auth == "none"
    if sends and base is not None and not local and not key and not keyless:
        raise SettingsError(_NO_KEY_FOR_PUT_IT(base=str(base), key_env=str(key_env)))
    rate = asked["rate_limit"]
    settled = Settings(
        base_url=base,
        batch_ids=ids,
        key=key,
        key_env=key_env,
        contract=asked["contract"] or ("" if profile else "siliconflow"),
        operation=stated(asked["operation"]),
        operations=asked["operations"],
        overlays=tuple(map(Path, asked["overlays"])),
        reading=asked["reading"],
        reports_dir=Path(asked["reports_dir"]),
        language=asked["language"],
        fail_on=asked["fail_on"],
        exploration=asked["exploration"] or ("standard" if local else "quick"),
        unsafe=asked["unsafe"],
        minimize=asked["minimize"] or local,
        max_requests=asked["max_requests"],
        max_duration=asked["max_duration"],
        rate_limit=RateLimit.parse(rate) if rate else None if local else _polite_rate(profile),
        request_timeout=asked["request_timeout"],
        retries=asked["retries"],
        connections=asked["connections"],
        ca_bundle=asked["ca_bundle"],
        insecure=asked["insecure"],
        redact=tuple(asked["redact"]),
        profile=profile,
        discover=asked["discover"],
        create=asked["create"] or "",
        create_wait=asked["create_wait"],
        resume=Path(asked["resume"]) if asked["resume"] else None,
        client=asked["client"] or "",
        sends=sends,
        min_coverage=asked["min_coverage"],
        confirm=asked["confirm"],
        notify_command=asked["notify_command"],
        files=_files(asked),
    )
    _check_bounds(asked)
    _check_agreement(settled)
    return settled


def _files(asked: Asked) -> Files:
    def named(name: str | Path | None) -> Path | None:
        return Path(name) if name else None

    return Files(
        baseline=named(asked["baseline"]),
        write_baseline=named(asked["write_baseline"]),
        reason=asked["baseline_reason"].strip(),
        strict=asked["strict_baseline"],
        previous=named(asked["previous"]),
        shape=named(asked["shape"]),
        write_shape=named(asked["write_shape"]),
        history=named(asked["history"]),
    )


def _base_of(profile: Profile | None, base_url: str | None) -> BaseUrl | None:
    """The base URL that was given, or else the profile's; None for the embedded mock."""
    if profile is not None and not (base_url or profile.base_url):
        raise SettingsError(_HAS_BASE_URL_FOR_EACH(title=str(profile.title), example_url=str(profile.example_url)))
    found = base_url or (profile.base_url if profile else None)
    return parse_base_url(found) if found else None


def _check_bounds(asked: Asked) -> None:
    """Refuse a number that its option does not take, or that the others leave no room for."""
    if asked["create"] and asked["max_duration"] > 0:
        _check_number("--create-wait", asked["create_wait"], Bounds(0, asked["max_duration"]))
    if asked["confirm"] is not None and asked["max_duration"] > 0:
        _check_number("--confirm", asked["confirm"], Bounds(0, asked["max_duration"]), " seconds")
    for option in options_of("run"):
        number = cast("Mapping[str, Any]", asked)[option.keyword]
        if option.bounds is not None and number is not None:
            unit = " seconds" if option.metavar == "SECONDS" else ""
            _check_number(option.flag, number, option.bounds, unit)


def _check_number(flag: str, number: float, bounds: Bounds, unit: str = "") -> None:
    if not bounds.admit(number):
        raise SettingsError(
            _IS_NOT_POSSIBLE_GIVE(flag=str(flag), number=f"{number:g}", words=str(bounds.words), unit=str(unit))
        )


def _check_agreement(settings: Settings) -> None:
    """Refuse options that contradict each other, or say nothing without another one."""
    files = settings.files
    if settings.ca_bundle is not None and settings.insecure:
        raise SettingsError(_CA_BUNDLE_AND_INSECURE_CONTRADICT())
    if settings.operations == "all" and not settings.create and settings.resume is None:
        raise SettingsError(_ALL_NEEDS_CREATE())
    if settings.resume is not None and settings.operations != "all":
        raise SettingsError(_RESUME_IS_FOR_ALL())
    makes_alone = settings.create and settings.operations != "all"  # an embedded mock runs batches, too
    if (settings.discover or makes_alone) and settings.base_url is None:
        raise SettingsError(_DISCOVER_AND_CREATE_ARE_FOR())
    if files.strict and files.baseline is None:
        raise SettingsError(_STRICT_BASELINE_SAYS_NOTHING_WITHOUT())
    if files.reason and files.write_baseline is None:
        raise SettingsError(_BASELINE_REASON_IS_FOR_WHAT())
    if settings.notify_command:
        words_of(settings.notify_command)
    for pointer in settings.redact:
        if not pointer.startswith("/"):
            raise SettingsError(_REDACT_IS_NO_JSON_POINTER(pointer=f"{pointer!r}"))


def _polite_rate(profile: Profile | None) -> RateLimit:
    """The rate for another host: five requests a second, or what the vendor allows where that is less."""
    allowed = RateLimit.parse(profile.rate_limit) if profile and profile.rate_limit else REMOTE_RATE
    return max(allowed, REMOTE_RATE, key=lambda rate: rate.interval)
