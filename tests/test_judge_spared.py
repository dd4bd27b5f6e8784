"""What recorded traffic is spared: heads that keep the rules about fields, batches that only move on, and the rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import inf
from typing import Any

import pytest
from cases_heads import DATE, MALFORMED, WELL_FORMED
from judge_support import KNOWN, OTHER, QUEUED, contract, contract_of

from batch_conformance.judge.head_check import head_check
from batch_conformance.judge.log import compared_places
from batch_conformance.judge.sparing import (
    MonotonicReads,
    Spared,
    broken_alike,
    head_rules,
    headers_looked_at,
    monotonic_reads_keep_all,
    unspared,
)
from batch_conformance.observation.observation import at
from batch_conformance.rules import REGISTRY
from batch_conformance.rules.columns import Columns

NOW = "Tue, 11 Mar 2025 09:30:13 GMT"
MOMENT = 1741685413.0
AN_HOUR_ON = "Tue, 11 Mar 2025 10:30:13 GMT"
SOON = "Tue, 11 Mar 2025 10:30:12 GMT"
BEFORE = "Tue, 11 Mar 2025 09:30:12 GMT"
Head = tuple[tuple[str, str], ...]


def checked(head: Head) -> float | str | None:
    """What the check says of a head, twice, as it remembers values; "explained" where there is none for such heads."""
    check = head_check([name for name, _ in head])
    if check is None:
        return "explained"
    values = [value for _, value in head]
    first = check(values)
    assert check(values) == first
    return first


@pytest.mark.parametrize(
    ("head", "moment"),
    [
        ((), inf),
        ((("Date", NOW),), MOMENT),
        ((("DATE", f" {NOW}"),), MOMENT),
        ((("Date", NOW), ("date", NOW)), "explained"),
        ((("ETag", '"a"'), ("Etag", '"a"')), "explained"),
        ((("X-Other", "a"), ("x-other", "a")), inf),
        ((("Vary", "Origin"), ("Vary", "Accept")), inf),
        ((("Expires", "0"), ("X-Other", "b"), ("Date", NOW)), MOMENT),
        ((("Date", DATE),), inf),
        ((("Date", NOW), ("Last-Modified", NOW)), MOMENT),
        ((("Date", NOW), ("Last-Modified", BEFORE)), MOMENT),
        ((("Date", NOW), ("Last-Modified", AN_HOUR_ON)), None),
        ((("Last-Modified", AN_HOUR_ON),), inf),
        ((("Date", NOW), ("Expires", NOW), ("Last-Modified", BEFORE)), MOMENT),
        ((("Date", NOW), ("Expires", "-1"), ("Last-Modified", AN_HOUR_ON)), None),
        ((("Date", NOW), ("Expires", SOON)), MOMENT),
        ((("Date", NOW), ("Expires", AN_HOUR_ON)), None),
        ((("Date", NOW), ("Expires", AN_HOUR_ON), ("Last-Modified", BEFORE)), None),
        ((("Expires", AN_HOUR_ON),), inf),
        ((("Date", DATE), ("Expires", AN_HOUR_ON)), None),
        ((("Date", DATE), ("Last-Modified", AN_HOUR_ON)), None),
        ((("Age", "5"), ("Cache-Control", "no-store")), None),
        ((("Age", "00"), ("Cache-Control", "no-store")), inf),
        ((("Age", "5"), ("Cache-Control", "no-cache")), inf),
        ((("Age", "0"), ("Date", NOW), ("Expires", AN_HOUR_ON)), None),
        ((("Age", "5"), ("Date", NOW), ("Expires", "0"), ("Cache-Control", "no-store")), None),
        ((("Cache-Control", "no-store"), ("Age", "5"), ("Date", NOW)), None),
        ((("X-Backend", "10.0.0.7:8080"),), None),
        ((("X-Backend", "10-0-0-7"),), inf),
        ((("X-Backend", "a-plain-name"),), inf),
        ((("X-Backend", "plain words, of nothing"),), inf),
        ((("X-Other", "a"), ("X-Backend", "10.0.0.7:8080"), ("Date", NOW)), None),
        ((("X-Forwarded-For", "10.0.0.7"),), inf),
        ((("ETag", '"a"'), ("Date", "soon")), None),
        ((("ETag", "abc"), ("Date", NOW)), None),
        ((("Vary", "Origin"), ("Link", "Origin")), None),
    ],
    ids=str,
)  # fmt: skip
def test_a_head_is_made_when_it_says_or_has_to_be_explained(head: Head, moment: float | str | None) -> None:
    assert checked(head) == moment


OWN = ("Date", "Expires", "Last-Modified", "Age", "ETag", "Vary", "Link")
"""Fields of which the check says that they are well formed; the values of others make exchanges alike."""


@pytest.mark.parametrize("name", OWN)
def test_a_field_that_leaves_its_grammar_has_to_be_explained_and_others_pass(name: str) -> None:
    assert [value for value in MALFORMED[name] if checked(((name, value),)) is not None] == []
    assert [value for value in WELL_FORMED[name] if checked(((name, value),)) is None] == []
    assert [value for value in MALFORMED[name] if checked((("X-Other", "x"), (name, value))) is not None] == []


@pytest.mark.parametrize("name", sorted(MALFORMED.keys() - set(OWN)))
def test_values_of_fields_that_rules_look_at_are_left_to_what_makes_exchanges_alike(name: str) -> None:
    assert name.lower() in headers_looked_at()
    assert [value for value in MALFORMED[name] if checked(((name, value),)) != inf] == []


def test_heads_are_checked_alike_once_more_values_came_than_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("batch_conformance.judge.head_check._MOST_VALUES", 2)
    check = head_check(["Vary", "X-Other"])
    assert check is not None
    for _ in range(2):
        for value in ("Accept", "Origin", "Accept, Origin", "*", "Cookie"):
            assert check([value, f"of {value}"]) == inf
            assert check(["Accept Origin", "x"]) is None
            assert check(["Accept", f"http://10.0.0.7:80/{value}"]) is None


PLACES = compared_places(contract().chosen.roles)


def holds(*bodies: dict[str, Any] | None, key: str = KNOWN) -> bool:
    reads = MonotonicReads(contract().chosen.roles, PLACES)
    return reads.holds(key, [body and tuple(at(body, place) for place in PLACES) for body in bodies])


def stepped(member: str, *values: Any) -> bool:
    return holds(*({**QUEUED, member: value} for value in values))


@pytest.mark.parametrize(
    ("member", "values", "moves_on"),
    [
        ("status", ("in_queue", "in_queue"), True),
        ("status", ("in_queue", "validating", "in_queue"), True),
        ("status", ("in_queue", "in_progress", "finalizing", "completed"), True),
        ("status", ("in_queue", "completed"), True),
        ("status", ("finalizing", "cancelling", "cancelled"), True),
        ("status", ("in_progress", "in_queue"), False),
        ("status", ("finalizing", "in_progress"), False),
        ("status", ("completed", "failed"), False),
        ("status", ("completed", "in_queue"), False),
        ("status", ("in_queue", "unheard_of"), False),
        ("status", ("unheard_of", "completed"), False),
        ("status", (None, "completed"), False),
        ("status", ("in_queue", None), False),
        ("completed_at", (None, 5), True),
        ("completed_at", (None, None, 5, 5), True),
        ("completed_at", (5, 6), False),
        ("completed_at", (5, None), False),
        ("completed_at", (None, 5, 6), False),
        ("output_file_id", ("a", "b"), False),
        ("output_file_id", ("", "b"), False),
        ("metadata", ({"a": "b"}, {"a": "b"}), True),
        ("metadata", ({"a": "b"}, {"a": "c"}), False),
        ("metadata", (None, {"a": "c"}), True),
    ],
)
def test_a_batch_moves_on_by_its_states_and_by_what_is_set_once(
    member: str, values: Sequence[Any], *, moves_on: bool
) -> None:
    assert stepped(member, *values) is moves_on


@pytest.mark.parametrize("count", ["total", "completed", "failed"])
@pytest.mark.parametrize(
    ("values", "moves_on"),
    [
        ((0, 0, 1, 5), True),
        ((1, 0), False),
        ((5, 5, 4), False),
        ((None, 0, 1), True),
        ((0, None), False),
        ((1.5, 2), False),
        ((1, 2.5), False),
        (("1", "2"), False),
    ],
)
def test_counts_only_grow(count: str, values: Sequence[Any], *, moves_on: bool) -> None:
    assert stepped("request_counts", *({"total": 9, count: value} for value in values)) is (
        moves_on and (count != "total" or None not in values or values[0] is None)
    )


def test_every_read_has_to_be_of_the_batch_that_was_asked_for() -> None:
    assert holds()
    assert holds(QUEUED)
    assert not holds(None)
    assert not holds(QUEUED, None)
    assert not holds(QUEUED, {**QUEUED, "id": OTHER})
    assert not holds({**QUEUED, "id": OTHER})
    assert holds({**QUEUED, "id": OTHER}, key=OTHER)


def test_where_a_document_names_no_id_state_or_counts_what_is_set_may_only_be_set_once() -> None:
    bare = contract_of({"type": "object"}).chosen.roles
    reads = MonotonicReads(bare, ("/a", "/b"))
    assert reads.holds("any", [(None, 1), (None, 1), (5, 1)])
    assert not reads.holds("any", [(5, 1), (6, 1)])
    assert not reads.holds("any", [(5, 1), (5, 2)])
    roles = replace(contract().chosen.roles, identity=None, state=None, counts=None)
    of_others = MonotonicReads(roles, ("/status", "/id"))
    assert of_others.holds(KNOWN, [(None, "x"), ("completed", "x")])
    assert not of_others.holds(KNOWN, [("in_queue", "x"), ("completed", "x")])


def test_nothing_is_spared_where_a_rule_that_compares_is_not_kept_by_reads_that_move_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert monotonic_reads_keep_all()
    changed = REGISTRY["stability.changed"]
    monkeypatch.setitem(REGISTRY, changed.id, replace(changed, kept_by_monotonic_reads=False))
    assert not monotonic_reads_keep_all()
    assert not holds(QUEUED)
    monkeypatch.setitem(REGISTRY, changed.id, replace(changed, kept_by_monotonic_reads=False, compare=None))
    assert monotonic_reads_keep_all()


def test_a_rule_is_unspared_unless_something_says_how_exchanges_keep_it(monkeypatch: pytest.MonkeyPatch) -> None:
    of_values = REGISTRY["value.form"]
    assert (of_values.looks_at, unspared()) == ("values", frozenset())
    for changes, is_unspared in (
        ({"surely_kept": None}, True),
        ({"surely_kept": None, "kept_by_plain_reads": True}, False),
        ({"surely_kept": None, "looks_at": "run"}, False),
        ({"surely_kept": None, "looks_at": "members"}, False),
        ({"surely_kept": None, "looks_at": "message"}, False),
        ({"surely_kept": None, "looks_at": "bytes"}, True),
        ({"looks_at": None}, False),
    ):
        monkeypatch.setitem(REGISTRY, of_values.id, replace(of_values, **changes))  # type: ignore[arg-type]
        assert unspared() == ({of_values.id} if is_unspared else set()), changes


def test_rules_about_messages_and_members_are_broken_alike() -> None:
    assert broken_alike() == {rule.id for rule in REGISTRY.values() if rule.looks_at in ("message", "members")}
    assert {"body.type", "response.status", "response.media_type"} <= broken_alike()
    assert not broken_alike() & {"value.form", "response.head_differs", "json.invalid"}


def test_the_headers_that_rules_look_at_are_those_that_they_name(monkeypatch: pytest.MonkeyPatch) -> None:
    status = REGISTRY["response.status"]
    monkeypatch.setitem(REGISTRY, status.id, replace(status, headers=("x-new",)))
    assert "x-new" in headers_looked_at()
    assert {"retry-after", "cache-control", "www-authenticate"} <= headers_looked_at()


def test_rules_that_a_checked_head_keeps_are_those_about_values_of_headers() -> None:
    assert {rule.id for rule in head_rules()} == {
        "response.field_syntax", "response.field_repeated", "method.allow_refused", "response.aged_no_store",
        "response.modified_later", "response.cache_public_error", "response.fresh_for_hours", "auth.challenge_scheme",
        "security.key_reflected", "security.header_injected", "security.trace_leaked", "security.host_shown",
        "security.code_leaked", "security.internals_leaked", "security.token_leaked", "response.header",
    }  # fmt: skip


def test_rules_are_spared_where_all_their_checks_hold() -> None:
    one, two = Columns.of_bodies([{"a": 1}]), Columns.of_bodies([{"a": 1}, {"a": 2}])
    assert Spared((), ()).holds(one)
    assert not Spared(None, ()).holds(one)
    assert Spared((lambda _: True, lambda columns: set(columns.of("/a")) == {1}), ()).holds(one)
    assert not Spared((lambda _: True, lambda columns: set(columns.of("/a")) == {1}), ()).holds(two)
    assert not Spared((lambda _: False, lambda _: True), ()).holds(one)
