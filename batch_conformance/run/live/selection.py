"""What a selection of tests has to send: the requests that exercise its clauses, and those they are compared with."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from batch_conformance.contract.clause import Clause
from batch_conformance.exchange.exchange import Probe
from batch_conformance.probes.plan import Plan
from batch_conformance.rules import REGISTRY


def exercises(probe: Probe, clause: Clause) -> bool:
    """Whether a request may show how a clause fares; any may for a rule that this version does not have."""
    rule = REGISTRY.get(clause.rule)
    return rule is None or rule.requests(probe, clause.status)


def numbers_for(plan: Plan, clauses: Iterable[Clause], shown: Collection[str] = ()) -> frozenset[int]:
    """The numbers of the probes that exercise some clauses, and of those without which nothing can be judged.

    ``shown`` names further ones, as chapter and name: what showed a finding before.
    """
    needed = tuple(clauses)
    return frozenset(
        number
        for number, probe in enumerate(plan.probes)
        if number < plan.essential
        or f"{probe.chapter}/{probe.name}" in shown
        or any(exercises(probe, clause) for clause in needed)
    )
