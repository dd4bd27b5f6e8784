"""A bad week of a network, simulated: audits of a mock behind a gateway that resets, overloads and limits by chance.

All in one process and without waiting between retries, so that hundreds of audits take minutes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import gateway

from batch_conformance.contract.sources import shipped_contract
from batch_conformance.mock.drifts import DRIFTS
from batch_conformance.mock.process import EmbeddedMock
from batch_conformance.probes.plan import Exploration, Plan
from batch_conformance.run.live.begin import begin
from batch_conformance.run.prove.drift_runner import TICK
from batch_conformance.run.settings import settle

PLAIN = ""
"""The mock without an entry of the catalogue."""

CONFORMING = (PLAIN, *(drift.name for drift in DRIFTS.values() if drift.verdict == "conforms" and not drift.silent))
DRIFTING = tuple(drift.name for drift in DRIFTS.values() if drift.verdict == "drift" and not drift.silent)


@dataclass(frozen=True)
class Bout:
    """One audit on a bad day: ``name`` of what the mock does, the right verdict and the one given.

    ``fates`` counts what became of the requests, as the gateway saw it; ``findings`` are rules at ``must`` and
    ``should``.
    """

    name: str
    right: str
    verdict: str
    fates: Counter[str]
    findings: tuple[str, ...]

    @property
    def wrong(self) -> bool:
        """A definite verdict that is not the right one: worse than none."""
        return self.verdict not in (self.right, "inconclusive")


def bouts(names: Iterable[str], *, first_seed: int = 0, exploration: Exploration = "standard") -> Iterator[Bout]:
    """Audit the mock with each of these entries of the catalogue, each on a day of its own."""
    contract = shipped_contract()
    plans: dict[tuple[str, ...], Plan] = {}
    with (
        EmbeddedMock(tick=TICK) as mock,
        gateway.before(mock.base_url, gateway.always("pass")) as (seen, base_url),
    ):
        for seed, name in enumerate(names, first_seed):
            mock.switch(drifts=[name] if name else [])
            seen.fate = gateway.flaky(seed)
            seen.fates.clear()
            ids = mock.batch_ids
            settings = settle(
                {"BATCH_API_KEY": mock.key}, base_url=base_url, batch_ids=ids, unsafe=True, exploration=exploration
            )
            audit = begin(
                settings,
                seed=None,
                command="pytest",
                contract=contract,
                plan=plans.get(ids),
                sleep=lambda _seconds: None,
            )
            plans[ids] = audit.plan
            try:
                audit.runner.send()
                report = audit.report()
            finally:
                audit.close()
            findings = tuple(sorted({f.rule for f in report.ledger.findings if f.level != "info"}))
            right = DRIFTS[name].verdict if name else "conforms"
            yield Bout(name, right, report.verdict, Counter(seen.fates), findings)
