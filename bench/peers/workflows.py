"""Redocly CLI's ``respect`` as one of the tools that are measured: Arazzo workflows of the plain requests.

``redocly generate-arazzo`` writes one workflow for the one operation of the document, without an id and with the
success criterion ``$statusCode == 200``. As its page says, that is where a person begins; what is written here is what
it takes to go on: a workflow for each plain request, with its id, its credential, its documented status, and of a batch
its id in the body. Its other checks (status, media type and schema of the document) are on, as they are by default.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import installed
from look import HERE, Found, Look, patience, switch
from plain_requests import BEARER, PlainRequest, plain_requests

from batch_conformance.mock.process import EmbeddedMock
from batch_conformance.run.prove.drift_runner import TICK, Entry

_OPERATION = "getBatchEvaluationJob"
_INPUT = "bearerAuth"
_SCHEME = "bearerAuth"
_QUIET = {"CI": "1", "REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "NO_COLOR": "1"}
_LONGEST = 1200.0
"""Seconds for one call, which reads several descriptions."""
_NO_REPORT = Look(frozenset({"it ended without a report"}), 0, 0.0)


class Respect:
    """``redocly respect``: one call for several mocks, each with an Arazzo description of its own."""

    name = "Redocly respect"
    version = installed.wanted(installed.REDOCLY)
    together = 8
    sources = (Path(__file__), HERE / "plain_requests.py")

    def __init__(self, document: Path) -> None:
        self._document = document
        self._mocks = [EmbeddedMock(tick=TICK) for _ in range(self.together)]

    def __enter__(self) -> Respect:
        for mock in self._mocks:
            mock.launch()
        for mock in self._mocks:
            mock.start()
        return self

    def __exit__(self, *_: object) -> None:
        for mock in self._mocks:
            mock.stop()

    def looks(self, entries: Sequence[Entry | None]) -> Sequence[Look]:
        """The checks that fail; one that ends the whole call is found out by a call for each."""
        mocks = self._mocks[: len(entries)]
        for mock, entry in zip(mocks, entries, strict=True):
            switch(mock, entry)
        found = self._call(mocks, patience(*entries))
        if found is not None:
            return found
        if len(entries) == 1:
            return [_NO_REPORT]
        return [look for entry in entries for look in self.looks([entry])]

    def _call(self, mocks: Sequence[EmbeddedMock], timeout: float) -> list[Look] | None:
        """One call for these mocks, or None where it left no report of each."""
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            files, servers = [], []
            for number, mock in enumerate(mocks):
                source = f"api{number}"
                servers.append(f"{source}={mock.base_url}")
                files.append(f"{source}.arazzo.json")
                text = json.dumps(arazzo(mock.batch_ids, source, self._document))
                (folder / files[-1]).write_text(text, encoding="utf-8")
            line = [str(installed.modules() / ".bin" / "redocly"), "respect", *files, "--json-output", "report.json"]
            line += ["--server", ",".join(servers), "--max-fetch-timeout", str(round(timeout * 1000))]
            # The key of a mock is made up; each of them has its own.
            line += ["--input", ",".join(f"{_INPUT}{number}={mock.key}" for number, mock in enumerate(mocks))]
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run(
                line, cwd=folder, env={**os.environ, **_QUIET}, capture_output=True, timeout=_LONGEST, check=False
            )
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            written = folder / "report.json"
            reports = json.loads(written.read_text(encoding="utf-8"))["files"] if written.exists() else {}
        if set(reports) != set(files):
            return None
        seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        return [Look(_failed(reports[file]), reports[file]["totalRequests"], seconds / len(files)) for file in files]


def arazzo(ids: Sequence[str], source: str, document: Path) -> dict[str, Any]:
    """An Arazzo 1.0.1 description of the plain requests, each a workflow: one that fails ends no other."""
    key = _INPUT + source.removeprefix("api")
    return {
        "arazzo": "1.0.1",
        "info": {"title": "Reading batches", "version": "1.0.0"},
        "sourceDescriptions": [{"name": source, "type": "openapi", "url": str(document)}],
        "workflows": [
            _workflow(request, f"request-{number}", key) for number, request in enumerate(plain_requests(ids), 1)
        ],
        "components": {
            "inputs": {"key": {"type": "object", "properties": {key: {"type": "string", "format": "password"}}}}
        },
    }


def _workflow(request: PlainRequest, name: str, key: str) -> dict[str, Any]:
    parameters = [{"name": "batch_id", "in": "path", "value": request.batch_id}]
    parameters += [{"name": name, "in": "header", "value": value} for name, value in request.headers.items()]
    if request.credential and request.credential != BEARER:
        credential = request.credential.replace("{key}", f"$inputs.{key}")
        parameters.append({"name": "Authorization", "in": "header", "value": credential})
    criteria = [{"condition": f"$statusCode == {request.status}"}]
    if request.status == 200:
        criteria.append({"condition": f"$response.body#/id == '{request.batch_id}'"})
    step: dict[str, Any] = {
        "stepId": "read",
        "operationId": _OPERATION,
        "parameters": parameters,
        "successCriteria": criteria,
    }
    if request.credential == BEARER:
        step["x-security"] = [{"schemeName": _SCHEME, "values": {"token": f"$inputs.{key}"}}]
    return {"workflowId": name, "inputs": {"$ref": "#/components/inputs/key"}, "steps": [step]}


def _failed(report: Mapping[str, Any]) -> Found:
    """The checks that did not pass, by request and kind."""
    return frozenset(
        f"{workflow['workflowId']}: {check['name']} {check.get('condition', '')}".strip()
        for workflow in report["executedWorkflows"]
        for step in workflow["executedSteps"]
        for check in step.get("checks", [])
        if not check["passed"] and check["severity"] == "error"
    )
