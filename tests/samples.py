"""Run reports made by hand: every state, side and level, and as many findings as a test asks for."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache

from batch_conformance import __version__
from batch_conformance.contract.contract import Contract, Reading
from batch_conformance.contract.sources import shipped_contract
from batch_conformance.exchange.exchange import Exchange, Failure, Probe, Request, Response
from batch_conformance.findings.finding import Deviation, Finding, Level, Side, State
from batch_conformance.findings.ledger import ClauseResult, ClauseState, FieldResult, Ledger, StatusResult
from batch_conformance.message import Message, shown
from batch_conformance.report.run.run_report import ChapterResult, RunFacts, RunReport, TargetFacts
from batch_conformance.rules import REGISTRY

NULLS = (
    "output_file_id", "error_file_id", "in_progress_at", "finalizing_at", "completed_at", "failed_at", "expired_at",
    "cancelling_at", "cancelled_at",
)  # fmt: skip

BODY = {
    "id": "batch_rdyqgrcgjg",
    "object": "batch",
    "endpoint": "/v1/chat/completions",
    "errors": [],
    "input_file_id": "file-jkvytbjtow",
    "completion_window": "24h",
    "status": "in_queue",
    "created_at": 1741685413,
    "expires_at": 1741771813,
    "request_counts": {},
    "metadata": {"description": "nightly eval job of a customer", "tenant": 4711},
    **dict.fromkeys(NULLS),
}


OPERATION = "getBatchEvaluationJob"
"""The id of the contract's operation."""


@cache
def contract(reading: Reading = "documented") -> Contract:
    return shipped_contract(reading)


def exchange(
    body: object = BODY,
    status: int = 200,
    *,
    number: int = 0,
    media_type: str = "application/json",
    url: str = "https://api.example.com/v1/batches/batch_rdyqgrcgjg",
    failure: Failure | None = None,
) -> Exchange:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Exchange(
        number=number,
        probe=Probe("known ids", "first read", "/batches/batch_rdyqgrcgjg", "batch_rdyqgrcgjg", "known"),
        request=Request("GET", url, (("Authorization", "Bearer [redacted]"), ("Accept", "application/json"))),
        response=None
        if failure
        else Response(status, (("Content-Type", media_type), ("Date", "Mon, 23 Nov 2026 10:00:00 GMT")), raw, "OK"),
        failure=failure,
        started_at=1795428000.0 + number,
        elapsed=0.012,
    )


def finding(
    rule: str = "body.type",
    pointer: str = "/created_at",
    *,
    status: str = "200",
    kind: str = "string",
    expected: str = "integer",
    observed: str = 'string "1741685413"',
    level: Level | None = None,
    side: Side | None = None,
    state: State = "new",
    occurrences: int = 3,
    evidence: Exchange | None = None,
) -> Finding:
    deviation = Deviation(
        rule=rule,
        operation=contract().chosen.id,
        status=status,
        media_type="application/json",
        pointer=pointer,
        expected=shown(expected),
        observed=shown(observed),
        kind=kind,
        level=level or REGISTRY[rule].level,
        side=side or REGISTRY[rule].side,
        exchange=evidence or exchange({**BODY, "created_at": "1741685413"}),
    )
    return Finding(
        id=deviation.fingerprint,
        rule=rule,
        level=deviation.level,
        side=deviation.side,
        operation=deviation.operation,
        status=status,
        media_type=deviation.media_type,
        pointer=pointer,
        expected=shown(expected),
        observed=shown(observed),
        kind=kind,
        occurrences=occurrences,
        evidence=deviation.exchange,
        state=state,
        probes=("known ids/first read", "known ids/second read"),
    )


def nine_nulls(side: Side = "document", state: State = "new") -> tuple[Finding, ...]:
    """What a server that answers as the vendor's own example does shows under the published reading."""
    evidence = exchange()
    return tuple(
        finding(
            pointer=f"/{name}",
            kind="null",
            expected="integer" if name.endswith("_at") else "string",
            observed="null",
            side=side,
            state=state,
            evidence=evidence,
            occurrences=5,
        )
        for name in NULLS
    )


def mixed() -> tuple[Finding, ...]:
    """Findings of every level, side and state."""
    renamed = exchange({**BODY, "outputFileId": "file-b"}, number=3)
    html = exchange(b"<html><body><h1>502 Bad Gateway</h1></body></html>", 404, number=7, media_type="text/html")
    return (
        *nine_nulls(),
        finding(),
        finding("response.media_type", "", status="404", kind="text/html", expected="application/json",
                observed="text/html", evidence=html),
        finding("body.required", "/id", kind="missing", expected="present", observed="absent",
                evidence=exchange({"object": "batch"}, number=4), state="expired"),
        finding("body.undeclared", "/outputFileId", kind="string", expected="no such property",
                observed='string "file-b"', evidence=renamed, state="known"),
        finding("body.known_value", "/status", kind="DONE", expected="one of in_queue, in_progress, completed",
                observed='"DONE"', evidence=exchange({**BODY, "status": "DONE"}, number=5)),
        finding("response.drops", "", status="", kind="reset", expected="an answer",
                observed="connection reset, 4 times",
                evidence=exchange(number=9, failure=Failure("reset", shown("connection reset by peer")))),
        finding("body.seen", "/failed_at", kind="never", expected="seen at least once", observed="never seen"),
    )  # fmt: skip


def many(count: int) -> tuple[Finding, ...]:
    """``count`` findings over several rules, statuses and pointers."""
    states: tuple[State, ...] = ("new", "known", "expired")
    rules = ("body.type", "body.required", "body.undeclared", "body.known_value", "body.seen")
    return tuple(
        finding(
            rules[index % 5],
            f"/field_{index}",
            kind=f"kind{index % 40}",
            state=states[index % 3],
            observed=f"observed {index}",
            evidence=exchange({**BODY, f"field_{index}": index}, number=index),
        )
        for index in range(count)
    )


def run_report(
    findings: tuple[Finding, ...] = (),
    *,
    exit_code: int | None = None,
    complete: bool = True,
    reading: Reading = "documented",
    fail_on: str = "should",
    missing: tuple[str | Message, ...] = (),
    notes: tuple[str | Message, ...] = (),
    fault: str = "",
    outcome: str = "",
) -> RunReport:
    order = ("must", "should", "info")
    findings = tuple(sorted(findings, key=lambda finding: order.index(finding.level)))
    weighty = [finding for finding in findings if finding.level != "info"]
    failing = [
        finding
        for finding in findings
        if finding.state != "known" and fail_on in order and order.index(finding.level) <= order.index(fail_on)
    ]
    verdict = "drift" if weighty else "inconclusive" if missing else "conforms"
    if exit_code is None:
        exit_code = 1 if failing else 6 if missing else 0
    return RunReport(
        verdict=verdict,  # type: ignore[arg-type]
        complete=complete,
        exit_code=exit_code,
        exit_reason=shown(
            f"{len(failing)} findings at or above --fail-on {fail_on}" if failing else "nothing fails the gate"
        ),
        outcome=shown(outcome or f"{len(weighty)} findings of level must or should."),
        target=TargetFacts("https://api.example.com/v1", "remote", ("batch_rdyqgrcgjg",)),
        run=RunFacts(
            seed="0",
            started_at="2026-11-23T10:00:00Z",
            duration_s=4.21,
            requests=57,
            planned=60,
            exploration="quick",
            fail_on=fail_on,
            command="pytest --base-url https://api.example.com/v1 --batch-id batch_rdyqgrcgjg",
            versions={"batch-conformance": __version__, "python": "3.11.2", "schemathesis": "4.32.0"},
        ),
        contract=contract(reading),
        ledger=_ledger(findings, contract(reading)),
        chapters=(
            ChapterResult("suites/test_known_ids.py::test_the_batch_keeps_its_schema", "The batch keeps its schema",
                          "failed" if failing else "passed", shown("2 new findings") if failing else None, 1.5),
            ChapterResult("suites/test_unknown_ids.py::test_an_unknown_id_is_not_found", "An unknown id is not found",
                          "passed", None, 0.5),
            ChapterResult("suites/test_forced.py::test_documented_statuses", "Documented statuses",
                          "skipped", shown("the target does not honour Prefer"), 0.0),
        ),
        missing=tuple(map(shown, missing)),
        notes=tuple(map(shown, notes)),
        fault=fault,
    )  # fmt: skip


def _ledger(findings: tuple[Finding, ...], contract_: Contract) -> Ledger:
    broken = Counter(finding.clause for finding in findings)
    results = []
    for index, clause in enumerate(contract_.clauses):
        state: ClauseState = "kept"
        if clause.id in broken:
            state = "broken"
        elif clause.status in ("503", "504"):
            state = "not_observed"
        elif index % 17 == 16:
            state = "inconclusive"
        judged = 0 if state == "not_observed" else 12
        results.append(ClauseResult(clause, state, judged, broken[clause.id]))
    exchanges = {finding.evidence.order: finding.evidence for finding in findings}
    return Ledger(
        exchanges=tuple(exchanges[order] for order in sorted(exchanges)),
        findings=findings,
        clauses=tuple(results),
        fields=(
            FieldResult(OPERATION, "200", "/id", True, {"string": 12}, 0),
            FieldResult(OPERATION, "200", "/created_at", True, {"integer": 9, "string": 3}, 0),
            FieldResult(OPERATION, "200", "/output_file_id", True, {"null": 12}, 0),
            FieldResult(OPERATION, "200", "/failed_at", True, {}, 12),
            FieldResult(OPERATION, "200", "/outputFileId", False, {"string": 12}, 0),
            FieldResult(OPERATION, "404", "", True, {"string": 20}, 0),
        ),
        statuses=(
            StatusResult(OPERATION, "200", True, {"application/json": 12}, 12),
            StatusResult(OPERATION, "401", True, {"application/json": 12}, 12),
            StatusResult(OPERATION, "404", True, {"application/json": 20, "text/html": 1}, 21),
            StatusResult(OPERATION, "418", False, {"": 1}, 1),
        ),
    )
