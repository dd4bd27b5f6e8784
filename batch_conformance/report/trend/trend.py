"""The trend of many runs: of each target, what was broken when, since when it is, and how often it came back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby, pairwise
from typing import Literal

from batch_conformance.findings.finding import LEVELS, Level
from batch_conformance.report.run.run_report import Verdict
from batch_conformance.report.trend.run_record import FindingRecord, RunRecord

Course = Literal["broken", "accepted", "kept", "unjudged"]
"""How a finding fared in one run. ``accepted``: broken, and the baseline of that run accepted it."""


@dataclass(frozen=True, slots=True)
class Span:
    """Runs in a row that had the same state, from the first one's time to the time of the run after the last."""

    state: str
    begins: datetime
    ends: datetime
    runs: int


@dataclass(frozen=True, slots=True)
class ClauseTrend:
    """One finding over the runs of a target.

    ``since`` is the first of the runs in a row that show it now, None where the last run that judged it did not.
    ``returns`` counts how often it was seen again after a run that did not show it; ``broken`` and ``judged`` count
    runs.
    """

    finding: FindingRecord
    first_seen: datetime
    last_seen: datetime
    since: datetime | None
    returns: int
    broken: int
    judged: int
    spans: tuple[Span, ...]

    @property
    def level(self) -> Level:
        """The level that it had last."""
        return self.finding.level


@dataclass(frozen=True, slots=True)
class TargetTrend:
    """One operation of one target: its runs by time, the spans of their verdicts, and what was ever broken."""

    base_url: str
    operation: str
    contract: str
    runs: tuple[RunRecord, ...]
    verdicts: tuple[Span, ...]
    clauses: tuple[ClauseTrend, ...]

    @property
    def verdict(self) -> Verdict:
        """That of the last run."""
        return self.runs[-1].verdict

    @property
    def broken_now(self) -> tuple[ClauseTrend, ...]:
        """What the last run that judged it shows, of level ``must`` or ``should``: ``info`` breaks nothing."""
        return tuple(clause for clause in self.clauses if clause.since is not None and clause.level != "info")


def moment(text: str) -> datetime:
    """The time of a run. Raises ValueError for a text that is none."""
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def build_trend(records: Iterable[RunRecord]) -> tuple[TargetTrend, ...]:
    """Every target, in the order of their names. The same run given twice counts once.

    Of runs that began in one second the one that was recorded first comes first.
    """
    unique = sorted(dict.fromkeys(records), key=lambda one: (one.target, one.operation, moment(one.at), one.at))
    groups = groupby(unique, key=lambda one: (one.target, one.operation))
    return tuple(_target(tuple(runs)) for _, runs in groups)


def _target(runs: tuple[RunRecord, ...]) -> TargetTrend:
    times = [moment(run.at) for run in runs]
    ends = [*times[1:], times[-1] + _usual_pause(times)]
    of_runs = [{one.id: one for one in run.findings} for run in runs]
    seen = {identifier: one for of_run in of_runs for identifier, one in of_run.items()}
    clauses = sorted(
        (
            _clause(finding, [_state_in_run(finding, run, of_runs[n]) for n, run in enumerate(runs)], times, ends)
            for finding in seen.values()
        ),
        key=lambda one: (one.since is None, LEVELS.index(one.level), one.finding.place, one.finding.rule),
    )
    verdicts = _spans([run.verdict for run in runs], times, ends)
    last = runs[-1]
    return TargetTrend(last.target, last.operation, last.contract, runs, verdicts, tuple(clauses))


def _usual_pause(times: Sequence[datetime]) -> timedelta:
    """How long the last run is shown to last: the median of what passed between runs; a day where there is one run."""
    pauses = sorted(after - before for before, after in pairwise(times))
    return pauses[len(pauses) // 2] if pauses else timedelta(days=1)


def _clause(
    finding: FindingRecord, courses: Sequence[Course], times: Sequence[datetime], ends: Sequence[datetime]
) -> ClauseTrend:
    shown = [time for time, course in zip(times, courses, strict=True) if course in ("broken", "accepted")]
    since, returns, was_kept = None, 0, False
    for time, course in zip(times, courses, strict=True):
        if course == "kept":
            since, was_kept = None, time > shown[0]
        elif course != "unjudged":
            returns += was_kept
            since, was_kept = since or time, False
    judged = sum(course != "unjudged" for course in courses)
    return ClauseTrend(finding, shown[0], shown[-1], since, returns, len(shown), judged, _spans(courses, times, ends))


def _state_in_run(finding: FindingRecord, run: RunRecord, shown: Mapping[str, FindingRecord]) -> Course:
    found = shown.get(finding.id)
    if found is not None:
        return "accepted" if found.state == "known" else "broken"
    return "unjudged" if finding.clause in run.unjudged or not run.complete else "kept"


def _spans(states: Sequence[str], times: Sequence[datetime], ends: Sequence[datetime]) -> tuple[Span, ...]:
    spans: list[Span] = []
    for state, begins, end in zip(states, times, ends, strict=True):
        if spans and spans[-1].state == state:
            spans[-1] = Span(state, spans[-1].begins, end, spans[-1].runs + 1)
        else:
            spans.append(Span(state, begins, end, 1))
    return tuple(spans)
