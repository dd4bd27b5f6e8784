"""What of recordings was read, and why no more; and the reading of them in one process."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from batch_conformance.findings.gate import INTERRUPTED
from batch_conformance.message import Message
from batch_conformance.recorded.inferred_probe import InferredProbe
from batch_conformance.recorded.recording import Recording
from batch_conformance.recorded.source import Part
from batch_conformance.recorded.source_error import SourceError

Advance = Callable[[int, int], None]
"""Told of bytes read, and of exchanges judged."""


@dataclass
class ReadTraffic:
    """What was read, and why it ended early, if it did."""

    recording: Recording
    stopped: Message | None = None
    interrupted: bool = False


def read_here(parts: list[Part], inferred: InferredProbe, advance: Advance) -> ReadTraffic:
    """Read all parts in this process. An interrupt ends the reading, not the report."""
    recording = Recording(inferred)
    reported = 0

    def report_progress(count: int) -> None:
        nonlocal reported
        advance(count, recording.judged - reported)
        reported = recording.judged

    try:
        for part in parts:
            recording.read(part, report_progress)
    except KeyboardInterrupt:
        return ReadTraffic(recording, INTERRUPTED(), interrupted=True)
    except SourceError as error:
        return ReadTraffic(recording, error.message)
    return ReadTraffic(recording)
