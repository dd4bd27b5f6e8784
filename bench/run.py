"""Measures the suite beside what people would use instead, and writes docs/PERFORMANCE.md: ``python bench/run.py``.

Figures are taken in one go on one machine and given as medians and ratios; nothing here asserts a time.
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import requests

from batch_conformance.contract.sources import spec_folder
from batch_conformance.mock.process import EmbeddedMock

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "PERFORMANCE.md"
COUNTER = "x-siliconcloud-trace-id"
"""The mock numbers its answers in this header, so that it is the server that counts requests."""


@dataclass(frozen=True)
class Figure:
    """Seconds of several runs of one thing, and the requests that one run sent."""

    name: str
    seconds: tuple[float, ...]
    requests: int

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def served(mock: EmbeddedMock) -> int:
    """How many requests the mock has answered, this one included."""
    answer = requests.get(f"{mock.base_url}/batches/x", timeout=5)
    return int(answer.headers[COUNTER].rpartition("_")[2], 16)


def measure(name: str, mock: EmbeddedMock, rounds: int, work: Callable[[], None]) -> Figure:
    """Time ``work`` after one round that does not count."""
    work()
    before = served(mock)
    seconds = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - started)
    return Figure(name, tuple(seconds), round((served(mock) - before - 1) / rounds))


def command(line: Sequence[str], environment: dict[str, str], folder: str) -> Callable[[], None]:
    """A whole process, its output thrown away; exit codes are the tools' own business."""

    def work() -> None:
        subprocess.run(
            line, env=environment, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False
        )

    return work


def suite(mock: EmbeddedMock, folder: str, *arguments: str) -> Callable[[], None]:
    """The suite against the mock, as a person runs it."""
    environment = {**os.environ, "BATCH_API_KEY": mock.key, "BATCH_IDS": ",".join(mock.batch_ids)}
    line = [sys.executable, "-m", "batch_conformance", "run", "-q", "--base-url", mock.base_url, *arguments]
    return command(line, {**environment, "PYTHONPATH": str(ROOT)}, folder)


def schemathesis(mock: EmbeddedMock, folder: str, examples: int) -> Callable[[], None]:
    """``st run`` as its expert would: known ids, authorised, all checks."""
    ids = ", ".join(f'"{batch_id}"' for batch_id in mock.batch_ids)
    Path(folder, "schemathesis.toml").write_text(f'[parameters]\n"path.batch_id" = [{ids}]\n', encoding="utf-8")
    document = str(spec_folder() / "siliconflow-get-batch.yaml")
    line = [str(Path(sys.executable).with_name("st")), "run", document, "--url", mock.base_url]
    line += ["-H", f"Authorization: Bearer {mock.key}", "--checks", "all", "--max-examples", str(examples)]
    return command([*line, "--continue-on-failure"], dict(os.environ), folder)


def bare_loop(mock: EmbeddedMock, count: int) -> Callable[[], None]:
    """Nothing but ``requests`` on one kept-alive connection."""

    def work() -> None:
        with requests.Session() as session:
            session.headers["Authorization"] = f"Bearer {mock.key}"
            for number in range(count):
                session.get(f"{mock.base_url}/batches/{mock.batch_ids[number % len(mock.batch_ids)]}", timeout=5)

    return work


def table(figures: Sequence[Figure], base: Figure) -> str:
    """Markdown: medians, spread, requests, and the ratio to ``base``."""
    rows = ["| | median s | min–max s | requests | ratio |", "|---|---|---|---|---|"]
    for figure in figures:
        spread = f"{min(figure.seconds):.2f}–{max(figure.seconds):.2f}"
        ratio = f"{figure.median / base.median:.2f}"
        rows.append(f"| {figure.name} | {figure.median:.2f} | {spread} | {figure.requests} | {ratio} |")
    return "\n".join(rows)


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--examples", type=int, default=130, help="--max-examples of st run; about as many requests")
    options = parser.parse_args()
    with EmbeddedMock() as mock, tempfile.TemporaryDirectory() as folder:
        standard = measure("suite, standard", mock, options.rounds, suite(mock, folder))
        quick = measure("suite, quick", mock, options.rounds, suite(mock, folder, "--exploration=quick"))
        peer = measure("st run, all checks", mock, options.rounds, schemathesis(mock, folder, options.examples))
        bare = measure("requests, in a loop", mock, options.rounds, bare_loop(mock, standard.requests))
    versions = ", ".join(f"{name} {version(name)}" for name in ("schemathesis", "pytest", "requests", "hypothesis"))
    machine = f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    PAGE.write_text(
        "\n".join(
            (
                "# Performance",
                "",
                "Written by `python bench/run.py`. Whole processes, start-up included, against one mock in one go;",
                f"{options.rounds} rounds each after one that does not count. {machine}; {versions}.",
                "",
                table((standard, quick, peer, bare), peer),
                "",
                "The suite pauses 0.8 s in all between its polls, so that a batch can move on; its time includes that.",
                "",
            )
        ),
        encoding="utf-8",
    )
    print(PAGE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
