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
from batch_conformance.options import BASE_URL_ENV, BATCH_IDS_ENV
from batch_conformance.run.audits.audit_file import AuditFile, AuditTarget
from batch_conformance.run.audits.progress import AuditOutcome, AuditProgress
from batch_conformance.run.audits.result import read_result

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
_PACKAGE_PARENT = str(Path(__file__).resolve().parents[3])


class ManyAudits:
    """The audits of one file. ``perform`` runs them; ``stop`` ends them early, from a signal handler too."""

    def __init__(self, file: AuditFile, folder: Path, environ: Mapping[str, str]) -> None:
        self.file = file
        self.folder = folder
        self._environ = environ
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
            unbegun = AuditOutcome(target.name, "no report", EXIT_INTERRUPTED, "interrupted before it began", 0.0)
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
                code, stopped = EXIT_FAULT, f"cannot be run: {error.strerror or error}"
            result = read_result(handed)
        reason = stopped or (result.reason if result else "")
        outcome = _outcome(target.name, folder, code, reason, time.monotonic() - begun)
        progress.ends(outcome)
        return outcome

    def _run(self, target: AuditTarget, folder: Path, handed: Path, begun: float) -> tuple[int, str]:
        """The exit code of the audit's process, which writes its result to ``handed``, and why it was stopped if so."""
        command = [sys.executable, "-m", _CHILD, str(handed), "-q", "--color=no"]
        command += [*target.arguments, f"--reports-dir={folder}"]
        with (folder / OUTPUT).open("wb") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=self.environment_of(target),
                start_new_session=True,  # Ctrl-C reaches this process alone, which stops the others in order
            )
            stopped = ""
            while process.poll() is None and not stopped:
                if self._stopped.is_set():
                    stopped = "interrupted"
                elif time.monotonic() - begun > target.timeout:
                    stopped = f"stopped after {target.timeout:g} s"
                else:
                    with suppress(subprocess.TimeoutExpired):
                        process.wait(_LOOK)
            if stopped:
                _end(process)
        if stopped:
            return EXIT_INTERRUPTED if stopped == "interrupted" else EXIT_INCONCLUSIVE, stopped
        return process.returncode, ""


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


def _outcome(name: str, folder: Path, code: int, reason: str, seconds: float) -> AuditOutcome:
    try:
        drift = json.loads((folder / "drift.json").read_bytes())
        verdict, sentence = str(drift["verdict"]), str(drift["sentence"])
    except (OSError, ValueError, KeyError, TypeError):
        return AuditOutcome(name, "no report", code or EXIT_FAULT, reason or _how_it_ended(code), seconds)
    return AuditOutcome(name, verdict, code, f"{reason}: {sentence}" if reason else sentence, seconds)


def _how_it_ended(code: int) -> str:
    """What is known of a process that handed nothing over; what it printed is in its folder."""
    if code < 0:
        number = -code
        named = signal.Signals(number).name if number in set(signal.Signals) else f"signal {number}"
        return f"ended by {named} (see {OUTPUT})"
    return f"ended with exit code {code} and without a word (see {OUTPUT})"
