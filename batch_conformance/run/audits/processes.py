"""Audits many targets side by side, each in a process of its own, so that none can spoil another."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from batch_conformance.findings.gate import (
    EXIT_CONFORMS,
    EXIT_DRIFT,
    EXIT_FAULT,
    EXIT_INCONCLUSIVE,
    EXIT_INTERRUPTED,
    EXIT_USAGE,
)
from batch_conformance.input_error import why_no_file
from batch_conformance.message import Message, Template
from batch_conformance.message_json import from_json
from batch_conformance.options import BASE_URL_ENV, BATCH_IDS_ENV
from batch_conformance.run.audits.audit_file import AuditFile, AuditTarget
from batch_conformance.run.audits.progress import AuditOutcome, AuditProgress
from batch_conformance.run.audits.result import INTERRUPTED, read_result

OUTPUT = "output.txt"
"""What an audit printed, in its folder of reports."""

_CHILD = "batch_conformance.run.audits.child"
_GRACE = 15.0
"""Seconds that an audit gets to write its reports once it is told to stop."""
_LOOK = 0.2
_KNOWN_CODES = (EXIT_USAGE, EXIT_FAULT, EXIT_INTERRUPTED, EXIT_DRIFT, EXIT_INCONCLUSIVE, EXIT_CONFORMS)
"""The first of them that any audit ended with is the exit code of all."""
_OURS = (BATCH_IDS_ENV, BASE_URL_ENV, "PYTEST_ADDOPTS", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY")
"""Variables that would make audits alike, or let each of them write where one summary belongs."""
_REPORTS = ("drift.json", "drift.html", "junit.xml", "drift.sarif", "summary.md", "exchanges.har", OUTPUT)
_UNBEGUN = Template("audits.unbegun", "interrupted before it began")
_STOPPED = Template("audits.stopped", "stopped after {seconds} s")
_CANNOT_RUN = Template("audits.cannot_run", "cannot be run: {why}")
_BOTH = Template("audits.both", "{reason}: {sentence}")
_ENDED_BY = Template("audits.ended_by", "ended by {signal} (see {file})")
_ENDED = Template("audits.ended", "ended with exit code {code} and without a word (see {file})")
_PACKAGE_PARENT = str(Path(__file__).resolve().parents[3])


class ManyAudits:
    """The audits of one file, in a language given by its code; ``perform`` runs them."""

    def __init__(self, file: AuditFile, folder: Path, environ: Mapping[str, str], language: str = "en") -> None:
        self.file = file
        self.folder = folder
        self._environ = environ
        self._language = language
        self._stopped = threading.Event()

    def perform(self, progress: AuditProgress) -> tuple[AuditOutcome, ...]:
        """Audit every target, ``parallel`` at once; the outcomes stand in the order of the file.

        On KeyboardInterrupt all audits are told to stop, write what they have, and are waited for; those that had not
        begun are outcomes too. Raises OSError where a folder for reports cannot be made.
        """
        for target in self.file.targets:
            (self.folder / target.name).mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(max_workers=self.file.parallel) as pool:
            running = [pool.submit(self._audit, target, progress) for target in self.file.targets]
            try:
                return tuple(one.result() for one in running)
            except KeyboardInterrupt:
                self._stopped.set()
                return tuple(one.result() for one in running)

    def environment_of(self, target: AuditTarget) -> dict[str, str]:
        """This environment with the target's own key and nobody else's."""
        others = {other.key_env for other in self.file.targets} - {target.key_env}
        kept = {name: value for name, value in self._environ.items() if name not in others and name not in _OURS}
        paths = [_PACKAGE_PARENT, *filter(None, [kept.get("PYTHONPATH")])]
        return {**kept, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"}

    @property
    def interrupted(self) -> bool:
        """Whether they were ended early."""
        return self._stopped.is_set()

    def _audit(self, target: AuditTarget, progress: AuditProgress) -> AuditOutcome:
        if self._stopped.is_set():
            unbegun = AuditOutcome(target.name, "no report", EXIT_INTERRUPTED, _UNBEGUN(), 0.0)
            progress.ends(unbegun)
            return unbegun
        progress.begins(target.name)
        begun = time.monotonic()
        folder = self.folder / target.name
        for name in _REPORTS:  # those of a former audit must not pass for this one's
            (folder / name).unlink(missing_ok=True)
        with TemporaryDirectory(prefix="batch-conformance-") as aside:
            handed = Path(aside, "result.json")
            try:
                code, stopped = self._run(target, folder, handed, begun)
            except OSError as error:
                code, stopped = EXIT_FAULT, _CANNOT_RUN(why=why_no_file(error))
            result = read_result(handed)
        reason = stopped or (result.reason if result else None)
        outcome = _outcome(target.name, folder, code, reason, time.monotonic() - begun)
        progress.ends(outcome)
        return outcome

    def _run(self, target: AuditTarget, folder: Path, handed: Path, begun: float) -> tuple[int, Message | None]:
        """The exit code of the audit's process, which writes its result to ``handed``, and why it was stopped if so."""
        command = [sys.executable, "-m", _CHILD, str(handed), "-q", "--color=no"]
        # The last of two holds: a target's own language before that of the command.
        command += [f"--report-language={self._language}", *target.arguments, f"--reports-dir={folder}"]
        with (folder / OUTPUT).open("wb") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self.environment_of(target),
                start_new_session=True,  # Ctrl-C reaches this process alone, which stops the others in order
            )
            code, stopped = EXIT_INCONCLUSIVE, None
            while process.poll() is None and not stopped:
                if self._stopped.is_set():
                    code, stopped = EXIT_INTERRUPTED, INTERRUPTED()
                elif time.monotonic() - begun > target.timeout:
                    stopped = _STOPPED(seconds=f"{target.timeout:g}")
                else:
                    with suppress(subprocess.TimeoutExpired):
                        process.wait(_LOOK)
            if stopped:
                _end(process)
        return (process.returncode, None) if stopped is None else (code, stopped)


def exit_code(outcomes: Sequence[AuditOutcome]) -> int:
    """One exit code for all of them: usage, a fault, an interruption, drift, inconclusive, in this order."""
    codes = {outcome.code if outcome.code in _KNOWN_CODES else EXIT_FAULT for outcome in outcomes}
    return next((code for code in _KNOWN_CODES if code in codes), EXIT_CONFORMS)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Let the audit write what it has, then end its whole group: an embedded mock may be in it."""
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    with suppress(subprocess.TimeoutExpired):
        process.wait(_GRACE)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _outcome(name: str, folder: Path, code: int, reason: Message | None, seconds: float) -> AuditOutcome:
    try:
        drift = json.loads((folder / "drift.json").read_bytes())
        verdict, sentence = str(drift["verdict"]), from_json(drift["messages"]["sentence"])
    except (OSError, ValueError, KeyError, TypeError):
        return AuditOutcome(name, "no report", code or EXIT_FAULT, reason or _how_it_ended(code), seconds)
    return AuditOutcome(name, verdict, code, _BOTH(reason=reason, sentence=sentence) if reason else sentence, seconds)


def _how_it_ended(code: int) -> Message:
    """What is known of a process that handed nothing over; what it printed is in its folder."""
    if code < 0:
        number = -code
        named = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
        return _ENDED_BY(signal=named, file=OUTPUT)
    return _ENDED(code=code, file=OUTPUT)
