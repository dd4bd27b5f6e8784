"""The embedded mock: a mock in a process of its own, for as long as it is needed and no longer."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import select as readiness
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any

from batch_conformance.message import Message, Template

if TYPE_CHECKING:  # a run against a target of its own needs nothing of what a mock serves
    from batch_conformance.mock.mock_spec import MockSpec
    from batch_conformance.mock.mutation import Mutation
    from batch_conformance.mock.sample_batches import Style

_START_SECONDS = 20.0
_STOP_SECONDS = 5.0
_PACKAGE_PARENT = str(Path(__file__).resolve().parents[2])

_DID_NOT_START = Template("mock_process.did_not_start", "the embedded mock did not start: {reason}")
_HAS_ENDED = Template("mock_process.has_ended", "the embedded mock has ended: start another")


class MockError(Exception):
    """The embedded mock did not start. Its ``message`` is one line that says what it said last."""

    def __init__(self, message: Message) -> None:
        super().__init__(str(message))
        self.message = message


class EmbeddedMock:
    """A mock on a free loopback port; use it as a context manager, or call ``start`` and ``stop``.

    ``drifts`` are names (``DriftError`` for one that is unknown), ``latency`` seconds. Without a ``key`` one is made.
    ``mock_spec`` is what it serves: the vendor's contract where none is given. ``tick`` is the time that passes with
    each request instead of by the clock, in seconds; 0 for the clock.
    ``base_url``, ``batch_ids`` and ``pid`` are there once it has started.
    """

    def __init__(
        self,
        *,
        key: str = "",
        drifts: Sequence[str] = (),
        style: Style = "omit",
        latency: float = 0.0,
        prefix: str = "/v1",
        tick: float = 0.0,
        mock_spec: MockSpec | None = None,
    ) -> None:
        self.key = key or "sk-" + secrets.token_hex(24)
        self.base_url = ""
        self.batch_ids: tuple[str, ...] = ()
        self._settings = {
            "key": self.key,
            "drifts": _known(drifts),
            "style": style,
            "latency": latency,
            "prefix": prefix,
            "tick": tick,
            "mock_spec": mock_spec.to_dict() if mock_spec else None,
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._complaints: IO[bytes] | None = None
        self._listens = False

    @property
    def pid(self) -> int | None:
        """The process id, or None where it does not run."""
        return self._process.pid if self._process else None

    def launch(self) -> EmbeddedMock:
        """Start it without waiting for it; ``start`` waits, or else ``stop`` ends it."""
        if self._process is None:
            self._complaints = tempfile.TemporaryFile()  # noqa: SIM115 - closed once it listens, or by ``stop``
            # The key goes through the pipe: arguments and environment can be read by others, or get logged.
            self._process = subprocess.Popen(
                [sys.executable, "-m", "batch_conformance.mock.child"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._complaints,
                env=_environment(),
            )
        return self

    def start(self) -> EmbeddedMock:
        """Start it, if it was not, and wait until it listens. Raises ``MockError`` where it does not."""
        if self._listens:
            return self
        self.launch()
        assert self._process is not None
        assert self._complaints is not None
        try:
            ready = self._handshake(self._process)
            if ready is None:
                reason = _last_line(self._complaints) or f"exit code {self._process.poll()}"
                raise MockError(_DID_NOT_START(reason=reason))
        except BaseException:
            self.stop()
            raise
        self._complaints.close()
        self._listens = True
        self.base_url, self.batch_ids = ready["base_url"], tuple(ready["batch_ids"])
        return self

    def switch(self, *, drifts: Sequence[str] = (), mutations: Sequence[Mutation] = ()) -> None:
        """Begin anew with other drifts, at the same base URL and with the same key.

        Nothing is left of what it had counted. Raises ``DriftError`` for an unknown name, ``MockError`` where it ended.
        """
        assert self._process is not None, "switch what has started"
        self._settings["drifts"] = [
            *_known(drifts),
            *(mutation.to_dict() for mutation in mutations),
        ]
        ready = self._handshake(self._process)
        if ready is None:
            self.stop()
            raise MockError(_HAS_ENDED())
        self.batch_ids = tuple(ready["batch_ids"])

    def stop(self) -> None:
        """End it and wait for it; does nothing where it does not run."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        assert process.stdout is not None
        process.kill()  # it has nothing to finish, and its interpreter takes its time to end by itself
        process.wait()
        with contextlib.suppress(OSError):
            process.stdin.close()
        process.stdout.close()
        if self._complaints is not None:
            self._complaints.close()
        self._listens = False

    def __enter__(self) -> EmbeddedMock:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _handshake(self, process: subprocess.Popen[bytes]) -> dict[str, Any] | None:
        assert process.stdin is not None
        assert process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            process.stdin.write(json.dumps(self._settings).encode() + b"\n")
            process.stdin.flush()
        if not readiness.select([process.stdout], [], [], _START_SECONDS)[0]:
            return None
        line = process.stdout.readline()
        if not line:
            # It is about to end: its exit code is part of what the caller tells.
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_STOP_SECONDS)
            return None
        ready: dict[str, Any] = json.loads(line)
        return ready


def _environment() -> dict[str, str]:
    """This environment, with the package found where it was found here, whatever the working directory is."""
    paths = [_PACKAGE_PARENT, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}


def _known(drifts: Sequence[str]) -> list[str]:
    """The names of drifts, which have to be known. Raises ``DriftError``."""
    if not drifts:
        return []
    from batch_conformance.mock.drifts import select  # noqa: PLC0415 - the whole catalogue

    return [drift.name for drift in select(drifts)]


def _last_line(file: IO[bytes]) -> str:
    file.seek(0)
    lines = file.read().decode("utf-8", "replace").strip().splitlines()
    return lines[-1] if lines else ""
