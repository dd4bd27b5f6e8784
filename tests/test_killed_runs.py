"""A run that is killed at any request, and taken up: nothing is made twice, nothing is lost, and nothing runs on."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from mock_support import KEY, serving
from suite_support import WITHOUT_PLUGINS, run_command
from test_making import API, TICK, Watched, contract, journal_of, judged, spec, target_of
from test_pending_cancel import TAKES_ALL

from batch_conformance.exchange.exchange import Exchange, Probe
from batch_conformance.exchange.target import Target
from batch_conformance.mock.drift import Drift
from batch_conformance.probes.credentials import present
from batch_conformance.run.live.batch_requests import FILE_PREFIX
from batch_conformance.run.live.journal import Journal, read_journal
from batch_conformance.run.live.making import MakingResult, make_batches

ENDED = {"completed", "cancelled", "failed"}
POINTS = [*((number, True) for number in range(0, 80, 4)), *((number, False) for number in range(2, 80, 8))]
"""The requests at which runs are killed, and whether the server takes whatever is asked for."""


class Killed(Watched):
    """A target whose process ends at a request: nothing is sent or written any more, whatever it was about to do."""

    journal: Journal
    at = -1
    is_dead = False

    def send(self, probe: Probe, number: int, *args: Any, **more: Any) -> tuple[Exchange, ...]:
        if self.is_dead:
            raise KeyboardInterrupt
        is_end = len(self.sent) == self.at
        before = is_end and self.at % 8 in (0, 2)
        attempts = () if before else super().send(probe, number, *args, **more)
        if is_end:
            self.is_dead, self.journal.file = True, None
            raise KeyboardInterrupt
        return attempts


def killed(url: str, file: Path, number: int, name: str) -> bool:
    """Begin a run that is killed at a request; whether it was not done before."""
    with Killed(url, KEY, present, retries=0) as target:
        target.sent, target.at, target.journal = [], number, journal_of(url, file, name)
        try:
            make_batches(target, contract(name), None, target.journal, seconds=20.0, sleep=lambda _: None)
        except KeyboardInterrupt:
            return True
    return False


def resumed(url: str, file: Path, name: str) -> tuple[MakingResult, list[Probe]]:
    journal = read_journal(file, target=url, contract=contract(name).document.sha256, name=name)
    with target_of(url) as target:
        made = make_batches(target, contract(name), None, journal, seconds=20.0, sleep=lambda _: None)
    return made, target.sent


def asked(url: str, path: str, query: str) -> Any:
    with Target(url, KEY, present) as target:
        answer = target.send(Probe("x", "list", path, None, "known", query=query), 0)[-1].response
    assert answer is not None
    return json.loads(answer.body)


def batches_of(url: str) -> list[dict[str, Any]]:
    return [one for one in asked(url, "/batches", "limit=100")["data"] if "mock" in one["id"]]


@pytest.mark.parametrize(("number", "takes_all"), POINTS)
def test_nothing_is_made_twice_or_lost_or_left_running(tmp_path: Path, number: int, *, takes_all: bool) -> None:
    drifts: list[Drift] = [TAKES_ALL] if takes_all else []
    file = tmp_path / "batches.json"
    with serving(mock_spec=spec(), drifts=drifts, tick=TICK) as port:
        url = f"http://127.0.0.1:{port}/v1"
        if not killed(url, file, number, API):
            pytest.skip("a run has fewer requests")
        if not file.exists():
            assert number < 2
            return
        made, _ = resumed(url, file, API)
        files = asked(url, "/files", "purpose=batch&limit=1000")["data"]["data"]
        made_of = batches_of(url)
    ours = Counter(one["filename"] for one in files if one["filename"].startswith(FILE_PREFIX))
    assert set(ours.values()) == {1}
    orders = Counter(
        (str(one.get("input_file_id")), str(one.get("endpoint")), str(one.get("completion_window"))) for one in made_of
    )
    assert set(orders.values()) == {1}, orders
    assert {one["status"] for one in made_of} <= ENDED
    assert [one["status"] for one in made_of].count("completed") == 1
    assert made.missing == ()
    assert len(made.batch_ids) == 2
    if not takes_all:
        assert [one.rule for one in judged(made).findings if one.level != "info"] == []
    assert KEY not in file.read_text()


@pytest.mark.parametrize("number", [3, 12, 33, 42])
def test_files_are_deleted_by_the_run_that_takes_it_up(tmp_path: Path, number: int) -> None:
    file = tmp_path / "batches.json"
    with serving(mock_spec=spec("openai"), tick=TICK) as port:
        url = f"http://127.0.0.1:{port}/v1"
        assert killed(url, file, number, "openai")
        made, _ = resumed(url, file, "openai")
        files = asked(url, "/files", "limit=100")["data"]
    assert made.missing == ()
    assert [one["filename"] for one in files if one["filename"].startswith(FILE_PREFIX)] == []


def test_a_process_that_is_killed_can_be_taken_up_by_another_one(tmp_path: Path) -> None:
    run = [sys.executable, "-m", "batch_conformance", "run", f"--contract={API}", "--operations=all", "-q"]
    environ = {**os.environ, **WITHOUT_PLUGINS, "BATCH_API_KEY": KEY}
    with serving(mock_spec=spec(), latency=0.02) as port:
        url = f"http://127.0.0.1:{port}/v1"
        aimed = [f"--base-url={url}", "--reports-dir=reports"]
        journal = tmp_path / "reports" / "batches.json"
        process = subprocess.Popen(
            [*run, *aimed, "--create=any"],
            cwd=tmp_path,
            env=environ,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        end = time.monotonic() + 60
        while time.monotonic() < end and not (journal.exists() and "create_three_lines" in journal.read_text()):
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait()
        outcome = subprocess.run(
            [*run, *aimed, f"--resume={journal}"],
            cwd=tmp_path,
            env=environ,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert outcome.returncode == 0, outcome.stdout + outcome.stderr
        made_of = batches_of(url)
    assert Counter(one["status"] for one in made_of) == {"completed": 1, "cancelled": 1}
    assert re.search(r"2 batches made: \w+ is completed, \w+ is cancelled", " ".join(outcome.stdout.split()))


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"format": "batch-conformance journal 1"}', "\0\1", '{"steps": {"a": 5}}']
)
def test_a_damaged_journal_ends_a_run_with_one_line(tmp_path: Path, text: str) -> None:
    file = tmp_path / "batches.json"
    file.write_text(text)
    with serving(mock_spec=spec(), tick=TICK) as port:
        options = (
            f"--contract={API}",
            "--operations=all",
            f"--resume={file}",
            f"--base-url=http://127.0.0.1:{port}/v1",
        )
        outcome = run_command("run", *options, BATCH_API_KEY=KEY)
    assert outcome.returncode == 4, outcome.stdout
    said = [line for line in (outcome.stdout + outcome.stderr).splitlines() if line.startswith("ERROR")]
    assert len(said) == 1
    assert "--resume" in said[0]
    assert "damaged" in said[0]
    assert "Traceback" not in outcome.stdout + outcome.stderr
