from __future__ import annotations

import tracemalloc

import hostile
import pytest
from exchange_lines import exchange_to_dict, spooled
from hypothesis import given, settings
from hypothesis import strategies as st

from batch_conformance.exchange.exchange import Exchange, Probe
from batch_conformance.exchange.limits import Budget
from batch_conformance.exchange.target import Presentation, Target

KEY = "sk-hostile-canary-0123456789abcdef"
MEBIBYTE = 1 << 20


def bearer(kind: str, key: str) -> Presentation:
    return Presentation((("Authorization", f"Bearer {key}"),))


def get(path: str = "/batches/batch_rdyqgrcgjg", method: str = "GET") -> Probe:
    return Probe("known_ids", "read", path, "batch_rdyqgrcgjg", "known", method=method)


def target_of(server: hostile.HostileServer, timeout: float = 1.0, retries: int = 0) -> Target:
    return Target(server.base_url, KEY, bearer, timeout=timeout, retries=retries, environ={})


def send_to(behaviour: str | hostile.Behaviour, method: str = "GET", timeout: float = 1.0) -> Exchange:
    with hostile.serve(behaviour) as server, target_of(server, timeout) as target:
        return target.send(get(method=method), 0)[-1]


FAILURES = {
    "refuse": "refused",
    "reset_before_status": "reset",
    "close_before_status": "reset",
    "reset_in_headers": "reset",
    "close_in_headers": "reset",
    "silence": "timeout",
    "silence_in_headers": "timeout",
    "drip_head": "timeout",
    "interim_drip": "timeout",
    "endless_headers": "too_large",
    "endless_header_line": "too_large",
    "ten_thousand_headers": "too_large",
    "many_small_headers": "too_large",
    "content_length_conflicting": "protocol",
    "content_length_no_number": "protocol",
    "interim_flood": "protocol",
    "switching_protocols": "protocol",
    "no_status_line": "protocol",
    "odd_status_line": "protocol",
    "ssh_banner": "protocol",
    "http2_settings": "protocol",
    "tls_alert": "protocol",
}
BROKEN_BODIES = {
    "reset_in_body": "reset",
    "close_in_chunk": "reset",
    "silence_in_body": "timeout",
    "drip": "timeout",
    "content_length_too_long": "protocol",
    "bad_chunk": "protocol",
    "huge_chunk_size": "protocol",
    "endless_trailers": "too_large",
}
RESPONSES = {
    "endless_body": 200,
    "endless_chunks": 200,
    "hundred_megabytes": 200,
    "gzip_bomb": 200,
    "gzip_bomb_in_gzip": 200,
    "gzip_of_many_members": 200,
    "gzip_cut_short": 200,
    "not_really_gzip": 200,
    "brotli_unasked": 200,
    "content_length_too_short": 200,
    "content_length_doubled": 200,
    "content_length_with_chunked": 200,
    "redirect_loop": 302,
    "redirect_to_file": 301,
    "html_login_page": 200,
    "close_after_each": 200,
    "close_on_second": 200,
    "answers_twice": 200,
    "body_to_head": 200,
    "http_1_0": 200,
    "good": 200,
}


def test_every_behaviour_has_an_expectation():
    assert set(FAILURES) | set(BROKEN_BODIES) | set(RESPONSES) == set(hostile.BEHAVIOURS)


@pytest.mark.parametrize("name", sorted(FAILURES))
def test_a_server_without_an_answer_ends_as_a_failure(name):
    exchange = send_to(name)
    assert exchange.response is None
    assert exchange.failure is not None
    assert exchange.failure.kind == FAILURES[name], exchange.failure
    assert "\n" not in str(exchange.failure.detail)
    assert str(exchange.failure.detail).isprintable()


@pytest.mark.parametrize("name", sorted(BROKEN_BODIES))
def test_a_body_that_breaks_off_leaves_the_head_and_a_failure(name):
    exchange = send_to(name)
    assert exchange.status == 200
    assert exchange.failure is not None
    assert exchange.failure.kind == BROKEN_BODIES[name], exchange.failure
    assert exchange.response is not None
    assert exchange.response.header("Content-Type") == "application/json"


@pytest.mark.parametrize("name", sorted(RESPONSES))
def test_a_server_that_answers_at_all_gives_a_response(name):
    exchange = send_to(name, timeout=20.0)
    assert exchange.failure is None, exchange.failure
    assert exchange.status == RESPONSES[name]
    assert exchange.response is not None
    assert len(exchange.response.body) <= MEBIBYTE


@pytest.mark.parametrize("name", ["endless_body", "hundred_megabytes", "gzip_bomb", "gzip_bomb_in_gzip"])
def test_what_is_kept_of_a_huge_body_is_cut_and_says_so(name):
    tracemalloc.start()
    try:
        response = send_to(name, timeout=20.0).response
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert response is not None
    assert response.truncated
    assert len(response.body) == MEBIBYTE
    assert peak < 40 * MEBIBYTE


def test_a_body_of_tiny_chunks_is_cut_by_what_it_costs():
    response = send_to("endless_chunks", timeout=20.0).response
    assert response is not None
    assert response.truncated
    assert 0 < len(response.body) < MEBIBYTE


def test_a_partial_body_is_kept():
    response = send_to("reset_in_body").response
    assert response is not None
    assert response.body == hostile.GOOD_BODY


def test_the_lengths_of_a_short_body_are_told():
    failure = send_to("content_length_too_long").failure
    assert failure is not None
    assert str(failure.detail) == f"the body ended after {len(hostile.GOOD_BODY)} bytes: Content-Length says 1000"


def test_conflicting_lengths_are_told():
    failure = send_to("content_length_conflicting").failure
    assert failure is not None
    assert str(failure.detail) == "conflicting Content-Length headers: 42 and 7"


def test_a_doubled_content_length_stays_visible():
    response = send_to("content_length_doubled").response
    assert response is not None
    assert response.header_all("Content-Length") == ("42", "42")
    assert response.body == hostile.GOOD_BODY


def test_content_length_beside_chunked_stays_visible():
    response = send_to("content_length_with_chunked").response
    assert response is not None
    assert response.header("Content-Length") == "42"
    assert response.header("Transfer-Encoding") == "chunked"
    assert response.body == hostile.GOOD_BODY


def test_bytes_beyond_the_content_length_are_counted_and_never_read_as_an_answer():
    with hostile.serve("content_length_too_short") as server, target_of(server) as target:
        first = target.send(get(), 0)[-1]
        second = target.send(get(), 1)[-1]
    for exchange in (first, second):
        assert exchange.response is not None
        assert exchange.response.body == hostile.GOOD_BODY[:10]
        assert exchange.response.trailing == len(hostile.GOOD_BODY) - 10


def test_an_unasked_second_answer_is_not_taken_for_the_next_one():
    with hostile.serve("answers_twice") as server, target_of(server) as target:
        for name in (b"first", b"second", b"third"):
            response = target.send(get(f"/batches/{name.decode()}"), 0)[-1].response
            assert response is not None
            assert response.body == b'{"id":"%s"}' % name
            assert response.trailing


def test_a_body_to_head_is_counted_and_does_not_disturb_the_next_answer():
    with hostile.serve("body_to_head") as server, target_of(server) as target:
        head = target.send(get(method="HEAD"), 0)[-1].response
        following = target.send(get(), 1)[-1].response
    assert head is not None
    assert following is not None
    assert (head.body, head.trailing) == (b"", len(hostile.GOOD_BODY))
    assert following.body == hostile.GOOD_BODY


def test_redirects_are_never_followed():
    for name in ("redirect_loop", "redirect_to_file"):
        with hostile.serve(name) as server, target_of(server) as target:
            target.send(get(), 0)
            assert server.requests == 1


def test_a_wrong_content_encoding_is_told_and_its_text_kept():
    response = send_to("not_really_gzip").response
    assert response is not None
    assert str(response.decode_error).startswith("the body is not gzip")
    assert response.body == hostile.GOOD_BODY


def test_a_compressed_body_that_ends_early_is_told():
    response = send_to("gzip_cut_short").response
    assert response is not None
    assert str(response.decode_error) == "the gzip stream is cut: it ends before its end"
    assert response.body == hostile.GOOD_BODY


def test_a_coding_nobody_asked_for_is_told_and_its_bytes_are_not_kept():
    response = send_to("brotli_unasked").response
    assert response is not None
    assert "'br'" in str(response.decode_error)
    assert (response.body, response.wire_size) == (b"", 5)


@pytest.fixture(scope="module")
def scripted():
    """A server that answers with whatever stands in the list, and a target for it."""
    script = [b""]

    def answer(server, sock, head):
        sock.sendall(script[0])

    with hostile.serve(answer) as server, target_of(server, timeout=10.0) as target:
        yield script, target


PIECES = st.sampled_from(
    [
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 103 -\r\n",
        b"Content-Length: 5\r\n",
        b"Content-Length: 99999999999999999999\r\n",
        b"Transfer-Encoding: chunked\r\n",
        b"Content-Encoding: gzip, deflate\r\n",
        b"Connection: close\r\n",
        b" folded\r\n",
        b"\r\n",
        b"\n",
        b"5\r\nabcde\r\n",
        b"0\r\n\r\n",
        b"\x1f\x8b\x08\x00",
        KEY.encode(),
    ]
)
ANSWERS = st.lists(PIECES | st.binary(max_size=8), max_size=10).map(b"".join)


@settings(max_examples=400, deadline=None)
@given(answer=ANSWERS | ANSWERS.map(b"HTTP/1.1 200 OK\r\n".__add__))
def test_any_bytes_end_as_an_exchange_without_the_key(scripted, answer):
    script, target = scripted
    script[0] = answer
    exchange = target.send(get(), 0)[-1]
    assert exchange.response is not None or exchange.failure is not None
    assert KEY not in repr(exchange)
    assert spooled(exchange_to_dict(exchange)) == exchange


def test_closing_between_requests_is_no_failure():
    for name, served in (("close_after_each", 3), ("close_on_second", 5)):
        with hostile.serve(name) as server, target_of(server) as target:
            outcomes = [target.send(get(), number) for number in range(3)]
            assert [exchange.status for attempts in outcomes for exchange in attempts] == [200, 200, 200]
            assert server.requests == served


def test_a_request_repeated_on_a_new_connection_is_counted():
    with hostile.serve("close_on_second") as server:
        budget = Budget()
        with Target(server.base_url, KEY, bearer, budget=budget, environ={}) as target:
            for number in range(3):
                target.send(get(), number)
        assert budget.used == server.requests == 5


def test_a_redirect_of_a_key_in_a_body_leaves_no_key_anywhere():
    def echo(server, sock, head):
        authorization = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"authorization"))
        half = len(authorization) // 2
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in (authorization[:half], authorization[half:]))
        sock.sendall(
            b"HTTP/1.1 302 " + authorization[15:] + b"\r\nLocation: /?token=" + authorization[22:] + b"\r\n"
            b"X-Echo: " + authorization + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
        )

    exchange = send_to(echo)
    assert KEY not in repr(exchange)
    assert KEY[4:] not in repr(exchange)
    assert exchange.reflections == ("header Location", "header X-Echo", "reason", "body")


def test_a_status_line_with_the_key_in_it_does_not_leak_it():
    def echo(server, sock, head):
        sock.sendall(KEY.encode() + b" is no status line\r\n\r\n")

    exchange = send_to(echo)
    assert exchange.failure is not None
    assert exchange.failure.kind == "protocol"
    assert KEY[:12] not in repr(exchange)


def test_a_server_that_answers_before_it_has_read_everything_is_heard():
    def early(server, sock, head):
        sock.sendall(b"HTTP/1.1 414 URI Too Long\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        sock.shutdown(1)
        while sock.recv(65536):
            pass

    with hostile.serve(early) as server, target_of(server) as target:
        assert target.send(get("/batches/" + "x" * 60_000), 0)[-1].status == 414


def test_a_server_that_dies_and_comes_back_is_told_attempt_by_attempt():
    def flaky(server, sock, head):
        if server.requests != 2:
            hostile.reset(sock)
        else:
            sock.sendall(hostile.GOOD)

    with hostile.serve(flaky) as server, target_of(server, retries=2) as target:
        attempts = target.send(get(), 7)
    assert [(e.attempt, e.final, e.status, e.failure and e.failure.kind) for e in attempts] == [
        (0, False, None, "reset"),
        (1, True, 200, None),
    ]


def test_a_lie_about_the_length_is_repeated_and_then_told():
    with hostile.serve("content_length_too_long") as server, target_of(server, retries=2) as target:
        attempts = target.send(get(), 0)
    assert [e.failure and e.failure.kind for e in attempts] == ["protocol"] * 3
    assert [e.final for e in attempts] == [False, False, True]
