"""Discovery: known ids from the target's own list, and what is said where there is none."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from suite_support import run_suite
from vendor_servers import KEY, VENDORS, Json, Served, Vendor, batch, by_id, completed, serving

from batch_conformance.contract.sources import load_contract
from batch_conformance.exchange.profile import BatchList, Profile
from batch_conformance.exchange.target import Target
from batch_conformance.probes.credentials import present
from batch_conformance.run.live.discover import Discovery, discover, entries_of

SILICONFLOW = load_contract("siliconflow")
FLEET = by_id(
    completed("batch_done1"),
    completed("batch_done2"),
    completed("batch_done3"),
    batch("batch_wait1", "in_queue"),
    batch("batch_bad1", "failed", failed_at=1774437200),
    batch("batch_wait2", "in_queue"),
)


def ask(served: Served, profile: Profile | None = None, key: str = KEY) -> Discovery:
    with Target(served.base_url, key, present, retries=0) as target:
        return discover(target, SILICONFLOW, profile)


def listing(shape: Callable[[list[Json]], Any] | None, batches: dict[str, Json] = FLEET) -> Vendor:
    return replace(VENDORS["siliconflow"], batches=batches, listed=shape)


@contextmanager
def answering(status: int, body: bytes, content_type: str = "application/json") -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Type", content_type)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing: tests are quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        finally:
            server.shutdown()
            thread.join(10)


def test_one_batch_of_every_state_comes_first_and_one_request_is_sent() -> None:
    with serving(listing(lambda found: {"object": "list", "data": found})) as served:
        found = ask(served)
    assert found.batch_ids == ("batch_done1", "batch_wait1", "batch_bad1", "batch_done2", "batch_wait2", "batch_done3")
    assert str(found.note) == "--discover: GET /batches?limit=20 lists 6 batches (3 completed, 2 in_queue, 1 failed)."
    assert [(method, target) for method, target, _ in served.asked] == [("GET", "/v1/batches?limit=20")]


@pytest.mark.parametrize(
    "shape",
    [
        lambda found: found,
        lambda found: {"batches": found},
        lambda found: {"code": 20000, "data": {"object": "list", "data": found}},
        lambda found: {"data": [{"batch_id": one["id"], "state": one["status"]} for one in found]},
        lambda found: {"data": [None, 7, "x", {"id": 5}, {"id": ""}, *found, *found]},
    ],
)
def test_the_forms_in_which_vendors_list_are_all_read(shape: Callable[[list[Json]], Any]) -> None:
    with serving(listing(shape)) as served:
        assert set(ask(served).batch_ids) == set(FLEET)


def test_a_server_without_a_list_is_told_of_plainly() -> None:
    with serving(listing(None)) as served:
        found = ask(served)
    assert found.batch_ids == ()
    assert "answered 404: this server has no list of batches; give ids with --batch-id" in str(found.note)


def test_an_empty_list_and_a_refused_key_are_told_apart() -> None:
    with serving(listing(lambda found: {"object": "list", "data": found[:0]})) as served:
        assert "lists no batch" in str(ask(served).note)
        assert "answered 401: the key may not list batches" in str(ask(served, key="sk-another").note)


def test_a_vendor_known_to_have_no_list_is_not_asked() -> None:
    profile = Profile("x", "Vendor X", "openai", "a page", listing=BatchList("", "a page"))
    with serving(listing(None)) as served:
        found = ask(served, profile)
    assert "Vendor X has no list of batches" in str(found.note)
    assert served.asked == []


def test_a_vendors_own_path_of_the_list_is_asked() -> None:
    profile = Profile("x", "Vendor X", "openai", "a page", listing=BatchList("/batch/jobs", "a page"))
    with serving(VENDORS["mistral"]) as served:
        found = ask(served, profile)
    assert found.batch_ids == tuple(VENDORS["mistral"].batches)
    assert served.asked[0][1] == "/v1/batch/jobs?limit=20"


def test_the_id_in_a_resource_name_is_its_last_part() -> None:
    profile = Profile("x", "Fireworks", "openai", "a page", listing=BatchList("/batchInferenceJobs", "a page"))
    with serving(VENDORS["fireworks"]) as served:
        assert ask(served, profile).batch_ids == ("job1",)


@pytest.mark.parametrize("body", [b"<html>", b"", b'"a text"', b"7", b"{}", b'{"data": 7}', b"\xff\xfe", b"[" * 9999])
def test_what_is_no_list_is_said_to_be_none(body: bytes) -> None:
    with answering(200, body) as url, Target(url, KEY, present, retries=0) as target:
        found = discover(target, SILICONFLOW, None)
    assert found.batch_ids == ()
    assert "no list" in str(found.note)


def test_a_target_that_is_away_is_said_to_be(unused_port: int) -> None:
    with Target(f"http://127.0.0.1:{unused_port}/v1", KEY, present, retries=0) as target:
        assert "connection refused); give ids with --batch-id" in str(discover(target, SILICONFLOW, None).note)


@pytest.fixture
def unused_port() -> int:
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as server:
        return int(server.server_address[1])


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from(["id", "batch_id", "status", "data", "batches", "x"]), inner, max_size=4)
        ),
    )
)
def test_no_json_value_makes_discovery_crash_or_give_an_unusable_id(value: Any) -> None:
    found = entries_of(value, SILICONFLOW)
    assert found is None or all(isinstance(entry.batch_id, str) and entry.batch_id for entry in found)


def test_a_run_discovers_its_ids_and_says_so_in_the_reports(tmp_path: Path) -> None:
    with serving(VENDORS["siliconflow"]) as served:
        outcome = run_suite(
            tmp_path, "--discover", "--base-url", served.base_url, "--vendor=siliconflow", env={"BATCH_API_KEY": KEY}
        )
    assert outcome.code == 0, outcome.text
    assert outcome.drift["verdict"] == "conforms"
    assert any("--discover: GET /batches?limit=20 lists 2 batches" in note for note in outcome.drift["notes"])
    assert set(outcome.drift["target"]["batch_ids"]) == set(VENDORS["siliconflow"].batches)


def test_workers_share_what_was_discovered_once(tmp_path: Path) -> None:
    with serving(VENDORS["siliconflow"]) as served:
        target = ("--discover", "--base-url", served.base_url, "--vendor=siliconflow", "-n", "2")
        outcome = run_suite(tmp_path, *target, env={"BATCH_API_KEY": KEY})
    assert outcome.code == 0, outcome.text
    assert [path for _, path, _ in served.asked].count("/v1/batches?limit=20") == 1


def test_less_coverage_than_asked_for_is_inconclusive_and_says_how_much_there_was(tmp_path: Path) -> None:
    with serving(VENDORS["siliconflow"]) as served:
        target = ("--discover", "--base-url", served.base_url, "--vendor=siliconflow")
        short = run_suite(tmp_path / "a", *target, "--min-coverage=99", env={"BATCH_API_KEY": KEY})
        enough = run_suite(tmp_path / "b", *target, "--min-coverage=40", env={"BATCH_API_KEY": KEY})
    assert short.code == 6
    assert short.drift["verdict"] == "inconclusive"
    assert "% of the clauses were judged, --min-coverage asks for 99 %" in short.text
    assert "not observed: 9" not in short.text
    assert enough.code == 0, enough.text


@pytest.mark.parametrize("percent", ["0", "-3", "101", "nan"])
def test_a_percentage_that_is_none_is_refused(tmp_path: Path, percent: str) -> None:
    outcome = run_suite(tmp_path, f"--min-coverage={percent}")
    assert outcome.code == 4
    assert "--min-coverage" in outcome.text
