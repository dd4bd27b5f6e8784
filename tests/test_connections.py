"""Several requests under way at once: what comes of them is what comes of one after the other."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from batch_conformance.mock.process import EmbeddedMock
from batch_conformance.report.run.run_report import RunReport
from batch_conformance.run.live.audit import Audit
from batch_conformance.run.live.begin import begin
from batch_conformance.run.settings import SettingsError, settle


@contextmanager
def audit_of(
    mock: EmbeddedMock, connections: int, sleep: Callable[[float], None] = time.sleep, **more: object
) -> Iterator[Audit]:
    options = {"base_url": mock.base_url, "batch_ids": mock.batch_ids, "connections": connections, **more}
    settings = settle({"BATCH_API_KEY": mock.key}, **options)  # type: ignore[arg-type]
    audit = begin(settings, seed=None, command="pytest", sleep=sleep)
    try:
        yield audit
    finally:
        audit.close()


def run_of(mock: EmbeddedMock, connections: int, **more: object) -> RunReport:
    with audit_of(mock, connections, **more) as audit:
        audit.runner.send()
        return audit.report()


@pytest.mark.parametrize(
    "drift", ["", "created_at_string", "counts_too_high", "any_token", "head_not_found", "server_error_for_one_batch"]
)
def test_four_connections_come_to_what_one_comes_to(drift: str) -> None:
    with EmbeddedMock(drifts=[drift] if drift else []) as mock:
        one, four = run_of(mock, 1), run_of(mock, 4)
    assert [finding.id for finding in four.ledger.findings] == [finding.id for finding in one.ledger.findings]
    assert (four.verdict, four.exit_code, four.complete) == (one.verdict, one.exit_code, one.complete)


def test_what_was_sent_is_told_in_the_order_of_the_plan() -> None:
    with EmbeddedMock() as mock, audit_of(mock, 4, exploration="quick") as audit:
        audit.runner.send()
        numbers = [exchange.number for exchange in audit.runner.exchanges]
        probes = {exchange.number: exchange.probe for exchange in audit.runner.exchanges}
    assert numbers == sorted(numbers) == list(range(len(audit.plan.probes)))
    assert all(probes[number] == probe for number, probe in enumerate(audit.plan.probes))


def test_so_many_requests_are_under_way_at_once_and_no_more() -> None:
    with EmbeddedMock(latency=0.05) as mock, audit_of(mock, 3, exploration="quick") as audit:
        audit.runner.send()
        spans = [(one.started_at, one.started_at + one.elapsed) for one in audit.runner.exchanges]
    together = max(sum(begun <= moment < ended for begun, ended in spans) for moment, _ in spans)
    assert together == 3


def test_two_polls_of_one_batch_never_overlap() -> None:
    with EmbeddedMock(latency=0.02) as mock, audit_of(mock, 4, batch_ids=mock.batch_ids[:1]) as audit:
        audit.runner.send()
        polls = [one for one in audit.runner.exchanges if one.probe.chapter == "lifecycle"]
    assert len(polls) > 20
    for earlier, later in itertools.pairwise(polls):
        assert later.started_at >= earlier.started_at + earlier.elapsed - 0.002


def test_a_limit_of_requests_holds_for_all_connections_together() -> None:
    with EmbeddedMock() as mock:
        report = run_of(mock, 8, max_requests=20)
    assert report.run.requests <= 20


def test_a_rate_holds_for_all_connections_together() -> None:
    with EmbeddedMock() as mock, audit_of(mock, 4, rate_limit="50/s", max_requests=30) as audit:
        audit.runner.send()
        begun = sorted(exchange.started_at for exchange in audit.runner.exchanges)
    assert begun[-1] - begun[0] >= (len(begun) - 1) / 50 * 0.9


def test_a_target_that_dies_ends_the_run_and_what_was_under_way_is_kept() -> None:
    mock = EmbeddedMock(latency=0.1)
    with mock, audit_of(mock, 4, lambda seconds: time.sleep(min(seconds, 0.1))) as audit:
        ending = threading.Thread(target=lambda: (time.sleep(0.5), mock.stop()))
        ending.start()
        audit.runner.send()
        ending.join()
        report = audit.report()
    assert report.run.requests == len(audit.runner.exchanges)
    assert report.stopped
    assert report.exit_code == 6
    assert not report.complete


@pytest.mark.parametrize("number", [0, 33])
def test_a_number_of_connections_that_is_not_possible_is_refused(number: int) -> None:
    with pytest.raises(SettingsError, match=f"--connections {number} is not possible: give a number from 1 to 32"):
        settle({}, base_url=None, connections=number)
