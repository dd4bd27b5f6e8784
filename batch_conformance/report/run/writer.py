"""Writes every report of a run into one folder, each whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from batch_conformance.input_error import why_no_file
from batch_conformance.message import Message, Template
from batch_conformance.report.finding import suggested_overlay
from batch_conformance.report.items import junit
from batch_conformance.report.run import drift_json, har_file, html, markdown, sarif
from batch_conformance.report.run.run_report import RunReport

FORMATS: Mapping[str, Callable[[RunReport], str]] = {
    "drift.json": drift_json.render,
    "drift.html": html.render,
    "junit.xml": junit.render,
    "drift.sarif": sarif.render,
    "summary.md": markdown.render,
    "exchanges.har": har_file.render,
    "suggested-overlay.yaml": suggested_overlay.render,
}
"""File name and renderer of every report, in the order in which they are written."""


_NO_FOLDER = Template("write.no_folder", "cannot make the reports folder {folder}: {why}")
CANNOT_WRITE = Template("write.failed", "cannot write {file}: {why}")
_CANNOT_RENDER = Template("write.not_rendered", "cannot render {file}: {type}: {why}")


class ReportError(Exception):
    """Reports that could not be written, one line each. What could be written has been: ``written``."""

    def __init__(self, problems: tuple[Message, ...], written: tuple[Path, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems
        self.written = written


def write_reports(
    report: RunReport, folder: Path, formats: Mapping[str, Callable[[RunReport], str]] = FORMATS
) -> tuple[Path, ...]:
    """Writes all formats of the report into ``folder``, which is created if needed, and returns their paths.

    Each is written under a temporary name and renamed, so that a reader never sees half of one and a failed run leaves
    the former one in place. One that fails does not prevent the others; in the end ReportError names those that did.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReportError((_NO_FOLDER(folder=str(folder), why=why_no_file(error)),), ()) from error
    written: list[Path] = []
    problems: list[Message] = []
    for name, render in formats.items():
        path = folder / name
        try:
            write_text(path, render(report))
        except OSError as error:
            problems.append(CANNOT_WRITE(file=str(path), why=why_no_file(error)))
        except Exception as error:  # a fault in one renderer must not cost the other reports
            problems.append(_CANNOT_RENDER(file=name, type=type(error).__name__, why=str(error)))
        else:
            written.append(path)
    if problems:
        raise ReportError(tuple(problems), tuple(written))
    return tuple(written)


def write_text(path: Path, text: str) -> None:
    """Writes ``text`` as UTF-8 under a temporary name beside ``path``, then renames it. Raises OSError."""
    if path.is_dir():
        raise IsADirectoryError(21, "Is a directory")
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
