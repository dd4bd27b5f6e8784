"""Plain reads that are alike but for values: in how they may break the rules about values, and how one of them does.

Of a deviation no more is kept than its kind, its place, and the smallest evidence. So of a read that is like one
before, and whose values do not pass a cheap check, only the rules that this check stands for are asked; where they tell
what they told of a read that was judged in full, it is counted with that.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from batch_conformance.contract.discriminator import DISCRIMINATOR
from batch_conformance.exchange.exchange import Headers
from batch_conformance.judge.judge import Judged
from batch_conformance.judge.sparing import Spared, broken_alike, head_rules, spared_by
from batch_conformance.observation.content import Content
from batch_conformance.observation.observation import Observation, at
from batch_conformance.observation.strict_json import Parsed
from batch_conformance.rules.columns import Column, Columns
from batch_conformance.rules.identity import OTHER_BATCH
from batch_conformance.rules.rule import AlikeBodies, Body, Rule
from batch_conformance.rules.times import AHEAD, latest_passed

Signature = tuple[Any, ...]
"""How the rules that were asked are broken: equal for two alike reads whose deviations differ in no more than words."""

Rules = dict[str, Rule]
"""Rules by their id."""

_DERIVED = (
    *("operation", "covered", "documented", "status", "media_type", "declared_media_type", "contract_media_type"),
    *("schema", "has_body", "mismatch"),
)
"""What alike observations have in common."""
_MOST_KINDS = 200
"""Ways in which alike reads deviate that are told apart."""


@dataclass(slots=True)
class Kind:
    """Reads with the same deviations: one that was judged, its size in bytes, and how many more there are."""

    judged: Judged
    size: int
    count: int = 0


@dataclass(slots=True)
class AlikeReads:
    """Reads with the same members of the same types, in the same state, with heads of one kind.

    ``example`` is one that was judged, and whose body keeps the schema but for types and members where ``is_valid``.
    ``spared`` are the rules about values, with the checks that vouch for them, those of the schema first;
    ``has_decimals`` says that these are not for such bodies. ``is_other`` says that they were answered with a batch of
    another id than was asked for. ``facts`` gives what reads are compared by, ``latest`` the latest of their times that
    have passed, each of many bodies.
    """

    example: Observation
    spared: tuple[Spared, ...]
    has_decimals: bool
    facts: Callable[[Columns], Iterable[tuple[Any, ...]]]
    latest: Callable[[Columns], Column]
    is_valid: bool
    is_other: bool
    kinds: dict[Signature, Kind | None] = field(default_factory=dict)

    def is_full(self) -> bool:
        """Whether no further kind is told apart."""
        return len(self.kinds) >= _MOST_KINDS

    def in_doubt(self, columns: Columns, among: tuple[Spared, ...]) -> tuple[Spared, ...]:
        """Those ``among`` what is spared that bodies do not all surely keep; of others it is known that they do."""
        if self.has_decimals:
            return self.spared
        doubtful = tuple(one for one in among if not one.holds(columns))
        # The other checks are for what the schema admits.
        return self.spared if doubtful and doubtful[0] is self.spared[0] else doubtful

    def rules_in_doubt(self, doubtful: tuple[Spared, ...], *, is_ahead: bool, is_head_kept: bool) -> Rules:
        """The rules that a read may break, whose values leave some in doubt.

        ``is_ahead`` says that one of its times is later than its Date, ``is_head_kept`` that its head is as it should
        be.
        """
        rules = {rule.id: rule for one in doubtful for rule in one.rules}
        rules |= {OTHER_BATCH.id: OTHER_BATCH} if self.is_other else {}
        rules |= {AHEAD.id: AHEAD} if is_ahead else {}
        return rules if is_head_kept else rules | _HEAD_RULES

    def observation(
        self, asked: tuple[str, str, float], headers: Headers, content: tuple[bytes, Body], doubtful: tuple[Spared, ...]
    ) -> Observation:
        """A read that is like the others, with what follows from that already known.

        ``asked`` are the id, the URL and the time of the request, ``content`` the bytes of the body, and what they are.
        """
        batch_id, url, started_at = asked
        example, (written, body) = self.example, content
        known = example.exchange
        assert known.response is not None
        assert example.schema is not None
        probe = replace(known.probe, path=example.operation.path_of(batch_id), batch_id=batch_id)
        exchange = replace(
            known,
            probe=probe,
            request=replace(known.request, url=url),
            response=replace(known.response, headers=headers, body=written, wire_size=len(written)),
            started_at=started_at,
        )
        made = Observation(exchange, example.contract)
        of_schema = Content(example.schema, body)
        derived = {name: getattr(example, name) for name in _DERIVED}
        made.__dict__.update(derived, parsed=Parsed(body, True), content=of_schema, batch=body)
        if example.content is not None:
            of_schema.__dict__.update(undeclared=example.content.undeclared, mismatch=None)
            if self.is_valid and self.spared[0] not in doubtful:
                of_schema.__dict__["violations"] = example.content.violations
        return made


_HEAD_RULES = {rule.id: rule for rule in head_rules()}


def alike_reads(judged: Judged, body: Body, facts: Callable[[Columns], Iterable[tuple[Any, ...]]]) -> AlikeReads | None:
    """Reads that are like one that was judged; None where one cannot tell cheaply in what they differ."""
    observation, roles = judged.observation, judged.observation.operation.roles
    schema, exchange = observation.schema, observation.exchange
    if schema is None or observation.batch is None or exchange.response is None:
        return None
    if exchange.probe.subject != "known" or exchange.probe.credential != "valid":
        return None
    if f'"{DISCRIMINATOR}"' in json.dumps(schema.raw):
        return None  # which members are declared depends on a value
    broken = not judged.rules.isdisjoint(("body.type", "body.required", "body.undeclared"))
    alike = AlikeBodies(schema, roles, body, broken)
    spared = spared_by(alike)
    identity = at(body, roles.identity or "")
    is_other = isinstance(identity, str) and identity != exchange.probe.batch_id
    has_decimals = float in map(type, body.values())  # the checks are for integers
    is_valid = spared[0].holds(Columns.of_bodies([body]))
    return AlikeReads(observation, spared, has_decimals, facts, latest_passed(alike), is_valid, is_other)


def kind_of(judged: Judged, reads: AlikeReads, asked: Rules) -> Kind | None:
    """The kind of a read that was judged; None where it deviates in what alike reads need not share.

    ``asked`` are the rules that its signature is of.
    """
    roles, response = judged.observation.operation.roles, judged.observation.exchange.response
    shared = broken_alike() | asked.keys()
    deviations = [deviation for _, _, found in judged.deviations for deviation in found]
    of_state = {("body.known_value", roles.state)}
    if not all(one.rule in shared or (one.rule, one.pointer) in of_state for one in deviations):
        return None
    is_like = judged.observation.batch is not None and judged.observation.status == reads.example.status
    return Kind(judged, len(response.body)) if response is not None and is_like else None


def signature(asked: Rules, observation: Observation) -> Signature:
    """How a read breaks rules, and which of them it exercises."""
    told: list[Any] = []
    for rule in asked.values():
        if rule.check is not None:
            told += (
                (rule.id, one.kind, one.status, one.media_type, one.pointer, one.level, one.side, one.when)
                for one in rule.check(observation)
            )
        if rule.exercised is not None:
            told.append(rule.exercised(observation))
    return (tuple(asked), *told)
