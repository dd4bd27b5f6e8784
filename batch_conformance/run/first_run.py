"""The ``init`` command: what a first run needs, tried with one request, written as an ``audit.yaml`` and a pipeline."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from batch_conformance.exchange.base_url import parse_base_url
from batch_conformance.exchange.exchange import Exchange
from batch_conformance.exchange.profile import Profile
from batch_conformance.input_error import InputError
from batch_conformance.message import Message, Template
from batch_conformance.options import DEFAULT_KEY_ENV
from batch_conformance.report.run.writer import write_text
from batch_conformance.run.live.begin import begin
from batch_conformance.run.settings import settle
from batch_conformance.run.vendors import load_profile

Pipeline = Literal["github", "gitlab", "none"]
Render = Callable[[Message], str]
"""Renders a message in a language."""

PIPELINES: Mapping[Pipeline, str] = {
    "github": ".github/workflows/contract.yml",
    "gitlab": "contract.gitlab-ci.yml",
    "none": "",
}
"""The file of each pipeline, from the folder of ``audit.yaml``."""

AUDIT_FILE = "audit.yaml"

_REQUESTED = Template("init.requested", "GET {path} was answered {status}: {means}")
_UNANSWERED = Template("init.unanswered", "GET {path} was not answered: {why}")
_NO_KEY = Template("init.no_key", "{variable} holds no key: nothing was sent")
_FOUND = Template("init.found", "the batch is there")
_NO_BATCH = Template("init.no_batch", "no batch has this id; a run needs one that exists (--batch-id)")
_UNKNOWN_ID = Template("init.unknown_id", "as for an id that nobody has; a run needs one that exists (--batch-id)")
_REFUSED = Template("init.refused", "the key in {variable} was refused")
_OTHER = Template("init.other", "a run will say what that means")
_WRITTEN = Template("init.written", "{file} is written")
_THERE_ALREADY = Template("init.there_already", "{file} is there already: move it away, or work in another folder")
_NEXT = Template("init.next", "Next: batch-conformance audit {file}")
_SECRETS = Template("init.secrets", "The pipeline reads the key from the secret {variable}")
_INSTALL = Template(
    "init.install", "In {file}, say where to install from: batch-conformance is on no public index (docs/CI.md)"
)
_INCLUDE = Template("init.include", "GitLab reads {file} once .gitlab-ci.yml has the line `include: {file}`")

_NAME = re.compile(r"[^a-z0-9]+")

_SCHEMA = Template("init.schema", "The schema of this file, for editors: `batch-conformance schema audit`")
_MADE_FOR: Mapping[Pipeline, Template] = {
    "github": Template(
        "init.made_for_github", "Made by `batch-conformance init`. The key is the secret {variable} of the repository."
    ),
    "gitlab": Template(
        "init.made_for_gitlab",
        "Made by `batch-conformance init`. The key is the masked variable {variable} of the project.",
    ),
}
_INSTALLED_FROM = Template(
    "init.installed_from", "Where you keep batch-conformance: a repository, an index, or a folder of this one."
)
_INCONCLUSIVE = Template("init.inconclusive", "inconclusive: nothing was learnt about the contract")
"""What the files say to people, in their language."""

_GITHUB = """\
# %(made)s
name: contract
on:
  schedule:
    - cron: "17 5 * * *"
  workflow_dispatch:
jobs:
  audit:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      # %(installed_from)s
      - run: pip install -q batch-conformance
      - name: Audit
        run: |
          code=0
          batch-conformance audit %(file)s || code=$?
          if [ "$code" -eq 6 ]; then
            echo "::warning::%(inconclusive)s"
            exit 0
          fi
          exit "$code"
        env:
          %(variable)s: ${{ secrets.%(variable)s }}
      - uses: actions/upload-artifact@v4
        if: always()
        with:
          name: contract-report
          path: reports/
"""

_GITLAB = """\
# %(made)s
contract:
  image: python:3.12
  script:
    # %(installed_from)s
    - pip install -q batch-conformance
    - batch-conformance audit %(file)s
  allow_failure:
    exit_codes: [6]
  artifacts:
    when: always
    paths:
      - reports/
"""

_TEMPLATES: Mapping[Pipeline, str] = {"github": _GITHUB, "gitlab": _GITLAB}


@dataclass(frozen=True, slots=True)
class FirstRun:
    """What is to be audited. Either ``base_url`` or ``vendor`` is given; ``key_env`` is the name of a variable.

    ``contract`` is empty where it is the vendor's, or the one that is shipped.
    """

    base_url: str = ""
    vendor: str = ""
    key_env: str = DEFAULT_KEY_ENV
    batch_ids: tuple[str, ...] = ()
    pipeline: Pipeline = "github"
    contract: str = ""

    @property
    def name(self) -> str:
        """The name of the target in the file: the vendor, or the host."""
        plain = self.vendor if self.vendor and Path(self.vendor).suffix == "" else self.host
        return _NAME.sub("-", plain.lower()).strip("-") or "target"

    @property
    def host(self) -> str:
        """The host of the base URL; empty where there is none."""
        return parse_base_url(self.base_url).host if self.base_url else ""


def asks_for_key(wanted: FirstRun) -> bool:
    """Whether the vendor has a credential. Raises InputError for a vendor that nobody knows."""
    profile: Profile | None = load_profile(wanted.vendor) if wanted.vendor else None
    return profile is None or profile.auth != "none"


def try_one_request(wanted: FirstRun, environ: Mapping[str, str]) -> Message:
    """Send the first request of a run, and say what came of it. Raises InputError where a run could not begin."""
    if asks_for_key(wanted) and not environ.get(wanted.key_env):
        return _NO_KEY(variable=wanted.key_env)
    given: dict[str, Any] = {"base_url": wanted.base_url or None, "batch_ids": wanted.batch_ids, "retries": 0}
    given |= {"contract": wanted.contract} if wanted.contract else {}
    settings = settle(environ, **given, vendor=wanted.vendor or None, key_env=wanted.key_env)
    audit = begin(settings, seed=None, command="batch-conformance init")
    try:
        return _outcome(audit.target.send(audit.plan.probes[0], 0)[-1], wanted)
    finally:
        audit.close()


def _outcome(exchange: Exchange, wanted: FirstRun) -> Message:
    path = exchange.probe.path
    if exchange.failure is not None:
        return _UNANSWERED(path=path, why=exchange.failure.detail)
    status, known = exchange.status or 0, exchange.probe.subject == "known"
    means = _OTHER()
    if 200 <= status < 300 and known:
        means = _FOUND()
    elif status in (401, 403):
        means = _REFUSED(variable=wanted.key_env)
    elif status == 404:
        means = _NO_BATCH() if known else _UNKNOWN_ID()
    return _REQUESTED(path=path, status=status, means=means)


def write_files(wanted: FirstRun, folder: Path, render: Render = str) -> Iterator[Message]:
    """Write ``audit.yaml`` and the pipeline into ``folder``, and say so; ``render`` says what stands in their comments.

    Raises InputError where one of them is there already: nothing is written then. Raises OSError.
    """
    files = {folder / AUDIT_FILE: audit_yaml(wanted, render)}
    if wanted.pipeline != "none":
        files[folder / PIPELINES[wanted.pipeline]] = _TEMPLATES[wanted.pipeline] % {
            "variable": wanted.key_env,
            "file": AUDIT_FILE,
            "made": render(_MADE_FOR[wanted.pipeline](variable=wanted.key_env)),
            "installed_from": render(_INSTALLED_FROM()),
            "inconclusive": render(_INCONCLUSIVE()),
        }
    there = next((file for file in files if file.exists()), None)
    if there is not None:
        raise InputError(_THERE_ALREADY(file=str(there)))
    for file, text in files.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        write_text(file, text)
        yield _WRITTEN(file=str(file))
    if wanted.pipeline != "none" and asks_for_key(wanted):
        yield _SECRETS(variable=wanted.key_env)
    if wanted.pipeline != "none":
        yield _INSTALL(file=PIPELINES[wanted.pipeline])
    if wanted.pipeline == "gitlab":
        yield _INCLUDE(file=PIPELINES[wanted.pipeline])
    yield _NEXT(file=str(folder / AUDIT_FILE))


def audit_yaml(wanted: FirstRun, render: Render = str) -> str:
    """The file with the one target."""
    target: dict[str, str | Sequence[str] | Mapping[str, str]] = {"name": wanted.name}
    if wanted.vendor:
        target["vendor"] = wanted.vendor
    if wanted.base_url:
        target["base_url"] = wanted.base_url
    if asks_for_key(wanted):
        target["key_env"] = wanted.key_env
    if wanted.batch_ids:
        target["batch_ids"] = list(wanted.batch_ids)
    if wanted.contract:
        target["options"] = {"contract": wanted.contract}
    text = yaml.safe_dump({"targets": [target]}, sort_keys=False, allow_unicode=True, width=1000)
    return f"# {render(_SCHEMA())}\n{text}"
