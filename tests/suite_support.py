"""Runs the suite as a person does: pytest in a process of its own, in the clone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from batch_conformance.mock.process import EmbeddedMock

ROOT = Path(__file__).resolve().parent.parent
PLAIN = ("-p", "no:randomly", "-p", "no:cacheprovider", "-q")
OURS = ("BATCH_API_KEY", "BATCH_IDS", "PYTEST_BASE_URL", "PYTEST_ADDOPTS", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY")


@dataclass(frozen=True)
class Outcome:
    """What a run left: exit code, everything printed, the folder of reports and the parsed ``drift.json``."""

    code: int
    text: str
    folder: Path

    @property
    def drift(self) -> dict[str, Any]:
        loaded: dict[str, Any] = json.loads((self.folder / "drift.json").read_text(encoding="utf-8"))
        return loaded

    def findings(self, *levels: str) -> list[tuple[str, str, str]]:
        return [
            (finding["rule"], finding["status"], finding["pointer"])
            for finding in self.drift["findings"]
            if finding["level"] in (levels or ("must", "should", "info"))
        ]


def run_suite(
    folder: Path,
    *arguments: str,
    mock: EmbeddedMock | None = None,
    ids: bool = True,
    env: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
    timeout: float = 120,
) -> Outcome:
    """Run pytest with these arguments; with ``mock``, against it, with its key and its ids."""
    environment = {name: value for name, value in os.environ.items() if name not in OURS}
    target: tuple[str, ...] = ()
    if mock is not None:
        target = ("--base-url", mock.base_url)
        environment["BATCH_API_KEY"] = mock.key
        if ids:
            environment["BATCH_IDS"] = ",".join(mock.batch_ids)
    environment |= env or {}
    command = [sys.executable, "-m", "pytest", *PLAIN, *target, f"--reports-dir={folder}", *arguments]
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return Outcome(done.returncode, done.stdout + done.stderr, folder)
