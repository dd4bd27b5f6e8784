"""A body that is another object than the documented one is told as that, and stays out of every other judgement."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from judge_support import COMPLETED, JSON, KNOWN, QUEUED, contract, contract_of, findings, refused, sent, told, unknown

from batch_conformance.exchange.exchange import Exchange
from batch_conformance.findings.ledger import Ledger
from batch_conformance.judge.judge import judge

FILE = {"id": "file-abc", "object": "file", "bytes": 12, "created_at": 16, "filename": "x.jsonl", "purpose": "batch"}
NOT_FOUND = {"code": 20012, "message": "not found", "data": None}
REFUSED = {"code": 20001, "message": "no such key", "data": None}
ANOTHER = [("body.another_object", "200", "")]
OTHERS: list[Any] = [FILE, {"error": {"message": "no", "code": 404}}, NOT_FOUND, {"object": "list", "has_more": False}]


def judged(*exchanges: Exchange) -> Ledger:
    numbered = [replace(one, number=place, started_at=float(place)) for place, one in enumerate(exchanges)]
    return judge(numbered, contract())


@pytest.mark.parametrize("body", OTHERS)
def test_it_is_one_finding_whatever_is_in_it(body: Any) -> None:
    assert told(sent(body), sent(body), info=True) == ANOTHER
    # Beside the documented object: nothing went back, vanished, or is another batch.
    assert told(sent(COMPLETED), sent(body), sent(COMPLETED)) == ANOTHER


@pytest.mark.parametrize("body", OTHERS)
def test_it_is_in_no_count_of_what_was_seen(body: Any) -> None:
    alone = judged(sent(body))
    assert not [row for row in alone.fields if row.types and (row.status == "200" or not row.declared)]
    kept = [result.clause.rule for result in alone.clauses if result.state == "kept" and result.clause.pointer]
    assert kept == []
    senses = {"time.magnitude", "counts.sum", "identity.other_batch", "state.timestamp_early"}
    assert {r.state for r in alone.clauses if r.clause.rule in senses} == {"not_observed"}
    beside = judged(sent(COMPLETED), sent(body))
    assert beside.fields == judged(sent(COMPLETED)).fields


def test_another_object_of_an_error_is_in_no_count_either() -> None:
    rows = judged(unknown({"error": {"message": "no"}}, 400)).fields
    assert not [row for row in rows if row.types]


def test_a_server_that_refuses_with_200_and_an_error_object_is_told_once() -> None:
    run = [
        sent(COMPLETED),
        unknown(NOT_FOUND, 200),
        unknown(b"", 200, method="HEAD"),
        unknown(NOT_FOUND, 200, subject="neighbour", batch_id=KNOWN + "x"),
        unknown(NOT_FOUND, 200, subject="hostile", batch_id="../models"),
        unknown(NOT_FOUND, 200, subject="outside", batch_id=None),
        sent(NOT_FOUND, subject="equivalent"),
        refused(REFUSED, 200),
        refused(REFUSED, 200, "wrong"),
        refused(b"", 200, "missing", method="HEAD"),
    ]
    assert told(*run, info=True) == ANOTHER


def test_another_object_of_an_encoded_path_or_an_empty_id_is_what_was_asked_for() -> None:
    listed = {"object": "list", "data": [], "has_more": False}
    followed = sent(listed, subject="hostile", batch_id="x/../../models", name="hostile")
    empty = sent(listed, subject="outside", batch_id=None, name="empty")
    rules = [rule for rule, *_ in told(sent(COMPLETED), unknown(), followed, empty)]
    assert "identity.traversal_answered" in rules
    assert "identity.list_answered" in rules


@pytest.mark.parametrize("body", [FILE, {"code": 0, "message": "Ok", "data": COMPLETED}])
def test_who_is_let_in_to_what_known_ids_get_is_told_whatever_object_that_is(body: Any) -> None:
    rules = {rule for rule, *_ in told(sent(body), unknown(), refused(body, 200))}
    assert "auth.missing_accepted" in rules
    assert "auth.not_401" not in rules


def test_an_envelope_around_a_batch_lets_in_also_where_refusals_have_its_members() -> None:
    body = {"code": 0, "message": "Ok", "data": COMPLETED}
    rules = {rule for rule, *_ in told(sent(body), unknown(NOT_FOUND, 200), refused(body, 200))}
    assert "auth.missing_accepted" in rules


def test_an_object_with_nothing_in_it_breaks_what_demands_its_members() -> None:
    (found,) = findings(sent({}))
    assert (found.rule, found.level) == ("body.another_object", "should")
    assert found.location is not None
    assert (found.location.origin, found.location.file) == ("overlay", "spec/overlays/siliconflow.yaml")
    assert found.location.line > 0
    (partly,) = findings(sent({"object": "batch"}))
    assert (partly.level, partly.location) == ("should", found.location)
    (file,) = findings(sent(FILE))
    assert file.level == "must"


def test_an_object_with_nothing_in_it_breaks_the_document_where_that_demands_its_members() -> None:
    names = ("id", "status", "created_at")
    schema = {"type": "object", "required": [*names], "properties": {name: {} for name in names}}
    (found,) = findings(sent({}), under=contract_of(schema))
    assert (found.rule, found.level) == ("body.another_object", "must")
    assert found.location is not None
    assert (found.location.file, found.location.origin) == ("small.json", "document")
    assert found.location.pointer.endswith("/required/0")


def test_the_length_of_the_documented_object_is_no_other_than_that_of_another_one() -> None:
    def told_length(body: Any, method: str = "GET", length: int = 0) -> Exchange:
        exchange = sent(body, method=method)
        assert exchange.response is not None
        size = length or len(exchange.response.body)
        headers = (("Content-Type", JSON), ("Content-Length", str(size)))
        return replace(exchange, response=replace(exchange.response, headers=headers))

    head = told_length(b"", "HEAD", 600)
    assert told(told_length(FILE), head, told_length(FILE)) == ANOTHER
    assert ("response.head_differs", "", "") in told(told_length(QUEUED), head, told_length(QUEUED))


def test_a_member_whose_name_is_escaped_in_a_pointer_is_the_documented_one() -> None:
    inner = {"type": "object", "properties": {name: {} for name in ("id", "status", "a", "b")}}
    schema = {"type": "object", "required": ["id", "~", "a/b"], "properties": {"id": {}, "~": inner, "a/b": {}}}
    body = {"id": KNOWN, "~": {"id": 1, "status": 2, "a": 3, "b": 4}}
    assert told(sent(body), under=contract_of(schema)) == [("body.required", "200", "/a~1b")]
