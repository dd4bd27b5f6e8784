"""What a gateway says for a server that is away for a moment is no word of the API; what always comes is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from judge_support import KNOWN, OTHER, contract, findings, sent, unknown

from batch_conformance.exchange.exchange import Exchange, Failure
from batch_conformance.judge.gateway import only_errors, silent_ids
from batch_conformance.judge.judge import judge
from batch_conformance.message import shown

HTML = b"<html><h1>503 Service Temporarily Unavailable</h1></html>"
FOREIGN: list[tuple[Any, str | None]] = [
    (HTML, "text/html"),
    (HTML, "application/json"),
    (b"", None),
    (b"upstream connect error", "text/plain"),
    ({"error": {"message": "busy"}}, "application/json"),
    ({"message": "no healthy upstream"}, "application/json"),
    ("busy", "application/json"),
]
DOCUMENTED = [(429, {"message": "no healthy upstream"}), (504, "busy")]
"""Of them, what the contract has for this status."""


def reset(**more: Any) -> Exchange:
    return sent(answered=False, failure=Failure("reset", shown("the connection was reset")), **more)


def numbered(*runs: Exchange | tuple[Exchange, ...]) -> list[Exchange]:
    """Each a request of the plan; several together are the attempts of one."""
    made = []
    for number, run in enumerate(runs):
        attempts = run if isinstance(run, tuple) else (run,)
        made += [
            replace(
                one, number=number, attempt=attempt, final=attempt == len(attempts) - 1, started_at=float(len(made))
            )
            for attempt, one in enumerate(attempts)
        ]
    return made


def weighty(exchanges: list[Exchange]) -> set[tuple[str, str]]:
    return {
        (finding.rule, finding.status) for finding in judge(exchanges, contract()).findings if finding.level != "info"
    }


@pytest.mark.parametrize(("body", "media_type"), FOREIGN)
@pytest.mark.parametrize("status", [429, 503, 504])
def test_what_a_gateway_says_before_the_answer_is_news_of_the_network(status, body, media_type):
    run = numbered(sent(), (sent(body, status, media_type=media_type), sent()), unknown())
    assert weighty(run) == weighty(numbered(sent(), unknown()))
    told = [finding for finding in judge(run, contract()).findings if finding.kind.startswith("passing_")]
    assert {(finding.level, finding.side, finding.status) for finding in told} <= {
        ("info", "network", where) for where in (str(status), "")
    }
    assert told or (status, body) in DOCUMENTED


def test_it_neither_keeps_nor_breaks_a_clause():
    run = numbered(sent(), (sent(HTML, 503, media_type="text/html"), sent()), unknown())
    clauses = judge(run, contract()).clauses
    assert {result.state for result in clauses if result.clause.status == "503"} == {"not_observed"}


def test_a_limit_that_outlasts_the_retries_is_no_drift_either():
    limited = tuple(sent(b"", 429, media_type=None, subject="unknown", batch_id="batch_x") for _ in range(3))
    assert weighty(numbered(sent(), limited, unknown())) == weighty(numbered(sent(), unknown()))


def test_attempts_that_came_to_different_ends_are_weather():
    mixed = (reset(batch_id=OTHER), sent(HTML, 503, media_type="text/html", batch_id=OTHER))
    assert weighty(numbered(sent(), mixed, unknown())) == weighty(numbered(sent(), unknown()))


def test_an_outage_in_a_gateways_words_is_no_drift():
    run = numbered(*(sent(HTML, 503, media_type="text/html") for _ in range(5)))
    assert weighty(run) == set()
    assert judge(run, contract()).missing


def test_what_was_asked_for_in_the_words_in_which_it_came_unasked_is_the_gateways_too():
    asked = sent(b"", 429, media_type=None, forced=429)
    unasked = (sent(b"", 429, media_type=None), sent())
    assert weighty(numbered(sent(), asked, asked, unasked, unknown())) == weighty(numbered(sent(), unknown()))
    assert ("json.invalid", "429") in weighty(numbered(sent(), asked, asked, unknown()))


@pytest.mark.parametrize(("method", "rules"), [("DELETE", set()), ("GET", {"response.silent"})])
def test_two_resets_of_what_is_sent_only_once_may_be_the_networks(method, rules):
    odd = [reset(method=method, name="odd", subject="unknown") for _ in range(2)]
    run = numbered(sent(), *odd, sent(), unknown())
    assert {rule for rule, _ in weighty(run)} & {"response.silent"} == rules


def test_an_outage_that_begins_half_way_is_none_either():
    down = [
        tuple(sent(HTML, 503, media_type="text/html", batch_id=f"batch_{number}") for _ in range(3))
        for number in (1, 2)
    ]
    assert weighty(numbered(sent(), unknown(), *down)) == weighty(numbered(sent(), unknown()))


@pytest.mark.parametrize("status", [600, 999])
def test_a_status_that_http_does_not_have_is_told_and_no_outage(status):
    run = numbered(*(sent({}, status, name=f"read_{number}") for number in range(4)))
    assert ("response.status", str(status)) in weighty(run)


def test_a_server_error_that_is_the_only_answer_leaves_the_verdict_open():
    def lacks(*attempts: Exchange) -> tuple[str, ...]:
        run = numbered(sent(), attempts, unknown())
        return tuple(map(str, only_errors(run, contract(), judge(run, contract()).unjudged)))

    error, limit = sent({}, 500, name="odd"), sent(b"", 429, media_type=None, name="odd")
    assert lacks(error, limit) == ("an answer to chapter/odd but the one 500",)
    assert lacks(error, sent(name="odd")) == lacks(limit, limit) == lacks(sent(HTML, 503, name="odd"), limit) == ()


def test_what_always_comes_for_one_batch_is_the_servers_own_answer():
    always = tuple(sent(HTML, 503, media_type="text/html", batch_id=OTHER) for _ in range(3))
    assert ("response.media_type", "503") in weighty(numbered(sent(), always, unknown()))


def test_the_apis_own_words_are_judged_whenever_they_come():
    wrong = {"code": "50505", "message": "overloaded", "data": ""}
    assert ("body.type", "503") in weighty(numbered(sent(), (sent(wrong, 503), sent()), unknown()))


def test_a_status_that_was_asked_for_is_the_servers_own_unless_it_came_in_its_words_too():
    page = sent(HTML, 503, media_type="text/html", forced=503)
    own = sent({"code": 1, "message": "m", "data": ""}, 503, forced=503)
    assert ("response.media_type", "503") in weighty(numbered(sent(), page, page, unknown()))
    assert weighty(numbered(sent(), page, own, unknown())) == weighty(numbered(sent(), unknown()))
    assert ("response.media_type", "503") in weighty(numbered(sent(), page, own, page, unknown()))


@pytest.mark.parametrize(
    "first", [reset(forced=500, name="prefer_500"), sent(status=503, forced=500, name="prefer_500")]
)
def test_one_failure_among_answers_that_were_asked_for_is_no_silence(first):
    asked = sent({"message": "m"}, 500, forced=500, name="prefer_500", batch_id=KNOWN)
    assert not {"response.silent", "response.server_error"} & {
        finding.rule for finding in findings(*numbered(sent(), first, asked, sent(name="read")))
    }


@pytest.mark.parametrize(("body", "media_type"), [(b"Internal Server Error", "text/plain"), *FOREIGN])
def test_a_server_that_answers_everything_with_an_error_is_down_and_says_nothing_of_the_contract(body, media_type):
    broken = [
        ask(body, 500, media_type=media_type, name=name) for name in ("one", "two") for ask in (sent, unknown, sent)
    ]
    assert weighty(numbered(*broken)) == set()
    assert weighty(numbered(sent(), *broken, *broken)) == weighty(numbered(sent()))


def test_one_kind_of_request_that_crashes_the_server_is_told_with_what_it_says():
    odd = [unknown(b"Internal Server Error", 500, media_type="text/plain", name="odd") for _ in range(3)]
    run = numbered(sent(), *(one for each in odd for one in (each, sent())))
    (found,) = [finding for finding in judge(run, contract()).findings if finding.level != "info"]
    assert (found.rule, found.status) == ("response.server_error", "500")
    assert str(found.observed).endswith("in another body than documented (application/json)")


def test_a_known_id_that_got_no_answer_leaves_the_verdict_open():
    def lacks(*runs: Exchange) -> tuple[str, ...]:
        run = numbered(*runs)
        return tuple(map(str, silent_ids(run, contract(), judge(run, contract()).unjudged)))

    silent = reset(batch_id=OTHER, name="poll")
    assert lacks(sent(), silent, sent(), reset(batch_id=OTHER)) == (f"an answer for the id {OTHER}",)
    assert lacks(sent(), silent, sent()) == ()
    assert lacks(sent(), silent, silent, sent(batch_id=OTHER)) == ()
    assert lacks(silent, silent, reset()) == ()
    told = [one for _ in range(3) for one in (sent(b"", 500, media_type=None, batch_id=OTHER), sent())]
    assert lacks(*told) == ()
