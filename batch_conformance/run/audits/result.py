"""How the process of one audit ended, besides its exit code and its reports: handed over as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from batch_conformance.message import Message, Template, shown

INTERRUPTED = Template("audits.interrupted", "interrupted")


@dataclass(frozen=True, slots=True)
class AuditResult:
    """``usage_error`` says what was asked wrongly, ``fault`` what broke in this tool; both are texts, or empty."""

    usage_error: str = ""
    fault: str = ""
    interrupted: bool = False

    @property
    def reason(self) -> Message | None:
        """Why there may be no report; None where nothing is known."""
        said = self.usage_error or self.fault
        return shown(said) if said else INTERRUPTED() if self.interrupted else None

    def write(self, file: Path) -> None:
        """Write it as JSON. Raises OSError."""
        file.write_text(json.dumps(asdict(self)), encoding="utf-8")


def read_result(file: Path) -> AuditResult | None:
    """What ``write`` wrote; None where the process ended before it could, or half of it is missing."""
    try:
        given = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return None
    known = {field.name for field in fields(AuditResult)}
    return AuditResult(**given) if isinstance(given, Mapping) and given.keys() <= known else None
