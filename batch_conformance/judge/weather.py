"""Tells the words of a gateway, which answers for a server that is away for a moment, from those of the API."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace

from batch_conformance.contract.contract import Contract
from batch_conformance.exchange.exchange import Exchange
from batch_conformance.findings.finding import Deviation
from batch_conformance.judge.availability import is_down, shows_a_batch
from batch_conformance.judge.sighting import Sighting

_GATEWAY = frozenset({429, 502, 503, 504})
"""Statuses that stand for a server that is busy or away."""

_OUTAGE = 3
"""So many requests in the end, and none of them answered, are an outage and not a strange way to say no."""

_OF_A_BODY = ("body.", "json.", "response.media_type", "response.charset", "response.encoding")


def passing_words(sightings: Sequence[Sighting]) -> frozenset[tuple[int, int]]:
    """The exchanges, by their order, in which something before the API spoke for it in words of its own.

    They have a status that says busy or away and a body that is none of the API's, and they pass: the same path was
    answered at another time, or the attempts came to different ends; a limit passes where anything was answered. What
    always comes for one path is the server's own answer. Where nothing was answered any more, all of it is an outage,
    and what is said then with any server error is no word of the API either.
    A status that was asked for is the server's own too, unless it came in the API's words at least as often, or in the
    very words in which it came unasked.
    """
    up = [sighting for sighting in sightings if not is_down(sighting)]
    paths = {sighting.exchange.probe.path for sighting in up}
    ends: dict[int, set[int | None]] = defaultdict(set)
    for sighting in sightings:
        ends[sighting.exchange.number].add(sighting.exchange.status)
    last = max((sighting.exchange.started_at for sighting in up), default=-math.inf)
    since = [sighting for sighting in sightings if sighting.exchange.started_at > last]
    outage = {sighting.exchange.order for sighting in since} if len(since) >= _OUTAGE else set()
    forced = [sighting for sighting in sightings if sighting.forced and sighting.exchange.status in _GATEWAY]
    own: Counter[int | None] = Counter()
    for sighting in forced:
        own[sighting.exchange.status] += -1 if _is_foreign(sighting) else 1

    foreign = [sighting for sighting in sightings if is_of_a_gateway(sighting)]
    words = {_words(sighting) for sighting in foreign if not sighting.forced}

    def passes(sighting: Sighting) -> bool:
        exchange = sighting.exchange
        if sighting.forced:
            return own[exchange.status] >= 0 or _words(sighting) in words
        elsewhere = exchange.probe.path in paths or (exchange.status == 429 and bool(up))
        return exchange.order in outage or elsewhere or len(ends[exchange.number]) > 1

    passing = {sighting.exchange.order for sighting in foreign if passes(sighting)}
    crashed = (s for s in since if s.exchange.order in outage and (s.exchange.status or 0) >= 500 and not s.forced)
    return frozenset(passing | {sighting.exchange.order for sighting in crashed if _is_foreign(sighting)})


def is_of_a_gateway(sighting: Sighting) -> bool:
    """Whether a status says busy or away, and a body that is none of the API's came with it."""
    return sighting.exchange.status in _GATEWAY and _is_foreign(sighting)


def _words(sighting: Sighting) -> tuple[int | None, str, bytes]:
    return sighting.exchange.status, sighting.media_type, sighting.answer.body if sighting.answer else b""


def soften(deviation: Deviation) -> Deviation:
    """The same as news of the network; what is wrong with more than the body stays as it is."""
    if not deviation.rule.startswith(_OF_A_BODY) or deviation.level == "info":
        return deviation
    # A kind of its own: the API's words at the same clause are another finding.
    return replace(deviation, level="info", side="network", kind=f"passing_{deviation.kind}")


def only_errors(exchanges: Sequence[Exchange], contract: Contract, unjudged: frozenset[int]) -> tuple[str, ...]:
    """What a run lacks: an answer to requests to which a server error of its own was the only one.

    It came once, so that it may be chance, or may be not. ``unjudged`` are the numbers of the probes left open.
    """
    sightings = [Sighting(exchange, contract) for exchange in exchanges]
    answered = {_name(sighting) for sighting in sightings if not is_down(sighting)}
    broken = {
        _name(sighting): sighting.exchange.status
        for sighting in sightings
        if _is_own_error(sighting) and sighting.exchange.number in unjudged
    }
    return tuple(f"an answer to {name} but the one {status}" for name, status in broken.items() if name not in answered)


def silent_ids(exchanges: Sequence[Exchange], contract: Contract, unjudged: frozenset[int]) -> tuple[str, ...]:
    """What a run lacks: any answer for a known id that was asked for twice, while others got one.

    Once is chance on a bad day. ``unjudged`` are the numbers of the probes left open.
    """
    failed: Counter[str] = Counter()
    answered: set[str] = set()
    for exchange in exchanges:
        if not shows_a_batch(exchange.probe):
            continue
        if exchange.number not in unjudged or not is_down(Sighting(exchange, contract)):
            answered.add(exchange.probe.batch_id or "")
        elif exchange.final:
            failed[exchange.probe.batch_id or ""] += 1
    silent = [name for name, count in failed.items() if count > 1 and name not in answered]
    return tuple(f"an answer for the id {name}" for name in silent) if answered else ()


def _name(sighting: Sighting) -> str:
    return f"{sighting.exchange.probe.chapter}/{sighting.exchange.probe.name}"


def _is_own_error(sighting: Sighting) -> bool:
    """Whether an answer is an error that no gateway gives for a server that is busy or away."""
    return (sighting.exchange.status or 0) >= 500 and is_down(sighting) and sighting.exchange.status not in _GATEWAY


def _is_foreign(sighting: Sighting) -> bool:
    """Whether a body has next to nothing of the one that is documented for its status."""
    content = sighting.content
    if sighting.schema is None:
        return False
    if sighting.declared_media_type is None or content is None:
        return True
    if any(violation.keyword == "type" and not violation.pointer for violation in content.violations):
        return True
    names = {place.pointer[1:] for place in content.schema.properties if place.pointer.count("/") == 1}
    return isinstance(content.value, Mapping) and 2 * len(names & content.value.keys()) < len(names)
