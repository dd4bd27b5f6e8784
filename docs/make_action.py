"""Writes ``action.yml``, whose inputs are the options of a run: ``python docs/make_action.py``."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import yaml

from batch_conformance.github_action.inputs import inputs, variable
from batch_conformance.github_action.outputs import NAMES
from batch_conformance.options import Option

FILE = Path(__file__).resolve().parent.parent / "action.yml"

HEADER = """\
# Written by `python docs/make_action.py` from the table of options. The page that explains it is docs/CI.md.
name: batch-conformance
description: Holds a server to the published contract of GET /batches/{batch_id}, and says what drifted.
branding: {icon: check-square, color: blue}
"""

STEPS = """\
runs:
  using: composite
  steps:
    - uses: actions/setup-python@v5
      with:
        python-version: ${{ inputs.python-version }}
    - name: Install
      shell: bash
      env:
        ACTION: ${{ github.action_path }}
        EXTRAS: ${{ inputs.extras }}
      run: |
        python -m venv "$RUNNER_TEMP/batch-conformance"
        wanted="$ACTION${EXTRAS:+[$EXTRAS]}"
        "$RUNNER_TEMP/batch-conformance/bin/python" -m pip install -q -c "$ACTION/constraints.txt" "$wanted"
    - name: Audit
      id: audit
      shell: bash
      env:
%(variables)s
      run: '"$RUNNER_TEMP/batch-conformance/bin/python" -m batch_conformance.github_action audit'
    - name: Keep the report
      if: always() && inputs.upload-report == 'true' && steps.audit.outputs.report != ''
      uses: actions/upload-artifact@v4
      with:
        name: ${{ inputs.artifact }}
        path: ${{ steps.audit.outputs.report }}
    - name: Show the findings as code scanning alerts
      if: always() && inputs.upload-sarif == 'true' && steps.audit.outputs.sarif != ''
      uses: github/codeql-action/upload-sarif@v3
      with:
        sarif_file: ${{ steps.audit.outputs.sarif }}
        category: ${{ inputs.artifact }}
    - name: Comment on the pull request
      if: always() && inputs.comment == 'true' && steps.audit.outputs.report != ''
      shell: bash
      env:
        GITHUB_TOKEN: ${{ inputs.github-token }}
        OPTION_REPORTS_DIR: ${{ inputs.reports-dir }}
      run: '"$RUNNER_TEMP/batch-conformance/bin/python" -m batch_conformance.github_action comment'
    - name: Pass on the exit code
      shell: bash
      env:
        CODE: ${{ steps.audit.outputs.exit-code }}
        ALLOW_INCONCLUSIVE: ${{ inputs.allow-inconclusive }}
      run: |
        if [ "$CODE" = 6 ] && [ "$ALLOW_INCONCLUSIVE" = true ]; then
          echo "::warning title=batch-conformance::inconclusive (exit code 6), which allow-inconclusive lets pass"
          exit 0
        fi
        exit "$CODE"
"""

OWN_INPUTS: tuple[tuple[str, str, str], ...] = (
    ("arguments", "further arguments of pytest, as in a shell, such as -k created_at", ""),
    ("python-version", "the Python to run on, 3.11 or later", "3.12"),
    ("extras", "extras to install, separated by commas: openai, client", ""),
    ("upload-report", "keep the folder of the reports as an artifact", "true"),
    ("artifact", "the name of the artifact, and the category of the alerts", "batch-conformance"),
    ("upload-sarif", "show the findings as code scanning alerts (permission security-events: write)", "false"),
    ("comment", "tell a pull request what changed, in one comment (permission pull-requests: write)", "false"),
    ("github-token", "the token that comments", "${{ github.token }}"),
    (
        "allow-inconclusive",
        "a run that could not judge what it has to (exit code 6) does not fail the job",
        "false",
    ),
)
"""Inputs that are no options of a run: name, meaning, default."""


def action() -> str:
    """The text of ``action.yml``."""
    own = {name: {"description": meaning, "default": default} for name, meaning, default in OWN_INPUTS}
    parts = {
        "inputs": {option.name: {"description": _meaning(option), "default": ""} for option in inputs()} | own,
        "outputs": {
            name: {"description": meaning, "value": f"${{{{ steps.audit.outputs.{name} }}}}"}
            for name, meaning in NAMES.items()
        },
    }
    names = [option.name for option in inputs()] + ["arguments"]
    variables = "\n".join(f"        {variable(name)}: ${{{{ inputs.{name} }}}}" for name in names)
    return HEADER + "".join(_block(parts)) + STEPS % {"variables": variables}


def _meaning(option: Option) -> str:
    if option.type == "flag":
        return f"true: {option.help}"
    return option.description.replace("repeatable", "one a line") if option.repeats else option.description


def _block(parts: dict[str, dict[str, dict[str, str]]]) -> Iterator[str]:
    for name, part in parts.items():
        yield yaml.safe_dump({name: part}, sort_keys=False, allow_unicode=True, width=1000)


def main() -> None:
    """Write it, or with ``--check`` only say whether it is as it should be."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--check", action="store_true")
    if arguments.parse_args().check:
        raise SystemExit(int(FILE.read_text(encoding="utf-8") != action()))
    FILE.write_text(action(), encoding="utf-8")


if __name__ == "__main__":
    main()
