"""The one model that every report is rendered from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from batch_conformance.contract.contract import Contract
from batch_conformance.exchange.exchange import Exchange
from batch_conformance.findings.baseline import EntryResult
from batch_conformance.findings.gate import sentence
from batch_conformance.findings.history import History
from batch_conformance.findings.ledger import Ledger
from batch_conformance.message import Message

Verdict = Literal["conforms", "drift", "inconclusive"]
ChapterOutcome = Literal["passed", "failed", "skipped", "error"]


@dataclass(frozen=True, slots=True)
class TargetFacts:
    """Who was asked. ``kind`` is ``embedded mock``, ``loopback`` or ``remote``; ``batch_ids`` are the known ids."""

    base_url: str
    kind: str
    batch_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RunFacts:
    """The facts needed to reproduce the run. Times: ``started_at`` RFC 3339 UTC, ``duration_s`` seconds."""

    seed: str
    started_at: str
    duration_s: float
    requests: int
    planned: int
    exploration: str
    fail_on: str
    command: str
    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class ChapterResult:
    """One file of conformance tests: ``title`` is its sentence, ``detail`` says how its tests ended."""

    name: str
    title: str
    outcome: ChapterOutcome
    detail: Message | None
    duration_s: float


@dataclass(frozen=True, slots=True)
class RunReport:
    """A finished (or broken off) run.

    ``asked_again`` is what came when new findings were to be confirmed: it is no part of the ledger.
    ``outcome`` says more of the verdict, ``missing`` names what was required and stayed unjudged, ``notes`` what a
    reader should know (an ignored ``Prefer``, a healed 429, a partial selection). ``stopped`` says why the run
    ended early, ``fault`` is a fault of this tool. ``partial`` says that only a selection of the clauses was to be
    judged; ``outside`` are the ids of findings at the others: they are reported, and fail nothing. ``redacted`` are
    pointers of bodies whose values are to be masked beside customers' own. ``baseline`` is the name of the
    baseline, empty where none was given, and ``entries`` what became of what it accepts, of which fixed ones fail
    the run where ``strict_baseline`` says so; ``history`` is None where no previous report was given. ``language``
    is that of all that people read. ``minimizing`` are the exchanges that looked for the smallest request of a finding;
    the ledger does not count them.
    """

    verdict: Verdict
    complete: bool
    exit_code: int
    exit_reason: Message
    outcome: Message
    target: TargetFacts
    run: RunFacts
    contract: Contract
    ledger: Ledger
    asked_again: tuple[Exchange, ...] = ()
    chapters: tuple[ChapterResult, ...] = ()
    missing: tuple[Message, ...] = ()
    notes: tuple[Message, ...] = ()
    stopped: Message | None = None
    fault: str = ""
    partial: bool = False
    outside: frozenset[str] = frozenset()
    redacted: tuple[str, ...] = ()
    baseline: str = ""
    entries: tuple[EntryResult, ...] = ()
    strict_baseline: bool = False
    history: History | None = None
    language: str = "en"
    minimizing: tuple[Exchange, ...] = ()

    @property
    def sentence(self) -> Message:
        """The verdict in one sentence."""
        return sentence(self.verdict, self.outcome)
