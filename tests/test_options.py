"""The table of options, and what is made of it."""

from __future__ import annotations

import inspect
from pathlib import Path

import pytest
from click.testing import CliRunner

from batch_conformance.cli import main
from batch_conformance.options import OPTIONS, options_of
from batch_conformance.report.language import LANGUAGES
from batch_conformance.run.audits.audit_file import AuditFileError, load_audit_file
from batch_conformance.run.settings import settle


def test_each_option_is_written_once() -> None:
    names = [option.name for option in OPTIONS]
    assert len(names) == len(set(names))


def test_the_help_of_run_shows_every_option_of_the_suite_and_no_call_of_python() -> None:
    shown = CliRunner().invoke(main, ["run", "--help"]).output
    assert shown.startswith("Usage: batch-conformance run [OPTIONS]")
    assert "pytest.main" not in shown
    assert all(f"  {option.usage}" in shown for option in options_of("run"))


def test_the_languages_of_reports_are_those_that_there_are() -> None:
    (language,) = [option for option in options_of("run") if option.name == "report-language"]
    assert language.choices == tuple(LANGUAGES)


def test_settings_without_options_have_the_defaults_of_the_options() -> None:
    parameters = inspect.signature(settle).parameters
    names = {"api-key-env": "key_env", "report-language": "language"}
    compared = 0
    for option in options_of("run"):
        name = names.get(option.name, option.name.replace("-", "_"))
        if name in parameters and option.default is not None:
            assert parameters[name].default == option.default, option.name
            compared += 1
    assert compared >= 8


@pytest.mark.parametrize("name", [option.name for option in options_of("run") if option.audit_file != "options"])
def test_what_has_its_own_place_in_an_audit_file_is_refused_among_options(tmp_path: Path, name: str) -> None:
    file = tmp_path / "audit.yaml"
    file.write_text(
        f"targets: [{{name: one, base_url: 'http://127.0.0.1:1/v1', options: {{{name}: x}}}}]", encoding="utf-8"
    )
    with pytest.raises(AuditFileError, match="have their own places"):
        load_audit_file(file)
