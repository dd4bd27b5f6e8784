"""Objects as JSON: what was written comes back, and data that is read makes nothing but objects of this package."""

from __future__ import annotations

from array import array
from collections import Counter
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from judge_cases import GOOD
from judge_support import contract
from test_recorded_ledger import RUN, told

from batch_conformance.exchange.exchange import Exchange
from batch_conformance.exchange.object_json import StateError, from_json, to_json
from batch_conformance.judge.judge import Judge, judge
from batch_conformance.judge.serialization import judge_from_json, judge_to_json

PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters()) | st.binary()
VALUES = st.recursive(
    PLAIN,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(PLAIN, inner, max_size=3)
        | st.frozensets(PLAIN, max_size=3)
        | st.sets(PLAIN, max_size=3)
    ),
)


def exact(value: Any) -> Any:
    """A value with the types of all that is in it: 1 is True, and a list is no tuple."""
    if isinstance(value, dict):
        return dict, [(exact(name), exact(inner)) for name, inner in value.items()]
    if isinstance(value, set | frozenset):
        return type(value), sorted(map(repr, map(exact, value)))
    return type(value), [*map(exact, value)] if isinstance(value, list | tuple) else repr(value)


@settings(max_examples=300, deadline=None)
@given(VALUES)
def test_what_was_written_comes_back(value: Any) -> None:
    assert exact(from_json(to_json(value))) == exact(value)


@pytest.mark.parametrize("value", [Path("a/b"), array("d", (1.5, inf)), Counter({("a", 1): 2}), "\ud800", 2**80, -inf])
def test_other_kinds_of_values_come_back(value: Any) -> None:
    found = from_json(to_json({"value": (value, value)}))
    assert found == {"value": (value, value)}
    assert type(found["value"][0]) is type(value) or isinstance(value, Path)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(RUN, st.integers(0, 40), st.booleans())
def test_judges_add_up_over_json(exchanges: list[Exchange], cut: int, turned: bool) -> None:
    judges = []
    for part in (exchanges[:cut], exchanges[cut:]):
        of_part = Judge(contract())
        for exchange in part:
            of_part.add(exchange)
        judges.append(judge_from_json(judge_to_json(of_part), contract()))
    first, other = reversed(judges) if turned else judges
    first.update(other)
    assert first.judged == len(exchanges)
    assert told(first.ledger()) == told(judge(exchanges, contract()))


def test_an_object_that_occurs_twice_is_written_once() -> None:
    data = to_json([GOOD, (GOOD,)])
    one, (again,) = from_json(data)
    assert one == GOOD
    assert again is one
    assert data.count(b"exchange.exchange:Exchange") == 1


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[",
        b"{}",
        b'{"is": "os:system", "state": {"map": []}}',
        b'{"is": "subprocess:Popen", "state": {"map": []}}',
        b'{"is": "batch_conformance.judge.judge:judge", "state": {"map": []}}',
        b'{"is": "batch_conformance.exchange.object_json:Path", "state": {"map": []}}',
        b'{"is": "batch_conformance.exchange.object_json:sys.exit", "state": {"map": []}}',
        b'{"is": "batch_conformance.nowhere:Judge", "state": {"map": []}}',
        b'{"is": "batch_conformance.judge.judge:Judge", "state": 5}',
        b'{"eval": "1"}',
        b'{"again": 7}',
        b'{"tuple": 5}',
        b'{"known": "GET /elsewhere"}',
        b'"text"',
    ],
)
def test_data_that_is_something_else_is_refused(data: bytes) -> None:
    with pytest.raises(StateError):
        judge_from_json(data, contract())


def test_what_is_not_of_this_package_is_not_written() -> None:
    with pytest.raises(StateError, match="is no class of batch_conformance"):
        to_json([replace, object()])
