"""Files that somebody else wrote: each is refused, if it must be, in one line, and leads nowhere it should not."""

from __future__ import annotations

import json
import re
import socket
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hostile
import pytest
from click.testing import CliRunner
from contract_support import document, overlay, tree
from exchange_lines import spooled
from hostile_answers import message
from suite_support import run_suite

from batch_conformance.cli import main
from batch_conformance.contract.contract import compile_contract
from batch_conformance.contract.document import ContractError, parse_document
from batch_conformance.contract.overlay import apply, parse_overlay
from batch_conformance.findings.baseline_file import parse_baseline
from batch_conformance.findings.shape import parse_shape
from batch_conformance.input_error import InputError
from batch_conformance.message import shown
from batch_conformance.recorded.line import LineError, values_of
from batch_conformance.report.matrix.formats import read_matrix
from batch_conformance.report.run.drift_json import read_drift
from batch_conformance.run.audits.audit_file import load_audit_file
from batch_conformance.run.contracts import open_contract
from batch_conformance.run.vendors import load_profile

MEBIBYTE = 1 << 20
ALIASES = "\n".join(f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]" for i in range(12))
BOMBS: dict[str, bytes] = {
    "nothing": b"",
    "a byte that is no text": b"\xff\xfe\x00",
    "NULs": b"\0" * 5000,
    "aliases that multiply": f"a: &a [x, x, x, x, x, x, x, x, x]\n{ALIASES}\n".encode(),
    "an alias of itself": b"a: &a [*a]\n",
    "a tag that makes an object": b"!!python/object/apply:os.system ['echo owned > owned']\n",
    "a tag that imports": b"x: !!python/name:os.system\n",
    "lists in lists": b"x: " + b"[" * 100_000,
    "mappings in mappings": b'{"x":' * 100_000,
    "lists in lists as JSON": b"[" * 100_000 + b"]" * 100_000,
    "a number of a megabyte": b'{"format": ' + b"7" * MEBIBYTE + b"}",
    "a number beyond floats": b'{"format": 1e999999999}',
    "a key of a megabyte": b'{"' + b"k" * MEBIBYTE + b'": 1}',
    "lone surrogates": b'{"format": "\\ud800", "\\udfff": "\\udc00"}',
    "markup and escapes": b'{"format": "</script><script>alert(1)</script>\\u001b[31m\\u202e"}',
    "line breaks in a name": b'{"format": "a\\nb\\u2028c", "x\\r\\ny": 1}',
    "format strings": b'{"format": "%s%n{0}{x.__class__}{{7*7}}${jndi:x}"}',
}


def _file(read: Callable[[Path], object], name: str) -> Callable[[bytes, Path], object]:
    def load(raw: bytes, folder: Path) -> object:
        path = folder / name
        path.write_bytes(raw)
        return read(path)

    return load


READERS: dict[str, Callable[[bytes, Path], object]] = {
    "contract": lambda raw, _: compile_contract(parse_document(raw, "their.yaml")),
    "overlay": lambda raw, _: parse_overlay(raw, "their.yaml"),
    "profile": _file(lambda path: load_profile(str(path)), "their.yaml"),
    "baseline": lambda raw, _: parse_baseline(raw, "their.yaml"),
    "shape": lambda raw, _: parse_shape(raw, "their.json"),
    "report": lambda raw, _: read_drift(raw),
    "matrix": lambda raw, _: read_matrix(raw),
    "audit": _file(load_audit_file, "audit.yaml"),
}


@pytest.mark.parametrize("reader", READERS)
@pytest.mark.parametrize("bomb", BOMBS)
def test_a_file_that_is_meant_badly_is_refused_in_one_line(reader, bomb, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match=r"\S") as caught:
        READERS[reader](BOMBS[bomb], tmp_path)
    text = str(caught.value)
    assert len(text.splitlines()) == 1
    assert len(text) < 1000
    assert text.isprintable()
    assert type(caught.value) not in (ValueError, UnicodeDecodeError, UnicodeEncodeError)
    assert not (tmp_path / "owned").exists()


def test_aliases_that_multiply_cost_no_memory():
    tracemalloc.start()
    try:
        with pytest.raises(ContractError):
            parse_document(BOMBS["aliases that multiply"], "their.yaml")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 100 * MEBIBYTE


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_recording_that_is_none_is_read_as_broken_lines(bomb):
    for line in filter(bytes.strip, BOMBS[bomb].splitlines()):
        with pytest.raises(LineError):
            spooled(values_of(line))


REMOTE = [
    "{base}/schema.json",
    "file:///etc/passwd",
    "../../../../etc/passwd",
    "//127.0.0.1/schema.json",
    "gopher://127.0.0.1/x",
]


@pytest.mark.parametrize("reference", REMOTE)
def test_a_reference_that_leads_out_of_the_document_is_never_followed(reference):
    with hostile.serve("good") as server:
        body = {"type": "object", "properties": {"id": {"$ref": reference.format(base=server.base_url)}}}
        with pytest.raises(ContractError, match="leaves the document"):
            compile_contract(document(body))
        assert server.requests == 0


CYCLES: dict[str, Any] = {
    "of one": {"a": {"$ref": "#/components/schemas/a"}},
    "of two": {"a": {"$ref": "#/components/schemas/b"}, "b": {"$ref": "#/components/schemas/a"}},
    "through allOf": {"a": {"allOf": [{"$ref": "#/components/schemas/a"}]}},
    "through its own member": {"a": {"type": "object", "properties": {"a": {"$ref": "#/components/schemas/a"}}}},
    "to its own root": {"a": {"type": "object", "properties": {"a": {"$ref": "#"}}}},
}


@pytest.mark.parametrize("cycle", CYCLES)
def test_references_in_a_circle_end(cycle):
    try:
        compile_contract(document({"$ref": "#/components/schemas/a"}, components=CYCLES[cycle]))
    except ContractError as error:
        assert len(str(error).splitlines()) == 1  # noqa: PT017 - some circles mean something, some do not


@pytest.mark.parametrize("schema", [None, "x", 5, True, [1], {"type": 5}])
def test_a_parameter_whose_schema_is_none_is_no_crash(schema):
    parameter = {"name": "batch_id", "in": "path", "required": True, "schema": schema}
    assert compile_contract(document({"type": "object"}, parameters=[parameter])).document_findings is not None


def test_what_a_message_quotes_from_a_file_breaks_no_line():
    wrong = overlay({"target": "$.paths\n['名']\r\n['x']", "update": {}})
    with pytest.raises(ContractError, match=re.escape("$.paths ['名']  ['x'] matches nothing")):
        apply(document({"type": "object"}), [wrong])
    assert str(InputError(shown("a\u2028b\x1b[31m\ud800"))) == r"a b\x1b[31m\ud800"


def test_a_contract_by_url_is_read_within_bounds_and_without_the_key(monkeypatch):
    monkeypatch.setenv("BATCH_API_KEY", "sk-not-for-documents")
    asked: list[bytes] = []

    def bomb(server: hostile.HostileServer, sock: socket.socket, head: bytes) -> None:
        asked.append(head)
        sock.sendall(message(hostile.bomb(), "Content-Encoding: gzip"))

    tracemalloc.start()
    try:
        with hostile.serve(bomb) as server, pytest.raises(ContractError, match=r"more than \d+ bytes") as caught:
            open_contract(f"{server.base_url}/openapi.yaml")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(str(caught.value).splitlines()) == 1
    assert peak < 200 * MEBIBYTE
    assert b"authorization" not in asked[0].lower()
    assert b"sk-not-for-documents" not in asked[0]


@pytest.mark.parametrize("name", ["..", "../x", "a/b", "/etc", "~", "-rf", "a\nb", "$HOME", "`id`", ""])
def test_the_name_of_an_audits_target_is_no_path_and_no_word_of_a_shell(name, tmp_path):
    path = tmp_path / "audit.yaml"
    path.write_text(json.dumps({"targets": [{"name": name, "base_url": "http://127.0.0.1:9/v1"}]}), encoding="utf-8")
    done = CliRunner().invoke(main, ["audit", str(path)])
    assert done.exit_code == 4
    assert len(done.output.strip().splitlines()) == 1
    assert [entry.name for entry in tmp_path.iterdir()] == ["audit.yaml"]


def test_an_operation_id_from_a_document_is_no_path_and_no_markup(tmp_path):
    evil = "../../x</script><img src=x onerror=alert(1)>%s{{7*7}}'; id; '\n\x1b[31m"
    contract = tmp_path / "api.json"
    body = {"type": "object", "properties": {evil: {"type": "string", "description": evil}}}
    contract.write_text(json.dumps(tree(body, operationId=evil)), encoding="utf-8")
    outcome = run_suite(tmp_path / "reports", f"--contract={contract}", "--exploration=quick")
    assert "Traceback" not in outcome.text
    assert "\x1b[31m" not in outcome.text
    page = (outcome.folder / "drift.html").read_text(encoding="utf-8")
    assert "<img src=x" not in page
    assert sorted(path.name for path in tmp_path.iterdir()) == ["api.json", "reports"]


@pytest.mark.parametrize("option", ["--contract", "--baseline"])
def test_a_run_with_such_a_file_ends_as_wrong_usage_before_anything_is_sent(option, tmp_path):
    their = tmp_path / "their.yaml"
    their.write_bytes(BOMBS["aliases that multiply"])
    with hostile.serve("good") as server:
        outcome = run_suite(
            tmp_path / "r", "--base-url", server.base_url, f"{option}={their}", env={"BATCH_API_KEY": "k" * 9}
        )
        assert server.requests == 0
    assert outcome.code == 4, outcome.text
    assert "Traceback" not in outcome.text
    told = [line for line in outcome.text.splitlines() if line.startswith("ERROR")]
    assert len(told) == 1, outcome.text
