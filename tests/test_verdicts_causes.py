"""One cause, one finding, on raw bytes: what follows from a deviation is not told beside it."""

from __future__ import annotations

import json
import posixpath
import re
from urllib.parse import unquote

import pytest
from answering import BATCH, BROKEN, NOT_FOUND, REFUSED, SHOWN, Asked, Audited, Said, audited
from raw_server import Bytes, Got, audited_raw, kept, message, said

JSON_BATCH = json.dumps(BATCH).encode()


def found(run: Audited) -> set[tuple[str, str, str]]:
    return {(finding.rule, finding.status, finding.pointer) for finding in run.drifts}


# Ids that nobody has, answered with success


@pytest.mark.parametrize("value", [None, [], "", 0, SHOWN.value])
def test_a_success_for_every_unknown_id_is_one_finding_whatever_its_body_is(value: object) -> None:
    run = audited(lambda asked: Said(200, value) if asked.has_key and not asked.is_known else None)
    assert found(run) == {("identity.unknown_answered", "200", "")}


def test_an_id_that_is_echoed_for_any_id_is_one_finding() -> None:
    def answer(asked: Asked) -> Said | None:
        return Said(200, {**BATCH, "id": asked.path.rpartition("/")[2]}) if asked.has_key else None

    assert found(audited(answer)) == {("identity.unknown_answered", "200", "")}


@pytest.mark.parametrize("body", [b"null", b"[]", b"<!doctype html><title>App</title>"])
def test_a_server_that_says_the_same_to_everybody_and_shows_no_batch_is_one_finding(body: bytes) -> None:
    run = audited_raw(lambda got: message(200, body, got))
    assert len(run.drifts) == 1
    assert run.drifts[0].rule in ("body.type", "json.invalid")


def test_a_known_batch_that_is_null_to_strangers_too_lets_nobody_in() -> None:
    run = audited(lambda asked: Said(200, None) if asked.is_known else None)
    assert found(run) == {("body.type", "200", "")}


def test_null_for_unknown_ids_without_a_credential_is_told_where_batches_are_shown() -> None:
    run = audited(lambda asked: Said(200, None) if not asked.is_known else None)
    assert ("auth.missing_accepted", "401", "") in found(run)


def test_a_known_id_that_is_always_refused_is_told_beside_one_that_is_not() -> None:
    other = "batch_z9y8x7"

    def answer(asked: Asked) -> Said | None:
        return Said(403, "no") if asked.has_key and asked.path.endswith(other) else None

    run = audited(answer, (BATCH["id"], other))
    assert run.report.verdict == "conforms"
    assert f"{other}: 403 at every read. Is it of this account?" in run.notes


def test_204_for_every_unknown_id_is_one_finding() -> None:
    def answers(got: Got) -> Bytes | None:
        return Bytes(b"HTTP/1.1 204 No Content\r\n\r\n") if got.has_key and not got.is_known else None

    assert found(audited_raw(answers)) == {("identity.unknown_answered", "204", "")}


def test_an_empty_id_that_is_answered_is_told_where_unknown_ids_are_not() -> None:
    run = audited(lambda asked: SHOWN if asked.has_key and asked.path.endswith("/batches/") else None)
    assert found(run) == {("identity.list_answered", "200", "")}


def test_null_for_a_batch_that_exists_is_of_another_type() -> None:
    run = audited(lambda asked: Said(200, None) if asked.has_key and asked.is_known else None)
    assert found(run) == {("body.type", "200", "")}


# HEAD


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n",
    ],
)
def test_one_success_for_every_head_is_one_finding(answer: bytes) -> None:
    run = audited_raw(lambda got: Bytes(answer) if got.method == "HEAD" else None)
    assert found(run) == {("response.head_differs", "", "")}
    assert "to every HEAD, whatever it asks for" in str(run.drifts[0].observed)


def test_one_success_for_every_head_hides_no_hole_of_get() -> None:
    def answers(got: Got) -> Bytes | None:
        if got.method == "HEAD":
            return Bytes(b"HTTP/1.1 200 OK\r\n\r\n")
        return said(200, BATCH, got) if got.has_key and got.last == BATCH["id"].upper() else None

    rules = {("response.head_differs", "", ""), ("identity.neighbour_answered", "200", "")}
    assert found(audited_raw(answers)) == rules


def test_a_head_that_finds_known_batches_alone_and_asks_for_no_key_is_a_hole() -> None:
    run = audited_raw(lambda got: said(200, BATCH, got) if got.method == "HEAD" and got.is_known else None)
    assert found(run) == {("auth.missing_accepted", "401", "")}


# Paths and caches


def test_a_path_that_is_decoded_before_it_is_split_is_one_finding() -> None:
    def answers(got: Got) -> Bytes | None:
        decoded = unquote(unquote(got.target)).partition("?")[0].partition(";")[0].partition("#")[0]
        known = not set(got.last) & set("\n\0") and posixpath.normpath(decoded) == f"/v1/batches/{BATCH['id']}"
        return said(200, BATCH, got) if got.has_key and known else None

    assert found(audited_raw(answers)) == {("identity.traversal_answered", "200", "")}


def test_an_id_that_is_cut_at_a_mark_is_told_where_no_path_is_followed() -> None:
    def answers(got: Got) -> Bytes | None:
        known = unquote(got.last).partition(";")[0] == BATCH["id"] and got.target.count("/") == 3
        return said(200, BATCH, got) if got.has_key and known else None

    assert found(audited_raw(answers)) == {("identity.neighbour_answered", "200", "")}


def test_answers_that_all_are_public_are_one_finding() -> None:
    def answers(got: Got) -> Bytes:
        sent = kept(got).sent.replace(b"\r\n\r\n", b"\r\nCache-Control: public, max-age=60\r\n\r\n", 1)
        return Bytes(sent)

    assert found(audited_raw(answers)) == {("response.cache_public", "200", "")}


# Framing


@pytest.mark.parametrize(("known", "status", "body"), [(True, 200, JSON_BATCH), (False, 404, b'"404 page not found"')])
def test_a_content_length_that_is_too_short_is_no_broken_json_as_well(known: bool, status: int, body: bytes) -> None:
    def answers(got: Got) -> Bytes | None:
        if got.has_key and got.is_known is known:
            return message(status, body, got, length=len(body) - 5)
        return None

    assert found(audited_raw(answers)) == {("response.framing", "", "")}


def test_json_that_is_cut_in_a_message_that_is_whole_is_told() -> None:
    run = audited_raw(lambda got: message(200, JSON_BATCH[:-5], got) if got.has_key and got.is_known else None)
    assert found(run) == {("json.invalid", "200", "")}


def test_an_id_that_is_copied_into_a_header_as_it_is_is_one_finding() -> None:
    def answers(got: Got) -> Bytes | None:
        if not got.has_key or got.is_known:
            return None
        return message(404, b'"404 page not found"', got, (("X-Asked", unquote(got.last, "latin-1")),))

    assert found(audited_raw(answers)) == {("security.header_injected", "", "")}


def test_a_nul_that_breaks_the_head_alone_is_told() -> None:
    def answers(got: Got) -> Bytes | None:
        if not got.has_key or got.is_known:
            return None
        copied = unquote(got.last, "latin-1").replace("\r", "").replace("\n", "")
        return message(404, b'"404 page not found"', got, (("X-Asked", copied),))

    assert found(audited_raw(answers)) == {("response.framing", "", "")}


def test_answers_that_cannot_be_read_are_not_said_to_be_none() -> None:
    def answers(got: Got) -> Bytes | None:
        if not got.has_key or got.is_known:
            return None
        return message(404, b'"404 page not found"', got, (("Content-Length", "3"),))

    run = audited_raw(answers)
    assert found(run) == {("response.framing", "", "")}
    assert "gets no answer" not in run.notes
    assert "cannot be read" in run.notes
    asked = {exchange.number for exchange in run.report.ledger.exchanges if exchange.probe.chapter == "hostile_ids"}
    assert len(asked) == run.audit.plan.counts()["hostile_ids"]


# Members that stand twice (RFC 8259 section 4)


def twice(more: str) -> Audited:
    body = (json.dumps(BATCH)[:-1] + more + "}").encode()
    return audited_raw(lambda got: message(200, body, got) if got.has_key and got.is_known else None)


def test_of_a_member_that_stands_twice_no_value_is_judged() -> None:
    assert found(twice(', "created_at": "x"')) == {("json.duplicate_key", "200", "/created_at")}
    assert found(twice(', "status": "nonsense"')) == {("json.duplicate_key", "200", "/status")}
    assert found(twice(', "id": "batch_other"')) == {("json.duplicate_key", "200", "/id")}
    assert found(twice(', "request_counts": {"total": 0, "completed": 9, "failed": 1}')) == {
        ("json.duplicate_key", "200", "/request_counts")
    }


def test_an_object_that_is_written_twice_is_one_finding() -> None:
    run = twice(", " + json.dumps({**BATCH, "created_at": "x"})[1:-1])
    assert found(run) == {("json.duplicate_key", "200", "")}
    (one,) = run.drifts
    assert str(one.observed) == f'{len(BATCH)} members stand twice, "errors" and "error_file_id" among them'


def test_what_stands_once_is_judged_beside_it() -> None:
    assert found(twice(', "endpoint": "/v1/embeddings", "new": 1')) == {
        ("json.duplicate_key", "200", "/endpoint"),
        ("body.undeclared", "200", "/new"),
    }


# One cause of everything


@pytest.mark.parametrize("status", [400, 403])
def test_a_key_that_is_refused_everywhere_is_named_as_that(status: int) -> None:
    refusal = Said(403, "no") if status == 403 else Said(400, {"code": 1, "message": "no", "data": ""})
    for answer in (lambda _: refusal, lambda asked: refusal if asked.has_key else None):
        run = audited(answer)
        assert (run.report.verdict, run.rules, run.report.exit_code) == ("inconclusive", set(), 6)
        assert str(run.report.sentence) == f"Inconclusive: every request with the valid key is answered {status}."


def test_a_key_that_is_refused_but_for_odd_requests_is_named_as_that() -> None:
    def answer(asked: Asked) -> Said | None:
        if not asked.has_key:
            return None
        return Said(400, {"code": 1, "message": "no", "data": ""}) if "%" in asked.path else Said(403, "no")

    run = audited(answer)
    assert str(run.report.sentence) == "Inconclusive: every plain read with the valid key is answered 403."


def test_what_is_wrong_with_that_refusal_is_told_and_the_run_did_not_end_early() -> None:
    run = audited(lambda asked: Said(403, {"detail": "no"}) if asked.has_key else None)
    assert found(run) == {("body.type", "403", "")}
    assert str(run.report.sentence) == (
        "Drift: 1 finding (1 must). What the key opens could not be judged: "
        "every request with the valid key is answered 403."
    )


def test_403_for_known_ids_alone_is_no_refusal_of_the_key() -> None:
    run = audited(lambda asked: Said(403, "no") if asked.has_key and asked.is_known else None)
    assert "every" not in str(run.report.sentence)
    assert run.report.verdict == "inconclusive"


def test_404_for_everything_is_another_thing() -> None:
    assert "every request got 404" in " ".join(map(str, audited(lambda _: NOT_FOUND).report.missing))


def test_a_door_that_breaks_at_every_credential_says_so() -> None:
    run = audited(lambda asked: BROKEN if not asked.has_key else None)
    (one,) = run.drifts
    assert (one.rule, one.kind) == ("response.server_error", "known")
    assert str(one.observed) == "500 every time for every credential that has to be refused"


def test_a_door_that_breaks_at_one_credential_names_it() -> None:
    run = audited(lambda asked: BROKEN if (asked.authorization or "").startswith("Token") else None)
    assert {str(one.observed) for one in run.drifts} == {"500 every time for authentication/wrong_scheme_token_known"}


def test_a_refusal_that_works_is_no_cause() -> None:
    assert audited(lambda asked: None if asked.has_key else REFUSED).report.verdict == "conforms"


def test_server_errors_for_every_unknown_id_are_not_said_to_be_of_one_kind_of_request() -> None:
    run = audited(lambda asked: BROKEN if asked.has_key and not asked.is_known else None)
    (finding,) = (one for one in run.drifts if one.rule == "response.server_error" and "unknown" in one.kind)
    assert re.fullmatch(r"500 every time for \S+ and \d+ more kinds of request.*", str(finding.observed))


def test_server_errors_for_one_kind_of_request_name_that_alone() -> None:
    run = audited(lambda asked: BROKEN if asked.has_key and asked.path.endswith("/null") else None)
    assert {str(finding.observed) for finding in run.drifts} == {"500 every time for hostile_ids/null_word"}
