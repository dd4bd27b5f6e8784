"""Fuzzes the readers, the judge and the writers: ``python bench/fuzz/run.py [TARGET ...] --minutes 10``.

What fails is kept in ``bench/fuzz/seeds``: files as they were, of anything else the number that it was drawn from. They
are tried first the next time. It exits with 1 where anything failed. With ``--write`` the
figures are added to those in ``bench/fuzz/figures.json``, which docs/RELIABILITY.md is made from.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, seed, settings
from targets import TARGETS, Target

HERE = Path(__file__).parent
FIGURES = HERE / "figures.json"
ROUND = 500
NUMBER = "drawn-from-"


def fuzz(target: Target, name: str, minutes: float, first: int) -> tuple[int, float, int, str]:
    """Inputs tried, CPU minutes, the last seed, and the failure that ended it, if one did."""
    tried = 0
    failing: Any = None
    kept = HERE / "seeds" / name.replace(" ", "_")

    def check(value: Any) -> None:
        nonlocal tried, failing
        tried += 1
        try:
            target.check(value)
        except Exception:
            failing = value  # the last one is the smallest
            raise

    checked = settings(
        max_examples=ROUND,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )(given(target.inputs)(check))
    files = sorted(kept.glob("*")) if kept.is_dir() else []
    again = [int(file.name.removeprefix(NUMBER)) for file in files if file.name.startswith(NUMBER)]
    started = time.process_time()
    for file in files:
        try:
            if not file.name.startswith(NUMBER):
                check(file.read_bytes())
        except Exception:
            return tried, 0.0, first, f"{file}:\n{traceback.format_exc(limit=-12)}"
    number = first
    while (spent := (time.process_time() - started) / 60) < minutes:
        drawn = again.pop() if again else number
        try:
            seed(drawn)(checked)()
        except Exception:
            keep(kept, failing, drawn)
            return tried, spent, drawn, traceback.format_exc(limit=-12)
        number += drawn == number
    return tried, spent, number - 1, ""


def keep(folder: Path, failing: Any, number: int) -> None:
    """Keep what failed for the next time."""
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(failing, bytes):
        (folder / hashlib.sha256(failing).hexdigest()[:16]).write_bytes(failing)
    else:
        (folder / f"{NUMBER}{number}").touch()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target", nargs="*", help=", ".join(TARGETS))
    parser.add_argument("--minutes", type=float, default=10.0, help="of CPU time per target")
    parser.add_argument("--seed", type=int, default=None, help="of the first round; random without")
    parser.add_argument("--write", action="store_true", help="keep the figures")
    asked = parser.parse_args(arguments)
    wrong = set(asked.target) - set(TARGETS)
    if wrong:
        parser.error(f"there is no target {', '.join(sorted(wrong))}")
    first = random.randrange(1 << 30) if asked.seed is None else asked.seed
    figures = json.loads(FIGURES.read_text(encoding="utf-8")) if FIGURES.is_file() else {}
    failed = False
    for name in asked.target or TARGETS:
        tried, minutes, last, failure = fuzz(TARGETS[name], name, asked.minutes, first)
        print(f"{name}: {tried:,} inputs in {minutes:.1f} CPU minutes, seeds {first}-{last}", flush=True)
        if failure:
            failed = True
            print(failure, file=sys.stderr, flush=True)
        else:
            before = figures.get(name, {"inputs": 0, "cpu_minutes": 0.0, "seeds": []})
            figures[name] = {
                "inputs": before["inputs"] + tried,
                "cpu_minutes": round(before["cpu_minutes"] + minutes, 1),
                "seeds": [*before["seeds"], f"{first}-{last}"],
            }
        if asked.write:
            FIGURES.write_text(json.dumps(figures, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
