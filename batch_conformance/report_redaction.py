"""Keeps the run's secrets out of what pytest itself shows: tracebacks with variables, captured output, crashes."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import pytest

from batch_conformance.exchange.redaction import Redactor


class ReportRedaction:
    """A pytest plugin that cleans every report of a test before anybody sees it.

    The exchanges that an audit keeps are clean. What a crash shows with ``--showlocals`` is whatever it was busy with,
    such as an answer that repeats the key and was about to be cleaned. ``redactor`` gives None while nothing is secret.
    """

    def __init__(self, redactor: Callable[[], Redactor | None]) -> None:
        self._redactor = redactor

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Clean how a test ended: its traceback and what it printed and logged."""
        report = yield
        redactor = self._redactor()
        if redactor is not None:
            text = report.longreprtext if not isinstance(report.longrepr, tuple) else ""
            clean = redactor.redact_text(text)
            if clean != text:
                report.longrepr = clean
            report.sections = [(title, redactor.redact_text(shown)) for title, shown in report.sections]
        return report

    @pytest.hookimpl(tryfirst=True)
    def pytest_internalerror(self, excrepr: Any) -> None:
        """Clean the traceback of a crash before pytest prints it."""
        redactor = self._redactor()
        text = str(excrepr)
        clean = redactor.redact_text(text) if redactor else text
        if clean != text:
            excrepr.toterminal = lambda writer: writer.write(clean)
