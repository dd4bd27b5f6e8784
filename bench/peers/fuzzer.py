"""Schemathesis as one of the tools that are measured."""

from __future__ import annotations

import contextlib
import io
import json
import os
import tempfile
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

from look import HERE, Found, Look, Stopwatch, patience, switch

from batch_conformance.mock.process import EmbeddedMock
from batch_conformance.run.prove.drift_runner import TICK, Entry

EXAMPLES = 100
"""``--max-examples`` of ``st run``: its own default."""
_SEED = 1
_ASKED = 28
"""Examples of the run that asks for statuses: four for each of them."""
_NONE = '{"failures": [], "errors": [{"title": "it ended without a report"}], "test_cases": {"generated": 0}}'


class Schemathesis:
    """``st run`` with all checks, the key and known ids; its process is shared by all runs."""

    name = "schemathesis"
    version = version("schemathesis")
    together = 1
    sources = (Path(__file__), HERE / "st_hooks.py")

    def __init__(self, document: Path) -> None:
        self._document = document
        self._mock = EmbeddedMock(tick=TICK)

    def __enter__(self) -> Schemathesis:
        self._mock.start()
        os.environ["SCHEMATHESIS_HOOKS"] = str(HERE / "st_hooks.py")
        os.environ["PEER_BATCH_IDS"] = ",".join(self._mock.batch_ids)
        self._run(1, patience(None))  # importing it is not a cost of the first run
        return self

    def __exit__(self, *_: object) -> None:
        self._mock.stop()

    def looks(self, entries: Sequence[Entry | None]) -> Sequence[Look]:
        """What it finds of each."""
        return [self._look(entry) for entry in entries]

    def _look(self, entry: Entry | None) -> Look:
        """The failures and errors of two runs, by code and title; the second asks for other statuses by ``Prefer``.

        In one run those would hide server errors that nobody asked for: they have the same title.
        """
        switch(self._mock, entry)
        os.environ["PEER_BATCH_IDS"] = ",".join(self._mock.batch_ids)
        watch = Stopwatch()
        with watch.running():
            plain, count = self._run(EXAMPLES, patience(entry))
            os.environ["PEER_STATUSES"] = "1"
            try:
                asked, more = self._run(_ASKED, patience(entry), "--phases", "fuzzing")
            finally:
                del os.environ["PEER_STATUSES"]
        return Look(plain | {f"asked: {one}" for one in asked}, count + more, watch.seconds)

    def _run(self, examples: int, timeout: float, *more: str) -> tuple[Found, int]:
        import schemathesis.cli  # noqa: PLC0415 - it reads the hooks when it is imported

        mock = self._mock
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            line = ["run", str(self._document), "--url", mock.base_url, "-H", f"Authorization: Bearer {mock.key}"]
            line += ["--checks", "all", "--max-examples", str(examples), "--continue-on-failure", "--no-shrink"]
            line += ["--seed", str(_SEED), "--request-timeout", str(timeout), "--generation-database", "none"]
            line += ["--report", "json", "--report-json-path", "report.json", *more]
            with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
                schemathesis.cli.schemathesis.main(line, standalone_mode=False)
            written = Path("report.json")
            report = json.loads(written.read_text(encoding="utf-8") if written.exists() else _NONE)
        told = [f"{one['code']} {one['title']}" for one in report["failures"]]
        told += [one["title"] for one in report["errors"]]
        return frozenset(told), report["test_cases"]["generated"]
