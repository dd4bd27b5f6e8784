"""Writes down where the time goes, as text: ``python bench/profiles.py`` fills ``bench/profiles/``.

By function, with the time spent in each and below; the profiler makes everything about twice as slow.
"""

from __future__ import annotations

import cProfile
import io
import os
import pstats
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import traffic

from batch_conformance.mock.process import EmbeddedMock
from batch_conformance.run.validate.reading import read_here
from batch_conformance.run.validate.validate import Validation, ValidationOptions

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path(__file__).parent / "profiles"
_LINES = 45
_EXCHANGES = 50_000


def write() -> None:
    """Write a profile of one run of the suite, and of one recording."""
    FOLDER.mkdir(exist_ok=True)
    with EmbeddedMock() as mock, tempfile.TemporaryDirectory() as folder:
        profile = Path(folder) / "suite.profile"
        line = [sys.executable, "-m", "cProfile", "-o", str(profile), "-m", "batch_conformance", "run", "-q"]
        environment = {**os.environ, "BATCH_API_KEY": mock.key, "BATCH_IDS": ",".join(mock.batch_ids)}
        environment["PYTHONPATH"] = str(ROOT)
        subprocess.run(
            [*line, "--base-url", mock.base_url], env=environment, cwd=folder, check=True, stdout=subprocess.DEVNULL
        )
        (FOLDER / "suite.txt").write_text(_told(str(profile), "cumulative"), encoding="utf-8")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "traffic.ndjson"
        with path.open("w", encoding="utf-8") as file:
            traffic.write(file, _EXCHANGES)
        validation = Validation(ValidationOptions(sources=(str(path),)))

        def read() -> None:
            read_here(validation.parts, validation.inferred, lambda _size, _judged: None).recording.result()

        (FOLDER / "validate.txt").write_text(_told(_profiled(read), "tottime"), encoding="utf-8")


def _profiled(work: Callable[[], None]) -> cProfile.Profile:
    profile = cProfile.Profile()
    profile.runcall(work)
    return profile


def _told(profile: str | cProfile.Profile, order: str) -> str:
    """The profile as text, with no path of the machine in it."""
    text = io.StringIO()
    pstats.Stats(profile, stream=text).sort_stats(order).print_stats(_LINES)
    dated = re.compile(r"\w{3} \w{3} +\d")
    plain = "\n".join(line.rstrip() for line in text.getvalue().splitlines() if not dated.match(line))
    plain = plain.replace(f"{ROOT}/", "")
    return re.sub(r"\S*/(site-packages|python3\.\d+)/", "", plain).strip() + "\n"


if __name__ == "__main__":
    write()
