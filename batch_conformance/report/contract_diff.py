"""A comparison of two contracts as text, JSON, Markdown and HTML: one model, four formats."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import Markup

from batch_conformance.contract.change import KINDS, ContractDiff
from batch_conformance.contract.contract import Contract
from batch_conformance.contract.location import Location
from batch_conformance.report.page import asset, csp, template
from batch_conformance.report.run.markdown import escape
from batch_conformance.report.text import clip, one_line, wrap

FORMAT = "batch-conformance-diff/1"

GLYPHS = {"removed": "−", "changed": "≠", "loosened": "⇥", "tightened": "⇤", "added": "+"}
_WIDTH = 100
_LONGEST = 300


def render_text(diff: ContractDiff) -> str:
    """For a terminal: breaking changes first, each with both sides, where they are said, and the reason."""
    lines = [*wrap(diff.sentence, _WIDTH), *(f"  {label}: {text}" for label, text in _sides(diff))]
    for change in diff.changes:
        mark = "✖ breaking" if change.breaking else "✔ harmless"
        lines += ["", f"{mark}  {change.kind:<9}  {one_line(change.place)}  {change.rule}"]
        for label, words, location in (
            ("old", change.old, change.old_location),
            ("new", change.new, change.new_location),
        ):
            where = f" ({location})" if words and location else ""
            lines += ["    " + line for line in wrap(f"{label}: {_words(words)}{where}", _WIDTH - 4, "     ")]
        lines += ["    " + line for line in wrap(f"why: {one_line(change.why)}", _WIDTH - 4, "     ")]
    return "\n".join(lines) + "\n"


def render_json(diff: ContractDiff) -> str:
    """For machines."""
    return json.dumps(document(diff), indent=2, ensure_ascii=False) + "\n"


def document(diff: ContractDiff) -> dict[str, Any]:
    """The comparison as JSON values."""
    return {
        "format": FORMAT,
        "breaking": bool(diff.breaking),
        "sentence": diff.sentence,
        "old": _contract(diff.old),
        "new": _contract(diff.new),
        "counts": {"changes": len(diff.changes), "breaking": len(diff.breaking), **diff.counts},
        "changes": [
            {
                "clause": change.clause,
                "rule": change.rule,
                "kind": change.kind,
                "breaking": change.breaking,
                "status": change.status,
                "media_type": change.media_type,
                "pointer": change.pointer,
                "old": change.old,
                "new": change.new,
                "why": change.why,
                "old_location": _location(change.old_location),
                "new_location": _location(change.new_location),
            }
            for change in diff.changes
        ],
    }


def render_markdown(diff: ContractDiff) -> str:
    """For a comment or a step summary."""
    lines = [f"## {escape(diff.sentence)}", ""]
    lines += [f"- {label}: {escape(text)}" for label, text in _sides(diff)]
    if diff.changes:
        lines += ["", "| | change | where | old | new | why |", "| --- | --- | --- | --- | --- | --- |"]
    for change in diff.changes:
        cells = (
            "✖ breaking" if change.breaking else "✔ harmless",
            f"{change.kind}<br>{escape(change.rule)}",
            escape(change.place),
            _cell(change.old, change.old_location),
            _cell(change.new, change.new_location),
            escape(change.why),
        )
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def render_html(diff: ContractDiff) -> str:
    """One page, without network or script."""
    style = asset("drift.css") + asset("matrix.css")
    return template("diff.html.j2").render(
        diff=diff,
        kinds=KINDS,
        sides=_sides(diff),
        glyphs={**GLYPHS, "breaking": "✖", "harmless": "✔"},
        style=Markup(style),
        csp=csp(style),
    )


FORMATS: Mapping[str, Callable[[ContractDiff], str]] = {
    "text": render_text,
    "json": render_json,
    "markdown": render_markdown,
    "html": render_html,
}
"""Renderer of every format."""


def _sides(diff: ContractDiff) -> tuple[tuple[str, str], ...]:
    return ("old", _named(diff.old)), ("new", _named(diff.new))


def _named(contract: Contract) -> str:
    overlays = f" with {', '.join(contract.overlays)}" if contract.overlays else ""
    return one_line(
        f"{contract.title} {contract.version}, {contract.document.name}, sha256 {contract.document.sha256[:12]}, "
        f"reading {contract.reading}{overlays}"
    )


def _words(words: str) -> str:
    return clip(one_line(words), _LONGEST) or "nothing"


def _cell(words: str, location: Location | None) -> str:
    return escape(_words(words)) + (f"<br>{escape(str(location))}" if words and location else "")


def _contract(contract: Contract) -> dict[str, Any]:
    return {
        "title": contract.title,
        "version": contract.version,
        "document": contract.document.name,
        "sha256": contract.document.sha256,
        "reading": contract.reading,
        "overlays": list(contract.overlays),
        "path": contract.chosen.path,
    }


def _location(location: Location | None) -> dict[str, Any] | None:
    if location is None:
        return None
    return {"file": location.file, "line": location.line, "pointer": location.pointer, "origin": location.origin}
