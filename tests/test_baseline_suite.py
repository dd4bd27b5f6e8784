"""Baseline, shape and history end to end, over real runs against a mock that drifts and is cured."""

from __future__ import annotations

import shutil
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
import samples
from suite_support import Outcome, run_suite

from batch_conformance.mock.process import EmbeddedMock
from batch_conformance.run.comparison import Files, load_comparison
from batch_conformance.run.settings import Asked, settle

QUICK = "--exploration=quick"


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome]:
    """A folder with the baseline and the shape of a drifting mock, and the run that recorded them."""
    folder = tmp_path_factory.mktemp("recorded")
    files = (f"--write-baseline={folder / 'baseline.yaml'}", f"--write-shape={folder / 'shape.json'}")
    with EmbeddedMock(drifts=["created_at_string"]) as mock:
        return folder, run_suite(folder, QUICK, *files, "--baseline-reason=agreed with the vendor", mock=mock)


def states(outcome: Outcome) -> dict[str, str]:
    return {finding["pointer"]: finding["state"] for finding in outcome.drift["findings"]}


def entries(outcome: Outcome) -> list[str]:
    return [entry["state"] for entry in outcome.drift["baseline"]["entries"]]


def test_recording_fails_as_the_run_does_and_says_what_was_written(recorded: tuple[Path, Outcome]) -> None:
    folder, outcome = recorded
    assert outcome.code == 1
    assert f"Baseline {folder / 'baseline.yaml'}: 1 added, 0 removed as fixed, 0 kept" in outcome.text
    assert f"Shape {folder / 'shape.json'}: " in outcome.text
    assert "reason: agreed with the vendor" in (folder / "baseline.yaml").read_text()


def test_what_was_recorded_is_known_and_green_and_the_file_stays_as_it_is(
    recorded: tuple[Path, Outcome], tmp_path: Path
) -> None:
    folder, first = recorded
    before = (folder / "baseline.yaml").read_bytes()
    options = (f"--baseline={folder / 'baseline.yaml'}", f"--shape={folder / 'shape.json'}")
    with EmbeddedMock(drifts=["created_at_string"]) as mock:
        outcome = run_suite(tmp_path, QUICK, *options, f"--previous={folder / 'drift.json'}", mock=mock)
    assert outcome.code == 0, outcome.text
    assert "all of it accepted" in outcome.text
    assert (states(outcome), entries(outcome)) == ({"/created_at": "known"}, ["known"])
    assert (folder / "baseline.yaml").read_bytes() == before
    (finding,) = outcome.drift["findings"]
    assert finding["first_seen"] == first.drift["run"]["started_at"]
    assert outcome.drift["history"]["gone"] == []
    (junit,) = ET.parse(tmp_path / "junit.xml").getroot()
    assert junit.get("failures") == "0"
    assert any("agreed with the vendor" in case.get("message", "") for case in junit.iter("skipped"))
    for page in ("drift.html", "drift.sarif"):
        assert "agreed with the vendor" in (tmp_path / page).read_text()


def test_a_second_drift_is_red_and_alone_in_that(recorded: tuple[Path, Outcome], tmp_path: Path) -> None:
    folder, _ = recorded
    with EmbeddedMock(drifts=["created_at_string", "undocumented_file_name"]) as mock:
        outcome = run_suite(tmp_path, QUICK, f"--baseline={folder / 'baseline.yaml'}", mock=mock)
    assert outcome.code == 1
    assert states(outcome) == {"/created_at": "known", "/file_name": "new"}
    failures = ET.parse(tmp_path / "junit.xml").getroot().findall(".//testcase[failure]")
    assert [case.get("name") for case in failures] == ["test_only_documented_properties_are_there[200-body]"]
    assert outcome.drift["exit_reason"] == "1 finding at or above --fail-on should, not accepted"


def test_a_cured_drift_is_fixed_which_only_a_strict_baseline_fails_and_rewriting_drops(
    recorded: tuple[Path, Outcome], tmp_path: Path
) -> None:
    baseline = tmp_path / "baseline.yaml"
    shutil.copy(recorded[0] / "baseline.yaml", baseline)
    with EmbeddedMock() as mock:
        outcome = run_suite(tmp_path / "a", QUICK, f"--baseline={baseline}", mock=mock)
        strict = run_suite(
            tmp_path / "b", QUICK, f"--baseline={baseline}", "--strict-baseline", f"--write-baseline={baseline}",
            mock=mock,
        )  # fmt: skip
    assert (outcome.code, outcome.drift["verdict"], entries(outcome)) == (0, "conforms", ["fixed"])
    assert "delete the entry" in outcome.text
    assert strict.code == 1
    assert strict.drift["exit_reason"] == "1 entry of the baseline is fixed and to be deleted (--strict-baseline)"
    failures = ET.parse(tmp_path / "b" / "junit.xml").getroot().findall(".//testcase[failure]")
    assert [case.get("name") for case in failures] == ["test_each_value_has_its_documented_type[200-created_at]"]
    assert "0 added, 1 removed as fixed, 0 kept" in strict.text
    assert "fingerprint:" not in baseline.read_text()


def test_an_expired_acceptance_is_red_and_named(recorded: tuple[Path, Outcome], tmp_path: Path) -> None:
    lines = (recorded[0] / "baseline.yaml").read_text().splitlines(keepends=True)
    baseline = tmp_path / "baseline.yaml"
    baseline.write_text("".join("  expires: 2020-01-31\n" if "expires:" in line else line for line in lines[2:]))
    with EmbeddedMock(drifts=["created_at_string"]) as mock:
        outcome = run_suite(tmp_path, QUICK, f"--baseline={baseline}", mock=mock)
    assert outcome.code == 1
    assert (states(outcome), entries(outcome)) == ({"/created_at": "expired"}, ["expired"])
    assert "accepted until 2020-01-31" in outcome.text


def test_dropped_properties_that_no_schema_requires_are_red_by_the_shape(tmp_path: Path) -> None:
    shape = tmp_path / "shape.json"
    with EmbeddedMock(style="null") as mock:
        assert run_suite(tmp_path / "a", QUICK, f"--write-shape={shape}", mock=mock).code == 0
        same = run_suite(tmp_path / "b", QUICK, f"--shape={shape}", mock=mock)
        assert same.code == 0, same.text
    with EmbeddedMock(style="null", drifts=["unset_left_out"]) as mock:
        outcome = run_suite(tmp_path / "c", QUICK, f"--shape={shape}", mock=mock)
    assert outcome.code == 1
    found = [finding for finding in outcome.drift["findings"] if finding["level"] != "info"]
    assert {(finding["rule"], finding["kind"]) for finding in found} == {("shape.changed", "gone")}
    assert "/output_file_id" in {finding["pointer"] for finding in found}


def test_workers_share_the_baseline(recorded: tuple[Path, Outcome], tmp_path: Path) -> None:
    with EmbeddedMock(drifts=["created_at_string"]) as mock:
        outcome = run_suite(tmp_path, QUICK, "-n2", f"--baseline={recorded[0] / 'baseline.yaml'}", mock=mock)
    assert (outcome.code, entries(outcome)) == (0, ["known"])


@pytest.mark.parametrize(
    ("files", "line"),
    [
        ({"baseline": "nowhere"}, "there is no such file; a run with --write-baseline={}/nowhere writes it"),
        (
            {"shape": "nowhere"},
            "cannot read --shape {}/nowhere: there is no such file; a run with --write-shape=",
        ),
        (
            {"previous": "nowhere"},
            "cannot read --previous {}/nowhere: there is no such file; where there is no earlier",
        ),
        ({"baseline": "empty"}, "the baseline cannot be read: {}/empty is empty"),
        ({"shape": "empty"}, "the shape {}/empty is no JSON"),
        ({"previous": "empty"}, "--previous {}/empty: not a drift.json: Expecting value"),
        ({"shape": "other.json"}, "has the shape of getThing, and the contract is of getBatchEvaluationJob"),
        ({"write_baseline": "."}, "--write-baseline {} is a folder: name a file"),
        ({"write_shape": "no/such/shape.json"}, "there is no folder {}/no/such"),
        ({"write_baseline": "other.json"}, "is no baseline"),
    ],
    ids=lambda value: " ".join(f"{key} {name}" for key, name in value.items()) if isinstance(value, dict) else "",
)
def test_a_file_that_cannot_be_used_is_one_line(files: dict[str, str], line: str, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "other.json").write_text('{"format":"batch-conformance-shape/1","operation":"getThing","answers":[]}')
    with pytest.raises(ValueError, match=r"^[^\n]+$") as caught:
        load_comparison(Files(**{name: tmp_path / file for name, file in files.items()}), samples.contract())
    assert line.format(tmp_path) in str(caught.value)


@pytest.mark.parametrize("given", [Asked(strict_baseline=True), Asked(baseline_reason="because")], ids=str)
def test_an_option_that_would_do_nothing_is_refused(given: Asked) -> None:
    with pytest.raises(ValueError, match="name "):
        settle({}, base_url=None, **given)


def test_wrong_input_ends_the_suite_with_exit_4_before_anything_is_sent(tmp_path: Path) -> None:
    outcome = run_suite(tmp_path / "reports", f"--baseline={tmp_path / 'nowhere.yaml'}")
    assert outcome.code == 4
    assert "nowhere.yaml: there is no such file; a run with --write-baseline=" in outcome.text
    assert "Traceback" not in outcome.text
    assert not list((tmp_path / "reports").glob("*"))
