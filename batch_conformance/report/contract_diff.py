"""A comparison of two contracts as text, JSON, Markdown and HTML: one model, four formats."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Protocol

from markupsafe import Markup

from batch_conformance.contract.change import KINDS, Change, ContractDiff
from batch_conformance.contract.contract import Contract
from batch_conformance.contract.location import Location
from batch_conformance.message import Listing, Message, Template
from batch_conformance.report.language import ENGLISH, Language
from batch_conformance.report.page import asset, csp, template
from batch_conformance.report.run.markdown import escape
from batch_conformance.report.text import cells, clip, one_line, wrap

FORMAT = "batch-conformance-diff/1"

_CONTRACT = Template("diff.contract", "{title}, {file}, sha256 {sha256}, reading {reading}")
_WITH_OVERLAYS = Template("diff.with_overlays", "{contract} with {overlays}")

GLYPHS = {"removed": "−", "changed": "≠", "loosened": "⇥", "tightened": "⇤", "added": "+"}
_WIDTH = 100
_LONGEST = 300


def render_text(diff: ContractDiff, language: Language = ENGLISH) -> str:
    """For a terminal: breaking changes first, each with both sides, where they are said, and the reason."""
    text, said, colon = language.text, language.render, language.text(": ")
    lines = [*wrap(said(diff.sentence), _WIDTH), *(f"  {label}{colon}{side}" for label, side in _sides(diff, language))]
    for change in diff.changes:
        kind = text(change.kind)
        kind += " " * max(0, 9 - cells(kind))
        lines += ["", f"{_mark(change, language)}  {kind}  {one_line(text(change.place))}  {change.rule}"]
        for label, words, location in (
            ("old", change.old, change.old_location),
            ("new", change.new, change.new_location),
        ):
            where = f" ({location})" if words and location else ""
            line = f"{text(label)}{colon}{_words(words, language)}{where}"
            lines += ["    " + part for part in wrap(line, _WIDTH - 4, "     ")]
        why = f"{text('why')}{colon}{one_line(said(change.why))}"
        lines += ["    " + line for line in wrap(why, _WIDTH - 4, "     ")]
    return "\n".join(lines) + "\n"


def render_json(diff: ContractDiff, _language: Language = ENGLISH) -> str:
    """For machines, in English."""
    return json.dumps(document(diff), indent=2, ensure_ascii=False) + "\n"


def document(diff: ContractDiff) -> dict[str, Any]:
    """The comparison as JSON values."""
    return {
        "format": FORMAT,
        "breaking": bool(diff.breaking),
        "sentence": str(diff.sentence),
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
                "old": str(change.old or ""),
                "new": str(change.new or ""),
                "why": str(change.why),
                "old_location": _location(change.old_location),
                "new_location": _location(change.new_location),
            }
            for change in diff.changes
        ],
    }


def render_markdown(diff: ContractDiff, language: Language = ENGLISH) -> str:
    """For a comment or a step summary."""
    text, said = language.text, language.render
    lines = [f"## {escape(said(diff.sentence))}", ""]
    lines += [f"- {label}{text(': ')}{escape(side)}" for label, side in _sides(diff, language)]
    if diff.changes:
        head = map(text, ("change", "where", "old", "new", "why"))
        lines += ["", f"| | {' | '.join(head)} |", "| --- | --- | --- | --- | --- | --- |"]
    for change in diff.changes:
        row = (
            _mark(change, language),
            f"{text(change.kind)}<br>{escape(change.rule)}",
            escape(text(change.place)),
            _cell(change.old, change.old_location, language),
            _cell(change.new, change.new_location, language),
            escape(said(change.why)),
        )
        lines.append("| " + " | ".join(row) + " |")
    return "\n".join(lines) + "\n"


def render_html(diff: ContractDiff, language: Language = ENGLISH) -> str:
    """One page, without network or script."""
    style = asset("drift.css") + asset("matrix.css")
    return template("diff.html.j2").render(
        diff=diff,
        kinds=KINDS,
        language=language,
        _=language.text,
        n=language.count,
        said=language.render,
        glyphs={**GLYPHS, "breaking": "✖", "harmless": "✔"},
        style=Markup(style),
        csp=csp(style),
    )


class RenderDiff(Protocol):
    """Renders a comparison in one format; JSON is English in every language."""

    def __call__(self, diff: ContractDiff, language: Language = ENGLISH, /) -> str:
        """The text of the file."""


FORMATS: Mapping[str, RenderDiff] = {
    "text": render_text,
    "json": render_json,
    "markdown": render_markdown,
    "html": render_html,
}
"""Renderer of every format."""


def _mark(change: Change, language: Language) -> str:
    return f"✖ {language.text('breaking')}" if change.breaking else f"✔ {language.text('harmless')}"


def _sides(diff: ContractDiff, language: Language) -> tuple[tuple[str, str], ...]:
    text = language.text
    return (text("old"), _named(diff.old, language)), (text("new"), _named(diff.new, language))


def _named(contract: Contract, language: Language) -> str:
    named = _CONTRACT(
        title=f"{contract.title} {contract.version}",
        file=contract.document.name,
        sha256=contract.document.sha256[:12],
        reading=contract.reading,
    )
    if contract.overlays:
        named = _WITH_OVERLAYS(contract=named, overlays=Listing(tuple(contract.overlays)))
    return one_line(language.render(named))


def _words(words: Message | None, language: Language) -> str:
    return clip(one_line(language.render(words)), _LONGEST) if words else language.text("nothing")


def _cell(words: Message | None, location: Location | None, language: Language) -> str:
    return escape(_words(words, language)) + (f"<br>{escape(str(location))}" if words and location else "")


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
