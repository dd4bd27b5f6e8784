"""The matrix as JSON, CSV, Markdown, HTML and badges."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib import resources
from itertools import groupby
from typing import Any

from jsonschema import Draft202012Validator
from markupsafe import Markup

from batch_conformance.input_error import InputError, why_no_json
from batch_conformance.report.matrix.matrix import STATES, CellState, Matrix, MatrixCell, MatrixRow, Vendor
from batch_conformance.report.page import asset, csp, template
from batch_conformance.report.run.markdown import escape
from batch_conformance.report.text import clip, one_line

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
    **{"drift": "✖", "conforms": "✔", "no report": "!", "not audited": "·"},
}

MARKDOWN_VENDORS = 12
"""Columns that a table in a comment can have and still be read."""

MARKDOWN_REASONS = 4
"""Reasons for what was not judged that a comment tells of a target."""

CHANGES = 500
"""Changes listed on the page; ``matrix.json`` has them all."""

_COLORS = {"conforms": "brightgreen", "drift": "red", "inconclusive": "yellow", "no report": "lightgrey"}
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class MatrixFileError(InputError):
    """A text that is no ``matrix.json`` of this format; one line says what is wrong."""


def render_json(matrix: Matrix) -> str:
    """For machines, and for the next matrix to say what changed."""
    return json.dumps(document(matrix), ensure_ascii=False, separators=(",", ":")) + "\n"


def document(matrix: Matrix) -> dict[str, Any]:
    """The matrix as JSON values: of every row the cells' states, and by vendor the findings where there are any."""
    names = [vendor.name for vendor in matrix.vendors]
    return {
        "format": FORMAT,
        "sentence": matrix.sentence,
        "verdicts": dict(matrix.verdicts),
        "vendors": [_vendor(vendor) for vendor in matrix.vendors],
        "rules": [
            {
                "key": row.key,
                "says": row.says,
                **_cells(row, names),
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
                "says": row.says,
                **_cells(row, names),
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
        raise MatrixFileError(f"not a matrix.json: {why_no_json(error, text)}") from None
    wrong = next(_validator().iter_errors(value), None)
    if wrong is not None:
        raise MatrixFileError(f"not a matrix.json of format {FORMAT!r}: at {wrong.json_path}: {wrong.message[:200]}")
    vendors = len(value["vendors"])
    if any(len(row["cells"]) != vendors for row in (*value["rules"], *value["clauses"])):
        raise MatrixFileError(f"not a whole matrix.json: a row has not one cell for each of the {vendors} vendors")
    found: dict[str, Any] = value
    return found


def render_csv(matrix: Matrix) -> str:
    """For a spreadsheet: one line for each rule and clause, one column for each vendor; no cell is a formula."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    head = ("row", "rule", "status", "media type", "pointer", "says", *(vendor.name for vendor in matrix.vendors))
    writer.writerow([_plain(text) for text in head])
    for kind, rows in (("rule", matrix.rules), ("clause", matrix.clauses)):
        for row in rows:
            places = (kind, row.rule, row.status, row.media_type, row.pointer, row.says)
            writer.writerow([_plain(text) for text in (*places, *(WORDS[cell.state] for cell in row.cells))])
    return out.getvalue()


def render_markdown(matrix: Matrix) -> str:
    """For a comment: every vendor at a glance, what changed, and who breaks which rule."""
    lines = [f"## {escape(matrix.sentence)}", ""]
    lines += [
        "| target | verdict | must | should | info | judged | |",
        "| --- | --- | ---: | ---: | ---: | ---: | --- |",
    ]
    for vendor in matrix.vendors:
        verdict = f"{GLYPHS[vendor.verdict]} {vendor.verdict}"
        if vendor.verdict != "no report" and not vendor.complete:
            verdict += " (incomplete)"
        counts = (str(vendor.levels[level]) if vendor.levels else "–" for level in ("must", "should", "info"))
        judged = f"{vendor.judged:.0%}" if vendor.clauses else "–"
        cells = (escape(vendor.name), verdict, *counts, judged, escape(clip(vendor.sentence, 160)))
        lines.append("| " + " | ".join(cells) + " |")
    lines += ["", *_held_to(matrix), *_unjudged(matrix)]
    if matrix.changes is not None:
        lines += ["", "### Since the last matrix", ""]
        lines += [_change_line(*row) for row in _changes(matrix)[:50]] or ["Nothing changed."]
        if len(matrix.changes) > 50:
            lines.append(f"- and {len(matrix.changes) - 50:,} more: see matrix.html")
    broken = [row for row in matrix.rules if row.broken]
    if broken and len(matrix.vendors) <= MARKDOWN_VENDORS:
        lines += ["", "### Rules", "", "| rule | " + " | ".join(escape(v.name) for v in matrix.vendors) + " |"]
        lines.append("| --- |" + " --- |" * len(matrix.vendors))
        lines += [
            f"| {escape(row.rule)}<br>{escape(row.says)} | "
            + " | ".join(f"{GLYPHS[cell.state]} {WORDS[cell.state]}" for cell in row.cells)
            + " |"
            for row in broken
        ]
    return "\n".join(lines) + "\n"


def render_html(matrix: Matrix) -> str:
    """One page, without network or script, light enough for hundreds of vendors."""
    style = asset("drift.css") + asset("matrix.css")
    return template("matrix.html.j2").render(
        matrix=matrix,
        tables=(
            ("rules", "Rules", *([("", rows)] if rows else [] for rows in _split(matrix.rules))),
            ("clauses", "Clauses", *map(_by_rule, _split(matrix.clauses))),
        ),
        changes=_changes(matrix)[:CHANGES],
        states=STATES,
        words=WORDS,
        glyphs=GLYPHS,
        cell=_cell_markup,
        style=Markup(style),
        csp=csp(style),
    )


def badge(vendor: Vendor) -> str:
    """The vendor's verdict as an endpoint badge of shields.io (schema version 1)."""
    judged = f", {vendor.judged:.0%} judged" if vendor.clauses else ""
    color = _COLORS[vendor.verdict]
    if vendor.verdict == "conforms" and not vendor.complete:
        color = "yellow"
    incomplete = " (incomplete)" if vendor.clauses and not vendor.complete else ""
    return (
        json.dumps(
            {
                "schemaVersion": 1,
                "label": "GET /batches/{id}",
                "message": f"{vendor.verdict}{incomplete}{judged}",
                "color": color,
                "isError": vendor.verdict == "drift",
            },
            ensure_ascii=False,
        )
        + "\n"
    )


FORMATS: Mapping[str, Callable[[Matrix], str]] = {
    "matrix.json": render_json,
    "matrix.html": render_html,
    "matrix.md": render_markdown,
    "matrix.csv": render_csv,
}
"""File name and renderer of every face."""


def _cell_markup(cell: MatrixCell, vendor: Vendor) -> Markup:
    """A table cell, short: there are tens of thousands of them."""
    word = f"{GLYPHS[cell.state]} <i>{WORDS[cell.state]}{', accepted' if cell.accepted else ''}</i>{_weight(cell)}"
    if cell.findings and vendor.link:
        word = Markup('<a href="{}#f-{}">').format(vendor.link, cell.findings[0]) + Markup(word) + Markup("</a>")
    return Markup(f'<td class="{cell.state}">{word}</td>')


def _weight(cell: MatrixCell) -> str:
    """What stands behind a kept cell: of a rule the clauses that were kept, and the observations that were judged."""
    if cell.state != "kept":
        return ""
    of_rule = f" {cell.kept}/{cell.clauses}," if cell.clauses > 1 else ""
    return f"{of_rule} {cell.judged}×"


def _held_to(matrix: Matrix) -> list[str]:
    """Which contract each target was held to, as a list in Markdown."""
    return [f"- Held to {escape(contract)}: {escape(', '.join(names))}" for contract, names in matrix.held_to.items()]


def _unjudged(matrix: Matrix) -> list[str]:
    """What was not judged of each target and why, as a list in Markdown."""
    return [
        f"- Not judged of {escape(vendor.name)}: {escape(clip(reason, 300))}"
        for vendor in matrix.vendors[:MARKDOWN_VENDORS]
        for reason in vendor.unjudged[:MARKDOWN_REASONS]
    ]


def _split(rows: Sequence[MatrixRow]) -> tuple[list[MatrixRow], list[MatrixRow]]:
    """The rows that any target breaks, and the others."""
    return [row for row in rows if row.broken], [row for row in rows if not row.broken]


def _by_rule(rows: Sequence[MatrixRow]) -> list[tuple[str, list[MatrixRow]]]:
    """Each rule once, with its rows."""
    return [(rule, list(of_rule)) for rule, of_rule in groupby(rows, key=lambda row: row.rule)]


def _changes(matrix: Matrix) -> list[tuple[str, str, str, str, str]]:
    """Vendor, row, before, after and which way that is: worse ones first, better ones last."""
    changes = (
        (
            change.vendor,
            change.row,
            WORDS.get(change.before, change.before),  # type: ignore[call-overload]
            WORDS.get(change.after, change.after),  # type: ignore[call-overload]
            change.word,
        )
        for change in matrix.changes or ()
    )
    return sorted(changes, key=lambda change: ("worse", "otherwise", "better").index(change[4]))


def _change_line(vendor: str, row: str, before: str, after: str, word: str) -> str:
    where = f"{escape(row)}: " if row else ""
    return f"- {word}: {escape(vendor)}: {where}{before} → {after}"


def _vendor(vendor: Vendor) -> dict[str, Any]:
    return {
        "name": vendor.name,
        "verdict": vendor.verdict,
        "complete": vendor.complete,
        "exit_code": vendor.exit_code,
        "sentence": vendor.sentence,
        "link": vendor.link,
        "base_url": vendor.base_url,
        "contract": vendor.contract,
        "started_at": vendor.started_at,
        "requests": vendor.requests,
        "levels": dict(vendor.levels),
        "clauses": dict(vendor.clauses),
        "unjudged": list(vendor.unjudged),
    }


def _cells(row: MatrixRow, names: list[str]) -> dict[str, Any]:
    return {
        "cells": [cell.state for cell in row.cells],
        "judged": [cell.judged for cell in row.cells],
        "findings": {name: list(cell.findings) for name, cell in zip(names, row.cells, strict=True) if cell.findings},
        "accepted": [name for name, cell in zip(names, row.cells, strict=True) if cell.accepted],
    }


def _plain(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    shown = one_line(text)
    return "'" + shown if shown.startswith(_FORMULA) else shown


@cache
def _validator() -> Draft202012Validator:
    text = resources.files("batch_conformance.report").joinpath("schemas/matrix.schema.json").read_text("utf-8")
    return Draft202012Validator(json.loads(text))
