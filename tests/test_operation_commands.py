"""Every command that takes a contract takes ``--operation``, and hands it on to whatever works for it."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from operation_support import of, operation, write
from suite_support import ROOT, run_command, run_suite

from batch_conformance.contract.choice import OperationChoice
from batch_conformance.contract.sources import load_contract
from batch_conformance.mock.process import EmbeddedMock
from batch_conformance.mock.spec_of_contract import mock_spec_of

JOBS, MODELS = "/jobs/{job}", "/models/{model}"
TWO = of({JOBS: {"get": operation(JOBS, "getJob")}, MODELS: {"get": operation(MODELS, "getModel")}})
REFUSED = "has 2 operations GET /…/{id} and none of them is for batches: choose one with --operation: "


def recorded(folder: Path, *bodies: Any, path: str = "/models/m1") -> str:
    lines = [
        {
            "request": {"method": "GET", "url": f"https://api.example.com/v1{path}", "headers": []},
            "response": {"status": 200, "headers": [["Content-Type", "application/json"]], "body": json.dumps(body)},
        }
        for body in bodies
    ]
    file = folder / "traffic.ndjson"
    file.write_text("".join(json.dumps(one) + "\n" for one in lines), encoding="utf-8")
    return str(file)


def served(contract: str, name: str = "getModel") -> EmbeddedMock:
    return EmbeddedMock(mock_spec=mock_spec_of(load_contract(contract, choice=OperationChoice(name))))


COMMANDS = {
    "run": ["run", "--contract=API", "-q", "--reports-dir=FOLDER"],
    "validate": ["validate", "FOLDER/traffic.ndjson", "--contract=API", "--reports-dir=FOLDER"],
    "diff": ["diff", "API", "API"],
    "prove": ["prove", "--contract=API", "--list"],
    "client": ["client", "FOLDER/traffic.ndjson", "--contract=API"],
    "mock": ["mock", "--contract=API", "--list-drifts"],
}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_refuses_what_it_cannot_choose_and_takes_what_is_named(tmp_path: Path, name: str) -> None:
    api = write(tmp_path, TWO)
    recorded(tmp_path, {"id": "m1"})
    arguments = [part.replace("API", api).replace("FOLDER", str(tmp_path)) for part in COMMANDS[name]]
    undecided = run_command(*arguments)
    assert (undecided.returncode, REFUSED in undecided.stdout + undecided.stderr) == (4, True), undecided
    blank = run_command(*arguments, "--operation= ")
    assert (blank.returncode, "--operation is empty" in blank.stdout + blank.stderr) == (4, True), blank
    named = run_command(*arguments, "--operation=GET /models/{id}")
    assert named.returncode == 0, named.stdout + named.stderr
    for done in (undecided, blank, named):
        assert "Traceback" not in done.stdout + done.stderr


def test_a_run_judges_the_operation_that_is_named_and_says_how_to_do_it_again(tmp_path: Path) -> None:
    api = write(tmp_path, TWO)
    with served(api) as mock:
        outcome = run_suite(tmp_path, f"--contract={api}", "--operation=GET /models/{any}", mock=mock)
    assert outcome.code == 0, outcome.text
    facts = outcome.drift["contract"]
    assert (facts["operation"], facts["method"], facts["path"]) == ("getModel", "GET", MODELS)
    assert "--operation=GET /models/{any}" in shlex.split(outcome.drift["run"]["command"])
    assert "Many 1, GET /models/{model}, reading documented" in outcome.text


def test_the_workers_of_a_parallel_run_choose_the_same(tmp_path: Path) -> None:
    api = write(tmp_path, TWO)
    with served(api) as mock:
        arguments = (f"--contract={api}", "--operation=getModel", "-n2", "--exploration=quick")
        outcome = run_suite(tmp_path, *arguments, mock=mock)
    assert outcome.code == 0, outcome.text
    assert outcome.drift["contract"]["path"] == MODELS


@pytest.mark.parametrize("more", [(), ("--jobs=2",), ("--vendor=groq",)], ids=["one", "two", "vendor"])
def test_recorded_traffic_is_judged_by_the_operation_that_is_named(tmp_path: Path, more: tuple[str, ...]) -> None:
    api = write(tmp_path, TWO)
    file = recorded(tmp_path, *({"id": f"m{number}"} for number in range(40)), {"id": 7})
    arguments = ("validate", file, file, f"--contract={api}", "--operation=getModel", f"--reports-dir={tmp_path}")
    done = run_command(*arguments, *more)
    assert done.returncode == 1, done.stdout + done.stderr
    drift = json.loads((tmp_path / "drift.json").read_text())
    assert {(f["rule"], f["operation"], f["pointer"]) for f in drift["findings"] if f["level"] == "must"} == {
        ("body.type", "getModel", "/id")
    }
    assert "--operation=getModel" in drift["run"]["command"]


def test_a_proof_tries_out_the_operation_that_is_named_in_every_process(tmp_path: Path) -> None:
    api = write(tmp_path, TWO)
    arguments = ("prove", f"--contract={api}", "--operation=getJob", "--jobs=2", f"--reports-dir={tmp_path}")
    done = run_command(*arguments, "--name=200/id:*")
    assert done.returncode == 0, done.stdout + done.stderr
    proof = json.loads((tmp_path / "prove.json").read_text())
    assert (proof["contract"]["operation"], proof["contract"]["path"]) == ("getJob", JOBS)


def test_a_comparison_by_id_finds_the_operation_at_its_new_path(tmp_path: Path) -> None:
    moved = of(
        {
            "/v2/models/{model}": {"get": operation("/v2/models/{model}", "getModel")},
            **of({JOBS: TWO["paths"][JOBS]})["paths"],
        }
    )
    old, new = write(tmp_path, TWO, "old.yaml"), write(tmp_path, moved, "new.yaml")
    by_id = run_command("diff", old, new, "--operation=getModel", "--format=json")
    assert by_id.returncode == 1, by_id.stdout + by_id.stderr
    assert [change["rule"] for change in json.loads(by_id.stdout)["changes"]] == ["request.path"]
    by_path = run_command("diff", old, new, "--operation=GET /models/{model}")
    assert by_path.returncode == 4
    assert re.fullmatch(
        r"\S*new\.yaml has no operation 'GET /models/\{model\}'; it has /v2/models/\{model\} \(getModel\), .*\n",
        by_path.stderr,
    )


def test_a_target_of_an_audit_file_names_its_operation_among_its_options(tmp_path: Path) -> None:
    api = write(tmp_path, TWO)
    with served(api) as mock:
        target = {"base_url": mock.base_url, "key_env": "KEY_OF_MODELS", "batch_ids": list(mock.batch_ids)}
        targets = [
            {"name": "named", **target, "options": {"operation": "GET /models/{id}"}},
            {"name": "undecided", **target},
        ]
        file = tmp_path / "audit.yaml"
        file.write_text(yaml.safe_dump({"targets": targets, "options": {"contract": api, "exploration": "quick"}}))
        done = run_command("audit", str(file), f"--reports-dir={tmp_path}", KEY_OF_MODELS=mock.key)
    assert done.returncode == 4, done.stdout + done.stderr
    assert json.loads((tmp_path / "named" / "drift.json").read_text())["contract"]["path"] == MODELS
    assert REFUSED in done.stdout


def test_the_line_that_a_mock_prints_audits_it(tmp_path: Path) -> None:
    api = write(
        tmp_path,
        of({"/v1" + path: {"get": operation("/v1" + path, name)} for path, name in ((JOBS, "a"), (MODELS, "b"))}),
    )
    start = [sys.executable, "-m", "batch_conformance", "mock", "--port=0", f"--contract={api}"]
    named = "--operation=GET /v1/models/{id}"
    with subprocess.Popen([*start, named], cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            lines = []
            for line in process.stdout:
                lines.append(line.strip())
                if "Ctrl-C" in line:
                    break
            words = shlex.split(next(line for line in lines if "batch-conformance run " in line))
            words = words[words.index("run") :]
            assert words[2].count("/") == 2  # the contract's paths begin with /v1 themselves
            assert named in words
            outcome = run_suite(tmp_path, *words[1:], env={"BATCH_API_KEY": "sk-mock"})
        finally:
            process.kill()
    assert outcome.code == 0, outcome.text
    assert outcome.drift["contract"]["path"] == "/v1/models/{model}"


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--drift=created_at_string",), "is one of siliconflow's document"),
        (("--drift=nope",), "no drift is named 'nope'"),
        (("--style=null",), "--style null is of the batches of siliconflow"),
        (("--operation=nope",), "has no operation 'nope'"),
        (("--prefix=/jobs",), "--prefix '/jobs' is what the contract's path /jobs/{job} begins with"),
    ],
)
def test_what_a_mock_of_a_contract_cannot_do_is_wrong_usage(
    tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    api = write(tmp_path, of({JOBS: TWO["paths"][JOBS]}))
    done = run_command("mock", "--port=0", f"--contract={api}", *arguments)
    assert (done.returncode, says in done.stderr) == (4, True), done.stderr


def test_a_mock_takes_no_contract_by_url() -> None:
    done = run_command("mock", "--contract=https://api.example.com/openapi.yaml")
    assert (done.returncode, "takes a name or a file here" in done.stderr) == (4, True)


def test_a_mock_of_a_contract_without_a_success_is_refused(tmp_path: Path) -> None:
    bare = operation(JOBS)
    del bare["responses"]["200"]
    done = run_command("mock", f"--contract={write(tmp_path, of({JOBS: {'get': bare}}))}")
    assert (done.returncode, "a mock needs a 200" in done.stderr) == (4, True)


def test_a_profiles_path_chooses_among_the_operations_of_another_contract(tmp_path: Path) -> None:
    paths = {path: {"get": operation(path)} for path in ("/v1/batch/jobs/{job_id}", "/v1/batches/{id}", MODELS)}
    api = write(tmp_path, of(paths))
    contract = mock_spec_of(load_contract(api, choice=OperationChoice(path="/batch/jobs/{batch_id}")))
    with EmbeddedMock(mock_spec=contract) as mock:
        outcome = run_suite(tmp_path, f"--contract={api}", "--vendor=mistral", mock=mock)
    assert outcome.code == 0, outcome.text
    assert outcome.drift["contract"]["path"] == "/batch/jobs/{job_id}"


@pytest.mark.parametrize("more", [(), ("--operation=getJob",), ("--operation=getModel",)], ids=str)
def test_a_profiles_path_may_be_the_end_of_one_with_further_parameters(tmp_path: Path, more: tuple[str, ...]) -> None:
    jobs = "/v1/accounts/{account}/batchJobs/{job}"
    paths = {jobs: {"get": operation(jobs, "getJob")}, MODELS: {"get": operation(MODELS, "getModel")}}
    api = write(tmp_path, of(paths))
    source = {"source": "made up for this test"}
    address = {"example": "https://api.example.com/v1/accounts/ACCOUNT", "path": "/batchJobs/{batch_id}", **source}
    profile = {"profile": 1, "title": "Own", "address": address, "contract": {"name": api, **source}}
    vendor = write(tmp_path, profile, "own.yaml")
    name = more[0].partition("=")[2] if more else ""
    with EmbeddedMock(
        mock_spec=mock_spec_of(load_contract(api, choice=OperationChoice(name, "/batchJobs/{batch_id}")))
    ) as mock:
        outcome = run_suite(tmp_path / "r", f"--vendor={vendor}", *more, mock=mock)
    assert outcome.code == 0, outcome.text
    assert outcome.drift["contract"]["path"] == (MODELS if name == "getModel" else "/batchJobs/{job}")
    assert "generated is left out" not in " ".join(outcome.drift["notes"])
