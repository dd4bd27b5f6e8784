"""Settings of a run: what a person asked for, checked, with the defaults that depend on the target filled in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from batch_conformance.contract.contract import Reading
from batch_conformance.exchange.base_url import BaseUrl, parse_base_url
from batch_conformance.exchange.limits import RateLimit
from batch_conformance.exchange.secret import Secret
from batch_conformance.findings.gate import FailOn
from batch_conformance.probes.chapters import Exploration

DEFAULT_KEY_ENV = "BATCH_API_KEY"
REMOTE_RATE = RateLimit(5, 1.0)
"""Where nobody said otherwise, another host gets no more than five requests a second."""


class SettingsError(ValueError):
    """A setting that cannot be used; its text is one line that says what to do."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What a run was asked to do. ``base_url`` is None for the embedded mock; times are seconds."""

    base_url: BaseUrl | None
    batch_ids: tuple[str, ...]
    key: Secret
    key_env: str
    contract: str
    overlays: tuple[Path, ...]
    reading: Reading
    reports_dir: Path
    fail_on: FailOn
    exploration: Exploration
    unsafe: bool
    max_requests: int | None
    max_duration: float
    rate_limit: RateLimit | None
    request_timeout: float
    retries: int
    redact: tuple[str, ...]


def settle(
    environ: Mapping[str, str],
    *,
    base_url: str | None,
    batch_ids: Iterable[str] = (),
    key_env: str = DEFAULT_KEY_ENV,
    contract: str = "siliconflow",
    overlays: Iterable[str] = (),
    reading: Reading = "documented",
    reports_dir: str = "reports",
    fail_on: FailOn = "should",
    exploration: Exploration | None = None,
    unsafe: bool = False,
    max_requests: int | None = None,
    max_duration: float = 300.0,
    rate_limit: str | None = None,
    request_timeout: float = 10.0,
    retries: int = 2,
    redact: Iterable[str] = (),
) -> Settings:
    """Check what was asked for and fill in what the target decides.

    Raises ``ValueError`` (of this module or of the one that knows better) with one line for people. The key is taken
    from the environment variable that ``key_env`` names, and from nowhere else.
    """
    base = parse_base_url(base_url) if base_url else None
    local = base is None or base.is_loopback
    if not key_env:
        raise SettingsError("--api-key-env is empty: name the environment variable that holds the key")
    if request_timeout <= 0:
        raise SettingsError(f"--request-timeout {request_timeout:g} is not possible: give more than 0 seconds")
    if max_duration <= 0:
        raise SettingsError(f"--max-duration {max_duration:g} is not possible: give more than 0 seconds")
    if max_requests is not None and max_requests < 1:
        raise SettingsError(f"--max-requests {max_requests} is not possible: give at least 1")
    if not 0 <= retries <= 10:
        raise SettingsError(f"--retries {retries} is not possible: give a number from 0 to 10")
    for pointer in redact:
        if not pointer.startswith("/"):
            raise SettingsError(f"--redact {pointer!r} is no JSON pointer: it begins with a slash, such as /metadata")
    listed = [part.strip() for part in environ.get("BATCH_IDS", "").split(",")]
    ids = tuple(dict.fromkeys(batch_id for batch_id in (*batch_ids, *listed) if batch_id))
    key = Secret(environ.get(key_env, ""))
    if base is not None and not local and not key:
        raise SettingsError(f"no key for {base}: put it into the environment variable {key_env} (see --api-key-env)")
    return Settings(
        base_url=base,
        batch_ids=ids,
        key=key,
        key_env=key_env,
        contract=contract,
        overlays=tuple(Path(overlay) for overlay in overlays),
        reading=reading,
        reports_dir=Path(reports_dir),
        fail_on=fail_on,
        exploration=exploration or ("standard" if local else "quick"),
        unsafe=unsafe,
        max_requests=max_requests,
        max_duration=max_duration,
        rate_limit=RateLimit.parse(rate_limit) if rate_limit else None if local else REMOTE_RATE,
        request_timeout=request_timeout,
        retries=retries,
        redact=tuple(redact),
    )
