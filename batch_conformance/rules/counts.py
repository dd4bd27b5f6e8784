"""Rules about the counts of a batch's requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from operator import add, eq, le
from typing import Any

from batch_conformance.contract.operation import Operation
from batch_conformance.contract.roles import CountsRole, Roles
from batch_conformance.message import Private, Template, shown
from batch_conformance.observation.observation import Observation, at, integer_at
from batch_conformance.rules.batch import stage_of
from batch_conformance.rules.columns import Columns
from batch_conformance.rules.highlight import at_pointer
from batch_conformance.rules.history import BatchHistory
from batch_conformance.rules.requests import gets_a_batch
from batch_conformance.rules.rule import AlikeBodies, BodiesCheck, Broken, Rule, is_batch, where

_NOT_NEGATIVE = Template("counts.sum.negative", "no negative count")
_AT_MOST = Template("counts.sum.at_most", "completed plus failed at most total")
_EQUAL = Template("counts.sum.equal", "completed plus failed equal to total, as the batch is completed")
_COUNTS = Template("counts.sum.observed", "total {total}, completed {completed}, failed {failed}")
_NOT_BEGUN = Template("counts.before_begun.expected", "none completed, as the batch is {state}")
_AT_LEAST = Template("counts.regressed.expected", "at least {count}, as read before")


def _has_counts(operation: Operation) -> bool:
    return operation.roles.counts is not None


def _check_sum(observation: Observation) -> Iterator[Broken]:
    batch, roles = observation.batch, observation.operation.roles
    counts = roles.counts
    if counts is None or batch is None:
        return
    total, completed, failed = (integer_at(batch, place) for place in (counts.total, counts.completed, counts.failed))
    if any(count is not None and count < 0 for count in (total, completed, failed)):
        kind, expected = "negative", _NOT_NEGATIVE()
    elif total is None or completed is None or failed is None:
        return
    elif completed + failed > total:
        kind, expected = "more_than_total", _AT_MOST()
    elif (stage := stage_of(batch, roles)) and stage.word == "completed" and completed + failed != total:
        kind, expected = "less_than_total", _EQUAL()
    else:
        return
    named = {"total": total, "completed": completed, "failed": failed}
    observed = _COUNTS(**{name: Private(str(count)[:24]) for name, count in named.items()})
    yield Broken(expected, observed, kind, media_type=observation.contract_media_type, pointer=counts.pointer)


def surely_add_up(alike: AlikeBodies) -> tuple[BodiesCheck, ...]:
    """Checks that hold only where counts add up."""
    counts, body = alike.roles.counts, alike.body
    if counts is None:
        return ()
    places = (counts.total, counts.completed, counts.failed)
    if any(pointer.rpartition("/")[0] != counts.pointer for pointer in places) or counts.pointer.count("/") != 1:
        return (lambda _: False,)
    if not isinstance(at(body, counts.pointer), dict):
        return ()
    there = tuple(pointer for pointer in places if type(at(body, pointer)) is int)
    stage = stage_of(body, alike.roles)
    agrees = eq if stage is not None and stage.word == "completed" else le

    def hold(columns: Columns) -> bool:
        if any(min(columns.different(pointer)) < 0 for pointer in there):
            return False
        if len(there) < len(places):
            return True
        total, completed, failed = map(columns.of, places)
        return all(map(agrees, map(add, completed, failed), total))

    return (hold,)


def _check_before_begun(observation: Observation) -> Iterator[Broken]:
    batch, roles = observation.batch, observation.operation.roles
    if batch is None or roles.counts is None:
        return
    here, completed = stage_of(batch, roles), integer_at(batch, roles.counts.completed)
    if here is None or here.rank != 0 or completed is None or completed <= 0 or _has_begun(batch, roles):
        return
    yield Broken(
        _NOT_BEGUN(state=here.value),
        shown(Private(str(completed)[:24])),
        "completed",
        media_type=observation.contract_media_type,
        pointer=roles.counts.completed,
    )


def _has_begun(batch: Mapping[str, Any], roles: Roles) -> bool:
    """Whether a time says that the work has begun: then it is the state, or that time, that is wrong."""
    later = (stage.timestamp for stage in roles.stages if stage.rank > 0 and stage.timestamp is not None)
    return any(at(batch, pointer) is not None for pointer in later)


def surely_not_begun(alike: AlikeBodies) -> tuple[BodiesCheck, ...]:
    """Checks that hold only where no work is done before it begins."""
    counts, here = alike.roles.counts, stage_of(alike.body, alike.roles)
    if counts is None or here is None or here.rank != 0 or _has_begun(alike.body, alike.roles):
        return ()
    pointer = counts.completed
    if integer_at(alike.body, pointer) is None:
        return ()
    return (lambda columns: max(columns.different(pointer)) <= 0,)


def _compare_counts(history: BatchHistory) -> Iterator[tuple[Observation, Broken]]:
    for earlier, later in pairwise(history.batches):
        counts = later.operation.roles.counts
        for pointer in (counts.total, counts.completed, counts.failed) if counts else ():
            was, now = integer_at(earlier.batch, pointer), integer_at(later.batch, pointer)
            if was is None or now is None or not 0 <= now < was:
                continue
            if counts and not _were_retried(earlier, later, counts, pointer):
                expected, observed = _AT_LEAST(count=Private(str(was)[:24])), shown(Private(str(now)[:24]))
                here = later.contract_media_type
                yield later, Broken(expected, observed, "fell", media_type=here, pointer=pointer)


def _were_retried(earlier: Observation, later: Observation, counts: CountsRole, pointer: str) -> bool:
    """Whether what had failed is counted as completed now: no document says that a request is tried but once."""
    if pointer != counts.failed:
        return False
    before, now = (_ended(read, counts) for read in (earlier, later))
    return before is not None and now is not None and now >= before


def _ended(read: Observation, counts: CountsRole) -> int | None:
    completed, failed = (integer_at(read.batch, place) for place in (counts.completed, counts.failed))
    return None if completed is None or failed is None else completed + failed


SUM = Rule(
    id="counts.sum",
    title="Counts that contradict each other",
    level="should",
    side="server",
    why="Clients compute progress, cost and missing results from them.",
    remedy="Count each request once: completed plus failed is never more than total, and equals it when completed.",
    source="the vendor's guide: request_counts",
    breaks='{"total": 10, "completed": 9, "failed": 3}',
    keeps='{"total": 10, "completed": 9, "failed": 1}',
    clauses=where(_has_counts, Template("counts.sum.clause", "counts add up"), "200"),
    exercised=is_batch,
    concern="sense",
    check=_check_sum,
    looks_at="values",
    surely_kept=surely_add_up,
    highlight=at_pointer,
    requests=gets_a_batch,
    reaches_client=True,
    covers=(("counts", "they add up"),),
)

REGRESSED = Rule(
    id="counts.regressed",
    title="A count went back",
    level="should",
    side="server",
    why="Finished requests do not become unfinished; progress that falls is a stale or a wrong answer.",
    remedy="Serve reads from one consistent store.",
    source="the meaning of a count of finished requests",
    breaks="completed 9, then completed 4, of one batch",
    keeps="completed 4, then completed 9, of one batch",
    clauses=where(_has_counts, Template("counts.regressed.clause", "counts do not go back"), "200"),
    compare=_compare_counts,
    compares="reads",
    kept_by_monotonic_reads=True,
    looks_at="run",
    highlight=at_pointer,
    requests=gets_a_batch,
    reaches_client=True,
    covers=(("counts", "they never fall"),),
)

BEFORE_BEGUN = Rule(
    id="counts.before_begun",
    title="Work is done before it has begun",
    level="should",
    side="server",
    why="A batch that waits has no results: its state or its counts are those of another moment.",
    remedy="Read state and counts of a batch in one go, from one store.",
    source="the vendor's guide: the order of states",
    breaks='{"status": "in_queue", "request_counts": {"total": 10, "completed": 4, "failed": 0}}',
    keeps='{"status": "in_queue", "request_counts": {"total": 10, "completed": 0, "failed": 0}}',
    clauses=where(_has_counts, Template("counts.before_begun.clause", "no work is done before it begins"), "200"),
    exercised=is_batch,
    concern="sense",
    check=_check_before_begun,
    looks_at="values",
    surely_kept=surely_not_begun,
    highlight=at_pointer,
    requests=gets_a_batch,
    reaches_client=True,
    covers=(("counts", "none before it began"),),
)

RULES = (SUM, BEFORE_BEGUN, REGRESSED)
