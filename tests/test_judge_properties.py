"""The judge and the contract against plain jsonschema, and against bodies of which it is known what is wrong."""

from __future__ import annotations

import copy
import json
from collections import Counter
from typing import Any

import jsonschema
import pytest
from exchanges import EXCHANGES
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from judge_support import contract, contract_of, judge_one, of_body, openai_like, sent
from schema_strategies import ANYTHING, WORDS, Schema, components, keeping, promises, schemas

from batch_conformance.contract.contract import Contract
from batch_conformance.contract.pointer import split
from batch_conformance.contract.schema import Property
from batch_conformance.findings.finding import Deviation
from batch_conformance.judge.judge import judge
from batch_conformance.observation.observation import Observation

SLOW = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
FEW = settings(SLOW, max_examples=20)
CONTRACTS = {
    "published": contract("published"),
    "documented": contract(),
    "openai": openai_like(),
    "openai published": openai_like("published"),
}


def meant(schema: Any, *, modern: bool) -> Any:
    """An OpenAPI schema in plain JSON Schema: references to ``$defs``, ``nullable`` as a union with null."""
    if isinstance(schema, list):
        return [meant(one, modern=modern) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema and not modern:
        return {"$ref": schema["$ref"].replace("#/components/schemas/", "#/$defs/")}
    made = {name: meant(value, modern=modern) for name, value in schema.items() if name != "nullable"}
    if "properties" in schema:
        made["properties"] = {name: meant(one, modern=modern) for name, one in schema["properties"].items()}
    if "$ref" in made:
        made["$ref"] = made["$ref"].replace("#/components/schemas/", "#/$defs/")
    return {"anyOf": [made, {"type": "null"}]} if schema.get("nullable") is True else made


def reference(schema: Schema, parts: dict[str, Schema], *, modern: bool) -> Any:
    kind = jsonschema.Draft202012Validator if modern else jsonschema.Draft4Validator
    defined = {name: meant(one, modern=modern) for name, one in parts.items()}
    return kind({"allOf": [meant(schema, modern=modern)], "$defs": defined})


@pytest.mark.parametrize("modern", [False, True], ids=["3.0", "3.1"])
@SLOW
@given(data=st.data())
def test_a_schema_has_violations_exactly_where_jsonschema_says_so(modern: bool, data: st.DataObject) -> None:
    schema, parts = data.draw(schemas(modern=modern)), data.draw(components(modern=modern))
    plain = reference(schema, parts, modern=modern)
    small = contract_of(schema, openapi="3.1.0" if modern else "3.0.3", schemas=parts)
    compiled = small.chosen.responses["200"].content["application/json"]
    assert compiled is not None
    assert not compiled.flaws
    for _ in range(4):
        value = data.draw(ANYTHING)
        assert bool(compiled.violations(value)) is not plain.is_valid(value)
        assert compiled.is_valid(value) is plain.is_valid(value)


@pytest.mark.parametrize("modern", [False, True], ids=["3.0", "3.1"])
@SLOW
@given(data=st.data())
def test_every_error_of_jsonschema_is_a_violation_at_its_place(modern: bool, data: st.DataObject) -> None:
    schema, parts = data.draw(schemas(modern=modern, unions=False)), data.draw(components(modern=modern))
    assume("anyOf" not in json.dumps([schema, parts]) and '"nullable": true' not in json.dumps([schema, parts]))
    small = contract_of(schema, openapi="3.1.0" if modern else "3.0.3", schemas=parts)
    compiled = small.chosen.responses["200"].content["application/json"]
    assert compiled is not None
    value = data.draw(ANYTHING)
    told = {(*violation.path, violation.keyword) for violation in compiled.violations(value)}
    expected = set()
    for error in reference(schema, parts, modern=modern).iter_errors(value):
        here, keyword = tuple(error.absolute_path), str(error.validator)
        if keyword == "required":
            lacking = [name for name in error.validator_value if name not in error.instance]
            expected |= {(*here, name, keyword) for name in lacking}
        elif keyword == "additionalProperties":
            named = error.schema.get("properties", {})
            expected |= {(*here, name, keyword) for name in error.instance if name not in named}
        else:
            expected.add((*here, keyword))
    # Items and members of a map that break the same keyword alike are one violation, at the path of the first.
    assert told <= expected
    assert {place[-1] for place in told} == {place[-1] for place in expected}


def _weighty(under: Contract, body: Any, status: int = 200) -> list[Deviation]:
    observation = Observation(sent(body, status), under)
    return [deviation for deviation in of_body(observation) if deviation.level != "info"]


def _document_schema(under: Contract, status: str = "200") -> tuple[Schema, dict[str, Schema]]:
    data = under.document.data
    node = data["paths"][under.chosen.path]["get"]["responses"][status]
    if "$ref" in node:
        node = data["components"]["responses"][node["$ref"].rpartition("/")[2]]
    return node["content"]["application/json"]["schema"], data["components"].get("schemas", {})


@pytest.mark.parametrize("name", CONTRACTS)
@SLOW
@given(data=st.data())
def test_a_body_that_keeps_the_contract_brings_no_finding(name: str, data: st.DataObject) -> None:
    under = CONTRACTS[name]
    for status in under.chosen.responses:
        body = data.draw(keeping(*_document_schema(under, status)))
        assert _weighty(under, body, int(status)) == []


@pytest.mark.parametrize("modern", [False, True], ids=["3.0", "3.1"])
@SLOW
@given(data=st.data())
def test_the_same_holds_for_contracts_that_nobody_has_seen(modern: bool, data: st.DataObject) -> None:
    schema, parts = data.draw(schemas(modern=modern)), data.draw(components(modern=modern))
    assume(not any(word in json.dumps([schema, parts]) for word in ("allOf", "oneOf", "pattern", "multipleOf")))
    small = contract_of(schema, openapi="3.1.0" if modern else "3.0.3", schemas=parts)
    body = data.draw(keeping(schema, parts))
    assume(reference(schema, parts, modern=modern).is_valid(body))
    assert [deviation.rule for deviation in _weighty(small, body)] in ([], ["value.empty_string"])


WRONG: dict[str, Any] = {
    "null": None,
    "boolean": True,
    "integer": 7,
    "number": 7.5,
    "string": "seven",
    "array": [7],
    "object": {"seven": 7},
}
"""A value of each type."""


def _holder(body: Any, pointer: str) -> Any:
    """The object around a place, where the body has it."""
    for name in split(pointer)[:-1]:
        body = body.get(name) if isinstance(body, dict) else None
    return body if isinstance(body, dict) else None


def _ways(place: Property, body: Any) -> list[tuple[str, str, Any]]:
    """Ways to break one clause at a place: rule, pointer and the new value (or what to do)."""
    holder, name = _holder(body, place.pointer), split(place.pointer)[-1]
    ways: list[tuple[str, str, Any]] = []
    if holder is None:
        return ways
    wrong = WRONG.keys() - place.types - ({"integer"} if "number" in place.types else set())
    ways += [("body.type", place.pointer, WRONG[kind]) for kind in sorted(wrong)]
    if place.required and name in holder:
        ways.append(("body.required", place.pointer, "remove"))
    if place.known_values and "string" in place.types:
        rule = "body.enum" if {"enum", "const"} & place.keywords else "body.known_value"
        ways.append((rule, place.pointer, "SEVEN"))
    if place.keywords & {"minimum"} and "integer" in place.types:
        ways.append(("body.constraint", place.pointer, -7))
    if place.values.get("format") == "date-time":
        ways.append(("body.format", place.pointer, "seven"))
    if place.closed and isinstance(holder.get(name), dict):
        ways.append(("body.undeclared", place.pointer + "/seven", "add"))
    return ways


def _break_one(under: Contract, body: Any, data: st.DataObject) -> tuple[str, str, str]:
    """Break one clause of the 200 in ``body``, which keeps all of them: rule, status and pointer of what must come."""
    schema = under.chosen.responses["200"].content["application/json"]
    assert schema is not None
    inner = [p for p in schema.properties if p.pointer and "*" not in p.pointer and not p.pointer.startswith("/meta")]
    ways = [("body.undeclared", "/seven", "add"), *(way for place in inner for way in _ways(place, body))]
    rule, pointer, value = data.draw(st.sampled_from(ways))
    holder, member = _holder(body, pointer), split(pointer)[-1]
    if value == "remove":
        del holder[member]
    else:
        holder[member] = 7 if value == "add" else value
    return rule, "200", pointer


@pytest.mark.parametrize("name", CONTRACTS)
@SLOW
@given(data=st.data())
def test_one_broken_clause_brings_exactly_its_finding(name: str, data: st.DataObject) -> None:
    under = CONTRACTS[name]
    body = copy.deepcopy(data.draw(keeping(*_document_schema(under)).filter(lambda value: len(value) > 5)))
    wanted = _break_one(under, body, data)
    assert [(found.rule, found.status, found.pointer) for found in _weighty(under, body)] == [wanted]


@pytest.mark.parametrize("modern", [False, True], ids=["3.0", "3.1"])
@SLOW
@given(data=st.data())
def test_one_broken_clause_of_a_contract_that_nobody_has_seen_does_too(modern: bool, data: st.DataObject) -> None:
    schema = data.draw(promises(modern=modern))
    under = contract_of(schema, openapi="3.1.0" if modern else "3.0.3")
    body = copy.deepcopy(data.draw(keeping(schema, {})))
    assert _weighty(under, body) == []
    wanted = _break_one(under, body, data)
    assert [(found.rule, found.status, found.pointer) for found in _weighty(under, body)] == [wanted]


@pytest.mark.parametrize("name", CONTRACTS)
@SLOW
@given(body=st.binary(max_size=200) | ANYTHING.map(lambda value: json.dumps(value).encode()), data=st.data())
def test_no_bytes_make_the_judge_raise(name: str, body: bytes, data: st.DataObject) -> None:
    status = data.draw(st.sampled_from([200, 204, 301, 400, 401, 404, 405, 406, 429, 500, 503, 999]))
    media_type = data.draw(st.sampled_from(["application/json", "text/plain", "text/html; charset=gbk", None]) | WORDS)
    exchange = sent(body, status, media_type=media_type)
    for deviation in judge_one(Observation(exchange, CONTRACTS[name])):
        f"{deviation}{deviation.fingerprint}".encode()


@pytest.mark.parametrize("name", CONTRACTS)
@FEW
@given(run=st.lists(EXCHANGES, max_size=6, unique_by=lambda exchange: exchange.order))
def test_no_run_makes_the_judge_raise_and_each_clause_counts_what_it_saw(name: str, run: list[Any]) -> None:
    ledger = judge(run, CONTRACTS[name])
    assert len(ledger.exchanges) == len(run)
    assert len({finding.id for finding in ledger.findings}) == len(ledger.findings)
    states = Counter(result.state for result in ledger.clauses)
    assert states["broken"] >= len({f.clause for f in ledger.findings if f.rule in ("body.type", "body.required")})
    for result in ledger.clauses:
        assert result.broken <= result.judged
        assert (result.state == "broken") is (result.broken > 0)


@pytest.mark.parametrize(
    "body",
    [
        b"a" * 200_000,
        b"at a(" * 20_000 + b") in x",
        b"a-" * 60_000,
        b"/home" * 20_000,
        b"x." * 60_000,
        b"C:\\" * 30_000,
        b'"' + b"\\n" * 60_000 + b'"',
        b"10." * 60_000,
        b"[" * 100_000,
        b'{"a":' * 50_000,
        b"[" * 900 + b"]" * 900,
        b'{"id":' * 900 + b"1" + b"}" * 900,
        b'{"created_at": ' + b"9" * 4_200 + b"}",
        b'{"request_counts": {"total": ' + b"9" * 4_290 + b', "completed": ' + b"9" * 4_290 + b', "failed": 1}}',
    ],
    ids=range(14),
)
@pytest.mark.parametrize("name", CONTRACTS)
def test_a_body_made_to_be_slow_or_deep_is_judged_like_any_other(name: str, body: bytes) -> None:
    for status in (200, 404):
        for deviation in judge_one(Observation(sent(body, status), CONTRACTS[name])):
            assert len(f"{deviation.expected}{deviation.observed}{deviation.kind}{deviation.pointer}") < 1000


def test_a_schema_that_contains_itself_judges_a_body_of_any_depth() -> None:
    itself = {"$ref": "#/components/schemas/Node"}
    node = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}, "in": itself}}
    small = contract_of(itself, schemas={"Node": node})
    body = b'{"id":"x","in":' * 900 + b"{}" + b"}" * 900
    assert {deviation.rule for deviation in judge_one(Observation(sent(body), small))} >= {"body.constraint"}
    body = b'{"id":"x","in":' * 9 + b"{}" + b"}" * 9
    assert [d.pointer for d in of_body(Observation(sent(body), small))] == ["/in" * 9 + "/id"]
