"""Recorded traffic, as somebody has it: files of all kinds in, verdict, reports and exit code out."""

from __future__ import annotations

import contextlib
import gzip
import json
import multiprocessing
import os
import pty
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from judge_support import COMPLETED, QUEUED, contract
from recorded_support import AUTHORIZED, BASE, found, line, ndjson, validated
from suite_support import ROOT, run_suite
from test_recorded_ledger import told

from batch_conformance.mock.process import EmbeddedMock
from batch_conformance.recorded.inferred_probe import InferredProbe
from batch_conformance.recorded.line import exchange_of, schema
from batch_conformance.recorded.operation_urls import OperationUrls
from batch_conformance.recorded.recording import Recording
from batch_conformance.recorded.source import blocks, expand, parts
from batch_conformance.recorded.source_error import SourceError
from batch_conformance.run.validate.in_processes import read_in_processes
from batch_conformance.run.validate.reading import read_here

OTHER_TYPE = {**QUEUED, "created_at": "yesterday"}
DRIFT = ("body.type", "200", "/created_at")


def test_traffic_that_keeps_the_contract_conforms(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_bytes(ndjson(line(), line("404 page not found", 404, batch_id="batch_gone")))
    result, drift = validated(tmp_path / "out", str(tmp_path / "a.ndjson"))
    assert result.exit_code == 0
    assert drift["verdict"] == "conforms"
    assert drift["run"]["requests"] == 2
    assert drift["target"] == {"base_url": BASE, "kind": "recorded", "batch_ids": []}
    reports = {"drift.json", "drift.html", "junit.xml", "drift.sarif", "summary.md", "exchanges.har"}
    assert reports <= {path.name for path in (tmp_path / "out").iterdir()}


def test_drift_in_it_fails_with_the_exit_code_of_a_run(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_bytes(ndjson(line(), line(OTHER_TYPE)))
    result, drift = validated(tmp_path / "out", str(tmp_path / "a.ndjson"))
    assert result.exit_code == 1
    assert found(drift) == [DRIFT]
    assert drift["findings"][0]["occurrences"] == 1
    accepted, _ = validated(tmp_path / "out", str(tmp_path / "a.ndjson"), "--fail-on", "never")
    assert accepted.exit_code == 0


def test_a_line_that_is_no_exchange_is_told_of_in_one_line_whatever_its_names_are(tmp_path: Path) -> None:
    broken = line()
    broken["response"]["headers"] = {"\n\x1b[31m\ud800": None}
    (tmp_path / "a.ndjson").write_bytes(ndjson(line(), broken))
    result, drift = validated(tmp_path / "out", str(tmp_path / "a.ndjson"))
    note = next(note for note in drift["notes"] if "malformed" in note)
    assert "\n" not in note
    assert "\x1b" not in result.output


def test_an_accepted_finding_is_known(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_bytes(ndjson(line(OTHER_TYPE)))
    baseline = str(tmp_path / "baseline.yaml")
    source = str(tmp_path / "a.ndjson")
    validated(tmp_path / "out", source, "--write-baseline", baseline, "--baseline-reason", "an old client")
    result, drift = validated(tmp_path / "out", source, "--baseline", baseline)
    assert result.exit_code == 0
    assert {finding["state"] for finding in drift["findings"] if finding["level"] != "info"} == {"known"}


def test_a_source_may_be_compressed_globbed_or_piped(tmp_path: Path) -> None:
    text = ndjson(line(), line(OTHER_TYPE))
    (tmp_path / "a.ndjson").write_bytes(text)
    (tmp_path / "b.ndjson.gz").write_bytes(gzip.compress(text))
    piped, drift = validated(tmp_path / "out", str(tmp_path / "*.ndjson*"), "-", stdin=gzip.compress(text))
    assert piped.exit_code == 1
    assert drift["findings"][0]["occurrences"] == 3
    assert drift["run"]["requests"] == 6


@pytest.mark.parametrize("damage", ["cut", "deflate", "checksum"])
def test_a_damaged_gzip_ends_the_reading_and_is_said_in_words(tmp_path: Path, damage: str) -> None:
    packed = gzip.compress(ndjson(*[line()] * 50))
    middle = {
        "cut": packed[:-20],
        "deflate": packed[:12] + b"\xff" * 9 + packed[21:],
        "checksum": packed[:-8] + b"\0" * 8,
    }
    (tmp_path / "a.ndjson.gz").write_bytes(middle[damage])
    result, drift = validated(tmp_path / "out", str(tmp_path / "a.ndjson.gz"))
    assert result.exit_code == 6
    assert drift["complete"] is False
    assert re.search(
        r"annot read \S+a\.ndjson\.gz: (the gzip stream ends early|it is damaged \([a-z]+)", drift["exit_reason"]
    )


def test_what_names_no_recording_is_wrong_usage(tmp_path: Path) -> None:
    for argument in (str(tmp_path), str(tmp_path / "nothing*")):
        result, _ = validated(tmp_path / "out", argument)
        assert result.exit_code == 4
        assert str(tmp_path) in result.output
        assert len(result.output.strip().splitlines()) == 1
    with pytest.raises(SourceError):
        expand(["-", __file__])


def test_malformed_lines_are_counted_shown_and_skipped(tmp_path: Path) -> None:
    broken = (b"not json", b"[1]", b'{"request": {}}', b'{"request": {"url": "/v1/batches/x"}}', b"\xff\xfe", b"  ")
    many = ndjson(*broken, line(), *([b"{"] * 9), b'{"request":{"url":"/v1/batches/x"},"response":{"status":"200"}}')
    (tmp_path / "a.ndjson").write_bytes(many)
    result, drift = validated(tmp_path / "out", str(tmp_path / "a.ndjson"))
    assert result.exit_code == 0
    (note,) = [note for note in drift["notes"] if "malformed" in note]
    assert note.startswith("14 malformed lines skipped")
    assert f"{tmp_path / 'a.ndjson'}:1: no JSON" in note
    assert 'a.ndjson:3: request: "url" is a required property' in note
    assert note.endswith("…")


def test_nothing_of_the_operation_is_inconclusive(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_bytes(
        ndjson(
            line(url=f"{BASE}/files/x"),
            line(url=f"{BASE}/batches/x/cancel", method="POST"),
            line(url=f"{BASE}/batches", batch_id="x"),
            line(method="POST"),
        )
    )
    result, drift = validated(tmp_path / "out", str(tmp_path / "a.ndjson"))
    assert result.exit_code == 6
    assert drift["verdict"] == "inconclusive"
    assert "none of 4 exchanges is a GET /batches/{batch_id}" in drift["missing"][0]
    assert "Set aside: 3 not of this operation." in drift["notes"]
    assert "Set aside: 1 of another method." in drift["notes"]


def test_an_empty_recording_is_inconclusive_too(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_bytes(b"")
    assert validated(tmp_path / "out", str(tmp_path / "a.ndjson"))[0].exit_code == 6


def test_a_base_url_picks_what_was_sent_there(tmp_path: Path) -> None:
    theirs = line(OTHER_TYPE, url="https://other.example/v1/batches/batch_rdyqgrcgjg")
    (tmp_path / "a.ndjson").write_bytes(ndjson(line(), line(url="/v1/batches/" + QUEUED["id"]), theirs))
    source = str(tmp_path / "a.ndjson")
    both, drift = validated(tmp_path / "out", source)
    assert both.exit_code == 1
    assert any(note.startswith("3 targets were judged as one") for note in drift["notes"])
    for base in (BASE, "HTTPS://API.SILICONFLOW.CN:443/v1"):
        mine, drift = validated(tmp_path / "out", source, "--base-url", base)
        assert mine.exit_code == 0
        assert drift["run"]["requests"] == 2
    none, _ = validated(tmp_path / "out", source, "--base-url", "https://api.siliconflow.cn/v2")
    assert none.exit_code == 6


def test_a_vendors_path_is_the_one_that_is_picked(tmp_path: Path) -> None:
    own = line(COMPLETED, url="https://api.mistral.ai/v1/batch/jobs/abc", batch_id="abc")
    (tmp_path / "a.ndjson").write_bytes(ndjson(own, line()))
    _, drift = validated(tmp_path / "out", str(tmp_path / "a.ndjson"), "--vendor", "mistral")
    assert drift["contract"]["path"].startswith("/batch/jobs/")
    assert drift["run"]["requests"] == 1


def test_reads_of_one_batch_are_judged_over_time_and_across_files(tmp_path: Path) -> None:
    done = {**COMPLETED, "id": QUEUED["id"]}
    (tmp_path / "a.ndjson").write_bytes(ndjson(line(done, started_at="2025-03-11T10:00:00Z")))
    (tmp_path / "b.ndjson").write_bytes(ndjson(line(started_at="2025-03-11T11:00:00+01:00")))
    sources = [str(tmp_path / name) for name in ("b.ndjson", "a.ndjson")]
    at_once, drift = validated(tmp_path / "out", *sources)
    assert at_once.exit_code == 0, found(drift)
    (tmp_path / "b.ndjson").write_bytes(ndjson(line(started_at="2025-03-11T10:30:00Z")))
    result, drift = validated(tmp_path / "out", *sources)
    assert result.exit_code == 1
    assert ("state.regressed", "200", "/status") in found(drift)
    shown = next(f for f in drift["findings"] if f["rule"] == "state.regressed")["evidence"]
    assert json.loads(shown["response"]["body"])["status"] == "in_queue"


def test_a_batch_that_is_gone_later_is_no_drift(tmp_path: Path) -> None:
    gone = line("404 page not found", 404, started_at=1751685500)
    (tmp_path / "a.ndjson").write_bytes(ndjson(line(), gone))
    assert validated(tmp_path / "out", str(tmp_path / "a.ndjson"))[0].exit_code == 0


@pytest.mark.parametrize("status", [401, 403])
def test_a_credential_that_is_refused_may_be_a_wrong_one(tmp_path: Path, status: int) -> None:
    refused = line("Invalid token", status, headers={"WWW-Authenticate": "Bearer"})
    (tmp_path / "a.ndjson").write_bytes(ndjson(line(), refused))
    result, drift = validated(tmp_path / "out", str(tmp_path / "a.ndjson"), "--credentials-recorded")
    assert result.exit_code == 0, found(drift)


def test_an_open_door_is_told_of_only_where_credentials_are_recorded(tmp_path: Path) -> None:
    open_door = line(asked={"Accept": "application/json"})
    (tmp_path / "a.ndjson").write_bytes(ndjson(line(), open_door))
    source = str(tmp_path / "a.ndjson")
    result, drift = validated(tmp_path / "out", source)
    assert result.exit_code == 0
    assert any(note.startswith("1 request without a recorded credential succeeded") for note in drift["notes"])
    result, drift = validated(tmp_path / "out", source, "--credentials-recorded")
    assert found(drift) == [("auth.missing_accepted", "401", "")]
    (tmp_path / "a.ndjson").write_bytes(ndjson(line(), line(credential="none", asked={})))
    assert found(validated(tmp_path / "out", source)[1]) == [("auth.missing_accepted", "401", "")]
    with_cookie = line(asked={"Cookie": "session=1"})
    (tmp_path / "a.ndjson").write_bytes(ndjson(line(), with_cookie))
    assert validated(tmp_path / "out", source, "--credentials-recorded")[0].exit_code == 0


def test_answers_to_conditions_are_set_aside(tmp_path: Path) -> None:
    asked = {**AUTHORIZED, "If-None-Match": '"x"'}
    (tmp_path / "a.ndjson").write_bytes(ndjson(line(), line(b"", 304, asked=asked), line(b"", 304)))
    _, drift = validated(tmp_path / "out", str(tmp_path / "a.ndjson"))
    assert "Set aside: 1 answers to conditional or partial requests." in drift["notes"]
    assert found(drift) == [("response.status", "304", "")]


def test_a_body_that_was_not_recorded_is_not_judged(tmp_path: Path) -> None:
    without = line()
    del without["response"]["body"]
    (tmp_path / "a.ndjson").write_bytes(ndjson(line(), without))
    assert validated(tmp_path / "out", str(tmp_path / "a.ndjson"))[0].exit_code == 0


def test_a_recorded_key_is_told_of_and_appears_nowhere(tmp_path: Path) -> None:
    key = "sk-abcdefghijklmnopqrstuvwxyz012345"
    leak = line({"id": QUEUED["id"], **QUEUED, "metadata": {"seen": key}}, asked=[["Authorization", f"Bearer {key}"]])
    (tmp_path / "a.ndjson").write_bytes(ndjson(line(), leak))
    result, drift = validated(tmp_path / "out", str(tmp_path / "a.ndjson"))
    assert ("security.key_reflected", "", "") in found(drift)
    assert key not in result.output
    assert not [path for path in (tmp_path / "out").iterdir() if key in path.read_text(encoding="utf-8")]


def test_a_browsers_archive_is_read_as_it_is_exported(tmp_path: Path) -> None:
    def entry(url: str, **response: Any) -> dict[str, Any]:
        text = json.dumps(QUEUED)
        shown = {"status": 200, "statusText": "", "httpVersion": "h2", "headers": [], "cookies": []}
        content = {"size": len(text), "mimeType": "application/json", "text": text}
        return {
            "startedDateTime": "2025-03-11T10:00:00.000+01:00",
            "time": 12.5,
            "request": {"method": "GET", "url": url, "headers": [{"name": ":authority", "value": "x"}]},
            "response": {**shown, "content": content, **response},
        }

    url = f"{BASE}/batches/{QUEUED['id']}"
    entries = [
        entry(url),
        entry("https://cdn.example/app.js"),
        entry(url, status=0),
        entry(url, content={"size": 600, "mimeType": "application/json"}),
        entry(url, content={"size": 0, "mimeType": ""}, headers=[{"name": "content-length", "value": "600"}]),
        {"request": 5},
    ]
    archive = json.dumps({"log": {"version": "1.2", "creator": {}, "entries": entries}}, indent=1)
    (tmp_path / "a.har").write_text("\ufeff" + archive, encoding="utf-8")
    (tmp_path / "packed").write_bytes(gzip.compress(archive.encode()))
    _, drift = validated(tmp_path / "out", str(tmp_path / "a.har"), str(tmp_path / "packed"))
    assert found(drift) == []
    assert drift["run"]["requests"] == 6
    assert "Set aside: 2 not of this operation." in drift["notes"]
    assert "Set aside: 2 without a response." in drift["notes"]
    assert any(note.startswith("2 malformed lines") and "a.har, entry 6" in note for note in drift["notes"])


def test_an_archive_that_is_none_is_one_malformed_line(tmp_path: Path) -> None:
    (tmp_path / "a.har").write_bytes(b'{"log": {"entries": ')
    result, drift = validated(tmp_path / "out", str(tmp_path / "a.har"))
    assert result.exit_code == 6
    assert any("no HAR" in note for note in drift["notes"])


@pytest.mark.parametrize("piece", [1, 7, 64, 1000, 10_000])
def test_the_pieces_of_a_file_have_each_line_once(tmp_path: Path, piece: int) -> None:
    lines = [b"x" * length for length in (0, 1, 0, 5, 63, 64, 65, 200, 0, 2)]
    for end in (b"", b"\n"):
        path = tmp_path / "a"
        path.write_bytes(b"\n".join(lines) + end)
        cut = parts([str(path)], piece, form="ndjson")
        read = [raw for part in cut for block in blocks(part) for raw in block.lines if raw]
        assert read == [each for each in lines if each]
        numbers = [part.first + block.index for part in cut for block in blocks(part)]
        assert numbers == sorted(numbers)


def test_the_schema_says_what_is_read() -> None:
    text = Path(__file__).parent.parent.joinpath("docs", "VALIDATE.md").read_text(encoding="utf-8")
    example = text.partition("```json\n")[2].partition("\n```")[0]
    assert exchange_of(json.loads(example)).url.endswith("/batches/batch_1")
    assert schema()["required"] == ["request"]


MANY = (
    "status_goes_back",
    "key_in_404_body",
    "duplicate_status",
    "html_403",
    "lower_case_refused",
    "server_error_long",
)


BROKEN_OFF = ("body_cut_short",)


@pytest.mark.parametrize("drifts", [(), MANY, BROKEN_OFF], ids=["conforming", "drifting", "broken off"])
def test_a_run_that_was_recorded_is_judged_as_the_run_was(tmp_path: Path, drifts: tuple[str, ...]) -> None:
    with EmbeddedMock(drifts=drifts) as mock:
        live = run_suite(tmp_path / "live", mock=mock)
    result, again = validated(tmp_path / "again", str(tmp_path / "live" / "exchanges.har"))
    assert result.exit_code == live.code == (1 if drifts else 0)
    assert len({rule for rule, _, _ in live.findings("must", "should")}) >= len(drifts)

    def facts(report: dict[str, Any]) -> Any:
        findings = [
            {name: value for name, value in finding.items() if name not in ("evidence", "curl", "smallest")}
            for finding in report["findings"]
        ]
        return findings, sorted(report["coverage"]["clauses"], key=lambda clause: clause["id"])

    assert facts(again) == facts(live.drift)
    assert not [note for note in again["notes"] if "unjudged" in note]


def test_more_processes_find_the_same(tmp_path: Path) -> None:
    names = []
    for number in range(4):
        lines = [line({**QUEUED, "id": f"b{n}", "created_at": n % 2 or 1741685413}, batch_id=f"b{n}") for n in range(9)]
        name = tmp_path / f"{number}.ndjson"
        name.write_bytes(ndjson(*lines, line(batch_id="b1", started_at=number), b"broken"))
        names.append(str(name))
    alone, one = validated(tmp_path / "one", *names)
    together, two = validated(tmp_path / "two", *names, "--jobs", "2")
    assert alone.exit_code == together.exit_code == 1
    for part in ("findings", "coverage", "notes", "counts"):
        assert one[part] == two[part]


def steps(batches: int) -> Iterator[dict[str, Any]]:
    """Batches that move on together, as one file; some of them drift, and one goes back."""
    for step, body in enumerate((QUEUED, QUEUED, COMPLETED, OTHER_TYPE, COMPLETED, QUEUED)):
        for number in range(batches if step < 5 else 1):
            yield line({**body, "id": f"b{number}"}, batch_id=f"b{number}", started_at=1741685500.5 + 100 * step)


def told_of(recording: Recording) -> dict[str, Any]:
    counts = (recording.lines, recording.malformed, recording.bases, recording.judged)
    return {**told(recording.result()), "counts": counts}


@pytest.mark.parametrize("piece", [1_000, 3_000, 1_000_000])
def test_the_parts_of_a_file_read_in_processes_add_up_to_the_whole(
    tmp_path: Path, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # whatever other tests leave elsewhere meanwhile
    path = tmp_path / "one.ndjson"
    path.write_bytes(ndjson(*steps(20), b"broken"))
    inferred = InferredProbe(OperationUrls(contract()))
    cut = parts([str(path)], piece)
    advanced: list[int] = []
    together = read_in_processes(cut, inferred, 2, lambda size, _: advanced.append(size))
    alone = read_here(cut, inferred, lambda _size, _judged: None)
    assert not together.stopped
    assert sum(advanced) == path.stat().st_size
    assert told_of(together.recording) == told_of(alone.recording)
    assert list(tmp_path.iterdir()) == [path]


def test_processes_add_up_also_where_another_thread_runs_beside_the_one_that_begins_them(tmp_path: Path) -> None:
    path = tmp_path / "one.ndjson"
    path.write_bytes(ndjson(*steps(20), b"broken"))
    inferred = InferredProbe(OperationUrls(contract()))
    ended = threading.Event()
    beside = threading.Thread(target=ended.wait)
    beside.start()
    try:
        together = read_in_processes(parts([str(path)], 1_000), inferred, 2, lambda _size, _judged: None)
    finally:
        ended.set()
        beside.join()
    alone = read_here(parts([str(path)], 1_000), inferred, lambda _size, _judged: None)
    assert told_of(together.recording) == told_of(alone.recording)


def test_a_process_that_is_ended_from_outside_costs_what_it_had_not_handed_over(tmp_path: Path) -> None:
    path = tmp_path / "one.ndjson"
    path.write_bytes(ndjson(*steps(20)))
    cut = parts([str(path)], 500)

    def end(_size: int, judged: int) -> None:
        if judged:
            for child in multiprocessing.active_children():
                os.kill(child.pid or 0, signal.SIGKILL)

    reading = read_in_processes(cut, InferredProbe(OperationUrls(contract())), 2, end)
    assert str(reading.stopped) == "a process that read for this one was ended from outside"
    assert reading.recording.judged > 0
    assert reading.recording.result().clauses


def test_an_interrupt_has_every_process_hand_over_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "one.ndjson"
    path.write_bytes(ndjson(*steps(10)) * 1600)  # whatever is read of it, there is the drift
    cut = parts([str(path)], 100_000)
    raised: list[int] = []

    def interrupt(size: int, _judged: int) -> None:
        if size and not raised:
            raised.append(size)
            raise KeyboardInterrupt

    reading = read_in_processes(cut, InferredProbe(OperationUrls(contract())), 2, interrupt)
    assert reading.interrupted
    assert str(reading.stopped) == "interrupted"
    assert raised[0] > 0
    assert reading.recording.judged > 0
    assert DRIFT[0] in {finding.rule for finding in reading.recording.result().findings}


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "batch_conformance", "validate", *arguments]


def test_an_interrupt_ends_the_reading_and_not_the_report(tmp_path: Path) -> None:
    reading = subprocess.Popen(
        command("-", "--reports-dir", str(tmp_path)), stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT
    )
    assert reading.stdin is not None
    for number in range(2_000):
        reading.stdin.write(ndjson(line({**OTHER_TYPE, "id": f"b{number}"}, batch_id=f"b{number}")))
    reading.stdin.flush()  # which it has when all but what the pipe holds was read
    reading.send_signal(signal.SIGINT)
    assert reading.wait(60) == 2
    reading.communicate()
    drift = json.loads((tmp_path / "drift.json").read_text(encoding="utf-8"))
    assert drift["complete"] is False
    assert found(drift) == [DRIFT]


def test_a_bar_with_the_rate_is_for_terminals_alone(tmp_path: Path) -> None:
    (tmp_path / "a.ndjson").write_bytes(ndjson(*[line(batch_id=f"b{n}") for n in range(500)]))
    arguments = command(str(tmp_path / "a.ndjson"), "--reports-dir", str(tmp_path / "out"))
    quiet = subprocess.run(arguments, capture_output=True, cwd=ROOT, check=True, timeout=60)
    assert quiet.stderr == b""
    ours, theirs = pty.openpty()
    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=theirs, cwd=ROOT) as shown:
        os.close(theirs)
        told = b""
        with contextlib.suppress(OSError):  # the end of a terminal
            while chunk := os.read(ours, 4096):
                told += chunk
        os.close(ours)
    assert shown.returncode == 0
    assert b"Validating" in told
    assert b"exchanges/s" in told


def test_validation_loads_nothing_that_only_a_live_run_needs() -> None:
    code = "import json, sys; import batch_conformance.run.validate.command; print(json.dumps(sorted(sys.modules)))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=ROOT)
    modules = set(json.loads(loaded.stdout))
    assert not modules & {
        "concurrent.futures",
        "h11",
        "hypothesis",
        "multiprocessing",
        "schemathesis",
        "ssl",
        "batch_conformance.probes.plan",
        "batch_conformance.run.live.audit",
    }
