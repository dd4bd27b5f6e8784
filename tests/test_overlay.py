from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from contract_support import BODY, BODY_PATH, document, overlay, untimed
from hypothesis import given
from hypothesis import strategies as st

from batch_conformance.contract.document import ContractError, Document, load_document, parse_document
from batch_conformance.contract.overlay import apply, load_overlay, parse_overlay
from batch_conformance.contract.sources import spec_folder
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
