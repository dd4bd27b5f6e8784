"""What ``batch-conformance run`` makes of its arguments, and how a report tells them again."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import pytest

from batch_conformance.resources import pytest_arguments, suites_folder, typed_command

TEST = "suites/test_statuses.py::test_only_documented_statuses_are_answered[200]"


@pytest.mark.parametrize(
    "typed",
    [
        (),
        ("--base-url=http://x/v1", "-k", "created at"),
        (TEST, "--plan"),
        ("suites/test_json.py",),
        ("-o", "a=b"),
        ("-p", "no:cacheprovider", "-o", "a=b"),
    ],
    ids=shlex.join,
)
def test_a_report_tells_the_command_as_it_was_typed(tmp_path: Path, typed: tuple[str, ...]) -> None:
    """pytest is given where the package keeps the suites; that can be pasted nowhere else."""
    handed = pytest_arguments(typed, tmp_path)
    assert handed != list(typed)
    assert shlex.split(typed_command(handed)) == ["batch-conformance", "run", *typed]


@pytest.mark.parametrize("typed", [(), ("--base-url", "http://x/v1"), ("-c", "own.ini", "suites")], ids=shlex.join)
def test_a_run_of_pytest_is_told_as_one(typed: tuple[str, ...]) -> None:
    assert shlex.split(typed_command(typed)) == ["pytest", *typed]


def test_a_test_is_run_alone_by_the_name_that_pytest_prints(tmp_path: Path) -> None:
    """pytest prints the way from the working folder to the suites, which are inside the package."""
    printed = f"{os.path.relpath(suites_folder().parent, tmp_path)}/{TEST}"
    assert pytest_arguments((printed,), tmp_path) == pytest_arguments((TEST,), tmp_path)


@pytest.mark.parametrize("typed", [("-p", "no:cacheprovider"), ("-q", "-pno:cacheprovider", "--plan")], ids=shlex.join)
def test_where_nothing_is_cached_no_place_is_given_for_it(tmp_path: Path, typed: tuple[str, ...]) -> None:
    """pytest ends with an error where an option is set that no plugin has."""
    assert not any("cache_dir" in one for one in pytest_arguments(typed, tmp_path))
    assert any("cache_dir" in one for one in pytest_arguments(("-q",), tmp_path))
