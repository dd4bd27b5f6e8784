"""Proves the suite: every drift of the catalogue is found at its clause, and nothing that conforms is accused."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache, partial

from batch_conformance.contract.choice import OperationChoice, Operations, choice_of
from batch_conformance.contract.contract import Contract
from batch_conformance.contract.operation_role import ROLES
from batch_conformance.input_error import InputError
from batch_conformance.message import Template
from batch_conformance.mock.derived import derive
from batch_conformance.mock.embedded import drifts_of
from batch_conformance.near_miss import suggested
from batch_conformance.report.proof.proof import Observed, Proof, Trial, assess
from batch_conformance.run.contracts import open_contract
from batch_conformance.run.prove.drift_runner import DriftRunner, Entry, drift_of

_NOTHING_IN_CATALOGUE_IS_NAMED = Template(
    "prove.nothing_in_catalogue_is_named",
    "nothing in the catalogue is named {pattern}{near} (`prove --list` lists all names)",
)

_AT_A_TIME = 4
"""Entries that a process takes at once: fewer keep the processes busy to the end, more save messages."""


class ProveError(InputError):
    """What cannot be proved as asked; one line says why and what to do."""


@dataclass(frozen=True, slots=True)
class Task:
    """What to try out: ``contract`` and ``operation`` as a person names them, ``seed`` of the probes, ``names`` of
    entries in order. ``operation`` is empty where nobody named one; ``operations`` are the parts that are judged."""

    contract: str
    seed: int | None
    names: tuple[str, ...]
    operation: str = ""
    operations: Operations = "retrieve"

    @property
    def choice(self) -> OperationChoice:
        """Which operations the contract is to hold. Raises ``ContractError``."""
        return task_choice(self.operation, self.operations)


def task_choice(operation: str, operations: Operations) -> OperationChoice:
    """The choice that the options of these names make. Raises ``ContractError``."""
    return choice_of(operation, operations=operations, roles=ROLES)


def catalogue(contract: Contract) -> dict[str, Entry]:
    """Every entry by its name: those that the contract has by itself first, then those written down.

    Raises ``MockSpecError`` where no mock can serve the contract.
    """
    derived: dict[str, Entry] = {mutation.name: mutation for mutation in derive(contract)}
    return {**derived, **drifts_of(contract)}


def choose(entries: Iterable[Entry], groups: Collection[str], patterns: Sequence[str]) -> tuple[Entry, ...]:
    """The entries of these groups (all where none is named) whose names match a pattern, such as ``200/created_at:*``.

    Raises ``ProveError`` for a pattern that nothing matches.
    """
    of_groups = [entry for entry in entries if not groups or drift_of(entry).group in groups]
    for pattern in patterns:
        if not any(fnmatchcase(entry.name, pattern) for entry in of_groups):
            near = suggested(pattern.partition(":")[0], {entry.name.partition(":")[0]: None for entry in of_groups})
            raise ProveError(_NOTHING_IN_CATALOGUE_IS_NAMED(pattern=f"{pattern!r}", near=near))
    if not patterns:
        return tuple(of_groups)
    return tuple(entry for entry in of_groups if any(fnmatchcase(entry.name, pattern) for pattern in patterns))


def prove(task: Task, jobs: int, tell: Callable[[Trial], None] | None = None) -> Proof:
    """Try out the entries, ``jobs`` at once; the trials stand in the order of the task. ``tell`` hears of each.

    Raises ``ContractError``. On KeyboardInterrupt the processes end first.
    """
    begun = time.monotonic()
    contract = open_contract(task.contract, choice=task.choice)
    entries = catalogue(contract)
    found: list[Trial] = []
    for name, observed in zip(task.names, _observed(task, contract, min(jobs, len(task.names))), strict=True):
        found.append(assess(drift_of(entries[name]), observed))
        if tell:
            tell(found[-1])
    return Proof(contract, tuple(found), task.seed, jobs, time.monotonic() - begun)


def _observed(task: Task, contract: Contract, jobs: int) -> Iterator[Observed]:
    if jobs < 2:
        entries = catalogue(contract)
        with DriftRunner(contract, seed=task.seed) as bench:
            yield from (bench.try_out(entries[name]) for name in task.names)
        return
    # Forked processes would share what threads of this one hold.
    pool = ProcessPoolExecutor(jobs, multiprocessing.get_context("spawn"), _leave_interrupts)
    try_out = partial(_try_out, replace(task, names=()))
    try:
        yield from pool.map(try_out, task.names, chunksize=_AT_A_TIME)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _leave_interrupts() -> None:
    """Ctrl-C reaches all processes of the job; this one ends when the first has told it so."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _try_out(task: Task, name: str) -> Observed:
    bench, entries = _bench(task)
    return bench.try_out(entries[name])


@cache
def _bench(task: Task) -> tuple[DriftRunner, Mapping[str, Entry]]:
    """The bench of this process, and the entries by name. Its mock ends with the process."""
    opened = open_contract(task.contract, choice=task.choice)
    return DriftRunner(opened, seed=task.seed).__enter__(), catalogue(opened)


def default_jobs() -> int:
    """As many as there are processors for this process."""
    return max(1, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)
