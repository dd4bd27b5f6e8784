"""Canaries: the key, and what else is secret, in no output of any kind, whatever the server does with it."""

from __future__ import annotations

import base64
import gzip
import json
import os
import socket
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import canary
import hostile
import hostile_answers
import pytest
from exchange_lines import exchange_to_dict
from fork_server import run_module
from hypothesis import given, settings
from hypothesis import strategies as st
from suite_support import OURS, PLUGINS, WITHOUT_PLUGINS
from test_survival_endings import Run, crashing, wait_for

from batch_conformance.exchange.exchange import Probe
from batch_conformance.exchange.target import Presentation, Target
from batch_conformance.mock.process import EmbeddedMock

KEY = "sk-Zw8Canary/Qz7vLw3x+N9tRk2mYp5bHc8dJf4gAs6"
COOKIE = "Cookie-Canary-mB4xKq7RtZ2wLp9s"
SIGNATURE = "SignatureCanaryVf6Hj3Ks8Dq1Wn5"
PASSWORD = "ProxyCanaryXt5Bn8Gm2Lr7Pc4"
CUSTOM = "CustomCanaryJq6Fw2Zt9Kd4Rb8"
OTHERS = "ServersOwnCanaryHm3Yx7Gv5Ls1Np"
LOUD = ("-vv", "--showlocals", "--tb=long", "-o", "log_cli=true", "-o", "log_cli_level=DEBUG", "-rA")


def batch(**changes: object) -> bytes:
    return json.dumps(hostile_answers.BATCH | changes).encode()


def chunked(*pieces: bytes) -> bytes:
    body = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n" + body


def _percent(key: str) -> str:
    return "".join(f"%{ord(c):02X}" for c in key)


def _escapes(key: str) -> bytes:
    return "".join(f"\\u{ord(c):04x}" for c in key).encode()


def _split(key: str) -> bytes:
    body = batch(status=key)
    middle = body.index(key.encode()) + len(key) // 2
    return chunked(body[:middle], body[middle:])


message = hostile_answers.message
REFLECTIONS: dict[str, Callable[[str], bytes]] = {
    "in a value": lambda key: message(batch(status=key)),
    "in the id": lambda key: message(batch(id=key)),
    "as a name": lambda key: message(batch(**{key: 1})),
    "as a name twice": lambda key: message(f'{{"{key}":1,"{key}":2}}'.encode()),
    "in metadata": lambda key: message(batch(metadata={"description": f"Bearer {key}", key: key})),
    "in an error": lambda key: message(json.dumps(f"Invalid token: {key}").encode(), status="401 Unauthorized"),
    "in plain text": lambda key: message(f"no such key {key}".encode(), status="403 Forbidden"),
    "in a header": lambda key: message(batch(), f"X-Seen: Bearer {key}"),
    "in a header's name": lambda key: message(batch(), f"X-{key.replace('/', '.')}: 1"),
    "in a cookie": lambda key: message(batch(), f"Set-Cookie: session={COOKIE}; key={key}"),
    "in a redirect": lambda key: message(b"", f"Location: https://other.example/?k={key}", status="302 Found"),
    "in the reason": lambda key: message(batch(), status=f"200 {key}"),
    "in place of the status line": lambda key: f"{key} is not HTTP\r\n\r\n".encode(),
    "in a length": lambda key: message(batch()).replace(b"Content-Length: ", f"Content-Length: {key}".encode()),
    "in a retry": lambda key: message(b'"slow"', f"Retry-After: {key}", status="404 Not Found"),
    "as an encoding": lambda key: message(batch(), f"Content-Encoding: {key}"),
    "as a media type": lambda key: message(batch()).replace(b"application/json", f"text/{key}".encode()),
    "as a charset": lambda key: message(batch()).replace(b"/json", f"/json; charset={key}".encode()),
    "percent-encoded": lambda key: message(batch(endpoint=f"/v1?key={_percent(key)}")),
    "in base64": lambda key: message(batch(errors=[base64.b64encode(f"user:{key}".encode()).decode()])),
    "in JSON escapes": lambda key: message(batch(status="@").replace(b"@", _escapes(key))),
    "in HTML": lambda key: message(f"<p>{''.join(f'&#{ord(c)};' for c in key)}</p>".encode()),
    "backwards": lambda key: message(batch(status=key[::-1])),
    "in upper case": lambda key: message(batch(status=key.upper())),
    "its first half": lambda key: message(batch(status=key[: len(key) // 2])),
    "its second half": lambda key: message(batch(status=key[len(key) // 2 :])),
    "split across chunks": _split,
    "byte by byte": lambda key: chunked(*(bytes((byte,)) for byte in batch(status=key))),
    "compressed": lambda key: message(gzip.compress(batch(status=key)), "Content-Encoding: gzip"),
    "compressed, not said": lambda key: message(gzip.compress(batch(status=key))),
    "after the end": lambda key: message(batch()) + f"HTTP/1.1 200 {key}\r\n\r\n".encode(),
    "before the end": lambda key: message(batch(status=key) + b" " * 900)[:-900],
    "in a signed URL": lambda key: message(
        batch(output_file_id=f"https://files.example/o?X-Amz-Signature={SIGNATURE}&Expires=1&token={key}")
    ),
    "in a trailing text": lambda key: message(batch() + f" {key}".encode()),
    "in an interim answer": lambda key: f"HTTP/1.1 103 Early\r\nLink: <{key}>\r\n\r\n".encode() + message(batch()),
}


def mirror(key: str) -> hostile.Behaviour:
    """Sends the key back in another way each time: first as it should be, so that the run goes on."""
    ways = list(REFLECTIONS.values())

    def answer(count: int, head: bytes) -> bytes:
        return message(batch()) if count <= 2 or count % 3 == 0 else ways[count // 3 % len(ways)](key)

    def behave(server: hostile.HostileServer, sock: socket.socket, head: bytes) -> None:
        while head:
            data = answer(server.requests, head)
            sock.sendall(data)
            if not data.startswith(b"HTTP/1.1 200 OK\r\n"):
                return
            head = server.read_head(sock)

    return behave


@dataclass(frozen=True)
class Ended:
    """A run that has ended: its exit code, and all that it printed."""

    code: int
    printed: str


def run_in(folder: Path, base_url: str, *arguments: str, env: dict[str, str] | None = None) -> Ended:
    """Run the suite in an empty folder that also takes temporary files and caches: all that it leaves is in there."""
    (folder / "tmp").mkdir(parents=True, exist_ok=True)
    environment = {name: value for name, value in os.environ.items() if name not in OURS}
    environment |= {
        "BATCH_API_KEY": KEY,
        "BATCH_IDS": str(hostile_answers.BATCH["id"]),
        "TMPDIR": str(folder / "tmp"),
        "HOME": str(folder),
        "XDG_CACHE_HOME": str(folder / "cache"),
    }
    options = ("run", "-p", "no:randomly", "--base-url", base_url, "--request-timeout=2", *arguments)
    environment |= WITHOUT_PLUGINS | (env or {})
    forked = run_module("batch_conformance", *options, *PLUGINS, environment=environment, cwd=folder, timeout=180)
    done = Ended(forked.returncode, forked.stdout + forked.stderr)
    (folder / "printed.out").write_text(done.printed, "utf-8")
    return done


SECRETS = (KEY, COOKIE, SIGNATURE, PASSWORD, CUSTOM, OTHERS)


def secrets_left(folder: Path) -> list[str]:
    return canary.leaks_in(SECRETS, folder)


def test_the_canary_is_found_in_what_the_mirror_sends():
    """Were the detector blind, the tests below would prove nothing."""
    hidden = {"split across chunks", "byte by byte", "compressed", "compressed, not said"}
    assert {way for way, answer in REFLECTIONS.items() if not canary.leaks(KEY, answer(KEY))} <= hidden
    assert canary.leaks(KEY, gzip.compress(batch(status=KEY)))
    assert canary.leaks(KEY, b"nothing of it: " + KEY[:8].encode()) == []


@pytest.mark.survival
@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "with workers"])
def test_a_server_that_sends_the_key_back_puts_it_into_no_output(tmp_path, workers):
    with hostile.serve(mirror(KEY)) as server:
        done = run_in(tmp_path, server.base_url, *LOUD, f"--junitxml={tmp_path / 'own.xml'}", *workers)
    assert done.code == 1, done.printed[-2000:]
    assert secrets_left(tmp_path) == []
    drift = json.loads((tmp_path / "reports" / "drift.json").read_text(encoding="utf-8"))
    assert "security.key_reflected" in {finding["rule"] for finding in drift["findings"]}


def test_the_secrets_in_headers_of_other_names_are_shown_nowhere(tmp_path):
    profile = {
        "profile": 1,
        "title": "A gateway",
        "address": {"example": "http://x", "headers": {"X-Gateway-Token": CUSTOM}, "source": "made up for a test"},
        "credential": {"style": "header", "header": "X-Custom", "source": "made up for a test"},
        "contract": {"name": "siliconflow", "source": "made up for a test"},
    }
    theirs = tmp_path / "given" / "gateway.json"
    theirs.parent.mkdir()
    theirs.write_text(json.dumps(profile), encoding="utf-8")
    given: list[bytes] = []

    def answer(count: int, head: bytes) -> bytes:
        given.append(head)
        own = (f"X-Custom: {OTHERS}", f"Api-Key: {OTHERS}", f"X-Session: {OTHERS}", f"X-Seen: {CUSTOM}")
        url = f"https://files.example/o?key={SIGNATURE}&client_secret={SIGNATURE}"
        return message(batch(status=CUSTOM, metadata={"k": KEY}, output_file_id=url), *own)

    with hostile.serve(hostile_answers.each(answer)) as server:
        done = run_in(tmp_path, server.base_url, *LOUD, f"--vendor={theirs}", "--exploration=quick")
    assert done.code == 1, done.printed[-2000:]
    assert any(b"X-Custom: " + KEY.encode() in head and CUSTOM.encode() in head for head in given)
    theirs.unlink()
    assert secrets_left(tmp_path) == []


def test_every_curl_line_of_a_run_is_one_command_with_nothing_beside_it(tmp_path):
    evil = "'; touch owned; '\n`touch owned`$(touch owned)\n"

    def answer(count: int, head: bytes) -> bytes:
        # What is odd about one id alone is a finding of its own, with a line of its own.
        more = {"created_at": evil} if b"second" in head else {"expires_at": evil} if b"third" in head else {}
        return message(batch(id=evil, status=evil, metadata={evil: evil}, **more), f"X-Evil: {evil.splitlines()[0]}")

    with hostile.serve(hostile_answers.each(answer)) as server:
        run_in(tmp_path, server.base_url, *(f"--batch-id={evil}{more}" for more in ("", "second", "third")))
    told = json.loads((tmp_path / "reports" / "drift.json").read_text(encoding="utf-8"))
    lines = {finding["evidence"]["curl"] for finding in told["findings"]}
    assert len(lines) >= 5
    stub = 'curl() { printf "%s\\n" ran; }\n'
    done = subprocess.run(
        ["sh", "-c", stub + "\n".join(lines)],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == (b"ran\n" * len(lines), b"")
    assert not list(tmp_path.rglob("owned"))


CRASHES = {
    "where answers are cleaned": "batch_conformance.exchange.redaction.Redactor.redact_response",
    "where answers are recorded": "batch_conformance.exchange.transport._Reading._record",
    "where requests are made": "batch_conformance.exchange.target.Target._compose",
    "where a request is sent": "batch_conformance.exchange.connection.Connection.send",
    "in a rule": "batch_conformance.judge.judge.judge_security",
    "in the runner": "batch_conformance.run.live.runner.Runner._keep",
}


@pytest.mark.parametrize("place", CRASHES)
def test_a_crash_with_all_local_variables_shown_shows_no_key(tmp_path, place):
    with hostile.serve(hostile_answers.each(lambda _count, _head: REFLECTIONS["in a value"](KEY))) as server:
        plugin = tmp_path / "plugin"
        plugin.mkdir()
        env = crashing(plugin, CRASHES[place])
        arguments = ("-p", "crashing", "--full-trace", "--exploration=quick")
        done = run_in(tmp_path, server.base_url, *LOUD, *arguments, env=env)
    assert done.code == 3, done.printed[-3000:]
    assert secrets_left(tmp_path) == []
    assert [path.name for path in (tmp_path / "reports").glob("*") if path.stat().st_size > 2 << 20] == []


def test_the_processes_of_a_run_show_no_key(tmp_path):
    seen: list[str] = []
    run = Run(tmp_path, "-n", "2", env={"BATCH_API_KEY": KEY})

    def look() -> bool:
        listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
        seen.append(listed)
        return "mock.child" in listed and bool(run.children("exec(eval"))

    wait_for(look)
    look()
    assert run.end().code == 0
    assert not any(canary.leaks(KEY, listed.encode()) for listed in seen)


def test_the_key_of_the_embedded_mock_is_on_no_command_line_and_in_no_environment():
    with EmbeddedMock(key=KEY) as mock:
        for name in ("cmdline", "environ"):
            assert canary.leaks(KEY, Path(f"/proc/{mock.pid}/{name}").read_bytes()) == []


def test_a_key_that_was_typed_where_it_does_not_belong_is_not_repeated(tmp_path):
    with hostile.serve("good") as server:
        run_in(tmp_path, server.base_url, f"--batch-id={KEY}", "--exploration=quick", "-vv")
        assert secrets_left(tmp_path) == []
        run_in(tmp_path, server.base_url.replace("http://", f"http://me:{KEY}@"), "-vv")
        assert secrets_left(tmp_path) == []


@pytest.mark.parametrize("reflects", [False, True])
def test_the_password_of_a_proxy_is_shown_nowhere(tmp_path, reflects):
    def proxy(server: hostile.HostileServer, sock: socket.socket, head: bytes) -> None:
        given = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"proxy-authorization"))
        page = b"<h1>407</h1>" + (given + b" is " + base64.b64decode(given.split()[-1]) if reflects else b"")
        sock.sendall(message(page, status="407 Proxy Authentication Required"))

    with hostile.serve(proxy) as server:
        env = {"HTTP_PROXY": f"http://me:{PASSWORD}@127.0.0.1:{server.port}", "NO_PROXY": ""}
        done = run_in(tmp_path, "http://batches.invalid/v1", "--rate-limit=1000/s", *LOUD, env=env)
        assert server.requests > 0
    assert done.code in (1, 6), done.printed[-2000:]
    assert secrets_left(tmp_path) == []


TOKENS = st.text("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~+/", min_size=24, max_size=64)


@pytest.mark.parametrize("way", sorted(REFLECTIONS))
@settings(max_examples=15, deadline=None)
@given(key=TOKENS)
def test_no_exchange_keeps_a_reflected_key(way, key):
    def bearer(kind: str, given: str) -> Presentation:
        return Presentation((("Authorization", f"Bearer {given}"),))

    probe = Probe("known_ids", "read", "/batches/batch_a", "batch_a", "known")
    with (
        hostile.serve(hostile.raw(REFLECTIONS[way](key))) as server,
        Target(server.base_url, key, bearer, timeout=5, retries=0, environ={}) as target,
    ):
        exchange = target.send(probe, 0)[-1]
    kept = json.dumps(exchange_to_dict(exchange)).encode()
    assert canary.leaks(key, kept) == []
    assert canary.leaks(key, repr(exchange).encode()) == []
