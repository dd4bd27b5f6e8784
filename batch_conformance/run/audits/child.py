"""The process of one audit: ``batch-conformance run``, which also hands over how it ended.

``python -m batch_conformance.run.audits.child RESULT [ARGUMENT]…`` takes the arguments of ``run`` and writes an
``AuditResult`` to the file RESULT.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from batch_conformance.resources import pytest_arguments
from batch_conformance.run.audits.result import AuditResult


class ResultPlugin:
    """Keeps what pytest and the audit say of how the session ended."""

    def __init__(self) -> None:
        self.result = AuditResult()

    @pytest.hookimpl(wrapper=True)
    def pytest_cmdline_parse(self) -> Generator[None, Any, Any]:
        """Options that pytest does not take."""
        return (yield from self._usage_error_of())

    @pytest.hookimpl(wrapper=True)
    def pytest_cmdline_main(self) -> Generator[None, Any, Any]:
        """What the audit cannot begin with."""
        return (yield from self._usage_error_of())

    def _usage_error_of(self) -> Generator[None, Any, Any]:
        try:
            return (yield)
        except pytest.UsageError as error:
            self.result = replace(self.result, usage_error=str(error))
            raise

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """A signal, or a session that was ended because something did not start."""
        ended = excinfo.value
        if isinstance(ended, pytest.exit.Exception):
            self.result = replace(self.result, fault=str(ended.msg))
        else:
            self.result = replace(self.result, interrupted=True)

    def pytest_unconfigure(self, config: pytest.Config) -> None:
        """What broke in the audit."""
        from batch_conformance.session import SESSION  # noqa: PLC0415 - pytest's own import of the plugin comes first

        session = config.stash.get(SESSION, None)
        if session is not None and session.fault:
            self.result = replace(self.result, fault=session.fault)


def main(arguments: Sequence[str]) -> int:
    """Run the audit; returns its exit code."""
    result, *asked = arguments
    plugin = ResultPlugin()
    try:
        return int(pytest.main(pytest_arguments(asked, Path.cwd()), plugins=[plugin]))
    finally:
        plugin.result.write(Path(result))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
