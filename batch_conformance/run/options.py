"""The pytest options of an audit, and the settings that they make."""

from __future__ import annotations

import contextlib
import os

import pytest

from batch_conformance.run.settings import DEFAULT_KEY_ENV, Settings, settle


def add_options(parser: pytest.Parser) -> None:
    """Register every option; ``--base-url`` is shared with pytest-base-url where that is installed."""
    group = parser.getgroup("batch conformance", "audit of GET /batches/{batch_id}")
    # Where pytest-base-url is installed, it registered the option first and means the same by it.
    with contextlib.suppress(ValueError):
        group.addoption("--base-url", metavar="URL", help="the target; none: an embedded mock (env: PYTEST_BASE_URL)")
    add = group.addoption
    add(
        "--batch-id",
        action="append",
        default=[],
        metavar="ID",
        help="an id that exists for the key; repeatable (env: BATCH_IDS, comma-separated)",
    )
    add(
        "--api-key-env",
        default=DEFAULT_KEY_ENV,
        metavar="NAME",
        help="the environment variable that holds the key (default: %(default)s)",
    )
    add(
        "--contract",
        default="siliconflow",
        metavar="NAME|FILE",
        help="the document to hold the target to: siliconflow, or an OpenAPI file (default: %(default)s)",
    )
    add(
        "--overlay",
        action="append",
        default=[],
        metavar="FILE",
        help="an OpenAPI Overlay applied to the document; repeatable",
    )
    add(
        "--reading",
        choices=("published", "documented"),
        default="documented",
        help="the document as it stands, or with what else the vendor documents (default: %(default)s)",
    )
    add(
        "--reports-dir",
        default="reports",
        metavar="DIR",
        help="where the reports go (default: %(default)s)",
    )
    add(
        "--fail-on",
        choices=("must", "should", "never"),
        default="should",
        help="the lowest level of a finding that fails the run (default: %(default)s)",
    )
    add(
        "--exploration",
        choices=("quick", "standard", "thorough"),
        default=None,
        help="at most 60, 400 or 2000 requests (default: standard on this machine, quick elsewhere)",
    )
    add(
        "--allow-unsafe-methods",
        action="store_true",
        help="also send undeclared methods such as DELETE, only for an id that cannot exist",
    )
    add("--max-requests", type=int, default=None, metavar="N", help="send no more than N planned requests")
    add(
        "--max-duration",
        type=float,
        default=300.0,
        metavar="SECONDS",
        help="stop sending after so many seconds (default: %(default)s)",
    )
    add(
        "--rate-limit",
        default=None,
        metavar="N/s",
        help="such as 10/s or 100/m (default: none on this machine, 5/s elsewhere)",
    )
    add(
        "--request-timeout",
        type=float,
        default=10.0,
        metavar="SECONDS",
        help="for one whole exchange (default: %(default)s)",
    )
    add("--retries", type=int, default=2, metavar="N", help="of what is safe to repeat (default: %(default)s)")
    add(
        "--redact",
        action="append",
        default=[],
        metavar="POINTER",
        help="also mask the values at this JSON pointer of a body in all reports; repeatable (metadata always is)",
    )
    add("--plan", action="store_true", help="print what would be sent, in order, and send nothing")


def settings_from(config: pytest.Config) -> Settings:
    """The settings of this session. Raises ``ValueError`` with one line for people."""
    option = config.option
    return settle(
        os.environ,
        base_url=option.base_url or os.environ.get("PYTEST_BASE_URL"),
        batch_ids=option.batch_id,
        key_env=option.api_key_env,
        contract=option.contract,
        overlays=option.overlay,
        reading=option.reading,
        reports_dir=option.reports_dir,
        fail_on=option.fail_on,
        exploration=option.exploration,
        unsafe=option.allow_unsafe_methods,
        max_requests=option.max_requests,
        max_duration=option.max_duration,
        rate_limit=option.rate_limit,
        request_timeout=option.request_timeout,
        retries=option.retries,
        redact=option.redact,
    )


def seed_from(config: pytest.Config) -> int | None:
    """Hypothesis' own seed option; None where the run is derandomized."""
    seed = config.getoption("--hypothesis-seed", default=None)
    return int(seed) if seed is not None and str(seed).lstrip("-").isdigit() else None
