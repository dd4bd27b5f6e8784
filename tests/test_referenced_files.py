"""A document that is spread over files is read as the one that it is, with the file and line of everything."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner
from contract_support import tree
from judge_support import KNOWN, findings, sent
from test_contract import REFERRING

from batch_conformance.cli import main
from batch_conformance.contract.contract import Contract, compile_contract
from batch_conformance.contract.document import load_document
from batch_conformance.contract.error import ContractError
from batch_conformance.contract.excerpt import WORTH_IT
from batch_conformance.probes.generated import generate

BATCH: dict[str, Any] = {
    "type": "object",
    "required": ["id"],
    "properties": {
        "id": {"type": "string"},
        "size": {"type": "integer"},
        "owner": {"$ref": "#/components/schemas/Owner"},
    },
}
ID = {"id": {"type": "string"}}
OWNER: dict[str, Any] = {"Owner": {"type": "object", "required": ["name"], "properties": {"name": {"type": "string"}}}}


def whole() -> dict[str, Any]:
    data = deepcopy(tree(BATCH, version="3.1.0", components=OWNER))
    path = data["paths"]["/batches/{batch_id}"]
    path["get"]["responses"]["200"]["headers"] = {"X-Request-Id": {"schema": {"type": "string"}, "required": True}}
    path["parameters"] = [{"name": "X", "in": "header", "schema": {"type": "string"}}]
    return data


def at_schema(data: dict[str, Any], schema: Any) -> dict[str, Any]:
    content = data["paths"]["/batches/{batch_id}"]["get"]["responses"]["200"]["content"]
    content["application/json"]["schema"] = schema
    return data


def write(folder: Path, files: Mapping[str, Any]) -> Path:
    """Write files, those that are no texts as YAML; gives the path of ``api.yaml``."""
    for name, value in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(value if isinstance(value, str) else yaml.safe_dump(value, sort_keys=False), "utf-8")
    return folder / "api.yaml"


def read(folder: Path, files: Mapping[str, Any]) -> Contract:
    return compile_contract(load_document(write(folder, files)), "published")


def clauses(contract: Contract) -> list[tuple[str, str]]:
    return [(clause.id, str(clause.says)) for clause in contract.clauses]


def refusal(folder: Path, files: Mapping[str, Any]) -> str:
    with pytest.raises(ContractError) as caught:
        read(folder, files)
    return str(caught.value).replace(str(folder) + "/", "")


@pytest.mark.parametrize("place", REFERRING, ids=lambda place: "/".join(map(str, place[2:])) or place[-1])
@pytest.mark.parametrize("within", ["", "#/parts/It~1self"], ids=["a file", "a part of one"])
def test_a_part_in_another_file_is_as_if_it_stood_in_the_document(
    tmp_path: Path, place: tuple[str | int, ...], within: str
) -> None:
    expected = clauses(read(tmp_path / "whole", {"api.yaml": whole()}))
    data = whole()
    around: Any = data
    for step in place[:-1]:
        around = around[step]
    part, around[place[-1]] = around[place[-1]], {"$ref": f"./parts/some%20part.yaml{within}"}
    text = json.dumps(part).replace('"#/components', '"../api.yaml#/components')
    content = {"parts": {"It/self": json.loads(text)}} if within else json.loads(text)
    assert clauses(read(tmp_path, {"api.yaml": data, "parts/some part.yaml": content})) == expected


def test_files_refer_to_each_other_to_themselves_and_back_to_the_document(tmp_path: Path) -> None:
    files = {
        "api.yaml": at_schema(whole(), {"$ref": "schemas/batch.yaml#/definitions/Batch"}),
        "schemas/batch.yaml": {
            "definitions": {
                "Batch": {
                    **BATCH,
                    "properties": {
                        "id": {"$ref": "#/definitions/Id"},
                        "size": {"$ref": "../shared/size.json"},
                        "owner": {"$ref": "../api.yaml#/components/schemas/Owner"},
                        "parent": {"$ref": "#/definitions/Batch"},
                    },
                },
                "Id": {"$ref": "batch.yaml#/definitions/Text"},
                "Text": {"type": "string"},
            }
        },
        "shared/size.json": '{"type": "integer"}',
    }
    contract = read(tmp_path, files)
    body = {"id": KNOWN, "size": "7", "owner": {}, "parent": {"id": 5}}
    told = {one.pointer: one for one in findings(sent(body), under=contract) if one.level == "must"}
    assert {"/size", "/owner/name", "/parent/id"} <= set(told)
    assert str(told["/size"].location) == f"{tmp_path}/shared/size.json:1"
    assert str(told["/parent/id"].location).startswith(f"{tmp_path}/schemas/batch.yaml:")


def test_the_line_of_a_finding_is_that_of_the_other_file(tmp_path: Path) -> None:
    schema = "type: object\nproperties:\n  id:\n    type: string\n  size:\n    type: integer\n"
    contract = read(tmp_path, {"api.yaml": at_schema(whole(), {"$ref": "batch.yaml"}), "batch.yaml": schema})
    (one,) = [one for one in findings(sent({"id": KNOWN, "size": "7"}), under=contract) if one.pointer == "/size"]
    assert one.location is not None
    assert (one.location.file, one.location.pointer) == (f"{tmp_path}/batch.yaml", "/properties/size/type")
    assert schema.splitlines()[one.location.line - 1] == "    type: integer"


def test_names_of_anchors_and_absolute_ids_are_followed(tmp_path: Path) -> None:
    data = at_schema(whole(), {"$ref": "batch.yaml#batch"})
    data["components"]["schemas"]["Size"] = {"$id": "https://example.com/size", "type": "integer"}
    inner = {"type": "object", "properties": {"size": {"$ref": "https://example.com/size"}, "id": {"$ref": "#id"}}}
    named = {"$defs": {"B": {"$anchor": "batch", **inner}, "I": {"$anchor": "id", "type": "string"}}}
    contract = read(tmp_path, {"api.yaml": data, "batch.yaml": named})
    found = findings(sent({"id": 5, "size": "7"}), under=contract)
    assert {one.pointer for one in found if one.rule == "body.type"} == {"/id", "/size"}


def test_an_anchor_inside_of_what_has_an_id_is_followed(tmp_path: Path) -> None:
    data = at_schema(whole(), {"type": "object", "properties": {"size": {"$ref": "https://example.com/sizes#one"}}})
    sizes = {"$id": "https://example.com/sizes", "$defs": {"One": {"$anchor": "one", "type": "integer"}}}
    data["components"]["schemas"]["Sizes"] = sizes
    found = findings(sent({"id": KNOWN, "size": "7"}), under=read(tmp_path, {"api.yaml": data}))
    assert {one.pointer for one in found if one.rule == "body.type"} == {"/size"}


def test_a_dynamic_reference_leads_to_the_only_place_of_its_name(tmp_path: Path) -> None:
    tree = {
        "$dynamicAnchor": "node",
        "type": "object",
        "properties": {"id": {"type": "string"}, "parent": {"$dynamicRef": "#node"}},
    }
    data = at_schema(whole(), {"$ref": "#/components/schemas/Tree"})
    data["components"]["schemas"]["Tree"] = tree
    contract = read(tmp_path, {"api.yaml": data})
    found = findings(sent({"id": KNOWN, "parent": {"id": "a", "parent": {"id": 5}}}), under=contract)
    assert {one.rule for one in found if one.pointer.endswith("/id")} == {"body.type"}
    assert [one for one in findings(sent({"id": KNOWN, "parent": {"id": "a"}}), under=contract) if one.pointer] == []


def test_a_dynamic_reference_to_one_of_two_places_says_nothing(tmp_path: Path) -> None:
    data = at_schema(whole(), {"type": "object", "properties": {"id": {"type": "string"}, "a": {"$dynamicRef": "#x"}}})
    data["components"]["schemas"] |= {
        name: {"$dynamicAnchor": "x", "type": kind} for name, kind in (("A", "string"), ("B", "integer"))
    }
    found = findings(sent({"id": KNOWN, "a": []}), under=read(tmp_path, {"api.yaml": data}))
    assert [one for one in found if one.pointer] == []


def test_an_anchor_of_two_places_is_refused_rather_than_guessed(tmp_path: Path) -> None:
    twice = {"$defs": {"A": {"$anchor": "a", "type": "string"}, "B": {"$anchor": "a", "type": "integer"}}, "$ref": "#a"}
    assert "the reference '#a' leaves the document" in refusal(tmp_path, {"api.yaml": at_schema(whole(), twice)})


def test_what_looks_like_a_reference_in_an_example_is_a_value(tmp_path: Path) -> None:
    schema = {"type": "object", "example": {"$ref": "broken.yaml"}, "properties": {"id": {"type": "string"}}}
    read(tmp_path, {"api.yaml": at_schema(whole(), schema), "broken.yaml": "a: [1,"})


@pytest.mark.parametrize("reference", ["gone.yaml", "../outside.yaml", "link.yaml", "sub", "http://127.0.0.1:9/a.yaml"])
def test_no_other_file_is_read_than_those_below_the_documents_folder(tmp_path: Path, reference: str) -> None:
    outside = write(tmp_path, {"outside.yaml": {"type": "string"}}).with_name("outside.yaml")
    folder = tmp_path / "api"
    (folder / "sub").mkdir(parents=True)
    (folder / "link.yaml").symlink_to(outside)
    for named in (reference, outside.as_uri(), str(outside)):
        line = refusal(folder, {"api.yaml": at_schema(whole(), {"$ref": named})})
        assert line.startswith("api.yaml:")
        assert "leaves the document; only local ones (#/…) and files in its folder are read" in line
        assert "\n" not in line


def test_what_is_not_in_the_other_file_is_told_as_it_is_written(tmp_path: Path) -> None:
    data = at_schema(whole(), {"$ref": "a/b.yaml#/nothing"})
    line = refusal(tmp_path, {"api.yaml": data, "a/b.yaml": {"type": "object"}})
    assert line.endswith("the contract refers to 'a/b.yaml#/nothing', and there is nothing there")


def test_another_file_that_cannot_be_read_is_told_with_its_name(tmp_path: Path) -> None:
    data = at_schema(whole(), {"$ref": "b.yaml"})
    assert refusal(tmp_path, {"api.yaml": data, "b.yaml": "a: 1\nb: [1,\n"}).startswith("b.yaml:")
    (tmp_path / "b.yaml").write_bytes(b"type: \xff\n")
    with pytest.raises(ContractError, match=r"b\.yaml is not UTF-8"):
        load_document(tmp_path / "api.yaml")


def test_files_that_are_too_large_are_told_and_not_read_to_their_end(tmp_path: Path) -> None:
    path = write(tmp_path, {"api.yaml": at_schema(whole(), {"$ref": "batch.yaml"}), "batch.yaml": "a: b"})
    with (tmp_path / "batch.yaml").open("ab") as file:
        file.truncate(1 << 40)
    with pytest.raises(ContractError, match=r"api\.yaml refers to have more than 33554432 bytes in all"):
        load_document(path)


def test_the_checksum_is_of_all_files(tmp_path: Path) -> None:
    data = at_schema(whole(), {"$ref": "b.yaml"})
    one = read(tmp_path, {"api.yaml": data, "b.yaml": {"type": "object"}}).document.sha256
    other = read(tmp_path, {"api.yaml": data, "b.yaml": {"type": "array"}}).document.sha256
    assert one != other


def test_of_a_large_document_the_part_that_another_file_refers_to_is_read_as_well(tmp_path: Path) -> None:
    data = at_schema(whole(), {"$ref": "b.yaml"})
    data["components"]["schemas"] |= {f"S{n}": {"type": "object", "description": "x" * 900} for n in range(600)}
    batch = {"type": "object", "allOf": [{"$ref": "api.yaml#/components/schemas/Owner"}]}
    path = write(tmp_path, {"api.yaml": data, "b.yaml": batch})
    assert path.stat().st_size > WORTH_IT
    contract = compile_contract(load_document(path), "published")
    assert "/name" in {one.pointer for one in findings(sent({"id": KNOWN}), under=contract)}


def test_the_committed_files_are_compared_with_those_of_now(tmp_path: Path) -> None:
    data = at_schema(whole(), {"$ref": "sub/b.yaml"})
    path = write(tmp_path, {"api.yaml": data, "sub/b.yaml": {"type": "object", "required": ["id"], "properties": ID}})
    who = ("-c", "user.name=T", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
    for arguments in (("init", "-q"), ("add", "."), (*who, "commit", "-qm", "first")):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True)
    assert CliRunner().invoke(main, ["check", "--against=HEAD", str(path)]).exit_code == 0
    write(tmp_path, {"sub/b.yaml": {"type": "object", "properties": ID}})
    done = CliRunner().invoke(main, ["check", "--against=HEAD", str(path)])
    assert done.exit_code == 1, done.output
    assert "breaking" in done.output


def test_the_page_shows_the_lines_of_the_file_that_says_it(tmp_path: Path) -> None:
    batch = "type: object\nproperties:\n  id: {type: string}\n  size: {type: integer, format: int32}  # in MiB\n"
    path = write(tmp_path, {"api.yaml": at_schema(whole(), {"$ref": "batch.yaml"}), "batch.yaml": batch})
    exchange = {
        "request": {"method": "GET", "url": "https://api.example.com/batches/batch_1"},
        "response": {"status": 200, "headers": {"Content-Type": "application/json"}, "body": '{"size": "7"}'},
    }
    recording = tmp_path / "recording.ndjson"
    recording.write_text(json.dumps(exchange), "utf-8")
    done = CliRunner().invoke(
        main, ["validate", str(recording), f"--contract={path}", f"--reports-dir={tmp_path / 'reports'}"]
    )
    assert done.exit_code == 1, done.output
    page = (tmp_path / "reports" / "drift.html").read_text("utf-8")
    assert "batch.yaml:4" in page
    assert "# in MiB" in page


def test_what_is_wrong_with_an_example_in_another_file_is_told_and_repaired_there(tmp_path: Path) -> None:
    schema = {**BATCH, "properties": {**BATCH["properties"], "size": {"type": "integer", "example": None}}}
    files = {"api.yaml": at_schema(whole(), {"$ref": "batch.yaml"}), "batch.yaml": schema}
    files["batch.yaml"]["properties"]["owner"] = {"$ref": "api.yaml#/components/schemas/Owner"}
    document = load_document(write(tmp_path, files))
    (one,) = [one for one in compile_contract(document, "published").document_findings if one.repair]
    assert one.rule == "document.example_null"
    assert (one.location.file, one.location.pointer) == (f"{tmp_path}/batch.yaml", "/properties/size/example")
    repaired = compile_contract(document, "documented")
    body = {"id": KNOWN, "size": None}
    assert [found.pointer for found in findings(sent(body), under=repaired) if found.rule == "body.type"] == []


def test_requests_are_generated_for_a_path_item_that_stands_in_another_file(tmp_path: Path) -> None:
    data = whole()
    path = data["paths"].pop("/batches/{batch_id}")
    path["parameters"] = [{"$ref": "parts.yaml#/X"}]
    path["get"]["responses"]["200"]["content"]["application/json"]["schema"] = {"$ref": "parts.yaml#/Batch"}
    data["paths"]["/batches/{batch_id}"] = {"$ref": "path.yaml"}
    parameter = {"name": "X", "in": "header", "schema": {"type": "string", "pattern": "^x{3}$"}, "required": True}
    batch = {**BATCH, "properties": {**BATCH["properties"], "owner": {"$ref": "api.yaml#/components/schemas/Owner"}}}
    files = {"api.yaml": data, "path.yaml": path, "parts.yaml": {"X": parameter, "Batch": batch}}
    contract = compile_contract(load_document(write(tmp_path, files)), "published")
    made = generate(contract.document.data, "/batches/{batch_id}", "batch_id", 5, 1, plain=True)
    assert made
    assert {value for one in made for name, value in one.headers if name == "X"} == {"xxx"}
