"""The curl line of a request, run in a shell, sends what was sent: the same credential, and what else was odd."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler

import pytest
from http_server import listening

from batch_conformance.exchange.curl import curl_line
from batch_conformance.exchange.exchange import SESSION_COOKIE, Exchange, Probe
from batch_conformance.exchange.target import Target
from batch_conformance.probes.credentials import KINDS, present

pytestmark = pytest.mark.skipif(not shutil.which("curl"), reason="needs the curl command")

KEY = "sk-Canary0123456789abcdefghij"
ALIKE = frozenset({"nearly", "nearly_first", "percent_encoded", "full_width"})
"""Kinds that change one place of the key; the shell changes another one, or to another letter."""


@contextmanager
def keeping_a_session() -> Iterator[tuple[str, list[dict[str, str]]]]:
    """The base URL of a server that sets a cookie, and the headers of what it was asked, names in lower case."""
    asked: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append({name.lower(): value for name, value in self.headers.items()})
            self.send_response(401)
            self.send_header("Set-Cookie", "session=1234567890")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    with listening(Handler) as origin:
        yield f"{origin}/v1", asked


def sent_and_again(probe: Probe, **variables: str) -> tuple[Exchange, dict[str, str], dict[str, str]]:
    """The exchange of a probe, the headers that it was sent with, and those that its curl line sends."""
    with keeping_a_session() as (base_url, asked), Target(base_url, KEY, present, retries=0) as target:
        target.send(Probe("known_ids", "read", "/batches/a", "a", "known"), 0)
        exchange = target.send(probe, 1)[-1]
        environment = {**os.environ, "BATCH_API_KEY": KEY, **variables}
        subprocess.run(["bash", "-c", curl_line(exchange)], env=environment, capture_output=True, check=True)
        _, first, again = asked
    return exchange, first, again


@pytest.mark.parametrize("kind", [kind for kind in KINDS if KINDS[kind].needs_key])
def test_the_shell_presents_the_credential_in_the_form_in_which_it_was_sent(kind: str) -> None:
    probe = Probe("authentication", kind, "/batches/a", "a", "known", credential=kind)
    exchange, first, again = sent_and_again(probe)
    assert KEY not in repr(exchange)
    assert KEY not in curl_line(exchange)
    ours = {"host", "user-agent", "accept-encoding", "connection"}
    sent, repeated = ({name: one[name] for name in one if name not in ours} for one in (first, again))
    assert sent.keys() == repeated.keys()
    if kind not in ALIKE:
        assert sent == repeated
        return
    assert repeated["authorization"].startswith("Bearer ")
    assert KEY not in repeated["authorization"]
    assert len(repeated["authorization"]) == len(sent["authorization"])


def test_the_name_of_a_client_that_was_refused_is_sent_again() -> None:
    probe = Probe("odd_requests", "agent", "/batches/a", "a", "known", headers=(("User-Agent", "okhttp/4.12.0"),))
    _, first, again = sent_and_again(probe)
    assert first["user-agent"] == again["user-agent"] == "okhttp/4.12.0"


def test_a_cookie_that_the_server_set_has_a_variable_of_its_own() -> None:
    probe = Probe(
        "odd_requests", "cookie", "/batches/a", "a", "known",
        headers=(("Cookie", SESSION_COOKIE),), credential="proxy_headers",
    )  # fmt: skip
    exchange, first, again = sent_and_again(probe, SESSION_COOKIE="session=1234567890")
    assert first["cookie"] == again["cookie"] == "session=1234567890"
    assert "BATCH_API_KEY" not in curl_line(exchange)
