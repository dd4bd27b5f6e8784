from __future__ import annotations

import json
import re
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from contract_support import BODY, BODY_PATH, document, overlay, untimed
from hypothesis import given
from hypothesis import strategies as st
from recorded_support import validated

from batch_conformance.contract.choice import OperationChoice
from batch_conformance.contract.document import ContractError, Document, load_document, parse_document
from batch_conformance.contract.overlay import apply, apply_with_findings, load_overlay, parse_overlay
from batch_conformance.contract.reference import follow
from batch_conformance.contract.sources import CONTRACT_NAMES, named_document, shipped_contract, spec_folder
from batch_conformance.contract.translate import resolve
from batch_conformance.contract.tree import pointers

SHIPPED = sorted((spec_folder() / "overlays").glob("*.yaml"))

KEYS = st.sampled_from(["a", "b", "c/d", "e~"])
TREES = st.recursive(
    st.none() | st.integers() | st.text(max_size=2),
    lambda inner: st.dictionaries(KEYS, inner, max_size=3) | st.lists(inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(KEYS, TREES, max_size=3)


def holding(value: Any) -> Document:
    return parse_document(json.dumps({"openapi": "3.0.0", "x": value}, indent=1).encode(), "api.json")


def applied(value: Any, *actions: dict[str, Any], version: str = "1.0.0") -> Any:
    return apply(holding(value), [overlay(*actions, version=version)]).data["x"]


def refusal(value: Any, *actions: dict[str, Any], version: str = "1.0.0") -> str:
    with pytest.raises(ContractError) as caught:
        applied(value, *actions, version=version)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_action_of_a_shipped_overlay_says_where_its_fact_comes_from(path: Path) -> None:
    for action in load_overlay(path).actions:
        assert len(action.description) > 20, action.location


def test_the_shipped_overlay_fits_the_shipped_document() -> None:
    published = load_document(spec_folder() / "siliconflow-get-batch.yaml")
    documented = apply(published, [load_overlay(spec_folder() / "overlays" / "siliconflow.yaml")])
    assert documented.data["paths"] != published.data["paths"]
    assert set(pointers(documented.data)) == documented.locations.keys()
    assert (documented.name, documented.sha256, documented.text) == (published.name, published.sha256, published.text)


def test_what_an_overlay_puts_there_stands_in_the_overlay_and_the_rest_stays_where_it_was() -> None:
    published = document({"type": "object", "properties": {"at": {"type": "integer"}}})
    changed = apply(
        published,
        [overlay({"target": f"{BODY_PATH}.properties.at", "update": {"nullable": True, "x": {"deep": [1]}}})],
    )
    at = f"{BODY}/properties/at"
    assert changed.location(f"{at}/type") == published.location(f"{at}/type")
    assert changed.location(f"{at}/type").origin == "document"
    for below, source in (("/nullable", "/nullable"), ("/x/deep/0", "/x/deep/0")):
        place = changed.location(at + below)
        assert (place.file, place.origin, place.pointer) == ("more.json", "overlay", f"/actions/0/update{source}")
        assert place.line > 1


def test_items_added_to_a_list_stand_in_the_overlay_and_those_before_them_do_not() -> None:
    changed = apply(
        document({"type": "object", "required": ["id"]}),
        [overlay({"target": BODY_PATH, "update": {"required": ["status"]}})],
    )
    assert changed.location(f"{BODY}/required/0").origin == "document"
    assert changed.location(f"{BODY}/required/1").origin == "overlay"
    assert changed.location(f"{BODY}/required").origin == "document"


def test_an_update_merges_objects_appends_to_lists_and_replaces_single_values() -> None:
    before = {"same": 1, "one": 1, "list": [1], "inner": {"keep": 1, "change": 1}}
    update = {"one": 2, "list": [2, 3], "inner": {"change": 2, "new": 2}, "new": {"a": 1}}
    after = {"same": 1, "one": 2, "list": [1, 2, 3], "inner": {"keep": 1, "change": 2, "new": 2}, "new": {"a": 1}}
    for version in ("1.0.0", "1.1.0"):
        assert applied(before, {"target": "$.x", "update": update}, version=version) == after


def test_an_update_of_a_list_appends_one_entry_in_1_0_and_concatenates_in_1_1() -> None:
    assert applied([1], {"target": "$.x", "update": [2, 3]}) == [1, [2, 3]]
    assert applied([1], {"target": "$.x", "update": [2, 3]}, version="1.1.0") == [1, 2, 3]
    assert applied([1], {"target": "$.x", "update": {"a": 1}}, version="1.1.0") == [1, {"a": 1}]


def test_a_single_value_is_updated_by_a_single_value_alone() -> None:
    assert applied({"a": 1}, {"target": "$.x.a", "update": "new"}, version="1.1.0") == {"a": "new"}
    for version in ("1.0.0", "1.1.0"):
        message = refusal({"a": 1}, {"target": "$.x.a", "update": {}}, version=version)
        assert message == "more.json:8: $.x.a selects primitives, and its update is one of objects"


def test_an_update_in_1_1_selects_nodes_of_one_kind() -> None:
    action = {"target": "$.x.*", "update": {"new": 1}}
    assert "selects objects and primitives" in refusal({"a": 1, "b": {}}, action, version="1.1.0")


def test_a_value_of_another_kind_replaces_in_1_0_and_is_an_error_in_1_1() -> None:
    action = {"target": "$.x", "update": {"type": ["string", "null"]}}
    assert applied({"type": "string"}, action) == {"type": ["string", "null"]}
    message = refusal({"type": "string"}, action, version="1.1.0")
    assert message.startswith("more.json:8: type is one of primitives in the document and one of arrays in the update")


def test_a_removal_takes_members_and_items_away_and_later_items_keep_their_lines() -> None:
    published = holding({"list": ["a", {"n": 1}, "c", {"n": 2}], "gone": 1})
    changed = apply(
        published,
        [
            overlay(
                {"target": "$.x.list[0, 2, 0]", "remove": True},
                {"target": "$.x.gone", "remove": True},
                version="1.1.0",
            )
        ],
    )
    assert changed.data["x"] == {"list": [{"n": 1}, {"n": 2}]}
    assert changed.locations.keys() == set(pointers(changed.data))
    assert changed.location("/x/list/1/n").line == published.location("/x/list/3/n").line
    assert changed.location("/x/list/0").line == published.location("/x/list/1").line


def test_many_items_are_removed_by_their_indices_as_they_were() -> None:
    action = {"target": "$.x[?@ >= 2]", "remove": True}
    assert applied(list(range(13)), action, version="1.1.0") == [0, 1]


def test_what_is_selected_twice_or_inside_something_removed_is_removed_once() -> None:
    assert applied({"a": {"a": 1}, "b": 2}, {"target": "$..a", "remove": True}) == {"b": 2}


def test_remove_wins_over_update_and_false_is_no_removal() -> None:
    assert applied({"a": 1}, {"target": "$.x.a", "remove": True, "update": 2}) == {}
    assert applied({"a": {}}, {"target": "$.x.a", "remove": False, "update": {"b": 1}}) == {"a": {"b": 1}}


def test_actions_apply_to_what_the_ones_before_left() -> None:
    actions = (
        {"target": "$.x.a", "remove": True},
        {"target": "$.x", "update": {"a": {"new": 1}}},
        {"target": "$.x.a", "update": {"more": 2}},
    )
    assert applied({"a": {"old": 1}}, *actions) == {"a": {"new": 1, "more": 2}}


def test_several_targets_get_copies_that_are_not_shared() -> None:
    changed = apply(holding({"a": {}, "b": {}}), [overlay({"target": "$.x.*", "update": {"list": []}})])
    assert changed.data["x"]["a"]["list"] is not changed.data["x"]["b"]["list"]


def test_copy_merges_one_node_into_others() -> None:
    copy = {"target": "$.x.b", "copy": "$.x.a"}
    assert applied({"a": {"n": {"m": 1}}, "b": {"k": 2}}, copy, version="1.1.0")["b"] == {"k": 2, "n": {"m": 1}}
    assert "must select one node, and $.x.* selects 2" in refusal(
        {"a": 1, "b": {}}, {"target": "$.x.b", "copy": "$.x.*"}, version="1.1.0"
    )
    assert "in version 1.1" in refusal({"a": {}, "b": {}}, copy)


def test_an_action_that_matches_nothing_is_an_error_with_its_line_and_target() -> None:
    message = refusal({}, {"target": "$.x", "update": {}}, {"target": "$.x.renamed", "update": {}})
    assert message == "more.json:12: $.x.renamed matches nothing in the document"


REFERRING = {
    "paths": {
        "/batches/{id}": {
            "get": {
                "parameters": [{"$ref": "#/components/parameters/Id"}],
                "responses": {
                    "200": {
                        "description": "ok",
                        "headers": {"X-Trace": {"$ref": "#/components/headers/Trace"}},
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Batch"}}},
                    },
                    "401": {"$ref": "#/components/responses/Again"},
                    "404": {"$ref": "#/components/responses/NotFound", "description": "ignored"},
                    "500": {"$ref": "#/components/responses/NotFound"},
                },
            },
        },
        "/other": {"$ref": "#/components/pathItems/Other"},
    },
    "components": {
        "parameters": {"Id": {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}},
        "headers": {"Trace": {"schema": {"type": "string"}}},
        "responses": {
            "NotFound": {
                "description": "not found",
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
            },
            "Again": {"$ref": "#/components/responses/NotFound"},
            "Outside": {"$ref": "errors.yaml#/Outside"},
            "Circle": {"$ref": "#/components/responses/Back"},
            "Back": {"$ref": "#/components/responses/Circle"},
            "Gone": {"$ref": "#/components/responses/None"},
        },
        "schemas": {
            "Batch": {
                "type": "object",
                "required": ["id"],
                "properties": {"id": {"type": "string"}, "parent": {"$ref": "#/components/schemas/Batch"}},
                "example": {"$ref": "#/no/reference"},
            },
            "Error": {"type": "object", "properties": {"error": {"type": "string"}}},
        },
        "pathItems": {"Other": {"get": {"responses": {"200": {"description": "ok"}}}}},
    },
}
GET = "$.paths['/batches/{id}'].get"
NOT_FOUND: Any = REFERRING["components"]["responses"]["NotFound"]
HEADER = {"X-Request-Id": {"required": True, "schema": {"type": "string"}}}


def referring(version: str = "3.0.3") -> Document:
    return parse_document(json.dumps({"openapi": version, **REFERRING}, indent=1).encode(), "api.json")


def changed(target: str, update: Any, *, openapi: str = "3.0.3") -> Document:
    """The document with references, updated, and all that must hold of any update checked."""
    published = referring(openapi)
    after = apply(published, [overlay({"target": target, "update": update})])
    assert published.data == {"openapi": openapi, **REFERRING}
    assert after.locations.keys() == set(pointers(after.data))
    return after


def test_an_update_of_every_response_holds_of_those_that_are_references_as_well() -> None:
    after = changed(f"{GET}.responses[*]", {"headers": HEADER})
    responses = after.data["paths"]["/batches/{id}"]["get"]["responses"]
    assert responses["404"] == responses["500"] == responses["401"] == {**NOT_FOUND, "headers": HEADER}
    assert responses["200"]["headers"]["X-Request-Id"] == HEADER["X-Request-Id"]
    assert after.data["components"] == REFERRING["components"]


def test_what_is_copied_stays_where_it_was_and_what_is_added_stands_in_the_overlay() -> None:
    after, published = changed(f"{GET}.responses['500']", {"headers": HEADER}), referring()
    at = "/paths/~1batches~1{id}/get/responses/500"
    assert after.location(at) == published.location(at)
    assert after.location(f"{at}/description") == published.location("/components/responses/NotFound/description")
    assert after.location(f"{at}/headers/X-Request-Id").origin == "overlay"


@pytest.mark.parametrize("target", ["$", "$.paths", "$.paths['/batches/{id}']", GET, f"{GET}.responses"])
def test_an_update_that_reaches_a_reference_from_further_out_is_applied_to_what_it_refers_to(target: str) -> None:
    update: Any = {"404": {"headers": HEADER}}
    for name in ("responses", "get", "/batches/{id}", "paths"):
        if target.endswith(name) or target == f"$.paths['{name}']":
            break
        update = {name: update}
    after = changed(target, update)
    responses = after.data["paths"]["/batches/{id}"]["get"]["responses"]
    assert responses["404"] == {**NOT_FOUND, "headers": HEADER}
    assert responses["500"] == {"$ref": "#/components/responses/NotFound"}


COMPONENTS: Any = REFERRING["components"]
RESPONSES = "/paths/~1batches~1{id}/get/responses"


@pytest.mark.parametrize(
    ("target", "update", "at", "value"),
    [
        (
            f"{GET}.parameters[0]",
            {"example": "b1"},
            "/paths/~1batches~1{id}/get/parameters/0",
            {**COMPONENTS["parameters"]["Id"], "example": "b1"},
        ),
        (
            f"{GET}.responses['200'].headers['X-Trace']",
            {"required": True},
            f"{RESPONSES}/200/headers/X-Trace",
            {"schema": {"type": "string"}, "required": True},
        ),
        (
            f"{GET}.responses['200'].headers['X-Trace']",
            {"$ref": "#/components/parameters/Id", "required": False},
            f"{RESPONSES}/200/headers/X-Trace",
            {**COMPONENTS["parameters"]["Id"], "required": False},
        ),
        (
            "$.paths['/other']",
            {"get": {"deprecated": True}},
            "/paths/~1other",
            {"get": {"responses": {"200": {"description": "ok"}}, "deprecated": True}},
        ),
        (
            "$.components.schemas.Batch.properties.parent",
            {"nullable": True},
            "/components/schemas/Batch/properties/parent",
            {**COMPONENTS["schemas"]["Batch"], "nullable": True},
        ),
    ],
)
def test_a_reference_of_any_kind_is_replaced_by_a_copy_where_what_is_beside_it_would_be_ignored(
    target: str, update: Any, at: str, value: Any
) -> None:
    assert resolve(changed(target, update).data, at) == value


@pytest.mark.parametrize(
    ("target", "update", "at", "value"),
    [
        (
            "$.components.schemas.Batch.example",
            {"more": 1},
            "/components/schemas/Batch/example",
            {"$ref": "#/no/reference", "more": 1},
        ),
        (
            f"{GET}.responses['404']",
            {"$ref": "#/components/responses/Outside"},
            f"{RESPONSES}/404",
            {"$ref": "#/components/responses/Outside", "description": "ignored"},
        ),
        (f"{GET}.responses['500']['$ref']", "x.yaml", f"{RESPONSES}/500", {"$ref": "x.yaml"}),
    ],
)
def test_an_example_that_looks_like_a_reference_and_a_reference_itself_are_updated_as_they_stand(
    target: str, update: Any, at: str, value: Any
) -> None:
    assert resolve(changed(target, update).data, at) == value


def test_openapi_3_1_lets_a_schema_have_members_beside_a_reference_and_others_two() -> None:
    schema = f"{GET}.responses['200'].content['application/json'].schema"
    after = changed(schema, {"required": ["status"]}, openapi="3.1.0")
    assert_at(
        after, "200/content/application~1json/schema", {"$ref": "#/components/schemas/Batch", "required": ["status"]}
    )
    after = changed(f"{GET}.responses['500']", {"summary": "broken", "description": "here"}, openapi="3.1.0")
    reference = {"$ref": "#/components/responses/NotFound"}
    assert_at(after, "500", {**reference, "summary": "broken", "description": "here"})
    after = changed(f"{GET}.responses['500']", {"headers": HEADER, "description": "here"}, openapi="3.1.0")
    assert_at(after, "500", {**NOT_FOUND, "headers": HEADER, "description": "here"})


def assert_at(read: Document, below: str, value: Any) -> None:
    assert resolve(read.data, f"{RESPONSES}/{below}") == value


def test_an_action_that_selects_a_component_and_its_references_changes_the_component() -> None:
    target = "$..responses[?@.description || @['$ref'] == '#/components/responses/NotFound']"
    after = changed(target, {"x-list": [1]})
    assert_at(after, "500", {"$ref": "#/components/responses/NotFound"})
    assert after.data["components"]["responses"]["NotFound"] == {**NOT_FOUND, "x-list": [1]}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (
            "Outside",
            "the reference 'errors.yaml#/Outside' leaves the document; only local ones (#/…) and "
            "files in its folder are read",
        ),
        ("Circle", "references lead round in a circle"),
        ("Gone", "the contract refers to '#/components/responses/None', and there is nothing there"),
    ],
)
def test_an_update_beside_a_reference_that_cannot_be_followed_is_refused_with_both_lines(name: str, says: str) -> None:
    published = referring()
    place = published.location(f"/components/responses/{name}/$ref").line
    with pytest.raises(ContractError) as caught:
        changed(f"$.components.responses.{name}", {"headers": HEADER})
    message = str(caught.value)
    assert message.startswith(f"more.json:8: $.components.responses.{name} cannot be applied beside a reference")
    assert message.endswith(says)
    assert f"api.json:{place}" in message or name == "Circle"
    with pytest.raises(ContractError, match=r"^more.json:8: \$.components.responses cannot be applied"):
        changed("$.components.responses", {name: {"headers": HEADER}})


@pytest.mark.parametrize(
    ("below", "meant"),
    [
        (".responses['404'].content", "$.components.responses.NotFound.content"),
        (".responses['401'].content", "$.components.responses.NotFound.content"),
        (".responses['401', '404', '500'].content", "$.components.responses.NotFound.content"),
        (
            ".responses['404'].content['application/json'].schema.properties",
            "$.components.schemas.Error.properties",
        ),
        (
            ".responses['200'].content['application/json'].schema['properties', 'required']",
            "$.components.schemas.Batch.properties, $.components.schemas.Batch.required",
        ),
        (".parameters[0].schema", "$.components.parameters.Id.schema"),
        (".parameters[?@.name == 'id']", "$.components.parameters.Id"),
        (".parameters[?@.name == 'id'].schema", "$.components.parameters.Id.schema"),
    ],
)
@pytest.mark.parametrize("change", [{"update": {}}, {"remove": True}, {"copy": "$.info"}])
def test_a_target_behind_a_reference_is_refused_with_the_one_that_was_meant(
    below: str, meant: str, change: dict[str, Any]
) -> None:
    with pytest.raises(ContractError) as caught:
        apply(referring(), [overlay({"target": GET + below, **change}, version="1.1.0")])
    message = str(caught.value)
    assert message.startswith(f"more.json:8: {GET}{below} matches nothing in the document: '")
    assert message.endswith(f"; did you mean {meant}?")
    assert " is a reference to #/components/" in message
    assert "(api.json:" in message


def test_a_target_behind_a_reference_into_another_file_is_refused_with_that_reference() -> None:
    with pytest.raises(ContractError) as caught:
        changed("$.components.responses.Outside.content", {})
    assert "matches nothing in the document: api.json:" in str(caught.value)
    assert "the reference 'errors.yaml#/Outside' leaves the document" in str(caught.value)


def test_an_update_of_what_is_ignored_beside_a_reference_is_refused_with_the_target_that_was_meant() -> None:
    with pytest.raises(ContractError) as caught:
        changed(f"{GET}.responses['404'].description", "new")
    assert str(caught.value).startswith(
        f"more.json:8: {GET}.responses['404'].description selects only what is ignored beside a reference: '404' is a "
        "reference to #/components/responses/NotFound (api.json:"
    )
    assert str(caught.value).endswith("did you mean $.components.responses.NotFound.description?")
    after = changed(f"{GET}.responses['404'].description", "new", openapi="3.1.0")
    assert_at(after, "404/description", "new")
    removed = apply(referring(), [overlay({"target": f"{GET}.responses['404'].description", "remove": True})])
    assert_at(removed, "404", {"$ref": "#/components/responses/NotFound"})


def told_of(*actions: dict[str, Any], version: str = "1.0.0") -> list[tuple[str, int, str]]:
    _, found = apply_with_findings(referring(), [overlay(*actions, version=version)])
    assert all((one.level, one.location.file) == ("info", "more.json") for one in found)
    return [(one.rule.removeprefix("document.overlay_"), one.location.line, str(one.says)) for one in found]


def test_an_action_that_holds_of_some_places_and_stops_at_references_is_told() -> None:
    for change in ({"update": {"description": "new"}}, {"remove": True}):
        target = f"{GET}.responses[*].content['application/json']"
        told = told_of({"target": target, **change})
        meant = "$.components.responses.NotFound.content['application/json']"
        assert told == [("stopped", 8, f"{target} stops at references; not selected: {meant}")]
    target = f"{GET}.responses[?@.content]"
    meant = "$.components.responses.NotFound"
    assert told_of({"target": target, "update": {"headers": HEADER}}) == [
        ("stopped", 8, f"{target} stops at references; not selected: {meant}")
    ]
    assert told_of({"target": f"{GET}.responses[?@.description]", "update": {"headers": HEADER}}) == [
        ("stopped", 8, f"{GET}.responses[?@.description] stops at references; not selected: {meant}")
    ]
    assert told_of({"target": f"{GET}.responses[?!@.headers]", "update": {"headers": HEADER}}) == []
    assert told_of({"target": f"{GET}.responses[?!@['$ref']].content", "remove": True}) == []
    assert told_of({"target": "$..content", "remove": True}) == []


def test_an_update_that_changes_nothing_is_told_once_per_action() -> None:
    batch = "$.components.schemas.Batch"
    same = [
        {"target": batch, "update": {"type": "object", "properties": {"id": {"type": "string"}}}},
        {"target": f"{batch}.type", "update": "object"},
        {"target": f"{GET}.responses['404', '500']", "update": {"description": "not found"}},
        {
            "target": "$",
            "update": {"paths": {"/batches/{id}": {"get": {"responses": {"500": {"description": "not found"}}}}}},
        },
        {"target": batch, "update": {}},
    ]
    assert [(kind, line) for kind, line, _ in told_of(*same)] == [("unchanged", line) for line in (8, 19, 23, 29, 45)]
    assert told_of(same[1]) == [("unchanged", 8, f"{batch}.type is as the action wants it already")]
    copied_ = {"target": f"{GET}.responses['500']", "copy": f"{GET}.responses['500']"}
    assert [kind for kind, _, _ in told_of(copied_, version="1.1.0")] == ["unchanged"]
    other = [
        {"target": batch, "update": {"required": ["id"]}},
        {"target": batch, "update": {"x-count": 1}},
        {"target": batch, "update": {"x-count": True}},
        {"target": "$.components.schemas[*]", "update": {"required": []}},
        {"target": f"{GET}.responses['200', '500']", "update": {"description": "ok"}},
    ]
    assert told_of(*other) == []


def test_a_reference_that_an_update_leaves_as_it_is_stays_a_reference() -> None:
    after = changed(f"{GET}.responses['500']", {"description": "not found"})
    assert after.data == referring().data


def test_a_copied_reference_is_merged_as_what_it_refers_to_where_there_is_more() -> None:
    copy = {"target": f"{GET}.responses['200']", "copy": f"{GET}.responses['500']"}
    after = apply(referring(), [overlay(copy, version="1.1.0")])
    merged_ = resolve(after.data, "/paths/~1batches~1{id}/get/responses/200")
    assert "$ref" not in merged_
    assert merged_["description"] == "not found"
    assert "X-Trace" in merged_["headers"]
    copy = {"target": f"{GET}.responses['404']", "copy": f"{GET}.responses['401']"}
    after = apply(referring(), [overlay(copy, version="1.1.0")])
    assert_at(after, "404", {"$ref": "#/components/responses/Again", "description": "ignored"})


def test_no_action_of_a_shipped_overlay_changes_nothing_or_stops_at_references() -> None:
    for source in CONTRACT_NAMES:
        read, own = named_document(source)
        assert apply_with_findings(read, own)[1] == ()
    read, own = named_document("openai", OperationChoice(operations="read"))
    assert apply_with_findings(read, own)[1] == ()
    known = (*CONTRACT_NAMES, "openai-batch-api")
    vendors = [profile_file for profile_file in SHIPPED if profile_file.stem not in known]
    read, own = named_document("openai")
    for path in vendors:
        assert apply_with_findings(read, [*own, load_overlay(path)])[1] == (), path


def test_a_header_that_an_overlay_requires_of_every_response_is_missed_in_every_response(tmp_path: Path) -> None:
    path = tmp_path / "trace.yaml"
    path.write_text(
        "overlay: 1.0.0\ninfo: {title: Trace, version: '1'}\nactions:\n"
        "- target: $.paths['/batches/{batch_id}'].get.responses[*]\n"
        "  update: {headers: {X-Request-Id: {required: true, schema: {type: string}}}}\n"
        "- target: $.paths['/batches/{batch_id}'].get.responses['404']\n"
        "  update: {description: NotFound}\n",
        "utf-8",
    )
    statuses = ["200", "400", "401", "403", "404", "429", "500", "503", "504"]
    contract = shipped_contract("documented", [path])
    assert sorted(contract.chosen.responses) == statuses
    assert {tuple(response.required_headers) for response in contract.chosen.responses.values()} == {("X-Request-Id",)}
    assert sorted(clause.status for clause in contract.clauses if clause.rule == "response.header") == statuses
    recording = tmp_path / "traffic.ndjson"
    recording.write_text("".join(f"{json.dumps(answered(int(status)))}\n" for status in statuses), "utf-8")
    shown, drift = validated(tmp_path / "reports", str(recording), f"--overlay={path}")
    missing = [one for one in drift["findings"] if one["rule"] == "response.header"]
    assert sorted(one["status"] for one in missing) == statuses
    told = "".join(shown.output.split())
    assert f"Overlay:{path}:6:" in told
    assert "isastheactionwantsitalready" in told


def answered(status: int) -> dict[str, Any]:
    request = {
        "method": "GET",
        "url": "http://127.0.0.1/v1/batches/batch_1",
        "headers": {"Accept": "application/json", "Authorization": "Bearer sk-x"},
    }
    response = {"status": status, "headers": {"Content-Type": "application/json"}, "body": "{}"}
    return {"request": request, "response": response, "started_at": 1741685413.25, "elapsed": 0.1}


@untimed
@given(st.permutations(["401", "404", "500"]), st.booleans(), st.sampled_from(["3.0.3", "3.1.0"]))
def test_what_an_action_says_holds_where_it_says_and_nowhere_else(names: list[str], wide: bool, version: str) -> None:
    chosen = names[:2]
    target = f"{GET}.responses[{', '.join(repr(name) for name in chosen)}]" if wide else f"{GET}.responses"
    update = {"x-own": [1]} if wide else {name: {"x-own": [1]} for name in chosen}
    after = changed(target, update, openapi=version)
    for name in names:
        node, _ = follow(after, f"/paths/~1batches~1{{id}}/get/responses/{name}")
        assert node == {**NOT_FOUND, **({"x-own": [1]} if name in chosen else {})}
    assert after.data["components"] == REFERRING["components"]


STEPS = st.sampled_from(
    [
        *("paths", "components", "responses", "/batches/{id}", "get", "404", "200", "NotFound", "Again", "Outside"),
        *("Circle", "content", "schema", "headers", "X-Trace", "parameters", "schemas", "Batch", "properties"),
        *("parent", "$ref"),
    ]
)
SEGMENTS = st.builds("['{}']".format, STEPS) | st.builds("..['{}']".format, STEPS) | st.sampled_from(["[*]", "[0]"])
UPDATES = st.recursive(
    st.sampled_from([1, "x", "#/components/responses/NotFound", "#/components/schemas/Batch", "a.yaml"]),
    lambda inner: st.dictionaries(STEPS, inner, max_size=3) | st.lists(inner, max_size=2),
    max_leaves=6,
)  # fmt: skip


@untimed
@given(
    st.lists(SEGMENTS, max_size=5).map(lambda segments: "$" + "".join(segments)),
    st.builds(lambda value: {"update": value}, UPDATES)
    | st.just({"remove": True})
    | st.builds(lambda segments: {"copy": "$" + "".join(segments)}, st.lists(SEGMENTS, max_size=4)),
    st.sampled_from(["3.0.3", "3.1.0"]),
    st.sampled_from(["1.0.0", "1.1.0"]),
)
def test_any_action_on_references_is_applied_or_refused_in_one_line(
    target: str, change: dict[str, Any], openapi: str, version: str
) -> None:
    published = referring(openapi)
    before = deepcopy(published.data)
    try:
        after = apply(published, [overlay({"target": target, **change}, version=version)])
    except ContractError as error:
        assert re.fullmatch("more.json:8:? .+", str(error))  # noqa: PT017 - most actions fit nothing
    else:
        known, there = after.locations.keys(), set(pointers(after.data))
        assert known <= there if "copy" in change else known == there
    assert published.data == before


@pytest.mark.parametrize("target", ["$.x[", "x", "$.x[?@.a ==]", ""])
def test_a_target_that_is_no_json_path_is_an_error(target: str) -> None:
    assert "is no JSONPath" in refusal({}, {"target": target, "update": {}})


def test_the_root_cannot_be_removed_and_can_be_updated() -> None:
    assert "root cannot be removed" in refusal({}, {"target": "$", "remove": True})
    assert apply(holding(1), [overlay({"target": "$", "update": {"y": 1}})]).data["y"] == 1


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("openapi: 3.0.0", "no field `overlay: 1.0.0`"),
        ("overlay: 2.0.0\nactions: [{target: $}]", "api.yaml:1: overlays of version 2.0.0 are not read"),
        ("overlay: 1.2.0\nactions: [{target: $}]", "1.2.0 are not read"),
        ("overlay: 1.0.0", "no list of actions"),
        ("overlay: 1.0.0\nactions: []", "no list of actions"),
        ("overlay: 1.0.0\nactions: [1]", "without a target"),
        ("overlay: 1.0.0\nactions:\n- update: {}", "api.yaml:3 is an action without a target"),
        ("overlay: 1.0.0\nactions: [{target: $}]", "neither updates nor removes"),
        ("overlay: 1.0.0\nactions: [{target: $, remove: 'yes'}]", "neither true nor false"),
        ("overlay: 1.0.0\nactions: [{target: $}", "neither YAML nor JSON"),
    ],
)
def test_what_is_no_overlay_is_refused_with_one_line(text: str, says: str) -> None:
    with pytest.raises(ContractError) as caught:
        parse_overlay(text.encode(), "api.yaml")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_overlay_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match="cannot read the overlay"):
        load_overlay(tmp_path / "none.yaml")
    with pytest.raises(ContractError, match="not UTF-8"):
        parse_overlay(b"\xff", "some.yaml")


@untimed
@given(OBJECTS, OBJECTS)
def test_an_update_never_changes_the_document_it_is_applied_to(before: dict[str, Any], update: dict[str, Any]) -> None:
    published = holding(before)
    data, places = deepcopy(published.data), dict(published.locations)
    apply(published, [overlay({"target": "$.x", "update": update})])
    assert published.data == data
    assert published.locations == places


@untimed
@given(OBJECTS, OBJECTS)
def test_an_update_is_the_recursive_merge_and_every_node_keeps_a_place(
    before: dict[str, Any], update: dict[str, Any]
) -> None:
    changed = apply(holding(before), [overlay({"target": "$.x", "update": update})])
    assert changed.data["x"] == merged(before, update)
    assert set(pointers(changed.data)) == changed.locations.keys()
    for pointer, place in changed.locations.items():
        assert place.origin == "document" or place.file == "more.json", pointer


@untimed
@given(OBJECTS, OBJECTS)
def test_what_is_removed_after_it_was_added_leaves_the_document_as_it_was(
    before: dict[str, Any], added: dict[str, Any]
) -> None:
    actions = ({"target": "$.x", "update": {"added": added}}, {"target": "$.x.added", "remove": True})
    changed = apply(holding(before), [overlay(*actions)])
    assert changed.data == holding(before).data
    assert changed.locations == holding(before).locations


def merged(before: Any, update: Any) -> Any:
    """The merge as the specification words it, written once more for comparison."""
    if isinstance(before, dict) and isinstance(update, dict):
        both = before.keys() & update.keys()
        return {**before, **update, **{name: merged(before[name], update[name]) for name in both}}
    return before + update if isinstance(before, list) and isinstance(update, list) else update


def test_the_terminal_names_the_overlays_of_a_run_and_not_those_of_the_reading(tmp_path: Path) -> None:
    overlay = tmp_path / "mine.yaml"
    overlay.write_text(
        "overlay: 1.0.0\ninfo: {title: t, version: '1'}\n"
        "actions:\n- target: $.info\n  update: {description: of our own}\n"
    )
    traffic = tmp_path / "traffic.ndjson"
    traffic.write_text('{"request": {"url": "https://a.example/v1/batches/b1"}, "response": {"status": 404}}\n')
    result, _ = validated(tmp_path, str(traffic), f"--overlay={overlay}")
    named = "".join(result.output.split())
    assert f"overlay{overlay}," in named
    assert "spec/overlays" not in named
