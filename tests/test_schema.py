from __future__ import annotations

import json
import math
import re
from decimal import Decimal
from typing import Any

import jsonschema
import pytest
from contract_support import BODY, document, schema, untimed
from hypothesis import given
from hypothesis import strategies as st

from batch_conformance.contract.document import ContractError
from batch_conformance.contract.expression import expression
from batch_conformance.contract.pointer import members
from batch_conformance.contract.schema import Schema
from batch_conformance.contract.sources import shipped_contract

MODERN = "3.1.0"
NAMES = st.sampled_from(["a", "b", "c"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 300) | st.sampled_from([1.0, 1.5, "", "a", "12", "abc"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=6,
)
TYPES = st.sampled_from(["null", "boolean", "integer", "number", "string", "array", "object"])


def _keywords(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {},
        optional={
            "properties": st.dictionaries(NAMES, inner, max_size=2),
            "required": st.lists(NAMES, min_size=1, max_size=2, unique=True),
            "items": inner,
            "additionalProperties": st.booleans() | inner,
            "allOf": st.lists(inner, min_size=1, max_size=2),
            "anyOf": st.lists(inner, min_size=1, max_size=2),
            "oneOf": st.lists(inner, min_size=1, max_size=2),
            "not": inner,
            "type": TYPES,
            "maxItems": st.integers(0, 2),
            "minProperties": st.integers(0, 2),
        },
    )


LEAVES = st.fixed_dictionaries(
    {},
    optional={
        "type": TYPES,
        "enum": st.lists(VALUES, min_size=1, max_size=3, unique_by=json.dumps),
        "minimum": st.integers(0, 5),
        "maximum": st.integers(0, 5),
        "minLength": st.integers(0, 3),
        "pattern": st.sampled_from(["^a", "[0-9]+"]),
        "multipleOf": st.integers(1, 3),
        "description": st.just("words"),
    },
)
SCHEMAS = st.recursive(LEAVES, _keywords, max_leaves=5)


def pointers_of(of: Schema, value: Any) -> list[tuple[str, str, str]]:
    return [(violation.pointer, violation.keyword, violation.kind) for violation in of.violations(value)]


@untimed
@given(SCHEMAS, VALUES)
def test_draft_4_schemas_mean_what_jsonschema_says(body: dict[str, Any], value: Any) -> None:
    ours, theirs = schema(body), jsonschema.Draft4Validator(body).is_valid(value)
    assert ours.is_valid(value) == theirs
    assert (not ours.violations(value)) == theirs


@untimed
@given(SCHEMAS, VALUES)
def test_2020_12_schemas_mean_what_jsonschema_says(body: dict[str, Any], value: Any) -> None:
    ours, theirs = schema(body, version=MODERN), jsonschema.Draft202012Validator(body).is_valid(value)
    assert ours.is_valid(value) == theirs
    assert (not ours.violations(value)) == theirs


@untimed
@given(SCHEMAS, VALUES)
def test_schemas_behind_references_mean_the_same(body: dict[str, Any], value: Any) -> None:
    behind = schema({"$ref": "#/components/schemas/a~1b%20c"}, components={"a/b c": body})
    assert behind.is_valid(value) == schema(body).is_valid(value)


@untimed
@given(SCHEMAS, VALUES)
def test_every_violation_is_placed_in_the_value_and_in_the_document(body: dict[str, Any], value: Any) -> None:
    ours = schema(body)
    for violation in ours.violations(value):
        assert violation.location.pointer.startswith(BODY)
        assert str(violation.expected)
        assert len(str(violation.observed)) <= 80
        if violation.keyword not in ("required", "additionalProperties"):
            held = value
            for step in violation.path:
                held = held[step]


@untimed
@given(SCHEMAS, VALUES)
def test_the_closed_world_never_names_what_is_declared_and_never_raises(body: dict[str, Any], value: Any) -> None:
    ours = schema(body)
    declared = {place.pointer for place in ours.properties}
    for pointer in ours.undeclared(value):
        assert pointer not in declared or "*" in pointer
        assert list(members(value, pointer))


@untimed
@given(SCHEMAS)
def test_every_schema_has_places_and_the_first_is_the_value_itself(body: dict[str, Any]) -> None:
    places = schema(body).properties
    assert places[0].pointer == ""
    assert len({place.pointer for place in places}) == len(places)


@untimed
@given(SCHEMAS)
def test_the_translated_schema_is_a_valid_schema_that_stands_alone(body: dict[str, Any]) -> None:
    jsonschema.Draft4Validator.check_schema(schema(body).raw)
    jsonschema.Draft202012Validator.check_schema(schema(body, version=MODERN).raw)
    assert json.loads(json.dumps(schema(body).raw)) == schema(body).raw


NULLABLE: list[tuple[str, dict[str, Any], bool]] = [
    ("no nullable", {"type": "string"}, False),
    ("nullable false", {"type": "string", "nullable": False}, False),
    ("nullable true", {"type": "string", "nullable": True}, True),
    ("no type and no nullable", {}, True),
    ("nullable beside an enum with null", {"type": "string", "nullable": True, "enum": ["a", None]}, True),
    ("nullable beside an enum without null", {"type": "string", "nullable": True, "enum": ["a"]}, True),
    ("an enum with null that is not nullable", {"type": "string", "enum": ["a", None]}, False),
    ("nullable beside a reference", {"$ref": "#/components/schemas/Text", "nullable": True}, False),
    ("a reference to what is nullable", {"$ref": "#/components/schemas/Null"}, True),
    ("nullable beside allOf and a type", {"type": "string", "nullable": True, "allOf": [{"type": "string"}]}, True),
    ("nullable inside allOf only", {"type": "string", "allOf": [{"type": "string", "nullable": True}]}, False),
    ("nullable in one branch", {"anyOf": [{"type": "string"}, {"type": "integer", "nullable": True}]}, True),
    ("nullable that is no boolean", {"type": "string", "nullable": "true"}, False),
]


@pytest.mark.parametrize(("body", "allowed"), [row[1:] for row in NULLABLE], ids=[row[0] for row in NULLABLE])
def test_nullable_allows_null_where_openapi_3_0_says_so(body: dict[str, Any], allowed: bool) -> None:
    components = {"Text": {"type": "string"}, "Null": {"type": "string", "nullable": True}}
    assert schema(body, components=components).is_valid(None) is allowed


def test_nullable_has_no_effect_in_openapi_3_1() -> None:
    assert not schema({"type": "string", "nullable": True}, version=MODERN).is_valid(None)
    assert schema({"type": ["string", "null"]}, version=MODERN).is_valid(None)


def test_siblings_of_a_reference_count_in_3_1_and_not_in_3_0() -> None:
    body, components = {"$ref": "#/components/schemas/A", "maxLength": 1}, {"A": {"type": "string"}}
    assert schema(body, components=components).is_valid("long")
    modern = schema(body, components=components, version=MODERN)
    assert not modern.is_valid("long")
    assert not modern.is_valid(1)
    assert modern.properties[0].types == {"string"}


@pytest.mark.parametrize(
    ("value", "old", "modern"), [(1, True, True), (1.0, False, True), (1.5, False, False), (True, False, False)]
)
def test_what_an_integer_is_depends_on_the_dialect(value: Any, old: bool, modern: bool) -> None:
    assert schema({"type": "integer"}).is_valid(value) is old
    assert schema({"type": "integer"}, version=MODERN).is_valid(value) is modern


def test_exclusive_bounds_are_flags_in_3_0_and_numbers_in_3_1() -> None:
    flag = schema({"minimum": 3, "exclusiveMinimum": True})
    assert [str(violation.expected) for violation in flag.violations(3)] == ["more than 3"]
    assert str(schema({"exclusiveMinimum": 3}, version=MODERN).violations(3)[0].expected) == "more than 3"
    assert schema({"exclusiveMinimum": 3}).is_valid(0)


TIMES = ["2026-11-23T10:00:00Z", "2026-11-23t10:00:00.5+08:00", "2016-12-31T23:59:60Z"]


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("int32", [0, 2**31 - 1, -(2**31)], [2**31, -(2**31) - 1]),
        ("int64", [2**63 - 1, -(2**63)], [2**63, 10**4000]),
        ("date-time", TIMES, ["2026-11-23", "2026-13-01T00:00:00Z", "x"]),
        ("uuid", ["123e4567-e89b-12d3-a456-426614174000"], ["123e4567", "{123e4567-e89b-12d3-a456-426614174000}"]),
        ("uri", ["https://a/b", "urn:x:y"], ["/relative", "a b"]),
        ("password", ["anything"], []),
        ("prose", ["anything"], []),
    ],
)  # fmt: skip
def test_formats_are_asserted_where_they_say_something_exact(name: str, good: list[Any], bad: list[Any]) -> None:
    ours = schema({"format": name})
    assert all(ours.is_valid(value) for value in good)
    for value in bad:
        assert pointers_of(ours, value)[0][:2] == ("", "format")
    assert ("format" in ours.properties[0].keywords) is bool(bad)


def test_patterns_are_read_as_ecma_has_them() -> None:
    ours = schema({"type": "string", "pattern": "^[0-9$]+$"})
    assert ours.is_valid("1$2")
    assert not ours.is_valid("12\n")
    assert not schema({"pattern": r"^\d+$"}).is_valid("١٢")


SLOW, LONG = "^(a|aa)+$", "a" * 90 + "!"
"""An expression that takes half as long again for each letter more, and a text for it."""


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ({"type": "string", "pattern": SLOW}, LONG),
        ({"type": "array", "items": {"pattern": "^" + SLOW}}, [LONG + str(number) for number in range(500)]),
        ({"type": "object", "patternProperties": {SLOW: {}}, "additionalProperties": False}, {LONG: 1}),
    ],
)  # fmt: skip
def test_a_pattern_that_takes_for_ever_ends_and_accuses_nobody(written: dict[str, Any], value: Any) -> None:
    """Where nothing ends it, the run of all tests hangs here."""
    ours = schema(written, version=MODERN)
    assert ours.is_valid(value)
    assert ours.violations(value) == ()


def test_a_slow_pattern_does_not_make_others_lenient() -> None:
    ours = schema({"properties": {"a": {"pattern": SLOW}, "b": {"pattern": "^x$"}}})
    assert pointers_of(ours, {"a": LONG, "b": "y"})[0][:2] == ("/b", "pattern")


@given(st.text(alphabet="ab0$.\n", max_size=8))
@pytest.mark.parametrize("pattern", ["^a+$", "b|^0", "[a-b]{2,}", r"\d", r"a\.b", "^(?:a|b)*$", r"\$$", "a?.b"])
def test_expressions_find_what_those_of_python_find(pattern: str, text: str) -> None:
    found = expression(pattern)
    assert found is not None
    assert found.search(text) == bool(re.search(pattern.replace("$", r"\Z") if pattern != r"\$$" else r"\$\Z", text))


@pytest.mark.parametrize(
    ("pattern", "matches", "others"),
    [
        (r"^\p{L}+$", ("häß", "ΑΒ"), ("a1", "")),
        (r"^[\p{Lu}\d]+$", ("Ä1",), ("ä", "٣")),
        (r"^\p{Script=Greek}$", ("β",), ("b",)),
        (r"^\P{L}\W$", ("1ä",), ("aä", "1a")),
        (r"^(?<year>\d{4})-\k<year>$", ("2024-2024",), ("2024-2025",)),
        (r"(?<=ab*)c", ("abbc", "ac"), ("c",)),
        (r"(?<!a|bc)d", ("d", "cd"), ("bcd",)),
        (r"^\u{1F600}$", ("😀",), ("u",)),
        (r"^[(?<=]\d$", ("<1",), ("a1",)),
    ],
)
def test_expressions_have_what_ecma_262_has(pattern: str, matches: tuple[str, ...], others: tuple[str, ...]) -> None:
    found = expression(pattern)
    assert found is not None
    assert [text for text in (*matches, *others) if found.search(text)] == list(matches)


def test_a_pattern_that_python_cannot_read_is_left_out_and_noted() -> None:
    ours = schema({"type": "string", "pattern": r"^[\p{L}\D]+$"})
    assert ours.is_valid("12")
    assert list(ours.flaws) == [f"{BODY}/pattern"]


@pytest.mark.parametrize(
    ("keyword", "value"),
    [
        ("type", "int"),
        ("type", ["string", "text"]),
        ("type", []),
        ("required", True),
        ("required", [1]),
        ("enum", "a"),
        ("properties", None),
        ("items", [{"type": "string"}]),
        ("allOf", {}),
        ("anyOf", []),
        ("minimum", "1"),
        ("minimum", True),
        ("exclusiveMinimum", 3),
        ("multipleOf", 0),
        ("maxLength", -1),
        ("maxItems", 1.5),
        ("uniqueItems", "yes"),
        ("pattern", 1),
        ("format", None),
        ("additionalProperties", "no"),
        ("not", []),
        ("x-known-values", "a"),
    ],
)
def test_a_malformed_keyword_is_left_out_and_noted(keyword: str, value: Any) -> None:
    ours = schema({"properties": {"a": {"type": "string"}}, keyword: value})
    for instance in ({}, {"a": "x"}, [1], "x", 3, None):
        assert ours.is_valid(instance)
        assert ours.violations(instance) == ()
        ours.undeclared(instance)
    assert ours.flaws.keys() == {f"{BODY}/{keyword}"}
    assert ours.properties


def test_a_schema_that_is_no_object_is_an_error_with_its_line() -> None:
    with pytest.raises(ContractError, match=r"^api.json:\d+: a schema must be an object"):
        schema({"properties": {"a": 1}}).is_valid({})
    assert schema(True, version=MODERN).is_valid(1)
    assert not schema(False, version=MODERN).is_valid(1)


def test_all_errors_are_found_and_each_is_located() -> None:
    ours = schema(
        {
            "type": "object",
            "required": ["id", "status"],
            "properties": {
                "status": {"type": "string", "enum": ["a", "b"]},
                "list": {"type": "array", "items": {"type": "integer"}},
                "inner": {"type": "object", "properties": {"n/m": {"type": "string", "maxLength": 1}}},
            },
        }
    )
    value = {"status": "c", "list": [1, "x", "y", None], "inner": {"n/m": "long"}}
    assert set(pointers_of(ours, value)) == {
        ("/id", "required", "missing"),
        ("/status", "enum", "c"),
        ("/list/*", "type", "string"),
        ("/list/*", "type", "null"),
        ("/inner/n~1m", "maxLength", "string"),
    }
    by_pointer = {violation.pointer: violation for violation in ours.violations(value)}
    assert by_pointer["/id"].location.pointer == f"{BODY}/required/0"
    assert str(by_pointer["/status"].expected) == 'one of "a", "b"'
    assert str(by_pointer["/status"].observed) == 'string "c"'
    assert by_pointer["/inner/n~1m"].location.pointer == f"{BODY}/properties/inner/properties/n~1m/maxLength"
    lines = ours.document.text.splitlines()
    assert '"maxLength"' in lines[by_pointer["/inner/n~1m"].location.line - 1]


def test_a_value_of_the_wrong_type_says_which_types_are_meant() -> None:
    ours = schema({"type": "integer", "nullable": True})
    violation = ours.violations("1741685413")[0]
    assert (str(violation.expected), str(violation.observed)) == ("integer or null", 'string "1741685413"')
    assert violation.kind == "string"


@pytest.mark.parametrize("keyword", ["anyOf", "oneOf"])
def test_a_union_of_types_is_one_violation_of_the_type(keyword: str) -> None:
    ours = schema(
        {"type": "object", "properties": {"at": {keyword: [{"type": "integer"}, {"type": "null"}]}}}, version=MODERN
    )
    violation = ours.violations({"at": "x"})[0]
    assert (violation.pointer, violation.keyword, str(violation.expected)) == ("/at", "type", "integer or null")
    assert violation.location.pointer.endswith(f"/at/{keyword}")
    assert ours.properties[1].types == {"integer", "null"}


def test_the_branch_of_a_union_that_is_meant_gives_its_own_errors() -> None:
    ours = schema(
        {
            "anyOf": [
                {"type": "null"},
                {"type": "object", "required": ["data"], "properties": {"data": {"type": "array"}}},
            ]
        }
    )
    assert pointers_of(ours, {}) == [("/data", "required", "missing")]
    assert pointers_of(ours, {"data": 1}) == [("/data", "type", "integer")]


def test_a_union_of_which_no_branch_is_meant_is_one_violation() -> None:
    ours = schema({"oneOf": [{"required": ["a"]}, {"required": ["b"]}]})
    assert pointers_of(ours, {}) == [("", "oneOf", "object")]
    assert pointers_of(ours, {"a": 1, "b": 1}) == [("", "oneOf", "object")]


def test_what_all_branches_say_of_one_member_is_told_there() -> None:
    kinds = [{"required": ["k"], "properties": {"k": {"type": "string", "enum": [value]}}} for value in "ab"]
    ours = schema({"type": "object", "oneOf": kinds})
    assert pointers_of(ours, {}) == [("/k", "required", "missing")]
    assert pointers_of(ours, {"k": 1}) == [("/k", "type", "integer")]
    assert pointers_of(ours, {"k": "c"}) == [("/k", "enum", "c")]
    kinds[1]["properties"]["k"] = {"type": "integer", "enum": [1]}
    assert pointers_of(schema({"type": "object", "oneOf": kinds}), {"k": None}) == [("", "oneOf", "object")]


def test_additional_properties_that_are_forbidden_are_named_one_by_one() -> None:
    body = {"properties": {"a": {}}, "patternProperties": {"^x-": {}}, "additionalProperties": False}
    found = pointers_of(schema(body, version=MODERN), {"a": 1, "x-b": 1, "c": 1, "d": 1})
    assert found == [("/c", "additionalProperties", "undeclared"), ("/d", "additionalProperties", "undeclared")]
    assert schema(body, version=MODERN).undeclared({"c": 1}) == ()


@pytest.mark.parametrize("keyword", ["oneOf", "anyOf"])
def test_a_member_of_an_alternative_that_does_not_hold_is_unevaluated(keyword: str) -> None:
    kinds = [
        {"required": ["kind"], "properties": {"kind": {"const": kind}, name: {"$ref": "#/components/schemas/N"}}}
        for kind, name in (("a", "x"), ("b", "y"))
    ]
    ours = schema(
        {"type": "object", keyword: kinds, "unevaluatedProperties": False},
        version=MODERN,
        components={"N": {"type": "integer"}},
    )
    assert ours.violations({"kind": "a", "x": 1}) == ()
    found = [(one.pointer, one.keyword, one.kind) for one in ours.violations({"kind": "a", "x": 1, "y": 2})]
    assert found == [("/y", "unevaluatedProperties", "undeclared")]


def test_unevaluated_properties_are_named_one_by_one() -> None:
    body = {
        "allOf": [{"properties": {"a": {}}}],
        "anyOf": [{"properties": {"b": {}}}],
        "unevaluatedProperties": False,
    }
    found = pointers_of(schema(body, version=MODERN), {"a": 1, "b": 1, "c": 1})
    assert found == [("/c", "unevaluatedProperties", "undeclared")]


def test_a_property_that_another_one_asks_for_is_missing() -> None:
    ours = schema({"dependentRequired": {"a": ["b"]}}, version=MODERN)
    assert pointers_of(ours, {"a": 1}) == [("/b", "dependentRequired", "missing")]
    assert ours.is_valid({})


def test_values_of_any_size_and_kind_are_shown_on_one_short_line() -> None:
    ours = schema({"type": "boolean"})
    for value in (
        "x" * 10_000,
        "a\nb\x1b[31m",
        "\ud800",
        10**3999,
        -(10**3999),
        1e308,
        math.inf,
        math.nan,
        [],
        {},
        None,
    ):
        violation = ours.violations(value)[0]
        assert len(str(violation.observed)) <= 80
        assert str(violation.observed).isprintable()
        str(violation.observed).encode()
    assert str(ours.violations([])[0].observed) == "an empty array"


def test_names_of_any_size_and_kind_make_printable_pointers() -> None:
    ours = schema({"properties": {"a": {}}})
    for name in ("\ud800", "x" * 100_000, "a\nb", "/~"):
        pointer = ours.undeclared({name: 1})[0]
        assert len(pointer) < 300
        assert pointer.isprintable()
        pointer.encode()
    assert ours.undeclared({"/~": 1}) == ("/~1~0",)


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan, 10**400], ids=["inf", "-inf", "nan", "10**400"])
def test_numbers_without_end_are_judged_and_never_raise(value: float) -> None:
    for keyword in ("multipleOf", "minimum", "maximum"):
        for bound in (0.1, 3):
            schema({"type": "number", keyword: bound}).violations(value)
    assert schema({"multipleOf": 0.5}).is_valid(10**400)
    assert not schema({"multipleOf": 3}).is_valid(math.inf)


@pytest.mark.parametrize("step", [0.01, 0.1, 0.05, 1e-7])
def test_a_multiple_is_reckoned_in_the_decimal_digits_that_were_written(step: float) -> None:
    ours = schema({"type": "number", "multipleOf": step})
    for count in range(200):
        written = json.loads(str(Decimal(repr(step)) * count))
        assert ours.is_valid(written), written
        beside = json.loads(str(Decimal(repr(step)) * count + Decimal(repr(step)) / 4))
        assert not ours.is_valid(beside), beside


def test_a_value_too_deep_to_judge_is_a_violation_and_never_raises() -> None:
    ours = schema(
        {"$ref": "#/components/schemas/Node"},
        components={"Node": {"type": "object", "properties": {"next": {"$ref": "#/components/schemas/Node"}}}},
    )
    value: dict[str, Any] = {}
    for _ in range(3_000):
        value = {"next": value}
    assert pointers_of(ours, value) == [("", "depth", "too_deep")]
    assert not ours.is_valid(value)
    assert ours.undeclared(value) == ()
    assert ours.is_valid({"next": {"next": {}}})


def test_a_schema_that_holds_itself_is_described_for_one_round() -> None:
    ours = schema(
        {"$ref": "#/components/schemas/Node"},
        components={
            "Node": {
                "type": "object",
                "properties": {"id": {"type": "string"}, "kids": {"items": {"$ref": "#/components/schemas/Node"}}},
            }
        },
    )  # fmt: skip
    assert [place.pointer for place in ours.properties] == ["", "/id", "/kids", "/kids/*"]
    assert pointers_of(ours, {"kids": [{"kids": [{"id": 1}]}]}) == [("/kids/*/kids/*/id", "type", "integer")]
    assert ours.undeclared({"kids": [{"kids": [{"x": 1}]}]}) == ("/kids/*/kids/*/x",)


@pytest.mark.parametrize(
    "components",
    [
        {"A": {"$ref": "#/components/schemas/A"}},
        {"A": {"$ref": "#/components/schemas/B"}, "B": {"$ref": "#/components/schemas/A"}},
        {"A": {"allOf": [{"type": "object"}, {"$ref": "#/components/schemas/A"}]}},
        {"A": {"anyOf": [{"not": {"$ref": "#/components/schemas/A"}}]}},
    ],
)
def test_a_schema_made_of_itself_is_refused_with_one_line(components: Any) -> None:
    with pytest.raises(ContractError, match=r"^api.json:\d+: this schema refers to itself and never ends$"):
        schema({"$ref": "#/components/schemas/A"}, components=components).is_valid(1)


@pytest.mark.parametrize(
    ("reference", "says"),
    [
        ("https://example.com/a.json", "leaves the document"),
        ("other.yaml#/A", "leaves the document"),
        ("A", "leaves the document"),
        (1, "leaves the document"),
        ("#/components/schemas/Nowhere", "there is nothing there"),
    ],
)
def test_a_reference_that_leads_nowhere_is_refused_with_one_line(reference: Any, says: str) -> None:
    with pytest.raises(ContractError, match=says) as caught:
        schema({"$ref": reference}).is_valid(1)
    assert "\n" not in str(caught.value)


ALL = {"a": 1, "b": 1, "c": 1}
CLOSED: list[tuple[str, dict[str, Any], Any, tuple[str, ...]]] = [
    ("a plain object", {"properties": {"a": {}}}, {"a": 1, "b": 1}, ("/b",)),
    ("no properties", {"type": "object"}, {"b": 1}, ()),
    ("open on purpose", {"properties": {"a": {}}, "additionalProperties": True}, {"b": 1}, ()),
    ("open to a schema", {"properties": {"a": {}}, "additionalProperties": {"type": "integer"}}, {"b": 1}, ()),
    ("closed by itself", {"properties": {"a": {}}, "additionalProperties": False}, {"b": 1}, ()),
    ("declared in allOf", {"properties": {"a": {}}, "allOf": [{"properties": {"b": {}}}]}, {"b": 1, "c": 1}, ("/c",)),
    ("declared in a branch", {"oneOf": [{"properties": {"a": {}}}, {"properties": {"b": {}}}]}, ALL, ("/c",)),
    ("opened in allOf", {"properties": {"a": {}}, "allOf": [{"additionalProperties": True}]}, {"c": 1}, ()),
    ("inside items", {"items": {"properties": {"a": {}}}}, [{"a": 1}, {"b": 1}, {"b": 2}], ("/*/b",)),
    ("inside a property", {"properties": {"a": {"properties": {"b": {}}}}}, {"a": {"c": 1}}, ("/a/c",)),
    ("inside a map", {"additionalProperties": {"properties": {"a": {}}}}, {"x": {"b": 1}}, ("/x/b",)),
    ("of another type", {"properties": {"a": {}}}, ["b"], ()),
]  # fmt: skip


@pytest.mark.parametrize(("body", "value", "found"), [row[1:] for row in CLOSED], ids=[row[0] for row in CLOSED])
def test_the_closed_world_names_what_no_schema_declares(
    body: dict[str, Any], value: Any, found: tuple[str, ...]
) -> None:
    assert schema(body).undeclared(value) == found


def test_free_maps_are_never_closed() -> None:
    body = {"properties": {"metadata": {"type": "object", "properties": {"description": {"type": "string"}}}}}
    free = Schema(document(body), BODY, frozenset({"/metadata"}))
    assert free.undeclared({"metadata": {"mine": 1}, "other": 1}) == ("/other",)
    assert schema(body).undeclared({"metadata": {"mine": 1}}) == ("/metadata/mine",)
    assert not next(place for place in free.properties if place.pointer == "/metadata").closed


def test_a_value_beyond_the_known_ones_is_named_and_an_enum_is_the_schemas_own_business() -> None:
    ours = schema(
        {
            "properties": {
                "status": {"type": "string", "x-known-values": ["a", "b"]},
                "kind": {"enum": ["x"], "x-known-values": ["x"]},
                "tags": {"items": {"x-known-values": ["t"]}},
            }
        }
    )
    value = {"status": "c", "kind": "y", "tags": ["t", "u", None, "u"]}
    found = ours.unknown_values(value)
    assert [(one.pointer, one.kind, str(one.expected)) for one in found] == [
        ("/status", "c", 'one of "a", "b"'),
        ("/tags/*", "u", '"t"'),
    ]
    assert found[0].location.pointer == f"{BODY}/properties/status/x-known-values"
    assert [one.pointer for one in ours.violations(value)] == ["/kind"]
    assert ours.is_valid({"status": "c"})


def test_places_know_their_types_and_where_they_are_declared() -> None:
    ours = schema(
        {
            "type": "object",
            "required": ["id"],
            "properties": {
                "id": {"$ref": "#/components/schemas/Id"},
                "at": {"type": "integer", "nullable": True, "example": 5},
                "any": {},
                "number": {"type": "number"},
                "list": {"type": "array", "items": {"type": "string", "enum": ["a"]}},
            },
        },
        components={"Id": {"type": "string", "maxLength": 9}},
    )
    places = {place.pointer: place for place in ours.properties}
    assert list(places) == ["", "/id", "/at", "/any", "/number", "/list", "/list/*"]
    assert places["/id"].required
    assert places["/id"].source == "/components/schemas/Id"
    assert places["/id"].required_at is not None
    assert places["/id"].required_at.pointer == f"{BODY}/required/0"
    assert places["/id"].values["maxLength"] == 9
    assert places["/at"].types == {"integer", "null"}
    assert places["/at"].example == 5
    assert len(places["/any"].types) == 7
    assert places["/number"].types == {"number", "integer"}
    assert places["/list/*"].known_values == ("a",)
    assert [place.pointer for place in ours.properties if place.closed] == [""]


def test_what_only_one_branch_requires_is_not_required() -> None:
    both = {"required": ["a", "b"], "properties": {"a": {}, "b": {}}}
    one = {"required": ["a"], "properties": {"a": {}, "b": {}}}
    ours = schema({"oneOf": [both, one], "allOf": [{"required": ["c"], "properties": {"c": {}}}]})
    assert {place.pointer for place in ours.properties if place.required} == {"/a", "/c"}


@untimed
@given(VALUES)
def test_a_value_that_keeps_a_described_type_is_of_a_type_of_its_place(value: Any) -> None:
    ours = schema({"anyOf": [{"type": "integer", "nullable": True}, {"type": "array", "items": {"type": "string"}}]})
    name = "null" if value is None else "array" if isinstance(value, list) else "integer"
    assert not ours.is_valid(value) or name in ours.properties[0].types


def test_a_body_of_a_million_wrong_items_is_judged_in_bounds() -> None:
    schema = shipped_contract("documented").chosen.responses["200"].content["application/json"]
    assert schema is not None
    body = {"errors": [1] * 1_000_000, **{f"x{number}": 1 for number in range(100_000)}}
    assert [violation.pointer for violation in schema.violations(body) if violation.keyword == "type"] == ["/errors/*"]
    assert len(schema.undeclared(body)) == 200
