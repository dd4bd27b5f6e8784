"""Settings of a run: what a person asked for, checked, with the defaults that depend on the target filled in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from batch_conformance.contract.choice import stated
from batch_conformance.contract.contract import Reading
from batch_conformance.exchange.base_url import BaseUrl, parse_base_url
from batch_conformance.exchange.limits import RateLimit
from batch_conformance.exchange.profile import Profile
from batch_conformance.exchange.secret import Secret
from batch_conformance.findings.gate import FailOn
from batch_conformance.input_error import InputError
from batch_conformance.options import BATCH_IDS_ENV, DEFAULT_KEY_ENV
from batch_conformance.probes.chapters import Exploration
from batch_conformance.run.comparison import Files
from batch_conformance.run.vendors import load_profile

REMOTE_RATE = RateLimit(5, 1.0)
"""Where nobody said otherwise, another host gets no more than five requests a second."""


class SettingsError(InputError):
    """A setting that cannot be used; its text is one line that says what to do."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run was asked to do. ``base_url`` is None for the embedded mock; times are seconds.

    ``contract`` is empty where the profile names it, ``operation`` where nobody named one. ``language`` is that of the
    reports for people. ``min_coverage`` is a percentage. ``create`` is the model to make a batch with, or empty.
    ``client`` names the client whose reading of the answers is wanted, or is empty. ``sends`` is false where only the
    plan is wanted.
    """

    base_url: BaseUrl | None
    batch_ids: tuple[str, ...]
    key: Secret
    key_env: str
    contract: str
    operation: str
    overlays: tuple[Path, ...]
    reading: Reading
    reports_dir: Path
    language: str
    fail_on: FailOn
    exploration: Exploration
    unsafe: bool
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
    client: str
    sends: bool
    min_coverage: float | None
    files: Files


def settle(
    environ: Mapping[str, str],
    *,
    base_url: str | None,
    batch_ids: Iterable[str] = (),
    key_env: str = DEFAULT_KEY_ENV,
    contract: str | None = None,
    operation: str | None = None,
    overlays: Iterable[str] = (),
    reading: Reading = "documented",
    reports_dir: str = "reports",
    language: str = "en",
    fail_on: FailOn = "should",
    exploration: Exploration | None = None,
    unsafe: bool = False,
    max_requests: int | None = None,
    max_duration: float = 300.0,
    rate_limit: str | None = None,
    request_timeout: float = 10.0,
    retries: int = 2,
    connections: int = 1,
    ca_bundle: str | None = None,
    insecure: bool = False,
    redact: Iterable[str] = (),
    vendor: str | None = None,
    discover: bool = False,
    create: str | None = None,
    create_wait: float = 60.0,
    client: str | None = None,
    sends: bool = True,
    min_coverage: float | None = None,
    files: Files | None = None,
) -> Settings:
    """Check what was asked for and fill in what the target decides.

    Raises ``InputError`` (of this module or of the one that knows better) with one line for people. The key is taken
    from the environment variable that ``key_env`` names, and from nowhere else; a plan alone needs none.
    """
    profile = load_profile(vendor) if vendor else None
    base = _base_of(profile, base_url)
    local = base is None or base.is_loopback
    if not key_env:
        raise SettingsError("--api-key-env is empty: name the environment variable that holds the key")
    listed = [part.strip() for part in environ.get(BATCH_IDS_ENV, "").split(",")]
    ids = tuple(dict.fromkeys(batch_id for batch_id in (*batch_ids, *listed) if batch_id))
    key = Secret(environ.get(key_env, ""))
    keyless = profile is not None and profile.auth == "none"
    if sends and base is not None and not local and not key and not keyless:
        raise SettingsError(f"no key for {base}: put it into the environment variable {key_env} (see --api-key-env)")
    settled = Settings(
        base_url=base,
        batch_ids=ids,
        key=key,
        key_env=key_env,
        contract=contract or ("" if profile else "siliconflow"),
        operation=stated(operation),
        overlays=tuple(Path(overlay) for overlay in overlays),
        reading=reading,
        reports_dir=Path(reports_dir),
        language=language,
        fail_on=fail_on,
        exploration=exploration or ("standard" if local else "quick"),
        unsafe=unsafe,
        max_requests=max_requests,
        max_duration=max_duration,
        rate_limit=RateLimit.parse(rate_limit) if rate_limit else None if local else _polite_rate(profile),
        request_timeout=request_timeout,
        retries=retries,
        connections=connections,
        ca_bundle=ca_bundle,
        insecure=insecure,
        redact=tuple(redact),
        profile=profile,
        discover=discover,
        create=create or "",
        create_wait=create_wait,
        client=client or "",
        sends=sends,
        min_coverage=min_coverage,
        files=files or Files(),
    )
    _check_limits(settled)
    _check_wishes(settled)
    return settled


def _base_of(profile: Profile | None, base_url: str | None) -> BaseUrl | None:
    """The base URL that was given, or else the profile's; None for the embedded mock."""
    if profile is not None and not (base_url or profile.base_url):
        raise SettingsError(
            f"{profile.title} has a base URL for each customer: give yours with --base-url, like {profile.example_url}"
        )
    found = base_url or (profile.base_url if profile else None)
    return parse_base_url(found) if found else None


def _check_limits(settings: Settings) -> None:
    if settings.request_timeout <= 0:
        raise SettingsError(f"--request-timeout {settings.request_timeout:g} is not possible: give more than 0 seconds")
    if settings.max_duration <= 0:
        raise SettingsError(f"--max-duration {settings.max_duration:g} is not possible: give more than 0 seconds")
    if settings.max_requests is not None and settings.max_requests < 1:
        raise SettingsError(f"--max-requests {settings.max_requests} is not possible: give at least 1")
    _check_range("--retries", settings.retries, 0, 10)
    _check_range("--connections", settings.connections, 1, 32)
    if settings.create:
        _check_range("--create-wait", settings.create_wait, 0, settings.max_duration)
    if settings.min_coverage is not None:
        _check_range("--min-coverage", settings.min_coverage, 0.1, 100)


def _check_wishes(settings: Settings) -> None:
    files = settings.files
    if settings.ca_bundle is not None and settings.insecure:
        raise SettingsError("--ca-bundle and --insecure contradict each other: the one verifies, the other does not")
    if (settings.discover or settings.create) and settings.base_url is None:
        raise SettingsError("--discover and --create are for a target of yours: give it with --base-url or --vendor")
    if files.strict and files.baseline is None:
        raise SettingsError("--strict-baseline says nothing without a baseline: name it with --baseline")
    if files.reason and files.write_baseline is None:
        raise SettingsError("--baseline-reason is for what --write-baseline adds: name the file with that")
    for pointer in settings.redact:
        if not pointer.startswith("/"):
            raise SettingsError(f"--redact {pointer!r} is no JSON pointer: it begins with a slash, such as /metadata")


def _check_range(option: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise SettingsError(f"{option} {value:g} is not possible: give a number from {least:g} to {most:g}")


def _polite_rate(profile: Profile | None) -> RateLimit:
    """The rate for another host: five requests a second, or what the vendor allows where that is less."""
    allowed = RateLimit.parse(profile.rate_limit) if profile and profile.rate_limit else REMOTE_RATE
    return max(allowed, REMOTE_RATE, key=lambda rate: rate.interval)
