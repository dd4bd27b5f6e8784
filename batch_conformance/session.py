"""The audit of one pytest session: from collection to the reports, in one process or over xdist's workers."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from batch_conformance.exchange.redaction import Redactor
from batch_conformance.findings.gate import EXIT_FAULT, fails_gate
from batch_conformance.input_error import InputError, fault_line
from batch_conformance.mock.process import MockError
from batch_conformance.probes.chapters import CHAPTERS, CLIENT
from batch_conformance.report import github, html, terminal
from batch_conformance.report.language import language
from batch_conformance.report.run_report import ChapterOutcome, ChapterResult, RunReport
from batch_conformance.report.text import plural
from batch_conformance.report.writer import ReportError, write_reports
from batch_conformance.resources import suites_folder
from batch_conformance.run.announced import header, plan_lines, progress_line, warning
from batch_conformance.run.audit import INSECURE, Audit
from batch_conformance.run.begin import begin
from batch_conformance.run.create import cost
from batch_conformance.run.options import seed_from, settings_from
from batch_conformance.run.pauses import Pauses
from batch_conformance.run.progress import ProgressLine
from batch_conformance.run.recall import keep
from batch_conformance.run.settings import Settings
from batch_conformance.run.shared import Shared
from batch_conformance.verbatim import verbatim

MARKER = "chapter"
_TITLES = {chapter.name: chapter.title for chapter in CHAPTERS}
_CHAPTER = "batch_conformance.chapter"
_DRIFT = "batch_conformance.drift"
_SHARED = "batch_conformance"
_DETAIL = 10_000
SESSION = pytest.StashKey["AuditSession"]()
"""Where a session keeps its audit."""


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
        audit.runner.perform(self._session.together or (self.name,))
        ledger = audit.judged()
        mine = [f for f in ledger.findings if any(probe.startswith(self.name + "/") for probe in f.probes)]
        failing = [f for f in mine if fails_gate(f, audit.settings.fail_on)]
        if failing:
            self._item.user_properties.append((_DRIFT, str(len(failing))))
            # Each is told in full once, in the summary; here it is enough to say which they are.
            places = [" ".join(filter(None, (f.rule, f.status, f.pointer, f"[{f.id}]"))) for f in failing]
            pytest.fail(f"{plural(len(failing), 'deviation')} from the contract: " + "; ".join(places), pytrace=False)
        if self.name == CLIENT and not audit.settings.client:
            pytest.skip("no client was named: --client openai")
        if not audit.plan.counts()[self.name]:
            pytest.skip("nothing to send: " + (audit.plan.notes[0] if audit.plan.notes else "the plan has no probe"))
        finals = [e for e in ledger.exchanges if e.final and e.probe.chapter == self.name and e.failure is None]
        if not any(exchange.number not in ledger.unjudged for exchange in finals):
            pytest.skip(f"inconclusive: {audit.runner.stopped or 'no answer that could be judged'}")


class AuditSession:
    """The audit of one pytest session. In xdist's workers it sends and judges; the main process reports."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.report: RunReport | None = None
        self.redactor: Redactor | None = None
        """Knows the secrets of this session; there is none until something is to be sent."""
        self.together: tuple[str, ...] = ()
        """The selected chapters, sent together in the order of the plan; empty in a worker, which has its share."""
        self._audit: Audit | None = None
        self._problems: tuple[str, ...] = ()
        self._kept: tuple[str, ...] = ()
        self._chapters: dict[str, ChapterResult] = {}
        self._selected: set[str] = set()
        self._spool: Path | None = None
        self._summary = ""
        self._fault = ""
        self._failed = 0

    def begun(self) -> Audit:
        """The audit, which begins once a conformance test was collected."""
        if self._audit is None:
            raise pytest.UsageError("no audit was begun in this session")
        return self._audit

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Leave the chapter of another maker's client alone where none was named; who names its file gets it."""
        unasked = collection_path.name == f"test_{CLIENT}.py" and collection_path.parent == suites_folder()
        return True if unasked and not self.config.option.client else None

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Begin the audit if a conformance test is to run."""
        for item in session.items:
            marker = item.get_closest_marker(MARKER)
            if marker is not None:
                self._selected.add(marker.args[0])
                item.user_properties.append((_CHAPTER, marker.args[0]))
        if not self._selected or self.config.option.collectonly:
            return
        given: Any = getattr(self.config, "workerinput", {}).get(_SHARED)
        if given is None:
            self.together = tuple(chapter.name for chapter in CHAPTERS if chapter.name in self._selected)
            self._begin()
        else:
            self._begin(Shared.from_dict(given))

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """In the main process of xdist: begin the audit once, and tell each worker its share of it."""
        if not _asks_for_suites(self.config) or self.config.option.plan:
            return
        if self._audit is None:
            self._spool = Path(tempfile.mkdtemp(prefix="batch-conformance-"))
            self._begin()
            self.begun().runner.preflight()
        count = int(node.workerinput["workercount"])
        place = int(str(node.workerinput["workerid"]).removeprefix("gw"))
        node.workerinput[_SHARED] = self.begun().share(self._spool or Path(), place, count).to_dict()

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self) -> bool | None:
        """With ``--plan``, print the plan instead of sending it."""
        if self._audit is None or not self.config.option.plan:
            return None
        sys.stdout.write("\n".join(("", *plan_lines(self._audit), "")))
        self._audit.close()
        self._audit = None
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep how each chapter's test ended."""
        properties = dict(report.user_properties)
        name = properties.get(_CHAPTER) or _chapter_of(report.nodeid)
        if not isinstance(name, str) or (report.when != "call" and report.passed):
            return
        self._selected.add(name)
        self._failed += report.failed
        detail = _bounded(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longreprtext)
        outcome: ChapterOutcome = report.outcome
        if report.failed and _DRIFT not in properties:
            outcome = "error"
            self._fault = self._fault or f"{report.nodeid}: {_reason(report)}"
        self._chapters[name] = ChapterResult(report.nodeid, _TITLES[name], outcome, detail, report.duration)

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """An interrupt ends with pytest's exit code for it, whatever it hit."""
        # One that came through ``exec``, which makes dataclasses at import, CPython takes for unhandled and kills
        # itself by SIGINT in the end; the next ``exec`` has it forget that.
        exec("")
        # One that hit an instruction of no line would crash pytest as it shows where, with the exit code of a drift.
        excinfo.traceback = excinfo.traceback.filter(_has_line)

    def pytest_internalerror(self, excrepr: object) -> None:
        """A crash of pytest or of this tool is a fault, and never reads as drift."""
        self._fault = (str(excrepr).strip().splitlines() or ["internal error"])[-1]
        if self._audit is None:  # nothing was sent, so no report will say it
            sys.stderr.write(f"{fault_line(self._fault)}\n")

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, error: object) -> None:
        """A worker of xdist that died has taken a part of the run with it."""
        if error:
            self._fault = self._fault or f"a worker died before its part was done: {error}"

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> Generator[None, None, None]:
        """Judge the whole run, write the reports, set the exit code, and have the last word after pytest's count."""
        self._end(session, exitstatus)
        yield
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if self.report is not None and session.exitstatus and reporter is not None:
            line, color = terminal.last_line(self.report, int(session.exitstatus))
            reporter.write_line(line, bold=True, **{color: True})

    def _end(self, session: pytest.Session, exitstatus: int) -> None:
        if self._audit is None:
            return
        audit, self._audit = self._audit, None
        if hasattr(self.config, "workerinput"):
            audit.close()
            return
        try:
            exit_code = self._finish(audit, interrupted=exitstatus == pytest.ExitCode.INTERRUPTED)
        except Exception as error:  # whatever it is: it must not end as a 1, which says drift
            exit_code = EXIT_FAULT
            reason = audit.target.redactor.redact_text(f"{type(error).__name__}: {error}")
            self._problems += (f"The report could not be made: {reason}",)
        finally:
            audit.close()
            if self._spool is not None:
                shutil.rmtree(self._spool, ignore_errors=True)
        if exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) or exit_code == EXIT_FAULT:
            others_failed = session.testsfailed > self._failed
            session.exitstatus = exit_code or (pytest.ExitCode.TESTS_FAILED if others_failed else pytest.ExitCode.OK)

    def _finish(self, audit: Audit, *, interrupted: bool) -> int:
        """Make the report of what was sent, write it, and give the exit code."""
        if self._spool is not None:
            audit.gather(self._spool)
        chapters = [self._chapters[chapter.name] for chapter in CHAPTERS if chapter.name in self._chapters]
        fault = audit.target.redactor.redact_text(self._fault)
        self.report = audit.report(chapters, selected=self._selected, interrupted=interrupted, fault=fault)
        self._write(self.report, audit)
        page = str(Path(self.config.option.reports_dir) / "drift.html")
        color = self.config.get_terminal_writer().hasmarkup
        self._summary = terminal.render(self.report, color, report_path=page)
        return EXIT_FAULT if self._problems else self.report.exit_code

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say the verdict, the findings and where the reports are."""
        if not self._summary and not self._problems:
            return
        terminalreporter.ensure_newline()
        if self._summary:
            terminalreporter.write_line(self._summary)
        for line in (*self._kept, *self._problems):
            terminalreporter.write_line(language(self.config.option.report_language).said(line))
        published = github.publish(self.report, os.environ) if self.report else ""
        if published:
            terminalreporter.write_line(published)

    def _write(self, report: RunReport, audit: Audit) -> None:
        """Write the reports, and what else is kept of the run; the one does not prevent the other."""
        try:
            write_reports(report, audit.settings.reports_dir)
        except ReportError as error:
            self._problems += error.problems
        try:
            self._kept = tuple(keep(report, audit.recalled))
        except ReportError as error:
            self._problems += error.problems

    def _begin(self, shared: Shared | None = None) -> None:
        command = shlex.join(("pytest", *map(str, self.config.invocation_params.args)))
        try:
            settings = settings_from(self.config)
            self.redactor = Redactor((settings.key,))
            if shared is None:
                if settings.sends:
                    _check_writable(settings.reports_dir)
                self._say_cost(settings)
            with verbatim():
                chores = html.CHORES if shared is None else ()
                seed, sleep = seed_from(self.config), Pauses(chores).sleep
                audit = begin(settings, seed=seed, command=command, shared=shared, sleep=sleep, warn=self._warn)
            self.redactor = audit.target.redactor
            if shared is None:
                audit.confirm_address()
            self._audit = audit
            self._audit.runner.progress = self._progress(self._audit) if shared is None else None
        except (InputError, OSError) as error:
            raise pytest.UsageError(str(error)) from None
        except MockError as error:
            pytest.exit(str(error), returncode=EXIT_FAULT)
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is None or shared is not None:
            return
        if audit.target.insecure:
            reporter.write_line(warning(INSECURE, audit.settings.language), red=True, bold=True)
        if self.config.option.verbose >= 0:
            reporter.write_line(header(audit))

    def _say_cost(self, settings: Settings) -> None:
        """Before it is done: what ``--create`` does at the vendor."""
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if settings.create and settings.sends and reporter is not None:
            reporter.write_line(language(settings.language).said(cost(settings.create)))

    def _warn(self, doubt: str) -> None:
        """Before it is asked: that the base URL may be another one. The workers of a parallel run leave it to it."""
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None and not hasattr(self.config, "workerinput"):
            reporter.write_line(warning(doubt, self.config.option.report_language), yellow=True, bold=True)

    def _progress(self, audit: Audit) -> ProgressLine | None:
        """A line for a person who waits; none in logs, in quiet runs, and in parallel ones, which xdist reports on."""
        writer = self.config.get_terminal_writer()
        capture = self.config.pluginmanager.get_plugin("capturemanager")
        if not writer._file.isatty() or self.config.option.verbose < 0 or self._spool is not None:
            return None

        def write(text: str) -> None:
            with capture.global_and_fixture_disabled() if capture else contextlib.nullcontext():
                writer.write(text, flush=True)

        def findings() -> int:
            return sum(finding.level != "info" for finding in audit.judged().findings)

        def told(done: int, planned: int, chapter: str, found: int, left: int) -> str:
            code = self.config.option.report_language
            return progress_line(code, done, planned, chapter=chapter, findings=found, seconds=left)

        return ProgressLine(write, findings, told, width=writer.fullwidth)


def _has_line(entry: Any) -> bool:
    try:
        return bool(entry.lineno >= 0)
    except TypeError:
        return False


def _chapter_of(nodeid: str) -> str | None:
    """The chapter of a test that a dying worker left without a word, by the name of its file."""
    name = Path(nodeid.partition("::")[0]).stem.removeprefix("test_")
    return name if name in _TITLES else None


def _bounded(text: str) -> str:
    """The ends of what a test said: with all variables shown, a crash says megabytes."""
    if len(text) <= 2 * _DETAIL:
        return text
    return f"{text[:_DETAIL]}\n… {len(text) - 2 * _DETAIL:,} characters left out …\n{text[-_DETAIL:]}"


def _reason(report: pytest.TestReport) -> str:
    """Why a test broke, in one line: the exception where there is one, else the last thing that was said."""
    crash = getattr(report.longrepr, "reprcrash", None)
    lines = (crash.message if crash else report.longreprtext).strip().splitlines() or ["no message"]
    return str(lines[0 if crash else -1])


def _asks_for_suites(config: pytest.Config) -> bool:
    """Whether the session's arguments lead to the conformance tests; xdist's main process collects nothing itself."""
    suites = suites_folder()
    asked = [Path(config.invocation_params.dir, str(argument).partition("::")[0]).resolve() for argument in config.args]
    return any(path == suites or path in suites.parents or suites in path.parents for path in asked)


def _check_writable(folder: Path) -> None:
    """Raises OSError, with one line, where reports could not be written later."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".writable."):
            pass
    except OSError as error:
        reason = error.strerror or error
        raise OSError(f"cannot write reports to {folder}: {reason}; name another folder with --reports-dir") from None
