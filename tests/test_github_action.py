"""The GitHub Action: its file, its steps as GitHub runs them, and its comment on a pull request."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from github_runner import Job, run_action
from suite_support import ROOT, WITHOUT_PLUGINS

from batch_conformance.github_action import comment
from batch_conformance.github_action.inputs import arguments
from batch_conformance.input_error import InputError
from batch_conformance.mock.process import EmbeddedMock
from batch_conformance.options import options_of

INSTALLED = ("Install", "actions/setup-python@v5")
"""Steps that the tests have taken already."""


@pytest.fixture
def temp(tmp_path: Path) -> Path:
    """The runner's folder for temporary files, in which this project is installed."""
    folder = tmp_path / "runner"
    python = folder / "batch-conformance" / "bin" / "python"
    python.parent.mkdir(parents=True)
    variables = " ".join(f"{name}={value}" for name, value in {"PYTHONPATH": str(ROOT), **WITHOUT_PLUGINS}.items())
    python.write_text(f'#!/bin/sh\n{variables} exec {sys.executable} "$@"\n', "utf-8")
    python.chmod(0o755)
    return folder


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """The checkout of a project that is not this one."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    return folder


def _audited(workspace: Path, temp: Path, mock: EmbeddedMock, env: Mapping[str, str], **inputs: str) -> Job:
    given = {"base-url": mock.base_url, "batch-id": "\n".join(mock.batch_ids), "exploration": "quick"}
    given |= {name.replace("_", "-"): value for name, value in inputs.items()}
    return run_action(workspace, temp, given, {"BATCH_API_KEY": mock.key, **env}, without=INSTALLED)


def test_the_action_is_made_of_the_table_of_options() -> None:
    script = [sys.executable, str(ROOT / "docs" / "make_action.py"), "--check"]
    assert subprocess.run(script, cwd=ROOT, check=False).returncode == 0, "run `python docs/make_action.py`"


def test_the_action_is_valid_by_the_schema_of_actions() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.github-actions", "action.yml"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_option_of_a_run_is_an_input_and_comes_out_as_it_is_written_on_a_command_line() -> None:
    environ = {}
    wanted = []
    for option in options_of("run"):
        if option.name == "plan":
            continue
        name = "OPTION_" + option.name.upper().replace("-", "_")
        if option.type == "flag":
            environ[name] = "true"
            wanted.append(option.flag)
        elif option.repeats:
            environ[name] = "one\n  two words \n\n"
            wanted += [f"{option.flag}=one", f"{option.flag}=two words"]
        else:
            environ[name] = "a value"
            wanted.append(f"{option.flag}=a value")
    environ["OPTION_ARGUMENTS"] = "-k 'created_at or status' -x"
    assert arguments(environ) == [*wanted, "-k", "created_at or status", "-x"]
    assert arguments({}) == []


@pytest.mark.parametrize(
    ("environ", "message"),
    [
        ({"OPTION_DISCOVER": "yes"}, "the input `discover` is 'yes', and must be true or false"),
        ({"OPTION_ARGUMENTS": "-k 'open"}, "the input `arguments` cannot be split"),
    ],
)
def test_a_wrong_input_is_one_clear_line(environ: Mapping[str, str], message: str) -> None:
    with pytest.raises(InputError) as raised:
        arguments(environ)
    assert str(raised.value).startswith(message)
    assert "\n" not in str(raised.value)


def test_a_target_that_conforms_passes_and_its_report_is_kept(workspace: Path, temp: Path) -> None:
    with EmbeddedMock() as mock:
        job = _audited(workspace, temp, mock, {})
    assert job.code == 0, job.text
    assert job.outputs == {
        "verdict": "conforms",
        "exit-code": "0",
        "findings": job.outputs["findings"],
        "new": job.outputs["new"],
        "report": "reports",
        "sarif": "reports/drift.sarif",
    }
    assert job.used == {"actions/upload-artifact": {"name": "batch-conformance", "path": "reports"}}
    assert (workspace / "reports" / "drift.html").is_file()
    assert job.summary.count("## conforms: GET") == 1
    assert mock.key not in job.text + job.summary


def test_drift_fails_the_job_after_everything_was_kept(workspace: Path, temp: Path) -> None:
    with EmbeddedMock(drifts=["created_at_string"]) as mock:
        job = _audited(workspace, temp, mock, {}, upload_sarif="true", reports_dir="out/contract", artifact="gate")
    assert job.code == 1, job.text
    assert (job.outputs["verdict"], job.outputs["exit-code"]) == ("drift", "1")
    assert int(job.outputs["new"]) >= 1
    assert job.used == {
        "actions/upload-artifact": {"name": "gate", "path": "out/contract"},
        "github/codeql-action/upload-sarif": {"sarif_file": "out/contract/drift.sarif", "category": "gate"},
    }
    assert "::error " in job.text


@pytest.mark.parametrize(("allowed", "code"), [("false", 6), ("true", 0)])
def test_an_inconclusive_run_is_told_from_drift_and_may_be_let_pass(
    workspace: Path, temp: Path, allowed: str, code: int
) -> None:
    with EmbeddedMock() as mock:
        job = _audited(workspace, temp, mock, {}, batch_id="", allow_inconclusive=allowed)
    assert (job.code, job.outputs["verdict"], job.outputs["exit-code"]) == (code, "inconclusive", "6"), job.text


def test_wrong_usage_fails_with_its_code_and_keeps_no_report_of_before(workspace: Path, temp: Path) -> None:
    (workspace / "reports").mkdir()
    (workspace / "reports" / "drift.json").write_text('{"verdict": "conforms"}', "utf-8")
    job = run_action(workspace, temp, {"discover": "perhaps", "comment": "true"}, {}, without=INSTALLED)
    assert (job.code, job.outputs["exit-code"], job.outputs["verdict"], job.outputs["report"]) == (4, "4", "", "")
    assert "::error title=batch-conformance::the input `discover` is 'perhaps'" in job.text
    assert not job.used
    assert "Comment on the pull request" not in job.ran


@dataclass
class GitHub:
    """A GitHub that keeps the comments of one pull request; what it was asked is in ``asked``."""

    refuses: int = 0
    comments: list[dict[str, Any]] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    url: str = ""


@pytest.fixture
def github() -> Iterator[GitHub]:
    kept = GitHub()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self, status: int, value: object) -> None:
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _asked(self) -> Any:
            kept.asked.append((self.command, self.path))
            kept.tokens.add(str(self.headers["Authorization"]))
            length = int(self.headers.get("Content-Length") or 0)
            return json.loads(self.rfile.read(length)) if length else None

        def do_GET(self) -> None:
            self._asked()
            page = int(self.path.partition("&page=")[2])
            self._answer(200, kept.comments[(page - 1) * 100 : page * 100])

        def do_POST(self) -> None:
            told = self._asked()
            if kept.refuses:
                self._answer(kept.refuses, {"message": "Resource not accessible by integration"})
                return
            kept.comments.append({"id": len(kept.comments) + 1, "body": told["body"]})
            self._answer(201, kept.comments[-1])

        def do_PATCH(self) -> None:
            told = self._asked()
            found = next(one for one in kept.comments if one["id"] == int(self.path.rpartition("/")[2]))
            found["body"] = told["body"]
            self._answer(200, found)

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    kept.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield kept
    server.shutdown()
    thread.join()
    server.server_close()


def _of_a_pull_request(github: GitHub, folder: Path) -> dict[str, str]:
    event = folder / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 12}}), "utf-8")
    return {"GITHUB_API_URL": github.url, "GITHUB_EVENT_PATH": str(event)}


def test_a_pull_request_is_told_once_and_the_comment_is_brought_up_to_date_in_place(
    workspace: Path, temp: Path, github: GitHub, tmp_path: Path
) -> None:
    github.comments += [{"id": number, "body": f"a word of a person, {number}"} for number in range(1, 131)]
    env = _of_a_pull_request(github, tmp_path)
    with EmbeddedMock(drifts=["created_at_string"]) as mock:
        assert _audited(workspace, temp, mock, env, comment="true").code == 1
        assert _audited(workspace, temp, mock, env, comment="true").code == 1
    assert len(github.comments) == 131
    ours = github.comments[-1]["body"]
    assert "drift" in ours.splitlines()[1]
    assert "created\\_at" in ours
    assert "https://github.example/team/api/actions/runs/77" in ours
    assert github.tokens == {"Bearer ghs_of_the_job"}
    assert mock.key not in ours
    assert [verb for verb, _path in github.asked if verb != "GET"] == ["POST", "PATCH"]
    with EmbeddedMock() as mock:
        # Another target is another comment, and one that conforms begins none.
        job = _audited(workspace, temp, mock, env, comment="true")
    assert job.code == 0
    assert "no comment on the pull request: there is nothing new" in job.text
    assert len(github.comments) == 131


def test_a_comment_that_was_made_says_so_when_the_target_conforms_again(
    workspace: Path, temp: Path, github: GitHub, tmp_path: Path
) -> None:
    env = _of_a_pull_request(github, tmp_path)
    with EmbeddedMock() as mock:
        github.comments.append({"id": 1, "body": comment.marker(_job(), mock.base_url) + "\n## drift"})
        job = _audited(workspace, temp, mock, env, comment="true")
    assert "brought up to date" in job.text
    assert github.comments[0]["body"].splitlines()[1].startswith("## conforms")


def _job() -> dict[str, str]:
    return {"GITHUB_WORKFLOW": "contract", "GITHUB_JOB": "audit"}


def test_what_github_refuses_is_a_warning_and_changes_no_verdict(
    workspace: Path, temp: Path, github: GitHub, tmp_path: Path
) -> None:
    github.refuses = 403
    with EmbeddedMock(drifts=["created_at_string"]) as mock:
        job = _audited(workspace, temp, mock, _of_a_pull_request(github, tmp_path), comment="true")
    assert job.code == 1
    assert "::warning title=batch-conformance::no comment on the pull request: 403 of GitHub" in job.text


def test_a_push_gets_no_comment(workspace: Path, temp: Path, github: GitHub, tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"ref": "refs/heads/main"}), "utf-8")
    env = {"GITHUB_API_URL": github.url, "GITHUB_EVENT_PATH": str(event)}
    with EmbeddedMock(drifts=["created_at_string"]) as mock:
        job = _audited(workspace, temp, mock, env, comment="true")
    assert job.code == 1
    assert "no comment: this is no run for a pull request" in job.text
    assert not github.asked


def test_a_long_summary_is_cut_at_a_line_and_the_comment_keeps_its_mark_and_its_link() -> None:
    text = comment.body("<!-- mark -->", "a line of forty characters, more or less\n" * 5_000, "https://x.example/1")
    assert len(text) < 65_536
    assert text.startswith("<!-- mark -->\n")
    assert "less\n\n… cut here\n\n[The run](https://x.example/1)" in text


@pytest.mark.real
def test_the_action_installs_itself_with_an_extra(workspace: Path, tmp_path: Path) -> None:
    temp = tmp_path / "runner"
    temp.mkdir()
    inputs = {"exploration": "quick", "extras": "client"}
    job = run_action(workspace, temp, inputs, {"PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin"})
    assert job.code == 0, job.text
    assert job.ran[:3] == ["actions/setup-python@v5", "Install", "Audit"]
    assert job.outputs["verdict"] == "conforms"
    shown = subprocess.run(
        [temp / "batch-conformance/bin/python", "-c", "import openai"], capture_output=True, check=False
    )
    assert shown.returncode == 0
