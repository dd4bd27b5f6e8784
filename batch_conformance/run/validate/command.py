"""One ``validate`` command: recordings are read under a progress bar, judged and reported."""

from __future__ import annotations

import gc
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from batch_conformance.findings.gate import EXIT_FAULT
from batch_conformance.message import Message, Template
from batch_conformance.recorded.recording import Recording, seldom_collected
from batch_conformance.recorded.remote import is_remote
from batch_conformance.recorded.source import STDIN
from batch_conformance.report.language import language
from batch_conformance.report.run import github, terminal
from batch_conformance.report.run.writer import FORMATS, ReportError, write_reports
from batch_conformance.run.comparison import write_comparison_files
from batch_conformance.run.notify import notify
from batch_conformance.run.validate.reading import Advance, ReadTraffic, read_here
from batch_conformance.run.validate.validate import Validation, ValidationOptions

_IS_SOURCE = Template("validate.is_source", "{file} was validated, and is not written over.")


def perform_validation(options: ValidationOptions, folder: Path, *, jobs: int = 1, dask: str | None = None) -> int:
    """Validate what is wished for, print and write it; returns the exit code.

    Raises ``InputError`` with one line for what cannot be validated as asked.
    """
    with seldom_collected():
        return _perform(options, folder, jobs, dask)


def _perform(options: ValidationOptions, folder: Path, jobs: int, dask: str | None) -> int:
    validation = Validation(options)
    with _bar(sum(part.size for part in validation.parts)) as advance:
        if dask is not None:
            from batch_conformance.run.validate.on_dask import read_on_cluster  # noqa: PLC0415 - only where it is wanted

            read_traffic = ReadTraffic(read_on_cluster(validation.parts, validation.inferred, dask, advance))
        elif jobs > 1 and len(validation.parts) > 1:
            from batch_conformance.run.validate.in_processes import read_in_processes  # noqa: PLC0415 - as for Dask

            read_traffic = read_in_processes(validation.parts, validation.inferred, jobs, advance)
        else:
            read_traffic = read_here(validation.parts, validation.inferred, advance)
    gc.freeze()  # what was read is needed to the end: the collector need not look at it
    try:
        return report_validation(
            validation,
            read_traffic.recording,
            folder,
            stopped=read_traffic.stopped,
            interrupted=read_traffic.interrupted,
        )
    finally:
        gc.unfreeze()


def report_validation(
    validation: Validation,
    recording: Recording,
    folder: Path,
    *,
    stopped: Message | None = None,
    interrupted: bool = False,
) -> int:
    """Print and write what a recording came to; returns the exit code."""
    options = validation.options
    report = validation.report(recording, stopped=stopped, interrupted=interrupted)
    problems: list[Message] = []
    kept: list[Message] = []
    sources = {Path(path).resolve() for path in validation.sources.paths if path != STDIN and not is_remote(path)}
    formats = {name: render for name, render in FORMATS.items() if (folder / name).resolve() not in sources}
    kept += [_IS_SOURCE(file=str(folder / name)) for name in FORMATS if name not in formats]
    try:
        write_reports(report, folder, formats)
    except ReportError as error:
        problems += error.problems
    try:
        kept += write_comparison_files(report, validation.comparison)
    except ReportError as error:
        problems += error.problems
    if options.notify_command:
        try:
            kept.append(notify(report, options.notify_command, folder / "drift.html", os.environ, ""))
        except ReportError as error:
            problems += error.problems
    page = str(folder / "drift.html")
    click.echo(terminal.render(report, sys.stdout.isatty(), report_path=page), nl=False)
    for line in (*kept, *problems):
        click.echo(language(options.language).render(line))
    if published := github.publish(report, os.environ):
        click.echo(published)
    return EXIT_FAULT if problems else report.exit_code


@contextmanager
def _bar(size: int) -> Iterator[Advance]:
    """A bar with rate and time left for a person who waits; nothing where nobody looks."""
    if not sys.stderr.isatty() or not size:
        yield lambda _size, _count: None
        return
    begun = time.monotonic()
    judged = 0
    bar: Any
    with click.progressbar(
        length=size,
        label="Validating",
        file=sys.stderr,
        update_min_steps=max(1, size // 1000),
        item_show_func=lambda _: f"{judged / max(time.monotonic() - begun, 0.001):,.0f} exchanges/s",
    ) as bar:

        def advance(count: int, exchanges: int) -> None:
            nonlocal judged
            judged += exchanges
            bar.update(count, exchanges)

        yield advance
