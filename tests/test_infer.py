"""``infer``: the OpenAPI document of what recorded traffic shows, and what the same traffic is when held to it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from batch_conformance.cli import main
from batch_conformance.infer.paths import base_path, templates
from batch_conformance.infer.value import ObservedValue

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "bench"))

import traffic

ORIGIN = "https://api.example.com"


def _infer(*arguments: str | Path) -> Result:
    return CliRunner().invoke(main, ["infer", *map(str, arguments)])


def _write(path: Path, exchanges: Iterable[Mapping[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(one) + "\n" for one in exchanges), encoding="utf-8")
    return path


def _exchange(url: str, body: Any, status: int = 200, method: str = "GET", **request: Any) -> dict[str, Any]:
    headers = {"Content-Type": "application/json"}
    answered = {"status": status, "headers": headers, "body": json.dumps(body)}
    return {"request": {"method": method, "url": url, **request}, "response": answered}


def _polls(tmp_path: Path, count: int = 120) -> Path:
    return _write(tmp_path / "polls.ndjson", (traffic.exchange(number, count) for number in range(count)))


def _document(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return yaml.safe_load(result.stdout)


def _validated(path: Path, contract: Path, reports: Path, *options: str) -> Any:
    line = ["validate", str(path), f"--contract={contract}", f"--reports-dir={reports}", *options]
    result = CliRunner().invoke(main, line)
    assert result.exit_code in (0, 1, 6), result.output
    return json.loads((reports / "drift.json").read_text())


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["id", "object", "status", "metadata", "data", "a"]), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(st.lists(_JSON, min_size=1, max_size=12))
def test_every_value_keeps_the_schema_that_is_inferred_of_all(values: list[Any]) -> None:
    observed = ObservedValue()
    for value in values:
        observed.add(value)
    validator = Draft202012Validator(observed.schema())
    assert [value for value in values if not validator.is_valid(value)] == []


@given(st.lists(_JSON, min_size=1, max_size=8), st.lists(_JSON, min_size=1, max_size=8))
def test_what_two_have_seen_adds_up_to_what_one_sees_of_both(first: list[Any], second: list[Any]) -> None:
    one, other, whole = ObservedValue(), ObservedValue(), ObservedValue()
    for value in first:
        one.add(value)
        whole.add(value)
    for value in second:
        other.add(value)
        whole.add(value)
    one.merge(other)
    assert one.schema() == whole.schema()


def test_a_map_of_many_names_has_no_property_for_each() -> None:
    observed = ObservedValue()
    for number in range(100):
        observed.add({f"id-{number}": {"total": number}})
    schema = observed.schema()
    assert schema["additionalProperties"]["properties"]["total"]["type"] == "integer"
    assert "properties" not in schema


def test_words_that_recur_are_a_list_and_a_value_that_was_seen_once_is_any_text() -> None:
    observed = ObservedValue()
    for number in range(30):
        observed.add({"status": ("queued", "done", "failed")[number % 3], "note": "once" if number else "twice"})
    properties = observed.schema()["properties"]
    assert properties["status"]["enum"] == ["done", "failed", "queued"]
    assert "enum" not in properties["note"]


def test_of_what_was_only_ever_null_no_type_is_known() -> None:
    observed = ObservedValue()
    observed.add({"errors": None})
    assert observed.schema()["properties"]["errors"] == {"x-observed": {"seen": 1, "of": 1, "null": 1}}


@pytest.mark.parametrize(
    ("paths", "expected"),
    [
        ({"batches/batch_0001": True, "batches/batch_0002": True}, {"batches/{batch_id}"}),
        ({"batches/batch_0001": True, "batches/nope": False}, {"batches/{batch_id}"}),
        ({"batches": True, "batches/batch_0001": True}, {"batches", "batches/{batch_id}"}),
        ({"batches/batch_0001/cancel": True}, {"batches/{batch_id}/cancel"}),
        ({"orgs/1/users/2": True}, {"orgs/{org_id}/users/{user_id}"}),
        ({"entries/123e4567-e89b-12d3-a456-426614174000": True}, {"entries/{entry_id}"}),
        ({"batches/{batch_id}": True, "batches/%5Bmasked%5D": True}, {"batches/{batch_id}"}),
        ({"health": True, "models": True}, {"health", "models"}),
        ({"a/1/2": True}, {"a/{a_id}/{id}"}),
    ],
)
def test_segments_that_are_values_are_parameters(paths: dict[str, bool], expected: set[str]) -> None:
    found = templates({tuple(path.split("/")): ok for path, ok in paths.items()})
    assert {"/".join(template) for template in found.values()} == expected


def test_a_segment_that_comes_back_in_the_answer_is_a_value_whatever_its_form() -> None:
    found = templates({("batches", "my-first"): True}, {("batches", "my-first"): {1}})
    assert found == {("batches", "my-first"): ("batches", "{batch_id}")}


def test_what_all_paths_begin_with_and_names_a_version_is_of_the_server() -> None:
    assert base_path([("api", "v1", "batches"), ("api", "v1", "files", "x")]) == ("api", "v1")
    assert base_path([("v1", "batches"), ("v2", "batches")]) == ()
    assert base_path([("v1",)]) == ()


def test_traffic_held_to_what_it_shows_brings_no_finding(tmp_path: Path) -> None:
    recorded = _polls(tmp_path)
    document = tmp_path / "document.yaml"
    assert _infer(recorded, f"--output={document}").exit_code == 0
    found = _validated(recorded, document, tmp_path / "reports")
    assert (found["verdict"], found["findings"]) == ("conforms", [])


@pytest.mark.parametrize(
    ("change", "rule", "pointer"),
    [
        ({"created_at": "yesterday"}, "body.type", "/created_at"),
        ({"status": "paused"}, "body.enum", "/status"),
        ({"request_counts": {"total": "many"}}, "body.type", "/request_counts/total"),
    ],
)
def test_drifted_traffic_held_to_what_clean_traffic_shows_brings_its_drift(
    change: dict[str, Any], rule: str, pointer: str, tmp_path: Path
) -> None:
    document = tmp_path / "document.yaml"
    assert _infer(_polls(tmp_path), f"--output={document}").exit_code == 0
    drifted = traffic.exchange(19, 120)
    drifted["response"]["body"] = json.dumps({**json.loads(drifted["response"]["body"]), **change})
    found = _validated(_write(tmp_path / "drifted.ndjson", [drifted]), document, tmp_path / "reports")
    assert (rule, pointer) in {(one["rule"], one["pointer"]) for one in found["findings"]}


def test_a_member_that_was_always_there_is_missed_where_it_is_gone(tmp_path: Path) -> None:
    document = tmp_path / "document.yaml"
    assert _infer(_polls(tmp_path), f"--output={document}").exit_code == 0
    drifted = traffic.exchange(19, 120)
    body = json.loads(drifted["response"]["body"])
    del body["endpoint"]
    drifted["response"]["body"] = json.dumps(body)
    found = _validated(_write(tmp_path / "drifted.ndjson", [drifted]), document, tmp_path / "reports")
    assert ("body.required", "/endpoint") in {(one["rule"], one["pointer"]) for one in found["findings"]}


def test_several_operations_are_described_each_with_its_statuses(tmp_path: Path) -> None:
    asked = {"headers": {"Authorization": "Bearer sk-0123456789abcdef"}}
    recorded = _write(
        tmp_path / "api.ndjson",
        [
            _exchange(f"{ORIGIN}/v1/batches?limit=2", {"data": []}, **asked),
            _exchange(f"{ORIGIN}/v1/batches/batch_0001", {"id": "batch_0001"}, **asked),
            _exchange(f"{ORIGIN}/v1/batches/none", {"message": "no"}, 404, **asked),
            _exchange(f"{ORIGIN}/v1/batches/batch_0001/cancel", {"id": "batch_0001"}, 200, "POST", **asked),
            _exchange(f"{ORIGIN}/v1/batches/batch_0001", {"message": "key"}, 401),
        ],
    )
    document = _document(_infer(recorded))
    assert document["servers"] == [{"url": f"{ORIGIN}/v1"}]
    assert {path: list(item) for path, item in document["paths"].items()} == {
        "/batches": ["get"],
        "/batches/{batch_id}": ["get"],
        "/batches/{batch_id}/cancel": ["post"],
    }
    read = document["paths"]["/batches/{batch_id}"]["get"]
    assert list(read["responses"]) == ["200", "401", "404"]
    assert read["security"] == [{"bearer": []}]
    assert read["x-observed"] == {"seen": 3}
    listed = document["paths"]["/batches"]["get"]["parameters"]
    assert [(one["name"], one["schema"]["type"]) for one in listed] == [("limit", "integer")]


def test_no_secret_and_no_customers_value_is_in_the_document(tmp_path: Path) -> None:
    body = {"id": "batch_0001", "metadata": {"customer canary": "canary"}, "note": "canary@example.com"}
    asked = {"headers": {"Authorization": "Bearer canary-key-0123456789"}}
    url = f"{ORIGIN}/v1/batches/batch_0001?api_key=canary&X-Signature=canary"
    result = _infer(_write(tmp_path / "api.ndjson", [_exchange(url, body, **asked)] * 30))
    assert _document(result)["paths"]
    assert "canary" not in result.output


def test_what_is_not_below_the_base_url_is_left_out_and_said(tmp_path: Path) -> None:
    recorded = _write(
        tmp_path / "api.ndjson",
        [_exchange(f"{ORIGIN}/v1/batches/batch_0001", {}), _exchange("https://other.example/v1/health", {})],
    )
    result = _infer(recorded, f"--base-url={ORIGIN}/v1")
    assert list(_document(result)["paths"]) == ["/batches/{batch_id}"]
    assert "left out 1 exchange:" in result.stderr


def test_a_document_is_given_what_it_lacks_as_an_overlay(tmp_path: Path) -> None:
    exchanges = [traffic.exchange(number, 40) for number in range(40)]
    for one in exchanges:
        one["response"]["body"] = json.dumps({**json.loads(one["response"]["body"]), "status": "paused"})
    recorded = _write(tmp_path / "polls.ndjson", exchanges)
    overlay = tmp_path / "overlay.yaml"
    assert _infer(recorded, "--contract=siliconflow", f"--output={overlay}").exit_code == 0
    assert "paused" in overlay.read_text()
    line = ["validate", str(recorded), f"--overlay={overlay}", f"--reports-dir={tmp_path / 'reports'}"]
    CliRunner().invoke(main, line)
    found = json.loads((tmp_path / "reports" / "drift.json").read_text())["findings"]
    assert "body.enum" not in {one["rule"] for one in found}


@pytest.mark.parametrize(
    ("content", "options", "told"),
    [
        ("", (), "none of 0 exchanges shows an operation"),
        ('{"request": {"method": "OPTIONS", "url": "https://a.example/x"}, "response": {"status": 204}}\n', (), "of 1"),
        (
            '{"request": {"url": "https://a.example/v1/x"}, "response": {"status": 200}}\n',
            ("--contract=siliconflow",),
            "GET /batches/{batch_id}",
        ),
        (
            '{"request": {"url": "https://a.example/v1/x"}, "response": {"status": 200}}\n',
            ("--operation=x",),
            "--contract",
        ),
    ],
)
def test_what_shows_nothing_is_one_line_and_exit_code_4(
    content: str, options: tuple[str, ...], told: str, tmp_path: Path
) -> None:
    path = tmp_path / "traffic.ndjson"
    path.write_text(content)
    result = _infer(path, "--format=ndjson", *options)
    assert (result.exit_code, result.stdout) == (4, "")
    assert told in result.stderr
    assert result.stderr.count("\n") == 1


def test_a_malformed_line_is_skipped_and_said_with_its_place(tmp_path: Path) -> None:
    path = _write(tmp_path / "traffic.ndjson", [_exchange(f"{ORIGIN}/v1/batches/batch_0001", {})])
    with path.open("a") as file:
        file.write("{nonsense\n")
    result = _infer(path)
    assert _document(result)["paths"]
    assert "traffic.ndjson:2" in result.stderr


def test_ids_that_are_clearly_values_are_taken_together_as_they_come(tmp_path: Path) -> None:
    from batch_conformance.infer.traffic import ObservedApi  # noqa: PLC0415
    from batch_conformance.recorded.line import exchange_of  # noqa: PLC0415

    api = ObservedApi()
    for number in range(500):
        api.add(exchange_of(_exchange(f"{ORIGIN}/v1/batches/batch_{number:08d}", {"id": f"batch_{number:08d}"})))
    assert len(api.operations) == 1
