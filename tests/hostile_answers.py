"""More bad behaviours, told by what they answer: bodies that are bombs, and answers that change from read to read.

They serve a kept-alive connection for as long as the client asks, unlike most of ``hostile``.
"""

from __future__ import annotations

import base64
import json
import socket
import zlib
from collections.abc import Callable
from urllib.parse import urlsplit

import hostile

BATCH = {
    "id": "batch_rdyqgrcgjg",
    "object": "batch",
    "endpoint": "/v1/chat/completions",
    "input_file_id": "file-jkvytbjtow",
    "completion_window": "24h",
    "status": "in_progress",
    "created_at": 1741685413,
    "in_progress_at": 1741685420,
    "expires_at": 1741771813,
    "request_counts": {},
    "metadata": {"description": "nightly eval job"},
}
ANSWERS: dict[str, hostile.Behaviour] = {}
_BROTLI = (
    "eNo7//9/PYMKw6ONDkXv///8/5+/gcVBRqzh3V/7////M05g6DjMdGHv/+f//9szCDEURjDs+v7/z///7A5MCnzcDt//zQeqYvBgOJLI+OLe/8///8sz"
    "cDZY6DDc/V3/7/9/ZgVGgXbWBdX/z0Mt2cBQMmrJqCWjloxaMmrJqCWjloxaMmrJqCWjloxagssSewCzgboZ"
)


def message(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def path_of(head: bytes) -> str:
    return head.split(b" ", 2)[1].decode("latin-1")


def each(answer: Callable[[int, bytes], bytes]) -> hostile.Behaviour:
    """Answers every request of a connection with ``answer(count of requests so far, head)``; HEAD without a body."""

    def behave(server: hostile.HostileServer, sock: socket.socket, head: bytes) -> None:
        while head:
            data = answer(server.requests, head)
            sock.sendall(data.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" if head.startswith(b"HEAD ") else data)
            head = server.read_head(sock)

    return behave


def _answers(function: Callable[[int, bytes], bytes]) -> Callable[[int, bytes], bytes]:
    ANSWERS[function.__name__] = each(function)
    return function


@_answers
def nested_100000_deep(count: int, head: bytes) -> bytes:
    return message(b'{"metadata":' + b"[" * 100_000 + b"]" * 100_000 + b"}")


@_answers
def number_of_a_megabyte(count: int, head: bytes) -> bytes:
    return message(b'{"created_at":' + b"7" * 1_000_000 + b"}")


@_answers
def exponent_beyond_floats(count: int, head: bytes) -> bytes:
    return message(b'{"created_at":1e999999,"expires_at":-1e999999,"in_progress_at":1e-999999}')


@_answers
def megabyte_of_small_values(count: int, head: bytes) -> bytes:
    return message(b'{"errors":[' + b"[]," * 340_000 + b"0]}")


_MANY_KEYS = b"{" + b",".join(b'"k%d":0' % number for number in range(80_000)) + b"}"


@_answers
def megabyte_of_keys(count: int, head: bytes) -> bytes:
    return message(_MANY_KEYS)


@_answers
def megabyte_in_one_key(count: int, head: bytes) -> bytes:
    return message(b'{"' + b"k" * 1_000_000 + b'":1}')


@_answers
def lone_surrogates(count: int, head: bytes) -> bytes:
    return message(b'{"id":"\\ud83d","\\udc00":1,"metadata":{"\\ud800\\ud800":"\\udfff"},"status":"\\ud800in_queue"}')


@_answers
def invalid_utf8(count: int, head: bytes) -> bytes:
    return message(b'{"id":"\xff\xfe","\xc0\x80":"\xed\xa0\x80"}')


@_answers
def markup_everywhere(count: int, head: bytes) -> bytes:
    evil = "</script><script>alert(1)</script>&\x1b[31m]]>${jndi:x}{{7*7}}%s%n\u202e"
    body = json.dumps({evil: evil, "id": evil, "status": evil, "metadata": {evil: evil}}).encode()
    return message(body, "X-Evil: <img src=x onerror=alert(1)>\x1b]0;owned\x07", status="200 <b>\x1b[2J")


@_answers
def gzip_bomb_of_4_gigabytes(count: int, head: bytes) -> bytes:
    return message(hostile.bomb(4096), "Content-Encoding: gzip")


@_answers
def gzip_bomb_in_two_layers(count: int, head: bytes) -> bytes:
    return message(hostile.bomb_in_gzip(4096), "Content-Encoding: gzip, gzip")


@_answers
def brotli_bomb(count: int, head: bytes) -> bytes:
    """4 GiB of zeros, as the brotli library packs them into 3 KB; that is packed once more here."""
    return message(zlib.decompress(base64.b64decode(_BROTLI)), "Content-Encoding: br")


@_answers
def status_changes_between_reads(count: int, head: bytes) -> bytes:
    state = ("in_progress", "completed", "in_queue", "failed")[count % 4]
    return message(json.dumps(BATCH | {"status": state}).encode())


@_answers
def fields_change_type_between_reads(count: int, head: bytes) -> bytes:
    return message(json.dumps(BATCH | {"created_at": (1741685413, "1741685413", None, [1])[count % 4]}).encode())


@_answers
def http2_preface(count: int, head: bytes) -> bytes:
    return b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"


@_answers
def unknown_status_999(count: int, head: bytes) -> bytes:
    return message(b"{}", status="999 Request Denied")


@_answers
def redirect_to_itself_with_another_scheme(count: int, head: bytes) -> bytes:
    return message(b"", f"Location: https://localhost{path_of(head)}", status="307 Temporary Redirect")


@_answers
def rate_limited_for_a_day(count: int, head: bytes) -> bytes:
    return message(b'"slow down"', "Retry-After: 86400", status="429 Too Many Requests")


@_answers
def rate_limited_for_a_second(count: int, head: bytes) -> bytes:
    return message(b'"slow down"', "Retry-After: 1", status="429 Too Many Requests")


@_answers
def overloaded(count: int, head: bytes) -> bytes:
    return message(b'{"code":50505,"message":"Model service overloaded.","data":""}', status="503 Unavailable")


def redirect_to(origin: str) -> hostile.Behaviour:
    """Sends everybody to another origin."""
    return each(lambda _, head: message(b"", f"Location: {origin}{path_of(head)}", status="302 Found"))


def ask(base_url: str) -> bytes:
    """What one plain GET of the known batch is answered, as bytes."""
    parts = urlsplit(base_url)
    request = f"GET {parts.path}/batches/{BATCH['id']} HTTP/1.1\r\nHost: {parts.netloc}\r\nConnection: close\r\n\r\n"
    with socket.create_connection((parts.hostname, parts.port), timeout=10) as sock:
        sock.sendall(request.encode("ascii"))
        return sock.recv(65536)
