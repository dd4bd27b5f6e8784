"""This project's suite as one of the tools that are measured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from look import HERE, Look, Stopwatch

from batch_conformance import __version__
from batch_conformance.contract.contract import Contract
from batch_conformance.run.prove.drift_runner import DriftRunner, Entry

PACKAGE = HERE.parent.parent / "batch_conformance"


class Suite:
    """An audit as ``prove`` makes it, with unsafe methods: findings of level must or should."""

    name = "batch-conformance"
    version = __version__
    together = 1

    def __init__(self, contract: Contract) -> None:
        self._runner = DriftRunner(contract)
        self.sources: Sequence[Path] = (Path(__file__), *sorted(PACKAGE.rglob("*.py")))

    def __enter__(self) -> Suite:
        self._runner.__enter__()
        self._runner.try_out()  # what it keeps for all runs is not a cost of the first
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.__exit__()

    def looks(self, entries: Sequence[Entry | None]) -> Sequence[Look]:
        """What each audit finds; the mock is the runner's."""
        return [self._look(entry) for entry in entries]

    def _look(self, entry: Entry | None) -> Look:
        watch = Stopwatch()
        with watch.running():
            observed = self._runner.try_out(*([entry] if entry else []))
        weighty = (one for one in observed.findings if one.level != "info")
        return Look(frozenset(" ".join(one.place) for one in weighty), observed.requests, watch.seconds)
