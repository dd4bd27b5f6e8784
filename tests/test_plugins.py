"""The suite beside the plugins that people have installed."""

from __future__ import annotations

from importlib.metadata import distribution
from pathlib import Path

import pytest
from suite_support import ROOT, run_suite

from batch_conformance.mock.process import EmbeddedMock

PLUGINS = ("html", "base-url", "timeout", "randomly", "xdist", "profiling", "playwright")


@pytest.mark.parametrize("plugin", PLUGINS)
def test_the_plugin_is_installed_so_that_the_next_tests_mean_something(plugin: str) -> None:
    assert distribution(f"pytest-{plugin}")


def test_the_suite_runs_with_all_of_them_at_work(tmp_path: Path) -> None:
    page = tmp_path / "html" / "report.html"
    with EmbeddedMock() as mock:
        outcome = run_suite(
            tmp_path,
            *("-p", "randomly", "-n", "2", "--timeout=60", f"--html={page}", "--self-contained-html"),
            "--exploration=quick",
            mock=mock,
        )
    assert outcome.code == 0, outcome.text
    assert outcome.drift["verdict"] == "conforms"
    assert page.is_file()
    assert mock.key not in page.read_text(encoding="utf-8")


def test_the_base_url_of_pytest_base_url_is_ours(tmp_path: Path) -> None:
    with EmbeddedMock() as mock:
        env = {"PYTEST_BASE_URL": mock.base_url, "BATCH_API_KEY": mock.key, "BATCH_IDS": mock.batch_ids[0]}
        outcome = run_suite(tmp_path, "--exploration=quick", env=env)
    assert outcome.drift["target"]["base_url"] == mock.base_url


def test_without_any_other_plugin_the_suite_runs_as_well(tmp_path: Path) -> None:
    env = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    outcome = run_suite(tmp_path, "--exploration=quick", env=env)
    assert outcome.code == 0, outcome.text


def test_the_projects_own_tests_run_with_all_of_them(tmp_path: Path) -> None:
    outcome = run_suite(tmp_path / "none", "-p", "randomly", "-n", "2", str(ROOT / "tests" / "test_strict_json.py"))
    assert outcome.code == 0, outcome.text
    assert not (tmp_path / "none").exists()
