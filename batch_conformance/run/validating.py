"""One ``validate`` command: the recordings read while a bar moves on, judged, reported and told of."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from batch_conformance.findings.gate import EXIT_FAULT
from batch_conformance.recorded.guess import Guess
from batch_conformance.recorded.parcel import pack_guess, read_parts, unpack
from batch_conformance.recorded.recording import Recording
from batch_conformance.recorded.source import Part, SourceError
from batch_conformance.report import github, terminal
from batch_conformance.report.language import language
from batch_conformance.report.writer import ReportError, write_reports
from batch_conformance.run.recall import keep
from batch_conformance.run.validate import Validation, Wish

_EVERY = 0.25
"""Seconds between two updates of the bar."""

_MOST_PARTS = 16
_GOES = 2
"""How often a process is given parts to read, at least: one that is done before the others takes from what is left."""

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
            click.echo(language(wish.language).said(line))
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
    """Read the parts in several processes, and add their recordings up in the order of the parts.

    A process reads several parts at a go: what one batch was answered again and again is then told in one place. It
    leaves the reads in a file, and hands over only the name of that. An interrupt has each hand over what it has.
    """
    reading = Reading(Recording(guess))
    size = max(1, min(_MOST_PARTS, len(parts) // (jobs * _GOES)))
    goes = [parts[first : first + size] for first in range(0, len(parts), size)]
    context = get_context("spawn")
    progress, stop = context.Value("Q", 0), context.Event()
    with TemporaryDirectory(prefix="batch-conformance-", ignore_cleanup_errors=True) as folder:
        begin = (_Worker(pack_guess(guess), Path(folder), progress, stop),)
        pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=_begin, initargs=begin)
        try:
            tasks = [pool.submit(_read, go) for go in goes]
            told = 0
            while tasks and not reading.stopped:
                done = wait(tasks[:1], _EVERY).done
                now = progress.value
                advance(now - told, _take_in(reading, tasks.pop(0)) if done else 0)
                told = now
        except KeyboardInterrupt:
            stop.set()
            reading.stopped, reading.interrupted = "interrupted", True
            pool.shutdown(wait=True, cancel_futures=True)
            for task in tasks:
                if not task.cancelled():
                    _take_in(reading, task)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
    return reading


def _take_in(reading: Reading, task: Future[tuple[bytes, str]]) -> int:
    """Add what a process read, and give the number of exchanges that it judged."""
    try:
        data, problem = task.result()
    except BrokenProcessPool:
        data, problem = b"", "a process that read for this one was ended from outside"
    reading.stopped = reading.stopped or problem
    if not data:
        return 0
    later = unpack(data, reading.recording.guess.belonging.contract)
    judged = later.judged
    reading.recording.update(later)
    return judged


@dataclass
class _Worker:
    """What a process that reads is told when it begins."""

    packed: bytes
    folder: Path
    progress: Any
    stop: Any

    def advance(self, count: int) -> None:
        with self.progress.get_lock():
            self.progress.value += count
        if self.stop.is_set():
            raise KeyboardInterrupt


_worker: _Worker | None = None


def _begin(worker: _Worker) -> None:
    global _worker  # noqa: PLW0603 - a worker process has one task in all its life
    _worker = worker
    # Ctrl-C in a terminal goes to all processes: the one that waits for this one says when to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _read(parts: list[Part]) -> tuple[bytes, str]:
    assert _worker is not None
    return read_parts(parts, _worker.packed, folder=_worker.folder, advance=_worker.advance)


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
