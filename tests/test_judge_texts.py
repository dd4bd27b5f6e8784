"""What the rules about the text and the value of a body give for one exchange, at the edges."""

from __future__ import annotations

import json
from typing import Any

import pytest
from judge_cases import HTML, batch, failed, raw, text
from judge_support import JSON, KNOWN, QUEUED, contract, contract_of, sent, unknown
from test_judge_access import exercised

from batch_conformance.contract.contract import Contract
from batch_conformance.exchange.exchange import Exchange
from batch_conformance.observation.observation import Observation
from batch_conformance.rules import REGISTRY
from batch_conformance.rules.expressions import EXPRESSION_EVALUATED
from batch_conformance.rules.json_text import documented_body, is_broken_by_id

Told = tuple[str, str, str, str | None, str | None]
HOSTILE: dict[str, Any] = {"subject": "hostile"}


def told(rule: str, exchange: Exchange, under: Contract | None = None) -> list[Told]:
    """What a rule says of one exchange: kind, pointer, words, and level and status where they are its own."""
    check = REGISTRY[rule].check
    assert check is not None
    found = check(Observation(exchange, under or contract()))
    return [(one.kind, one.pointer, f"{one.expected}; {one.observed}", one.level, one.status) for one in found]


def observed(exchange: Exchange, under: Contract | None = None) -> Observation:
    return Observation(exchange, under or contract())


@pytest.mark.parametrize(
    ("exchange", "is_meant"),
    [
        (batch(), True),
        (batch(media_type=None), True),
        (batch(media_type="text/html"), True),
        (raw(HTML, media_type="text/html"), False),
        (raw(b"", media_type="text/html"), True),
        (sent({"a": 1}, media_type="text/html"), False),
        (sent([], media_type="text/html"), False),
        (batch({"created_at": "x"}, media_type="text/html"), True),
        (text(b"404 page not found"), True),
        (text(b"no", status=400), False),
        (batch(subject="outside"), False),
        (sent(QUEUED, 201), False),
        (sent(b"", method="HEAD"), False),
        (failed("reset"), False),
        (sent(QUEUED, 301, subject="equivalent", headers=(("Location", f"/v1/batches/{KNOWN}"),)), False),
    ],
)
def test_a_body_is_meant_as_the_documented_one(exchange: Exchange, is_meant: bool) -> None:
    assert (documented_body(observed(exchange)) is not None) is is_meant


def quoting(asked: str, body: bytes, **more: Any) -> Exchange:
    return unknown(body, **{**HOSTILE, "batch_id": asked, **more})


@pytest.mark.parametrize(
    ("exchange", "broken"),
    [
        (quoting('a"b', b'"no batch a"b"'), True),
        (quoting("a\\b", b'"no batch a\\b "'), False),
        (quoting("a\\x", b'"no batch a\\x"'), True),
        (quoting("a\tb", b'"no batch a\tb"'), True),
        (quoting("a\x1fb", b'"a\x1fb"'), True),
        (quoting('a"b', b'"no batch a\\"b"'), False),
        (quoting('a"b', b'"no batch'), False),
        (quoting('a"b', b'"no batch a"b'), False),
        (quoting('ä"b', '"no batch ä"b"'.encode()), True),
        (quoting("ab", b'"no batch ab" ab'), False),
        (quoting('a"b', b'"no batch a"b"', media_type="text/plain"), False),
        (quoting('a"b', b'"no batch a"b"', media_type="application/problem+json"), True),
        (quoting('a"b', b'"no batch a"b"', truncated=True), False),
        (quoting('a"b', b'"a"b' + b" " * 65530 + b'"'), False),
        (quoting('a"b', b'"a"b' + b" " * (65536 - 5) + b'"'), True),
        (quoting('a"b', b'"a"b' + b" " * (65537 - 5) + b'"'), False),
        (quoting('a"b', b'"a"b \xff"'), True),
        (quoting(None, b'"no batch a"b"'), False),  # type: ignore[arg-type]
        (failed("reset", **HOSTILE, batch_id='a"b'), False),
    ],
)
def test_a_body_is_broken_by_an_id_that_was_pasted_into_it(exchange: Exchange, broken: bool) -> None:
    if exchange.response is not None and len(exchange.response.body) == 65536 - 1:
        broken = True  # within the limit
    assert is_broken_by_id(observed(exchange)) is broken
    asked = exchange.probe.batch_id
    words = f"one JSON text in UTF-8; the id {json.dumps(asked)[:60]} as it was asked for, with nothing escaped"
    assert told("json.id_pasted", exchange) == ([("pasted", "", words, None, None)] if broken else [])
    assert broken <= exercised("json.id_pasted", exchange)
    if broken:
        assert told("json.invalid", exchange) == told("json.trailing", exchange) == []


def test_an_id_that_has_to_be_escaped_exercises_the_rule() -> None:
    assert exercised("json.id_pasted", quoting('a"b', b'"no"'))
    assert not exercised("json.id_pasted", quoting("ab", b'"no"'))
    assert not exercised("json.id_pasted", quoting('a"b', b'"no"', media_type="text/plain"))
    assert not exercised("json.id_pasted", failed("reset", **HOSTILE, batch_id='a"b'))
    long = quoting('"' * 70, b'"no ' + b'"' * 70 + b'"')
    assert told("json.id_pasted", long)[0][2].startswith("one JSON text in UTF-8; the id " + json.dumps('"' * 70)[:60])


def test_what_is_wrong_with_a_text_is_told_by_the_rule_of_its_flaw() -> None:
    one = "one JSON text in UTF-8; "
    (bom,) = told("json.bom", unknown(b'\xef\xbb\xbf"404"'))
    assert (bom[0], bom[1], bom[2].startswith(one), bom[3:]) == ("bom", "", True, (None, None))
    (key,) = told("json.duplicate_key", sent(b'{"code":1,"message":"m","message":"m","data":null}', 400))
    assert key[:2] == ("duplicate_key", "/message")
    (half,) = told("json.surrogate", batch({"metadata": {"a": "\ud83d"}}))
    assert half[:2] == ("surrogate", "/metadata/a")
    (tail,) = told("json.trailing", unknown(b'"404"0'))
    assert tail[:2] == ("trailing", "")
    (unquoted,) = told("json.unquoted", text(b"404 page not found"))
    assert unquoted == ("unquoted", "", "a JSON string, in quotes; plain text in the 404 body", None, "")
    turned = text(b"404 page not found", **HOSTILE, batch_id="a")
    assert told("json.unquoted", turned) == []
    assert told("json.unquoted", unknown("404")) == []
    latin = raw('{"id": "ä"}'.encode("latin-1"), media_type="application/json; charset=iso-8859-1")
    assert told("json.invalid", latin) == []
    assert told("json.invalid", raw('{"id": "ä"}'.encode("latin-1"))) != []


def test_a_text_of_an_error_is_json_of_a_refusal() -> None:
    for status, is_error in ((399, False), (400, True), (404, True), (200, False)):
        assert exercised("json.unquoted", sent("x", status)) is (is_error and status in (400, 404))


def code(value: Any, name: str = "code", status: int = 400, **more: Any) -> Exchange:
    return sent({"code": 20012, "message": "m", "data": None, name: value}, status, **more)


@pytest.mark.parametrize("value", [0, 200, 20000])
def test_the_body_of_an_error_says_success_by_its_code(value: Any) -> None:
    words = f"what says that it is an error, as the status is 400; {value}"
    assert told("error.success_code", code(value)) == [("success", "/code", words, None, None)]


ANY_ERROR = contract_of(
    {"type": "object"},
    responses={
        "4XX": {"description": "No.", "content": {JSON: {"schema": {}}}},
        "500": {"description": "No.", "content": {JSON: {"schema": {}}}},
    },
)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        *(({"code": one}, "/code") for one in (0, 200, 20000, "0", "200", "ok", "OK", "success", "SUCCESS")),
        *(({"code": one}, "") for one in (False, 0.0, 1, "", "Ok", None, 201, "404")),
        ({"success": True}, "/success"),
        *(({"success": one}, "") for one in (1, False, "true")),
        *(({"status": one}, "/status") for one in (200, "ok", "OK", "success")),
        *(({"status": one}, "") for one in (0, 404, "200", True)),
        ({"code": 0, "success": True}, "/code"),
        ([0], ""),
        ("ok", ""),
    ],
)
def test_an_envelope_of_an_error_has_no_word_of_success(body: Any, pointer: str) -> None:
    found = told("error.success_code", unknown(body, 404), ANY_ERROR)
    assert [(kind, at) for kind, at, *_ in found] == ([("success", pointer)] if pointer else [])
    for status in (399, 500):
        assert told("error.success_code", unknown(body, status), ANY_ERROR) == []
    assert bool(told("error.success_code", unknown(body, 499), ANY_ERROR)) is bool(pointer)
    turned = unknown(body, 404, media_type="text/html", **HOSTILE)
    assert told("error.success_code", turned, ANY_ERROR) == []


def test_an_error_of_another_form_or_of_sixty_four_kilobytes_is_not_looked_into() -> None:
    def size(more: int) -> Exchange:
        bare = len(json.dumps({"code": 0, "x": ""}))
        return unknown({"code": 0, "x": "x" * (65536 - bare + more)}, 404)

    assert told("error.success_code", size(0), ANY_ERROR) != []
    assert told("error.success_code", size(1), ANY_ERROR) == []
    assert told("error.success_code", unknown({"code": 0}, 404)) == []
    assert told("error.success_code", code(0, status=200)) == []
    assert not exercised("error.success_code", unknown(b"null", 404), ANY_ERROR)
    assert exercised("error.success_code", unknown({}, 404), ANY_ERROR)


@pytest.mark.parametrize(
    ("body", "pointer", "shown_as"),
    [
        ('{"a": 1}', "", '{"a": 1}'),
        (" [1]\n", "", "[1]"),
        ("{}", None, ""),
        ("[]", None, ""),
        ('"a"', None, ""),
        ("7", None, ""),
        ("{a}", None, ""),
        ("[" * 100000, None, ""),
        ({"message": '{"a":  1}'}, "/message", '{"a": 1}'),
        ({"detail": "[1]"}, "/detail", "[1]"),
        ({"error": "[1]"}, "/error", "[1]"),
        ({"text": "[1]"}, None, ""),
        ({"message": 7, "error": "[1]"}, "/error", "[1]"),
        ({"message": "no", "detail": "[2]", "error": "[1]"}, "/detail", "[2]"),
        ({"message": json.dumps({"a": "x" * 60})}, "/message", json.dumps({"a": "x" * 60})[:60]),
        (["[1]"], None, ""),
    ],
)
def test_the_text_of_an_error_is_no_json_itself(body: Any, pointer: str | None, shown_as: str) -> None:
    words = f"a text, or JSON as it is; JSON written as a text: {shown_as}"
    expected = [("nested", pointer, words, None, None)] if pointer is not None else []
    assert told("error.json_in_string", unknown(body, 404), ANY_ERROR) == expected


PRODUCT = "45989*46021"
RESULT = str(45989 * 46021)


@pytest.mark.parametrize(
    ("asked", "body", "place"),
    [
        ("{{45989*46021}}", f"no {RESULT}", "body"),
        ("{{45989*46021}}", "no 2,116,459,769", "body"),
        ("{{45989*46021}}", "no 2.116.459.769", "body"),
        ("{{45989*46021}}", f"no 1{RESULT}", ""),
        ("{{45989*46021}}", f"no {RESULT}0", ""),
        ("{{45989*46021}}", "no {{45989*46021}}", ""),
        (f"45989*46021={RESULT}", f"no {RESULT}", ""),
        (f"45989*46021={RESULT} 1000*1001", "no 1001000", "body"),
        ("1000*1001 1000*1002", "no 1002000", "body"),
        ("999*1001", "no 999999", ""),
        ("1234567890*1001", "no 1235802457890", ""),
        ("x", f"no {RESULT}", ""),
    ],
)
def test_what_an_expression_comes_to_is_in_no_answer(asked: str, body: str, place: str) -> None:
    found = told("security.expression_evaluated", unknown(body, **HOSTILE, batch_id=asked))
    assert [(kind, status, f"in the {place}" in words) for kind, _, words, _, status in found] == (
        [("computed", "", True)] if place else []
    )


def test_a_computed_number_is_told_once_with_its_expression_and_place() -> None:
    rule = "security.expression_evaluated"
    headers = (("X-A", "1"), ("X-B", RESULT), ("X-C", RESULT))
    words = f"nothing of an id is computed; {RESULT}, which is {PRODUCT}, in the header X-B"
    assert told(rule, unknown("no", **HOSTILE, batch_id=PRODUCT, headers=headers)) == [
        ("computed", "", words, None, "")
    ]
    assert told(rule, unknown(b"\xff " + RESULT.encode(), **HOSTILE, batch_id=PRODUCT)) != []
    cut = b" " * (65536 - len(RESULT)) + RESULT.encode()
    assert told(rule, unknown(cut, **HOSTILE, batch_id=PRODUCT)) != []
    assert told(rule, unknown(b" " + cut, **HOSTILE, batch_id=PRODUCT)) == []
    for size, is_one in ((65536, True), (65537, False)):
        long = PRODUCT + "x" * (size - len(PRODUCT))
        assert bool(told(rule, unknown(RESULT, **HOSTILE, batch_id=long))) is is_one
        assert exercised(rule, unknown("no", **HOSTILE, batch_id=long)) is is_one
    assert not exercised(rule, unknown("no", **HOSTILE, batch_id=None))
    assert not exercised(rule, failed("reset", **HOSTILE, batch_id=PRODUCT))
    assert told(rule, failed("reset", **HOSTILE, batch_id=PRODUCT)) == []
    assert EXPRESSION_EVALUATED.unseen is not None
    assert EXPRESSION_EVALUATED.unseen.id == f"{rule}.unseen"
