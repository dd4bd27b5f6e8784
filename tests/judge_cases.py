"""What the tables of cases are made of: runs that break a rule, and near misses that keep it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from judge_support import (
    COMPLETED,
    OPENAI,
    OPENAI_HEADERS,
    QUEUED,
    sent,
    unknown,
)

from batch_conformance.contract.contract import Contract
from batch_conformance.exchange.exchange import Exchange, Failure
from batch_conformance.message import shown

Sent = tuple[Exchange, ...]
"""Exchanges of one run, in the order sent."""


@dataclass(frozen=True)
class Case:
    """``breaks`` are runs that show the rule once each, ``keeps`` runs that come close and do not show it."""

    breaks: tuple[Sent, ...]
    keeps: tuple[Sent, ...]
    under: Contract | None = None
    alone: bool = True
    """Whether breaking it shows no other rule of level must or should."""


def batch(changes: Mapping[str, Any] | None = None, **more: Any) -> Exchange:
    return sent({**QUEUED, **(changes or {})}, **more)


def completed(changes: Mapping[str, Any] | None = None, **more: Any) -> Exchange:
    return sent({**COMPLETED, **(changes or {})}, **more)


def without(name: str, body: Mapping[str, Any] = QUEUED, **more: Any) -> Exchange:
    return sent({key: value for key, value in body.items() if key != name}, **more)


def openai(changes: Mapping[str, Any] | None = None, **more: Any) -> Exchange:
    return sent({**OPENAI, **(changes or {})}, **{"headers": OPENAI_HEADERS, **more})


def text(body: bytes, **more: Any) -> Exchange:
    return unknown(body, **{"media_type": "text/plain", **more})


def failed(kind: str, **more: Any) -> Exchange:
    return sent(b"", answered=False, failure=Failure(kind, shown(f"it ended in {kind}")), **more)  # type: ignore[arg-type]


def raw(body: bytes, **more: Any) -> Exchange:
    return sent(body, **more)


GOOD = batch()
HTML = b"<!doctype html><html><body><h1>Not Found</h1></body></html>"
HOSTILE: dict[str, Any] = {"subject": "hostile", "batch_id": "' OR 1=1 --"}
BROKEN_TWICE = tuple(unknown("oops", 500, name="same", number=n) for n in (1, 2))
SILENT_TWICE = tuple(
    failed("timeout", subject="unknown", batch_id="x", name="same", number=n, attempt=a, final=bool(a))
    for n, a in ((1, 0), (1, 1))
)


def drops(count: int, of: int) -> Sent:
    broken = [failed("reset", number=n, final=False) for n in range(count)]
    return (*broken, *(replace(GOOD, number=n, attempt=1) for n in range(of - count)))
