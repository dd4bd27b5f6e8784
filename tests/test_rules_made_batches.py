"""What the rules about batches that were made look at, and how each place is broken or kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from broken_support import Looked, looked, said
from followed_support import (
    FILE,
    batch,
    contract,
    exchange,
    files,
    item,
    read,
    success,
    uploaded,
    wrote,
)
from judge_support import JSON, contract_of

from batch_conformance.contract.operation import Operation
from batch_conformance.message import Private, Template, shown
from batch_conformance.observation.observation import Observation
from batch_conformance.rules import REGISTRY
from batch_conformance.rules.followed import Followed, Upload
from batch_conformance.rules.made_batches import (
    OF_MADE_BATCHES,
    at_role,
    broken,
    broken_as_whole,
    kept,
    of_role,
    quoted,
    success_of,
)
from batch_conformance.rules.rule import Broken, ObservedPlace, Place

SAYS = Template("followed.unseen", "{place}")
WHOLE = Template("followed.unseen", "whole")
OPERATIONS = (*contract().operations, *contract().writes)
ALL = [success(name) for name in "abc"]


def operation(role: str) -> Operation:
    return next(one for one in OPERATIONS if one.role == role)


def test_a_success_has_the_documented_status_and_the_media_type_of_its_json() -> None:
    assert success_of(operation("create")) == ("200", JSON)
    documented = contract_of({"type": "object"}).operations[0]
    answer = documented.responses["200"]
    of_text = replace(answer, status="2XX", content={"text/plain": None, "text/json": None, JSON: None})
    assert success_of(replace(documented, responses={"2XX": of_text})) == ("2XX", "text/json")
    assert success_of(replace(documented, responses={"200": replace(answer, content={})})) == ("200", "")
    assert success_of(replace(documented, responses={"404": answer})) == ("", "")


def test_clauses_stand_at_the_places_of_the_operations_of_their_roles() -> None:
    places = at_role(SAYS, lambda of: ("", of.path), "create", "cancel")
    found = {one.role: list(places(one)) for one in OPERATIONS if list(places(one))}
    assert found == {
        role: [
            Place(SAYS(place="/"), "200", JSON, ""),
            Place(SAYS(place=operation(role).path), "200", JSON, operation(role).path),
        ]
        for role in ("create", "cancel")
    }
    whole = of_role(WHOLE, "create", "upload")
    assert {one.role: tuple(whole(one)) for one in OPERATIONS if whole(one)} == {
        "create": (Place(WHOLE()),),
        "upload": (Place(WHOLE()),),
    }
    assert of_role(WHOLE)(operation("create")) == ()


def test_what_is_looked_at_is_kept_broken_or_broken_as_a_whole() -> None:
    answer, sent = wrote("create", 200, batch()), exchange("GET", "/files", 200, {})
    expected, observed = shown("a"), shown("b")
    assert kept(answer) == ObservedPlace(answer, "", None, None)
    assert kept(answer, "/a") == ObservedPlace(answer, "/a", None, None)
    assert broken(answer, "/a", expected, observed, "odd") == ObservedPlace(
        answer, "/a", Broken(expected, observed, "odd", status="200", media_type=JSON, pointer="/a"), None
    )
    assert broken(answer, "/a", expected, observed, "odd", level="info", shows=sent) == ObservedPlace(
        answer, "/a", Broken(expected, observed, "odd", status="200", media_type=JSON, pointer="/a", level="info"), sent
    )
    assert broken_as_whole(answer, expected, observed, "odd") == ObservedPlace(
        answer, "", Broken(expected, observed, "odd", status="")
    )
    assert broken_as_whole(answer, expected, observed, "odd", level="should") == ObservedPlace(
        answer, "", Broken(expected, observed, "odd", status="", level="should")
    )


def test_a_value_is_quoted_where_it_is_a_text_and_cut_where_it_is_long() -> None:
    assert [quoted(one) for one in ("a", 5, None)] == [Private('"a"'), Private("5"), Private("None")]
    assert quoted("x" * 58) == Private('"' + "x" * 58 + '"')
    assert quoted("x" * 59) == Private('"' + "x" * 58 + "…")
    assert quoted(10**59) == Private("1" + "0" * 59)
    assert quoted(10**60) == Private("1" + "0" * 58 + "…")


def test_rules_about_made_batches_have_the_same_in_common() -> None:
    requests, unseen = OF_MADE_BATCHES["requests"], OF_MADE_BATCHES["unseen"]
    assert (OF_MADE_BATCHES["side"], OF_MADE_BATCHES["looks_at"], OF_MADE_BATCHES["only_with"]) == (
        "server",
        "run",
        "all",
    )
    assert unseen.id == "followed.unseen"
    assert not requests(read(200, batch()).exchange.probe, "")
    for rule in REGISTRY.values():
        if rule.follow:
            said = {name: getattr(rule, name) for name in OF_MADE_BATCHES if name != "requests"}
            assert said == {name: value for name, value in OF_MADE_BATCHES.items() if name != "requests"}
            assert not rule.requests(read(200, batch()).exchange.probe, "")


def clauses(rule: str, of: Iterable[Operation] = OPERATIONS) -> list[tuple[str | None, str, str, str]]:
    found = [(one.role, clause) for one in of for clause in REGISTRY[rule].clauses_of(one)]
    assert {clause.says.id for _, clause in found} <= {f"{rule}.clause"}
    return [(role, clause.status, clause.media_type, clause.pointer) for role, clause in found]


UPLOADED = [("upload", "200", JSON, f"/data/{name}") for name in ("bytes", "filename", "purpose")]
LISTED = [("files", "200", JSON, f"/data/data/*/{name}") for name in ("bytes", "line_count", "filename", "purpose")]
RESULTS = [("retrieve", "200", JSON, f"/{name}_file_id") for name in ("output", "error")]
COUNTED = [("retrieve", "200", JSON, f"/request_counts/{name}") for name in ("total", "completed", "failed")]


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("upload.as_sent", UPLOADED),
        ("upload.listed", [("files", "200", JSON, "/data/data")]),
        ("upload.item", LISTED),
        ("result_lines.fetched", RESULTS),
        ("result_lines.form", RESULTS),
        ("result_lines.custom_ids", RESULTS),
        ("result_lines.counts", COUNTED),
        ("result_lines.successes", RESULTS),
    ],
)
def test_what_was_made_has_clauses_at_the_members_that_are_declared(
    rule: str, expected: list[tuple[str, str, str, str]]
) -> None:
    assert clauses(rule) == expected


def test_operations_without_such_members_have_no_clauses() -> None:
    bare = contract_of({"type": "object"}).operations[0]
    rules = [rule for rule in REGISTRY if rule.startswith(("upload.", "result_lines."))]
    roles = ("upload", "files", "retrieve")
    assert [clauses(rule, [replace(bare, role=role)]) for rule in rules for role in roles] == [[]] * len(rules) * 3  # type: ignore[arg-type]
    none = replace(bare, role="upload", responses={})
    assert [clauses(rule, [none]) for rule in rules] == [[]] * len(rules)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, [("/data/bytes", "", None), ("/data/filename", "", None), ("/data/purpose", "", None)]),
        (
            {"bytes": 7, "filename": "x", "purpose": "y"},
            [
                ("/data/bytes", "other", "must"),
                ("/data/filename", "other", "should"),
                ("/data/purpose", "other", "should"),
            ],
        ),
        ({"bytes": "7", "filename": None, "purpose": 5}, []),
        ({"bytes": True, "filename": None}, [("/data/purpose", "", None)]),
        ({"line_count": 7}, [("/data/bytes", "", None), ("/data/filename", "", None), ("/data/purpose", "", None)]),
    ],
)
def test_an_upload_is_compared_member_by_member(changes: dict[str, Any], expected: list[Looked]) -> None:
    assert looked("upload.as_sent", uploaded(**changes)) == expected


def test_an_upload_is_told_with_what_was_sent() -> None:
    assert said("upload.as_sent", uploaded(bytes=7, filename="x")) == [
        (f"upload.as_sent.expected value={len(FILE.content)}", "value.shown value=7"),
        (f'upload.as_sent.expected value="{FILE.name}"', 'value.shown value="x"'),
    ]


def test_an_upload_without_an_object_is_not_compared() -> None:
    refused = wrote("upload", 400, {"code": 1, "message": "no", "data": None})
    alone = Followed(uploads=(Upload(FILE, refused, (files(item()),)), *uploaded(item()).uploads))
    assert len(looked("upload.as_sent", alone)) == 3
    assert looked("upload.listed", alone) == [("/data/data", "", None)]
    assert len(looked("upload.item", alone)) == 4


def listed(*lists: Observation) -> Followed:
    return Followed(uploads=(replace(uploaded().uploads[0], lists=lists),))


def others(count: int) -> list[dict[str, Any]]:
    return [item(id=f"file-{number}") for number in range(count)]


@pytest.mark.parametrize(
    ("lists", "expected"),
    [
        ([], []),
        ([files(item())], [("/data/data", "", None)]),
        ([files(*others(10), item())], [("/data/data", "", None)]),
        ([files()], [("/data/data", "missing", None)]),
        ([files(*others(1))], [("/data/data", "missing", None)]),
        ([files(*others(9))], [("/data/data", "missing", None)]),
        ([files(*others(10))], []),
        ([files(*others(20))], []),
        ([files(*others(11))], [("/data/data", "missing", None)]),
        ([files(), files(item())], [("/data/data", "", None)]),
        ([files(item()), files()], [("/data/data", "missing", None)]),
        ([files(item()), read(503, "busy", "/files")], [("/data/data", "", None)]),
        ([read(503, "busy", "/files")], []),
    ],
)
def test_an_uploaded_file_is_in_the_last_list_that_was_read(lists: list[Observation], expected: list[Looked]) -> None:
    assert looked("upload.listed", listed(*lists)) == expected


def test_a_file_that_is_not_listed_is_told_by_its_id() -> None:
    assert said("upload.listed", listed(files())) == [('upload.listed.expected id="file-in"', "upload.listed.observed")]


@pytest.mark.parametrize(
    ("more", "count", "kind"), [(False, 10, "missing"), (None, 10, ""), (True, 1, ""), (None, 1, "missing")]
)
def test_a_list_that_says_whether_there_is_more_is_believed(more: bool | None, count: int, kind: str) -> None:
    page = files(*others(count))
    form = page.operation.listing
    assert form is not None
    told = replace(form, more="/data/more")
    under = replace(
        page.contract,
        operations=tuple(
            replace(one, listing=told) if one.listing == form else one for one in page.contract.operations
        ),
    )
    body = {"data": {"data": others(count), **({} if more is None else {"more": more})}}
    sent = exchange("GET", "/files", 200, body)
    found = looked("upload.listed", listed(Observation(sent, under)))
    assert [kind for _, kind, _ in found] == ([kind] if kind else [])


def test_the_items_of_all_lists_are_compared_with_what_was_sent_where_they_are_of_the_file() -> None:
    whole = [(f"/data/data/*/{name}", "", None) for name in ("bytes", "line_count", "filename", "purpose")]
    assert looked("upload.item", listed(files(*others(1), item()), files(), files(item()))) == whole * 2
    odd = looked("upload.item", listed(files(item(bytes=7, line_count=1, filename="x", purpose="y"))))
    assert odd == [
        (pointer, "other", level)
        for (pointer, _, _), level in zip(whole, ("must", "must", "should", "should"), strict=True)
    ]
    assert looked("upload.item", listed(files(item(bytes=None, line_count="3", filename=None, purpose=None)))) == []
    assert looked("upload.item", listed(read(503, "busy", "/files"))) == []


def test_what_the_answer_to_the_upload_says_too_is_told_of_that_alone() -> None:
    taken = uploaded(item(bytes=7, filename="x"), bytes=7, filename="y")
    assert ("/data/data/*/bytes", "other", "must") not in looked("upload.item", taken)
    assert ("/data/data/*/filename", "other", "should") in looked("upload.item", taken)
    assert [kind for _, kind, _ in looked("upload.as_sent", taken)] == ["other", "other", ""]


def test_the_levels_of_the_rules_about_results_and_uploads() -> None:
    rules = {name: rule.level for name, rule in REGISTRY.items() if name.startswith(("result_lines.", "upload."))}
    assert rules == {
        "upload.as_sent": "must",
        "upload.listed": "should",
        "upload.item": "must",
        "result_lines.fetched": "should",
        "result_lines.form": "should",
        "result_lines.custom_ids": "must",
        "result_lines.counts": "must",
        "result_lines.successes": "should",
    }


def test_the_rules_about_results_and_uploads_say_by_whose_reference() -> None:
    sources = {rule.source for name, rule in REGISTRY.items() if name.startswith(("result_lines.", "upload."))}
    assert sources == {
        "OpenAI's guide, https://platform.openai.com/docs/guides/batch, the results of a batch",
        "OpenAI's reference of files, https://platform.openai.com/docs/api-reference/files/object",
        "the summary of the operation: it lists files",
    }
