"""The pytest plugin: options, marker, fixture. Registered by the root ``conftest.py`` alone."""

from __future__ import annotations

import signal
import threading
from types import FrameType

import pytest

from batch_conformance.verbatim import verbatim

with verbatim():
    from batch_conformance.discretion import Discretion
    from batch_conformance.exchange.base_url import parse_base_url
    from batch_conformance.input_error import InputError
    from batch_conformance.run.options import add_options
    from batch_conformance.session import MARKER, SESSION, AuditSession, Chapter

__all__ = ["Chapter"]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Register the options."""
    add_options(parser)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker and the session's audit, and end in order on SIGTERM and SIGHUP, as on Ctrl-C."""
    _refuse_credentials(config)
    if config.option.plan:
        # A plan is made and printed by one process; pytest-xdist configures its own after this.
        config.option.dist, config.option.tx = "no", []
    config.addinivalue_line("markers", f"{MARKER}(name): a conformance test of one chapter of the plan")
    session = AuditSession(config)
    config.stash[SESSION] = session
    config.pluginmanager.register(session, "batch-conformance-session")
    config.pluginmanager.register(Discretion(lambda: session.redactor), "batch-conformance-discretion")
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
            raise pytest.UsageError(str(error)) from None


@pytest.fixture
def chapter(request: pytest.FixtureRequest) -> Chapter:
    """The chapter that the test's marker names."""
    marker = request.node.get_closest_marker(MARKER)
    if marker is None:
        raise pytest.UsageError(f"{request.node.nodeid} asks for a chapter but has no marker {MARKER}(name)")
    return Chapter(request.config.stash[SESSION], marker.args[0], request.node)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt("terminated")
