"""Reads recordings in several processes, and adds up what they come to."""

from __future__ import annotations

import gc
import signal
import sys
import threading
import time
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import pairwise
from multiprocessing import get_context
from multiprocessing.context import BaseContext
from pathlib import Path
from tempfile import TemporaryDirectory

from batch_conformance.findings.gate import INTERRUPTED
from batch_conformance.message import Message, Template
from batch_conformance.recorded.inferred_probe import InferredProbe
from batch_conformance.recorded.recording import Recording
from batch_conformance.recorded.serialization import pack_inferred, read_parts, unpack
from batch_conformance.recorded.source import Part
from batch_conformance.run.validate.reading import Advance, ReadTraffic

_PROCESS_ENDED = Template("run.process_ended", "a process that read for this one was ended from outside")
_EVERY = 0.25
"""Seconds between two updates of the bar."""

_MOST_PARTS = 16
_SHARES = 2
"""Shares of the parts for each process, at least: one that is done before the others takes from what is left."""


def read_in_processes(parts: list[Part], inferred: InferredProbe, jobs: int, advance: Advance) -> ReadTraffic:
    """Read the parts in several processes, and add their recordings up in the order of the parts.

    A process reads a share of several parts: what one batch was answered again and again is then told in one place. It
    leaves what it comes to in files, and sends only that it is done, which a pipe takes in one write: half of an answer
    of a process that was ended meanwhile would be waited at for ever. An interrupt has each leave what it has.
    """
    read_traffic = ReadTraffic(Recording(inferred))
    shares = _shares(parts, jobs)
    context = _context()
    with TemporaryDirectory(prefix="batch-conformance-", ignore_cleanup_errors=True) as folder:
        task = _Task(pack_inferred(inferred), Path(folder))
        # Ctrl-C in a terminal goes to all processes: the one that waits for the others says when to stop.
        ignoring = (signal.SIGINT, signal.SIG_IGN)
        pool = ProcessPoolExecutor(jobs, mp_context=context, initializer=signal.signal, initargs=ignoring)
        try:
            tasks = [(number, pool.submit(task.read, number, share)) for number, share in enumerate(shares)]
            reported = 0
            while tasks and not read_traffic.stopped:
                done = wait([tasks[0][1]], _EVERY).done
                now = max(reported, task.progress())
                advance(now - reported, _take_in(read_traffic, task, *tasks.pop(0)) if done else 0)
                reported = now
        except KeyboardInterrupt:
            task.stop()
            read_traffic.stopped, read_traffic.interrupted = INTERRUPTED(), True
            pool.shutdown(wait=True, cancel_futures=True)
            for number, one in tasks:
                if not one.cancelled():
                    _take_in(read_traffic, task, number, one)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            gc.unfreeze()
    return read_traffic


def _shares(parts: list[Part], jobs: int) -> list[list[Part]]:
    """The parts in shares, in their order: as many shares for each process, and about as many parts in each."""
    rounds = max(_SHARES, -(-len(parts) // (jobs * _MOST_PARTS)))
    number = min(len(parts), jobs * rounds)
    bounds = [len(parts) * one // number for one in range(number + 1)]
    return [parts[first:end] for first, end in pairwise(bounds)]


def _context() -> BaseContext:
    """How processes are begun: as copies of this one, which has all that they need, where no other thread can be in it.

    On macOS libraries of the system do not bear a copy.
    """
    is_safe = sys.platform == "linux" and threading.active_count() == 1
    if is_safe:
        gc.collect()
        gc.freeze()  # the collector of a copy would write to all that it shares with this process
    return get_context("fork" if is_safe else "spawn")


def _take_in(read_traffic: ReadTraffic, task: _Task, number: int, done: Future[Message | None]) -> int:
    """Add what a process read of a share, and give the number of exchanges that it judged."""
    try:
        stopped = done.result()
    except BrokenProcessPool:
        read_traffic.stopped = read_traffic.stopped or _PROCESS_ENDED()
        return 0
    read_traffic.stopped = read_traffic.stopped or stopped
    later = unpack(task.taken(number), read_traffic.recording.inferred.urls.contract)
    judged = later.judged
    read_traffic.recording.update(later)
    return judged


@dataclass(frozen=True, slots=True)
class _Task:
    """What every process is given: how to take exchanges, and the folder in which they leave what they have to say.

    That are the reads, the rest of the recording and the bytes read so far of each share, and a file that tells all of
    them to stop.
    """

    packed: bytes
    folder: Path

    def read(self, number: int, parts: list[Part]) -> Message | None:
        """Leave the recording of a share in its file, and say why it is not whole, if it is not."""
        progress, stopped, done = self.folder / f"{number}.progress", self.folder / "stop", 0
        told = time.monotonic()

        def advance(count: int) -> None:
            nonlocal done, told
            if stopped.exists():
                raise KeyboardInterrupt
            done += count
            if time.monotonic() - told >= _EVERY:
                progress.write_text(str(done))  # what is told of is judged, whatever comes meanwhile
                told = time.monotonic()

        recording, why = read_parts(parts, self.packed, folder=self.folder, advance=advance)
        self._recording(number).write_bytes(recording)
        progress.write_text(str(done))
        return why

    def taken(self, number: int) -> bytes:
        """The recording of a share that is done; its file is deleted."""
        data = self._recording(number).read_bytes()
        self._recording(number).unlink()
        return data

    def _recording(self, number: int) -> Path:
        return self.folder / f"{number}.recording"

    def progress(self) -> int:
        """How many bytes were read; a file that is being written may be empty."""
        return sum(int(path.read_text() or 0) for path in self.folder.glob("*.progress"))

    def stop(self) -> None:
        """Have each process hand over what it has."""
        (self.folder / "stop").touch()
