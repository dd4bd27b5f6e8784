"""One exchange laid beside a contract, and all that a rule says of it, for the tests of the rules."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from judge_support import JSON, contract, sent

from batch_conformance.contract.contract import Contract
from batch_conformance.contract.operation import Operation
from batch_conformance.exchange.exchange import Exchange
from batch_conformance.observation.observation import Observation
from batch_conformance.rules import REGISTRY
from batch_conformance.rules.followed import Followed
from batch_conformance.rules.history import BatchHistory
from batch_conformance.rules.rule import AlikeBodies, Broken, ObservedPlace

Looked = tuple[str, str, Any]
"""A place that was looked at: its pointer, the kind where it is broken, and its level."""


def seen(*args: Any, under: Contract | None = None, probe: dict[str, Any] | None = None, **more: Any) -> Observation:
    """An observation of what ``sent`` makes; ``probe`` has what it has no argument for."""
    exchange = sent(*args, **more)
    return Observation(replace(exchange, probe=replace(exchange.probe, **(probe or {}))), under or contract())


def broken(rule: str, observation: Observation) -> list[Broken]:
    """How an observation breaks a rule."""
    check = REGISTRY[rule].check
    assert check is not None
    return list(check(observation))


def kinds(rule: str, *args: Any, **more: Any) -> list[tuple[str, str]]:
    """The pointer and the kind of each way in which an exchange breaks a rule."""
    return [(one.pointer, one.kind) for one in broken(rule, seen(*args, **more))]


def words(one: Broken) -> tuple[str, str]:
    """What is expected and what was observed: the ids of the texts, with their arguments."""
    texts = (one.expected, one.observed)
    expected, observed = (" ".join((text.id, *(f"{name}={said}" for name, said in _plain(text)))) for text in texts)
    return expected, observed


def _plain(text: Any) -> list[tuple[str, Any]]:
    return [(name, getattr(said, "text", None) or said) for name, said in text.arguments]


def history(*exchanges: Exchange, under: Contract | None = None) -> BatchHistory:
    """The exchanges of one batch, or list, each begun a second after the one before unless it says when."""
    timed = [
        one if one.started_at else replace(one, number=place, started_at=1.0 + place)
        for place, one in enumerate(exchanges)
    ]
    return BatchHistory([Observation(one, under or contract()) for one in timed], [None] * len(timed))


def compared(rule: str, *exchanges: Exchange, under: Contract | None = None) -> list[tuple[Observation, Broken]]:
    """How the exchanges of one batch break a rule, each time with the one that shows it."""
    compare = REGISTRY[rule].compare
    assert compare is not None
    return list(compare(history(*exchanges, under=under)))


def alike(body: dict[str, Any], under: Contract | None = None, *, broken: bool = False) -> AlikeBodies:
    """Bodies like one of the success of a contract's operation."""
    operation = operation_of(under)
    schema = operation.responses["200"].content["application/json"]
    assert schema is not None
    return AlikeBodies(schema, operation.roles, body, broken)


def operation_of(under: Contract | None = None) -> Operation:
    return (under or contract()).operations[0]


def followed(rule: str, seen: Followed) -> list[ObservedPlace]:
    """All that a rule about batches that were made looks at."""
    follow = REGISTRY[rule].follow
    assert follow is not None
    return list(follow(seen))


def looked(rule: str, seen: Followed) -> list[Looked]:
    """The same in short; what is broken is so in the documented success."""
    found = followed(rule, seen)
    for place in found:
        if place.broken is not None:
            told = place.broken
            assert (told.status, told.media_type, told.pointer) == ("200", JSON, place.pointer)
            assert (told.side, told.location, told.when) == (None, None, ())
    return [
        (one.pointer, one.broken.kind if one.broken else "", one.broken.level if one.broken else None) for one in found
    ]


def said(rule: str, seen: Followed) -> list[tuple[str, str]]:
    """What is expected and what was observed at each place that is broken."""
    return [words(one.broken) for one in followed(rule, seen) if one.broken is not None]
