"""What is asked by odd requests, which answers to them stand apart, and what breaks the rules about them."""

from __future__ import annotations

from typing import Any

import pytest
from broken_support import broken, operation_of, seen, words
from cases_lists import lists
from judge_support import JSON

from batch_conformance.exchange.exchange import ODD_REQUESTS, Probe
from batch_conformance.observation.observation import Observation
from batch_conformance.rules import REGISTRY
from batch_conformance.rules.odd_requests import (
    OF_ODD_REQUESTS,
    agent_of,
    is_agent_refused,
    is_answered_apart,
    overridden,
)

ORIGIN = "https://origin-of-nobody.example"
BODY = b'{"id": "ba'


def odd(*args: Any, chapter: str = ODD_REQUESTS, query: str = "", **more: Any) -> Observation:
    return seen(*args, **more, chapter=chapter, probe={"query": query})


def asked_for(name: str, value: str = "delete", **more: Any) -> str:
    return overridden(odd(asked=(("Accept", JSON), (name, value)), **more))


def test_a_method_may_be_asked_for_by_a_header() -> None:
    names = ("X-HTTP-Method-Override", "x-http-method", "X-Method-Override")
    assert [asked_for(name) for name in names] == ["DELETE"] * 3
    assert asked_for("x-http-method", chapter="chapter") == "DELETE"
    assert asked_for("X-Method") == asked_for("_method") == ""
    assert asked_for("x-http-method", "put", query="_method=patch") == "PUT"


def test_a_method_may_be_asked_for_by_a_parameter() -> None:
    names = ("_method", "method", "httpMethod", "X-HTTP-Method-Override", "x-http-method", "x-method-override")
    assert [overridden(odd(query=f"a=b&{name}=delete")) for name in names] == ["DELETE"] * 6
    assert overridden(odd(query="methods=delete")) == overridden(odd(query="a=method")) == ""
    assert overridden(odd(query="_method=delete", chapter="chapter")) == overridden(odd()) == ""


def test_a_client_is_what_an_odd_request_says_that_it_is() -> None:
    asked = (("Accept", JSON), ("User-Agent", "curl/8"), ("user-agent", "other"))
    assert agent_of(odd(asked=asked)) == "curl/8"
    assert agent_of(odd(asked=asked, chapter="known_ids")) == agent_of(odd()) == ""


@pytest.mark.parametrize(
    ("status", "refused"),
    [(399, False), (400, True), (403, True), (428, True), (429, False), (430, True), (499, True), (500, False)],
)
def test_a_client_is_refused_with_4xx_but_for_a_limit(status: int, refused: bool) -> None:
    assert is_agent_refused(seen(status=status)) is refused
    agent = odd(b"no", status, asked=(("User-Agent", "curl/8"),), name="agent_curl")
    assert bool(broken("response.client_refused", agent)) is refused


def test_a_client_that_is_refused_is_told_unless_others_are_refused_too() -> None:
    (one,) = broken("response.client_refused", odd(b"no", 403, asked=(("User-Agent", "curl/8"),), name="agent_curl"))
    assert (one.kind, one.status, one.media_type, one.pointer, one.level) == ("agent_curl", "", "", "", None)
    assert one.when == ("if_agent_refused", "curl/8")
    assert words(one) == (
        "response.client_refused.expected",
        "response.client_refused.observed agent=curl/8 status=403",
    )
    assert not is_agent_refused(seen(answered=False))
    assert broken("response.client_refused", odd(b"no", 403)) == []


def test_refusals_and_parts_of_odd_requests_stand_apart() -> None:
    statuses = (199, 200, 206, 299, 300, 404, 500)
    assert [one for one in statuses if is_answered_apart(odd(status=one))] == [199, 300, 404, 500]
    ranged = {"asked": (("Range", "bytes=0-9"),)}
    assert [one for one in statuses if is_answered_apart(odd(status=one, **ranged))] == [199, 206, 300, 404, 500]
    assert is_answered_apart(odd(query="_method=delete"))
    assert not is_answered_apart(odd(answered=False))
    assert not is_answered_apart(odd(status=404, chapter="chapter"))
    assert not is_answered_apart(odd(status=206, chapter="chapter", **ranged))


def part(*given: str, body: bytes = BODY, asked: str = "bytes=0-9", status: int = 206, **more: Any) -> list[str]:
    headers = (*(("Content-Range", one) for one in given), *more.pop("headers", ()))
    wanted = (("RANGE", asked),) if asked else ()
    return [one.kind for one in broken("response.partial", seen(body, status, asked=wanted, headers=headers, **more))]


def test_a_part_says_which_bytes_it_is() -> None:
    assert part() == part("  ") == ["missing"]
    assert part("bytes 0-9/282") == part("bytes 0-9/*") == part(" Bytes 5-14/15 ") == []
    assert part(asked="") == part(status=200) == part(headers_complete=False) == part(answered=False) == []
    assert part(media_type="multipart/byteranges; boundary=b") == []
    assert part("bytes 0-99/282", media_type="multipart/byteranges") == ["other"]


@pytest.mark.parametrize(
    "given",
    ["bytes 0-99/282", "bytes 0-8/282", "bytes 9-0/282", "bytes 0-9/9", "bytes 1-10/10", "bytes ten", "Bytes=0-9/282"],
)
def test_a_part_that_contradicts_itself_is_told(given: str) -> None:
    assert part(given) == ["other"]


def test_of_a_part_of_other_units_or_an_encoded_one_less_is_known() -> None:
    assert part("items 0-9/282") == part("lines 9-0/5") == []
    assert part("bytes 0-99/282", headers=(("Content-Encoding", "gzip"),)) == []
    assert part("bytes 9-0/282", headers=(("Content-Encoding", "gzip"),)) == ["other"]
    assert part("bytes 0-99/282", truncated=True) == part("bytes 0-99/282", method="HEAD") == []
    assert part("bytes 3-3/4", body=b"x") == []
    assert part("bytes 3-3/3", body=b"x") == ["other"]


def test_a_part_is_told_with_its_size_on_the_wire() -> None:
    asked, headers = (("Range", "bytes=0-9"),), (("Content-Range", "bytes 0-99/282" + "2" * 80),)
    (one,) = broken("response.partial", seen(BODY, 206, asked=asked, headers=headers))
    assert (one.kind, one.status, one.media_type, one.pointer) == ("other", "", "", "")
    given = ("bytes 0-99/282" + "2" * 80)[:60]
    assert words(one) == ("response.partial.expected", f"response.partial.other bytes=10 given={given}")
    (one,) = broken("response.partial", seen(BODY, 206, asked=asked, headers=headers, wire_size=7))
    assert words(one)[1] == f"response.partial.other bytes=7 given={given}"
    (none,) = broken("response.partial", seen(BODY, 206, asked=asked))
    assert (none.kind, none.status, words(none)) == (
        "missing",
        "",
        ("response.partial.expected", "response.partial.none"),
    )


def reflected(allowed: str, credentials: str = "true", origin: str = ORIGIN, **more: Any) -> list[str]:
    headers = (("Access-Control-Allow-Origin", allowed), ("Access-Control-Allow-Credentials", credentials))
    asked = (("Origin", origin),) if origin else ()
    return [one.kind for one in broken("response.origin_reflected", seen(asked=asked, headers=headers, **more))]


def test_an_origin_is_reflected_where_it_is_allowed_with_credentials() -> None:
    assert reflected(ORIGIN) == reflected(f" {ORIGIN} ", " true") == ["reflected"]
    assert [status for status in (199, 200, 299, 300, 404) if reflected(ORIGIN, status=status)] == [200, 299]
    assert reflected("*") == reflected(ORIGIN, "false") == reflected(ORIGIN, "") == []
    assert reflected("", origin="") == reflected(ORIGIN, origin="") == reflected(ORIGIN, answered=False) == []
    assert reflected("https://other.example") == []


def test_a_reflected_origin_is_told_of_any_answer() -> None:
    headers = (("Access-Control-Allow-Origin", ORIGIN), ("Access-Control-Allow-Credentials", "true"))
    (one,) = broken("response.origin_reflected", seen(asked=(("Origin", ORIGIN),), headers=headers))
    assert (one.kind, one.status, one.media_type, one.pointer) == ("reflected", "", "", "")
    expected, observed = "response.origin_reflected.expected", "response.origin_reflected.observed"
    assert words(one) == (expected, f"{observed} origin={ORIGIN}")
    assert broken("response.origin_reflected", seen(asked=(("Origin", ORIGIN),))) == []


def exercised(rule: str, read: Observation) -> bool:
    check = REGISTRY[rule].exercised
    assert check is not None
    return check(read)


def test_the_rules_are_exercised_by_what_asks_for_it() -> None:
    ranged, origin = {"asked": (("Range", "bytes=0-9"),)}, {"asked": (("Origin", ORIGIN),)}
    agent = {"asked": (("User-Agent", "curl/8"),)}
    assert exercised("response.partial", seen(status=206, **ranged))
    assert not exercised("response.partial", seen(status=206))
    assert not exercised("response.partial", seen(status=200, **ranged))
    assert exercised("response.client_refused", odd(**agent))
    assert not exercised("response.client_refused", seen(**agent))
    assert not exercised("response.client_refused", odd(answered=False, **agent))
    assert exercised("response.origin_reflected", seen(**origin))
    assert not exercised("response.origin_reflected", seen())
    assert not exercised("response.origin_reflected", seen(answered=False, **origin))


def test_the_rules_are_asked_by_odd_requests_with_such_a_header() -> None:
    names = {
        "response.partial": "range",
        "response.client_refused": "user-agent",
        "response.origin_reflected": "origin",
    }
    for rule, name in names.items():
        requests = REGISTRY[rule].requests
        assert requests(Probe(ODD_REQUESTS, "a", "/", None, "known", headers=((name.title(), "x"),)), "")
        assert not requests(Probe(ODD_REQUESTS, "a", "/", None, "known"), "")
        assert not requests(Probe("chapter", "a", "/", None, "known", headers=((name, "x"),)), "")
        assert requests(Probe("known_ids", "a", "/", None, "known"), "") is (rule == "response.client_refused")


def test_the_rules_have_a_clause_each_and_those_of_an_id_none_of_a_list() -> None:
    listing = next(one for one in lists().operations if one.listing is not None)
    for rule in ("response.partial", "response.client_refused", "response.origin_reflected"):
        (clause,) = REGISTRY[rule].clauses_of(operation_of())
        assert (clause.status, clause.media_type, clause.pointer) == ("", "", "")
        assert clause.says.id == f"{rule}.clause"
        assert REGISTRY[rule].unseen.id == f"{rule}.unseen"  # type: ignore[union-attr]
        assert len(list(REGISTRY[rule].clauses_of(listing))) == (rule == "response.origin_reflected")
    own = {"response.partial", "response.client_refused", "response.origin_reflected"}
    assert {*own, "method.undeclared_answered"} == OF_ODD_REQUESTS
