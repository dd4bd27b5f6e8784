"""One ``validate`` command: the recordings read while a bar moves on, judged, reported and told of."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import click

from batch_conformance.findings.gate import EXIT_FAULT
from batch_conformance.recorded.guess import Guess
from batch_conformance.recorded.parcel import pack_guess, read_part, unpack
from batch_conformance.recorded.recording import Recording
from batch_conformance.recorded.source import Part, SourceError
from batch_conformance.report import github, terminal
from batch_conformance.report.writer import ReportError, write_reports
from batch_conformance.run.recall import keep
from batch_conformance.run.validate import Validation, Wish

_EVERY = 0.25
"""Seconds between two updates of the bar."""

Advance = Callable[[int, int], None]
"""Told of bytes read, and of exchanges judged."""


@dataclass
class Reading:
    """What was read, and why it ended early, if it did."""

    recording: Recording
    stopped: str = ""
    interrupted: bool = False


def perform_validation(wish: Wish, folder: Path, *, jobs: int = 1, dask: str | None = None) -> int:
    """Validate what is wished for, print and write it; returns the exit code.

    Raises ``InputError`` with one line for what cannot be validated as asked.
    """
    validation = Validation(wish)
    with _bar(sum(part.size for part in validation.parts)) as advance:
        if dask is not None:
            from batch_conformance.run.validate_dask import read_on_cluster  # noqa: PLC0415 - only where it is wanted

            reading = Reading(read_on_cluster(validation.parts, validation.guess, dask, advance))
        elif jobs > 1 and len(validation.parts) > 1:
            reading = read_in_processes(validation.parts, validation.guess, jobs, advance)
        else:
            reading = read_here(validation.parts, validation.guess, advance)
    report = validation.report(reading.recording, stopped=reading.stopped, interrupted=reading.interrupted)
    problems: list[str] = []
    kept: list[str] = []
    try:
        write_reports(report, folder)
    except ReportError as error:
        problems += error.problems
    try:
        kept += keep(report, validation.recalled)
    except ReportError as error:
        problems += error.problems
    page = str(folder / "drift.html")
    click.echo(terminal.render(report, sys.stdout.isatty(), report_path=page), nl=False)
    for line in (*kept, *problems, github.publish(report, os.environ)):
        if line:
            click.echo(line)
    return EXIT_FAULT if problems else report.exit_code


def read_here(parts: list[Part], guess: Guess, advance: Advance) -> Reading:
    """Read all parts in this process. An interrupt ends the reading, not the report."""
    recording = Recording(guess)
    told = 0

    def tell(count: int) -> None:
        nonlocal told
        advance(count, recording.judged - told)
        told = recording.judged

    try:
        for part in parts:
            recording.read(part, tell)
    except KeyboardInterrupt:
        return Reading(recording, "interrupted", interrupted=True)
    except SourceError as error:
        return Reading(recording, str(error))
    return Reading(recording)


def read_in_processes(parts: list[Part], guess: Guess, jobs: int, advance: Advance) -> Reading:
    """Read the parts in several processes, and add their recordings up in the order of the parts."""
    whole = Recording(guess)
    packed = pack_guess(guess)
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_begin, initargs=(packed,))
    try:
        for part, (data, problem) in zip(parts, pool.map(_read, parts), strict=True):
            later = unpack(data, guess.belonging.contract)
            advance(part.size, later.judged)
            whole.update(later)
            if problem:
                return Reading(whole, problem)
    except KeyboardInterrupt:
        return Reading(whole, "interrupted", interrupted=True)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return Reading(whole)


_packed = b""


def _begin(packed: bytes) -> None:
    global _packed  # noqa: PLW0603 - a worker process has one task in all its life
    _packed = packed


def _read(part: Part) -> tuple[bytes, str]:
    return read_part(part, _packed)


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
