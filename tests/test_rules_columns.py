"""The values of alike bodies, place by place."""

from __future__ import annotations

from typing import Any

from batch_conformance.rules.columns import Columns

BODIES: list[dict[str, Any]] = [{"a": 1, "b/c": "x", "in": {"d": None}}, {"a": 2, "b/c": "x", "in": {"d": 5}}]


def test_the_values_at_a_place_are_in_the_order_of_the_bodies() -> None:
    columns = Columns.of_bodies(BODIES)
    assert columns.number == 2
    assert columns.of("/a") == [1, 2]
    assert columns.of("/b~1c") == columns.different("/b~1c") == ["x", "x"]
    assert columns.of("/in/d") == [None, 5]
    assert columns.of("/none") == columns.of("/none/at/all") == [None, None]
    assert columns.of("/a") is columns.of("/a")


def test_a_part_of_bodies_has_the_values_of_those() -> None:
    columns = Columns.of_bodies([*BODIES, {"a": 3, "b/c": "y", "in": {}}])
    assert columns.of("/a") == [1, 2, 3]
    part = columns.some(range(1, 3))
    assert (part.number, part.of("/a"), part.of("/b~1c")) == (2, [2, 3], ["x", "y"])
    assert part.bodies == [BODIES[1], {"a": 3, "b/c": "y", "in": {}}]
    assert part.some([1]).of("/a") == [3]


def test_bodies_are_made_only_for_what_is_not_known_without_them() -> None:
    made: list[int] = []

    def whole() -> list[dict[str, Any]]:
        made.append(1)
        return BODIES

    constants = {"/b~1c": ("x",), "/none": (None,)}
    columns = Columns(2, whole, {"/a": [1, 2]}, constants.get)
    part = columns.some([1])
    assert columns.of("/a") == columns.different("/a") == [1, 2]
    assert list(columns.of("/b~1c")) == ["x", "x"]
    assert columns.different("/b~1c") == ("x",)
    assert list(part.of("/b~1c")) == ["x"]
    assert list(columns.of("/none")) == [None, None]
    assert columns.different("/none") == (None,)
    assert made == []
    assert columns.of("/in/d") == [None, 5]
    assert part.of("/in/d") == [5]
    assert made == [1]
