from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from contract_support import BODY, PARAMETER, document, overlay, tree, untimed
from hypothesis import given
from hypothesis import strategies as st

from batch_conformance.contract.contract import Contract, compile_contract
from batch_conformance.contract.document import ContractError, load_document, parse_document
from batch_conformance.contract.document_finding import DocumentFinding
from batch_conformance.contract.overlay import apply
from batch_conformance.contract.sources import shipped_contract, spec_folder

CASES = Path(__file__).parent / "cases" / "documents"
LINE = "                    <<: *stamp"
NULLS = (
    "output_file_id",
    "error_file_id",
    "in_progress_at",
    "finalizing_at",
    "completed_at",
    "failed_at",
    "expired_at",
    "cancelling_at",
    "cancelled_at",
)


def compiled(body: Any, **more: Any) -> Contract:
    return compile_contract(document(body, **more))


def findings(body: Any, rule: str = "", **more: Any) -> list[DocumentFinding]:
    found = compiled(body, **more).document_findings
    return [one for one in found if not rule or one.rule == f"document.{rule}"]


def only(body: Any, rule: str, **more: Any) -> DocumentFinding:
    found = findings(body, rule, **more)
    assert len(found) == 1, [one.id for one in found]
    return found[0]


def test_the_published_document_contradicts_itself_in_13_places() -> None:
    should = [one for one in shipped_contract("published").document_findings if one.level == "should"]
    nulls = [one for one in should if one.rule == "document.example_null"]
    defaults = [one for one in should if one.rule == "document.default_invalid"]
    assert len(should) == 13
    assert {one.predicts for one in nulls} == {(("200", f"/{name}"),) for name in NULLS}
    assert [one.location.line for one in defaults] == [164, 174, 178, 182]


def test_each_finding_stands_at_its_line() -> None:
    lines = (spec_folder() / "siliconflow-get-batch.yaml").read_text("utf-8").splitlines()
    for one in shipped_contract("published").document_findings:
        text = lines[one.location.line - 1]
        if one.rule == "document.example_null":
            assert "example: null" in text
        if one.rule == "document.default_invalid":
            assert "default: false" in text
        if one.rule == "document.nullable_redundant":
            assert "nullable: false" in text


def test_what_is_too_loose_to_test_by_is_named() -> None:
    rules = {one.rule.removeprefix("document.") for one in shipped_contract("published").document_findings}
    assert rules == {
        *("example_null", "default_invalid", "nullable_redundant", "object_untyped", "no_required", "no_enum"),
        *("time_untyped", "string_quoting", "status_missing", "no_headers", "parameter_vague"),
    }


def test_the_document_is_checked_as_published_whatever_the_reading() -> None:
    published, documented = shipped_contract("published"), shipped_contract("documented")
    assert published.document_findings == documented.document_findings
    assert all(one.location.origin == "document" for one in documented.document_findings)


def test_all_repairs_of_the_published_document_settle_all_contradictions() -> None:
    published = load_document(spec_folder() / "siliconflow-get-batch.yaml")
    contract = compile_contract(published)
    assert contract.repaired
    again = compile_contract(contract.document, "published").document_findings
    assert [one for one in again if one.level == "should"] == []


def test_every_repair_of_the_published_document_settles_its_own_finding() -> None:
    published = load_document(spec_folder() / "siliconflow-get-batch.yaml")
    before = compile_contract(published).document_findings
    for one in before:
        if one.repair is not None:
            repaired = apply(published, [overlay(dict(one.repair))])
            after = {other.id for other in compile_contract(repaired, "published").document_findings}
            assert one.id not in after
            assert after < {other.id for other in before}


NULL_EXAMPLES: list[tuple[str, str, dict[str, Any]]] = [
    ("3.0 type", "3.0.3", {"type": "string", "example": None}),
    ("3.0 enum", "3.0.3", {"type": "string", "enum": ["a"], "example": None}),
    ("3.1 type", "3.1.0", {"type": "string", "example": None}),
    ("3.1 examples", "3.1.0", {"type": ["string", "integer"], "examples": ["a", None]}),
    ("3.1 enum", "3.1.0", {"type": "string", "enum": ["a"], "examples": [None]}),
    ("3.1 union", "3.1.0", {"anyOf": [{"type": "string"}, {"type": "integer"}], "example": None}),
]


@pytest.mark.parametrize(("version", "at"), [row[1:] for row in NULL_EXAMPLES], ids=[row[0] for row in NULL_EXAMPLES])
def test_a_null_example_predicts_nulls_and_its_repair_allows_them(version: str, at: dict[str, Any]) -> None:
    body = {"type": "object", "properties": {"at": at}}
    found = next(one for one in findings(body, "example_null", version=version))
    assert found.predicts == (("200", "/at"),)
    repaired = compiled(body, version=version)
    assert repaired.repaired
    schema = repaired.chosen.responses["200"].content["application/json"]
    assert schema is not None
    assert schema.is_valid({"at": None})
    assert not [one for one in compile_contract(repaired.document).document_findings if one.level == "should"]


def test_a_sample_of_a_whole_body_is_checked_place_by_place() -> None:
    body = {
        "type": "object",
        "properties": {
            "at": {"type": "integer"},
            "files": {"type": "array", "items": {"$ref": "#/components/schemas/File"}},
        },
        "example": {"at": None, "files": [{"name": "a"}, {"name": None}, {"name": 3}]},
    }
    contract = compiled(body, components={"File": {"type": "object", "properties": {"name": {"type": "string"}}}})
    nulls = [one for one in contract.document_findings if one.rule == "document.example_null"]
    assert [(one.pointer.removeprefix(BODY), one.predicts) for one in nulls] == [
        ("/example/at", (("200", "/at"),)),
        ("/example/files/1/name", (("200", "/files/*/name"),)),
    ]
    assert nulls[1].repair == {
        "target": "$['components']['schemas']['File']['properties']['name']",
        "update": {"nullable": True},
    }
    invalid = [one for one in contract.document_findings if one.rule == "document.example_invalid"]
    assert [one.pointer.removeprefix(BODY) for one in invalid] == ["/example/files/2/name"]


def test_the_examples_of_a_media_type_are_checked() -> None:
    data = tree({"type": "object", "properties": {"at": {"type": "integer"}}})
    media = data["paths"]["/batches/{batch_id}"]["get"]["responses"]["200"]["content"]["application/json"]
    media["examples"] = {
        "fresh": {"value": {"at": None}},
        "shared": {"$ref": "#/components/examples/Odd"},
        "elsewhere": {"externalValue": "https://example.com"},
        "in another file": {"$ref": "examples.yaml#/Odd"},
    }
    data["components"]["examples"] = {"Odd": {"value": {"at": "x"}}}
    contract = compile_contract(parse_document(json.dumps(data, indent=1).encode(), "api.json"))
    found = {one.rule: one for one in contract.document_findings if one.level == "should"}
    assert found["document.example_null"].pointer.endswith("/examples/fresh/value/at")
    assert found["document.example_null"].predicts == (("200", "/at"),)
    assert found["document.example_invalid"].pointer == "/components/examples/Odd/value/at"
    assert contract.repaired
    assert (
        "at"
        in contract.document.data["paths"]["/batches/{batch_id}"]["get"]["responses"]["200"]["content"][
            "application/json"
        ]["examples"]["fresh"]["value"]
    )


def test_several_bad_samples_of_one_list_are_all_removed() -> None:
    body = {"type": "string", "examples": [1, "good", {"a": 1}, 2]}
    contract = compiled(body, version="3.1.0")
    node = contract.chosen.responses["200"].content["application/json"]
    assert node is not None
    assert [one.pointer.removeprefix(BODY) for one in contract.document_findings if one.level == "should"] == [
        "/examples/0",
        "/examples/2",
        "/examples/3",
    ]
    assert node.properties[0].example == "good"
    assert node.raw["examples"] == ["good"]


def test_the_examples_of_parameters_and_headers_are_checked() -> None:
    parameters = [
        {**PARAMETER, "example": 12},
        {"name": "limit", "in": "query", "schema": {"type": "integer", "default": "ten"}},
    ]
    data = tree({"type": "object"}, parameters=parameters)
    header = {"schema": {"type": "integer"}, "example": "soon"}
    data["paths"]["/batches/{batch_id}"]["get"]["responses"]["200"]["headers"] = {"Retry-After": header}
    found = compile_contract(parse_document(json.dumps(data).encode(), "api.json")).document_findings
    wrong = {one.pointer.rpartition("/get/")[2] for one in found if one.level == "should"}
    assert wrong == {"parameters/0/example", "parameters/1/schema/default", "responses/200/headers/Retry-After/example"}
    assert "document.no_headers" not in {one.rule for one in found}


SENSE: list[tuple[str, dict[str, Any], str]] = [
    ("enum_invalid", {"type": "string", "enum": ["a", 1]}, "/enum/1"),
    ("enum_invalid", {"type": "string", "enum": ["a", None]}, "/enum/1"),
    ("bounds_impossible", {"type": "integer", "minimum": 3, "maximum": 2}, "/minimum"),
    ("bounds_impossible", {"type": "string", "minLength": 3, "maxLength": 2}, "/minLength"),
    ("malformed", {"type": "text"}, "/type"),
    ("malformed", {"type": "object", "required": True}, "/required"),
    ("malformed", {"type": "string", "pattern": "("}, "/pattern"),
    ("required_undeclared", {"type": "object", "required": ["a", "b"], "properties": {"a": {}}}, "/required/1"),
    ("default_invalid", {"type": "string", "default": False}, "/default"),
    ("example_invalid", {"type": "integer", "example": "1"}, "/example"),
]


@pytest.mark.parametrize(("rule", "body", "below"), SENSE)
def test_what_cannot_be_meant_is_a_finding_at_its_place(rule: str, body: dict[str, Any], below: str) -> None:
    found = only(body, rule)
    assert found.pointer == BODY + below
    assert found.level == "should"
    assert found.location.line > 1


LOOSE: list[tuple[str, dict[str, Any]]] = [
    ("untyped", {"description": "anything"}),
    ("object_untyped", {"type": "object"}),
    ("no_required", {"type": "object", "properties": {"a": {"type": "string"}}}),
    ("no_enum", {"type": "object", "properties": {"state": {"type": "string"}}}),
    ("time_untyped", {"type": "object", "properties": {"created_at": {"type": "integer"}}}),
    ("nullable_redundant", {"type": "string", "nullable": False}),
    ("nullable_enum", {"type": "string", "nullable": True, "enum": ["a"]}),
]


@pytest.mark.parametrize(("rule", "body"), LOOSE)
def test_what_is_too_loose_is_told_and_never_fails_a_run(rule: str, body: dict[str, Any]) -> None:
    assert only(body, rule).level == "info"


SOUND: list[tuple[str, dict[str, Any]]] = [
    ("untyped", {"type": "string"}),
    ("object_untyped", {"type": "object", "additionalProperties": True}),
    ("no_required", {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}),
    ("no_enum", {"type": "object", "properties": {"state": {"type": "string", "enum": ["a"]}}}),
    ("time_untyped", {"type": "object", "properties": {"created_at": {"type": "integer", "format": "int64"}}}),
    ("nullable_redundant", {"type": "string", "nullable": True}),
    ("nullable_enum", {"type": "string", "nullable": True, "enum": ["a", None]}),
    ("enum_invalid", {"type": "string", "nullable": True, "enum": ["a", None]}),
    ("required_undeclared", {"required": ["b"], "properties": {"a": {}}, "allOf": [{"properties": {"b": {}}}]}),
    ("example_null", {"type": "string", "nullable": True, "example": None}),
    ("example_invalid", {"$ref": "#/components/schemas/Any", "example": 3}),
    ("string_quoting", {"type": "string"}),
]


@pytest.mark.parametrize(("rule", "body"), SOUND)
def test_what_is_sound_is_no_finding(rule: str, body: dict[str, Any]) -> None:
    assert findings(body, rule, components={"Any": {"type": "string"}}) == []


def test_nullable_beside_a_reference_predicts_the_nulls_that_it_does_not_allow() -> None:
    body = {"type": "object", "properties": {"file": {"$ref": "#/components/schemas/File", "nullable": True}}}
    found = only(body, "nullable_ignored", components={"File": {"type": "string"}})
    assert found.predicts == (("200", "/file"),)
    allowed = only(body, "nullable_ignored", components={"File": {"type": "string", "nullable": True}})
    assert allowed.predicts == ()
    assert only({"type": "string", "nullable": True}, "nullable_ignored", version="3.1.0").predicts == (("200", ""),)


def test_a_document_with_no_error_response_has_one_finding_about_it() -> None:
    rules = [one.rule for one in findings({"type": "object"})]
    assert rules.count("document.no_errors") == 1
    assert "document.status_missing" not in rules


def test_the_usual_statuses_that_are_missing_are_named_unless_a_range_or_default_covers_them() -> None:
    responses = {"200": {"description": "ok"}, "4XX": {"description": "client"}}
    found = findings({}, "status_missing", responses=responses)
    assert [str(one.says) for one in found] == ["500 is not listed"]
    assert findings({}, "status_missing", responses={**responses, "default": {"description": "any"}}) == []


def test_a_401_is_missed_only_where_a_credential_is_asked_for() -> None:
    responses = {"200": {"description": "ok"}, "404": {"description": "none"}}
    open_ = {str(one.says) for one in findings({}, "status_missing", responses=responses)}
    closed = {str(one.says) for one in findings({}, "status_missing", responses=responses, security=[{"key": []}])}
    assert closed - open_ == {"401 is not listed, and a credential is asked for"}


def test_a_bare_string_as_an_error_body_is_undecidable_and_predicted() -> None:
    content = {"application/json": {"schema": {"type": "string", "example": "Forbidden"}}}
    found = only(
        {}, "string_quoting", responses={"200": {"description": ""}, "403": {"description": "", "content": content}}
    )
    assert found.predicts == (("403", ""),)


def test_parameters_and_security_are_checked() -> None:
    assert only({}, "parameter_missing", parameters=[]).level == "should"
    optional = {**PARAMETER, "required": False}
    contract = compiled({}, parameters=[optional])
    assert "document.parameter_optional" in {one.rule for one in contract.document_findings}
    assert contract.document.data["paths"]["/batches/{batch_id}"]["get"]["parameters"][0]["required"] is True
    assert only({}, "parameter_vague", parameters=[{**PARAMETER, "schema": {"type": "string"}}])
    assert findings({}, "parameter_vague", parameters=[{**PARAMETER, "example": "batch_1"}]) == []
    assert str(only({}, "security_undefined", security=[{"key": []}]).says).startswith("key is not among")
    assert only({}, "deprecated", deprecated=True)


def test_merge_keys_are_told_once_with_the_first_place() -> None:
    text = (CASES / "merge-key-in-response.yaml").read_text("utf-8")
    both = compile_contract(parse_document(text.encode(), "api.yaml")).document_findings
    one = compile_contract(
        parse_document(text.replace("<<: *err", "content: {}").encode(), "api.yaml")
    ).document_findings
    told = [[found for found in of_one if found.rule == "document.merge_key"] for of_one in (both, one)]
    assert [len(of_one) for of_one in told] == [1, 1]
    assert (told[0][0].level, told[0][0].location.line) == ("info", text.splitlines().index(LINE) + 1)
    assert "has it, here and in 1 more place; YAML 1.2" in str(told[0][0].says)
    assert "has it; YAML 1.2" in str(told[1][0].says)
    plain = parse_document(text.replace("<<: *stamp", "'<<': *stamp").replace("<<: *err", "x: 1").encode(), "api.yaml")
    assert "document.merge_key" not in {found.rule for found in compile_contract(plain).document_findings}


def test_a_body_without_a_schema_is_told() -> None:
    content: dict[str, Any] = {"application/json": {}}
    assert only({}, "no_schema", responses={"200": {"description": "", "content": content}})
    assert only({}, "no_schema", responses={"200": {"description": ""}})


def test_findings_are_in_document_order_and_their_ids_are_unique_and_stable() -> None:
    found = shipped_contract().document_findings
    assert [one.location.line for one in found] == sorted(one.location.line for one in found)
    assert len({one.id for one in found}) == len(found)
    assert found == shipped_contract().document_findings
    assert all(one.title and str(one.says) and one.why and "\n" not in str(one.says) for one in found)


def test_a_schema_that_two_statuses_share_is_found_once_and_predicts_both() -> None:
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
    wrong = {"description": "", "content": content}
    responses = {"200": {"description": ""}, "400": wrong, "500": wrong}
    error = {"type": "object", "properties": {"data": {"type": "string", "example": None}}}
    assert only({}, "example_null", responses=responses, components={"Error": error}).predicts == (
        ("400", "/data"),
        ("500", "/data"),
    )


SAMPLES = st.none() | st.booleans() | st.integers(0, 9) | st.sampled_from(["", "a", [None], {"a": None}, {"b": 1}])
TYPES = st.sampled_from(["string", "integer", "object", "array", "text", ["string", "null"], ["integer"], None])
LEAVES = st.fixed_dictionaries(
    {},
    optional={
        "type": TYPES,
        "example": SAMPLES,
        "examples": st.lists(SAMPLES, max_size=3),
        "default": SAMPLES,
        "enum": st.lists(SAMPLES, max_size=2),
        "nullable": SAMPLES,
        "required": st.just(["a"]) | SAMPLES,
        "minimum": SAMPLES,
        "maximum": SAMPLES,
    },
)
SCHEMAS = st.recursive(
    LEAVES,
    lambda inner: st.builds(
        lambda leaf, more: {**leaf, **more},
        LEAVES,
        st.fixed_dictionaries(
            {},
            optional={
                "properties": st.dictionaries(st.sampled_from(["a", "status", "x_at"]), inner, max_size=2),
                "items": inner,
                "allOf": st.lists(inner, max_size=2),
                "anyOf": st.lists(inner, max_size=2),
            },
        ),
    ),
    max_leaves=5,
)


@pytest.mark.parametrize(
    ("body", "version"),
    [
        ({"type": "string", "anyOf": [{"type": "string"}], "example": None}, "3.1.0"),
        ({"anyOf": [{"type": "string"}], "oneOf": [{"type": "string"}], "example": None}, "3.1.0"),
        ({"allOf": [{"type": "string"}, {"type": "string"}], "example": None}, "3.0.3"),
    ],
)
def test_a_null_that_two_keywords_refuse_has_no_repair(body: dict[str, Any], version: str) -> None:
    assert {one.repair for one in findings(body, "example_null", version=version)} == {None}


@untimed
@given(SCHEMAS, st.booleans())
def test_any_schema_is_checked_and_its_repairs_are_those_of_an_overlay(body: dict[str, Any], modern: bool) -> None:
    contract = compiled(body, version="3.1.0" if modern else "3.0.3")
    again = {one.id for one in compile_contract(contract.document, "published").document_findings}
    for one in contract.document_findings:
        settled = one.repair is not None and one.level == "should" and "examples" not in one.pointer
        assert not settled or one.id not in again, one
    for one in contract.document_findings:
        if one.repair is not None:
            apply(document(body, version="3.1.0" if modern else "3.0.3"), [overlay(dict(one.repair))])


@pytest.mark.parametrize("name", ["", "²00", "20", "2XY", "999", "ok", "2000"])
def test_a_response_whose_name_is_no_status_is_told_of_and_left_out(name: str) -> None:
    data = deepcopy(shipped_contract("published").document.data)
    operation = data["paths"]["/batches/{batch_id}"]["get"]
    operation["responses"] = {**operation["responses"], name: {"description": "x"}, "4xx": {"description": "any"}}
    read = compile_contract(parse_document(json.dumps(data).encode(), "odd.json"), "published")
    assert name not in read.chosen.responses
    assert "4XX" in read.chosen.responses
    told = [one for one in read.document_findings if one.rule == "document.malformed"]
    assert [one.location.pointer.rpartition("/")[2] for one in told] == [name]


def test_responses_without_any_status_are_no_contract() -> None:
    data = deepcopy(shipped_contract("published").document.data)
    data["paths"]["/batches/{batch_id}"]["get"]["responses"] = {"ok": {"description": "x"}}
    with pytest.raises(ContractError, match="none of the responses has a status"):
        compile_contract(parse_document(json.dumps(data).encode(), "odd.json"), "published")


def test_a_document_of_schemas_that_refer_to_each_other_in_many_ways_is_checked_to_its_end() -> None:
    names = range(60)
    schemas: dict[str, Any] = {
        f"C{number}": {
            "type": "object",
            "required": True,
            "properties": {
                "a": {"$ref": f"#/components/schemas/C{(number * 7 + 1) % 60}"},
                "b": {"$ref": f"#/components/schemas/C{(number * 3 + 2) % 60}"},
            },
        }
        for number in names
    }
    contract = compiled({"$ref": "#/components/schemas/C0"}, components=schemas)
    told = [one for one in contract.document_findings if one.rule == "document.malformed"]
    assert {one.pointer for one in told} >= {"/components/schemas/C0/required", "/components/schemas/C1/required"}
