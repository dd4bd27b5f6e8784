"""``suggested-overlay.yaml``: a valid overlay that makes the contract describe what was observed."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import samples
import yaml

from batch_conformance.contract.contract import Contract, compile_contract
from batch_conformance.contract.document import parse_document
from batch_conformance.contract.overlay import parse_overlay
from batch_conformance.exchange.exchange import Exchange
from batch_conformance.findings.ledger import Ledger
from batch_conformance.judge.judge import judge
from batch_conformance.mock.process import EmbeddedMock
from batch_conformance.report.finding import suggested_overlay
from batch_conformance.report.run.run_report import RunReport
from batch_conformance.rules import REGISTRY
from batch_conformance.run.live.begin import begin
from batch_conformance.run.settings import settle

Pairs = set[tuple[str, str, str]]

CURABLE = {rule.id for rule in REGISTRY.values() if rule.cure is not None}


def report_of(exchanges: list[Exchange], contract: Contract) -> RunReport:
    return replace(samples.run_report(), contract=contract, ledger=judge(exchanges, contract))


def left_after(exchanges: list[Exchange], contract: Contract) -> tuple[Pairs, Pairs]:
    """What is found before and after the overlay is applied, information left out."""
    text = suggested_overlay.render(report_of(exchanges, contract))
    overlay = parse_overlay(text.encode(), "suggested-overlay.yaml")
    cured = compile_contract(contract.document, "documented", [overlay])
    return found(judge(exchanges, contract)), found(judge(exchanges, cured))


def found(ledger: Ledger) -> Pairs:
    return {(f.rule, f.status, f.pointer) for f in ledger.findings if f.level != "info"}


def small(version: str, schema: dict[str, Any]) -> Contract:
    """A contract whose 200 has this schema."""
    response = {
        "description": "ok",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Batch"}}},
    }
    document = {
        "openapi": version,
        "info": {"title": "small", "version": "1"},
        "paths": {"/batches/{batch_id}": {"get": {"operationId": "get", "responses": {"200": response}}}},
        "components": {"schemas": {"Batch": schema}},
    }
    return compile_contract(parse_document(json.dumps(document).encode(), "small.json"), "published")


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
@pytest.mark.parametrize(
    ("schema", "bodies"),
    [
        ({"type": "integer"}, [{"p": None}]),
        ({"type": "integer"}, [{"p": "1"}]),
        ({"type": "integer"}, [{"p": 1}, {"p": "1"}, {"p": None}]),
        ({"type": "string", "enum": ["a"]}, [{"p": "a"}, {"p": "b"}, {"p": "c"}]),
        ({"type": "string", "maxLength": 2, "pattern": "^a"}, [{"p": "bcd"}]),
        ({"type": "string", "format": "date-time"}, [{"p": "yesterday"}]),
        ({"allOf": [{"type": "object", "required": ["x", "y"]}]}, [{"p": {"x": 1}}, {"p": {}}]),
        (
            {"type": "object", "properties": {"x": {}}, "additionalProperties": False},
            [{"p": {"it's\\": [1, None, {}]}}],
        ),
        ({"type": "array", "items": {"type": "string"}}, [{"p": ["a", 1]}]),
        ({"type": "object", "additionalProperties": {"type": "string"}}, [{"p": {"a": 1}}]),
        ({"type": "object", "properties": {"x": {}}}, [{"p": {"x": 1, f"model_{n}": n}} for n in range(20)]),
    ],
    ids=lambda value: json.dumps(value)[:40],
)
def test_what_was_observed_keeps_the_contract_once_the_overlay_is_applied(
    version: str, schema: dict[str, Any], bodies: list[Any]
) -> None:
    contract = small(version, {"type": "object", "properties": {"p": schema}})
    before, after = left_after([samples.exchange(body, number=n) for n, body in enumerate(bodies)], contract)
    assert before
    assert not after


def test_a_missing_property_is_no_longer_required_and_the_others_are() -> None:
    contract = small("3.0.3", {"type": "object", "required": ["a", "b"], "properties": {"a": {}, "b": {}}})
    exchanges = [samples.exchange({"a": 1})]
    text = suggested_overlay.render(report_of(exchanges, contract))
    (action,) = parse_overlay(text.encode(), "o.yaml").actions
    assert action.target == "$['components']['schemas']['Batch']['required'][?@ == 'b']"
    assert left_after(exchanges, contract)[1] == set()


def test_another_object_replaces_the_documented_one_only_where_no_body_is_the_documented_one() -> None:
    properties = {name: {"type": "string"} for name in ("id", "object", "status", "endpoint")}
    contract = small("3.0.3", {"type": "object", "required": ["id", "status"], "properties": properties})
    batch = dict.fromkeys(properties, "batch_rdyqgrcgjg")
    enveloped = samples.exchange({"code": 1, "data": batch})
    assert left_after([enveloped], contract) == ({("body.enveloped", "200", "")}, set())
    assert left_after([enveloped, samples.exchange(batch, number=1)], contract)[1] == {("body.enveloped", "200", "")}


def test_an_undocumented_status_and_media_type_are_described() -> None:
    teapot = samples.exchange({"short": True}, 418)
    page = samples.exchange(b"<html></html>", 404, number=1, media_type="text/html")
    before, after = left_after([teapot, page], samples.contract())
    assert {rule for rule, _, _ in before} == {"response.status", "response.media_type"}
    assert after == set()


def test_nothing_to_suggest_is_still_a_valid_overlay_that_changes_nothing() -> None:
    contract = samples.contract()
    text = suggested_overlay.render(report_of([samples.exchange()], contract))
    overlay = parse_overlay(text.encode(), "o.yaml")
    assert compile_contract(contract.document, "documented", [overlay]).document.data == contract.document.data


def test_what_no_document_can_cure_is_listed_with_its_id_and_changes_nothing() -> None:
    later = {**samples.BODY, "expires_at": 1741771813000}
    report = report_of([samples.exchange(later)], samples.contract())
    (late,) = [f for f in report.ledger.findings if f.level != "info"]
    text = suggested_overlay.render(report)
    assert f"# [{late.id}] time.magnitude at 200 /expires_at" in text
    assert "Nothing that was observed asks for a change" in text


def test_values_of_masked_places_and_hostile_names_stay_out() -> None:
    secret = {**samples.BODY, "status": "customer-4711", "odd\u202e\n": 1, "metadata": {"who": "customer-4711"}}
    report = replace(report_of([samples.exchange(secret)], samples.contract()), redacted=("/status",))
    text = suggested_overlay.render(report)
    body = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    assert "customer-4711" not in "\n".join(body)
    assert "\u202e" not in text
    assert yaml.safe_load(text)["overlay"] == "1.0.0"


def audited(mock: EmbeddedMock, *overlays: Path) -> RunReport:
    settings = settle(
        {"BATCH_API_KEY": mock.key},
        base_url=mock.base_url,
        batch_ids=mock.batch_ids,
        overlays=map(str, overlays),
        exploration="quick",
    )
    audit = begin(settings, seed=None, command="pytest")
    try:
        audit.runner.send()
        return audit.report()
    finally:
        audit.close()


def test_a_rerun_with_the_overlay_leaves_what_no_document_change_cures(tmp_path: Path) -> None:
    drifts = (
        "created_at_string", "object_missing", "undocumented_file_name", "status_upper_case", "openai_error_404",
        "accepted_202_unknown", "no_challenge", "expires_at_milliseconds",
    )  # fmt: skip
    overlay = tmp_path / "suggested-overlay.yaml"
    with EmbeddedMock(style="null", drifts=drifts) as mock:
        before = audited(mock)
        overlay.write_text(suggested_overlay.render(before), encoding="utf-8")
        after = audited(mock, overlay)
    assert len({f.rule for f in before.ledger.findings} & CURABLE) >= 4
    rules = {f.rule for f in after.ledger.findings if f.level != "info"}
    assert {"auth.challenge_missing", "time.magnitude"} <= rules
    assert not rules & CURABLE
    assert found(after.ledger) <= found(before.ledger)
