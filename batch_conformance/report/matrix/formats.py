"""The matrix as JSON, CSV, Markdown, HTML and badges."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import resources
from itertools import groupby
from typing import Any, Protocol

from jsonschema import Draft202012Validator
from markupsafe import Markup

from batch_conformance.input_error import InputError, why_no_json
from batch_conformance.message import Template
from batch_conformance.report.language import ENGLISH, Language
from batch_conformance.report.matrix.matrix import STATES, CellState, Matrix, MatrixCell, MatrixRow, Vendor, held_to
from batch_conformance.report.page import asset, csp, template
from batch_conformance.report.run.markdown import escape
from batch_conformance.report.text import clip, one_line
from batch_conformance.schema_error import what_is_wrong

_NOT_MATRIX_JSON_OF_FORMAT = Template(
    "matrix_file.not_matrix_json_of_format", "not a matrix.json of format {format}: at {json_path}: {message}"
)
_NOT_WHOLE_MATRIX_JSON_ROW = Template(
    "matrix_file.not_whole_matrix_json_row",
    "not a whole matrix.json: a row has not one cell for each of the {vendors} vendors",
)
_NOT_MATRIX_JSON = Template("matrix_file.not_matrix_json", "not a matrix.json: {why}")

FORMAT = "batch-conformance-matrix/1"

WORDS: Mapping[CellState, str] = {
    "must": "must",
    "should": "should",
    "info": "info",
    "inconclusive": "inconclusive",
    "no_report": "no report",
    "not_observed": "not observed",
    "kept": "kept",
    "not_in_contract": "not in contract",
}
GLYPHS: Mapping[str, str] = {
    **{"must": "✖", "should": "▲", "info": "●", "inconclusive": "?", "no_report": "!", "not_observed": "–"},
    **{"kept": "✔", "not_in_contract": "·"},
    **{"drift": "✖", "accepted": "≡", "conforms": "✔", "no report": "!", "not audited": "·"},
}

MARKDOWN_VENDORS = 12
"""Columns that a table in a comment can have and still be read."""

MARKDOWN_REASONS = 4
"""Reasons for what was not judged that a comment tells of a target."""

CHANGES = 500
"""Changes listed on the page; ``matrix.json`` has them all."""

_COLORS = {
    "accepted": "yellow",
    "conforms": "brightgreen",
    "drift": "red",
    "inconclusive": "yellow",
    "no report": "lightgrey",
}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class MatrixFileError(InputError):
    """A text that is no ``matrix.json`` of this format; one line says what is wrong."""


def render_json(matrix: Matrix, _language: Language = ENGLISH) -> str:
    """For machines, in English, and for the next matrix to say what changed."""
    return json.dumps(document(matrix), ensure_ascii=False, separators=(",", ":")) + "\n"


def document(matrix: Matrix) -> dict[str, Any]:
    """The matrix as JSON values: of every row the cells' states, and by vendor the findings where there are any."""
    names = [vendor.name for vendor in matrix.vendors]
    return {
        "format": FORMAT,
        "sentence": str(matrix.sentence),
        "verdicts": dict(matrix.verdicts),
        "vendors": [_vendor(vendor) for vendor in matrix.vendors],
        "rules": [
            {
                "key": row.key,
                "says": str(row.says),
                **_cells(row, names),
                **_operation(row),
                "clauses": [cell.clauses for cell in row.cells],
                "kept": [cell.kept for cell in row.cells],
            }
            for row in matrix.rules
        ],
        "clauses": [
            {
                "key": row.key,
                "rule": row.rule,
                "status": row.status,
                "media_type": row.media_type,
                "pointer": row.pointer,
                "says": str(row.says),
                **_cells(row, names),
                **_operation(row),
            }
            for row in matrix.clauses
        ],
        "changes": None
        if matrix.changes is None
        else [
            {
                "vendor": change.vendor,
                "row": change.row,
                "before": change.before,
                "after": change.after,
                "worse": change.worse,
            }
            for change in matrix.changes
        ],
    }


def read_matrix(text: str | bytes) -> dict[str, Any]:
    """The values of a ``matrix.json``. Raises MatrixFileError for anything else."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MatrixFileError(_NOT_MATRIX_JSON(why=why_no_json(error, text))) from None
    wrong = next(_validator().iter_errors(value), None)
    if wrong is not None:
        raise MatrixFileError(
            _NOT_MATRIX_JSON_OF_FORMAT(format=f"{FORMAT!r}", json_path=wrong.json_path, message=what_is_wrong(wrong))
        )
    vendors = len(value["vendors"])
    if any(len(row["cells"]) != vendors for row in (*value["rules"], *value["clauses"])):
        raise MatrixFileError(_NOT_WHOLE_MATRIX_JSON_ROW(vendors=str(vendors)))
    found: dict[str, Any] = value
    return found


def render_csv(matrix: Matrix, _language: Language = ENGLISH) -> str:
    """In English, for spreadsheets: a line for each rule and clause, a column for each vendor. No cell is a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    head = ("row", "rule", "status", "media type", "pointer", "says", *(vendor.name for vendor in matrix.vendors))
    writer.writerow([_plain(text) for text in head])
    for kind, rows in (("rule", matrix.rules), ("clause", matrix.clauses)):
        for row in rows:
            kind_of_row = f"{kind} of {row.operation}" if row.operation else kind
            places = (kind_of_row, row.rule, row.status, row.media_type, row.pointer, str(row.says))
            writer.writerow([_plain(text) for text in (*places, *(WORDS[cell.state] for cell in row.cells))])
    return out.getvalue()


def render_markdown(matrix: Matrix, language: Language = ENGLISH) -> str:
    """For a comment: every vendor at a glance, what changed, and who breaks which rule."""
    text = language.text
    lines = [f"## {escape(language.render(matrix.sentence))}", ""]
    head = ("target", "verdict", "must", "should", "info", "judged")
    lines += [f"| {' | '.join(map(text, head))} | |", "| --- | --- | ---: | ---: | ---: | ---: | --- |"]
    for vendor in matrix.vendors:
        verdict = f"{GLYPHS[vendor.mark]} {text(vendor.mark)}"
        if vendor.verdict != "no report" and not vendor.complete:
            verdict += f" ({text('incomplete')})"
        counts = (str(vendor.levels[level]) if vendor.levels else "–" for level in ("must", "should", "info"))
        judged = f"{vendor.judged:.0%}" if vendor.clauses else "–"
        sentence = escape(clip(language.render(vendor.sentence), 160))
        lines.append("| " + " | ".join((escape(vendor.name), verdict, *counts, judged, sentence)) + " |")
    lines += ["", *(f"- {escape(language.render(one))}" for one in held_to(matrix)), *_unjudged(matrix, language)]
    if matrix.changes is not None:
        changes = [_change_line(row, language) for row in _changes(matrix, language)[:50]]
        lines += ["", f"### {text('Since the last matrix')}", "", *(changes or [text("Nothing changed.")])]
        if len(matrix.changes) > 50:
            lines.append(text("- and {number} more: see matrix.html", number=f"{len(matrix.changes) - 50:,}"))
    broken = [row for row in matrix.rules if row.broken]
    if broken and len(matrix.vendors) <= MARKDOWN_VENDORS:
        names = " | ".join(escape(vendor.name) for vendor in matrix.vendors)
        lines += ["", f"### {text('Rules')}", "", f"| {text('rule')} | {names} |"]
        lines.append("| --- |" + " --- |" * len(matrix.vendors))
        lines += [
            f"| {escape(row.key)}<br>{escape(language.render(row.says))} | "
            + " | ".join(f"{_glyph(cell)} {_word(cell, language)}" for cell in row.cells)
            + " |"
            for row in broken
        ]
    return "\n".join(lines) + "\n"


def render_html(matrix: Matrix, language: Language = ENGLISH) -> str:
    """One page, without network or script, light enough for hundreds of vendors."""
    text = language.text
    style = asset("drift.css") + asset("matrix.css")
    return template("matrix.html.j2").render(
        matrix=matrix,
        language=language,
        _=text,
        n=language.count,
        said=language.render,
        held_to=list(map(language.render, held_to(matrix))),
        tables=(
            ("rules", text("Rules"), *map(_by_operation, _split(matrix.rules))),
            ("clauses", text("Clauses"), *map(_by_rule, _split(matrix.clauses))),
        ),
        changes=_changes(matrix, language)[:CHANGES],
        states=STATES,
        glyphs=GLYPHS,
        cell=_cell_markups(language),
        style=Markup(style),
        csp=csp(style),
    )


def badge(vendor: Vendor) -> str:
    """The vendor's verdict as an endpoint badge of shields.io (schema version 1)."""
    judged = f", {vendor.judged:.0%} judged" if vendor.clauses else ""
    color = _COLORS[vendor.mark]
    if vendor.verdict == "conforms" and not vendor.complete:
        color = "yellow"
    incomplete = " (incomplete)" if vendor.clauses and not vendor.complete else ""
    return (
        json.dumps(
            {
                "schemaVersion": 1,
                "label": "GET /batches/{id}",
                "message": f"{vendor.verdict}{', accepted' if vendor.accepted else ''}{incomplete}{judged}",
                "color": color,
                "isError": vendor.mark == "drift",
            },
            ensure_ascii=False,
        )
        + "\n"
    )


class RenderMatrix(Protocol):
    """Renders a matrix in one format; a format for machines is English in every language."""

    def __call__(self, matrix: Matrix, language: Language = ENGLISH, /) -> str:
        """The text of the file."""


FORMATS: Mapping[str, RenderMatrix] = {
    "matrix.json": render_json,
    "matrix.html": render_html,
    "matrix.md": render_markdown,
    "matrix.csv": render_csv,
}
"""File name and renderer of every format."""


def _cell_markups(language: Language) -> Callable[[MatrixCell, Vendor], Markup]:
    """What makes table cells, which are short: there are tens of thousands of them."""
    words = {
        (state, accepted): _word(MatrixCell(state, accepted=accepted), language)
        for state in WORDS
        for accepted in (False, True)
    }

    def markup(cell: MatrixCell, vendor: Vendor) -> Markup:
        word = f"{_glyph(cell)} <i>{words[cell.state, cell.accepted]}</i>{_weight(cell)}"
        if cell.findings and vendor.link:
            word = Markup('<a href="{}#f-{}">').format(vendor.link, cell.findings[0]) + Markup(word) + Markup("</a>")
        return Markup(f'<td class="{"accepted" if cell.accepted else cell.state}">{word}</td>')

    return markup


def _glyph(cell: MatrixCell) -> str:
    return GLYPHS["accepted" if cell.accepted else cell.state]


def _word(cell: MatrixCell, language: Language) -> str:
    accepted = language.text(", ") + language.text("accepted") if cell.accepted else ""
    return language.text(WORDS[cell.state]) + accepted


def _weight(cell: MatrixCell) -> str:
    """What stands behind a kept cell: of a rule the clauses that were kept, and the observations that were judged."""
    if cell.state != "kept":
        return ""
    of_rule = f" {cell.kept}/{cell.clauses}," if cell.clauses > 1 else ""
    return f"{of_rule} {cell.judged}×"


def _unjudged(matrix: Matrix, language: Language) -> list[str]:
    """What was not judged of each target and why, as a list in Markdown."""
    return [
        language.text(
            "- Not judged of {target}: {reason}",
            target=escape(vendor.name),
            reason=escape(clip(language.render(reason), 300)),
        )
        for vendor in matrix.vendors[:MARKDOWN_VENDORS]
        for reason in vendor.unjudged[:MARKDOWN_REASONS]
    ]


def _split(rows: Sequence[MatrixRow]) -> tuple[list[MatrixRow], list[MatrixRow]]:
    """The rows that any target breaks, and the others."""
    return [row for row in rows if row.broken], [row for row in rows if not row.broken]


def _by_rule(rows: Sequence[MatrixRow]) -> list[tuple[str, list[MatrixRow]]]:
    """Each rule of each operation once, with its rows."""
    grouped = groupby(rows, key=lambda row: f"{row.operation} {row.rule}".lstrip())
    return [(rule, list(of_rule)) for rule, of_rule in grouped]


def _by_operation(rows: Sequence[MatrixRow]) -> list[tuple[str, list[MatrixRow]]]:
    """Each part of the batch API once, with its rows; the retrieve without a name, as where it is all there is."""
    return [(operation, list(held)) for operation, held in groupby(rows, key=lambda row: row.operation)]


def _changes(matrix: Matrix, language: Language) -> list[tuple[str, str, str, str, str]]:
    """Vendor, row, before, after and which way that is: worse ones first, better ones last."""
    changes = (
        (
            change.vendor,
            change.row,
            language.text(WORDS.get(change.before, change.before)),  # type: ignore[call-overload]
            language.text(WORDS.get(change.after, change.after)),  # type: ignore[call-overload]
            change.word,
        )
        for change in matrix.changes or ()
    )
    return sorted(changes, key=lambda change: ("worse", "otherwise", "better").index(change[4]))


def _change_line(change: tuple[str, str, str, str, str], language: Language) -> str:
    vendor, row, before, after, word = change
    colon = language.text(": ")
    where = f"{escape(row)}{colon}" if row else ""
    return f"- {language.text(word)}{colon}{escape(vendor)}{colon}{where}{before} → {after}"


def _vendor(vendor: Vendor) -> dict[str, Any]:
    return {
        "name": vendor.name,
        "verdict": vendor.verdict,
        "complete": vendor.complete,
        "exit_code": vendor.exit_code,
        "sentence": str(vendor.sentence),
        "link": vendor.link,
        "base_url": vendor.base_url,
        "contract": vendor.contract,
        "started_at": vendor.started_at,
        "requests": vendor.requests,
        "levels": dict(vendor.levels),
        "clauses": dict(vendor.clauses),
        "unjudged": list(map(str, vendor.unjudged)),
        "accepted": vendor.accepted,
    }


def _cells(row: MatrixRow, names: list[str]) -> dict[str, Any]:
    return {
        "cells": [cell.state for cell in row.cells],
        "judged": [cell.judged for cell in row.cells],
        "findings": {name: list(cell.findings) for name, cell in zip(names, row.cells, strict=True) if cell.findings},
        "accepted": [name for name, cell in zip(names, row.cells, strict=True) if cell.accepted],
    }


def _operation(row: MatrixRow) -> dict[str, str]:
    """The part of the batch API that a row is about, where it is not the retrieve."""
    return {"operation": row.operation} if row.operation else {}


def _plain(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    shown = one_line(text)
    return "'" + shown if shown.startswith(_FORMULA) else shown


@cache
def _validator() -> Draft202012Validator:
    text = resources.files("batch_conformance.report").joinpath("schemas/matrix.schema.json").read_text("utf-8")
    return Draft202012Validator(json.loads(text))
