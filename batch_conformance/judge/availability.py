"""Tells an outage from drift: what one kind of request always breaks, while the rest is answered.

What was down cuts time into gaps, and what was answered lies in one of them: which kinds and which ids were answered
between two failures is all that is looked at, whatever order it is taken in.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal
from urllib.parse import urlsplit

from batch_conformance.contract.contract import Contract
from batch_conformance.contract.operation import Operation
from batch_conformance.exchange.base_url import BaseUrl
from batch_conformance.exchange.exchange import ODD_REQUESTS, Exchange, Probe
from batch_conformance.findings.finding import Deviation
from batch_conformance.message import Count, Message, Template
from batch_conformance.nouns import MORE_KINDS
from batch_conformance.observation.observation import Observation, reported_subjects
from batch_conformance.rules.availability import DROPS, SERVER_ERROR, SILENT
from batch_conformance.rules.framing import never_ending
from batch_conformance.rules.rule import Broken

AWAY = frozenset({"timeout", "reset"})
"""Failures after a connection was made: the server had the request and did not answer it."""
_ENDLESS_ENOUGH, _AWAITED_ENOUGH = 3, 2
"""Bodies that did not end after heads of one status, or of one status and id, where no other one did; and how many of
them were waited for: a run does not wait for those that come after such heads."""
BROKEN_ID = 3
"""Failures of one known id, and no answer for it, that are laid to the batch; each further one tells nothing new."""
_MANY_DROPS = 5
_OFTEN = 0.2
"""Drops are reported from a fifth of the requests on: a flaky network of a few per cent is no finding."""

Moment = tuple[float, int, int]
"""When a request was sent, and its number and attempt: what was sent at once goes by these."""
Answered = tuple[Moment, str, str]
"""When a request that was answered was sent, its kind, and the id that it was for, which may be empty."""
_Sort = Literal["error", "silent", "limited", "other"]
_REFUSED_ENOUGH = 3
"""Connections in a row that are refused until the end, where the server has ended."""
EVERY_ID = Template("response.server_error.every_id", "every known id")
ONE_ID = Template("response.server_error.one_id", "the id {id}")
ONE_READ = Template("response.server_error.one_read", "{kind} with the id {id}")
_AND_MORE = Template("response.server_error.and_more", "{request} and {more}")
_AS_OTHERS = Template("response.server_error.expected", "an answer, as other requests get")
_EVERY_TIME = Template("response.server_error.observed", "{status} every time for {request}")
_NEVER = Template("response.silent.observed", "{failure}, every time for {request}")
_NOTHING = Template("response.silent.nothing", "nothing")
_GOES_ON = Template("response.silent.goes_on", "an answer, and a server that goes on")
_ENDED = Template("response.silent.ended", "the connection ended, and every one after it was refused")
_ENDED_AGAIN = Template(
    "response.silent.ended_again",
    "the connection ended and the next ones were refused, and so it was when it was sent once more",
)
_LASTING = Template("response.drops.expected", "connections that live as long as the exchange")
_DROPPED = Template("response.drops.observed", "{healed} of {requests} requests dropped and healed by a retry")


@dataclass(frozen=True, slots=True)
class FailedRequest:
    """A request that got no answer, or one that says that the server, or what stands before it, is busy or broken.

    ``key`` is what it is found by in the log of its operation, ``batch_id`` the id it was for. Where a contract holds
    several operations, id and ``kind`` name the operation. ``read`` names kind and id. ``shows`` says that it was a
    plain read of a batch. ``size`` is that of the body in bytes, ``failure`` the kind of failure, empty where an answer
    came. ``endless`` says that the head came, and told how its body ends, which did not come within the time.
    """

    moment: Moment
    operation: str
    key: str
    batch_id: str
    kind: str
    read: str
    subject: str
    final: bool
    sort: _Sort
    status: int
    size: int
    shows: bool
    is_head: bool
    reset_once: bool
    healed_drop: bool
    failure: str
    endless: bool


@dataclass(frozen=True, slots=True)
class PersistentFailure:
    """A failure that is no outage's.

    ``of`` says in words what always fails, None where it is the kind of request. ``drops`` is given for a drop: how
    many there were, of how many requests. ``endless`` is for a body that has no end where others have.
    """

    down: FailedRequest
    of: Message | None = None
    drops: tuple[int, int] | None = None
    endless: bool = False

    def deviation(self, observation: Observation, asked: Message | None = None) -> Deviation:
        """What it is, told with the exchange; ``asked`` says of what, where that is wider than the kind of request."""
        if self.drops is not None:
            return _dropped(observation, *self.drops)
        if self.endless:
            return never_ending(observation)
        always = self.of or asked or request_kind(observation)
        tell = _silent if self.down.sort == "silent" else _server_error
        return tell(observation, always, _kind_of(observation, self.of))


@dataclass(frozen=True, slots=True)
class ServerExit:
    """A request at which the server ended; ``sure`` says that it did so again when it was sent once more."""

    down: FailedRequest
    sure: bool


@dataclass(frozen=True, slots=True)
class AvailabilityResult:
    """``drift`` is what is reported; ``unjudged`` names the probes (by number) that an outage or a limit left open."""

    drift: tuple[PersistentFailure, ...]
    unjudged: frozenset[int]

    def asked(self, one: PersistentFailure, request: Message | str) -> Message | None:
        """What always fails as ``one`` does, where several kinds of request do: ``request`` and how many more."""
        if one.of is not None:
            return None
        kinds = {
            other.down.kind
            for other in self.drift
            if other.of is None
            and (other.down.sort, other.down.status, other.down.subject, other.down.operation)
            == (one.down.sort, one.down.status, one.down.subject, one.down.operation)
        }
        return _AND_MORE(request=request, more=Count(len(kinds) - 1, MORE_KINDS)) if len(kinds) > 1 else None

    def shown(self, passing: Set[Moment]) -> Iterator[tuple[PersistentFailure, int, bool]]:
        """Of all that are alike the first one and that with the smallest evidence, with how many each stands for.

        The last of the three says whether the exchange is one of those in ``passing``.
        """
        groups: dict[object, list[PersistentFailure]] = defaultdict(list)
        for one in self.drift:
            down, passes = one.down, one.down.moment in passing
            subject = down.subject if one.of is None and not one.endless else None
            kind = "" if one.endless else down.kind
            groups[one.drops, one.endless, down.sort, down.status, subject, kind, passes].append(one)
        for ones in groups.values():
            first, least = min(ones, key=_order), min(ones, key=_evidence)
            passes = first.down.moment in passing
            if first is not least:
                yield least, 1, passes
            yield first, len(ones) - (first is not least), passes


def _without_subject(one: PersistentFailure) -> tuple[str, str]:
    """What was asked, whichever id it was asked for: what breaks for known ids and unknown ones alike is one cause.

    So are all the credentials that have to be refused, or any of them that are.
    """
    chapter = one.down.kind.partition("/")[0]
    asked = one.down.kind.removesuffix("_known").removesuffix("_unknown")
    return one.down.operation, chapter if chapter == "authentication" else asked


def _order(one: PersistentFailure) -> tuple[int, ...]:
    return one.down.moment[1:]


def _evidence(one: PersistentFailure) -> tuple[bool, int, tuple[int, ...]]:
    return one.down.is_head, one.down.size, _order(one)


_TOGETHER = 0.5
"""Seconds between the beginnings of two requests that may have been under way at once when both were cut off."""


class Availability:
    """What was answered and what was not, batch by batch. A hundred bytes of each failure are held."""

    def __init__(self) -> None:
        self._downs: list[FailedRequest] = []
        self._answered: set[str] = set()
        self._a_batch_was_shown = False
        self._ids: dict[str, _Failing] = {}
        self._reads: dict[str, list[Moment]] = {}
        self._whole: set[int] = set()
        self._cut: Counter[int] = Counter()
        self._endless_ids: set[tuple[str, int]] = set()

    def add_batch(
        self,
        downs: Sequence[FailedRequest],
        answered: Set[tuple[str, bool]],
        whole: Set[int] = frozenset(),
        cut: Sequence[int] = (),
    ) -> None:
        """Take in what became of all the requests for one id or path.

        ``answered`` are the kinds of those that were answered, each with whether it was a plain read of a batch.
        ``whole`` are the statuses of answers whose body came to its end, ``cut`` those of answers whose body was not
        read to its end.
        """
        whole = whole | {down.status for down in downs if not down.failure}
        self._whole |= whole
        self._cut.update(cut)
        endless = [down for down in downs if down.endless]
        self._endless_ids |= {(endless[0].key, status) for status in _endless_statuses(endless, Counter(cut)) - whole}
        kinds = {kind for kind, _ in answered}
        shown = {kind for kind, shows in answered if shows}
        self._a_batch_was_shown = self._a_batch_was_shown or bool(shown)
        failing = [down for down in downs if down.shows and down.final and down.sort != "limited"]
        if len(failing) >= BROKEN_ID and not shown:
            moments = [down.moment for down in failing]
            self._ids[failing[0].batch_id] = _Failing(min(moments), max(moments), frozenset(kinds))
        else:
            self._answered |= kinds
        by_read: dict[str, list[Moment]] = defaultdict(list)
        for down in failing:
            if down.kind not in shown:
                by_read[down.read].append(down.moment)
        self._reads |= {read: sorted(moments) for read, moments in by_read.items() if len(moments) >= BROKEN_ID}
        self._downs += downs

    def failures(self) -> Iterator[float]:
        """When each request was sent that was down."""
        return (down.moment[0] for down in self._downs)

    def ends(self, answered: Callable[[], Iterable[Answered]], latest: float) -> tuple[ServerExit, ...]:
        """The requests at which the server ended: the connection was reset, and the next one was refused.

        It must have been refused to the end of the run, or the same request must have ended the server again once it
        was back. ``latest`` is when the last request that was answered was sent.
        """
        downs = sorted(self._downs, key=lambda down: down.moment)
        pairs = [
            (place, one)
            for place, (one, after) in enumerate(pairwise(downs))
            if one.failure == "reset"
            and after.failure == "refused"
            and not (place and _are_together(downs[place - 1], one))
        ]
        if not pairs:
            return ()
        gaps = _Gaps(downs, answered(), frozenset())
        of_probe: dict[int, list[FailedRequest]] = defaultdict(list)
        for place, one in pairs:
            if gaps.is_quiet(place):
                of_probe[one.moment[1]].append(one)
        refused = next((n for n, down in enumerate(reversed(downs)) if down.failure != "refused"), 0)
        last = downs[-1 - refused] if refused >= _REFUSED_ENOUGH else None
        for_good = last if last is not None and last.failure == "reset" and last.moment[0] > latest else None
        return tuple(
            ServerExit(ones[0], sure=len(ones) > 1) for ones in of_probe.values() if len(ones) > 1 or for_good in ones
        )

    def assess(
        self, answered: Callable[[], Iterable[Answered]], requests: int, ends: tuple[ServerExit, ...] = ()
    ) -> AvailabilityResult:
        """Weigh all that was down in so many requests. ``answered`` gives those that were answered, in any order.

        What ``ends`` reports is not reported once more as silence.
        """
        failed = {down.moment[1] for down in self._downs if down.final}
        healed = [down for down in self._downs if down.healed_drop and down.moment[1] not in failed]
        drops = (len(healed), requests)
        dropped = [PersistentFailure(down, drops=drops) for down in healed if is_often(*drops)]
        downs = sorted(self._downs, key=lambda down: down.moment)
        endless = {down.moment for down in self._never_ending()}
        if endless:
            dropped += (PersistentFailure(down, endless=True) for down in downs if down.moment in endless)
            downs = [down for down in downs if down.moment not in endless]
        if not self._ids and not self._reads and not self._failing_kinds(downs, {}, self._answered):
            return AvailabilityResult(tuple(dropped), frozenset(down.moment[1] for down in downs if down.final))
        drift, unjudged = self._weigh(_Gaps(downs, answered(), self._ids.keys()))
        ended = {end.down.moment[1] for end in ends}
        drift = [one for one in drift if one.down.moment[1] not in ended]
        subjects = reported_subjects({one.down.subject for one in drift})
        of_known = {_without_subject(one) for one in drift if one.down.subject == "known"}
        alone = (one for one in drift if one.down.subject != "unknown" or _without_subject(one) not in of_known)
        return AvailabilityResult((*(one for one in alone if one.down.subject in subjects), *dropped), unjudged)

    def _never_ending(self) -> Iterator[FailedRequest]:
        """Bodies without an end, as all of their status, or of their id and status, while those of others end."""
        enough = _endless_statuses([down for down in self._downs if down.endless], self._cut) - self._whole
        for down in self._downs if self._whole else ():
            if down.endless and (down.status in enough or (down.key, down.status) in self._endless_ids):
                yield down

    def _weigh(self, gaps: _Gaps) -> tuple[list[PersistentFailure], frozenset[int]]:
        drift: list[PersistentFailure] = []
        unjudged: set[int] = set()
        ids = self._broken_ids(gaps)
        reads = {read for read, moments in self._reads.items() if gaps.apart(moments) >= BROKEN_ID}
        answered = self._answered.union(*(self._ids[name].answered for name in self._ids.keys() - ids.keys()))
        kinds = self._failing_kinds(gaps.downs, ids, answered)
        for place, down in enumerate(gaps.downs):
            if not down.final:
                continue
            of = ids.get(down.batch_id)
            if of is not None:
                repeats = gaps.up_afterwards(place, lambda _, name: str(ids.get(name, "")))
            elif down.read in reads:
                repeats, of = True, ONE_READ(kind=down.kind, id=down.batch_id)
            else:
                repeats = down.kind in kinds and gaps.up_afterwards(place, lambda kind, _: kind)
            if repeats and down.sort in ("error", "silent"):
                drift.append(PersistentFailure(down, of))
            else:
                unjudged.add(down.moment[1])
        return drift, frozenset(unjudged)

    def _broken_ids(self, gaps: _Gaps) -> dict[str, Message]:
        """The ids that failed at every plain request, with what is broken in words: that batch, or all of them.

        It is then the batch that breaks the server, and not what was asked of it. Something else was answered between
        the first failure and the last one: else it was away for that while.
        """
        names = [name for name, failing in self._ids.items() if gaps.between(failing.first, failing.last)]
        one_of_many = self._a_batch_was_shown or len(names) == 1
        return {name: ONE_ID(id=name) if one_of_many else EVERY_ID() for name in names}

    @staticmethod
    def _failing_kinds(downs: Iterable[FailedRequest], ids: Mapping[str, Message], answered: Set[str]) -> Set[str]:
        """Kinds of request that failed often enough, and never did not; a limit is no failure.

        Often enough is twice. Of what is sent only once, as it may change something, two resets may be the network's.
        What is asked of ``ids`` that always fail tells nothing of its kind.
        """
        alike = [down for down in downs if down.batch_id not in ids]
        limited = {down.kind for down in alike if down.sort == "limited"}
        once = {down.kind for down in alike if down.reset_once}
        failed = Counter(down.kind for down in alike)
        enough = {kind for kind, count in failed.items() if count >= (3 if kind in once else 2)}
        return enough - limited - answered


@dataclass(frozen=True, slots=True)
class _Failing:
    """An id that got no answer to a plain request: its first and last failure, and the kinds it got an answer to."""

    first: Moment
    last: Moment
    answered: frozenset[str]


class _Gaps:
    """What was answered before, between and after failures: gap 0 lies before the first of them."""

    def __init__(self, downs: Sequence[FailedRequest], answered: Iterable[Answered], ids: Set[str]) -> None:
        self.downs = downs
        self._moments = [down.moment for down in downs]
        self._held: dict[int, set[tuple[str, str]]] = defaultdict(set)
        for moment, kind, batch_id in answered:
            place = bisect_left(self._moments, moment)
            self._held[place].add((kind, batch_id if batch_id in ids else ""))
        self._places = sorted(self._held)
        self._of_subject: dict[str, list[int]] = defaultdict(list)
        for place, down in enumerate(downs):
            if down.final:
                self._of_subject[down.subject].append(place)

    def is_quiet(self, place: int) -> bool:
        """Whether nothing was answered between a failure and the next one."""
        return place + 1 not in self._held

    def apart(self, moments: Sequence[Moment]) -> int:
        """How many of the failures at these moments, in their order, had an answer of anything since the one before."""
        count, last = 0, -1
        for moment in moments:
            place = bisect_left(self._moments, moment)
            if self._next(last) <= place:
                count, last = count + 1, place
        return count

    def between(self, first: Moment, last: Moment) -> bool:
        """Whether anything was answered between two failures."""
        return self._next(bisect_left(self._moments, first)) <= bisect_left(self._moments, last)

    def up_afterwards(self, place: int, kind: Callable[[str, str], str]) -> bool:
        """Whether the next request of another ``kind`` was answered: the target was up."""
        down = self.downs[place]
        mine = kind(down.kind, down.batch_id)
        up = next((gap for gap in self._after(place) if any(kind(*one) != mine for one in self._held[gap])), None)
        return up is not None and all(
            up <= blocking
            for subject in self._of_subject.keys() - {down.subject}
            for blocking in self._first_of(subject, place, lambda other: kind(other.kind, other.batch_id) != mine)
        )

    def _first_of(self, subject: str, place: int, fits: Callable[[FailedRequest], bool]) -> Iterator[int]:
        """The place of the first failure of a subject after ``place`` that fits, if there is one."""
        places = self._of_subject[subject]
        for index in range(bisect_right(places, place), len(places)):
            if fits(self.downs[places[index]]):
                yield places[index]
                return

    def _after(self, place: int) -> Iterator[int]:
        """The gaps after a failure in which anything was answered."""
        return (self._places[index] for index in range(bisect_right(self._places, place), len(self._places)))

    def _next(self, place: int) -> float:
        return next(self._after(place), float("inf"))


def is_down(observation: Observation) -> bool:
    """Whether nothing was answered, or an error that says that the server, or what stands before it, is busy or broken.

    An error that was asked for is an answer, and so is 501 to a method that is not declared.
    """
    exchange = observation.exchange
    if exchange.failure is not None:
        return True
    status = exchange.status or 0
    undeclared = observation.method not in (*observation.operation.methods, "HEAD")
    if status == 501 and _may_be_refused(observation):
        return False
    if status == 501 and (undeclared or observation.method == "HEAD"):
        return False
    return not observation.forced and (500 <= status <= 599 or status == 429)


def _may_be_refused(observation: Observation) -> bool:
    """Whether a request is one that may be refused in any way, with 501 or by closing the connection too."""
    return observation.exchange.probe.chapter == ODD_REQUESTS


def down_of(observation: Observation, key: str, size: int) -> FailedRequest:
    """What a request that was down is to be weighed by."""
    exchange, of = observation.exchange, named_operation(observation.contract, observation.operation)
    probe, failure, status = exchange.probe, exchange.failure, exchange.status or 0
    reset = failure is not None and failure.kind == "reset"
    sort: _Sort = "limited" if status == 429 else "other"
    if status != 429 and exchange.response is not None and failure is None:
        sort = "error"
    elif (
        status != 429 and failure is not None and failure.kind in AWAY and not (reset and _may_be_refused(observation))
    ):
        sort = "silent"
    return FailedRequest(
        moment_of(exchange),
        observation.operation.id,
        key,
        f"{probe.batch_id}{of}" if probe.batch_id else "",
        kind_of(probe) + of,
        f"{kind_of(probe)}{of} with the id {probe.batch_id or ''}",
        probe.subject,
        exchange.final,
        sort,
        status,
        size,
        shows_a_batch(probe),
        probe.method == "HEAD",
        # What may change something is sent only once.
        reset and probe.method not in ("GET", "HEAD"),
        reset and not exchange.final,
        failure.kind if failure is not None else "",
        failure is not None and failure.kind == "timeout" and _tells_its_end(exchange),
    )


def _endless_statuses(endless: Sequence[FailedRequest], cut: Mapping[int, int]) -> set[int]:
    """The statuses after which bodies did not end often enough; ``cut`` has how many others were not read to an end."""
    awaited = Counter(down.status for down in endless)
    return {
        status
        for status, count in awaited.items()
        if count >= _AWAITED_ENOUGH and count + cut.get(status, 0) >= _ENDLESS_ENOUGH
    }


def _tells_its_end(exchange: Exchange) -> bool:
    """Whether a head came that says how its body ends, otherwise than with the connection."""
    response = exchange.response
    framed = response is not None and (response.header("content-length") or response.header("transfer-encoding"))
    return bool(framed) and exchange.probe.method != "HEAD"


def moment_of(exchange: Exchange) -> Moment:
    """When an exchange was begun, before or after which others."""
    return (exchange.started_at, *exchange.order)


def named_operation(contract: Contract, operation: Operation) -> str:
    """What follows the name of a request, or of an id, to say whose it is; empty where there is one operation only."""
    return f" ({operation.id})" if len(contract.operations) > 1 else ""


def kind_of(probe: Probe) -> str:
    """What makes two requests alike."""
    return f"{probe.chapter}/{probe.name}"


def shows_a_batch(probe: Probe) -> bool:
    """Whether a batch is asked for by a plain id, in a way that must be answered with it, as far as anybody knows."""
    plain = probe.method == "GET" and probe.credential == "valid" and probe.forced_status is None
    plain = plain and probe.chapter != ODD_REQUESTS
    return plain and probe.subject in ("known", "recorded") and bool(probe.batch_id)


def request_kind(observation: Observation) -> str:
    """The kind of request, by its name."""
    return kind_of(observation.exchange.probe) + named_operation(observation.contract, observation.operation)


def _server_error(observation: Observation, always: Message | str, kind: str) -> Deviation:
    """The deviation that a 5xx is to a request that is answered so every time; ``always`` says which."""
    status = str(observation.exchange.status)
    return SERVER_ERROR.deviation(
        observation,
        Broken(
            expected=_AS_OTHERS(),
            observed=_EVERY_TIME(status=status, request=always),
            kind=kind,
        ),
    )


def _silent(observation: Observation, always: Message | str, kind: str) -> Deviation:
    """The deviation that no answer is to a request that never gets one; ``always`` says which."""
    failure = observation.exchange.failure
    detail = failure.detail if failure else _NOTHING()
    return SILENT.deviation(
        observation,
        Broken(
            status="",
            expected=_AS_OTHERS(),
            observed=_NEVER(failure=detail, request=always),
            kind=kind,
            level="info" if _is_refused_by_closing(observation) else None,
        ),
    )


def _is_refused_by_closing(observation: Observation) -> bool:
    """Whether a connection was closed at an id with control characters: as firewalls refuse what may be an attack."""
    probe, failure = observation.exchange.probe, observation.exchange.failure
    is_closed = failure is not None and failure.kind == "reset" and probe.subject in ("hostile", "neighbour")
    return is_closed and any(unicodedata.category(one) == "Cc" for one in probe.batch_id or "")


def _are_together(before: FailedRequest, one: FailedRequest) -> bool:
    """Whether both may have been under way when they were cut off: nobody knows at which of them it was."""
    return before.failure == "reset" and one.moment[0] - before.moment[0] < _TOGETHER


def ended(observation: Observation, *, sure: bool) -> Deviation | None:
    """The deviation that the end of the server is at a request; None where it may be chance.

    That is where any client sends such a request and it was not ``sure`` to end the server. On another machine somebody
    else may have ended it.
    """
    probe = observation.exchange.probe
    plain = probe.subject in ("known", "unknown", "recorded") and probe.method == "GET" and not probe.query
    if not sure and plain and probe.credential in ("valid", "recorded"):
        return None
    here = BaseUrl("http", urlsplit(observation.exchange.request.url).hostname or "", 80).is_loopback
    return SILENT.deviation(
        observation,
        Broken(
            status="",
            expected=_GOES_ON(),
            observed=_ENDED_AGAIN() if sure else _ENDED(),
            kind="ends",
            level=None if here else "info",
            side=None if here else "network",
        ),
    )


def _kind_of(observation: Observation, of: Message | None) -> str:
    """What was asked for: of a plain recorded id nobody knows more than that, and it is mostly one that there is."""
    subject = observation.exchange.probe.subject
    return "known" if of or subject == "recorded" else subject


def is_often(healed: int, requests: int) -> bool:
    """Whether so many drops of so many requests are more than a flaky network."""
    return healed >= _MANY_DROPS and healed >= _OFTEN * requests


def _dropped(observation: Observation, healed: int, requests: int) -> Deviation:
    """The deviation that a drop is where they keep coming."""
    return DROPS.deviation(
        observation,
        Broken(
            status="",
            expected=_LASTING(),
            observed=_DROPPED(healed=healed, requests=requests),
            kind="reset",
        ),
    )
