"""What is only written never comes back, and nobody asks for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from contract_support import schema
from judge_support import KNOWN, contract_of, findings, sent
from test_fast_path import both_paths

from batch_conformance.contract.contract import Contract
from batch_conformance.contract.diff import diff_contracts
from batch_conformance.mock.derived import derive
from batch_conformance.report.proof.proof import assess
from batch_conformance.run.prove.drift_runner import DriftRunner, drift_of

SECRET = {"type": "string", "writeOnly": True}
ID = {"id": {"type": "string", "readOnly": True}, "status": {"type": "string"}}
BASE = {"type": "object", "required": ["id", "secret"], "properties": {**ID, "secret": SECRET}}
REFERENCE = {"$ref": "#/components/schemas/Secret"}
FORMS: dict[str, dict[str, Any]] = {
    "its own property": BASE,
    "a closed object": {**BASE, "additionalProperties": False},
    "a base": {"allOf": [{"$ref": "#/components/schemas/Base"}, {"type": "object", "required": ["secret"]}]},
    "required beside": {"required": ["secret"], "allOf": [{"$ref": "#/components/schemas/Base"}]},
    "a reference": {**BASE, "properties": {**ID, "secret": REFERENCE}},
    "a wrapped reference": {
        **BASE,
        "properties": {**ID, "secret": {"allOf": [{"$ref": "#/components/schemas/Plain"}], "writeOnly": True}},
    },
    "said by another part": {
        "allOf": [
            {"type": "object", "required": ["secret"], "properties": {**ID, "secret": {"type": "string"}}},
            {"properties": {"secret": {"writeOnly": True}}},
        ]
    },
    "each alternative": {
        "required": ["secret"],
        "properties": ID,
        "anyOf": [{"properties": {"secret": SECRET}}, {"properties": {"secret": SECRET}, "required": ["secret"]}],
    },
}
COMPONENTS = {"Secret": SECRET, "Plain": {"type": "string"}, "Base": BASE}
BATCH = {"id": KNOWN, "status": "done"}


def under(form: Any, openapi: str = "3.0.3") -> Contract:
    return contract_of(form, openapi=openapi, schemas=COMPONENTS)


@pytest.mark.parametrize("openapi", ["3.0.3", "3.1.0"])
@pytest.mark.parametrize("form", FORMS)
def test_a_property_that_is_sent_back_is_one_finding(form: str, openapi: str, tmp_path: Path) -> None:
    ours = under(FORMS[form], openapi)
    found = findings(sent({**BATCH, "secret": "hunter2"}), under=ours, info=True)
    assert [(one.rule, one.level, one.pointer) for one in found] == [("body.write_only", "should", "/secret")]
    assert "hunter2" not in str(found[0].observed)
    assert found[0].location is not None
    assert found[0].location.pointer.endswith("/writeOnly")
    bodies = [BATCH, {**BATCH, "secret": "hunter2"}, BATCH, {**BATCH, "secret": "hunter3"}]
    assert [(one.rule, one.occurrences) for one in both_paths(tmp_path, ours, *bodies)] == [("body.write_only", 2)]


@pytest.mark.parametrize("openapi", ["3.0.3", "3.1.0"])
@pytest.mark.parametrize("form", FORMS)
def test_nobody_asks_for_it(form: str, openapi: str) -> None:
    ours = under(FORMS[form], openapi)
    assert not findings(sent(BATCH), under=ours, info=True)
    of_secret = [clause.rule for clause in ours.clauses if clause.pointer.startswith("/secret")]
    assert of_secret == ["body.write_only"]


@pytest.mark.parametrize("value", ["", None, 17, {"a": 1}, ["x"]])
def test_what_is_wrong_with_it_beside_is_no_second_finding(value: Any) -> None:
    found = findings(sent({**BATCH, "secret": value}), under=under(BASE), info=True)
    assert [(one.rule, one.pointer) for one in found] == [("body.write_only", "/secret")]


def test_it_is_found_in_items_and_below() -> None:
    form = {
        "type": "object",
        "properties": {**ID, "keys": {"type": "array", "items": {**BASE, "required": ["secret"]}}},
    }
    body = {**BATCH, "keys": [{"id": "a"}, {"secret": "x"}, {"secret": "y"}]}
    assert [one.pointer for one in findings(sent(body), under=under(form))] == ["/keys/*/secret"]
    assert not findings(sent({**BATCH, "keys": [{"id": "a"}]}), under=under(form))


def test_members_of_an_object_that_is_only_written_are_not_asked_for() -> None:
    inner = {"type": "object", "writeOnly": True, "required": ["user"], "properties": {"user": {"type": "string"}}}
    ours = under({"type": "object", "required": ["login"], "properties": {**ID, "login": inner}})
    assert not findings(sent(BATCH), under=ours, info=True)
    assert not [clause for clause in ours.clauses if clause.pointer.startswith("/login/")]
    found = findings(sent({**BATCH, "login": {}}), under=ours, info=True)
    assert [(one.rule, one.pointer) for one in found] == [("body.write_only", "/login")]


def test_beside_a_reference_openapi_3_0_ignores_it_and_nothing_fails() -> None:
    form = {**BASE, "properties": {**ID, "secret": {"$ref": "#/components/schemas/Plain", "writeOnly": True}}}
    assert not findings(sent(BATCH), under=under(form), info=True)
    levels = {
        openapi: [one.level for one in findings(sent({**BATCH, "secret": "x"}), under=under(form, openapi), info=True)]
        for openapi in ("3.0.3", "3.1.0")
    }
    assert levels == {"3.0.3": ["info"], "3.1.0": ["should"]}


def test_a_property_that_only_some_alternatives_write_may_come() -> None:
    form = {
        "type": "object",
        "properties": ID,
        "anyOf": [{"properties": {"secret": SECRET}}, {"properties": {"secret": {"type": "string"}}}],
    }
    assert not findings(sent({**BATCH, "secret": "x"}), under=under(form))


def test_alternatives_that_differ_by_what_is_only_written_all_keep_the_schema() -> None:
    form = {
        "type": "object",
        "properties": {**ID, "password": SECRET, "token": SECRET},
        "oneOf": [{"required": ["password"]}, {"required": ["token"]}],
    }
    assert not findings(sent(BATCH), under=under(form), info=True)
    assert schema(form).is_valid({})


def test_a_schema_that_holds_itself_is_read_to_its_end() -> None:
    tree = {**BASE, "properties": {**BASE["properties"], "next": {"$ref": "#/components/schemas/Tree"}}}
    ours = contract_of({"$ref": "#/components/schemas/Tree"}, schemas={"Tree": tree})
    body = {**BATCH, "next": {"id": "b", "next": {"id": "c", "secret": "x"}}}
    assert [one.pointer for one in findings(sent(body), under=ours)] == ["/next/next/secret"]


def test_a_missing_member_is_told_at_its_own_line() -> None:
    form = {"type": "object", "required": ["secret", "id"], "properties": {**ID, "secret": SECRET}}
    (found,) = findings(sent({"status": "done"}), under=under(form))
    assert found.location is not None
    assert found.location.pointer.endswith("/required/1")


def test_the_mock_does_not_send_it_and_the_catalogue_does() -> None:
    nested = {
        "type": "array",
        "items": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}, "key": SECRET}},
    }
    form = {
        "type": "object",
        "required": ["id", "secret", "hooks"],
        "properties": {**ID, "secret": SECRET, "hooks": nested},
    }
    ours = under(form)
    entries = {entry.name: entry for entry in derive(ours)}
    assert [name for name in entries if "/secret" in name] == ["200/secret:sent"]
    assert [name for name in entries if "/key" in name] == ["200/hooks/*/key:sent"]
    with DriftRunner(ours) as bench:
        assert not [one for one in bench.try_out().findings if one.pointer.startswith(("/secret", "/hooks"))]
        for name in ("200/secret:sent", "200/hooks/*/key:sent", "200/hooks/*/name:missing"):
            assert assess(drift_of(entries[name]), bench.try_out(entries[name])).right, name


def test_a_value_that_is_only_written_is_masked_in_reports() -> None:
    assert under(BASE).private == ("/secret",)


def test_a_property_that_becomes_write_only_is_gone_for_those_who_read_it() -> None:
    plain = {"type": "object", "properties": {**ID, "secret": {"type": "string"}}}
    written = {"type": "object", "properties": {**ID, "secret": SECRET}}
    for old, new, breaking in ((plain, written, True), (written, plain, False)):
        changes = diff_contracts(under(old), under(new)).changes
        assert [(one.pointer, one.breaking) for one in changes] == [("/secret", breaking)]


@pytest.mark.parametrize("openapi", ["3.0.3", "3.1.0"])
def test_a_property_that_is_read_only_as_well_may_come(openapi: str) -> None:
    both = {"type": "string", "readOnly": True, "writeOnly": True}
    ours = contract_of({"type": "object", "required": ["both"], "properties": {**ID, "both": both}}, openapi=openapi)
    assert [one.rule for one in findings(sent({**BATCH, "both": "x"}), under=ours)] == []
