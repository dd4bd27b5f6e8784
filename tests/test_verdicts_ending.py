"""A request that ends the server: told at that request, sent again where the server comes back, and the run goes on."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from answering import Audited, audited_at
from judge_cases import failed
from judge_support import contract, sent, unknown
from small_server import BATCH_ID, KEY
from suite_support import run_suite

from batch_conformance.exchange.exchange import Exchange
from batch_conformance.findings.finding import Finding
from batch_conformance.judge.judge import judge

SCRIPT = str(Path(__file__).parent / "small_server.py")


@contextmanager
def supervised(behaviour: str, *, starts: int = 1000) -> Iterator[str]:
    """The base URL of a small server that is started anew, so often, when it has ended."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    running: list[subprocess.Popen[str]] = []
    closing = threading.Event()

    def supervise() -> None:
        for _ in range(starts):
            if closing.is_set():
                return
            with subprocess.Popen(
                [sys.executable, SCRIPT, behaviour, str(port)], stdout=subprocess.PIPE, text=True
            ) as process:
                running.append(process)
                process.wait()
            closing.wait(0.8)  # as a supervisor does

    thread = threading.Thread(target=supervise, daemon=True)
    thread.start()
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            break
        except OSError:
            time.sleep(0.02)
    try:
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        closing.set()
        running[-1].kill()
        thread.join(10)


def ends(findings: Sequence[Finding]) -> list[Finding]:
    return [finding for finding in findings if (finding.rule, finding.kind) == ("response.silent", "ends")]


def of_chapter(run: Audited, chapter: str) -> set[int]:
    return {one.number for one in run.report.ledger.exchanges if one.probe.chapter == chapter and one.failure is None}


def test_a_server_that_comes_back_is_asked_once_more_and_the_run_goes_on() -> None:
    with supervised("dies") as base_url:
        run = audited_at(base_url, sleep=lambda seconds: time.sleep(min(seconds, 0.2)))
    (found,) = ends(run.drifts)
    assert (found.level, found.side, run.rules) == ("should", "server", {"response.silent"})
    assert all(probe.startswith(("hostile_ids/", "generated/")) for probe in found.probes)
    assert not run.audit.runner.stopped
    assert len(of_chapter(run, "lifecycle")) == run.audit.plan.counts()["lifecycle"]
    assert len(of_chapter(run, "hostile_ids")) > 30


def test_a_server_that_does_not_come_back_is_waited_for_ten_seconds_once() -> None:
    with supervised("dies", starts=1) as base_url:
        run = audited_at(base_url)
    (found,) = ends(run.drifts)
    assert found.level == "should"
    assert "went away at hostile_ids/" in str(run.audit.runner.stopped)
    assert 9 <= sum(run.slept) <= 13


def test_the_item_of_what_is_never_answered_fails(tmp_path: Path) -> None:
    with supervised("dies") as base_url:
        outcome = run_suite(
            tmp_path, f"--base-url={base_url}", f"--batch-id={BATCH_ID}", "-v", env={"BATCH_API_KEY": KEY}
        )
    assert outcome.code == 1
    failed = [line for line in outcome.text.splitlines() if line.startswith("FAILED ")]
    assert len(failed) == 1
    assert "suites/test_statuses.py::test_every_kind_of_request_is_answered" in failed[0]


def test_a_server_that_unknown_ids_end_is_told_of_where_they_do_it_again() -> None:
    with supervised("dies-at-unknown") as base_url:
        run = audited_at(base_url, sleep=lambda seconds: time.sleep(min(seconds, 0.2)))
    assert ends(run.drifts)
    assert "ends the server" in run.notes
    assert not run.report.complete


def in_turn(*exchanges: Exchange) -> list[Exchange]:
    return [
        replace(one, number=one.number if one.number >= 0 else 100 + place, started_at=float(place))
        for place, one in enumerate(exchanges)
    ]


ODD = {"subject": "hostile", "batch_id": "%zz", "name": "escape", "number": 5}
GONE = failed("refused", name="control")


def judged(*exchanges: Exchange, host: str = "127.0.0.1") -> list[Finding]:
    at_host = (replace(one, request=replace(one.request, url=f"http://{host}/v1{one.probe.path}")) for one in exchanges)
    return ends(judge(in_turn(*at_host), contract()).findings)


def test_one_end_after_which_the_server_came_back_and_answered_is_chance() -> None:
    once = (failed("reset", **ODD, final=False), GONE, sent(), sent(**{**ODD, "attempt": 1}, body="no", status=404))
    assert judged(unknown(), *once, sent()) == []


def test_two_ends_at_the_same_request_are_its_doing_whatever_it_is() -> None:
    twice = (failed("reset", **ODD, final=False), GONE, sent(), failed("reset", **ODD, attempt=1), GONE, sent())
    (found,) = judged(unknown(), *twice)
    assert (found.level, found.status) == ("should", "")
    plain = {**ODD, "subject": "unknown", "batch_id": "batch_nobody"}
    again = (failed("reset", **plain, final=False), GONE, sent(), failed("reset", **plain, attempt=1), GONE, sent())
    assert [one.level for one in judged(unknown(), *again)] == ["should"]


def test_on_another_machine_somebody_else_may_have_ended_it() -> None:
    twice = (failed("reset", **ODD, final=False), GONE, sent(), failed("reset", **ODD, attempt=1), GONE, sent())
    found = judged(unknown(), *twice, host="api.example.com")
    assert [(one.level, one.side) for one in found] == [("info", "network")]


def test_an_answer_between_the_reset_and_the_refusal_says_that_it_was_another_end() -> None:
    healed = (failed("reset", **ODD, final=False), sent(), GONE, sent(), failed("reset", **ODD, attempt=1), sent())
    assert judged(unknown(), *healed) == []
