"""The suite beside the plugins that people have installed."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
from suite_support import ROOT, Outcome, run_suite

from batch_conformance.mock.process import EmbeddedMock

PLUGINS = (
    *("base-url", "cov", "html", "json-ctrf", "playwright", "profiling"),
    *("randomly", "rerunfailures", "sugar", "timeout", "xdist"),
)
CREATED_AT = "suites/test_response_bodies.py::test_each_value_has_its_documented_type[200-created_at]"
OBJECT = re.compile(r" object at 0x[0-9a-f]+|<function |<bound method ")


@pytest.mark.parametrize("plugin", [*(f"pytest-{name}" for name in PLUGINS), "allure-pytest"])
def test_the_plugin_is_installed_so_that_the_next_tests_mean_something(plugin: str) -> None:
    assert distribution(plugin)


@dataclass(frozen=True)
class AllAtWork:
    """A run against a drifting mock with all of them: what it came to, and what each of them wrote."""

    outcome: Outcome
    key: str
    ctrf: dict[str, Any]
    allure: list[dict[str, Any]]
    page: str


@pytest.fixture(scope="module")
def at_work(tmp_path_factory: pytest.TempPathFactory) -> AllAtWork:
    folder = tmp_path_factory.mktemp("plugins")
    page, ctrf, allure = folder / "html" / "report.html", folder / "ctrf.json", folder / "allure"
    options = ("-p", "randomly", "-n", "2", "--timeout=120", "--reruns=1", "--force-sugar")
    options += (f"--html={page}", "--self-contained-html", f"--ctrf={ctrf}", f"--alluredir={allure}")
    options += ("--cov=batch_conformance.report", "--cov-report=", "--exploration=quick")
    with EmbeddedMock(drifts=["created_at_string"]) as mock:
        outcome = run_suite(folder, *options, mock=mock, env={"COVERAGE_FILE": str(folder / "coverage")}, fresh=True)
        key = mock.key
    results = [json.loads(file.read_text("utf-8")) for file in allure.glob("*-result.json")]
    return AllAtWork(outcome, key, json.loads(ctrf.read_text("utf-8")), results, page.read_text("utf-8"))


def states(outcome: Outcome) -> dict[str, str]:
    """Every test of ``junit.xml`` by its name, and how it ended."""
    named = {"failure": "failed", "skipped": "skipped"}
    return {
        f"{str(case.get('classname')).replace('.', '/')}.py::{case.get('name')}": next(
            (named[child.tag] for child in case if child.tag in named), "passed"
        )
        for case in ET.parse(outcome.folder / "junit.xml").getroot().findall(".//testcase")
    }


def test_the_suite_runs_with_all_of_them_at_work(at_work: AllAtWork) -> None:
    assert at_work.outcome.code == 1, at_work.outcome.text
    assert at_work.outcome.findings("must", "should") == [("body.type", "200", "/created_at")]
    assert [name for name, state in states(at_work.outcome).items() if state == "failed"] == [CREATED_AT]
    assert "--reruns: the same answers are looked up again" in at_work.outcome.text
    assert "Traceback" not in at_work.outcome.text


def test_ctrf_has_an_entry_for_each_clause_with_the_right_state(at_work: AllAtWork) -> None:
    tests = at_work.ctrf["results"]["tests"]
    assert {test["name"]: test["status"] for test in tests} == states(at_work.outcome)
    (failed,) = (test for test in tests if test["status"] == "failed")
    assert "spec/siliconflow-get-batch.yaml:67" in failed["trace"]


def test_allure_has_an_entry_for_each_clause_with_the_right_state(at_work: AllAtWork) -> None:
    ended = {f"{one['fullName'].partition('#')[0]}.{one['name']}": one["status"] for one in at_work.allure}
    expected = {name.replace("/", ".").replace(".py::", "."): state for name, state in states(at_work.outcome).items()}
    assert ended == expected


def test_none_of_them_shows_an_object_or_the_key(at_work: AllAtWork) -> None:
    for text in (json.dumps(at_work.ctrf), json.dumps(at_work.allure), at_work.page):
        assert OBJECT.search(text) is None
        assert at_work.key not in text


def test_the_base_url_of_pytest_base_url_is_ours(tmp_path: Path) -> None:
    with EmbeddedMock() as mock:
        env = {"PYTEST_BASE_URL": mock.base_url, "BATCH_API_KEY": mock.key, "BATCH_IDS": mock.batch_ids[0]}
        outcome = run_suite(tmp_path, "--exploration=quick", env=env, fresh=True)
    assert outcome.drift["target"]["base_url"] == mock.base_url


def test_without_any_other_plugin_the_suite_runs_as_well(tmp_path: Path) -> None:
    env = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    outcome = run_suite(tmp_path, "--exploration=quick", env=env, fresh=True)
    assert outcome.code == 0, outcome.text


def test_the_projects_own_tests_run_with_all_of_them(tmp_path: Path) -> None:
    arguments = ("-p", "randomly", "-n", "2", str(ROOT / "tests" / "test_strict_json.py"))
    outcome = run_suite(tmp_path / "none", *arguments, fresh=True)
    assert outcome.code == 0, outcome.text
    assert not (tmp_path / "none").exists()
