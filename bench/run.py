"""Measures everything and writes docs/PERFORMANCE.md: ``python bench/run.py``.

Figures are taken in one go on one machine and given as medians and ratios; nothing here asserts a time.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import live
import page
import profiles
import recorded
import redocly
import serving
from chromium import NoChromiumError

from batch_conformance.probes.chapters import POLLING_SECONDS

PAGE = Path(__file__).resolve().parent.parent / "docs" / "PERFORMANCE.md"
_PACKAGES = (
    "schemathesis",
    "pytest",
    "requests",
    "hypothesis",
    "jsonschema",
    "jsonschema-rs",
    "orjson",
    "openapi-core",
)


def chapters(rounds: int, examples: int, largest: int) -> Iterator[str]:
    """The page, chapter by chapter."""
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    yield (
        "# Performance\n\nWritten by `python bench/run.py`: everything in one go on one machine, medians of "
        f"{rounds} rounds after one that does not count. {machine}; {', '.join(map(_version, _PACKAGES))}."
    )
    found = live.measure_all(rounds, examples)
    yield (
        "## A verdict on a live target\n\nWhole processes, start-up included, against one mock, without the pytest "
        "plugins that only our own tests need. Ratios to `st run`, which is given the known ids too.\n\n"
        f"{live.table(found.whole, found.peer)}\n\n"
        f"The polls of the suite span {POLLING_SECONDS} s, so that a batch can move on; what other requests leave of "
        "that is waited, and what was received is judged meanwhile. Where the time of one run goes is in "
        "`bench/profiles/`."
    )
    yield (
        "The same exchanges without start-up and planning, beside a bare loop: ratios to that.\n\n"
        f"{live.table(found.inside, found.bare)}"
    )
    yield (
        f"## Recorded traffic\n\nOne core, the same file of {recorded.COUNT:,} exchanges of about 1 KB each "
        "(`bench/traffic.py`); the slow ones read its first 2,000. Ours reads, picks, judges by all rules, over time "
        f"too, and makes the ledger; the others check one schema.\n\n{recorded.rows(recorded.measure(rounds))}"
    )
    yield _beside_redocly(rounds)
    counts = tuple(count for count in (10_000, 100_000, 1_000_000) if count <= largest)
    yield (
        "How it grows: the whole command, start-up and reports included. Memory is the most that its "
        f"process held; with several, the one that adds up.\n\n{recorded.growth_rows(recorded.grow(counts))}"
    )
    yield f"## The report page\n\n{_pages(rounds)}"
    yield f"## The mock\n\nOver {serving.CONNECTIONS} kept-alive connections: {serving.measure(rounds).line()}."


def _beside_redocly(rounds: int) -> str:
    try:
        table = redocly.rows(redocly.measure(rounds))
    except redocly.NoRedoclyError as error:
        return f"Redocly CLI's `drift` is not measured: {error}."
    return (
        f"Beside `drift` of Redocly CLI {redocly.VERSION}, which checks each exchange against the document by itself: "
        f"the same {redocly.COUNT:,} exchanges, whole processes, seconds of processor time, ratios to it.\n\n{table}"
    )


def _pages(rounds: int) -> str:
    rows = ["| | MB | made in s | opened in s |", "|---|---|---|---|"]
    try:
        for figure in page.measure(rounds):
            rows.append(f"| {figure.name} | {figure.bytes / 1e6:.2f} | {figure.made:.2f} | {figure.median:.2f} |")
    except NoChromiumError as error:
        return f"Not measured: {error}."
    return "\n".join(rows)


def _version(package: str) -> str:
    try:
        return f"{package} {version(package)}"
    except PackageNotFoundError:
        return f"{package} not installed"


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--examples", type=int, default=320, help="--max-examples of st run; about as many requests")
    parser.add_argument("--largest", type=int, default=1_000_000, help="exchanges of the largest recording")
    options = parser.parse_args()
    made = "\n\n".join(chapters(options.rounds, options.examples, options.largest))
    profiles.write()
    PAGE.write_text(made + "\n", encoding="utf-8")
    print(made)


if __name__ == "__main__":
    main()
