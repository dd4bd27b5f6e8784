"""Words that may be a gateway's: which those are, when they pass, and what is made of deviations in them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from judge_support import KNOWN, OTHER, contract, contract_of, sent

from batch_conformance.exchange.exchange import Exchange, Failure
from batch_conformance.judge.applying import check
from batch_conformance.judge.gateway import (
    GatewayAnswers,
    Words,
    attribute_to_network,
    gateway_answers_of,
    may_pass,
    only_errors,
    silent_ids,
)
from batch_conformance.message import shown
from batch_conformance.observation.observation import Observation

HTML: dict[str, Any] = {"body": b"<p>busy</p>", "media_type": "text/html"}
OWN = {"code": 50508, "message": "busy", "data": None}
NEVER = float("-inf")


def seen(exchange: Exchange) -> Observation:
    return Observation(exchange, contract())


@pytest.mark.parametrize(
    ("exchange", "foreign"),
    [
        (sent(**HTML, status=429), True),
        (sent(**HTML, status=502), False),  # no body is documented for it
        (sent(**HTML, status=503), True),
        (sent(**HTML, status=504), True),
        (sent(**HTML, status=500), True),
        (sent(**HTML, status=501), False),
        (sent(**HTML, status=500, forced=500), False),
        (sent(**HTML, status=503, forced=503), True),
        (sent(**HTML, status=499), False),
        (sent(**HTML, status=404), False),
        (sent(**HTML, status=200), False),
        (sent(OWN, 503), False),
        (sent(b"", 503), True),
        (sent(b"", 503, media_type=None), True),
        (sent(b"{", 503), True),
        (sent([1], 503), True),
        (sent("busy", 503), True),
        (sent({}, 503), True),
        (sent({"message": "busy"}, 503), True),
        (sent({"message": "busy", "code": 1}, 503), False),
        (sent({"message": "busy", "data": 1, "error": "x"}, 503), False),
        (sent({"error": {"message": "busy", "code": 1}}, 503), True),
        (sent("slow down", 504), False),  # a string is documented
        (sent(answered=False), False),
    ],
    ids=range(24),
)
def test_a_body_that_has_next_to_nothing_of_the_documented_one_may_be_a_gateways(
    exchange: Exchange, *, foreign: bool
) -> None:
    assert may_pass(seen(exchange)) is foreign


def test_half_of_the_documented_members_are_enough_and_those_inside_of_others_do_not_count() -> None:
    inner = {"type": "object", "properties": {"x": {"type": "string"}, "y": {"type": "string"}}}
    error = {"type": "object", "properties": {"a/b": {"type": "string"}, "c": inner, "d": {}, "e": {}}}
    of_error = {"503": {"description": "Busy.", "content": {"application/json": {"schema": error}}}}
    small = contract_of({"type": "object"}, responses=of_error)
    for body, foreign in (
        ({"a/b": "x", "c": {}}, False),
        ({"c": {}}, True),
        ({"c": {}, "x": 1}, True),
        ({"d": 1, "e": 1}, False),
    ):
        assert may_pass(Observation(sent(body, 503), small)) is foreign


def words(*taken: tuple[Exchange, bool]) -> Words:
    made = Words()
    for exchange, foreign in taken:
        made.add(seen(exchange), foreign=foreign)
    return made


PAGE = sent(**HTML, status=503, forced=503)
ANSWER = sent(OWN, 503, forced=503)


@pytest.mark.parametrize(
    ("taken", "passes"),
    [
        ([], True),
        ([(PAGE, True)], False),
        ([(ANSWER, False)], True),
        ([(PAGE, True), (ANSWER, False)], True),
        ([(PAGE, True), (PAGE, True), (ANSWER, False)], False),
        ([(ANSWER, False), (ANSWER, False), (PAGE, True)], True),
        ([(PAGE, True), (sent(**HTML, status=503), True)], True),
        ([(PAGE, True), (sent(**HTML, status=503), False)], False),
        ([(PAGE, True), (sent(b"<p>other</p>", 503, media_type="text/html"), True)], False),
        ([(PAGE, True), (sent(HTML["body"], 503), True)], False),
        ([(PAGE, True), (sent(**HTML, status=502), True)], False),
        ([(PAGE, True), (sent(OWN, 502, forced=502), False)], False),
        ([(PAGE, True), (sent(**HTML, status=500, forced=500), False)], False),
    ],
    ids=range(13),
)
def test_what_was_asked_for_passes_where_the_apis_words_came_as_often_or_it_came_unasked(
    taken: list[tuple[Exchange, bool]], *, passes: bool
) -> None:
    assert words(*taken).are_passing(seen(PAGE)) is passes
    for first, second in ((taken[:1], taken[1:]), (taken[1:], taken[:1])):
        made = words(*first)
        made.update(words(*second))
        assert made.are_passing(seen(PAGE)) is passes


@pytest.mark.parametrize(
    ("exchange", "latest", "in_outage", "elsewhere", "passes"),
    [
        (sent(**HTML, status=503), 5.0, False, False, False),
        (sent(**HTML, status=503), 5.0, False, True, True),
        (sent(**HTML, status=500), 5.0, False, True, False),
        (sent(**HTML, status=500), NEVER, True, False, True),
        (sent(**HTML, status=500), NEVER, False, False, False),
        (sent(**HTML, status=500), -1.0, True, False, True),
        (sent(**HTML, status=500), 0.0, True, False, False),
        (sent(**HTML, status=429), 5.0, False, False, True),
        (sent(**HTML, status=429), NEVER, False, False, False),
        (sent(**HTML, status=503, forced=503), NEVER, True, True, False),
    ],
    ids=range(10),
)
def test_words_pass_where_the_path_was_answered_or_all_is_an_outage(
    exchange: Exchange, latest: float, *, in_outage: bool, elsewhere: bool, passes: bool
) -> None:
    answers = GatewayAnswers(words((PAGE, True)), latest, in_outage)
    assert answers.passes(seen(exchange), elsewhere=elsewhere) is passes


def test_three_failures_after_the_last_answer_are_an_outage() -> None:
    known = Words()
    for failures, in_outage in (([6.0, 7.0, 8.0], True), ([5.0, 7.0, 8.0], False), ([1.0, 6.0, 7.0], False)):
        assert gateway_answers_of(known, 5.0, failures) == GatewayAnswers(known, 5.0, in_outage)


def test_what_is_wrong_with_a_body_in_passing_is_news_of_the_network() -> None:
    answer = sent({"code": "x", "message": "m", "data": None}, 503, headers=(("Retry-After", "soon"),))
    found = [one for broken in check(seen(answer)).values() for _, one in broken]
    told = {one.rule: attribute_to_network(one) for one in found}
    of_body, of_head = told["body.type"], told["response.retry_after"]
    assert (of_body.level, of_body.side, of_body.kind) == ("info", "network", "passing_string")
    assert (of_head.level, of_head.side) == ("must", "server")
    (type_of_code,) = (one for one in found if one.rule == "body.type")
    as_information = replace(type_of_code, level="info")
    assert attribute_to_network(as_information) is as_information


RESET: dict[str, Any] = {"answered": False, "failure": Failure("reset", shown("reset"))}


def lacks(*exchanges: Exchange, unjudged: frozenset[int], reported: frozenset[str] = frozenset()) -> list[str]:
    numbered = [replace(one, number=place) for place, one in enumerate(exchanges)]
    return list(map(str, only_errors(numbered, contract(), unjudged, reported)))


def test_a_request_whose_only_answer_was_a_server_error_lacks_another_one() -> None:
    error = sent({}, 500, name="odd")
    both = frozenset({0, 1})
    assert lacks(error, unjudged=both) == ["an answer to chapter/odd but the one 500"]
    assert lacks(error, unjudged=frozenset({1})) == []
    assert lacks(error, sent(name="odd"), unjudged=both) == []
    assert lacks(error, sent(name="even"), unjudged=both) == ["an answer to chapter/odd but the one 500"]
    assert lacks(error, sent(name="odd", chapter="another"), unjudged=both) != []
    assert lacks(sent({}, 503, name="odd"), unjudged=both) == []
    assert lacks(sent(**RESET, name="odd"), unjudged=both) == []
    assert lacks(error, unjudged=both, reported=frozenset({"known"})) == []
    assert lacks(error, unjudged=both, reported=frozenset({"unknown"})) != []
    hostile = sent({}, 500, name="odd", subject="hostile")
    assert lacks(hostile, unjudged=both) != []
    assert lacks(hostile, unjudged=both, reported=frozenset({"unknown"})) == []


def silent(*exchanges: Exchange, unjudged: frozenset[int]) -> list[str]:
    numbered = [replace(one, number=place) for place, one in enumerate(exchanges)]
    return list(map(str, silent_ids(numbered, contract(), unjudged)))


def test_an_id_that_got_no_answer_twice_while_others_did_lacks_one() -> None:
    gone = sent(**RESET)
    first = frozenset({0, 1})
    told = [f"an answer for the id {KNOWN}"]
    assert silent(gone, gone, sent(batch_id=OTHER), unjudged=first) == told
    assert silent(gone, gone, unjudged=first) == []
    assert silent(gone, replace(gone, final=False), sent(batch_id=OTHER), unjudged=first) == []
    assert silent(gone, gone, sent(), unjudged=first) == []
    assert silent(gone, gone, sent(batch_id=OTHER), unjudged=frozenset({0})) == []
    assert silent(gone, gone, sent(batch_id=OTHER), unjudged=frozenset({0, 1, 2})) == told
    assert silent(gone, gone, sent(batch_id=OTHER, method="HEAD"), unjudged=first) == []
