"""The ``trend`` command: history files in, the page of their trend out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from batch_conformance.input_error import InputError, why_no_file
from batch_conformance.message import Template
from batch_conformance.report.run.run_report import RunReport
from batch_conformance.report.trend.run_record import RunRecord, from_line, record_of, to_line
from batch_conformance.report.trend.trend import moment

_NO_RUN_IS_RECORDED_IN = Template(
    "trend_file.no_run_is_recorded_in", "no run is recorded in {files}: --history=FILE of a run writes one"
)
_IS_NO_LINE_OF_HISTORY = Template(
    "trend_file.is_no_line_of_history", "{where} is no line of a history: {at} is no time"
)
_CANNOT_READ_HISTORY = Template("trend_file.cannot_read_history", "cannot read the history {file}: {why}")


def append_run(report: RunReport, file: Path) -> None:
    """Add the line of a run to a history, at once, so that runs side by side can share one. Raises OSError."""
    with file.open("ab") as history:
        history.write(to_line(record_of(report)).encode("utf-8", "backslashreplace"))


def read_history(files: Sequence[Path]) -> Iterator[RunRecord]:
    """The runs of history files. Raises InputError with one line for a file that is none, and where there is no run."""
    count = 0
    for file in files:
        try:
            with file.open("rb") as lines:
                for number, line in enumerate(lines, start=1):
                    if line.strip():
                        count += 1
                        yield _dated(from_line(line, f"{file}:{number}"), f"{file}:{number}")
        except OSError as error:
            raise InputError(_CANNOT_READ_HISTORY(file=str(file), why=why_no_file(error))) from None
    if not count:
        raise InputError(_NO_RUN_IS_RECORDED_IN(files=str(", ".join(map(str, files)))))


def _dated(record: RunRecord, where: str) -> RunRecord:
    try:
        moment(record.at)
    except ValueError:
        raise InputError(_IS_NO_LINE_OF_HISTORY(where=str(where), at=f"{record.at!r}")) from None
    return record
