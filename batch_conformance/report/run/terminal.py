"""The end of the terminal's output: verdict, findings folded, what was not observed, where the report is."""

from __future__ import annotations

from collections.abc import Mapping, Set
from typing import Literal

from batch_conformance.contract.clause import Clause
from batch_conformance.exchange.curl import curl_line
from batch_conformance.findings.finding import Level
from batch_conformance.message import Message
from batch_conformance.report.finding.confirmed import all_confirmed
from batch_conformance.report.finding.recorded_at import prefer_of, recorded_at, why_not_repeatable
from batch_conformance.report.finding.reproduction import folded
from batch_conformance.report.language import language as language_of
from batch_conformance.report.run.baseline_texts import (
    SHOWN_IN_FULL,
    accepted_until,
    baseline_line,
    entries_by_id,
    entries_to_act_on,
    entry_advice,
    first_seen,
    gone_line,
    history_line,
)
from batch_conformance.report.run.coverage import unseen_statuses
from batch_conformance.report.run.groups import (
    Group,
    Mark,
    clauses_by_id,
    count,
    document_summary,
    fold,
    mark_of,
    overlay_remarks,
    remedy_of,
    verdict_sentence,
    where_said,
)
from batch_conformance.report.run.run_report import RunReport
from batch_conformance.report.text import cells, clip, one_line, wrap

GROUPS = 12
"""Groups that are shown in full; the others are counted."""

PLACES = 12
"""Places of one group that are listed; the others are counted."""

GLYPHS: Mapping[Level, str] = {"must": "✖", "should": "▲", "info": "●"}

_Style = Literal["bold", "dim", "red", "yellow", "green", "blue"]
_CODES: Mapping[_Style, str] = {"bold": "1", "dim": "2", "red": "31", "yellow": "33", "green": "32", "blue": "34"}
_LEVEL_STYLES: Mapping[Level, _Style] = {"must": "red", "should": "yellow", "info": "blue"}
_MARK_STYLES: Mapping[Mark, _Style] = {
    **{"drift": "red", "accepted": "yellow", "tolerated": "yellow"},
    **{"inconclusive": "yellow", "conforms": "green"},
}
MARKS: Mapping[Mark, str] = {"drift": "✖", "accepted": "≡", "tolerated": "▲", "inconclusive": "?", "conforms": "✔"}
_LABEL = 10
_LAST = 200
"""Characters of the reason in the last line."""
_FEW = 3
"""Groups after which the verdict is still on the screen."""


def render(
    report: RunReport,
    color: bool = False,
    width: int = 80,
    report_path: str = "reports/drift.html",
    shown_before: Set[str] | None = None,
) -> str:
    """The run in at most ``width`` columns; a command to copy may be longer than a line.

    ``color`` adds ANSI colours, which never carry the only hint at a state. ``shown_before`` are the ids of the
    findings that were shown before: the others are then a line each, and the verdict comes last.
    """
    terminal = _Terminal(report, color, max(width, 40), report_path)
    lines = terminal.lines() if shown_before is None else terminal.lines_after(shown_before)
    return "\n".join(lines) + "\n"


def finding_lines(report: RunReport, group: Group, width: int = 80) -> list[str]:
    """The lines that tell of one group of findings, for where it stands by itself."""
    return _Terminal(report, False, max(width, 40), "")._group(group)


def last_line(report: RunReport, exit_code: int) -> tuple[str, str]:
    """The outcome in one line, to stand after pytest's count, which knows nothing of it; and its colour.

    ``exit_code`` is the session's: it may be another than the report's, where reports could not be written.
    """
    language = language_of(report.language)
    text, mark = language.text, mark_of(report)
    reason = report.exit_reason if exit_code == report.exit_code else None
    verdict_line = f"{MARKS[mark]} {text(report.verdict).upper()}{text(', ')}{text('exit code {code}', code=exit_code)}"
    if reason:
        verdict_line += f"{text(': ')}{clip(one_line(language.render(reason)), _LAST)}"
    return verdict_line, _MARK_STYLES[mark]


_SHIPPED_OVERLAYS = "spec/overlays/"
"""Where the overlays of the project are: those belong to the reading, others were given for the run."""


class _Terminal:
    def __init__(self, report: RunReport, color: bool, width: int, report_path: str) -> None:
        self.report = report
        self.color = color
        self.width = width
        self.report_path = report_path
        self.clauses: Mapping[str, Clause] = clauses_by_id(report)
        self.entries = entries_by_id(report)
        self.command_ids: dict[str, str] = {}
        self.language = language_of(report.language)

    def lines(self) -> list[str]:
        report = self.report
        groups = fold(report.ledger.findings)
        lines = self._head()
        for group in groups[:GROUPS]:
            lines += ["", *self._group(group)]
        if len(groups) > GROUPS:
            rest = sum(len(group.findings) for group in groups[GROUPS:])
            lines += ["", *wrap(self._more(rest, "finding"), self.width)]
        return [*lines, "", *self._tail()]

    def lines_after(self, shown_before: Set[str]) -> list[str]:
        """The rest, where the findings that fail the run were shown as failures of tests."""
        groups = [
            group
            for group in fold(self.report.ledger.findings)
            if shown_before.isdisjoint(f.id for f in group.findings)
        ]
        lines = [line for group in groups[:GROUPS] for line in self._brief(group)]
        if len(groups) > GROUPS:
            rest = sum(len(group.findings) for group in groups[GROUPS:])
            lines += wrap(self._more(rest, "finding"), self.width)
        return [*lines, *([""] if lines else []), *self._head(), *self._tail(verdict=False)]

    def _brief(self, group: Group) -> list[str]:
        """A group in a line or two."""
        text = self.language.text
        head = f"{GLYPHS[group.level]} {text(group.level)} {group.rule.id} · {text(group.state)} · [{group.id}]"
        summary = f"{head} {self._where(group)}{text(': ')}{self.language.render(group.observed[0])}"
        if confirmations := all_confirmed(group.findings):
            summary += f"{text('; ')}{self._joined(confirmations)}"
        lines = self._wrapped(summary, "    ")
        return [self._paint(line, _LEVEL_STYLES[group.level]) for line in lines]

    def _paint(self, text: str, *styles: _Style) -> str:
        if not self.color:
            return text
        return f"\x1b[{';'.join(_CODES[style] for style in styles)}m{text}\x1b[0m"

    def _field(self, label: str, text: str) -> list[str]:
        """A labelled text; ``label`` is English, ``text`` is shown as it is."""
        indent = " " * (_LABEL + 4)
        lines = wrap(one_line(text), self.width - len(indent), "")
        painted = self._label(label)
        return [painted + lines[0], *(indent + line for line in lines[1:])]

    def _label(self, label: str) -> str:
        caption = self.language.text(label)
        return self._paint(f"    {caption}{' ' * max(_LABEL - cells(caption), 1)}", "dim")

    def _wrapped(self, text: str, indent: str = "  ") -> list[str]:
        return wrap(one_line(text), self.width, indent)

    def _verdict(self) -> list[str]:
        """The verdict and its sentence."""
        report, text, mark = self.report, self.language.text, mark_of(self.report)
        title = f"{MARKS[mark]} {text(report.verdict).upper()}"
        if not report.complete:
            title += f" ({text('incomplete')})"
        lines = self._wrapped(f"{title}{text(': ')}{verdict_sentence(report, self.language)}")
        return [self._paint(line, "bold", _MARK_STYLES[mark]) for line in lines]

    def _head(self) -> list[str]:
        report, contract, run, language = self.report, self.report.contract, self.report.run, self.language
        text, counts, asked = language.text, count(report), contract.chosen
        further = len(contract.every) - 1
        more = f" {text('and')} {language.count(further, 'more operation')}" if further else ""
        comma = text(", ")
        own = [name for name in contract.overlays if not name.startswith(_SHIPPED_OVERLAYS)]
        overlays = f"{comma}{text('overlay')} {comma.join(map(one_line, own))}" if own else ""
        levels = comma.join(f"{number:,} {text(level)}" for level, number in counts.levels.items())
        states = comma.join(f"{number:,} {text(state)}" for state, number in counts.states.items() if number)
        return [
            *self._verdict(),
            *self._field("exit", f"{report.exit_code}{text(': ')}{language.render(report.exit_reason)}"),
            *self._field("findings", f"{counts.findings:,} ({levels}{text('; ')}{states or text('none new')})"),
            *self._field("target", f"{report.target.base_url} ({text(report.target.kind)})"),
            *self._field(
                "contract",
                f"{contract.title} {contract.version}{comma}{asked.method} {asked.path}{more}{comma}"
                f"{text('reading')} {contract.reading}{overlays}{comma}"
                f"sha256 {contract.document.sha256[:12]}",
            ),
            *self._field(
                "run",
                text(
                    "{requests} in {seconds} s, {exploration}, seed {seed}",
                    requests=language.count(run.requests, "request"),
                    seconds=f"{run.duration_s:.1f}",
                    # The names of an option's values stay as they are.
                    exploration=text("recorded") if run.exploration == "recorded" else run.exploration,
                    seed=text("none") if run.seed == "none" else run.seed,
                ),
            ),
        ]

    def _group(self, group: Group) -> list[str]:
        language, text = self.language, self.language.text
        rule, accepted = language.rule_texts(group.rule), group.state == "known"
        head = (
            f"{MARKS['accepted'] if accepted else GLYPHS[group.level]} "
            f"{text(group.level)} {group.rule.id} · {text(group.state)} · "
            f"{language.count(group.places, 'place')}{text(', ')}{text('seen')} "
            f"{language.count(group.occurrences, 'time')} · [{group.id}]"
        )
        lines = self._wrapped(head)
        lines[0] = self._paint(lines[0], "bold", *(() if accepted else (_LEVEL_STYLES[group.level],)))
        lines += ["    " + line for line in wrap(rule.title, self.width - 4)]
        lines += self._field("where", self._where(group))
        location = where_said(group.findings[0], self.clauses)
        lines += self._field(
            "contract", self._joined(group.expected) + (f" ({language.location(location)})" if location else "")
        )
        lines += self._field("observed", self._joined(group.observed))
        lines += self._field("fix", f"{text(group.side)}{text(': ')}{remedy_of(group, language)}")
        if confirmations := all_confirmed(group.findings):
            lines += self._field("confirm", self._joined(confirmations))
        if since := first_seen(self.report, group.findings):
            lines += self._field("since", since)
        if accepted:
            because = dict.fromkeys(accepted_until(self.entries.get(finding.id)) for finding in group.findings)
            lines += self._field("accepted", self._joined(tuple(because)))
        return lines + self._reproduction(group)

    def _where(self, group: Group) -> str:
        """Places by status: ``200 /output_file_id /error_file_id; 404``."""
        by_status: dict[str, list[str]] = {}
        for finding in group.findings[:PLACES]:
            pointers = by_status.setdefault(finding.status or self.language.text("any status"), [])
            places = (finding.pointer,) if finding.pointer else finding.pointers
            pointers += [clip(pointer, 120) for pointer in places if pointer]
        text = "; ".join(" ".join((status, *pointers)) for status, pointers in by_status.items())
        left = len(group.findings) - PLACES
        if left <= 0:
            return text
        return f"{text} … {self.language.text('and')} {self.language.count(left, 'more place')}"

    def _reproduction(self, group: Group) -> list[str]:
        first, text = group.findings[0].evidence, self.language.text
        facts = self._field("recorded", recorded_at(first)) if first.source else []
        if (smallest := group.findings[0].smallest) is not None:
            facts += self._field("smallest", self.language.render(smallest))
        if first.probe.forced_status is not None:
            facts += self._field("forced", text("the status was asked for: {header}", header=prefer_of(first)))
        return [*facts, *self._command(group)]

    def _command(self, group: Group) -> list[str]:
        first, text = group.findings[0].evidence, self.language.text
        reason = why_not_repeatable(first, secured=self.report.contract.chosen.secured)
        if reason:
            return self._field("again", text(reason))
        command = curl_line(first)
        if command in self.command_ids:
            return self._field("again", text("as for [{id}]", id=self.command_ids[command]))
        if len(command) > 6 * self.width:
            return self._field("again", text("the request is too long for here: see the report"))
        self.command_ids[command] = group.id
        indent = " " * (_LABEL + 4)
        lines = folded(one_line(command), self.width - len(indent))
        return [self._label("again") + lines[0], *(indent + line for line in lines[1:])]

    def _tail(self, *, verdict: bool = True) -> list[str]:
        report, language = self.report, self.language
        text, said, counts = language.text, language.render, count(report)
        lines: list[str] = []
        unseen = unseen_statuses(report)
        if not report.partial and (unseen or counts.clauses["not_observed"]):  # nobody asked for the rest
            unobserved = language.count(counts.clauses["not_observed"], "clause")
            unobserved += f"{text('; ')}{text('status')} {', '.join(unseen)}" if unseen else ""
            unobserved += text(", of which this run says nothing, neither good nor bad")
            lines += self._wrapped(f"{text('Not observed')}{text(': ')}{unobserved}")
        if counts.clauses["inconclusive"]:
            inconclusive = language.count(counts.clauses["inconclusive"], "clause")
            lines += self._wrapped(f"{text('Inconclusive')}{text(': ')}{inconclusive}")
        for missing in report.missing:
            lines += self._wrapped(f"{text('Missing')}{text(': ')}{said(missing)}")
        for note in report.notes:
            lines += self._wrapped(f"{text('Note')}{text(': ')}{said(note)}")
        if report.fault:
            lines += self._wrapped(f"{text('Fault of this tool')}{text(': ')}{report.fault.strip().splitlines()[-1]}")
        if counts.contradictions or counts.open_places:
            findings = document_summary(counts, language)
            lines += self._wrapped(
                text("The document itself: {findings}; with lines in the report.", findings=findings)
            )
        for remark in overlay_remarks(report):
            lines += self._wrapped(f"{text('Overlay')}{text(': ')}{remark.location}{text(': ')}{said(remark.says)}")
        lines += self._memory()
        if counts.failing:
            accept = text("Accept: --write-baseline=FILE; the report has each finding's entry, ready to paste.")
            lines += self._wrapped(accept)
        if verdict and counts.groups > _FEW:  # the verdict has scrolled away
            lines += ["", *self._verdict()]
        lines.append(f"{text('Report')}{text(': ')}{self.report_path}")
        return lines

    def _memory(self) -> list[str]:
        """What became of the baseline, and of the findings of the previous run."""
        report, text, said = self.report, self.language.text, self.language.render
        lines: list[str] = []
        if line := baseline_line(report):
            lines += self._wrapped(f"{text('Baseline')} {said(line)}")
            acts = [
                f"{text(result.state)}{text(': ')}[{result.entry.fingerprint}] {result.entry.where}{text(': ')}"
                f"{said(entry_advice(result))}"
                for result in entries_to_act_on(report)
            ]
            lines += self._listed(acts)
        history = history_line(report)
        if history is not None and report.history is not None:
            lines += self._wrapped(f"{text('History')} {said(history)}")
            lines += self._listed([said(gone_line(gone)) for gone in report.history.gone])
        return lines

    def _listed(self, texts: list[str]) -> list[str]:
        lines = [line for listed in texts[:SHOWN_IN_FULL] for line in self._wrapped(f"  {listed}", "    ")]
        left = len(texts) - SHOWN_IN_FULL
        return lines + ([f"  {self._more(left, 'entry')}"] if left > 0 else [])

    def _more(self, number: int, noun: str) -> str:
        more = self.language.count(number, f"more {noun}")
        return self.language.text("and {more}, told in the report", more=more)

    def _joined(self, texts: tuple[Message, ...], most: int = 3) -> str:
        shown = " | ".join(clip(one_line(self.language.render(message)), 160) for message in texts[:most])
        return shown + (f" | +{len(texts) - most:,}" if len(texts) > most else "")
