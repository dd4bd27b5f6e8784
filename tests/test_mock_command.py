"""The mock as people start it."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest
import yaml
from mock_support import Client
from suite_support import run_command

from batch_conformance.mock.sample_batches import make_sample_batches

ROOT = Path(__file__).resolve().parents[1]
COMMAND = [sys.executable, "-m", "batch_conformance.mock"]


def environment(**more: str) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if name != "BATCH_API_KEY"}
    return {**plain, "PYTHONPATH": str(ROOT), **more}


@contextmanager
def started(
    *arguments: str, command: Sequence[str] = COMMAND, **variables: str
) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    with subprocess.Popen(
        [*command, "--port", "0", *arguments], stdout=subprocess.PIPE, text=True, env=environment(**variables)
    ) as process:
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line.rstrip("\n"))
            if "Ctrl-C" in line:
                break
        try:
            yield process, lines
        finally:
            process.kill()


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return run_command(*arguments, module="batch_conformance.mock", **variables)


def port_in(lines: list[str]) -> int:
    found = re.search(r"Mock at http://[^ ]+:(\d+)", lines[0])
    assert found
    return int(found[1])


def test_a_drift_that_another_hides_is_told_of() -> None:
    with started("--drift", "only_failed", "--drift", "completed_at_vanishes") as (_, lines):
        assert lines[1] == "Note: completed_at_vanishes is not to be seen: only_failed hides it."
    with started("--drift", "created_at_string", "--drift", "status_canceled") as (_, lines):
        assert not any(line.startswith("Note:") for line in lines)


def test_it_says_how_to_audit_it_and_what_it_says_works() -> None:
    with started() as (_, lines):
        words = shlex.split(next(line for line in lines if " --base-url " in line))
        assert words[:2] == ["batch-conformance", "run"]
        ids = [words[place + 1] for place, word in enumerate(words) if word == "--batch-id"]
        assert ids == [batch.id for batch in make_sample_batches()]
        assert words[words.index("--base-url") + 1] == f"http://127.0.0.1:{port_in(lines)}/v1"
        assert "  export BATCH_API_KEY=sk-mock" in lines
        assert all(any(batch.id in line and batch.note in line for line in lines) for batch in make_sample_batches())
        with Client(port_in(lines), "sk-mock") as client:
            assert client.read(ids[0]).status == 200


def test_the_line_that_audits_it_starts_this_command_where_path_leads_to_none() -> None:
    """In a fresh clone nothing is on PATH: pytest would be another one, without the suite, or none."""
    command = str(Path(sys.executable).with_name("batch-conformance"))
    with started(command=(command, "mock"), PATH="/usr/bin:/bin") as (_, lines):
        assert shlex.split(next(line for line in lines if " --base-url " in line))[:2] == [command, "run"]
    with started(command=(command, "mock"), PATH=str(Path(command).parent)) as (_, lines):
        assert shlex.split(next(line for line in lines if " --base-url " in line))[:2] == ["batch-conformance", "run"]


def test_a_key_of_one_s_own_is_used_and_not_printed() -> None:
    with (
        started("--key-env", "MY_KEY", MY_KEY="sk-secret") as (_, lines),
        Client(port_in(lines), "sk-secret") as client,
    ):
        assert client.read(make_sample_batches()[0].id).status == 200
        assert not any("sk-secret" in line for line in lines)
        assert any("--api-key-env MY_KEY" in line for line in lines)


def test_drifts_combine_and_are_named() -> None:
    arguments = ("--drift", "created_at_string", "--drift", "no_challenge", "--style", "null", "--prefix", "/api/")
    with started(*arguments) as (_, lines), Client(port_in(lines), "sk-mock") as client:
        assert "drifts: created_at_string, no_challenge" in lines[0]
        body = client.ask(f"/api/batches/{make_sample_batches()[0].id}").json
        assert (body["created_at"], body["completed_at"]) == ("1741685413", None)
        assert client.ask("/", key=False).header("www-authenticate") is None


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_0_and_without_a_trace(number: signal.Signals) -> None:
    with subprocess.Popen(
        [*COMMAND, "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()
    ) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        with Client(port_in([first]), "sk-mock"):
            process.send_signal(number)
            _, complaints = process.communicate(timeout=20)
        assert (process.returncode, complaints) == (0, "")


def test_a_port_that_is_taken_is_said_in_one_line_with_4() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = run("--port", port)
    assert ended.returncode == 4
    assert re.fullmatch(
        rf"Error: cannot listen on 127\.0\.0\.1 port {port}: .*choose another with --port\n", ended.stderr
    )


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--drift", "nope"), "no drift is named 'nope'"),
        (("--prefix", "v1"), "write it with a leading slash"),
        (("--style", "other"), "'other' is not one of"),
        (("--latency", "-1"), "-1"),
        (("--port", "99999"), "99999"),
        (("--host", "no.such.host.invalid"), "cannot listen on no.such.host.invalid"),
        (("--surprise",), "No such option"),
    ],
)
def test_wrong_usage_ends_with_4_and_says_what_is_wrong(arguments: tuple[str, ...], says: str) -> None:
    ended = run("--port", "0", *arguments)
    assert ended.returncode == 4
    assert says in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_key_that_no_header_can_carry_is_refused() -> None:
    ended = run("--port", "0", BATCH_API_KEY="sk-\u00e9")
    assert (ended.returncode, "cannot be sent in a header" in ended.stderr) == (4, True)


def test_the_drifts_can_be_listed() -> None:
    ended = run("--list-drifts")
    assert ended.returncode == 0
    assert re.search(r"^no_allow +405 comes without Allow \(method\.allow_missing\)$", ended.stdout, re.MULTILINE)


def test_ids_of_another_contract_are_not_told_by_what_the_vendor_shows(tmp_path: Path) -> None:
    state = {"type": "string", "enum": ["queued", "done"]}
    schema = {"type": "object", "required": ["id", "status"], "properties": {"id": {"type": "string"}, "status": state}}
    answer = {"200": {"description": "one", "content": {"application/json": {"schema": schema}}}}
    parameter = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    get = {"parameters": [parameter], "responses": answer}
    data = {"openapi": "3.0.3", "info": {"title": "T", "version": "1"}, "paths": {"/jobs/{id}": {"get": get}}}
    (tmp_path / "api.json").write_text(json.dumps(data), encoding="utf-8")
    with started(f"--contract={tmp_path / 'api.json'}") as (_, lines):
        told = lines[lines.index("Ids:") + 1 : lines.index("Audit it from another terminal:") - 1]
    assert told
    assert not [line for line in told if "page" in line or "in_queue" in line]
    assert {line.split(maxsplit=1)[1] for line in told if " " in line.strip()} <= {"queued", "done", "queued to done"}


def test_the_whole_batch_api_is_served_and_the_line_that_audits_it_makes_batches() -> None:
    with started("--contract=siliconflow-batch-api") as (_, lines):
        assert any("--operations=all --create=any" in line for line in lines)
        form = (
            '--edge\r\nContent-Disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
            '--edge\r\nContent-Disposition: form-data; name="file"; filename="one.jsonl"\r\n\r\n'
            '{"custom_id": "one", "body": {"messages": ["Say yes."]}}\n\r\n--edge--\r\n'
        )
        headers = {"Authorization": "Bearer sk-mock", "Content-Type": "multipart/form-data; boundary=edge"}
        with closing(HTTPConnection("127.0.0.1", port_in(lines), timeout=20)) as connection:
            connection.request("POST", "/v1/files", form, headers)
            file_id = json.loads(connection.getresponse().read())["data"]["id"]
            asked = {"input_file_id": file_id, "endpoint": "/v1/chat/completions", "completion_window": "24h"}
            connection.request("POST", "/v1/batches", json.dumps(asked), headers)
            batch_id = json.loads(connection.getresponse().read())["id"]
            connection.request("GET", f"/v1/batches/{batch_id}", headers=headers)
            assert json.loads(connection.getresponse().read())["input_file_id"] == file_id


def test_a_document_that_does_not_say_what_its_whole_api_is_is_served_without_what_is_around(tmp_path: Path) -> None:
    document = yaml.safe_load((ROOT / "spec" / "siliconflow-get-batch.yaml").read_text())
    document["paths"]["/a/files"] = document["paths"]["/b/files"] = {
        "get": {"responses": {"200": {"description": "files"}}}
    }
    source = tmp_path / "api.yaml"
    source.write_text(yaml.safe_dump(document))
    assert run(f"--contract={source}", "--operations=all", "--list-drifts").returncode == 4
    assert run(f"--contract={source}", "--list-drifts").returncode == 0
    with started(f"--contract={source}") as (_, lines):
        assert not any("--operations" in line for line in lines)
