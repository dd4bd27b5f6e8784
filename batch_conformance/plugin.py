"""The pytest plugin: options, the marks and fixtures of the suites. Registered by the root ``conftest.py`` alone."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Generator
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from batch_conformance.assert_rewriting import without_assert_rewriting

with without_assert_rewriting():
    from batch_conformance.exchange.base_url import parse_base_url
    from batch_conformance.input_error import InputError
    from batch_conformance.junit_file import JunitFile
    from batch_conformance.report.language import language
    from batch_conformance.report_redaction import ReportRedaction
    from batch_conformance.resources import suites_folder
    from batch_conformance.run.options import add_options, answer_unknown_options
    from batch_conformance.session import SESSION, AuditSession, asks_for_suites
    from batch_conformance.suites import Of

__all__ = ["Judged", "Kept", "rule"]


def rule(name: str, *, of: Of | None = None) -> pytest.MarkDecorator:
    """The rule to which a test function holds the server, at the statuses of ``of`` where it is not at all of them."""
    return pytest.mark.rule(name, of=of) if of else pytest.mark.rule(name)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the options."""
    add_options(parser)
    answer_unknown_options(parser)
    if parser.prog == "pytest.main()":  # as `batch-conformance run` calls pytest: errors name what was typed
        parser.prog = "batch-conformance run"


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Register the mark and the session's audit, and end in order on SIGTERM and SIGHUP, as on Ctrl-C."""
    _refuse_credentials(config)
    option = config.option
    if option.plan:
        # A plan is made and printed by one process; pytest-xdist configures its own after this.
        option.dist, option.tx = "no", []
    config.addinivalue_line("markers", "rule(id, of=None): the rule of the contract that a test holds the server to")
    writes = asks_for_suites(config) and not (option.collectonly or option.plan or hasattr(config, "workerinput"))
    session = AuditSession(config, JunitFile(config, Path(option.reports_dir)) if writes else None)
    config.stash[SESSION] = session
    config.pluginmanager.register(session, "batch-conformance-session")
    config.pluginmanager.register(ReportRedaction(lambda: session.redactor), "batch-conformance-redaction")
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _interrupt)
        # A closed terminal ends a run too, unless it was to outlive it (nohup).
        hung_up = getattr(signal, "SIGHUP", None)
        if hung_up is not None and signal.getsignal(hung_up) is signal.SIG_DFL:
            signal.signal(hung_up, _interrupt)


def _refuse_credentials(config: pytest.Config) -> None:
    """Refuse a base URL with a password in it at once: other plugins print the URL before any run begins."""
    given = config.option.base_url or ""
    if "@" in given:
        try:
            parse_base_url(given)
        except InputError as error:
            raise pytest.UsageError(language(config.option.report_language).render(error.message)) from None


@pytest.hookimpl(wrapper=True)
def pytest_pycollect_makeitem(collector: pytest.Collector, name: str) -> Generator[None, Any, Any]:
    """Leave out the functions of rules that have no clause in this contract."""
    made = yield
    is_ours = name.startswith("test_") and collector.path.parent == suites_folder()
    if is_ours and collector.config.stash[SESSION].places(collector.path, name) is None:
        return []
    return made


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Call a function of the suites once for each place that its rule has in this contract.

    One that takes no place has no parameter in its name for the operation that is chosen, and one for each other.
    """
    path = metafunc.definition.path
    if path.parent != suites_folder():
        return
    places = metafunc.config.stash[SESSION].places(path, metafunc.function.__name__) or ()
    if "place" in metafunc.fixturenames:
        metafunc.parametrize("place", places)
    elif places:
        named = [pytest.param(place, id=place or pytest.HIDDEN_PARAM) for place in places]
        metafunc.parametrize("kept", named, indirect=True)


Kept = Callable[..., None]
"""Ends the test as its clause fared; called with the place where the function is called for several."""
Judged = Callable[[], None]
"""Fails the test where no verdict was reached."""


@pytest.fixture
def kept(request: pytest.FixtureRequest) -> Kept:
    """Looks up how the clause of the test fared."""

    def look_up(_place: str = "") -> None:
        __tracebackhide__ = True
        _end(request)

    return look_up


@pytest.fixture
def judged(request: pytest.FixtureRequest) -> Judged:
    """Looks up whether all was judged that a verdict needs."""

    def look_up() -> None:
        __tracebackhide__ = True
        _end(request)

    return look_up


def _end(request: pytest.FixtureRequest) -> None:
    __tracebackhide__ = True
    outcome = request.config.stash[SESSION].outcome(request.node)
    if outcome.state == "failed":
        pytest.fail("\n".join(filter(None, (outcome.message, outcome.text))), pytrace=False)
    if outcome.state == "xfailed":
        pytest.xfail(outcome.message)
        pytest.fail(outcome.message, pytrace=False)  # --runxfail, which lets xfail do nothing
    if outcome.state == "skipped":
        pytest.skip(outcome.message)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt("terminated")
