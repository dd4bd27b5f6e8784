"""The audit of one pytest session: asks the server once, before the first test, and writes the reports at the end."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from _pytest._io import TerminalWriter

from batch_conformance import junit_file
from batch_conformance.assert_rewriting import without_assert_rewriting
from batch_conformance.exchange.redaction import Redactor
from batch_conformance.finding_text import FindingText
from batch_conformance.findings.finding import Finding
from batch_conformance.findings.gate import EXIT_FAULT
from batch_conformance.input_error import InputError, fault, why_no_file
from batch_conformance.junit_file import JunitFile
from batch_conformance.message import Message, Template
from batch_conformance.mock.process import MockError
from batch_conformance.probes.remembered import Remembered
from batch_conformance.report.items import junit
from batch_conformance.report.items.item import Items, items_for
from batch_conformance.report.items.item_outcome import Outcome, counts_in_words, outcomes
from batch_conformance.report.language import ENGLISH, language
from batch_conformance.report.run import github, html, terminal
from batch_conformance.report.run.run_report import ChapterOutcome, ChapterResult, RunReport
from batch_conformance.report.run.writer import CANNOT_WRITE, FORMATS, ReportError, write_reports
from batch_conformance.resources import suites_folder, typed_command
from batch_conformance.run.comparison import write_comparison_files
from batch_conformance.run.live.announced import asking, header, plan_lines, progress_line, warning
from batch_conformance.run.live.audit import INSECURE, Audit
from batch_conformance.run.live.begin import Opening, begin, open_audit
from batch_conformance.run.live.create import cost
from batch_conformance.run.live.lookup import key_of, read_outcomes, write_outcomes
from batch_conformance.run.live.making_estimate import cost as cost_of_all
from batch_conformance.run.live.making_estimate import told_of_resumed
from batch_conformance.run.live.pauses import Pauses
from batch_conformance.run.live.selection import numbers_for
from batch_conformance.run.notify import notify
from batch_conformance.run.options import seed_from, settings_from
from batch_conformance.run.progress import ProgressLine
from batch_conformance.run.settings import Settings
from batch_conformance.suites import read_suites

SESSION = pytest.StashKey["AuditSession"]()
"""Where a session keeps its audit."""
_SHARED = "batch_conformance"
_STATE = "state"
"""The property of a test that says how its clause fared; a test that ends without it broke for another reason."""
_SHOWN = "batch_conformance/shown"
"""Where pytest's cache keeps what showed each finding."""
_HYPOTHESIS = "hypothesispytest"
"""The name of Hypothesis' plugin."""
_LEAST_WIDTH, _MOST_WIDTH = 80, 120

_NO_FOLDER = Template(
    "write.no_reports_folder", "cannot write reports to {folder}: {why}; name another folder with --reports-dir"
)
_NO_AUDIT = Template("session.no_audit", "no audit was begun in this session")
_NOT_JUDGED = Template("session.not_judged", "not judged: {error}")
_NO_REPORT = Template("write.no_report", "The report could not be made: {why}")
_REST = Template("note.rest_sent", "What failed before does not show yet: all of the plan is sent, to be sure.")
_RERUNS = Template("note.reruns", "--reruns: the same answers are looked up again; nothing is asked anew.")


class AuditSession:
    """The audit of one pytest session. Workers of xdist look up what the main process has asked for."""

    def __init__(self, config: pytest.Config, junit: JunitFile | None = None) -> None:
        self.config = config
        self._junit = junit
        self.report: RunReport | None = None
        self.redactor: Redactor | None = None
        """Knows the secrets of this session; there is none until something is to be sent."""
        self.items: Items | None = None
        self._shared: Mapping[str, Any] = getattr(config, "workerinput", {}).get(_SHARED, {})
        self._parameters: Mapping[str, tuple[str, ...]] = self._shared.get("parameters", {})
        self._settings: Settings | None = None
        self._opening: Opening | None = None
        self._audit: Audit | None = None
        self._outcomes: dict[str, Outcome] = {}
        self._in_language: dict[str, Outcome] = {}
        self._selected: frozenset[str] = frozenset()
        self._is_partial = False
        self._folder: Path | None = None
        self._nodes: list[Any] = []
        """In the main process of xdist, its workers."""
        self._problems: tuple[Message, ...] = ()
        self._kept: tuple[Message, ...] = ()
        self._ended: dict[str, Counter[str]] = {}
        self._seconds: dict[str, float] = {}
        self._shown_findings: set[str] = set()
        self._interrupted = False
        self._unjudged = ""
        self._fault = ""
        self._failed = 0

    @property
    def fault(self) -> str:
        """What broke in this tool, or could not be written, in English and without secrets; empty where nothing did."""
        if self._problems:
            return ENGLISH.render(self._problems[0])
        return self.redactor.redact_text(self._fault) if self.redactor else self._fault

    # What is collected.

    @pytest.hookimpl(trylast=True)
    def pytest_sessionstart(self) -> None:
        """Read the contract, before workers start and anything is collected; the embedded mock starts meanwhile.

        After Hypothesis' own hook: before that it takes whatever is drawn for a plugin's slow import, and warns of it.
        Workers and the header come after it all the same, as their plugins are registered later.
        """
        if not self._shared and asks_for_suites(self.config):
            with self._wrong_input():
                self._open()
            if self.config.option.report_language != ENGLISH.tag and self._junit is not None:
                self._junit.read_before(_ReasonsInLanguage(self))

    def places(self, path: Path, function: str) -> tuple[str, ...] | None:
        """The places that a function of the suites is called with, none where it is called once.

        None where the contract has no clause for it.
        """
        return self._parameters.get(f"{path.name}::{function}")

    def _open(self) -> None:
        settings = self._settings = settings_from(self.config)
        sends = not self.config.option.collectonly
        if sends:
            self.redactor = Redactor((settings.key,))
            if settings.sends:
                _check_writable(settings.reports_dir)
            if settings.resume is not None:
                self._say(language(settings.language).render(told_of_resumed(settings.resume)))
            elif settings.create:
                told = cost_of_all if settings.operations == "all" else cost
                self._say(language(settings.language).render(told(settings.create)))
        with without_assert_rewriting():
            self._opening = open_audit(settings, launch=sends)
        given = {"client": settings.client, "shape": settings.files.shape}
        self.items = items_for(self._opening.contract, [option for option, value in given.items() if value])
        self._parameters = self.items.parameters()

    # What is asked.

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool | None:
        """Ask the server for all that the tests look up; with ``--plan``, print that instead."""
        if self._opening is None or self.config.option.collectonly:
            return None
        if self.config.option.plan:
            self._print_plan(item.nodeid for item in session.items if _is_ours(item.path))
            return True
        self._ask(item.nodeid for item in session.items if _is_ours(item.path))
        return None

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """In the main process of xdist: tell a worker which clauses there are, and where it finds how they fared."""
        if self._folder is None:
            self._folder = Path(tempfile.mkdtemp(prefix="batch-conformance-"))
        self._nodes.append(node)
        node.workerinput[_SHARED] = {"parameters": dict(self._parameters), "outcomes": str(self._folder / "outcomes")}

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Collection[str]) -> None:
        """In the main process of xdist: ask the server once it is known which tests there are."""
        if self._opening is None or self._audit is not None:
            return
        try:
            self._ask(ids)
        except (pytest.UsageError, pytest.exit.Exception):
            for node in self._nodes:  # they wait for tests, and xdist would wait ten seconds for them
                node.shutdown()
            raise
        if self._folder is not None:
            unjudged = Outcome("skipped", self._unjudged)
            outcomes = self._outcomes or dict.fromkeys(self._selected, unjudged)
            try:
                write_outcomes(outcomes, self._folder / "outcomes")
            except OSError as error:  # each test is a fault then
                self._fault = ENGLISH.render(CANNOT_WRITE(file=str(error.filename), why=why_no_file(error)))

    def _ask(self, node_ids: Iterable[str]) -> None:
        """Send what the selected tests need. An interrupt ends that, and what was asked is looked up all the same."""
        items = self._known_items()
        self._selected = frozenset(map(key_of, node_ids)) & {*items.by_node_id, items.verdict.node_id}
        if not self._selected:
            return
        self._is_partial = not items.by_node_id.keys() <= self._selected
        audit = self._begin()
        try:
            with self._progress(audit):
                audit.runner.send(self._numbers(audit))
                if self._is_partial and not audit.runner.stopped and self._misses_what_was_shown(audit):
                    self._say(language(audit.settings.language).render(_REST()))
                    audit.runner.send()
            if unconfirmed := audit.to_confirm(self._is_selected if self._is_partial else None):
                self._say(asking(unconfirmed, audit.settings))
                audit.confirm(unconfirmed)
            audit.minimize()
        except KeyboardInterrupt:
            _forget_the_interrupt()
            self._interrupted = True
        except Exception as error:
            self._fault = f"{type(error).__name__}: {error}"
            sys.stderr.write(audit.target.redactor.redact_text(traceback.format_exc()))
        try:
            self.report = self._judge(audit)
        except Exception as error:  # the end of the session comes to it again, and says so
            told = _NOT_JUDGED(error=f"{type(error).__name__}: {error}")
            self._unjudged = audit.target.redactor.redact_text(ENGLISH.render(told))
            return
        self._outcomes = outcomes(self.report, items, self._selected, width=self._width)
        if self.report.language != ENGLISH.tag:
            self._in_language = outcomes(self.report, items, self._selected, width=self._width, in_language=True)

    def _numbers(self, audit: Audit) -> frozenset[int] | None:
        if not self._is_partial:
            return None
        items, before = self._known_items(), self._shown_before(audit)
        shown = {probe for key in self._selected for probe in before.get(key, ())}
        chosen = (items.by_node_id[key].clause for key in self._selected if key in items.by_node_id)
        return numbers_for(audit.plan, chosen, shown)

    def _shown_before(self, audit: Audit) -> Mapping[str, Sequence[str]]:
        """Which requests showed what the former runs against this target found, by the test that it fails."""
        cache = getattr(self.config, "cache", None)
        kept = cache.get(_SHOWN, {}) if cache is not None else {}
        return kept.get("shown", {}) if kept.get("target") == _target(audit) else {}

    def _misses_what_was_shown(self, audit: Audit) -> bool:
        """Whether a selected test failed before and would not now.

        Some faults begin only after so many requests. That they are gone is said after all of the plan.
        """
        before = self._shown_before(audit).keys() & self._selected
        return bool(before) and not before <= {
            item.node_id for one in audit.judged().findings for item in self._known_items().each_of(one)
        }

    def _judge(self, audit: Audit, chapters: tuple[ChapterResult, ...] = ()) -> RunReport:
        return audit.report(
            chapters,
            selected=self._is_selected if self._is_partial else None,
            interrupted=self._interrupted,
            fault=audit.target.redactor.redact_text(self._fault),
        )

    def _is_selected(self, finding: Finding) -> bool:
        return any(item.node_id in self._selected for item in self._known_items().each_of(finding))

    def _print_plan(self, node_ids: Iterable[str]) -> None:
        self._selected = frozenset(map(key_of, node_ids))
        self._is_partial = not self._known_items().by_node_id.keys() <= self._selected
        audit = self._begin()
        sys.stdout.write("\n".join(("", *plan_lines(audit, self._numbers(audit)), "")))
        self._audit = None
        audit.close()

    def _known_items(self) -> Items:
        if self.items is None:
            raise pytest.UsageError(language(self.config.option.report_language).render(_NO_AUDIT()))
        return self.items

    # How the tests end.

    def outcome(self, item: pytest.Item) -> Outcome:
        """How the clause of a test fared."""
        if not self._outcomes and self._shared:
            self._outcomes = read_outcomes(Path(self._shared["outcomes"]))
        outcome = self._outcomes[key_of(item.nodeid)] if not self._unjudged else Outcome("skipped", self._unjudged)
        if not any(name == _STATE for name, _ in item.user_properties):  # a rerun looks up the same
            item.user_properties += [*outcome.properties, (_STATE, outcome.state)]
        return outcome

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep how the tests of each file ended."""
        key = key_of(report.nodeid)
        if key not in self._selected or (report.when != "call" and report.passed):
            return
        properties = dict(report.user_properties)
        outcome = self._outcomes.get(key)
        file = key.partition("/")[2].partition("::")[0]
        ended = "xfailed" if hasattr(report, "wasxfail") else str(report.outcome)
        self._ended.setdefault(file, Counter())[ended] += 1
        self._seconds[file] = self._seconds.get(file, 0.0) + report.duration
        if not report.failed:
            return
        self._failed += 1
        if outcome is None or properties.get(_STATE) not in ("failed", "xfailed"):
            self._ended[file]["error"] += 1
            self._fault = self._fault or f"{report.nodeid}: {_reason(report)}"
            return
        self._shown_findings.update(outcome.findings)
        report.longrepr = FindingText(outcome, self._in_language.get(key, outcome).text)  # type: ignore[assignment]

    def reason_in_language(self, report: pytest.TestReport) -> str:
        """Why a test is skipped, or expected to fail, in the language of the reports; empty where that is not ours."""
        outcome = self._in_language.get(key_of(report.nodeid))
        is_ours = dict(report.user_properties).get(_STATE) == (outcome.state if outcome else None)
        return outcome.message if outcome and is_ours and outcome.state in ("skipped", "xfailed") else ""

    @pytest.hookimpl(tryfirst=True)
    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """An interrupt ends with pytest's exit code for it, whatever it hit."""
        _forget_the_interrupt()
        # One that hit an instruction of no line would crash pytest as it shows where, with the exit code of a drift.
        excinfo.traceback = excinfo.traceback.filter(_has_line)

    def pytest_internalerror(self, excrepr: object) -> None:
        """A crash of pytest or of this tool is a fault, and never reads as drift."""
        reason = (str(excrepr).strip().splitlines() or ["internal error"])[-1]
        self._fault = f"a worker died, or pytest-xdist broke: {reason}" if self._folder is not None else reason
        if self._audit is None:  # nothing was sent, so no report will say it
            told = language(self.config.option.report_language).render(fault(self._fault))
            sys.stderr.write(f"{told}\n")

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, error: object) -> None:
        """A worker of xdist that died has taken a part of the run with it."""
        if error:
            self._fault = self._fault or f"a worker died before its part was done: {error}"

    # The end.

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> Generator[None]:
        """Write the reports and set the exit code, before pytest writes what it has; and have the last word."""
        asked = self._end(session, exitstatus)
        if "hypothesis" not in sys.modules:
            # Its plugin would import all of it, only to see at the end that no test of the session has used it.
            self.config.pluginmanager.unregister(name=_HYPOTHESIS)
        if self._junit is None:
            yield
        elif not asked:
            self._junit.give_up()
            yield
        else:
            self._junit.add_properties(junit.facts(self.report) if self.report else ())
            problem = yield from self._junit.write()
            if problem:
                session.exitstatus = EXIT_FAULT
                self._say(language(self.config.option.report_language).render(problem))
        if self._folder is not None:  # no worker reads from it any longer
            shutil.rmtree(self._folder, ignore_errors=True)
        if self.report is not None and session.exitstatus:
            line, color = terminal.last_line(self.report, int(session.exitstatus))
            self._say(line, bold=True, **{color: True})

    def _say(self, line: str, **markup: bool) -> None:
        reporter = self.config.pluginmanager.get_plugin("terminalreporter")
        if reporter is not None:
            reporter.write_line(line, **markup)

    def _end(self, session: pytest.Session, exitstatus: int) -> bool:
        """Judge the whole run, if the server was asked, and give whether it was."""
        audit, self._audit = self._audit, None
        if audit is None:
            if self._opening is not None:
                self._opening.close()
            return False
        try:
            self._interrupted = self._interrupted or exitstatus == pytest.ExitCode.INTERRUPTED
            exit_code = self._finish(audit)
        except Exception as error:  # whatever it is: it must not end as a 1, which says drift
            exit_code = EXIT_FAULT
            reason = audit.target.redactor.redact_text(f"{type(error).__name__}: {error}")
            self._problems += (_NO_REPORT(why=reason),)
        finally:
            audit.close()
        if exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED) or exit_code == EXIT_FAULT:
            others_failed = session.testsfailed > self._failed
            session.exitstatus = exit_code or (pytest.ExitCode.TESTS_FAILED if others_failed else pytest.ExitCode.OK)
        if self._interrupted and exit_code != EXIT_FAULT:
            session.exitstatus = pytest.ExitCode.INTERRUPTED
        return True

    def _finish(self, audit: Audit) -> int:
        """Make the report of what was sent, write it, and give the exit code."""
        self.report = self._judge(audit, tuple(self._chapters()))
        self._write(self.report, audit)
        self._remember(self.report, audit)
        return EXIT_FAULT if self._problems else self.report.exit_code

    def _chapters(self) -> Iterable[ChapterResult]:
        """The files of tests that ran, in their order, and how those ended."""
        for file, title in read_suites().titles.items():
            ended = self._ended.get(file)
            if ended:
                wrong: ChapterOutcome = "error" if ended["error"] else "failed" if ended["failed"] else "skipped"
                outcome: ChapterOutcome = "passed" if ended["passed"] and wrong == "skipped" else wrong
                words = counts_in_words(ended)
                yield ChapterResult(f"suites/{file}", title, outcome, words, round(self._seconds[file], 3))

    def _remember(self, report: RunReport, audit: Audit) -> None:
        """Keep which requests showed what was found; of tests that did not run, what is known from before."""
        cache = getattr(self.config, "cache", None)
        if cache is None:
            return
        found = [finding for finding in report.ledger.findings if finding.level != "info"]
        shown = {key: list(probes) for key, probes in self._shown_before(audit).items() if key not in self._selected}
        for finding in found:
            for item in self._known_items().each_of(finding):
                probes = shown.setdefault(item.node_id, [])
                probes += [probe for probe in finding.probes if probe not in probes]
        cache.set(_SHOWN, {"target": _target(audit), "shown": shown})

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> Generator[None]:
        """After the failures, say the verdict, what it takes to do it again, and where the reports are."""
        yield
        if self.report is not None and self._settings is not None:
            terminalreporter.ensure_newline()
            page = str(self._settings.reports_dir / "drift.html")
            color = self.config.get_terminal_writer().hasmarkup
            shown_before = self._shown_findings if terminalreporter.config.option.tbstyle != "no" else frozenset[str]()
            shown = terminal.render(self.report, color, self._width, page, shown_before)
            terminalreporter.write_line(shown)
        for line in (*self._kept, *self._problems):
            terminalreporter.write_line(language(self.config.option.report_language).render(line))
        published = github.publish(self.report, os.environ) if self.report else ""
        if published:
            terminalreporter.write_line(published)

    def _write(self, report: RunReport, audit: Audit) -> None:
        """Write the reports, and what else is kept of the run; the one does not prevent the other."""
        try:
            # pytest writes JUnit's file.
            formats = {name: render for name, render in FORMATS.items() if name != junit_file.NAME}
            write_reports(report, audit.settings.reports_dir, formats)
        except ReportError as error:
            self._problems += error.problems
        try:
            self._kept = tuple(write_comparison_files(report, audit.comparison))
        except ReportError as error:
            self._problems += error.problems
        settings = audit.settings
        if settings.notify_command:
            page = settings.reports_dir / "drift.html"
            try:
                self._kept += (notify(report, settings.notify_command, page, os.environ, settings.key_env),)
            except ReportError as error:
                self._problems += error.problems

    # What it takes.

    @contextlib.contextmanager
    def _wrong_input(self) -> Generator[None]:
        """Wrong input ends the session with one line, and a mock that does not start with another exit code."""
        try:
            yield
        except InputError as error:
            said = language(self.config.option.report_language).render(error.message)
            raise pytest.UsageError(said) from None
        except OSError as error:
            raise pytest.UsageError(str(error)) from None
        except MockError as error:
            pytest.exit(language(self.config.option.report_language).render(error.message), returncode=EXIT_FAULT)

    def _begin(self) -> Audit:
        """Reach the target and make the plan."""
        command = typed_command([*map(str, self.config.invocation_params.args)])
        opening, self._opening = self._opening, None
        assert opening is not None
        with self._wrong_input():
            with without_assert_rewriting():
                seed, pauses = seed_from(self.config), Pauses(html.CHORES)
                audit = begin(
                    opening.settings,
                    seed=seed,
                    command=command,
                    opening=opening,
                    sleep=pauses.sleep,
                    warn=self._warn,
                    remembered=self._remembered(),
                )
                pauses.meanwhile = audit.runner.judge_until
            self.redactor = audit.target.redactor
            audit.confirm_address()
            self._audit = audit
        if audit.target.insecure:
            self._say(warning(INSECURE, audit.settings.language), red=True, bold=True)
        if self._verbosity >= 0:
            self._say(header(audit, self._numbers(audit)))
        if getattr(self.config.option, "reruns", None):
            self._say(language(audit.settings.language).render(_RERUNS()))
        return audit

    def _remembered(self) -> Remembered | None:
        """Requests that former runs made from documents, where pytest keeps anything between runs."""
        cache = getattr(self.config, "cache", None)
        return Remembered(cache.mkdir("batch-conformance")) if cache is not None else None

    def _warn(self, doubt: Message) -> None:
        """Before it is asked: that the base URL may be another one."""
        self._say(warning(doubt, self.config.option.report_language), yellow=True, bold=True)

    @property
    def _verbosity(self) -> int:
        return getattr(self.config.option, "verbose", 0)  # an option of pytest's terminal, which can be left out

    @property
    def _writer(self) -> TerminalWriter | None:
        return self.config.get_terminal_writer() if self.config.pluginmanager.has_plugin("terminalreporter") else None

    @property
    def _width(self) -> int:
        return min(max(self._writer.fullwidth if self._writer else 0, _LEAST_WIDTH), _MOST_WIDTH)

    @contextlib.contextmanager
    def _progress(self, audit: Audit) -> Generator[None]:
        """A line for a person who waits; none in logs and in quiet runs."""
        writer = self._writer
        capture = self.config.pluginmanager.get_plugin("capturemanager")
        if writer is None or not writer._file.isatty() or self._verbosity < 0:
            yield
            return

        def write(text: str) -> None:
            with capture.global_and_fixture_disabled() if capture else contextlib.nullcontext():
                writer.write(text, flush=True)

        def findings() -> int:
            return sum(finding.level != "info" for finding in audit.judged().findings)

        def describe(done: int, planned: int, chapter: str, found: int, left: int) -> str:
            code = self.config.option.report_language
            return progress_line(code, done, planned, chapter=chapter, findings=found, seconds=left)

        line = audit.runner.progress = ProgressLine(write, findings, describe, width=writer.fullwidth)
        try:
            yield
        finally:
            line.clear()


class _ReasonsInLanguage:
    """Has what people are shown say in their language why a test is skipped; what machines read has it already."""

    def __init__(self, session: AuditSession) -> None:
        self._session = session

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Put the reason in place of the English one."""
        reason = self._session.reason_in_language(report) if report.skipped else ""
        if reason and hasattr(report, "wasxfail"):
            report.wasxfail = reason
        elif reason and isinstance(report.longrepr, tuple):
            path, line, _ = report.longrepr
            report.longrepr = (path, line, f"Skipped: {reason}")


def _target(audit: Audit) -> str:
    """What a target is known by from one run to the next; the embedded mock has another port in each."""
    return audit.kind if audit.kind == "embedded mock" else str(audit.base)


def _is_ours(path: Path) -> bool:
    return path.parent == suites_folder()


def _forget_the_interrupt() -> None:
    # One that came through ``exec``, which makes dataclasses at import, CPython takes for unhandled and kills itself by
    # SIGINT in the end; the next ``exec`` has it forget that.
    exec("")


def _has_line(entry: Any) -> bool:
    try:
        return bool(entry.lineno >= 0)
    except TypeError:
        return False


def _reason(report: pytest.TestReport) -> str:
    """Why a test broke, in one line: the exception where there is one, else the last thing that was said."""
    crash = getattr(report.longrepr, "reprcrash", None)
    lines = (crash.message if crash else report.longreprtext).strip().splitlines() or ["no message"]
    return str(lines[0 if crash else -1])


def asks_for_suites(config: pytest.Config) -> bool:
    """Whether the session's arguments lead to the conformance tests."""
    suites = suites_folder()
    asked = [Path(config.invocation_params.dir, str(argument).partition("::")[0]).resolve() for argument in config.args]
    return any(path == suites or path in suites.parents or suites in path.parents for path in asked)


def _check_writable(folder: Path) -> None:
    """Raises ``InputError`` where reports could not be written later."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder, prefix=".writable."):
            pass
    except OSError as error:
        raise InputError(_NO_FOLDER(folder=str(folder), why=why_no_file(error))) from None
