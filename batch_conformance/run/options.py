"""The pytest options of an audit, and the settings that they make."""

from __future__ import annotations

import argparse
import contextlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from batch_conformance.near_miss import suggestion
from batch_conformance.options import BASE_URL_ENV, Option, Type, options_of
from batch_conformance.run.comparison import Files
from batch_conformance.run.settings import Settings, settle

_TYPES: Mapping[Type, Callable[[str], Any]] = {"text": str, "path": str, "integer": int, "number": float}


def add_options(parser: pytest.Parser) -> None:
    """Register every option; ``--base-url`` is shared with pytest-base-url where that is installed."""
    group = parser.getgroup("batch conformance", "audit of GET /batches/{batch_id}")
    for option in options_of("run"):
        # Where pytest-base-url is installed, it registered the option first and means the same by it.
        shared = contextlib.suppress(ValueError) if option.name == "base-url" else contextlib.nullcontext()
        with shared:
            group.addoption(option.flag, help=option.description, **_for_pytest(option))


def _for_pytest(option: Option) -> dict[str, Any]:
    if option.type == "flag":
        return {"action": "store_true"}
    if option.repeats:
        return {"action": "append", "default": [], "metavar": option.metavar}
    given: dict[str, Any] = {"default": option.default}
    if option.choices:
        return given | {"choices": option.choices, "type": _among(*option.choices)}
    return given | {"type": _TYPES[option.type], "metavar": option.metavar}


def _among(*words: str) -> Callable[[str], str]:
    """One of these words, which argparse looks for itself; what is near to one of them is answered with it."""

    def chosen(given: str) -> str:
        near = suggestion(given, words) if given not in words else ""
        if near:
            raise argparse.ArgumentTypeError(f"invalid choice: {given!r} (choose from {', '.join(words)}){near}")
        return given

    return chosen


def settings_from(config: pytest.Config) -> Settings:
    """The settings of this session. Raises ``InputError`` with one line for people."""
    option = config.option
    return settle(
        os.environ,
        base_url=option.base_url or os.environ.get(BASE_URL_ENV),
        batch_ids=option.batch_id,
        key_env=option.api_key_env,
        contract=option.contract,
        operation=option.operation,
        overlays=option.overlay,
        reading=option.reading,
        reports_dir=option.reports_dir,
        language=option.report_language,
        fail_on=option.fail_on,
        exploration=option.exploration,
        unsafe=option.allow_unsafe_methods,
        max_requests=option.max_requests,
        max_duration=option.max_duration,
        rate_limit=option.rate_limit,
        request_timeout=option.request_timeout,
        retries=option.retries,
        connections=option.connections,
        ca_bundle=option.ca_bundle,
        insecure=option.insecure,
        redact=option.redact,
        vendor=option.vendor,
        discover=option.discover,
        create=option.create,
        create_wait=option.create_wait,
        client=option.client,
        sends=not option.plan,
        min_coverage=option.min_coverage,
        files=Files(
            baseline=_path(option.baseline),
            write_baseline=_path(option.write_baseline),
            reason=option.baseline_reason.strip(),
            strict=option.strict_baseline,
            previous=_path(option.previous),
            shape=_path(option.shape),
            write_shape=_path(option.write_shape),
            history=_path(option.history),
        ),
    )


def _path(name: str | None) -> Path | None:
    return Path(name) if name else None


def seed_from(config: pytest.Config) -> int | None:
    """Hypothesis' own seed option; None where the run is derandomized."""
    seed = config.getoption("--hypothesis-seed", default=None)
    return int(seed) if seed is not None and str(seed).lstrip("-").isdigit() else None
