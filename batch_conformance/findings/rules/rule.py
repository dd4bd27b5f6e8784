"""A rule: one kind of deviation."""

from __future__ import annotations

from dataclasses import dataclass

from batch_conformance.findings.finding import Level, Side


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of deviation, and all that a person needs to know of it.

    ``id`` is stable (``body.type``). ``level`` and ``side`` are what a deviation has unless the judge knows better.
    ``source`` cites the standard or page behind it. ``breaks`` and ``keeps`` are one short example each.
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
