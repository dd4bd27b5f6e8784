"""What the check of documents found, as text for a terminal and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from batch_conformance.contract.document_check import DocumentCheck
from batch_conformance.contract.document_finding import DocumentFinding
from batch_conformance.message import Count, Message, Template
from batch_conformance.nouns import NOUNS
from batch_conformance.report.contract_diff import document, render_text
from batch_conformance.report.language.language import Language
from batch_conformance.report.text import one_line

FORMAT = "batch-conformance-check/1"

WITHOUT = Template("check.without", "{source}: it contradicts itself nowhere, and leaves {open} open")
WITHOUT_MORE = Template("check.without_more", "{source}: it contradicts itself nowhere that it did not in {former}")
WITH_MORE = Template(
    "check.with_more", "{source}: it contradicts itself in {contradictions}, which it did not in {former}"
)
WITH = Template("check.with", "{source}: it contradicts itself in {contradictions}, and leaves {open} open")
SAME = Template("check.same", "Nothing changes for its clients since {revision}.")


def as_text(checks: Sequence[DocumentCheck], language: Language) -> str:
    """Each document in a line, then its contradictions, one a line with file and line, then what changed."""
    return "".join(line + "\n" for check in checks for line in _lines(check, language))


def _lines(check: DocumentCheck, language: Language) -> Iterator[str]:
    yield language.render(_heading(check))
    for contradiction in check.contradictions:
        yield f"  {contradiction.location}: {one_line(language.render(contradiction.says))} [{contradiction.rule}]"
    if check.diff is not None and check.diff.changes:
        yield from render_text(check.diff, language).splitlines()
    elif check.diff is not None:
        yield f"  {language.render(SAME(revision=check.diff.old.document.name))}"


def _heading(check: DocumentCheck) -> Message:
    opened = Count(len(check.open_places), NOUNS["place"])
    found = Count(len(check.contradictions), NOUNS["place"])
    former = check.diff.old.document.name if check.diff else ""
    if former and check.contradictions:
        return WITH_MORE(source=check.source, contradictions=found, former=former)
    if former:
        return WITHOUT_MORE(source=check.source, former=former)
    if check.contradictions:
        return WITH(source=check.source, contradictions=found, open=opened)
    return WITHOUT(source=check.source, open=opened)


def as_json(checks: Sequence[DocumentCheck]) -> str:
    """The same for machines, with the places that are left open."""
    values = [
        {
            "document": check.source,
            "fails": check.fails,
            "findings": [_finding(found) for found in (*check.contradictions, *check.open_places)],
            "diff": None if check.diff is None else document(check.diff),
        }
        for check in checks
    ]
    return json.dumps({"format": FORMAT, "documents": values}, indent=2, ensure_ascii=False) + "\n"


def _finding(found: DocumentFinding) -> dict[str, object]:
    return {
        "id": found.id,
        "rule": found.rule,
        "level": found.level,
        "title": str(found.title),
        "says": str(found.says),
        "why": str(found.why),
        "file": found.location.file,
        "line": found.location.line,
        "pointer": found.pointer,
    }
