"""A finding whose clause stands in the document says at which line, in every report; a standard's says none."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import samples
from judge_support import COMPLETED, KNOWN, QUEUED, contract, findings, refused, sent, unknown

from batch_conformance.contract.contract import Contract, compile_contract
from batch_conformance.contract.document import parse_document
from batch_conformance.contract.overlay import load_overlay
from batch_conformance.exchange.exchange import Exchange
from batch_conformance.findings.finding import Finding
from batch_conformance.judge.judge import judge
from batch_conformance.report.items import junit
from batch_conformance.report.run import drift_json, html, sarif

DOCUMENT = Path(contract().document.name)
LINES = ["", *DOCUMENT.read_text(encoding="utf-8").splitlines()]

OPEN_DOOR: list[Exchange] = [
    sent(COMPLETED),
    unknown(),
    refused(COMPLETED, 200, "elsewhere_header"),
    refused(COMPLETED, 200, "wrong_scheme"),
    refused("No", 403, "wrong", batch_id=KNOWN, subject="known"),
    refused("Invalid token", 401, "missing"),
    refused("Invalid token", 401, "nearly", headers=()),
]


def found_by(*exchanges: Exchange, under: Contract | None = None) -> dict[str, Finding]:
    return {finding.rule: finding for finding in findings(*exchanges, under=under, info=True)}


def line_of(finding: Finding) -> str:
    assert finding.location is not None
    assert finding.location.origin == "document"
    return LINES[finding.location.line].strip()


def test_what_authentication_breaks_is_said_where_the_document_asks_for_a_credential() -> None:
    accepted = found_by(sent(COMPLETED), unknown(), refused(COMPLETED, 200))
    assert line_of(accepted["auth.missing_accepted"]) == "security:"
    told = found_by(*OPEN_DOOR)
    assert line_of(told["auth.elsewhere_accepted"]) == line_of(told["auth.scheme_accepted"]) == "bearerAuth:"
    assert line_of(told["auth.not_401"]) == "'401':"


def test_whose_batch_is_answered_is_said_at_the_response_or_the_parameter() -> None:
    any_id = found_by(sent(COMPLETED), unknown({**COMPLETED, "id": "x"}, 200))
    assert line_of(any_id["identity.unknown_answered"]) == "'404':"
    other = found_by(sent({**COMPLETED, "id": "batch_other"}))
    assert line_of(other["identity.other_batch"]) == "'200':"
    listed = sent({"object": "list", "data": [COMPLETED]}, subject="outside", batch_id=None)
    assert line_of(found_by(sent(COMPLETED), unknown(), listed)["identity.list_answered"]).startswith(
        "- name: batch_id"
    )


def test_what_times_and_states_break_is_said_at_their_properties() -> None:
    told = found_by(sent({**COMPLETED, "created_at": 1741685413000}))
    assert line_of(told["time.magnitude"]) in ("created_at:", "type: integer", "example: 1741685413")
    told = found_by(sent({**COMPLETED, "completed_at": None}), sent({**COMPLETED, "failed_at": 1741685510}))
    assert "completed_at:" in LINES[told["state.timestamp_missing"].location.line]  # type: ignore[union-attr]
    assert "failed_at:" in LINES[told["state.timestamp_early"].location.line]  # type: ignore[union-attr]


@pytest.mark.parametrize("rule", ["auth.challenge_missing"])
def test_what_only_a_standard_demands_says_so_and_no_line(rule: str) -> None:
    location = found_by(*OPEN_DOOR)[rule].location
    assert location is not None
    assert (location.origin, location.line) == ("standard", 0)


def small(*, security: bool, overlay: str = "", tmp_path: Path | None = None) -> Contract:
    document: dict[str, Any] = {
        "openapi": "3.0.3",
        "info": {"title": "Small", "version": "1"},
        "paths": {
            "/batches/{batch_id}": {"get": {"operationId": "getIt", "responses": {"200": {"description": "It."}}}}
        },
        "components": {"securitySchemes": {"b": {"type": "http", "scheme": "bearer"}}},
    }
    if security:
        document["paths"]["/batches/{batch_id}"]["get"]["security"] = [{"b": []}]
    overlays = []
    if overlay and tmp_path is not None:
        (tmp_path / "more.yaml").write_text(overlay, encoding="utf-8")
        overlays = [load_overlay(tmp_path / "more.yaml")]
    return compile_contract(
        parse_document(json.dumps(document, indent=1).encode(), "small.json"), "documented", overlays
    )


def test_an_operations_own_security_is_where_it_is_said() -> None:
    found = found_by(sent(QUEUED), refused(QUEUED, 200), under=small(security=True))["auth.missing_accepted"]
    assert (found.level, str(found.location and found.location.pointer)) == (
        "must",
        "/paths/~1batches~1{batch_id}/get/security",
    )


def test_what_an_overlay_says_of_security_breaks_at_its_level_and_its_line(tmp_path: Path) -> None:
    overlay = """overlay: 1.0.0
info: {title: More, version: '1'}
actions:
  - target: $.paths['/batches/{batch_id}'].get
    description: The page about keys says so.
    update:
      security:
        - b: []
"""
    under = small(security=False, overlay=overlay, tmp_path=tmp_path)
    found = found_by(sent(QUEUED), refused(QUEUED, 200), under=under)["auth.missing_accepted"]
    assert found.level == "should"
    assert found.location is not None
    assert (found.location.origin, Path(found.location.file).name) == ("overlay", "more.yaml")
    assert "security" in (tmp_path / "more.yaml").read_text().splitlines()[found.location.line - 1]


def test_every_report_points_to_these_lines() -> None:
    run = [replace(one, number=place, started_at=float(place)) for place, one in enumerate(OPEN_DOOR)]
    ledger = judge(run, contract())
    report = replace(samples.run_report(ledger.findings), ledger=ledger)
    of_auth = [one for one in ledger.findings if one.rule.startswith("auth.")]
    assert len(of_auth) == 4
    lines = {result["ruleId"]: _line(result) for result in sarif.log(report)["runs"][0]["results"]}
    assert len({lines[one.rule] for one in of_auth}) > 1
    assert lines["auth.challenge_missing"] == lines["auth.not_401"]  # the 401, though only a standard demands it
    written = json.loads(drift_json.render(report))
    places = {one["rule"]: one["location"] for one in written["findings"]}
    text = ET.tostring(ET.fromstring(junit.render(report)), encoding="unicode")
    page = html.render(report)
    for one in of_auth:
        assert one.location is not None
        if one.location.origin == "document":
            assert places[one.rule]["line"] == one.location.line == lines[one.rule]
            assert f"({one.location})" in text
            assert str(one.location) in page
    clauses = {one["id"].rpartition(" ")[2]: one["location"] for one in written["coverage"]["clauses"]}
    assert clauses["auth.missing_accepted"]["line"] == LINES.index("security:")


def _line(result: dict[str, Any]) -> int:
    line: int = result["locations"][0]["physicalLocation"]["region"]["startLine"]
    return line
