"""Measures the suite against a live target beside what people would use instead: ``python bench/live.py``.

Whole processes against one mock, in one go.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import requests

from batch_conformance.contract.sources import spec_folder
from batch_conformance.mock.process import EmbeddedMock

ROOT = Path(__file__).resolve().parent.parent
HOOKS = ROOT / "bench" / "peers" / "st_hooks.py"
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
    """``st run`` as its expert would: known ids by turns with made-up ones, authorised, all checks."""
    document = str(spec_folder() / "siliconflow-get-batch.yaml")
    line = [str(Path(sys.executable).with_name("st")), "run", document, "--url", mock.base_url]
    line += ["-H", f"Authorization: Bearer {mock.key}", "--checks", "all", "--max-examples", str(examples)]
    hooks = {"SCHEMATHESIS_HOOKS": str(HOOKS), "PEER_BATCH_IDS": ",".join(mock.batch_ids)}
    return command([*line, "--continue-on-failure"], {**os.environ, **hooks}, folder)


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


def measure_all(rounds: int = 5, examples: int = 320) -> tuple[list[Figure], Figure]:
    """Every figure, and the one that the others are compared with. ``examples`` is ``st run``'s ``--max-examples``."""
    with EmbeddedMock() as mock, tempfile.TemporaryDirectory() as folder:
        standard = measure("suite, standard", mock, rounds, suite(mock, folder))
        quick = measure("suite, quick", mock, rounds, suite(mock, folder, "--exploration=quick"))
        peer = measure("st run, all checks", mock, rounds, schemathesis(mock, folder, examples))
        bare = measure("requests, in a loop", mock, rounds, bare_loop(mock, standard.requests))
    return [standard, quick, peer, bare], peer


def main() -> None:
    """Print the table."""
    print(table(*measure_all()))


if __name__ == "__main__":
    main()
