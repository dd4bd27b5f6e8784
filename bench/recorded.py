"""Measures the validation of recorded traffic beside what people would use instead: ``python bench/recorded.py``.

All of them read the same exchanges in the same process, one after the other, round by round; Redocly CLI is a process
of its own, and reads them without what is unset (see ``redocly.write``).
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import jsonschema
import jsonschema_rs
import orjson

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "bench" / "peers"))  # what asks openapi-core

import redocly  # noqa: E402
import traffic  # noqa: E402

from batch_conformance.contract.sources import shipped_contract  # noqa: E402
from batch_conformance.recorded.inferred_probe import InferredProbe  # noqa: E402
from batch_conformance.recorded.operation_urls import OperationUrls  # noqa: E402
from batch_conformance.recorded.recording import Recording  # noqa: E402
from batch_conformance.recorded.source import parts  # noqa: E402

COUNT = 100_000
_SLOW = 2_000
"""Exchanges that the slow ones are given: they have no start-up cost that more of them would hide."""
_GROWTH = (10_000, 100_000, 1_000_000)
_MOST, _MOST_READS = 10_000_000, 5
"""The largest recording, and how often it has each batch."""
_REDOCLY = f"Redocly CLI {redocly.VERSION} drift"


@dataclass(frozen=True)
class Rate:
    """Exchanges a second of several rounds."""

    name: str
    rates: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.rates)


@dataclass(frozen=True)
class Growth:
    """A whole command: exchanges, bytes of the file, seconds and the most memory of its process, in MiB."""

    program: str
    count: int
    bytes: int
    jobs: int
    seconds: float
    memory: float


def measure(rounds: int = 5, count: int = COUNT) -> list[Rate]:
    """Ours first, then the others, the floor last. openapi-core is left out where it is not installed."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "traffic.ndjson"
        with path.open("w", encoding="utf-8") as file:
            traffic.write(file, count)
        unlike = Path(folder) / "unlike.ndjson"
        with unlike.open("w", encoding="utf-8") as file:
            traffic.write(file, count, reads=4)
        drifted = {drift: Path(folder) / f"{number}.ndjson" for number, drift in enumerate(traffic.DRIFTS)}
        for drift, place in drifted.items():
            with place.open("w", encoding="utf-8") as file:
                traffic.write(file, count, reads=4, drift=drift)
        bare = Path(folder) / "bare.ndjson"
        redocly.write(bare, count, traffic.READS)
        lines = path.read_bytes().splitlines()
        texts = [orjson.loads(line)["response"]["body"] for line in lines]
        works: dict[str, tuple[Callable[[], None], int]] = {
            "validate, all rules": (lambda: _ours(path), count),
            "validate, no poll like the one before": (lambda: _ours(unlike), count),
            **{f"the same, every answer {drift}": (partial(_ours, drifted[drift]), count) for drift in drifted},
            **_redocly(bare, count),
            "jsonschema, the body's schema alone": (_plain(lines[:_SLOW]), _SLOW),
            **_openapi_core(lines[:_SLOW]),
            "floor: orjson and jsonschema-rs is_valid, bodies at hand": (_floor(texts), count),
        }
        found: dict[str, list[float]] = {name: [] for name in works}
        for turn in range(rounds + 1):
            for name, (work, exchanges) in works.items():
                started = time.perf_counter()
                work()
                if turn:  # the first round does not count
                    found[name].append(exchanges / (time.perf_counter() - started))
    return [Rate(name, tuple(rates)) for name, rates in found.items()]


def grow(counts: Sequence[int] = _GROWTH, jobs: Sequence[int] = (1, 2)) -> list[Growth]:
    """The whole command on files of growing size, and the largest with more processes."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "traffic.ndjson"
        for count in counts:
            with path.open("w", encoding="utf-8") as file:
                traffic.write(file, count)
            for number in jobs if count == counts[-1] else jobs[:1]:
                found.append(_validate(path, count, number, Path(folder) / "reports"))
            redocly.write(path, count, traffic.READS)
            with contextlib.suppress(redocly.NoRedoclyError):
                found.append(_command(_REDOCLY, redocly.command(path), path, count, 1))
    return found


def grow_most(folder: Path, count: int = _MOST) -> Growth:
    """The whole command on ten million exchanges of two million batches, 11 GB in a file below ``folder``.

    Raises ``OSError`` where there is no room for it.
    """
    needed = count * 1_200
    if shutil.disk_usage(folder).free < 2 * needed:
        raise OSError(f"{folder} has no room for {needed / 1e9:,.0f} GB, and as much again for what is put by")
    with tempfile.TemporaryDirectory(dir=folder) as name:
        path = Path(name) / "traffic.ndjson"
        with path.open("w", encoding="utf-8") as file:
            traffic.write(file, count, reads=_MOST_READS)
        return _validate(path, count, 1, Path(name) / "reports")


def _validate(path: Path, count: int, jobs: int, reports: Path) -> Growth:
    line = [sys.executable, "-m", "batch_conformance", "validate", str(path), "--jobs", str(jobs)]
    return _command("validate", [*line, "--reports-dir", str(reports)], path, count, jobs)


def _command(program: str, line: Sequence[str], path: Path, count: int, jobs: int) -> Growth:
    started = time.perf_counter()
    process = subprocess.Popen(
        line,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    memory = 0.0
    while process.poll() is None:
        memory = max(memory, _most_memory(process.pid))
        time.sleep(0.01)
    seconds = time.perf_counter() - started
    if process.returncode:
        raise RuntimeError(f"{program} ended with {process.returncode}")
    return Growth(program, count, path.stat().st_size, jobs, seconds, memory)


def _most_memory(pid: int) -> float:
    """The most memory, in MiB, that a process has held so far; its ``ru_maxrss`` would be that of who started it."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)


def _ours(path: Path) -> None:
    recording = Recording(InferredProbe(OperationUrls(shipped_contract())))
    for part in parts([str(path)]):
        recording.read(part)
    recording.result()


def _plain(lines: Sequence[bytes]) -> Callable[[], None]:
    validator = jsonschema.Draft4Validator(_schema())

    def work() -> None:
        for line in lines:
            if not validator.is_valid(json.loads(json.loads(line)["response"]["body"])):
                raise RuntimeError("jsonschema objects to the traffic")

    return work


def _floor(texts: Sequence[str]) -> Callable[[], None]:
    validator = jsonschema_rs.Draft4Validator(_schema())

    def work() -> None:
        for text in texts:
            if not validator.is_valid(orjson.loads(text)):
                raise RuntimeError("jsonschema-rs objects to the traffic")

    return work


def _openapi_core(lines: Sequence[bytes]) -> dict[str, tuple[Callable[[], None], int]]:
    try:
        import core_judge  # noqa: PLC0415 - it imports openapi-core, which need not be there
        from openapi_core import OpenAPI  # noqa: PLC0415
    except ImportError:
        return {}
    api = OpenAPI.from_dict(json.loads(json.dumps(shipped_contract().document.data)))

    def work() -> None:
        for line in lines:
            values = json.loads(line)
            base, _, path = values["request"]["url"].partition("/v1")
            said = {
                "base": base + "/v1",
                "path": "/v1" + path,
                "headers": values["request"]["headers"],
                "status": 200,
                "response_headers": values["response"]["headers"],
                "body": base64.b64encode(values["response"]["body"].encode()).decode(),
            }
            wrong = core_judge.failures(api, said)
            if wrong:
                raise RuntimeError(f"openapi-core objects to the traffic: {wrong}")

    return {"openapi-core, validate_response": (work, len(lines))}


def _redocly(path: Path, count: int) -> dict[str, tuple[Callable[[], None], int]]:
    try:
        line = redocly.command(path)
    except redocly.NoRedoclyError:
        return {}

    def work() -> None:
        subprocess.run(line, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    return {f"{_REDOCLY}, a process of its own": (work, count)}


def _schema() -> dict[str, object]:
    schema = shipped_contract().chosen.responses["200"].content["application/json"]
    assert schema is not None
    return schema.raw


def rows(rates: Sequence[Rate]) -> str:
    """Markdown: exchanges a second, spread, and how many times as fast ours is."""
    made = ["| | exchanges a second | min–max | ours is |", "|---|---|---|---|"]
    for rate in rates:
        spread = f"{min(rate.rates):,.0f}–{max(rate.rates):,.0f}"
        made.append(f"| {rate.name} | {rate.median:,.0f} | {spread} | {rates[0].median / rate.median:.2f}× |")
    return "\n".join(made)


def growth_rows(found: Sequence[Growth]) -> str:
    """Markdown: what a whole command takes, start-up and reports included."""
    made = [
        "| | exchanges | MB | processes | seconds | exchanges a second | MiB of memory |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in found:
        cells = (one.program, f"{one.count:,}", f"{one.bytes / 1e6:,.0f}", f"{one.jobs}", f"{one.seconds:.1f}")
        made.append(f"| {' | '.join(cells)} | {one.count / one.seconds:,.0f} | {one.memory:.0f} |")
    return "\n".join(made)


def main() -> None:
    """Print both tables."""
    print(rows(measure()))
    print(growth_rows(grow()))


if __name__ == "__main__":
    main()
