"""Beginning an audit acts; making one of what was begun does nothing."""

from __future__ import annotations

import socket
from typing import Any

import pytest
from answering import NOT_FOUND, SHOWN, answering
from judge_support import contract
from small_server import BATCH_ID

from batch_conformance.contract.error import ContractError
from batch_conformance.exchange.secret import Secret
from batch_conformance.exchange.target import Target
from batch_conformance.mock.process import EmbeddedMock
from batch_conformance.probes.credentials import present
from batch_conformance.probes.planning import build_plan
from batch_conformance.run.comparison import Files, load_comparison
from batch_conformance.run.live import begin as beginning
from batch_conformance.run.live.audit import Audit, Reached
from batch_conformance.run.live.begin import begin
from batch_conformance.run.live.runner import Runner
from batch_conformance.run.settings import settle


def test_making_an_audit_sends_nothing_and_starts_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.0)
        settings = settle({"BATCH_API_KEY": "sk-0"}, base_url=f"http://127.0.0.1:{listener.getsockname()[1]}/v1")
        target = Target(settings.base_url or "", "sk-0", present)
        plan = build_plan(contract(), (), exploration="quick", seed=None, loopback=True)
        runner = Runner(plan, target, contract())
        reached = Reached(target, Secret("sk-0"), ())
        comparison = load_comparison(Files(), contract())
        audit = Audit(settings, reached, runner, comparison, seed=None, command="", started=0.0, clock=0.0)
        assert audit.kind == "loopback"
        assert audit.judged().exchanges == ()
        audit.close()
        with pytest.raises(BlockingIOError):
            listener.accept()
        assert target.budget.used == 0


def test_what_was_started_ends_where_the_audit_cannot_begin(monkeypatch: pytest.MonkeyPatch) -> None:
    mocks: list[EmbeddedMock] = []

    def made(**more: Any) -> EmbeddedMock:
        mocks.append(EmbeddedMock(**more))
        return mocks[-1]

    monkeypatch.setattr(beginning, "EmbeddedMock", made)
    with pytest.raises(ContractError):
        begin(settle({}, base_url=None, operation="nowhere"), seed=None, command="")
    assert [mock.pid for mock in mocks] == [None]


def test_the_request_that_asks_whether_a_key_is_needed_is_one_of_the_run() -> None:
    with answering(lambda asked: SHOWN if asked.is_known else NOT_FOUND) as server:
        settings = settle({}, base_url=server.base_url, batch_ids=[BATCH_ID], max_requests=30)
        audit = begin(settings, seed=None, command="")
        try:
            assert audit.target.budget.used == len(server.asked) == 1
            assert len(audit.plan.probes) <= 29
        finally:
            audit.close()
