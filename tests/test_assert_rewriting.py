"""What the suite imports is not compiled anew because pytest would explain its asserts."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.abc import MetaPathFinder
from pathlib import Path

from suite_support import ROOT

from batch_conformance.assert_rewriting import without_assert_rewriting


class Finder(MetaPathFinder):
    """Finds nothing."""


def is_rewriting(finder: object) -> bool:
    return type(finder).__name__ == "AssertionRewritingHook"


def test_within_it_no_finder_rewrites_and_afterwards_all_are_back_in_their_order() -> None:
    before = sys.meta_path[:]
    added = Finder()
    assert any(map(is_rewriting, before))
    try:
        with without_assert_rewriting():
            assert not any(map(is_rewriting, sys.meta_path))
            sys.meta_path.append(added)
        assert sys.meta_path == [*before, added]
    finally:
        sys.meta_path[:] = before


def test_a_run_brings_hypothesis_in_as_it_was_written(tmp_path: Path) -> None:
    code = (
        "import sys, pytest; pytest.main(sys.argv[1:]); "
        "print('loader:', type(sys.modules['hypothesis.strategies'].__spec__.loader).__name__)"
    )
    arguments = ["-p", "no:randomly", "-p", "no:cacheprovider", "-q", "--plan", "--base-url=http://127.0.0.1:9/v1"]
    environment = {**os.environ, "BATCH_API_KEY": "sk-x"}
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert "loader: SourceFileLoader" in done.stdout, done.stdout + done.stderr
