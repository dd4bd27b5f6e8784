"""Notices: who is told of a run, when, and what."""

from __future__ import annotations

import json
import os
import re
import socketserver
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from click.testing import CliRunner
from suite_support import ROOT, Outcome, run_suite

from batch_conformance.cli import main
from batch_conformance.mock.process import EmbeddedMock

PAGE = (ROOT / "docs" / "WATCHING.md").read_text("utf-8")
SHOWN = json.loads(re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)[0])
(DAILY,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
SLACK, MAIL = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def keeping(folder: Path) -> str:
    """A command that keeps what it is given, and its environment."""
    script = folder / "keep.py"
    script.write_text(
        "import json, os, pathlib, sys\n"
        f"pathlib.Path({str(folder / 'notice.json')!r}).write_bytes(sys.stdin.buffer.read())\n"
        f"pathlib.Path({str(folder / 'environ.json')!r}).write_text(json.dumps(dict(os.environ)))\n",
        "utf-8",
    )
    return f"{sys.executable} {script}"


def watched(folder: Path, command: str, *arguments: str, drifts: tuple[str, ...] = (), **env: str) -> Outcome:
    with EmbeddedMock(drifts=list(drifts)) as mock:
        options = ("--exploration=quick", f"--notify-command={command}", *arguments)
        return run_suite(folder / "reports", *options, mock=mock, env=env)


def test_a_drift_is_told_with_what_is_new_and_without_the_key_or_a_value(tmp_path: Path) -> None:
    done = watched(tmp_path, keeping(tmp_path), drifts=("created_at_string",))
    assert done.code == 1
    assert f"Notice given to: {sys.executable}" in done.text
    notice = json.loads((tmp_path / "notice.json").read_text("utf-8"))
    assert notice.keys() == SHOWN.keys()
    assert (notice["verdict"], notice["exit_code"], notice["new_count"]) == ("drift", 1, 1)
    (new,) = notice["new"]
    assert new.keys() == SHOWN["new"][0].keys()
    assert {name: new[name] for name in ("rule", "level", "side", "place", "says", "observed")} == {
        name: SHOWN["new"][0][name] for name in ("rule", "level", "side", "place", "says", "observed")
    }
    assert Path(notice["report"]).is_file()
    environ = json.loads((tmp_path / "environ.json").read_text("utf-8"))
    assert "BATCH_API_KEY" not in environ
    assert "PATH" in environ


def test_a_run_with_nothing_new_tells_nobody(tmp_path: Path) -> None:
    done = watched(tmp_path, keeping(tmp_path))
    assert done.code == 0
    assert "No notice was given: nothing is new" in done.text
    assert not (tmp_path / "notice.json").exists()


def test_what_is_gone_is_told_and_what_stays_keeps_its_first_day(tmp_path: Path) -> None:
    first = watched(tmp_path, keeping(tmp_path), drifts=("created_at_string", "status_upper_case"))
    began = json.loads((tmp_path / "notice.json").read_text("utf-8"))["at"]
    previous = tmp_path / "previous.json"
    previous.write_bytes((first.folder / "drift.json").read_bytes())
    # Another port is another target, of which a reader is warned, and nothing else.
    watched(tmp_path, keeping(tmp_path), f"--previous={previous}", drifts=("created_at_string",))
    notice = json.loads((tmp_path / "notice.json").read_text("utf-8"))
    assert [one["since"] for one in notice["new"]] == [began]
    assert notice["gone_count"] >= 1
    assert all(one["last_seen"] == began for one in notice["gone"])


def test_an_inconclusive_run_is_told(tmp_path: Path) -> None:
    with EmbeddedMock() as mock:
        options = ("--exploration=quick", f"--notify-command={keeping(tmp_path)}")
        done = run_suite(tmp_path / "reports", *options, mock=mock, ids=False)
    assert done.code == 6
    assert json.loads((tmp_path / "notice.json").read_text("utf-8"))["verdict"] == "inconclusive"


def test_an_alarm_that_is_not_heard_ends_with_3_and_says_why(tmp_path: Path) -> None:
    script = tmp_path / "fails.py"
    script.write_text("import sys\nsys.exit('the webhook is gone')\n", "utf-8")
    done = watched(tmp_path, f"{sys.executable} {script}", drifts=("created_at_string",))
    assert done.code == 3
    assert f"the notice was not given: {sys.executable} ended with 1: the webhook is gone" in done.text
    assert done.drift["verdict"] == "drift"


@pytest.mark.parametrize(
    ("command", "why"),
    [("no-such-program --x", "there is no program 'no-such-program'"), ("python 'open", "cannot be split into words")],
)
def test_a_command_that_cannot_be_run_is_refused_before_anything_is_sent(
    tmp_path: Path, command: str, why: str
) -> None:
    done = watched(tmp_path, command)
    assert done.code == 4
    assert why in done.text
    assert not (tmp_path / "reports" / "drift.json").exists()


def test_validated_traffic_is_told_of_as_well(tmp_path: Path) -> None:
    with EmbeddedMock(drifts=["created_at_string"]) as mock:
        run_suite(tmp_path / "run", "--exploration=quick", mock=mock)
    arguments = ["validate", str(tmp_path / "run" / "exchanges.har"), f"--reports-dir={tmp_path / 'v'}"]
    done = CliRunner().invoke(main, [*arguments, f"--notify-command={keeping(tmp_path)}"])
    assert done.exit_code == 1, done.output
    assert json.loads((tmp_path / "notice.json").read_text("utf-8"))["new_count"] == 1


@pytest.fixture
def slack() -> Iterator[tuple[str, list[bytes]]]:
    got: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/hook", got
        server.shutdown()
        thread.join()


def test_the_recipe_for_slack_posts_a_message(tmp_path: Path, slack: tuple[str, list[bytes]]) -> None:
    (tmp_path / "notify_slack.py").write_text(SLACK, "utf-8")
    command = f"{sys.executable} {tmp_path / 'notify_slack.py'}"
    done = watched(tmp_path, command, drifts=("created_at_string",), SLACK_WEBHOOK=slack[0])
    assert done.code == 1, done.text
    (body,) = slack[1]
    text = json.loads(body)["text"]
    assert "A value has another type than documented: 200 /created_at (since " in text


def test_the_recipe_for_mail_sends_one(tmp_path: Path) -> None:
    (tmp_path / "notify_mail.py").write_text(MAIL, "utf-8")
    got: list[bytes] = []

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            while line := self.rfile.readline():
                verb = line[:4].upper()
                if verb == b"DATA":
                    self.wfile.write(b"354 go on\r\n")
                    while (line := self.rfile.readline()) not in (b".\r\n", b""):
                        got.append(line)
                self.wfile.write(b"221 bye\r\n" if verb == b"QUIT" else b"250 ok\r\n")
                if verb == b"QUIT":
                    return

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        mail = {"MAIL_FROM": "gate@example.com", "MAIL_TO": "team@example.com"}
        mail["MAIL_SERVER"] = f"127.0.0.1:{server.server_address[1]}"
        done = watched(
            tmp_path, f"{sys.executable} {tmp_path / 'notify_mail.py'}", drifts=("created_at_string",), **mail
        )
        server.shutdown()
        thread.join()
    assert done.code == 1, done.text
    assert b"To: team@example.com\r\n" in got
    assert any(line.startswith(b"Subject: drift: http://127.0.0.1:") for line in got)


def test_the_script_of_every_day_names_only_files_that_are_there(tmp_path: Path) -> None:
    """On the first day there is neither a report before nor a baseline, and naming one is wrong usage."""
    program = tmp_path / "bin" / "batch-conformance"
    program.parent.mkdir()
    program.write_text('#!/bin/sh\nfor one in "$@"; do echo "$one"; done\n', "utf-8")
    program.chmod(0o755)

    def handed() -> list[str]:
        env = {"PATH": f"{program.parent}:{os.environ['PATH']}"}
        done = subprocess.run(
            ["sh", "-eu", "-c", DAILY], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    always = [
        "run",
        "--base-url=https://api.siliconflow.cn/v1",
        "--history=history.ndjson",
        "--notify-command=python3 notify_slack.py",
    ]
    assert handed() == always
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "drift.json").touch()
    (tmp_path / "baseline.yaml").touch()
    assert handed() == [*always, "--previous=reports/drift.json", "--baseline=baseline.yaml"]
