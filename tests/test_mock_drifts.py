"""Drifts: each shows on the wire what it says, nothing else changes, and they combine."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import combinations

import pytest
from mock_support import KNOWN, LARGE, UNKNOWN, Client, serving

from batch_conformance.mock.drift import STAGES, Drift, in_order
from batch_conformance.mock.drifts import DRIFTS, DriftError, select
from batch_conformance.mock.message import Reply, Wire, encode
from batch_conformance.mock.received_request import ReceivedRequest
from batch_conformance.mock.sample_batches import make_sample_batches

QUEUED, RUNNING = "batch_rdyqgrcgjg", "batch_wjqopfncal"
ENDING, MOVING = "batch_znhyvserdk", "batch_yvgfkzdlaw"


@contextmanager
def drifting(*names: str) -> Iterator[Client]:
    with serving(drifts=select(names)) as port, Client(port) as client:
        yield client


def custom(change: Callable[[ReceivedRequest, Reply], Reply]) -> Drift:
    return Drift("custom", "", "", "", "", "", "wire", change)


@contextmanager
def on_the_wire(**parts: object) -> Iterator[Client]:
    wire = Wire(**parts)  # type: ignore[arg-type]
    with serving(drifts=[custom(lambda _, reply: replace(reply, wire=wire))]) as port, Client(port) as client:
        yield client


def test_an_unknown_name_is_refused_with_the_one_that_is_near_and_where_all_are_listed() -> None:
    with pytest.raises(DriftError, match=r"no drift is named 'nope' \(`mock --list-drifts` lists them\)"):
        select(["no_allow", "nope"])
    with pytest.raises(DriftError, match=r"no drift is named 'status_cancelled'; did you mean status_canceled\?"):
        select(["status_cancelled"])


@pytest.mark.parametrize(
    ("name", "has"),
    [
        ("created_at_string", lambda batch: batch["created_at"] == "1741685413"),
        ("object_missing", lambda batch: "object" not in batch),
        ("undocumented_file_name", lambda batch: "file_name" in batch),
        ("status_upper_case", lambda batch: batch["status"] == "COMPLETED"),
        ("expires_at_milliseconds", lambda batch: batch["expires_at"] == 1741771813000),
        ("counts_too_high", lambda batch: batch["request_counts"] == {"total": 100, "completed": 95, "failed": 6}),
        ("other_batch", lambda batch: batch["id"] != KNOWN),
    ],
)
def test_a_drift_of_values_shows_in_the_batch(name: str, has: Callable[[dict[str, object]], bool]) -> None:
    with drifting(name) as client:
        assert has(client.read(KNOWN).json)
    with serving() as port, Client(port) as plain:
        assert not has(plain.read(KNOWN).json)


def test_duplicate_keys_are_really_sent_twice() -> None:
    with drifting("duplicate_status") as client:
        assert client.read(KNOWN).body.count(b'"status":"completed"') == 2


def test_nan_is_really_sent() -> None:
    with drifting("nan_in_metadata") as client:
        assert sum(b'"score":NaN' in client.read(batch.id).body for batch in make_sample_batches()) == 1


def test_statuses_and_media_types_drift() -> None:
    with drifting("accepted_202") as client:
        assert [client.read(one).status for one in (QUEUED, KNOWN, MOVING)] == [202, 200, 200]
    with drifting("html_media_type") as client:
        assert client.read(RUNNING).header("content-type") == "text/html; charset=utf-8"
        assert client.read(KNOWN).header("content-type") == "application/json; charset=utf-8"


def test_ids_drift() -> None:
    with drifting("unknown_id_answered") as client:
        assert client.read(UNKNOWN).json["id"] == UNKNOWN
        assert client.ask(f"/v1/batches/{UNKNOWN}", "HEAD").status == 200
        assert client.ask(f"/v1/batches/{UNKNOWN}", "DELETE").status == 405
        assert client.read(UNKNOWN, ("Prefer", "code=404")).status == 404
        assert client.ask("/v1/batches/").status == 404
    with drifting("case_ignored") as client:
        assert client.read(KNOWN.upper()).json["id"] == KNOWN
        assert client.read(UNKNOWN).status == 404


def test_authentication_drifts() -> None:
    token = ("Authorization", "Bearer made-up")
    with drifting("token_not_required") as client:
        assert client.ask(f"/v1/batches/{KNOWN}", key=False).status == 200
        assert client.ask(f"/v1/batches/{UNKNOWN}", key=False).status == 404
        assert client.ask(f"/v1/batches/{KNOWN}", "GET", token, key=False).status == 401
    with drifting("any_token") as client:
        assert client.ask(f"/v1/batches/{KNOWN}", "GET", token, key=False).status == 200
        assert client.ask(f"/v1/batches/{KNOWN}", key=False).status == 401
    with drifting("no_challenge") as client:
        answer = client.ask(f"/v1/batches/{KNOWN}", key=False)
        assert (answer.status, answer.header("www-authenticate")) == (401, None)


def test_headers_that_http_demands_can_be_missing() -> None:
    with drifting("no_allow") as client:
        answer = client.ask(f"/v1/batches/{KNOWN}", "DELETE")
        assert (answer.status, answer.header("allow")) == (405, None)


def test_reads_can_contradict_each_other() -> None:
    with drifting("status_goes_back") as client:
        states = [client.read(ENDING).json["status"] for _ in range(4)]
        assert states == ["finalizing", "in_progress"] * 2
    with drifting("input_file_changes") as client:
        assert client.read(KNOWN).json["input_file_id"] != client.read(KNOWN).json["input_file_id"]


def test_error_bodies_drift() -> None:
    with drifting("trace_in_404") as client:
        assert client.read(UNKNOWN).json.startswith("Traceback (most recent call last)")
    with drifting("openai_error_404") as client:
        assert client.read(UNKNOWN).json["error"]["code"] == "batch_not_found"


def test_a_body_can_break_off() -> None:
    with drifting("body_cut_short") as client:
        assert client.read(KNOWN).status == 200
        client.send(f"/v1/batches/{LARGE}")
        received = b""
        while piece := client.socket.recv(65536):
            received += piece
        head, _, body = received.partition(b"\r\n\r\n")
        length = int(head.partition(b"Content-Length: ")[2].partition(b"\r\n")[0])
        assert len(body) == length // 2


def test_an_outage_is_an_outage_for_everything() -> None:
    with drifting("overloaded") as client:
        answers = [client.read(KNOWN), client.read(UNKNOWN), client.ask("/", key=False)]
        assert {answer.status for answer in answers} == {503}
        assert answers[0].json["code"] == 50508


INDEPENDENT = {
    "created_at_string": lambda client: isinstance(client.read(KNOWN).json["created_at"], str),
    "undocumented_file_name": lambda client: "file_name" in client.read(KNOWN).json,
    "duplicate_status": lambda client: client.read(KNOWN).body.count(b'"status":"completed"') == 2,
    "html_media_type": lambda client: "html" in (client.read(RUNNING).header("content-type") or ""),
    "case_ignored": lambda client: client.read(KNOWN.upper()).status == 200,
    "any_token": lambda client: (
        client.ask(f"/v1/batches/{KNOWN}", "GET", ("Authorization", "Bearer x"), key=False).status == 200
    ),
    "trace_in_404": lambda client: b"Traceback" in client.read(UNKNOWN).body,
    "openai_error_404": lambda client: "error" in client.read(UNKNOWN).json,
    "no_allow": lambda client: client.ask(f"/v1/batches/{KNOWN}", "PUT").header("allow") is None,
    "body_cut_short": lambda client: client.ask(f"/v1/batches/{LARGE}", "HEAD").header("connection") == "close",
}


@pytest.mark.parametrize("pair", list(combinations(INDEPENDENT, 2)), ids="+".join)
def test_two_drifts_at_once_both_show(pair: tuple[str, str]) -> None:
    for names in (pair, pair[::-1]):
        with serving(drifts=select(names)) as port:
            for name in names:
                with Client(port) as client:
                    assert INDEPENDENT[name](client), name


def test_stages_run_in_their_order_whatever_order_they_are_named_in() -> None:
    named = [DRIFTS[name] for name in ("body_cut_short", "duplicate_status", "created_at_string", "other_batch")]
    assert [drift.stage for drift in in_order(named)] == list(STAGES)


def test_a_reply_can_be_chunked() -> None:
    with on_the_wire(framing="chunked") as client:
        answer = client.read(LARGE)
        assert answer.header("transfer-encoding") == "chunked"
        assert answer.header("content-length") is None
        assert answer.json["id"] == LARGE
        assert client.read(KNOWN).status == 200


def test_a_reply_can_end_with_the_connection_and_be_of_http_1_0() -> None:
    with on_the_wire(framing="close", version="1.0") as client:
        answer = client.read(KNOWN)
        assert (answer.version, answer.json["id"], answer.header("content-length")) == (10, KNOWN, None)
        assert client.socket.recv(1) == b""


def test_a_reply_can_lie_about_its_length_and_leave_bytes_behind() -> None:
    with on_the_wire(content_length=2, trailing=b"extra", close=True) as client:
        client.send(f"/v1/batches/{UNKNOWN}")
        received = b""
        while piece := client.socket.recv(65536):
            received += piece
        assert b"Content-Length: 2\r\n" in received
        assert received.endswith(b'"404 page not found"extra')


def test_a_reply_can_be_any_bytes() -> None:
    with on_the_wire(raw=b"SSH-2.0-OpenSSH\r\n", close=True) as client:
        client.send("/")
        assert client.socket.recv(100) == b"SSH-2.0-OpenSSH\r\n"


def test_a_server_can_stay_silent_or_reset_the_connection() -> None:
    with on_the_wire(sends="nothing") as client:
        client.send("/")
        client.socket.settimeout(0.2)
        with pytest.raises(TimeoutError):
            client.socket.recv(1)
    with on_the_wire(sends="reset") as client:
        client.send("/")
        assert _is_over(client.socket)


def test_a_reply_to_head_can_have_a_body() -> None:
    with on_the_wire(body_after_head=True, close=True) as client:
        client.send(f"/v1/batches/{UNKNOWN}", "HEAD")
        received = b""
        while piece := client.socket.recv(65536):
            received += piece
        assert received.endswith(b'"404 page not found"')


def test_headers_can_be_set_taken_out_and_doubled() -> None:
    reply = Reply(200, (("A", "1"), ("B", "2"), ("a", "3")))
    assert reply.with_header("b", "4").headers == (("A", "1"), ("B", "4"), ("a", "3"))
    assert reply.without_header("A").headers == (("B", "2"),)
    sent = encode(replace(reply, reason="Fine"), more=(("C", "5"),))
    assert sent == b"HTTP/1.1 200 Fine\r\nA: 1\r\nB: 2\r\na: 3\r\nC: 5\r\nContent-Length: 0\r\n\r\n"


def test_a_304_has_neither_body_nor_length() -> None:
    assert encode(Reply(304, (), b"x")) == b"HTTP/1.1 304 Not Modified\r\n\r\n"


def test_a_drift_can_depend_on_the_count_of_requests() -> None:
    def every_third(received: ReceivedRequest, reply: Reply) -> Reply:
        return replace(reply, status=418) if received.number % 3 == 0 else reply

    with serving(drifts=[custom(every_third)]) as port, Client(port) as client:
        assert [client.read(KNOWN).status for _ in range(6)] == [200, 200, 418] * 2


def _is_over(connection: socket.socket) -> bool:
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True
