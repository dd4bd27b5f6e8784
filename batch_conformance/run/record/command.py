"""One ``record`` command: exchanges pass through, are written and judged as they come, and are reported in the end."""

from __future__ import annotations

import queue
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import FrameType

import click

from batch_conformance.exchange.base_url import BaseUrl, parse_base_url
from batch_conformance.exchange.connection import TrustError
from batch_conformance.input_error import InputError, why_no_file
from batch_conformance.judge.judge import Judged
from batch_conformance.message import Message, Template
from batch_conformance.recorded.line import RecordedExchange
from batch_conformance.recorded.recording import Recording
from batch_conformance.report.language import language
from batch_conformance.run.record.proxy import RecordingProxy
from batch_conformance.run.record.writer import Writer, kind_of, values_without_secrets
from batch_conformance.run.validate.command import report_validation
from batch_conformance.run.validate.validate import Validation, ValidationOptions

_RECORDS = Template("record.records", "Recording {target} at {address} into {file}")
_USE = Template(
    "record.use", "Have clients use {base_url} as their base URL. Ctrl-C ends it, and the reports are written."
)
_FINDING = Template("record.finding", "{level} {rule} {place}: expected {expected}; observed {observed} ({where})")
_UNFINISHED = Template("record.unfinished", "{number} exchanges had not ended after {seconds} s and are not recorded")
_IS_THERE = Template(
    "record.is_there", "{path} holds a recording already, which is not written over: name another file with --output"
)
_CANNOT_WRITE = Template("record.cannot_write", "cannot write {path}: {reason}")
_CANNOT_LISTEN = Template(
    "record.cannot_listen", "cannot listen on {host} port {port}: {reason}; choose another with --port"
)
_GRACE = 20.0
"""Seconds that exchanges which are under way have in the end."""


_Tell = Callable[[Message], None]


class RecordError(InputError):
    """A recording that cannot begin; its text is one line for people."""


@dataclass(frozen=True, slots=True)
class RecordOptions:
    """Where to listen, and what to do with what passes.

    ``timeout`` is for one whole exchange, in seconds; ``validation`` says what to judge by, its base URL is the target.
    """

    validation: ValidationOptions
    output: Path
    host: str
    port: int
    timeout: float
    ca_bundle: str | None = None
    insecure: bool = False


def perform_recording(options: RecordOptions, folder: Path) -> int:
    """Record until an interrupt, report and return the exit code. Raises ``InputError`` where it cannot begin."""
    base = parse_base_url(options.validation.base_url)
    try:
        writer = Writer(options.output)
    except FileExistsError:
        raise RecordError(_IS_THERE(path=str(options.output))) from None
    except OSError as error:
        raise RecordError(_CANNOT_WRITE(path=str(options.output), reason=why_no_file(error))) from None
    asked = replace(
        options.validation, sources=(str(options.output),), form=kind_of(options.output), credentials_recorded=True
    )
    told = language(asked.language)

    def tell(message: Message) -> None:
        click.echo(told.render(message))
        sys.stdout.flush()

    try:
        validation = Validation(asked)
        recorder = _Recorder(validation, writer, tell, told.text)
        proxy = _listening(options, base, recorder)
    except InputError:
        writer.discard()
        raise
    ended = threading.Event()
    former = {number: signal.signal(number, _setting(ended)) for number in (signal.SIGINT, signal.SIGTERM)}
    serving = threading.Thread(target=proxy.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True)
    serving.start()
    address = f"http://{_in_url(options.host)}:{proxy.server_address[1]}"
    tell(_RECORDS(target=str(base), address=address, file=str(options.output)))
    tell(_USE(base_url=address + base.path))
    try:
        while not ended.wait(0.2) and recorder.fault is None:
            pass
    finally:
        proxy.shutdown()
        proxy.server_close()
        whole = proxy.wait_until_over(_GRACE)
        recorder.close()
        for number, handler in former.items():
            signal.signal(number, handler)
    if recorder.fault is not None:
        raise recorder.fault
    stopped = None if whole else _UNFINISHED(number=proxy.under_way, seconds=f"{_GRACE:g}")
    return report_validation(validation, recorder.recording, folder, stopped=stopped)


def _listening(options: RecordOptions, base: BaseUrl, recorder: _Recorder) -> RecordingProxy:
    try:
        return RecordingProxy(
            (options.host, options.port),
            base,
            recorder.put,
            timeout=options.timeout,
            ca_bundle=options.ca_bundle,
            insecure=options.insecure,
        )
    except TrustError:
        raise
    except OSError as error:
        reason = why_no_file(error)
        raise RecordError(_CANNOT_LISTEN(host=options.host, port=str(options.port), reason=reason)) from None


class _Recorder:
    """Writes and judges exchanges in the order in which they end, in a thread of its own.

    ``fault`` is what ended that thread before its time.
    """

    def __init__(self, validation: Validation, writer: Writer, tell: _Tell, translated: Callable[[str], str]) -> None:
        self._writer = writer
        self._tell = tell
        self._translated = translated
        self._inferred = validation.inferred
        self._seen: set[str] = set()
        self._waiting: queue.SimpleQueue[RecordedExchange | None] = queue.SimpleQueue()
        self.recording = Recording(validation.inferred, on_judged=self._tell_of_new)
        (self._part,) = validation.parts
        self._output = Path(self._part.path)
        self.recording.begin(self._part)
        self.fault: Exception | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def put(self, recorded: RecordedExchange) -> None:
        """Take an exchange that is over; for any thread."""
        self._waiting.put(recorded)

    def close(self) -> None:
        """Write and judge what was taken before, and close the file."""
        self._waiting.put(None)
        self._thread.join()
        self._writer.close()
        size = self._output.stat().st_size
        self.recording.end(replace(self._part, end=size if self._part.is_of_lines else None, size=size))

    def _run(self) -> None:
        number = 0
        while (recorded := self._waiting.get()) is not None:
            try:
                line = self._writer.write(values_without_secrets(recorded, self._inferred))
                self.recording.add(line, number)
            except Exception as error:
                self.fault = error
                return
            number += 1

    def _tell_of_new(self, judged: Judged, number: int) -> None:
        for _, _, deviations in judged.deviations:
            for one in deviations:
                if one.level != "info" and one.fingerprint not in self._seen:
                    self._seen.add(one.fingerprint)
                    where = self._part.where(number - self._part.first, 0)
                    place = " ".join(part for part in (one.status, one.pointer) if part) or one.operation
                    self._tell(
                        _FINDING(
                            level=self._translated(one.level),
                            rule=one.rule,
                            place=place,
                            expected=one.expected.masked(),
                            observed=one.observed.masked(),
                            where=where,
                        )
                    )


def _in_url(host: str) -> str:
    """A host as a URL of this machine has it."""
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"[{shown}]" if ":" in shown else shown


def _setting(ended: threading.Event) -> Callable[[int, FrameType | None], None]:
    def handle(_number: int, _frame: FrameType | None) -> None:
        ended.set()

    return handle
