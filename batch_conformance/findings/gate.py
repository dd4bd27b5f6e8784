"""The gate: which findings fail a run, what the verdict is, and which exit code says so."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from batch_conformance.findings.finding import LEVELS, Finding

Verdict = Literal["conforms", "drift", "inconclusive"]
FailOn = Literal["must", "should", "never"]

EXIT_CONFORMS = 0
EXIT_DRIFT = 1
EXIT_INTERRUPTED = 2
EXIT_FAULT = 3
EXIT_USAGE = 4
EXIT_INCONCLUSIVE = 6


@dataclass(frozen=True, slots=True)
class Decision:
    """``sentence`` is the verdict for people; ``reason`` says why the exit code is what it is."""

    verdict: Verdict
    exit_code: int
    reason: str
    sentence: str


def fails_gate(finding: Finding, fail_on: FailOn) -> bool:
    """Whether a finding makes a run red: new or expired, and at or above ``fail_on``."""
    if fail_on == "never" or finding.state == "known":
        return False
    return LEVELS.index(finding.level) <= LEVELS.index(fail_on)


def decide(
    findings: Sequence[Finding],
    *,
    missing: Sequence[str],
    fail_on: FailOn,
    stopped: str = "",
    interrupted: bool = False,
    fault: str = "",
    partial: bool = False,
    uncovered: str = "",
    obsolete: int = 0,
    outside: Collection[str] = (),
) -> Decision:
    """The verdict and the exit code of a run.

    ``missing`` names what a definite verdict requires and stayed unjudged, ``stopped`` why the run ended early,
    ``fault`` a fault of this tool. ``partial`` says that only a part was selected, so nothing is required.
    ``uncovered`` says that less of the contract was judged than asked for. ``obsolete`` counts entries of a strict
    baseline that are fixed. ``outside`` are the ids of findings at clauses that were not selected: they are drift, and
    fail nothing.
    """
    weighty = [finding for finding in findings if finding.level != "info"]
    all_failing = [finding for finding in findings if fails_gate(finding, fail_on)]
    failing = [finding for finding in all_failing if finding.id not in outside]
    lacking = () if partial else (*missing, *filter(None, (uncovered,)))
    verdict: Verdict = "drift" if weighty else "inconclusive" if lacking or (stopped and not partial) else "conforms"
    sentence = _sentence(verdict, weighty, lacking, stopped, partial)
    if fault:
        return Decision(verdict, EXIT_FAULT, "a fault of this tool", sentence)
    if interrupted:
        return Decision(verdict, EXIT_INTERRUPTED, "interrupted", sentence)
    if failing or obsolete:
        reasons = [f"{_count(failing)} at or above --fail-on {fail_on}, not accepted"] if failing else []
        if obsolete:
            entries = "entry of the baseline is" if obsolete == 1 else "entries of the baseline are"
            reasons.append(f"{obsolete} {entries} fixed and to be deleted (--strict-baseline)")
        return Decision(verdict, EXIT_DRIFT, "; ".join(reasons), sentence)
    # Drift that is accepted makes up for nothing that could not be judged.
    if lacking or (stopped and not partial):
        return Decision(verdict, EXIT_INCONCLUSIVE, stopped or "; ".join(lacking), sentence)
    if verdict == "drift":
        accepted = all(finding.state == "known" for finding in weighty)
        reason = "all of it accepted" if accepted else f"nothing new at or above --fail-on {fail_on}"
        if all_failing:
            reason = f"{_count(all_failing)} only at clauses that were not selected"
        return Decision(verdict, EXIT_CONFORMS, reason, sentence)
    return Decision(verdict, EXIT_CONFORMS, "no finding of level must or should", sentence)


def _sentence(verdict: Verdict, weighty: Sequence[Finding], lacking: Sequence[str], stopped: str, partial: bool) -> str:
    scope = "The part that was selected" if partial else "The target"
    if verdict == "conforms":
        return f"{scope} keeps the contract."
    if verdict == "inconclusive":
        return f"Inconclusive: {stopped or 'not observed: ' + ', '.join(lacking)}."
    known = sum(finding.state == "known" for finding in weighty)
    accepted = ", all of it accepted" if known == len(weighty) else f", {known} of them accepted" if known else ""
    levels = ", ".join(
        f"{count} {level}" for level in LEVELS if (count := sum(finding.level == level for finding in weighty))
    )
    tail = f" {_capital(stopped)}." if stopped else ""
    return f"Drift: {_count(weighty)} ({levels}){accepted}.{tail}"


def _count(findings: Sequence[Finding]) -> str:
    return f"{len(findings)} finding" + ("" if len(findings) == 1 else "s")


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
