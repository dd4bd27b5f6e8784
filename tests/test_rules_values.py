"""What the rules about texts that name something say, and the cheap checks that spare them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from broken_support import alike, broken, kinds, operation_of, seen, words
from judge_support import JSON, QUEUED, contract_of

from batch_conformance.contract.contract import Contract
from batch_conformance.rules import REGISTRY
from batch_conformance.rules.columns import Columns
from batch_conformance.rules.plain_texts import surely_plain
from batch_conformance.rules.values import surely_formed

MALFORMED, FORM = "value.malformed", "value.form"
LEAK = "panic: runtime error"


def queued(**changes: Any) -> dict[str, Any]:
    return {**QUEUED, **changes}


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        (" file-a", "padded"),
        ("file\x00a", "control"),
        ("file-a&amp;b", "markup"),
        ("${file.id}", "template"),
        ("<x at 0x7f0000000000>", "pointer"),
        ("b'file-a'", "repr"),
        ("file%2Fa", "escaped"),
    ],
)
def test_a_name_that_is_malformed_is_told_by_what_is_wrong_with_it(text: str, kind: str) -> None:
    (one,) = broken(MALFORMED, seen(queued(output_file_id=text)))
    assert (one.pointer, one.kind, one.status, one.media_type, one.level) == (
        "/output_file_id",
        kind,
        None,
        JSON,
        None,
    )
    assert words(one) == (f"{MALFORMED}.expected", f'{MALFORMED}.{kind} value="{text}"')


def test_each_name_of_a_batch_is_looked_at_and_nothing_else() -> None:
    odd = dict.fromkeys(("endpoint", "input_file_id", "output_file_id", "error_file_id", "object", "id"), " x")
    names = ["/endpoint", "/input_file_id", "/output_file_id", "/error_file_id"]
    assert kinds(MALFORMED, queued(**odd)) == [(name, "padded") for name in names]
    assert kinds(MALFORMED, QUEUED) == kinds(MALFORMED, queued(endpoint=5)) == []
    assert kinds(MALFORMED, queued(endpoint=" x"), 500) == []


def test_a_long_text_is_cut_where_it_is_told() -> None:
    for length, shown in ((60, '"' + "x" * 58 + ' y"'), (61, '"' + "x" * 56 + '…"')):
        (one,) = broken(FORM, seen(queued(endpoint="x" * (length - 2) + " y")))
        assert words(one)[1] == f"value.shown value={shown}"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"endpoint": "/v1/embeddings"}, []),
        ({"endpoint": "/"}, [("/endpoint", "path")]),
        ({"endpoint": "chat.completions"}, [("/endpoint", "path")]),
        ({"endpoint": "/v1/x?y"}, [("/endpoint", "path")]),
        ({"completion_window": "7d"}, []),
        ({"completion_window": "24 hours"}, []),
        ({"completion_window": "a day"}, [("/completion_window", "duration")]),
        ({"completion_window": "24"}, [("/completion_window", "duration")]),
        ({"endpoint": "", "completion_window": " "}, []),
        ({"endpoint": " /v1/x"}, []),  # told as malformed
        ({"endpoint": None, "completion_window": 24}, []),
        (
            {"endpoint": "x", "completion_window": "y"},
            [("/endpoint", "path"), ("/completion_window", "duration")],
        ),
    ],
)
def test_a_value_has_the_form_of_its_example(changes: dict[str, Any], expected: list[tuple[str, str]]) -> None:
    assert kinds(FORM, queued(**changes)) == expected
    checks = surely_formed(alike(queued(**changes)))
    assert [check(Columns.of_bodies([queued(**changes)])) for check in checks] == ([not expected] if checks else [])
    assert kinds(FORM, queued(**changes), 202) == []


def test_a_form_is_told_with_the_example() -> None:
    path, window = broken(FORM, seen(queued(endpoint="x", completion_window="y")))
    assert (path.status, path.media_type, path.level) == (None, JSON, None)
    assert words(path) == ("value.form.path example=/v1/chat/completions", 'value.shown value="x"')
    assert words(window) == ("value.form.duration example=24h", 'value.shown value="y"')


def formed(text: Any, **more: Any) -> Contract:
    return contract_of(
        {
            "type": "object",
            "properties": {
                "id": {"type": "string"},
                "where": {"type": "string", "example": text, **more},
                "in": {"type": "object", "properties": {"deep": {"type": "string", "example": "/v1/x"}}},
            },
        }
    )


def test_an_example_has_a_form_where_it_is_a_path_or_a_duration() -> None:
    def told(under: Contract) -> list[tuple[str, str]]:
        return kinds(FORM, {"id": "a", "where": "odd one", "in": {"deep": "odd"}}, under=under)

    forms = {
        example: [kind for _, kind in told(formed(example))] for example in ("/v1/x", "24h", "3 days", "x", "/", "24")
    }
    assert forms == {"/v1/x": ["path"], "24h": ["duration"], "3 days": ["duration"], "x": [], "/": [], "24": []}
    assert told(formed("/v1/x", enum=["/v1/x", "/v1/y"])) == []
    assert told(formed("/v1/x", writeOnly=True)) == []
    assert told(formed(5)) == []


def test_forms_that_are_known_to_hold_are_remembered_and_others_looked_at_again() -> None:
    (check,) = surely_formed(alike(QUEUED))

    def formed(*endpoints: str) -> bool:
        return check(Columns.of_bodies([queued(endpoint=endpoint) for endpoint in endpoints]))

    assert [formed("/v1/b"), formed("/v1/b"), formed("x"), formed("x")] == [True, True, False, False]
    assert [formed("/v1/b", "/v1/c"), formed("/v1/b", "x", "/v1/c")] == [True, False]
    assert all(formed(f"/v1/{number}") for number in range(1_100))
    assert not formed("y")
    assert formed("/v1/1099")
    (alone,) = surely_formed(alike(queued(completion_window=None)))
    several = [alone(Columns.of_bodies([queued(endpoint=value)])) for value in ("/v1/b", "x", "/v1/b")]
    assert several == [True, False, True]
    assert surely_formed(alike(queued(endpoint=None, completion_window=24))) == ()


def plain(body: dict[str, Any], like: dict[str, Any] | None = None, under: Contract | None = None) -> list[bool]:
    return [check(Columns.of_bodies([body])) for check in surely_plain(alike(like or body, under))]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, [True, True]),
        ({"output_file_id": "file-a.jsonl"}, [True, True]),
        ({"output_file_id": " file-a"}, [False, True]),
        ({"output_file_id": "b'file-a'"}, [False, True]),
        ({"output_file_id": "0xc000123456"}, [False, True]),
        ({"output_file_id": "0x12"}, [True, True]),
        ({"object": " batch"}, [True, True]),  # no name
        ({"object": f"x {LEAK}"}, [False, True]),
        ({"object": "https://10.2.3.4/x"}, [False, True]),
        ({"object": "https://files.example.com/x"}, [True, True]),
        ({"object": f"'{LEAK}'"}, [False, True]),
        ({"errors": [LEAK]}, [True, False]),
        ({"errors": ["no such file"]}, [True, True]),
        ({"errors": [{"message": LEAK, "line": 3}]}, [True, True]),
        ({"errors": [{"message": LEAK, "line": None}]}, [True, False]),
        ({"metadata": {"a": LEAK}}, [True, True]),
        ({"status": "10.2.3.4:80"}, [False, True]),
    ],
)
def test_a_body_is_surely_plain_where_none_of_its_texts_is_odd(changes: dict[str, Any], expected: list[bool]) -> None:
    errors = {"errors": ["x"]}
    assert plain(queued(**errors, **changes) if "errors" not in changes else queued(**changes)) == expected
    read = seen(queued(**changes))
    if all(expected):
        rules = (MALFORMED, "security.trace_leaked", "security.host_shown", "security.code_leaked")
        assert [rule for rule in rules if broken(rule, read)] == []


def test_only_members_with_texts_have_checks() -> None:
    assert plain(QUEUED) == [True]
    assert plain({"created_at": 5, "errors": [5], "metadata": {"a": "b"}}) == []
    assert plain({"created_at": 5, "errors": ["b"]}) == [True]
    assert plain({"metadata": "x"}) == []
    assert plain({"id": "a"}, {"id": "b"}) == [True]
    assert plain({"errors": [{"line": 3, "message": "x"}]}) == [True]


def test_texts_inside_are_looked_at_as_deep_as_the_rules_look() -> None:
    def nested(levels: int) -> dict[str, Any]:
        value: Any = LEAK
        for _ in range(levels):
            value = [value]
        return queued(errors=value)

    for levels in range(1, 9):
        assert bool(broken("security.trace_leaked", seen(nested(levels)))) is (levels <= 6)
        assert plain(nested(levels)) == [True, levels > 6][: 2 if levels <= 6 else 1]
    of_line = queued(errors={"line": 3, "message": LEAK})
    assert broken("security.trace_leaked", seen(of_line)) == []
    assert plain(of_line) == [True, True]


DEEP = contract_of(
    {
        "type": "object",
        "properties": {
            "id": {"type": "string"},
            "a/b_id": {"type": "string"},
            "in": {"type": "object", "properties": {"file_id": {"type": "string"}, "free": {"type": "object"}}},
        },
        "x-roles": {"names": ["/a~1b_id", "/in/file_id"], "free_maps": ["/in/free"]},
    }
)


def test_names_inside_and_names_with_a_slash_are_looked_at_where_they_stand() -> None:
    body = {"id": "a", "a/b_id": "b", "in": {"file_id": "c"}}
    assert operation_of(DEEP).roles.names == ("/a~1b_id", "/in/file_id")
    assert plain(body, under=DEEP) == [True, True]
    assert plain({**body, "in": {"file_id": " c"}}, under=DEEP) == [True, False]
    assert plain({**body, "in": {"file_id": 5}}, under=DEEP) == [True, True]
    assert plain({**body, "in": {"other": LEAK}}, under=DEEP) == [True, False]
    assert plain({**body, "in": {"file_id": "a%2Fb"}}, under=DEEP) == [True, False]
    assert plain({**body, "in": {"free": {"a": LEAK}}}, under=DEEP) == [True, True]
    assert plain({**body, "a/b_id": " b"}, under=DEEP) == [False, True]
    assert plain({**body, "id": " a"}, under=DEEP) == [True, True]
    assert plain({"id": "a"}, under=DEEP) == [True, True]


def clauses(rule: str, **changes: Any) -> list[tuple[str, str, str, str]]:
    operation = replace(operation_of(), **changes)
    return [(one.status, one.media_type, one.pointer, one.says.id) for one in REGISTRY[rule].clauses_of(operation)]


def test_there_are_clauses_where_a_contract_has_names_and_examples_with_a_form() -> None:
    operation = operation_of()
    for rule in (MALFORMED, FORM):
        assert clauses(rule) == [("200", "", "", f"{rule}.clause")]
    assert clauses(MALFORMED, roles=replace(operation.roles, names=())) == []
    errors = {status: response for status, response in operation.responses.items() if status != "200"}
    assert clauses(FORM, responses=errors) == []
    assert clauses(FORM, responses={**errors, "2XX": operation.responses["200"]})
    bare = replace(operation.responses["200"], content={"text/plain": None, **operation.responses["200"].content})
    assert clauses(FORM, responses={"200": bare})
    assert clauses(FORM, responses=formed("x").operations[0].responses) == []
    assert clauses(FORM, responses={"404": operation.responses["200"]}) == []
