"""The proof: what the suite said of every entry of the catalogue, and whether that was right."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from batch_conformance.contract.contract import Contract
from batch_conformance.findings.finding import Level
from batch_conformance.findings.gate import Verdict
from batch_conformance.message import Count, Message, Template
from batch_conformance.mock.drift import Drift, Group
from batch_conformance.nouns import NOUNS

TrialOutcome = Literal["killed", "elsewhere", "survived", "spared", "accused"]
"""killed: found at its clause; elsewhere: drift was found, at other clauses only; survived: nothing was found;
spared: a conforming variant or an outage was not accused; accused: it was."""

OUTCOMES: tuple[TrialOutcome, ...] = ("killed", "elsewhere", "survived", "spared", "accused")
GROUPS: tuple[Group, ...] = ("derived", "experience", "variant", "outage")
"""The groups of the catalogue, in their order."""

_OUTCOMES: Mapping[TrialOutcome, Template] = {
    "killed": Template("proof.killed", "killed"),
    "elsewhere": Template("proof.elsewhere", "found at other clauses only"),
    "survived": Template("proof.survived", "survived"),
    "spared": Template("proof.spared", "spared"),
    "accused": Template("proof.accused", "accused"),
}
_VERDICT = Template("proof.verdict", "{outcome}, the verdict is {verdict}")
_STRAYS = Template("proof.strays", "{outcome}, and accused of {findings}")
_CASCADES = Template("proof.cascades", "{outcome}, by {number} findings at once")
_SENTENCE = Template(
    "proof.sentence", "{killed} of {drifts} found at the right clause, {spared} of {others} others spared, {alarms}."
)

MOST_FINDINGS = 3
"""More findings for one cause need a reason."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A finding of a trial: what distinguishes it from others."""

    rule: str
    level: Level
    status: str
    pointer: str
    kind: str
    observed: Message

    @property
    def place(self) -> tuple[str, str, str]:
        """Rule, status and pointer."""
        return self.rule, self.status, self.pointer


@dataclass(frozen=True, slots=True)
class Observed:
    """What the suite said of a mock: plain values, for another process.

    ``usual`` of the findings are also reported of the conforming mock: those that the contract itself causes.
    """

    verdict: Verdict
    findings: tuple[Seen, ...]
    requests: int
    seconds: float
    usual: int = 0

    @property
    def count(self) -> int:
        """How many findings the entry has brought; what several operations have in common is one."""
        return len({(one.place, one.kind) for one in self.findings}) - self.usual


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of one entry. ``strays`` are findings of level must or should that it does not account for."""

    entry: Drift
    outcome: TrialOutcome
    observed: Observed
    strays: tuple[Seen, ...]

    @property
    def right(self) -> bool:
        """Whether the suite said what it had to say, and nothing else."""
        return self.outcome in ("killed", "spared") and not self.strays and not self.cascades

    @property
    def cascades(self) -> bool:
        """Whether one cause brought more than three findings without a stated reason."""
        return bool(self.entry.rule) and self.observed.count > MOST_FINDINGS and not self.entry.because

    @property
    def says(self) -> Message:
        """What came of it, in words."""
        outcome = _OUTCOMES[self.outcome]()
        if self.outcome in ("survived", "accused"):
            return _VERDICT(outcome=outcome, verdict=self.observed.verdict)
        if self.strays:
            return _STRAYS(outcome=outcome, findings=Count(len(self.strays), NOUNS["other finding"]))
        return _CASCADES(outcome=outcome, number=self.observed.count) if self.cascades else outcome


def assess(entry: Drift, observed: Observed) -> Trial:
    """Lay what the suite found beside what the entry says must be found."""
    weighty = [one for one in observed.findings if one.level != "info"]
    wanted = (entry.rule, entry.status, entry.pointer)
    strays = tuple(one for one in weighty if one.place != wanted and one.rule not in entry.also)
    return Trial(entry, _outcome(entry, observed, weighty), observed, strays)


def _outcome(entry: Drift, observed: Observed, weighty: Sequence[Seen]) -> TrialOutcome:
    if not entry.rule:
        return "spared" if observed.verdict == entry.verdict and not weighty else "accused"
    # What makes a server drift has to be found at a level that says so.
    places = {one.place for one in (weighty if entry.verdict == "drift" else observed.findings)}
    if observed.verdict == entry.verdict and (entry.rule, entry.status, entry.pointer) in places:
        return "killed"
    return "elsewhere" if weighty else "survived"


@dataclass(frozen=True)
class Proof:
    """All trials of a catalogue under a contract, in its order. ``seed`` is that of the probes, ``jobs`` how many ran
    at once, ``seconds`` how long all of it took."""

    contract: Contract
    trials: tuple[Trial, ...]
    seed: int | None
    jobs: int
    seconds: float

    @property
    def right(self) -> bool:
        """Whether there was something to prove, and all of it was right."""
        return bool(self.trials) and not self.wrong

    @cached_property
    def wrong(self) -> tuple[Trial, ...]:
        """The trials in which the suite did not say what it had to."""
        return tuple(trial for trial in self.trials if not trial.right)

    @cached_property
    def outcomes(self) -> Mapping[TrialOutcome, int]:
        """How many trials had each outcome."""
        found = Counter(trial.outcome for trial in self.trials)
        return {outcome: found[outcome] for outcome in OUTCOMES}

    @property
    def false_alarms(self) -> int:
        """Trials in which something was accused that was not wrong."""
        return sum(bool(trial.strays) or trial.outcome == "accused" for trial in self.trials)

    @property
    def requests(self) -> int:
        """Requests of all trials."""
        return sum(trial.observed.requests for trial in self.trials)

    @property
    def median_findings(self) -> float:
        """The median number of findings of a drift; 0 where there is none."""
        counts = [trial.observed.count for trial in self.trials if trial.entry.rule]
        return statistics.median(counts) if counts else 0.0

    @property
    def most_findings(self) -> int:
        """The findings of the drift that has most of them; 0 where there is none."""
        return max((trial.observed.count for trial in self.trials if trial.entry.rule), default=0)

    def of_group(self, group: Group) -> tuple[Trial, ...]:
        """The trials of one group."""
        return tuple(trial for trial in self.trials if trial.entry.group == group)

    @property
    def sentence(self) -> Message:
        """What it came to, for people."""
        drifts = sum(bool(trial.entry.rule) for trial in self.trials)
        return _SENTENCE(
            killed=self.outcomes["killed"],
            drifts=Count(drifts, NOUNS["drift"]),
            spared=self.outcomes["spared"],
            others=len(self.trials) - drifts,
            alarms=Count(self.false_alarms, NOUNS["false alarm"]),
        )
