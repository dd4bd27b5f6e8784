"""The recording proxy, before servers and with clients of all kinds: what passes is passed on, kept and judged."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import openai
import pytest
import requests
from canary import leaks_in
from recorded_support import found, validated
from suite_support import ROOT, run_suite

from batch_conformance.mock.process import EmbeddedMock
from batch_conformance.recorded.line import exchange_of

KEY = "sk-canary-1234567890-abcdefghij"
DRIFT = ("body.type", "200", "/created_at")


@dataclass
class Recorded:
    """A proxy that runs. ``output``, ``code`` and ``drift`` are there when it has ended."""

    base_url: str
    file: Path
    reports: Path
    output: str = ""
    code: int = -1
    drift: dict[str, Any] = field(default_factory=dict)

    @property
    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.file.read_bytes().split(b"\n") if line]


@contextlib.contextmanager
def recording(folder: Path, target: str, *arguments: str, name: str = "traffic.ndjson") -> Iterator[Recorded]:
    """The command before a target; at the end it is interrupted as by Ctrl-C."""
    file, reports = folder / name, folder / "reports"
    command = [sys.executable, "-m", "batch_conformance", "record", "--base-url", target, "--port", "0"]
    command += ["--output", str(file), "--reports-dir", str(reports), *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    try:
        begun = process.stdout.readline() + process.stdout.readline()
        address = re.search(r"clients use (\S+)", begun)
        assert address is not None, begun + process.stdout.read()
        made = Recorded(address[1], file, reports)
        yield made
    finally:
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=60)
    made.output, made.code = begun + rest, process.returncode
    if (reports / "drift.json").exists():
        made.drift = json.loads((reports / "drift.json").read_text(encoding="utf-8"))


def read(base_url: str, batch_id: str, key: str = KEY, **headers: str) -> requests.Response:
    asked = {"Authorization": f"Bearer {key}", "Accept": "application/json", **headers}
    return requests.get(f"{base_url}/batches/{batch_id}", headers=asked, timeout=30)


@pytest.mark.parametrize("name", ["traffic.ndjson", "traffic.har"])
def test_what_passes_is_judged_as_it_comes_and_in_the_end(tmp_path: Path, name: str) -> None:
    with EmbeddedMock(key=KEY, drifts=("created_at_string",)) as mock:
        direct = read(mock.base_url, mock.batch_ids[0])
        with recording(tmp_path, mock.base_url, name=name) as recorded:
            answers = [read(recorded.base_url, batch_id) for batch_id in (*mock.batch_ids[:3], "batch_nobody")]
            missing = requests.get(f"{recorded.base_url}/batches/x", timeout=30)
    assert [answer.status_code for answer in (*answers, missing)] == [200, 200, 200, 404, 401]
    assert answers[0].content == direct.content
    own = {"Date", "x-siliconcloud-trace-id", "Connection"}
    assert {n: v for n, v in answers[0].headers.items() if n not in own} == {
        n: v for n, v in direct.headers.items() if n not in own
    }
    assert (recorded.code, found(recorded.drift)) == (1, [DRIFT])
    assert recorded.drift["run"]["requests"] == 5
    (told,) = [line for line in recorded.output.splitlines() if line.startswith("must ")]
    said, _, where = told.partition(" (")
    assert said == "must body.type 200 /created_at: expected integer; observed string [masked]"
    assert re.fullmatch(r".*traffic\.(ndjson:1|har, entry 1)\)", where)
    evidence = recorded.drift["findings"][0]["evidence"]
    assert json.loads(evidence["response"]["body"])["id"] in mock.batch_ids
    result, again = validated(tmp_path / "again", str(recorded.file), "--credentials-recorded")
    assert (result.exit_code, found(again), again["run"]["requests"]) == (1, [DRIFT], 5)


def test_the_suite_finds_through_it_what_it_finds_without_it(tmp_path: Path) -> None:
    drifts = ("created_at_string", "key_in_404_body")
    with EmbeddedMock(drifts=drifts) as mock:
        direct = run_suite(tmp_path / "direct", mock=mock)
        with recording(tmp_path, mock.base_url) as recorded:
            behind = run_suite(
                tmp_path / "behind",
                "--base-url",
                recorded.base_url,
                env={"BATCH_API_KEY": mock.key, "BATCH_IDS": ",".join(mock.batch_ids)},
            )
    assert behind.findings("must", "should") == direct.findings("must", "should")
    assert {rule for rule, _, _ in found(recorded.drift)} >= {"body.type", "security.key_reflected"}
    assert leaks_in([mock.key], tmp_path) == []
    assert all(exchange_of(line) for line in recorded.lines)


def test_the_sdk_of_openai_works_through_it(tmp_path: Path) -> None:
    with (
        EmbeddedMock(drifts=("created_at_string",)) as mock,
        recording(tmp_path, mock.base_url) as recorded,
        openai.OpenAI(api_key=mock.key, base_url=recorded.base_url, max_retries=0) as client,
    ):
        assert client.batches.retrieve(mock.batch_ids[0]).id == mock.batch_ids[0]
        with pytest.raises(openai.NotFoundError):
            client.batches.retrieve("batch_nobody")
    assert found(recorded.drift) == [DRIFT]
    assert [line["response"]["status"] for line in recorded.lines] == [200, 404]


def test_nothing_is_lost_of_fifty_clients(tmp_path: Path) -> None:
    with EmbeddedMock() as mock, recording(tmp_path, mock.base_url) as recorded:

        def ask(number: int) -> list[int]:
            with requests.Session() as session:
                session.headers["Authorization"] = f"Bearer {mock.key}"
                urls = [f"{recorded.base_url}/batches/c{number}-{turn}" for turn in range(10)]
                return [session.get(url, timeout=60).status_code for url in urls]

        with ThreadPoolExecutor(50) as pool:
            statuses = [status for answered in pool.map(ask, range(50)) for status in answered]
    assert statuses == [404] * 500
    ids = sorted(line["request"]["url"].rpartition("/")[2] for line in recorded.lines)
    assert ids == sorted(f"c{number}-{turn}" for number in range(50) for turn in range(10))
    assert recorded.drift["run"]["requests"] == 500


def test_no_credential_is_written_wherever_it_was_sent(tmp_path: Path) -> None:
    secrets = [f"canary-{number}-{number * 1234567890123}" for number in range(1, 6)]
    with EmbeddedMock(drifts=("key_in_404_body",)) as mock, recording(tmp_path, mock.base_url) as recorded:
        read(recorded.base_url, "batch_nobody", mock.key, Cookie=f"session={secrets[0]}", **{"X-Api-Key": secrets[1]})
        read(recorded.base_url, f"x?api_key={secrets[2]}&token={secrets[3]}", secrets[4])
        read(recorded.base_url, mock.batch_ids[0], mock.key)
    assert len(recorded.lines) == 3
    assert leaks_in([*secrets, mock.key], tmp_path) == []
    assert not [secret for secret in (*secrets, mock.key) if secret in recorded.output]
    assert "security.key_reflected" in {rule for rule, _, _ in found(recorded.drift)}


@contextlib.contextmanager
def serving(answer: Any) -> Iterator[tuple[str, list[bytes]]]:
    """A server of one thread that hands every connection, and what was asked on it, to ``answer``."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = listening.accept()
                    with connection, contextlib.suppress(OSError):
                        data = b""
                        while b"\r\n\r\n" not in data:
                            data += connection.recv(65536)
                        asked.append(data)
                        answer(connection, data)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1", asked
        listening.shutdown(socket.SHUT_RDWR)  # else the thread would wait on


def test_a_body_is_passed_on_while_it_comes(tmp_path: Path) -> None:
    go_on = threading.Event()

    def answer(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n")
        go_on.wait(30)
        connection.sendall(b"4\r\nlast\r\n0\r\n\r\n")

    with (
        serving(answer) as (target, _),
        recording(tmp_path, target, "--fail-on", "never") as recorded,
        requests.get(f"{recorded.base_url}/files/x/content", stream=True, timeout=30) as response,
    ):
        pieces = response.iter_content(None)
        assert next(pieces) == b"first"  # the rest is not there yet
        go_on.set()
        assert b"".join(pieces) == b"last"
    (line,) = recorded.lines
    assert line["response"]["body"] == "firstlast"


def test_a_body_of_any_size_is_passed_on_and_kept_up_to_a_limit(tmp_path: Path) -> None:
    size = 40 << 20

    def answer(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for _ in range(size >> 20):
            connection.sendall(b"x" * (1 << 20))

    with serving(answer) as (target, _), recording(tmp_path, target, "--fail-on", "never") as recorded:
        assert len(requests.get(f"{recorded.base_url}/batches/x", timeout=60).content) == size
    (line,) = recorded.lines
    assert line["response"]["truncated"] is True
    assert len(line["response"]["body"]) <= 16 << 20
    assert [note for note in recorded.drift["notes"] if "unjudged" in note]


@pytest.mark.parametrize("chunked", [False, True])
def test_a_request_is_passed_on_as_it_came(tmp_path: Path, chunked: bool) -> None:
    content = os.urandom(300_000)

    def answer(connection: socket.socket, data: bytes) -> None:
        kept = data
        end = b"0\r\n\r\n" if chunked else content[-20:]
        while not kept.endswith(end):
            kept += connection.recv(65536)
        asked[-1] = kept
        connection.sendall(b"HTTP/1.1 204 No Content\r\nX-A: 1\r\nX-A: 2\r\n\r\n")

    with serving(answer) as (target, asked), recording(tmp_path, target, "--fail-on", "never") as recorded:
        body: Any = iter([content[:100_000], content[100_000:]]) if chunked else content
        response = requests.put(f"{recorded.base_url}/files/a%2Fb?a=%20", data=body, headers={"X-B": "ü"}, timeout=30)
    assert (response.status_code, response.headers["X-A"]) == (204, "1, 2")
    head, _, sent = asked[0].partition(b"\r\n\r\n")
    assert head.startswith(b"PUT /v1/files/a%2Fb?a=%20 HTTP/1.1\r\nHost: 127.0.0.1:")
    assert "X-B: ü".encode("latin-1") in head
    whole = re.sub(rb"\A[0-9a-f]+\r\n|\r\n[0-9a-f]+\r\n", b"", sent[: -len(b"\r\n0\r\n\r\n")]) if chunked else sent
    assert whole == content


def test_what_is_coded_is_passed_on_coded_and_kept_decoded(tmp_path: Path) -> None:
    packed = gzip.compress(b'"404 page not found"')

    def answer(connection: socket.socket, _: bytes) -> None:
        head = b"HTTP/1.1 404 Not Found\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n"
        connection.sendall(head + b"Content-Length: %d\r\n\r\n" % len(packed) + packed)

    with (
        serving(answer) as (target, _),
        recording(tmp_path, target) as recorded,
        requests.get(f"{recorded.base_url}/batches/x", stream=True, timeout=30) as response,
    ):
        assert response.raw.read() == packed
    assert recorded.lines[0]["response"]["body"] == '"404 page not found"'


def test_a_target_that_does_not_answer_is_told_to_the_client_and_kept(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        target = f"http://127.0.0.1:{closed.getsockname()[1]}/v1"
    with recording(tmp_path, target) as recorded:
        assert read(recorded.base_url, "x").status_code == 502
    (line,) = recorded.lines
    assert (line["response"], line["failure"]["kind"]) == (None, "refused")
    assert recorded.code == 6


def test_a_response_that_breaks_off_breaks_off_for_the_client_too(tmp_path: Path) -> None:
    def answer(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{")

    with serving(answer) as (target, _), recording(tmp_path, target) as recorded:
        with pytest.raises(requests.exceptions.RequestException):
            read(recorded.base_url, "x")
        time.sleep(0.1)
    assert recorded.lines[0]["failure"]["kind"] in ("protocol", "reset")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--base-url", ""], "the base URL is empty"),
        (["--base-url", "ftp://x"], "only http:// and https://"),
        (["--base-url", "http://127.0.0.1:1", "--output", "/nowhere/x.ndjson"], "cannot write /nowhere/x.ndjson"),
        (["--base-url", "http://127.0.0.1:1", "--host", "192.0.2.1"], "cannot listen on 192.0.2.1"),
        (["--base-url", "https://x.example", "--ca-bundle", "/nowhere"], "the CA bundle '/nowhere' cannot be used"),
    ],
)
def test_what_cannot_be_recorded_is_wrong_usage(tmp_path: Path, arguments: list[str], told: str) -> None:
    command = [sys.executable, "-m", "batch_conformance", "record", "--output", str(tmp_path / "a"), *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 4
    assert told in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
