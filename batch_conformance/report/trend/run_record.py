"""A line of a history file: one run, as short as the trend needs it. No value of any response is in it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from jsonschema import Draft202012Validator

from batch_conformance.findings.finding import LEVELS, Level, State
from batch_conformance.input_error import InputError, why_no_json
from batch_conformance.message import Template
from batch_conformance.report.run.groups import place
from batch_conformance.report.run.run_report import RunReport, Verdict
from batch_conformance.schema_error import wrong_at

_IS_NO_LINE_OF_HISTORY = Template(
    "run_record.is_no_line_of_history", "{where} is no line of a history of format {format}: {what}"
)
_LINE_CANNOT_BE_READ = Template("run_record.line_cannot_be_read", "{where} is no line of a history: {why}")

FORMAT = "batch-conformance-history/1"

_STRING = {"type": "string", "maxLength": 4_096}
_COUNT = {"type": "integer", "minimum": 0}
SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "required": ["format", "at", "target", "operation", "contract", "verdict", "complete", "findings", "unjudged"],
    "properties": {
        "format": {"const": FORMAT},
        "at": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"},
        "target": _STRING,
        "operation": _STRING,
        "contract": _STRING,
        "verdict": {"enum": ["conforms", "drift", "inconclusive"]},
        "complete": {"type": "boolean"},
        "exit_code": _COUNT,
        "requests": _COUNT,
        "findings": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id", "rule", "level", "state", "place", "clause"],
                "properties": {
                    "id": _STRING,
                    "rule": _STRING,
                    "level": {"enum": list(LEVELS)},
                    "state": {"enum": ["new", "known", "expired"]},
                    "place": _STRING,
                    "clause": _STRING,
                },
            },
        },
        "unjudged": {"type": "array", "items": _STRING},
    },
}
"""What a line has to keep; members that a later version adds are let pass."""


@dataclass(frozen=True, slots=True)
class FindingRecord:
    """A finding: its fingerprint, rule, level and state, its place for people, and the short name of its clause."""

    id: str
    rule: str
    level: Level
    state: State
    place: str
    clause: str


@dataclass(frozen=True, slots=True)
class RunRecord:
    """A run. ``at`` is when it began, RFC 3339 in UTC; ``contract`` names the document by title, version and digest.

    ``unjudged`` are the short names of the clauses of which it says nothing.
    """

    at: str
    target: str
    operation: str
    contract: str
    verdict: Verdict
    complete: bool
    exit_code: int = 0
    requests: int = 0
    findings: tuple[FindingRecord, ...] = ()
    unjudged: frozenset[str] = field(default=frozenset())


def short_name(clause: str) -> str:
    """Eight hex digits for the id of a clause: a line names dozens of them."""
    return hashlib.sha256(clause.encode("utf-8", "surrogatepass")).hexdigest()[:8]


def record_of(report: RunReport) -> RunRecord:
    """The run of a report."""
    contract, ledger = report.contract, report.ledger
    findings = (
        FindingRecord(one.id, one.rule, one.level, one.state, place(one), short_name(one.clause))
        for one in ledger.findings
    )
    unjudged = (result.clause.id for result in ledger.clauses if result.state in ("inconclusive", "not_observed"))
    return RunRecord(
        report.run.started_at,
        report.target.base_url,
        f"{contract.chosen.method.upper()} {contract.chosen.path}",
        f"{contract.title} {contract.version} ({contract.document.sha256[:12]}, {contract.reading})",
        report.verdict,
        report.complete,
        report.exit_code,
        report.run.requests,
        tuple(findings),
        frozenset(map(short_name, unjudged)),
    )


def to_line(record: RunRecord) -> str:
    """The line of a run, with its line feed."""
    values = {"format": FORMAT, **asdict(record), "unjudged": sorted(record.unjudged)}
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")) + "\n"


def from_line(text: str | bytes, where: str) -> RunRecord:
    """The run of a line. Raises InputError, which says ``where``, for anything else."""
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(_LINE_CANNOT_BE_READ(where=str(where), why=why_no_json(error, text))) from None
    wrong = next(Draft202012Validator(SCHEMA).iter_errors(values), None)
    if wrong is not None:
        raise InputError(_IS_NO_LINE_OF_HISTORY(where=where, format=f"{FORMAT!r}", what=wrong_at(wrong)))
    names = FindingRecord.__dataclass_fields__
    findings = tuple(FindingRecord(**{name: one[name] for name in names}) for one in values["findings"])
    wanted = {name: values[name] for name in RunRecord.__dataclass_fields__ if name in values}
    return RunRecord(**{**wanted, "findings": findings, "unjudged": frozenset(values["unjudged"])})
