"""Traffic of several servers in one recording: the batches of one are not held against those of another."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from judge_support import QUEUED
from recorded_support import BASE, found, line, ndjson, validated

STAGING = "https://staging.example.com/v1"
START = QUEUED["created_at"]
Read = tuple[str, str, dict[str, Any]]
"""A base URL, the id that was asked for, and what was answered."""


def batch(state: str, later: int = 0, **more: Any) -> dict[str, Any]:
    """The batch in a state, created so many seconds later."""
    times = {name: QUEUED[name] + later for name in ("created_at", "expires_at")}
    passed = {"in_progress": 1, "completed": 3}[state]
    names = ("in_progress_at", "finalizing_at", "completed_at")[:passed]
    files = {"output_file_id": "file-1"} if state == "completed" else {}
    return {**QUEUED, **times, **dict.fromkeys(names, times["created_at"] + 9), "status": state, **files, **more}


def told(folder: Path, reads: list[Read], *arguments: str) -> list[tuple[str, str, str]]:
    lines = [
        line(body, url=f"{base}/batches/{asked}", started_at=START + 100.0 + number)
        for number, (base, asked, body) in enumerate(reads)
    ]
    recording = folder / "traffic.ndjson"
    recording.write_bytes(ndjson(*lines))
    return found(validated(folder / "reports", str(recording), *arguments)[1])


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_one_id_on_two_servers_is_two_batches(tmp_path: Path, jobs: str) -> None:
    own = QUEUED["id"]
    reads = [(BASE, own, batch("completed")), (STAGING, own, batch("in_progress", 50, input_file_id="file-s"))] * 3
    assert told(tmp_path, reads, f"--jobs={jobs}") == []


def test_two_batches_of_two_servers_may_name_one_file(tmp_path: Path) -> None:
    other = batch("completed", 50, id="batch_other")
    assert told(tmp_path, [(BASE, QUEUED["id"], batch("completed")), (STAGING, "batch_other", other)]) == []
    own = told(tmp_path, [(BASE, QUEUED["id"], batch("completed")), (BASE, "batch_other", other)])
    assert own == [("results.shared", "200", "/output_file_id")]


def test_what_happens_to_a_batch_of_one_of_them_is_still_told(tmp_path: Path) -> None:
    own = QUEUED["id"]
    back = [(BASE, own, batch("completed")), (STAGING, own, batch("completed", 50)), (BASE, own, batch("in_progress"))]
    assert ("state.regressed", "200", "/status") in told(tmp_path, back)


def test_one_server_alone_is_judged_as_ever(tmp_path: Path) -> None:
    own = QUEUED["id"]
    reads = [
        (BASE, own, batch("completed")),
        (STAGING, own, batch("completed", 50)),
        (BASE, own, batch("completed", 9)),
    ]
    assert told(tmp_path, reads) == []
    assert told(tmp_path, reads, f"--base-url={BASE}") == [("stability.changed", "200", "")]
