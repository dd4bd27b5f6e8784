"""What is printed beside a verdict is true: counts of clauses, near names of options, addresses that were recorded."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from judge_cases import completed
from judge_support import contract
from recorded_support import line, ndjson
from samples import run_report
from suite_support import run_suite

from batch_conformance.cli import main
from batch_conformance.exchange.har import har
from batch_conformance.judge.judge import judge
from batch_conformance.mock.process import EmbeddedMock
from batch_conformance.options import OPTIONS
from batch_conformance.report.run import html, markdown
from batch_conformance.report.run.groups import clauses_for_people, count


def test_a_clause_at_which_there_is_only_information_is_not_called_broken() -> None:
    ledger = judge([completed({"completion_window": "48h"})], contract())
    assert {finding.level for finding in ledger.findings} == {"info"}
    report = replace(run_report(), ledger=ledger)
    counts = count(report)
    assert counts.noted == counts.clauses["broken"] > 0
    shown = clauses_for_people(counts)
    assert (shown["broken"], shown["noted"]) == (0, counts.noted)
    assert f"kept, 0 broken, {counts.noted} with information alone" in markdown.render(report)
    assert f"0 broken, {counts.noted} with information alone" in re.sub(r"\s+", " ", html.render(report))


def test_a_clause_that_is_broken_stays_so_beside_information() -> None:
    ledger = judge([completed({"created_at": "x", "expires_at": "x"})], contract())
    counts = count(replace(run_report(), ledger=ledger))
    shown = clauses_for_people(counts)
    of_type = [one for one in ledger.clauses if one.state == "broken" and one.clause.rule == "body.type"]
    assert shown["broken"] >= len(of_type) >= 2


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("--base-ulr=http://x", "there is no option --base-ulr; did you mean --base-url?"),
        ("--batchid=x", "there is no option --batchid; did you mean --batch-id?"),
        ("--no-such-thing-at-all", "there is no option --no-such-thing-at-all\n"),
    ],
)
def test_an_option_that_nobody_knows_is_answered_with_the_one_that_was_meant(
    given: str, told: str, tmp_path: Path
) -> None:
    done = run_suite(tmp_path, given)
    assert done.code == 4
    assert told in done.text
    assert "usage:" not in done.text


def test_a_base_url_that_nothing_was_recorded_of_is_answered_with_those_that_are(tmp_path: Path) -> None:
    traffic = tmp_path / "traffic.ndjson"
    urls = ["https://one.example/v1", "https://one.example/v1", "https://two.example/api/v1", "https://three.example"]
    others = line(url="https://four.example/models")
    traffic.write_bytes(ndjson(*(line(url=f"{url}/batches/batch_a") for url in urls), others))
    asked = ["validate", str(traffic), f"--reports-dir={tmp_path}"]
    done = CliRunner().invoke(main, [*asked, "--base-url=https://elsewhere.example/v1"])
    assert done.exit_code == 6, done.output
    told = " ".join(done.output.split())
    assert (
        "below https://elsewhere.example/v1; below these there are: https://one.example/v1 (2), "
        "https://two.example/api/v1 (1), https://three.example (1))" in told
    )
    assert "four.example" not in told


def test_a_recording_that_lies_where_reports_go_is_not_written_over(tmp_path: Path) -> None:
    source = tmp_path / "exchanges.har"
    source.write_text(json.dumps(har([replace(completed(), number=number) for number in range(3)])), encoding="utf-8")
    recorded = source.read_bytes()
    done = CliRunner().invoke(main, ["validate", str(source), f"--reports-dir={tmp_path}"])
    assert source.read_bytes() == recorded
    assert f"{source} was validated, and is not written over." in " ".join(done.output.split())
    assert (tmp_path / "drift.html").is_file()


def test_init_takes_a_contract_tries_it_and_writes_it_down(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with EmbeddedMock() as mock:
        monkeypatch.setenv("BATCH_API_KEY", mock.key)
        asked = ("init", f"--base-url={mock.base_url}", "--contract=siliconflow-batch-api", "--pipeline=none")
        done = CliRunner().invoke(main, [*asked, f"--batch-id={mock.batch_ids[0]}"])
    assert done.exit_code == 0, done.output
    (target,) = yaml.safe_load((tmp_path / "audit.yaml").read_text())["targets"]
    assert target["options"] == {"contract": "siliconflow-batch-api"}
    wrong = CliRunner().invoke(main, ["init", "--base-url=http://127.0.0.1:9/v1", "--contract=no-such.yaml"])
    assert wrong.exit_code == 4
    assert "no-such.yaml" in wrong.output


def test_where_reports_go_has_one_name_in_every_command() -> None:
    writing = {"run", "audit", "matrix", "prove", "validate", "record"}
    (where,) = [option for option in OPTIONS if option.name == "reports-dir"]
    assert set(where.commands) == writing
    assert {option.name for option in OPTIONS if option.group == "reports" and option.type == "path"} == {"reports-dir"}
