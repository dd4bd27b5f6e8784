"""Where the peers are installed: below ``build/peers``, in the versions that this folder names."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from look import CACHE, HERE

PRISM = "@stoplight/prism-cli"
REDOCLY = "@redocly/cli"
_PYTHON = HERE / "requirements.txt"
_NODE = HERE / "package.json"


def wanted(package: str) -> str:
    """The version of a package that is asked for."""
    if package.startswith("@"):
        version: str = json.loads(_NODE.read_text(encoding="utf-8"))["dependencies"][package]
        return version
    lines = _PYTHON.read_text(encoding="utf-8").split()
    return next(line.partition("==")[2] for line in lines if line.startswith(package + "=="))


def python() -> Path:
    """The interpreter of an environment with openapi-core: it wants other versions of what the project uses too."""
    folder = _folder("venv", _PYTHON)
    found = folder / "bin" / "python"
    if not (folder / "installed").exists():
        _run([sys.executable, "-m", "venv", str(folder)])
        _run([str(found), "-m", "pip", "install", "-q", "-r", str(_PYTHON)])
        (folder / "installed").touch()
    return found


def modules() -> Path:
    """The ``node_modules`` of the peers that run on Node.js."""
    folder = _folder("npm", _NODE)
    if not (folder / "installed").exists():
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(_NODE, folder)
        _run([program("npm"), "install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", str(folder)])
        (folder / "installed").touch()
    return folder / "node_modules"


def program(name: str) -> str:
    """The path of a program. Ends with a line that says so where it is not installed."""
    found = shutil.which(name)
    if found is None:
        raise SystemExit(f"{name} is not installed: it is needed for Prism and Redocly CLI")
    return found


def _folder(kind: str, versions: Path) -> Path:
    """A folder for each list of versions: a new one is installed anew."""
    return CACHE / f"{kind}-{sha256(versions.read_bytes()).hexdigest()[:8]}"


def _run(line: Sequence[str]) -> None:
    subprocess.run(line, check=True, stdout=subprocess.DEVNULL, timeout=600)
