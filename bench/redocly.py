"""Measures `validate` beside Redocly CLI's `drift` on the same files: ``python bench/redocly.py``.

Whole processes, start-up included, in seconds of processor time. npm installs the version that is named here into
``build/redocly``; where it cannot, nothing is measured.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bench"))

import traffic  # noqa: E402

VERSION = "2.77.0"
COUNT = 100_000
_FOLDER = ROOT / "build" / "redocly"
_SPEC = ROOT / "spec" / "siliconflow-get-batch.yaml"
_KINDS = {"every exchange reads another batch": 1, "no poll like the one before": 4, "polls": traffic.READS}


class NoRedoclyError(Exception):
    """It is not installed, and cannot be; the text says why."""


@dataclass(frozen=True)
class Figure:
    """Processor seconds of some rounds, for traffic of one kind."""

    traffic: str
    program: str
    seconds: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.seconds)


def measure(rounds: int = 5, count: int = COUNT) -> list[Figure]:
    """Both programs on each kind of traffic, in turn, after a round that does not count."""
    found: list[Figure] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind, reads in _KINDS.items():
            path = folder / "traffic.ndjson"
            write(path, count, reads)
            ours = [
                sys.executable,
                "-m",
                "batch_conformance",
                "validate",
                str(path),
                f"--reports-dir={folder / 'reports'}",
            ]
            theirs = command(path)
            taken: dict[str, list[float]] = {"validate": [], "redocly drift": []}
            for turn in range(rounds + 1):
                for program, line in (("validate", ours), ("redocly drift", theirs)):
                    seconds = _processor_seconds(line)
                    if turn:
                        taken[program].append(seconds)
            found += [Figure(kind, program, tuple(seconds)) for program, seconds in taken.items()]
    return found


def rows(found: Sequence[Figure]) -> str:
    """Markdown: medians, spread, and how many times theirs ours takes."""
    made = ["| traffic | | CPU s | min–max | ratio |", "|---|---|---|---|---|"]
    theirs = {figure.traffic: figure.median for figure in found if figure.program != "validate"}
    for one in found:
        spread = f"{min(one.seconds):.2f}–{max(one.seconds):.2f}"
        made.append(
            f"| {one.traffic} | {one.program} | {one.median:.2f} | {spread} | {one.median / theirs[one.traffic]:.2f} |"
        )
    return "\n".join(made)


def command(path: Path) -> list[str]:
    """The command line that validates a recording. Raises ``NoRedoclyError``."""
    return [str(_redocly()), "drift", str(path), "--api", str(_SPEC), "--format", "json"]


def write(path: Path, count: int, reads: int) -> None:
    """Traffic in which what is unset is left out: the document alone, which Redocly reads, allows no null."""
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            exchange = traffic.exchange(number, count, reads)
            body = json.loads(exchange["response"]["body"])
            exchange["response"]["body"] = json.dumps(
                {name: value for name, value in body.items() if value is not None}
            )
            file.write(json.dumps(exchange) + "\n")


def _processor_seconds(line: Sequence[str]) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=ROOT, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        raise RuntimeError(f"{' '.join(line)} ended with {done.returncode}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _redocly() -> Path:
    program = _FOLDER / "node_modules" / ".bin" / "redocly"
    if not program.exists():
        _FOLDER.mkdir(parents=True, exist_ok=True)
        line = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(_FOLDER), f"@redocly/cli@{VERSION}"]
        try:
            subprocess.run(line, check=True, capture_output=True, timeout=600, env={**os.environ, "CI": "1"})
        except (OSError, subprocess.SubprocessError) as error:
            raise NoRedoclyError(f"npm cannot install @redocly/cli {VERSION}: {type(error).__name__}") from None
    return program


if __name__ == "__main__":
    print(rows(measure()))
