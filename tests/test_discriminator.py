"""Discriminators: the alternative that is named must hold, and values that name none are told of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from contract_support import untimed
from hypothesis import given
from hypothesis import strategies as st
from judge_support import KNOWN, contract_of, findings, sent
from test_fast_path import both_paths

from batch_conformance.contract.contract import Contract
from batch_conformance.mock.derived import derive
from batch_conformance.report.language import CHINESE
from batch_conformance.report.proof.proof import assess
from batch_conformance.run.prove.drift_runner import DriftRunner, drift_of

ID = {"id": {"type": "string"}, "status": {"type": "string"}}
BASE = {"type": "object", "required": ["kind", "id"], "properties": {"kind": {"type": "string"}, **ID}}
COMPONENTS: dict[str, Any] = {
    "Base": BASE,
    "Chat": {
        "allOf": [
            {"$ref": "#/components/schemas/Base"},
            {"required": ["tokens"], "properties": {"tokens": {"type": "integer"}}},
        ]
    },
    "Embed": {
        "allOf": [
            {"$ref": "#/components/schemas/Base"},
            {"required": ["dims"], "properties": {"dims": {"type": "integer"}}},
        ]
    },
}
BRANCHES = [{"$ref": "#/components/schemas/Chat"}, {"$ref": "#/components/schemas/Embed"}]
MAPPING = {"chat": "#/components/schemas/Chat", "embed": "Embed"}
UNION = {"oneOf": BRANCHES, "discriminator": {"propertyName": "kind", "mapping": MAPPING}}
IMPLICIT = {"oneOf": BRANCHES, "discriminator": {"propertyName": "kind"}}
AS_BASE = {**BASE, "discriminator": {"propertyName": "kind", "mapping": MAPPING}}
INHERITED = {**COMPONENTS, "Base": AS_BASE}
BATCH = {"id": KNOWN, "status": "done"}
CHAT, EMBED = {**BATCH, "kind": "chat", "tokens": 3}, {**BATCH, "kind": "embed", "dims": 3}
OPENAPI = pytest.mark.parametrize("openapi", ["3.0.3", "3.1.0"])


def under(form: Any, openapi: str = "3.0.3", **components: Any) -> Contract:
    return contract_of(form, openapi=openapi, schemas={**COMPONENTS, **components})


def told(body: Any, ours: Contract) -> list[tuple[str, str, str]]:
    return [(one.rule, one.level, one.pointer) for one in findings(sent(body), under=ours)]


FORMS: dict[str, Contract] = {
    "mapping": under(UNION),
    "anyOf": under({"anyOf": BRANCHES, "discriminator": UNION["discriminator"]}),
    "base": under({"$ref": "#/components/schemas/Base"}, **INHERITED),
    "nullable": under({**UNION, "nullable": True}),
    "in an allOf": under({"allOf": [UNION]}),
    "null branch": under({**UNION, "oneOf": [*BRANCHES, {"type": "null"}]}, "3.1.0"),
    "wrapped": under({"allOf": [{"$ref": "#/components/schemas/Base"}]}, **INHERITED),
}
EACH = pytest.mark.parametrize("ours", FORMS.values(), ids=FORMS)


@EACH
def test_the_alternative_that_is_named_must_hold(ours: Contract) -> None:
    assert told(CHAT, ours) == []
    assert told(EMBED, ours) == []
    assert told({**BATCH, "kind": "chat", "dims": 3}, ours) == [
        ("body.required", "must", "/tokens"),
        ("body.undeclared", "should", "/dims"),
    ]
    assert told({**CHAT, "tokens": "3"}, ours) == [("body.type", "must", "/tokens")]
    assert told({**CHAT, "dims": 3}, ours) == [("body.undeclared", "should", "/dims")]


@EACH
def test_the_name_of_the_component_is_valid_beside_a_mapping(ours: Contract) -> None:
    assert told({**CHAT, "kind": "Chat"}, ours) == []
    assert told({**CHAT, "kind": "Embed"}, ours) == [
        ("body.required", "must", "/dims"),
        ("body.undeclared", "should", "/tokens"),
    ]


@EACH
def test_a_value_that_names_nothing_is_one_finding(ours: Contract) -> None:
    for body in ({**CHAT, "kind": "video"}, {**BATCH, "kind": "video"}, {**CHAT, "dims": 3, "kind": "video"}):
        (found,) = findings(sent(body), under=ours)
        assert (found.rule, found.level, found.pointer, found.kind) == ("body.known_value", "should", "/kind", "video")
        assert str(found.expected).startswith('one of "chat", "embed", "Chat", "Embed"')
        assert found.clause in {clause.id for clause in ours.clauses}


@EACH
def test_without_the_property_or_with_another_type_of_it_only_that_is_told(ours: Contract) -> None:
    assert told({**BATCH, "tokens": 3}, ours) == [("body.required", "must", "/kind")]
    assert told({**BATCH, "kind": 5}, ours) == [("body.type", "must", "/kind")]
    assert told({**BATCH, "kind": None, "tokens": 3}, ours) == [("body.type", "must", "/kind")]


def test_a_value_that_is_no_object_is_told_by_its_type() -> None:
    assert told("x", FORMS["mapping"]) == [("body.type", "must", "")]
    assert told(None, FORMS["mapping"]) == [("body.type", "must", "")]
    assert told(None, FORMS["nullable"]) == []
    assert told(None, FORMS["null branch"]) == []


def test_the_message_says_which_alternative_and_how_many_match() -> None:
    (found, _) = findings(sent({**BATCH, "kind": "chat", "dims": 3}), under=FORMS["mapping"])
    assert str(found.observed) == 'missing; kind "chat" names Chat, and 1 of 2 alternatives match'
    assert CHINESE.render(found.observed) == '缺失；kind "chat" 指明 Chat，匹配的有 1 个，共 2 个备选'
    (found, _) = findings(sent({**BATCH, "kind": "chat", "dims": 3}), under=FORMS["base"])
    assert str(found.observed) == 'missing; kind "chat" names Chat, and 1 of 2 alternatives match'


@OPENAPI
def test_without_a_mapping_components_are_named_as_they_are(openapi: str) -> None:
    ours = under(IMPLICIT, openapi)
    assert told({**CHAT, "kind": "Chat"}, ours) == []
    assert told(CHAT, ours) == [("body.known_value", "should", "/kind")]


@OPENAPI
def test_alternatives_that_list_their_own_values_make_an_enumeration(openapi: str) -> None:
    branches = {
        name: {
            "type": "object",
            "required": ["kind"],
            "properties": {"kind": {"type": "string", "enum": [value]}, name: {}, **ID},
        }
        for name, value in (("A", "a"), ("B", "b"))
    }
    form = {
        "oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in branches],
        "discriminator": {"propertyName": "kind", "mapping": {"a": "A", "b": "B"}},
    }
    ours = under(form, openapi, **branches)
    assert told({**BATCH, "kind": "a", "A": 1}, ours) == []
    assert told({**BATCH, "kind": "a", "B": 1}, ours) == [("body.undeclared", "should", "/B")]
    assert told({**BATCH, "kind": "c"}, ours) == [("body.enum", "must", "/kind")]


def test_two_alternatives_that_both_match_are_no_fault_where_one_is_named() -> None:
    loose = {name: {"type": "object", "properties": {"kind": {"type": "string"}, **ID}} for name in ("A", "B")}
    form = {
        "oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in loose],
        "discriminator": {"propertyName": "kind"},
    }
    assert told({**BATCH, "kind": "A"}, under(form, **loose)) == []


def test_a_discriminator_that_need_not_be_there_leaves_the_alternatives_as_they_are() -> None:
    loose = {
        "A": {"type": "object", "required": ["a"], "properties": {"kind": {"type": "string"}, "a": {}, **ID}},
        "B": {"type": "object", "required": ["b"], "properties": {"kind": {"type": "string"}, "b": {}, **ID}},
    }
    form = {
        "oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in loose],
        "discriminator": {"propertyName": "kind"},
    }
    ours = under(form, **loose)
    assert told({**BATCH, "a": 1}, ours) == []
    assert told({**BATCH, "kind": "B", "a": 1}, ours) != []


def test_a_number_is_named_as_a_mapping_writes_it() -> None:
    versions = {
        name: {"type": "object", "required": ["v"], "properties": {"v": {"type": "integer"}, name: {}, **ID}}
        for name in ("A", "B")
    }
    form = {
        "oneOf": [{"$ref": f"#/components/schemas/{name}"} for name in versions],
        "discriminator": {"propertyName": "v", "mapping": {"1": "A", "2": "B"}},
    }
    ours = under(form, **versions)
    assert told({**BATCH, "v": 1, "A": 1}, ours) == []
    assert told({**BATCH, "v": 2, "A": 1}, ours) == [("body.undeclared", "should", "/A")]
    assert [rule for rule, _, _ in told({**BATCH, "v": 3}, ours)] == ["body.known_value"]


def test_children_of_children_are_named_too() -> None:
    vision = {
        "allOf": [
            {"$ref": "#/components/schemas/Chat"},
            {"required": ["pixels"], "properties": {"pixels": {"type": "integer"}}},
        ]
    }
    ours = under({"$ref": "#/components/schemas/Base"}, **INHERITED, Vision=vision)
    assert told({**CHAT, "kind": "Vision", "pixels": 1}, ours) == []
    assert told({**CHAT, "kind": "Vision"}, ours) == [("body.required", "must", "/pixels")]
    assert told({**BATCH, "kind": "Base"}, ours) == []


def test_a_child_that_is_answered_by_itself_is_held_to_itself_alone() -> None:
    ours = under({"$ref": "#/components/schemas/Chat"}, **INHERITED)
    assert told(CHAT, ours) == []
    assert told({**BATCH, "kind": "chat"}, ours) == [("body.required", "must", "/tokens")]


def test_discriminators_in_items_and_in_each_other() -> None:
    outer = {
        "type": "object",
        "properties": {**ID, "jobs": {"type": "array", "items": UNION}, "job": {"$ref": "#/components/schemas/Base"}},
    }
    ours = under(outer, **INHERITED)
    chat, embed = ({**body, "id": "x"} for body in (CHAT, EMBED))
    assert told({**BATCH, "jobs": [chat, embed], "job": chat}, ours) == []
    assert told({**BATCH, "jobs": [embed, {**embed, "kind": "chat"}], "job": {**chat, "kind": "video"}}, ours) == [
        ("body.required", "must", "/jobs/*/tokens"),
        ("body.known_value", "should", "/job/kind"),
        ("body.undeclared", "should", "/jobs/*/dims"),
    ]


def test_a_schema_that_the_document_does_not_have_names_nothing_and_is_said_once() -> None:
    mapping = {"chat": "#/components/schemas/Chat", "x": "other.yaml#/X", "y": "#/components/schemas/Gone"}
    ours = under({"oneOf": BRANCHES, "discriminator": {"propertyName": "kind", "mapping": mapping}})
    assert [
        one.pointer.rpartition("/")[2] for one in ours.document_findings if one.rule == "document.mapping_unread"
    ] == ["x", "y"]
    assert told({**CHAT, "kind": "x"}, ours) == []
    assert told({**BATCH, "kind": "y"}, ours) == [("body.constraint", "must", "")]


@pytest.mark.parametrize("said", ["kind", {}, {"propertyName": 5}, None])
def test_a_discriminator_of_another_form_is_left_out_and_told_of(said: Any) -> None:
    ours = under({"oneOf": BRANCHES, "discriminator": said})
    assert [one.rule for one in ours.document_findings if one.pointer.endswith("/discriminator")] == [
        "document.malformed"
    ]
    assert told(CHAT, ours) == []


def test_a_base_that_is_made_of_its_alternatives_does_not_end_the_tool() -> None:
    alias = {"oneOf": [{"$ref": "#/components/schemas/Base"}]}
    base = {**BASE, "discriminator": {"propertyName": "kind", "mapping": {"a": "Alias"}}}
    ours = under({"$ref": "#/components/schemas/Base"}, Base=base, Alias=alias)
    assert told({**BATCH, "kind": "a"}, ours) == []


@OPENAPI
def test_a_base_that_lists_its_own_children_is_read_as_it_is_meant(openapi: str) -> None:
    """By the letter such a schema never ends; generators of documents write it all the same."""
    base = {**BASE, **UNION}
    ours = under({"$ref": "#/components/schemas/Base"}, openapi, Base=base)
    assert told(CHAT, ours) == []
    assert told({**BATCH, "kind": "chat"}, ours) == [("body.required", "must", "/tokens")]
    assert told({**CHAT, "kind": "video"}, ours) == [("body.known_value", "should", "/kind")]


def test_a_mapping_to_the_base_itself_names_the_base() -> None:
    base = {**BASE, "discriminator": {"propertyName": "kind", "mapping": {**MAPPING, "plain": "Base"}}}
    ours = under({"$ref": "#/components/schemas/Base"}, Base=base)
    assert told({**BATCH, "kind": "plain"}, ours) == []
    assert told({**BATCH, "kind": "chat"}, ours) == [("body.required", "must", "/tokens")]


BODIES = st.fixed_dictionaries(
    {"id": st.sampled_from(["b1", "b2"]), "status": st.just("done")},
    optional={
        "kind": st.sampled_from(["chat", "embed", "Chat", "video", 5]),
        "tokens": st.sampled_from([1, "1"]),
        "dims": st.just(1),
    },
)


@pytest.mark.parametrize("form", ["mapping", "base", "anyOf", "nullable"])
@untimed
@given(bodies=st.lists(BODIES, min_size=1, max_size=8))
def test_recorded_traffic_is_judged_alike(
    form: str, bodies: list[dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    both_paths(tmp_path_factory.getbasetemp(), FORMS[form], *bodies)


def test_a_body_of_the_same_members_that_names_another_alternative_is_found_in_recorded_traffic(tmp_path: Path) -> None:
    bodies = [{**EMBED, "id": "b1"}, {**EMBED, "id": "b1"}, {**EMBED, "id": "b1", "kind": "chat"}]
    assert {
        (one.rule, one.pointer)
        for one in both_paths(tmp_path, FORMS["mapping"], *bodies)
        if one.rule.startswith("body.")
    } == {
        ("body.required", "/tokens"),
        ("body.undeclared", "/dims"),
    }


@pytest.mark.parametrize("form", ["mapping", "base", "anyOf", "nullable"])
def test_the_mock_answers_each_alternative_and_the_catalogue_breaks_them(form: str) -> None:
    ours = FORMS[form]
    entries = {entry.name: entry for entry in derive(ours)}
    with DriftRunner(ours) as bench:
        assert not [one for one in bench.try_out().findings if one.level != "info"]
        for name in (
            "kind:unheard_of",
            "kind:missing",
            "kind:integer",
            "tokens:missing",
            "tokens:string",
            "dims:renamed",
            "dims:null",
        ):
            entry = entries[f"200/{name}"]
            trial = assess(drift_of(entry), bench.try_out(entry))
            assert trial.right, (name, trial.observed)


MESSAGE = {"type": "object", "required": ["kind", "text"], "properties": {"kind": {"enum": ["message"]}, "text": {}}}
CALL = {"type": "object", "required": ["kind", "name"], "properties": {"kind": {"enum": ["call"]}, "name": {}}}


@OPENAPI
def test_a_value_that_one_alternative_lists_names_it_where_no_mapping_does(openapi: str) -> None:
    parts = [{"$ref": "#/components/schemas/OutputMessage"}, {"$ref": "#/components/schemas/ToolCall"}]
    ours = under(
        {"properties": {**ID, "output": {"anyOf": parts, "discriminator": {"propertyName": "kind"}}}},
        openapi,
        OutputMessage=MESSAGE,
        ToolCall=CALL,
    )
    assert told({**BATCH, "output": {"kind": "message", "text": "x"}}, ours) == []
    assert told({**BATCH, "output": {"kind": "message"}}, ours) == [("body.required", "must", "/output/text")]
    assert told({**BATCH, "output": {"kind": "sound", "text": "x"}}, ours) == [("body.enum", "must", "/output/kind")]


LISTING = {
    "Text": {"required": ["t"], "properties": {**ID, "t": {"type": "string", "enum": ["text"]}}},
    "Small": {
        "required": ["t"],
        "properties": {**ID, "t": {"type": "string", "enum": ["small"]}, "w": {"type": "integer"}},
    },
    "Large": {
        "required": ["t"],
        "properties": {**ID, "t": {"type": "string", "enum": ["large"]}, "h": {"type": "integer"}},
    },
}
IMAGES = {"oneOf": [{"$ref": "#/components/schemas/Small"}, {"$ref": "#/components/schemas/Large"}]}
NESTED = {
    "oneOf": [{"$ref": "#/components/schemas/Text"}, {"$ref": "#/components/schemas/Image"}],
    "discriminator": {"propertyName": "t"},
}


@OPENAPI
@pytest.mark.parametrize("inner", [{}, {"discriminator": {"propertyName": "t"}}], ids=["untold", "told"])
def test_an_alternative_that_is_a_union_is_named_by_what_its_own_alternatives_list(openapi: str, inner: Any) -> None:
    ours = under(NESTED, openapi, **LISTING, Image={**IMAGES, **inner})
    assert told({**BATCH, "t": "text"}, ours) == []
    assert told({**BATCH, "t": "small", "w": 3}, ours) == []
    assert told({**BATCH, "t": "large", "h": 3}, ours) == []
    assert told({**BATCH, "t": "large", "h": "3"}, ours) == [("body.type", "must", "/h")]
    assert [pointer for _, _, pointer in told({**BATCH, "t": "huge"}, ours)] == ["/t"]


def test_an_alternative_that_is_a_union_is_named_by_what_its_own_discriminator_names() -> None:
    plain = {name: {"required": ["t"], "properties": {**ID, "t": {"type": "string"}}} for name in LISTING}
    ours = under(NESTED, **plain, Image={**IMAGES, "discriminator": {"propertyName": "t"}})
    assert told({**BATCH, "t": "Small"}, ours) == []
    assert told({**BATCH, "t": "Text"}, ours) == []
    assert told({**BATCH, "t": "Huge"}, ours) == [("body.known_value", "should", "/t")]
