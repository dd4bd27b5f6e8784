"""``summary.md``: the run in one screen, for step summaries and comments."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence

from batch_conformance.report.finding.baseline_entry import baseline_entry, day_of
from batch_conformance.report.finding.confirmed import all_confirmed
from batch_conformance.report.language import Language
from batch_conformance.report.language import language as language_of
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
    clauses_for_people,
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
from batch_conformance.report.text import clip, one_line

GROUPS = 50
"""Rows of the table of findings: a step summary takes 1 MiB."""

PLACES = 10

ENTRIES = 40
"""Entries of a baseline that are shown ready to paste, and ones that are listed."""


def render(report: RunReport) -> str:
    """The report as GitHub-flavoured Markdown, in its language; everything from outside is escaped."""
    language = language_of(report.language)
    text, counts = language.text, count(report)
    contract, run = report.contract, report.run
    groups = fold(report.ledger.findings)
    verdict = text(report.verdict) + ("" if report.complete else f" ({text('incomplete')})")
    colon = text(": ")
    lines = [
        f"## {verdict}{colon}{escape(contract.chosen.method.upper())} {escape(contract.chosen.path)}",
        "",
        f"**{escape(language.render(report.sentence))}**",
        "",
        f"{text('Exit code {code}', code=report.exit_code)}{colon}{escape(language.render(report.exit_reason))}",
        "",
        f"| {text('findings')} | {' | '.join(map(text, counts.levels))} | {' | '.join(map(text, counts.states))} |",
        "|" + " ---: |" * (1 + len(counts.levels) + len(counts.states)),
        f"| {counts.findings} | {' | '.join(map(str, counts.levels.values()))} "
        f"| {' | '.join(map(str, counts.states.values()))} |",
        "",
    ]
    if groups:
        lines += _table(report, groups, language)
    lines += _paste_ready(report, language)
    acts = [
        f"{text(result.state)}{colon}{result.entry.fingerprint} {result.entry.where}{colon}"
        f"{language.render(entry_advice(result))}"
        for result in entries_to_act_on(report)
    ]
    gone = [gone_line(one) for one in report.history.gone] if report.history else []
    said = language.render
    remarks = [f"{remark.location}{colon}{said(remark.says)}" for remark in overlay_remarks(report)]
    sections = (
        (text("Missing"), map(said, report.missing)),
        (text("Notes"), map(said, report.notes)),
        (text("Overlays"), remarks),
        (text("Baseline"), [*map(said, filter(None, [baseline_line(report)])), *acts[:ENTRIES]]),
        (text("History"), map(said, [*filter(None, [history_line(report)]), *gone[:ENTRIES]])),
    )
    for heading, texts in sections:
        items = [f"- {escape(one)}" for one in texts]
        lines += [f"### {heading}", "", *items, ""] if items else []
    states = {state: f"{number:,}" for state, number in clauses_for_people(counts).items()}
    clauses = text(
        "Clauses: {kept} kept, {broken} broken, {noted} with information alone, {inconclusive} inconclusive, "
        "{not_observed} not observed.",
        **states,
    )
    itself = text("The document itself: {findings}.", findings=document_summary(counts, language))
    target = text(
        "Target {target} ({kind}); {contract}, reading {reading}, sha256 {sha256}; "
        "{requests} in {seconds} s, seed {seed}.",
        target=escape(report.target.base_url),
        kind=escape(text(report.target.kind)),
        contract=f"{escape(contract.title)} {escape(contract.version)}",
        reading=contract.reading,
        sha256=f"`{contract.document.sha256[:12]}`",
        requests=language.count(run.requests, "request"),
        seconds=f"{run.duration_s:.1f}",
        seed=escape(run.seed),
    )
    lines += [f"{clauses} {itself}", "", target]
    return "\n".join(lines) + "\n"


def _table(report: RunReport, groups: Sequence[Group], language: Language) -> list[str]:
    """The findings, a row for each group; the number of those that are left out."""
    text, clauses = language.text, clauses_by_id(report)
    head = ("rule", "where", "contract says", "observed", "side", "state", "seen", "id")
    lines = [f"| | {' | '.join(map(text, head))} |", "| --- | --- | --- | --- | --- | --- | --- | ---: | --- |"]
    for group in groups[:GROUPS]:
        location = where_said(group.findings[0], clauses)
        cells = (
            f"{MARKS['accepted'] if group.state == 'known' else GLYPHS[group.level]} {text(group.level)}",
            f"{escape(group.rule.id)}<br>{escape(language.rule_texts(group.rule).title)}",
            _places(group, language),
            escape(clip(" / ".join(map(language.render, group.expected)), 160))
            + (f"<br>{escape(language.location(location))}" if location else ""),
            escape(clip(" / ".join(map(language.render, group.observed)), 160)),
            text(group.side),
            "<br>".join((text(group.state), *(escape(language.render(one)) for one in all_confirmed(group.findings)))),
            f"{group.occurrences:,}",
            f"`{group.id}`",
        )
        lines.append("| " + " | ".join(cells) + " |")
    lines.append("")
    rest = sum(len(group.findings) for group in groups[GROUPS:])
    if rest:
        lines += [text("And {more}: see drift.html.", more=language.count(rest, "more finding")), ""]
    return lines


def escape(text: str) -> str:
    """``text`` as one line of plain text in Markdown, in a table too: no markup, HTML, link or mention comes of it."""
    text = one_line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"([\\`*_{}\[\]()#+!|~-])", r"\\\1", text)
    return text.replace("@", "&#64;").replace("://", ":&#47;&#47;")


def _paste_ready(report: RunReport, language: Language) -> list[str]:
    """The entries of a baseline that would accept what fails this run."""
    new = [finding for finding in failing(report) if finding.state == "new"]
    if not new:
        return []
    entries = "".join(baseline_entry(finding, day_of(report.run.started_at)) for finding in new[:ENTRIES])
    more = language.count(len(new) - ENTRIES, "more entry")
    rest = [language.text("And {more}: see `--write-baseline`.", more=more), ""]
    return [
        f"<details><summary>{language.text('Accept it: entries for the baseline')}</summary>",
        f'<pre lang="yaml">{html.escape(entries)}</pre>',
        "",
        *(rest if len(new) > ENTRIES else []),
        "</details>",
        "",
    ]


def _places(group: Group, language: Language) -> str:
    shown = [escape(clip(place(finding, language), 100)) for finding in group.findings[:PLACES]]
    left = len(group.findings) - PLACES
    more = [language.text("and {number} more", number=f"{left:,}")] if left > 0 else []
    return "<br>".join([*shown, *more])
