"""Without a base URL the target is a mock of the contract that was given, and no other server is blamed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from contract_support import BODY_PATH, tree
from operation_support import of, operation, write
from suite_support import run_suite

from batch_conformance.contract.sources import spec_folder
from batch_conformance.mock.sample_batches import make_sample_batches

JOBS = "/v1/batch/jobs/{job_id}"
NOTE = "No base URL was given: the target is a mock made from "


def secured(data: dict[str, Any]) -> dict[str, Any]:
    """The document, asking for a key and saying what it answers without one."""
    (item,) = data["paths"].values()
    item["get"]["responses"]["401"] = item["get"]["responses"]["404"]
    schemes = {"securitySchemes": {"key": {"type": "http", "scheme": "bearer"}}}
    return {**data, "security": [{"key": []}], "components": schemes}


def overlaid(folder: Path, update: dict[str, Any]) -> str:
    target = f"{BODY_PATH}.properties"
    actions = [{"target": target, "update": update}]
    return write(folder, {"overlay": "1.0.0", "info": {"title": "Mine", "version": "1"}, "actions": actions}, "o.yaml")


CONTRACTS = {
    "of other paths": of({JOBS: {"get": operation(JOBS, "getJob")}}),
    "secured": secured(of({JOBS: {"get": operation(JOBS, "getJob")}})),
    "of texts": tree({"type": "object", "properties": {"id": {"type": "string"}, "created_at": {"type": "string"}}}),
}


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("of other paths", ()),
        ("of texts", ()),
        ("secured", ()),
        ("secured", ("-n2",)),
        ("secured", ("--reading=published",)),
    ],
)
def test_a_contract_without_a_base_url_is_kept_by_its_own_mock(
    tmp_path: Path, name: str, more: tuple[str, ...]
) -> None:
    api = write(tmp_path, CONTRACTS[name])
    outcome = run_suite(tmp_path / "r", f"--contract={api}", *more)
    assert outcome.code == 0, outcome.text
    assert "Warning" not in outcome.text
    drift = outcome.drift
    assert (drift["verdict"], drift["target"]["kind"]) == ("conforms", "embedded mock")
    assert set(drift["target"]["batch_ids"]) <= {batch.id for batch in make_sample_batches()}
    assert [note for note in drift["notes"] if note.startswith(NOTE)] == [
        f"{NOTE}{api}, and the verdict is of no server."
    ]


def test_the_first_line_and_the_page_say_whose_mock_it_is(tmp_path: Path) -> None:
    api = write(tmp_path, CONTRACTS["secured"])
    outcome = run_suite(tmp_path / "r", f"--contract={api}", "-v", "--report-language=zh")
    assert f"（内置模拟服务，根据契约生成）；契约：{api}，documented" in outcome.text
    page = (tmp_path / "r" / "drift.html").read_text("utf-8")
    assert "没有给出 base URL" in page


def test_the_operation_that_is_named_is_the_one_that_is_served(tmp_path: Path) -> None:
    paths = {path: {"get": operation(path)} for path in (JOBS, "/v1/models/{model}")}
    api = write(tmp_path, of(paths))
    outcome = run_suite(tmp_path / "r", f"--contract={api}", "--operation=/v1/models/{m}")
    assert outcome.code == 0, outcome.text
    assert outcome.drift["contract"]["path"] == "/v1/models/{model}"


def test_openais_contract_is_kept_by_its_mock(tmp_path: Path) -> None:
    outcome = run_suite(tmp_path, "--contract=openai", "--exploration=quick")
    assert (outcome.code, outcome.findings("must", "should")) == (0, []), outcome.text


@pytest.mark.parametrize("arguments", [(), ("--contract=siliconflow",), ("--contract=FILE",)], ids=str)
def test_the_vendors_own_contract_keeps_its_own_mock(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    own = str(spec_folder() / "siliconflow-get-batch.yaml")
    outcome = run_suite(tmp_path, *(part.replace("FILE", own) for part in arguments), "--exploration=quick")
    assert outcome.code == 0, outcome.text
    assert not any(note.startswith(NOTE) for note in outcome.drift["notes"])
    assert outcome.drift["target"]["batch_ids"] == [batch.id for batch in make_sample_batches()]


def test_what_an_overlay_changes_is_what_the_mock_serves(tmp_path: Path) -> None:
    changed = overlaid(tmp_path, {"created_at": {"type": "string", "format": "date-time"}, "model": {"type": "string"}})
    outcome = run_suite(tmp_path / "r", f"--overlay={changed}")
    assert outcome.code == 0, outcome.text
    assert any(note.startswith(NOTE) for note in outcome.drift["notes"])


def test_where_no_mock_can_be_made_one_line_says_of_what_and_what_to_give(tmp_path: Path) -> None:
    bare = operation(JOBS)
    del bare["responses"]["200"]
    outcome = run_suite(tmp_path / "r", f"--contract={write(tmp_path, of({JOBS: {'get': bare}}))}")
    assert outcome.code == 4, outcome.text
    assert "api.yaml:7: a mock needs a 200" in outcome.text
    assert "without a mock there is no target: give its URL with --base-url" in outcome.text
    assert "Traceback" not in outcome.text


def test_ids_of_another_target_are_not_asked_of_the_mock(tmp_path: Path) -> None:
    own = make_sample_batches()[3].id
    everything = [batch.id for batch in make_sample_batches()]
    for given, asked in ((f"batch_elsewhere,{own}", [own]), ("batch_elsewhere", everything)):
        outcome = run_suite(tmp_path / given, "--exploration=quick", env={"BATCH_IDS": given})
        assert outcome.code == 0, outcome.text
        assert outcome.drift["target"]["batch_ids"] == asked
        told = "The embedded mock has no batch batch_elsewhere: it is asked for its own."
        assert told in outcome.drift["notes"]


def test_with_a_base_url_no_mock_is_made(tmp_path: Path) -> None:
    bare = operation(JOBS)
    del bare["responses"]["200"]
    api = write(tmp_path, of({JOBS: {"get": bare}}))
    outcome = run_suite(tmp_path / "r", f"--contract={api}", "--base-url=http://127.0.0.1:9/x", "--plan")
    assert (outcome.code, "nothing was sent" in outcome.text) == (0, True), outcome.text
