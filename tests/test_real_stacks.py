"""Batches that conform, served by what serves most of the web: none of it may be accused of anything."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlsplit

import pytest
from real_servers import KEY, RealServer
from real_stacks import NODE_SERVERS, PROXIES, PYTHON_SERVERS, batch_ids, behind_proxy, stack

from batch_conformance.mock.process import EmbeddedMock
from batch_conformance.report.run.run_report import RunReport
from batch_conformance.run.live.begin import begin
from batch_conformance.run.settings import settle

pytestmark = pytest.mark.real


def audited(base_url: str, ids: Sequence[str]) -> RunReport:
    audit = begin(settle({"BATCH_API_KEY": KEY}, base_url=base_url, batch_ids=list(ids)), seed=None, command="pytest")
    try:
        audit.runner.send()
        return audit.report()
    finally:
        audit.close()


def hold(server: RealServer, ids: Sequence[str]) -> None:
    report = audited(server.base_url, ids)
    accused = [
        f"{one.level} {one.rule} {one.status} {one.pointer}: {one.observed}"
        for one in report.ledger.findings
        if one.level != "info"
    ]
    assert accused == []
    assert report.verdict == "conforms"


@pytest.mark.parametrize("name", [*PYTHON_SERVERS, *NODE_SERVERS])
def test_a_server_that_serves_conforming_batches_is_not_accused(name: str) -> None:
    with stack(name) as server:
        hold(server, batch_ids(at_rest=name in NODE_SERVERS))


@pytest.mark.parametrize("name", PROXIES)
def test_a_proxy_before_conforming_batches_is_not_accused(name: str) -> None:
    with EmbeddedMock(key=KEY) as mock, behind_proxy(name, urlsplit(mock.base_url).port or 0) as server:
        hold(server, mock.batch_ids)
