"""``summary.md``: the run in one screen, for step summaries and comments."""

from __future__ import annotations

import html
import re

from batch_conformance.report.finding.baseline_entry import baseline_entry, day_of
from batch_conformance.report.run.baseline_texts import (
    baseline_line,
    entries_to_act_on,
    entry_advice,
    gone_line,
    history_line,
)
from batch_conformance.report.run.groups import (
    Group,
    clauses_by_id,
    count,
    document_summary,
    failing,
    fold,
    overlay_remarks,
    place,
    where_said,
)
from batch_conformance.report.run.run_report import RunReport
from batch_conformance.report.run.terminal import GLYPHS, MARKS
from batch_conformance.report.text import clip, one_line, plural

GROUPS = 50
"""Rows of the table of findings: a step summary takes 1 MiB."""

PLACES = 10

ENTRIES = 40
"""Entries of a baseline that are shown ready to paste, and ones that are listed."""


def render(report: RunReport) -> str:
    """The report as GitHub-flavoured Markdown; everything from outside is escaped."""
    counts = count(report)
    contract, run = report.contract, report.run
    groups = fold(report.ledger.findings)
    verdict = report.verdict + ("" if report.complete else " (incomplete)")
    lines = [
        f"## {verdict}: {escape(contract.chosen.method.upper())} {escape(contract.chosen.path)}",
        "",
        f"**{escape(str(report.sentence))}**",
        "",
        f"Exit code {report.exit_code}: {escape(str(report.exit_reason))}",
        "",
        f"| findings | {' | '.join(counts.levels)} | {' | '.join(counts.states)} |",
        "|" + " ---: |" * (1 + len(counts.levels) + len(counts.states)),
        f"| {counts.findings} | {' | '.join(map(str, counts.levels.values()))} "
        f"| {' | '.join(map(str, counts.states.values()))} |",
        "",
    ]
    if groups:
        clauses = clauses_by_id(report)
        lines += [
            "| | rule | where | contract says | observed | side | state | seen | id |",
            "| --- | --- | --- | --- | --- | --- | --- | ---: | --- |",
        ]
        for group in groups[:GROUPS]:
            location = where_said(group.findings[0], clauses)
            cells = (
                f"{MARKS['accepted'] if group.state == 'known' else GLYPHS[group.level]} {group.level}",
                f"{escape(group.rule.id)}<br>{escape(group.rule.title)}",
                _places(group),
                escape(clip(" / ".join(map(str, group.expected)), 160))
                + (f"<br>{escape(str(location))}" if location else ""),
                escape(clip(" / ".join(map(str, group.observed)), 160)),
                group.side,
                group.state,
                f"{group.occurrences:,}",
                f"`{group.id}`",
            )
            lines.append("| " + " | ".join(cells) + " |")
        lines.append("")
        if len(groups) > GROUPS:
            rest = sum(len(group.findings) for group in groups[GROUPS:])
            lines += [f"And {plural(rest, 'more finding')}: see drift.html.", ""]
    lines += _paste_ready(report)
    acts = [
        f"{result.state}: {result.entry.fingerprint} {result.entry.where}: {entry_advice(result)}"
        for result in entries_to_act_on(report)
    ]
    gone = [str(gone_line(one)) for one in report.history.gone] if report.history else []
    for heading, texts in (
        ("Missing", report.missing),
        ("Notes", report.notes),
        ("Overlays", [f"{remark.location}: {remark.says}" for remark in overlay_remarks(report)]),
        ("Baseline", [*filter(None, [baseline_line(report)]), *acts[:ENTRIES]]),
        ("History", [*filter(None, [history_line(report)]), *gone[:ENTRIES]]),
    ):
        if texts:
            lines += [f"### {heading}", "", *(f"- {escape(str(text))}" for text in texts), ""]
    states = counts.clauses
    lines += [
        f"Clauses: {states['kept']:,} kept, {states['broken']:,} broken, {states['inconclusive']:,} inconclusive, "
        f"{states['not_observed']:,} not observed. The document itself: {document_summary(counts)}.",
        "",
        f"Target {escape(report.target.base_url)} ({escape(report.target.kind)}); {escape(contract.title)} "
        f"{escape(contract.version)}, reading {contract.reading}, sha256 `{contract.document.sha256[:12]}`; "
        f"{plural(run.requests, 'request')} in {run.duration_s:.1f} s, seed {escape(run.seed)}.",
    ]
    return "\n".join(lines) + "\n"


def escape(text: str) -> str:
    """``text`` as one line of plain text in Markdown, in a table too: no markup, HTML, link or mention comes of it."""
    text = one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"([\\`*_{}\[\]()#+!|~-])", r"\\\1", text)
    return text.replace("@", "&#64;").replace("://", ":&#47;&#47;")


def _paste_ready(report: RunReport) -> list[str]:
    """The entries of a baseline that would accept what fails this run."""
    new = [finding for finding in failing(report) if finding.state == "new"]
    if not new:
        return []
    text = "".join(baseline_entry(finding, day_of(report.run.started_at)) for finding in new[:ENTRIES])
    rest = [f"And {plural(len(new) - ENTRIES, 'more entry', 'more entries')}: see `--write-baseline`.", ""]
    return [
        "<details><summary>Accept it: entries for the baseline</summary>",
        f'<pre lang="yaml">{html.escape(text)}</pre>',
        "",
        *(rest if len(new) > ENTRIES else []),
        "</details>",
        "",
    ]


def _places(group: Group) -> str:
    shown = [escape(clip(place(finding), 100)) for finding in group.findings[:PLACES]]
    left = len(group.findings) - PLACES
    return "<br>".join([*shown, *([f"and {left:,} more"] if left > 0 else [])])
