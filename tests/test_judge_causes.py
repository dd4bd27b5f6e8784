"""One cause is one finding: what the judge does not say twice, and what it still sees beside it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from judge_support import (
    COMPLETED,
    JSON,
    KNOWN,
    OPENAI,
    OPENAI_HEADERS,
    OTHER,
    QUEUED,
    contract,
    contract_of,
    findings,
    openai_like,
    refused,
    sent,
    told,
    unknown,
)

from batch_conformance.rules.headers import header_value

TEXT = "text/plain; charset=utf-8"
HTML = b"<!doctype html><title>Sign in</title><form action=/login>"


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        (b"{}", "body.another_object"),
        (b"[]", "body.type"),
        (b"null", "body.type"),
        (b'""', "body.type"),
        (b"0", "body.type"),
        (b"", "json.invalid"),
        (b"   ", "json.invalid"),
        (HTML, "json.invalid"),
        (b'{"error": {"message": "no", "code": 404}}', "body.another_object"),
        (b'{"code": 20000, "message": "Ok", "data": null}', "body.another_object"),
        (b"[" * 3000 + b"]" * 3000, "json.invalid"),
        (b'{"id": "batch_rdyqgrcgjg"', "json.invalid"),
    ],
)
def test_a_200_that_is_no_batch_is_one_finding(body: bytes, rule: str) -> None:
    found = findings(sent(body), info=True)
    level = "should" if body == b"{}" else "must"  # what demands its members is an overlay
    assert [(finding.rule, finding.level) for finding in found if finding.rule != "body.seen"] == [(rule, level)]
    assert rule == "body.type" or not [finding for finding in found if finding.rule == "body.seen"]


@pytest.mark.parametrize("media_type", [JSON, None, "text/html"])
def test_an_empty_body_where_one_is_documented_is_one_finding(media_type: str | None) -> None:
    assert told(unknown(b"", media_type=media_type)) == [("json.invalid", "404", "")]
    assert told(unknown(b" \r\n", 403, media_type=media_type)) == [("json.invalid", "403", "")]


@pytest.mark.parametrize(
    ("answer", "rule"),
    [
        (unknown(b"upstream", 500), "json.invalid"),
        (unknown(HTML, 429, media_type="text/html"), "response.media_type"),
        (unknown({"error": {}}, 429), "body.required"),
    ],
)
def test_of_a_status_that_only_an_overlay_documents_nothing_is_a_must(answer: Any, rule: str) -> None:
    assert (rule, "should") in {(finding.rule, finding.level) for finding in findings(answer)}
    assert "must" not in {finding.level for finding in findings(answer)}


@pytest.mark.parametrize("status", [400, 401, 403, 404, 503, 504])
@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        ({"error": {"message": "no", "type": "t", "param": None, "code": None}}, JSON),
        ({"detail": "no"}, JSON),
        ({"detail": [{"loc": ["path"], "msg": "no"}]}, JSON),
        ({"error": "no"}, JSON),
        ({"type": "about:blank", "title": "no", "status": 400}, "application/problem+json"),
        (HTML, "text/html"),
        (b"upstream connect error", "text/html; charset=gbk"),
        ({"title": "no", "status": 400}, "application/problem+json; charset=gbk"),
        (b"[upstream connect error]", TEXT),
        (b"<p>upstream connect error", TEXT),
        (b'"upstream connect error"', TEXT),
        (b"upstream connect error", None),
    ],
)
def test_another_error_body_is_one_finding_per_status(status: int, body: Any, media_type: str | None) -> None:
    answer = refused(body, media_type=media_type) if status == 401 else unknown(body, status, media_type=media_type)
    found = findings(answer)
    assert len(found) == 1, [(finding.rule, finding.pointer) for finding in found]
    assert found[0].status in (str(status), "")


def test_unquoted_text_is_one_finding_over_all_statuses_and_the_documents() -> None:
    answers = [
        refused(b"Invalid token", media_type=TEXT),
        unknown(b"404 page not found\n", media_type=TEXT),
        unknown(b"Forbidden", 403, media_type=JSON),
    ]
    (found,) = findings(*answers)
    assert (found.rule, found.side, found.level, found.occurrences) == ("json.unquoted", "document", "should", 3)


@pytest.mark.parametrize("body", [b"404 page not found", b"null pointer", b"true story", b"-1 is no id", b"1.5 errors"])
def test_plain_text_that_begins_as_json_does_is_unquoted_text_under_any_label(body: bytes) -> None:
    for media_type in (JSON, TEXT, None):
        assert told(unknown(body, media_type=media_type)) == [("json.unquoted", "", "")]
    assert told(refused(b"401 Unauthorized", media_type=JSON)) == [("json.unquoted", "", "")]


@pytest.mark.parametrize("body", [b"404", b"null", b"true", b" -1\n"])
def test_a_json_value_of_another_type_is_told_by_its_type(body: bytes) -> None:
    assert told(unknown(body)) == [("body.type", "404", "")]


@pytest.mark.parametrize("body", [b'"Batch" was not found', b"[] is all", b"{} not found"])
def test_a_text_that_begins_with_a_quote_or_a_bracket_is_one_finding(body: bytes) -> None:
    assert told(unknown(body)) == [("json.unquoted", "", "")]


def test_plain_text_where_an_object_is_documented_is_no_json_and_one_finding() -> None:
    assert told(unknown(b"400 bad request", 400)) == [("json.invalid", "400", "")]
    (found,) = findings(sent(b"200 OK"))
    assert (found.rule, str(found.observed)) == ("json.invalid", "plain text that begins with 200")


def test_a_refusal_in_another_charset_is_told_as_that_alone() -> None:
    body = json.dumps("未找到", ensure_ascii=False).encode("gbk")
    assert told(unknown(body, media_type="application/json; charset=gbk")) == [("response.charset", "404", "")]


def test_a_documented_text_is_no_unquoted_string() -> None:
    said = {"404": {"description": "No.", "content": {"text/plain": {"schema": {"type": "string", "maxLength": 20}}}}}
    small = contract_of({"type": "object"}, responses=said)
    assert told(unknown(b"404 page not found", media_type=TEXT), under=small) == []
    assert told(unknown(b"404 page not found, or was it?", media_type=TEXT), under=small) == [
        ("body.constraint", "404", "")
    ]
    assert told(unknown("404 page not found", media_type=JSON), under=small) == [("response.media_type", "404", "")]


@pytest.mark.parametrize("declared", ["*/*", "application/*"])
def test_a_range_of_media_types_has_the_ones_in_it(declared: str) -> None:
    schema = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
    said = {"400": {"description": "No.", "content": {declared: {"schema": schema}}}}
    small = contract_of({"type": "object"}, responses=said)
    assert told(unknown({"id": "x"}, 400), under=small) == []
    assert told(unknown({"id": 1}, 400), under=small) == [("body.type", "400", "/id")]


def test_a_media_type_without_a_schema_still_has_to_be_json() -> None:
    said = {"400": {"description": "No.", "content": {JSON: {}}}}
    small = contract_of({"type": "object"}, responses=said)
    assert told(unknown({"anything": 1}, 400), under=small) == []
    assert told(unknown(b"{'a': 1}", 400), under=small) == [("json.invalid", "400", "")]
    assert told(unknown(b"<a/>", 400, media_type="application/xml"), under=small) == [
        ("response.media_type", "400", "")
    ]


@pytest.mark.parametrize(
    ("text", "schema", "value"),
    [
        ("41", {"type": "integer"}, 41),
        ("-7", {"type": "integer"}, -7),
        ("4.5", {"type": "integer"}, "4.5"),
        ("4.5", {"type": "number"}, 4.5),
        ("1e3", {"type": "number"}, 1000.0),
        ("4", {"type": "number"}, 4),
        ("x4", {"type": "number"}, "x4"),
        ("true", {"type": "boolean"}, True),
        ("false", {"type": "boolean"}, False),
        ("True", {"type": "boolean"}, "True"),
        ("true", {"type": "string"}, "true"),
        ("41", {}, "41"),
        ("1, 2,3", {"type": "array", "items": {"type": "integer"}}, [1, 2, 3]),
        ("1, 2", {"type": "array"}, ["1", "2"]),
        ("", {"type": "array"}, []),
        ("a,1, b,2", {"type": "object"}, {"a": "1", "b": "2"}),
        ("9" * 5000, {"type": "integer"}, "9" * 5000),
    ],
)
def test_a_header_is_read_by_the_type_that_is_declared(text: str, schema: dict[str, Any], value: Any) -> None:
    (declared,) = contract_of(schema).chosen.responses["200"].content.values()
    assert declared is not None
    read = header_value(declared, f" {text} ")
    assert (read, type(read)) == (value, type(value))


@pytest.mark.parametrize("status", [400, 403, 410, 429, 503])
def test_a_read_that_is_answered_in_different_ways_is_told_unless_that_is_weighed_elsewhere(status: int) -> None:
    body = {"code": 1, "message": "no", "data": None} if status in (400, 429, 503) else "no"
    rules = [rule for rule, *_ in told(sent(), sent(body, status))]
    assert ("stability.answer_changed" in rules) is (status in (400, 403))
    equivalent = findings(sent(), sent(body, status, subject="equivalent"), info=True)
    assert "stability.answer_changed" not in {f.rule for f in equivalent}


def test_ranges_of_statuses_and_the_default_are_judged_by() -> None:
    error = {"type": "object", "required": ["message"], "properties": {"message": {"type": "string"}}}
    said = {name: {"description": "No.", "content": {JSON: {"schema": error}}} for name in ("4xx", "default")}
    small = contract_of({"type": "object"}, responses=said)
    assert told(unknown({"message": "no"}, 404), unknown({"message": "no"}, 302), under=small) == []
    assert told(unknown({"message": 1}, 404), under=small) == [("body.type", "4XX", "/message")]
    assert told(unknown({"message": 1}, 302), under=small) == [("body.type", "default", "/message")]
    assert told(unknown({"message": 1}, 418), unknown({"message": 1}, 422), under=small) == [
        ("body.type", "4XX", "/message")
    ]


def test_what_another_method_answers_is_not_judged_by_the_contract_of_get() -> None:
    for status in (200, 404, 405, 422):
        answer = unknown({"detail": 1}, status, method="DELETE", media_type="text/html", headers=(("Allow", "GET"),))
        expected = [("method.undeclared_answered", "", "")] if status == 200 else []
        assert told(answer) == expected


def test_a_misspelt_field_is_told_where_it_is_and_not_as_a_missing_one() -> None:
    renamed = {("outputFileId" if name == "output_file_id" else name): value for name, value in COMPLETED.items()}
    assert told(sent(renamed), info=False) == [("body.undeclared", "200", "/outputFileId")]


def test_a_renamed_required_field_is_two_findings() -> None:
    renamed = {("createdAt" if name == "created_at" else name): value for name, value in QUEUED.items()}
    assert told(sent(renamed)) == [("body.required", "200", "/created_at"), ("body.undeclared", "200", "/createdAt")]


def test_a_field_that_vanishes_is_told_by_its_schema_where_it_is_required() -> None:
    later = {name: value for name, value in QUEUED.items() if name != "endpoint"}
    assert told(sent(), sent(later)) == [("body.required", "200", "/endpoint")]


def test_an_empty_status_is_told_once() -> None:
    assert told(sent({**QUEUED, "status": ""})) == [("body.known_value", "200", "/status")]


def test_what_overlays_document_breaks_at_a_lower_level_than_the_document() -> None:
    (missing,) = findings(sent({name: value for name, value in QUEUED.items() if name != "id"}))
    (mistyped,) = findings(sent({**QUEUED, "id": 7}))
    assert (missing.level, mistyped.level) == ("should", "must")
    assert missing.location is not None
    assert mistyped.location is not None
    assert (missing.location.origin, mistyped.location.origin) == ("overlay", "document")


def test_what_the_schema_itself_forbids_is_worse_than_what_it_only_does_not_name() -> None:
    schema = {"type": "object", "properties": {"id": {"type": "string"}, "status": {"type": "string"}}}
    body = {"id": KNOWN, "status": "completed", "more": 1}
    (open_,) = findings(sent(body), under=contract_of(schema))
    (closed,) = findings(sent(body), under=contract_of({**schema, "additionalProperties": False}))
    assert (open_.rule, open_.level) == ("body.undeclared", "should")
    assert (closed.rule, closed.level, closed.pointer) == ("body.undeclared", "must", "/more")


def test_a_value_that_may_be_one_of_several_types_is_told_by_its_type() -> None:
    schema = {
        "type": "object",
        "properties": {"id": {"type": "string"}, "n": {"anyOf": [{"type": "string"}, {"type": "null"}]}},
    }
    small = contract_of(schema, openapi="3.1.0")
    (found,) = findings(sent({"id": KNOWN, "n": 5}), under=small)
    assert (found.rule, found.pointer, str(found.expected)) == ("body.type", "/n", "string or null")
    assert told(sent({"id": KNOWN, "n": None}), under=small) == []


def test_customers_own_names_are_one_place_and_no_part_of_a_finding() -> None:
    body = {**OPENAI, "metadata": {"secret-customer": 5, "other-customer": 6}}
    found = findings(sent(body, headers=OPENAI_HEADERS), under=openai_like())
    assert {(finding.rule, finding.pointer) for finding in found} == {("body.type", "/metadata/*")}
    assert len(found) == 1


def test_a_wrong_batch_is_not_compared_with_the_right_one() -> None:
    found = told(sent(COMPLETED), sent({**QUEUED, "id": OTHER, "created_at": 1741685000}))
    assert [rule for rule, *_ in found] == ["identity.other_batch"]


def test_with_real_batches_read_an_unknown_ids_batch_is_not_judged_field_by_field() -> None:
    invented = sent({"id": "x", "created_at": "now"}, subject="unknown", batch_id="x")
    assert told(sent(), invented) == [("identity.unknown_answered", "200", "")]
    assert ("body.type", "200", "/created_at") not in told(sent(), invented)


def test_where_anything_gets_in_only_the_widest_hole_is_told() -> None:
    kinds = ("missing", "wrong", "nearly", "wrong_scheme", "elsewhere_header")
    assert [rule for rule, *_ in told(sent(), *(sent(credential=kind) for kind in kinds))] == ["auth.missing_accepted"]


def test_two_drifts_at_once_are_both_told() -> None:
    body = {**COMPLETED, "created_at": "1741685413", "file_name": "x"}
    assert {rule for rule, *_ in told(sent(body), unknown({"detail": "no"}))} == {"body.type", "body.undeclared"}
    assert len(told(sent(body), unknown({"detail": "no"}))) == 3


@pytest.mark.parametrize("where", ["key", "value", "status", "error"])
def test_half_a_surrogate_pair_never_reaches_a_finding(where: str) -> None:
    half = "\ud83d"
    body = {
        "key": {**QUEUED, half: 1},
        "value": {**QUEUED, "created_at": half},
        "status": {**QUEUED, "status": half},
        "error": {half * 3: 1},
    }[where]
    found = findings(sent(body), info=True)
    assert found
    for finding in found:
        "".join((finding.pointer, str(finding.expected), str(finding.observed), finding.kind, finding.id)).encode()


def test_a_new_field_of_a_future_document_is_judged_by_it() -> None:
    schema = {
        "type": "object",
        "required": ["id", "priority"],
        "properties": {"id": {"type": "string"}, "priority": {"type": "integer"}, "status": {"type": "string"}},
    }
    small = contract_of(schema)
    assert told(sent({"id": KNOWN, "priority": 1, "status": "x"}), under=small) == []
    assert told(sent({"id": KNOWN, "status": "x"}), under=small) == [("body.required", "200", "/priority")]
    assert told(sent({**QUEUED, "priority": 1})) == [("body.undeclared", "200", "/priority")]


def test_a_body_that_was_cut_at_our_limit_is_not_judged_and_its_header_is() -> None:
    assert told(sent(b'{"id": "batch', truncated=True)) == []
    assert told(sent(b"<html>", truncated=True, media_type="text/html")) == [("response.media_type", "200", "")]


def test_counts_that_only_grow_flat_in_the_body_are_not_taken_for_what_lasts() -> None:
    names = ("total_requests", "completed_requests", "progress", "updated_at", "phase_text")
    schema = {"type": "object", "properties": {"id": {"type": "string"}, **{name: {} for name in names}}}
    small = contract_of(schema)
    first, later = ({"id": KNOWN, **dict.fromkeys(names, value)} for value in (1, 2))
    assert told(sent(first), sent(later), under=small) == []


def test_the_judge_is_deterministic_and_blind_to_the_order_of_its_input() -> None:
    from batch_conformance.judge.judge import judge  # noqa: PLC0415

    run = [
        sent({**COMPLETED, "created_at": None, "x": 1}, number=0),
        unknown({"detail": 1}, number=1),
        refused(credential="wrong", number=2),
        sent({**QUEUED, "id": OTHER}, number=3),
    ]
    once, again = judge(run, contract()), judge(run[::-1], contract())
    assert once.findings == again.findings
    assert once.clauses == again.clauses


def test_a_contract_with_its_own_words_for_states_is_judged_by_what_they_mean() -> None:
    times = {f"{name}_at": {"type": "integer"} for name in ("created", "completed", "canceled", "canceling")}
    counts = {name: {"type": "integer"} for name in ("total", "completed", "failed")}
    schema = {
        "type": "object",
        "x-roles": {"stages": {"DONE": "completed", "GO": "in_progress"}},
        "properties": {
            "id": {"type": "string"},
            "status": {"type": "string", "enum": ["GO", "DONE", "canceling", "canceled"]},
            "request_counts": {"type": "object", "properties": counts},
            **times,
        },
    }
    small = contract_of(schema)
    done = {"id": KNOWN, "status": "DONE", "created_at": 1741685413, "completed_at": 1741685500}
    short = {**done, "request_counts": {"total": 9, "completed": 5, "failed": 3}}
    assert told(sent(done), under=small) == []
    assert told(sent(short), under=small) == [("counts.sum", "200", "/request_counts")]
    assert told(sent({**done, "completed_at": None}), under=small)[1:] == [
        ("state.timestamp_missing", "200", "/completed_at")
    ]
    assert told(sent(done), sent({**done, "status": "GO", "completed_at": 1741685500}), under=small)[-1][0] in (
        "state.regressed",
        "state.timestamp_early",
    )
    ended = {**done, "status": "canceled", "completed_at": 1741685500, "canceled_at": 1741685600}
    assert told(sent({**ended, "canceling_at": 1741685499}), under=small) == []
    assert told(sent({**ended, "canceling_at": 1741685601}), under=small) == [("time.order", "200", "/canceled_at")]


def test_null_where_nullable_has_no_effect_is_a_fault_of_the_document() -> None:
    leaf = {"type": "object", "properties": {"n": {"type": "integer"}}}
    part = {"$ref": "#/components/schemas/Leaf", "nullable": True}
    schema = {"type": "object", "properties": {"id": {"type": "string"}, "part": part, "other": {"type": "integer"}}}
    small = contract_of(schema, schemas={"Leaf": leaf})
    found = findings(sent({"id": KNOWN, "part": None, "other": None}), under=small)
    assert {(finding.pointer, finding.side) for finding in found} == {("/part", "document"), ("/other", "server")}


@pytest.mark.parametrize("body", [b"gone", b"", b"<html>", b'{"a": 1, "a": 2}'])
def test_the_body_of_a_status_that_is_not_documented_is_nobodys_business(body: bytes) -> None:
    assert told(unknown(body, 410)) == [("response.status", "410", "")]
    small = contract_of({"type": "object"}, responses={"410": {"description": "Gone."}})
    assert told(unknown(body, 410), under=small) == []


def test_an_empty_text_that_is_listed_is_meant() -> None:
    under = contract_of({"properties": {"id": {"type": "string"}, "reason": {"type": "string", "enum": ["", "full"]}}})
    assert not findings(sent({"id": KNOWN, "reason": ""}), under=under)


@pytest.mark.parametrize("further", ["/", "/../" + KNOWN])
def test_what_follows_a_known_id_and_is_not_looked_at_is_one_finding_whatever_follows(further: str) -> None:
    """Letters after an id that is easy to guess are not asked for: other batches may have such ids."""
    near = [sent(subject="neighbour", batch_id=KNOWN + mark) for mark in (".json", "?x=1", "#x", f",{KNOWN}")]
    hostile = sent(subject="hostile", batch_id=KNOWN + further)
    assert told(sent(), unknown(), *near, hostile) == [("identity.neighbour_answered", "200", "")]


@pytest.mark.parametrize("mark", ["?x=1", "#x", ";x=1"])
def test_a_path_that_is_followed_explains_that_other_delimiters_end_an_id(mark: str) -> None:
    near = sent(subject="neighbour", batch_id=KNOWN + mark)
    hostile = sent(subject="hostile", batch_id=f"x/../{KNOWN}")
    assert [rule for rule, *_ in told(sent(), unknown(), near, hostile)] == ["identity.traversal_answered"]


@pytest.mark.parametrize("mark", [".json", "@x", " "])
def test_an_id_that_is_cut_at_one_mark_does_not_explain_that_a_path_is_followed(mark: str) -> None:
    near = sent(subject="neighbour", batch_id=KNOWN + mark)
    hostile = sent(subject="hostile", batch_id=f"{KNOWN}/../{KNOWN}")
    rules = [rule for rule, *_ in told(sent(), unknown(), near, hostile)]
    assert sorted(rules) == ["identity.neighbour_answered", "identity.traversal_answered"]


def test_a_slash_that_is_decoded_in_an_id_is_told_with_the_paths_that_are_followed() -> None:
    followed = [sent(subject="hostile", batch_id=text) for text in (f"x/../{KNOWN}", f"{KNOWN}/", f"./{KNOWN}")]
    assert told(sent(), unknown(), *followed) == [("identity.traversal_answered", "200", "")]
    for one in followed:
        assert told(sent(), unknown(), one) == [("identity.traversal_answered", "200", "")]


def test_what_an_earlier_state_has_not_set_yet_is_no_change_beside_a_state_that_went_back() -> None:
    earlier = {**COMPLETED, "status": "in_progress", "completed_at": None, "finalizing_at": None}
    earlier["output_file_id"] = None
    assert told(sent(COMPLETED), sent(earlier), sent(COMPLETED)) == [("state.regressed", "200", "/status")]
    # What is set from the beginning does not vanish with a state.
    changed = sent({**earlier, "created_at": COMPLETED["created_at"] + 1})
    assert ("stability.changed", "200", "/created_at") in told(sent(COMPLETED), changed)


def test_a_field_that_breaks_its_grammar_is_shown_with_no_quotes_but_its_own() -> None:
    def observed(value: str) -> set[str]:
        found = findings(sent(headers=(("Content-Type", JSON), ("ETag", value))))
        return {str(one.observed) for one in found if one.rule == "response.field_syntax"}

    assert observed("abc") == {"ETag: `abc`"}
    assert observed('w/"abc"') == {'ETag: `w/"abc"`'}
    assert observed("") == {"ETag: ``"}


def test_an_explanation_that_is_empty_is_only_told_and_a_file_without_a_name_is_drift() -> None:
    texts = {name: {"type": "string"} for name in ("id", "status_details", "output_file_id")}
    small = contract_of({"type": "object", "properties": texts})
    empty = {"id": KNOWN, "status_details": "", "output_file_id": ""}
    found = {one.pointer: one.level for one in findings(sent(empty), under=small, info=True)}
    assert found["/status_details"] == "info"
    assert found["/output_file_id"] == "should"


def test_a_state_that_stands_twice_is_one_cause() -> None:
    text = json.dumps(COMPLETED)[:-1] + ', "status": "failed"}'
    found = [one for one in findings(sent(text.encode())) if one.level != "info"]
    assert [(one.rule, one.pointer) for one in found] == [("json.duplicate_key", "/status")]


def test_head_of_another_media_type_is_one_finding_though_its_length_is_another_one_too() -> None:
    size = (("Content-Length", str(len(json.dumps(QUEUED)))),)
    read = sent(headers=size)
    head = sent(b"", method="HEAD", media_type="application/jsonl", headers=(("Content-Length", "0"),))
    found = [(one.rule, one.kind) for one in findings(read, head, read)]
    assert found == [("response.head_differs", "media_type")]
