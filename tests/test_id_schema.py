"""The schema of the path's parameter: ids that nobody has keep it, and what breaks it may be refused."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import unquote

import pytest
from http_server import listening
from hypothesis import given
from hypothesis import strategies as st

from batch_conformance.contract.contract import Contract, compile_contract
from batch_conformance.contract.document import parse_document
from batch_conformance.contract.sources import shipped_contract
from batch_conformance.exchange.exchange import Exchange, Probe, Request, Response
from batch_conformance.findings.finding import Finding
from batch_conformance.judge.judge import judge
from batch_conformance.probes.plan import Plan
from batch_conformance.probes.planning import build_plan
from batch_conformance.run.live.begin import begin
from batch_conformance.run.settings import settle

UUID = "1f2e3d4c-5b6a-4798-8b7c-9a0b1c2d3e4f"
PROBLEM = {"type": "object", "required": ["title"], "properties": {"title": {"type": "string"}}}


def document(schema: Any = None, *, openapi: str = "3.0.3", where: str = "operation", **parts: Any) -> dict[str, Any]:
    """A document whose id has this schema; ``where`` the parameter stands."""
    parameter: dict[str, Any] = {"name": "batch_id", "in": "path", "required": True}
    parameter |= {"content": {"text/plain": {"schema": schema}}} if where == "content" else {"schema": schema}
    listed = [{"$ref": "#/components/parameters/id"}] if where == "component" else [parameter]
    problem = {"description": "no", "content": {"application/json": {"schema": PROBLEM}}}
    identity = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
    get = {
        "operationId": "retrieve",
        "responses": {
            "200": {"description": "ok", "content": {"application/json": {"schema": identity}}},
            **dict.fromkeys(("401", "404"), problem),
        },
    }
    item: dict[str, Any] = {"get": get}
    (item if where == "path" else get)["parameters"] = listed
    return {
        "openapi": openapi,
        "info": {"title": "Ids", "version": "1"},
        "security": [{"b": []}],
        "paths": {"/batches/{batch_id}": item},
        "components": {
            "securitySchemes": {"b": {"type": "http", "scheme": "bearer"}},
            "parameters": {"id": parameter},
            "schemas": {"Id": {"type": "string", "format": "uuid"}},
        },
        **parts,
    }


def contract(schema: Any, **how: Any) -> Contract:
    return compile_contract(parse_document(json.dumps(document(schema, **how)).encode(), "ids.json"))


def plan(of: Contract, *known: str, exploration: Any = "standard", seed: int | None = None) -> Plan:
    return build_plan(of, known, exploration=exploration, seed=seed, loopback=True)


def asked_of_nobody(made: Plan) -> list[Probe]:
    return [probe for probe in made.probes if probe.subject == "unknown"]


def judged(of: Contract, batch_id: str, status: int, body: Any, **probe: Any) -> list[Finding]:
    given_probe = Probe(**{"chapter": "c", "name": "n", "subject": "hostile", **probe}, path="/x", batch_id=batch_id)
    response = Response(status, (("Content-Type", "application/json"),), json.dumps(body).encode())
    ledger = judge([Exchange(0, given_probe, Request("GET", "http://127.0.0.1:1/x", ()), response)], of)
    return [finding for finding in ledger.findings if not finding.rule.startswith("body.seen")]


SCHEMAS: dict[str, dict[str, Any]] = {
    "uuid": {"schema": {"type": "string", "format": "uuid"}},
    "reference": {"schema": {"$ref": "#/components/schemas/Id"}},
    "component": {"schema": {"type": "string", "format": "uuid"}, "where": "component"},
    "path": {"schema": {"type": "string", "format": "uuid"}, "where": "path"},
    "content": {"schema": {"type": "string", "format": "uuid"}, "where": "content"},
    "modern": {"schema": {"type": "string", "pattern": "^CR[0-9a-f]{32}$"}, "openapi": "3.1.0"},
    "pattern": {"schema": {"type": "string", "pattern": "^batch-[0-9]{4}-[a-z]{12}$"}},
    "short": {"schema": {"type": "string", "maxLength": 12}},
    "number": {"schema": {"type": "integer", "minimum": 1}},
    "int32": {"schema": {"type": "integer", "format": "int32", "minimum": 1}},
}


@pytest.mark.parametrize("name", SCHEMAS)
@pytest.mark.parametrize("exploration", ["quick", "standard"])
def test_ids_that_nobody_has_keep_the_schema_of_the_parameter(name: str, exploration: Any) -> None:
    of = contract(**SCHEMAS[name])
    parameter = of.chosen.id_parameter
    assert parameter is not None
    assert parameter.narrows
    unknown = asked_of_nobody(plan(of, exploration=exploration))
    assert {probe.chapter for probe in unknown} >= {"unknown_ids", "authentication", "representations"}
    assert [probe.batch_id for probe in unknown if not parameter.admits(probe.batch_id or "")] == []


@pytest.mark.parametrize("name", ["number", "int32"])
def test_numbers_that_nobody_has_are_large(name: str) -> None:
    of = contract(**SCHEMAS[name])
    for known in ((), ("7", "12")):
        asked = [probe.batch_id or "" for probe in plan(of, *known).probes if probe.subject in ("unknown", "hostile")]
        numbers = [int(text) for text in asked if text.isdigit()]
        assert numbers
        assert min(numbers) >= 10**6


@pytest.mark.parametrize("shown", [{"example": "batch-shown"}, {"enum": ["batch-shown"]}])
def test_an_id_that_the_document_shows_is_not_asked_for_as_one_that_nobody_has(shown: dict[str, Any]) -> None:
    of = contract({"type": "string", "minLength": 3, **shown})
    assert "batch-shown" not in {probe.batch_id for probe in plan(of).probes}
    known = [probe for probe in plan(of, "batch-shown").probes if probe.batch_id == "batch-shown"]
    assert "unknown" not in {probe.subject for probe in known}


def test_the_same_ids_come_of_the_same_seed() -> None:
    of = contract(**SCHEMAS["uuid"])
    assert plan(of, seed=3) == plan(of, seed=3)
    assert plan(of, seed=3) != plan(of, seed=4)


def test_where_the_schema_lists_the_only_ids_the_usual_ones_are_asked_for() -> None:
    of = contract({"type": "string", "enum": ["one-batch"]})
    assert asked_of_nobody(plan(of, "one-batch"))


def test_a_schema_that_asks_for_a_string_changes_nothing() -> None:
    with_schema, without = contract({"type": "string"}), contract({"type": "string", "title": "Id"})
    assert plan(with_schema, UUID).probes == plan(without, UUID).probes


def test_a_parameter_of_the_operation_goes_before_that_of_the_path() -> None:
    made = document({"type": "string", "format": "uuid"}, where="path")
    own = {"name": "batch_id", "in": "path", "required": True, "schema": {"type": "integer"}}
    made["paths"]["/batches/{batch_id}"]["get"]["parameters"] = [own]
    parameter = compile_contract(parse_document(json.dumps(made).encode(), "ids.json")).chosen.id_parameter
    assert parameter is not None
    assert (parameter.admits("12"), parameter.admits(UUID)) == (True, False)


@given(st.integers(), st.floats(allow_nan=False, allow_infinity=False, min_value=-1e6, max_value=1e6))
def test_texts_stand_for_the_numbers_that_they_spell(whole: int, fraction: float) -> None:
    integers = contract({"type": "integer"}).chosen.id_parameter
    numbers = contract({"type": "number"}).chosen.id_parameter
    assert integers is not None
    assert numbers is not None
    assert integers.admits(str(whole)) or len(str(abs(whole))) > 40
    assert numbers.admits(json.dumps(fraction))
    assert not integers.admits(f"{whole}x")
    assert not integers.admits("")


@pytest.mark.parametrize("status", [400, 404, 422])
@pytest.mark.parametrize("subject", ["hostile", "neighbour", "known", "recorded"])
def test_an_id_that_breaks_the_schema_may_be_refused(status: int, subject: str) -> None:
    of = contract({"type": "string", "format": "uuid"})
    found = judged(of, "batch_a", status, {"detail": [{"msg": "no uuid"}]}, subject=subject)
    assert [(one.level, one.rule, one.side, one.status) for one in found] == [
        ("info", "response.refused_input", "server", "")
    ]
    assert judged(of, "batch_a", 404, {"title": "no"}, subject=subject) == []


@pytest.mark.parametrize("status", [400, 422])
def test_one_that_keeps_the_schema_may_not(status: int) -> None:
    of = contract({"type": "string", "format": "uuid"})
    assert {one.level for one in judged(of, UUID, status, {"title": "no"}, subject="unknown")} == {"must"}
    assert {one.level for one in judged(of, UUID, 404, {"detail": "no"}, subject="unknown")} >= {"must"}


def test_a_wrong_credential_with_an_id_that_breaks_the_schema_is_refused_for_either() -> None:
    of = contract({"type": "string", "format": "uuid"})
    odd = judged(of, "batch_a", 400, {"title": "no"}, subject="known", credential="missing")
    assert not [one.rule for one in odd if one.rule.startswith("auth.")]
    found = judged(of, UUID, 400, {"title": "no"}, subject="known", credential="missing")
    assert "auth.not_401" in [one.rule for one in found]


class _Uuids(BaseHTTPRequestHandler):
    """Has one batch, takes UUIDs alone, in either case, and refuses others as FastAPI does, or as told."""

    protocol_version = "HTTP/1.1"
    refusal: ClassVar[int] = 422

    def do_GET(self) -> None:
        asked = unquote(self.path.partition("?")[0].removeprefix("/batches/"))
        scheme, _, token = self.headers.get("Authorization", "").partition(" ")
        if (scheme.lower(), token) != ("bearer", "k"):
            self._say(401, {"title": "who"}, ("WWW-Authenticate", "Bearer"))
        elif not self.path.startswith("/batches/") or "/" in self.path[9:].partition("?")[0]:
            self._say(404, {"title": "nothing here"})
        elif not _is_uuid(asked):
            self._say(self.refusal, {"detail": [{"loc": ["path", "batch_id"], "type": "uuid_parsing"}]})
        elif asked.lower() == UUID:
            self._say(200, {"id": UUID})
        else:
            self._say(404, {"title": "no such batch"})

    do_HEAD = do_GET  # noqa: N815

    def _say(self, status: int, body: Any, *headers: tuple[str, str]) -> None:
        payload = json.dumps(body).encode()
        self.send_response(status)
        for name, value in (("Content-Type", "application/json"), ("Content-Length", str(len(payload))), *headers):
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(payload)

    def log_message(self, *_: object) -> None:
        return


def _is_uuid(text: str) -> bool:
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


@contextmanager
def served(refusal: int) -> Iterator[str]:
    handler = type("Handler", (_Uuids,), {"refusal": refusal})
    with listening(handler) as origin:
        yield origin


@pytest.mark.parametrize(
    ("refusal", "exploration"), [(400, "quick"), (404, "standard"), (422, "standard"), (422, "thorough")]
)
def test_a_server_of_uuids_conforms(refusal: int, exploration: Any, tmp_path: Path) -> None:
    path = tmp_path / "ids.json"
    path.write_text(json.dumps(document({"type": "string", "format": "uuid"})), encoding="utf-8")
    with served(refusal) as base_url:
        settings = settle(
            {"BATCH_API_KEY": "k"},
            base_url=base_url,
            batch_ids=[UUID, "not-a-uuid"],
            contract=str(path),
            exploration=exploration,
        )
        audit = begin(settings, seed=None, command="test")
        try:
            audit.runner.send()
            report = audit.report()
        finally:
            audit.close()
    told = [(one.level, one.rule, str(one.observed)) for one in report.ledger.findings if one.level != "info"]
    assert (report.verdict, told) == ("conforms", [])
    assert [one.rule for one in report.ledger.findings] in (["response.refused_input"], [])


def test_the_published_contract_asks_for_nothing_but_a_string() -> None:
    parameter = shipped_contract().chosen.id_parameter
    assert parameter is not None
    assert not parameter.narrows


def test_what_ids_that_keep_the_schema_are_told_of_is_not_told_again_of_one_that_breaks_it() -> None:
    of = contract({"type": "string", "format": "uuid"})
    response = Response(404, (("Content-Type", "application/json"),), b'{"detail": "no"}')
    exchanges = [
        Exchange(number, Probe("c", "n", "/x", asked, subject), Request("GET", "http://127.0.0.1:1/x", ()), response)
        for number, (asked, subject) in enumerate([(UUID, "unknown"), ("batch_a", "neighbour"), ("batch_b", "hostile")])
    ]
    told = [(one.level, one.rule) for one in judge(exchanges, of).findings]
    assert ("must", "body.required") in told
    assert "response.refused_input" not in {rule for _, rule in told}
