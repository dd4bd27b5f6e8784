"""A rule: one kind of deviation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from batch_conformance.findings.finding import Level, Side

LooksAt = Literal["message", "members", "values", "bytes", "run"]
"""The most that decides on whether a rule is broken, each with what comes before it.

message: the request, the status and some headers of the response. members: the names of a body's members, their JSON
types, and the state of the batch. values: what they hold. bytes: how the body was written, or framed. run: other
exchanges.
"""


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of deviation, and all that a person needs to know of it.

    ``id`` is stable (``body.type``). ``level`` and ``side`` are what a deviation has unless the judge knows better.
    ``source`` cites the standard or page behind it. ``breaks`` and ``keeps`` are one short example each. ``looks_at``
    and ``headers`` say what decides on it: names in lower case, beside those that a document declares. A rule that does
    not say so is tried on every exchange.
    """

    id: str
    title: str
    level: Level
    side: Side
    why: str
    remedy: str
    source: str
    breaks: str
    keeps: str
    looks_at: LooksAt | None = None
    headers: tuple[str, ...] = ()
