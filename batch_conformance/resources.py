"""Where the suites are: in a clone, or inside an installed package."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def suites_folder() -> Path:
    """The folder of the conformance tests; the ``conftest.py`` and ``pytest.ini`` that go with it are in its parent."""
    inside = _PACKAGE / "_data" / "suites"
    return inside if inside.is_dir() else _PACKAGE.parent / "suites"
