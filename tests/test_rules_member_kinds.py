"""Which findings about members of one kind are one, of all that are alike in other ways."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from cases_lists import lists
from judge_support import JSON, contract, sent

from batch_conformance.contract.clause import clause_id
from batch_conformance.findings.finding import Finding, MergedPart, fingerprint_of
from batch_conformance.message import Listing, shown, type_named
from batch_conformance.rules.member_kinds import members_of_one_kind

OPERATION = contract().operations[0].id


def body_of(*pointers: str, value: Any = "x") -> dict[str, Any]:
    """A body that has the value at each of some places."""
    made: dict[str, Any] = {}
    for pointer in pointers:
        inner = made
        *path, last = pointer[1:].split("/")
        for name in path:
            inner = inner.setdefault(name, {})
        inner[last] = value
    return made


def finding(pointer: str, *also: str, value: Any = "x", kind: str = "string", number: int = 0, **more: Any) -> Finding:
    """A finding about a member whose evidence has the value there, and at other places too."""
    evidence = sent(body_of(pointer, *also, value=value), number=number)
    made = Finding(
        id=f"{pointer} {kind} {number}",
        rule="body.type",
        level="must",
        side="server",
        operation=OPERATION,
        status="200",
        media_type=JSON,
        pointer=pointer,
        expected=shown("integer"),
        observed=shown("string"),
        kind=kind,
        occurrences=3,
        evidence=evidence,
    )
    return replace(made, **more)


def merged(*findings: Finding, under: Any = None) -> dict[str, Finding]:
    return dict(members_of_one_kind(under or contract())(findings, lambda _: 1))


def groups(*findings: Finding, under: Any = None) -> list[list[str]]:
    """The pointers of the findings that became one, by what they became."""
    found = merged(*findings, under=under)
    made = {one.id: one for one in found.values()}
    return sorted(sorted(f.pointer for f in findings if found.get(f.id) == one) for one in made.values())


def together(*pointers: str, **more: Any) -> list[Finding]:
    """A finding for each place, each of which shows all of them."""
    return [finding(one, *pointers, **more) for one in pointers]


def test_members_of_one_kind_are_one_finding_at_the_body() -> None:
    found = merged(*together("/created_at", "/expires_at"))
    assert set(found) == {"/created_at string 0", "/expires_at string 0"}
    (one,) = set(found.values())
    clause = clause_id(OPERATION, "200", JSON, "", "body.type")
    assert (one.id, one.pointer, one.kind) == (fingerprint_of(clause, "string times"), "", "string")
    assert (one.level, one.side, one.status, one.media_type) == ("must", "server", "200", JSON)
    assert one.occurrences == 3
    assert one.parts == (
        MergedPart("/created_at string 0", "/created_at", "string"),
        MergedPart("/expires_at string 0", "/expires_at", "string"),
    )
    assert one.observed.id == "many.times_as"
    assert dict(one.observed.arguments) == {
        "type": type_named("string"),
        "places": Listing(("/created_at", "/expires_at")),
    }
    assert one.expected == shown("integer")


def test_several_documented_types_are_told_as_such() -> None:
    first, second = together("/created_at", "/expires_at")
    (one,) = set(merged(first, replace(second, expected=shown("integer or null"))).values())
    assert one.expected.id == "many.documented_types"
    assert dict(one.expected.arguments) == {"types": Listing((shown("integer"), shown("integer or null")))}


@pytest.mark.parametrize(
    ("pointers", "kind"),
    [
        (("/created_at", "/cancelled_at"), "times"),
        (("/request_counts/total", "/request_counts/completed", "/request_counts/failed"), "counts"),
        (("/id", "/input_file_id", "/output_file_id"), "ids"),
    ],
)
def test_times_counts_and_ids_are_kinds(pointers: tuple[str, ...], kind: str) -> None:
    (one,) = set(merged(*together(*pointers)).values())
    assert (one.observed.id, one.id) == (
        f"many.{kind}_as",
        fingerprint_of(clause_id(OPERATION, "200", JSON, "", "body.type"), f"string {kind}"),
    )
    assert one.pointers == tuple(sorted(pointers))


def test_members_of_other_kinds_or_alone_stay_apart() -> None:
    assert merged() == merged(finding("/created_at")) == {}
    assert merged(*together("/created_at", "/id")) == merged(*together("/endpoint", "/object")) == {}
    assert groups(*together("/created_at", "/expires_at", "/id", "/input_file_id")) == [
        ["/created_at", "/expires_at"],
        ["/id", "/input_file_id"],
    ]


@pytest.mark.parametrize(
    "other",
    [
        {"operation": "another"},
        {"status": "404"},
        {"side": "document"},
        {"side": "network"},
        {"parts": (MergedPart("a", "/a", "b"),)},
        {"media_type": "text/json"},
        {"level": "should"},
        {"kind": "number"},
    ],
)
def test_findings_that_are_unlike_in_one_way_stay_apart(other: dict[str, Any]) -> None:
    first, second, third = together("/created_at", "/expires_at", "/completed_at")
    assert groups(first, replace(second, **other)) == []
    assert groups(first, replace(second, **other), third) == [["/completed_at", "/created_at"]]


def test_a_range_of_statuses_is_one_of_successes() -> None:
    first, second = together("/created_at", "/expires_at", status="2XX")
    assert groups(first, second) == [["/created_at", "/expires_at"]]
    assert groups(*together("/created_at", "/expires_at", status="default")) == []


def test_only_what_one_answer_shows_is_one() -> None:
    first, second = finding("/created_at"), finding("/expires_at")
    assert groups(first, second) == []
    assert groups(finding("/created_at", "/expires_at"), second) == [["/created_at", "/expires_at"]]
    assert groups(first, finding("/expires_at", "/created_at")) == [["/created_at", "/expires_at"]]
    other = finding("/expires_at", "/created_at", value=5)
    assert groups(first, other) == []


def test_a_third_answer_may_show_two_that_do_not_show_each_other() -> None:
    first, second = finding("/created_at"), finding("/expires_at")
    third = finding("/completed_at", "/created_at", "/expires_at")
    for order in ((first, second, third), (third, first, second), (second, third, first)):
        assert groups(*order) == [["/completed_at", "/created_at", "/expires_at"]]
        (one,) = set(merged(*order).values())
        assert one.evidence == third.evidence  # what shows the most of them
    apart = finding("/failed_at")
    assert groups(first, apart, third) == [["/completed_at", "/created_at"]]


def test_members_that_several_answers_show_are_one_with_the_answer_that_shows_the_most_first() -> None:
    pair = together("/in_progress_at", "/failed_at")
    three = together("/completed_at", "/created_at", "/expires_at", number=1)
    apart = finding("/finalizing_at")
    for order in ((*pair, *three, apart), (*three, apart, *pair)):
        found = merged(*order)
        (one,) = set(found.values())
        assert set(found) == {each.id for each in (*pair, *three)}
        assert one.evidence == three[0].evidence
        assert one.pointers == ("/completed_at", "/created_at", "/expires_at", "/failed_at", "/in_progress_at")


def test_an_answer_that_was_cut_or_cannot_be_read_shows_nothing() -> None:
    first, second = together("/created_at", "/expires_at")
    answer = first.evidence.response
    assert answer is not None

    def shown_by(**changes: Any) -> list[list[str]]:
        evidence = replace(first.evidence, response=replace(answer, **changes))
        return groups(replace(first, evidence=evidence), finding("/expires_at"))

    assert shown_by() == [["/created_at", "/expires_at"]]
    assert shown_by(truncated=True) == shown_by(body=b"{") == shown_by(body=b"") == []
    none = replace(first, evidence=replace(first.evidence, response=None))
    assert groups(none, finding("/expires_at")) == []
    assert groups(none, second) == [["/created_at", "/expires_at"]]


def test_the_items_of_a_list_have_kinds_of_their_own() -> None:
    operation = next(one for one in lists().operations if one.role == "list")
    body = {"data": [{"created_at": "x", "expires_at": "x", "id": 5}]}
    evidence = replace(sent(json.dumps(body).encode()), number=0)
    pair = [
        replace(finding(f"/data/*/{name}"), operation=operation.id, evidence=evidence)
        for name in ("created_at", "expires_at")
    ]
    assert groups(*pair, under=lists()) == [["/data/*/created_at", "/data/*/expires_at"]]
    outside = [replace(one, pointer=one.pointer.removeprefix("/data/*")) for one in pair]
    assert groups(*outside, under=lists()) == []
    assert groups(*together("/created_at", "/expires_at"), under=lists()) == [["/created_at", "/expires_at"]]
    bare = replace(contract().operations[0], roles=replace(contract().operations[0].roles, counts=None, identity=None))
    without = replace(contract(), operations=(bare,))
    counts = together("/request_counts/total", "/request_counts/failed")
    assert groups(*counts, under=without) == groups(*together("/id", "/input_file_id"), under=without) == []
    assert groups(*together("/input_file_id", "/output_file_id"), under=without)
