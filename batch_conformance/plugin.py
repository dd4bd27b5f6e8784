"""The pytest plugin: options, the audit of a session, its end. Registered by the root ``conftest.py`` alone."""

from __future__ import annotations

import os
import shlex
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pytest

from batch_conformance.findings.gate import EXIT_FAULT, fails_gate
from batch_conformance.probes.chapters import CHAPTERS
from batch_conformance.probes.plan import describe
from batch_conformance.report import github, terminal
from batch_conformance.report.run_report import ChapterOutcome, ChapterResult, RunReport
from batch_conformance.report.writer import ReportError, write_reports
from batch_conformance.run.audit import Audit
from batch_conformance.run.options import add_options, seed_from, settings_from

MARKER = "chapter"
_TITLES = {chapter.name: chapter.title for chapter in CHAPTERS}
_DRIFT = "batch_conformance.drift"
_STATE = pytest.StashKey["AuditSession"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the options."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker and the session's state."""
    config.addinivalue_line("markers", f"{MARKER}(name): a conformance test of one chapter of the plan")
    session = AuditSession(config)
    config.stash[_STATE] = session
    config.pluginmanager.register(session, "batch-conformance-session")


@pytest.fixture
def chapter(request: pytest.FixtureRequest) -> Chapter:
    """The chapter that the test's marker names."""
    marker = request.node.get_closest_marker(MARKER)
    if marker is None:
        raise pytest.UsageError(f"{request.node.nodeid} asks for a chapter but has no marker {MARKER}(name)")
    return Chapter(request.config.stash[_STATE], marker.args[0], request.node)


class Chapter:
    """One chapter of the plan, as its test sees it."""

    def __init__(self, session: AuditSession, name: str, item: pytest.Item) -> None:
        self.name = name
        self._session = session
        self._item = item

    def holds(self) -> None:
        """Send the chapter's probes, if that has not been done, and fail naming what in their answers is new drift.

        All answers are judged, not only up to the first deviation: a vendor is asked once.
        """
        __tracebackhide__ = True
        audit = self._session.begun()
        audit.runner.perform(self._session.selected)
        ledger = audit.runner.ledger((self.name,))
        failing = [f for f in ledger.findings if fails_gate(f, audit.settings.fail_on)]
        if failing:
            self._item.user_properties.append((_DRIFT, len(failing)))
            lines = [f"[{f.id}] {f.rule} {f.status} {f.pointer}: {f.observed} (expected {f.expected})" for f in failing]
            pytest.fail("\n".join((f"{len(failing)} deviations from the contract:", *lines)), pytrace=False)
        planned = audit.plan.counts()[self.name]
        answered = [e for e in ledger.exchanges if e.final and e.number not in ledger.unjudged and e.failure is None]
        if not planned:
            pytest.skip("nothing to send: " + (audit.plan.notes[0] if audit.plan.notes else "the plan has no probe"))
        if not answered:
            pytest.skip(f"inconclusive: {audit.runner.stopped or 'no answer that could be judged'}")


class AuditSession:
    """The audit of one pytest session, from collection to its reports."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.audit: Audit | None = None
        self.selected: tuple[str, ...] = ()
        self.report: RunReport | None = None
        self.written: tuple[Path, ...] = ()
        self.problems: tuple[str, ...] = ()
        self._titles: dict[str, str] = {}
        self._chapters: dict[str, ChapterResult] = {}
        self._fault = ""
        self._failed = 0

    def begun(self) -> Audit:
        """The audit, which begins once a conformance test was collected."""
        if self.audit is None:
            raise pytest.UsageError("no audit was begun in this session")
        return self.audit

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Begin the audit if a conformance test is to run."""
        names = {item.nodeid: marker.args[0] for item in session.items if (marker := item.get_closest_marker(MARKER))}
        self._titles = {nodeid: _TITLES[name] for nodeid, name in names.items()}
        self.selected = tuple(chapter.name for chapter in CHAPTERS if chapter.name in names.values())
        if not self.selected or self.config.option.collectonly:
            return
        command = shlex.join(("pytest", *map(str, self.config.invocation_params.args)))
        try:
            settings = settings_from(self.config)
            _check_writable(settings.reports_dir)
            self.audit = Audit(settings, seed=seed_from(self.config), command=command)
        except (ValueError, OSError) as error:
            raise pytest.UsageError(str(error)) from None
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None and self.config.option.verbose >= 0:
            audit = self.audit
            reporter.write_line(
                f"target: {audit.base} ({audit.kind}); contract: {audit.contract.document.name}, "
                f"{audit.contract.reading}; plan: {audit.estimate()}"
            )

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> bool | None:
        """With ``--plan``, print the plan instead of sending it."""
        if self.audit is None or not self.config.option.plan:
            return None
        sys.stdout.write("\n".join(("", *describe(self.audit.plan), self.audit.estimate(), "")))
        self.audit.close()
        self.audit = None
        return True

    @pytest.hookimpl(wrapper=True)
    def pytest_sessionstart(self) -> Iterator[None]:
        """End in order on SIGTERM, as on Ctrl-C: what was gathered is reported."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, _interrupt)
        return (yield)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep how each chapter's test ended."""
        name = report.nodeid
        title = self._titles.get(name)
        if title is None or (report.when != "call" and report.passed):
            return
        self._failed += report.failed
        drift = any(key == _DRIFT for key, _ in report.user_properties)
        detail = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longreprtext
        outcome: ChapterOutcome = report.outcome
        if report.failed and not drift:
            outcome = "error"
            self._fault = self._fault or f"{name}: {detail.strip().splitlines()[-1]}"
        self._chapters[name] = ChapterResult(name, title, outcome, detail, report.duration)

    def pytest_internalerror(self, excrepr: object) -> None:
        """A crash of pytest or of this tool is a fault, and never reads as drift."""
        self._fault = str(excrepr).strip().splitlines()[-1]

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Judge the whole run, write the reports, and set the exit code."""
        if self.audit is None:
            return
        audit, self.audit = self.audit, None
        interrupted = exitstatus == pytest.ExitCode.INTERRUPTED
        try:
            self.report = audit.report(
                list(self._chapters.values()), selected=self.selected, interrupted=interrupted, fault=self._fault
            )
        finally:
            audit.close()
        exit_code = self.report.exit_code
        try:
            self.written = write_reports(self.report, audit.settings.reports_dir)
        except ReportError as error:
            self.problems, self.written, exit_code = error.problems, error.written, EXIT_FAULT
        if exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) or exit_code == EXIT_FAULT:
            others_failed = session.testsfailed > self._failed
            session.exitstatus = exit_code or (pytest.ExitCode.TESTS_FAILED if others_failed else pytest.ExitCode.OK)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say the verdict, the findings and where the reports are."""
        if self.report is None:
            return
        markup = bool(terminalreporter._tw.hasmarkup)
        terminalreporter.ensure_newline()
        terminalreporter.write_line(terminal.render(self.report, markup))
        for problem in self.problems:
            terminalreporter.write_line(problem)
        published = github.publish(self.report, os.environ)
        if published:
            terminalreporter.write_line(published)


def _check_writable(folder: Path) -> None:
    """Raises OSError, with one line, where reports could not be written later."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".writable."):
            pass
    except OSError as error:
        reason = error.strerror or error
        raise OSError(f"cannot write reports to {folder}: {reason}; name another folder with --reports-dir") from None


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt("terminated")
