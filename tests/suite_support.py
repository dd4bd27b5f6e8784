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

from fork_server import OF_THE_INTERPRETER, run_module

from batch_conformance.mock.process import EmbeddedMock

ROOT = Path(__file__).resolve().parent.parent
PLAIN = ("-p", "no:randomly", "-p", "no:cacheprovider", "-q")
PLUGINS = ("-p", "hypothesispytest", "-p", "xdist")
WITHOUT_PLUGINS = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
"""For the environment of a process that runs the suite: to import the plugins of others, which a test is not about,
takes a quarter of a CPU second."""
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


def run_command(*arguments: str, module: str = "batch_conformance", **env: str) -> subprocess.CompletedProcess[str]:
    """What a command comes to in a process of its own, in the clone."""
    plain = {name: value for name, value in os.environ.items() if name not in OURS}
    return run_module(module, *arguments, environment=plain | env, timeout=300)


def run_suite(
    folder: Path,
    *arguments: str,
    mock: EmbeddedMock | None = None,
    ids: bool = True,
    env: Mapping[str, str] | None = None,
    cwd: Path = ROOT,
    timeout: float = 300,
    fresh: bool = False,
) -> Outcome:
    """Run pytest with these arguments; with ``mock``, against it, with its key and its ids.

    With ``fresh``, or where ``env`` tells the interpreter something, by one that starts anew and with every plugin that
    is installed; else by a fork of one that has the libraries imported, with the plugins of Hypothesis and xdist alone.
    """
    environment = {name: value for name, value in os.environ.items() if name not in OURS}
    target: tuple[str, ...] = ()
    if mock is not None:
        target = ("--base-url", mock.base_url)
        environment["BATCH_API_KEY"] = mock.key
        if ids:
            environment["BATCH_IDS"] = ",".join(mock.batch_ids)
    environment |= env or {}
    arguments = (*PLAIN, *target, f"--reports-dir={folder}", *arguments)
    read_at_start = any(name.startswith(OF_THE_INTERPRETER) and name != "PYTHONPATH" for name in env or ())
    if not (fresh or read_at_start) and cwd == ROOT:
        environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
        done = run_module("pytest", *PLUGINS, *arguments, environment=environment, timeout=timeout)
        return Outcome(done.returncode, done.stdout + done.stderr, folder)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    return Outcome(done.returncode, done.stdout + done.stderr, folder)
