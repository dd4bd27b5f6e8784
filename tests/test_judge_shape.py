"""The shape of a run's answers, and what is told of answers that left it: every part of each deviation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
from judge_support import COMPLETED, JSON, QUEUED, contract, in_order, refused, sent, unknown

from batch_conformance.exchange.exchange import Exchange, Failure
from batch_conformance.findings.fold import Tally
from batch_conformance.findings.shape import AnswerShape, ShapeRecord, infer
from batch_conformance.judge.judge import judge
from batch_conformance.judge.shape import is_ordinary, judge_shape, observe, shape_clause, state_of
from batch_conformance.message import shown
from batch_conformance.observation.observation import Observation

USUAL = {"chapter": "known_ids"}


def read(body: Any = QUEUED, status: int = 200, **more: Any) -> Exchange:
    return sent(body, status, **{**USUAL, **more})


def seen(exchange: Exchange) -> Observation:
    return Observation(exchange, contract())


@pytest.mark.parametrize(
    ("exchange", "ordinary"),
    [
        (read(), True),
        (read(b"", 199), True),
        (read(b"", 404), True),
        (read(b"", 428), True),
        (read(b"", 429), False),
        (read(b"", 429, forced=429), True),
        (read(b"", 499), True),
        (read(b"", 500), False),
        (read(b"", 500, forced=500), True),
        (read(b"", 500, forced=503), False),
        (read(final=False), False),
        (read(answered=False), False),
        (read(failure=Failure("reset", shown("reset"))), False),
        (read(method="HEAD"), False),
        (read(method="POST"), False),
        (read(subject="equivalent"), True),
        (read(subject="unknown"), False),
        (read(b"", 300, subject="unknown"), True),
        (read(b"", 199, subject="unknown"), True),
        (read(b"", 299, subject="unknown"), False),
        (read(b"", 404, subject="unknown"), True),
        (read(b"", 404, subject="neighbour"), True),
        (read(b"", 404, subject="outside"), False),
        (read(b"", 404, subject="hostile"), False),
        (read(chapter="protocol"), False),
        *(
            (read(chapter=one), True)
            for one in ("lifecycle", "identity", "unknown_ids", "authentication", "statuses")
        ),
    ],
    ids=range(30),
)  # fmt: skip
def test_answers_to_ordinary_requests_have_the_shape_of_the_server(exchange: Exchange, *, ordinary: bool) -> None:
    assert is_ordinary(seen(exchange)) is ordinary


def test_the_state_of_an_answer_is_that_of_its_batch() -> None:
    assert state_of(seen(read())) == "in_queue"
    assert state_of(seen(read({**QUEUED, "status": 5}))) == ""
    assert state_of(seen(read(b"", 404))) == ""
    stateless = contract().chosen
    without = replace(contract(), operations=(replace(stateless, roles=replace(stateless.roles, state=None)),))
    assert state_of(Observation(read(), without)) == ""


def test_the_shapes_of_a_run_are_by_status_and_state_with_all_that_every_answer_had() -> None:
    exchanges = in_order(
        read(headers=(("X-Trace", "1"), ("X-Some", "a"))),
        read(COMPLETED, headers=(("X-Trace", "2"),)),
        read(b"{", headers=(("X-Trace", "3"),)),
        read(b"", 404, media_type=None),
        read(b"<p>", 404, media_type="text/html"),
        read(QUEUED, chapter="protocol"),
    )
    free = contract().chosen.roles.free_maps
    of_success = ("x-trace",)
    assert observe(exchanges, contract()) == ShapeRecord(
        contract().chosen.id,
        {
            ("200", ""): AnswerShape(3, (JSON,), of_success, infer([QUEUED, COMPLETED], free)),
            ("200", "in_queue"): AnswerShape(1, (JSON,), ("x-some", "x-trace"), infer([QUEUED], free)),
            ("200", "completed"): AnswerShape(1, (JSON,), of_success, infer([COMPLETED], free)),
            ("404", ""): AnswerShape(2, ("", "text/html"), (), {}),
        },
    )
    assert "description" not in str(infer([QUEUED], free))


Told = list[tuple[str, str, str, str, str, str, str, int]]


def told(
    before: Sequence[Exchange], after: Sequence[Exchange], tally: Tally | None = None, strangers: Sequence[int] = ()
) -> Told:
    """Status, media type, pointer, kind, expected, observed and level, with the number of the exchange."""
    recorded = observe(in_order(*before), contract())
    observations = [seen(one) for one in in_order(*after)]
    places = {(number, 0) for number in strangers}
    return [
        (
            *(one.status, one.media_type, one.pointer, one.kind),
            *(str(one.expected), str(one.observed), one.level, one.exchange.number),
        )
        for one in judge_shape(observations, recorded, tally or Tally(), places)
    ]


SHORT = {name: value for name, value in QUEUED.items() if name != "errors"}
GONE = ("200", JSON, "/errors", "gone", "to be there, as always before", "missing", "should")
HTML = ("200", "", "", "media type text/html", f"{JSON}, as always before", "text/html", "should")
UNTRACED = ("200", "", "", "header x-trace", "the header x-trace, as always before", "no such header", "should")
TRACED = (("X-Trace", "1"),)


def test_each_way_in_which_an_answer_left_its_shape_is_told() -> None:
    assert told([read()], [read(), read(SHORT)]) == [(*GONE, 1)]
    assert told([read(headers=TRACED)], [read(SHORT), read()]) == [(*UNTRACED, 0), (*GONE, 0), (*UNTRACED, 1)]
    assert told([read()], [read(media_type="text/html")]) == [(*HTML, 0)]
    html = [read(b"<p>", 404, media_type="text/html"), read(b"", 404, media_type=None)]
    expected = "no Content-Type or text/html, as always before"
    assert told(html, [read(b"x", 404, media_type="text/plain")]) == [
        ("404", "", "", "media type text/plain", expected, "text/plain", "should", 0)
    ]
    assert told(html[:1], html[1:]) == [
        ("404", "", "", "media type none", "text/html, as always before", "no Content-Type", "should", 0)
    ]


def test_what_is_no_json_or_no_ordinary_answer_or_was_never_recorded_is_not_compared() -> None:
    assert told([read()], [read(b"{")]) == []
    assert told([read()], [read(SHORT, chapter="protocol")]) == []
    assert told([read()], [read(SHORT, 201)]) == []
    assert told([read(b"x", 404, media_type="text/plain")], [read({"a": 1}, 404, media_type="text/plain")]) == []
    assert told([read({"a": 1}, 404)], [read({"b": 1}, 404, media_type="text/plain")])[1:] == []
    assert told([read(b"{")], [read(SHORT)]) == []


def test_what_the_contract_says_is_not_told_again_and_strangers_have_no_members() -> None:
    assert told([read()], [read(SHORT)], strangers=[0]) == []
    assert told([read()], [read(SHORT), read(SHORT)], strangers=[0]) == [(*GONE, 1)]
    wrong_type, html = read({**QUEUED, "errors": "x"}), read(media_type="text/html")
    found = judge(in_order(wrong_type), contract())
    assert [one.pointer for one in found.findings if one.level != "info"] == ["/errors"]
    assert told([read()], [wrong_type]) != []
    assert changes([read()], [wrong_type]) == []
    assert changes([read()], [html]) == []
    challenged = refused(**USUAL)
    unchallenged = replace(challenged, response=replace(challenged.response, headers=challenged.response.headers[:1]))  # type: ignore[type-var,union-attr]
    assert changes([challenged], [unchallenged]) == []
    assert [one[3] for one in told([challenged], [unchallenged])] == ["header www-authenticate"]


def changes(before: Sequence[Exchange], after: Sequence[Exchange]) -> list[tuple[str, str, str]]:
    found = judge(in_order(*after), contract(), observe(in_order(*before), contract())).findings
    return [(one.status, one.pointer, one.kind) for one in found if one.rule == "shape.changed"]


def test_the_same_difference_is_told_once_of_an_answer() -> None:
    assert changes([read({**QUEUED, "errors": ["a"]})], [read({**QUEUED, "errors": [1, 2]})]) == []
    before, after = read({**QUEUED, "extra": [{"a": 1}]}), read({**QUEUED, "extra": [{}, {}]})
    assert [one[2:4] for one in told([before], [after])] == [("/extra/*/a", "gone")]


def test_the_clause_counts_what_was_compared_and_what_was_broken() -> None:
    recorded = observe(in_order(read()), contract())
    for exchanges, broken, expected in (
        ([read(), read(COMPLETED), unknown(**USUAL)], 0, ("kept", 2, 0)),
        ([read(), read()], 1, ("broken", 2, 1)),
        ([unknown(**USUAL)], 0, ("not_observed", 0, 0)),
        ([read(chapter="protocol")], 0, ("not_observed", 0, 0)),
    ):
        result = shape_clause(contract(), [seen(one) for one in in_order(*exchanges)], recorded, broken)
        assert (result.state, result.judged, result.broken) == expected
        assert (result.clause.rule, result.clause.operation) == ("shape.changed", contract().chosen.id)
