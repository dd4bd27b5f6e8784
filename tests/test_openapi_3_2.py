"""Documents of OpenAPI 3.2: read, judged by, served and proved as those of 3.1, with what 3.2 adds."""

from __future__ import annotations

import json
from typing import Any

import pytest
from judge_support import DATA, JSON, findings, sent
from suite_support import run_suite
from test_document import refused

from batch_conformance.contract.contract import Contract, compile_contract
from batch_conformance.contract.document import load_document, parse_document
from batch_conformance.contract.overlay import apply, parse_overlay
from batch_conformance.report.proof.proof import assess
from batch_conformance.run.prove.drift_runner import DriftRunner, drift_of
from batch_conformance.run.prove.prove import catalogue

FILE = DATA / "relays-3.2.yaml"
CONTRACT = compile_contract(load_document(FILE))
BATCH = {"id": "batch_7f3a", "status": "queued", "created_at": 1741685413}
WEB, QUEUE = {"url": "https://relay.example"}, {"kind": "queue", "queue": "a"}


def told(target: Any, under: Contract = CONTRACT) -> list[tuple[str, str, str]]:
    body = {**BATCH, "target": target}
    return [(one.rule, one.level, one.pointer) for one in findings(sent(body, batch_id="batch_7f3a"), under=under)]


def test_its_schemas_are_those_of_json_schema_2020_12() -> None:
    success = CONTRACT.chosen.responses["200"].content[JSON]
    assert success is not None
    assert success.json_schema_draft == "2020-12"
    assert success.is_valid({**BATCH, "created_at": 1741685413.0, "target": WEB})
    assert not success.is_valid({**BATCH, "created_at": "1741685413", "target": WEB})


def test_a_media_type_may_be_a_reference_and_that_is_no_contradiction() -> None:
    assert not CONTRACT.document_findings or {one.level for one in CONTRACT.document_findings} == {"info"}
    assert "document.reference_misplaced" not in {one.rule for one in CONTRACT.document_findings}
    text = FILE.read_text(encoding="utf-8").replace("openapi: 3.2.0", "openapi: 3.1.0")
    before = compile_contract(parse_document(text.encode(), "relays.yaml"))
    assert "document.reference_misplaced" in {one.rule for one in before.document_findings}


def test_references_to_the_documents_own_uri_are_references_within_it() -> None:
    assert CONTRACT.chosen.responses["4XX"].content[JSON] is not None
    text = FILE.read_text(encoding="utf-8").replace("'openapi.yaml#/", "'another.yaml#/")
    with pytest.raises(Exception, match=r"another\.yaml#/components/responses/Refused"):
        compile_contract(parse_document(text.encode(), "relays.yaml"))


def test_methods_may_be_query_and_additional_ones() -> None:
    assert set(CONTRACT.chosen.methods) == {"GET", "QUERY", "LINK"}


@pytest.mark.parametrize("target", [WEB, {**WEB, "kind": "web"}, QUEUE])
def test_a_value_that_names_nothing_means_the_default_alternative(target: Any) -> None:
    assert told(target) == []


def test_what_breaks_the_default_alternative_is_told_there() -> None:
    assert told({"kind": "web"}) == [("body.required", "must", "/target/url")]
    assert told({}) == [("body.required", "must", "/target/url")]
    assert told({"kind": "queue"}) == [("body.required", "must", "/target/queue")]
    (found,) = findings(sent({**BATCH, "target": {}}, batch_id="batch_7f3a"), under=CONTRACT)
    assert "kind names no alternative, so Web is meant (defaultMapping)" in str(found.observed)


def test_an_example_that_breaks_its_schema_is_found_in_its_data_value() -> None:
    text = FILE.read_text(encoding="utf-8").replace("dataValue: {id: batch_7f3a", "dataValue: {id: 7")
    broken = compile_contract(parse_document(text.encode(), "relays.yaml"))
    assert "document.example_invalid" in {one.rule for one in broken.document_findings}


def test_an_overlay_applies_behind_a_reference_to_a_media_type() -> None:
    action = {"target": f"$.paths.*.get.responses['200'].content['{JSON}']", "update": {"x-said": "here"}}
    overlay = {"overlay": "1.1.0", "info": {"title": "More", "version": "1"}, "actions": [action]}
    applied = apply(load_document(FILE), [parse_overlay(json.dumps(overlay).encode(), "o.yaml")])
    media = applied.data["paths"]["/batches/{batch_id}"]["get"]["responses"]["200"]["content"][JSON]
    assert media["x-said"] == "here"
    assert "schema" in media
    assert "x-said" not in applied.data["components"]["mediaTypes"]["Batch"]


def test_a_later_version_is_refused_with_those_that_are_read() -> None:
    assert "no OpenAPI 3.0, 3.1 or 3.2 document (openapi: 3.3.0)" in refused("openapi: 3.3.0\n")


def test_a_run_against_the_mock_of_such_a_document_conforms(tmp_path: Any) -> None:
    outcome = run_suite(tmp_path, f"--contract={FILE}")
    assert outcome.code == 0, outcome.text
    assert outcome.drift["contract"]["openapi"] == "3.2.0"
    assert outcome.findings() == []


@pytest.mark.parametrize(
    "name", ["200/target/url:missing", "200/target/queue:missing", "200/status:unheard_of", "404/error:missing"]
)
def test_its_own_drifts_are_found_at_their_clauses(name: str) -> None:
    entries = catalogue(CONTRACT)
    assert "200/target/kind:missing" not in entries, "without it the default alternative holds"
    with DriftRunner(CONTRACT) as bench:
        trial = assess(drift_of(entries[name]), bench.try_out(entries[name]))
    assert trial.right, trial.observed
