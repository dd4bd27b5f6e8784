"""Where the suites are: in a clone, or inside an installed package."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def suites_folder() -> Path:
    """The folder of the conformance tests; the ``conftest.py`` and ``pytest.ini`` that go with it are in its parent."""
    inside = _PACKAGE / "_data" / "suites"
    return inside if inside.is_dir() else _PACKAGE.parent / "suites"


def pytest_arguments(arguments: Sequence[str], folder: Path) -> list[str]:
    """What makes pytest run the suites from any working folder as it does in a clone.

    Caches go to ``folder``. Node ids such as ``suites/test_methods.py::test_x`` are led to where the suites are; with
    none given, all of them run.
    """
    suites = suites_folder()
    home = suites.parent
    led = [str(home / argument) if argument.startswith("suites/") else argument for argument in arguments]
    chosen = [argument for argument in led if argument.startswith(str(suites))]
    return [
        *("-c", str(home / "pytest.ini"), f"--rootdir={home}", "-o", f"cache_dir={folder / '.pytest_cache'}"),
        *led,
        *(() if chosen else (str(suites),)),
    ]
