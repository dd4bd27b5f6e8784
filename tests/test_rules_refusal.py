"""Which refusals are of what is odd about a request, and whose: each condition, beside what comes close."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from broken_support import seen
from cases_lists import lists
from judge_support import JSON, KNOWN, contract, contract_of

from batch_conformance.contract.contract import Contract, compile_contract
from batch_conformance.contract.document import parse_document
from batch_conformance.exchange.exchange import Subject
from batch_conformance.observation.observation import Observation
from batch_conformance.rules.refusal import (
    is_of_a_query,
    is_refused_for_its_id,
    is_turned_away,
    is_unquoted_text,
    leads_to_normal_form,
)

GATEWAY = (400, 403, 404, 405, 406, 413, 414, 431)
REDIRECTS = (301, 302, 303, 307, 308)
OTHERS = (200, 300, 304, 401, 402, 407, 409, 412, 415, 422, 429, 430, 500, 503)


def turned_away(subject: Subject = "hostile", batch_id: str = "'", **more: Any) -> list[int]:
    statuses = (*GATEWAY, *REDIRECTS, *OTHERS)
    return [one for one in statuses if is_turned_away(seen("no", one, subject=subject, batch_id=batch_id, **more))]


def test_an_odd_id_is_turned_away_with_the_statuses_of_gateways() -> None:
    assert turned_away() == turned_away("equivalent", KNOWN) == [*GATEWAY]
    assert [turned_away(subject, "x") for subject in ("known", "unknown", "outside", "recorded")] == [[]] * 4  # type: ignore[arg-type]


def test_a_neighbour_is_odd_where_it_has_letters_that_no_id_has() -> None:
    assert turned_away("neighbour", "batch_A-1.~") == []
    assert turned_away("neighbour", "") == []
    assert turned_away("neighbour", "batch a") == turned_away("neighbour", "é") == [*GATEWAY]


def test_an_id_with_a_slash_may_be_redirected() -> None:
    assert turned_away("unknown", "a/b") == turned_away("known", "a\\b") == [*REDIRECTS]
    assert turned_away("hostile", "a/b") == [*GATEWAY, *REDIRECTS]
    assert turned_away("unknown", "aXb") == []


def test_a_status_that_was_asked_for_is_refused_in_any_of_these_ways_unless_it_is_given() -> None:
    assert turned_away("known", KNOWN, forced=503) == [*GATEWAY]
    assert turned_away("known", KNOWN, forced=404) == [one for one in GATEWAY if one != 404]


def test_nothing_is_turned_away_where_the_api_spoke_or_nobody_did() -> None:
    read = seen("no", 403, subject="hostile", batch_id="'")
    assert is_turned_away(read)
    assert not is_turned_away(Observation(read.exchange, read.contract, api_spoke=True))
    assert not is_turned_away(seen(answered=False, subject="hostile", batch_id="'"))
    assert not is_turned_away(seen("no", 403, batch_id=None))


def of_uuids() -> Contract:
    parameter = {"name": "batch_id", "in": "path", "required": True, "schema": {"type": "string", "maxLength": 4}}
    document = {
        "openapi": "3.0.3",
        "info": {"title": "Small", "version": "1"},
        "paths": {
            "/batches/{batch_id}": {
                "get": {"parameters": [parameter], "responses": {"200": {"description": "It."}}},
            }
        },
    }
    return compile_contract(parse_document(json.dumps(document).encode(), "small.json"), "published")


def refused_for_its_id(status: int, batch_id: str | None = "longer", **more: Any) -> bool:
    return is_refused_for_its_id(seen("no", status, batch_id=batch_id, under=of_uuids(), **more))


def test_an_id_that_its_schema_does_not_admit_is_refused_for_that() -> None:
    statuses = (200, 399, 400, 401, 403, 404, 405, 421, 422, 423, 500)
    assert [status for status in statuses if refused_for_its_id(status)] == [400, 404, 422]
    assert not refused_for_its_id(404, "four")
    assert not refused_for_its_id(404, None)
    assert not refused_for_its_id(404, subject="outside")
    assert not refused_for_its_id(404, method="DELETE")
    assert not refused_for_its_id(404, forced=404)
    assert refused_for_its_id(404, forced=400)
    assert not refused_for_its_id(404, answered=False)


def of_a_query(status: int = 400, query: str = "", **more: Any) -> bool:
    return is_of_a_query(seen("no", status, probe={"query": query}, **more), status)


def test_a_parameter_that_no_document_has_is_refused_with_some_statuses() -> None:
    statuses = (200, 399, 400, 401, 402, 403, 404, 405, 421, 422, 423)
    assert [status for status in statuses if of_a_query(status, "unknown=1")] == [400, 403, 404, 422]
    assert of_a_query(query="unknown=")
    assert not of_a_query(query="")


@pytest.mark.parametrize(
    "credential", ["also_in_query", "elsewhere_query", "query_access_token", "query_api_key", "query_key"]
)
def test_a_key_in_the_query_is_such_a_parameter(credential: str) -> None:
    assert of_a_query(credential=credential)
    assert not of_a_query(401, credential=credential)
    assert not of_a_query(credential="valid")


def of_a_list(query: str, path: str = "/batches") -> bool:
    probe = {"query": query, "path": path, "batch_id": None}
    return is_of_a_query(seen("no", 400, probe=probe, under=lists()), 400)


def test_of_a_list_a_cursor_and_what_is_not_admitted_may_be_refused() -> None:
    assert of_a_list("after=batch_a")
    assert of_a_list("after=")
    assert of_a_list("limit=many")
    assert not of_a_list("limit=5")
    assert not of_a_list("")
    assert of_a_list("other=1")


def test_of_a_list_a_query_without_what_has_to_be_there_may_be_refused() -> None:
    assert of_a_list("limit=5", "/files")
    assert not of_a_list("purpose=batch&limit=5", "/files")
    assert not of_a_list("purpose=batch", "/files")
    assert not of_a_list("", "/files")
    assert not of_a_query(query="batch_id=a") or contract().operations[0].query == ()


def leads(status: int = 301, location: str | None = f"/v1/batches/{KNOWN}", **more: Any) -> bool:
    headers = () if location is None else (("Location", location),)
    return leads_to_normal_form(seen(b"", status, headers=headers, **{"subject": "equivalent", **more}))


def test_another_spelling_may_be_redirected_to_the_usual_one() -> None:
    statuses = (200, 300, 301, 302, 303, 304, 307, 308, 404)
    assert [status for status in statuses if leads(status)] == [*REDIRECTS]
    assert leads(location=f" https://api.example.com/v1/batches/{KNOWN}?x=1 ")
    assert leads(location=KNOWN)
    assert leads(location="/v1/batches/a%2Fb", batch_id="a/b")
    assert not leads(location="/v1/batches/a/b", batch_id="a/b")
    assert not leads(location=f"/v1/batches/{KNOWN}/")
    assert not leads(location=f"/v1/batches/x{KNOWN}")
    assert not leads(location=None)
    assert not leads(location="http://[")
    assert not leads(subject="known")
    assert not leads(answered=False)
    assert leads(location="/v1/batches/", batch_id="")
    assert leads(location="/v1/batches/", batch_id=None)


def with_error(schema: Any, media_type: str = JSON, openapi: str = "3.0.3") -> Contract:
    answer = {"description": "No.", "content": {media_type: {"schema": schema}}}
    return contract_of({"type": "object"}, responses={"404": answer, "399": answer, "400": answer}, openapi=openapi)


TEXT = with_error({"type": "string"})


def unquoted(body: bytes = b"page not found", status: int = 404, under: Contract = TEXT, **more: Any) -> bool:
    return is_unquoted_text(seen(body, status, under=under, **{"media_type": JSON, **more}))


def test_a_documented_text_may_come_without_its_quotes() -> None:
    assert unquoted()
    assert unquoted(media_type="text/plain")
    assert unquoted(media_type="text/plain; charset=utf-8")
    assert unquoted(media_type=None)
    assert unquoted(b"  no")
    assert unquoted(status=400)
    assert not unquoted(status=399)
    assert not unquoted(status=410)
    assert not unquoted(media_type="text/html")
    assert not unquoted(answered=False)
    assert not unquoted(method="HEAD")


def test_markup_json_and_nothing_are_no_text_without_quotes() -> None:
    bodies = (b"", b"  ", b'"no"', b'"no', b"<html>", b"{", b"[", b"{}", b"404", b"null", b" {", b"\n<a>")
    assert [body for body in bodies if unquoted(body)] == []
    assert unquoted(b"404", media_type="text/plain")
    assert unquoted(b"404 not found")
    assert unquoted(b'"batch_a" not found')
    assert unquoted(b"[] not found")


def test_what_was_cut_off_is_a_text_all_the_same() -> None:
    assert unquoted(b"page not", truncated=True)
    assert not unquoted(b"page not", truncated=True, method="HEAD")


@pytest.mark.parametrize(
    ("schema", "is_text"),
    [
        ({"type": "string", "nullable": True}, True),
        ({"type": "object"}, False),
        ({}, False),
        ({"type": "integer"}, False),
        ({"enum": [None]}, False),
    ],
)
def test_only_a_schema_of_texts_is_of_texts(schema: Any, is_text: bool) -> None:
    assert unquoted(under=with_error(schema)) is is_text


def test_a_text_that_is_documented_as_text_has_no_quotes_to_lack() -> None:
    assert not unquoted(under=with_error({"type": "string"}, "text/plain"), media_type="text/plain")
    assert not unquoted(under=with_error({"type": "string"}, "text/plain"), media_type=None)
    assert unquoted(under=with_error({"type": "string"}, "application/problem+json"), media_type="text/plain")
    assert not unquoted(under=with_error({"type": "null"}, openapi="3.1.0"))
    assert unquoted(under=with_error({"type": ["null", "string"]}, openapi="3.1.0"))
    assert not is_unquoted_text(replace_contract(seen(b"no", 404)))


def replace_contract(read: Observation) -> Observation:
    bare = replace(read.contract.operations[0], responses={})
    return Observation(read.exchange, replace(read.contract, operations=(bare,)))
