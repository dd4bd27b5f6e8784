"""Servers that run batches oddly, as no entry of the catalogue does: contradictions are told, and nothing else is."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from test_batch_drifts import API, made

from batch_conformance.findings.finding import Finding
from batch_conformance.mock.changes_of_batches import Fields, Lines, to_answer, to_lines, to_made, to_results
from batch_conformance.mock.drift import Apply, Drift
from batch_conformance.mock.message import Reply, body_json
from batch_conformance.mock.received_request import ReceivedRequest

SAME: Apply = lambda _received, reply: reply  # noqa: E731 - a table needs a name for it


def server(apply: Apply = SAME, **behaviour: Any) -> Drift:
    return Drift("odd", "odd", "", "", "", "", "value", apply, behaviour=behaviour)


def ended(change: Callable[[Fields], object]) -> Apply:
    """A change to batches of ours that are completed."""
    return to_made(lambda batch: change(batch) if batch.get("status") == "completed" else None)


def counting(total: int, completed: int, failed: int) -> Apply:
    counts = {"total": total, "completed": completed, "failed": failed}
    return ended(lambda batch: batch.update(request_counts=counts))


def to_each(change: Callable[[Fields], object]) -> Callable[[Lines], Lines]:
    """A change to each line of results, in place."""

    def to_all(lines: Lines) -> Lines:
        found = [json.loads(line) for line in lines]
        for one in found:
            change(one)
        return [body_json(one) + b"\n" for one in found]

    return to_all


def bytes_of(change: Callable[[bytes], bytes], kind: Any = "output", *headers: tuple[str, str]) -> Apply:
    def apply(_received: ReceivedRequest, reply: Reply) -> Reply:
        changed = replace(reply, body=change(reply.body))
        for name, value in headers:
            changed = changed.with_header(name, value)
        return changed

    return to_results(kind, apply)


def once(change: Apply, *, times: int) -> Apply:
    """A change to so many replies that it concerns, and to none after them."""
    seen: list[int] = []

    def apply(received: ReceivedRequest, reply: Reply) -> Reply:
        changed = change(received, reply)
        if changed == reply or len(seen) >= times:
            return reply
        seen.append(received.number)
        return changed

    return apply


def refusing(status: int) -> Apply:
    return to_results("output", lambda _received, reply: replace(reply, status=status, body=b'{"message": "no"}'))


def both(*changes: Apply) -> Apply:
    def apply(received: ReceivedRequest, reply: Reply) -> Reply:
        for change in changes:
            reply = change(received, reply)
        return reply

    return apply


def vanishing(received: ReceivedRequest, reply: Reply) -> Reply:
    """What was cancelled is not there any more."""
    batch = received.batch
    gone = batch is not None and "mock" in batch.id and batch.at()["status"] == "cancelled"
    return replace(reply, status=404, body=b'"404 page not found"') if gone and reply.status == 200 else reply


def as_text(line: Fields) -> None:
    line["response"] = json.dumps(line["response"])


CONTRADICTIONS: dict[str, tuple[Drift, set[str]]] = {
    "completed, and nothing is counted": (
        server(counting(0, 0, 0)), {"result_lines.counts", "counts.regressed"},
    ),
    "all are counted as failed, and all succeeded": (
        server(counting(3, 0, 3)), {"result_lines.counts", "counts.regressed"},
    ),
    "a request more than there were is counted as failed": (server(counting(4, 3, 1)), {"result_lines.counts"}),
    "the output is empty, and three are counted": (server(bytes_of(lambda _: b"")), {"result_lines.custom_ids"}),
    "the output is another one each time for the errors": (
        server(
            to_results(
                "error",
                lambda got, reply: replace(reply, body=reply.body.replace(b"overloaded", b"busy %d" % got.number)),
            ),
            failing=1,
        ),
        {"result_lines.fetched"},
    ),
    "one custom_id is in both files": (
        server(to_lines(to_each(lambda line: line.update(custom_id="second")), "error"), failing=1),
        {"result_lines.custom_ids"},
    ),
    "a failed request is in neither file": (
        server(ended(lambda batch: batch.pop("error_file_id", None)), failing=1),
        {"results.missing", "result_lines.custom_ids"},
    ),
    "a file is named for both kinds": (
        server(ended(lambda batch: batch.update(error_file_id=batch.get("output_file_id")))), {"results.same_file"},
    ),
    "two requests share a line": (
        server(to_lines(lambda lines: [lines[0].rstrip(b"\n") + lines[1], *lines[2:]])),
        {"result_lines.form"},
    ),
    "the answers are texts in texts": (server(to_lines(to_each(as_text))), {"result_lines.form"}),
    "the file is compressed and nothing says so": (server(bytes_of(gzip.compress)), {"result_lines.form"}),
    "the file is an array": (
        server(bytes_of(lambda body: b"[" + b",".join(body.splitlines()) + b"]")), {"result_lines.form"},
    ),
    "the file is a page for people": (
        server(bytes_of(lambda _: b"<html><body>Sign in</body></html>")), {"result_lines.form"},
    ),
    "the file begins with a byte order mark": (
        server(bytes_of(lambda body: b"\xef\xbb\xbf" + body)), {"result_lines.form"},
    ),
    "the custom_ids are written in capitals": (
        server(to_lines(to_each(lambda line: line.update(custom_id=line["custom_id"].upper())))),
        {"result_lines.custom_ids"},
    ),
    "the custom_ids are numbers": (
        server(to_lines(to_each(lambda line: line.update(custom_id=1)))), {"result_lines.form"},
    ),
    "a status in words tells of a failure among the answers": (
        server(to_lines(to_each(lambda line: line["response"].update(status_code="500")))),
        {"result_lines.successes", "result_lines.counts"},
    ),
    "the file is a server error each time": (server(refusing(500)), {"result_lines.fetched"}),
    "the file may not be read": (server(refusing(403)), {"result_lines.fetched"}),
    "what was cancelled is gone": (server(vanishing), {"cancel.effect"}),
    "the batch is read under another id": (
        server(to_made(lambda batch: batch.update(id="batch_of_another"))),
        {"create.read_back", "identity.other_batch"},
    ),
    "the creation is answered with the window that is the longest": (
        server(to_answer("create", lambda batch: batch.update(completion_window="336h"))), {"create.as_asked"},
    ),
    "the metadata are mixed up": (
        server(to_answer("create", lambda batch: batch.update(metadata={"description": "of another"}))),
        {"create.as_asked"},
    ),
    "the upload is answered with the size of the form": (
        server(to_answer("upload", lambda file: file.update(bytes=file["bytes"] + 200))), {"upload.as_sent"},
    ),
}  # fmt: skip

LEGAL: dict[str, Drift] = {
    "a failure has an empty response beside its error": server(
        to_lines(to_each(lambda line: line.update(response={}, error={"code": "bad", "message": "no"})), "error"),
        failing=1,
    ),
    "an answer has an empty error beside its response": server(to_lines(to_each(lambda line: line.update(error={})))),
    "lines have members of the server's own": server(to_lines(to_each(lambda line: line.update(usage={"n": 1})))),
    "nothing is counted at all": server(to_made(lambda batch: batch.pop("request_counts", None))),
    "the file is there a moment later": server(once(refusing(404), times=2)),
    "the file is compressed and says so": server(
        bytes_of(gzip.compress, "output", ("Content-Encoding", "gzip"))
    ),
    "the window is called one day": server(
        both(
            to_answer("create", lambda batch: batch.update(completion_window="1d")),
            to_made(lambda batch: batch.update(completion_window="1d")),
        )
    ),
    "the batch has completed before it could be cancelled": server(sudden=True),
    "the counts come with the end": server(
        to_made(lambda batch: batch.update(request_counts={"total": 0, "completed": 0, "failed": 0})
                if batch["status"] in ("in_queue", "in_progress") else None)
    ),
    "empty files of an expired batch": server(expires=True, names_empty_files=True),
    "lines have blanks around them": server(
        to_lines(lambda lines: [b"  " + one.rstrip(b"\n") + b" \n\n" for one in lines])
    ),
}  # fmt: skip


def weighty(findings: tuple[Finding, ...]) -> set[str]:
    return {one.rule for one in findings if one.level != "info"}


def told(findings: tuple[Finding, ...]) -> list[str]:
    return [f"{one.level} {one.rule} {one.pointer}: {one.expected} / {one.observed}" for one in findings]


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_what_contradicts_itself_is_told_at_its_rule_and_nothing_else_is(name: str) -> None:
    drift, rules = CONTRADICTIONS[name]
    findings = made(API, [drift]).findings
    found = weighty(findings)
    assert (found <= rules and found) if rules else not found, told(findings)


@pytest.mark.parametrize("name", LEGAL)
def test_what_no_document_forbids_is_no_finding(name: str) -> None:
    findings = made(API, [LEGAL[name]]).findings
    assert weighty(findings) == set(), told(findings)


def test_the_file_of_requests_is_no_file_of_results() -> None:
    drift = server(ended(lambda batch: batch.update(output_file_id=batch["input_file_id"])))
    findings = made("openai", [drift]).findings
    assert weighty(findings) == {"results.same_file", "result_lines.form"}, told(findings)


def test_a_download_that_leads_elsewhere_is_not_followed_and_accuses_nobody() -> None:
    def elsewhere(_received: ReceivedRequest, reply: Reply) -> Reply:
        return replace(reply, status=302, body=b"").with_header("Location", "https://store.example/out?ticket=1")

    findings = made("openai", [server(to_results("output", elsewhere))]).findings
    assert weighty(findings) == set(), told(findings)
