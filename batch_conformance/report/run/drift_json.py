"""``drift.json``: the run for machines, and the reader that other commands use."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from importlib import resources
from typing import Any

from jsonschema import Draft202012Validator

from batch_conformance.contract.clause import Clause
from batch_conformance.contract.contract import Contract
from batch_conformance.contract.location import Location
from batch_conformance.contract.selfcheck import DocumentFinding
from batch_conformance.contract.violation import type_name
from batch_conformance.exchange.exchange import Exchange, Headers
from batch_conformance.findings.finding import Confirmation, Finding
from batch_conformance.findings.history import Gone, History
from batch_conformance.input_error import InputError, why_no_json
from batch_conformance.message import Template, type_named
from batch_conformance.message_json import as_json
from batch_conformance.report.finding.body_view import mask_url_queries, masked_text
from batch_conformance.report.finding.recorded_at import curl_of
from batch_conformance.report.run.baseline_texts import entry_counts
from batch_conformance.report.run.groups import clauses_by_id, count, masked_names, rule_named, where_said
from batch_conformance.report.run.run_report import RunReport
from batch_conformance.schema_error import what_is_wrong

_NOT_DRIFT_JSON_OF_FORMAT = Template(
    "drift_file.not_drift_json_of_format", "not a drift.json of format {format}: found {found}"
)
_NOT_VALID_DRIFT_JSON_AT = Template(
    "drift_file.not_valid_drift_json_at", "not a valid drift.json: at {json_path}: {message}"
)
_NOT_DRIFT_JSON = Template("drift_file.not_drift_json", "not a drift.json: {why}")

FORMAT = "batch-conformance/2"
_READ = (FORMAT, "batch-conformance/1")
"""Formats that are read; the older one has no ``messages``."""

BODY_LIMIT = 16_384
"""Characters of a response body that are kept as evidence."""

_HEADER_LIMIT = 2_048


class DriftFileError(InputError):
    """A text that is no ``drift.json`` of this format."""


def render(report: RunReport) -> str:
    """The report as JSON text, UTF-8, two spaces of indentation, keys in a fixed order."""
    return json.dumps(_clean(document(report)), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def read_drift(text: str | bytes) -> dict[str, Any]:
    """The values of a ``drift.json``.

    Raises DriftFileError, with one line that says what is wrong and where, for anything else.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise DriftFileError(_NOT_DRIFT_JSON(why=why_no_json(error, text))) from None
    if not isinstance(value, dict) or value.get("format") not in _READ:
        found = repr(value.get("format")) if isinstance(value, dict) else type_named(type_name(value))
        raise DriftFileError(_NOT_DRIFT_JSON_OF_FORMAT(format=f"{FORMAT!r}", found=found)) from None
    wrong = next(_validator().iter_errors(value), None)
    if wrong is not None:
        raise DriftFileError(_NOT_VALID_DRIFT_JSON_AT(json_path=wrong.json_path, message=what_is_wrong(wrong)))
    return value


@cache
def schema() -> dict[str, Any]:
    """The JSON Schema of ``drift.json``."""
    text = resources.files("batch_conformance.report").joinpath("schemas/drift.schema.json").read_text("utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(schema())


def document(report: RunReport) -> dict[str, Any]:
    """The report as JSON values."""
    contract, run, ledger = report.contract, report.run, report.ledger
    clauses = clauses_by_id(report)
    counts = count(report)
    names = masked_names(report)
    return {
        "format": FORMAT,
        "verdict": report.verdict,
        "complete": report.complete,
        "exit_code": report.exit_code,
        "exit_reason": str(report.exit_reason),
        "sentence": str(report.sentence),
        "target": {
            "base_url": report.target.base_url,
            "kind": report.target.kind,
            "batch_ids": list(report.target.batch_ids),
        },
        "contract": {
            "title": contract.title,
            "version": contract.version,
            "openapi": contract.openapi,
            "document": contract.document.name,
            "sha256": contract.document.sha256,
            "reading": contract.reading,
            "overlays": list(contract.overlays),
            "repaired": contract.repaired,
            "operation": contract.chosen.id,
            "method": contract.chosen.method.upper(),
            "path": contract.chosen.path,
            **_operations(contract),
        },
        "run": {
            "seed": run.seed,
            "started_at": run.started_at,
            "duration_s": run.duration_s,
            "requests": run.requests,
            "planned": run.planned,
            "exploration": run.exploration,
            "fail_on": run.fail_on,
            "command": run.command,
            "versions": dict(run.versions),
        },
        "counts": {
            "findings": counts.findings,
            "groups": counts.groups,
            "occurrences": counts.occurrences,
            "failing": counts.failing,
            "levels": dict(counts.levels),
            "states": dict(counts.states),
            "sides": dict(counts.sides),
            "clauses": dict(counts.clauses),
            "document_findings": counts.document_findings,
        },
        "findings": [
            _finding(finding, clauses, names, report.history, secured=contract.chosen.secured)
            for finding in ledger.findings
        ],
        "document_findings": [_document_finding(finding) for finding in contract.document_findings],
        "coverage": {
            "clauses": [
                {
                    "id": result.clause.id,
                    "state": result.state,
                    "judged": result.judged,
                    "broken": result.broken,
                    "location": _location(result.clause.location),
                    "says": str(result.clause.says),
                    "messages": {"says": as_json(result.clause.says)},
                }
                for result in ledger.clauses
            ],
            "fields": [
                {
                    "operation": result.operation,
                    "status": result.status,
                    "pointer": result.pointer,
                    "declared": result.declared,
                    "types": dict(result.types),
                    "absent": result.absent,
                }
                for result in ledger.fields
            ],
            "statuses": [
                {
                    "operation": result.operation,
                    "status": result.status,
                    "documented": result.documented,
                    "media_types": dict(result.media_types),
                    "count": result.count,
                }
                for result in ledger.statuses
            ],
        },
        "missing": [str(message) for message in report.missing],
        "notes": [str(message) for message in report.notes],
        "chapters": [
            {
                "name": chapter.name,
                "title": chapter.title,
                "outcome": chapter.outcome,
                "detail": str(chapter.detail or ""),
                "duration_s": chapter.duration_s,
            }
            for chapter in report.chapters
        ],
        "messages": {
            "exit_reason": as_json(report.exit_reason),
            "sentence": as_json(report.sentence),
            "missing": [as_json(message) for message in report.missing],
            "notes": [as_json(message) for message in report.notes],
        },
        "fault": report.fault,
        "baseline": _baseline(report),
        "history": _history(report.history),
    }


def _baseline(report: RunReport) -> dict[str, Any] | None:
    if not report.baseline:
        return None
    return {
        "file": report.baseline,
        "counts": dict(entry_counts(report)),
        "entries": [
            {
                "fingerprint": result.entry.fingerprint,
                "rule": result.entry.rule,
                "where": result.entry.where,
                "reason": result.entry.reason,
                "owner": result.entry.owner,
                "added": str(result.entry.added or ""),
                "expires": str(result.entry.expires),
                "line": result.entry.line,
                "state": result.state,
                "remark": str(result.remark or ""),
            }
            for result in report.entries
        ],
    }


def _history(history: History | None) -> dict[str, Any] | None:
    if history is None:
        return None
    return {
        "previous": history.previous,
        "started_at": history.started_at,
        "remarks": [str(remark) for remark in history.remarks],
        "gone": [_gone(gone) for gone in history.gone],
    }


def _gone(gone: Gone) -> dict[str, Any]:
    values = {field.name: getattr(gone, field.name) for field in fields(gone)}
    return values | {"observed": str(gone.observed), "messages": {"observed": as_json(gone.observed)}}


def _finding(
    finding: Finding, clauses: Mapping[str, Clause], names: frozenset[str], history: History | None, *, secured: bool
) -> dict[str, Any]:
    rule = rule_named(finding.rule)
    return {
        "id": finding.id,
        "rule": finding.rule,
        "title": rule.title,
        "level": finding.level,
        "side": finding.side,
        "state": finding.state,
        "operation": finding.operation,
        "status": finding.status,
        "media_type": finding.media_type,
        "pointer": finding.pointer,
        "kind": finding.kind,
        "clause": finding.clause,
        "expected": str(finding.expected),
        "observed": str(finding.observed),
        "messages": {"expected": as_json(finding.expected), "observed": as_json(finding.observed)},
        "occurrences": finding.occurrences,
        "probes": list(finding.probes),
        "confirmation": _confirmation(finding.confirmation),
        "smallest": str(finding.smallest) if finding.smallest is not None else None,
        "first_seen": history.first_seen.get(finding.id) if history else None,
        "location": _location(where_said(finding, clauses)),
        "why": rule.why,
        "remedy": rule.remedy,
        "evidence": _evidence(finding.evidence, names, secured=secured),
    }


def _confirmation(made: Confirmation | None) -> dict[str, Any] | None:
    if made is None:
        return None
    return {"again": made.again, "after_s": made.seconds, "requests": made.requests, "why": str(made.why or "")}


def _evidence(exchange: Exchange, names: frozenset[str], *, secured: bool) -> dict[str, Any]:
    response = None
    if exchange.response is not None:
        body, cut = masked_text(exchange.response.body, names, BODY_LIMIT)
        response = {
            "status": exchange.response.status,
            "headers": _headers(exchange.response.headers),
            "body": body,
            "truncated": cut or exchange.response.truncated,
        }
    failure = exchange.failure
    return {
        "request": {
            "method": exchange.request.method,
            "url": exchange.request.url,
            "headers": _headers(exchange.request.headers),
        },
        "response": response,
        "failure": {"kind": failure.kind, "detail": str(failure.detail)} if failure else None,
        "curl": curl_of(exchange, secured=secured),
        "source": exchange.source,
        "forced_status": exchange.probe.forced_status,
    }


def _document_finding(finding: DocumentFinding) -> dict[str, Any]:
    return {
        "id": finding.id,
        "rule": finding.rule,
        "level": finding.level,
        "title": str(finding.title),
        "says": str(finding.says),
        "why": str(finding.why),
        "location": _location(finding.location),
        "pointer": finding.pointer,
        "repair": finding.repair,
        "predicts": [{"status": status, "pointer": pointer} for status, pointer in finding.predicts],
    }


def _operations(contract: Contract) -> dict[str, Any]:
    """The operations that are held and what each is in the batch API, where there are several."""
    if len(contract.operations) == 1:
        return {}
    held = [
        {"id": one.id, "role": one.role or "", "method": one.method.upper(), "path": one.path}
        for one in contract.operations
    ]
    return {"operations": held}


def _location(location: Location | None) -> dict[str, Any] | None:
    if location is None:
        return None
    return {
        "file": location.file,
        "line": location.line,
        "pointer": location.pointer,
        "origin": location.origin,
    }


def _headers(headers: Headers) -> list[list[str]]:
    return [[name, mask_url_queries(value)[:_HEADER_LIMIT]] for name, value in headers[:100]]


def _clean(value: Any) -> Any:
    """``value`` with half surrogate pairs written as escapes: they have no UTF-8."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, Mapping):
        return {_clean(str(key)): _clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item) for item in value]
    return value
