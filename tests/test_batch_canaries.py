"""The key, and what signs URLs, are in nothing that a run leaves, wherever a server puts them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from canary import leaks, leaks_in
from mock_support import KEY, serving
from suite_support import run_suite
from test_making import API, TICK, journal_of, make, spec
from test_odd_batch_servers import both, bytes_of, server, to_each

from batch_conformance.mock.changes_of_batches import to_answer, to_files, to_lines, to_made
from batch_conformance.mock.drift import Drift
from batch_conformance.mock.message import Reply, body_json
from batch_conformance.mock.received_request import ReceivedRequest

SIGNED = "qX7tIcKeT0fTh3St0r3vW9zR4n"
URL = f"https://store.example/out.jsonl?Expires=1900000000&t={SIGNED}"
TOLD = f"{KEY} at {URL}"


def _in_errors(received: ReceivedRequest, reply: Reply) -> Reply:
    """Every refusal quotes the key and a signed URL, in its body and its headers."""
    if reply.status < 400:
        return reply
    body = json.loads(reply.body) if reply.body.startswith(b"{") else None
    told = {**body, "message": TOLD} if isinstance(body, dict) and "message" in body else body
    return replace(reply, body=reply.body if told is None else body_json(told))


def _in_headers(_received: ReceivedRequest, reply: Reply) -> Reply:
    for name, value in (
        ("X-Debug-Auth", f"Bearer {KEY}"),
        ("Link", f"<{URL}>; rel=related"),
        ("X-Result", URL),
        ("Content-Location", URL),
    ):
        reply = reply.with_header(name, value)
    return reply


def _say(line: dict[str, Any]) -> None:
    line["response"]["body"] |= {"id": TOLD, "url": URL, "escaped": URL.replace("/", "\\/")}
    line["custom_id"] = f"{line['custom_id']}-{KEY}"


TELLING: dict[str, Drift] = {
    "errors": server(_in_errors),
    "headers": server(_in_headers),
    "results": server(to_lines(to_each(_say))),
    "the errors in results": server(
        to_lines(to_each(lambda line: line.update(response=None, error={"code": KEY, "message": TOLD})), "error"),
        failing=1,
    ),
    "results that are none": server(bytes_of(lambda _: TOLD.encode())),
    "names of files": server(
        both(
            to_answer("upload", lambda file: file.update(filename=URL)),
            to_files(lambda file: file.update(filename=f"{KEY}.jsonl", purpose=URL)),
        )
    ),
    "a batch": server(
        both(
            to_made(lambda batch: batch.update(errors=[TOLD], endpoint=URL, metadata={"description": TOLD})),
            to_answer("create", lambda batch: batch.update(metadata={"description": TOLD}, endpoint=URL)),
            to_answer("cancel", lambda batch: batch.update(errors=[TOLD])),
        )
    ),
}


@pytest.mark.parametrize("name", TELLING)
def test_what_is_kept_of_making_batches_has_neither(tmp_path: Path, name: str) -> None:
    file = tmp_path / "batches.json"
    with serving(mock_spec=spec(), drifts=[TELLING[name]], tick=TICK) as port:
        url = f"http://127.0.0.1:{port}/v1"
        made = make(url, journal=journal_of(url, file))
    assert leaks_in([KEY, SIGNED], tmp_path) == []
    kept = repr((made.writes, made.reads, made.said, made.missing, made.followed)).encode()
    bodies = b"\n".join(one.response.body for one in (*made.writes, *made.reads) if one.response is not None)
    results = [file.fetched for batch in made.followed.batches for file in batch.results]
    bodies += b"\n".join(one.response.body for one in results if one.response is not None)
    for secret in (KEY, SIGNED):
        assert leaks(secret, kept) == []
        assert leaks(secret, bodies) == []


@pytest.mark.parametrize(("language", "connections"), [("en", 1), ("zh", 3)])
def test_a_whole_run_leaves_neither_in_any_report_nor_in_the_terminal(
    tmp_path: Path, language: str, connections: int
) -> None:
    drifts = [replace(one, name=f"telling_{number}") for number, one in enumerate(TELLING.values())]
    with serving(mock_spec=spec(), drifts=drifts, tick=TICK) as port:
        options = (
            f"--contract={API}",
            "--operations=all",
            "--create=any",
            f"--report-language={language}",
            "-rA",
            "-v",
        )
        options = (*options, f"--connections={connections}")
        kept = (f"--write-baseline={tmp_path / 'baseline.yaml'}", "--baseline-reason=known")
        kept = (*kept, f"--history={tmp_path / 'history.ndjson'}")
        aimed = f"--base-url=http://127.0.0.1:{port}/v1"
        outcome = run_suite(tmp_path, *options, *kept, aimed, env={"BATCH_API_KEY": KEY})
    assert outcome.code == 1, outcome.text
    assert (tmp_path / "baseline.yaml").exists()
    assert (tmp_path / "history.ndjson").exists()
    assert leaks_in([KEY, SIGNED], tmp_path) == []
    for secret in (KEY, SIGNED):
        assert leaks(secret, outcome.text.encode()) == []
