"""What is said of files of results that are not there, and of the ends of a page without items."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cases_lists import lists, page
from judge_support import COMPLETED, sent
from recorded_support import line, ndjson, validated

from batch_conformance.contract.sources import load_contract
from batch_conformance.judge.judge import judge

WITHOUT = {**COMPLETED, "output_file_id": None, "error_file_id": None}


@pytest.mark.parametrize(
    ("date", "levels"),
    [
        ("Tue, 11 Mar 2025 09:35:00 GMT", set()),
        ("Tue, 11 Mar 2025 19:30:00 GMT", {"should"}),
        ("Sat, 15 Mar 2025 09:30:00 GMT", {"info"}),
        ("Mon, 12 May 2025 09:30:00 GMT", {"info"}),
    ],
)
def test_files_that_may_have_been_deleted_long_after_the_end_accuse_nobody(date: str, levels: set[str]) -> None:
    ledger = judge([sent(WITHOUT, headers=(("Date", date),))], load_contract("siliconflow"))
    assert {one.level for one in ledger.findings if one.rule == "results.missing"} == levels


def _rules(*pages: object) -> set[str]:
    return {one.rule for one in judge(list(pages), lists()).findings if one.level != "info"}  # type: ignore[arg-type]


def test_the_ends_of_a_page_without_items_may_be_empty_texts() -> None:
    assert "value.empty_string" not in _rules(page("", first_id="", last_id=""))


def test_the_ends_of_a_page_with_items_may_not() -> None:
    assert "value.empty_string" in _rules(page("ab", first_id=""))


def test_a_name_that_is_empty_is_no_file_in_recorded_traffic_either(tmp_path: Path) -> None:
    def read(number: int, done: int) -> dict[str, Any]:
        name, counts = f"batch_{number:04}", {"total": done, "completed": done, "failed": 0}
        body = {**WITHOUT, "id": name, "output_file_id": "", "request_counts": counts}
        headers = {"Date": "Tue, 11 Mar 2025 19:30:00 GMT"}
        return line(body, batch_id=name, headers=headers, started_at=1741721400.0 + number)

    recording = tmp_path / "traffic.ndjson"
    recording.write_bytes(ndjson(*(read(number, 5 if number > 20 else 0) for number in range(40))))
    _, drift = validated(tmp_path / "reports", str(recording))
    occurrences = {one["rule"]: one["occurrences"] for one in drift["findings"] if one["rule"].startswith("results.")}
    assert occurrences == {"results.missing": 19}


def test_batches_whose_input_is_an_object_are_not_told_apart_by_it(tmp_path: Path) -> None:
    def read(number: int) -> dict[str, Any]:
        name = f"batch_{number:04}"
        body = {**COMPLETED, "id": name, "input_file_id": {"name": "requests"}, "error_file_id": "file-one"}
        body["output_file_id"] = f"file-out{number}"
        return line(body, batch_id=name, started_at=1741721400.0 + number)

    recording = tmp_path / "traffic.ndjson"
    recording.write_bytes(ndjson(*map(read, range(6))))
    _, drift = validated(tmp_path / "reports", str(recording))
    assert {one["rule"] for one in drift["findings"] if one["level"] != "info"} == {"body.type"}
