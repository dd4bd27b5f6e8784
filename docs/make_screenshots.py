"""Takes the pictures of the page that the README shows: ``python docs/make_screenshots.py``.

The page is that of a real run against the mock, which drifts in a few ways. Needs Chromium, and for the Chinese
one a font such as Debian's fonts-wqy-microhei.
"""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))  # the browser

from chromium import launched  # noqa: E402

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


def main() -> None:
    """Run the suite against a drifting mock and take every picture of its page."""
    FOLDER.mkdir(exist_ok=True)
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
