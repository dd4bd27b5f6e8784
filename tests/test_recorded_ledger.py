"""The ledger of a recording against the judge of a list: the same findings, counts and coverage, in any pieces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import cases_access
import cases_body
import cases_lifecycle
import cases_protocol
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from judge_cases import GOOD, batch
from judge_support import contract

from batch_conformance.contract.contract import Contract
from batch_conformance.exchange.exchange import Exchange
from batch_conformance.findings.ledger import Ledger
from batch_conformance.judge.judge import REQUIRED_AUTHENTICATION, REQUIRED_UNKNOWN, judge
from batch_conformance.recorded.inferred_probe import InferredProbe
from batch_conformance.recorded.line import RecordedExchange
from batch_conformance.recorded.operation_urls import OperationUrls
from batch_conformance.recorded.recording import Recording
from batch_conformance.recorded.serialization import pack, unpack

TABLES = (cases_protocol.CASES, cases_body.CASES, cases_access.CASES, cases_lifecycle.CASES)
GUESS = InferredProbe(OperationUrls(contract()), credentials_recorded=True)


def as_recorded(exchange: Exchange) -> Exchange | None:
    """An exchange as a stranger's recording has it: for what it was sent is guessed; None where it is not judged."""
    asked = exchange.probe.headers
    if exchange.probe.credential not in ("missing", "empty", "empty_header"):
        asked = (*asked, ("Authorization", "Bearer [redacted]"))
    recorded = RecordedExchange(
        exchange.probe.method,
        exchange.request.url,
        asked,
        exchange.response,
        exchange.failure,
        attempt=exchange.attempt,
        final=exchange.final,
    )
    made = GUESS.exchange(recorded, 0)
    return made if isinstance(made, Exchange) else None


RUNS = [
    run
    for table in TABLES
    for case in table.values()
    if case.under is None
    for sent in (*case.breaks, *case.keeps)
    if (run := tuple(made for exchange in sent if (made := as_recorded(exchange))))
]
SOME = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def in_order(exchanges: Sequence[Exchange]) -> list[Exchange]:
    """The exchanges as a run sends them: one after the other, attempts of one probe together."""
    made: list[Exchange] = []
    for exchange in exchanges:
        repeated = exchange.attempt > 0 and made and made[-1].attempt < exchange.attempt
        number = made[-1].number + (0 if repeated else 1) if made else 0
        made.append(
            replace(
                exchange,
                number=number,
                attempt=exchange.attempt if repeated else 0,
                started_at=1_700_000_000.0 + len(made),
                elapsed=0.25,
            )
        )
    return made


def told(ledger: Ledger) -> dict[str, Any]:
    """All that a ledger says, in an order of its own."""
    missing = set(ledger.missing) - {REQUIRED_UNKNOWN, REQUIRED_AUTHENTICATION}
    return {
        "findings": [replace(finding, evidence=GOOD) for finding in ledger.findings],
        "evidence": [(finding.id, finding.evidence.order) for finding in ledger.findings],
        "clauses": sorted(ledger.clauses, key=lambda result: result.clause.id),
        "fields": sorted(ledger.fields, key=lambda result: (result.status, result.pointer)),
        "statuses": sorted(ledger.statuses, key=lambda result: result.status),
        "missing": missing,
        "unjudged": ledger.unjudged,
    }


def recorded(exchanges: Sequence[Exchange], under: Contract, most: int = 1000) -> Ledger:
    return recording(exchanges, under, most).result()


def recording(exchanges: Sequence[Exchange], under: Contract, most: int) -> Recording:
    made = Recording(InferredProbe(OperationUrls(under)), most)
    for exchange in exchanges:
        made.judge.add(exchange)
    return made


RUN = st.lists(st.sampled_from(RUNS), min_size=1, max_size=6).map(
    lambda runs: in_order([exchange for run in runs for exchange in run])
)


@SOME
@given(RUN, st.sampled_from([1, 3, 1000]))
def test_a_recording_is_judged_as_the_run_that_it_is_of(exchanges: list[Exchange], most: int) -> None:
    found = recorded(exchanges, contract(), most)
    assert told(found) == told(judge(exchanges, contract()))


@SOME
@given(RUN, st.data())
def test_the_ledgers_of_the_parts_of_a_recording_add_up(exchanges: list[Exchange], data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(exchanges)), max_size=3)))
    parts = [
        recording(exchanges[start:end], contract(), most=2)
        for start, end in zip([0, *cuts], [*cuts, len(exchanges)], strict=True)
    ]
    while len(parts) > 1:
        place = data.draw(st.integers(0, len(parts) - 2))
        later = parts.pop(place + 1)
        parts[place].update(unpack(pack(later), contract()))
    assert told(parts[0].result()) == told(judge(exchanges, contract()))


@pytest.mark.parametrize("run", RUNS, ids=map(str, range(len(RUNS))))
def test_every_case_of_every_rule_is_told_of_a_recording_too(run: tuple[Exchange, ...]) -> None:
    exchanges = in_order(run)
    assert told(recorded(exchanges, contract())) == told(judge(exchanges, contract()))


def test_a_head_is_compared_with_all_the_media_types_of_a_get() -> None:
    headers = (("Content-Type", "application/json"), ("Content-Type", "text/plain"))
    sent = (batch(headers=headers), batch(), batch(method="HEAD", headers=(("Content-Type", "text/html"),)))
    exchanges = in_order([made for exchange in sent if (made := as_recorded(exchange))])
    assert told(recorded(exchanges, contract())) == told(judge(exchanges, contract()))
