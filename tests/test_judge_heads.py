"""What the rules about heads give for one exchange, at the edges: challenges, caches, declared headers, framing."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from cases_heads import DATE
from judge_cases import batch, completed, failed, openai
from judge_support import (
    CHALLENGE,
    OPENAI_HEADERS,
    QUEUED,
    contract,
    contract_of,
    findings,
    openai_like,
    refused,
    sent,
    unknown,
)
from test_judge_access import OPEN, exercised

from batch_conformance.contract.contract import Contract
from batch_conformance.exchange.exchange import Exchange
from batch_conformance.findings.finding import Finding
from batch_conformance.observation.observation import Observation
from batch_conformance.rules import REGISTRY
from batch_conformance.rules.caching import expires_within_an_hour, is_shared
from batch_conformance.rules.headers import header_value, is_retry_after
from batch_conformance.rules.highlight import (
    Highlight,
    at_headers,
    at_observed_text,
    at_pointer,
    at_redacted,
    at_status,
)

Told = tuple[str, str | None, str, str | None]


def told(rule: str, exchange: Exchange, under: Contract | None = None) -> list[Told]:
    """What a rule says of one exchange: the kind, the status, the words, and the level where that is its own."""
    check = REGISTRY[rule].check
    assert check is not None
    found = check(Observation(exchange, under or contract()))
    return [(one.kind, one.status, f"{one.expected}; {one.observed}", one.level) for one in found]


def kinds(rule: str, exchange: Exchange, under: Contract | None = None) -> list[str]:
    return [kind for kind, *_ in told(rule, exchange, under)]


def with_heads(*headers: tuple[str, str], **more: Any) -> Exchange:
    return batch(headers=headers, **more)


def test_a_401_has_a_challenge_that_is_not_empty() -> None:
    words = "a WWW-Authenticate header; {}"
    assert told("auth.challenge_missing", refused(headers=())) == [("missing", "401", words.format("none"), None)]
    empty = refused(headers=(("www-authenticate", " "), ("WWW-Authenticate", "")))
    assert told("auth.challenge_missing", empty) == [("missing", "401", words.format("an empty one"), None)]
    one = refused(headers=(("WWW-Authenticate", ""), CHALLENGE))
    for kept in (one, refused(), refused("no", 403), refused(headers=(), headers_complete=False), failed("reset")):
        assert told("auth.challenge_missing", kept) == []


def test_a_405_has_allow() -> None:
    assert told("method.allow_missing", unknown("no", 405)) == [("missing", "405", "an Allow header; none", None)]
    turned = unknown(b"<p>", 405, media_type="text/html", subject="hostile")
    empty = unknown("no", 405, headers=(("Allow", ""),))
    for kept in (turned, empty, unknown(), unknown("no", 405, headers_complete=False), failed("reset")):
        assert told("method.allow_missing", kept) == []


def test_allow_names_no_method_that_is_refused() -> None:
    words = "an Allow without HEAD, or no 405 for HEAD; 405 for HEAD, with Allow: GET, HEAD"
    head: dict[str, Any] = {"status": 405, "method": "HEAD"}
    refusal = sent(b"", headers=(("Allow", "GET"), ("allow", "HEAD")), **head)
    assert told("method.allow_refused", refusal) == [("refused", "", words, None)]
    long = sent(b"", headers=(("Allow", "HEAD, " + "X" * 60),), **head)
    assert told("method.allow_refused", long)[0][2].endswith("Allow: HEAD, " + "X" * 54)
    for kept in (
        sent(b"", headers=(("Allow", "GET, HEADER"),), **head),
        sent(b"", headers=(("Allow", "HEAD"),), method="HEAD", status=404),
        sent(b"", headers=(("Allow", "HEAD"),), headers_complete=False, **head),
        failed("reset", method="HEAD"),
    ):
        assert told("method.allow_refused", kept) == []


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        ("30", True),
        (" 30 ", True),
        ("0", True),
        ("٣", False),
        ("-1", False),
        ("1.5", False),
        ("soon", False),
        ("", False),
        (DATE, True),
        ("Sun, 06 Nov 99999 08:49:37 GMT", False),
        ("Sun, 32 Nov 1994 08:49:37 GMT", False),
    ],
)
def test_retry_after_is_seconds_or_a_date(value: str, is_one: bool) -> None:
    assert is_retry_after(value) is is_one
    exchange = unknown("busy", 429, headers=(("Retry-After", value),))
    words = f'whole seconds or an HTTP-date; "{value}"'
    assert told("response.retry_after", exchange) == ([] if is_one else [("malformed", None, words, None)])
    assert exercised("response.retry_after", exchange)
    assert (
        told("response.retry_after", unknown("busy", 429, headers=(("Retry-After", value),), headers_complete=False))
        == []
    )


def test_what_retry_after_says_is_shown_to_sixty_characters() -> None:
    (found,) = told("response.retry_after", unknown("busy", 429, headers=(("Retry-After", "x" * 61),)))
    assert found[2] == f'whole seconds or an HTTP-date; "{"x" * 60}"'
    assert not exercised("response.retry_after", unknown())
    assert not exercised("response.retry_after", failed("reset"))
    assert told("response.retry_after", failed("reset")) == []


@pytest.mark.parametrize(
    ("directives", "shared"),
    [
        ("public", True),
        ("s-maxage=60", True),
        ("Public, max-age=0", True),
        ("public, private", False),
        ("public, no-store", False),
        ("s-maxage = 60, private", False),
        ("public, no-cache", False),
        ('public, no-cache="set-cookie"', True),
        ("s-maxage=0", False),
        ("public, s-maxage=60, max-age=0, must-revalidate", True),
        ("public, max-age=0, must-revalidate", False),
        ("public, max-age=0, proxy-revalidate", False),
        ("public, max-age=60, must-revalidate", True),
        ("max-age=600", False),
        ("", False),
    ],
)
def test_what_shared_caches_may_answer_others_with(directives: str, shared: bool) -> None:
    assert is_shared(directives) is shared
    words = f"private, no-store or nothing; {directives.lower()}"
    head = (("Cache-Control", directives),)
    expected = [("public", None, words, None)] if shared else []
    assert told("response.cache_public", batch(headers=head)) == expected
    of_error = [("public", "", words, None)] if shared else []
    assert told("response.cache_public_error", unknown(headers=head)) == of_error


def test_what_is_for_one_caller_is_a_success_or_a_refusal_with_a_key() -> None:
    public: dict[str, Any] = {"headers": (("Cache-Control", "public, " + "x" * 60),)}
    success, error = "response.cache_public", "response.cache_public_error"
    assert told(success, batch(**public))[0][2] == "private, no-store or nothing; public, " + "x" * 52
    assert told(error, unknown(**public))[0][2] == "private, no-store or nothing; public, " + "x" * 52
    assert [status for status in (199, 200, 299, 300) if told(success, sent(QUEUED, status, **public))] == [200, 299]
    assert told(success, batch(**public), OPEN) == told(success, batch(**public, headers_complete=False)) == []
    documented = [400, 401, 404, 429, 499]
    ranges = contract_of(
        {"type": "object", "properties": {"id": {"type": "string"}}},
        responses={"4XX": {"description": "No."}},
        security=True,
    )
    statuses = [399, *documented, 402, 407, 408, 409, 428, 430, 431, 432, 500]
    found = [one for one in statuses if told(error, unknown("no", one, **public), ranges)]
    assert found == [400, 404, 499, 402, 407, 409, 428, 430, 432]
    assert told(error, unknown(**public), OPEN) == []
    assert [told(error, unknown("no", 404, **public, credential=one)) != [] for one in ("recorded", "wrong")] == [
        True,
        False,
    ]
    assert told(error, unknown("no", 409, **public)) == []  # documented nowhere
    assert told(error, unknown(**public, headers_complete=False)) == []
    assert told(error, unknown(b"<p>", media_type="text/html", subject="hostile", **public)) == []


AN_HOUR = "Sun, 06 Nov 1994 09:49:37 GMT"
IN_PROGRESS = {"status": "in_progress", "in_progress_at": 1741685420}


@pytest.mark.parametrize(
    ("headers", "told_of"),
    [
        ({"Cache-Control": "max-age=3600"}, "Cache-Control: max-age=3600"),
        ({"Cache-Control": "max-age=3599"}, ""),
        ({"Cache-Control": "max-age=1, S-MaxAge = 7200"}, "Cache-Control: max-age=1, S-MaxAge = 7200"),
        ({"Cache-Control": 'max-age="7200"'}, 'Cache-Control: max-age="7200"'),
        ({"Cache-Control": "max-age=7200, no-store"}, ""),
        ({"Cache-Control": "no-cache; max-age=7200"}, ""),
        ({"Cache-Control": "x-max-age=7200"}, ""),
        ({"Cache-Control": "max-age=0", "Date": DATE, "Expires": AN_HOUR}, ""),
        ({"Date": DATE, "Expires": AN_HOUR}, f"Expires: {AN_HOUR}"),
        ({"date": DATE, "expires": f" {AN_HOUR} "}, f"Expires: {AN_HOUR}"),
        ({"Date": DATE, "Expires": "Sun, 06 Nov 1994 09:49:36 GMT"}, ""),
        ({"Date": DATE, "Expires": "Sun, 06 Nov 2094 08:49:60 GMT"}, ""),
        ({"Date": "now", "Expires": AN_HOUR}, ""),
        ({"Expires": AN_HOUR}, ""),
        ({"Date": DATE}, ""),
        ({}, ""),
    ],
)
def test_what_moves_on_is_fresh_for_less_than_an_hour(headers: dict[str, str], told_of: str) -> None:
    expected = "less than an hour of freshness, or none, until the batch has ended"
    words = f"{expected}; {told_of}, while the batch is in_progress"
    moving = batch(IN_PROGRESS, headers=tuple(headers.items()))
    assert told("response.fresh_for_hours", moving) == ([("hours", None, words, None)] if told_of else [])
    for other in (completed(headers=tuple(headers.items())), unknown(headers=tuple(headers.items()))):
        assert told("response.fresh_for_hours", other) == []
    assert told("response.fresh_for_hours", batch(headers=tuple(headers.items()), headers_complete=False)) == []
    late = headers.get("Expires", headers.get("expires", "")).strip() == AN_HOUR and DATE in headers.values()
    assert expires_within_an_hour(tuple(headers.items())) is not late


def test_a_batch_moves_on_until_its_state_is_an_end() -> None:
    for exchange, moves in ((batch(), True), (completed(), False), (batch({"status": "x"}), False), (unknown(), False)):
        assert exercised("response.fresh_for_hours", exchange) is moves
    (found,) = told("response.fresh_for_hours", with_heads(("Cache-Control", "max-age=7200, " + "x" * 60)))
    assert f"Cache-Control: max-age=7200, {'x' * 46}, while" in found[2]


def bearer(**scheme: Any) -> Contract:
    document = contract_of({"type": "object"}, security=True)
    document.document.data["components"]["securitySchemes"] = scheme  # type: ignore[index]
    return document


@pytest.mark.parametrize(
    ("schemes_of", "takes"),
    [
        ({"key": {"type": "http", "scheme": "Bearer"}}, True),
        ({"key": {"type": "apiKey", "scheme": "bearer"}}, False),
        ({"key": {"type": "http", "scheme": "basic"}}, False),
        ({"key": 7, "other": {"type": "http", "scheme": "bearer"}}, True),
        ({"key": 7}, False),
        ({}, False),
    ],
)
def test_a_challenge_is_for_the_scheme_that_is_documented(schemes_of: dict[str, Any], takes: bool) -> None:
    exchange = refused(headers=(("WWW-Authenticate", "Basic"), ("WWW-Authenticate", "Negotiate")))
    words = "a challenge with the scheme Bearer; basic and negotiate alone"
    found = told("auth.challenge_scheme", exchange, bearer(**schemes_of))
    assert found == ([("other_scheme", "401", words, None)] if takes else [])


def test_a_challenge_that_is_none_or_not_for_401_is_not_looked_at() -> None:
    basic = (("WWW-Authenticate", "Basic"),)
    for kept in (
        refused("no", 403, headers=basic),
        refused(headers=basic, headers_complete=False),
        refused(headers=(("WWW-Authenticate", "please log in, "),)),
        refused(headers=(("WWW-Authenticate", " "),)),
        failed("reset"),
    ):
        assert told("auth.challenge_scheme", kept) == []


HEADERS = dict(OPENAI_HEADERS)


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, []),
        ({"X-Request-Id": None}, [("x-request-id missing", "X-Request-Id: to be there; X-Request-Id: missing")]),
        ({"X-Request-Id": "abc"}, [("x-request-id minLength", "X-Request-Id: at least 4 characters; X-Request-Id: 3")]),
        ({"X-RateLimit-Remaining": None}, []),
        (
            {"X-RateLimit-Remaining": "many"},
            [("x-ratelimit-remaining type", "X-RateLimit-Remaining: integer; X-RateLimit-Remaining: string")],
        ),
    ],
)
def test_a_declared_header_is_there_and_keeps_its_schema(
    changes: dict[str, str | None], found: list[tuple[str, str]]
) -> None:
    headers = tuple((name, value) for name, value in {**HEADERS, **changes}.items() if value is not None)
    exchange = openai(headers=headers)
    shown_as = told("response.header", exchange, openai_like())
    assert [(kind, words.split("; ")[0]) for kind, _, words, _ in shown_as] == [
        (kind, words.split("; ")[0]) for kind, words in found
    ]
    assert [(status, level) for _, status, _, level in shown_as] == [(None, None)] * len(found)
    for other in (
        openai(headers=headers, headers_complete=False),
        openai(headers=headers, subject="outside"),
        openai(headers=headers, status=404),
        failed("reset"),
    ):
        assert told("response.header", other, openai_like()) == []
    check = REGISTRY["response.header"].check
    assert check is not None
    assert all(one.location for one in check(Observation(exchange, openai_like())))
    at_head = openai(headers=headers, method="HEAD")
    lacks = [kind for kind in kinds("response.header", at_head, openai_like()) if "missing" in kind]
    assert lacks == []


def test_what_is_an_annotation_of_a_header_weighs_less() -> None:
    declared = {"X-Id": {"schema": {"type": "string", "format": "uuid", "minLength": 4}}}
    said = {"404": {"description": "No.", "headers": declared}}
    levels = {}
    for version in ("3.0.3", "3.1.0"):
        under = contract_of({"type": "object"}, openapi=version, responses=said)
        for value in ("x" * 8, "x"):
            found = told("response.header", unknown("no", headers=(("X-Id", value),)), under)
            levels[version, value] = [(kind, level) for kind, _, _, level in found]
    assert levels == {
        ("3.0.3", "x" * 8): [("x-id format", None)],
        ("3.0.3", "x"): [("x-id format", None)],
        ("3.1.0", "x" * 8): [("x-id format", "should")],
        ("3.1.0", "x"): [("x-id minLength", None)],
    }


@pytest.mark.parametrize(
    ("text", "schema", "value"),
    [
        ("9" * 400, {"type": "integer"}, int("9" * 400)),
        ("9" * 401, {"type": "integer"}, "9" * 401),
        ("+7", {"type": "integer"}, 7),
        ("1e3", {"type": "integer"}, "1e3"),
        ("1.", {"type": "number"}, "1."),
        ("-1.5E-2", {"type": "number"}, -0.015),
        ("7", {"type": ["string", "integer"]}, 7),
        ("x", {"type": ["boolean", "null"]}, "x"),
        ("a", {"type": "object"}, {}),
        ("a,1,b", {"type": "object"}, {"a": "1"}),
        ("true,x", {"type": "array", "items": {"type": "boolean"}}, [True, "x"]),
    ],
)
def test_a_header_stands_for_a_value_of_the_declared_type(text: str, schema: dict[str, Any], value: Any) -> None:
    (declared,) = contract_of(schema, openapi="3.1.0").chosen.responses["200"].content.values()
    assert declared is not None
    assert (header_value(declared, text), type(header_value(declared, text))) == (value, type(value))


def finding(**more: Any) -> Finding:
    return replace(findings(batch({"id": 5}))[0], **more)


def test_what_a_finding_is_about_is_marked() -> None:
    assert at_status(finding()) == Highlight(status=True)
    assert at_headers("a", "b")(finding()) == Highlight(headers=frozenset({"a", "b"}))
    assert at_pointer(finding()) == Highlight(pointers=("/id",))
    assert at_redacted(finding()) == Highlight(words=("[redacted]",))
    assert at_observed_text(finding()) == Highlight()
    differs, declared = REGISTRY["response.head_differs"].highlight, REGISTRY["response.header"].highlight
    assert [differs(finding(kind=kind)) for kind in ("media_type", "length", "status")] == [
        Highlight(headers=frozenset({"content-type"})),
        Highlight(headers=frozenset({"content-length"})),
        Highlight(status=True),
    ]
    assert declared(finding(kind="x-id missing")) == Highlight(headers=frozenset({"x-id"}))
    redirect = REGISTRY["identity.spelling_redirected"].highlight
    assert redirect(finding()) == Highlight(status=True, headers=frozenset({"location"}))
    assert REGISTRY["response.field_syntax"].highlight(finding(kind="etag")) == Highlight(headers=frozenset({"etag"}))
