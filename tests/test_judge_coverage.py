"""What a run exercised of an operation: places, types, statuses, properties never seen, and how clauses fared."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from judge_support import COMPLETED, JSON, QUEUED, contract, contract_of, openai_like, sent, unknown

from batch_conformance.contract.clause import Clause
from batch_conformance.exchange.exchange import Exchange
from batch_conformance.findings.finding import Deviation
from batch_conformance.findings.ledger import FieldResult
from batch_conformance.judge import coverage as module
from batch_conformance.judge.applying import check
from batch_conformance.judge.coverage import Bodies, Coverage, cover_clauses
from batch_conformance.judge.judge import judge
from batch_conformance.observation.observation import Observation
from batch_conformance.rules import REGISTRY
from batch_conformance.rules.rule import standard

ID = contract().chosen.id
COUNTED = {**QUEUED, "request_counts": {"total": 1}, "errors": ["a", "b"]}
SHORT = {name: value for name, value in QUEUED.items() if name != "errors"}


def seen(exchange: Exchange, number: int = 0) -> Observation:
    return Observation(replace(exchange, number=number), contract())


def covered(*exchanges: Exchange, times: int = 1, own: bool = True) -> Coverage:
    made = Coverage(contract().chosen)
    for number, one in enumerate(exchanges):
        made.add(seen(one, number), times, own=own)
    return made


def places(made: Coverage, status: str = "200") -> dict[str, int]:
    made._count_held()
    return {f"{pointer} {what}": count for (of, _, pointer, what), count in made.places.items() if of == status}


def test_each_place_is_counted_by_what_was_there() -> None:
    made = covered(sent(COUNTED), sent(SHORT), times=3)
    found = places(made)
    expected = {
        " answer": 6, " body": 6, " value": 6, " not_null": 6, " object": 6,
        "/errors around": 6, "/errors value": 3, "/errors not_null": 3,
        "/errors/* value": 3, "/errors/* not_null": 3,
        "/completed_at around": 6, "/completed_at value": 6,
        "/request_counts around": 6, "/request_counts value": 6, "/request_counts object": 6,
        "/request_counts/total around": 6, "/request_counts/total value": 3, "/request_counts/failed around": 6,
    }  # fmt: skip
    assert {place: found.get(place) for place in expected} == expected
    assert not {"/completed_at not_null", "/request_counts/failed value", "/errors object"} & found.keys()
    assert {media_type for _, media_type, _, what in made.places if what != "answer"} == {JSON}


def test_what_others_say_in_passing_is_seen_and_exercises_nothing() -> None:
    made = covered(sent(), own=False)
    assert places(made) == {}
    assert dict(made.everywhere) == {}
    assert {one.status: one.count for one in made.statuses() if one.count} == {"200": 1}
    assert {one.pointer: dict(one.types) for one in made.fields()}["/id"] == {"string": 1}


def test_what_is_no_instance_of_the_operation_exercises_none_of_its_places() -> None:
    made = covered(sent(subject="outside"), times=2)
    assert places(made) == {}
    assert made.everywhere["response.framing"] == 2
    assert {one.status: one.count for one in made.statuses() if one.count} == {"200": 2}


def test_what_was_not_answered_or_is_another_object_has_no_places() -> None:
    made = covered(sent(answered=False))
    assert (places(made), [one for one in made.statuses() if one.count]) == ({}, [])
    assert places(covered(sent({"data": QUEUED}))) == {" answer": 1, " body": 1}
    assert places(covered(sent(b"{"))) == {" answer": 1, " body": 1}
    assert places(covered(sent(b"", 418)), "418") == {" answer": 1}


def test_rules_that_say_so_count_the_exchanges_that_exercise_them() -> None:
    made = covered(sent(), unknown(), times=2)
    assert made.everywhere["identity.unknown_answered"] == 2
    assert made.everywhere["response.framing"] == 4
    assert "shape.changed" not in made.everywhere


def test_statuses_are_the_documented_ones_in_order_and_then_the_others() -> None:
    made = covered(sent(b"", 418, media_type=None), sent(b"", 410), sent(), sent(media_type="text/html"), sent())
    found = [(one.operation, one.status, one.documented, dict(one.media_types), one.count) for one in made.statuses()]
    documented = list(contract().chosen.responses)
    assert [one[1] for one in found] == [*documented, "410", "418"]
    assert found[0] == (ID, "200", True, {JSON: 2, "text/html": 1}, 3)
    assert list(found[0][3]) == [JSON, "text/html"]
    assert found[-2:] == [(ID, "410", False, {JSON: 1}, 1), (ID, "418", False, {"none": 1}, 1)]
    assert [one[2:] for one in found[1:-2]] == [(True, {}, 0)] * (len(found) - 3)


def test_fields_are_those_of_the_document_in_its_order_and_then_the_others() -> None:
    made = covered(sent({**SHORT, "zz": 1, "aa": [True]}), sent({**QUEUED, "created_at": 1.5}), times=2)
    fields = made.fields()
    declared = [one for one in fields if one.declared]
    assert FieldResult(ID, "200", "/created_at", True, {"integer": 2, "number": 2}, 0) in fields
    assert FieldResult(ID, "200", "/errors", True, {"array": 2}, 2) in fields
    assert FieldResult(ID, "400", "/code", True, {}, 0) in fields
    assert list(next(one.types for one in fields if one.pointer == "/created_at")) == ["integer", "number"]
    assert list(fields) == [*declared, *(one for one in fields if not one.declared)]
    found = [(one.pointer, dict(one.types)) for one in fields if not one.declared]
    assert found == [("/aa", {"array": 2}), ("/zz", {"integer": 2})]
    assert [one.pointer for one in declared[:2]] == ["", "/id"]


def test_undeclared_names_that_change_are_one_place() -> None:
    exchanges = [sent({**QUEUED, f"trace_{n}": n}) for n in range(12)]
    numbered = [replace(one, number=n, started_at=float(n)) for n, one in enumerate(exchanges)]
    ledger = judge(numbered, contract())
    (told,) = (one for one in ledger.findings if one.rule == "body.undeclared")
    assert told.pointer == "/*"
    assert [(one.pointer, dict(one.types)) for one in ledger.fields if not one.declared] == [("/*", {"integer": 12})]
    made = covered(*exchanges)
    assert len([one for one in made.fields() if not one.declared]) == 12
    elsewhere = replace(told, operation="another")
    assert len([one for one in made.fields([elsewhere]) if not one.declared]) == 12
    assert [one.pointer for one in made.fields([told]) if not one.declared] == ["/*"]
    other_rule = replace(told, rule="body.type")
    assert len([one for one in made.fields([other_rule]) if not one.declared]) == 12


def test_objects_around_a_property_are_those_of_its_status_and_media_type() -> None:
    made = covered(sent(COUNTED), sent(COUNTED), sent({**QUEUED, "request_counts": None}))
    (told,) = (
        one for one in judge([sent({**COUNTED, "new": 1})], contract()).findings if one.rule == "body.undeclared"
    )
    inner = replace(told, pointer="/request_counts/total")
    assert (made.objects_around(told), made.objects_around(inner)) == (3, 2)
    assert made.objects_around(replace(inner, status="400")) == 0
    assert made.objects_around(replace(inner, media_type="text/html")) == 0


def summed(made: Coverage) -> tuple[Any, ...]:
    made._count_held()
    return (+made.places, +made.everywhere, made.statuses(), made.fields())


BODIES = (
    sent(COUNTED),
    sent(),
    sent(SHORT),
    sent(COMPLETED),
    unknown(),
    sent({**QUEUED, "new": 1}),
    sent(),
    sent(SHORT),
)


@pytest.mark.parametrize("most", [1, 2, 64])
def test_bodies_that_are_put_by_are_counted_as_if_each_was_counted_at_once(
    most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = summed(covered(*BODIES))
    monkeypatch.setattr(module, "_MOST_UNCOUNTED", most)
    made = covered(*BODIES)
    assert len(made._uncounted) < most
    assert summed(made) == whole
    first, second = covered(*BODIES[:3]), Coverage(contract().chosen)
    for number, one in enumerate(BODIES[3:]):
        second.add(seen(one, number))
    first.update(second)
    assert summed(first) == whole


def test_what_was_counted_goes_over_its_state_and_can_be_added_to() -> None:
    made = covered(*BODIES[:4])
    state = made.__getstate__()
    assert "_exercised" not in state
    assert state["_uncounted"] == {}
    read = Coverage.__new__(Coverage)
    read.__setstate__(state)
    assert read._declared == made._declared
    for number, one in enumerate(BODIES[4:]):
        read.add(seen(one, number))
    assert summed(read) == summed(covered(*BODIES))


def bodies(*exchanges: Exchange, first: int = 0, times: int = 1) -> Bodies:
    made = Bodies()
    for number, one in enumerate(exchanges):
        made.add(seen(one, first + number), times)
    return made


def never(made: Bodies) -> dict[str, tuple[str, int]]:
    return {one.pointer: (str(one.observed), one.exchange.number) for one in made.never_seen()}


def test_properties_that_no_body_had_are_told_with_the_first_that_could_have_had_them() -> None:
    bare = {**SHORT, "request_counts": None}
    found = never(bodies(sent(bare), sent({**SHORT, "request_counts": {}}), sent(bare), times=2))
    assert found == {
        "/errors": ("in none of 6 bodies", 0),
        "/request_counts/total": ("in none of 2 bodies", 1),
        "/request_counts/completed": ("in none of 2 bodies", 1),
        "/request_counts/failed": ("in none of 2 bodies", 1),
    }
    told = next(iter(bodies(sent(SHORT)).never_seen()))
    assert (told.rule, told.status, told.media_type, told.kind, told.level) == (
        "body.seen",
        "200",
        JSON,
        "never",
        "info",
    )
    assert str(told.expected) == "to be seen at least once"
    assert told.location is not None
    assert (told.location.pointer.rpartition("/")[2], told.location.origin) == ("errors", "document")


def test_a_property_that_one_body_had_is_looked_for_no_more() -> None:
    assert "/errors" not in never(bodies(sent(SHORT), sent(QUEUED), sent(SHORT)))
    assert "/errors" not in never(bodies(sent({**SHORT, "errors": None}), sent(SHORT)))
    assert never(bodies(sent(b"", 404), sent({"data": QUEUED}))) == {}


def test_the_first_of_parts_in_any_order_is_the_first_of_the_whole() -> None:
    for one, other in ((0, 5), (5, 0)):
        made = bodies(sent(SHORT), sent(SHORT), first=one)
        made.update(bodies(sent(SHORT), first=other))
        assert never(made)["/errors"] == ("in none of 3 bodies", 0)
    backwards = Bodies()
    for number in (5, 3, 4):
        backwards.add(seen(sent(SHORT), number))
    assert never(backwards)["/errors"] == ("in none of 3 bodies", 3)
    made = bodies(sent(SHORT))
    made.update(bodies(sent(QUEUED)))
    assert "/errors" not in never(made)
    empty = Bodies()
    empty.update(bodies(sent(SHORT), first=2))
    assert never(empty)["/errors"] == ("in none of 1 bodies", 2)


def test_properties_go_over_their_state() -> None:
    (properties,) = bodies(sent(SHORT), first=4)._seen.values()
    state = properties.__getstate__()
    assert set(state) == {"example", "_holders", "_first", "_held"}
    read = type(properties).__new__(type(properties))
    read.__setstate__(state)
    assert "/errors" in {one.pointer for one in read.never_seen()}
    read.add(seen(sent({**SHORT, "errors": []}), 5), 1)
    assert "/errors" not in {one.pointer for one in read.never_seen()}


def test_free_maps_required_and_written_properties_and_items_are_not_looked_for() -> None:
    schema = {
        "type": "object",
        "required": ["id"],
        "properties": {
            "id": {"type": "string"},
            "key": {"type": "string", "writeOnly": True},
            "list": {"type": "array", "items": {"type": "object", "properties": {"in": {"type": "string"}}}},
            "metadata": {"type": "object", "properties": {"mine": {"type": "string"}}},
        },
    }
    small = contract_of(schema)
    made = Bodies()
    made.add(Observation(sent({"list": [{}], "metadata": {}}), small))
    free = small.chosen.roles.free_maps
    expected = {"/list/*/in"} | (set() if "/metadata" in free else {"/metadata/mine"})
    assert {one.pointer for one in made.never_seen()} == expected
    no_list = Bodies()
    no_list.add(Observation(sent({"list": {"a": 1}, "metadata": {"mine": "x"}}), small))
    assert [one.pointer for one in no_list.never_seen()] == []


def clauses(
    made: Coverage, deviations: list[tuple[Deviation, int]], *, stuck: bool = False, read_again: int = 0
) -> dict[str, tuple[str, int, int]]:
    results = cover_clauses(made, deviations, stuck=stuck, read_again=read_again)
    assert len({one.clause.id for one in results}) == len(results)
    return {one.clause.id.partition(" ")[2]: (one.state, one.judged, one.broken) for one in results}


def broken(*exchanges: Exchange, times: int = 1) -> list[tuple[Deviation, int]]:
    return [
        (deviation, times)
        for number, one in enumerate(exchanges)
        for found in check(seen(one, number)).values()
        for _, deviation in found
    ]


def test_clauses_are_kept_broken_inconclusive_or_not_observed() -> None:
    wrong = sent({**QUEUED, "created_at": "x", "new": 1})
    made = covered(wrong, sent(), unknown())
    found = clauses(made, broken(wrong, times=3), read_again=7)
    assert found[f"200 {JSON} /created_at body.type"] == ("broken", 3, 3)
    assert found[f"200 {JSON} /id body.type"] == ("kept", 2, 0)
    assert found[f"200 {JSON} - body.undeclared"] == ("broken", 3, 3)
    assert found[f"200 {JSON} /request_counts body.undeclared"] == ("kept", 2, 0)
    assert found[f"200 {JSON} /errors/* body.type"] == ("not_observed", 0, 0)
    assert found["- - - identity.unknown_answered"] == ("kept", 1, 0)
    assert {state for name, state in found.items() if name.endswith("stability.changed")} == {("kept", 7, 0)}
    assert found["- - - response.head_differs"] == ("not_observed", 0, 0)
    assert f"200 {JSON} /new body.undeclared" not in found
    open_yet = clauses(made, [], stuck=True)
    assert open_yet["- - - response.head_differs"] == ("inconclusive", 0, 0)
    assert open_yet["- - - identity.unknown_answered"] == ("kept", 1, 0)
    assert {state for name, state in open_yet.items() if name.endswith("stability.changed")} == {("not_observed", 0, 0)}
    assert open_yet[f"200 {JSON} /errors/* body.type"] == ("not_observed", 0, 0)


def test_a_clause_that_only_a_deviation_names_is_there_with_what_it_says() -> None:
    gone = sent(b"gone", 410)
    deviations = broken(gone, gone, times=2)
    results = cover_clauses(covered(gone, gone), deviations, stuck=False, read_again=0)
    (named,) = (one for one in results if one.clause.rule == "response.status" and one.clause.status == "410")
    first = next(one for one, _ in deviations if one.rule == "response.status")
    assert (named.state, named.judged, named.broken) == ("broken", 4, 4)
    assert named.clause == Clause(
        ID, "410", first.media_type, first.pointer, first.rule, first.expected, named.clause.location
    )
    assert named.clause.location == first.location
    nowhere = cover_clauses(covered(gone), [(replace(first, location=None), 1)], stuck=False, read_again=0)
    (of_standard,) = (one for one in nowhere if one.clause.rule == "response.status" and one.clause.status == "410")
    assert of_standard.clause.location == standard(REGISTRY["response.status"].source)


def test_a_declared_header_is_covered_by_the_answers_of_its_status() -> None:
    made = Coverage(openai_like().chosen)
    made.add(Observation(sent(), openai_like()))
    results = cover_clauses(made, [], stuck=True, read_again=0)
    of_headers = {(one.state, one.judged) for one in results if one.clause.rule == "response.header"}
    assert ("kept", 1) in of_headers
    assert not of_headers & {("inconclusive", 0)}
