"""The gate: which findings fail a run, what the verdict is, and which exit code says so."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from batch_conformance.findings.finding import LEVELS, Finding, Level
from batch_conformance.message import Count, Listing, Message, Template, shown
from batch_conformance.nouns import FINDING

Verdict = Literal["conforms", "drift", "inconclusive"]
FailOn = Literal["must", "should", "never"]

_DRIFT = Template("verdict.drift", "Drift: {outcome}")
_INCONCLUSIVE = Template("verdict.inconclusive", "Inconclusive: {outcome}")
_KEEPS = Template("verdict.keeps", "The target keeps the contract.")
_PART_KEEPS = Template("verdict.part_keeps", "The part that was selected keeps the contract.")
_REASON = Template("verdict.reason", "{reason}.")
_NOT_OBSERVED = Template("verdict.not_observed", "not observed: {missing}")
_FOUND = Template("verdict.found", "{findings} ({levels})")
_FOUND_ACCEPTED = Template("verdict.found_accepted", "{found}, all of it accepted")
_SOME_ACCEPTED = Template("verdict.some_accepted", "{found}, {number} of them accepted")
_SOME_UNCONFIRMED = Template("verdict.some_unconfirmed", "{found}, {number} of them not seen again")
_ENDED_EARLY = Template("verdict.ended_early", "{found}. The run ended early: {stopped}.")
_BEHIND = Template("verdict.cause", "{found}. What the key opens could not be judged: {cause}.")
_LEVELS: Mapping[Level, Template] = {
    "must": Template("verdict.must", "{number} must"),
    "should": Template("verdict.should", "{number} should"),
    "info": Template("verdict.info", "{number} info"),
}
_FAULT = Template("exit.fault", "a fault of this tool")
INTERRUPTED = Template("exit.interrupted", "interrupted")
_FAILING = Template("exit.failing", "{findings} at or above --fail-on {fail_on}, not accepted")
_OBSOLETE = Template(
    "exit.obsolete", "{number} entries of the baseline are fixed and to be deleted (--strict-baseline)"
)
_ONE_OBSOLETE = Template("exit.one_obsolete", "1 entry of the baseline is fixed and to be deleted (--strict-baseline)")
_ALL_ACCEPTED = Template("exit.accepted", "all of it accepted")
_NOTHING_NEW = Template("exit.nothing_new", "nothing new at or above --fail-on {fail_on}")
_NOT_SEEN_AGAIN = Template("exit.not_seen_again", "{findings} seen once, and not when asked for again (--confirm)")
_NOT_SELECTED = Template("exit.not_selected", "{findings} only at clauses that were not selected")
_NO_FINDING = Template("exit.no_finding", "no finding of level must or should")
UNCOVERED = Template("exit.uncovered", "{judged} % of the clauses were judged, --min-coverage asks for {least} %")

EXIT_CONFORMS = 0
EXIT_DRIFT = 1
EXIT_INTERRUPTED = 2
EXIT_FAULT = 3
EXIT_USAGE = 4
EXIT_INCONCLUSIVE = 6


@dataclass(frozen=True, slots=True)
class Decision:
    """``outcome`` says more of the verdict to people; ``reason`` says why the exit code is what it is."""

    verdict: Verdict
    exit_code: int
    reason: Message
    outcome: Message

    @property
    def sentence(self) -> Message:
        """The verdict for people."""
        return sentence(self.verdict, self.outcome)


def sentence(verdict: Verdict, outcome: Message) -> Message:
    """A verdict and what it comes to, in one sentence."""
    if verdict == "conforms":
        return outcome
    return (_DRIFT if verdict == "drift" else _INCONCLUSIVE)(outcome=outcome)


def fails_gate(finding: Finding, fail_on: FailOn) -> bool:
    """Whether a finding makes a run red: new or expired, at or above ``fail_on``, and not gone when asked for again."""
    if fail_on == "never" or finding.state == "known" or finding.again == "not_seen":
        return False
    return LEVELS.index(finding.level) <= LEVELS.index(fail_on)


def decide(
    findings: Sequence[Finding],
    *,
    missing: Sequence[Message],
    fail_on: FailOn,
    stopped: Message | None = None,
    cause: Message | None = None,
    interrupted: bool = False,
    fault: str = "",
    partial: bool = False,
    uncovered: Message | None = None,
    obsolete: int = 0,
    outside: Collection[str] = (),
) -> Decision:
    """The verdict and the exit code of a run.

    ``missing`` names what a definite verdict requires and stayed unjudged, ``stopped`` why the run ended early,
    ``cause`` the one cause of all that could not be judged, ``fault`` a fault of this tool. ``partial`` says that only
    a part was selected, so nothing is required.
    ``uncovered`` says that less of the contract was judged than asked for. ``obsolete`` counts entries of a strict
    baseline that are fixed. ``outside`` are the ids of findings at clauses that were not selected: they are drift, and
    fail nothing.
    """
    weighty = [finding for finding in findings if finding.level != "info"]
    all_failing = [finding for finding in findings if fails_gate(finding, fail_on)]
    failing = [finding for finding in all_failing if finding.id not in outside]
    lacking = () if partial else (*missing, *((uncovered,) if uncovered else ()))
    why = stopped or cause
    verdict: Verdict = "drift" if weighty else "inconclusive" if lacking or (why and not partial) else "conforms"
    outcome = (
        _of_drift(weighty, stopped, cause)
        if verdict == "drift"
        else _outcome(verdict, missing, why, uncovered, partial=partial)
    )
    if fault:
        return Decision(verdict, EXIT_FAULT, _FAULT(), outcome)
    if interrupted:
        return Decision(verdict, EXIT_INTERRUPTED, INTERRUPTED(), outcome)
    if failing or obsolete:
        reasons = [_FAILING(findings=_count(failing), fail_on=fail_on)] if failing else []
        if obsolete:
            reasons.append(_ONE_OBSOLETE() if obsolete == 1 else _OBSOLETE(number=obsolete))
        return Decision(verdict, EXIT_DRIFT, shown(Listing(tuple(reasons), ";")), outcome)
    # Drift that is accepted makes up for nothing that could not be judged.
    if lacking or (why and not partial):
        return Decision(verdict, EXIT_INCONCLUSIVE, why or shown(Listing(lacking, ";")), outcome)
    if verdict == "drift":
        accepted = all(finding.state == "known" for finding in weighty)
        reason = _ALL_ACCEPTED() if accepted else _NOTHING_NEW(fail_on=fail_on)
        unconfirmed = [finding for finding in findings if finding.again == "not_seen"]
        if unconfirmed:
            reason = _NOT_SEEN_AGAIN(findings=_count(unconfirmed))
        if all_failing:
            reason = _NOT_SELECTED(findings=_count(all_failing))
        return Decision(verdict, EXIT_CONFORMS, reason, outcome)
    return Decision(verdict, EXIT_CONFORMS, _NO_FINDING(), outcome)


def _outcome(
    verdict: Verdict, missing: Sequence[Message], why: Message | None, uncovered: Message | None, *, partial: bool
) -> Message:
    """What a verdict that is no drift comes to: ``why`` nothing more could be judged comes before what is missing."""
    if verdict == "conforms":
        return _PART_KEEPS() if partial else _KEEPS()
    reasons = (_NOT_OBSERVED(missing=Listing(tuple(missing))),) if missing else ()
    lacking = Listing((*reasons, *((uncovered,) if uncovered else ())), ";")
    return _REASON(reason=why or lacking)


def _of_drift(weighty: Sequence[Finding], stopped: Message | None, cause: Message | None) -> Message:
    counts = {level: sum(finding.level == level for finding in weighty) for level in LEVELS}
    levels = Listing(tuple(_LEVELS[level](number=number) for level, number in counts.items() if number))
    known = sum(finding.state == "known" for finding in weighty)
    found = _FOUND(findings=_count(weighty), levels=levels)
    if known:
        found = _FOUND_ACCEPTED(found=found) if known == len(weighty) else _SOME_ACCEPTED(found=found, number=known)
    if unconfirmed := sum(finding.again == "not_seen" for finding in weighty):
        found = _SOME_UNCONFIRMED(found=found, number=unconfirmed)
    if stopped:
        return _ENDED_EARLY(found=found, stopped=stopped)
    return _BEHIND(found=found, cause=cause) if cause else _REASON(reason=found)


def _count(findings: Sequence[Finding]) -> Count:
    return Count(len(findings), FINDING)
