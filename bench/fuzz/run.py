"""Fuzzes the readers, the judge and the writers: ``python bench/fuzz/run.py [TARGET ...] --minutes 10``.

What fails is kept in ``bench/fuzz/seeds`` and tried first the next time; it exits with 1 then. With ``--write`` the
figures are added to those in ``bench/fuzz/figures.json``, which docs/RELIABILITY.md is made from.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, seed, settings
from hypothesis.database import DirectoryBasedExampleDatabase
from targets import TARGETS, Target

HERE = Path(__file__).parent
FIGURES = HERE / "figures.json"
ROUND = 500


def fuzz(target: Target, name: str, minutes: float, first: int) -> tuple[int, float, int, str]:
    """Inputs tried, CPU minutes, the last seed, and the failure that ended it, if one did."""
    tried = 0

    def check(value: Any) -> None:
        nonlocal tried
        tried += 1
        target.check(value)

    checked = settings(
        max_examples=ROUND,
        deadline=None,
        database=DirectoryBasedExampleDatabase(HERE / "seeds" / name.replace(" ", "_")),
        suppress_health_check=list(HealthCheck),
        print_blob=True,
    )(given(target.inputs)(check))
    started = time.process_time()
    number = first
    while (spent := (time.process_time() - started) / 60) < minutes:
        try:
            seed(number)(checked)()
        except Exception:
            return tried, spent, number, traceback.format_exc(limit=-12)
        number += 1
    return tried, spent, number - 1, ""


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
