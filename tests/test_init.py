"""The first run: what `init` tries, writes, and refuses."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result
from suite_support import OURS, ROOT, WITHOUT_PLUGINS

from batch_conformance.cli import main
from batch_conformance.mock.process import EmbeddedMock


@pytest.fixture
def mock() -> EmbeddedMock:
    with EmbeddedMock() as running:
        yield running  # type: ignore[misc]


def init(folder: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str, **env: str) -> Result:
    monkeypatch.chdir(folder)
    for name in OURS:
        monkeypatch.delenv(name, raising=False)
    return CliRunner().invoke(main, ["init", *arguments], env=env)


def test_a_target_is_tried_and_written_down_and_its_audit_conforms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mock: EmbeddedMock
) -> None:
    ids = [f"--batch-id={one}" for one in mock.batch_ids]
    done = init(tmp_path, monkeypatch, f"--base-url={mock.base_url}", "--api-key-env=THE_KEY", *ids, THE_KEY=mock.key)
    assert done.exit_code == 0, done.output
    lines = done.output.splitlines()
    assert lines[0] == f"GET /batches/{mock.batch_ids[0]} was answered 200: the batch is there"
    assert lines[1:3] == ["audit.yaml is written", ".github/workflows/contract.yml is written"]
    assert lines[3:] == [
        "The pipeline reads the key from the secret THE_KEY",
        "In .github/workflows/contract.yml, say where to install from: "
        "batch-conformance is on no public index (docs/CI.md)",
        "Next: batch-conformance audit audit.yaml",
    ]
    written = (tmp_path / "audit.yaml").read_text("utf-8")
    assert mock.key not in written
    (target,) = yaml.safe_load(written)["targets"]
    assert target == {
        "name": "127-0-0-1",
        "base_url": mock.base_url,
        "key_env": "THE_KEY",
        "batch_ids": list(mock.batch_ids),
    }
    # What stands in the workflow, taken as its runner takes it.
    workflow = yaml.safe_load((tmp_path / ".github" / "workflows" / "contract.yml").read_text("utf-8"))
    step = next(step for step in workflow["jobs"]["audit"]["steps"] if step.get("name") == "Audit")
    assert step["env"] == {"THE_KEY": "${{ secrets.THE_KEY }}"}
    program = tmp_path / "bin" / "batch-conformance"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m batch_conformance "$@"\n', "utf-8")
    program.chmod(0o755)
    env = {**os.environ, **WITHOUT_PLUGINS, "THE_KEY": mock.key, "PATH": f"{program.parent}:{os.environ['PATH']}"}
    ran = subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert (tmp_path / "reports" / "matrix.html").is_file()


@pytest.mark.parametrize(("pipeline", "schema"), [("github", "github-workflows"), ("gitlab", "gitlab-ci")])
def test_the_pipeline_keeps_the_schema_of_its_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pipeline: str, schema: str
) -> None:
    done = init(tmp_path, monkeypatch, "--base-url=http://127.0.0.1:9/v1", f"--pipeline={pipeline}")
    assert done.exit_code == 0, done.output
    written = done.output.splitlines()[2].removesuffix(" is written")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", written]
    checked = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert ("`include: contract.gitlab-ci.yml`" in done.output) is (pipeline == "gitlab")


def test_without_a_key_nothing_is_sent_and_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = init(tmp_path, monkeypatch, "--base-url=http://127.0.0.1:9/v1", "--pipeline=none")
    assert done.output.splitlines() == [
        "BATCH_API_KEY holds no key: nothing was sent",
        "audit.yaml is written",
        "Next: batch-conformance audit audit.yaml",
    ]


@pytest.mark.parametrize(
    ("key", "ids", "says"),
    [
        ("", [], "was answered 404: as for an id that nobody has; a run needs one that exists (--batch-id)"),
        ("", ["batch_nobody"], "was answered 404: no batch has this id; a run needs one that exists (--batch-id)"),
        ("no-such-key-at-all", ["batch_nobody"], "was answered 401: the key in BATCH_API_KEY was refused"),
    ],
)
def test_what_the_one_request_shows_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, mock: EmbeddedMock, key: str, ids: list[str], says: str
) -> None:
    arguments = [f"--base-url={mock.base_url}", "--pipeline=none", *(f"--batch-id={one}" for one in ids)]
    done = init(tmp_path, monkeypatch, *arguments, BATCH_API_KEY=key or mock.key)
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[0].endswith(says)


def test_a_target_that_does_not_answer_is_written_down_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = init(
        tmp_path, monkeypatch, "--base-url=http://127.0.0.1:9/v1", "--pipeline=none", BATCH_API_KEY="a-key-here"
    )
    assert "was not answered: " in done.output.splitlines()[0]
    assert (tmp_path / "audit.yaml").is_file()


def test_a_vendor_is_known_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = init(tmp_path, monkeypatch, "--vendor=siliconflow", "--pipeline=none")
    assert done.exit_code == 0, done.output
    (target,) = yaml.safe_load((tmp_path / "audit.yaml").read_text("utf-8"))["targets"]
    assert target == {"name": "siliconflow", "vendor": "siliconflow", "key_env": "BATCH_API_KEY"}


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ([], "init needs a target"),
        (["--base-url=nonsense"], "nonsense"),
        (["--vendor=siliconflwo"], "did you mean siliconflow?"),
    ],
)
def test_wrong_input_is_one_line_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], why: str
) -> None:
    done = init(tmp_path, monkeypatch, *arguments, BATCH_API_KEY="a-key-here")
    assert done.exit_code == 4
    assert why in done.output
    assert done.output.count("\n") == 1
    assert not list(tmp_path.iterdir())


def test_nothing_that_is_there_is_written_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".github" / "workflows").mkdir(parents=True)
    (tmp_path / ".github" / "workflows" / "contract.yml").write_text("mine", "utf-8")
    done = init(tmp_path, monkeypatch, "--base-url=http://127.0.0.1:9/v1")
    assert done.exit_code == 4
    assert ".github/workflows/contract.yml is there already" in done.output
    assert not (tmp_path / "audit.yaml").exists()


def test_on_a_terminal_it_asks_for_what_is_not_given(tmp_path: Path, mock: EmbeddedMock) -> None:
    master, slave = pty.openpty()
    env = {name: value for name, value in os.environ.items() if name not in OURS}
    env |= {"PYTHONPATH": str(ROOT), "BATCH_API_KEY": mock.key}
    command = [sys.executable, "-m", "batch_conformance", "init", "--pipeline=none"]
    with subprocess.Popen(command, cwd=tmp_path, env=env, stdin=slave, stdout=slave, stderr=slave) as process:
        os.close(slave)
        answers = [mock.base_url, "", mock.batch_ids[0]]
        told = ""
        while True:
            ready, _, _ = select.select([master], [], [], 60)
            try:
                read = os.read(master, 4096).decode() if ready else ""
            except OSError:
                break
            if not read:
                break
            told += read
            if told.rstrip(" ").endswith(":") and answers:
                os.write(master, (answers.pop(0) + "\n").encode())
        assert process.wait(60) == 0, told
    os.close(master)
    assert "the batch is there" in told
    assert (tmp_path / "audit.yaml").is_file()


def test_a_first_run_is_told_in_chinese(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mock: EmbeddedMock) -> None:
    arguments = (f"--base-url={mock.base_url}", f"--batch-id={mock.batch_ids[0]}", "--report-language=zh")
    done = init(tmp_path, monkeypatch, *arguments, BATCH_API_KEY=mock.key)
    assert done.exit_code == 0, done.output
    assert [line for line in done.output.splitlines() if line.isascii()] == []
    for name in ("audit.yaml", ".github/workflows/contract.yml"):
        written = (tmp_path / name).read_text(encoding="utf-8")
        comments = [line for line in written.splitlines() if line.lstrip().startswith("#")]
        assert comments
        assert [line for line in comments if line.isascii()] == []
        assert yaml.safe_load(written)
    again = init(tmp_path, monkeypatch, *arguments, BATCH_API_KEY=mock.key)
    assert (again.exit_code, "audit.yaml 已经存在" in again.output) == (4, True)
    assert "需要一个目标" in init(tmp_path, monkeypatch, "--report-language=zh").output
