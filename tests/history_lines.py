"""Histories that tests and measurements read: ``python tests/history_lines.py FILE`` writes one of a year."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from batch_conformance.report.trend.run_record import FindingRecord, RunRecord, short_name, to_line

START = datetime(2025, 1, 1, 5, 17, tzinfo=UTC)


def finding(number: int, level: str = "must", state: str = "new") -> FindingRecord:
    clause = short_name(f"clause {number}")
    return FindingRecord(f"{number:012x}", "body.type", level, state, f"200 /field_{number}", clause)  # type: ignore[arg-type]


def run(day: float, *shown: FindingRecord, **other: object) -> RunRecord:
    at = (START + timedelta(days=day)).isoformat().replace("+00:00", "Z")
    verdict = "drift" if any(one.level != "info" for one in shown) else "conforms"
    made = RunRecord(
        at, "https://api.example.com/v1", "GET /batches/{batch_id}", "Batches 1", verdict, True, findings=shown
    )
    return replace(made, **other)  # type: ignore[arg-type]


def a_year(targets: int = 3, findings: int = 30, days: int = 365) -> Iterator[RunRecord]:
    """Daily runs of a few targets; some clauses come and go, some stay broken, on some days the target is away."""
    draw = random.Random(7)
    for number in range(targets):
        broken: set[int] = set()
        for day in range(days):
            broken ^= {one for one in range(findings) if draw.random() < (0.3 if one < 3 else 0.01)}
            shown = tuple(finding(one, ("must", "should", "info")[one % 3]) for one in sorted(broken))
            away = draw.random() < 0.03
            unjudged = frozenset(one.clause for one in shown) if away else frozenset()
            yield run(
                day,
                *(() if away else shown),
                target=f"https://vendor-{number}.example.com/v1",
                unjudged=unjudged,
                **({"verdict": "inconclusive"} if away else {}),
            )


if __name__ == "__main__":
    Path(sys.argv[1]).write_text("".join(map(to_line, a_year())), "utf-8")
