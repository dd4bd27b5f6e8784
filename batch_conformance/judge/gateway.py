"""Tells the words of a gateway, which answers for a server that is away for a moment, from those of the API."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from hashlib import blake2b

from batch_conformance.contract.contract import Contract
from batch_conformance.contract.pointer import unescape
from batch_conformance.exchange.exchange import Exchange
from batch_conformance.findings.finding import Deviation
from batch_conformance.judge.availability import is_down, shows_a_batch
from batch_conformance.message import Message, Template
from batch_conformance.observation.observation import Observation, reported_subjects
from batch_conformance.rules import REGISTRY
from batch_conformance.rules.framing import ENCODING

_ONLY_ERROR = Template("required.only_error", "an answer to {request} but the one {status}")
_SILENT_ID = Template("required.silent_id", "an answer for the id {id}")
_GATEWAY = frozenset({429, 502, 503, 504})
"""Statuses that stand for a server that is busy or away."""

_OUTAGE = 3
"""So many requests in the end, and none of them answered, are an outage and not a strange way to say no."""


class Words:
    """What is known of a run before it can be said which words passed; two of them add up to one."""

    def __init__(self) -> None:
        self._own: Counter[int] = Counter()
        """By status: how much oftener the API's words than others came with it where it was asked for."""
        self._unasked: set[bytes] = set()
        """Hashes of words that a gateway may have said without being asked."""

    def add(self, observation: Observation, *, foreign: bool) -> None:
        """Take in an exchange; ``foreign`` is what ``may_pass`` says of it."""
        status = observation.exchange.status
        if status not in _GATEWAY:
            return
        if observation.forced:
            self._own[status] += -1 if foreign else 1
        elif foreign:
            self._unasked.add(_words(observation))

    def update(self, other: Words) -> None:
        """Add what another one took in."""
        for status, count in other._own.items():
            self._own[status] += count
        self._unasked |= other._unasked

    def are_passing(self, observation: Observation) -> bool:
        """Whether words that came where their status was asked for are not the API's own."""
        return self._own[observation.exchange.status or 0] >= 0 or _words(observation) in self._unasked


@dataclass(frozen=True, slots=True)
class GatewayAnswers:
    """When the last request that was answered was sent, and whether so many failed after it that it is an outage."""

    words: Words
    latest: float
    ends_in_outage: bool

    def passes(self, observation: Observation, *, elsewhere: bool) -> bool:
        """Whether something before the API spoke for it, in words of its own, in an exchange that ``may_pass``.

        With a status that says busy or away such words pass where ``elsewhere`` says that the same path was answered at
        another time, or that the attempts came to different ends; a limit passes where anything was answered. What
        always comes for one path is the server's own answer. Where nothing was answered any more, all of it is an
        outage, and what is said then with any server error is no word of the API either.
        A status that was asked for is the server's own too, unless it came in the API's words at least as often, or in
        the very words in which it came unasked.
        """
        if observation.forced:
            return self.words.are_passing(observation)
        exchange = observation.exchange
        if self.ends_in_outage and exchange.started_at > self.latest:
            return True
        limited = exchange.status == 429 and self.latest > -math.inf
        return exchange.status in _GATEWAY and (elsewhere or limited)


def gateway_answers_of(words: Words, latest: float, failures: Iterable[float]) -> GatewayAnswers:
    """What gateways answered in a run whose failures were at these moments."""
    return GatewayAnswers(words, latest, sum(moment > latest for moment in failures) >= _OUTAGE)


def may_pass(observation: Observation) -> bool:
    """Whether a status says busy, away or broken, and a body that is none of the API's came with it."""
    status = observation.exchange.status or 0
    of_gateway = status in _GATEWAY or (status >= 500 and not observation.forced)
    return of_gateway and _is_foreign(observation)


def _words(observation: Observation) -> bytes:
    assert observation.answer is not None
    said = f"{observation.exchange.status} {observation.media_type}\n".encode() + observation.answer.body
    return blake2b(said, digest_size=16).digest()


def attribute_to_network(deviation: Deviation) -> Deviation:
    """The same as news of the network; what is wrong with more than the body stays as it is."""
    of_body = REGISTRY[deviation.rule].of_body or deviation.rule == ENCODING.id
    if not of_body or deviation.level == "info":
        return deviation
    # A kind of its own: the API's words at the same clause are another finding.
    return replace(deviation, level="info", side="network", kind=f"passing_{deviation.kind}")


def only_errors(
    exchanges: Sequence[Exchange], contract: Contract, unjudged: frozenset[int], reported_kinds: Set[str] = frozenset()
) -> tuple[Message, ...]:
    """What a run lacks: an answer to requests to which a server error of its own was the only one.

    It came once, so that it may be chance, or may be not. ``unjudged`` are the numbers of the probes left open. Of the
    subjects in ``reported_kinds`` a finding says that they end so.
    """
    observations = [Observation(exchange, contract) for exchange in exchanges]
    answered = {_name(observation) for observation in observations if not is_down(observation)}
    broken = {
        _name(observation): observation.exchange.status
        for observation in observations
        if _is_own_error(observation) and observation.exchange.number in unjudged
        if observation.exchange.probe.subject not in reported_kinds
        if observation.exchange.probe.subject
        in reported_subjects({*reported_kinds, observation.exchange.probe.subject})
    }
    return tuple(
        _ONLY_ERROR(request=name, status=status or 0) for name, status in broken.items() if name not in answered
    )


def silent_ids(exchanges: Sequence[Exchange], contract: Contract, unjudged: frozenset[int]) -> tuple[Message, ...]:
    """What a run lacks: any answer for a known id that was asked for twice, while others got one.

    Once is chance on a bad day. ``unjudged`` are the numbers of the probes left open.
    """
    failed: Counter[str] = Counter()
    answered: set[str] = set()
    for exchange in exchanges:
        batch_id = exchange.probe.batch_id
        if batch_id is None or not shows_a_batch(exchange.probe):
            continue
        if exchange.number not in unjudged or not is_down(Observation(exchange, contract)):
            answered.add(batch_id)
        elif exchange.final:
            failed[batch_id] += 1
    silent = [name for name, count in failed.items() if count > 1 and name not in answered]
    return tuple(_SILENT_ID(id=name) for name in silent) if answered else ()


def _name(observation: Observation) -> str:
    return f"{observation.exchange.probe.chapter}/{observation.exchange.probe.name}"


def _is_own_error(observation: Observation) -> bool:
    """Whether an answer is an error that no gateway gives for a server that is busy or away."""
    return (
        (observation.exchange.status or 0) >= 500
        and is_down(observation)
        and observation.exchange.status not in _GATEWAY
    )


def _is_foreign(observation: Observation) -> bool:
    """Whether a body has next to nothing of the one that is documented for its status."""
    content = observation.content
    if observation.schema is None:
        return False
    if observation.declared_media_type is None or content is None:
        return True
    if any(violation.keyword == "type" and not violation.pointer for violation in content.violations):
        return True
    names = {unescape(place.pointer[1:]) for place in content.schema.properties if place.pointer.count("/") == 1}
    return isinstance(content.value, Mapping) and 2 * len(names & content.value.keys()) < len(names)
