"""Measures everything and writes docs/PERFORMANCE.md: ``python bench/run.py``, about ten minutes.

Figures are taken in one go on one machine and given as medians and ratios; nothing here asserts a time. What was
measured is kept part by part in ``build/performance``: ``--resume`` goes on where a run was interrupted, and ``--only``
measures some parts anew and writes the page with the others as they were. ``--ten-million`` validates ten million
exchanges, which takes 11 GB of disk and some six minutes; its last result is kept in ``bench/ten_million.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
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

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "PERFORMANCE.md"
_PARTS = ROOT / "build" / "performance"
_TEN_MILLION = Path(__file__).resolve().parent / "ten_million.json"
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


@dataclass(frozen=True, slots=True)
class Wanted:
    """How thoroughly it is measured: rounds, ``--max-examples`` of st run, exchanges of the largest recording."""

    rounds: int
    examples: int
    largest: int


def _live(wanted: Wanted) -> str:
    found = live.measure_all(wanted.rounds, wanted.examples)
    return (
        "## A verdict on a live target\n\nWhole processes, start-up included, against one mock, without the pytest "
        "plugins that only our own tests need. Ratios to `st run`, which is given the known ids too.\n\n"
        f"{live.table(found.whole, found.peer)}\n\n"
        f"The polls of the suite span {POLLING_SECONDS} s, so that a batch can move on; what other requests leave of "
        "that is waited, and what was received is judged meanwhile. Where the time of one run goes is in "
        "`bench/profiles/`.\n\n"
        "The same exchanges without start-up and planning, beside a bare loop: ratios to that.\n\n"
        f"{live.table(found.inside, found.bare)}"
    )


def _recorded(wanted: Wanted) -> str:
    return (
        f"## Recorded traffic\n\nOne core, the same {recorded.COUNT:,} exchanges of about 1 KB each "
        "(`bench/traffic.py`); the slow ones read the first 2,000. Ours reads, picks, judges by all rules, over time "
        "too, and makes the ledger; Redocly CLI is a whole process, start-up included; the others check one schema."
        f"\n\n{recorded.rows(recorded.measure(wanted.rounds))}"
    )


def _beside_redocly(wanted: Wanted) -> str:
    try:
        table = redocly.rows(redocly.measure(wanted.rounds))
    except redocly.NoRedoclyError as error:
        return f"Redocly CLI's `drift` is not measured: {error}."
    return (
        f"Beside `drift` of Redocly CLI {redocly.VERSION}, which checks each exchange against the document by itself: "
        f"the same {redocly.COUNT:,} exchanges, whole processes, seconds of processor time, ratios to it.\n\n{table}"
    )


def _growth(wanted: Wanted) -> str:
    counts = tuple(count for count in (10_000, 100_000, 1_000_000) if count <= wanted.largest)
    return (
        "How it grows: the whole command, start-up and reports included, once each. Memory is the most that its "
        f"process held; with several, the one that adds up.\n\n{recorded.growth_rows(recorded.grow(counts))}"
    )


def _report_page(wanted: Wanted) -> str:
    rows = ["| | MB | made in s | opened in s |", "|---|---|---|---|"]
    try:
        for figure in page.measure(wanted.rounds):
            rows.append(f"| {figure.name} | {figure.bytes / 1e6:.2f} | {figure.made:.2f} | {figure.median:.2f} |")
    except NoChromiumError as error:
        rows = [f"Not measured: {error}."]
    return "## The report page\n\n" + "\n".join(rows)


def _mock(wanted: Wanted) -> str:
    line = serving.measure(wanted.rounds).line()
    return f"## The mock\n\nOver {serving.CONNECTIONS} kept-alive connections: {line}."


PARTS: Mapping[str, Callable[[Wanted], str]] = {
    "live": _live,
    "recorded": _recorded,
    "redocly": _beside_redocly,
    "growth": _growth,
    "page": _report_page,
    "mock": _mock,
}
"""The parts of the page, in their order, by the names that ``--only`` has."""


def measure(names: Sequence[str], wanted: Wanted, *, resume: bool) -> None:
    """Measure parts, and keep each once it is measured; with ``resume`` not those that are kept as they are wanted."""
    _PARTS.mkdir(parents=True, exist_ok=True)
    for name in names:
        place = _PARTS / f"{name}.json"
        if resume and _kept(name, wanted) is not None:
            continue
        started = time.monotonic()
        place.unlink(missing_ok=True)
        text = PARTS[name](wanted)
        place.write_text(json.dumps({"wanted": asdict(wanted), "text": text}), encoding="utf-8")
        print(f"{name}: measured in {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)


def _kept(name: str, wanted: Wanted) -> str | None:
    """What a part came to, as thoroughly as wanted; None where it was not measured so."""
    place = _PARTS / f"{name}.json"
    kept = json.loads(place.read_text("utf-8")) if place.exists() else {}
    return kept["text"] if kept.get("wanted") == asdict(wanted) else None


def measure_ten_million(folder: Path) -> None:
    """Validate ten million exchanges, and keep what that took."""
    growth = recorded.grow_most(folder)
    kept = {**asdict(growth), "date": time.strftime("%Y-%m-%d", time.gmtime()), "machine": _machine()}
    _TEN_MILLION.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    print(_ten_million(), file=sys.stderr)


def _ten_million() -> str:
    if not _TEN_MILLION.exists():
        return ""
    kept = json.loads(_TEN_MILLION.read_text("utf-8"))
    date, machine = kept.pop("date"), kept.pop("machine")
    table = recorded.growth_rows([recorded.Growth(**kept)])
    return f"{kept['count'] // 10**6} million exchanges, five of each batch, on {date} ({machine}):\n\n{table}"


def write_page(wanted: Wanted) -> None:
    """Write the page from what is kept. Ends the program where a part is missing."""
    kept = {name: _kept(name, wanted) for name in PARTS}
    missing = [name for name, text in kept.items() if text is None]
    if missing:
        sys.exit(f"not measured yet with {wanted}: {', '.join(missing)}; --resume measures them and writes the page")
    head = (
        "# Performance\n\nWritten by `python bench/run.py`: everything on one machine, medians of "
        f"{wanted.rounds} rounds after one that does not count. {_machine()}; {', '.join(map(_version, _PACKAGES))}."
    )
    texts = {name: text for name, text in kept.items() if text is not None}
    texts["growth"] = "\n\n".join(filter(None, (texts["growth"], _ten_million())))
    PAGE.write_text("\n\n".join((head, *texts.values())) + "\n", encoding="utf-8")
    print(PAGE.read_text("utf-8"))


def _machine() -> str:
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"


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
    parser.add_argument("--only", action="append", choices=PARTS, help="measure this part; may be given several times")
    parser.add_argument("--resume", action="store_true", help="measure only what is not kept in build/performance")
    parser.add_argument("--ten-million", action="store_true", help="validate ten million exchanges, and nothing else")
    parser.add_argument("--folder", type=Path, default=ROOT / "build", help="where there are 25 GB for --ten-million")
    options = parser.parse_args()
    wanted = Wanted(options.rounds, options.examples, options.largest)
    if options.ten_million:
        options.folder.mkdir(parents=True, exist_ok=True)
        measure_ten_million(options.folder)
    else:
        measure(options.only or list(PARTS), wanted, resume=options.resume)
        if not options.only and not options.resume:
            profiles.write()
    write_page(wanted)


if __name__ == "__main__":
    main()
