"""Creation: one small batch by the documented calls, followed to its end, and only when asked for."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from suite_support import run_suite
from vendor_servers import CREATED, KEY, VENDORS, Json, Served, batch, completed, serving

from batch_conformance.contract.sources import load_contract
from batch_conformance.exchange.limits import Budget, BudgetExhausted
from batch_conformance.exchange.target import Target
from batch_conformance.probes.credentials import present
from batch_conformance.run.live.create import Creation, CreationError, create
from batch_conformance.run.vendors import load_profile

OPENAI = load_contract("openai")
COUNTS = {"total": 1, "completed": 1, "failed": 0}
LIFE = [
    batch("batch_new1", "validating"),
    batch("batch_new1", "in_progress", in_progress_at=CREATED + 3, request_counts=dict(COUNTS, completed=0)),
    completed("batch_new1", request_counts=COUNTS),
]


def plain(made: Json) -> Json:
    return made


def enveloped(made: Json) -> Json:
    return {"code": 20000, "message": "Ok", "status": True, "data": made}


def make(served: Served, seconds: float = 0.0, vendor: str = "", budget: Budget | None = None) -> Creation:
    profile = load_profile(vendor) if vendor else None
    with Target(served.base_url, KEY, present, retries=0, budget=budget) as target:
        return create(target, OPENAI, profile, model="tiny-1", seconds=seconds, sleep=lambda _: None)


@pytest.mark.parametrize("shape", [plain, enveloped])
def test_a_batch_is_made_in_either_form_and_followed_to_its_end(shape: object) -> None:
    with serving(replace(VENDORS["openai"], makes=shape)) as served:
        served.made = list(LIFE)
        made = make(served)
    assert made.batch_id == "batch_new1"
    assert str(made.note) == "--create made batch_new1, which ended completed."
    states = [json.loads(poll.response.body)["status"] for poll in made.polls if poll.response]
    assert states == ["validating", "in_progress", "completed"]
    assert {(poll.probe.chapter, poll.probe.subject, poll.probe.method) for poll in made.polls} == {
        ("lifecycle", "known", "GET")
    }


def test_what_is_uploaded_is_one_line_of_one_token_and_what_is_asked_for_is_documented() -> None:
    with serving(replace(VENDORS["openai"], makes=plain)) as served:
        served.made = list(LIFE)
        make(served)
    upload, order = served.posted
    line = json.loads(next(part for part in upload.split(b"\r\n") if part.startswith(b"{")))
    assert line["body"]["max_tokens"] == 1
    assert (line["method"], line["url"], line["body"]["model"]) == ("POST", "/v1/chat/completions", "tiny-1")
    assert b'name="purpose"\r\n\r\nbatch\r\n' in upload
    assert json.loads(order) == {
        "input_file_id": "file-new1", "endpoint": "/v1/chat/completions", "completion_window": "24h",
    }  # fmt: skip
    assert [(method, path) for method, path, _ in served.asked][:2] == [("POST", "/v1/files"), ("POST", "/v1/batches")]


def test_a_vendors_own_window_is_asked_for() -> None:
    with serving(replace(VENDORS["novita"], makes=plain)) as served:
        served.made = list(LIFE)
        make(served, vendor="novita")
    assert json.loads(served.posted[1])["completion_window"] == "48h"


def test_a_batch_that_does_not_end_in_time_is_told_of() -> None:
    with serving(replace(VENDORS["openai"], makes=plain)) as served:
        served.made = LIFE[:1]
        made = make(served, seconds=3)
    assert str(made.note) == "--create made batch_new1, which was validating after 3 s; it goes on at the vendor."


def test_an_upload_that_is_refused_says_what_the_server_said() -> None:
    with (
        serving(VENDORS["openai"]) as served,
        pytest.raises(CreationError, match=r"POST /files answered 404: .*Refused"),
    ):
        make(served)


def test_a_batch_that_is_refused_says_so() -> None:
    with serving(replace(VENDORS["openai"], makes=plain)) as served:
        with pytest.raises(CreationError, match="POST /batches answered 404"):
            make(served)
        assert len(served.posted) == 2


def test_a_vendor_with_another_object_is_not_asked_to_make_one() -> None:
    with serving(VENDORS["together"]) as served, pytest.raises(CreationError, match="other calls"):
        make(served, vendor="together")
    assert served.posted == []


def test_an_answer_without_an_id_is_no_batch() -> None:
    with (
        serving(replace(VENDORS["openai"], makes=lambda made: {"object": made["object"]})) as served,
        pytest.raises(CreationError, match="the upload has no id"),
    ):
        make(served)


def test_the_budget_holds_for_creation_too() -> None:
    with serving(replace(VENDORS["openai"], makes=plain)) as served:
        served.made = list(LIFE)
        with pytest.raises(BudgetExhausted):
            make(served, budget=Budget(1))


def test_a_run_judges_the_life_of_the_batch_that_it_made_and_says_what_it_cost(tmp_path: Path) -> None:
    with serving(replace(VENDORS["openai"], batches={}, makes=enveloped)) as served:
        served.made = list(LIFE)
        target = ("--base-url", served.base_url, "--contract=openai", "--create=tiny-1", "--create-wait=0.1")
        outcome = run_suite(tmp_path, *target, env={"BATCH_API_KEY": KEY})
    assert outcome.code == 0, outcome.text
    assert "one chat completion of tiny-1, at most 1 token of output, which the vendor bills" in outcome.text
    assert outcome.drift["target"]["batch_ids"] == ["batch_new1"]
    assert any("--create made batch_new1, which ended completed." in note for note in outcome.drift["notes"])
    assert not [note for note in outcome.drift["notes"] if "for a plan of" in note], "polls are no second looks"


def test_a_life_that_goes_backwards_is_found(tmp_path: Path) -> None:
    with serving(replace(VENDORS["openai"], batches={}, makes=plain)) as served:
        served.made = [LIFE[1], LIFE[0], LIFE[2]]
        target = ("--base-url", served.base_url, "--contract=openai", "--create=tiny-1", "--create-wait=0.1")
        outcome = run_suite(tmp_path, *target, env={"BATCH_API_KEY": KEY})
    assert outcome.code == 1
    assert "state.regressed" in [rule for rule, _, _ in outcome.findings("should", "must")]


def test_a_creation_that_fails_leaves_the_run_inconclusive_and_tells_why(tmp_path: Path) -> None:
    with serving(replace(VENDORS["openai"], batches={})) as served:
        target = ("--base-url", served.base_url, "--contract=openai", "--create=tiny-1")
        outcome = run_suite(tmp_path, *target, env={"BATCH_API_KEY": KEY})
    assert outcome.code == 6
    assert any("POST /files answered 404" in note for note in outcome.drift["notes"])


def test_nothing_is_made_or_listed_for_a_plan_or_without_a_target(tmp_path: Path) -> None:
    with serving(replace(VENDORS["openai"], makes=plain)) as served:
        served.made = list(LIFE)
        target = ("--base-url", served.base_url, "--create=tiny-1", "--discover", "--plan")
        outcome = run_suite(tmp_path, *target, env={"BATCH_API_KEY": KEY})
        assert outcome.code == 0, outcome.text
        assert served.asked == []
    assert "for a target of yours" in run_suite(tmp_path, "--create=tiny-1").text
