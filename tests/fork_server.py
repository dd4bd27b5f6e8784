"""Runs Python programs in processes of their own without the cost of their imports: forks of one that imported them.

As a program, it imports what most runs need, and then forks for each socket that it is handed, and again for the
request that comes through it: a line of JSON with ``module``, ``arguments``, ``environment``, ``folder`` and
``output``. The second fork runs the module as ``python -m`` does; the first waits for it, and answers with its process
id, and at its end with its exit code and CPU seconds, a line each. ``run_module`` asks it.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import json
import os
import random
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent

_IMPORTED = (
    "pytest",
    "schemathesis.specs.openapi.schemas",
    "batch_conformance.cli",
    "batch_conformance.client.reader",
    "batch_conformance.probes.generated",
    "batch_conformance.report.matrix.formats",
    "batch_conformance.run.audits.command",
    "batch_conformance.run.live.begin",
    "batch_conformance.run.validate.command",
    "batch_conformance.session",
)
"""The plugin itself is none of them: pytest has to import that one, and says so where it cannot."""
_OF_CI = ("CI", "GITHUB_ACTIONS")
"""Libraries read these as they are imported; whoever wants a run in CI says so in its environment."""
OF_THE_INTERPRETER = ("PYTHON", "LANG", "LC_")
"""How the names of variables begin that Python reads as it starts."""


@dataclass(frozen=True)
class Ended:
    """A run that has ended: its exit code, below zero for the signal that ended it, and its CPU seconds."""

    code: int
    cpu: float


class _Server:
    """The process that forks. As many runs at once as are asked for."""

    def __init__(self) -> None:
        self._control, theirs = socket.socketpair()
        self.process = subprocess.Popen(
            [sys.executable, __file__, str(theirs.fileno())],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if name not in _OF_CI},
            stdin=subprocess.DEVNULL,
            pass_fds=(theirs.fileno(),),
        )
        theirs.close()
        atexit.register(self.close)

    def run(self, request: Mapping[str, Any], timeout: float, started: Callable[[int], None]) -> Ended:
        """What becomes of a run, whose process id ``started`` gets. Raises TimeoutError."""
        ours, theirs = socket.socketpair()
        with ours, theirs:
            socket.send_fds(self._control, [b"!"], [theirs.fileno()])
            theirs.close()
            with ours.makefile("rw", encoding="utf-8") as run:
                run.write(json.dumps(request) + "\n")
                run.flush()
                pid = int(run.readline())
                started(pid)
                ours.settimeout(timeout)
                try:
                    code, cpu = run.readline().split()
                except TimeoutError:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                    raise TimeoutError(
                        f"{request['module']} {request['arguments']} did not end in {timeout:g} s"
                    ) from None
        return Ended(int(code), float(cpu))

    def close(self) -> None:
        self._control.close()
        self.process.wait()


class Run(subprocess.CompletedProcess[str]):
    """A module that was run: what ``subprocess.run`` says of a program, and the CPU seconds that it took."""

    def __init__(self, args: list[str], returncode: int, stdout: str, stderr: str, *, cpu: float) -> None:
        super().__init__(args, returncode, stdout, stderr)
        self.cpu = cpu


_servers: list[_Server] = []
_STARTING = threading.Lock()


def run_module(
    module: str,
    *arguments: str,
    environment: Mapping[str, str],
    cwd: Path = ROOT,
    timeout: float = 300,
    started: Callable[[int], None] = lambda _: None,
) -> Run:
    """What ``python -m MODULE ARGUMENT…`` comes to in a forked process with this whole environment.

    It runs in ``cwd``, and imports from the clone, and then from PYTHONPATH. ``started`` gets the id of that process.
    Raises TimeoutError where it does not end in time (seconds). What else the interpreter reads of the environment has
    to be as it is here, and with it the seed of its hashes is the same in all of them.
    """
    for name in {*environment, *os.environ} - {"PYTHONPATH"}:
        if name.startswith(OF_THE_INTERPRETER) and environment.get(name) != os.environ.get(name):
            raise ValueError(f"{name} says something to an interpreter that starts: none does here")
    with _STARTING:
        if not _servers:
            _servers.append(_Server())
    with tempfile.TemporaryDirectory() as aside:
        out, err = Path(aside, "out"), Path(aside, "err")
        request = {"module": module, "arguments": arguments, "environment": dict(environment), "folder": str(cwd)}
        ended = _servers[0].run(request | {"output": [str(out), str(err)]}, timeout, started)
        texts = [file.read_text("utf-8", "replace") for file in (out, err)]
    return Run([module, *arguments], ended.code, *texts, cpu=ended.cpu)


def _serve(control: socket.socket) -> None:
    """Fork for each socket that comes over this one, until there are no more; a fork never comes back."""
    for name in _IMPORTED:
        importlib.import_module(name)
    with contextlib.suppress(Exception):  # a fault of the product is for the runs to show
        _audit_once()
    # What is frozen, no collection of a fork looks at: that would copy every page of it, for a fifth of a second each.
    gc.collect()
    gc.freeze()
    waiting: set[int] = set()
    while received := socket.recv_fds(control, 1, 1)[1]:
        waiting -= {pid for pid in waiting if os.waitpid(pid, os.WNOHANG)[0]}
        pid = os.fork()
        if pid == 0:
            control.close()
            _run_and_wait(received[0])
        waiting.add(pid)
        os.close(received[0])


def _audit_once() -> None:
    """Audit a mock, and write its reports, to have what is made the first time that code is used before any fork.

    That is compiled patterns and templates, Hypothesis' tables, and modules that are imported where they are needed:
    a sixth of the CPU seconds of a run; and the contract that is known by name, which a process compiles once. None of
    it is a result: a fork makes its own plan and ledger.
    """
    from hypothesis.configuration import notice_initialization_restarted  # noqa: PLC0415 - no need of who asks for runs

    from batch_conformance.mock.process import EmbeddedMock  # noqa: PLC0415
    from batch_conformance.report.run.writer import write_reports  # noqa: PLC0415
    from batch_conformance.run.live.begin import begin  # noqa: PLC0415
    from batch_conformance.run.settings import settle  # noqa: PLC0415

    with EmbeddedMock() as mock, tempfile.TemporaryDirectory() as folder:
        settings = settle(
            {"BATCH_API_KEY": mock.key}, base_url=mock.base_url, batch_ids=mock.batch_ids, reports_dir=folder
        )
        audit = begin(settings, seed=None, command="pytest", sleep=lambda _seconds: None)
        try:
            audit.runner.send()
            write_reports(audit.report(), settings.reports_dir)
        finally:
            audit.close()
    # A fork loads Hypothesis' plugin, which would warn it that something was drawn before.
    notice_initialization_restarted(warn=False)


def _run_and_wait(connection: int) -> None:
    """Run in a fork what is asked for, and say which process that is, and what became of it, a line each."""
    with os.fdopen(connection, "r+b", buffering=0) as run:
        request = b""
        while not request.endswith(b"\n"):
            request += run.read(1 << 16)
        pid = os.fork()
        if pid == 0:
            run.close()
            _run(json.loads(request))
        run.write(f"{pid}\n".encode())
        _, status, usage = os.wait4(pid, 0)
        with contextlib.suppress(BrokenPipeError):  # nobody waits any more for what took too long
            run.write(f"{os.waitstatus_to_exitcode(status)} {usage.ru_utime + usage.ru_stime}\n".encode())
    os._exit(0)


def _run(request: Mapping[str, Any]) -> None:
    """Run a module as the whole program; raises SystemExit, or what else it ends with."""
    for descriptor, name in zip((1, 2), request["output"], strict=True):
        file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, descriptor)
        os.close(file)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    tempfile.tempdir = None
    random.seed()
    sys.path[:1] = [str(ROOT), *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    sys.argv = [request["module"], *request["arguments"]]
    runpy.run_module(request["module"], run_name="__main__", alter_sys=True)
    sys.exit(0)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
