"""Odd ids that are refused in a way of their own: by closing the connection, or by a route beside that of batches."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from judge_cases import GOOD, batch, failed
from judge_support import KNOWN, findings, sent, unknown

from batch_conformance.exchange.exchange import Exchange

LIST = {"object": "list", "data": [], "has_more": False}


def closed(batch_id: str) -> tuple[Exchange, ...]:
    """An id at which the connection is closed both times, and an answer after it."""
    asked: dict[str, Any] = {"subject": "neighbour", "batch_id": batch_id, "name": "odd", "number": 1}
    return (failed("reset", final=False, **asked), failed("reset", attempt=1, **asked), replace(GOOD, number=2))


@pytest.mark.parametrize(
    ("batch_id", "level"), [(f"{KNOWN}\0", "info"), (f"{KNOWN}\x7f", "info"), (f"{KNOWN}'", "should")]
)
def test_a_connection_closed_at_control_characters_is_only_told(batch_id: str, level: str) -> None:
    found = [one for one in findings(GOOD, *closed(batch_id), unknown(number=3), info=True) if "silent" in one.rule]
    assert [(one.rule, one.level) for one in found] == [("response.silent", level)]


def test_a_word_that_has_a_resource_of_its_own_is_told_and_not_held_to_the_document() -> None:
    routed = sent(LIST, subject="hostile", batch_id="list")
    assert findings(GOOD, unknown(), routed) == ()
    told = [one for one in findings(GOOD, unknown(), routed, info=True) if one.rule.startswith("identity.")]
    assert [(one.rule, one.kind, one.level) for one in told] == [("identity.unknown_answered", "word", "info")]


def test_a_word_that_finds_a_batch_is_drift() -> None:
    (found,) = findings(GOOD, unknown(), batch(subject="hostile", batch_id="latest"))
    assert (found.rule, found.kind, found.level) == ("identity.unknown_answered", "hostile", "should")


def test_where_any_unknown_id_gets_that_object_it_is_a_refusal_and_judged_as_one() -> None:
    refused = unknown({"code": 404, "message": "no"}, 200)
    word = sent({"code": 404, "message": "no"}, subject="hostile", batch_id="list")
    found = findings(GOOD, refused, word, info=True)
    assert {one.rule for one in found if one.rule != "body.seen"} == {"body.another_object"}
