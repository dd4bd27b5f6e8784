"""Runs the shell steps of an action as GitHub's runner does, and notes the steps that use other actions."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from suite_support import OURS, ROOT

_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
_OF_A_RUNNER = ("GITHUB_", "RUNNER_", "OPTION_", "ACTIONS_")


@dataclass
class Job:
    """What a job that uses the action leaves: its exit code, all that was printed, and what was used with what."""

    code: int = 0
    text: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    used: dict[str, dict[str, str]] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)
    summary: str = ""


def run_action(
    workspace: Path,
    temp: Path,
    inputs: Mapping[str, str],
    env: Mapping[str, str],
    *,
    without: tuple[str, ...] = (),
) -> Job:
    """Take the steps of ``action.yml``, as a job in ``workspace`` would. ``without`` names steps to leave out.

    An input that the action does not have is an error.
    """
    action = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
    given = {name: _evaluated(str(value.get("default", "")), {}) for name, value in action["inputs"].items()}
    for name, value in inputs.items():
        assert name in given, name
        given[name] = value
    job, steps = Job(), {}
    files = {name: temp / name for name in ("output", "summary")}
    for file in files.values():
        file.write_text("", "utf-8")
    runner = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(workspace),
        "GITHUB_OUTPUT": str(files["output"]),
        "GITHUB_STEP_SUMMARY": str(files["summary"]),
        "GITHUB_WORKFLOW": "contract",
        "GITHUB_JOB": "audit",
        "GITHUB_RUN_ID": "77",
        "GITHUB_SERVER_URL": "https://github.example",
        "GITHUB_REPOSITORY": "team/api",
        "RUNNER_TEMP": str(temp),
    }
    clean = {
        name: value for name, value in os.environ.items() if name not in OURS and not name.startswith(_OF_A_RUNNER)
    }
    for step in action["runs"]["steps"]:
        name = step.get("name", step.get("uses", ""))
        context = {"inputs": given, "steps": steps}
        if name in without or not _runs(step.get("if", "success()"), context, failed=job.code != 0):
            continue
        job.ran.append(name)
        if "uses" in step:
            job.used[step["uses"].partition("@")[0]] = {
                key: _evaluated(str(value), context) for key, value in step.get("with", {}).items()
            }
            continue
        assert step["shell"] == "bash"
        script = temp / "step.sh"
        script.write_text(_evaluated(step["run"], context), "utf-8")
        files["output"].write_text("", "utf-8")
        variables = {key: _evaluated(str(value), context) for key, value in step.get("env", {}).items()}
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=workspace,
            env={**clean, **runner, **env, **variables},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        job.text += done.stdout
        job.code = job.code or done.returncode
        written = dict(line.split("=", 1) for line in files["output"].read_text("utf-8").splitlines())
        if "id" in step:
            steps[step["id"]] = {"outputs": written}
    job.outputs = {
        name: _evaluated(output["value"], {"inputs": given, "steps": steps})
        for name, output in action["outputs"].items()
    }
    job.summary = files["summary"].read_text("utf-8")
    return job


def _evaluated(text: str, context: Mapping[str, Any]) -> str:
    return _EXPRESSION.sub(lambda found: _value(found[1], context), text)


def _value(name: str, context: Mapping[str, Any]) -> str:
    if name == "github.action_path":
        return str(ROOT)
    if name == "github.token":
        return "ghs_of_the_job"
    found: Any = context
    for part in name.split("."):
        found = found.get(part, "") if isinstance(found, Mapping) else ""
    return str(found)


def _runs(condition: str, context: Mapping[str, Any], *, failed: bool) -> bool:
    """The conditions that the action has: ``always()``, ``success()``, and comparisons, joined by ``&&``."""
    parts = [part.strip() for part in condition.split("&&")]
    if failed and "always()" not in parts:
        return False
    return all(_holds(part, context) for part in parts if part not in ("always()", "success()"))


def _holds(part: str, context: Mapping[str, Any]) -> bool:
    name, operator, word = part.split()
    assert operator in ("==", "!=")
    return (_value(name, context) == word.strip("'")) is (operator == "==")
