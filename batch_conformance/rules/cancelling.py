"""Rules about batches that were cancelled: what the answer says comes true, and what had ended stays as it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from batch_conformance.contract.operation import Operation
from batch_conformance.contract.roles import Stage
from batch_conformance.contract.stated_at import at_operation, at_place
from batch_conformance.message import Template, shown
from batch_conformance.observation.observation import Observation, at
from batch_conformance.rules.followed import (
    Cancel,
    Followed,
    MadeBatch,
    id_in,
    is_answered_well,
    is_definite,
    is_of_another,
    object_in,
)
from batch_conformance.rules.followed import stage_in as stage_of_answer
from batch_conformance.rules.highlight import at_pointer, at_status
from batch_conformance.rules.made_batches import (
    OF_MADE_BATCHES,
    at_role,
    broken,
    broken_as_whole,
    kept,
    of_role,
    quoted,
)
from batch_conformance.rules.rule import ObservedPlace, Rule

_SAME_BATCH = Template("cancel.effect.same", "{id}, the batch that was to be cancelled")
_CANCELLED = Template("cancel.effect.expected", "cancelling or cancelled, as the answer to the cancellation has it")
_TO_END = Template("cancel.effect.to_end", "cancelling or cancelled, as the cancellation was answered with success")
_WENT_ON = Template("cancel.effect.went_on", "{before} in the answer, {now} afterwards, and never cancelled")
_TAKEN = Template("cancel.effect.taken", "a success: the batch was {state} before, and after it")
_GONE = Template("cancel.effect.gone", "{status} when it was read afterwards")
_REFUSED = Template("cancel.effect.refused", "{status}")
_HARMLESS = Template("cancel.again.expected", "the batch, cancelling or cancelled, or a refusal with 4xx")
_AS_BEFORE = Template("cancel.ended.expected", "{value}, as before it was cancelled")
_NO_SUCH = Template("cancel.unknown.expected", "a refusal with 4xx of an id that nobody has")
_ENDING = ("cancelling", "cancelled")


def _effect(followed: Followed) -> Iterator[ObservedPlace]:
    for batch in followed.batches:
        first = next((one for one in batch.cancels if one.before is None or not one.before.terminal), None)
        if first is not None and first is batch.cancels[0]:
            yield from _effect_of(batch, first, can_be_read=any(one.answered for one in followed.batches))


def _effect_of(batch: MadeBatch, cancel: Cancel, *, can_be_read: bool) -> Iterator[ObservedPlace]:
    """The first cancellation of a batch that had not ended, as far as anybody knew.

    ``can_be_read`` says whether any batch of the run was found when it was read.
    """
    answer, state = cancel.answer, cancel.answer.operation.roles.state or ""
    made, found = object_in(batch.created), object_in(answer)
    if not is_definite(answer):
        return
    after = _stages(cancel.reads)
    if not is_answered_well(answer):
        # It may have ended before the request came: then it is refused rightly.
        if (answer.exchange.status or 0) >= 500 or (after and after[0].rank < _END and cancel.before is not None):
            observed = _REFUSED(status=str(answer.exchange.status))
            yield broken(answer, state, _TAKEN(state=_word(cancel.before)), observed, "refused", level="should")
        return
    if found is not None and made is not None and id_in(answer) != id_in(batch.created):
        pointer = answer.operation.roles.identity or "/id"
        same = _SAME_BATCH(id=quoted(id_in(batch.created)))
        yield broken(answer, pointer, same, shown(quoted(id_in(answer))), "other")
        return
    if found is not None and made is not None:
        yield kept(answer, answer.operation.roles.identity or "/id")
    said = stage_of_answer(answer)
    if said is None:
        return
    if said.word not in _ENDING:
        went_on = _went_on(said, cancel.reads)
        if went_on is not None:
            observed = _WENT_ON(
                before=quoted(said.value), now=quoted(at(went_on.batch, went_on.operation.roles.state or ""))
            )
            yield broken(answer, state, _TO_END(), observed, "without effect", level="should", shows=went_on.exchange)
        return
    undone, gone = _undone(said, cancel.reads), _gone(answer, cancel.reads) if can_be_read else None
    if gone is not None:
        observed = _GONE(status=str(gone.exchange.status))
        yield broken(answer, state, _CANCELLED(), observed, "gone", level="should", shows=gone.exchange)
    elif undone is None:
        yield kept(answer, state)
    else:
        observed = shown(quoted(at(undone.batch, undone.operation.roles.state or "")))
        yield broken(answer, state, _CANCELLED(), observed, "undone", shows=undone.exchange)


def _gone(answer: Observation, reads: Sequence[Observation]) -> Observation | None:
    """The last read of a batch that was cancelled and is not there any more; None where it is, or was deleted."""
    definite = [one for one in reads if is_definite(one)]
    is_gone = bool(definite) and all(one.exchange.status in (404, 410) for one in definite)
    return definite[-1] if is_gone and answer.method != "DELETE" else None


def _undone(said: Stage, reads: Sequence[Observation]) -> Observation | None:
    """The first read of a batch that was cancelled, or being so, in which it is not; None where there is none.

    One that is being cancelled may still end as it would have: its requests were on their way.
    """
    for read in reads:
        stage = stage_of_answer(read)
        if stage is None or is_of_another(read):
            continue
        if said.word == "cancelled" and stage.word != "cancelled":
            return read
        if said.word == "cancelling" and stage.word not in _ENDING and not stage.terminal:
            return read
        if stage.word == "cancelled":
            said = stage
    return None


def _went_on(said: Stage, reads: Sequence[Observation]) -> Observation | None:
    """The first read in which a batch goes on as if nothing had been asked; None where it does not, or nobody knows.

    An answer may tell the state from before, and a batch may end as it would have when its last requests are on their
    way. One that begins something further, and ends without having been cancelled, was not.
    """
    stages = _stages(reads)
    if said.terminal or any(one.word in _ENDING for one in stages) or not stages or not stages[-1].terminal:
        return None
    for read in reads:
        stage = stage_of_answer(read)
        if stage is not None and not is_of_another(read) and said.rank < stage.rank and not stage.terminal:
            return read
    return None


def _again(followed: Followed) -> Iterator[ObservedPlace]:
    """A batch that is cancelled, or being so, is cancelled once more."""
    for batch in followed.batches:
        for cancel in batch.cancels[1:]:
            if cancel.before is None or cancel.before.word not in _ENDING or not is_definite(cancel.answer):
                continue
            status, stage = cancel.answer.exchange.status or 0, stage_of_answer(cancel.answer)
            if status >= 500:
                observed = _REFUSED(status=str(status))
                yield broken_as_whole(cancel.answer, _HARMLESS(), observed, "server error")
            elif (
                is_answered_well(cancel.answer) and stage is not None and not (stage.word in _ENDING or stage.terminal)
            ):
                yield broken_as_whole(cancel.answer, _HARMLESS(), shown(quoted(stage.value)), "state")
            else:
                yield kept(cancel.answer)


def _ended(followed: Followed) -> Iterator[ObservedPlace]:
    """A batch that had ended is cancelled: it is refused, or nothing comes of it."""
    for batch in followed.batches:
        for cancel in batch.cancels:
            if cancel.before is not None and cancel.before.terminal and is_definite(cancel.answer):
                yield _ended_of(cancel, cancel.before)


def _ended_of(cancel: Cancel, before: Stage) -> ObservedPlace:
    status = cancel.answer.exchange.status or 0
    if status >= 500:
        expected = _AS_BEFORE(value=quoted(before.value))
        return broken_as_whole(cancel.answer, expected, _REFUSED(status=str(status)), "server error", level="should")
    for observation in (cancel.answer, *(one for one in cancel.reads if not is_of_another(one))):
        stage = stage_of_answer(observation)
        if stage is not None and stage.value != before.value:
            observed = shown(quoted(stage.value))
            look = broken_as_whole(cancel.answer, _AS_BEFORE(value=quoted(before.value)), observed, "state")
            return ObservedPlace(look.observation, look.pointer, look.broken, observation.exchange)
    return kept(cancel.answer)


def _unknown(followed: Followed) -> Iterator[ObservedPlace]:
    answer = followed.unknown_cancel
    if answer is None or not is_definite(answer):
        return
    status = answer.exchange.status or 0
    if is_answered_well(answer) and object_in(answer) is not None:
        yield broken_as_whole(answer, _NO_SUCH(), _REFUSED(status=str(status)), "taken")
    elif status >= 500:
        yield broken_as_whole(answer, _NO_SUCH(), _REFUSED(status=str(status)), "server error")
    else:
        yield kept(answer)


_END = 3
"""The rank of stages at the end of a batch."""


def _stages(reads: Sequence[Observation]) -> list[Stage]:
    own = (read for read in reads if not is_of_another(read))
    return [stage for stage in map(stage_of_answer, own) if stage is not None]


def _word(stage: Stage | None) -> str:
    return stage.value if stage is not None else "?"


def _at_cancel(operation: Operation) -> Sequence[str]:
    roles = operation.roles
    return [one for one in (roles.identity, roles.state) if one is not None]


_OPENAI = "OpenAI's reference, https://platform.openai.com/docs/api-reference/batch/cancel"

EFFECT = Rule(
    id="cancel.effect",
    title="A batch goes on after it was cancelled",
    level="must",
    why="Whoever cancels a batch relies on it that nothing more of it is run and paid for.",
    remedy="Have the worker look at the state before it writes one, and never leave cancelled.",
    source=_OPENAI,
    breaks="cancelled, and in_progress at the next read",
    keeps="cancelling, and completed at the next read, as its last request was on its way",
    clauses=at_role(Template("cancel.effect.clause", "{place} of the answer comes true"), _at_cancel, "cancel"),
    said=at_place,
    highlight=at_pointer,
    follow=_effect,
    **OF_MADE_BATCHES,
    covers=(("batches that are made", "cancelled is cancelled"),),
)

AGAIN = Rule(
    id="cancel.again",
    title="Cancelling a batch twice does harm",
    level="should",
    why="A client that got no answer to the first request sends it again.",
    remedy="Answer with the batch as it is, or with 409.",
    source=_OPENAI,
    breaks="500 for the second request",
    keeps="409 for the second request",
    clauses=of_role(Template("cancel.again.clause", "cancelling twice does no harm"), "cancel"),
    said=at_operation,
    highlight=at_status,
    follow=_again,
    **OF_MADE_BATCHES,
    covers=(("batches that are made", "twice is harmless"),),
)

ENDED = Rule(
    id="cancel.ended",
    title="A batch that had ended is another one after it was cancelled",
    level="must",
    why="A batch that was completed, and paid for, is taken for one that was not.",
    remedy="Leave a batch that has ended as it is: refuse with 409, or answer with it.",
    source="an end is one: https://platform.openai.com/docs/guides/batch, the states of a batch",
    breaks="completed, and cancelled after POST /batches/{id}/cancel",
    keeps="completed, and 409 for POST /batches/{id}/cancel",
    clauses=of_role(Template("cancel.ended.clause", "a batch that has ended stays as it is"), "cancel"),
    said=at_operation,
    highlight=at_status,
    follow=_ended,
    **OF_MADE_BATCHES,
    covers=(("batches that are made", "an end is one"),),
)

UNKNOWN = Rule(
    id="cancel.unknown",
    title="An id that nobody has is cancelled",
    level="should",
    why="Who mistypes an id believes that the batch was cancelled.",
    remedy="Answer 404.",
    source="RFC 9110 section 15.5.5",
    breaks="200 and a batch for an id that nobody has",
    keeps="404 for it",
    clauses=of_role(Template("cancel.unknown.clause", "an id that nobody has cannot be cancelled"), "cancel"),
    said=at_operation,
    highlight=at_status,
    follow=_unknown,
    **OF_MADE_BATCHES,
    covers=(("batches that are made", "an unknown id"),),
)

RULES = (EFFECT, AGAIN, ENDED, UNKNOWN)
