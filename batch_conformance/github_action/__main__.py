"""The steps of the action that are more than a line: ``python -m batch_conformance.github_action audit|comment``."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import requests

from batch_conformance.findings.gate import EXIT_USAGE
from batch_conformance.github_action import comment
from batch_conformance.github_action.inputs import arguments, variable
from batch_conformance.github_action.outputs import as_lines, outputs, read_drift
from batch_conformance.input_error import InputError


def audit(environ: Mapping[str, str]) -> None:
    """Run the suite and write the outputs. Ends well whatever the run ends with: the last step gives its exit code."""
    folder = _reports(environ)
    (folder / "drift.json").unlink(missing_ok=True)
    try:
        given = arguments(environ)
    except InputError as error:
        print(f"::error title=batch-conformance::{error}")
        code = EXIT_USAGE
    else:
        code = subprocess.run([sys.executable, "-m", "batch_conformance", "run", *given], check=False).returncode
    with Path(environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as file:
        file.write(as_lines(outputs(folder, read_drift(folder), code)))


def comment_on_pull_request(environ: Mapping[str, str]) -> None:
    """Tell the pull request what changed. What GitHub refuses is a warning: the verdict does not depend on it."""
    where, folder = comment.pull_request(environ), _reports(environ)
    drift = read_drift(folder)
    if where is None or drift is None:
        print("no comment: " + ("this is no run for a pull request" if where is None else "the run has no report"))
        return
    mark = comment.marker(environ, drift["target"]["base_url"])
    run_url = f"{environ['GITHUB_SERVER_URL']}/{where.repository}/actions/runs/{environ['GITHUB_RUN_ID']}"
    text = comment.body(mark, (folder / "summary.md").read_text("utf-8"), run_url)
    try:
        print(comment.put(where, environ["GITHUB_TOKEN"], mark, text, news=comment.has_news(drift)))
    except requests.RequestException as error:
        status = error.response.status_code if error.response is not None else "no answer"
        why = "the workflow needs `permissions: pull-requests: write`, which a pull request of a fork never has"
        print(f"::warning title=batch-conformance::no comment on the pull request: {status} of GitHub ({why})")


def _reports(environ: Mapping[str, str]) -> Path:
    return Path(environ.get(variable("reports-dir"), "").strip() or "reports")


def main(names: list[str]) -> None:
    """Take the one step that is named."""
    steps = {"audit": audit, "comment": comment_on_pull_request}
    steps[names[0]](os.environ)


if __name__ == "__main__":
    main(sys.argv[1:])
