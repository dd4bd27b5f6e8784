"""The README and the pages around it say what is so: commands, options, links, exit codes."""

from __future__ import annotations

import html
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from suite_support import ROOT, run_suite

from batch_conformance.findings import gate
from batch_conformance.mock.process import EmbeddedMock

README = (ROOT / "README.md").read_text(encoding="utf-8")
CHINESE = (ROOT / "README.zh-CN.md").read_text(encoding="utf-8")
OPTIONS = (ROOT / "docs" / "OPTIONS.md").read_text(encoding="utf-8")
OPTIONS_IN_CHINESE = (ROOT / "docs" / "OPTIONS.zh-CN.md").read_text(encoding="utf-8")
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def test_the_first_two_commands_are_those_that_ci_runs() -> None:
    commands = re.findall(r"```console\n(.*?)\n```", README, re.DOTALL)[:2]
    assert [command.rpartition(" && ")[2] for command in commands] == [
        ".venv/bin/pytest",
        ".venv/bin/pytest tests -n auto",
    ]
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for command in commands:
        assert command in script


def test_the_table_of_options_is_the_options() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "make_readme.py"), "--check"], cwd=ROOT, env=_path(), check=False
    )
    assert done.returncode == 0, "run `python docs/make_readme.py`"


def test_the_page_of_what_is_covered_is_the_registry() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "make_coverage.py"), "--check"], cwd=ROOT, env=_path(), check=False
    )
    assert done.returncode == 0, "run python docs/make_coverage.py, and look at the difference"


def test_every_response_field_of_rfc_9110_and_9111_stands_on_that_page() -> None:
    page = (ROOT / "docs" / "COVERAGE.md").read_text(encoding="utf-8")
    of_standards = (
        "Accept Accept-Encoding Accept-Ranges Age Allow Authentication-Info Cache-Control Connection Content-Encoding "
        "Content-Language Content-Length Content-Location Content-Range Content-Type Date ETag Expires Last-Modified "
        "Location Pragma Proxy-Authenticate Proxy-Authentication-Info Retry-After Server Trailer Upgrade Vary Via "
        "Warning WWW-Authenticate"
    )
    assert [name for name in of_standards.split() if f"| `{name}` | RFC 911" not in page] == []


def test_the_pictures_are_there_and_the_command_that_takes_them_takes_these() -> None:
    shown = set(re.findall(r'<img src="docs/screenshots/page-(\w+)\.png"', README + CHINESE))
    assert shown == {"light", "dark", "narrow", "chinese"}
    assert all((ROOT / "docs" / "screenshots" / f"page-{name}.png").stat().st_size > 10_000 for name in shown)
    sys.path.insert(0, str(ROOT / "docs"))
    from make_screenshots import PICTURES  # noqa: PLC0415 - a script, not a package

    assert shown <= {picture.name for picture in PICTURES}


def test_the_terminals_are_shown_as_they_are_now(tmp_path: Path) -> None:
    shown = set(re.findall(r'<img src="docs/screenshots/terminal-(\w+)\.svg"', README))
    assert shown == set(re.findall(r'<img src="docs/screenshots/terminal-(\w+)\.svg"', CHINESE)) == {"drift", "clean"}
    drawn = (ROOT / "docs" / "screenshots" / "terminal-drift.svg").read_text(encoding="utf-8").replace("&#160;", " ")
    with EmbeddedMock(drifts=["created_at_string"]) as mock:
        told = run_suite(tmp_path, "--exploration=quick", mock=mock, fresh=True).text
    failure = told.partition("test_each_value_has_its_documented_type[200-created_at]")[2].splitlines()
    for line in failure[2:6]:
        assert html.escape(line.strip(), quote=False).replace('"', "&quot;") in drawn, line


@pytest.mark.parametrize(
    "pattern",
    [r"^\| (\d) \|", r"^(python3 -m venv .*)$", r"\]\((docs/(?!AUDIT|OPERATIONS|OPTIONS|RULES)[^)]*)\)"],
    ids=["exit codes", "commands", "pages"],
)
def test_the_chinese_readme_has_what_the_english_one_has(pattern: str) -> None:
    assert set(re.findall(pattern, CHINESE, re.MULTILINE)) == set(re.findall(pattern, README, re.MULTILINE))


def test_the_chinese_page_of_options_has_what_the_english_one_has() -> None:
    pattern = re.compile(r"^\| `(--[\w-]+[^`]*)` \|", re.MULTILINE)
    assert pattern.findall(OPTIONS_IN_CHINESE) == pattern.findall(OPTIONS) != []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_to_a_file_and_to_a_heading_of_it(page: Path) -> None:
    text = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for link in re.findall(r"(?:\]\(|src=\"|href=\")([^)\"\s]+)", text):
        if "://" in link or link.startswith("mailto:"):
            continue
        name, _, heading = link.partition("#")
        target = page.parent / name if name else page
        assert target.exists(), link
        if heading and target.suffix == ".md":
            headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            anchors = {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}
            assert heading in anchors | set(re.findall(r'id="([^"]+)"', target.read_text(encoding="utf-8"))), link


def test_the_exit_codes_are_those_of_the_gate() -> None:
    documented = {int(code) for code in re.findall(r"^\| (\d) \|", README, re.MULTILINE)}
    assert documented == {value for name, value in vars(gate).items() if name.startswith("EXIT_")}


def _path() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}
