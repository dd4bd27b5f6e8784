"""Who is let in, and which id is answered: what the checks give for one exchange, with the condition, at the edges."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from judge_cases import batch, failed
from judge_support import KNOWN, OTHER, QUEUED, contract, contract_of, findings, refused, sent, unknown

from batch_conformance.contract.contract import Contract
from batch_conformance.exchange.exchange import ODD_REQUESTS, Exchange
from batch_conformance.observation.observation import Observation
from batch_conformance.rules import REGISTRY
from batch_conformance.rules.authentication import (
    NONE_SENT,
    OTHER_FORMS,
    OTHER_TOKENS,
    RULE_OF_CREDENTIAL,
    WHOLE,
    has_key,
    is_let_in,
    is_scheme_refused,
    must_be_refused,
)

Told = tuple[str, str | None, str, tuple[str, ...]]
HTML: dict[str, Any] = {"media_type": "text/html"}
ANOTHER = {"code": 0, "message": "ok", "data": None}
OPEN = contract_of({"type": "object", "properties": {"id": {"type": "string"}}})


def told(rule: str, exchange: Exchange, under: Contract | None = None) -> list[Told]:
    """What a rule says of one exchange: the kind, the status, the words observed, and the condition."""
    check = REGISTRY[rule].check
    assert check is not None
    found = check(Observation(exchange, under or contract()))
    return [(one.kind, one.status, str(one.observed), one.when) for one in found]


def exercised(rule: str, exchange: Exchange, under: Contract | None = None) -> bool:
    exercises = REGISTRY[rule].exercised
    assert exercises is not None
    return bool(exercises(Observation(exchange, under or contract())))


def test_credentials_are_of_the_rule_that_is_broken_where_they_are_let_in() -> None:
    assert [RULE_OF_CREDENTIAL[one] for one in NONE_SENT] == ["auth.missing_accepted"] * 3
    assert [RULE_OF_CREDENTIAL[one] for one in OTHER_TOKENS] == ["auth.wrong_token_accepted"] * 5
    assert [RULE_OF_CREDENTIAL[one] for one in OTHER_FORMS] == ["auth.scheme_accepted"] * 4
    named = ("x-api-key", "api-key", "x-auth-token", "proxy-authorization", "x-authorization", "cookie")
    named += ("authentication", "x-access-token", "x-goog-api-key", "apikey")
    asked = ("access_token", "api_key", "key", "token", "apikey")
    headers = [f"header_{name.replace('-', '_')}" for name in named]
    assert list(WHOLE) == [*headers, *(f"query_{name}" for name in asked)]
    assert list(WHOLE.values()) == ["elsewhere_header"] * 10 + ["elsewhere_query"] * 5
    elsewhere = ("elsewhere_header", "elsewhere_query", *WHOLE)
    assert [RULE_OF_CREDENTIAL[one] for one in elsewhere] == ["auth.elsewhere_accepted"] * len(elsewhere)


@pytest.mark.parametrize("kind", WHOLE)
def test_a_key_elsewhere_is_told_by_the_kind_of_the_place(kind: str) -> None:
    place = "elsewhere_query" if kind.startswith("query_") else "elsewhere_header"
    words = "the key in the query string" if kind.startswith("query_") else "the key in other headers"
    when = ("unless_explained", kind)
    assert told("auth.elsewhere_accepted", batch(credential=kind)) == [(place, "401", f"200 with {words}", when)]
    refusal = refused({"code": 1, "message": "m", "data": None}, 400, credential=kind)
    when = ("if_query_taken",) if kind.startswith("query_") else ("unless_valid_gets", "400", "known")
    assert told("auth.not_401", refusal) == [("400", "401", f"400 with {words}", when)]


@pytest.mark.parametrize("kind", ["also_in_query", "elsewhere_query", *(one for one in WHOLE if one[:6] == "query_")])
def test_a_parameter_that_has_the_key_may_be_refused_as_one_that_is_not_known(kind: str) -> None:
    exchange = refused({"detail": [{"loc": ["query"], "msg": "extra"}]}, 422, credential=kind)
    assert [one.level for one in findings(batch(), exchange, info=True) if one.rule.startswith("response.")] == ["info"]


def masked(kind: str, asked: tuple[tuple[str, str], ...] = (), query: str = "") -> Exchange:
    made = batch(credential=kind, asked=(("Accept", "application/json"), *asked))
    return replace(made, request=replace(made.request, url=made.request.url + query))


def test_a_key_elsewhere_is_named_by_where_it_stood() -> None:
    def words(*args: Any) -> str:
        return told("auth.elsewhere_accepted", masked(*args))[0][2]

    key, bearer = ("X-Api-Key", "[redacted]"), ("authorization", "Bearer [redacted]")
    assert words("header_x_api_key", (key, bearer)) == "200 with the key in the header X-Api-Key"
    assert words("elsewhere_header", (key, ("Cookie", "t=[redacted]"))) == (
        "200 with the key in the headers X-Api-Key, Cookie"
    )
    assert words("elsewhere_header", (bearer,)) == "200 with the key in other headers"
    assert words("query_key", (), "?a=1&key=[redacted]") == "200 with the key in the query parameter key"
    assert words("elsewhere_query", (), "?key=[redacted]&b=[redacted]") == (
        "200 with the key in the query parameters key, b"
    )
    assert words("query_key", (), "?key=[redacted]==") == "200 with the key in the query parameter key"
    assert words("elsewhere_query", (), "?a=1") == "200 with the key in the query string"


def test_a_made_up_token_among_odd_requests_was_shown_several_times() -> None:
    usual, again = batch(credential="wrong"), batch(credential="wrong", chapter=ODD_REQUESTS)
    assert told("auth.wrong_token_accepted", usual)[0][2] == "200 with a made-up bearer token"
    assert told("auth.wrong_token_accepted", again)[0][2] == (
        "200 with a made-up bearer token that was shown several times in a row"
    )
    assert told("auth.missing_accepted", batch(credential="missing", chapter=ODD_REQUESTS))[0][2] == (
        "200 with no Authorization header"
    )


def test_what_was_sent_in_place_of_a_credential_is_named() -> None:
    def let_in(kind: str, query: str = "", path: str = "", *asked: tuple[str, str]) -> list[tuple[str, str]]:
        made = batch(credential=kind, chapter=ODD_REQUESTS, path=path, asked=(("Accept", "*/*"), *asked))
        made = replace(made, probe=replace(made.probe, query=query))
        return [(word, words) for word, _, words, _ in told("auth.missing_accepted", made)]

    none = "200 with no Authorization header, "
    assert let_in("parameter", "admin=true=x&y=1") == [("admin", f"{none}and with the query admin=true=x&y=1")]
    assert let_in("parameters", "a=1&b=2") == [("parameters", f"{none}and with the query a=1&b=2")]
    assert let_in("other_path", "", f"/v2/batches/{KNOWN}") == [
        ("other path", f"{none}for the path /v2/batches/{KNOWN}")
    ]
    user, host = ("X-Forwarded-User", "admin"), ("X-Real-IP", "127.0.0.1")
    assert let_in("proxy_header", "", "", user) == [("x-forwarded-user", f"{none}and with X-Forwarded-User")]
    assert let_in("proxy_headers", "", "", user, host) == [
        ("proxy headers", f"{none}and with X-Forwarded-User, X-Real-IP")
    ]
    joined = batch(credential="joined", chapter=ODD_REQUESTS)
    assert told("auth.scheme_accepted", joined)[0][::2] == (
        *("joined", "200 with the scheme and the key without a space between them"),
    )


def test_who_is_let_in_gets_a_success_of_an_operation_that_asks_for_a_key() -> None:
    for status in (199, 300, 401):
        assert not is_let_in(Observation(sent(QUEUED, status, credential="missing"), contract()))
    for status in (200, 299):
        assert is_let_in(Observation(sent(QUEUED, status, credential="missing"), contract()))
        assert told("auth.missing_accepted", sent(QUEUED, status, credential="missing"))
    assert not is_let_in(Observation(batch(), contract()))
    assert not is_let_in(Observation(batch(credential="missing"), OPEN))
    assert not is_let_in(Observation(failed("reset", credential="missing"), contract()))
    assert told("auth.missing_accepted", batch(credential="missing", final=False)) == []
    assert told("auth.missing_accepted", batch(credential="missing"), OPEN) == []
    assert told("auth.wrong_token_accepted", batch(credential="missing")) == []
    assert told("auth.missing_accepted", batch()) == []
    without_401 = contract_of({"type": "object", "properties": {"id": {"type": "string"}}}, security=True)
    assert told("auth.missing_accepted", batch(credential="missing"), without_401)[0][1] == ""


def test_the_batch_alone_lets_in_where_something_else_may_be_served() -> None:
    odd: dict[str, Any] = {"credential": "other_path", "chapter": ODD_REQUESTS}
    assert is_let_in(Observation(batch(**odd), contract()))
    assert not is_let_in(Observation(batch({"id": OTHER}, **odd), contract()))
    assert not is_let_in(Observation(sent(ANOTHER, **odd), contract()))
    assert not is_let_in(Observation(batch(method="HEAD", **odd), contract()))
    assert is_let_in(Observation(sent(ANOTHER, credential="wrong"), contract()))


def test_another_object_and_a_head_let_in_under_a_condition() -> None:
    (another,) = told("auth.missing_accepted", sent(ANOTHER, credential="missing"))
    assert (another[3][0], another[3][2:]) == ("if_let_in_so", ("unless_explained", "missing"))
    (head,) = told("auth.wrong_token_accepted", sent(b"", method="HEAD", credential="nearly"))
    assert head[3] == ("unless_any_refused_so", "nearly", "unless_explained", "nearly")


def test_the_valid_key_is_one_whatever_was_sent_beside_it() -> None:
    kinds = ("valid", "lower_case_scheme", "also_in_query", "wrong", "recorded", "elsewhere_query")
    assert [kind for kind in kinds if has_key(Observation(sent(credential=kind), contract()))] == list(kinds[:3])
    assert [kind for kind in kinds if must_be_refused(Observation(sent(credential=kind), contract()))] == [
        "wrong",
        "elsewhere_query",
    ]


@pytest.mark.parametrize(
    ("status", "kind", "kinds"),
    [
        (400, "missing", ["400"]),
        (400, "empty", []),
        (400, "empty_header", []),
        (400, "malformed", []),
        (400, "no_scheme", []),
        (400, "wrong_scheme", ["400"]),
        (401, "missing", []),
        (403, "missing", ["403"]),
        (404, "missing", ["404"]),
        (410, "missing", ["410"]),
        (422, "missing", []),
        (429, "missing", []),
        (500, "missing", []),
        (503, "missing", []),
        (403, "valid", []),
        (403, "lower_case_scheme", []),
    ],
)
def test_a_refused_credential_gets_401(status: int, kind: str, kinds: list[str]) -> None:
    exchange = refused("no", status, credential=kind)
    found = told("auth.not_401", exchange)
    assert [(one, where) for one, where, _, _ in found] == [(one, "401") for one in kinds]
    assert told("auth.not_401", replace(exchange, final=False)) == []
    assert told("auth.not_401", refused("no", status, credential=kind, method="HEAD")) == []
    assert told("auth.not_401", refused("no", status, credential=kind, chapter=ODD_REQUESTS)) == []
    late = [one for one, _, _, _ in told("auth.checked_late", exchange)]
    assert late == [one for one in kinds if one in ("404", "410")]


def test_a_refusal_before_the_credential_is_told_by_the_id() -> None:
    missing = unknown(credential="missing")
    words = "404 with no Authorization header"
    learnt = ("if_learnt", "auth.missing_accepted", "missing", "unknown")
    assert told("auth.checked_late", missing) == [("404", "401", words, learnt)]
    other = ("unless_learnt", "auth.missing_accepted", "missing", "unknown", "404")
    assert told("auth.not_401", missing) == [("404", "401", words, other)]
    check = REGISTRY["auth.checked_late"].check
    assert check is not None
    assert [str(one.expected) for one in check(Observation(missing, contract()))] == [
        "401, whether the id exists or not"
    ]


@pytest.mark.parametrize(
    ("exchange", "kinds"),
    [
        (refused(credential="valid"), [("known", "401", "401", ("if_refused", "known"))]),
        (unknown("no", 401), [("unknown", "401", "401", ("if_refused", "unknown"))]),
        (refused(credential="valid", chapter=ODD_REQUESTS), []),
        (refused(credential="valid", final=False), []),
        (refused(credential="valid", forced=401), []),
        (refused(credential="lower_case_scheme"), []),
        (refused("no", 403, credential="valid"), []),
    ],
)
def test_the_valid_key_is_refused(exchange: Exchange, kinds: list[Told]) -> None:
    assert told("auth.valid_refused", exchange) == kinds


@pytest.mark.parametrize(
    ("exchange", "status"),
    [
        (refused("no", 400, credential="lower_case_scheme"), 400),
        (refused(credential="lower_case_scheme"), 401),
        (refused("no", 499, credential="lower_case_scheme"), 499),
        (refused("no", 399, credential="lower_case_scheme"), 0),
        (refused("no", 429, credential="lower_case_scheme"), 0),
        (refused("no", 500, credential="lower_case_scheme"), 0),
        (refused(credential="lower_case_scheme", method="HEAD"), 0),
        (refused(credential="valid"), 0),
        (failed("reset", credential="lower_case_scheme"), 0),
    ],
)
def test_the_scheme_in_lower_case_is_refused(exchange: Exchange, status: int) -> None:
    assert is_scheme_refused(Observation(exchange, contract())) is bool(status)
    when = ("if_scheme_refused", str(status), "known")
    assert told("auth.lower_case_refused", exchange) == ([("refused", "401", str(status), when)] if status else [])
    assert told("auth.lower_case_refused", replace(exchange, final=False)) == []


ROWS: tuple[tuple[str, Exchange, set[str]], ...] = (
    ("401", refused(), {"auth.missing_accepted", "auth.not_401"}),
    ("400", refused("no", 400), {"auth.missing_accepted", "auth.not_401"}),
    ("403", refused("no", 403), {"auth.missing_accepted", "auth.not_401"}),
    ("402", refused("no", 402), set()),
    ("404 of a known id", refused("no", 404), {"auth.missing_accepted", "auth.not_401"}),
    ("404 of an unknown id", unknown(credential="missing"), set()),
    (
        "401 of an unknown id",
        unknown("no", 401, credential="missing"),
        {"auth.missing_accepted", "auth.not_401", "late"},
    ),
    (
        "400 of an unknown id",
        unknown("no", 400, credential="wrong"),
        {"auth.wrong_token_accepted", "auth.not_401", "late"},
    ),
    (
        "403 of an unknown id",
        unknown("no", 403, credential="wrong"),
        {"auth.wrong_token_accepted", "auth.not_401", "late"},
    ),
    ("nearly", unknown("no", 401, credential="nearly"), {"auth.wrong_token_accepted", "auth.not_401"}),
    ("HEAD", refused(method="HEAD"), {"auth.missing_accepted"}),
    ("200", batch(credential="missing"), set()),
    ("reset", replace(refused(), failure=failed("reset").failure), set()),
    ("valid", batch(), {"auth.valid_refused"}),
    ("valid, 500", sent("no", 500), set()),
    ("lower case", batch(credential="lower_case_scheme"), {"auth.lower_case_refused"}),
    ("lower case, 429", refused("no", 429, credential="lower_case_scheme"), set()),
    ("scheme", refused(credential="no_scheme"), {"auth.scheme_accepted", "auth.not_401"}),
    ("elsewhere", refused(credential="query_key"), {"auth.elsewhere_accepted", "auth.not_401"}),
)


@pytest.mark.parametrize(("exchange", "rules"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_what_shows_how_credentials_fare(exchange: Exchange, rules: set[str]) -> None:
    of_credentials = [
        rule for rule, one in REGISTRY.items() if rule.startswith("auth.") and one.concern == "credential"
    ]
    found = {rule for rule in of_credentials if exercised(rule, exchange)}
    assert found == {"auth.checked_late" if one == "late" else one for one in rules}
