"""One ``prove`` command: the chosen drifts of the catalogue are tried out under a progress bar, and reported."""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import click

from batch_conformance.contract.choice import Operations
from batch_conformance.findings.gate import EXIT_DRIFT
from batch_conformance.report.language import Language
from batch_conformance.report.language import language as language_of
from batch_conformance.report.proof.formats import progress_of, render_text, write_proof
from batch_conformance.report.proof.proof import Trial
from batch_conformance.run.contracts import open_contract
from batch_conformance.run.prove.drift_runner import Entry, drift_of
from batch_conformance.run.prove.prove import Task, catalogue, choose, prove, task_choice


@dataclass(frozen=True, slots=True)
class ProofOptions:
    """What of the catalogue is to be proved, and under which contract. ``patterns`` are of names; empty means all.

    ``operation`` is empty where nobody named one; ``language`` is the code of the one that people read.
    """

    contract: str
    groups: Collection[str]
    patterns: Sequence[str]
    seed: int | None
    operation: str = ""
    operations: Operations = "retrieve"
    language: str = "en"


def perform_proof(options: ProofOptions, jobs: int, folder: Path, *, listing: bool) -> int:
    """Prove what was asked for, print and write it; returns the exit code: 0 only when all was right.

    Raises InputError with one line for what cannot be proved as asked, and OSError where reports cannot be written.
    """
    contract = open_contract(options.contract, choice=task_choice(options.operation, options.operations))
    chosen = choose(catalogue(contract).values(), options.groups, options.patterns)
    if listing:
        click.echo("\n".join(_listed(chosen)))
        return 0
    folder.mkdir(parents=True, exist_ok=True)
    names = tuple(entry.name for entry in chosen)
    task = Task(options.contract, options.seed, names, options.operation, options.operations)
    shown = sys.stderr.isatty()
    spoken = language_of(options.language)
    label, shown_item = spoken.text("Proving"), partial(_shown, spoken)
    bar = click.progressbar(length=len(chosen), label=label, file=sys.stderr, item_show_func=shown_item)
    with bar if shown else nullcontext() as moving:

        def advance_by(trial: Trial) -> None:
            if moving is not None:
                moving.update(1, trial)

        proof = prove(task, jobs, advance_by)
    click.echo(render_text(proof, spoken), nl=False)
    click.echo(spoken.text("Table: {file}", file=write_proof(proof, folder, spoken)[-1]))
    return 0 if proof.right else EXIT_DRIFT


def _shown(language: Language, trial: Trial | None) -> str:
    return "" if trial is None else progress_of(trial, language)[:60]


def _listed(chosen: Sequence[Entry]) -> list[str]:
    drifts = [drift_of(entry) for entry in chosen]
    width = min(60, max(len(drift.name) for drift in drifts))
    return [f"{one.name:{width}}  {one.group:10}  {one.rule or one.verdict:24}  {one.title}" for one in drifts]
