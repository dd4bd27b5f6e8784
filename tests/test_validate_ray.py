"""Recorded traffic read on a local Ray cluster, as docs/VALIDATE.md shows: the same as in one process."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from recorded_support import validated
from suite_support import ROOT
from test_validate_dask import traffic

pytestmark = pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed: pip install ray")

PAGE = (ROOT / "docs" / "VALIDATE.md").read_text("utf-8")
EXAMPLE = next(one for one in re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL) if "read_on_ray" in one)
SMALL = "ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)"
IN_PARTS = "from batch_conformance.recorded.source import parts\nPARTS = parts(['traffic.ndjson'], piece=2_000)\n"
KILLED = """
def read_parts(parts, packed, read=read_parts):
    import os, signal
    try:
        os.close(os.open(MARKER, os.O_CREAT | os.O_EXCL))
    except FileExistsError:
        return read(parts, packed)
    os.kill(os.getpid(), signal.SIGKILL)
"""
"""The first worker that reads ends; what it was to read is read again by another one."""

__all__ = ["traffic"]  # the fixture


def on_ray(folder: Path, *, before: str = "") -> dict[str, Any]:
    """The report of the page's program, on two workers and many parts. Skips where no cluster can be started."""
    functions, main = EXAMPLE.split('if __name__ == "__main__":\n')
    main = main.replace("ray.init()", SMALL).replace("validation.parts", "PARTS")
    program = folder / "on_ray.py"
    program.write_text(f'{functions}{before}{IN_PARTS}if __name__ == "__main__":\n{main}', encoding="utf-8")
    line = [sys.executable, str(program)]
    done = subprocess.run(
        line, cwd=folder, env={**os.environ}, capture_output=True, text=True, timeout=300, check=False
    )
    if done.returncode and "Started a local Ray instance" not in done.stderr:
        pytest.skip(f"no local Ray cluster can be started: {done.stderr.strip().splitlines()[-1:]}")
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads((folder / "reports" / "drift.json").read_text("utf-8"))
    return report


@pytest.mark.parametrize("loses_a_worker", [False, True])
def test_ray_finds_what_one_process_finds(traffic: Path, tmp_path: Path, loses_a_worker: bool) -> None:
    _, here = validated(tmp_path / "one", str(traffic))
    marker = tmp_path / "killed"
    there = on_ray(tmp_path, before=f"MARKER = {str(marker)!r}\n{KILLED}" if loses_a_worker else "")
    assert marker.exists() == loses_a_worker
    for part in ("findings", "coverage", "counts", "verdict"):
        assert json.dumps(there[part]).replace(str(traffic), traffic.name) == json.dumps(here[part]).replace(
            str(traffic), traffic.name
        )
