"""Runs drifts: a mock that drifts as it is told, and the suite against it, many times in one process."""

from __future__ import annotations

import tempfile
import time

from batch_conformance.contract.choice import Operations
from batch_conformance.contract.contract import Contract
from batch_conformance.mock.drift import Drift
from batch_conformance.mock.embedded import embedded_mock, is_own
from batch_conformance.mock.mutation import Mutation
from batch_conformance.probes.plan import Plan
from batch_conformance.report.proof.proof import Observed, Seen
from batch_conformance.run.live.audit import Audit
from batch_conformance.run.live.begin import begin
from batch_conformance.run.settings import Settings, settle

Entry = Drift | Mutation
"""What can be tried out: an entry of the catalogue, or one derived from a contract."""

TICK = 0.001
"""Seconds of the mock's time that one request takes: a plan of 350 requests spans more than its polls would wait."""

_IMPATIENT = 0.5
"""Seconds until a request counts as unanswered, where the entry is known to leave requests unanswered."""


def drift_of(entry: Entry) -> Drift:
    """What an entry shows."""
    return entry.drift() if isinstance(entry, Mutation) else entry


class DriftRunner:
    """A mock and all that its audits share; ``try_out`` runs one of them. Close it, or use it as a context manager."""

    def __init__(self, contract: Contract, *, seed: int | None = None) -> None:
        self.contract = contract
        self.seed = seed
        self._mock = embedded_mock(contract, fitted=not is_own(contract), tick=TICK)
        self._plans: dict[tuple[str, ...], Plan] = {}
        self._reports = tempfile.TemporaryDirectory()
        self._usual: frozenset[Seen] | None = None

    def __enter__(self) -> DriftRunner:
        self._mock.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._mock.stop()
        self._reports.cleanup()

    def try_out(self, *entries: Entry) -> Observed:
        """Audit the mock with an entry of the catalogue, or with several at once."""
        if self._usual is None:
            self._usual = frozenset()
            self._usual = frozenset(self.try_out().findings)
        begun = time.monotonic()
        audit = self.audit_of(*entries)
        try:
            audit.runner.send()
            report = audit.report()
        finally:
            audit.close()
        findings = tuple(
            Seen(found.rule, found.level, found.status, found.pointer, found.kind, found.observed)
            for found in report.ledger.findings
        )
        usual = len(self._usual.intersection(findings))
        return Observed(report.verdict, findings, report.run.requests, time.monotonic() - begun, usual)

    def audit_of(self, *entries: Entry) -> Audit:
        """An audit of the mock with these entries, which has sent nothing yet. Close it."""
        self._mock.switch(
            drifts=[entry.name for entry in entries if isinstance(entry, Drift)],
            mutations=[entry for entry in entries if isinstance(entry, Mutation)],
        )
        ids = self._mock.batch_ids
        audit = begin(
            self._settings(any(isinstance(entry, Drift) and entry.silent for entry in entries)),
            seed=self.seed,
            command="batch-conformance prove",
            contract=self.contract,
            plan=self._plans.get(ids),
            sleep=_no_sleep,
        )
        if (
            not self.contract.writes
        ):  # else the plan has batches that were made as well, which another run does not have
            self._plans[ids] = audit.plan
        return audit

    def _settings(self, impatient: bool) -> Settings:
        mock, contract = self._mock, self.contract
        operations: Operations = "all" if contract.writes else "read" if len(contract.operations) > 1 else "retrieve"
        return settle(
            {"BATCH_API_KEY": mock.key},
            base_url=mock.base_url,
            batch_ids=mock.batch_ids,
            unsafe=True,
            operations=operations,
            create="any" if operations == "all" else None,
            reports_dir=self._reports.name,
            request_timeout=_IMPATIENT if impatient else 10.0,
        )


def _no_sleep(_seconds: float) -> None:
    """The mock's time goes by its requests: waiting would change nothing."""
