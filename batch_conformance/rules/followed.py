"""What a run saw of the batches that it made: what was sent, and what was answered, from the file to the results.

All of it is values: ``run/live`` sends the requests, the rules look at what came of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

from batch_conformance.contract.operation import Operation
from batch_conformance.contract.roles import Stage
from batch_conformance.exchange.exchange import Exchange
from batch_conformance.observation.observation import Observation, at
from batch_conformance.rules.batch import stage_of
from batch_conformance.rules.batch_lines import ResultLine, custom_ids_of, lines_of, result_lines

ResultKind = Literal["output", "error"]
"""Which of the two files of results a batch names: that of the answers, or that of the errors."""


@dataclass(frozen=True)
class SentFile:
    """A file of requests as it was uploaded."""

    name: str
    purpose: str
    content: bytes = field(repr=False)

    @cached_property
    def custom_ids(self) -> tuple[str, ...]:
        """The ``custom_id`` of each line."""
        return custom_ids_of(self.content)

    @cached_property
    def line_count(self) -> int:
        """How many lines are not empty."""
        return sum(1 for _ in lines_of(self.content))


@dataclass(frozen=True)
class Upload:
    """A file, what the upload of it was answered with, and the lists of files that were read afterwards.

    One whose answer was lost is none.
    """

    file: SentFile
    answer: Observation
    lists: tuple[Observation, ...] = ()


@dataclass(frozen=True)
class Cancel:
    """A request to cancel a batch: the last state that was known before, the answer, and the reads that followed it."""

    before: Stage | None
    answer: Observation
    reads: tuple[Observation, ...] = ()


@dataclass(frozen=True)
class ResultFile:
    """A file of results: which one, the read of the batch that named it, and what came when it was fetched.

    ``again`` is what came the second time, None where it was fetched once.
    """

    kind: ResultKind
    pointer: str
    named_by: Observation
    fetched: Exchange
    again: Exchange | None = None

    @property
    def content(self) -> bytes | None:
        """What is in it; None where it was not fetched whole."""
        return whole_body(self.fetched)

    @cached_property
    def lines(self) -> tuple[ResultLine, ...] | None:
        """Its lines; None where it was not fetched whole."""
        return None if self.content is None else result_lines(self.content)


@dataclass(frozen=True)
class MadeBatch:
    """A batch that was made of a file: what was asked for, the answer, and all reads of it in the order of time.

    ``created`` is None where the answer was lost. ``results`` are the files that were fetched after its end.
    """

    file: SentFile
    asked: Mapping[str, Any]
    created: Observation | None
    reads: tuple[Observation, ...] = ()
    cancels: tuple[Cancel, ...] = ()
    results: tuple[ResultFile, ...] = ()

    @property
    def answered(self) -> tuple[Observation, ...]:
        """The reads that were answered with the batch, and not with another one."""
        return tuple(one for one in self.reads if one.batch is not None and not is_of_another(one))

    @property
    def before_cancelled(self) -> tuple[Observation, ...]:
        """The reads before the first cancellation: what is gone after that may have been taken away by it."""
        return self.reads[: len(self.reads) - len(self.cancels[0].reads)] if self.cancels else self.reads

    @property
    def end(self) -> Observation | None:
        """The last read, where the batch had ended."""
        last = self.answered[-1] if self.answered else None
        stage = stage_in(last) if last is not None else None
        return last if stage is not None and stage.terminal else None

    def result(self, kind: ResultKind) -> ResultFile | None:
        """The file of that kind, where it was fetched."""
        return next((one for one in self.results if one.kind == kind), None)


@dataclass(frozen=True)
class BadRequest:
    """A request that must never lead to results, by its ``case``: the last answer of what was sent for it.

    ``reads`` are those of the batch that was made of it all the same, none where it was refused at once.
    """

    case: str
    answer: Observation
    reads: tuple[Observation, ...] = ()


@dataclass(frozen=True)
class WithoutKey:
    """A request that changes something, without the valid credential, for what cannot exist; and the same with it."""

    answer: Observation
    with_key: Observation | None


@dataclass(frozen=True)
class Followed:
    """All that was seen of the batches of a run."""

    uploads: tuple[Upload, ...] = ()
    batches: tuple[MadeBatch, ...] = ()
    bad_requests: tuple[BadRequest, ...] = ()
    without_key: tuple[WithoutKey, ...] = ()
    unknown_cancel: Observation | None = None


def is_of_another(read: Observation) -> bool:
    """Whether a read was answered with another batch than the one that was asked for: it says nothing of that one."""
    identity = read.operation.roles.identity
    said = at(read.batch, identity) if identity is not None else None
    return isinstance(said, str) and said != read.exchange.probe.batch_id


def is_answered_well(observation: Observation) -> bool:
    """Whether an answer of 2xx came to its end."""
    exchange = observation.exchange
    return exchange.failure is None and 200 <= (exchange.status or 0) < 300


def is_definite(observation: Observation) -> bool:
    """Whether an answer says something of the API: it is no limit and no failure on the way."""
    exchange = observation.exchange
    return exchange.failure is None and (exchange.status or 0) not in (0, 429, 502, 503, 504)


def object_in(observation: Observation | None) -> tuple[str, Mapping[str, Any]] | None:
    """The object that an answer is about, with the pointer of it; None where there is none.

    It stands inside of ``data`` in the envelope that SiliconFlow's file operations have, and at the root elsewhere:
    where the schema of the success has an ``id``, else where the answer has one. In place of ``id`` it may have the
    member that the document has for it (``Roles.identity``).
    """
    if observation is None or observation.parsed is None or not is_answered_well(observation):
        return None
    value = observation.parsed.value
    for around in dict.fromkeys((object_place(observation.operation), "", "/data")):
        found = at(value, around)
        if isinstance(found, Mapping) and _id_of(found, observation.operation) is not None:
            return around, found
    return None


def id_in(observation: Observation | None) -> str | None:
    """The id of the object that an answer is about; None where there is none."""
    found = object_in(observation)
    return _id_of(found[1], observation.operation) if found is not None and observation is not None else None


def _id_of(found: Mapping[str, Any], operation: Operation) -> str | None:
    """The id that an object has: at the place that the document has for it, else in ``id``."""
    places = dict.fromkeys((operation.roles.identity, "/id"))
    named = (at(found, place) for place in places if place is not None)
    return next((one for one in named if isinstance(one, str) and one), None)


def object_place(operation: Operation) -> str:
    """Where the success of an operation has the object that it is about, by its schema: the root, or ``/data``."""
    success = operation.response_for(200)
    schemas = success.content.values() if success is not None else ()
    places = {place.pointer for schema in schemas if schema is not None for place in schema.properties}
    return "/data" if "/id" not in places and "/data/id" in places else ""


def stage_in(observation: Observation) -> Stage | None:
    """The stage of the batch that was answered, be it to a read, a creation or a cancellation."""
    found = object_in(observation)
    return stage_of(found[1], observation.operation.roles) if found is not None else None


def whole_body(exchange: Exchange) -> bytes | None:
    """The body of a success that came whole; None of anything else."""
    answer = exchange.response
    if answer is None or exchange.failure is not None or not 200 <= answer.status < 300:
        return None
    return None if answer.truncated or answer.decode_error else answer.body
