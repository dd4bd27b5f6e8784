"""How a test that fails by a finding is shown: what was found, and no line of this tool's code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from batch_conformance.report.items.item_outcome import Outcome


@dataclass(frozen=True, slots=True)
class Crash:
    """What pytest and its plugins read for a short summary: a message of one line, and no place in the code."""

    message: str
    path: str = ""
    lineno: int = 0


class FindingText:
    """Stands where a report of pytest has a traceback.

    As a text, which machines are given, it is English; on the terminal it is in the language of the reports.
    """

    def __init__(self, outcome: Outcome, shown: str) -> None:
        self.reprcrash = Crash(outcome.message)
        self._text = outcome.text or outcome.message
        self._shown = shown or self._text

    def __str__(self) -> str:
        return self._text

    def toterminal(self, writer: Any) -> None:
        """Write it, the first line as pytest writes what went wrong."""
        first, *rest = self._shown.splitlines()
        writer.line(first, red=True, bold=True)
        for line in rest:
            writer.line(line)
