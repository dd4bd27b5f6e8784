"""What rules read of a batch, of lines of files and of times, at the edges where one more or less decides."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import pytest
from cases_lists import lists, page
from followed_support import contract as followed_contract
from followed_support import item, wrote
from judge_support import (
    COMPLETED,
    JSON,
    KNOWN,
    QUEUED,
    contract,
    contract_of,
    findings,
    openai_like,
    refused,
    rules,
    sent,
    unknown,
)

from batch_conformance.exchange.exchange import ODD_REQUESTS, Exchange, Failure, Probe
from batch_conformance.message import shown
from batch_conformance.observation.observation import Observation
from batch_conformance.rules import REGISTRY
from batch_conformance.rules.batch import EARLIEST, LATEST, clock, is_plausible, moment, stage_of, times_of
from batch_conformance.rules.batch_lines import custom_ids_of, lines_of, repeated, result_lines
from batch_conformance.rules.client import case_of, is_read
from batch_conformance.rules.followed import is_answered_well, is_definite, object_in, object_place, whole_body
from batch_conformance.rules.history import BatchHistory
from batch_conformance.rules.made_batches import quoted
from batch_conformance.rules.masks import is_mask, is_masked_segment
from batch_conformance.rules.media_type import accepts_documented
from batch_conformance.rules.name_patterns import is_id, is_reference, malformed
from batch_conformance.rules.refusal import is_turned_away, is_unquoted_text, leads_to_normal_form
from batch_conformance.rules.requests import (
    any_request,
    by_status,
    for_subjects,
    has_the_token,
    in_chapters,
    is_odd,
    is_refused,
)
from batch_conformance.rules.unset import stands_for_unset


def seen(body: Any) -> Observation:
    return Observation(sent(body), contract())


def test_times_of_batches_are_those_of_ninety_years() -> None:
    assert (clock(EARLIEST), clock(LATEST)) == ("2010-01-01 00:00:00 UTC", "2100-01-01 00:00:00 UTC")
    assert [is_plausible(time) for time in (EARLIEST - 1, EARLIEST, LATEST, LATEST + 1)] == [False, True, True, False]
    assert str(moment(1741685413)) == "1741685413 (2025-03-11 09:30:13 UTC)"


def test_a_time_is_shown_in_utc_wherever_that_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Shanghai")
    time.tzset()
    try:
        assert clock(1741685413) == "2025-03-11 09:30:13 UTC"
    finally:
        monkeypatch.undo()
        time.tzset()


def test_the_times_of_a_batch_are_integers_that_can_be_seconds() -> None:
    body = {**COMPLETED, "expires_at": LATEST + 1, "in_progress_at": "1741685420", "finalizing_at": True}
    assert times_of(seen(body)) == {"/created_at": 1741685413, "/completed_at": 1741685510}
    assert times_of(Observation(unknown(), contract())) == {}


def test_the_stage_of_a_batch_is_the_one_that_it_names() -> None:
    roles = contract().chosen.roles
    stage = stage_of(COMPLETED, roles)
    assert stage is not None
    assert stage.value == "completed"
    assert stage_of({**QUEUED, "status": "gone"}, roles) is None
    assert stage_of(None, roles) is None


@pytest.mark.parametrize(
    ("line", "custom_id", "failed", "problem"),
    [
        ({"custom_id": "a", "response": {"status_code": 200}}, "a", False, ""),
        ({"custom_id": "a", "response": {"status_code": 399}}, "a", False, ""),
        ({"custom_id": "a", "response": {"status_code": 400}}, "a", True, ""),
        ({"custom_id": "a", "response": {"status_code": True}}, "a", False, ""),
        ({"custom_id": "a", "response": {"status_code": "500"}}, "a", True, ""),
        ({"custom_id": "a", "response": {"status_code": "399"}}, "a", False, ""),
        ({"custom_id": "a", "response": {}, "error": {"code": 1}}, "a", True, ""),
        ({"custom_id": "a", "response": "", "error": "no"}, "a", True, "member"),
        ({"custom_id": "a", "response": {"body": {}}, "error": {}}, "a", False, ""),
        ({"custom_id": "a", "response": {"body": {}}, "error": {"code": 1}}, "a", None, "both"),
        ({"custom_id": "a", "response": "text"}, "a", None, "member"),
        ({"custom_id": "a", "response": {"body": "{}"}}, "a", False, "body"),
        ({"custom_id": "a", "response": {"status_code": 400, "body": "{}"}}, "a", True, ""),
        ({"custom_id": "a", "response": None}, "a", None, "neither"),
        ({"custom_id": "", "response": {"body": {}}}, "", None, "custom_id"),
        ({"custom_id": 7, "response": {"body": {}}}, "", None, "custom_id"),
        ({"response": {"body": {}}}, "", None, "custom_id"),
        (["a"], "", None, "object"),
    ],
)
def test_a_line_of_results_says_what_became_of_a_request(
    line: object, custom_id: str, failed: bool | None, problem: str
) -> None:
    (read,) = result_lines(json.dumps(line).encode())
    assert (read.number, read.custom_id, read.failed, read.problem) == (1, custom_id, failed, problem)


def test_lines_keep_their_numbers_and_ids_their_order() -> None:
    content = b'\n{"custom_id": "b"}\n[]\n  \n{"custom_id": 1}\n{"custom_id": "a"}\n{"cus'
    assert [(line.number, line.problem) for line in result_lines(content)] == [
        (2, "neither"),
        (3, "object"),
        (5, "custom_id"),
        (6, "neither"),
        (7, "json"),
    ]
    assert custom_ids_of(content) == ("b", "a")
    assert list(lines_of(b"\xef\xbb\xbf\n{}\n")) == [(2, b"{}")]
    assert repeated(["a", "b", "c", "b", "a", "b"]) == ("b", "a")


@pytest.mark.parametrize(
    ("exchange", "called_for"),
    [
        (refused(), (401, "client.error_class.missing")),
        (refused(status=400), (401, "client.error_class.missing")),
        (refused(status=499, credential="wrong"), (401, "client.error_class.wrong")),
        (refused(credential="nearly"), None),
        (refused(status=399), None),
        (refused(status=429), None),
        (refused(status=500), None),
        (refused(b"", answered=False), None),
        (refused(forced=401), None),
        (unknown(), (404, "client.error_class.unknown")),
        (unknown(status=403), (404, "client.error_class.unknown")),
        (unknown(credential="missing"), None),
        (unknown(credential="missing", status=403), (401, "client.error_class.missing")),
        (unknown(credential="nearly"), None),
        (sent("gone", 404), None),
    ],
)
def test_a_case_calls_for_the_status_that_the_client_has_an_exception_for(
    exchange: Exchange, called_for: tuple[int, str] | None
) -> None:
    case = case_of(Observation(exchange, contract()))
    assert (case and (case[0], case[1].id)) == called_for


@pytest.mark.parametrize(
    ("exchange", "read"),
    [
        (sent(), True),
        (sent(status=200, subject="recorded"), True),
        (sent(subject="equivalent"), True),
        (sent(subject="neighbour"), False),
        (sent(final=False), False),
        (sent(method="HEAD"), False),
        (sent(b"", answered=False), False),
        (sent(status=199), False),
        (sent(status=299), True),
        (sent(status=300), False),
        (sent(status=399), False),
        (unknown(status=400), True),
        (sent(asked=(("Accept", "text/html"),)), False),
        (sent(asked=(("ACCEPT", "text/html, Application/JSON ;q=0.5"),)), True),
        (sent(asked=(("Accept", "text/html, application/json;q=0"),)), False),
        (sent(asked=(("Accept", "application/*"),)), True),
        (sent(asked=()), True),
        (unknown(forced=404), True),
        (sent(forced=404), False),
    ],
)
def test_the_client_reads_a_plain_get_that_was_answered_in_full(exchange: Exchange, read: bool) -> None:
    assert is_read(Observation(exchange, contract())) is read


def test_what_exercises_a_rule_of_the_client_is_a_read_of_its_kind() -> None:
    exchanges = {
        "a batch": sent(),
        "files": sent(COMPLETED),
        "a redirect": sent(COMPLETED, 302),
        "no batch": unknown(),
        "no key": refused(),
        "500": unknown(status=500),
    }
    exercised = {
        rule: {
            name for name, one in exchanges.items() if (REGISTRY[rule].exercised or bool)(Observation(one, contract()))
        }
        for rule in REGISTRY
        if rule.startswith("client.")
    }
    of_batches = {name: {"a batch", "files"} for name in ("no_batch", "raises", "field", "polling", "strict")}
    assert exercised == {
        **{f"client.{name}": names for name, names in of_batches.items()},
        "client.file_id": {"files"},
        "client.error_class": {"no batch", "no key"},
        "client.error_detail": {"no batch", "no key", "500"},
    }


def of_upload(status: int = 200, body: object = None, **more: Any) -> Observation:
    answer = wrote("upload", status, {"data": item()} if body is None else body)
    return Observation(replace(answer.exchange, **more), followed_contract())


def test_an_answer_is_well_where_it_is_a_success_that_came_to_its_end() -> None:
    failure = Failure("reset", shown("reset"))
    assert [status for status in (199, 200, 299, 300) if is_answered_well(of_upload(status))] == [200, 299]
    assert not is_answered_well(of_upload(failure=failure))
    assert not is_answered_well(of_upload(response=None))
    silent = (429, 502, 503, 504)
    assert [
        status for status in (200, 428, 429, 430, 500, 501, *silent[1:], 505) if not is_definite(of_upload(status))
    ] == [*silent]
    assert not is_definite(of_upload(failure=failure))
    assert not is_definite(of_upload(response=None))


def test_the_object_of_an_answer_stands_where_its_schema_has_it_or_the_answer() -> None:
    file = {"id": "file-1"}
    assert object_place(of_upload().operation) == "/data"
    assert object_in(of_upload(body={"data": file})) == ("/data", file)
    assert object_in(of_upload(body=file)) == ("", file)
    assert object_in(of_upload(body={"id": "outer", "data": file})) == ("/data", file)
    assert object_in(of_upload(body={"data": {"id": 1}})) is None
    assert object_in(of_upload(body=["file"])) is None
    assert object_in(of_upload(400, {"data": file})) is None
    assert object_in(None) is None
    created = wrote("create", 200, {"id": "batch_1", "data": file})
    assert object_place(created.operation) == ""
    assert object_in(created) == ("", {"id": "batch_1", "data": file})


def test_the_body_of_a_success_is_whole_or_none() -> None:
    made = sent(COMPLETED)
    assert made.response is not None
    assert whole_body(made) == made.response.body
    for status, whole in ((199, False), (200, True), (299, True), (300, False)):
        assert (whole_body(replace(made, response=replace(made.response, status=status))) is not None) is whole
    assert whole_body(replace(made, response=None)) is None
    assert whole_body(replace(made, response=replace(made.response, truncated=True))) is None
    assert whole_body(replace(made, response=replace(made.response, decode_error="gzip"))) is None
    assert whole_body(replace(made, failure=Failure("reset", shown("reset")))) is None


def history(*exchanges: Exchange) -> BatchHistory:
    return BatchHistory([Observation(one, contract()) for one in exchanges], [None] * len(exchanges))


def test_reads_are_plain_gets_of_an_id_that_exists() -> None:
    plain, equivalent, odd = sent(), sent(subject="equivalent"), sent(chapter=ODD_REQUESTS)
    others = (
        sent(method="HEAD"),
        sent(credential="wrong"),
        sent(forced=404),
        sent(subject="unknown"),
        sent(batch_id=None),
        sent(status=201, chapter=ODD_REQUESTS),
    )
    read = history(plain, *others, equivalent, odd).reads
    assert [one.exchange for one in read] == [plain, equivalent, odd]


def test_of_reads_that_overlap_in_time_the_first_is_compared() -> None:
    def at_time(begun: float, elapsed: float = 1.0, body: object = QUEUED, **more: Any) -> Exchange:
        return replace(sent(body, **more), started_at=begun, elapsed=elapsed)

    first, overlapping, next_one, by_clock, early = (
        at_time(10),
        at_time(10.5),
        at_time(11),
        at_time(11.9981),
        at_time(12.995),
    )
    compared = history(first, overlapping, next_one, by_clock, early).batches
    assert [one.exchange for one in compared] == [first, next_one, by_clock]
    another, no_batch = at_time(20, body={**QUEUED, "id": "batch_other"}), at_time(30, body="no", status=404)
    without_id = at_time(40, body={**QUEUED, "id": 7})
    assert [one.exchange for one in history(another, no_batch, without_id).batches] == [without_id]


@pytest.mark.parametrize(
    ("text", "mask"),
    [
        ("REDACTED", True),
        ("[Filtered]", True),
        ("masked by us", False),
        ("***", True),
        ("**", True),
        ("sk-****abcd", True),
        ("a**b", False),
        ("x" * 3, True),
        ("XXXX", True),
        ("xx", False),
        ("batch_xxx", True),
        ("Batch-XXX", True),
        ("xxx_batch", False),
        ("*" * 60, True),
        ("*" * 61, False),
        ("", False),
    ],
)
def test_a_mask_is_what_recorders_write_in_the_place_of_a_value(text: str, mask: bool) -> None:
    assert is_mask(text) is mask
    assert is_masked_segment(text) is mask


@pytest.mark.parametrize(
    ("segment", "masked"),
    [
        ("{batch_id}", True),
        ("{" + "a" * 40 + "}", True),
        ("{" + "a" * 41 + "}", False),
        ("x{batch_id}", False),
        (":id", True),
        (":batchID", True),
        (":batch", False),
        ("<int:batch_id>", True),
        ("<id>", True),
        ("[id]", True),
        ("[]", False),
    ],
)
def test_the_parameter_of_a_route_stands_for_a_segment(segment: str, masked: bool) -> None:
    assert is_masked_segment(segment) is masked
    assert not is_mask(segment)


@pytest.mark.parametrize(
    ("pointer", "is_named_id", "refers"),
    [
        ("/id", True, True),
        ("/input_file_id", True, True),
        ("/batch/batchId", True, True),
        ("/fileID", True, True),
        ("/output_file", True, True),
        ("/paid", False, False),
        ("/id/name", False, False),
        ("/url", False, True),
        ("/download_uri", False, True),
        ("/a/fileUrl", False, True),
        ("/curl", False, False),
        ("id", False, False),
    ],
)
def test_names_of_members_say_what_refers_to_something(pointer: str, is_named_id: bool, refers: bool) -> None:
    assert (is_id(pointer), is_reference(pointer)) == (is_named_id, refers)


@pytest.mark.parametrize(
    ("pointer", "text", "kind"),
    [
        ("/id", "batch_1", ""),
        ("/id", "  ", ""),
        ("/id", "null", ""),
        ("/id", "<nil>", ""),
        ("/id", "[REDACTED]", ""),
        ("/id", " batch_1", "padded"),
        ("/id", "batch\u200b1", "control"),
        ("/id", "a&amp;b", "markup"),
        ("/id", "{{ id }}", "template"),
        ("/id", "${id}", "template"),
        ("/id", "%s", "template"),
        ("/id", "batch_{id}", "template"),
        ("/endpoint", "/v1/{id}", ""),
        ("/input_file_id", "report{1}.jsonl", ""),
        ("/id", "object at 0x7f12abcd", "pointer"),
        ("/id", "0xc000123456", "pointer"),
        ("/id", "b'batch'", "repr"),
        ("/id", "UUID('x')", "repr"),
        ("/id", "[object Object]", "repr"),
        ("/id", "Optional[b]", "repr"),
        ("/id", "batch%2F1", "escaped"),
        ("/id", "a/b%2F1", ""),
        ("/endpoint", "v1%2Fchat", ""),
    ],
)
def test_what_was_written_into_a_name_by_mistake_has_its_kind(pointer: str, text: str, kind: str) -> None:
    assert malformed(pointer, text) == kind


def test_a_value_of_a_response_is_quoted_to_sixty_characters() -> None:
    assert [str(shown(quoted(value))) for value in ("a", 7, None, "b" * 58)] == ['"a"', "7", "None", f'"{"b" * 58}"']
    assert str(shown(quoted("b" * 59))) == '"' + "b" * 58 + "…"


@pytest.mark.parametrize(
    ("asked", "accepted"),
    [
        ((), True),
        ((("accept", "*/*"),), True),
        ((("Accept", "application/json"),), True),
        ((("Accept", "Application/*;q=0.1"),), True),
        ((("Accept", "text/html"),), False),
        ((("Accept", "text/html, application/json;q=0"),), False),
        ((("Accept", "application/json;Q=0.00"),), False),
        ((("Accept", "application/json;q=0.01"),), True),
    ],
)
def test_a_request_admits_a_documented_type_or_none(asked: tuple[tuple[str, str], ...], accepted: bool) -> None:
    assert accepts_documented(Observation(sent(asked=asked), openai_like())) is accepted


def test_the_ends_of_a_page_without_items_may_be_empty() -> None:
    ends = {"first_id": "", "last_id": ""}
    assert "value.empty_string" not in rules(page([], **ends), under=lists())
    assert "value.empty_string" in rules(page("ab", **ends), under=lists())


RANGES = contract_of(
    {"type": "object", "properties": {"id": {"type": "string"}}},
    responses={"4XX": {"description": "No.", "content": {JSON: {"schema": {"type": "string"}}}}},
    security=True,
)


def test_what_http_says_of_one_status_is_told_of_it_where_the_document_has_a_range() -> None:
    answers = (
        unknown("no", 401, credential="missing"),
        unknown("no", 401, credential="wrong", headers=(("WWW-Authenticate", "Basic"),)),
        unknown("no", 405, method="HEAD"),
    )
    found = {one.rule: one.status for one in findings(*answers, under=RANGES, info=True)}
    assert found["auth.challenge_missing"] == "401"
    assert found["auth.challenge_scheme"] == "401"
    assert found["method.allow_missing"] == "405"


@pytest.mark.parametrize(
    "text",
    [
        *("null", "NULL", "None", "nil", "undefined", "NaN", "<nil>", "<null>", "(null)", "<no value>", ""),
        *("0", "-1", "-", "N/A", "n/a", "none", "NONE", "[]", "{}", "0" * 32, "00000000-0000-0000-0000-000000000000"),
    ],
)
def test_some_texts_stand_for_no_value(text: str) -> None:
    assert stands_for_unset(text)
    assert not stands_for_unset(f"XX{text}XX")


def test_what_is_no_text_stands_for_itself() -> None:
    assert not any(map(stands_for_unset, (None, 0, -1, [], {})))


def probe(**more: Any) -> Probe:
    return sent(**more).probe


def statuses_of(asked: Probe) -> list[str]:
    """The statuses of clauses that a request may exercise."""
    return [status for status in ("", "200", "2XX", "400", "401", "404", "4XX", "default") if by_status(asked, status)]


ERRORS = ["400", "4XX", "default"]


@pytest.mark.parametrize(
    ("asked", "statuses"),
    [
        (probe(chapter="known_ids"), ["", "200", "2XX"]),
        (probe(chapter="lists"), ["", "200", "2XX"]),
        (probe(chapter="lifecycle", subject="equivalent"), ["", "200", "2XX", "404"]),
        (probe(chapter="methods"), ["", "200", "2XX", *ERRORS]),
        (probe(chapter="methods", credential="lower_case_scheme"), ["", "200", "2XX", *ERRORS]),
        (probe(chapter="methods", credential="also_in_query"), ["", "200", "2XX", *ERRORS]),
        (probe(chapter="unknown_ids", subject="unknown"), ["", "400", "404", "4XX", "default"]),
        (probe(chapter="authentication", credential="wrong"), ["", "400", "401", "404", "4XX", "default"]),
        (probe(chapter="statuses", forced=200), ["", "200", "2XX", "4XX", "default"]),
        (probe(chapter="statuses", forced=299, subject="unknown"), ["", "200", "2XX", "4XX", "default"]),
        (probe(chapter="statuses", forced=300), ["", "4XX", "default"]),
        (probe(chapter="statuses", forced=401), ["", "401", "4XX", "default"]),
        (probe(chapter="statuses", forced=404), ["", "404", "4XX", "default"]),
    ],
)
def test_a_request_exercises_the_statuses_that_may_come_of_it(asked: Probe, statuses: list[str]) -> None:
    assert statuses_of(asked) == statuses


def test_requests_are_chosen_by_their_chapter_subject_and_credential() -> None:
    assert any_request(probe(), "")
    assert [in_chapters("a", "b")(probe(chapter=one), "") for one in "abc"] == [True, True, False]
    assert [for_subjects("known", "unknown")(probe(subject=one), "") for one in ("known", "hostile")] == [True, False]
    odd = [is_odd(probe(subject=one), "") for one in ("hostile", "neighbour", "known")]
    assert [*odd, is_odd(probe(chapter="statuses"), "")] == [True, True, False, True]
    chapters = ("authentication", "known_ids", "unknown_ids", "methods", "chapter")
    assert [has_the_token(probe(chapter=one), "") for one in chapters] == [True, True, True, True, False]
    assert has_the_token(probe(subject="equivalent"), "")
    assert [is_refused(probe(chapter=one), "") for one in ("authentication", "methods")] == [True, False]
    assert [is_refused(probe(forced=one), "") for one in (401, 402)] == [True, False]


@pytest.mark.parametrize(
    ("exchange", "turned_away"),
    [
        (unknown("no", 403, subject="hostile", batch_id="' OR 1"), True),
        (unknown("no", 406, subject="equivalent"), True),
        (unknown("no", 405, subject="neighbour", batch_id="a b"), True),
        (unknown("no", 405, subject="neighbour", batch_id="a.~_-B1"), False),
        (unknown("no", 405, subject="neighbour", batch_id=None), False),
        (unknown("no", 404, forced=503), True),
        (unknown("no", 404, forced=404), False),
        (unknown("no", 404), False),
        (unknown("no", 401, subject="hostile", batch_id="' OR 1"), False),
        (unknown("no", 500, subject="hostile", batch_id="' OR 1"), False),
        (unknown("no", 302, subject="hostile", batch_id="a/b"), True),
        (unknown("no", 308, subject="unknown", batch_id="a\\b"), True),
        (unknown("no", 302, subject="hostile", batch_id="ab"), False),
        (unknown("no", 304, subject="hostile", batch_id="a/b"), False),
        (unknown(b"", answered=False, subject="hostile", batch_id="a/b"), False),
    ],
)
def test_something_odd_is_turned_away_by_what_knows_nothing_of_the_document(
    exchange: Exchange, turned_away: bool
) -> None:
    page = exchange.response and replace(exchange.response, headers=(("Content-Type", "text/html"),), body=b"<p>")
    assert is_turned_away(Observation(replace(exchange, response=page), contract())) is turned_away


@pytest.mark.parametrize(
    ("status", "location", "subject", "leads"),
    [
        (301, f"/v1/batches/{KNOWN}", "equivalent", True),
        (308, f" https://api.example.com/v1/batches/{KNOWN}?a=1 ", "equivalent", True),
        (307, KNOWN, "equivalent", True),
        (304, f"/v1/batches/{KNOWN}", "equivalent", False),
        (301, f"/v1/batches/{KNOWN}", "known", False),
        (301, "/v1/login", "equivalent", False),
        (301, "http://[", "equivalent", False),
        (301, None, "equivalent", False),
    ],
)
def test_another_spelling_is_led_to_the_usual_one(status: int, location: str | None, subject: str, leads: bool) -> None:
    headers = (("Location", location),) if location is not None else ()
    exchange = sent(b"", status, subject=subject, headers=headers)
    assert leads_to_normal_form(Observation(exchange, contract())) is leads


def at_404(body: bytes, media_type: str = "text/plain", status: int = 404) -> bool:
    return is_unquoted_text(Observation(unknown(body, status, media_type=media_type), contract()))


def test_a_documented_string_without_its_quotes_is_text_and_no_markup() -> None:
    for body in (b"404 page not found", b" Not Found", b"null and void"):
        assert at_404(body)
        assert at_404(body, JSON)
    for body in (b'"quoted"', b"{}", b"[1]", b"<p>", b"  <html>"):
        assert not at_404(body)
    assert not at_404(b"404", JSON)
    assert at_404(b"404")
    assert not at_404(b"text", "text/html")
    assert not at_404(b"text", status=400)  # an object is documented there


def test_what_changed_of_a_shape_is_marked_by_its_header() -> None:
    changed = REGISTRY["shape.changed"]
    (one,) = (found for found in findings(refused(b"x" * 3), info=True) if found.rule == "json.unquoted")
    marked = [changed.highlight(replace(one, kind=kind)).headers for kind in ("header x-id", "media_type text/html")]
    assert marked == [frozenset({"x-id"}), frozenset({"content-type"})]
