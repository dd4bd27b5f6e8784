"""The outcomes that tests look up: made by the process that asks, and read by xdist's workers from a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from batch_conformance.report.items.item_outcome import Outcome


def key_of(node_id: str) -> str:
    """A node id as it is in a clone, from wherever pytest was started: ``suites/test_x.py::test_y[place]``.

    A place has no slash, so that what follows the last one is the file.
    """
    return f"suites/{node_id.rpartition('/')[2]}"


def write_outcomes(outcomes: Mapping[str, Outcome], path: Path) -> None:
    """Write the outcomes for other processes."""
    path.write_text(json.dumps({key: one.to_dict() for key, one in outcomes.items()}), encoding="utf-8")


def read_outcomes(path: Path) -> dict[str, Outcome]:
    """What ``write_outcomes`` wrote. Raises OSError where that is not there."""
    return {key: Outcome.from_dict(one) for key, one in json.loads(path.read_text(encoding="utf-8")).items()}
