"""One ``audit`` command: its file, its audits, and the matrix that they come to."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import IO

from batch_conformance.findings.gate import EXIT_INTERRUPTED
from batch_conformance.report.matrix.files import Source, collect, read_previous, write_matrix
from batch_conformance.report.matrix.matrix import build_matrix, summary_line
from batch_conformance.run.audits.audit_file import load_audit_file
from batch_conformance.run.audits.processes import ManyAudits, exit_code
from batch_conformance.run.audits.progress import progress_for


def perform_audits(file: Path, folder: Path, parallel: int | None, previous: Path | None, stream: IO[str]) -> int:
    """Audit the targets of a file into ``folder/NAME``, write the matrix into ``folder``; returns the exit code.

    Raises InputError with one line for a file that cannot be used, before anything is sent, and OSError where reports
    cannot be written.
    """
    former = read_previous(previous) if previous else None
    asked = load_audit_file(file)
    if parallel is not None:
        asked = replace(asked, parallel=parallel)
    audits = ManyAudits(asked, folder, os.environ)
    with _interrupted_by_sigterm(), progress_for(stream, [target.name for target in asked.targets]) as progress:
        outcomes = audits.perform(progress)
    sources = [Source(o.name, folder / o.name / "drift.json", f"no report: {o.reason}") for o in outcomes]
    matrix = build_matrix(collect(sources, folder), former)
    written = write_matrix(matrix, folder)
    stream.write(f"{summary_line(matrix)}\nMatrix: {written[1]}\n")
    return EXIT_INTERRUPTED if audits.interrupted else exit_code(outcomes)


@contextmanager
def _interrupted_by_sigterm() -> Iterator[None]:
    """Let SIGTERM end the audits in order, as Ctrl-C does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, _interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt("terminated")
