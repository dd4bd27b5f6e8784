"""The command line itself: exit codes, wrong usage, what each command says of itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from suite_support import run_command

from batch_conformance import __version__
from batch_conformance.cli import main
from batch_conformance.rules import REGISTRY


@pytest.mark.parametrize(
    "arguments", [("nonsense",), ("mock", "--port", "x"), ("explain", "no.such_rule"), ("completion", "cmd")], ids=str
)
def test_wrong_usage_is_exit_code_4_without_a_traceback(arguments: tuple[str, ...]) -> None:
    done = run_command(*arguments)
    assert done.returncode == 4, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr


def test_the_version_is_the_packages() -> None:
    assert run_command("--version").stdout.split()[-1] == __version__


def test_explain_lists_every_rule_and_tells_one_in_full() -> None:
    listed = run_command("explain").stdout
    assert all(rule in listed for rule in REGISTRY)
    told = run_command("explain", "body.type").stdout
    rule = REGISTRY["body.type"]
    assert rule.title in told
    assert rule.remedy in told


def test_explain_tells_the_id_of_a_finding_from_a_rule() -> None:
    """It stands in brackets at the end of a finding's first line, and is the nearest thing to copy."""
    done = run_command("explain", "ab01c960c2ba")
    assert done.returncode == 4
    assert "it is the id of a finding" in done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed_for_the_shell(shell: str) -> None:
    done = run_command("completion", shell)
    assert done.returncode == 0
    assert "_BATCH_CONFORMANCE_COMPLETE" in done.stdout


def test_run_hands_its_options_to_pytest() -> None:
    done = run_command("run", "--collect-only", "-q")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "suites/test_response_bodies.py::test_each_value_has_its_documented_type[200-created_at]" in done.stdout


@pytest.mark.parametrize("command", ["audit", "matrix", "prove", "validate"])
def test_the_folder_of_reports_has_one_name_in_every_command(command: str) -> None:
    options = {name for param in main.commands[command].params for name in param.opts}
    assert "--reports-dir" in options
    assert "--output" not in options


def test_run_is_begun_alike_by_the_module_and_by_the_commands() -> None:
    short = run_command("run", "--collect-only", "-q", "-k", "created_at", "--base-url=http://127.0.0.1:1/v1")
    apart = run_command("run", "--", "--collect-only", "-q", "-k", "created_at", "--base-url=http://127.0.0.1:1/v1")
    assert short.returncode == apart.returncode == 0
    assert "[200-created_at]" in short.stdout
    assert sorted(short.stdout.split()[:-1]) == sorted(apart.stdout.split()[:-1])
    assert run_command("run", "--fail-on=nonsense").returncode == 4
    assert "--confirm" in run_command("run", "--help").stdout


def test_a_run_loads_nothing_that_only_other_commands_and_options_need(tmp_path: Path) -> None:
    others = {
        *("click", "sqlite3", "concurrent.futures", "batch_conformance.cli", "batch_conformance.mock.drifts"),
        *("batch_conformance.client.reader", "batch_conformance.report.trend.trend"),
    }
    code = (
        "import sys; from batch_conformance.__main__ import main\n"
        "try: main()\n"
        f"finally: print('loaded:', sorted({others!r} & set(sys.modules)))"
    )
    arguments = ["run", "-q", "--plan", "--base-url=http://127.0.0.1:9/v1", f"--reports-dir={tmp_path}"]
    environment = {**os.environ, "BATCH_API_KEY": "sk-x", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert "loaded: []" in done.stdout, done.stdout + done.stderr
