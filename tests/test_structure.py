"""What is remembered of a body by its structure, against looking at each body anew."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from judge_support import COMPLETED, QUEUED, contract, openai_like
from schema_strategies import ANYTHING

from batch_conformance.contract.structure import structure_of
from batch_conformance.observation.content import Content

CONTRACTS = {"documented": contract(), "openai": openai_like()}
BODIES = st.sampled_from([QUEUED, COMPLETED]).flatmap(
    lambda body: st.dictionaries(st.sampled_from(["new", "errors", "metadata", "request_counts", "id"]), ANYTHING).map(
        lambda more: {**body, **more}
    )
)


def with_other_values(value: Any) -> Any:
    """A value of the same structure, in which every text, number and boolean is another one."""
    if isinstance(value, dict):
        return {name: with_other_values(member) for name, member in value.items()}
    if isinstance(value, list):
        return list(map(with_other_values, value))
    if isinstance(value, bool):
        return not value
    return f"{value}x" if isinstance(value, str) else value if value is None else value + 1


@pytest.mark.parametrize("name", CONTRACTS)
@settings(max_examples=100, deadline=None)
@given(BODIES)
def test_bodies_of_one_structure_hold_the_same(name: str, first: dict[str, Any]) -> None:
    schema = CONTRACTS[name].chosen.responses["200"].content["application/json"]
    other = with_other_values(first)
    assert structure_of(first) == structure_of(other)
    assert schema is not None
    for body in (first, other):
        anew, known = Content(schema, body), Content(schema, body)
        assert schema._shape._undeclared(body) == schema.undeclared(body) == known.undeclared
        assert [(*one[:2], dict(one.types), one.around) for one in anew._found()] == [
            (*one[:2], dict(one.types), one.around) for one in known.held
        ]


@pytest.mark.parametrize(
    ("one", "other"),
    [({}, []), ({"a": 1}, {"a": 1.0}), ({"a": 1}, {"b": 1}), ({"a": True}, {"a": 1}), ([[]], [{}]), ([1], [1, 1])],
)
def test_values_that_hold_something_else_have_another_structure(one: Any, other: Any) -> None:
    assert structure_of(one) != structure_of(other)


def test_of_what_is_large_or_deep_no_structure_is_kept() -> None:
    deep: list[Any] = []
    for _ in range(5_000):
        deep = [deep]
    assert structure_of(deep) is None
    assert structure_of([0] * 5_000) is None
