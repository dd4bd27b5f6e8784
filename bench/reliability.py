"""Runs the suite against every hostile target and on bad days, and writes docs/RELIABILITY.md.

``python bench/reliability.py`` does all of it; ``harness``, ``flakiness`` or ``page`` only that part. Figures are kept
in ``bench/reliability.json`` between parts; it exits with 1 where anything was not as it should be.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import cycle, islice
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import flakiness  # noqa: E402
import survival  # noqa: E402

PAGE = ROOT / "docs" / "RELIABILITY.md"
FIGURES = Path(__file__).with_suffix(".json")
FUZZ = Path(__file__).parent / "fuzz" / "figures.json"
PARTS = ("harness", "flakiness")
DAYS = 200
ABOUT = """# Reliability

Written by `python bench/reliability.py`; the same targets are in the tests (`pytest tests -m survival`).
{machine}, {day}.

## Hostile targets

Each is a server on raw sockets (`tests/hostile.py`, `tests/hostile_answers.py`, `tests/survival.py`) that a whole
run of the suite meets in a process of its own, with `--request-timeout=2`. The run must end within {seconds:g} s and
{mebibytes:g} MiB, without a traceback, with all reports written, and say `drift` where the server broke HTTP or the
contract, `inconclusive` where it was only away, `conforms` where all was answered in the end.
"""
BAD_DAYS = """## Bad days

Audits of mocks behind a gateway that resets 5 % of the requests, answers 2 % with 503, and limits in bursts of three
429; its words are the API's, a page of HTML, or none, in turn. Nothing waits between retries, so that a burst outlasts
them. Conforming are the mock and every conforming variant of the catalogue; drifting are the catalogue's drifts, in
turn. A day's chance is drawn from its number.

| mocks | days | right verdict | no verdict | wrong verdict | requests | resets | 503 | 429 |
|---|---|---|---|---|---|---|---|---|"""
FUZZING = """## Fuzzing

What reads untrusted input, judges it or writes it out, fed with spoilt inputs (`python bench/fuzz/run.py`). A reader
may raise nothing but its own error, in one line; the judge and the writers nothing at all.

| what | inputs | CPU minutes |
|---|---|---|"""
ENOUGH = 0.95


def harness(names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """A whole run against each hostile target, one after the other."""
    for scenario in survival.SCENARIOS:
        if names and scenario.name not in names:
            continue
        with tempfile.TemporaryDirectory() as folder:
            survived = survival.run(scenario, Path(folder) / "reports")
            faults, done = survival.complaints(scenario, survived), survived.measured
            drift = survived.drift if (survived.folder / "drift.json").is_file() else {}
        yield {
            "name": scenario.name,
            "verdict": drift.get("verdict", "none"),
            "exit_code": survived.code,
            "requests": drift.get("run", {}).get("requests", 0),
            "seconds": round(done.seconds, 1),
            "mebibytes": round(done.mebibytes),
            "faults": faults,
        }


def bad_days(days: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """What came of ``days`` audits of mocks that conform, and of as many that drift."""
    for kind, names in (("conforming", flakiness.CONFORMING), ("drifting", flakiness.DRIFTING)):
        for exploration in ("standard", "quick"):
            if kind == "drifting" and exploration == "quick":
                continue  # not every drift shows in sixty requests, on good days either
            yield (
                f"{kind}, {exploration}",
                _summary(flakiness.bouts(islice(cycle(names), days), exploration=exploration)),
            )


def _summary(bouts: Iterable[flakiness.Bout]) -> dict[str, Any]:
    verdicts: Counter[str] = Counter()
    fates: Counter[str] = Counter()
    wrong: list[str] = []
    right = 0
    begun = time.monotonic()
    for seed, bout in enumerate(bouts):
        verdicts[bout.verdict] += 1
        fates += bout.fates
        right += bout.verdict == bout.right
        if bout.wrong:
            wrong.append(f"{bout.name or 'the mock'} on day {seed}: {bout.verdict}, {', '.join(bout.findings)}")
    return {
        "days": verdicts.total(),
        "right": right,
        "verdicts": dict(verdicts),
        "fates": dict(fates),
        "wrong": wrong,
        "seconds": round(time.monotonic() - begun),
    }


def page(figures: Mapping[str, Any], fuzz: Mapping[str, Any]) -> str:
    """docs/RELIABILITY.md."""
    about = ABOUT.format(**figures, seconds=survival.MOST_SECONDS, mebibytes=survival.MOST_MEBIBYTES)
    return "\n".join((about, *_table(figures["harness"]), *_weather(figures["flakiness"]), *_fuzzing(fuzz)))


def _table(rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    failed = [row for row in rows if row["faults"]]
    slowest = max(rows, key=lambda row: row["seconds"])
    largest = max(rows, key=lambda row: row["mebibytes"])
    yield (
        f"Of {len(rows)} targets, {len(rows) - len(failed)} ended as they should. Slowest: {slowest['seconds']} s "
        f"({_said(slowest)}); most memory: {largest['mebibytes']} MiB ({_said(largest)})."
    )
    yield from (
        "",
        "| target | verdict | exit code | requests | seconds | peak MiB | |",
        "|---|---|---|---|---|---|---|",
    )
    for row in rows:
        cells = (_said(row), row["verdict"], row["exit_code"], row["requests"], row["seconds"], row["mebibytes"])
        outcome = "; ".join(row["faults"]) or "as it should"
        yield "| " + " | ".join(str(cell).replace("|", "\\|") for cell in (*cells, outcome)) + " |"
    yield ""


def _said(row: Mapping[str, Any]) -> str:
    return str(row["name"]).replace("_", " ")


def _weather(kinds: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    yield BAD_DAYS
    for kind, found in kinds.items():
        fates = found["fates"]
        share = f"{found['right']} ({100 * found['right'] / found['days']:.1f} %)"
        unsure = found["days"] - found["right"] - len(found["wrong"])
        counts = (sum(fates.values()), *(fates.get(fate, 0) for fate in ("reset", "503", "429")))
        cells = (kind, found["days"], share, unsure, len(found["wrong"]), *counts)
        yield "| " + " | ".join(map(str, cells)) + " |"
    yield ""
    for found in kinds.values():
        yield from (f"- Wrong: {line}" for line in found["wrong"])


def _fuzzing(fuzz: Mapping[str, Any]) -> Iterator[str]:
    yield FUZZING
    for name, found in fuzz.items():
        yield f"| {name} | {found['inputs']:,} | {found['cpu_minutes']} |"
    yield from ("", "Found and mended, each with a test:", "")
    yield from (f"- {line}" for line in FOUND)
    yield ""


FOUND = (
    "a contract whose parameter has a schema that is no schema (`schema: x`) was a crash of the self-check;",
    "the target of an overlay's action with a line break in it was told in two lines;",
    "a recorded exchange of the year 58749, or at no number (`NaN`), was read, and then no archive could be written;",
    "a response whose name is no status, the empty one, was a crash of the compiler;",
    "why a recorded line is no exchange was told in two lines where a header's name held a line break.",
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what was asked for, write the page, and say whether all was as it should be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("part", nargs="*", choices=[*PARTS, "page", []], help="all without")
    parser.add_argument("--days", type=int, default=DAYS, help="for each kind of mock")
    parser.add_argument(
        "--target", action="append", default=[], help="only this hostile target; the page is left alone"
    )
    asked = parser.parse_args(arguments)
    parts = asked.part or PARTS
    figures: dict[str, Any] = json.loads(FIGURES.read_text(encoding="utf-8")) if FIGURES.is_file() else {}
    figures["machine"] = (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    )
    figures["day"] = datetime.now(UTC).date().isoformat()
    if "harness" in parts or asked.target:
        figures["harness"] = []
        for row in harness(asked.target):
            figures["harness"].append(row)
            print(*(row[name] for name in ("name", "verdict", "seconds", "mebibytes", "faults")), flush=True)
    if asked.target:
        return int(any(row["faults"] for row in figures["harness"]))
    if "flakiness" in parts:
        figures["flakiness"] = {}
        for kind, found in bad_days(asked.days):
            figures["flakiness"][kind] = found
            print(kind, found, flush=True)
    FIGURES.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    fuzz = json.loads(FUZZ.read_text(encoding="utf-8")) if FUZZ.is_file() else {}
    if set(PARTS) <= figures.keys():
        PAGE.write_text(page(figures, fuzz), encoding="utf-8")
    right = not any(row["faults"] for row in figures.get("harness", ()))
    for found in figures.get("flakiness", {}).values():
        right = right and not found["wrong"] and found["right"] >= ENOUGH * found["days"]
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
