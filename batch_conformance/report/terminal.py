"""The end of the terminal's output: verdict, findings folded, what was not observed, where the report is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from batch_conformance.contract.clause import Clause
from batch_conformance.exchange.curl import curl_line
from batch_conformance.findings.finding import Level
from batch_conformance.report.again import folded
from batch_conformance.report.groups import Group, clauses_by_id, count, fold, where_said
from batch_conformance.report.memory import (
    TOLD,
    accepted_as,
    baseline_line,
    entries_by_id,
    entries_to_act_on,
    entry_advice,
    first_seen,
    gone_line,
    history_line,
)
from batch_conformance.report.run_report import RunReport
from batch_conformance.report.text import clip, one_line, plural, wrap

GROUPS = 12
"""Groups told in full; the others are counted."""

PLACES = 12
"""Places of one group that are listed; the others are counted."""

GLYPHS: Mapping[Level, str] = {"must": "✖", "should": "▲", "info": "●"}

_Style = Literal["bold", "dim", "red", "yellow", "green", "blue"]
_CODES: Mapping[_Style, str] = {"bold": "1", "dim": "2", "red": "31", "yellow": "33", "green": "32", "blue": "34"}
_LEVEL_STYLES: Mapping[Level, _Style] = {"must": "red", "should": "yellow", "info": "blue"}
_VERDICT_STYLES: Mapping[str, _Style] = {"drift": "red", "inconclusive": "yellow", "conforms": "green"}
_VERDICT_GLYPHS = {"drift": "✖", "inconclusive": "?", "conforms": "✔"}
_LABEL = 10


def render(report: RunReport, color: bool = False, width: int = 80, report_path: str = "reports/drift.html") -> str:
    """The run in at most ``width`` columns; a command to copy may be longer than a line.

    ``color`` adds ANSI colours, which never carry the only hint at a state.
    """
    return "\n".join(_Terminal(report, color, max(width, 40), report_path).lines()) + "\n"


class _Terminal:
    def __init__(self, report: RunReport, color: bool, width: int, report_path: str) -> None:
        self.report = report
        self.color = color
        self.width = width
        self.report_path = report_path
        self.clauses: Mapping[str, Clause] = clauses_by_id(report)
        self.entries = entries_by_id(report)
        self.told: dict[str, str] = {}

    def lines(self) -> list[str]:
        report = self.report
        groups = fold(report.ledger.findings)
        lines = self._head()
        for group in groups[:GROUPS]:
            lines += ["", *self._group(group)]
        if len(groups) > GROUPS:
            rest = sum(len(group.findings) for group in groups[GROUPS:])
            lines += ["", *wrap(f"and {plural(rest, 'more finding')}, told in the report", self.width)]
        return [*lines, "", *self._tail()]

    def _paint(self, text: str, *styles: _Style) -> str:
        if not self.color:
            return text
        return f"\x1b[{';'.join(_CODES[style] for style in styles)}m{text}\x1b[0m"

    def _field(self, label: str, text: str) -> list[str]:
        indent = " " * (_LABEL + 4)
        lines = wrap(one_line(text), self.width - len(indent), "")
        painted = self._paint(f"    {label:<{_LABEL}}", "dim")
        return [painted + lines[0], *(indent + line for line in lines[1:])]

    def _head(self) -> list[str]:
        report, contract, run = self.report, self.report.contract, self.report.run
        counts = count(report)
        style = _VERDICT_STYLES[report.verdict]
        title = f"{_VERDICT_GLYPHS[report.verdict]} {report.verdict.upper()}"
        if not report.complete:
            title += " (incomplete)"
        lines = [self._paint(title, "bold", style)]
        lines += wrap(one_line(report.sentence), self.width)
        lines += self._field("exit", f"{report.exit_code}: {report.exit_reason}")
        lines += self._field(
            "findings",
            f"{counts.findings:,} ({', '.join(f'{number:,} {level}' for level, number in counts.levels.items())}; "
            f"{', '.join(f'{number:,} {state}' for state, number in counts.states.items() if number) or 'none new'})",
        )
        lines += self._field("target", f"{report.target.base_url} ({report.target.kind})")
        lines += self._field(
            "contract",
            f"{contract.title} {contract.version}, reading {contract.reading}, sha256 {contract.document.sha256[:12]}",
        )
        lines += self._field(
            "run", f"{plural(run.requests, 'request')} in {run.duration_s:.1f} s, {run.exploration}, seed {run.seed}"
        )
        return lines

    def _group(self, group: Group) -> list[str]:
        first = group.findings[0]
        times = plural(group.occurrences, "time")
        places = plural(len(group.findings), "place")
        lines = wrap(
            f"{GLYPHS[group.level]} {group.level} {group.rule.id} · {group.state} · {places}, seen {times} "
            f"· [{group.id}]",
            self.width,
            "  ",
        )
        lines[0] = self._paint(lines[0], "bold", _LEVEL_STYLES[group.level])
        lines += ["    " + line for line in wrap(group.rule.title, self.width - 4)]
        lines += self._field("where", self._where(group))
        location = where_said(first, self.clauses)
        lines += self._field("contract", _joined(group.expected) + (f" ({location})" if location else ""))
        lines += self._field("observed", _joined(group.observed))
        lines += self._field("fix", f"{group.side}: {group.remedy}")
        if since := first_seen(self.report, group.findings):
            lines += self._field("since", since)
        if group.state == "known":
            because = dict.fromkeys(accepted_as(self.entries.get(finding.id)) for finding in group.findings)
            lines += self._field("accepted", _joined(tuple(text.removeprefix("accepted") for text in because)))
        return lines + self._again(group)

    def _where(self, group: Group) -> str:
        """Places by status: ``200 /output_file_id /error_file_id; 404``."""
        by_status: dict[str, list[str]] = {}
        for finding in group.findings[:PLACES]:
            pointers = by_status.setdefault(finding.status or "any status", [])
            if finding.pointer:
                pointers.append(clip(finding.pointer, 120))
        text = "; ".join(" ".join((status, *pointers)) for status, pointers in by_status.items())
        left = len(group.findings) - PLACES
        return text + (f" … and {left:,} more" if left > 0 else "")

    def _again(self, group: Group) -> list[str]:
        command = curl_line(group.findings[0].evidence)
        if command in self.told:
            return self._field("again", f"as for [{self.told[command]}]")
        if len(command) > 6 * self.width:
            return self._field("again", "the request is too long for here: see the report")
        self.told[command] = group.id
        indent = " " * (_LABEL + 4)
        lines = folded(one_line(command), self.width - len(indent))
        return [self._paint(f"    {'again':<{_LABEL}}", "dim") + lines[0], *(indent + line for line in lines[1:])]

    def _tail(self) -> list[str]:
        report = self.report
        counts = count(report)
        lines: list[str] = []
        seen = {result.status for result in report.ledger.statuses if result.count}
        unseen = [status for status in report.contract.operation.responses if status not in seen]
        if unseen or counts.clauses["not_observed"]:
            text = f"Not observed: {plural(counts.clauses['not_observed'], 'clause')}"
            text += f"; status {', '.join(unseen)}" if unseen else ""
            lines += wrap(text, self.width, "  ")
        if counts.clauses["inconclusive"]:
            lines += wrap(f"Inconclusive: {plural(counts.clauses['inconclusive'], 'clause')}", self.width, "  ")
        for missing in report.missing:
            lines += wrap(f"Missing: {one_line(missing)}", self.width, "  ")
        for note in report.notes:
            lines += wrap(f"Note: {one_line(note)}", self.width, "  ")
        if report.fault:
            lines += wrap(f"Fault of this tool: {one_line(report.fault.strip().splitlines()[-1])}", self.width, "  ")
        if counts.document_findings:
            lines += wrap(
                f"The document itself: {plural(counts.document_findings, 'finding')}, with lines, in the report.",
                self.width,
                "  ",
            )
        lines += self._memory()
        if counts.failing:
            accept = "Accept: --write-baseline=FILE; the report has each finding's entry, ready to paste."
            lines += wrap(accept, self.width, "  ")
        lines.append(f"Report: {self.report_path}")
        return lines

    def _memory(self) -> list[str]:
        """What became of the baseline, and of the findings of the previous run."""
        report, lines = self.report, []
        if line := baseline_line(report):
            lines += wrap(f"Baseline {one_line(line)}", self.width, "  ")
            acts = [
                f"{result.state}: [{result.entry.fingerprint}] {result.entry.where}: {entry_advice(result)}"
                for result in entries_to_act_on(report)
            ]
            lines += self._listed(acts)
        if report.history is not None:
            lines += wrap(f"History {one_line(history_line(report))}", self.width, "  ")
            lines += self._listed([gone_line(gone) for gone in report.history.gone])
        return lines

    def _listed(self, texts: list[str]) -> list[str]:
        lines = [line for text in texts[:TOLD] for line in wrap("  " + one_line(text), self.width, "    ")]
        return lines + ([f"  and {len(texts) - TOLD:,} more, told in the report"] if len(texts) > TOLD else [])


def _joined(texts: tuple[str, ...], most: int = 3) -> str:
    shown = " | ".join(clip(one_line(text), 160) for text in texts[:most])
    return shown + (f" | and {len(texts) - most:,} more" if len(texts) > most else "")
