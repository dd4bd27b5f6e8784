"""In which of several ways a server runs batches: what no document says, and what drifts change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Behaviour:
    """How batches are run.

    ``bad_lines``: a file with a line that is none is refused when a batch is to be made of it, or the batch fails, or
    nobody looks. ``cancel_finished`` is the status that answers the cancelling of a batch that has ended; 0 for the
    one that fits the document.
    """

    bad_lines: Literal["refused", "failed", "run"] = "refused"
    cancel_finished: int = 0
