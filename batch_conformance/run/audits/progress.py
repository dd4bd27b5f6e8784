"""What a person sees while many audits run: a live table on a terminal, plain lines anywhere else."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Protocol

from batch_conformance.message import Message
from batch_conformance.report.language import ENGLISH, Language
from batch_conformance.report.text import clip, one_line

if TYPE_CHECKING:
    from rich.table import Table

_GLYPHS = {"drift": "✖", "inconclusive": "?", "conforms": "✔", "no report": "!"}
_STYLES = {"drift": "red", "inconclusive": "yellow", "conforms": "green", "no report": "bold red"}
_PER_SECOND = 4


@dataclass(frozen=True, slots=True)
class AuditOutcome:
    """How one audit ended: ``code`` is its exit code, ``verdict`` that of its report or ``no report``."""

    name: str
    verdict: str
    code: int
    reason: Message
    seconds: float


class AuditProgress(Protocol):
    """Told when an audit begins and ends, from any thread. Used as a context manager."""

    def begins(self, name: str) -> None:
        """An audit has begun."""

    def ends(self, outcome: AuditOutcome) -> None:
        """An audit has ended."""

    def __enter__(self) -> AuditProgress:
        """Begin to show."""

    def __exit__(self, *_error: object) -> None:
        """End."""


def progress_for(stream: IO[str], names: Sequence[str], language: Language = ENGLISH) -> AuditProgress:
    """A live table where the stream is a terminal, else lines."""
    return LiveProgress(stream, names, language) if stream.isatty() else LineProgress(stream, len(names), language)


class LineProgress:
    """One line for each audit that ends."""

    def __init__(self, stream: IO[str], total: int, language: Language = ENGLISH) -> None:
        self._stream = stream
        self._language = language
        self._total = total
        self._ended = 0
        self._lock = threading.Lock()

    def __enter__(self) -> LineProgress:
        return self

    def __exit__(self, *_error: object) -> None:
        return None

    def begins(self, name: str) -> None:
        """Nothing: the end says enough."""

    def ends(self, outcome: AuditOutcome) -> None:
        """Say how it ended."""
        with self._lock:
            self._ended += 1
            self._stream.write(f"[{self._ended}/{self._total}] {line(outcome, self._language)}\n")
            self._stream.flush()


class LiveProgress:
    """A table that is drawn anew while audits run."""

    def __init__(self, stream: IO[str], names: Sequence[str], language: Language = ENGLISH) -> None:
        from rich.console import Console  # noqa: PLC0415 - only a terminal needs it
        from rich.live import Live  # noqa: PLC0415

        self._names = names
        self._language = language
        self._begun: dict[str, float] = {}
        self._outcomes: dict[str, AuditOutcome] = {}
        self._live = Live(
            get_renderable=self._table,
            console=Console(file=stream),
            refresh_per_second=_PER_SECOND,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def __enter__(self) -> LiveProgress:
        self._live.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._live.stop()

    def begins(self, name: str) -> None:
        """From now on its seconds are counted."""
        self._begun[name] = time.monotonic()

    def ends(self, outcome: AuditOutcome) -> None:
        """Show how it ended."""
        self._outcomes[outcome.name] = outcome

    def _table(self) -> Table:
        from rich.table import Table  # noqa: PLC0415
        from rich.text import Text  # noqa: PLC0415

        text = self._language.text
        table = Table(text("target"), text("state"), text("s"), text("What it came to"), expand=True)
        for name in self._names:
            outcome = self._outcomes.get(name)
            if outcome is not None:
                state = Text(f"{_GLYPHS[outcome.verdict]} {text(outcome.verdict)}", style=_STYLES[outcome.verdict])
                reason = clip(one_line(self._language.render(outcome.reason)), 200)
                table.add_row(Text(name), state, f"{outcome.seconds:.0f}", Text(reason))
            elif name in self._begun:
                table.add_row(Text(name), Text(text("… running")), f"{time.monotonic() - self._begun[name]:.0f}", "")
            else:
                table.add_row(Text(name), Text(f"  {text('waiting')}", style="dim"), "", "")
        return table


def line(outcome: AuditOutcome, language: Language = ENGLISH) -> str:
    """How an audit ended, in one line."""
    ended = language.text(
        "{target}: {verdict} in {seconds} s. {reason}",
        target=outcome.name,
        verdict=language.text(outcome.verdict),
        seconds=f"{outcome.seconds:.1f}",
        reason=clip(one_line(language.render(outcome.reason)), 200),
    )
    return f"{_GLYPHS[outcome.verdict]} {ended}"
