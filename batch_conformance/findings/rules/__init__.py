"""The registry of rules: drives judging, ``explain``, the rules page and SARIF."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from batch_conformance.findings.rules import access, body, lifecycle, protocol
from batch_conformance.findings.rules.rule import Rule

REGISTRY: Mapping[str, Rule] = MappingProxyType(
    {rule.id: rule for family in (protocol, body, access, lifecycle) for rule in family.RULES}
)
"""Every rule by its id, in the order of the rules page."""

__all__ = ["REGISTRY", "Rule"]
