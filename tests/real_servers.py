"""Servers of other makers, installed once into a cache folder of the clone and run on loopback.

npm and pip install what ``tests/real`` names. Where npm is missing, or nothing can be fetched, the tests are skipped;
with ``REAL_SERVERS=required`` in the environment they fail instead, so that nothing goes unnoticed.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
WANTED = Path(__file__).resolve().parent / "real"
CACHE = ROOT / "build" / "real-servers"
KEY = "sk-real-servers-0123456789"
_INSTALL_SECONDS = 600
_START_SECONDS = 180
_LINE = {"custom_id": "one", "method": "POST", "url": "/v1/chat/completions"}


@dataclass(frozen=True)
class RealServer:
    """A running server: its base URL, and the process that it is."""

    base_url: str
    process: subprocess.Popen[bytes]

    def create_batch(self, outcome: str = "", *, model: str = "gpt-4o") -> str:
        """Upload a file of one line and make a batch of it, with the calls that OpenAI documents; returns its id.

        ``outcome`` is where aimock leads it; ``model`` is the one that the line asks for.
        """
        line = {**_LINE, "body": {"model": model, "messages": [{"role": "user", "content": "hello"}]}}
        boundary = "0123456789"
        parts = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="one.jsonl"\r\n'
            f"Content-Type: application/jsonl\r\n\r\n{json.dumps(line)}\n\r\n--{boundary}--\r\n"
        )
        file_id = self._post("/files", parts.encode(), f"multipart/form-data; boundary={boundary}", "")
        asked = {"input_file_id": file_id, "endpoint": _LINE["url"], "completion_window": "24h"}
        return self._post("/batches", json.dumps(asked).encode(), "application/json", outcome)

    def await_end_of(self, batch_id: str) -> str:
        """The status in which a batch ends; for servers that work in the background."""
        deadline = time.monotonic() + _START_SECONDS
        while True:
            headers = {"Authorization": f"Bearer {KEY}"}
            request = urllib.request.Request(f"{self.base_url}/batches/{batch_id}", headers=headers)
            with urllib.request.urlopen(request, timeout=60) as response:
                status = str(json.load(response)["status"])
            if status in ("completed", "failed", "cancelled", "expired") or time.monotonic() > deadline:
                return status
            time.sleep(0.2)

    def _post(self, path: str, body: bytes, content_type: str, outcome: str) -> str:
        headers = {"Content-Type": content_type, "Authorization": f"Bearer {KEY}"}
        if outcome:
            headers["X-AIMock-Batch-Outcome"] = outcome
        request = urllib.request.Request(self.base_url + path, data=body, headers=headers)
        with urllib.request.urlopen(request, timeout=60) as response:
            return str(json.load(response)["id"])


@contextmanager
def prism() -> Iterator[RealServer]:
    """Stoplight's mock of the published document: static answers out of its examples."""
    document = ROOT / "spec" / "siliconflow-get-batch.yaml"
    with node("@stoplight/prism-cli/dist/index.js", "mock", "-p", "{port}", str(document)) as server:
        yield server


@contextmanager
def aimock(*, keys: bool) -> Iterator[RealServer]:
    """CopilotKit's mock of OpenAI's batches, with or without keys of its own."""
    environment = {"AIMOCK_API_KEYS": KEY} if keys else {}
    fixtures = str(node_modules() / "@copilotkit/aimock/fixtures")
    arguments = ("-p", "{port}", "--log-level", "silent", "-f", fixtures, "-f", str(WANTED / "aimock.json"))
    with node("@copilotkit/aimock/dist/cli.js", *arguments, environment=environment, path="/v1") as server:
        yield server


@contextmanager
def llmock() -> Iterator[RealServer]:
    """The mock of many vendors on PyPI."""
    program = str(virtual_environment("llmock") / "bin" / "llmock")
    with running([program, "serve", "--port", "{port}", "--log-level", "warning"], {}, "/v1") as server:
        yield server


@contextmanager
def node(
    script: str, *arguments: str, environment: dict[str, str] | None = None, path: str = ""
) -> Iterator[RealServer]:
    command = [found("node"), str(node_modules() / script), *arguments]
    with running(command, environment or {}, path) as server:
        yield server


@contextmanager
def running(command: Sequence[str], environment: dict[str, str], path: str, *, port: int = 0) -> Iterator[RealServer]:
    port = port or free_port()
    CACHE.mkdir(parents=True, exist_ok=True)
    filled = [part.replace("{port}", str(port)) for part in command]
    log = CACHE / f"{Path(filled[1]).parent.name or 'server'}-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            filled, cwd=CACHE, env={**os.environ, **environment}, stdin=subprocess.DEVNULL, stdout=output, stderr=output
        )
        try:
            _await(process, port, log)
            yield RealServer(f"http://127.0.0.1:{port}{path}", process)
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            log.unlink(missing_ok=True)


def _await(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=2):
                return
        except urllib.error.HTTPError as error:
            error.close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"the server did not start: {log.read_text('utf-8', 'replace')[-500:]}")


def free_port() -> int:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return int(unused.getsockname()[1])


def node_modules(package: Path = WANTED / "package.json") -> Path:
    """The folder of node modules that a package.json wants, installed if need be."""
    wanted = package.read_bytes()
    folder = CACHE / f"npm-{_digest(wanted)}"
    with _alone(folder):
        if not (folder / "installed").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            (folder / "package.json").write_bytes(wanted)
            _install([found("npm"), "install", "--no-audit", "--no-fund", "--loglevel=error"], folder)
            (folder / "installed").touch()
    return folder / "node_modules"


def virtual_environment(name: str, *, prepare: Callable[[Path], None] | None = None) -> Path:
    """A virtual environment of what ``tests/real/NAME.txt`` pins, made if need be.

    The file names every package that is needed, so nothing else is resolved, nor what a package says of its Python.
    ``prepare`` is given the site-packages once all is installed.
    """
    wanted = WANTED / f"{name}.txt"
    folder = CACHE / f"{name}-{_digest(wanted.read_bytes())}"
    with _alone(folder):
        if not (folder / "installed").exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            _install([sys.executable, "-m", "venv", str(folder)], folder)
            pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
            _install([*pip, "--no-deps", "--ignore-requires-python", "-r", str(wanted)], folder)
            if prepare is not None:
                prepare(next(folder.glob("lib/python3*/site-packages")))
            (folder / "installed").touch()
    return folder


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One worker installs, the others wait for it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _install(command: Sequence[str], folder: Path) -> None:
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=_INSTALL_SECONDS, check=False
        )
        problem = "" if done.returncode == 0 else done.stderr.strip()[-300:] or f"exit code {done.returncode}"
    except (OSError, subprocess.TimeoutExpired) as error:
        problem = str(error)
    if problem:
        _unavailable(f"{Path(command[0]).name} cannot install what the tests need: {problem}")


def found(program: str) -> str:
    """Where a program is; without it the tests are skipped, or fail where it is required."""
    path = shutil.which(program)
    if path is None:
        _unavailable(f"{program} is not installed: it runs what these tests need")
    return str(path)


def _unavailable(reason: str) -> None:
    if os.environ.get("REAL_SERVERS") == "required":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]
