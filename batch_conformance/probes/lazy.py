"""What makes requests, imported when something is to be made: Hypothesis and Schemathesis are slow to import.

A plan that this process has made before is not made again: plans are values, and the same arguments give the same one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from batch_conformance.probes.plan import Plan
from batch_conformance.probes.uninterrupted import uninterrupted

if TYPE_CHECKING:
    from batch_conformance.contract.contract import Contract
    from batch_conformance.probes.generated import GeneratedRequest


_MOST_PLANS = 8
_OF_CALLABLES = ("client", "generate", "generate_queries")
_plans: dict[str, Plan] = {}


def build_plan(contract: Contract, known_ids: Iterable[str], **wishes: Any) -> Plan:
    """As ``planning.build_plan``; what depends on a function that was given is made each time."""
    known = tuple(known_ids)
    key = None if any(wishes.get(name) for name in _OF_CALLABLES) else plan_key(contract, known, wishes)
    plan = _plans.get(key) if key else None
    if plan is None:
        with uninterrupted():
            from batch_conformance.probes import planning  # noqa: PLC0415
        plan = planning.build_plan(contract, known, **wishes)
        if key:
            _plans[key] = plan
            for old in [*_plans][:-_MOST_PLANS]:
                _plans.pop(old, None)
    return plan


def plan_key(contract: Contract, known_ids: tuple[str, ...], wishes: Mapping[str, Any]) -> str:
    """A digest of all that decides on a plan. ``wishes`` are those of ``build_plan`` that can be written as JSON."""
    operation = contract.chosen
    decides = [operation.path, operation.parameter, operation.secured, known_ids, sorted(wishes.items())]
    decides += [sorted(operation.responses), sorted(operation.methods)]
    decides += [[one.id, one.path, one.role, sorted(one.responses)] for one in contract.operations[1:]]
    decides += [[one.id, one.path] for one in contract.writes]
    return f"{document_key(contract.document.data)}-{_digest(json.dumps(decides))}"


def document_key(data: Mapping[str, Any]) -> str:
    """A digest of a document."""
    return _digest(json.dumps(data, sort_keys=True, default=repr))


def _digest(text: str) -> str:
    return sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:24]


def generate(*arguments: Any, **wishes: Any) -> tuple[GeneratedRequest, ...]:
    """As ``generated.generate``."""
    with uninterrupted():
        from batch_conformance.probes import generated  # noqa: PLC0415
    return generated.generate(*arguments, **wishes)


def load() -> None:
    """Import all that a plan takes to be built: a quarter of a second that may be spent while something else starts."""
    with uninterrupted():
        from batch_conformance.probes import generated, planning  # noqa: F401, PLC0415
    generated.load()
