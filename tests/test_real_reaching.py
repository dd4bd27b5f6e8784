"""Discovery and creation against servers of other makers, over their own implementations of the batch API."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import partial
from typing import Any

import pytest
from real_servers import KEY, RealServer, aimock, llmock

from batch_conformance.probes.plan import CHAPTER_NAMES
from batch_conformance.report.run.run_report import RunReport
from batch_conformance.run.live.begin import begin
from batch_conformance.run.settings import settle

pytestmark = pytest.mark.real
Starter = Callable[[], AbstractContextManager[RealServer]]
SERVERS = [pytest.param(partial(aimock, keys=True), id="aimock"), pytest.param(llmock, id="llmock")]


def audit(server: RealServer, **more: Any) -> RunReport:
    settings = settle({"BATCH_API_KEY": KEY}, base_url=server.base_url, contract="openai", exploration="quick", **more)
    run = begin(settings, seed=None, command="pytest")
    try:
        run.runner.perform([name for name in CHAPTER_NAMES if name != "lifecycle"])
        return run.report()
    finally:
        run.close()


@pytest.mark.parametrize("start", SERVERS)
def test_a_batch_is_made_followed_to_its_end_and_discovered_afterwards(start: Starter) -> None:
    with start() as server:
        empty = audit(server, discover=True)
        made = audit(server, create="gpt-4o", create_wait=5.0)
        found = audit(server, discover=True)
    assert empty.target.batch_ids == ()
    assert any("lists no batch" in note for note in map(str, empty.notes))
    assert len(made.target.batch_ids) == 1
    assert any(note.endswith("which ended completed.") for note in map(str, made.notes))
    assert found.target.batch_ids == made.target.batch_ids
    assert any("lists 1 batch (1 completed)" in note for note in map(str, found.notes))
    assert made.missing == found.missing == ()
    assert not any(f.rule.startswith(("body.", "state.", "counts.")) for f in made.ledger.findings if f.level != "info")
