"""GitHub Actions: annotations at the contract's lines, and the step summary. Nothing on other systems."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from batch_conformance.report.finding.confirmed import all_confirmed
from batch_conformance.report.language import language as language_of
from batch_conformance.report.run import markdown
from batch_conformance.report.run.groups import clauses_by_id, failing, fold, line_of, place
from batch_conformance.report.run.run_report import RunReport
from batch_conformance.report.text import clip, one_line

MOST = 10
"""GitHub shows ten annotations of a kind per step."""


def annotate(report: RunReport, workspace: Path | None = None) -> str:
    """Workflow commands, one line per group of findings: errors where the gate fails, else warnings or notices.

    ``workspace`` is the folder that GitHub shows the files of: an annotation names its file from there, and none where
    the contract's file is not in it, as of a contract that came with this package. None: the names as they stand.
    """
    language, clauses = language_of(report.language), clauses_by_id(report)
    text, said = language.text, language.render
    gate = frozenset(finding.id for finding in failing(report))
    annotations: dict[str, list[str]] = {"error": [], "warning": [], "notice": []}
    for group in fold(report.ledger.findings):
        first = group.findings[0]
        kind = (
            "error" if first.id in gate else "notice" if group.level == "info" or group.state == "known" else "warning"
        )
        location = line_of(first, clauses, report)
        title = f"{group.rule.id} ({text(group.level)}{text(', ')}{text(group.state)})"
        parts = [f"title={_property(title)}"]
        if file := _shown_file(location.file, workspace):
            parts.insert(0, f"file={_property(file)}")
            if location.line:
                parts.insert(1, f"line={location.line}")
        where = place(first, language)
        if len(group.findings) > 1:
            more = language.count(len(group.findings) - 1, "more place")
            where = text("{place} and {more}", place=where, more=more)
        message = text(
            "{title}: {where}: expected {expected}; observed {observed}; side to fix: {side} [{id}]",
            title=language.rule_texts(group.rule).title,
            where=where,
            expected=said(first.expected),
            observed=said(first.observed),
            side=text(group.side),
            id=group.id,
        )
        message += "".join(f"{text('; ')}{said(again)}" for again in all_confirmed(group.findings))
        annotations[kind].append(f"::{kind} {','.join(parts)}::{_message(message)}")
    return "".join(line + "\n" for lines in annotations.values() for line in lines[:MOST])


def publish(report: RunReport, environ: Mapping[str, str]) -> str:
    """What to print on GitHub Actions; appends the summary to ``$GITHUB_STEP_SUMMARY`` when it is set.

    Empty, and nothing appended, on other systems. Raises OSError where the summary cannot be written.
    """
    if environ.get("GITHUB_ACTIONS") != "true":
        return ""
    append_summary(markdown.render(report), environ)
    return annotate(report, Path(environ.get("GITHUB_WORKSPACE") or "."))


def append_summary(text: str, environ: Mapping[str, str]) -> None:
    """Add Markdown to the summary of the step on GitHub Actions; nothing on other systems. Raises OSError."""
    summary = environ.get("GITHUB_STEP_SUMMARY")
    if environ.get("GITHUB_ACTIONS") == "true" and summary:
        with Path(summary).open("a", encoding="utf-8") as file:
            file.write(text)


def _shown_file(file: str, workspace: Path | None) -> str:
    """The file as an annotation names it; empty where GitHub has no such file to show."""
    if "://" in file:
        return ""
    if workspace is None:
        return file
    path, root = Path(file).resolve(), workspace.resolve()
    return path.relative_to(root).as_posix() if path.is_file() and path.is_relative_to(root) else ""


def _message(text: str) -> str:
    """Escaped as the runner's own toolkit does for messages; never able to start another command."""
    return clip(one_line(text), 2_000).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
