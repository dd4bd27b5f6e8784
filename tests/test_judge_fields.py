"""What the rules about fields of HTTP give for one exchange: their grammar, their copies, and each beside others."""

from __future__ import annotations

import pytest
from cases_heads import DATE
from judge_cases import batch, failed
from test_judge_access import exercised
from test_judge_heads import Told, told, with_heads

from batch_conformance.rules.agreement import surely_agree
from batch_conformance.rules.fields import is_well_formed, moment_of_fixdate, schemes


def agree(*headers: tuple[str, str]) -> bool:
    exchange = batch(headers=headers)
    broken = [*told("response.aged_no_store", exchange), *told("response.modified_later", exchange)]
    assert surely_agree(headers) is not broken or not broken
    return surely_agree(headers)


def test_the_fields_of_a_head_do_not_contradict_each_other() -> None:
    store = ("Cache-Control", "no-store")
    for age in ("1", "40", "10", "007"):
        assert not agree(("Age", age), store)
    for age in ("0", "00", "x", "5X", "X5", "-1", "", "1.5"):
        assert agree(("Age", age), store)
    assert not agree(("age", " 5\t"), ("cache-control", "private"), ("Cache-Control", "NO-STORE;"))
    assert agree(("Age", "5"), ("Cache-Control", 'no-store="x"'))
    assert agree(("Age", "0"), ("Age", "5"), store)
    aged = "no Age above 0 with Cache-Control: no-store; Age {} with Cache-Control: {}"
    exchange = with_heads(("Age", "5" * 30), ("Cache-Control", "no-store, " + "x" * 60))
    shown_as = aged.format("5" * 20, "no-store, " + "x" * 50)
    assert told("response.aged_no_store", exchange) == [("aged", "", shown_as, None)]
    for name in ("X-Served-By", "X-Timer", "CF-Cache-Status", "X-Vercel-Cache"):
        (found,) = told("response.aged_no_store", with_heads(("Age", "5"), store, (name, "x")))
        assert found[3] == "info"
    for name in ("Surrogate-Control", "CDN-Cache-Control", "X-Cache-Control"):
        assert agree(("Age", "5"), store, (name, "max-age=1"))
    assert told("response.aged_no_store", with_heads(("Age", "5"), store, headers_complete=False)) == []
    assert told("response.aged_no_store", failed("reset")) == []


def test_nothing_is_modified_more_than_ten_minutes_after_it_was_sent() -> None:
    ten, more = "Sun, 06 Nov 1994 08:59:37 GMT", "Sun, 06 Nov 1994 08:59:38 GMT"
    assert agree(("Date", DATE), ("Last-Modified", ten))
    assert not agree(("Date", DATE), ("last-modified", f" {more} "))
    words = f"a Last-Modified that is not later than Date; Last-Modified {more}, Date {DATE}"
    assert told("response.modified_later", with_heads(("Date", DATE), ("Last-Modified", more))) == [
        ("later", "", words, None)
    ]
    for head in (
        (("Date", DATE), ("Date", DATE), ("Last-Modified", more)),
        (("Date", DATE), ("Last-Modified", more), ("Last-Modified", more)),
        (("Date", DATE), ("Last-Modified", "later")),
        (("Date", "now"), ("Last-Modified", more)),
        (("Date", DATE), ("Last-Modified", "Sun, 06 Nov 2094 08:59:60 GMT")),
        (("Last-Modified", more),),
    ):
        assert agree(*head)


@pytest.mark.parametrize(
    ("value", "named"),
    [
        ("Bearer", ("bearer",)),
        (" ,Bearer , ", ("bearer",)),
        ("Basic realm=a, Bearer", ("basic", "bearer")),
        ('Digest realm="a, b" ,nonce = "c", BEARER x=y', ("digest", "bearer")),
        ("Negotiate abc==, Basic", ("negotiate", "basic")),
        ("Negotiate abc==  ,  Basic realm=x", ("negotiate", "basic")),
        ("Bearer realm=a error=b", None),
        ("Bearer Basic", ("bearer",)),
        ("realm=x", None),
        ("Bearer realm=", ("bearer",)),  # a token68
        ("Bearer a=b realm=", None),
        ("Bearer:", None),
        ("", ()),
    ],
)
def test_the_schemes_of_challenges(value: str, named: tuple[str, ...] | None) -> None:
    assert schemes(value) == named


def test_a_field_is_looked_at_to_four_thousand_characters_and_not_where_it_is_masked() -> None:
    assert not is_well_formed("age", "x" * 4000)
    assert is_well_formed("age", "x" * 4001)
    assert is_well_formed("x-age", "x")
    assert is_well_formed("age", " 5\t")
    assert is_well_formed("www-authenticate", " ")
    assert not is_well_formed("age", "")
    for masked in ("***", "<redacted>", "MASKED", "[Filtered]"):
        assert is_well_formed("age", masked)
    assert not is_well_formed("age", "**")


@pytest.mark.parametrize(
    ("name", "value", "is_one"),
    [
        ("cache-control", "no-store,\u00a0", False),
        ("cache-control", "no-store,max-age=5\u00a0", False),
        ("cache-control", "no-store,\tmax-age=5 ; \t", True),
        ("cache-control", 'private="a, b" , max-age=5', True),
        ("cache-control", 'private="a, b', False),
        ("cache-control", "Stale-If-Error=x", False),
        ("cache-control", "S-MaxAge", False),
        ("cache-control", "no-cache=x", True),
        ("vary", "Accept\u00a0", False),
        ("allow", "\tGET , HEAD ", True),
        ("content-type", "application/json; a", False),
        ("content-type", "json; a", True),
        ("content-type", "\tapplication/json\t; a=b ", True),
        ("content-type", "text/html; a; b/c", False),
        ("content-length", "5, 5", True),
        ("content-length", "5,", False),
        ("content-length", " 7 ", True),
        ("expires", "-1", True),
        ("expires", "1.5", False),
        ("link", "<a>, , <b>; rel=x", True),
        ("link", "<a>\u00a0", False),
        ("link", ",", True),
        ("etag", 'W/"a"', True),
        ("etag", '"a"x', False),
    ],
)
def test_a_value_keeps_the_grammar_of_its_field(name: str, value: str, is_one: bool) -> None:
    assert is_well_formed(name, value) is is_one


def test_a_field_that_breaks_its_grammar_is_told_once_as_it_came() -> None:
    rule = "response.field_syntax"
    twice = with_heads(("AGE", " x" + "y" * 70), ("Age", "z"), ("ETag", "a"))
    assert [(kind, status) for kind, status, _, _ in told(rule, twice)] == [("age", ""), ("etag", "")]
    assert told(rule, twice)[0][2] == f"Age: whole seconds (RFC 9111 section 5.1); Age: `x{'y' * 59}`"
    assert told(rule, with_heads(("Age", "x"), headers_complete=False)) == told(rule, failed("reset")) == []


def test_a_field_that_stands_more_than_once_is_told_with_its_values() -> None:
    rule = "response.field_repeated"
    values = [f" {letter * 50} " for letter in "abc"]
    three = with_heads(*(("ETag", value) for value in values))
    shown_as = f"{'a' * 40}, {'b' * 40}, {'c' * 6}"
    assert told(rule, three) == [("etag", "", f"one ETag; 3 of them: {shown_as}", None)]
    assert told(rule, with_heads(("etag", "1"), ("ETAG", "2")))[0][2] == "one ETag; 2 of them: 1, 2"
    assert told(rule, with_heads(("ETag", "1"), ("ETag", "2"), headers_complete=False)) == []
    assert told(rule, failed("reset")) == []
    for other, is_told in (("Application/JSON ; charset=x", True), ("text/html", False), ("application/json", False)):
        assert bool(told(rule, with_heads(("Content-Type", other)))) is is_told


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Fri, 02 Jan 1970 01:01:01 GMT", 90061),
        ("Wed, 31 Dec 1969 23:59:60 GMT", 0),
        ("Thu, 29 Feb 2024 00:00:00 GMT", 1709164800),
        ("Thu, 29 Feb 2023 00:00:00 GMT", None),
        ("Thu, 00 Jan 1970 00:00:00 GMT", None),
        ("Thu, 31 Jan 1970 00:00:00 GMT", 2592000),
        ("Thu, 32 Jan 1970 00:00:00 GMT", None),
        ("Sat, 01 Jan 0000 00:00:00 GMT", None),
        ("Mon, 01 Jan 0001 00:00:00 GMT", -62135596800),
        ("Thu, 01 Jan 1970 24:00:00 GMT", None),
        ("Thu, 01 Jan 1970 00:60:00 GMT", None),
        ("Thu, 01 Jan 1970 00:00:61 GMT", None),
        ("Thu, 01 Jan 1970 00:00:00 UTC", None),
        ("Xxx, 01 Jan 1970 00:00:00 GMT", None),
    ],
)
def test_a_fixdate_is_a_moment(text: str, moment: int | None) -> None:
    assert moment_of_fixdate(text) == moment


def test_what_was_noted_of_a_head_is_told_with_its_date_cut() -> None:
    long = "x" * 50

    def noted(rule: str, note: tuple[str, str], *headers: tuple[str, str]) -> list[Told]:
        return told(f"response.{rule}", with_heads(*headers, wire_notes=(note,)))

    clock = "the Date of the moment, by the clock of this machine; {}, which is 9 s away from it"
    assert noted("clock", ("clock", "-9"), ("Date", f" {long} ")) == [("off", "", clock.format("x" * 40), None)]
    assert noted("clock", ("clock", "9")) == [("off", "", clock.format(""), None)]
    back = (
        "a Date that is not earlier than that of an answer before; x, after y in an earlier answer to the same request"
    )
    assert noted("dates_contradict", ("date_back", "y"), ("date", "x")) == [("back", "", back, None)]
    for rule in ("head_lines", "fields_accumulate", "dates_contradict", "clock"):
        assert told(f"response.{rule}", failed("reset")) == told(f"response.{rule}", batch()) == []
        assert noted(rule, ("else", "x")) == []
        assert exercised(f"response.{rule}", batch(wire_notes=()))
        assert not exercised(f"response.{rule}", batch())
        assert not exercised(f"response.{rule}", failed("reset"))
