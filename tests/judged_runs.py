"""Runs against servers that answer in all the ways that servers do, drawn by a seed, and all that is said of them.

A server has a way of its own with known ids, unknown ones, odd ones, credentials and HEAD, and now and then another.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from hashlib import sha256
from random import Random
from typing import Any

from judge_support import ACCEPT_JSON, CHALLENGE, COMPLETED, JSON, KNOWN, OTHER, QUEUED, UNKNOWN, sent

from batch_conformance.exchange.exchange import ODD_REQUESTS, Exchange, Failure
from batch_conformance.findings.ledger import Ledger
from batch_conformance.message import shown
from batch_conformance.message_json import as_json

RUNNING = {
    **QUEUED,
    "status": "in_progress",
    "in_progress_at": 1741685420,
    "request_counts": {"total": 100, "completed": 5, "failed": 5},
}
HTML = b"<html><body>Bad Gateway at 10.0.0.7:8080</body></html>"
ERROR = {"code": 20015, "message": "no such batch", "data": None}
TWICE = json.dumps(QUEUED).replace('"object": "batch"', '"object": "x", "object": "batch"').encode()
IN_TRACE = {"error": "Traceback (most recent call last)"}
INJECTED = "x\r\nX-Injected: yes"

Answer = Callable[[str, Random], dict[str, Any]]


def _batch(**changes: Any) -> Answer:
    def answer(batch_id: str, draw: Random) -> dict[str, Any]:
        body = {**draw.choice((QUEUED, RUNNING, COMPLETED)), "id": batch_id, **changes}
        return {"body": body, "headers": (("ETag", draw.choice(('"one"', '"two"', 'W/"x"'))),)}

    return answer


def _said(body: Any, status: int, *headers: tuple[str, str], media_type: str | None = JSON, **more: Any) -> Answer:
    return lambda _batch_id, _draw: {
        "body": body, "status": status, "headers": headers, "media_type": media_type, **more
    }  # fmt: skip


def _failed(kind: str) -> Answer:
    failure = Failure(kind, shown(kind))  # type: ignore[arg-type]
    return lambda _batch_id, _draw: {"answered": False, "failure": failure}


ANSWERS: dict[str, Answer] = {
    "batch": _batch(),
    "odd batch": _batch(created_at="today", status="IN_QUEUE", new=1),
    "other batch": _batch(id=OTHER),
    "key twice": _said(TWICE, 200),
    "not found": _said("404 page not found", 404),
    "no such page": _said(HTML, 404, media_type="text/html"),
    "error 404": _said(ERROR, 404),
    "error 400": _said(ERROR, 400),
    "forbidden": _said("No", 403),
    "refused": _said("Invalid token", 401, CHALLENGE),
    "refused in words": _said(HTML, 401, media_type="text/html"),
    "nothing": _said(b"", 200, media_type=None),
    "no content": _said(b"", 204, media_type=None),
    "text": _said(b"welcome", 200, media_type="text/plain"),
    "another object": _said({"ok": True, "path": "/"}, 200),
    "refused with 200": _said({"error": {"message": "no"}}, 200),
    "wrapped": _said({"data": QUEUED}, 200),
    "list": _said({"object": "list", "data": [QUEUED]}, 200),
    "moved": _said(b"", 301, ("Location", "/v1/batches/x"), media_type=None),
    "error 500": _said({"code": 50000, "message": "internal", "data": None}, 500),
    "trace 500": _said(IN_TRACE, 500),
    "busy": _said(HTML, 503, ("Retry-After", "soon"), media_type="text/html"),
    "gateway": _said(HTML, 502, media_type="text/html"),
    "own 503": _said({"code": 50508, "message": "busy", "data": None}, 503),
    "limited": _said(HTML, 429, media_type="text/html"),
    "own 429": _said({"message": "slow down", "data": None}, 429, ("Retry-After", "1")),
    "no method": _said(b"", 405, ("Allow", "GET"), media_type=None),
    "unimplemented": _said(b"", 501, media_type=None),
    "injected": _said("404 page not found", 404, ("X-Injected", "yes")),
    "cut": _said(b'{"id": "ba', 200, ("Content-Length", "500"), truncated=True),
    "reset": _failed("reset"),
    "silent": _failed("timeout"),
    "gone": _failed("refused"),
}
_GOOD = ("batch", "batch", "batch", "odd batch", "another object", "wrapped", "error 500", "not found", "key twice")
_UNKNOWN = (
    "not found",
    "not found",
    "error 404",
    "batch",
    "refused with 200",
    "another object",
    "nothing",
    "error 400",
)
_DOOR = ("refused", "refused", "refused in words", "batch", "not found", "another object", "error 500", "forbidden")
_ODD = ("not found", "no such page", "batch", "error 400", "text", "nothing", "injected", "another object", "busy")
_HEADS = ("same", "nothing", "no method", "unimplemented", "not found")
_PARTS = ("known", "unknown", "door", "near", "odd", "equivalent", "outside", "post", "agent", "asked for")
_BUSY = ("busy", "gateway", "limited", "own 503", "own 429", "reset", "silent", "gone", "cut", "error 500", "trace 500")
WHOLE_SERVERS: Sequence[dict[str, str]] = (
    dict.fromkeys(_PARTS, "error 500") | {"door": "refused", "post": "error 500"},
    dict.fromkeys(_PARTS, "trace 500") | {"door": "refused", "known": "error 500"},
    dict.fromkeys(_PARTS, "forbidden") | {"door": "refused"},
    {"known": "forbidden", "unknown": "forbidden", "door": "forbidden"},
    dict.fromkeys(_PARTS, "not found"),
    dict.fromkeys(_PARTS, "batch"),
    {"known": "batch", "unknown": "refused with 200", "door": "refused with 200"},
    {"known": "another object", "unknown": "not found", "door": "another object"},
)
"""Servers that have one way with nearly everything."""


def _requests() -> Iterator[tuple[str, dict[str, Any]]]:
    """What is asked, each with the part of the server that answers it."""
    yield "known", {"name": "read"}
    yield "known", {"name": "read", "batch_id": OTHER}
    yield "head known", {"name": "head_known", "method": "HEAD"}
    yield "unknown", {"name": "unknown", "subject": "unknown", "batch_id": UNKNOWN}
    yield "unknown", {"name": "unknown_again", "subject": "unknown", "batch_id": f"{UNKNOWN}2"}
    yield "head unknown", {"name": "head_unknown", "subject": "unknown", "batch_id": UNKNOWN, "method": "HEAD"}
    for credential in ("missing", "wrong", "nearly_cut", "wrong_scheme", "elsewhere_query", "lower_case_scheme"):
        part = "known" if credential == "lower_case_scheme" else "door"
        yield part, {"name": f"{credential}_known", "credential": credential, "chapter": "authentication"}
    for credential in ("missing", "wrong"):
        asked = {"subject": "unknown", "batch_id": UNKNOWN, "chapter": "authentication"}
        yield "door unknown", {"name": f"{credential}_unknown", "credential": credential, **asked}
    yield "head door", {"name": "head_missing", "credential": "missing", "method": "HEAD", "chapter": "authentication"}
    yield "known", {"name": "in_query", "credential": "also_in_query", "chapter": "authentication"}
    for near in (f"{KNOWN}x", f"{KNOWN}.", f"{KNOWN}?", KNOWN[:-1]):
        yield "near", {"name": "near", "subject": "neighbour", "batch_id": near}
    for hostile in ("'; --", f"a/../{KNOWN}", INJECTED):
        yield "odd", {"name": "hostile", "subject": "hostile", "batch_id": hostile}
    yield "equivalent", {"name": "spelled", "subject": "equivalent"}
    yield "outside", {"name": "list", "subject": "outside", "batch_id": None, "path": "/batches"}
    yield "post", {"name": "post", "method": "POST"}
    yield "asked for", {"name": "forced", "forced": 503, "asked": (*ACCEPT_JSON, ("Prefer", "code=503"))}
    yield "unknown", {"name": "forced", "forced": 404, "asked": (*ACCEPT_JSON, ("Prefer", "code=404"))}
    yield "door", {"name": "joined", "credential": "joined", "chapter": ODD_REQUESTS}
    for agent in ("curl/8", "curl/8"):
        asked_as = (*ACCEPT_JSON, ("User-Agent", agent))
        yield "agent", {"name": f"agent_{agent}", "chapter": ODD_REQUESTS, "asked": asked_as}
    yield "known", {"name": "read_again"}
    yield "known", {"name": "read_again", "batch_id": OTHER}
    yield "known", {"name": "read_last"}


def drawn(seed: int) -> list[Exchange]:
    """A run against the server of this seed: every request twice where it fails, in the order of time."""
    draw = Random(f"server {seed}")
    server = {
        "known": draw.choice(_GOOD),
        "unknown": draw.choice(_UNKNOWN),
        "door": draw.choice(_DOOR),
        "near": draw.choice(_ODD),
        "odd": draw.choice(_ODD),
        "equivalent": draw.choice(("batch", "nothing", "moved", *_ODD)),
        "outside": draw.choice(("not found", "list", "batch", "no such page")),
        "post": draw.choice(("no method", "not found", "batch", "unimplemented")),
        "agent": draw.choice(("batch", "forbidden")),
    }
    server["asked for"] = draw.choice((server["known"], "own 503", "busy"))
    whole = WHOLE_SERVERS[seed % 16] if seed % 16 < len(WHOLE_SERVERS) else {}
    server |= whole
    heads = "same" if whole else draw.choice(_HEADS)
    server["door unknown"] = draw.choice((server["door"], server["unknown"]))
    for part, of in (("head known", "known"), ("head unknown", "unknown"), ("head door", "door")):
        server[part] = server[of] if heads == "same" else heads
    at_times = 0.0 if whole else draw.choice((0.0, 0.1, 0.3))
    out = None if whole else draw.choice((None, None, "busy", "gone", "reset", "error 500"))

    made: list[Exchange] = []
    for number, (part, asked) in enumerate(_requests()):
        down = out is not None and draw.choice((8, 20)) < number < draw.choice((14, 60))
        how = out if down and out else draw.choice(_BUSY) if draw.random() < at_times else server[part]
        made += _exchanges((how, how if whole else "batch"), asked, number, float(len(made)), draw)
    return made


def _exchanges(
    hows: tuple[str, str], asked: dict[str, Any], number: int, begun: float, draw: Random
) -> Iterator[Exchange]:
    """The attempts of one request: what passes is tried again, with the same answer or with what ``heals``."""
    how, heals = hows
    for attempt in range(2):
        batch_id = asked.get("batch_id", KNOWN)
        answer = ANSWERS[how](batch_id or KNOWN, draw)
        passes = attempt == 0 and how in _BUSY
        body = b"" if asked.get("method") == "HEAD" else answer.pop("body", b"")
        answer.pop("body", None)
        final = {"final": not passes, "attempt": attempt, "number": number}
        one = sent(body, **{**answer, **asked, **final})
        yield replace(one, started_at=begun + attempt, elapsed=0.25)
        if not passes:
            return
        how = draw.choice((how, how, heals))


def summary(ledger: Ledger) -> dict[str, Any]:
    """All that a ledger says, without the English of its texts."""
    return {
        "findings": [
            " ".join(
                str(part)
                for part in (
                    *(one.level, one.side, one.rule, one.status or "-", one.pointer or "-", repr(one.kind)),
                    *(one.occurrences, one.evidence.order, ",".join(one.probes)),
                    *(words(one.observed), [part.pointer for part in one.parts]),
                )
            )
            for one in ledger.findings
        ],
        "broken": [f"{one.clause.id} {one.judged} {one.broken}" for one in ledger.clauses if one.state == "broken"],
        "states": counted(one.state for one in ledger.clauses),
        "clauses": digest(f"{one.clause.id} {one.state} {one.judged}" for one in ledger.clauses),
        "fields": digest(f"{one.pointer} {one.types} {one.absent} {one.declared}" for one in ledger.fields),
        "statuses": [f"{one.status} {one.documented} {dict(one.media_types)}" for one in ledger.statuses if one.count],
        "shown": " ".join(f"{one.number}.{one.attempt}" for one in ledger.exchanges),
        "missing": [words(one) for one in ledger.missing],
        "unjudged": sorted(ledger.unjudged),
        "cause": words(ledger.cause) if ledger.cause else None,
    }


def words(message: Any) -> str:
    """The id of a message and its arguments."""
    return json.dumps(_pinned(as_json(message)), ensure_ascii=True)


def _pinned(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {name: _pinned(inner) for name, inner in value.items() if name != "text" or "id" not in value}
        return kept["id"] if kept.get("arguments") == {} else kept
    return [_pinned(inner) for inner in value] if isinstance(value, list) else value


def counted(found: Iterator[str]) -> dict[str, int]:
    return dict(sorted(Counter(found).items()))


def digest(found: Iterator[str]) -> str:
    """What tells these lines, in any order, from others: there are too many to write them down."""
    return sha256("\n".join(sorted(found)).encode()).hexdigest()[:12]
