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
from importlib.metadata import entry_points
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


def users_plugins() -> list[str]:
    """Options that leave out the pytest plugins which only we who develop this have: a user's start loads none."""
    installed = entry_points(group="pytest11")
    return [f"-pno:{one.name}" for one in installed if one.dist and one.dist.name not in ("hypothesis", "schemathesis")]


def suite(mock: EmbeddedMock, folder: str, *arguments: str) -> Callable[[], None]:
    """The suite against the mock, as a person runs it who has installed it and nothing else."""
    environment = {**os.environ, "BATCH_API_KEY": mock.key, "BATCH_IDS": ",".join(mock.batch_ids)}
    line = [sys.executable, "-m", "batch_conformance", "run", "-q", "--base-url", mock.base_url]
    line += [*users_plugins(), *arguments]
    return command(line, {**environment, "PYTHONPATH": str(ROOT)}, folder)


def explorations(mock: EmbeddedMock, rounds: int, *options: str) -> tuple[float, ...]:
    """Seconds of exploration alone, by ``exploration.py``, in a process each."""
    line = [sys.executable, str(ROOT / "bench" / "exploration.py"), mock.base_url, *options]
    environment = {**os.environ, "BATCH_API_KEY": mock.key, "BATCH_IDS": ",".join(mock.batch_ids)}
    environment["PYTHONPATH"] = str(ROOT)
    return tuple(
        float(subprocess.run(line, env=environment, capture_output=True, text=True, check=True).stdout)
        for _ in range(rounds)
    )


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


@dataclass(frozen=True)
class Live:
    """Whole processes, ``peer`` the one that the others are compared with, and ``inside`` without their start.

    ``inside`` is compared with ``bare``, a loop of ``requests`` over as many exchanges.
    """

    whole: tuple[Figure, ...]
    peer: Figure
    inside: tuple[Figure, ...]
    bare: Figure


def measure_all(rounds: int = 5, examples: int = 320) -> Live:
    """Every figure. ``examples`` is ``st run``'s ``--max-examples``."""
    with EmbeddedMock() as mock, tempfile.TemporaryDirectory() as folder:
        standard = measure("suite, standard", mock, rounds, suite(mock, folder))
        quick = measure("suite, quick", mock, rounds, suite(mock, folder, "--exploration=quick"))
        peer = measure("st run, all checks", mock, rounds, schemathesis(mock, folder, examples))
        bare = measure("requests, in a loop", mock, rounds, bare_loop(mock, standard.requests))
        restless = explorations(mock, rounds, "--restless")
        paused = explorations(mock, rounds)
    inside = (
        Figure("sent and judged, without pauses between polls", restless, standard.requests),
        Figure("sent and judged, with them", paused, standard.requests),
        bare,
    )
    return Live((standard, quick, peer), peer, inside, bare)


def main() -> None:
    """Print the tables."""
    found = measure_all()
    print(table(found.whole, found.peer))
    print(table(found.inside, found.bare))


if __name__ == "__main__":
    main()
