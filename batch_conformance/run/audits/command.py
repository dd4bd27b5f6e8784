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
from batch_conformance.message import Message, Template
from batch_conformance.report.language import language as language_of
from batch_conformance.report.matrix.files import Source, collect, read_previous, write_matrix
from batch_conformance.report.matrix.formats import render_markdown
from batch_conformance.report.matrix.matrix import build_matrix, summary_line
from batch_conformance.report.run.github import append_summary
from batch_conformance.run.audits.audit_example import example
from batch_conformance.run.audits.audit_file import AuditFileError, load_audit_file
from batch_conformance.run.audits.processes import ManyAudits, exit_code
from batch_conformance.run.audits.progress import progress_for

_NO_REPORT = Template("audits.no_report", "no report: {why}")

_IS_THERE = Template("audit_example.is_there", "{file} is there already: name another file")
_WRITTEN = Template(
    "audit_example.written", "{file} is written: name your targets in it, then run `batch-conformance audit {file}`"
)


def perform_audits(
    file: Path, folder: Path, parallel: int | None, previous: Path | None, stream: IO[str], *, language: str = "en"
) -> int:
    """Audit the targets of a file into ``folder/NAME``, write the matrix into ``folder``; returns the exit code.

    ``language`` is the code of the language that people read the matrix and the reports in.

    Raises InputError with one line for a file that cannot be used, before anything is sent, and OSError where reports
    cannot be written.
    """
    former = read_previous(previous) if previous else None
    asked = load_audit_file(file)
    if parallel is not None:
        asked = replace(asked, parallel=parallel)
    audits, spoken = ManyAudits(asked, folder, os.environ, language), language_of(language)
    with _interrupted_by_sigterm(), progress_for(stream, [target.name for target in asked.targets], spoken) as progress:
        outcomes = audits.perform(progress)
    sources = [Source(o.name, folder / o.name / "drift.json", _NO_REPORT(why=o.reason)) for o in outcomes]
    matrix = build_matrix(collect(sources, folder), former)
    written = write_matrix(matrix, folder, spoken)
    append_summary(render_markdown(matrix, spoken), os.environ)
    stream.write(f"{summary_line(matrix, spoken)}\n{spoken.text('Matrix: {file}', file=written[1])}\n")
    return EXIT_INTERRUPTED if audits.interrupted else exit_code(outcomes)


def write_example(file: Path) -> Message:
    """Write a commented ``audit.yaml``; gives what to do next.

    Raises AuditFileError where the file is there already, and OSError where it cannot be written.
    """
    try:
        with file.open("x", encoding="utf-8") as new:
            new.write(example())
    except FileExistsError:
        raise AuditFileError(_IS_THERE(file=str(file))) from None
    return _WRITTEN(file=str(file))


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
