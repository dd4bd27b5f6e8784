"""``drift.html``: the page for a person who did not run it. One file, no network, whole without JavaScript."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import partial

import yaml
from markupsafe import Markup

from batch_conformance.contract.clause import Clause
from batch_conformance.contract.document import Document
from batch_conformance.contract.location import Location
from batch_conformance.contract.selfcheck import DocumentFinding
from batch_conformance.exchange.exchange import Exchange, Response
from batch_conformance.findings.baseline import Entry
from batch_conformance.findings.finding import LEVELS, Finding
from batch_conformance.message import Message, Template
from batch_conformance.report.finding.baseline_entry import baseline_entry, day_of
from batch_conformance.report.finding.body_view import NOT_HERE, BodyLine, BodyView, body_view, mask_url_queries
from batch_conformance.report.finding.confirmed import all_confirmed
from batch_conformance.report.finding.earlier import read_before
from batch_conformance.report.finding.recorded_at import curl_of, prefer_of, recorded_at, why_not_repeatable
from batch_conformance.report.finding.reproduction import folded, rerun
from batch_conformance.report.finding.vendor_text import vendor_text
from batch_conformance.report.items.item import Items, items_of
from batch_conformance.report.language import language as language_of
from batch_conformance.report.page import asset, csp, template
from batch_conformance.report.run.baseline_texts import (
    accepted_as,
    entries_by_id,
    entry_advice,
    entry_counts,
    first_seen,
    history_line,
)
from batch_conformance.report.run.coverage import FieldState, field_tables, status_grid, unobserved
from batch_conformance.report.run.groups import (
    SIDES,
    STATES,
    Group,
    clauses_by_id,
    count,
    document_summary,
    failing,
    fold,
    mark_of,
    masked_names,
    place,
    remedy_of,
    rule_named,
    verdict_sentence,
    where_said,
)
from batch_conformance.report.run.run_report import RunReport
from batch_conformance.report.text import clip, one_line
from batch_conformance.rules.highlight import Highlight, at_pointer, together

_NOT_IN_FULL = Template("body.not_in_full", "the body is not at hand in full")
_AS_RECEIVED = Template("body.as_received", "shown as received: {why}")
_MORE_FIELDS = Template("body.more_fields", "… {number} more header fields …")

BODY_LIMIT = 4_096
"""Characters of a response body on the page."""

EVIDENCES = 3
"""Exchanges shown per group; drift.json has one for every finding."""

WHOLE_GROUPS = 150
"""Groups that show whole bodies and the document's lines; the page would get too big to open with all of them."""

SHORT_BODY = 400

ENTRIES = 20
"""Baseline entries per group; for more, ``--write-baseline`` is the better tool."""

HEADERS = 40
"""Header fields of a response on the page."""

COMMAND_WIDTH = 84
"""Columns into which commands are folded."""

BRIEF = 6
"""Groups that the banner names."""

OPEN = 3
"""With at most so many groups the first is open from the start; more are an overview first."""

EXCERPT_PLACES = 12
"""Places of one group that are shown in the document; the table has the lines of the others."""

_GLYPHS = {
    "must": "✖", "should": "▲", "info": "●",
    "new": "✚", "known": "≡", "expired": "↺",
    "server": "⚙", "document": "¶", "network": "⇄",
    "drift": "✖", "accepted": "≡", "tolerated": "▲", "inconclusive": "?", "conforms": "✔",
    "passed": "✔", "failed": "✖", "skipped": "–", "error": "!",
    "kept": "✔", "broken": "✖", "not_observed": "–",
    "fixed": "✔", "gone": "✔", "not exercised": "–",
}  # fmt: skip


_FIELD_GLYPHS: Mapping[FieldState, str] = {
    "seen": "✔", "only null": "∅", "never seen": "–", "other type": "✖", "undeclared": "✖",
}  # fmt: skip

_OF_NULLS = ("document.example_null", "document.nullable_ignored")
"""Rules about the document that predict nulls, and nothing else, at their places."""

_TO_ACT = ("expired", "fixed", "not exercised", "known")
"""States of the baseline's entries, those first that somebody has to look at."""


@dataclass(frozen=True, slots=True)
class _Excerpt:
    """Lines of the document as (number, text, whether it is a place that is spoken of); number 0 stands for a gap."""

    location: Location
    lines: tuple[tuple[int, str, bool], ...]


@dataclass(frozen=True, slots=True)
class _Row:
    finding: Finding
    place: str
    location: Location | None


@dataclass(frozen=True, slots=True)
class _Evidence:
    """``head`` is the status line and the header fields. ``earlier``: it is what another is compared to.

    ``recorded`` says where and when it was recorded, ``not_repeatable`` why it cannot be repeated; then there is no
    ``curl``.
    """

    exchange: Exchange
    curl: str
    head: tuple[BodyLine, ...]
    body: BodyView | None
    notes: tuple[Message, ...]
    recorded: str = ""
    not_repeatable: str = ""
    earlier: bool = False


@dataclass(frozen=True, slots=True)
class _Page:
    """What every card needs: ``gate`` holds the ids of findings that fail it, ``names`` members that are masked."""

    report: RunReport
    clauses: Mapping[str, Clause]
    gate: frozenset[str]
    names: frozenset[str]
    day: date
    document_lines: Mapping[str, Sequence[str]]
    accepted: Mapping[str, Entry]
    items: Items


@dataclass(frozen=True, slots=True)
class _Card:
    group: Group
    fails: bool
    rows: tuple[_Row, ...]
    says: tuple[Message, ...]
    excerpt: _Excerpt | None
    evidences: tuple[_Evidence, ...]
    hidden: int
    entries: str
    entries_left_out: int
    predicted_by: tuple[DocumentFinding, ...]
    accepted: tuple[Message, ...]
    confirmed: tuple[Message, ...]
    since: str
    rerun_command: str
    vendor_text: str


@dataclass(frozen=True, slots=True)
class _Contradiction:
    """Findings about the document of one rule, each with what it predicted; ``repairs`` are overlay actions as YAML."""

    findings: tuple[tuple[DocumentFinding, tuple[Finding, ...]], ...]
    whys: tuple[Message, ...]
    excerpt: _Excerpt | None
    repairs: str

    @property
    def level(self) -> str:
        """That of all of them."""
        return self.findings[0][0].level


_TEMPLATES = (
    "drift.macros.j2",
    "finding.html.j2",
    "drift.html.j2",
    "document.html.j2",
    "coverage.html.j2",
    "memory.html.j2",
    "legend.html.j2",
)

CHORES = tuple(partial(template, name) for name in _TEMPLATES)
"""What makes a later ``render`` faster: compiles one template each."""


def render(report: RunReport) -> str:
    """The report as one HTML document."""
    style, script = asset("drift.css"), asset("drift.js")
    cards = _cards(report)
    counts = count(report)
    contradictions = _contradictions(report, cards)
    language = language_of(report.language)
    return template("drift.html.j2").render(
        language=language,
        _=language.text,
        n=language.count,
        said=language.render,
        rule_title=lambda rule: language.rule_texts(rule).title,
        why=lambda rule: language.rule_texts(rule).why,
        remedy=lambda group: remedy_of(group, language),
        field_glyphs=_FIELD_GLYPHS,
        report=report,
        contract=report.contract,
        run=report.run,
        counts=counts,
        document_summary=document_summary(counts, language),
        mark=mark_of(report),
        command="\n".join(folded(report.run.command, COMMAND_WIDTH)),
        sentence=verdict_sentence(report, language),
        cards=cards,
        brief=[card for card in cards if card.group.level != "info"][:BRIEF],
        open_first=len(cards) <= OPEN,
        answered=any(result.count for result in report.ledger.statuses),
        contradictions=tuple(part for part in contradictions if part.level == "should"),
        left_open=tuple(part for part in contradictions if part.level != "should"),
        grid=status_grid(report),
        field_tables=field_tables(report),
        unobserved=unobserved(report),
        entries=sorted(report.entries, key=lambda result: _TO_ACT.index(result.state)),
        entry_counts=entry_counts(report),
        advice=entry_advice,
        history_line=history_line(report),
        levels=LEVELS,
        sides=SIDES,
        states=STATES,
        glyphs=_GLYPHS,
        prefer_of=prefer_of,
        style=Markup(style),
        script=Markup(script),
        csp=csp(style, script),
    )


def _cards(report: RunReport) -> tuple[_Card, ...]:
    page = _Page(
        report,
        clauses_by_id(report),
        frozenset(finding.id for finding in failing(report)),
        masked_names(report),
        day_of(report.run.started_at),
        _lines(report.contract.document),
        entries_by_id(report),
        items_of(report),
    )
    groups = fold(report.ledger.findings)
    return tuple(_card(group, page, number < WHOLE_GROUPS) for number, group in enumerate(groups))


def _card(group: Group, page: _Page, whole: bool) -> _Card:
    report, clauses = page.report, page.clauses
    shown = group.evidences[: EVIDENCES if whole else 1]
    rows = tuple(
        _Row(
            finding=finding,
            place=clip(place(finding, language_of(report.language)), 300),
            location=where_said(finding, clauses),
        )
        for finding in group.findings
    )
    broken = (clause for finding in group.findings for clause in finding.clauses if clause in clauses)
    says = dict.fromkeys(clauses[clause].says for clause in broken)
    return _Card(
        group=group,
        fails=group.id in page.gate,
        rows=rows,
        says=tuple(says),
        excerpt=_excerpt((row.location for row in rows), page.document_lines) if whole else None,
        evidences=(*_before(group, page), *(_evidence(*one, page, whole) for one in shown)),
        hidden=len(group.evidences) - len(shown),
        entries="".join(baseline_entry(finding, page.day) for finding in group.findings[:ENTRIES]),
        entries_left_out=max(len(group.findings) - ENTRIES, 0),
        predicted_by=tuple(
            contradiction
            for contradiction in report.contract.document_findings
            if any(_predicts(contradiction, finding) for finding in group.findings)
        ),
        accepted=tuple(dict.fromkeys(accepted_as(page.accepted.get(finding.id)) for finding in group.findings))
        if group.state == "known"
        else (),
        confirmed=all_confirmed(group.findings),
        since=first_seen(report, group.findings),
        rerun_command="\n".join(folded(rerun(report, group.findings[0], page.items), COMMAND_WIDTH)),
        vendor_text=vendor_text(group, report, rows[0].location) if whole else "",
    )


def _before(group: Group, page: _Page) -> tuple[_Evidence, ...]:
    """The read that the first finding is compared to, where it is about two."""
    first = group.findings[0]
    exchange = read_before(first, page.report.ledger.exchanges)
    return (replace(_evidence(exchange, (first,), page, True), earlier=True),) if exchange else ()


def _predicts(contradiction: DocumentFinding, finding: Finding) -> bool:
    """Whether the finding is what the document's contradiction makes a server show."""
    if finding.rule == "body.seen" or (contradiction.rule in _OF_NULLS and finding.kind != "null"):
        return False
    if contradiction.rule == "document.string_quoting" and finding.rule != "json.unquoted":
        return False
    return any(
        pointer in finding.pointers
        and (finding.status == status or (not finding.status and finding.side == "document"))
        for status, pointer in contradiction.predicts
    )


def _lines(document: Document) -> Mapping[str, Sequence[str]]:
    """The lines of the document and of the files that it refers to, by file."""
    texts = {**document.other_files, document.name: document.text}
    return {name: text.splitlines() for name, text in texts.items()}


def _excerpt(locations: Iterable[Location | None], lines_of_files: Mapping[str, Sequence[str]]) -> _Excerpt | None:
    """The lines around these places, of the file that has the first of them; None where they stand elsewhere."""
    known = [
        location
        for location in dict.fromkeys(location for location in locations if location is not None)
        if 0 < location.line <= len(lines_of_files.get(location.file, ()))
    ]
    if not known:
        return None
    document_lines = lines_of_files[known[0].file]
    spoken_of = [location for location in known if location.file == known[0].file][:EXCERPT_PLACES]
    hits = {location.line for location in spoken_of}
    around = 3 if len(hits) == 1 else 1
    texts = {
        number: document_lines[number - 1]
        for line in hits
        for number in range(max(line - around, 1), min(line + around, len(document_lines)) + 1)
    }
    indent = min((len(text) - len(text.lstrip()) for text in texts.values() if text.strip()), default=0)
    lines: list[tuple[int, str, bool]] = []
    for number, text in sorted(texts.items()):
        if lines and number - lines[-1][0] > 1:
            lines.append((0, "", False))
        lines.append((number, clip(text[indent:], 200), number in hits))
    return _Excerpt(spoken_of[0], tuple(lines))


def _evidence(exchange: Exchange, findings: Sequence[Finding], page: _Page, whole: bool) -> _Evidence:
    response, secured = exchange.response, page.report.contract.chosen.secured
    asked = (exchange, _curl(exchange, secured=secured))
    recorded = (recorded_at(exchange), why_not_repeatable(exchange, secured=secured))
    if response is None:
        return _Evidence(*asked, (), None, (), *recorded)
    at = together(_highlight(finding) for finding in findings)
    body = body_view(response.body, at.pointers, page.names, BODY_LIMIT if whole else SHORT_BODY, at.words)
    notes = (
        *body.notes,
        *([_NOT_IN_FULL()] if response.truncated else ()),
        *([_AS_RECEIVED(why=response.decode_error)] if response.decode_error else ()),
    )
    return _Evidence(*asked, _head(response, at), body, notes, *recorded)


def _curl(exchange: Exchange, *, secured: bool) -> str:
    return "\n".join(folded(clip(curl_of(exchange, secured=secured), 12_000), COMMAND_WIDTH))


def _highlight(finding: Finding) -> Highlight:
    """What a finding is about: the value at its pointer where it has one, else what its rule says."""
    return at_pointer(finding) if finding.pointer or finding.parts else rule_named(finding.rule).highlight(finding)


def _head(response: Response, at: Highlight) -> tuple[BodyLine, ...]:
    """The status line and the header fields, those marked that the findings are about."""
    sent = {name.lower() for name, _ in response.headers}
    absent = tuple(NOT_HERE(name=clip(name, 60)) for name in sorted(at.headers - sent))
    status = f"HTTP/{response.http_version} {response.status} {clip(response.reason, 120)}".rstrip()
    lines = [BodyLine(one_line(status), at.status or bool(absent), absent)]
    for name, value in response.headers[:HEADERS]:
        text = one_line(f"{name}: {clip(mask_url_queries(value), 400)}")
        lines.append(BodyLine(text, name.lower() in at.headers or any(word in value for word in at.words)))
    left = len(response.headers) - HEADERS
    return (*lines, BodyLine("", gap=_MORE_FIELDS(number=f"{left:,}"))) if left > 0 else tuple(lines)


def _contradictions(report: RunReport, cards: Sequence[_Card]) -> tuple[_Contradiction, ...]:
    """The document's findings by rule, worst first, each with its lines and the findings that it predicted."""
    predicted: dict[str, list[Finding]] = {}
    for card in cards:
        for contradiction in card.predicted_by:
            shown = (finding for finding in card.group.findings if _predicts(contradiction, finding))
            predicted.setdefault(contradiction.id, []).extend(shown)
    folded: dict[tuple[str, str], list[DocumentFinding]] = {}
    for contradiction in sorted(report.contract.document_findings, key=lambda finding: LEVELS.index(finding.level)):
        folded.setdefault((contradiction.level, contradiction.rule), []).append(contradiction)
    document = report.contract.document
    lines = _lines(document)
    return tuple(
        _Contradiction(
            findings=tuple((finding, tuple(predicted.get(finding.id, ()))) for finding in members),
            whys=tuple(dict.fromkeys(finding.why for finding in members)),
            excerpt=_excerpt((finding.location for finding in members), lines),
            repairs=yaml.safe_dump(
                [finding.repair for finding in members if finding.repair],
                sort_keys=False,
                allow_unicode=True,
                width=1000,
            )
            if any(finding.repair for finding in members)
            else "",
        )
        for members in folded.values()
    )
