"""However a run ends, what was gathered is on disk, whole, and nothing of the run is left behind."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

import gateway
import pytest
from fork_server import run_module
from suite_support import OURS, PLAIN, PLUGINS, ROOT, WITHOUT_PLUGINS, Outcome, run_suite

from batch_conformance.mock.process import EmbeddedMock
from batch_conformance.report.run.writer import FORMATS
from batch_conformance.session import AuditSession

HALF_WAY = 120


class Run:
    """A run of the suite that can be struck while it goes on."""

    def __init__(self, folder: Path, *arguments: str, env: dict[str, str] | None = None) -> None:
        environment = {name: value for name, value in os.environ.items() if name not in OURS}
        environment |= WITHOUT_PLUGINS | (env or {})
        self._begun: Future[int] = Future()
        self._ended: Future[Outcome] = Future()

        def perform() -> None:
            command = ("pytest", *PLUGINS, *PLAIN, f"--reports-dir={folder}", *arguments)
            try:
                done = run_module(*command, environment=environment, timeout=120, started=self._begun.set_result)
            except BaseException as error:
                self._ended.set_exception(error)
            else:
                self._ended.set_result(Outcome(done.returncode, done.stdout + done.stderr, folder))

        threading.Thread(target=perform).start()

    @property
    def pid(self) -> int:
        """The id of its process."""
        return self._begun.result(60)

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def end(self) -> Outcome:
        return self._ended.result(150)

    def children(self, word: str) -> list[int]:
        """Process ids of the run's children whose command contains the word."""
        pid = self.pid
        try:
            listed = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
        except OSError:
            return []
        return [int(child) for child in listed if word in _command(int(child))]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


def wait_for(what: Callable[[], object], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come to that"
        time.sleep(0.02)


@pytest.fixture
def mock() -> Iterator[EmbeddedMock]:
    with EmbeddedMock() as mock:
        yield mock


def strike(mock: EmbeddedMock, folder: Path, blow: Callable[[Run], None], *arguments: str) -> Outcome:
    """Run against the mock, and deal the blow when request number ``HALF_WAY`` comes in."""
    run: list[Run] = []

    def fate(number: int) -> str:
        if number == HALF_WAY:
            wait_for(lambda: run)
            blow(run[0])
        return "pass"

    with gateway.before(mock.base_url, fate) as (_, base_url):
        env = {"BATCH_API_KEY": mock.key, "BATCH_IDS": ",".join(mock.batch_ids)}
        run.append(Run(folder, "--base-url", base_url, *arguments, env=env))
        return run[0].end()


def whole(outcome: Outcome) -> bool:
    """All reports are there, and nothing half-written beside them."""
    names = {path.name for path in outcome.folder.iterdir()}
    return names >= set(FORMATS) and not any(name.startswith(".") for name in names)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_half_way_leaves_the_reports_of_what_was_gathered(mock, tmp_path, number):
    outcome = strike(mock, tmp_path, lambda run: run.send_signal(number))
    assert outcome.code == 2, outcome.text
    assert whole(outcome)
    drift = outcome.drift
    assert drift["complete"] is False
    assert drift["exit_code"] == 2
    assert drift["verdict"] == "inconclusive"
    assert HALF_WAY - 10 <= drift["run"]["requests"] <= HALF_WAY + 1
    assert "interrupted" in outcome.text
    assert "Traceback" not in outcome.text


def test_a_drift_seen_before_the_signal_is_told(tmp_path):
    with EmbeddedMock(drifts=["created_at_string"]) as mock:
        outcome = strike(mock, tmp_path, lambda run: run.send_signal(signal.SIGTERM))
    assert outcome.code == 2
    assert outcome.drift["verdict"] == "drift"
    assert ("body.type", "200", "/created_at") in outcome.findings("must")
    failed = ET.parse(tmp_path / "junit.xml").getroot().findall(".//testcase[failure]")
    assert [case.get("name") for case in failed] == ["test_each_value_has_its_documented_type[200-created_at]"]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_signal_leaves_an_embedded_mock_behind(tmp_path, number):
    run = Run(tmp_path)
    children: list[int] = []
    wait_for(lambda: children.extend(run.children("mock.child")) or children)
    run.send_signal(number)
    assert run.end().code == (-number if number == signal.SIGKILL else 2)
    wait_for(lambda: not any("mock.child" in _command(child) for child in children), 10)


class Nowhere:
    """An entry of a traceback that has no line, as one of an interrupt may have none."""

    @property
    def lineno(self) -> int:
        raise TypeError("unsupported operand type(s) for -: 'NoneType' and 'int'")


def test_an_interrupt_at_no_line_is_shown_without_it(request):
    try:
        raise KeyboardInterrupt
    except KeyboardInterrupt as error:
        caught = pytest.ExceptionInfo.from_exception(error)
    (there,) = caught.traceback
    caught.traceback = type(caught.traceback)([there, Nowhere()])
    AuditSession(request.config).pytest_keyboard_interrupt(caught)
    assert list(caught.traceback) == [there]


def test_the_port_of_the_embedded_mock_is_closed_when_the_run_is_over(tmp_path):
    outcome = run_suite(tmp_path, "--exploration=quick")
    assert outcome.code == 0, outcome.text
    port = int(outcome.drift["target"]["base_url"].rpartition(":")[2].partition("/")[0])
    with socket.socket() as sock:
        assert sock.connect_ex(("127.0.0.1", port)) != 0


CRASHES = {
    "a rule": "batch_conformance.judge.judge.check",
    "the judge": "batch_conformance.judge.judge.Judge.ledger",
}


@pytest.mark.parametrize("place", CRASHES)
def test_a_crash_of_the_judge_is_a_fault_and_the_exchanges_are_reported(mock, tmp_path, place):
    outcome = run_suite(tmp_path / "reports", "-p", "crashing", mock=mock, env=crashing(tmp_path, CRASHES[place]))
    assert outcome.code == 3, outcome.text
    assert whole(outcome)
    assert outcome.drift["verdict"] == "inconclusive"
    assert outcome.drift["complete"] is False
    assert "a rule that crashed" in outcome.drift["fault"]
    assert outcome.drift["run"]["requests"] > 300
    entries = json.loads((outcome.folder / "exchanges.har").read_text(encoding="utf-8"))["log"]["entries"]
    assert len(entries) == outcome.drift["run"]["requests"]


def test_a_crash_while_the_report_is_made_never_reads_as_drift(mock, tmp_path):
    env = crashing(tmp_path, "batch_conformance.run.live.audit.decide")
    outcome = run_suite(tmp_path / "reports", "-p", "crashing", mock=mock, env=env)
    assert outcome.code == 3, outcome.text
    assert "The report could not be made: RuntimeError: a rule that crashed" in outcome.text
    assert "Traceback" not in outcome.text


def test_a_mock_that_does_not_start_is_a_fault_told_in_one_line(tmp_path):
    env = crashing(
        tmp_path, "batch_conformance.mock.process.EmbeddedMock._handshake", "MockError(shown('it did not start'))"
    )
    outcome = run_suite(tmp_path / "reports", "-p", "crashing", env=env)
    assert outcome.code == 3, outcome.text
    assert "it did not start" in outcome.text
    assert "Traceback" not in outcome.text


def crashing(folder: Path, place: str, error: str = "RuntimeError('a rule that crashed')") -> dict[str, str]:
    """An environment in which pytest finds a plugin that makes what is at this place crash."""
    code = f"""
import importlib

def crash(*_, **__):
    from batch_conformance.message import shown
    from batch_conformance.mock.process import MockError
    raise {error}

parts, name = {place!r}.split("."), ""
for cut in range(len(parts) - 1, 0, -1):
    try:
        found = importlib.import_module(".".join(parts[:cut]))
    except ModuleNotFoundError:
        continue
    break
for name in parts[cut:-1]:
    found = getattr(found, name)
assert hasattr(found, parts[-1])
setattr(found, parts[-1], crash)
"""
    (folder / "crashing.py").write_text(code, encoding="utf-8")
    return {"PYTHONPATH": str(folder)}


def limited(blocks: int, folder: Path, mock: EmbeddedMock, *arguments: str) -> Outcome:
    """Run against the mock where no file can have more than so many blocks of 1,024 bytes."""
    environment = {name: value for name, value in os.environ.items() if name not in OURS} | WITHOUT_PLUGINS
    environment |= {"BATCH_API_KEY": mock.key, "BATCH_IDS": ",".join(mock.batch_ids)}
    command = [sys.executable, "-m", "pytest", *PLUGINS, *PLAIN, f"--reports-dir={folder}", "--base-url", mock.base_url]
    done = subprocess.run(
        ["bash", "-c", f'ulimit -f {blocks}; exec "$@"', "bash", *command, *arguments],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=120,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, folder)


def test_a_full_disk_is_a_fault_that_leaves_the_former_reports_whole(mock, tmp_path):
    for name in FORMATS:
        (tmp_path / name).write_text("the former one", encoding="utf-8")
    outcome = limited(4, tmp_path, mock, "--exploration=quick")
    assert outcome.code == 3, outcome.text
    assert "cannot write" in outcome.text
    assert "Traceback" not in outcome.text
    assert whole(outcome)
    assert (tmp_path / "drift.html").read_text(encoding="utf-8") == "the former one"


def test_a_disk_that_fills_up_under_the_workers_is_a_fault(mock, tmp_path):
    outcome = limited(40, tmp_path, mock, "-n", "2", "--tb=no")
    assert outcome.code == 3, outcome.text


def test_a_worker_that_is_killed_is_a_fault_and_the_rest_is_reported(mock, tmp_path):
    def kill_a_worker(run: Run) -> None:
        workers = run.children("exec(eval")
        os.kill(workers[0], signal.SIGKILL)

    outcome = strike(mock, tmp_path, kill_a_worker, "-n", "2")
    assert outcome.code == 3, outcome.text
    assert whole(outcome)
    assert outcome.drift["complete"] is False
    assert "worker" in outcome.drift["fault"]
    assert outcome.drift["run"]["requests"] >= HALF_WAY
    assert outcome.findings("must", "should") == []
