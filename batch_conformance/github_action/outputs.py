"""The outputs of the action, from the reports of its run."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

NAMES: Mapping[str, str] = {
    "verdict": "conforms, drift or inconclusive; empty where the run came to none",
    "exit-code": "the exit code of the run: 0, 1 drift, 6 inconclusive, 2 interrupted, 3 fault, 4 wrong usage",
    "findings": "how many findings there are",
    "new": "how many of them no baseline accepts",
    "report": "the folder of the reports; empty where none was written",
    "sarif": "the SARIF file; empty where none was written",
}


def read_drift(folder: Path) -> Mapping[str, Any] | None:
    """The ``drift.json`` of a folder of reports; None where there is none or it cannot be read."""
    try:
        found = json.loads((folder / "drift.json").read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def outputs(folder: Path, drift: Mapping[str, Any] | None, code: int) -> Mapping[str, str]:
    """The value of each output. ``drift`` is this run's ``drift.json``, None where it wrote none."""
    findings = drift["findings"] if drift else ()
    sarif = folder / "drift.sarif"
    return {
        "verdict": drift["verdict"] if drift else "",
        "exit-code": str(code),
        "findings": str(len(findings)),
        "new": str(sum(finding["state"] in ("new", "expired") for finding in findings)),
        "report": str(folder) if drift else "",
        "sarif": str(sarif) if drift and sarif.is_file() else "",
    }


def as_lines(values: Mapping[str, str]) -> str:
    """The values as ``$GITHUB_OUTPUT`` takes them. None of them has a line break."""
    return "".join(f"{name}={value}\n" for name, value in values.items())
