"""The pytest options of an audit, and the settings that they make."""

from __future__ import annotations

import argparse
import contextlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from batch_conformance.contract.choice import OPERATION_HELP, OPERATION_METAVAR
from batch_conformance.near_miss import suggestion
from batch_conformance.report.language import LANGUAGES
from batch_conformance.run.recall import Files
from batch_conformance.run.settings import DEFAULT_KEY_ENV, Settings, settle


def add_options(parser: pytest.Parser) -> None:
    """Register every option; ``--base-url`` is shared with pytest-base-url where that is installed."""
    group = parser.getgroup("batch conformance", "audit of GET /batches/{batch_id}")
    # Where pytest-base-url is installed, it registered the option first and means the same by it.
    with contextlib.suppress(ValueError):
        group.addoption(
            "--base-url",
            metavar="URL",
            help="the target; none: an embedded mock that keeps the contract (env: PYTEST_BASE_URL)",
        )
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
        "--vendor",
        default=None,
        metavar="NAME|FILE",
        help="how to talk to the target and what to hold it to (`batch-conformance vendors` lists the names)",
    )
    add(
        "--contract",
        default=None,
        metavar="NAME|FILE|URL",
        help="the document to hold the target to: siliconflow, openai, or an OpenAPI file or its URL "
        "(default: the vendor's, else siliconflow)",
    )
    add(
        "--operation",
        default=None,
        metavar=OPERATION_METAVAR,
        help=OPERATION_HELP,
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
        type=_among("published", "documented"),
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
        "--report-language",
        choices=tuple(LANGUAGES),
        type=_among(*LANGUAGES),
        default="en",
        help="the language of the page and of the terminal; what machines read stays English (default: %(default)s)",
    )
    add(
        "--fail-on",
        choices=("must", "should", "never"),
        type=_among("must", "should", "never"),
        default="should",
        help="the lowest level of a finding that fails the run (default: %(default)s)",
    )
    add(
        "--exploration",
        choices=("quick", "standard", "thorough"),
        type=_among("quick", "standard", "thorough"),
        default=None,
        help="at most 60, 400 or 2000 requests (default: standard on this machine, quick elsewhere)",
    )
    add(
        "--allow-unsafe-methods",
        action="store_true",
        help="also send undeclared methods such as DELETE, only for an id that cannot exist; on this machine, more "
        "than twelve refused credentials",
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
    add(
        "--ca-bundle",
        default=None,
        metavar="FILE",
        help="PEM certificates of the authorities to trust, instead of the system's",
    )
    add(
        "--insecure",
        action="store_true",
        help="do not verify the target's certificate: anybody in between can read the key, and every report says so",
    )
    add(
        "--connections",
        type=int,
        default=1,
        metavar="N",
        help="requests under way at once, where a target is slow; rate and limits stay (default: %(default)s)",
    )
    add("--retries", type=int, default=2, metavar="N", help="of what is safe to repeat (default: %(default)s)")
    add(
        "--redact",
        action="append",
        default=[],
        metavar="POINTER",
        help="also mask the values at this JSON pointer of a body in all reports; repeatable (metadata always is)",
    )
    add(
        "--discover",
        action="store_true",
        help="read the target's list of batches first, and take what it lists for known ids, one of each state first",
    )
    add(
        "--create",
        default=None,
        metavar="MODEL",
        help="upload a file of one line, make a batch of one chat completion of MODEL, which the vendor bills, and "
        "follow it",
    )
    add(
        "--create-wait",
        type=float,
        default=60.0,
        metavar="SECONDS",
        help="how long a batch that was made is followed before the other requests (default: %(default)s)",
    )
    add(
        "--client",
        choices=("openai",),
        type=_among("openai"),
        default=None,
        help="also tell what OpenAI's Python client makes of the answers, and send a few of its own requests; fails "
        "nothing (needs the extra: pip install 'batch-conformance[client]')",
    )
    add(
        "--min-coverage",
        type=float,
        default=None,
        metavar="PERCENT",
        help="a run that judges less of the contract's clauses than this is inconclusive (exit code 6)",
    )
    add(
        "--baseline",
        default=None,
        metavar="FILE",
        help="findings that are accepted, each with a reason and an expiry: reported, and no failure until then",
    )
    add(
        "--strict-baseline",
        action="store_true",
        help="also fail when an entry of the baseline is fixed, so that it gets deleted",
    )
    add(
        "--write-baseline",
        default=None,
        metavar="FILE",
        help="write the baseline, or bring it up to date: adds what is new, drops what is fixed, keeps the rest",
    )
    add(
        "--baseline-reason",
        default="",
        metavar="TEXT",
        help="why what --write-baseline adds is accepted; without it, a person has to write that into the file",
    )
    add(
        "--shape",
        default=None,
        metavar="FILE",
        help="the shape of the answers as recorded: what has changed since is drift, also where no document says so",
    )
    add("--write-shape", default=None, metavar="FILE", help="record the shape of the answers")
    add(
        "--previous",
        default=None,
        metavar="FILE",
        help="the drift.json of an earlier run: says since when each finding is seen, and which are gone",
    )
    add("--plan", action="store_true", help="print what would be sent, in order, and send nothing")


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
        base_url=option.base_url or os.environ.get("PYTEST_BASE_URL"),
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
        ),
    )


def _path(name: str | None) -> Path | None:
    return Path(name) if name else None


def seed_from(config: pytest.Config) -> int | None:
    """Hypothesis' own seed option; None where the run is derandomized."""
    seed = config.getoption("--hypothesis-seed", default=None)
    return int(seed) if seed is not None and str(seed).lstrip("-").isdigit() else None
