"""JSON Schemas of the files that this package reads and writes, by name."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from importlib import resources
from types import MappingProxyType
from typing import Any

from batch_conformance.contract.sources import spec_folder
from batch_conformance.run.audits.audit_schema import audit_schema


def _packaged(package: str, name: str) -> Callable[[], dict[str, Any]]:
    def read() -> dict[str, Any]:
        found: dict[str, Any] = json.loads(resources.files(package).joinpath(name).read_text(encoding="utf-8"))
        return found

    return read


def _profile() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((spec_folder() / "profiles" / "profile.schema.json").read_text(encoding="utf-8"))
    return found


SCHEMAS: Mapping[str, Callable[[], dict[str, Any]]] = MappingProxyType(
    {
        "audit": audit_schema,
        "baseline": _packaged("batch_conformance.findings", "baseline.schema.json"),
        "profile": _profile,
        "exchange": _packaged("batch_conformance.recorded", "schemas/exchange.schema.json"),
        "drift": _packaged("batch_conformance.report", "schemas/drift.schema.json"),
        "matrix": _packaged("batch_conformance.report", "schemas/matrix.schema.json"),
    }
)
"""What makes the schema of each: ``audit.yaml``, a baseline, a vendor's profile; a recorded exchange; two reports."""
