"""Measures how fast ``drift.html`` is made and opened: ``python bench/page.py``.

Opening is from the navigation to the second frame after ``load``, in a headless Chromium, from a file.
"""

from __future__ import annotations

import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))  # the runs made by hand, and the browser

import samples  # noqa: E402
from chromium import launched  # noqa: E402

from batch_conformance.findings.finding import Finding  # noqa: E402
from batch_conformance.report.run import html  # noqa: E402

_TWO_FRAMES = "new Promise(drawn => requestAnimationFrame(() => requestAnimationFrame(drawn)))"


@dataclass(frozen=True)
class PageFigure:
    """One page: its size in bytes, seconds to make it once, and seconds of every time that it was opened."""

    name: str
    bytes: int
    made: float
    opened: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.opened)


def measure(rounds: int = 5) -> list[PageFigure]:
    """Pages of growing size, each opened ``rounds`` times after once that does not count. Raises NoChromiumError."""
    figures = []
    with tempfile.TemporaryDirectory() as folder, launched() as browser:
        path = Path(folder) / "drift.html"
        for name, findings in _runs().items():
            report = samples.run_report(findings)
            started = time.perf_counter()
            text = html.render(report)
            made = time.perf_counter() - started
            path.write_text(text, encoding="utf-8")
            seconds = []
            for _ in range(rounds + 1):
                page = browser.new_page(viewport={"width": 1280, "height": 900})
                started = time.perf_counter()
                page.goto(path.as_uri(), wait_until="load")
                page.evaluate(_TWO_FRAMES)
                seconds.append(time.perf_counter() - started)
                page.close()
            figures.append(PageFigure(name, len(text.encode()), made, tuple(seconds[1:])))
    return figures


def _runs() -> Mapping[str, tuple[Finding, ...]]:
    return {
        "no finding": (),
        "40 findings": samples.many(40),
        "2,000 findings in few groups": samples.many(2000),
        "2,000 findings, each a group of its own": tuple(
            samples.finding(
                "body.known_value",
                "/status",
                kind=f"VALUE_{number}",
                observed=f'"VALUE_{number}"',
                evidence=samples.exchange({**samples.BODY, "status": f"VALUE_{number}"}, number=number),
            )
            for number in range(2000)
        ),
    }


def main() -> None:
    """Print a line for every page."""
    for figure in measure():
        print(
            f"{figure.name}: {figure.bytes / 1e6:.2f} MB, made in {figure.made:.2f} s, opened in {figure.median:.2f} s "
            f"(of {', '.join(f'{seconds:.2f}' for seconds in figure.opened)})"
        )


if __name__ == "__main__":
    main()
