"""The catalogue: enough of it, each entry different, and each doing what it says, judged by the contract alone."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from batch_conformance.contract.contract import Contract
from batch_conformance.contract.sources import load_contract, shipped_contract
from batch_conformance.mock.catalogue import rare
from batch_conformance.mock.derived import derive
from batch_conformance.mock.drift import STAGES, Drift
from batch_conformance.mock.drifts import DRIFTS, OF_BATCHES, OF_LISTS, DriftError, built
from batch_conformance.mock.message import ParsedRequest
from batch_conformance.mock.mock_spec import MockSpec, published_mock_spec
from batch_conformance.mock.mutation import Mutation
from batch_conformance.mock.service import Service
from batch_conformance.mock.spec_of_contract import MockSpecError, mock_spec_of
from batch_conformance.rules import REGISTRY

KEY = "sk-test-of-the-catalogue"
OPENAI_LIKE = str(Path(__file__).parent / "data" / "openai-like.yaml")
SHIPPED = shipped_contract()
DERIVED = {mutation.name: mutation for mutation in derive(SHIPPED)}
EVERY = {**DRIFTS, **OF_LISTS, **OF_BATCHES}
GROUPS = Counter(drift.group for drift in DRIFTS.values())

NOT_OF_A_SERVER = {
    "shape.changed": "needs a shape that was recorded before",
    "response.undocumented_error": "needs a contract that lists no errors",
    "response.header": "needs a contract that declares headers",
    "body.enum": "needs a contract with an enumeration",
    "body.format": "needs a contract with a format",
    "body.constraint": "needs a contract with constraints",
    "body.impossible": "is the document's, whatever is answered",
    "body.write_only": "needs a contract with a property that is only written",
    "response.refused_input": "told of conforming gateways, see the variants gateway_refuses and gateway_limits",
    "response.not_acceptable": "told of a conforming refusal, see the variant not_acceptable",
    **{rule: "told where a client was named, of conforming servers too" for rule in REGISTRY if rule[:7] == "client."},
}
"""Rules that the vendor's contract gives no drift."""


def replies(service: Service, *, statuses: bool = True) -> Iterator[tuple[int, bytes]]:
    """What a client gets: every batch, an unknown id, no key, and every status that it can ask for."""
    key = (b"authorization", b"Bearer " + KEY.encode())
    path = (service.prefix + service.mock_spec.path).encode()
    for batch_id in (*service.batch_ids, "batch_aaaaaaaaaa"):
        reply = service.reply_to(ParsedRequest("GET", path + b"/" + batch_id.encode(), (key,)))
        yield reply.status, reply.body
    reply = service.reply_to(ParsedRequest("GET", path + b"/" + service.batch_ids[0].encode()))
    yield reply.status, reply.body
    for status in service.mock_spec.errors if statuses else ():
        asked = (key, (b"prefer", f"code={status}".encode()))
        reply = service.reply_to(ParsedRequest("GET", path + b"/" + service.batch_ids[0].encode(), asked))
        yield reply.status, reply.body


def broken(contract: Contract, status: int, body: bytes) -> set[tuple[str, str]]:
    """Status and pointer of everything that a body breaks of its schema, and of what it says beside it."""
    response = contract.chosen.response_for(status)
    schema = response.content.get("application/json") if response else None
    if schema is None:
        return set()
    value = json.loads(body)
    found = [*schema.violations(value), *schema.unknown_values(value)]
    return {(str(status), one.pointer) for one in found} | {(str(status), one) for one in schema.undeclared(value)}


def test_there_are_enough_entries_of_every_group() -> None:
    assert GROUPS["experience"] >= 80
    assert GROUPS["variant"] >= 25
    assert GROUPS["outage"] >= 5
    assert len(DERIVED) >= 200


@pytest.mark.parametrize("drift", EVERY.values(), ids=EVERY)
def test_an_entry_says_what_where_and_why(drift: Drift) -> None:
    assert drift.title
    assert drift.source
    assert drift.stage in STAGES
    assert drift.pointer == "" or drift.pointer.startswith("/")
    assert (drift.rule in REGISTRY) is (drift.group == "experience")
    assert set(drift.also) <= set(REGISTRY)
    verdicts = {"experience": {"drift", "conforms"}, "variant": {"conforms"}, "outage": {"inconclusive"}}
    assert drift.verdict in verdicts[drift.group]


def test_no_two_entries_are_told_alike() -> None:
    titles = Counter(drift.title for drift in EVERY.values())
    assert [title for title, count in titles.items() if count > 1] == []
    applied = Counter(id(drift.apply) for drift in DRIFTS.values() if drift.group == "experience")
    assert max(applied.values()) == 1


def test_every_rule_has_a_drift_that_breaks_it() -> None:
    broken_rules = {drift.rule for drift in EVERY.values()} | {mutation.rule for mutation in DERIVED.values()}
    lacking = set(REGISTRY) - broken_rules - set(NOT_OF_A_SERVER)
    assert sorted(lacking) == [], "add a Drift that breaks each to batch_conformance/mock/catalogue/"
    assert set(NOT_OF_A_SERVER) <= set(REGISTRY) - broken_rules


def test_the_rules_that_need_another_contract_are_broken_under_one() -> None:
    found = {mutation.rule for mutation in derive(load_contract(OPENAI_LIKE))}
    assert {"body.enum", "body.constraint", "body.required"} <= found


def test_many_findings_for_one_cause_have_a_reason() -> None:
    assert all(drift.because for drift in DRIFTS.values() if len(drift.also) > 2)


def test_every_documented_property_and_response_is_broken_in_some_way() -> None:
    places = {(mutation.sent, mutation.at) for mutation in DERIVED.values()}
    for response in SHIPPED.chosen.responses.values():
        schema = response.content["application/json"]
        assert schema is not None
        for place in schema.properties:
            free = any(place.pointer.startswith(name + "/") for name in SHIPPED.chosen.roles.free_maps)
            assert free or (int(response.status), place.pointer) in places


def test_another_contract_has_drifts_of_its_own() -> None:
    names = {mutation.name for mutation in derive(load_contract(OPENAI_LIKE))}
    assert "200/usage:null" not in names
    assert {"200/usage:boolean", "200/status:unheard_of", "200/request_counts/total:minimum"} <= names
    assert not any(name.startswith("404") for name in names)
    assert {"200/created_at:milliseconds", "404:object", "200/errors/*:integer"} <= set(DERIVED)


@pytest.mark.parametrize("mutation", DERIVED.values(), ids=DERIVED.keys())
def test_a_derived_drift_breaks_its_clause_and_no_other_of_the_schema(mutation: Mutation) -> None:
    drift = mutation.drift()
    assert built([json.loads(json.dumps(mutation.to_dict()))])[0].name == drift.name
    found: set[tuple[str, str]] = set()
    plain: dict[str, Any] = {}
    for (status, body), (_, before) in zip(
        replies(Service(KEY, drifts=[drift], tick=0.1)), replies(Service(KEY, tick=0.1)), strict=True
    ):
        plain[str(status)] = body
        found |= broken(SHIPPED, status, body) if body != before else set()
    if mutation.rule.startswith("body.") and mutation.rule != "body.seen":
        assert (mutation.status, mutation.pointer) in found
        assert len(found) == 1 + mutation.also.count("body.undeclared")
    else:
        assert found == set()


@pytest.mark.parametrize("style", ["omit", "null"])
@pytest.mark.parametrize("name", [name for name, drift in DRIFTS.items() if drift.group == "variant"])
def test_a_variant_keeps_every_schema(name: str, style: Any) -> None:
    if name in ("always_compressed",):
        pytest.skip("its bodies are compressed for those who ask for it, and nobody does here")
    for status, body in replies(Service(KEY, drifts=[DRIFTS[name]], style=style)):
        assert not body or broken(SHIPPED, status, body) == set()


@pytest.mark.parametrize("name", [drift.name for drift in rare.DRIFTS if drift.name.startswith("every_25th")])
def test_a_rare_drift_is_rare(name: str) -> None:
    service, plain = Service(KEY, drifts=[DRIFTS[name]]), Service(KEY)
    pairs = [zip(replies(service, statuses=False), replies(plain, statuses=False), strict=True) for _ in range(20)]
    sent = [one for pair in pairs for one in pair]
    # Of what is only a header, nothing shows in status and body.
    assert (sum(one != other for one, other in sent) > 0) is ("untyped" not in name)
    assert sum(one != other for one, other in sent) <= len(sent) // 25 + 1


def test_an_unknown_name_is_refused_among_mutations_too() -> None:
    with pytest.raises(DriftError, match="no drift is named 'nope'"):
        built([DERIVED["200/id:null"].to_dict(), "nope"])


@pytest.mark.parametrize("source", ["siliconflow", "openai", OPENAI_LIKE], ids=["siliconflow", "openai", "openai-like"])
def test_a_tailored_mock_keeps_its_contract(source: str) -> None:
    contract = load_contract(source)
    mock_spec = MockSpec.from_dict(json.loads(json.dumps(mock_spec_of(contract).to_dict())))
    service = Service(KEY, mock_spec=mock_spec)
    assert len(service.batch_ids) >= 5
    for status, body in replies(service):
        assert broken(contract, status, body) == set()


def test_the_offer_of_the_vendor_has_every_documented_error() -> None:
    assert set(published_mock_spec().errors) == {int(s) for s in SHIPPED.chosen.responses if s != "200"}


def test_a_contract_that_nothing_can_be_served_of_is_refused_with_one_line(tmp_path: Path) -> None:
    path = tmp_path / "contract.yaml"
    path.write_text(
        "openapi: 3.0.0\ninfo: {title: t, version: '1'}\npaths:\n  /batches/{id}:\n    get:\n      responses:\n"
        "        '204': {description: nothing}\n"
    )
    with pytest.raises(MockSpecError, match="a mock needs a 200 with a JSON schema") as caught:
        mock_spec_of(load_contract(str(path)))
    assert "\n" not in str(caught.value)
