"""A trial: the suite against one entry of the catalogue, and whether it said what it had to say."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from batch_conformance.contract.contract import Contract
from batch_conformance.findings.finding import Finding, Level
from batch_conformance.findings.gate import Verdict
from batch_conformance.mock.drift import Drift
from batch_conformance.mock.process import EmbeddedMock
from batch_conformance.probes.chapters import CHAPTER_NAMES
from batch_conformance.probes.plan import Plan
from batch_conformance.run.audit import Audit
from batch_conformance.run.settings import Settings, settle

Outcome = Literal["killed", "elsewhere", "survived", "spared", "accused"]
"""killed: found at its clause; elsewhere: drift was found, at other clauses only; survived: nothing was found;
spared: a conforming variant or an outage was not accused; accused: it was."""

TICK = 0.0025
"""Seconds of the mock's time that one request takes: a plan of 350 requests spans what its polls would wait."""

MOST_FINDINGS = 3
"""More findings for one cause need a reason."""

_IMPATIENT = 0.5
"""Seconds until a request counts as unanswered, where the entry is known to leave requests unanswered."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A finding of a trial: what tells it from others."""

    rule: str
    level: Level
    status: str
    pointer: str
    kind: str
    observed: str

    @property
    def place(self) -> tuple[str, str, str]:
        """Rule, status and pointer."""
        return self.rule, self.status, self.pointer


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of one entry. ``strays`` are findings of level must or should that it does not account for."""

    entry: Drift
    outcome: Outcome
    verdict: Verdict
    findings: tuple[Seen, ...]
    strays: tuple[Seen, ...]
    requests: int
    seconds: float

    @property
    def right(self) -> bool:
        """Whether the suite said what it had to say, and nothing else."""
        return self.outcome in ("killed", "spared") and not self.strays and not self.cascades

    @property
    def cascades(self) -> bool:
        """Whether one cause brought more than three findings without a stated reason."""
        return bool(self.entry.rule) and len(self.findings) > MOST_FINDINGS and not self.entry.because


def judged(entry: Drift, verdict: Verdict, findings: Sequence[Finding], requests: int, seconds: float) -> Trial:
    """Weigh what the suite found against what the entry says must be found."""
    seen = tuple(Seen(f.rule, f.level, f.status, f.pointer, f.kind, f.observed) for f in findings)
    weighty = [one for one in seen if one.level != "info"]
    wanted = (entry.rule, entry.status, entry.pointer)
    strays = tuple(one for one in weighty if one.place != wanted and one.rule not in entry.also)
    return Trial(entry, _outcome(entry, verdict, seen, weighty), verdict, seen, strays, requests, seconds)


def _outcome(entry: Drift, verdict: Verdict, seen: Sequence[Seen], weighty: Sequence[Seen]) -> Outcome:
    if not entry.rule:
        return "spared" if verdict == entry.verdict and not weighty else "accused"
    if verdict == entry.verdict and any(one.place == (entry.rule, entry.status, entry.pointer) for one in seen):
        return "killed"
    return "elsewhere" if weighty else "survived"


class Bench:
    """A mock and all that its audits share; ``try_out`` runs one of them. Close it, or use it as a context manager."""

    def __init__(self, contract: Contract, *, seed: int | None = None) -> None:
        self.contract = contract
        self.seed = seed
        self._mock = EmbeddedMock(tick=TICK)
        self._plans: dict[tuple[str, ...], Plan] = {}

    def __enter__(self) -> Bench:
        self._mock.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._mock.stop()

    def try_out(self, *entries: Drift) -> Trial:
        """Audit the mock with an entry of the catalogue; with several the trial is the first one's."""
        begun = time.monotonic()
        audit = self._audit(entries)
        try:
            audit.runner.perform(CHAPTER_NAMES)
            report = audit.report((), selected=CHAPTER_NAMES)
        finally:
            audit.close()
        found = report.ledger.findings
        return judged(entries[0], report.verdict, found, report.run.requests, time.monotonic() - begun)

    def _audit(self, entries: Sequence[Drift]) -> Audit:
        self._mock.switch(drifts=[entry.name for entry in entries])
        ids = self._mock.batch_ids
        audit = Audit(
            self._settings(any(entry.silent for entry in entries)),
            seed=self.seed,
            command="batch-conformance prove",
            contract=self.contract,
            plan=self._plans.get(ids),
            sleep=_no_sleep,
        )
        self._plans[ids] = audit.plan
        return audit

    def _settings(self, impatient: bool) -> Settings:
        mock = self._mock
        return settle(
            {"BATCH_API_KEY": mock.key},
            base_url=mock.base_url,
            batch_ids=mock.batch_ids,
            unsafe=True,
            request_timeout=_IMPATIENT if impatient else 10.0,
        )


def _no_sleep(_seconds: float) -> None:
    """The mock's time goes by its requests: waiting would change nothing."""
