"""``prove``: says of the suite what is true of it, and is the suite that people run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from chinese_support import english_in
from suite_support import ROOT, run_command, run_suite

from batch_conformance.contract.contract import Contract
from batch_conformance.contract.sources import load_contract, shipped_contract
from batch_conformance.exchange.exchange import BESIDE_THE_PLAN
from batch_conformance.message import shown
from batch_conformance.mock.drifts import DRIFTS
from batch_conformance.mock.process import EmbeddedMock
from batch_conformance.report.language import CHINESE
from batch_conformance.report.proof.formats import render_html, render_json, render_text
from batch_conformance.report.proof.proof import MOST_FINDINGS, Observed, Proof, Seen, Trial, TrialOutcome, assess
from batch_conformance.run.prove.drift_runner import DriftRunner, drift_of
from batch_conformance.run.prove.prove import ProveError, catalogue, choose

SHIPPED = shipped_contract()
CREATED = Seen("body.type", "must", "200", "/created_at", "string", shown('"1"'))
OTHER = Seen("json.bom", "must", "200", "", "bom", shown("a mark"))


@pytest.fixture(scope="module")
def bench(runner_for: Callable[[Contract], DriftRunner]) -> DriftRunner:
    return runner_for(SHIPPED)


def prove(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return run_command("prove", *arguments, "--reports-dir", str(folder))


def trial(name: str, verdict: Any, *findings: Seen) -> Trial:
    return assess(DRIFTS[name], Observed(verdict, findings, 348, 0.5))


def without_times(path: Path) -> dict[str, Any]:
    proof: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    del proof["seconds"]
    for one in proof["trials"]:
        del one["seconds"]
    return proof


@pytest.mark.parametrize(
    ("made", "outcome", "right"),
    [
        (trial("created_at_string", "drift", CREATED), "killed", True),
        (trial("created_at_string", "drift", CREATED, OTHER), "killed", False),
        (trial("created_at_string", "drift", OTHER), "elsewhere", False),
        (trial("created_at_string", "conforms"), "survived", False),
        (trial("created_at_string", "inconclusive", CREATED), "elsewhere", False),
        (trial("chunked", "conforms"), "spared", True),
        (trial("chunked", "drift", CREATED), "accused", False),
        (trial("chunked", "inconclusive"), "accused", False),
        (trial("overloaded", "inconclusive"), "spared", True),
        (trial("overloaded", "conforms"), "accused", False),
    ],
)
def test_a_trial_is_right_only_when_the_finding_is_at_its_clause_and_alone(
    made: Trial, outcome: TrialOutcome, right: bool
) -> None:
    assert (made.outcome, made.right) == (outcome, right)


def test_more_than_three_findings_for_one_cause_need_a_reason() -> None:
    more = [Seen("body.seen", "info", "200", f"/p{number}", "never", shown("")) for number in range(3)]
    assert not trial("created_at_string", "drift", CREATED, *more).right
    wanted = Seen("body.type", "must", "200", "/request_counts", "integer", shown(""))
    assert trial("counts_number", "drift", wanted, *more).right


@pytest.mark.parametrize("name", [name for name, drift in DRIFTS.items() if drift.because or len(drift.also) > 1])
def test_a_drift_with_several_rules_brings_more_than_three_findings_only_for_the_reason_it_states(
    name: str, bench: DriftRunner
) -> None:
    made = assess(DRIFTS[name], bench.try_out(DRIFTS[name]))
    assert made.right, made.says
    assert made.observed.count <= MOST_FINDINGS or DRIFTS[name].because


def test_a_proof_counts_the_findings_of_a_drift_at_the_median_and_at_most() -> None:
    more = [Seen("body.seen", "info", "200", f"/p{number}", "never", shown("")) for number in range(3)]
    trials = (trial("created_at_string", "drift", CREATED), trial("counts_number", "drift", CREATED, *more))
    proof = Proof(SHIPPED, (*trials, trials[0]), None, 1, 1.0)
    assert (proof.median_findings, proof.most_findings) == (1, 4)
    assert "1 findings for a drift at the median and 4 at most" in render_text(proof)
    written = json.loads(render_json(proof))
    assert (written["median_findings"], written["most_findings"]) == (1, 4)
    assert [one["count"] for one in written["trials"]] == [1, 4, 1]


def test_a_proof_is_right_only_when_all_of_it_is() -> None:
    right, wrong = trial("chunked", "conforms"), trial("created_at_string", "conforms")
    assert Proof(SHIPPED, (right,), None, 1, 1.0).right
    assert not Proof(SHIPPED, (right, wrong), None, 1, 1.0).right
    assert not Proof(SHIPPED, (), None, 1, 1.0).right


def test_what_was_not_right_is_told_in_every_face() -> None:
    proof = Proof(SHIPPED, (trial("created_at_string", "conforms"), trial("chunked", "drift", CREATED)), None, 2, 1.0)
    text = render_text(proof)
    assert "0 of 1 drift found at the right clause, 0 of 1 others spared, 1 false alarm." in text
    assert "created_at_string: survived, the verdict is conforms" in text
    assert "wanted body.type 200 /created_at" in text
    loaded = json.loads(render_json(proof))
    assert (loaded["right"], loaded["false_alarms"]) == (False, 1)
    assert [one["outcome"] for one in loaded["trials"]] == ["survived", "accused"]
    page = render_html(proof)
    assert "Not proved" in page
    assert "<script" not in page
    assert 'data-wrong="2"' in page


def test_in_chinese_a_proof_has_no_english_text_but_what_the_catalogue_calls_its_entries() -> None:
    many = [Seen("body.seen", "info", "200", f"/p{number}", "never", shown("")) for number in range(3)]
    trials = (
        trial("created_at_string", "conforms"),
        trial("chunked", "drift", CREATED),
        trial("counts_number", "drift", CREATED, OTHER, *many),
    )
    proof = Proof(SHIPPED, trials, None, 2, 1.0)
    names = {text for one in trials for text in (one.entry.title, one.entry.source)}
    for render in (render_text, render_html):
        shown_text = render(proof, CHINESE)
        assert [english for english in english_in(shown_text) if not any(english in name for name in names)] == []
    assert render_json(proof, CHINESE) == render_json(proof)


def test_names_choose_by_pattern_and_group() -> None:
    entries = catalogue(SHIPPED).values()
    assert {entry.name for entry in choose(entries, (), ("200/created_at:i*",))} == {"200/created_at:iso"}
    assert {drift_of(entry).group for entry in choose(entries, ("outage",), ())} == {"outage"}
    with pytest.raises(ProveError, match="nothing in the catalogue is named 'no_such_drift'"):
        choose(entries, (), ("no_such_drift",))
    with pytest.raises(ProveError, match="nothing in the catalogue is named 'chunked'"):
        choose(entries, ("outage",), ("chunked",))


def test_a_part_of_the_catalogue_is_proved_twice_with_the_same_output(tmp_path: Path) -> None:
    names = ("200/completed_at:digits", "404:object", "status_goes_back", "basic_accepted", "two_lengths", "chunked")
    chosen = [argument for name in (*names, "overloaded") for argument in ("--name", name)]
    proofs = []
    for number in range(2):
        done = prove(*chosen, "--jobs", "2", folder=tmp_path / str(number))
        assert (done.returncode, done.stderr) == (0, "")
        assert "5 of 5 drifts found at the right clause, 2 of 2 others spared, 0 false alarms." in done.stdout
        proofs.append(without_times(tmp_path / str(number) / "prove.json"))
        assert (tmp_path / str(number) / "prove.html").is_file()
    assert proofs[0] == proofs[1]
    assert {one["name"] for one in proofs[0]["trials"]} == {*names, "overloaded"}
    assert all(one["requests"] <= 400 for one in proofs[0]["trials"])


@pytest.mark.parametrize("name", ["created_at_string", "case_ignored", "no_challenge", "server_error_unicode"])
def test_the_findings_are_those_of_the_suite_that_people_run(name: str, bench: DriftRunner, tmp_path: Path) -> None:
    with EmbeddedMock(drifts=[name]) as mock:
        outcome = run_suite(tmp_path, "--allow-unsafe-methods", mock=mock)
    run = {(f["rule"], f["level"], f["status"], f["pointer"], f["kind"]) for f in outcome.drift["findings"]}
    tried = bench.try_out(DRIFTS[name])
    assert {(seen.rule, seen.level, seen.status, seen.pointer, seen.kind) for seen in tried.findings} == run
    assert tried.verdict == outcome.drift["verdict"]
    sent = json.loads((tmp_path / "exchanges.har").read_text(encoding="utf-8"))["log"]["entries"]
    beside = sum(entry["comment"].startswith(BESIDE_THE_PLAN) for entry in sent)  # looks for the smallest request
    assert tried.requests == outcome.drift["run"]["requests"] - beside


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_rare_drifts_are_caught_whatever_the_seed(seed: int) -> None:
    sent = set()
    with DriftRunner(SHIPPED, seed=seed) as bench:
        for name in ("every_25th_lacks_status", "every_25th_untyped", "second_read_null_id", "third_read_renamed"):
            tried = bench.try_out(DRIFTS[name])
            assert assess(DRIFTS[name], tried).right, name
            sent.add(tried.requests)
    assert max(sent) <= 400


OTHERS: dict[str, list[str]] = {
    "openai-like.yaml": ["200/usage:boolean", "200/status:unheard_of", "case_ignored", "http_1_0"],
    "jobs-3.1.yaml": [
        *("200/result:integer", "200/started:no_format", "200:no_x-request-id", "200:odd_x-remaining", "any_token"),
        *("200/owner/team/uid:no_format", "200:surplus", "200/counts/total:minimum", "404/error/code:integer"),
        *("no_challenge", "no_allow"),
    ],
    "tasks-3.0.yaml": [
        *("200/progress:maximum", "200/state:unheard_of", "404/detail:renamed", "422/detail:string"),
        *("list_for_no_id", "200/completed_at:milliseconds", "further_headers"),
    ],
}


@pytest.mark.parametrize("document", OTHERS)
def test_another_contract_is_proved_by_its_own_catalogue(document: str) -> None:
    contract = load_contract(str(ROOT / "tests" / "data" / document))
    entries = catalogue(contract)
    with DriftRunner(contract) as bench:
        for name in OTHERS[document]:
            trial = assess(drift_of(entries[name]), bench.try_out(entries[name]))
            assert trial.right, (name, trial.observed)


def test_wrong_input_is_one_line_and_exit_code_4(tmp_path: Path) -> None:
    for arguments in (("--name", "no_such_drift"), ("--contract", "no_such_contract")):
        done = prove(*arguments, folder=tmp_path)
        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (4, "", 1)


def test_the_catalogue_can_be_listed(tmp_path: Path) -> None:
    done = prove("--list", "--group", "outage", folder=tmp_path / "none")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == sum(drift.group == "outage" for drift in DRIFTS.values())
    assert not (tmp_path / "none").exists()


def test_reports_that_cannot_be_written_are_said_before_anything_is_sent(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    done = prove("--name", "chunked", folder=blocked)
    assert (done.returncode, done.stderr.count("\n")) == (3, 1)
    assert "cannot write" in done.stderr


def test_an_interrupted_proof_leaves_no_process_behind(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "batch_conformance", "prove", "--jobs", "2", "--reports-dir", str(tmp_path)]
    process = subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    while len(_of_group(process.pid)) < 5:  # the command, its two processes, their two mocks
        assert process.poll() is None
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (2, b"")
    assert err.decode().splitlines()[-1] == "interrupted: no proof was written"
    deadline = time.monotonic() + 20
    while _of_group(process.pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert _of_group(process.pid) == []


def _of_group(group: int) -> list[int]:
    """The processes of a process group that run."""
    done = subprocess.run(["ps", "-eo", "pid=,pgid=,stat="], capture_output=True, text=True, check=True)
    rows = [line.split() for line in done.stdout.splitlines()]
    return [int(pid) for pid, of, state in rows if int(of) == group and not state.startswith("Z")]


def test_what_several_operations_have_in_common_is_one_finding_of_an_entry() -> None:
    drift = replace(DRIFTS["created_at_string"], because="")
    told = tuple(
        Seen(drift.rule, "must", drift.status, drift.pointer, "string", shown(f"of operation {number}"))
        for number in range(6)
    )
    assert assess(drift, Observed("drift", told, 100, 1.0)).right
    others = tuple(replace(one, pointer=f"/{number}", rule="body.seen") for number, one in enumerate(told))
    cascading = assess(replace(drift, also=("body.seen",)), Observed("drift", (told[0], *others), 100, 1.0))
    assert cascading.cascades
