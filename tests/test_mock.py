"""The conforming mock, asked over real sockets."""

from __future__ import annotations

import gzip
import re
import socket
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from mock_support import KEY, KNOWN, LARGE, UNKNOWN, Client, mistyped, serving

STRING_BODIES = {401, 403, 404, 504}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving() as bound:
        yield bound


@pytest.fixture
def client(port: int) -> Iterator[Client]:
    with Client(port) as connected:
        yield connected


def test_a_known_id_is_answered_with_its_batch(client: Client) -> None:
    answer = client.read(KNOWN)
    assert (answer.status, answer.json["id"], answer.json["status"]) == (200, KNOWN, "completed")
    assert answer.header("content-type") == "application/json; charset=utf-8"
    assert answer.header("cache-control") == "private, no-store"
    assert answer.header("x-siliconcloud-trace-id")
    assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", answer.header("date") or "")
    assert mistyped(answer.json) == []


def test_every_reply_has_a_trace_id_of_its_own(client: Client) -> None:
    assert client.read(KNOWN).header("x-siliconcloud-trace-id") != client.read(KNOWN).header("x-siliconcloud-trace-id")


@pytest.mark.parametrize("segment", [UNKNOWN, KNOWN.upper(), KNOWN[:-1], KNOWN + "a", KNOWN + ";v=1", KNOWN + "%00"])
def test_an_id_that_nobody_has_is_answered_with_the_documented_404(client: Client, segment: str) -> None:
    answer = client.read(segment)
    assert (answer.status, answer.body) == (404, b'"404 page not found"')


@pytest.mark.parametrize(
    "segment",
    [
        "%62" + KNOWN[1:],
        "".join(f"%{byte:02X}" for byte in KNOWN.encode()),
        "".join(f"%{byte:02x}" for byte in KNOWN.encode()),
        KNOWN.replace("_", "%5F"),
    ],
)
def test_another_spelling_of_an_id_is_the_same_id(client: Client, segment: str) -> None:
    assert client.read(segment).json["id"] == KNOWN


def test_an_id_is_decoded_once_only(client: Client) -> None:
    assert client.read("%2562" + KNOWN[1:]).status == 404


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1",
        "/v1/batches",
        "/v1/batches/",
        f"/v1/batches/{KNOWN}/",
        f"/v1/batches/{KNOWN}/cancel",
        f"/v1//batches/{KNOWN}",
        f"/batches/{KNOWN}",
        f"/v1/batches/..%2F{KNOWN}",
        f"/v1/batches/x%2F..%2F{KNOWN}",
        "/v1/batches/..",
    ],
)
def test_no_other_path_leads_to_a_batch(client: Client, path: str) -> None:
    answer = client.ask(path)
    assert (answer.status, answer.json) == (404, "404 page not found")


def test_query_and_absolute_form_do_not_hide_the_path(client: Client) -> None:
    assert client.ask(f"/v1/batches/{KNOWN}?x=/y").status == 200
    assert client.ask(f"http://127.0.0.1/v1/batches/{KNOWN}").status == 200


@pytest.mark.parametrize("segment", ["%", "%zz", "%a", "x%ay", "%FF", "%80", "%C0%AF", "%ED%A0%80", "caf%E9"])
def test_an_id_that_cannot_be_decoded_is_answered_with_the_documented_400(client: Client, segment: str) -> None:
    answer = client.read(segment)
    assert answer.status == 400
    assert answer.json == {"code": 20015, "message": "Field required", "data": ""}
    assert client.read(KNOWN).status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PURGE", "get"])
def test_other_methods_are_answered_with_405_and_allow(client: Client, method: str) -> None:
    answer = client.ask(f"/v1/batches/{KNOWN}", method, ("Content-Length", "0"))
    assert (answer.status, answer.header("allow")) == (405, "GET, HEAD")


def test_a_request_body_is_read_and_forgotten(client: Client) -> None:
    client.send(f"/v1/batches/{KNOWN}", "POST", ("Content-Length", "5"), ("Expect", "100-continue"))
    assert client.socket.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.socket.sendall(b"hello")
    assert client.receive("POST").status == 405
    assert client.read(KNOWN).status == 200


@pytest.mark.parametrize("segment", [KNOWN, UNKNOWN, "%FF"])
def test_head_says_what_get_says_without_the_body(client: Client, segment: str) -> None:
    target, told_apart = f"/v1/batches/{segment}", {"date", "x-siliconcloud-trace-id"}
    get, head = client.ask(target), client.ask(target, "HEAD")
    assert head.body == b""
    assert head.status == get.status

    def lasting(headers: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
        return [entry for entry in headers if entry[0].lower() not in told_apart]

    assert lasting(head.headers) == lasting(get.headers)


REFUSED = {
    "missing": (),
    "empty": (("Authorization", ""),),
    "no token": (("Authorization", "Bearer"),),
    "two tokens": (("Authorization", f"Bearer {KEY} {KEY}"),),
    "no scheme": (("Authorization", KEY),),
    "another scheme": (("Authorization", f"Token {KEY}"),),
    "another key": (("Authorization", f"Bearer {KEY}x"),),
    "other case": (("Authorization", f"Bearer {KEY.upper()}"),),
    "twice": (("Authorization", f"Bearer {KEY}"), ("Authorization", f"Bearer {KEY}")),
    "other header": (("x-api-key", KEY),),
    "bytes": (("Authorization", "Bearer \xe9\xff"),),
}


@pytest.mark.parametrize("headers", REFUSED.values(), ids=REFUSED.keys())
@pytest.mark.parametrize("target", [f"/v1/batches/{KNOWN}", f"/v1/batches/{UNKNOWN}", "/elsewhere", "/v1/batches/%FF"])
def test_only_the_key_as_a_bearer_token_is_let_in(
    client: Client, headers: tuple[tuple[str, str], ...], target: str
) -> None:
    answer = client.ask(target, "GET", *headers, key=False)
    assert answer.status == 401
    assert answer.json in ("Invalid token", "Api key is invalid")
    assert (answer.header("www-authenticate") or "").startswith('Bearer realm="')


def test_the_challenge_names_an_error_only_where_a_token_was_given(client: Client) -> None:
    nothing = client.ask(f"/v1/batches/{KNOWN}", key=False)
    wrong = client.ask(f"/v1/batches/{KNOWN}", "GET", ("Authorization", "Bearer x"), key=False)
    assert "error" not in (nothing.header("www-authenticate") or "")
    assert 'error="invalid_token"' in (wrong.header("www-authenticate") or "")


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "bEaReR"])
def test_the_scheme_has_no_case(client: Client, scheme: str) -> None:
    assert client.ask(f"/v1/batches/{KNOWN}", "GET", ("Authorization", f"{scheme} {KEY}"), key=False).status == 200


def test_the_key_in_the_query_is_not_accepted(client: Client) -> None:
    assert client.ask(f"/v1/batches/{KNOWN}?api_key={KEY}", key=False).status == 401


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500, 503, 504])
def test_prefer_forces_a_status_with_its_documented_body(client: Client, status: int) -> None:
    answer = client.read(KNOWN, ("Prefer", f"respond-async, code={status}"))
    assert (answer.status, answer.header("preference-applied")) == (status, f"code={status}")
    if status in STRING_BODIES:
        assert isinstance(answer.json, str)
    else:
        assert isinstance(answer.json["message"], str)
        assert isinstance(answer.json["data"], str)
        assert status == 429 or type(answer.json["code"]) is int
    assert (answer.header("retry-after") == "1") is (status in (429, 503))
    assert (answer.header("www-authenticate") is not None) is (status == 401)


def test_prefer_is_followed_only_after_the_key_and_for_statuses_that_there_are(client: Client) -> None:
    assert client.ask(f"/v1/batches/{KNOWN}", "GET", ("Prefer", "code=503"), key=False).status == 401
    assert client.read(KNOWN, ("Prefer", "code=418")).status == 200
    assert client.read(KNOWN, ("Prefer", 'code="200"')).header("preference-applied") == "code=200"
    assert client.read(UNKNOWN, ("Prefer", "code=200")).status == 404


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "image/png;q=1", "*/*", ""])
def test_any_accept_is_answered_with_json(client: Client, accept: str) -> None:
    answer = client.read(KNOWN, ("Accept", accept))
    assert (answer.status, answer.header("content-type")) == (200, "application/json; charset=utf-8")


def test_large_bodies_are_compressed_for_clients_that_ask(client: Client) -> None:
    plain, packed = client.read(LARGE), client.read(LARGE, ("Accept-Encoding", "deflate, GZIP;q=0.5"))
    assert plain.header("content-encoding") is None
    assert packed.header("content-encoding") == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert client.read(LARGE, ("Accept-Encoding", "gzip;q=0, identity")).header("content-encoding") is None
    assert client.read(UNKNOWN, ("Accept-Encoding", "gzip")).header("content-encoding") is None


def test_pipelined_requests_are_answered_in_their_order(client: Client) -> None:
    one = f"GET /v1/batches/{KNOWN} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {KEY}\r\n\r\n"
    other = one.replace(KNOWN, LARGE)
    client.socket.sendall((one + other + one.replace("Host: x", "Host: x\r\nConnection: close")).encode())
    received = b""
    while piece := client.socket.recv(65536):
        received += piece
    assert received.count(b"HTTP/1.1 200 OK") == 3
    assert re.findall(rb'"id":"(batch_\w+)"', received) == [KNOWN.encode(), LARGE.encode(), KNOWN.encode()]
    assert received.count(b"Connection: close") == 1


def test_a_reply_that_is_held_back_still_comes_after_the_client_has_finished() -> None:
    with serving(latency=0.05) as port, Client(port) as client:
        client.send(f"/v1/batches/{KNOWN}")
        client.socket.shutdown(socket.SHUT_WR)
        assert client.receive().status == 200


def test_an_old_client_gets_its_answer_and_the_end_of_the_connection(client: Client) -> None:
    client.socket.sendall(f"GET /v1/batches/{KNOWN} HTTP/1.0\r\nAuthorization: Bearer {KEY}\r\n\r\n".encode())
    assert client.receive().status == 200
    assert client.socket.recv(1) == b""


def test_an_id_of_a_hundred_kilobytes_is_answered(client: Client) -> None:
    assert client.read("b" * 100_000).status == 404


def test_a_head_without_end_is_answered_with_400_and_ended(client: Client) -> None:
    client.socket.sendall(b"GET /" + b"b" * 400_000)
    assert client.receive().status == 400
    with pytest.raises((ConnectionError, AssertionError)):  # noqa: PT012 - the reset may come at either of the two
        client.socket.sendall(b"b" * 400_000)
        assert client.socket.recv(1)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), max_size=40))
def test_any_request_target_is_answered_as_documented_and_the_connection_goes_on(port: int, tail: str) -> None:
    with Client(port) as client:
        answer = client.ask(f"/v1/batches/{tail}")
        assert answer.status in (200, 400, 404)
        assert isinstance(answer.json, dict if answer.status in (200, 400) else str)
        assert client.read(KNOWN).status == 200


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=80))
def test_no_bytes_stop_the_server(port: int, raw: bytes) -> None:
    with Client(port) as client:
        client.socket.sendall(raw)
        client.socket.shutdown(socket.SHUT_WR)
        received = b""
        while piece := client.socket.recv(65536):
            received += piece
    assert received == b"" or received.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 401 "))
    with Client(port) as client:
        assert client.read(KNOWN).status == 200


def test_another_prefix_moves_the_batches() -> None:
    with serving(prefix="/api/v2") as port, Client(port) as client:
        assert client.ask(f"/api/v2/batches/{KNOWN}").status == 200
        assert client.ask(f"/v1/batches/{KNOWN}").status == 404
