"""Findings folded for people, and the counts that every report shows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, cast

from batch_conformance.contract.clause import Clause
from batch_conformance.contract.document_finding import DocumentFinding
from batch_conformance.contract.location import Location
from batch_conformance.contract.stated_at import place_of
from batch_conformance.exchange.exchange import Exchange, Request
from batch_conformance.findings.finding import LEVELS, Again, Finding, Level, Side, State
from batch_conformance.findings.gate import FailOn, fails_gate
from batch_conformance.findings.ledger import ClauseResult
from batch_conformance.message import Message
from batch_conformance.report.language import ENGLISH, Language, translatable
from batch_conformance.report.run.run_report import RunReport
from batch_conformance.rules import REGISTRY, Rule

Mark = Literal["drift", "accepted", "tolerated", "inconclusive", "conforms"]
"""A verdict as it is shown. ``accepted``: drift that is accepted; ``tolerated``: drift that --fail-on lets pass."""

STATES: tuple[State, ...] = ("new", "expired", "known")
"""Those that fail a gate first."""

SIDES: tuple[Side, ...] = ("server", "document", "network")

_CORRECT_DOCUMENT = translatable(
    "Correct the document, or an overlay of it, at this place, if what the server sends is meant."
)
_LOOK_BEFORE = translatable("Look at what stands before the server: a gateway, a proxy, a firewall.")


@dataclass(frozen=True, slots=True)
class Group:
    """Findings of one rule that deviate in one way, wherever they were seen. Never empty."""

    rule: Rule
    level: Level
    side: Side
    state: State
    kind: str
    findings: tuple[Finding, ...]

    @property
    def id(self) -> str:
        """The id of its first finding."""
        return self.findings[0].id

    @property
    def places(self) -> int:
        """At how many places it was seen: of a finding that stands for several, those of each that it names."""
        return sum(1 if finding.pointer else len(finding.pointers) for finding in self.findings)

    @property
    def occurrences(self) -> int:
        """How often it was seen, over all its places."""
        return sum(finding.occurrences for finding in self.findings)

    @property
    def expected(self) -> tuple[Message, ...]:
        """What the contract expects, each wording once."""
        return tuple(dict.fromkeys(finding.expected for finding in self.findings))

    @property
    def observed(self) -> tuple[Message, ...]:
        """What was observed, each wording once."""
        return tuple(dict.fromkeys(finding.observed for finding in self.findings))

    @property
    def statuses(self) -> tuple[str, ...]:
        """The statuses it was seen at, sorted; none where it is about no status."""
        return tuple(sorted({finding.status for finding in self.findings} - {""}))

    @property
    def media_types(self) -> tuple[str, ...]:
        """The media types of its clauses, sorted; none where it is about no media type."""
        return tuple(sorted({finding.media_type for finding in self.findings} - {""}))

    @property
    def evidences(self) -> tuple[tuple[Exchange, tuple[Finding, ...]], ...]:
        """Each exchange that is evidence, once, with the findings that it shows."""
        shown: dict[tuple[tuple[int, int], Request], list[Finding]] = {}
        for finding in self.findings:
            shown.setdefault((finding.evidence.order, finding.evidence.request), []).append(finding)
        return tuple((findings[0].evidence, tuple(findings)) for findings in shown.values())


@dataclass(frozen=True, slots=True)
class ReportCounts:
    """The numbers that all reports share. ``failing`` counts findings that fail the gate.

    ``noted`` are those of the broken clauses at which nothing but information was found.

    ``document_findings`` are what the self-check finds: ``contradictions`` of the document, ``open_places`` where it is
    too loose to test by, and remarks on overlays.
    """

    findings: int
    groups: int
    occurrences: int
    failing: int
    levels: Mapping[Level, int]
    states: Mapping[State, int]
    sides: Mapping[Side, int]
    clauses: Mapping[str, int]
    noted: int
    document_findings: int
    contradictions: int
    open_places: int


def fold(findings: Iterable[Finding]) -> tuple[Group, ...]:
    """Groups of findings with the same rule, kind, level, side and state, that were seen again or not.

    Those that are accepted come last; before that, the worst first, then as the ledger has them.

    Expected and observed texts may differ inside a group (a null for a string and a null for an integer are one
    problem); each finding keeps its own.
    """
    folded: dict[tuple[str, str, Level, Side, State, Again | None], list[Finding]] = {}
    for finding in findings:
        key = (finding.rule, finding.kind, finding.level, finding.side, finding.state, finding.again)
        folded.setdefault(key, []).append(finding)
    groups = [
        Group(rule_named(rule), level, side, state, kind, tuple(members))
        for (rule, kind, level, side, state, _), members in folded.items()
    ]
    return tuple(
        sorted(
            groups,
            key=lambda group: (group.state == "known", LEVELS.index(group.level), STATES.index(group.state)),
        )
    )


def rule_named(rule: str) -> Rule:
    """The registry's rule; for an id that it does not know, a rule that says so."""
    return REGISTRY.get(rule) or Rule(
        id=rule,
        title=rule,
        level="info",
        side="server",
        why="This version does not know the rule.",
        remedy="Read the report with the version that wrote it.",
        source="",
        breaks="",
        keeps="",
    )


def failing(report: RunReport) -> tuple[Finding, ...]:
    """The findings that fail the gate of this run."""
    fail_on = cast("FailOn", report.run.fail_on)
    return tuple(
        finding
        for finding in report.ledger.findings
        if finding.id not in report.outside and fails_gate(finding, fail_on)
    )


def mark_of(report: RunReport) -> Mark:
    """How the verdict is marked: drift that fails nothing has another mark than drift that does."""
    if report.verdict != "drift" or report.exit_code:
        return report.verdict
    weighty = (finding for finding in report.ledger.findings if finding.level != "info")
    return "accepted" if all(finding.state == "known" for finding in weighty) else "tolerated"


def overlay_remarks(report: RunReport) -> tuple[DocumentFinding, ...]:
    """What the self-check says of the actions of overlays, which people write for a run and read about right away."""
    return tuple(found for found in report.contract.document_findings if found.location.origin == "overlay")


def count(report: RunReport) -> ReportCounts:
    """The numbers of a run."""
    findings = report.ledger.findings
    levels = Counter(finding.level for finding in findings)
    states = Counter(finding.state for finding in findings)
    sides = Counter(finding.side for finding in findings)
    clauses = Counter(result.state for result in report.ledger.clauses)
    of_document = Counter(
        found.level for found in report.contract.document_findings if found.location.origin != "overlay"
    )
    return ReportCounts(
        findings=len(findings),
        groups=len(fold(findings)),
        occurrences=sum(finding.occurrences for finding in findings),
        failing=len(failing(report)),
        levels={level: levels[level] for level in LEVELS},
        states={state: states[state] for state in STATES},
        sides={side: sides[side] for side in SIDES},
        clauses={state: clauses[state] for state in ("kept", "broken", "inconclusive", "not_observed")},
        noted=sum(map(_Noted(findings).holds, report.ledger.clauses)),
        document_findings=len(report.contract.document_findings),
        contradictions=of_document["should"],
        open_places=of_document["info"],
    )


def clauses_for_people(counts: ReportCounts) -> Mapping[str, int]:
    """How many clauses are in each state, those apart at which nothing but information was found."""
    return {**counts.clauses, "broken": counts.clauses["broken"] - counts.noted, "noted": counts.noted}


class _Noted:
    """Tells the clauses at which nothing worse than information was found, by their own findings or their rule's."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self._at: dict[str, set[Level]] = {}
        self._of: dict[tuple[str, str], set[Level]] = {}
        for finding in findings:
            self._of.setdefault((finding.operation, finding.rule), set()).add(finding.level)
            for pointer in {finding.pointer, *finding.pointers}:
                self._at.setdefault(replace(finding, pointer=pointer).clause, set()).add(finding.level)

    def holds(self, result: ClauseResult) -> bool:
        """Whether a clause is one of them."""
        clause = result.clause
        levels = self._at.get(clause.id) or self._of.get((clause.operation, clause.rule))
        return result.state == "broken" and levels == {"info"}


def document_summary(counts: ReportCounts, language: Language = ENGLISH) -> str:
    """What the self-check finds in the document, by its two kinds: ``13 contradictions, 24 places left open``."""
    return language.text(", ").join(
        (
            language.count(counts.contradictions, "contradiction"),
            language.count(counts.open_places, "place left open"),
        )
    )


def remedy_of(group: Group, language: Language) -> str:
    """What to do, by the side that is to be fixed, in a language."""
    if group.side == "document" and group.rule.side != "document" and not group.rule.id.startswith("client."):
        return language.text(_CORRECT_DOCUMENT)
    if group.side == "network" and group.rule.side != "network":
        return language.text(_LOOK_BEFORE)
    return language.rule_texts(group.rule).remedy


def verdict_sentence(report: RunReport, language: Language = ENGLISH) -> str:
    """What the verdict comes to, to stand below or after it."""
    sentence = language.render(report.outcome)
    return sentence[:1].upper() + sentence[1:]


def clauses_by_id(report: RunReport) -> dict[str, Clause]:
    """Every clause of the run by its id: the contract's, and those that only the ledger has."""
    known = {clause.id: clause for clause in report.contract.clauses}
    return known | {result.clause.id: result.clause for result in report.ledger.clauses}


def place(finding: Finding, language: Language = ENGLISH) -> str:
    """Where in the exchange: ``200 /output_file_id``, ``401``, ``any status``."""
    return " ".join(filter(None, (finding.status or language.text("any status"), finding.pointer)))


def where_said(finding: Finding, clauses: Mapping[str, Clause]) -> Location | None:
    """Where the contract says what the finding breaks, if it does."""
    if finding.location:
        return finding.location
    clause = clauses.get(finding.clause)
    return clause.location if clause else None


def line_of(finding: Finding, clauses: Mapping[str, Clause], report: RunReport) -> Location:
    """The line of a file at which tools should show the finding: where it is said, else where its place is declared.

    That of what only a standard demands is its response's, or the operation's where it is about no documented status.
    """
    location = where_said(finding, clauses)
    if location is not None and location.origin != "standard" and location.line:
        return location
    contract = report.contract
    operation = next((one for one in contract.every if one.id == finding.operation), contract.chosen)
    return place_of(operation, finding.status, finding.pointer) or operation.location


def masked_names(report: RunReport) -> frozenset[str]:
    """Names of members whose values belong to customers."""
    places = (*report.contract.private, *report.redacted)
    return frozenset(pointer.rpartition("/")[2] for pointer in places) | {"metadata"}
