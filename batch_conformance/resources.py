"""Where the suites are: in a clone, or inside an installed package."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

_CACHE = "cache_dir="
_NO_CACHE = re.compile(r"(?:^| )-p ?no:cacheprovider(?: |$)")
_PACKAGE = Path(__file__).resolve().parent


def suites_folder() -> Path:
    """The folder of the conformance tests; the ``conftest.py`` and ``pytest.ini`` that go with it are in its parent."""
    inside = _PACKAGE / "_data" / "suites"
    return inside if inside.is_dir() else _PACKAGE.parent / "suites"


def pytest_arguments(arguments: Sequence[str], folder: Path) -> list[str]:
    """What makes pytest run the suites from any working folder as it does in a clone.

    Caches go to ``folder``. Node ids such as ``suites/test_methods.py::test_x`` are led to where the suites are, also
    those that start with the way from ``folder``, as pytest prints them; with none given, all of them run.
    """
    suites = suites_folder()
    home = suites.parent

    def led(argument: str) -> str:
        file, separator, test = argument.partition("::")
        if argument.startswith("suites/"):
            return str(home / argument)
        if separator and not file.startswith("-") and (folder / file).resolve().is_relative_to(suites.resolve()):
            return f"{(folder / file).resolve()}{separator}{test}"
        return argument

    all_led = [led(argument) for argument in arguments]
    chosen = any(argument.startswith((str(suites), str(suites.resolve()))) for argument in all_led)
    return [
        *("-c", str(home / "pytest.ini"), f"--rootdir={home}"),
        # An option that nothing has ends pytest: without its plugin there is no such one.
        *(() if _NO_CACHE.search(shlex.join(arguments)) else ("-o", f"{_CACHE}{folder / '.pytest_cache'}")),
        *all_led,
        *(() if chosen else (str(suites),)),
    ]


def typed_command(arguments: Sequence[str]) -> str:
    """The command line, for a shell, of what pytest was given.

    It is ``batch-conformance run …`` where ``pytest_arguments`` made the arguments, and ``pytest …`` else.
    """
    suites = suites_folder()
    home = suites.parent
    made = pytest_arguments((), Path())
    before = made.index("-o")
    if list(arguments[:before]) != made[:before]:
        return shlex.join(("pytest", *arguments))
    before += 2 if list(arguments[before : before + 1]) == ["-o"] and arguments[before + 1].startswith(_CACHE) else 0
    typed = arguments[before:-1] if arguments[-1] == str(suites) else arguments[before:]
    return shlex.join(("batch-conformance", "run", *(one.removeprefix(f"{home}/") for one in typed)))
