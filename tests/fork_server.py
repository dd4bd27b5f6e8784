"""Runs Python programs in processes of their own without the cost of their imports: forks of one that imported them.

As a program, it imports what most runs need, and then forks for each request that it reads: a line of JSON with
``module``, ``arguments``, ``environment`` and ``output``. The fork runs the module as ``python -m`` does; the
answers are its process id and its exit code, a line each. ``run_module`` asks it.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import json
import os
import random
import runpy
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
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


class _Server:
    """The process that forks, with pipes to and from it. One run at a time."""

    def __init__(self) -> None:
        ours, theirs = os.pipe()
        read, written = os.pipe()
        self.process = subprocess.Popen(
            [sys.executable, __file__, str(ours), str(written)],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if name not in _OF_CI},
            stdin=subprocess.DEVNULL,
            pass_fds=(ours, written),
        )
        os.close(ours)
        os.close(written)
        self._to = os.fdopen(theirs, "w", encoding="utf-8")
        self._from = os.fdopen(read, encoding="utf-8")
        self._turn = threading.Lock()
        atexit.register(self.close)

    def run(self, request: Mapping[str, Any], timeout: float) -> int:
        """The exit code of a run; one that a signal ended has its number, below zero. Raises TimeoutError."""
        with self._turn:
            self._to.write(json.dumps(request) + "\n")
            self._to.flush()
            pid, late = int(self._from.readline()), threading.Event()

            def end() -> None:
                late.set()
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

            alarm = threading.Timer(timeout, end)
            alarm.start()
            try:
                code = int(self._from.readline())
            finally:
                alarm.cancel()
        if late.is_set():
            raise TimeoutError(f"{request['module']} {request['arguments']} did not end in {timeout:g} s")
        return code

    def close(self) -> None:
        self._to.close()
        self._from.close()
        self.process.wait()


_servers: list[_Server] = []


def run_module(
    module: str,
    *arguments: str,
    environment: Mapping[str, str],
    timeout: float = 300,
) -> subprocess.CompletedProcess[str]:
    """What ``python -m MODULE ARGUMENT…`` comes to in the clone, in a forked process with this whole environment.

    Raises TimeoutError where it does not end in time (seconds). What the interpreter itself reads of the environment
    has to be as it is here, and with it the seed of its hashes is the same in all of them.
    """
    for name in {*environment, *os.environ}:
        if name.startswith(OF_THE_INTERPRETER) and environment.get(name) != os.environ.get(name):
            raise ValueError(f"{name} says something to an interpreter that starts: none does here")
    if not _servers:
        _servers.append(_Server())
    with tempfile.TemporaryDirectory() as aside:
        out, err = Path(aside, "out"), Path(aside, "err")
        request = {"module": module, "arguments": arguments, "environment": dict(environment)}
        code = _servers[0].run(request | {"output": [str(out), str(err)]}, timeout)
        texts = [file.read_text("utf-8", "replace") for file in (out, err)]
    return subprocess.CompletedProcess([module, *arguments], code, *texts)


def _serve(requests: int, answers: int) -> None:
    """Fork for each request, until there are no more; in a fork, run what was asked, and never come back."""
    for name in _IMPORTED:
        importlib.import_module(name)
    with os.fdopen(requests, encoding="utf-8") as asked, os.fdopen(answers, "w", encoding="utf-8") as told:
        for line in asked:
            pid = os.fork()
            if pid == 0:
                asked.close()
                told.close()
                _run(json.loads(line))
            told.write(f"{pid}\n")
            told.flush()
            told.write(f"{os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])}\n")
            told.flush()


def _run(request: Mapping[str, Any]) -> None:
    """Run a module as the whole program; raises SystemExit, or what else it ends with."""
    for descriptor, name in zip((1, 2), request["output"], strict=True):
        file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(file, descriptor)
        os.close(file)
    os.environ.clear()
    os.environ.update(request["environment"])
    random.seed()
    sys.path[0] = str(ROOT)
    sys.argv = [request["module"], *request["arguments"]]
    runpy.run_module(request["module"], run_name="__main__", alter_sys=True)
    sys.exit(0)


if __name__ == "__main__":
    _serve(int(sys.argv[1]), int(sys.argv[2]))
