"""Takes the pictures of the page and of the terminal that the README shows: ``python docs/make_screenshots.py``.

They are those of real runs against the mock, which drifts in a few ways. The page needs Chromium, and the Chinese one
a font such as Debian's fonts-wqy-microhei; with ``--terminal`` only the terminal is drawn, which needs neither.
"""

from __future__ import annotations

import io
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))  # the browser

from chromium import launched  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.text import Text  # noqa: E402

from batch_conformance.mock.process import EmbeddedMock  # noqa: E402

FOLDER = ROOT / "docs" / "screenshots"
REPORTS = "build/screenshots"
DRIFTS = ("created_at_string", "html_404", "any_token", "status_upper_case", "completed_at_missing")


@dataclass(frozen=True)
class Picture:
    """A picture: what to open first, and how big and dark the window is."""

    name: str
    width: int
    height: int
    dark: bool = False
    finding: str = ""
    """A rule: its card is opened and stands at the top."""
    language: str = "en"


PICTURES = (
    Picture("light", 1280, 1000),
    Picture("finding", 1280, 1180, finding="body.type"),
    Picture("dark", 1280, 1180, dark=True, finding="response.media_type"),
    Picture("narrow", 390, 1000, finding="body.type"),
    Picture("chinese", 1280, 1000, language="zh"),
)


COLUMNS = 100
TERMINALS = {"drift": ("created_at_string",), "clean": ()}
"""The pictures of a terminal by their names, and how the mock drifts in each."""


def take_terminals() -> None:
    """Run the suite against the mock, and draw what it prints."""
    for name, drifts in TERMINALS.items():
        with EmbeddedMock(drifts=list(drifts)) as mock:
            environment = {**os.environ, "BATCH_API_KEY": mock.key, "BATCH_IDS": ",".join(mock.batch_ids)}
            environment |= {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "COLUMNS": str(COLUMNS)}
            words = ["--color=yes", "--base-url", mock.base_url, f"--reports-dir={REPORTS}-terminal"]
            command = [sys.executable, "-m", "pytest", *words]
            done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        shown = done.stdout.replace(str(ROOT), "~/batch-conformance").replace(f"{REPORTS}-terminal", "reports")
        console = Console(record=True, width=COLUMNS, file=io.StringIO(), force_terminal=True)
        console.print(f"$ {shlex.join(['pytest', '--base-url', mock.base_url])}", highlight=False)
        console.print(Text.from_ansi(shown.rstrip()))
        console.save_svg(str(FOLDER / f"terminal-{name}.svg"), title="pytest", unique_id=f"terminal-{name}")


def main() -> None:
    """Run the suite against a drifting mock and take every picture of its page, and of the terminal."""
    FOLDER.mkdir(exist_ok=True)
    take_terminals()
    if "--terminal" in sys.argv[1:]:
        return
    languages = dict.fromkeys(picture.language for picture in PICTURES)
    with EmbeddedMock(drifts=list(DRIFTS)) as mock:
        ids = [f"--batch-id={batch_id}" for batch_id in mock.batch_ids[4:9]]
        for language in languages:
            options = [f"--reports-dir={REPORTS}-{language}"]
            options += [f"--report-language={language}"] if language != "en" else []
            command = [sys.executable, "-m", "pytest", "--base-url", mock.base_url, *ids, *options]
            environment = {**os.environ, "BATCH_API_KEY": mock.key}
            subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, check=False)
    with launched() as browser:
        for picture in PICTURES:
            window = browser.new_page(
                viewport={"width": picture.width, "height": picture.height},
                color_scheme="dark" if picture.dark else "light",
            )
            window.goto((ROOT / f"{REPORTS}-{picture.language}" / "drift.html").as_uri())
            if picture.finding:
                card = window.locator("details.finding", has_text=picture.finding).first
                card.evaluate("card => { card.open = true; card.scrollIntoView(); }")
            window.screenshot(path=FOLDER / f"page-{picture.name}.png")
            window.close()


if __name__ == "__main__":
    main()
