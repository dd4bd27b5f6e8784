"""Documents that ask for a key in a header of its own: how the key is sent, and what is said where it is refused."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from http_server import listening

from batch_conformance.contract.contract import Contract, compile_contract
from batch_conformance.contract.document import parse_document
from batch_conformance.mock.message import ParsedRequest
from batch_conformance.mock.service import Service
from batch_conformance.mock.spec_of_contract import mock_spec_of
from batch_conformance.report.run.run_report import RunReport
from batch_conformance.run.live.begin import begin
from batch_conformance.run.settings import settle

KEY = "sk-0123456789abcdefghijklmnop"
SCHEMES = {
    "bearer": {"type": "http", "scheme": "Bearer"},
    "basic": {"type": "http", "scheme": "basic"},
    "key": {"type": "apiKey", "in": "header", "name": "X-Api-Key"},
    "other": {"type": "apiKey", "in": "header", "name": "api-key"},
    "query": {"type": "apiKey", "in": "query", "name": "key"},
    "old": {"type": "apiKey", "in": "header", "name": "Authorization"},
    "oauth": {"type": "oauth2", "flows": {}},
    "broken": {"type": "apiKey", "in": "header", "name": "X-Key\r\nX-More"},
    "host": {"type": "apiKey", "in": "header", "name": "Host"},
    "nowhere": {"$ref": "#/components/securitySchemes/none"},
    "named": {"$ref": "#/components/securitySchemes/key"},
}


def document(security: Any) -> bytes:
    batch = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}
    answers = {
        "200": {"description": "ok", "content": {"application/json": {"schema": batch}}},
        "404": {"description": "no"},
    }
    path = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    made = {
        "openapi": "3.0.3",
        "info": {"title": "T", "version": "1"},
        "paths": {"/batches/{id}": {"get": {"parameters": [path], "security": security, "responses": answers}}},
        "components": {"securitySchemes": SCHEMES},
    }
    return json.dumps(made, indent=1).encode()


def contract(security: Any) -> Contract:
    return compile_contract(parse_document(document(security), "api.json"))


@pytest.mark.parametrize(
    ("security", "header"),
    [
        ([{"key": []}], "X-Api-Key"),
        ([{"named": []}], "X-Api-Key"),
        ([{"other": []}, {"key": []}], "api-key"),
        ([{"query": []}, {"key": []}], "X-Api-Key"),
        ([{"key": []}, {"bearer": []}], ""),
        ([{"key": []}, {"oauth": []}], ""),
        ([{"key": [], "bearer": []}], ""),
        ([{"old": []}], ""),
        ([{"basic": []}], ""),
        ([{"broken": []}], ""),
        ([{"host": []}], ""),
        ([{"nowhere": []}], ""),
        ([{"nobody": []}], ""),
        ([], ""),
    ],
)
def test_the_document_says_which_header_the_key_goes_into(security: Any, header: str) -> None:
    assert contract(security).chosen.key_header == header


@contextmanager
def serving(header: str) -> Iterator[str]:
    """A server that takes the key in this header alone: its base URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            given, name = self.headers.get(header), self.path.partition("?")[0].removeprefix("/v1/batches/")
            if given != KEY:
                self._answer(401, {"error": "no"}, ("WWW-Authenticate", "ApiKey"))
            elif name != "batch_a":
                self._answer(404, {"error": "there is none"})
            else:
                self._answer(200, {"id": name})

        do_HEAD = do_GET  # noqa: N815

        def _answer(self, status: int, value: Any, *headers: tuple[str, str]) -> None:
            body = json.dumps(value).encode()
            self.send_response(status)
            for name, text in (("Content-Type", "application/json"), ("Content-Length", str(len(body))), *headers):
                self.send_header(name, text)
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing is said of requests."""

    with listening(Handler) as origin:
        yield f"{origin}/v1"


def audited(folder: Path, security: Any, header: str) -> RunReport:
    file = folder / "api.json"
    file.write_bytes(document(security))
    with serving(header) as base_url:
        wanted: dict[str, Any] = {"contract": str(file), "base_url": base_url, "batch_ids": ("batch_a",)}
        run = begin(settle({"BATCH_API_KEY": KEY}, **wanted, exploration="quick"), seed=None, command="pytest")
        try:
            run.runner.send()
            return run.report()
        finally:
            run.close()


def test_a_server_that_takes_the_key_where_its_document_says_conforms(tmp_path: Path) -> None:
    report = audited(tmp_path, [{"key": []}], "X-Api-Key")
    assert [one for one in report.ledger.findings if one.level != "info"] == []
    assert report.exit_code == 0
    assert any("X-Api-Key" in str(note) for note in report.notes)


@pytest.mark.parametrize("scheme", ["query", "basic"])
def test_a_server_that_refuses_every_request_for_its_credential_is_no_drift(tmp_path: Path, scheme: str) -> None:
    report = audited(tmp_path, [{scheme: []}], "X-Nobody-Sends-This")
    assert [one.rule for one in report.ledger.findings if one.level != "info"] == []
    assert report.exit_code == 6


def test_the_mock_of_such_a_document_takes_the_key_there() -> None:
    of = contract([{"key": []}])
    service = Service(KEY, prefix="", mock_spec=mock_spec_of(of), key_header=of.chosen.key_header)
    target = f"/batches/{service.batch_ids[0]}".encode()
    statuses = [
        service.reply_to(ParsedRequest("GET", target, headers)).status
        for headers in (((b"x-api-key", KEY.encode()),), ((b"x-api-key", b"another"),), ())
    ]
    assert statuses == [200, 401, 401]
