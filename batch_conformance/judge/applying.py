"""Applies rules to an exchange, and to the exchanges of one batch."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from batch_conformance.findings.finding import Deviation
from batch_conformance.findings.fold import Bucket
from batch_conformance.observation.observation import Observation
from batch_conformance.rules import REGISTRY
from batch_conformance.rules.history import BatchHistory
from batch_conformance.rules.rule import Concern

Found = Mapping[Concern, Sequence[tuple[Bucket, Deviation]]]
"""By rule family: what is broken, each with the condition under which it is reported."""


def check(observation: Observation) -> Found:
    """What one exchange breaks of all rules."""
    found: dict[Concern, list[tuple[Bucket, Deviation]]] = defaultdict(list)
    for rule in REGISTRY.values():
        if rule.check is not None:
            for broken in rule.check(observation):
                found[rule.concern].append((broken.when, rule.deviation(observation, broken)))
    return found


def about(found: Found, *concerns: Concern) -> list[Deviation]:
    """What is broken of the rules about these concerns."""
    return [deviation for concern in concerns for _, deviation in found.get(concern, ())]


def compare(history: BatchHistory) -> Iterator[Deviation]:
    """What the exchanges of one batch break of the rules that compare them."""
    for rule in REGISTRY.values():
        if rule.compare is not None:
            for observation, broken in rule.compare(history):
                yield rule.deviation(observation, broken)
