"""The embedded mock: its own process, and no longer than it is needed."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from mock_support import Client

from batch_conformance.mock.drifts import DriftError
from batch_conformance.mock.process import EmbeddedMock, MockError

ROOT = Path(__file__).resolve().parents[1]
PARENT = """
import os, sys, time
from batch_conformance.mock.process import EmbeddedMock
mock = EmbeddedMock().start()
if sys.argv[1] == "forks" and os.fork() == 0:
    time.sleep(30)
    os._exit(0)
print(mock.base_url, mock.pid, flush=True)
time.sleep(60)
"""


def port_of(base_url: str) -> int:
    port = urlsplit(base_url).port
    assert port is not None
    return port


def is_listening(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except OSError:
        return False
    return True


def wait_until_gone(port: int) -> bool:
    for _ in range(200):
        if not is_listening(port):
            return True
        time.sleep(0.05)
    return False


def test_it_serves_its_batches_to_who_has_its_key() -> None:
    with EmbeddedMock() as mock, Client(port_of(mock.base_url), mock.key) as client:
        assert mock.base_url.endswith("/v1")
        assert len(mock.batch_ids) >= 12
        assert all(client.read(batch_id).json["id"] == batch_id for batch_id in mock.batch_ids)


def test_two_mocks_have_different_keys_and_ports() -> None:
    with EmbeddedMock() as one, EmbeddedMock() as other:
        assert one.base_url != other.base_url
        assert one.key != other.key
        with Client(port_of(one.base_url), other.key) as client:
            assert client.read(one.batch_ids[0]).status == 401


def test_it_takes_drifts_style_prefix_and_latency() -> None:
    settings = {"drifts": ["created_at_string"], "style": "null", "latency": 0.01, "prefix": "/api"}
    with EmbeddedMock(key="sk-own", **settings) as mock, Client(port_of(mock.base_url), "sk-own") as client:
        body = client.ask(f"/api/batches/{mock.batch_ids[0]}").json
        assert (body["created_at"], body["completed_at"]) == ("1741685413", None)


def test_an_unknown_drift_is_refused_before_anything_starts() -> None:
    with pytest.raises(DriftError, match="no drift is named 'nope'"):
        EmbeddedMock(drifts=["nope"])


def test_stop_leaves_no_port_and_no_process() -> None:
    mock = EmbeddedMock().start()
    pid, port = mock.pid, port_of(mock.base_url)
    assert pid is not None
    with Client(port, mock.key) as client:
        assert client.read(mock.batch_ids[0]).status == 200
        mock.stop()  # with a connection still open
    assert mock.pid is None
    assert not is_listening(port)
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    mock.stop()


def test_it_can_be_started_again() -> None:
    mock = EmbeddedMock()
    for _ in range(2):
        with mock, Client(port_of(mock.base_url), mock.key) as client:
            assert client.read(mock.batch_ids[0]).status == 200


def test_it_stops_when_the_block_fails() -> None:
    mock = EmbeddedMock()
    with pytest.raises(ZeroDivisionError), mock:
        _ = 1 // 0
    assert mock.pid is None
    assert not is_listening(port_of(mock.base_url))


def test_the_key_is_neither_in_the_arguments_nor_in_the_environment() -> None:
    with EmbeddedMock() as mock:
        folder = Path(f"/proc/{mock.pid}")
        if not folder.is_dir():
            pytest.skip("no /proc on this system")
        for name in ("cmdline", "environ"):
            assert mock.key.encode() not in (folder / name).read_bytes()


def test_ctrl_c_in_the_terminal_does_not_end_it_before_its_parent_does() -> None:
    with EmbeddedMock() as mock, Client(port_of(mock.base_url), mock.key) as client:
        assert mock.pid is not None
        os.kill(mock.pid, signal.SIGINT)
        assert client.read(mock.batch_ids[0]).status == 200


def test_sigterm_ends_it_cleanly() -> None:
    mock = EmbeddedMock().start()
    assert mock.pid is not None
    os.kill(mock.pid, signal.SIGTERM)
    assert wait_until_gone(port_of(mock.base_url))
    mock.stop()


@pytest.mark.parametrize("how", ["alone", "forks"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_it_does_not_outlive_a_parent_that_is_killed(how: str, number: signal.Signals) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, how], stdout=subprocess.PIPE, env=environment, start_new_session=True
    ) as parent:
        assert parent.stdout is not None
        base_url, _ = parent.stdout.readline().decode().split()
        port = port_of(base_url)
        assert is_listening(port)
        try:
            parent.send_signal(number)
            parent.wait(10)
            assert wait_until_gone(port)
        finally:
            os.killpg(parent.pid, signal.SIGKILL) if how == "forks" else parent.kill()


def test_a_mock_that_cannot_start_says_why_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(MockError, match=r"^the embedded mock did not start: exit code 1$"):
        EmbeddedMock().start()


def test_it_starts_from_any_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    with EmbeddedMock() as mock:
        assert mock.batch_ids


def test_its_process_needs_neither_click_nor_the_heavy_half_of_the_project() -> None:
    code = "import json, sys; import batch_conformance.mock.child; print(json.dumps(sorted(sys.modules)))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, env={**os.environ, "PYTHONPATH": str(ROOT)}
    )
    modules = set(json.loads(loaded.stdout))
    assert not modules & {"click", "hypothesis", "schemathesis", "jsonschema", "yaml", "requests"}
    ours = {name for name in modules if name.startswith("batch_conformance.")}
    own = {"batch_conformance.input_error", "batch_conformance.message", "batch_conformance.near_miss"}
    assert {name for name in ours if not name.startswith("batch_conformance.mock")} == own
