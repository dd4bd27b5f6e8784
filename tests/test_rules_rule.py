"""What a rule is for want of a declaration, what it makes of a place and of a deviation, and what exercises it."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from broken_support import operation_of, seen
from cases_lists import lists
from judge_support import JSON, QUEUED, contract, contract_of, findings, refused, sent
from samples import BODY
from test_shape import changes
from test_shape import read as read_shape

from batch_conformance.contract.clause import Clause
from batch_conformance.contract.contract import Contract
from batch_conformance.contract.location import Location
from batch_conformance.exchange.exchange import Failure
from batch_conformance.findings.finding import Deviation
from batch_conformance.message import Template, shown
from batch_conformance.observation.observation import Observation
from batch_conformance.rules import REGISTRY
from batch_conformance.rules.highlight import Highlight
from batch_conformance.rules.requests import any_request
from batch_conformance.rules.rule import (
    Broken,
    ObservedPlace,
    Place,
    Rule,
    always,
    has_id,
    has_json,
    has_the_object,
    is_answered,
    is_batch,
    is_conclusive,
    is_success,
    standard,
    where,
)

PLAIN = Rule(id="x.y", title="", level="must", side="server", why="", remedy="", source="RFC 1", breaks="", keeps="")
GIVEN = ("id", "title", "level", "side", "why", "remedy", "source", "breaks", "keeps")
SOMEWHERE = Location("here.yaml", 7, "/x")
SAID, SEEN = shown("said"), shown("seen")


def at(origin: str) -> Location:
    return replace(SOMEWHERE, origin=origin)  # type: ignore[arg-type]


def deviation(broken: Broken, rule: Rule = PLAIN, observation: Observation | None = None) -> Deviation:
    return rule.deviation(observation or seen(), broken)


def test_a_rule_is_nothing_that_it_does_not_declare() -> None:
    made = Rule(**{name: getattr(PLAIN, name) for name in GIVEN})
    found = {field.name: getattr(made, field.name) for field in fields(Rule) if field.name not in GIVEN}
    highlight, clauses, said = (found.pop(name) for name in ("highlight", "clauses", "said"))
    assert (highlight(None), tuple(clauses(None)), said(None, "")) == (Highlight(), (), None)
    assert found.pop("requests") is any_request
    nothing = ("exercised", "check", "compare", "follow", "looks_at", "surely_kept", "unseen", "cure", "merge")
    assert [name for name in nothing if found.pop(name) is not None] == []
    assert repr(found) == repr(
        {
            "said_by": "source",
            "exercised_at": "",
            "concern": "protocol",
            "unless_rare": False,
            "of_body": False,
            "compares": "",
            "headers": (),
            "kept_by_plain_reads": False,
            "kept_by_monotonic_reads": False,
            "only_with": "",
            "reaches_client": False,
            "unless_told": (),
            "unless_alike": (),
            "covers": (),
        }
    )


def test_a_place_is_of_any_status_type_and_pointer_unless_it_says_so() -> None:
    assert [getattr(Place(SAID), field.name) for field in fields(Place)] == [SAID, "", "", "", None]
    found = [getattr(Broken(SAID, SEEN, "odd"), field.name) for field in fields(Broken)]
    assert found == [SAID, SEEN, "odd", None, "", "", None, None, None, ()]
    read = seen()
    assert [getattr(ObservedPlace(read), field.name) for field in fields(ObservedPlace)] == [read, "", None, None]


def test_a_clause_stands_where_its_place_or_its_rule_says_or_where_the_standard_does() -> None:
    places = (Place(SAID, "200", JSON, "/a", SOMEWHERE), Place(SAID))
    operation = operation_of()
    rule = replace(PLAIN, clauses=lambda _: places)
    of_place = Clause(operation.id, "200", JSON, "/a", "x.y", SAID, SOMEWHERE)
    of_standard = Clause(operation.id, "", "", "", "x.y", SAID, Location("RFC 1", 0, "", "standard"))
    assert list(rule.clauses_of(operation)) == [of_place, of_standard]
    said = replace(rule, said=lambda of, pointer: replace(SOMEWHERE, pointer=pointer) if of is operation else None)
    assert [one.location for one in said.clauses_of(operation)] == [SOMEWHERE, replace(SOMEWHERE, pointer="")]
    assert standard("RFC 2") == Location("RFC 2", 0, "", "standard")


def test_a_deviation_is_what_the_check_says_and_else_what_the_rule_does() -> None:
    read = seen()
    assert deviation(Broken(SAID, SEEN, "odd\ud800"), observation=read) == Deviation(
        rule="x.y",
        operation=read.operation.id,
        status="200",
        media_type="",
        pointer="",
        expected=SAID,
        observed=SEEN,
        kind="odd\\ud800",
        level="must",
        side="server",
        exchange=read.exchange,
        location=standard("RFC 1"),
    )
    whole = Broken(SAID, SEEN, "odd", "4XX", JSON, "/a\ud800", "info", "network", SOMEWHERE)
    assert deviation(whole, observation=read) == Deviation(
        rule="x.y",
        operation=read.operation.id,
        status="4XX",
        media_type=JSON,
        pointer="/a\\ud800",
        expected=SAID,
        observed=SEEN,
        kind="odd",
        level="info",
        side="network",
        exchange=read.exchange,
        location=SOMEWHERE,
    )
    assert deviation(Broken(SAID, SEEN, "odd", status="")).status == ""


@pytest.mark.parametrize(
    ("origin", "level"), [("document", "must"), ("standard", "must"), ("overlay", "should"), ("repair", "should")]
)
def test_what_others_than_the_document_and_a_standard_say_is_no_must(origin: str, level: str) -> None:
    assert deviation(Broken(SAID, SEEN, "odd", location=at(origin))).level == level
    assert deviation(Broken(SAID, SEEN, "odd", level="info", location=at(origin))).level == "info"


def test_a_deviation_stands_where_the_response_does_if_that_is_what_says_it() -> None:
    of_response = replace(PLAIN, said_by="response")
    operation = operation_of()
    assert deviation(Broken(SAID, SEEN, "odd"), of_response).location == operation.responses["200"].location
    undocumented = seen(status=418)
    assert deviation(Broken(SAID, SEEN, "odd"), of_response, undocumented).location == operation.location
    at_pointer = replace(PLAIN, said=lambda of, pointer: Location(of.id, 1, pointer))
    assert deviation(Broken(SAID, SEEN, "odd", pointer="/a"), at_pointer).location == Location(operation.id, 1, "/a")


def test_an_operation_has_an_id_where_its_path_has_a_parameter() -> None:
    assert has_id(operation_of())
    assert [has_id(one) for one in lists().operations] == [bool(one.parameter) for one in lists().operations]
    assert {has_id(one) for one in lists().operations} == {True, False}


@pytest.mark.parametrize(
    ("status", "conclusive"),
    [
        *((status, True) for status in (100, 200, 404, 428, 430, 499)),
        *((status, False) for status in (429, 500, 501, 503)),
    ],
)
def test_a_limit_and_an_error_of_the_server_say_nothing_of_the_api(status: int, conclusive: bool) -> None:
    assert is_conclusive(seen(status=status)) is conclusive


def test_what_did_not_come_says_nothing_of_the_api() -> None:
    assert not is_conclusive(seen(answered=False))
    assert not is_conclusive(seen(failure=Failure("reset", SAID)))
    assert is_conclusive(seen(status=1))
    assert is_answered(seen(failure=Failure("reset", SAID)))
    assert not is_answered(seen(answered=False))


@pytest.mark.parametrize(("status", "success"), [(199, False), (200, True), (299, True), (300, False)])
def test_a_success_is_a_read_that_was_answered_with_2xx(status: int, success: bool) -> None:
    assert is_success(seen(status=status)) is success
    assert is_success(seen(b"", status=status, method="HEAD")) is success
    assert not is_success(seen(status=status, method="POST"))
    assert not is_success(seen(status=status, forced=status))
    assert is_success(seen(status=status, forced=404)) is success


def test_nothing_is_a_success_without_an_answer() -> None:
    assert not is_success(seen(answered=False))


def test_the_object_is_there_where_a_batch_is_read_or_written() -> None:
    assert is_batch(seen())
    assert has_the_object(seen())
    assert not is_batch(seen({"code": 1, "message": "no", "data": None}))
    assert not has_the_object(seen({"code": 1, "message": "no", "data": None}))
    assert not has_the_object(seen(answered=False))
    assert not has_the_object(seen(b"", method="HEAD"))
    assert not has_the_object(seen(["a"]))


OBJECT = {"type": "object", "properties": {name: {"type": "string"} for name in ("id", "a", "b")}}
OTHERS = {name: {"description": "It.", "content": {JSON: {"schema": OBJECT}}} for name in ("1XX", "3XX")}
WRITTEN = contract_of(OBJECT, responses=OTHERS)
POST = replace(WRITTEN, operations=(replace(WRITTEN.operations[0], method="POST", methods=("POST",)),))


def written(status: int = 200, body: object = None, **more: object) -> Observation:
    return seen({"id": "a"} if body is None else body, status, method="POST", under=POST, **more)


def test_the_object_is_there_where_a_request_that_changes_something_is_answered_with_it() -> None:
    assert has_the_object(written())
    assert not has_the_object(written(199))
    assert not has_the_object(written(201))  # of which the document says nothing
    assert not has_the_object(written(300))
    assert not has_the_object(written(body=b""))
    assert not has_the_object(written(body={"data": {"id": "x", "a": "y", "b": "z"}}))
    assert not has_the_object(written(subject="outside"))
    assert not has_the_object(seen({"id": "a"}, method="POST", under=WRITTEN))


@pytest.mark.parametrize("under", [contract(), WRITTEN])
def test_json_is_there_where_a_body_came_for_which_the_document_has_json(under: Contract) -> None:
    assert has_json(seen(under=under))
    assert has_json(seen(b"<html>", media_type="text/html", under=under))
    assert not has_json(seen(answered=False, under=under))
    assert not has_json(seen(method="HEAD", under=under))
    assert not has_json(seen(method="DELETE", under=under))
    assert not has_json(seen(status=418, under=under))


def test_a_changed_shape_marks_the_header_or_the_media_type_that_changed() -> None:
    changed = REGISTRY["shape.changed"]
    finding = findings(refused(credential="missing", status=200), sent(QUEUED))[0]
    marked = [changed.highlight(replace(finding, kind=kind)) for kind in ("header x-id", "media type", "type")]
    assert [one.headers for one in marked] == [{"x-id"}, {"content-type"}, {"content-type"}]
    assert [(one.status, one.pointers, one.words) for one in marked] == [(False, (), ())] * 3


def test_a_changed_shape_has_a_clause_of_the_whole_operation() -> None:
    (clause,) = REGISTRY["shape.changed"].clauses_of(operation_of())
    assert (clause.status, clause.media_type, clause.pointer, clause.rule) == ("", "", "", "shape.changed")
    assert clause.says.id == "shape.changed.clause"
    assert REGISTRY["shape.changed"].unseen.id == "shape.changed.unseen"  # type: ignore[union-attr]
    assert (REGISTRY["shape.changed"].level, REGISTRY["shape.changed"].side) == ("should", "server")
    assert changes([read_shape(BODY)], [read_shape({**BODY, "errors": None})]) == [("200", "/errors", "null")]


def test_a_clause_of_every_operation_and_one_of_those_to_which_a_rule_applies() -> None:
    says = Template("shape.changed.clause", "it is so")
    assert tuple(always(says)(operation_of())) == (Place(says()),)
    assert tuple(always(says, "200")(operation_of())) == (Place(says(), "200"),)
    assert tuple(where(has_id, says)(operation_of())) == (Place(says()),)
    assert tuple(where(has_id, says, "200")(operation_of())) == (Place(says(), "200"),)
    assert tuple(where(lambda _: False, says, "200")(operation_of())) == ()
