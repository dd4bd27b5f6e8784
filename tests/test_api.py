"""The public interface: what docs/API.md shows does what it says, and nothing of it is lost unnoticed."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
from suite_support import ROOT, run_suite

from batch_conformance import api
from batch_conformance.mock.process import EmbeddedMock

PAGE = (ROOT / "docs" / "API.md").read_text("utf-8")
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)

CALLED = {
    "open_contract": "source reading= overlays= choice=",
    "validate": "*sources options=",
    "write_reports": "report folder formats=",
    "Judge": "contract shape= most= folder= keeps_all=",
    "Judge.add": "self exchange observation=",
    "Judge.update": "self other",
    "Judge.ledger": "self of_recording= of_several_servers= revive=",
    "judge_to_json": "judge",
    "judge_from_json": "data contract",
    "Traffic": "contract base_url=",
    "Traffic.exchange": "self method url status body headers= request_headers= started_at= elapsed=",
}
"""How these are called; what has a default ends with ``=``. Others call them so: a change is one for the changelog."""


def test_what_is_public_is_called_as_before() -> None:
    for name, wanted in CALLED.items():
        found: object = api
        for part in name.split("."):
            found = getattr(found, part)
        assert callable(found)
        parameters = inspect.signature(found).parameters.values()
        stars = {inspect.Parameter.VAR_POSITIONAL: "*", inspect.Parameter.VAR_KEYWORD: "**"}
        defaults = {True: "", False: "="}
        shown = [
            f"{stars.get(one.kind, '')}{one.name}{defaults[one.default is inspect.Parameter.empty]}"
            for one in parameters
        ]
        assert " ".join(shown) == wanted, name


def test_every_public_name_is_there_and_says_what_it_is() -> None:
    for name in api.__all__:
        assert (getattr(api, name).__doc__ or "").strip(), name


def test_the_answers_of_a_client_are_held_to_the_contract_as_the_page_shows(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with EmbeddedMock(drifts=["created_at_string"]) as mock:
        names = {
            "base_url": mock.base_url,
            "batch_ids": mock.batch_ids[:2],
            "headers": {"Authorization": f"Bearer {mock.key}"},
        }
        exec(EXAMPLES[0], names)
    printed = capsys.readouterr().out
    assert "must body.type 200 /created_at expected" in printed
    assert mock.key not in printed


def test_a_recording_is_validated_as_the_page_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with EmbeddedMock(drifts=["created_at_string"]) as mock:
        run_suite(tmp_path / "run", "--exploration=quick", mock=mock)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run" / "exchanges.har").rename(tmp_path / "traffic.ndjson")
    names: dict[str, object] = {}
    exec(EXAMPLES[1], names)
    report = names["report"]
    assert isinstance(report, api.RunReport)
    assert (report.verdict, report.exit_code) == ("drift", 1)
    assert (tmp_path / "reports" / "drift.html").is_file()


def test_a_test_of_another_suite_passes_and_fails_as_the_page_shows() -> None:
    names: dict[str, object] = {}
    exec(EXAMPLES[2], names)
    test = names["test_our_mock_answers_as_the_contract_says"]
    assert callable(test)

    class Client:
        def __init__(self, mock: EmbeddedMock) -> None:
            self.mock = mock

        def get(self, path: str) -> requests.Response:
            url = self.mock.base_url.removesuffix("/v1") + path.replace("batch_1", self.mock.batch_ids[0])
            return requests.get(url, headers={"Authorization": f"Bearer {self.mock.key}"}, timeout=10)

    with EmbeddedMock() as mock:
        test(Client(mock))
    with EmbeddedMock(drifts=["created_at_string"]) as mock, pytest.raises(AssertionError):
        test(Client(mock))


def test_what_is_none_of_the_contracts_requests_is_no_exchange() -> None:
    traffic = api.Traffic(api.open_contract("siliconflow"), "https://api.example.com/v1")
    for url in ("https://api.example.com/v1/files/x", "https://other.example.com/v1/batches/x", "nonsense"):
        assert traffic.exchange("GET", url, status=200, body=b"{}") is None
    assert traffic.exchange("GET", "https://api.example.com/v1/batches/x", status=200, body=b"{}") is not None
    with pytest.raises(api.InputError):
        api.Traffic(api.open_contract("siliconflow"), "no url")


def test_a_type_checker_reads_the_types_of_an_installed_package(tmp_path: Path) -> None:
    file = tmp_path / "use.py"
    file.write_text(
        "from batch_conformance.api import Judge, open_contract\nreveal_type(Judge(open_contract('x')).ledger())\n",
        "utf-8",
    )
    command = [sys.executable, "-m", "mypy", "--strict", "--no-incremental", "--cache-dir", str(tmp_path), str(file)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert 'Revealed type is "batch_conformance.findings.ledger.Ledger"' in done.stdout, done.stdout


def test_judges_of_several_processes_add_up_as_the_page_shows() -> None:
    with EmbeddedMock(drifts=["created_at_string"]) as mock:
        key = {"Authorization": f"Bearer {mock.key}"}
        answers = [
            (f"{mock.base_url}/batches/{one}", requests.get(f"{mock.base_url}/batches/{one}", headers=key, timeout=10))
            for one in mock.batch_ids
        ]
    example = next(one for one in EXAMPLES if "judge_to_json" in one)
    found: dict[str, Any] = {"parts": [answers[:2], answers[2:]]}
    exec(example, found)
    whole: dict[str, Any] = {"parts": [answers]}
    exec(example, whole)
    assert found["whole"].judged == whole["whole"].judged == len(answers)
    assert found["ledger"].findings == whole["ledger"].findings != ()
    assert found["ledger"].clauses == whole["ledger"].clauses
