"""What the suite imports is not compiled anew because pytest would explain its asserts."""

from __future__ import annotations

import sys
from importlib.abc import MetaPathFinder

import hypothesis

from batch_conformance import plugin
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


def test_the_plugin_brings_hypothesis_in_as_it_was_written() -> None:
    assert plugin.Kept
    assert not is_rewriting(hypothesis.__spec__.loader if hypothesis.__spec__ else None)
