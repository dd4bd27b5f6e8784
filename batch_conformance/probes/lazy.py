"""What makes requests, imported when something is to be made: Hypothesis and Schemathesis are slow to import."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from batch_conformance.probes.plan import Plan
from batch_conformance.probes.uninterrupted import uninterrupted

if TYPE_CHECKING:
    from batch_conformance.contract.contract import Contract
    from batch_conformance.probes.generated import GeneratedRequest


def build_plan(contract: Contract, known_ids: Iterable[str], **wishes: Any) -> Plan:
    """As ``planning.build_plan``."""
    with uninterrupted():
        from batch_conformance.probes import planning  # noqa: PLC0415
    return planning.build_plan(contract, known_ids, **wishes)


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
