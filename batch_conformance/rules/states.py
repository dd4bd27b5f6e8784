"""Rules about the state of a batch: the times that go with it, and the order of states."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from batch_conformance.contract.operation import Operation
from batch_conformance.contract.roles import Stage
from batch_conformance.contract.stated_at import at_state
from batch_conformance.findings.merging import many_places
from batch_conformance.message import Template, shown
from batch_conformance.observation.observation import Observation, at
from batch_conformance.rules.batch import moment, stage_of, times_of
from batch_conformance.rules.highlight import at_pointer
from batch_conformance.rules.history import BatchHistory
from batch_conformance.rules.requests import gets_a_batch
from batch_conformance.rules.rule import Broken, Rule, is_batch, where

_A_TIME = Template("state.timestamp_missing.expected", "a time, as the batch is {state}")
_NONE = Template("state.timestamp_missing.observed", "none")
_NO_TIME = Template("state.timestamp_early.expected", "none, as the batch is {state}")
_FOR_GOOD = Template("state.regressed.final", "{state} for good")
_OR_LATER = Template("state.regressed.later", "{state}, or a later state")


def _has_times_of_states(operation: Operation) -> bool:
    return any(stage.timestamp for stage in operation.roles.stages)


def _has_states(operation: Operation) -> bool:
    return bool(operation.roles.stages)


def _other_stages(observation: Observation, here: Stage) -> Iterator[tuple[Stage, str]]:
    """The stages that have a time of their own, each with its pointer."""
    for stage in observation.operation.roles.stages:
        if stage.timestamp is None or (stage is not here and stage.timestamp == here.timestamp):
            continue  # two words for one state, such as COMPLETED beside completed, share its time
        yield stage, stage.timestamp


def _was_passed(stage: Stage, here: Stage) -> bool:
    """Whether a batch that is ``here`` has been in a stage for sure."""
    return stage is here or (here.word == "completed" and not stage.terminal and stage.word != "cancelling")


def _unset_times(observation: Observation, *, of_final_state: bool) -> Iterator[Broken]:
    here = stage_of(observation.batch, observation.operation.roles)
    if observation.batch is None or here is None:
        return
    for stage, pointer in _other_stages(observation, here):
        is_final = stage is here and here.terminal
        if is_final is not of_final_state or not _was_passed(stage, here) or stage.rank == 0:
            continue
        if at(observation.batch, pointer) is None:
            yield Broken(
                _A_TIME(state=here.value),
                _NONE(),
                f"unset when {here.value}",
                media_type=observation.contract_media_type,
                pointer=pointer,
            )


def _check_final_time(observation: Observation) -> Iterator[Broken]:
    return _unset_times(observation, of_final_state=True)


def _check_passed_times(observation: Observation) -> Iterator[Broken]:
    return _unset_times(observation, of_final_state=False)


def _check_early_times(observation: Observation) -> Iterator[Broken]:
    batch, roles = observation.batch, observation.operation.roles
    here = stage_of(batch, roles)
    if batch is None or here is None:
        return
    times = times_of(observation)
    for stage, pointer in _other_stages(observation, here):
        if pointer in times and not _was_passed(stage, here) and _contradicts(here, stage):
            yield Broken(
                _NO_TIME(state=here.value),
                moment(times[pointer]),
                f"set when {here.value}",
                media_type=observation.contract_media_type,
                pointer=pointer,
                # Servers that write the end of any kind into ``completed_at`` are told of it.
                level="info" if here.terminal and stage.word == "completed" else None,
            )


def _contradicts(here: Stage, other: Stage) -> bool:
    """Whether a batch that is ``here`` cannot have been in ``other``."""
    if here.terminal:
        return other.terminal
    if other.terminal:
        return True
    return other.rank > here.rank and "cancelling" not in (here.word, other.word)


def _compare_states(history: BatchHistory) -> Iterator[tuple[Observation, Broken]]:
    for earlier, later in pairwise(history.batches):
        roles = later.operation.roles
        was, now = stage_of(earlier.batch, roles), stage_of(later.batch, roles)
        if was is None or now is None or was.word == now.word:
            continue
        if was.terminal or (now.rank < was.rank and "cancelling" not in (was.word, now.word)):
            yield (
                later,
                Broken(
                    (_FOR_GOOD if was.terminal else _OR_LATER)(state=was.value),
                    shown(now.value),
                    "left_final_state" if was.terminal else "went_back",
                    media_type=later.contract_media_type,
                    pointer=roles.state or "",
                ),
            )


TIMESTAMP_MISSING = Rule(
    id="state.timestamp_missing",
    title="A final state without its own time",
    level="should",
    side="server",
    why="Clients read when the batch ended from the time that belongs to its final state.",
    remedy="Set the time of the final state together with the state.",
    source="the document's properties named after states",
    breaks='{"status": "failed", "failed_at": null}',
    keeps='{"status": "failed", "failed_at": 1741685500}',
    said=at_state,
    clauses=where(
        _has_times_of_states, Template("state.timestamp_missing.clause", "a final state has its own time"), "200"
    ),
    exercised=is_batch,
    concern="sense",
    check=_check_final_time,
    looks_at="members",
    highlight=at_pointer,
    requests=gets_a_batch,
    covers=(("states", "the time of the state"),),
)

STAGE_TIMESTAMP_MISSING = Rule(
    id="state.stage_timestamp_missing",
    title="A stage was passed and its time is not set",
    level="info",
    side="server",
    why="Some servers never set the time of stages in between; clients that measure them get nothing.",
    remedy="Set the time of each stage when it begins.",
    source="the document's properties named after states",
    breaks='{"status": "completed", "in_progress_at": null}',
    keeps='{"status": "completed", "in_progress_at": 1741685420}',
    said=at_state,
    clauses=where(
        _has_times_of_states,
        Template("state.stage_timestamp_missing.clause", "each stage that was passed has its time"),
        "200",
    ),
    exercised=is_batch,
    concern="sense",
    check=_check_passed_times,
    looks_at="members",
    highlight=at_pointer,
    requests=gets_a_batch,
    unless_told=("body.seen", "state.timestamp_missing"),
    covers=(("states", "those of stages"),),
)

TIMESTAMP_EARLY = Rule(
    id="state.timestamp_early",
    title="The time of a state that the batch is not in",
    level="should",
    side="server",
    why="Two fields tell two stories: clients that look at the time believe the batch has ended.",
    remedy="Leave the times of other endings and of later stages unset.",
    source="the document's properties named after states",
    breaks='{"status": "in_progress", "completed_at": 1741685500}',
    keeps='{"status": "in_progress", "completed_at": null}',
    said=at_state,
    clauses=where(
        _has_times_of_states,
        Template("state.timestamp_early.clause", "no time of a state that the batch is not in"),
        "200",
    ),
    exercised=is_batch,
    concern="sense",
    check=_check_early_times,
    looks_at="members",
    highlight=at_pointer,
    requests=gets_a_batch,
    merge=many_places(2, Template("many.other_states", "times of other states at {places}"), of_kind=True),
    covers=(("states", "none of a later one"),),
)

REGRESSED = Rule(
    id="state.regressed",
    title="The state went back",
    level="should",
    side="server",
    why="A final state is final; clients have already acted on it.",
    remedy="Serve reads from one consistent store, and never leave a final state.",
    source="the vendor's guide: the order of states",
    breaks="completed, then in_progress, of one batch",
    keeps="in_progress, then completed, of one batch",
    clauses=where(_has_states, Template("state.regressed.clause", "the state does not go back"), "200"),
    compare=_compare_states,
    compares="reads",
    kept_by_monotonic_reads=True,
    looks_at="run",
    highlight=at_pointer,
    requests=gets_a_batch,
    covers=(("states", "they move on"),),
)

STATE_RULES = frozenset({TIMESTAMP_MISSING.id, STAGE_TIMESTAMP_MISSING.id, TIMESTAMP_EARLY.id})
"""What is broken only where a batch is in one state and not in another."""

RULES = (TIMESTAMP_MISSING, STAGE_TIMESTAMP_MISSING, TIMESTAMP_EARLY, REGRESSED)
