"""How the test of each clause ends: what was found at it, said once, and what would show it where nothing was seen."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, cast

from batch_conformance.contract.clause import Clause
from batch_conformance.contract.operation_role import OperationRole
from batch_conformance.findings.baseline import covering_clauses
from batch_conformance.findings.finding import LEVELS, Finding
from batch_conformance.findings.gate import EXIT_FAULT, EXIT_INCONCLUSIVE, FailOn
from batch_conformance.message import Listing, Message, Template, shown
from batch_conformance.report.finding.confirmed import confirmed
from batch_conformance.report.items.item import Item, Items
from batch_conformance.report.language import ENGLISH
from batch_conformance.report.language import language as language_of
from batch_conformance.report.run.baseline_texts import accepted_as, entries_by_id, entry_advice
from batch_conformance.report.run.groups import Group, failing, fold
from batch_conformance.report.run.run_report import RunReport
from batch_conformance.report.run.terminal import finding_lines
from batch_conformance.report.text import clip, one_line
from batch_conformance.rules import REGISTRY

State = Literal["passed", "failed", "xfailed", "skipped"]

_MESSAGE = 240
"""Characters of a message, which viewers show in one line."""

_FORCED = ("403", "429", "500", "503", "504")
"""Statuses that a client cannot bring about by what it asks."""

_NO_SUCCESS = Template("unseen.success", "no success was answered: --batch-id names a batch that exists for the key")
_NOT_FORCED = Template(
    "unseen.forced", "{status} was not answered: a target that follows `Prefer: code={status}` can be made to"
)
_NO_STATUS = Template("unseen.status", "{status} was not answered")
_NO_VALUE = Template("unseen.value", "no body had a value at {pointer}")
_NOT_YET = Template(
    "unseen.not_yet", "no answer had a value at {pointer}: a batch that is just being made has none yet, as a rule"
)
_OF_CANCELLED = Template("unseen.of_cancelled", "no batch that was cancelled had a value at {pointer}")
_NOTHING_SENT = Template("unseen.nothing", "nothing that was sent could show it")
_BROKEN_ELSEWHERE = Template("unseen.broken_elsewhere", "broken, as a finding at another clause shows")
_NOT_JUDGED = Template("unseen.not_judged", "not judged: {why}")
_INCONCLUSIVE = Template("unseen.inconclusive", "inconclusive: exercised, but not judged")
_NOT_OBSERVED = Template("unseen.not_observed", "not observed: {hint}")
_BECAUSE = Template("unseen.because", "{what}; {why}")
_SAME_CAUSE = Template("outcome.same_cause", "the same cause as {test}, where it is shown")
_FIXED = Template("outcome.fixed", "fixed: [{id}] {where}: {advice}")
_EXPECTED = Template("outcome.expected", "expected {expected}; observed {observed}")

_ENDED = {
    "failed": Template("tests.failed", "{number} failed"),
    "passed": Template("tests.passed", "{number} passed"),
    "skipped": Template("tests.skipped", "{number} skipped"),
    "xfailed": Template("tests.xfailed", "{number} xfailed"),
    "error": Template("tests.error", "{number} error"),
}
"""How tests end, in pytest's order and words."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a test ends. ``message`` is one line, ``text`` all there is to say, both empty where it just passes.

    ``properties`` are what machines may want to know of it, each a name and a text. ``findings`` are the ids of those
    that ``text`` tells.
    """

    state: State
    message: str = ""
    text: str = ""
    properties: tuple[tuple[str, str], ...] = ()
    findings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for another process."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Outcome:
        """What ``to_dict`` made, also after a way through JSON."""
        properties = tuple((str(name), str(value)) for name, value in values["properties"])
        return cls(**{**values, "properties": properties, "findings": tuple(values["findings"])})


def outcomes(
    report: RunReport,
    items: Items,
    selected: Collection[str] | None = None,
    *,
    width: int = 80,
    in_language: bool = False,
) -> dict[str, Outcome]:
    """How each item ends, by its node id, and the test of the verdict; in English, or the language of the report.

    A cause that shows in several places is told in full at the first of the ``selected`` ones, or of all where None is
    given; the others name that one.
    """
    shown = report if in_language else replace(report, language=ENGLISH.tag)
    return dict(_Outcomes(shown, items, selected, width).all())


class _Outcomes:
    def __init__(self, report: RunReport, items: Items, selected: Collection[str] | None, width: int) -> None:
        self.report = report
        self.items = items
        self.width = width
        self.language = language_of(report.language)
        self.results = {result.clause.id: result for result in report.ledger.clauses}
        self.entries = entries_by_id(report)
        self.found: dict[str, list[Finding]] = {}
        self.items_of: dict[str, tuple[Item, ...]] = {}
        for finding in report.ledger.findings:
            self.items_of[finding.id] = items.each_of(finding)
            for item in self.items_of[finding.id]:
                self.found.setdefault(item.node_id, []).append(finding)
        self.failing = {finding.id for finding in failing(report)}
        self.groups: dict[str, Group] = {}
        self.shown_at: dict[str, str] = {}
        for group in fold(finding for finding in report.ledger.findings if finding.id in self.failing):
            at = [item.node_id for finding in group.findings for item in self.items_of[finding.id]]
            first = next((one for one in at if selected is None or one in selected), at[0])
            for finding in group.findings:
                self.groups[finding.id] = group
                self.shown_at[finding.id] = first
        self.fixed = dict(self._fixed())

    def all(self) -> Iterator[tuple[str, Outcome]]:
        for item in self.items:
            yield item.node_id, self._of(item)
        yield self.items.verdict.node_id, self._verdict()

    def _fixed(self) -> Iterator[tuple[str, list[str]]]:
        """By node id, what is said of entries of the baseline that are fixed there."""
        said: dict[str, list[str]] = {}
        for one in self.report.entries:
            if one.state == "fixed":
                for result in covering_clauses(one.entry.where, self.report.ledger.clauses):
                    item = self.items.by_clause.get(result.clause.id)
                    if item is not None:
                        line = _FIXED(id=one.entry.fingerprint, where=one.entry.where, advice=entry_advice(one))
                        said.setdefault(item.node_id, []).append(self.language.render(line))
                        break
        return iter(said.items())

    def _of(self, item: Item) -> Outcome:
        found = self.found.get(item.node_id, [])
        new = [finding for finding in found if finding.id in self.failing]
        fixed = self.fixed.get(item.node_id, [])
        properties = self._properties(item, found, fixed)
        if new:
            ids = tuple(finding.id for finding in found)
            return Outcome("failed", self._short(_message(new[0])), self._failure_text(item, new), properties, ids)
        if fixed and self.report.strict_baseline:
            return Outcome("failed", clip(one_line(fixed[0]), _MESSAGE), "\n".join(fixed), properties)
        known = [one for one in found if one.state == "known" and self._is_weighty(one)]
        if known:
            reasons = dict.fromkeys(accepted_as(self.entries.get(finding.id)) for finding in known)
            return Outcome("xfailed", self._short(shown(Listing(tuple(reasons), ";"))), properties=properties)
        result = self.results.get(item.clause.id)
        state = result.state if result else "not_observed"
        if found or fixed or state == "kept":
            return Outcome("passed", properties=properties)
        return Outcome("skipped", self._short(self._unseen(item.clause, state)), properties=properties)

    def _is_weighty(self, finding: Finding) -> bool:
        fail_on = cast("FailOn", self.report.run.fail_on)
        return fail_on != "never" and LEVELS.index(finding.level) <= LEVELS.index(fail_on)

    def _properties(self, item: Item, found: list[Finding], fixed: list[str]) -> tuple[tuple[str, str], ...]:
        clause, result = item.clause, self.results.get(item.clause.id)
        judged = result.judged if result else 0
        broken = (
            (f"finding.{one.id}", ", ".join(filter(None, (one.level, one.state, str(confirmed(one) or "")))))
            for one in found
        )
        return (
            ("rule", clause.rule),
            ("clause", one_line(clause.id)),
            ("says", self._short(clause.says)),
            ("responses", str(judged)),
            *broken,
            *((("baseline", clip(one_line("; ".join(fixed)), _MESSAGE)),) if fixed else ()),
        )

    def _failure_text(self, item: Item, found: list[Finding]) -> str:
        """What fails the item: each cause in full where it is shown first, else where that is."""
        lines: list[str] = []
        for group in dict.fromkeys(self.groups[finding.id].id for finding in found):
            whole = next(one for one in self.groups.values() if one.id == group)
            first = self.shown_at[whole.id]
            if first == item.node_id:
                lines += finding_lines(self.report, whole, width=self.width)
            else:
                mine = [finding for finding in found if self.groups[finding.id].id == group]
                lines += [f"{self._short(_message(one))} [{one.id}]" for one in mine]
                lines.append(self._short(_SAME_CAUSE(test=first)))
        return "\n".join(lines)

    def _verdict(self) -> Outcome:
        """Fails where the run ends with an exit code that is of no clause."""
        report = self.report
        properties = (("verdict", report.verdict), ("exit_code", str(report.exit_code)))
        if report.exit_code not in (EXIT_FAULT, EXIT_INCONCLUSIVE):
            return Outcome("passed", properties=properties)
        failure_text = (
            report.fault
            if report.exit_code == EXIT_FAULT
            else "\n".join(map(self.language.render, (report.sentence, *report.missing)))
        )
        return Outcome("failed", self._short(report.exit_reason), failure_text, properties)

    def _unseen(self, clause: Clause, state: str) -> Message:
        """Why nothing is said of a clause, and what would show it."""
        if state == "broken":
            return _BROKEN_ELSEWHERE()
        if self.report.fault:
            return _NOT_JUDGED(why=self.report.fault)
        why = self.report.ledger.cause or self.report.stopped
        what = _INCONCLUSIVE() if state == "inconclusive" else _NOT_OBSERVED(hint=self._hint(clause))
        return _BECAUSE(what=what, why=why) if why else what

    def _hint(self, clause: Clause) -> Message:
        every = self.report.contract.every
        role = next((one.role for one in every if one.id == clause.operation), None)
        return _hint(clause, self._statuses, role)

    def _short(self, message: Message) -> str:
        """A message on one line that viewers show."""
        return clip(one_line(self.language.render(message)), _MESSAGE)

    @property
    def _statuses(self) -> set[str]:
        return {result.status for result in self.report.ledger.statuses if result.count}


def _message(finding: Finding) -> Message:
    return _EXPECTED(expected=finding.expected, observed=finding.observed)


def _hint(clause: Clause, seen: Collection[str], role: OperationRole | None) -> Message:
    """What would show a clause of an operation of some role."""
    rule = REGISTRY.get(clause.rule)
    if rule is not None and rule.unseen is not None:
        return rule.unseen()
    if clause.status.startswith("2") and clause.status not in seen:
        return _NO_SUCCESS()
    if clause.status in _FORCED and clause.status not in seen:
        return _NOT_FORCED(status=clause.status)
    if clause.status and clause.status not in seen:
        return _NO_STATUS(status=clause.status)
    if not clause.pointer:
        return _NOTHING_SENT()
    of_writes: Mapping[OperationRole | None, Template] = {"create": _NOT_YET, "cancel": _OF_CANCELLED}
    return of_writes.get(role if clause.status.startswith("2") else None, _NO_VALUE)(pointer=clause.pointer)


def counts_in_words(states: Mapping[str, int]) -> Message:
    """``1 failed, 30 passed, 2 skipped``, as pytest says it."""
    counts = (words(number=f"{states[state]:,}") for state, words in _ENDED.items() if states.get(state))
    return shown(Listing(tuple(counts)))
