"""What a run is held against besides its contract, and what is kept of it: baseline, shape, previous report."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from batch_conformance.contract.contract import Contract
from batch_conformance.findings.baseline import Baseline, EntryResult
from batch_conformance.findings.baseline_file import BaselineError, parse_baseline, rewrite
from batch_conformance.findings.finding import Finding
from batch_conformance.findings.history import Circumstances, History, compare
from batch_conformance.findings.ledger import Ledger
from batch_conformance.findings.shape import ShapeError, ShapeRecord, parse_shape, shape_json
from batch_conformance.input_error import InputError, why_no_file
from batch_conformance.judge.shape import observe
from batch_conformance.message import Message, Template, shown
from batch_conformance.report.finding.baseline_entry import day_of
from batch_conformance.report.run.drift_json import DriftFileError, read_drift
from batch_conformance.report.run.run_report import RunReport, TargetFacts
from batch_conformance.report.run.writer import CANNOT_WRITE, ReportError, write_text

_HAS_SHAPE_OF_AND_CONTRACT = Template(
    "comparison.has_shape_of_and_contract",
    "{shape} has the shape of {operation}, and the contract is of {id}: record one with --write-shape",
)
_IS_FOLDER_NAME_FILE = Template("comparison.is_folder_name_file", "{option} {target} is a folder: name a file")
_THERE_IS_NO_FOLDER = Template("comparison.there_is_no_folder", "{option} {target}: there is no folder {folder}")
_CANNOT_BE_WRITTEN_PERMISSION_DENIED = Template(
    "comparison.cannot_be_written_permission_denied", "{option} {target} cannot be written: permission denied"
)
_IS_TOO_LARGE_TO_BE = Template("comparison.is_too_large_to_be", "{option} {path} is too large to be meant")
_CANNOT_READ = Template("comparison.cannot_read", "cannot read {option} {path}: {why}")
_NOT_THERE = Template(
    "comparison.not_there", "cannot read {option} {path}: there is no such file; a run with {writes}={path} writes it"
)
_NO_FORMER_RUN = Template(
    "comparison.no_former_run",
    "cannot read {option} {path}: there is no such file; where there is no earlier run yet, leave the option out",
)
_WRITES: Mapping[str, str] = {"--baseline": "--write-baseline", "--shape": "--write-shape"}
_PREVIOUS = Template("comparison.previous", "--previous {name}: {what}")

_MOST_BYTES = 64 * 1024 * 1024

_T = TypeVar("_T")


_NOT_WRITTEN = Template("keep.not_written", "{file} was not written: the run ended in a fault of this tool")
_BASELINE = Template("keep.baseline", "Baseline {file}: {added} added, {removed} removed as fixed, {kept} kept")
_EXPIRED = Template("keep.expired", "{message}, {number} of them expired: renew or delete those by hand")
_WITHOUT_REASON = Template("keep.without_reason", "{message}; write the reason of each new one into it")
_HISTORY = Template("keep.history", "History {file}: one run added")
_SHAPE = Template("keep.shape", "Shape {file}: {statuses} statuses, {states} states of a batch")


class ComparisonError(InputError):
    """A file to compare with, or to write, that cannot be used; one line says what to do."""


@dataclass(frozen=True, slots=True)
class Files:
    """The files that were named: what to read, what to write, and the ``reason`` for accepting what is written."""

    baseline: Path | None = None
    write_baseline: Path | None = None
    reason: str = ""
    strict: bool = False
    previous: Path | None = None
    shape: Path | None = None
    write_shape: Path | None = None
    history: Path | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was read of those files."""

    files: Files
    baseline: Baseline | None = None
    shape: ShapeRecord | None = None
    previous: Mapping[str, Any] | None = None

    def accept(self, findings: Iterable[Finding], started_at: str) -> tuple[Finding, ...]:
        """The findings, with the states that the baseline gives them."""
        return self.baseline.accept(findings, day_of(started_at)) if self.baseline else tuple(findings)

    def entries(self, ledger: Ledger, *, complete: bool) -> tuple[EntryResult, ...]:
        """What became of the baseline's entries."""
        return self.baseline.results(ledger.findings, ledger.clauses, complete=complete) if self.baseline else ()

    def history(
        self, ledger: Ledger, contract: Contract, target: TargetFacts, *, started_at: str, complete: bool
    ) -> History | None:
        """The findings' history, where a previous report was given."""
        if self.previous is None:
            return None
        return compare(
            self.previous,
            str(self.files.previous),
            ledger.findings,
            ledger.clauses,
            started_at=started_at,
            complete=complete,
            now=Circumstances(
                target.base_url,
                target.kind,
                contract.document.sha256,
                f"{contract.chosen.method.upper()} {contract.chosen.path}",
                contract.reading,
                tuple(contract.overlays),
            ),
        )


def load_comparison(files: Files, contract: Contract) -> Comparison:
    """Read what the files hold. Raises ``InputError`` with one line for people.

    What is to be written is only looked at: a run that cannot keep its results should not begin.
    """
    written = (
        (files.write_baseline, "--write-baseline"),
        (files.write_shape, "--write-shape"),
        (files.history, "--history"),
    )
    for target, option in written:
        if target is not None:
            _check_writable(target, option)
    shape = _read(files.shape, "--shape", parse_shape) if files.shape else None
    if shape is not None and shape.operation != contract.chosen.id:
        raise ShapeError(
            _HAS_SHAPE_OF_AND_CONTRACT(
                shape=str(files.shape), operation=str(shape.operation), id=str(contract.chosen.id)
            )
        )
    return Comparison(
        files,
        baseline=_read(files.baseline, "--baseline", parse_baseline) if files.baseline else None,
        shape=shape,
        previous=_read(files.previous, "--previous", _previous) if files.previous else None,
    )


def write_comparison_files(report: RunReport, comparison: Comparison) -> Sequence[Message]:
    """Write the baseline, the shape and the history that were asked for, and say what has become of them, a line each.

    Raises ``ReportError`` when one cannot be written. A run that a fault of this tool spoilt leaves all as they are.
    """
    files, written, problems = comparison.files, list[Message](), list[Message]()
    for target in filter(None, (files.write_baseline, files.write_shape, files.history)):
        try:
            if report.fault:
                problems.append(_NOT_WRITTEN(file=str(target)))
            elif target is files.write_baseline:
                written.append(_keep_baseline(report, comparison, target))
            elif target is files.write_shape:
                written.append(_keep_shape(report, target))
            else:
                from batch_conformance.run.trend import append_run  # noqa: PLC0415 - kept of few runs

                append_run(report, target)
                written.append(_HISTORY(file=str(target)))
        except OSError as error:
            problems.append(CANNOT_WRITE(file=str(target), why=why_no_file(error)))
        except BaselineError as error:
            problems.append(shown(str(error)))
    if problems:
        raise ReportError(tuple(problems), ())
    return written


def _keep_baseline(report: RunReport, comparison: Comparison, target: Path) -> Message:
    ledger, today = report.ledger, day_of(report.run.started_at)
    baseline, entries = comparison.baseline, report.entries
    if baseline is None:
        baseline = parse_baseline(target.read_bytes(), str(target)) if _has_content(target) else Baseline(str(target))
        known = baseline.accept(ledger.findings, date.min)
        entries = baseline.results(known, ledger.clauses, complete=report.complete)
    made = rewrite(baseline, ledger.findings, entries, today, comparison.files.reason)
    write_text(target, made.text)
    message = _BASELINE(file=str(target), added=made.added, removed=made.removed, kept=made.kept)
    if made.expired:
        message = _EXPIRED(message=message, number=made.expired)
    return message if comparison.files.reason or not made.added else _WITHOUT_REASON(message=message)


def _keep_shape(report: RunReport, target: Path) -> Message:
    shape = observe(report.ledger.exchanges, report.contract)
    write_text(target, shape_json(shape))
    states = sum(bool(state) for _, state in shape.answers)
    return _SHAPE(file=str(target), statuses=len(shape.answers) - states, states=states)


def _read(path: Path, option: str, parse: Callable[[bytes, str], _T]) -> _T:
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise ComparisonError(_IS_TOO_LARGE_TO_BE(option=str(option), path=str(path)))
        return parse(path.read_bytes(), str(path))
    except FileNotFoundError:
        writes = _WRITES.get(option)
        if writes is None:
            raise ComparisonError(_NO_FORMER_RUN(option=option, path=str(path))) from None
        raise ComparisonError(_NOT_THERE(option=option, path=str(path), writes=writes)) from None
    except OSError as error:
        raise ComparisonError(_CANNOT_READ(option=str(option), path=str(path), why=why_no_file(error))) from None


def _previous(raw: bytes, name: str) -> Mapping[str, Any]:
    try:
        return read_drift(raw)
    except DriftFileError as error:
        raise ComparisonError(_PREVIOUS(name=name, what=error.message)) from None


def _has_content(path: Path) -> bool:
    return path.is_file() and bool(path.read_bytes().strip())


def _check_writable(target: Path, option: str) -> None:
    folder = target.parent
    if target.is_dir():
        raise ComparisonError(_IS_FOLDER_NAME_FILE(option=str(option), target=str(target)))
    if not folder.is_dir():
        raise ComparisonError(_THERE_IS_NO_FOLDER(option=str(option), target=str(target), folder=str(folder)))
    if not os.access(target if target.exists() else folder, os.W_OK):
        raise ComparisonError(_CANNOT_BE_WRITTEN_PERMISSION_DENIED(option=str(option), target=str(target)))
    if option == "--write-baseline" and _has_content(target):
        parse_baseline(target.read_bytes(), str(target))  # what cannot be read would be lost
