"""The tools that are measured: each says what it finds against the mock as it is now, as a set of short texts."""

from __future__ import annotations

import base64
import contextlib
import http.client
import io
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from batch_conformance.contract.contract import Contract
from batch_conformance.mock.process import EmbeddedMock
from batch_conformance.run.prove.drift_runner import DriftRunner, Entry

HERE = Path(__file__).resolve().parent
CACHE = HERE.parent.parent / "build" / "peers"
SEED = 1
_ASKED = 28
"""Examples of the run of schemathesis that asks for statuses: four for each of them."""
IMPATIENT = 1.0
"""Seconds until one of the plain requests counts as unanswered."""

Found = frozenset[str]


@dataclass(frozen=True)
class Look:
    """What a tool found, and what it cost."""

    found: Found
    requests: int
    seconds: float


class Tool(Protocol):
    """A tool. ``look`` runs it against a mock that shows ``entry``."""

    name: str

    def look(self, mock: EmbeddedMock, entry: Entry | None) -> Look:
        """What it finds."""


class Suite:
    """This project's suite: findings of level must or should. It brings a mock of its own."""

    name = "batch-conformance"

    def __init__(self, contract: Contract) -> None:
        self._bench = DriftRunner(contract)
        self._bench.__enter__()

    def look(self, _mock: EmbeddedMock, entry: Entry | None) -> Look:
        """What an audit with unsafe methods finds."""
        observed = self._bench.try_out(*([entry] if entry else []))
        weighty = (one for one in observed.findings if one.level != "info")
        return Look(frozenset(" ".join(one.place) for one in weighty), observed.requests, observed.seconds)

    def close(self) -> None:
        """End its mock."""
        self._bench.__exit__()


class Schemathesis:
    """``st run`` with all checks, the key, known ids and its own number of examples; its process is shared."""

    def __init__(self, document: Path, examples: int) -> None:
        self.name = f"schemathesis {version('schemathesis')}"
        self._document, self._examples = document, examples
        os.environ["SCHEMATHESIS_HOOKS"] = str(HERE / "st_hooks.py")

    def look(self, mock: EmbeddedMock, _entry: Entry | None) -> Look:
        """The failures and errors of two runs, by code and title; the second asks for other statuses by ``Prefer``.

        In one run those would hide server errors that nobody asked for: they have the same title.
        """
        os.environ["PEER_BATCH_IDS"] = ",".join(mock.batch_ids)
        begun = time.monotonic()
        plain, count = self._run(mock, self._examples)
        os.environ["PEER_STATUSES"] = "1"
        try:
            asked, more = self._run(mock, _ASKED, "--phases", "fuzzing")
        finally:
            del os.environ["PEER_STATUSES"]
        return Look(plain | {f"asked: {one}" for one in asked}, count + more, time.monotonic() - begun)

    def _run(self, mock: EmbeddedMock, examples: int, *more: str) -> tuple[Found, int]:
        import schemathesis.cli  # noqa: PLC0415 - half a second, and it reads the hooks when it is imported

        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            line = ["run", str(self._document), "--url", mock.base_url, "-H", f"Authorization: Bearer {mock.key}"]
            line += ["--checks", "all", "--max-examples", str(examples), "--continue-on-failure", "--no-shrink"]
            line += ["--seed", str(SEED), "--request-timeout", str(IMPATIENT), "--generation-database", "none"]
            line += ["--report", "json", "--report-json-path", "report.json", *more]
            with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
                schemathesis.cli.schemathesis.main(line, standalone_mode=False)
            written = Path("report.json")
            report = json.loads(written.read_text(encoding="utf-8") if written.exists() else _NONE)
        told = [f"{one['code']} {one['title']}" for one in report["failures"]]
        told += [one["title"] for one in report["errors"]]
        return frozenset(told), report["test_cases"]["generated"]


class OpenapiCore:
    """A loop of plain requests, each response validated by openapi-core, as a test of one's own would."""

    def __init__(self, document: Path) -> None:
        self.name = "openapi-core " + _wanted("openapi-core")
        python = _environment() / "bin" / "python"
        self._judge = subprocess.Popen(
            [str(python), str(HERE / "core_judge.py"), str(document)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        servers = json.loads(document.read_text(encoding="utf-8"))["servers"]
        self._origin = "{0.scheme}://{0.netloc}".format(urlsplit(servers[0]["url"]))

    def look(self, mock: EmbeddedMock, _entry: Entry | None) -> Look:
        """What is wrong with the responses, and which requests got none."""
        begun, found, count = time.monotonic(), set(), 0
        for answer in plain_requests(mock.base_url, mock):
            count += 1
            found |= {answer.failure} if answer.failure else self._ask(answer)
        return Look(frozenset(found), count, time.monotonic() - begun)

    def _ask(self, answer: Answer) -> set[str]:
        assert self._judge.stdin is not None
        assert self._judge.stdout is not None
        said = {
            "base": self._origin,
            "path": answer.path,
            "headers": [],
            "status": answer.status,
            "response_headers": answer.headers,
            "body": base64.b64encode(answer.body).decode(),
        }
        self._judge.stdin.write(json.dumps(said) + "\n")
        self._judge.stdin.flush()
        return set(json.loads(self._judge.stdout.readline())["failures"])

    def close(self) -> None:
        """End its process."""
        assert self._judge.stdin is not None
        self._judge.stdin.close()
        self._judge.wait(10)


class Prism:
    """The same plain requests by way of Prism's validating proxy."""

    def __init__(self, document: Path, mock: EmbeddedMock) -> None:
        self.name = "Prism proxy " + json.loads((HERE / "package.json").read_text())["dependencies"][_PRISM]
        port = _free_port()
        line = [_tool("node"), str(_modules() / _PRISM / "dist" / "index.js"), "proxy", "-p", str(port), "-v", "silent"]
        self._process = subprocess.Popen([*line, str(document), mock.base_url], stdout=subprocess.DEVNULL)
        self._base = f"http://127.0.0.1:{port}"
        _await(port, self._process)

    def look(self, mock: EmbeddedMock, _entry: Entry | None) -> Look:
        """The violations that it puts into a header of its own, and requests without an answer."""
        begun, found, count = time.monotonic(), set(), 0
        for answer in plain_requests(self._base, mock):
            count += 1
            if answer.failure:
                found.add(answer.failure)
            for one in json.loads(dict(answer.headers).get("sl-violations", "[]")):
                found.add(f"{'.'.join(one['location'])}: {one['message']}")
            if "problem+json" in dict(answer.headers).get("content-type", "").lower():
                # Prism's own words where it could make nothing of what came.
                found.add("an answer of Prism's own")
        return Look(frozenset(found), count, time.monotonic() - begun)

    def close(self) -> None:
        """End its process."""
        self._process.terminate()
        self._process.wait(10)


@dataclass(frozen=True)
class Answer:
    """A response to a plain request, or why there was none."""

    path: str
    status: int = 0
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    failure: str = ""


def plain_requests(base: str, mock: EmbeddedMock) -> Iterator[Answer]:
    """What somebody would send who knows the API: all batches twice, unknown ids, no and wrong keys, other statuses."""
    place, key = urlsplit(base), {"Authorization": f"Bearer {mock.key}", "Accept": "application/json"}
    ids = list(mock.batch_ids)
    wanted = [(batch_id, key) for batch_id in (*ids, *ids)]
    wanted += [(batch_id, key) for batch_id in ("batch_aaaaaaaaaa", "no-such-batch", "1", "%20")]
    wanted += [(batch_id, {}) for batch_id in (ids[0], "batch_aaaaaaaaaa")]
    wanted += [(ids[0], {"Authorization": "Bearer sk-wrong"}), (ids[0], {"Authorization": mock.key})]
    wanted += [(ids[0], {**key, "Prefer": f"code={status}"}) for status in (400, 401, 403, 404, 429, 500, 503, 504)]
    for batch_id, headers in wanted:
        path = f"{place.path}/batches/{batch_id}"
        yield _ask_once(place.netloc, path, batch_id, headers)


def _ask_once(netloc: str, path: str, batch_id: str, headers: dict[str, str]) -> Answer:
    connection = http.client.HTTPConnection(netloc, timeout=IMPATIENT)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return Answer(f"/v1/batches/{batch_id}", response.status, tuple(response.getheaders()), response.read())
    except (OSError, http.client.HTTPException) as error:
        return Answer(path, failure=f"no answer: {type(error).__name__}")
    finally:
        connection.close()


_NONE = '{"failures": [], "errors": [{"title": "it ended without a report"}], "test_cases": {"generated": 0}}'
_PRISM = "@stoplight/prism-cli"


def _wanted(package: str) -> str:
    lines = (HERE / "requirements.txt").read_text(encoding="utf-8").split()
    return next(line.partition("==")[2] for line in lines if line.startswith(package + "=="))


def _environment() -> Path:
    """A virtual environment with openapi-core: it wants other versions of what the project uses too."""
    folder = CACHE / "venv"
    if not (folder / "installed").exists():
        _run([sys.executable, "-m", "venv", str(folder)])
        python = str(folder / "bin" / "python")
        _run([python, "-m", "pip", "install", "-q", "-r", str(HERE / "requirements.txt")])
        (folder / "installed").touch()
    return folder


def _modules() -> Path:
    folder = CACHE / "npm"
    if not (folder / "installed").exists():
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(HERE / "package.json", folder)
        _run([_tool("npm"), "install", "--no-audit", "--no-fund", "--loglevel=error", "--prefix", str(folder)])
        (folder / "installed").touch()
    return folder / "node_modules"


def _tool(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise SystemExit(f"{name} is not installed: it is needed for Prism")
    return found


def _run(line: Sequence[str]) -> None:
    subprocess.run(line, check=True, stdout=subprocess.DEVNULL, timeout=600)


def _free_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def _await(port: int, process: subprocess.Popen[Any]) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.2)
    raise SystemExit("Prism did not start")
