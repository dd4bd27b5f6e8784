"""Rules about the answers to odd requests: runs that break each of them, and near misses that keep it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from judge_cases import GOOD, Case, batch
from judge_support import ACCEPT_JSON, CHALLENGE, sent

from batch_conformance.exchange.exchange import ODD_REQUESTS, Exchange

ORIGIN = "https://origin-of-nobody.example"
_WITH_CREDENTIALS = ("Access-Control-Allow-Credentials", "true")


def odd(body: Any = b"", status: int = 403, *asked: tuple[str, str], **more: Any) -> Exchange:
    """The answer to an odd request."""
    return sent(body, status, chapter=ODD_REQUESTS, asked=(*ACCEPT_JSON, *asked), **more)


def part(*headers: tuple[str, str], body: bytes = b'{"id": "ba', **more: Any) -> Exchange:
    return odd(body, 206, ("Range", "bytes=0-9"), headers=headers, **more)


def as_client(agent: str, body: Any = b"Blocked", status: int = 403, **more: Any) -> Exchange:
    return odd(body, status, ("User-Agent", agent), name=f"agent_{agent}", media_type="text/html", **more)


def from_origin(*headers: tuple[str, str]) -> Exchange:
    return batch(chapter=ODD_REQUESTS, asked=(*ACCEPT_JSON, ("Origin", ORIGIN)), headers=headers)


CASES: Mapping[str, Case] = {
    "response.partial": Case(
        breaks=(
            (GOOD, part()),
            (GOOD, part(("Content-Range", "bytes 0-99/282"))),
            (GOOD, part(("Content-Range", "bytes 0-9/5"))),
            (GOOD, part(("Content-Range", "bytes=ten"))),
        ),
        keeps=(
            (GOOD, part(("Content-Range", "bytes 0-9/282"))),
            (GOOD, part(("Content-Range", "bytes 0-9/*"))),
            (GOOD, part(media_type="multipart/byteranges; boundary=b")),
            (GOOD, part(("Content-Range", "bytes 0-99/282"), ("Content-Encoding", "gzip"))),
            (GOOD, odd(b"", 416, ("Range", "bytes=0-9"))),
            (GOOD, batch(chapter=ODD_REQUESTS, asked=(*ACCEPT_JSON, ("Range", "bytes=0-9")))),
        ),
    ),
    "response.client_refused": Case(
        breaks=(
            (GOOD, as_client("curl/8"), as_client("curl/8"), as_client("okhttp/4", b"", 429)),
            (GOOD, as_client("curl/8", status=401, headers=(CHALLENGE,)), GOOD, as_client("curl/8", status=401)),
        ),
        keeps=(
            (GOOD, as_client("curl/8")),
            (as_client("curl/8"), as_client("curl/8")),
            (
                GOOD,
                as_client("curl/8"),
                as_client("curl/8"),
                batch(chapter=ODD_REQUESTS, asked=(("User-Agent", "curl/8"),)),
            ),
            (GOOD, as_client("curl/8", b"", 429), as_client("curl/8", b"", 429)),
        ),
    ),
    "response.origin_reflected": Case(
        breaks=((from_origin(("Access-Control-Allow-Origin", ORIGIN), _WITH_CREDENTIALS),),),
        keeps=(
            (from_origin(("Access-Control-Allow-Origin", ORIGIN)),),
            (from_origin(("Access-Control-Allow-Origin", "*"), _WITH_CREDENTIALS),),
            (batch(headers=(("Access-Control-Allow-Origin", ORIGIN), _WITH_CREDENTIALS)),),
        ),
    ),
}

REFUSALS = tuple(
    (GOOD, odd(b"no", status, credential=kind, media_type="text/plain"))
    for status in (400, 401, 403, 404, 405, 422, 431, 501)
    for kind in ("tab", "quoted", "scheme_longer", "other_path", "proxy_headers", "valid")
)
"""Refusals of odd requests: nothing is to be said of any."""

LET_IN: Mapping[str, tuple[str, str, str]] = {
    "joined": ("auth.scheme_accepted", "joined", "must"),
    "tab": ("auth.scheme_accepted", "white space", "info"),
    "colon": ("auth.scheme_accepted", "separator", "must"),
    "quoted": ("auth.scheme_accepted", "quoted", "must"),
    "scheme_longer": ("auth.scheme_accepted", "other scheme", "must"),
    "percent_encoded": ("auth.scheme_accepted", "encoded", "must"),
    "full_width": ("auth.scheme_accepted", "look-alike", "must"),
    "nearly_preceded": ("auth.wrong_token_accepted", "accepted", "must"),
    "other_path": ("auth.missing_accepted", "other path", "must"),
    "proxy_headers": ("auth.missing_accepted", "proxy headers", "must"),
}
"""What is told of an odd kind that gets the batch: rule, kind and level."""

EXPLAINED: Mapping[str, str] = {
    "joined": "no_scheme",
    "tab": "no_scheme",
    "scheme_longer": "wrong_scheme_token",
    "quoted": "nearly_longer",
    "percent_encoded": "wrong",
    "other_path": "missing",
    "proxy_headers": "proxy_header",
}
"""Kinds that a wider hole lets in as well: the kind that shows that one."""


def let_in(kind: str, **more: Any) -> Exchange:
    return batch(credential=kind, chapter=ODD_REQUESTS, **more)
