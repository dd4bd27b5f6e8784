"""The table of options, and what is made of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from suite_support import ROOT

from batch_conformance.cli import main
from batch_conformance.options import OPTIONS, Option, options_of
from batch_conformance.report.language import LANGUAGES
from batch_conformance.run.audits.audit_file import AuditFileError, load_audit_file
from batch_conformance.run.settings import Asked, SettingsError, settle


def test_each_option_is_written_once() -> None:
    names = [option.name for option in OPTIONS]
    assert len(names) == len(set(names))


def test_the_help_of_run_shows_every_option_of_the_suite_and_no_call_of_python() -> None:
    shown = CliRunner().invoke(main, ["run", "--help"]).output
    assert shown.startswith("Usage: batch-conformance run [OPTIONS]")
    assert "pytest.main" not in shown
    assert all(f"  {option.usage}" in shown for option in options_of("run"))


def test_an_option_that_nobody_knows_is_told_of_the_command_that_was_typed(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "batch_conformance", "run", "--base-ulr=x"]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 4
    assert "batch-conformance run: there is no option --base-ulr; did you mean --base-url?" in done.stderr
    assert "pytest.main" not in done.stderr


def test_the_languages_of_reports_are_those_that_there_are() -> None:
    (language,) = [option for option in options_of("run") if option.name == "report-language"]
    assert language.choices == tuple(LANGUAGES)


def test_a_run_can_be_asked_for_every_option_and_for_nothing_else() -> None:
    assert set(Asked.__annotations__) == {option.keyword for option in options_of("run")}


def test_what_was_not_asked_for_is_the_default_of_the_option() -> None:
    settings = settle({}, base_url=None)
    compared = 0
    for option in options_of("run"):
        value = getattr(settings, option.keyword, None)
        if value is not None and option.default is not None:
            assert value == (Path(option.default) if option.type == "path" else option.default), option.name
            compared += 1
    assert compared >= 8


BOUNDED = [option for option in options_of("run") if option.bounds is not None]


@pytest.mark.parametrize("option", BOUNDED, ids=lambda option: option.name)
def test_a_number_out_of_bounds_is_refused_and_the_bounds_themselves_are_not(option: Option) -> None:
    bounds = option.bounds
    assert bounds is not None
    possible = [bounds.least + bounds.above, *([] if bounds.most is None else [bounds.most])]
    for number in possible:
        settle({}, base_url=None, **{option.keyword: number})  # type: ignore[typeddict-item]
    beyond = [bounds.least if bounds.above else bounds.least - 1, *([] if bounds.most is None else [bounds.most + 1])]
    for number in (*beyond, float("nan")):
        with pytest.raises(SettingsError, match=f"^{option.flag} .* is not possible: give "):
            settle({}, base_url=None, **{option.keyword: number})  # type: ignore[typeddict-item]


@pytest.mark.parametrize("name", [option.name for option in options_of("run") if option.audit_file != "options"])
def test_what_has_its_own_place_in_an_audit_file_is_refused_among_options(tmp_path: Path, name: str) -> None:
    file = tmp_path / "audit.yaml"
    file.write_text(
        f"targets: [{{name: one, base_url: 'http://127.0.0.1:1/v1', options: {{{name}: x}}}}]", encoding="utf-8"
    )
    with pytest.raises(AuditFileError, match=f"`{name}` is none of the options"):
        load_audit_file(file)
