"""Applies rules to an exchange, and to the exchanges of one batch."""

from __future__ import annotations

from collections.abc import Iterator

from batch_conformance.findings.finding import Deviation
from batch_conformance.findings.fold import Bucket
from batch_conformance.judge.sighting import Sighting
from batch_conformance.rules import REGISTRY
from batch_conformance.rules.history import History
from batch_conformance.rules.rule import Concern


def check(sighting: Sighting, *concerns: Concern) -> Iterator[Deviation]:
    """What one exchange breaks of the rules about these concerns."""
    for rule in REGISTRY.values():
        if rule.check is not None and rule.concern in concerns:
            for broken in rule.check(sighting):
                yield rule.deviation(sighting, broken)


def check_when(sighting: Sighting, concern: Concern) -> Iterator[tuple[Bucket, Deviation]]:
    """What one exchange breaks of the rules about a concern, each with the condition under which it is told."""
    for rule in REGISTRY.values():
        if rule.check is not None and rule.concern == concern:
            for broken in rule.check(sighting):
                yield broken.when, rule.deviation(sighting, broken)


def compare(history: History) -> Iterator[Deviation]:
    """What the exchanges of one batch break of the rules that compare them."""
    for rule in REGISTRY.values():
        if rule.compare is not None:
            for sighting, broken in rule.compare(history):
                yield rule.deviation(sighting, broken)
