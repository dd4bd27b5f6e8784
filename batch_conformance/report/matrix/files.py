"""The files around a matrix: the ``drift.json`` files that it is made of, and those that it is written to."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from batch_conformance.input_error import why_no_file
from batch_conformance.message import Message, Template
from batch_conformance.report.language import ENGLISH, Language
from batch_conformance.report.matrix.formats import FORMATS, MatrixFileError, badge, read_matrix
from batch_conformance.report.matrix.matrix import Audited, Matrix
from batch_conformance.report.run.drift_json import DriftFileError, read_drift
from batch_conformance.report.run.writer import write_text

_MAX_BYTES = 512 * 1024 * 1024

_CANNOT_READ = Template("files.cannot_read", "cannot read {file}: {why}")
_IS = Template("files.is", "{file} is {what}")
_AT = Template("files.at", "{file}: {what}")
_TOO_LARGE = Template("files.too_large", "more than {number} bytes")


@dataclass(frozen=True, slots=True)
class Source:
    """Where one audit's report is to be found. ``reason`` says why, if it is known that there is none."""

    name: str
    path: Path
    reason: Message | None = None


def sources_of(paths: Sequence[Path]) -> tuple[Source, ...]:
    """The audits behind these files, or folders with a ``drift.json``: each is called after its folder.

    Where two folders have the same name, those around them are told too.
    """
    files = [path / "drift.json" if path.is_dir() else path for path in paths]
    for depth in range(1, 6):
        names = [_name(file, depth) for file in files]
        if len(set(names)) == len(names):
            break
    else:
        names = [f"{name}-{number}" for number, name in enumerate(names, 1)]
    return tuple(Source(name, file) for name, file in zip(names, files, strict=True))


def collect(sources: Iterable[Source], folder: Path) -> tuple[Audited, ...]:
    """The audits, for a matrix that is written into ``folder``. One that cannot be read is one without a report."""
    return tuple(_collect(source, folder) for source in sources)


def read_previous(path: Path) -> Mapping[str, Any]:
    """A former ``matrix.json``. Raises MatrixFileError with one line that names the file."""
    try:
        return read_matrix(path.read_bytes())
    except OSError as error:
        raise MatrixFileError(_CANNOT_READ(file=str(path), why=why_no_file(error))) from None
    except MatrixFileError as error:
        raise MatrixFileError(_IS(file=str(path), what=error.message)) from None


def write_matrix(matrix: Matrix, folder: Path, language: Language = ENGLISH) -> tuple[Path, ...]:
    """Write all formats and a badge for each vendor into ``folder``; returns the formats' paths. Raises OSError."""
    (folder / "badges").mkdir(parents=True, exist_ok=True)
    written = []
    for name, render in FORMATS.items():
        write_text(folder / name, render(matrix, language))
        written.append(folder / name)
    for vendor in matrix.vendors:
        write_text(folder / "badges" / f"{quote(vendor.name, safe=' ')}.json", badge(vendor))
    return tuple(written)


def _name(file: Path, depth: int) -> str:
    around = file.resolve().parent.parts[1:]
    own = () if file.name == "drift.json" and around else (file.stem,)
    return "/".join((*around[len(around) - depth + len(own) :], *own)) or file.stem


def _collect(source: Source, folder: Path) -> Audited:
    page = source.path.with_name("drift.html")
    link = quote(Path(os.path.relpath(page, folder)).as_posix()) if page.is_file() else ""
    if source.reason and not source.path.is_file():
        return Audited(source.name, None, link, source.reason)
    try:
        if source.path.stat().st_size > _MAX_BYTES:
            raise DriftFileError(_TOO_LARGE(number=_MAX_BYTES))
        return Audited(source.name, read_drift(source.path.read_bytes()), link)
    except OSError as error:
        return Audited(source.name, None, link, _CANNOT_READ(file=str(source.path), why=why_no_file(error)))
    except DriftFileError as error:
        return Audited(source.name, None, link, _AT(file=str(source.path), what=error.message))
