"""Random runs of the mock, in this process and without a socket: what was sent, what came back, and when."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache

from hypothesis import strategies as st
from judge_support import contract

from batch_conformance.exchange.connection import Connection, ConnectionFailed, Deadline
from batch_conformance.exchange.exchange import Exchange, Headers, Probe
from batch_conformance.exchange.target import Target
from batch_conformance.exchange.transport import AwaitsBody, SizeLimits, Transmission, _Passing, _Reading
from batch_conformance.message import shown as said
from batch_conformance.mock.changes import NGINX, answering, sending, with_wire
from batch_conformance.mock.derived import derive
from batch_conformance.mock.drift import Apply, Drift, in_order
from batch_conformance.mock.drifts import DRIFTS
from batch_conformance.mock.message import ParsedRequest, Reply, encode
from batch_conformance.mock.received_request import ReceivedRequest
from batch_conformance.mock.service import Service
from batch_conformance.probes.credentials import present
from batch_conformance.probes.planning import build_plan
from batch_conformance.probes.segment import encode_segment

KEY = "sk-of-random-runs-000"
BASE = "http://127.0.0.1:9/v1"
JSON = (("Accept", "application/json"),)
BEGUN = 1_741_700_000.0
"""When a run begins, in Unix seconds: soon after the batches of the mock were made."""


class _Answer(Connection):
    """What a server sends on a connection, and then its end; or a failure."""

    def __init__(self, data: bytes, failure: ConnectionFailed | None) -> None:
        self._data = data
        self._failure = failure

    def receive(self, size: int, _deadline: Deadline) -> bytes:
        if self._failure is not None:
            raise self._failure
        found, self._data = self._data[:size], self._data[size:]
        return found


class InProcess:
    """Takes the place of a ``Transport``: the service is asked for its reply, whose bytes are read as from a socket."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._count = 0

    def send(
        self,
        method: str,
        target: bytes,
        headers: Headers,
        _may_resend: Callable[[], bool],
        _body: bytes = b"",
        *,
        awaits_body: AwaitsBody,
    ) -> Transmission:
        fields = tuple((name.lower().encode(), value.encode("latin-1", "replace")) for name, value in headers)
        connection, turn = divmod(self._count, 16)
        self._count += 1
        reply = self._service.reply_to(ParsedRequest(method, bytes(target), fields, connection + 1, turn + 1))
        passing = _Passing(awaits_body, (), None)
        outcome = _Reading(_answer(reply, method), Deadline(3600), SizeLimits(), passing).run(method, None)
        return replace(outcome, elapsed=0.001)

    def close(self) -> None:
        """There is nothing to close."""


def _answer(reply: Reply, method: str) -> _Answer:
    if reply.wire.sends == "nothing":
        return _Answer(b"", ConnectionFailed("timeout", said("no complete answer within 10 s")))
    if reply.wire.sends == "reset":
        return _Answer(b"", ConnectionFailed("reset", said("the connection was reset (connection reset by peer)")))
    return _Answer(encode(reply, head=method == "HEAD", more=(("Date", "Tue, 11 Mar 2025 09:30:13 GMT"),)), None)


@dataclass(frozen=True)
class Fault:
    """A fault beside the drifts: ``how`` some requests are answered, chosen by ``which``, while it lasts.

    ``which`` is ``all``, ``head``, ``odd`` (an id with other letters), ``nobody`` (an id that nobody has), ``third``
    (every third request), or an id; ``begins`` and ``ends`` count requests.
    """

    how: str
    which: str
    begins: int = 0
    ends: int = 10_000

    def drift(self) -> Drift:
        """The drift that shows it."""
        stage = "wire" if self.how in ("silence", "reset") else "answer"
        return Drift(f"{self.how}_{self.which}", "", "", "", "", "", stage, self._apply)

    def _apply(self, received: ReceivedRequest, reply: Reply) -> Reply:
        return _HOW[self.how](received, reply) if self._hits(received) else reply

    def _hits(self, received: ReceivedRequest) -> bool:
        chosen = {
            "all": True,
            "head": received.request.method == "HEAD",
            "odd": received.asked is None or not received.asked.replace("_", "").isalnum(),
            "nobody": received.place == "operation" and received.batch is None,
            "third": received.number % 3 == 0,
        }
        return self.begins < received.number <= self.ends and chosen.get(self.which, received.asked == self.which)


def _to(change: Callable[[Reply], Reply]) -> Apply:
    return lambda _received, reply: change(reply)


_HOW: dict[str, Apply] = {
    "500": _to(answering(500, {"code": 50000, "message": "Unknown error", "data": ""})),
    "500_page": _to(lambda reply: sending(NGINX, "text/html")(answering(500)(reply))),
    "502_page": _to(lambda reply: sending(NGINX, "text/html")(answering(502)(reply))),
    "503": _to(answering(503, {"code": 50505, "message": "Model service overloaded.", "data": ""})),
    "503_page": _to(lambda reply: sending(NGINX, "text/html")(answering(503)(reply))),
    "429": _to(answering(429, {"message": "Request was rejected due to rate limiting.", "data": ""})),
    "429_page": _to(lambda reply: sending(b"slow down", "text/plain")(answering(429)(reply))),
    "404": _to(answering(404, "404 page not found")),
    "silence": _to(with_wire(sends="nothing")),
    "reset": _to(with_wire(sends="reset")),
}


@dataclass(frozen=True)
class Run:
    """A run: what the mock was told to do, and the exchanges as they came, in the order of sending."""

    drifts: tuple[str, ...]
    faults: tuple[Fault, ...]
    exchanges: tuple[Exchange, ...]

    def __repr__(self) -> str:
        sent = [
            f"{e.number}.{e.attempt} {e.probe.method} {e.probe.path} [{e.probe.chapter}/{e.probe.name}] "
            f"{e.status or e.failure} at {e.started_at - BEGUN:g}"
            for e in self.exchanges
        ]
        return f"Run({self.drifts}, {self.faults}, {sent})"


@cache
def known_ids() -> tuple[str, ...]:
    """The ids of the mock."""
    return Service(KEY).batch_ids


@cache
def planned() -> tuple[Probe, ...]:
    """Every request of the standard plan, with all intents that there are."""
    plan = build_plan(contract(), known_ids(), exploration="standard", seed=None, loopback=True, unsafe=True)
    return tuple(replace(probe, wait=0.0) for probe in plan.probes)


@cache
def shown() -> tuple[Probe, ...]:
    """Requests of which a recording shows what they are: reads of batches, odd ids, and requests without a credential.

    Each kind has one name, as recorded requests of a kind have. They are for few batches, each of them read often.
    """
    made: list[Probe] = []
    for batch_id in polled():
        read = Probe("known_ids", "read", f"/batches/{batch_id}", batch_id, "known", headers=JSON)
        gzip = replace(read, headers=(*JSON, ("Accept-Encoding", "gzip")))
        head = replace(read, chapter="methods", name="head_known", method="HEAD")
        made += [read, read, read, read, gzip, gzip, head, head]
        made.append(replace(read, chapter="authentication", name="missing_known", credential="missing"))
    for odd in ("' OR 1=1 --", "a b", "\u6279\u6b21"):
        made.append(Probe("hostile_ids", "odd", f"/batches/{encode_segment(odd)}", odd, "hostile", headers=JSON))
    return tuple(made)


@cache
def polled() -> tuple[str, ...]:
    """Few batches of the mock; the last one moves on."""
    return (known_ids()[0], known_ids()[4], known_ids()[-1])


@cache
def _catalogue() -> dict[str, Drift]:
    return {**DRIFTS, **{mutation.name: mutation.drift() for mutation in derive(contract())}}


def _fitting(drift: Drift) -> Drift:
    """The drift where it can be: one that rewrites JSON leaves alone what another one has made something else of."""

    def apply(received: ReceivedRequest, reply: Reply) -> Reply:
        try:
            return drift.apply(received, reply)
        except (ValueError, TypeError, AttributeError, KeyError):
            return reply

    return replace(drift, apply=apply)


FAULTS = st.builds(
    Fault,
    how=st.sampled_from(sorted(_HOW)),
    which=st.sampled_from(["all", "head", "odd", "nobody", "third", "one", "other"]),
    begins=st.sampled_from([0, 0, 3, 10]),
    ends=st.sampled_from([6, 14, 10_000, 10_000]),
).map(lambda fault: replace(fault, which={"one": polled()[0], "other": polled()[1]}.get(fault.which, fault.which)))


@st.composite
def runs(draw: st.DrawFn, asks: Callable[[], Sequence[Probe]], *, most: int = 40, faults: bool = True) -> Run:
    """Runs that send some of the probes that ``asks`` gives, at a mock that drifts and fails as it happens to."""
    probes = asks()
    names = draw(st.lists(st.sampled_from(sorted(_catalogue())), max_size=2, unique=True))
    broken = tuple(draw(st.lists(FAULTS, max_size=2))) if faults else ()
    sent = draw(st.lists(st.sampled_from(range(len(probes))), min_size=4, max_size=most))
    style = draw(st.sampled_from(["omit", "null"]))
    gaps = draw(st.lists(st.sampled_from([1, 1, 1, 3, 40]), min_size=len(sent), max_size=len(sent)))
    spans = draw(st.lists(st.sampled_from([0.5, 0.5, 0.5, 2.5, 9.5]), min_size=len(sent), max_size=len(sent)))
    drifts = in_order([*(_fitting(_catalogue()[name]) for name in names), *(fault.drift() for fault in broken)])
    exchanges = perform([probes[place] for place in sent], Service(KEY, drifts=drifts, style=style, tick=0.05))
    return Run(tuple(names), broken, timed(exchanges, gaps, spans))


def perform(probes: Sequence[Probe], service: Service) -> list[Exchange]:
    """Send probes one after the other. A server error that comes once is looked at again, as the runner does."""
    target = Target(BASE, KEY, present, sleep=lambda _: None, environ={})
    target._transport = InProcess(service)  # type: ignore[assignment]
    found: list[Exchange] = []
    for number, probe in enumerate(probes):
        attempts = target.send(probe, number)
        if len(attempts) == 1 and (attempts[0].status or 0) >= 500 and probe.forced_status is None:
            again = target.send(probe, number)
            attempts = (
                replace(attempts[0], final=False),
                *(replace(exchange, attempt=exchange.attempt + 1) for exchange in again),
            )
        found += attempts
    return found


def timed(exchanges: Sequence[Exchange], gaps: Sequence[int], spans: Sequence[float]) -> tuple[Exchange, ...]:
    """The exchanges with when each was sent and how long it took: some overlap, attempts of one request never do."""
    moment, made = BEGUN, list[Exchange]()
    for exchange in exchanges:
        moment += gaps[exchange.number]
        span = 0.5 if not exchange.final else spans[exchange.number]
        made.append(replace(exchange, started_at=moment, elapsed=span))
    return tuple(made)
