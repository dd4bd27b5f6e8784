from __future__ import annotations

import contextlib
import email.utils
import itertools
import socket
import threading
import time
import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import hostile
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tls_support import make_certificates, server_context

from batch_conformance import __version__
from batch_conformance.exchange.base_url import BaseUrl, BaseUrlError, parse_base_url
from batch_conformance.exchange.connection import TrustError
from batch_conformance.exchange.exchange import Headers, Probe
from batch_conformance.exchange.limits import Budget, BudgetExhausted, LimitError, Pacer, RateLimit
from batch_conformance.exchange.proxy import Proxy, ProxyError, choose_proxy
from batch_conformance.exchange.secret import Secret
from batch_conformance.exchange.target import Presentation, Target, TargetError, retry_after

KEY = "sk-Qz7vLw3xN9tRk2mYp5bHc8dJf4gAs6"


def bearer(kind: str, key: str) -> Presentation:
    if kind == "missing":
        return Presentation(refused=True)
    if kind == "wrong":
        return Presentation((("Authorization", "Bearer 000000000000"),), refused=True)
    if kind == "nearly":
        return Presentation((("Authorization", f"Bearer {key[:-1]}"),), refused=True)
    if kind == "elsewhere_query":
        return Presentation(query=f"api_key={key}", refused=True)
    return Presentation((("Authorization", f"Bearer {key}"),))


def probe(path: str = "/batches/batch_a", **more: object) -> Probe:
    return Probe("known_ids", "read", path, "batch_a", "known", **more)  # type: ignore[arg-type]


class Naps:
    """Sleeps without sleeping, and remembers."""

    def __init__(self) -> None:
        self.now = 0.0
        self.taken: list[float] = []

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.taken.append(seconds)
        self.now += seconds


def answering(*answers: bytes) -> hostile.Behaviour:
    """Gives these answers one after the other, then the last one for ever."""

    def answer(server: hostile.HostileServer, sock: socket.socket, head: bytes) -> None:
        while head:
            sock.sendall(answers[min(server.requests, len(answers)) - 1])
            head = server.read_head(sock)

    return answer


def reply(status: int, *headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} -", "Content-Length: 0", *headers]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def target_of(server: hostile.HostileServer, **more: object) -> Target:
    return Target(server.base_url, KEY, bearer, **{"timeout": 2.0, "environ": {}, **more})  # type: ignore[arg-type]


# The base URL


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://api.siliconflow.cn/v1", BaseUrl("https", "api.siliconflow.cn", 443, "/v1")),
        ("https://api.siliconflow.cn/v1/", BaseUrl("https", "api.siliconflow.cn", 443, "/v1")),
        (" HTTP://Example.COM:8080 ", BaseUrl("http", "example.com", 8080)),
        ("http://example.com:80/", BaseUrl("http", "example.com", 80)),
        ("http://[::1]:8080/v1", BaseUrl("http", "::1", 8080, "/v1")),
        ("http://127.0.0.1:1/a/b//", BaseUrl("http", "127.0.0.1", 1, "/a/b")),
        ("https://bücher.example/v1", BaseUrl("https", "xn--bcher-kva.example", 443, "/v1")),
    ],
)
def test_a_base_url_is_taken_apart(text, expected):
    assert parse_base_url(text) == expected


def test_a_base_url_is_written_back_without_a_trailing_slash():
    for text in ("https://api.siliconflow.cn/v1", "http://[::1]:8080/v1", "http://127.0.0.1:9"):
        assert str(parse_base_url(text + "/")) == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("api.siliconflow.cn/v1", "has no scheme: put https://"),
        ("localhost:8080", "has no scheme"),
        ("ftp://x/v1", "the scheme 'ftp'"),
        ("https://me:pw@x/v1", "contains credentials"),
        ("https://x/v1?key=1", "query or fragment"),
        ("https://x/v1#a", "query or fragment"),
        ("https:///v1", "has no host"),
        ("https://x:0/v1", "port 0"),
        ("https://x:99999/v1", "no usable host and port"),
        ("https://[::1/v1", "no usable host and port"),
        ("https://x/v 1", "white space"),
        ("https://x/\u00fc", "percent-encoded"),
    ],
)
def test_a_wrong_base_url_is_told_in_one_line(text, words):
    with pytest.raises(BaseUrlError) as error:
        parse_base_url(text)
    assert words in str(error.value)
    assert "\n" not in str(error.value)
    assert "pw" not in str(error.value)
    assert "key=1" not in str(error.value)


@given(st.text() | st.text().map(lambda text: "https://" + text))
def test_any_text_is_a_base_url_or_a_one_line_error(text):
    try:
        base = parse_base_url(text)
    except BaseUrlError as error:
        message = str(error)
    else:
        message = ""
        assert parse_base_url(str(base)) == base
    assert message.isprintable()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "localhost", "a.localhost", "[::1]", "[::ffff:127.0.0.1]"])
def test_loopback_is_known(host):
    assert parse_base_url(f"http://{host}:80/v1").is_loopback


@pytest.mark.parametrize("host", ["example.com", "128.0.0.1", "10.0.0.1", "[::2]", "localhost.example.com"])
def test_other_hosts_are_not_loopback(host):
    assert not parse_base_url(f"http://{host}/v1").is_loopback


# What goes out


def test_the_request_goes_out_exactly_as_given():
    path = "/batches/%2e%2E/..%2f/%zz/%/[{a}]'\"<>|^`;v=1?x"
    with hostile.serve("good") as server, target_of(server) as target:
        (exchange,) = target.send(probe(path, headers=(("Accept", "application/json"), ("X-odd-CASE", "1"))), 3)
        assert server.heads[0].decode().split("\r\n") == [
            f"GET /v1{path} HTTP/1.1",
            f"Host: 127.0.0.1:{server.port}",
            f"User-Agent: batch-conformance/{__version__}",
            "Accept-Encoding: identity",
            f"Authorization: Bearer {KEY}",
            "Accept: application/json",
            "X-odd-CASE: 1",
            "",
            "",
        ]
    assert exchange.request.url == f"{server.base_url}{path}"
    assert exchange.request.headers[-3:] == (
        ("Authorization", "Bearer [redacted]"),
        ("Accept", "application/json"),
        ("X-odd-CASE", "1"),
    )
    assert (exchange.number, exchange.attempt, exchange.final) == (3, 0, True)
    assert exchange.elapsed > 0


def test_headers_of_the_probe_take_the_place_of_others():
    with hostile.serve("good") as server:
        with target_of(server, headers=(("Accept", "*/*"), ("X-Team", "a"))) as target:
            target.send(probe(headers=(("accept", "text/html"), ("Accept-Encoding", "gzip"))), 0)
        head = server.heads[0].lower()
    assert head.count(b"\r\naccept:") == head.count(b"\r\naccept-encoding:") == 1
    assert b"\r\nx-team: a\r\n" in head


def test_queries_are_joined_in_order():
    with hostile.serve("good") as server, target_of(server, query="?api-version=1") as target:
        exchange = target.send(probe(query="a=b", credential="elsewhere_query"), 0)[-1]
        assert server.heads[0].startswith(f"GET /v1/batches/batch_a?api-version=1&a=b&api_key={KEY} HTTP".encode())
    assert exchange.request.url.endswith("?api-version=1&a=b&api_key=[redacted]")


def test_a_credential_unlike_the_key_stays_readable_and_one_like_it_does_not():
    with hostile.serve("good") as server, target_of(server) as target:
        shown = [
            target.send(probe(credential=kind), 0)[-1].request.header("Authorization") for kind in ("wrong", "nearly")
        ]
    assert shown == ["Bearer 000000000000", "Bearer [redacted]"]


@pytest.mark.parametrize("path", ["/batches/a b", "/batches/a\r\nX: 1", "/batches/\x00"])
def test_a_path_that_would_break_the_request_is_refused(path):
    with hostile.serve("good") as server, target_of(server) as target:
        with pytest.raises(ValueError, match="white space or control characters"):
            target.send(probe(path), 0)
        assert server.requests == 0


def test_a_header_that_would_break_the_request_is_refused():
    with hostile.serve("good") as server:
        with target_of(server) as target, pytest.raises(ValueError, match="line break"):
            target.send(probe(headers=(("X", "a\r\nY: b"),)), 0)
        with pytest.raises(TargetError, match="X-Bad"):
            target_of(server, headers=(("X-Bad", "a\nb"),))


@pytest.mark.parametrize("key", ["two words", "line\n", "sch\u00fcssel"])
def test_a_key_that_cannot_be_sent_is_refused_without_showing_it(key):
    with pytest.raises(TargetError) as error:
        Target("http://127.0.0.1:9/v1", key, bearer, environ={})
    assert key not in str(error.value)


def test_the_target_does_not_show_its_key():
    assert KEY not in repr(Target("http://127.0.0.1:9/v1", KEY, bearer, environ={}))


@pytest.mark.parametrize("where", ["present", "sleep", "path", "header", "key"])
def test_a_traceback_with_local_variables_does_not_show_the_key(where):
    naps = Naps()

    def present(kind: str, key: str) -> Presentation:
        presentation = bearer("elsewhere_query", key)
        presentation = replace(presentation, headers=bearer("valid", key).headers)
        if where == "present":
            raise RuntimeError("a fault in between")
        return presentation

    def sleep(seconds: float) -> None:
        raise KeyboardInterrupt

    with hostile.serve(answering(reply(503))) as server:
        text = ""
        try:
            key = Secret(KEY + (" " if where == "key" else ""))
            nap = sleep if where == "sleep" else naps.sleep
            with Target(server.base_url, key, present, sleep=nap, environ={}) as target:
                path = "/a b" if where == "path" else "/a"
                target.send(probe(path, headers=(("X", "a\nb"),) if where == "header" else ()), 0)
        except (ValueError, RuntimeError, KeyboardInterrupt) as error:
            text = "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())
    assert "target.py" in text
    assert KEY not in text


def test_connections_are_kept_alive():
    ports = set()

    def note(server: hostile.HostileServer, sock: socket.socket, head: bytes) -> None:
        ports.add(sock.getpeername()[1])
        hostile.BEHAVIOURS["good"](server, sock, head)

    with hostile.serve(note) as server, target_of(server) as target:
        for number in range(5):
            target.send(probe(), number)
        assert server.requests == 5
    assert len(ports) == 1


def test_ipv6_works():
    try:
        listener = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    with listener:

        def answer() -> None:
            sock, _ = listener.accept()
            with sock:
                sock.recv(65536)
                sock.sendall(hostile.GOOD)

        thread = threading.Thread(target=answer)
        thread.start()
        with Target(f"http://[::1]:{listener.getsockname()[1]}/v1", KEY, bearer, environ={}) as target:
            assert target.send(probe(), 0)[-1].status == 200
        thread.join()


def test_the_probes_pause_is_slept_before_it_is_sent():
    naps = Naps()
    with hostile.serve("good") as server, target_of(server, sleep=naps.sleep) as target:
        target.send(probe(wait=1.5), 0)
    assert naps.taken == [1.5]


def test_time_that_other_requests_took_is_not_slept_again():
    naps = Naps()
    with hostile.serve("good") as server, target_of(server, sleep=naps.sleep) as target:
        target.send(probe(), 0)
        time.sleep(0.05)
        target.send(probe(wait=0.05), 1)
        target.send(probe(wait=30.0), 2)
    assert len(naps.taken) == 1
    assert 29 < naps.taken[0] < 30


# Retries


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_an_overloaded_server_is_asked_again(status):
    naps = Naps()
    with hostile.serve(answering(reply(status), reply(status), hostile.GOOD)) as server:
        budget = Budget()
        with target_of(server, sleep=naps.sleep, budget=budget) as target:
            attempts = target.send(probe(), 4)
    assert [(e.status, e.attempt, e.final, e.number) for e in attempts] == [
        (status, 0, False, 4),
        (status, 1, False, 4),
        (200, 2, True, 4),
    ]
    assert naps.taken == [0.2, 0.4]
    assert budget.used == 3


@pytest.mark.parametrize("status", [200, 301, 400, 401, 404, 500, 501])
def test_other_answers_are_final(status):
    with hostile.serve(answering(reply(status))) as server, target_of(server) as target:
        assert len(target.send(probe(), 0)) == 1


@pytest.mark.parametrize("more", [{"forced_status": 503}, {"method": "POST"}, {"method": "DELETE"}])
def test_what_is_forced_or_unsafe_is_sent_once(more):
    with hostile.serve(answering(reply(503))) as server, target_of(server) as target:
        assert len(target.send(probe(**more), 0)) == 1


def test_another_error_than_the_one_that_was_asked_for_is_tried_again():
    with hostile.serve(answering(reply(503))) as server, target_of(server) as target:
        assert len(target.send(probe(forced_status=504), 0)) == 3


def test_the_key_in_place_of_an_id_is_not_kept():
    with hostile.serve(answering(reply(404))) as server, target_of(server) as target:
        (exchange,) = target.send(replace(probe(), path=f"/batches/{KEY}", batch_id=KEY), 0)
    assert KEY not in repr(exchange)


def test_connection_failures_are_tried_again_and_the_last_one_is_final():
    naps = Naps()
    with hostile.serve("refuse") as server, target_of(server, sleep=naps.sleep) as target:
        attempts = target.send(probe(), 0)
    assert [e.failure and e.failure.kind for e in attempts] == ["refused"] * 3
    assert [e.final for e in attempts] == [False, False, True]
    assert naps.taken == [0.2, 0.4]


def test_retry_after_is_waited_for():
    naps = Naps()
    with (
        hostile.serve(answering(reply(503, "Retry-After: 7"), hostile.GOOD)) as server,
        target_of(server, sleep=naps.sleep) as target,
    ):
        assert len(target.send(probe(), 0)) == 2
    assert naps.taken == [7.0]


@pytest.mark.parametrize("value", ["31", "9" * 400, "Fri, 31 Dec 2100 23:59:59 GMT"])
def test_a_longer_retry_after_is_not_waited_for(value):
    naps = Naps()
    with (
        hostile.serve(answering(reply(429, f"Retry-After: {value}"))) as server,
        target_of(server, sleep=naps.sleep) as target,
    ):
        assert len(target.send(probe(), 0)) == 1
    assert naps.taken == []


@pytest.mark.parametrize("value", ["", "soon", "-1", "1.5", "Wed, 99 Foo 2026", "\u0663"])
def test_a_retry_after_that_says_nothing_is_ignored(value):
    assert retry_after(value, 0.0) is None


def test_both_forms_of_retry_after_are_read():
    now = 1_700_000_000.0
    assert retry_after("120", now) == 120.0
    assert retry_after(email.utils.formatdate(now + 5, usegmt=True), now) == 5.0
    assert retry_after(email.utils.formatdate(now - 5, usegmt=True), now) == 0.0


@given(st.text())
def test_any_retry_after_is_a_duration_or_nothing(text):
    seconds = retry_after(text, 0.0)
    assert seconds is None or seconds >= 0


# Budget and pace


def test_a_used_budget_sends_nothing():
    with hostile.serve("good") as server, target_of(server, budget=Budget(2)) as target:
        target.send(probe(), 0)
        target.send(probe(), 1)
        with pytest.raises(BudgetExhausted, match="all 2 requests of the run are used"):
            target.send(probe(), 2)
        assert server.requests == 2


def test_a_budget_that_ends_between_retries_keeps_what_was_gathered():
    naps = Naps()
    with hostile.serve(answering(reply(503))) as server:
        with target_of(server, budget=Budget(2), sleep=naps.sleep) as target:
            attempts = target.send(probe(), 0)
        assert server.requests == 2
    assert [(e.status, e.final) for e in attempts] == [(503, False), (503, True)]


def test_a_retry_that_would_outlast_the_run_is_not_waited_for():
    naps = Naps()
    budget = Budget(max_duration=5.0, clock=naps.clock)
    with (
        hostile.serve(answering(reply(503, "Retry-After: 6"))) as server,
        target_of(server, budget=budget, sleep=naps.sleep) as target,
    ):
        assert len(target.send(probe(), 0)) == 1
    assert naps.taken == []


def test_the_time_of_a_run_starts_with_its_first_request():
    naps = Naps()
    budget = Budget(max_duration=10.0, clock=naps.clock)
    naps.now = 100.0
    budget.take()
    naps.now = 109.0
    budget.take()
    assert not budget.allows(1.0)
    naps.now = 110.0
    with pytest.raises(BudgetExhausted, match="10 seconds"):
        budget.take()
    assert budget.used == 2


@pytest.mark.parametrize(
    ("text", "interval"), [("10/s", 0.1), ("100/m", 0.6), (" 5 / s ", 0.2), ("7200/h", 0.5), ("2/min", 30.0)]
)
def test_rate_limits_are_read(text, interval):
    assert RateLimit.parse(text).interval == pytest.approx(interval)


@pytest.mark.parametrize("text", ["", "10", "0/s", "-1/s", "1.5/s", "10/d", "/s", "ten/s"])
def test_a_wrong_rate_limit_is_told(text):
    with pytest.raises(LimitError, match="like 10/s or 100/m"):
        RateLimit.parse(text)


@pytest.mark.parametrize("more", [{"timeout": 0}, {"retries": -1}])
def test_impossible_limits_are_told(more):
    with pytest.raises(LimitError):
        Target("http://127.0.0.1:9", None, bearer, environ={}, **more)


@pytest.mark.parametrize("limits", [(0, None), (None, 0.0), (None, -1.0)])
def test_impossible_budgets_are_told(limits):
    with pytest.raises(LimitError):
        Budget(*limits)


@given(st.lists(st.floats(0, 3), max_size=30), st.sampled_from(["10/s", "5/s", "100/m"]))
def test_no_two_requests_are_closer_than_the_rate_allows(pauses, text):
    naps = Naps()
    rate = RateLimit.parse(text)
    pacer = Pacer(rate, clock=naps.clock, sleep=naps.sleep)
    sent = []
    for pause in pauses:
        naps.now += pause
        pacer.wait()
        sent.append(naps.now)
    assert all(later - earlier >= rate.interval - 1e-9 for earlier, later in itertools.pairwise(sent))


def test_without_a_rate_nothing_waits():
    naps = Naps()
    pacer = Pacer(None, clock=naps.clock, sleep=naps.sleep)
    for _ in range(3):
        pacer.wait()
    assert naps.taken == []


# Names and proxies


def test_a_name_that_does_not_resolve_is_told():
    with Target("http://no-such-host.invalid/v1", KEY, bearer, timeout=5, retries=0, environ={}) as target:
        failure = target.send(probe(), 0)[-1].failure
    assert failure is not None
    assert failure.kind == "dns"
    assert "no-such-host.invalid" in str(failure.detail)


@pytest.mark.parametrize(
    ("base", "environ", "expected"),
    [
        ("http://a.example", {"http_proxy": "http://p:3128"}, Proxy("p", 3128)),
        ("http://a.example", {"HTTP_PROXY": "p:3128"}, Proxy("p", 3128)),
        ("https://a.example", {"HTTPS_PROXY": "http://p"}, Proxy("p", 80)),
        ("https://a.example", {"HTTP_PROXY": "http://p"}, None),
        ("https://a.example", {"ALL_PROXY": "http://p:1"}, Proxy("p", 1)),
        ("https://a.example", {"HTTPS_PROXY": "http://p", "NO_PROXY": "b.example,a.example"}, None),
        ("https://x.a.example", {"HTTPS_PROXY": "http://p", "no_proxy": ".a.example"}, None),
        ("https://xa.example", {"HTTPS_PROXY": "http://p", "no_proxy": "a.example"}, Proxy("p", 80)),
        ("https://a.example", {"HTTPS_PROXY": "http://p", "NO_PROXY": "*"}, None),
        ("https://a.example:444", {"HTTPS_PROXY": "http://p", "NO_PROXY": "a.example:444"}, None),
        ("https://a.example", {"HTTPS_PROXY": "http://p", "NO_PROXY": "a.example:444"}, Proxy("p", 80)),
        ("http://127.0.0.1:9", {"HTTP_PROXY": "http://p"}, None),
        ("http://localhost:9", {"ALL_PROXY": "http://p"}, None),
        ("http://a.example", {"HTTP_PROXY": "http://u:p%40w@p:1"}, Proxy("p", 1, "Basic dTpwQHc=")),
    ],
)
def test_proxies_are_chosen_by_the_usual_variables(base, environ, expected):
    assert choose_proxy(parse_base_url(base), environ) == expected


@pytest.mark.parametrize(
    "text", ["socks5://u:secret@p:1080", "https://u:secret@p", "http://u:secret@:80", "http://p:x"]
)
def test_a_proxy_that_cannot_be_used_is_told_without_its_password(text):
    with pytest.raises(ProxyError, match="HTTP_PROXY is not usable") as error:
        choose_proxy(parse_base_url("http://a.example"), {"HTTP_PROXY": text})
    assert "secret" not in str(error.value)


def test_a_plain_request_goes_to_the_proxy_in_absolute_form():
    with hostile.serve("good") as proxy:
        environ = {"HTTP_PROXY": f"http://me:pw@127.0.0.1:{proxy.port}"}
        with Target("http://api.example/v1", KEY, bearer, environ=environ) as target:
            exchange = target.send(probe("/batches/%2e"), 0)[-1]
        head = proxy.heads[0]
    assert head.startswith(b"GET http://api.example/v1/batches/%2e HTTP/1.1\r\nHost: api.example\r\n")
    assert b"\r\nProxy-Authorization: Basic bWU6cHc=\r\n" in head
    assert "bWU6cHc" not in repr(exchange)


def test_a_proxy_that_refuses_the_tunnel_is_told():
    def refuse(server: hostile.HostileServer, sock: socket.socket, head: bytes) -> None:
        sock.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")

    with hostile.serve(refuse) as proxy:
        environ = {"HTTPS_PROXY": f"http://127.0.0.1:{proxy.port}"}
        with Target("https://api.example/v1", KEY, bearer, environ=environ) as target:
            attempts = target.send(probe(), 0)
        assert proxy.heads[0].startswith(b"CONNECT api.example:443 HTTP/1.1\r\n")
        assert KEY.encode() not in proxy.heads[0]
    assert len(attempts) == 1
    failure = attempts[0].failure
    assert failure is not None
    assert failure.kind == "refused"
    assert "answered 407 to CONNECT api.example:443" in str(failure.detail)


# TLS


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A CA, and certificates of it for localhost: good, for another name, and expired; one that signed itself."""
    return make_certificates(tmp_path_factory.mktemp("tls"))


class TlsServer:
    """Serves one good answer per connection over TLS, and tunnels to itself when asked as a proxy."""

    def __init__(self, certificates: dict[str, Path], name: str) -> None:
        self._context = server_context(certificates, name)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.connects: list[bytes] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            try:
                self._serve(sock)
            except OSError:
                sock.close()

    def _serve(self, sock: socket.socket) -> None:
        sock.settimeout(5)
        if sock.recv(1, socket.MSG_PEEK) == b"C":
            self.connects.append(sock.recv(65536))
            sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with self._context.wrap_socket(sock, server_side=True) as secure:
            secure.recv(65536)
            secure.sendall(hostile.GOOD)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)


@pytest.fixture
def tls(certificates: dict[str, Path], request: pytest.FixtureRequest) -> Iterator[TlsServer]:
    server = TlsServer(certificates, request.param)
    yield server
    server.close()


def ask(server: TlsServer, host: str = "localhost", environ: dict[str, str] | None = None, **more: object) -> Headers:
    url = f"https://{host}:{server.port}/v1"
    with Target(url, KEY, bearer, timeout=5, retries=0, environ=environ or {}, **more) as target:  # type: ignore[arg-type]
        exchange = target.send(probe(), 0)[-1]
    if exchange.failure:
        return ((exchange.failure.kind, str(exchange.failure.detail)),)
    return (("status", str(exchange.status)),)


@pytest.mark.parametrize("tls", ["good"], indirect=True)
def test_tls_with_a_trusted_certificate_works(tls, certificates):
    assert ask(tls, ca_bundle=str(certificates["ca.pem"])) == (("status", "200"),)


@pytest.mark.parametrize("tls", ["good"], indirect=True)
def test_a_certificate_of_an_unknown_authority_is_refused(tls):
    ((kind, detail),) = ask(tls)
    assert kind == "tls"
    assert "certificate of localhost is not valid" in detail
    assert "--ca-bundle" in detail


@pytest.mark.parametrize(
    ("tls", "words"), [("other", "Hostname mismatch"), ("old", "expired")], indirect=["tls"], ids=["name", "date"]
)
def test_a_wrong_certificate_is_refused_and_said_why(tls, words, certificates):
    ((kind, detail),) = ask(tls, ca_bundle=str(certificates["ca.pem"]))
    assert kind == "tls"
    assert words in detail


@pytest.mark.parametrize("tls", ["other", "old"], indirect=True)
def test_insecure_takes_any_certificate(tls):
    assert ask(tls, insecure=True) == (("status", "200"),)


@pytest.mark.parametrize("tls", ["good"], indirect=True)
def test_a_tunnel_through_a_proxy_is_verified_end_to_end(tls, certificates):
    environ = {"HTTPS_PROXY": f"http://127.0.0.1:{tls.port}"}
    ((kind, detail),) = ask(tls, "api.example", environ, ca_bundle=str(certificates["ca.pem"]))
    assert kind == "tls"
    assert "api.example" in detail
    assert ask(tls, "api.example", environ, insecure=True) == (("status", "200"),)
    assert tls.connects[0].startswith(b"CONNECT api.example:")


def test_https_to_a_plain_http_server_is_told():
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            sock, _ = listener.accept()
            with sock:
                sock.recv(65536)
                sock.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
                with contextlib.suppress(ConnectionError):
                    sock.recv(65536)

        thread = threading.Thread(target=answer)
        thread.start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/v1"
        with Target(url, KEY, bearer, timeout=5, retries=0, environ={}) as target:
            failure = target.send(probe(), 0)[-1].failure
        thread.join()
    assert failure is not None
    assert failure.kind == "tls"
    assert "a plain http:// server?" in str(failure.detail)


def test_a_ca_bundle_that_is_none_is_told(tmp_path):
    for path in (tmp_path / "absent.pem", tmp_path / "wrong.pem"):
        if path.name == "wrong.pem":
            path.write_text("no certificate")
        with pytest.raises(TrustError, match="cannot be used"):
            Target("https://127.0.0.1:9/v1", KEY, bearer, ca_bundle=str(path), environ={})


def test_the_deadline_covers_the_handshake():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/v1"
        with Target(url, KEY, bearer, timeout=0.5, retries=0, environ={}) as target:
            failure = target.send(probe(), 0)[-1].failure
    assert failure is not None
    assert failure.kind == "timeout"


def test_a_header_line_that_is_none_is_quoted_as_it_came_and_not_as_python_keeps_it():
    head = b"HTTP/1.1 200 OK\r\nX-Batch: a\0\r\n\r\n"
    with hostile.serve(answering(head)) as server, target_of(server) as target:
        failure = target.send(probe(), 1)[-1].failure
    assert failure is not None
    assert r"(illegal header line: 'X-Batch: a\x00')" in str(failure.detail)
