"""What is told of an answer depends on what else a run shows: the same answers beside others."""

from __future__ import annotations

import json
from typing import Any

from judge_support import COMPLETED, JSON, OTHER, QUEUED, findings, refused, sent, told, unknown

from batch_conformance.contract.contract import Contract, compile_contract
from batch_conformance.contract.document import parse_document

BAD_TAG = (("ETag", "abc"),)
HTML: dict[str, Any] = {"body": b"<p>busy</p>", "status": 503, "media_type": "text/html"}
INJECTED = "x\r\nX-Injected: yes"


def rules(*exchanges: Any) -> list[str]:
    return sorted({rule for rule, *_ in told(*exchanges)})


def test_a_batch_for_an_id_that_nobody_has_is_told_as_that_alone_where_real_ones_were_read() -> None:
    made_up = unknown({**QUEUED, "created_at": "x"}, 200, headers=BAD_TAG)
    assert rules(sent(), made_up) == ["identity.unknown_answered"]
    assert rules(made_up) == ["body.type", "identity.unknown_answered", "response.field_syntax"]
    no_batch = unknown(b"", 200, headers=BAD_TAG)
    assert rules(sent(), no_batch) == ["identity.unknown_answered", "response.field_syntax"]


def test_another_spelling_without_a_batch_is_judged_unless_any_id_is_answered() -> None:
    spelled = sent(b"", subject="equivalent", headers=BAD_TAG)
    assert "json.invalid" in rules(sent(), spelled)
    assert "response.field_syntax" in rules(sent(), spelled)
    anything = unknown({**QUEUED, "id": "batch_nobodyhas1"}, 200)
    assert "json.invalid" not in rules(anything, spelled)
    assert "response.field_syntax" in rules(anything, spelled)


def test_words_of_a_gateway_pass_where_the_path_was_answered_at_another_time() -> None:
    assert told(sent(**HTML), sent()) == told(sent(), sent(**HTML)) == []
    assert ("response.media_type", "503", "") in told(sent(batch_id=OTHER), sent(**HTML))


def test_a_message_that_a_line_break_in_an_id_broke_is_told_unless_that_started_a_header() -> None:
    def hostile(batch_id: str, *headers: tuple[str, str]) -> Any:
        return unknown(subject="hostile", batch_id=batch_id, headers=headers, trailing=5)

    assert "response.framing" in rules(sent(), hostile("'; --"))
    assert "response.framing" in rules(sent(), hostile(INJECTED))
    started = hostile(INJECTED, ("X-Injected", "yes"))
    assert rules(sent(), started) == ["security.header_injected"]
    assert rules(sent(), hostile("'; --"), started) == ["response.framing", "security.header_injected"]
    assert rules(sent(), hostile("a\x1fb"), started) == ["security.header_injected"]
    assert rules(sent(), hostile("a b"), started) == ["response.framing", "security.header_injected"]


def test_a_404_for_known_ids_is_judged_unless_nothing_is_served_at_all() -> None:
    not_found, without = sent({"a": 1}, 404), sent({"a": 1}, 404, credential="missing")
    assert "body.type" in rules(not_found)
    assert "body.type" not in rules(not_found, without)
    assert "body.type" in rules(not_found, without, sent())


def test_what_is_said_better_by_another_rule_is_left_out() -> None:
    ended = {name: value for name, value in COMPLETED.items() if name != "completed_at"}
    found = [(one.rule, one.pointer) for one in findings(sent(ended), info=True)]
    assert ("state.timestamp_missing", "/completed_at") in found
    assert ("body.seen", "/completed_at") not in found
    running = {**QUEUED, "status": "in_progress"}
    del running["in_progress_at"]
    beside = [(one.rule, one.pointer) for one in findings(sent(running), info=True)]
    assert ("body.seen", "/in_progress_at") in beside
    assert ("state.stage_timestamp_missing", "/in_progress_at") not in beside


def test_public_caching_is_told_once() -> None:
    public = (("Cache-Control", "public, max-age=60"),)
    assert rules(sent(headers=public), unknown(headers=public)) == ["response.cache_public"]


def of_short_ids() -> Contract:
    """A contract with ids of four letters, which documents a refusal with 400 and the code of it."""
    parameter = {"name": "batch_id", "in": "path", "required": True, "schema": {"type": "string", "maxLength": 4}}
    error = {"type": "object", "required": ["code"], "properties": {"code": {"type": "integer"}}}
    responses = {
        "200": {"description": "It."},
        "400": {"description": "No.", "content": {JSON: {"schema": error}}},
        "404": {"description": "None."},
    }
    get = {"operationId": "getIt", "parameters": [parameter], "responses": responses}
    document = {
        "openapi": "3.0.3",
        "info": {"title": "Small", "version": "1"},
        "paths": {"/batches/{batch_id}": {"get": get}},
    }
    return compile_contract(parse_document(json.dumps(document).encode(), "small.json"))


def test_a_refusal_of_an_id_that_is_not_admitted_is_told_as_one_where_it_is_not_as_documented() -> None:
    def found(body: Any, *others: Any, **more: Any) -> list[tuple[str, str, str, str]]:
        answer = sent(body, 400, subject="neighbour", batch_id="longer", **more)
        told_of = findings(*others, answer, under=of_short_ids(), info=True)
        return [(one.rule, one.level, one.kind, one.status) for one in told_of]

    refusal = ("response.refused_input", "info", "schema", "")
    assert found({"code": 1}) == []
    assert found({"code": "x"}) == found({}) == [refusal]
    assert found({}, headers=BAD_TAG) == [("response.field_syntax", "should", "etag", ""), refusal]
    of_unknown = sent({}, 400, subject="unknown", batch_id="x")
    assert refusal not in found({}, of_unknown)


def test_a_server_that_has_one_success_for_every_head_is_told_of_that_alone() -> None:
    heads = [
        sent(b"", method="HEAD", media_type="text/html"),
        unknown(b"", 200, method="HEAD"),
        sent(b"", method="HEAD", credential="missing"),
    ]
    beside = [sent(), refused(), unknown()]
    assert [(one.rule, one.kind) for one in findings(*beside, *heads)] == [("response.head_differs", "status")]
    apart = rules(*beside, *heads[:2], sent(b"", 401, method="HEAD", credential="missing"))
    assert {"identity.unknown_answered", "response.head_differs"} <= set(apart)
