"""A request that was down by all its parts, and what is told of one that always fails: every part of the deviation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from cases_lists import lists
from judge_support import KNOWN, contract, sent

from batch_conformance.exchange.exchange import ODD_REQUESTS, RECORDED, Exchange, Failure
from batch_conformance.judge.availability import (
    EVERY_ID,
    ONE_ID,
    AvailabilityResult,
    FailedRequest,
    PersistentFailure,
    down_of,
    ended,
    is_down,
    is_often,
    shows_a_batch,
)
from batch_conformance.message import shown
from batch_conformance.observation.observation import Observation

RESET, TIMEOUT, REFUSED = (Failure(kind, shown(f"it ended in {kind}")) for kind in ("reset", "timeout", "refused"))  # type: ignore[arg-type]
FRAMED = {"headers": (("Content-Length", "900"),), "status": 206, "body": b"", "failure": TIMEOUT}


def seen(exchange: Exchange) -> Observation:
    return Observation(replace(exchange, number=3, started_at=7.5), contract())


def gone(failure: Failure = RESET, **more: Any) -> Exchange:
    return sent(answered=False, failure=failure, **more)


USUAL = FailedRequest(
    moment=(7.5, 3, 0),
    operation=contract().chosen.id,
    key="key",
    batch_id=KNOWN,
    kind="chapter/read",
    read=f"chapter/read with the id {KNOWN}",
    subject="known",
    final=True,
    sort="error",
    status=500,
    size=9,
    shows=True,
    is_head=False,
    reset_once=False,
    healed_drop=False,
    failure="",
    endless=False,
)
SILENT: dict[str, Any] = {"sort": "silent", "status": 0, "failure": "reset"}


@pytest.mark.parametrize(
    ("exchange", "changes"),
    [
        (sent(b"", 500), {}),
        (sent(b"", 503, attempt=2), {"status": 503, "moment": (7.5, 3, 2)}),
        (sent(b"", 429), {"sort": "limited", "status": 429}),
        (sent(b"", 500, final=False), {"final": False}),
        (
            sent(b"", 500, subject="unknown", batch_id="x"),
            {"subject": "unknown", "batch_id": "x", "read": "chapter/read with the id x", "shows": False},
        ),
        (
            sent(b"", 500, batch_id=None, path="/batches", name="list"),
            {"batch_id": "", "kind": "chapter/list", "read": "chapter/list with the id ", "shows": False},
        ),
        (sent(b"", 500, method="HEAD"), {"is_head": True, "shows": False}),
        (sent(b"", 500, method="POST"), {"shows": False}),
        (gone(), SILENT),
        (gone(TIMEOUT), {**SILENT, "failure": "timeout"}),
        (gone(REFUSED), {**SILENT, "sort": "other", "failure": "refused"}),
        (gone(method="POST"), {**SILENT, "shows": False, "reset_once": True}),
        (gone(TIMEOUT, method="POST"), {**SILENT, "shows": False, "failure": "timeout"}),
        (gone(method="HEAD"), {**SILENT, "shows": False, "is_head": True}),
        (gone(final=False), {**SILENT, "final": False, "healed_drop": True}),
        (gone(TIMEOUT, final=False), {**SILENT, "final": False, "failure": "timeout"}),
        (
            gone(chapter=ODD_REQUESTS),
            {
                **SILENT, "sort": "other", "kind": f"{ODD_REQUESTS}/read", "shows": False,
                "read": f"{ODD_REQUESTS}/read with the id {KNOWN}",
            },
        ),
        (
            gone(TIMEOUT, chapter=ODD_REQUESTS),
            {
                **SILENT, "failure": "timeout", "kind": f"{ODD_REQUESTS}/read", "shows": False,
                "read": f"{ODD_REQUESTS}/read with the id {KNOWN}",
            },
        ),
        (sent(**FRAMED), {**SILENT, "status": 206, "failure": "timeout", "endless": True}),
        (
            sent(**{**FRAMED, "headers": (("Transfer-Encoding", "chunked"),)}),
            {**SILENT, "status": 206, "failure": "timeout", "endless": True},
        ),
        (sent(**{**FRAMED, "headers": ()}), {**SILENT, "status": 206, "failure": "timeout"}),
        (sent(**{**FRAMED, "failure": RESET}), {**SILENT, "status": 206}),
        (
            sent(**FRAMED, method="HEAD"),
            {**SILENT, "status": 206, "failure": "timeout", "is_head": True, "shows": False},
        ),
        (
            sent(**{**FRAMED, "status": 429}),
            {**SILENT, "sort": "limited", "status": 429, "failure": "timeout", "endless": True},
        ),
    ],
    ids=range(24),
)  # fmt: skip
def test_a_request_that_was_down_is_weighed_by_what_it_was(exchange: Exchange, changes: dict[str, Any]) -> None:
    assert down_of(seen(exchange), "key", 9) == replace(USUAL, **changes)


def test_of_several_operations_each_names_its_own() -> None:
    exchange = replace(sent(b"", 500), number=3, started_at=7.5)
    operation = next(one for one in lists().operations if one.role == "retrieve")
    of = f" ({operation.id})"
    assert down_of(Observation(exchange, lists()), "key", 9) == replace(
        USUAL,
        operation=operation.id,
        batch_id=KNOWN + of,
        kind=f"chapter/read{of}",
        read=f"chapter/read{of} with the id {KNOWN}",
    )


@pytest.mark.parametrize(
    ("exchange", "down"),
    [
        (sent(), False),
        (sent(b"", 404), False),
        (sent(b"", 428), False),
        (sent(b"", 429), True),
        (sent(b"", 430), False),
        (sent(b"", 499), False),
        (sent(b"", 500), True),
        (sent(b"", 501), True),
        (sent(b"", 599), True),
        (sent(b"", 600), False),
        (sent(b"", 500, forced=500), False),
        (sent(b"", 500, forced=503), True),
        (sent(b"", 501, method="HEAD"), False),
        (sent(b"", 501, method="POST"), False),
        (sent(b"", 500, method="POST"), True),
        (sent(b"", 501, chapter=ODD_REQUESTS), False),
        (sent(b"", 500, chapter=ODD_REQUESTS), True),
        (sent(failure=RESET), True),
        (gone(), True),
    ],
    ids=range(19),
)
def test_no_answer_or_an_error_that_nobody_asked_for_is_down(exchange: Exchange, *, down: bool) -> None:
    assert is_down(seen(exchange)) is down


@pytest.mark.parametrize(
    ("exchange", "shows"),
    [
        (sent(), True),
        (sent(subject="recorded"), True),
        (sent(subject="equivalent"), False),
        (sent(subject="unknown"), False),
        (sent(method="HEAD"), False),
        (sent(credential="missing"), False),
        (sent(forced=200), False),
        (sent(chapter=ODD_REQUESTS), False),
        (sent(batch_id=""), False),
        (sent(batch_id=None), False),
    ],
    ids=range(10),
)
def test_a_plain_read_of_a_batch_must_be_answered_with_it(exchange: Exchange, *, shows: bool) -> None:
    assert shows_a_batch(exchange.probe) is shows


def told(exchange: Exchange, asked: Any = None, **more: Any) -> tuple[Any, ...]:
    """Rule, status, kind, level, side, expected and observed of a failure that is no outage's."""
    observation = seen(exchange)
    one = PersistentFailure(down_of(observation, "key", 9), **more).deviation(observation, asked)
    assert one.exchange is observation.exchange
    return one.rule, one.status, one.kind, one.level, one.side, str(one.expected), str(one.observed)


AS_OTHERS = "an answer, as other requests get"


def test_what_always_fails_is_told_of_what_was_asked() -> None:
    error, level = ("response.server_error", "500"), ("should", "server", AS_OTHERS)
    assert told(sent(b"", 500)) == (*error, "known", *level, "500 every time for chapter/read")
    assert told(sent(b"", 500, subject="hostile")) == (*error, "hostile", *level, "500 every time for chapter/read")
    assert told(sent(b"", 500), shown("all")) == (*error, "known", *level, "500 every time for all")
    named = (*error, "known", *level, "500 every time for the id x")
    assert told(sent(b"", 500, subject="equivalent"), shown("all"), of=ONE_ID(id="x")) == named
    assert told(sent(b"", 500, subject="recorded"))[2] == "known"
    assert told(sent(b"", 500, subject="unknown"))[2] == "unknown"
    silent = ("response.silent", "", "known", *level)
    assert told(gone()) == (*silent, "it ended in reset, every time for chapter/read")
    assert told(gone(), of=EVERY_ID()) == (*silent, "it ended in reset, every time for every known id")


@pytest.mark.parametrize(
    ("exchange", "level"),
    [
        (gone(subject="hostile", batch_id="a\x00b"), "info"),
        (gone(subject="neighbour", batch_id="a\n"), "info"),
        (gone(subject="unknown", batch_id="a\n"), "should"),
        (gone(subject="hostile", batch_id="a b"), "should"),
        (gone(subject="hostile", batch_id=None), "should"),
        (gone(TIMEOUT, subject="hostile", batch_id="a\x00b"), "should"),
    ],
    ids=range(6),
)
def test_a_connection_that_is_closed_at_control_characters_is_a_refusal(exchange: Exchange, level: str) -> None:
    assert told(exchange)[3] == level


def test_drops_and_bodies_without_an_end_are_told_as_such() -> None:
    assert told(gone(final=False), drops=(5, 20)) == (
        *("response.drops", "", "reset", "should", "network"),
        *("connections that live as long as the exchange", "5 of 20 requests dropped and healed by a retry"),
    )
    assert told(sent(**FRAMED), endless=True)[0] == "response.framing"


@pytest.mark.parametrize(
    ("healed", "requests", "often"), [(4, 4, False), (5, 5, True), (5, 25, True), (5, 26, False), (6, 30, True)]
)
def test_drops_are_often_from_five_and_a_fifth_on(healed: int, requests: int, *, often: bool) -> None:
    assert is_often(healed, requests) is often


def at_end(
    exchange: Exchange, *, sure: bool = False, url: str = "http://127.0.0.1:8000/v1/x"
) -> tuple[Any, ...] | None:
    observation = seen(replace(exchange, request=replace(exchange.request, url=url)))
    one = ended(observation, sure=sure)
    if one is None:
        return None
    return one.rule, one.status, one.kind, one.level, one.side, str(one.expected), str(one.observed)


GOES_ON = "an answer, and a server that goes on"
ONCE = "the connection ended, and every one after it was refused"
AGAIN = "the connection ended and the next ones were refused, and so it was when it was sent once more"


def test_the_end_of_a_server_is_told_of_a_request_that_not_every_client_sends() -> None:
    rule = ("response.silent", "", "ends")
    assert at_end(gone(credential="wrong")) == (*rule, "should", "server", GOES_ON, ONCE)
    assert at_end(gone(), sure=True) == (*rule, "should", "server", GOES_ON, AGAIN)
    elsewhere = at_end(gone(credential="wrong"), url="https://api.example.com/v1/x")
    assert elsewhere == (*rule, "info", "network", GOES_ON, ONCE)
    assert at_end(gone(credential="wrong"), url="/v1/x") == elsewhere


@pytest.mark.parametrize(
    ("changes", "plain"),
    [
        ({}, True),
        ({"subject": "unknown"}, True),
        ({"subject": "recorded"}, True),
        ({"credential": "recorded"}, True),
        ({"subject": "neighbour"}, False),
        ({"method": "HEAD"}, False),
        ({"credential": "missing"}, False),
    ],
    ids=str,
)
def test_a_request_that_any_client_sends_may_have_come_when_the_server_ended(
    changes: dict[str, Any], *, plain: bool
) -> None:
    assert (at_end(gone(**changes)) is None) is plain
    queried = gone()
    assert at_end(replace(queried, probe=replace(queried.probe, query="a=1"))) is not None


def test_of_several_kinds_that_fail_alike_the_number_is_told() -> None:
    def one(of: Any = None, **changes: Any) -> PersistentFailure:
        return PersistentFailure(replace(USUAL, **changes), of)

    others = (one(kind="b"), one(kind="c"), one(kind="c", final=False))
    apart = (one(sort="silent", kind="d"), one(status=502, kind="e"), one(subject="unknown", kind="f"))
    elsewhere = (one(operation="other", kind="g"), one(EVERY_ID(), kind="h"))
    result = AvailabilityResult((one(), *others, *apart, *elsewhere), frozenset())
    assert str(result.asked(one(), "chapter/read")) == "chapter/read and 2 more kinds of request"
    assert result.asked(one(EVERY_ID()), "chapter/read") is None
    assert result.asked(apart[0], "d") is None
    assert AvailabilityResult((one(), one()), frozenset()).asked(one(), "x") is None


def test_of_failures_that_are_alike_the_first_and_that_with_the_smallest_evidence_are_shown() -> None:
    def one(number: int, size: int = 5, of: Any = None, **changes: Any) -> PersistentFailure:
        failed = replace(USUAL, moment=(9.0 - number, number, 0), size=size, **changes)
        return PersistentFailure(failed, of)

    def shown_of(*drift: PersistentFailure, passing: frozenset[Any] = frozenset()) -> list[tuple[int, int, bool]]:
        found = AvailabilityResult(drift, frozenset()).shown(passing)
        return [(one.down.moment[1], times, passes) for one, times, passes in found]

    assert shown_of(one(4), one(2), one(3)) == [(2, 3, False)]
    assert shown_of(one(4, 1), one(2), one(3)) == [(4, 1, False), (2, 2, False)]
    assert shown_of(one(4, 1, is_head=True), one(2), one(3, 4)) == [(3, 1, False), (2, 2, False)]
    assert shown_of(one(2), one(3, subject="unknown")) == [(2, 1, False), (3, 1, False)]
    assert shown_of(one(2, of=EVERY_ID()), one(3, of=EVERY_ID(), subject="unknown")) == [(2, 2, False)]
    assert shown_of(one(2), one(3, kind="b")) == [(2, 1, False), (3, 1, False)]
    assert shown_of(one(2), one(3, status=502), one(4, sort="silent")) == [(2, 1, False), (3, 1, False), (4, 1, False)]
    assert shown_of(one(2), one(3), passing=frozenset({(6.0, 3, 0)})) == [(2, 1, False), (3, 1, True)]
    endless = [replace(one(n, kind=kind, subject=kind), endless=True) for n, kind in ((2, "a"), (3, "b"))]
    assert shown_of(*endless) == [(2, 2, False)]
    dropped = [replace(one(n), drops=drops) for n, drops in ((2, (5, 9)), (3, (6, 9)))]
    assert shown_of(*dropped) == [(2, 1, False), (3, 1, False)]


def test_what_no_suite_sent_is_named_by_its_method() -> None:
    recorded = sent(b"", 500, chapter=RECORDED, name="GET", subject="recorded")
    assert down_of(seen(recorded), "key", 9).kind == "recorded/GET"
