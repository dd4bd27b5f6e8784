"""An exception that is no finding and no wrong input is a fault of the tool: named as one, with exit code 3."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from suite_support import run_suite

from batch_conformance import cli
from batch_conformance.input_error import InputError
from batch_conformance.message import shown


def test_a_value_error_before_the_first_request_is_a_fault_and_no_wrong_input(tmp_path: Path) -> None:
    broken = (
        "import batch_conformance.run.live.begin as beginning\n\n"
        "def fail(*a, **k):\n    raise ValueError('7 is no 8')\n\n"
    )
    (tmp_path / "broken.py").write_text(broken + "beginning.build_plan = fail\n", encoding="utf-8")
    outcome = run_suite(tmp_path / "reports", "-p", "broken", env={"PYTHONPATH": str(tmp_path)})
    assert outcome.code == 3, outcome.text
    assert "A fault of batch-conformance itself, not drift: " in outcome.text
    assert "7 is no 8" in outcome.text


@pytest.mark.parametrize("error", [ValueError("7 is no 8"), KeyError("id")])
def test_a_command_names_its_own_fault(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("batch_conformance.run.vendors.load_profile", fail)
    done = CliRunner().invoke(cli.main, ["vendors", "openai"])
    assert done.exit_code == 3
    assert f"not drift: {type(error).__name__}: {error}. Please report it" in done.output


def test_wrong_input_is_one_line_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise InputError(shown("there is no such vendor: see `batch-conformance vendors`"))

    monkeypatch.setattr("batch_conformance.run.vendors.load_profile", refuse)
    done = CliRunner().invoke(cli.main, ["vendors", "openai"])
    assert done.exit_code == 4
    assert done.output == "there is no such vendor: see `batch-conformance vendors`\n"
