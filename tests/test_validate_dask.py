"""Recorded traffic read on a real local Dask cluster: the same as in one process, also when a worker is lost."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from distributed import LocalCluster
from judge_support import COMPLETED, QUEUED, contract
from recorded_support import line, ndjson, validated
from test_recorded_body import mixed
from test_recorded_ledger import told

from batch_conformance.recorded.inferred_probe import InferredProbe
from batch_conformance.recorded.operation_urls import OperationUrls
from batch_conformance.recorded.recording import Recording
from batch_conformance.recorded.source import Part, parts
from batch_conformance.run.validate.on_dask import ClusterError, read_on_cluster

GUESS = InferredProbe(OperationUrls(contract()))


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as started:
        yield started


@pytest.fixture
def traffic(tmp_path: Path) -> Path:
    """Reads of batches that move on, some of which drift, lines that are none, and a file that is compressed."""
    lines: list[Any] = [b"broken"]
    for step, body in enumerate((QUEUED, COMPLETED, {**QUEUED, "created_at": "soon"}, COMPLETED)):
        for number in range(40):
            shown = {**body, "id": f"b{number}"}
            lines.append(line(shown, batch_id=f"b{number}", started_at=1741685500.5 + 100 * step + number))
    path = tmp_path / "traffic.ndjson"
    path.write_bytes(ndjson(*lines))
    return path


def facts(recording: Recording) -> dict[str, Any]:
    ledger = recording.result()
    return {**told(ledger), "lines": recording.lines, "complaints": recording.malformed, "bases": recording.bases}


def alone(cut: list[Part]) -> Recording:
    recording = Recording(GUESS)
    for part in cut:
        recording.read(part)
    return recording


def test_a_cluster_finds_what_one_process_finds(cluster: LocalCluster, traffic: Path, tmp_path: Path) -> None:
    one, here = validated(tmp_path / "one", str(traffic))
    two, there = validated(tmp_path / "two", str(traffic), f"--dask={cluster.scheduler_address}")
    assert one.exit_code == two.exit_code == 1
    for part in ("findings", "coverage", "notes", "counts"):
        assert json.dumps(here[part]) == json.dumps(there[part])


def test_a_cluster_leaves_the_same_bodies_unjudged(cluster: LocalCluster, tmp_path: Path) -> None:
    names = mixed(tmp_path)
    _, here = validated(tmp_path / "one", *names)
    _, there = validated(tmp_path / "two", *names, f"--dask={cluster.scheduler_address}")
    assert any("bodies left unjudged: " in note for note in here["notes"])
    for part in ("findings", "coverage", "notes", "counts", "verdict"):
        assert there[part] == here[part]


def test_a_worker_that_is_lost_costs_nothing_but_time(cluster: LocalCluster, traffic: Path) -> None:
    cut = parts([str(traffic)], piece=2_000)
    killed: list[int] = []

    def kill(size: int, judged: int) -> None:
        if not killed:  # with the first result, when the workers hold the others or are at them
            killed.append(cluster.workers[0].process.pid)
            os.kill(killed[0], signal.SIGKILL)

    found = read_on_cluster(cut, GUESS, cluster.scheduler_address, kill)
    assert len(cut) > 30
    assert killed
    assert facts(found) == facts(alone(cut))


def test_what_no_cluster_can_read_is_said_in_a_line(cluster: LocalCluster, traffic: Path, tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="stdin"):
        read_on_cluster(parts(["-"]), GUESS, cluster.scheduler_address, lambda _size, _judged: None)
    result, _ = validated(tmp_path / "out", str(traffic), "--dask=nonsense://nowhere")
    assert result.exit_code == 4
    assert result.output.startswith("no Dask scheduler answers at nonsense://nowhere")
