"""The formats of OpenAPI and JSON Schema: what keeps and breaks each, at which level, and who is told of the others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from contract_support import document, schema, untimed
from hypothesis import given
from hypothesis import strategies as st
from judge_support import contract_of, findings, sent
from schema_strategies import ANYTHING
from test_fast_path import both_paths

from batch_conformance.contract.contract import compile_contract
from batch_conformance.contract.document import parse_document
from batch_conformance.contract.formats import ANNOTATIONS, CHECKED, has_format
from batch_conformance.mock.derived import derive
from batch_conformance.run.prove.drift_runner import DriftRunner

WORDS: list[tuple[str, list[str], list[str]]] = [
    ("date", ["2024-02-29", "2025-12-31"], ["2025-02-29", "11/03/2025", "2025-2-8", "20250228"]),
    ("time", ["10:33:11Z", "10:33:11.5+08:00", "23:59:60Z"], ["10:00:00", "25:00:00Z", "10:33Z"]),
    ("date-time", ["2026-03-25T10:33:11Z", "2026-03-25t10:33:11.123+08:00"], ["2026-03-25", "2026-13-01T00:00:00Z"]),
    ("date-time", ["0000-02-29T00:00:00Z"], ["0001-02-29T00:00:00Z", "2026-03-25T10:33:11+24:00"]),
    ("date-time", ["2016-12-31T23:59:60Z", "2017-01-01T05:29:60.5+05:30"], ["2016-12-31T23:58:60Z"]),
    ("date-time", [], ["2016-12-31T23:59:60+01:00", "2026-03-25T10:33:11+08:60"]),
    ("date-time-local", ["0000-01-01T00:00:00"], []),
    ("date-time-local", ["2026-03-25T10:33:11"], ["2026-03-25T10:33:11Z", "2026-02-30T10:33:11"]),
    ("time-local", ["10:33:11"], ["10:33:11Z", "24:00:00"]),
    ("duration", ["PT24H", "P1W", "P1Y2M3DT4H5M6S", "PT0.5S", "P1Y1D"], ["24h", "P", "PT", "P1DT", "1 day", "PT1H1Y"]),
    ("email", ["a@b.cn", "a..b@docomo.example", "a@localhost", '"a b"@c.d', "用户@例子.公司"], ["a", "@b", "a b@c"]),
    ("hostname", ["a-b.example.com", "localhost", "example.com.", "192.0.2.1"], ["a_b.example", "-a.example", ""]),
    ("hostname", ["a" * 63 + ".cn"], ["a" * 64 + ".cn", ".".join(["a" * 60] * 5)]),
    ("idn-hostname", ["例子.公司", "example.com"], ["a b"]),
    ("ipv4", ["192.0.2.1"], ["192.0.2", "256.1.1.1", "::1"]),
    ("ipv6", ["2001:db8::1", "::ffff:192.0.2.1"], ["192.0.2.1", "2001:db8::1::2", "fe80::1%eth0"]),
    ("uri", ["https://a/b", "urn:x:y"], ["/relative", "a b"]),
    ("uri-reference", ["/a?b#c", "../x", "", "https://a/b", "/文件"], ["a b", "%zz", "\\x"]),
    ("iri-reference", ["/文件"], ["a b"]),
    ("uri-template", ["/x/{id}{?page*}"], ["/x/{id"]),
    ("json-pointer", ["", "/a~1b/0"], ["a", "/~2"]),
    ("relative-json-pointer", ["0", "1/a", "2#"], ["/a", "-1"]),
    ("regex", [r"^[\w-.]+$", r"(?<n>a)\k<n>", r"\u{1F600}", "[^]", "a{,3}"], ["(", "[", "a)", "*a", "a**", "a\\"]),
    ("regex", ["(?<!a+)b", "(a|)*?", "^*", "(?=a)+", "{", "]"], ["(?)", "a|*", "a*??"]),
    ("uuid", ["123e4567-e89b-12d3-a456-426614174000"], ["123e4567", "{123e4567-e89b-12d3-a456-426614174000}"]),
    ("byte", ["", "YQ==", "YWI=", "YWJj", "YWJj\r\nYWJj"], ["YQ", "YQ=", "Y_-=", "a b"]),
    ("base64url", ["YQ", "Y_-"], ["Y+/", "a b"]),
    ("char", ["a", "é", "👩‍🚀"], ["", "ab"]),
    ("http-date", ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT"], ["1994-11-06"]),
    ("http-date", ["Sun Nov  6 08:49:37 1994"], ["Sun, 06 Nov 1994 08:49:37"]),
    ("media-range", ["text/*", "application/json; q=0.5"], ["json"]),
    ("decimal", ["1", "-1.50", "1e3"], ["1,5", "x"]),
    ("decimal128", ["NaN", "1.5E400"], ["x"]),
    ("ipv4-cidr", ["192.0.2.0/24"], ["192.0.2.0", "::/8"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "good", "bad"), WORDS)
def test_a_text_has_a_format_or_has_not(name: str, good: list[str], bad: list[str]) -> None:
    ours = schema({"format": name})
    assert [value for value in good if not ours.is_valid(value)] == []
    assert [value for value in bad if ours.is_valid(value)] == []


@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("int8", [-128, 127, 1.5], [128]),
        ("int32", [2**31 - 1, 7.0], [2**31, -(2**31) - 1]),
        ("uint8", [0, 255], [-1, 256]),
        ("uint64", [2**64 - 1], [2**64, -1]),
        ("double-int", [2**53 - 1], [2**53]),
        ("float", [0.1, 3.4028234663852886e38], [10**39, float("inf")]),
        ("double", [1.7e308, 10**300], [10**309, float("inf"), 10**5000]),
    ],
)
def test_a_number_has_a_format_or_has_not(name: str, good: list[Any], bad: list[Any]) -> None:
    ours = schema({"format": name})
    assert [value for value in good if not ours.is_valid(value)] == []
    assert [value for value in bad if ours.is_valid(value)] == []


@pytest.mark.parametrize("name", CHECKED)
def test_each_format_has_a_value_that_keeps_it_and_one_that_breaks_it(name: str) -> None:
    known = CHECKED[name]
    assert has_format(known.keeps, name)
    assert not has_format(known.breaks, name)


@untimed
@given(st.sampled_from(sorted(CHECKED)), ANYTHING | st.text() | st.text(alphabet="\ud800(*[\\", max_size=50))
def test_no_value_makes_a_check_fail(name: str, value: Any) -> None:
    kept = has_format(value, name)
    assert kept or isinstance(value, str | int | float)


@pytest.mark.parametrize(
    ("kind", "name", "value"),
    [("string", "int64", "x"), ("integer", "date-time", 17), ("string", "binary", "\x00"), ("integer", "prose", 1)],
)
def test_a_format_of_another_type_says_nothing(kind: str, name: str, value: Any) -> None:
    ours = schema({"type": kind, "format": name})
    assert ours.is_valid(value)
    assert "format" not in ours.properties[0].keywords


LEVELS = [
    ("3.0.3", "date", "x", "must"),
    ("3.0.3", "int32", 2**31, "must"),
    ("3.0.3", "byte", "?", "must"),
    ("3.0.3", "uuid", "x", "must"),
    ("3.0.3", "time", "10:00:00", "should"),
    ("3.0.3", "uint8", 256, "should"),
    ("3.1.0", "date-time", "x", "should"),
    ("3.1.0", "int32", 2**31, "should"),
]


@pytest.mark.parametrize(("openapi", "name", "value", "level"), LEVELS)
def test_a_format_is_held_at_the_level_that_the_dialect_gives_it(
    openapi: str, name: str, value: Any, level: str
) -> None:
    under = contract_of({"type": "object", "properties": {"p": {"format": name}}}, openapi=openapi)
    assert [(one.rule, one.pointer, one.level) for one in findings(sent({"p": value}), under=under)] == [
        ("body.format", "/p", level)
    ]


def test_a_dialect_of_the_documents_own_can_assert_formats() -> None:
    metaschema = {
        "$id": "https://example.com/dialect",
        "$vocabulary": {"https://json-schema.org/draft/2020-12/vocab/format-assertion": True},
    }
    shown = json.loads(document({"format": "date"}, version="3.1.0", components={"Meta": metaschema}).text)
    for dialect, level in (
        ("https://example.com/dialect", "must"),
        ("https://spec.openapis.org/oas/3.1/dialect", "should"),
    ):
        parsed = parse_document(json.dumps({**shown, "jsonSchemaDialect": dialect}).encode(), "api.json")
        found = findings(sent("yesterday"), under=compile_contract(parsed, "published"))
        assert [(one.rule, one.level) for one in found] == [("body.format", level)]


def test_alternatives_that_differ_by_formats_alone_are_held_as_formats_are() -> None:
    one_of = {"oneOf": [{"type": "string", "format": "ipv4"}, {"type": "string", "format": "ipv6"}]}
    for openapi, level in (("3.0.3", "must"), ("3.1.0", "should")):
        under = contract_of({"type": "object", "properties": {"p": one_of}}, openapi=openapi)
        assert [one.level for one in findings(sent({"p": "x"}), under=under)] == [level]
        assert not findings(sent({"p": "::1"}), under=under)


BATCH = {"id": {"type": "string"}, "status": {"type": "string"}}


@pytest.mark.parametrize("openapi", ["3.0.3", "3.1.0"])
@pytest.mark.parametrize("name", sorted(CHECKED))
def test_recorded_traffic_is_held_to_each_format_too(name: str, openapi: str, tmp_path: Path) -> None:
    known = CHECKED[name]
    kind = "string" if isinstance(known.keeps, str) else "number" if "float" in name or name == "double" else "integer"
    under = contract_of(
        {"type": "object", "properties": {**BATCH, "p": {"type": kind, "format": name}}}, openapi=openapi
    )
    bodies = [{"id": "b1", "status": "done", "p": value} for value in (known.keeps, known.keeps, known.breaks)]
    assert [(one.rule, one.pointer, one.occurrences) for one in both_paths(tmp_path, under, *bodies)] == [
        ("body.format", "/p", 1)
    ]


def test_the_catalogue_breaks_each_format() -> None:
    places = {
        f"p{number}": {"type": "string" if isinstance(known.keeps, str) else "number", "format": name}
        for number, (name, known) in enumerate(CHECKED.items())
    }
    under = contract_of({"type": "object", "required": ["id"], "properties": {**BATCH, **places}})
    entries = [entry for entry in derive(under) if entry.name.endswith(":no_format")]
    assert {entry.at[1:] for entry in entries} == set(places)
    broken = {("body.format", str(entry.status), entry.pointer) for entry in entries}
    with DriftRunner(under) as bench:
        # Each is at a member of its own, so that one audit shows them all.
        observed = bench.try_out(*entries)
    found = [(one.rule, one.status, one.pointer) for one in observed.findings if one.level != "info"]
    assert sorted(found) == sorted(broken)
    assert len(broken) == len(entries)
    assert observed.verdict == "drift"


def test_a_format_that_an_alternative_does_not_have_is_no_drift() -> None:
    any_of = {"anyOf": [{"type": "string", "format": "date"}, {"type": "string"}]}
    under = contract_of({"type": "object", "properties": {"p": any_of}})
    assert not [entry for entry in derive(under) if entry.name.endswith(":no_format")]


@pytest.mark.parametrize("name", sorted(ANNOTATIONS))
def test_a_known_format_without_a_syntax_is_told_of_nowhere(name: str) -> None:
    under = contract_of({"type": "object", "properties": {"p": {"type": "string", "format": name}}})
    assert not [one for one in under.document_findings if one.rule == "document.format_unknown"]
    assert not [clause for clause in under.clauses if clause.rule == "body.format"]


def test_a_format_of_a_header_that_nobody_defines_is_told_of() -> None:
    header = {"X-Trace": {"schema": {"type": "string", "format": "traceparent"}}}
    under = contract_of({}, responses={"404": {"description": "No.", "headers": header}})
    told = [str(one.says) for one in under.document_findings if one.rule == "document.format_unknown"]
    assert told == ['X-Trace: nobody defines the format "traceparent"']


def test_a_format_that_nobody_defines_is_told_of_once() -> None:
    places = {
        "a": {"type": "string", "format": "datetime"},
        "b": {"type": "array", "items": {"type": "string", "format": "datetime"}},
        "c": {"type": "string", "format": "prose"},
        "d": {"type": "string", "format": "date-time"},
    }
    under = contract_of({"type": "object", "properties": places})
    told = [
        (str(one.says), one.level, one.pointer.rpartition("/properties")[2])
        for one in under.document_findings
        if one.rule == "document.format_unknown"
    ]
    assert told == [
        ('/a: nobody defines the format "datetime", which stands in 1 more; there is date-time', "info", "/a/format"),
        ('/c: nobody defines the format "prose"', "info", "/c/format"),
    ]
