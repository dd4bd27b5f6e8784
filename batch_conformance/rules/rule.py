"""A rule: one kind of deviation, and all that belongs to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from batch_conformance.contract.clause import Clause
from batch_conformance.contract.location import Location
from batch_conformance.contract.operation import Operation
from batch_conformance.contract.pointer import printable
from batch_conformance.contract.roles import Roles
from batch_conformance.contract.schema import Schema
from batch_conformance.contract.stated_at import Locate, nowhere
from batch_conformance.exchange.exchange import Exchange
from batch_conformance.findings.finding import Deviation, Finding, Level, Side
from batch_conformance.findings.fold import Bucket
from batch_conformance.findings.merging import Merge
from batch_conformance.message import Message, Template
from batch_conformance.observation.observation import Observation
from batch_conformance.rules.columns import Columns
from batch_conformance.rules.conditions import ALWAYS
from batch_conformance.rules.followed import Followed
from batch_conformance.rules.highlight import Highlight
from batch_conformance.rules.history import BatchHistory
from batch_conformance.rules.requests import Requests, any_request

LooksAt = Literal["message", "members", "values", "bytes", "run"]
"""The most that decides on whether a rule is broken, each with what comes before it.

message: the request, the status and some headers of the response. members: the names of a body's members, their JSON
types, and the state of the batch. values: what they hold. bytes: how the body was written, or framed. run: other
exchanges.
"""

Concern = Literal["document", "protocol", "sense", "leak", "identity", "credential"]
"""What a rule about one exchange is about, on which it depends when the rule is applied.

document: what the document says of a response. Not applied to an answer that should not have been given at all, and
told as one finding where an id was refused that the schema of its parameter does not admit. protocol: what HTTP asks
of any answer, whatever the document says. sense: what the members of one batch say of each other. Not applied to
another object, nor told of a value that breaks a rule about values already. leak: what no answer may show, that to a
wrong credential included. identity: whether the batch asked for is answered. credential: who is let in.
"""

Cure = Literal[
    "type",
    "required",
    "enum",
    "known_value",
    "keyword",
    "property",
    "schema",
    "status",
    "media_type",
    "header",
    "plain_text",
]
"""What of a document describes a deviation once it is changed: see ``report/finding/suggestion.py``."""

At = Literal["", "answer", "body", "around", "value", "not_null", "object"]
"""What there has to be at the place of a clause to exercise it; empty for rules that are not about one place.

answer: an answer of the status. body: a body of the media type. around: an object that could hold the member. value: a
value. not_null: a value that is not null. object: an object.
"""

Body = dict[str, Any]
BodiesCheck = Callable[[Columns], bool]
"""Whether a rule is surely kept by each of alike bodies; no is not that one breaks it."""


@dataclass(frozen=True, slots=True)
class AlikeBodies:
    """Bodies of one schema that have the same members of the same types, in the same state; ``body`` is one of them.

    ``broken`` says that a type, a required or an undeclared member of theirs breaks a rule already.
    """

    schema: Schema
    roles: Roles
    body: Body
    broken: bool


@dataclass(frozen=True, slots=True)
class Place:
    """A place of an operation at which a rule can be broken; with the rule it makes a clause.

    ``says`` is the statement in words, ``location`` where the contract says it: None for the source of the rule.
    """

    says: Message
    status: str = ""
    media_type: str = ""
    pointer: str = ""
    location: Location | None = None


@dataclass(frozen=True, slots=True)
class Broken:
    """How one exchange breaks a rule. What is None is that of the rule, or of the response.

    ``kind`` tells deviations at one clause apart and is part of the fingerprint: a stable word, never a random value.
    ``when`` is what else a run has to show for it to be reported; only rules about identity and credentials have one.
    """

    expected: Message
    observed: Message
    kind: str
    status: str | None = None
    media_type: str = ""
    pointer: str = ""
    level: Level | None = None
    side: Side | None = None
    location: Location | None = None
    when: Bucket = ALWAYS


@dataclass(frozen=True, slots=True)
class ObservedPlace:
    """A place of a clause that was looked at: the observation that has it, and how it is broken, None where it is not.

    ``shows`` is the exchange that shows it, where that is another one than the observation's.
    """

    observation: Observation
    pointer: str = ""
    broken: Broken | None = None
    shows: Exchange | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One kind of deviation: what it says, where it can break, what exercises it, how it is checked, what it points at.

    For people: ``id`` is stable (``body.type``); ``level`` and ``side`` are what a deviation has unless the check knows
    better; ``source`` cites the standard or page behind it; ``breaks`` and ``keeps`` are one short example each.
    ``said_by`` is what says what a deviation breaks, unless the check knows better: the document's response, or the
    source, for which ``said`` gives the place in the document where there is one.

    ``clauses`` gives the places of an operation at which the rule can be broken, beside those that the document itself
    has statements for (``Operation.clauses``). ``exercised`` says whether an exchange would have shown the rule broken,
    wherever. ``exercised_at`` says what that takes at the place of a clause. A rule with neither takes two reads of one
    batch.

    ``unless_rare`` says that one answer may break it by chance, such as by being read at the wrong moment: it is told
    at its level where most of the exchanges that exercised it broke it, and else at ``info``.

    ``of_body`` says that what it is about is the body that came: where a gateway answers for the API, or a server error
    is told, it is no finding of its own.

    ``check`` gives what is broken in one exchange, ``compare`` what is broken between the exchanges of one batch, each
    with the exchange that shows it; ``compares`` says whether that is one read with those before, or one method with
    another. ``follow`` looks at batches that were made and followed to their results. A rule with none of them is
    weighed over a whole run by the judge.

    ``looks_at`` and ``headers`` (names in lower case, beside those that a document declares) say what decides on it, so
    that recorded traffic may be spared what cannot break it; a rule that does not say so is checked on every exchange.
    A rule that looks at values or bytes is spared where ``surely_kept`` makes checks for alike bodies that hold, or
    where it is ``kept_by_plain_reads``: by a complete 2xx answer in JSON that every parser reads alike, to a plain GET
    of an id, with the batch asked for, with no key in it, with no passed time that is later than its Date, and with
    headers that were checked: those that are declared, and those that HTTP defines. One that
    compares is spared where it is ``kept_by_monotonic_reads``: by reads of one batch by GET alone, each sent after
    the one before and answered with the batch, whose state only moves on, whose counts never fall, in which nothing
    else of what is compared changes but from null, and in which no strong ETag stands for two bodies.

    ``requests`` says which of the planned requests exercise it, for runs of a few tests. ``unseen`` says why nothing
    did and what would, where the status or the place of its clauses does not say so. ``cure`` is what a document has to
    change to describe the deviation, None where no document can. ``reaches_client`` says that OpenAI's client notices
    the deviation as well.

    ``merge`` makes one finding of several of the rule that have one cause. ``unless_told`` names rules that say better
    what this one says: beside one of those at the same place it is no finding. ``unless_alike`` names rules that do so
    wherever in the operation they observed the same.

    ``covers`` has the statements of HTTP or of a document that the rule holds, by their names in ``docs/COVERAGE.md``,
    each with what of it.

    ``highlight`` says what part of a response a finding is about. ``only_with`` names the option without which a rule
    is not applied (``all`` of ``--operations``); what such a rule says is no part of the contract.
    """

    id: str
    title: str
    level: Level
    side: Side
    why: str
    remedy: str
    source: str
    breaks: str
    keeps: str
    said_by: Literal["response", "source"] = "source"
    said: Locate = nowhere
    clauses: Callable[[Operation], Iterable[Place]] = lambda _: ()
    exercised: Callable[[Observation], bool] | None = None
    exercised_at: At = ""
    concern: Concern = "protocol"
    unless_rare: bool = False
    of_body: bool = False
    check: Callable[[Observation], Iterable[Broken]] | None = None
    compare: Callable[[BatchHistory], Iterable[tuple[Observation, Broken]]] | None = None
    compares: Literal["", "reads", "methods"] = ""
    follow: Callable[[Followed], Iterable[ObservedPlace]] | None = None
    looks_at: LooksAt | None = None
    headers: tuple[str, ...] = ()
    surely_kept: Callable[[AlikeBodies], tuple[BodiesCheck, ...] | None] | None = None
    kept_by_plain_reads: bool = False
    kept_by_monotonic_reads: bool = False
    highlight: Callable[[Finding], Highlight] = lambda _: Highlight()
    only_with: Literal["", "client", "shape", "all"] = ""
    requests: Requests = any_request
    unseen: Template | None = None
    cure: Cure | None = None
    reaches_client: bool = False
    merge: Merge | None = None
    unless_told: tuple[str, ...] = ()
    unless_alike: tuple[str, ...] = ()
    covers: tuple[tuple[str, str], ...] = ()

    def clauses_of(self, operation: Operation) -> Iterator[Clause]:
        """The clauses that the rule adds to those of an operation."""
        for place in self.clauses(operation):
            location = place.location or self.said(operation, place.pointer) or standard(self.source)
            yield Clause(operation.id, place.status, place.media_type, place.pointer, self.id, place.says, location)

    def deviation(self, observation: Observation, broken: Broken) -> Deviation:
        """What is broken, seen in an exchange.

        What an example, a guide or a repair says, and not the document itself, breaks at level ``should`` at most.
        """
        location, level = broken.location or self._said(observation, broken.pointer), broken.level or self.level
        if level == "must" and location.origin in ("overlay", "repair"):
            level = "should"
        return Deviation(
            rule=self.id,
            operation=observation.operation.id,
            status=observation.status if broken.status is None else broken.status,
            media_type=broken.media_type,
            pointer=printable(broken.pointer),
            expected=broken.expected,
            observed=broken.observed,
            kind=printable(broken.kind),
            level=level,
            side=broken.side or self.side,
            exchange=observation.exchange,
            location=location,
        )

    def _said(self, observation: Observation, pointer: str) -> Location:
        if self.said_by == "source":
            return self.said(observation.operation, pointer) or standard(self.source)
        return observation.documented.location if observation.documented else observation.operation.location


def standard(source: str) -> Location:
    """Where a standard says it."""
    return Location(source, 0, "", "standard")


def always(says: Template, status: str = "") -> Callable[[Operation], Iterable[Place]]:
    """One clause, of every operation."""
    place = Place(says(), status)
    return lambda _: (place,)


def where(
    applies: Callable[[Operation], bool], says: Template, status: str = ""
) -> Callable[[Operation], Iterable[Place]]:
    """One clause, of operations to which it applies."""
    place = Place(says(), status)
    return lambda operation: (place,) if applies(operation) else ()


def has_id(operation: Operation) -> bool:
    """Whether an operation is asked by an id: a list has none that could be odd, or read again."""
    return bool(operation.parameter)


def is_batch(observation: Observation) -> bool:
    """Whether a batch was answered."""
    return observation.batch is not None


def has_the_object(observation: Observation) -> bool:
    """Whether the documented object was answered, be it to a read or to a request that changes something."""
    if observation.batch is not None:
        return True
    answer, content = observation.answer, observation.content
    is_write = answer is not None and 200 <= answer.status < 300 and observation.method not in ("GET", "HEAD")
    return is_write and observation.covered and content is not None and not observation.mismatch


def is_conclusive(observation: Observation) -> bool:
    """Whether an answer came that says something of the API: no limit, and no error of the server."""
    status = observation.exchange.status or 0
    return observation.exchange.failure is None and 0 < status < 500 and status != 429


def is_success(observation: Observation) -> bool:
    """Whether a read was answered with success that was not asked for by name."""
    succeeded = observation.answer is not None and 200 <= observation.answer.status < 300
    return succeeded and observation.method in ("GET", "HEAD") and not observation.forced


def is_answered(observation: Observation) -> bool:
    """Whether a response came."""
    return observation.answer is not None


def has_json(observation: Observation) -> bool:
    """Whether a body came where the contract has JSON."""
    return observation.covered and observation.parsed is not None and "json" in observation.contract_media_type
