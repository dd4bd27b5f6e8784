"""Imports modules as they were written: pytest rewrites the asserts of every package that has a pytest plugin.

Hypothesis and Schemathesis are such packages, of 360 modules together. Compiling them anew costs the first run on a
machine, and each run where nothing is cached, more seconds than all of the exploration; none of their asserts is ours
to explain.

What was imported stays to the end, so the collector of garbage need not look at it: not meanwhile, and not later.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_assert_rewriting() -> Iterator[None]:
    """Within it, what is imported for the first time is imported by Python's own means."""
    finders = sys.meta_path[:]
    collects = gc.isenabled()
    gc.disable()
    sys.meta_path[:] = [one for one in finders if type(one).__module__ != "_pytest.assertion.rewrite"]
    try:
        yield
    finally:
        # What was added meanwhile stays, in its place behind those that were set aside.
        added = [one for one in sys.meta_path if one not in finders]
        sys.meta_path[:] = [*finders, *added]
        gc.freeze()
        if collects:
            gc.enable()
